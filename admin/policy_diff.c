// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/base/text.h"
#include "policy/rules/active.h"
#include "policy/rules/diff.h"
#include "policy/rules/load.h"
#include <stdio.h>
#include <string.h>

static const struct option_row diff_options[] = {
    {"format", OPTION_CHOICE, "text|json|notice", "how to print it; notice: as <change> elements for the policy's <version>"},
    {0},
};

static struct policy *diff_load(const char *file, const char *state)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	struct policy *p = state != NULL ? policy_load_active(state, file, &messages) : policy_load_as(file, true, &messages);

	if (p == NULL)
		fprintf(stderr, "%slethe: this policy is not valid; there is nothing to compare\n", buf_text(&messages));
	return p;
}

static bool add_version(cJSON *o, const char *name, const struct policy *p)
{
	return json_put_texts(cJSON_AddObjectToObject(o, name),
			      JSON_TEXTS({"file", p->file}, {"version", p->version}, {"sha256", p->sha256}));
}

// {"before": {"file", "version", "sha256"}, "after", "material", "editorial", "changes": [{"class", "part", "id", "line", "what", …}]}
static int diff_print_json(struct buf *out, const struct policy_diff *d, const struct policy *before, const struct policy *after)
{
	static const char *const columns[] = {"class", "part", "id", "line", "what", "before", "after", NULL};
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	TABLE_AUTO struct table changes;

	table_init(&changes, columns, "sssnsss");
	for (const struct policy_change *c = d->changes; c < d->changes + d->count; c++)
		table_add(&changes, c->material ? "material" : "editorial", c->part, c->id, (double)c->line, c->what, c->before, c->after);
	if (!add_version(o, "before", before) || !add_version(o, "after", after) ||
	    !json_put(o, JSON_MEMBERS(MEMBER_NUMBER("material", d->material), MEMBER_NUMBER("editorial", d->count - d->material))) ||
	    table_move(&changes, o, "changes") != 0 || json_print(out, o) != 0)
		return -1;
	return buf_addc(out, '\n');
}

static enum status diff_main(const struct admin *a, const struct arguments *args)
{
	const char *format = argument(args, "format");
	bool json = format != NULL && strcmp(format, "json") == 0, notice = format != NULL && strcmp(format, "notice") == 0;
	const char *old = args->word_count == 2 ? args->words[0] : a->policy;
	const char *new = args->word_count > 0 ? args->words[args->word_count - 1] : a->policy;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	POLICY_DIFF_AUTO struct policy_diff d = {0};
	struct err e = {0};
	POLICY_AUTO struct policy *before = diff_load(old, args->word_count == 2 ? NULL : a->state);
	POLICY_AUTO struct policy *after = before != NULL ? diff_load(new, NULL) : NULL;

	if (after == NULL)
		return STATUS_UNSURE;
	if (policy_diff(&d, before, after, &e) != 0)
		return output_complain(STATUS_UNSURE, "%s", e.text);
	if (json && diff_print_json(&out, &d, before, after) != 0)
		return output_complain(STATUS_UNSURE, "no memory to print the changes");
	for (const struct policy_change *c = d.changes; c < d.changes + d.count; c++) {
		if (notice) {
			buf_adds(&out, c->material ? "<change material=\"yes\">" : "<change>");
			xml_text(&out, c->what);
			buf_adds(&out, "</change>\n");
		} else if (!json) {
			buf_printf(&out, "%s:%d: %s: %s%s%s: ", after->file, c->line > 0 ? c->line : 1,
				   c->material ? "material" : "editorial", c->part, *c->id ? " " : "", c->id);
			output_text(&out, c->what);
			buf_addc(&out, '\n');
		}
	}
	if (!notice && !json)
		buf_printf(&out, "%zu material, %zu editorial\n", d.material, d.count - d.material);
	enum status status = output_print(&out);
	return status == STATUS_DONE && d.material > 0 ? STATUS_FOUND : status;
}

const struct command policy_diff_command = {"diff", diff_main,
					    "what changed, material or editorial? exit status 1 when something material did",
					    .words = "[[OLD] NEW]", .options = diff_options};
