// SPDX-License-Identifier: ISC
// Compositions in the open: hills, water, a shop front.
#include "fcgi/provider/sketch_paint.h"
#include <math.h>
#include <stdlib.h>

// --- hills, one behind the other ---

static double ridge_y(const struct canvas *c, int layer, double x, double base, double height)
{
	uint32_t seed = c->seed + (uint32_t)layer * 977;
	return base - height * (0.5 + 0.5 * paint_noise(seed, x / c->w * (2.2 + layer * 0.5) + layer * 7.3, layer < 3 ? 5 : 3));
}

static void ridge(struct canvas *c, int layer, double base, double height, struct rgb rgb)
{
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, -c->u * 2, c->h + c->u * 2);
	for (double x = -c->u * 2; x <= c->w + c->u * 3; x += c->u * 0.7)
		cairo_line_to(c->cr, x, ridge_y(c, layer, x, base, height));
	cairo_line_to(c->cr, c->w + c->u * 3, c->h + c->u * 2);
	cairo_close_path(c->cr);
	sketch_paint(c, rgb, layer > 2);
}

static void mist(struct canvas *c, double y, double h, struct rgb rgb, double alpha)
{
	cairo_pattern_t *p = cairo_pattern_create_linear(0, y - h, 0, y + h * 0.6);
	fill_stop(p, 0, rgb, 0);
	fill_stop(p, 0.65, rgb, alpha);
	fill_stop(p, 1, rgb, 0);
	cairo_rectangle(c->cr, 0, y - h, c->w, h * 1.6);
	fill_pattern(c, p);
}

static void sun(struct canvas *c, double x, double y, double r, struct rgb rgb)
{
	if (c->style == STYLE_PHOTO) {
		sketch_glow(c, x, y, r * 6, rgb_mix(rgb, c->p.paper, 0.4), 0.75);
		sketch_glow(c, x, y, r * 2.2, c->p.paper, 0.8);
	}
	path_circle(c, x, y, r);
	struct rgb face = c->style == STYLE_PHOTO ? rgb_mix(c->p.paper, rgb, 0.12) : rgb;
	if (c->style == STYLE_WATERCOLOUR) {
		sketch_paint(c, face, false);
		return;
	}
	sketch_fill(c, face, 1);
}

void scene_landscape(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	struct rgb low = rgb_mix(c->p.paper, c->p.second, 0.22), high = rgb_mix(c->p.light, c->p.mid, 0.65);
	sketch_backdrop(c, calm ? c->p.paper : high, calm ? c->p.paper : low);
	double sx = c->w * sketch_chance_in(&c->chance, 0.58, 0.74), sy = c->h * (calm ? 0.36 : 0.30);
	sun(c, sx, sy, c->u * (calm ? 13 : 7.5), calm ? c->p.accent : rgb_mix(c->p.second, c->p.paper, 0.15));
	if (!calm)
		draw_cloud(c, c->w * 0.27, c->h * 0.17, c->u * 26, c->p.paper, 0.75);
	int layers = calm ? 3 : 6, first = calm ? 3 : 0;
	for (int i = 0; i < layers; i++) {
		double t = (double)i / (layers - 1);
		struct rgb far = rgb_mix(c->p.mid, low, 0.55), near = calm ? c->p.mid : c->p.deep;
		struct rgb rgb = t < 0.6 ? rgb_mix(far, c->p.accent, t / 0.6) : rgb_mix(c->p.accent, near, (t - 0.6) / 0.4);
		double base = c->h * (calm ? 0.74 + 0.1 * i : 0.50 + 0.098 * i), height = c->h * (calm ? 0.12 : 0.24 - 0.026 * i);
		if (calm)
			rgb = i == 0 ? c->p.light : i == 1 ? rgb_mix(c->p.light, c->p.mid, 0.6) : c->p.mid;
		ridge(c, first + i, base, height, rgb);
		if (!calm && i < layers - 1)
			mist(c, base + c->h * 0.03, c->h * 0.14, low, c->style == STYLE_ILLUSTRATION ? 0.12 : 0.42);
		if (calm || i < 3)
			continue;
		struct rgb needle = rgb_mix(rgb, c->p.deep, i == layers - 1 ? 0.6 : 0.45);
		for (double x = sketch_chance_in(&c->chance, -4, 2) * c->u; x < c->w;
		     x += c->u * sketch_chance_in(&c->chance, 1.6, 4.0 + 3 * (5 - i))) {
			if (paint_noise(c->seed + 5, x / c->w * 5 + i * 3.1, 2) < -0.02)
				continue;
			double size = c->u * (3.5 + (i - 2) * 2.6) * sketch_chance_in(&c->chance, 0.7, 1.2);
			draw_pine(c, x, ridge_y(c, i, x, base, height) + size * 0.08, size, needle);
		}
	}
	for (int i = 0; i < (calm ? 0 : 5); i++) { // birds
		double x = c->w * (0.36 + 0.035 * i + sketch_chance_in(&c->chance, -0.01, 0.01)), y = c->h * (0.25 + 0.018 * ((i * 3) % 5)),
		       s = c->u * 1.1;
		cairo_new_path(c->cr);
		cairo_move_to(c->cr, x - s, y - s * 0.35);
		cairo_curve_to(c->cr, x - s * 0.6, y - s * 0.7, x - s * 0.2, y - s * 0.4, x, y);
		cairo_curve_to(c->cr, x + s * 0.2, y - s * 0.4, x + s * 0.6, y - s * 0.7, x + s, y - s * 0.35);
		sketch_line(c, c->p.deep, 0.22, 0.8);
	}
}

// --- the sun over water ---

void scene_water(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	double horizon = c->h * (calm ? 0.62 : 0.57), sx = c->w * sketch_chance_in(&c->chance, 0.40, 0.62), r = c->u * (calm ? 12 : 13);
	struct rgb top = rgb_mix(c->p.accent, c->p.deep, 0.25), low = rgb_mix(c->p.second, c->p.paper, 0.35);
	struct rgb orb = calm ? c->p.accent : rgb_mix(c->p.paper, c->p.second, c->style == STYLE_PHOTO ? 0.2 : 0.55);
	sketch_backdrop(c, calm ? c->p.light : top, calm ? c->p.light : low);
	cairo_save(c->cr);
	cairo_rectangle(c->cr, 0, 0, c->w, horizon);
	cairo_clip(c->cr);
	if (!calm) {
		cairo_save(c->cr);
		cairo_scale(c->cr, 1, horizon / c->h);
		sketch_backdrop(c, top, low);
		cairo_restore(c->cr);
		draw_cloud(c, c->w * 0.22, c->h * 0.20, c->u * 34, rgb_mix(low, c->p.paper, 0.5), 0.55);
		draw_cloud(c, c->w * 0.80, c->h * 0.30, c->u * 26, rgb_mix(low, c->p.paper, 0.5), 0.5);
	}
	sun(c, sx, horizon - r * (calm ? 0.2 : 0.45), r, orb);
	cairo_restore(c->cr);
	if (!calm) {
		cairo_save(c->cr);
		cairo_rectangle(c->cr, 0, 0, c->w, horizon);
		cairo_clip(c->cr);
		ridge(c, 1, horizon + c->u, c->u * 7, rgb_mix(c->p.accent, low, 0.45));
		ridge(c, 2, horizon + c->u * 2, c->u * 4.5, rgb_mix(c->p.accent, c->p.deep, 0.45));
		cairo_restore(c->cr);
	}
	cairo_save(c->cr);
	cairo_rectangle(c->cr, 0, horizon, c->w, c->h - horizon);
	cairo_clip(c->cr);
	cairo_translate(c->cr, 0, horizon);
	cairo_scale(c->cr, 1, (c->h - horizon) / c->h);
	sketch_backdrop(c, calm ? c->p.mid : rgb_mix(low, c->p.accent, 0.45), calm ? c->p.mid : rgb_mix(c->p.deep, c->p.accent, 0.2));
	cairo_restore(c->cr);
	for (int i = 0; i < (calm ? 0 : 70); i++) { // the swell
		double t = sketch_chance(&c->chance), y = horizon + (c->h - horizon) * (0.04 + 0.96 * t),
		       w = c->u * (4 + 18 * t) * sketch_chance_in(&c->chance, 0.5, 1.3);
		double x = sketch_chance_in(&c->chance, -0.1, 1) * c->w;
		path_rect(c, x, y, w, c->u * (0.12 + 0.4 * t), c->u);
		sketch_fill(c, rgb_mix(c->p.accent, c->p.deep, 0.5), 0.30);
	}
	// the sun's path on the water
	struct rgb rgb = calm ? c->p.light : orb;
	for (int i = 0; i < 26; i++) {
		double t = i / 25.0, y = horizon + (c->h - horizon) * (0.02 + 0.96 * t * t);
		double half = r * (0.95 - 0.35 * t + 0.55 * fabs(paint_noise(c->seed + 3, i * 0.9, 2))) * (i % 3 == 1 ? 0.62 : 1);
		double rx = sx + paint_noise(c->seed + 9, i * 1.7, 2) * r * 0.45, thick = c->u * (0.28 + 1.25 * t);
		path_rect(c, rx - half, y, 2 * half, thick, thick / 2);
		sketch_fill(c, rgb, c->style == STYLE_MINIMAL ? 0.9 : 0.75 - 0.35 * t);
	}
	// a sail boat
	double x = c->w * (sx > c->w / 2 ? 0.24 : 0.77);
	double y = horizon + c->u * (calm ? 3 : 9);
	double s = c->u * (calm ? 5 : 9);
	const double hull[][2] = {{x - s * 0.62, y}, {x + s * 0.62, y}, {x + s * 0.40, y + s * 0.22}, {x - s * 0.44, y + s * 0.22}};
	const double large[][2] = {{x + s * 0.02, y - s * 1.5}, {x + s * 0.02, y - s * 0.08}, {x - s * 0.55, y - s * 0.08}};
	const double small[][2] = {{x + s * 0.09, y - s * 1.3}, {x + s * 0.52, y - s * 0.08}, {x + s * 0.09, y - s * 0.08}};
	paint_polygon(c, large, 3, c->p.paper, true);
	paint_polygon(c, small, 3, c->p.accent, true);
	paint_polygon(c, hull, 4, c->p.deep, true);
}

// --- a shop front ---

static void window(struct canvas *c, double x, double y, double w, double h, struct rgb frame, bool arched)
{
	bool lit = c->style == STYLE_PHOTO || sketch_chance(&c->chance) < 0.5;
	struct rgb pane = lit ? rgb_mix(c->p.second, c->p.paper, 0.62) : rgb_mix(c->p.light, c->p.accent, 0.3);
	double edge = c->u * 0.9;
	if (arched)
		path_arch(c, x - edge, y + h + edge, w + 2 * edge, h + 2 * edge);
	else
		path_rect(c, x - edge, y - edge, w + 2 * edge, h + 2 * edge, c->u * 0.4);
	sketch_paint(c, frame, true);
	if (arched)
		path_arch(c, x, y + h, w, h);
	else
		path_rect(c, x, y, w, h, c->u * 0.2);
	sketch_paint(c, pane, false);
	path_line(c, x + w / 2, y, x + w / 2, y + h);
	path_line(c, x, y + h * 0.48, x + w, y + h * 0.48);
	sketch_line(c, frame, 0.5, 1);
	paint_rect(c, x - edge * 2, y + h + edge, w + 4 * edge, c->u * 1.1, c->u * 0.3, rgb_tone(frame, -0.06), true);
}

static void awning(struct canvas *c, double x, double y, double w, double h)
{
	int stripes = 11;
	double s = w / stripes;
	cairo_rectangle(c->cr, x, y, w, h * 1.25);
	sketch_shadow(c, 0, c->u * 2.2, c->u * 3, 0.45);
	cairo_new_path(c->cr);
	for (int i = 0; i < stripes; i++) {
		double l = x + i * s, flare = c->u * 2.2;
		double left = l - flare + 2 * flare * i / stripes, right = l + s - flare + 2 * flare * (i + 1) / stripes;
		cairo_new_path(c->cr);
		cairo_move_to(c->cr, l, y);
		cairo_line_to(c->cr, l + s, y);
		cairo_line_to(c->cr, right, y + h);
		cairo_arc(c->cr, (left + right) / 2, y + h, (right - left) / 2, 0, PI);
		cairo_close_path(c->cr);
		sketch_paint(c, i % 2 ? c->p.paper : c->p.accent, true);
	}
}

static void potted(struct canvas *c, double x, double foot, double s)
{
	for (int i = 0; i < 5; i++)
		draw_stem(c, x + (i - 2) * s * 0.05, foot - s * 0.4, s * (0.75 + 0.12 * (2 - abs(i - 2))), (i - 2) * s * 0.16, i % 2,
			  rgb_mix(c->p.accent, c->p.deep, 0.15 + 0.1 * (i % 3)), c->p.deep);
	const double pot[][2] = {
	    {x - s * 0.24, foot - s * 0.42}, {x + s * 0.24, foot - s * 0.42}, {x + s * 0.17, foot}, {x - s * 0.17, foot}};
	path_polygon(c, pot, 4);
	sketch_paint_round(c, c->p.second, x - s * 0.24, x + s * 0.24);
	path_rect(c, x - s * 0.27, foot - s * 0.48, s * 0.54, s * 0.1, s * 0.02);
	sketch_paint_round(c, rgb_tone(c->p.second, 0.04), x - s * 0.27, x + s * 0.27);
}

static void shop_window(struct canvas *c, double x, double y, double w, double h, struct rgb frame)
{
	paint_rect(c, x - c->u, y - c->u, w + 2 * c->u, h + 2 * c->u, c->u * 0.5, frame, true);
	paint_rect(c, x, y, w, h, 0, rgb_mix(c->p.paper, c->p.second, 0.25), false);
	if (c->style == STYLE_PHOTO)
		sketch_glow(c, x + w * 0.5, y + h * 0.25, w * 0.5, c->p.paper, 0.8);
	struct rgb tones[] = {c->p.accent, c->p.second, c->p.mid, rgb_mix(c->p.accent, c->p.deep, 0.4)};
	for (int shelf = 1; shelf <= 2; shelf++) {
		double sy = y + h * (shelf == 1 ? 0.5 : 0.97), size = h * 0.30;
		for (double at = x + w * 0.06; at < x + w * 0.9; at += size * sketch_chance_in(&c->chance, 0.62, 0.95)) {
			struct rgb rgb = tones[(int)sketch_chance_in(&c->chance, 0, 3.99)];
			double s = size * sketch_chance_in(&c->chance, 0.55, 1.0);
			int what = (int)sketch_chance_in(&c->chance, 0, 2.99);
			if (what == 0)
				path_circle(c, at + s * 0.3, sy - s * 0.3, s * 0.3);
			else
				path_rect(c, at, sy - s, s * (what == 1 ? 0.38 : 0.55), s, what == 1 ? s * 0.16 : s * 0.03);
			sketch_paint_round(c, rgb, at, at + s * 0.6);
		}
		paint_rect(c, x, sy, w, h * 0.03, 0, rgb_tone(frame, 0.05), false);
	}
}

static void shop_sign(struct canvas *c, double x, double y, double w, double h)
{
	path_rect(c, x, y, w, h, c->u * 0.5);
	sketch_shadow(c, 0, c->u * 0.7, c->u, 0.4);
	sketch_paint(c, c->p.deep, true);
	if (!*c->sign)
		return;
	double size = h * 0.56, width = text_width(FACE_SERIF, c->sign, size, 0.12);
	if (width > w * 0.9) {
		size *= w * 0.9 / width;
		width = w * 0.9;
	}
	text_draw(c, FACE_SERIF, c->sign, x + (w - width) / 2, y + h / 2 + size * 0.35, size, 0.12, c->p.paper, 1);
}

// The houses on either side, pale and without detail.
static void neighbours(struct canvas *c, double x, double width, double ground, struct rgb rgb)
{
	for (int side = -1; side <= 1; side += 2) {
		double at = side < 0 ? x : x + width;
		for (int i = 0; i < 3 && at > -c->u && at < c->w + c->u; i++) {
			double w = c->u * sketch_chance_in(&c->chance, 20, 30),
			       h = (ground - c->h * 0.1) * sketch_chance_in(&c->chance, 0.55, 0.85);
			double left = side < 0 ? at - w : at;
			struct rgb wall = rgb_tone(rgb, i % 2 ? 0.02 : -0.02);
			paint_rect(c, left, ground - h, w, h, 0, wall, false);
			const double roof[][2] = {
			    {left - c->u, ground - h}, {left + w / 2, ground - h - c->u * 9}, {left + w + c->u, ground - h}};
			paint_polygon(c, roof, 3, rgb_tone(wall, -0.06), false);
			for (int k = 0; k < 6; k++) {
				int row = k / 2;
				paint_rect(c, left + w * (k % 2 ? 0.58 : 0.2), ground - h + c->u * (5 + 13 * row), w * 0.22, c->u * 7,
					   c->u * 0.3, k == 2 + side ? rgb_mix(c->p.second, c->p.paper, 0.5) : rgb_tone(wall, -0.05),
					   false);
			}
			at += side * w;
		}
	}
}

void scene_facade(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	struct rgb wall = calm ? c->p.light : rgb_mix(c->p.light, c->p.mid, 0.25),
		   frame = calm ? c->p.paper : rgb_mix(c->p.paper, c->p.light, 0.3);
	sketch_backdrop(c, rgb_mix(c->p.mid, c->p.light, 0.4), c->p.paper);
	if (!calm)
		draw_cloud(c, c->w * 0.8, c->h * 0.10, c->u * 24, c->p.paper, 0.8);
	double width = fmin(c->w * 0.80, c->u * 92), x = (c->w - width) / 2, ground = c->h * 0.91,
	       roof = fmax(c->h * 0.08, ground - c->u * 104);
	if (!calm) {
		neighbours(c, x, width, ground, rgb_mix(c->p.mid, c->p.light, 0.55));
		sketch_defocus(c, c->u * 1.4);
	}
	path_rect(c, x, roof, width, ground - roof, c->u * 0.5);
	sketch_shadow(c, c->u * 2, 0, c->u * 4, 0.3);
	sketch_paint(c, wall, true);
	paint_rect(c, x - c->u * 2, roof - c->u * 1.5, width + 4 * c->u, c->u * 3.4, c->u * 0.5, c->p.accent, true);
	double shop = ground - c->u * 38, sign_h = c->u * 8, top = roof + c->u * 7, upper = shop - sign_h - c->u * 4 - top;
	int columns = calm ? 2 : 4, rows = upper > c->u * 38 ? 2 : 1;
	double cell = width / columns, ww = fmin(cell * 0.46, c->u * 11), wh = fmin(upper / rows - c->u * 6, ww * 1.6);
	for (int r = 0; r < rows; r++)
		for (int i = 0; i < columns; i++)
			window(c, x + cell * (i + 0.5) - ww / 2, top + upper / rows * r + (upper / rows - wh) / 2, ww, wh, frame,
			       r == 0 && !calm);
	shop_window(c, x + width * 0.07, shop + c->u * 9, width * 0.52, c->u * 22, frame);
	double dx = x + width * 0.68, dy = shop + c->u * 7, dw = width * 0.2, dh = ground - shop - c->u * 7; // the door
	paint_rect(c, dx, dy, dw, dh, c->u * 0.4, c->p.accent, true);
	paint_rect(c, dx + dw * 0.14, dy + dh * 0.08, dw * 0.72, dh * 0.5, c->u * 0.3, rgb_mix(c->p.second, c->p.paper, 0.6), true);
	paint_rect(c, dx + dw * 0.14, dy + dh * 0.66, dw * 0.72, dh * 0.24, c->u * 0.3, rgb_tone(c->p.accent, -0.06), true);
	paint_circle(c, dx + dw * 0.88, dy + dh * 0.6, c->u * 0.6, c->p.second, true);
	paint_rect(c, 0, ground, c->w, c->h - ground + c->u, 0, rgb_mix(c->p.mid, c->p.deep, 0.35), false);
	paint_rect(c, 0, ground, c->w, c->u * 1.2, 0, rgb_mix(c->p.light, c->p.mid, 0.6), false);
	awning(c, x + c->u * 1.5, shop, width - c->u * 3, c->u * 6.5);
	shop_sign(c, x + c->u * 4, shop - sign_h - c->u * 1.2, width - c->u * 8, sign_h);
	if (calm)
		return;
	potted(c, x + width * 0.635, ground + c->u * 0.6, c->u * 13);
	potted(c, x + width * 0.945, ground + c->u * 0.6, c->u * 13);
}
