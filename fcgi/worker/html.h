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

// The text is valid UTF-8, may be changed, and stays the caller's, who frees *out in any case, before the text. `xml`: XHTML, in which every element may close
// itself. Where the whole text needs more memory than there is, its first half is read, or half of that. -1: no memory even so.
int html_parse(struct html *out, char *utf8, size_t len, bool xml);
void html_free(struct html *h);
#define HTML_AUTO __attribute__((cleanup(html_free)))

// The attribute's value; NULL: the element has none of that name.
const char *html_attribute(const GumboNode *element, const char *name);

#endif
