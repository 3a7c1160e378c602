// SPDX-License-Identifier: ISC
#include "policy/vault/restore.h"
#include "admin/admin.h"
#include "admin/requests.h"
#include "admin/sign.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/rights/certificate.h"
#include "policy/rights/hold_end.h"
#include "policy/rules/active.h"
#include "policy/vault/open.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_row restore_options[] = {
    {"keys", OPTION_VALUE, "FOLDER", "the copy of the keys; otherwise those in the state folder are used"},
    {"tombstones", OPTION_VALUE, "FILE", "a copy of the list of erasures, in place of that in LETHE_CHECKPOINT_COPY"},
    {"replace", OPTION_FLAG, NULL, "also what is stored there already, which is deleted"},
    {"confirm", OPTION_FLAG, NULL, "bring nothing back: take note, for the ledger, of what the last restore could not bring back"},
    OBJECT_OPTIONS_END,
};

static const char ASIDE[] = ".before-";

// Events after the backup are lost, so a checkpoint that was signed meanwhile is of another tree: it is evidence, and kept beside.
static void set_copy_aside(struct vault *v)
{
	struct buf old BUF_AUTO = BUF_INIT(COPY_BYTES_MAX);
	struct ledger_report report;
	struct err none = {0};
	char path[PATH_MAX], aside[PATH_MAX + 48], now[WHEN_TEXT];
	int ret = -1;

	if (sign_copy_path(vault_policy(v), path, &none) != 0 || path[0] == '\0' || file_read(path, &old, &none) != 0 ||
	    (ledger_verify_against(v, old.data, old.len, NULL, &report, &none) == 0 && report.intact))
		return;
	when_text(now, when_now());
	snprintf(aside, sizeof aside, "%s%s%s", path, ASIDE, now);
	for (int number = 2; (ret = renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE)) != 0 && errno == EEXIST; number++)
		snprintf(aside, sizeof aside, "%s%s%s-%d", path, ASIDE, now, number); // one that was kept in the same second
	if (ret == 0)
		output_complain(
		    STATUS_DONE,
		    "restore: the ledger goes on from the backup, and what it had after that is lost: its last checkpoint is kept in %s",
		    aside);
}

// ---- what cannot be brought back ----

enum { LOST_NAMES_MAX = 24 };
struct lost {
	uint64_t from, entries;
	time_t last;
	struct {
		char name[64];
		uint64_t count;
	} names[LOST_NAMES_MAX];
	size_t count;
};

static int lost_add(void *arg, const struct ledger_entry *entry)
{
	struct lost *lost = arg;
	size_t i = 0;

	lost->entries++;
	lost->last = entry->at;
	while (i < lost->count && strcmp(lost->names[i].name, entry->name) != 0)
		i++;
	if (i == lost->count && i < LOST_NAMES_MAX)
		snprintf(lost->names[lost->count++].name, sizeof lost->names[i].name, "%s", entry->name);
	if (i < LOST_NAMES_MAX)
		lost->names[i].count++;
	return 0;
}

// Whether a checkpoint that was copied there was set aside since: what is signed now need not have grown out of the backup.
static bool copy_set_aside_since(const char *path, time_t since)
{
	char folder[PATH_MAX], when[WHEN_TEXT];
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	const size_t len = strlen(name), mark = strlen(ASIDE);
	bool found = false;

	snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
	DIR *d = opendir(folder);
	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
		time_t at = 0;
		if (strncmp(entry->d_name, name, len) != 0 || strncmp(entry->d_name + len, ASIDE, mark) != 0)
			continue;
		snprintf(when, sizeof when, "%.*s", WHEN_TEXT - 1, entry->d_name + len + mark);
		found = found || when_parse(&at, when) != 0 || at >= since;
	}
	if (d != NULL)
		closedir(d);
	return found || d == NULL;
}

// What the ledger has had after the last entry that the backup has, too, told by the store that is to be replaced, else, its number alone, by the
// checkpoint that was copied: {"entries", "until", "names": {name: count}}. Nothing: it cannot be told.
static void lost_find(const struct admin *a, const struct policy *p, const char *backup, struct buf *out)
{
	struct buf copy BUF_AUTO = BUF_INIT(COPY_BYTES_MAX);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	struct backup_facts facts;
	struct lost lost = {0};
	struct vault *v = NULL;
	struct err none = {0};
	char path[PATH_MAX];
	uint64_t common;

	if (p == NULL || backup_read(backup, NULL, &facts, &none) != 0)
		return;
	const bool told = site_stores_there(a, &none) > 0 && vault_open(&v, a->state, a->run, p, VAULT_LOOK, &none) == 0 &&
			  backup_common(v, backup, &common, &none) == 0 && ledger_each(v, common, lost_add, &lost, &none) >= 0;
	if (told) {
		cJSON_AddNumberToObject(o, "entries", (double)lost.entries);
		json_put_time(o, "until", lost.last != 0 ? lost.last : facts.made);
		cJSON *names = cJSON_AddObjectToObject(o, "names");
		for (size_t i = 0; i < lost.count; i++)
			cJSON_AddNumberToObject(names, lost.names[i].name, (double)lost.names[i].count);
	} else if (v == NULL && sign_copy_path(p, path, &none) == 0 && path[0] != '\0' && file_read(path, &copy, &none) == 0 &&
		   strchr(copy.data, '\n') != NULL && !copy_set_aside_since(path, facts.made)) {
		const uint64_t size = strtoull(strchr(copy.data, '\n'), NULL, 10);
		if (size > facts.events) // else what came after it was not signed
			cJSON_AddNumberToObject(o, "entries", (double)(size - facts.events));
	}
	vault_close(v);
	if (o->child != NULL)
		json_print(out, o);
}

// "5 entries of the ledger (2 request, 3 ticket)"
static void lost_words(const cJSON *lost, struct buf *out)
{
	const cJSON *names = json_get(lost, "names"), *one;
	const char *between = " (";

	if (!cJSON_IsNumber(json_get(lost, "entries"))) {
		buf_adds(out, "it is not known how many entries of the ledger");
		return;
	}
	buf_printf(out, "%.0f entries of the ledger", cJSON_GetNumberValue(json_get(lost, "entries")));
	cJSON_ArrayForEach(one, names)
	{
		buf_printf(out, "%s%.0f %s", between, cJSON_GetNumberValue(one), one->string);
		between = ", ";
	}
	buf_adds(out, *between == ',' ? ")" : "");
}

// Of the kinds that nothing carries: what was stored or changed after the backup.
static void lost_kinds(const struct policy *p, struct buf *out)
{
	const char *between = "";

	for (enum kind k = 0; k < KIND_COUNT; k++) {
		if (p->kinds[k].keep != KEEP_STORED || kind_row(k)->carried || k == KIND_LEDGER || k == KIND_BACKUP || k == KIND_ERROR_LOG)
			continue;
		buf_printf(out, "%s%s", between, k == KIND_CONSENT ? "consents that were given" : kind_row(k)->words);
		between = ", ";
	}
}

static int restore_telling(void *arg, const struct ledger_entry *entry)
{
	cJSON **details = arg;

	*details = json_parse(entry->details, strlen(entry->details), NULL);
	return 1;
}

int restore_note(struct vault *v, struct buf *out, struct err *e)
{
	int64_t event;
	JSON_AUTO cJSON *details = NULL;

	if (restore_unconfirmed(v, &event, e) != 0 || event == 0)
		return event == 0 ? 0 : -1;
	if (ledger_each(v, (uint64_t)event - 1, restore_telling, &details, e) < 0)
		return -1;
	const char *made = json_string(details, "made");
	buf_printf(out, "entry %lld: restored from the backup of %s; lost since: ", (long long)event - 1, made != NULL ? made : "?");
	lost_words(json_get(details, "lost"), out);
	buf_adds(out, ", and ");
	lost_kinds(vault_policy(v), out);
	if (cJSON_IsTrue(json_get(details, "erasures_unknown")))
		buf_adds(out, "; who was erased since is not all known, and may be back");
	return out->failed ? err_set(e, ERR_MEMORY, "no memory") : 1;
}

static enum status confirm_restore(const struct admin *a)
{
	BUF_AUTO struct buf note = BUF_INIT(OUTPUT_MAX), out = BUF_INIT(OUTPUT_MAX);
	char officer[OFFICER_MAX];
	struct err e = {0};
	SITE_AUTO struct site s = {0};

	if (site_open(&s, a, VAULT_ADMIN) != STATUS_DONE)
		return STATUS_UNSURE;
	requests_officer(officer);
	const int there = restore_note(s.vault, &note, &e);
	if (there < 0 || restore_confirm(s.vault, officer, &e) != 0)
		return output_complain(e.code == ERR_REFUSED ? STATUS_UNSURE : STATUS_FOUND, "restore: %s", e.text);
	buf_printf(&out, "confirmed by %s, in the ledger, that this is known:\n%s\n", officer, buf_text(&note));
	return output_print(&out);
}

static int apply_holds(struct vault *v, struct err *e)
{
	struct hold_run run;

	return hold_run_all(v, &run, e);
}

// Puts the stores together, under the policy that is in force in the backup, and makes them ready.
static int prepare_restore(const struct admin *a, const struct arguments *args, struct restore *r, cJSON *told, struct err *e)
{
	struct restore_from from = {.backup = args->words[0],
				    .keys = argument(args, "keys"),
				    .tombstones = argument(args, "tombstones"),
				    .replace = argument_given(args, "replace")};
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX), lost = BUF_INIT(OUTPUT_MAX);
	struct policy *here = policy_load_active(a->state, a->policy, &messages), *there = NULL;
	struct restore_result result = {0};
	char copy[PATH_MAX] = "";

	if (here != NULL) {
		from.site = here->site;
		// The copy that prune keeps elsewhere is found without being named.
		if (from.tombstones == NULL && sign_tombstones_path(here, copy, e) == 0 && copy[0] != '\0' && access(copy, F_OK) == 0)
			from.tombstones = copy;
	}
	lost_find(a, here, from.backup, &lost);
	int ret = restore_take(r, a->state, &from, e);
	if (ret == 0) {
		buf_reset(&messages);
		there = policy_load_active(r->copy.path, a->policy, &messages);
		ret = there == NULL
			  ? err_set(e, ERR_INPUT, "%sthere is no valid policy to go by: repair it, and run this again", buf_text(&messages))
			  : restore_finish(r, there, buf_text(&lost), apply_holds, &result, e);
	}
	policy_free(there);
	policy_free(here);
	if (ret != 0)
		return -1;
	if (!r->of.has_signature)
		output_complain(STATUS_DONE,
				"restore: the backup bears no signature that keys/ledger.pub could be held against: whoever could "
				"write to it could have altered it");
	if (result.blind)
		output_complain(STATUS_DONE, "restore: there is no list of erasures: if anybody was erased since the backup was made, they "
					     "are back; where a copy of the list is kept, restore again with --tombstones");
	if (result.lacking != 0)
		output_complain(STATUS_FOUND,
				"restore: the list of erasures lacks number %lld and what follows: what they name is back; restore again "
				"with --tombstones and a list that has them",
				(long long)result.lacking);
	if (result.clock_leapt)
		output_complain(STATUS_FOUND, "restore: what is due is ended when the clock is confirmed: lethe clock confirm");
	json_put(told, JSON_MEMBERS(MEMBER_TEXT("tombstones", from.tombstones), MEMBER_NUMBER("records", r->of.records),
				    MEMBER_NUMBER("pruned", result.pruned.records)));
	return result.lacking != 0 || result.clock_leapt ? 1 : 0;
}

static enum status restore_main(const struct admin *a, const struct arguments *args)
{
	if (argument_given(args, "confirm"))
		return args->word_count == 0 ? confirm_restore(a) : output_complain(STATUS_UNSURE, "restore: --confirm takes no backup");
	static const char *const facts[] = {"made", "events", "erasures_again", "lost"};
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX), out = BUF_INIT(OUTPUT_MAX), note = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *o = cJSON_CreateObject(), *details = NULL;
	struct restore r;
	struct err e = {0};
	SITE_AUTO struct site s = {0};
	int64_t event = 0;
	int begun = restore_begun(&r, a->state, &e), ret = begun < 0 ? -1 : 0;

	if (begun == 0 && args->word_count == 0)
		return output_complain(STATUS_UNSURE, "restore: name a backup");
	output_progress_begin("restoring");
	if (begun == 0)
		ret = prepare_restore(a, args, &r, o, &e);
	enum status status = ret > 0 ? STATUS_FOUND : STATUS_DONE;
	ret = ret < 0 ? -1 : restore_place(&r, &e);
	restore_free(&r);
	if (ret == 0) {
		s.policy = policy_load_active(a->state, a->policy, &messages);
		ret = s.policy == NULL ? err_set(&e, ERR_INPUT, "%sthere is no valid policy to go by: repair it, and run this again",
						 buf_text(&messages))
				       : open_restored(&s.vault, a->state, a->run, s.policy, VAULT_ADMIN, &e);
	}
	if (ret == 0) {
		set_copy_aside(s.vault);
		ret = certificates_reenter(s.vault, &e) < 0 ? -1 : restore_done(a->state, &e);
	}
	if (ret == 0 && sign_ledger(a, s.vault, &note, &e) != 0)
		status = output_complain(STATUS_FOUND, "restore: the ledger is not signed yet: %s", e.text);
	if (ret == 0)
		ret =
		    restore_event(s.vault, &event, &e) != 0 || ledger_each(s.vault, (uint64_t)event - 1, restore_telling, &details, &e) < 0
			? -1
			: 0;
	output_progress_end();
	if (ret != 0)
		return output_complain(e.code == ERR_REFUSED || e.code == ERR_INPUT || e.code == ERR_BUSY ? STATUS_UNSURE : STATUS_FOUND,
				       "restore: %s", e.text);
	if (begun > 0)
		output_complain(STATUS_DONE, "restore: what had been begun is done; to restore another backup, run this again");
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		cJSON_AddItemToObject(o, facts[i], cJSON_DetachItemFromObjectCaseSensitive(details, facts[i]));
	const uint64_t events = (uint64_t)cJSON_GetNumberValue(json_get(o, "events")),
		       again = (uint64_t)cJSON_GetNumberValue(json_get(o, "erasures_again"));
	buf_printf(&out, "restored from the backup of %s, %s", json_string(o, "made"), COUNTED(events, "ledger entry", "ledger entries"));
	if (begun == 0) {
		const uint64_t records = (uint64_t)cJSON_GetNumberValue(json_get(o, "records")),
			       pruned = (uint64_t)cJSON_GetNumberValue(json_get(o, "pruned"));
		buf_printf(&out, ", %s, of which %s ended, as their time was over", COUNTED(records, "record", "records"),
			   COUNTED(pruned, "was", "were"));
	}
	buf_printf(
	    &out,
	    "\nof what was done since, %s done again: erasures, restrictions, withdrawals and refusals, legal holds, requests and the "
	    "register\nlost: ",
	    COUNTED(again, "thing was", "things were"));
	lost_words(json_get(o, "lost"), &out);
	buf_adds(&out, ", and what was stored since of: ");
	lost_kinds(s.policy, &out);
	buf_adds(&out, "\nlethe check says so until an officer takes note of it: lethe restore --confirm\n");
	const enum status printed = output_object(args, o, &out);
	return printed != STATUS_DONE ? printed : status;
}

const struct command restore_command = {
    "restore", restore_main, "bring a backup back, erase again what was erased since, and end what is over, before anybody is served",
    .words = "[BACKUP]", .options = restore_options};
