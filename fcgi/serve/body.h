// SPDX-License-Identifier: ISC
// From the bytes of a body to fields and parts. The parsers are pure.
#ifndef LETHE_SERVE_BODY_H
#define LETHE_SERVE_BODY_H

#include "fcgi/serve/problem.h"
#include "fcgi/serve/program.h"

// Makes fields and parts from the body.
int body_parse(struct request *r, enum body_type kind, struct problem *why);
// application/x-www-form-urlencoded into an object of strings. On failure NULL: *why is the key of the word that says so
// ("problem.memory" among them), and `name` gets the field at fault, or "".
cJSON *body_form_parse(const char *text, size_t len, char name[72], const char **why);
// multipart/form-data; the parts point into `text`, names and types are copies. Free with request_parts_free.
int body_multipart_parse(const char *text, size_t len, const char *boundary, struct part **parts, size_t *count, char name[72],
			 const char **why);

#endif
