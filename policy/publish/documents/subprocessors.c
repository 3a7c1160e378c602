// SPDX-License-Identifier: ISC
// The list of subprocessors in six forms. Built-in processors are not in it: nothing leaves for them.
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/columns.h"
#include "policy/publish/render/writer.h"
#include <stdlib.h>
#include <string.h>

// The cell's items, joined, into *out, which is emptied first.
static const char *cell_words(const struct policy *p, size_t processor, const struct column *column, struct buf *out)
{
	buf_reset(out);
	cell_join(column, p, processor, out);
	return buf_text(out);
}

static void list_text(const struct policy *p, struct buf *out)
{
	BUF_AUTO struct buf words = BUF_INIT(65536);

	for (size_t i = 0; i < p->processor_count; i++) {
		for (size_t j = 0; j < column_count && !p->processors[i].local; j++) {
			if (columns[j].shown)
				buf_printf(out, "%-20s %s\n", column_title(p, &columns[j]), cell_words(p, i, &columns[j], &words));
		}
		buf_adds(out, p->processors[i].local ? "" : "\n");
	}
}

static void list_csv(const struct policy *p, struct buf *out)
{
	BUF_AUTO struct buf words = BUF_INIT(65536);

	for (size_t j = 0; j < column_count; j++)
		buf_printf(out, "%s%s", j > 0 ? "," : "", columns[j].key);
	buf_adds(out, "\r\n");
	for (size_t i = 0; i < p->processor_count; i++) {
		if (p->processors[i].local)
			continue;
		for (size_t j = 0; j < column_count; j++) {
			buf_adds(out, j > 0 ? "," : "");
			csv_cell(out, cell_words(p, i, &columns[j], &words));
		}
		buf_adds(out, "\r\n");
	}
}

// One element per value, named by the column; a list has one element per item.
static void list_xml(const struct policy *p, struct buf *out)
{
	char updated[WHEN_DATE];
	struct cell c;

	when_date(updated, p->updated);
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<subprocessors site=\"");
	xml_text(out, p->site);
	buf_printf(out, "\" updated=\"%s\" version=\"", updated);
	xml_text(out, p->version);
	buf_adds(out, "\">\n");
	for (size_t i = 0; i < p->processor_count; i++) {
		if (p->processors[i].local)
			continue;
		buf_adds(out, "  <subprocessor>\n");
		for (size_t j = 0; j < column_count; j++) {
			cell_fill(&columns[j], p, i, &c);
			for (size_t k = 0; k < c.count; k++) {
				buf_printf(out, "    <%s>", columns[j].key);
				xml_text(out, c.items[k]);
				buf_printf(out, "</%s>\n", columns[j].key);
			}
		}
		buf_adds(out, "  </subprocessor>\n");
	}
	buf_adds(out, "</subprocessors>\n");
}

static cJSON *cell_json(const struct cell *c)
{
	if (c->type == CELL_YES_NO)
		return cJSON_CreateBool(c->yes);
	if (c->type == CELL_LIST)
		return cJSON_CreateStringArray(c->items, (int)c->count);
	return c->count > 0 ? cJSON_CreateString(c->items[0]) : cJSON_CreateNull();
}

static int list_json(const struct policy *p, struct buf *out)
{
	JSON_AUTO cJSON *top = cJSON_CreateObject();
	char updated[WHEN_DATE];
	struct cell c;

	when_date(updated, p->updated);
	cJSON_AddStringToObject(top, "site", p->site);
	cJSON_AddStringToObject(top, "version", p->version);
	cJSON_AddStringToObject(top, "updated", updated);
	cJSON_AddStringToObject(top, "policy_sha256", p->sha256);
	cJSON *list = cJSON_AddArrayToObject(top, "subprocessors");
	for (size_t i = 0; i < p->processor_count; i++) {
		cJSON *object = p->processors[i].local ? NULL : cJSON_CreateObject();
		if (object == NULL || !cJSON_AddItemToArray(list, object))
			continue;
		for (size_t j = 0; j < column_count; j++) {
			cell_fill(&columns[j], p, i, &c);
			cJSON_AddItemToObject(object, columns[j].key, cell_json(&c));
		}
	}
	return pages_json(top, out);
}

static void list_table(const struct policy *p, struct writer *w)
{
	BUF_AUTO struct buf words = BUF_INIT(65536);
	const char *titles[32] = {NULL};
	size_t count = 0;

	for (size_t j = 0; j < column_count; j++) {
		if (columns[j].shown)
			titles[count++] = column_title(p, &columns[j]);
	}
	write_table_begin(w, word(p, "list.caption"), titles);
	for (size_t i = 0; i < p->processor_count; i++) {
		if (p->processors[i].local)
			continue;
		write_row_begin(w);
		for (size_t j = 0; j < column_count; j++) {
			if (!columns[j].shown)
				continue;
			const char *value = cell_words(p, i, &columns[j], &words);
			write_cell_begin(w);
			if (strncmp(value, "https://", 8) == 0)
				write_link(w, column_title(p, &columns[j]), value);
			else
				write_words(w, value);
			write_cell_end(w);
		}
		write_row_end(w);
	}
	write_table_end(w);
}

static void list_written(const struct policy *p, enum form form, struct buf *out)
{
	struct writer w = {.form = form, .out = out, .policy = p};
	char updated[WHEN_DATE];
	size_t outside = 0;

	for (size_t i = 0; i < p->processor_count; i++)
		outside += !p->processors[i].local;
	when_date(updated, p->updated);
	write_heading(&w, 1, NULL, word(p, "list.title"));
	write_note(&w, outside > 0 ? "list.some" : "list.nobody", WORD_VALUES({"site", p->shown_as}, {"date", updated}));
	if (outside > 0)
		list_table(p, &w);
	write_note(&w, "list.forms", NULL);
}

void subprocessors_fragment(const struct policy *p, struct buf *out)
{
	list_written(p, FORM_HTML, out);
}

static void list_html(const struct policy *p, struct buf *out)
{
	buf_adds(out, "<!doctype html>\n<html lang=\"");
	html_attr(out, p->language);
	buf_printf(out, "\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s: ", word(p, "list.title"));
	html_text(out, p->shown_as);
	buf_adds(out, "</title>\n</head>\n<body>\n<main>\n");
	list_written(p, FORM_HTML, out);
	buf_adds(out, "</main>\n</body>\n</html>\n");
}

int list_format_from_name(enum list_format *out, const char *name)
{
	static const char *const names[] = {"text", "json", "csv", "md", "html", "xml"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*out = (enum list_format)i;
			return 0;
		}
	}
	return -1;
}

int publish_subprocessors(const struct policy *p, enum list_format format, struct buf *out, struct err *e)
{
	int rc = 0;

	switch (format) {
	case LIST_TEXT:
		list_text(p, out);
		break;
	case LIST_JSON:
		rc = list_json(p, out);
		break;
	case LIST_CSV:
		list_csv(p, out);
		break;
	case LIST_MARKDOWN:
		list_written(p, FORM_MARKDOWN, out);
		break;
	case LIST_HTML:
		list_html(p, out);
		break;
	case LIST_XML:
		list_xml(p, out);
		break;
	}
	return rc < 0 || out->failed ? err_set(e, ERR_MEMORY, "the list of subprocessors is too large") : 0;
}
