// SPDX-License-Identifier: ISC
// Opening: what is missing, foreign, newer, damaged or sealed with another key is refused with words that help.
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/vault/space_reserve.h"
#include "policy/vault/sqlite/schema.h"
#include "policy/vault/sqlite/store.h"
#include "tests/unit/vault_fixture.h"
#include <signal.h>
#include <sys/wait.h>

static enum err_code open_fails(struct fixture *f, enum vault_mode mode, const char *words)
{
	struct vault *v;
	struct err e = {0};

	vault_close(f->vault);
	f->vault = NULL;
	assert_int_equal(vault_open(&v, f->state, f->run, &f->policy, mode, &e), -1);
	assert_null(v);
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", e.text, words);
	return e.code;
}

static void a_program_needs_a_store(void **state)
{
	struct fixture *f = *state;

	snprintf(f->state, sizeof f->state, "%s/nothing", f->root);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, "run: lethe keys init"), ERR_NOT_FOUND);
	assert_int_not_equal(access(f->state, F_OK), 0);
}

static void a_missing_vault_is_not_made_by_a_program(void **state)
{
	struct fixture *f = *state;
	char path[256];

	vault_close(f->vault);
	f->vault = NULL;
	snprintf(path, sizeof path, "%s/vault.db", f->state);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, "put vault.db"), ERR_CORRUPT);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void in_state(const struct fixture *f, const char *what)
{
	char command[512];

	snprintf(command, sizeof command, "cd '%s' && %s", f->state, what);
	assert_int_equal(system(command), 0);
}

static void open_fails_for_all(struct fixture *f, const char *words)
{
	static const enum vault_mode modes[] = {VAULT_ADMIN, VAULT_LOOK, VAULT_PROGRAM, VAULT_ADMIN};

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(open_fails(f, modes[i], words), ERR_CORRUPT);
}

// Whatever is taken away or emptied: the officer's command does not make it anew, nor does anybody after it, and what is there stays.
static void a_lost_store_is_not_replaced(void **state)
{
	static const struct {
		const char *lose, *words;
	} losses[] = {
	    {"rm vault.db*", "vault.db is missing or empty, but keys/keys.db is there"},
	    {"rm keys/keys.db*", "keys/keys.db is missing or empty, but vault.db is there"},
	    {"rm -f vault.db-* && : >vault.db", "vault.db is missing or empty"},
	    {"rm -f keys/keys.db-* && : >keys/keys.db", "keys/keys.db is missing or empty"},
	    {"rm vault.db* keys/keys.db*", "keys/ledger.pub is there"},
	    {"rm vault.db* keys/keys.db* keys/ledger.pub", "put vault.db"},
	    {"rm vault.db* keys/keys.db* keys/ledger.pub vault.lock", "log is there"},
	    {"rm vault.db* vault.lock", "vault.db is missing"},
	};
	struct fixture *f = *state;

	fixture_log(f, "198.51.100.1", NULL);
	vault_close(f->vault);
	f->vault = NULL;
	in_state(f, "cp -a . ../good");
	for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
		in_state(f, losses[i].lose);
		in_state(f, "rm -rf ../before && cp -a . ../before");
		assert_int_equal(open_fails(f, VAULT_ADMIN, losses[i].words), ERR_CORRUPT);
		if (i < 6) // its vault.lock is there
			open_fails_for_all(f, losses[i].words);
		in_state(f, "test ! -s vault.db || test ! -s keys/keys.db");
		in_state(f, "find . -mindepth 1 -delete && cp -a ../good/. .");
		fixture_reopen(f, VAULT_ADMIN);
	}
}

static void an_interrupted_making_is_made_good(void **state)
{
	struct fixture *f = *state;

	vault_close(f->vault);
	f->vault = NULL;
	in_state(f, "rm -r -f vault.db* keys/* && : >vault.db && printf '%-20d\\n%-20d\\n' 0 -2 >vault.lock");
	fixture_reopen(f, VAULT_ADMIN);
	fixture_reopen(f, VAULT_PROGRAM);
}

static void an_older_vault_is_noticed(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	struct prune_result pruned;
	struct err e = {0};

	fixture_archive(f, "receipt", "token", id);
	fixture_reopen(f, VAULT_ADMIN);
	in_state(f, "mkdir ../old && cp vault.db* ../old");
	fixture_archive(f, "receipt-2", "token-2", id);
	vault_close(f->vault);
	f->vault = NULL;
	in_state(f, "mkdir ../new && cp vault.db* ../new && rm vault.db* && cp ../old/* .");
	open_fails_for_all(f, "is an older one, or lost its write-ahead log");
	in_state(f, "rm vault.db* && cp ../new/* .");
	fixture_reopen(f, VAULT_PROGRAM);
	// A write-ahead log that is lost with what is in it, after a crash: pruning is the last that remembered.
	fixture_sql(f, "vault.db", "PRAGMA wal_checkpoint(TRUNCATE)");
	fixture_reopen(f, VAULT_ADMIN);
	fixture_archive(f, "receipt-3", "token-3", id);
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	in_state(f, "rm -rf ../copy && cp -a . ../copy && rm ../copy/*-wal ../copy/*-shm");
	// And what was committed last, though nobody has closed or pruned since.
	in_state(f, "cp -a . ../late");
	fixture_archive(f, "receipt-4", "token-4", id);
	in_state(f, "cp vault.lock ../late/");
	snprintf(f->state, sizeof f->state, "%s/copy", f->root);
	open_fails_for_all(f, "lost its write-ahead log");
	snprintf(f->state, sizeof f->state, "%s/late", f->root);
	open_fails_for_all(f, "lost its write-ahead log");
}

static void older_keys_are_noticed(void **state)
{
	struct fixture *f = *state;
	const struct vault_new ticket = {.kind = KIND_TICKET, .subject = "someone", .body = "x", .body_len = 1};
	const struct ledger_event event = {.name = "request"};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	fixture_reopen(f, VAULT_ADMIN);
	in_state(f, "mkdir ../old && cp keys/keys.db* ../old");
	fixture_time += 5;
	assert_return_code(vault_put(f->vault, &ticket, &event, id, &e), 0);
	vault_close(f->vault);
	f->vault = NULL;
	in_state(f, "mkdir ../new && cp keys/keys.db* ../new && rm keys/keys.db* && cp ../old/* keys/");
	open_fails_for_all(f, "keys.db lacks keys");
	in_state(f, "rm keys/keys.db* && cp ../new/* keys/");
	fixture_reopen(f, VAULT_PROGRAM);
	fixture_sql(f, "keys/keys.db", "DELETE FROM key");
	open_fails_for_all(f, "keys.db lacks");
	fixture_sql(f, "vault.db", "DELETE FROM record"); // the ledger alone tells that there were keys
	open_fails_for_all(f, "keys.db lacks");
}

static int count_unreadable(void *arg, const struct vault_record *r)
{
	*(int *)arg += r->unreadable ? 100 : 1;
	return 0;
}

// A key that is missing says nothing of an erasure: what it sealed is there still, and is told of.
static void what_lost_its_key_is_not_taken_for_erased(void **state)
{
	struct fixture *f = *state;
	struct vault_new ticket = {.kind = KIND_TICKET, .subject = "someone", .body = "x", .body_len = 1};
	struct ledger_event event = {.name = "request", .payload = "p", .payload_len = 1, .subject = "someone"};
	struct ledger_report report;
	struct vault_record record;
	struct prune_result pruned;
	struct erase_result erased;
	char id[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	int seen = 0;
	struct err e = {0};

	assert_return_code(vault_put(f->vault, &ticket, &event, id, &e), 0);
	ticket.subject = "another";
	assert_return_code(vault_put(f->vault, &ticket, NULL, other, &e), 0);
	fixture_log(f, "198.51.100.1", NULL);
	vault_close(f->vault);
	f->vault = NULL;
	fixture_sql(
	    f, "keys/keys.db",
	    "DELETE FROM key WHERE kind = 'request-log' OR id = (SELECT id FROM key WHERE kind = 'subject' ORDER BY rowid LIMIT 1)");
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(vault_get(f->vault, id, &record, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_return_code(vault_each(f->vault, KIND_TICKET, NULL, count_unreadable, &seen, &e), 0);
	assert_int_equal(seen, 101);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_false(report.intact);
	assert_return_code(vault_erase(f->vault, ERASE_ADDRESS, "198.51.100.1", false, &erased, &e), 0);
	assert_false(erased.complete); // the day cannot be searched
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_int_equal(fixture_day(f, "2026-11-22").lines, 1);
	fixture_log(f, "198.51.100.2", NULL); // and it is written on
	assert_int_equal(fixture_day(f, "2026-11-22").lines, 2);
}

static void a_damaged_day_stops_nobody(void **state)
{
	struct fixture *f = *state;
	struct census_row row;
	struct erase_result erased;
	struct prune_result pruned;
	struct err e = {0};

	for (int i = 0; i < 200; i++)
		fixture_log(f, "198.51.100.1", NULL);
	vault_close(f->vault);
	f->vault = NULL;
	fixture_sql(f, "log/2026-11-22.db", "PRAGMA wal_checkpoint(TRUNCATE)");
	in_state(f, "rm -f log/*-wal log/*-shm && dd if=/dev/urandom of=log/2026-11-22.db bs=4096 count=8 conv=notrunc status=none");
	fixture_reopen(f, VAULT_PROGRAM);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, &row), 0);
	assert_string_equal(row.damaged, "2026-11-22");
	fixture_log(f, "198.51.100.1", NULL);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, &row), 1);
	assert_string_equal(row.damaged, "2026-11-22"); // still told
	assert_return_code(vault_erase(f->vault, ERASE_ADDRESS, "198.51.100.1", false, &erased, &e), 0);
	assert_false(erased.complete);
	assert_int_equal(erased.stores[2].erased, 1);
	fixture_reopen(f, VAULT_ADMIN);
	fixture_time += 15 * 86400;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	in_state(f, "test -z \"$(ls log)\""); // its end is that of the day
}

static void a_body_of_the_log_is_bound_to_its_row(void **state)
{
	struct fixture *f = *state;
	struct log_row row = {.at = 7, .has_receipt = true, .address = {1}, .receipt = {2}};
	char context[LOG_CONTEXT_MAX], other[LOG_CONTEXT_MAX];

	(void)f;
	request_log_context(context, "2026-11-22", &row);
	for (int i = 0; i < 4; i++) {
		struct log_row changed = row;
		changed.at += i == 0;
		changed.address[LOG_HASH_LEN - 1] ^= i == 1;
		changed.receipt[0] ^= i == 2;
		changed.has_receipt = i != 3;
		request_log_context(other, "2026-11-22", &changed);
		assert_string_not_equal(context, other);
	}
	struct data_key DATA_KEY_AUTO key = {0};
	struct buf plain BUF_AUTO = BUF_INIT(2048);
	struct err e = {0};
	char command[512];
	fixture_log(f, "198.51.100.1", "receipt");
	assert_return_code(key_find(f->vault, VIEW_COMMITTED, "request-log", "2026-11-22", &key, &e), 0);
	snprintf(command, sizeof command,
		 "sqlite3 '%s/log/2026-11-22.db' 'SELECT at, hex(address_hash), hex(receipt_hash), hex(body) FROM line'", f->state);
	FILE *rows = popen(command, "r");
	assert_non_null(rows);
	char line[4096], *save = NULL;
	assert_non_null(fgets(line, sizeof line, rows));
	pclose(rows);
	row.at = strtoll(strtok_r(line, "|\n", &save), NULL, 10);
	assert_int_equal(hex_decode(row.address, LOG_HASH_LEN, strtok_r(NULL, "|\n", &save)), 0);
	assert_int_equal(hex_decode(row.receipt, LOG_HASH_LEN, strtok_r(NULL, "|\n", &save)), 0);
	const char *body = strtok_r(NULL, "|\n", &save);
	uint8_t sealed[2048];
	assert_int_equal(hex_decode(sealed, strlen(body) / 2, body), 0);
	request_log_context(context, "2026-11-22", &row);
	assert_return_code(unseal(key.bytes, context, sealed, strlen(body) / 2, &plain, &e), 0);
	assert_string_equal(buf_text(&plain), "198.51.100.1");
	row.at++;
	request_log_context(context, "2026-11-22", &row);
	assert_int_not_equal(unseal(key.bytes, context, sealed, strlen(body) / 2, &plain, &e), 0);
}

// As another user, to whom not even a lock is open for writing; with a write-ahead log that was not emptied, and without.
static void a_copy_that_nobody_may_write_is_verified(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];

	for (int emptied = 0; emptied < 2; emptied++) {
		fixture_archive(f, "receipt", "token", id);
		fixture_log(f, "198.51.100.1", NULL);
		vault_close(f->vault);
		f->vault = NULL;
		if (emptied)
			in_state(
			    f, "for f in vault.db keys/keys.db log/*.db; do sqlite3 $f 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null; done");
		in_state(f, "rm -rf '../a %23 copy?' && cp -a . '../a %23 copy?' && cd '../a %23 copy?' && rm -f *-shm */*-shm vault.lock "
			    "space-reserve && "
			    "{ test -s vault.db-wal || rm -f *-wal */*-wal; } && chmod -R a-w,a+rX . && chmod 755 .. && ls -R >../list");
		pid_t child = fork();
		if (child == 0) {
			struct ledger_report report;
			struct census census;
			struct err e = {0};
			snprintf(f->state, sizeof f->state, "%s/a %%23 copy?", f->root);
			if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
				_exit(2);
			if (vault_open(&f->vault, f->state, f->run, &f->policy, VAULT_LOOK, &e) != 0 ||
			    ledger_verify(f->vault, LEDGER_WHOLE, &report, &e) != 0 || vault_census(f->vault, &census, &e) != 0) {
				fprintf(stderr, "%s\n", e.text);
				_exit(3);
			}
			_exit(report.intact && report.size > (emptied ? 1U : 0U) ? 0 : 4);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		in_state(f, "cd '../a %23 copy?' && ls -R | cmp - ../list && chmod -R u+w .");
		fixture_reopen(f, VAULT_ADMIN);
	}
}

static void only_the_published_key_signs(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf note = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct err e = {0};

	in_state(f, "cp keys/signer/ledger.key ../right.key && printf '%064d\\n' 7 >keys/signer/ledger.key");
	assert_int_equal(ledger_checkpoint(f->vault, &note, &e), -1);
	assert_non_null(strstr(e.text, "nothing is signed"));
	in_state(f, "cp ../right.key keys/signer/ledger.key");
	buf_reset(&note);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
}

static void newer_and_foreign_files_are_refused(void **state)
{
	struct fixture *f = *state;

	fixture_sql(f, "vault.db", "PRAGMA user_version=99");
	assert_int_equal(open_fails(f, VAULT_ADMIN, "install the newer Lethe"), ERR_INPUT);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, "install the newer Lethe"), ERR_INPUT);
	fixture_sql(f, "vault.db", "PRAGMA user_version=1; PRAGMA application_id=42");
	assert_int_equal(open_fails(f, VAULT_ADMIN, "is not a vault.db of Lethe"), ERR_INPUT);
}

static void damage(struct fixture *f)
{
	char command[256];

	fixture_sql(f, "vault.db", "PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(command, sizeof command,
		 "cd '%s' && dd if=/dev/urandom of=vault.db bs=4096 seek=$(($(stat -c %%s vault.db) / 4096 - 8)) count=6 conv=notrunc "
		 "status=none",
		 f->state);
	assert_int_equal(system(command), 0);
}

// Opens it in a process that is killed.
static void open_and_kill(struct fixture *f, enum vault_mode mode)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		fixture_reopen(f, mode);
		assert_int_equal(write(ready[1], "x", 1), 1);
		pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

// They are read through in some milliseconds: nobody makes the damage worse.
static void small_files_that_are_damaged_are_written_to_by_nobody(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 200; i++) {
		char id[RECORD_ID_LEN + 1];
		fixture_archive(f, "receipt", "token", id);
	}
	vault_close(f->vault);
	f->vault = NULL;
	damage(f);
	in_state(f, "sha256sum vault.db >../sum");
	assert_int_equal(open_fails(f, VAULT_ADMIN, ""), ERR_CORRUPT);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, ""), ERR_CORRUPT);
	in_state(f, "sha256sum vault.db | cmp - ../sum");
	fixture_reopen(f, VAULT_LOOK);
}

static int large_setup(void **state)
{
	store_read_through_max = 0;
	return fixture_setup(state);
}
static int large_teardown(void **state)
{
	store_read_through_max = 16 * 1024 * 1024;
	return fixture_teardown(state);
}

static void damage_is_seen_at_the_start_after_a_crash(void **state)
{
	struct fixture *f = *state;
	struct vault *other;
	struct err e = {0};

	for (int i = 0; i < 200; i++) {
		char id[RECORD_ID_LEN + 1];
		fixture_archive(f, "receipt", "token", id);
	}
	vault_close(f->vault);
	f->vault = NULL;
	open_and_kill(f, VAULT_PROGRAM);
	damage(f);
	fixture_reopen(f, VAULT_LOOK);
	vault_close(f->vault); // who only looks leaves it so
	f->vault = NULL;
	fixture_reopen(f, VAULT_ADMIN); // and so does the officer's command, though it stops in order
	assert_int_equal(open_fails(f, VAULT_PROGRAM, ""), ERR_CORRUPT);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, ""), ERR_CORRUPT); // not once only
	fixture_reopen(f, VAULT_ADMIN);                                  // while somebody lives, it was open before the damage was
	assert_return_code(vault_open(&other, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), 0);
	vault_close(other);
}

// A start costs the same for ten records and for a million: after an orderly stop of all nobody reads the files through.
static void after_an_orderly_stop_nobody_looks(void **state)
{
	struct fixture *f = *state;
	struct vault *other;
	struct err e = {0};

	for (int i = 0; i < 200; i++) {
		char id[RECORD_ID_LEN + 1];
		fixture_archive(f, "receipt", "token", id);
	}
	assert_return_code(vault_open(&other, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), 0);
	vault_close(f->vault);
	f->vault = NULL;
	vault_close(other);
	damage(f);
	fixture_reopen(f, VAULT_PROGRAM);
	vault_close(f->vault);
	f->vault = NULL;
	open_and_kill(f, VAULT_PROGRAM);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, ""), ERR_CORRUPT);
}

static void another_master_key_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[256];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/keys/master.key", f->state);
	struct stat file;
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	unlink(path);
	assert_int_equal(open_fails(f, VAULT_ADMIN, "put it back"), ERR_NOT_FOUND);
	assert_return_code(file_write(path, "01234567890123456789012345678901", 32, 0600, NULL, &e), 0);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, "master key"), ERR_CORRUPT);
	assert_return_code(file_write(path, "0123\n", 5, 0600, NULL, &e), 0);
	assert_int_equal(open_fails(f, VAULT_PROGRAM, "64 hex digits"), ERR_INPUT);
}

static void the_master_key_may_live_elsewhere(void **state)
{
	struct fixture *f = *state;
	char from[256], to[256];

	snprintf(from, sizeof from, "%s/keys/master.key", f->state);
	snprintf(to, sizeof to, "%s/elsewhere.key", f->root);
	assert_int_equal(rename(from, to), 0);
	setenv("LETHE_MASTER_KEY_FILE", to, 1);
	fixture_reopen(f, VAULT_PROGRAM);
	unsetenv("LETHE_MASTER_KEY_FILE");
	char credential[256];
	snprintf(credential, sizeof credential, "%s/LETHE_MASTER_KEY", f->root);
	assert_int_equal(rename(to, credential), 0);
	setenv("CREDENTIALS_DIRECTORY", f->root, 1);
	fixture_reopen(f, VAULT_PROGRAM);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void the_connection_is_what_it_must_be(void **state)
{
	struct fixture *f = *state;
	char command[512];

	fixture_log(f, "198.51.100.1", NULL);
	vault_close(f->vault);
	f->vault = NULL;
	// Closing leaves the write-ahead log to the lock's holders.
	char path[256];
	snprintf(path, sizeof path, "%s/log/2026-11-22.db-wal", f->state);
	assert_int_equal(access(path, F_OK), 0);
	static const enum db_file kinds[] = {DB_VAULT, DB_KEYS, DB_LOG};
	static const char *const files[] = {"vault.db", "keys/keys.db", "log/2026-11-22.db"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(command, sizeof command,
			 "test \"$(sqlite3 '%s/%s' 'PRAGMA journal_mode; PRAGMA user_version; PRAGMA integrity_check; "
			 "PRAGMA foreign_key_check' | tr '\\n' ' ')\" = 'wal %d ok '",
			 f->state, files[i], schema_of[kinds[i]].version);
		assert_int_equal(system(command), 0);
	}
	snprintf(
	    command, sizeof command,
	    "test -z \"$(sqlite3 '%s/vault.db' \"SELECT name FROM pragma_table_list WHERE type='table' AND schema='main' AND name NOT LIKE "
	    "'sqlite%%' AND (strict=0 OR wr=1)\")\"",
	    f->state);
	assert_int_equal(system(command), 0);
}

static void the_space_reserve_is_there(void **state)
{
	struct fixture *f = *state;
	struct stat file;
	char path[256];

	snprintf(path, sizeof path, "%s/space-reserve", f->state);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, SPACE_RESERVE_BYTES);
	assert_true(file.st_blocks * 512 >= SPACE_RESERVE_BYTES);
	assert_true(space_reserve(f->state, false));
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, 0);
	assert_false(space_reserve(f->state, false));
	assert_true(space_reserve(f->state, true));
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_size, SPACE_RESERVE_BYTES);
}

static int private_but_the_public_key(const char *path, const struct stat *file, int type, struct FTW *walk)
{
	if (type == FTW_F && (file->st_mode & 077) != 0 && strcmp(path + walk->base, "ledger.pub") != 0)
		fail_msg("%s has mode %04o", path, (unsigned)file->st_mode & 07777);
	return 0;
}

static void every_file_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], path[256];
	mode_t mask = umask(0);

	snprintf(f->state, sizeof f->state, "%s/careless", f->root);
	fixture_reopen(f, VAULT_ADMIN);
	fixture_reopen(f, VAULT_PROGRAM);
	fixture_archive(f, "receipt", "token", id);
	fixture_log(f, "203.0.113.7", "receipt");
	umask(mask);
	assert_int_equal(nftw(f->state, private_but_the_public_key, 16, FTW_PHYS), 0);
	snprintf(path, sizeof path, "%s/log/2026-11-22.db-wal", f->state);
	assert_int_equal(access(path, F_OK), 0); // it is there while it is looked at
}

static void read_all(const struct fixture *f, const char *name, struct buf *out)
{
	char path[256];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/%s", f->state, name);
	if (file_read(path, out, &e) != 0)
		fail_msg("%s", e.text);
}

static void remove_of(const struct fixture *f, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", f->state, name);
	assert_int_equal(unlink(path), 0);
}

static void the_ledgers_key_is_never_replaced(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf before = BUF_INIT(1024), after = BUF_INIT(1024);
	char path[256];

	read_all(f, "keys/ledger.pub", &before);
	remove_of(f, "keys/ledger.pub");
	fixture_reopen(f, VAULT_ADMIN); // made again, of the same key
	read_all(f, "keys/ledger.pub", &after);
	assert_string_equal(buf_text(&after), buf_text(&before));
	remove_of(f, "keys/signer/ledger.key"); // kept elsewhere
	fixture_reopen(f, VAULT_ADMIN);
	snprintf(path, sizeof path, "%s/keys/signer/ledger.key", f->state);
	assert_int_not_equal(access(path, F_OK), 0);
	buf_reset(&after);
	read_all(f, "keys/ledger.pub", &after);
	assert_string_equal(buf_text(&after), buf_text(&before));
}

// As an earlier version left them; whatever ended a move before, the next one goes on.
static void what_earlier_versions_kept_elsewhere_is_moved(void **state)
{
	static const char *const begun[] = {"rmdir keys/signer officer", "true",
					    "cp keys/ledger.key.next keys/signer && rm keys/ledger.key.next"};
	struct fixture *f = *state;
	BUF_AUTO struct buf note = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(begun); i++) {
		in_state(
		    f,
		    "mv keys/signer/ledger.key keys && sha256sum <keys/ledger.key >../sum && echo a >check.json && echo b >agents.json && "
		    "echo c >keys/ledger.key.next && rm -f officer/*");
		in_state(f, begun[i]);
		fixture_reopen(f, i == 0 ? VAULT_PROGRAM : i == 1 ? VAULT_LOOK : VAULT_ADMIN);
		in_state(f, "test \"$(sha256sum <keys/signer/ledger.key)\" = \"$(cat ../sum)\" && test \"$(ls keys/signer officer)\" = "
			    "\"$(printf 'keys/signer:\\nledger.key\\nledger.key.next\\n\\nofficer:\\nagents.json\\ncheck.json')\"");
		in_state(
		    f, "test -z \"$(ls keys/ledger.k* check.json agents.json 2>/dev/null)\" && test \"$(stat -c %a keys/signer)\" = 700 && "
		       "rm keys/signer/ledger.key.next");
	}
	fixture_reopen(f, VAULT_ADMIN);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	// One that was put back beside the one in use is not taken, nor destroyed.
	in_state(f, "echo other >keys/ledger.key");
	fixture_reopen(f, VAULT_ADMIN);
	in_state(f, "grep -q other keys/ledger.key && test \"$(sha256sum <keys/signer/ledger.key)\" = \"$(cat ../sum)\"");
}

// Whoever may write in the state folder makes a link; root must not give away what it leads to.
static void a_link_is_not_given_away(void **state)
{
	struct fixture *f = *state;
	char path[256], target[256];
	struct stat there;

	if (geteuid() != 0)
		skip();
	snprintf(target, sizeof target, "%s/elsewhere", f->root);
	snprintf(path, sizeof path, "%s/log", f->state);
	assert_int_equal(mkdir(target, 0755), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(chown(f->state, 65534, 65534), 0);
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(stat(target, &there), 0);
	assert_int_equal(there.st_uid, 0);
}

static void what_is_locked_is_no_link(void **state)
{
	struct fixture *f = *state;
	char path[256], target[256];
	struct stat there;

	snprintf(target, sizeof target, "%s/elsewhere", f->root);
	snprintf(path, sizeof path, "%s/vault.lock", f->state);
	vault_close(f->vault);
	f->vault = NULL;
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	open_fails(f, VAULT_ADMIN, "vault.lock");
	assert_int_equal(stat(target, &there), 0);
	assert_int_equal(there.st_size, 0);
}

// Nothing breaks when one is not; but then each check makes the schema anew to compare it.
static void the_digest_of_each_file_is_that_of_its_last_version(void **state)
{
	(void)state;
	for (int file = 0; file < DB_FILE_COUNT; file++) {
		const struct schema *s = &schema_of[file];
		char digest[SCHEMA_DIGEST];
		struct err e = {0};
		sqlite3 *db = NULL;
		assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
		for (int version = 0; version < s->version; version++)
			assert_int_equal(sqlite3_exec(db, s->migrations[version], NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(schema_digest(db, s->name, digest, &e), 0);
		assert_string_equal(digest, s->digest);
		sqlite3_close(db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)     cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define LARGE(name) cmocka_unit_test_setup_teardown(name, large_setup, large_teardown)
	    T(a_program_needs_a_store),
	    T(a_missing_vault_is_not_made_by_a_program),
	    T(a_lost_store_is_not_replaced),
	    T(an_interrupted_making_is_made_good),
	    T(an_older_vault_is_noticed),
	    T(older_keys_are_noticed),
	    T(what_lost_its_key_is_not_taken_for_erased),
	    T(a_damaged_day_stops_nobody),
	    T(a_body_of_the_log_is_bound_to_its_row),
	    T(a_copy_that_nobody_may_write_is_verified),
	    T(only_the_published_key_signs),
	    T(newer_and_foreign_files_are_refused),
	    T(small_files_that_are_damaged_are_written_to_by_nobody),
	    LARGE(damage_is_seen_at_the_start_after_a_crash),
	    LARGE(after_an_orderly_stop_nobody_looks),
	    T(another_master_key_is_refused),
	    T(the_master_key_may_live_elsewhere),
	    T(the_connection_is_what_it_must_be),
	    T(the_space_reserve_is_there),
	    T(every_file_is_for_its_owner_alone),
	    T(the_ledgers_key_is_never_replaced),
	    T(what_earlier_versions_kept_elsewhere_is_moved),
	    T(a_link_is_not_given_away),
	    T(what_is_locked_is_no_link),
	    cmocka_unit_test(the_digest_of_each_file_is_that_of_its_last_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
