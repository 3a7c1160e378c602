// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/rights/document.h"
#include "policy/rights/hold_parts.h"
#include "policy/rights/person.h"
#include "policy/rights/request.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const hold_state_names[HOLD_STATES] = {"active", "ending", "lifted", "expired"};
static const char *const by_names[] = {"receipt", "address", "record", "contact", "request"};
static const enum erase_by erase_by[] = {ERASE_RECEIPT, ERASE_ADDRESS, ERASE_RECORD, ERASE_CONTACT};
static const struct document_type holds = {KIND_HOLD, "hold", VAULT_BODY_MAX, NULL};

#define HOLD_GROUND(name, article)                                                                                                         \
	{                                                                                                                                  \
		name, article, "legal hold: " name " (" article ")"                                                                        \
	}
const struct hold_ground hold_grounds[] = {
    HOLD_GROUND("legally-required", "Art. 17(3)(b)"),
    HOLD_GROUND("public-interest", "Art. 17(3)(b)"),
    HOLD_GROUND("public-health", "Art. 17(3)(c)"),
    HOLD_GROUND("archiving", "Art. 17(3)(d)"),
    HOLD_GROUND("legal-claims", "Art. 17(3)(e)"),
    HOLD_GROUND("statute", "the statute cited"),
    {0},
};

// The last row where there is none of that name.
static const struct hold_ground *hold_ground_named(const char *name)
{
	const struct hold_ground *g = hold_grounds;

	while (g->name != NULL && (name == NULL || strcmp(g->name, name) != 0))
		g++;
	return g;
}

// ---- what a hold covers ----

static void hold_free(struct hold *h)
{
	cJSON_Delete(h->body);
	*h = (struct hold){0};
}

static int hold_ids_add(void *arg, const struct vault_record *r)
{
	struct hold_ids *ids = arg;
	const struct hold *h = ids->of;

	if (r->kind >= KIND_COUNT || r->over || (h->kinds & KIND_BIT(r->kind)) == 0 || (!h->later && r->made > h->placed) ||
	    (h->by == HOLD_BY_RECORD && strcmp(r->id, h->value) != 0))
		return 0;
	ids->failed = !ARRAY_GROW(ids->list, ids->count, ids->capacity);
	if (ids->failed)
		return 1;
	struct hold_item *item = &ids->list[ids->count++];
	*item = (struct hold_item){.kind = r->kind, .held = r->facts.since[LIFE_HELD] != 0, .erased = r->facts.since[LIFE_ERASED] != 0};
	memcpy(item->id, r->id, sizeof item->id);
	return 0;
}

int hold_covers(struct vault *v, const struct hold *h, struct hold_ids *out, struct err *e)
{
	out->of = h;
	if (h->by == HOLD_BY_ADDRESS) // of which the hold has copies
		return 0;
	if (vault_subject_heads(v, erase_by[h->by], h->value, hold_ids_add, out, e) != 0)
		return -1;
	return out->failed ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

// A new record's state is none.
static enum hold_state hold_state_read(const char *name)
{
	enum hold_state state = 0;

	while (state < HOLD_STATES && strcmp(hold_state_names[state], name) != 0)
		state++;
	return *name == '\0' ? HOLD_ACTIVE : state;
}

static int hold_read(struct hold *out, const struct vault_record *r)
{
	cJSON *body = json_parse(buf_text(&r->body), r->body.len, NULL);
	const char *by = json_string(body, "by");

	*out = (struct hold){.body = body,
			     .value = json_string(body, "value"),
			     .state = hold_state_read(r->state),
			     .placed = json_time(body, "up_to") > r->made ? json_time(body, "up_to") : r->made,
			     .kinds = document_kinds(body),
			     .later = cJSON_IsTrue(json_get(body, "later"))};
	memcpy(out->id, r->id, sizeof out->id);
	while (by != NULL && out->by < HOLD_BY_REQUEST && strcmp(by_names[out->by], by) != 0)
		out->by++;
	if (by != NULL && out->value != NULL && out->by != HOLD_BY_REQUEST)
		return 0;
	hold_free(out);
	return -1;
}

// ---- all of them ----

static int hold_list_add(void *arg, const struct vault_record *r)
{
	struct hold_list *all = arg;
	const enum hold_state state = hold_state_read(r->state);

	if (state != HOLD_ACTIVE && state != HOLD_ENDING)
		return 0;
	struct hold one;
	if (r->unreadable || hold_read(&one, r) != 0) {
		all->unreadable++;
		return 0;
	}
	all->failed = !ARRAY_GROW(all->list, all->count, all->capacity);
	if (all->failed)
		hold_free(&one);
	else
		all->list[all->count++] = one;
	return all->failed;
}

void hold_list_free(struct hold_list *all)
{
	for (size_t i = 0; i < all->count; i++)
		hold_free(&all->list[i]);
	free(all->list);
}

int hold_list_read(struct vault *v, struct hold_list *out, struct err *e)
{
	if (vault_each(v, KIND_HOLD, NULL, hold_list_add, out, e) != 0)
		return -1;
	if (out->failed)
		return err_set(e, ERR_MEMORY, "no memory");
	return out->unreadable > 0 ? err_set(e, ERR_CORRUPT, "%zu legal holds cannot be read", out->unreadable) : 0;
}

int hold_mark(struct vault *v, const char *id, bool held, struct err *e)
{
	const struct vault_change change = {.set = held ? LIFE_BIT(LIFE_HELD) : 0, .clear = held ? 0 : LIFE_BIT(LIFE_HELD)};
	struct err why = {0};

	return vault_update(v, id, &change, NULL, &why) == 0 || why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

static int hold_apply_one(struct vault *v, const struct hold *h, size_t *count, struct err *e)
{
	struct hold_ids ids = {0};
	int ret = hold_covers(v, h, &ids, e);

	for (size_t i = 0; ret == 0 && i < ids.count; i++)
		if (!ids.list[i].held && life_may_be_held(&vault_policy(v)->kinds[ids.list[i].kind]))
			ret = hold_mark(v, ids.list[i].id, true, e);
	*count = ids.count;
	free(ids.list);
	return ret;
}

int hold_list_apply(struct vault *v, const struct hold_list *all, struct err *e)
{
	size_t count;

	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].state == HOLD_ACTIVE && hold_apply_one(v, &all->list[i], &count, e) != 0)
			return -1;
	return 0;
}

int hold_apply(struct vault *v, struct err *e)
{
	HOLD_LIST_AUTO struct hold_list all = {0};

	return hold_list_read(v, &all, e) != 0 ? -1 : hold_list_apply(v, &all, e);
}

static void hold_tell_one(const struct hold *h, const struct hold_ids *covered, const struct hold_ids *of, struct erase_result *r)
{
	const time_t expires = json_time(h->body, "expires");
	const struct hold_ground *g = hold_ground_named(json_string(h->body, "ground"));

	for (size_t i = 0; i < r->kept_count; i++) {
		struct erase_kept *kept = &r->kept[i];
		for (size_t n = 0; n < covered->count && kept->held && expires > kept->until; n++) {
			for (size_t k = 0; k < of->count && covered->list[n].kind == kept->kind; k++) {
				if (!of->list[k].held || strcmp(of->list[k].id, covered->list[n].id) != 0)
					continue;
				kept->until = expires;
				kept->ground = g->told;
			}
		}
	}
}

int hold_tell_kept(struct vault *v, enum erase_by by, const char *value, struct erase_result *r, struct err *e)
{
	HOLD_LIST_AUTO struct hold_list all = {0};
	const struct hold anything = {.by = HOLD_BY_RECEIPT, .kinds = ~(kind_set)0, .later = true};
	struct hold_ids kept = {.of = &anything};

	if (!r->held)
		return 0;
	int ret = vault_subject_heads(v, by, value, hold_ids_add, &kept, e) != 0 ? -1 : hold_list_read(v, &all, e);
	if (ret == 0 && kept.failed)
		ret = err_set(e, ERR_MEMORY, "no memory");
	for (size_t i = 0; ret == 0 && i < all.count; i++) {
		struct hold_ids covered = {0};
		ret = all.list[i].state == HOLD_ACTIVE ? hold_covers(v, &all.list[i], &covered, e) : 0;
		if (ret == 0)
			hold_tell_one(&all.list[i], &covered, &kept, r);
		free(covered.list);
	}
	free(kept.list);
	return ret;
}

// ---- what happens to one ----

static bool hold_event_add(cJSON *body, const struct hold_event *x, time_t at)
{
	cJSON *one = document_event(body, x->event, at, x->by);
	const struct json_member *times = JSON_MEMBERS(MEMBER_TIME("review", x->review), MEMBER_TIME("expires", x->expires));

	return one != NULL && json_put_texts(one, JSON_TEXTS({"reason", x->reason})) && json_put(one, times) && json_put(body, times);
}

static int hold_edit_on(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e)
{
	const struct hold_event *x = arg;
	const enum hold_state state = hold_state_read(r->state);

	if (state != HOLD_ACTIVE && !(x->from_ending && state == HOLD_ENDING))
		return err_set(e, ERR_REFUSED, "it is over: %s", r->state);
	if (x->to == HOLD_LIFTED || x->to == HOLD_EXPIRED) { // the copies of log rows, and whom it was about
		cJSON_DeleteItemFromObjectCaseSensitive(body, "rows");
		cJSON_DeleteItemFromObjectCaseSensitive(body, "value");
		change->set = LIFE_BIT(LIFE_CLOSED);
	}
	if (!hold_event_add(body, x, when_now()))
		return err_set(e, ERR_MEMORY, "no memory");
	change->state = hold_state_names[x->to];
	change->ledger = "hold";
	// Without the selector, the owner and what else is sealed.
	buf_printf(&change->details, "{\"hold\":\"%s\",\"event\":\"%s\",\"ground\":\"%s\",\"review\":\"%s\",\"expires\":\"%s\"}", r->id,
		   x->event, json_string(body, "ground"), json_string(body, "review"), json_string(body, "expires"));
	return 0;
}

int hold_edit(struct vault *v, const char *id, const struct hold_event *x, struct err *e)
{
	struct hold_event event = *x;

	return document_edit(v, &holds, id, hold_edit_on, &event, e);
}

// ---- placing ----

static kind_set may_be_held(const struct policy *p)
{
	kind_set kinds = 0;

	for (enum kind k = 0; k < KIND_COUNT; k++)
		kinds |= p->kinds[k].keep == KEEP_STORED && life_may_be_held(&p->kinds[k]) ? KIND_BIT(k) : 0;
	return kinds;
}

static int refuse_kind(const struct policy *p, enum kind k, struct err *e)
{
	if (p->kinds[k].keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy stores nothing of the kind \"%s\"", kind_row(k)->name);
	return err_set(
	    e, ERR_REFUSED,
	    "the policy lets nobody hold the kind \"%s\": line %d, <kind id=\"%s\">, has no life with hold=\"yes\"; visitors were "
	    "told that it goes",
	    kind_row(k)->name, p->kinds[k].line, kind_row(k)->name);
}

struct hold_found {
	struct hold hold;
	size_t log_there; // rows of the request log, whether they may be held or not
	time_t newest;    // of the records
	enum kind other;  // one of those that may not
	cJSON *rows;
	bool failed;
};

static void found_record(void *arg, const struct vault_record *r)
{
	struct hold_found *f = arg;

	if (r->over || r->kind >= KIND_COUNT || r->kind == KIND_HOLD || (f->hold.by == HOLD_BY_RECORD && strcmp(r->id, f->hold.value) != 0))
		return;
	f->newest = r->made > f->newest ? r->made : f->newest;
	if ((f->hold.kinds & KIND_BIT(r->kind)) == 0)
		f->other = r->kind;
}

static int found_row(void *arg, const struct subject_log_row *row)
{
	struct hold_found *f = arg;

	f->log_there++;
	if ((f->hold.kinds & KIND_BIT(KIND_REQUEST_LOG)) == 0 || f->hold.by == HOLD_BY_RECORD)
		return 0;
	f->failed = row->unreadable || !json_push(f->rows, JSON_MEMBERS(MEMBER_TIME("at", row->at), MEMBER_TEXT("address", row->address),
									MEMBER_TEXT("user_agent", row->user_agent)));
	return f->failed ? -1 : 0;
}

static int found_event(void *arg, const struct subject_event *event)
{
	(void)arg;
	(void)event;
	return 1;
}

// The selector, as the hold keeps it: a request stands for what it names, and for itself where that is nothing.
static int hold_selector(struct vault *v, const struct hold_new *hold, cJSON *body, struct err *e)
{
	struct vault_record record = {0}, archive = {0};
	const char *value = hold->value;
	enum hold_by by = hold->by;
	JSON_AUTO cJSON *request = by == HOLD_BY_REQUEST ? rights_get(v, value, &record, e) : NULL;

	if (by == HOLD_BY_REQUEST ? request == NULL : by == HOLD_BY_RECORD && vault_get(v, value, &record, e) != 0)
		return -1;
	vault_record_free(&record);
	if (by == HOLD_BY_REQUEST) {
		const char *receipt = json_string(request, "receipt"), *token = json_string(request, "archive");
		by = receipt != NULL ? HOLD_BY_RECEIPT : HOLD_BY_RECORD;
		if (receipt != NULL)
			value = receipt;
		else if (token != NULL && archive_token_find_head(v, token, &archive, NULL) == 0)
			value = archive.id;
	}
	return json_put_texts(
		   body, JSON_TEXTS({"request", hold->by == HOLD_BY_REQUEST ? hold->value : NULL}, {"value", value}, {"by", by_names[by]}))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

static int hold_check(const struct policy *p, const struct hold_new *hold, time_t now, struct err *e)
{
	const struct policy_kind *kind = &p->kinds[KIND_HOLD];
	const struct hold_ground *g = hold_ground_named(hold->ground);
	const time_t last = life_end(p, KIND_HOLD, now);
	char grounds[256] = "", text[WHEN_TEXT];

	for (const struct hold_ground *one = hold_grounds; one->name != NULL; one++)
		snprintf(grounds + strlen(grounds), sizeof grounds - strlen(grounds), "%s%s", *grounds ? ", " : "", one->name);
	if (kind->keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy has no <kind id=\"hold\">: visitors were not told that anything may be held");
	if (g->name == NULL)
		return err_set(e, ERR_INPUT, "a ground is needed, one of: %s", grounds);
	if (hold->citation == NULL || *hold->citation == '\0')
		return err_set(e, ERR_INPUT, "a citation is needed: the section of the law, or the case's number");
	if (hold->review <= now || hold->expires <= now || hold->review > hold->expires)
		return err_set(e, ERR_INPUT, "a hold needs a review date to come, and an end that is no earlier");
	when_text(text, last);
	if (last != 0 && hold->expires > last)
		return err_set(e, ERR_REFUSED, "the policy lets no hold last beyond %s: line %d, <kind id=\"hold\">", text, kind->line);
	for (enum kind k = 0; k < KIND_COUNT; k++)
		if ((hold->kinds & KIND_BIT(k)) != 0 && !(p->kinds[k].keep == KEEP_STORED && life_may_be_held(&p->kinds[k])))
			return refuse_kind(p, k, e);
	if (hold->by == HOLD_BY_ADDRESS && !(may_be_held(p) & KIND_BIT(KIND_REQUEST_LOG)))
		return refuse_kind(p, KIND_REQUEST_LOG, e);
	if (hold->by == HOLD_BY_ADDRESS && hold->later)
		return err_set(e, ERR_REFUSED, "rows of the request log to come cannot be held: place another hold when they are there");
	return 0;
}

int hold_place(struct vault *v, const struct hold_new *hold, bool dry_run, struct hold_placed *out, struct err *e)
{
	static const struct subject_walk walk = {found_record, found_row, found_event};
	const struct policy *p = vault_policy(v);
	const time_t now = when_now();
	struct subject_result missed = {0};
	struct hold_ids ids = {0};
	char kinds[256], details[512];
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(VAULT_BODY_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();
	int ret = -1;

	*out = (struct hold_placed){0};
	if (hold_check(p, hold, now, e) != 0 || hold_selector(v, hold, body, e) != 0)
		return -1;
	struct hold_found f = {.other = KIND_COUNT, .rows = cJSON_AddArrayToObject(body, "rows")};
	f.hold = (struct hold){.value = json_string(body, "value"),
			       .kinds = hold->kinds != 0 ? hold->kinds : may_be_held(p),
			       .later = hold->later,
			       .placed = now};
	while (f.hold.by + 1 < ARRAY_LEN(erase_by) && strcmp(by_names[f.hold.by], json_string(body, "by")) != 0)
		f.hold.by++;
	if (hold->by == HOLD_BY_ADDRESS)
		f.hold.kinds = KIND_BIT(KIND_REQUEST_LOG);
	if (vault_subject(v, erase_by[f.hold.by], f.hold.value, &walk, &f, &missed, e) != 0)
		return -1;
	if (f.failed || missed.records_missed || missed.log_missed)
		return err_set(e, ERR_CORRUPT, "not all of it can be read: %s", missed.reason);
	if (f.newest > now && json_put_time(body, "up_to", f.newest)) // the clock is behind what is here already
		f.hold.placed = f.newest;
	if (hold_covers(v, &f.hold, &ids, e) != 0)
		goto cleanup;
	out->records = ids.count;
	out->log_rows = (size_t)cJSON_GetArraySize(f.rows);
	if (ids.count + out->log_rows == 0 && !hold->later) {
		if (f.other != KIND_COUNT || f.log_there > 0)
			refuse_kind(p, f.other != KIND_COUNT ? f.other : KIND_REQUEST_LOG, e);
		else
			err_set(e, ERR_INPUT, "nothing of it is kept, so there is nothing to hold");
		goto cleanup;
	}
	const struct hold_event placed = {
	    .event = "placed", .by = hold->officer, .review = hold->review, .expires = hold->expires, .to = HOLD_ACTIVE};
	const bool ok = f.rows != NULL &&
			json_put(body, JSON_MEMBERS(MEMBER_TIME("tell_from", hold->tell), MEMBER_BOOL("later", hold->later),
						    MEMBER_TEXT("ground", hold->ground), MEMBER_TEXT("citation", hold->citation),
						    MEMBER_TEXT("owner", hold->owner))) &&
			hold_event_add(body, &placed, now) && document_put_kinds(body, f.hold.kinds);
	if (!ok || json_print(&bytes, body) != 0) {
		err_set(e, ERR_REFUSED, "%zu rows of the request log are more than one hold can keep", out->log_rows);
		goto cleanup;
	}
	ret = 0;
	if (dry_run)
		goto cleanup;
	kind_set_words(kinds, sizeof kinds, f.hold.kinds);
	vault_id_new(out->id);
	snprintf(details, sizeof details,
		 "{\"hold\":\"%s\",\"event\":\"placed\",\"ground\":\"%s\",\"review\":\"%s\",\"expires\":\"%s\",\"kinds\":\"%s\","
		 "\"records\":%zu,\"log_"
		 "rows\":%zu}",
		 out->id, hold->ground, json_string(body, "review"), json_string(body, "expires"), kinds, out->records, out->log_rows);
	const struct vault_tag tags[] = {{f.hold.by == HOLD_BY_ADDRESS   ? "address"
					  : f.hold.by == HOLD_BY_CONTACT ? PERSON_TAG
									 : NULL,
					  f.hold.value},
					 {NULL, NULL}};
	const struct ledger_event event = {.name = "hold", .details = details};
	const struct vault_new record = {.kind = KIND_HOLD,
					 .subject = f.hold.by == HOLD_BY_RECEIPT ? f.hold.value : NULL,
					 .subject_of = f.hold.by == HOLD_BY_RECORD ? f.hold.value : NULL,
					 .tags = tags,
					 .body = bytes.data,
					 .body_len = bytes.len,
					 .named = true};
	ret = vault_put(v, &record, &event, out->id, e) != 0 ? -1 : hold_apply_one(v, &f.hold, &out->records, e);
cleanup:
	free(ids.list);
	return ret;
}

int hold_review(struct vault *v, const char *id, const char *officer, const char *reason, time_t review, time_t expires, struct err *e)
{
	const struct hold_event x = {
	    .event = "reviewed", .by = officer, .reason = reason, .review = review, .expires = expires, .to = HOLD_ACTIVE};
	struct vault_record record;
	JSON_AUTO cJSON *body = document_read(v, &holds, id, &record, e);

	if (body == NULL)
		return -1;
	const time_t end = expires != 0 ? expires : json_time(body, "expires"), last = life_end(vault_policy(v), KIND_HOLD, record.made);
	vault_record_free(&record);
	if (reason == NULL || *reason == '\0')
		return err_set(e, ERR_INPUT, "a reason is needed: why it stays");
	if (review <= when_now() || review > end || (last != 0 && end > last))
		return err_set(e, ERR_INPUT, "the next review is to come, no later than the hold's end, which the policy bounds");
	return hold_edit(v, id, &x, e);
}

// ---- showing ----

struct hold_telling {
	struct vault *v;
	int (*each)(void *, const struct hold_row *);
	void *arg;
	time_t now;
};

static int hold_tell(void *arg, const struct vault_record *r)
{
	const struct hold_telling *t = arg;
	const enum hold_state state = hold_state_read(r->state);
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);
	const time_t review = json_time(body, "review");
	struct hold_row row = {.id = r->id,
			       .state = r->unreadable ? "unreadable" : hold_state_names[state % HOLD_STATES],
			       .by = json_string(body, "request") != NULL ? by_names[HOLD_BY_REQUEST] : json_string_or(body, "by", ""),
			       .ground = json_string_or(body, "ground", ""),
			       .citation = json_string_or(body, "citation", ""),
			       .owner = json_string_or(body, "owner", ""),
			       .placed = r->made,
			       .review = review,
			       .expires = json_time(body, "expires"),
			       .kinds = document_kinds(body),
			       .later = cJSON_IsTrue(json_get(body, "later")),
			       .active = state == HOLD_ACTIVE,
			       .overdue = state == HOLD_ACTIVE && body != NULL && review <= t->now,
			       .log_rows = (size_t)cJSON_GetArraySize(json_get(body, "rows"))};
	struct hold_ids ids = {0};
	struct hold h = {0};

	if (row.active && body != NULL && hold_read(&h, r) == 0 && hold_covers(t->v, &h, &ids, NULL) == 0)
		row.records = ids.count;
	free(ids.list);
	hold_free(&h);
	return t->each(t->arg, &row);
}

int hold_each(struct vault *v, int (*each)(void *, const struct hold_row *), void *arg, struct err *e)
{
	struct hold_telling t = {v, each, arg, 0};
	struct clock_state clock;

	if (vault_clock(v, &clock, e) != 0)
		return -1;
	t.now = clock.judged;
	return vault_each(v, KIND_HOLD, NULL, hold_tell, &t, e);
}

cJSON *hold_show(struct vault *v, const char *id, bool personal, struct err *e)
{
	static const char *const sealed[] = {"value", "rows"};
	struct vault_record record;
	cJSON *body = document_read(v, &holds, id, &record, e);

	if (body == NULL)
		return NULL;
	const int rows = cJSON_GetArraySize(json_get(body, "rows"));
	for (size_t i = 0; i < ARRAY_LEN(sealed) && !personal; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(body, sealed[i]);
	cJSON_AddNumberToObject(body, "log_rows", rows);
	json_put_texts(body, JSON_TEXTS({"id", record.id}, {"state", hold_state_names[hold_state_read(record.state) % HOLD_STATES]}));
	vault_record_free(&record);
	return body;
}
