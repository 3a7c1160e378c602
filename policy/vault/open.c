// SPDX-License-Identifier: ISC
// Opening and closing, and the ballast. Open after fork, and with file descriptors 0 to 2 in use: SQLite's locks do not survive a fork,
// and a message written to descriptor 2 must never land in a store.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int state_path(const struct vault *v, char out[PATH_MAX], const char *name, struct err *e)
{
	return path_join(out, PATH_MAX, v->state, name, e);
}

// The officer may run `lethe` as root; the programs must still be able to write what it makes. A link is not followed: where they may write,
// they could make one that leads out.
void own_like_state(const struct vault *v, const char *path)
{
	struct stat folder;

	if (geteuid() != 0 || stat(v->state, &folder) != 0 || folder.st_uid == 0)
		return;
	if (lchown(path, folder.st_uid, folder.st_gid) != 0)
		fprintf(stderr, "lethe: %s cannot be given to the owner of %s\n", path, v->state);
}

// SQLite makes what stands beside a database (-wal, -shm) with the database's own mode and owner: so it must be right before SQLite comes.
static int begin_file(const struct vault *v, const char *path, struct err *e)
{
	bool made;

	if (file_begin(path, 0600, &made, e) != 0)
		return -1;
	if (made)
		own_like_state(v, path);
	return 0;
}

bool vault_broken(const struct vault *v)
{
	return atomic_load(&v->broken);
}

const struct policy *vault_policy(const struct vault *v)
{
	return v->policy;
}

// ---- ballast ----

bool ballast_release(struct vault *v)
{
	struct stat st;
	char path[PATH_MAX];

	// Emptied, not unlinked: a program may change the files of the stores, but make and remove none in the state folder.
	if (state_path(v, path, "ballast", NULL) != 0 || stat(path, &st) != 0 || st.st_size == 0)
		return false;
	FD_AUTO int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0;
}

// Written, not only allocated, so that the space is really taken; a smaller one than asked for is of no use.
void ballast_fill(struct vault *v)
{
	static const char zeros[64 * 1024];
	char path[PATH_MAX];

	if (state_path(v, path, "ballast", NULL) != 0)
		return;
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool full = false;
	if (fd < 0)
		return;
	if (fstat(fd, &st) != 0 || st.st_size != 0) { // it is there
		fd_close(&fd);
		return;
	}
	for (int i = 0; i < BALLAST_BYTES / (int)sizeof zeros && !full; i++)
		full = fd_write_all(fd, zeros, sizeof zeros) != 0;
	if (fsync(fd) != 0)
		full = true;
	if (full && ftruncate(fd, 0) != 0)
		fprintf(stderr, "lethe: %s takes space that is needed\n", path);
	fd_close(&fd);
	own_like_state(v, path);
}

// ---- opening ----

static int make_folders(struct vault *v, struct err *e)
{
	static const char *const names[] = {"keys", "log"};
	char path[PATH_MAX];

	if (folder_make(v->state, 0750, e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (state_path(v, path, names[i], e) != 0 || folder_make(path, 0750, e) != 0)
			return -1;
		own_like_state(v, path);
	}
	return 0;
}

static int set_paths(struct vault *v, const char *state, const char *run, struct err *e)
{
	if (snprintf(v->state, sizeof v->state, "%s", state) >= PATH_MAX)
		return err_set(e, ERR_INPUT, "the state folder's path is too long");
	return path_join(v->spool, sizeof v->spool, run, "spool", e);
}

static int lock_failed(const struct vault *v, const char *path, struct err *e)
{
	return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "no store in %s; run: lethe keys init", v->state)
			       : err_system(e, ERR_IO, errno, "%s", path);
}

static int open_locks(struct vault *v, struct err *e)
{
	struct lane *records = &v->lanes[LANE_RECORDS], *log = &v->lanes[LANE_LOG];
	char path[PATH_MAX];

	if (state_path(v, path, "vault.lock", e) != 0)
		return -1;
	if (v->mode == VAULT_ADMIN && begin_file(v, path, e) != 0)
		return -1;
	records->lock_fd = open(path, O_RDWR | O_CLOEXEC);
	if (records->lock_fd < 0)
		return lock_failed(v, path, e);
	if (state_path(v, path, "log", e) != 0)
		return -1;
	log->lock_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return log->lock_fd < 0 ? lock_failed(v, path, e) : 0;
}

static int open_one(struct vault *v, struct store **out, enum store_file file, const char *name, enum store_access how, struct err *e)
{
	char path[PATH_MAX];

	if (state_path(v, path, name, e) != 0)
		return -1;
	if (how == STORE_CREATE && begin_file(v, path, e) != 0)
		return -1;
	return store_open(out, file, path, how, e);
}

static void close_stores(struct vault *v)
{
	store_close(&v->write.vault);
	store_close(&v->write.keys);
	store_close(&v->read.vault);
	store_close(&v->read.keys);
}

static int open_stores(struct vault *v, struct err *e)
{
	enum store_access how = v->mode == VAULT_ADMIN ? STORE_CREATE : STORE_WRITE;

	if (open_one(v, &v->write.vault, STORE_VAULT, "vault.db", how, e) != 0 ||
	    open_one(v, &v->write.keys, STORE_KEYS, "keys/keys.db", how, e) != 0 ||
	    open_one(v, &v->read.vault, STORE_VAULT, "vault.db", STORE_READ, e) != 0 ||
	    open_one(v, &v->read.keys, STORE_KEYS, "keys/keys.db", STORE_READ, e) != 0) {
		close_stores(v);
		return -1;
	}
	return 0;
}

// On a full disk even opening fails, for want of the shared index; then the ballast makes room.
static int open_with_room(struct vault *v, struct err *e)
{
	struct err why = {0};

	if (open_stores(v, &why) == 0)
		return 0;
	if (why.code == ERR_FULL && ballast_release(v))
		return open_stores(v, e);
	return err_set(e, why.code, "%s", why.text);
}

static int open_locked(struct vault *v, struct err *e)
{
	struct alone alone;

	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = key_load_master(v, v->mode == VAULT_ADMIN, e) != 0 || open_with_room(v, e) != 0 || key_load_system(v, e) != 0 ? -1 : 0;
	if (ret == 0 && v->mode == VAULT_ADMIN) {
		ret = checkpoint_key_make(v, e);
		ballast_fill(v);
	}
	commit_release(v, &alone);
	// Programs start seldom, and after a crash: the moment to look. The officer's command runs every minute.
	if (ret == 0 && v->mode == VAULT_PROGRAM)
		ret = store_check(v->read.vault, e) != 0 || store_check(v->read.keys, e) != 0 ? -1 : 0;
	return ret;
}

static struct vault *new_vault(const struct policy *p, enum vault_mode mode)
{
	struct vault *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->policy = p;
	v->mode = mode;
	for (int i = 0; i < LANE_COUNT; i++) {
		v->lanes[i].lock_fd = -1;
		pthread_mutex_init(&v->lanes[i].mutex, NULL);
	}
	// Held for the microseconds of a look-up: waiting awake is cheaper than being put to sleep.
	pthread_mutexattr_t brief;
	pthread_mutexattr_init(&brief);
	pthread_mutexattr_settype(&brief, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&v->read.mutex, &brief);
	pthread_mutexattr_destroy(&brief);
	return v;
}

int vault_open(struct vault **out, const char *state, const char *run, const struct policy *p, enum vault_mode mode, struct err *e)
{
	struct vault *v = new_vault(p, mode);

	*out = NULL;
	if (v == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	if (set_paths(v, state, run, e) != 0 || (mode == VAULT_ADMIN && make_folders(v, e) != 0) || open_locks(v, e) != 0 ||
	    open_locked(v, e) != 0) {
		vault_close(v);
		return -1;
	}
	// Only a program makes the spool: an officer's command that is given the wrong run folder must not take it for an empty spool.
	if (mode == VAULT_PROGRAM)
		folder_make(v->spool, 0750, NULL);
	*out = v;
	return 0;
}

void vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	log_segment_close(v);
	close_stores(v);
	for (int i = 0; i < LANE_COUNT; i++) {
		fd_close(&v->lanes[i].lock_fd);
		pthread_mutex_destroy(&v->lanes[i].mutex);
	}
	pthread_mutex_destroy(&v->read.mutex);
	wipe(v, sizeof *v);
	free(v);
}
