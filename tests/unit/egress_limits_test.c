// SPDX-License-Identifier: ISC
// What one processor may get in a day, in a minute and at once, and for how much money; over restarts, and beside others.
#include "fcgi/egress/limits.h"
#include "policy/base/array.h"
#include "tests/unit/egress_support.h"
#include "tests/unit/policy_support.h"

static struct peer peer;
static atomic_int now_open, most_open;
static atomic_bool hold;
static char arrived[16]; // the marks of the requests that have one, in their order
static atomic_uint arrived_count;

static void serve(struct peer *p, int fd, const char *path, const char *request)
{
	int open = ++now_open;
	const char *mark = strstr(request, "; mark=");
	(void)p, (void)path;
	if (mark != NULL && arrived_count < sizeof arrived - 1)
		arrived[arrived_count++] = mark[strlen("; mark=")];
	if (open > most_open)
		most_open = open;
	if (strstr(request, "hang") != NULL)
		while (hold)
			usleep(5000);
	usleep(20000);
	now_open--;
	peer_answer(fd,
		    strstr(request, "refuse") != NULL  ? "400 Bad Request"
		    : strstr(request, "break") != NULL ? "503 Service Unavailable"
						       : "200 OK",
		    "application/json", "", "{}");
}

// Beside Azure there are a server of the controller's own and a vendor with a queue.
static void limits_start(struct egress_child *c, const char *limits, const char *jobs)
{
	static char azure[128], own[128], fal[128], key[] = "AZURE_OPENAI_API_KEY=k", fal_key[] = "FAL_KEY=k", set[256], at_once[64];
	const char *settings[] = {azure, own, fal, key, fal_key, set, jobs != NULL ? at_once : NULL, NULL};
	struct err e;
	BUF_AUTO struct buf text = {0};
	if (c->folder[0] == '\0') {
		char folder[128];
		read_policy(&text);
		replace_once(
		    &text, "<processor id=\"sketch\"",
		    "<processor id=\"self-hosted\" name=\"x\" brand=\"x\" service=\"x\" roles=\"image\" order=\"3\" "
		    "standing=\"own\" trains=\"no\" "
		    "added=\"2026-05-11\" effective=\"2026-05-11\"><task>x</task><for purpose=\"make\"/><within>127.0.0.1</within>"
		    "<receives kind=\"prompt\"/></processor><processor id=\"fal\" name=\"x\" brand=\"x\" service=\"x\" "
		    "roles=\"image\" order=\"4\" trains=\"no\" policy=\"https://fal.ai/privacy\" added=\"2026-05-11\" "
		    "effective=\"2026-05-11\"><task>x</task><for purpose=\"make\"/><host>queue.fal.run</host><host>api.fal.ai</host>"
		    "<region country=\"US\" place=\"x\">us</region><receives kind=\"prompt\"/><safeguard "
		    "type=\"standard-contractual-clauses\" copy=\"https://eur-lex.europa.eu/eli/dec_impl/2021/914/oj\">x</safeguard>"
		    "<training>x</training><retention longest=\"P30D\">x</retention></processor><processor id=\"sketch\"");
		egress_folder(c);
		assert_int_equal(file_write(c->policy, text.data, text.len, 0600, NULL, &e), 0);
		snprintf(folder, sizeof folder, "%s/egress", c->folder);
		assert_int_equal(mkdir(folder, 0700), 0);
	}
	snprintf(azure, sizeof azure, "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:%d", peer.port);
	snprintf(own, sizeof own, "SELF_HOSTED_URL=http://127.0.0.1:%d", peer.port);
	snprintf(fal, sizeof fal, "FAL_BASE_URL=http://127.0.0.1:%d", peer.port);
	snprintf(set, sizeof set, "LETHE_EGRESS_LIMITS=%s", limits);
	snprintf(at_once, sizeof at_once, "LETHE_EGRESS_JOBS=%s", jobs != NULL ? jobs : "");
	egress_start(c, "testing/egress", settings);
}

static cJSON *head_to(const char *id, const char *path, const char *type)
{
	return egress_send_head(id, "POST", path, type, KIND_BIT(KIND_PROMPT), 20000, false, false);
}
#define PICTURE "/openai/v1/images/generations"
#define TEXT    "/openai/v1/chat/completions"

static const char *ask_code(const struct egress_child *c, const char *path, const char *type)
{
	static char code[64];
	JSON_AUTO cJSON *reply = NULL;
	egress_ask(c, head_to("azure-openai", path, type), strcmp(path, TEXT) == 0 ? "{\"store\":false}" : "{}", &reply, NULL);
	snprintf(code, sizeof code, "%s", reply_code(reply));
	return code;
}

static const char *detail_of(const cJSON *reply)
{
	const char *detail;
	frame_error_code(reply, &detail);
	return detail;
}

static void money_is_counted_by_what_a_call_costs(void **state)
{
	struct egress_child c = {0};
	JSON_AUTO cJSON *status = NULL;
	(void)state;
	limits_start(&c, "azure-openai money=1 picture=0.4 text=0.15", NULL);
	assert_string_equal(ask_code(&c, PICTURE, "application/json"), "");
	assert_string_equal(ask_code(&c, PICTURE, "application/json; refuse"), ""); // a refusal costs nothing
	assert_string_equal(ask_code(&c, PICTURE, "application/json"), "");
	assert_string_equal(ask_code(&c, PICTURE, "application/json"), "budget"); // 0.2 are left
	assert_string_equal(ask_code(&c, TEXT, "application/json"), "");
	assert_string_equal(ask_code(&c, TEXT, "application/json"), "budget");
	// A restart gives nothing back.
	assert_int_equal(egress_stop(&c, SIGTERM), 0);
	limits_start(&c, "azure-openai money=1 picture=0.4 text=0.15", NULL);
	assert_string_equal(ask_code(&c, TEXT, "application/json"), "budget");
	status_ask(&c, &status);
	const cJSON *azure = status_of(status, "azure-openai");
	assert_int_equal((int)(json_number(azure, "spent_today", 0) * 100 + 0.5), 95);
	assert_int_equal(json_number(azure, "billed", 0), 3);
	assert_int_equal(json_number(json_get(azure, "limits"), "money", 0), 1);
	egress_end(&c);
}

static void a_processor_has_its_own_number_of_calls(void **state)
{
	struct egress_child c = {0};
	JSON_AUTO cJSON *reply = NULL;
	(void)state;
	limits_start(&c, "azure-openai calls=2", NULL);
	for (int i = 0; i < 3; i++)
		assert_string_equal(ask_code(&c, TEXT, "application/json"), i < 2 ? "" : "budget");
	egress_ask(&c, head_to("self-hosted", "/v1/images/generations", "application/json"), "{\"response_format\":\"b64_json\"}", &reply,
		   NULL);
	assert_string_equal(reply_code(reply), "");
	egress_end(&c);
}

// What was asked for is fetched, cancelled and deleted, whatever the day may still cost and however the vendor fares.
static void what_is_not_paid_for_always_goes(void **state)
{
	static const char *const limits[] = {"fal calls=2", "fal money=1 picture=0.5", "fal minute=6000"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct egress_child c = {0};
		bool broken = i == 2;
		char payloads[128];
		limits_start(&c, limits[i], NULL);
		snprintf(payloads, sizeof payloads, "http://127.0.0.1:%d/v1/models/requests/1/payloads", peer.port);
		const char *const others[][2] = {{"GET", "/fal-ai/flux/requests/1/status"},
						 {"GET", "/fal-ai/flux/requests/1"},
						 {"PUT", "/fal-ai/flux/requests/1/cancel"},
						 {"DELETE", payloads}};
		for (int paid = 0; paid < (broken ? 9 : 3); paid++) {
			JSON_AUTO cJSON *reply = NULL;
			egress_ask(&c, head_to("fal", "/fal-ai/flux", broken ? "application/json; break" : "application/json"),
				   "{\"sync_mode\":true}", &reply, NULL);
			assert_string_equal(reply_code(reply), paid < (broken ? 8 : 2) ? "" : broken ? "breaker-open" : "budget");
		}
		for (size_t n = 0; n < ARRAY_LEN(others); n++) {
			JSON_AUTO cJSON *reply = NULL;
			egress_ask(&c, egress_send_head("fal", others[n][0], others[n][1], NULL, 0, 20000, false, false), NULL, &reply,
				   NULL);
			if (json_number(reply, "status", 0) != 200)
				fail_msg("%s: %s %s: %s", limits[i], others[n][0], others[n][1], reply_code(reply));
		}
		egress_end(&c);
	}
}

static void a_server_of_ones_own_has_limits_too(void **state)
{
	struct egress_child c = {0};
	(void)state;
	limits_start(&c, "self-hosted money=1 picture=0.6", NULL);
	for (int i = 0; i < 2; i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c, head_to("self-hosted", "/v1/images/generations", "application/json"), "{\"response_format\":\"b64_json\"}",
			   &reply, NULL);
		assert_string_equal(reply_code(reply), i == 0 ? "" : "budget");
	}
	egress_end(&c);
}

static int send_one(const struct egress_child *c, const char *type)
{
	struct err e = {0};
	JSON_AUTO cJSON *head = head_to("azure-openai", PICTURE, type);
	int fd = egress_connect(c);
	assert_int_equal(frame_send(fd, head, "{}", 2, monotonic_ms() + 20000, &e), 0);
	return fd;
}

static cJSON *take_one(int fd)
{
	struct err e = {0};
	cJSON *reply = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	if (frame_receive(fd, &reply, &body, monotonic_ms() + 60000, &e) != 0)
		fail_msg("%s", e.text);
	close(fd);
	return reply;
}

static void under_way_wait(const struct egress_child *c, int count)
{
	for (int i = 0; i < 1000; i++) {
		JSON_AUTO cJSON *status = NULL;
		status_ask(c, &status);
		if (json_number(status_of(status, "azure-openai"), "under_way", 0) == count)
			return;
		usleep(10000);
	}
	fail_msg("never were %d under way", count);
}

// What is under way when the program dies was paid for all the same.
static void a_crash_gives_nothing_back(void **state)
{
	struct egress_child c = {0};
	struct err e;
	char file[128];
	bool kept = false;
	(void)state;
	limits_start(&c, "azure-openai calls=1", NULL);
	snprintf(file, sizeof file, "%s/egress/traffic.json", c.folder);
	hold = true;
	int fd = send_one(&c, "application/json; hang");
	for (int i = 0; i < 500 && !kept; i++) {
		BUF_AUTO struct buf text = BUF_INIT(65536);
		kept = file_read(file, &text, &e) == 0 && strstr(buf_text(&text), "\"today\":1") != NULL;
		usleep(10000);
	}
	assert_true(kept);
	egress_stop(&c, SIGKILL);
	close(fd);
	hold = false;
	limits_start(&c, "azure-openai calls=1", NULL);
	assert_string_equal(ask_code(&c, PICTURE, "application/json"), "budget");
	egress_end(&c);
}

// One that waits and may not go when it is its turn holds up none behind it.
static void who_is_refused_when_his_turn_comes_holds_up_nobody(void **state)
{
	struct egress_child c = {0};
	int fds[3];
	(void)state;
	limits_start(&c, "azure-openai minute=1 at-once=1", NULL);
	hold = true;
	for (int i = 0; i < 3; i++) {
		fds[i] = send_one(&c, i == 0 ? "application/json; hang" : "application/json");
		under_way_wait(&c, i + 1);
	}
	hold = false;
	for (int i = 0; i < 3; i++) {
		JSON_AUTO cJSON *reply = take_one(fds[i]);
		assert_string_equal(reply_code(reply), i == 0 ? "" : "budget");
		assert_null(strstr(detail_of(reply), "at once")); // said when its own time is over
	}
	egress_end(&c);
}

static void nobody_overtakes_those_that_wait(void **state)
{
	struct egress_child c = {0};
	int fds[4], n = 0;
	struct err e = {0};
	(void)state;
	limits_start(&c, "azure-openai at-once=1", NULL);
	arrived_count = 0;
	hold = true;
	fds[n++] = send_one(&c, "application/json; mark=a; hang");
	for (; n < 3; n++) {
		under_way_wait(&c, n);
		fds[n] = send_one(&c, n == 1 ? "application/json; mark=b" : "application/json; mark=c");
	}
	under_way_wait(&c, n);
	// The answer of the first and one more call are there at the same time.
	fds[n] = egress_connect(&c);
	JSON_AUTO cJSON *head = head_to("azure-openai", PICTURE, "application/json; mark=d"), *status = NULL;
	status_ask(&c, &status);
	kill(c.pid, SIGSTOP);
	hold = false;
	for (int i = 0; i < 1000 && peer.open > 0; i++)
		usleep(5000);
	assert_int_equal(frame_send(fds[n++], head, "{}", 2, monotonic_ms() + 20000, &e), 0);
	kill(c.pid, SIGCONT);
	for (int i = 0; i < n; i++) {
		JSON_AUTO cJSON *reply = take_one(fds[i]);
		assert_string_equal(reply_code(reply), "");
	}
	arrived[arrived_count] = '\0';
	assert_string_equal(arrived, "abcd");
	egress_end(&c);
}

static void who_is_certain_to_be_refused_does_not_wait(void **state)
{
	struct egress_child c = {0};
	(void)state;
	limits_start(&c, "azure-openai calls=1 minute=1", NULL);
	assert_string_equal(ask_code(&c, PICTURE, "application/json"), "");
	JSON_AUTO cJSON *reply = NULL;
	egress_ask(&c, head_to("azure-openai", PICTURE, "application/json"), "{}", &reply, NULL);
	assert_string_equal(reply_code(reply), "budget");
	assert_null(strstr(detail_of(reply), "minute"));
	egress_end(&c);
}

static void send_all(struct egress_child *c, int *fds, size_t count, const char *type)
{
	for (size_t i = 0; i < count; i++) {
		struct err e = {0};
		cJSON *head = head_to("azure-openai", PICTURE, type);
		fds[i] = egress_connect(c);
		assert_int_equal(frame_send(fds[i], head, "{}", 2, monotonic_ms() + 20000, &e), 0);
		cJSON_Delete(head);
	}
}

static void expect_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err e = {0};
		cJSON *reply = NULL;
		BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
		if (frame_receive(fds[i], &reply, &body, monotonic_ms() + 60000, &e) != 0 || *reply_code(reply) != '\0')
			fail_msg("%zu: %s %s", i, e.text, reply_code(reply));
		cJSON_Delete(reply);
		close(fds[i]);
	}
}

static void more_than_may_be_at_once_wait_their_turn(void **state)
{
	struct egress_child c = {0};
	int fds[8];
	(void)state;
	limits_start(&c, "azure-openai at-once=2", NULL);
	most_open = 0;
	send_all(&c, fds, ARRAY_LEN(fds), "application/json");
	close(fds[3]); // who leaves while it waits holds up nobody
	fds[3] = egress_connect(&c);
	struct err e = {0};
	cJSON *head = head_to("azure-openai", PICTURE, "application/json");
	assert_int_equal(frame_send(fds[3], head, "{}", 2, monotonic_ms() + 20000, &e), 0);
	cJSON_Delete(head);
	expect_all(fds, ARRAY_LEN(fds));
	assert_in_range(most_open, 1, 2);
	egress_end(&c);
}

static void those_of_a_minute_are_spread_over_it(void **state)
{
	struct egress_child c = {0};
	int fds[4];
	(void)state;
	limits_start(&c, "azure-openai minute=300", NULL);
	uint64_t begun = monotonic_ms();
	send_all(&c, fds, ARRAY_LEN(fds), "application/json");
	expect_all(fds, ARRAY_LEN(fds));
	assert_true(monotonic_ms() - begun >= 3 * 200);
	egress_end(&c);
}

static void a_slow_processor_leaves_place_for_others(void **state)
{
	struct egress_child c = {0};
	int fds[14];
	JSON_AUTO cJSON *reply = NULL, *status = NULL;
	(void)state;
	limits_start(&c, "azure-openai calls=1000", "16");
	hold = true;
	int before = peer.requests;
	send_all(&c, fds, ARRAY_LEN(fds), "application/json; hang");
	for (int i = 0; i < 1000 && peer.requests < before + 14; i++)
		usleep(10000);
	assert_string_equal(ask_code(&c, PICTURE, "application/json"), "budget");
	egress_ask(&c, head_to("self-hosted", "/v1/images/generations", "application/json"), "{\"response_format\":\"b64_json\"}", &reply,
		   NULL);
	assert_string_equal(reply_code(reply), "");
	status_ask(&c, &status);
	assert_int_equal(json_number(status_of(status, "azure-openai"), "under_way", 0), 14);
	hold = false;
	expect_all(fds, ARRAY_LEN(fds));
	egress_end(&c);
}

static struct limits one;

static struct limits *one_found(void *arg, const char *id)
{
	(void)arg;
	return strcmp(id, "openai") == 0 ? &one : NULL;
}

static void the_setting_is_read_strictly(void **state)
{
	static const struct {
		const char *text;
		struct limits wanted;
		const char *says; // NULL: it is understood
	} rows[] = {
	    {"", {0}, NULL},
	    {" ; ;", {0}, NULL},
	    {"openai calls=500 money=5.00 picture=0.04 text=0.002 minute=60 at-once=4", {500, 5000000, 40000, 2000, 60, 4}, NULL},
	    {"openai calls=1;openai money=0.000001 picture=1", {1, 1, 1000000, 0, 0, 0}, NULL},
	    {"fal calls=1", {0}, "\"fal\" is no processor"},
	    {"openai calls", {0}, "\"calls\" is none of"},
	    {"openai calls=", {0}, "is none of"},
	    {"openai calls=0", {0}, "is none of"},
	    {"openai calls=1.5", {0}, "is none of"},
	    {"openai calls=-1", {0}, "is none of"},
	    {"openai calls=1e3", {0}, "is none of"},
	    {"openai money=1. picture=1", {0}, "is none of"},
	    {"openai money=.5 picture=1", {0}, "is none of"},
	    {"openai money=1.2.3 picture=1", {0}, "is none of"},
	    {"openai money=1.0000001 picture=1", {0}, "is none of"},
	    {"openai money=99999999999999999999 picture=1", {0}, "is none of"},
	    {"openai euros=1", {0}, "is none of"},
	    {"openai money=5", {0}, "nothing would be counted"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		one = (struct limits){0};
		int read = limits_read(rows[i].text, one_found, NULL, &e);
		if ((read == 0) != (rows[i].says == NULL) || (read != 0 && strstr(e.text, rows[i].says) == NULL))
			fail_msg("%s: %s", rows[i].text, e.text);
		if (read == 0)
			assert_memory_equal(&one, &rows[i].wanted, sizeof one);
	}
}

static int set_up(void **state)
{
	(void)state;
	peer_start(&peer, htonl(INADDR_LOOPBACK), serve);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hold = false;
	peer_stop(&peer);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_setting_is_read_strictly),
	    cmocka_unit_test(money_is_counted_by_what_a_call_costs),
	    cmocka_unit_test(a_processor_has_its_own_number_of_calls),
	    cmocka_unit_test(what_is_not_paid_for_always_goes),
	    cmocka_unit_test(a_server_of_ones_own_has_limits_too),
	    cmocka_unit_test(a_crash_gives_nothing_back),
	    cmocka_unit_test(who_is_refused_when_his_turn_comes_holds_up_nobody),
	    cmocka_unit_test(nobody_overtakes_those_that_wait),
	    cmocka_unit_test(who_is_certain_to_be_refused_does_not_wait),
	    cmocka_unit_test(more_than_may_be_at_once_wait_their_turn),
	    cmocka_unit_test(those_of_a_minute_are_spread_over_it),
	    cmocka_unit_test(a_slow_processor_leaves_place_for_others),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
