// SPDX-License-Identifier: ISC
#include "admin/check.h"
#include "admin/nginx_conf.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct option_row check_options[] = {
    {"nginx", OPTION_VALUE, "FILE", "nginx's configuration (LETHE_NGINX_CONF)"},
    {"url", OPTION_VALUE, "URL", "where the site answers on this machine; from nginx's configuration if not given"},
    {"offline", OPTION_FLAG, NULL, "do not ask the site itself"},
    {"at", OPTION_VALUE, "DATE", "judge what is stored as it will be then, if only lethe prune goes on: 2027-11-22"},
    {"record", OPTION_FLAG, NULL, "note the findings in the state folder, for /privacy/live and lethe metrics"},
    {"quiet", OPTION_FLAG, NULL, "print only what is broken, unsure or overdue"},
    LIST_OPTIONS_END,
};

// In this order: what later ones stand on comes first.
static const struct check_row *const groups[] = {check_policy_rows,  check_settings_rows, check_store_rows,   check_cases_rows,
						 check_folders_rows, check_nginx_rows,    check_sent_rows,    check_units_rows,
						 check_machine_rows, check_egress_rows,   check_resolver_rows};
enum { RESULT_WIDTH = 7, FINDING_COLUMN = RESULT_WIDTH + 16 };

// As text: a block for each finding that is not kept, a line for each that is; at the end how many there are of each.
static enum status findings_print(struct check *c, const struct arguments *args)
{
	const char *format = argument(args, "format");
	bool quiet = argument_given(args, "quiet"), text = format == NULL || strcmp(format, "text") == 0;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	size_t counts[CHECK_RESULTS] = {0};
	cJSON *row, *next;

	for (row = c->findings.rows->child; row != NULL; row = next) {
		const char *result = json_string(row, "result");
		size_t is = 0;
		while (strcmp(result, check_result_words[is]) != 0)
			is++;
		counts[is]++;
		next = row->next;
		if (quiet && (is == CHECK_KEPT || is == CHECK_EMPTY || is == CHECK_DUE)) {
			cJSON_Delete(cJSON_DetachItemViaPointer(c->findings.rows, row));
			continue;
		}
		buf_printf(&out, "%-*s %-14s ", RESULT_WIDTH, result, json_string(row, "check"));
		output_wrapped(&out, FINDING_COLUMN, FINDING_COLUMN, json_string(row, "finding"));
		if (is == CHECK_BROKEN || is == CHECK_UNSURE || is == CHECK_OVERDUE || is == CHECK_DUE) {
			buf_printf(&out, "\n%*sPromise: ", FINDING_COLUMN, "");
			output_wrapped(&out, FINDING_COLUMN + 9, FINDING_COLUMN + 9, json_string(row, "promise"));
			buf_printf(&out, "\n%*sRemedy:  ", FINDING_COLUMN, "");
			output_wrapped(&out, FINDING_COLUMN + 9, FINDING_COLUMN + 9, json_string(row, "remedy"));
		}
		buf_addc(&out, '\n');
	}
	if (!quiet || out.len > 0)
		buf_printf(&out, "\n%zu broken, %zu unsure, %zu kept; nothing to judge in %zu%s%s.\n", counts[CHECK_BROKEN],
			   counts[CHECK_UNSURE], counts[CHECK_KEPT], counts[CHECK_EMPTY],
			   counts[CHECK_OVERDUE] > 0 ? "; something is overdue" : "",
			   !quiet && counts[CHECK_DUE] > 0 ? "; something is due" : "");
	return text ? output_print(&out) : table_output(&c->findings, args, NULL);
}

// As lethe check --format json prints them, in STATE/officer/check.json.
static enum status findings_record(const struct check *c)
{
	BUF_AUTO struct buf text = BUF_INIT(OUTPUT_MAX);
	char path[PATH_MAX];
	struct err e = {0};

	if (c->then != 0)
		return output_complain(STATUS_UNSURE, "check: what is judged for a time to come is not recorded");
	if (json_print(&text, c->findings.rows) != 0 || path_join(path, sizeof path, c->admin->state, "officer/check.json", &e) != 0 ||
	    site_become_owner(c->admin->state) != 0 || file_write(path, text.data, text.len, 0600, NULL, &e) != 0)
		return output_complain(STATUS_UNSURE, "check: the findings cannot be recorded: %s", text.failed ? "no memory" : e.text);
	return STATUS_DONE;
}

static enum status check_main(const struct admin *a, const struct arguments *args)
{
	static const char *const columns[] = {"result", "check", "promise", "finding", "remedy", NULL};
	struct check c = {
	    .admin = a, .nginx_file = argument(args, "nginx"), .url = argument(args, "url"), .offline = argument_given(args, "offline")};
	char active[PATH_MAX];
	struct err e = {0};

	const char *at = argument(args, "at");
	if (at != NULL && (when_parse(&c.then, at) != 0 || c.then <= when_now()))
		return output_complain(STATUS_UNSURE, "check: --at takes a date to come, such as 2027-11-22");
	when_stand_at(c.then);
	// Neither a store nor what a publish left: a mistyped folder, of which a list of all that is not there would say nothing.
	if (site_stores_there(a, &e) == 0 && path_join(active, sizeof active, a->state, "policy/active.xml", &e) == 0 &&
	    access(active, F_OK) < 0)
		return site_stores_needed(a);
	table_init(&c.findings, columns, "sssss");
	output_progress_begin("checking");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		for (const struct check_row *row = groups[i]; row->name != NULL; row++) {
			if (c.then == 0 || (row->needs & OF_THEN) != 0 || row == check_policy_rows)
				check_run(&c, row);
			if (row == check_policy_rows && c.policy != NULL)
				vault_open(&c.vault, a->state, a->run, c.policy, VAULT_LOOK, &c.vault_error);
		}
	output_progress_end();
	enum status status = argument_given(args, "record") ? findings_record(&c) : STATUS_DONE;
	if (status == STATUS_DONE)
		status = findings_print(&c, args);
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

const struct command check_command = {"check", check_main, "does this installation keep its policy?", .options = check_options};
