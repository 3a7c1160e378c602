// SPDX-License-Identifier: ISC
// The ground that everything stands on: buffers, encodings, escapes, times, JSON, files.
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/requests.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include "tests/unit/test.h"
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static void buffer_keeps_its_ceiling(void **state)
{
	struct buf b BUF_AUTO = BUF_INIT(10);

	(void)state;
	assert_int_equal(buf_adds(&b, "0123456789"), 0);
	assert_int_equal(buf_addc(&b, 'x'), -1);
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "0123456789");
	assert_null(buf_steal(&b));
	buf_reset(&b);
	assert_int_equal(buf_printf(&b, "%d-%s", 7, "ab"), 0);
	assert_string_equal(b.data, "7-ab");
	assert_int_equal(buf_printf(&b, "%s", "longer than that"), -1);
	assert_null(buf_reserve(&(struct buf){.max = 5}, SIZE_MAX));
}

// What is not a buffer's memory any more holds nothing of what it held.
static void a_buffer_that_moves_leaves_nothing_behind(void **state)
{
	enum { SECRET = 5000 };
	BUF_AUTO_WIPE struct buf b = BUF_INIT(1 << 20);
	FD_AUTO int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char left[SECRET], secret[SECRET];

	(void)state;
	assert_true(memory >= 0);
	memset(secret, 'S', sizeof secret);
	assert_int_equal(buf_add(&b, secret, sizeof secret), 0);
	off_t before = (off_t)(uintptr_t)b.data;
	void *next = malloc(1 << 16); // it cannot grow where it is
	assert_non_null(buf_reserve(&b, 100 * 1024));
	assert_int_equal(pread(memory, left, sizeof left, before), sizeof left);
	assert_memory_equal(b.data, secret, sizeof secret);
	free(next);
	if ((off_t)(uintptr_t)b.data != before)
		assert_null(memchr(left, 'S', sizeof left));
}

static void utf8_is_strict(void **state)
{
	static const char *const bad[] = {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\xff"};

	(void)state;
	assert_true(utf8_valid("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\xb1", 11));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	assert_false(utf8_valid("a\0b", 3));
	for (size_t len = 1; len <= 100; len++) // ASCII goes by whole blocks
		for (size_t at = 0; at < len; at++) {
			static const char at_fault[] = {'\0', '\x80', '\xc3', '\xff'};
			char text[100];
			memset(text, '\x7f', len);
			assert_true(utf8_valid(text, len));
			text[at] = '\x01';
			assert_true(utf8_valid(text, len));
			for (size_t i = 0; i < ARRAY_LEN(at_fault); i++) {
				text[at] = at_fault[i];
				assert_false(utf8_valid(text, len));
			}
			if (at + 1 < len) {
				memcpy(text + at, "\xc3\xbc", 2);
				assert_true(utf8_valid(text, len));
			}
		}
	assert_int_equal(utf8_cut("ab\xc3\xbc", 3), 2);
	assert_int_equal(utf8_count("ab\xc3\xbc"), 3);
}

static void tokens_are_shaped(void **state)
{
	char a[TOKEN_LEN + 1], b[TOKEN_LEN + 1];

	(void)state;
	token_new(a);
	token_new(b);
	assert_true(token_shaped(a));
	assert_string_not_equal(a, b);
	a[3] = '/';
	assert_false(token_shaped(a));
	assert_false(token_shaped("short"));
	// They are base64url, as the other writer of it has it.
	for (unsigned i = 0; i < 256; i++) {
		struct buf text BUF_AUTO = BUF_INIT(64);
		uint8_t bytes[TOKEN_BYTES];
		for (size_t at = 0; at < sizeof bytes; at++)
			bytes[at] = (uint8_t)(i * 7 + at * 37);
		token_write(a, bytes);
		assert_int_equal(base64_url_add(&text, bytes, sizeof bytes), 0);
		assert_string_equal(a, text.data);
	}
}

static void escapes_fit_their_context(void **state)
{
	struct buf b BUF_AUTO = BUF_INIT(400);

	(void)state;
	html_text(&b, "<a href=\"x\">&'");
	assert_string_equal(b.data, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
	buf_reset(&b);
	csv_cell(&b, "=1+1");
	assert_string_equal(b.data, "\"'=1+1\"");
	buf_reset(&b);
	csv_cell(&b, "say \"hi\"");
	assert_string_equal(b.data, "\"say \"\"hi\"\"\"");
	buf_reset(&b);
	header_value(&b, "a\r\nSet-Cookie: x");
	assert_string_equal(b.data, "aSet-Cookie: x");
	buf_reset(&b);
	url_part(&b, "a b/\xc3\xbc");
	assert_string_equal(b.data, "a%20b%2F%C3%BC");
	buf_reset(&b);
	assert_int_equal(url_decode(&b, "a+b%2f", 6, true), 0);
	assert_string_equal(b.data, "a b/");
	assert_int_equal(url_decode(&b, "%00", 3, true), -1);
	assert_int_equal(url_decode(&b, "%4", 2, true), -1);
}

static void times_parse_strictly(void **state)
{
	static const char *const bad[] = {"2026-02-30", "2026-1-1", "2026-01-01T00:00:00", "2026-01-01 ", "", "2026-13-01"};
	char text[WHEN_TEXT];
	time_t t;

	(void)state;
	assert_int_equal(when_parse(&t, "2026-11-22T04:31:54Z"), 0);
	when_text(text, t);
	assert_string_equal(text, "2026-11-22T04:31:54Z");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(when_parse(&t, bad[i]), -1);
}

static void durations_compare_by_their_worst_case(void **state)
{
	static const struct {
		const char *a, *b;
		int order;                 // of duration_compare
		bool a_exceeds, b_exceeds; // duration_may_exceed, both ways
	} rows[] = {
	    {"P59D", "P2M", -1, false, true},  {"P61D", "P2M", -1, true, true},   {"P62D", "P2M", 1, true, false},
	    {"P28D", "P1M", -1, false, true},  {"P30D", "P1M", -1, true, true},   {"P31D", "P1M", 1, true, false},
	    {"P365D", "P1Y", -1, false, true}, {"P366D", "P1Y", 1, true, false},  {"P4W", "P1M", -1, false, true},
	    {"P12M", "P1Y", 0, false, false},  {"P24M", "P2Y", 0, false, false},  {"P14D", "P2W", 0, false, false},
	    {"P1D", "PT24H", 0, false, false}, {"P1M", "P1M1D", -1, false, true}, {"P7Y", "P2557D", -1, false, true},
	    {"PT1S", "P0D", 1, true, false},   {"P200Y", "P1M", 1, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct duration a, b;
		assert_int_equal(duration_parse(&a, rows[i].a), 0);
		assert_int_equal(duration_parse(&b, rows[i].b), 0);
		if (duration_compare(a, b) != rows[i].order || duration_compare(b, a) != -rows[i].order ||
		    duration_may_exceed(a, b) != rows[i].a_exceeds || duration_may_exceed(b, a) != rows[i].b_exceeds)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

static void durations_are_calendar_correct(void **state)
{
	static const char *const bad[] = {"P", "PT", "14D", "P-1D", "P1D1Y", "P1.5D", "P1H", "P999999999D", "P1DT", "P14"};
	struct duration d;
	char words[64];
	time_t start, end;
	char text[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(duration_parse(&d, bad[i]), -1);
	assert_int_equal(duration_parse(&d, "P1Y2M3DT4H5M6S"), 0);
	assert_int_equal(d.months, 14);
	assert_int_equal(d.days, 3);
	assert_int_equal(d.seconds, 4 * 3600 + 5 * 60 + 6);
	assert_int_equal(duration_parse(&d, "P1M"), 0);
	when_parse(&start, "2027-01-31");
	end = duration_after(start, d);
	when_text(text, end);
	assert_string_equal(text, "2027-02-28T00:00:00Z");
	duration_parse(&d, "P14D");
	duration_words(words, sizeof words, d);
	assert_string_equal(words, "14 days");
	assert_int_equal(duration_after(start, d) - start, 14 * 86400);
}

static void json_door_is_strict(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "{\"a\":1,\"a\":2}",
	    "\"\\u0000\"",
	    "\"\\ud800\"",
	    "01",
	    "1e999",
	    "[1,]",
	    "{}x",
	    "\"\x01\"",
	    "nul",
	    "{'a':1}",
	    "[1 2]",
	    "\"\\x\"",
	    "\"\\udc00\"",
	    "1.",
	    "+1",
	    "NaN",
	    "\xff",
	    "]",
	    "{\"a\"}",
	    "\"open",
	    "[\"a\",,1]",
	    "-",
	    ".5",
	    "1e",
	    "[}",
	    "\"\\ud800\\u0041\"",
	    "\xef\xbb\xbf",
	    "\xef\xbb\xbf\xef\xbb\xbf{}",
	    "{\"a\":[{\"b\":1,\"c\":2,\"b\":3}]}",
	};
	static const char *const good[] = {
	    "{}", "[1,2.5e3,-0]", " {\"a\":{\"b\":[null,true,\"\\ud83c\\udf31\"]}} \n", "\"\xc3\xbc\"", "0", "\xef\xbb\xbf{\"a\":1}"};
	struct buf deep BUF_AUTO = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cJSON *v JSON_AUTO = json_parse(bad[i], strlen(bad[i]), NULL);
		if (v != NULL)
			fail_msg("accepted: %s", bad[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		cJSON *v JSON_AUTO = json_parse(good[i], strlen(good[i]), NULL);
		if (v == NULL)
			fail_msg("refused: %s", good[i]);
	}
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		buf_addc(&deep, '[');
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		buf_addc(&deep, ']');
	assert_null(json_parse(deep.data, deep.len, NULL));
	BUF_AUTO struct buf many = BUF_INIT(1 << 20);
	buf_addc(&many, '[');
	for (int i = 0; i < JSON_VALUES_MAX - 1; i++)
		buf_adds(&many, "0,");
	buf_adds(&many, "0]");
	cJSON *most JSON_AUTO = json_parse(many.data, many.len, NULL);
	assert_non_null(most);
	many.data[many.len - 1] = ',';
	buf_adds(&many, "0]");
	assert_null(json_parse(many.data, many.len, NULL));
	assert_null(json_parse("1\0 2", 4, NULL));
}

// What others wrote: a bad escape is a character that is none, all else is as strict.
static void json_of_others_is_mended(void **state)
{
	static const char *const rows[][2] = {
	    {"\"a\\u0000b\"", "a\xef\xbf\xbd"
			      "b"},
	    {"\"\\ud83d\"", "\xef\xbf\xbd"},
	    {"\"\\udc00x\"", "\xef\xbf\xbdx"},
	    {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
	    {"\"\\ud83c\\udf31\"", "\xf0\x9f\x8c\xb1"},
	    {"\"\\\\u0000\"", "\\u0000"},
	    {"\"\\ud800\\u0041\"", "\xef\xbf\xbd"
				   "A"},
	    {"\xef\xbb\xbf\"\\n\"", "\n"},
	    {"\"\\u00\"", NULL},
	    {"\"\\", NULL},
	    {"\"\\x\"", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		JSON_AUTO cJSON *v = json_parse_foreign(rows[i][0], strlen(rows[i][0]), NULL);
		const char *got = cJSON_GetStringValue(v);
		if ((got == NULL) != (rows[i][1] == NULL) || (got != NULL && strcmp(got, rows[i][1]) != 0))
			fail_msg("%s gives %s", rows[i][0], got != NULL ? got : "nothing");
	}
}

// An object with many members is compared in no more than a few milliseconds, and its repeated one is found.
static void repeated_members_are_found_among_many(void **state)
{
	BUF_AUTO struct buf text = BUF_INIT(1 << 20);
	const char *name;

	(void)state;
	buf_addc(&text, '{');
	for (int i = 0; i < 40000; i++)
		buf_printf(&text, "\"m%d\":1,", i);
	size_t unique = text.len;
	buf_adds(&text, "\"last\":1}");
	JSON_AUTO cJSON *good = json_parse(text.data, text.len, NULL);
	assert_non_null(good);
	text.len = unique;
	buf_adds(&text, "\"m1\":1}");
	assert_null(json_parse(text.data, text.len, NULL));
	JSON_AUTO cJSON *bad = cJSON_ParseWithLength(text.data, text.len);
	assert_int_equal(json_member_repeated(bad, &name), 1);
	assert_string_equal(name, "m1");
}

static void json_is_printed_as_cjson_prints_it(void **state)
{
	static const double numbers[] = {0, 1, -1, 42, 0.5, -0.125, 1e-7, 0.1, 123456789012345, -999999999999999, 1e15, 1e21, 1.7e308};
	char every[256];
	cJSON *v JSON_AUTO = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(v, "numbers");
	BUF_AUTO struct buf out = BUF_INIT(65536), small = BUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(numbers[i]));
	cJSON_AddItemToArray(list, cJSON_CreateNumber(NAN));
	for (int i = 1; i < 256; i++)
		every[i - 1] = (char)i;
	every[255] = '\0';
	cJSON_AddStringToObject(v, every, every);
	cJSON_AddStringToObject(v, "", "");
	cJSON_AddNullToObject(v, "null");
	cJSON_AddBoolToObject(v, "yes", true);
	cJSON_AddBoolToObject(v, "no", false);
	cJSON_AddArrayToObject(v, "none");
	cJSON_AddObjectToObject(cJSON_AddObjectToObject(v, "a"), "b");
	char *expected = cJSON_PrintUnformatted(v);
	assert_int_equal(json_print(&out, v), 0);
	assert_string_equal(buf_text(&out), expected);
	cJSON_free(expected);
	assert_int_equal(json_print(&small, v), -1);
	assert_int_equal(json_print(&out, NULL), -1);
}

static void files_are_written_whole(void **state)
{
	char folder[] = "/tmp/lethe-base-XXXXXX", path[64];
	struct buf b BUF_AUTO = BUF_INIT(100);
	struct stat before, after;
	struct err e = {0};
	int changed;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	assert_int_equal(file_write(path, "one", 3, 0640, &changed, &e), 0);
	assert_int_equal(changed, 1);
	stat(path, &before);
	assert_int_equal(before.st_mode & 0777, 0640);
	assert_int_equal(file_write(path, "one", 3, 0640, &changed, &e), 0);
	stat(path, &after);
	assert_int_equal(changed, 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(file_read(path, &b, &e), 0);
	assert_string_equal(b.data, "one");
	struct buf exact BUF_AUTO = BUF_INIT(3), less BUF_AUTO = BUF_INIT(2), unsaid BUF_AUTO = BUF_INIT(1 << 20);
	assert_int_equal(file_read(path, &exact, &e), 0);
	assert_int_equal(exact.len, 3);
	assert_int_equal(file_read(path, &less, &e), -1);
	assert_int_equal(e.code, ERR_MEMORY);
	assert_int_equal(file_read("/proc/self/status", &unsaid, &e), 0); // whose size is 0
	assert_non_null(strstr(buf_text(&unsaid), "Name:"));
	assert_true(file_holds(path, "one", 3));
	assert_false(file_holds(path, "onE", 3));
	assert_false(file_holds(path, "ones", 4));
	assert_false(file_holds(path, "on", 2));
	assert_int_equal(file_read("/nonexistent/file", &b, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	setenv("LETHE_TEST_SECRET_FILE", path, 1);
	buf_reset(&b);
	assert_int_equal(setting_secret("LETHE_TEST_SECRET", &b, &e), 0);
	assert_string_equal(b.data, "one");
	unsetenv("LETHE_TEST_SECRET_FILE");
	unlink(path);
	// As SetCredential= gives it where there is no file.
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	snprintf(path, sizeof path, "%s/LETHE_TEST_SECRET", folder);
	for (const char *const *text = (const char *const[]){"\n", "one\n", NULL}; *text != NULL; text++) {
		assert_int_equal(file_write(path, *text, strlen(*text), 0600, NULL, &e), 0);
		buf_reset(&b);
		assert_int_equal(setting_secret("LETHE_TEST_SECRET", &b, &e), **text == '\n' ? -1 : 0);
		if (**text == '\n')
			assert_int_equal(e.code, ERR_NOT_FOUND);
		else
			assert_string_equal(b.data, "one");
	}
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(path);
	rmdir(folder);
}

static void one_setting_says_how_many_requests(void **state)
{
	static const char *const wrong[] = {"", "0", "-1", "ten", "10k", " 10", "100001", "99999999999999999999"};

	(void)state;
	unsetenv("LETHE_REQUESTS_MAX");
	unsigned otherwise = requests_max();
	assert_in_range(otherwise, 64, 10000);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		setenv("LETHE_REQUESTS_MAX", wrong[i], 1);
		assert_int_equal(requests_set(), 0);
		assert_int_equal(requests_max(), otherwise);
	}
	setenv("LETHE_REQUESTS_MAX", "12345", 1);
	assert_int_equal(requests_set(), 12345);
	assert_int_equal(requests_max(), 12345);
	unsetenv("LETHE_REQUESTS_MAX");
	for (unsigned n = 1; n <= REQUESTS_MOST; n += 999) {
		assert_int_equal(requests_with(requests_descriptors(n)), n);
		assert_in_range(requests_connections(n), 2 * n / (unsigned)sysconf(_SC_NPROCESSORS_ONLN), 2 * n + 1000);
	}
	assert_int_equal(requests_with(10), 1);
	assert_int_equal(requests_with(1ul << 40), REQUESTS_MOST);
}

static int compare_tokens(const void *a, const void *b)
{
	return memcmp(a, b, TOKEN_LEN);
}

// 256 bits: none comes twice, and each character of the alphabet stands at each place about as often as any other.
static void tokens_cannot_be_guessed(void **state)
{
	(void)state;
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const size_t count = (size_t)trust_size(20000, 1000000);
	char(*tokens)[TOKEN_LEN + 1] = calloc(count, sizeof *tokens);
	static size_t seen[TOKEN_LEN][64];
	double chi = 0;

	assert_non_null(tokens);
	for (size_t i = 0; i < count; i++) {
		token_new(tokens[i]);
		for (size_t at = 0; at < TOKEN_LEN; at++) {
			const char *where = strchr(alphabet, tokens[i][at]);
			assert_true(tokens[i][at] != '\0' && where != NULL);
			seen[at][where - alphabet]++;
		}
	}
	// The last character has four bits; of the other 42 the statistic has 63 degrees of freedom each.
	for (size_t at = 0; at < TOKEN_LEN - 1; at++)
		for (size_t c = 0; c < 64; c++) {
			double expected = (double)count / 64, off = (double)seen[at][c] - expected;
			chi += off * off / expected;
		}
	print_message("%zu tokens, chi squared %.0f of %d\n", count, chi, 63 * (TOKEN_LEN - 1));
	assert_true(chi > 2200 && chi < 3150); // beyond six standard deviations
	qsort(tokens, count, sizeof *tokens, compare_tokens);
	for (size_t i = 1; i < count; i++)
		assert_int_not_equal(memcmp(tokens[i - 1], tokens[i], TOKEN_LEN), 0);
	free(tokens);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tokens_cannot_be_guessed),
	    cmocka_unit_test(buffer_keeps_its_ceiling),
	    cmocka_unit_test(a_buffer_that_moves_leaves_nothing_behind),
	    cmocka_unit_test(one_setting_says_how_many_requests),
	    cmocka_unit_test(utf8_is_strict),
	    cmocka_unit_test(tokens_are_shaped),
	    cmocka_unit_test(escapes_fit_their_context),
	    cmocka_unit_test(times_parse_strictly),
	    cmocka_unit_test(durations_are_calendar_correct),
	    cmocka_unit_test(durations_compare_by_their_worst_case),
	    cmocka_unit_test(json_door_is_strict),
	    cmocka_unit_test(json_of_others_is_mended),
	    cmocka_unit_test(repeated_members_are_found_among_many),
	    cmocka_unit_test(json_is_printed_as_cjson_prints_it),
	    cmocka_unit_test(files_are_written_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
