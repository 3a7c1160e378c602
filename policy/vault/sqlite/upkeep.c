// SPDX-License-Identifier: ISC
// The SQLite back end: opening and closing, and what is done to whole files.
//
// SQLite's locks do not survive a fork, and a message written to descriptor 2 must never land in a store: so a store is opened after the fork,
// and with descriptors 0 to 2 in use.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/sqlite/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const file_names[DB_LOG] = {[DB_VAULT] = "vault.db", [DB_KEYS] = "keys/keys.db"};

static uint64_t file_bytes(const char *folder, const char *name)
{
	struct stat file;
	char path[PATH_MAX];

	return path_join(path, sizeof path, folder, name, NULL) == 0 && stat(path, &file) == 0 && S_ISREG(file.st_mode)
		   ? (uint64_t)file.st_size
		   : 0;
}

// ---- who has them open? ----

// vault.lock: how many have the stores open, and what is remembered of them.
struct lock_text {
	int64_t count, events;
};
uint64_t store_read_through_max = 16 * 1024 * 1024; // some milliseconds
enum { NOT_REMEMBERED = -1, BEING_MADE = -2, LOCK_LINE = 21 };
#define LOCK_NUMBER "%-20lld\n"

static struct lock_text lock_read(const struct store *s)
{
	struct lock_text out = {1, NOT_REMEMBERED};
	char text[64] = "", *end, *last;

	if (pread(s->lock_fd[LANE_RECORDS], text, sizeof text - 1, 0) < 0)
		return out;
	out.count = strtoll(text, &end, 10);
	int64_t events = strtoll(end, &last, 10);
	if (last != end)
		out.events = events;
	return out;
}

static int lock_write(const struct store *s, struct lock_text now, struct err *e)
{
	char text[64];
	int len = snprintf(text, sizeof text, LOCK_NUMBER LOCK_NUMBER, (long long)now.count, (long long)now.events);

	return pwrite(s->lock_fd[LANE_RECORDS], text, (size_t)len, 0) == len && fdatasync(s->lock_fd[LANE_RECORDS]) == 0
		   ? 0
		   : err_system(e, err_is_full(errno) ? ERR_FULL : ERR_IO, errno, "vault.lock");
}

static int count_events(struct store *s, int64_t *out, struct err *e)
{
	struct mark_row head;
	int there = sqlite_ledger.mark_get(s, VIEW_WRITER, MARK_HEAD, MARK_UP_TO, 0, &head, e);

	*out = (int64_t)head.size;
	return there < 0 ? -1 : 0;
}

// Under the lock of the records. `change`: so many more have the stores open.
static int remember(struct store *s, int change, struct err *e)
{
	struct lock_text now = lock_read(s);
	int64_t events;
	const int ret = count_events(s, &events, e);
	const bool more = ret == 0 && events > now.events;

	if (!more && change == 0)
		return ret;
	now.events = more ? events : now.events;
	now.count += change;
	return lock_write(s, now, e);
}

// What is committed is durable, so what is remembered of it is never more than what is there, also where the disk has it later or not at all: at
// the next opening, closing or pruning at the latest.
static int end_and_remember(struct store *s, enum lane lane, bool commit, struct err *e)
{
	int ret = store_end(s, lane, commit, e);
	char line[LOCK_LINE + 1];

	if (lane != LANE_RECORDS)
		return ret;
	if (ret == 0 && commit && s->events > 0) {
		snprintf(line, sizeof line, LOCK_NUMBER, (long long)s->events);
		(void)!pwrite(s->lock_fd[LANE_RECORDS], line, LOCK_LINE, LOCK_LINE);
	}
	s->events = 0;
	return ret;
}

// ---- are they what was left? ----

static bool lacks_key(struct store *s, const uint8_t id[KEY_ID_LEN], time_t made)
{
	struct cursor *c CURSOR_AUTO = db_query(s->write[DB_KEYS].db, SQL_KEY_LACKS, VALUES(V_BLOB(id, KEY_ID_LEN), V_INT(made)), NULL);

	return cursor_next(c, NULL) == 1 && cursor_int(c, 0) != 0;
}

// A key is destroyed after all that it sealed: where that of something new is missing, and nothing newer is there, they are of an earlier day.
// What cannot be read is left to db_check.
static int check_keys(struct store *s, int64_t events, struct err *e)
{
	struct cursor *any CURSOR_AUTO = db_query(s->write[DB_KEYS].db, SQL_KEY_ANY, NULL, NULL);
	bool older = events > 0 && cursor_next(any, NULL) == 0;
	uint8_t id[KEY_ID_LEN];

	for (unsigned k = 0; k < KIND_COUNT && !older; k++) {
		struct cursor *c CURSOR_AUTO =
		    db_query(s->write[DB_VAULT].db, SQL_RECORD_NEWEST, VALUES(V_TEXT(kind_row((enum kind)k)->name)), NULL);
		older = cursor_next(c, NULL) == 1 && cursor_copy(c, 0, id, KEY_ID_LEN) && lacks_key(s, id, cursor_int(c, 1));
	}
	return older ? err_set(e, ERR_CORRUPT,
			       "%s/keys/keys.db lacks keys of what is new in vault.db: it is older, or lost its write-ahead log; stop the "
			       "site and put "
			       "its newest copy back",
			       s->state)
		     : 0;
}

static int check_content(struct store *s, struct err *e)
{
	const struct lock_text left = lock_read(s);
	int64_t events;

	if (count_events(s, &events, e) != 0)
		return -1;
	if (events < left.events)
		return err_set(
		    e, ERR_CORRUPT,
		    "%s/vault.db ends at event %lld of the ledger, and there were %lld: it is an older one, or lost its write-ahead log; "
		    "stop the site and put vault.db, vault.lock and ledger/ back as one backup has them",
		    s->state, (long long)events, (long long)left.events);
	return check_keys(s, events, e);
}

// Whether stores are to be made here. One that is missing or empty beside what was made with it is damage, which a new one would hide.
static int check_files(const struct store *s, bool *new, struct err *e)
{
	static const char *const beside[] = {"log", "ledger"};
	const bool vault = file_bytes(s->state, "vault.db") > 0, keys = file_bytes(s->state, "keys/keys.db") > 0;
	const int64_t events = lock_read(s).events;
	const char *witness = vault                                         ? "vault.db"
			      : keys                                        ? "keys/keys.db"
			      : file_bytes(s->state, "keys/ledger.pub") > 0 ? "keys/ledger.pub"
									    : NULL;
	char path[PATH_MAX];

	*new = events == BEING_MADE || (!vault && !keys);
	for (size_t i = 0; i < ARRAY_LEN(beside) && witness == NULL; i++)
		if (path_join(path, sizeof path, s->state, beside[i], NULL) == 0 && folder_bytes(path) > 0)
			witness = beside[i];
	if (witness == NULL && events >= 0)
		witness = "vault.lock";
	if (events == BEING_MADE || (vault && keys) || witness == NULL)
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "%s/%s is missing or empty, but %s is there: nothing was made in its place; stop the site and put %s back", s->state,
		       vault ? "keys/keys.db" : "vault.db", witness,
		       vault  ? "its newest copy"
		       : keys ? "vault.db, vault.lock and ledger/ as one backup has them"
			      : "vault.db, vault.lock, ledger/ and the newest copy of keys/");
}

// Under the locks of all lanes.
static int count_in(struct store *s, enum store_access access, struct err *e)
{
	struct lock_text now = lock_read(s);

	if (access == STORE_LOOK)
		return 0;
	if (store_lock_first_byte(s, F_WRLCK) && now.count != 0 && access == STORE_SERVE) {
		if (db_check(s->write[DB_VAULT].db, e) != 0 || db_check(s->write[DB_KEYS].db, e) != 0)
			return -1;
		now.count = 0;
	}
	now.count++;
	if (count_events(s, &now.events, e) != 0 || lock_write(s, now, e) != 0)
		return -1;
	s->counted = true;
	return store_lock_first_byte(s, F_RDLCK) ? 0 : err_system(e, ERR_IO, errno, "vault.lock");
}

static void store_close(struct store *s)
{
	if (s == NULL)
		return;
	log_close_all(s);
	if (s->counted && !s->suspect && store_enter(s, LANE_RECORDS, NULL) == 0) {
		remember(s, -1, NULL);
		store_leave(s, LANE_RECORDS);
	}
	for (int file = 0; file < DB_LOG; file++) {
		db_close(&s->write[file].db);
		db_close(&s->read.db[file]);
	}
	for (int i = 0; i < LANE_COUNT; i++)
		fd_close(&s->lock_fd[i]);
	pthread_mutex_destroy(&s->read.mutex);
	free(s);
}

// ---- numbers ----

static int number_get(struct store *s, const char *name, int64_t *out, struct err *e)
{
	struct cursor *c = db_query(store_view(s, VIEW_COMMITTED, DB_VAULT), SQL_NUMBER_GET, VALUES(V_TEXT(name)), e);
	int more = cursor_next(c, e);

	*out = more > 0 ? cursor_int(c, 0) : 0;
	store_done(s, VIEW_COMMITTED, &c);
	return more < 0 ? -1 : 0;
}

static int number_set(struct store *s, const char *name, int64_t value, struct err *e)
{
	return store_write(s, DB_VAULT, SQL_NUMBER_SET, VALUES(V_TEXT(name), V_INT(value)), e);
}

// ---- upkeep ----

// Of the events in closed segments; how far it came stands in the same transaction.
static int trim(struct store *s, struct err *e)
{
	enum { TRIM_EVENTS = 512 }; // a transaction of some milliseconds
	static const char TRIMMED[] = "trimmed";
	struct mark_row last;
	int64_t from;
	int there = sqlite_ledger.mark_get(s, VIEW_WRITER, MARK_SEGMENT, MARK_UP_TO, UINT64_MAX, &last, e);

	if (there < 0 || number_get(s, TRIMMED, &from, e) != 0)
		return -1;
	if (there == 0 || from >= (int64_t)last.size)
		return 0;
	int64_t to = from + TRIM_EVENTS < (int64_t)last.size ? from + TRIM_EVENTS : (int64_t)last.size;
	int ret = store_write(s, DB_VAULT, SQL_LEDGER_TRIM, VALUES(V_INT(from), V_INT(to)), e) != 0 ? -1 : number_set(s, TRIMMED, to, e);
	return store_end(s, LANE_RECORDS, ret == 0, e) != 0 || ret != 0 ? -1 : 1;
}

// Calls for a fresh connection to every file, so that nobody waits.
static int each_store_file(struct store *s, enum db_access access, int (*each)(struct db *db, void *arg, struct err *e), void *arg,
			   struct err *e)
{
	char path[PATH_MAX];
	struct log_day *days;
	int ret = 0;

	for (int i = 0; i < DB_LOG; i++) {
		struct db *db DB_AUTO = NULL;
		if (i == DB_KEYS && s->read.db[DB_KEYS] == NULL) // a copy of the records has them elsewhere
			continue;
		if (path_join(path, sizeof path, s->state, file_names[i], e) != 0 ||
		    db_open(&db, (enum db_file)i, path, s->copy && access != DB_OLD_COPY ? DB_COPY : access, e) != 0 ||
		    each(db, arg, e) != 0)
			return -1;
	}
	int count = log_days(s, &days, e);
	for (int i = 0; i < count && ret == 0; i++) {
		struct db *db DB_AUTO = NULL;
		if (log_open(s, &db, days[i].day, access, e) != 0 || (db != NULL && each(db, arg, e) != 0))
			ret = -1;
	}
	free(days);
	return count < 0 ? -1 : ret;
}

static int check_store_file(struct db *db, void *arg, struct err *e)
{
	(void)arg;
	return db_check(db, e);
}

static int rewrite_file(struct db *db, void *arg, struct err *e)
{
	(void)arg;
	return store_sanitise_one(db, SANITISE_ALL, e);
}

static int store_sanitise(struct store *s, enum sanitise how, struct err *e)
{
	if (how == SANITISE_TRIM)
		return trim(s, e);
	if (how == SANITISE_ALL)
		return each_store_file(s, DB_WRITE, rewrite_file, NULL, e);
	if (how == SANITISE_SHRINK && remember(s, 0, e) != 0)
		return -1;
	return store_sanitise_one(s->write[DB_VAULT].db, how, e);
}

struct finding {
	const struct marker *markers;
	size_t count;
	struct found_bytes *out;
};

static int find_in_file(struct db *db, void *arg, struct err *e)
{
	const struct finding *f = arg;

	return db_find_bytes(db, f->markers, f->count, f->out, e);
}

static int store_find_bytes(struct store *s, const struct marker *markers, size_t count, struct found_bytes *out, struct err *e)
{
	return each_store_file(s, DB_READ, find_in_file, &(struct finding){markers, count, out}, e);
}

static int store_survey(struct store *s, struct store_survey *out, struct err *e)
{
	struct db *db = store_view(s, VIEW_COMMITTED, DB_VAULT);
	struct cursor *c = db_query(db, SQL_LEDGER_SPAN, NULL, e);
	int more = cursor_next(c, e);
	char log[PATH_MAX];

	*out = (struct store_survey){.ledger.last = -1};
	if (more > 0) {
		const int64_t row = cursor_text(c, 0)[0] == '\0' ? -1 : cursor_int(c, 0), closed = cursor_int(c, 1);
		out->ledger =
		    (struct ledger_span){row >= closed ? row : closed - 1, cursor_int(c, 2), cursor_int(c, 3), (uint64_t)cursor_int(c, 4)};
		cursor_end(&c);
		c = db_query(db, SQL_KIND_SUMMARIES, NULL, e);
	}
	while (more > 0 && (more = cursor_next(c, e)) > 0) { // of most kinds there is nothing
		const struct kind_summary all = {(uint64_t)cursor_int(c, 1), cursor_int(c, 2), cursor_int(c, 3), cursor_int(c, 4)};
		enum kind kind;
		out->records += all.count;
		if (kind_from_name(&kind, cursor_text(c, 0)) == 0)
			out->kinds[kind] = all;
	}
	store_done(s, VIEW_COMMITTED, &c);
	out->database_bytes = file_bytes(s->state, "vault.db") + file_bytes(s->state, "keys/keys.db");
	out->pending_bytes = file_bytes(s->state, "vault.db-wal") + file_bytes(s->state, "keys/keys.db-wal");
	out->log_bytes = path_join(log, sizeof log, s->state, "log", NULL) == 0 ? folder_bytes(log) : 0;
	return more;
}

struct drift {
	void (*each)(void *arg, const char *finding);
	void *arg;
};

// A record's kind is a name; only those that the software knows are ever counted, pruned or erased by kind.
static int drift_of_file(struct db *db, void *arg, struct err *e)
{
	const struct drift *d = arg;
	enum kind kind;
	char text[128];
	int more = schema_drift(db->db, db->schema, d->each, d->arg, e);

	if (more != 0 || db->schema != &schema_of[DB_VAULT])
		return more;
	struct cursor *c CURSOR_AUTO = db_query(db, SQL_KIND_SUMMARIES, NULL, e);
	while ((more = cursor_next(c, e)) > 0) {
		if (kind_from_name(&kind, cursor_text(c, 0)) == 0)
			continue;
		snprintf(text, sizeof text, "vault.db: %lld records of the kind \"%.32s\", which this version does not know",
			 (long long)cursor_int(c, 1), cursor_text(c, 0));
		d->each(d->arg, text);
	}
	return more;
}

static int store_drift(struct store *s, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	return each_store_file(s, DB_READ, drift_of_file, &(struct drift){each, arg}, e);
}

static bool store_stamp_now(struct store *s, struct store_stamp *out)
{
	static_assert(sizeof out->bytes == 2 * DB_STAMP, "one of each file");
	bool known = db_stamp(store_view(s, VIEW_COMMITTED, DB_VAULT), out->bytes) && db_stamp(s->read.db[DB_KEYS], out->bytes + DB_STAMP);

	store_done(s, VIEW_COMMITTED, NULL);
	return known;
}

// ---- copies, for backups ----

// VACUUM INTO reads one state of the file through a connection of its own and checkpoints nothing, so it needs no lock, and what was deleted is not
// in what it writes. It needs a connection that may write, though it writes nothing there.
static const enum db_file copied_file[] = {[COPY_RECORDS] = DB_VAULT, [COPY_KEYS] = DB_KEYS, [COPY_LOG_DAY] = DB_LOG};

static int copy_trim(struct db *db, const struct copy_order *order, struct copy_facts *out, struct err *e)
{
	static const enum sql before[] = {SQL_COPY_END_KEYS, SQL_COPY_END_PAYLOAD_KEYS, SQL_COPY_END_TAGS};
	const struct value *due = VALUES(V_INT(order->horizon));
	int ret = 0;

	for (size_t i = 0; i < ARRAY_LEN(before) && ret == 0; i++)
		ret = db_run(db, before[i], due, e);
	if (ret != 0 || db_run(db, SQL_COPY_END_RECORDS, due, e) != 0)
		return -1;
	out->left_records = db_changes(db);
	ret = db_run(db, SQL_COPY_END_PAYLOADS, due, e);
	out->left_payloads = db_changes(db);
	for (size_t i = 0; i < order->ended_count && ret == 0; i++)
		ret = db_run(db, SQL_KEY_END_LATER, VALUES(V_BLOB(order->ended[i], KEY_ID_LEN)), e);
	return ret;
}

// Nobody else has it open.
static int copy_finish(const char *path, const struct copy_order *order, struct copy_facts *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;
	struct cursor *c CURSOR_AUTO = NULL;

	*out = (struct copy_facts){0};
	if (db_open(&db, DB_VAULT, path, DB_WRITE, e) != 0 || db_begin(db, e) != 0)
		return -1;
	if (copy_trim(db, order, out, e) != 0) {
		db_rollback(db);
		return -1;
	}
	if (db_commit(db, e) != 0 || cursor_next(c = db_query(db, SQL_COPY_COUNT, NULL, e), e) <= 0)
		return -1;
	out->records = (uint64_t)cursor_int(c, 0);
	out->events = (uint64_t)cursor_int(c, 1);
	cursor_end(&c);
	return db_rewrite(db, e) != 0 ? -1 : db_settle(db, e);
}

static int store_copy(struct store *s, const struct copy_order *order, const char *path, struct copy_facts *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;
	char from[PATH_MAX];
	bool made;

	if (order->what == COPY_LOG_DAY ? log_open(s, &db, order->day, DB_WRITE, e) != 0
					: path_join(from, sizeof from, s->state, file_names[copied_file[order->what]], e) != 0 ||
					      db_open(&db, copied_file[order->what], from, s->copy ? DB_COPY : DB_WRITE, e) != 0)
		return -1;
	if (db == NULL)
		return 1;
	if (file_begin(path, 0600, &made, e) != 0 || db_copy_to(db, path, e) != 0)
		return -1;
	if (order->what == COPY_RECORDS)
		return copy_finish(path, order, out, e);
	struct db *keys DB_AUTO = NULL;
	return order->what == COPY_KEYS && (db_open(&keys, DB_KEYS, path, DB_COPY, e) != 0 || db_check(keys, e) != 0) ? -1 : 0;
}

// ---- opening ----

static int make_folders(struct store *s, struct err *e)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"keys", 0750}, {"keys/signer", 0700}, {"log", 0750}, {"officer", 0750}};
	char path[PATH_MAX];

	if (folder_make(s->state, 0750, e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (path_join(path, sizeof path, s->state, folders[i].name, e) != 0 || folder_make(path, folders[i].mode, e) != 0)
			return -1;
		file_own_like(path, s->state);
	}
	return path_join(path, sizeof path, s->state, "vault.lock", e) != 0 ? -1 : store_file_begin(s, path, e);
}

static int open_locks(struct store *s, enum store_access access, struct err *e)
{
	static const struct {
		const char *name;
		int flags;
	} locks[LANE_COUNT] = {[LANE_RECORDS] = {"vault.lock", O_RDWR | O_NOFOLLOW}, [LANE_LOG] = {"log", O_RDONLY | O_DIRECTORY}};
	char path[PATH_MAX];

	s->copy = access == STORE_LOOK && path_join(path, sizeof path, s->state, "vault.db", NULL) == 0 &&
		  faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 && errno != ENOENT;
	for (int i = 0; i < LANE_COUNT; i++) {
		if (path_join(path, sizeof path, s->state, locks[i].name, e) != 0)
			return -1;
		s->lock_fd[i] = open(path, (s->copy ? O_RDONLY : locks[i].flags) | O_CLOEXEC);
		if (s->lock_fd[i] < 0 && !s->copy)
			return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "no store in %s; run: lethe keys init", s->state)
					       : err_system(e, ERR_IO, errno, "%s", path);
	}
	return 0;
}

static int open_connections(struct store *s, enum store_access access, struct err *e)
{
	const enum db_access how = s->copy ? DB_COPY : access == STORE_CREATE ? DB_CREATE : DB_WRITE, read = s->copy ? DB_COPY : DB_READ;
	char paths[DB_LOG][PATH_MAX];
	bool new;

	for (int file = 0; file < DB_LOG; file++)
		if (path_join(paths[file], PATH_MAX, s->state, file_names[file], e) != 0)
			return -1;
	if (check_files(s, &new, e) != 0 ||
	    (new &&access == STORE_CREATE && (lock_write(s, (struct lock_text){lock_read(s).count, BEING_MADE}, e) != 0 ||
					      store_file_begin(s, paths[DB_VAULT], e) != 0 || store_file_begin(s, paths[DB_KEYS], e) != 0)))
		return -1;
	for (int file = 0; file < DB_LOG; file++)
		if (db_open(&s->write[file].db, (enum db_file)file, paths[file], how, e) != 0)
			return -1;
	for (int file = 0; file < DB_LOG; file++)
		if (db_open(&s->read.db[file], (enum db_file)file, paths[file], read, e) != 0)
			return -1;
	return check_content(s, e);
}

static int open_copied(struct store *s, enum store_access access, struct err *e)
{
	char path[PATH_MAX];

	s->copy = true;
	if (path_join(path, sizeof path, s->state, "vault.db", e) != 0 ||
	    db_open(&s->read.db[DB_VAULT], DB_VAULT, path, DB_OLD_COPY, e) != 0)
		return -1;
	return access == STORE_CHECK ? each_store_file(s, DB_OLD_COPY, check_store_file, NULL, e) : 0;
}

static int open_alone(struct store *s, struct err *e)
{
	char path[PATH_MAX];
	int *fd = &s->lock_fd[LANE_RECORDS];

	if (path_join(path, sizeof path, s->state, "vault.lock", e) != 0)
		return -1;
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	file_own_like(path, s->state);
	return store_alone(s, e);
}

static int store_open(struct store **out, const char *state, enum store_access access, struct err *e)
{
	struct store *s = calloc(1, sizeof *s);
	pthread_mutexattr_t brief;
	int ret = -1;

	*out = NULL;
	if (s == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	// Held for the microseconds of a look-up: waiting awake is cheaper than being put to sleep.
	pthread_mutexattr_init(&brief);
	pthread_mutexattr_settype(&brief, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&s->read.mutex, &brief);
	pthread_mutexattr_destroy(&brief);
	for (int i = 0; i < LANE_COUNT; i++)
		s->lock_fd[i] = -1;
	if (snprintf(s->state, sizeof s->state, "%s", state) >= PATH_MAX)
		err_set(e, ERR_INPUT, "the state folder's path is too long");
	else if (access == STORE_COPY || access == STORE_CHECK)
		ret = open_copied(s, access, e);
	else if (access == STORE_ALONE)
		ret = open_alone(s, e);
	else if ((access != STORE_CREATE || make_folders(s, e) == 0) && open_locks(s, access, e) == 0 && store_enter(s, LANE_LOG, e) == 0) {
		if (store_enter(s, LANE_RECORDS, e) == 0) {
			ret = open_connections(s, access, e) != 0 ? -1 : count_in(s, access, e);
			store_leave(s, LANE_RECORDS);
		}
		store_leave(s, LANE_LOG);
	}
	// Who is going to write into damaged files makes it worse. Large ones are read through by the daily check, and by the first program after a crash.
	if (ret == 0 && s->counted && db_bytes(s->read.db[DB_VAULT]) + db_bytes(s->read.db[DB_KEYS]) <= store_read_through_max)
		ret = db_check(s->read.db[DB_VAULT], e) != 0 || db_check(s->read.db[DB_KEYS], e) != 0 ? -1 : 0;
	if (ret != 0) {
		store_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

static const struct backend_upkeep upkeep = {
    .open = store_open,
    .close = store_close,
    .enter = store_enter,
    .leave = store_leave,
    .end = end_and_remember,
    .sanitise = store_sanitise,
    .find_bytes = store_find_bytes,
    .survey = store_survey,
    .drift = store_drift,
    .copy = store_copy,
    .stamp = store_stamp_now,
    .number_get = number_get,
    .number_set = number_set,
};

const struct backend sqlite_backend = {
    .name = "sqlite",
    .upkeep = &upkeep,
    .records = &sqlite_records,
    .keys = &sqlite_keys,
    .ledger = &sqlite_ledger,
    .log = &sqlite_log,
};
