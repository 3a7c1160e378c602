// SPDX-License-Identifier: ISC
// Cases: what an officer writes down is kept sealed, is about whom it says, and is closed once; what is given to authorities obeys the policy.
#include "policy/base/array.h"
#include "policy/rights/authority.h"
#include "tests/unit/vault_fixture.h"

#define RECEIPT "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"
enum { DAY = 86400 };

static int case_setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	struct fixture *f = *state;
	fixture_keeps(&f->policy, KIND_ACCOUNTABILITY, (struct policy_life){.length.months = 60, .start = START_CLOSING})->ends_on_erasure =
	    false;
	fixture_keeps(&f->policy, KIND_ACCOUNTABILITY, (struct policy_life){.length.months = 120, .unless = CONDITION_CLOSED})
	    ->ends_on_erasure = false;
	fixture_reopen(f, VAULT_ADMIN);
	return 0;
}

static int case_teardown(void **state)
{
	memset(fixture_lives, 0, sizeof fixture_lives);
	return fixture_teardown(state);
}

static int case_count(void *arg, const struct case_row *row)
{
	size_t *counts = arg;

	counts[0]++;
	counts[1] += row->late;
	counts[2] += row->closed != 0;
	return 0;
}

static void a_case_is_written_down_and_closed(void **state)
{
	struct fixture *f = *state;
	JSON_AUTO cJSON *members = cJSON_CreateObject();
	char id[RECORD_ID_LEN + 1];
	size_t counts[3] = {0};
	struct err e = {0};

	cJSON_AddStringToObject(members, "title", "DPIA of the pictures");
	const struct case_new new = {
	    .type = CASE_ASSESSMENT, .members = members, .by = "anna", .review = fixture_time + DAY, .details = "{\"event\":\"added\"}"};
	assert_int_equal(case_add(f->vault, &new, id, &e), 0);
	fixture_time += 2 * DAY;
	assert_int_equal(case_each(f->vault, CASE_BIT(CASE_ASSESSMENT), case_count, counts, &e), 0);
	assert_true(counts[0] == 1 && counts[1] == 1 && counts[2] == 0);
	struct case_act act = {.event = "reviewed", .by = "anna", .reason = "as before", .review = fixture_time + DAY};
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_INCIDENT), id, &act, &e), -1); // another type
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &act, &e), 0);
	act.event = "closed";
	act.closes = true;
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &act, &e), 0);
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &act, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	JSON_AUTO cJSON *shown = case_show(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &e);
	assert_string_equal(json_string(shown, "title"), "DPIA of the pictures");
	assert_int_equal(cJSON_GetArraySize(json_get(shown, "events")), 3);
	fixture_time += 365L * 6 * DAY;
	assert_null(case_show(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &e));
	f->policy.kinds[KIND_ACCOUNTABILITY].keep = KEEP_UNDECLARED;
	assert_int_equal(case_add(f->vault, &new, id, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	f->policy.kinds[KIND_ACCOUNTABILITY].keep = KEEP_STORED;
}

static void asked(struct fixture *f, const char *ground, char id[RECORD_ID_LEN + 1])
{
	const struct authority_new new = {
	    .authority = "Polizei Köln", .ground = ground, .asked = "what 198.51.100.7 made", .receipt = RECEIPT, .by = "anna"};
	struct err e = {0};

	if (authority_add(f->vault, &new, id, &e) != 0)
		fail_msg("%s", e.text);
}

static void nothing_is_given_without_a_ground_of_that_strength(void **state)
{
	struct fixture *f = *state;
	static const struct prose_run run = {0};
	const struct {
		enum policy_answers answers;
		enum authority_strength needs;
	} policies[] = {
	    {ANSWERS_UNSTATED, STRENGTH_BINDING}, {ANSWERS_VALID_REQUESTS, STRENGTH_VALID}, {ANSWERS_REQUIRED_BY_LAW, STRENGTH_BINDING}};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		f->policy.law_enforcement_answers = policies[i].answers;
		f->policy.law_enforcement = (struct prose){.runs = &run, .count = policies[i].answers != ANSWERS_UNSTATED};
		for (const struct authority_ground *g = authority_grounds; g->name != NULL; g++) {
			char id[RECORD_ID_LEN + 1];
			struct authority_answer answer = {.given = KIND_BIT(KIND_ARCHIVE), .people = 1, .by = "anna"};
			const bool may = g->strength >= policies[i].needs;
			asked(f, g->name, id);
			assert_int_equal(authority_answer(f->vault, id, &answer, &e), may ? 0 : -1);
			if (may)
				continue;
			assert_int_equal(e.code, ERR_REFUSED);
			answer = (struct authority_answer){.refusal = "policy", .by = "anna"};
			assert_int_equal(authority_answer(f->vault, id, &answer, &e), 0);
		}
	}
	struct authority_new wrong = {.authority = "x", .ground = "because", .asked = "y"};
	char id[RECORD_ID_LEN + 1];
	assert_int_equal(authority_add(f->vault, &wrong, id, &e), -1);
	assert_non_null(strstr(e.text, "one of: court-order"));
	f->policy.law_enforcement = (struct prose){0};
	f->policy.law_enforcement_answers = ANSWERS_UNSTATED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_case_is_written_down_and_closed, case_setup, case_teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_given_without_a_ground_of_that_strength, case_setup, case_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
