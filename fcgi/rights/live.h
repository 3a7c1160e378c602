// SPDX-License-Identifier: ISC
#ifndef LETHE_RIGHTS_LIVE_H
#define LETHE_RIGHTS_LIVE_H

#include "policy/model/policy.h"
#include "policy/vault/vault.h"
#include <cjson/cJSON.h>

// What the site holds at this moment, against what it promised:
// {site, at, policy:{version,sha256}, last_prune, late, kinds:[{kind, words, keep, count, oldest, oldest_seconds, limit_seconds, limit,
// late}]}; times are UTC, absent ones null; words and limits are in the language of `p`. The caller frees.
cJSON *live_object(const struct policy *p, const struct census *census, time_t now);

#endif
