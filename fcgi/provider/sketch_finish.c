// SPDX-License-Identifier: ISC
// Printing: some styles are drawn in cyan, magenta and yellow, which stand for three inks. Here the inks meet the paper, each through its
// screen: dots, hatching, or evenly.
#include "fcgi/provider/sketch_draw.h"
#include "policy/base/array.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum screen { SCREEN_EVEN, SCREEN_DOTS, SCREEN_LINES };
enum { TILE = 64, INKS = 3 }; // a screen repeats after 64 pixels, so its cells divide that

static const struct press {
	const char *look;
	struct ink {
		const char *colour; // a role of the palette
		enum screen screen;
		int cells;  // per tile
		int dx, dy; // how far the plate is off, in thousandths of the shorter edge
	} inks[INKS];
	int wear; // of 256: how uneven the ink lies
} presses[] = {
    {"print", {{"a", SCREEN_DOTS, 7, 3, 2}, {"d", SCREEN_DOTS, 8, 0, 0}, {"b", SCREEN_DOTS, 6, -2, 1}}, 26},
    {"line", {{"a", SCREEN_EVEN, 0, 5, 4}, {"d", SCREEN_EVEN, 0, 0, 0}, {"d", SCREEN_LINES, 6, 0, 0}}, 0},
};

// How much ink a place needs before the screen lets it through, 0–255.
static void screen_make(enum screen screen, int cells, unsigned char tile[TILE][TILE])
{
	for (int y = 0; y < TILE; y++)
		for (int x = 0; x < TILE; x++) {
			double u = x * (double)cells / TILE * 2 * M_PI / 1.0, v = y * (double)cells / TILE * 2 * M_PI;
			double t = screen == SCREEN_LINES ? 0.5 - 0.5 * cos(u + v) : 0.5 - 0.25 * (cos((u + v) / 1.0) + cos((u - v) / 1.0));
			tile[y][x] = (unsigned char)lround(255 * t);
		}
}

void sketch_finish(cairo_surface_t *surface, const char *look, const struct sketch_palette *palette)
{
	const struct press *press = NULL;
	for (size_t i = 0; i < ARRAY_LEN(presses); i++)
		if (strcmp(presses[i].look, look) == 0)
			press = &presses[i];
	if (press == NULL)
		return;
	static unsigned char tiles[INKS][TILE][TILE], worn[TILE][TILE];
	int paper[3], lost[INKS][3], dx[INKS], dy[INKS];
	cairo_surface_flush(surface);
	int w = cairo_image_surface_get_width(surface), h = cairo_image_surface_get_height(surface), edge = w < h ? w : h;
	size_t stride = (size_t)cairo_image_surface_get_stride(surface), bytes = stride * (size_t)h;
	unsigned char *data = cairo_image_surface_get_data(surface), *plates = malloc(bytes);
	if (plates == NULL)
		return;
	memcpy(plates, data, bytes);
	sketch_palette_bytes(palette, "bg", paper);
	for (int i = 0; i < INKS; i++) {
		int ink[3];
		const struct ink *k = &press->inks[i];
		sketch_palette_bytes(palette, k->colour, ink);
		for (int c = 0; c < 3; c++)
			lost[i][c] = 256 - ink[c] * 256 / (paper[c] > ink[c] ? paper[c] : ink[c] > 0 ? ink[c] : 1);
		dx[i] = k->dx * edge / 1000;
		dy[i] = k->dy * edge / 1000;
		if (k->screen != SCREEN_EVEN)
			screen_make(k->screen, k->cells, tiles[i]);
	}
	// A tile of it, so that the file stays small.
	uint32_t noise = 2463534242U;
	for (int i = 0; i < TILE * TILE; i++) {
		noise ^= noise << 13, noise ^= noise >> 17, noise ^= noise << 5;
		worn[i / TILE][i % TILE] = (unsigned char)((noise & 7) == 0 ? press->wear : 0);
	}
	for (int y = 0; y < h; y++) {
		unsigned char *to = data + (size_t)y * stride;
		for (int x = 0; x < w; x++, to += 4) {
			int rest[3] = {256, 256, 256};
			for (int i = 0; i < INKS; i++) {
				int from_x = x - dx[i], from_y = y - dy[i];
				from_x = from_x < 0 ? 0 : from_x >= w ? w - 1 : from_x;
				from_y = from_y < 0 ? 0 : from_y >= h ? h - 1 : from_y;
				// Cyan takes away red and so on: the third byte of a pixel, the second, the first.
				int cover = 255 - plates[(size_t)from_y * stride + (size_t)from_x * 4 + (size_t)(2 - i)];
				if (cover == 0)
					continue;
				if (press->inks[i].screen != SCREEN_EVEN && cover < 250) {
					cover = (cover - tiles[i][y % TILE][x % TILE]) * 3 + 128;
					cover = cover < 0 ? 0 : cover > 255 ? 255 : cover;
				}
				cover -= worn[y % TILE][x % TILE] * cover >> 8;
				for (int c = 0; c < 3; c++)
					rest[c] = rest[c] * (256 - (lost[i][c] * cover >> 8)) >> 8;
			}
			for (int c = 0; c < 3; c++)
				to[2 - c] = (unsigned char)(paper[c] * rest[c] >> 8);
		}
	}
	cairo_surface_mark_dirty(surface);
	free(plates);
}
