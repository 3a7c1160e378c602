// SPDX-License-Identifier: ISC
// Legal holds: policy/rights/hold.h.
#include "admin/cases.h"
#include "admin/requests.h"
#include "fcgi/ipc/making_call.h"
#include "policy/rights/erase.h"
#include "policy/rights/hold_end.h"
#include "policy/rights/reading.h"
#include <stdio.h>
#include <string.h>

#define HOLD_REASON                                                                                                                        \
	{                                                                                                                                  \
		"reason", OPTION_VALUE, "TEXT", "why; nothing personal"                                                                    \
	}
static const struct option_row place_options[] = {
    {"receipt", OPTION_HIDDEN, NULL, "what was made under a receipt"},
    {"ip", OPTION_HIDDEN, NULL, "what the request log has of an IP address"},
    CASES_CONTACT_OPTION,
    CASES_ARCHIVE_OPTION,
    {"record", OPTION_VALUE, "ID", "this one record, and nothing else of its subject"},
    {"request", OPTION_VALUE, "ID", "what a recorded request names, or the request where it names nothing"},
    {"kind", OPTION_VALUE, "KIND,…", "of these kinds alone; else of all that the policy lets be held"},
    {"later", OPTION_FLAG, NULL, "what is made later, too"},
    {"ground", OPTION_VALUE, "WORD", "of Article 17(3)(b) to (e), or statute; without it the list is named"},
    {"citation", OPTION_VALUE, "TEXT", "the section of the law, or the number of the case"},
    {"tell", OPTION_VALUE, "DATE", "from when a copy of the person's data tells the citation; without it none does"},
    {"owner", OPTION_VALUE, "NAME", "who answers for it, if not who places it"},
    {"review", OPTION_VALUE, "DATE", "when it is looked at again"},
    {"expires", OPTION_VALUE, "DATE", "when it ends by itself"},
    {"dry-run", OPTION_FLAG, NULL, "only count"},
    OBJECT_OPTIONS_END,
};
static const struct option_row lift_options[] = {HOLD_REASON, OBJECT_OPTIONS_END};
static const struct option_row review_options[] = {
    {"review", OPTION_VALUE, "DATE", "when it is looked at next"},
    {"expires", OPTION_VALUE, "DATE", "when it ends by itself, if not as before"},
    HOLD_REASON,
    OBJECT_OPTIONS_END,
};
static const struct option_row hold_list_options[] = {{"overdue", OPTION_FLAG, NULL, "only those that are to be reviewed"},
						      LIST_OPTIONS_END};
static const struct option_row hold_show_options[] = {
    {"personal", OPTION_FLAG, NULL, "also what it was placed by, and the rows of the request log that it keeps; that is recorded"},
    {"reason", OPTION_VALUE, "TEXT", "with --personal: why; the person sees it"},
    OBJECT_OPTIONS_END,
};

static enum status hold_place_main(const struct admin *a, const struct arguments *args)
{
	static const enum hold_by by[CASES_SELECTORS] = {HOLD_BY_RECEIPT, HOLD_BY_ADDRESS, HOLD_BY_CONTACT,
							 HOLD_BY_RECORD,  HOLD_BY_RECORD,  HOLD_BY_REQUEST}; // in the order of the options
	char id[RECORD_ID_LEN + 1], value[PERSON_VALUE_MAX];
	const char *owner = argument(args, "owner");
	struct hold_placed placed;
	struct hold_new hold = {.later = argument_given(args, "later"),
				.ground = argument(args, "ground"),
				.citation = argument(args, "citation"),
				.owner = owner != NULL ? owner : a->officer,
				.officer = a->officer};
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
	const bool dry_run = argument_given(args, "dry-run");
	const struct option_row *target = cases_selector(args, place_options, value, a->e);

	if (target == NULL)
		return admin_failed(a);
	hold.by = by[target - place_options];
	hold.value = value;
	const bool archive = strcmp(target->name, "archive") == 0;
	if (requests_time(args, "review", &hold.review, a->e) != 0 || requests_time(args, "expires", &hold.expires, a->e) != 0 ||
	    requests_time(args, "tell", &hold.tell, a->e) != 0 || cases_kinds(args, &hold.kinds, a->e) != 0 ||
	    (hold.by == HOLD_BY_REQUEST && cases_request_id(a->vault, value, id, a->e) != 0) ||
	    (archive && rights_archive_id(a->vault, value, id, a->e) != 0))
		return admin_failed(a);
	hold.value = archive || hold.by == HOLD_BY_REQUEST ? id : value;
	if (hold_place(a->vault, &hold, dry_run, &placed, a->e) != 0)
		return admin_failed(a);
	explicit_bzero(value, sizeof value);
	buf_printf(&line, "%s%.12s%s: %zu record%s, %zu row%s of the request log\n", dry_run ? "it would hold" : "hold ",
		   dry_run ? "" : placed.id, dry_run ? "" : " holds", placed.records, placed.records == 1 ? "" : "s", placed.log_rows,
		   placed.log_rows == 1 ? "" : "s");
	return output_members(args, &line,
			      JSON_MEMBERS(MEMBER_TEXT("id", dry_run ? NULL : placed.id), MEMBER_NUMBER("records", placed.records),
					   MEMBER_NUMBER("log_rows", placed.log_rows)));
}

static enum status hold_lift_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	struct hold_run run;
	struct prune_result pruned;
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);

	rights_stop_making_by(making_stop, a->run);
	// What ended by it is deleted at once, not only by the next run of `prune`.
	if (cases_id(a->vault, KIND_HOLD, args->words[0], id, a->e) != 0 ||
	    hold_lift(a->vault, id, a->officer, argument(args, "reason"), &run, a->e) != 0 ||
	    vault_prune(a->vault, (struct duration){0}, false, &pruned, a->e) != 0)
		return admin_failed(a);
	buf_printf(&line, "hold %.12s is lifted: %zu released, %zu request%s answered\n", id, run.released, run.answered,
		   run.answered == 1 ? "" : "s");
	if (run.waiting > 0)
		buf_printf(&line, "%zu could not be completed yet; lethe prune tries again\n", run.waiting);
	enum status status = output_members(args, &line,
					    JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_NUMBER("released", run.released),
							 MEMBER_NUMBER("answered", run.answered), MEMBER_NUMBER("waiting", run.waiting)));
	return status == STATUS_DONE && run.waiting > 0 ? STATUS_FOUND : status;
}

static enum status hold_review_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	time_t review = 0, expires = 0;
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *object = NULL;

	if (requests_time(args, "review", &review, a->e) != 0 || requests_time(args, "expires", &expires, a->e) != 0 ||
	    cases_id(a->vault, KIND_HOLD, args->words[0], id, a->e) != 0 ||
	    hold_review(a->vault, id, a->officer, argument(args, "reason"), review, expires, a->e) != 0 ||
	    (object = hold_show(a->vault, id, false, a->e)) == NULL)
		return admin_failed(a);
	buf_printf(&line, "hold %.12s stays; to be looked at again: %s\n", id, json_string(object, "review"));
	return output_object(args, object, &line);
}

static int hold_list_row(void *arg, const struct hold_row *row)
{
	const struct cases_listing *l = arg;
	char kinds[512];

	kind_set_words(kinds, sizeof kinds, row->kinds);
	l->t->found |= row->overdue;
	if (!l->only || row->overdue)
		table_add(l->t, row->id, row->state, row->ground, row->review, row->expires, (int)row->overdue, row->citation, row->owner,
			  (double)row->records, (double)row->log_rows, kinds);
	return 0;
}

static enum status hold_list_main(const struct admin *a, const struct arguments *args)
{
	struct cases_listing l = {a->list, argument_given(args, "overdue")};

	return hold_each(a->vault, hold_list_row, &l, a->e) != 0 ? admin_failed(a) : table_output(a->list, args, "There are no holds.");
}

static enum status hold_show_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	const bool personal = argument_given(args, "personal");
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *object = NULL;

	if (cases_id(a->vault, KIND_HOLD, args->words[0], id, a->e) != 0 ||
	    (personal && reading_record(a->vault, "hold", id, a->officer, argument(args, "reason"), a->e) != 0) ||
	    (object = hold_show(a->vault, id, personal, a->e)) == NULL)
		return admin_failed(a);
	table_record(&text, object);
	return output_object(args, object, &text);
}

static const struct command *const hold_commands[] = {
    &(const struct command){"place", hold_place_main, "what must stay although its erasure is asked for", .options = place_options,
			    .opens = OPENS_PROGRAM},
    &(const struct command){"lift", hold_lift_main, "it is needed no more: what it held back is completed", .words = "ID",
			    .options = lift_options, .opens = OPENS_ADMIN},
    &(const struct command){"list", hold_list_main, "every hold; exit status 1 when one is to be reviewed", .options = hold_list_options,
			    .opens = OPENS_LOOK,
			    .columns = (const char *const[]){"id", "state", "ground", "review", "expires", "overdue", "citation", "owner",
							     "records", "log_rows", "kinds", NULL},
			    .types = "issddbSSNNS"},
    &(const struct command){"show", hold_show_main, "one hold", .words = "ID", .options = hold_show_options, .opens = OPENS_LOOK,
			    .reads = "personal"},
    &(const struct command){"review", hold_review_main, "it was looked at again, and stays", .words = "ID", .options = review_options,
			    .opens = OPENS_PROGRAM},
    NULL};
const struct command hold_command = {
    .name = "hold", .line = "legal holds: what must stay, on which ground, and until when", .sub = hold_commands};
