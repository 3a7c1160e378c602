// SPDX-License-Identifier: ISC
// HTML as browsers read it: gumbo's parser (https://html.spec.whatwg.org/#parsing), in memory with a ceiling.
#ifndef LETHE_WORKER_HTML_H
#define LETHE_WORKER_HTML_H

#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>

struct html {
	const GumboDocument *document;
	const GumboNode *root; // <html>
	struct html_block *memory;
	char *source; // of XHTML, as HTML
};

// Gumbo reads the content of <noscript> as tags, and ends the page's head with it. Browsers that run scripts take it as text that is not shown,
// as that of <noframes>, whose name is of the same length and put in its place.
void html_hide_noscript(char *s, size_t len);

// The text stays the caller's, who frees *out in any case, before the text. `xml`: XHTML, in which every element may close
// itself. Where the whole text needs more memory than there is, its first half is read, or half of that. -1: no memory even so.
int html_parse(struct html *out, const char *utf8, size_t len, bool xml);
void html_free(struct html *h);
#define HTML_AUTO __attribute__((cleanup(html_free)))

// The attribute's value; NULL: the element has none of that name.
const char *html_attribute(const GumboNode *element, const char *name);
// The element's name, also where gumbo does not know it, which `name` is for.
const char *html_name(const GumboNode *element, char name[64]);
const GumboVector *html_children(const GumboNode *n);
// The node after n within `top`, in the order of the source: below n only if `below`. NULL: it was the last.
const GumboNode *html_next(const GumboNode *n, const GumboNode *top, bool below);
// The next word of a list such as an attribute's, from *at on, which moves behind it; its length, 0: there is none.
size_t html_word(const char **at, const char **word);

#endif
