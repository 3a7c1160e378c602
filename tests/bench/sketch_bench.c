// SPDX-License-Identifier: ISC
// The built-in pictures: CPU time of each, and sheets to look at.
//
//	sketch_bench						prints one JSON object: milliseconds of CPU for a picture of 1024 x 1024, by style
//	sketch_bench FILE COLUMNS TRADES STYLES SCENES [COLOUR]	writes a sheet of pictures: every trade in every style and scene, lists
//								separated by commas, scenes as numbers
#include "fcgi/provider/sketch.h"
#include "policy/base/array.h"
#include <cairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EDGE = 1024, CELL = 480, LIST_MAX = 128, ROUNDS = 3, SCENES = 8 };
static const char *const styles[] = {"soft", "flat", "line", "print", "night"};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "sketch_bench: %s: %s\n", what, why);
	exit(1);
}

struct reader {
	const struct buf *png;
	size_t at;
};

static cairo_status_t png_read(void *from, unsigned char *bytes, unsigned len)
{
	struct reader *r = from;

	if (r->png->len - r->at < len)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(bytes, r->png->data + r->at, len);
	r->at += len;
	return CAIRO_STATUS_SUCCESS;
}

static size_t list_split(char *text, char *out[LIST_MAX])
{
	size_t n = 0;

	for (char *item = strtok_r(text, ",", &text); item != NULL && n < LIST_MAX; item = strtok_r(NULL, ",", &text))
		out[n++] = item;
	return n;
}

static void sheet_write(char **args, int count)
{
	char *trades[LIST_MAX], *looks[LIST_MAX], *scenes[LIST_MAX];
	unsigned columns = (unsigned)strtoul(args[1], NULL, 10);
	size_t t_count = list_split(args[2], trades), s_count = list_split(args[3], looks), c_count = list_split(args[4], scenes);
	size_t all = t_count * s_count * c_count, rows = (all + columns - 1) / columns;
	const char *const colours[] = {count > 5 ? args[5] : NULL, NULL};
	unsigned cell = getenv("CELL") != NULL ? (unsigned)atoi(getenv("CELL")) : CELL, n = 0;
	unsigned w = getenv("W") ? (unsigned)atoi(getenv("W")) : 1024, h = getenv("H") ? (unsigned)atoi(getenv("H")) : 1024;
	cairo_surface_t *sheet = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(columns * cell), (int)(rows * cell));
	cairo_t *cr = cairo_create(sheet);

	for (size_t t = 0; t < t_count; t++)
		for (size_t s = 0; s < s_count; s++)
			for (size_t c = 0; c < c_count; c++, n++) {
				struct buf png = BUF_INIT(32 * 1024 * 1024);
				struct err e = {0};
				const struct sketch_job job = {.trade = trades[t],

							       .name = getenv("NAME"),
							       .title = getenv("TITLE") != NULL ? getenv("TITLE") : trades[t],
							       .colours = colours,
							       .style = looks[s],
							       .width = w,
							       .height = h,
							       .index = (unsigned)strtoul(scenes[c], NULL, 10),
							       .of = SCENES,
							       .seed = getenv("SEED") ? (unsigned)atoi(getenv("SEED")) + (unsigned)t
										      : (unsigned)t};
				if (sketch_draw(&job, &png, &e) != 0)
					die(trades[t], e.text);
				struct reader r = {&png, 0};
				cairo_surface_t *picture = cairo_image_surface_create_from_png_stream(png_read, &r);
				cairo_save(cr);
				cairo_translate(cr, n % columns * cell, n / columns * cell);
				double k = (double)cell / (w > h ? w : h);
				cairo_scale(cr, k, k);
				cairo_set_source_surface(cr, picture, 0, 0);
				cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
				cairo_paint(cr);
				cairo_restore(cr);
				cairo_surface_destroy(picture);
				buf_free(&png);
			}
	cairo_destroy(cr);
	if (cairo_surface_write_to_png(sheet, args[0]) != CAIRO_STATUS_SUCCESS)
		die(args[0], "cannot be written");
	cairo_surface_destroy(sheet);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	if (sketch_prepare(&e) != 0)
		die("fonts", e.text);
	if (argc > 5) {
		sheet_write(argv + 1, argc - 1);
		return 0;
	}
	for (size_t s = 0; s < ARRAY_LEN(styles); s++) {
		double total = 0;
		size_t bytes = 0;
		for (unsigned i = 0; i < SCENES * ROUNDS; i++) {
			struct buf png = BUF_INIT(32 * 1024 * 1024);
			const struct sketch_job job = {.trade = argc > 1 ? argv[1] : "bread",
						       .name = "Kornblume",
						       .style = styles[s],
						       .width = EDGE,
						       .height = EDGE,
						       .index = i % SCENES};
			double before = cpu_ms();
			if (sketch_draw(&job, &png, &e) != 0)
				die(styles[s], e.text);
			double took = cpu_ms() - before;
			if (getenv("EACH") && i < SCENES)
				fprintf(stderr, "%s %u %.1f\n", styles[s], i, took);
			total += took;
			bytes += png.len;
			buf_free(&png);
		}
		printf("%s\"%s\":{\"ms\":%.1f,\"bytes\":%zu}", s > 0 ? "," : "{", styles[s], total / (SCENES * ROUNDS),
		       bytes / (SCENES * ROUNDS));
	}
	puts("}");
	return 0;
}
