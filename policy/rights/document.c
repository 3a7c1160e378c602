// SPDX-License-Identifier: ISC
#include "policy/rights/document.h"
#include <string.h>

enum { EDIT_TRIES = 16, DETAILS_MAX = 4096, PAYLOAD_MAX = 8192 };

cJSON *document_body(const struct document_type *type, const struct vault_record *r, struct err *e)
{
	cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);

	if (body != NULL && type->member != NULL && json_string(body, type->member) == NULL)
		json_free(&body);
	if (body == NULL)
		err_set(e, ERR_CORRUPT, "%s %s cannot be read", type->noun, r->id);
	return body;
}

cJSON *document_read(struct vault *v, const struct document_type *type, const char *id, struct vault_record *out, struct err *e)
{
	struct err why = {0};
	const bool there = vault_get(v, id, out, &why) == 0, is = there && out->kind == type->kind;
	cJSON *body = is ? document_body(type, out, e) : NULL;

	if (body != NULL)
		return body;
	if (there)
		vault_record_free(out);
	if (is)
		return NULL;
	if (there || why.code == ERR_NOT_FOUND)
		err_set(e, ERR_NOT_FOUND, "there is no such %s", type->noun);
	else
		err_set(e, why.code, "%s", why.text);
	return NULL;
}

int document_find(struct vault *v, enum kind kind, const char *tag, const char *value, char id[RECORD_ID_LEN + 1], struct err *e)
{
	struct vault_record found = {0};
	struct err why = {0};

	if (vault_find_head(v, kind, tag, value, &found, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	memcpy(id, found.id, sizeof found.id);
	vault_record_free(&found);
	return 1;
}

int document_edit(struct vault *v, const struct document_type *type, const char *id,
		  int (*edit)(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e),
		  void *arg, struct err *e)
{
	struct err why = {.code = ERR_BUSY};
	int ret = -1;

	for (int tries = 0; tries < EDIT_TRIES && ret != 0 && why.code == ERR_BUSY; tries++) {
		struct vault_record record;
		BUF_AUTO_WIPE struct buf bytes = BUF_INIT(type->max);
		struct document_change to = {.details = BUF_INIT(DETAILS_MAX), .payload = BUF_INIT(PAYLOAD_MAX)};
		why = (struct err){0};
		JSON_AUTO cJSON *body = document_read(v, type, id, &record, &why);
		if (body == NULL)
			break;
		if (edit(arg, &record, body, &to, &why) == 0) {
			const struct ledger_event event = {.name = to.ledger,
							   .details = to.details.len > 0 ? buf_text(&to.details) : NULL,
							   .payload = to.payload.len > 0 ? to.payload.data : NULL,
							   .payload_len = to.payload.len};
			ret = to.details.failed || json_print(&bytes, body) != 0
				  ? err_set(&why, ERR_INPUT, "the %s would become too large", type->noun)
				  : vault_update(v, id,
						 &(struct vault_change){.state = to.state,
									.body = bytes.data,
									.body_len = bytes.len,
									.was = &record.body,
									.tags = to.tags,
									.set = to.set,
									.clear = to.clear},
						 to.ledger != NULL ? &event : NULL, &why);
		}
		buf_free(&to.details);
		buf_wipe(&to.payload);
		vault_record_free(&record);
	}
	return ret == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}

cJSON *document_event(cJSON *body, const char *event, time_t at, const char *by)
{
	cJSON *events = cJSON_GetObjectItemCaseSensitive(body, "events"), *one = cJSON_CreateObject();

	if (events == NULL)
		events = cJSON_AddArrayToObject(body, "events");
	if (json_put_texts(one, JSON_TEXTS({"event", event}, {"by", by})) && json_put_time(one, "at", at) &&
	    cJSON_AddItemToArray(events, one))
		return one;
	cJSON_Delete(one);
	return NULL;
}

kind_set document_kinds(const cJSON *body)
{
	kind_set kinds = 0;
	const cJSON *name;
	enum kind kind;

	cJSON_ArrayForEach(name, json_get(body, "kinds"))
	{
		if (cJSON_IsString(name) && kind_from_name(&kind, name->valuestring) == 0)
			kinds |= KIND_BIT(kind);
	}
	return kinds;
}

bool document_put_kinds(cJSON *body, kind_set kinds)
{
	cJSON *list = cJSON_AddArrayToObject(body, "kinds");
	bool ok = list != NULL;

	for (enum kind k = 0; k < KIND_COUNT && ok; k++)
		ok = (kinds & KIND_BIT(k)) == 0 || cJSON_AddItemToArray(list, cJSON_CreateString(kind_row(k)->name));
	return ok;
}
