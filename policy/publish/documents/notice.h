// SPDX-License-Identifier: ISC
// The privacy notice: a summary first, then a list of contents, then the text, the same in every form.
#ifndef LETHE_PUBLISH_DOCUMENTS_NOTICE_H
#define LETHE_PUBLISH_DOCUMENTS_NOTICE_H

#include "policy/base/json.h"
#include "policy/model/policy.h"
#include "policy/publish/render/writer.h"

// `p` in one of its languages (policy_language). HTML: what goes into the layout's <main>.
void notice_write(const struct policy *p, enum form form, struct buf *out);
void notice_summary(const struct policy *p, struct writer *w);
// Where a language's notice is: "/privacy" for the main one, else "/privacy.de".
void notice_address(const struct policy *p, struct buf *out);
cJSON *notice_tree(const struct policy *p); // privacy.json; the caller frees it
int notice_json(const struct policy *p, struct buf *out, struct err *e);
// One declared part, by the name that <insert what="…"/> gives it. -1 when there is no such part.
int notice_part(const struct policy *p, struct writer *w, const char *what);

void write_life(struct writer *w, const struct policy *p, const struct policy_kind *kind);

#endif
