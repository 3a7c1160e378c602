// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/base/json.h"
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

static void diff_print_text(struct buf *out, const struct policy_diff *d, const struct policy *after)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct policy_change *c = &d->changes[i];
		buf_printf(out, "%s:%d: %s: %s%s%s: ", after->file, c->line > 0 ? c->line : 1, c->material ? "material" : "editorial",
			   c->part, *c->id ? " " : "", c->id);
		output_text(out, c->what);
		buf_addc(out, '\n');
	}
	buf_printf(out, "%zu material, %zu editorial\n", d->material, d->count - d->material);
}

static bool add_version(cJSON *o, const char *name, const struct policy *p)
{
	cJSON *version = cJSON_AddObjectToObject(o, name);

	return cJSON_AddStringToObject(version, "file", p->file) != NULL &&
	       cJSON_AddStringToObject(version, "version", p->version) != NULL &&
	       cJSON_AddStringToObject(version, "sha256", p->sha256) != NULL;
}

static bool add_change(cJSON *list, const struct policy_change *c)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(list, o);
	return cJSON_AddStringToObject(o, "class", c->material ? "material" : "editorial") != NULL &&
	       cJSON_AddStringToObject(o, "part", c->part) != NULL && cJSON_AddStringToObject(o, "id", c->id) != NULL &&
	       cJSON_AddNumberToObject(o, "line", c->line) != NULL && cJSON_AddStringToObject(o, "what", c->what) != NULL &&
	       cJSON_AddStringToObject(o, "before", c->before) != NULL && cJSON_AddStringToObject(o, "after", c->after) != NULL;
}

// {"before": {"file", "version", "sha256"}, "after", "material", "editorial", "changes": [{"class", "part", "id", "line", "what", …}]}
static int diff_print_json(struct buf *out, const struct policy_diff *d, const struct policy *before, const struct policy *after)
{
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *list = NULL;
	bool ok = add_version(o, "before", before) && add_version(o, "after", after) &&
		  cJSON_AddNumberToObject(o, "material", (double)d->material) != NULL &&
		  cJSON_AddNumberToObject(o, "editorial", (double)(d->count - d->material)) != NULL &&
		  (list = cJSON_AddArrayToObject(o, "changes")) != NULL;

	for (size_t i = 0; ok && i < d->count; i++)
		ok = add_change(list, &d->changes[i]);
	if (!ok || json_print(out, o) != 0)
		return -1;
	return buf_addc(out, '\n');
}

static void diff_print_notice(struct buf *out, const struct policy_diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		buf_adds(out, d->changes[i].material ? "<change material=\"yes\">" : "<change>");
		xml_text(out, d->changes[i].what);
		buf_adds(out, "</change>\n");
	}
}

static enum status diff_main(const struct admin *a, const struct arguments *args)
{
	const char *format = argument(args, "format");
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
	if (format != NULL && strcmp(format, "json") == 0 && diff_print_json(&out, &d, before, after) != 0)
		return output_complain(STATUS_UNSURE, "no memory to print the changes");
	if (format != NULL && strcmp(format, "notice") == 0)
		diff_print_notice(&out, &d);
	if (format == NULL || strcmp(format, "text") == 0)
		diff_print_text(&out, &d, after);
	enum status status = output_print(&out);
	return status == STATUS_DONE && d.material > 0 ? STATUS_FOUND : status;
}

const struct command policy_diff_command = {.name = "diff",
					    .run = diff_main,
					    .line = "what changed, material or editorial? exit status 1 when something material did",
					    .words = "[[OLD] NEW]",
					    .words_max = 2,
					    .options = diff_options};
