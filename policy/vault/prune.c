// SPDX-License-Identifier: ISC
// Retention: ends what is due. Each batch is one transaction of its own, its ledger event first, so that writers never wait long.
//
// A policy that says "deleted or anonymised" is kept by deleting. A policy that has become stricter holds for what is already stored:
// a record ends at the time stamped on it or at the one that the policy promises now, whichever comes first.
#include "policy/base/file.h"
#include "policy/vault/internal.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pruning {
	struct vault *v;
	struct duration ahead;
	time_t now, horizon; // of survey(): while it holds all locks, nothing can be stored later than now
	struct prune_result *out;
};

// ---- which ----

// The newest `made` that the policy of today would have gone by the horizon: all of a kind that it does not let be stored. Found by
// halving: months have no fixed length.
static int64_t made_cutoff(const struct policy *p, enum kind k, time_t horizon)
{
	time_t low = 0, high = horizon;

	if (p->kinds[k].keep != KEEP_STORED)
		return horizon;
	if (policy_due(p, k, low) == 0 || policy_due(p, k, low) > horizon)
		return -1;
	while (low < high) {
		time_t middle = low + (high - low + 1) / 2;
		if (policy_due(p, k, middle) <= horizon)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

void found_read(struct cursor *c, struct found *out)
{
	size_t len;
	const void *key = cursor_blob(c, 1, &len);

	*out = (struct found){.has_key = len == KEY_ID_LEN, .has_file = cursor_int(c, 2) != 0};
	snprintf(out->id, sizeof out->id, "%s", cursor_text(c, 0));
	if (out->has_key)
		memcpy(out->key, key, KEY_ID_LEN);
}

static int read_found(struct vault *v, enum sql statement, const struct value *values, struct found *list, size_t *count, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(v->write.vault, statement, values, e);
	int got = -1;

	*count = 0;
	while (c != NULL && *count < PAGE_ROWS && (got = cursor_next(c, e)) > 0)
		found_read(c, &list[(*count)++]);
	return got < 0 ? -1 : 0;
}

// ---- ending ----

static int end_rows(struct vault *v, const struct found *list, size_t count, const struct ledger_event *event, struct err *e)
{
	if (write_begin(v, e) != 0)
		return -1;
	int ret = ledger_write(v, event, NULL, e);
	for (size_t i = 0; i < count && ret == 0; i++)
		ret = record_remove(v, &list[i], e);
	if (ret == 0)
		return write_commit(v, v->write.vault, e);
	write_rollback(v, v->write.vault);
	return -1;
}

static int end_batch(struct pruning *p, const char *kind, const struct found *list, size_t count, struct err *e)
{
	size_t files = 0;
	char details[128];

	for (size_t i = 0; i < count; i++)
		files += list[i].has_file;
	snprintf(details, sizeof details, "{\"kind\":\"%s\",\"records\":%zu,\"files\":%zu}", kind, count, files);
	const struct ledger_event event = {.name = "prune", .details = details};
	if (end_rows(p->v, list, count, &event, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		record_unlink(p->v, &list[i]);
	p->out->records += count;
	p->out->files += files;
	return 0;
}

static int prune_kind_batch(struct pruning *p, enum kind k, size_t *count, struct err *e)
{
	struct found list[PAGE_ROWS];
	const char *kind = kind_row(k)->name;
	struct alone alone;

	*count = 0;
	if (commit_alone(p->v, &alone, e) != 0)
		return -1;
	int ret = read_found(p->v, SQL_RECORD_DUE,
			     VALUES(V_TEXT(kind), V_INT(p->horizon), V_INT(made_cutoff(p->v->policy, k, p->horizon)), V_INT(PAGE_ROWS)),
			     list, count, e);
	if (ret == 0 && *count > 0)
		ret = end_batch(p, kind, list, *count, e);
	commit_release(p->v, &alone);
	return ret;
}

static int prune_records(struct pruning *p, struct err *e)
{
	size_t count;

	for (unsigned k = 0; k < KIND_COUNT; k++) {
		do {
			if (prune_kind_batch(p, (enum kind)k, &count, e) != 0)
				return -1;
		} while (count == PAGE_ROWS);
	}
	return 0;
}

static int prune_payload_batch(struct vault *v, time_t horizon, size_t *count, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(v->write.vault, SQL_PAYLOAD_DUE, VALUES(V_INT(horizon), V_INT(PAGE_ROWS)), e);
	int64_t list[PAGE_ROWS];
	int got = -1, ret = 0;
	size_t len;

	*count = 0;
	while (c != NULL && *count < PAGE_ROWS && (got = cursor_next(c, e)) > 0) {
		list[(*count)++] = cursor_int(c, 0);
		const void *key = cursor_blob(c, 1, &len);
		if (len == KEY_ID_LEN && key_doom(v, key, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < *count && ret == 0; i++)
		ret = store_run(v->write.vault, SQL_PAYLOAD_DELETE, VALUES(V_INT(list[i])), e);
	return got < 0 || ret ? -1 : 0;
}

static int prune_payloads(struct vault *v, time_t horizon, struct err *e)
{
	size_t count;

	do {
		if (write_begin(v, e) != 0)
			return -1;
		if (prune_payload_batch(v, horizon, &count, e) != 0) {
			write_rollback(v, v->write.vault);
			return -1;
		}
		if (write_commit(v, v->write.vault, e) != 0)
			return -1;
	} while (count == PAGE_ROWS);
	return 0;
}

// ---- files and records that have lost each other ----

static bool file_missing(const struct vault *v, const char *id)
{
	char path[PATH_MAX];

	return vault_spool_path(v, id, path, sizeof path, NULL) == 0 && access(path, F_OK) != 0 && errno == ENOENT;
}

static int missing_page(struct pruning *p, char after[RECORD_ID_LEN + 1], bool dry_run, bool *more, struct err *e)
{
	struct found list[PAGE_ROWS], gone[PAGE_ROWS];
	size_t count, missing = 0;

	if (read_found(p->v, SQL_RECORD_FILES, VALUES(V_TEXT(after), V_INT(PAGE_ROWS)), list, &count, e) != 0)
		return -1;
	*more = count == PAGE_ROWS;
	if (count > 0)
		snprintf(after, RECORD_ID_LEN + 1, "%s", list[count - 1].id);
	for (size_t i = 0; i < count; i++)
		if (file_missing(p->v, list[i].id))
			gone[missing++] = list[i];
	for (size_t i = 0; i < missing; i++)
		gone[i].has_file = false;
	if (dry_run)
		p->out->records += missing;
	return missing == 0 || dry_run ? 0 : end_batch(p, "without file", gone, missing, e);
}

static bool is_orphan(const struct pruning *p, const char *name, const char *path)
{
	struct stat file;
	struct err why = {0};
	char id[RECORD_ID_LEN + 1];
	int64_t kind;

	if (lstat(path, &file) != 0 || !S_ISREG(file.st_mode) || file.st_mtime + SPOOL_ORPHAN_SECONDS > p->now)
		return false;
	if (strlen(name) != RECORD_ID_LEN + 4 || strcmp(name + RECORD_ID_LEN, ".zip") != 0)
		return true;
	snprintf(id, sizeof id, "%.*s", RECORD_ID_LEN, name);
	return store_number(p->v->write.vault, SQL_RECORD_EXISTS, VALUES(V_TEXT(id)), 0, &kind, &why) == 0 && kind == 0;
}

static void prune_orphans(struct pruning *p, bool dry_run)
{
	DIR *d = opendir(p->v->spool);
	char path[PATH_MAX];

	if (d == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (path_join(path, sizeof path, p->v->spool, entry->d_name, NULL) != 0 || !is_orphan(p, entry->d_name, path))
			continue;
		if (dry_run || unlink(path) == 0)
			p->out->orphans++;
	}
	closedir(d);
}

// Not when the spool is not there at all: then the run folder is another one, or not yet made.
static int prune_spool(struct pruning *p, bool dry_run, struct err *e)
{
	char after[RECORD_ID_LEN + 1] = "";
	bool more = true;

	if (access(p->v->spool, F_OK) != 0)
		return 0;
	while (more)
		if (missing_page(p, after, dry_run, &more, e) != 0)
			return -1;
	prune_orphans(p, dry_run);
	return 0;
}

// ---- the whole ----

// A clock that stands before something stored has gone back: what it calls due may not be due.
static int check_clock(struct pruning *p, struct err *e)
{
	struct store *s = p->v->write.vault;
	int64_t newest = 0, made;
	time_t log;
	char text[WHEN_TEXT];

	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (store_number(s, SQL_KIND_NEWEST, VALUES(V_TEXT(kind_row((enum kind)k)->name)), 0, &made, e) != 0)
			return -1;
		newest = made > newest ? made : newest;
	}
	if (store_number(s, SQL_LEDGER_NEWEST, NULL, 0, &made, e) != 0 || log_newest(p->v, &log, e) != 0)
		return -1;
	newest = made > newest ? made : newest;
	newest = log > newest ? log : newest;
	if (p->now >= newest)
		return 0;
	when_text(text, newest);
	return err_set(e, ERR_REFUSED, "the clock went back: something was stored at %s; nothing is deleted until the clock is right",
		       text);
}

static int count_due(struct pruning *p, struct err *e)
{
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		struct cursor *c CURSOR_AUTO = store_query(p->v->write.vault, SQL_DUE_COUNT,
							   VALUES(V_TEXT(kind_row((enum kind)k)->name), V_INT(p->horizon),
								  V_INT(made_cutoff(p->v->policy, (enum kind)k, p->horizon))),
							   e);
		if (c == NULL || cursor_next(c, e) != 1)
			return -1;
		p->out->records += (size_t)cursor_int(c, 0);
		p->out->files += (size_t)cursor_int(c, 1);
	}
	return 0;
}

static int survey(struct pruning *p, struct err *e)
{
	struct alone alone;

	if (commit_alone(p->v, &alone, e) != 0)
		return -1;
	p->now = when_now();
	p->horizon = duration_after(p->now, p->ahead);
	int ret = check_clock(p, e) != 0 || count_due(p, e) != 0 || prune_spool(p, true, e) != 0 ||
			  log_prune(p->v, p->horizon, true, p->out, e) != 0
		      ? -1
		      : 0;
	commit_release(p->v, &alone);
	return ret;
}

static int finish(struct pruning *p, bool any, struct err *e)
{
	struct vault *v = p->v;
	struct alone alone;

	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = prune_spool(p, false, e) != 0 || log_prune(v, p->horizon, false, p->out, e) != 0 ||
			  prune_payloads(v, p->horizon, e) != 0 || key_reap(v, e) != 0
		      ? -1
		      : 0;
	if (ret == 0 && any)
		store_flush(v->write.vault,
			    NULL); // what was sealed should not wait in the log; a reader may hold it up, the next time does it
	if (ret == 0)
		ret = store_run(v->write.vault, SQL_FACT_SET, VALUES(V_TEXT("last_prune"), V_INT(p->now)), e);
	commit_release(v, &alone);
	return ret;
}

static int prune_all(struct pruning *p, bool any, struct err *e)
{
	return prune_records(p, e) != 0 || finish(p, any, e) != 0 ? -1 : 0;
}

// On a full disk even deleting fails; what the first attempt has ended stays ended.
static int prune_with_room(struct pruning *p, bool any, struct err *e)
{
	struct err why = {0};

	if (prune_all(p, any, &why) == 0)
		return 0;
	if (why.code != ERR_FULL || !ballast_release(p->v))
		return err_set(e, why.code, "%s", why.text);
	int ret = prune_all(p, any, e);
	ballast_fill(p->v);
	return ret;
}

int vault_prune(struct vault *v, struct duration ahead, bool dry_run, struct prune_result *out, struct err *e)
{
	struct prune_result due = {0};
	struct pruning p = {.v = v, .ahead = ahead, .out = &due};

	*out = (struct prune_result){0};
	if (survey(&p, e) != 0)
		return -1;
	if (dry_run) {
		*out = due;
		return 0;
	}
	p.out = out;
	return prune_with_room(&p, due.records + due.log_segments > 0, e);
}
