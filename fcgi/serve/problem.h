// SPDX-License-Identifier: ISC
// Why a request is not served, in words (RFC 9457).
#ifndef LETHE_SERVE_PROBLEM_H
#define LETHE_SERVE_PROBLEM_H

#include "policy/publish/words/words.h"
#include <cjson/cJSON.h>
#include <stdbool.h>

// In the visitor's language.
struct problem {
	enum language language; // set before problem_set
	int status;             // 0: there is none
	char slug[40];
	const char *allow;  // the methods, of a 405
	bool confirmable;   // sent again with "confirm", the request passes
	char parameter[72]; // "": none
	char detail[512];
};
// Fills *p and returns -1. `key` is that of the word that says what to do: "problem.not-found", "problem.field-type.text"; its second part
// is the slug. `parameter` and `values` may be NULL.
int problem_set(struct problem *p, int status, const char *key, const char *parameter, const struct word_value *values);
// The problem document alone, as used in `error` events. RFC 9457: type is "/problems/<slug>", title from the status.
cJSON *problem_object(const struct problem *p);
// The title of an HTTP status.
const char *problem_status_title(enum language language, int status);

#endif
