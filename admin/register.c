// SPDX-License-Identifier: ISC
#include "policy/publish/documents/register.h"
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/publish/render/json.h"
#include "policy/publish/words/words.h"
#include "policy/rights/case.h"
#include "policy/rights/consent.h"
#include <stdio.h>
#include <string.h>

static const struct option_row register_options[] = {
    {"format", OPTION_CHOICE, "html|csv|json|text", "how to print it (html)"},
    {"columns", OPTION_CHOICE, "ico|dpc|cnil", "the columns of the British, the Irish or the French authority (dpc)"},
    {"merge", OPTION_VALUE, "FILE", "an earlier one as CSV: what the officer filled in there is taken over"},
    {0},
};

struct register_cases {
	const struct policy *policy;
	cJSON *list;
	size_t incidents;
};

// What the officer wrote down, and what the register says of it: no word of what happened or of whom it touched.
static int register_case(void *arg, const struct case_row *row)
{
	struct register_cases *cases = arg;
	const bool incident = row->type == CASE_INCIDENT;
	const char *about = incident ? "incident" : json_string(row->body, "about"), *of = json_string(row->body, "of"),
		   *title = json_string(row->body, "title"), *file = json_string(row->body, "file");
	char noticed[WHEN_TEXT], told[WHEN_TEXT];
	BUF_AUTO struct buf words = BUF_INIT(OUTPUT_MAX);

	if (row->body == NULL || about == NULL || (!incident && (row->closed != 0 || of == NULL || title == NULL || file == NULL)))
		return 0;
	cases->incidents += incident;
	cJSON *one = json_object_in(cases->list);
	json_add_text(one, "about", about);
	if (incident) {
		const time_t notified = json_time(row->body, "authority_notified");
		when_text(noticed, json_time(row->body, "noticed"));
		when_text(told, notified);
		noticed[10] = told[10] = '\0'; // the day
		word_fill(&words, NULL, word(cases->policy, notified != 0 ? "register.incident_told" : "register.incident"),
			  WORD_VALUES({"noticed", noticed}, {"told", told}, {"id", row->id}));
		cJSON_AddItemToObject(one, "of", cJSON_Duplicate(json_get(row->body, "kinds"), true));
	} else {
		buf_printf(&words, "%s: %s", title, file);
		cJSON_AddItemToArray(cJSON_AddArrayToObject(one, "of"), cJSON_CreateString(of));
	}
	json_add_text(one, "words", buf_text(&words));
	return 0;
}

// What stands in the record of consents of one of them.
struct register_consents {
	const char *purpose; // the consent's id
	size_t count;
};

static int register_consent(void *arg, const struct consent_row *row)
{
	struct register_consents *consents = arg;

	consents->count += strcmp(consents->purpose, row->purpose) == 0;
	return 0;
}

static int register_add(struct vault *v, struct register_cases *cases, struct err *e)
{
	const struct policy *p = cases->policy;
	BUF_AUTO struct buf words = BUF_INIT(OUTPUT_MAX);
	char count[24];
	int ret = case_each(v, CASE_BIT(CASE_INCIDENT) | CASE_BIT(CASE_ASSESSMENT) | CASE_BIT(CASE_CONTRACT), register_case, cases, e);

	snprintf(count, sizeof count, "%zu", cases->incidents);
	word_fill(&words, NULL, word(p, "register.incidents"), WORD_VALUES({"count", count}));
	cJSON *all = json_object_in(cases->list);
	json_add_text(all, "about", "incidents");
	json_add_text(all, "words", buf_text(&words));
	for (size_t i = 0; i < p->consent_count && ret == 0; i++) {
		struct register_consents consents = {.purpose = p->consents[i].id};
		ret = consent_each(v, register_consent, &consents, e);
		snprintf(count, sizeof count, "%zu", consents.count);
		buf_reset(&words);
		word_fill(&words, NULL, word(p, "register.consents"), WORD_VALUES({"consent", consents.purpose}, {"count", count}));
		cJSON *one = json_object_in(cases->list), *of = cJSON_AddArrayToObject(one, "of");
		json_add_text(one, "about", "consent");
		json_add_text(one, "words", buf_text(&words));
		for (size_t k = 0; k < p->purpose_count; k++)
			if (p->purposes[k].consent != NULL && strcmp(p->purposes[k].consent, consents.purpose) == 0)
				cJSON_AddItemToArray(of, cJSON_CreateString(p->purposes[k].id));
	}
	return ret;
}

static enum status register_main(const struct admin *a, const struct arguments *args)
{
	const char *format = argument(args, "format"), *columns = argument(args, "columns");
	int model = columns != NULL ? policy_word_value(&register_models, columns, strlen(columns)) : REGISTER_DPC;
	int form = format != NULL ? policy_word_value(&register_formats, format, strlen(format)) : REGISTER_HTML;
	const char *merge = argument(args, "merge");
	struct census census;
	struct err *e = a->e;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX), earlier = BUF_INIT(OUTPUT_MAX), lost = BUF_INIT(OUTPUT_MAX),
			    blank = BUF_INIT(OUTPUT_MAX), shown = BUF_INIT(OUTPUT_MAX);
	REGISTER_AUTO struct register_list list = {0};

	if (model < 0 || form < 0)
		return output_complain(STATUS_UNSURE, "register: this is not built in");
	JSON_AUTO cJSON *sent = site_traffic(a, NULL);
	JSON_AUTO cJSON *written = cJSON_CreateArray();
	struct register_cases cases = {.policy = a->in_force, .list = written};
	const struct register_figures figures = {.census = &census, .traffic = sent, .cases = written, .at = when_now()};
	int ret = vault_census(a->vault, &census, e) != 0 || register_add(a->vault, &cases, e) != 0 ||
			  register_make(&list, a->in_force, (enum register_model)model, &figures, e) != 0
		      ? -1
		      : 0;
	if (ret == 0 && merge != NULL &&
	    (file_read(merge, &earlier, e) != 0 || register_merge(&list, buf_text(&earlier), earlier.len, &lost, e) != 0))
		ret = err_prefix(e, "%s", merge);
	if (ret != 0 || register_write(&list, (enum register_format)form, &out, e) != 0)
		return output_complain(STATUS_UNSURE, "register: %s", e->text);
	if (lost.len > 0)
		fprintf(stderr, "lethe: register: %s has activities that this policy has not, with what was filled in:\n%s", merge,
			buf_text(&lost));
	size_t count = register_blank(&list, &blank);
	if (count > 0)
		fprintf(stderr, "lethe: register: %zu cells are empty, for the officer to fill in (in the CSV, then --merge):\n%s", count,
			buf_text(&blank));
	output_wrapped_lines(&shown, 2, buf_text(&out));
	return output_print(form == REGISTER_TEXT ? &shown : &out);
}

const struct command register_command = {"register", register_main,
					 "the register of processing (Article 30), with what is held beside what is promised",
					 .options = register_options, .opens = OPENS_LOOK};
