// SPDX-License-Identifier: ISC
// Requests of authorities: policy/rights/authority.h.
#include "policy/rights/authority.h"
#include "admin/cases.h"
#include "admin/requests.h"
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
    OBJECT_OPTIONS_END,
};
static const struct option_row authority_list_options[] = {{"open", OPTION_FLAG, NULL, "only those that are not closed"}, LIST_OPTIONS_END};
static const struct option_row authority_show_options[] = {CASES_SHOW_OPTIONS};
static const struct option_row authority_close_options[] = {
    {"kind", OPTION_VALUE, "KIND,…", "what was given: kinds of data; without it nothing was"},
    {"people", OPTION_VALUE, "NUMBER", "of how many people"},
    {"refused", OPTION_VALUE, "WORD", "why it was refused; of a list, which is named for another word"},
    {"reason", OPTION_VALUE, "TEXT", "more of it; nothing personal"},
    {"tell", OPTION_VALUE, "DATE", "from when a copy of the person's data tells of it, if not as before"},
    OBJECT_OPTIONS_END,
};

#define AUTHORITY_TYPE CASE_BIT(CASE_AUTHORITY)

static enum status authority_add_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf authority = BUF_INIT(HIDDEN_MAX), asked = BUF_INIT(VAULT_BODY_MAX / 8), receipt = BUF_INIT(HIDDEN_MAX);
	struct authority_new new = {.ground = argument(args, "ground"),
				    .reference = argument(args, "reference"),
				    .record = argument(args, "record"),
				    .by = a->officer};
	const char *who = argument(args, "authority"), *whom = argument(args, "receipt");

	if (requests_time(args, "received", &new.received, a->e) != 0 || requests_time(args, "tell", &new.tell, a->e) != 0 ||
	    (who != NULL && ask_hidden("authority", who, &authority, a->e) != 0) || requests_text(args, "asked", &asked, a->e) != 0 ||
	    (whom != NULL && ask_hidden("receipt", whom, &receipt, a->e) != 0))
		return admin_failed(a);
	new.authority = buf_text(&authority);
	new.asked = buf_text(&asked);
	new.receipt = receipt.len > 0 ? buf_text(&receipt) : NULL;
	return authority_add(a->vault, &new, id, a->e) != 0 ? admin_failed(a) : cases_print(a, args, AUTHORITY_TYPE, id);
}

static int authority_row(void *arg, const struct case_row *row)
{
	const struct cases_listing *l = arg;
	const char *outcome = json_string(row->body, "outcome"), *ground = json_string(row->body, "ground"),
		   *who = json_string(row->body, "authority");

	if (!l->only || row->closed == 0)
		table_add(l->t, row->id,
			  row->body == NULL ? "unreadable"
			  : outcome != NULL ? outcome
					    : "open",
			  ground, json_time(row->body, "received"), who, row->closed, json_number(row->body, "people", 0));
	return 0;
}

static enum status authority_list_main(const struct admin *a, const struct arguments *args)
{
	struct cases_listing l = {a->list, argument_given(args, "open")};

	return case_each(a->vault, AUTHORITY_TYPE, authority_row, &l, a->e) != 0 ? admin_failed(a)
										 : table_output(a->list, args, "No authority has asked.");
}

static enum status authority_show_main(const struct admin *a, const struct arguments *args)
{
	return cases_show(a, args, AUTHORITY_TYPE);
}

static enum status authority_close_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], *rest = NULL;
	const char *people = argument(args, "people");
	struct authority_answer answer = {
	    .refusal = argument(args, "refused"), .reason = argument(args, "reason"), .by = a->officer, .people = 0};

	answer.people = people != NULL ? strtoull(people, &rest, 10) : 0;
	if (people != NULL && (*people < '0' || *people > '9' || *rest != '\0'))
		return output_complain(STATUS_UNSURE, "authority: --people takes a number");
	if (requests_time(args, "tell", &answer.tell, a->e) != 0 || cases_kinds(args, &answer.given, a->e) != 0)
		return admin_failed(a);
	if ((answer.given != 0) != (answer.people > 0))
		return output_complain(STATUS_UNSURE,
				       "authority: where something was given, --kind and --people say what, and of how many");
	return cases_one(a, args, id) != 0 || authority_answer(a->vault, id, &answer, a->e) != 0 ? admin_failed(a)
												 : cases_print(a, args, AUTHORITY_TYPE, id);
}

static const struct command *const authority_commands[] = {
    &(const struct command){"add", authority_add_main, "an authority asks for something", .options = authority_add_options,
			    .opens = OPENS_PROGRAM},
    &(const struct command){
	"list", authority_list_main, "who asked, and what came of it", .options = authority_list_options, .opens = OPENS_LOOK,
	.columns = (const char *const[]){"id", "outcome", "ground", "received", "authority", "closed", "people", NULL}, .types = "issdsDN"},
    &(const struct command){"show", authority_show_main, "one of them", .words = "ID", .options = authority_show_options,
			    .opens = OPENS_LOOK, .reads = "personal"},
    &(const struct command){"close", authority_close_main, "what was given, or why nothing was; as the policy lets it", .words = "ID",
			    .options = authority_close_options, .opens = OPENS_PROGRAM},
    NULL};
const struct command authority_command = {
    .name = "authority", .line = "requests of authorities; their number is signed and published", .sub = authority_commands};
