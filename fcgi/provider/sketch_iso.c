// SPDX-License-Identifier: ISC
// Isometric models made of boxes on a grid: x runs to the lower right, y to the lower left, z up. Also the composition "blocks".
#include "fcgi/provider/sketch_paint.h"
#include <math.h>
#include <stdlib.h>

struct model {
	struct canvas *c;
	double s, x, y; // pixels per unit, where (0, 0, 0) is
};

static void point(const struct model *m, double x, double y, double z, double out[2])
{
	out[0] = m->x + (x - y) * 0.866 * m->s;
	out[1] = m->y + (x + y) * 0.5 * m->s - z * m->s;
}

static void outline(const struct model *m, const double (*xyz)[3])
{
	double xy[4][2];
	for (int i = 0; i < 4; i++)
		point(m, xyz[i][0], xyz[i][1], xyz[i][2], xy[i]);
	path_polygon(m->c, (const double(*)[2])xy, 4);
}

static void face(const struct model *m, const double (*xyz)[3], struct rgb rgb)
{
	outline(m, xyz);
	if (m->c->style == STYLE_ISOMETRIC || m->c->style == STYLE_MINIMAL) {
		sketch_source(m->c, rgb, 1);
		cairo_fill_preserve(m->c->cr); // and close the hairline between two faces
		sketch_line(m->c, rgb, 0.08, 1);
		return;
	}
	sketch_paint(m->c, rgb, true);
}

// A rectangle at (x, y, z): windows, doors, screens. b = 0: it looks to the left, a = 0: to the right, h = 0: up.
static void flat(const struct model *m, double x, double y, double z, double a, double b, double h, struct rgb rgb)
{
	const double q[][3] = {{x, y, z}, {x + a, a > 0 ? y : y + b, z}, {x + a, y + b, z + h}, {x, h > 0 ? y : y + b, z + h}};
	face(m, q, rgb);
}

// A box with its near lower corner… at (x, y, z), of size a × b × h. Light comes from the left.
static void box(const struct model *m, double x, double y, double z, double a, double b, double h, struct rgb rgb)
{
	flat(m, x, y + b, z, a, 0, h, rgb_tone(rgb, -0.07));
	flat(m, x + a, y, z, 0, b, h, rgb_tone(rgb, -0.17));
	flat(m, x, y, z + h, a, b, 0, rgb_tone(rgb, 0.07));
}

static void ball(const struct model *m, double x, double y, double z, double r, struct rgb rgb)
{
	double at[2], k = r * m->s * 1.1;
	point(m, x, y, z, at);
	path_circle(m->c, at[0], at[1], k);
	sketch_source(m->c, rgb_tone(rgb, -0.12), 1);
	cairo_fill_preserve(m->c->cr);
	cairo_save(m->c->cr);
	cairo_clip(m->c->cr);
	path_circle(m->c, at[0] - k * 0.28, at[1] - k * 0.3, k * 0.95);
	sketch_fill(m->c, rgb, 1);
	path_circle(m->c, at[0] - k * 0.42, at[1] - k * 0.45, k * 0.45);
	sketch_fill(m->c, rgb_tone(rgb, 0.08), 1);
	cairo_restore(m->c->cr);
	cairo_new_path(m->c->cr);
}

static void tree(const struct model *m, double x, double y, double z, double h, struct rgb rgb)
{
	box(m, x - 0.06, y - 0.06, z, 0.12, 0.12, h * 0.45, rgb_mix(m->c->p.deep, m->c->p.second, 0.4));
	ball(m, x, y, z + h * 0.66, h * 0.3, rgb);
}

// The slab that a model stands on, with its shadow.
static void ground(const struct model *m, double n, struct rgb rgb)
{
	const double corners[][3] = {{0, 0, -0.5}, {n, 0, -0.5}, {n, n, -0.5}, {0, n, -0.5}};
	outline(m, corners);
	sketch_shadow(m->c, 0, m->s * 0.5, m->s * 0.6, 0.4);
	cairo_new_path(m->c->cr);
	box(m, 0, 0, -0.45, n, n, 0.45, rgb);
}

// --- the models ---

static void terraces(const struct model *m)
{
	struct palette *p = &m->c->p;
	ground(m, 8, rgb_mix(p->mid, p->deep, 0.3));
	for (int x = 0; x < 8; x++) {
		for (int y = 0; y < 8; y++) {
			double h = 1.5 + 1.3 * paint_noise(m->c->seed, x * 0.45, 2) + 1.3 * paint_noise(m->c->seed + 3, y * 0.45, 2) +
				   (7 - x + 7 - y) * 0.14;
			h = fmax(0.25, floor(h * 2) / 2);
			struct rgb rgb = h < 1.5 ? rgb_mix(p->second, p->paper, 0.25)
					 : h < 3 ? rgb_mix(p->accent, p->light, 0.35)
						 : rgb_mix(p->accent, p->deep, 0.1);
			if (h > 4)
				rgb = p->paper; // snow
			box(m, x, y, 0, 1, 1, h, rgb);
			if (h >= 1.5 && h < 4 && sketch_chance(&m->c->chance) < 0.22)
				tree(m, x + 0.5, y + 0.5, h, 1.3, rgb_mix(p->accent, p->second, 0.2));
		}
	}
}

static void podium(const struct model *m)
{
	struct palette *p = &m->c->p;
	ground(m, 8, p->light);
	box(m, 0.6, 0.6, 0, 6.8, 0.5, 5.2, rgb_mix(p->light, p->mid, 0.4));
	flat(m, 2.2, 1.1, 0, 3.4, 0, 4.2, rgb_mix(p->accent, p->light, 0.35));
	box(m, 1.0, 2.0, 0, 2.2, 2.2, 2.4, p->accent);
	ball(m, 2.1, 3.1, 3.2, 0.75, p->second);
	box(m, 3.6, 2.4, 0, 2.6, 2.6, 1.2, p->mid);
	box(m, 4.3, 3.0, 1.2, 1.2, 1.2, 1.6, rgb_mix(p->second, p->paper, 0.3));
	box(m, 1.4, 5.0, 0, 1.6, 1.6, 0.7, rgb_mix(p->accent, p->deep, 0.4));
	ball(m, 2.2, 5.8, 1.2, 0.45, p->paper);
	box(m, 5.2, 5.6, 0, 1.3, 1.3, 1.1, p->second);
}

static void tower(const struct model *m, double x, double y, double a, double h, struct rgb rgb)
{
	box(m, x, y, 0, a, a, h, rgb);
	struct rgb pane = rgb_mix(m->c->p.second, m->c->p.paper, 0.45), dark = rgb_tone(rgb, -0.24);
	for (double z = 0.35; z + 0.4 < h; z += 0.7) {
		for (double t = 0.18; t + 0.25 < a; t += 0.5) {
			flat(m, x + t, y + a, z, 0.26, 0, 0.36, sketch_chance(&m->c->chance) < 0.45 ? pane : rgb_tone(rgb, 0.05));
			flat(m, x + a, y + t, z, 0, 0.26, 0.36, sketch_chance(&m->c->chance) < 0.35 ? pane : dark);
		}
	}
	box(m, x + a * 0.2, y + a * 0.2, h, a * 0.35, a * 0.35, 0.25, rgb_tone(rgb, -0.05));
}

static void city(const struct model *m)
{
	struct palette *p = &m->c->p;
	ground(m, 8, rgb_mix(p->light, p->mid, 0.5));
	flat(m, 3.6, 0, 0, 0.8, 8, 0, rgb_mix(p->deep, p->mid, 0.4));
	flat(m, 0, 3.6, 0, 8, 0.8, 0, rgb_mix(p->deep, p->mid, 0.4));
	struct rgb tones[] = {p->accent, p->paper, p->mid, rgb_mix(p->accent, p->deep, 0.35), p->second, p->light};
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 4; k++) {
			double x = i * 1.75 + 0.2 + (i > 1 ? 0.75 : 0), y = k * 1.75 + 0.2 + (k > 1 ? 0.75 : 0);
			if (i == 2 && k == 2) { // a park
				flat(m, x, y, 0.01, 1.4, 1.4, 0, rgb_mix(p->accent, p->light, 0.4));
				tree(m, x + 0.4, y + 0.4, 0, 1.2, p->accent);
				tree(m, x + 1.0, y + 1.0, 0, 1.0, rgb_mix(p->accent, p->second, 0.3));
				continue;
			}
			tower(m, x, y, 1.4, sketch_chance_in(&m->c->chance, 0.9, 2.2) + (6 - i - k) * 0.42,
			      tones[(int)sketch_chance_in(&m->c->chance, 0, 5.99)]);
		}
	}
}

static void shop(const struct model *m)
{
	struct palette *p = &m->c->p;
	ground(m, 8, rgb_mix(p->light, p->mid, 0.4));
	flat(m, 0, 6.2, 0.01, 8, 1.8, 0, rgb_mix(p->mid, p->deep, 0.25));
	box(m, 1, 1, 0, 5.4, 4.4, 4.6, p->light);
	struct rgb pane = rgb_mix(p->second, p->paper, 0.5);
	flat(m, 1.4, 5.4, 0.5, 2.9, 0, 1.6, pane);
	for (int i = 0; i < 5; i++)
		box(m, 1.6 + i * 0.53, 5.3, 0.5, 0.3, 0.1, 0.35 + 0.25 * (i % 3), i % 2 ? p->accent : p->second);
	flat(m, 4.8, 5.4, 0, 1.1, 0, 2.1, p->accent);
	flat(m, 4.98, 5.4, 1.0, 0.74, 0, 0.9, pane);
	for (int i = 0; i < 3; i++)
		flat(m, 1.6 + i * 1.7, 5.4, 3.2, 0.9, 0, 1.0, rgb_mix(p->accent, p->light, 0.35));
	for (int i = 0; i < 2; i++)
		flat(m, 6.4, 1.6 + i * 1.9, 1.6, 0, 1.0, 1.6, pane);
	for (int i = 0; i < 9; i++) {
		const double stripe[][3] = {
		    {1.1 + i * 0.58, 5.4, 2.9}, {1.68 + i * 0.58, 5.4, 2.9}, {1.68 + i * 0.58, 6.4, 2.35}, {1.1 + i * 0.58, 6.4, 2.35}};
		face(m, stripe, i % 2 ? p->paper : p->accent);
	}
	box(m, 0.8, 0.8, 4.6, 5.8, 4.8, 0.3, p->accent);
	box(m, 1.6, 1.6, 4.9, 1.2, 1.2, 0.8, p->mid);
	tree(m, 7.2, 1.4, 0, 2.4, rgb_mix(p->accent, p->second, 0.15));
	tree(m, 7.2, 4.4, 0, 2.0, rgb_mix(p->accent, p->second, 0.3));
	box(m, 0.5, 6.5, 0, 0.7, 0.7, 0.5, p->second);
	ball(m, 0.85, 6.85, 0.85, 0.42, p->accent);
	box(m, 6.4, 6.6, 0, 1.1, 0.5, 0.5, rgb_mix(p->deep, p->second, 0.4));
}

static void garden(const struct model *m)
{
	struct palette *p = &m->c->p;
	struct rgb lawn = rgb_mix(p->accent, p->light, 0.45);
	ground(m, 8, lawn);
	flat(m, 3.5, 0, 0.01, 1, 8, 0, p->paper);
	flat(m, 4.8, 4.8, 0.01, 2.6, 2.2, 0, rgb_mix(p->second, p->paper, 0.35));
	struct rgb tones[] = {p->accent, rgb_mix(p->accent, p->deep, 0.3), rgb_mix(p->accent, p->second, 0.35), p->second};
	for (int y = 0; y < 7; y++) {
		for (int x = 0; x < 8; x++) {
			bool path = x == 3 || x == 4, pond = x > 3 && y > 3;
			if (path || pond || sketch_chance(&m->c->chance) > 0.62)
				continue;
			double px = x + sketch_chance_in(&m->c->chance, 0.35, 0.65), py = y + sketch_chance_in(&m->c->chance, 0.35, 0.65);
			if (x < 3 && y > 3) {
				box(m, x + 0.08, y + 0.12, 0, 0.84, 0.7, 0.28, rgb_mix(p->deep, p->second, 0.45));
				for (int k = 0; k < 3; k++)
					ball(m, x + 0.25 + 0.25 * k, y + 0.47, 0.42, 0.15, tones[(x + k) % 4]);
				continue;
			}
			tree(m, px, py, 0, sketch_chance_in(&m->c->chance, 1.3, 2.6), tones[(int)sketch_chance_in(&m->c->chance, 0, 3.99)]);
		}
	}
	box(m, 5.4, 7.2, 0, 1.8, 0.5, 0.35, rgb_mix(p->second, p->deep, 0.3));
}

static void columns(const struct model *m)
{
	struct palette *p = &m->c->p;
	ground(m, 10, p->deep);
	for (int x = 0; x < 10; x++) {
		for (int y = 0; y < 10; y++) {
			double d = hypot(x - 4.5, y - 4.5), h = 1.4 + 1.15 * cos(d * 1.05 + (double)(m->c->seed % 7));
			struct rgb rgb = rgb_mix(p->accent, p->paper, fmin(1, h / 2.6));
			box(m, x + 0.06, y + 0.06, 0, 0.88, 0.88, h, (x + 2 * y) % 7 == 0 ? p->second : rgb);
		}
	}
}

static void sea(const struct model *m)
{
	struct palette *p = &m->c->p;
	double at[2];
	point(m, 0, 0, 1.1, at);
	path_circle(m->c, at[0], at[1], m->s * 2.3);
	sketch_fill(m->c, p->second, 1);
	ground(m, 10, rgb_mix(p->accent, p->deep, 0.6));
	for (int x = 0; x < 10; x++) {
		for (int y = 0; y < 10; y++) {
			double h = 0.75 + 0.38 * sin(x * 0.9 + y * 0.5) + 0.2 * sin(y * 1.3);
			bool glitter = abs(x - y) <= 1 && (x + y) % 3 != 0;
			box(m, x, y, 0, 1, 1, h,
			    glitter ? rgb_mix(p->second, p->paper, 0.25) : rgb_mix(p->accent, p->light, 0.12 + h * 0.4));
			if (x == 6 && y == 3) {
				box(m, 5.6, 3.1, h, 1.8, 0.8, 0.4, p->deep);
				box(m, 6.4, 3.4, h + 0.4, 0.1, 0.1, 2.4, p->deep);
				const double sail[][3] = {
				    {6.5, 3.45, h + 0.7}, {7.6, 3.45, h + 0.7}, {6.5, 3.45, h + 2.7}, {6.5, 3.45, h + 2.7}};
				face(m, sail, p->paper);
			}
		}
	}
}

static void workplace(const struct model *m)
{
	struct palette *p = &m->c->p;
	ground(m, 8, rgb_mix(p->light, p->mid, 0.3));
	flat(m, 1, 2, 0.01, 6.4, 5.4, 0, rgb_mix(p->accent, p->light, 0.55));
	for (int i = 0; i < 4; i++)
		box(m, i % 2 ? 6.4 : 1.3, i / 2 ? 4.5 : 1.5, 0, 0.25, 0.25, 1.9, p->deep);
	box(m, 1, 1.2, 1.9, 6, 3.8, 0.25, rgb_mix(p->second, p->paper, 0.35));
	box(m, 1.4, 1.5, 2.15, 0.9, 0.9, 0.3, p->accent);
	box(m, 1.45, 1.55, 2.45, 0.9, 0.8, 0.25, p->paper);
	box(m, 1.4, 1.5, 2.7, 0.85, 0.85, 0.3, p->second);
	box(m, 3.3, 1.7, 2.15, 1.0, 0.5, 0.1, p->deep);
	box(m, 2.7, 1.85, 2.4, 2.4, 0.14, 1.7, p->deep);
	flat(m, 2.82, 2.0, 2.55, 2.16, 0, 1.42, rgb_mix(p->accent, p->light, 0.3));
	for (int i = 0; i < 4; i++)
		flat(m, 3.05 + i * 0.45, 2.0, 2.7, 0.28, 0, 0.35 + 0.2 * ((i * 2) % 3), i % 2 ? p->second : p->paper);
	box(m, 2.8, 3.2, 2.15, 2.0, 0.8, 0.1, p->paper);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 8; k++)
			flat(m, 2.88 + k * 0.235, 3.28 + i * 0.23, 2.26, 0.18, 0.17, 0, p->mid);
	box(m, 5.3, 3.3, 2.15, 0.35, 0.5, 0.12, p->accent);
	box(m, 6.0, 2.0, 2.15, 0.5, 0.5, 0.5, p->second);
	ball(m, 6.25, 2.25, 2.95, 0.42, rgb_mix(p->accent, p->deep, 0.2));
	box(m, 3.2, 6.0, 0, 1.4, 1.3, 1.1, p->accent);
	box(m, 3.2, 7.15, 1.1, 1.4, 0.2, 1.2, p->accent);
	box(m, 6.9, 6.6, 0, 0.7, 0.7, 0.6, p->paper);
	ball(m, 7.25, 6.95, 1.15, 0.5, rgb_mix(p->accent, p->deep, 0.25));
}

static const struct {
	void (*draw)(const struct model *m);
	double size, height; // units across, and how far it rises above the ground's far corner
} models[SCENES] = {
    {terraces, 8, 5}, {podium, 8, 4.6},   {city, 8, 5},   {shop, 8, 4.4},
    {garden, 8, 2.2}, {columns, 10, 2.6}, {sea, 10, 3.4}, {workplace, 8, 2.6},
};

void scene_isometric(struct canvas *c, unsigned index)
{
	struct rgb far = rgb_mix(c->p.light, c->p.paper, index % 2 ? 0.2 : 0.7);
	sketch_backdrop(c, rgb_tone(far, 0.02), rgb_mix(far, c->p.mid, 0.35));
	double n = models[index].size, up = models[index].height, down = n + 0.5;
	double s = fmin(c->w * 0.94 / (n * 1.732), c->h * 0.94 / (up + down));
	struct model m = {.c = c, .s = s, .x = c->w / 2, .y = c->h / 2 - s * (down - up) / 2};
	models[index].draw(&m);
}

void scene_blocks(struct canvas *c)
{
	bool calm = c->style == STYLE_MINIMAL;
	sketch_backdrop(c, calm ? c->p.paper : rgb_mix(c->p.paper, c->p.light, 0.5),
			calm ? c->p.paper : rgb_mix(c->p.light, c->p.mid, 0.45));
	if (!calm) {
		paint_circle(c, c->w * 0.68, c->h * 0.30, c->u * 19, rgb_mix(c->p.second, c->p.paper, 0.35), false);
		sketch_defocus(c, c->u * 2);
	}
	double s = c->u * (calm ? 10 : 8.2);
	struct model m = {.c = c, .s = s, .x = c->w / 2, .y = c->h * 0.45};
	struct rgb tones[] = {c->p.accent, c->p.second, c->p.light, c->p.mid, rgb_mix(c->p.accent, c->p.deep, 0.4)};
	int n = calm ? 3 : 5;
	if (!calm)
		ground(&m, n, c->p.paper);
	for (int x = 0; x < n; x++) {
		for (int y = 0; y < n; y++) {
			int h = (int)fmax(0, (n - 1 - x) * 0.55 + (n - 1 - y) * 0.55 + sketch_chance_in(&c->chance, -1.2, 1.3) +
						 (calm ? 0.4 : -0.6));
			for (int z = 0; z < h; z++)
				box(&m, x, y, z, 1, 1, 1, tones[(int)sketch_chance_in(&c->chance, 0, calm ? 2.99 : 4.99)]);
		}
	}
	box(&m, n - 1, n - 1, 0, 1, 1, 1, c->p.second);
	if (!calm)
		ball(&m, n - 1.6, 0.5, 0.55, 0.5, c->p.accent);
}
