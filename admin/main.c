// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/base/setting.h"
#include <stdio.h>
#include <string.h>

static const struct option_row global_options[] = {
    {"policy", OPTION_VALUE, "FILE", "the policy (LETHE_POLICY)"},
    {"state", OPTION_VALUE, "FOLDER", "where the stores are (LETHE_STATE)"},
    {"run", OPTION_VALUE, "FOLDER", "where the sockets and archives are (LETHE_RUN)"},
    {"help", OPTION_FLAG, NULL, "this text"},
    {0},
};

#define COMMAND_ROW(name) &name##_command,
static const struct command *const commands[] = {COMMANDS(COMMAND_ROW) NULL};

static void help_options(struct buf *out, const struct option_row *rows)
{
	char left[64];

	for (; rows != NULL && rows->name != NULL; rows++) {
		const char *value = rows->type == OPTION_HIDDEN ? "[-|@FILE]" : rows->value;
		snprintf(left, sizeof left, "--%s%s%s", rows->name, value != NULL ? " " : "", value != NULL ? value : "");
		buf_printf(out, "  %-34s %s\n", left, rows->line);
	}
}

// `path` is what leads to the command, "requests show"; `c` is NULL where it is empty.
static enum status help(const struct command *c, const char *path)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	const struct command *const *sub = c != NULL ? c->sub : commands;

	if (c == NULL)
		buf_adds(&out, "usage: lethe [--policy FILE] [--state FOLDER] [--run FOLDER] COMMAND …\n\n");
	else if (sub != NULL)
		buf_printf(&out, "usage: lethe %s COMMAND …\n%s\n\n", path, c->line);
	else
		buf_printf(&out, "usage: lethe %s%s%s%s\n%s\n\n", path, c->options != NULL ? " [OPTION …]" : "",
			   c->words != NULL ? " " : "", c->words != NULL ? c->words : "", c->line);
	for (; sub != NULL && *sub != NULL; sub++)
		buf_printf(&out, "  %-14s %s\n", (*sub)->name, (*sub)->line);
	if (c == NULL)
		buf_adds(&out, "\n");
	else
		help_options(&out, c->options);
	help_options(&out, global_options);
	if (c == NULL)
		buf_adds(&out,
			 "\nlethe COMMAND --help says more. Exit status: 0 done, 1 found or failed, 2 could not tell or wrong usage. See "
			 "lethe(8).\n");
	return output_print(&out);
}

static enum status command_usage(const char *path, const char *message)
{
	return output_complain(STATUS_UNSURE, "%s%s%s. lethe%s%s --help says more.", path, *path ? ": " : "", message, *path ? " " : "",
			       path);
}

// Follows the words of the command line through the tables.
int main(int argc, char **argv)
{
	struct arguments args = {0};
	const struct command *const *rows = commands;
	const struct command *c = NULL;
	char path[64] = "";
	struct err e;

	argc -= argc > 0;
	argv++;
	while (rows != NULL) {
		int n = arguments_parse(&args, global_options, NULL, argc, argv, true, &e);
		if (n < 0)
			return command_usage(path, e.text);
		argc -= n;
		argv += n;
		if (argc == 0 || argument_given(&args, "help"))
			break;
		while (*rows != NULL && strcmp((*rows)->name, argv[0]) != 0)
			rows++;
		if (*rows == NULL)
			return command_usage(path, "there is no such command");
		c = *rows;
		snprintf(path + strlen(path), sizeof path - strlen(path), "%s%s", *path ? " " : "", c->name);
		rows = c->sub;
		argc--;
		argv++;
	}
	if (rows == NULL && c != NULL && arguments_parse(&args, global_options, c->options, argc, argv, false, &e) < 0)
		return command_usage(path, e.text);
	if (argument_given(&args, "help"))
		return help(c, path);
	if (c == NULL || c->run == NULL)
		return command_usage(path, "a command is needed");
	if (args.word_count < c->words_min) {
		err_set(&e, ERR_INPUT, "%s is needed", c->words);
		return command_usage(path, e.text);
	}
	if (args.word_count > c->words_max)
		return command_usage(path, "there are too many arguments");
	const char *policy = argument(&args, "policy"), *state = argument(&args, "state"), *run = argument(&args, "run");
	if (installed_settings(state) != STATUS_DONE)
		return STATUS_UNSURE;
	const struct admin a = {
	    .policy = policy != NULL ? policy : setting_policy(),
	    .policy_given = policy != NULL,
	    .state = state != NULL ? state : setting_state(),
	    .run = run != NULL ? run : setting_run(),
	};
	return c->run(&a, &args);
}
