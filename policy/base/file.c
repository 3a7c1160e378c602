// SPDX-License-Identifier: ISC
#include "policy/base/file.h"
#include "policy/base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void text_free(char **p)
{
	free(*p);
	*p = NULL;
}

enum err_code file_err_code(int error_number)
{
	if (error_number == ENOENT || error_number == ENOTDIR)
		return ERR_NOT_FOUND;
	return err_is_full(error_number) ? ERR_FULL : ERR_IO;
}

int file_read(const char *path, struct buf *out, struct err *e)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_system(e, file_err_code(errno), errno, "%s", path) : fd_read_all(fd, path, out, e);
}

int fd_read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	struct stat status;
	char piece[4096];

	if (fstat(fd, &status) < 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	// What it says that it holds goes straight into the buffer; /proc says nothing, and a file may grow.
	size_t said = S_ISREG(status.st_mode) && status.st_size > 0 ? (size_t)status.st_size : 0;
	char *to = said > 0 ? buf_reserve(out, said) : piece;
	while (to != NULL) {
		ssize_t n = read(fd, to, said > 0 ? said : sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(e, ERR_IO, errno, "%s", path);
		if (n == 0)
			return 0;
		if (said > 0) {
			buf_took(out, (size_t)n);
			said -= (size_t)n;
			to = said > 0 ? to + n : piece;
			continue;
		}
		int rc = buf_add(out, piece, (size_t)n);
		explicit_bzero(piece, (size_t)n);
		if (rc != 0)
			break;
	}
	return err_set(e, ERR_MEMORY, "%s: larger than %zu bytes", path, out->max);
}

bool file_holds(const char *path, const void *bytes, size_t len)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_CLOEXEC);
	const char *rest = bytes;
	struct stat status;
	char piece[16384];
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size != (off_t)len)
		return false;
	while ((n = read(fd, piece, sizeof piece)) > 0 && (size_t)n <= len && memcmp(piece, rest, (size_t)n) == 0) {
		rest += n;
		len -= (size_t)n;
	}
	return n == 0 && len == 0;
}

int fd_write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int folder_sync(const char *path, struct err *e)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_system(e, file_err_code(errno), errno, "%s", path);
	return 0;
}

int folder_sync_all(const char *path, struct err *e)
{
	int fd FD_AUTO = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_system(e, file_err_code(errno), errno, "%s", path);
	return 0;
}

uint64_t folder_bytes(const char *path)
{
	uint64_t bytes = 0;
	struct stat file;
	char name[4096];
	DIR *d = opendir(path);

	if (d == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (path_join(name, sizeof name, path, entry->d_name, NULL) == 0 && stat(name, &file) == 0 && S_ISREG(file.st_mode))
			bytes += (uint64_t)file.st_size;
	closedir(d);
	return bytes;
}

// Where the bytes are until they are put in place. -1 with ERR_INPUT.
static int draft_path(char out[4096], const char *path, const char *draft, struct err *e)
{
	int n = snprintf(out, 4096, "%s.%s.tmp", path, draft);

	return n < 0 || n >= 4096 ? err_set(e, ERR_INPUT, "the path is too long") : 0;
}

void file_draft_new(char draft[FILE_DRAFT])
{
	unsigned char number[FILE_DRAFT / 2];

	random_bytes(number, sizeof number);
	hex_encode(draft, number, sizeof number);
}

int file_draft(const char *path, const char *draft, const void *bytes, size_t len, mode_t mode, bool sync, struct err *e)
{
	char temporary[4096];

	if (draft_path(temporary, path, draft, e) != 0)
		return -1;
	int fd FD_AUTO = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd >= 0 && fchmod(fd, mode) == 0 && fd_write_all(fd, bytes, len) == 0 && (!sync || fsync(fd) == 0))
		return 0;
	err_system(e, file_err_code(errno), errno, "%s", temporary);
	if (fd >= 0)
		unlink(temporary);
	return -1;
}

int file_draft_place(const char *path, const char *draft, struct err *e)
{
	char temporary[4096];

	if (draft_path(temporary, path, draft, e) != 0)
		return -1;
	return rename(temporary, path) == 0 ? 0 : err_system(e, file_err_code(errno), errno, "%s", path);
}

void file_draft_drop(const char *path, const char *draft)
{
	char temporary[4096];

	if (draft_path(temporary, path, draft, NULL) == 0)
		unlink(temporary);
}

int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, int *changed, struct err *e)
{
	char draft[FILE_DRAFT];

	*changed = !file_holds(path, bytes, len);
	if (*changed == 0)
		return 0;
	file_draft_new(draft);
	if (file_draft(path, draft, bytes, len, mode, true, e) != 0)
		return -1;
	int rc = file_draft_place(path, draft, e);
	if (rc != 0)
		file_draft_drop(path, draft);
	return rc;
}

int file_write(const char *path, const void *bytes, size_t len, mode_t mode, int *changed, struct err *e)
{
	char folder[4096];
	int anew = 0;

	if (file_replace(path, bytes, len, mode, &anew, e) != 0)
		return -1;
	if (changed != NULL)
		*changed = anew;
	snprintf(folder, sizeof folder, "%s", path);
	return anew != 0 ? folder_sync(dirname(folder), e) : 0;
}

int file_begin(const char *path, mode_t mode, bool *made, struct err *e)
{
	int fd FD_AUTO = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	*made = fd >= 0;
	return fd >= 0 || errno == EEXIST ? 0 : err_system(e, file_err_code(errno), errno, "%s", path);
}

int folder_make(const char *path, mode_t mode, struct err *e)
{
	char part[4096];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof part)
		return err_set(e, ERR_INPUT, "the path is empty or too long");
	memcpy(part, path, len + 1);
	bool missing = mkdir(path, mode) < 0 && errno != EEXIST; // the folder above it, as seldom
	for (char *slash = part + 1; missing; slash++) {
		if (*slash != '/' && *slash != '\0')
			continue;
		char was = *slash;
		*slash = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_system(e, file_err_code(errno), errno, "%s", part);
		*slash = was;
		if (was == '\0')
			break;
	}
	struct stat status;
	if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
		return err_set(e, ERR_IO, "%s is not a folder", path);
	return 0;
}

int path_join(char *out, size_t size, const char *folder, const char *name, struct err *e)
{
	int n = snprintf(out, size, "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_INPUT, "a path below %s is too long", folder);
	return 0;
}

void file_own_like(const char *path, const char *folder)
{
	struct stat owner;

	if (geteuid() != 0 || stat(folder, &owner) != 0 || owner.st_uid == 0)
		return;
	if (lchown(path, owner.st_uid, owner.st_gid) != 0)
		fprintf(stderr, "lethe: %s cannot be given to the owner of %s\n", path, folder);
}
