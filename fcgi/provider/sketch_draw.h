// SPDX-License-Identifier: ISC
// The parts of a drawing: colours, text as outlines, pixels as PNG. Private to sketch_*.c.
#ifndef LETHE_PROVIDER_SKETCH_DRAW_H
#define LETHE_PROVIDER_SKETCH_DRAW_H

#include "fcgi/provider/sketch.h"
#include <cairo.h>

// ---- sketch_colour.c ----
struct sketch_lch {
	double l, c, h; // OKLCH: lightness 0–1, chroma 0–0.4, hue in radians
};
// The colours that styles name: see sketch/README.md.
enum sketch_role {
	ROLE_BG,
	ROLE_PANEL,
	ROLE_A,
	ROLE_B,
	ROLE_D,
	ROLE_L,
	ROLE_W,
	ROLE_WOOD,
	ROLE_GOLD,
	ROLE_LEAF,
	ROLE_METAL,
	ROLE_GLASS,
	ROLE_LIT,
	ROLE_NIGHT,
	ROLE_ON,
	ROLE_PRESS,
	SKETCH_ROLES
};
struct sketch_palette {
	struct sketch_lch role[SKETCH_ROLES];
};
// From the colours asked for (NULL-terminated "#rrggbb", the main one first), or one of the mood's own by the seed.
struct sketch_palette sketch_palette_make(const char *const *colours, const char *mood, unsigned seed);
// The colour that a style's "$a2" names, as "#rrggbb"; the number of bytes of the name, 0 when it names none.
size_t sketch_palette_colour(const struct sketch_palette *p, const char *name, char out[SKETCH_COLOUR_BYTES]);

// The colour of a role as red, green and blue, 0–255.
void sketch_palette_bytes(const struct sketch_palette *p, const char *name, int out[3]);
// A colour made darker (by < 0) or lighter, as people mean it when they say so.
void sketch_colour_tone(const char *colour, int by, char out[SKETCH_COLOUR_BYTES]);

// ---- sketch_text.c ----
int sketch_text_prepare(struct err *e); // loads the fonts, once. ERR_UNAVAILABLE: no font
enum sketch_face { FACE_SERIF, FACE_SANS, SKETCH_FACES };
// One line of text at its place.
struct sketch_line {
	enum sketch_face face;
	double x, y, size; // the anchor on the base line
	double width;      // at most; 0: any. The text becomes smaller to fit
	double anchor;     // 0: begins at x, 0.5: its middle, 1: its end
};
// Adds its outlines as an SVG path with these attributes. Returns the width that it takes; < 0: the text cannot be set, nothing was added.
double sketch_text_path(struct buf *out, const struct sketch_line *line, const char *utf8, const char *attributes);

// ---- sketch_finish.c ----
// What a style that is printed needs after it was drawn; nothing for the others.
void sketch_finish(cairo_surface_t *surface, const char *look, const struct sketch_palette *palette);

// ---- sketch_png.c ----
// Appends the pixels of an RGB24 surface, which loses them. -1: memory, or the buffer's ceiling.
int sketch_png_write(struct buf *out, cairo_surface_t *surface);

#endif
