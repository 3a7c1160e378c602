// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/rights/erase.h"
#include <string.h>

static const struct option_row show_options[] = {
    {"personal", OPTION_FLAG, NULL, "also the contact and the message that the person left"},
    {"format", OPTION_CHOICE, "text|json", "how to print it"},
    {0},
};

struct listing {
	struct table table;
	time_t now;
	size_t late;
};

static int requests_row(void *arg, const char *id, const char *right, const char *state, time_t received, time_t due)
{
	struct listing *l = arg;
	bool late = rights_late(state, due, l->now);

	table_add(&l->table, id, right, state, received, due, late);
	l->late += late;
	return l->table.failed ? 1 : 0;
}

static enum status requests_list(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"id", "right", "state", "received", "due", "late", NULL};
	struct listing l = {.now = when_now()};
	struct err e;
	SITE_AUTO struct site s = {0};

	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	table_init(&l.table, columns, "sssttb");
	enum status status = rights_each(s.vault, requests_row, &l, &e) != 0 ? output_complain(STATUS_UNSURE, "requests: %s", e.text)
									     : table_output(&l.table, args, "There are no requests.");
	table_free(&l.table);
	return status == STATUS_DONE && l.late > 0 ? STATUS_FOUND : status;
}

// One line for each leaf: name and value, aligned. What the person left is named, where it is not shown.
static int requests_lines(struct buf *out, const cJSON *object)
{
	static const char *const columns[] = {"name", "value", NULL};
	const cJSON *row;
	size_t width = 0;
	TABLE_AUTO struct table t;

	table_init(&t, columns, "ss");
	table_leaves(&t, "", object);
	cJSON_ArrayForEach(row, t.rows)
	{
		size_t len = strlen(json_string(row, "name"));
		width = len > width ? len : width;
	}
	cJSON_ArrayForEach(row, t.rows)
	{
		const char *name = json_string(row, "name"), *value = json_string(row, "value");
		const cJSON *cell = json_get(row, "value");
		buf_printf(out, "%-*s  ", (int)width, name);
		if (value != NULL)
			output_text(out, value);
		else if (cJSON_IsNumber(cell))
			buf_printf(out, "%.15g", cell->valuedouble);
		else
			buf_adds(out, cJSON_IsTrue(cell) ? "yes" : "no");
		if (strncmp(name, "has_", 4) == 0 && cJSON_IsTrue(cell) && json_get(object, name + 4) == NULL)
			buf_adds(out, ": --personal shows it");
		buf_addc(out, '\n');
	}
	return t.failed || out->failed ? -1 : 0;
}

static enum status requests_show(const struct admin *a, const struct arguments *args)
{
	struct err e;
	SITE_AUTO struct site s = {0};
	BUF_AUTO_WIPE struct buf json = BUF_INIT(OUTPUT_MAX), out = BUF_INIT(OUTPUT_MAX);
	const char *format = argument(args, "format");

	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	if (rights_show_officer(s.vault, args->words[0], argument_given(args, "personal"), &json, &e) != 0)
		return e.code == ERR_NOT_FOUND
			   ? output_complain(STATUS_FOUND, "requests: %s; lethe requests list names those there are", e.text)
			   : output_complain(STATUS_UNSURE, "requests: %s", e.text);
	if (format != NULL && *format == 'j') {
		buf_printf(&out, "%s\n", buf_text(&json));
		return output_print(&out);
	}
	JSON_AUTO cJSON *object = json_parse(buf_text(&json), json.len, &e);
	if (object == NULL || requests_lines(&out, object) != 0)
		return output_complain(STATUS_UNSURE, "requests: no memory to print it");
	return output_print(&out);
}

const struct command requests_command = {
    .name = "requests",
    .line = "requests of data subjects",
    .sub = (const struct command *const[]){&(const struct command){.name = "list",
								   .run = requests_list,
								   .line = "all of them, oldest first; exit status 1 when one is late",
								   .options = (const struct option_row[]){FORMAT_OPTION, {0}}},
					   &(const struct command){.name = "show",
								   .run = requests_show,
								   .line = "one of them",
								   .words = "ID",
								   .words_min = 1,
								   .words_max = 1,
								   .options = show_options},
					   NULL}};
