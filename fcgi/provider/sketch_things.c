// SPDX-License-Identifier: ISC
// Things that several compositions use.
#include "fcgi/provider/sketch_paint.h"
#include <math.h>

static void ground_shadow(struct canvas *c, double x, double y, double rx)
{
	path_ellipse(c, x + rx * 0.35, y, rx * 1.15, rx * 0.2);
	sketch_shadow(c, 0, 0, c->u * 2.2, c->style == STYLE_ILLUSTRATION ? 0.3 : 0.42);
	cairo_new_path(c->cr);
}

void draw_vase(struct canvas *c, double x, double foot, double h, struct rgb rgb)
{
	double w = h * 0.34;
	ground_shadow(c, x, foot, w * 0.8);
	cairo_t *cr = c->cr;
	cairo_new_path(cr);
	cairo_move_to(cr, x - w * 0.42, foot);
	cairo_curve_to(cr, x - w * 1.25, foot - h * 0.28, x - w * 1.05, foot - h * 0.62, x - w * 0.34, foot - h * 0.78);
	cairo_curve_to(cr, x - w * 0.2, foot - h * 0.86, x - w * 0.24, foot - h * 0.92, x - w * 0.42, foot - h);
	cairo_line_to(cr, x + w * 0.42, foot - h);
	cairo_curve_to(cr, x + w * 0.24, foot - h * 0.92, x + w * 0.2, foot - h * 0.86, x + w * 0.34, foot - h * 0.78);
	cairo_curve_to(cr, x + w * 1.05, foot - h * 0.62, x + w * 1.25, foot - h * 0.28, x + w * 0.42, foot);
	cairo_curve_to(cr, x + w * 0.2, foot + h * 0.025, x - w * 0.2, foot + h * 0.025, x - w * 0.42, foot);
	cairo_close_path(cr);
	sketch_paint_round(c, rgb, x - w, x + w);
	path_ellipse(c, x, foot - h, w * 0.42, w * 0.09);
	sketch_paint(c, rgb_tone(rgb, -0.16), true);
}

void draw_sphere(struct canvas *c, double x, double y, double r, struct rgb rgb)
{
	ground_shadow(c, x, y + r * 0.97, r * 0.8);
	path_circle(c, x, y, r);
	if (c->style != STYLE_PHOTO) {
		sketch_paint_round(c, rgb, x - r, x + r);
		return;
	}
	cairo_pattern_t *p = cairo_pattern_create_radial(x - r * 0.38, y - r * 0.42, r * 0.05, x, y, r * 1.08);
	static const double tones[] = {0.16, 0.07, -0.02, -0.13, -0.24, -0.18};
	fill_tones(c, p, rgb, tones, 6);
}

void draw_cylinder(struct canvas *c, double x, double foot, double r, double h, struct rgb rgb)
{
	double e = r * 0.22;
	ground_shadow(c, x, foot, r);
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, x - r, foot - h);
	cairo_line_to(c->cr, x - r, foot);
	cairo_curve_to(c->cr, x - r, foot + e * 1.33, x + r, foot + e * 1.33, x + r, foot);
	cairo_line_to(c->cr, x + r, foot - h);
	cairo_close_path(c->cr);
	sketch_paint_round(c, rgb, x - r, x + r);
	path_ellipse(c, x, foot - h, r, e);
	sketch_paint(c, rgb_tone(rgb, 0.07), true);
}

void draw_cone(struct canvas *c, double x, double foot, double r, double h, struct rgb rgb)
{
	double e = r * 0.22;
	ground_shadow(c, x, foot, r);
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, x, foot - h);
	cairo_line_to(c->cr, x - r, foot);
	cairo_curve_to(c->cr, x - r, foot + e * 1.33, x + r, foot + e * 1.33, x + r, foot);
	cairo_close_path(c->cr);
	sketch_paint_round(c, rgb, x - r, x + r);
}

// A stalk that leans, with leaves of one of four kinds: 0 pointed pairs, 1 round pairs, 2 fine fronds, 3 berries.
void draw_stem(struct canvas *c, double x, double y, double length, double lean, int kind, struct rgb leaf, struct rgb stalk)
{
	static const int counts[] = {7, 6, 15, 9};
	static const double lengths[] = {0.30, 0.17, 0.24, 0.13}, widths[] = {0.085, 0, 0.026, 0};
	double weight = fmax(0.25, length / c->u * 0.011);
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, x, y);
	cairo_curve_to(c->cr, x, y - length * 0.4, x + lean * 0.4, y - length * 0.75, x + lean, y - length);
	sketch_line(c, stalk, weight, 1);
	int n = counts[kind];
	for (int i = 0; i < n; i++) {
		double t = 0.24 + 0.76 * (i + 1) / n, s = 1 - t;
		double px = s * s * s * x + 3 * s * s * t * x + 3 * s * t * t * (x + lean * 0.4) + t * t * t * (x + lean);
		double py = y - length * (3 * s * s * t * 0.4 + 3 * s * t * t * 0.75 + t * t * t);
		double size = length * (1.15 - t * 0.65), tilt = lean / length * t;
		for (int side = -1; side <= 1; side += 2) {
			double angle =
			    -PI / 2 + tilt + side * (i == n - 1 ? 0.25 : 0.85 - 0.25 * t) + sketch_chance_in(&c->chance, -0.08, 0.08);
			double l = size * lengths[kind] * sketch_chance_in(&c->chance, 0.9, 1.1);
			struct rgb tone = rgb_tone(leaf, side < 0 ? 0.03 : -0.03);
			if (kind == 3) {
				double bx = px + cos(angle) * l, by = py + sin(angle) * l;
				path_line(c, px, py, bx, by);
				sketch_line(c, stalk, weight * 0.6, 1);
				path_circle(c, bx, by, size * 0.026);
				sketch_paint_round(c, tone, bx - size * 0.026, bx + size * 0.026);
				continue;
			}
			if (kind == 1) {
				sketch_turn(c, px, py, angle);
				path_ellipse(c, l * 0.55, 0, l * 0.55, l * 0.46);
				cairo_restore(c->cr);
			} else {
				path_leaf(c, px, py, l, size * widths[kind], angle);
			}
			sketch_paint(c, tone, kind != 2); // an outline would drown a fine frond
			if (kind > 1)
				continue;
			path_line(c, px, py, px + cos(angle) * l * 0.85, py + sin(angle) * l * 0.85);
			sketch_line(c, rgb_tone(tone, -0.1), weight * 0.35, 0.7);
		}
	}
}

void draw_pine(struct canvas *c, double x, double foot, double h, struct rgb rgb)
{
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, x, foot - h);
	static const double reach[] = {0.10, 0.15, 0.20};
	for (int side = 1; side >= -1; side -= 2) {
		for (int k = 0; k < 3; k++) {
			int i = side > 0 ? k : 2 - k;
			double low = foot - h * (0.68 - 0.3 * i), in = reach[i] * 0.45;
			double outer = x + side * h * reach[i], inner = x + side * h * in;
			cairo_line_to(c->cr, side > 0 ? outer : inner, low + (side > 0 ? 0 : -h * 0.03));
			cairo_line_to(c->cr, side > 0 ? inner : outer, low + (side > 0 ? -h * 0.03 : 0));
		}
	}
	cairo_close_path(c->cr);
	sketch_fill(c, rgb, 1);
	cairo_rectangle(c->cr, x - h * 0.012, foot - h * 0.1, h * 0.024, h * 0.14);
	cairo_fill(c->cr);
}

void draw_cloud(struct canvas *c, double x, double y, double w, struct rgb rgb, double alpha)
{
	if (c->style == STYLE_PHOTO) {
		for (int i = 0; i < 9; i++) {
			double t = i / 8.0 - 0.5;
			cairo_save(c->cr);
			cairo_translate(c->cr, x + t * w, y + sketch_chance_in(&c->chance, -0.02, 0.02) * w);
			cairo_scale(c->cr, 1, 0.24);
			sketch_glow(c, 0, 0, w * (0.34 - fabs(t) * 0.3), rgb, alpha * 0.6);
			cairo_restore(c->cr);
		}
		return;
	}
	double h = w * 0.16;
	path_rect(c, x - w / 2, y - h / 2, w, h, h / 2);
	sketch_fill(c, rgb, alpha);
	path_rect(c, x - w * 0.18, y - h * 1.15, w * 0.5, h, h / 2);
	cairo_fill(c->cr);
}
