// SPDX-License-Identifier: ISC
#include "policy/picture/archive.h"
#include "policy/base/buf.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char temporary[] = "new-"; // prefix of a file that no record owns yet
enum { DESCRIPTOR_MS = 20, DESCRIPTORS_MS = 10 * 1000 };

int archive_sweep(const char *folder, int *lock, struct err *e)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;

	if (d == NULL)
		return err_system(e, ERR_IO, errno, "cannot read the spool folder %s", folder);
	*lock = fcntl(dirfd(d), F_DUPFD_CLOEXEC, 3);
	bool alone = *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0;
	while (alone && (entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, temporary, sizeof temporary - 1) == 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	closedir(d);
	return *lock >= 0 && flock(*lock, LOCK_SH | LOCK_NB) == 0 ? 0
								  : err_system(e, ERR_IO, errno, "cannot lock the spool folder %s", folder);
}

static int archive_failed(struct err *e, const char *what)
{
	return err_system(e, err_is_full(errno) ? ERR_FULL : ERR_IO, errno, "cannot %s the archive", what);
}

// A new file under a temporary name in the folder; -1 with errno.
static int temporary_file(char *path, size_t size, const char *folder)
{
	unsigned char random[16];
	char name[sizeof temporary + 2 * sizeof random] = "new-";

	random_bytes(random, sizeof random);
	hex_encode(name + sizeof temporary - 1, random, sizeof random);
	if (path_join(path, size, folder, name, NULL) != 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
}

// Thousands of sets wait for their first picture: meanwhile they keep no descriptor for their file.
static void archive_rest(struct archive_file *a)
{
	if (a->count == 0 && a->open == 0)
		fd_close(&a->file.fd);
}

// Where all descriptors are in use, pictures of others that end give some back; what came of this one is not lost by it.
static int archive_wake(struct archive_file *a)
{
	for (unsigned waited = 0; a->file.fd < 0; waited += DESCRIPTOR_MS) {
		a->file.fd = open(a->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (a->file.fd < 0 && ((errno != EMFILE && errno != ENFILE) || waited >= DESCRIPTORS_MS))
			return -1;
		if (a->file.fd < 0)
			poll(NULL, 0, DESCRIPTOR_MS);
	}
	return 0;
}

int archive_begin(struct archive_file *a, const char *folder, bool sealed, time_t date, struct err *e)
{
	*a = ARCHIVE_INIT;
	a->date = date;
	sealed_file_begin(&a->file, temporary_file(a->path, sizeof a->path, folder), sealed);
	if (a->file.fd < 0) {
		a->path[0] = '\0';
		return archive_failed(e, "create");
	}
	// The web server's group reads it; the umask of the programs would forbid that.
	if (fchmod(a->file.fd, 0640) != 0)
		return archive_failed(e, "create");
	archive_rest(a);
	return 0;
}

// ---- the format: APPNOTE.TXT 4.3.7 (before each entry), 4.3.12 (its line of the listing), 4.3.16 (the end) ----

enum {
	BEFORE_LEN = 30, // without name and time
	TIME_LEN = 9,
	ADD_AT_ONCE_MAX = 16 * 1024, // of an entry whose bytes are there at once
	VERSION = 10,                // stored files are known since 1.0
	MADE_BY = 3,                 // Unix: the mode below counts
	MODE = 0100644               // a regular file
};

static void le_add(struct buf *out, uint64_t value, unsigned bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		buf_addc(out, (char)(value & 0xff));
}

// What both forms of an entry share, from the version that is needed to the length of the extra field.
static void entry_facts_add(struct buf *out, time_t date, uint32_t crc, uint64_t len, const char *name)
{
	struct tm t = {0};

	gmtime_r(&date, &t);
	if (t.tm_year < 80) // where the format's time begins
		t = (struct tm){.tm_year = 80, .tm_mday = 1};
	le_add(out, VERSION, 2);
	le_add(out, 0, 4); // no flags; stored
	le_add(out, (unsigned)(t.tm_hour << 11 | t.tm_min << 5 | t.tm_sec / 2), 2);
	le_add(out, (unsigned)((t.tm_year - 80) << 9 | (t.tm_mon + 1) << 5 | t.tm_mday), 2);
	le_add(out, crc, 4);
	le_add(out, len, 4);
	le_add(out, len, 4);
	le_add(out, strlen(name), 2);
	le_add(out, TIME_LEN, 2);
}

// The name, and the time again, in UTC.
static void entry_name_add(struct buf *out, time_t date, const char *name)
{
	buf_adds(out, name);
	buf_add(out, "UT\5\0\1", 5);
	le_add(out, (uint64_t)date, 4);
}

static uint64_t entry_before_len(const struct archive_entry *en)
{
	return BEFORE_LEN + strlen(en->name) + TIME_LEN;
}

// ---- entries ----

// A file of the spool for one entry. Without a name, so that nobody else owns it and nothing stays of it.
static int entry_file(const struct archive_file *a, struct sealed_file *out)
{
	char folder[sizeof a->path], path[sizeof a->path];

	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(a->path, '/') - a->path), a->path);
	int fd = temporary_file(path, sizeof path, folder);
	if (fd >= 0)
		unlink(path);
	sealed_file_begin(out, fd, a->file.sealed);
	return fd >= 0 ? 0 : -1;
}

static const struct sealed_file *entry_place(const struct archive_entry *en, uint64_t *start)
{
	*start = en->file.fd < 0 ? en->archive->end + entry_before_len(en) : 0;
	return en->file.fd < 0 ? &en->archive->file : &en->file;
}

int archive_entry_open(struct archive_file *a, struct archive_entry *en, const char *name, struct err *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *base = strncmp(name, "images/", 7) == 0 ? name + 7 : strncmp(name, "thumbnails/", 11) == 0 ? name + 11 : name;
	size_t len = strlen(base);

	*en = (struct archive_entry){.file = SEALED_FILE_INIT};
	if (len == 0 || len > 64 || strspn(base, allowed) != len || base[0] == '.' || base[0] == '-')
		return err_set(e, ERR_INPUT, "a name in the archive is not allowed");
	if (a->count + a->open >= ARCHIVE_ENTRIES_MAX)
		return err_set(e, ERR_MEMORY, "the archive would have too many entries");
	if (archive_wake(a) != 0)
		return archive_failed(e, "open");
	if (a->finished == NULL && (a->finished = calloc(ARCHIVE_ENTRIES_MAX, sizeof a->finished[0])) == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the archive");
	if (a->open == 0) {
		a->in_place = en;
	} else if (entry_file(a, &en->file) != 0) {
		return archive_failed(e, "write");
	}
	snprintf(en->name, sizeof en->name, "%s", name);
	en->archive = a;
	a->open++;
	return 0;
}

int archive_entry_write(struct archive_entry *en, const void *bytes, size_t len, struct err *e)
{
	struct archive_file *a = en->archive;
	uint64_t start;

	if (a == NULL)
		return err_set(e, ERR_IO, "the entry is not open");
	if (len > ARCHIVE_BYTES_MAX - a->bytes)
		return err_set(e, ERR_MEMORY, "the archive would be too large");
	const struct sealed_file *file = entry_place(en, &start);
	if (sealed_file_write(file, bytes, len, start + en->len) != 0)
		return archive_failed(e, "write");
	en->crc = libdeflate_crc32(en->crc, bytes, len);
	en->len += len;
	a->bytes += len;
	return 0;
}

int archive_entry_read(const struct archive_entry *en, uint64_t at, void *bytes, size_t len, struct err *e)
{
	uint64_t start;
	const struct sealed_file *file = entry_place(en, &start);

	if (at > en->len || len > en->len - at)
		return err_set(e, ERR_IO, "an entry of the archive is shorter than what is read of it");
	return sealed_file_read(file, bytes, len, start + at) == 0 ? 0 : archive_failed(e, "read");
}

// Frees what stands behind the finished entries and what is reserved there. Where that fails, it is written over later.
static int archive_cut(const struct archive_file *a)
{
	return sealed_file_truncate(&a->file, a->end + a->reserved);
}

int archive_reserve(struct archive_file *a, size_t bytes, struct err *e)
{
	if (archive_wake(a) != 0 || sealed_file_reserve(&a->file, a->end, bytes) != 0)
		return archive_failed(e, "reserve space for");
	a->reserved = bytes;
	archive_rest(a);
	return 0;
}

void archive_use_reserve(struct archive_file *a)
{
	a->reserved = 0;
}

int archive_entry_restart(struct archive_entry *en, struct err *e)
{
	struct archive_file *a = en->archive;

	a->bytes -= en->len;
	en->len = 0;
	en->crc = 0;
	return (en->file.fd < 0 ? archive_cut(a) : sealed_file_truncate(&en->file, 0)) == 0 ? 0 : archive_failed(e, "write");
}

void archive_entry_drop(struct archive_entry *en)
{
	if (en->archive == NULL)
		return;
	archive_entry_restart(en, NULL); // frees the space in place; where it fails, the next entry is written over it
	if (en->archive->in_place == en)
		en->archive->in_place = NULL;
	en->archive->open--;
	en->archive = NULL;
	sealed_file_close(&en->file);
}

// Another entry goes where this one is written: it moves to a file of its own. At most once. -1 with errno.
static int entry_move(struct archive_entry *en)
{
	struct archive_file *a = en->archive;
	struct sealed_file file;

	if (entry_file(a, &file) != 0)
		return -1;
	if (sealed_file_copy(&a->file, a->end + entry_before_len(en), &file, 0, en->len) != 0) {
		sealed_file_close(&file);
		return -1;
	}
	en->file = file;
	a->in_place = NULL;
	return 0;
}

// With `bytes`, which are then all that the entry has, what stands before them is written together with them.
static int entry_finish(struct archive_entry *en, const void *bytes, struct archive_range *range, struct err *e)
{
	struct archive_file *a = en->archive;
	BUF_AUTO_WIPE struct buf before = BUF_INIT(256 + ADD_AT_ONCE_MAX);

	if (a == NULL)
		return err_set(e, ERR_IO, "the entry is not open");
	if (a->in_place != NULL && a->in_place != en && entry_move(a->in_place) != 0)
		goto failed;
	buf_add(&before, "PK\3\4", 4);
	entry_facts_add(&before, a->date, en->crc, en->len, en->name);
	entry_name_add(&before, a->date, en->name);
	const size_t head = before.len;
	if (bytes != NULL)
		buf_add(&before, bytes, en->len);
	errno = ENOMEM;
	if (before.failed || (en->file.fd >= 0 && sealed_file_copy(&en->file, 0, &a->file, a->end + head, en->len) != 0) ||
	    sealed_file_write(&a->file, before.data, before.len, a->end) != 0 ||
	    sealed_file_reserve(&a->file, a->end + head + en->len, a->reserved) != 0)
		goto failed;
	struct archive_finished *f = &a->finished[a->count++];
	*f = (struct archive_finished){.crc = en->crc, .range = {a->end + head, en->len}};
	memcpy(f->name, en->name, sizeof f->name);
	a->end += head + en->len;
	if (en->file.fd < 0)
		a->in_place = NULL;
	sealed_file_close(&en->file);
	a->open--;
	en->archive = NULL;
	if (range != NULL)
		*range = f->range;
	return 0;
failed:
	archive_failed(e, "write");
	if (a->in_place == NULL)
		archive_cut(a); // of what was copied
	archive_entry_drop(en);
	return -1;
}

int archive_entry_close(struct archive_entry *en, struct archive_range *range, struct err *e)
{
	return entry_finish(en, NULL, range, e);
}

int archive_add(struct archive_file *a, const char *name, const void *bytes, size_t len, struct err *e)
{
	struct archive_entry en;

	if (archive_entry_open(a, &en, name, e) != 0)
		return -1;
	if (en.file.fd < 0 && len <= ADD_AT_ONCE_MAX && len <= ARCHIVE_BYTES_MAX - a->bytes) {
		en.crc = libdeflate_crc32(0, bytes, len);
		en.len = len;
		a->bytes += len;
		return entry_finish(&en, bytes, NULL, e);
	}
	if (archive_entry_write(&en, bytes, len, e) == 0)
		return archive_entry_close(&en, NULL, e);
	archive_entry_drop(&en);
	return -1;
}

// What explains the set comes before its pictures, else by name.
static int finished_compare(const void *left, const void *right)
{
	const char *a = ((const struct archive_finished *)left)->name, *b = ((const struct archive_finished *)right)->name;
	bool below_a = strchr(a, '/') != NULL, below_b = strchr(b, '/') != NULL;

	return below_a != below_b ? below_a - below_b : strcmp(a, b);
}

int archive_finish(struct archive_file *a, uint64_t *bytes, struct err *e)
{
	BUF_AUTO struct buf listing = BUF_INIT(ARCHIVE_ENTRIES_MAX * 256);

	if (a->count > 0)
		qsort(a->finished, a->count, sizeof a->finished[0], finished_compare);
	for (unsigned i = 0; i < a->count; i++) {
		const struct archive_finished *f = &a->finished[i];
		buf_add(&listing, "PK\1\2", 4);
		le_add(&listing, MADE_BY << 8 | VERSION, 2);
		entry_facts_add(&listing, a->date, f->crc, f->range.len, f->name);
		le_add(&listing, 0, 6); // no comment; on the first disk; no text
		le_add(&listing, (uint64_t)MODE << 16, 4);
		le_add(&listing, f->range.offset - BEFORE_LEN - strlen(f->name) - TIME_LEN, 4);
		entry_name_add(&listing, a->date, f->name);
	}
	size_t len = listing.len;
	buf_add(&listing, "PK\5\6\0\0\0", 8);
	le_add(&listing, a->count, 2);
	le_add(&listing, a->count, 2);
	le_add(&listing, len, 4);
	le_add(&listing, a->end, 4);
	le_add(&listing, 0, 2);
	if (listing.failed)
		return err_set(e, ERR_MEMORY, "no memory for the archive");
	*bytes = a->end + listing.len;
	if (archive_wake(a) != 0 || sealed_file_write(&a->file, listing.data, listing.len, a->end) != 0 ||
	    sealed_file_truncate(&a->file, *bytes) != 0 ||
	    (a->file.sealed && fdatasync(a->file.fd) != 0)) // what is in memory is gone with its record's machine; what is on a disk is not
		return archive_failed(e, "finish");
	return 0;
}

void archive_keep(struct archive_file *a)
{
	a->path[0] = '\0';
}

void archive_drop(struct archive_file *a)
{
	if (a->path[0] != '\0')
		unlink(a->path);
	a->path[0] = '\0';
	sealed_file_close(&a->file);
	free(a->finished);
	a->finished = NULL;
}

void archive_image_name(char *out, size_t size, unsigned index, const char *style, const char *type)
{
	const char *ending = strcmp(type, "image/jpeg") == 0 ? "jpg" : strcmp(type, "image/webp") == 0 ? "webp" : "png";

	snprintf(out, size, "images/%02u-%s.%s", index + 1, style, ending);
}

void archive_thumbnail_name(char *out, size_t size, unsigned index, const char *style)
{
	snprintf(out, size, "thumbnails/%02u-%s.webp", index + 1, style);
}
