// SPDX-License-Identifier: ISC
// What the files of fcgi/serve share with each other and with their tests. Programs use serve.h.
#ifndef LETHE_SERVE_INTERNAL_H
#define LETHE_SERVE_INTERNAL_H

#include "fcgi/serve/serve.h"
#include "policy/base/limits.h"
#include "policy/rules/active.h"
#include <fcgiapp.h>
#include <pthread.h>
#include <stdatomic.h>

// ---- one program, serving ----
enum { THREADS_MAX = 16 };
struct thread_pool { // of a program that says how many threads it has
	pthread_t threads[THREADS_MAX];
	unsigned thread_count;
	pthread_mutex_t lead; // held by the thread that waits for requests
	int events;           // epoll: the listener, the stop, and the connections
	struct pooled *first; // all connections; with their count under the server's lock
	unsigned count;
};

struct server {
	const struct program *program;
	const struct policy *policy;
	struct vault *vault; // NULL when the program needs none
	void *context;       // from program->start
	int listener;        // not ours to close or shut down: systemd owns it
	int signal_fd;       // SIGTERM and SIGINT
	int stop_fd;         // eventfd, readable from the moment the server stops
	int ended_fd;        // eventfd, written when a connection ends while the acceptor is holding back
	unsigned in_flight_max;
	unsigned drain_ms;         // how long requests under way may take after SIGTERM
	struct active_watch watch; // of the policy in force; its path is "" where nothing is watched
	int fd_limit;              // RLIMIT_NOFILE
	atomic_uint active;
	atomic_bool stopping, holding, failed;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct parked *parked; // threads without a connection, the last one first
	unsigned parked_count;
	bool over; // they shall end
	struct thread_pool pool;
};
// Connections above in_flight_max that may be answered (with 503) at once; beyond them, connections wait in the backlog.
enum { REFUSED_AT_ONCE = 64 };

int server_init(struct server *s); // the members after `context` get their values; -1 with errno
// Serves until a stop; returns the exit status. 3: requests were still under way when the time to drain was over.
int server_run(struct server *s);
void server_stop(struct server *s, bool failed);
struct connection {
	struct server *server;
	int fd;
	bool refuse;
	FCGX_Request fcgx;
};
// Takes fd over and sets its time limits.
void connection_open(struct connection *c, struct server *s, int fd);
// Reads and answers one request that is about to come, in the calling thread. True: the peer may send another one.
bool connection_serve(struct connection *c);
void connection_close(struct connection *c);
// A thread of its own for the connection, which it closes. -1: no thread; the caller still owns fd.
int connection_start(struct server *s, int fd, bool refuse);
// For a thread that is through with its connection: another one that waits already, or -1.
int connection_accept(struct server *s, bool *refuse);
void connection_count_down(struct server *s); // a connection is over; under the lock
void connections_dismiss(struct server *s);   // after the last connection: ends the threads that wait for one
// For a program that says how many threads it has; does nothing for others. -1: not all of them could be made.
int thread_pool_start(struct server *s);
// In the thread that answers a request: the rest may take long, so another thread takes the next ones.
void thread_pool_yield(struct server *s);
void thread_pool_end(struct server *s); // after the stop: waits for them and closes the connections

// ---- one request ----
struct refusal {
	int status;
	const char *slug, *allow;
	char parameter[72]; // "": none
	char detail[256];
};
// Fills *no and returns -1.
int refuse(struct refusal *no, int status, const char *slug, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

struct request {
	struct server *server;
	FCGX_Request *fcgx;  // NULL: nothing is sent (tests of single parts)
	char *const *params; // "NAME=value", ended by NULL
	const struct route *route;
	const char *rest;
	uint64_t deadline;
	struct buf body;
	cJSON *fields;
	bool typed; // the fields come from JSON and have types; a form's are all text
	struct part *parts;
	size_t part_count;
	struct buf headers; // of the answer, as they will be sent
	bool has_type, has_cache;
	int status;                          // 0: not yet answered
	bool head;                           // HEAD: no body goes out
	bool logged;                         // the request-log row is written
	struct request_log_pending *log_row; // or under way
	bool gone;                           // the visitor left
};
void request_free(struct request *r);
const char *request_param(const struct request *r, const char *name); // NULL when absent or empty
// The route of the request: 404, 405 with `allow`, 431.
int route_find(struct request *r, const struct route *routes, struct refusal *no);
// Whether the request may be read further: origin, type and length as announced. *body_kind is set.
int route_admit(struct request *r, enum body_type *kind, struct refusal *no);
// Refuses a table that touches kinds which the policy does not declare.
int routes_check(const struct route *routes, const struct policy *p, struct err *e);
// Makes fields and parts from the body.
int body_parse(struct request *r, enum body_type kind, struct refusal *no);
// Reads, judges, answers one parsed request.
void request_serve(struct server *s, FCGX_Request *fcgx, bool busy);

// ---- parsers of outside bytes; all of them pure ----
// application/x-www-form-urlencoded into an object of strings. ERR_INPUT; `name` gets the field at fault, or "".
cJSON *form_parse(const char *text, size_t len, char name[72], struct err *e);
// multipart/form-data; the parts point into `text`, names and types are copies. Free with parts_free.
int multipart_parse(const char *text, size_t len, const char *boundary, struct part **parts, size_t *count, char name[72], struct err *e);
void parts_free(struct part *parts, size_t count);
// Whether the header's media type is `type`; parameters are left aside.
bool mime_is(const char *header, const char *type);
// A parameter of a media type or disposition, unquoted; -1 when absent or too long.
int mime_parameter(const char *header, const char *name, char *out, size_t size);
enum wants { WANTS_JSON, WANTS_HTML, WANTS_EVENTS };
enum wants accept_preferred(const char *accept); // NULL: no header
// A request that changes something may come from our own pages or from something that is no browser.
bool origin_allowed(const char *fetch_site, const char *origin, const char *host);
// The name of a cookie in a Set-Cookie value may be set.
bool cookie_declared(const struct policy *p, const char *set_cookie);

// ---- bytes in and out, the only place besides connection.c that knows libfcgi ----
int stream_read_body(struct request *r, struct refusal *no);
void stream_rest(const struct request *r); // gives memory back that the answer will need
int stream_write(struct request *r, const void *bytes, size_t len);
int stream_flush(struct request *r);
void stream_drain(struct request *r); // reads the rest of the body away, or marks the connection to be closed
void stream_wipe(struct request *r);  // overwrites what libfcgi holds of the request

void respond_refusal(struct request *r, const struct refusal *no);
const char *status_title(int status);
void note_name(const char *program);

#endif
