// SPDX-License-Identifier: ISC
// What a policy needs and this version of the software does not have.
#ifndef LETHE_RULES_CAPABILITY_H
#define LETHE_RULES_CAPABILITY_H

#include "policy/model/policy.h"
#include "policy/model/report.h"
#include <libxml/tree.h>

// Finds the capabilities that the document `root` needs and this version lacks, puts them into p->lacks, and reports each: as an error, or
// as a warning where they are allowed to be absent.
void capability_check(struct policy *p, const xmlNode *root, bool allow_unbuilt, struct report *r);
// What the policy needs and this version does not have, as "accounts, payments, provider openai", added to `out` (may be NULL). Returns
// how many; 0 for a policy that is kept whole.
size_t capability_unbuilt(const struct policy *p, struct buf *out);
// Whether this version can do here what POST /api/generate does: from a description or a page to a set of pictures and its ZIP.
#define KINDS_OF_A_SET (KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_IMAGE) | KIND_BIT(KIND_ARCHIVE))
bool capability_makes_sets(const struct policy *p);

#endif
