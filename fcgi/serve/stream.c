// SPDX-License-Identifier: ISC
// Bytes in and out of one request, through libfcgi's streams.
#include "fcgi/serve/stream.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/route.h"
#include "policy/base/limits.h"
#include <fcgiapp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	DRAIN_MS = 5000,
	DRAIN_BYTES_MAX = BODY_BYTES_MAX,
};

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

int stream_read_body(struct request *r, struct problem *why)
{
	size_t max = r->route->body_max;
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
		if (monotonic_ms() > r->deadline)
			return problem_set(why, 408, "problem.too-slow", NULL, NULL);
	}
	if (FCGX_GetError(in) != 0 || (length != NULL && strtoull(length, NULL, 10) != r->body.len))
		return problem_set(why, 400, "problem.body-truncated", "Content-Length", NULL);
	return 0;
}

// The buffer of an answer that may be minutes away: it is written before it is read again.
void stream_rest(const struct request *r)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	if (r->fcgx == NULL)
		return;
	uintptr_t from = ((uintptr_t)r->fcgx->out->wrNext + page - 1) & ~(page - 1), to = (uintptr_t)r->fcgx->out->stop & ~(page - 1);
	if (from < to)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

int stream_write(struct request *r, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0 && r->fcgx != NULL && !r->gone) {
		int piece = len > INT_MAX ? INT_MAX : (int)len;
		if (FCGX_PutStr(at, piece, r->fcgx->out) != piece)
			r->gone = true;
		at += piece;
		len -= (size_t)piece;
	}
	return r->gone ? -1 : 0;
}

int stream_flush(struct request *r)
{
	if (r->fcgx != NULL && !r->gone && FCGX_FFlush(r->fcgx->out) != 0)
		r->gone = true;
	return r->gone ? -1 : 0;
}

void stream_drain(struct request *r)
{
	FCGX_Stream *in = r->fcgx->in;
	uint64_t until = monotonic_ms() + DRAIN_MS;
	size_t drained = 0;
	for (size_t len; (len = stream_fill(in)) > 0; stream_consume(in, len)) {
		drained += len;
		if (drained <= DRAIN_BYTES_MAX && monotonic_ms() < until)
			continue;
		r->fcgx->keepConnection = 0;
		return;
	}
}

void stream_wipe(struct request *r)
{
	for (char **p = r->fcgx->envp; p != NULL && *p != NULL; p++)
		explicit_bzero(*p, strlen(*p));
}
