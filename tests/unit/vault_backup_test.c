// SPDX-License-Identifier: ISC
// Backups: whole or not there, without what ends before they do, apart from their keys; brought back, nobody who was erased comes back and nobody
// else is lost.
#include "policy/base/array.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/open.h"
#include "policy/vault/record.h"
#include "policy/vault/segment.h"
#include "policy/vault/tombstone.h"
#include "tests/unit/backup_support.h"

static void nobody_erased_comes_back_and_nobody_else_is_lost(void **state)
{
	struct fixture *f = *state;
	enum { SUBJECTS = 40 };
	char ids[SUBJECTS][RECORD_ID_LEN + 1], name[32], master[PATH_MAX], copy[PATH_MAX];
	struct backup_facts backups[3];

	for (int i = 0; i < SUBJECTS; i++) {
		snprintf(name, sizeof name, "receipt-%d", i);
		put_ticket(f, name, name, ids[i]);
		if (i % 20 == 19)
			backups[i / 20] = make(f, true);
	}
	backups[2] = make(f, true);
	for (int i = 0; i < SUBJECTS; i += 3) {
		snprintf(name, sizeof name, "receipt-%d", i);
		erase_receipt(f, name);
	}
	snprintf(copy, sizeof copy, "%s/tombstones.copy", f->root);
	snprintf(master, sizeof master, "%s/tombstones/list", f->state);
	copy_file(master, copy);
	for (size_t b = 0; b < ARRAY_LEN(backups); b++) {
		// With every key that was ever held: the copy of the keys is from before the erasures.
		snprintf(places.other, sizeof places.other, "%s/other-%zu", f->root, b);
		const struct restore_from from = {.backup = backups[b].path, .keys = places.key_copy, .tombstones = copy};
		struct restore_result r = restore_to(f, places.other, &from);
		assert_int_equal(r.again, (SUBJECTS + 2) / 3);
		for (int i = 0; i < (b == 0 ? 20 : SUBJECTS); i++) {
			snprintf(name, sizeof name, "receipt-%d", i);
			if (i % 3 == 0)
				assert_false(fixture_has(f, ids[i]));
			else
				assert_body(f, ids[i], name);
		}
		assert_intact(f);
	}
	// And into the stopped site itself, whose own keys are without those of the erased: the records alone cannot be read.
	const struct restore_from again = {.backup = backups[1].path, .replace = true};
	struct restore_result r = restore_to(f, f->state, &again);
	assert_int_equal(r.again, (SUBJECTS + 2) / 3);
	assert_false(fixture_has(f, ids[0]));
	assert_body(f, ids[1], "receipt-1");
}

// Without tombstones, and with the keys of before, they do come back: what the test above shows is the tombstones' work.
static void without_tombstones_the_drill_fails(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];

	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	erase_receipt(f, "receipt-a");
	const struct restore_from from = {.backup = b.path, .keys = places.key_copy};
	restore_to(f, places.other, &from);
	assert_true(fixture_has(f, id));
}

static void erased_records_cannot_be_read_without_tombstones_by_the_newest_keys(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct vault_record r;
	struct err e = {0};

	put_ticket(f, "receipt-a", "a", id);
	put_ticket(f, "receipt-b", "b", other);
	struct backup_facts b = make(f, true);
	erase_receipt(f, "receipt-a");
	make(f, true); // the newest copy of the keys replaces the one before
	const struct restore_from from = {.backup = b.path, .keys = places.key_copy};
	snprintf(path, sizeof path, "%s/tombstones/list", places.other);
	restore_to(f, places.other, &from);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_not_equal(vault_get(f->vault, id, &r, &e), 0);
	assert_body(f, other, "b");
}

static void what_ends_before_the_backup_is_not_in_it(void **state)
{
	struct fixture *f = *state;
	char archive[RECORD_ID_LEN + 1], ticket[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt-a", "token-a", archive);
	put_ticket(f, "receipt-a", "a", ticket);
	fixture_log(f, "198.51.100.1", "receipt-a");
	struct backup_facts b = make(f, true);
	assert_int_equal(b.records, 1);
	assert_int_equal(b.left_records, 1);
	assert_int_equal(b.left_days, 1);
	assert_int_equal(b.until, b.made + 30 * 86400);
	const struct restore_from from = {.backup = b.path, .keys = places.key_copy};
	restore_to(f, places.other, &from);
	assert_false(fixture_has(f, archive));
	assert_true(fixture_has(f, ticket));
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 0);
	assert_intact(f);
	// The keys of what was left out go too.
	struct data_key key;
	char today[WHEN_DATE];
	struct err e = {0};
	when_date(today, fixture_time);
	fixture_time += 86400;
	struct prune_result pruned;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_not_equal(key_find(f->vault, VIEW_COMMITTED, "archive", today, &key, &e), 0);
	assert_int_not_equal(key_find(f->vault, VIEW_COMMITTED, "request-log", today, &key, &e), 0);
}

static void data_and_keys_never_lie_together(void **state)
{
	struct fixture *f = *state;
	struct backup_facts b;
	struct err e = {0};
	char inside[192];

	snprintf(inside, sizeof inside, "%s/keys", places.data);
	mkdir(inside, 0700);
	assert_int_not_equal(backup_make(f->vault, places.data, places.data, &b, &e), 0);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_not_equal(backup_make(f->vault, places.data, inside, &b, &e), 0);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_not_equal(backup_make(f->vault, f->state, NULL, &b, &e), 0);
	assert_int_equal(e.code, ERR_REFUSED);
	f->policy.kinds[KIND_BACKUP].keep = KEEP_UNDECLARED;
	assert_int_not_equal(backup_make(f->vault, places.data, NULL, &b, &e), 0);
	assert_int_equal(e.code, ERR_REFUSED);
	f->policy.kinds[KIND_BACKUP].keep = KEEP_STORED;
	b = make(f, false);
	char path[PATH_MAX + 8];
	snprintf(path, sizeof path, "%s/keys", b.path);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void a_changed_byte_is_found(void **state)
{
	struct fixture *f = *state;
	static const char *const files[] = {"vault.db", "manifest"};
	struct backup_facts out;
	struct err e = {0};
	char path[PATH_MAX + 16], keys[PATH_MAX];

	snprintf(keys, sizeof keys, "%s/keys", f->state);
	struct backup_facts b = make(f, false);
	assert_return_code(backup_check(b.path, keys, &out, &e), 0);
	assert_true(out.has_signature);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/%s", b.path, files[i]);
		int fd = open(path, O_RDWR);
		char byte;
		assert_int_equal(pread(fd, &byte, 1, 40), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
		assert_int_not_equal(backup_check(b.path, keys, &out, &e), 0);
		assert_int_equal(refused(f, &(struct restore_from){.backup = b.path, .replace = true}), ERR_CORRUPT);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
		close(fd);
	}
}

static void put_tickets(struct fixture *f, int count)
{
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	for (int i = 0; i < count; i++)
		put_ticket(f, "receipt", "body", id);
	f->vault->segment_level = 3;
	if (segment_close_all(f->vault, &e) != 0)
		fail_msg("segment_close_all: %s", e.text);
}

static uint64_t common(struct fixture *f, const struct backup_facts *b)
{
	struct err e = {0};
	uint64_t out = 0;

	if (backup_common(f->vault, b->path, &out, &e) != 0)
		fail_msg("backup_common: %s", e.text);
	return out;
}

// Of segments that both have closed, of one that one of them has, and of entries in none.
static void what_a_ledger_and_a_backup_have_in_common_is_told(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char path[PATH_MAX + 32];
	struct backup_facts again;
	uint64_t out;

	put_tickets(f, 20);
	struct backup_facts first = make(f, false);
	put_tickets(f, 7);
	struct backup_facts second = make(f, false);
	put_tickets(f, 30);
	assert_true(first.events % 8 != 0 && first.events + 7 < second.events);
	assert_int_equal(common(f, &first), first.events);
	assert_int_equal(common(f, &second), second.events);
	// On another branch, first shorter than the second backup, then longer.
	const struct restore_from from = {.backup = first.path, .replace = true};
	restore_to(f, f->state, &from);
	assert_int_equal(common(f, &second), first.events);
	put_tickets(f, 30);
	assert_int_equal(common(f, &second), first.events);
	assert_int_equal(common(f, &first), first.events);
	assert_intact(f);
	// Nothing of the backup is written, and one that cannot be read tells nothing.
	snprintf(path, sizeof path, "%s/vault.db-wal", second.path);
	assert_int_equal(access(path, F_OK), -1);
	assert_return_code(backup_check(second.path, NULL, &again, &e), 0);
	snprintf(path, sizeof path, "%s/ledger/%012llu.gz", second.path, (unsigned long long)first.events / 8 * 8);
	assert_int_equal(unlink(path), 0);
	assert_int_not_equal(backup_common(f->vault, second.path, &out, &e), 0);
	snprintf(path, sizeof path, "%s/vault.db", second.path);
	assert_int_equal(unlink(path), 0);
	assert_int_not_equal(backup_common(f->vault, second.path, &out, &e), 0);
}

static void old_ones_are_deleted_when_the_policy_says_so(void **state)
{
	struct fixture *f = *state;
	struct backup_facts first = make(f, false);
	char copied[PATH_MAX + 8], other[PATH_MAX];

	// A copy that an officer made beside it is one, too; that of another site is not.
	snprintf(copied, sizeof copied, "%s.kept", first.path);
	snprintf(other, sizeof other, "%s/lethe-example2-20200101T000000Z", places.data);
	mkdir(copied, 0700);
	mkdir(other, 0700);
	fixture_time = first.until - 1;
	struct backup_list list = prune(f, false);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.ended, 0);
	make(f, false);
	fixture_time = first.until;
	assert_int_equal(prune(f, true).ended, 2);
	assert_int_equal(access(first.path, F_OK), 0);
	list = prune(f, false);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.ended, 2);
	assert_int_not_equal(access(first.path, F_OK), 0);
	assert_int_not_equal(access(copied, F_OK), 0);
	assert_int_equal(access(other, F_OK), 0);
}

static const struct census_row *census_backups(struct fixture *f, struct census *out)
{
	struct err e = {0};

	assert_return_code(vault_census(f->vault, out, &e), 0);
	for (size_t i = 0; i < out->row_count; i++)
		if (out->rows[i].kind == KIND_BACKUP)
			return &out->rows[i];
	fail();
	return NULL;
}

// The census tells of the oldest, also of one that nobody can reach: then it is late, and not forgotten.
static void the_oldest_is_known_and_is_never_too_old_unseen(void **state)
{
	struct fixture *f = *state;
	struct backup_list list;
	struct census census;
	struct err e = {0};
	char away[192];

	struct backup_facts first = make(f, false);
	fixture_time += 10 * 86400;
	struct backup_facts second = make(f, false);
	assert_return_code(backup_prune_all(f->vault, fixture_time, false, &list, &e), 0);
	const struct census_row *row = census_backups(f, &census);
	assert_int_equal(row->count, 2);
	assert_int_equal(row->oldest, first.made);
	assert_int_equal(row->limit_seconds, 30 * 86400);
	assert_false(row->late);
	// A clock that nobody can trust ends nothing.
	assert_return_code(backup_prune_all(f->vault, 0, false, &list, &e), 0);
	assert_int_equal(list.count, 2);
	fixture_time = first.until;
	assert_true(census_backups(f, &census)->late);
	snprintf(away, sizeof away, "%s.away", places.data);
	assert_return_code(rename(places.data, away), 0);
	assert_return_code(backup_prune_all(f->vault, fixture_time, false, &list, &e), 0);
	row = census_backups(f, &census);
	assert_true(row->late);
	assert_int_equal(row->oldest, first.made);
	assert_return_code(rename(away, places.data), 0);
	assert_return_code(backup_prune_all(f->vault, fixture_time, false, &list, &e), 0);
	assert_int_equal(list.ended, 1);
	row = census_backups(f, &census);
	assert_false(row->late);
	assert_int_equal(row->count, 1);
	assert_int_equal(row->oldest, second.made);
}

// A clock that leapt makes no backup, whose end would be wrong; one that stands back ends none and makes the one from before look ahead.
static void a_wrong_clock_neither_makes_nor_ends_backups(void **state)
{
	struct fixture *f = *state;
	struct prune_result pruned;
	struct backup_list list;
	struct backup_facts out;
	struct err e = {0};
	const time_t now = fixture_time;

	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	struct backup_facts b = make(f, false);
	fixture_time = now + 400 * 86400;
	fixture_off = 400 * 86400; // the machine has not been up for so long
	assert_int_not_equal(backup_make(f->vault, places.data, NULL, &out, &e), 0);
	assert_int_equal(e.code, ERR_REFUSED);
	fixture_time = now - 100 * 86400;
	assert_return_code(backup_prune_all(f->vault, fixture_time, false, &list, &e), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.ahead, 1);
	assert_int_equal(access(b.path, F_OK), 0);
	fixture_time = now;
	fixture_off = 0;
}

static void tombstones_end_with_the_backups(void **state)
{
	struct fixture *f = *state;
	struct prune_result pruned;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];

	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	put_ticket(f, "receipt-a", "a", id);
	erase_receipt(f, "receipt-a");
	assert_int_equal(tombstone_last(path), 1);
	fixture_time += 30 * 86400 - 1;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(tombstone_last(path), 1);
	fixture_time += 1;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(tombstone_last(path), 0);
	put_ticket(f, "receipt-b", "b", id);
	erase_receipt(f, "receipt-b");
	assert_int_equal(tombstone_last(path), 2); // numbers are not used again
}

static void an_altered_tombstone_stops_the_opening(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct vault *v;

	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, false);
	erase_receipt(f, "receipt-a");
	int fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "7", 1, 4), 1);
	close(fd);
	close_vault(f);
	struct restore_result r;
	const struct restore_from from = {.backup = b.path, .replace = true};
	assert_int_not_equal(restore_whole(f->state, &from, &f->policy, &r, &e), 0);
	assert_int_equal(e.code, ERR_CORRUPT);
	// Nor is what the store has not seen yet passed over.
	fixture_sql(f, "vault.db", "UPDATE fact SET value = 0 WHERE name = 'tombstone'");
	assert_int_not_equal(vault_open(&v, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), 0);
	assert_int_equal(e.code, ERR_CORRUPT);
}

// ---- what is done since besides erasures ----

static int restriction_of(struct fixture *f, const char *id)
{
	struct vault_record r;
	struct err e = {0};

	if (vault_get(f->vault, id, &r, &e) == 0) {
		vault_record_free(&r);
		return 0;
	}
	return e.code == ERR_RESTRICTED ? 1 : -1;
}

static void restrict_receipt(struct fixture *f, const char *receipt, enum restrict_how how)
{
	struct restrict_result r;
	struct err e = {0};

	fixture_time += 60;
	if (vault_restrict(f->vault, ERASE_RECEIPT, receipt, how, "0123456789abcdef0123456789abcdef", &r, &e) != 0)
		fail_msg("vault_restrict: %s", e.text);
	assert_int_equal(r.records, 1);
}

static void restrictions_and_their_lifting_outlive_a_restore(void **state)
{
	struct fixture *f = *state;
	char restricted[RECORD_ID_LEN + 1], lifted[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];

	put_ticket(f, "receipt-a", "a", restricted);
	put_ticket(f, "receipt-b", "b", lifted);
	put_ticket(f, "receipt-c", "c", other);
	restrict_receipt(f, "receipt-b", RESTRICT);
	struct backup_facts b = make(f, true);
	restrict_receipt(f, "receipt-a", RESTRICT_KEEP);
	restrict_receipt(f, "receipt-b", RESTRICT_LIFT);
	const time_t since = fixture_time;
	const struct restore_from again = {.backup = b.path, .replace = true};
	fixture_time += 3600;
	struct restore_result r = restore_to(f, f->state, &again);
	assert_int_equal(r.again, 2);
	assert_int_equal(restriction_of(f, restricted), 1);
	assert_int_equal(restriction_of(f, lifted), 0);
	assert_int_equal(restriction_of(f, other), 0);
	struct record_row row = {0};
	struct err e = {0};
	assert_return_code(record_read(f->vault, VIEW_COMMITTED, restricted, &row, &e), 0);
	assert_int_equal(row.facts.since[LIFE_RESTRICTED], since - 60);
	assert_int_equal(row.facts.since[LIFE_WANTED], since - 60);
	buf_free(&row.body);
	assert_intact(f);
}

static void a_withdrawn_consent_stays_withdrawn(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	struct record_row row = {0};

	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	const struct vault_change withdrawn = {.set = LIFE_BIT(LIFE_CONSENT_WITHDRAWN)};
	fixture_time += 60;
	const time_t at = fixture_time;
	assert_return_code(vault_update(f->vault, id, &withdrawn, NULL, &e), 0);
	fixture_time += 3600;
	const struct restore_from again = {.backup = b.path, .replace = true};
	assert_int_equal(restore_to(f, f->state, &again).again, 1);
	assert_return_code(record_read(f->vault, VIEW_COMMITTED, id, &row, &e), 0);
	assert_int_equal(row.facts.since[LIFE_CONSENT_WITHDRAWN], at);
	buf_free(&row.body);
	assert_body(f, id, "a");
}

static void what_a_visitor_deleted_stays_deleted(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char ended[RECORD_ID_LEN + 1], beside[RECORD_ID_LEN + 1], archive[RECORD_ID_LEN + 1], path[PATH_MAX];

	put_ticket(f, "receipt-a", "a", ended);
	put_ticket(f, "receipt-a", "b", beside);
	struct backup_facts b = make(f, true);
	fixture_time += 60;
	assert_return_code(vault_end(f->vault, ended, NULL, &e), 0);
	// What no backup has needs no line.
	fixture_archive(f, "receipt-b", "token-b", archive);
	assert_return_code(vault_end(f->vault, archive, NULL, &e), 0);
	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	assert_int_equal(tombstone_last(path), 1);
	const struct restore_from from = {.backup = b.path, .keys = places.key_copy, .tombstones = path};
	assert_int_equal(restore_to(f, places.other, &from).again, 1);
	assert_false(fixture_has(f, ended));
	assert_body(f, beside, "b");
}

static int64_t missing(struct fixture *f)
{
	int64_t first;
	struct err e = {0};

	assert_return_code(tombstone_missing(f->vault, &first, &e), 0);
	return first;
}

static void put_request(struct fixture *f, const char *contact, char id[RECORD_ID_LEN + 1])
{
	const struct vault_tag tags[] = {{"contact", contact}, {NULL, NULL}};
	const struct vault_new record = {
	    .kind = KIND_RIGHTS_REQUEST, .subject = contact, .tags = tags, .body = contact, .body_len = strlen(contact)};
	struct err e = {0};

	if (vault_put(f->vault, &record, NULL, id, &e) != 0)
		fail_msg("vault_put: %s", e.text);
}

static void change_request(struct fixture *f, const char *id, const char *state, const char *body)
{
	struct err e = {0};

	if (vault_update(f->vault, id, &(struct vault_change){.state = state, .body = body, .body_len = strlen(body)}, NULL, &e) != 0)
		fail_msg("vault_update: %s", e.text);
}

static size_t list_has(struct fixture *f, const char *act)
{
	struct buf text BUF_AUTO = BUF_INIT(1024 * 1024);
	char path[PATH_MAX], word[32];
	struct err e = {0};
	size_t count = 0;

	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	snprintf(word, sizeof word, " %s ", act);
	if (file_read(path, &text, &e) == 0)
		for (const char *at = text.data; (at = strstr(at, word)) != NULL; at++)
			count++;
	return count;
}

// A request that came after the backup is there again, as it was last, and found by its tags; so is one that was changed after it.
static void what_has_a_date_outlives_a_restore(void **state)
{
	struct fixture *f = *state;
	char before[RECORD_ID_LEN + 1], since[RECORD_ID_LEN + 1], erased[RECORD_ID_LEN + 1], ticket[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct vault_record r;
	struct err e = {0};

	put_request(f, "before@example.org", before);
	struct backup_facts b = make(f, true);
	fixture_time += 60;
	put_request(f, "since@example.org", since);
	const time_t made = fixture_time;
	put_request(f, "erased@example.org", erased);
	put_ticket(f, "receipt-a", "a", ticket);
	fixture_time += 60;
	change_request(f, since, "open", "since, asked again");
	change_request(f, since, "answered", "since, answered");
	change_request(f, before, "open", "before, changed");
	assert_int_equal(list_has(f, "carried"), 6); // a program may only append
	// Where many send much, the list takes no more of it, and the request is stored all the same.
	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	struct stat about;
	assert_return_code(stat(path, &about), 0);
	assert_return_code(truncate(path, TOMBSTONES_CARRY_BYTES + 1), 0);
	const off_t size = about.st_size;
	put_request(f, "many@example.org", ticket);
	assert_return_code(stat(path, &about), 0);
	assert_int_equal(about.st_size, TOMBSTONES_CARRY_BYTES + 1);
	assert_return_code(truncate(path, size), 0);
	assert_return_code(tombstone_settle(f->vault, fixture_time, &e), 0);
	assert_int_equal(list_has(f, "carried"), 3);
	assert_int_equal(list_has(f, "void"), 3);
	assert_int_equal(missing(f), 0);
	// What has ended is carried no more.
	assert_return_code(vault_end(f->vault, erased, NULL, &e), 0);
	assert_return_code(tombstone_settle(f->vault, fixture_time, &e), 0);
	assert_int_equal(list_has(f, "carried"), 2);
	assert_int_equal(missing(f), 0);
	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	const struct restore_from from = {.backup = b.path, .keys = places.key_copy, .tombstones = path};
	restore_to(f, places.other, &from);
	assert_body(f, since, "since, answered");
	assert_body(f, before, "before, changed");
	assert_false(fixture_has(f, erased));
	assert_false(fixture_has(f, ticket)); // which nobody carries
	assert_return_code(vault_find(f->vault, KIND_RIGHTS_REQUEST, "contact", "since@example.org", &r, &e), 0);
	assert_string_equal(r.id, since);
	assert_string_equal(r.state, "answered");
	assert_int_equal(r.made, made);
	vault_record_free(&r);
	assert_intact(f);
	// And it can go on.
	change_request(f, since, "closed", "since, closed");
	assert_body(f, since, "since, closed");
	assert_int_equal(fixture_census(f, KIND_RIGHTS_REQUEST, NULL), 2);
}

// A hold that was placed after the backup is there before the erasure that came after it is done again; a hold that ended holds nothing.
static void holds_outlive_a_restore(void **state)
{
	struct fixture *f = *state;
	char held[RECORD_ID_LEN + 1], released[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	struct record_row row = {0};
	struct erase_result r;
	struct err e = {0};

	fixture_lives[KIND_TICKET][0].hold = true;
	fixture_lives[KIND_TICKET][0].ends_on_erasure = true;
	put_ticket(f, "receipt-a", "a", held);
	put_ticket(f, "receipt-a", "b", other);
	put_ticket(f, "receipt-b", "c", released);
	assert_return_code(vault_update(f->vault, released, &(struct vault_change){.set = LIFE_BIT(LIFE_HELD)}, NULL, &e), 0);
	struct backup_facts b = make(f, true);
	fixture_time += 60;
	assert_return_code(vault_update(f->vault, held, &(struct vault_change){.set = LIFE_BIT(LIFE_HELD)}, NULL, &e), 0);
	assert_return_code(vault_update(f->vault, released, &(struct vault_change){.clear = LIFE_BIT(LIFE_HELD)}, NULL, &e), 0);
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-a", false, &r, &e), 0);
	assert_true(fixture_has(f, held));
	assert_false(fixture_has(f, other));
	const struct restore_from again = {.backup = b.path, .replace = true};
	fixture_time += 60;
	restore_to(f, f->state, &again);
	assert_body(f, held, "a");
	assert_false(fixture_has(f, other));
	assert_return_code(record_read(f->vault, VIEW_COMMITTED, released, &row, &e), 0);
	assert_int_equal(row.facts.since[LIFE_HELD], 0);
	buf_free(&row.body);
	assert_return_code(record_read(f->vault, VIEW_COMMITTED, held, &row, &e), 0);
	assert_int_equal(row.facts.since[LIFE_HELD], fixture_time - 60);
	assert_int_not_equal(row.facts.since[LIFE_ERASED], 0);
	buf_free(&row.body);
	fixture_lives[KIND_TICKET][0].hold = false;
}

// An older list, or none, in the place of the present one.
static void a_list_that_lacks_something_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct prune_result pruned;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX], older[PATH_MAX], whole[PATH_MAX];

	snprintf(path, sizeof path, "%s/tombstones/list", f->state);
	snprintf(older, sizeof older, "%s/older", f->root);
	snprintf(whole, sizeof whole, "%s/whole", f->root);
	put_ticket(f, "receipt-a", "a", id);
	put_ticket(f, "receipt-b", "b", id);
	put_ticket(f, "receipt-c", "c", id);
	assert_int_equal(missing(f), 0);
	erase_receipt(f, "receipt-a");
	copy_file(path, older);
	erase_receipt(f, "receipt-b");
	copy_file(path, whole);
	assert_int_equal(missing(f), 0);
	assert_return_code(rename(older, path), 0);
	assert_int_equal(missing(f), 2);
	assert_return_code(unlink(path), 0);
	assert_int_equal(missing(f), 1);
	erase_receipt(f, "receipt-c"); // the next line hides nothing
	assert_int_equal(missing(f), 1);
	assert_return_code(rename(whole, path), 0);
	assert_int_equal(missing(f), 3);
	// What has expired is not missed.
	fixture_time += 30 * 86400 - 60;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(missing(f), 3);
	assert_return_code(unlink(path), 0);
	fixture_time += 61;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(missing(f), 0);
}

static void a_backup_of_another_site_is_refused(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];

	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	assert_int_equal(refused(f, &(struct restore_from){.backup = b.path, .site = "another", .replace = true}), ERR_REFUSED);
	assert_body(f, id, "a"); // nothing was touched
}

static void what_is_written_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], command[1024];
	const mode_t before = umask(0);

	put_ticket(f, "receipt-a", "a", id);
	make(f, true);
	erase_receipt(f, "receipt-a");
	umask(before);
	snprintf(command, sizeof command, "test -z \"$(find %s %s %s/tombstones %s/backups -perm /077 ! -name ledger.pub)\"", places.data,
		 places.keys, f->state, f->state);
	assert_int_equal(system(command), 0);
}

// ---- the ledger's key ----

static void sign(struct fixture *f, struct buf *note)
{
	struct err e = {0};

	buf_reset(note);
	if (ledger_checkpoint(f->vault, note, &e) != 0)
		fail_msg("ledger_checkpoint: %s", e.text);
}

static void key_line(struct fixture *f, struct buf *line)
{
	char path[PATH_MAX];
	struct err e = {0};

	buf_reset(line);
	snprintf(path, sizeof path, "%s/keys/ledger.pub", f->state);
	assert_return_code(file_read(path, line, &e), 0);
}

// 0: it holds, and *followed; else the code.
static enum err_code against(struct fixture *f, const struct buf *note, const struct buf *key, bool *followed)
{
	struct ledger_report report;
	struct err e = {0};

	if (ledger_verify_against(f->vault, note->data, note->len, key == NULL ? NULL : buf_text(key), &report, &e) != 0)
		return e.code;
	assert_true(report.intact);
	*followed = report.followed;
	return ERR_NONE;
}

static void who_knows_the_old_key_follows_to_the_new(void **state)
{
	struct fixture *f = *state;
	const struct buf empty = BUF_INIT(8192);
	struct buf notes[4], lines[3], foreign BUF_AUTO = BUF_INIT(4096);
	struct ledger_keys keys;
	struct checkpoint c;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	bool followed;

	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		notes[i] = empty;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		lines[i] = empty;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		put_ticket(f, "receipt-a", "a", id);
		key_line(f, &lines[i]);
		sign(f, &notes[i]);
		if (i + 1 < ARRAY_LEN(lines))
			assert_return_code(checkpoint_key_change(f->vault, &keys, &e), 0);
	}
	assert_int_equal(keys.count, 3);
	assert_string_not_equal(buf_text(&lines[0]), buf_text(&lines[1]));
	assert_intact(f);
	for (size_t key = 0; key < ARRAY_LEN(lines); key++) {
		for (size_t note = 0; note < ARRAY_LEN(lines); note++) {
			assert_int_equal(against(f, &notes[note], NULL, &followed), ERR_NONE);
			// A key leads to those after it, and vouches for nothing from before.
			assert_int_equal(against(f, &notes[note], &lines[key], &followed), note < key ? ERR_INPUT : ERR_NONE);
			if (note >= key)
				assert_int_equal(followed, note > key);
		}
		// The handover is signed by both.
		if (key + 1 < ARRAY_LEN(lines)) {
			const char *handover = keys.list[key].handover;
			assert_return_code(signed_note_checkpoint(&c, &keys.list[key].key, handover, strlen(handover), &e), 0);
			assert_return_code(signed_note_checkpoint(&c, &keys.list[key + 1].key, handover, strlen(handover), &e), 0);
			assert_int_equal(c.size, keys.list[key].until);
		}
	}
	// The old key vouches for nothing that came after it: here its range is made shorter than what it signed.
	const uint64_t until = keys.list[0].until;
	keys.list[0].until = 0;
	assert_int_not_equal(ledger_keys_open(&keys, notes[0].data, notes[0].len, &c, &e), 0);
	keys.list[0].until = until;
	// Nor does it lead on by a handover that one of the two did not sign.
	keys.list[0].handover[strlen(keys.list[0].handover) - 10] ^= 1;
	const struct signed_note_key first = keys.list[0].key;
	ledger_keys_follow(&keys, &first);
	assert_int_equal(keys.count, 1);
	// A key that the ledger never had leads nowhere.
	struct fixture g = *f;
	snprintf(g.state, sizeof g.state, "%.80s/other", f->root);
	assert_return_code(vault_open(&g.vault, g.state, f->run, &f->policy, VAULT_ADMIN, &e), 0);
	key_line(&g, &foreign);
	vault_close(g.vault);
	assert_int_equal(against(f, &notes[0], &foreign, &followed), ERR_INPUT);
	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		buf_free(&notes[i]);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		buf_free(&lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, backup_setup, fixture_teardown)
	    T(nobody_erased_comes_back_and_nobody_else_is_lost),
	    T(without_tombstones_the_drill_fails),
	    T(erased_records_cannot_be_read_without_tombstones_by_the_newest_keys),
	    T(what_ends_before_the_backup_is_not_in_it),
	    T(data_and_keys_never_lie_together),
	    T(a_changed_byte_is_found),
	    T(what_a_ledger_and_a_backup_have_in_common_is_told),
	    T(old_ones_are_deleted_when_the_policy_says_so),
	    T(the_oldest_is_known_and_is_never_too_old_unseen),
	    T(a_wrong_clock_neither_makes_nor_ends_backups),
	    T(tombstones_end_with_the_backups),
	    T(an_altered_tombstone_stops_the_opening),
	    T(restrictions_and_their_lifting_outlive_a_restore),
	    T(a_withdrawn_consent_stays_withdrawn),
	    T(what_a_visitor_deleted_stays_deleted),
	    T(what_has_a_date_outlives_a_restore),
	    T(holds_outlive_a_restore),
	    T(a_list_that_lacks_something_is_noticed),
	    T(a_backup_of_another_site_is_refused),
	    T(what_is_written_is_for_its_owner_alone),
	    T(who_knows_the_old_key_follows_to_the_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
