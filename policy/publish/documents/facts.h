// SPDX-License-Identifier: ISC
// The tree that mappings read (policy/publish/render/mapping.h): privacy.json, and what follows from it or needs the words of a language.
//   site_url, created (the first version's date), subjects [{id, name}]
//   kinds[].life (how long, in words), .temporal (it has a fixed length), .lives[].ttl (ISO 8601)
//   purposes[].subjects (ids)
//   processors[].regions[].eea, .third_countries (outside the EEA, each once), .subjects (names), .categories (names of kinds), .transfer (words),
//   .status, .keeps (words), .guarantee {adequacy, clauses, appropriate, enforceable} (words, or null)
#ifndef LETHE_PUBLISH_DOCUMENTS_FACTS_H
#define LETHE_PUBLISH_DOCUMENTS_FACTS_H

#include "policy/base/json.h"
#include "policy/model/policy.h"

cJSON *facts_tree(const struct policy *p); // the caller frees it; what is missing in it, memory was missing for
// Applies a mapping to the tree. `name` is what the error calls it. The caller frees the document; NULL with the error.
cJSON *facts_mapped(const struct policy *p, const char *name, const char *mapping, size_t len, struct err *e);
// The policy in the Transparency Information Language: its 14 members, those of TILT's own schema. TILT has no member for restriction and
// objection; they stand with access, where a reader looks for what else may be asked.
int tilt_json(const struct policy *p, struct buf *out, struct err *e);
// The policy in the W3C's Data Privacy Vocabulary 2.3, as JSON-LD with its context within: reading it needs no network. One dpv:Process per
// purpose; kinds of data, processors and parties are nodes of their own with addresses below that of the notice.
int dpv_json(const struct policy *p, struct buf *out, struct err *e);

#endif
