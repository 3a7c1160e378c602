// SPDX-License-Identifier: ISC
// A shim around SQLite's own file layer. It knows, for every file below one folder, what a power cut would leave (only what was synced is
// sure; each other 512-byte sector may be kept, lost or torn), and it can make the n-th operation fail.
//
// Included by a test program; it becomes the default file layer with fault_install().
#ifndef LETHE_TESTS_FAULT_VFS_H
#define LETHE_TESTS_FAULT_VFS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FAULT_FILES = 64, SECTOR = 512 };

struct fault_image {
	uint8_t *bytes;
	size_t len, room;
};
struct fault_tracked {
	char path[PATH_MAX];
	struct fault_image current, durable;
	bool was_durable; // the name itself has been synced
	bool deferred;    // LAZY_LOG: a sync was asked for and put off
};

enum fault_when { FAULT_NEVER, FAULT_ONCE, FAULT_STICKY };

static struct {
	sqlite3_vfs vfs, *real;
	char root[PATH_MAX]; // files below it are tracked; "" none
	struct fault_tracked files[FAULT_FILES];
	size_t count;
	uint64_t operations;                // writes, syncs, truncations and deletions so far
	void (*before)(uint64_t operation); // called before each
	bool lazy_log;                      // as synchronous=NORMAL would: the log is synced only before a checkpoint writes to the file
	bool lies;                          // what is synced is as little durable as before
	enum fault_when when;
	uint64_t at; // operation that fails
	int code;
	uint64_t hits;
	char second[PATH_MAX]; // of files below it, which are not tracked, every operation fails after so many; "": none
	uint64_t second_left;
	uint64_t capacity;          // bytes that all tracked files may take; 0: no limit
	int capacity_error;         // what the system says of more: ENOSPC, or EDQUOT, which SQLite takes for any other error
	uint64_t (*reserved)(void); // bytes that others take of it
	pthread_mutex_t mutex;      // recursive: `before` opens other stores
} fault = {.mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP};

struct fault_file {
	sqlite3_file base;
	struct fault_tracked *tracked;
	bool second;
	sqlite3_file *real; // behind this struct
};

// ---- images ----

static inline void image_resize(struct fault_image *i, size_t len)
{
	if (len > i->room) {
		i->room = len * 2;
		i->bytes = realloc(i->bytes, i->room);
		if (i->bytes == NULL)
			abort();
	}
	if (len > i->len)
		memset(i->bytes + i->len, 0, len - i->len);
	i->len = len;
}

static inline void image_copy(struct fault_image *to, const struct fault_image *from)
{
	image_resize(to, from->len);
	if (from->len > 0)
		memcpy(to->bytes, from->bytes, from->len);
}

static inline bool ends_with(const char *path, const char *end)
{
	size_t a = strlen(path), b = strlen(end);

	return a >= b && strcmp(path + a - b, end) == 0;
}

static inline void image_load(struct fault_tracked *t)
{
	FILE *file = fopen(t->path, "rb");
	struct stat s;

	if (file == NULL)
		return;
	if (fstat(fileno(file), &s) == 0 && s.st_size > 0) {
		image_resize(&t->current, (size_t)s.st_size);
		if (fread(t->current.bytes, 1, t->current.len, file) != t->current.len)
			abort();
	}
	fclose(file);
	image_copy(&t->durable, &t->current);
	t->was_durable = true;
}

// The file by its name; made on first sight, when nothing has it open yet.
static inline struct fault_tracked *tracked(const char *path)
{
	if (path == NULL || fault.root[0] == '\0' || strncmp(path, fault.root, strlen(fault.root)) != 0 || path[strlen(fault.root)] != '/')
		return NULL;
	for (size_t i = 0; i < fault.count; i++)
		if (strcmp(fault.files[i].path, path) == 0)
			return &fault.files[i];
	if (fault.count == FAULT_FILES)
		abort();
	struct fault_tracked *t = &fault.files[fault.count++];
	snprintf(t->path, sizeof t->path, "%s", path);
	image_load(t);
	return t;
}

static inline void fault_forget(void)
{
	for (size_t i = 0; i < fault.count; i++) {
		free(fault.files[i].current.bytes);
		free(fault.files[i].durable.bytes);
	}
	memset(fault.files, 0, sizeof fault.files);
	fault.count = 0;
}

// ---- operations ----

// What the operation must return without being done; SQLITE_OK when it is to be done.
static inline int operation(const struct fault_tracked *t, bool second, bool write)
{
	if (second && fault.second[0] != '\0')
		return fault.second_left == 0 ? SQLITE_IOERR_WRITE : (fault.second_left--, SQLITE_OK);
	if (t == NULL)
		return SQLITE_OK;
	fault.operations++;
	if (fault.before != NULL)
		fault.before(fault.operations);
	bool hit =
	    (fault.when == FAULT_ONCE && fault.operations == fault.at) || (fault.when == FAULT_STICKY && fault.operations >= fault.at);
	if (fault.code == SQLITE_FULL && !write) // only a write can find the disk full: SQLite tells of a sync as of an I/O error
		hit = false;
	fault.hits += hit;
	return hit ? fault.code : SQLITE_OK;
}

static inline bool over_capacity(const struct fault_tracked *t, uint64_t end)
{
	uint64_t used = fault.reserved == NULL ? 0 : fault.reserved();

	if (fault.capacity == 0 || t == NULL || end <= t->current.len)
		return false;
	for (size_t i = 0; i < fault.count; i++)
		used += fault.files[i].current.len;
	return used + end - t->current.len > fault.capacity;
}

static inline void make_durable(struct fault_tracked *t)
{
	image_copy(&t->durable, &t->current);
	t->was_durable = true;
	t->deferred = false;
}

// A checkpoint begins to write to the file: now even a lazy log has been synced.
static inline void sync_deferred(const struct fault_tracked *t)
{
	char log[PATH_MAX + 8];

	snprintf(log, sizeof log, "%s-wal", t->path);
	for (size_t i = 0; i < fault.count; i++)
		if (fault.files[i].deferred && strcmp(fault.files[i].path, log) == 0)
			make_durable(&fault.files[i]);
}

static int fault_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	struct fault_file *file = (struct fault_file *)f;
	struct fault_tracked *t = file->tracked;

	pthread_mutex_lock(&fault.mutex);
	int rc = operation(t, file->second, true);
	if (rc == SQLITE_OK && over_capacity(t, (uint64_t)at + (uint64_t)len))
		rc = fault.capacity_error == EDQUOT ? SQLITE_IOERR_WRITE : SQLITE_FULL;
	const int error = rc == SQLITE_OK ? 0 : fault.capacity_error;
	if (rc == SQLITE_OK)
		rc = file->real->pMethods->xWrite(file->real, bytes, len, at);
	if (rc == SQLITE_OK && t != NULL) {
		sync_deferred(t);
		if ((size_t)at + (size_t)len > t->current.len)
			image_resize(&t->current, (size_t)at + (size_t)len);
		memcpy(t->current.bytes + at, bytes, (size_t)len);
	}
	pthread_mutex_unlock(&fault.mutex);
	if (error != 0)
		errno = error; // for SQLite's xGetLastError
	return rc;
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct fault_file *file = (struct fault_file *)f;

	pthread_mutex_lock(&fault.mutex);
	int rc = operation(file->tracked, file->second, false);
	if (rc == SQLITE_OK)
		rc = file->real->pMethods->xTruncate(file->real, size);
	if (rc == SQLITE_OK && file->tracked != NULL)
		image_resize(&file->tracked->current, (size_t)size);
	pthread_mutex_unlock(&fault.mutex);
	return rc;
}

static int fault_sync(sqlite3_file *f, int flags)
{
	struct fault_file *file = (struct fault_file *)f;

	(void)flags; // the disk below is not what is tested
	pthread_mutex_lock(&fault.mutex);
	int rc = operation(file->tracked, file->second, false);
	if (rc == SQLITE_OK && file->tracked != NULL) {
		if (fault.lies)
			file->tracked->was_durable = true; // of the name alone
		else if (fault.lazy_log && ends_with(file->tracked->path, "-wal"))
			file->tracked->deferred = true;
		else
			make_durable(file->tracked);
	}
	pthread_mutex_unlock(&fault.mutex);
	return rc;
}

#define REAL(f) (((struct fault_file *)(f))->real)
static int fault_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}
static int fault_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), out, len, at);
}
static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}
static int fault_lock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xLock(REAL(f), level);
}
static int fault_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}
static int fault_reserved(sqlite3_file *f, int *out)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}
static int fault_control(sqlite3_file *f, int what, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), what, arg);
}
static int fault_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}
// No promise about atomic or ordered sectors, as the image is made without any; only that a cut leaves bytes alone that were not written,
// which SQLite takes for granted on every system of ours.
static int fault_device(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}
static int fault_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), region, size, extend, out);
}
static int fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}
static void fault_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int fault_shm_unmap(sqlite3_file *f, int remove)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods fault_methods = {
    .iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_device,
    .xShmMap = fault_shm_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_shm_barrier,
    .xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct fault_file *file = (struct fault_file *)f;

	(void)vfs;
	memset(file, 0, sizeof *file);
	file->real = (sqlite3_file *)(file + 1);
	pthread_mutex_lock(&fault.mutex);
	file->tracked = tracked(name);
	file->second = name != NULL && fault.second[0] != '\0' && strncmp(name, fault.second, strlen(fault.second)) == 0;
	pthread_mutex_unlock(&fault.mutex);
	int rc = fault.real->xOpen(fault.real, name, file->real, flags, out_flags);
	if (rc == SQLITE_OK)
		file->base.pMethods = &fault_methods;
	return rc;
}

static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	pthread_mutex_lock(&fault.mutex);
	struct fault_tracked *t = tracked(name);
	int rc = operation(t, false, false);
	if (rc == SQLITE_OK)
		rc = fault.real->xDelete(fault.real, name, sync);
	if (rc == SQLITE_OK && t != NULL) {
		image_resize(&t->current, 0);
		image_resize(&t->durable, 0);
		t->was_durable = false;
	}
	pthread_mutex_unlock(&fault.mutex);
	return rc;
}

static inline void fault_install(void)
{
	if (fault.real != NULL)
		return;
	fault.real = sqlite3_vfs_find(NULL);
	fault.vfs = *fault.real;
	fault.vfs.zName = "fault";
	fault.vfs.pNext = NULL;
	fault.vfs.szOsFile = (int)sizeof(struct fault_file) + fault.real->szOsFile;
	fault.vfs.xOpen = fault_open;
	fault.vfs.xDelete = fault_delete;
	sqlite3_vfs_register(&fault.vfs, 1);
}

// ---- the power cut ----

static inline void cut_sector(struct fault_image *out, const struct fault_tracked *t, size_t at, unsigned *seed)
{
	size_t len = out->len - at < SECTOR ? out->len - at : SECTOR, old = 0, now = 0;
	uint8_t before[SECTOR] = {0}, after[SECTOR] = {0};

	if (at < t->durable.len)
		memcpy(before, t->durable.bytes + at, old = t->durable.len - at < len ? t->durable.len - at : len);
	if (at < t->current.len)
		memcpy(after, t->current.bytes + at, now = t->current.len - at < len ? t->current.len - at : len);
	unsigned choice = (unsigned)rand_r(seed) % 3;
	size_t kept = choice == 0 ? 0 : choice == 1 ? len : (size_t)rand_r(seed) % len;
	if (at >= t->current.len) // it was made shorter, which writes nothing to what is cut off: where its length comes back, so does that
		kept = 0;
	memcpy(out->bytes + at, after, kept);
	memcpy(out->bytes + at + kept, before + kept, len - kept);
}

// Most of a file is on the medium as it is: so much of it from *at on. False: the sector there is not.
static inline bool cut_same(struct fault_image *out, const struct fault_tracked *t, size_t *at)
{
	enum { AT_ONCE = 32 * SECTOR };
	const size_t both = t->current.len < t->durable.len ? t->current.len : t->durable.len, end = out->len < both ? out->len : both;

	for (size_t len = AT_ONCE; len >= SECTOR; len = len == AT_ONCE ? SECTOR : 0) {
		if (*at + len > end || memcmp(t->current.bytes + *at, t->durable.bytes + *at, len) != 0)
			continue;
		memcpy(out->bytes + *at, t->current.bytes + *at, len);
		*at += len - SECTOR;
		return true;
	}
	return false;
}

// Writes over what stands there: making files anew costs more than all the rest.
static inline void cut_write(const char *path, const struct fault_image *image)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, image->bytes, image->len, 0) != (ssize_t)image->len || ftruncate(fd, (off_t)image->len) != 0 ||
	    close(fd) != 0) {
		perror(path);
		abort();
	}
}

// What a power cut leaves of each tracked file; `left`: the file is there.
static struct {
	struct fault_image image;
	bool left;
} fault_after[FAULT_FILES];

// The same bytes give the same number; others do as good as never.
static inline uint64_t fault_hash(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (uint64_t word = len; len > 0; len -= len < sizeof word ? len : sizeof word, at += sizeof word) {
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
		word = 0;
		memcpy(&word, at, len < sizeof word ? len : sizeof word);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
		word = 1;
	}
	return hash;
}

// Draws what the medium may hold if the power goes now. A file that was unlinked without SQLite's knowledge may be back or not. Returns the hash of
// all of it.
static inline uint64_t fault_cut(unsigned seed)
{
	uint64_t hash = fault.count;

	for (size_t i = 0; i < fault.count; i++) {
		const struct fault_tracked *t = &fault.files[i];
		struct fault_image *out = &fault_after[i].image;
		const bool there = access(t->path, F_OK) == 0;
		fault_after[i].left = !ends_with(t->path, "-shm") && (there || (t->was_durable && rand_r(&seed) % 2 == 0)) &&
				      (t->was_durable || rand_r(&seed) % 2 == 0);
		hash = fault_hash(hash, &fault_after[i].left, sizeof fault_after[i].left);
		if (!fault_after[i].left)
			continue;
		image_resize(out, 0);
		image_resize(out, there && rand_r(&seed) % 2 ? t->current.len : t->durable.len);
		if (!there) {
			image_copy(out, &t->durable);
		} else {
			for (size_t at = 0; at < out->len; at += SECTOR)
				if (!cut_same(out, t, &at))
					cut_sector(out, t, at, &seed);
		}
		hash = fault_hash(hash, &out->len, sizeof out->len);
		hash = fault_hash(hash, out->bytes, out->len);
	}
	return hash;
}

// Puts it into a folder.
static inline void fault_cut_write(const char *to)
{
	for (size_t i = 0; i < fault.count; i++) {
		char path[2 * PATH_MAX];
		snprintf(path, sizeof path, "%s%s", to, fault.files[i].path + strlen(fault.root));
		if (fault_after[i].left)
			cut_write(path, &fault_after[i].image);
		else
			unlink(path);
	}
}

#endif
