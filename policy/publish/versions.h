// SPDX-License-Identifier: ISC
// The versions of the policy that were in force, as they were published: kept for good, changed never. In STATE/policy/versions/
//	ID.xml              the policy
//	ID.html, ID.de.html the page /privacy of that time, in each of its languages
//	ID.json             {version, sha256, effective, updated, since: when it was first published here, ledger: the entry that says so (null: not
//	                    known), languages [], changes {language: [text]}}
// and copies of these in publish/html/versions/, which nginx serves at /privacy/versions/ID.
#ifndef LETHE_PUBLISH_VERSIONS_H
#define LETHE_PUBLISH_VERSIONS_H

#include "policy/base/json.h"
#include "policy/model/policy.h"

// Keeps the version in force, whose pages were just published in `folder`, and puts copies of all that are kept there. `ledger`: the number of
// its entry; < 0: not known.
int versions_keep(const char *state, const char *folder, const struct policy *p, int64_t ledger, struct err *e);
// What ID.json says of each, the newest first, as an array; the caller frees.
cJSON *versions_read(const char *state, struct err *e);

#endif
