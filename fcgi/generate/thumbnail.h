// SPDX-License-Identifier: ISC
// A thumbnail of a picture that stands in the archive, made by the worker while other pictures are on their way. One that cannot be made now is
// done without: the picture itself is there.
#ifndef LETHE_GENERATE_THUMBNAIL_H
#define LETHE_GENERATE_THUMBNAIL_H

#include "fcgi/ipc/call.h"
#include "policy/picture/archive.h"

// A zeroed one is idle.
struct thumbnail {
	struct call *call; // idle when it begins; NULL: none is being made
	size_t reserved;
};
// Sends the range of the archive to the worker. False: it is not made, because the process has enough such calls under way or the worker does
// not answer.
bool thumbnail_begin(struct thumbnail *t, struct call *call, const char *worker, const struct archive_file *a,
		     const struct archive_range *range);
bool thumbnail_waits(const struct thumbnail *t);
// The WebP, not yet marked, until thumbnail_end(). NULL with *e: there is none.
const char *thumbnail_bytes(const struct thumbnail *t, size_t *len, struct err *e);
// Whatever its state; idle again.
void thumbnail_end(struct thumbnail *t);

#endif
