// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_FIELDS_H
#define LETHE_SERVE_FIELDS_H

#include "fcgi/serve/request.h"
#include "policy/base/text.h"

// Typed fields: a row per field; unknown, repeated or out-of-range ones are refused with the field's name.
enum field_type { FIELD_TEXT, FIELD_INT, FIELD_CHOICE, FIELD_BOOL, FIELD_TREE }; // FIELD_TREE: a list or an object, which the handler reads
struct field {
	const char *name;
	enum field_type type;
	bool required;
	long min, max;              // characters of a text, or the number's range
	const char *const *choices; // NULL-terminated
};
// Checks all fields of the request against the table (ended by {0}). On failure it has answered 400 or 422 with a problem document that
// names the field and the rule, and returns -1. 400: unknown, repeated, missing or of the wrong type; 422: outside its range or choices.
// An empty value in a form is an absent one. Parts with a file name are not fields and are not checked here.
int request_check(struct request *r, const struct field *fields);
const char *request_text(const struct request *r, const char *name); // NULL when absent
// Of who sends the same once more because no answer came, or by a reload: the header Idempotency-Key, or the field "key" of a form that has it, of 22 to 128
// unreserved characters. 1, and a token that follows for
// `purpose` and `owner` (NULL: anybody), whose keys are no one else's, from the key and all fields; 0: there is none; -1: it is of another form (problem.idempotency-key).
int request_once(const struct request *r, const char *purpose, const char *owner, char out[TOKEN_LEN + 1]);
long request_int(const struct request *r, const char *name, long otherwise); // also of FIELD_BOOL: 0 or 1

#endif
