// SPDX-License-Identifier: ISC
#include "policy/rules/diff_parts.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *diff_copy(struct differ *d, const char *s)
{
	return s != NULL ? arena_text(d->arena, s, strlen(s)) : "";
}

void diff_put(struct differ *d, bool material, const char *from, const char *to, const char *sentence)
{
	const struct policy_change *last = d->list != NULL && d->count > 0 ? &d->list[d->count - 1] : NULL;

	if (last != NULL && strcmp(last->what, sentence) == 0 && strcmp(last->part, d->part) == 0 && strcmp(last->id, d->id) == 0)
		return; // two fields that make one statement
	d->too_many = d->count == CHANGES_MAX;
	if (d->count == d->capacity && !d->too_many) {
		size_t capacity = d->capacity == 0 ? 32 : d->capacity * 2;
		struct policy_change *list = arena_array(d->arena, capacity, sizeof *list);
		for (size_t i = 0; list != NULL && d->list != NULL && i < d->count; i++)
			list[i] = d->list[i];
		d->list = list != NULL ? list : d->list;
		d->capacity = list != NULL ? capacity : d->capacity;
	}
	if (d->too_many || d->list == NULL || d->count == d->capacity)
		return;
	d->list[d->count++] = (struct policy_change){.material = material,
						     .part = d->part,
						     .id = diff_copy(d, d->id),
						     .what = diff_copy(d, sentence),
						     .before = diff_copy(d, from),
						     .after = diff_copy(d, to),
						     .line = d->line};
}

void diff_add(struct differ *d, bool material, const char *from, const char *to, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	diff_put(d, material, from, to, sentence);
}

const char *diff_duration(struct differ *d, struct duration length)
{
	char words[96];

	duration_words(words, sizeof words, length);
	return diff_copy(d, words);
}

bool diff_same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}
