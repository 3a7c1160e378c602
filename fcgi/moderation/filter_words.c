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

static void word_set(struct filter_word *w, const char *s, size_t len)
{
	static const char from[] = "0134578@$!|", to[] = "oieastbasil";
	size_t letters = 0;

	while (len > 0 && (s[len - 1] == '!' || s[len - 1] == '|'))
		len--;
	if (len >= FILTER_WORD_MAX)
		len = FILTER_WORD_MAX - 1;
	memcpy(w->plain, s, len);
	for (size_t i = 0; i < len; i++)
		letters += s[i] >= 'a' && s[i] <= 'z';
	for (size_t i = 0; i < len; i++) {
		const char *p = letters > 0 || len == 1 ? memchr(from, s[i], sizeof from - 1) : NULL;
		w->leet[i] = p != NULL ? to[p - from] : s[i];
	}
	w->plain[len] = w->leet[len] = '\0';
	w->disguised = memcmp(w->plain, w->leet, len) != 0;
	w->spelled = false;
}

// Joins runs of three or more words of one letter: "c h i l d", "n.u.d.e".
static size_t words_join_spelled(struct filter_word *w, size_t count)
{
	size_t out = 0;

	for (size_t i = 0; i < count;) {
		size_t run = 0;
		while (i + run < count && run < FILTER_WORD_MAX - 1 && w[i + run].plain[0] != '\0' && w[i + run].plain[1] == '\0')
			run++;
		if (run < 3) {
			w[out++] = w[i++];
			continue;
		}
		struct filter_word joined = {.spelled = true, .after = w[i + run - 1].after};
		for (size_t k = 0; k < run; k++)
			joined.plain[k] = joined.leet[k] = w[i + k].leet[0];
		w[out++] = joined;
		i += run;
	}
	return out;
}

// What stands between the word that ends at `end` and the next one.
static enum filter_word_end word_end(const char *text, size_t end)
{
	enum filter_word_end found = WORD_JOINED;

	while (end > 0 && (text[end - 1] == '!' || text[end - 1] == '|')) // letters in disguise, or what they are
		end--;
	const char *s = text + end;
	for (; *s != '\0' && (!in_word(*s) || *s == '!' || *s == '|'); s++) {
		bool before_space = s[1] == '\0' || s[1] == ' ' || s[1] == '\n';
		if (strchr(";:?!", *s) != NULL || (*s == '.' && before_space))
			return WORD_ENDS_CLAUSE;
		if (strchr(",\n|()", *s) != NULL)
			found = WORD_ENDS_ITEM;
	}
	return found;
}

int filter_words_read(struct filter_words *out, const char *text)
{
	FOLD_AUTO struct folded f = {0};
	size_t n = 0, begins = 0;

	*out = (struct filter_words){0};
	if (fold_text(&f, text) != 0)
		return -1;
	for (size_t i = 0; i < f.len; i++)
		begins += in_word(f.text[i]) && (i == 0 || !in_word(f.text[i - 1]));
	if (begins > WORDS_MAX)
		begins = WORDS_MAX;
	struct filter_word *w = calloc(begins + 1, sizeof *w);
	if (w == NULL)
		return -1;
	for (size_t i = 0; n < begins;) {
		size_t end = i;
		while (in_word(f.text[end]))
			end++;
		if (end > i) {
			word_set(&w[n], f.text + i, end - i);
			w[n++].after = word_end(f.text, end);
		}
		i = end > i ? end : i + 1;
	}
	*out = (struct filter_words){.at = w, .count = words_join_spelled(w, n), .capacity = begins + 1};
	return 0;
}

void filter_words_free(struct filter_words *w)
{
	if (w->at != NULL)
		explicit_bzero(w->at, w->capacity * sizeof *w->at);
	free(w->at);
	*w = (struct filter_words){0};
}

static bool word_is(const struct filter_word *w, const char *part, size_t len)
{
	bool open = len > 0 && part[len - 1] == '*'; // takes any ending

	len -= open;
	if (strncmp(w->plain, part, len) == 0 && (open || w->plain[len] == '\0'))
		return true;
	if (w->disguised && strncmp(w->leet, part, len) == 0 && (open || w->leet[len] == '\0'))
		return true;
	return w->spelled && len >= 3 && memmem(w->leet, strlen(w->leet), part, len) != NULL;
}

size_t filter_words_match(const struct filter_word *w, size_t left, const char *term)
{
	size_t taken = 0;

	while (*term != '\0') {
		if (taken == left || !filter_word_may_begin(&w[taken], *term))
			return 0;
		size_t len = (size_t)(strchrnul(term, ' ') - term);
		if (!word_is(&w[taken], term, len))
			return 0;
		taken++;
		term += len + (term[len] == ' ');
	}
	return taken;
}
