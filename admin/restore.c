// SPDX-License-Identifier: ISC
#include "policy/vault/restore.h"
#include "admin/sign.h"
#include "policy/base/file.h"
#include "policy/rules/active.h"
#include "policy/rules/load.h"
#include <stdio.h>
#include <unistd.h>

static const struct option_row restore_options[] = {
    {"keys", OPTION_VALUE, "FOLDER", "the copy of the keys; otherwise those in the state folder are used"},
    {"tombstones", OPTION_VALUE, "FILE", "a copy of the list of erasures, in place of that in LETHE_CHECKPOINT_COPY"},
    {"replace", OPTION_FLAG, NULL, "also what is stored there already, which is deleted"},
    OBJECT_FORMAT_OPTION,
    {0},
};

// Events after the backup are lost, so a checkpoint that was signed meanwhile is of another tree: it is evidence, and kept beside.
static void set_copy_aside(struct vault *v)
{
	struct buf old BUF_AUTO = BUF_INIT(COPY_BYTES_MAX);
	struct ledger_report report;
	struct err none = {0};
	char path[PATH_MAX], aside[PATH_MAX + 32], now[WHEN_TEXT];

	if (sign_copy_path(vault_policy(v), path, &none) != 0 || path[0] == '\0' || file_read(path, &old, &none) != 0 ||
	    (ledger_verify_against(v, old.data, old.len, NULL, &report, &none) == 0 && report.intact))
		return;
	when_text(now, when_now());
	snprintf(aside, sizeof aside, "%s.before-%s", path, now);
	if (rename(path, aside) == 0)
		output_complain(
		    STATUS_DONE,
		    "restore: the ledger goes on from the backup, and what it had after that is lost: its last checkpoint is kept in %s",
		    aside);
}

static enum status restore_main(const struct admin *a, const struct arguments *args)
{
	struct restore_from from = {.backup = args->words[0],
				    .keys = argument(args, "keys"),
				    .tombstones = argument(args, "tombstones"),
				    .replace = argument_given(args, "replace")};
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX), out = BUF_INIT(OUTPUT_MAX), note = BUF_INIT(OUTPUT_MAX);
	struct backup_facts b;
	struct restore_result r = {0};
	char copy[PATH_MAX], made[WHEN_TEXT];
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	// The copy that prune keeps elsewhere is found without being named.
	struct policy *here = policy_load_active(a->state, a->policy, &messages);
	if (here != NULL) {
		from.site = here->site;
		if (from.tombstones == NULL && sign_tombstones_path(here, copy, &e) == 0 && copy[0] != '\0' && access(copy, F_OK) == 0)
			from.tombstones = copy;
	}
	buf_free(&messages);
	e = (struct err){0};
	output_progress_begin("restoring");
	int ret = restore_place(a->state, &from, &b, &e);
	policy_free(here);
	from.site = NULL;
	if (ret == 0) {
		s.policy = policy_load_active(a->state, a->policy, &messages);
		ret = s.policy == NULL ? err_set(&e, ERR_INPUT, "%sthere is no valid policy to go by: repair it, and run this again",
						 buf_text(&messages))
				       : restore_finish(a->state, a->run, s.policy, &b, &r, &s.vault, &e);
	}
	output_progress_end();
	if (ret != 0)
		return output_complain(e.code == ERR_REFUSED || e.code == ERR_INPUT || e.code == ERR_BUSY ? STATUS_UNSURE : STATUS_FOUND,
				       "restore: %s", e.text);
	if (!b.has_signature)
		output_complain(STATUS_DONE,
				"restore: the backup bears no signature that keys/ledger.pub could be held against: whoever could "
				"write to it could have altered it");
	set_copy_aside(s.vault);
	const int signed_now = sign_ledger(a, s.vault, &note, &e);
	if (signed_now != 0)
		output_complain(STATUS_FOUND, "restore: the ledger is not signed yet: %s", e.text);
	if (from.tombstones == NULL && sign_tombstones_path(s.policy, copy, &e) == 0 && copy[0] != '\0' && access(copy, F_OK) == 0)
		output_complain(STATUS_DONE, "restore: %s lists erasures; if this machine's list was lost, restore again with --tombstones",
				copy);
	if (r.clock_leapt)
		output_complain(STATUS_FOUND, "restore: what is due is ended when the clock is confirmed: lethe clock confirm");
	when_text(made, b.made);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	if (from.tombstones != NULL)
		cJSON_AddStringToObject(o, "tombstones", from.tombstones);
	cJSON_AddStringToObject(o, "made", made);
	cJSON_AddNumberToObject(o, "records", (double)b.records);
	cJSON_AddNumberToObject(o, "events", (double)b.events);
	cJSON_AddNumberToObject(o, "erasures_again", (double)r.again);
	cJSON_AddNumberToObject(o, "pruned", (double)r.pruned.records);
	buf_printf(&out,
		   "restored from the backup of %s: %llu records, %llu ledger entries\n%llu erasures, restrictions and withdrawals made "
		   "since were done again, "
		   "%zu records that are over were ended\nnot restored: what was stored or corrected since, legal holds, and refusals of "
		   "what nobody "
		   "had consented to before\n",
		   made, (unsigned long long)b.records, (unsigned long long)b.events, (unsigned long long)r.again, r.pruned.records);
	const enum status status = output_object(args, o, &out);
	return signed_now != 0 || r.clock_leapt ? STATUS_FOUND : status;
}

const struct command restore_command = {
    .name = "restore",
    .run = restore_main,
    .line = "bring a backup back, erase again what was erased since, and end what is over, before anybody is served",
    .words = "BACKUP",
    .words_min = 1,
    .words_max = 1,
    .options = restore_options};
