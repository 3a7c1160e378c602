// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/render/list.h"
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

enum { COLUMNS_MAX = 12, CELL_MAX = 64 * 1024, ID_SHOWN = 8, LAST_LEAST = 16 };

void table_init(struct table *t, const char *const *columns, const char *types)
{
	*t = (struct table){.columns = columns, .types = types, .rows = cJSON_CreateArray(), .unlisted = cJSON_CreateArray()};
	t->failed = t->rows == NULL || t->unlisted == NULL;
}

void table_free(struct table *t)
{
	cJSON_Delete(t->rows);
	cJSON_Delete(t->unlisted);
	t->rows = t->unlisted = NULL;
}

void table_add(struct table *t, ...)
{
	cJSON *row = cJSON_CreateObject();
	va_list values;

	va_start(values, t);
	for (size_t i = 0; t->columns[i] != NULL; i++) {
		char text[WHEN_TEXT];
		cJSON *cell = NULL;
		const int type = tolower((unsigned char)t->types[i]);
		if (type == 's' || type == 'i') {
			const char *value = va_arg(values, const char *);
			cell = cJSON_CreateString(value != NULL ? value : "");
		} else if (type == 'n') {
			cell = cJSON_CreateNumber(va_arg(values, double));
		} else if (type == 'b') {
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
		if (cJSON_IsObject(child) || (cJSON_IsArray(child) && !cJSON_IsString(child->child))) {
			table_leaves(t, buf_text(&name), child);
			continue;
		}
		cJSON *row = cJSON_CreateObject();
		cJSON *value = cJSON_IsNull(child) ? cJSON_CreateString("none") : cJSON_Duplicate(child, true);
		t->failed |= cJSON_AddStringToObject(row, t->columns[0], buf_text(&name)) == NULL ||
			     !cJSON_AddItemToObject(row, t->columns[1], value) || !cJSON_AddItemToArray(t->rows, row);
	}
}

// Each line of what somebody wrote begins at the column, where nobody takes it for one of ours.
static void lines_wrapped(struct buf *out, size_t column, const char *text)
{
	const char *begin = text;

	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		BUF_AUTO_WIPE struct buf line = BUF_INIT(OUTPUT_MAX);
		len = strcspn(text, "\n");
		buf_add(&line, text, len - (len > 0 && text[len] == '\n' && text[len - 1] == '\r'));
		if (text != begin)
			buf_printf(out, "\n%*s", line.len > 0 ? (int)column : 0, "");
		output_wrapped(out, column, column, buf_text(&line));
		out->failed |= line.failed;
	}
}

// A line for each: "2026-11-28T02:12:24Z  refused by anna (legally-required): tax law".
static void event_lines(struct buf *out, const cJSON *events)
{
	static const char *const sentence[][2] = {{"by", " by "},    {"ground", ", "}, {"how", ", "}, {"store", ", "},
						  {"request", ", "}, {"reason", ": "}, {"text", ": "}};
	const cJSON *event;

	cJSON_ArrayForEach(event, events)
	{
		const char *at = json_string(event, "at"), *name = json_string(event, "event");
		BUF_AUTO_WIPE struct buf line = BUF_INIT(OUTPUT_MAX);
		buf_printf(out, "%s  ", at != NULL ? at : "");
		buf_adds(&line, name != NULL ? name : "");
		for (size_t i = 0; i < ARRAY_LEN(sentence); i++) {
			const char *value = json_string(event, sentence[i][0]);
			if (value != NULL)
				buf_printf(&line, "%s%s", sentence[i][1], value);
		}
		if (json_get(event, "found") != NULL)
			buf_printf(&line, ": %.0f found, %.0f erased, %.0f kept", json_number(event, "found", 0),
				   json_number(event, "erased", 0), json_number(event, "kept", 0));
		lines_wrapped(out, WHEN_TEXT + 1, buf_text(&line));
		buf_addc(out, '\n');
	}
}

void table_record(struct buf *out, const cJSON *object)
{
	static const char *const columns[] = {"name", "value", NULL};
	JSON_AUTO cJSON *rest = cJSON_Duplicate(object, true), *events = cJSON_DetachItemFromObjectCaseSensitive(rest, "events");
	const cJSON *row;
	size_t width = 0;
	TABLE_AUTO struct table t;

	table_init(&t, columns, "ss");
	table_leaves(&t, "", rest);
	cJSON_ArrayForEach(row, t.rows)
	{
		const size_t len = strlen(json_string(row, "name"));
		width = len > width ? len : width;
	}
	cJSON_ArrayForEach(row, t.rows)
	{
		BUF_AUTO_WIPE struct buf value = BUF_INIT(CELL_MAX);
		list_cell(LANGUAGE_EN, json_get(row, "value"), ", ", &value);
		if (value.len == 0)
			continue;
		buf_printf(out, "%-*s  ", (int)width, json_string(row, "name"));
		lines_wrapped(out, width + 2, buf_text(&value));
		buf_addc(out, '\n');
	}
	event_lines(out, events);
	out->failed |= t.failed || rest == NULL;
}

size_t table_size(const struct table *t)
{
	return (size_t)cJSON_GetArraySize(t->rows);
}

// The length at which the id differs from the other, if that is more.
static size_t id_length(const char *id, const char *other, size_t len)
{
	while (len < strlen(id) && strcmp(id, other) != 0 && strncmp(id, other, len) == 0)
		len++;
	return len;
}

// As people see it: of an id so much as tells it from the others, of a day no time.
static void cell_shown(const struct table *t, const cJSON *row, size_t column, struct buf *out)
{
	BUF_AUTO_WIPE struct buf raw = BUF_INIT(CELL_MAX);
	const char type = t->types[column];
	size_t len = type == 'i' ? ID_SHOWN : WHEN_DATE - 1;
	const cJSON *other;

	list_cell(LANGUAGE_EN, json_get(row, t->columns[column]), "; ", &raw);
	cJSON_ArrayForEach(other, (type == 'i' ? t->rows : NULL))
	{
		if (other != row)
			len = id_length(buf_text(&raw), json_string(other, t->columns[column]), len);
	}
	cJSON_ArrayForEach(other, (type == 'i' ? t->unlisted : NULL)) len = id_length(buf_text(&raw), other->valuestring, len);
	if ((type == 'i' || type == 'd') && len < raw.len)
		raw.data[len] = '\0';
	output_text(out, buf_text(&raw));
}

// Aligned columns under a heading, of which the last is broken into lines; or, where they are too wide for that, a block for each row.
static int table_text(const struct table *t, struct buf *out)
{
	size_t width[COLUMNS_MAX] = {0}, before = 0, names = 0, last = 0, least = 0, count = strcspn(t->types, "SINBTD");
	JSON_AUTO cJSON *shown = cJSON_CreateArray();
	const cJSON *row = NULL, *line, *cell;

	for (bool heading = true; heading || row != NULL; row = heading ? t->rows->child : row->next, heading = false) {
		cJSON *cells = cJSON_CreateArray();
		for (size_t i = 0; i < count; i++) {
			BUF_AUTO_WIPE struct buf words = BUF_INIT(CELL_MAX);
			if (heading)
				buf_adds(&words, t->columns[i]);
			else
				cell_shown(t, row, i, &words);
			size_t len = utf8_count(buf_text(&words));
			width[i] = len > width[i] ? len : width[i];
			for (size_t at = 0, word; t->whole && i + 1 == count && at < words.len; at += word + 1) {
				word = strcspn(words.data + at, " ");
				least = word > least ? word : least;
			}
			names = heading && len > names ? len : names;
			if (words.failed || !cJSON_AddItemToArray(cells, cJSON_CreateString(buf_text(&words))))
				out->failed = true;
		}
		cJSON_AddItemToArray(shown, cells);
	}
	for (last = 0; last + 1 < count; last++)
		before += width[last] + 2;
	least = least < LAST_LEAST && width[last] > least ? (width[last] < LAST_LEAST ? width[last] : LAST_LEAST) : least;
	bool blocks = before + least > output_width();
	cJSON_ArrayForEach(line, shown)
	{
		size_t i = 0, at = 0;
		if (blocks && line == shown->child)
			continue;
		cJSON_ArrayForEach(cell, line)
		{
			const char *words = cell->valuestring;
			if (blocks) {
				buf_printf(out, "%-*s  ", (int)names, t->columns[i]);
				output_wrapped(out, names + 2, names + 2, words);
			} else if (i == last) {
				output_wrapped(out, at, before, words);
			} else {
				at += width[i] + 2;
				buf_printf(out, "%s%*s", words, (int)(width[i] + 2 - utf8_count(words)), "");
			}
			if (blocks || i == last)
				buf_addc(out, '\n');
			i++;
		}
		if (blocks && line->next != NULL)
			buf_addc(out, '\n');
	}
	return out->failed ? -1 : 0;
}

int table_print(const struct table *t, const char *format, struct buf *out)
{
	if (t->failed)
		return -1;
	if (format != NULL && strcmp(format, "csv") == 0)
		return list_csv(&(struct list){.columns = t->columns, .rows = t->rows, .language = LANGUAGE_EN}, out);
	if (format == NULL || strcmp(format, "json") != 0)
		return t->rows->child != NULL ? table_text(t, out) : 0;
	return json_print(out, t->rows) != 0 ? -1 : buf_addc(out, '\n');
}

enum status table_output(const struct table *t, const struct arguments *args, const char *empty)
{
	const char *format = argument(args, "format");
	BUF_AUTO_WIPE struct buf out = BUF_INIT(OUTPUT_MAX);

	if (table_print(t, format, &out) != 0)
		return output_complain(STATUS_UNSURE, "no memory to print the list");
	if (table_size(t) == 0 && empty != NULL && (format == NULL || strcmp(format, "text") == 0))
		buf_printf(&out, "%s\n", empty);
	const enum status status = output_print(&out);
	return status == STATUS_DONE && t->found ? STATUS_FOUND : status;
}
