// SPDX-License-Identifier: ISC
// Opening and closing.
#include "policy/vault/open.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/commit.h"
#include "policy/vault/erase.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/request_log.h"
#include "policy/vault/segment.h"
#include "policy/vault/space_reserve.h"
#include "policy/vault/tombstone.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char open_restoring_file[] = "restoring";

bool vault_broken(const struct vault *v)
{
	return atomic_load(&v->broken);
}

const char *vault_spool(const struct vault *v, bool *on_disk)
{
	*on_disk = v->spool == v->spools[SPOOL_DISK];
	return v->spool;
}

const struct policy *vault_policy(const struct vault *v)
{
	return v->policy;
}

int open_files_move(const char *state, struct err *e)
{
	static const char *const moved[][2] = {{"keys/ledger.key.next", "keys/signer/ledger.key.next"},
					       {"keys/ledger.key", "keys/signer/ledger.key"},
					       {"check.json", "officer/check.json"},
					       {"agents.json", "officer/agents.json"}};
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
		if (path_join(from, sizeof from, state, moved[i][0], e) != 0 || path_join(to, sizeof to, state, moved[i][1], e) != 0)
			return -1;
		// Where both are there, one was put back by hand: neither is destroyed, and `lethe check` names the one that is not used.
		if (access(from, F_OK) != 0 || access(to, F_OK) == 0)
			continue;
		char *const slash = strrchr(to, '/');
		*slash = '\0';
		if (folder_make(to, 0700, e) != 0)
			return -1;
		file_own_like(to, state);
		*slash = '/';
		if (rename(from, to) != 0)
			return err_system(e, ERR_IO, errno, "%s cannot be moved to %s", from, to);
		*slash = *strrchr(from, '/') = '\0';
		if (folder_sync(to, e) != 0 || folder_sync(from, e) != 0)
			return -1;
	}
	return 0;
}

static int open_store(struct vault *v, struct err *e)
{
	// The officer's command runs every minute: looking the files over after a crash is for the program that starts first.
	static const enum store_access accesses[] = {
	    [VAULT_PROGRAM] = STORE_SERVE, [VAULT_LOOK] = STORE_LOOK, [VAULT_ADMIN] = STORE_CREATE};
	struct commit_alone alone ALONE_AUTO = {0};
	struct err why = {0};
	int ret;

	// On a full disk even opening fails.
	do
		ret = v->b->upkeep->open(&v->store, v->state, accesses[v->mode], &why);
	while (ret != 0 && why.code == ERR_FULL && space_reserve(v->state, false));
	if (ret != 0)
		return err_set(e, why.code, "%s", why.text);
	if (commit_alone(v, &alone, e) != 0)
		return -1;
	// A program of an installed site does not get to the signer's folder, and who looks may not write: then the next officer's command does it.
	if ((open_files_move(v->state, v->mode == VAULT_ADMIN ? e : NULL) != 0 && v->mode == VAULT_ADMIN) || key_load(v, e) != 0)
		return -1;
	if (v->mode != VAULT_ADMIN)
		return 0;
	ret = ledger_key_make(v, e);
	space_reserve(v->state, true);
	return ret;
}

int open_restored(struct vault **out, const char *state, const char *run, const struct policy *p, enum vault_mode mode, struct err *e)
{
	struct vault *v = calloc(1, sizeof *v);

	*out = NULL;
	if (v == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	v->policy = p;
	v->lives = (int64_t)life_fingerprint(p);
	v->segment_level = SEGMENT_LEVEL;
	v->scan_at_once = SCAN_AT_ONCE_MAX;
	v->mode = mode;
	v->spool = v->spools[p->kinds[KIND_ARCHIVE].place == PLACE_DISK ? SPOOL_DISK : SPOOL_MEMORY];
	v->b = &sqlite_backend;
	v->lanes[LANE_RECORDS].hooks = &ledger_hooks;
	v->lanes[LANE_LOG].hooks = &request_log_hooks;
	for (int i = 0; i < LANE_COUNT; i++)
		pthread_mutex_init(&v->lanes[i].mutex, NULL);
	pthread_mutex_init(&v->lookups.mutex, NULL);
	if (snprintf(v->state, sizeof v->state, "%s", state) >= PATH_MAX)
		err_set(e, ERR_INPUT, "the state folder's path is too long");
	else if (path_join(v->spools[SPOOL_MEMORY], PATH_MAX, run, "spool", e) == 0 &&
		 path_join(v->spools[SPOOL_DISK], PATH_MAX, state, "spool", e) == 0 && open_store(v, e) == 0)
		*out = v;
	if (*out == NULL) {
		vault_close(v);
		return -1;
	}
	// Only a program makes the spool: an officer's command that is given the wrong run folder must not take it for an empty spool.
	if (mode == VAULT_PROGRAM)
		folder_make(v->spool, 0750, NULL);
	// Nobody reads what was erased, whatever brought it back. A look changes nothing.
	if (mode != VAULT_LOOK && (tombstone_folder(state, p, e) != 0 || erase_again_all(v, e) != 0)) {
		vault_close(v);
		*out = NULL;
		return -1;
	}
	return 0;
}

int vault_open(struct vault **out, const char *state, const char *run, const struct policy *p, enum vault_mode mode, struct err *e)
{
	char path[PATH_MAX];

	*out = NULL;
	if (path_join(path, sizeof path, state, open_restoring_file, e) != 0)
		return -1;
	if (access(path, F_OK) == 0)
		return err_set(e, ERR_UNAVAILABLE, "%s is there: the stores are being restored, and not done; run lethe restore again",
			       path);
	return open_restored(out, state, run, p, mode, e);
}

int vault_rotate_master(struct vault *v, uint64_t *count, struct err *e)
{
	struct commit_alone alone ALONE_AUTO = {0};
	char details[64];
	const struct ledger_event event = {.name = "keys", .details = details};

	if (commit_alone(v, &alone, e) != 0 || key_rotate(v, count, e) != 0)
		return -1;
	commit_release(&alone);
	snprintf(details, sizeof details, "{\"rotated\":\"master\",\"keys\":%llu}", (unsigned long long)*count);
	return ledger_append(v, &event, e);
}

void vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	v->b->upkeep->close(v->store);
	for (int i = 0; i < LANE_COUNT; i++)
		pthread_mutex_destroy(&v->lanes[i].mutex);
	pthread_mutex_destroy(&v->lookups.mutex);
	wipe(v, sizeof *v);
	free(v);
}
