// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter_words.h"
#include "fcgi/moderation/fold.h"
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 65536 };

static bool in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '@' || c == '$' || c == '!' || c == '|' || c == FOLD_OTHER;
}

static char unleet(char c)
{
	static const char from[] = "0134578@$!|", to[] = "oieastbasil";
	const char *p = strchr(from, c);

	return p != NULL && c != '\0' ? to[p - from] : c;
}

static void word_set(struct word *w, const char *s, size_t len)
{
	size_t letters = 0;

	while (len > 0 && (s[len - 1] == '!' || s[len - 1] == '|'))
		len--;
	if (len >= WORD_MAX)
		len = WORD_MAX - 1;
	memcpy(w->plain, s, len);
	for (size_t i = 0; i < len; i++)
		letters += s[i] >= 'a' && s[i] <= 'z';
	for (size_t i = 0; i < len; i++)
		w->leet[i] = letters > 0 || len == 1 ? unleet(s[i]) : s[i];
	w->plain[len] = w->leet[len] = '\0';
	w->disguised = memcmp(w->plain, w->leet, len) != 0;
	w->spelled = false;
}

// Joins runs of three or more words of one letter: "c h i l d", "n.u.d.e".
static size_t join_spelled(struct word *w, size_t count)
{
	size_t out = 0;

	for (size_t i = 0; i < count;) {
		size_t run = 0;
		while (i + run < count && run < WORD_MAX - 1 && w[i + run].plain[0] != '\0' && w[i + run].plain[1] == '\0')
			run++;
		if (run < 3) {
			w[out++] = w[i++];
			continue;
		}
		struct word joined = {.spelled = true, .after = w[i + run - 1].after};
		for (size_t k = 0; k < run; k++)
			joined.plain[k] = joined.leet[k] = w[i + k].leet[0];
		w[out++] = joined;
		i += run;
	}
	return out;
}

// What stands between the word that ends at `end` and the next one.
static enum word_end ends_here(const char *text, size_t end)
{
	enum word_end found = JOINED;

	while (end > 0 && (text[end - 1] == '!' || text[end - 1] == '|')) // letters in disguise, or what they are
		end--;
	const char *s = text + end;
	for (; *s != '\0' && (!in_word(*s) || *s == '!' || *s == '|'); s++) {
		bool before_space = s[1] == '\0' || s[1] == ' ' || s[1] == '\n';
		if (strchr(";:?!", *s) != NULL || (*s == '.' && before_space))
			return CLAUSE_ENDS;
		if (strchr(",\n|()", *s) != NULL)
			found = ITEM_ENDS;
	}
	return found;
}

// "a teenager, in lingerie" is one item in spite of its comma.
static bool goes_on(const struct word *next)
{
	static const char *const words[] = {"in",  "wearing", "wears", "with", "who",  "dressed", "posing", "tragt", "traegt",
					    "mit", "im",      "nur",   "only", "just", "en",      "con",    "avec",  NULL};

	for (const char *const *w = words; *w != NULL; w++) {
		if (strcmp(next->plain, *w) == 0)
			return true;
	}
	return false;
}

// A clause of one word belongs to its neighbour: "child: bloody. beaten."
static void number_clauses(struct word *w, size_t count)
{
	unsigned clause = 0, item = 0, words = 0;

	for (size_t i = 0; i < count; i++) {
		w[i].clause = clause;
		w[i].item = item;
		words++;
		if (w[i].after == JOINED || i + 1 == count)
			continue;
		item += w[i].after == CLAUSE_ENDS || !goes_on(&w[i + 1]);
		bool next_is_short = i + 2 >= count || w[i + 1].after == CLAUSE_ENDS;
		if (w[i].after == CLAUSE_ENDS && words > 1 && !next_is_short) {
			clause++;
			words = 0;
		}
	}
}

struct word *words_of(const char *text, size_t *count, size_t *room)
{
	FOLD_AUTO struct folded f = {0};
	size_t n = 0, begins = 0;

	if (fold(&f, text) != 0)
		return NULL;
	for (size_t i = 0; i < f.len; i++)
		begins += in_word(f.text[i]) && (i == 0 || !in_word(f.text[i - 1]));
	if (begins > WORDS_MAX)
		begins = WORDS_MAX;
	struct word *w = calloc(begins + 1, sizeof *w);
	for (size_t i = 0; w != NULL && n < begins;) {
		size_t end = i;
		while (in_word(f.text[end]))
			end++;
		if (end > i) {
			word_set(&w[n], f.text + i, end - i);
			w[n++].after = ends_here(f.text, end);
		}
		i = end > i ? end : i + 1;
	}
	if (w == NULL)
		return NULL;
	*count = join_spelled(w, n);
	number_clauses(w, *count);
	*room = begins + 1;
	return w;
}

void words_free(struct word *w, size_t room)
{
	explicit_bzero(w, room * sizeof *w);
	free(w);
}

// Says no nearly always, and cheaply.
static bool may_begin(const struct word *w, char c)
{
	return w->spelled || c == w->plain[0] || c == w->leet[0] || c == '*';
}

static bool form_is(const char *form, const char *part, size_t len, bool any_ending)
{
	return strncmp(form, part, len) == 0 && (any_ending || form[len] == '\0');
}

bool word_is(const struct word *w, const char *part, size_t len)
{
	bool any_ending = len > 0 && part[len - 1] == '*';

	if (!may_begin(w, *part))
		return false;
	len -= any_ending;
	if (form_is(w->plain, part, len, any_ending) || (w->disguised && form_is(w->leet, part, len, any_ending)))
		return true;
	return w->spelled && len >= 3 && memmem(w->leet, strlen(w->leet), part, len) != NULL;
}

bool word_is_one_of(const struct word *w, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (may_begin(w, **list) && word_is(w, *list, strlen(*list)))
			return true;
	}
	return false;
}

size_t term_at(const struct word *w, size_t left, const char *term)
{
	size_t taken = 0;

	while (*term != '\0') {
		if (taken == left || !may_begin(&w[taken], *term))
			return 0;
		size_t len = (size_t)(strchrnul(term, ' ') - term);
		if (!word_is(&w[taken], term, len))
			return 0;
		taken++;
		term += len + (term[len] == ' ');
	}
	return taken;
}
