// SPDX-License-Identifier: ISC
// `lethe publish`: compares the wanted policy with the one in force, announces it or puts it in force, and makes the site from what is in
// force then. Order: the ledger, then the policy's files, then the pages; so there is no version that counts or that visitors saw and the
// ledger does not know.
#include "policy/publish/publish.h"
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/model/policy.h"
#include "policy/publish/pages.h"
#include "policy/rules/active.h"
#include "policy/rules/load.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_row publish_options[] = {
    {"dry-run", OPTION_FLAG, NULL, "only check the policy and the templates, and say what would happen"},
    OBJECT_FORMAT_OPTION,
    {0},
};

enum { DETAILS_MAX = 1024 };

struct publication {
	const struct admin *admin;
	struct buf bytes; // of the wanted file
	struct policy *wanted;
	struct active_files files;
	struct active_plan plan;
	struct policy *shown; // what is in force afterwards; one of the above
	struct vault *vault;
};

// In each language that both versions are written in; elsewhere in the main one.
static void show_coming(struct publication *x, struct policy *coming)
{
	for (size_t i = 0; i < x->shown->view_count; i++) {
		struct policy *view = (struct policy *)x->shown->views[i]; // ours: of files.active or wanted
		const struct policy *same = coming != NULL ? policy_language(coming, view->language) : NULL;
		view->coming = same != NULL ? (struct policy *)same : coming;
		view->coming_announced = x->plan.announced;
		view->coming_from = x->plan.from;
	}
}

static void publication_end(struct publication *x)
{
	if (x->vault != NULL)
		vault_close(x->vault);
	if (x->shown != NULL)
		show_coming(x, NULL); // belongs to this
	policy_free(x->wanted);
	active_files_free(&x->files);
	buf_free(&x->bytes);
}

// Reads and plans; what is in force and what is announced afterwards. The stores are open when it is done.
static enum status publication_prepare(struct publication *x, enum vault_mode mode)
{
	const char *file = x->admin->policy;
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};
	enum status status = site_stores_needed(x->admin);
	size_t warnings = 0;

	if (status != STATUS_DONE)
		return status;
	// The bytes that are judged are the bytes that are put in force, whatever happens to the file meanwhile.
	if (file_read(file, &x->bytes, &e) == 0)
		x->wanted = policy_read(file, buf_text(&x->bytes), x->bytes.len, &messages);
	else
		x->wanted = policy_load(file, &messages); // says why it cannot be read
	if (x->wanted == NULL || x->bytes.len == 0) {
		fprintf(stderr, "%slethe: the policy is not valid; nothing was done\n", buf_text(&messages));
		return STATUS_UNSURE;
	}
	// A valid policy has nothing but warnings. They are many where parts are not built yet: their number is enough here.
	for (const char *c = buf_text(&messages); *c; c++)
		warnings += *c == '\n';
	if (warnings > 0)
		fprintf(stderr, "lethe: %s: %zu warning%s: lethe policy lint %s shows them\n", file, warnings, warnings == 1 ? "" : "s",
			file);
	if (active_read(&x->files, x->admin->state, &e) != 0)
		return output_complain(STATUS_UNSURE, "publish: %s", e.text);
	if (active_plan(&x->plan, &x->files, x->wanted, when_now(), &e) != 0)
		return output_complain(e.code == ERR_REFUSED ? STATUS_FOUND : STATUS_UNSURE, "publish: %s", e.text);
	x->shown = active_step_activates(x->plan.step) ? x->wanted : x->files.active;
	if (x->plan.step == ACTIVE_ANNOUNCE || x->plan.step == ACTIVE_WAIT)
		show_coming(x, x->plan.step == ACTIVE_WAIT ? x->files.coming : x->wanted);
	return site_stores_open(&x->vault, x->admin, x->shown, mode);
}

// Records, puts in force, renders. The policy's files belong to the state's owner, also where root publishes into another folder; `own`: the
// folder is below the state folder.
static int publication_apply(struct publication *x, const char *folder, bool own, const char *html, bool testing,
			     struct publish_result *result, struct err *e)
{
	const char *name = active_step_activates(x->plan.step) ? "activation"
			   : x->plan.step == ACTIVE_ANNOUNCE   ? "announcement"
			   : x->plan.step == ACTIVE_WITHDRAW   ? "announcement-withdrawn"
							       : NULL;
	const struct policy *p = x->plan.step == ACTIVE_WITHDRAW ? x->files.coming : x->wanted;
	BUF_AUTO struct buf details = BUF_INIT(DETAILS_MAX);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	char announced[WHEN_TEXT], from[WHEN_TEXT];

	when_text(announced, x->plan.announced);
	when_text(from, x->plan.from);
	bool made =
	    cJSON_AddStringToObject(object, "version", p->version) != NULL && cJSON_AddStringToObject(object, "sha256", p->sha256) != NULL;
	if (x->plan.announced != 0)
		made = made && cJSON_AddStringToObject(object, "announced", announced) != NULL &&
		       cJSON_AddStringToObject(object, "from", from) != NULL;
	if (!made || json_print(&details, object) != 0)
		return err_set(e, ERR_MEMORY, "no memory to record it");
	const struct ledger_event event = {.name = name, .details = details.data};
	if (name != NULL && ledger_append(x->vault, &event, e) != 0)
		return -1;
	if (site_become_owner(x->admin->state) != 0)
		return err_set(e, ERR_IO, "this cannot continue as the user that owns %s", x->admin->state);
	umask(022); // what is published is for nginx and for all programs
	if (active_apply(x->admin->state, &x->plan, x->wanted, buf_text(&x->bytes), x->bytes.len, e) != 0)
		return -1;
	if (!own && getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		return err_set(e, ERR_IO, "this cannot continue as root");
	return folder_make(folder, 0755, e) != 0 ? -1 : publish_all(x->shown, html, folder, testing, result, e);
}

static enum status publish_main(const struct admin *a, const struct arguments *args)
{
	const char *html = setting("LETHE_HTML", place_html);
	bool testing = strcmp(setting("LETHE_TESTING", "0"), "1") == 0, dry_run = argument_given(args, "dry-run");
	char folder[PATH_MAX], announced[WHEN_TEXT], from[WHEN_TEXT];
	struct err e;
	struct publish_result result = {0};
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	PAGES_AUTO struct pages pages = {0};
	__attribute__((cleanup(publication_end))) struct publication x = {.admin = a, .bytes = BUF_INIT(POLICY_BYTES_MAX)};

	if (args->word_count == 1)
		snprintf(folder, sizeof folder, "%s", args->words[0]);
	else if (path_join(folder, sizeof folder, a->state, "publish", &e) != 0)
		return output_complain(STATUS_UNSURE, "publish: %s", e.text);
	enum status status = publication_prepare(&x, dry_run ? VAULT_LOOK : VAULT_ADMIN);
	if (status != STATUS_DONE)
		return status;
	if ((dry_run ? pages_render(x.shown, html, testing, &pages, &e)
		     : publication_apply(&x, folder, args->word_count == 0, html, testing, &result, &e)) != 0)
		return output_complain(STATUS_FOUND, "publish: %s", e.text);
	if (dry_run)
		buf_printf(&out, "would make the site %s, policy %s: %zu files in %s\n", x.shown->site, x.shown->version, pages.count,
			   folder);
	else
		buf_printf(&out, "%s %s: %zu written, %zu unchanged in %s\n", x.shown->site, x.shown->version, result.written,
			   result.unchanged, folder);
	// What happens to the wanted version.
	const struct policy *p = x.wanted;
	when_text(announced, x.plan.announced);
	when_text(from, x.plan.from);
	if (active_step_activates(x.plan.step))
		buf_printf(&out, dry_run ? "would record the activation of policy %s, SHA-256 %s\n" : "activated: policy %s, SHA-256 %s\n",
			   p->version, p->sha256);
	else if (x.plan.step == ACTIVE_ANNOUNCE)
		buf_printf(&out,
			   "%s: policy %s, in force from %s (%zu changes, %zu of them material: lethe policy diff); until then the site "
			   "runs under policy %s\n",
			   dry_run ? "would announce" : "announced", p->version, from, x.plan.changes, x.plan.material,
			   x.files.active->version);
	else if (x.plan.step == ACTIVE_WAIT)
		buf_printf(&out, "waiting: policy %s, announced %s, in force from %s; until then the site runs under policy %s\n",
			   p->version, announced, from, x.files.active->version);
	else if (x.plan.step == ACTIVE_WITHDRAW)
		buf_printf(&out, "%s: policy %s; policy %s stays in force\n", dry_run ? "would withdraw" : "withdrawn",
			   x.files.coming->version, p->version);
	static const char *const steps[] = {
	    [ACTIVE_FIRST] = "activated",    [ACTIVE_EDITORIAL] = "activated", [ACTIVE_DUE] = "activated",     [ACTIVE_SAME] = "same",
	    [ACTIVE_ANNOUNCE] = "announced", [ACTIVE_WAIT] = "waiting",        [ACTIVE_WITHDRAW] = "withdrawn"};
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "site", x.shown->site);
	cJSON_AddStringToObject(object, "folder", folder);
	cJSON_AddStringToObject(object, "in_force", x.shown->version);
	cJSON_AddStringToObject(object, "wanted", p->version);
	cJSON_AddStringToObject(object, "sha256", p->sha256);
	cJSON_AddStringToObject(object, "wanted_is", steps[x.plan.step]);
	if (x.plan.announced != 0) {
		cJSON_AddStringToObject(object, "announced", announced);
		cJSON_AddStringToObject(object, "from", from);
	}
	cJSON_AddBoolToObject(object, "dry_run", dry_run);
	cJSON_AddNumberToObject(object, "written", (double)(dry_run ? 0 : result.written));
	cJSON_AddNumberToObject(object, "unchanged", (double)(dry_run ? 0 : result.unchanged));
	return output_object(args, object, &out);
}

const struct command publish_command = {.name = "publish",
					.run = publish_main,
					.line = "make the notice, the lists, the pages and the headers from the policy",
					.words = "[FOLDER]",
					.words_max = 1,
					.options = publish_options};
