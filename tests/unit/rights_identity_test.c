// SPDX-License-Identifier: ISC
// Who asks shows that they read the mails of the address that they gave: by the button behind the link, or by the code; once, within an hour, for this request
// alone. And nothing is answered before that.
#include "policy/rights/export.h"
#include "policy/rights/identity.h"
#include "policy/rights/outbox.h"
#include "policy/rights/rectify.h"
#include "tests/unit/rights_place.h"
#include "tests/unit/rights_text.h"

static struct rights_receipt asked(struct place *p, const char *right, const char *contact)
{
	return place_asked(p, &(struct rights_new){.right = right, .contact = contact});
}

// With a request for restriction, which asks for control of the address.
static int identity_make(void **state)
{
	static const char *const changes[][2] = {
	    {"<right id=\"restriction\" verify=\"receipt\"", "<right id=\"restriction\" verify=\"mail\""},
	    {"<right id=\"objection\" verify=\"receipt\"", "<right id=\"objection\" verify=\"identity\""},
	    {NULL, NULL}};

	place_open(state, "bizimages", changes);
	struct place *p = *state;
	p->asked = asked(p, "restriction", CONTACT);
	return 0;
}

// What the mail server was given last.
static struct {
	int answer;
	unsigned calls;
	char token[TOKEN_LEN + 1], code[IDENTITY_CODE_LEN + 1];
} server;

static int server_take(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		       const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s)
{
	*wait_s = 0;
	static const char before[] = "https://bizimages.example/rights/confirm/";
	const char *link = strstr(text, before), *code;
	(void)run;
	(void)processor;
	(void)subject;
	(void)number;
	(void)kinds;
	assert_string_equal(to, CONTACT);
	assert_int_equal(len, strlen(text));
	assert_non_null(link);
	link += strlen(before);
	assert_int_equal(strcspn(link, "\n"), TOKEN_LEN);
	memcpy(server.token, link, TOKEN_LEN);
	assert_null(strstr(text, "{"));
	code = strstr(text, "page of your request: ");
	assert_non_null(code);
	code += strlen("page of your request: ");
	assert_int_equal(strspn(code, "0123456789"), IDENTITY_CODE_LEN);
	memcpy(server.code, code, IDENTITY_CODE_LEN);
	server.calls++;
	if (server.answer != 0)
		snprintf(failure, OUTBOX_FAILURE, "mail-later");
	return server.answer;
}
static const struct outbox_way way = {server_take, ""};

static bool mailed_by(struct place *p, const char *id, const char *by)
{
	char mail[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	memset(&server, 0, sizeof server);
	if (identity_mail(p->vault, p->policy, id, by, "who asks", mail, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(outbox_send(p->vault, mail, false, &way, &sent, &e), 0);
	return sent.sent == 1;
}

// By an officer, whose mails no limit holds back.
static void mailed(struct place *p, const char *id)
{
	assert_true(mailed_by(p, id, "anna"));
}

static cJSON *body_of(struct place *p, const char *id, struct vault_record *record)
{
	struct err e = {0};

	assert_int_equal(vault_get(p->vault, id, record, &e), 0);
	cJSON *body = json_parse(buf_text(&record->body), record->body.len, &e);
	assert_non_null(body);
	return body;
}

static bool waits(struct place *p, const char *id)
{
	struct vault_record record = {0};
	JSON_AUTO cJSON *body = body_of(p, id, &record);

	vault_record_free(&record);
	return json_get(body, "identity") != NULL;
}

// Their id and the secret of who pressed it last.
static char pressed_id[RECORD_ID_LEN + 1], pressed_secret[TOKEN_LEN + 1];

static int press(struct vault *v, const char *token, struct err *e)
{
	return identity_confirm_link(v, token, NULL, pressed_id, pressed_secret, e);
}

static int link_try(struct place *p)
{
	struct err e = {0};
	int ret = press(p->vault, server.token, &e);

	assert_int_equal(e.code, ret == 0 ? ERR_NONE : ERR_NOT_FOUND);
	return ret;
}

static int code_try(struct place *p, const char *id, const char *code)
{
	struct err e = {0};
	int ret = identity_confirm_code(p->vault, id, code, &e);

	assert_int_equal(e.code, ret == 0 ? ERR_NONE : ERR_INPUT);
	return ret;
}

static bool is_shown(struct place *p, const char *id)
{
	return rights_check_identity(p->vault, id, NULL) == 0;
}

static void code_wrong(char out[IDENTITY_CODE_LEN + 1])
{
	snprintf(out, IDENTITY_CODE_LEN + 1, "%s", server.code);
	out[5] = out[5] == '9' ? '0' : (char)(out[5] + 1);
}

static void the_button_behind_the_link_shows_it(void **state)
{
	struct place *p = *state;
	const char *id = p->asked.id;
	struct identity_request about;
	struct err e = {0};

	assert_false(is_shown(p, id));
	mailed(p, id);
	JSON_AUTO cJSON *waiting = place_shown(p, &p->asked);
	assert_string_equal(json_string(waiting, "state"), "waiting");
	assert_true(cJSON_IsTrue(json_get(json_get(waiting, "confirm"), "mail")));
	assert_non_null(json_string(json_get(waiting, "confirm"), "until"));
	assert_true(cJSON_IsTrue(json_get(cJSON_GetArrayItem(json_get(waiting, "clocks"), 0), "paused")));
	for (int i = 0; i < 3; i++) { // a scanner that follows it, however often
		assert_int_equal(identity_link_find(p->vault, server.token, &about, &e), 0);
		assert_string_equal(about.id, id);
		assert_string_equal(about.right, "restriction");
		assert_false(is_shown(p, id));
	}
	assert_int_equal(link_try(p), 0);
	assert_true(is_shown(p, id));
	JSON_AUTO cJSON *after = place_shown(p, &p->asked);
	assert_string_equal(json_string(after, "state"), "open");
	assert_null(json_get(after, "confirm"));
	assert_false(cJSON_IsTrue(json_get(cJSON_GetArrayItem(json_get(after, "clocks"), 0), "paused")));
	const cJSON *events = json_get(after, "events"), *last = cJSON_GetArrayItem(events, cJSON_GetArraySize(events) - 1);
	assert_string_equal(json_string(last, "event"), "identity-given");
	assert_string_equal(json_string(last, "how"), "mail");
	assert_string_equal(json_string(last, "by"), "person");
	// Who was shown is not asked again; and the code is used.
	char mail[RECORD_ID_LEN + 1];
	assert_int_equal(identity_mail(p->vault, p->policy, id, "anna", "a doubt", mail, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	place_did(p, id, &(struct rights_act){.event = EVENT_IDENTITY_ASKED, .by = "anna", .reason = "a doubt"}, ERR_REFUSED);
	assert_int_equal(code_try(p, id, server.code), -1);
	// Pressed twice, it gives another secret and says nothing twice; an hour later it does nothing.
	struct rights_receipt one = {0}, two = {0};
	snprintf(one.id, sizeof one.id, "%s", pressed_id);
	snprintf(one.secret, sizeof one.secret, "%s", pressed_secret);
	const time_t now = when_now();
	when_stand_at(now);
	assert_int_equal(identity_link_find(p->vault, server.token, &about, &e), 0);
	assert_int_equal(link_try(p), 0);
	snprintf(two.id, sizeof two.id, "%s", pressed_id);
	snprintf(two.secret, sizeof two.secret, "%s", pressed_secret);
	BUF_AUTO struct buf none = BUF_INIT(1 << 20);
	assert_int_equal(rights_text(&none, rights_show(p->vault, one.id, one.secret, &e)), -1);
	JSON_AUTO cJSON *again = place_shown(p, &two);
	assert_int_equal(cJSON_GetArraySize(json_get(again, "events")), cJSON_GetArraySize(events));
	assert_null(json_get(again, "mailbox"));
	when_stand_at(now + OUTBOX_LINK_SECONDS);
	assert_int_equal(link_try(p), -1);
	assert_int_equal(identity_link_find(p->vault, server.token, &about, &e), -1);
}

static void the_code_shows_it_as_people_type_it(void **state)
{
	struct place *p = *state;
	char typed[32];

	mailed(p, p->asked.id);
	static const char *const none[] = {"", "12345", "1234567", "12345a", "１２３４５６", "-", "      "};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(code_try(p, p->asked.id, none[i]), -1);
	snprintf(typed, sizeof typed, " %.3s %.3s \n", server.code, server.code + 3);
	assert_int_equal(code_try(p, p->asked.id, typed), 0);
	assert_true(is_shown(p, p->asked.id));
	assert_int_equal(code_try(p, p->asked.id, typed), -1);
}

static void five_wrong_codes_are_the_last(void **state)
{
	struct place *p = *state;
	const char *id = p->asked.id;
	char wrong[IDENTITY_CODE_LEN + 1];
	const cJSON *event;
	int failed = 0;

	mailed(p, id);
	code_wrong(wrong);
	for (int i = 0; i < IDENTITY_TRIES; i++)
		assert_int_equal(code_try(p, id, wrong), -1);
	assert_int_equal(code_try(p, id, server.code), -1); // the right one
	assert_false(is_shown(p, id));
	for (int i = 0; i < 3; i++)
		assert_int_equal(code_try(p, id, wrong), -1);
	JSON_AUTO cJSON *after = place_shown(p, &p->asked);
	cJSON_ArrayForEach(event, json_get(after, "events"))
	{
		failed += strcmp(json_string(event, "event"), "identity-failed") == 0;
	}
	assert_int_equal(failed, IDENTITY_TRIES); // and no more is written
	assert_true(cJSON_IsNull(json_get(json_get(after, "confirm"), "until")));
	assert_int_equal(link_try(p), 0); // 128 bits cannot be guessed
	// A new mail has five new ones, and four wrong ones take nothing away.
	const struct rights_receipt other = asked(p, "restriction", "other@example.org");
	const struct rectify_value to = {"contact", CONTACT};
	struct err e = {0};
	assert_int_equal(rectify_request(p->vault, other.id, &to, 1, "person", NULL, &e), 0);
	mailed(p, other.id);
	code_wrong(wrong);
	for (int i = 0; i < IDENTITY_TRIES; i++)
		assert_int_equal(code_try(p, other.id, wrong), -1);
	mailed(p, other.id);
	code_wrong(wrong);
	for (int i = 0; i + 1 < IDENTITY_TRIES; i++)
		assert_int_equal(code_try(p, other.id, wrong), -1);
	assert_int_equal(code_try(p, other.id, server.code), 0);
}

static void the_code_holds_for_an_hour_and_the_link_for_a_day(void **state)
{
	struct place *p = *state;
	const time_t begin = when_now();

	when_stand_at(begin);
	assert_true(mailed_by(p, p->asked.id, "site"));
	char code[sizeof server.code], token[sizeof server.token];
	memcpy(code, server.code, sizeof code);
	memcpy(token, server.token, sizeof token);
	when_stand_at(begin + IDENTITY_LIFE / 2);
	assert_false(mailed_by(p, p->asked.id, "site")); // what is withheld makes the one before hold no longer
	memcpy(server.token, token, sizeof server.token);
	when_stand_at(begin + IDENTITY_LIFE);
	assert_int_equal(code_try(p, p->asked.id, code), -1);
	when_stand_at(begin + OUTBOX_LINK_SECONDS);
	assert_int_equal(link_try(p), -1);
	when_stand_at(begin + OUTBOX_LINK_SECONDS - 1);
	assert_int_equal(link_try(p), 0);
}

static void a_newer_code_takes_the_place_of_the_older(void **state)
{
	struct place *p = *state;
	char token[TOKEN_LEN + 1], code[IDENTITY_CODE_LEN + 1];
	struct err e = {0};

	mailed(p, p->asked.id);
	memcpy(token, server.token, sizeof token);
	memcpy(code, server.code, sizeof code);
	do
		mailed(p, p->asked.id);
	while (strcmp(code, server.code) == 0);
	assert_int_equal(code_try(p, p->asked.id, code), -1);
	assert_int_equal(code_try(p, p->asked.id, server.code), 0);
	assert_int_equal(press(p->vault, token, &e), 0);
}

// What the sender of a request is shown of it, without its number.
static void shown_text(struct place *p, const struct rights_receipt *r, struct buf *out)
{
	JSON_AUTO cJSON *shown = place_shown(p, r);

	cJSON_DeleteItemFromObjectCaseSensitive(shown, "id");
	assert_int_equal(json_print(out, shown), 0);
}

// A stranger uses up the mails of an hour, and of a day, and takes their requests back. The owner is shown the same as they were, has a link that shows theirs, and the
// stranger a request that says nothing of it.
static void whoever_asks_in_ones_name_takes_no_mail_from_one(void **state)
{
	struct place *p = *state;
	const time_t begin = when_now();
	char token[TOKEN_LEN + 1] = "", id[RECORD_ID_LEN + 1], owner[TOKEN_LEN + 1];
	BUF_AUTO struct buf first = BUF_INIT(1 << 20), later = BUF_INIT(1 << 20);
	struct identity_request about;
	struct err e = {0};
	unsigned went = 0;

	for (int hour = 0; hour < 6; hour++) {
		when_stand_at(begin + hour * 3601);
		const struct rights_receipt theirs = asked(p, "restriction", CONTACT);
		if (mailed_by(p, theirs.id, "site")) {
			memcpy(token, server.token, sizeof token);
			went++;
		}
		assert_int_equal(rights_withdraw(p->vault, theirs.id, theirs.secret, &e), 0);
	}
	assert_int_equal(went, OUTBOX_CONFIRM_DAY);
	const struct rights_receipt own = asked(p, "restriction", CONTACT), nobodys = asked(p, "restriction", "other@example.org");
	assert_false(mailed_by(p, own.id, "site"));
	shown_text(p, &own, &first);
	assert_non_null(strstr(buf_text(&first), "\"mail-sent\""));
	// The link is of a request that is over, and shows another one of its address.
	assert_int_equal(identity_link_find(p->vault, token, &about, &e), 0);
	assert_string_equal(about.right, "");
	assert_int_equal(identity_confirm_link(p->vault, token, NULL, id, owner, &e), -1);
	assert_int_equal(identity_confirm_link(p->vault, token, nobodys.id, id, owner, &e), -1);
	assert_false(is_shown(p, nobodys.id));
	assert_int_equal(identity_confirm_link(p->vault, token, own.id, id, owner, &e), 0);
	assert_true(is_shown(p, own.id));
	// Who has shown it may have the next mail within the hour; a day later the first ones do not count, and an address that nobody asked for is answered the same.
	when_stand_at(begin + 6 * 3601 + 86400);
	const struct rights_receipt again = asked(p, "restriction", CONTACT);
	assert_true(mailed_by(p, again.id, "site"));
	assert_int_equal(link_try(p), 0);
	const struct rights_receipt next = asked(p, "restriction", CONTACT);
	assert_true(mailed_by(p, next.id, "site"));
	const struct rights_receipt withheld = asked(p, "restriction", CONTACT);
	assert_false(mailed_by(p, withheld.id, "site"));
	buf_reset(&first);
	shown_text(p, &next, &first);
	shown_text(p, &withheld, &later);
	assert_string_equal(buf_text(&first), buf_text(&later));
}

static void what_is_wrong_looks_alike(void **state)
{
	struct place *p = *state;
	char token[TOKEN_LEN + 1];

	mailed(p, p->asked.id);
	memcpy(token, server.token, sizeof token);
	static const char *const tokens[] = {"", "x", "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU",
					     "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yV", "../../../../../../../../../../../../etc/pas"};
	for (size_t i = 0; i < ARRAY_LEN(tokens) + TOKEN_LEN; i++) {
		char bad[TOKEN_LEN + 1];
		struct identity_request about;
		struct err by_get = {0}, by_post = {0};
		snprintf(bad, sizeof bad, "%s", i < ARRAY_LEN(tokens) ? tokens[i] : token);
		if (i >= ARRAY_LEN(tokens)) // any one letter of it
			bad[i - ARRAY_LEN(tokens)] = bad[i - ARRAY_LEN(tokens)] == 'A' ? 'B' : 'A';
		assert_int_equal(identity_link_find(p->vault, bad, &about, &by_get), -1);
		assert_int_equal(press(p->vault, bad, &by_post), -1);
		assert_int_equal(by_get.code, ERR_NOT_FOUND);
		assert_int_equal(by_post.code, ERR_NOT_FOUND);
	}
	assert_false(is_shown(p, p->asked.id));
	assert_int_equal(link_try(p), 0);
}

// The code of a mail that waits.
static void code_waiting(struct place *p, const char *mail, char out[IDENTITY_CODE_LEN + 1])
{
	struct vault_record record = {0};
	struct err e = {0};

	assert_int_equal(vault_get(p->vault, mail, &record, &e), 0);
	JSON_AUTO cJSON *body = json_parse(buf_text(&record.body), record.body.len, &e);
	snprintf(out, IDENTITY_CODE_LEN + 1, "%s", json_string(body, "code"));
	vault_record_free(&record);
}

// What was asked for and did not go can be guessed as little as what was not asked for, and takes nothing from what went: neither its code, nor the guesses at it.
static void the_code_of_a_mail_counts_once_it_went(void **state)
{
	struct place *p = *state;
	char mail[RECORD_ID_LEN + 1], went[IDENTITY_CODE_LEN + 1], other[IDENTITY_CODE_LEN + 1], wrong[IDENTITY_CODE_LEN + 1];
	const struct rights_receipt second = asked(p, "restriction", CONTACT), third = asked(p, "restriction", CONTACT);
	struct outbox_sent sent;
	struct err e = {0};

	memset(&server, 0, sizeof server);
	server.answer = 1; // later
	assert_int_equal(identity_mail(p->vault, p->policy, p->asked.id, "site", NULL, mail, &e), 0);
	code_waiting(p, mail, went);
	assert_int_equal(outbox_send(p->vault, mail, false, &way, &sent, &e), 0);
	assert_int_equal(code_try(p, p->asked.id, went), -1);
	server.answer = 0;
	assert_int_equal(outbox_send(p->vault, mail, true, &way, &sent, &e), 0);
	assert_int_equal(sent.sent, 1);
	for (int i = 0; i < 2; i++) { // of the request whose mail went, and of one whose mail did not
		const struct rights_receipt *r = i == 0 ? &p->asked : &second;
		do {
			assert_int_equal(identity_mail(p->vault, p->policy, r->id, "site", NULL, mail, &e), 0);
			code_waiting(p, mail, other);
			assert_int_equal(outbox_send(p->vault, mail, false, &way, &sent, &e), 0);
			assert_int_equal(sent.sent, 0);
		} while (strcmp(other, went) == 0);
		assert_int_equal(code_try(p, r->id, other), -1);
		JSON_AUTO cJSON *shown = place_shown(p, r);
		const cJSON *events = json_get(shown, "events"), *last = cJSON_GetArrayItem(events, cJSON_GetArraySize(events) - 1);
		assert_string_equal(json_string(last, "event"), "identity-failed");
		assert_non_null(json_string(json_get(shown, "confirm"), "until"));
	}
	assert_int_equal(code_try(p, p->asked.id, went), 0);
	// Whoever asks again has no guesses more at the one that went.
	assert_true(mailed_by(p, third.id, "site"));
	memcpy(went, server.code, sizeof went);
	code_wrong(wrong);
	for (int i = 0; i < IDENTITY_TRIES; i++) {
		assert_int_equal(code_try(p, third.id, wrong), -1);
		assert_int_equal(identity_mail(p->vault, p->policy, third.id, "site", NULL, mail, &e), 0);
		assert_int_equal(outbox_send(p->vault, mail, false, &way, &sent, &e), 0);
	}
	assert_int_equal(code_try(p, third.id, went), -1);
}

// The link shows another request of its address where the policy asks for no more than that; one that an officer asked by mail for, it shows itself.
static void a_link_shows_no_more_than_a_mail_can(void **state)
{
	struct place *p = *state;
	const struct rights_receipt more = asked(p, "objection", CONTACT), joined = asked(p, "restriction", CONTACT);
	char id[RECORD_ID_LEN + 1], owner[TOKEN_LEN + 1];
	struct err e = {0};

	assert_int_equal(rights_join(p->vault, joined.id, p->asked.id, &(struct rights_act){.by = "anna"}, &e), 0);
	mailed(p, p->asked.id);
	const char *const numbers[] = {more.id, joined.id};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		assert_int_equal(identity_confirm_link(p->vault, server.token, numbers[i], id, owner, &e), -1);
		assert_int_equal(e.code, ERR_NOT_FOUND);
		assert_false(is_shown(p, numbers[i]));
	}
	assert_int_equal(identity_confirm_link(p->vault, server.token, p->asked.id, id, owner, &e), 0);
	mailed(p, more.id);
	assert_int_equal(link_try(p), 0);
	assert_true(is_shown(p, more.id));
}

// A link that is used after the code gives the request to who has it: that stands there.
static void who_takes_a_request_over_is_recorded(void **state)
{
	struct place *p = *state;

	mailed(p, p->asked.id);
	assert_int_equal(code_try(p, p->asked.id, server.code), 0);
	for (int i = 0; i < 2; i++) {
		struct rights_facts facts;
		assert_int_equal(link_try(p), 0);
		JSON_AUTO cJSON *body = rights_read(p->vault, p->asked.id, &facts, NULL);
		const cJSON *event;
		int given = 0;
		cJSON_ArrayForEach(event, json_get(body, "events"))
		{
			given += rights_event_read(event) == EVENT_IDENTITY_GIVEN;
		}
		assert_int_equal(given, 2);
	}
}

static int member_move(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	(void)facts;
	(void)e;
	cJSON_DeleteItemFromObjectCaseSensitive(body, "identity");
	cJSON_AddItemToObject(body, "identity", cJSON_Duplicate(arg, true));
	return rights_event_add(body, EVENT_NOTE, when_now(), "anna") != NULL ? 0 : -1;
}

// What was kept of one request's code is worth nothing in another one, and a link nothing for another address.
static void each_secret_is_bound_to_its_request_and_to_its_address(void **state)
{
	struct place *p = *state;
	const struct rights_receipt other = asked(p, "restriction", CONTACT);
	const struct rectify_value away = {"contact", "other@example.org"};
	const struct rights_act act = {.event = EVENT_NOTE, .by = "anna"};
	struct vault_record record = {0};
	char id[RECORD_ID_LEN + 1], owner[TOKEN_LEN + 1];
	struct err e = {0};

	mailed(p, other.id);
	JSON_AUTO cJSON *others = body_of(p, other.id, &record);
	vault_record_free(&record);
	mailed(p, p->asked.id);
	JSON_AUTO cJSON *body = body_of(p, p->asked.id, &record);
	vault_record_free(&record);
	cJSON *identity = cJSON_GetObjectItemCaseSensitive(body, "identity");
	cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(identity, "mail"), json_string(json_get(others, "identity"), "mail"));
	assert_int_equal(rectify_request(p->vault, other.id, &away, 1, "person", NULL, &e), 0);
	assert_int_equal(rights_edit(p->vault, other.id, member_move, identity, "request-event", &act, &e), 0);
	assert_int_equal(code_try(p, other.id, server.code), -1);
	assert_int_equal(identity_confirm_link(p->vault, server.token, other.id, id, owner, &e), -1);
	assert_int_equal(link_try(p), 0);
}

// Another request that an officer joined to the first is answered with it, and may be somebody else's.
static void it_shows_nothing_for_what_is_joined(void **state)
{
	struct place *p = *state;
	const struct rights_receipt joined = asked(p, "restriction", CONTACT);
	struct err e = {0};

	assert_int_equal(rights_join(p->vault, joined.id, p->asked.id, &(struct rights_act){.by = "anna"}, &e), 0);
	JSON_AUTO cJSON *of = place_shown(p, &joined);
	assert_null(json_get(of, "confirm"));
	mailed(p, p->asked.id);
	assert_int_equal(code_try(p, joined.id, server.code), -1);
	assert_int_equal(link_try(p), 0);
	assert_true(is_shown(p, p->asked.id));
	assert_false(is_shown(p, joined.id));
	// The answer to the first ends both, and says nothing to the other.
	const struct rights_act answer = {.event = EVENT_ANSWERED, .by = "anna", .text = "done"};
	assert_int_equal(rights_act(p->vault, p->asked.id, &answer, &e), 0);
	JSON_AUTO cJSON *after = place_shown(p, &joined);
	assert_string_equal(json_string(after, "state"), "fulfilled");
}

static void the_end_of_the_request_ends_it(void **state)
{
	static const struct rights_act ends[] = {
	    {.event = EVENT_WITHDRAWN, .by = "person"},
	    {.event = EVENT_CLOSED, .by = "anna", .ground = "non-responsive"},
	    {.event = EVENT_REFUSED, .by = "anna", .ground = "identity-failure", .reason = "nothing came"},
	    {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "document", .reason = "seen at the desk"},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct err e = {0};
		const struct rights_receipt r = i == 0 ? p->asked : asked(p, "restriction", CONTACT);
		mailed(p, r.id);
		assert_true(waits(p, r.id));
		if (rights_act(p->vault, r.id, &ends[i], &e) != 0)
			fail_msg("%s", e.text);
		assert_false(waits(p, r.id));
		assert_int_equal(code_try(p, r.id, server.code), -1);
		assert_int_equal(link_try(p), ends[i].event == EVENT_IDENTITY_GIVEN ? 0 : -1); // and that the address is theirs, too
	}
}

// Who reads the mails of one address could else have what is asked for go to another one.
static void another_address_is_to_be_shown_anew(void **state)
{
	struct place *p = *state;
	const char *id = p->asked.id;
	const struct rectify_value away = {"contact", "eve@example.net"}, back = {"contact", CONTACT}, says = {"message", "and more"};
	struct err e = {0};

	mailed(p, id);
	assert_int_equal(rectify_request(p->vault, id, &away, 1, "person", NULL, &e), 0);
	assert_int_equal(link_try(p), -1);
	assert_int_equal(rectify_request(p->vault, id, &back, 1, "person", NULL, &e), 0);
	assert_int_equal(code_try(p, id, server.code), -1);
	assert_int_equal(link_try(p), 0); // to whom it was sent
	assert_int_equal(rectify_request(p->vault, id, &says, 1, "person", NULL, &e), 0);
	assert_true(is_shown(p, id));
	assert_int_equal(rectify_request(p->vault, id, &away, 1, "person", NULL, &e), 0);
	assert_false(is_shown(p, id));
	const struct rights_act answer = {.event = EVENT_ANSWERED, .by = "anna", .text = "done"};
	assert_int_equal(rights_act(p->vault, id, &answer, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

static int member_break(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	cJSON *member = cJSON_Parse(arg);
	(void)facts;
	(void)e;

	cJSON_DeleteItemFromObjectCaseSensitive(body, "identity");
	if (member != NULL)
		cJSON_AddItemToObject(body, "identity", member);
	return rights_event_add(body, EVENT_NOTE, when_now(), "anna") != NULL ? 0 : -1;
}

static void what_is_damaged_shows_nothing(void **state)
{
	static const char *const members[] = {"null",
					      "7",
					      "\"x\"",
					      "[]",
					      "{}",
					      "{\"code\":2,\"until\":3,\"tries\":4}",
					      "{\"code\":\"\",\"until\":\"2099-01-01T00:00:00Z\",\"tries\":0}",
					      "{\"code\":null,\"until\":\"2099-01-01T00:00:00Z\",\"tries\":\"0\"}",
					      "{\"code\":\"x\",\"until\":\"tomorrow\",\"tries\":0}",
					      "{\"code\":\"x\",\"until\":\"2099-01-01T00:00:00Z\"}"};
	struct place *p = *state;
	const struct rights_act act = {.event = EVENT_NOTE, .by = "anna"};

	mailed(p, p->asked.id);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		struct err e = {0};
		char text[256];
		snprintf(text, sizeof text, "%s", members[i]);
		assert_int_equal(rights_edit(p->vault, p->asked.id, member_break, text, "request-event", &act, &e), 0);
		assert_int_equal(code_try(p, p->asked.id, server.code), -1);
		assert_false(is_shown(p, p->asked.id));
		cJSON_Delete(place_shown(p, &p->asked));
	}
	mailed(p, p->asked.id);
	assert_int_equal(code_try(p, p->asked.id, server.code), 0);
}

struct secrets_seen {
	bool link, code;
	unsigned mails;
};

static int row_look(void *arg, const struct outbox_row *row)
{
	struct secrets_seen *seen = arg;
	const char *texts[] = {row->to, row->subject, row->text, row->what, row->request, row->failure};

	seen->mails++;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		seen->link = seen->link || strstr(texts[i], "confirm/") != NULL;
		seen->code = seen->code || strstr(texts[i], server.code) != NULL;
	}
	return 0;
}

static int piece_take(void *arg, const void *bytes, size_t len)
{
	return buf_add(arg, bytes, len);
}

static void who_looks_at_the_outbox_sees_no_secret(void **state)
{
	struct place *p = *state;
	char mail[RECORD_ID_LEN + 1], token[TOKEN_LEN + 1];
	BUF_AUTO struct buf copy = BUF_INIT(1 << 20);
	struct secrets_seen seen = {0};
	PERSON_AUTO struct person named = {0};
	struct export_selector by[EXPORT_SELECTORS_MAX];
	struct vault_record record = {0};
	struct outbox_sent sent;
	struct export *x = NULL;
	struct err e = {0};
	size_t count = 0;

	memset(&server, 0, sizeof server);
	server.answer = 1; // later
	assert_int_equal(identity_mail(p->vault, p->policy, p->asked.id, "site", NULL, mail, &e), 0);
	assert_int_equal(outbox_send(p->vault, mail, false, &way, &sent, &e), 0);
	assert_int_equal(sent.waiting, 1);
	assert_int_equal(server.calls, 1);
	memcpy(token, server.token, sizeof token);
	assert_int_equal(outbox_each(p->vault, row_look, &seen, &e), 0);
	assert_int_equal(seen.mails, 1);
	assert_false(seen.link || seen.code);
	// Nor in the request, to the officer who may see all of it, nor in a copy for the person, who may be somebody else.
	JSON_AUTO cJSON *body = body_of(p, p->asked.id, &record);
	assert_null(strstr(buf_text(&record.body), token));
	assert_null(strstr(buf_text(&record.body), server.code));
	vault_record_free(&record);
	const char *hash = json_string(json_get(body, "identity"), "code");
	assert_int_equal(strlen(hash), 64);
	assert_int_equal(rights_text(&copy, rights_show_officer(p->vault, p->asked.id, true, &e)), 0);
	assert_null(strstr(buf_text(&copy), hash));
	buf_reset(&copy);
	assert_int_equal(export_of_request(p->vault, p->asked.id, EXPORT_CONTACT_PROVEN, by, &count, &named, &e), 0);
	assert_int_equal(export_gather(&x, p->vault, p->policy, by, count, &e), 0);
	assert_int_equal(export_write(x, NULL, piece_take, &copy, &e), 0);
	export_free(x);
	assert_null(memmem(copy.data, copy.len, token, TOKEN_LEN));
	assert_null(memmem(copy.data, copy.len, hash, 64));
	// After an hour it is not sent, whoever wants to, and the request says so.
	when_stand_at(when_now() + IDENTITY_LIFE);
	server.answer = 0;
	assert_int_equal(outbox_send(p->vault, mail, true, &way, &sent, &e), 0);
	assert_int_equal(server.calls, 1);
	seen = (struct secrets_seen){0};
	assert_int_equal(outbox_each(p->vault, row_look, &seen, &e), 0);
	assert_int_equal(seen.mails, 0);
	JSON_AUTO cJSON *after = place_shown(p, &p->asked);
	const cJSON *events = json_get(after, "events"), *last = cJSON_GetArrayItem(events, cJSON_GetArraySize(events) - 1);
	assert_string_equal(json_string(last, "event"), "mail-failed");
	assert_string_equal(json_string(last, "reason"), "confirm: expired");
}

static void of_two_that_wait_the_newer_is_sent(void **state)
{
	struct place *p = *state;
	char older[RECORD_ID_LEN + 1], newer[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	memset(&server, 0, sizeof server);
	assert_int_equal(identity_mail(p->vault, p->policy, p->asked.id, "site", NULL, older, &e), 0);
	assert_int_equal(identity_mail(p->vault, p->policy, p->asked.id, "anna", "once more", newer, &e), 0);
	assert_int_equal(outbox_send(p->vault, NULL, false, &way, &sent, &e), 0);
	assert_int_equal(sent.sent, 1);
	assert_int_equal(server.calls, 1);
	assert_int_equal(link_try(p), 0);
}

static void without_an_address_nobody_is_asked(void **state)
{
	struct place *p = *state;
	const struct rights_receipt by_post = asked(p, "restriction", "12 St James Square, London"), paid = asked(p, "restriction", NULL);
	char mail[RECORD_ID_LEN + 1];
	struct err e = {0};

	assert_int_equal(identity_mail(p->vault, p->policy, by_post.id, "site", NULL, mail, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(identity_mail(p->vault, p->policy, paid.id, "site", NULL, mail, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	JSON_AUTO cJSON *of = place_shown(p, &by_post);
	assert_true(cJSON_IsFalse(json_get(json_get(of, "confirm"), "mail")));
	assert_string_equal(json_string(of, "state"), "open"); // no clock stands still for what nobody asked
	mailed(p, p->asked.id);
	assert_int_equal(link_try(p), 0);
	assert_int_equal(identity_mail(p->vault, p->policy, p->asked.id, "site", NULL, mail, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

// What the policy calls a proof of identity: an officer looks at it, and keeps how and when, and nothing of it.
static void nothing_is_answered_before_an_officer_saw_who_asks(void **state)
{
	struct place *p = *state;
	const struct rights_receipt r = asked(p, "objection", CONTACT);
	const struct rights_act answer = {.event = EVENT_ANSWERED, .by = "anna", .text = "done"},
				given = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "document", .reason = "seen at the desk"};
	struct vault_record record = {0};
	struct err e = {0};

	assert_false(is_shown(p, r.id));
	assert_int_equal(rights_act(p->vault, r.id, &answer, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(
	    rights_act(p->vault, r.id, &(struct rights_act){.event = EVENT_IDENTITY_ASKED, .by = "anna", .reason = "a common name"}, &e),
	    0);
	assert_int_equal(rights_act(p->vault, r.id, &answer, &e), -1);
	assert_int_equal(rights_act(p->vault, r.id, &given, &e), 0);
	assert_true(is_shown(p, r.id));
	assert_int_equal(rights_act(p->vault, r.id, &answer, &e), 0);
	JSON_AUTO cJSON *body = body_of(p, r.id, &record);
	const cJSON *event = cJSON_GetArrayItem(json_get(body, "events"), 2), *member;
	assert_string_equal(json_string(event, "event"), "identity-given");
	cJSON_ArrayForEach(member, event)
	{
		assert_non_null(strstr(" event at by how reason ", member->string));
	}
	vault_record_free(&record);
	// Nor is what asks for control of an address.
	assert_int_equal(rights_act(p->vault, p->asked.id, &answer, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

static void a_policy_that_could_not_keep_it_is_refused(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} rows[] = {
	    {"roles=\"mail\"", "roles=\"support\"", "right restriction asks for control of a mail address, but nobody delivers mail"},
	    {"<right id=\"access\" verify=\"receipt\"", "<right id=\"access\" verify=\"identity\"",
	     "right access is self-service, but who asks shall show first who they are"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf text = {0}, messages = {0};
		read_policy(&text);
		replace_once(&text, "<right id=\"restriction\" verify=\"receipt\"", "<right id=\"restriction\" verify=\"mail\"");
		replace_once(&text, rows[i].from, rows[i].to);
		POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
		assert_null(p);
		assert_non_null(strstr(buf_text(&messages), rows[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_button_behind_the_link_shows_it, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(the_code_shows_it_as_people_type_it, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(five_wrong_codes_are_the_last, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(the_code_holds_for_an_hour_and_the_link_for_a_day, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(whoever_asks_in_ones_name_takes_no_mail_from_one, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(a_newer_code_takes_the_place_of_the_older, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(what_is_wrong_looks_alike, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(the_code_of_a_mail_counts_once_it_went, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(a_link_shows_no_more_than_a_mail_can, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(who_takes_a_request_over_is_recorded, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(each_secret_is_bound_to_its_request_and_to_its_address, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(it_shows_nothing_for_what_is_joined, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(the_end_of_the_request_ends_it, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(another_address_is_to_be_shown_anew, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(what_is_damaged_shows_nothing, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(who_looks_at_the_outbox_sees_no_secret, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(of_two_that_wait_the_newer_is_sent, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(without_an_address_nobody_is_asked, identity_make, place_drop),
	    cmocka_unit_test_setup_teardown(nothing_is_answered_before_an_officer_saw_who_asks, identity_make, place_drop),
	    cmocka_unit_test(a_policy_that_could_not_keep_it_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
