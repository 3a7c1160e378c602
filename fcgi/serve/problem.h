// SPDX-License-Identifier: ISC
// Why a request is not served, and the answer that says so: an RFC 9457 problem document, or for a browser that prefers HTML a plain page with
// the same words.
#ifndef LETHE_SERVE_PROBLEM_H
#define LETHE_SERVE_PROBLEM_H

#include "fcgi/serve/request.h"
#include "policy/publish/words/words.h"

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

void respond_with_problem(struct request *r, const struct problem *p);
// problem_set and respond_with_problem at once.
void respond_problem(struct request *r, int status, const char *key, const char *parameter, const struct word_value *values);
// Answers with a problem object that has members of its own (from problem_object(), extended).
void respond_problem_object(struct request *r, const cJSON *problem);
// The same, from an err: INPUT 422, NOT_FOUND 404, REFUSED 403, FULL/BUSY/UNAVAILABLE/IO/UNKNOWN 503, TIMEOUT 504, others 500.
void respond_err(struct request *r, const struct err *e);

#endif
