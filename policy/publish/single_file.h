// SPDX-License-Identifier: ISC
// A page that is one file: its style, its script and its icon stand in it, so that it works as it is when somebody saves it, without a network and
// without this site. What may run in it is said by hash: in a header for who visits it, and in the page itself.
#ifndef LETHE_PUBLISH_SINGLE_FILE_H
#define LETHE_PUBLISH_SINGLE_FILE_H

#include "policy/model/policy.h"

#define SINGLE_FILE_PAGE   "/html/verify"
#define SINGLE_FILE_SCRIPT "verify.js"

struct single_file {
	const char *shared, *script, *style, *icon; // common.js, SINGLE_FILE_SCRIPT, app.css, favicon.svg; "" for what the templates lack
};

// Puts the parts in the place of the links to them; what is linked otherwise, as in templates of one's own, stays so.
int single_file_make(const struct single_file *parts, struct buf *page, struct err *e);
// The headers that the page is sent with: those of every page, with what stands in it allowed, and nothing that it could send.
int single_file_headers(const struct policy *p, const struct single_file *parts, struct buf *out, struct err *e);

#endif
