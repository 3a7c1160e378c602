// SPDX-License-Identifier: ISC
// What is held at this moment, at a cost that depends on the number of kinds and of log segments, not of records.
#include "policy/base/file.h"
#include "policy/vault/internal.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t size_of(const struct vault *v, const char *name)
{
	struct stat file;
	char path[PATH_MAX];

	return state_path(v, path, name, NULL) == 0 && stat(path, &file) == 0 ? (uint64_t)file.st_size : 0;
}

static uint64_t folder_bytes(const char *folder)
{
	uint64_t bytes = 0;
	struct stat file;
	char path[PATH_MAX];
	DIR *d = opendir(folder);

	if (d == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (path_join(path, sizeof path, folder, entry->d_name, NULL) == 0 && stat(path, &file) == 0 && S_ISREG(file.st_mode))
			bytes += (uint64_t)file.st_size;
	closedir(d);
	return bytes;
}

static int count_records(struct vault *v, struct census_row *row, time_t now, struct err *e)
{
	const struct value *kind = VALUES(V_TEXT(kind_row(row->kind)->name));
	int64_t count, oldest, due;

	if (store_number(v->read.vault, SQL_TALLY, kind, 0, &count, e) != 0 ||
	    store_number(v->read.vault, SQL_KIND_OLDEST, kind, 0, &oldest, e) != 0 ||
	    store_number(v->read.vault, SQL_KIND_DUE, kind, 0, &due, e) != 0)
		return -1;
	row->count = (uint64_t)count;
	row->oldest = oldest;
	row->late = due != 0 && due <= now;
	return 0;
}

static int count_ledger(struct vault *v, struct census_row *row, struct err *e)
{
	int64_t last, oldest;

	if (store_number(v->read.vault, SQL_LEDGER_LAST, NULL, -1, &last, e) != 0 ||
	    store_number(v->read.vault, SQL_LEDGER_OLDEST, NULL, 0, &oldest, e) != 0)
		return -1;
	row->count = (uint64_t)(last + 1);
	row->oldest = oldest;
	return 0;
}

struct segments {
	struct census_row *row;
	time_t newest;
};

static int add_segment(struct vault *v, const char *day, void *arg, struct err *e)
{
	struct segments *all = arg;
	struct census_row *row = all->row;
	struct log_summary s;
	struct err why = {0};

	if (log_summary(v, day, &s, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text); // pruned in this moment
	row->count += s.lines;
	if (row->oldest == 0 || (s.oldest != 0 && s.oldest < row->oldest))
		row->oldest = s.oldest;
	if (s.newest > all->newest)
		all->newest = s.newest;
	return 0;
}

static void judge(const struct vault *v, struct census_row *row, time_t now)
{
	time_t from = row->oldest == 0 ? now : row->oldest;
	time_t due = row->kind == KIND_LEDGER ? 0 : policy_due(v->policy, row->kind, from);

	if (row->keep == KEEP_STORED && due != 0)
		row->limit_seconds = (uint64_t)(due - from);
	if (row->count > 0 && (row->keep != KEEP_STORED || (due != 0 && due <= now)))
		row->late = true;
}

static int fill_row(struct vault *v, struct census_row *row, time_t now, time_t *newest, struct err *e)
{
	struct segments all = {.row = row};
	int ret = 0;

	if (row->kind == KIND_REQUEST_LOG) {
		ret = log_each_day(v, add_segment, &all, e);
		if (all.newest > *newest)
			*newest = all.newest;
	} else {
		pthread_mutex_lock(&v->read.mutex);
		ret = row->kind == KIND_LEDGER ? count_ledger(v, row, e) : count_records(v, row, now, e);
		pthread_mutex_unlock(&v->read.mutex);
	}
	// The ledger itself holds no personal data; what the policy says about its life is said of payloads.
	if (row->kind != KIND_LEDGER || row->keep == KEEP_STORED)
		judge(v, row, now);
	return ret;
}

int vault_census(struct vault *v, struct census *out, struct err *e)
{
	char folder[PATH_MAX];
	int64_t last_prune, newest;
	time_t now = when_now();

	*out = (struct census){0};
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		struct census_row row = {.kind = (enum kind)k, .keep = v->policy->kinds[k].keep};
		if (fill_row(v, &row, now, &out->newest, e) != 0)
			return -1;
		if (row.keep != KEEP_UNDECLARED || row.count > 0)
			out->rows[out->row_count++] = row;
	}
	pthread_mutex_lock(&v->read.mutex);
	int ret = store_number(v->read.vault, SQL_FACT_GET, VALUES(V_TEXT("last_prune")), 0, &last_prune, e);
	// Every record comes with an event, and the ledger's time never runs back.
	if (ret == 0)
		ret = store_number(v->read.vault, SQL_LEDGER_NEWEST, NULL, 0, &newest, e);
	pthread_mutex_unlock(&v->read.mutex);
	if (ret)
		return -1;
	out->last_prune = last_prune;
	if (newest > out->newest)
		out->newest = newest;
	out->database_bytes = size_of(v, "vault.db") + size_of(v, "keys/keys.db");
	out->wal_bytes = size_of(v, "vault.db-wal") + size_of(v, "keys/keys.db-wal");
	if (state_path(v, folder, "log", e) != 0)
		return -1;
	out->log_bytes = folder_bytes(folder);
	out->spool_bytes = folder_bytes(v->spool);
	return 0;
}
