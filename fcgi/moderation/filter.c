// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_lexicon.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <string.h>

static const struct {
	const char *mask, *word;
} rules[FILTER_CLASSES] = {
    [RULE_MAIL_ADDRESS] = {"[mail address]", "rule.mail-address"},
    [RULE_PHONE_NUMBER] = {"[phone number]", "rule.phone-number"},
    [RULE_CARD_NUMBER] = {"[card number]", "rule.card-number"},
    [RULE_IBAN] = {"[IBAN]", "rule.iban"},
    [RULE_MINORS] = {"[removed]", "rule.minors"},
    [FILTER_NAME] = {"[name]", NULL},
    [FILTER_ID_NUMBER] = {"[id number]", NULL},
    [FILTER_USER_PAGE] = {"[web address]", NULL},
    [FILTER_IP_ADDRESS] = {"[IP address]", NULL},
};

enum { GAP_MAX = 3, LOCAL_MAX = 128, HOST_MAX = 255 }; // in characters

// ---- mail addresses ----

// How many spaces stand there; of more than a few it does not matter.
static size_t spaces_at(const char *s)
{
	size_t n = 0;

	while (n < GAP_MAX && s[n] == ' ')
		n++;
	return n;
}

// How the sign between name and host is written, and the dots of the host.
enum mail_sign {
	MAIL_PLAIN,   // @
	MAIL_BRACKET, // (at)
	MAIL_WORD,    // at
};

// The sign at i, "@", "[at]" or " at " with or without spaces: its length, else 0.
static size_t mail_at_sign(const char *s, enum mail_sign *sign)
{
	static const char *const forms[] = {"@",        "[at]",      "(at)",      "{at}", "<at>", "[@]",     "(@)",     "(arroba)",
					    "[arroba]", "(arobase)", "[arobase]", "(a)",  "at ",  "arroba ", "arobase "};
	size_t gap = spaces_at(s);

	if (gap > 2 || s[gap] == '\0' || strchr("@[({<a", s[gap]) == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t len = strlen(forms[i]);
		if (strncmp(s + gap, forms[i], len) != 0)
			continue;
		size_t after = spaces_at(s + gap + len);
		bool spaced = gap > 0 || after > 0;
		*sign = i == 0 ? MAIL_PLAIN : forms[i][0] != 'a' ? MAIL_BRACKET : MAIL_WORD;
		// "see you @ example.com" is a place, "me [at] example.com" is not.
		if ((spaced && *sign == MAIL_PLAIN) || (gap == 0 && *sign == MAIL_WORD) || after > 2)
			return 0;
		return gap + len + after;
	}
	return 0;
}

// A dot between two labels, ".", "[dot]", or " dot " where the sign was not "@" itself: its length, else 0.
static size_t host_dot_sign(const char *s, enum mail_sign sign)
{
	static const char *const forms[] = {"[dot]",   "(dot)",   "{dot}", "[punkt]", "(punkt)", "[.]",   "(.)",
					    "(point)", "(punto)", "dot ",  "punkt ",  "point ",  "punto "};
	size_t gap = spaces_at(s);

	if (*s == '.' && sign != MAIL_WORD)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t len = strlen(forms[i]);
		bool word = forms[i][len - 1] == ' ';
		if (gap <= 2 && (!word || (gap > 0 && sign != MAIL_PLAIN)) && strncmp(s + gap, forms[i], len) == 0)
			return gap + len + spaces_at(s + gap + len);
	}
	return 0;
}

// "logo@2x.png": the ending of a file is no top-level domain, unless one stands before it ("info@example.com.png").
static bool label_of_file(const char *s, size_t len)
{
	return text_among(
	    "png jpg jpeg gif svg webp avif ico bmp tif tiff js css scss json xml html htm php pdf mp4 mp3 webm woff woff2 ttf psd "
	    "docx xlsx pptx",
	    s, len);
}

static bool label_of_density(const char *s, size_t len)
{
	return len >= 2 && s[len - 1] == 'x' && strspn(s, "0123456789.") == len - 1;
}

// Whether the character belongs to the same part of an address as the one at `like`: in Chinese text an address stands among the words, with no space.
static bool mail_char(const struct folded *f, size_t i, size_t like)
{
	return fold_is_alnum(f->text[i]) && fold_is_han(f, i) == fold_is_han(f, like);
}

// The length of a host name with at least one dot and a top label of letters; 0 when there is none.
static size_t host_length(const struct folded *f, size_t at, enum mail_sign sign)
{
	const char *s = f->text + at;
	size_t i = 0, whole = 0;
	bool density = false; // "2x": an image for dense screens

	for (;;) {
		size_t label = i;
		while (mail_char(f, at + i, at) || (s[i] == '-' && i > label && mail_char(f, at + i + 1, at)))
			i++;
		if (i == label || i > HOST_MAX)
			return whole;
		bool letters = i - label >= 2 && !(s[label] >= '0' && s[label] <= '9');
		if (label > 0 && letters && label_of_file(s + label, i - label) && (whole == 0 || density))
			return 0;
		density = density || (label == 0 && label_of_density(s, strcspn(s, ".-")));
		if (label > 0 && letters)
			whole = i;
		size_t dot = host_dot_sign(s + i, sign);
		if (dot == 0 || !mail_char(f, at + i + dot, at))
			return whole;
		i += dot;
	}
}

static int mail_find(const struct folded *f, struct filter_hits *hits)
{
	size_t free_from = 0;

	for (size_t i = 0; i < f->len; i++) {
		enum mail_sign how;
		size_t sign = mail_at_sign(f->text + i, &how), start = i, host;
		if (sign == 0)
			continue;
		while (start > free_from && i - start < LOCAL_MAX &&
		       (mail_char(f, start - 1, i - 1) || strchr("._%+-'!#$&*/=?^`{|}~", f->text[start - 1]) != NULL))
			start--;
		while (start < i && !fold_is_alnum(f->text[start]))
			start++;
		if (start == i || (host = host_length(f, i + sign, how)) == 0)
			continue;
		if (filter_hits_add(hits, RULE_MAIL_ADDRESS, f->at[start], f->at[i + sign + host]) != 0)
			return -1;
		i += sign + host - 1;
		free_from = i + 1;
	}
	return 0;
}

// ---- all rules ----

int filter_spans(const char *text, rule_set set, struct filter_hits *hits)
{
	FOLD_AUTO struct folded f = {0};
	struct err e;

	if (lexicon_ready(&e) != 0 || fold_text(&f, text) != 0 || mail_find(&f, hits) != 0)
		return -1;
	if ((set & RULE_BIT(FILTER_NAME)) && filter_names(&f, hits) != 0)
		return -1;
	if ((set & (RULE_BIT(FILTER_USER_PAGE) | RULE_BIT(FILTER_IP_ADDRESS))) && filter_web(&f, hits) != 0)
		return -1;
	if (filter_numbers(&f, hits) != 0 || ((set & RULE_BIT(FILTER_ID_NUMBER)) && filter_ids(&f, hits) != 0))
		return -1;
	filter_hits_settle(hits);
	return 0;
}

int filter_find(const char *text, rule_set *found)
{
	FILTER_HITS_AUTO struct filter_hits hits = {0};

	*found = 0;
	if (filter_spans(text, RULES_PERSONAL, &hits) != 0)
		return -1;
	for (size_t i = 0; i < hits.count; i++)
		*found |= RULE_BIT(hits.at[i].class);
	if (filter_minors(text))
		*found |= RULE_BIT(RULE_MINORS);
	return 0;
}

int filter_mask(const char *text, rule_set set, struct buf *out, unsigned *masked)
{
	FILTER_HITS_AUTO struct filter_hits hits = {0};
	size_t done = 0;

	if (filter_spans(text, set, &hits) != 0)
		return -1;
	for (size_t i = 0; i < hits.count; i++) {
		const struct filter_hit *hit = &hits.at[i];
		if (!(set & RULE_BIT(hit->class)))
			continue;
		if (masked != NULL)
			++*masked;
		buf_add(out, text + done, hit->start - done);
		buf_adds(out, rules[hit->class].mask);
		done = hit->end;
	}
	return buf_adds(out, text + done);
}

struct filter_result filter_judge(const enum policy_action content[RULE_COUNT], rule_set found, bool confirmed)
{
	rule_set by_action[CONTENT_REFUSE + 1] = {0};

	for (unsigned r = 0; r < RULE_COUNT; r++) {
		if (found & RULE_BIT(r))
			by_action[content[r]] |= RULE_BIT(r);
	}
	struct filter_result v = {.action = CONTENT_ALLOW, .mask = by_action[CONTENT_ANONYMISE]};
	if (by_action[CONTENT_REFUSE] != 0)
		v.action = CONTENT_REFUSE;
	else if (by_action[CONTENT_WARN] != 0 && !confirmed)
		v.action = CONTENT_WARN;
	else if (v.mask != 0)
		v.action = CONTENT_ANONYMISE;
	v.rules = by_action[v.action];
	return v;
}

void filter_describe(struct buf *out, rule_set set, enum language language)
{
	for (unsigned r = 0; r < RULE_COUNT; r++) {
		if (!(set & RULE_BIT(r)))
			continue;
		set &= ~RULE_BIT(r);
		buf_adds(out, out->len == 0 ? "" : word_in(language, set == 0 ? "rule.and" : "join.comma"));
		buf_adds(out, word_in(language, rules[r].word));
	}
}
