// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_SIGN_H
#define LETHE_ADMIN_SIGN_H

#include "admin/admin.h"
#include <limits.h>

// Signs the ledger, publishes it as static files where the site is published, and copies the checkpoint to where LETHE_CHECKPOINT_COPY says. `note`: the
// checkpoint. What fails after signing is *e, too.
int sign_ledger(const struct admin *a, struct vault *v, struct buf *note, struct err *e);

// The copy in that folder: its path, or "" where the setting is not set.
int sign_copy_path(const struct policy *p, char out[PATH_MAX], struct err *e);
// That of the list of erasures, which is copied beside it whenever `prune` runs.
int sign_tombstones_path(const struct policy *p, char out[PATH_MAX], struct err *e);
int sign_copy_tombstones(const struct admin *a, struct vault *v, struct err *e);
enum { COPY_BYTES_MAX = 64 * 1024 };

#endif
