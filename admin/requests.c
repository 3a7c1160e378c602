// SPDX-License-Identifier: ISC
#include "admin/requests.h"
#include "policy/rights/erase.h"
#include <stdio.h>
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
	bool readable = strcmp(state, RIGHTS_UNREADABLE) != 0, open = readable && strcmp(state, "fulfilled") != 0;
	bool late = readable && rights_late(state, due, l->now);
	long long days = (long long)(due > l->now ? due - l->now : l->now - due) / 86400;
	char left[48] = "";

	if (open && days == 0)
		snprintf(left, sizeof left, late ? "late since today" : "due today");
	else if (open)
		snprintf(left, sizeof left, "%lld day%s %s", days, days == 1 ? "" : "s", late ? "late" : "left");
	table_add(&l->table, id, right, state, received, due, late, left);
	l->late += late;
	return l->table.failed ? 1 : 0;
}

struct short_id {
	const char *given;
	char *out;
	size_t found;
};

static int request_named(void *arg, const char *id, const char *right, const char *state, time_t received, time_t due)
{
	struct short_id *wanted = arg;

	(void)right;
	(void)state;
	(void)received;
	(void)due;
	if (strncmp(id, wanted->given, strlen(wanted->given)) == 0 && wanted->found++ == 0)
		snprintf(wanted->out, RECORD_ID_LEN + 1, "%s", id);
	return 0;
}

int request_id(struct vault *v, const char *given, char out[RECORD_ID_LEN + 1], struct err *e)
{
	struct short_id wanted = {.given = given, .out = out};

	snprintf(out, RECORD_ID_LEN + 1, "%s", given);
	if (strlen(given) < SHORT_ID_LEAST || strlen(given) >= RECORD_ID_LEN)
		return 0; // what looks it up says so
	if (rights_each(v, request_named, &wanted, e) != 0)
		return -1;
	return wanted.found > 1 ? err_set(e, ERR_INPUT, "%zu requests have an id that begins so: give more of it", wanted.found) : 0;
}

static enum status requests_list(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"id", "right", "state", "received", "due", "late", "left", NULL};
	struct listing l = {.now = when_now()};
	struct err e;
	SITE_AUTO struct site s = {0};

	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	table_init(&l.table, columns, "issddbs");
	enum status status = rights_each(s.vault, requests_row, &l, &e) != 0 ? output_complain(STATUS_UNSURE, "requests: %s", e.text)
									     : table_output(&l.table, args, "There are no requests.");
	table_free(&l.table);
	return status == STATUS_DONE && l.late > 0 ? STATUS_FOUND : status;
}

static enum status requests_show(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"name", "value", NULL};
	struct err e;
	SITE_AUTO struct site s = {0};
	BUF_AUTO_WIPE struct buf json = BUF_INIT(OUTPUT_MAX), out = BUF_INIT(OUTPUT_MAX);
	const char *format = argument(args, "format");
	char id[RECORD_ID_LEN + 1];
	const cJSON *row;
	size_t width = 0;
	TABLE_AUTO struct table t;

	table_init(&t, columns, "ss");
	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	if (request_id(s.vault, args->words[0], id, &e) != 0)
		return output_complain(STATUS_UNSURE, "requests: %s", e.text);
	if (rights_show_officer(s.vault, id, argument_given(args, "personal"), &json, &e) != 0)
		return e.code == ERR_NOT_FOUND
			   ? output_complain(STATUS_FOUND, "requests: %s; lethe requests list names those there are", e.text)
			   : output_complain(STATUS_UNSURE, "requests: %s", e.text);
	if (format != NULL && *format == 'j') {
		buf_printf(&out, "%s\n", buf_text(&json));
		return output_print(&out);
	}
	JSON_AUTO cJSON *object = json_parse(buf_text(&json), json.len, &e);
	cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(object, "certificate"), "evidence"); // which programs read
	// One line for each leaf: name and value, aligned. What the person left is named, where it is not shown.
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
		buf_printf(&out, "%-*s  ", (int)width, name);
		if (value != NULL)
			output_wrapped(&out, width + 2, width + 2, value);
		else if (cJSON_IsNumber(cell))
			buf_printf(&out, "%.15g", cell->valuedouble);
		else
			buf_adds(&out, cJSON_IsTrue(cell) ? "yes" : "no");
		if (strncmp(name, "has_", 4) == 0 && cJSON_IsTrue(cell) && json_get(object, name + 4) == NULL)
			buf_adds(&out, ": --personal shows it");
		buf_addc(&out, '\n');
	}
	if (object == NULL || t.failed || out.failed)
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
					   &requests_clock_command, NULL}};
