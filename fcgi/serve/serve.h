// SPDX-License-Identifier: ISC
// What every FastCGI program shares: accept, admission, deadlines, requests, answers, events, graceful stop. A program is a const table
// of routes and a call of serve_main().
#ifndef LETHE_SERVE_SERVE_H
#define LETHE_SERVE_SERVE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/model/policy.h"
#include "policy/vault/vault.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

// A program's exit status when it cannot start and has said why: to start it again as it is would bring the same.
enum { EXIT_CANNOT_START = 2 };

struct request;

// Body types a route takes.
enum body_type { BODY_NONE = 0, BODY_JSON = 1, BODY_FORM = 2, BODY_MULTIPART = 4 };

struct route {
	const char *method;   // "GET" also answers HEAD
	const char *path;     // exact; a trailing "*" matches any rest without "/", see request_rest()
	size_t body_max;      // 413 above it
	unsigned body_types;  // 415 for others
	unsigned deadline_ms; // whole request; 504 problem
	kind_set kinds;       // kinds of data the handler touches: all must be declared in the policy or the program does not start
	bool changes_state;   // Sec-Fetch-Site, then Origin, are checked first
	bool logged;          // one request-log row before the handler runs (if the policy keeps a request log)
	// Instead: the handler calls request_log() once it knows the receipt. Until it did, an answer below 400 is replaced by 500:
	// nothing is done that the log does not know.
	bool logs_itself;
	// Answers with one of the respond_* functions. What it returns is ignored if it answered; if it did not, 500.
	void (*handle)(struct request *r, void *context);
};

struct program {
	const char *name;           // "generate"
	const struct route *routes; // ended by {0}
	// Once, before the sandbox and the first request: open what is needed. *context goes to the handlers. -1: the program ends with
	// the message.
	int (*start)(const struct policy *p, struct vault *v, void **context, struct err *e);
	void (*stop)(void *context);    // after the last request
	const char *const *read_paths;  // landlock: folders it may read besides the state; NULL-terminated; NULL: none
	const char *const *write_paths; // landlock: besides state and run
	bool needs_vault;
	// 0: a thread for each request, for handlers that wait for others. Else so many threads in all, for handlers that look something up;
	// routes that change state may take longer, as many at once as there are further threads. A request must not come slowly, so nginx
	// passes such a program no bodies.
	unsigned threads;
	unsigned in_flight_max; // requests at once; 0: IN_FLIGHT_MAX
	unsigned drain_ms;      // for requests under way after SIGTERM; 0: a minute
};

// Loads the policy, opens the vault, runs start(), enters the sandbox (and says so on stderr), serves fd 0 until SIGTERM or SIGINT,
// drains, returns the exit status.
int serve_main(const struct program *program);

// --- the request ---
const char *request_method(const struct request *r);
const char *request_path(const struct request *r);
const char *request_rest(const struct request *r); // what the route's "*" matched
// A header by its HTTP name ("Accept"); NULL when absent. Only those that nginx/snippets/params.conf passes exist.
const char *request_header(const struct request *r, const char *name);
const char *request_address(const struct request *r); // the visitor's; never log it
const char *request_user_agent(const struct request *r);
// The parsed fields of a JSON object or form body. A JSON body's members keep their type.
const cJSON *request_fields(const struct request *r);
// The bytes of a multipart body. Of a JSON object or a form only the fields are kept, so that a waiting request stays small.
const char *request_body(const struct request *r, size_t *len);
int request_fd(const struct request *r);            // poll it for POLLRDHUP: the visitor left
bool request_gone(const struct request *r);         // the visitor left
uint64_t request_deadline(const struct request *r); // monotonic_ms() at which it ends
// For routes that log themselves: writes the request-log row, with the receipt (NULL: none) that lets an erasure find it. Durable when it
// returns 0; does nothing where the policy keeps no request log. -1: the request must not be served; answer with respond_err().
int request_log(struct request *r, const char *receipt, struct err *e);
// The same in two steps, so that something else can be made durable meanwhile. `receipt` must live until the end or the answer, which waits
// for the row, too. Before the end nothing may be done that the log must know of.
int request_log_open(struct request *r, const char *receipt, struct err *e);
int request_log_end(struct request *r, struct err *e);
const struct policy *request_policy(const struct request *r);
bool request_wants(const struct request *r, const char *type); // Accept prefers this type over the other two we make
							       // ("text/event-stream", "application/json", "text/html")

// One part of a multipart/form-data body; its bytes belong to the request. NULL when there is none of that name.
struct part {
	const char *name;
	const char *filename; // NULL: a plain field (also in request_fields)
	const char *type;     // as the sender says; "" when it does not
	const char *bytes;
	size_t len;
};
const struct part *request_part(const struct request *r, const char *name);

// Typed fields: a row per field; unknown, repeated or out-of-range ones are refused with the field's name.
enum field_type { FIELD_TEXT, FIELD_INT, FIELD_CHOICE, FIELD_BOOL };
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
const char *request_text(const struct request *r, const char *name);         // NULL when absent
long request_int(const struct request *r, const char *name, long otherwise); // also of FIELD_BOOL: 0 or 1

// --- the answer; each may be called once ---
// RFC 9457: type is "/problems/<slug>", title from the status, `detail` says what to do, `parameter` may be NULL. A browser that prefers
// HTML gets a plain page with the same words.
void respond_problem(struct request *r, int status, const char *slug, const char *parameter, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));
// Answers with a problem object that has members of its own (from problem_object(), extended).
void respond_problem_object(struct request *r, const cJSON *problem);
// The same, from an err: INPUT 422, NOT_FOUND 404, REFUSED 403, FULL/BUSY/UNAVAILABLE/IO/UNKNOWN 503, TIMEOUT 504, others 500.
void respond_err(struct request *r, const struct err *e);
void respond_json(struct request *r, int status, const cJSON *value);
// For a browser that sent a form and prefers HTML: a plain page with a title, a sentence and the members of `facts` as a list, by their
// names. Long ids stand so that a click selects them.
void respond_page(struct request *r, int status, const char *title, const char *sentence, const cJSON *facts);
// A page of the program's own: begin writes the frame of the site's pages into *out, up to the heading; end writes what comes after the content.
enum { PAGE_MAX = 512 * 1024 };
struct framed {
	struct buf text;
	const char *rest;
};
void framed_begin(const struct request *r, struct framed *frame, struct buf *out, const char *title);
void framed_end(const struct framed *frame, struct buf *out);
void framed_free(struct framed *frame);
#define FRAMED_AUTO __attribute__((cleanup(framed_free)))
void respond_bytes(struct request *r, int status, const char *type, const void *bytes, size_t len);
void respond_empty(struct request *r, int status);
void respond_header(struct request *r, const char *name, const char *value); // before the answer; refuses Set-Cookie of undeclared cookies
// nginx sends the file at this internal path.
void respond_redirect_internal(struct request *r, const char *internal_path);
// Streaming: begin, then write and flush as often as needed. -1: the visitor left.
int respond_begin(struct request *r, int status, const char *type, bool streaming);
int respond_write(struct request *r, const void *bytes, size_t len);
int respond_flush(struct request *r);
bool responded(const struct request *r);
// One server-sent event; `data` is JSON without newlines. Flushes.
int respond_event(struct request *r, const char *event, const char *data, size_t len);
// The problem object alone, as used in `error` events.
cJSON *problem_object(int status, const char *slug, const char *parameter, const char *detail);

// A line on stderr, "program: message". Never personal data. There is no other log.
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
