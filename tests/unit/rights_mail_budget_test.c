// SPDX-License-Identifier: ISC
// Nobody has a site send more mails than a few, to a stranger or in all, and nobody takes those of others.
#include "fcgi/rights/mail_budget.h"
#include "policy/rights/outbox.h"
#include "tests/unit/rights_place.h"
#include "tests/unit/rights_text.h"

static time_t now = 1800000000; // each test begins when nothing of the ones before counts

// So many, each from the address `before` number `after`; after NULL: from that of `before` alone.
static unsigned spent(const char *before, const char *after, unsigned count)
{
	const bool four = strchr(before, ':') == NULL;
	unsigned went = 0;

	for (unsigned i = 0; i < count; i++) {
		char address[64];
		if (after == NULL)
			snprintf(address, sizeof address, "%s", before);
		else if (four)
			snprintf(address, sizeof address, "%s%u.%u%s", before, i / 250, i % 250, after);
		else
			snprintf(address, sizeof address, "%s%x%s", before, i, after);
		went += mail_budget_spend(address, now);
	}
	return went;
}

static int an_hour_later(void **state)
{
	(void)state;
	now += 3600;
	return 0;
}

static void each_network_has_its_share(void **state)
{
	(void)state;
	assert_int_equal(spent("203.0.113.7", NULL, 50), MAIL_BUDGET_CUSTOMER);
	assert_int_equal(spent("::ffff:203.0.113.7", NULL, 50), 0); // the same
	assert_int_equal(spent("2a01:1:1:1::", "", 500), MAIL_BUDGET_CUSTOMER);
	assert_int_equal(spent("2a02:1:1:", "::1", 500), MAIL_BUDGET_SITE);   // a /48
	assert_int_equal(spent("2a03:1:", "::1", 500), MAIL_BUDGET_PROVIDER); // a /32
	assert_int_equal(spent("198.", ".1", 250), MAIL_BUDGET_PROVIDER);     // a /16
	assert_int_equal(spent("192.0.2.9", NULL, 50), MAIL_BUDGET_CUSTOMER);
	now += 3599;
	assert_int_equal(spent("203.0.113.7", NULL, 50), 0);
	now += 1;
	assert_int_equal(spent("203.0.113.7", NULL, 50), MAIL_BUDGET_CUSTOMER);
}

// Who has many networks takes no more than all have, and others still get theirs.
static void who_has_many_networks_stops_nobody(void **state)
{
	unsigned went = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		char before[64];
		snprintf(before, sizeof before, "2a%02x:1:", i);
		went += spent(before, "::1", 200);
	}
	assert_true(went >= MAIL_BUDGET_ALL && went <= MAIL_BUDGET_ALL + 50);
	assert_int_equal(spent("203.0.113.7", NULL, 9), 1); // of a network that had none
	assert_int_equal(spent("203.0.113.8", NULL, 9), 0);
	assert_int_equal(spent("2c0f:1::1", NULL, 9), 1);
	went += 2;
	went += spent("11.", ".1", 500) + spent("12.", ".1", 500) + spent("2b00:", ":1::1", 500);
	assert_int_equal(went, MAIL_BUDGET_ALL + MAIL_BUDGET_FIRST);
}

static void loopback_is_everybody(void **state)
{
	(void)state;
	assert_int_equal(spent("127.0.0.1", NULL, 500), MAIL_BUDGET_ALL);
	now -= 7200; // a clock that was set back counts nothing twice, and stops nothing
	assert_int_equal(spent("127.0.0.1", NULL, 500), MAIL_BUDGET_ALL);
}

// ---- one address ----

static unsigned delivered;
static bool takes_none;
static const char *takes_none_word = "mail-later";

static int delivery(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		    const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s)
{
	const bool never = strncmp(to, "never", 5) == 0, later = takes_none || strncmp(to, "later", 5) == 0;
	*wait_s = 0;
	(void)run;
	(void)processor;
	(void)kinds;
	(void)subject;
	(void)number;
	(void)text;
	(void)len;
	snprintf(failure, OUTBOX_FAILURE, "%s",
		 strncmp(to, "perhaps", 7) == 0 ? "timeout"
		 : never                        ? "mail-refused"
		 : takes_none                   ? takes_none_word
						: "mail-later");
	delivered += !never && !later;
	return never ? -1 : later;
}
static const struct outbox_way to_server = {delivery, ""};

static int one_more(void *arg, const struct vault_record *r)
{
	(void)r;
	++*(unsigned *)arg;
	return 0;
}

static unsigned kept(struct place *p)
{
	unsigned count = 0;
	struct err e = {0};

	assert_int_equal(vault_each(p->vault, KIND_OUTBOX, NULL, one_more, &count, &e), 0);
	return count;
}

// How many of them go out; of each the request says the same, and as much is kept.
static unsigned mails(struct place *p, const char *what, const char *const *to, size_t count)
{
	static unsigned numbers;
	unsigned before = delivered, grew = 0;

	for (size_t i = 0; i < count; i++) {
		char link[64], id[RECORD_ID_LEN + 1], token[TOKEN_LEN + 1];
		const struct rights_receipt r = place_asked(p, &(struct rights_new){.right = "complaint", .contact = to[i]});
		const bool confirms = strcmp(what, OUTBOX_CONFIRM) == 0;
		const unsigned was = kept(p);
		snprintf(token, sizeof token, "%043u", numbers++);
		snprintf(link, sizeof link, "https://x.example/%s", token);
		const struct outbox_new mail = {.to = to[i],
						.subject = "s",
						.text = "t {link}",
						.what = what,
						.request = r.id,
						.limited = true,
						.link = confirms ? link : NULL,
						.until = confirms ? when_now() + 3600 : 0};
		struct outbox_sent sent;
		struct err e = {0};
		if (outbox_add(p->vault, &mail, id, &e) != 0 || outbox_send(p->vault, id, false, &to_server, &sent, &e) != 0)
			fail_msg("%s", e.text);
		JSON_AUTO cJSON *shown = place_shown(p, &r);
		const cJSON *events = json_get(shown, "events");
		const int last = cJSON_GetArraySize(events) - 1;
		assert_string_equal(json_string(cJSON_GetArrayItem(events, last), "event"), "mail-sent");
		assert_string_equal(json_string(cJSON_GetArrayItem(events, last - 1), "event"), "acknowledged");
		assert_int_equal(kept(p) - was, i == 0 ? grew = kept(p) - was : grew);
		assert_int_equal(outbox_link_went(p->vault, token, to[i], &e), confirms && sent.sent == 1);
	}
	return delivered - before;
}

static void later(time_t seconds)
{
	when_stand_at(when_now() + seconds);
}

static void one_address_gets_a_few(void **state)
{
	static const char *const same[] = {"v@example.org", "V@Example.org", "v@EXAMPLE.org"},
				 *const tagged[] = {"v+1@example.org", "v+2@example.org", "v+a+b@example.org"},
				 *const others[] = {"w@example.org", "v@example.net", "+v@example.org"};
	struct place *p = *state;
	struct prune_result pruned;
	unsigned day = 1;
	struct err e = {0};

	when_stand_at(when_now());
	assert_int_equal(mails(p, OUTBOX_CONFIRM, same, 3), 1);
	assert_int_equal(mails(p, OUTBOX_CONFIRM, tagged, 3), 3); // a link of the one shows nothing of the others
	assert_int_equal(mails(p, OUTBOX_CONFIRM, others, 3), 3);
	assert_int_equal(mails(p, OUTBOX_ACKNOWLEDGE, same, 3), OUTBOX_ACKNOWLEDGE_DAY);
	vault_close(p->vault);
	assert_int_equal(vault_open(&p->vault, p->state, p->run, p->policy, VAULT_ADMIN, &e), 0);
	assert_int_equal(mails(p, OUTBOX_CONFIRM, same, 3), 0); // a restart forgets nothing
	for (int i = 0; i < 6; i++) {
		later(3601);
		day += mails(p, OUTBOX_CONFIRM, same, 3);
		assert_int_equal(mails(p, OUTBOX_ACKNOWLEDGE, same, 1), 0);
	}
	assert_int_equal(day, OUTBOX_CONFIRM_DAY);
	later(86400);
	assert_int_equal(mails(p, OUTBOX_ACKNOWLEDGE, same, 1), 1);
	assert_int_equal(mails(p, OUTBOX_CONFIRM, same, 2), 1);
	// Whose link was used may have the next one at once.
	outbox_link_used(p->vault, "V@example.org");
	assert_int_equal(mails(p, OUTBOX_CONFIRM, same, 2), 1);
	outbox_link_used(p->vault, "V@example.org");
	assert_int_equal(mails(p, OUTBOX_CONFIRM, same, 2), 0);
	later(86400);
	assert_int_equal(vault_prune(p->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(kept(p), 0);
}

// A mail with a secret, or one that only acknowledges, about this request, tried once. Whether it went.
static bool mail_one(struct place *p, const char *what, const char *to, const struct rights_receipt *r, char id[RECORD_ID_LEN + 1])
{
	const bool confirms = strcmp(what, OUTBOX_CONFIRM) == 0;
	static unsigned numbers;
	char link[TOKEN_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	snprintf(link, sizeof link, "9%042u", numbers++);
	const struct outbox_new mail = {.to = to,
					.subject = "s",
					.text = "t {link}",
					.what = what,
					.request = r->id,
					.limited = true,
					.link = confirms ? link : NULL,
					.until = confirms ? when_now() + 3600 : 0};
	if (outbox_add(p->vault, &mail, id, &e) != 0 || outbox_send(p->vault, id, false, &to_server, &sent, &e) != 0)
		fail_msg("%s", e.text);
	return sent.sent == 1;
}

// What of it is shown last.
static void shows_last(struct place *p, const struct rights_receipt *r, const char *event)
{
	JSON_AUTO cJSON *shown = place_shown(p, r);
	const cJSON *events = json_get(shown, "events");

	assert_string_equal(json_string(cJSON_GetArrayItem(events, cJSON_GetArraySize(events) - 1), "event"), event);
}

static void what_is_dropped_or_expires_gives_its_share_back(void **state)
{
	struct place *p = *state;
	const struct rights_receipt r = place_asked(p, &(struct rights_new){.right = "complaint", .contact = "v@example.org"});
	char id[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	when_stand_at(when_now());
	takes_none = true;
	for (int i = 0; i < OUTBOX_CONFIRM_DAY; i++) { // a newer one takes the place of the older
		assert_false(mail_one(p, OUTBOX_CONFIRM, "replaced@example.org", &r, id));
		assert_false(mail_one(p, OUTBOX_CONFIRM, "dropped@example.org", &r, id));
		assert_int_equal(outbox_drop(p->vault, id, "anna", &e), 0);
		assert_false(mail_one(p, OUTBOX_CONFIRM, "expired@example.org", &r, id));
		later(3600);
		assert_int_equal(outbox_send(p->vault, id, true, &to_server, &sent, &e), 0);
		assert_int_equal(sent.waiting, 0);
	}
	// Of this one it is not known whether a server has it.
	assert_false(mail_one(p, OUTBOX_CONFIRM, "perhaps@example.org", &r, id));
	assert_int_equal(outbox_drop(p->vault, id, "anna", &e), 0);
	takes_none = false;
	assert_true(mail_one(p, OUTBOX_CONFIRM, "replaced@example.org", &r, id));
	assert_true(mail_one(p, OUTBOX_CONFIRM, "dropped@example.org", &r, id));
	assert_true(mail_one(p, OUTBOX_CONFIRM, "expired@example.org", &r, id));
	assert_false(mail_one(p, OUTBOX_CONFIRM, "perhaps@example.org", &r, id));
}

// While a server takes no mail, one that is withheld waits as the one that has the share does, and goes as that one does.
static void what_is_withheld_waits_with_what_has_the_share(void **state)
{
	static const char *const whats[] = {OUTBOX_CONFIRM, OUTBOX_ACKNOWLEDGE};
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	when_stand_at(when_now());
	for (size_t i = 0; i < ARRAY_LEN(whats); i++) {
		struct rights_receipt r[3];
		for (size_t n = 0; n < ARRAY_LEN(r); n++)
			r[n] = place_asked(p, &(struct rights_new){.right = "complaint", .contact = "v@example.org"});
		takes_none = true;
		for (size_t n = 0; n + 1 < ARRAY_LEN(r); n++) {
			assert_false(mail_one(p, whats[i], n == 0 ? "v@example.org" : "V@example.org", &r[n], id));
			shows_last(p, &r[n], "mail-queued");
		}
		takes_none = false;
		const unsigned before = delivered;
		for (int run = 0; run < 2; run++) // of two of one second any may come first
			assert_int_equal(outbox_send(p->vault, NULL, true, &to_server, &sent, &e), 0);
		assert_int_equal(sent.waiting, 0);
		assert_int_equal(delivered - before, 1);
		assert_false(mail_one(p, whats[i], "v@example.org", &r[2], id)); // and at once where none waits
		for (size_t n = 0; n < ARRAY_LEN(r); n++) {
			struct rights_facts facts;
			BUF_AUTO struct buf officer = BUF_INIT(1 << 20);
			shows_last(p, &r[n], "mail-sent");
			// To the officer it says what went; what did not has acknowledged nothing.
			assert_int_equal(rights_text(&officer, rights_show_officer(p->vault, r[n].id, false, &e)), 0);
			assert_int_equal(strstr(buf_text(&officer), "\"withheld\":true") != NULL, n != 0);
			JSON_AUTO cJSON *body = rights_read(p->vault, r[n].id, &facts, &e), *shown = place_shown(p, &r[n]);
			assert_non_null(body);
			assert_int_equal(facts.clock.acknowledged != 0, n == 0);
			JSON_AUTO cJSON *first = place_shown(p, &r[0]);
			assert_true(cJSON_Compare(json_get(first, "events"), json_get(shown, "events"), true));
			assert_true(cJSON_Compare(json_get(first, "clocks"), json_get(shown, "clocks"), true));
		}
	}
}

// The same where the one that has the share went before: what the server does to any mail shows.
static void what_is_withheld_waits_while_the_server_is_away(void **state)
{
	struct place *p = *state;
	struct rights_receipt r[3];
	char id[RECORD_ID_LEN + 1], withheld[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	when_stand_at(when_now());
	for (size_t n = 0; n < ARRAY_LEN(r); n++)
		r[n] = place_asked(p, &(struct rights_new){.right = "complaint", .contact = n == 1 ? "w@example.org" : "v@example.org"});
	assert_true(mail_one(p, OUTBOX_CONFIRM, "v@example.org", &r[0], id));
	takes_none = true;
	takes_none_word = "unreachable";
	assert_false(mail_one(p, OUTBOX_CONFIRM, "w@example.org", &r[1], id));
	assert_false(mail_one(p, OUTBOX_CONFIRM, "v@example.org", &r[2], withheld));
	shows_last(p, &r[1], "mail-queued");
	shows_last(p, &r[2], "mail-queued");
	takes_none = false;
	takes_none_word = "mail-later";
	assert_int_equal(outbox_send(p->vault, id, true, &to_server, &sent, &e), 0);
	assert_int_equal(outbox_send(p->vault, withheld, true, &to_server, &sent, &e), 0);
	shows_last(p, &r[1], "mail-sent");
	shows_last(p, &r[2], "mail-sent");
}

// What a server does not take takes nobody's share, and what is tried again takes none twice.
static void what_does_not_arrive_does_not_count(void **state)
{
	struct place *p = *state;
	struct outbox_sent sent;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	when_stand_at(when_now());
	for (int i = 0; i < 4; i++) {
		const struct outbox_new mail = {.to = i < 3 ? "never@example.org" : "later@example.org",
						.subject = "s",
						.text = "t",
						.what = OUTBOX_ACKNOWLEDGE,
						.limited = true};
		assert_int_equal(outbox_add(p->vault, &mail, id, &e), 0);
		assert_int_equal(outbox_send(p->vault, id, true, &to_server, &sent, &e), 0);
		assert_int_equal(i < 3 ? sent.failed : sent.waiting, 1);
	}
	assert_int_equal(outbox_send(p->vault, id, true, &to_server, &sent, &e), 0);
	assert_int_equal(sent.waiting, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_network_has_its_share, an_hour_later),
	    cmocka_unit_test_setup(who_has_many_networks_stops_nobody, an_hour_later),
	    cmocka_unit_test_setup(loopback_is_everybody, an_hour_later),
	    cmocka_unit_test_setup_teardown(one_address_gets_a_few, place_make, place_drop),
	    cmocka_unit_test_setup_teardown(what_is_dropped_or_expires_gives_its_share_back, place_make, place_drop),
	    cmocka_unit_test_setup_teardown(what_is_withheld_waits_with_what_has_the_share, place_make, place_drop),
	    cmocka_unit_test_setup_teardown(what_is_withheld_waits_while_the_server_is_away, place_make, place_drop),
	    cmocka_unit_test_setup_teardown(what_does_not_arrive_does_not_count, place_make, place_drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
