// SPDX-License-Identifier: ISC
// Requests of authorities: policy/rights/authority.h.
#include "policy/rights/authority.h"
#include "admin/cases.h"
#include "admin/requests.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row authority_add_options[] = {
    {"authority", OPTION_HIDDEN, NULL, "who asks; sealed"},
    {"asked", OPTION_HIDDEN, NULL, "what for, from a file or standard input; sealed"},
    {"ground", OPTION_VALUE, "WORD", "on which ground; without it the list is named"},
    {"reference", OPTION_VALUE, "TEXT", "their reference"},
    {"received", OPTION_VALUE, "DATE", "when it came, if not now: a day, or a time in UTC"},
    {"receipt", OPTION_HIDDEN, NULL, "whom it is about, by a receipt"},
    {"record", OPTION_VALUE, "ID", "or by a record of theirs"},
    {"tell", OPTION_VALUE, "DATE", "from when a copy of that person's data tells of it; without it none does"},
    OBJECT_FORMAT_OPTION,
    {0},
};
static const struct option_row authority_list_options[] = {
    {"open", OPTION_FLAG, NULL, "only those that are not closed"}, FORMAT_OPTION, {0}};
static const struct option_row authority_show_options[] = {CASES_SHOW_OPTIONS};
static const struct option_row authority_close_options[] = {
    {"kind", OPTION_VALUE, "KIND,…", "what was given: kinds of data; without it nothing was"},
    {"people", OPTION_VALUE, "NUMBER", "of how many people"},
    {"refused", OPTION_VALUE, "WORD", "why it was refused; of a list, which is named for another word"},
    {"reason", OPTION_VALUE, "TEXT", "more of it; nothing personal"},
    {"tell", OPTION_VALUE, "DATE", "from when a copy of the person's data tells of it, if not as before"},
    OBJECT_FORMAT_OPTION,
    {0},
};

static enum status authority_add_main(const struct admin *a, const struct arguments *args)
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf authority = BUF_INIT(HIDDEN_MAX), asked = BUF_INIT(VAULT_BODY_MAX / 8), receipt = BUF_INIT(HIDDEN_MAX);
	struct authority_new new = {.ground = argument(args, "ground"),
				    .reference = argument(args, "reference"),
				    .record = argument(args, "record"),
				    .by = officer};
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	if (requests_time(args, "received", &new.received) != 0 || requests_time(args, "tell", &new.tell) != 0)
		return STATUS_UNSURE;
	const char *who = argument(args, "authority"), *whom = argument(args, "receipt");
	if ((who != NULL && ask_hidden("authority", who, &authority, &e) != 0) || requests_text(args, "asked", &asked, &e) != 0 ||
	    (whom != NULL && ask_hidden("receipt", whom, &receipt, &e) != 0))
		return cases_failed("authority", &e);
	new.authority = buf_text(&authority);
	new.asked = buf_text(&asked);
	new.receipt = receipt.len > 0 ? buf_text(&receipt) : NULL;
	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	return authority_add(s.vault, &new, id, &e) != 0 ? cases_failed("authority", &e)
							 : cases_print(s.vault, args, "authority", CASE_BIT(CASE_AUTHORITY), id);
}

struct authority_listing {
	struct table t;
	bool open_only;
};

static int authority_row(void *arg, const struct case_row *row)
{
	struct authority_listing *l = arg;
	const char *outcome = json_string(row->body, "outcome"), *ground = json_string(row->body, "ground"),
		   *who = json_string(row->body, "authority");

	if (!l->open_only || row->closed == 0)
		table_add(&l->t, row->id,
			  row->body == NULL ? "unreadable"
			  : outcome != NULL ? outcome
					    : "open",
			  ground, json_time(row->body, "received"), who, row->closed, json_number(row->body, "people", 0));
	return 0;
}

static enum status authority_list_main(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"id", "outcome", "ground", "received", "authority", "closed", "people", NULL};
	struct authority_listing l = {.open_only = argument_given(args, "open")};
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	table_init(&l.t, columns, "issdsDN");
	enum status status = site_open(&s, a, VAULT_LOOK);
	if (status == STATUS_DONE)
		status = case_each(s.vault, CASE_BIT(CASE_AUTHORITY), authority_row, &l, &e) != 0
			     ? cases_failed("authority", &e)
			     : table_output(&l.t, args, "No authority has asked.");
	table_free(&l.t);
	return status;
}

static enum status authority_show_main(const struct admin *a, const struct arguments *args)
{
	return cases_show(a, args, "authority", CASE_BIT(CASE_AUTHORITY));
}

static enum status authority_close_main(const struct admin *a, const struct arguments *args)
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1], *rest = NULL;
	const char *people = argument(args, "people");
	struct authority_answer answer = {
	    .refusal = argument(args, "refused"), .reason = argument(args, "reason"), .by = officer, .people = 0};
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	answer.people = people != NULL ? strtoull(people, &rest, 10) : 0;
	if (people != NULL && (*people < '0' || *people > '9' || *rest != '\0'))
		return output_complain(STATUS_UNSURE, "authority: --people takes a number");
	if (requests_time(args, "tell", &answer.tell) != 0)
		return STATUS_UNSURE;
	if (cases_kinds(args, &answer.given, &e) != 0)
		return cases_failed("authority", &e);
	if ((answer.given != 0) != (answer.people > 0))
		return output_complain(STATUS_UNSURE,
				       "authority: where something was given, --kind and --people say what, and of how many");
	if (site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	return cases_id(s.vault, KIND_ACCOUNTABILITY, args->words[0], id, &e) != 0 || authority_answer(s.vault, id, &answer, &e) != 0
		   ? cases_failed("authority", &e)
		   : cases_print(s.vault, args, "authority", CASE_BIT(CASE_AUTHORITY), id);
}

static const struct command *const authority_commands[] = {
    &(const struct command){"add", authority_add_main, "an authority asks for something", .options = authority_add_options},
    &(const struct command){"list", authority_list_main, "who asked, and what came of it", .options = authority_list_options},
    &(const struct command){"show", authority_show_main, "one of them", .words = "ID", .options = authority_show_options},
    &(const struct command){"close", authority_close_main, "what was given, or why nothing was; as the policy lets it", .words = "ID",
			    .options = authority_close_options},
    NULL};
const struct command authority_command = {
    .name = "authority", .line = "requests of authorities; their number is signed and published", .sub = authority_commands};
