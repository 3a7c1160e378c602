// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/base/text.h"
#include "policy/publish/render/list.h"
#include <stdarg.h>
#include <string.h>

enum { COLUMNS_MAX = 12, CELL_MAX = 64 * 1024 };

void table_init(struct table *t, const char *const *columns, const char *types)
{
	*t = (struct table){.columns = columns, .types = types, .rows = cJSON_CreateArray()};
	t->failed = t->rows == NULL;
}

void table_free(struct table *t)
{
	cJSON_Delete(t->rows);
	t->rows = NULL;
}

void table_add(struct table *t, ...)
{
	cJSON *row = cJSON_CreateObject();
	va_list values;

	va_start(values, t);
	for (size_t i = 0; t->columns[i] != NULL; i++) {
		char text[WHEN_TEXT];
		cJSON *cell = NULL;
		if (t->types[i] == 's') {
			const char *value = va_arg(values, const char *);
			cell = cJSON_CreateString(value != NULL ? value : "");
		} else if (t->types[i] == 'n') {
			cell = cJSON_CreateNumber(va_arg(values, double));
		} else if (t->types[i] == 'b') {
			cell = cJSON_CreateBool(va_arg(values, int));
		} else {
			time_t value = va_arg(values, time_t);
			when_text(text, value);
			cell = value == 0 ? cJSON_CreateNull() : cJSON_CreateString(text);
		}
		t->failed |= !cJSON_AddItemToObject(row, t->columns[i], cell);
	}
	va_end(values);
	t->failed |= !cJSON_AddItemToArray(t->rows, row);
}

int table_move(struct table *t, cJSON *object, const char *name)
{
	cJSON *rows = t->rows;

	t->rows = NULL;
	if (cJSON_AddItemToObject(object, name, rows))
		return t->failed ? -1 : 0;
	cJSON_Delete(rows);
	return -1;
}

// Recursion ends where cJSON's parser would: it refuses what is nested too deep.
void table_leaves(struct table *t, const char *path, const cJSON *parent)
{
	const cJSON *child;
	bool list = cJSON_IsArray(parent);
	size_t n = 0;

	cJSON_ArrayForEach(child, parent)
	{
		BUF_AUTO struct buf name = BUF_INIT(CELL_MAX);
		const char *label = list ? json_string(child, "name") : child->string;
		if (!list && *path && strcmp(child->string, "name") == 0)
			continue; // stands in the path
		buf_printf(&name, "%s%s", path, *path ? "." : "");
		if (label != NULL)
			buf_adds(&name, label);
		else
			buf_printf(&name, "%zu", n);
		n++;
		t->failed |= name.failed;
		if (cJSON_IsObject(child) || cJSON_IsArray(child)) {
			table_leaves(t, buf_text(&name), child);
			continue;
		}
		cJSON *row = cJSON_CreateObject();
		cJSON *value = cJSON_IsNull(child) ? cJSON_CreateString("none") : cJSON_Duplicate(child, false);
		t->failed |= cJSON_AddStringToObject(row, t->columns[0], buf_text(&name)) == NULL ||
			     !cJSON_AddItemToObject(row, t->columns[1], value) || !cJSON_AddItemToArray(t->rows, row);
	}
}

size_t table_size(const struct table *t)
{
	return (size_t)cJSON_GetArraySize(t->rows);
}

int table_print(const struct table *t, const char *format, struct buf *out)
{
	const cJSON *row;
	size_t width[COLUMNS_MAX] = {0};
	BUF_AUTO_WIPE struct buf raw = BUF_INIT(CELL_MAX), shown = BUF_INIT(CELL_MAX);
	bool json = format != NULL && strcmp(format, "json") == 0;

	if (t->failed || (json && json_print(out, t->rows) != 0))
		return -1;
	if (json)
		return buf_addc(out, '\n');
	if (format != NULL && strcmp(format, "csv") == 0)
		return list_csv(&(struct list){.columns = t->columns, .rows = t->rows, .language = LANGUAGE_EN}, out);
	// Twice over all cells: to measure the columns, then to print them. The last one is not padded.
	for (int pass = 0; pass < 2 && t->rows->child != NULL; pass++) {
		bool heading = true;
		for (row = NULL; heading || row != NULL; row = heading ? t->rows->child : row->next, heading = false) {
			for (size_t i = 0; t->columns[i] != NULL; i++) {
				buf_reset(&raw);
				buf_reset(&shown);
				if ((heading ? buf_adds(&raw, t->columns[i])
					     : list_cell(LANGUAGE_EN, json_get(row, t->columns[i]), "; ", &raw)) != 0 ||
				    output_text(&shown, buf_text(&raw)) != 0)
					return -1;
				size_t n = utf8_count(buf_text(&shown));
				bool last = t->columns[i + 1] == NULL;
				if (pass == 0) {
					width[i] = n > width[i] ? n : width[i];
					continue;
				}
				buf_adds(out, buf_text(&shown));
				for (; !last && n < width[i] + 2; n++)
					buf_addc(out, ' ');
				if (last)
					buf_addc(out, '\n');
			}
		}
	}
	return out->failed ? -1 : 0;
}

enum status table_output(const struct table *t, const struct arguments *args, const char *empty)
{
	const char *format = argument(args, "format");
	BUF_AUTO_WIPE struct buf out = BUF_INIT(OUTPUT_MAX);

	if (table_print(t, format, &out) != 0)
		return output_complain(STATUS_UNSURE, "no memory to print the list");
	if (table_size(t) == 0 && empty != NULL && (format == NULL || strcmp(format, "text") == 0))
		buf_printf(&out, "%s\n", empty);
	return output_print(&out);
}
