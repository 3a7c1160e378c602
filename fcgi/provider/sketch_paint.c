// SPDX-License-Identifier: ISC
// Brushes: one way to fill a shape per style, soft shadows, blur.
#include "fcgi/provider/sketch_paint.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

// --- chance ---

double sketch_chance(struct chance *c)
{
	c->state += 0x9e3779b97f4a7c15ULL; // splitmix64
	uint64_t z = c->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

double sketch_chance_in(struct chance *c, double low, double high)
{
	return low + (high - low) * sketch_chance(c);
}

static double lattice(uint32_t seed, int64_t i)
{
	struct chance c = {(uint64_t)i * 0x9e3779b97f4a7c15ULL ^ (uint64_t)seed << 17};
	return sketch_chance(&c) * 2 - 1;
}

double paint_noise(uint32_t seed, double x, int octaves)
{
	double sum = 0, weight = 0.6;
	for (int o = 0; o < octaves; o++, x *= 2, weight *= 0.5) {
		double f = floor(x), t = x - f;
		t = t * t * (3 - 2 * t);
		sum += weight * (lattice(seed + (uint32_t)o, (int64_t)f) * (1 - t) + lattice(seed + (uint32_t)o, (int64_t)f + 1) * t);
	}
	return sum;
}

// --- paths ---

void path_rect(struct canvas *c, double x, double y, double w, double h, double corner)
{
	cairo_t *cr = c->cr;
	double r = fmin(corner, fmin(w, h) / 2);
	cairo_new_path(cr);
	cairo_arc(cr, x + w - r, y + r, r, -PI / 2, 0);
	cairo_arc(cr, x + w - r, y + h - r, r, 0, PI / 2);
	cairo_arc(cr, x + r, y + h - r, r, PI / 2, PI);
	cairo_arc(cr, x + r, y + r, r, PI, 1.5 * PI);
	cairo_close_path(cr);
}

void path_circle(struct canvas *c, double x, double y, double r)
{
	cairo_new_path(c->cr);
	cairo_arc(c->cr, x, y, r, 0, 2 * PI);
	cairo_close_path(c->cr);
}

void path_ellipse(struct canvas *c, double x, double y, double rx, double ry)
{
	cairo_save(c->cr);
	cairo_translate(c->cr, x, y);
	cairo_scale(c->cr, rx, ry);
	path_circle(c, 0, 0, 1);
	cairo_restore(c->cr);
}

void path_arch(struct canvas *c, double x, double y, double w, double h)
{
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, x, y);
	cairo_line_to(c->cr, x, y - h + w / 2);
	cairo_arc(c->cr, x + w / 2, y - h + w / 2, w / 2, PI, 2 * PI);
	cairo_line_to(c->cr, x + w, y);
	cairo_close_path(c->cr);
}

void path_leaf(struct canvas *c, double x, double y, double length, double width, double angle)
{
	sketch_turn(c, x, y, angle);
	cairo_new_path(c->cr);
	cairo_move_to(c->cr, 0, 0);
	cairo_curve_to(c->cr, length * 0.25, -width * 0.75, length * 0.7, -width * 0.55, length, 0);
	cairo_curve_to(c->cr, length * 0.7, width * 0.55, length * 0.25, width * 0.75, 0, 0);
	cairo_close_path(c->cr);
	cairo_restore(c->cr);
}

void path_polygon(struct canvas *c, const double (*xy)[2], int n)
{
	cairo_new_path(c->cr);
	for (int i = 0; i < n; i++)
		cairo_line_to(c->cr, xy[i][0], xy[i][1]);
	cairo_close_path(c->cr);
}

void path_line(struct canvas *c, double x0, double y0, double x1, double y1)
{
	cairo_move_to(c->cr, x0, y0);
	cairo_line_to(c->cr, x1, y1);
}

void paint_rect(struct canvas *c, double x, double y, double w, double h, double corner, struct rgb rgb, bool solid)
{
	path_rect(c, x, y, w, h, corner);
	sketch_paint(c, rgb, solid);
}

void paint_circle(struct canvas *c, double x, double y, double r, struct rgb rgb, bool solid)
{
	path_circle(c, x, y, r);
	sketch_paint(c, rgb, solid);
}

void paint_polygon(struct canvas *c, const double (*xy)[2], int n, struct rgb rgb, bool solid)
{
	path_polygon(c, xy, n);
	sketch_paint(c, rgb, solid);
}

void sketch_turn(struct canvas *c, double x, double y, double angle)
{
	cairo_save(c->cr);
	cairo_translate(c->cr, x, y);
	cairo_rotate(c->cr, angle);
}

// --- filling ---

void sketch_source(struct canvas *c, struct rgb rgb, double alpha)
{
	cairo_set_source_rgba(c->cr, rgb.r, rgb.g, rgb.b, alpha);
}

void fill_stop(cairo_pattern_t *p, double at, struct rgb rgb, double alpha)
{
	cairo_pattern_add_color_stop_rgba(p, at, rgb.r, rgb.g, rgb.b, alpha);
}

void fill_pattern(struct canvas *c, cairo_pattern_t *p)
{
	cairo_set_source(c->cr, p);
	cairo_pattern_destroy(p);
	cairo_fill(c->cr);
}

void sketch_fill(struct canvas *c, struct rgb rgb, double alpha)
{
	sketch_source(c, rgb, alpha);
	cairo_fill(c->cr);
}

void fill_tones(struct canvas *c, cairo_pattern_t *p, struct rgb rgb, const double *tones, int n)
{
	for (int i = 0; i < n; i++)
		fill_stop(p, i / (n - 1.0), rgb_tone(rgb, tones[i]), 1);
	fill_pattern(c, p);
}

// Walks the flattened path and draws each edge as a trembling line, the way a wet brush leaves it.
static void tremble(struct canvas *c, const cairo_path_t *flat, double amount, uint32_t seed)
{
	double along = 0, x = 0, y = 0, step = c->u * 1.2;
	cairo_new_path(c->cr);
	for (int i = 0; i < flat->num_data; i += flat->data[i].header.length) {
		const cairo_path_data_t *d = &flat->data[i];
		if (d->header.type == CAIRO_PATH_CLOSE_PATH) {
			cairo_close_path(c->cr);
			continue;
		}
		double tx = d[1].point.x, ty = d[1].point.y, length = hypot(tx - x, ty - y);
		int pieces = d->header.type == CAIRO_PATH_LINE_TO ? (int)fmin(length / step, 200) + 1 : 1;
		for (int k = 1; k <= pieces; k++) {
			double t = (double)k / pieces, px = x + (tx - x) * t, py = y + (ty - y) * t;
			double at = (along + length * t) / (c->u * 5);
			double dx = paint_noise(seed, at, 2) * amount, dy = paint_noise(seed + 77, at, 2) * amount;
			if (d->header.type == CAIRO_PATH_MOVE_TO)
				cairo_move_to(c->cr, tx + dx, ty + dy);
			else
				cairo_line_to(c->cr, px + dx, py + dy);
		}
		along += d->header.type == CAIRO_PATH_LINE_TO ? length : 0;
		x = tx;
		y = ty;
	}
}

// Pools of pigment inside the wash that is the current path.
static void pools(struct canvas *c, struct rgb rgb, double x0, double y0, double x1, double y1)
{
	double size = fmax(x1 - x0, y1 - y0);
	int count = size > 40 * c->u ? 9 : size > 8 * c->u ? 4 : 1;
	cairo_save(c->cr);
	cairo_clip(c->cr);
	for (int i = 0; i < count; i++) {
		double x = sketch_chance_in(&c->chance, x0, x1), y = sketch_chance_in(&c->chance, y0, y1),
		       r = size * sketch_chance_in(&c->chance, 0.15, 0.45);
		bool dark = i % 2 == 0;
		cairo_pattern_t *p = cairo_pattern_create_radial(x, y, r * 0.1, x, y, r);
		struct rgb tone = rgb_tone(rgb, dark ? -0.09 : 0.10);
		fill_stop(p, 0, tone, 0.32);
		fill_stop(p, 0.7, tone, 0.22);
		fill_stop(p, 1, tone, 0);
		cairo_rectangle(c->cr, x - r, y - r, 2 * r, 2 * r);
		fill_pattern(c, p);
	}
	cairo_restore(c->cr);
}

static void fill_watercolour(struct canvas *c, struct rgb rgb)
{
	double x0, y0, x1, y1;
	cairo_path_extents(c->cr, &x0, &y0, &x1, &y1);
	double size = fmin(x1 - x0, y1 - y0);
	double amount = fmin(size * 0.05, c->u * 1.1);
	cairo_path_t *flat = cairo_copy_path_flat(c->cr);
	uint32_t seed = (uint32_t)(sketch_chance(&c->chance) * 1e9);
	int layers = size > c->u * 6 ? 4 : 2;
	for (int i = 0; i < layers; i++) {
		tremble(c, flat, amount * (1 + i * 0.5), seed + (uint32_t)i * 131);
		sketch_fill(c, rgb, layers == 4 ? 0.42 : 0.62);
	}
	tremble(c, flat, amount, seed);
	if (size > c->u * 1.5) {
		cairo_path_t *edge = cairo_copy_path(c->cr);
		pools(c, rgb, x0, y0, x1, y1);
		cairo_new_path(c->cr);
		cairo_append_path(c->cr, edge);
		cairo_path_destroy(edge);
	}
	sketch_source(c, rgb_tone(rgb, -0.13), 0.32);
	cairo_set_line_width(c->cr, fmin(c->u * 0.3, fmax(size * 0.04, 0.6)));
	cairo_stroke(c->cr);
	cairo_path_destroy(flat);
}

void sketch_paint(struct canvas *c, struct rgb rgb, bool solid)
{
	switch (c->style) {
	case STYLE_PHOTO: { // its surfaces are never even: light comes from above on the left
		double x0, y0, x1, y1;
		cairo_path_extents(c->cr, &x0, &y0, &x1, &y1);
		cairo_pattern_t *p = cairo_pattern_create_linear(x0, y0, x0 + (x1 - x0) * 0.5, y1 + 1);
		fill_tones(c, p, rgb, (const double[]){0.035, -0.055}, 2);
		return;
	}
	case STYLE_WATERCOLOUR:
		fill_watercolour(c, rgb);
		return;
	case STYLE_ILLUSTRATION:
		sketch_source(c, rgb, 1);
		cairo_fill_preserve(c->cr);
		if (solid)
			sketch_line(c, rgb_mix(c->p.deep, rgb, 0.12), 0.34, 1);
		cairo_new_path(c->cr);
		return;
	default:
		sketch_fill(c, rgb, 1);
	}
}

void sketch_paint_round(struct canvas *c, struct rgb rgb, double x0, double x1)
{
	if (c->style == STYLE_WATERCOLOUR) {
		fill_watercolour(c, rgb);
		return;
	}
	double depth = c->style == STYLE_PHOTO ? 1 : c->style == STYLE_MINIMAL ? 0.35 : 0.5;
	cairo_pattern_t *p = cairo_pattern_create_linear(x0, 0, x1, 0);
	if (c->style == STYLE_ILLUSTRATION) { // two flat tones
		fill_stop(p, 0, rgb, 1);
		fill_stop(p, 0.64, rgb, 1);
		fill_stop(p, 0.64, rgb_tone(rgb, -0.09), 1);
		fill_stop(p, 1, rgb_tone(rgb, -0.09), 1);
	} else {
		fill_stop(p, 0, rgb_tone(rgb, -0.04 * depth), 1);
		fill_stop(p, 0.3, rgb_tone(rgb, 0.09 * depth), 1);
		fill_stop(p, 0.62, rgb_tone(rgb, -0.05 * depth), 1);
		fill_stop(p, 1, rgb_tone(rgb, -0.20 * depth), 1);
	}
	cairo_set_source(c->cr, p);
	cairo_pattern_destroy(p);
	cairo_fill_preserve(c->cr);
	if (c->style == STYLE_ILLUSTRATION)
		sketch_line(c, rgb_mix(c->p.deep, rgb, 0.12), 0.34, 1);
	cairo_new_path(c->cr);
}

void sketch_line(struct canvas *c, struct rgb rgb, double width, double alpha)
{
	cairo_set_line_width(c->cr, width * c->u);
	cairo_set_line_cap(c->cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
	sketch_source(c, rgb, c->style == STYLE_WATERCOLOUR ? alpha * 0.8 : alpha);
	cairo_stroke(c->cr);
}

void sketch_backdrop(struct canvas *c, struct rgb top, struct rgb bottom)
{
	cairo_new_path(c->cr);
	cairo_rectangle(c->cr, 0, 0, c->w, c->h);
	if (c->style == STYLE_MINIMAL) {
		sketch_fill(c, rgb_mix(top, bottom, 0.5), 1);
		return;
	}
	cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 0, c->h);
	for (int i = 0; i <= 8; i++)
		fill_stop(p, i / 8.0, rgb_mix(top, bottom, i / 8.0), 1);
	cairo_set_source(c->cr, p);
	cairo_pattern_destroy(p);
	cairo_fill_preserve(c->cr);
	if (c->style == STYLE_WATERCOLOUR)
		pools(c, rgb_mix(top, bottom, 0.5), 0, 0, c->w, c->h);
	cairo_new_path(c->cr);
}

void sketch_glow(struct canvas *c, double x, double y, double radius, struct rgb rgb, double alpha)
{
	cairo_pattern_t *p = cairo_pattern_create_radial(x, y, 0, x, y, radius);
	for (int i = 0; i <= 5; i++) {
		double t = i / 5.0;
		fill_stop(p, t, rgb, alpha * (1 - t) * (1 - t));
	}
	cairo_new_path(c->cr);
	cairo_rectangle(c->cr, x - radius, y - radius, 2 * radius, 2 * radius);
	fill_pattern(c, p);
}

// --- blur: three box blurs, on a small copy ---

static int within(int i, int count)
{
	return i < 0 ? 0 : i >= count ? count - 1 : i;
}

static void blur_lines(uint8_t *data, int count, int step, int lines, int line_step, int radius, uint8_t *copy)
{
	for (int l = 0; l < lines; l++) {
		uint8_t *row = data + (ptrdiff_t)l * line_step;
		for (int i = 0; i < count; i++)
			copy[i] = row[(ptrdiff_t)i * step];
		int sum = 0, n = 2 * radius + 1;
		for (int i = -radius; i <= radius; i++)
			sum += copy[within(i, count)];
		for (int i = 0; i < count; i++) {
			row[(ptrdiff_t)i * step] = (uint8_t)((sum + n / 2) / n);
			sum += copy[within(i + radius + 1, count)] - copy[within(i - radius, count)];
		}
	}
}

static void blur_surface(cairo_surface_t *s, int radius)
{
	cairo_surface_flush(s);
	int w = cairo_image_surface_get_width(s), h = cairo_image_surface_get_height(s), stride = cairo_image_surface_get_stride(s);
	int channels = cairo_image_surface_get_format(s) == CAIRO_FORMAT_A8 ? 1 : 4;
	uint8_t *data = cairo_image_surface_get_data(s), *copy = malloc((size_t)(w > h ? w : h));
	if (copy == NULL || data == NULL || w < 1 || h < 1 || radius < 1) {
		free(copy);
		return;
	}
	for (int pass = 0; pass < 3; pass++) {
		for (int k = 0; k < channels; k++) {
			blur_lines(data + k, w, channels, h, stride, radius, copy);
			blur_lines(data + k, h, stride, w, channels, radius, copy);
		}
	}
	free(copy);
	cairo_surface_mark_dirty(s);
}

static const int shadow_scale = 6, defocus_scale = 4;

void sketch_shadow(struct canvas *c, double dx, double dy, double blur, double alpha)
{
	if (c->style == STYLE_ILLUSTRATION)
		blur = 0;
	if (c->style == STYLE_MINIMAL || c->style == STYLE_WATERCOLOUR)
		alpha *= 0.55;
	cairo_path_t *path = cairo_copy_path(c->cr);
	double x0, y0, x1, y1, margin = blur * 2.5 + shadow_scale * 2;
	cairo_path_extents(c->cr, &x0, &y0, &x1, &y1);
	cairo_matrix_t m;
	cairo_get_matrix(c->cr, &m);
	int w = (int)((x1 - x0 + 2 * margin) / shadow_scale) + 2, h = (int)((y1 - y0 + 2 * margin) / shadow_scale) + 2;
	if (blur < 1 || w > 4096 || h > 4096) {
		cairo_translate(c->cr, dx, dy);
		cairo_new_path(c->cr);
		cairo_append_path(c->cr, path);
		sketch_fill(c, c->p.deep, alpha * 0.6);
	} else {
		cairo_surface_t *small = cairo_image_surface_create(CAIRO_FORMAT_A8, w, h);
		cairo_t *cr = cairo_create(small);
		cairo_scale(cr, 1.0 / shadow_scale, 1.0 / shadow_scale);
		cairo_translate(cr, margin - x0, margin - y0);
		cairo_append_path(cr, path);
		cairo_fill(cr);
		cairo_destroy(cr);
		blur_surface(small, (int)(blur / shadow_scale));
		cairo_translate(c->cr, x0 - margin + dx, y0 - margin + dy);
		cairo_scale(c->cr, shadow_scale, shadow_scale);
		sketch_source(c, rgb_tone(c->p.deep, -0.08), alpha);
		cairo_mask_surface(c->cr, small, 0, 0);
		cairo_surface_destroy(small);
	}
	cairo_set_matrix(c->cr, &m);
	cairo_new_path(c->cr);
	cairo_append_path(c->cr, path);
	cairo_path_destroy(path);
}

static void paint_surface(cairo_t *cr, cairo_surface_t *from)
{
	cairo_set_source_surface(cr, from, 0, 0);
	cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
	cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
	cairo_paint(cr);
}

void sketch_defocus(struct canvas *c, double radius)
{
	if (c->style != STYLE_PHOTO)
		return;
	int w = (int)c->w / defocus_scale + 1, h = (int)c->h / defocus_scale + 1;
	cairo_surface_t *small = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
	cairo_t *cr = cairo_create(small);
	cairo_scale(cr, 1.0 / defocus_scale, 1.0 / defocus_scale);
	paint_surface(cr, c->surface);
	cairo_destroy(cr);
	blur_surface(small, (int)fmax(radius / defocus_scale, 1));
	cairo_save(c->cr);
	cairo_identity_matrix(c->cr);
	cairo_scale(c->cr, defocus_scale, defocus_scale);
	paint_surface(c->cr, small);
	cairo_restore(c->cr);
	cairo_surface_destroy(small);
}
