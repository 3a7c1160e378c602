// SPDX-License-Identifier: ISC
#include "fcgi/moderation/filter.h"
#include "fcgi/moderation/filter_numbers.h"
#include "policy/base/array.h"
#include <string.h>

static const struct {
	const char *mask, *word;
} rules[RULE_COUNT] = {
    [RULE_MAIL_ADDRESS] = {"[mail address]", "rule.mail-address"},
    [RULE_PHONE_NUMBER] = {"[phone number]", "rule.phone-number"},
    [RULE_CARD_NUMBER] = {"[card number]", "rule.card-number"},
    [RULE_IBAN] = {"[IBAN]", "rule.iban"},
    [RULE_MINORS] = {"[removed]", "rule.minors"},
};

// ---- mail addresses ----

// The sign between name and host at i, written "@" or "[at]" with or without spaces: its length, else 0.
static size_t mail_at_sign(const char *s)
{
	static const char *const forms[] = {"@", "[at]", "(at)", "{at}", "<at>", "[@]", "(@)"};
	size_t gap = strspn(s, " ");

	if (gap > 2 || s[gap] == '\0' || strchr("@[({<", s[gap]) == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t len = strlen(forms[i]);
		if (strncmp(s + gap, forms[i], len) != 0)
			continue;
		size_t after = strspn(s + gap + len, " ");
		bool spaced = gap > 0 || after > 0;
		// "see you @ example.com" is a place, "me [at] example.com" is not.
		return spaced && i == 0 ? 0 : after > 2 ? 0 : gap + len + after;
	}
	return 0;
}

// A dot between two labels, "." or "[dot]": its length, else 0.
static size_t host_dot_sign(const char *s)
{
	static const char *const forms[] = {"[dot]", "(dot)", "{dot}", "[punkt]", "(punkt)", "[.]", "(.)"};
	size_t gap = strspn(s, " ");

	if (*s == '.')
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t len = strlen(forms[i]);
		if (gap <= 2 && strncmp(s + gap, forms[i], len) == 0)
			return gap + len + strspn(s + gap + len, " ");
	}
	return 0;
}

// "logo@2x.png": the ending of a file is no top-level domain, unless one stands before it ("info@example.com.png").
static bool label_of_file(const char *s, size_t len)
{
	static const char *const endings[] = {"png",  "jpg", "jpeg", "gif",  "svg",   "webp", "avif", "ico",  "bmp",  "tif",
					      "tiff", "js",  "css",  "scss", "json",  "xml",  "html", "htm",  "php",  "pdf",
					      "mp4",  "mp3", "webm", "woff", "woff2", "ttf",  "psd",  "docx", "xlsx", "pptx"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		if (strlen(endings[i]) == len && strncmp(s, endings[i], len) == 0)
			return true;
	}
	return false;
}

static bool label_of_density(const char *s, size_t len)
{
	return len >= 2 && s[len - 1] == 'x' && strspn(s, "0123456789.") == len - 1;
}

// The length of a host name with at least one dot and a top label of letters; 0 when there is none.
static size_t host_length(const char *s)
{
	size_t i = 0, whole = 0;
	bool density = false; // "2x": an image for dense screens

	for (;;) {
		size_t label = i;
		while (fold_is_alnum(s[i]) || (s[i] == '-' && i > label && fold_is_alnum(s[i + 1])))
			i++;
		if (i == label)
			return whole;
		bool letters = i - label >= 2 && !(s[label] >= '0' && s[label] <= '9');
		if (label > 0 && letters && label_of_file(s + label, i - label) && (whole == 0 || density))
			return 0;
		density = density || (label == 0 && label_of_density(s, strcspn(s, ".-")));
		if (label > 0 && letters)
			whole = i;
		size_t dot = host_dot_sign(s + i);
		if (dot == 0 || !fold_is_alnum(s[i + dot]))
			return whole;
		i += dot;
	}
}

static int mail_find(const struct folded *f, struct filter_hits *hits)
{
	size_t free_from = 0;

	for (size_t i = 0; i < f->len; i++) {
		size_t sign = mail_at_sign(f->text + i), start = i, host;
		if (sign == 0)
			continue;
		while (start > free_from &&
		       (fold_is_alnum(f->text[start - 1]) || strchr("._%+-'!#$&*/=?^`{|}~", f->text[start - 1]) != NULL))
			start--;
		while (start < i && !fold_is_alnum(f->text[start]))
			start++;
		if (start == i || (host = host_length(f->text + i + sign)) == 0)
			continue;
		if (filter_hits_add(hits, RULE_MAIL_ADDRESS, f->at[start], f->at[i + sign + host]) != 0)
			return -1;
		i += sign + host - 1;
		free_from = i + 1;
	}
	return 0;
}

// ---- all rules ----

// Mail addresses, phone, card and IBAN numbers. -1 when memory is gone.
static int personal_find(const char *text, struct filter_hits *hits)
{
	FOLD_AUTO struct folded f = {0};

	if (fold_text(&f, text) != 0 || mail_find(&f, hits) != 0 || filter_numbers(&f, hits) != 0)
		return -1;
	filter_hits_settle(hits);
	return 0;
}

int filter_find(const char *text, rule_set *found)
{
	FILTER_HITS_AUTO struct filter_hits hits = {0};

	*found = 0;
	if (personal_find(text, &hits) != 0)
		return -1;
	for (size_t i = 0; i < hits.count; i++)
		*found |= RULE_BIT(hits.at[i].rule);
	if (filter_minors(text))
		*found |= RULE_BIT(RULE_MINORS);
	return 0;
}

int filter_mask(const char *text, rule_set set, struct buf *out)
{
	FILTER_HITS_AUTO struct filter_hits hits = {0};
	size_t done = 0;

	if (personal_find(text, &hits) != 0)
		return -1;
	for (size_t i = 0; i < hits.count; i++) {
		const struct filter_hit *hit = &hits.at[i];
		if (!(set & RULE_BIT(hit->rule)))
			continue;
		buf_add(out, text + done, hit->start - done);
		buf_adds(out, rules[hit->rule].mask);
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
