// SPDX-License-Identifier: ISC
// Reads a PNG, JPEG or WebP that nobody vouches for, as small as it is wanted: never more of it is in memory than a few rows, but for WebP
// and interlaced PNG. Runs in a process of its own (see pool.h).
#ifndef LETHE_WORKER_PICTURE_H
#define LETHE_WORKER_PICTURE_H

#include "fcgi/worker/shrink.h"
#include <stddef.h>

// The picture with its longer edge at most `edge` pixels, 8 bits each, turned as its Exif says (JPEG). Free with shrink_free(). ERR_INPUT: it
// is damaged, cut short, animated or no such picture at all; ERR_MEMORY: it takes more than this process may have.
int picture_read(const void *bytes, size_t len, unsigned edge, struct pixels *out, struct err *e);

#endif
