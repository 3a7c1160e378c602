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

// A valid policy has nothing but warnings. They are many where parts are not built yet: their number is enough here.
static void say_warnings(const char *file, const struct buf *messages)
{
	size_t count = 0;

	for (const char *c = buf_text(messages); *c; c++)
		count += *c == '\n';
	if (count > 0)
		fprintf(stderr, "lethe: %s: %zu warning%s: lethe policy lint %s shows them\n", file, count, count == 1 ? "" : "s", file);
}

static enum status read_wanted(struct publication *x)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	struct err e = {0};

	// The bytes that are judged are the bytes that are put in force, whatever happens to the file meanwhile.
	if (file_read(x->admin->policy, &x->bytes, &e) == 0)
		x->wanted = policy_read(x->admin->policy, buf_text(&x->bytes), x->bytes.len, &messages);
	else
		x->wanted = policy_load(x->admin->policy, &messages); // says why it cannot be read
	if (x->wanted != NULL && x->bytes.len > 0) {
		say_warnings(x->admin->policy, &messages);
		return STATUS_DONE;
	}
	fprintf(stderr, "%slethe: the policy is not valid; nothing was done\n", buf_text(&messages));
	return STATUS_UNSURE;
}

static enum status prepare(struct publication *x, enum vault_mode mode)
{
	struct err e = {0};
	enum status status = site_stores_needed(x->admin);

	if (status == STATUS_DONE)
		status = read_wanted(x);
	if (status != STATUS_DONE)
		return status;
	if (active_read(&x->files, x->admin->state, &e) != 0)
		return output_complain(STATUS_UNSURE, "publish: %s", e.text);
	if (active_plan(&x->plan, &x->files, x->wanted, when_now(), &e) != 0)
		return output_complain(e.code == ERR_REFUSED ? STATUS_FOUND : STATUS_UNSURE, "publish: %s", e.text);
	x->shown = active_step_activates(x->plan.step) ? x->wanted : x->files.active;
	if (x->plan.step == ACTIVE_ANNOUNCE || x->plan.step == ACTIVE_WAIT)
		show_coming(x, x->plan.step == ACTIVE_WAIT ? x->files.coming : x->wanted);
	return site_stores_open(&x->vault, x->admin, x->shown, mode);
}

static const char *event_of(enum active_step step)
{
	if (active_step_activates(step))
		return "activation";
	return step == ACTIVE_ANNOUNCE ? "announcement" : step == ACTIVE_WITHDRAW ? "announcement-withdrawn" : NULL;
}

static int record(struct publication *x, struct err *e)
{
	const char *name = event_of(x->plan.step);
	const struct policy *p = x->plan.step == ACTIVE_WITHDRAW ? x->files.coming : x->wanted;
	BUF_AUTO struct buf details = BUF_INIT(DETAILS_MAX);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	char announced[WHEN_TEXT], from[WHEN_TEXT];

	if (name == NULL)
		return 0;
	when_text(announced, x->plan.announced);
	when_text(from, x->plan.from);
	bool failed =
	    cJSON_AddStringToObject(object, "version", p->version) == NULL || cJSON_AddStringToObject(object, "sha256", p->sha256) == NULL;
	if (x->plan.announced != 0)
		failed = failed || cJSON_AddStringToObject(object, "announced", announced) == NULL ||
			 cJSON_AddStringToObject(object, "from", from) == NULL;
	if (failed || json_print(&details, object) != 0)
		return err_set(e, ERR_MEMORY, "no memory to record it");
	const struct ledger_event event = {.name = name, .details = details.data};
	return ledger_append(x->vault, &event, e);
}

// What happens to the wanted version, in words. `would`: a dry run.
static void add_plan(struct buf *out, const struct publication *x, bool would)
{
	const struct policy *p = x->wanted;
	char announced[WHEN_TEXT], from[WHEN_TEXT];

	when_text(announced, x->plan.announced);
	when_text(from, x->plan.from);
	if (active_step_activates(x->plan.step))
		buf_printf(out, would ? "would record the activation of policy %s, SHA-256 %s\n" : "activated: policy %s, SHA-256 %s\n",
			   p->version, p->sha256);
	else if (x->plan.step == ACTIVE_ANNOUNCE)
		buf_printf(out,
			   "%s: policy %s, in force from %s (%zu changes, %zu of them material: lethe policy diff); until then the site "
			   "runs under policy %s\n",
			   would ? "would announce" : "announced", p->version, from, x->plan.changes, x->plan.material,
			   x->files.active->version);
	else if (x->plan.step == ACTIVE_WAIT)
		buf_printf(out, "waiting: policy %s, announced %s, in force from %s; until then the site runs under policy %s\n",
			   p->version, announced, from, x->files.active->version);
	else if (x->plan.step == ACTIVE_WITHDRAW)
		buf_printf(out, "%s: policy %s; policy %s stays in force\n", would ? "would withdraw" : "withdrawn",
			   x->files.coming->version, p->version);
}

static const char *templates(void)
{
	return setting("LETHE_HTML", place_html);
}

static bool is_test(void)
{
	return strcmp(setting("LETHE_TESTING", "0"), "1") == 0;
}

static enum status dry_run(const struct publication *x, const char *folder)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	PAGES_AUTO struct pages pages = {0};
	struct err e = {0};

	if (pages_render(x->shown, templates(), is_test(), &pages, &e) != 0)
		return output_complain(STATUS_FOUND, "publish: %s", e.text);
	buf_printf(&out, "would make the site %s, policy %s: %zu files in %s\n", x->shown->site, x->shown->version, pages.count, folder);
	add_plan(&out, x, true);
	return output_print(&out);
}

// The policy's files belong to the state's owner, also where root publishes into another folder.
static int apply(const struct publication *x, bool keep_owner, struct err *e)
{
	if (site_become_owner(x->admin->state) != 0)
		return err_set(e, ERR_IO, "this cannot continue as the user that owns %s", x->admin->state);
	umask(022); // what is published is for nginx and for all programs
	if (active_apply(x->admin->state, &x->plan, x->wanted, buf_text(&x->bytes), x->bytes.len, e) != 0)
		return -1;
	if (!keep_owner && getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		return err_set(e, ERR_IO, "this cannot continue as root");
	return 0;
}

// `own`: the folder is below the state folder.
static enum status publish(struct publication *x, const char *folder, bool own)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	struct publish_result result = {0};
	struct err e = {0};

	if (record(x, &e) != 0 || apply(x, own, &e) != 0)
		return output_complain(STATUS_FOUND, "publish: %s", e.text);
	if (folder_make(folder, 0755, &e) != 0 || publish_all(x->shown, templates(), folder, is_test(), &result, &e) != 0)
		return output_complain(STATUS_FOUND, "publish: %s", e.text);
	buf_printf(&out, "%s %s: %zu written, %zu unchanged in %s\n", x->shown->site, x->shown->version, result.written, result.unchanged,
		   folder);
	add_plan(&out, x, false);
	return output_print(&out);
}

static enum status publish_main(const struct admin *a, const struct arguments *args)
{
	char folder[PATH_MAX];
	struct err e;
	__attribute__((cleanup(publication_end))) struct publication x = {.admin = a, .bytes = BUF_INIT(POLICY_BYTES_MAX)};

	if (args->word_count == 1)
		snprintf(folder, sizeof folder, "%s", args->words[0]);
	else if (path_join(folder, sizeof folder, a->state, "publish", &e) != 0)
		return output_complain(STATUS_UNSURE, "publish: %s", e.text);
	bool only_look = argument_given(args, "dry-run");
	enum status status = prepare(&x, only_look ? VAULT_LOOK : VAULT_ADMIN);
	if (status != STATUS_DONE)
		return status;
	return only_look ? dry_run(&x, folder) : publish(&x, folder, args->word_count == 0);
}

const struct command publish_command = {.name = "publish",
					.run = publish_main,
					.line = "make the notice, the lists, the pages and the headers from the policy",
					.words = "[FOLDER]",
					.words_max = 1,
					.options = publish_options};
