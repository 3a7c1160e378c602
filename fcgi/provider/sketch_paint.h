// SPDX-License-Identifier: ISC
// The built-in processor's paint box: colours, chance, brushes. Private to sketch_*.c.
#ifndef LETHE_PROVIDER_SKETCH_PAINT_H
#define LETHE_PROVIDER_SKETCH_PAINT_H

#include "fcgi/provider/sketch.h"
#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

#define PI 3.14159265358979323846

// --- colour (sketch_colour.c) ---
struct rgb {
	double r, g, b;
};
struct lch {
	double l, c, h; // OKLCH: lightness 0–1, chroma 0–0.4, hue in radians
};
struct palette {
	struct rgb paper, light, mid, accent, second, deep;
};
struct lch rgb_to_lch(struct rgb c);
struct rgb rgb_from_lch(struct lch c);                    // clipped to what a screen shows
struct rgb rgb_mix(struct rgb a, struct rgb b, double t); // t=0: a, t=1: b; even to the eye
struct rgb rgb_tone(struct rgb c, double by);             // lighter (by > 0) or darker
double rgb_luminance(struct rgb c);                       // WCAG's, 0–1
// From the page's colours (NULL-terminated "#rrggbb"), or one of our own by the seed.
struct palette palette_make(const char *const *colours, unsigned seed);

// --- chance ---
struct chance {
	uint64_t state;
};
double sketch_chance(struct chance *c); // 0 ≤ x < 1
double sketch_chance_in(struct chance *c, double low, double high);
double paint_noise(uint32_t seed, double x, int octaves); // about -1 … 1, smooth

// --- the canvas ---
enum style { STYLE_PHOTO, STYLE_ILLUSTRATION, STYLE_WATERCOLOUR, STYLE_MINIMAL, STYLE_ISOMETRIC };
struct canvas {
	cairo_t *cr;
	cairo_surface_t *surface;
	double w, h; // of the picture, without the caption's strip
	double u;    // a hundredth of the shorter edge
	enum style style;
	struct palette p;
	struct chance chance;
	uint32_t seed;
	const char *sign; // a word for a shop sign; "" when there is none
};

void sketch_source(struct canvas *c, struct rgb rgb, double alpha);
void sketch_fill(struct canvas *c, struct rgb rgb, double alpha); // fills the current path evenly in every style, and consumes it
void fill_pattern(struct canvas *c, cairo_pattern_t *p);          // the same with a pattern, which is freed
void fill_stop(cairo_pattern_t *p, double at, struct rgb rgb, double alpha);
void fill_tones(struct canvas *c, cairo_pattern_t *p, struct rgb rgb, const double *tones, int n); // with stops at even distances
void sketch_turn(struct canvas *c, double x, double y, double angle);                              // until cairo_restore()
// Fills the current path the way the style paints, and consumes it. `solid`: a thing with an outline, not a background.
void sketch_paint(struct canvas *c, struct rgb rgb, bool solid);
// As sketch_paint(), lit from the left like something round between x0 and x1.
void sketch_paint_round(struct canvas *c, struct rgb rgb, double x0, double x1);
void sketch_line(struct canvas *c, struct rgb rgb, double width, double alpha); // strokes the path and consumes it
// What the path would cast on the surface behind it; the path stays.
void sketch_shadow(struct canvas *c, double dx, double dy, double blur, double alpha);
void sketch_backdrop(struct canvas *c, struct rgb top, struct rgb bottom); // the whole picture
void sketch_glow(struct canvas *c, double x, double y, double radius, struct rgb rgb, double alpha);
void sketch_defocus(struct canvas *c, double radius); // blurs all that is painted so far (photo only)

void path_rect(struct canvas *c, double x, double y, double w, double h, double corner);
void path_circle(struct canvas *c, double x, double y, double r);
void path_ellipse(struct canvas *c, double x, double y, double rx, double ry);
void path_arch(struct canvas *c, double x, double y, double w, double h); // y: of the foot
void path_leaf(struct canvas *c, double x, double y, double length, double width, double angle);
void path_polygon(struct canvas *c, const double (*xy)[2], int n);
void path_line(struct canvas *c, double x0, double y0, double x1, double y1); // added to the path
// A path and sketch_paint().
void paint_rect(struct canvas *c, double x, double y, double w, double h, double corner, struct rgb rgb, bool solid);
void paint_circle(struct canvas *c, double x, double y, double r, struct rgb rgb, bool solid);
void paint_polygon(struct canvas *c, const double (*xy)[2], int n, struct rgb rgb, bool solid);

// --- things (sketch_things.c) ---
void draw_vase(struct canvas *c, double x, double foot, double h, struct rgb rgb);
void draw_sphere(struct canvas *c, double x, double y, double r, struct rgb rgb);
void draw_cylinder(struct canvas *c, double x, double foot, double r, double h, struct rgb rgb);
void draw_cone(struct canvas *c, double x, double foot, double r, double h, struct rgb rgb);
void draw_stem(struct canvas *c, double x, double y, double length, double lean, int kind, struct rgb leaf, struct rgb stalk);
void draw_pine(struct canvas *c, double x, double foot, double h, struct rgb rgb);
void draw_cloud(struct canvas *c, double x, double y, double w, struct rgb rgb, double alpha);

// --- compositions, one per index ---
enum { SCENES = 8 };
typedef void scene(struct canvas *c);
scene scene_landscape, scene_still_life, scene_blocks, scene_facade, scene_botanical, scene_weave, scene_water, scene_desk;
void scene_isometric(struct canvas *c, unsigned index); // the eight again, as isometric models

// --- the last touches (sketch_finish.c) ---
void sketch_finish(struct canvas *c);

// --- words (sketch_text.c) ---
enum face { FACE_SERIF, FACE_SANS };
// Whether every character is one that the loaded fonts draw.
bool text_drawable(const char *utf8);
// The width of one line at this size (pixels per em).
double text_width(enum face face, const char *utf8, double size, double spacing);
// One line with its left end of the baseline at x, y; `spacing` is added between characters, in ems.
void text_draw(struct canvas *c, enum face face, const char *utf8, double x, double y, double size, double spacing, struct rgb rgb,
	       double alpha);
// The strip below the picture with the caption and the label. `full_h`: of the whole image.
void caption_draw(struct canvas *c, double full_h, const char *const *words);
double caption_height(double w, double h);

#endif
