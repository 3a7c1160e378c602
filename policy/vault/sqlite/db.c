// SPDX-License-Identifier: ISC
// SQLite 3.40. What a connection must be is checked, not assumed: a build without secure_delete or with another default
// for `synchronous` would silently break a promise.
//
// SQLite 3.7.0 to 3.51.2 can corrupt a file when two processes checkpoint and write at the same moment (the "WAL-reset" bug), and its
// own busy handler starves writers. Both are cured by the flocks of store.c: every caller of db_begin, db_flush and db_rewrite
// holds the one of that file; so no connection may checkpoint when it closes (NO_CKPT_ON_CLOSE).
#include "policy/vault/sqlite/db.h"
#include "policy/base/array.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	WAL_BYTES_KEPT = 4 * 1024 * 1024, // after a checkpoint; a checkpoint comes every 1,000 pages
	FREE_PAGES_KEPT = 64,             // that a file may have without being made smaller
	SHRINK_PAGES = 128,               // given back in one transaction
	SCAN_PIECE = 256 * 1024,
	SHM_REGION = 32 * 1024, // the size that SQLite itself maps
};

static enum err_code code_of(sqlite3 *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return db != NULL && err_is_full(sqlite3_system_errno(db)) ? ERR_FULL : ERR_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_TOOBIG:
	case SQLITE_CONSTRAINT:
		return ERR_INPUT;
	default:
		return ERR_IO;
	}
}

// SQLite's messages name tables and columns, never values.
static int fail(const struct db *s, int rc, const char *doing, struct err *e)
{
	return err_set(e, code_of(s->db, rc), "%s: %s: %s (%d)", s->schema->name, doing, sqlite3_errmsg(s->db),
		       sqlite3_extended_errcode(s->db));
}

static int run_text(struct db *s, const char *sql, const char *doing, struct err *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(s, rc, doing, e);
}

// The single value that a PRAGMA answers, as text.
static int pragma_value(struct db *s, const char *sql, char *out, size_t size, struct err *e)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0));
		rc = sqlite3_reset(statement);
	} else if (rc == SQLITE_DONE) {
		out[0] = '\0';
		rc = SQLITE_OK;
	}
	int ret = rc == SQLITE_OK ? 0 : fail(s, rc, sql, e);
	sqlite3_finalize(statement);
	return ret;
}

// ---- opening ----

static const struct {
	const char *set, *ask, *expected;
} settings[] = {
    // First: the next ones may read the file, and meet another program that recovers its write-ahead log.
    {"PRAGMA busy_timeout=2000", "PRAGMA busy_timeout", "2000"},  {"PRAGMA synchronous=FULL", "PRAGMA synchronous", "2"},
    {"PRAGMA secure_delete=ON", "PRAGMA secure_delete", "1"},     {"PRAGMA trusted_schema=OFF", "PRAGMA trusted_schema", "0"},
    {"PRAGMA foreign_keys=ON", "PRAGMA foreign_keys", "1"},       {"PRAGMA temp_store=MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA cell_size_check=ON", "PRAGMA cell_size_check", "1"}, {"PRAGMA mmap_size=0", "PRAGMA mmap_size", "0"},
};

static const struct {
	int limit, value;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, STORE_VALUE_MAX},
    {SQLITE_LIMIT_SQL_LENGTH, 100000},
    {SQLITE_LIMIT_COLUMN, 100},
    {SQLITE_LIMIT_EXPR_DEPTH, 10},
    {SQLITE_LIMIT_COMPOUND_SELECT, 3},
    {SQLITE_LIMIT_VDBE_OP, 25000},
    {SQLITE_LIMIT_FUNCTION_ARG, 8},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
    {SQLITE_LIMIT_VARIABLE_NUMBER, PARAMETERS},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
};

static int harden(struct db *s, struct err *e)
{
	static const struct {
		int option, value;
	} options[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},      {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	};
	char text[64];
	int now;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (sqlite3_db_config(s->db, options[i].option, options[i].value, &now) != SQLITE_OK || now != options[i].value)
			return err_set(e, ERR_IO, "%s: this SQLite lacks configuration option %d", s->schema->name, options[i].option);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		sqlite3_limit(s->db, limits[i].limit, limits[i].value);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (run_text(s, settings[i].set, settings[i].set, e) != 0 || pragma_value(s, settings[i].ask, text, sizeof text, e) != 0)
			return -1;
		if (strcmp(text, settings[i].expected) != 0)
			return err_set(e, ERR_IO, "%s: %s is \"%s\" and must be \"%s\"", s->schema->name, settings[i].ask, text,
				       settings[i].expected);
	}
	snprintf(text, sizeof text, "PRAGMA journal_size_limit=%d", WAL_BYTES_KEPT);
	return run_text(s, text, "journal_size_limit", e);
}

static int use_wal(struct db *s, struct err *e)
{
	char mode[16];

	if (pragma_value(s, "PRAGMA journal_mode", mode, sizeof mode, e) != 0)
		return -1;
	if (strcmp(mode, "wal") == 0)
		return 0;
	// To change it is to write: not into a file whose first page is damaged.
	if (db_check(s, e) != 0 || pragma_value(s, "PRAGMA journal_mode=WAL", mode, sizeof mode, e) != 0)
		return -1;
	if (strcmp(mode, "wal") != 0)
		return err_set(e, ERR_IO, "%s: the write-ahead log cannot be used here (journal mode \"%s\")", s->schema->name, mode);
	return 0;
}

// Each migration is one transaction with its new version number, so that a file is of one version or the next, never between.
static int migrate(struct db *s, int from, struct err *e)
{
	char text[96];

	for (int version = from; version < s->schema->version; version++) {
		if (run_text(s, "BEGIN IMMEDIATE", "migration", e) != 0)
			return -1;
		snprintf(text, sizeof text, "PRAGMA application_id=%d; PRAGMA user_version=%d", s->schema->application_id, version + 1);
		if (run_text(s, s->schema->migrations[version], "migration", e) != 0 || run_text(s, text, "migration", e) != 0 ||
		    db_commit(s, e) != 0) {
			db_rollback(s);
			return -1;
		}
	}
	return 0;
}

static int check_version(struct db *s, enum db_access access, const char *path, struct err *e)
{
	char versions[24], applications[24];

	if (pragma_value(s, "PRAGMA user_version", versions, sizeof versions, e) != 0 ||
	    pragma_value(s, "PRAGMA application_id", applications, sizeof applications, e) != 0)
		return -1;
	int version = (int)strtol(versions, NULL, 10), application = (int)strtol(applications, NULL, 10);
	if (application != s->schema->application_id && !(application == 0 && version == 0))
		return err_set(e, ERR_INPUT, "%s is not a %s of Lethe", path, s->schema->name);
	if (version > s->schema->version)
		return err_set(e, ERR_INPUT, "%s has schema %d; this program knows up to %d: install the newer Lethe", path, version,
			       s->schema->version);
	if (version == s->schema->version || (access == DB_OLD_COPY && version > 0))
		return 0;
	if (access != DB_CREATE)
		return err_set(e, version == 0 ? ERR_NOT_FOUND : ERR_INPUT, "%s has schema %d, %d is needed; run: lethe keys init", path,
			       version, s->schema->version);
	return migrate(s, version, e);
}

// The write-ahead log is read where there is one: its index is in memory then, as the connection alone has the file. Without one the file is all.
static int open_copy(struct db *s, const char *path, enum db_access how, struct err *e)
{
	char uri[3 * PATH_MAX + 32] = "file:", log[PATH_MAX + 8];
	size_t len = strlen(uri);

	for (const char *p = path; *p != '\0' && len < 3 * PATH_MAX; p++)
		len += (size_t)snprintf(uri + len, sizeof uri - len, strchr("%?#", *p) != NULL ? "%%%02X" : "%c", *p);
	snprintf(log, sizeof log, "%s-wal", path);
	snprintf(uri + len, sizeof uri - len, access(log, F_OK) == 0 ? "?vfs=unix-none" : "?immutable=1");
	int rc = sqlite3_open_v2(
	    uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
	    NULL);
	if (rc != SQLITE_OK)
		return err_set(e, code_of(s->db, rc), "%s cannot be opened: %s", path, sqlite3_errstr(rc));
	return run_text(s, "PRAGMA locking_mode=EXCLUSIVE", "locking_mode", e) != 0 || harden(s, e) != 0 ? -1
													 : check_version(s, how, path, e);
}

static int set_up(struct db *s, const char *path, enum db_access how, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;

	if (how == DB_COPY || how == DB_OLD_COPY)
		return open_copy(s, path, how, e);
	if (how == DB_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	else if (access(path, F_OK) != 0 && errno == ENOENT) // SQLite answers "cannot open" for a missing file as for a forbidden one
		return err_set(e, ERR_NOT_FOUND, "no store at %s; run: lethe keys init", path);
	int rc = sqlite3_open_v2(path, &s->db, flags, NULL);
	if (rc != SQLITE_OK)
		return err_set(e, code_of(s->db, rc), "%s cannot be opened: %s", path, sqlite3_errstr(rc));
	if (harden(s, e) != 0)
		return -1;
	struct stat about; // of a file that is not new the setting stays as it is: to set it may write
	if (how == DB_CREATE && s->schema->shrinks && (stat(path, &about) != 0 || about.st_size == 0) &&
	    run_text(s, "PRAGMA auto_vacuum=INCREMENTAL", "auto_vacuum", e) != 0)
		return -1;
	// Only who makes a file may choose its mode before its version was looked at: another program's file stays as it is.
	if ((how == DB_CREATE && use_wal(s, e) != 0) || check_version(s, how, path, e) != 0 || (how != DB_CREATE && use_wal(s, e) != 0))
		return -1;
	return how == DB_READ ? run_text(s, "PRAGMA query_only=ON", "query_only", e) : 0;
}

// A path below /proc/self/fd begins at a folder that is open. SQLite would ask what that is called and go there by name, where somebody may have put
// a link meanwhile: it is left as it is.
static sqlite3_vfs as_named, *usual;

static int full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	if (strncmp(path, "/proc/self/fd/", 14) != 0)
		return usual->xFullPathname(vfs, path, size, out);
	return snprintf(out, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static void paths_prepare(void)
{
	usual = sqlite3_vfs_find(NULL);
	if (usual == NULL)
		return;
	as_named = *usual;
	as_named.zName = "as-named";
	as_named.pNext = NULL;
	as_named.xFullPathname = full_path;
	sqlite3_vfs_register(&as_named, 1);
}

int db_open(struct db **out, enum db_file file, const char *path, enum db_access access, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct db *s = calloc(1, sizeof *s);

	pthread_once(&once, paths_prepare);
	*out = NULL;
	if (s == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	s->schema = &schema_of[file];
	if (set_up(s, path, access, e) != 0) {
		db_close(&s);
		return -1;
	}
	*out = s;
	return 0;
}

void db_close(struct db **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize((*s)->statements[i]);
	sqlite3_close((*s)->db);
	free(*s);
	*s = NULL;
}

// ---- statements ----

struct value db_text(const char *s)
{
	return s == NULL ? V_NULL : (struct value){.type = VALUE_TEXT, .bytes = s, .len = strlen(s)};
}

// To SQLite "$3" is a name, not a position: looked up once, for it costs as much as binding.
static int prepare(struct db *s, enum sql statement)
{
	static const char *const names[PARAMETERS] = {"$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10"};
	sqlite3_stmt **slot = &s->statements[statement];
	int rc = sqlite3_prepare_v3(s->db, schema_statements[statement], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);

	for (size_t i = 0; rc == SQLITE_OK && i < PARAMETERS; i++)
		s->positions[statement][i] = (uint8_t)sqlite3_bind_parameter_index(*slot, names[i]);
	return rc;
}

struct cursor *db_query(struct db *s, enum sql statement, const struct value *values, struct err *e)
{
	int rc = s->statements[statement] == NULL ? prepare(s, statement) : SQLITE_OK;
	sqlite3_stmt *bound = s->statements[statement];

	for (size_t i = 0; values != NULL && values[i].type != VALUE_END && rc == SQLITE_OK; i++) {
		const struct value *v = &values[i];
		const int at = i < PARAMETERS ? s->positions[statement][i] : 0;
		if (at == 0) // the statement does not use it
			continue;
		rc = v->type == VALUE_INT    ? sqlite3_bind_int64(bound, at, v->number)
		     : v->type == VALUE_TEXT ? sqlite3_bind_text64(bound, at, v->bytes, v->len, SQLITE_STATIC, SQLITE_UTF8)
		     : v->type == VALUE_BLOB ? sqlite3_bind_blob64(bound, at, v->bytes, v->len, SQLITE_STATIC)
					     : sqlite3_bind_null(bound, at);
	}
	if (rc == SQLITE_OK)
		return (struct cursor *)bound;
	fail(s, rc, "prepare", e);
	return NULL;
}

int cursor_next(struct cursor *c, struct err *e)
{
	if (c == NULL)
		return -1;
	int rc = sqlite3_step((sqlite3_stmt *)c);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	sqlite3 *db = sqlite3_db_handle((sqlite3_stmt *)c);
	return err_set(e, code_of(db, rc), "store: %s (%d)", sqlite3_errmsg(db), rc);
}

int64_t cursor_int(struct cursor *c, int column)
{
	return sqlite3_column_int64((sqlite3_stmt *)c, column);
}

const char *cursor_text(struct cursor *c, int column)
{
	const unsigned char *text = sqlite3_column_text((sqlite3_stmt *)c, column);

	return text == NULL ? "" : (const char *)text;
}

const void *cursor_blob(struct cursor *c, int column, size_t *len)
{
	const void *bytes = sqlite3_column_blob((sqlite3_stmt *)c, column);

	*len = (size_t)sqlite3_column_bytes((sqlite3_stmt *)c, column);
	return bytes;
}

bool cursor_copy(struct cursor *c, int column, void *out, size_t size)
{
	size_t len;
	const void *bytes = cursor_blob(c, column, &len);

	if (bytes == NULL || len != size) {
		memset(out, 0, size);
		return false;
	}
	memcpy(out, bytes, size);
	return true;
}

// Clearing the bindings too: they point at memory of the caller.
void cursor_end(struct cursor **c)
{
	if (*c == NULL)
		return;
	sqlite3_reset((sqlite3_stmt *)*c);
	sqlite3_clear_bindings((sqlite3_stmt *)*c);
	*c = NULL;
}

int db_run(struct db *s, enum sql statement, const struct value *values, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(s, statement, values, e);
	int got;

	while ((got = cursor_next(c, e)) > 0)
		;
	return got;
}

bool db_moved(const struct db *s)
{
	int moved = 1;

	return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved != 0;
}

uint64_t db_bytes(struct db *s)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file != NULL && file->pMethods != NULL)
		file->pMethods->xFileSize(file, &size);
	return (uint64_t)size;
}

uint64_t db_changes(const struct db *s)
{
	return (uint64_t)sqlite3_changes64(s->db);
}

// ---- transactions ----

int db_begin(struct db *s, struct err *e)
{
	return db_run(s, SQL_BEGIN, NULL, e);
}

// After a failed fsync the pages may be marked clean though they never reached the disk, and the frames may be there or not: only the
// next start can tell (Rebello et al., "Can Applications Recover from fsync Failures?").
int db_commit(struct db *s, struct err *e)
{
	struct cursor *c = db_query(s, SQL_COMMIT, NULL, e);
	int rc = c != NULL ? sqlite3_step((sqlite3_stmt *)c) : SQLITE_NOMEM;
	// SQLite has a code for a full disk, and takes a full quota for any I/O error. Neither leaves a commit behind.
	const bool full = rc == SQLITE_IOERR_WRITE && err_is_full(errno);

	if (c != NULL && rc != SQLITE_DONE)
		fail(s, rc, "commit", e);
	cursor_end(&c);
	if (rc == SQLITE_DONE)
		return 0;
	db_rollback(s);
	if ((rc & 0xff) == SQLITE_IOERR && e != NULL)
		e->code = full ? ERR_FULL : ERR_UNKNOWN;
	return -1;
}

void db_rollback(struct db *s)
{
	if (db_in_transaction(s))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

void db_sync_later(struct db *s, bool later)
{
	sqlite3_exec(s->db, later ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", NULL, NULL, NULL);
}

bool db_in_transaction(const struct db *s)
{
	return sqlite3_get_autocommit(s->db) == 0;
}

// ---- has anything changed? ----

// Copies out of the index, which every process that has the file open may write at this moment: ThreadSanitizer is right that nothing orders
// the two, and need not say so. A torn copy does no harm: db_stamp() compares two, and the index holds numbers of pages, no content.
__attribute__((no_sanitize("thread"))) static void copy_index(void *out, const volatile uint8_t *from, size_t len)
{
	const volatile uint64_t *words = (const volatile uint64_t *)from; // SQLite maps whole pages

	for (size_t i = 0; i < len / sizeof *words; i++)
		((uint64_t *)out)[i] = words[i];
}

// "WAL-Index Format" in SQLite's documentation: the index begins with two copies of a head of 48 bytes, which every commit changes; its
// byte 12 says that it is in use. They differ only while one is being written.
bool db_stamp(struct db *s, uint8_t out[DB_STAMP])
{
	enum { IN_USE = 12 };
	uint64_t first[DB_STAMP / sizeof(uint64_t)], second[DB_STAMP / sizeof(uint64_t)];
	sqlite3_file *file = NULL;
	void volatile *region = NULL;

	if (s->index == NULL && sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	    file->pMethods != NULL && file->pMethods->iVersion >= 2 && file->pMethods->xShmMap != NULL &&
	    file->pMethods->xShmMap(file, 0, SHM_REGION, 0, &region) == SQLITE_OK)
		s->index = region;
	if (s->index == NULL)
		return false;
	copy_index(first, s->index, DB_STAMP);
	atomic_thread_fence(memory_order_seq_cst);
	copy_index(second, s->index + DB_STAMP, DB_STAMP);
	memcpy(out, first, DB_STAMP);
	return out[IN_USE] != 0 && memcmp(first, second, DB_STAMP) == 0;
}

// ---- upkeep ----

// A checkpoint that a reader held up returns no error, only a 1 in its first column.
int db_flush(struct db *s, struct err *e)
{
	char busy[8];

	if (pragma_value(s, "PRAGMA wal_checkpoint(TRUNCATE)", busy, sizeof busy, e) != 0)
		return -1;
	if (strcmp(busy, "0") != 0)
		return err_set(e, ERR_BUSY, "%s: a reader kept the write-ahead log from being emptied", s->schema->name);
	// SQLite truncates its log without a sync after it: until then a power cut can bring the old bytes back.
	sqlite3_file *journal = NULL;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal);
	if (rc == SQLITE_OK && journal != NULL && journal->pMethods != NULL)
		rc = journal->pMethods->xSync(journal, SQLITE_SYNC_FULL);
	return rc == SQLITE_OK ? 0 : err_set(e, ERR_IO, "%s: the emptied log cannot be synced (%d)", s->schema->name, rc);
}

int db_rewrite(struct db *s, struct err *e)
{
	db_sync_later(s, true);                         // flushing syncs it
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 1); // VACUUM attaches its own copy
	int ret = run_text(s, s->schema->shrinks ? "PRAGMA auto_vacuum=INCREMENTAL; VACUUM" : "VACUUM", "vacuum", e);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	if (ret == 0)
		ret = db_flush(s, e);
	db_sync_later(s, false);
	return ret;
}

int db_shrink(struct db *s, struct err *e)
{
	char mode[8], pages[24], step[64];

	if (pragma_value(s, "PRAGMA auto_vacuum", mode, sizeof mode, e) != 0 ||
	    pragma_value(s, "PRAGMA freelist_count", pages, sizeof pages, e) != 0)
		return -1;
	if (strtol(pages, NULL, 10) <= FREE_PAGES_KEPT)
		return 0;
	if (strcmp(mode, "2") != 0)
		return db_rewrite(s, e);
	snprintf(step, sizeof step, "PRAGMA incremental_vacuum(%d)", SHRINK_PAGES);
	return run_text(s, step, "shrink", e) != 0 ? -1 : 1;
}

int db_copy_to(struct db *s, const char *path, struct err *e)
{
	char *text = sqlite3_mprintf("VACUUM INTO %Q", path);

	if (text == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 1);
	int ret = run_text(s, text, "copy", e);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_free(text);
	return ret;
}

int db_settle(struct db *s, struct err *e)
{
	char mode[16];

	if (pragma_value(s, "PRAGMA journal_mode=DELETE", mode, sizeof mode, e) != 0)
		return -1;
	return strcmp(mode, "delete") == 0 ? 0 : err_set(e, ERR_IO, "%s: the write-ahead log cannot be closed", s->schema->name);
}

int db_check(struct db *s, struct err *e)
{
	char text[256];

	// That a row was altered against the schema's word is found by its seal, which says which one.
	const int read = run_text(s, "PRAGMA ignore_check_constraints=1", "check", e) == 0
			     ? pragma_value(s, "PRAGMA quick_check(1)", text, sizeof text, e)
			     : -1;
	if (run_text(s, "PRAGMA ignore_check_constraints=0", "check", read == 0 ? e : NULL) != 0 || read != 0)
		return -1;
	return strcmp(text, "ok") == 0 ? 0 : err_set(e, ERR_CORRUPT, "%s is damaged: %s", s->schema->name, text);
}

// ---- the raw bytes ----

enum { FIRST_TWO = 65536 };
struct scan {
	const struct marker *markers;
	size_t count, overlap;
	struct found_bytes *out;
	bool starts[FIRST_TWO]; // do any markers begin with these two bytes?
	_Alignas(uint64_t) uint8_t piece[SCAN_PIECE];
};

static size_t first_two(const uint8_t *at)
{
	return (size_t)at[0] | (size_t)at[1] << 8;
}

static void scan_piece(const struct scan *s, size_t len)
{
	s->out->bytes += len;
	for (size_t i = 0; i + 1 < len; i++) {
		if (!s->starts[first_two(s->piece + i)])
			continue;
		for (size_t m = 0; m < s->count; m++)
			s->out->hits += s->markers[m].len <= len - i && memcmp(s->piece + i, s->markers[m].bytes, s->markers[m].len) == 0;
	}
}

// In pieces that overlap, so that what lies across two is found.
static int scan_file(const struct db *s, struct scan *scan, sqlite3_file *file, struct err *e)
{
	sqlite3_int64 size = 0;

	if (file == NULL || file->pMethods == NULL)
		return 0;
	int rc = file->pMethods->xFileSize(file, &size);
	scan->out->files += size > 0;
	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size; at += (sqlite3_int64)(SCAN_PIECE - scan->overlap)) {
		sqlite3_int64 len = size - at < SCAN_PIECE ? size - at : SCAN_PIECE;
		rc = file->pMethods->xRead(file, scan->piece, (int)len, at);
		if (rc == SQLITE_IOERR_SHORT_READ) // it shrank; what is read is filled up with zeros
			rc = SQLITE_OK;
		if (rc == SQLITE_OK)
			scan_piece(scan, (size_t)len);
	}
	return rc == SQLITE_OK ? 0 : fail(s, rc, "scan", e);
}

int db_find_bytes(struct db *s, const struct marker *markers, size_t count, struct found_bytes *out, struct err *e)
{
	sqlite3_file *file = NULL, *journal = NULL;
	void volatile *region = NULL;
	struct scan *scan = calloc(1, sizeof *scan);

	if (scan == NULL)
		return err_set(e, ERR_MEMORY, "no memory to scan");
	scan->markers = markers;
	scan->count = count;
	scan->out = out;
	for (size_t i = 0; i < count; i++) {
		scan->starts[first_two(markers[i].bytes)] = true;
		if (markers[i].len - 1 > scan->overlap)
			scan->overlap = markers[i].len - 1;
	}
	int ret = -1;
	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal) != SQLITE_OK)
		err_set(e, ERR_IO, "%s: no access to the raw file", s->schema->name);
	else if (scan_file(s, scan, file, e) == 0 && scan_file(s, scan, journal, e) == 0)
		ret = 0;
	// Who has no write-ahead log has no index of it, and SQLite would not take away what is made by asking for it.
	const bool has_index = ret == 0 && journal->pMethods != NULL;
	for (int i = 0; has_index && file->pMethods->xShmMap(file, i, SHM_REGION, 0, &region) == SQLITE_OK && region != NULL; i++) {
		scan->out->files += i == 0;
		copy_index(scan->piece, region, SHM_REGION);
		scan_piece(scan, SHM_REGION);
	}
	free(scan);
	return ret;
}
