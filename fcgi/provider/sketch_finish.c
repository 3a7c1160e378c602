// SPDX-License-Identifier: ISC
// What makes a drawing look like a photograph or a sheet of watercolour paper.
#include "fcgi/provider/sketch_paint.h"
#include <math.h>

static uint8_t shift(uint8_t v, int by)
{
	int r = v + by;
	return (uint8_t)(r < 0 ? 0 : r > 255 ? 255 : r);
}

// Changes each pixel by what `step` says, in all three channels.
static void pixels_shift(struct canvas *c, int (*step)(void *context, int x, int y), void *context)
{
	cairo_surface_flush(c->surface);
	uint8_t *data = cairo_image_surface_get_data(c->surface);
	int stride = cairo_image_surface_get_stride(c->surface);
	for (int y = 0; y < (int)c->h; y++) {
		uint8_t *row = data + (ptrdiff_t)y * stride;
		for (int x = 0; x < (int)c->w; x++, row += 4) {
			int by = step(context, x, y);
			for (int k = 0; k < 3; k++)
				row[k] = shift(row[k], by);
		}
	}
	cairo_surface_mark_dirty(c->surface);
}

// Film grain: one step up or down in all three channels, which also breaks up the bands of the gradients. More would show, and cost.
static int grain(void *context, int x, int y)
{
	(void)x, (void)y;
	uint32_t *state = context;
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return (int)(*state >> 30 & 1) + (int)(*state >> 29 & 1) - 1;
}

enum { TILE = 256 };

// Rough paper: its tooth is a little darker where light does not reach.
static int paper(void *context, int x, int y)
{
	const uint8_t(*tile)[TILE] = context;
	int a = tile[(y / 2) % TILE][(x / 2) % TILE] + tile[(y / 2 + 1) % TILE][(x / 2) % TILE] + tile[(y / 2) % TILE][(x / 2 + 1) % TILE] +
		tile[(y / 5) % TILE][(x / 5) % TILE];
	return (a - 510) / 64;
}

// The sheet's unpainted margin, with the uneven edge that a brush leaves.
static void margin(struct canvas *c)
{
	double m = c->u * 4.2;
	cairo_new_path(c->cr);
	cairo_rectangle(c->cr, -1, -1, c->w + 2, c->h + 2);
	cairo_new_sub_path(c->cr);
	int n = 400;
	for (int i = 0; i < n; i++) {
		double t = 4.0 * i / n, side = floor(t), f = t - side;
		double wide = c->w - 2 * m, high = c->h - 2 * m;
		double x = side < 1 ? f : side < 2 ? 1 : side < 3 ? 1 - f : 0, y = side < 1 ? 0 : side < 2 ? f : side < 3 ? 1 : 1 - f;
		double rough = c->u * 1.5 * paint_noise(c->seed + 31, i * 0.23, 4),
		       rough_y = c->u * 1.5 * paint_noise(c->seed + 47, i * 0.23, 4);
		cairo_line_to(c->cr, m + x * wide + rough, m + y * high + rough_y);
	}
	cairo_close_path(c->cr);
	cairo_set_fill_rule(c->cr, CAIRO_FILL_RULE_EVEN_ODD);
	sketch_fill(c, c->p.paper, 1);
	cairo_set_fill_rule(c->cr, CAIRO_FILL_RULE_WINDING);
}

void sketch_finish(struct canvas *c)
{
	if (c->style == STYLE_PHOTO) {
		// lights out of focus at the sides
		for (int i = 0; i < 9; i++) {
			bool left = i % 2 == 0;
			double x = c->w * (left ? sketch_chance_in(&c->chance, -0.02, 0.18) : sketch_chance_in(&c->chance, 0.82, 1.02));
			double y = c->h * sketch_chance_in(&c->chance, 0.0, 0.55), r = c->u * sketch_chance_in(&c->chance, 1.6, 5.5);
			path_circle(c, x, y, r);
			sketch_source(c, c->p.paper, 0.13);
			cairo_fill_preserve(c->cr);
			cairo_set_line_width(c->cr, c->u * 0.16);
			sketch_source(c, c->p.paper, 0.16);
			cairo_stroke(c->cr);
		}
		// the corners are darker
		double reach = hypot(c->w, c->h) / 2;
		cairo_pattern_t *p =
		    cairo_pattern_create_radial(c->w * 0.48, c->h * 0.45, reach * 0.45, c->w * 0.5, c->h * 0.5, reach * 1.08);
		struct rgb dark = rgb_tone(c->p.deep, -0.12);
		fill_stop(p, 0, dark, 0);
		fill_stop(p, 0.5, dark, 0.08);
		fill_stop(p, 1, dark, 0.42);
		cairo_rectangle(c->cr, 0, 0, c->w, c->h);
		fill_pattern(c, p);
		uint32_t state = c->seed | 1;
		pixels_shift(c, grain, &state);
	}
	if (c->style == STYLE_WATERCOLOUR) {
		margin(c);
		uint8_t tile[TILE][TILE];
		struct chance rough = {c->seed};
		for (int i = 0; i < TILE * TILE; i++)
			tile[i / TILE][i % TILE] = (uint8_t)(sketch_chance(&rough) * 255);
		pixels_shift(c, paper, tile);
	}
}
