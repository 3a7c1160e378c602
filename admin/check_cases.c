// SPDX-License-Identifier: ISC
// What an officer is to look at again: legal holds, incidents, assessments and contracts.
#include "admin/cases.h"
#include "admin/check.h"
#include "policy/base/array.h"
#include "policy/rights/case.h"
#include "policy/rights/hold.h"

struct holds_seen {
	size_t active, overdue, unreadable;
};

static int hold_seen(void *arg, const struct hold_row *row)
{
	struct holds_seen *seen = arg;

	seen->active += row->active;
	seen->overdue += row->overdue;
	seen->unreadable += row->review == 0;
	return 0;
}

static void check_holds(struct check *c)
{
	struct holds_seen seen = {0};
	struct err e;

	if (hold_each(c->vault, hold_seen, &seen, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "the holds cannot be read: %s", e.text);
	else if (seen.unreadable > 0)
		check_add(c, CHECK_BROKEN, "Put the newest copy of keys/keys.db back: nothing is erased before that.", "%s cannot be read",
			  COUNTED(seen.unreadable, "legal hold", "legal holds"));
	else if (seen.overdue > 0)
		check_add(c, CHECK_OVERDUE, "Look at them again, or lift them: lethe hold list --overdue names them.",
			  "%zu of %s should have been reviewed", seen.overdue, COUNTED(seen.active, "legal hold", "legal holds"));
	else if (seen.active > 0)
		check_add(c, CHECK_KEPT, "", "%s, none to be reviewed yet", COUNTED(seen.active, "legal hold", "legal holds"));
	else
		check_add(c, CHECK_EMPTY, "", "there is no legal hold");
}

struct cases_seen {
	size_t open[CASE_TYPES], late[CASE_TYPES], unreadable, changed, gone, unseen;
	cJSON *contracts, *interests; // of which there are some that hold: members with the ids of processors, of purposes
};

static int case_seen(void *arg, const struct case_row *row)
{
	struct cases_seen *seen = arg;
	const char *about = json_string(row->body, "about"), *of = json_string(row->body, "of");

	if (row->body == NULL)
		seen->unreadable++;
	if (row->body == NULL || row->closed != 0)
		return 0;
	seen->open[row->type]++;
	seen->late[row->type] += row->late;
	if (about == NULL || of == NULL)
		return 0;
	const enum assess_paper paper = assess_paper(row->body);
	seen->changed += paper == PAPER_CHANGED;
	seen->gone += paper == PAPER_GONE;
	seen->unseen += paper == PAPER_UNSEEN;
	if (row->type == CASE_CONTRACT)
		cJSON_AddTrueToObject(seen->contracts, of);
	else if (strcmp(about, "legitimate-interest") == 0)
		cJSON_AddTrueToObject(seen->interests, of);
	return 0;
}

// What the law asks for that nobody has written down yet: nothing is late by it, and nothing that is promised is broken.
static void cases_to_come(struct check *c, const struct cases_seen *seen)
{
	const struct policy *p = c->policy;
	const time_t now = when_now();
	BUF_AUTO struct buf processors = BUF_INIT(4096), purposes = BUF_INIT(4096);

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *one = &p->processors[i];
		if (one->standing == STANDING_PROCESSOR && policy_processor_in_force(one, now) &&
		    json_get(seen->contracts, one->id) == NULL)
			buf_printf(&processors, "%s%s", processors.len > 0 ? ", " : "", one->id);
	}
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *one = &p->purposes[i];
		if (one->basis == BASIS_LEGITIMATE_INTERESTS && json_get(seen->interests, one->id) == NULL)
			buf_printf(&purposes, "%s%s", purposes.len > 0 ? ", " : "", one->id);
	}
	if (processors.len > 0)
		check_add(c, CHECK_DUE, "lethe assess add --about contract notes it, with its dates.",
			  "no contract is noted (Article 28 of the GDPR) with: %s", buf_text(&processors));
	if (purposes.len > 0)
		check_add(c, CHECK_DUE, "lethe assess add --about legitimate-interest notes it.",
			  "no assessment is noted of the legitimate interests for: %s", buf_text(&purposes));
}

static void check_cases(struct check *c)
{
	static const struct {
		enum case_type type;
		enum check_result late;
		const char *what, *remedy;
	} rows[] = {
	    {CASE_INCIDENT, CHECK_BROKEN, "incidents whose 72 hours are over, neither notified nor found to need none",
	     "Notify the authority now, with the reason for the delay: lethe incident letter ID --to authority."},
	    {CASE_ASSESSMENT, CHECK_OVERDUE, "assessments that should have been reviewed", "lethe assess list --overdue names them."},
	    {CASE_CONTRACT, CHECK_OVERDUE, "contracts with processors that should have been reviewed or are over",
	     "lethe assess list --overdue names them."}};
	JSON_AUTO cJSON *contracts = cJSON_CreateObject(), *interests = cJSON_CreateObject();
	struct cases_seen seen = {.contracts = contracts, .interests = interests};
	struct err e;
	size_t open = 0, late = 0;

	if (case_each(c->vault, CASE_BIT(CASE_TYPES) - 1, case_seen, &seen, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "they cannot be read: %s", e.text);
		return;
	}
	if (seen.unreadable > 0)
		check_add(c, CHECK_BROKEN, "Put the newest copy of keys/keys.db back: without their keys nobody can read them.",
			  "%s of accountability cannot be read", COUNTED(seen.unreadable, "record", "records"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		open += seen.open[rows[i].type];
		late += seen.late[rows[i].type];
		if (seen.late[rows[i].type] > 0)
			check_add(c, rows[i].late, rows[i].remedy, "%zu %s", seen.late[rows[i].type], rows[i].what);
	}
	late += seen.changed + seen.gone + seen.unseen;
	if (seen.changed > 0 || seen.gone > 0)
		check_add(c, CHECK_OVERDUE,
			  "lethe assess list --overdue names them. Look at what changed, or put the file back; lethe assess review ID "
			  "--file FILE notes "
			  "it as it is.",
			  "of the files of assessments and contracts, %zu changed since they were noted, and %zu are gone", seen.changed,
			  seen.gone);
	if (seen.unseen > 0)
		check_add(c, CHECK_UNSURE,
			  "lethe assess list names them (not-seen). Let the user lethe read them, and lethe-daily.service see their folder "
			  "(BindReadOnlyPaths=; it has a /tmp of its own: keep no file there that is to be kept); of one whose path is not "
			  "whole, lethe assess review ID --file FILE notes it.",
			  "of the files of assessments and contracts, %zu cannot be read here: whether they changed is not known",
			  seen.unseen);
	open += seen.open[CASE_AUTHORITY];
	if (late == 0 && open > 0)
		check_add(c, CHECK_KEPT, "", "%zu open, none overdue", open);
	else if (late == 0 && seen.unreadable == 0)
		check_add(c, CHECK_EMPTY, "", "none is open");
	cases_to_come(c, &seen);
}

const struct check_row check_cases_rows[] = {
    {"holds", "A legal hold is looked at again in time.", NEEDS_POLICY | NEEDS_VAULT | OF_THEN, check_holds, NULL},
    {"accountability", "Incidents, assessments and contracts are dealt with in time.", NEEDS_POLICY | NEEDS_VAULT | OF_THEN, check_cases,
     NULL},
    {0},
};
