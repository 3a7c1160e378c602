// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/base/file.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_WIDTH = 14, OPTION_WIDTH = 26 };

static const struct option_row global_options[] = {
    {"policy", OPTION_VALUE, "FILE", "the policy (LETHE_POLICY)"},
    {"state", OPTION_VALUE, "FOLDER", "where the stores are (LETHE_STATE)"},
    {"run", OPTION_VALUE, "FOLDER", "where the sockets and archives are (LETHE_RUN)"},
    {"output", OPTION_VALUE, "FILE", "write there what would be printed; a failure leaves the file as it was"},
    {"help", OPTION_FLAG, NULL, "this text"},
    {"version", OPTION_FLAG, NULL, "which Lethe this is"},
    {0},
};

#define COMMAND_ROW(name) &name##_command,
static const struct command *const commands[] = {COMMANDS(COMMAND_ROW) NULL};

static enum status completion_run(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	(void)a;
	return completion_print(&out, args->words[0], commands, global_options) != 0
		   ? output_complain(STATUS_UNSURE, "completion: there is none for %s: bash, zsh or fish", args->words[0])
		   : output_print(&out);
}

const struct command completion_command = {"completion", completion_run, "a script that completes command lines in a shell",
					   .words = "bash|zsh|fish"};

static void help_options(struct buf *out, const struct option_row *rows)
{
	char left[128];

	for (; rows != NULL && rows->name != NULL; rows++) {
		const char *value = rows->type == OPTION_HIDDEN ? "[-|@FILE]" : rows->value;
		snprintf(left, sizeof left, "--%s%s%s", rows->name, value != NULL ? " " : "", value != NULL ? value : "");
		if (utf8_count(left) > OPTION_WIDTH)
			buf_printf(out, "  %s\n%*s", left, OPTION_WIDTH + 3, "");
		else
			buf_printf(out, "  %-*s ", OPTION_WIDTH, left);
		output_wrapped(out, OPTION_WIDTH + 3, OPTION_WIDTH + 3, rows->line);
		buf_addc(out, '\n');
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
		buf_printf(&out, "usage: lethe %s COMMAND …\n", path);
	else
		buf_printf(&out, "usage: lethe %s%s%s%s\n", path, c->options != NULL ? " [OPTION …]" : "", c->words != NULL ? " " : "",
			   c->words != NULL ? c->words : "");
	if (c != NULL) {
		output_wrapped(&out, 0, 0, c->line);
		buf_adds(&out, "\n\n");
	}
	for (; sub != NULL && *sub != NULL; sub++) {
		buf_printf(&out, "  %-*s ", COMMAND_WIDTH, (*sub)->name);
		output_wrapped(&out, COMMAND_WIDTH + 3, COMMAND_WIDTH + 3, (*sub)->line);
		buf_addc(&out, '\n');
	}
	if (c == NULL)
		buf_adds(&out, "\n");
	else
		help_options(&out, c->options);
	help_options(&out, global_options);
	if (c == NULL) {
		buf_addc(&out, '\n');
		output_wrapped(&out, 0, 0,
			       "lethe help COMMAND says more. Exit status: 0 done, 1 found or failed, 2 could not tell or wrong usage. See "
			       "lethe(8).");
		buf_addc(&out, '\n');
	}
	return output_print(&out);
}

// A name for a file that has none (or `temporary`), also where there is one of that name.
static int file_name(int fd, const char *temporary, bool named, const char *file)
{
	char self[64];

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (!named && linkat(AT_FDCWD, self, AT_FDCWD, file, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (!named && (errno != EEXIST || linkat(AT_FDCWD, self, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) != 0))
		return -1;
	return rename(temporary, file);
}

// With all that its row asks for.
static enum status command_run(const struct command *c, const struct admin *program, const struct arguments *args)
{
	static const enum vault_mode modes[] = {[OPENS_LOOK] = VAULT_LOOK, [OPENS_PROGRAM] = VAULT_PROGRAM, [OPENS_ADMIN] = VAULT_ADMIN};
	const bool reads = c->reads != NULL && argument_given(args, c->reads),
		   writes = c->writes != NULL && argument_given(args, c->writes);
	const enum command_opens opens = c->opens == OPENS_NOTHING                     ? OPENS_NOTHING
					 : argument_given(args, "dry-run")             ? OPENS_LOOK
					 : c->opens == OPENS_LOOK && (reads || writes) ? OPENS_PROGRAM
										       : c->opens;
	char officer[OFFICER_MAX] = "";
	struct err e = {0};
	SITE_AUTO struct site site = {0};
	TABLE_AUTO struct table list = {0};
	struct admin a = *program;

	if (reads && argument(args, "reason") == NULL)
		return output_complain(STATUS_UNSURE, "%s: --%s needs --reason: why you ask; that is recorded, and the person sees it",
				       a.name, c->reads);
	if (c->reads != NULL && !reads && argument(args, "reason") != NULL) // nothing of it would be recorded
		return output_complain(STATUS_UNSURE, "%s: --reason is given with --%s", a.name, c->reads);
	if (opens != OPENS_NOTHING && site_open(&site, &a, modes[opens]) != STATUS_DONE)
		return STATUS_UNSURE;
	if (opens != OPENS_NOTHING)
		requests_officer(officer);
	if (c->columns != NULL)
		table_init(&list, c->columns, c->types);
	a.officer = officer;
	a.vault = site.vault;
	a.in_force = site.policy;
	a.list = &list;
	a.e = &e;
	return c->run(&a, args);
}

// Runs the command with its standard output in the file, which gets its name when the command could do its work. Until then it has none, where
// the file system can do that: who is killed leaves nothing.
static enum status run_into_file(const struct command *c, const struct admin *a, const struct arguments *args, const char *file)
{
	char temporary[PATH_MAX], folder[PATH_MAX];
	int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", file, (long)getpid());
	bool fits = n > 0 && (size_t)n < sizeof temporary;

	snprintf(folder, sizeof folder, "%s", file);
	FD_AUTO int fd = fits ? open(dirname(folder), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
	bool named = fits && fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT);
	if (named)
		fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return output_complain(STATUS_UNSURE, "%s cannot be written: %s", file, strerror(errno));
	enum status status = command_run(c, a, args);
	if (status != STATUS_UNSURE && (fsync(fd) < 0 || file_name(fd, temporary, named, file) < 0))
		status = output_complain(STATUS_UNSURE, "%s cannot be written: %s", file, strerror(errno));
	if (status == STATUS_UNSURE)
		unlink(temporary);
	return status;
}

static enum status command_usage(const char *path, const char *message)
{
	return output_complain(STATUS_UNSURE, "%s%s%s%s lethe%s%s --help says more.", path, *path ? ": " : "", message,
			       message[strlen(message) - 1] == '?' ? "" : ".", *path ? " " : "", path);
}

// How many words a usage asks for and lets through.
static void words_counted(const char *words, size_t *least, size_t *most)
{
	int optional = 0;

	*least = *most = 0;
	for (const char *at = words != NULL ? words : ""; *at != '\0'; at++) {
		optional += (*at == '[') - (*at == ']');
		if (strcmp(at, "...") == 0) {
			*most = ARGUMENT_WORDS_MAX;
			break;
		}
		if (*at != '[' && *at != ' ' && (at == words || at[-1] == ' ' || at[-1] == '[')) {
			*least += optional == 0;
			++*most;
		}
	}
}

// Follows the words of the command line through the tables.
static enum status command_line(int argc, char **argv, const struct command **command)
{
	struct arguments args = {0};
	const struct command *const *rows = commands;
	const struct command *c = NULL;
	char path[64] = "";
	bool helping = false;
	struct err e;

	if (place_version_asked(argc, argv))
		return STATUS_DONE;
	argc -= argc > 0;
	argv++;
	while (rows != NULL) {
		int n = arguments_parse(&args, global_options, NULL, argc, argv, true, &e);
		if (n < 0)
			return command_usage(path, e.text);
		argc -= n;
		argv += n;
		if (argc > 0 && c == NULL && !helping && strcmp(argv[0], "help") == 0) { // help COMMAND: as COMMAND --help
			helping = true;
			argc--;
			argv++;
			continue;
		}
		helping |= argument_given(&args, "help");
		if (argc == 0)
			break;
		const char *near = NULL;
		for (; *rows != NULL && strcmp((*rows)->name, argv[0]) != 0; rows++)
			near = near == NULL && argument_near(argv[0], strlen(argv[0]), (*rows)->name) ? (*rows)->name : near;
		if (*rows == NULL) {
			err_set(&e, ERR_INPUT, near != NULL ? "there is no such command; did you mean %s?" : "there is no such command",
				near);
			return command_usage(path, e.text);
		}
		*command = c = *rows;
		snprintf(path + strlen(path), sizeof path - strlen(path), "%s%s", *path ? " " : "", c->name);
		rows = c->sub;
		argc--;
		argv++;
	}
	if (rows == NULL && c != NULL && arguments_parse(&args, global_options, c->options, argc, argv, false, &e) < 0)
		return command_usage(path, e.text);
	if (helping || argument_given(&args, "help"))
		return help(c, path);
	if (c == NULL || c->run == NULL)
		return command_usage(path, "a command is needed");
	size_t least, most;
	words_counted(c->words, &least, &most);
	if (args.word_count < least) {
		err_set(&e, ERR_INPUT, "%s is needed", c->words);
		return command_usage(path, e.text);
	}
	if (args.word_count > most)
		return command_usage(path, "there are too many arguments");
	const char *policy = argument(&args, "policy"), *state = argument(&args, "state"), *run = argument(&args, "run");
	if (installed_settings(state) != STATUS_DONE)
		return STATUS_UNSURE;
	path[strcspn(path, " ")] = '\0'; // messages begin with the first word
	const struct admin a = {
	    .name = path,
	    .policy = policy != NULL ? policy : setting_policy(),
	    .policy_given = policy != NULL,
	    .state = state != NULL ? state : setting_state(),
	    .run = run != NULL ? run : setting_run(),
	};
	return argument_given(&args, "output") ? run_into_file(c, &a, &args, argument(&args, "output")) : command_run(c, &a, &args);
}

int main(int argc, char **argv)
{
	const struct command *c = NULL;
	enum status status = command_line(argc, argv, &c);

	return c != NULL && c->exits != NULL ? c->exits[status] : (int)status;
}
