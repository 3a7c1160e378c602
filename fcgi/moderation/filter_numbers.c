// SPDX-License-Identifier: ISC
// Card, bank account and phone numbers. What is asked of a sequence of digits is its form, not its length alone, so that prices, years,
// sizes, dates and opening hours pass.
#include "fcgi/moderation/filter_numbers.h"
#include "fcgi/moderation/filter_lexicon.h"
#include "policy/base/array.h"
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 32, GAP_MAX = 3, PHONE_DIGITS_MAX = 15, KEYWORD_WORDS = 3 };

int filter_hits_add(struct filter_hits *hits, unsigned class, size_t start, size_t end)
{
	if (!ARRAY_GROW(hits->at, hits->count, hits->capacity))
		return -1;
	hits->at[hits->count++] = (struct filter_hit){class, start, end};
	return 0;
}

static int hit_compare(const void *a, const void *b)
{
	const struct filter_hit *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->class != y->class ? (x->class > y->class ? -1 : 1) : 0;
}

void filter_hits_settle(struct filter_hits *hits)
{
	size_t kept = 0;

	if (hits->count > 1)
		qsort(hits->at, hits->count, sizeof *hits->at, hit_compare);
	for (size_t i = 0; i < hits->count; i++) {
		if (kept == 0 || hits->at[i].start >= hits->at[kept - 1].end)
			hits->at[kept++] = hits->at[i];
		else if (hits->at[i].end > hits->at[kept - 1].end)
			hits->at[kept - 1].end = hits->at[i].end;
	}
	hits->count = kept;
}

void filter_hits_free(struct filter_hits *hits)
{
	free(hits->at);
	*hits = (struct filter_hits){0};
}

// ---- runs of digits ----

// A run of digit groups with at most GAP_MAX separators between two of them.
struct number {
	struct {
		size_t at, len; // of the digits, in the reduced text
	} group[GROUPS_MAX];
	unsigned groups;
};

static size_t group_end(const struct number *n, unsigned g)
{
	return n->group[g].at + n->group[g].len;
}

// Reads the run that begins at i, a digit; returns where it ends.
static size_t number_read(const char *s, size_t i, struct number *n)
{
	n->groups = 0;
	while (n->groups < GROUPS_MAX) {
		size_t len = strspn(s + i, "0123456789"), gap;
		n->group[n->groups].at = i;
		n->group[n->groups++].len = len;
		i += len;
		gap = strspn(s + i, " -./()");
		if (gap == 0 || gap > GAP_MAX || !fold_is_digit(s[i + gap]))
			break;
		i += gap;
	}
	return group_end(n, n->groups - 1);
}

// How many separators stand after group g.
static size_t gap_after(const struct number *n, unsigned g)
{
	return n->group[g + 1].at - group_end(n, g);
}

static unsigned digits_value(const char *s, size_t len)
{
	unsigned v = 0;

	for (size_t i = 0; i < len && i < 6; i++)
		v = v * 10 + (unsigned)(s[i] - '0');
	return v;
}

// ---- cards ----

static bool card_checksum(const char *digits, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)(digits[len - 1 - i] - '0');
		sum += i % 2 == 0 ? d : d < 5 ? 2 * d : 2 * d - 9;
	}
	return sum % 10 == 0;
}

// The networks' first digits and lengths: without them every tenth long number would be a card.
static bool card_form(const char *d, size_t len)
{
	unsigned four = digits_value(d, 4);

	if (four / 100 == 34 || four / 100 == 37)
		return len == 15;
	if (four / 100 == 36 || four / 100 == 38 || four / 100 == 39 || (four >= 3000 && four < 3060))
		return len == 14;
	if (d[0] == '4')
		return len == 13 || len == 16 || len == 19;
	return (d[0] == '5' || (four >= 2221 && four <= 2720)) ? len == 16 : len >= 16 && (d[0] == '6' || (four >= 3528 && four < 3590));
}

// The groups that a card is written in, from group g: how many there are, 0 when it is none.
static unsigned card_at(const char *s, const struct number *n, unsigned g)
{
	char digits[20];
	size_t len = 0;

	for (unsigned last = g; last < n->groups && len + n->group[last].len <= 19; last++) {
		bool four = n->group[last].len == 4 || (last == g + 1 && n->group[last].len == 6);
		if (last > g && (gap_after(n, last - 1) != 1 || strchr(" -.", s[group_end(n, last - 1)]) == NULL))
			return 0;
		memcpy(digits + len, s + n->group[last].at, n->group[last].len);
		len += n->group[last].len;
		if (len >= 13 && card_form(digits, len) && card_checksum(digits, len))
			return last - g + 1;
		if (!four)
			return 0;
	}
	return 0;
}

// ---- phones ----

// 4-digit groups that are years and others that are days or months; or hours and minutes; or a number with its thousands apart.
static bool date_like(const char *s, const struct number *n, unsigned from, unsigned to)
{
	unsigned years = 0;

	for (unsigned g = from; g <= to; g++) {
		unsigned v = digits_value(s + n->group[g].at, n->group[g].len);
		if (n->group[g].len == 4 && v >= 1500 && v < 2200)
			years++;
		else if (n->group[g].len > 2 || v > 31)
			return false;
	}
	return years > 0;
}

static bool hours_like(const char *s, const struct number *n, unsigned from, unsigned to)
{
	if ((to - from) % 2 == 0)
		return false;
	for (unsigned g = from; g <= to; g++) {
		unsigned v = digits_value(s + n->group[g].at, n->group[g].len);
		if (n->group[g].len != 4 || v > 2400 || v % 100 > 59 || v % 5 != 0)
			return false;
	}
	return true;
}

static bool thousands_like(const char *s, const struct number *n, unsigned from, unsigned to)
{
	if (to == from || n->group[from].len > 3)
		return false;
	for (unsigned g = from + 1; g <= to; g++) {
		if (n->group[g].len != 3 || gap_after(n, g - 1) != 1)
			return false;
	}
	return s[group_end(n, from)] == '.' || digits_value(s + n->group[to].at, 3) == 0;
}

// (212) 555-0100, 212-555-0100, 1-800-555-0100, 212.555.0100, 212 555 0100
static bool phone_north_american(const char *s, const struct number *n, unsigned from, unsigned to)
{
	if (to - from == 3 && n->group[from].len == 1 && s[n->group[from].at] == '1')
		from++;
	if (to - from != 2 || n->group[from].len != 3 || n->group[from + 1].len != 3 || n->group[to].len != 4)
		return false;
	const char *first = s + group_end(n, from), *second = s + group_end(n, from + 1);
	if (*first != ')' && s[n->group[from].at] < '2')
		return false;
	if (*first == ' ' && *second == ' ')
		return gap_after(n, from) == 1 && gap_after(n, from + 1) == 1 && s[n->group[from + 1].at] >= '2';
	return *first == ')' || ((*first == '-' || *first == '.') && *first == *second);
}

static bool phone_national(const char *s, const struct number *n, unsigned from, unsigned to, unsigned digits)
{
	const char *first = s + n->group[from].at;
	bool pairs = true, same_gaps = true;

	if (*first != '0' || n->group[from].len < 2 || first[1] == '0' || digits < 8 || digits > 13)
		return false;
	for (unsigned g = from; g <= to; g++) {
		pairs = pairs && n->group[g].len <= 2;
		same_gaps = same_gaps && (g == to || (gap_after(n, g) == 1 && s[group_end(n, g)] == s[group_end(n, from)]));
	}
	return !pairs || (to - from == 4 && same_gaps); // 01 23 45 67 89
}

static bool phone_international(const char *s, const struct number *n, unsigned from, unsigned digits)
{
	size_t at = n->group[from].at;

	while (at > 0 && s[at - 1] == '(')
		at--;
	if (at > 0 && s[at - 1] == '+')
		return digits >= 8 && (at < 2 || !fold_is_digit(s[at - 2]));
	if (n->group[from].len < 2 || strncmp(s + n->group[from].at, "00", 2) != 0 || digits < 11)
		return false;
	return s[n->group[from].len > 2 ? n->group[from].at + 2 : n->group[from + 1].at] != '0';
}

// A mobile number of China, 138 0013 8000, and one of Spain, 612 34 56 78.
static bool phone_mobile(const char *s, const struct number *n, unsigned from, unsigned to)
{
	const char *first = s + n->group[from].at;

	if (to == from || (to == from + 2 && n->group[from].len == 3 && n->group[from + 1].len == 4 && n->group[to].len == 4))
		return group_end(n, to) - n->group[from].at - (to - from) == 11 && first[0] == '1' && first[1] >= '3';
	return to == from + 3 && n->group[from].len == 3 && strchr("679", *first) != NULL && n->group[from + 1].len == 2 &&
	       n->group[from + 2].len == 2 && n->group[to].len == 2;
}

static bool phone_form(const struct folded *f, const struct number *n, unsigned from, unsigned to, unsigned digits, bool announced)
{
	const char *s = f->text;

	if (date_like(s, n, from, to) || hours_like(s, n, from, to))
		return false;
	if (thousands_like(s, n, from, to) && s[n->group[from].at] != '0')
		return false;
	return phone_international(s, n, from, digits) || phone_north_american(s, n, from, to) || phone_national(s, n, from, to, digits) ||
	       phone_mobile(s, n, from, to) || (digits >= 6 && announced);
}

// The most groups from g that make a phone number; 0 when none do.
static unsigned phone_at(const struct folded *f, const struct number *n, unsigned g)
{
	const char *s = f->text;
	unsigned best = 0, digits = 0;
	size_t at = n->group[g].at;

	// Inside a run, a number begins after a space.
	if (g > 0 && strchr(" (", s[at - 1]) == NULL)
		return 0;
	bool announced = lexicon_before(f, at, LEXICON_CALLS, LEXICON_CLASSES, KEYWORD_WORDS);
	for (unsigned to = g; to < n->groups; to++) {
		digits += (unsigned)n->group[to].len;
		if (digits > PHONE_DIGITS_MAX + 2)
			break;
		if (phone_form(f, n, g, to, digits, announced))
			best = to - g + 1;
	}
	return best;
}

// "ISBN 0-306-40615-2", "Art.-Nr. 0190074442", "serial number 0301234567": long numbers that name things.
bool filter_names_thing(const struct folded *f, size_t at)
{
	return lexicon_before(f, at, LEXICON_THINGS, LEXICON_THINGS_HOW, KEYWORD_WORDS);
}

static int number_judge(const struct folded *f, const struct number *n, struct filter_hits *hits)
{
	const char *s = f->text;

	for (unsigned g = 0; g < n->groups;) {
		unsigned card = card_at(s, n, g), taken = card > 0 ? card : phone_at(f, n, g);
		if (taken == 0 || (card == 0 && filter_names_thing(f, n->group[0].at))) {
			g++;
			continue;
		}
		size_t start = n->group[g].at, end = group_end(n, g + taken - 1);
		while (start > 0 && (s[start - 1] == '(' || s[start - 1] == '+')) // they belong to the number
			start--;
		if (filter_hits_add(hits, card > 0 ? RULE_CARD_NUMBER : RULE_PHONE_NUMBER, f->at[start], f->at[end]) != 0)
			return -1;
		g += taken;
	}
	return 0;
}

// ---- bank accounts ----

static const struct {
	char country[3];
	unsigned char len;
} iban_lengths[] = {
    {"ad", 24}, {"ae", 23}, {"al", 28}, {"at", 20}, {"az", 28}, {"ba", 20}, {"be", 16}, {"bg", 22}, {"bh", 22}, {"br", 29}, {"by", 28},
    {"ch", 21}, {"cr", 22}, {"cy", 28}, {"cz", 24}, {"de", 22}, {"dk", 18}, {"do", 28}, {"ee", 20}, {"eg", 29}, {"es", 24}, {"fi", 18},
    {"fo", 18}, {"fr", 27}, {"gb", 22}, {"ge", 22}, {"gi", 23}, {"gl", 18}, {"gr", 27}, {"gt", 28}, {"hr", 21}, {"hu", 28}, {"ie", 22},
    {"il", 23}, {"iq", 23}, {"is", 26}, {"it", 27}, {"jo", 30}, {"kw", 30}, {"kz", 20}, {"lb", 28}, {"li", 21}, {"lt", 20}, {"lu", 20},
    {"lv", 21}, {"mc", 27}, {"md", 24}, {"me", 22}, {"mk", 19}, {"mr", 27}, {"mt", 31}, {"mu", 30}, {"nl", 18}, {"no", 15}, {"pk", 24},
    {"pl", 28}, {"ps", 29}, {"pt", 25}, {"qa", 29}, {"ro", 24}, {"rs", 22}, {"sa", 24}, {"se", 24}, {"si", 19}, {"sk", 24}, {"sm", 27},
    {"tn", 24}, {"tr", 26}, {"ua", 29}, {"va", 22}, {"vg", 24}, {"xk", 20},
};

static bool mod97(const char *iban, size_t len)
{
	unsigned rest = 0;

	for (size_t i = 0; i < len; i++) {
		char c = iban[(i + 4) % len];
		rest = fold_is_digit(c) ? (rest * 10 + (unsigned)(c - '0')) % 97 : (rest * 100 + (unsigned)(c - 'a') + 10) % 97;
	}
	return rest == 1;
}

// Where the IBAN that begins at i ends; 0 when there is none.
static size_t iban_at(const struct folded *f, size_t i)
{
	const char *s = f->text;
	char iban[34];
	size_t want = 0, len = 0;

	for (size_t k = 0; k < ARRAY_LEN(iban_lengths); k++) {
		if (s[i] == iban_lengths[k].country[0] && s[i + 1] == iban_lengths[k].country[1])
			want = iban_lengths[k].len;
	}
	while (want > 0 && len < want) {
		if (len > 0 && (s[i] == ' ' || s[i] == '-' || s[i] == '.'))
			i++;
		if (!(fold_is_digit(s[i]) || (fold_is_letter(s[i]) && s[i] != FOLD_OTHER)) ||
		    ((len == 2 || len == 3) && !fold_is_digit(s[i])))
			return 0;
		iban[len++] = s[i++];
	}
	return want > 0 && fold_parts(f, i) && mod97(iban, len) ? i : 0;
}

int filter_numbers(const struct folded *f, struct filter_hits *hits)
{
	const char *s = f->text;
	struct number n;

	for (size_t i = 0; i < f->len;) {
		bool begins = i == 0 || fold_parts(f, i - 1);
		size_t iban = begins && fold_is_letter(s[i]) ? iban_at(f, i) : 0;
		if (iban > 0) {
			if (filter_hits_add(hits, RULE_IBAN, f->at[i], f->at[iban]) != 0)
				return -1;
			i = iban;
		} else if (fold_is_digit(s[i]) && (i == 0 || !fold_is_letter(s[i - 1]) || fold_is_han(f, i - 1))) {
			i = number_read(s, i, &n);
			if (number_judge(f, &n, hits) != 0)
				return -1;
		} else {
			i += fold_is_digit(s[i]) ? strspn(s + i, "0123456789") : 1;
		}
	}
	return 0;
}
