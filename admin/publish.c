// SPDX-License-Identifier: ISC
#include "policy/publish/publish.h"
#include "admin/admin.h"
#include "admin/ledger.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

const struct option_row publish_options[] = {
    {"dry-run", OPTION_FLAG, NULL, "only check the policy and the templates' folder, and say what would happen"},
    {0},
};

enum { DETAILS_MAX = 1024 };

// Recorded before the site shows it, so that there is no version that visitors saw and the ledger does not know.
static int activate(struct vault *v, const struct promise *p, struct err *e)
{
	BUF_AUTO struct buf details = BUF_INIT(DETAILS_MAX);
	JSON_AUTO cJSON *object = cJSON_CreateObject();

	if (!cJSON_AddStringToObject(object, "version", p->version) || !cJSON_AddStringToObject(object, "sha256", p->sha256) ||
	    json_print(&details, object) < 0)
		return err_set(e, ERR_MEMORY, "no memory to record the activation");
	const struct ledger_event event = {.name = "activation", .details = details.data};
	return ledger_append(v, &event, e);
}

static enum status report(const struct promise *p, const char *folder, bool activates, const struct publish_result *r)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	buf_printf(&out, "%s %s: %zu written, %zu unchanged in %s\n", p->site, p->version, r->written, r->unchanged, folder);
	if (activates)
		buf_printf(&out, "activated: policy %s, SHA-256 %s\n", p->version, p->sha256);
	return output_print(&out);
}

static enum status dry_run(const struct promise *p, const char *folder, bool activates)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	buf_printf(&out, "would make the site %s, policy %s, in %s\n", p->site, p->version, folder);
	if (activates)
		buf_printf(&out, "would record the activation of SHA-256 %s\n", p->sha256);
	return output_print(&out);
}

// `owner`: the folder whose owner shall own what is made; NULL: whoever runs this.
static enum status publish(const struct site *s, const char *folder, const char *owner, bool dry)
{
	const char *testing = setting("LETHE_TESTING", "0");
	struct ledger_facts facts;
	struct publish_result result = {0};
	struct err e;

	if (ledger_facts(s->vault, 0, &facts, &e) < 0)
		return complain(STATUS_UNSURE, "publish: %s", e.text);
	bool activates = strcmp(facts.activated, s->promise->sha256) != 0;
	if (dry)
		return dry_run(s->promise, folder, activates);
	if (activates && activate(s->vault, s->promise, &e) < 0)
		return complain(STATUS_FOUND, "publish: %s", e.text);
	if (owner != NULL && become_owner(owner) < 0)
		return complain(STATUS_FOUND, "publish: this cannot continue as the user that owns %s", owner);
	if (folder_make(folder, 0755, &e) < 0 ||
	    publish_all(s->promise, setting("LETHE_HTML", "/usr/share/lethe/html"), folder, strcmp(testing, "1") == 0, &result, &e) < 0)
		return complain(STATUS_FOUND, "publish: %s", e.text);
	return report(s->promise, folder, activates, &result);
}

enum status admin_publish(const struct admin *a, const struct arguments *args)
{
	char folder[PATH_MAX];
	struct err e;
	SITE_AUTO struct site s = {0};

	if (args->word_count == 1)
		snprintf(folder, sizeof folder, "%s", args->words[0]);
	else if (path_join(folder, sizeof folder, a->state, "publish", &e) < 0)
		return complain(STATUS_UNSURE, "publish: %s", e.text);
	enum status status = site_open(&s, a, VAULT_ADMIN);
	return status != STATUS_DONE ? status
				     : publish(&s, folder, args->word_count == 1 ? NULL : a->state, argument_given(args, "dry-run"));
}
