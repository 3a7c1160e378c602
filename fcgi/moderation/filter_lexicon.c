// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter_lexicon.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include <pthread.h>
#include <stdint.h>
#include <string.h>

EMBED(filter_names_text, "fcgi/moderation/names.txt");
EMBED(filter_han_text, "fcgi/moderation/minors_han.txt");

enum {
	SLOTS = 16384, // a power of two, more than twice the items
	WORDS_MAX = 6, // of an item
	HAN_MAX = 6,   // characters of an item
	GAP_MAX = 3,   // characters between the words of one
	HAN_NEAR = 8,  // characters before what an item announces
	WORD_NEAR = 6, // characters between words before it
};
static const char *const class_names[LEXICON_CLASSES] = {
    "introduces", "may-introduce", "greets",      "may-greet",      "closes",       "may-close",
    "labels",     "may-label",     "leads",       "heads",          "title",        "title-weak",
    "no-person",  "name-part",     "title-after", "given",          "no-name",      "no-person-beside",
    "street",     "han-street",    "identifies",  "identifies-how", "calls",        "things",
    "things-how", "family",        "no-family",   "han-ends",       "han-innocent", "han-minor",
    "han-sexual", "han-violent",
};

static struct slot {
	const char *text; // in one of the files; NULL: free
	unsigned char len;
	lexicon_set classes;
} slots[SLOTS];

static struct slot *lexicon_slot(const char *item, size_t len)
{
	uint32_t hash = 2166136261u; // FNV-1a

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)item[i]) * 16777619u;
	for (hash ^= hash >> 15;; hash++) {
		struct slot *s = &slots[hash % SLOTS];
		if (s->text == NULL || (s->len == len && memcmp(s->text, item, len) == 0))
			return s;
	}
}

static int line_read(const char *line, const char *end, size_t *count)
{
	const char *colon = memchr(line, ':', (size_t)(end - line)), *item = colon != NULL ? colon + 2 : end;
	size_t class = 0;

	while (colon != NULL && class < LEXICON_CLASSES &&
	       (strlen(class_names[class]) != (size_t)(colon - line) || strncmp(class_names[class], line, (size_t)(colon - line)) != 0))
		class ++;
	if (colon == NULL || class == LEXICON_CLASSES)
		return -1;
	while (item < end) {
		const char *comma = memchr(item, ',', (size_t)(end - item)), *stop = comma != NULL ? comma : end;
		size_t len = (size_t)(stop - item);
		if (len == 0 || len >= LEXICON_ITEM_MAX || *count >= SLOTS / 2)
			return -1;
		struct slot *s = lexicon_slot(item, len);
		*count += s->text == NULL;
		*s = (struct slot){item, (unsigned char)len, s->classes | LEXICON_BIT(class)};
		item = stop + (comma != NULL) + (comma != NULL && stop[1] == ' ');
	}
	return 0;
}

static struct err lexicon_failure;

static void lexicon_once(void)
{
	const char *const files[] = {filter_names_text, filter_han_text};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		for (const char *line = files[i], *end; *line != '\0'; line = end + (*end != '\0')) {
			end = strchrnul(line, '\n');
			if (*line != '#' && line < end && line_read(line, end, &count) != 0)
				err_set(&lexicon_failure, ERR_INPUT, "a list has a line that is not \"class: item, item\": %.40s", line);
		}
}

int lexicon_ready(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, lexicon_once);
	*e = lexicon_failure;
	return lexicon_failure.code == ERR_NONE ? 0 : -1;
}

lexicon_set lexicon_find(const char *item, size_t len)
{
	return len > 0 && len < LEXICON_ITEM_MAX ? lexicon_slot(item, len)->classes : 0;
}

size_t lexicon_word_end(const struct folded *f, size_t at)
{
	size_t i = at;

	while (i < f->len && i - at < LEXICON_ITEM_MAX && fold_is_letter(f->text[i]) && !fold_is_han(f, i))
		i++;
	return i;
}

static size_t han_item(const struct folded *f, size_t at, lexicon_set wanted, lexicon_set *found)
{
	size_t best = 0;

	for (size_t i = at; i < f->len && i - at < HAN_MAX && fold_is_han(f, i); i++) {
		lexicon_set classes = lexicon_find(f->source + f->at[at], f->at[i + 1] - f->at[at]) & wanted;
		if (classes != 0) {
			best = i + 1;
			*found = classes;
		}
	}
	return best;
}

size_t lexicon_item(const struct folded *f, size_t at, lexicon_set wanted, lexicon_set *found)
{
	char item[LEXICON_ITEM_MAX];
	size_t len = 0, best = 0, i = at;

	if (fold_is_han(f, at))
		return han_item(f, at, wanted, found);
	for (unsigned words = 0; words < WORDS_MAX; words++) {
		size_t end = lexicon_word_end(f, i), gap = 0;
		if (end == i || len + (end - i) + 1 >= sizeof item)
			break;
		if (len > 0)
			item[len++] = ' ';
		memcpy(item + len, f->text + i, end - i);
		len += end - i;
		lexicon_set classes = lexicon_find(item, len) & wanted;
		if (classes != 0) {
			best = end;
			*found = classes;
		}
		while (end + gap < f->len && gap < GAP_MAX && strchr(" '.-/", f->text[end + gap]) != NULL)
			gap++;
		if (gap == 0)
			break;
		i = end + gap;
	}
	return best;
}

// The words of Chinese are not apart: every place of the last few is tried.
static bool han_before(const struct folded *f, size_t at, lexicon_set wanted)
{
	lexicon_set found;

	for (size_t back = 1; back <= HAN_NEAR && back <= at && f->text[at - back] != '\n'; back++) {
		if (fold_is_han(f, at - back) && han_item(f, at - back, wanted, &found) != 0)
			return true;
	}
	return false;
}

bool lexicon_before(const struct folded *f, size_t at, enum lexicon_class wanted, enum lexicon_class through, unsigned words)
{
	size_t covered = 0; // an item must reach as far: the end of the last word that nothing can stand for by itself
	lexicon_set found;

	for (unsigned taken = 0; taken < words; taken++) {
		size_t gap = 0, end;
		while (at > 0 && gap < WORD_NEAR && !fold_is_alnum(f->text[at - 1]) && f->text[at - 1] != '\n') {
			at--;
			gap++;
		}
		if (at > 0 && fold_is_han(f, at - 1))
			return covered == 0 && han_before(f, at, LEXICON_BIT(wanted));
		end = at;
		while (at > 0 && end - at < LEXICON_ITEM_MAX && fold_is_letter(f->text[at - 1]) && !fold_is_han(f, at - 1))
			at--;
		if (at == end)
			return false;
		size_t item = lexicon_item(f, at, LEXICON_BIT(wanted), &found);
		if (item != 0 && item >= covered)
			return true;
		if (covered == 0 && through != LEXICON_CLASSES && !(lexicon_word(f, at, end) & LEXICON_BIT(through)))
			covered = end;
	}
	return false;
}
