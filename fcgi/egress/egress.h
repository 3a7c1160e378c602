// SPDX-License-Identifier: ISC
// The inside of egress. One thread, one event loop: a job is a connection of another program (front.c); it is read, judged and made
// into a transfer (send.c for a processor, page.c for a page), whose end is answered on the same connection.
#ifndef LETHE_EGRESS_EGRESS_H
#define LETHE_EGRESS_EGRESS_H

#include "fcgi/egress/engine.h"
#include "fcgi/egress/loop.h"
#include "fcgi/egress/upstream.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/frame.h"
#include "fcgi/ipc/listener.h"
#include "policy/base/buf.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/rules/active.h"

#ifdef LETHE_TESTING
enum { EGRESS_TESTING = 1 };
#else
enum { EGRESS_TESTING = 0 };
#endif

enum {
	DEADLINE_MS_MAX = 10 * 60 * 1000, // of a job for a processor: the vendors' own clients give up then
	PAGE_DEADLINE_MS_MAX = 15 * 1000,
	FRAME_MS = 30 * 1000, // for a program to hand its job over, or to take the answer
	CONNECT_MS = 5000,
	HEADERS_BYTES_MAX = 64 * 1024, // of one answer
	REDIRECTS_MAX = 5,
	RECEIVE_BUFFER = 2048,   // curl's, per transfer: there may be thousands
	SEND_BUFFER = 16 * 1024, // the least it takes
};

// What can be wrong, as the reply names it.
enum failure {
	FAILURE_NONE = 0,
	BAD_CALL,
	UNDECLARED_PROCESSOR,
	HOST_NOT_ALLOWED,
	KIND_NOT_SHARED,
	NOT_CONFIGURED,
	REGION_MISMATCH,
	BREAKER_IS_OPEN,
	BUDGET_SPENT,
	ADDRESS_FORBIDDEN,
	BAD_URL,
	UNRESOLVABLE,
	UNREACHABLE,
	TLS_FAILED,
	TIMED_OUT,
	TOO_LARGE,
	NOT_HTML,
	EMPTY_PAGE,
	TOO_MANY_REDIRECTS,
	HTTP_STATUS,
	TRUNCATED,
};
const char *failure_code(enum failure t);

struct egress_settings {
	const char *ca_file;  // certificates to trust
	unsigned connections; // to one host
	uint64_t jobs;        // under way at once
	uint64_t daily;       // requests to one processor in one UTC day; 0: no limit
};

struct egress {
	struct loop loop;
	struct engine engine;
	const struct policy *policy;
	struct upstreams upstreams;
	struct egress_settings settings;
	struct listener listener;
	struct watch listening, signals;
	struct timer rest;       // the listener rests when descriptors run out
	struct timer save;       // of the traffic counts
	char traffic_file[4096]; // "": they are not kept
	bool traffic_changed;
	uint64_t pages, pages_refused;
	size_t connections; // jobs in whatever step
	size_t under_way;   // with a transfer, or waiting to repeat one
	bool stopping, killed;
	struct active_watch *watch; // of the policy in force
};

enum step { STEP_CALL, STEP_UNDER_WAY, STEP_REPLY };

// What is known of the upstream's answer.
struct answer {
	long status;
	char type[160];
	char region[64];
	char *location;
	double retry_after_ms; // < 0: not said
	bool told_not_to_repeat;
	size_t header_bytes;
	bool complete_headers;
	struct buf body;
};

struct job {
	struct watch watch; // the caller's connection
	struct timer timer; // hand-over, deadline or back-off: what comes first
	struct egress *egress;
	enum step step;
	struct frame call;
	// The work.
	uint64_t deadline;
	struct transfer transfer;
	struct curl_slist headers[4];
	char content_type[200], accept[200];
	struct answer answer;
	enum failure failure; // set by a callback that ended the transfer
	const char *failure_words;
	void (*ended)(struct job *j, CURLcode result);  // the transfer's end
	int (*headers_done)(struct job *j);             // all headers are there; -1 ends the transfer
	void (*repeat)(struct job *j);                  // the back-off is over
	void (*dropped)(struct job *j, bool timed_out); // the caller left, or the deadline passed
	// A job for a processor.
	struct upstream *upstream;
	char method[8];
	CURLU *url; // of a page, too
	kind_set kinds;
	bool repeatable, probe, waiting;
	unsigned attempts; // of a page: redirects followed
	uint64_t sent;
	// The reply.
	struct buf reply;
	size_t written;
};

// front.c
int front_open(struct egress *g, int listener, struct err *e);
// Answers and ends the job. `head` is consumed; the answer's body goes with it when `with_body`.
void job_reply(struct job *j, cJSON *head, bool with_body);
void job_refuse(struct job *j, enum failure t, const char *format, ...) __attribute__((format(printf, 3, 4)));

// dispatch.c: a whole frame is there.
void job_dispatch(struct job *j);
// status.c
cJSON *status_reply(const struct egress *g);
void traffic_load(struct egress *g);
void traffic_save(struct egress *g);

// send.c, page.c
void send_begin(struct job *j, const struct egress_call *call);
void page_begin(struct job *j, const struct egress_call *call);

// transfer.c
// A handle with everything that holds for all transfers; j->transfer.easy. -1 when there is no memory.
int transfer_prepare(struct job *j);
int transfer_start(struct job *j);
void transfer_drop(struct job *j);                       // ends a transfer under way, if there is one, and frees the handle
void transfer_done(struct transfer *t, CURLcode result); // what the engine calls
void transfer_free(struct job *j);                       // the handle of a transfer that is not under way
// What a failed transfer means. Only when j->trouble is not set already.
enum failure transfer_failure(const struct job *j, CURLcode result, const char **words);
void answer_reset(struct answer *a, size_t body_max);
void answer_free(struct answer *a);

// run.c: serves until SIGTERM or SIGINT, or until another policy is in force (`watch`); the exit status. `listener` is a listening Unix socket.
int egress_run(const struct policy *p, struct active_watch *watch, int listener);

#endif
