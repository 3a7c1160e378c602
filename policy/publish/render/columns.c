// SPDX-License-Identifier: ISC
#include "policy/publish/render/columns.h"
#include "policy/base/array.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/words/words.h"
#include <string.h>

static void put(struct cell *c, const char *text)
{
	if (text != NULL && *text != '\0' && c->count < CELL_ITEMS_MAX)
		c->items[c->count++] = text;
}

static void put_list(struct cell *c, const struct policy_strings *list)
{
	c->type = CELL_LIST;
	for (size_t i = 0; i < list->count; i++)
		put(c, list->items[i]);
}

static void put_date(struct cell *c, time_t t)
{
	if (t == 0)
		return;
	when_date(c->words, t);
	put(c, c->words);
}

static void get_id(const struct row *r, struct cell *c)
{
	put(c, r->a->id);
}
static void get_legal_name(const struct row *r, struct cell *c)
{
	put(c, r->a->name);
}
static void get_brand(const struct row *r, struct cell *c)
{
	put(c, r->t->brand);
}
static void get_role(const struct row *r, struct cell *c)
{
	put(c, r->t->standing);
}
static void get_service(const struct row *r, struct cell *c)
{
	put(c, r->a->service);
}
static void get_purpose(const struct row *r, struct cell *c)
{
	put(c, r->a->purpose);
}
static void get_purposes(const struct row *r, struct cell *c)
{
	put_list(c, &r->t->purposes);
}

static void get_categories(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (size_t i = 0; i < r->p->kind_count; i++) {
		if (r->a->kinds & KIND_BIT(policy_kind_at(r->p, i)->kind))
			put(c, policy_kind_at(r->p, i)->name);
	}
}

static void get_kinds(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (r->a->kinds & KIND_BIT(k))
			put(c, kind_row((enum kind)k)->name);
	}
}

// Whose data: the subjects of the kinds it gets, each once.
static void get_subjects(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (size_t i = 0; i < r->p->subject_count; i++) {
		const struct policy_named *subject = &r->p->subjects[i];
		bool found = false;
		for (size_t j = 0; j < r->p->kind_count; j++) {
			const struct policy_kind *kind = policy_kind_at(r->p, j);
			for (size_t s = 0; s < kind->subjects.count && (r->a->kinds & KIND_BIT(kind->kind)); s++)
				found = found || strcmp(kind->subjects.items[s], subject->id) == 0;
		}
		if (found)
			put(c, subject->name);
	}
}

static void get_hosts(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (const char *const *host = r->a->hosts; *host != NULL; host++)
		put(c, *host);
}

static void get_regions(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (size_t i = 0; i < r->t->region_count; i++)
		put(c, r->t->regions[i].id);
}

static void get_location(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (size_t i = 0; i < r->t->region_count; i++)
		put(c, r->t->regions[i].place);
}

static void get_countries(const struct row *r, struct cell *c)
{
	c->type = CELL_LIST;
	for (size_t i = 0; i < r->t->region_count; i++)
		put(c, r->t->regions[i].country);
}

static void get_transfer(const struct row *r, struct cell *c)
{
	bool outside = false;

	c->type = CELL_LIST;
	for (size_t i = 0; i < r->t->region_count; i++)
		outside = outside || !policy_country_in_eea(r->t->regions[i].country);
	for (size_t i = 0; i < r->t->safeguard_count; i++)
		put(c, word_or(r->p, "safeguard.", r->t->safeguards[i].type));
	if (!outside && c->count == 0)
		put(c, word(r->p, "list.none_needed"));
}

static void get_agreement(const struct row *r, struct cell *c)
{
	put(c, r->t->agreement);
}

static void get_retention(const struct row *r, struct cell *c)
{
	if (!r->t->has_keeps)
		return;
	word_duration(c->words, sizeof c->words, r->t->keeps, word_language(r->p));
	put(c, c->words);
}

static void get_trains(const struct row *r, struct cell *c)
{
	c->type = CELL_YES_NO;
	c->yes = r->a->trains;
	put(c, word(r->p, r->a->trains ? "join.yes" : "join.no"));
}
static void get_policy(const struct row *r, struct cell *c)
{
	put(c, r->t->policy);
}
static void get_added(const struct row *r, struct cell *c)
{
	put_date(c, r->t->added);
}
static void get_effective(const struct row *r, struct cell *c)
{
	put_date(c, r->t->effective);
}
static void get_removed(const struct row *r, struct cell *c)
{
	put_date(c, r->t->removed);
}
static void get_status(const struct row *r, struct cell *c)
{
	put(c, word(r->p, r->t->removed != 0 && r->t->removed <= when_now() ? "list.removed" : "list.active"));
}

const struct column columns[] = {
    {"id", false, get_id},
    {"legal_name", true, get_legal_name},
    {"brand", false, get_brand},
    {"role", false, get_role},
    {"service", true, get_service},
    {"purpose", true, get_purpose},
    {"purposes", false, get_purposes},
    {"location", true, get_location},
    {"countries", false, get_countries},
    {"regions", false, get_regions},
    {"data_categories", true, get_categories},
    {"kinds", false, get_kinds},
    {"data_subjects", false, get_subjects},
    {"hosts", false, get_hosts},
    {"transfer", true, get_transfer},
    {"agreement", false, get_agreement},
    {"retention", false, get_retention},
    {"trains_on_data", true, get_trains},
    {"policy", true, get_policy},
    {"added", true, get_added},
    {"effective_from", false, get_effective},
    {"removed", false, get_removed},
    {"status", false, get_status},
};
const size_t column_count = ARRAY_LEN(columns);

const char *column_title(const struct policy *p, const struct column *column)
{
	return word_or(p, "list.column.", column->key);
}

void cell_fill(const struct column *column, const struct policy *p, size_t processor, struct cell *c)
{
	const struct row r = {.p = p, .a = &p->processors[processor], .t = &p->processors[processor]};

	*c = (struct cell){0};
	column->get(&r, c);
}

void cell_join(const struct column *column, const struct policy *p, size_t processor, struct buf *out)
{
	struct cell c;

	cell_fill(column, p, processor, &c);
	for (size_t i = 0; i < c.count; i++)
		buf_printf(out, "%s%s", i > 0 ? "; " : "", c.items[i]);
}
