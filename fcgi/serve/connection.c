// SPDX-License-Identifier: ISC
// The accept() is ours and libfcgi only parses: it would otherwise block without a deadline, and wait for a lock-step of BEGIN and PARAMS.
#include "fcgi/serve/connection.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/body.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/respond.h"
#include "fcgi/serve/route.h"
#include "fcgi/serve/stream.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <assert.h>
#include <fastcgi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// The members below "Don't use anything below here" that accepting by ourselves needs; unchanged since 2003.
static_assert(sizeof(FCGX_Request) == 80, "libfcgi's request has another layout than the one this file knows");

enum {
	RECEIVE_SECONDS = 10, // each read
	SEND_SECONDS = 30,    // each write: a slow visitor holds up only itself
	BODY_MS = 10 * 1000,  // for all of a body, and more for what is large:
	BODY_BYTES_PER_MS = 128,
	REFUSED_MS = 20, // for what a request that is refused at once has brought already
	RESPONDER = 1,
	DRAIN_MS = 5000,
	DRAIN_BYTES_MAX = BODY_BYTES_MAX,
};

// ---- what a request brings ----

// What the input stream holds already, or what its next read brings; never more than one record. 0: the end, or an error.
static size_t stream_fill(FCGX_Stream *in)
{
	if (in->rdNext == in->stop) {
		int c = FCGX_GetChar(in);
		if (c == EOF)
			return 0;
		FCGX_UnGetChar(c, in);
	}
	return (size_t)(in->stop - in->rdNext);
}

static void stream_consume(FCGX_Stream *in, size_t len)
{
	explicit_bzero(in->rdNext, len);
	in->rdNext += len;
}

static int stream_read_body(struct request *r, struct problem *why)
{
	size_t max = r->route->body_max;
	uint64_t until = monotonic_ms() + BODY_MS + max / BODY_BYTES_PER_MS;
	const char *length = request_param(r, "CONTENT_LENGTH");
	r->body = BUF_INIT(max);
	if (r->fcgx == NULL)
		return 0;
	FCGX_Stream *in = r->fcgx->in;
	for (size_t len; (len = stream_fill(in)) > 0; stream_consume(in, len)) {
		if (r->body.len + len > max)
			return problem_set(why, 413, "problem.body-too-large", NULL,
					   WORD_VALUES({"max", word_number((char[WORD_NUMBER]){0}, (long long)max)}));
		if (buf_add(&r->body, in->rdNext, len) != 0)
			return problem_set(why, 503, "problem.memory", NULL, NULL);
		if (monotonic_ms() > (until < r->deadline ? until : r->deadline))
			return problem_set(why, 408, "problem.too-slow", NULL, NULL);
	}
	if (FCGX_GetError(in) != 0 || (length != NULL && strtoull(length, NULL, 10) != r->body.len))
		return problem_set(why, 400, "problem.body-truncated", "Content-Length", NULL);
	return 0;
}

// Reads and judges the request, and logs it. False: it has been answered. Not inlined, so that nothing of this is on the stack while the
// handler waits.
static __attribute__((noinline)) bool request_admit(struct request *r)
{
	struct problem why = {.language = request_language(r)};
	struct err e = {0};
	enum body_type kind;
	int rc = route_find(r, r->server->program->routes, &why);
	if (rc == 0)
		rc = route_admit(r, &kind, &why);
	if (rc == 0 && r->route->admit != NULL && !r->route->admit(r, r->server->context))
		return false;
	if (rc == 0)
		rc = stream_read_body(r, &why);
	if (rc == 0) {
		rc = body_parse(r, kind, &why);
		if (kind != BODY_NONE) { // an answer that may be minutes away
			stream_shrink(r->fcgx->in);
			stream_give_back(r->fcgx->out);
		}
		request_choose_language(r);
		// The parts of the one point into the body, and those who asked for it as it came get it; of the others the fields are a copy already.
		if (kind != BODY_MULTIPART && kind != BODY_TEXT && kind != BODY_RAW)
			buf_wipe(&r->body);
	}
	if (rc != 0)
		respond_with_problem(r, &why);
	else if (r->route->logged && !r->route->logs_itself && (rc = request_log(r, NULL, &e)) != 0)
		respond_err(r, &e);
	return rc == 0;
}

static void request_serve(struct server *s, FCGX_Request *fcgx, bool busy)
{
	struct request r = {.server = s, .fcgx = fcgx, .params = fcgx->envp, .deadline = monotonic_ms()};
	request_choose_language(&r);
	if (busy) {
		respond_problem(&r, 503, "problem.busy.visitors", NULL, NULL);
	} else if (request_admit(&r)) {
		if (r.route->changes_state && s->yield != NULL) // waits for the disk, and for other writers
			s->yield(s);
		r.route->handle(&r, s->context);
		if (r.unlogged) {
			respond_problem(&r, 500, "problem.internal.unlogged", NULL, NULL);
		} else if (!respond_begun(&r)) {
			note_line("%s %s gave no answer", r.route->method, r.route->path);
			respond_problem(&r, 500, "problem.internal", NULL, NULL);
		}
	}
	if (r.commit_unknown || (s->vault != NULL && vault_broken(s->vault))) {
		if (!atomic_exchange(&s->failed, true))
			note_line("the outcome of a commit is unknown: serving stops, so that the next start can check the store");
		server_stop(s, true);
	}
	// The rest of the body is read away, or the connection will be closed. Nobody is waited for when all places are taken.
	uint64_t until = monotonic_ms() + (busy ? REFUSED_MS : DRAIN_MS);
	if (busy)
		setsockopt(fcgx->ipcFd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = REFUSED_MS * 1000}, sizeof(struct timeval));
	size_t drained = 0;
	for (size_t len; fcgx->keepConnection && (len = stream_fill(fcgx->in)) > 0; stream_consume(fcgx->in, len)) {
		drained += len;
		if (drained > DRAIN_BYTES_MAX || monotonic_ms() >= until)
			fcgx->keepConnection = 0;
	}
	for (char **p = fcgx->envp; p != NULL && *p != NULL; p++)
		explicit_bzero(*p, strlen(*p));
	request_free(&r);
}

// ---- connections ----

void connection_open(struct connection *c, struct server *s, int fd, bool busy)
{
	const struct timeval receive = {.tv_sec = RECEIVE_SECONDS}, send = {.tv_sec = SEND_SECONDS};
	*c = (struct connection){.server = s, .fd = fd, .busy = busy};
	FCGX_InitRequest(&c->fcgx, -1, 0);
	c->fcgx.ipcFd = fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send);
}

// libfcgi is told to keep the connection, or it would close it before it reads; and after the answer it would ask the kernel three times
// for what one close() does.
bool connection_serve(struct connection *c)
{
	FCGX_Request *fcgx = &c->fcgx;
	fcgx->keepConnection = 1;
	if (FCGX_Accept_r(fcgx) != 0 || fcgx->role != RESPONDER)
		return false; // the peer left or spoke something else
	bool asked = fcgx->keepConnection;
	fcgx->keepConnection = 1;
	request_serve(c->server, fcgx, c->busy);
	bool kept = asked && fcgx->keepConnection && !c->busy && !atomic_load(&c->server->stopping);
	fcgx->keepConnection = 1;
	// Ends the answer. Then nothing needs what the streams' buffers hold of it and of the question, which libfcgi would free as it is.
	FCGX_Stream *const streams[] = {fcgx->err, fcgx->out, fcgx->in};
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		const struct stream_buffer *buffer = streams[i]->data;
		if (!streams[i]->isReader)
			FCGX_FClose(streams[i]);
		explicit_bzero(buffer->start, (size_t)buffer->len);
	}
	FCGX_Finish_r(fcgx);
	return kept && fcgx->ipcFd >= 0;
}

void connection_close(struct connection *c)
{
	bool open = c->fcgx.ipcFd >= 0; // after an error libfcgi has closed it
	FCGX_Free(&c->fcgx, 0);
	if (open)
		close(c->fd);
}
