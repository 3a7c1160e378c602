// SPDX-License-Identifier: ISC
// Prompts by rule: one kind of picture per place in the set, told in the brief's own words. The order is that of the drawings.
#include "fcgi/provider/sketch.h"
#include "fcgi/provider/style.h"
#include "policy/base/text.h"
#include <stdlib.h>
#include <string.h>

enum { PROMPT_MAX = 8192, SUBJECT_BYTES = 140, SHOTS = 8 };

// {s} is the business, {1} {2} {3} its words.
static const char *const shots[SHOTS] = {
    "the opening picture of {s}: one object that stands for {1}, large and a little to the right of the middle, before a pale disc like a "
    "sun, a plant and something of {2} beside it, much calm space around",
    "the front of the premises of {s}, seen straight on from across the street: a sign, a striped awning, a lit window that shows {1} and "
    "{2}, a door with a glass pane, greenery in boxes at both sides",
    "a still life for {s}: objects that stand for {1} and {3} on round plinths in a quiet room, an arched window, a hanging lamp, a vase "
    "with branches at the edge",
    "a round emblem for {s}: {1} in the middle of a scalloped seal, laurel at both sides, a blank ribbon across its foot, rays behind it",
    "a close view for {s}: a single object of {1}, so near that it leaves the frame at the right and below, a large circle behind it, free "
    "space at the upper left",
    "a repeating pattern for {s}: small things of {1}, {2} and {3} in a loose grid over soft stripes, each turned a little differently, "
    "filling the frame",
    "a banner for {s}: the left third an even field with a curved edge, free for words, on the right {1} on a floor before a disc",
    "a table seen from directly above, ready for the day's work at {s}: a sheet of paper, a pencil, a cup of coffee, a round tray with "
    "{1}, "
    "leaves and small things that belong to {2}, arranged with room to breathe",
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
	const struct provider_style *style = provider_style(b->style);
	buf_printf(&out, "%s ", style->lead);
	for (const char *s = shots[index]; *s; s++) {
		if (s[0] != '{' || s[2] != '}') {
			buf_addc(&out, *s);
			continue;
		}
		unsigned i = (unsigned)(s[1] - '1');
		buf_adds(&out, s[1] == 's' ? subject : i < count ? words[i] : otherwise[i]);
		s += 2;
	}
	buf_printf(&out, ". %s ", style->tail);
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
