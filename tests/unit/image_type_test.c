// SPDX-License-Identifier: ISC
// Images are known by their bytes.
#include "policy/base/array.h"
#include "tests/unit/test.h"

#include "policy/picture/image_type.h"

#define PNG(w1, w0, h1, h0)                                                                                                                \
	"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0" w1 w0 "\0\0" h1 h0 "\x08\x02\0\0\0crc-"                                                        \
	"\0\0\0\x02IDAT..crc-\0\0\0\0IENDcrc-"
#define JPEG(h1, h0, w1, w0)                                                                                                               \
	"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc4\0\x04..\xff\xff\xc2\0\x11\x08" h1 h0 w1 w0 "\x03\x01\x22\0"

struct row {
	const char *bytes;
	size_t len;
	const char *type;
	unsigned width, height;
};
#define ROW(literal, ...)                                                                                                                  \
	{                                                                                                                                  \
		literal, sizeof literal - 1, __VA_ARGS__                                                                                   \
	}

static const struct row rows[] = {
    ROW(PNG("\x04", "\0", "\x06", "\0"), "image/png", 1024, 1536),
    ROW(PNG("\x20", "\0", "\x20", "\0"), "image/png", 8192, 8192),
    ROW(PNG("\x20", "\x01", "\0", "\x01"), NULL, 0, 0),
    ROW(PNG("\0", "\0", "\0", "\x01"), NULL, 0, 0),
    ROW("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x04\0\x08\x02\0\0\0crc", NULL, 0, 0), // no whole header
    ROW(JPEG("\x04", "\0", "\x06", "\0"), "image/jpeg", 1536, 1024),
    ROW(JPEG("\x20", "\x01", "\x06", "\0"), NULL, 0, 0),
    ROW("\xff\xd8\xff\xe0\xff\xff", NULL, 0, 0),
    ROW("\xff\xd8\xff\xda\0\x10..............", NULL, 0, 0),
    ROW("RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xc3\xff\0.....", "image/webp", 1024, 1024),
    ROW("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x03\0\xff\x05\0", "image/webp", 1024, 1536),
    ROW("RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\0\x04\0\x02", "image/webp", 1024, 512),
    ROW("RIFF\x17\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x03\0\xff\x05\0", NULL, 0, 0), // says more than there is
    ROW("RIFF\x16\0\0\0WAVEVP8X\x0a\0\0\0\0\0\0\0\xff\x03\0\xff\x05\0", NULL, 0, 0),
    ROW("GIF89a\x01\0\x01\0", NULL, 0, 0),
    ROW("<svg xmlns='http://www.w3.org/2000/svg'/>", NULL, 0, 0),
    ROW("", NULL, 0, 0),
};

static void types_and_sizes_come_from_the_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned width = 0, height = 0;
		char *copy = malloc(rows[i].len + 1); // of just this size, so that a sanitizer sees a read beyond it
		memcpy(copy, rows[i].bytes, rows[i].len);
		char *exact = realloc(copy, rows[i].len ? rows[i].len : 1);
		const char *type = image_type(exact, rows[i].len, &width, &height);
		if ((type == NULL) != (rows[i].type == NULL) ||
		    (type != NULL && (strcmp(type, rows[i].type) != 0 || width != rows[i].width || height != rows[i].height)))
			fail_msg("row %zu: %s, %u x %u", i, type ? type : "nothing", width, height);
		free(exact);
	}
}

static void every_prefix_is_refused_or_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t len = 0; len < rows[i].len; len++) {
			unsigned width, height;
			char *part = malloc(len ? len : 1);
			memcpy(part, rows[i].bytes, len);
			const char *type = image_type(part, len, &width, &height);
			assert_true(!type || (strcmp(type, rows[i].type) == 0 && width == rows[i].width && height == rows[i].height));
			free(part);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(types_and_sizes_come_from_the_bytes),
	    cmocka_unit_test(every_prefix_is_refused_or_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
