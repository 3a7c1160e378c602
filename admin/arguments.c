// SPDX-License-Identifier: ISC
#include "admin/arguments.h"
#include <string.h>

static const struct option_row *find_row(const struct option_row *rows, const char *name, size_t len)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		if (strlen(rows->name) == len && memcmp(rows->name, name, len) == 0)
			return rows;
	return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *at = choices; len > 0; at++) {
		size_t n = strcspn(at, "|");
		if (n == len && memcmp(at, value, n) == 0)
			return true;
		at += n;
		if (*at == '\0')
			break;
	}
	return false;
}

static int check_value(const struct option_row *row, const char *value, struct err *e)
{
	if (row->type == OPTION_CHOICE && !is_choice(row->value, value))
		return err_set(e, ERR_INPUT, "--%s takes one of %s", row->name, row->value);
	if (row->type == OPTION_VALUE && *value == '\0')
		return err_set(e, ERR_INPUT, "--%s needs a value: %s", row->name, row->value);
	if (row->type != OPTION_HIDDEN || *value == '\0' || strcmp(value, "-") == 0)
		return 0;
	if (*value != '@')
		return err_set(
		    e, ERR_INPUT,
		    "--%s does not take the value itself: a command line can be read by every user of this machine and stays in the "
		    "shell's history. Put it in a file and give --%s @FILE, or give --%s - to read it from standard input, or --%s "
		    "alone to be asked",
		    row->name, row->name, row->name, row->name);
	if (value[1] == '\0')
		return err_set(e, ERR_INPUT, "--%s @ needs the name of a file after the @", row->name);
	return 0;
}

// The value of an option: behind "=", or the next argument. NULL when it is missing.
static const char *take_value(const struct option_row *row, const char *equals, int argc, char **argv, int *i)
{
	if (row->type == OPTION_FLAG)
		return "";
	if (equals != NULL)
		return equals + 1;
	const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;
	if (row->type == OPTION_HIDDEN && (next == NULL || (next[0] == '-' && next[1] != '\0')))
		return "";
	if (next != NULL)
		(*i)++;
	return next;
}

static int add_option(struct arguments *out, const struct option_row *row, const char *value, struct err *e)
{
	if (argument_given(out, row->name))
		return err_set(e, ERR_INPUT, "--%s is given twice", row->name);
	if (out->option_count == ARGUMENT_OPTIONS_MAX)
		return err_set(e, ERR_INPUT, "too many options");
	out->options[out->option_count].row = row;
	out->options[out->option_count++].value = value;
	return 0;
}

// The row of "--name" or "--name=value" in either table; "-h" is --help.
static const struct option_row *find_option(const struct option_row *first, const struct option_row *second, const char *text,
					    const char **equals)
{
	if (strcmp(text, "-h") == 0)
		text = "--help";
	if (strncmp(text, "--", 2) != 0)
		return NULL;
	*equals = strchr(text, '=');
	size_t len = *equals != NULL ? (size_t)(*equals - text) - 2 : strlen(text) - 2;
	const struct option_row *row = find_row(first, text + 2, len);
	return row != NULL ? row : find_row(second, text + 2, len);
}

// Only what looks like an option's name is repeated: other text may be a value that lost its option.
static int unknown_option(const char *text, struct err *e)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	if (len > 24 || (text[len] != '\0' && text[len] != '='))
		return err_set(e, ERR_INPUT, "there is an unknown option");
	return err_set(e, ERR_INPUT, "%.*s is unknown", (int)len, text);
}

static int parse_option(struct arguments *out, const struct option_row *first, const struct option_row *second, int argc, char **argv,
			int *i, struct err *e)
{
	const char *equals = NULL;
	const struct option_row *row = find_option(first, second, argv[*i], &equals);

	if (row == NULL)
		return unknown_option(argv[*i], e);
	if (row->type == OPTION_FLAG && equals != NULL)
		return err_set(e, ERR_INPUT, "--%s takes no value", row->name);
	const char *value = take_value(row, equals, argc, argv, i);
	if (value == NULL)
		return err_set(e, ERR_INPUT, "--%s needs a value: %s", row->name, row->value);
	return check_value(row, value, e) != 0 ? -1 : add_option(out, row, value, e);
}

int arguments_parse(struct arguments *out, const struct option_row *first, const struct option_row *second, int argc, char **argv,
		    bool stop_at_word, struct err *e)
{
	bool options = true;
	int i;

	for (i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (parse_option(out, first, second, argc, argv, &i, e) != 0)
				return -1;
		} else if (stop_at_word) {
			return i;
		} else if (out->word_count == ARGUMENT_WORDS_MAX) {
			return err_set(e, ERR_INPUT, "too many arguments");
		} else {
			out->words[out->word_count++] = argv[i];
		}
	}
	return i;
}

const char *argument(const struct arguments *a, const char *name)
{
	for (size_t i = 0; i < a->option_count; i++)
		if (strcmp(a->options[i].row->name, name) == 0)
			return a->options[i].value;
	return NULL;
}

bool argument_given(const struct arguments *a, const char *name)
{
	return argument(a, name) != NULL;
}
