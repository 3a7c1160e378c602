// SPDX-License-Identifier: ISC
// Many jobs at once, and a name service that does not answer: neither may hold up anyone else.
#include "tests/unit/egress_support.h"

#include "fcgi/egress/run.h"
#include "policy/rules/load.h"
#include <netdb.h>
#include <poll.h>

enum { CROWD = 500, GROUP = 25 };

// ---- a name service of our own: libcurl, in this process, finds this function before the C library's ----

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
		struct addrinfo **restrict result)
{
	static const char *const addresses[][2] = {{"loopback.example", "127.0.0.1"}, {"metadata.example", "169.254.169.254"}};
	(void)service, (void)hints;
	if (strcmp(name, "slow.example") == 0)
		poll(NULL, 0, 9000);
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(name, addresses[i][0]) != 0)
			continue;
		struct addrinfo *one = calloc(1, sizeof *one);
		struct sockaddr_in *a = calloc(1, sizeof *a);
		a->sin_family = AF_INET;
		a->sin_port = htons((uint16_t)(service != NULL ? strtoul(service, NULL, 10) : 80));
		inet_pton(AF_INET, addresses[i][1], &a->sin_addr);
		*one = (struct addrinfo){
		    .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_addrlen = sizeof *a, .ai_addr = (struct sockaddr *)a};
		*result = one;
		return 0;
	}
	return EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *a)
{
	free(a->ai_addr);
	free(a);
}

// egress_run() of the installed build, in a child of this program.
static void run_here(struct egress_child *c)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", c->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 64), 0);
	c->pid = fork();
	if (c->pid == 0) {
		struct buf messages = BUF_INIT(1 << 20);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		FILE *errors = freopen(c->errors, "a", stderr);
		struct policy *p = policy_load(c->policy, &messages);
		struct active_watch watch;
		active_watch_begin(&watch, c->folder);
		setenv("LETHE_STATE", c->folder, 1);
		_exit(p != NULL && errors != NULL ? egress_run(p, &watch, fd) : 9);
	}
	close(fd);
}

static void a_name_service_that_hangs_holds_up_nobody(void **state)
{
	(void)state;
	struct egress_child c;
	struct err e;
	JSON_AUTO cJSON *head = egress_page_head("http://slow.example/", 600), *reply = NULL;
	BUF_AUTO struct buf body = BUF_INIT(1024);
	egress_folder(&c);
	run_here(&c);
	uint64_t start = monotonic_ms();
	int fd = egress_connect(&c);
	assert_int_equal(frame_send(fd, head, NULL, 0, start + 5000, &e), 0);
	int leaver = egress_connect(&c); // and one who leaves while the name is looked up
	assert_int_equal(frame_send(leaver, head, NULL, 0, start + 5000, &e), 0);
	usleep(100000);
	close(leaver);
	assert_int_equal(frame_receive(fd, &reply, &body, start + 10000, &e), 0);
	assert_string_equal(reply_code(reply), "timeout");
	JSON_AUTO cJSON *status = NULL;
	status_ask(&c, &status);
	assert_true(monotonic_ms() - start < 8500 && TRUST_SOON(monotonic_ms() - start, 2500));
	close(fd);
	egress_end(&c);
}

static void names_that_lead_inside_are_forbidden(void **state)
{
	(void)state;
	struct egress_child c;
	egress_folder(&c);
	run_here(&c);
	page_expect(&c, "http://loopback.example/", "address-forbidden");
	page_expect(&c, "https://metadata.example/", "address-forbidden");
	page_expect(&c, "http://nobody.example/", "unresolvable");
	egress_end(&c);
}

// ---- the crowd ----

static atomic_bool answer_now;

static void serve(struct peer *p, int fd, const char *path, const char *request)
{
	(void)path;
	if (strstr(request, "; case=hang\r") != NULL) {
		p->left += peer_wait_closed(fd, 20000);
		return;
	}
	while (!answer_now)
		usleep(5000);
	peer_answer(fd, "200 OK", "application/json", "", "{\"ok\":true}");
}

static struct peer peer;
static struct egress_child child;

static int set_up(void **state)
{
	(void)state;
	static char endpoint[64], key[] = "AZURE_OPENAI_API_KEY=k";
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	peer_start(&peer, htonl(INADDR_LOOPBACK), serve);
	snprintf(endpoint, sizeof endpoint, "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:%d", peer.port);
	const char *settings[] = {endpoint, key, NULL};
	egress_folder(&child);
	egress_start(&child, "testing/egress", settings);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	egress_end(&child);
	peer_stop(&peer);
	return 0;
}

static void start_all(struct call *calls, const char *type)
{
	struct err e;
	for (size_t i = 0; i < CROWD; i++) {
		JSON_AUTO cJSON *head = egress_send_head("azure-openai", "POST", "/openai/v1/images/generations", type,
							 KIND_BIT(KIND_PROMPT), 30000, false, false);
		calls[i] = CALL_INIT;
		assert_int_equal(call_start(&calls[i], child.socket, head, "{}", 2, &e), 0);
	}
}

// call_wait() takes a few calls at a time; the crowd goes through it in groups.
static void move_all(struct call *calls)
{
	struct err e;
	for (size_t i = 0; i < CROWD; i += GROUP)
		call_wait(calls + i, GROUP, -1, monotonic_ms() + 1, &e);
}

// Moves the calls until the peer has that many requests.
static void move_until(struct call *calls, int requests)
{
	for (uint64_t end = monotonic_ms() + 20000; peer.requests < requests && monotonic_ms() < end;)
		move_all(calls);
	assert_int_equal(peer.requests, requests);
}

// The upstream speaks HTTP/1.1: once that is known, each has a connection of its own.
static void a_crowd_waits_together_and_is_served(void **state)
{
	(void)state;
	struct err e;
	CALL_AUTO struct call first = CALL_INIT;
	JSON_AUTO cJSON *head = egress_send_head("azure-openai", "POST", "/openai/v1/images/generations", "application/json",
						 KIND_BIT(KIND_PROMPT), 30000, false, false);
	answer_now = true;
	assert_int_equal(call_ask(&first, child.socket, head, "{}", 2, -1, monotonic_ms() + 20000, &e), 0);
	answer_now = false;
	struct call *calls = calloc(CROWD, sizeof *calls);
	start_all(calls, "application/json; case=wait");
	move_until(calls, 1 + CROWD);
	answer_now = true;
	size_t done = 0;
	for (uint64_t end = monotonic_ms() + 20000; done < CROWD && monotonic_ms() < end;) {
		move_all(calls);
		done = 0;
		for (size_t i = 0; i < CROWD; i++)
			done += calls[i].state == CALL_DONE || calls[i].state == CALL_FAILED;
	}
	for (size_t i = 0; i < CROWD; i++) {
		assert_int_equal(calls[i].state, CALL_DONE);
		assert_int_equal(json_number(calls[i].reply.head, "status", 0), 200);
		call_end(&calls[i]);
	}
	free(calls);
}

static void a_crowd_that_leaves_is_gone_upstream_within_a_second(void **state)
{
	(void)state;
	struct call *calls = calloc(CROWD, sizeof *calls);
	int left = peer.left, requests = peer.requests;
	start_all(calls, "application/json; case=hang");
	move_until(calls, requests + CROWD);
	uint64_t start = monotonic_ms();
	for (size_t i = 0; i < CROWD; i++)
		call_end(&calls[i]);
	while (peer.left < left + CROWD && monotonic_ms() - start < 30000)
		usleep(2000);
	assert_int_equal(peer.left, left + CROWD);
	assert_true(TRUST_SOON(monotonic_ms() - start, 1000));
	JSON_AUTO cJSON *status = NULL;
	status_ask(&child, &status);
	assert_int_equal(json_number(status, "under_way", -1), 1); // the question itself
	free(calls);
}

// When egress looks, the whole call is there and its caller gone.
static void who_hands_over_and_leaves_at_once_leaves_nothing_behind(void **state)
{
	(void)state;
	struct call *calls = calloc(CROWD, sizeof *calls);
	assert_int_equal(kill(child.pid, SIGSTOP), 0);
	start_all(calls, "application/json; case=hang");
	for (size_t i = 0; i < CROWD; i++)
		call_end(&calls[i]);
	free(calls);
	assert_int_equal(kill(child.pid, SIGCONT), 0);
	double under_way = -1;
	for (uint64_t end = monotonic_ms() + 5000; under_way != 1 && monotonic_ms() < end;) {
		JSON_AUTO cJSON *status = NULL;
		status_ask(&child, &status);
		under_way = json_number(status, "under_way", -1);
	}
	assert_true(under_way == 1); // the question itself
}

// Connections that say nothing, or half a frame, delay nobody.
static void silent_callers_delay_nobody(void **state)
{
	(void)state;
	int silent[64];
	for (size_t i = 0; i < 64; i++) {
		silent[i] = egress_connect(&child);
		if (i % 2)
			assert_int_equal(send(silent[i], "\0\0\0\x40\0\0\0\0{", 9, 0), 9);
	}
	uint64_t start = monotonic_ms();
	JSON_AUTO cJSON *status = NULL;
	status_ask(&child, &status);
	assert_true(TRUST_SOON(monotonic_ms() - start, 1000));
	for (size_t i = 0; i < 64; i++)
		close(silent[i]);
}

// A program that was taken over hands over many times as many large calls by half as there is place for: together they get no more memory than all calls may have, and small
// calls of others still go.
static void half_sent_calls_have_one_limit(void **state)
{
	enum { COUNT = 40, MOST_KIB = (EGRESS_CALLS_MAX + 2 * EGRESS_CALL_MAX) / 1024 };
	(void)state;
	static char bytes[EGRESS_CALL_MAX - 1000];
	const uint32_t lengths[] = {htonl(2), htonl(EGRESS_CALL_MAX)};
	int fds[COUNT], refused = 0;
	size_t before = egress_memory_kib(&child), most = 0;
	memset(bytes, ' ', sizeof bytes);
	memcpy(bytes, "{}", 2);
	for (size_t i = 0; i < COUNT; i++) {
		char answer[512] = "";
		fds[i] = egress_connect(&child);
		assert_int_equal(send(fds[i], lengths, sizeof lengths, MSG_NOSIGNAL), sizeof lengths);
		for (size_t sent = 0; sent < sizeof bytes;) {
			ssize_t n = send(fds[i], bytes + sent, sizeof bytes - sent, MSG_NOSIGNAL);
			if (n < 0)
				break; // refused
			sent += (size_t)n;
		}
		if (recv(fds[i], answer, sizeof answer - 1, MSG_DONTWAIT) > 8)
			refused += strstr(answer + 8, "\"budget\"") != NULL;
		size_t now = egress_memory_kib(&child);
		most = now > most ? now : most;
	}
	assert_true(refused > 0);
#ifdef LETHE_SANITIZED // whose shadow is memory, too
	(void)before;
#else
	if (most > before + MOST_KIB)
		fail_msg("%zu KiB more", most - before);
#endif
	JSON_AUTO cJSON *status = NULL;
	status_ask(&child, &status);
	assert_non_null(status_of(status, "azure-openai"));
	for (size_t i = 0; i < COUNT; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_service_that_hangs_holds_up_nobody),
	    cmocka_unit_test(names_that_lead_inside_are_forbidden),
	    cmocka_unit_test(a_crowd_waits_together_and_is_served),
	    cmocka_unit_test(a_crowd_that_leaves_is_gone_upstream_within_a_second),
	    cmocka_unit_test(who_hands_over_and_leaves_at_once_leaves_nothing_behind),
	    cmocka_unit_test(silent_callers_delay_nobody),
	    cmocka_unit_test(half_sent_calls_have_one_limit),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
