// SPDX-License-Identifier: ISC
// From the bytes of a body to fields and parts. The parsers are pure.
#ifndef LETHE_SERVE_BODY_H
#define LETHE_SERVE_BODY_H

#include "fcgi/serve/problem.h"
#include "fcgi/serve/program.h"

// Makes fields and parts from the body.
int body_parse(struct request *r, enum body_type kind, struct problem *why);
// application/x-www-form-urlencoded into an object of strings. ERR_INPUT; `name` gets the field at fault, or "".
cJSON *body_form_parse(const char *text, size_t len, char name[72], struct err *e);
// multipart/form-data; the parts point into `text`, names and types are copies. Free with request_parts_free.
int body_multipart_parse(const char *text, size_t len, const char *boundary, struct part **parts, size_t *count, char name[72],
			 struct err *e);

#endif
