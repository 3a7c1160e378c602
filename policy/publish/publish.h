// SPDX-License-Identifier: ISC
// What is rendered from the policy: notice, lists, headers, pages.
#ifndef LETHE_PUBLISH_PUBLISH_H
#define LETHE_PUBLISH_PUBLISH_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/model/policy.h"

// Writes every static form below `folder`, each file atomically, unchanged files untouched:
//   html/   what nginx serves: index.html (the page), rights.html, privacy.html, privacy.json, subprocessors.{html,json,csv,md,txt,xml},
//           404.html …, assets/, .well-known/{gpc.json,security.txt}
//   programs/frame.html   what the programs put their own pages into
//   nginx/headers.conf   add_header lines generated from the policy (Content-Security-Policy and the others)
// `templates` holds the page templates and assets (nginx/html). `testing` puts the banner of a test build on every page.
struct publish_result {
	size_t written, unchanged;
};
int publish_all(const struct policy *p, const char *templates, const char *folder, bool testing, struct publish_result *out, struct err *e);

// Below the folder of publish_all: the frame of every page, with a mark where a page's part of the head goes and one for its content.
#define FRAME_FILE    "programs/frame.html"
#define FRAME_HEAD    "<!--head-->"
#define FRAME_CONTENT "<!--content-->"

enum list_format { LIST_TEXT, LIST_JSON, LIST_CSV, LIST_MARKDOWN, LIST_HTML, LIST_XML };
int list_format_from_name(enum list_format *out, const char *name); // text json csv md html xml; -1
int publish_subprocessors(const struct policy *p, enum list_format format, struct buf *out, struct err *e);
int publish_csp(const struct policy *p, struct buf *out); // the Content-Security-Policy value

// Templates: {{name}} is replaced by the variable, escaped for HTML; {{{name}}} unescaped; an unknown name is an error.
struct template_var {
	const char *name, *value;
};
// `first_line`: the number of the text's first line, for the messages.
int template_render(const char *template_text, const char *template_name, int first_line, const struct template_var *vars, struct buf *out,
		    struct err *e);

#endif
