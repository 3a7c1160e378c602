// SPDX-License-Identifier: ISC
#include "policy/rights/case.h"
#include "policy/publish/render/json.h"
#include <stdio.h>
#include <string.h>

enum { CASE_EDIT_TRIES = 16 };

const char *const case_type_names[CASE_TYPES] = {"authority", "incident", "assessment", "contract"};

time_t case_time(const cJSON *object, const char *name)
{
	const char *text = json_string(object, name);
	time_t t = 0;

	return text != NULL && when_parse(&t, text) == 0 ? t : 0;
}

bool case_add_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];

	when_text(text, t);
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	return cJSON_AddStringToObject(object, name, text) != NULL;
}

static bool members_set(cJSON *object, const cJSON *members)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, members)
	{
		cJSON_DeleteItemFromObjectCaseSensitive(object, one->string);
		if (!cJSON_AddItemToObject(object, one->string, cJSON_Duplicate(one, true)))
			return false;
	}
	return true;
}

static bool case_event_add(cJSON *body, const struct case_act *act, time_t at)
{
	cJSON *events = cJSON_GetObjectItemCaseSensitive(body, "events"), *one;

	if (events == NULL)
		events = cJSON_AddArrayToObject(body, "events");
	one = json_object_in(events);
	return one != NULL && cJSON_AddStringToObject(one, "event", act->event) != NULL && case_add_time(one, "at", at) &&
	       (act->by == NULL || cJSON_AddStringToObject(one, "by", act->by) != NULL) &&
	       (act->reason == NULL || cJSON_AddStringToObject(one, "reason", act->reason) != NULL) && members_set(one, act->told);
}

int case_add(struct vault *v, const struct case_new *new, char id[RECORD_ID_LEN + 1], struct err *e)
{
	const struct ledger_event event = {.name = case_type_names[new->type], .details = new->details};
	const struct case_act added = {.event = "added", .by = new->by};
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(VAULT_BODY_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (vault_policy(v)->kinds[KIND_ACCOUNTABILITY].keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy has no <kind id=\"accountability\">: nothing may be written down of it");
	if (cJSON_AddStringToObject(body, "type", case_type_names[new->type]) == NULL || !members_set(body, new->members) ||
	    (new->review != 0 && !case_add_time(body, "review", new->review)) || (new->due != 0 && !case_add_time(body, "due", new->due)) ||
	    !case_event_add(body, &added, when_now()) || json_print(&bytes, body) != 0)
		return err_set(e, ERR_INPUT, "it is too large to be stored");
	const struct vault_new record = {
	    .kind = KIND_ACCOUNTABILITY, .subject = new->receipt, .subject_of = new->record, .body = bytes.data, .body_len = bytes.len};
	return vault_put(v, &record, &event, id, e);
}

// What is of one of the types; ERR_NOT_FOUND.
static cJSON *case_read(const struct vault_record *r, unsigned types, enum case_type *type, struct err *e)
{
	cJSON *body = r->kind == KIND_ACCOUNTABILITY ? json_parse(buf_text(&r->body), r->body.len, e) : NULL;
	const char *name = json_string(body, "type");

	for (*type = 0; name != NULL && *type < CASE_TYPES; (*type)++)
		if (strcmp(case_type_names[*type], name) == 0 && (types & CASE_BIT(*type)) != 0)
			return body;
	cJSON_Delete(body);
	if (r->kind != KIND_ACCOUNTABILITY || name != NULL)
		err_set(e, ERR_NOT_FOUND, "there is none with this id");
	return NULL;
}

static int case_act_once(struct vault *v, unsigned types, const char *id, const struct case_act *act, struct err *e)
{
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(VAULT_BODY_MAX);
	struct vault_record record;
	enum case_type type;
	const time_t now = when_now();
	int ret = -1;

	if (vault_get(v, id, &record, e) != 0)
		return -1;
	JSON_AUTO cJSON *body = case_read(&record, types, &type, e);
	const struct ledger_event event = {.name = body != NULL ? case_type_names[type] : "", .details = act->details};
	const struct vault_change change = {
	    .state = act->closes ? "closed" : NULL, .was = &record.body, .set = act->closes ? LIFE_BIT(LIFE_CLOSED) : 0};
	struct vault_change now_is = change;
	if (body == NULL)
		;
	else if (json_get(body, "closed") != NULL)
		err_set(e, ERR_REFUSED, "it is closed");
	else if (!members_set(body, act->set) || (act->review != 0 && !case_add_time(body, "review", act->review)) ||
		 (act->closes && !case_add_time(body, "closed", now)) || !case_event_add(body, act, now) || json_print(&bytes, body) != 0)
		err_set(e, ERR_INPUT, "it would become too large");
	else {
		now_is.body = bytes.data;
		now_is.body_len = bytes.len;
		ret = vault_update(v, id, &now_is, &event, e);
	}
	vault_record_free(&record);
	return ret;
}

int case_act(struct vault *v, unsigned types, const char *id, const struct case_act *act, struct err *e)
{
	struct err why = {.code = ERR_BUSY};
	int ret = -1;

	for (int tries = 0; tries < CASE_EDIT_TRIES && ret != 0 && why.code == ERR_BUSY; tries++) {
		why = (struct err){0};
		ret = case_act_once(v, types, id, act, &why);
	}
	return ret == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}

struct case_telling {
	unsigned types;
	int (*each)(void *, const struct case_row *);
	void *arg;
	time_t now;
};

static int case_tell(void *arg, const struct vault_record *r)
{
	const struct case_telling *t = arg;
	struct case_row row = {.id = r->id, .type = CASE_TYPES, .made = r->made};

	if (r->unreadable)
		return t->each(t->arg, &row);
	JSON_AUTO cJSON *body = case_read(r, t->types, &row.type, NULL);
	if (body == NULL)
		return 0;
	row.body = body;
	row.closed = case_time(body, "closed");
	row.review = case_time(body, "review");
	row.due = case_time(body, "due");
	row.late = row.closed == 0 && ((row.review != 0 && row.review <= t->now) || (row.due != 0 && row.due <= t->now));
	return t->each(t->arg, &row);
}

int case_each(struct vault *v, unsigned types, int (*each)(void *, const struct case_row *), void *arg, struct err *e)
{
	struct case_telling t = {types, each, arg, when_now()};

	return vault_each(v, KIND_ACCOUNTABILITY, NULL, case_tell, &t, e);
}

cJSON *case_show(struct vault *v, unsigned types, const char *id, struct err *e)
{
	struct vault_record record;
	enum case_type type;

	if (vault_get(v, id, &record, e) != 0)
		return NULL;
	cJSON *body = case_read(&record, types, &type, e);
	if (body != NULL) {
		cJSON_AddStringToObject(body, "id", record.id);
		case_add_time(body, "written", record.made);
	}
	vault_record_free(&record);
	return body;
}
