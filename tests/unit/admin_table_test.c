// SPDX-License-Identifier: ISC
// One list, four forms; text that people left in the stores can move neither a cursor nor a column, nor become a formula.
#include "admin/table.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "tests/unit/test.h"

static const char *const columns[] = {"id", "name", "count", "late", NULL};

static void print(const struct table *t, const char *format, struct buf *out)
{
	buf_reset(out);
	assert_int_equal(table_print(t, format, out), 0);
}

static void forms(void **state)
{
	struct table t;
	BUF_AUTO struct buf out = BUF_INIT(65536);

	(void)state;
	table_init(&t, columns, "ssnb");
	table_add(&t, "1", "Käthe, \"K\"", 5000000000.0, true);
	table_add(&t, "222", "", 0.0, false);
	print(&t, NULL, &out);
	assert_string_equal(buf_text(&out), "id   name        count       late\n"
					    "1    Käthe, \"K\"  5000000000  yes\n"
					    "222              0           no\n");
	BUF_AUTO struct buf named = BUF_INIT(65536);
	print(&t, "text", &named);
	assert_string_equal(buf_text(&named), buf_text(&out));
	print(&t, "csv", &out);
	assert_string_equal(buf_text(&out), "id,name,count,late\r\n1,\"Käthe, \"\"K\"\"\",5000000000,yes\r\n222,,0,no\r\n");
	print(&t, "json", &out);
	assert_string_equal(buf_text(&out), "[{\"id\":\"1\",\"name\":\"Käthe, \\\"K\\\"\",\"count\":5000000000,\"late\":true},"
					    "{\"id\":\"222\",\"name\":\"\",\"count\":0,\"late\":false}]\n");
	table_free(&t);
}

// Eighty columns, or as many as there are.
static void narrow(void **state)
{
	static const char *const wide[] = {"id", "at", "what", NULL};
	struct table t;
	BUF_AUTO struct buf out = BUF_INIT(65536);

	(void)state;
	table_init(&t, wide, "ids");
	table_add(&t, "0123456789a1cdef", (time_t)1781000000, "one two three four five six");
	table_add(&t, "0123456789a2cdef", (time_t)1781000000, "seven");
	setenv("COLUMNS", "48", 1);
	print(&t, NULL, &out);
	assert_string_equal(buf_text(&out), "id            at          what\n"
					    "0123456789a1  2026-06-09  one two three four\n"
					    "                          five six\n"
					    "0123456789a2  2026-06-09  seven\n");
	setenv("COLUMNS", "52", 1);
	cJSON_AddItemToArray(t.unlisted, cJSON_CreateString("0123456789a1d000")); // told from, and not shown
	print(&t, NULL, &out);
	assert_string_equal(buf_text(&out), "id             at          what\n"
					    "0123456789a1c  2026-06-09  one two three four five\n"
					    "                           six\n"
					    "0123456789a2   2026-06-09  seven\n");
	cJSON_DeleteItemFromArray(t.unlisted, 0);
	setenv("COLUMNS", "40", 1);
	print(&t, NULL, &out);
	assert_string_equal(buf_text(&out), "id    0123456789a1\nat    2026-06-09\nwhat  one two three four five six\n\n"
					    "id    0123456789a2\nat    2026-06-09\nwhat  seven\n");
	print(&t, "csv", &out);
	assert_non_null(strstr(buf_text(&out), "0123456789a1cdef,2026-06-09T10:13:20Z,"));
	unsetenv("COLUMNS");
	table_free(&t);
}

// What stands in capitals is for programs.
static void hidden(void **state)
{
	static const char *const some[] = {"id", "left", "day", "count", NULL};
	struct table t;
	BUF_AUTO struct buf out = BUF_INIT(1024);

	(void)state;
	table_init(&t, some, "isDN");
	table_add(&t, "0123456789abcdef", "late", (time_t)1781000000, 3.0);
	table_add(&t, "0123456789abcdef", "again", (time_t)1781000000, 3.0); // the same one is told from itself by nothing
	print(&t, NULL, &out);
	assert_string_equal(buf_text(&out), "id        left\n01234567  late\n01234567  again\n");
	print(&t, "csv", &out);
	assert_string_equal(
	    buf_text(&out),
	    "id,left,day,count\r\n0123456789abcdef,late,2026-06-09T10:13:20Z,3\r\n0123456789abcdef,again,2026-06-09T10:13:20Z,3\r\n");
	table_free(&t);
}

static void empty(void **state)
{
	struct table t;
	BUF_AUTO struct buf out = BUF_INIT(1024);

	(void)state;
	table_init(&t, columns, "ssnb");
	print(&t, NULL, &out);
	assert_string_equal(buf_text(&out), "");
	print(&t, "json", &out);
	assert_string_equal(buf_text(&out), "[]\n");
	print(&t, "csv", &out);
	assert_string_equal(buf_text(&out), "id,name,count,late\r\n");
	table_free(&t);
}

static void times(void **state)
{
	static const char *const when[] = {"at", NULL};
	struct table t;
	BUF_AUTO struct buf out = BUF_INIT(1024);

	(void)state;
	table_init(&t, when, "t");
	table_add(&t, (time_t)1781000000);
	table_add(&t, (time_t)0);
	print(&t, "json", &out);
	assert_string_equal(buf_text(&out), "[{\"at\":\"2026-06-09T10:13:20Z\"},{\"at\":null}]\n");
	table_free(&t);
}

static void hostile_text(void **state)
{
	struct table t;
	BUF_AUTO struct buf out = BUF_INIT(65536);

	(void)state;
	table_init(&t, columns, "ssnb");
	table_add(&t, "=1+1",
		  "a\x1b[2Jb\tc\nd\x7f"
		  "e\xc2\x9b"
		  "f\xe2\x80\xae"
		  "g\xe2\x81\xa7h\xc3\xa9",
		  1.0, false);
	print(&t, NULL, &out);
	assert_non_null(strstr(buf_text(&out), "a?[2Jb?c?d?e?f?g?h\xc3\xa9"));
	assert_null(strchr(buf_text(&out), '\x1b'));
	assert_null(strstr(buf_text(&out), "\xe2\x80\xae"));
	print(&t, "csv", &out);
	assert_null(strstr(buf_text(&out), "\n=")); // no cell begins a formula
	table_free(&t);
}

static void a_cut_sequence_at_the_end(void **state)
{
	static const char *const cut[] = {"\xe2", "\xe2\x80", "\xc2", "\xe2\x81"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
		BUF_AUTO struct buf out = BUF_INIT(64);
		assert_int_equal(output_text(&out, cut[i]), 0);
		assert_string_equal(buf_text(&out), cut[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms),
	    cmocka_unit_test(narrow),
	    cmocka_unit_test(hidden),
	    cmocka_unit_test(empty),
	    cmocka_unit_test(times),
	    cmocka_unit_test(hostile_text),
	    cmocka_unit_test(a_cut_sequence_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
