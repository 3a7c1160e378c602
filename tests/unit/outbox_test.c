// SPDX-License-Identifier: ISC
// Mails that wait: tried at their time and by one alone, given up in the end, forgotten when they were sent; and what is found after a kill.
#include "policy/rights/case.h"
#include "policy/rights/outbox.h"
#include "tests/unit/rights_place.h"
#include "tests/unit/rights_text.h"
#include <sys/wait.h>

#define TEXT "Your answer, with a word: Kastanie"

static int outbox_make(void **state)
{
	place_open(state, "bizimages", NULL);
	struct place *p = *state;
	p->asked = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT});
	return 0;
}

// A server: what it answers, and what it was given.
static struct {
	int answer;
	const char *failure;
	unsigned calls;
	char number[OUTBOX_NUMBER], to[MAIL_ADDRESS_SIZE], processor[32];
	kind_set kinds;
	bool kills;   // who asks is gone after it answered
	bool forgets; // which mail it was
} server;

static int server_take(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		       const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s)
{
	*wait_s = 0;
	(void)run;
	assert_string_equal(subject, "Subject");
	assert_int_equal(len, strlen(TEXT));
	assert_memory_equal(text, TEXT, len);
	server.calls++;
	if (*server.number != '\0' && !server.forgets)
		assert_string_equal(server.number, number); // the same however often
	snprintf(server.number, sizeof server.number, "%s", number);
	snprintf(server.to, sizeof server.to, "%s", to);
	snprintf(server.processor, sizeof server.processor, "%s", processor);
	server.kinds = kinds;
	if (server.failure != NULL)
		snprintf(failure, OUTBOX_FAILURE, "%s", server.failure);
	if (server.kills)
		_exit(9);
	return server.answer;
}
static const struct outbox_way way = {server_take, ""};

static void queued(struct place *p, char id[RECORD_ID_LEN + 1], int answer, const char *failure)
{
	const struct outbox_new mail = {.to = " Ines.probe@EXAMPLE.org",
					.subject = "Subject",
					.text = TEXT,
					.what = "acknowledge",
					.request = p->asked.id,
					.kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
	struct err e = {0};

	memset(&server, 0, sizeof server);
	server.answer = answer;
	server.failure = failure;
	assert_int_equal(outbox_add(p->vault, &mail, id, &e), 0);
}

static struct outbox_sent sending(struct place *p, const char *id, bool now)
{
	struct outbox_sent sent;
	struct err e = {0};

	if (outbox_send(p->vault, id, now, &way, &sent, &e) != 0)
		fail_msg("%s", e.text);
	return sent;
}

// The names of the request's events, and whether somebody confirmed that it came.
static void events(struct place *p, char *out, size_t size)
{
	BUF_AUTO struct buf json = BUF_INIT(1 << 20);
	struct err e = {0};
	const cJSON *event;

	assert_int_equal(rights_text(&json, rights_show_officer(p->vault, p->asked.id, false, &e)), 0);
	JSON_AUTO cJSON *shown = json_parse(buf_text(&json), json.len, &e);
	*out = '\0';
	cJSON_ArrayForEach(event, json_get(shown, "events"))
	{
		snprintf(out + strlen(out), size - strlen(out), "%s ", json_string(event, "event"));
	}
}

static int row_keep(void *arg, const struct outbox_row *row)
{
	struct outbox_row *kept = arg;
	static char state[32], failure[OUTBOX_FAILURE];

	snprintf(state, sizeof state, "%s", row->state);
	snprintf(failure, sizeof failure, "%s", row->failure);
	*kept = *row;
	kept->state = state;
	kept->failure = failure;
	return 0;
}

static struct outbox_row the_row(struct place *p)
{
	struct outbox_row row = {0};
	struct err e;

	assert_int_equal(outbox_each(p->vault, row_keep, &row, &e), 0);
	return row;
}

static void what_was_sent_is_forgotten(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1], told[512];
	struct vault_record r = {0};
	struct err e = {0};

	queued(p, id, 0, NULL);
	assert_int_equal(sending(p, NULL, false).sent, 1);
	assert_string_equal(server.to, "Ines.probe@example.org");
	assert_string_equal(server.processor, "smtp");
	assert_int_equal(server.kinds, KIND_BIT(KIND_OUTBOX) | KIND_BIT(KIND_RIGHTS_REQUEST));
	assert_int_equal(vault_get(p->vault, id, &r, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	events(p, told, sizeof told);
	assert_string_equal(told, "received mail-queued acknowledged mail-sent ");
	assert_int_equal(sending(p, NULL, true).sent, 0);
	assert_int_equal(server.calls, 1);
}

static void it_is_tried_at_its_time_and_given_up_in_the_end(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1], told[512];
	const time_t begin = when_now();
	time_t pause = 0, last = begin;
	unsigned calls = 0;

	queued(p, id, 1, "mail-later");
	for (time_t t = begin; t < begin + OUTBOX_GIVE_UP + 6 * 3600; t += 30) {
		when_stand_at(t);
		struct outbox_row row = the_row(p);
		if (strcmp(row.state, "failed") == 0)
			break;
		sending(p, NULL, false);
		if (server.calls == calls)
			continue;
		calls = server.calls;
		row = the_row(p);
		pause = row.next - t;
		assert_true(pause >= 45 && pause <= 5 * 3600); // a minute to four hours, a quarter more or less
		last = t;
	}
	assert_true(calls > 15 && calls < 50); // of three days
	assert_true(last >= begin + OUTBOX_GIVE_UP && last < begin + OUTBOX_GIVE_UP + 6 * 3600);
	assert_string_equal(the_row(p).state, "failed");
	assert_string_equal(the_row(p).failure, "mail-later");
	assert_int_equal(sending(p, NULL, false).failed, 1);
	assert_int_equal(server.calls, calls); // not by itself
	events(p, told, sizeof told);
	assert_string_equal(told, "received mail-queued mail-failed ");
	server.answer = 0;
	assert_int_equal(sending(p, NULL, true).sent, 1); // but when somebody says so
}

static void what_a_server_refuses_is_not_tried_again(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1], told[512];
	struct err e;

	queued(p, id, -1, "mail-refused");
	assert_int_equal(sending(p, id, true).failed, 1);
	when_stand_at(when_now() + 86400);
	assert_int_equal(sending(p, NULL, false).failed, 1);
	assert_int_equal(server.calls, 1);
	assert_int_equal(outbox_drop(p->vault, id, "anna", &e), 0);
	assert_null(the_row(p).state);
	events(p, told, sizeof told);
	assert_string_equal(told, "received mail-queued mail-failed mail-failed ");
}

// Killed when the server has taken it and nobody wrote that down: it is sent once more, under the same number, and not before its time.
static void a_kill_sends_twice_at_most(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	int status;

	queued(p, id, 0, NULL);
	server.kills = true;
	vault_close(p->vault);
	p->vault = NULL;
	fflush(NULL);
	pid_t child = fork();
	struct err e = {0};
	if (child == 0) {
		struct outbox_sent out;
		if (vault_open(&p->vault, p->state, p->run, p->policy, VAULT_PROGRAM, &e) == 0)
			(void)outbox_send(p->vault, id, true, &way, &out, &e);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 9);
	server.kills = false;
	assert_int_equal(vault_open(&p->vault, p->state, p->run, p->policy, VAULT_PROGRAM, &e), 0);
	assert_int_equal(sending(p, NULL, false).waiting, 1);
	assert_int_equal(server.calls, 0); // of this process: its time has not come
	when_stand_at(when_now() + 120);
	assert_int_equal(sending(p, NULL, false).sent, 1);
	assert_int_equal(sending(p, NULL, true).sent, 0);
	assert_int_equal(server.calls, 1);
}

static void erasing_the_request_erases_its_mail(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct erase_result r;
	struct err e = {0};

	queued(p, id, 0, NULL);
	assert_int_equal(vault_erase(p->vault, ERASE_RECORD, p->asked.id, false, &r, &e), 0);
	assert_null(the_row(p).state);
	assert_int_equal(sending(p, NULL, true).sent, 0);
	assert_int_equal(server.calls, 0);
}

static void what_is_no_address_is_not_taken(void **state)
{
	struct place *p = *state;
	static const char *const bad[] = {
	    "", "ines", "a@b", "a\r\nb@example.org", "ines@example.org\nBcc: x@example.org", "in\xc3\xa4s@example.org"};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const struct outbox_new mail = {.to = bad[i], .subject = "Subject", .text = TEXT, .what = "answer", .request = p->asked.id};
		assert_int_equal(outbox_add(p->vault, &mail, id, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	POLICY_AUTO struct policy *none = policy_load_as("policy/sites/image-describer.xml", true, &messages);
	assert_non_null(none);
	assert_null(outbox_processor(none));
}

// One delivery's timeout per run, however many mails wait; each has its turn later.
// The others go all the same, and what went wrong is told.
static void a_mail_that_cannot_be_read_holds_up_no_other(void **state)
{
	static const char body[] = "{\"what\":7}";
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	assert_int_equal(
	    vault_put(p->vault, &(struct vault_new){.kind = KIND_OUTBOX, .body = body, .body_len = sizeof body - 1}, NULL, id, &e), 0);
	queued(p, id, 0, "");
	assert_int_equal(
	    vault_put(p->vault, &(struct vault_new){.kind = KIND_OUTBOX, .body = body, .body_len = sizeof body - 1}, NULL, id, &e), 0);
	assert_int_equal(outbox_send(p->vault, NULL, true, &way, &sent, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_int_equal(sent.sent, 1);
	assert_int_equal(server.calls, 1);
}

static void a_server_that_hangs_costs_one_timeout_a_run(void **state)
{
	static const char *const down[] = {"timeout", "no-egress"};
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];

	for (size_t i = 0; i < ARRAY_LEN(down); i++) {
		for (int mail = 0; mail < 3; mail++)
			queued(p, id, 1, down[i]);
		struct outbox_sent sent = sending(p, NULL, true);
		assert_int_equal(server.calls, 1);
		assert_int_equal(sent.waiting, 3);
		memset(&server, 0, sizeof server);
		server.answer = 1;
		server.failure = "mail-later"; // of that mail
		server.forgets = true;
		assert_int_equal(sending(p, NULL, true).waiting, 3);
		assert_int_equal(server.calls, 3);
		server.answer = 0;
		assert_int_equal(sending(p, NULL, true).sent, 3);
	}
}

// Article 33: the 72 hours end when a server took the letter, and not when it was queued.
static void the_letter_to_the_authority_ends_its_hours(void **state)
{
	struct place *p = *state;
	JSON_AUTO cJSON *members = cJSON_CreateObject();
	char incident[RECORD_ID_LEN + 1], id[RECORD_ID_LEN + 1];
	struct err e = {0};

	const struct case_new new = {.type = CASE_INCIDENT, .members = members, .by = "Ada", .due = when_now() + 3600, .details = "{}"};
	assert_int_equal(case_add(p->vault, &new, incident, &e), 0);
	const struct outbox_new mail = {.to = CONTACT, .subject = "Subject", .text = TEXT, .what = "incident", .incident = incident};
	memset(&server, 0, sizeof server);
	server.answer = 1;
	assert_int_equal(outbox_add(p->vault, &mail, id, &e), 0);
	sending(p, id, true);
	JSON_AUTO cJSON *waiting = case_show(p->vault, CASE_BIT(CASE_INCIDENT), incident, &e);
	assert_int_equal(json_time(waiting, "authority_notified"), 0);
	assert_int_not_equal(json_time(waiting, "due"), 0);
	server.answer = 0;
	sending(p, id, true);
	assert_int_equal(server.kinds, KIND_BIT(KIND_OUTBOX)); // nothing of anybody
	JSON_AUTO cJSON *told = case_show(p->vault, CASE_BIT(CASE_INCIDENT), incident, &e);
	assert_int_not_equal(json_time(told, "authority_notified"), 0);
	assert_int_equal(json_time(told, "due"), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, outbox_make, place_drop)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_sent_is_forgotten),
	    TEST(it_is_tried_at_its_time_and_given_up_in_the_end),
	    TEST(what_a_server_refuses_is_not_tried_again),
	    TEST(a_kill_sends_twice_at_most),
	    TEST(erasing_the_request_erases_its_mail),
	    TEST(what_is_no_address_is_not_taken),
	    TEST(a_mail_that_cannot_be_read_holds_up_no_other),
	    TEST(a_server_that_hangs_costs_one_timeout_a_run),
	    TEST(the_letter_to_the_authority_ends_its_hours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
