// SPDX-License-Identifier: ISC
// The request log: one file for each UTC day, log/YYYY-MM-DD.db. Pruning unlinks whole days, under their writers if need be: so a writer
// compares, under the lock, the file that it has open with the one that has the name.
#include "policy/vault/sqlite/log.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
	if (db_open(out, DB_LOG, path, s->copy ? DB_COPY : access, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	return 0;
}

// ---- the day that is written ----

static void close_day(struct store *s)
{
	db_close(&s->write.day.db);
	memset(&s->write.day, 0, sizeof s->write.day);
}

static bool still_there(const struct store *s)
{
	struct stat file;
	char path[PATH_MAX];

	return s->write.day.db != NULL && log_path(s, path, s->write.day.name, "", NULL) == 0 && stat(path, &file) == 0 &&
	       file.st_ino == s->write.day.inode && file.st_dev == s->write.day.device;
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
	struct stat file;
	char path[PATH_MAX];

	if (still_there(s))
		db_flush(s->write.day.db, NULL); // its day is over: it should rest without a write-ahead log
	close_day(s);
	if (log_path(s, path, day, "", e) != 0)
		return -1;
	if (store_file_begin(s, path, &why) != 0) // to callers "not found" is what they look for, not where the log stands
		return err_set(e, why.code == ERR_NOT_FOUND ? ERR_IO : why.code, "%s", why.text);
	if (db_open(&s->write.day.db, DB_LOG, path, DB_CREATE, &why) != 0)
		return err_set(e, why.code, "%s", why.text);
	if (stat(path, &file) != 0) {
		close_day(s);
		return err_system(e, ERR_IO, errno, "%s", path);
	}
	s->write.day.device = file.st_dev;
	s->write.day.inode = file.st_ino;
	snprintf(s->write.day.name, sizeof s->write.day.name, "%s", day);
	return 0;
}

static int log_append(struct store *s, const struct log_row *row, struct err *e)
{
	bool same = strcmp(s->write.day.name, row->day) == 0;

	if (s->write.day.begun && !same)
		return err_set(e, ERR_INPUT, "request log: one transaction writes one day");
	struct err why = {0};
	int ret = 0;
	if (!s->write.day.begun && !(same && still_there(s)))
		ret = open_day(s, row->day, &why);
	if (ret == 0)
		ret =
		    store_write_log(s, SQL_LOG_PUT,
				    VALUES(V_INT(row->at), V_BLOB(row->address, LOG_HASH_LEN),
					   V_BLOB(row->has_receipt ? row->receipt : NULL, LOG_HASH_LEN), V_BLOB(row->body, row->body_len)),
				    &why) != 0 ||
			    store_write_log(s, SQL_LOG_SUMMARY_ADD, VALUES(V_INT(1), V_INT(row->at), V_INT(row->at)), &why) != 0
			? -1
			: 0;
	if (ret == 0)
		return 0;
	if (why.code == ERR_CORRUPT) // who tries again finds a new one
		set_aside(s, row->day);
	return err_set(e, why.code, "%s", why.text);
}

// ---- all days ----

static int is_segment(const struct dirent *d)
{
	time_t day;
	char text[WHEN_DATE];

	snprintf(text, sizeof text, "%.*s", WHEN_DATE - 1, d->d_name);
	return strlen(d->d_name) == WHEN_DATE - 1 + 3 && strcmp(d->d_name + WHEN_DATE - 1, ".db") == 0 && when_parse(&day, text) == 0;
}

static int summarise_day(const struct store *s, struct log_day *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;
	struct err why = {0};

	if (log_open(s, &db, out->day, DB_READ, &why) == 0 && db != NULL) {
		struct cursor *c CURSOR_AUTO = db_query(db, SQL_LOG_SUMMARY, NULL, &why);
		if (cursor_next(c, &why) == 1) {
			out->state = LOG_DAY_READ;
			out->lines = (uint64_t)cursor_int(c, 0);
			out->oldest = out->lines > 0 ? cursor_int(c, 1) : 0;
			out->newest = out->lines > 0 ? cursor_int(c, 2) : 0;
			return 0;
		}
	}
	out->state = why.code == ERR_NONE ? LOG_DAY_VOID : LOG_DAY_DAMAGED;
	return why.code == ERR_NONE || why.code == ERR_CORRUPT || why.code == ERR_INPUT ? 0 : err_set(e, why.code, "%s", why.text);
}

int log_days(struct store *s, size_t read, struct log_day **out, struct err *e)
{
	struct dirent **names;
	char path[PATH_MAX];
	size_t with_rows = 0;
	int ret = 0;

	*out = NULL;
	if (path_join(path, PATH_MAX, s->state, "log", e) != 0)
		return -1;
	int count = scandir(path, &names, is_segment, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : err_system(e, ERR_IO, errno, "%s", path);
	struct log_day *list = *out = calloc((size_t)count + 1, sizeof *list);
	if (list == NULL)
		ret = err_set(e, ERR_MEMORY, "no memory");
	for (int i = count - 1; i >= 0; i--) {
		if (list != NULL && ret == 0) {
			snprintf(list[i].day, WHEN_DATE, "%.*s", WHEN_DATE - 1, names[i]->d_name);
			list[i].set_aside = log_path(s, path, list[i].day, DAMAGED, NULL) == 0 && access(path, F_OK) == 0;
			list[i].state = LOG_DAY_NOT_READ;
			if (with_rows < read)
				ret = summarise_day(s, &list[i], e);
			with_rows += list[i].lines > 0;
		}
		free(names[i]);
	}
	free(names);
	return ret == 0 ? count : ret;
}

// ---- ending ----

static int log_erase(struct store *s, const char *day, const uint8_t *address, const uint8_t *receipt, time_t until, bool count_only,
		     uint64_t *rows, struct err *e)
{
	const struct value *which = VALUES(V_BLOB(address, LOG_HASH_LEN), V_BLOB(receipt, LOG_HASH_LEN), V_INT(until));
	struct db *db DB_AUTO = NULL;
	struct cursor *c CURSOR_AUTO = NULL;

	*rows = 0;
	if (log_open(s, &db, day, count_only ? DB_READ : DB_WRITE, e) != 0)
		return -1;
	if (db == NULL)
		return 0;
	c = db_query(db, SQL_LOG_COUNT, which, e);
	if (cursor_next(c, e) != 1)
		return -1;
	*rows = (uint64_t)cursor_int(c, 0);
	cursor_end(&c);
	if (count_only || *rows == 0)
		return 0;
	db_sync_later(db, true); // sanitising syncs it
	int ret = db_begin(db, e);
	if (ret == 0 && (db_run(db, SQL_LOG_DELETE, which, e) != 0 ||
			 db_run(db, SQL_LOG_SUMMARY_ADD, VALUES(V_INT(-(int64_t)*rows), V_INT(INT64_MAX), V_INT(0)), e) != 0)) {
		db_rollback(db);
		ret = -1;
	}
	if (ret == 0 && db_commit(db, e) == 0)
		return store_sanitise_one(db, SANITISE_SMALL, e);
	*rows = 0;
	return -1;
}

static int log_find(struct store *s, const char *day, const uint8_t *address, const uint8_t *receipt,
		    int (*each)(void *, const struct log_row *), void *arg, struct err *e)
{
	struct db *db DB_AUTO = NULL;
	int more, stop = 0;

	if (log_open(s, &db, day, DB_READ, e) != 0)
		return -1;
	if (db == NULL)
		return 0;
	struct cursor *c CURSOR_AUTO = db_query(db, SQL_LOG_FIND, VALUES(V_BLOB(address, LOG_HASH_LEN), V_BLOB(receipt, LOG_HASH_LEN)), e);
	while ((more = cursor_next(c, e)) > 0 && !stop) {
		struct log_row row = {.day = day, .at = cursor_int(c, 0)};
		cursor_copy(c, 1, row.address, LOG_HASH_LEN);
		row.has_receipt = cursor_copy(c, 2, row.receipt, LOG_HASH_LEN);
		row.body = cursor_blob(c, 3, &row.body_len);
		stop = each(arg, &row);
	}
	return more < 0 ? -1 : 0;
}

// What a crash left of other days, their logs and indexes without their file, goes too.
static int log_end_day(struct store *s, const char *ended, struct err *e)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".damaged", ".damaged-wal", ".damaged-shm"};
	char folder[PATH_MAX], path[PATH_MAX], day[WHEN_DATE];
	time_t start;

	if (strcmp(s->write.day.name, ended) == 0)
		close_day(s);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (log_path(s, path, ended, suffixes[i], NULL) == 0)
			unlink(path);
	if (path_join(folder, PATH_MAX, s->state, "log", e) != 0)
		return -1;
	DIR *d = opendir(folder);
	if (d == NULL)
		return err_system(e, ERR_IO, errno, "%s", folder);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		snprintf(day, sizeof day, "%.*s", WHEN_DATE - 1, entry->d_name);
		if (strlen(entry->d_name) > WHEN_DATE - 1 + 3 && when_parse(&start, day) == 0 &&
		    strncmp(entry->d_name + WHEN_DATE - 1, ".db", 3) == 0 && log_path(s, path, day, "", NULL) == 0 &&
		    access(path, F_OK) != 0 && path_join(path, sizeof path, folder, entry->d_name, NULL) == 0)
			unlink(path);
	}
	closedir(d);
	return folder_sync(folder, e);
}

const struct backend_log sqlite_log = {
    .append = log_append,
    .days = log_days,
    .erase = log_erase,
    .find = log_find,
    .end_day = log_end_day,
};
