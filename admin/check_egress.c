// SPDX-License-Identifier: ISC
// What leaves.
#include "admin/check.h"
#include "fcgi/ipc/call.h"
#include "policy/base/array.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

// "Sweden Central" and "swedencentral" are the same region.
static bool region_is(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a != '\0' && !isalnum((unsigned char)*a) && *a != '-')
			a++;
		while (*b != '\0' && !isalnum((unsigned char)*b) && *b != '-')
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
	}
}

// Visitors who left the choice to us are served by what is built in, so nobody else may notice.
static void check_refusal(struct check *c, const cJSON *row, const char *id)
{
	const cJSON *refusal = json_get(row, "refusal");
	const char *since = json_string(refusal, "since"), *key = json_string(refusal, "key"), *address = json_string(refusal, "address");
	double status = json_number(refusal, "status", 0);
	char remedy[256];

	if (status == 0)
		return;
	key = key != NULL ? key : "its key";
	address = address != NULL ? address : "its address";
	if (status == 401)
		snprintf(remedy, sizeof remedy, "Renew %s, or correct %s, then restart egress.", key, address);
	else if (status == 403)
		snprintf(remedy, sizeof remedy, "See what %s may do, and the vendor's network rules; then restart egress.", key);
	else
		snprintf(remedy, sizeof remedy, "Correct %s or the names of its deployments, then restart egress and generate.", address);
	check_add(c, CHECK_BROKEN, remedy, "%s %s (%.0f) since %s", id,
		  status == 401   ? "refuses our key"
		  : status == 403 ? "denies us access"
				  : "does not know what we ask for",
		  status, since != NULL ? since : "it was started");
}

// What of the day's budget is used up; from eight tenths on somebody should know.
static void check_budget(struct check *c, const cJSON *row, const char *id)
{
	const cJSON *limits = json_get(row, "limits");
	const struct {
		const char *what;
		double used, limit;
	} budgets[] = {{"requests", json_number(row, "today", 0), json_number(limits, "calls", 0)},
		       {"of money", json_number(row, "spent_today", 0), json_number(limits, "money", 0)}};
	char today[WHEN_DATE];
	const char *day = json_string(row, "day");

	when_date(today, when_now());
	for (size_t i = 0; day != NULL && strcmp(day, today) == 0 && i < ARRAY_LEN(budgets); i++) {
		if (budgets[i].limit > 0 && budgets[i].used >= 0.8 * budgets[i].limit)
			check_add(c, CHECK_DUE, "Wait for the next day (UTC), or raise it in LETHE_EGRESS_LIMITS and restart egress.",
				  "%s has used %.6g of today's %.6g %s", id, budgets[i].used, budgets[i].limit, budgets[i].what);
	}
}

static void check_processor(struct check *c, const cJSON *row)
{
	const char *id = json_string(row, "id"), *host = json_string(row, "host"), *breaker = json_string(row, "breaker");
	const struct policy_processor *declared = id != NULL ? policy_processor(c->policy, id) : NULL;
	double sent = json_number(row, "bytes_sent", 0);
	const cJSON *name;
	enum kind kind;

	if (id == NULL || (declared == NULL && !cJSON_IsTrue(json_get(row, "configured"))))
		return;
	if (declared == NULL) {
		check_add(c, CHECK_BROKEN, "Restart egress with this policy, without that setting.",
			  "egress can reach %s, which the policy does not declare", id);
		return;
	}
	cJSON_ArrayForEach(name, json_get(row, "kinds"))
	{
		if (cJSON_IsString(name) && (kind_from_name(&kind, name->valuestring) != 0 || !(declared->kinds & KIND_BIT(kind))))
			check_add(c, CHECK_BROKEN, "Restart egress with this policy.",
				  "%s was sent to %s, which the policy does not share with it", name->valuestring, id);
	}
	if (cJSON_IsTrue(json_get(row, "configured")) && host != NULL && *host && !policy_host_allowed(declared, host) &&
	    (!declared->local || declared->hosts.count > 0))
		check_add(c, CHECK_BROKEN, "Correct its base URL, or declare the host.",
			  "egress sends to %s for %s, which the policy does not name", host, id);
	if (cJSON_IsTrue(json_get(row, "configured")) && strcmp(breaker != NULL ? breaker : "", "open") == 0)
		check_add(c, CHECK_BROKEN, "See whether its vendor reports an outage, and whether the endpoint and the key are right.",
			  "%s is declared and configured, but does not answer: egress has stopped asking it", id);
	// What was refused in the past stays in egress's count; what counts here is where the last answer came from.
	const char *region = json_string(row, "region_seen");
	double mismatches = json_number(row, "region_mismatches", 0);
	bool named = region == NULL || *region == '\0' || declared->region_count == 0;
	for (size_t i = 0; i < declared->region_count && !named; i++)
		named = region_is(declared->regions[i].id, region);
	if (!named)
		check_add(c, CHECK_BROKEN, "Use a deployment in a region that the policy names.",
			  "%s last answered from %s, which the policy does not name (%.0f such answers were refused)", id, region,
			  mismatches);
	else if (mismatches > 0)
		check_add(c, CHECK_KEPT, "", "%s: %.0f answers from other regions were refused in the past", id, mismatches);
	check_refusal(c, row, id);
	check_budget(c, row, id);
	if (declared->standing == STANDING_BUILT_IN)
		check_add(c, CHECK_KEPT, "", "%s is built in: nothing leaves for it", id);
	else if (cJSON_IsTrue(json_get(row, "configured")))
		check_add(c, CHECK_KEPT, "", "%s%s: %.0f requests so far, %.0f bytes sent, %.0f failed", id,
			  declared->local ? " is our own server, where the policy says" : "", json_number(row, "requests", 0), sent,
			  json_number(row, "failures", 0));
	else if (json_string(row, "missing") != NULL)
		check_add(c, CHECK_BROKEN, "Set it, or remove what else is set for it, then restart egress and generate.",
			  "%s is set up by half: %s is missing, so nothing is sent to it", id, json_string(row, "missing"));
	else
		check_add(c, CHECK_EMPTY, "", "%s is not set up: nothing is sent to it", id);
}

static void check_egress(struct check *c)
{
	struct err e;
	const cJSON *row;
	JSON_AUTO cJSON *status = call_program(c->admin->run, "egress", "status", &e);

	if (status == NULL) {
		check_add(c, CHECK_UNSURE, "Start the site, and run this as a user that may connect to its sockets.",
			  "egress cannot be asked: %s", e.text);
		return;
	}
	if (!cJSON_IsArray(json_get(status, "processors"))) {
		check_add(c, CHECK_UNSURE, "Restart egress.", "egress gave no status");
		return;
	}
	if (cJSON_IsTrue(json_get(status, "testing")))
		check_add(c, CHECK_BROKEN, "Start the installed egress.",
			  "egress is the test build, which may reach loopback and unencrypted hosts");
	cJSON_ArrayForEach(row, json_get(status, "processors"))
	{
		check_processor(c, row);
	}
	// Egress counts what it was asked for, and what of that came to nothing: forbidden, or without a usable answer.
	const cJSON *pages = json_get(status, "pages");
	double asked = json_number(pages, "requests", 0), failed = json_number(pages, "refused", 0);
	if (!c->policy->page_fetch && asked > failed)
		check_add(c, CHECK_BROKEN, "Restart egress with this policy.",
			  "%.0f pages were fetched, and the policy does not allow that", asked - failed);
	else if (asked == 0)
		check_add(c, CHECK_KEPT, "", "egress runs; no page has been asked for so far");
	else
		check_add(c, CHECK_KEPT, "",
			  "egress runs; pages asked for so far: %.0f; fetched: %.0f; forbidden or without a usable answer: %.0f", asked,
			  asked - failed, failed);
}

const struct check_row check_egress_rows[] = {
    {"egress", "Nothing leaves but to the hosts of declared processors.", NEEDS_POLICY, check_egress, NULL},
    {0},
};
