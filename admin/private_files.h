// SPDX-License-Identifier: ISC
// The files of the stores, as far as anybody but their owner can use them.
#ifndef LETHE_ADMIN_PRIVATE_FILES_H
#define LETHE_ADMIN_PRIVATE_FILES_H

#include "policy/base/err.h"
#include <sys/types.h>

// Calls `each` for every such file: its path and mode. Not for the public key of the ledger, nor for the master key, which has a check of
// its own. -1 with *e when a folder cannot be read.
int private_files_each(const char *state, void (*each)(void *arg, const char *path, mode_t mode), void *arg, struct err *e);
// Takes it from the others; *closed counts. What cannot be changed stays for the check to find.
int private_files_close(const char *state, size_t *closed, struct err *e);

#endif
