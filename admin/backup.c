// SPDX-License-Identifier: ISC
#include "policy/vault/backup.h"
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"

static const struct option_row backup_options[] = {
    {"keys", OPTION_VALUE, "FOLDER", "where the newest copy of the keys goes: another place than the data"},
    {"scheduled", OPTION_FLAG, NULL, "nothing where LETHE_BACKUP names no folder: for timers"},
    {"check", OPTION_FLAG, NULL, "make none: read the backup FOLDER through"},
    OBJECT_OPTIONS_END,
};

static enum status backup_report(const struct arguments *args, const struct backup_facts *b, const char *what)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	char until[WHEN_TEXT];

	when_text(until, b->until);
	buf_printf(&out, "%s %s\n%s, %s, %s; to be deleted at %s\n", what, b->path, COUNTED(b->records, "record", "records"),
		   COUNTED(b->events, "ledger entry", "ledger entries"), COUNTED(b->files, "file", "files"), until);
	if (b->left_records + b->left_days > 0)
		buf_printf(&out, "left out, as they end before it does: %s, %s of the request log\n",
			   COUNTED(b->left_records, "record", "records"), COUNTED(b->left_days, "day", "days"));
	return output_members(args, &out,
			      JSON_MEMBERS(MEMBER_TEXT("path", b->path), MEMBER_TIME("made", b->made), MEMBER_TIME("until", b->until),
					   MEMBER_NUMBER("records", b->records), MEMBER_NUMBER("events", b->events),
					   MEMBER_NUMBER("files", b->files), MEMBER_NUMBER("bytes", b->bytes),
					   MEMBER_NUMBER("left_records", b->left_records), MEMBER_NUMBER("left_log_days", b->left_days),
					   MEMBER_BOOL("keys", b->keys_copied)));
}

static enum status backup_main(const struct admin *a, const struct arguments *args)
{
	const char *folder = args->word_count > 0 ? args->words[0] : setting("LETHE_BACKUP", NULL);
	const char *keys = argument_given(args, "keys") ? argument(args, "keys") : setting("LETHE_BACKUP_KEYS", NULL);
	struct backup_list ended;
	struct backup_facts b;
	struct err e = {0}, why = {0};
	char path[PATH_MAX];
	SITE_AUTO struct site s = {0};

	if (folder == NULL && argument_given(args, "scheduled"))
		return STATUS_DONE;
	if (folder == NULL)
		return output_complain(STATUS_UNSURE, "backup: name a folder, or set LETHE_BACKUP");
	if (argument_given(args, "check")) {
		if (path_join(path, sizeof path, a->state, "keys", &e) != 0 || backup_check(folder, path, &b, &e) != 0)
			return output_complain(e.code == ERR_INPUT ? STATUS_UNSURE : STATUS_FOUND, "backup: %s", e.text);
		return backup_report(args, &b, b.has_signature ? "whole, and signed by the ledger's key:" : "whole:");
	}
	if (site_open(&s, a, VAULT_ADMIN) != STATUS_DONE)
		return STATUS_UNSURE;
	output_progress_begin("backing up");
	const int ret = backup_make(s.vault, folder, keys, &b, &e);
	// Whoever makes one a day needs nothing else to delete the old ones.
	struct clock_state clock;
	const int pruned = vault_clock(s.vault, &clock, &why) != 0 ? -1 : backup_prune_all(s.vault, clock.judged, false, &ended, &why);
	output_progress_end();
	if (ret != 0)
		return output_complain(e.code == ERR_REFUSED ? STATUS_UNSURE : STATUS_FOUND, "backup: %s", e.text);
	if (keys == NULL)
		output_complain(STATUS_DONE, "backup: the keys are not in it, and without them nobody can read it: name another place for "
					     "their newest copy with --keys or LETHE_BACKUP_KEYS");
	if (pruned != 0)
		output_complain(STATUS_FOUND, "backup: %s", why.text);
	const enum status status = backup_report(args, &b, "made");
	return pruned != 0 ? STATUS_FOUND : status;
}

const struct command backup_command = {"backup", backup_main,
				       "copy the stores, without what ends before the copy does, and apart from their keys",
				       .words = "[FOLDER]", .options = backup_options};
