// SPDX-License-Identifier: ISC
// The breaker, the back-off, the regions and the day's budget: pure functions, with the time brought along.
#include "policy/base/array.h"
#include "tests/unit/test.h"

#include "fcgi/egress/breaker.h"
#include "fcgi/egress/retry.h"
#include "fcgi/egress/upstream.h"

static void fail_times(struct breaker *b, unsigned times, uint64_t now)
{
	for (unsigned i = 0; i < times; i++)
		breaker_result(b, OUTCOME_FAILED, false, now);
}

static void the_breaker_opens_after_failures_in_a_row(void **state)
{
	(void)state;
	struct breaker b = {0};
	fail_times(&b, BREAKER_FAILURES - 1, 100);
	assert_int_equal(breaker_ask(&b, 100), BREAKER_GO);
	breaker_result(&b, OUTCOME_GOOD, false, 100); // one success: the row begins anew
	fail_times(&b, BREAKER_FAILURES - 1, 100);
	assert_int_equal(breaker_ask(&b, 100), BREAKER_GO);
	fail_times(&b, 1, 100);
	assert_int_equal(breaker_ask(&b, 100), BREAKER_REFUSED);
	assert_int_equal(breaker_ask(&b, 100 + BREAKER_OPEN_MS - 1), BREAKER_REFUSED);
	assert_string_equal(breaker_words(breaker_state(&b, 100)), "open");
	assert_string_equal(breaker_words(breaker_state(&b, 100 + BREAKER_OPEN_MS)), "half-open");
}

static void one_probe_decides(void **state)
{
	(void)state;
	struct breaker b = {0};
	uint64_t now = 1000;
	fail_times(&b, BREAKER_FAILURES, now);
	now += BREAKER_OPEN_MS;
	assert_int_equal(breaker_ask(&b, now), BREAKER_PROBE);
	assert_int_equal(breaker_ask(&b, now), BREAKER_REFUSED); // while the probe is under way
	breaker_result(&b, OUTCOME_GOOD, false, now);            // an old request's end says nothing now
	assert_int_equal(breaker_ask(&b, now), BREAKER_REFUSED);
	breaker_result(&b, OUTCOME_FAILED, true, now);
	assert_int_equal(breaker_ask(&b, now + BREAKER_OPEN_MS), BREAKER_REFUSED); // twice as long now
	now += (uint64_t)2 * BREAKER_OPEN_MS;
	assert_int_equal(breaker_ask(&b, now), BREAKER_PROBE);
	breaker_result(&b, OUTCOME_UNKNOWN, true, now); // its caller left: the next one probes
	assert_int_equal(breaker_ask(&b, now), BREAKER_PROBE);
	breaker_result(&b, OUTCOME_GOOD, true, now);
	assert_int_equal(breaker_ask(&b, now), BREAKER_GO);
	assert_int_equal(breaker_state(&b, now), BREAKER_CLOSED);
}

static void the_open_time_has_a_ceiling(void **state)
{
	(void)state;
	struct breaker b = {0};
	uint64_t now = 0;
	fail_times(&b, BREAKER_FAILURES, now);
	for (int i = 0; i < 20; i++) {
		now += BREAKER_OPEN_MS_MAX;
		assert_int_equal(breaker_ask(&b, now), BREAKER_PROBE);
		breaker_result(&b, OUTCOME_FAILED, true, now);
	}
}

static struct retry_facts facts(long status, unsigned attempts)
{
	return (struct retry_facts){
	    .repeatable = true, .status = status, .asked_ms = -1, .attempts = attempts, .left_ms = 60000, .chance = UINT32_MAX};
}

static void only_passing_trouble_is_repeated(void **state)
{
	(void)state;
	static const long again[] = {408, 429, 500, 502, 503, 504}, never[] = {200, 301, 400, 401, 403, 404, 409, 413, 422, 501, 505};
	for (size_t i = 0; i < ARRAY_LEN(again); i++) {
		struct retry_facts f = facts(again[i], 1);
		assert_true(retry_delay(&f) >= 0);
		f.repeatable = false;
		assert_int_equal(retry_delay(&f) >= 0, again[i] == 429); // it was not taken
		f.repeatable = true;
		f.told_not_to = true;
		assert_int_equal(retry_delay(&f), -1);
	}
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		struct retry_facts f = facts(never[i], 1);
		assert_int_equal(retry_delay(&f), -1);
	}
	struct retry_facts broken = facts(0, 1);
	assert_int_equal(retry_delay(&broken), -1);
	broken.no_answer = true;
	assert_true(retry_delay(&broken) >= 0);
	struct retry_facts last = facts(503, RETRY_ATTEMPTS_MAX);
	assert_int_equal(retry_delay(&last), -1);
}

static void the_wait_grows_with_jitter(void **state)
{
	(void)state;
	int64_t most = RETRY_BASE_MS;
	for (unsigned attempt = 1; attempt < RETRY_ATTEMPTS_MAX; attempt++, most *= 2) {
		struct retry_facts f = facts(503, attempt);
		assert_int_equal(retry_delay(&f), most);
		f.chance = 0;
		assert_int_equal(retry_delay(&f), most / 2);
	}
}

static void what_the_upstream_asks_is_honoured_within_the_deadline(void **state)
{
	(void)state;
	struct retry_facts f = facts(429, 1);
	f.asked_ms = 1500;
	int64_t wait = retry_delay(&f);
	assert_true(wait > 1500 && wait <= 1651);
	f.chance = 0;
	assert_true(retry_delay(&f) >= 1500);
	f.left_ms = 1500;
	assert_int_equal(retry_delay(&f), -1);
	f.asked_ms = 1e300;
	assert_int_equal(retry_delay(&f), -1);
}

static void both_headers_are_read(void **state)
{
	(void)state;
	assert_true(retry_after_ms("1234.5", true, 0) == 1234.5);
	assert_true(retry_after_ms("2", false, 0) == 2000);
	assert_true(retry_after_ms("Sun, 22 Nov 2026 04:31:54 GMT", false, 1795321904) == 10000);
	assert_true(retry_after_ms("Sun, 22 Nov 2020 04:31:54 GMT", false, 1795321904) == 0);
	static const char *const bad[] = {"", "soon", "-1", "nan", "inf", "1 minute", "0x"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(retry_after_ms(bad[i], true, 0) < 0);
}

static void regions_are_compared_without_case_and_spaces(void **state)
{
	(void)state;
	static const struct policy_region regions[] = {{.id = "swedencentral"}, {.id = "North Europe"}};
	struct policy_processor p = {.id = "x", .regions = regions, .region_count = ARRAY_LEN(regions)};
	struct upstream u = {.declared = &p};
	static const struct {
		const char *said, *normal;
		bool allowed;
	} rows[] = {{"Sweden Central", "swedencentral", true},     {"SWEDENCENTRAL", "swedencentral", true},
		    {"northeurope", "northeurope", true},          {"East US", "eastus", false},
		    {"Sweden Central 2", "swedencentral2", false}, {"<b>", "b", false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char normal[64];
		upstream_region_normalise(normal, sizeof normal, rows[i].said);
		assert_string_equal(normal, rows[i].normal);
		assert_int_equal(upstream_region_allowed(&u, normal), rows[i].allowed);
	}
}

static int spend(struct upstream *u, time_t now, uint64_t daily, uint64_t cost)
{
	if (!upstream_affords(u, now, daily, cost))
		return -1;
	upstream_spend(u, cost);
	return 0;
}

static void the_budget_is_of_the_day(void **state)
{
	(void)state;
	struct upstream u = {0};
	time_t noon = 1795348800;
	for (int i = 0; i < 3; i++)
		assert_int_equal(spend(&u, noon, 3, 0), 0);
	assert_int_equal(spend(&u, noon, 3, 0), -1);
	assert_int_equal(spend(&u, noon, 0, 0), 0); // no limit
	assert_int_equal(spend(&u, noon + 86400, 3, 0), 0);
	assert_int_equal(u.traffic.today, 1);
	u.limits = (struct limits){.calls = 2, .money = 10};
	assert_int_equal(spend(&u, noon + 86400, 9, 11), -1);
	assert_int_equal(spend(&u, noon + 86400, 9, 10), 0);
	assert_int_equal(spend(&u, noon + 86400, 9, 0), -1); // its own number counts
	assert_int_equal(spend(&u, noon + 2 * 86400, 9, 10), 0);
	// The clock goes back over midnight and on again: no budget begins anew.
	assert_int_equal(spend(&u, noon + 86400, 9, 1), -1);
	assert_int_equal(spend(&u, noon + 2 * 86400, 9, 1), -1);
	assert_int_equal(spend(&u, noon, 9, 1), 0); // but one that was days ahead was wrong
}

static void a_refusal_stands_until_another_answer(void **state)
{
	(void)state;
	struct traffic t = {0};
	traffic_answered(&t, 401, 100);
	traffic_answered(&t, 401, 200);
	assert_int_equal(t.refusal, 401);
	assert_int_equal(t.refused_since, 100);
	static const long say_nothing[] = {429, 408, 500, 503};
	for (size_t i = 0; i < 4; i++)
		traffic_answered(&t, say_nothing[i], 300);
	assert_int_equal(t.refusal, 401);
	traffic_answered(&t, 404, 400);
	assert_int_equal(t.refused_since, 400);
	static const long taken[] = {200, 400};
	for (size_t i = 0; i < 2; i++) {
		traffic_answered(&t, 403, 500);
		traffic_answered(&t, taken[i], 600);
		assert_int_equal(t.refusal, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_breaker_opens_after_failures_in_a_row),
	    cmocka_unit_test(one_probe_decides),
	    cmocka_unit_test(a_refusal_stands_until_another_answer),
	    cmocka_unit_test(the_open_time_has_a_ceiling),
	    cmocka_unit_test(only_passing_trouble_is_repeated),
	    cmocka_unit_test(the_wait_grows_with_jitter),
	    cmocka_unit_test(what_the_upstream_asks_is_honoured_within_the_deadline),
	    cmocka_unit_test(both_headers_are_read),
	    cmocka_unit_test(regions_are_compared_without_case_and_spaces),
	    cmocka_unit_test(the_budget_is_of_the_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
