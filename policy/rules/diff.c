// SPDX-License-Identifier: ISC
#include "policy/rules/diff.h"
#include "policy/base/array.h"
#include "policy/rules/diff_parts.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4 * 1024 * 1024 };

static const char *prose_text(struct differ *d, const struct prose *prose)
{
	BUF_AUTO struct buf out = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < prose->count; i++) {
		const struct prose_run *run = &prose->runs[i];
		buf_adds(&out, run->type == RUN_LIFE ? "…" : run->text); // a life that changes is a change of its own
	}
	return arena_text(d->arena, buf_text(&out), out.len);
}

static const char *section_text(struct differ *d, const struct policy_section *s)
{
	BUF_AUTO struct buf out = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < s->block_count; i++) {
		const struct policy_block *b = &s->blocks[i];
		buf_printf(&out, "\n%s%s", prose_text(d, &b->prose),
			   b->type == BLOCK_INSERT ? policy_word(&policy_insert_words, b->insert) : "");
		for (size_t j = 0; j < b->items.count; j++)
			buf_printf(&out, "\n- %s", prose_text(d, &b->items.items[j]));
	}
	return arena_text(d->arena, buf_text(&out), out.len);
}

// A statutory time counts as what the law says.
static struct duration length_of(const struct model_field *f, const void *base)
{
	const struct policy_right_answer *a = base;

	if (f->type == MODEL_WITHIN && a->statutory)
		return (struct duration){.months = a->regime != REGIME_CCPA && a->regime != REGIME_PIPL,
					 .days = a->regime == REGIME_CCPA   ? 45
						 : a->regime == REGIME_PIPL ? 21
									    : 0};
	return *(const struct duration *)model_at(f, base);
}

// NULL: it says nothing.
static const char *value_text(struct differ *d, const struct model_field *f, const void *base)
{
	char number[16];

	switch (f->type) {
	case MODEL_TEXT:
	case MODEL_OPTIONAL:
	case MODEL_CHILD:
	case MODEL_LABEL:
	case MODEL_OWN_TEXT:
		return model_text(f, base);
	case MODEL_PROSE:
	case MODEL_OWN_PROSE:
		return prose_text(d, model_at(f, base));
	case MODEL_BLOCKS:
		return section_text(d, base);
	case MODEL_WORD:
		return policy_word(f->words, model_number(f, base));
	case MODEL_KIND:
		return model_number(f, base) < KIND_COUNT ? kind_row((enum kind)model_number(f, base))->name : NULL;
	case MODEL_NUMBER:
		snprintf(number, sizeof number, "%u", model_number(f, base));
		return model_number(f, base) != 0 ? diff_copy(d, number) : NULL;
	case MODEL_DURATION:
		return model_stated(f, base) ? diff_duration(d, length_of(f, base)) : NULL;
	case MODEL_WITHIN:
		return diff_duration(d, length_of(f, base));
	default:
		return NULL;
	}
}

// As diff_add, with "{field}", {from} and {to} in the sentence.
static void diff_say(struct differ *d, bool material, const char *from, const char *to, const char *sentence)
{
	BUF_AUTO struct buf out = BUF_INIT(SENTENCE_MAX);

	for (const char *c = sentence, *end; *c != '\0'; c = end) {
		end = c + strcspn(c, "{");
		buf_add(&out, c, (size_t)(end - c));
		if (*end == '\0')
			break;
		size_t len = strcspn(++end, "}");
		const char *value = NULL;
		if (len == 4 && strncmp(end, "from", len) == 0)
			value = from;
		else if (len == 2 && strncmp(end, "to", len) == 0)
			value = to;
		for (size_t i = d->depth; i > 0 && value == NULL; i--) {
			FOR_FIELDS(f, d->about[i - 1].record)
			{
				if (f->name != NULL && value == NULL && strlen(f->name) == len && strncmp(f->name, end, len) == 0)
					value = value_text(d, f, d->about[i - 1].base);
			}
		}
		buf_adds(&out, value != NULL ? value : "");
		end += len + 1;
	}
	diff_put(d, material, from, to, buf_text(&out));
}

// `way`: 1 when it is more, -1 when it is less.
static void say_way(struct differ *d, const struct model_field *f, int way, const char *from, const char *to)
{
	bool material = f->weaker == WEAKER_ALWAYS || (f->weaker == WEAKER_UP && way > 0) || (f->weaker == WEAKER_DOWN && way < 0);

	if (f->called != NULL)
		diff_add(d, false, from, to, "The %s of %s%s%s is put differently.", f->called, d->part, *d->id ? " " : "", d->id);
	else
		diff_say(d, material, from, to, way > 0 || f->down == NULL ? f->up : f->down);
}

// What an item of the other version covers, as "*.example.com" a host, is not new.
static bool list_has(const struct model_field *f, const struct policy_strings *list, const char *word)
{
	for (size_t i = 0; i < list->count; i++) {
		if (f->covers != NULL ? f->covers(list->items[i], word) : strcmp(list->items[i], word) == 0)
			return true;
	}
	return false;
}

static void diff_strings(struct differ *d, const struct model_field *f, const struct policy_strings *a, const struct policy_strings *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (!list_has(f, a, b->items[i]))
			say_way(d, f, 1, NULL, b->items[i]);
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!list_has(f, b, a->items[i])) // what is put differently looks like one gone and one new: only fewer is given up
			diff_say(d, f->weaker == WEAKER_FEWER ? b->count < a->count : f->weaker == WEAKER_DOWN, a->items[i], NULL, f->down);
	}
}

static struct policy_strings prose_texts(struct differ *d, const struct prose_list *list)
{
	const char **items = arena_array(d->arena, list->count, sizeof *items);

	for (size_t i = 0; items != NULL && i < list->count; i++)
		items[i] = prose_text(d, &list->items[i]);
	return (struct policy_strings){.items = items, .count = items != NULL ? list->count : 0};
}

static void diff_field(struct differ *d, const struct model_field *f, const void *a, const void *b)
{
	const char *from = value_text(d, f, a), *to = value_text(d, f, b);
	int way = 0;

	if (f->up == NULL && f->called == NULL)
		return;
	switch (f->type) {
	case MODEL_YES:
	case MODEL_NOT_NO:
	case MODEL_PRESENT:
		way = (int)model_flag(f, b) - (int)model_flag(f, a);
		break;
	case MODEL_DATE:
		way = (*(const time_t *)model_at(f, b) != 0) - (*(const time_t *)model_at(f, a) != 0);
		break;
	case MODEL_NUMBER:
	case MODEL_WORD:
		way = (model_number(f, b) > model_number(f, a)) - (model_number(f, b) < model_number(f, a));
		break;
	case MODEL_DURATION:
	case MODEL_WITHIN: { // of what can be longer and shorter, the worse counts
		bool longer = duration_may_exceed(length_of(f, b), length_of(f, a));
		bool shorter = duration_may_exceed(length_of(f, a), length_of(f, b));
		way = longer && !(shorter && f->weaker == WEAKER_DOWN) ? 1 : shorter ? -1 : 0;
		break;
	}
	case MODEL_WORDS:
	case MODEL_KINDS:
		for (unsigned i = 0; i < 32; i++) {
			const char *word = f->words != NULL ? policy_word(f->words, i)
					   : i < KIND_COUNT ? kind_row((enum kind)i)->words
							    : NULL;
			way = (int)(model_number(f, b) >> i & 1) - (int)(model_number(f, a) >> i & 1);
			if (way != 0 && word != NULL)
				say_way(d, f, way, way < 0 ? word : NULL, way > 0 ? word : NULL);
		}
		return;
	case MODEL_TEXTS:
	case MODEL_IDS:
	case MODEL_LABELS:
		diff_strings(d, f, model_at(f, a), model_at(f, b));
		return;
	case MODEL_PROSES: {
		const struct policy_strings before = prose_texts(d, model_at(f, a)), after = prose_texts(d, model_at(f, b));
		diff_strings(d, f, &before, &after);
		return;
	}
	default:
		way = diff_same(from, to) ? 0 : to == NULL ? -1 : 1;
		break;
	}
	if (from != NULL && to == NULL && f->unsaid != NULL)
		diff_say(d, true, from, NULL, f->unsaid);
	else if (way != 0 && (f->weaker == WEAKER_NOT_FIRST || f->weaker == WEAKER_NOT_LAST))
		diff_say(d, model_number(f, b) != (f->weaker == WEAKER_NOT_FIRST ? 0 : f->words->count - 1), from, to, f->up);
	else if (way != 0)
		say_way(d, f, way, f->type == MODEL_BLOCKS ? NULL : from, f->type == MODEL_BLOCKS ? NULL : to);
}

static void diff_fields(struct differ *d, const struct model_record *record, const void *a, const void *b);

// The item with the same keys as `wanted`.
static const void *item_like(struct differ *d, const struct model_field *f, const void *base, const void *wanted)
{
	for (size_t i = 0; i < model_count(f, base); i++) {
		const void *item = model_item(f, base, i);
		bool same = true;
		for (const struct model_field *key = f->record->fields; same && key < f->record->fields + f->record->keys; key++)
			same = diff_same(value_text(d, key, item), value_text(d, key, wanted));
		if (same)
			return item;
	}
	return NULL;
}

static void enter_item(struct differ *d, const struct model_field *f, const void *item, bool gone)
{
	if (d->depth == 0) { // of a list of the policy itself
		d->part = f->name;
		d->id = value_text(d, &f->record->fields[0], item);
		d->line = 0;
		FOR_FIELDS(line, f->record)
		d->line = line->type == MODEL_LINE && !gone ? *(const int *)model_at(line, item) : d->line;
	}
	d->about[d->depth].record = f->record;
	d->about[d->depth++].base = item;
}

static void diff_records(struct differ *d, const struct model_field *f, const void *a, const void *b)
{
	static const struct {
		size_t at;
		void (*diff)(struct differ *d, const void *before, const void *after);
	} more[] = {{offsetof(struct policy, kinds), diff_kind}, {offsetof(struct policy, processors), diff_processor}};

	for (size_t i = 0; i < model_count(f, b); i++) {
		const void *to = model_item(f, b, i), *from = item_like(d, f, a, to);
		bool built_in =
		    d->depth == 0 && f->at == offsetof(struct policy, processors) && ((const struct policy_processor *)to)->local;
		enter_item(d, f, to, false);
		if (from == NULL)
			diff_say(d, f->weaker == WEAKER_UP && !built_in, NULL, value_text(d, &f->record->fields[0], to), f->up);
		else
			diff_fields(d, f->record, from, to);
		for (size_t j = 0; j < ARRAY_LEN(more) && from != NULL && d->depth == 1; j++) {
			if (more[j].at == f->at)
				more[j].diff(d, from, to);
		}
		d->depth--;
	}
	for (size_t i = 0; i < model_count(f, a); i++) {
		const void *from = model_item(f, a, i);
		if (item_like(d, f, b, from) != NULL)
			continue;
		enter_item(d, f, from, true);
		diff_say(d, f->weaker == WEAKER_DOWN, value_text(d, &f->record->fields[0], from), NULL, f->down);
		d->depth--;
	}
}

static void diff_fields(struct differ *d, const struct model_record *record, const void *a, const void *b)
{
	bool there = true; // a part that one of the two does not have is new or gone, and that is all

	FOR_FIELDS(f, record)
	{
		if (d->depth == 0 && (f->type == MODEL_PART || f->type == MODEL_RECORD)) {
			d->part = f->called != NULL ? f->called : f->name;
			d->id = "";
			d->line = 0;
		}
		if (!there)
			continue;
		if (f->type == MODEL_PART)
			diff_fields(d, f->record, a, b);
		else if (f->type == MODEL_RECORD && f->called != NULL)
			diff_party(d, f->called, model_at(f, a), model_at(f, b));
		else if ((f->type == MODEL_RECORDS || f->type == MODEL_BY_KIND) && f->up != NULL)
			diff_records(d, f, a, b);
		else if (f->record == NULL)
			diff_field(d, f, a, b);
		if (f->type == MODEL_PRESENT)
			there = model_flag(f, a) && model_flag(f, b);
		if (f->type == MODEL_PART && d->depth == 0 && strcmp(f->name, "content") == 0)
			diff_content(d, a, b);
	}
}

int policy_diff(struct policy_diff *out, const struct policy *before, const struct policy *after, struct err *e)
{
	struct differ d = {.before = before, .after = after, .arena = arena_new(), .part = "", .id = ""};

	*out = (struct policy_diff){.arena = d.arena};
	if (d.arena == NULL)
		return err_set(e, ERR_MEMORY, "no memory to compare two policies");
	diff_fields(&d, &model_policy, before, after);
	struct policy_change *list = arena_array(d.arena, d.count, sizeof *list);
	for (int material = 1; list != NULL && material >= 0; material--) { // material ones first; otherwise as they were found
		for (size_t i = 0; i < d.count; i++) {
			if (d.list[i].material == (material == 1))
				list[out->count++] = d.list[i];
		}
		out->material = material == 1 ? out->count : out->material;
	}
	out->changes = list;
	if (d.too_many) {
		policy_diff_free(out);
		return err_set(e, ERR_MEMORY, "%s differs from %s by more than %d changes, too many to tell what they mean for visitors",
			       after->file, before->file, CHANGES_MAX);
	}
	if (arena_failed(d.arena) || out->count < d.count) {
		policy_diff_free(out);
		return err_set(e, ERR_MEMORY, "no memory to compare two policies");
	}
	return 0;
}

void policy_diff_free(struct policy_diff *d)
{
	if (d->arena != NULL)
		arena_free(d->arena);
	*d = (struct policy_diff){0};
}
