// SPDX-License-Identifier: ISC
// The register's columns are data (register.json): for each its headings by model (true: the English word for it), a mapping of a purpose among the
// facts, one for where that gives nothing (otherwise), the word that stands where neither does, and whether it is what is so at this moment. A column
// without a mapping, or with "officer", is for the officer to fill in: the latter where nothing was written down with lethe assess or lethe incident, whatever word stands there then.
// What the officer filled in is kept in the CSV alone: the next register takes it from there.
#include "policy/publish/documents/register.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/json.h"
#include "policy/publish/render/mapping.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

EMBED(register_mapping, "policy/publish/documents/register.json");

enum { CELL_MAX = 1024 * 1024 };
static const char *const models[] = {"ico", "dpc", "cnil"};
const struct policy_words register_models = {NULL, models, ARRAY_LEN(models)};
static const char *const formats[] = {"html", "csv", "json", "text"};
const struct policy_words register_formats = {NULL, formats, ARRAY_LEN(formats)};

// ---- people, where the policy speaks to its reader ----

static bool word_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

// In English and in German a verb stays as it is. German has the same word for "you" and "they" where a sentence begins: that one stays.
static void add_of_people(struct buf *out, const char *text, const char *language)
{
	static const struct {
		const char *language, *to_reader, *of_people;
	} rows[] = {
	    {"en", "yourselves", "themselves"}, {"en", "yourself", "themselves"}, {"en", "yours", "theirs"}, {"en", "your", "their"},
	    {"en", "Your", "People’s"},         {"en", "you", "people"},          {"en", "You", "People"},   {"de", "Ihnen", "Betroffenen"},
	    {"de", "Sie", "Betroffene"},        {"de", "Ihre", "ihre"},           {"de", "Ihrer", "ihrer"},  {"de", "Ihrem", "ihrem"},
	    {"de", "Ihren", "ihren"},           {"de", "Ihres", "ihres"},         {"de", "Ihr", "ihr"},      {"zh", "您", "当事人"}};
	bool begins = true; // a sentence

	for (const char *at = text; *at != '\0';) {
		size_t i = 0, len = 0;
		bool zh = strncmp(language, "zh", 2) == 0, starts = zh || at == text || !word_letter(at[-1]);
		for (; starts && i < ARRAY_LEN(rows); i++) {
			len = strlen(rows[i].to_reader);
			if (strncmp(rows[i].language, language, 2) == 0 && strncmp(at, rows[i].to_reader, len) == 0 &&
			    (zh || (!word_letter(at[len]) && !(at[len] == '.' && word_letter(at[len + 1])))) &&
			    !(begins && strcmp(language, "de") == 0))
				break;
		}
		if (starts && i < ARRAY_LEN(rows)) {
			buf_adds(out, rows[i].of_people);
			at += len;
			begins = false;
			continue;
		}
		begins = strchr(".:;!?", *at) != NULL || (begins && strchr(" (", *at) != NULL);
		buf_addc(out, *at++);
	}
}

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

// Which purposes a case is about: those that it names, those of the processor, or of the kinds of data.
static void add_case(cJSON *list, const struct policy *p, const cJSON *one)
{
	cJSON *object = json_object_in(list), *purposes = cJSON_AddArrayToObject(object, "purposes");
	const cJSON *of;

	json_add_text(object, "about", json_string(one, "about"));
	json_add_text(object, "words", json_string(one, "words"));
	for (size_t i = 0; i < p->purpose_count; i++) {
		const char *id = p->purposes[i].id;
		bool about = false;
		cJSON_ArrayForEach(of, json_get(one, "of"))
		{
			const struct policy_processor *processor = policy_processor(p, of->valuestring);
			about = about || strcmp(of->valuestring, id) == 0 ||
				(processor != NULL && policy_strings_have(&processor->purposes, id));
			for (size_t k = 0; k < p->kind_count; k++) {
				const struct policy_kind *kind = policy_kind_at(p, k);
				about = about || (strcmp(kind_row(kind->kind)->name, of->valuestring) == 0 &&
						  policy_strings_have(&kind->purposes, id));
			}
		}
		if (about)
			cJSON_AddItemToArray(purposes, cJSON_CreateString(id));
	}
}

// ---- the register ----

void register_free(struct register_list *r)
{
	cJSON_Delete(r->mapping);
	cJSON_Delete(r->rows);
	*r = (struct register_list){0};
}

int register_make(struct register_list *r, const struct policy *p, enum register_model model, const struct register_figures *figures,
		  struct err *e)
{
	FACTS_AUTO struct facts f = {0};
	BUF_AUTO struct buf words = BUF_INIT(CELL_MAX), said = BUF_INIT(2 * CELL_MAX);
	const cJSON *column, *purpose, *one;
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
	cJSON_AddNullToObject(facts, "nothing");
	cJSON *cases = cJSON_AddArrayToObject(facts, "cases");
	cJSON_ArrayForEach(one, figures->cases)
	{
		add_case(cases, p, one);
	}
	*r = (struct register_list){.policy = p,
				    .model = model,
				    .at = figures->at,
				    .mapping = json_parse(register_mapping, register_mapping_size, e),
				    .rows = cJSON_CreateArray()};
	cJSON_ArrayForEach(column, json_get(r->mapping, "columns"))
	{
		const char *id = json_string(column, "id"), *title = json_string(column, models[model]);
		char key[64];
		snprintf(key, sizeof key, "register.column.%s", id != NULL ? id : "");
		if (count == REGISTER_COLUMNS_MAX || (title == NULL && !cJSON_IsTrue(json_get(column, models[model]))))
			continue;
		r->titles[count] = title != NULL ? title : word_in(LANGUAGE_EN, key);
		r->heads[count] = word_language(p) == LANGUAGE_EN ? r->titles[count] : word(p, key);
		r->columns[count++] = column;
	}
	cJSON_ArrayForEach(purpose, json_get(facts, "purposes"))
	{
		cJSON *row = json_object_in(r->rows);
		for (size_t i = 0; i < count; i++) {
			static const char *const mappings[] = {"value", "otherwise"};
			const char *none = json_string(r->columns[i], "none");
			JSON_AUTO cJSON *made = cJSON_CreateArray();
			buf_reset(&words);
			for (size_t k = 0; k < ARRAY_LEN(mappings) && words.len == 0; k++) {
				const cJSON *value = json_get(r->columns[i], mappings[k]);
				const cJSON *cell = value != NULL ? mapping_apply(r->mapping, value, p, facts, purpose, made, e) : NULL;
				if (value != NULL && cell == NULL)
					return err_prefix(e, "register.json: %s", r->titles[i]);
				list_cell(word_language(p), cell, "; ", &words);
			}
			buf_reset(&said);
			add_of_people(&said, words.len == 0 && none != NULL ? word(p, none) : buf_text(&words), p->language);
			json_add_text(row, r->titles[i], buf_text(&said));
		}
		if (words.failed || said.failed)
			return err_set(e, ERR_MEMORY, "the register is too large");
	}
	return r->mapping == NULL ? -1 : 0;
}

// ---- what the officer filled in ----

// Reads a cell (RFC 4180) into `out`; *at is behind what separates it from the next. Returns false where the row ends with it.
static bool csv_read_cell(const char **at, const char *end, char separator, struct buf *out)
{
	const char *c = *at;

	buf_reset(out);
	if (c < end && *c == '"') {
		for (c++; c < end && (*c != '"' || (c + 1 < end && c[1] == '"')); c++) {
			buf_addc(out, *c);
			c += *c == '"';
		}
		c += c < end;
	}
	for (; c < end && *c != separator && *c != '\n'; c++)
		if (*c != '\r')
			buf_addc(out, *c);
	bool more = c < end && *c == separator;
	*at = c + (c < end);
	return more;
}

int register_merge(struct register_list *r, const char *csv, size_t len, struct buf *lost, struct err *e)
{
	const char *at = csv, *end = csv + len;
	size_t column[REGISTER_COLUMNS_MAX] = {0}, count = 0, known = 0;
	BUF_AUTO struct buf cell = BUF_INIT(CELL_MAX);
	bool more = true;

	if (len >= sizeof LIST_CSV_MARK - 1 && memcmp(at, LIST_CSV_MARK, sizeof LIST_CSV_MARK - 1) == 0)
		at += sizeof LIST_CSV_MARK - 1;
	// Spreadsheets of some languages separate by semicolons. The headings may be those of an English policy.
	const char *not_applicable = word(r->policy, "register.not_applicable");
	const char *quoted = at < end && *at == '"' ? "\"" : "", *const title = r->titles[0];
	bool english = (size_t)(end - at) > strlen(title) && strncmp(at + strlen(quoted), title, strlen(title)) == 0;
	size_t first = strlen(english ? title : r->heads[0]) + 2 * strlen(quoted);
	const char separator = (size_t)(end - at) > first && (at[first] == ';' || at[first] == '\t') ? at[first] : ',';
	while (more && count < REGISTER_COLUMNS_MAX) {
		size_t i = 0;
		more = csv_read_cell(&at, end, separator, &cell);
		while (r->titles[i] != NULL && strcmp(r->heads[i], buf_text(&cell)) != 0 && strcmp(r->titles[i], buf_text(&cell)) != 0)
			i++;
		known += r->titles[i] != NULL;
		column[count++] = i;
	}
	if (more || count == 0 || r->titles[column[0]] == NULL || column[0] != 0 || known < 2)
		return err_set(e, ERR_INPUT, "it is no register as CSV with these columns: its first line should begin with \"%s\"",
			       r->heads[0]);
	while (at < end) {
		cJSON *row = NULL, *one;
		size_t held = 0;
		more = true;
		for (size_t n = 0; more; n++) {
			more = csv_read_cell(&at, end, separator, &cell);
			const char *said = buf_text(&cell);
			size_t i = n < count ? column[n] : 0;
			if (n == 0) {
				cJSON_ArrayForEach(one, r->rows)
				{
					if (strcmp(json_string(one, r->titles[0]), said) == 0)
						row = one;
				}
				if (row == NULL && *said != '\0')
					buf_printf(lost, "%s", said);
				continue;
			}
			bool officers = n < count && r->titles[i] != NULL &&
					(json_get(r->columns[i], "value") == NULL || cJSON_IsTrue(json_get(r->columns[i], "officer")));
			if (*said == '\0' || n >= count || r->titles[i] == NULL)
				continue;
			// What this program wrote where there was nothing is nothing that the officer filled in.
			const char *none_key = json_string(r->columns[i], "none"),
				   *none = none_key != NULL ? word(r->policy, none_key) : "";
			const bool filled = strcmp(none, said) != 0 && strcmp(not_applicable, said) != 0;
			if (row == NULL) {
				if (officers && filled)
					buf_printf(lost, "%s%s \"%s\"", held++ > 0 ? ", " : ": ", r->heads[i], said);
				continue;
			}
			const char *here = json_string(row, r->titles[i]);
			const bool ours = *here != '\0' && (!officers || (strcmp(here, none) != 0 && strcmp(here, not_applicable) != 0));
			if (!filled || (json_get(r->columns[i], "value") != NULL && ours))
				continue;
			said += *said == '\'' && said[1] != '\0' && strchr("=+-@", said[1]) != NULL; // as csv_cell() writes it
			if (!cJSON_ReplaceItemInObjectCaseSensitive(row, r->titles[i], cJSON_CreateString(said)))
				return err_set(e, ERR_MEMORY, "no memory");
		}
		if (row == NULL && lost->len > 0 && lost->data[lost->len - 1] != '\n')
			buf_addc(lost, '\n');
	}
	return cell.failed || lost->failed ? err_set(e, ERR_INPUT, "it is too large") : 0;
}

size_t register_blank(const struct register_list *r, struct buf *out)
{
	size_t all = 0;

	for (size_t i = 0; r->titles[i] != NULL; i++) {
		size_t blank = 0;
		const cJSON *row;
		cJSON_ArrayForEach(row, r->rows)
		{
			blank += *json_string(row, r->titles[i]) == '\0';
		}
		if (blank > 0)
			buf_printf(out, "%s: empty in %zu of %d activities\n", r->heads[i], blank, cJSON_GetArraySize(r->rows));
		all += blank;
	}
	return all;
}

// ---- the forms ----

static int write_csv(const struct register_list *r, struct buf *out)
{
	const struct list list = {.columns = r->titles, .titles = r->heads, .rows = r->rows, .language = word_language(r->policy)};

	buf_adds(out, LIST_CSV_MARK);
	return list_csv(&list, out);
}

static int write_text(const struct register_list *r, struct buf *out)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, r->rows)
	{
		for (size_t i = 0; r->titles[i] != NULL; i++) {
			const char *value = json_string(row, r->titles[i]);
			buf_printf(out, "%s: %s\n", r->heads[i], *value != '\0' ? value : word(r->policy, "register.blank"));
		}
		buf_addc(out, '\n');
	}
	return out->failed ? -1 : 0;
}

// {"site", "version", "at", "model", "activities": [{HEADING: TEXT, …}], "blank": [{"activity", "column"}]}
static int write_json(const struct register_list *r, struct buf *out)
{
	JSON_AUTO cJSON *top = cJSON_CreateObject();
	const cJSON *row;
	char at[WHEN_TEXT];

	when_text(at, r->at);
	json_add_text(top, "site", r->policy->site);
	json_add_text(top, "version", r->policy->version);
	json_add_text(top, "at", at);
	json_add_text(top, "model", models[r->model]);
	if (!cJSON_AddItemToObject(top, "activities", cJSON_Duplicate(r->rows, true)))
		return -1;
	cJSON *blank = cJSON_AddArrayToObject(top, "blank");
	cJSON_ArrayForEach(row, r->rows)
	{
		for (size_t i = 0; r->titles[i] != NULL; i++)
			if (*json_string(row, r->titles[i]) == '\0') {
				cJSON *one = json_object_in(blank);
				json_add_text(one, "activity", json_string(row, r->titles[0]));
				json_add_text(one, "column", r->titles[i]);
			}
	}
	return json_print_lines(out, top);
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

static int write_page(const struct register_list *r, struct buf *out)
{
	const char *const titles[] = {"Record of processing activities (Article 30 UK GDPR)", word_in(LANGUAGE_EN, "register.title"),
				      "Registre des activités de traitement (article 30 du RGPD)"};
	const struct policy *p = r->policy;
	const cJSON *row;
	int number = 0;
	char at[WHEN_TEXT];

	const bool english = word_language(p) == LANGUAGE_EN;
	const char *page_title = english ? titles[r->model] : word(p, "register.title");
	when_text(at, r->at);
	xml_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		   !english                    ? p->language
		   : r->model == REGISTER_CNIL ? "fr"
					       : "en");
	xml_printf(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s: %s</title>\n", p->shown_as,
		   page_title);
	buf_printf(out, "<style>%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n", style, page_title);
	xml_printf(out, "<p>%s, %s, %s</p>\n", p->shown_as, p->version, at);
	cJSON_ArrayForEach(row, r->rows) // an activity each: the first column is its heading
	{
		const char *title = json_string(row, r->titles[0]);
		number++;
		xml_printf(out, "<section aria-labelledby=\"activity-%d\">\n<h2 id=\"activity-%d\">%d. %s</h2>\n", number, number, number,
			   title);
		xml_printf(out, "<table>\n<caption>%d. %s</caption>\n<tbody>\n", number, title);
		for (size_t i = 1; r->titles[i] != NULL; i++) {
			const char *value = json_string(row, r->titles[i]);
			bool live = cJSON_IsTrue(json_get(r->columns[i], "live"));
			buf_adds(out, live ? "<tr class=\"live\">" : *value == '\0' ? "<tr class=\"open\">" : "<tr>");
			xml_printf(out, "<th scope=\"row\">%s</th><td>%s</td></tr>\n", r->heads[i],
				   *value != '\0' ? value : word(p, "register.blank"));
		}
		buf_adds(out, "</tbody>\n</table>\n</section>\n");
	}
	buf_adds(out, "</main>\n</body>\n</html>\n");
	return out->failed ? -1 : 0;
}

int register_write(const struct register_list *r, enum register_format format, struct buf *out, struct err *e)
{
	int ret = format == REGISTER_CSV    ? write_csv(r, out)
		  : format == REGISTER_JSON ? write_json(r, out)
		  : format == REGISTER_TEXT ? write_text(r, out)
					    : write_page(r, out);

	return ret == 0 ? 0 : err_set(e, ERR_MEMORY, "the register is too large");
}
