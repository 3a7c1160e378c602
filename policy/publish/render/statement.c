// SPDX-License-Identifier: ISC
#include "policy/publish/render/statement.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATEMENTS_MAX = 4096, STATEMENT_TEXT_MAX = 64 * 1024 };

#define STATEMENT_ROW(type, ...) [type] = {__VA_ARGS__}
const struct statement_row statement_rows[STATEMENT_COUNT] = {STATEMENTS(STATEMENT_ROW)};

// A promise is looked at where it would be broken first. What people promise is looked at nowhere.
static const char *const claim_checks[CLAIM_COUNT] = {
    [CLAIM_NO_ACCOUNT] = "sent",         [CLAIM_NO_LINKING] = "sent",     [CLAIM_NO_COOKIES] = "sent",
    [CLAIM_NO_ADVERTISING] = "sent",     [CLAIM_NO_ANALYTICS] = "sent",   [CLAIM_NO_TRACKING] = "sent",
    [CLAIM_NO_PERSONAL_DATA] = "stores", [CLAIM_NO_SHARING] = "egress",   [CLAIM_NO_THIRD_PARTY_RESOURCES] = "sent",
    [CLAIM_NO_TRAINING] = "settings",    [CLAIM_NO_TRANSFER] = "regions", [CLAIM_NO_DISK] = "spill",
};

const char *statement_check(const struct statement *s)
{
	return s->type == STATEMENT_CLAIM && s->claim != NULL ? claim_checks[s->claim->id] : statement_rows[s->type].check;
}

void statements_free(struct statements *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].text);
		free(s->list[i].group);
	}
	free(s->list);
	*s = (struct statements){0};
}

// What a visitor's program would make of an anchor: letters, digits, - and _; unique in the notice.
static void make_anchor(struct statements *all, struct statement *s, const char *name)
{
	char base[STATEMENT_ID - 8];
	unsigned long same = 0;

	snprintf(base, sizeof base, "%s%s%s", statement_rows[s->type].name, name != NULL ? "-" : "", name != NULL ? name : "");
	for (char *c = base; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '-';
	if (s->type <= STATEMENT_GUIDE) { // most are, and none of the others begins like them
		snprintf(s->id, sizeof s->id, "%s-%zu", base, all->count + 1);
		return;
	}
	const size_t len = strlen(base);
	for (size_t i = 0; i < all->count; i++) {
		const char *id = all->list[i].id, *rest = id + len;
		if (id[0] != base[0] || strncmp(id, base, len) != 0 ||
		    (*rest != '\0' && (*rest != '-' || !isdigit((unsigned char)rest[1]))))
			continue;
		char *end = NULL;
		const unsigned long number = *rest == '\0' ? 1 : strtoul(rest + 1, &end, 10);
		if ((end == NULL || *end == '\0') && number > same)
			same = number;
	}
	snprintf(s->id, sizeof s->id, same > 0 ? "%s-%lu" : "%s", base, same + 1);
}

static struct statement *statement_new(struct statements *all)
{
	if (all->count == all->capacity) {
		size_t capacity = all->capacity > 0 ? 2 * all->capacity : 128;
		struct statement *list = capacity <= STATEMENTS_MAX ? realloc(all->list, capacity * sizeof *list) : NULL;
		all->failed |= list == NULL;
		if (list == NULL)
			return NULL;
		all->list = list;
		all->capacity = capacity;
	}
	struct statement *s = &all->list[all->count];
	*s = (struct statement){0};
	return s;
}

void statement_next(struct statement_writer *x, enum statement_type type, const void *of, const char *name, const char *value)
{
	if (x == NULL)
		return;
	const char *word = statement_rows[type].word;
	const struct vocabulary_row *row = word != NULL ? vocabulary_find(word, value) : NULL;
	// What the vocabulary says is read by people only is theirs to keep.
	x->next = word != NULL && (row == NULL || row->how == VOCABULARY_READ) ? STATEMENT_PEOPLE : type;
	x->next_of = of;
	x->next_name = name;
	x->next_row = row;
}

const char *statement_begin(struct statement_writer *x, const struct buf *out, size_t column, bool cell)
{
	x->anchored = x->open = false;
	x->from = out->len;
	// A cell of which nothing is said belongs to the one before it.
	x->joins = cell && column > 0 && x->next == STATEMENT_PEOPLE && x->next_of == NULL && x->all.count > 0;
	if (x->joins) {
		x->open = x->gathers && !x->sums_up;
		return NULL;
	}
	struct statement *s = statement_new(&x->all);
	if (s == NULL)
		return NULL;
	s->type = x->next;
	s->obeyed = s->type > STATEMENT_GUIDE ? x->next_row : NULL;
	s->of = x->next_of;
	s->section = x->section;
	s->section_id = x->section_id;
	const char *name = s->type == STATEMENT_PEOPLE ? (x->section_id != NULL ? x->section_id : "notice") : x->next_name;
	make_anchor(&x->all, s, name);
	x->next = STATEMENT_PEOPLE;
	x->next_of = x->next_name = NULL;
	x->open = true;
	x->anchored = s->type > STATEMENT_GUIDE;
	if (!x->sums_up)
		x->all.count++;
	return x->anchored && !x->sums_up ? s->id : NULL;
}

// The text of the line that ends, behind what the statement has already.
static void keep_text(struct statement_writer *x, const struct buf *out, size_t column, struct statement *s, const char *label)
{
	BUF_AUTO struct buf text = BUF_INIT(STATEMENT_TEXT_MAX);

	if (x->joins)
		buf_printf(&text, "%s; %s%s", s->text != NULL ? s->text : "", label != NULL ? label : "", label != NULL ? ": " : "");
	else if (label != NULL && column > 0)
		buf_printf(&text, "%s%s%s: ", x->row_head, x->row_head[0] != '\0' ? " – " : "", label);
	buf_add(&text, out->data + x->from, out->len - x->from);
	char *copy = strdup(buf_text(&text));
	x->all.failed |= copy == NULL || text.failed;
	free(s->text);
	s->text = copy;
	if (x->group != NULL && s->group == NULL)
		s->group = strdup(x->group);
	if (label != NULL && column == 0)
		snprintf(x->row_head, sizeof x->row_head, "%s", buf_text(&text));
}

const struct statement *statement_end(struct statement_writer *x, const struct buf *out, size_t column, const char *label)
{
	if (!x->open)
		return NULL;
	x->open = false;
	// One of a summary is not counted, and still stands there.
	struct statement *s = &x->all.list[x->sums_up ? x->all.count : x->all.count - 1];
	if (x->gathers && !x->sums_up) {
		keep_text(x, out, column, s, label);
		return NULL;
	}
	return x->anchored ? s : NULL;
}
