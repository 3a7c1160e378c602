// SPDX-License-Identifier: ISC
// Completion for the shells, from the table of commands: a script that knows where in the command line one is, and what may stand there.
#include "admin/admin.h"
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 96 };

static void words_of_choice(struct buf *out, const char *choice)
{
	for (; *choice != '\0'; choice++)
		buf_add(out, *choice == '|' ? " " : choice, 1);
}

// What tells where one is: "path word" of each command.
static void places_print(struct buf *out, const struct command *const *list, const char *path)
{
	char below[PATH_BYTES];

	for (; list != NULL && *list != NULL; list++) {
		buf_printf(out, "%s'%s %s'", out->data[out->len - 1] == '\'' ? "|" : "", path, (*list)->name);
		snprintf(below, sizeof below, "%s%s%s", path, *path ? " " : "", (*list)->name);
		places_print(out, (*list)->sub, below);
	}
}

// What may follow an option: a line for each whose values are known.
static void values_print(struct buf *out, const struct command *const *list, const char *path, const char *offer)
{
	char below[PATH_BYTES];

	for (; list != NULL && *list != NULL; list++) {
		snprintf(below, sizeof below, "%s%s%s", path, *path ? " " : "", (*list)->name);
		for (const struct option_row *o = (*list)->options; o != NULL && o->name != NULL; o++)
			if (o->type == OPTION_CHOICE) {
				buf_printf(out, "	'%s:--%s') %s '", below, o->name, offer);
				words_of_choice(out, o->value);
				buf_adds(out, "'; return ;;\n");
			}
		values_print(out, (*list)->sub, below, offer);
	}
}

static void options_print(struct buf *out, const struct option_row *rows)
{
	for (; rows != NULL && rows->name != NULL; rows++)
		buf_printf(out, " --%s", rows->name);
}

// What may stand there: a line for each command.
static void candidates_print(struct buf *out, const struct command *c, const struct command *const *list, const char *path,
			     const char *offer, const struct option_row *global)
{
	char below[PATH_BYTES];

	buf_printf(out, "	'%s') %s '", path, offer);
	for (const struct command *const *sub = list; sub != NULL && *sub != NULL; sub++)
		buf_printf(out, "%s%s", sub == list ? "" : " ", (*sub)->name);
	options_print(out, c != NULL ? c->options : NULL);
	options_print(out, global);
	buf_adds(out, "' ;;\n");
	for (; list != NULL && *list != NULL; list++) {
		snprintf(below, sizeof below, "%s%s%s", path, *path ? " " : "", (*list)->name);
		candidates_print(out, *list, (*list)->sub, below, offer, global);
	}
}

// bash and zsh differ in where the words are and in how an offer is made.
static void script_print(struct buf *out, const char *words, const char *before, const struct command *const *commands,
			 const struct option_row *global)
{
	buf_printf(out, "	local at= word\n	for word in %s; do\n		case \"$at $word\" in\n		", words);
	places_print(out, commands, "");
	buf_printf(out, ") at=\"${at:+$at }$word\" ;;\n		esac\n	done\n	case \"$at:%s\" in\n", before);
	values_print(out, commands, "", "_lethe_offer");
	buf_adds(out, "	esac\n	case $at in\n");
	candidates_print(out, NULL, commands, "", "_lethe_offer", global);
	buf_adds(out, "	esac\n");
}

static void fish_quoted(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		buf_printf(out, "%s%c", *text == '\'' || *text == '\\' ? "\\" : "", *text);
}

static void fish_print(struct buf *out, const struct command *c, const struct command *const *list, const char *path,
		       const struct option_row *global)
{
	char below[PATH_BYTES];

	for (int own = 1; own >= 0; own--)
		for (const struct option_row *o = !own ? global : c != NULL ? c->options : NULL; o != NULL && o->name != NULL; o++) {
			buf_printf(out, "complete -c lethe -n '__lethe_at \"%s\"' -l %s", path, o->name);
			if (o->type == OPTION_CHOICE) {
				buf_adds(out, " -xa '");
				words_of_choice(out, o->value);
				buf_adds(out, "'");
			} else if (o->type != OPTION_FLAG) {
				buf_adds(out, " -r");
			}
			buf_adds(out, " -d '");
			fish_quoted(out, o->line);
			buf_adds(out, "'\n");
		}
	for (; list != NULL && *list != NULL; list++) {
		buf_printf(out, "complete -c lethe -f -n '__lethe_at \"%s\"' -a %s -d '", path, (*list)->name);
		fish_quoted(out, (*list)->line);
		buf_adds(out, "'\n");
		snprintf(below, sizeof below, "%s%s%s", path, *path ? " " : "", (*list)->name);
		fish_print(out, *list, (*list)->sub, below, global);
	}
}

int completion_print(struct buf *out, const char *shell, const struct command *const *commands, const struct option_row *global)
{
	if (strcmp(shell, "bash") == 0) {
		buf_adds(out, "# lethe completion bash\n_lethe() {\n");
		script_print(out, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"", "${COMP_WORDS[COMP_CWORD-1]}", commands, global);
		buf_adds(out, "}\n_lethe_offer() { COMPREPLY=($(compgen -W \"$1\" -- \"${COMP_WORDS[COMP_CWORD]}\")); }\n"
			      "complete -o default -F _lethe lethe\n");
	} else if (strcmp(shell, "zsh") == 0) {
		buf_adds(out, "#compdef lethe\n_lethe() {\n");
		script_print(out, "${words[2,CURRENT-1]}", "${words[CURRENT-1]}", commands, global);
		buf_adds(out, "	_files\n}\n_lethe_offer() { compadd -- ${=1}; }\n_lethe \"$@\"\n");
	} else if (strcmp(shell, "fish") == 0) {
		buf_adds(out, "# lethe completion fish\nfunction __lethe_at\n	set -l at\n	for word in (commandline -opc)[2..-1]\n"
			      "		switch \"$at $word\"\n			case ");
		places_print(out, commands, "");
		for (char *c = out->data; c != NULL && (c = strchr(c, '|')) != NULL; c++)
			*c = ' ';
		buf_adds(out, "\n				set at (string trim \"$at $word\")\n		end\n	end\n	test "
			      "\"$at\" = \"$argv[1]\"\n"
			      "end\n");
		fish_print(out, NULL, commands, "", global);
	} else {
		return -1;
	}
	return 0;
}
