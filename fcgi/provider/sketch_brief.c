// SPDX-License-Identifier: ISC
// What a brief says about the drawing itself: the trade, the colours, and the name of the business.
#include "fcgi/provider/sketch.h"
#include "fcgi/provider/sketch_data.h"
#include "fcgi/provider/sketch_draw.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_READ_MAX = 8192, TRADE_READ_MAX = 3072, NAME_WORDS = 3, NAME_CHARS_MAX = 24 };

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

// The text up to a size that is worth reading; NULL when it is none.
static const char *readable(const char *text, const char **end)
{
	if (text == NULL || *text == '\0')
		return NULL;
	size_t len = utf8_cut(text, TEXT_READ_MAX);
	*end = text + len;
	return utf8_valid(text, len) ? text : NULL;
}

// ---- the trade ----

struct score {
	double weight, best; // of its words, and the heaviest one of them
	char title[SKETCH_WORD_BYTES];
};

// The word of the source in which the match stands.
static void match_word(const char *source, const struct sketch_folded *f, const struct sketch_match *m, char out[SKETCH_WORD_BYTES])
{
	const char *start = source + f->from[m->start], *end = source + f->from[m->end];
	if ((unsigned char)f->text[m->start] < 0xe3) { // written with spaces
		while (start > source && token_letter(g_utf8_prev_char(start)))
			start = g_utf8_prev_char(start);
		while (*end != '\0' && token_letter(end))
			end = g_utf8_next_char(end);
	}
	while (end > start && (unsigned char)end[-1] <= ' ')
		end--;
	size_t len = (size_t)(end - start), n = 0;
	out[0] = '\0';
	if (len == 0 || len + 6 >= SKETCH_WORD_BYTES)
		return;
	n = (size_t)g_unichar_to_utf8(g_unichar_toupper(g_utf8_get_char(start)), out);
	start = g_utf8_next_char(start);
	for (; start < end; start = g_utf8_next_char(start)) {
		size_t bytes = (size_t)(g_utf8_next_char(start) - start);
		memcpy(out + n, start, bytes);
		n += bytes;
	}
	out[n] = '\0';
}

static void trades_weigh(struct score *scores, const char *text, double weight)
{
	const struct sketch_table *t = sketch_table(SKETCH_TRADES);
	const char *end = NULL, *s = readable(text, &end);
	struct sketch_folded f;
	// What a business is stands at the beginning.
	if (s == NULL || sketch_fold(&f, s, utf8_cut(s, TRADE_READ_MAX)) != 0)
		return;
	for (size_t i = 0; i < f.len; i++) {
		struct sketch_match m;
		if (f.text[i] == ' ' || !sketch_match_at(t, &f, i, false, &m))
			continue;
		// What comes first is what it is; what comes later is what there is too. A longer word says more.
		const char *attribute = t->rows[m.row].attribute;
		bool weak = strstr(attribute, " weak") != NULL, several = memchr(f.text + m.start, ' ', m.end - m.start) != NULL;
		double w = weight * (weak ? 0.3 : 1) * (1 + 1.2 / (1 + (double)f.from[i] / 30)) *
			   (1 + 0.02 * (double)(m.end - m.start) + 0.3 * several);
		struct score *score = &scores[m.row];
		if (w > score->best) {
			score->best = w;
			score->title[0] = '\0';
			if (strstr(attribute, " untitled") == NULL)
				match_word(s, &f, &m, score->title);
		}
		score->weight += score->weight > 0 ? w / 2 : w;
		i = m.end - 1;
	}
	sketch_folded_free(&f);
}

void sketch_subject_find(const struct brief *b, struct sketch_subject *out)
{
	const struct sketch_table *t = sketch_table(SKETCH_TRADES);
	struct score *scores = calloc(t->rows_count + 1, sizeof *scores), *most = NULL;
	*out = (struct sketch_subject){.trade = ""};
	if (scores == NULL)
		return;
	trades_weigh(scores, b->description, 3);
	trades_weigh(scores, b->title, 3);
	trades_weigh(scores, b->summary, 2);
	for (const char *const *h = b->headings; h != NULL && *h != NULL; h++)
		trades_weigh(scores, *h, 1);
	trades_weigh(scores, b->text, 1);
	for (struct score *s = scores; s < scores + t->rows_count; s++)
		if (s->weight > 0 && (most == NULL || s->weight > most->weight))
			most = s;
	if (most != NULL) {
		out->trade = t->rows[most - scores].id;
		memcpy(out->title, most->title, sizeof out->title);
	}
	explicit_bzero(scores, t->rows_count * sizeof *scores);
	free(scores);
}

// ---- colours ----

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

// "dark" in front of a colour or behind it.
static int colour_change(const struct sketch_row *row, const char *place)
{
	if (strcmp(row->attribute, place) != 0 && strcmp(row->attribute, "both") != 0)
		return 0;
	return strcmp(row->id, "darker") == 0 ? -1 : strcmp(row->id, "lighter") == 0 ? 1 : 0;
}

static void colours_named(struct colours *c, const char *source, const struct sketch_folded *f)
{
	const struct sketch_table *t = sketch_table(SKETCH_COLOUR_WORDS);
	bool denied = false;
	for (size_t i = 0; i < f->len; i++) {
		struct sketch_match m, next;
		bool starts = i == 0 || f->text[i - 1] == ' ';
		if (f->text[i] == ' ' || !sketch_match_at(t, f, i, false, &m)) {
			// A word between "no" and the colour: the colour stands for itself again.
			denied = denied && !starts;
			continue;
		}
		int change = colour_change(&t->rows[m.row], "before");
		bool no = strcmp(t->rows[m.row].id, "not") == 0;
		if (change != 0) {
			// "dunkelgrün", "dark green", "dunkles Grün"
			size_t at = m.end + (f->text[m.end] == ' '), word = m.end + strcspn(f->text + m.end, " ");
			if ((sketch_match_at(t, f, at, true, &next) ||
			     sketch_match_at(t, f, word + (f->text[word] == ' '), false, &next)) &&
			    t->rows[next.row].attribute[0] == '\0')
				m = next;
			else
				change = 0;
		}
		i = m.end - 1;
		if (no || t->rows[m.row].attribute[0] != '\0') {
			denied = no;
			continue;
		}
		size_t after = m.end + strcspn(f->text + m.end, " ");
		after += f->text[after] == ' ';
		if (strncmp(f->text + after, "ال", strlen("ال")) == 0) // the Arabic article
			after += strlen("ال");
		if (change == 0 && sketch_match_at(t, f, after, false, &next))
			change = colour_change(&t->rows[next.row], "after");
		bool code = m.start > 0 && f->from[m.start] > 0 && source[f->from[m.start] - 1] == '#';
		if (!denied && !code) {
			char colour[SKETCH_COLOUR_BYTES], plain[SKETCH_COLOUR_BYTES];
			snprintf(plain, sizeof plain, "#%s", t->rows[m.row].id);
			sketch_colour_tone(plain, change, colour);
			colour_add(c, colour);
		}
		denied = false;
	}
}

unsigned sketch_colours(const struct brief *b, char colours[SKETCH_COLOURS][SKETCH_COLOUR_BYTES])
{
	struct colours c = {.at = colours};
	const char *end = NULL, *s = readable(b->description, &end);
	struct sketch_folded f;

	for (const char *const *given = b->colours; given != NULL && *given != NULL; given++) {
		if (strlen(*given) < SKETCH_COLOUR_BYTES)
			colour_add(&c, *given);
	}
	if (c.count > 0 || s == NULL || sketch_fold(&f, s, (size_t)(end - s)) != 0)
		return c.count;
	for (const char *at = s; (at = strchr(at, '#')) != NULL && at < end; at++)
		colour_code(&c, at);
	colours_named(&c, s, &f);
	sketch_folded_free(&f);
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
		if (s >= end || *s != ' ' || !text_among(before, t.folded, strlen(t.folded)))
			continue;
		token_next(s, end, &next);
		if (next.start == s + 1 && !text_among(before, next.folded, strlen(next.folded)) && name_run(s, end, name))
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
