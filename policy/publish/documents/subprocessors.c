// SPDX-License-Identifier: ISC
// The list of subprocessors in six forms, a mapping of the facts (subprocessors.json). Built-in processors are not in it: nothing leaves
// for them.
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"

const char *const subprocessors_columns[] = {
    "id",        "legal_name",     "brand",           "role",  "service",        "purpose", "purposes", "location",
    "countries", "regions",        "data_categories", "kinds", "data_subjects",  "hosts",   "transfer", "agreement",
    "retention", "trains_on_data", "policy",          "added", "effective_from", "removed", "status",   NULL};
const char *const subprocessors_shown[] = {"brand",    "legal_name",     "service", "purpose", "location", "data_categories",
					   "transfer", "trains_on_data", "policy",  "added",   NULL};

static void list_document(const struct policy *p, const struct list *shown, enum form form, struct buf *out)
{
	struct writer w = {.form = form, .out = out, .policy = p};
	bool some = cJSON_GetArraySize(shown->rows) > 0;
	char updated[WHEN_DATE];

	when_date(updated, p->updated);
	write_heading(&w, 1, NULL, word(p, "list.title"));
	write_note(&w, some ? "list.some" : "list.nobody", WORD_VALUES({"site", p->shown_as}, {"date", updated}));
	if (some)
		list_table(shown, word(p, "list.caption"), &w);
	write_note(&w, "list.forms", NULL);
}

static const char *const format_names[] = {"text", "json", "csv", "md", "html", "xml"};
const struct policy_words subprocessors_formats = {NULL, format_names, ARRAY_LEN(format_names)};

int subprocessors_write(const struct facts *f, enum subprocessors_format format, struct buf *out, struct err *e)
{
	const struct policy *p = f->policy;
	const cJSON *rows = json_get(f->subprocessors, "subprocessors");
	const char *titles[ARRAY_LEN(subprocessors_shown)] = {NULL};
	const struct list all = {subprocessors_columns, NULL, rows, word_language(p)},
			  shown = {subprocessors_shown, titles, rows, word_language(p)};
	char updated[WHEN_DATE];
	int rc = 0;

	for (size_t i = 0; subprocessors_shown[i] != NULL; i++)
		titles[i] = word_or(p, "list.column.", subprocessors_shown[i]);
	if (format == LIST_TEXT) {
		list_text(&shown, out);
	} else if (format == LIST_JSON) {
		rc = json_print_lines(out, f->subprocessors);
	} else if (format == LIST_CSV) {
		buf_adds(out, LIST_CSV_MARK);
		rc = list_csv(&all, out);
	} else if (format == LIST_MARKDOWN || format == LIST_HTML_PART) {
		list_document(p, &shown, format == LIST_MARKDOWN ? FORM_MARKDOWN : FORM_HTML, out);
	} else if (format == LIST_HTML) {
		xml_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s: %s</title>\n",
			   p->language, word(p, "list.title"), p->shown_as);
		buf_adds(out, "</head>\n<body>\n<main>\n");
		list_document(p, &shown, FORM_HTML, out);
		buf_adds(out, "</main>\n</body>\n</html>\n");
	} else { // LIST_XML
		when_date(updated, p->updated);
		xml_printf(out,
			   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			   "<subprocessors site=\"%s\" updated=\"%s\" version=\"%s\">\n",
			   p->site, updated, p->version);
		list_xml(&all, "subprocessor", out);
		buf_adds(out, "</subprocessors>\n");
	}
	return rc != 0 || out->failed ? err_set(e, ERR_MEMORY, "the list of subprocessors is too large") : 0;
}
