// SPDX-License-Identifier: ISC
// The officer's command. One file per subcommand; main.c dispatches and prints the help from their rows.
#ifndef LETHE_ADMIN_ADMIN_H
#define LETHE_ADMIN_ADMIN_H

#include "admin/arguments.h"
#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/json.h"
#include "policy/model/policy.h"
#include "policy/vault/vault.h"
#include <stdbool.h>
#include <stddef.h>

// Exit statuses, the same for every subcommand: cron and monitoring rely on them.
enum status {
	STATUS_DONE = 0,   // done; nothing wrong was found
	STATUS_FOUND = 1,  // something was found, or it failed
	STATUS_UNSURE = 2, // could not tell, or wrong usage
	// Only of a command that says what it ends with instead: of `audit verify`, whose exit statuses are a convention of their own.
	STATUS_TRUNCATED,
	STATUS_FORKED,
	STATUS_PRUNED,
};

enum { OUTPUT_MAX = 64 * 1024 * 1024, HIDDEN_MAX = 4096 };

struct table;

// What a command runs with. Where its row says so, the dispatcher (main.c) has opened the site and begun its list before, and ends both afterwards.
struct admin {
	const char *policy, *state, *run; // paths; `policy` is what is wanted, see policy/rules/active.h
	bool policy_given;                // --policy names a file to look at, whatever is in force
	const char *name;                 // the command's first word, with which its messages begin
	const char *officer;              // who runs it, for the records; "" where nothing is opened
	struct vault *vault;              // NULL where the row opens nothing
	const struct policy *in_force;    // the policy of `vault`
	struct table *list;               // of the row's columns
	struct err *e;                    // at first ERR_NONE; for admin_failed()
};

// What the dispatcher opens for a command, under the policy in force; with --dry-run to look only.
enum command_opens {
	OPENS_NOTHING, // the command opens what it needs itself
	OPENS_LOOK,
	OPENS_PROGRAM, // it writes what programs write, too
	OPENS_ADMIN,
};

struct command {
	const char *name;
	enum status (*run)(const struct admin *a, const struct arguments *args); // NULL: `sub` says what there is
	const char *line;
	const char *
	    words; // that it takes, as its usage says them: "ID [DATE]", of which those in brackets may be missing; "ID ...": as many as there are; NULL: none
	const struct option_row *options; // may be NULL
	const struct command *const *sub; // NULL-terminated
	const unsigned char *exits;       // what it ends with for each status; NULL: with that
	enum command_opens opens;
	const char
	    *reads; // the option that shows what is personal: it is recorded who read it, so it needs --reason, and OPENS_LOOK does not do
	const char *writes;                 // the option with which it writes, and OPENS_LOOK does not do; without it, it only shows
	const char *const *columns, *types; // of its list, as table_init() takes them; NULL: it has none
};

// The subcommands, in the order of the help: NAME_command is defined in admin/NAME.c, but access_command in export.c, object_command in
// restrict.c, requests_command in requests_act.c, completion_command in main.c.
#define COMMANDS(row)                                                                                                                      \
	row(check) row(publish) row(policy) row(subprocessors) row(register) row(prune) row(clock) row(requests) row(outbox) row(drill)    \
	    row(agents) row(access) row(export) row(import) row(erase) row(hold) row(authority) row(incident) row(assess) row(rectify)     \
		row(restrict) row(object) row(consents) row(audit) row(metrics) row(backup) row(restore) row(keys) row(completion)
#define COMMAND_DECLARE(name) extern const struct command name##_command;
COMMANDS(COMMAND_DECLARE)
// Adds the script for a shell, "bash", "zsh" or "fish". -1: there is none for it.
int completion_print(struct buf *out, const char *shell, const struct command *const *commands, const struct option_row *global);
// Those of `lethe policy` that have a file of their own.
extern const struct command policy_lint_command, policy_diff_command, policy_withdraw_command, policy_new_command;
extern const struct command keys_api_command; // of `lethe keys`

// --- what they share ---
// "lethe: message" on standard error; returns `status`.
enum status output_complain(enum status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Says what a->e tells: STATUS_UNSURE for ERR_INPUT, else STATUS_FOUND.
enum status admin_failed(const struct admin *a);
// Writes all of it to standard output. STATUS_DONE, or STATUS_UNSURE when it could not be written or the buffer had failed.
enum status output_print(const struct buf *b);
// Appends text for a terminal or a line of a table: control characters and direction marks become "?", so that stored text can neither
// move the cursor nor break a line.
int output_text(struct buf *out, const char *s);
// "1 record", "2 records". COUNTED() for one expression.
enum { COUNTED_SIZE = 64 };
const char *output_counted(char out[COUNTED_SIZE], uint64_t n, const char *one, const char *many);
#define COUNTED(n, one, many) output_counted((char[COUNTED_SIZE]){0}, n, one, many)
// How many characters a line of standard output may have: what COLUMNS says, else the terminal's width, else 80.
size_t output_width(void);
// As output_text(), in lines of at most output_width() columns that are broken at spaces and between Chinese characters. The text begins in the column `at` and goes on in
// the column `indent` of the next line.
int output_wrapped(struct buf *out, size_t at, size_t indent, const char *s);
// As that, each line of the text; what does not fit goes on in the next, in the column `indent`.
int output_wrapped_lines(struct buf *out, size_t indent, const char *text);
// The whole id of the request whose id begins with `given` (eight characters at least); *out is `given` where there is none. ERR_INPUT: there
// are several. In cases.c.
enum { SHORT_ID_LEAST = 8 };
int cases_request_id(struct vault *v, const char *given, char out[RECORD_ID_LEN + 1], struct err *e);
// What a command found or did: `object` where --format json is given, else `text`.
enum status output_object(const struct arguments *args, const cJSON *object, const struct buf *text);
// The same of an object of these members, JSON_MEMBERS().
enum status output_members(const struct arguments *args, const struct buf *text, const struct json_member *members);
// The last of the options of a command that prints so, and the end of their table; OBJECT_OPTIONS: it has no others.
#define OBJECT_OPTIONS_END                                                                                                                 \
	{"format", OPTION_CHOICE, "text|json", "how to print it"},                                                                         \
	{                                                                                                                                  \
		0                                                                                                                          \
	}
#define OBJECT_OPTIONS ((const struct option_row[]){OBJECT_OPTIONS_END})
// What `--ip`, `--receipt` stand for: a file, standard input or a question on the terminal. Surrounding white space goes. ERR_INPUT.
int ask_hidden(const char *name, const char *value, struct buf *out, struct err *e);
// All of standard input, added to `out`. ERR_INPUT: longer than that may be.
int ask_input(struct buf *out, struct err *e);
// Asks on the terminal for a line of text, which is shown. ERR_UNAVAILABLE: there is none. ERR_INPUT: nothing was entered.
int ask_text(const char *question, struct buf *out, struct err *e);
// Asks on the terminal; false without one.
bool ask_yes(const char *question);

// A word of progress on standard error ("lethe: pruning …"), once a second from the second second on. One at a time.
void output_progress_begin(const char *doing);
void output_progress_end(void);

// Sets every variable that is unset as the installed lethe.env says (and where the master key is), where neither --state (`state`, which may
// be NULL) nor the environment names a state folder; and as lethe-run says in run.env of the state folder. No such file is fine.
enum status installed_settings(const char *state);
// Sets every variable that is unset as this file says. ERR_NOT_FOUND, ERR_IO, ERR_MEMORY.
int installed_read(const char *path, struct err *e);

// The policy in force and the stores, opened in this order; messages on standard error.
struct site {
	struct policy *policy;
	struct vault *vault;
};
#define SITE_AUTO __attribute__((cleanup(site_close)))
// STATUS_DONE, or STATUS_UNSURE: also where there is no store.
enum status site_open(struct site *s, const struct admin *a, enum vault_mode mode);
// What left for each processor, as egress says it, else as it last wrote it down (*live, which may be NULL, tells). NULL when neither can be had.
cJSON *site_traffic(const struct admin *a, bool *live);
// The same, but makes the stores where they are missing: for `keys init` alone.
enum status site_make(struct site *s, const struct admin *a, enum vault_mode mode);
void site_close(struct site *s);
// Refuses a state folder without a store: a mistyped one must not become a new, empty store in which all is well.
enum status site_stores_needed(const struct admin *a);
// 1 or 0; -1 with *e when it cannot be told, or when only a part of it is there.
int site_stores_there(const struct admin *a, struct err *e);
// Opens what site_stores_needed() found, under a policy that outlives it.
enum status site_stores_open(struct vault **out, const struct admin *a, const struct policy *p, enum vault_mode mode);
// Root continues as the user that owns this folder, so that the site's own user can write what is made from now on. Others: nothing. -1 with
// errno.
int site_become_owner(const char *folder);
// The policy in force, or the one that --policy names. NULL when it is not valid.
struct policy *site_policy(const struct admin *a);

// Makes the folder. ERR_INPUT: it is there already.
int audit_bundle_make(const struct admin *a, struct vault *v, const char *folder, struct err *e);

// What the last restore could not bring back.
// Says it, while no officer has taken note of it. 1; 0: there is nothing.
int restore_note(struct vault *v, struct buf *out, struct err *e);
// Assessments and contracts are files of the officer's; here is known what they were.
enum assess_paper { PAPER_SAME, PAPER_CHANGED, PAPER_GONE, PAPER_UNSEEN /* who asks may not read it, or does not see its folder */ };
// Whether the file of an assessment or contract, whose body this is, is what was noted.
enum assess_paper assess_paper(const cJSON *body);
// Who did what, and what they wrote of it, in the commands about requests and cases.
// The user who runs this, also behind sudo: who did it, for the ledger and for the person.
enum { OFFICER_MAX = 64 };
void requests_officer(char out[OFFICER_MAX]);
// A text that may have several lines, from where the option of this name says; nothing where it is not given. ERR_INPUT.
int requests_text(const struct arguments *args, const char *name, struct buf *out, struct err *e);
// What goes wrong with a request, said: the exit status.
enum status requests_failed(const struct err *e);

#endif
