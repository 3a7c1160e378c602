// SPDX-License-Identifier: ISC
// Legal holds: policy/rights/hold.h.
#include "admin/cases.h"
#include "admin/requests.h"
#include "fcgi/ipc/making_call.h"
#include "policy/base/array.h"
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
    OBJECT_FORMAT_OPTION,
    {0},
};
static const struct option_row lift_options[] = {HOLD_REASON, OBJECT_FORMAT_OPTION, {0}};
static const struct option_row review_options[] = {{"review", OPTION_VALUE, "DATE", "when it is looked at next"},
						   {"expires", OPTION_VALUE, "DATE", "when it ends by itself, if not as before"},
						   HOLD_REASON,
						   OBJECT_FORMAT_OPTION,
						   {0}};
static const struct option_row hold_list_options[] = {
    {"overdue", OPTION_FLAG, NULL, "only those that are to be reviewed"}, FORMAT_OPTION, {0}};
static const struct option_row hold_show_options[] = {
    {"personal", OPTION_FLAG, NULL, "also what it was placed by, and the rows of the request log that it keeps; that is recorded"},
    {"reason", OPTION_VALUE, "TEXT", "with --personal: why; the person sees it"},
    OBJECT_FORMAT_OPTION,
    {0}};

// Which of the first options, and its value.
static int hold_target(const struct arguments *args, struct hold_new *hold, bool *archive, char value[PERSON_VALUE_MAX], struct err *e)
{
	static const enum hold_by by[] = {HOLD_BY_RECEIPT, HOLD_BY_ADDRESS, HOLD_BY_CONTACT,
					  HOLD_BY_RECORD,  HOLD_BY_RECORD,  HOLD_BY_REQUEST};
	size_t given = 0;

	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		const char *name = place_options[i].name, *is = argument(args, name);
		if (is == NULL)
			continue;
		given++;
		hold->by = by[i];
		*archive = strcmp(name, "archive") == 0;
		if (place_options[i].type == OPTION_HIDDEN ? cases_named(args, name, value, e) < 0
							   : snprintf(value, PERSON_VALUE_MAX, "%s", is) >= PERSON_VALUE_MAX)
			return place_options[i].type == OPTION_HIDDEN ? -1 : err_set(e, ERR_INPUT, "the id is too long");
	}
	hold->value = value;
	return given == 1 ? 0 : err_set(e, ERR_INPUT, "give exactly one of --receipt, --ip, --contact, --archive, --record, --request");
}

static enum status hold_place_main(const struct admin *a, const struct arguments *args)
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1];
	struct hold_placed placed;
	struct hold_new hold = {.later = argument_given(args, "later"),
				.ground = argument(args, "ground"),
				.citation = argument(args, "citation"),
				.owner = argument(args, "owner"),
				.officer = officer};
	char value[PERSON_VALUE_MAX];
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
	bool archive = false;
	const bool dry_run = argument_given(args, "dry-run");
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	hold.owner = hold.owner != NULL ? hold.owner : officer;
	if (requests_time(args, "review", &hold.review) != 0 || requests_time(args, "expires", &hold.expires) != 0 ||
	    requests_time(args, "tell", &hold.tell) != 0)
		return STATUS_UNSURE;
	if (hold_target(args, &hold, &archive, value, &e) != 0 || cases_kinds(args, &hold.kinds, &e) != 0)
		return cases_failed("hold", &e);
	if (site_open(&s, a, dry_run ? VAULT_LOOK : VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	if (hold.by == HOLD_BY_REQUEST) {
		if (cases_request_id(s.vault, hold.value, id, &e) != 0)
			return cases_failed("hold", &e);
		hold.value = id;
	}
	if (archive && rights_archive_id(s.vault, value, id, &e) != 0)
		return cases_failed("hold", &e);
	hold.value = archive ? id : hold.value;
	if (hold_place(s.vault, &hold, dry_run, &placed, &e) != 0)
		return cases_failed("hold", &e);
	explicit_bzero(value, sizeof value);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	if (!dry_run)
		cJSON_AddStringToObject(object, "id", placed.id);
	cJSON_AddNumberToObject(object, "records", (double)placed.records);
	cJSON_AddNumberToObject(object, "log_rows", (double)placed.log_rows);
	buf_printf(&line, "%s%.12s%s: %zu record%s, %zu row%s of the request log\n", dry_run ? "it would hold" : "hold ",
		   dry_run ? "" : placed.id, dry_run ? "" : " holds", placed.records, placed.records == 1 ? "" : "s", placed.log_rows,
		   placed.log_rows == 1 ? "" : "s");
	return output_object(args, object, &line);
}

// What ended by it is deleted at once, not only by the next run of `prune`.
static int hold_prune(struct vault *v, struct err *e)
{
	struct prune_result pruned;

	return vault_prune(v, (struct duration){0}, false, &pruned, e);
}

static enum status hold_lift_main(const struct admin *a, const struct arguments *args)
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1];
	struct hold_run run;
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	rights_stop_making_by(making_stop, a->run);
	if (site_open(&s, a, VAULT_ADMIN) != STATUS_DONE)
		return STATUS_UNSURE;
	if (cases_id(s.vault, KIND_HOLD, args->words[0], id, &e) != 0 ||
	    hold_lift(s.vault, id, officer, argument(args, "reason"), &run, &e) != 0 || hold_prune(s.vault, &e) != 0)
		return cases_failed("hold", &e);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "id", id);
	cJSON_AddNumberToObject(object, "released", (double)run.released);
	cJSON_AddNumberToObject(object, "answered", (double)run.answered);
	cJSON_AddNumberToObject(object, "waiting", (double)run.waiting);
	buf_printf(&line, "hold %.12s is lifted: %zu released, %zu request%s answered\n", id, run.released, run.answered,
		   run.answered == 1 ? "" : "s");
	if (run.waiting > 0)
		buf_printf(&line, "%zu could not be completed yet; lethe prune tries again\n", run.waiting);
	enum status status = output_object(args, object, &line);
	return status == STATUS_DONE && run.waiting > 0 ? STATUS_FOUND : status;
}

static enum status hold_review_main(const struct admin *a, const struct arguments *args)
{
	char officer[OFFICER_MAX], id[RECORD_ID_LEN + 1];
	time_t review = 0, expires = 0;
	BUF_AUTO struct buf line = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	if (requests_time(args, "review", &review) != 0 || requests_time(args, "expires", &expires) != 0 ||
	    site_open(&s, a, VAULT_PROGRAM) != STATUS_DONE)
		return STATUS_UNSURE;
	JSON_AUTO cJSON *object = NULL;
	if (cases_id(s.vault, KIND_HOLD, args->words[0], id, &e) != 0 ||
	    hold_review(s.vault, id, officer, argument(args, "reason"), review, expires, &e) != 0 ||
	    (object = hold_show(s.vault, id, false, &e)) == NULL)
		return cases_failed("hold", &e);
	buf_printf(&line, "hold %.12s stays; to be looked at again: %s\n", id, json_string(object, "review"));
	return output_object(args, object, &line);
}

struct hold_listing {
	struct table t;
	bool overdue_only;
	size_t overdue;
};

static int hold_list_row(void *arg, const struct hold_row *row)
{
	struct hold_listing *l = arg;
	char kinds[512];

	kind_set_words(kinds, sizeof kinds, row->kinds);
	l->overdue += row->overdue;
	if (!l->overdue_only || row->overdue)
		table_add(&l->t, row->id, row->state, row->ground, row->review, row->expires, (int)row->overdue, row->citation, row->owner,
			  (double)row->records, (double)row->log_rows, kinds);
	return 0;
}

static enum status hold_list_main(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"id",       "state", "ground",  "review",   "expires", "overdue",
					      "citation", "owner", "records", "log_rows", "kinds",   NULL};
	struct hold_listing l = {.overdue_only = argument_given(args, "overdue")};
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	table_init(&l.t, columns, "issddbSSNNS");
	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	if (hold_each(s.vault, hold_list_row, &l, &e) != 0) {
		table_free(&l.t);
		return cases_failed("hold", &e);
	}
	enum status status = table_output(&l.t, args, "There are no holds.");
	table_free(&l.t);
	return status == STATUS_DONE && l.overdue > 0 ? STATUS_FOUND : status;
}

static enum status hold_show_main(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1], officer[OFFICER_MAX];
	const bool personal = argument_given(args, "personal");
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	requests_officer(officer);
	if (personal && argument(args, "reason") == NULL)
		return output_complain(STATUS_UNSURE, "hold: --personal needs --reason: why you read it; the person sees it");
	if (site_open(&s, a, personal ? VAULT_PROGRAM : VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	JSON_AUTO cJSON *object = NULL;
	if (cases_id(s.vault, KIND_HOLD, args->words[0], id, &e) != 0 ||
	    (personal && reading_record(s.vault, "hold", id, officer, argument(args, "reason"), &e) != 0) ||
	    (object = hold_show(s.vault, id, personal, &e)) == NULL)
		return cases_failed("hold", &e);
	table_record(&text, object);
	return output_object(args, object, &text);
}

static const struct command *const hold_commands[] = {
    &(const struct command){"place", hold_place_main, "what must stay although its erasure is asked for", .options = place_options},
    &(const struct command){"lift", hold_lift_main, "it is needed no more: what it held back is completed", .words = "ID",
			    .options = lift_options},
    &(const struct command){"list", hold_list_main, "every hold; exit status 1 when one is to be reviewed", .options = hold_list_options},
    &(const struct command){"show", hold_show_main, "one hold", .words = "ID", .options = hold_show_options},
    &(const struct command){"review", hold_review_main, "it was looked at again, and stays", .words = "ID", .options = review_options},
    NULL};
const struct command hold_command = {
    .name = "hold", .line = "legal holds: what must stay, on which ground, and until when", .sub = hold_commands};
