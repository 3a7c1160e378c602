// SPDX-License-Identifier: ISC
// POST /api/rights, GET /api/rights/<id>, POST /api/erase, GET /privacy/live.json.
#ifndef LETHE_RIGHTS_PROGRAM_H
#define LETHE_RIGHTS_PROGRAM_H

#include "fcgi/serve/serve.h"

extern const struct program rights_program;

// What the site holds at this moment, against what it promised:
// {site, at, policy:{version,sha256}, last_prune, late, kinds:[{kind, words, keep, count, oldest, oldest_seconds, limit_seconds, limit,
// late}]}; times are UTC, absent ones null. The caller frees.
cJSON *live_object(const struct policy *p, const struct census *census, time_t now);

#endif
