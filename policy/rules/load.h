// SPDX-License-Identifier: ISC
// From a file to a policy that programs may run on: read, checked, and kept whole by this version.
#ifndef LETHE_RULES_LOAD_H
#define LETHE_RULES_LOAD_H

#include "policy/model/policy.h"
#include "policy/model/report.h"

// Reads and checks a policy: the schema first, then what a schema cannot say. Returns NULL when it is not valid. `messages` gets one
// line per finding, "file:line: error|warning: what; why; what to do". Warnings alone do not refuse. Free with policy_free.
struct policy *policy_load(const char *file, struct buf *messages);
// The same from bytes; `name` is what the messages call them. `messages` may be NULL in both.
struct policy *policy_read(const char *name, const char *bytes, size_t len, struct buf *messages);
// The same, whatever the environment says of capabilities that this version lacks: `allow_unbuilt` makes them warnings. policy_load and
// policy_read go by LETHE_ALLOW_UNBUILT=1.
struct policy *policy_load_as(const char *file, bool allow_unbuilt, struct buf *messages);
struct policy *policy_read_as(const char *name, const char *bytes, size_t len, bool allow_unbuilt, struct buf *messages);
// The same with the findings themselves, in `r`, whose file it sets.
struct policy *policy_load_reported(const char *file, bool allow_unbuilt, struct report *r);

#endif
