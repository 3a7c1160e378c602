// SPDX-License-Identifier: ISC
// How rows of the request log end: whole days by their file, single rows at somebody's request.
#include "policy/base/file.h"
#include "policy/vault/internal.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- pruning whole days ----

struct log_pruning {
	time_t horizon;
	bool dry_run;
	struct prune_result *out;
};

// The oldest time that the segment may hold: the day's first second when the file cannot tell.
static time_t oldest_of(struct vault *v, const char *day, struct log_summary *s)
{
	time_t start = 0;

	when_parse(&start, day);
	if (log_summary(v, day, s, NULL) != 0 || s->oldest == 0)
		return start;
	return s->oldest;
}

// The event and the key's doom are durable before the file goes; a crash in between leaves a segment that is still due.
static int record_segment_end(struct vault *v, const char *day, uint64_t lines, struct err *e)
{
	struct data_key DATA_KEY_AUTO key = {0};
	struct err why = {0};
	char details[128];
	const struct ledger_event event = {.name = "prune", .details = details};

	snprintf(details, sizeof details, "{\"kind\":\"request-log\",\"day\":\"%s\",\"rows\":%llu}", day, (unsigned long long)lines);
	bool found = key_find(v, v->write.keys, kind_row(KIND_REQUEST_LOG)->name, day, &key, &why) == 0;
	if (!found && why.code != ERR_NOT_FOUND && why.code != ERR_CORRUPT)
		return err_set(e, why.code, "%s", why.text);
	if (write_begin(v, e) != 0)
		return -1;
	if (ledger_write(v, &event, NULL, e) != 0 || key_doom(v, found ? key.id : NULL, e) != 0) {
		write_rollback(v, v->write.vault);
		return -1;
	}
	return write_commit(v, v->write.vault, e);
}

static int prune_day(struct vault *v, const char *day, void *arg, struct err *e)
{
	struct log_pruning *p = arg;
	struct log_summary s;
	time_t start = 0;

	when_parse(&start, day);
	time_t due = log_due(v, start);
	time_t oldest = due == 0 || due > p->horizon ? 0 : oldest_of(v, day, &s);
	if (oldest == 0 || log_due(v, oldest) > p->horizon) {
		if (p->out->oldest_left == 0 && log_summary(v, day, &s, NULL) == 0)
			p->out->oldest_left = s.oldest;
		return 0;
	}
	p->out->log_segments++;
	p->out->log_rows += s.lines;
	if (p->dry_run)
		return 0;
	if (record_segment_end(v, day, s.lines, e) != 0)
		return -1;
	if (strcmp(v->write.segment.day, day) == 0)
		log_segment_close(v);
	log_unlink(v, day);
	return 0;
}

// Whatever a crash or a reader left beside the segments: files whose day has no key, and indexes without their file.
static bool is_garbage(struct vault *v, const char *name)
{
	struct data_key DATA_KEY_AUTO key = {0};
	struct err why = {0};
	char day[WHEN_DATE], path[PATH_MAX];
	time_t start;

	snprintf(day, sizeof day, "%.*s", WHEN_DATE - 1, name);
	if (when_parse(&start, day) != 0 || strncmp(name + WHEN_DATE - 1, ".db", 3) != 0)
		return false;
	if (log_path(v, path, day, "", NULL) == 0 && access(path, F_OK) != 0)
		return true;
	return key_find(v, v->write.keys, kind_row(KIND_REQUEST_LOG)->name, day, &key, &why) != 0 && why.code == ERR_NOT_FOUND;
}

static int sweep(struct vault *v, struct err *e)
{
	char folder[PATH_MAX], path[PATH_MAX];

	if (state_path(v, folder, "log", e) != 0)
		return -1;
	DIR *d = opendir(folder);
	if (d == NULL)
		return err_system(e, ERR_IO, errno, "%s", folder);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (strlen(entry->d_name) >= WHEN_DATE + 2 && is_garbage(v, entry->d_name) &&
		    path_join(path, sizeof path, folder, entry->d_name, NULL) == 0)
			unlink(path);
	closedir(d);
	return folder_sync(folder, e);
}

int log_prune(struct vault *v, time_t horizon, bool dry_run, struct prune_result *out, struct err *e)
{
	struct log_pruning p = {.horizon = horizon, .dry_run = dry_run, .out = out};

	if (log_each_day(v, prune_day, &p, e) != 0)
		return -1;
	return dry_run ? 0 : sweep(v, e);
}

// ---- erasing single rows ----

struct log_erasure {
	const char *address;
	const uint8_t *subject;
	bool dry_run;
	struct erase_store *count;
	struct markers *markers;
	struct err first; // of a segment that could not be reached
};

bool store_needs_rewrite(const struct vault *v, const char *path)
{
	struct stat file;

	return v->mode == VAULT_ADMIN || stat(path, &file) != 0 || file.st_size <= REWRITE_ALWAYS_MAX;
}

static int erase_found(struct store *s, enum sql statement, const uint8_t hash[HASH_LEN], uint64_t *erased, struct err *e)
{
	if (store_run(s, statement, VALUES(V_BLOB(hash, LOG_HASH_LEN)), e) != 0)
		return -1;
	uint64_t rows = store_changes(s);
	*erased += rows;
	return rows == 0 ? 0 : store_run(s, SQL_LOG_SUMMARY_ADD, VALUES(V_INT(-(int64_t)rows), V_INT(INT64_MAX), V_INT(0)), e);
}

static int erase_rows(struct vault *v, struct store *s, struct log_erasure *l, const uint8_t *address, const uint8_t *receipt,
		      const char *path, struct err *e)
{
	uint64_t erased = 0;

	if (store_begin(s, e) != 0)
		return -1;
	if ((address != NULL && erase_found(s, SQL_LOG_DELETE_ADDRESS, address, &erased, e) != 0) ||
	    (receipt != NULL && erase_found(s, SQL_LOG_DELETE_RECEIPT, receipt, &erased, e) != 0)) {
		store_rollback(s);
		return -1;
	}
	if (write_commit(v, s, e) != 0)
		return -1;
	l->count->erased += erased;
	return store_needs_rewrite(v, path) ? store_rewrite(s, e) : store_flush(s, e);
}

static int count_rows(struct store *s, const uint8_t *address, const uint8_t *receipt, uint64_t *out, struct err *e)
{
	int64_t by_address = 0, by_receipt = 0;

	if ((address != NULL && store_number(s, SQL_LOG_COUNT_ADDRESS, VALUES(V_BLOB(address, LOG_HASH_LEN)), 0, &by_address, e) != 0) ||
	    (receipt != NULL && store_number(s, SQL_LOG_COUNT_RECEIPT, VALUES(V_BLOB(receipt, LOG_HASH_LEN)), 0, &by_receipt, e) != 0))
		return -1;
	*out = (uint64_t)(by_address + by_receipt);
	return 0;
}

static int erase_in_segment(struct vault *v, const char *day, const struct data_key *key, struct log_erasure *l, struct err *e)
{
	struct store *s STORE_AUTO = NULL;
	uint8_t hash_key[KEY_LEN], address[HASH_LEN], receipt[HASH_LEN];
	const uint8_t *by_address = l->address == NULL ? NULL : address, *by_receipt = l->subject == NULL ? NULL : receipt;
	struct err why = {0};
	uint64_t found;
	char path[PATH_MAX];

	log_day_hash_key(key->bytes, hash_key);
	if (by_address != NULL)
		log_address_hash(hash_key, l->address, address);
	if (by_receipt != NULL)
		log_receipt_hash(hash_key, l->subject, receipt);
	wipe(hash_key, sizeof hash_key);
	if (by_address != NULL)
		markers_add(l->markers, address, LOG_HASH_LEN);
	if (by_receipt != NULL)
		markers_add(l->markers, receipt, LOG_HASH_LEN);
	if (log_path(v, path, day, "", e) != 0)
		return -1;
	if (store_open(&s, STORE_LOG, path, STORE_WRITE, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text); // a crash left it without its tables
	if (count_rows(s, by_address, by_receipt, &found, e) != 0)
		return -1;
	l->count->found += found;
	return found == 0 || l->dry_run ? 0 : erase_rows(v, s, l, by_address, by_receipt, path, e);
}

static int erase_day(struct vault *v, const char *day, void *arg, struct err *e)
{
	struct log_erasure *l = arg;
	struct data_key DATA_KEY_AUTO key = {0};
	struct err why = {0};

	(void)e;
	if (key_find(v, v->write.keys, kind_row(KIND_REQUEST_LOG)->name, day, &key, &why) != 0) {
		if (why.code != ERR_NOT_FOUND)
			l->first = why;
		return 0;
	}
	if (erase_in_segment(v, day, &key, l, &why) != 0 && l->first.code == ERR_NONE)
		l->first = why;
	return 0;
}

int log_erase(struct vault *v, const char *address, const uint8_t *subject, bool dry_run, struct erase_store *count, struct markers *m,
	      struct err *e)
{
	struct log_erasure l = {.address = address, .subject = subject, .dry_run = dry_run, .count = count, .markers = m};

	if (log_each_day(v, erase_day, &l, e) != 0)
		return -1;
	return l.first.code == ERR_NONE ? 0 : err_set(e, l.first.code, "%s", l.first.text);
}
