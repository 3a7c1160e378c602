// SPDX-License-Identifier: ISC
// Many visitors at once, silent ones, those who leave, and the end of a program.
#include "policy/base/array.h"
#include "policy/base/requests.h"
#include "serve_site.h"
#include <sys/resource.h>
#include <sys/socket.h>

// A machine that does other things too is slow, and the sanitizers are slower; what these bounds tell apart is further away than that.
#ifdef LETHE_SANITIZED
#define WITHIN(ms) ((ms)*10u)
#else
#define WITHIN(ms) ((ms)*4u)
#endif

static int events[2]; // the server tells the test what its handlers saw

static void tell(char what)
{
	assert_int_equal(write(STDOUT_FILENO, &what, 1), 1);
}

// Waits like a handler with upstream work: until the visitor leaves or `ms` have passed.
static bool left_within(struct request *r, int ms)
{
	struct pollfd p = {.fd = request_fd(r), .events = POLLRDHUP};
	return poll(&p, 1, ms) == 1;
}

static void handle_now(struct request *r, void *context)
{
	(void)context;
	respond_bytes(r, 200, "text/plain", "now", 3);
}

static void handle_wait(struct request *r, void *context)
{
	(void)context;
	tell('b');
	if (left_within(r, 5000)) {
		tell(request_gone(r) ? 'l' : '?');
		return;
	}
	respond_bytes(r, 200, "text/plain", "waited", 6);
}

static void handle_half_second(struct request *r, void *context)
{
	(void)context;
	tell('b');
	left_within(r, 500);
	respond_bytes(r, 200, "text/plain", "done", 4);
}

static void handle_events(struct request *r, void *context)
{
	(void)context;
	for (int i = 0; i < 3; i++) {
		static const char event[] = "event: progress\ndata: {\"done\":1}\n\n";
		if ((!respond_begun(r) && respond_begin(r, 200, "text/event-stream", true) != 0) ||
		    respond_send(r, event, sizeof event - 1) != 0)
			return;
		left_within(r, 300);
	}
}

static void handle_unknown(struct request *r, void *context)
{
	struct err e;
	(void)context;
	err_set(&e, ERR_UNKNOWN, "the commit may or may not have happened");
	respond_err(r, &e);
}

static const struct route routes[] = {
    {.method = "GET", .path = "/unknown", .handle = handle_unknown},
    {.method = "GET", .path = "/now", .handle = handle_now},
    {.method = "POST", .path = "/now", .body_max = 100000, .body_types = BODY_JSON, .handle = handle_now},
    {.method = "GET", .path = "/wait", .handle = handle_wait},
    {.method = "GET", .path = "/half", .handle = handle_half_second},
    {.method = "GET", .path = "/events", .handle = handle_events},
    {.method = "DELETE", .path = "/half", .changes_state = true, .handle = handle_half_second},
    {0},
};

static int limit_files(const struct policy *p, struct vault *v, void **context, struct err *e)
{
	(void)p, (void)v, (void)context;
	const struct rlimit four = {requests_descriptors(4), requests_descriptors(4)};
	return setrlimit(RLIMIT_NOFILE, &four) != 0 ? err_set(e, ERR_IO, "no limit") : 0;
}

static const struct program few_files = {.name = "test", .routes = routes, .start = limit_files};
static const struct program program = {.name = "test", .routes = routes};
static const struct program narrow = {.name = "test", .routes = routes, .in_flight_max = 4};
static const struct program pooled = {.name = "test", .routes = routes, .threads = 3, .in_flight_max = 40};
static const struct program hasty = {.name = "test", .routes = routes, .drain_ms = 200};

static char heard(int timeout_ms)
{
	struct pollfd p = {.fd = events[0], .events = POLLIN};
	char what = 0;
	return poll(&p, 1, timeout_ms) == 1 && read(events[0], &what, 1) == 1 ? what : 0;
}

static void listen_to_handlers(void)
{
	assert_int_equal(pipe(events), 0);
	site_told = events[1];
}

static int setup_of(void **state, const struct program *p)
{
	static struct site site;
	listen_to_handlers();
	site = site_start(p);
	*state = &site;
	return 0;
}

static int setup(void **state)
{
	return setup_of(state, &program);
}

static int teardown(void **state)
{
	site_stop(*state);
	close(events[0]);
	close(events[1]);
	return 0;
}

static void send_method(int fd, bool keep, const char *method, const char *path)
{
	struct buf b = BUF_INIT(4096);
	request_build(&b, keep, method, path, NULL, NULL, NULL);
	client_send(fd, &b);
	buf_free(&b);
}

static void send_request(int fd, bool keep, const char *path)
{
	send_method(fd, keep, "GET", path);
}

static void expect_text(int fd, int status, const char *text)
{
	struct answer a = answer_read(fd, 10000);
	assert_true(a.complete);
	assert_int_equal(a.status, status);
	assert_true(!text || strcmp(a.body, text) == 0);
	answer_free(&a);
}

static void test_keep_alive(void **state)
{
	const struct site *s = *state;
	int fd = client_connect(s->socket);
	for (int i = 0; i < 20; i++) {
		send_request(fd, true, "/now");
		expect_text(fd, 200, "now");
	}
	close(fd);
}

// What a refused request left unread must not be taken for the next request.
static void test_keep_alive_after_a_refusal(void **state)
{
	const struct site *s = *state;
	char *large = malloc(200001);
	memset(large, 'x', 200000);
	large[200000] = 0;
	int fd = client_connect(s->socket);
	struct buf b = BUF_INIT(1 << 20);
	request_build(&b, true, "POST", "/now", "application/json", large, NULL);
	client_send(fd, &b);
	expect_text(fd, 413, NULL);
	send_request(fd, true, "/now");
	expect_text(fd, 200, "now");
	close(fd);
	buf_free(&b);
	free(large);
}

static void test_hang_up_is_noticed(void **state)
{
	const struct site *s = *state;
	int fd = client_connect(s->socket);
	send_request(fd, false, "/wait");
	assert_int_equal(heard(5000), 'b');
	uint64_t left = monotonic_ms();
	close(fd);
	assert_int_equal(heard(5000), 'l');
	assert_true(TRUST_SOON(monotonic_ms() - left, WITHIN(100)));
}

static void test_events_arrive_one_by_one(void **state)
{
	const struct site *s = *state;
	struct buf out = BUF_INIT(65536);
	int fd = client_connect(s->socket);
	uint64_t start = monotonic_ms();
	send_request(fd, false, "/events");
	assert_int_equal(record_read(fd, &out, start + 5000), RECORD_STDOUT);
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(250)));
	assert_non_null(strstr(out.data, "X-Accel-Buffering: no\r\n"));
	buf_reset(&out);
	assert_int_equal(record_read(fd, &out, start + 5000), RECORD_STDOUT);
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(250)));
	assert_non_null(strstr(out.data, "event: progress\ndata: {\"done\":1}\n\n"));
	close(fd);
	buf_free(&out);
}

static void test_silent_connections_delay_nobody(void **state)
{
	const struct site *s = *state;
	int silent[20];
	for (int i = 0; i < 20; i++)
		silent[i] = client_connect(s->socket);
	assert_int_equal(send(silent[0], "\x01\x01\x00", 3, MSG_NOSIGNAL), 3); // and one that stops in the middle of a record
	uint64_t start = monotonic_ms();
	int fd = client_connect(s->socket);
	send_request(fd, false, "/now");
	expect_text(fd, 200, "now");
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(500)));
	close(fd);
	for (int i = 0; i < 20; i++)
		close(silent[i]);
}

static void test_garbage_is_dropped(void **state)
{
	const struct site *s = *state;
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "\x01\x09\x00\x01\x00\x00\x00\x00",
					      "\x02\x01\x00\x01\x00\x08\x00\x00",
					      "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00"};
	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		struct buf b = BUF_INIT(64);
		buf_add(&b, garbage[i], i == 0 ? 18 : i == 3 ? 16 : 8);
		int fd = client_connect(s->socket);
		client_send(fd, &b);
		shutdown(fd, SHUT_WR);
		struct answer a = answer_read(fd, 10000);
		assert_int_equal(a.status, 0);
		answer_free(&a);
		buf_free(&b);
		close(fd);
	}
	int fd = client_connect(s->socket);
	send_request(fd, false, "/now");
	expect_text(fd, 200, "now");
	close(fd);
}

static void test_burst(void **state)
{
	enum { BURST = 500 };
	const struct site *s = *state;
	int fds[BURST];
	struct rlimit files = {4096, 4096};
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < BURST; i++) {
		fds[i] = client_connect(s->socket);
		send_request(fds[i], false, "/half");
	}
	for (int i = 0; i < BURST; i++) {
		expect_text(fds[i], 200, "done");
		close(fds[i]);
		assert_int_equal(heard(1000), 'b');
	}
}

// Five requests where four may be under way: the fifth is told at once, and a place that becomes free is used.
static void four_are_admitted(const struct program *of)
{
	int fds[4];
	listen_to_handlers();
	struct site s = site_start(of);
	for (int i = 0; i < 4; i++) {
		fds[i] = client_connect(s.socket);
		send_request(fds[i], false, "/wait");
		assert_int_equal(heard(5000), 'b');
	}
	uint64_t start = monotonic_ms();
	struct answer a = site_ask(&s, "GET", "/now", NULL, NULL, NULL);
	assert_int_equal(a.status, 503);
	assert_non_null(strstr(a.bytes.data, "Retry-After: 5\r\n"));
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(100)));
	answer_free(&a);
	// So is one whose body is still to come, which is not waited for.
	struct buf half = BUF_INIT(65536);
	int fd = client_connect(s.socket);
	request_build(&half, false, "POST", "/now", "application/json",
		      "{\"a\":\"a body of which the end never comes, whatever is waited for\"}", NULL);
	half.len -= 40;
	client_send(fd, &half);
	a = answer_read(fd, 2000);
	assert_true(a.complete);
	assert_int_equal(a.status, 503);
	answer_free(&a);
	buf_free(&half);
	close(fd);
	close(fds[0]);
	assert_int_equal(heard(5000), 'l');
	usleep(50000);
	a = site_ask(&s, "GET", "/now", NULL, NULL, NULL);
	assert_int_equal(a.status, 200);
	answer_free(&a);
	for (int i = 1; i < 4; i++)
		close(fds[i]);
	teardown((void *[]){&s});
}

static void test_admission(void **state)
{
	(void)state;
	four_are_admitted(&narrow);
}

// How many there may be says the site's setting, and the limit of open files where that is for fewer.
static void test_admission_as_set(void **state)
{
	(void)state;
	setenv("LETHE_REQUESTS_MAX", "4", 1);
	four_are_admitted(&program);
	setenv("LETHE_REQUESTS_MAX", "5000", 1);
	four_are_admitted(&few_files);
	unsetenv("LETHE_REQUESTS_MAX");
	four_are_admitted(&few_files);
}

// More refusals at once than there are threads for them: the rest waits its turn, none is dropped.
static void test_admission_under_a_flood(void **state)
{
	enum { FLOOD = 200 };
	(void)state;
	int busy[4], fds[FLOOD], refused = 0;
	listen_to_handlers();
	struct site s = site_start(&narrow);
	for (int i = 0; i < 4; i++) {
		busy[i] = client_connect(s.socket);
		send_request(busy[i], false, "/wait");
		assert_int_equal(heard(5000), 'b');
	}
	for (int i = 0; i < FLOOD; i++)
		fds[i] = client_connect(s.socket);
	for (int i = 0; i < FLOOD; i++)
		send_request(fds[i], false, "/now");
	for (int i = 0; i < FLOOD; i++) {
		struct answer a = answer_read(fds[i], 10000);
		refused += a.status == 503;
		answer_free(&a);
		close(fds[i]);
	}
	assert_int_equal(refused, FLOOD);
	for (int i = 0; i < 4; i++)
		close(busy[i]);
	teardown((void *[]){&s});
}

// SIGTERM: what is under way is finished, idle connections end at once, and the listening socket lives on for the next start.
static void test_stop_drains(void **state)
{
	(void)state;
	listen_to_handlers();
	struct site s = site_start(&program);
	int idle = client_connect(s.socket), busy = client_connect(s.socket);
	send_request(idle, true, "/now");
	expect_text(idle, 200, "now");
	send_request(busy, true, "/half");
	assert_int_equal(heard(5000), 'b');
	uint64_t start = monotonic_ms();
	kill(s.pid, SIGTERM);
	char byte;
	assert_false(bytes_read(idle, &byte, 1, start + 5000));
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(300)));
	expect_text(busy, 200, "done");
	assert_int_equal(site_wait(&s, 60000), 0);
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(1500)));
	close(idle);
	close(busy);
	close(events[0]);
	close(events[1]);
	site_remove(&s);
}

static void test_stop_has_a_deadline(void **state)
{
	(void)state;
	listen_to_handlers();
	struct site s = site_start(&hasty);
	int busy = client_connect(s.socket);
	send_request(busy, false, "/wait");
	assert_int_equal(heard(5000), 'b');
	uint64_t start = monotonic_ms();
	kill(s.pid, SIGINT);
	assert_int_equal(site_wait(&s, 60000), 3);
	assert_true(TRUST_SOON(monotonic_ms() - start, 3000)); // the request would have waited five seconds
	close(busy);
	close(events[0]);
	close(events[1]);
	site_remove(&s);
}

// After a commit of unknown outcome the program ends with an error, so that its next start checks the store.
static void test_unknown_outcome_ends_the_program(void **state)
{
	(void)state;
	struct site s = site_start(&program);
	struct answer a = site_ask(&s, "GET", "/unknown", NULL, NULL, NULL);
	assert_int_equal(a.status, 503);
	assert_int_equal(site_wait(&s, 5000), 1);
	answer_free(&a);
	site_remove(&s);
}

// ---- a program with a few threads for all ----

static int setup_pooled(void **state)
{
	return setup_of(state, &pooled);
}

// More connections than threads, all kept; then more than there may be: the last one has its turn when another ends.
static void test_pool_keeps_connections(void **state)
{
	enum { KEPT = 40 };
	const struct site *s = *state;
	int fds[KEPT + 1];
	for (int i = 0; i < KEPT; i++)
		fds[i] = client_connect(s->socket);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < KEPT; i++)
			send_request(fds[i], true, "/now");
		for (int i = 0; i < KEPT; i++)
			expect_text(fds[i], 200, "now");
	}
	fds[KEPT] = client_connect(s->socket);
	send_request(fds[KEPT], true, "/now");
	struct pollfd p = {.fd = fds[KEPT], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 200), 0);
	close(fds[0]);
	expect_text(fds[KEPT], 200, "now");
	for (int i = 1; i <= KEPT; i++)
		close(fds[i]);
}

// What changes state may take long; what only looks something up does not wait for it. One visitor leaves in the middle.
static void test_pool_answers_beside_slow_changes(void **state)
{
	const struct site *s = *state;
	int slow[2] = {client_connect(s->socket), client_connect(s->socket)}, fd = client_connect(s->socket);
	for (int i = 0; i < 2; i++) {
		send_method(slow[i], true, "DELETE", "/half");
		assert_int_equal(heard(5000), 'b');
	}
	close(slow[1]);
	uint64_t start = monotonic_ms();
	for (int i = 0; i < 10; i++) {
		send_request(fd, true, "/now");
		expect_text(fd, 200, "now");
	}
	assert_true(TRUST_SOON(monotonic_ms() - start, WITHIN(100)));
	expect_text(slow[0], 200, "done");
	send_request(slow[0], true, "/now"); // its connection is as good as before
	expect_text(slow[0], 200, "now");
	close(slow[0]);
	close(fd);
}

// More slow ones than threads: all are answered.
static void test_pool_takes_turns(void **state)
{
	enum { MANY = 7 };
	const struct site *s = *state;
	int fds[MANY];
	for (int i = 0; i < MANY; i++) {
		fds[i] = client_connect(s->socket);
		send_method(fds[i], false, "DELETE", "/half");
	}
	for (int i = 0; i < MANY; i++) {
		expect_text(fds[i], 200, "done");
		assert_int_equal(heard(5000), 'b');
		close(fds[i]);
	}
}

static void test_pool_gives_up_on_half_a_request(void **state)
{
	const struct site *s = *state;
	int half = client_connect(s->socket), fd = client_connect(s->socket);
	assert_int_equal(send(half, "\x01\x01\x00", 3, MSG_NOSIGNAL), 3);
	usleep(20000);
	send_request(fd, false, "/now");
	expect_text(fd, 200, "now");
	char byte;
	assert_false(bytes_read(half, &byte, 1, monotonic_ms() + 10000));
	close(half);
	close(fd);
}

static void test_pool_stops(void **state)
{
	(void)state;
	listen_to_handlers();
	struct site s = site_start(&pooled);
	int late = client_connect(s.socket), idle = client_connect(s.socket), busy = client_connect(s.socket);
	send_request(idle, true, "/now");
	expect_text(idle, 200, "now");
	send_method(busy, true, "DELETE", "/half");
	assert_int_equal(heard(5000), 'b');
	kill(s.pid, SIGTERM);
	usleep(20000);
	send_request(late, false, "/now"); // its connection was taken before the stop
	expect_text(late, 200, "now");
	expect_text(busy, 200, "done");
	char byte;
	assert_false(bytes_read(idle, &byte, 1, monotonic_ms() + 5000));
	assert_int_equal(site_wait(&s, 60000), 0);
	close(late);
	close(idle);
	close(busy);
	close(events[0]);
	close(events[1]);
	site_remove(&s);
}

static void start_fails(const struct program *p, const char *why)
{
	struct site s = site_start(p);
	assert_int_equal(site_wait(&s, 5000), 2);
	struct buf said = site_log(&s);
	assert_non_null(strstr(buf_text(&said), why));
	buf_free(&said);
	site_remove(&s);
}

static int start_refused(const struct policy *p, struct vault *v, void **context, struct err *e)
{
	(void)p;
	(void)v;
	(void)context;
	return err_set(e, ERR_UNAVAILABLE, "the thing it needs is not there");
}

// A program does not start on data that the policy does not declare.
static void test_undeclared_kind(void **state)
{
	static const struct route holds_payments[] = {
	    {.method = "GET", .path = "/pay", .kinds = KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PAYMENT), .handle = handle_now}, {0}};
	static const struct program paying = {.name = "test", .routes = holds_payments};
	static const struct program unready = {.name = "test", .routes = routes, .start = start_refused};
	(void)state;
	start_fails(&paying, "bizimages.xml: error: GET /pay handles data that the policy does not declare: payment.");
	start_fails(&unready, "test: the thing it needs is not there\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_keep_alive, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_keep_alive_after_a_refusal, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hang_up_is_noticed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_events_arrive_one_by_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_silent_connections_delay_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_garbage_is_dropped, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_burst, setup, teardown),
	    cmocka_unit_test(test_admission),
	    cmocka_unit_test(test_admission_as_set),
	    cmocka_unit_test(test_admission_under_a_flood),
	    cmocka_unit_test(test_stop_drains),
	    cmocka_unit_test(test_stop_has_a_deadline),
	    cmocka_unit_test(test_unknown_outcome_ends_the_program),
	    cmocka_unit_test_setup_teardown(test_pool_keeps_connections, setup_pooled, teardown),
	    cmocka_unit_test_setup_teardown(test_pool_answers_beside_slow_changes, setup_pooled, teardown),
	    cmocka_unit_test_setup_teardown(test_pool_takes_turns, setup_pooled, teardown),
	    cmocka_unit_test_setup_teardown(test_pool_gives_up_on_half_a_request, setup_pooled, teardown),
	    cmocka_unit_test_setup_teardown(test_garbage_is_dropped, setup_pooled, teardown),
	    cmocka_unit_test_setup_teardown(test_keep_alive_after_a_refusal, setup_pooled, teardown),
	    cmocka_unit_test(test_pool_stops),
	    cmocka_unit_test(test_undeclared_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
