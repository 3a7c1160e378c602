// SPDX-License-Identifier: ISC
// Why a set cannot be made, as the visitor is told.
#ifndef LETHE_GENERATE_TROUBLE_H
#define LETHE_GENERATE_TROUBLE_H

#include "policy/base/err.h"
#include <stdbool.h>

struct trouble {
	int status;                   // HTTP; 0: nothing to say
	const char *slug, *parameter; // parameter may be NULL
	bool confirmable;
	char detail[400];
};

// Fills *t and returns -1.
int trouble_set(struct trouble *t, int status, const char *slug, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
// From a store that cannot record: 503 whatever it is, with the reason on stderr.
int trouble_store(struct trouble *t, const struct err *e);

#endif
