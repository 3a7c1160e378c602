// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "admin/sign.h"
#include "admin/table.h"
#include "policy/base/file.h"
#include "policy/rights/certificate.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/restore.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINT_BYTES_MAX = 64 * 1024 };

static const struct option_row show_options[] = {
    {"from", OPTION_VALUE, "INDEX", "from this entry on"},
    {"last", OPTION_VALUE, "N", "the last N entries only"},
    LIST_OPTIONS_END,
};

struct audit_listing {
	struct table *t;
	bool text; // for people, the details in words
};

static int audit_row(void *arg, const struct ledger_entry *entry)
{
	struct audit_listing *l = arg;
	BUF_AUTO struct buf words = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *details = l->text && entry->details != NULL ? json_parse(entry->details, strlen(entry->details), NULL) : NULL;
	const cJSON *one;

	cJSON_ArrayForEach(one, details)
	{
		char *printed = cJSON_IsString(one) ? NULL : cJSON_PrintUnformatted(one);
		buf_printf(&words, "%s%s: %s", words.len > 0 ? ", " : "", one->string,
			   cJSON_IsString(one) ? one->valuestring
			   : printed != NULL   ? printed
					       : "");
		cJSON_free(printed);
	}
	table_add(l->t, (double)entry->index, entry->at, entry->name, entry->policy_version,
		  cJSON_IsObject(details) ? buf_text(&words) : entry->details);
	return l->t->failed ? 1 : 0;
}

static int audit_parse_index(const char *text, uint64_t *out)
{
	char *end;

	*out = text != NULL ? strtoull(text, &end, 10) : 0;
	return text == NULL || (*text >= '0' && *text <= '9' && *end == '\0') ? 0 : -1;
}

static enum status audit_show(const struct admin *a, const struct arguments *args)
{
	uint64_t from, first = 0, last = 0, end = 0;
	const char *format = argument(args, "format");
	struct audit_listing l = {.t = a->list, .text = format == NULL || strcmp(format, "text") == 0};

	a->list->whole = true; // hashes
	if (audit_parse_index(argument(args, "from"), &from) < 0)
		return output_complain(STATUS_UNSURE, "audit: --from takes the number of an entry");
	if (argument_given(args, "last") && (argument_given(args, "from") || audit_parse_index(argument(args, "last"), &last) < 0))
		return output_complain(STATUS_UNSURE, "audit: --last takes a number of entries, and does not go with --from");
	int ret = argument_given(args, "last") ? ledger_size(a->vault, &end, a->e) : 0;
	from = end > last ? end - last : from;
	if (ret == 0 && !argument_given(args, "from"))
		ret = ledger_first(a->vault, &first, a->e);
	from = from < first ? first : from;
	if (ret != 0 || ledger_each(a->vault, from, audit_row, &l, a->e) != 0)
		return output_complain(STATUS_UNSURE, "audit: %s", a->e->text);
	return table_output(a->list, args, "There are no entries.");
}

static const struct option_row verify_options[] = {
    {"against", OPTION_VALUE, "FILE", "also whether it grew out of the checkpoint in this file, which was kept elsewhere"},
    {"key", OPTION_VALUE, "FILE",
     "the verifier key for these, or for the published checkpoint, which was kept elsewhere, or its line itself"},
    {"certificate", OPTION_VALUE, "FILE", "only whether this certificate holds, by the key alone: no store is needed"},
    {"since-last", OPTION_FLAG, NULL, "only what was written or closed since the last time"},
    OBJECT_OPTIONS_END,
};

// Of the convention for tools that verify logs, with one for what the command's others have 2 for.
static const unsigned char verify_exits[] = {
    [STATUS_DONE] = 0, [STATUS_FOUND] = 1, [STATUS_TRUNCATED] = 2, [STATUS_FORKED] = 3, [STATUS_PRUNED] = 4, [STATUS_UNSURE] = 5};

// The line of a verifier key, given itself or as a file.
static int audit_key_line(const char *given, struct buf *out, struct err *e)
{
	return strchr(given, '+') != NULL && strchr(given, '/') != NULL && access(given, F_OK) != 0 ? buf_adds(out, given)
												    : file_read(given, out, e);
}

// Where the ledger itself is here, what was signed must be of it: a key that was stolen signs any tree. Its root binds the entry and its index.
static enum status audit_certificate_here(const struct admin *a, const struct certificate_check *check, struct err *e)
{
	SITE_AUTO struct site s = {0};
	enum ledger_result result;
	const int there = site_stores_there(a, e);

	if (there <= 0)
		return there < 0 ? STATUS_UNSURE : STATUS_DONE;
	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE) {
		err_set(e, ERR_IO, "it cannot be compared with the ledger that is here");
		return STATUS_UNSURE;
	}
	if (checkpoint_compare(s.vault, check->size, check->root, &result, e) != 0)
		return STATUS_UNSURE;
	if (result == LEDGER_TRUNCATED)
		err_set(e, ERR_CORRUPT, "it was signed for %" PRIu64 " entries, and the ledger here has fewer", check->size);
	else if (result == LEDGER_FORKED)
		err_set(e, ERR_CORRUPT,
			"what was signed is not this ledger: its first %" PRIu64
			" entries are others; whoever has the key can have made it",
			check->size);
	return result == LEDGER_TRUNCATED ? STATUS_TRUNCATED : result == LEDGER_FORKED ? STATUS_FORKED : STATUS_DONE;
}

static enum status audit_verify_certificate(const struct admin *a, const struct arguments *args)
{
	const char *file = argument(args, "certificate"), *given = argument(args, "key");
	BUF_AUTO struct buf text = BUF_INIT(CHECKPOINT_BYTES_MAX), line = BUF_INIT(CHECKPOINT_BYTES_MAX), out = BUF_INIT(OUTPUT_MAX);
	struct signed_note_key key;
	struct ledger_keys keys = {0};
	struct certificate_check check;
	struct err e = {0}, none = {0};

	if (file_read(file, &text, &e) != 0 ||
	    (given != NULL && (audit_key_line(given, &line, &e) != 0 || signed_note_key_parse(&key, buf_text(&line), &e) != 0)))
		return output_complain(STATUS_UNSURE, "audit: %s", e.text);
	// Where the ledger is here, its keys; of these, with --key, the one that was given and those that it leads to.
	if (ledger_keys_read(a->state, &keys, given != NULL ? &none : &e) != 0 && given == NULL)
		return output_complain(STATUS_UNSURE, "audit: %s", e.text);
	if (given != NULL)
		ledger_keys_follow(&keys, &key);
	int ret = -1;
	for (size_t i = 0; i < keys.count && ret != 0; i++) {
		struct err why = {0};
		key = keys.list[i].key;
		ret = certificate_verify(buf_text(&text), text.len, &key, &check, &why);
		if (ret == 0 && check.size > keys.list[i].until)
			ret = err_set(&why, ERR_CORRUPT, "it was signed by a key that had been given up before");
		// What the key did not sign says less than what it did.
		if (ret != 0 && (e.code == ERR_NONE || e.code == ERR_REFUSED))
			e = why;
		if (ret == 0 && given != NULL && i > 0)
			output_complain(STATUS_DONE,
					"audit: the ledger's key was changed since the one that was given, and leads to the one "
					"that signed this");
	}
	enum status status = ret == 0 ? STATUS_DONE : e.code == ERR_CORRUPT ? STATUS_FOUND : STATUS_UNSURE;
	if (ret == 0 && given == NULL)
		status = audit_certificate_here(a, &check, &e);
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	cJSON_AddBoolToObject(object, "intact", status == STATUS_DONE);
	if (status != STATUS_DONE) {
		cJSON_AddStringToObject(object, "finding", e.text);
		output_complain(STATUS_FOUND, "audit: %s%s",
				status == STATUS_FOUND       ? "ALTERED: "
				: status == STATUS_TRUNCATED ? "TRUNCATED: "
				: status == STATUS_FORKED    ? "FORKED: "
							     : "",
				e.text);
		(void)output_object(args, object, &out);
		return status;
	}
	json_put(object, JSON_MEMBERS(MEMBER_TEXT("log", key.name), MEMBER_NUMBER("entry", check.index),
				      MEMBER_NUMBER("entries", check.size), MEMBER_TEXT("sha256", check.sha256)));
	buf_printf(&out,
		   "the certificate holds: entry %" PRIu64 " of the first %" PRIu64
		   " of %s, which were signed, vouches for its SHA-256 %s\n",
		   check.index, check.size, key.name, check.sha256);
	return output_object(args, object, &out);
}

static int audit_verify_against(struct vault *v, const char *file, const char *key_given, struct ledger_report *report, struct err *e)
{
	BUF_AUTO struct buf note = BUF_INIT(CHECKPOINT_BYTES_MAX), key = BUF_INIT(CHECKPOINT_BYTES_MAX);

	if (file_read(file, &note, e) != 0 || (key_given != NULL && audit_key_line(key_given, &key, e) != 0))
		return -1;
	return ledger_verify_against(v, buf_text(&note), note.len, key_given != NULL ? buf_text(&key) : NULL, report, e);
}

// A ledger whose checkpoints were taken out of the store looks as if it was never signed, or not since: what was published, copied, and handed over
// from one key to the next tells. Fills *report where it tells of a later one than the store has.
static int audit_signed_elsewhere(const struct admin *a, struct vault *v, struct ledger_report *report, bool *ever, struct err *e)
{
	char paths[3][PATH_MAX] = {""};
	struct ledger_keys keys;
	uint64_t newest, size, told = 0;
	const char *by = NULL;

	if (path_join(paths[0], PATH_MAX, a->state, "publish/html/.well-known/checkpoint", e) != 0 ||
	    sign_copy_path(vault_policy(v), paths[1], e) != 0 || path_join(paths[2], PATH_MAX, a->state, "keys/ledger.past", e) != 0 ||
	    ledger_keys_read(a->state, &keys, e) != 0)
		return -1;
	if (keys.count > 1) {
		told = keys.list[keys.count - 2].until;
		by = paths[2];
	}
	for (size_t i = 0; i < 2; i++) {
		BUF_AUTO struct buf note = BUF_INIT(CHECKPOINT_BYTES_MAX);
		struct checkpoint there;
		struct err why = {0};
		if (paths[i][0] == '\0' || (file_read(paths[i], &note, &why) != 0 && why.code == ERR_NOT_FOUND))
			continue;
		if (why.code != ERR_NONE)
			return err_set(e, why.code, "%s", why.text);
		// What no key of the ledger signed says nothing of it; `lethe check` tells of that.
		if (ledger_keys_open(&keys, buf_text(&note), note.len, &there, &why) == 0 && there.size > told) {
			told = there.size;
			by = paths[i];
		}
	}
	// Both only grow, and a checkpoint is in the store before it is anywhere else.
	if (checkpoint_newest(v, &newest, e) != 0 || ledger_size(v, &size, e) != 0)
		return -1;
	*ever = newest > 0;
	if (told <= newest)
		return 0;
	report->intact = false;
	report->result = told > size ? LEDGER_TRUNCATED : LEDGER_ALTERED;
	report->bad_index = told > size ? size : told;
	if (told > size)
		snprintf(report->finding, sizeof report->finding,
			 "the ledger ends here, and %.120s tells of a checkpoint of %" PRIu64 " entries", by, told);
	else
		snprintf(report->finding, sizeof report->finding,
			 "the checkpoint of this size, of which %.120s tells, was taken out, and what was signed since", by);
	return 0;
}

static enum status audit_verify(const struct admin *a, const struct arguments *args)
{
	static const struct {
		const char *name, *shout;
		enum status status;
	} results[] = {[LEDGER_INTACT] = {"intact", NULL, STATUS_DONE},
		       [LEDGER_ALTERED] = {"altered", "ALTERED", STATUS_FOUND},
		       [LEDGER_TRUNCATED] = {"truncated", "TRUNCATED", STATUS_TRUNCATED},
		       [LEDGER_FORKED] = {"forked", "FORKED", STATUS_FORKED}};
	const char *against = argument(args, "against");
	const bool since = argument_given(args, "since-last");
	struct ledger_report report;
	struct err e;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	SITE_AUTO struct site s = {0};

	const bool certificate = argument_given(args, "certificate");
	const bool key_alone = against == NULL && !certificate && argument_given(args, "key");
	char published[PATH_MAX];

	if (since + (against != NULL) + certificate + key_alone > 1)
		return output_complain(STATUS_UNSURE,
				       "audit: give one of --against, --certificate and --since-last; --key does not go with the last");
	if (certificate)
		return audit_verify_certificate(a, args);
	if (key_alone && path_join(published, sizeof published, a->state, "publish/html/.well-known/checkpoint", &e) != 0)
		return output_complain(STATUS_UNSURE, "audit: %s", e.text);
	if (key_alone)
		against = published;
	if (site_open(&s, a, VAULT_LOOK) != STATUS_DONE)
		return STATUS_UNSURE;
	output_progress_begin("verifying the ledger");
	int ret = against != NULL ? audit_verify_against(s.vault, against, argument(args, "key"), &report, &e)
				  : ledger_verify(s.vault, since ? LEDGER_SINCE : LEDGER_WHOLE, &report, &e);
	bool ever = true;
	if (ret == 0 && report.intact && (against == NULL || key_alone))
		ret = audit_signed_elsewhere(a, s.vault, &report, &ever, &e);
	output_progress_end();
	if (ret < 0)
		return output_complain(STATUS_UNSURE, "audit: %s", e.text);
	const enum status status = report.intact && report.missing > 0 ? STATUS_PRUNED : results[report.result].status;
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	cJSON_AddBoolToObject(object, "intact", report.intact);
	cJSON_AddStringToObject(object, "result", status == STATUS_PRUNED ? "pruned" : results[report.result].name);
	if (!report.intact) {
		cJSON_AddNumberToObject(object, "altered_at", (double)report.bad_index);
		cJSON_AddStringToObject(object, "finding", report.finding);
		output_complain(STATUS_FOUND, "audit: %s at entry %" PRIu64 ": %s", results[report.result].shout, report.bad_index,
				report.finding);
		int64_t restored = 0;
		if (report.result != LEDGER_ALTERED && restore_event(s.vault, &restored, &e) == 0 && restored != 0) {
			cJSON_AddNumberToObject(object, "restored_at", (double)(restored - 1));
			output_complain(STATUS_FOUND,
					"audit: entry %" PRId64
					" tells that the stores were restored from a backup: what the ledger had between "
					"that and the checkpoint is lost",
					restored - 1);
		}
		return output_object(args, object, &out) == STATUS_DONE ? status : STATUS_UNSURE;
	}
	json_put(object,
		 JSON_MEMBERS(MEMBER_NUMBER("entries", report.size), MEMBER_TEXT("root", report.root), MEMBER_NUMBER("from", report.from),
			      MEMBER_NUMBER("missing", report.missing), MEMBER_BOOL("signed", ever)));
	buf_printf(&out, "intact: %s, root %s\n", COUNTED(report.size, "entry", "entries"), report.root);
	if (!ever)
		buf_adds(&out, "never signed: nothing but the keys of this machine vouches for them; run: lethe audit checkpoint\n");
	if (report.followed) {
		cJSON_AddBoolToObject(object, "key_followed", true);
		buf_adds(&out,
			 "the ledger's key was changed since the one that was given: it leads, by checkpoints that both signed, to the one "
			 "that signed this checkpoint\n");
	}
	if (against != NULL)
		buf_printf(&out, "grown out of the checkpoint in %s\n", against);
	if (report.from > 0)
		buf_printf(&out, "read from entry %" PRIu64 " on; those before it were verified before\n", report.from);
	if (report.missing > 0)
		buf_printf(&out, "%" PRIu64 " of them are kept no longer, as the policy says; their roots are, and lead to this one\n",
			   report.missing);
	return output_object(args, object, &out) == STATUS_DONE ? status : STATUS_UNSURE;
}

static enum status audit_checkpoint(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	const int ret = sign_ledger(a, a->vault, &out, a->e);

	if (ret != 0)
		output_complain(STATUS_FOUND, "audit: %s", a->e->text);
	if (out.len == 0)
		return STATUS_FOUND;
	const enum status status =
	    output_members(args, &out, JSON_MEMBERS(MEMBER_TEXT("checkpoint", buf_text(&out)))); // whose every byte counts
	return ret != 0 ? STATUS_FOUND : status;
}

static const struct option_row proof_options[] = {
    {"since", OPTION_VALUE, "SIZE", "that it grew out of the checkpoint of this size, instead of that an entry is in it"},
    OBJECT_OPTIONS_END,
};

static enum status audit_proof(const struct admin *a, const struct arguments *args)
{
	const bool event = args->word_count > 0;
	uint64_t number;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	if (event == argument_given(args, "since") || audit_parse_index(event ? args->words[0] : argument(args, "since"), &number) < 0)
		return output_complain(STATUS_UNSURE, "audit: give either the number of an entry or --since with a size");
	return ledger_proof(a->vault, event ? PROOF_OF_EVENT : PROOF_OF_GROWTH, number, &out, a->e) != 0
		   ? admin_failed(a)
		   : output_members(args, &out, JSON_MEMBERS(MEMBER_TEXT("proof", buf_text(&out))));
}

static enum status audit_bundle(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	output_progress_begin("gathering");
	const int ret = audit_bundle_make(a, a->vault, args->words[0], a->e);
	output_progress_end();
	if (ret != 0)
		return admin_failed(a);
	buf_printf(&out, "made %s; README.txt there says how to verify it without Lethe\n", args->words[0]);
	return output_print(&out);
}

const struct command audit_command = {
    .name = "audit",
    .line = "the ledger: what was done, under which policy",
    .sub = (const struct command *const[]){
	&(const struct command){"show", audit_show, "the entries", .options = show_options, .opens = OPENS_LOOK,
				.columns = (const char *const[]){"index", "at", "event", "policy", "details", NULL}, .types = "ntsss"},
	&(const struct command){"verify", audit_verify,
				"compute every leaf and root again; exit status 0 intact, 1 altered, 2 shorter than a checkpoint that "
				"was kept elsewhere, 3 forked from it, 4 intact and in part kept no longer, 5 could not tell",
				.options = verify_options, .exits = verify_exits},
	&(const struct command){"proof", audit_proof,
				"prove to others that an entry is under the last signed checkpoint, or an older one before it",
				.words = "[INDEX]", .options = proof_options, .opens = OPENS_LOOK},
	&(const struct command){"checkpoint", audit_checkpoint, "print the signed checkpoint, to be kept elsewhere",
				.options = OBJECT_OPTIONS, .opens = OPENS_ADMIN},
	&(const struct command){"bundle", audit_bundle,
				"make a folder for an auditor: policy, register, ledger, proofs, and how to verify them without Lethe",
				.words = "FOLDER", .opens = OPENS_ADMIN},
	NULL}};
