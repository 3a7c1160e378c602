// SPDX-License-Identifier: ISC
// Numbers of identity documents, tax and social insurance. Those with check digits are known by them, whatever stands around; others by their form,
// or by the word before them.
#include "fcgi/moderation/filter_lexicon.h"
#include "fcgi/moderation/filter_numbers.h"
#include "policy/base/array.h"
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 22, ID_DIGITS = 5, ID_MIXED = 8, IDENTIFIES_WORDS = 5 };

// The letters and digits from a place on, with at most one separator between two of them.
struct compact {
	char c[ID_MAX + 1];
	size_t end[ID_MAX]; // after each, in the folded text
	unsigned group[ID_MAX];
	char gap[ID_MAX]; // the separator before each; NUL: none
	unsigned len;
};

static bool id_char(const struct folded *f, size_t i)
{
	return fold_is_alnum(f->text[i]) && f->text[i] != FOLD_OTHER;
}

static void compact_read(struct compact *c, const struct folded *f, size_t i)
{
	unsigned group = 0;

	c->len = 0;
	while (c->len < ID_MAX && i < f->len) {
		char gap = '\0';
		if (c->len > 0 && !id_char(f, i) && strchr(" -./", f->text[i]) != NULL) {
			gap = f->text[i++];
			group++;
		}
		if (!id_char(f, i))
			break;
		c->c[c->len] = f->text[i];
		c->gap[c->len] = gap;
		c->group[c->len] = group;
		c->end[c->len++] = ++i;
	}
	c->c[c->len] = '\0';
}

// Whether the first n characters stand for themselves.
static bool compact_whole(const struct compact *c, const struct folded *f, unsigned n)
{
	return c->len >= n && fold_parts(f, c->end[n - 1]);
}

static bool compact_digits(const struct compact *c, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (!fold_is_digit(c->c[i]))
			return false;
	}
	return to <= c->len;
}

static unsigned value_of(const struct compact *c, unsigned from, unsigned n)
{
	unsigned v = 0;

	for (unsigned i = from; i < from + n; i++)
		v = v * 10 + (unsigned)(c->c[i] - '0');
	return v;
}

// ---- the countries' numbers: how many characters one has, 0: it is none ----

// Resident identity number: region, birthday, sequence, check digit (ISO 7064, mod 11-2).
static unsigned id_china(const struct compact *c)
{
	static const unsigned char weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
	unsigned sum = 0;

	if (!compact_digits(c, 0, 17) || c->len < 18 || c->c[0] == '0')
		return 0;
	unsigned year = value_of(c, 6, 4), month = value_of(c, 10, 2), day = value_of(c, 12, 2);
	for (unsigned i = 0; i < 17; i++)
		sum += weights[i] * (unsigned)(c->c[i] - '0');
	return year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && c->c[17] == "10x98765432"[sum % 11] ? 18
																	: 0;
}

// Numéro d'inscription au répertoire: sex, year, month, place (2A and 2B: Corsica), sequence, key (mod 97).
static unsigned id_france(const struct compact *c)
{
	unsigned long long n = 0;

	if (c->len < 15 || (c->c[0] != '1' && c->c[0] != '2'))
		return 0;
	for (unsigned i = 0; i < 13; i++) {
		bool corsica = i == 6 && c->c[5] == '2' && (c->c[i] == 'a' || c->c[i] == 'b');
		if (!fold_is_digit(c->c[i]) && !corsica)
			return 0;
		n = n * 10 + (corsica ? (c->c[i] == 'a' ? 9ull : 8ull) : (unsigned)(c->c[i] - '0'));
		if (corsica) // 2A counts as 19, 2B as 18
			n -= 10;
	}
	return compact_digits(c, 13, 15) && value_of(c, 3, 2) >= 1 && n % 97 + value_of(c, 13, 2) == 97 ? 15 : 0;
}

// Steuerliche Identifikationsnummer: of its first ten digits one stands there twice or three times; check digit (ISO 7064, mod 11,10).
static unsigned id_germany(const struct compact *c)
{
	unsigned times[10] = {0}, repeated = 0, product = 10;

	if (!compact_digits(c, 0, 11) || c->c[0] == '0')
		return 0;
	for (unsigned i = 0; i < 10; i++) {
		unsigned d = (unsigned)(c->c[i] - '0'), sum = (d + product) % 10;
		times[d]++;
		product = (sum == 0 ? 10 : sum) * 2 % 11;
	}
	for (unsigned d = 0; d < 10; d++) {
		repeated += times[d] > 1;
		if (times[d] > 3)
			return 0;
	}
	return repeated == 1 && (unsigned)(c->c[10] - '0') == (11 - product) % 10 ? 11 : 0;
}

// National Insurance number, QQ 12 34 56 C.
static unsigned id_insurance(const struct compact *c)
{
	static const char never[] = "bg gb kn nk nt tn zz";
	const char prefix[] = {c->c[0], c->c[1], '\0'};
	bool example = strcmp(prefix, "qq") == 0; // of the offices' own examples

	if (c->len < 9 || fold_is_digit(c->c[0]) || fold_is_digit(c->c[1]) || !compact_digits(c, 2, 8) || c->c[8] < 'a' || c->c[8] > 'd')
		return 0;
	return example || (strchr("dfiquv", c->c[0]) == NULL && strchr("dfiquvo", c->c[1]) == NULL && strstr(never, prefix) == NULL) ? 9
																     : 0;
}

// NHS number, 943 476 5919: ten digits with a check digit (mod 11), written in three groups.
static unsigned id_health(const struct compact *c)
{
	unsigned sum = 0;

	if (!compact_digits(c, 0, 10) || c->gap[3] != ' ' || c->gap[6] != ' ' || c->group[9] != 2)
		return 0;
	for (unsigned i = 0; i < 9; i++)
		sum += (10 - i) * (unsigned)(c->c[i] - '0');
	return (11 - sum % 11) % 11 == (unsigned)(c->c[9] - '0') ? 10 : 0;
}

// Social Security number and Individual Taxpayer Identification number, 123-45-6789.
static unsigned id_states(const struct compact *c)
{
	if (!compact_digits(c, 0, 9) || c->gap[3] != '-' || c->gap[5] != '-' || c->group[8] != 2)
		return 0;
	return value_of(c, 0, 3) != 0 && value_of(c, 3, 2) != 0 && value_of(c, 5, 4) != 0 ? 9 : 0;
}

// Documento nacional de identidad, 12345678Z, and that of foreigners, X1234567L.
static unsigned id_spain(const struct compact *c)
{
	const char *foreign = c->len > 0 ? strchr("xyz", c->c[0]) : NULL;
	unsigned from = foreign != NULL, n;

	if (!compact_digits(c, from, 8) || c->len < 9 || c->gap[8] == ' ' || c->gap[8] == '/')
		return 0;
	n = value_of(c, from, 8 - from) + (foreign != NULL ? (unsigned)(foreign - "xyz") * 10000000u : 0);
	return c->c[8] == "trwagmyfpdxbnjzsqvhlcke"[n % 23] ? 9 : 0;
}

// What follows a word like "passport": its groups that hold a digit, and single letters between them.
static unsigned id_announced(const struct compact *c, const struct folded *f)
{
	unsigned digits = 0, whole = 0, found = 0;
	bool digit = false, mixed = false;

	for (unsigned i = 0; i < c->len; i++) {
		digit = (i > 0 && c->group[i] == c->group[i - 1] && digit) || fold_is_digit(c->c[i]);
		digits += fold_is_digit(c->c[i]);
		if (i + 1 < c->len && c->group[i + 1] == c->group[i])
			continue;
		if (!digit && (whole == 0 || i - whole > 0))
			break;
		mixed = mixed || (digit && i + 1 - whole >= ID_MIXED);
		whole = i + 1;
		found = digit ? whole : found;
	}
	return (digits >= ID_DIGITS || mixed) && found > 0 && compact_whole(c, f, found) ? found : 0;
}

int filter_ids(const struct folded *f, struct filter_hits *hits)
{
	static unsigned (*const forms[])(const struct compact *) = {id_china,  id_france, id_germany, id_insurance,
								    id_health, id_states, id_spain};
	struct compact c;

	for (size_t i = 0; i < f->len; i++) {
		if (!id_char(f, i) || (i > 0 && !fold_parts(f, i - 1)))
			continue;
		compact_read(&c, f, i);
		unsigned n = 0, digits = 0;
		for (unsigned k = 0; k < c.len; k++)
			digits += fold_is_digit(c.c[k]);
		for (unsigned k = 0; k < ARRAY_LEN(forms) && n == 0 && digits >= ID_DIGITS; k++) {
			n = forms[k](&c);
			n = n > 0 && compact_whole(&c, f, n) && !filter_names_thing(f, i) ? n : 0;
		}
		if (n == 0 && digits > 1 && lexicon_before(f, i, LEXICON_IDENTIFIES, LEXICON_IDENTIFIES_HOW, IDENTIFIES_WORDS))
			n = id_announced(&c, f);
		if (n == 0)
			continue;
		if (filter_hits_add(hits, FILTER_ID_NUMBER, f->at[i], f->at[c.end[n - 1]]) != 0)
			return -1;
		i = c.end[n - 1] - 1;
	}
	return 0;
}
