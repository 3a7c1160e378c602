// SPDX-License-Identifier: ISC
// The colours of a page: those it names as its own first, then those its style sheets use most, weighed by how colourful they are.
#ifndef LETHE_WORKER_COLOUR_H
#define LETHE_WORKER_COLOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COLOURS_SEEN = 256, COLOURS_MAX = 6, COLOUR_TEXT = 8 };

struct colours {
	struct {
		uint32_t rgb;
		double weight;
	} seen[COLOURS_SEEN]; // when it is full, further ones are not counted
	size_t count;
};

// All colours in a piece of CSS (#rgb, #rrggbb, with alpha too, rgb(), hsl()). A property whose name speaks of a brand or theme counts more.
void colour_css(struct colours *c, const char *css, size_t len);
// One colour: one that the page declares as its own (theme-color), or an attribute's whole value (bgcolor). Anything else is ignored.
void colour_value(struct colours *c, const char *value, bool declared);
// The best ones as "#rrggbb", no two alike; returns how many.
size_t colour_best(const struct colours *c, char out[COLOURS_MAX][COLOUR_TEXT]);

#endif
