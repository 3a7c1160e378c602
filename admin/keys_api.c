// SPDX-License-Identifier: ISC
// The keys of the image API.
#include "admin/cases.h"
#include "admin/requests.h"
#include "policy/vault/api_key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAILY_MAX = 1000000 };

static enum status keys_api_failed(const struct admin *a)
{
	return output_complain(a->e->code == ERR_NOT_FOUND ? STATUS_FOUND : STATUS_UNSURE, "keys: %s", a->e->text);
}

static enum status keys_api_create(const struct admin *a, const struct arguments *args)
{
	BUF_AUTO_WIPE struct buf out = BUF_INIT(OUTPUT_MAX), given = BUF_INIT(HIDDEN_MAX);
	const char *daily = argument(args, "daily"), *scope = argument(args, "scope");
	struct api_key wanted = {.scopes = API_SCOPES_ALL};
	char key[API_KEY_LEN + 1], receipt[TOKEN_LEN + 1];

	for (unsigned i = 0; scope != NULL && api_scope_names[i] != NULL; i++) {
		if (strcmp(scope, api_scope_names[i]) == 0)
			wanted.scopes = 1u << i;
	}
	if (daily != NULL) {
		const size_t digits = strspn(daily, "0123456789");
		wanted.daily = digits > 0 && digits < 8 && daily[digits] == '\0' ? (unsigned)strtoul(daily, NULL, 10) : 0;
		if (wanted.daily == 0 || wanted.daily > DAILY_MAX)
			return output_complain(STATUS_UNSURE, "keys: --daily takes a number of pictures, from 1 to %d", DAILY_MAX);
	}
	if (requests_time(args, "until", &wanted.expires, a->e) != 0)
		return keys_api_failed(a);
	if (argument_given(args, "until") && wanted.expires <= when_now())
		return output_complain(STATUS_UNSURE, "keys: --until takes a day to come");
	token_new(receipt);
	if (argument_given(args, "receipt")) {
		if (ask_hidden("receipt", argument(args, "receipt"), &given, a->e) != 0)
			return keys_api_failed(a);
		if (!token_shaped(buf_text(&given)))
			return output_complain(STATUS_UNSURE, "keys: what was given for --receipt is not a receipt");
		snprintf(receipt, sizeof receipt, "%s", buf_text(&given));
	}
	if (api_key_create(a->vault, &wanted, receipt, key, a->e) != 0)
		return keys_api_failed(a);
	buf_printf(&out,
		   "id       %s\nkey      %s\nreceipt  %s\nThe key is shown this once, and kept nowhere. Give both to who will use it: by "
		   "the receipt its "
		   "erasure can be asked for, and that ends the key.\n",
		   wanted.id, key, receipt);
	const enum status status = output_members(
	    args, &out, JSON_MEMBERS(MEMBER_TEXT("id", wanted.id), MEMBER_TEXT("key", key), MEMBER_TEXT("receipt", receipt)));
	explicit_bzero(key, sizeof key);
	explicit_bzero(receipt, sizeof receipt);
	return status;
}

static int keys_api_row(void *arg, const struct api_key *k)
{
	const char *scopes = k->scopes == API_SCOPES_ALL ? "all" : k->scopes == API_SCOPE_IMAGES ? api_scope_names[0] : api_scope_names[1];

	table_add(arg, k->id, scopes, (double)k->daily, (double)k->used, k->made, k->expires,
		  k->expires != 0 && k->expires <= when_now() ? "over" : "valid");
	return 0;
}

static enum status keys_api_list(const struct admin *a, const struct arguments *args)
{
	return api_key_each(a->vault, keys_api_row, a->list, a->e) != 0 ? keys_api_failed(a)
									: table_output(a->list, args, "There are no keys of the API.");
}

static enum status keys_api_revoke(const struct admin *a, const struct arguments *args)
{
	char id[RECORD_ID_LEN + 1];
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);

	if (cases_id(a->vault, KIND_ACCOUNT, args->words[0], id, a->e) != 0 || api_key_revoke(a->vault, id, a->e) != 0)
		return keys_api_failed(a);
	buf_printf(&out, "%s is revoked: nobody can use it any more\n", id);
	return output_members(args, &out, JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_BOOL("revoked", true)));
}

static const struct option_row keys_api_create_options[] = {
    {"scope", OPTION_CHOICE, "images|models|all", "what it allows; all unless it is given"},
    {"daily", OPTION_VALUE, "N", "pictures that it may have made on a day (UTC); any number unless it is given"},
    {"until", OPTION_VALUE, "DATE", "when it is over; never unless it is given"},
    {"receipt", OPTION_HIDDEN, NULL, "whose it is, by a receipt of theirs; a new one unless it is given"},
    OBJECT_OPTIONS_END,
};

const struct command keys_api_command = {
    .name = "api",
    .line = "the keys of the image API, where the policy has accounts",
    .sub = (const struct command *const[]){
	&(const struct command){"create", keys_api_create, "make one, and print it this once", .options = keys_api_create_options,
				.opens = OPENS_PROGRAM},
	&(const struct command){"list", keys_api_list, "those there are, without the keys themselves, which nobody has",
				.options = LIST_OPTIONS, .opens = OPENS_LOOK,
				.columns = (const char *const[]){"id", "scope", "daily", "today", "made", "until", "state", NULL},
				.types = "isnndds"},
	&(const struct command){"revoke", keys_api_revoke, "end one at once", .words = "ID", .options = OBJECT_OPTIONS,
				.opens = OPENS_PROGRAM},
	NULL}};
