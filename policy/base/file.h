// SPDX-License-Identifier: ISC
#ifndef LETHE_BASE_FILE_H
#define LETHE_BASE_FILE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

void fd_close(int *fd); // closes if >= 0, sets -1
void text_free(char **p);
enum err_code file_err_code(int error_number); // ERR_NOT_FOUND, ERR_FULL or ERR_IO
#define FD_AUTO   __attribute__((cleanup(fd_close)))
#define TEXT_AUTO __attribute__((cleanup(text_free)))

// Appends the whole file to *out (its ceiling holds). ERR_NOT_FOUND, ERR_IO, ERR_MEMORY (larger than the ceiling).
int file_read(const char *path, struct buf *out, struct err *e);
int fd_read_all(int fd, const char *path, struct buf *out, struct err *e); // the same of an open one; its path is for messages
// Temporary name, fsync, rename, fsync of the folder. With the same bytes already there, nothing is written and the date stays;
// *changed (may be NULL) says which. ERR_FULL, ERR_IO.
int file_write(const char *path, const void *bytes, size_t len, mode_t mode, int *changed, struct err *e);
// The same without the folder's fsync, for who writes many there and syncs it after the last.
int file_replace(const char *path, const void *bytes, size_t len, mode_t mode, int *changed, struct err *e);
bool file_holds(const char *path, const void *bytes, size_t len); // these bytes and no others
// Many files at once: each is written beside its place, all are synced together (folder_sync_all), then each is put in its place. `draft` is
// part of the temporary names. ERR_FULL, ERR_IO, ERR_INPUT. A failed file_draft leaves nothing; file_draft_drop removes one that is not to be.
enum { FILE_DRAFT = 9 };
void file_draft_new(char draft[FILE_DRAFT]);
int file_draft(const char *path, const char *draft, const void *bytes, size_t len, mode_t mode, bool sync, struct err *e);
int file_draft_place(const char *path, const char *draft, struct err *e);
void file_draft_drop(const char *path, const char *draft);
// Makes the file, empty, where it is missing; *made says so. The umask can only take from the mode. A file that is there is not opened, so
// that no lock on it is lost. ERR_FULL, ERR_IO.
int file_begin(const char *path, mode_t mode, bool *made, struct err *e);
int fd_write_all(int fd, const void *bytes, size_t len);       // 0 or -1 with errno; retries EINTR and short writes
int folder_make(const char *path, mode_t mode, struct err *e); // with parents; an existing one is fine
int folder_sync(const char *path, struct err *e);
int folder_sync_all(const char *path, struct err *e); // the whole file system that it is on: many files for the price of a few
uint64_t folder_bytes(const char *path);              // of the files in it; 0 when it is not there
// When root makes a file in somebody else's folder: gives it to the folder's owner. A link is not followed: who owns the folder could make one
// that leads out of it.
void file_own_like(const char *path, const char *folder);
// `folder`/`name` into out; ERR_INPUT when too long.
int path_join(char *out, size_t size, const char *folder, const char *name, struct err *e);

#endif
