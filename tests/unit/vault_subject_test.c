// SPDX-License-Identifier: ISC
// What is kept of a subject is told whole, by the selectors and from the stores that an erasure uses, without waiting for anybody.
#include "tests/unit/vault_fixture.h"

struct told {
	size_t records, unreadable, over, rows, rows_of_visits, events;
	char last_id[RECORD_ID_LEN + 1], body[64], address[64], agent[64], payload[64];
};

static void told_record(void *arg, const struct vault_record *r)
{
	struct told *t = arg;

	t->records++;
	t->unreadable += r->unreadable;
	t->over += r->over;
	memcpy(t->last_id, r->id, sizeof t->last_id);
	snprintf(t->body, sizeof t->body, "%s", buf_text(&r->body));
}

static int told_row(void *arg, const struct subject_log_row *row)
{
	struct told *t = arg;

	t->rows++;
	t->rows_of_visits += row->of_visit;
	snprintf(t->address, sizeof t->address, "%s", row->unreadable ? "?" : row->address);
	snprintf(t->agent, sizeof t->agent, "%s", row->unreadable ? "?" : row->user_agent);
	return 0;
}

static int told_event(void *arg, const struct subject_event *event)
{
	struct told *t = arg;

	t->events++;
	snprintf(t->payload, sizeof t->payload, "%.*s", (int)event->len, event->unreadable ? "" : event->payload);
	return 0;
}

static struct told tell(struct vault *v, enum erase_by by, const char *value, struct subject_result *out)
{
	static const struct subject_walk walk = {told_record, told_row, told_event};
	struct told t = {0};
	struct err e = {0};

	if (vault_subject(v, by, value, &walk, &t, out, &e) != 0)
		fail_msg("vault_subject: %s", e.text);
	return t;
}

static void put_payload(struct fixture *f, const char *subject, const char *text)
{
	const struct ledger_event event = {.name = "export", .payload = text, .payload_len = strlen(text), .subject = subject};
	struct err e = {0};

	assert_return_code(ledger_append(f->vault, &event, &e), 0);
}

static void a_receipt_tells_all_of_its_own_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	char mine[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	struct subject_result missed;
	struct erase_result counted;
	struct err e = {0};

	fixture_archive(f, "receipt-mine", "token-mine", mine);
	fixture_archive(f, "receipt-other", "token-other", other);
	fixture_log(f, "198.51.100.1", "receipt-mine");
	fixture_log(f, "198.51.100.9", "receipt-other");
	fixture_log(f, "198.51.100.1", NULL);
	put_payload(f, "receipt-mine", "mine");
	put_payload(f, "receipt-other", "other");
	put_payload(f, "receipt-mine", "mine again");
	struct told t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.records, 1);
	assert_string_equal(t.last_id, mine);
	assert_string_equal(t.body, "{\"name\":\"set\"}");
	assert_int_equal(t.rows, 1);
	assert_string_equal(t.address, "198.51.100.1");
	assert_string_equal(t.agent, "Example/1.0");
	assert_int_equal(t.events, 2);
	assert_string_equal(t.payload, "mine again");
	assert_string_equal(missed.reason, "");
	t = tell(f->vault, ERASE_RECORD, mine, &missed); // leads to the same subject
	assert_int_equal(t.records, 1);
	assert_int_equal(t.rows, 1);
	assert_int_equal(t.events, 2);
	t = tell(f->vault, ERASE_ADDRESS, "198.51.100.1", &missed);
	assert_int_equal(t.records, 0);
	assert_int_equal(t.rows, 2);
	assert_int_equal(t.rows_of_visits, 1);
	// As many as an erasure would find.
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-mine", true, &counted, &e), 0);
	assert_int_equal(counted.stores[0].found, 1);
	assert_int_equal(counted.stores[2].found, 1);
	assert_int_equal(counted.stores[3].found, 2);
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-mine", false, &counted, &e), 0);
	t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.records + t.rows + t.events, 0);
	assert_string_equal(missed.reason, "");
	assert_int_equal(tell(f->vault, ERASE_RECEIPT, "receipt-other", &missed).records, 1);
}

static void what_is_over_or_damaged_is_said_to_be(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	struct subject_result missed;

	fixture_archive(f, "receipt-mine", "token", id);
	fixture_log(f, "198.51.100.1", "receipt-mine");
	fixture_time += 2 * 3600; // past the hour that it lives, and not pruned yet
	struct told t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.records, 1);
	assert_int_equal(t.over, 1);
	assert_string_equal(t.body, "");
	assert_string_equal(missed.reason, "");
	fixture_time -= 2 * 3600;
	fixture_sql(f, "vault.db", "UPDATE record SET body = zeroblob(length(body))");
	t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.unreadable, 1);
	assert_true(missed.records_missed);
	assert_false(missed.log_missed);
	assert_string_not_equal(missed.reason, "");
	fixture_sql(f, "log/2026-11-22.db", "UPDATE line SET body = zeroblob(length(body))");
	t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_string_equal(t.address, "?");
	assert_true(missed.log_missed);
	// Without its key, a day is not one without rows.
	fixture_sql(f, "keys/keys.db", "DELETE FROM key WHERE kind = 'request-log'");
	t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.rows, 0);
	assert_true(missed.log_missed);
}

static void nobody_is_waited_for_and_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	struct subject_result missed;
	struct vault *other;
	struct commit_alone alone;
	struct stat before, after;
	struct err e = {0};
	char path[PATH_MAX];

	fixture_archive(f, "receipt-mine", "token", id);
	fixture_log(f, "198.51.100.1", "receipt-mine");
	assert_return_code(vault_open(&other, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), 0);
	snprintf(path, sizeof path, "%s/vault.db-wal", f->state);
	assert_int_equal(stat(path, &before), 0);
	assert_return_code(commit_alone(f->vault, &alone, &e), 0); // every lane is taken
	struct told t = tell(other, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.records, 1);
	assert_int_equal(t.rows, 1);
	commit_release(&alone);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	vault_close(other);
}

static void a_note_is_about_who_is_still_there(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	struct subject_result missed;
	struct erase_result erased;
	struct err e = {0};
	const struct ledger_event event = {.name = "export", .details = "{\"by\":\"officer\"}", .payload = "seen", .payload_len = 4};

	fixture_archive(f, "receipt-mine", "token", id);
	assert_return_code(vault_subject_note(f->vault, ERASE_RECORD, id, &event, &e), 0);
	struct told t = tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed);
	assert_int_equal(t.events, 1);
	assert_string_equal(t.payload, "seen");
	assert_return_code(vault_erase(f->vault, ERASE_RECORD, id, false, &erased, &e), 0);
	assert_return_code(vault_subject_note(f->vault, ERASE_RECEIPT, "receipt-mine", &event, &e), 0);
	assert_int_equal(tell(f->vault, ERASE_RECEIPT, "receipt-mine", &missed).events, 0);
	struct ledger_report report;
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(a_receipt_tells_all_of_its_own_and_nothing_else),
	    T(what_is_over_or_damaged_is_said_to_be),
	    T(nobody_is_waited_for_and_nothing_is_written),
	    T(a_note_is_about_who_is_still_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
