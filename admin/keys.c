// SPDX-License-Identifier: ISC
#include "admin/check.h"
#include "admin/sign.h"
#include "policy/vault/checkpoint.h"

static void count_closed(void *arg, const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	++*(size_t *)arg;
}

static enum status keys_init(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	SITE_AUTO struct site s = {0};
	size_t closed = 0;
	struct err e;
	int there = site_stores_there(a, &e);

	if (there < 0)
		return output_complain(STATUS_UNSURE, "%s", e.text);
	if (site_make(&s, a, VAULT_ADMIN) != STATUS_DONE)
		return STATUS_UNSURE;
	if (check_private_files(a->state, true, count_closed, &closed, &e) != 0)
		return output_complain(STATUS_FOUND, "keys: %s", e.text);
	buf_printf(&out, there ? "the store in %s is there already\n" : "made the store in %s\n", a->state);
	if (closed > 0)
		buf_printf(&out, "%zu of its files could be used by others; now by their owner only\n", closed);
	return output_members(
	    args, &out, JSON_MEMBERS(MEMBER_TEXT("state", a->state), MEMBER_BOOL("made", there == 0), MEMBER_NUMBER("closed", closed)));
}

static enum status keys_rotate_ledger(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX), note = BUF_INIT(OUTPUT_MAX);
	struct ledger_keys keys;
	struct err *e = a->e;
	cJSON *list = NULL;

	if (checkpoint_key_change(a->vault, &keys, e) != 0)
		return output_complain(e->code == ERR_BUSY || e->code == ERR_REFUSED || e->code == ERR_NOT_FOUND ? STATUS_UNSURE
														 : STATUS_FOUND,
				       "keys: %s", e->text);
	const int published = sign_ledger(a, a->vault, &note, e);
	if (published != 0)
		output_complain(STATUS_FOUND, "keys: the new key is not published yet: %s", e->text);
	if (ledger_keys_json(a->state, &list, e) != 0)
		return output_complain(STATUS_FOUND, "keys: %s", e->text);
	const cJSON *now = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
	buf_printf(
	    &out,
	    "the ledger is signed by a new key from its size %.0f on:\n%s\nwhoever knows the one before is led to it; copy both lines to "
	    "where you keep the key, make a backup, and destroy every copy of the old keys/signer/ledger.key\n",
	    cJSON_GetNumberValue(json_get(now, "from_size")), json_string(now, "key"));
	JSON_AUTO cJSON *object = cJSON_CreateObject();
	cJSON_AddItemToObject(object, "keys", list);
	const enum status status = output_object(args, object, &out);
	return published != 0 ? STATUS_FOUND : status;
}

static enum status keys_rotate(const struct admin *a, const struct arguments *args)
{
	if (argument_given(args, "ledger"))
		return keys_rotate_ledger(a, args);
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	uint64_t count = 0;

	if (vault_rotate_master(a->vault, &count, a->e) != 0)
		return output_complain(a->e->code == ERR_BUSY ? STATUS_UNSURE : STATUS_FOUND, "keys: %s", a->e->text);
	buf_printf(&out, "a new master key wraps %s; keep a copy of it elsewhere, make a backup, and destroy every copy of the old one\n",
		   COUNTED(count, "key", "keys"));
	return output_members(args, &out, JSON_MEMBERS(MEMBER_NUMBER("keys", count)));
}

static const struct option_row rotate_options[] = {
    {"ledger", OPTION_FLAG, NULL, "instead the key that signs the ledger; while the site runs"},
    OBJECT_OPTIONS_END,
};

const struct command keys_command = {
    .name = "keys",
    .line = "the stores and their keys",
    .sub = (const struct command *const[]){
	&(const struct command){"init", keys_init, "make the stores and the master key where they are missing; nothing else makes them",
				.options = OBJECT_OPTIONS},
	&(const struct command){"rotate", keys_rotate, "put a new master key in the place of the one in use; the site must be stopped",
				.options = rotate_options, .opens = OPENS_ADMIN},
	&keys_api_command, NULL}};
