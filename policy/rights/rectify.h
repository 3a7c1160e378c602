// SPDX-License-Identifier: ISC
// Rectification (GDPR, Article 16): a field of a record is corrected. Which fields a person can correct stands in one table, by kind.
//
// In the body, `corrections` has for each: at, by, field, and before, what it was. It goes as soon as the matter is over. The event and the ledger name
// the fields alone; whoever got the old value is told (Article 19): recipient.h.
#ifndef LETHE_RIGHTS_RECTIFY_H
#define LETHE_RIGHTS_RECTIFY_H

#include "policy/rights/request.h"

struct rectify_field {
	enum kind kind;
	const char *name; // of the member of the body
	size_t max;       // bytes
};
extern const struct rectify_field rectify_fields[]; // ended by {.name = NULL}

struct rectify_value {
	const char *field, *value;
};
// Corrects fields of an open request. ERR_INPUT: a field cannot be corrected, or its value is none, or nothing would change; ERR_REFUSED: it is over.
int rectify_request(struct vault *v, const char *id, const struct rectify_value *values, size_t count, const char *by, const char *reason,
		    struct err *e);

#endif
