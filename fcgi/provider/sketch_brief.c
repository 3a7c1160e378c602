// SPDX-License-Identifier: ISC
// What a brief says about the drawing itself: which colours, and which name stands over the door.
#include "fcgi/provider/sketch.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <glib.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_READ_MAX = 8192, NAME_WORDS = 3, NAME_CHARS_MAX = 24 };

struct token {
	char folded[SKETCH_WORD_BYTES]; // in small letters; "" for a word too long to be anything
	const char *start, *end;        // in the text
	bool capital;
};

static bool token_letter(const char *s)
{
	gunichar c = g_utf8_get_char(s);

	return g_unichar_isalpha(c) != 0 || g_unichar_ismark(c) != 0;
}

// An apostrophe inside a word belongs to it: "Jo's".
static bool apostrophe(const char *s)
{
	gunichar c = g_utf8_get_char(s);
	const char *next = g_utf8_next_char(s);

	return (c == '\'' || c == 0x2019) && *next != '\0' && token_letter(next);
}

static const char *token_next(const char *s, const char *end, struct token *out)
{
	size_t n = 0;

	while (s < end && !token_letter(s))
		s = g_utf8_next_char(s);
	*out = (struct token){.start = s, .end = s, .capital = s < end && g_unichar_isupper(g_utf8_get_char(s)) != 0};
	for (; s < end && (token_letter(s) || apostrophe(s)); s = g_utf8_next_char(s)) {
		if (n + 6 < sizeof out->folded)
			n += (size_t)g_unichar_to_utf8(g_unichar_tolower(g_utf8_get_char(s)), out->folded + n);
	}
	out->folded[n + 7 < sizeof out->folded ? n : 0] = '\0';
	out->end = s;
	return s;
}

// Whether the word is one of the list, in which a space stands before and after each.
static bool word_among(const char *word, const char *list)
{
	char spaced[SKETCH_WORD_BYTES + 2];

	snprintf(spaced, sizeof spaced, " %s ", word);
	return *word != '\0' && strstr(list, spaced) != NULL;
}

// The text up to a size that is worth reading; NULL when it is none.
static const char *readable(const char *text, const char **end)
{
	if (text == NULL || *text == '\0')
		return NULL;
	size_t len = utf8_cut(text, TEXT_READ_MAX);
	*end = text + len;
	return utf8_valid(text, len) ? text : NULL;
}

// ---- colours ----

// German ones take the endings of an adjective.
static const struct {
	const char *word, *colour;
	bool german;
} colour_words[] = {
    {"red", "#c8322d", false},        {"crimson", "#b01e3c", false},   {"burgundy", "#7a1f3a", false}, {"orange", "#f08a24", true},
    {"terracotta", "#c4633f", false}, {"copper", "#b87333", false},    {"coral", "#f27b63", false},    {"peach", "#f4b183", false},
    {"mustard", "#d4a017", false},    {"yellow", "#f2c230", false},    {"gold", "#d4a537", false},     {"golden", "#d4a537", true},
    {"green", "#3f8f4f", false},      {"olive", "#7d7f32", false},     {"emerald", "#1f8a5b", false},  {"mint", "#8fd0b5", false},
    {"teal", "#1f7a7a", false},       {"turquoise", "#30b5ad", false}, {"blue", "#2f63b8", false},     {"navy", "#1f2f5f", false},
    {"indigo", "#4a3fa3", false},     {"purple", "#7a3f9a", false},    {"violet", "#7f4fb8", false},   {"lilac", "#b79ad6", false},
    {"lavender", "#a99bd8", false},   {"pink", "#e57aa5", true},       {"magenta", "#c23a8c", false},  {"brown", "#7a5230", false},
    {"beige", "#d9c4a0", true},       {"cream", "#efe3c4", false},     {"grey", "#808488", false},     {"gray", "#808488", false},
    {"silver", "#a9b0b6", false},     {"black", "#22252a", false},     {"white", "#f5f4f0", false},    {"rot", "#c8322d", true},
    {"dunkelrot", "#7a1f2a", true},   {"gelb", "#f2c230", true},       {"grün", "#3f8f4f", true},      {"hellgrün", "#8cc56a", true},
    {"dunkelgrün", "#225a37", true},  {"türkis", "#30b5ad", true},     {"blau", "#2f63b8", true},      {"hellblau", "#7fb4e6", true},
    {"dunkelblau", "#1f2f5f", true},  {"lila", "#8a55b5", false},      {"violett", "#7f4fb8", true},   {"rosa", "#eaa0b8", false},
    {"braun", "#7a5230", true},       {"grau", "#808488", true},       {"silbern", "#a9b0b6", true},   {"schwarz", "#22252a", true},
    {"weiß", "#f5f4f0", true},
};

static const char *colour_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(colour_words); i++) {
		size_t len = strlen(colour_words[i].word);
		if (strncmp(word, colour_words[i].word, len) == 0 &&
		    (word[len] == '\0' || (colour_words[i].german && word_among(word + len, " e en er es em "))))
			return colour_words[i].colour;
	}
	return NULL;
}

struct colours {
	char (*at)[SKETCH_COLOUR_BYTES];
	unsigned count;
};

static void colour_add(struct colours *c, const char *colour)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (strcmp(c->at[i], colour) == 0)
			return;
	}
	if (c->count < SKETCH_COLOURS)
		snprintf(c->at[c->count++], SKETCH_COLOUR_BYTES, "%s", colour);
}

// "#ff8800" or "#f80", at s.
static void colour_code(struct colours *c, const char *s)
{
	size_t digits = strspn(s + 1, "0123456789abcdefABCDEF");
	char code[SKETCH_COLOUR_BYTES] = "#";

	if ((digits != 3 && digits != 6) || g_ascii_isalnum(s[1 + digits]))
		return;
	for (size_t i = 0; i < 6; i++)
		code[1 + i] = s[1 + (digits == 6 ? i : i / 2)];
	colour_add(c, code);
}

unsigned sketch_colours(const struct brief *b, char colours[SKETCH_COLOURS][SKETCH_COLOUR_BYTES])
{
	struct colours c = {.at = colours};

	for (const char *const *given = b->colours; given != NULL && *given != NULL; given++) {
		if (strlen(*given) < SKETCH_COLOUR_BYTES)
			colour_add(&c, *given);
	}
	bool denied = false;
	const char *end = NULL, *s = c.count == 0 ? readable(b->description, &end) : NULL;
	while (s != NULL && s < end) {
		struct token t;
		const char *next = token_next(s, end, &t);
		for (; s < t.start; s++) {
			if (*s == '#')
				colour_code(&c, s);
		}
		const char *colour = colour_of(t.folded);
		if (colour != NULL && !denied && (t.start == b->description || t.start[-1] != '#'))
			colour_add(&c, colour);
		denied = word_among(t.folded, " no not without kein keine keinen ohne nicht ");
		s = next;
	}
	return c.count;
}

uint32_t sketch_seed(const struct brief *b)
{
	const char *const parts[] = {b->description, b->title, b->summary, b->text};
	uint32_t hash = 2166136261U; // FNV-1a

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (const char *s = parts[i] != NULL ? parts[i] : ""; *s != '\0'; s++)
			hash = (hash ^ (unsigned char)*s) * 16777619U;
	}
	return hash ^ hash >> 16;
}

// ---- the name ----

static bool name_take(const char *start, const char *end, char name[SKETCH_WORD_BYTES])
{
	size_t len = (size_t)(end - start);

	if (len == 0 || len >= SKETCH_WORD_BYTES || g_utf8_strlen(start, (gssize)len) > NAME_CHARS_MAX)
		return false;
	memcpy(name, start, len);
	name[len] = '\0';
	return true;
}

// Up to three words with capitals and one space between them, from s on.
static bool name_run(const char *s, const char *end, char name[SKETCH_WORD_BYTES])
{
	const char *start = NULL, *last = NULL;

	for (unsigned words = 0; s < end; words++) {
		struct token t;
		s = token_next(s, end, &t);
		if (!t.capital || (last != NULL && (t.start != last + 1 || *last != ' ')))
			break;
		if (words == NAME_WORDS) // a list or a headline
			return false;
		start = start != NULL ? start : t.start;
		last = t.end;
	}
	return start != NULL && name_take(start, last, name);
}

static bool quoted_name(const char *s, const char *end, char name[SKETCH_WORD_BYTES])
{
	static const char *const marks[][2] = {{"\"", "\""}, {"“", "”"}, {"„", "“"}, {"„", "”"}, {"«", "»"}, {"»", "«"}};

	for (; s < end; s = g_utf8_next_char(s)) {
		for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
			size_t open = strlen(marks[i][0]);
			if (strncmp(s, marks[i][0], open) != 0)
				continue;
			const char *close = strstr(s + open, marks[i][1]);
			bool name_like = g_unichar_isupper(g_utf8_get_char(s + open)) != 0;
			if (name_like && close != NULL && close <= end && memchr(s, '\n', (size_t)(close - s)) == NULL &&
			    name_take(s + open, close, name))
				return true;
		}
	}
	return false;
}

// "called X", "Bakery X": after such a word, at once, a name.
static bool told_name(const char *s, const char *end, char name[SKETCH_WORD_BYTES])
{
	static const char before[] =
	    " called named namens heißt heißen bakery bäckerei konditorei café cafe restaurant hotel pension gasthof gasthaus "
	    "bistro bar pizzeria trattoria studio salon atelier galerie gallery boutique apotheke praxis kanzlei brauerei "
	    "metzgerei gärtnerei weingut werkstatt buchhandlung tischlerei florist ";

	while (s < end) {
		struct token t, next;
		s = token_next(s, end, &t);
		if (s >= end || *s != ' ' || !word_among(t.folded, before))
			continue;
		token_next(s, end, &next);
		if (next.start == s + 1 && !word_among(next.folded, before) && name_run(s, end, name))
			return true;
	}
	return false;
}

bool sketch_name(const struct brief *b, char name[SKETCH_WORD_BYTES])
{
	const char *const texts[] = {b->description, b->title};

	name[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *end = NULL, *s = readable(texts[i], &end);
		if (s != NULL && (quoted_name(s, end, name) || told_name(s, end, name)))
			return true;
	}
	return false;
}
