// SPDX-License-Identifier: ISC
// What a handler may ask of its request.
#ifndef LETHE_SERVE_REQUEST_H
#define LETHE_SERVE_REQUEST_H

#include "policy/base/err.h"
#include "policy/model/policy.h"
#include "policy/model/words.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

const char *request_rest(const struct request *r); // what the route's "*" matched
// A header by its HTTP name ("Accept"); NULL when absent. Only those that nginx/snippets/params.conf passes exist.
const char *request_header(const struct request *r, const char *name);
const char *request_address(const struct request *r); // the visitor's; never log it
// The same where it is known to be the visitor's own; NULL: a proxy that is not trusted stands in between, or nobody of the Internet has such an address.
const char *request_connection(const struct request *r);
// The parsed fields of a JSON object or form body. A JSON body's members keep their type.
const cJSON *request_fields(const struct request *r);
// The body as it came, of routes that take BODY_TEXT or BODY_RAW.
const char *request_body(const struct request *r, size_t *len);
// "https://example.org": by the scheme and the host that the request was sent to.
void request_site(const struct request *r, char *out, size_t size);
int request_fd(const struct request *r);            // poll it for POLLRDHUP: the visitor left
bool request_gone(const struct request *r);         // the visitor left
bool request_is_head(const struct request *r);      // no body will go out
uint64_t request_deadline(const struct request *r); // monotonic_ms() at which it ends
// For routes that log themselves: writes the request-log row, with the receipt (NULL: none) that lets an erasure find it. Durable when it
// returns 0; does nothing where the policy keeps no request log. -1: the request must not be served; answer with respond_err().
int request_log(struct request *r, const char *receipt, struct err *e);
// The same in two steps, so that something else can be made durable meanwhile. `receipt` must live until the end or the answer, which waits
// for the row, too. Before the end nothing may be done that the log must know of.
int request_log_open(struct request *r, const char *receipt, struct err *e);
int request_log_end(struct request *r, struct err *e);
// In the language of the request: that which a form of ours names in the hidden field "language", else the best of the policy's languages by
// Accept-Language, else the main one.
const struct policy *request_policy(const struct request *r);
// Of a page with an address for each language: the policy's language of this code, "" its main one. -1: the policy is not written in it.
int request_use_language(struct request *r, const char *code);
enum language request_language(const struct request *r);
bool request_wants(const struct request *r, const char *type); // Accept prefers this type over the other two we make
							       // ("text/event-stream", "application/json", "text/html")

// One part of a multipart/form-data body; its bytes belong to the request.
struct part {
	const char *name;
	const char *filename; // NULL: a plain field (also in request_fields)
	const char *type;     // as the sender says; "" when it does not
	const char *bytes;
	size_t len;
};

// All of them, of those with and without a file name; what stands in several parts under one name has one that ends with "[]".
const struct part *request_parts(const struct request *r, size_t *count);
// Wipes what a handler has taken and nobody needs while the request waits: the body, its parts, and those fields that are lists or objects.
void request_forget_uploads(struct request *r);

// ---- for the files of fcgi/serve ----
void request_free(struct request *r); // what it holds
void request_parts_free(struct part *parts, size_t count);
void request_choose_language(struct request *r); // by header and, once it is read, by the form, whose field it takes away
const char *request_param(const struct request *r, const char *name); // NULL when absent or empty

#endif
