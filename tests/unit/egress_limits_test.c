// SPDX-License-Identifier: ISC
// What one processor may get in a day, in a minute and at once, and for how much money; over restarts, and beside others.
#include "fcgi/egress/limits.h"
#include "policy/base/array.h"
#include "tests/unit/egress_support.h"
#include "tests/unit/policy_support.h"

static struct peer peer;
static atomic_int now_open, most_open;
static atomic_bool hold;

static void serve(struct peer *p, int fd, const char *path, const char *request)
{
	int open = ++now_open;
	(void)p, (void)path;
	if (open > most_open)
		most_open = open;
	if (strstr(request, "hang") != NULL)
		while (hold)
			usleep(5000);
	usleep(20000);
	now_open--;
	peer_answer(fd, strstr(request, "refuse") != NULL ? "400 Bad Request" : "200 OK", "application/json", "", "{}");
}

// Beside Azure there is a server of the controller's own.
static void limits_start(struct egress_child *c, const char *limits, const char *jobs)
{
	static char azure[128], own[128], key[] = "AZURE_OPENAI_API_KEY=k", set[256], at_once[64];
	const char *settings[] = {azure, own, key, set, jobs != NULL ? at_once : NULL, NULL};
	struct err e;
	BUF_AUTO struct buf text = {0};
	if (c->folder[0] == '\0') {
		char folder[128];
		read_policy(&text);
		replace_once(&text, "<processor id=\"sketch\"",
			     "<processor id=\"self-hosted\" name=\"x\" brand=\"x\" service=\"x\" roles=\"image\" order=\"3\" "
			     "standing=\"own\" trains=\"no\" "
			     "added=\"2026-05-11\" effective=\"2026-05-11\"><task>x</task><for purpose=\"make\"/><within>127.0.0.1</within>"
			     "<receives kind=\"prompt\"/></processor><processor id=\"sketch\"");
		egress_folder(c);
		assert_int_equal(file_write(c->policy, text.data, text.len, 0600, NULL, &e), 0);
		snprintf(folder, sizeof folder, "%s/egress", c->folder);
		assert_int_equal(mkdir(folder, 0700), 0);
	}
	snprintf(azure, sizeof azure, "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:%d", peer.port);
	snprintf(own, sizeof own, "SELF_HOSTED_URL=http://127.0.0.1:%d", peer.port);
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
	egress_ask(c, head_to("azure-openai", path, type), "{\"store\":false}", &reply, NULL);
	snprintf(code, sizeof code, "%s", reply_code(reply));
	return code;
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
	    cmocka_unit_test(more_than_may_be_at_once_wait_their_turn),
	    cmocka_unit_test(those_of_a_minute_are_spread_over_it),
	    cmocka_unit_test(a_slow_processor_leaves_place_for_others),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
