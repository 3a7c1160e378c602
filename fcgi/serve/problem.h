// SPDX-License-Identifier: ISC
// Problems in words: RFC 9457 problem documents, or a plain page with the same words.
#ifndef LETHE_SERVE_PROBLEM_H
#define LETHE_SERVE_PROBLEM_H

#include "fcgi/serve/request.h"

// Why a request is not served.
struct problem {
	int status;
	const char *slug, *allow; // `allow`: the methods, of a 405
	char parameter[72];       // "": none
	char detail[256];
};
// Fills *p and returns -1.
int problem_set(struct problem *p, int status, const char *slug, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
// The problem object alone, as used in `error` events.
cJSON *problem_object(int status, const char *slug, const char *parameter, const char *detail);

// RFC 9457: type is "/problems/<slug>", title from the status, `detail` says what to do, `parameter` may be NULL. A browser that prefers
// HTML gets a plain page with the same words.
void respond_problem(struct request *r, int status, const char *slug, const char *parameter, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));
// Answers with a problem object that has members of its own (from problem_object(), extended).
void respond_problem_object(struct request *r, const cJSON *problem);
// The same, from an err: INPUT 422, NOT_FOUND 404, REFUSED 403, FULL/BUSY/UNAVAILABLE/IO/UNKNOWN 503, TIMEOUT 504, others 500.
void respond_err(struct request *r, const struct err *e);
void problem_respond(struct request *r, const struct problem *p);

#endif
