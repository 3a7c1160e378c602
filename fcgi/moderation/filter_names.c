// SPDX-License-Identifier: ISC
// Names of persons. Nobody knows them all, and most capital letters are none's: what is looked for is the place where one stands (names.txt), in an
// introduction, a greeting, a signature, a form, the head of a mail, after a title, above a street.
#include "fcgi/moderation/filter_lexicon.h"
#include "fcgi/moderation/filter_numbers.h"
#include "policy/base/array.h"
#include <string.h>

enum {
	NAME_WORDS = 4,
	SMALL_WORDS = 2,  // of a name in small letters
	GAP_MAX = 4,      // characters between what announces a name and the name
	HAN_NAME = 4,     // characters
	STREET_MAX = 48,  // characters of a line in which a street is looked for
	MAIL_NEAR = 130,  // characters of an address after a name
	BEFORE_MAIL = 60, // characters of a name before an address
};

// Of what was read as a name.
struct name {
	size_t start, end; // without the titles; end 0: none was read
	unsigned words;
	bool titled, given, capital, other,
	    person; // `other`: a word that makes it a business or a place; `person`: after a title, not known to be a brand
};

#define S(at)  (f->text[at])
#define BIT(c) LEXICON_BIT(LEXICON_##c)

static bool latin(const struct folded *f, size_t i)
{
	return fold_is_letter(S(i)) && !fold_is_han(f, i);
}

static bool word_starts(const struct folded *f, size_t i)
{
	return latin(f, i) && (i == 0 || fold_parts(f, i - 1));
}

// One of the characters, or the end of the text.
static bool ends_with(const struct folded *f, size_t i, const char *signs)
{
	while (i < f->len && S(i) == ' ')
		i++;
	return i >= f->len || strchr(signs, S(i)) != NULL;
}

static size_t skip(const struct folded *f, size_t i, const char *signs)
{
	for (size_t from = i; i < f->len && i - from < GAP_MAX && strchr(signs, S(i)) != NULL;)
		i++;
	return i;
}

// ---- Latin letters ----

// Where the word of a name ends: O'Brien, Anne-Marie, J.
static size_t name_word_end(const struct folded *f, size_t i)
{
	size_t end = lexicon_word_end(f, i);

	while (end > i && (S(end) == '-' || S(end) == '\'') && latin(f, end + 1) && end - i < LEXICON_ITEM_MAX)
		end = lexicon_word_end(f, end + 1);
	return S(end) == '.' && end == i + 1 ? end + 1 : end;
}

// The classes of a word and of its parts: "l'équipe" is no name.
static lexicon_set name_word_classes(const struct folded *f, size_t i, size_t end)
{
	lexicon_set all = lexicon_word(f, i, end);

	for (size_t part = i; part < end;) {
		size_t stop = lexicon_word_end(f, part);
		if (stop - part > 1 || stop < end)
			all |= lexicon_word(f, part, stop) & (part == i ? ~0u : BIT(NO_PERSON_BESIDE));
		part = stop + 1;
	}
	return all;
}

static size_t titles_skip(const struct folded *f, size_t i, struct name *n)
{
	for (unsigned count = 0; count < NAME_WORDS; count++) {
		size_t end = lexicon_word_end(f, i);
		if (end == i || !(lexicon_word(f, i, end) & BIT(TITLE)))
			break;
		size_t next = skip(f, end, ". ");
		if (next == end || !word_starts(f, next))
			break;
		n->titled = true;
		i = next;
	}
	return i;
}

// Reads the name that begins at i. `small`: it may be in small letters.
static struct name person_read(const struct folded *f, size_t i, bool small)
{
	struct name n = {.person = true};
	unsigned parts = 0;
	size_t from = 0; // the first of the parts before the first word
	bool after_part = false;

	if (!word_starts(f, i))
		return n;
	n.start = i = titles_skip(f, i, &n);
	while (n.words + parts < NAME_WORDS + 2 && n.words < NAME_WORDS) {
		size_t end = name_word_end(f, i), last = n.end;
		lexicon_set classes = name_word_classes(f, i, end);
		bool capital = fold_is_capital(f, i);
		// "von der", but not "Meisterin der".
		bool article = end - i == 3 && S(i) == 'd' && S(i + 1) == 'e' && strchr("rnm", S(i + 2)) != NULL;
		bool part = (classes & BIT(NAME_PART)) && (!article || after_part);
		if (end == i || (S(end) >= '0' && S(end) <= '9'))
			break;
		if (!capital && part && (n.words > 0 || n.titled || small) && S(end) == ' ') {
			from = parts++ == 0 ? i : from;
			after_part = true;
			i = end + 1;
			continue;
		}
		if (((classes & BIT(NO_NAME)) && !(part && capital && n.words > 0)) || (n.words > 0 && (classes & BIT(TITLE))))
			break;
		if (!capital) {
			// Small letters: one word, or two with an end behind them.
			bool taken = small && !n.capital && n.words < SMALL_WORDS && end - i > 1 && S(end) != '\'';
			size_t next = end + (S(end) == ' ');
			bool over = ends_with(f, end, ",.;:!?()\n\"") || (lexicon_word(f, next, lexicon_word_end(f, next)) & BIT(NO_NAME));
			if (!taken || (n.words > 0 && !over))
				break;
		}
		if (n.words == 0) {
			n.capital = capital;
			n.person = !(classes & BIT(NO_PERSON));
			n.given = (classes & BIT(GIVEN)) != 0;
			n.start = parts > 0 ? from : i;
		}
		after_part = false;
		n.other = n.other || (classes & BIT(NO_PERSON_BESIDE));
		n.words++;
		n.end = end;
		size_t gap = S(end) == ' ' ? 1 : 0;
		if (last == end || gap == 0 || !word_starts(f, end + gap))
			break;
		i = end + gap;
	}
	// "J." alone is no name, and a letter is none.
	if (n.words > 0 && n.end - n.start < 2 + (S(n.end - 1) == '.'))
		n.end = 0;
	if (n.end > 0 && S(n.end - 1) == '.' && n.words == 1)
		n.end = 0;
	return n;
}

// More than a capital letter says that it is a person.
static bool name_sure(const struct name *n)
{
	return n->end > 0 && n->capital && ((n->titled && n->person) || n->given || (n->words >= 2 && !n->other));
}

static bool name_known(const struct name *n)
{
	return n->end > 0 && n->capital && ((n->titled && n->person) || n->given);
}

static bool name_capital(const struct name *n)
{
	return n->end > 0 && n->capital && (n->given || n->titled || !n->other) && n->person;
}

// ---- Chinese ----

static bool han_is(const struct folded *f, size_t i, lexicon_set class)
{
	lexicon_set found;

	return i < f->len && fold_is_han(f, i) && lexicon_item(f, i, class, &found) != 0;
}

static bool han_char_is(const struct folded *f, size_t i, lexicon_set class)
{
	return i < f->len && fold_is_han(f, i) && (lexicon_find(f->source + f->at[i], f->at[i + 1] - f->at[i]) & class) != 0;
}

// Where the Chinese name that begins at i ends; 0: there is none. `whole`: no other word may go on behind it.
static size_t han_name_end(const struct folded *f, size_t i, bool whole)
{
	bool pair = i + 1 < f->len && fold_is_han(f, i) && fold_is_han(f, i + 1) &&
		    (lexicon_find(f->source + f->at[i], f->at[i + 2] - f->at[i]) & BIT(FAMILY));
	size_t end = i + (pair ? 2 : 1);

	if ((!pair && !han_char_is(f, i, BIT(FAMILY))) || han_is(f, i, BIT(NO_FAMILY)))
		return 0;
	if (end >= f->len || !fold_is_han(f, end) || han_is(f, end, BIT(TITLE_AFTER)) || (whole && han_char_is(f, end, BIT(HAN_ENDS))))
		return 0;
	end++;
	if (end < f->len && fold_is_han(f, end) && !han_char_is(f, end, BIT(HAN_ENDS)) && !han_is(f, end, BIT(TITLE_AFTER)))
		end++;
	if (whole && end < f->len && fold_is_han(f, end) && !han_char_is(f, end, BIT(HAN_ENDS)) && !han_is(f, end, BIT(TITLE_AFTER)))
		return 0;
	return end;
}

// A name without a family's that stands alone between what announces it and a sign.
static size_t han_alone_end(const struct folded *f, size_t i)
{
	size_t end = i;

	while (end < f->len && end - i <= HAN_NAME && fold_is_han(f, end) && !han_char_is(f, end, BIT(HAN_ENDS)))
		end++;
	return end - i >= 2 && end - i <= HAN_NAME ? end : 0;
}

// The name that ends at `end`, before 先生 and the like: where it begins; `end`: there is none.
static size_t han_name_start(const struct folded *f, size_t end)
{
	for (size_t back = 3; back >= 1; back--) {
		size_t i = end - back;
		bool han = back <= end && end - back < f->len;
		for (size_t k = i; han && k < end; k++)
			han = fold_is_han(f, k);
		if (han && (han_char_is(f, i, BIT(FAMILY))) && !(back > 1 && han_is(f, i, BIT(NO_FAMILY))))
			return i;
	}
	return end;
}

// ---- what announces a name ----

static bool line_starts(const struct folded *f, size_t i)
{
	for (size_t back = 0; back < GAP_MAX && i > 0 && strchr(" >*", S(i - 1)) != NULL; back++)
		i--;
	return i == 0 || S(i - 1) == '\n' || strchr("<{\";,", S(i - 1)) != NULL;
}

// Takes the name after a word or phrase of the classes, which ends at `cue`. What was found, or 0.
static struct name person_after(const struct folded *f, size_t start, size_t cue, lexicon_set classes)
{
	const size_t plain = skip(f, cue, " \"'"), colon = skip(f, plain, ":="), to = skip(f, colon, " \"'");
	const bool colons = colon > plain, lines = (classes & (BIT(CLOSES) | BIT(MAY_CLOSE))) != 0;
	struct name n = {0};

	if (colons && (classes & (BIT(LABELS) | BIT(MAY_LABEL) | BIT(HEADS)))) {
		n = person_read(f, to, false);
		bool head = (classes & BIT(HEADS)) && line_starts(f, start);
		size_t comma = n.end > 0 && S(n.end) == ',' ? skip(f, n.end, ", ") : 0;
		struct name first = comma > 0 && (head || (classes & BIT(LABELS))) ? person_read(f, comma, false) : (struct name){0};
		if (first.end > 0 && first.given && n.words == 1 && !n.given) { // "Schmidt, Anna"
			n.end = first.end;
			n.given = true;
		}
		if (((classes & BIT(LABELS)) && name_capital(&n)) || ((classes & BIT(MAY_LABEL)) && name_sure(&n)) ||
		    (head && name_capital(&n) && ends_with(f, skip(f, n.end, "\"'"), "<")) ||
		    (head && name_sure(&n) && ends_with(f, n.end, "<,;(\n\"[")))
			return n;
	}
	if (classes & BIT(INTRODUCES)) {
		n = person_read(f, to, true);
		if (n.end > 0 && n.person)
			return n;
	}
	if (classes & BIT(MAY_INTRODUCE)) {
		n = person_read(f, skip(f, cue, " ,:\"'"), false);
		if (name_known(&n))
			return n;
	}
	if (classes & (BIT(GREETS) | BIT(MAY_GREET))) {
		n = person_read(f, skip(f, cue, " ,"), false);
		if (name_known(&n) || ((classes & BIT(GREETS)) && name_capital(&n) && ends_with(f, n.end, ",:!\n")))
			return n;
	}
	if (classes & BIT(LEADS)) {
		n = person_read(f, skip(f, to, ". "), false);
		if (name_sure(&n))
			return n;
	}
	if (lines) {
		size_t at = skip(f, cue, " ,.!\n"), again;
		lexicon_set found;
		bool line = memchr(f->text + cue, '\n', at - cue) != NULL, parted = line || memchr(f->text + cue, ',', at - cue) != NULL;
		bool closes = (classes & BIT(CLOSES)) != 0;
		again = at < f->len && word_starts(f, at) ? lexicon_item(f, at, BIT(CLOSES) | BIT(MAY_CLOSE), &found) : 0;
		if (again > 0) {
			closes = closes || (found & BIT(CLOSES));
			cue = again;
			at = skip(f, cue, " ,.!\n");
			line = line || memchr(f->text + cue, '\n', at - cue) != NULL;
		}
		n = person_read(f, at, false);
		if ((name_capital(&n) && (closes || line) && ends_with(f, n.end, ",.;(|<-\n[/")) || (name_known(&n) && (closes || parted)))
			return n;
	}
	return (struct name){0};
}

// The same in Chinese, and of a Chinese name in whatever language.
static size_t han_after(const struct folded *f, size_t cue, lexicon_set classes, size_t *start)
{
	const lexicon_set strong = BIT(INTRODUCES) | BIT(LABELS) | BIT(GREETS) | BIT(LEADS);
	size_t at = skip(f, cue, " :=,.!\n\"'"), end = 0;
	const bool colons = memchr(f->text + cue, ':', at - cue) != NULL;

	*start = at;
	if (at >= f->len || !fold_is_han(f, at))
		return 0;
	if ((classes & (BIT(LABELS) | BIT(MAY_LABEL) | BIT(HEADS))) &&
	    !(classes & ~(BIT(LABELS) | BIT(MAY_LABEL) | BIT(HEADS) | BIT(CLOSES))) && !colons && at == cue)
		return 0;
	end = han_name_end(f, at, !(classes & strong));
	if (end == 0 && (classes & BIT(INTRODUCES)))
		end = han_alone_end(f, at);
	return end;
}

// ---- addresses ----

static bool street_word(const struct folded *f, size_t i, size_t end)
{
	static const char *const endings[] = {"strasse", "str",  "weg",      "platz", "allee", "gasse",
					      "ufer",    "damm", "chaussee", "steig", "ring",  "straat"};

	if (lexicon_word(f, i, end) & BIT(STREET))
		return true;
	for (size_t k = 0; k < ARRAY_LEN(endings); k++) {
		size_t len = strlen(endings[k]);
		if (end - i > len + 2 && strncmp(f->text + end - len, endings[k], len) == 0)
			return true;
	}
	return false;
}

// Whether the line from i on is one of a postal address: a street and its number, or a town's code.
static bool street_at(const struct folded *f, size_t i)
{
	bool word = false, number = false;

	for (size_t end = i; end < f->len && end - i < STREET_MAX && S(end) != '\n';) {
		if (fold_is_digit(S(end))) {
			size_t from = end;
			while (fold_is_digit(S(end)))
				end++;
			number = number || end - from <= 5;
		} else if (latin(f, end)) {
			size_t stop = lexicon_word_end(f, end);
			word = word || street_word(f, end, stop);
			end = stop;
		} else if (strchr(".!?", S(end)) != NULL && number && !word) {
			break;
		} else {
			end++;
		}
		if (word && number)
			return true;
	}
	return false;
}

// A Chinese name at i with an address behind it.
static size_t han_addressee(const struct folded *f, size_t i)
{
	size_t end = i == 0 || !fold_is_han(f, i - 1) ? han_name_end(f, i, true) : 0, at;

	if (end == 0 || fold_is_han(f, end))
		return 0;
	at = skip(f, end, " ,.;\n");
	for (size_t k = at; at > end && k < f->len && k - at < STREET_MAX / 3 && fold_is_han(f, k); k++) {
		if (k > at && han_is(f, k, BIT(HAN_STREET)))
			return end;
	}
	return 0;
}

// The name before "<mail@address>", which ends at i.
static struct name name_before_mail(const struct folded *f, size_t i)
{
	size_t end = i, start, at = i + 1;
	struct name n = {0};

	while (at < f->len && at - i < MAIL_NEAR && strchr("@> \n)", S(at)) == NULL)
		at++;
	if (at >= f->len || S(at) != '@')
		return n;
	while (end > 0 && strchr(" \"'", S(end - 1)) != NULL && i - end < GAP_MAX)
		end--;
	for (start = end; start > 0 && end - start < BEFORE_MAIL && (latin(f, start - 1) || strchr(" .-'", S(start - 1)) != NULL);)
		start--;
	// The longest that reaches the address.
	for (; start < end; start++) {
		if (!word_starts(f, start))
			continue;
		n = person_read(f, start, false);
		if (n.end == end && name_capital(&n))
			return n;
	}
	return (struct name){0};
}

// ---- all ----

int filter_names(const struct folded *f, struct filter_hits *hits)
{
	static const lexicon_set cues = BIT(INTRODUCES) | BIT(MAY_INTRODUCE) | BIT(GREETS) | BIT(MAY_GREET) | BIT(CLOSES) | BIT(MAY_CLOSE) |
					BIT(LABELS) | BIT(MAY_LABEL) | BIT(LEADS) | BIT(HEADS);
	size_t read = 0; // up to here a name was looked for above a street

	for (size_t i = 0; i < f->len; i++) {
		const bool han = fold_is_han(f, i), starts = word_starts(f, i);
		lexicon_set found = 0;
		struct name n = {0};
		if (S(i) == '<' || S(i) == '(')
			n = name_before_mail(f, i);
		if (n.end == 0 && !han && !starts)
			continue;
		size_t cue = n.end == 0 ? lexicon_item(f, i, cues, &found) : 0;
		if (cue > 0) {
			n = person_after(f, i, cue, found);
			if (n.end == 0)
				n.end = han_after(f, cue, found, &n.start);
		}
		if (n.end == 0 && starts) {
			size_t end = lexicon_word_end(f, i);
			lexicon_set classes = lexicon_word(f, i, end);
			n = (classes & BIT(TITLE)) ? person_read(f, i, false) : (struct name){0};
			if (!(n.titled && n.person && n.capital))
				n.end = 0;
			if (n.end == 0 && (classes & BIT(TITLE_WEAK)) && S(end) == '.' && fold_is_capital(f, i)) {
				n = person_read(f, skip(f, end, ". "), false);
				if (!name_sure(&n))
					n.end = 0;
			}
			if (n.end == 0 && i >= read && fold_is_capital(f, i)) {
				n = person_read(f, i, false);
				read = n.end > 0 ? n.end : i + 1;
				size_t street = n.end > 0 ? skip(f, n.end, " ,;\n") : 0;
				if (!(n.words >= 2 && name_sure(&n) && street > n.end + (S(n.end) == ' ') && street_at(f, street)))
					n.end = 0;
			}
		}
		if (n.end == 0 && han && han_is(f, i, BIT(TITLE_AFTER))) {
			n.start = han_name_start(f, i);
			n.end = n.start < i ? i : 0;
		}
		if (n.end == 0 && han) {
			n.start = i;
			n.end = han_addressee(f, i);
		}
		if (n.end == 0)
			continue;
		if (filter_hits_add(hits, FILTER_NAME, f->at[n.start], f->at[n.end]) != 0)
			return -1;
		if (n.end > i)
			i = n.end - 1;
	}
	return 0;
}
