// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "admin/installed.h"
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

static const struct command commands[] = {
    {"check", admin_check, "does this installation keep its policy?", "", 0, 0, check_options, NULL},
    {"publish", admin_publish, "make the notice, the lists, the pages and the headers from the policy", "[FOLDER]", 0, 1, publish_options,
     NULL},
    {"policy", NULL, "look at a policy", "", 0, 0, NULL, policy_commands},
    {"subprocessors", admin_subprocessors, "list who processes data for this site", "", 0, 0, subprocessors_options, NULL},
    {"register", admin_register, "the register of processing (Article 30), with what is held beside what is promised", "", 0, 0,
     register_options, NULL},
    {"prune", admin_prune, "end everything that the policy keeps no longer", "", 0, 0, prune_options, NULL},
    {"requests", NULL, "requests of data subjects", "", 0, 0, NULL, requests_commands},
    {"erase", admin_erase, "erase everything of one visit or person, in every store", "", 0, 0, erase_options, NULL},
    {"audit", NULL, "the ledger: what was done, under which policy", "", 0, 0, NULL, audit_commands},
    {"keys", NULL, "the stores and their keys", "", 0, 0, NULL, keys_commands},
    {0},
};

static int add_options(struct buf *out, const struct option_row *rows)
{
	char left[64];

	for (; rows != NULL && rows->name != NULL; rows++) {
		const char *value = rows->type == OPTION_HIDDEN ? "[-|@FILE]" : rows->value;
		snprintf(left, sizeof left, "--%s%s%s", rows->name, value != NULL ? " " : "", value != NULL ? value : "");
		buf_printf(out, "  %-34s %s\n", left, rows->line);
	}
	return out->failed ? -1 : 0;
}

static void add_commands(struct buf *out, const struct command *rows)
{
	for (; rows->name != NULL; rows++)
		buf_printf(out, "  %-14s %s\n", rows->name, rows->line);
}

static enum status help_all(void)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	buf_adds(&out, "usage: lethe [--policy FILE] [--state FOLDER] [--run FOLDER] COMMAND …\n\n");
	add_commands(&out, commands);
	buf_adds(&out, "\n");
	add_options(&out, global_options);
	buf_adds(
	    &out,
	    "\nlethe COMMAND --help says more. Exit status: 0 done, 1 found or failed, 2 could not tell or wrong usage. See lethe(8).\n");
	return output_print(&out);
}

// `path` is what leads to the command: "requests show".
static enum status help_command(const struct command *c, const char *path)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	if (c->sub != NULL)
		buf_printf(&out, "usage: lethe %s COMMAND …\n%s\n\n", path, c->line);
	else
		buf_printf(&out, "usage: lethe %s%s%s%s\n%s\n\n", path, c->options != NULL ? " [OPTION …]" : "", *c->words ? " " : "",
			   c->words, c->line);
	if (c->sub != NULL)
		add_commands(&out, c->sub);
	add_options(&out, c->options);
	add_options(&out, global_options);
	return output_print(&out);
}

static enum status usage(const char *path, const char *message)
{
	return complain(STATUS_UNSURE, "%s%s%s. lethe%s%s --help says more.", path, *path ? ": " : "", message, *path ? " " : "", path);
}

static const struct command *find_command(const struct command *rows, const char *name)
{
	for (; rows->name != NULL; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static enum status run_command(const struct command *c, const struct arguments *args)
{
	const char *policy = argument(args, "policy"), *state = argument(args, "state"), *run = argument(args, "run");

	if (state == NULL && setting("LETHE_STATE", NULL) == NULL && installed_settings() != STATUS_DONE)
		return STATUS_UNSURE;
	if (site_settings(state != NULL ? state : setting_state()) != STATUS_DONE)
		return STATUS_UNSURE;
	const struct admin a = {
	    .policy = policy != NULL ? policy : setting_policy(),
	    .policy_given = policy != NULL,
	    .state = state != NULL ? state : setting_state(),
	    .run = run != NULL ? run : setting_run(),
	};
	return c->run(&a, args);
}

// Follows the words of the command line through the tables.
static enum status dispatch(struct arguments *args, int argc, char **argv)
{
	const struct command *rows = commands, *c = NULL;
	char path[64] = "";
	struct err e;

	while (rows != NULL) {
		int n = arguments_parse(args, global_options, NULL, argc, argv, true, &e);
		if (n < 0)
			return usage(path, e.text);
		argc -= n;
		argv += n;
		if (argc == 0 || argument_given(args, "help"))
			break;
		const struct command *next = find_command(rows, argv[0]);
		if (next == NULL)
			return usage(path, "there is no such command");
		c = next;
		snprintf(path + strlen(path), sizeof path - strlen(path), "%s%s", *path ? " " : "", c->name);
		rows = c->sub;
		argc--;
		argv++;
	}
	if (c == NULL)
		return argument_given(args, "help") ? help_all() : usage("", "a command is needed");
	if (rows == NULL && arguments_parse(args, global_options, c->options, argc, argv, false, &e) < 0)
		return usage(path, e.text);
	if (argument_given(args, "help"))
		return help_command(c, path);
	if (c->run == NULL)
		return usage(path, "a command is needed");
	if (args->word_count < c->words_min) {
		err_set(&e, ERR_INPUT, "%s is needed", c->words);
		return usage(path, e.text);
	}
	if (args->word_count > c->words_max)
		return usage(path, "there are too many arguments");
	return run_command(c, args);
}

enum status admin_main(int argc, char **argv)
{
	struct arguments args = {0};

	return dispatch(&args, argc > 0 ? argc - 1 : 0, argv + 1);
}
