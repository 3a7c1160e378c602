// SPDX-License-Identifier: ISC
#include "admin/error_log.h"
#include "admin/sign.h"
#include "admin/table.h"
#include "fcgi/ipc/making_call.h"
#include "policy/base/array.h"
#include "policy/rights/erase.h"
#include "policy/rights/hold_end.h"
#include "policy/rights/outbox.h"
#include "policy/vault/backup.h"

static const struct option_row prune_options[] = {
    {"ahead", OPTION_VALUE, "DURATION", "also what becomes due in this time (PT2M), so that the next run comes early enough"},
    {"dry-run", OPTION_FLAG, NULL, "only count"},
    {"quiet", OPTION_FLAG, NULL, "print only what was ended"},
    LIST_OPTIONS_END,
};

static enum status prune_main(const struct admin *a, const struct arguments *args)
{
	const char *text = argument(args, "ahead");
	struct duration ahead = {0};
	struct prune_result r;
	size_t error_lines = 0;
	char until[WHEN_TEXT];
	struct err of_hold, of_log, of_sign, of_tags;
	BUF_AUTO struct buf note = BUF_INIT(OUTPUT_MAX);
	struct vault *v = a->vault;
	bool dry_run = argument_given(args, "dry-run");

	rights_stop_making_by(making_stop, a->run);
	if (text != NULL && duration_parse(&ahead, text) != 0)
		return output_complain(STATUS_UNSURE, "prune: --ahead takes an ISO 8601 duration, such as PT2M or P1D");
	// The stores first: they know by which time is judged what is due.
	output_progress_begin(dry_run ? "counting what is due" : "pruning");
	// Holds before: what is covered must not end now, and what is covered no more ends in the same run.
	struct hold_run held = {0};
	int hold_ret = dry_run ? 0 : hold_run_all(v, &held, &of_hold);
	int ret = vault_prune(v, ahead, dry_run, &r, a->e);
	int tag_ret = dry_run ? 0 : outbox_tag_old(v, &of_tags);
	int log_ret = r.horizon == 0 ? 0 : error_log_prune(a->in_force, a->run, r.horizon, dry_run, &error_lines, &of_log);
	struct err of_backups = {0};
	struct backup_list backups;
	int backup_ret = backup_prune_all(v, r.horizon, dry_run, &backups, &of_backups);
	if (backup_ret == 0 && !dry_run)
		backup_ret = sign_copy_tombstones(a, v, &of_backups);
	// A certificate waits for it, or published entries are kept no longer.
	bool sign = false;
	int sign_ret = dry_run ? 0 : ledger_unsigned(v, &sign, &of_sign);
	if (sign_ret == 0 && !dry_run && (sign || r.ledger_events > 0))
		sign_ret = sign_ledger(a, v, &note, &of_sign);
	output_progress_end();
	if (hold_ret != 0)
		output_complain(STATUS_FOUND, "prune: legal holds: %s", of_hold.text);
	if (tag_ret != 0)
		output_complain(STATUS_FOUND, "prune: contacts of older requests: %s", of_tags.text);
	if (held.waiting > 0)
		output_complain(STATUS_FOUND, "prune: %zu erasures that a legal hold held back could not be completed", held.waiting);
	if (sign_ret != 0)
		output_complain(STATUS_FOUND, "prune: %s", of_sign.text);
	if (log_ret != 0)
		output_complain(STATUS_FOUND, "prune: %s", of_log.text);
	if (backup_ret != 0)
		output_complain(STATUS_FOUND, "prune: %s", of_backups.text);
	if (ret != 0)
		output_complain(STATUS_FOUND, "prune: %s", a->e->text);
	if (r.horizon == 0)
		return STATUS_FOUND;
	when_text(until, r.clock.ahead);
	if (r.clock.ahead > r.clock.now)
		output_complain(
		    STATUS_DONE,
		    "prune: what is dated in the future, until %s, is left; if the clock is right now, run: lethe clock confirm", until);
	const struct {
		const char *what;
		size_t count;
	} rows[] = {{"legal holds", held.ended},
		    {"requests that they held back", held.answered},
		    {"records", r.records},
		    {"of these, anonymised", r.anonymised},
		    {"files", r.files},
		    {"request-log days", r.log_segments},
		    {"request-log rows", r.log_rows},
		    {"ledger entries", r.ledger_events},
		    {"error-log lines", error_lines},
		    {"backups", backups.ended},
		    {"orphans", r.orphans}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!argument_given(args, "quiet") || rows[i].count != 0)
			table_add(a->list, rows[i].what, (double)rows[i].count);
	enum status printed = table_output(a->list, args, NULL);
	return printed != STATUS_DONE ? printed
	       : ret != 0 || hold_ret != 0 || held.waiting > 0 || tag_ret != 0 || log_ret != 0 || sign_ret != 0 || backup_ret != 0
		   ? STATUS_FOUND
		   : STATUS_DONE;
}

const struct command prune_command = {"prune",
				      prune_main,
				      "end everything that the policy keeps no longer",
				      .options = prune_options,
				      .opens = OPENS_ADMIN,
				      .columns = (const char *const[]){"what", "count", NULL},
				      .types = "sn"};
