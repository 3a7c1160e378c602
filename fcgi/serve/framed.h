// SPDX-License-Identifier: ISC
// The pages of a program stand in the frame that `lethe publish` made of the site's, so that they look like the others.
#ifndef LETHE_SERVE_FRAMED_H
#define LETHE_SERVE_FRAMED_H

#include "fcgi/serve/request.h"
#include "policy/base/buf.h"

// For a browser that sent a form and prefers HTML: a plain page with a title, a sentence, the field at fault (NULL: none) and the members of
// `facts` (NULL: none), texts and lists of texts, by their names. Long ids stand so that a click selects them.
void respond_page(struct request *r, int status, const char *title, const char *sentence, const char *field, const cJSON *facts);
// A page of the program's own: begin writes the frame of the site's pages into *out, up to the heading; end writes what comes after the content.
enum { PAGE_MAX = 512 * 1024 };
struct framed {
	const char *name;  // of the frame, without ".html"; NULL: FRAME_NAME
	const char *class; // of the page; NULL: "answer"
	struct buf text;
	const char *rest;
};
void framed_begin(const struct request *r, struct framed *frame, struct buf *out, const char *title);
// Adds what people read, between two pieces of HTML.
void framed_text(struct buf *out, const char *before, const char *text, const char *after);
// A link to the start, with the word `key`; `class`: "primary" or "quiet".
void framed_start_link(const struct request *r, struct buf *out, const char *class, const char *key);
void framed_end(const struct framed *frame, struct buf *out);
void framed_free(struct framed *frame);
#define FRAMED_AUTO __attribute__((cleanup(framed_free)))

#endif
