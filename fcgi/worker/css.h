// SPDX-License-Identifier: ISC
// What a page's own style sheets and style attributes show and hide: the properties `display` and `visibility`, by CSS's grammar and
// cascade. What is not understood (a selector with ":hover", "+" or "~", a query of the device) matches nothing. No style sheet is fetched.
#ifndef LETHE_WORKER_CSS_H
#define LETHE_WORKER_CSS_H

#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>

enum css_display { CSS_DISPLAY_UNSET, CSS_DISPLAY_NONE, CSS_DISPLAY_INLINE, CSS_DISPLAY_BLOCK, CSS_DISPLAY_FLEX };
enum css_visibility { CSS_VISIBILITY_UNSET, CSS_VISIBLE, CSS_HIDDEN };
struct css_look {
	enum css_display display; // CSS_DISPLAY_BLOCK: whatever begins a line of its own; CSS_DISPLAY_FLEX: its children do so, too
	enum css_visibility visibility;
	bool apart; // floats, or is placed by itself: a line of its own
};

struct css;                       // the rules of a page
struct css *css_new(bool quirks); // names of classes and ids without regard to case in a page in quirks mode; NULL: no memory
void css_free(struct css *c);
// The rules of one more sheet, of a <style media="…">. What is over the ceilings of rules and bytes is not looked at.
void css_sheet(struct css *c, const char *text, size_t len, const char *media);
// What holds for the element: its style attribute, and the rules so far.
struct css_look css_look_of(const struct css *c, const GumboNode *element);

#endif
