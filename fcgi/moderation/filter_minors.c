// SPDX-License-Identifier: ISC
// Minors in a sexualised or violent context. A term alone is innocent (a nursery, a lingerie shop); what is refused is the two close
// together. What is explicit counts across a whole passage; what is merely suggestive or violent counts within one clause, because a shop
// that sells bikinis may have children's sizes too.
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_terms.h"
#include "policy/base/array.h"
#include <string.h>

// ---- ages ----

static bool under_18(const struct word *w)
{
	static const char *const names[] = {"one",      "two",      "three",     "four",     "five",     "six",      "seven",
					    "eight",    "nine",     "ten",       "eleven",   "twelve",   "thirteen", "fourteen",
					    "fifteen",  "sixteen",  "seventeen", "zwei",     "drei",     "vier",     "funf",
					    "sechs",    "sieben",   "acht",      "neun",     "zehn",     "elf",      "zwolf",
					    "dreizehn", "vierzehn", "funfzehn",  "sechzehn", "siebzehn", NULL};
	const char *s = w->plain;
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || s[digits] != '\0')
		return word_is_one_of(w, names);
	return (digits == 1 && s[0] != '0') || (digits == 2 && s[0] == '1' && s[1] < '8');
}

// "12 year old", "12 yo", "aged 12", "12 jahre alt", "15 jahrig…", "15jahrig…"; not the age of a whisky.
static bool young_age(const struct word *w, size_t count, size_t at)
{
	static const char *const years[] = {"year old*", "years old", "yr old*", "yo", "y o", "jahre alt*", "jahrig*", "jaehrig*", NULL};
	static const char *const romance[] = {"ans", "anos", NULL};
	static const char *const before[] = {"age", "aged", "alter", NULL};
	static const char *const things[] = {"whisky",   "whiskey", "wine*",       "rum",   "cheese*", "company",
					     "business", "house",   "building",    "brand", "shop",    "firm",
					     "wein*",    "firma",   "unternehmen", "haus",  NULL};
	const struct word *here = &w[at];
	size_t digits = strspn(here->plain, "0123456789");

	if (digits > 0 && digits < 3 &&
	    (strncmp(here->plain + digits, "jahrig", 6) == 0 || strcmp(here->plain + digits, "yo") == 0 ||
	     strncmp(here->plain + digits, "jaehrig", 7) == 0))
		return digits == 1 || (here->plain[0] == '1' && here->plain[1] < '8');
	if (!under_18(here))
		return false;
	if (at > 0 && word_is_one_of(&w[at - 1], before))
		return true;
	if (at > 1 && strcmp(w[at - 1].plain, "von") == 0 && strcmp(w[at - 2].plain, "alter") == 0)
		return true;
	size_t next = at + 1;
	if (at > 0 && next < count && strcmp(w[at - 1].plain, "de") == 0 && word_is_one_of(&w[next], romance))
		return true;
	for (const char *const *form = years; *form != NULL && next < count; form++) {
		size_t taken = term_at(w + next, count - next, *form);
		if (taken > 0)
			return next + taken >= count || !word_is_one_of(&w[next + taken], things);
	}
	return false;
}

// "boy, eleven", "girl of 11"
static bool child_of_age(const struct word *w, size_t count, size_t at)
{
	static const char *const who[] = {"girl*", "boy*", "madchen", "maedchen", "junge",   "daughter",
					  "son",   "sohn", "tochter", "sister",   "brother", NULL};
	static const char *const of[] = {"of", "von", "de", NULL};
	size_t next = at + 1;

	if (!word_is_one_of(&w[at], who))
		return false;
	next += next < count && word_is_one_of(&w[next], of);
	return next < count && under_18(&w[next]);
}

// ---- together ----

// "no children", "keine Kinder erlaubt"; but not "no child wears a thing".
static bool negated(const struct word *w, size_t count, size_t at)
{
	static const char *const no[] = {"no", "kein", "keine", "ohne", "without", "sans", "sin", NULL};
	static const char *const ends[] = {"allowed", "admitted",   "permitted", "please", "or",
					   "erlaubt", "zugelassen", "gestattet", "oder",   NULL};
	static const char *const for_them[] = {"for", "fur", "fuer", NULL};
	bool denied = at > 0 && word_is_one_of(&w[at - 1], no);

	if (at > 1 && word_is_one_of(&w[at - 1], for_them))
		denied = strcmp(w[at - 2].plain, "not") == 0 || strcmp(w[at - 2].plain, "nicht") == 0;
	return denied && (w[at].after != JOINED || at + 1 == count || word_is_one_of(&w[at + 1], ends));
}

// Where each was last seen, counted from 1; 0: not yet.
struct seen {
	size_t minor, aged, young, sexual, suggestive, garment, violent, french, nu;
};

static bool near(size_t a, size_t b, size_t words)
{
	return a > 0 && b > 0 && (a > b ? a - b : b - a) <= words;
}

static bool together(const struct word *w, const struct seen *s)
{
	enum { SEXUAL_NEAR = 25, YOUNG_NEAR = 4, SUGGESTIVE_NEAR = 5, VIOLENT_NEAR = 6, NU_NEAR = 4 };

	if (near(s->minor, s->sexual, SEXUAL_NEAR) || near(s->young, s->sexual, YOUNG_NEAR) || near(s->french, s->nu, NU_NEAR))
		return true;
	if (near(s->minor, s->garment, SUGGESTIVE_NEAR) && w[s->minor - 1].item == w[s->garment - 1].item)
		return true;
	// Who has an age is a person, not a size.
	if (near(s->aged, s->garment, SUGGESTIVE_NEAR) && w[s->aged - 1].clause == w[s->garment - 1].clause)
		return true;
	if (near(s->minor, s->suggestive, SUGGESTIVE_NEAR) && w[s->minor - 1].clause == w[s->suggestive - 1].clause)
		return true;
	return near(s->minor, s->violent, VIOLENT_NEAR) && w[s->minor - 1].clause == w[s->violent - 1].clause;
}

static void look(const struct word *w, size_t count, size_t i, term_classes here, struct seen *seen)
{
	const struct {
		enum term_class class;
		size_t *at;
	} rows[] = {{TERM_YOUNG, &seen->young},
		    {TERM_SEXUAL, &seen->sexual},
		    {TERM_SUGGESTIVE, &seen->suggestive},
		    {TERM_GARMENT, &seen->garment},
		    {TERM_VIOLENT, &seen->violent},
		    {TERM_FRENCH, &seen->french},
		    {TERM_NU, &seen->nu}};

	if (young_age(w, count, i) || child_of_age(w, count, i))
		seen->aged = seen->minor = i + 1;
	else if ((here & TERM_BIT(TERM_MINOR)) != 0 && !negated(w, count, i))
		seen->minor = i + 1;
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		if ((here & TERM_BIT(rows[r].class)) != 0)
			*rows[r].at = i + 1;
	}
}

bool filter_minors(const char *text)
{
	size_t count = 0, room = 0;
	struct word *w = words_of(text, &count, &room);
	struct seen seen = {0};
	bool found = false;

	if (w == NULL)
		return true;
	for (size_t i = 0; i < count && !found; i++) {
		term_classes here = terms_at(w, count, i);
		look(w, count, i, here, &seen);
		found = (here & TERM_BIT(TERM_ALONE)) != 0 || terms_glued(&w[i]) || together(w, &seen);
	}
	words_free(w, room);
	return found;
}
