// SPDX-License-Identifier: ISC
// The request log: one file for each UTC day, log/YYYY-MM-DD.db. Pruning unlinks whole days, under their writers and readers if need be:
// so a writer asks, under the lock, whether the file that it has open still has the name. Who reads keeps the file open for the next time, as opening
// costs more than most reading; that keeps nothing alive, as a day that ends is emptied before it is unlinked.
#include "policy/vault/sqlite/log.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char DAMAGED[] = ".damaged"; // behind the name of a day's file that was set aside

static int log_path(const struct store *s, char out[PATH_MAX], const char *day, const char *suffix, struct err *e)
{
	char name[96];

	snprintf(name, sizeof name, "log/%s.db%s", day, suffix);
	return path_join(out, PATH_MAX, s->state, name, e);
}

int log_open(const struct store *s, struct db **out, const char *day, enum db_access access, struct err *e)
{
	struct err why = {0};
	char path[PATH_MAX];

	*out = NULL;
	if (log_path(s, path, day, "", e) != 0)
		return -1;
	if (db_open(out, DB_LOG, path, s->copy && access != DB_OLD_COPY ? DB_COPY : access, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	return 0;
}

// ---- the day that is written ----

static void close_day(struct store *s)
{
	db_close(&s->write[DB_LOG].db);
	s->write[DB_LOG].begun = false;
	s->day[0] = '\0';
}

static bool still_there(const struct store *s)
{
	return s->write[DB_LOG].db != NULL && !db_moved(s->write[DB_LOG].db);
}

// A day that is damaged is not written any more, and stands beside the new one until that ends: the site goes on.
static void set_aside(struct store *s, const char *day)
{
	static const char *const suffixes[] = {"-wal", "-shm", ""};
	char from[PATH_MAX], to[PATH_MAX], name[32];

	close_day(s);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		snprintf(name, sizeof name, "%s%s", DAMAGED, suffixes[i]);
		if (log_path(s, from, day, suffixes[i], NULL) == 0 && log_path(s, to, day, name, NULL) == 0)
			rename(from, to);
	}
}

static int open_day(struct store *s, const char *day, struct err *e)
{
	struct err why = {0};
	char path[PATH_MAX];

	if (still_there(s))
		db_flush(s->write[DB_LOG].db, NULL); // its day is over: it should rest without a write-ahead log
	close_day(s);
	if (log_path(s, path, day, "", e) != 0)
		return -1;
	if (store_file_begin(s, path, &why) != 0) // to callers "not found" is what they look for, not where the log stands
		return err_set(e, why.code == ERR_NOT_FOUND ? ERR_IO : why.code, "%s", why.text);
	if (db_open(&s->write[DB_LOG].db, DB_LOG, path, DB_CREATE, &why) != 0)
		return err_set(e, why.code, "%s", why.text);
	snprintf(s->day, sizeof s->day, "%s", day);
	return 0;
}

static int log_append(struct store *s, const struct log_row *row, struct err *e)
{
	bool same = strcmp(s->day, row->day) == 0;

	if (s->write[DB_LOG].begun && !same)
		return err_set(e, ERR_INPUT, "request log: one transaction writes one day");
	struct err why = {0};
	int ret = s->write[DB_LOG].begun || (same && still_there(s)) ? 0 : open_day(s, row->day, &why);
	if (ret == 0)
		ret = store_write(s, DB_LOG, SQL_LOG_PUT,
				  VALUES(V_INT(row->at), V_BLOB(row->address, LOG_HASH_LEN),
					 V_BLOB(row->has_receipt ? row->receipt : NULL, LOG_HASH_LEN), V_BLOB(row->body, row->body_len)),
				  &why);
	if (ret == 0)
		ret = store_write(s, DB_LOG, SQL_LOG_SUMMARY_ADD, VALUES(V_INT(1), V_INT(row->at), V_INT(row->at)), &why);
	if (ret == 0)
		return 0;
	if (why.code == ERR_CORRUPT) // who tries again finds a new one
		set_aside(s, row->day);
	return err_set(e, why.code, "%s", why.text);
}

// ---- the days that are read ----

// For who gives it back, or closes it where reading failed. NULL as of log_open().
static int reader_take(struct store *s, const char *day, struct db **out, struct err *e)
{
	*out = NULL;
	pthread_mutex_lock(&s->read.mutex);
	for (size_t i = 0; i < LOG_FILES_OPEN && *out == NULL; i++) {
		struct log_file *file = &s->read.days[i];
		if (file->db == NULL || strcmp(file->day, day) != 0)
			continue;
		*out = file->db;
		file->db = NULL;
	}
	pthread_mutex_unlock(&s->read.mutex);
	if (*out != NULL && db_moved(*out))
		db_close(out);
	return *out != NULL ? 0 : log_open(s, out, day, DB_READ, e);
}

// In the place of the oldest day where there is none.
static void reader_give(struct store *s, const char *day, struct db **db)
{
	if (*db == NULL)
		return;
	pthread_mutex_lock(&s->read.mutex);
	struct log_file *place = &s->read.days[0];
	for (size_t i = 1; i < LOG_FILES_OPEN && place->db != NULL; i++)
		if (s->read.days[i].db == NULL || strcmp(s->read.days[i].day, place->day) < 0)
			place = &s->read.days[i];
	struct db *before = place->db;
	place->db = *db;
	snprintf(place->day, sizeof place->day, "%s", day);
	pthread_mutex_unlock(&s->read.mutex);
	*db = NULL;
	db_close(&before);
}

// A day that ends while it is read has no rows.
static int reader_failed(struct db **db, const struct err *why, struct err *e)
{
	const bool ended = *db != NULL && (db_bytes(*db) == 0 || db_moved(*db));

	db_close(db);
	return ended ? 0 : err_set(e, why->code, "%s", why->text);
}

void log_close_all(struct store *s)
{
	close_day(s);
	for (size_t i = 0; i < LOG_FILES_OPEN; i++)
		db_close(&s->read.days[i].db);
}

static int log_read(struct store *s, struct log_day *out, struct err *e)
{
	struct db *db = NULL;
	struct err why = {0};
	int more = reader_take(s, out->day, &db, &why);

	out->state = LOG_DAY_VOID;
	if (more == 0 && db != NULL) {
		struct cursor *c CURSOR_AUTO = db_query(db, SQL_LOG_SUMMARY, NULL, &why);
		more = cursor_next(c, &why);
		if (more > 0) {
			out->state = LOG_DAY_READ;
			out->lines = (uint64_t)cursor_int(c, 0);
			out->oldest = out->lines > 0 ? cursor_int(c, 1) : 0;
			out->newest = out->lines > 0 ? cursor_int(c, 2) : 0;
		}
	}
	if (more >= 0) {
		reader_give(s, out->day, &db);
		return 0;
	}
	if (reader_failed(&db, &why, e) == 0)
		return 0;
	out->state = LOG_DAY_DAMAGED;
	return why.code == ERR_CORRUPT || why.code == ERR_INPUT ? 0 : -1;
}

// ---- all days ----

// A day's file, or what was set aside of it.
static int is_log_file(const struct dirent *d)
{
	time_t day;
	char text[WHEN_DATE];
	const char *suffix = strnlen(d->d_name, WHEN_DATE) < WHEN_DATE ? "" : d->d_name + WHEN_DATE - 1;

	if (strcmp(suffix, ".db") != 0 && strcmp(suffix, ".db.damaged") != 0)
		return 0;
	snprintf(text, sizeof text, "%.*s", WHEN_DATE - 1, d->d_name);
	return when_parse(&day, text) == 0;
}

int log_days(struct store *s, struct log_day **out, struct err *e)
{
	struct dirent **names;
	char path[PATH_MAX];
	int days = 0;

	*out = NULL;
	if (path_join(path, PATH_MAX, s->state, "log", e) != 0)
		return -1;
	int count = scandir(path, &names, is_log_file, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : err_system(e, ERR_IO, errno, "%s", path);
	struct log_day *list = *out = calloc((size_t)count + 1, sizeof *list);
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		if (list != NULL && name[WHEN_DATE - 1 + 3] == '\0')
			snprintf(list[days++].day, WHEN_DATE, "%.*s", WHEN_DATE - 1, name);
		else if (list != NULL && days > 0 && strncmp(list[days - 1].day, name, WHEN_DATE - 1) == 0)
			list[days - 1].set_aside = true;
		free(names[i]);
	}
	free(names);
	return list != NULL ? days : err_set(e, ERR_MEMORY, "no memory");
}

// ---- ending ----

static void day_count(struct store *s, struct log_erasure *x, time_t until)
{
	const struct value *which = VALUES(V_BLOB(x->address, LOG_HASH_LEN), V_BLOB(x->receipt, LOG_HASH_LEN), V_INT(until));
	struct db *db = NULL;
	struct err why = {0};
	int more = reader_take(s, x->day, &db, &why);

	x->rows = 0;
	if (more == 0 && db != NULL) {
		struct cursor *c CURSOR_AUTO = db_query(db, SQL_LOG_COUNT, which, &why);
		more = cursor_next(c, &why);
		x->rows = more > 0 ? (uint64_t)cursor_int(c, 0) : 0;
	}
	if (more < 0)
		reader_failed(&db, &why, &x->err);
	reader_give(s, x->day, &db);
}

struct day_erasure {
	const struct store *s;
	struct log_erasure *x;
	time_t until;
	pthread_t thread;
	bool begun;
};

// What is committed is synced when the write-ahead log is emptied.
static void *day_erase(void *arg)
{
	const struct day_erasure *d = arg;
	struct log_erasure *x = d->x;
	const struct value *which = VALUES(V_BLOB(x->address, LOG_HASH_LEN), V_BLOB(x->receipt, LOG_HASH_LEN), V_INT(d->until));
	struct db *db DB_AUTO = NULL;

	x->rows = 0;
	if (log_open(d->s, &db, x->day, DB_WRITE, &x->err) != 0 || db == NULL)
		return NULL;
	db_sync_later(db, true);
	if (db_begin(db, &x->err) != 0)
		return NULL;
	if (db_run(db, SQL_LOG_DELETE, which, &x->err) != 0) {
		db_rollback(db);
		return NULL;
	}
	const uint64_t rows = db_changes(db);
	if (db_run(db, SQL_LOG_SUMMARY_ADD, VALUES(V_INT(-(int64_t)rows), V_INT(INT64_MAX), V_INT(0)), &x->err) != 0) {
		db_rollback(db);
	} else if (db_commit(db, &x->err) == 0) {
		x->rows = rows;
		db_flush(db, &x->err);
	}
	return NULL;
}

// Each day in a thread of its own: the disk syncs together what is to be synced at the same time, while one day after the other would wait
// for it three times each.
static void log_erase(struct store *s, struct log_erasure *list, size_t count, time_t until, bool only_counts)
{
	enum { AT_ONCE = 16 };
	struct day_erasure days[AT_ONCE];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		day_count(s, &list[i], until);
		if (!only_counts && list[i].rows > 0)
			days[n++] = (struct day_erasure){.s = s, .x = &list[i], .until = until};
		if (n < AT_ONCE && i + 1 < count)
			continue;
		for (size_t k = 0; k < n; k++) {
			days[k].begun = k + 1 < n && pthread_create(&days[k].thread, NULL, day_erase, &days[k]) == 0;
			if (!days[k].begun)
				day_erase(&days[k]);
		}
		for (size_t k = 0; k < n; k++)
			if (days[k].begun)
				pthread_join(days[k].thread, NULL);
		n = 0;
	}
}

static int log_find(struct store *s, const char *day, const uint8_t *address, const uint8_t *receipt,
		    int (*each)(void *, const struct log_row *), void *arg, struct err *e)
{
	struct db *db = NULL;
	struct err why = {0};
	int more = reader_take(s, day, &db, &why), stop = 0;

	if (more == 0 && db != NULL) {
		// One index gives its rows in order, two do not.
		const enum sql which = receipt == NULL ? SQL_LOG_OF_ADDRESS : address == NULL ? SQL_LOG_OF_RECEIPT : SQL_LOG_FIND;
		struct cursor *c CURSOR_AUTO =
		    db_query(db, which, VALUES(V_BLOB(address, LOG_HASH_LEN), V_BLOB(receipt, LOG_HASH_LEN)), &why);
		while ((more = cursor_next(c, &why)) > 0 && !stop) {
			struct log_row row = {.day = day, .at = cursor_int(c, 0)};
			cursor_copy(c, 1, row.address, LOG_HASH_LEN);
			row.has_receipt = cursor_copy(c, 2, row.receipt, LOG_HASH_LEN);
			row.body = cursor_blob(c, 3, &row.body_len);
			stop = each(arg, &row);
		}
	}
	if (more < 0)
		return reader_failed(&db, &why, e);
	reader_give(s, day, &db);
	return 0;
}

// First its file; then what stands beside a file that is not there, which a crash may have left of other days, too.
static int log_end_day(struct store *s, const char *ended, struct err *e)
{
	char folder[PATH_MAX], path[PATH_MAX], day[WHEN_DATE];
	time_t start;

	if (strcmp(s->day, ended) == 0)
		close_day(s);
	if (log_path(s, path, ended, "", e) != 0 || path_join(folder, PATH_MAX, s->state, "log", e) != 0)
		return -1;
	(void)!truncate(path, 0);
	unlink(path);
	DIR *d = opendir(folder);
	if (d == NULL)
		return err_system(e, ERR_IO, errno, "%s", folder);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		const char *name = entry->d_name;
		snprintf(day, sizeof day, "%.*s", WHEN_DATE - 1, name);
		if (strlen(name) <= WHEN_DATE - 1 + 3 || when_parse(&start, day) != 0 || strncmp(name + WHEN_DATE - 1, ".db", 3) != 0 ||
		    log_path(s, path, day, "", NULL) != 0 || access(path, F_OK) == 0 ||
		    path_join(path, sizeof path, folder, name, NULL) != 0)
			continue;
		// The index of the write-ahead log has no content, and whoever has mapped it may look into it.
		if (strstr(name, "-shm") == NULL)
			(void)!truncate(path, 0);
		unlink(path);
	}
	closedir(d);
	return folder_sync(folder, e);
}

const struct backend_log sqlite_log = {
    .append = log_append,
    .days = log_days,
    .read = log_read,
    .erase = log_erase,
    .find = log_find,
    .end_day = log_end_day,
};
