// SPDX-License-Identifier: ISC
#define OPENSSL_SUPPRESS_DEPRECATED // SHA256_CTX, which can be copied
// The ledger: any alteration is found, with its index; erasing payloads alters nothing; checkpoints are C2SP and RFC 6962.
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/text.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/segment.h"
#include "tests/unit/vault_fixture.h"
#include <openssl/sha.h>
#include <sqlite3.h>
#include <sys/wait.h>

enum { EVENTS = 20 };

static void append_events(struct fixture *f, int count)
{
	struct err e = {0};
	char details[64];

	for (int i = 0; i < count; i++) {
		snprintf(details, sizeof details, "{\"images\":%d}", i);
		const struct ledger_event event = {.name = "generation",
						   .details = details,
						   .payload = i % 3 == 0 ? "a payload" : NULL,
						   .payload_len = i % 3 == 0 ? 9 : 0,
						   .subject = i % 2 == 0 ? "even" : NULL};
		if (ledger_append(f->vault, &event, &e) != 0)
			fail_msg("ledger_append: %s", e.text);
	}
}

static void append_plain(struct fixture *f, int count)
{
	struct err e = {0};
	char details[64];

	for (int i = 0; i < count; i++) {
		snprintf(details, sizeof details, "{\"images\":%d}", i);
		assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation", .details = details}, &e), 0);
	}
}

static struct ledger_report verify(struct fixture *f)
{
	struct ledger_report report;
	struct err e = {0};

	fixture_reopen(f, VAULT_ADMIN);
	if (ledger_verify(f->vault, LEDGER_WHOLE, &report, &e) != 0)
		fail_msg("ledger_verify: %s", e.text);
	return report;
}

static void an_honest_ledger_is_intact(void **state)
{
	struct fixture *f = *state;

	assert_true(verify(f).intact);
	append_events(f, EVENTS);
	struct ledger_report r = verify(f);
	if (!r.intact)
		fail_msg("%s", r.finding);
	assert_int_equal(r.size, EVENTS);
	append_events(f, 600); // more than two pages
	r = verify(f);
	assert_true(r.intact);
	assert_int_equal(r.size, EVENTS + 600);
}

#define UNLOCK "DROP TRIGGER ledger_keep_rows; DROP TRIGGER ledger_keep_values; PRAGMA ignore_check_constraints=1;"
static const struct {
	const char *what, *sql;
	uint64_t index;
} intrusions[] = {
    {"name altered", UNLOCK "UPDATE ledger SET name='erasure' WHERE seq=7", 7},
    {"time altered", UNLOCK "UPDATE ledger SET at=at-1 WHERE seq=0", 0},
    {"policy altered", UNLOCK "UPDATE ledger SET policy='2020-01-01' WHERE seq=19", 19},
    {"details altered", UNLOCK "UPDATE ledger SET details='{}' WHERE seq=3", 3},
    {"commitment altered", UNLOCK "UPDATE ledger SET commitment=zeroblob(32) WHERE seq=6", 6},
    {"seal altered", UNLOCK "UPDATE ledger SET seal=zeroblob(32) WHERE seq=11", 11},
    {"row deleted", UNLOCK "DELETE FROM ledger WHERE seq=4", 4},
    {"first row deleted", UNLOCK "DELETE FROM ledger WHERE seq=0", 0},
    {"last row deleted", UNLOCK "DELETE FROM ledger WHERE seq=19", 19},
    {"rows swapped",
     UNLOCK "UPDATE ledger SET seq=-9 WHERE seq=5; UPDATE ledger SET seq=5 WHERE seq=8; UPDATE ledger SET seq=8 WHERE seq=-9", 5},
    {"row put in at the end", UNLOCK "INSERT INTO ledger SELECT 20, at, name, policy, details, commitment, seal FROM ledger WHERE seq=19",
     20},
    {"row put in at the front", UNLOCK "INSERT INTO ledger SELECT -1, at, name, policy, details, commitment, seal FROM ledger WHERE seq=0",
     0},
    {"payload altered", "UPDATE ledger_payload SET body=zeroblob(80) WHERE seq=9", 9},
    {"payloads swapped",
     "UPDATE ledger_payload SET body=(SELECT body FROM ledger_payload WHERE seq=12), key=(SELECT key FROM ledger_payload WHERE seq=12) "
     "WHERE seq=6",
     6},
    {"head cut", "UPDATE ledger_head SET size=16, range=substr(range, 33)", 20},
    {"tail and head cut", UNLOCK "DELETE FROM ledger WHERE seq>=16; UPDATE ledger_head SET size=16, range=substr(range, 33)", 16},
};

static void every_intrusion_is_found_at_its_index(void **state)
{
	char command[256];

	for (size_t i = 0; i < ARRAY_LEN(intrusions); i++) {
		fixture_teardown(state);
		fixture_setup(state);
		struct fixture *f = *state;
		append_events(f, EVENTS);
		assert_true(verify(f).intact);
		fixture_sql(f, "vault.db", intrusions[i].sql);
		// Or the next who opens it would be told already that it is shorter.
		snprintf(command, sizeof command, "echo 1 >'%s/vault.lock'", f->state);
		assert_int_equal(system(command), 0);
		struct ledger_report r = verify(f);
		if (r.intact || r.bad_index != intrusions[i].index)
			fail_msg("%s: intact=%d index=%llu: %s", intrusions[i].what, r.intact, (unsigned long long)r.bad_index, r.finding);
	}
}

// What is done to one row, ?1, of a ledger of ?2; and what brings it back. The verifier names the row, or the end where something was put.
#define ALTERED(blob) #blob " = CAST(substr(" #blob ", 1, 31) || CASE substr(" #blob ", 32) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"
#define OTHER         "(SELECT at, name, policy, details, commitment, seal FROM saved WHERE seq = (?1 + 1) % ?2)"
static const struct {
	const char *what, *sql;
	bool at_end;
} row_intrusions[] = {
    {"at", "UPDATE ledger SET at = at + 1 WHERE seq = ?1", false},
    {"name", "UPDATE ledger SET name = name || 'x' WHERE seq = ?1", false},
    {"policy", "UPDATE ledger SET policy = policy || 'x' WHERE seq = ?1", false},
    {"details", "UPDATE ledger SET details = details || ' ' WHERE seq = ?1", false},
    {"commitment", "UPDATE ledger SET " ALTERED(commitment) " WHERE seq = ?1", false},
    {"seal", "UPDATE ledger SET " ALTERED(seal) " WHERE seq = ?1", false},
    {"deleted", "DELETE FROM ledger WHERE seq = ?1", false},
    {"replaced by its neighbour", "UPDATE ledger SET (at, name, policy, details, commitment, seal) = " OTHER " WHERE seq = ?1", false},
    {"put in again at the end", "INSERT INTO ledger SELECT ?2, at, name, policy, details, commitment, seal FROM saved WHERE seq = ?1",
     true},
};

static void sql_with(sqlite3 *db, const char *sql, int64_t row, int64_t size)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	for (int i = 1; i <= sqlite3_bind_parameter_count(s); i++)
		sqlite3_bind_int64(s, i, i == 1 ? row : size);
	if (sqlite3_step(s) != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_finalize(s);
}

static void every_field_of_every_row_is_found(void **state)
{
	static const char *const back[] = {"DELETE FROM ledger WHERE seq = ?1", "DELETE FROM ledger WHERE seq >= ?2 AND ?1 >= 0",
					   "INSERT INTO ledger SELECT * FROM saved WHERE seq = ?1"};
	enum { PAYLOADS = 20 };
	struct fixture *f = *state;
	const int64_t size = (int64_t)trust_size(40, 10000);
	struct ledger_report r;
	struct err e = {0};
	char path[PATH_MAX];
	uint64_t tried = 0;
	sqlite3 *db;

	append_events(f, PAYLOADS); // checking one takes as long as twenty rows
	append_plain(f, (int)size - PAYLOADS);
	snprintf(path, sizeof path, "%s/vault.db", f->state);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, UNLOCK "PRAGMA synchronous=OFF; CREATE TEMP TABLE saved AS SELECT * FROM ledger", NULL, NULL, NULL),
	    SQLITE_OK);
	for (int64_t row = 0; row < size; row++) {
		for (size_t i = 0; i < ARRAY_LEN(row_intrusions); i++) {
			sql_with(db, row_intrusions[i].sql, row, size);
			assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &r, &e), 0);
			if (r.intact || r.bad_index != (uint64_t)(row_intrusions[i].at_end ? size : row))
				fail_msg("%s of row %lld: intact=%d, index %llu: %s", row_intrusions[i].what, (long long)row, r.intact,
					 (unsigned long long)r.bad_index, r.finding);
			for (size_t b = 0; b < ARRAY_LEN(back); b++)
				sql_with(db, back[b], row, size);
			tried++;
		}
	}
	sqlite3_close(db);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &r, &e), 0);
	if (!r.intact) // or what was found may have been what was left of the one before
		fail_msg("%s", r.finding);
	print_message("%llu alterations of %lld rows\n", (unsigned long long)tried, (long long)size);
}

static void rows_cannot_be_changed_without_force(void **state)
{
	struct fixture *f = *state;
	char command[512];

	append_events(f, 2);
	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"DELETE FROM ledger\" 2>/dev/null", f->state);
	assert_int_not_equal(system(command), 0);
	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"UPDATE ledger SET name='x'\" 2>/dev/null", f->state);
	assert_int_not_equal(system(command), 0);
}

static void events_need_a_name_and_plain_details(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event bad[] = {{.name = ""},
					   {.name = NULL},
					   {.name = "a\nb"},
					   {.name = "x", .details = "[1]"},
					   {.name = "x", .details = "{\"a\":\n1}"},
					   {.name = "x", .details = "{"}};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ledger_append(f->vault, &bad[i], &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_int_equal(verify(f).size, 0);
}

static void an_undeclared_ledger_keeps_no_payload(void **state)
{
	struct fixture *f = *state;
	struct payload_row left;
	struct err e = {0};

	f->policy.kinds[KIND_LEDGER].keep = KEEP_UNDECLARED;
	append_events(f, 1);
	assert_int_equal(f->vault->b->ledger->payload_get(f->vault->store, NULL, 0, &left, &e), 0);
	assert_true(verify(f).intact);
}

static void checkpoints_are_signed_once_per_size(void **state)
{
	struct fixture *f = *state;
	struct buf first BUF_AUTO = BUF_INIT(4096), again BUF_AUTO = BUF_INIT(4096), grown BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	char start[128];

	append_events(f, 5);
	assert_return_code(ledger_checkpoint(f->vault, &first, &e), 0);
	struct ledger_report r = verify(f);
	uint8_t root[HASH_LEN];
	struct buf b64 BUF_AUTO = BUF_INIT(64);
	hex_decode(root, sizeof root, r.root);
	base64_add(&b64, root, sizeof root);
	snprintf(start, sizeof start, "example.lethe.invalid/ledger\n5\n%s\n\n\xe2\x80\x94 example.lethe.invalid/ledger ", buf_text(&b64));
	assert_memory_equal(buf_text(&first), start, strlen(start));
	assert_return_code(ledger_checkpoint(f->vault, &again, &e), 0);
	assert_string_equal(buf_text(&again), buf_text(&first));
	append_events(f, 3);
	assert_return_code(ledger_checkpoint(f->vault, &grown, &e), 0);
	assert_non_null(strstr(buf_text(&grown), "\n8\n"));
	assert_true(verify(f).intact);
	fixture_reopen(f, VAULT_PROGRAM);
	assert_int_equal(ledger_checkpoint(f->vault, &again, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

static void a_checkpoint_binds_whoever_holds_the_keys(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	append_events(f, 5);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	fixture_sql(f, "vault.db", "DROP TRIGGER checkpoint_keep_values; UPDATE checkpoint SET root=zeroblob(32)");
	struct ledger_report r = verify(f);
	assert_false(r.intact);
	assert_int_equal(r.bad_index, 5);
	append_events(f, 1);
	assert_int_equal(ledger_checkpoint(f->vault, &note, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
}

static void a_forged_signature_is_found(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	append_events(f, 5);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	fixture_sql(
	    f, "vault.db",
	    "DROP TRIGGER checkpoint_keep_values; UPDATE checkpoint SET note=substr(note, 1, length(note)-9)||'AAAAAAA='||char(10)");
	struct ledger_report r = verify(f);
	assert_false(r.intact);
	assert_non_null(strstr(r.finding, "signature"));
}

// A tail cut off together with a head that whoever holds the master key has made anew: only the signed checkpoint tells.
static void a_shorter_ledger_than_its_checkpoint_is_found(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	char id[8];

	(void)id;
	append_events(f, 4);
	char save[256], restore[256];
	snprintf(save, sizeof save, "CREATE TABLE saved AS SELECT * FROM ledger_head");
	fixture_sql(f, "vault.db", save);
	append_events(f, 2);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	snprintf(restore, sizeof restore,
		 UNLOCK "DELETE FROM ledger_payload WHERE seq>=4; DELETE FROM ledger WHERE seq>=4; DELETE FROM ledger_head; "
			"INSERT INTO ledger_head SELECT * FROM saved");
	fixture_sql(f, "vault.db", restore);
	snprintf(save, sizeof save, "%s/vault.lock", f->state); // which remembers how many there were
	assert_int_equal(truncate(save, 0), 0);
	struct ledger_report r = verify(f);
	assert_false(r.intact);
	assert_int_equal(r.bad_index, 4);
	assert_non_null(strstr(r.finding, "checkpoint"));
	assert_int_equal(ledger_checkpoint(f->vault, &note, &e), -1);
}

// ---- segments ----

enum { SMALL = 4 }; // 16 events each

static void close_segments(struct fixture *f)
{
	struct err e = {0};

	fixture_segment_level = SMALL;
	fixture_reopen(f, VAULT_ADMIN);
	fixture_segment_level = 0;
	if (segment_close_all(f->vault, &e) != 0)
		fail_msg("segment_close_all: %s", e.text);
}

static int64_t sql_number(const struct fixture *f, const char *sql)
{
	char command[512], text[32] = "";

	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"%s\"", f->state, sql);
	FILE *p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(text, sizeof text, p));
	pclose(p);
	return strtoll(text, NULL, 10);
}

static int add_entry(void *arg, const struct ledger_entry *entry)
{
	struct buf *out = arg;

	buf_printf(out, "%llu %lld %s %s %s\n", (unsigned long long)entry->index, (long long)entry->at, entry->name, entry->policy_version,
		   entry->details);
	return 0;
}

static void closing_changes_nothing_that_is_told(void **state)
{
	struct fixture *f = *state;
	struct buf before BUF_AUTO = BUF_INIT(1 << 20), after BUF_AUTO = BUF_INIT(1 << 20), note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	uint64_t size;

	append_events(f, 20);
	assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "activation"}, &e), 0);
	append_events(f, 10);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0); // inside a segment
	append_events(f, 9);
	assert_return_code(ledger_each(f->vault, 0, add_entry, &before, &e), 0);
	const struct ledger_report open = verify(f);
	close_segments(f);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM ledger"), 40 - 32 + 1); // the activation stays
	assert_int_equal(sql_number(f, "SELECT count(*) FROM segment"), 2);
	assert_return_code(ledger_each(f->vault, 0, add_entry, &after, &e), 0);
	assert_string_equal(buf_text(&after), buf_text(&before));
	struct ledger_report closed = verify(f);
	if (!closed.intact)
		fail_msg("%s", closed.finding);
	assert_string_equal(closed.root, open.root);
	assert_int_equal(closed.size, 40);
	assert_int_equal(closed.from, 0);
	append_events(f, 1);
	buf_reset(&note);
	if (ledger_checkpoint(f->vault, &note, &e) != 0)
		fail_msg("%s", e.text);
	assert_return_code(ledger_verify(f->vault, LEDGER_OPEN, &closed, &e), 0);
	assert_true(closed.intact && closed.from == 32 && closed.size == 41);
	assert_return_code(ledger_size(f->vault, &size, &e), 0);
	assert_int_equal(size, 41);
	buf_reset(&after);
	assert_return_code(ledger_each_notable(f->vault, add_entry, &after, &e), 0);
	assert_non_null(strstr(buf_text(&after), "20 1795348800 activation 2026-05-11 {}"));
	struct census_row row;
	assert_int_equal(fixture_census(f, KIND_LEDGER, &row), 41);
	assert_int_equal(row.oldest, fixture_time);
}

// What stands there is text, a line for each event.
static void a_closed_segment_is_a_text(void **state)
{
	struct fixture *f = *state;
	char command[512];

	append_events(f, 16);
	close_segments(f);
	snprintf(command, sizeof command,
		 "test \"$(zcat '%s/ledger/000000000000.gz' | cut -f 1-4 | sed -n 1,3p | tr '\\n\\t' ';,')\" = "
		 "'lethe-ledger/v1 0 "
		 "16;1795348800,generation,2026-05-11,{\"\"images\"\":0};1795348800,generation,2026-05-11,{\"\"images\"\":1};' || "
		 "test \"$(zcat '%s/ledger/000000000000.gz' | wc -l)\" = 17",
		 f->state, f->state);
	assert_int_equal(system(command), 0);
}

static const struct {
	const char *what, *command; // in the folder of the state
	uint64_t index;
} intrusions_closed[] = {
    {"an event altered", "zcat ledger/000000000016.gz | sed '4s/generation/generatiom/' | gzip >x && mv x ledger/000000000016.gz", 16},
    {"an event taken out", "zcat ledger/000000000016.gz | sed 4d | gzip >x && mv x ledger/000000000016.gz", 18},
    {"a time altered", "zcat ledger/000000000000.gz | sed '2s/^1/2/' | gzip >x && mv x ledger/000000000000.gz", 0},
    {"events swapped", "zcat ledger/000000000000.gz | sed '3{h;d};4{G}' | gzip >x && mv x ledger/000000000000.gz", 0},
    {"an event put in", "zcat ledger/000000000016.gz | sed 4p | gzip >x && mv x ledger/000000000016.gz", 21},
    {"a byte of the file", "printf x | dd of=ledger/000000000000.gz bs=1 seek=40 conv=notrunc status=none", 0},
    {"a file cut", "truncate -s 20 ledger/000000000016.gz", 16},
    {"a file gone", "rm ledger/000000000000.gz", 0},
    {"the files swapped", "mv ledger/000000000000.gz x && mv ledger/000000000016.gz ledger/000000000000.gz && mv x ledger/000000000016.gz",
     0},
    {"the root in the row", "sqlite3 vault.db 'DROP TRIGGER segment_keep_values; UPDATE segment SET root=zeroblob(32) WHERE size=32'", 16},
    {"the range in the row", "sqlite3 vault.db 'DROP TRIGGER segment_keep_values; UPDATE segment SET range=zeroblob(32) WHERE size=32'",
     16},
    {"the last row gone", "sqlite3 vault.db 'DROP TRIGGER segment_keep_rows; DELETE FROM segment WHERE size=32'", 16},
    {"the first row gone", "sqlite3 vault.db 'DROP TRIGGER segment_keep_rows; DELETE FROM segment WHERE size=16'", 0},
    {"an open event", "sqlite3 vault.db 'DROP TRIGGER ledger_keep_values; UPDATE ledger SET at=at-1 WHERE seq=33'", 33},
    {"an end that nobody ended", "rm ledger/000000000016.gz && sqlite3 vault.db 'UPDATE segment SET there=0 WHERE size=32'", 16},
    {"a line without fields", "zcat ledger/000000000016.gz | sed '17s/.*/x/' | gzip >x && mv x ledger/000000000016.gz", 16},
    {"bytes behind the file", "tail -c 4 ledger/000000000016.gz >x && cat x >>ledger/000000000016.gz && rm x", 16},
    {"a NUL and more in a field",
     "zcat ledger/000000000016.gz | sed '4s/generation/generation\\x00secret/' | gzip >x && mv x ledger/000000000016.gz", 16},
    {"a number written in another way", "zcat ledger/000000000016.gz | sed '4s/^/+/' | gzip >x && mv x ledger/000000000016.gz", 16},
    {"a payload of a closed event", "sqlite3 vault.db 'UPDATE ledger_payload SET body=zeroblob(80) WHERE seq=9'", 9},
};

static void every_intrusion_into_what_is_closed_is_found(void **state)
{
	char command[1024];

	for (size_t i = 0; i < ARRAY_LEN(intrusions_closed); i++) {
		fixture_teardown(state);
		fixture_setup(state);
		struct fixture *f = *state;
		append_events(f, 35);
		close_segments(f);
		assert_true(verify(f).intact);
		snprintf(command, sizeof command, "cd '%s' && %s", f->state, intrusions_closed[i].command);
		assert_int_equal(system(command), 0);
		struct ledger_report r = verify(f);
		if (r.intact || r.bad_index != intrusions_closed[i].index)
			fail_msg("%s: intact=%d index=%llu: %s", intrusions_closed[i].what, r.intact, (unsigned long long)r.bad_index,
				 r.finding);
	}
}

// `lethe check` reads no closed segment, but sees that their files are there.
static void a_file_that_went_or_came_is_seen_without_reading(void **state)
{
	static const struct {
		const char *command;
		bool intact;
		uint64_t index;
	} steps[] = {
	    {"cp ledger/000000000016.gz keys/x", true, 0},
	    {"rm ledger/000000000016.gz", false, 16},
	    {"cp keys/x ledger/000000000016.gz", true, 0},
	    {"cp keys/x ledger/000000000032.gz", true, 0}, // as while it is closed, or after a crash then
	    {"cp keys/x ledger/000000000048.gz", false, 35},
	};
	struct fixture *f = *state;
	struct ledger_report report;
	struct err e = {0};
	char command[512];

	append_events(f, 35);
	close_segments(f);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		snprintf(command, sizeof command, "cd '%s' && %s", f->state, steps[i].command);
		assert_int_equal(system(command), 0);
		assert_return_code(ledger_verify(f->vault, LEDGER_OPEN, &report, &e), 0);
		if (report.intact != steps[i].intact || (!report.intact && report.bad_index != steps[i].index))
			fail_msg("%s: %llu: %s", steps[i].command, (unsigned long long)report.bad_index, report.finding);
		assert_int_equal(report.from, 32);
	}
}

// Evidence is not packed away.
static void an_altered_ledger_is_not_closed(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	append_events(f, 20);
	fixture_sql(f, "vault.db", "DROP TRIGGER ledger_keep_values; UPDATE ledger SET at=at-1 WHERE seq=5");
	fixture_reopen(f, VAULT_ADMIN);
	f->vault->segment_level = SMALL;
	assert_int_equal(segment_close_all(f->vault, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_non_null(strstr(e.text, "event 5"));
	assert_int_equal(sql_number(f, "SELECT count(*) FROM ledger"), 20);
}

struct walked {
	uint64_t next, end;
};
static int walk(void *arg, const struct ledger_entry *entry)
{
	struct walked *w = arg;

	assert_int_equal(entry->index, w->next);
	assert_string_equal(entry->name, "generation");
	assert_string_equal(entry->policy_version, "2026-05-11");
	w->next++;
	return w->next == w->end;
}

static struct {
	struct backend backend;
	struct backend_ledger ledger;
	struct vault *vault; // which closes its segments after the next page; NULL: not again
} closing;

static int page_and_close(struct store *s, int64_t from, bool notable, size_t limit, int (*each)(void *, const struct ledger_row *),
			  void *arg, struct err *e)
{
	struct vault *v = closing.vault;
	int ret = sqlite_backend.ledger->page(s, from, notable, limit, each, arg, e);

	closing.vault = NULL;
	return ret != 0 || v == NULL ? ret : segment_close_all(v, e);
}

// Rows go into files while they are read: nobody takes that for damage, and no event is passed over.
static void closing_disturbs_nobody_who_reads(void **state)
{
	enum { MANY = 640 };
	struct fixture *f = *state;
	struct ledger_report report;
	struct err e = {0};

	closing.ledger = *sqlite_backend.ledger;
	closing.ledger.page = page_and_close;
	for (int way = 0; way < 3; way++) {
		struct walked w = {way == 1 ? 3 : 0, MANY + 1};
		fixture_teardown(state);
		fixture_setup(state);
		append_events(f, MANY);
		closing.backend = *f->vault->b;
		closing.backend.ledger = &closing.ledger;
		closing.vault = f->vault;
		f->vault->b = &closing.backend;
		f->vault->segment_level = SMALL;
		if (way < 2) {
			assert_return_code(ledger_each(f->vault, w.next, walk, &w, &e), 0);
			assert_int_equal(w.next, MANY);
		} else {
			assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
			if (!report.intact)
				fail_msg("%s", report.finding);
			assert_int_equal(report.size, MANY);
		}
		assert_null(closing.vault);
		assert_int_equal(sql_number(f, "SELECT count(*) FROM ledger"), 0);
	}
}

// As when the minute's command and the officer's run at once.
static void two_may_close_at_once(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	for (int round = 0; round < 6; round++) {
		append_events(f, 100);
		vault_close(f->vault);
		f->vault = NULL;
		for (int i = 0; i < 2; i++)
			if (fork() == 0) {
				fixture_segment_level = 2;
				fixture_reopen(f, VAULT_ADMIN);
				_exit(segment_close_all(f->vault, &e) != 0);
			}
		int status = 0;
		for (int i = 0; i < 2; i++) {
			assert_true(wait(&status) > 0);
			assert_int_equal(status, 0);
		}
		fixture_reopen(f, VAULT_ADMIN);
		assert_true(verify(f).intact);
		assert_int_equal(sql_number(f, "SELECT count(*) FROM ledger"), 0);
	}
}

// Who went back to an older vault.db does not write over the files that the newer one made.
static void a_newer_segment_is_not_overwritten(void **state)
{
	struct fixture *f = *state;
	char command[512];
	struct err e = {0};

	append_events(f, 20);
	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command, "cd '%s' && mkdir ../old && cp vault.db* vault.lock ../old", f->state);
	assert_int_equal(system(command), 0);
	fixture_reopen(f, VAULT_ADMIN);
	append_events(f, 20);
	close_segments(f);
	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command, "cd '%s' && cp ledger/000000000016.gz .. && rm vault.db* && cp ../old/* .", f->state);
	assert_int_equal(system(command), 0);
	fixture_time += 60;
	fixture_reopen(f, VAULT_ADMIN);
	append_events(f, 20);
	f->vault->segment_level = SMALL;
	assert_int_equal(segment_close_all(f->vault, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_non_null(strstr(e.text, "tells of other events"));
	snprintf(command, sizeof command, "cd '%s' && cmp ledger/000000000016.gz ../000000000016.gz", f->state);
	assert_int_equal(system(command), 0);
}

// What a crash leaves at each step is completed by the next run.
static void closing_goes_on_after_a_crash(void **state)
{
	struct fixture *f = *state;
	char command[512];

	append_events(f, 35);
	close_segments(f);
	const struct ledger_report before = verify(f);
	// The file of the second one was written, its row was not; and the first one's rows had only begun to go.
	fixture_teardown(state);
	fixture_setup(state);
	append_events(f, 35);
	fixture_reopen(f, VAULT_ADMIN);
	f->vault->segment_level = SMALL;
	snprintf(command, sizeof command,
		 "mkdir '%s/ledger' && echo half >'%s/ledger/000000000016.gz' && cp '%s/ledger/000000000016.gz' "
		 "'%s/ledger/000000000016.gz.01234567.tmp'",
		 f->state, f->state, f->state, f->state);
	assert_int_equal(system(command), 0);
	close_segments(f);
	fixture_sql(f, "vault.db",
		    "INSERT INTO ledger SELECT 31, at, name, policy, details, commitment, seal FROM ledger WHERE seq=32; UPDATE fact SET "
		    "value=31 WHERE name='trimmed'");
	assert_int_equal(sql_number(f, "SELECT count(*) FROM ledger"), 4);
	snprintf(command, sizeof command, "test $(ls '%s/ledger' | wc -l) = 2", f->state);
	assert_int_equal(system(command), 0);
	assert_true(verify(f).intact);
	close_segments(f);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM ledger"), 3);
	assert_true(verify(f).intact);
	assert_int_equal(verify(f).size, before.size);
}

// ---- proofs, verified as RFC 9162 §2.1.3.2 and §2.1.4.2 say ----

enum { PATH_LEN_MAX = 64 };

static void join(uint8_t out[HASH_LEN], const uint8_t left[HASH_LEN], const uint8_t right[HASH_LEN])
{
	static const uint8_t one = 1;

	plain_hash(out, (const struct bytes[]){{&one, 1}, {left, HASH_LEN}, {right, HASH_LEN}}, 3);
}

static bool proves_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[HASH_LEN], uint8_t path[][HASH_LEN], size_t len,
			     const uint8_t root[HASH_LEN])
{
	uint64_t fn = index, sn = size - 1;
	uint8_t r[HASH_LEN];

	memcpy(r, leaf, HASH_LEN);
	for (size_t i = 0; i < len; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			join(r, path[i], r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			join(r, r, path[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, HASH_LEN) == 0;
}

static bool proves_growth(uint64_t first, uint64_t second, const uint8_t first_root[HASH_LEN], uint8_t path[][HASH_LEN], size_t len,
			  const uint8_t root[HASH_LEN])
{
	uint64_t fn = first - 1, sn = second - 1;
	uint8_t fr[HASH_LEN], sr[HASH_LEN];
	size_t i = 0;

	if (first == second)
		return len == 0 && memcmp(first_root, root, HASH_LEN) == 0;
	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	memcpy(fr, (first & (first - 1)) == 0 ? first_root : path[i++], HASH_LEN);
	memcpy(sr, fr, HASH_LEN);
	for (; i < len; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			join(fr, path[i], fr);
			join(sr, path[i], sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			join(sr, sr, path[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(fr, first_root, HASH_LEN) == 0 && memcmp(sr, root, HASH_LEN) == 0;
}

// The hashes of a proof; what follows the empty line is the checkpoint.
static size_t read_proof(const struct buf *text, const char *head, uint8_t path[PATH_LEN_MAX][HASH_LEN])
{
	const char *at = buf_text(text);
	size_t count = 0;

	if (strncmp(at, head, strlen(head)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", at, head);
	for (at += strlen(head); *at != '\n'; at = strchr(at, '\n') + 1) {
		struct buf hash BUF_AUTO = BUF_INIT(64);
		assert_return_code(base64_decode(&hash, at, strcspn(at, "\n")), 0);
		assert_int_equal(hash.len, HASH_LEN);
		memcpy(path[count++], hash.data, HASH_LEN);
	}
	assert_memory_equal(at + 1, "example.lethe.invalid/ledger\n", 29);
	return count;
}

struct leaves {
	uint8_t leaf[64][HASH_LEN], root[65][HASH_LEN]; // root of the first n
	struct merkle tree;
};
static int add_leaf(void *arg, const struct ledger_row *row)
{
	struct leaves *l = arg;

	ledger_leaf(row, l->leaf[row->seq]);
	merkle_append(&l->tree, l->leaf[row->seq]);
	merkle_root(&l->tree, l->root[row->seq + 1]);
	return 0;
}

static void every_event_and_every_growth_can_be_proved(void **state)
{
	struct fixture *f = *state;
	static struct leaves l;
	uint8_t path[PATH_LEN_MAX][HASH_LEN];
	struct buf out BUF_AUTO = BUF_INIT(16384);
	struct err e = {0};
	char head[64];
	enum { SIZE = 41 };

	append_events(f, SIZE);
	assert_int_equal(ledger_proof(f->vault, PROOF_OF_EVENT, 0, &out, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND); // nothing is signed yet
	assert_return_code(ledger_checkpoint(f->vault, &out, &e), 0);
	l = (struct leaves){0};
	assert_return_code(ledger_walk(f->vault, 0, SIZE, add_leaf, &l, &e), 0);
	for (int closed = 0; closed < 2; closed++) {
		for (uint64_t i = 0; i < SIZE; i++) {
			buf_reset(&out);
			assert_return_code(ledger_proof(f->vault, PROOF_OF_EVENT, i, &out, &e), 0);
			snprintf(head, sizeof head, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)i);
			size_t len = read_proof(&out, head, path);
			assert_true(proves_inclusion(i, SIZE, l.leaf[i], path, len, l.root[SIZE]));
			assert_false(proves_inclusion(i, SIZE, l.leaf[(i + 1) % SIZE], path, len, l.root[SIZE]));
			buf_reset(&out);
			assert_return_code(ledger_proof(f->vault, PROOF_OF_GROWTH, i + 1, &out, &e), 0);
			snprintf(head, sizeof head, "consistency with %llu\n", (unsigned long long)i + 1);
			len = read_proof(&out, head, path);
			assert_true(proves_growth(i + 1, SIZE, l.root[i + 1], path, len, l.root[SIZE]));
			assert_false(proves_growth(i + 1, SIZE, l.root[i], path, len, l.root[SIZE]));
		}
		close_segments(f);
	}
	assert_int_equal(ledger_proof(f->vault, PROOF_OF_EVENT, SIZE, &out, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
}

static bool segment_is_there(const struct fixture *f, int start)
{
	char path[256];

	snprintf(path, sizeof path, "%s/ledger/%012d.gz", f->state, start);
	return access(path, F_OK) == 0;
}

static void closed_events_end_when_the_policy_says(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct prune_result r;
	struct err e = {0};

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	append_events(f, 20);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	close_segments(f);
	fixture_time += 24 * 3600;
	append_events(f, 20);
	const struct ledger_report before = verify(f);
	close_segments(f);
	fixture_time += 9 * 24 * 3600 - 1;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_int_equal(r.ledger_events, 0);
	fixture_time++;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, true, &r, &e), 0);
	assert_int_equal(r.ledger_events, 20);
	f->vault->segment_level = SMALL;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_int_equal(r.ledger_events, 20); // the second one begins with what was written with the first
	assert_false(segment_is_there(f, 0) || segment_is_there(f, 16));
	assert_true(segment_is_there(f, 20) && segment_is_there(f, 24));
	struct ledger_report now = verify(f);
	if (!now.intact)
		fail_msg("%s", now.finding);
	assert_int_equal(now.missing, 20);
	assert_true(now.size > before.size);
	struct census_row row;
	fixture_census(f, KIND_LEDGER, &row);
	assert_int_equal(row.oldest, FIXTURE_START + (12 + 24) * 3600);
	fixture_reopen(f, VAULT_ADMIN);
	buf_reset(&note);
	if (ledger_checkpoint(f->vault, &note, &e) != 0) // though the last one's events are not all there
		fail_msg("%s", e.text);
	assert_true(verify(f).intact);
	assert_int_equal(ledger_each(f->vault, 0, add_entry, &note, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

// One an hour, closed long before: each ends in its second, whatever a prune that was cut short has left in the folder; every proof and checkpoint holds.
static void closed_events_end_each_in_its_second(void **state)
{
	enum { COUNT = 64, HOUR = 3600 };
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096), proof BUF_AUTO = BUF_INIT(16384);
	struct prune_result r;
	struct ledger_report against;
	struct census_row row = {0};
	struct err e = {0};
	char command[1024];
	uint64_t first;

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	for (int i = 0; i < COUNT; i++) {
		append_events(f, 1);
		fixture_time += HOUR;
	}
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	close_segments(f);
	assert_int_equal(segment_files(f->vault), COUNT >> SMALL);
	fixture_time += 10 * 24 * HOUR - COUNT * HOUR - 1;
	for (uint64_t i = 0; i < COUNT; i++) {
		f->vault->segment_level = SMALL;
		assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
		assert_int_equal(r.ledger_events, 0);
		fixture_census(f, KIND_LEDGER, &row);
		assert_false(row.late);
		fixture_time++;
		assert_return_code(vault_prune(f->vault, (struct duration){0}, true, &r, &e), 0);
		assert_int_equal(r.ledger_events, 1);
		if (i % 5 == 0) { // its files are there, and its row is not
			snprintf(command, sizeof command, "rm -rf '%s.old' && cp -a '%s' '%s.old'", f->state, f->state, f->state);
			assert_int_equal(system(command), 0);
		}
		assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
		assert_int_equal(r.ledger_events, 1);
		if (i % 5 == 0) {
			snprintf(command, sizeof command, "cp -n '%s'/ledger/* '%s.old/ledger/' && rm -rf '%s' && mv '%s.old' '%s'",
				 f->state, f->state, f->state, f->state, f->state);
			vault_close(f->vault);
			f->vault = NULL;
			assert_int_equal(system(command), 0);
			fixture_reopen(f, VAULT_ADMIN);
			const struct ledger_report cut = verify(f);
			if (!cut.intact)
				fail_msg("%s", cut.finding);
			f->vault->segment_level = SMALL;
			assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
			assert_int_equal(r.ledger_events, 1);
		}
		fixture_census(f, KIND_LEDGER, &row);
		assert_false(row.late);
		assert_return_code(ledger_first(f->vault, &first, &e), 0);
		assert_int_equal(first, i + 1);
		const struct ledger_report now = verify(f);
		if (!now.intact || now.missing != i + 1)
			fail_msg("%s, %llu are gone", now.finding, (unsigned long long)now.missing);
		assert_return_code(ledger_verify_against(f->vault, note.data, note.len, NULL, &against, &e), 0);
		assert_true(against.intact);
		buf_reset(&proof);
		if (i + 1 < COUNT) // it was signed
			assert_return_code(ledger_proof(f->vault, PROOF_OF_EVENT, i + 1, &proof, &e), 0);
		fixture_time += HOUR - 1;
	}
	for (int i = 0; i < COUNT; i++)
		assert_false(segment_is_there(f, i));
}

// As many as a small site has: they end each at its time, in the table and in the file, and everything after them verifies and can be proved.
static void a_few_events_end_without_a_full_segment(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096), later BUF_AUTO = BUF_INIT(4096), proof BUF_AUTO = BUF_INIT(16384);
	struct prune_result r;
	struct census_row row = {0};
	struct err e = {0};
	char command[512];
	uint64_t first;

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	for (int i = 0; i < 3; i++)
		assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "clean", .details = "{\"zyxwv\":1}"}, &e), 0);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	fixture_time += 24 * 3600;
	assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "clean"}, &e), 0);
	assert_return_code(ledger_checkpoint(f->vault, &later, &e), 0);
	fixture_time += 9 * 24 * 3600 - 1;
	fixture_census(f, KIND_LEDGER, &row);
	assert_false(row.late);
	fixture_time++;
	assert_int_equal(fixture_census(f, KIND_LEDGER, &row), 4);
	assert_true(row.late);
	assert_return_code(vault_prune(f->vault, (struct duration){0}, true, &r, &e), 0);
	assert_int_equal(r.ledger_events, 3);
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_int_equal(r.ledger_events, 3);
	assert_int_equal(fixture_census(f, KIND_LEDGER, &row), 2); // the one that is left, and what pruning wrote
	assert_false(row.late);
	assert_return_code(ledger_first(f->vault, &first, &e), 0);
	assert_int_equal(first, 3);
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(sql_number(f, "SELECT min(seq) FROM ledger"), 3);
	snprintf(command, sizeof command, "grep -ra zyxwv '%s'", f->state);
	assert_int_not_equal(system(command), 0);
	struct ledger_report now = verify(f), against;
	if (!now.intact || now.missing != 3)
		fail_msg("%s, %llu are gone", now.finding, (unsigned long long)now.missing);
	const struct buf *const notes[] = {&note, &later};
	for (size_t i = 0; i < 2; i++) { // what somebody kept from before
		assert_return_code(ledger_verify_against(f->vault, notes[i]->data, notes[i]->len, NULL, &against, &e), 0);
		assert_true(against.intact);
	}
	// The rest is closed when the segment is full, and ends as a closed one does.
	append_events(f, 40);
	buf_reset(&note);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	assert_return_code(ledger_proof(f->vault, PROOF_OF_EVENT, 3, &proof, &e), 0);
	close_segments(f);
	now = verify(f);
	if (!now.intact || now.missing != 3)
		fail_msg("closed: %s, %llu are gone", now.finding, (unsigned long long)now.missing);
	snprintf(command, sizeof command, "test $(ls '%s/ledger' | head -1) = 000000000003.gz && test $(ls '%s/ledger' | grep -c gz) -gt 3",
		 f->state, f->state);
	assert_int_equal(system(command), 0);
	struct buf again BUF_AUTO = BUF_INIT(16384);
	assert_return_code(ledger_proof(f->vault, PROOF_OF_EVENT, 3, &again, &e), 0);
	assert_string_equal(buf_text(&again), buf_text(&proof));
	fixture_time += 11 * 24 * 3600;
	f->vault->segment_level = SMALL;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_true(r.ledger_events > 40);
	now = verify(f);
	if (!now.intact || now.size - now.missing > 20)
		fail_msg("ended: %s, %llu of %llu are gone", now.finding, (unsigned long long)now.missing, (unsigned long long)now.size);
}

static void verifier_key(const struct fixture *f, struct buf *out)
{
	char path[256];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/keys/ledger.pub", f->state);
	assert_return_code(file_read(path, out, &e), 0);
}

static struct ledger_report verify_against(struct fixture *f, const struct buf *note, const char *key)
{
	struct ledger_report report;
	struct err e = {0};

	fixture_reopen(f, VAULT_LOOK);
	if (ledger_verify_against(f->vault, note->data, note->len, key, &report, &e) != 0)
		fail_msg("ledger_verify_against: %s", e.text);
	return report;
}

// A month of events, of which three subjects of ten were erased and what is older than fourteen days was pruned: every checkpoint that somebody kept from
// then on holds, and each event that is kept is proved to be what it was.
static void erasing_and_pruning_keep_every_proof(void **state)
{
	enum { DAYS = 24, EACH_DAY = 2, SUBJECTS = 10, ERASED = 3, KEPT_DAYS = 14 };
	struct fixture *f = *state;
	static struct leaves l;
	struct buf notes[DAYS], out BUF_AUTO = BUF_INIT(16384);
	uint8_t path[PATH_LEN_MAX][HASH_LEN];
	char name[32], head[64];
	struct erase_result erased;
	struct prune_result pruned;
	struct err e = {0};
	size_t proved = 0;

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = KEPT_DAYS, .has_length = true, .ends_on_erasure = true};
	for (int day = 0; day < DAYS; day++) {
		for (int i = 0; i < EACH_DAY; i++) {
			snprintf(name, sizeof name, "person-%d", (day * EACH_DAY + i) % SUBJECTS);
			const struct ledger_event event = {
			    .name = "visit", .details = "{}", .payload = "personal", .payload_len = 8, .subject = name};
			assert_return_code(ledger_append(f->vault, &event, &e), 0);
		}
		notes[day] = BUF_INIT(4096);
		assert_return_code(ledger_checkpoint(f->vault, &notes[day], &e), 0);
		fixture_time += 24 * 3600;
		if (day == DAYS - 6) // so that the segments end at different days
			close_segments(f);
	}
	for (int i = 0; i < ERASED; i++) {
		snprintf(name, sizeof name, "person-%d", i * 3);
		assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, name, false, &erased, &e), 0);
		assert_true(erased.complete && erased.stores[3].erased >= DAYS * EACH_DAY / SUBJECTS);
	}
	buf_reset(&out);
	assert_return_code(ledger_checkpoint(f->vault, &out, &e), 0);
	const uint64_t size = DAYS * EACH_DAY + 2 * ERASED;
	snprintf(head, sizeof head, "\n%llu\n", (unsigned long long)size);
	assert_non_null(strstr(buf_text(&out), head));
	l = (struct leaves){0};
	assert_return_code(ledger_walk(f->vault, 0, size, add_leaf, &l, &e), 0);
	f->vault->segment_level = SMALL;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	const struct ledger_report now = verify(f);
	if (!now.intact || now.missing == 0 || now.missing > DAYS * EACH_DAY / 2)
		fail_msg("%s, %llu events are gone", now.finding, (unsigned long long)now.missing);
	for (int day = 0; day < DAYS; day++) {
		const struct ledger_report r = verify_against(f, &notes[day], NULL);
		if (r.result != LEDGER_INTACT)
			fail_msg("the checkpoint of day %d: %s", day, r.finding);
		buf_free(&notes[day]);
	}
	fixture_reopen(f, VAULT_ADMIN);
	for (uint64_t i = now.missing; i < size; i++, proved++) {
		buf_reset(&out);
		assert_return_code(ledger_proof(f->vault, PROOF_OF_EVENT, i, &out, &e), 0);
		snprintf(head, sizeof head, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)i);
		const size_t len = read_proof(&out, head, path);
		assert_true(proves_inclusion(i, size, l.leaf[i], path, len, l.root[size]));
	}
	print_message("%llu events pruned, %zu proved, %d checkpoints hold\n", (unsigned long long)now.missing, proved, DAYS);
}

static void a_checkpoint_kept_elsewhere_tells_a_cut_from_a_fork(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096), middle BUF_AUTO = BUF_INIT(4096), key BUF_AUTO = BUF_INIT(4096),
			own BUF_AUTO = BUF_INIT(4096);
	struct ledger_report r;
	struct err e = {0};

	append_events(f, 20);
	assert_return_code(ledger_checkpoint(f->vault, &middle, &e), 0); // inside a segment
	append_events(f, 14);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	verifier_key(f, &key);
	assert_int_equal(verify_against(f, &note, NULL).result, LEDGER_INTACT);
	append_events(f, 5);
	close_segments(f);
	assert_int_equal(verify_against(f, &note, NULL).result, LEDGER_INTACT);
	assert_int_equal(verify_against(f, &middle, buf_text(&key)).result, LEDGER_INTACT);
	// A note that nobody signed, of another key, or cut, proves nothing.
	char *digit = strstr(note.data, "34");
	*digit = '2';
	assert_int_equal(ledger_verify_against(f->vault, note.data, note.len, NULL, &r, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	*digit = '3';
	assert_int_equal(ledger_verify_against(f->vault, note.data, note.len - 9, NULL, &r, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	// Another ledger, which holds by itself: shorter, and then longer.
	fixture_teardown(state);
	fixture_setup(state);
	append_events(f, 30);
	r = verify_against(f, &note, buf_text(&key));
	assert_int_equal(r.result, LEDGER_TRUNCATED);
	assert_int_equal(r.bad_index, 30);
	assert_int_equal(verify_against(f, &middle, buf_text(&key)).result, LEDGER_FORKED); // whose salts are others
	fixture_reopen(f, VAULT_ADMIN);
	assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "another"}, &e), 0);
	append_events(f, 20);
	assert_true(verify(f).intact);
	assert_int_equal(verify_against(f, &note, buf_text(&key)).result, LEDGER_FORKED);
	close_segments(f);
	assert_int_equal(verify_against(f, &note, buf_text(&key)).result, LEDGER_FORKED);
	verifier_key(f, &own);
	assert_int_equal(ledger_verify_against(f->vault, note.data, note.len, buf_text(&own), &r, &e), -1);
}

static void verifying_goes_on_where_the_last_time_ended(void **state)
{
	struct fixture *f = *state;
	struct ledger_report r;
	struct err e = {0};
	char path[256], command[512];

	snprintf(path, sizeof path, "%s/ledger/verified", f->state);
	append_events(f, 40);
	close_segments(f);
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(r.intact && r.from == 0 && r.size == 40);
	const struct ledger_report whole = verify(f);
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(r.intact && r.from == 32 && r.size == 40);
	assert_string_equal(r.root, whole.root);
	append_events(f, 20);
	close_segments(f);
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(r.intact && r.from == 32 && r.size == 60); // the third segment was read
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(r.intact && r.from == 48 && r.size == 60);
	// What somebody wrote into it makes everything be read.
	snprintf(command, sizeof command, "sed -i 's/^48/32/' '%s'", path);
	assert_int_equal(system(command), 0);
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(r.intact && r.from == 0);
	snprintf(command, sizeof command, "sed -i 's/^48 0/48 1/;t;s/^48 ./48 0/' '%s'", path);
	assert_int_equal(system(command), 0);
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(r.intact && r.from == 0);
	// What is altered after it is found, and nothing is remembered of that time.
	fixture_sql(f, "vault.db", UNLOCK "UPDATE ledger SET name='erasure' WHERE seq=55");
	assert_return_code(ledger_verify(f->vault, LEDGER_SINCE, &r, &e), 0);
	assert_true(!r.intact && r.bad_index == 55 && r.result == LEDGER_ALTERED);
}

static void time_never_runs_backwards(void **state)
{
	struct fixture *f = *state;
	struct store_survey held;
	struct err e = {0};

	append_events(f, 1);
	fixture_time -= 100;
	append_events(f, 1);
	assert_return_code(f->vault->b->upkeep->survey(f->vault->store, &held, &e), 0);
	assert_int_equal(held.ledger.newest, fixture_time + 100);
	assert_true(verify(f).intact);
}

static void each_walks_from_an_index(void **state)
{
	struct fixture *f = *state;
	struct walked w = {3, 400};
	struct err e = {0};

	append_events(f, 405);
	assert_return_code(ledger_each(f->vault, 3, walk, &w, &e), 0);
	assert_int_equal(w.next, 400);
}

// Roots of the RFC 6962 reference tree (certificate-transparency's test vectors: leaves "", 00, 10, 2021, 3031, 40414243, 50…57, 60…6f).
struct guess {
	uint8_t leaf[HASH_LEN];
};

static int take_leaf(void *arg, const struct ledger_row *row)
{
	struct guess *g = arg;

	memcpy(g->leaf, row->commitment, HASH_LEN);
	return 0;
}

// HMAC of a text of at most 39 bytes under a key of zeros, as keyed_hash makes it, and four times as fast: what the key alone makes of it is computed once.
struct fast_hash {
	SHA256_CTX inner, outer;
};

static void fast_hash_begin(struct fast_hash *h, const char *label)
{
	uint8_t pad[SHA256_CBLOCK];

	memset(pad, 0x36, sizeof pad);
	SHA256_Init(&h->inner);
	SHA256_Update(&h->inner, pad, sizeof pad);
	SHA256_Update(&h->inner, label, strlen(label) + 1);
	memset(pad, 0x5c, sizeof pad);
	SHA256_Init(&h->outer);
	SHA256_Update(&h->outer, pad, sizeof pad);
}

static void fast_hash_of(const struct fast_hash *h, const char *text, size_t len, uint8_t out[HASH_LEN])
{
	struct fast_hash now = *h;

	SHA256_Update(&now.inner, text, len);
	SHA256_Final(out, &now.inner);
	SHA256_Update(&now.outer, out, HASH_LEN);
	SHA256_Final(out, &now.outer);
}

// Who has an event's public part and knows that an address was sealed in it cannot find which by trying all of them. With a commitment that is not salted
// the same search finds it, so it is awake. `make trust` tries all there are.
static void what_is_committed_to_cannot_be_guessed(void **state)
{
	struct fixture *f = *state;
	struct guess real;
	struct err e = {0};
	uint8_t unsalted[HASH_LEN], tried[HASH_LEN];
	const uint8_t no_salt[KEY_LEN] = {0};
	const char *address = "10.20.30.40";
	enum { FIRST = 10 << 24 | 20 << 16 };
	const uint64_t count = trust_size(65536, 1ULL << 32);
	uint64_t found = 0, control = 0;
	char guess[16 + NUMBER_TEXT];
	struct fast_hash h;

	const struct ledger_event event = {.name = "visit", .payload = address, .payload_len = strlen(address), .subject = "somebody"};
	assert_return_code(ledger_append(f->vault, &event, &e), 0);
	assert_return_code(f->vault->b->ledger->page(f->vault->store, 0, false, 1, take_leaf, &real, &e), 0);
	keyed_hash(unsalted, no_salt, "payload", address, strlen(address));
	fast_hash_begin(&h, "payload");
	for (uint64_t i = 0; i < count; i++) {
		const unsigned a = (unsigned)i + FIRST;
		char *at = guess;
		for (int part = 24; part >= 0; part -= 8) {
			at += text_number(at, a >> part & 0xff);
			*at++ = '.';
		}
		fast_hash_of(&h, guess, (size_t)(at - 1 - guess), tried);
		found += memcmp(tried, real.leaf, HASH_LEN) == 0;
		control += memcmp(tried, unsalted, HASH_LEN) == 0;
	}
	print_message("%llu addresses tried\n", (unsigned long long)count);
	assert_int_equal(found, 0);
	assert_int_equal(control, 1);
}

static void the_tree_is_that_of_rfc_6962(void **state)
{
	static const struct {
		const char *leaf, *root;
	} vectors[] = {
	    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	    {"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	};
	struct merkle m = {0}, copy;
	uint8_t bytes[16], leaf[HASH_LEN], root[HASH_LEN], packed[MERKLE_PACKED_MAX];
	char hex[2 * HASH_LEN + 1];

	(void)state;
	merkle_root(&m, root);
	hex_encode(hex, root, HASH_LEN);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		size_t len = strlen(vectors[i].leaf) / 2;
		assert_return_code(hex_decode(bytes, len, vectors[i].leaf), 0);
		merkle_leaf(leaf, (const struct bytes[]){{bytes, len}}, 1);
		merkle_append(&m, leaf);
		assert_return_code(merkle_unpack(&copy, m.size, packed, merkle_pack(&m, packed)), 0);
		merkle_root(&copy, root);
		hex_encode(hex, root, HASH_LEN);
		assert_string_equal(hex, vectors[i].root);
	}
	assert_int_equal(merkle_unpack(&copy, 7, packed, HASH_LEN), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(an_honest_ledger_is_intact),
	    T(what_is_committed_to_cannot_be_guessed),
	    T(every_intrusion_is_found_at_its_index),
	    T(every_field_of_every_row_is_found),
	    T(rows_cannot_be_changed_without_force),
	    T(events_need_a_name_and_plain_details),
	    T(an_undeclared_ledger_keeps_no_payload),
	    T(checkpoints_are_signed_once_per_size),
	    T(a_checkpoint_binds_whoever_holds_the_keys),
	    T(a_forged_signature_is_found),
	    T(a_shorter_ledger_than_its_checkpoint_is_found),
	    T(closing_changes_nothing_that_is_told),
	    T(a_closed_segment_is_a_text),
	    T(every_intrusion_into_what_is_closed_is_found),
	    T(a_file_that_went_or_came_is_seen_without_reading),
	    T(an_altered_ledger_is_not_closed),
	    T(closing_disturbs_nobody_who_reads),
	    T(two_may_close_at_once),
	    T(a_newer_segment_is_not_overwritten),
	    T(closing_goes_on_after_a_crash),
	    T(every_event_and_every_growth_can_be_proved),
	    T(closed_events_end_when_the_policy_says),
	    T(closed_events_end_each_in_its_second),
	    T(a_few_events_end_without_a_full_segment),
	    T(erasing_and_pruning_keep_every_proof),
	    T(a_checkpoint_kept_elsewhere_tells_a_cut_from_a_fork),
	    T(verifying_goes_on_where_the_last_time_ended),
	    T(time_never_runs_backwards),
	    T(each_walks_from_an_index),
	    cmocka_unit_test(the_tree_is_that_of_rfc_6962),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
