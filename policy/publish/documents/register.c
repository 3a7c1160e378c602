// SPDX-License-Identifier: ISC
// The register's columns are data (register.json): for each its headings by model, a mapping of a purpose among the facts, the word that
// stands where that gives nothing, and whether it is what is so at this moment. A column without a mapping is for the officer to fill in.
#include "policy/publish/documents/register.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/json.h"
#include "policy/publish/render/list.h"
#include "policy/publish/render/mapping.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

EMBED(register_mapping, "policy/publish/documents/register.json");

enum { COLUMNS_MAX = 64, CELL_MAX = 1024 * 1024 };
static const char *const models[] = {"ico", "dpc", "cnil"};
const struct policy_words register_models = {NULL, models, ARRAY_LEN(models)};

// ---- what is so at this moment, among the facts: kinds[].held and .late, processors[].sent, and why they are not known ----

static void add_held(cJSON *object, const struct policy *p, const struct policy_kind *kind, const struct register_figures *figures)
{
	BUF_AUTO struct buf words = BUF_INIT(CELL_MAX);
	char age[160], count[24];
	bool late = false;

	for (size_t i = 0; figures->census != NULL && i < figures->census->row_count; i++) {
		const struct census_row *row = &figures->census->rows[i];
		if (row->kind != kind->kind)
			continue;
		snprintf(count, sizeof count, "%" PRIu64, row->count);
		word_fill(&words, NULL, word(p, "register.held"), WORD_VALUES({"kind", kind->name}, {"count", count}));
		if (row->count > 0 && row->oldest > 0 && row->oldest <= figures->at) {
			time_t seconds = figures->at - row->oldest;
			struct duration d = {.days = (unsigned)(seconds / 86400), .seconds = (uint64_t)(seconds % 86400 / 3600 * 3600)};
			word_duration(age, sizeof age, d, word_language(p));
			word_fill(&words, NULL, word(p, "register.oldest"),
				  WORD_VALUES({"age", duration_is_zero(d) ? word(p, "register.under_an_hour") : age}));
		}
		buf_adds(&words, row->late ? word(p, "register.late") : "");
		late = late || row->late;
	}
	json_add_text(object, "held", words.len > 0 ? buf_text(&words) : NULL);
	cJSON_AddBoolToObject(object, "late", late);
}

static void add_sent(cJSON *object, const struct policy *p, const struct policy_processor *a, const cJSON *traffic)
{
	BUF_AUTO struct buf words = BUF_INIT(CELL_MAX);
	char requests[32], bytes[32];
	const cJSON *one;

	cJSON_ArrayForEach(one, json_get(traffic, "processors"))
	{
		const char *id = json_string(one, "id"), *region = json_string(one, "region_seen");
		if (id == NULL || strcmp(id, a->id) != 0)
			continue;
		snprintf(requests, sizeof requests, "%.0f", json_number(one, "requests", 0));
		snprintf(bytes, sizeof bytes, "%.0f", json_number(one, "bytes_sent", 0));
		word_fill(&words, NULL, word(p, "register.sent"),
			  WORD_VALUES({"name", a->brand}, {"requests", requests}, {"bytes", bytes}));
		if (region != NULL && *region != '\0')
			word_fill(&words, NULL, word(p, "register.region"), WORD_VALUES({"region", region}));
	}
	json_add_text(object, "sent", words.len > 0 ? buf_text(&words) : NULL);
}

// ---- the register ----

struct register_list {
	cJSON *mapping, *rows;                 // a row: the words of each column by its heading
	const char *titles[COLUMNS_MAX + 1];   // of the model; ended by NULL
	const cJSON *columns[COLUMNS_MAX + 1]; // in the mapping
};

static void register_free(struct register_list *r)
{
	cJSON_Delete(r->mapping);
	cJSON_Delete(r->rows);
}

static int register_make(struct register_list *r, const struct policy *p, enum register_model model, const struct register_figures *figures,
			 struct err *e)
{
	FACTS_AUTO struct facts f = {0};
	BUF_AUTO struct buf words = BUF_INIT(CELL_MAX);
	const cJSON *column, *purpose;
	size_t count = 0;

	*r = (struct register_list){0};
	if (facts_make(&f, p, true, e) != 0)
		return -1;
	cJSON *facts = f.tree;
	json_add_text(facts, "census", figures->census == NULL ? word(p, "register.not_counted") : NULL);
	json_add_text(facts, "unknown", figures->census == NULL ? word(p, "register.unknown") : NULL);
	json_add_text(facts, "traffic", figures->traffic == NULL ? word(p, "register.not_asked") : NULL);
	for (size_t i = 0; i < p->kind_count; i++)
		add_held(cJSON_GetArrayItem(cJSON_GetObjectItem(facts, "kinds"), (int)i), p, policy_kind_at(p, i), figures);
	for (size_t i = 0; i < p->processor_count; i++)
		add_sent(cJSON_GetArrayItem(cJSON_GetObjectItem(facts, "processors"), (int)i), p, &p->processors[i], figures->traffic);
	*r = (struct register_list){.mapping = json_parse(register_mapping, register_mapping_size, e), .rows = cJSON_CreateArray()};
	cJSON_ArrayForEach(column, json_get(r->mapping, "columns"))
	{
		r->titles[count] = json_string(column, models[model]);
		r->columns[count] = column;
		count += r->titles[count] != NULL && count < COLUMNS_MAX;
	}
	r->titles[count] = NULL;
	cJSON_ArrayForEach(purpose, json_get(facts, "purposes"))
	{
		cJSON *row = json_object_in(r->rows);
		for (size_t i = 0; i < count; i++) {
			const cJSON *value = json_get(r->columns[i], "value");
			const char *none = json_string(r->columns[i], "none");
			JSON_AUTO cJSON *made = cJSON_CreateArray();
			const cJSON *cell = value != NULL ? mapping_apply(r->mapping, value, p, facts, purpose, made, e) : NULL;
			if (value != NULL && cell == NULL)
				return err_prefix(e, "register.json: %s", r->titles[i]);
			buf_reset(&words);
			list_cell(word_language(p), cell, "; ", &words);
			json_add_text(row, r->titles[i], words.len == 0 && none != NULL ? word(p, none) : buf_text(&words));
		}
		if (words.failed)
			return err_set(e, ERR_MEMORY, "the register is too large");
	}
	return r->mapping == NULL ? -1 : 0;
}

int register_csv(const struct policy *p, enum register_model model, const struct register_figures *figures, struct buf *out, struct err *e)
{
	struct register_list r;
	int rc = register_make(&r, p, model, figures, e);
	const struct list list = {.columns = r.titles, .rows = r.rows, .language = word_language(p)};

	buf_adds(out, LIST_CSV_MARK);
	if (rc == 0 && list_csv(&list, out) != 0)
		rc = err_set(e, ERR_MEMORY, "the register is too large");
	register_free(&r);
	return rc;
}

static const char style[] =
    "body{font:11pt/1.5 system-ui,sans-serif;color:#14201b;background:#fff;margin:0}main{max-width:60rem;margin:auto;padding:2rem 1.25rem}"
    "h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.25rem;margin:2.5rem 0 .6rem;padding-top:1rem;border-top:2px solid "
    "#0b5d47}"
    "table{width:100%;border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.45rem .9rem .45rem 0;border-bottom:1px "
    "solid "
    "#d8dfd9;overflow-wrap:anywhere}th{width:17rem;font-weight:600}.live th,.live td{background:#dcebe3}.open td{color:#4d5d56}"
    "caption{position:absolute;clip-path:inset(50%);height:1px;overflow:hidden}"
    "@media print{main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}body{font-size:9.5pt}}";

int register_html(const struct policy *p, enum register_model model, const struct register_figures *figures, struct buf *out, struct err *e)
{
	static const char *const titles[] = {"Record of processing activities (Article 30 UK GDPR)",
					     "Record of processing activities (Article 30 GDPR)",
					     "Registre des activités de traitement (article 30 du RGPD)"};
	struct register_list r;
	int rc = register_make(&r, p, model, figures, e);
	const cJSON *row;
	int number = 0;
	char at[WHEN_TEXT];

	when_text(at, figures->at);
	xml_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", model == REGISTER_CNIL ? "fr" : "en");
	xml_printf(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s: %s</title>\n", p->shown_as,
		   titles[model]);
	buf_printf(out, "<style>%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n", style, titles[model]);
	xml_printf(out, "<p>%s, %s, %s</p>\n", p->shown_as, p->version, at);
	cJSON_ArrayForEach(row, (rc == 0 ? r.rows : NULL)) // an activity each: the first column is its heading
	{
		const char *title = json_string(row, r.titles[0]);
		number++;
		xml_printf(out, "<section aria-labelledby=\"activity-%d\">\n<h2 id=\"activity-%d\">%d. %s</h2>\n", number, number, number,
			   title);
		xml_printf(out, "<table>\n<caption>%d. %s</caption>\n<tbody>\n", number, title);
		for (size_t i = 1; r.titles[i] != NULL; i++) {
			const char *value = json_string(row, r.titles[i]);
			bool live = cJSON_IsTrue(json_get(r.columns[i], "live"));
			buf_adds(out, live ? "<tr class=\"live\">" : *value == '\0' ? "<tr class=\"open\">" : "<tr>");
			xml_printf(out, "<th scope=\"row\">%s</th><td>%s</td></tr>\n", r.titles[i], *value != '\0' ? value : "—");
		}
		buf_adds(out, "</tbody>\n</table>\n</section>\n");
	}
	buf_adds(out, "</main>\n</body>\n</html>\n");
	register_free(&r);
	return rc == 0 && out->failed ? err_set(e, ERR_MEMORY, "the register is too large") : rc;
}
