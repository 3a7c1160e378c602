// SPDX-License-Identifier: ISC
// What is published, document by document.
#ifndef LETHE_PUBLISH_DOCUMENTS_H
#define LETHE_PUBLISH_DOCUMENTS_H

#include "policy/base/json.h"
#include "policy/model/policy.h"
#include "policy/publish/render/list.h"
#include "policy/publish/render/statement.h"

// ---- the notice: a summary first, then a list of contents, then the text, the same in every form ----
// `p` in one of its languages (policy_language). HTML: what goes into the layout's <main>.
void notice_write(const struct policy *p, enum form form, struct buf *out);
// As HTML that needs nothing else, to be read before a site has it. Its links to other pages lead nowhere yet.
void notice_preview(const struct policy *p, struct buf *out);
// All its statements in the order of the notice, in the language of `p`, whose texts they point at. ERR_MEMORY.
int notice_statements(struct statements *out, const struct policy *p, struct err *e);
void summary_write(const struct policy *p, struct writer *w);
// One declared part, by the name that <insert what="…"/> gives it.
int notice_part(const struct policy *p, struct writer *w, const char *what);
void notice_state_claim(struct writer *w, const struct policy_claim *claim); // the next line is this one
// How long it is kept, with the reasons.
void notice_life(struct writer *w, const struct policy *p, const struct policy_kind *kind);
// privacy.json, of its lists only that of this name, or all (NULL); the caller frees it.
cJSON *notice_tree(const struct policy *p, const char *only);

// ---- facts ----
// The tree that mappings read (policy/publish/render/mapping.h): privacy.json, and what follows from it or needs the words of a language.
//   site_url, created (the first version's date), subjects [{id, name}]
//   kinds[].life (how long, in words), .lasts ("time", until an "event", "time-or-event"), .lives[].ttl (ISO 8601)
//   purposes[].subjects (ids)
//   processors[].regions[].eea, .third_countries (outside the EEA, each once), .subjects (names), .categories (names of kinds), .transfer (words),
//   .status, .keeps (words), .guarantee {adequacy, clauses, appropriate, enforceable} (words, or null)
struct facts {
	const struct policy *policy;
	cJSON *tree, *made;         // `made`: what the mapping of the list made
	const cJSON *subprocessors; // subprocessors.json, its rows under "subprocessors"
	struct buf notice;          // privacy.json, of the whole
};
// `whole`: all of it; else only the processors and their list.
int facts_make(struct facts *out, const struct policy *p, bool whole, struct err *e);
void facts_free(struct facts *f);
#define FACTS_AUTO __attribute__((cleanup(facts_free)))
int notice_json(const struct facts *f, struct buf *out, struct err *e);
// The policy in the Transparency Information Language: its 14 members, those of TILT's own schema. TILT has no member for restriction and
// objection; they stand with access, where a reader looks for what else may be asked.
int facts_tilt(const struct facts *f, struct buf *out, struct err *e);
// The policy in the W3C's Data Privacy Vocabulary 2.3, as JSON-LD with its context within: reading it needs no network. One dpv:Process per
// purpose; kinds of data, processors and parties are nodes of their own with addresses below that of the notice.
int facts_dpv(const struct facts *f, struct buf *out, struct err *e);

// ---- the list of subprocessors ----
// The last: for the layout. The others have names: text json csv md html xml.
enum subprocessors_format { LIST_TEXT, LIST_JSON, LIST_CSV, LIST_MARKDOWN, LIST_HTML, LIST_XML, LIST_HTML_PART };
extern const struct policy_words subprocessors_formats;
int subprocessors_write(const struct facts *f, enum subprocessors_format format, struct buf *out, struct err *e);
extern const char *const subprocessors_columns[], *const subprocessors_shown[]; // all, and those in the forms for people; NULL-terminated

// ---- Atom feeds, with what is announced (p->coming) ----
int feed_subprocessors(const struct facts *f, struct buf *out, struct err *e);
int feed_notice(const struct facts *f, struct buf *out, struct err *e);

// ---- for nginx, and /.well-known ----
int headers_csp(const struct policy *p, struct buf *out); // the Content-Security-Policy value
void headers_conf(const struct policy *p, struct buf *out);
// The same for a page in which scripts and styles stand: " 'sha256-…'" of each.
void headers_conf_with(const struct policy *p, const char *scripts, const char *styles, struct buf *out);
// For the answer that ends what a visitor left here: the browser lets go of its copies too (Clear-Site-Data).
void headers_clear(const struct policy *p, struct buf *out);
// What programs are told of a visitor's cookies, and may set: those of the policy, and nothing at all when it declares none.
void headers_cookies(const struct policy *p, struct buf *out);
// Who may say who the visitor is: that follows from the site's settings.
void headers_proxies(const struct policy *p, struct buf *out);
// How many connections nginx takes: that follows from the site's setting and the machine, not from the policy.
void headers_connections(const struct policy *p, struct buf *out);
// The problem documents that nginx itself answers with: $lethe_problem is that of the status, in the visitor's language.
void headers_problems(const struct policy *p, struct buf *out);
bool headers_signal(const struct policy *p);                                // whether Sec-GPC counts as the opt-out of sale
void headers_gpc(const struct policy *p, struct buf *out);                  // gpc.json
void headers_security(const struct policy *p, time_t now, struct buf *out); // security.txt

#endif
