// SPDX-License-Identifier: ISC
// The way of a picture's bytes in one process: a reply of an image model, in pieces as it arrives, is scanned, decoded, marked and written into
// the ZIP of its set. Prints one JSON object: milliseconds of CPU for a picture of 2 MiB, the whole way and parts of it.
//
//	picture_bench FOLDER [SETS]	writes sets of eight pictures into FOLDER, 20 when not given, and removes them
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/picture/archive.h"
#include "policy/picture/mark.h"
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PICTURE_BYTES = 2 * 1024 * 1024, CHUNK = 8192, PIECE = 64 * 1024 };

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "picture_bench: %s: %s\n", what, why);
	exit(1);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void be32_add(struct buf *out, uint32_t v)
{
	buf_add(out, (unsigned char[]){(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v}, 4);
}

static void chunk_add(struct buf *png, const char *type, const void *data, size_t len)
{
	be32_add(png, (uint32_t)len);
	buf_adds(png, type);
	buf_add(png, data, len);
	be32_add(png, libdeflate_crc32(0, png->data + png->len - len - 4, len + 4));
}

// One picture on its way.
struct way {
	struct archive_file *archive;
	struct archive_entry entry;
	struct mark_stream mark;
	struct provider_input in;
	struct provider_task task;
	char name[48];
};

static int way_write(void *arg, const void *bytes, size_t len, struct err *e)
{
	return archive_entry_write(&((struct way *)arg)->entry, bytes, len, e);
}

static int way_read(void *arg, uint64_t at, void *bytes, size_t len, struct err *e)
{
	return archive_entry_read(&((struct way *)arg)->entry, at, bytes, len, e);
}

static int way_restart(void *arg, struct err *e)
{
	return archive_entry_restart(&((struct way *)arg)->entry, e);
}

static int way_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	return mark_add(&((struct way *)arg)->mark, bytes, len, e);
}

static int way_nowhere(void *arg, const void *bytes, size_t len, struct err *e)
{
	return (void)arg, (void)bytes, (void)len, (void)e, 0;
}

static void way_again(void *arg)
{
	(void)arg;
}

// A set of eight: one after the other, or all at once, a piece of each in turn. `sink`: where the way ends.
static double set_ms(const char *folder, const struct buf *reply, bool at_once, bool sealed, const struct provider_sink *sink,
		     const struct mark_output *out)
{
	static struct way ways[IMAGES_MAX];
	const struct provider *azure = provider_find("azure-openai");
	const struct provider_reply over = {200, "application/json", "", 0};
	struct archive_file archive = ARCHIVE_INIT;
	struct mark_facts facts;
	struct err e = {0};
	uint64_t bytes;
	double start = cpu_ms();

	if (archive_begin(&archive, folder, sealed, 0, &e) != 0)
		die("archive", e.text);
	for (unsigned i = 0; i < IMAGES_MAX; i++) {
		struct way *w = &ways[i];
		w->in = (struct provider_input){.prompt = "x", .size = "1024x1024", .sink = sink, .sink_arg = w};
		archive_image_name(w->name, sizeof w->name, i, "photo", "image/png");
		mark_begin(&w->mark, MARK_MODEL, out, w);
		provider_begin(&w->task, azure, PROVIDER_IMAGE, &w->in);
		if (at_once && archive_entry_open(&archive, &w->entry, w->name, &e) != 0)
			die("entry", e.text);
	}
	for (size_t step = 0, pieces = (reply->len + PIECE - 1) / PIECE; step < pieces * IMAGES_MAX; step++) {
		struct way *w = &ways[at_once ? step % IMAGES_MAX : step / pieces];
		size_t n = at_once ? step / IMAGES_MAX : step % pieces, len = n + 1 < pieces ? PIECE : reply->len - n * PIECE;
		if (n == 0 && !at_once && archive_entry_open(&archive, &w->entry, w->name, &e) != 0)
			die("entry", e.text);
		if (provider_take(&w->task, reply->data + n * PIECE, len, &e) != 0)
			die("reply", e.text);
		if (n + 1 < pieces)
			continue;
		provider_reply(&w->task, &over);
		if (w->task.result != PROVIDER_OK)
			die("reply", w->task.say.text);
		if (sink->take == way_take && mark_end(&w->mark, &facts, &e) != 0)
			die("mark", e.text);
		if (archive_entry_close(&w->entry, NULL, &e) != 0)
			die("entry", e.text);
	}
	if (archive_finish(&archive, &bytes, &e) != 0)
		die("archive", e.text);
	double taken = cpu_ms() - start;
	for (unsigned i = 0; i < IMAGES_MAX; i++) {
		provider_free(&ways[i].task);
		mark_free(&ways[i].mark);
	}
	archive_drop(&archive);
	return taken / IMAGES_MAX;
}

static int compare(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv)
{
	static const struct provider_sink nowhere = {way_nowhere, way_again, NULL}, marked = {way_take, way_again, NULL};
	static const struct mark_output lost = {way_nowhere, way_read, way_restart}, written = {way_write, way_read, way_restart};
	static const struct {
		const char *name;
		bool at_once, sealed;
		const struct provider_sink *sink;
		const struct mark_output *out;
	} rows[] = {{"decoded_ms", false, false, &nowhere, &lost},
		    {"marked_ms", false, false, &marked, &lost},
		    {"one_by_one_ms", false, false, &marked, &written},
		    {"eight_at_once_ms", true, false, &marked, &written},
		    {"sealed_one_by_one_ms", false, true, &marked, &written},
		    {"sealed_eight_at_once_ms", true, true, &marked, &written}};
	BUF_AUTO struct buf png = BUF_INIT(2 * PICTURE_BYTES), reply = BUF_INIT(4 * PICTURE_BYTES);
	size_t sets = argc > 2 ? strtoul(argv[2], NULL, 10) : 20;
	static double taken[ARRAY_LEN(rows)][1000];
	unsigned char data[CHUNK];
	uint32_t random = 1;

	if (argc < 2 || sets < 1 || sets > 1000)
		die("usage", "picture_bench FOLDER [SETS]");
	buf_add(&png, "\x89PNG\r\n\x1a\n", 8);
	chunk_add(&png, "IHDR", "\0\0\4\0\0\0\4\0\10\2\0\0\0", 13);
	while (png.len < PICTURE_BYTES - CHUNK) {
		for (unsigned i = 0; i < CHUNK; i++) {
			random = random * 1103515245u + 12345u;
			data[i] = (unsigned char)(random >> 24);
		}
		chunk_add(&png, "IDAT", data, CHUNK);
	}
	chunk_add(&png, "IEND", "", 0);
	buf_adds(&reply, "{\"created\":1,\"data\":[{\"b64_json\":\"");
	base64_add(&reply, png.data, png.len);
	buf_adds(&reply, "\"}],\"usage\":{\"total_tokens\":100}}");
	for (size_t s = 0; s < sets; s++) {
		for (size_t r = 0; r < ARRAY_LEN(rows); r++)
			taken[r][s] = set_ms(argv[1], &reply, rows[r].at_once, rows[r].sealed, rows[r].sink, rows[r].out);
	}
	printf("{\"bytes\":%zu", png.len);
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		qsort(taken[r], sets, sizeof taken[r][0], compare);
		printf(",\"%s\":%.3f", rows[r].name, taken[r][sets / 2]);
	}
	puts("}");
	return 0;
}
