// SPDX-License-Identifier: ISC
// The words that say what a business is about: frequent, in prominent places, and not those of every text.
#include "fcgi/provider/sketch.h"
#include "policy/base/text.h"
#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_SEEN = 512, WORD_CHARS_MIN = 3, WORD_CHARS_MAX = 24, TEXT_READ_MAX = 32 * 1024 };

// English and German: function words, and the words of every web page.
static const char stop_words[] =
    " about above accept account after again aber alle allem allen aller alles all almost als also always among and any anders "
    "are around auch auf aus bei beim been before being best better between bin bis bitte both brand business but button can "
    "cannot click come company contact content cookie cookies could customer customers dabei damit dann das dass daten "
    "datenschutz deine dem den denn der des dich did die dies diese diesem diesen dieser dir doch does doing dort down durch "
    "during each ein eine einem einen einer eines email enough entdecken etwa etwas euch euer eure every everything firma few "
    "find first for from für ganz gegen get gibt give great good had haben has hat have her here hier hinter him his home "
    "homepage how ich ihm ihn ihnen ihr ihre ihrem ihren ihrer immer impressum inc info information into ist its jede jeden "
    "jeder jetzt just kann kein keine know kontakt können kunden learn like ltd llc love machen made make many may mehr mein "
    "meine menu menü mich mir mit more most much muss must nach near need new nicht noch nor not now nur oder off offer offers "
    "ohne one online only other our ours out over own page people please policy privacy read really same search sehr seid sein "
    "seine seit seite service services shall she should sich sie sign sind site skip small some sowie startseite still such "
    "the their them then there these they thing things this those through too two über und under uns unser unsere unserem "
    "unseren unserer unter until use very viel viele vom von vor wann want war waren warum was way web website welcome well "
    "wenn wer werden were what when where which while who why wie will willkommen wir wird with without work would www year "
    "years you your yours zum zur zwischen ";

struct word {
	char text[SKETCH_WORD_BYTES]; // as first written
	char folded[SKETCH_WORD_BYTES];
	double weight;
	unsigned first; // where it first stood
};

struct vocabulary {
	struct word words[WORDS_SEEN];
	unsigned count, position;
};

static void count_word(struct vocabulary *v, const char *s, size_t len, double weight, bool starts)
{
	char folded[SKETCH_WORD_BYTES];
	size_t n = 0, characters = 0;
	if (len >= SKETCH_WORD_BYTES)
		return;
	for (const char *at = s; at < s + len; at = g_utf8_next_char(at), characters++) {
		if (n + 6 >= sizeof folded)
			return;
		n += (size_t)g_unichar_to_utf8(g_unichar_tolower(g_utf8_get_char(at)), folded + n);
	}
	folded[n] = '\0';
	v->position++;
	if (characters < WORD_CHARS_MIN || characters > WORD_CHARS_MAX)
		return;
	const char *stop = strstr(stop_words, folded);
	while (stop != NULL && (stop[-1] != ' ' || stop[n] != ' '))
		stop = strstr(stop + 1, folded);
	if (stop != NULL)
		return;
	// A capital inside a sentence marks a name, or a noun in German.
	if (!starts && g_unichar_isupper(g_utf8_get_char(s)) != 0)
		weight *= 1.5;
	for (unsigned i = 0; i < v->count; i++) {
		if (strcmp(v->words[i].folded, folded) == 0) {
			v->words[i].weight += weight;
			return;
		}
	}
	if (v->count == WORDS_SEEN)
		return;
	struct word *w = &v->words[v->count++];
	*w = (struct word){.weight = weight, .first = v->position};
	memcpy(w->text, s, len);
	memcpy(w->folded, folded, n + 1);
}

// The words in a run without white space. Addresses, links and anything with digits say nothing and may be personal.
static bool count_run(struct vocabulary *v, const char *s, const char *end, double weight, bool starts)
{
	for (const char *at = s; at < end; at++)
		if (*at == '@' || *at == '/' || (*at >= '0' && *at <= '9') || (*at == '.' && at + 1 < end && *s == 'w'))
			return false;
	while (s < end) {
		const char *from = s;
		while (s < end &&
		       (g_unichar_isalpha(g_utf8_get_char(s)) != 0 || g_unichar_ismark(g_utf8_get_char(s)) != 0 ||
			// within a word
			(s > from && (*s == '-' || *s == '\'') && s + 1 < end && g_unichar_isalpha(g_utf8_get_char(s + 1)) != 0)))
			s = g_utf8_next_char(s);
		if (s > from)
			count_word(v, from, (size_t)(s - from), weight, starts);
		starts = false;
		if (s < end)
			s = g_utf8_next_char(s);
	}
	return end[-1] == '.' || end[-1] == '!' || end[-1] == '?' || end[-1] == ':';
}

static void count_text(struct vocabulary *v, const char *text, double weight)
{
	if (text == NULL)
		return;
	size_t len = utf8_cut(text, TEXT_READ_MAX);
	if (!utf8_valid(text, len))
		return;
	const char *s = text, *end = text + len;
	bool starts = true;
	while (s < end) {
		const char *from = s;
		while (s < end && g_unichar_isspace(g_utf8_get_char(s)) == 0)
			s = g_utf8_next_char(s);
		if (s > from)
			starts = count_run(v, from, s, weight, starts);
		if (s < end) {
			starts = starts || *s == '\n';
			s = g_utf8_next_char(s);
		}
	}
}

static int heavier(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	if (x->weight > y->weight || x->weight < y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

unsigned sketch_words(const struct brief *b, char words[SKETCH_WORDS][SKETCH_WORD_BYTES])
{
	struct vocabulary *v = calloc(1, sizeof *v);
	if (v == NULL)
		return 0;
	count_text(v, b->description, 3);
	count_text(v, b->title, 4);
	for (const char *const *h = b->headings; h != NULL && *h != NULL; h++)
		count_text(v, *h, 2);
	count_text(v, b->summary, 2);
	count_text(v, b->text, 1);
	qsort(v->words, v->count, sizeof *v->words, heavier);
	unsigned n = v->count < SKETCH_WORDS ? v->count : SKETCH_WORDS;
	for (unsigned i = 0; i < n; i++)
		memcpy(words[i], v->words[i].text, SKETCH_WORD_BYTES);
	free(v);
	return n;
}
