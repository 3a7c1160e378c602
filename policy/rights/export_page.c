// SPDX-License-Identifier: ISC
// index.html of an export: what Article 15 asks for, on one page that needs nothing but the files beside it.
#include "policy/rights/export_page.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"
#include <stdio.h>
#include <string.h>

static const char STYLE[] =
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#1c1c1c;background:#fff}"
    "h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem;border-top:1px solid #bbb;padding-top:1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.4rem .6rem .4rem 0;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}figure{display:inline-block;margin:0 1rem 1rem 0}img{max-width:18rem;max-height:"
    "18rem}figcaption{max-width:18rem;font-size:.85rem;overflow-wrap:anywhere}.notice{border:2px solid #a40000;padding:.6rem 1rem}"
    "dt{font-weight:600}dd{margin:0 0 .5rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#181818}a{color:#9cf}}";

static const char *moment_words(char out[WORD_DAY], const struct export *x, const char *text)
{
	time_t at;

	if (text == NULL || when_parse(&at, text) != 0)
		return "–";
	word_day(out, at, word_language(x->policy));
	return out;
}

static void stores_table(const struct export *x, struct writer *w)
{
	const char *const columns[] = {word(x->policy, "export.column.data"), word(x->policy, "export.column.found"),
				       word(x->policy, "export.column.result"), NULL};
	JSON_AUTO cJSON *stores = export_stores(x);
	const cJSON *store, *held;

	write_table_begin(w, word(x->policy, "export.stores"), columns);
	cJSON_ArrayForEach(store, stores)
	{
		const char *ground = json_string(store, "ground");
		char number[WORD_NUMBER];
		write_cell(w, json_string(store, "name"));
		write_cell(w, word_number(number, (long long)json_number(store, "found", 0)));
		write_cell_begin(w);
		write_words(w, ground != NULL ? word_or(x->policy, "export.ground.", ground)
					      : word_or(x->policy, "export.status.", json_string(store, "status")));
		cJSON_ArrayForEach(held, json_get(store, "withheld"))
		{
			WRITE_ALL(w, word(x->policy, "join.semicolon"), word_number(number, (long long)json_number(held, "count", 0)), ": ",
				  word_or(x->policy, "export.ground.", json_string(held, "ground")));
		}
		write_cell_end(w);
	}
	write_table_end(w);
}

// The pictures, by their thumbnails where there are some.
static void record_pictures(const cJSON *record, struct writer *w)
{
	const cJSON *file, *other, *prompt;

	cJSON_ArrayForEach(file, json_get(record, "files"))
	{
		const char *path = json_string(file, "path"), *name = strstr(path, "/images/"), *small = path, *words = NULL;
		if (name == NULL) {
			write_html(w, "<p>");
			write_link(w, path, path);
			write_html(w, "</p>\n");
			continue;
		}
		size_t stem = strcspn(name + strlen("/images/"), ".");
		cJSON_ArrayForEach(other, json_get(record, "files"))
		{
			const char *at = strstr(json_string(other, "path"), "/thumbnails/");
			if (at != NULL && strncmp(at + strlen("/thumbnails/"), name + strlen("/images/"), stem) == 0)
				small = json_string(other, "path");
		}
		cJSON_ArrayForEach(prompt, json_get(json_get(record, "prompts"), "pictures"))
		{
			const char *of = json_string(prompt, "file");
			if (of != NULL && strcmp(of, name + 1) == 0)
				words = json_string(prompt, "prompt");
		}
		write_html(w, "<figure><a href=\"");
		html_attr(w->out, path);
		write_html(w, "\"><img alt=\"");
		html_attr(w->out, words != NULL ? words : path);
		write_html(w, "\" src=\"");
		html_attr(w->out, small);
		write_html(w, "\"></a><figcaption>");
		write_words(w, words != NULL ? words : path);
		write_html(w, "</figcaption></figure>\n");
	}
}

static void record_section(const struct export *x, const cJSON *record, struct writer *w)
{
	static const char *const shown[] = {"right", "contact", "message", "answered", "count", "size"};
	const struct policy *p = x->policy;
	const cJSON *data = json_get(record, "data");
	enum kind kind = KIND_COUNT;
	char stored[WORD_DAY], ends[WORD_DAY], number[WORD_NUMBER];

	bool known = kind_from_name(&kind, json_string(record, "kind")) == 0 && p->kinds[kind].name != NULL;
	write_heading(w, 3, NULL, known ? p->kinds[kind].name : json_string(record, "kind"));
	write_note(w, json_string(record, "ends") != NULL ? "export.stored_until" : "export.stored",
		   WORD_VALUES({"day", moment_words(stored, x, json_string(record, "stored"))},
			       {"end", moment_words(ends, x, json_string(record, "ends"))}));
	write_html(w, "<dl>\n");
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		const cJSON *value = json_get(data, shown[i]);
		if (!cJSON_IsString(value) && !cJSON_IsNumber(value))
			continue;
		write_html(w, "<dt>");
		write_words(w, word_or(p, "export.member.", shown[i]));
		write_html(w, "</dt><dd>");
		write_words(w, cJSON_IsString(value) ? value->valuestring : word_number(number, (long long)value->valuedouble));
		write_html(w, "</dd>\n");
	}
	write_html(w, "</dl>\n");
	record_pictures(record, w);
}

enum { ROW_COLUMNS = 3 };

// Each column: the member, and the key of its title.
static void rows_table(const cJSON *rows, const char *title, const char *const members[ROW_COLUMNS][2], struct writer *w)
{
	const char *columns[ROW_COLUMNS + 1] = {NULL};
	const cJSON *row;

	if (cJSON_GetArraySize(rows) == 0)
		return;
	for (size_t i = 0; i < ROW_COLUMNS; i++)
		columns[i] = word(w->policy, members[i][1]);
	title = word(w->policy, title);
	write_heading(w, 2, NULL, title);
	write_table_begin(w, title, columns);
	cJSON_ArrayForEach(row, rows)
	{
		for (size_t i = 0; i < ROW_COLUMNS; i++)
			write_cell(w, json_string_or(row, members[i][0], i == 0 ? json_string_or(row, "day", "–") : "–"));
	}
	write_table_end(w);
}

static void recipients_list(const struct export *x, struct writer *w)
{
	const cJSON *one, *kind;

	write_heading(w, 2, NULL, word(x->policy, "export.recipients"));
	if (cJSON_GetArraySize(x->recipients) == 0)
		write_note(w, "export.recipients.none", NULL);
	write_begin(w, MARK_LIST);
	cJSON_ArrayForEach(one, x->recipients)
	{
		size_t count = 0;
		write_begin(w, MARK_ITEM);
		write_strong(w, json_string(one, "name") != NULL ? json_string(one, "name") : json_string(one, "id"));
		write_words(w, word(x->policy, "join.colon"));
		cJSON_ArrayForEach(kind, json_get(one, "kinds"))
		{
			enum kind k;
			bool known = kind_from_name(&k, kind->valuestring) == 0 && x->policy->kinds[k].name != NULL;
			write_joined(w, &count, word(x->policy, "join.comma"), known ? x->policy->kinds[k].name : kind->valuestring);
		}
		if (cJSON_IsTrue(json_get(one, "possible")))
			write_joined(w, &count, word(x->policy, "join.semicolon"), word(x->policy, "export.recipients.possible"));
		if (cJSON_IsTrue(json_get(one, "anonymised")))
			write_joined(w, &count, word(x->policy, "join.semicolon"), word(x->policy, "export.recipients.anonymised"));
		if (json_string(one, "deletion") != NULL) {
			BUF_AUTO struct buf told = BUF_INIT(1024);
			char day[WORD_DAY];
			word_day(day, json_time(one, "deleted_at"), word_language(x->policy));
			word_fill(
			    &told, NULL,
			    word(x->policy, json_time(one, "deleted_at") != 0 ? "export.recipients.deleted" : "export.recipients.asked"),
			    WORD_VALUES({"day", day}));
			write_joined(w, &count, word(x->policy, "join.semicolon"), buf_text(&told));
		}
		write_end(w, MARK_ITEM);
	}
	write_end(w, MARK_LIST);
}

// What the policy says of it. Its links lead to the site: beside this page there is none of its pages.
static void policy_parts(const struct policy *p, struct buf *out)
{
	static const char *const parts[] = {"controller", "kinds", "processors", "rights"};
	static const char link[] = " href=\"/";
	BUF_AUTO struct buf text = BUF_INIT(EXPORT_DOCUMENT_MAX), site = BUF_INIT(1024);
	struct writer w = {.form = FORM_HTML, .out = &text, .policy = p};
	char key[64];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		snprintf(key, sizeof key, "export.part.%s", parts[i]);
		write_heading(&w, 2, NULL, word(p, key));
		notice_part(p, &w, parts[i]);
	}
	address_site(p, &site);
	const char *from = buf_text(&text);
	for (const char *at; (at = strstr(from, link)) != NULL; from = at + strlen(link)) {
		buf_add(out, from, (size_t)(at - from));
		buf_printf(out, " href=\"");
		html_attr(out, buf_text(&site));
		buf_addc(out, '/');
	}
	buf_adds(out, from);
	out->failed = out->failed || text.failed;
}

// Article 15(1)(h) of the GDPR, in the policy's words.
static void automated_part(const struct policy *p, struct writer *w)
{
	write_heading(w, 2, NULL, word(p, "export.automated"));
	write_note(w,
		   p->automated_legal_effect ? "export.automated.effect"
		   : p->automated_used       ? "export.automated.yes"
					     : "export.automated.no",
		   NULL);
	if (p->automated.count > 0)
		write_paragraph(w, &p->automated);
	for (size_t i = 0; i < p->claim_count; i++)
		if (p->claims[i].id == CLAIM_NO_PROFILES && p->claims[i].kind == KIND_COUNT)
			write_paragraph(w, &p->claims[i].what);
}

int export_page(const struct export *x, struct buf *out)
{
	const struct policy *p = x->policy;
	static const char *const log[ROW_COLUMNS][2] = {
	    {"at", "export.column.at"}, {"address", "export.column.address"}, {"user_agent", "export.column.agent"}};
	static const char *const seen[ROW_COLUMNS][2] = {
	    {"at", "export.column.at"}, {"officer", "export.column.officer"}, {"reason", "export.column.reason"}};
	struct writer w = {.form = FORM_HTML, .out = out, .policy = p};
	BUF_AUTO struct buf title = BUF_INIT(1024);
	char day[WORD_DAY];
	const cJSON *record;

	word_day(day, x->at, word_language(p));
	word_fill(&title, NULL, word(p, "export.title"), WORD_VALUES({"site", p->shown_as}));
	write_html(&w, "<!DOCTYPE html>\n<html lang=\"");
	html_attr(out, p->language);
	// Nothing that could be in a record is run or fetched.
	write_html(&w, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:; style-src "
		       "'unsafe-inline'\">\n"
		       "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	write_words(&w, buf_text(&title));
	write_html(&w, "</title>\n<style>");
	write_html(&w, STYLE);
	write_html(&w, "</style>\n</head>\n<body>\n<main>\n");
	write_heading(&w, 1, NULL, buf_text(&title));
	write_note(&w, "export.lead", WORD_VALUES({"site", p->shown_as}, {"day", day}));
	if (x->reason[0] != '\0') {
		write_html(&w, "<div class=\"notice\" role=\"note\">");
		write_note(&w, "export.partial", WORD_VALUES({"contact", p->contact}));
		write_html(&w, "</div>\n");
	}
	if (!export_any(x))
		write_note(&w, "export.nothing", NULL);
	write_heading(&w, 2, NULL, word(p, "export.stores"));
	stores_table(x, &w);
	if (x->unproven)
		write_note(&w, "export.not_searched", NULL);
	if (cJSON_GetArraySize(x->records) > 0)
		write_heading(&w, 2, NULL, word(p, "export.records"));
	cJSON_ArrayForEach(record, x->records)
	{
		record_section(x, record, &w);
	}
	rows_table(x->log, "export.log", log, &w);
	if (x->shared)
		write_note(&w, "export.shared", NULL);
	rows_table(x->seen, "export.seen", seen, &w);
	recipients_list(x, &w);
	policy_parts(p, out);
	automated_part(p, &w);
	write_heading(&w, 2, NULL, word(p, "export.programs"));
	write_note(&w, "export.programs.which", NULL);
	write_html(&w, "</main>\n</body>\n</html>\n");
	return x->no_memory || out->failed ? -1 : 0;
}
