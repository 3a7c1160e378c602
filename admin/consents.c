// SPDX-License-Identifier: ISC
// What was consented to, by nobody who could be told from it: the proof of Article 7(1).
#include "admin/cases.h"
#include "policy/base/file.h"
#include "policy/rights/consent.h"
#include "policy/rules/load.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct option_row list_options[] = {
    {"purpose", OPTION_VALUE, "ID", "only those of this consent of the policy"},
    {"status", OPTION_CHOICE, "given|refused|withdrawn", "only those with this decision"},
    LIST_OPTIONS_END,
};

struct consents {
	const struct arguments *args;
	const struct policy *policy;
	struct table *t;
	const char *id;
	cJSON *receipts; // of export; of show the one
	char sha256[65];
	const char *state;    // the folder, whose versions of the policy are looked for
	cJSON *assessments;   // of each purpose, the titles of those that hold
	struct policy *kept;  // the version that was looked for last; NULL: it is not kept
	char kept_sha256[65]; // of that; "": none was looked for
};

#define CONSENTS_AUTO __attribute__((cleanup(consents_free)))
static void consents_free(struct consents *c)
{
	cJSON_Delete(c->assessments);
	policy_free(c->kept);
}

// The policy of the decision, where the store of versions has it; else the one in force.
static const struct policy *consents_policy(struct consents *c, const struct consent_row *row)
{
	const char *sha256 = json_string(row->body, "policy_sha256");
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	char file[PATH_MAX], name[160];

	if (sha256 == NULL || strcmp(sha256, c->policy->sha256) == 0)
		return c->policy;
	if (strcmp(sha256, c->kept_sha256) != 0) {
		policy_free(c->kept);
		c->kept = NULL;
		snprintf(c->kept_sha256, sizeof c->kept_sha256, "%s", sha256);
		snprintf(name, sizeof name, "policy/versions/%.100s.xml", json_string_or(row->body, "notice_version", ""));
		if (path_join(file, sizeof file, c->state, name, NULL) == 0)
			c->kept = policy_load_as(file, true, &messages);
		if (c->kept != NULL && strcmp(c->kept->sha256, sha256) != 0) {
			policy_free(c->kept);
			c->kept = NULL;
		}
	}
	return c->kept != NULL ? c->kept : c->policy;
}

static int consents_assessment(void *arg, const struct case_row *row)
{
	const struct consents *c = arg;
	const char *about = json_string(row->body, "about"), *of = json_string(row->body, "of"), *title = json_string(row->body, "title");
	cJSON *list = of != NULL ? cJSON_GetObjectItemCaseSensitive(c->assessments, of) : NULL;

	if (about == NULL || of == NULL || title == NULL || strcmp(about, "dpia") != 0 || row->closed != 0)
		return 0;
	list = list != NULL ? list : cJSON_AddArrayToObject(c->assessments, of);
	cJSON_AddItemToArray(list, cJSON_CreateString(title));
	return 0;
}

static int consents_row(void *arg, const struct consent_row *row)
{
	const struct consents *c = arg;
	const char *purpose = argument(c->args, "purpose"), *state = argument(c->args, "status");
	char at[WHEN_TEXT], until[WHEN_TEXT];

	if ((purpose != NULL && strcmp(purpose, row->purpose) != 0) || (state != NULL && strcmp(state, row->state) != 0)) {
		cJSON_AddItemToArray(c->t->unlisted, cJSON_CreateString(row->id));
		return 0;
	}
	when_text(at, row->at);
	when_text(until, row->until);
	until[WHEN_DATE - 1] = '\0';
	table_add(c->t, row->id, at, row->purpose, row->state, until, row->surface, row->superseded ? "no" : "yes");
	return 0;
}

static enum status consents_failed(const struct admin *a)
{
	return output_complain(a->e->code == ERR_NOT_FOUND ? STATUS_FOUND : STATUS_UNSURE, "consents: %s", a->e->text);
}

static enum status consents_list(const struct admin *a, const struct arguments *args)
{
	struct consents c = {.args = args, .policy = a->in_force, .t = a->list};

	return consent_each(a->vault, consents_row, &c, a->e) != 0 ? consents_failed(a)
								   : table_output(a->list, args, "There are no consents.");
}

static int consents_receipt(void *arg, const struct consent_row *row)
{
	struct consents *c = arg;

	if (c->id != NULL && strncmp(row->id, c->id, strlen(c->id)) != 0)
		return 0;
	snprintf(c->sha256, sizeof c->sha256, "%s", json_string_or(row->body, "notice_sha256", ""));
	cJSON_AddItemToArray(c->receipts, consent_receipt(consents_policy(c, row), row, c->assessments));
	return 0;
}

// One of them, with the words that were shown.
static enum status consents_show(const struct admin *a, const struct arguments *args)
{
	JSON_AUTO cJSON *receipts = cJSON_CreateArray();
	BUF_AUTO struct buf text = BUF_INIT(OUTPUT_MAX), shown = BUF_INIT(OUTPUT_MAX);
	struct consents c CONSENTS_AUTO = {.args = args,
					   .policy = a->in_force,
					   .id = args->words[0],
					   .receipts = receipts,
					   .state = a->state,
					   .assessments = cJSON_CreateObject()};

	if (cases_id_names(args->words[0], 0, a->e) != 0 ||
	    case_each(a->vault, CASE_BIT(CASE_ASSESSMENT), consents_assessment, &c, a->e) != 0 ||
	    consent_each(a->vault, consents_receipt, &c, a->e) != 0 ||
	    cases_id_names(args->words[0], (size_t)cJSON_GetArraySize(receipts), a->e) != 0)
		return consents_failed(a);
	if (cJSON_GetArraySize(receipts) == 0)
		return output_complain(STATUS_FOUND, "consents: there is no such consent; lethe consents list names those there are");
	if (consent_text(a->vault, c.sha256, &text, a->e) != 0)
		return consents_failed(a);
	cJSON *receipt = cJSON_GetArrayItem(receipts, 0);
	cJSON_AddStringToObject(receipt, "notice_text", buf_text(&text));
	json_print_lines(&shown, receipt);
	return output_object(args, receipt, &shown);
}

static enum status consents_export(const struct admin *a, const struct arguments *args)
{
	JSON_AUTO cJSON *receipts = cJSON_CreateArray();
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	struct consents c CONSENTS_AUTO = {
	    .args = args, .policy = a->in_force, .receipts = receipts, .state = a->state, .assessments = cJSON_CreateObject()};

	if (case_each(a->vault, CASE_BIT(CASE_ASSESSMENT), consents_assessment, &c, a->e) != 0 ||
	    consent_each(a->vault, consents_receipt, &c, a->e) != 0)
		return consents_failed(a);
	return json_print_lines(&out, receipts) != 0 ? output_complain(STATUS_UNSURE, "consents: there are too many") : output_print(&out);
}

static const struct command *const consents_commands[] = {
    &(const struct command){
	"list", consents_list, "every decision that is kept, oldest first", .options = list_options, .opens = OPENS_LOOK,
	.columns = (const char *const[]){"id", "at", "consent", "decision", "until", "surface", "holds", NULL}, .types = "issssss"},
    &(const struct command){"show", consents_show, "one of them as a receipt, with the words that were shown", .words = "ID",
			    .options = OBJECT_OPTIONS, .opens = OPENS_LOOK},
    &(const struct command){
	.name = "export", .run = consents_export, .line = "all of them as consent receipts (ISO/IEC TS 27560), JSON", .opens = OPENS_LOOK},
    NULL};
const struct command consents_command = {.name = "consents", .line = "the record of consents", .sub = consents_commands};
