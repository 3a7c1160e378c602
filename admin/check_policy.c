// SPDX-License-Identifier: ISC
// The policy itself: which one is in force, does the ledger know it, and do visitors read it?
#include "admin/check.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/pages.h"
#include "policy/rules/capability.h"
#include "policy/rules/load.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PUBLISH_GRACE = 26 * 3600, PAGES_SHOWN = 8 }; // publishing is daily
#define PUBLISH "Run lethe publish, then reload nginx."

// The programs obey the copy in the state folder; before the first publish, the file itself.
static void check_policy(struct check *c)
{
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX);
	struct active_plan plan;
	struct err e = {0};
	char *rest = NULL;

	if (access(c->admin->policy, R_OK) < 0) {
		err_system(&e, ERR_IO, errno, "%s cannot be read", c->admin->policy);
		check_add(c, CHECK_UNSURE, "Name the policy with LETHE_POLICY or --policy.", "%s", e.text);
	} else if ((c->wanted = policy_load(c->admin->policy, &messages)) != NULL) {
		check_add(c, CHECK_KEPT, "", "%s, version %s, is valid", c->admin->policy, c->wanted->version);
	} else if (messages.data != NULL) {
		for (char *line = strtok_r(messages.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
			check_add(c, CHECK_BROKEN, "Repair the policy; lethe policy lint shows this list.", "%s", line);
	}
	if (active_read(&c->files, c->admin->state, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the stores.", "%s", e.text);
	else if (c->files.broken)
		check_add(c, CHECK_BROKEN, "Run lethe policy lint on it, and restore it; lethe publish says what else can be done.",
			  "the policy in force, %s/policy/active.xml, is not valid: no program starts", c->admin->state);
	else
		c->policy = c->files.active != NULL ? c->files.active : c->wanted;
	if (c->files.active == NULL && !c->files.broken)
		if (c->wanted != NULL && active_plan(&plan, &c->files, c->wanted, when_now(), &e) != 0) // may it be the first?
			check_add(c, CHECK_BROKEN, "No program starts on it: publish the version that applies today.", "%s", e.text);
	if (c->files.active == NULL || c->files.coming == NULL)
		return;
	c->files.active->coming = c->files.coming;
	c->files.active->coming_announced = c->files.announced;
	c->files.active->coming_from = c->files.from;
}

static void check_activation(struct check *c)
{
	struct ledger_facts facts;
	struct active_plan plan;
	struct clock_state clock;
	char from[WHEN_DATE];
	struct err e;

	if (check_ledger_facts(c->vault, 0, &facts, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run lethe audit verify.", "%s", e.text);
	else if (strcmp(facts.activated, c->policy->sha256) != 0)
		check_add(c, CHECK_BROKEN, "lethe publish records and shows it.", "the policy in force (SHA-256 %.12s…) %s",
			  c->policy->sha256, facts.activated[0] ? "is not the one that was last activated" : "was never activated");
	else
		check_add(c, CHECK_KEPT, "", "version %s was activated", c->policy->version);
	if (c->files.active == NULL || c->wanted == NULL)
		return;
	if (vault_clock(c->vault, &clock, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the stores.", "%s", e.text);
		return;
	}
	time_t now = clock.judged;
	if (active_plan(&plan, &c->files, c->wanted, now, &e) != 0) {
		check_add(c, CHECK_BROKEN, "lethe policy diff shows the changes.", "%s", e.text);
		return;
	}
	when_date(from, plan.step == ACTIVE_WITHDRAWN ? plan.withdrawn : plan.from);
	if (plan.step == ACTIVE_WITHDRAWN)
		check_add(c, CHECK_KEPT, "", "version %s, which %s still holds, was withdrawn on %s and is not announced again",
			  c->wanted->version, c->admin->policy, from);
	else if (plan.step == ACTIVE_WAIT)
		check_add(c, CHECK_KEPT, "", "version %s is announced and comes into force on %s", c->wanted->version, from);
	else if (plan.step == ACTIVE_DUE && now - plan.from > PUBLISH_GRACE)
		check_add(c, CHECK_BROKEN, "Run lethe publish, and find out why its timer did not.",
			  "version %s should be in force since %s", c->wanted->version, from);
	else if (plan.step != ACTIVE_SAME && plan.step != ACTIVE_DUE)
		check_add(c, CHECK_BROKEN, "lethe publish announces it, or puts it in force where nothing material changed.",
			  "%s is not the policy in force (%zu changes, %zu of them material), and nobody published it", c->admin->policy,
			  plan.changes, plan.material);
}

// Everything is rendered anew and compared, byte for byte.
static void check_published(struct check *c)
{
	PAGES_AUTO struct pages pages = {0};
	char path[PATH_MAX];
	size_t missing = 0, different = 0, unreadable = 0;
	struct err e;
	bool testing = strcmp(setting("LETHE_TESTING", "0"), "1") == 0;

	if (pages_render(c->policy, setting("LETHE_HTML", place_html), testing, &pages, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Name the folder of the templates with LETHE_HTML.",
			  "the pages cannot be made to compare them: %s", e.text);
		return;
	}
	for (const struct page *page = pages.list; page < pages.list + pages.count; page++) {
		BUF_AUTO struct buf there = BUF_INIT(DOCUMENT_BYTES_MAX);
		if (snprintf(path, sizeof path, "%s/publish/%s", c->admin->state, page->path) >= (int)sizeof path)
			continue;
		bool read = file_read(path, &there, &e) == 0, gone = !read && e.code == ERR_NOT_FOUND;
		if (!read && !gone)
			unreadable++;
		if ((!read && !gone) ||
		    (read && there.len == page->bytes.len && memcmp(buf_text(&there), buf_text(&page->bytes), there.len) == 0))
			continue;
		if (missing + different < PAGES_SHOWN)
			check_add(c, CHECK_BROKEN, PUBLISH, gone ? "%s is missing" : "%s is not what follows from the policy in force",
				  path);
		missing += gone;
		different += read;
	}
	if (missing + different > PAGES_SHOWN)
		check_add(c, CHECK_BROKEN, PUBLISH, "%zu published files are missing and %zu differ, in all", missing, different);
	if (unreadable > 0)
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the site.", "%zu published files cannot be read", unreadable);
	if (missing + different + unreadable == 0)
		check_add(c, CHECK_KEPT, "", "all %zu published files are what follows from version %s", pages.count, c->policy->version);
}

static void check_unbuilt(struct check *c)
{
	BUF_AUTO struct buf lacking = BUF_INIT(PARAMS_BYTES_MAX);

	if (capability_unbuilt(c->policy, &lacking) > 0)
		check_add(c, CHECK_BROKEN, "Do not let visitors use it: remove LETHE_ALLOW_UNBUILT.",
			  "the site runs although its policy needs what this version cannot do: %s", buf_text(&lacking));
	else if (strcmp(setting("LETHE_ALLOW_UNBUILT", "0"), "1") == 0)
		check_add(c, CHECK_BROKEN, "Remove LETHE_ALLOW_UNBUILT.",
			  "LETHE_ALLOW_UNBUILT is set: a policy that this version cannot keep would be served");
}

static void check_testing(struct check *c)
{
	if (strcmp(setting("LETHE_TESTING", "0"), "1") == 0)
		check_add(c, CHECK_BROKEN, "Never let visitors use it: remove LETHE_TESTING and start the installed programs.",
			  "LETHE_TESTING is set: this is a test, whose programs may reach addresses that the policy does not name");
}

const struct check_row check_policy_rows[] = {
    {"policy", "The programs run on a valid policy.", 0, check_policy, NULL},
    {"testing", "No test build serves visitors.", 0, check_testing, "this is not a test"},
    {"unbuilt", "What the policy promises can be done by this version.", NEEDS_POLICY, check_unbuilt,
     "nothing that the policy needs is left out"},
    {"activation", "The ledger knows which policy is in force.", NEEDS_POLICY | NEEDS_VAULT, check_activation, NULL},
    {"published", "Visitors read the policy that the programs obey.", NEEDS_POLICY, check_published, NULL},
    {0},
};
