// SPDX-License-Identifier: ISC
// The command line is checked against tables, and nothing personal is taken from it or repeated in a message.
#include "admin/arguments.h"
#include "policy/base/array.h"
#include "tests/unit/test.h"

static const struct option_row global[] = {{"state", OPTION_VALUE, "FOLDER", ""}, {"help", OPTION_FLAG, NULL, ""}, {0}};
static const struct option_row rows[] = {
    {"receipt", OPTION_HIDDEN, NULL, ""}, {"format", OPTION_CHOICE, "text|json|csv", ""}, {"yes", OPTION_FLAG, NULL, ""}, {0}};

#define ARGV(...) ((char *[]){__VA_ARGS__, NULL})
#define SECRET    "rJ2vT0c4yWkq"

static int parse(struct arguments *a, char **argv, struct err *e)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	*a = (struct arguments){0};
	*e = (struct err){0};
	return arguments_parse(a, global, rows, argc, argv, false, e);
}

static void options_and_words(void **state)
{
	struct arguments a;
	struct err e;

	(void)state;
	assert_int_equal(parse(&a, ARGV("one", "--state=/tmp/x", "--yes", "--format", "csv", "two"), &e), 6);
	assert_string_equal(argument(&a, "state"), "/tmp/x");
	assert_string_equal(argument(&a, "format"), "csv");
	assert_true(argument_given(&a, "yes"));
	assert_false(argument_given(&a, "help"));
	assert_null(argument(&a, "receipt"));
	assert_int_equal(a.word_count, 2);
	assert_string_equal(a.words[1], "two");
	assert_int_equal(parse(&a, ARGV("--", "--yes"), &e), 2);
	assert_string_equal(a.words[0], "--yes");
	assert_int_equal(parse(&a, ARGV("-h"), &e), 1);
	assert_true(argument_given(&a, "help"));
}

static void stops_at_the_command(void **state)
{
	struct arguments a = {0};
	struct err e;

	(void)state;
	assert_int_equal(arguments_parse(&a, global, NULL, 4, ARGV("--state", "/x", "check", "--format"), true, &e), 2);
	assert_int_equal(a.word_count, 0);
}

static void mistakes_are_refused(void **state)
{
	static char *const wrong[][4] = {
	    {"--nonsense"},
	    {"-x"},
	    {"--state"},
	    {"--state="},
	    {"--format", "xml"},
	    {"--format=tex"},
	    {"--format="},
	    {"--yes=1"},
	    {"--yes", "--yes"},
	    {"--format=|"},
	    {"--format=text|json"},
	    {"---"},
	    {"--receipt", "@"},
	    {"--state", "a", "--state", "b"},
	    {"--y"},
	    {"--yess"},
	};
	struct arguments a;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char *argv[5] = {wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3], NULL};
		assert_int_equal(parse(&a, argv, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
		assert_true(e.text[0] != '\0');
	}
	static char word[] = "a";
	char *many[ARGUMENT_WORDS_MAX + 2] = {0};
	for (size_t i = 0; i < ARGUMENT_WORDS_MAX + 1; i++)
		many[i] = word;
	assert_int_equal(parse(&a, many, &e), -1);
}

static void hidden_values_come_from_elsewhere(void **state)
{
	struct arguments a;
	struct err e;

	(void)state;
	assert_int_equal(parse(&a, ARGV("--receipt", "-"), &e), 2);
	assert_string_equal(argument(&a, "receipt"), "-");
	assert_int_equal(parse(&a, ARGV("--receipt", "@file"), &e), 2);
	assert_string_equal(argument(&a, "receipt"), "@file");
	assert_int_equal(parse(&a, ARGV("--receipt=@file"), &e), 1);
	assert_string_equal(argument(&a, "receipt"), "@file");
	assert_int_equal(parse(&a, ARGV("--receipt", "--yes"), &e), 2); // to be asked for
	assert_string_equal(argument(&a, "receipt"), "");
	assert_true(argument_given(&a, "yes"));
	assert_int_equal(parse(&a, ARGV("--receipt"), &e), 1);
	assert_string_equal(argument(&a, "receipt"), "");
}

static void literal_values_are_refused_and_not_repeated(void **state)
{
	static char *const wrong[][2] = {{"--receipt", SECRET}, {"--receipt=" SECRET}, {"--" SECRET}, {"-" SECRET}};
	struct arguments a;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(parse(&a, ARGV(wrong[i][0], wrong[i][1]), &e), -1);
		assert_null(strstr(e.text, SECRET));
	}
	assert_int_equal(parse(&a, ARGV("--receipt", SECRET), &e), -1);
	assert_non_null(strstr(e.text, "@FILE")); // says how instead
	assert_non_null(strstr(e.text, "history"));
}

static void mistakes(void **state)
{
	(void)state;
	assert_true(argument_near("chekc", 5, "check"));
	assert_true(argument_near("publsh", 6, "publish"));
	assert_true(argument_near("reqests", 7, "requests"));
	assert_true(argument_near("kes", 3, "keys"));
	assert_false(argument_near("nonsense", 8, "register"));
	assert_false(argument_near("", 0, "keys"));
	assert_false(argument_near("0123456789012345678901234567890123456789", 40, "keys"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(mistakes),
	    cmocka_unit_test(options_and_words),
	    cmocka_unit_test(stops_at_the_command),
	    cmocka_unit_test(mistakes_are_refused),
	    cmocka_unit_test(hidden_values_come_from_elsewhere),
	    cmocka_unit_test(literal_values_are_refused_and_not_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
