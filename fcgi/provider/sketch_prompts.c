// SPDX-License-Identifier: ISC
// Prompts by rule: one kind of picture per place in the set, told in the brief's own words. The order is that of the drawings.
#include "fcgi/provider/sketch.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <stdlib.h>
#include <string.h>

enum { PROMPT_MAX = 8192, SUBJECT_BYTES = 140, SHOTS = 8 };

// {s} is the business, {1} {2} {3} its words.
static const char *const shots[SHOTS] = {
    "the front of the premises of {s}, seen straight on from across the street in the early evening: warm light behind the window, an "
    "awning, a display that hints at {1} and {2}, two potted plants beside the door",
    "a desk seen from directly above, ready for the day's work at {s}: an open notebook, pencils, a cup of coffee, colour swatches and "
    "small things that belong to {1}, arranged with room to breathe, nobody in the picture",
    "a product still life for {s}: objects that stand for {1} and {3} on round plinths before a plain arch, light from a tall window "
    "on the left, soft shadows",
    "the wider world of {s}: a layered landscape at first light that sets the mood for {1}, haze between the hills, one small detail "
    "that recalls {2}",
    "a seasonal arrangement of leaves, stems and blossoms for {s}, in tones that go with {1}, seen close, with a blurred second layer "
    "behind",
    "a calm evening over open water as the quiet opening picture of {s}: a low sun, its path on the ripples and much sky, a feeling of "
    "{2} and {1}",
    "an abstract composition for {s}: stacked blocks that grow step by step, a picture of {1} and {2} as structure, balance and "
    "progress",
    "a close-up texture for {s}: a woven surface, thread over thread, in which {3} and {1} are felt rather than shown, filling the "
    "frame",
};

static const struct {
	const char *name, *lead, *tail;
} styles[] = {
    {"photo", "Editorial photograph:", "Natural light, 35 mm lens, shallow depth of field, fine grain, honest colours."},
    {"illustration", "Flat illustration:", "Clean outlines, even fields of colour, clear shapes, a generous margin."},
    {"watercolour", "Watercolour painting:", "Translucent washes, soft edges, pigment pooling, visible cold-pressed paper."},
    {"minimal", "Minimalist picture:", "One subject, three colours, large calm areas, no decoration."},
    {"isometric", "Isometric model:", "True isometric view from above, soft studio light, rounded details, plain background."},
};

// The brief's first sentence or the page's title, without what would break out of the prompt's quotation marks.
static int add_subject(struct buf *out, const struct brief *b)
{
	const char *from = b->description != NULL && *b->description ? b->description
			   : b->title != NULL && *b->title           ? b->title
								     : b->summary;
	if (from == NULL || !*from)
		return buf_adds(out, "a small business");
	size_t len = strcspn(from, "\n|");
	for (size_t i = 12; i + 1 < len; i++) // not "Dr. …"
		if (strchr(".!?;", from[i]) != NULL && from[i + 1] == ' ')
			len = i;
	size_t cut = utf8_cut(from, SUBJECT_BYTES);
	if (len > cut) {
		len = cut;
		while (len > cut / 2 && from[len] != ' ' && from[len - 1] != ' ')
			len--;
		len = len > cut / 2 ? len : cut;
	}
	while (len > 0 && strchr(" .,;:-", from[len - 1]) != NULL)
		len--;
	if (len == 0)
		return buf_adds(out, "a small business");
	buf_adds(out, "“");
	for (size_t i = 0; i < len; i++)
		buf_addc(out, from[i] == '"' || (unsigned char)from[i] < ' ' ? ' ' : from[i]);
	return buf_adds(out, "”");
}

static char *prompt_compose(const struct brief *b, unsigned index, const char *subject, char words[SKETCH_WORDS][SKETCH_WORD_BYTES],
			    unsigned count)
{
	static const char *const otherwise[] = {"good work", "care for detail", "everyday life"};
	BUF_AUTO struct buf out = BUF_INIT(PROMPT_MAX);
	size_t style = 0;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++)
		if (b->style != NULL && strcmp(b->style, styles[i].name) == 0)
			style = i;
	buf_printf(&out, "%s ", styles[style].lead);
	for (const char *s = shots[index]; *s; s++) {
		if (s[0] != '{' || s[2] != '}') {
			buf_addc(&out, *s);
			continue;
		}
		unsigned i = (unsigned)(s[1] - '1');
		buf_adds(&out, s[1] == 's' ? subject : i < count ? words[i] : otherwise[i]);
		s += 2;
	}
	buf_printf(&out, ". %s ", styles[style].tail);
	unsigned colours = 0;
	for (; b->colours != NULL && b->colours[colours] != NULL && colours < 3; colours++)
		buf_printf(&out, "%s%s", colours > 0 ? ", " : "Palette built around ", b->colours[colours]);
	buf_adds(&out, colours > 0 ? ". " : "");
	buf_adds(&out, "No lettering, no logos, no recognisable people.");
	if (b->audience_rule != NULL && *b->audience_rule)
		buf_printf(&out, " %s", b->audience_rule);
	return buf_steal(&out);
}

int sketch_prompts(const struct brief *b, struct provider_prompts *out, struct err *e)
{
	*out = (struct provider_prompts){0};
	if (b->count < 1 || b->count > IMAGES_MAX)
		return err_set(e, ERR_INPUT, "a set has 1 to %d pictures", IMAGES_MAX);
	char words[SKETCH_WORDS][SKETCH_WORD_BYTES];
	unsigned count = sketch_words(b, words);
	BUF_AUTO struct buf subject = BUF_INIT(SUBJECT_BYTES * 2);
	add_subject(&subject, b);
	for (unsigned i = 0; i < b->count; i++) {
		char *text = prompt_compose(b, i, buf_text(&subject), words, count);
		if (text == NULL) {
			provider_prompts_free(out);
			return err_set(e, ERR_MEMORY, "no memory for the prompts");
		}
		out->text[out->count++] = text;
	}
	return 0;
}
_Static_assert((int)SHOTS >= (int)IMAGES_MAX, "a kind of picture for each place in a set");
