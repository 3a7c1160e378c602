// SPDX-License-Identifier: ISC
// What is published, document by document.
#ifndef LETHE_PUBLISH_DOCUMENTS_H
#define LETHE_PUBLISH_DOCUMENTS_H

#include "policy/base/json.h"
#include "policy/model/policy.h"
#include "policy/publish/render/list.h"

// ---- the notice: a summary first, then a list of contents, then the text, the same in every form ----
// `p` in one of its languages (policy_language). HTML: what goes into the layout's <main>.
void notice_write(const struct policy *p, enum form form, struct buf *out);
void summary_write(const struct policy *p, struct writer *w);
// One declared part, by the name that <insert what="…"/> gives it.
int notice_part(const struct policy *p, struct writer *w, const char *what);
void notice_life(struct writer *w, const struct policy *p, const struct policy_kind *kind); // how long it is kept, with the reasons
cJSON *notice_tree(const struct policy *p);                                                 // privacy.json; the caller frees it
int notice_json(const struct policy *p, struct buf *out, struct err *e);

// ---- facts ----
// The tree that mappings read (policy/publish/render/mapping.h): privacy.json, and what follows from it or needs the words of a language.
//   site_url, created (the first version's date), subjects [{id, name}]
//   kinds[].life (how long, in words), .lasts ("time", until an "event", "time-or-event"), .lives[].ttl (ISO 8601)
//   purposes[].subjects (ids)
//   processors[].regions[].eea, .third_countries (outside the EEA, each once), .subjects (names), .categories (names of kinds), .transfer (words),
//   .status, .keeps (words), .guarantee {adequacy, clauses, appropriate, enforceable} (words, or null)
cJSON *facts_tree(const struct policy *p); // the caller frees it; what is missing in it, memory was missing for
// Applies a mapping to the tree. `name` is what the error calls it. The caller frees the document; NULL with the error.
cJSON *facts_mapped(const struct policy *p, const char *name, const char *mapping, size_t len, struct err *e);
// The policy in the Transparency Information Language: its 14 members, those of TILT's own schema. TILT has no member for restriction and
// objection; they stand with access, where a reader looks for what else may be asked.
int facts_tilt(const struct policy *p, struct buf *out, struct err *e);
// The policy in the W3C's Data Privacy Vocabulary 2.3, as JSON-LD with its context within: reading it needs no network. One dpv:Process per
// purpose; kinds of data, processors and parties are nodes of their own with addresses below that of the notice.
int facts_dpv(const struct policy *p, struct buf *out, struct err *e);

// ---- the list of subprocessors ----
// The last: for the layout. The others have names: text json csv md html xml.
enum subprocessors_format { LIST_TEXT, LIST_JSON, LIST_CSV, LIST_MARKDOWN, LIST_HTML, LIST_XML, LIST_HTML_PART };
extern const struct policy_words subprocessors_formats;
int subprocessors_write(const struct policy *p, enum subprocessors_format format, struct buf *out, struct err *e);
// subprocessors.json, its rows under "subprocessors". The caller frees it; NULL with the error.
cJSON *subprocessors_tree(const struct policy *p, struct err *e);
extern const char *const subprocessors_columns[], *const subprocessors_shown[]; // all, and those in the forms for people; NULL-terminated

// ---- Atom feeds, with what is announced (p->coming) ----
int feed_subprocessors(const struct policy *p, struct buf *out, struct err *e);
int feed_notice(const struct policy *p, struct buf *out, struct err *e);

// ---- for nginx, and /.well-known ----
int headers_csp(const struct policy *p, struct buf *out); // the Content-Security-Policy value
void headers_conf(const struct policy *p, struct buf *out);
// For the answer that ends what a visitor left here: the browser lets go of its copies too (Clear-Site-Data).
void headers_clear(const struct policy *p, struct buf *out);
// What programs are told of a visitor's cookies, and may set: those of the policy, and nothing at all when it declares none.
void headers_cookies(const struct policy *p, struct buf *out);
// The problem documents that nginx itself answers with, as variables: $lethe_problem_404.
void headers_problems(const struct policy *p, struct buf *out);
void headers_gpc(const struct policy *p, struct buf *out);                  // gpc.json
void headers_security(const struct policy *p, time_t now, struct buf *out); // security.txt

#endif
