// SPDX-License-Identifier: ISC
#include "fcgi/generate/archive.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char temporary[] = "new-"; // prefix of a file that no record owns yet

int archive_sweep(const char *folder, struct err *e)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;

	if (d == NULL)
		return err_system(e, ERR_IO, errno, "cannot read the spool folder %s", folder);
	while ((entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, temporary, sizeof temporary - 1) != 0)
			continue;
		FD_AUTO int fd = openat(dirfd(d), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	closedir(d);
	return 0;
}

static int archive_failed(struct err *e, int error_number, const char *what)
{
	bool full = error_number == ENOSPC || error_number == EDQUOT;

	return err_system(e, full ? ERR_FULL : ERR_IO, error_number, "cannot %s the archive", what);
}

int archive_begin(struct archive_file *a, const char *folder, time_t date, struct err *e)
{
	unsigned char random[16];
	char name[sizeof temporary + 2 * sizeof random + 4] = "new-";

	*a = ARCHIVE_INIT;
	a->date = date;
	random_bytes(random, sizeof random);
	hex_encode(name + sizeof temporary - 1, random, sizeof random);
	if (path_join(a->path, sizeof a->path, folder, name, e) != 0)
		return -1;
	a->fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (a->fd < 0) {
		a->path[0] = '\0';
		return archive_failed(e, errno, "create");
	}
	// The web server's group reads it; the umask of the programs would forbid that.
	if (flock(a->fd, LOCK_EX | LOCK_NB) != 0 || fchmod(a->fd, 0640) != 0)
		return archive_failed(e, errno, "lock");
	return 0;
}

static bool archive_name_allowed(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *base = strncmp(name, "images/", 7) == 0 ? name + 7 : name;
	size_t len = strlen(base);

	return len > 0 && len <= 64 && strspn(base, allowed) == len && base[0] != '.' && base[0] != '-';
}

// libarchive is told that all is well, because it leaks its buffer when a write fails; `error` is looked at after each of its calls.
static la_ssize_t archive_write_some(struct archive *zip, void *context, const void *bytes, size_t len)
{
	struct archive_file *a = context;

	(void)zip;
	if (a->error == 0 && fd_write_all(a->fd, bytes, len) != 0)
		a->error = errno;
	return (la_ssize_t)len;
}

// Only now, so that a request that waits for its first picture holds a file descriptor and nothing more.
static int archive_zip_open(struct archive_file *a, struct err *e)
{
	a->zip = archive_write_new();
	if (a->zip == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the archive");
	archive_write_set_format_zip(a->zip);
	archive_write_zip_set_compression_store(a->zip);
	archive_write_set_bytes_in_last_block(a->zip, 1); // no padding
	if (archive_write_open(a->zip, a, NULL, archive_write_some, NULL) != ARCHIVE_OK)
		return archive_failed(e, archive_errno(a->zip), "begin");
	return 0;
}

int archive_add(struct archive_file *a, const char *name, const void *bytes, size_t len, struct err *e)
{
	if (!archive_name_allowed(name))
		return err_set(e, ERR_INPUT, "a name in the archive is not allowed");
	if (len > ARCHIVE_BYTES_MAX - a->bytes)
		return err_set(e, ERR_MEMORY, "the archive would be too large");
	if (a->zip == NULL && archive_zip_open(a, e) != 0)
		return -1;
	struct archive_entry *entry = archive_entry_new();
	if (entry == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the archive");
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_mtime(entry, a->date, 0);
	bool written = archive_write_header(a->zip, entry) == ARCHIVE_OK && archive_write_data(a->zip, bytes, len) == (la_ssize_t)len &&
		       archive_write_finish_entry(a->zip) == ARCHIVE_OK;
	archive_entry_free(entry);
	a->bytes += len;
	if (!written)
		return archive_failed(e, archive_errno(a->zip), "write");
	return a->error == 0 ? 0 : archive_failed(e, a->error, "write");
}

// ---- the order ----

enum {
	ENTRIES_MAX = IMAGES_MAX + 2, // prompts.json and README.txt
	LISTING_MAX = ENTRIES_MAX * 256,
	END_LEN = 22,   // the record after the listing, without a comment
	ENTRY_LEN = 46, // of one entry in the listing, before its name
};

struct listing_entry {
	const unsigned char *bytes;
	size_t len;
	const char *name;
	size_t name_len;
};

static size_t le_number(const unsigned char *at, size_t bytes)
{
	size_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | at[bytes];
	return n;
}

// What explains the set comes before its pictures, else by name.
static int entry_compare(const void *left, const void *right)
{
	const struct listing_entry *a = left, *b = right;
	bool below_a = memchr(a->name, '/', a->name_len) != NULL, below_b = memchr(b->name, '/', b->name_len) != NULL;

	if (below_a != below_b)
		return below_a ? 1 : -1;
	int order = memcmp(a->name, b->name, a->name_len < b->name_len ? a->name_len : b->name_len);
	return order != 0 ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

int archive_order(int fd, uint64_t size, struct err *e)
{
	unsigned char end[END_LEN], listing[LISTING_MAX], ordered[LISTING_MAX];
	struct listing_entry list[ENTRIES_MAX];

	if (size < END_LEN || pread(fd, end, END_LEN, (off_t)(size - END_LEN)) != END_LEN)
		return size < END_LEN ? 0 : archive_failed(e, errno, "order");
	size_t len = le_number(end + 12, 4), start = le_number(end + 16, 4);
	if (memcmp(end, "PK\5\6", 4) != 0 || len > LISTING_MAX || start + len + END_LEN != size)
		return 0; // a form that we do not write; what is there is right, only not in order
	if (pread(fd, listing, len, (off_t)start) != (ssize_t)len)
		return archive_failed(e, errno, "order");
	size_t count = 0;
	for (size_t at = 0; at < len; at += list[count++].len) {
		const unsigned char *entry = listing + at;
		if (count == ENTRIES_MAX || len - at < ENTRY_LEN || memcmp(entry, "PK\1\2", 4) != 0)
			return 0; // none of ours
		list[count].bytes = entry;
		list[count].name = (const char *)entry + ENTRY_LEN;
		list[count].name_len = le_number(entry + 28, 2);
		list[count].len = ENTRY_LEN + list[count].name_len + le_number(entry + 30, 2) + le_number(entry + 32, 2);
		if (list[count].len > len - at)
			return 0;
	}
	size_t at = 0;
	qsort(list, count, sizeof list[0], entry_compare);
	for (size_t i = 0; i < count; at += list[i++].len)
		memcpy(ordered + at, list[i].bytes, list[i].len);
	return pwrite(fd, ordered, at, (off_t)start) == (ssize_t)at ? 0 : archive_failed(e, errno, "order");
}

int archive_finish(struct archive_file *a, uint64_t *bytes, struct err *e)
{
	struct stat st;

	if (a->zip == NULL && archive_zip_open(a, e) != 0)
		return -1;
	if (archive_write_close(a->zip) != ARCHIVE_OK)
		return archive_failed(e, archive_errno(a->zip), "finish");
	archive_write_free(a->zip);
	a->zip = NULL;
	if (a->error != 0)
		return archive_failed(e, a->error, "finish");
	if (fstat(a->fd, &st) != 0)
		return archive_failed(e, errno, "measure");
	*bytes = (uint64_t)st.st_size;
	return archive_order(a->fd, *bytes, e);
}

void archive_keep(struct archive_file *a)
{
	a->path[0] = '\0';
}

void archive_drop(struct archive_file *a)
{
	if (a->zip != NULL) {
		a->error = ECANCELED; // no central directory for a file that goes
		archive_write_free(a->zip);
		a->zip = NULL;
	}
	if (a->path[0] != '\0')
		unlink(a->path);
	a->path[0] = '\0';
	fd_close(&a->fd);
}

void archive_image_name(char *out, size_t size, unsigned index, const char *style, const char *type)
{
	const char *ending = strcmp(type, "image/jpeg") == 0 ? "jpg" : strcmp(type, "image/webp") == 0 ? "webp" : "png";

	snprintf(out, size, "images/%02u-%s.%s", index + 1, style, ending);
}
