// SPDX-License-Identifier: ISC
#include "policy/rights/restrict.h"
#include "policy/rights/person.h"
#include "policy/rights/reach.h"
#include "policy/rights/recipient.h"
#include <stdio.h>
#include <string.h>

// What a request names, and what is known of it.
struct restriction {
	struct person person;
	struct restricted_sets {
		char first[PERSON_MAX][RECORD_ID_LEN + 1]; // of the records that a selector leads to, once
		bool others[PERSON_MAX];                   // another request restricts the same
		size_t count;
	} sets;
	struct rights_facts facts; // but for `restricted`, which says only whether
	char right[64];
};
#define RESTRICTION_AUTO __attribute__((cleanup(restriction_end)))

static void restriction_end(struct restriction *x)
{
	person_end(&x->person);
}

static int restriction_facts(struct vault *v, const char *id, struct restriction *x, struct err *e)
{
	JSON_AUTO cJSON *body = rights_read(v, id, &x->facts, e);
	const cJSON *one, *list = json_get(body, "restricts");

	// What it restricted, also where its contact would lead to something else by now.
	cJSON_ArrayForEach(one, list)
	{
		if (person_named(v, one, &x->person, e) != 0)
			return -1;
	}
	if (body == NULL || (list == NULL && person_of_request(v, body, &x->facts, &x->person, e) != 0))
		return -1;
	x->facts.restricted = x->facts.restricted != NULL ? "" : NULL;
	snprintf(x->right, sizeof x->right, "%s", json_string(body, "right"));
	return 0;
}

// What several selectors lead to is restricted, and counted, once; what other requests restrict is not lifted.
static int sets_apply(struct vault *v, const char *id, const struct erase_selector *list, size_t count, struct restricted_sets *sets,
		      enum restrict_how how, struct restrict_result *out, struct err *e)
{
	const enum restrict_how counts = how == RESTRICT_LIFT || how == RESTRICT_COUNT ? RESTRICT_COUNT : RESTRICT_WOULD;
	struct restricted_sets before = *sets;

	*out = (struct restrict_result){0};
	sets->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct restrict_result one;
		size_t same = 0, known = 0;
		if (vault_restrict(v, list[i].by, list[i].value, counts, id, &one, e) != 0)
			return -1;
		while (same < sets->count && strcmp(sets->first[same], one.first) != 0)
			same++;
		while (known < before.count && strcmp(before.first[known], one.first) != 0)
			known++;
		if (one.records == 0 || same < sets->count)
			continue;
		const bool others = known < before.count && before.others[known];
		memcpy(sets->first[sets->count], one.first, sizeof one.first);
		sets->others[sets->count++] = others;
		if (how != counts && !others && vault_restrict(v, list[i].by, list[i].value, how, id, &one, e) != 0)
			return -1;
		if (how == RESTRICT_LIFT && others)
			continue;
		out->records += one.records;
		out->files += one.files;
	}
	return 0;
}

static int restriction_apply(struct vault *v, const char *id, struct restriction *x, enum restrict_how how, struct restrict_result *out,
			     struct err *e)
{
	return sets_apply(v, id, x->person.list, x->person.count, &x->sets, how, out, e);
}

int rights_restrict_would(struct vault *v, const struct person *person, struct restrict_result *out, struct err *e)
{
	struct restricted_sets sets = {.count = 0};

	return sets_apply(v, "", person->list, person->count, &sets, RESTRICT_WOULD, out, e);
}

static int restriction_tell(struct vault *v, const char *id, const struct restriction *x, enum recipient_about about, const char *by,
			    struct err *e)
{
	JSON_AUTO cJSON *reach = reach_of(v, x->person.list, x->person.count, e);

	return reach == NULL ? -1 : recipients_tell(v, id, about, cJSON_GetObjectItemCaseSensitive(reach, "recipients"), by, e);
}

int rights_restrict(struct vault *v, const char *id, const char *ground, const char *reason, const char *by, bool dry_run,
		    struct restrict_result *out, struct err *e)
{
	RESTRICTION_AUTO struct restriction x = {0};
	JSON_AUTO cJSON *list = cJSON_CreateArray();
	const struct rights_act begun = {.event = EVENT_STARTED, .by = by};
	const struct rights_act act = {.event = EVENT_RESTRICTED, .by = by, .ground = ground, .reason = reason, .restricts = list};
	const struct rights_act answered = {.event = EVENT_ANSWERED, .by = by};

	*out = (struct restrict_result){0};
	if (restriction_facts(v, id, &x, e) != 0)
		return -1;
	if (x.person.count == 0)
		return err_set(
		    e, ERR_INPUT,
		    "request %.12s names nothing that is kept, and its contact is not proven: lethe requests verify --contact-too "
		    "says how that was shown; where its sender gives a receipt, lethe restrict place --receipt enters a request "
		    "for that",
		    id);
	if (x.person.more)
		return err_set(e, ERR_INPUT, "request %.12s: more of one person than is restricted at once", id);
	if (policy_right(vault_policy(v), RIGHT_RESTRICTION) == NULL &&
	    strcmp(x.right, "objection") != 0) // which it comes with: Article 18(1)(d)
		return err_set(e, ERR_REFUSED, "the policy does not offer restriction");
	if (rights_event_check(&x.facts, EVENT_RESTRICTED, x.right, ground, reason, NULL, e) != 0)
		return -1;
	if (x.facts.restricted != NULL)
		return err_set(e, ERR_REFUSED, "it is restricted already");
	enum restrict_how how = rights_ground_keeps(ground) ? RESTRICT_KEEP : RESTRICT;
	if (restriction_apply(v, id, &x, dry_run ? RESTRICT_WOULD : how, out, e) != 0)
		return -1;
	if (out->records == 0)
		return err_set(e, ERR_NOT_FOUND, "nothing is kept of what it names");
	for (const struct erase_selector *s = x.person.list; s < x.person.list + x.person.count; s++)
		if (!json_push(list, JSON_MEMBERS(MEMBER_TEXT(s->by == ERASE_RECEIPT ? "receipt" : "record", s->value))))
			return err_set(e, ERR_MEMORY, "no memory to restrict it");
	if (dry_run)
		return 0;
	// From here on nothing of it is used. A crash in between leaves the request open, and it is done again.
	if (rights_act(v, id, &begun, e) != 0 || restriction_tell(v, id, &x, ABOUT_RESTRICTION, by, e) != 0 ||
	    rights_act(v, id, &act, e) != 0)
		return -1;
	return strcmp(x.right, "restriction") == 0 ? rights_act(v, id, &answered, e) : 0; // others go on being looked into
}

int rights_restrict_tell(struct vault *v, const char *id, const char *reason, const char *by, struct err *e)
{
	RESTRICTION_AUTO struct restriction x = {0};

	if (restriction_facts(v, id, &x, e) != 0)
		return -1;
	if (x.facts.restricted == NULL)
		return err_set(e, ERR_REFUSED, "it is not restricted");
	return rights_act(v, id, &(struct rights_act){.event = EVENT_LIFT_TOLD, .by = by, .reason = reason}, e);
}

int rights_restrict_count(struct vault *v, const char *id, struct restrict_result *out, struct err *e)
{
	RESTRICTION_AUTO struct restriction x = {0};

	return restriction_facts(v, id, &x, e) != 0 ? -1 : restriction_apply(v, id, &x, RESTRICT_COUNT, out, e);
}

// Another request that restricts some of the same.
struct other {
	struct vault *v;
	const char *id;
	struct restriction *x;
	bool failed;
};

static int other_same(void *arg, const struct rights_row *row)
{
	struct other *o = arg;
	RESTRICTION_AUTO struct restriction y = {0};
	struct restrict_result r;

	if (row->facts.restricted == NULL || strcmp(row->id, o->id) == 0)
		return 0;
	o->failed = restriction_facts(o->v, row->id, &y, NULL) != 0 || restriction_apply(o->v, row->id, &y, RESTRICT_COUNT, &r, NULL) != 0;
	for (size_t i = 0; i < y.sets.count; i++)
		for (size_t k = 0; k < o->x->sets.count; k++)
			o->x->sets.others[k] = o->x->sets.others[k] || strcmp(y.sets.first[i], o->x->sets.first[k]) == 0;
	return o->failed;
}

int rights_restrict_lift(struct vault *v, const char *id, const char *by, struct restrict_result *out, struct err *e)
{
	RESTRICTION_AUTO struct restriction x = {0};
	struct other other = {.v = v, .id = id, .x = &x};

	*out = (struct restrict_result){0};
	if (restriction_facts(v, id, &x, e) != 0)
		return -1;
	if (x.facts.restricted == NULL || !x.facts.lift_told)
		return err_set(e, ERR_REFUSED,
			       x.facts.restricted == NULL ? "it is not restricted"
							  : "the person must be told before it is lifted: lethe restrict tell");
	if (restriction_apply(v, id, &x, RESTRICT_COUNT, out, e) != 0 || rights_each(v, other_same, &other, e) != 0)
		return -1;
	if (other.failed)
		return err_set(e, ERR_CORRUPT, "another restricted request cannot be read: whether it restricts the same is not known");
	if (restriction_apply(v, id, &x, RESTRICT_LIFT, out, e) != 0 ||
	    (out->records > 0 && restriction_tell(v, id, &x, ABOUT_LIFTING, by, e) != 0))
		return -1;
	return rights_act(v, id, &(struct rights_act){.event = EVENT_LIFTED, .by = by}, e);
}

int rights_objection_override(struct vault *v, const char *id, const char *reason, const char *text, const char *by,
			      struct restrict_result *out, struct err *e)
{
	const struct rights_act refused = {
	    .event = EVENT_REFUSED, .by = by, .ground = "compelling-grounds", .reason = reason, .text = text};
	RESTRICTION_AUTO struct restriction x = {0};

	*out = (struct restrict_result){0};
	if (restriction_facts(v, id, &x, e) != 0)
		return -1;
	if (strcmp(x.right, "objection") != 0)
		return err_set(e, ERR_INPUT, "request %.12s is for %s, not an objection", id, x.right);
	// Killed in between, it is done again from where it was.
	if (x.facts.state != STATE_REFUSED && rights_act(v, id, &refused, e) != 0)
		return -1;
	if (x.facts.restricted == NULL)
		return 0;
	if (!x.facts.lift_told && rights_act(v, id, &(struct rights_act){.event = EVENT_LIFT_TOLD, .by = by, .reason = reason}, e) != 0)
		return -1;
	return rights_restrict_lift(v, id, by, out, e);
}
