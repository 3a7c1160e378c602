// SPDX-License-Identifier: ISC
// What a vendor shows of a picture before that is ready: it is gathered in memory, made small by the worker, marked as AI-made, shown to who waits, and
// forgotten at once. It is stored nowhere, not even for who comes back. One that cannot be shown is done without.
#ifndef LETHE_GENERATE_PARTIAL_H
#define LETHE_GENERATE_PARTIAL_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>

enum { PARTIAL_IMAGES_MAX = 3 }; // of a picture

// A zeroed one is idle.
struct partial {
	struct buf bytes;  // as far as they came
	size_t reserved;   // of all that are under way
	bool left_out;     // the one under way: it is too large, or too many others are under way
	unsigned complete; // how many were
};
// How many the pages ask for: what LETHE_PARTIAL_IMAGES says; 0: nothing, or no number from 1 to 3.
unsigned partial_images_set(void);
void partial_add(struct partial *p, const void *bytes, size_t len);
// It is complete: adds the small one, a marked WebP of at most THUMBNAIL_BYTES_MAX, to *out, and forgets what was gathered. *number counts from 0. -1 with *e:
// there is none. Waits for the worker, at that socket, for a short time, or until `hangup_fd` hangs up.
int partial_end(struct partial *p, const char *worker, int hangup_fd, struct buf *out, unsigned *number, struct err *e);
// Whatever its state; idle again.
void partial_drop(struct partial *p);

#endif
