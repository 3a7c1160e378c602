// SPDX-License-Identifier: ISC
#include "policy/vault/restore.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/open.h"
#include "policy/vault/signed_note.h"
#include "policy/vault/tombstone.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOST_MAX = 2048 };
static const char INCOMING[] = "restoring.new", RESTORED[] = "restored", CONFIRMED[] = "restore-confirmed";

// ---- placing ----

struct placing {
	const char *state, *backup;
	char incoming[PATH_MAX];
};

static int path_to(const char *folder, const char *name, char out[PATH_MAX], bool make, struct err *e)
{
	char parent[PATH_MAX];

	if (path_join(out, PATH_MAX, folder, name, e) != 0)
		return -1;
	snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(out, '/') - out), out);
	if (!make)
		return 0;
	if (folder_make(parent, 0750, e) != 0)
		return -1;
	file_own_like(parent, folder);
	return 0;
}

static int take_in(void *arg, const char *name, struct err *e)
{
	const struct placing *p = arg;
	char from[PATH_MAX], to[PATH_MAX], sha256[2 * HASH_LEN + 1];
	uint64_t bytes;

	return path_join(from, sizeof from, p->backup, name, e) != 0 || path_to(p->incoming, name, to, true, e) != 0 ||
		       backup_copy_file(from, to, sha256, &bytes, e) != 0
		   ? -1
		   : 0;
}

// vault.db comes last: without it nobody takes the rest for stores.
static int put_in_place(void *arg, const char *name, struct err *e)
{
	const struct placing *p = arg;
	char from[PATH_MAX], to[PATH_MAX];

	if (strcmp(name, "vault.db") == 0)
		return 0;
	if (path_join(from, sizeof from, p->incoming, name, e) != 0 || path_to(p->state, name, to, true, e) != 0)
		return -1;
	if (rename(from, to) != 0)
		return err_system(e, ERR_IO, errno, "%s", to);
	file_own_like(to, p->state);
	return strncmp(name, "policy/", 7) == 0 ? (chmod(to, 0644), 0) : 0;
}

static bool is_stored(const char *state)
{
	static const char *const parts[] = {"vault.db", "log", "ledger"};
	char path[PATH_MAX];
	struct stat status;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (path_join(path, sizeof path, state, parts[i], NULL) == 0 && stat(path, &status) == 0 &&
		    (S_ISDIR(status.st_mode) ? folder_bytes(path) > 0 : status.st_size > 0))
			return true;
	return false;
}

static int remove_stored(const char *state, struct err *e)
{
	static const char *const parts[] = {"vault.db", "vault.db-wal", "vault.db-shm", "log", "ledger", "policy"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (path_join(path, sizeof path, state, parts[i], e) != 0 || backup_remove(path, e) != 0)
			return -1;
	// Which remembers how many events there were.
	if (path_join(path, sizeof path, state, "vault.lock", e) != 0 || truncate(path, 0) != 0)
		return err_system(e, ERR_IO, errno, "vault.lock");
	return 0;
}

static int place_keys(const struct placing *p, const char *keys, struct err *e)
{
	char from[PATH_MAX], to[PATH_MAX], beside[PATH_MAX + 8], sha256[2 * HASH_LEN + 1];
	static const char *const left[] = {"keys/keys.db-wal", "keys/keys.db-shm"};
	struct err why = {0};
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		if (path_join(to, sizeof to, p->state, left[i], e) != 0 || (unlink(to) != 0 && errno != ENOENT))
			return err_system(e, ERR_IO, errno, "%s", to);
	for (size_t i = 0; backup_key_files[i] != NULL; i++) {
		char name[64];
		snprintf(name, sizeof name, "keys/%s", backup_key_files[i]);
		if (path_join(from, sizeof from, keys, backup_key_files[i], e) != 0 || path_to(p->state, name, to, true, e) != 0)
			return -1;
		snprintf(beside, sizeof beside, "%s.new", to);
		if (backup_copy_file(from, beside, sha256, &bytes, &why) != 0) {
			if (i > 0 && why.code == ERR_NOT_FOUND) {
				why = (struct err){0};
				continue;
			}
			return err_set(e, why.code, "%s", why.text);
		}
		if (rename(beside, to) != 0)
			return err_system(e, ERR_IO, errno, "%s", to);
		file_own_like(to, p->state);
	}
	return path_join(to, sizeof to, p->state, "keys", e) != 0 ? -1 : folder_sync(to, e);
}

// The longer of the two names what the shorter does, unless that has expired.
static int place_tombstones(const struct placing *p, const char *copy, struct err *e)
{
	char to[PATH_MAX], beside[PATH_MAX + 8], sha256[2 * HASH_LEN + 1];
	uint64_t bytes;

	if (copy == NULL || path_join(to, sizeof to, p->state, tombstone_file, e) != 0)
		return copy == NULL ? 0 : -1;
	if (access(copy, R_OK) != 0)
		return err_system(e, ERR_IO, errno, "%s", copy);
	if (tombstone_last(copy) <= tombstone_last(to))
		return 0;
	snprintf(beside, sizeof beside, "%s", to);
	*strrchr(beside, '/') = '\0';
	if (folder_make(beside, 0700, e) != 0)
		return -1;
	file_own_like(beside, p->state);
	snprintf(beside, sizeof beside, "%s.new", to);
	if (backup_copy_file(copy, beside, sha256, &bytes, e) != 0)
		return -1;
	if (rename(beside, to) != 0)
		return err_system(e, ERR_IO, errno, "%s", to);
	file_own_like(to, p->state);
	return 0;
}

static void end_alone(struct store **alone)
{
	sqlite_backend.upkeep->close(*alone);
}

int restore_place(const char *state, const struct restore_from *from, struct backup_facts *out, struct err *e)
{
	struct placing p = {.state = state, .backup = from->backup};
	struct buf key BUF_AUTO = BUF_INIT(NOTE_KEY_MAX + 2);
	char marker[PATH_MAX], path[PATH_MAX], keys[PATH_MAX] = "", to[PATH_MAX];
	struct err none = {0};
	__attribute__((cleanup(end_alone))) struct store *alone = NULL; // nobody opens them meanwhile
	const char *name = strrchr(from->backup, '/');

	if (from->keys != NULL) { // the folder of the copy, or the one that was named when it was made
		if (path_join(path, sizeof path, from->keys, "keys.db", e) != 0 || backup_read(from->backup, NULL, out, e) != 0)
			return -1;
		snprintf(keys, sizeof keys, "%s", from->keys);
		if (access(path, R_OK) != 0 && strchr(out->site, '/') == NULL && backup_keys_path(out->site, from->keys, keys, e) != 0)
			return -1;
		if (path_join(to, sizeof to, keys, "keys.db", e) != 0)
			return -1;
		if (access(to, R_OK) != 0)
			return err_set(e, ERR_INPUT, "%s holds no copy of the keys of the site %s: neither %s nor %s can be read",
				       from->keys, out->site, path, to);
	}
	if (path_join(path, sizeof path, from->keys != NULL ? keys : state, from->keys != NULL ? "ledger.pub" : "keys/ledger.pub", e) != 0)
		return -1;
	const bool has_key = file_read(path, &key, &none) == 0;
	if (backup_check(from->backup, has_key ? buf_text(&key) : NULL, out, e) != 0)
		return -1;
	if (from->site != NULL && strcmp(from->site, out->site) != 0)
		return err_set(e, ERR_REFUSED, "%s is a backup of the site %s, and this is %s", from->backup, out->site, from->site);
	if (path_join(marker, sizeof marker, state, open_restoring_file, e) != 0 ||
	    path_join(p.incoming, sizeof p.incoming, state, INCOMING, e) != 0 || folder_make(state, 0750, e) != 0)
		return -1;
	const bool again = access(marker, F_OK) == 0;
	if (!again && !from->replace && is_stored(state))
		return err_set(e, ERR_REFUSED, "%s holds a store already, which would be deleted: give --replace if that is meant", state);
	if (sqlite_backend.upkeep->open(&alone, state, STORE_ALONE, e) != 0 || backup_remove(p.incoming, e) != 0)
		return -1;
	char line[256 + LOST_MAX];
	snprintf(line, sizeof line, "%.200s\n%.*s\n", name != NULL ? name + 1 : from->backup, LOST_MAX,
		 from->lost != NULL ? from->lost : "");
	if (folder_make(p.incoming, 0700, e) != 0 || (!again && file_write(marker, line, strlen(line), 0600, NULL, e) != 0))
		return -1;
	file_own_like(marker, state);
	// Beside what is there, which goes only when all of it is here.
	if (backup_files(from->backup, take_in, &p, e) != 0 || folder_sync_all(p.incoming, e) != 0)
		return -1;
	if (remove_stored(state, e) != 0 || path_to(state, "log/", path, true, e) != 0 || path_to(state, "keys/", path, true, e) != 0 ||
	    (from->keys != NULL && place_keys(&p, keys, e) != 0) || place_tombstones(&p, from->tombstones, e) != 0 ||
	    backup_files(from->backup, put_in_place, &p, e) != 0 || path_join(path, sizeof path, p.incoming, "vault.db", e) != 0 ||
	    path_join(to, sizeof to, state, "vault.db", e) != 0 || folder_sync_all(state, e) != 0)
		return -1;
	if (rename(path, to) != 0)
		return err_system(e, ERR_IO, errno, "%s", to);
	file_own_like(to, state);
	return backup_remove(p.incoming, e) != 0 ? -1 : folder_sync(state, e);
}

int restore_begun(const char *state, struct buf *lost, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(2 * LOST_MAX);
	char path[PATH_MAX];
	struct err why = {0};

	if (path_join(path, sizeof path, state, open_restoring_file, e) != 0)
		return -1;
	if (file_read(path, &text, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	const char *second = strchr(buf_text(&text), '\n');
	if (second != NULL)
		buf_add(lost, second + 1, strcspn(second + 1, "\n"));
	return 1;
}

// ---- finishing ----

struct restored {
	const struct ledger_event *event;
};

static int run_restored(struct vault *v, void *arg, struct err *e)
{
	const struct restored *r = arg;
	uint64_t index;

	return ledger_write(v, r->event, &index, e) != 0 || tombstone_restored(v, e) != 0
		   ? -1
		   : v->b->upkeep->number_set(v->store, RESTORED, (int64_t)index + 1, e);
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

struct confirming {
	const struct ledger_event *event;
	int64_t of;
};

static int run_confirm(struct vault *v, void *arg, struct err *e)
{
	const struct confirming *c = arg;

	return ledger_write(v, c->event, NULL, e) != 0 ? -1 : v->b->upkeep->number_set(v->store, CONFIRMED, c->of, e);
}

int restore_confirm(struct vault *v, const char *officer, struct err *e)
{
	char details[160], by[128];
	const struct ledger_event event = {.name = "restore-confirmed", .details = details};
	struct confirming c = {.event = &event};
	struct op op = {.lane = LANE_RECORDS, .run = run_confirm, .arg = &c};

	if (restore_unconfirmed(v, &c.of, e) != 0)
		return -1;
	if (c.of == 0)
		return err_set(e, ERR_REFUSED, "there is no restore of which anything is to be confirmed");
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	snprintf(by, sizeof by, "%s", officer);
	cJSON_AddNumberToObject(o, "restore", (double)(c.of - 1));
	cJSON_AddStringToObject(o, "by", by);
	if (!cJSON_PrintPreallocated(o, details, sizeof details, false))
		return err_set(e, ERR_INPUT, "the name is too long");
	return ledger_check(&event, e) != 0 ? -1 : commit_run(v, &op, e);
}

static int64_t seen_number(struct vault *v)
{
	int64_t out = 0;

	(void)v->b->upkeep->number_get(v->store, "tombstone", &out, NULL);
	return out;
}

int restore_finish(const char *state, const char *run, const struct policy *p, const struct backup_facts *from, const char *lost,
		   int (*holds)(struct vault *, struct err *), struct restore_result *out, struct vault **vault, struct err *e)
{
	char marker[PATH_MAX], made[WHEN_TEXT], details[160 + LOST_MAX];
	const struct ledger_event event = {.name = "restore", .details = details};
	struct restored restored = {&event};
	struct op op = {.lane = LANE_RECORDS, .run = run_restored, .arg = &restored};
	struct vault *v;
	struct err why = {0};

	*out = (struct restore_result){0};
	*vault = NULL;
	if (path_join(marker, sizeof marker, state, open_restoring_file, e) != 0 || open_restored(&v, state, run, p, VAULT_LOOK, e) != 0)
		return -1;
	const int64_t before = seen_number(v);
	vault_close(v);
	// Opening it does again what was erased since.
	if (open_restored(&v, state, run, p, VAULT_ADMIN, e) != 0)
		return -1;
	out->again = (uint64_t)(seen_number(v) - before);
	int ret = holds != NULL ? holds(v, e) : 0;
	if (ret == 0 && vault_prune(v, (struct duration){0}, false, &out->pruned, &why) != 0 && why.code != ERR_REFUSED)
		ret = err_set(e, why.code, "%s", why.text);
	out->clock_leapt = out->pruned.clock.leapt;
	when_text(made, from->made);
	snprintf(details, sizeof details, "{\"made\":\"%s\",\"events\":%llu,\"erasures_again\":%llu,\"lost\":%.*s}", made,
		 (unsigned long long)from->events, (unsigned long long)out->again, LOST_MAX, lost != NULL && *lost != '\0' ? lost : "null");
	if (ret == 0)
		ret = commit_run(v, &op, e);
	if (ret == 0 && unlink(marker) != 0 && errno != ENOENT)
		ret = err_system(e, ERR_IO, errno, "%s", marker);
	if (ret == 0)
		ret = folder_sync(state, e);
	if (ret == 0)
		*vault = v;
	else
		vault_close(v);
	return ret;
}
