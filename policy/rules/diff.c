// SPDX-License-Identifier: ISC
#include "policy/rules/diff_parts.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_MAX = 1024, CHANGES_MAX = 10000 };

static struct policy_change *next_change(struct differ *d)
{
	d->too_many = d->count == CHANGES_MAX;
	if (d->too_many)
		return NULL;
	if (d->count == d->room) {
		size_t room = d->room == 0 ? 32 : d->room * 2;
		struct policy_change *list = arena_array(d->arena, room, sizeof *list);
		if (list == NULL)
			return NULL;
		for (size_t i = 0; i < d->count; i++)
			list[i] = d->list[i];
		d->list = list;
		d->room = room;
	}
	return &d->list[d->count++];
}

static const char *copy(struct differ *d, const char *s)
{
	return s != NULL ? arena_text(d->arena, s, strlen(s)) : "";
}

void differ_add(struct differ *d, bool material, const char *from, const char *to, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;
	struct policy_change *c = next_change(d);

	if (c == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	*c = (struct policy_change){.material = material,
				    .part = d->part,
				    .id = copy(d, d->id),
				    .what = copy(d, sentence),
				    .before = copy(d, from),
				    .after = copy(d, to),
				    .line = d->line};
}

void differ_at(struct differ *d, const char *part, const char *id, int line)
{
	d->part = part;
	d->id = id;
	d->line = line;
}

bool same_words(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

void differ_words(struct differ *d, const char *name, const char *from, const char *to)
{
	if (!same_words(from, to))
		differ_add(d, false, from, to, "The %s of %s%s%s is put differently.", name, d->part, *d->id ? " " : "", d->id);
}

const char *differ_text(struct differ *d, const struct prose *prose)
{
	BUF_AUTO struct buf out = BUF_INIT(1024 * 1024);

	for (size_t i = 0; i < prose->count; i++)
		buf_adds(&out, prose->runs[i].type == RUN_LIFE ? "…" : prose->runs[i].text); // a life that changes is a change of its own
	return arena_text(d->arena, buf_text(&out), out.len);
}

void differ_prose(struct differ *d, const char *name, const struct prose *from, const struct prose *to)
{
	differ_words(d, name, differ_text(d, from), differ_text(d, to));
}

const char *differ_duration(struct differ *d, struct duration length)
{
	char words[96];

	duration_words(words, sizeof words, length);
	return arena_text(d->arena, words, strlen(words));
}

// The formats are constants of the callers.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void differ_lists(struct differ *d, const struct policy_strings *from, const struct policy_strings *to, const struct list_words *words)
{
	for (size_t i = 0; i < to->count; i++) {
		if (!policy_strings_have(from, to->items[i]))
			differ_add(d, words->added_material, NULL, to->items[i], words->added, to->items[i]);
	}
	for (size_t i = 0; i < from->count; i++) {
		if (!policy_strings_have(to, from->items[i]))
			differ_add(d, words->gone_material, from->items[i], NULL, words->gone, from->items[i]);
	}
}
#pragma GCC diagnostic pop

bool unit_changed(struct duration from, struct duration to)
{
	bool days = from.days > 0 && from.months == 0 && from.seconds == 0, months = to.months > 0 && to.days == 0 && to.seconds == 0;

	return days && months && from.days == to.months;
}

// Material ones first; otherwise as they were found.
static void put_in_order(struct policy_diff *out, const struct differ *d)
{
	struct policy_change *list = arena_array(d->arena, d->count, sizeof *list);

	if (list == NULL)
		return;
	for (int material = 1; material >= 0; material--) {
		for (size_t i = 0; i < d->count; i++) {
			if (d->list[i].material == (material == 1))
				list[out->count++] = d->list[i];
		}
		if (material == 1)
			out->material = out->count;
	}
	out->changes = list;
}

int policy_diff(struct policy_diff *out, const struct policy *before, const struct policy *after, struct err *e)
{
	struct differ d = {.before = before, .after = after, .arena = arena_new()};

	*out = (struct policy_diff){.arena = d.arena};
	if (d.arena == NULL)
		return err_set(e, ERR_MEMORY, "no memory to compare two policies");
	diff_kinds(&d);
	diff_purposes(&d);
	diff_processors(&d);
	diff_browser(&d);
	diff_rights(&d);
	diff_promises(&d);
	diff_rest(&d);
	put_in_order(out, &d);
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
