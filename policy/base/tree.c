// SPDX-License-Identifier: ISC
#include "policy/base/tree.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

static int tree_failed(const struct tree *t, const char *name, struct err *e)
{
	if (errno == ELOOP || errno == EXDEV || errno == ENOTDIR)
		return err_set(e, ERR_CORRUPT, "%s/%s is a link, leads out of the folder, or is no folder", t->path, name);
	return err_system(e, file_err_code(errno), errno, "%s/%s", t->path, name);
}

static int open_below(int folder, const char *name, int flags)
{
	struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC,
			       .mode = (flags & O_CREAT) != 0 ? 0600 : 0,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

int tree_open(struct tree *out, const char *path, struct err *e)
{
	struct stat about;

	*out = (struct tree){.fd = -1};
	if (snprintf(out->path, sizeof out->path, "%s", path) >= PATH_MAX)
		return err_set(e, ERR_INPUT, "the path is too long");
	out->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->fd < 0 || fstat(out->fd, &about) != 0)
		return err_system(e, file_err_code(errno), errno, "%s", path);
	out->uid = about.st_uid;
	out->gid = about.st_gid;
	return 0;
}

void tree_close(struct tree *t)
{
	fd_close(&t->fd);
}

int tree_lock(const struct tree *t, bool wait, struct err *e)
{
	return flock(t->fd, LOCK_EX | (wait ? 0 : LOCK_NB)) == 0
		   ? 0
		   : err_system(e, errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO, errno, "%s", t->path);
}

static int own(const struct tree *t, int fd)
{
	return geteuid() != 0 || t->uid == 0 ? 0 : fchown(fd, t->uid, t->gid);
}

int tree_read(const struct tree *t, const char *name, struct err *e)
{
	int fd = open_below(t->fd, name, O_RDONLY | O_NONBLOCK);
	struct stat about;

	if (fd < 0 || fstat(fd, &about) != 0) {
		tree_failed(t, name, e);
	} else if (!S_ISREG(about.st_mode)) {
		err_set(e, ERR_CORRUPT, "%s/%s is no ordinary file", t->path, name);
	} else {
		return fd;
	}
	fd_close(&fd);
	return -1;
}

// The folder, made with those above it; the caller closes it. -1 with errno.
static int make_below(const struct tree *t, const char *name, size_t len)
{
	char parts[PATH_MAX], *rest = NULL;
	int fd = fcntl(t->fd, F_DUPFD_CLOEXEC, 0);

	snprintf(parts, sizeof parts, "%.*s", (int)len, name);
	for (char *part = strtok_r(parts, "/", &rest); part != NULL && fd >= 0; part = strtok_r(NULL, "/", &rest)) {
		const bool made = mkdirat(fd, part, 0700) == 0;
		int below = made || errno == EEXIST ? open_below(fd, part, O_RDONLY | O_DIRECTORY) : -1;
		if (made && below >= 0 && own(t, below) != 0)
			fd_close(&below);
		fd_close(&fd);
		fd = below;
	}
	return fd;
}

int tree_enter(struct tree *out, const struct tree *t, const char *name, struct err *e)
{
	*out = *t;
	out->fd = make_below(t, name, strlen(name));
	return out->fd < 0 ? tree_failed(t, name, e) : path_join(out->path, sizeof out->path, t->path, name, e);
}

bool tree_is(const struct tree *t, const struct tree *above, const char *name)
{
	struct stat here, there;

	return fstat(t->fd, &here) == 0 && fstatat(above->fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

DIR *tree_list(const struct tree *t, const char *name, struct err *e)
{
	int fd = open_below(t->fd, name, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		tree_failed(t, name, e);
		fd_close(&fd);
	}
	return d;
}

static int remove_below(int folder, const char *name)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -1;
	int fd = open_below(folder, name, O_RDONLY | O_DIRECTORY), failed = 0;
	struct stat here, there;
	if (fd >= 0 && (fstat(folder, &here) != 0 || fstat(fd, &there) != 0 || here.st_dev != there.st_dev)) {
		fd_close(&fd);
		errno = EXDEV; // something is mounted there
	}
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		fd_close(&fd);
		return -1;
	}
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && remove_below(fd, entry->d_name) != 0)
			failed = errno;
	closedir(d);
	errno = failed;
	return failed != 0 ? -1 : unlinkat(folder, name, AT_REMOVEDIR);
}

int tree_remove(const struct tree *t, const char *name, struct err *e)
{
	return remove_below(t->fd, name) == 0 ? 0 : err_system(e, file_err_code(errno), errno, "%s/%s cannot be deleted", t->path, name);
}

static int open_anew(const struct tree *t, const char *name, struct err *e)
{
	const char *slash = strrchr(name, '/');
	FD_AUTO int folder = make_below(t, name, slash != NULL ? (size_t)(slash - name) : 0);
	int fd = folder < 0 ? -1 : open_below(folder, slash != NULL ? slash + 1 : name, O_WRONLY | O_CREAT | O_EXCL);

	if (fd >= 0 && own(t, fd) != 0)
		fd_close(&fd);
	return fd >= 0 ? fd : tree_failed(t, name, e);
}

int tree_put(const struct tree *t, const char *name, const void *bytes, size_t len, struct err *e)
{
	FD_AUTO int fd = open_anew(t, name, e);

	return fd < 0 ? -1 : fd_write_all(fd, bytes, len) != 0 ? tree_failed(t, name, e) : 0;
}

int tree_copy(const struct tree *from, const char *name, const struct tree *to, struct tree_copied *out, struct err *e)
{
	FD_AUTO int in = tree_read(from, name, e);
	FD_AUTO int copy = in < 0 || to == NULL ? -1 : open_anew(to, name, e);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	char *piece = malloc(PIECE);
	unsigned char digest[TREE_SHA256 / 2];
	ssize_t n = 0;
	int ret = -1;

	*out = (struct tree_copied){0};
	if (c == NULL || piece == NULL || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
		err_set(e, ERR_MEMORY, "no memory");
	} else if (in >= 0 && (to == NULL || copy >= 0)) {
		while ((n = read(in, piece, PIECE)) > 0 && (copy < 0 || fd_write_all(copy, piece, (size_t)n) == 0)) {
			EVP_DigestUpdate(c, piece, (size_t)n);
			out->bytes += (uint64_t)n;
		}
		if (n != 0)
			tree_failed(n < 0 ? from : to, name, e);
		else
			ret = EVP_DigestFinal_ex(c, digest, NULL) == 1 ? 0 : err_set(e, ERR_MEMORY, "no memory");
	}
	if (ret == 0)
		hex_encode(out->sha256, digest, sizeof digest);
	EVP_MD_CTX_free(c);
	free(piece);
	return ret;
}
