// SPDX-License-Identifier: ISC
// Records: what is put can be got, found, changed and ended; what the policy does not keep is refused.
#include "tests/unit/vault_fixture.h"
#include <dirent.h>
#include <fcntl.h>

static void put_then_get_and_find(void **state)
{
	struct fixture *f = *state;
	struct vault_record r;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];

	fixture_archive(f, "receipt-one", "token-one", id);
	assert_int_equal(strlen(id), RECORD_ID_LEN);
	assert_return_code(vault_get(f->vault, id, &r, &e), 0);
	assert_int_equal(r.kind, KIND_ARCHIVE);
	assert_int_equal(r.made, fixture_time);
	assert_int_equal(r.due, fixture_time + 3600);
	assert_true(r.has_file);
	assert_string_equal(buf_text(&r.body), "{\"name\":\"set\"}");
	vault_record_free(&r);
	assert_return_code(vault_find(f->vault, KIND_ARCHIVE, "token", "token-one", &r, &e), 0);
	assert_string_equal(r.id, id);
	vault_record_free(&r);
	assert_int_equal(vault_find(f->vault, KIND_ARCHIVE, "token", "token-two", &r, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(vault_find(f->vault, KIND_TICKET, "token", "token-one", &r, &e), -1);
	assert_return_code(vault_spool_path(f->vault, id, path, sizeof path, &e), 0);
	assert_int_equal(access(path, F_OK), 0);
}

// In memory unless it says "disk"; what a policy of before has put elsewhere is found and ends as well.
static void files_go_where_the_policy_puts_them(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event event = {.name = "erasure"};
	struct vault_new record = {.kind = KIND_ARCHIVE};
	char ids[2][RECORD_ID_LEN + 1], path[300], folder[256], orphan[300];
	struct err e = {0};
	struct prune_result counts = {0};
	bool on_disk;

	for (int disk = 0; disk < 2; disk++) {
		f->policy.kinds[KIND_ARCHIVE].place = disk ? PLACE_DISK : PLACE_MEMORY;
		fixture_reopen(f, VAULT_PROGRAM);
		snprintf(folder, sizeof folder, "%s/spool", disk ? f->state : f->run);
		assert_string_equal(vault_spool(f->vault, &on_disk), folder);
		assert_int_equal(on_disk, disk);
		snprintf(path, sizeof path, "%s/new-1", folder);
		assert_return_code(file_write(path, "PK", 2, 0640, NULL, &e), 0);
		record.file = path;
		assert_return_code(vault_put(f->vault, &record, NULL, ids[disk], &e), 0);
		snprintf(orphan, sizeof orphan, "%s/new-2", folder);
		assert_return_code(file_write(orphan, "PK", 2, 0640, NULL, &e), 0);
		assert_return_code(utimensat(AT_FDCWD, orphan, (struct timespec[]){{.tv_sec = fixture_time}, {.tv_sec = fixture_time}}, 0),
				   0);
	}
	fixture_reopen(f, VAULT_ADMIN);
	for (int disk = 0; disk < 2; disk++) {
		assert_return_code(vault_spool_path(f->vault, ids[disk], path, sizeof path, &e), 0);
		assert_memory_equal(path, disk ? f->state : f->run, strlen(disk ? f->state : f->run));
		assert_int_equal(access(path, F_OK), 0);
	}
	struct census census;
	assert_return_code(vault_census(f->vault, &census, &e), 0);
	assert_int_equal(census.spool_bytes, 8);
	assert_return_code(vault_end(f->vault, ids[0], &event, &e), 0);
	snprintf(path, sizeof path, "%s/spool/%s.zip", f->run, ids[0]);
	assert_int_equal(access(path, F_OK), -1);
	fixture_time += 2 * 3600; // the other ends with its time, and what nobody owns in both
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &counts, &e), 0);
	snprintf(path, sizeof path, "%s/spool/%s.zip", f->state, ids[1]);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(counts.orphans, 2);
}

static int find_again(struct fixture *f, struct vault_record *r)
{
	struct err e = {0};
	int first = vault_find_head(f->vault, KIND_ARCHIVE, "token", "again", r, &e);

	return vault_find_head(f->vault, KIND_ARCHIVE, "token", "again", r, &e) == first && (first == 0 || e.code == ERR_NOT_FOUND) ? first
																    : -2;
}

// Looked up twice, so that the second comes from memory; and then another process changes it.
static void what_is_found_again_is_as_it_is_now(void **state)
{
	struct fixture *f = *state;
	const struct vault_tag tags[] = {{"token", "again"}, {NULL, NULL}};
	const struct vault_new record = {.kind = KIND_ARCHIVE, .tags = tags};
	const struct ledger_event event = {.name = "change"};
	struct vault_record r;
	struct vault *other;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	assert_return_code(vault_open(&other, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), 0);
	assert_int_equal(find_again(f, &r), -1);
	assert_return_code(vault_put(other, &record, NULL, id, &e), 0);
	assert_int_equal(find_again(f, &r), 0);
	assert_string_equal(r.id, id);
	assert_string_equal(r.state, "");
	assert_return_code(vault_update(other, id, &(struct vault_change){.state = "held"}, &event, &e), 0);
	assert_int_equal(find_again(f, &r), 0);
	assert_string_equal(r.state, "held");
	fixture_time += 3600;
	assert_int_equal(find_again(f, &r), -1);
	fixture_time -= 3600;
	assert_int_equal(find_again(f, &r), 0);
	assert_return_code(vault_end(other, id, &event, &e), 0);
	assert_int_equal(find_again(f, &r), -1);
	vault_close(other);
}

static void kinds_that_are_not_kept_are_refused(void **state)
{
	struct fixture *f = *state;
	const enum kind refused[] = {KIND_PROMPT, KIND_ACCOUNT};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	for (size_t i = 0; i < 2; i++) {
		const struct vault_new record = {.kind = refused[i], .body = "x", .body_len = 1};
		assert_int_equal(vault_put(f->vault, &record, NULL, id, &e), -1);
		assert_int_equal(e.code, ERR_REFUSED);
		assert_int_equal(fixture_census(f, refused[i], NULL), 0);
	}
	f->policy.kinds[KIND_REQUEST_LOG].keep = KEEP_MEMORY;
	const struct request_log_row row = {"192.0.2.1", "Example/1.0", NULL};
	assert_int_equal(request_log_append(f->vault, &row, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

static void nobody_may_live_longer_than_promised(void **state)
{
	struct fixture *f = *state;
	struct vault_new record = {.kind = KIND_ARCHIVE, .body = "x", .body_len = 1, .due = fixture_time + 3601};
	struct vault_record r;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	assert_int_equal(vault_put(f->vault, &record, NULL, id, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	record.due = fixture_time + 60;
	assert_return_code(vault_put(f->vault, &record, NULL, id, &e), 0);
	assert_return_code(vault_get(f->vault, id, &r, &e), 0);
	assert_int_equal(r.due, fixture_time + 60);
	vault_record_free(&r);
	fixture_time += 60; // at its due time it is gone, pruned or not
	assert_false(fixture_has(f, id));
}

static void a_stricter_policy_holds_for_what_is_stored(void **state)
{
	struct fixture *f = *state;
	struct prune_result result;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", id);
	fixture_lives[KIND_ARCHIVE]->length = (struct duration){.seconds = 600};
	fixture_time += 600;
	assert_false(fixture_has(f, id));
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &result, &e), 0);
	assert_int_equal(result.records, 1);
	assert_int_equal(result.files, 1);
}

static void update_replaces_state_and_body(void **state)
{
	struct fixture *f = *state;
	const struct vault_new record = {.kind = KIND_RIGHTS_REQUEST, .subject = "secret-a", .body = "before", .body_len = 6};
	const struct ledger_event event = {.name = "answer"};
	struct vault_record r;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	assert_return_code(vault_put(f->vault, &record, NULL, id, &e), 0);
	assert_return_code(vault_update(f->vault, id, &(struct vault_change){.state = "open", .body = "after", .body_len = 5}, &event, &e),
			   0);
	assert_return_code(vault_get(f->vault, id, &r, &e), 0);
	assert_string_equal(r.state, "open");
	assert_string_equal(buf_text(&r.body), "after");
	assert_int_equal(r.due, 0); // its life begins when it is closed
	vault_record_free(&r);
	assert_return_code(
	    vault_update(f->vault, id, &(struct vault_change){.state = "fulfilled", .set = LIFE_BIT(LIFE_CLOSED)}, &event, &e), 0);
	assert_return_code(vault_get(f->vault, id, &r, &e), 0);
	assert_string_equal(buf_text(&r.body), "after");
	assert_int_equal(r.due, duration_after(fixture_time, (struct duration){.months = 24}));
	vault_record_free(&r);
	assert_int_equal(vault_update(f->vault, "00000000000000000000000000000000", &(struct vault_change){.state = "open"}, &event, &e),
			 -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void end_takes_row_tags_file_and_own_key(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event event = {.name = "deleted"};
	const struct vault_new ticket = {.kind = KIND_TICKET, .body = "hello", .body_len = 5};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct data_key key;

	fixture_archive(f, "receipt", "token", id);
	assert_return_code(vault_put(f->vault, &ticket, NULL, other, &e), 0);
	assert_return_code(key_find(f->vault, VIEW_COMMITTED, "record", other, &key, &e), 0);
	vault_spool_path(f->vault, id, path, sizeof path, &e);
	assert_return_code(vault_end(f->vault, id, &event, &e), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_false(fixture_has(f, id));
	assert_int_equal(vault_end(f->vault, id, &event, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_return_code(vault_end(f->vault, other, &event, &e), 0);
	assert_int_equal(key_find(f->vault, VIEW_COMMITTED, "record", other, &key, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void a_failed_put_leaves_the_file_with_its_owner(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event bad = {.name = "archive", .details = "not json"};
	const char *path = fixture_spool_file(f, "mine.tmp");
	struct vault_new record = {.kind = KIND_ARCHIVE, .body = "x", .body_len = 1, .file = path};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	assert_int_equal(vault_put(f->vault, &record, &bad, id, &e), -1);
	assert_int_equal(access(path, F_OK), 0);
	record.file = "missing.tmp";
	assert_int_equal(vault_put(f->vault, &record, NULL, id, &e), -1);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 0);
}

struct seen {
	struct vault *vault;
	size_t count;
	time_t last;
};
static int see(void *arg, const struct vault_record *r)
{
	struct seen *s = arg;
	struct err e = {0};

	assert_true(r->made >= s->last);
	s->last = r->made;
	s->count++;
	// The callback may use the vault.
	return vault_update(s->vault, r->id, &(struct vault_change){.state = "seen"}, NULL, &e) != 0 ? -1 : 0;
}

static void each_walks_oldest_first_over_many_pages(void **state)
{
	struct fixture *f = *state;
	const struct vault_new record = {.kind = KIND_TICKET, .subject = "one subject", .body = "x", .body_len = 1};
	struct seen s = {.vault = f->vault};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	for (int i = 0; i < 2 * PAGE_ROWS + 3; i++) {
		fixture_time += i % 2;
		assert_return_code(vault_put(f->vault, &record, NULL, id, &e), 0);
	}
	assert_return_code(vault_each(f->vault, KIND_TICKET, "", see, &s, &e), 0);
	assert_int_equal(s.count, 2 * PAGE_ROWS + 3);
	s = (struct seen){.vault = f->vault};
	assert_return_code(vault_each(f->vault, KIND_TICKET, "", see, &s, &e), 0);
	assert_int_equal(s.count, 0);
}

static void nothing_clear_reaches_the_files(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], command[512];

	fixture_archive(f, "receipt-CANARY", "token-CANARY", id);
	fixture_log(f, "198.51.100.77", "receipt-CANARY");
	snprintf(command, sizeof command, "grep -rlaE 'CANARY|198\\.51\\.100\\.77|\"name\":\"set\"|Example/1.0' '%s' '%s'", f->state,
		 f->run);
	assert_int_not_equal(system(command), 0);
}

static void a_moved_body_does_not_open(void **state)
{
	struct fixture *f = *state;
	struct vault_record r;
	struct err e = {0};
	char a[RECORD_ID_LEN + 1], b[RECORD_ID_LEN + 1], sql[256];

	fixture_archive(f, "receipt-a", "token-a", a);
	fixture_archive(f, "receipt-b", "token-b", b);
	snprintf(sql, sizeof sql, "UPDATE record SET body=(SELECT body FROM record WHERE id='%s') WHERE id='%s'", a, b);
	fixture_sql(f, "vault.db", sql);
	assert_int_equal(vault_get(f->vault, b, &r, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_return_code(vault_get(f->vault, a, &r, &e), 0);
	vault_record_free(&r);
}

// One of them that fails leaves none, each file with its owner, and nothing in the ledger; what is to be there once is stored once, until it ends.
static void several_are_stored_together_or_none(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event event = {.name = "import"};
	const struct vault_tag one[] = {{"import", "one"}, {NULL, NULL}}, two[] = {{"import", "two"}, {NULL, NULL}};
	struct vault_new records[2] = {{.kind = KIND_ARCHIVE, .subject = "s", .tags = one, .once = "import"},
				       {.kind = KIND_ARCHIVE, .subject = "s", .tags = two, .once = "import"}};
	char paths[2][300], ids[2][RECORD_ID_LEN + 1];
	struct vault_record r;
	struct err e = {0};
	uint64_t before, after;

	for (int i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/spool/new-%d", f->run, i);
		assert_return_code(file_write(paths[i], "PK", 2, 0640, NULL, &e), 0);
		records[i].file = paths[i];
	}
	assert_return_code(ledger_size(f->vault, &before, &e), 0);
	records[1].tags = one; // the second is the same as the first
	assert_int_equal(vault_put_all(f->vault, records, 2, &event, ids, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	records[1].tags = two;
	unlink(paths[1]); // the second file cannot be taken, when the first already was
	assert_int_equal(vault_put_all(f->vault, records, 2, &event, ids, &e), -1);
	assert_int_equal(access(paths[0], F_OK), 0);
	assert_int_equal(vault_find(f->vault, KIND_ARCHIVE, "import", "one", &r, &e), -1);
	assert_return_code(ledger_size(f->vault, &after, &e), 0);
	assert_int_equal(after, before);

	assert_return_code(file_write(paths[1], "PK", 2, 0640, NULL, &e), 0);
	assert_return_code(vault_put_all(f->vault, records, 2, &event, ids, &e), 0);
	assert_return_code(ledger_size(f->vault, &after, &e), 0);
	assert_int_equal(after, before + 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(access(paths[i], F_OK), -1);
		assert_return_code(vault_find(f->vault, KIND_ARCHIVE, "import", i == 0 ? "one" : "two", &r, &e), 0);
		assert_string_equal(r.id, ids[i]);
		vault_record_free(&r);
	}
	records[0].file = NULL;
	assert_int_equal(vault_put(f->vault, &records[0], &event, ids[0], &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	fixture_time += 3600; // those are over
	assert_return_code(vault_put(f->vault, &records[0], &event, ids[0], &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(put_then_get_and_find),
	    T(files_go_where_the_policy_puts_them),
	    T(what_is_found_again_is_as_it_is_now),
	    T(kinds_that_are_not_kept_are_refused),
	    T(nobody_may_live_longer_than_promised),
	    T(a_stricter_policy_holds_for_what_is_stored),
	    T(update_replaces_state_and_body),
	    T(end_takes_row_tags_file_and_own_key),
	    T(a_failed_put_leaves_the_file_with_its_owner),
	    T(several_are_stored_together_or_none),
	    T(each_walks_oldest_first_over_many_pages),
	    T(nothing_clear_reaches_the_files),
	    T(a_moved_body_does_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
