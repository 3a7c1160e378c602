// SPDX-License-Identifier: ISC
// What publish_all makes, held in memory until all of it is made: a page that cannot be rendered leaves the site as it was.
#ifndef LETHE_PUBLISH_PAGES_H
#define LETHE_PUBLISH_PAGES_H

#include "policy/base/json.h"
#include "policy/model/policy.h"
#include "policy/publish/publish.h"

enum { PAGE_BYTES_MAX_OUT = 16 * 1024 * 1024, PAGES_MAX = 512 }; // one page or asset; all of them

struct page {
	char path[256]; // below the folder of publish_all: "html/index.html"
	struct buf bytes;
};
struct pages {
	struct page *list;
	size_t count;
};
void pages_free(struct pages *s);
#define PAGES_AUTO __attribute__((cleanup(pages_free)))
// The buffer of a new page. NULL with ERR_INPUT (a path made twice, or not below the folder) or ERR_MEMORY.
struct buf *pages_add(struct pages *s, struct err *e, const char *format, ...) __attribute__((format(printf, 3, 4)));

// The value, indented, with a newline at its end. -1 when memory is gone or the buffer failed.
int pages_json(const cJSON *value, struct buf *out);

// Variables for templates. Free with variables_free.
enum { VARIABLES_MAX = 64 };
struct variables {
	struct word_value list[VARIABLES_MAX + 1]; // ended by {NULL, NULL}
	struct buf text;                           // owns the values
};
int variables_make(struct variables *v, const struct policy *p, bool testing, struct err *e);
void variables_free(struct variables *v);
#define VARIABLES_AUTO __attribute__((cleanup(variables_free)))

// What is announced, for the top of every page; nothing when nothing is.
void coming_html(const struct policy *p, struct buf *out);
void headers_conf(const struct policy *p, struct buf *out);
// For the answer that ends what a visitor left here: the browser lets go of its copies too (Clear-Site-Data).
void clear_conf(const struct policy *p, struct buf *out);
// What programs are told of a visitor's cookies, and may set: those of the policy, and nothing at all when it declares none.
void cookies_conf(const struct policy *p, struct buf *out);
void gpc_json(const struct policy *p, struct buf *out);
void security_txt(const struct policy *p, time_t now, struct buf *out);
// Where the site is: "https://bizimages.example", without a slash at its end. From the controller's page, else the contact's domain.
void site_address(const struct policy *p, struct buf *out);
// Atom feeds, with what is announced (p->coming).
int subprocessors_atom(const struct policy *p, time_t now, struct buf *out, struct err *e);
int privacy_atom(const struct policy *p, struct buf *out, struct err *e);
// Renders templates, generated pages and assets into *s.
int site_render(const struct policy *p, const char *templates, bool testing, struct pages *s, struct err *e);

#endif
