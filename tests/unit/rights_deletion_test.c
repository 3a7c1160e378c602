// SPDX-License-Identifier: ISC
// Deletions at vendors: asked at their time and by one alone, until they are confirmed or the vendor's own time is over; once more on erasure; after a kill; and what is
// told of them.
#include "policy/rights/deletion.h"
#include "policy/rights/erase.h"
#include "policy/rights/reach.h"
#include "tests/unit/rights_disk.h"
#include "tests/unit/rights_text.h"
#include <sys/wait.h>

#define RECEIPT   "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR1"
#define REFERENCE "work-Kastanie-17"

static int deletion_make(void **state)
{
	unsetenv("CLOUDFLARE_ZONE_ID");
	place_open(state, "imagedesigner", NULL);
	return 0;
}

// A vendor: what it answers, and what it was asked.
static struct {
	struct deletion_answer answer;
	unsigned calls, drilled;
	char processor[32], reference[DELETION_REFERENCE_MAX];
	kind_set kinds;
	bool kills; // who asks is gone after it answered
} vendor;

static void vendor_ask(void *arg, const struct deletion_row *row, struct deletion_answer *out)
{
	(void)arg;
	vendor.calls++;
	snprintf(vendor.processor, sizeof vendor.processor, "%s", row->processor);
	snprintf(vendor.reference, sizeof vendor.reference, "%s", row->reference);
	vendor.kinds = row->kinds;
	*out = vendor.answer;
	if (vendor.kills)
		_exit(9);
}

static void vendor_drilled(void *arg, const struct deletion_row *row)
{
	(void)arg;
	assert_true(row->canary);
	vendor.drilled++;
}
static const struct deletion_way way = {vendor_ask, vendor_drilled, NULL};

static const struct deletion_answer gone = {.outcome = DELETION_GONE, .status = 200};
static const struct deletion_answer failing = {.outcome = DELETION_LATER, .status = 500, .failure = "no-answer"};
static const struct deletion_answer busy = {.outcome = DELETION_LATER, .status = 429, .failure = "no-answer"};
static const struct deletion_answer silent = {.outcome = DELETION_LATER, .failure = "timeout"};
static const struct deletion_answer refused = {.outcome = DELETION_REFUSED, .status = 403, .failure = "refused"};

static void noted_at(struct place *p, const char *processor, char id[RECORD_ID_LEN + 1], const char *subject, struct deletion_answer answer)
{
	const struct deletion_new n = {
	    .processor = processor, .reference = REFERENCE, .kinds = KIND_BIT(KIND_PROMPT), .subject = subject, .next = when_now()};
	struct err e = {0};

	memset(&vendor, 0, sizeof vendor);
	vendor.answer = answer;
	if (deletion_add(p->vault, &n, id, &e) != 0)
		fail_msg("%s", e.text);
}

static void noted(struct place *p, char id[RECORD_ID_LEN + 1], const char *subject, struct deletion_answer answer)
{
	noted_at(p, "fal", id, subject, answer);
}

static struct deletion_sum asking(struct place *p, const char *id, bool now)
{
	struct deletion_sum sum;
	struct err e = {0};

	if (deletion_run(p->vault, id, now, &way, &sum, &e) != 0)
		fail_msg("%s", e.text);
	return sum;
}

struct kept_rows {
	unsigned count;
	struct deletion_row last;
	char state[32], failure[DELETION_FAILURE];
};

static int row_keep(void *arg, const struct deletion_row *row)
{
	struct kept_rows *kept = arg;

	kept->count++;
	kept->last = *row;
	snprintf(kept->state, sizeof kept->state, "%s", row->state);
	snprintf(kept->failure, sizeof kept->failure, "%s", row->failure);
	return 0;
}

static struct kept_rows rows(struct place *p, bool all)
{
	struct kept_rows kept = {0};
	struct err e = {0};

	if (deletion_each(p->vault, all, row_keep, &kept, &e) != 0)
		fail_msg("%s", e.text);
	return kept;
}

// The row of the recipients for fal, as the certificate has it: {deletion, deleted_at, expires_by}.
static cJSON *told(struct place *p)
{
	struct err e = {0};
	JSON_AUTO cJSON *reach = reach_of(p->vault, &(struct erase_selector){ERASE_RECEIPT, RECEIPT}, 1, &e);
	const cJSON *row;

	cJSON_ArrayForEach(row, json_get(reach, "recipients"))
	{
		if (strcmp(json_string(row, "id"), "fal") == 0)
			return cJSON_Duplicate(row, true);
	}
	return NULL;
}

static void what_a_vendor_did_not_confirm_is_asked_for_again(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	const time_t begin = when_now();
	time_t last = 0, pause = 0;
	unsigned calls = 0;

	when_stand_at(begin);
	noted(p, id, RECEIPT, failing);
	for (time_t t = begin; t < begin + 2 * 86400; t += 30) {
		when_stand_at(t);
		asking(p, NULL, false);
		if (vendor.calls == calls)
			continue;
		assert_true(t - last >= 45);
		pause = rows(p, false).last.next - t;
		assert_true(pause >= 45 && pause <= 5 * 3600); // a minute to four hours, a quarter more or less
		calls = vendor.calls;
		last = t;
	}
	assert_true(calls > 12 && calls < 40);
	assert_string_equal(vendor.reference, REFERENCE);
	assert_int_equal(vendor.kinds, KIND_BIT(KIND_PROMPT));
	assert_string_equal(rows(p, false).failure, "no-answer");
	vendor.answer = gone;
	assert_int_equal(asking(p, NULL, true).deleted, 1);
	assert_int_equal(rows(p, false).count, 0);
	assert_string_equal(rows(p, true).state, "deleted");
	assert_int_equal(asking(p, NULL, true).deleted, 0);
	JSON_AUTO cJSON *row = told(p);
	assert_string_equal(json_string(row, "deletion"), "deleted");
	assert_int_equal(json_time(row, "deleted_at"), when_now());
}

// A right that is missing can be given.
static void a_refusal_is_asked_again(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];

	noted(p, id, RECEIPT, refused);
	assert_int_equal(asking(p, NULL, true).waiting, 1);
	assert_string_equal(rows(p, false).failure, "refused");
	JSON_AUTO cJSON *row = told(p);
	assert_string_equal(json_string(row, "deletion"), "asked");
	assert_null(json_string(row, "deleted_at"));
	vendor.answer = gone;
	assert_int_equal(asking(p, id, true).deleted, 1);
}

// It lives no longer than the vendor may keep what it is about (30 days, as is known of fal), and that nothing was confirmed is told.
static void it_ends_when_the_vendors_own_time_is_over(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct prune_result pruned;
	const time_t begin = when_now();
	struct err e = {0};

	when_stand_at(begin);
	noted(p, id, RECEIPT, failing);
	when_stand_at(begin + 29 * 86400);
	assert_int_equal(asking(p, NULL, true).waiting, 1);
	when_stand_at(begin + 30 * 86400 - 300);
	assert_int_equal(asking(p, NULL, false).expired, 1);
	assert_int_equal(rows(p, false).count, 0);
	when_stand_at(begin + 30 * 86400 + 60);
	assert_int_equal(vault_prune(p->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(rows(p, true).count, 0);
}

static void a_vendor_that_hangs_costs_one_timeout_a_run(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];

	for (int i = 0; i < 3; i++)
		noted(p, id, NULL, silent);
	assert_int_equal(asking(p, NULL, true).waiting, 3);
	assert_int_equal(vendor.calls, 1);
	vendor.answer = busy;
	assert_int_equal(asking(p, NULL, true).waiting, 3);
	assert_int_equal(vendor.calls, 2);
	vendor.answer = refused;
	assert_int_equal(asking(p, NULL, true).waiting, 3);
	assert_int_equal(vendor.calls, 3);
}

// However many wait of one that refuses, the others are asked.
static void many_that_wait_keep_none_waiting(void **state)
{
	enum { MANY = 1100 };
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];

	when_stand_at(when_now());
	for (int i = 0; i < MANY; i++)
		noted(p, id, NULL, refused);
	noted_at(p, "replicate", id, NULL, refused);
	assert_int_equal(asking(p, NULL, false).waiting, MANY + 1);
	assert_int_equal(vendor.calls, 2);
	assert_string_equal(vendor.processor, "replicate");
}

// The time from which on it is to be confirmed is not that of the last attempt.
static void when_it_was_to_be_asked_first_stays(void **state)
{
	struct place *p = *state;
	const time_t begin = when_now();
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	when_stand_at(begin);
	noted(p, id, RECEIPT, failing);
	when_stand_at(begin + 1800);
	assert_int_equal(deletion_due_now(p->vault, id, &e), 0);
	assert_int_equal(rows(p, false).last.first, begin + 1800);
	asking(p, NULL, false);
	when_stand_at(begin + 3000);
	asking(p, NULL, false);
	assert_int_equal(vendor.calls, 2);
	assert_int_equal(rows(p, false).last.first, begin + 1800);
	assert_int_equal(deletion_ask_again(p->vault, &(struct erase_selector){ERASE_RECEIPT, RECEIPT}, 1, NULL, &e), 0);
	assert_int_equal(rows(p, false).last.first, begin + 3000);
}

// What one vendor ends within the hour is told as long as the policy says all the same.
static void what_is_confirmed_lives_as_the_policy_says(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct prune_result pruned;
	const time_t begin = when_now();
	struct err e = {0};

	when_stand_at(begin);
	noted_at(p, "replicate", id, RECEIPT, gone);
	assert_int_equal(asking(p, NULL, false).deleted, 1);
	when_stand_at(begin + 20 * 86400);
	assert_int_equal(vault_prune(p->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(rows(p, true).count, 1);
	when_stand_at(begin + 30 * 86400 + 60);
	assert_int_equal(vault_prune(p->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(rows(p, true).count, 0);
}

// Confirmed, asked for once more by an erasure, and not answered until its time is over: it was deleted.
static void what_was_confirmed_before_ends_as_deleted(void **state)
{
	struct place *p = *state;
	const struct erase_selector who = {ERASE_RECEIPT, RECEIPT};
	char id[RECORD_ID_LEN + 1];
	const time_t begin = when_now();
	struct err e = {0};

	when_stand_at(begin);
	noted(p, id, RECEIPT, gone);
	assert_int_equal(asking(p, NULL, false).deleted, 1);
	assert_int_equal(deletion_ask_again(p->vault, &who, 1, NULL, &e), 0);
	assert_string_equal(rows(p, false).state, "waiting");
	vendor.answer = failing;
	when_stand_at(begin + 30 * 86400 - 300);
	const struct deletion_sum sum = asking(p, NULL, false);
	assert_int_equal(sum.expired, 0);
	assert_int_equal(sum.deleted, 1);
	assert_string_equal(rows(p, true).state, "deleted");
	assert_int_equal(rows(p, true).last.deleted, begin);
}

// On a full disk the vendor is asked once more, too.
static void an_erasure_on_a_full_disk_asks_once_more(void **state)
{
	struct place *p = *state;
	const struct erase_selector who = {ERASE_RECEIPT, RECEIPT};
	const struct deletion_new n = {.processor = "fal", .reference = REFERENCE, .next = when_now()};
	char id[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	struct err e = {0};

	noted(p, id, RECEIPT, gone);
	assert_int_equal(asking(p, NULL, false).deleted, 1);
	disk_full(p);
	assert_int_equal(deletion_add(p->vault, &n, other, &e), -1);
	assert_int_equal(e.code, ERR_FULL);
	const int ret = deletion_ask_again(p->vault, &who, 1, NULL, &e);
	disk_has_space();
	if (ret != 0)
		fail_msg("%s", e.text);
	assert_int_equal(rows(p, false).count, 1);
}

// By a request that an officer answers.
static struct rights_receipt erasing(struct place *p, struct buf *certificate)
{
	const struct rights_receipt request =
	    place_asked(p, &(struct rights_new){.right = "erasure", .contact = CONTACT, .receipt = RECEIPT});
	const struct rights_act shown = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "papers", .reason = "seen"};
	struct erase_result result;
	struct err e = {0};

	place_did(p, request.id, &shown, ERR_NONE);
	if (rights_fulfil_erasure_text(p->vault, request.id, "anna", false, &result, certificate, &e) != 0)
		fail_msg("%s", e.text);
	return request;
}

// The person whose request it was for.
static void who_had_it_asked_is_told_that_it_is_dropped(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};
	BUF_AUTO struct buf text = BUF_INIT(1 << 20);
	bool told_so = false;
	const cJSON *event;

	noted(p, id, RECEIPT, failing);
	const struct rights_receipt request = erasing(p, &text);
	assert_int_equal(deletion_drop(p->vault, id, "anna", &e), 0);
	JSON_AUTO cJSON *shown = place_shown(p, &request);
	cJSON_ArrayForEach(event, json_get(shown, "events"))
	{
		told_so = told_so || strcmp(json_string(event, "event"), "vendor-kept") == 0;
	}
	assert_true(told_so);
	const cJSON *recipient = cJSON_GetArrayItem(json_get(shown, "recipients"), 0);
	assert_string_equal(json_string(recipient, "deletion"), "unconfirmed");
}

// The bytes of it are no JSON.
static void a_record_that_cannot_be_read_keeps_none_waiting(void **state)
{
	struct place *p = *state;
	const struct vault_new broken = {.kind = KIND_DELETION, .subject = RECEIPT, .body = "{\"proc", .body_len = 6};
	char id[RECORD_ID_LEN + 1], bad[RECORD_ID_LEN + 1];
	struct deletion_sum sum;
	struct err e = {0};

	assert_int_equal(vault_put(p->vault, &broken, NULL, bad, &e), 0);
	noted(p, id, RECEIPT, gone);
	assert_int_equal(deletion_run(p->vault, NULL, false, &way, &sum, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_int_equal(sum.deleted, 1);
	JSON_AUTO cJSON *row = told(p);
	assert_string_equal(json_string(row, "deletion"), "deleted");
}

// Killed when the vendor has answered and nobody wrote that down: it is asked once more, and not before its time.
static void a_kill_asks_twice_at_most(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};
	int status;

	noted(p, id, RECEIPT, gone);
	vendor.kills = true;
	vault_close(p->vault);
	p->vault = NULL;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct deletion_sum out;
		if (vault_open(&p->vault, p->state, p->run, p->policy, VAULT_PROGRAM, &e) == 0)
			(void)deletion_run(p->vault, id, true, &way, &out, &e);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 9);
	vendor.kills = false;
	assert_int_equal(vault_open(&p->vault, p->state, p->run, p->policy, VAULT_PROGRAM, &e), 0);
	assert_int_equal(asking(p, NULL, false).waiting, 1);
	assert_int_equal(vendor.calls, 0); // of this process: its time has not come
	when_stand_at(when_now() + 120);
	assert_int_equal(asking(p, NULL, false).deleted, 1);
	assert_int_equal(vendor.calls, 1);
}

// What waits outlives the erasure, and the vendor is asked at once; what was confirmed is asked for once more. Then both are gone.
static void an_erasure_asks_once_more(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1], confirmed[RECORD_ID_LEN + 1];
	struct prune_result pruned;
	struct err e = {0};
	BUF_AUTO struct buf text = BUF_INIT(1 << 20);

	noted(p, confirmed, RECEIPT, gone);
	assert_int_equal(asking(p, confirmed, true).deleted, 1);
	noted(p, id, RECEIPT, failing);
	asking(p, id, true);
	assert_int_equal(asking(p, NULL, false).waiting, 1); // its next time has not come
	const struct rights_receipt request = erasing(p, &text);
	JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
	const cJSON *row = cJSON_GetArrayItem(json_get(certificate, "recipients"), 0);
	assert_string_equal(json_string(row, "id"), "fal");
	assert_string_equal(json_string(row, "deletion"), "asked");
	assert_non_null(json_string(row, "expires_by"));
	assert_null(strstr(buf_text(&text), "Kastanie"));
	assert_int_equal(rows(p, false).count, 2);
	memset(&vendor, 0, sizeof vendor);
	vendor.answer = (struct deletion_answer){.outcome = DELETION_GONE, .status = 404}; // not there any more is gone
	assert_int_equal(asking(p, NULL, false).deleted, 2);
	JSON_AUTO cJSON *shown = place_shown(p, &request);
	const cJSON *recipient = cJSON_GetArrayItem(json_get(shown, "recipients"), 0);
	assert_string_equal(json_string(recipient, "deletion"), "deleted");
	assert_non_null(json_string(recipient, "deleted_at"));
	when_stand_at(when_now() + 60);
	assert_int_equal(vault_prune(p->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(rows(p, true).count, 0);
}

// Who only makes a receipt up has nobody asked.
static void a_receipt_that_nobody_has_asks_nobody(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf text = BUF_INIT(1 << 20);

	setenv("CLOUDFLARE_ZONE_ID", "0123456789abcdef", 1);
	(void)erasing(p, &text);
	assert_int_equal(rows(p, true).count, 0);
}

// The addresses of a set are purged from the network before the site, once.
static void what_may_be_cached_is_purged(void **state)
{
	struct place *p = *state;
	const struct request_log_row log = {.address = "192.0.2.7", .user_agent = "agent", .receipt = RECEIPT};
	const struct erase_selector who = {ERASE_RECEIPT, RECEIPT};
	struct err e = {0};

	setenv("CLOUDFLARE_ZONE_ID", "0123456789abcdef", 1);
	assert_int_equal(request_log_append(p->vault, &log, &e), 0);
	for (int i = 0; i < 2; i++)
		if (deletion_ask_again(p->vault, &who, 1, NULL, &e) != 0)
			fail_msg("%s", e.text);
	memset(&vendor, 0, sizeof vendor);
	vendor.answer = gone;
	assert_int_equal(asking(p, NULL, true).deleted, 1);
	assert_string_equal(vendor.processor, "cloudflare");
	assert_int_equal(vendor.kinds, KIND_BIT(KIND_IMAGE));
	assert_non_null(strstr(vendor.reference, "/downloads/"));
	assert_non_null(strstr(vendor.reference, "/pictures/"));
	unsigned lines = 1;
	for (const char *c = vendor.reference; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 17);
	assert_null(strstr(vendor.reference, RECEIPT));
}

static void a_policy_without_the_kind_keeps_none(void **state)
{
	struct place *p;
	const struct deletion_new n = {.processor = "fal", .reference = REFERENCE, .next = when_now()};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	(void)state;
	place_open((void **)&p, "bizimages", NULL);
	assert_false(deletion_kept(p->policy));
	assert_int_equal(deletion_add(p->vault, &n, id, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	place_drop((void **)&p);
}

static void a_canary_tells_what_came_of_it(void **state)
{
	struct place *p = *state;
	const struct deletion_new n = {.processor = "fal", .reference = REFERENCE, .next = when_now(), .canary = true};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	memset(&vendor, 0, sizeof vendor);
	vendor.answer = failing;
	assert_int_equal(deletion_add(p->vault, &n, id, &e), 0);
	asking(p, id, true);
	assert_int_equal(vendor.drilled, 1);
	vendor.answer = gone;
	asking(p, id, true);
	assert_int_equal(vendor.drilled, 2);
}

static void it_can_be_dropped(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	noted(p, id, RECEIPT, failing);
	assert_int_equal(deletion_drop(p->vault, id, "anna", &e), 0);
	assert_int_equal(rows(p, false).count, 0);
	assert_string_equal(rows(p, true).failure, "dropped");
	JSON_AUTO cJSON *row = told(p);
	assert_string_equal(json_string(row, "deletion"), "unconfirmed");
	assert_int_equal(asking(p, NULL, true).waiting, 0);
	assert_int_equal(vendor.calls, 0);
	assert_int_equal(deletion_drop(p->vault, id, "anna", &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, deletion_make, place_drop)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_a_vendor_did_not_confirm_is_asked_for_again),
	    TEST(a_refusal_is_asked_again),
	    TEST(it_ends_when_the_vendors_own_time_is_over),
	    TEST(a_vendor_that_hangs_costs_one_timeout_a_run),
	    TEST(many_that_wait_keep_none_waiting),
	    TEST(when_it_was_to_be_asked_first_stays),
	    TEST(what_is_confirmed_lives_as_the_policy_says),
	    TEST(what_was_confirmed_before_ends_as_deleted),
	    TEST(an_erasure_on_a_full_disk_asks_once_more),
	    TEST(who_had_it_asked_is_told_that_it_is_dropped),
	    TEST(a_record_that_cannot_be_read_keeps_none_waiting),
	    TEST(a_kill_asks_twice_at_most),
	    TEST(an_erasure_asks_once_more),
	    TEST(a_receipt_that_nobody_has_asks_nobody),
	    TEST(what_may_be_cached_is_purged),
	    TEST(a_policy_without_the_kind_keeps_none),
	    TEST(a_canary_tells_what_came_of_it),
	    TEST(it_can_be_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
