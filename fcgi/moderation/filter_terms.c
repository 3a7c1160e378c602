// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter_terms.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

EMBED(filter_terms_text, "fcgi/moderation/minors.txt");

enum {
	TERMS_MAX = 1024,
	INNOCENT_MAX = 256,
	FIRSTS = 128, // terms are ASCII
};
static const char *const class_names[TERM_CLASSES] = {
    "alone",        "minor",   "young",          "sexual",     "suggestive",  "garment", "violent", "french", "nu",
    "under-18",     "years",   "years-after-de", "before-age", "aged-things", "person",  "of-age",  "no",     "not-for",
    "not-admitted", "goes-on", "buyers",         "sale",       "wares",       "adults",  "depicts",
};

static struct term {
	const char *text;
	size_t word; // characters of its one word, without the "*"; 0: it has several
	term_classes class;
	bool open; // takes any ending
} terms[TERMS_MAX];
static size_t class_begins[TERM_CLASSES + 1];   // terms[class_begins[c]] to before terms[class_begins[c + 1]] are of class c
static unsigned short by_first[TERMS_MAX];      // those of the classes up to TERM_NU, by their first character, then by their class
static unsigned short first_begins[FIRSTS + 1]; // by_first[first_begins[c]] to before by_first[first_begins[c + 1]] begin with c
static struct {
	const char *term, *beside; // beside: "" when the term says enough, "<word" when it stands before
} innocent[INNOCENT_MAX];
static size_t innocent_count;

// ---- reading ----

// The next of the items separated by ", "; NULL after the last. Writes NULs into the text.
static char *item_next(char **rest)
{
	char *item = *rest, *end = strchrnul(item, ',');

	if (*item == '\0')
		return NULL;
	*rest = *end == '\0' ? end : end + 1 + (end[1] == ' ');
	*end = '\0';
	return item;
}

// Words of a-z and 0-9 with one space between, each with a "*" at its end where any ending fits.
static bool term_allowed(const char *text)
{
	for (;;) {
		size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
		text += len + (text[len] == '*');
		if (len == 0 || *text == '\0')
			return len > 0;
		if (*text++ != ' ')
			return false;
	}
}

static int innocent_add(char *line)
{
	char *beside = strchr(line, ':'), *item;

	if (beside != NULL) {
		*beside++ = '\0';
		beside += *beside == ' ';
	}
	if (!term_allowed(line))
		return -1;
	for (bool more = true; more; more = beside != NULL && *beside != '\0') {
		item = beside != NULL ? item_next(&beside) : "";
		if (item == NULL || innocent_count == INNOCENT_MAX || (beside != NULL && !term_allowed(item + (*item == '<'))))
			return -1;
		innocent[innocent_count].term = line;
		innocent[innocent_count++].beside = item;
	}
	return 0;
}

static int terms_add(enum term_class class, char *line, size_t *count)
{
	char *text;

	while ((text = item_next(&line)) != NULL) {
		if (!term_allowed(text) || *count == TERMS_MAX)
			return -1;
		for (size_t i = class_begins[class]; i < *count; i++) {
			if (strcmp(terms[i].text, text) == 0)
				return -1;
		}
		size_t len = strcspn(text, " *");
		terms[(*count)++] =
		    (struct term){.text = text, .word = text[len] == ' ' ? 0 : len, .class = TERM_BIT(class), .open = text[len] == '*'};
	}
	return 0;
}

static int terms_read(char *text, struct err *e)
{
	size_t count = 0, class = 0, line_number = 0; // class: how many have begun
	unsigned short n = 0;

	for (char *line = text, *next; *line != '\0'; line = next) {
		char *end = strchrnul(line, '\n');
		int added = 0;
		next = end + (*end != '\0');
		*end = '\0';
		line_number++;
		if (*line == '#' || *line == '\0')
			continue;
		if (*line == '[') {
			const char *name = class < TERM_CLASSES ? class_names[class] : "innocent";
			size_t len = strlen(name);
			added = strncmp(line + 1, name, len) == 0 && strcmp(line + 1 + len, "]") == 0 && class <= TERM_CLASSES ? 0 : -1;
			if (class <= TERM_CLASSES)
				class_begins[class ++] = count;
		} else if (class > TERM_CLASSES) {
			added = innocent_add(line);
		} else {
			added = class > 0 ? terms_add((enum term_class)(class - 1), line, &count) : -1;
		}
		if (added != 0)
			return err_set(e, ERR_INPUT, "minors.txt, line %zu: not as its head says", line_number);
	}
	if (class != TERM_CLASSES + 1)
		return err_set(e, ERR_INPUT, "minors.txt ends before its last list");
	for (int c = 0; c < FIRSTS; c++) {
		first_begins[c] = n;
		for (size_t i = 0; i < class_begins[TERM_NU + 1]; i++) {
			if (*terms[i].text == c)
				by_first[n++] = (unsigned short)i;
		}
	}
	first_begins[FIRSTS] = n;
	return 0;
}

static struct err terms_failure;
static void terms_once(void)
{
	static char *text; // stays: the terms are in it

	text = strdup(filter_terms_text);
	if (text == NULL)
		err_set(&terms_failure, ERR_MEMORY, "no memory for the terms of the filter");
	else
		terms_read(text, &terms_failure);
}

int filter_terms_ready(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, terms_once);
	*e = terms_failure;
	return terms_failure.code == ERR_NONE ? 0 : -1;
}

// ---- looking ----

static term_classes classes_at(const struct filter_word *w, size_t left, unsigned from, unsigned to)
{
	term_classes found = 0;

	for (unsigned i = from; i < to; i++) {
		const struct term *t = &terms[by_first[i]];
		if ((found & t->class) == 0 && filter_words_match(w, left, t->text) > 0)
			found |= t->class;
	}
	return found;
}

term_classes filter_terms_at(const struct filter_word *w, size_t count, size_t at)
{
	const struct filter_word *here = &w[at];
	unsigned char plain = (unsigned char)here->plain[0] % FIRSTS, leet = (unsigned char)here->leet[0] % FIRSTS;
	size_t left = count - at;
	term_classes found;

	if (here->spelled)
		found = classes_at(here, left, 0, first_begins[FIRSTS]);
	else
		found = classes_at(here, left, first_begins[plain], first_begins[plain + 1]);
	if (!here->spelled && leet != plain)
		found |= classes_at(here, left, first_begins[leet], first_begins[leet + 1]);
	for (size_t i = 0; found != 0 && i < innocent_count; i++) {
		const char *beside = innocent[i].beside;
		if (!filter_word_may_begin(here, *innocent[i].term) || filter_words_match(here, left, innocent[i].term) == 0)
			continue;
		if (*beside == '\0' || (*beside == '<' && at > 0 && filter_words_match(here - 1, 1, beside + 1) > 0) ||
		    (*beside != '<' && left > 1 && filter_words_match(here + 1, 1, beside) > 0))
			return 0;
	}
	return found;
}

size_t filter_terms_take(enum term_class class, const struct filter_word *w, size_t left)
{
	size_t taken = 0;

	for (size_t i = class_begins[class]; taken == 0 && i < class_begins[class + 1]; i++) {
		if (filter_word_may_begin(w, *terms[i].text))
			taken = filter_words_match(w, left, terms[i].text);
	}
	return taken;
}

// The classes of the terms of one word that the `len` characters at s are.
static term_classes piece_classes(const char *s, size_t len)
{
	unsigned char first = (unsigned char)*s % FIRSTS;
	term_classes found = 0;

	for (unsigned i = first_begins[first]; i < first_begins[first + 1]; i++) {
		const struct term *t = &terms[by_first[i]];
		if (t->word > 0 && (len == t->word || (t->open && len > t->word)) && memcmp(s, t->text, t->word) == 0)
			found |= t->class;
	}
	return found;
}

static bool classes_grave(term_classes a, term_classes b)
{
	const term_classes who = TERM_BIT(TERM_MINOR) | TERM_BIT(TERM_YOUNG), what = TERM_BIT(TERM_SEXUAL);

	return ((a & what) != 0 && (b & who) != 0) || ((a & who) != 0 && (b & what) != 0);
}

bool filter_terms_glued(const struct filter_word *w)
{
	enum { SHORTEST = 3 };
	const char *s = w->leet;
	size_t len = strlen(s);

	for (size_t cut = SHORTEST; cut + SHORTEST <= len; cut++) {
		term_classes first = piece_classes(s, cut);
		size_t sign = w->plain[cut] == '|' || w->plain[cut] == '!';
		if (first != 0 && (classes_grave(first, piece_classes(s + cut, len - cut)) ||
				   classes_grave(first, piece_classes(s + cut + sign, len - cut - sign))))
			return true;
	}
	return false;
}
