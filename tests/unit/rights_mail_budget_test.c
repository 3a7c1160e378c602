// SPDX-License-Identifier: ISC
// Nobody has a site send more mails than a few, to a stranger or in all, and nobody takes those of others.
#include "fcgi/rights/mail_budget.h"
#include "policy/rights/outbox.h"
#include "tests/unit/rights_place.h"

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
		bool first;
		went += mail_budget_spend(address, "v@example.org", now, &first);
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

static void a_network_has_its_first_mail_to_each_mailbox(void **state)
{
	static const struct {
		const char *address, *mailbox;
		bool first;
	} rows[] = {{"203.0.113.7", "v@example.org", true},
		    {"203.0.113.8", "v@example.org", false},
		    {"203.0.113.7", "w@example.org", true},
		    {"198.51.100.1", "v@example.org", true},
		    {"127.0.0.1", "v@example.org", false}};
	bool first;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(mail_budget_spend(rows[i].address, rows[i].mailbox, now, &first));
		assert_int_equal(first, rows[i].first);
	}
}

static void loopback_is_everybody(void **state)
{
	(void)state;
	assert_int_equal(spent("127.0.0.1", NULL, 500), MAIL_BUDGET_ALL);
	now -= 7200; // a clock that was set back counts nothing twice, and stops nothing
	assert_int_equal(spent("127.0.0.1", NULL, 500), MAIL_BUDGET_ALL);
}

// ---- one mailbox ----

static unsigned mails(struct place *p, const char *const *to, size_t count)
{
	unsigned went = 0;
	struct err e;

	for (size_t i = 0; i < count; i++) {
		e = (struct err){0};
		if (outbox_spend(p->vault, to[i], false, &e) == 0)
			went++;
		else
			assert_int_equal(e.code, ERR_BUSY);
	}
	return went;
}

static int count_mail(void *arg, const struct outbox_row *row)
{
	(void)row;
	++*(unsigned *)arg;
	return 0;
}

static int no_delivery(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		       const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s)
{
	*wait_s = 0;
	(void)run;
	(void)processor;
	(void)kinds;
	(void)to;
	(void)subject;
	(void)number;
	(void)text;
	(void)len;
	(void)failure;
	fail_msg("a mark is no mail");
	return -1;
}

static void later(time_t seconds)
{
	when_stand_at(when_now() + seconds);
}

static void one_mailbox_gets_a_few(void **state)
{
	static const char *const same[] = {"v@example.org", "V@Example.org", "v+1@example.org", "v+2@example.org", "v+a+b@example.org"};
	static const char *const others[] = {"w@example.org", "v@example.net", "+v@example.org"};
	struct place *p = *state;
	const struct outbox_way way = {no_delivery, ""};
	struct outbox_sent sent = {0};
	struct prune_result pruned;
	unsigned shown = 0, day = OUTBOX_HOUR;
	struct err e = {0};

	assert_int_equal(mails(p, same, 5), OUTBOX_HOUR);
	assert_int_equal(mails(p, others, 3), 3);
	// Who had none sent to it is not kept from theirs by others; and that has an end, too.
	for (int i = 0; i < OUTBOX_FIRST; i++)
		assert_int_equal(outbox_spend(p->vault, "rest@example.org", false, &e) == 0, i < OUTBOX_HOUR);
	for (int i = 0; i < OUTBOX_FIRST + 2; i++)
		assert_int_equal(outbox_spend(p->vault, "REST+x@example.org", true, &e) == 0, i < OUTBOX_FIRST);
	vault_close(p->vault);
	assert_int_equal(vault_open(&p->vault, p->state, p->run, p->policy, VAULT_ADMIN, &e), 0);
	assert_int_equal(mails(p, same, 5), 0); // a restart forgets nothing
	for (int i = 0; i < 6; i++) {
		later(3601);
		day += mails(p, same, 5);
	}
	assert_int_equal(day, OUTBOX_DAY);
	assert_int_equal(mails(p, others, 3), 3);
	// They are no mails, name nobody, and end with the day.
	assert_int_equal(outbox_each(p->vault, count_mail, &shown, &e), 0);
	assert_int_equal(shown, 0);
	assert_int_equal(outbox_send(p->vault, NULL, true, &way, &sent, &e), 0);
	assert_int_equal(sent.sent + sent.waiting + sent.failed, 0);
	later(86400);
	assert_int_equal(vault_prune(p->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(pruned.records, 2 * (OUTBOX_DAY + 6 + OUTBOX_HOUR + OUTBOX_FIRST));
	assert_int_equal(mails(p, same, 5), OUTBOX_HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_network_has_its_first_mail_to_each_mailbox, an_hour_later),
	    cmocka_unit_test_setup(each_network_has_its_share, an_hour_later),
	    cmocka_unit_test_setup(who_has_many_networks_stops_nobody, an_hour_later),
	    cmocka_unit_test_setup(loopback_is_everybody, an_hour_later),
	    cmocka_unit_test_setup_teardown(one_mailbox_gets_a_few, place_make, place_drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
