// SPDX-License-Identifier: ISC
// A picture as a WebP of at most THUMBNAIL_BYTES_MAX, its longer edge at most THUMBNAIL_EDGE pixels, of which nothing but the pixels came
// from the picture. Runs in a process of its own (see pool.h).
#ifndef LETHE_WORKER_THUMBNAIL_H
#define LETHE_WORKER_THUMBNAIL_H

#include "policy/base/buf.h"
#include "policy/base/err.h"

// Appends the thumbnail to *out. On failure -1, *code ("bad-picture" or "too-costly") and the error.
int thumbnail_make(const void *bytes, size_t len, struct buf *out, const char **code, struct err *e);

#endif
