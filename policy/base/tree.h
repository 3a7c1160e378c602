// SPDX-License-Identifier: ISC
// The files below a folder that somebody else may write to at the same time. Every name is looked up from the open folder: no link in it is followed,
// nothing leads out of it, what is read is an ordinary file, and what is written is made anew. Whoever runs as root gives what they make to the
// owner of the folder.
#ifndef LETHE_BASE_TREE_H
#define LETHE_BASE_TREE_H

#include "policy/base/err.h"
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tree {
	int fd;
	char path[PATH_MAX]; // as it was named, for messages
	uid_t uid;           // its owner's
	gid_t gid;
};
// The folder itself may be named by links. ERR_NOT_FOUND, ERR_IO.
int tree_open(struct tree *out, const char *path, struct err *e);
void tree_close(struct tree *t);
#define TREE_AUTO __attribute__((cleanup(tree_close)))
// Waits for who has locked the folder, or not: ERR_BUSY.
int tree_lock(const struct tree *t, bool wait, struct err *e);

// A file to be read. -1: ERR_NOT_FOUND, ERR_CORRUPT: it is no ordinary file, or a link leads to it; ERR_IO.
int tree_read(const struct tree *t, const char *name, struct err *e);
// A new file, not synced, with the folders above it. ERR_FULL, ERR_IO: also where one is there; ERR_CORRUPT as above.
int tree_put(const struct tree *t, const char *name, const void *bytes, size_t len, struct err *e);
// Opens a folder below it, made where it is missing.
int tree_enter(struct tree *out, const struct tree *t, const char *name, struct err *e);
bool tree_is(const struct tree *t, const struct tree *above, const char *name); // it is called so there
// What is in a folder below it; closedir() frees it. NULL: as of tree_read.
DIR *tree_list(const struct tree *t, const char *name, struct err *e);
// Deletes a file or a folder with all below it. Missing is fine.
int tree_remove(const struct tree *t, const char *name, struct err *e);

enum { TREE_SHA256 = 65 };
struct tree_copied {
	char sha256[TREE_SHA256]; // in hex
	uint64_t bytes;
};
// Copies a file, not synced, to a new one of the same name below another folder, with the folders above; `to` NULL: only reads it.
int tree_copy(const struct tree *from, const char *name, const struct tree *to, struct tree_copied *out, struct err *e);

#endif
