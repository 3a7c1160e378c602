// SPDX-License-Identifier: ISC
// An incident counts people: who is known by a contact once, whatever of theirs is touched, and every other person once.
#include "admin/incident_people.h"
#include "tests/unit/rights_place.h"

enum { HOUR = 3600 };
static const char receipts[3][TOKEN_LEN + 1] = {"rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU",
						"aJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU",
						"bJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"};

static void set_made(struct place *p, const char *receipt)
{
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = receipt, .body = "{}", .body_len = 2};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	if (vault_put(p->vault, &archive, NULL, id, &e) != 0)
		fail_msg("%s", e.text);
}

static void asked_by(struct place *p, const char *contact, const char *receipt)
{
	(void)place_asked(p, &(struct rights_new){.right = "complaint", .contact = contact, .receipt = receipt, .by = "anna"});
}

static void people_are(struct place *p, kind_set kinds, time_t until, uint64_t number, size_t contacts, size_t by_hand)
{
	const struct incident_scope scope = {.kinds = kinds, .from = when_now() - HOUR, .until = until};
	struct incident_people people;
	struct vault_touched touched;
	struct err e = {0};

	if (vault_touched_count(p->vault, kinds, scope.from, until, &touched, &e) != 0 ||
	    incident_people_find(&people, p->vault, &scope, touched.subjects, &e) != 0)
		fail_msg("%s", e.text);
	free(people.rows);
	if (people.number != number || people.count != contacts || people.by_hand != by_hand)
		fail_msg("%llu people, %zu contacts, %zu by hand", (unsigned long long)people.number, people.count, people.by_hand);
}

static void people_are_counted_by_contact(void **state)
{
	struct place *p = *state;
	const kind_set both = KIND_BIT(KIND_ARCHIVE) | KIND_BIT(KIND_RIGHTS_REQUEST);
	const time_t now = when_now() + HOUR; // what is asked below may be of the next second

	for (size_t i = 0; i < ARRAY_LEN(receipts); i++)
		for (size_t k = 0; k < 2; k++)
			set_made(p, receipts[i]);
	people_are(p, both, now, 3, 0, 0);
	// One who has two receipts, and wrote without one, too.
	asked_by(p, CONTACT, receipts[0]);
	asked_by(p, "Ines.Probe@example.org", receipts[1]);
	asked_by(p, CONTACT, NULL);
	people_are(p, both, now, 2, 1, 0);
	people_are(p, KIND_BIT(KIND_ARCHIVE), now, 2, 1, 0);
	people_are(p, KIND_BIT(KIND_RIGHTS_REQUEST), now, 1, 1, 0);
	// Who names a receipt and gives no contact is whoever else names it.
	asked_by(p, NULL, receipts[2]);
	asked_by(p, NULL, NULL);
	people_are(p, both, now, 3, 1, 0);
	asked_by(p, "12 St James Square", receipts[2]);
	people_are(p, both, now, 3, 2, 1);
	// Two who share one are two.
	asked_by(p, "paul@example.org", receipts[0]);
	people_are(p, both, now, 4, 3, 1);
	people_are(p, KIND_BIT(KIND_GALLERY), now, 0, 0, 0);
	people_are(p, both, when_now() - HOUR, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(people_are_counted_by_contact, place_make, place_drop)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
