// SPDX-License-Identifier: ISC
// `lethe publish`, and `lethe policy withdraw`, which publishes what is in force without the announcement. Compares the wanted policy with the one in force, announces it or puts it in force, and makes the site from what is in
// force then. Order: the ledger, then the policy's files, then the pages; so there is no version that counts or that visitors saw and the
// ledger does not know.
#include "policy/publish/publish.h"
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/publish/pages.h"
#include "policy/publish/versions.h"
#include "policy/rules/active.h"
#include "policy/rules/load.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct option_row publish_options[] = {
    {"dry-run", OPTION_FLAG, NULL, "only check the policy and the templates, and say what would happen"},
    OBJECT_OPTIONS_END,
};

enum { DETAILS_MAX = 4096 };

struct publication {
	const struct admin *admin;
	struct buf bytes;      // of the wanted file
	struct policy *wanted; // NULL: the announced version is withdrawn
	struct active_files files;
	struct active_plan plan;
	time_t now;           // as the vault's clock is judged
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

// Reads what is wanted; the bytes that are judged are the bytes that are put in force, whatever happens to the file meanwhile.
static enum status publication_read_wanted(struct publication *x)
{
	const char *file = x->admin->policy;
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	size_t warnings = 0;

	if (file_read(file, &x->bytes, NULL) == 0)
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
	return STATUS_DONE;
}

// What time it is for whether a version's time has come: a clock that leaps ahead puts none in force early.
static enum status publication_judge_clock(struct publication *x)
{
	struct clock_state clock;
	struct vault *vault = NULL;
	char now[WHEN_TEXT], judged[WHEN_TEXT];
	struct err e;
	enum status status = site_stores_open(&vault, x->admin, x->files.active != NULL ? x->files.active : x->wanted, VAULT_LOOK);

	if (status != STATUS_DONE)
		return status;
	int ret = vault_clock(vault, &clock, &e);
	vault_close(vault);
	if (ret != 0)
		return output_complain(STATUS_UNSURE, "publish: %s", e.text);
	x->now = clock.judged;
	when_text(now, clock.now);
	when_text(judged, clock.judged);
	if (clock.leapt)
		output_complain(
		    STATUS_DONE,
		    "the clock says %s, which is too far ahead to be believed: whether a version's time has come is judged by %s; "
		    "if the clock is right, say so with lethe clock confirm",
		    now, judged);
	return STATUS_DONE;
}

// Reads and plans; what is in force and what is announced afterwards. The stores are open when it is done.
static enum status publication_prepare(struct publication *x, bool withdraw, enum vault_mode mode)
{
	const char *command = withdraw ? "policy withdraw" : "publish";
	struct err e = {0};
	enum status status = site_stores_needed(x->admin);

	if (status == STATUS_DONE && !withdraw)
		status = publication_read_wanted(x);
	if (status != STATUS_DONE)
		return status;
	if (active_read(&x->files, x->admin->state, &e) != 0)
		return output_complain(STATUS_UNSURE, "%s: %s", command, e.text);
	if (x->files.active != NULL || x->wanted != NULL)
		status = publication_judge_clock(x);
	if (status != STATUS_DONE)
		return status;
	if ((withdraw ? active_plan_withdrawal(&x->plan, &x->files, x->now, &e)
		      : active_plan(&x->plan, &x->files, x->wanted, x->now, &e)) != 0)
		return output_complain(e.code == ERR_REFUSED ? STATUS_FOUND : STATUS_UNSURE, "%s: %s", command, e.text);
	x->shown = active_step_activates(x->plan.step) ? x->wanted : x->files.active;
	if (x->shown != NULL && (x->plan.step == ACTIVE_ANNOUNCE || x->plan.step == ACTIVE_WAIT))
		show_coming(x, x->plan.step == ACTIVE_WAIT ? x->files.coming : x->wanted);
	return site_stores_open(&x->vault, x->admin, x->shown, mode);
}

// Records, puts in force, renders. The policy's files belong to the state's owner, also where root publishes into another folder; `own`: the
// folder is below the state folder.
static int publication_apply(struct publication *x, const char *reason, const char *folder, bool own, const char *html, bool testing,
			     struct publish_result *result, struct err *e)
{
	const char *name = active_step_activates(x->plan.step) ? "activation"
			   : x->plan.step == ACTIVE_ANNOUNCE   ? "announcement"
			   : x->plan.step == ACTIVE_WITHDRAW   ? "announcement-withdrawn"
							       : NULL;
	const struct policy *p = x->plan.step == ACTIVE_WITHDRAW ? x->files.coming : x->wanted;
	BUF_AUTO struct buf details = BUF_INIT(DETAILS_MAX);
	JSON_AUTO cJSON *object = json_make(JSON_MEMBERS(MEMBER_TEXT("version", p->version), MEMBER_TEXT("sha256", p->sha256)));
	bool made = x->plan.announced == 0 ||
		    json_put(object, JSON_MEMBERS(MEMBER_TIME("announced", x->plan.announced), MEMBER_TIME("from", x->plan.from)));

	if (!made || !json_put(object, JSON_MEMBERS(MEMBER_TEXT("reason", reason))) || json_print(&details, object) != 0)
		return err_set(e, ERR_MEMORY, "no memory to record it");
	const struct ledger_event event = {.name = name, .details = details.data};
	uint64_t entry = 0;
	time_t at;
	if (name != NULL && ledger_append_entry(x->vault, &event, &entry, &at, e) != 0)
		return -1;
	if (site_become_owner(x->admin->state) != 0)
		return err_set(e, ERR_IO, "this cannot continue as the user that owns %s", x->admin->state);
	umask(022); // what is published is for nginx and for all programs
	if ((x->wanted == NULL ? active_withdraw(x->admin->state, &x->files, x->now, e)
			       : active_apply(x->admin->state, &x->plan, x->wanted, buf_text(&x->bytes), x->bytes.len, e)) != 0)
		return -1;
	if (!own && getuid() == 0 && (seteuid(0) < 0 || setegid(0) < 0))
		return err_set(e, ERR_IO, "this cannot continue as root");
	if (folder_make(folder, 0755, e) != 0 || publish_all(x->shown, html, folder, testing, result, e) != 0)
		return -1;
	return own ? versions_keep(x->admin->state, folder, x->shown, active_step_activates(x->plan.step) ? (int64_t)entry : -1, e) : 0;
}

static enum status publish_main(const struct admin *a, const struct arguments *args)
{
	const char *html = setting("LETHE_HTML", place_html);
	bool testing = strcmp(setting("LETHE_TESTING", "0"), "1") == 0, dry_run = argument_given(args, "dry-run");
	char folder[PATH_MAX], announced[WHEN_TEXT], from[WHEN_TEXT], withdrawn[WHEN_TEXT];
	struct err e;
	struct publish_result result = {0};
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	PAGES_AUTO struct pages pages = {0};
	__attribute__((cleanup(publication_end))) struct publication x = {.admin = a, .bytes = BUF_INIT(POLICY_BYTES_MAX)};

	if (args->word_count == 1)
		snprintf(folder, sizeof folder, "%s", args->words[0]);
	else if (path_join(folder, sizeof folder, a->state, "publish", &e) != 0)
		return output_complain(STATUS_UNSURE, "publish: %s", e.text);
	enum status status = publication_prepare(&x, false, dry_run ? VAULT_LOOK : VAULT_ADMIN);
	if (status != STATUS_DONE)
		return status;
	if ((dry_run ? pages_render(x.shown, html, testing, &pages, &e)
		     : publication_apply(&x, NULL, folder, args->word_count == 0, html, testing, &result, &e)) != 0)
		return output_complain(STATUS_FOUND, "publish: %s", e.text);
	if (dry_run)
		buf_printf(&out, "would make the site %s, policy %s: %s in %s\n", x.shown->site, x.shown->version,
			   COUNTED(pages.count, "file", "files"), folder);
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
	else if (x.plan.step == ACTIVE_WITHDRAWN) {
		when_text(withdrawn, x.plan.withdrawn);
		buf_printf(&out,
			   "not announced: policy %s, which was withdrawn on %s; policy %s stays in force; to announce it again give "
			   "<version> a new id\n",
			   p->version, withdrawn, x.files.active->version);
	}
	static const char *const steps[] = {
	    [ACTIVE_FIRST] = "activated",    [ACTIVE_EDITORIAL] = "activated",    [ACTIVE_DUE] = "activated",
	    [ACTIVE_SAME] = "same",          [ACTIVE_ANNOUNCE] = "announced",     [ACTIVE_WAIT] = "waiting",
	    [ACTIVE_WITHDRAW] = "withdrawn", [ACTIVE_WITHDRAWN] = "not-announced"};
	return output_members(args, &out,
			      JSON_MEMBERS(MEMBER_TEXT("site", x.shown->site), MEMBER_TEXT("folder", folder),
					   MEMBER_TEXT("in_force", x.shown->version), MEMBER_TEXT("wanted", p->version),
					   MEMBER_TEXT("sha256", p->sha256), MEMBER_TEXT("wanted_is", steps[x.plan.step]),
					   MEMBER_TEXT("announced", x.plan.announced != 0 ? announced : NULL),
					   MEMBER_TEXT("from", x.plan.announced != 0 ? from : NULL), MEMBER_BOOL("dry_run", dry_run),
					   MEMBER_NUMBER("written", dry_run ? 0 : result.written),
					   MEMBER_NUMBER("unchanged", dry_run ? 0 : result.unchanged)));
}

const struct command publish_command = {"publish", publish_main, "make the notice, the lists, the pages and the headers from the policy",
					.words = "[FOLDER]", .options = publish_options};

static const struct option_row withdraw_options[] = {
    {"reason", OPTION_VALUE, "TEXT", "why, for the ledger; nothing personal"},
    {"yes", OPTION_FLAG, NULL, "do not ask"},
    OBJECT_OPTIONS_END,
};

static enum status withdraw_main(const struct admin *a, const struct arguments *args)
{
	bool testing = strcmp(setting("LETHE_TESTING", "0"), "1") == 0;
	char folder[PATH_MAX], from[WHEN_TEXT], question[512];
	struct err e;
	struct publish_result result = {0};
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	__attribute__((cleanup(publication_end))) struct publication x = {.admin = a, .bytes = BUF_INIT(POLICY_BYTES_MAX)};

	if (path_join(folder, sizeof folder, a->state, "publish", &e) != 0)
		return output_complain(STATUS_UNSURE, "policy withdraw: %s", e.text);
	enum status status = publication_prepare(&x, true, VAULT_ADMIN);
	if (status != STATUS_DONE)
		return status;
	const struct policy *coming = x.files.coming;
	when_text(from, x.plan.from);
	snprintf(question, sizeof question, "Withdraw version %s, announced for %s? yes or no: ", coming->version, from);
	if (!argument_given(args, "yes") && isatty(STDIN_FILENO) && !ask_yes(question))
		return output_complain(STATUS_FOUND, "policy withdraw: nothing was withdrawn");
	if (publication_apply(&x, argument(args, "reason"), folder, true, setting("LETHE_HTML", place_html), testing, &result, &e) != 0)
		return output_complain(e.code == ERR_INPUT ? STATUS_UNSURE : STATUS_FOUND, "policy withdraw: %s", e.text);
	buf_printf(&out,
		   "withdrawn: policy %s, which was to be in force from %s; policy %s stays in force (%zu written, %zu unchanged in %s)\n",
		   coming->version, from, x.shown->version, result.written, result.unchanged, folder);
	return output_members(args, &out,
			      JSON_MEMBERS(MEMBER_TEXT("site", x.shown->site), MEMBER_TEXT("in_force", x.shown->version),
					   MEMBER_TEXT("withdrawn", coming->version), MEMBER_TEXT("sha256", coming->sha256),
					   MEMBER_TEXT("from", from)));
}

const struct command policy_withdraw_command = {
    "withdraw", withdraw_main, "take back the version that is announced: it never comes into force", .options = withdraw_options};
