// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/base/text.h"
#include <string.h>

enum { COLUMNS_MAX = 12, CELL_MAX = 64 * 1024 };

void table_init(struct table *t, const char *const *columns)
{
	*t = (struct table){.columns = columns, .rows = cJSON_CreateArray()};
	t->failed = t->rows == NULL;
}

void table_free(struct table *t)
{
	cJSON_Delete(t->rows);
	t->rows = NULL;
}

cJSON *table_row(struct table *t)
{
	cJSON *row = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(t->rows, row)) {
		cJSON_Delete(row);
		row = NULL;
		t->failed = true;
	}
	return row;
}

void table_text(struct table *t, cJSON *row, const char *name, const char *value)
{
	if (cJSON_AddStringToObject(row, name, value) == NULL)
		t->failed = true;
}

void table_number(struct table *t, cJSON *row, const char *name, double value)
{
	if (cJSON_AddNumberToObject(row, name, value) == NULL)
		t->failed = true;
}

void table_bool(struct table *t, cJSON *row, const char *name, bool value)
{
	if (cJSON_AddBoolToObject(row, name, value) == NULL)
		t->failed = true;
}

void table_when(struct table *t, cJSON *row, const char *name, time_t value)
{
	char text[WHEN_TEXT];

	when_text(text, value);
	if (value == 0 ? cJSON_AddNullToObject(row, name) == NULL : cJSON_AddStringToObject(row, name, text) == NULL)
		t->failed = true;
}

static void add_leaf(struct table *t, const char *name, const cJSON *leaf)
{
	cJSON *row = table_row(t);

	table_text(t, row, "name", name);
	if (cJSON_IsString(leaf))
		table_text(t, row, "value", leaf->valuestring);
	else if (cJSON_IsNumber(leaf))
		table_number(t, row, "value", leaf->valuedouble);
	else if (cJSON_IsBool(leaf))
		table_bool(t, row, "value", cJSON_IsTrue(leaf));
	else
		table_text(t, row, "value", "none");
}

// Recursion ends where cJSON's parser would: it refuses what is nested too deep.
static void add_leaves(struct table *t, const char *path, const cJSON *parent)
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
		if (cJSON_IsObject(child) || cJSON_IsArray(child))
			add_leaves(t, buf_text(&name), child);
		else
			add_leaf(t, buf_text(&name), child);
	}
}

void table_leaves(struct table *t, const cJSON *object)
{
	add_leaves(t, "", object);
}

size_t table_size(const struct table *t)
{
	return (size_t)cJSON_GetArraySize(t->rows);
}

// The cell as text, not yet escaped for anything.
static int add_cell(struct buf *out, const cJSON *cell)
{
	if (cJSON_IsString(cell))
		return buf_adds(out, cell->valuestring);
	if (cJSON_IsNumber(cell))
		return buf_printf(out, "%.15g", cell->valuedouble);
	if (cJSON_IsBool(cell))
		return buf_adds(out, cJSON_IsTrue(cell) ? "yes" : "no");
	return 0;
}

static int add_csv(const struct table *t, struct buf *out)
{
	const cJSON *row;
	BUF_AUTO_WIPE struct buf cell = BUF_INIT(CELL_MAX);

	for (size_t i = 0; t->columns[i] != NULL; i++)
		buf_printf(out, "%s%s", i ? "," : "", t->columns[i]);
	buf_adds(out, "\r\n");
	cJSON_ArrayForEach(row, t->rows)
	{
		for (size_t i = 0; t->columns[i] != NULL; i++) {
			buf_reset(&cell);
			if (add_cell(&cell, json_get(row, t->columns[i])) != 0 || (i > 0 && buf_addc(out, ',') != 0) ||
			    csv_cell(out, buf_text(&cell)) != 0)
				return -1;
		}
		buf_adds(out, "\r\n");
	}
	return out->failed ? -1 : 0;
}

// One row's cell as it is shown.
static int shown_cell(const cJSON *row, const char *column, struct buf *shown)
{
	BUF_AUTO_WIPE struct buf cell = BUF_INIT(CELL_MAX);

	buf_reset(shown);
	if (add_cell(&cell, json_get(row, column)) != 0)
		return -1;
	return output_text(shown, buf_text(&cell));
}

static int widths(const struct table *t, size_t *width)
{
	const cJSON *row;
	BUF_AUTO_WIPE struct buf cell = BUF_INIT(CELL_MAX);

	for (size_t i = 0; t->columns[i] != NULL; i++)
		width[i] = utf8_count(t->columns[i]);
	cJSON_ArrayForEach(row, t->rows)
	{
		for (size_t i = 0; t->columns[i] != NULL; i++) {
			if (shown_cell(row, t->columns[i], &cell) != 0)
				return -1;
			size_t n = utf8_count(buf_text(&cell));
			width[i] = n > width[i] ? n : width[i];
		}
	}
	return 0;
}

// A cell and what separates it from the next; the last one is not padded.
static void add_padded(struct buf *out, const char *text, size_t width, bool last)
{
	buf_adds(out, text);
	for (size_t n = utf8_count(text); !last && n < width + 2; n++)
		buf_addc(out, ' ');
	if (last)
		buf_addc(out, '\n');
}

static int add_text(const struct table *t, struct buf *out)
{
	const cJSON *row;
	size_t width[COLUMNS_MAX] = {0};
	BUF_AUTO_WIPE struct buf cell = BUF_INIT(CELL_MAX);

	if (cJSON_GetArraySize(t->rows) == 0)
		return 0;
	if (widths(t, width) != 0)
		return -1;
	for (size_t i = 0; t->columns[i] != NULL; i++)
		add_padded(out, t->columns[i], width[i], t->columns[i + 1] == NULL);
	cJSON_ArrayForEach(row, t->rows)
	{
		for (size_t i = 0; t->columns[i] != NULL; i++) {
			if (shown_cell(row, t->columns[i], &cell) != 0)
				return -1;
			add_padded(out, buf_text(&cell), width[i], t->columns[i + 1] == NULL);
		}
	}
	return out->failed ? -1 : 0;
}

int table_print(const struct table *t, const char *format, struct buf *out)
{
	if (t->failed)
		return -1;
	if (format != NULL && strcmp(format, "csv") == 0)
		return add_csv(t, out);
	if (format == NULL || strcmp(format, "json") != 0)
		return add_text(t, out);
	if (json_print(out, t->rows) != 0)
		return -1;
	return buf_addc(out, '\n');
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
