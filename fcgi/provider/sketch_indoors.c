// SPDX-License-Identifier: ISC
// Compositions within reach: a still life, plants, a woven cloth, a desk from above.
#include "fcgi/provider/sketch_paint.h"
#include <math.h>

// --- a still life on pedestals ---

void scene_still_life(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	double table = c->h * 0.70, cx = c->w * 0.5, k = c->u;
	struct rgb wall = rgb_mix(c->p.light, c->p.paper, 0.35);
	sketch_backdrop(c, wall, rgb_mix(wall, c->p.mid, 0.25));
	if (!calm) {
		path_arch(c, cx - 4 * k, table + k, 38 * k, fmin(62 * k, table - 8 * k));
		sketch_shadow(c, 0, 0, k * 3, 0.18);
		sketch_paint(c, rgb_mix(c->p.accent, c->p.light, 0.45), false);
	}
	for (int i = 0; i < 3 && c->style == STYLE_PHOTO; i++) { // light from a window
		double x = c->w * (0.08 + 0.17 * i), w = c->w * 0.13;
		const double beam[][2] = {{x, 0}, {x + w, 0}, {x + w + c->w * 0.3, c->h * 0.72}, {x + c->w * 0.3, c->h * 0.72}};
		path_polygon(c, beam, 4);
		sketch_fill(c, c->p.paper, 0.20);
	}
	sketch_defocus(c, c->u * 2.4);
	cairo_save(c->cr);
	cairo_translate(c->cr, 0, table);
	cairo_scale(c->cr, 1, (c->h - table) / c->h);
	sketch_backdrop(c, rgb_mix(c->p.mid, c->p.light, calm ? 0.9 : 0.45), rgb_mix(c->p.mid, c->p.light, calm ? 0.9 : 0.1));
	cairo_restore(c->cr);
	double low = table + (c->h - table) * 0.30;
	if (calm) {
		draw_cylinder(c, cx - 7 * k, low, 11 * k, 14 * k, c->p.mid);
		draw_sphere(c, cx - 7 * k, low - 14 * k - 8.5 * k, 8.5 * k, c->p.accent);
		draw_cone(c, cx + 15 * k, low + 2 * k, 6 * k, 17 * k, c->p.second);
		return;
	}
	draw_cylinder(c, cx + 17 * k, low - 3 * k, 13 * k, 24 * k, rgb_mix(c->p.light, c->p.paper, 0.3));
	for (int i = 0; i < 3; i++)
		draw_stem(c, cx + 17 * k, low - 41 * k, (25 + 4 * i) * k, (i - 1) * 11 * k, i,
			  rgb_mix(c->p.accent, c->p.deep, 0.25 + 0.15 * i), c->p.deep);
	draw_vase(c, cx + 17 * k, low - 26 * k, 20 * k, c->p.second);
	draw_cylinder(c, cx - 13 * k, low + 2 * k, 16 * k, 11 * k, c->p.mid);
	draw_sphere(c, cx - 19 * k, low - 9 * k - 9 * k, 8.6 * k, c->p.accent);
	draw_cone(c, cx - 5 * k, low - 7.5 * k, 5.2 * k, 15 * k, rgb_mix(c->p.second, c->p.paper, 0.35));
	draw_sphere(c, cx + 5 * k, low + 7 * k, 4.4 * k, c->p.second);
	draw_sphere(c, cx - 33 * k, low + 5 * k, 3.4 * k, rgb_mix(c->p.accent, c->p.deep, 0.4));
	draw_cylinder(c, cx + 35 * k, low + 5 * k, 7 * k, 5 * k, rgb_mix(c->p.accent, c->p.deep, 0.15));
}

// --- plants ---

static void blob(struct canvas *c, double x, double y, double r, uint32_t seed, struct rgb rgb)
{
	cairo_new_path(c->cr);
	for (int i = 0; i < 90; i++) {
		double a = i / 90.0 * 2 * PI,
		       k = r * (1 + 0.22 * paint_noise(seed, 1.5 + cos(a) * 1.1, 1) + 0.22 * paint_noise(seed + 4, 1.5 + sin(a) * 1.1, 1));
		cairo_line_to(c->cr, x + cos(a) * k, y + sin(a) * k);
	}
	cairo_close_path(c->cr);
	sketch_paint(c, rgb, false);
}

static void flower(struct canvas *c, double x, double y, double r, struct rgb rgb)
{
	for (int ring = 0; ring < 2; ring++) {
		int n = ring ? 7 : 9;
		for (int i = 0; i < n; i++) {
			path_leaf(c, x, y, r * (ring ? 0.7 : 1), r * 0.36, i * 2 * PI / n + ring * 0.3);
			sketch_paint(c, rgb_tone(rgb, ring ? 0.05 : -0.02), true);
		}
	}
	paint_circle(c, x, y, r * 0.22, c->p.second, true);
}

void scene_botanical(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	sketch_backdrop(c, c->p.paper, calm ? c->p.paper : rgb_mix(c->p.paper, c->p.light, 0.7));
	struct rgb green = rgb_mix(c->p.accent, c->p.deep, 0.35), pale = rgb_mix(c->p.accent, c->p.light, 0.45);
	if (calm) {
		blob(c, c->w * 0.54, c->h * 0.46, c->u * 20, c->seed, c->p.light);
		draw_stem(c, c->w * 0.47, c->h * 0.86, c->h * 0.58, c->u * 10, 1, c->p.accent, c->p.deep);
		return;
	}
	blob(c, c->w * 0.36, c->h * 0.40, c->u * 27, c->seed, rgb_mix(c->p.second, c->p.paper, 0.55));
	blob(c, c->w * 0.68, c->h * 0.58, c->u * 24, c->seed + 9, rgb_mix(c->p.mid, c->p.paper, 0.35));
	blob(c, c->w * 0.70, c->h * 0.22, c->u * 11, c->seed + 21, rgb_mix(c->p.accent, c->p.paper, 0.55));
	struct rgb faded = rgb_mix(c->p.mid, c->p.light, 0.3);
	for (int i = 0; i < 6; i++)
		draw_stem(c, c->w * (0.06 + 0.176 * i), c->h * 1.02, c->h * sketch_chance_in(&c->chance, 0.5, 0.75),
			  c->u * sketch_chance_in(&c->chance, -8, 8), i % 3, faded, faded);
	sketch_defocus(c, c->u * 2);
	struct rgb leaves[] = {green, pale, c->p.accent, rgb_mix(green, c->p.second, 0.2), c->p.second};
	static const int kinds[] = {0, 2, 1, 0, 3, 2, 1};
	for (int i = 0; i < 7; i++) {
		double t = i / 6.0 - 0.5;
		draw_stem(c, c->w * 0.5 + t * fmin(c->w * 0.5, c->u * 62), c->h * 1.03,
			  c->h * (0.82 - 0.5 * fabs(t)) * sketch_chance_in(&c->chance, 0.88, 1.02),
			  t * c->u * 44 + sketch_chance_in(&c->chance, -3, 3) * c->u, kinds[i], leaves[kinds[i] == 3 ? 4 : i % 4],
			  c->p.deep);
	}
	flower(c, c->w * 0.40, c->h * 0.47, c->u * 7.5, rgb_mix(c->p.second, c->p.paper, 0.12));
	flower(c, c->w * 0.63, c->h * 0.56, c->u * 5.6, rgb_mix(c->p.accent, c->p.paper, 0.25));
	for (int i = 0; i < 4; i++)
		draw_stem(c, c->w * (0.05 + 0.3 * i), c->h * 1.03, c->h * sketch_chance_in(&c->chance, 0.22, 0.34), c->u * (i < 2 ? -7 : 7),
			  i % 2, leaves[(i + 1) % 4], c->p.deep);
}

// --- a woven cloth ---

// One visible float of a thread, from (x, y), along or across.
static void thread(struct canvas *c, double x, double y, double w, double h, bool along, struct rgb rgb)
{
	double pad = fmin(w, h) * 0.05;
	path_rect(c, x + pad, y + pad, w - 2 * pad, h - 2 * pad, fmin(w, h) * 0.34);
	if (c->style == STYLE_WATERCOLOUR || c->style == STYLE_ILLUSTRATION || c->style == STYLE_MINIMAL) {
		sketch_paint(c, rgb, true);
	} else {
		cairo_pattern_t *p = along ? cairo_pattern_create_linear(x, y, x + w, y) : cairo_pattern_create_linear(x, y, x, y + h);
		static const double tones[] = {-0.20, -0.02, 0.07, -0.02, -0.20};
		fill_tones(c, p, rgb, tones, 5);
	}
	for (int i = 1; i < 6; i++) { // its fibres
		double at = i / 6.0;
		if (along)
			path_line(c, x + w * at, y + h * 0.14, x + w * at, y + h * 0.86);
		else
			path_line(c, x + w * 0.14, y + h * at, x + w * 0.86, y + h * at);
	}
	sketch_line(c, rgb_tone(rgb, -0.09), 0.14, c->style == STYLE_MINIMAL ? 0 : 0.55);
}

void scene_weave(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	sketch_backdrop(c, rgb_tone(c->p.deep, -0.02), rgb_tone(c->p.deep, -0.06));
	struct rgb warp[] = {c->p.accent, c->p.accent, c->p.second, c->p.light, c->p.accent, c->p.mid};
	struct rgb weft[] = {c->p.paper, c->p.light, c->p.paper, rgb_mix(c->p.accent, c->p.deep, 0.45)};
	if (calm) {
		sketch_backdrop(c, c->p.paper, c->p.paper);
		weft[0] = weft[2] = c->p.mid; // paper would not show on paper
	}
	double s = c->u * (calm ? 11 : 7.2), reach = hypot(c->w, c->h) / 2;
	int n = (int)(reach / s) + 1;
	sketch_turn(c, c->w / 2, c->h / 2, calm ? 0 : -0.42);
	if (calm)
		n = 2;
	for (int row = -n; row <= n; row++) {
		for (int col = -n; col <= n; col++) {
			// A twill: each thread runs over two others, and each row's floats step one to the side.
			int phase = (col + row + 400) % 4;
			double wobble = sketch_chance_in(&c->chance, -0.018, 0.018), x = (col - 0.5) * s, y = (row - 0.5) * s;
			if (phase == 0)
				thread(c, x, y, s, 2 * s, true, rgb_tone(warp[(unsigned)(col + 600) % 6], wobble));
			else if (phase == 2)
				thread(c, x, y, 2 * s, s, false, rgb_tone(weft[(unsigned)(row + 400) % 4], wobble));
		}
	}
	cairo_restore(c->cr);
	if (c->style == STYLE_PHOTO) {
		sketch_glow(c, c->w * 0.25, c->h * 0.18, c->w * 0.7, c->p.paper, 0.35);
		sketch_glow(c, c->w * 0.95, c->h * 1.0, c->w * 0.75, rgb_tone(c->p.deep, -0.1), 0.75);
	}
}

// --- a desk from above ---

static void lay(struct canvas *c, struct rgb rgb, double height)
{
	sketch_shadow(c, c->u * 0.8 * height, c->u * 1.2 * height, c->u * 1.9 * height, 0.42);
	sketch_paint(c, rgb, true);
}

static void cup_from_above(struct canvas *c, double x, double y, double r)
{
	path_circle(c, x, y, r * 1.5);
	lay(c, c->p.paper, 0.8);
	paint_circle(c, x, y, r * 1.12, rgb_mix(c->p.paper, c->p.light, 0.6), false);
	path_rect(c, x + r * 0.7, y - r * 0.18, r * 0.9, r * 0.36, r * 0.18);
	lay(c, c->p.accent, 0.6);
	path_circle(c, x, y, r);
	lay(c, c->p.accent, 1);
	struct rgb coffee = {0.28, 0.17, 0.11};
	paint_circle(c, x, y, r * 0.82, coffee, false);
	for (int i = 0; i < 3; i++) {
		cairo_arc(c->cr, x - r * 0.1, y + r * 0.05, r * (0.22 + 0.17 * i), 0.6 + i * 0.5, 3.4 + i * 0.7);
		sketch_line(c, rgb_mix(coffee, c->p.paper, 0.7), 0.5, 0.75);
	}
}

static void notebook(struct canvas *c, double x, double y, double w, double h)
{
	path_rect(c, x, y, w, h, c->u);
	lay(c, c->p.deep, 1.2);
	for (int i = 0; i < 2; i++) {
		paint_rect(c, x + w * (0.03 + 0.47 * i), y + h * 0.03, w * 0.47, h * 0.94, c->u * 0.5,
			   rgb_tone(c->p.paper, i ? 0.01 : -0.01), false);
	}
	for (int i = 0; i < 9; i++) {
		double ly = y + h * (0.16 + 0.083 * i);
		path_line(c, x + w * 0.09, ly, x + w * (i % 4 == 3 ? 0.28 : 0.44), ly);
		sketch_line(c, c->p.mid, 0.3, 0.9);
	}
	static const double bars[] = {0.34, 0.52, 0.44, 0.68, 0.60};
	for (int i = 0; i < 5; i++) {
		double bw = w * 0.055, bh = h * bars[i] * 0.62;
		path_rect(c, x + w * (0.56 + 0.075 * i), y + h * 0.82 - bh, bw, bh, c->u * 0.4);
		sketch_fill(c, i % 2 ? c->p.second : c->p.accent, 1);
	}
	path_line(c, x + w / 2, y + h * 0.03, x + w / 2, y + h * 0.97);
	sketch_line(c, c->p.mid, 0.45, 0.8);
}

static void pencil(struct canvas *c, double x, double y, double length, double angle, struct rgb rgb)
{
	double t = c->u * 1.5;
	sketch_turn(c, x, y, angle);
	path_rect(c, 0, -t / 2, length, t, t * 0.2);
	lay(c, rgb, 0.5);
	const double tip[][2] = {{length, -t / 2}, {length + t * 1.7, 0}, {length, t / 2}};
	paint_polygon(c, tip, 3, c->p.light, true);
	const double lead[][2] = {{length + t * 1.1, -t * 0.18}, {length + t * 1.7, 0}, {length + t * 1.1, t * 0.18}};
	paint_polygon(c, lead, 3, c->p.deep, false);
	paint_rect(c, -t * 0.9, -t / 2, t * 0.9, t, t * 0.3, c->p.second, true);
	cairo_restore(c->cr);
}

static void telephone(struct canvas *c, double x, double y, double w, double h)
{
	path_rect(c, x, y, w, h, w * 0.14);
	lay(c, c->p.deep, 1);
	paint_rect(c, x + w * 0.06, y + w * 0.06, w * 0.88, h - w * 0.12, w * 0.1, rgb_mix(c->p.accent, c->p.light, 0.35), false);
	paint_rect(c, x + w * 0.36, y + w * 0.12, w * 0.28, w * 0.06, w * 0.03, c->p.deep, false);
	for (int i = 0; i < 6; i++) {
		int column = i % 2, row = i / 2;
		path_rect(c, x + w * (0.17 + 0.36 * column), y + h * (0.42 + 0.17 * row), w * 0.30, w * 0.30, w * 0.07);
		sketch_fill(c, i % 3 == 1 ? c->p.second : c->p.paper, 0.92);
	}
}

void scene_desk(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	struct rgb top = calm ? c->p.light : rgb_mix(c->p.light, c->p.mid, 0.35);
	sketch_backdrop(c, rgb_tone(top, 0.03), rgb_tone(top, -0.04));
	double k = c->u, cx = c->w / 2, cy = c->h / 2;
	if (calm) {
		notebook(c, cx - 24 * k, cy - 15 * k, 40 * k, 29 * k);
		cup_from_above(c, cx + 29 * k, cy - 8 * k, 6 * k);
		return;
	}
	path_rect(c, c->w * 0.62, -c->u * 4, c->w * 0.45, c->h * 1.1, c->u);
	sketch_fill(c, rgb_mix(c->p.accent, c->p.light, 0.6), 1);
	sketch_turn(c, cx - 4 * k, cy + 2 * k, -0.12);
	notebook(c, -29 * k, -20 * k, 54 * k, 39 * k);
	cairo_restore(c->cr);
	cup_from_above(c, cx + fmin(c->w * 0.32, 38 * k), cy - fmin(c->h * 0.3, 33 * k), 8 * k);
	telephone(c, cx + 27 * k, cy + 1 * k, 15 * k, 31 * k);
	pencil(c, cx - 24 * k, cy + 30 * k, 29 * k, -0.2, c->p.second);
	pencil(c, cx - 17 * k, cy + 35 * k, 25 * k, -0.06, c->p.accent);
	const struct rgb tones[] = {c->p.second, c->p.mid, c->p.accent};
	for (int i = 0; i < 3; i++) { // swatches
		sketch_turn(c, cx - fmin(c->w * 0.34, 38 * k), cy - 20 * k, -0.35 + 0.3 * i);
		path_rect(c, -17 * k * 0.28, -17 * k, 17 * k * 0.56, 17 * k, k * 0.5);
		lay(c, c->p.paper, 0.5);
		paint_rect(c, -17 * k * 0.23, -17 * k * 0.95, 17 * k * 0.46, 17 * k * 0.66, k * 0.3, tones[i], false);
		cairo_restore(c->cr);
	}
	const double stems[][3] = {{-2 * k, c->h * 1.02, 0.7}, {c->w + k, c->h * 1.0, -0.7}, {c->w * 0.48, -3 * k, 2.7}};
	for (int i = 0; i < 3; i++) {
		sketch_turn(c, stems[i][0], stems[i][1], stems[i][2]);
		draw_stem(c, 0, 0, 34 * k, 4 * k, i == 1 ? 1 : 0, rgb_mix(c->p.accent, c->p.deep, 0.3 + 0.1 * i), c->p.deep);
		cairo_restore(c->cr);
	}
}
