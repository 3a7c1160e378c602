// SPDX-License-Identifier: ISC
#include "admin/incident_people.h"
#include "policy/base/array.h"
#include "policy/rights/person.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct incident_link {
	uint64_t subject;
	size_t group; // a request
};
struct incident_walk {
	struct incident_people *people;
	struct vault *v;
	const struct incident_scope *scope;
	struct incident_link *links;
	size_t link_count, link_capacity;
	struct incident_group {
		size_t same; // another that is the same person; itself: none
		bool counted;
	} * groups;
	size_t group_count, group_capacity;
	bool touched, failed;
};

static size_t group_root(const struct incident_walk *x, size_t group)
{
	while (x->groups[group].same != group)
		group = x->groups[group].same;
	return group;
}

static void groups_join(struct incident_walk *x, size_t a, size_t b)
{
	a = group_root(x, a);
	b = group_root(x, b);
	x->groups[a > b ? a : b].same = a > b ? b : a;
}

static int incident_touches(void *arg, const struct vault_record *r)
{
	struct incident_walk *x = arg;
	const struct incident_scope *s = x->scope;

	if (r->made > s->until || (s->kinds & KIND_BIT(r->kind)) == 0 || (r->due != 0 && r->due <= s->from))
		return 0;
	x->touched = true;
	if (r->subject == 0)
		return 0;
	x->failed = x->failed || !ARRAY_GROW(x->links, x->link_count, x->link_capacity);
	if (!x->failed)
		x->links[x->link_count++] = (struct incident_link){r->subject, x->group_count};
	return x->failed;
}

// Whether a letter about it was queued for the request already.
static bool incident_was_told(const cJSON *body, const char *what)
{
	const cJSON *event, *events = what != NULL ? json_get(body, "events") : NULL;

	cJSON_ArrayForEach(event, events)
	{
		const char *reason = json_string(event, "reason"), *name = json_string(event, "event");
		if (reason != NULL && name != NULL && strcmp(reason, what) == 0 && strncmp(name, "mail-", 5) == 0)
			return true;
	}
	return false;
}

static bool incident_person_add(struct incident_walk *x, const struct vault_record *r, const cJSON *body, const char *contact, bool told)
{
	struct incident_people *p = x->people;
	struct incident_person one = {.told = told, .group = x->group_count};
	char plain[PERSON_VALUE_MAX];

	one.by_mail = mail_address_read(one.contact, contact, NULL) == 0;
	if (!one.by_mail)
		snprintf(one.contact, sizeof one.contact, "%s", contact);
	snprintf(one.request, sizeof one.request, "%s", r->id);
	// A firm acts for others: each of its requests is about somebody else.
	const char *of = person_contact_of(plain, body) ? plain : r->id;
	plain_hash(one.same, &(struct bytes){of, strlen(of)}, 1);
	wipe(plain, sizeof plain);
	if (!ARRAY_GROW(p->rows, p->count, p->capacity))
		return false;
	p->rows[p->count++] = one;
	return true;
}

static int incident_same_compare(const void *a, const void *b)
{
	const struct incident_person *x = a, *y = b;
	const int same = memcmp(x->same, y->same, sizeof x->same);

	return same != 0 ? same : (x->group > y->group) - (x->group < y->group);
}

static int incident_group_compare(const void *a, const void *b)
{
	const struct incident_person *x = a, *y = b;

	return (x->group > y->group) - (x->group < y->group);
}

// Who asked twice is one person.
static void incident_people_join(struct incident_walk *x)
{
	struct incident_people *p = x->people;
	size_t count = 0;

	if (p->count == 0)
		return;
	qsort(p->rows, p->count, sizeof *p->rows, incident_same_compare);
	for (size_t i = 0; i < p->count; i++) {
		const struct incident_person one = p->rows[i];
		struct incident_person *first = count > 0 ? &p->rows[count - 1] : NULL;
		if (first == NULL || memcmp(first->same, one.same, sizeof one.same) != 0) {
			p->rows[count++] = one;
			continue;
		}
		const bool told = first->told || one.told;
		groups_join(x, first->group, one.group);
		if (!first->by_mail && one.by_mail) // what can be written to
			*first = one;
		first->told = told;
	}
	p->count = count;
	qsort(p->rows, p->count, sizeof *p->rows, incident_group_compare); // the earliest request first
}

// A request leads to its own records and to those that it names: all of one person.
static int incident_request(void *arg, const struct vault_record *r)
{
	struct incident_walk *x = arg;
	PERSON_AUTO struct person named = {0};
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);
	const char *contact = json_string(body, "contact");
	const bool told = incident_was_told(body, x->scope->what);

	if (r->made > x->scope->until)
		return 0;
	if (!ARRAY_GROW(x->groups, x->group_count, x->group_capacity)) {
		x->failed = true;
		return 1;
	}
	x->groups[x->group_count] = (struct incident_group){.same = x->group_count};
	x->touched = told; // also where what it was about is over since then
	(void)incident_touches(x, r);
	if (person_named(x->v, body, &named, NULL) == 0 && named.count > 0)
		(void)vault_subject_heads(x->v, named.list[0].by, named.list[0].value, incident_touches, x, NULL);
	if (x->touched && contact != NULL)
		x->failed = x->failed || !incident_person_add(x, r, body, contact, told);
	x->group_count++;
	return x->failed;
}

static int incident_link_compare(const void *a, const void *b)
{
	const struct incident_link *x = a, *y = b;

	return x->subject != y->subject ? (x->subject > y->subject) - (x->subject < y->subject)
					: (x->group > y->group) - (x->group < y->group);
}

// Of the `subjects` those that requests lead to are as many people as there are contacts, or one where there is none; each of the others is one.
static uint64_t incident_people_number(struct incident_walk *x, uint64_t subjects)
{
	uint64_t seen = 0, people = x->people->count;

	if (x->link_count > 0)
		qsort(x->links, x->link_count, sizeof *x->links, incident_link_compare);
	for (size_t i = 0; i < x->link_count; i++) {
		if (i > 0 && x->links[i].subject == x->links[i - 1].subject)
			groups_join(x, x->links[i - 1].group, x->links[i].group);
		else
			seen++;
	}
	for (size_t i = 0; i < x->people->count; i++)
		x->groups[group_root(x, x->people->rows[i].group)].counted = true;
	for (size_t i = 0; i < x->link_count; i++) {
		struct incident_group *group = &x->groups[group_root(x, x->links[i].group)];
		people += !group->counted;
		group->counted = true;
	}
	return people + (subjects > seen ? subjects - seen : 0);
}

int incident_people_find(struct incident_people *out, struct vault *v, const struct incident_scope *scope, uint64_t subjects, struct err *e)
{
	struct incident_walk x = {.people = out, .v = v, .scope = scope};

	*out = (struct incident_people){0};
	int ret = vault_each(v, KIND_RIGHTS_REQUEST, NULL, incident_request, &x, e);
	if (ret == 0 && x.failed)
		ret = err_set(e, ERR_MEMORY, "no memory");
	incident_people_join(&x);
	if (ret == 0)
		out->number = incident_people_number(&x, subjects);
	for (size_t i = 0; i < out->count; i++)
		out->by_hand += !out->rows[i].by_mail;
	free(x.links);
	free(x.groups);
	return ret;
}
