// SPDX-License-Identifier: ISC
// Minors in a sexualised or violent context. A term alone is innocent (a nursery, a lingerie shop); what is refused is the two close
// together. What is explicit counts across a whole passage; what is merely suggestive or violent counts within one clause, because a shop
// that sells bikinis may have children's sizes too.
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_lexicon.h"
#include "fcgi/moderation/filter_terms.h"
#include "policy/base/array.h"
#include <stdlib.h>
#include <string.h>

// A clause of one word belongs to its neighbour: "child: bloody. beaten."
static void clauses_number(struct filter_words *text)
{
	unsigned clause = 0, item = 0, words = 0;
	struct filter_word *w = text->at;

	for (size_t i = 0; i < text->count; i++) {
		w[i].clause = clause;
		w[i].item = item;
		words++;
		if (w[i].after == WORD_JOINED || i + 1 == text->count)
			continue;
		item += w[i].after == WORD_ENDS_CLAUSE || filter_terms_take(TERM_GOES_ON, &w[i + 1], 1) == 0;
		bool next_is_short = i + 2 >= text->count || w[i + 1].after == WORD_ENDS_CLAUSE;
		if (w[i].after == WORD_ENDS_CLAUSE && words > 1 && !next_is_short) {
			clause++;
			words = 0;
		}
	}
}

// ---- ages ----

static bool is_under_18(const struct filter_word *w)
{
	const char *s = w->plain;
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || s[digits] != '\0')
		return filter_terms_take(TERM_UNDER_18, w, 1) > 0;
	return (digits == 1 && s[0] != '0') || (digits == 2 && s[0] == '1' && s[1] < '8');
}

// "12 year old", "12 yo", "aged 12", "12 jahre alt", "15 jahrig…", "15jahrig…"; not the age of a whisky.
static bool is_young_age(const struct filter_word *w, size_t count, size_t at)
{
	const struct filter_word *here = &w[at];
	size_t digits = strspn(here->plain, "0123456789"), next = at + 1;

	if (digits > 0 && digits < 3 &&
	    (strncmp(here->plain + digits, "jahrig", 6) == 0 || strcmp(here->plain + digits, "yo") == 0 ||
	     strncmp(here->plain + digits, "jaehrig", 7) == 0))
		return digits == 1 || (here->plain[0] == '1' && here->plain[1] < '8');
	if (!is_under_18(here))
		return false;
	if (at > 0 && filter_terms_take(TERM_BEFORE_AGE, here - 1, 1) > 0)
		return true;
	if (at > 1 && strcmp(w[at - 1].plain, "von") == 0 && strcmp(w[at - 2].plain, "alter") == 0)
		return true;
	if (at > 0 && next < count && strcmp(w[at - 1].plain, "de") == 0 && filter_terms_take(TERM_YEARS_AFTER_DE, &w[next], 1) > 0)
		return true;
	size_t taken = next < count ? filter_terms_take(TERM_YEARS, &w[next], count - next) : 0;
	return taken > 0 && (next + taken >= count || filter_terms_take(TERM_AGED_THINGS, &w[next + taken], 1) == 0);
}

// "boy, eleven", "girl of 11"
static bool is_child_of_age(const struct filter_word *w, size_t count, size_t at)
{
	size_t next = at + 1;

	if (next == count || filter_terms_take(TERM_PERSON, &w[at], 1) == 0)
		return false;
	next += filter_terms_take(TERM_OF_AGE, &w[next], 1);
	return next < count && is_under_18(&w[next]);
}

// ---- together ----

// "no children", "keine Kinder erlaubt"; but not "no child wears a thing".
static bool is_negated(const struct filter_word *w, size_t count, size_t at)
{
	bool denied = at > 0 && filter_terms_take(TERM_NO, &w[at - 1], 1) > 0;

	if (at > 1 && filter_terms_take(TERM_NOT_FOR, &w[at - 1], 1) > 0)
		denied = strcmp(w[at - 2].plain, "not") == 0 || strcmp(w[at - 2].plain, "nicht") == 0;
	return denied && (w[at].after != WORD_JOINED || at + 1 == count || filter_terms_take(TERM_NOT_ADMITTED, &w[at + 1], 1) > 0);
}

// "women's lingerie", "underwear for men"
static bool is_of_adults(const struct filter_word *w, size_t count, size_t garment)
{
	size_t before = garment > 0 && strcmp(w[garment - 1].plain, "s") == 0 ? garment - 1 : garment;

	if (before > 0 && filter_terms_take(TERM_ADULTS, &w[before - 1], 1) > 0)
		return true;
	return garment + 2 < count && filter_terms_take(TERM_SALE, &w[garment + 1], 1) > 0 &&
	       filter_terms_take(TERM_ADULTS, &w[garment + 2], 1) > 0;
}

// "children's swimwear and underwear", "bikinis for kids": clothes in a shop, and nobody who wears them.
static bool is_for_sale(const struct filter_word *w, size_t count, size_t minor, size_t garment)
{
	size_t from = minor < garment ? minor : garment, to = minor < garment ? garment : minor;
	size_t wares = filter_terms_take(TERM_WARES, &w[garment], count - garment);
	bool of_adults = is_of_adults(w, count, garment);

	if (!of_adults && (filter_terms_take(TERM_BUYERS, &w[minor], count - minor) == 0 || wares == 0))
		return false;
	for (size_t i = from + 1; i < to; i++) {
		// "children in bikinis": a person is in clothes.
		if (minor < garment && filter_terms_take(TERM_GOES_ON, &w[i], 1) > 0)
			return false;
		if (!of_adults && !(i > garment && i < garment + wares) && filter_terms_take(TERM_SALE, &w[i], 1) == 0)
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (w[i].clause == w[garment].clause && filter_terms_take(TERM_DEPICTS, &w[i], 1) > 0)
			return false;
	}
	return true;
}

// Where each was last seen, counted from 1; 0: not yet.
struct seen {
	size_t minor, aged, young, sexual, suggestive, garment, violent, french, nu;
};

static bool are_near(size_t a, size_t b, size_t words)
{
	return a > 0 && b > 0 && (a > b ? a - b : b - a) <= words;
}

static bool are_together(const struct filter_word *w, size_t count, const struct seen *s)
{
	enum { SEXUAL_NEAR = 25, YOUNG_NEAR = 4, SUGGESTIVE_NEAR = 5, VIOLENT_NEAR = 6, NU_NEAR = 4 };

	if (are_near(s->minor, s->sexual, SEXUAL_NEAR) || are_near(s->young, s->sexual, YOUNG_NEAR) || are_near(s->french, s->nu, NU_NEAR))
		return true;
	if (are_near(s->minor, s->garment, SUGGESTIVE_NEAR) && w[s->minor - 1].item == w[s->garment - 1].item &&
	    !is_for_sale(w, count, s->minor - 1, s->garment - 1))
		return true;
	// Who has an age is a person, not a size.
	if (are_near(s->aged, s->garment, SUGGESTIVE_NEAR) && w[s->aged - 1].clause == w[s->garment - 1].clause)
		return true;
	if (are_near(s->minor, s->suggestive, SUGGESTIVE_NEAR) && w[s->minor - 1].clause == w[s->suggestive - 1].clause)
		return true;
	return are_near(s->minor, s->violent, VIOLENT_NEAR) && w[s->minor - 1].clause == w[s->violent - 1].clause;
}

// ---- Chinese ----

enum { HAN_BYTES = 3 }; // of a character

// The text without what can stand between characters and split a term: white space and characters of no width.
static int han_only(struct buf *out, const char *text)
{
	static const char *const gaps[] = {" ", "\t", "\n", "\u3000", "\u00a0", "\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"};
	for (const char *s = text; *s != '\0';) {
		size_t skip = 0;
		for (size_t i = 0; skip == 0 && i < ARRAY_LEN(gaps); i++)
			if (strncmp(s, gaps[i], strlen(gaps[i])) == 0)
				skip = strlen(gaps[i]);
		if (skip == 0)
			buf_addc(out, *s);
		s += skip > 0 ? skip : 1;
	}
	return out->failed ? -1 : 0;
}

// Where the sentence ends in which a violent term counts.
static bool sentence_between(const char *from, const char *to)
{
	static const char *const ends[] = {"。", "！", "？", "；", ";"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (memmem(from, (size_t)(to - from), ends[i], strlen(ends[i])) != NULL)
			return true;
	return false;
}

// A minor and a sexual term within a passage, or a violent one within a sentence.
static bool han_together(const char *minor, const char *sexual, const char *violent)
{
	enum { SEXUAL_NEAR = 60 * HAN_BYTES, VIOLENT_NEAR = 12 * HAN_BYTES };
	if (minor == NULL)
		return false;
	return (sexual != NULL && labs(minor - sexual) <= SEXUAL_NEAR) ||
	       (violent != NULL && labs(minor - violent) <= VIOLENT_NEAR &&
		!sentence_between(minor < violent ? minor : violent, minor < violent ? violent : minor));
}

// Memory gone counts as found.
static bool is_han_found(const char *text)
{
	enum { TERM_BYTES = 8 * HAN_BYTES };
	static const enum lexicon_class classes[] = {LEXICON_HAN_MINOR, LEXICON_HAN_SEXUAL, LEXICON_HAN_VIOLENT};
	BUF_AUTO_WIPE struct buf clean = BUF_INIT(strlen(text) + 1);
	const char *last[ARRAY_LEN(classes)] = {NULL};
	bool han = false;
	for (const char *s = text; *s != '\0' && !han; s++)
		han = (unsigned char)*s >= 0xe3 && (unsigned char)*s <= 0xe9;
	if (!han)
		return false;
	if (han_only(&clean, text) != 0)
		return true;
	for (const char *s = buf_text(&clean), *end = s + clean.len; s < end;) {
		lexicon_set here = 0;
		size_t skip = 1;
		for (size_t len = HAN_BYTES; len <= TERM_BYTES && len <= (size_t)(end - s) && (unsigned char)s[len - HAN_BYTES] >= 0xe3;
		     len += HAN_BYTES) {
			lexicon_set found = lexicon_find(s, len);
			here |= found;
			if (found & LEXICON_BIT(LEXICON_HAN_INNOCENT))
				skip = len;
		}
		for (size_t i = 0; i < ARRAY_LEN(classes) && skip == 1; i++)
			if (here & LEXICON_BIT(classes[i]))
				last[i] = s;
		if (han_together(last[0], last[1], last[2]))
			return true;
		s += skip;
	}
	return false;
}

// ---- all ----

bool filter_minors(const char *text)
{
	FILTER_WORDS_AUTO struct filter_words words = {0};
	struct seen seen = {0};
	const struct {
		enum term_class class;
		size_t *at;
	} rows[] = {{TERM_YOUNG, &seen.young},
		    {TERM_SEXUAL, &seen.sexual},
		    {TERM_SUGGESTIVE, &seen.suggestive},
		    {TERM_GARMENT, &seen.garment},
		    {TERM_VIOLENT, &seen.violent},
		    {TERM_FRENCH, &seen.french},
		    {TERM_NU, &seen.nu}};
	struct err e = {0};

	if (filter_terms_ready(&e) != 0 || lexicon_ready(&e) != 0 || filter_words_read(&words, text) != 0 || is_han_found(text))
		return true;
	clauses_number(&words);
	const struct filter_word *w = words.at;
	for (size_t i = 0, count = words.count; i < count; i++) {
		term_classes here = filter_terms_at(w, count, i);
		if (is_young_age(w, count, i) || is_child_of_age(w, count, i))
			seen.aged = seen.minor = i + 1;
		else if ((here & TERM_BIT(TERM_MINOR)) != 0 && !is_negated(w, count, i))
			seen.minor = i + 1;
		for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
			if ((here & TERM_BIT(rows[r].class)) != 0)
				*rows[r].at = i + 1;
		}
		if ((here & TERM_BIT(TERM_ALONE)) != 0 || filter_terms_glued(&w[i]) || are_together(w, count, &seen))
			return true;
	}
	return false;
}
