// SPDX-License-Identifier: ISC
// Answers that say what went wrong: RFC 9457 problem documents, or for a browser that prefers HTML a plain page with the same words.
#ifndef LETHE_SERVE_RESPOND_PROBLEM_H
#define LETHE_SERVE_RESPOND_PROBLEM_H

#include "fcgi/serve/problem.h"
#include "fcgi/serve/request.h"

void respond_with_problem(struct request *r, const struct problem *p);
// problem_set and respond_with_problem at once.
void respond_problem(struct request *r, int status, const char *key, const char *parameter, const struct word_value *values);
// Answers with a problem object that has members of its own (from problem_object(), extended).
void respond_problem_object(struct request *r, const cJSON *problem);
// The same, from an err: INPUT 422, NOT_FOUND 404, REFUSED 403, FULL/BUSY/UNAVAILABLE/IO/UNKNOWN 503, TIMEOUT 504, others 500.
void respond_err(struct request *r, const struct err *e);

#endif
