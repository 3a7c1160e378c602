// SPDX-License-Identifier: ISC
#include "admin/check.h"
#include "admin/nginx_conf.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct option_row check_options[] = {
    {"nginx", OPTION_VALUE, "FILE", "nginx's configuration (LETHE_NGINX_CONF)"},
    {"url", OPTION_VALUE, "URL", "where the site answers on this machine; from nginx's configuration if not given"},
    {"offline", OPTION_FLAG, NULL, "do not ask the site itself"},
    {"quiet", OPTION_FLAG, NULL, "print only what is not kept"},
    FORMAT_OPTION,
    {0},
};

static void check_stores(struct check *c);
static void check_testing(struct check *c);

// In this order: what later ones stand on comes first.
static const struct check_row checks[] = {
    {"policy", "The programs run on a valid policy.", false, false, check_policy},
    {"testing", "No test build serves visitors.", false, false, check_testing},
    {"unbuilt", "What the policy promises can be done by this version.", true, false, check_unbuilt},
    {"settings", "Only processors that the policy declares can be reached.", true, false, check_settings},
    {"master-key", "Stored data can be read only with a key that no one else can read.", false, false, check_master_key},
    {"stores", "Every record is where the policy says, and sealed.", true, false, check_stores},
    {"tables", "The stores hold what the policy declares, and nothing else.", true, true, check_tables},
    {"private", "Only the site's own user can use the stores' files.", false, false, check_private},
    {"folders", "Files hold what the policy declares, and nothing else.", false, false, check_folders},
    {"spool", "Archives are in memory only.", false, false, check_spool},
    {"clock", "What is due is judged by a right clock.", true, true, check_clock},
    {"retention", "Nothing is kept longer than the policy says.", true, true, check_retention},
    {"error-log", "The web server's error log is kept no longer than the policy says.", true, false, check_error_log_age},
    {"prune", "What is due is ended on time.", true, true, check_prune},
    {"residue", "What is deleted leaves no trace.", true, true, check_residue},
    {"disk", "There is room to work and to erase.", false, false, check_disk},
    {"space-reserve", "Deleting works on a full disk too.", false, false, check_space_reserve},
    {"requests", "Requests of data subjects are answered in time.", true, true, check_requests},
    {"ledger", "The record of what was done cannot be altered unseen.", true, true, check_ledger},
    {"activation", "The ledger knows which policy is in force.", true, true, check_activation},
    {"published", "Visitors read the policy that the programs obey.", true, false, check_published},
    {"nginx", "What the web server does can be read.", false, false, check_nginx},
    {"logs", "The web server keeps no log of visits.", false, false, check_logs},
    {"temp-files", "What visitors send and get is never on a disk.", false, false, check_temp_files},
    {"spill", "Requests and answers pass through memory only.", false, false, check_spill},
    {"doors", "Requests reach the site's own programs only.", false, false, check_doors},
    {"tls", "Visitors are served over an encrypted connection.", false, false, check_tls},
    {"headers", "Every answer has the headers that follow from the policy.", true, false, check_location_headers},
    {"sent", "Browsers get the headers and cookies that the policy declares, and no others.", true, false, check_sent},
    {"units", "Every program is walled in.", false, false, check_units},
    {"swap", "Memory is never written to a disk.", false, false, check_swap},
    {"regions", "Data is processed only in the regions that the policy names.", true, true, check_regions},
    {"egress", "Nothing leaves but to the hosts of declared processors.", true, false, check_egress},
};
enum { CHECK_COUNT = ARRAY_LEN(checks), FINDING_MAX = 1024 };

static const char *const verdict_words[] = {[KEPT] = "kept", [BROKEN] = "BROKEN", [UNSURE] = "unsure"};

void check_add(struct check *c, enum verdict verdict, const char *remedy, const char *format, ...)
{
	char finding[FINDING_MAX];
	va_list arguments;
	cJSON *row = table_row(&c->findings);

	va_start(arguments, format);
	vsnprintf(finding, sizeof finding, format, arguments);
	va_end(arguments);
	table_text(&c->findings, row, "verdict", verdict_words[verdict]);
	table_text(&c->findings, row, "check", c->at->name);
	table_text(&c->findings, row, "promise", c->at->policy);
	table_text(&c->findings, row, "finding", finding);
	table_text(&c->findings, row, "remedy", remedy);
	c->broken |= verdict == BROKEN;
	c->unsure |= verdict == UNSURE;
}

void span_words(char out[SPAN_WORDS], time_t seconds)
{
	static const struct {
		time_t from, unit;
		const char *name;
	} units[] = {{2 * 86400, 86400, "days"}, {2 * 3600, 3600, "hours"}, {120, 60, "minutes"}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (seconds >= units[i].from) {
			snprintf(out, SPAN_WORDS, "%lld %s", (long long)(seconds / units[i].unit), units[i].name);
			return;
		}
	}
	snprintf(out, SPAN_WORDS, "%lld second%s", (long long)seconds, seconds == 1 ? "" : "s");
}

static void check_testing(struct check *c)
{
	if (strcmp(setting("LETHE_TESTING", "0"), "1") == 0)
		check_add(c, BROKEN, "Never let visitors use it: remove LETHE_TESTING and start the installed programs.",
			  "LETHE_TESTING is set: this is a test, whose programs may reach addresses that the policy does not name");
	else
		check_add(c, KEPT, "", "this is not a test");
}

static void check_stores(struct check *c)
{
	if (c->vault != NULL)
		check_add(c, KEPT, "", "the stores in %s open and fit this version", c->admin->state);
	else if (c->vault_error.code == ERR_CORRUPT)
		check_add(c, BROKEN, "Stop the site and restore the stores; do not write to them.", "%s", c->vault_error.text);
	else
		check_add(c, UNSURE,
			  stores_there(c->admin, NULL) == 0
			      ? "Name the right folder with --state or LETHE_STATE; lethe keys init makes a store where there is none."
			      : "Put back what is missing, and run this as the user that owns the stores.",
			  "%s", c->vault_error.text);
}

static void run_check(struct check *c, const struct check_row *row)
{
	c->at = row;
	c->nginx_bad = false;
	if (row->needs_policy && c->policy == NULL)
		check_add(c, UNSURE, "Repair the policy first.", "without a valid policy this cannot be told");
	else if (row->needs_vault && c->vault == NULL)
		check_add(c, UNSURE, "Repair what is said of the stores first.", "the stores cannot be opened");
	else
		row->run(c);
	if (row->run == check_policy && c->policy != NULL)
		vault_open(&c->vault, c->admin->state, c->admin->run, c->policy, VAULT_LOOK, &c->vault_error);
}

// A block for each finding that is not kept, a line for each that is.
static void print_blocks(const struct check *c, bool quiet, struct buf *out)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, c->findings.rows)
	{
		bool kept = strcmp(json_string(row, "verdict"), verdict_words[KEPT]) == 0;
		if (quiet && kept)
			continue;
		buf_printf(out, "%-7s %-11s ", json_string(row, "verdict"), json_string(row, "check"));
		output_text(out, json_string(row, "finding"));
		if (!kept) {
			buf_printf(out, "\n%20sPromise: %s\n%20sRemedy:  ", "", json_string(row, "promise"), "");
			output_text(out, json_string(row, "remedy"));
		}
		buf_addc(out, '\n');
	}
}

static void drop_kept(struct table *t)
{
	for (int i = cJSON_GetArraySize(t->rows) - 1; i >= 0; i--)
		if (strcmp(json_string(cJSON_GetArrayItem(t->rows, i), "verdict"), verdict_words[KEPT]) == 0)
			cJSON_DeleteItemFromArray(t->rows, i);
}

static enum status print_findings(struct check *c, const struct arguments *args)
{
	const char *format = argument(args, "format");
	bool quiet = argument_given(args, "quiet");
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	if (format == NULL || strcmp(format, "text") == 0) {
		print_blocks(c, quiet, &out);
		return output_print(&out);
	}
	if (quiet)
		drop_kept(&c->findings);
	return table_output(&c->findings, args, NULL);
}

// Neither a store nor what a publish left: a mistyped folder, of which a list of all that is not there would say nothing.
static bool nothing_there(const struct admin *a)
{
	char active[PATH_MAX];
	struct err e = {0};

	return stores_there(a, &e) == 0 && path_join(active, sizeof active, a->state, "policy/active.xml", &e) == 0 &&
	       access(active, F_OK) < 0;
}

enum status admin_check(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"verdict", "check", "promise", "finding", "remedy", NULL};
	struct check c = {
	    .admin = a, .nginx_file = argument(args, "nginx"), .url = argument(args, "url"), .offline = argument_given(args, "offline")};

	if (nothing_there(a))
		return stores_needed(a);
	table_init(&c.findings, columns);
	progress_begin("checking");
	for (size_t i = 0; i < CHECK_COUNT; i++)
		run_check(&c, &checks[i]);
	progress_end();
	enum status status = print_findings(&c, args);
	table_free(&c.findings);
	if (c.vault != NULL)
		vault_close(c.vault);
	if (c.files.active != NULL)
		c.files.active->coming = NULL; // belongs to c.files
	active_files_free(&c.files);
	policy_free(c.wanted);
	nginx_conf_free(c.nginx);
	if (status != STATUS_DONE)
		return status;
	return c.broken ? STATUS_FOUND : c.unsure ? STATUS_UNSURE : STATUS_DONE;
}
