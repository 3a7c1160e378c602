// SPDX-License-Identifier: ISC
// What is rendered from the policy: notice, lists, headers, pages.
#ifndef LETHE_PUBLISH_PUBLISH_H
#define LETHE_PUBLISH_PUBLISH_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/model/policy.h"
#include "policy/publish/words/words.h"

// Writes every static form below `folder`, each file atomically, unchanged files untouched:
//   html/   what nginx serves: index.html (the page), rights.html, privacy.html, privacy.json, subprocessors.{html,json,csv,md,txt,xml},
//           404.html …, assets/, .well-known/{gpc.json,security.txt}
//   programs/frame.html   what the programs put their own pages into
//           each page for people in every language of the policy: index.html in the main one, index.de.html …, programs/frame.de.html
//   nginx/headers.conf   add_header lines generated from the policy (Content-Security-Policy and the others)
// `templates` holds the page templates and assets (nginx/html). `testing` puts the banner of a test build on every page.
struct publish_result {
	size_t written, unchanged;
};
int publish_all(const struct policy *p, const char *templates, const char *folder, bool testing, struct publish_result *out, struct err *e);

// Below the folder of publish_all: the frame of every page, with a mark where a page's part of the head goes and one for its content.
#define FRAME_NAME    "/programs/frame"
#define FRAME_FILE    "programs/frame.html" // in the main language; "programs/frame.de.html" in another
#define FRAME_HEAD    "<!--head-->"
#define FRAME_CONTENT "<!--content-->"

enum list_format {
	LIST_TEXT,
	LIST_JSON,
	LIST_CSV,
	LIST_MARKDOWN,
	LIST_HTML,
	LIST_XML,
	LIST_HTML_PART
};                                                                  // the last: what goes into the layout
int list_format_from_name(enum list_format *out, const char *name); // text json csv md html xml; -1
int publish_subprocessors(const struct policy *p, enum list_format format, struct buf *out, struct err *e);
int publish_csp(const struct policy *p, struct buf *out); // the Content-Security-Policy value

// Templates, in the language of `p`: {{name}} is replaced by the variable, escaped for HTML; {{{name}}} unescaped; {{w:page.start.title}} by
// the word with that key (policy/publish/words), with the variables in its {placeholders}; {{to:/rights}} by the address of that page in this
// language; what stands between {{?name}} and {{/name}} stays where the variable is not empty. An unknown name is an error.
// `first_line`: the number of the text's first line, for the messages.
int template_render(const char *text, const char *name, int first_line, const struct policy *p, const struct word_value *vars,
		    struct buf *out, struct err *e);

#endif
