// SPDX-License-Identifier: ISC
// Who writes a text decides what the filter looks at, not how long: its steps grow as the text does, for whatever is repeated in it. The filter is
// built for this test with a call at each step.
#include "fcgi/moderation/filter.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "tests/unit/test.h"
#include <stdlib.h>

enum { SHORT = 1 << 13, LONG = 1 << 20, STEPS_A_BYTE = 1500 };

void __sanitizer_cov_trace_pc(void);
static uint64_t steps;
void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

// Of `len` bytes of the text, repeated.
static uint64_t steps_of(const char *repeated, size_t len)
{
	size_t unit = strlen(repeated), used;
	char *text = malloc(len + 1);
	BUF_AUTO struct buf out = BUF_INIT(8 * (size_t)LONG);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = repeated[i % unit];
	used = utf8_cut(repeated, unit) == unit && utf8_valid(repeated, unit) ? utf8_cut(text, len) : len;
	text[used] = '\0';
	steps = 0;
	assert_int_equal(filter_mask(text, FILTER_ANONYMISED, &out, NULL), 0);
	free(text);
	return steps;
}

static void steps_grow_as_the_text_does(void **state)
{
	static const char *const texts[] = {
	    "a",
	    " ",
	    "\n",
	    "0",
	    "-",
	    "@",
	    ".",
	    "a@",
	    "a{at}",
	    "a (at) ",
	    "a.b.",
	    "@a.a",
	    "a@a.a",
	    "x@x.com ",
	    " at ",
	    " dot ",
	    "1 ",
	    "0 1 2 ",
	    "0123456 ",
	    "+49 ",
	    "(",
	    "0.",
	    "1.",
	    "1:",
	    "::",
	    "a:",
	    ":a",
	    "a/",
	    "://",
	    "a://a.a/",
	    "x.com/",
	    "/u/",
	    "a.a/u/a?user=",
	    "=",
	    "<",
	    "<a@",
	    "A <a@a.a> ",
	    "a@a.a>",
	    "my name is ",
	    "My name is A",
	    "name: ",
	    "Name: Anna ",
	    "From: ",
	    "Dear ",
	    "Dear Anna, ",
	    "best regards,\n",
	    "Best ",
	    "A B C D, ",
	    "Anna Maria, 1 ",
	    "Anna Schmidt, ",
	    "Anna Schmidt, Hauptstr ",
	    "Mr ",
	    "Mr A",
	    "von ",
	    "Von De ",
	    "O'",
	    "A-",
	    "J. ",
	    "DE89",
	    "DE89 3704 ",
	    "4111 ",
	    "4111 1111 1111 1111 ",
	    "passport ",
	    "passport 1",
	    "passport a1 ",
	    "a1 ",
	    "123-45-6789 ",
	    "phone 1",
	    "tel ",
	    "isbn ",
	    "no ",
	    "王",
	    "王小",
	    "我叫",
	    "我是王",
	    "先生",
	    "王先生",
	    "电话1",
	    "身份证1",
	    "，",
	    "的",
	    "北京市，",
	    "王小明，北京市",
	    "\xE2\x80\x8B",
	    "a\xE2\x80\x8B",
	    "\xFF",
	    "\xE4\xB8",
	    "\xF0",
	    "é",
	    "É",
	    "ß",
	    "（",
	    "２",
	    "ａ",
	    "，１",
	    "𝟎",
	    "Ａ Ｂ，",
	    "\"",
	    "'",
	    "a'",
	    "{",
	    "[",
	    "|",
	    "_",
	    "%",
	    "&",
	    "a&b=",
	    "\x7f",
	    "\x01",
	    "a1-",
	    "aaaa aaaa ",
	};

	(void)state;
	uint64_t most = 0;
	size_t worst = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint64_t half = steps_of(texts[i], SHORT), whole = steps_of(texts[i], 2 * (size_t)SHORT);
		// A little more: what was found is sorted.
		if (whole > 2 * half + half / 8)
			fail_msg("\"%s\": %llu steps for half of the text, %llu for the whole", texts[i], (unsigned long long)half,
				 (unsigned long long)whole);
		worst = whole > most ? i : worst;
		most = whole > most ? whole : most;
	}
	uint64_t taken = steps_of(texts[worst], LONG);
	print_message("at most %.1f steps a byte, for \"%s\"\n", (double)taken / LONG, texts[worst]);
	assert_true(taken < (uint64_t)LONG * STEPS_A_BYTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steps_grow_as_the_text_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
