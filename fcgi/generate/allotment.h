// SPDX-License-Identifier: ISC
// What of the spool is promised to sets that are being made and not yet written. A set begins only if all its pictures will fit: what does not
// fit is refused before anybody is paid for it. Nobody gets more than a share of it, his finished sets included as long as they are there; whose they are is
// known as the number of one of a few thousand groups, which a random salt of this process makes of an address.
//
// How large a picture will be is what the vendor's row says, until enough pictures of it were seen; then the largest of the last ones, and a
// quarter more.
#ifndef LETHE_GENERATE_ALLOTMENT_H
#define LETHE_GENERATE_ALLOTMENT_H

#include "fcgi/generate/generator.h"
#include <time.h>

struct allotment {
	uint64_t picture; // bytes for one
	uint64_t pending; // promised and not written
	unsigned visitor;
};
struct allotment_wish {
	const char *address; // whose; it is not kept
	const struct chain *image;
	unsigned count, width, height;
	bool thumbnails;
};
// `space` is free where the pictures go, as allotment_space() tells. ERR_FULL: it does not fit; ERR_BUSY: the visitor has his share already.
int allotment_take(struct allotment *a, const struct generator *g, const struct allotment_wish *wish, uint64_t space, struct err *e);
// A picture of so many bytes is written: the file system counts it from now on.
void allotment_used(struct allotment *a, const struct generator *g, const struct processor *by, unsigned width, unsigned height,
		    uint64_t bytes);
// The set is finished: its file, of so many bytes, counts as the visitor's until it is gone, or until its time is over; 0: that has no end.
void allotment_keep(const struct allotment *a, const char *file, uint64_t bytes, time_t until);
void allotment_release(struct allotment *a);

// What can be written below the folder; where that is memory, what the machine and our share of it have left, too. UINT64_MAX: it cannot be asked,
// and the attempt will tell. allotment_begin() opens, before the sandbox closes, what tells of the memory.
void allotment_begin(void);
uint64_t allotment_space(const char *folder);

#endif
