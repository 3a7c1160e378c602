// SPDX-License-Identifier: ISC
#include "fcgi/worker/shrink.h"
#include <stdlib.h>
#include <string.h>

void shrink_free(struct pixels *p)
{
	free(p->bytes);
	*p = (struct pixels){0};
}

void shrink_size(unsigned edge, unsigned *width, unsigned *height)
{
	unsigned longer = *width > *height ? *width : *height;
	if (longer <= edge)
		return;
	*width = (*width * edge + longer / 2) / longer;
	*height = (*height * edge + longer / 2) / longer;
	*width += *width == 0;
	*height += *height == 0;
}

int shrink_pixels(struct pixels *p, unsigned edge, struct err *e)
{
	struct pixels smaller = {.width = p->width, .height = p->height, .alpha = p->alpha};
	struct shrink s;
	shrink_size(edge, &smaller.width, &smaller.height);
	if (smaller.width == p->width && smaller.height == p->height)
		return 0;
	int rc = shrink_begin(&s, p->width, p->height, &smaller, e);
	for (unsigned y = 0; rc == 0 && y < p->height; y++)
		shrink_row(&s, p->bytes + (size_t)y * p->width * pixels_channels(p));
	shrink_end(&s);
	shrink_free(rc == 0 ? p : &smaller);
	if (rc == 0)
		*p = smaller;
	return rc;
}

int shrink_begin(struct shrink *s, unsigned width, unsigned height, struct pixels *out, struct err *e)
{
	unsigned channels = pixels_channels(out);
	*s = (struct shrink){.out = out, .width = width, .height = height, .needed = height};
	out->bytes = malloc((size_t)out->width * out->height * channels);
	s->sums = calloc((size_t)width * channels, sizeof s->sums[0]);
	return out->bytes != NULL && s->sums != NULL ? 0 : err_set(e, ERR_MEMORY, "no memory for the smaller picture");
}

// A row of the sums becomes a row of the result. Both axes are counted in units in which a source pixel is as long as the result has pixels
// and a pixel of the result as long as the source has pixels, so all weights are whole: 255 * 255 * 8192 * 8192 is the most.
static void shrink_row_out(struct shrink *s)
{
	unsigned channels = pixels_channels(s->out), covers = s->out->width, needed = s->width;
	uint8_t *to = s->out->bytes + (size_t)s->out_row * s->out->width * channels;
	double share = 1.0 / ((double)s->width * s->height);
	int64_t sums[4] = {0};
	const uint32_t *from = s->sums;
	for (unsigned x = 0; x < s->width; x++, from += channels) {
		unsigned weight = covers < needed ? covers : needed, rest = covers - weight;
		for (unsigned c = 0; c < channels; c++)
			sums[c] += (int64_t)from[c] * weight;
		needed -= weight;
		if (needed > 0)
			continue;
		double colour_share = channels == 3 ? share : sums[3] > 0 ? 1.0 / (double)sums[3] : 0;
		for (unsigned c = 0; c < channels; c++) {
			to[c] = (uint8_t)((double)sums[c] * (c < 3 ? colour_share : share) + 0.5);
			sums[c] = (int64_t)from[c] * rest;
		}
		to += channels;
		needed = s->width - rest;
	}
	s->out_row++;
}

// In blocks of a constant length, which compilers turn into vectors.
static void shrink_sum_opaque(uint32_t *restrict sums, const uint8_t *restrict row, size_t count, uint32_t weight)
{
	enum { BLOCK = 16 };
	size_t i = 0;
	for (; i + BLOCK <= count; i += BLOCK)
		for (size_t k = 0; k < BLOCK; k++)
			sums[i + k] += row[i + k] * weight;
	for (; i < count; i++)
		sums[i] += row[i] * weight;
}

static void shrink_sum(struct shrink *s, const uint8_t *row, uint32_t weight)
{
	if (!s->out->alpha) {
		shrink_sum_opaque(s->sums, row, (size_t)s->width * 3, weight);
		return;
	}
	for (unsigned i = 0; i < s->width * 4; i += 4) {
		uint32_t opaque = row[i + 3] * weight;
		s->sums[i] += row[i] * opaque;
		s->sums[i + 1] += row[i + 1] * opaque;
		s->sums[i + 2] += row[i + 2] * opaque;
		s->sums[i + 3] += opaque;
	}
}

void shrink_row(struct shrink *s, const uint8_t *row)
{
	unsigned covers = s->out->height, weight = covers < s->needed ? covers : s->needed;
	if (s->row++ >= s->height)
		return;
	shrink_sum(s, row, weight);
	s->needed -= weight;
	if (s->needed > 0)
		return;
	shrink_row_out(s);
	memset(s->sums, 0, (size_t)s->width * pixels_channels(s->out) * sizeof s->sums[0]);
	if (covers > weight)
		shrink_sum(s, row, covers - weight);
	s->needed = s->height - (covers - weight);
}

void shrink_end(struct shrink *s)
{
	free(s->sums);
	s->sums = NULL;
}
