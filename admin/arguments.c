// SPDX-License-Identifier: ISC
#include "admin/arguments.h"
#include <string.h>

enum { WORD_MAX = 32, MISTAKES_MAX = 2 };

bool argument_near(const char *typed, size_t len, const char *meant)
{
	size_t rows[3][WORD_MAX + 1] = {{0}}, *before = rows[0], *last = rows[1], *now = rows[2]; // of the table of distances

	if (len == 0 || len > WORD_MAX || strlen(meant) > WORD_MAX)
		return false;
	for (size_t j = 0; j <= strlen(meant); j++)
		last[j] = j;
	for (size_t i = 1; i <= len; i++) {
		now[0] = i;
		for (size_t j = 1; meant[j - 1] != '\0'; j++) {
			now[j] = last[j - 1] + (typed[i - 1] != meant[j - 1]);
			now[j] = last[j] + 1 < now[j] ? last[j] + 1 : now[j];
			now[j] = now[j - 1] + 1 < now[j] ? now[j - 1] + 1 : now[j];
			if (i > 1 && j > 1 && typed[i - 1] == meant[j - 2] && typed[i - 2] == meant[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		size_t *free = before;
		before = last;
		last = now;
		now = free;
	}
	return last[strlen(meant)] <= (strlen(meant) > 4 ? MISTAKES_MAX : 1);
}

static int value_check(const struct option_row *row, const char *value, struct err *e)
{
	if (row->type == OPTION_CHOICE) {
		size_t len = strlen(value);
		for (const char *at = row->value; len > 0; at++) {
			if (strcspn(at, "|") == len && memcmp(at, value, len) == 0)
				return 0;
			at += strcspn(at, "|");
			if (*at == '\0')
				break;
		}
		return err_set(e, ERR_INPUT, "--%s takes one of %s", row->name, row->value);
	}
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

// "--name", "--name=value", or "--name" and the next argument; "-h" is --help. Moves *i over what it takes.
static int option_parse(struct arguments *out, const struct option_row *first, const struct option_row *second, int argc, char **argv,
			int *i, struct err *e)
{
	const char *text = strcmp(argv[*i], "-h") == 0 ? "--help" : argv[*i], *next = *i + 1 < argc ? argv[*i + 1] : NULL;
	const char *equals = strchr(text, '='), *value = equals != NULL ? equals + 1 : next;
	size_t len = equals != NULL ? (size_t)(equals - text) : strlen(text), name = strspn(text, "abcdefghijklmnopqrstuvwxyz-");
	const struct option_row *const tables[] = {first, second}, *row = NULL, *near = NULL;

	for (size_t t = 0; t < 2 && strncmp(text, "--", 2) == 0; t++)
		for (const struct option_row *o = tables[t]; o != NULL && o->name != NULL; o++) {
			if (row == NULL && strlen(o->name) == len - 2 && memcmp(o->name, text + 2, len - 2) == 0)
				row = o;
			if (near == NULL && argument_near(text + 2, len - 2, o->name))
				near = o;
		}
	if (row == NULL) // only what looks like an option's name is repeated: other text may be a value that lost its option
		return name > 24 || name < len ? err_set(e, ERR_INPUT, "there is an unknown option")
		       : near != NULL          ? err_set(e, ERR_INPUT, "%.*s is unknown; did you mean --%s?", (int)name, text, near->name)
					       : err_set(e, ERR_INPUT, "%.*s is unknown", (int)name, text);
	if (row->type == OPTION_FLAG && equals != NULL)
		return err_set(e, ERR_INPUT, "--%s takes no value", row->name);
	if (row->type == OPTION_FLAG ||
	    (row->type == OPTION_HIDDEN && equals == NULL && (next == NULL || (next[0] == '-' && next[1] != '\0'))))
		value = "";
	else if (equals == NULL)
		(*i)++;
	if (value == NULL)
		return err_set(e, ERR_INPUT, "--%s needs a value: %s", row->name, row->value);
	if (value_check(row, value, e) != 0)
		return -1;
	if (argument_given(out, row->name))
		return err_set(e, ERR_INPUT, "--%s is given twice", row->name);
	if (out->option_count == ARGUMENT_OPTIONS_MAX)
		return err_set(e, ERR_INPUT, "too many options");
	out->options[out->option_count].row = row;
	out->options[out->option_count++].value = value;
	return 0;
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
			if (option_parse(out, first, second, argc, argv, &i, e) != 0)
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
