// SPDX-License-Identifier: ISC
// Why a set cannot be made, as the visitor is told.
#ifndef LETHE_GENERATE_FAILURE_H
#define LETHE_GENERATE_FAILURE_H

#include "policy/base/err.h"
#include <stdbool.h>

struct failure {
	int status;                   // HTTP; 0: nothing to say
	const char *slug, *parameter; // parameter may be NULL
	bool confirmable;
	char detail[400];
};

// Fills *t and returns -1.
int failure_set(struct failure *t, int status, const char *slug, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
// From a store that cannot record: 503 whatever it is, with the reason on stderr.
int failure_store(struct failure *t, const struct err *e);

#endif
