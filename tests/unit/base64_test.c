// SPDX-License-Identifier: ISC
// Base64 with the vector unit is what it is without: every length, every bad character in every place, pieces of every size.
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/text.h"
#include "tests/unit/base64_reference.h"
#include "tests/unit/test.h"
#include <openssl/evp.h>

enum { BYTES = 300, TEXT = (BYTES + 2) / 3 * 4 };

// Text of random bytes, made by somebody else's encoder.
static size_t text_make(char text[TEXT + 1], unsigned char bytes[BYTES], size_t len)
{
	random_bytes(bytes, BYTES);
	return (size_t)EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
}

// Decodes in pieces; 0 as base64_decode.
static int pieces_decode(struct buf *out, const char *text, size_t len, size_t piece)
{
	struct base64_decoder d = {0};

	for (size_t at = 0; at < len; at += piece) {
		size_t now = len - at < piece ? len - at : piece;
		if (base64_feed(&d, out, text + at, now) != (ssize_t)now)
			return -1;
	}
	return base64_finish(&d, out);
}

static void every_length_is_as_others_write_it(void **state)
{
	(void)state;
	for (size_t len = 0; len <= BYTES; len++) {
		unsigned char bytes[BYTES];
		char text[TEXT + 1];
		size_t text_len = text_make(text, bytes, len);
		BUF_AUTO struct buf written = BUF_INIT(text_len), read = BUF_INIT(len); // their ceilings are just what is needed
		assert_int_equal(base64_add(&written, bytes, len), 0);
		assert_int_equal(written.len, text_len);
		assert_string_equal(buf_text(&written), text);
		assert_int_equal(base64_decode(&read, text, text_len), 0);
		assert_int_equal(read.len, len);
		assert_memory_equal(buf_text(&read), bytes, len);
		for (size_t piece = 1; piece <= text_len; piece++) {
			buf_reset(&read);
			assert_int_equal(pieces_decode(&read, text, text_len, piece), 0);
			assert_int_equal(read.len, len);
			assert_memory_equal(buf_text(&read), bytes, len);
		}
		if (len > 0) {
			BUF_AUTO struct buf small = BUF_INIT(len - 1), small_text = BUF_INIT(text_len - 1);
			assert_int_equal(base64_decode(&small, text, text_len), -1);
			assert_int_equal(base64_add(&small_text, bytes, len), -1);
		}
	}
}

static void every_value_is_written_in_every_place(void **state)
{
	(void)state;
	for (unsigned value = 0; value < 256; value++) {
		unsigned char bytes[96], expected[129];
		BUF_AUTO struct buf text = BUF_INIT(128);
		memset(bytes, (int)value, sizeof bytes);
		EVP_EncodeBlock(expected, bytes, sizeof bytes);
		assert_int_equal(base64_add(&text, bytes, sizeof bytes), 0);
		assert_string_equal(buf_text(&text), (char *)expected);
	}
}

// What is taken tells the first bad place, and nothing of it is kept in *out.
static void every_character_is_judged_in_every_place(void **state)
{
	unsigned char bytes[BYTES], reference[BYTES + 3];
	char text[TEXT + 1];
	size_t len = text_make(text, bytes, BYTES); // no padding

	(void)state;
	for (size_t at = 0; at < len; at++) {
		char good = text[at];
		for (unsigned c = 0; c < 256; c++) {
			BUF_AUTO struct buf out = BUF_INIT(BYTES + 8), piecewise = BUF_INIT(BYTES + 8);
			text[at] = (char)c;
			ssize_t expected = reference_decode(reference, text, len);
			buf_adds(&out, "before");
			assert_int_equal(base64_decode(&out, text, len), expected < 0 ? -1 : 0);
			assert_int_equal(out.len, 6 + (expected < 0 ? 0 : expected));
			assert_int_equal(out.data[out.len], '\0');
			if (expected >= 0)
				assert_memory_equal(out.data + 6, reference, (size_t)expected);
			struct base64_decoder d = {0};
			ssize_t taken = base64_feed(&d, &piecewise, text, len);
			bool digit =
			    c != 0 && memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", (int)c, 64) != NULL;
			// Padding that can follow is taken, and what comes after it is not.
			size_t until = digit ? len : c == '=' && at % 4 >= 2 ? at + 1 : at;
			assert_int_equal(taken, until);
			assert_memory_equal(buf_text(&piecewise), bytes, at / 4 * 3);
		}
		text[at] = good;
	}
}

static void the_end_is_strict(void **state)
{
	static const char *const bad[] = {"A",     "AA",       "AAA",   "AA=",   "AB==",     "AAB=",  "AA==\n",  "A*==",
					  "====",  "=",        "AAAA=", "AA===", "AAA==",    "AA=A",  "A=A=",    "AA==AAAA",
					  "AA ==", "AAAA\r\n", "AA-_",  "AAAAA", "AAAA====", " AAAA", "AAA=AAA="};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		for (size_t before = 0; before <= 128; before += 64) { // after whole blocks, too
			char text[160];
			unsigned char reference[128];
			memset(text, 'Q', before);
			memcpy(text + before, bad[i], strlen(bad[i]) + 1);
			for (size_t piece = 1; piece <= strlen(text); piece++) {
				BUF_AUTO struct buf out = BUF_INIT(200);
				assert_int_equal(pieces_decode(&out, text, strlen(text), piece), -1);
			}
			BUF_AUTO struct buf out = BUF_INIT(200);
			assert_int_equal(base64_decode(&out, text, strlen(text)), -1);
			assert_int_equal(reference_decode(reference, text, strlen(text)), -1);
		}
}

// A text inside something else: what ends it is not taken, and the decoder begins anew after the end.
static void a_text_ends_where_it_ends(void **state)
{
	static const char json[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ=\"}]}";
	struct base64_decoder d = {0};
	BUF_AUTO struct buf out = BUF_INIT(100);

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(base64_feed(&d, &out, json, sizeof json - 1), strlen(json) - 4);
		assert_int_equal(base64_feed(&d, &out, "\"", 1), 0);
		assert_int_equal(base64_finish(&d, &out), 0);
		assert_int_equal(out.len, 53);
		for (size_t i = 0; i < out.len; i++)
			assert_int_equal((unsigned char)out.data[i], i);
		buf_reset(&out);
	}
	BUF_AUTO struct buf small = BUF_INIT(52);
	assert_int_equal(base64_feed(&d, &small, json, strlen(json) - 4), strlen(json) - 4);
	assert_int_equal(base64_finish(&d, &small), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_length_is_as_others_write_it),
	    cmocka_unit_test(every_value_is_written_in_every_place),
	    cmocka_unit_test(every_character_is_judged_in_every_place),
	    cmocka_unit_test(the_end_is_strict),
	    cmocka_unit_test(a_text_ends_where_it_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
