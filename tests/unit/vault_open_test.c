// SPDX-License-Identifier: ISC
// Opening: what is missing, foreign, newer, damaged or sealed with another key is refused with words that help.
#include "policy/base/limits.h"
#include "policy/vault/space_reserve.h"
#include "policy/vault/sqlite/schema.h"
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
	assert_int_equal(open_fails(f, VAULT_PROGRAM, "run: lethe keys init"), ERR_NOT_FOUND);
	assert_int_not_equal(access(path, F_OK), 0);
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
	remove_of(f, "keys/ledger.key"); // kept elsewhere
	fixture_reopen(f, VAULT_ADMIN);
	snprintf(path, sizeof path, "%s/keys/ledger.key", f->state);
	assert_int_not_equal(access(path, F_OK), 0);
	buf_reset(&after);
	read_all(f, "keys/ledger.pub", &after);
	assert_string_equal(buf_text(&after), buf_text(&before));
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
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(a_program_needs_a_store),
	    T(a_missing_vault_is_not_made_by_a_program),
	    T(newer_and_foreign_files_are_refused),
	    T(damage_is_seen_at_the_start_after_a_crash),
	    T(after_an_orderly_stop_nobody_looks),
	    T(another_master_key_is_refused),
	    T(the_master_key_may_live_elsewhere),
	    T(the_connection_is_what_it_must_be),
	    T(the_space_reserve_is_there),
	    T(every_file_is_for_its_owner_alone),
	    T(the_ledgers_key_is_never_replaced),
	    T(a_link_is_not_given_away),
	    cmocka_unit_test(the_digest_of_each_file_is_that_of_its_last_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
