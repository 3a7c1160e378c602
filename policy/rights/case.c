// SPDX-License-Identifier: ISC
#include "policy/rights/case.h"
#include "policy/rights/document.h"
#include <stdio.h>
#include <string.h>

const char *const case_type_names[CASE_TYPES] = {"authority", "incident", "assessment", "contract"};
static const struct document_type cases = {KIND_ACCOUNTABILITY, "case", VAULT_BODY_MAX, NULL};

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
	cJSON *one = document_event(body, act->event, at, act->by);

	return one != NULL && json_put_texts(one, JSON_TEXTS({"reason", act->reason})) && members_set(one, act->told);
}

int case_add(struct vault *v, const struct case_new *new, char id[RECORD_ID_LEN + 1], struct err *e)
{
	char details[256];
	const struct ledger_event event = {.name = case_type_names[new->type], .details = details};
	const struct case_act added = {.event = "added", .by = new->by};
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(VAULT_BODY_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (vault_policy(v)->kinds[KIND_ACCOUNTABILITY].keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy has no <kind id=\"accountability\">: nothing may be written down of it");
	if (!json_put(body, JSON_MEMBERS(MEMBER_TEXT("type", case_type_names[new->type]), MEMBER_TIME("review", new->review),
					 MEMBER_TIME("due", new->due))) ||
	    !members_set(body, new->members) || !case_event_add(body, &added, when_now()) || json_print(&bytes, body) != 0)
		return err_set(e, ERR_INPUT, "it is too large to be stored");
	vault_id_new(id);
	snprintf(details, sizeof details, "{\"case\":\"%s\"%s%s", id, new->details[1] == '}' ? "" : ",", new->details + 1);
	const struct vault_new record = {.kind = KIND_ACCOUNTABILITY,
					 .subject = new->receipt,
					 .subject_of = new->record,
					 .body = bytes.data,
					 .body_len = bytes.len,
					 .named = true};
	return vault_put(v, &record, &event, id, e);
}

static bool case_is_of(const cJSON *body, unsigned types, enum case_type *type)
{
	const char *name = json_string(body, "type");

	for (*type = 0; name != NULL && *type < CASE_TYPES; (*type)++)
		if (strcmp(case_type_names[*type], name) == 0)
			return (types & CASE_BIT(*type)) != 0;
	return false;
}

struct case_acting {
	unsigned types;
	const struct case_act *act;
};

static int case_act_on(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e)
{
	const struct case_acting *x = arg;
	const struct case_act *act = x->act;
	const time_t now = when_now();
	enum case_type type;

	(void)r;
	if (!case_is_of(body, x->types, &type))
		return err_set(e, ERR_NOT_FOUND, "there is no such %s", cases.noun);
	if (json_get(body, "closed") != NULL)
		return err_set(e, ERR_REFUSED, "it is closed");
	change->ledger = case_type_names[type];
	if (act->details != NULL)
		buf_adds(&change->details, act->details);
	if (act->closes) {
		change->state = "closed";
		change->set = LIFE_BIT(LIFE_CLOSED);
	}
	return members_set(body, act->set) &&
		       json_put(body, JSON_MEMBERS(MEMBER_TIME("review", act->review), MEMBER_TIME("closed", act->closes ? now : 0))) &&
		       case_event_add(body, act, now)
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

int case_act(struct vault *v, unsigned types, const char *id, const struct case_act *act, struct err *e)
{
	return document_edit(v, &cases, id, case_act_on, &(struct case_acting){types, act}, e);
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
	JSON_AUTO cJSON *body = json_parse(buf_text(&r->body), r->body.len, NULL);
	if (!case_is_of(body, t->types, &row.type))
		return 0;
	row.body = body;
	row.closed = json_time(body, "closed");
	row.review = json_time(body, "review");
	row.due = json_time(body, "due");
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
	cJSON *body = document_read(v, &cases, id, &record, e);

	if (body == NULL)
		return NULL;
	if (case_is_of(body, types, &type)) {
		cJSON_AddStringToObject(body, "id", record.id);
		json_put_time(body, "written", record.made);
	} else {
		json_free(&body);
		err_set(e, ERR_NOT_FOUND, "there is no such %s", cases.noun);
	}
	vault_record_free(&record);
	return body;
}
