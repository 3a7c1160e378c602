// SPDX-License-Identifier: ISC
#include "policy/rights/reach.h"
#include "policy/base/array.h"
#include "policy/model/life.h"
#include "policy/processors/processors.h"
#include "policy/rights/deletion.h"
#include "policy/rights/document.h"
#include "policy/rights/event.h"
#include <stdio.h>
#include <string.h>

enum { TRANSFERS_MAX = 200 }; // listed for one recipient

struct reach {
	const struct policy *policy;
	cJSON *recipients;
	uint64_t archives, images, thumbnails;
	bool authorities; // they are told of, where the officer said so
	time_t set;       // when the latest set was asked for of which a row of the request log is left; 0: none
	cJSON *deletions; // bodies of what vendors are asked to delete, with id and sent
	bool no_memory;
};

const cJSON *reach_row(const cJSON *list, const char *id)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		if (strcmp(json_string(one, "id"), id) == 0)
			return one;
	}
	return NULL;
}

cJSON *reach_recipient(cJSON *recipients, const cJSON *sent, const char *called)
{
	const char *id = json_string(sent, "id"), *name = called != NULL ? called : json_string(sent, "name");
	cJSON *found = (cJSON *)reach_row(recipients, id);
	const cJSON *kind, *known;

	if (found == NULL && !json_push(recipients, JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_TEXT("name", name != NULL ? name : id),
								 MEMBER_ITEM("kinds", cJSON_CreateArray()))))
		return NULL;
	found = (cJSON *)reach_row(recipients, id);
	cJSON *kinds = cJSON_GetObjectItemCaseSensitive(found, "kinds");
	cJSON_ArrayForEach(kind, json_get(sent, "kinds"))
	{
		bool again = !cJSON_IsString(kind);
		cJSON_ArrayForEach(known, kinds)
		{
			again = again || strcmp(known->valuestring, kind->valuestring) == 0;
		}
		if (!again)
			cJSON_AddItemToArray(kinds, cJSON_CreateString(kind->valuestring));
	}
	return found;
}

// By what the policy says of it, else by what is known of the vendor. 0: neither says.
static time_t reach_expires(const struct policy_processor *a, const char *id, time_t sent)
{
	const struct processor_facts *f = processor_facts(id);

	if (a != NULL && a->has_keeps)
		return duration_after(sent, a->keeps);
	return f != NULL && !duration_is_zero(f->longest) ? duration_after(sent, f->longest) : 0;
}

// Who got data of a record when it was made. Of several times the latest counts: what they keep ends last.
static void add_recipient(struct reach *x, const cJSON *one, time_t sent)
{
	const char *id = json_string(one, "id");
	const struct policy_processor *a = id != NULL ? policy_processor(x->policy, id) : NULL;
	const cJSON *kinds = json_get(one, "kinds");

	if (id == NULL || (a != NULL && a->local))
		return;
	cJSON *found = reach_recipient(x->recipients, one, a != NULL ? a->name : NULL);
	if (found == NULL) {
		x->no_memory = true;
		return;
	}
	cJSON *transfers = cJSON_GetObjectItemCaseSensitive(found, "transfers");
	if (transfers == NULL)
		transfers = cJSON_AddArrayToObject(found, "transfers");
	if (cJSON_GetArraySize(transfers) < TRANSFERS_MAX)
		(void)json_push(transfers,
				JSON_MEMBERS(MEMBER_NULLABLE_TIME("at", sent),
					     MEMBER_ITEM("kinds", kinds != NULL ? cJSON_Duplicate(kinds, true) : cJSON_CreateArray())));
	if (json_string(found, "sent_at") == NULL || json_time(found, "sent_at") < sent)
		(void)json_put(found, JSON_MEMBERS(MEMBER_NULLABLE_TIME("sent_at", sent),
						   MEMBER_NULLABLE_TIME("expires_by", reach_expires(a, id, sent))));
}

// An authority that something was given to, from the day on that the officer said may be told.
static void reach_authority(struct reach *x, const char *id, const cJSON *body)
{
	const char *outcome = json_string(body, "outcome");
	const time_t tell = json_time(body, "tell_from");

	if (!x->authorities || outcome == NULL || strcmp(outcome, "given") != 0 || tell == 0 || tell > when_now())
		return;
	JSON_AUTO cJSON *one = json_make(JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_TEXT("name", json_string_or(body, "authority", id)),
						      MEMBER_ITEM("kinds", cJSON_Duplicate(json_get(body, "kinds"), true))));
	x->no_memory = x->no_memory || one == NULL;
	add_recipient(x, one, json_time(body, "closed"));
}

// Of a piece of work that a vendor knows; told when all is known whom the sets went to.
static void reach_deletion(struct reach *x, const struct vault_record *r, const cJSON *body)
{
	const char *id = json_string(body, "processor");
	cJSON *one = id != NULL ? cJSON_Duplicate(body, true) : NULL;

	if (id == NULL) // it cannot be read
		return;
	if (json_put_texts(one, JSON_TEXTS({"id", id}, {"state", r->state})) && json_put_time(one, "sent", r->made) &&
	    cJSON_AddItemToArray(x->deletions, one))
		return;
	cJSON_Delete(one);
	x->no_memory = true;
}

int reach_deletion_tell(cJSON *recipients, const struct policy *p, const cJSON *deletion, const char *state)
{
	const char *id = json_string(deletion, "processor");
	const struct policy_processor *a = id != NULL ? policy_processor(p, id) : NULL;
	const time_t gone = json_time(deletion, "deleted");
	JSON_AUTO cJSON *sent =
	    json_make(JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_ITEM("kinds", cJSON_Duplicate(json_get(deletion, "kinds"), true))));

	if (sent == NULL)
		return -1;
	cJSON *row = id != NULL ? reach_recipient(recipients, sent, a != NULL ? a->name : NULL) : NULL;
	if (row == NULL)
		return -1;
	const char *before = json_string(row, "deletion");
	const char *now = gone != 0 ? "deleted" : strcmp(state, deletion_expired) == 0 ? "unconfirmed" : "asked";
	// Of several pieces of work the one tells that is not deleted.
	if (before != NULL && strcmp(now, "asked") != 0 && strcmp(before, "deleted") != 0)
		now = strcmp(before, "asked") == 0 ? "asked" : "unconfirmed";
	const time_t latest = json_time(row, "deleted_at") > gone ? json_time(row, "deleted_at") : gone;
	return json_put(row, JSON_MEMBERS(MEMBER_NULLABLE_TIME("deleted_at", strcmp(now, "deleted") == 0 ? latest : 0),
					  MEMBER_NULLABLE_TEXT("deletion", now)))
		   ? 0
		   : -1;
}

static void reach_record(void *arg, const struct vault_record *r)
{
	struct reach *x = arg;
	struct err none;
	const cJSON *picture, *to;

	if (r->unreadable || r->over || (r->kind != KIND_ARCHIVE && r->kind != KIND_ACCOUNTABILITY && r->kind != KIND_DELETION))
		return;
	JSON_AUTO cJSON *body = json_parse(buf_text(&r->body), r->body.len, &none);
	if (r->kind == KIND_ACCOUNTABILITY) {
		reach_authority(x, r->id, body);
		return;
	}
	if (r->kind == KIND_DELETION) {
		reach_deletion(x, r, body);
		return;
	}
	x->archives++;
	cJSON_ArrayForEach(picture, json_get(body, "pictures"))
	{
		x->images++;
		x->thumbnails += json_get(picture, "thumbnail") != NULL;
	}
	cJSON_ArrayForEach(to, json_get(body, "sent_to"))
	{
		add_recipient(x, to, r->made);
	}
}

static int reach_log_row(void *arg, const struct subject_log_row *row)
{
	struct reach *x = arg;

	if (row->of_visit && row->at > x->set)
		x->set = row->at;
	return 0;
}

// The entries about sets that were begun about then: whom each was planned with.
struct planned {
	time_t from, until;
	time_t at; // of the entry that was looked at last
	cJSON *ids;
	bool any;
};

static int planned_at(void *arg, const struct ledger_entry *entry)
{
	((struct planned *)arg)->at = entry->at;
	return 1;
}

static int planned_add(void *arg, const struct ledger_entry *entry)
{
	static const char *const steps[] = {"text", "image"};
	struct planned *x = arg;
	const cJSON *id;

	if (entry->at > x->until)
		return 1;
	if (entry->at < x->from || strcmp(entry->name, "generation") != 0)
		return 0;
	JSON_AUTO cJSON *plan = json_parse(entry->details, strlen(entry->details), NULL);
	x->any = x->any || plan != NULL;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		cJSON_ArrayForEach(id, json_get(plan, steps[i]))
		{
			if (cJSON_IsString(id) && json_get(x->ids, id->valuestring) == NULL)
				cJSON_AddTrueToObject(x->ids, id->valuestring);
		}
	}
	return 0;
}

// The row of the request log and the entry are made together, before anybody is asked; the clock may be set in between.
static void planned_read(struct vault *v, time_t at, struct planned *x)
{
	enum { AROUND = 300 };
	struct err none = {0};
	uint64_t low = 0, high = 0;

	*x = (struct planned){.from = at - AROUND, .until = at + AROUND, .ids = cJSON_CreateObject()};
	if (ledger_first(v, &low, &none) != 0 || ledger_size(v, &high, &none) != 0)
		return;
	while (low < high) { // the first entry that is not before then
		const uint64_t middle = low + (high - low) / 2;
		x->at = 0;
		if (ledger_each(v, middle, planned_at, x, &none) != 0)
			return;
		if (x->at != 0 && x->at < x->from)
			low = middle + 1;
		else
			high = middle;
	}
	if (ledger_each(v, low, planned_add, x, &none) != 0)
		x->any = false;
}

int reach_possible(cJSON *recipients, struct vault *v, const struct policy *p, time_t at)
{
	const unsigned makers = POLICY_BIT(ROLE_TEXT) | POLICY_BIT(ROLE_IMAGE);
	struct planned planned;

	planned_read(v, at, &planned);
	JSON_AUTO cJSON *ids = planned.ids;
	const kind_set sent = KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PAGE) | KIND_BIT(KIND_PROMPT);
	struct reach x = {.policy = p, .recipients = recipients};

	for (size_t i = 0; i < p->processor_count && !x.no_memory; i++) {
		const struct policy_processor *one = &p->processors[i];
		const kind_set kinds = policy_processor_in_force(one, at) ? policy_processor_receives(one, at) & sent : 0;
		if (kinds == 0 || one->local || reach_row(recipients, one->id) != NULL ||
		    (one->has_keeps && duration_after(at, one->keeps) <= when_now()) ||
		    (planned.any && (one->roles & ~makers) == 0 && json_get(ids, one->id) == NULL))
			continue;
		JSON_AUTO cJSON *row = json_make(JSON_MEMBERS(MEMBER_TEXT("id", one->id)));
		x.no_memory = !document_put_kinds(row, kinds) || x.no_memory;
		add_recipient(&x, row, at);
		x.no_memory = x.no_memory || cJSON_AddTrueToObject((cJSON *)reach_row(recipients, one->id), "possible") == NULL;
	}
	return x.no_memory ? -1 : 0;
}

cJSON *reach_of(struct vault *v, const struct erase_selector *list, size_t count, struct err *e)
{
	JSON_AUTO cJSON *deletions = cJSON_CreateArray();
	struct reach x = {
	    .policy = vault_policy(v), .recipients = cJSON_CreateArray(), .deletions = deletions, .no_memory = deletions == NULL};
	const struct policy_kind *backup = &x.policy->kinds[KIND_BACKUP];
	struct subject_result missed;
	cJSON *o = cJSON_CreateObject();
	const cJSON *one;

	if (o == NULL || !cJSON_AddItemToObject(o, "recipients", x.recipients)) {
		cJSON_Delete(x.recipients);
		cJSON_Delete(o);
		err_set(e, ERR_MEMORY, "no memory to tell who got data");
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		// An address leads to its rows alone, and to none of the sets that were asked for from it: those stay.
		const struct subject_walk walk = {.record = reach_record, .log_row = list[i].by != ERASE_ADDRESS ? reach_log_row : NULL};
		x.authorities = list[i].by == ERASE_RECEIPT;
		if (vault_subject(v, list[i].by, list[i].value, &walk, &x, &missed, e) != 0) {
			cJSON_Delete(o);
			return NULL;
		}
	}
	cJSON_ArrayForEach(one, deletions) // sets that are still there say themselves whom they went to
	{
		if (reach_row(x.recipients, json_string(one, "id")) == NULL)
			add_recipient(&x, one, json_time(one, "sent"));
		x.no_memory = x.no_memory || reach_deletion_tell(x.recipients, x.policy, one, json_string(one, "state")) != 0;
	}
	// Who was sent what stood with the ZIP, which is gone: then it may have been anybody whom the policy names for it.
	if (x.archives == 0 && x.set != 0 && reach_possible(x.recipients, v, x.policy, x.set) != 0)
		x.no_memory = true;
	cJSON *derived = cJSON_AddArrayToObject(o, "derived");
	const struct {
		const char *kind;
		uint64_t count;
	} rows[] = {{"image", x.images}, {"thumbnail", x.thumbnails}, {"archive", x.archives}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].count > 0)
			json_push(derived, JSON_MEMBERS(MEMBER_TEXT("kind", rows[i].kind), MEMBER_NUMBER("count", rows[i].count)));
	const bool backed_up = backup->keep == KEEP_STORED && !duration_is_zero(life_longest(backup));
	const time_t now = when_now(), gone = duration_after(now, life_longest(backup)), days = (gone - now + 86399) / 86400;
	cJSON_AddItemToObject(o, "backups",
			      backed_up ? json_make(JSON_MEMBERS(MEMBER_NUMBER("max_age_days", days), MEMBER_TIME("purge_by", gone)))
					: cJSON_CreateNull());
	cJSON *ungoverned = cJSON_AddArrayToObject(o, "known_ungoverned");
	if (x.archives > 0)
		cJSON_AddItemToArray(ungoverned, cJSON_CreateString("browser-downloads"));
	if (x.recipients->child != NULL)
		cJSON_AddItemToArray(ungoverned, cJSON_CreateString("recipient-copies"));
	if (!x.no_memory && ungoverned != NULL)
		return o;
	cJSON_Delete(o);
	err_set(e, ERR_MEMORY, "no memory to tell who got data");
	return NULL;
}

void reach_forget_transfers(cJSON *recipients)
{
	cJSON *row;

	cJSON_ArrayForEach(row, recipients)
	{
		cJSON_DeleteItemFromObjectCaseSensitive(row, "transfers");
	}
}

cJSON *reach_of_request(struct vault *v, const cJSON *body, struct err *e)
{
	struct reach x = {.policy = vault_policy(v), .recipients = cJSON_CreateArray()};
	const cJSON *event;

	x.no_memory = x.recipients == NULL;
	cJSON_ArrayForEach(event, json_get(body, "events"))
	{
		const char *at = json_string(event, "at");
		time_t sent;
		if (rights_event_read(event) != EVENT_MAIL_SENT || at == NULL || when_parse(&sent, at) != 0)
			continue;
		for (size_t i = 0; i < x.policy->processor_count; i++) {
			const struct policy_processor *p = &x.policy->processors[i];
			if ((p->roles & POLICY_BIT(ROLE_MAIL)) == 0 ||
			    (policy_processor_receives(p, sent) & KIND_BIT(KIND_RIGHTS_REQUEST)) == 0)
				continue;
			JSON_AUTO cJSON *one = json_make(JSON_MEMBERS(MEMBER_TEXT("id", p->id)));
			x.no_memory = !document_put_kinds(one, KIND_BIT(KIND_RIGHTS_REQUEST)) || x.no_memory;
			add_recipient(&x, one, sent);
		}
	}
	if (!x.no_memory)
		return x.recipients;
	cJSON_Delete(x.recipients);
	err_set(e, ERR_MEMORY, "no memory to tell who got data");
	return NULL;
}
