// SPDX-License-Identifier: ISC
// Makes a picture smaller while its rows come, each once, from the top: every pixel of the result is the mean of the area that it covers, in
// whole numbers, so no row but one is kept. Colours count by their opacity.
#ifndef LETHE_WORKER_SHRINK_H
#define LETHE_WORKER_SHRINK_H

#include "policy/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct pixels {
	unsigned width, height;
	bool alpha;
	uint8_t *bytes; // rows without gaps: R, G, B and, with alpha, A
};
void shrink_free(struct pixels *p);
static inline unsigned pixels_channels(const struct pixels *p)
{
	return p->alpha ? 4 : 3;
}

// Makes a whole picture smaller, until its longer edge is at most `edge`. ERR_MEMORY: it is as it was.
int shrink_pixels(struct pixels *p, unsigned edge, struct err *e);

// The size of a picture whose longer edge is to be at most `edge`: the same shape, never larger than it was, at least one pixel.
void shrink_size(unsigned edge, unsigned *width, unsigned *height);

struct shrink {
	struct pixels *out;
	unsigned width, height; // of the picture that comes, at most 8192 each
	unsigned row, out_row;  // how many came, how many are made
	unsigned needed;        // what the row under way still lacks; a whole one takes `height`
	uint32_t *sums;         // of each value of a source row, by the weight of the rows so far
};
// `out` tells the size and whether there is alpha; its bytes are made here. ERR_MEMORY.
int shrink_begin(struct shrink *s, unsigned width, unsigned height, struct pixels *out, struct err *e);
void shrink_row(struct shrink *s, const uint8_t *row);
void shrink_end(struct shrink *s); // frees all but `out`

#endif
