// SPDX-License-Identifier: ISC
// What a policy needs and this version of the software does not have.
#ifndef LETHE_RULES_CAPABILITY_H
#define LETHE_RULES_CAPABILITY_H

#include "policy/model/policy.h"
#include "policy/model/report.h"
#include <libxml/tree.h>

bool processor_built(const char *id); // whether the software speaks to the processor with this id
// Finds the capabilities that the document `root` needs and this version lacks, puts them into p->lacks, and reports each: as an error, or
// as a warning where they are allowed to be absent.
void check_capabilities(struct policy *p, const xmlNode *root, bool allow_unbuilt, struct report *r);

#endif
