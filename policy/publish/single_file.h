// SPDX-License-Identifier: ISC
// A page that is one file: its style, its script and its icon stand in it, so that it works as it is when somebody saves it, without a network and
// without this site. What may run in it is said by hash: in a header for who visits it, and in the page itself.
#ifndef LETHE_PUBLISH_SINGLE_FILE_H
#define LETHE_PUBLISH_SINGLE_FILE_H

#include "policy/model/policy.h"

#define SINGLE_FILE_PAGE   "/html/verify"
#define SINGLE_FILE_SCRIPT "verify.js"

struct single_file {
	struct buf head, icon, style, script; // what stands in the place of the links, and behind the charset
	struct buf scripts, styles;           // " 'sha256-…'" of each
};

// Of common.js, SINGLE_FILE_SCRIPT, app.css and favicon.svg; "" for what the templates lack. Free with single_file_free, also after a failure.
int single_file_read(struct single_file *out, const char *shared, const char *own, const char *style, const char *icon, struct err *e);
void single_file_free(struct single_file *parts);
#define SINGLE_FILE_AUTO __attribute__((cleanup(single_file_free)))
// Puts the parts in the place of the links to them; what is linked otherwise, as in templates of one's own, stays so.
void single_file_make(const struct single_file *parts, struct buf *page);
// The headers that the page is sent with: those of every page, with what stands in it allowed, and nothing that it could send.
void single_file_headers(const struct policy *p, const struct single_file *parts, struct buf *out);

#endif
