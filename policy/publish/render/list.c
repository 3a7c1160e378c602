// SPDX-License-Identifier: ISC
#include "policy/publish/render/list.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <string.h>

int list_cell(enum language language, const cJSON *cell, const char *between, struct buf *out)
{
	const cJSON *item;

	if (cJSON_IsString(cell))
		buf_adds(out, cell->valuestring);
	else if (cJSON_IsNumber(cell))
		buf_printf(out, "%.15g", cell->valuedouble);
	else if (cJSON_IsBool(cell))
		buf_adds(out, word_in(language, cJSON_IsTrue(cell) ? "join.yes" : "join.no"));
	else if (cJSON_IsArray(cell)) {
		bool any = false;
		cJSON_ArrayForEach(item, cell)
		{
			if (cJSON_IsNull(item) || (cJSON_IsString(item) && item->valuestring[0] == '\0'))
				continue;
			buf_adds(out, any ? between : "");
			list_cell(language, item, between, out);
			any = true;
		}
	}
	return out->failed ? -1 : 0;
}

// The cell's words in *words, which is emptied first.
static const char *cell_of(const struct list *list, const cJSON *row, size_t column, struct buf *words)
{
	buf_reset(words);
	list_cell(list->language, json_get(row, list->columns[column]), "; ", words);
	return buf_text(words);
}

int list_csv(const struct list *list, struct buf *out)
{
	BUF_AUTO_WIPE struct buf words = BUF_INIT(WORD_BYTES_MAX);
	const char *const *heads = list->titles != NULL ? list->titles : list->columns;
	const cJSON *row;

	for (size_t i = 0; heads[i] != NULL; i++) {
		buf_adds(out, i > 0 ? "," : "");
		csv_cell(out, heads[i]);
	}
	buf_adds(out, "\r\n");
	cJSON_ArrayForEach(row, list->rows)
	{
		for (size_t i = 0; list->columns[i] != NULL; i++) {
			buf_adds(out, i > 0 ? "," : "");
			csv_cell(out, cell_of(list, row, i, &words));
		}
		buf_adds(out, "\r\n");
	}
	return out->failed || words.failed ? -1 : 0;
}

void list_xml(const struct list *list, const char *element, struct buf *out)
{
	const cJSON *row, *item;
	BUF_AUTO struct buf words = BUF_INIT(WORD_BYTES_MAX);

	cJSON_ArrayForEach(row, list->rows)
	{
		buf_printf(out, "  <%s>\n", element);
		for (size_t i = 0; list->columns[i] != NULL; i++) {
			const cJSON *cell = json_get(row, list->columns[i]);
			for (item = cJSON_IsArray(cell) ? cell->child : cell; item != NULL && !cJSON_IsNull(item);
			     item = item != cell ? item->next : NULL) {
				buf_reset(&words);
				list_cell(list->language, item, "", &words);
				xml_printf(out, "    <%s>%s</%s>\n", list->columns[i], buf_text(&words), list->columns[i]);
			}
		}
		buf_printf(out, "  </%s>\n", element);
	}
}

void list_text(const struct list *list, struct buf *out)
{
	BUF_AUTO struct buf words = BUF_INIT(WORD_BYTES_MAX);
	const cJSON *row;

	cJSON_ArrayForEach(row, list->rows)
	{
		for (size_t i = 0; list->columns[i] != NULL; i++)
			buf_printf(out, "%-20s %s\n", list->titles[i], cell_of(list, row, i, &words));
		buf_addc(out, '\n');
	}
}

void list_table(const struct list *list, const char *caption, struct writer *w)
{
	BUF_AUTO struct buf words = BUF_INIT(WORD_BYTES_MAX);
	const cJSON *row;

	write_table_begin(w, caption, list->titles);
	cJSON_ArrayForEach(row, list->rows)
	{
		for (size_t i = 0; list->columns[i] != NULL; i++) {
			const char *text = cell_of(list, row, i, &words);
			write_cell_begin(w);
			if (strncmp(text, "https://", 8) == 0)
				write_link(w, list->titles[i], text);
			else
				write_words(w, text);
			write_cell_end(w);
		}
	}
	write_table_end(w);
}
