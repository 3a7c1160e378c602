// SPDX-License-Identifier: ISC
// What a policy needs and this version of the software does not have.
#ifndef LETHE_RULES_CAPABILITY_H
#define LETHE_RULES_CAPABILITY_H

#include "policy/model/policy.h"
#include "policy/model/report.h"

// Calls `found` for each, with what it is ("" or "provider "), its name and the line that needs it. Returns how many.
size_t capabilities_lacking(const struct policy *p, void (*found)(void *data, const char *what, const char *name, int line), void *data);
bool processor_built(const char *id); // whether the software speaks to the processor with this id
// One finding for each: an error, or a warning where they are allowed to be absent.
void check_capabilities(const struct policy *p, bool allow_unbuilt, struct report *r);

#endif
