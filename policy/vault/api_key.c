// SPDX-License-Identifier: ISC
#include "policy/vault/api_key.h"
#include "policy/base/json.h"
#include <stdio.h>
#include <string.h>

#define KEY_TAG "api-key"
enum { TRIES = 64 }; // of requests at once with the same key, each of which books

const char *const api_scope_names[] = {"images", "models", NULL};

bool api_key_needed(const struct policy *p)
{
	return p->kinds[KIND_ACCOUNT].keep == KEEP_STORED;
}

// {"api_key":{"scopes":["images"],"daily":20,"day":"2026-11-28","used":3,"expires":"2027-11-28T10:00:00Z"}}. Where it ends by then the record is due then,
// too, but a hold may keep that.
static int api_key_print(const struct api_key *k, struct buf *out)
{
	JSON_AUTO cJSON *body = cJSON_CreateObject();
	cJSON *o = cJSON_AddObjectToObject(body, "api_key"), *scopes = cJSON_AddArrayToObject(o, "scopes");

	for (unsigned i = 0; api_scope_names[i] != NULL; i++) {
		if (k->scopes & 1u << i)
			cJSON_AddItemToArray(scopes, cJSON_CreateString(api_scope_names[i]));
	}
	json_put(o, JSON_MEMBERS(MEMBER_NUMBER("daily", k->daily), MEMBER_TEXT("day", k->day), MEMBER_NUMBER("used", k->used)));
	if (k->expires != 0)
		json_put_time(o, "expires", k->expires);
	return json_print(out, body);
}

static int api_key_read(const struct vault_record *r, struct api_key *out, struct err *e)
{
	JSON_AUTO cJSON *body = json_parse(buf_text(&r->body), r->body.len, e);
	const cJSON *o = json_get(body, "api_key");
	const char *day = json_string(o, "day");
	const cJSON *scope;

	if (o == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no such key");
	*out = (struct api_key){.daily = (unsigned)json_number(o, "daily", 0), .made = r->made, .expires = json_time(o, "expires")};
	snprintf(out->id, sizeof out->id, "%s", r->id);
	when_date(out->day, when_now());
	if (day != NULL && strcmp(day, out->day) >= 0) { // a clock that is set back gives nobody another budget
		snprintf(out->day, sizeof out->day, "%s", day);
		out->used = (unsigned)json_number(o, "used", 0);
	}
	cJSON_ArrayForEach(scope, json_get(o, "scopes"))
	{
		for (unsigned i = 0; cJSON_IsString(scope) && api_scope_names[i] != NULL; i++)
			out->scopes |= strcmp(scope->valuestring, api_scope_names[i]) == 0 ? 1u << i : 0;
	}
	return 0;
}

int api_key_create(struct vault *v, struct api_key *k, const char *receipt, char key[API_KEY_LEN + 1], struct err *e)
{
	static const struct ledger_event event = {.name = "api-key", .details = "{\"what\":\"created\"}"};
	BUF_AUTO struct buf body = BUF_INIT(1024);
	char token[TOKEN_LEN + 1];

	if (!api_key_needed(vault_policy(v)))
		return err_set(e, ERR_REFUSED, "the policy has no accounts: the API is open, and needs no keys");
	token_new(token);
	when_date(k->day, when_now());
	if (api_key_print(k, &body) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	const struct vault_tag tags[] = {{KEY_TAG, token}, {NULL, NULL}};
	const struct vault_new record = {
	    .kind = KIND_ACCOUNT, .subject = receipt, .tags = tags, .body = body.data, .body_len = body.len, .due = k->expires};
	snprintf(key, API_KEY_LEN + 1, API_KEY_PREFIX "%s", token);
	const int ret = vault_put(v, &record, &event, k->id, e);
	explicit_bzero(token, sizeof token);
	return ret;
}

// What holds of a record that was found.
static int api_key_take(struct vault_record *r, struct api_key *out, struct err *e)
{
	int ret = r->kind == KIND_ACCOUNT ? api_key_read(r, out, e) : err_set(e, ERR_NOT_FOUND, "there is no such key");

	if (ret == 0 && out->expires != 0 && out->expires <= when_now())
		ret = err_set(e, ERR_NOT_FOUND, "the key is over");
	vault_record_free(r);
	return ret;
}

int api_key_find(struct vault *v, const char *key, struct api_key *out, struct err *e)
{
	const size_t prefix = sizeof API_KEY_PREFIX - 1;
	struct vault_record record = {0};

	if (strncmp(key, API_KEY_PREFIX, prefix) != 0 || !token_shaped(key + prefix))
		return err_set(e, ERR_NOT_FOUND, "it has not the form of a key");
	return vault_find(v, KIND_ACCOUNT, KEY_TAG, key + prefix, &record, e) != 0 ? -1 : api_key_take(&record, out, e);
}

int api_key_get(struct vault *v, const char *id, struct api_key *out, struct err *e)
{
	struct vault_record record = {0};

	return vault_get(v, id, &record, e) != 0 ? -1 : api_key_take(&record, out, e);
}

struct api_key_walk {
	int (*each)(void *arg, const struct api_key *key);
	void *arg;
};

static int api_key_tell(void *arg, const struct vault_record *r)
{
	const struct api_key_walk *w = arg;
	struct api_key key;
	struct err e = {0};

	return r->unreadable || api_key_read(r, &key, &e) != 0 ? 0 : w->each(w->arg, &key);
}

int api_key_each(struct vault *v, int (*each)(void *arg, const struct api_key *key), void *arg, struct err *e)
{
	return vault_each(v, KIND_ACCOUNT, NULL, api_key_tell, &(struct api_key_walk){each, arg}, e);
}

int api_key_book(struct vault *v, struct api_key *k, int pictures, struct err *e)
{
	int ret = k->daily == 0 ? 0 : err_set(e, ERR_BUSY, "others book at the same time");
	char day[WHEN_DATE];

	snprintf(day, sizeof day, "%s", k->day);
	for (unsigned i = 0; i < TRIES && ret != 0 && e->code == ERR_BUSY; i++) {
		struct vault_record was = {0};
		BUF_AUTO struct buf body = BUF_INIT(1024);
		*e = (struct err){0};
		ret = vault_get(v, k->id, &was, e);
		if (ret == 0)
			ret = api_key_read(&was, k, e);
		if (ret == 0 && pictures > 0 && k->used + (unsigned)pictures > k->daily)
			ret = err_set(e, ERR_FULL, "the key's budget of today is used up");
		if (ret == 0 && (pictures > 0 || strcmp(day, k->day) == 0)) {
			k->used = pictures < 0 && k->used < (unsigned)-pictures ? 0 : k->used + (unsigned)pictures;
			ret =
			    api_key_print(k, &body) != 0
				? err_set(e, ERR_MEMORY, "no memory")
				: vault_update(v, k->id, &(struct vault_change){.body = body.data, .body_len = body.len, .was = &was.body},
					       NULL, e);
		}
		vault_record_free(&was);
	}
	return ret;
}

int api_key_revoke(struct vault *v, const char *id, struct err *e)
{
	static const struct ledger_event event = {.name = "api-key", .details = "{\"what\":\"revoked\"}"};
	struct vault_record record = {0};

	if (vault_get(v, id, &record, e) != 0)
		return -1;
	struct api_key key;
	const bool is_key = record.kind == KIND_ACCOUNT && api_key_read(&record, &key, e) == 0;
	vault_record_free(&record);
	return is_key ? vault_end(v, id, &event, e) : err_set(e, ERR_NOT_FOUND, "there is no such key");
}
