// SPDX-License-Identifier: ISC
#include "policy/vault/restore.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/open.h"
#include "policy/vault/tombstone.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOST_MAX = 2048, LIST_BYTES_MAX = 1024 * 1024 * 1024, AHEAD_SECONDS = 2 * 3600 };
static const char COPY[] = "restoring.new", RESTORED[] = "restored", CONFIRMED[] = "restore-confirmed";
// The last comes last: without it nobody takes the rest for stores.
static const struct {
	const char *name;
	mode_t mode;
} parts[] = {{"keys", 0750}, {"log", 0750}, {"ledger", 0750}, {"policy", 0755}, {"tombstones", 0700}, {"vault.db", 0}};

// ---- putting together ----

static bool is_stored(const char *state)
{
	static const char *const stored[] = {"vault.db", "log", "ledger"};
	char path[PATH_MAX];
	struct stat about;

	for (size_t i = 0; i < ARRAY_LEN(stored); i++)
		if (path_join(path, sizeof path, state, stored[i], NULL) == 0 && stat(path, &about) == 0 &&
		    (S_ISDIR(about.st_mode) ? folder_bytes(path) > 0 : about.st_size > 0))
			return true;
	return false;
}

// The folder of the copy, or the one that was named when it was made.
static int find_keys(const struct restore_from *from, const char *site, char out[PATH_MAX], struct err *e)
{
	char file[PATH_MAX], below[PATH_MAX] = "";

	if (path_join(file, sizeof file, from->keys, backup_key_files[0], e) != 0)
		return -1;
	snprintf(out, PATH_MAX, "%s", from->keys);
	if (access(file, R_OK) == 0)
		return 0;
	if (strchr(site, '/') != NULL || backup_keys_path(site, from->keys, out, e) != 0 ||
	    path_join(below, sizeof below, out, backup_key_files[0], e) != 0 || access(below, R_OK) != 0)
		return err_set(e, ERR_INPUT, "%s holds no copy of the keys of the site %s: neither %s nor %s can be read", from->keys, site,
			       file, below);
	return 0;
}

// Those that were given, and those in the state folder that the copy is without, as they are kept elsewhere.
static int take_keys(const struct restore *r, const char *given, const char *own, struct err *e)
{
	static const char *const besides[] = {"keys.db-wal", "signer/ledger.key.next", "master.key.next", NULL};
	const char *const folders[] = {given, own}, *const *const lists[] = {backup_key_files, given == NULL ? besides : NULL};
	struct tree to TREE_AUTO = {.fd = -1};
	struct tree_copied copied;

	if (tree_enter(&to, &r->copy, "keys", e) != 0)
		return -1;
	for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
		struct tree keys TREE_AUTO = {.fd = -1};
		struct err why = {0};
		if (folders[f] == NULL || (tree_open(&keys, folders[f], &why) != 0 && why.code == ERR_NOT_FOUND && folders[f] == own))
			continue;
		for (size_t l = 0; why.code == ERR_NONE && l < ARRAY_LEN(lists); l++)
			for (const char *const *name = lists[l]; name != NULL && *name != NULL && why.code == ERR_NONE; name++)
				if (faccessat(to.fd, *name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
				    tree_copy(&keys, *name, &to, &copied, &why) != 0 && why.code == ERR_NOT_FOUND)
					why = (struct err){0};
		// An older copy has the signing key beside the others; it comes before that of the state folder.
		if (why.code != ERR_NONE || open_files_move(r->copy.path, &why) != 0)
			return err_set(e, why.code, "%s", why.text);
	}
	return 0;
}

// The longer of the two names what the shorter does, unless that has expired.
static int take_tombstones(const struct restore *r, const char *given, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(LIST_BYTES_MAX);
	char own[PATH_MAX];
	struct stat about;
	struct err why = {0};

	if (path_join(own, sizeof own, r->state.path, tombstone_file, e) != 0)
		return -1;
	if (given != NULL && (stat(given, &about) != 0 || !S_ISREG(about.st_mode)))
		return err_set(e, ERR_INPUT, "%s cannot be read, or is no ordinary file", given);
	const char *longer = given != NULL && tombstone_last(given) > tombstone_last(own) ? given : own;
	if (file_read(longer, &text, &why) != 0)
		return why.code == ERR_NOT_FOUND && longer == own ? 0 : err_set(e, why.code, "%s", why.text);
	return tree_put(&r->copy, tombstone_file, text.data, text.len, e);
}

// How much of a list of erasures the stores of a folder have seen.
static int seen_in(const char *state, int64_t *out, struct err *e)
{
	struct store *s = NULL;
	int ret = sqlite_backend.upkeep->open(&s, state, STORE_COPY, e);

	if (ret == 0)
		ret = tombstone_seen(&sqlite_backend, s, out, e);
	sqlite_backend.upkeep->close(s);
	return ret;
}

int restore_take(struct restore *r, const char *state, const struct restore_from *from, struct err *e)
{
	char own[PATH_MAX], given[PATH_MAX], until[WHEN_TEXT], made[WHEN_TEXT];
	const time_t now = when_now();

	*r = (struct restore){.state.fd = -1, .copy.fd = -1};
	if (path_join(own, sizeof own, state, "keys", e) != 0 || backup_read(from->backup, NULL, &r->of, e) != 0 ||
	    (from->keys != NULL && find_keys(from, r->of.site, given, e) != 0))
		return -1;
	when_text(made, r->of.made);
	when_text(until, r->of.until);
	if (from->site != NULL && strcmp(from->site, r->of.site) != 0)
		return err_set(e, ERR_REFUSED, "%s is a backup of the site %s, and this is %s", from->backup, r->of.site, from->site);
	// What was erased since is named only as long as there may be a backup.
	if (r->of.until != 0 && r->of.until <= now)
		return err_set(e, ERR_REFUSED,
			       "%s was to be deleted at %s: who was erased since it was made is named no longer, and would be back; where "
			       "the clock is wrong, set it right",
			       from->backup, until);
	if (r->of.made > now + AHEAD_SECONDS)
		return err_set(e, ERR_REFUSED, "%s was made at %s, which is in the future: set the clock right", from->backup, made);
	if (!from->replace && is_stored(state))
		return err_set(e, ERR_REFUSED, "%s holds a store already, which would be deleted: give --replace if that is meant", state);
	if (folder_make(state, 0750, e) != 0 || sqlite_backend.upkeep->open(&r->alone, state, STORE_ALONE, e) != 0 ||
	    tree_open(&r->state, state, e) != 0 || tree_remove(&r->state, COPY, e) != 0 || tree_enter(&r->copy, &r->state, COPY, e) != 0 ||
	    open_files_move(state, e) != 0)
		return -1;
	if (seen_in(state, &r->named, NULL) != 0)
		r->named = -1;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct tree part TREE_AUTO = {.fd = -1};
		if (parts[i].mode != 0 && tree_enter(&part, &r->copy, parts[i].name, e) != 0)
			return -1;
		if (parts[i].mode != 0 && fchmod(part.fd, parts[i].mode) != 0)
			return err_system(e, ERR_IO, errno, "%s", part.path);
	}
	if (backup_take(from->backup, from->keys != NULL ? given : own, &r->copy, &r->of, e) != 0 ||
	    take_keys(r, from->keys != NULL ? given : NULL, own, e) != 0)
		return -1;
	return take_tombstones(r, from->tombstones, e);
}

// ---- finishing ----

static int run_listed(struct vault *v, void *arg, struct err *e)
{
	return tombstone_restored(v, *(const int64_t *)arg, e);
}

int restore_event(struct vault *v, int64_t *out, struct err *e)
{
	return v->b->upkeep->number_get(v->store, RESTORED, out, e);
}

int restore_unconfirmed(struct vault *v, int64_t *out, struct err *e)
{
	int64_t confirmed;

	if (restore_event(v, out, e) != 0 || v->b->upkeep->number_get(v->store, CONFIRMED, &confirmed, e) != 0)
		return -1;
	if (*out == confirmed)
		*out = 0;
	return 0;
}

int restore_confirm(struct vault *v, const char *officer, struct err *e)
{
	BUF_AUTO struct buf details = BUF_INIT(LEDGER_DETAILS_MAX);
	int64_t of;

	if (restore_unconfirmed(v, &of, e) != 0)
		return -1;
	if (of == 0)
		return err_set(e, ERR_REFUSED, "there is no restore of which anything is to be confirmed");
	JSON_AUTO cJSON *o = json_make(JSON_MEMBERS(MEMBER_NUMBER("restore", of - 1), MEMBER_TEXT("by", officer)));
	if (json_print(&details, o) != 0)
		return err_set(e, ERR_INPUT, "the name is too long");
	const struct ledger_event event = {.name = "restore-confirmed", .details = buf_text(&details)};
	return ledger_append_noting(v, &event, CONFIRMED, of, e);
}

int restore_finish(struct restore *r, const struct policy *p, const char *lost, int (*holds)(struct vault *, struct err *),
		   struct restore_result *out, struct err *e)
{
	char path[PATH_MAX], made[WHEN_TEXT], details[224 + LOST_MAX];
	struct ledger_event event = {.name = "restore", .details = details};
	int64_t before = 0, seen = 0;
	struct vault *v = NULL;
	struct stat log;
	struct err why = {0};
	int ret = -1;

	*out = (struct restore_result){0};
	// Opening it does again what was erased since. No run folder: the files that are there are not its own yet.
	if (seen_in(r->copy.path, &before, e) != 0 || open_restored(&v, r->copy.path, r->copy.path, p, VAULT_ADMIN, e) != 0 ||
	    tombstone_seen(v->b, v->store, &seen, e) != 0 || commit_records(v, run_listed, &before, e) != 0 ||
	    tombstone_missing(v, &out->lacking, e) != 0 || (holds != NULL && holds(v, e) != 0))
		goto cleanup;
	out->again = (uint64_t)(seen - before);
	if (out->lacking == 0 && seen < r->named)
		out->lacking = seen + 1;
	out->blind = r->named < 0 && tombstones_size(r->copy.path) == 0;
	if (vault_prune(v, (struct duration){0}, false, &out->pruned, &why) != 0 && why.code != ERR_REFUSED) {
		err_set(e, why.code, "%s", why.text);
		goto cleanup;
	}
	out->clock_leapt = out->pruned.clock.leapt;
	when_text(made, r->of.made);
	snprintf(details, sizeof details, "{\"made\":\"%s\",\"events\":%llu,\"erasures_again\":%llu%s,\"lost\":%.*s}", made,
		 (unsigned long long)r->of.events, (unsigned long long)out->again,
		 out->lacking != 0 || out->blind ? ",\"erasures_unknown\":true" : "", LOST_MAX,
		 lost != NULL && *lost != '\0' ? lost : "null");
	ret = ledger_append_noting(v, &event, RESTORED, 0, e) != 0 ? -1 : commit_sanitise(v, SANITISE_LOGS, e);
cleanup:
	vault_close(v);
	if (ret != 0 || folder_sync_all(r->copy.path, e) != 0 || path_join(path, sizeof path, r->state.path, open_restoring_file, e) != 0)
		return -1;
	if (fstatat(r->copy.fd, "vault.db-wal", &log, 0) == 0 && log.st_size > 0) // which is not placed
		return err_set(e, ERR_IO, "%s/vault.db cannot be closed", r->copy.path);
	ret = file_write(path, made, strlen(made), 0600, NULL, e);
	if (ret == 0)
		file_own_like(path, r->state.path);
	else
		unlink(path);
	r->ready = ret == 0 || access(path, F_OK) == 0;
	return ret;
}

// ---- placing ----

int restore_begun(struct restore *r, const char *state, struct err *e)
{
	char path[PATH_MAX];

	*r = (struct restore){.state.fd = -1, .copy.fd = -1};
	if (path_join(path, sizeof path, state, open_restoring_file, e) != 0)
		return -1;
	if (access(path, F_OK) != 0)
		return errno == ENOENT ? 0 : err_system(e, ERR_IO, errno, "%s", path);
	r->ready = true;
	return sqlite_backend.upkeep->open(&r->alone, state, STORE_ALONE, e) != 0 || tree_open(&r->state, state, e) != 0 ? -1 : 1;
}

// A part that is not among what was put together any more is in its place.
int restore_place(struct restore *r, struct err *e)
{
	char from[64], path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *name = parts[i].name;
		snprintf(from, sizeof from, "%s/%s", COPY, name);
		if (faccessat(r->state.fd, from, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			continue;
		if (parts[i].mode == 0) { // the store; how many events there were is remembered beside it
			if (tree_remove(&r->state, "vault.db-wal", e) != 0 || tree_remove(&r->state, "vault.db-shm", e) != 0)
				return -1;
			if (path_join(path, sizeof path, r->state.path, "vault.lock", e) != 0 || truncate(path, 0) != 0)
				return err_system(e, ERR_IO, errno, "vault.lock");
		}
		if (tree_remove(&r->state, name, e) != 0)
			return -1;
		if (renameat(r->state.fd, from, r->state.fd, name) != 0)
			return err_system(e, ERR_IO, errno, "%s/%s", r->state.path, name);
	}
	if (folder_sync_all(r->state.path, e) != 0 || tree_remove(&r->state, COPY, e) != 0)
		return -1;
	sqlite_backend.upkeep->close(r->alone);
	r->alone = NULL;
	return 0;
}

int restore_done(const char *state, struct err *e)
{
	char marker[PATH_MAX];

	if (path_join(marker, sizeof marker, state, open_restoring_file, e) != 0)
		return -1;
	return unlink(marker) != 0 && errno != ENOENT ? err_system(e, ERR_IO, errno, "%s", marker) : folder_sync(state, e);
}

void restore_free(struct restore *r)
{
	if (r->state.fd >= 0 && r->alone != NULL && !r->ready)
		tree_remove(&r->state, COPY, NULL);
	tree_close(&r->copy);
	tree_close(&r->state);
	sqlite_backend.upkeep->close(r->alone);
}
