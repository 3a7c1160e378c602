// SPDX-License-Identifier: ISC
// The n-th allocation fails, SQLite's and OpenSSL's among them: what was acknowledged is there, what was refused is not, and nothing crashes.
//
// The test program's own malloc() and realloc() are those that every part of it calls.
#include "tests/unit/vault_fixture.h"
#include <malloc.h>
#include <pthread.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { COUNTED = 0 }; // these have an allocator of their own
#else
enum { COUNTED = 1 };
#endif
enum { POINTS = 150, PUTS = 4 };

static _Thread_local uint64_t allocations, fails_at; // 0: never
static uint64_t failed;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *__libc_malloc(size_t len);
void *__libc_calloc(size_t count, size_t len);
void *__libc_realloc(void *p, size_t len);

static bool allocation_fails(void)
{
	bool fails = fails_at != 0 && ++allocations == fails_at;

	failed += fails;
	return fails;
}

void *malloc(size_t len)
{
	return allocation_fails() ? NULL : __libc_malloc(len);
}

void *calloc(size_t count, size_t len)
{
	return allocation_fails() ? NULL : __libc_calloc(count, len);
}

void *realloc(void *p, size_t len)
{
	return allocation_fails() ? NULL : __libc_realloc(p, len);
}
#endif

struct outcome {
	char ids[PUTS][RECORD_ID_LEN + 1];
	enum err_code codes[PUTS];
	bool erased;
};

static void live(struct fixture *f, struct outcome *o)
{
	const struct request_log_row row = {"198.51.100.1", "Example/1.0", "receipt-0"};
	struct erase_result erased = {0};
	struct prune_result pruned;
	struct err e = {0};
	char receipt[32];

	*o = (struct outcome){0};
	for (int i = 0; i < PUTS; i++) {
		snprintf(receipt, sizeof receipt, "receipt-%d", i);
		const struct vault_tag tags[] = {{"receipt", receipt}, {NULL, NULL}};
		const struct ledger_event event = {.name = "put", .payload = "personal", .payload_len = 8, .subject = receipt};
		const struct vault_new record = {.kind = KIND_TICKET, .subject = receipt, .tags = tags, .body = "a body", .body_len = 6};
		e = (struct err){0};
		o->codes[i] = vault_put(f->vault, &record, &event, o->ids[i], &e) != 0 ? e.code : ERR_NONE;
		request_log_append(f->vault, &row, &e);
	}
	o->erased = vault_erase(f->vault, ERASE_RECEIPT, "receipt-1", false, &erased, &e) == 0 && erased.complete;
	vault_prune(f->vault, (struct duration){0}, false, &pruned, &e);
}

static void check(struct fixture *f, const struct outcome *o, uint64_t n)
{
	struct ledger_report report;
	struct err e = {0};

	for (int i = 0; i < PUTS; i++) {
		struct vault_record r = {0};
		e = (struct err){0};
		bool there = o->ids[i][0] != '\0' && vault_get(f->vault, o->ids[i], &r, &e) == 0;
		if (there && o->codes[i] != ERR_NONE && o->codes[i] != ERR_UNKNOWN)
			fail_msg("allocation %llu: record %d was refused and is there", (unsigned long long)n, i);
		if (!there && o->codes[i] == ERR_NONE && i != 1)
			fail_msg("allocation %llu: record %d was acknowledged and is lost", (unsigned long long)n, i);
		if (there && i == 1 && o->erased)
			fail_msg("allocation %llu: what was erased is there", (unsigned long long)n);
		vault_record_free(&r);
	}
	if (ledger_verify(f->vault, LEDGER_WHOLE, &report, &e) != 0 || !report.intact)
		fail_msg("allocation %llu: ledger: %s%s", (unsigned long long)n, e.text, report.finding);
}

// Lives once with allocation n failing; how many there were.
static uint64_t try_one(void **state, uint64_t n)
{
	struct fixture *f = *state;
	struct outcome o;

	allocations = 0;
	fails_at = n;
	live(f, &o);
	fails_at = 0;
	uint64_t count = allocations;
	fixture_reopen(f, VAULT_ADMIN);
	check(f, &o, n);
	fixture_teardown(state);
	fixture_setup(state);
	return count;
}

static void memory_that_is_missing_once_loses_nothing(void **state)
{
	if (!COUNTED)
		skip();
	const uint64_t all = try_one(state, UINT64_MAX), points = trust_size(POINTS, all), stride = all > points ? all / points : 1;

	failed = 0;
	for (uint64_t n = 1; n < all; n += stride)
		try_one(state, n);
	print_message("%llu of %llu allocations failed\n", (unsigned long long)failed, (unsigned long long)all);
	assert_true(failed > 100);
}

// Each allocation of one event, for each of its first ones: whatever is missing, no event is there whose seal does not hold.
static void an_event_is_whole_or_not_there(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event event = {.name = "put", .details = "{\"n\":1}", .payload = "personal", .payload_len = 8, .subject = "s"};
	struct ledger_report report;
	struct err e = {0};
	uint64_t size = 0, n = 1;

	if (!COUNTED)
		skip();
	for (failed = 0; failed + 1 >= n; n++) {
		allocations = 0;
		fails_at = n;
		size += ledger_append(f->vault, &event, &e) == 0;
		fails_at = 0;
		assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
		if (!report.intact || report.size != size)
			fail_msg("allocation %llu: %llu events instead of %llu: %s", (unsigned long long)n, (unsigned long long)report.size,
				 (unsigned long long)size, report.finding);
	}
	print_message("each of %llu allocations failed\n", (unsigned long long)failed);
	assert_true(failed > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(memory_that_is_missing_once_loses_nothing, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(an_event_is_whole_or_not_there, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
