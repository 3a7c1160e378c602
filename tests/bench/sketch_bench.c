// SPDX-License-Identifier: ISC
// The built-in pictures: CPU time of each, and sheets to look at.
//
//	sketch_bench
//		prints one JSON object: milliseconds of CPU for a picture of 1024 x 1024 in a process of its own, and its size, by style
//	sketch_bench FILE COLUMNS CELL TRADES STYLES SCENES [COLOUR [NAME]]
//		writes a sheet of pictures, in every style every trade in every scene: lists separated by commas, scenes as numbers from 0
#include "fcgi/provider/sketch.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "tests/unit/png_support.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EDGE = 1024, LIST_MAX = 128, SCENES = 8, TRIES = 4 };
static const char *const styles[] = {"soft", "flat", "line", "print", "night"};

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "sketch_bench: %s: %s\n", what, why);
	exit(1);
}

static size_t list_split(char *text, char *out[LIST_MAX])
{
	size_t n = 0;

	for (char *item = strtok_r(text, ",", &text); item != NULL && n < LIST_MAX; item = strtok_r(NULL, ",", &text))
		out[n++] = item;
	return n;
}

static void picture_place(cairo_t *cr, const struct worker_sketch *job, double x, double y, double cell)
{
	struct buf png = BUF_INIT(IMAGE_BYTES_MAX);
	struct err e = {0};

	if (sketch_draw(job, &png, &e) != 0)
		die(job->trade, e.text);
	size_t used;
	cairo_surface_t *picture = png_decode(&png, &used);
	cairo_save(cr);
	cairo_translate(cr, x, y);
	cairo_scale(cr, cell / EDGE, cell / EDGE);
	cairo_set_source_surface(cr, picture, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
	cairo_paint(cr);
	cairo_restore(cr);
	cairo_surface_destroy(picture);
	buf_free(&png);
}

static void sheet_write(int count, char **args)
{
	char *trades[LIST_MAX], *looks[LIST_MAX], *scenes[LIST_MAX];
	unsigned columns = (unsigned)strtoul(args[1], NULL, 10), cell = (unsigned)strtoul(args[2], NULL, 10), n = 0;
	size_t trades_count = list_split(args[3], trades), looks_count = list_split(args[4], looks),
	       scenes_count = list_split(args[5], scenes);
	const char *const colours[] = {count > 6 && *args[6] ? args[6] : NULL, NULL};

	if (columns == 0 || cell == 0)
		die(args[1], "columns and cell are numbers");
	size_t rows = (trades_count * looks_count * scenes_count + columns - 1) / columns;
	cairo_surface_t *sheet = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(columns * cell), (int)(rows * cell));
	cairo_t *cr = cairo_create(sheet);
	for (size_t l = 0; l < looks_count; l++)
		for (size_t t = 0; t < trades_count; t++)
			for (size_t c = 0; c < scenes_count; c++, n++) {
				const struct worker_sketch job = {.trade = trades[t],
								  .title = trades[t],
								  .name = count > 7 ? args[7] : NULL,
								  .colours = colours,
								  .style = looks[l],
								  .width = EDGE,
								  .height = EDGE,
								  .index = (unsigned)strtoul(scenes[c], NULL, 10),
								  .of = SCENES,
								  .seed = (unsigned)t};
				picture_place(cr, &job, n % columns * cell, n / columns * cell, cell);
			}
	cairo_destroy(cr);
	if (cairo_surface_write_to_png(sheet, args[0]) != CAIRO_STATUS_SUCCESS)
		die(args[0], "cannot be written");
	cairo_surface_destroy(sheet);
}

static double cpu_ms(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

// Draws in a child, as the worker does, which sends the picture back. Returns its size.
static size_t picture_made(const struct worker_sketch *job)
{
	char bytes[65536];
	size_t total = 0;
	int ends[2];

	if (pipe(ends) != 0)
		die("pipe", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		struct buf png = BUF_INIT(IMAGE_BYTES_MAX);
		struct err e = {0};
		close(ends[0]);
		bool drawn = sketch_draw(job, &png, &e) == 0;
		for (size_t at = 0; drawn && at < png.len;) {
			ssize_t n = write(ends[1], png.data + at, png.len - at);
			drawn = n > 0;
			at += drawn ? (size_t)n : 0;
		}
		_exit(drawn ? 0 : 1);
	}
	close(ends[1]);
	for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0;)
		total += (size_t)n;
	close(ends[0]);
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("child", "did not draw");
	return total;
}

int main(int argc, char **argv)
{
	static const char *const trades[] = {"bread", "tooth", "bicycle", "law", "carpet", "flowers", "laptop", "hotel"};
	struct err e = {0};

	if (sketch_prepare(&e) != 0)
		die("fonts", e.text);
	if (argc > 6) {
		sheet_write(argc - 1, argv + 1);
		return 0;
	}
	for (size_t s = 0; s < ARRAY_LEN(styles); s++) {
		double total = 0, most = 0;
		size_t bytes = 0, largest = 0, count = 0;
		for (size_t t = 0; t < ARRAY_LEN(trades); t++)
			for (unsigned i = 0; i < SCENES; i++, count++) {
				const struct worker_sketch job = {
				    .trade = trades[t], .name = "Kornblume", .style = styles[s], .width = EDGE, .height = EDGE, .index = i};
				double took = 0;
				size_t size = 0;
				// The best of them: what else the machine does costs caches.
				for (int round = 0; round < TRIES; round++) {
					double before = cpu_ms(RUSAGE_SELF) + cpu_ms(RUSAGE_CHILDREN);
					size = picture_made(&job);
					double now = cpu_ms(RUSAGE_SELF) + cpu_ms(RUSAGE_CHILDREN) - before;
					took = round == 0 || now < took ? now : took;
				}
				total += took;
				most = took > most ? took : most;
				bytes += size;
				largest = size > largest ? size : largest;
			}
		printf("%s\"%s\":{\"ms\":%.1f,\"most_ms\":%.1f,\"bytes\":%zu,\"most_bytes\":%zu}", s > 0 ? "," : "{", styles[s],
		       total / (double)count, most, bytes / count, largest);
	}
	puts("}");
	return 0;
}
