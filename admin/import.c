// SPDX-License-Identifier: ISC
// `lethe import` stores what the export of another Lethe holds, as far as the policy of this one goes.
#include "policy/rights/import.h"
#include "admin/requests.h"
#include "policy/base/file.h"
#include "policy/picture/archive.h"
#include "policy/publish/render/json.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static const struct option_row import_options[] = {
    {"passphrase", OPTION_HIDDEN, NULL, "opens it, where it is encrypted"},
    {"reason", OPTION_VALUE, "TEXT", "why; the person sees it"},
    {"dry-run", OPTION_FLAG, NULL, "say what would be stored, and store nothing"},
    OBJECT_OPTIONS_END,
};

static const struct {
	const char *name, *why;
} results[IMPORT_RESULTS] = {
    [IMPORT_TAKEN] = {"taken", NULL},
    [IMPORT_HERE] = {"already-here", "it is stored here already"},
    [IMPORT_NOT_PORTABLE] = {"not-portable", NULL},
    [IMPORT_UNKNOWN] = {"unknown", "this version does not take this kind of data"},
    [IMPORT_NO_KIND] = {"no-kind", "this site's policy does not have this kind of data"},
    [IMPORT_MEMORY] = {"memory-only", "this site's policy keeps it in memory only"},
    [IMPORT_NO_PURPOSE] = {"no-purpose", "this site's policy has no purpose for it"},
    [IMPORT_OVER] = {"over", "it is older than this site's policy lets it be"},
    [IMPORT_INCOMPLETE] = {"incomplete", "the export does not have all of its files"},
    [IMPORT_TOO_MANY] = {"too-many", "more than one import takes"},
};

static void import_drop(struct import **m)
{
	import_free(*m);
}
#define IMPORT_AUTO __attribute__((cleanup(import_drop)))

// What is printed before anything is stored, so that no receipt is lost with the command.
static enum status import_show(const struct import *m, const struct arguments *args, bool dry_run)
{
	const struct import_item *items;
	BUF_AUTO_WIPE struct buf text = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(o, "items");
	const size_t count = import_items(m, &items);
	const bool secrets = !dry_run && import_taken(m) > 0;

	for (size_t i = 0; i < count; i++) {
		const struct import_item *item = &items[i];
		const bool taken = item->result == IMPORT_TAKEN;
		const char *why = item->result == IMPORT_NOT_PORTABLE ? item->why : results[item->result].why;
		BUF_AUTO struct buf line = BUF_INIT(1024);
		char until[WHEN_TEXT] = "";
		if (taken && item->due != 0)
			when_text(until, item->due);
		cJSON *one = json_object_in(list);
		json_put(one, JSON_MEMBERS(MEMBER_NUMBER("number", item->number), MEMBER_TEXT("data", item->kind),
					   MEMBER_NUMBER("count", item->count), MEMBER_TEXT("result", results[item->result].name)));
		json_add_text(one, "until", until[0] != '\0' ? until : NULL);
		json_add_text(one, "why", why);
		buf_printf(&line, "%-13s %s", results[item->result].name, item->kind);
		if (item->count > 1)
			buf_printf(&line, " (%llu)", (unsigned long long)item->count);
		buf_printf(&line, "%s%s%s", taken ? (item->due != 0 ? ", until " : ", without a fixed end") : ": ", until,
			   taken ? "" : why);
		if (output_wrapped(&text, 0, 14, buf_text(&line)) != 0 || buf_addc(&text, '\n') != 0)
			return output_complain(STATUS_UNSURE, "import: no memory");
	}
	json_put(o, JSON_MEMBERS(MEMBER_BOOL("dry_run", dry_run), MEMBER_NUMBER("taken", import_taken(m))));
	if (secrets) {
		cJSON *addresses = cJSON_AddArrayToObject(o, "addresses");
		cJSON_AddStringToObject(o, "receipt", import_receipt(m));
		buf_printf(&text, "\nreceipt  %s\n", import_receipt(m));
		for (size_t i = 0; i < count; i++) {
			char address[TOKEN_LEN + 32];
			if (items[i].result != IMPORT_TAKEN)
				continue;
			snprintf(address, sizeof address, "/downloads/%s.zip", items[i].address);
			cJSON_AddItemToArray(addresses, cJSON_CreateString(address));
			buf_printf(&text, "address  %s\n", address);
		}
		buf_adds(&text, "Both are for the person, and are told only now.\n");
	}
	enum status status = output_object(args, o, &text);
	return fflush(stdout) == 0 ? status : STATUS_UNSURE;
}

static enum status import_main(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO_WIPE struct buf passphrase = BUF_INIT(HIDDEN_MAX);
	IMPORT_AUTO struct import *m = NULL;
	FD_AUTO int lock = -1;
	const bool dry_run = argument_given(args, "dry-run"), encrypted = argument_given(args, "passphrase");
	const struct import_item *items;
	bool on_disk = false;
	struct err *e = a->e;

	FD_AUTO int fd = open(args->words[0], O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int ret = fd < 0      ? err_system(e, ERR_INPUT, errno, "%s", args->words[0])
		  : encrypted ? ask_hidden("passphrase", argument(args, "passphrase"), &passphrase, e)
			      : 0;
	if (ret != 0)
		return output_complain(STATUS_UNSURE, "import: %s", e->text);
	output_progress_begin("reading");
	ret = import_open(&m, fd, encrypted ? buf_text(&passphrase) : NULL, a->in_force, a->vault, e);
	if (ret == 0 && !dry_run && import_taken(m) > 0) {
		const char *spool = vault_spool(a->vault, &on_disk);
		ret = archive_sweep(spool, &lock, e) != 0 ? -1 : import_make(m, spool, on_disk, e);
	}
	output_progress_end();
	if (ret != 0)
		return output_complain(STATUS_UNSURE, "import: %s; nothing was stored", e->text);
	if (import_show(m, args, dry_run) != STATUS_DONE)
		return output_complain(STATUS_UNSURE, "import: nothing was stored");
	const size_t count = import_items(m, &items);
	size_t here = 0;
	for (size_t i = 0; i < count; i++)
		here += items[i].result == IMPORT_HERE;
	if (import_taken(m) == 0)
		return output_complain(here > 0 ? STATUS_DONE : STATUS_FOUND, "import: nothing to store%s",
				       here > 0 ? ": all that can be taken is already here" : "");
	if (dry_run)
		return STATUS_DONE;
	if (import_store(m, a->vault, a->officer, argument(args, "reason"), e) != 0)
		return output_complain(STATUS_FOUND, "import: %s; nothing was stored, and the receipt opens nothing", e->text);
	return output_complain(STATUS_DONE, "%zu of %zu stored", import_taken(m), count);
}

const struct command import_command = {"import",
				       import_main,
				       "store what the export of another Lethe holds, as far as the policy goes",
				       .words = "FILE",
				       .options = import_options,
				       .opens = OPENS_ADMIN};
