// SPDX-License-Identifier: ISC
// What one processor may get, as the operator sets it: LETHE_EGRESS_LIMITS. Pure; money is counted in millionths of whatever the operator pays in.
#ifndef LETHE_EGRESS_LIMITS_H
#define LETHE_EGRESS_LIMITS_H

#include "policy/base/err.h"
#include <stdint.h>

enum { MONEY_UNIT = 1000000 };

// 0: none is set.
struct limits {
	uint64_t calls;         // requests in a UTC day
	uint64_t money;         // that may be spent in a UTC day
	uint64_t picture, text; // prices of one
	uint64_t minute;        // requests that are paid for, in a minute, evenly
	uint64_t at_once;       // such requests at the same time; more wait
};

// The setting: "openai calls=500 money=5.00 picture=0.04 text=0.002 minute=60 at-once=4; fal money=2 picture=0.03". `found` is asked for the
// limits of each processor by its id; NULL from it, or what is not understood: ERR_INPUT with what is wrong. Money without a price is wrong, too.
int limits_read(const char *setting, struct limits *(*found)(void *arg, const char *id), void *arg, struct err *e);

#endif
