// SPDX-License-Identifier: ISC
// Assessments and contracts: files, kept where the officer keeps them, known here by their hash and tied to a purpose or a processor of the policy.
//
// In the body of a case: about (dpia, legitimate-interest, transfer, contract), of (the purpose's or processor's id), title, file
// (its whole path), sha256, signed.
#include "admin/cases.h"
#include "admin/requests.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/seal.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

static const struct option_row assess_add_options[] = {
    {"about", OPTION_CHOICE, "dpia|legitimate-interest|transfer|contract", "what it is"},
    {"of", OPTION_VALUE, "ID", "of which purpose, or which processor, as the policy names it"},
    {"title", OPTION_VALUE, "TEXT", "what it is called"},
    {"file", OPTION_VALUE, "FILE", "where it is; its SHA-256 is noted"},
    {"signed", OPTION_VALUE, "DATE", "of a contract: when it was signed"},
    {"until", OPTION_VALUE, "DATE", "when it is over"},
    {"review", OPTION_VALUE, "DATE", "when it is to be looked at again"},
    OBJECT_OPTIONS_END,
};
static const struct option_row assess_list_options[] = {
    {"overdue", OPTION_FLAG, NULL, "only those that are to be reviewed, or are over, or whose file is not what was noted"},
    LIST_OPTIONS_END,
};
static const struct option_row assess_review_options[] = {
    {"review", OPTION_VALUE, "DATE", "when it is looked at next"},
    {"until", OPTION_VALUE, "DATE", "when it is over, if not as before"},
    {"file", OPTION_VALUE, "FILE", "where it is now, or as it is now: its SHA-256 is noted anew"},
    {"reason", OPTION_VALUE, "TEXT", "what was found; nothing personal"},
    {"close", OPTION_FLAG, NULL, "it holds no more, or another one takes its place"},
    OBJECT_OPTIONS_END,
};
#define ASSESS_TYPES (CASE_BIT(CASE_ASSESSMENT) | CASE_BIT(CASE_CONTRACT))

// The whole path and the SHA-256 of a file of any size. What is none, such as a FIFO, is not waited for.
static int paper_read(const char *file, char path[PATH_MAX], char hex[2 * HASH_LEN + 1], struct err *e)
{
	uint8_t hash[HASH_LEN];
	struct stat status;

	if (realpath(file, path) == NULL)
		return err_system(e, file_err_code(errno), errno, "%s", file);
	int fd FD_AUTO = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		return err_system(e, file_err_code(errno), errno, "%s", file);
	if (!S_ISREG(status.st_mode))
		return err_set(e, ERR_INPUT, "%s is not a file", file);
	if (plain_hash_file(hash, fd, file, e) != 0)
		return -1;
	hex_encode(hex, hash, HASH_LEN);
	return 0;
}

// Whether the folder of a file is there: a unit's root is an empty file system, with a few folders of the real one, and with folders for temporary files that nobody else sees.
static bool paper_folder_seen(const char *file)
{
	static const char *const own[] = {"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/"};
	bool temporary = false;
	char path[PATH_MAX];
	struct stat folder, top;
	struct statfs kind;

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		temporary = temporary || strncmp(file, own[i], strlen(own[i])) == 0;
	return snprintf(path, sizeof path, "%s", file) < PATH_MAX && stat(dirname(path), &folder) == 0 && S_ISDIR(folder.st_mode) &&
	       stat("/", &top) == 0 && statfs("/", &kind) == 0 &&
	       (kind.f_type != TMPFS_MAGIC || (folder.st_dev != top.st_dev && !temporary));
}

enum assess_paper assess_paper(const cJSON *body)
{
	const char *file = json_string(body, "file"), *noted = json_string(body, "sha256");
	char path[PATH_MAX], hex[2 * HASH_LEN + 1];
	struct err e = {0};

	if (file == NULL || *file != '/' || noted == NULL) // an earlier version noted the path as it was given
		return PAPER_UNSEEN;
	if (paper_read(file, path, hex, &e) == 0)
		return strcmp(hex, noted) == 0 ? PAPER_SAME : PAPER_CHANGED;
	if (e.code == ERR_INPUT)
		return PAPER_CHANGED;
	return e.code == ERR_NOT_FOUND && paper_folder_seen(file) ? PAPER_GONE : PAPER_UNSEEN;
}

static enum status assess_add_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], hex[2 * HASH_LEN + 1], details[160], path[PATH_MAX];
	const char *about = argument(args, "about"), *of = argument(args, "of"), *title = argument(args, "title"),
		   *file = argument(args, "file");
	const bool contract = about != NULL && strcmp(about, "contract") == 0;
	JSON_AUTO cJSON *members = cJSON_CreateObject();
	time_t review = 0, until = 0, signed_at = 0;

	if (requests_time(args, "review", &review, a->e) != 0 || requests_time(args, "until", &until, a->e) != 0 ||
	    requests_time(args, "signed", &signed_at, a->e) != 0)
		return admin_failed(a);
	if (about == NULL || of == NULL || title == NULL || file == NULL || review <= when_now())
		return output_complain(STATUS_UNSURE, "assess: --about, --of, --title, --file and a --review to come are needed");
	if (paper_read(file, path, hex, a->e) != 0)
		return admin_failed(a);
	const bool processor = policy_processor(a->in_force, of) != NULL;
	if (!processor && (contract || policy_purpose(a->in_force, of) == NULL))
		return output_complain(STATUS_UNSURE, "assess: the policy names no %s with this id",
				       contract ? "processor" : "purpose or processor");
	json_put(members, JSON_MEMBERS(MEMBER_TEXT("about", about), MEMBER_TEXT("of", of), MEMBER_TEXT("title", title),
				       MEMBER_TEXT("file", path), MEMBER_TEXT("sha256", hex)));
	if (signed_at != 0)
		json_put_time(members, "signed", signed_at);
	snprintf(details, sizeof details, "{\"event\":\"added\",\"about\":\"%s\",\"sha256\":\"%s\"}", about, hex);
	const struct case_new new = {.type = contract ? CASE_CONTRACT : CASE_ASSESSMENT,
				     .members = members,
				     .by = a->officer,
				     .review = review,
				     .due = until,
				     .details = details};
	return case_add(a->vault, &new, id, a->e) != 0 ? admin_failed(a) : cases_print(a, args, ASSESS_TYPES, id);
}

static int assess_row(void *arg, const struct case_row *row)
{
	const struct cases_listing *l = arg;
	const enum assess_paper paper = row->body != NULL && row->closed == 0 ? assess_paper(row->body) : PAPER_SAME;
	const bool late = row->late || paper == PAPER_CHANGED || paper == PAPER_GONE;

	l->t->found |= late;
	if (!l->only || late)
		table_add(l->t, row->id,
			  row->body == NULL        ? "unreadable"
			  : row->closed != 0       ? "closed"
			  : paper == PAPER_CHANGED ? "changed"
			  : paper == PAPER_GONE    ? "gone"
			  : paper == PAPER_UNSEEN  ? "not-seen"
						   : "open",
			  json_string(row->body, "about"), json_string(row->body, "of"), row->review, (int)late, row->due,
			  json_string(row->body, "title"));
	return 0;
}

static enum status assess_list_main(const struct admin *a, const struct arguments *args)
{
	struct cases_listing l = {a->list, argument_given(args, "overdue")};

	return case_each(a->vault, ASSESS_TYPES, assess_row, &l, a->e) != 0 ? admin_failed(a)
									    : table_output(a->list, args, "There are none.");
}

static enum status assess_show_main(const struct admin *a, const struct arguments *args)
{
	return cases_show(a, args, ASSESS_TYPES);
}

static enum status assess_review_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], hex[2 * HASH_LEN + 1] = "", details[160], path[PATH_MAX];
	const bool closes = argument_given(args, "close");
	const char *file = argument(args, "file");
	JSON_AUTO cJSON *set = cJSON_CreateObject();
	time_t review = 0, until = 0;

	if (requests_time(args, "review", &review, a->e) != 0 || requests_time(args, "until", &until, a->e) != 0)
		return admin_failed(a);
	if (argument(args, "reason") == NULL || (!closes && review <= when_now()))
		return output_complain(STATUS_UNSURE, "assess: --reason is needed, and --close or a --review to come");
	if ((file != NULL && paper_read(file, path, hex, a->e) != 0) || cases_one(a, args, id) != 0)
		return admin_failed(a);
	if (file != NULL)
		json_put(set, JSON_MEMBERS(MEMBER_TEXT("file", path), MEMBER_TEXT("sha256", hex)));
	if (until != 0)
		json_put_time(set, "due", until);
	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"%s\"%s%s%s}", id, closes ? "closed" : "reviewed",
		 file != NULL ? ",\"sha256\":\"" : "", hex, file != NULL ? "\"" : "");
	const struct case_act act = {.event = closes ? "closed" : "reviewed",
				     .by = a->officer,
				     .reason = argument(args, "reason"),
				     .told = set, // what was so before stays in the events
				     .set = set,
				     .review = review,
				     .closes = closes,
				     .details = details};
	return case_act(a->vault, ASSESS_TYPES, id, &act, a->e) != 0 ? admin_failed(a) : cases_print(a, args, ASSESS_TYPES, id);
}

static const struct command *const assess_commands[] = {
    &(const struct command){"add", assess_add_main, "an assessment, or a contract with a processor", .options = assess_add_options,
			    .opens = OPENS_PROGRAM},
    &(const struct command){"list", assess_list_main, "all of them; exit status 1 when one is to be reviewed",
			    .options = assess_list_options, .opens = OPENS_LOOK,
			    .columns = (const char *const[]){"id", "state", "about", "of", "review", "overdue", "until", "title", NULL},
			    .types = "isssdbDS"},
    &(const struct command){"show", assess_show_main, "one of them", .words = "ID", .options = OBJECT_OPTIONS, .opens = OPENS_LOOK},
    &(const struct command){"review", assess_review_main, "it was looked at again, or holds no more", .words = "ID",
			    .options = assess_review_options, .opens = OPENS_PROGRAM},
    NULL};
const struct command assess_command = {
    .name = "assess", .line = "assessments and contracts, and when they are to be looked at again", .sub = assess_commands};
