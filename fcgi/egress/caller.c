// SPDX-License-Identifier: ISC
#include "fcgi/egress/caller.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	HAND_OVER_MS = 30 * 1000,                        // for a program to hand its call over, or to take the reply
	REPLY_MAX = FRAME_BODY_MAX + 8 * FRAME_HEAD_MAX, // over a shared connection; else heads of a few attempts and a chunk
	LOOK_MS = 500,                                   // between two looks whether callers take, while nothing is read
	TAKEN_MIN = EGRESS_REPLIES_MAX / 8,              // that all of them together take meanwhile, or the laggards are ended
	// Most pictures fit into their caller's socket, as far as net.core.wmem_max lets them, so that no upstream is paused for a caller who takes a little
	// later; of thousands of callers that would be too much of the kernel's memory.
	SEND_BUFFER = 1024 * 1024,
	CALLERS_FEW = 64,
	LEFT = EPOLLHUP | EPOLLERR | EPOLLRDHUP,
};

static const uint32_t caller_events = EPOLLIN | EPOLLRDHUP | EPOLLET;

static void caller_release(struct watch *w)
{
	free(LOOP_OWNER(w, struct caller, watch));
}

// The memory of all calls together is limited: a program that was taken over may half-send as many as there are descriptors.
static int call_count(struct caller *c)
{
	c->egress->calls_bytes += c->call.bytes.cap - c->held;
	c->held = c->call.bytes.cap;
	return c->egress->calls_bytes > EGRESS_CALLS_MAX && c->held > EGRESS_CALL_FREE ? -1 : 0;
}

// Everything that the work needed, and the reply does not.
static void work_free(struct caller *c)
{
	loop_cancel(&c->egress->loop, &c->timer);
	if (c->step == CALLER_WAITS)
		c->egress->under_way--;
	if (c->work != NULL)
		c->work->type->free(c->work);
	c->work = NULL;
	frame_free(&c->call);
	(void)call_count(c);
}

// Makes a chunk of the pieces, at the beginning of gathered.bytes, and returns its size; 0: there are none.
static size_t gathered_seal(struct egress *g)
{
	uint32_t length = htonl((uint32_t)g->gathered.len);
	size_t len = g->gathered.len > 0 ? sizeof length + g->gathered.len : 0;
	memcpy(g->gathered.bytes, &length, sizeof length);
	if (len > g->gathered.used)
		g->gathered.used = len;
	g->gathered.caller = NULL;
	g->gathered.len = 0;
	return len;
}

static void gathered_drop(struct caller *c)
{
	struct egress *g = c->egress;
	if (g->gathered.caller == c)
		gathered_seal(g);
}

// The caller is full, or not, with what is left to be written.
static void full_set(struct caller *c, bool full)
{
	struct egress *g = c->egress;
	if (full && !c->full) {
		c->full_previous = NULL;
		c->full_next = g->full;
		if (g->full != NULL)
			g->full->full_previous = c;
		g->full = c;
	} else if (!full && c->full) {
		*(c->full_previous != NULL ? &c->full_previous->full_next : &g->full) = c->full_next;
		if (c->full_next != NULL)
			c->full_next->full_previous = c->full_previous;
	}
	c->full = full;
	g->replies_bytes -= c->pending;
	c->pending = full && c->shared ? c->reply.cap : 0;
	g->replies_bytes += c->pending;
}

// Too much is left by callers: nothing more is read from any upstream until they have taken half of it, while everything else goes on. It is
// no use to wait for those who do not take. What comes over shared connections cannot be stopped otherwise.
static void callers_hold(struct egress *g)
{
	if (g->replies_bytes <= EGRESS_REPLIES_MAX / 2) {
		loop_cancel(&g->loop, &g->look);
		engine_hold(&g->engine, false);
	} else if (g->replies_bytes > EGRESS_REPLIES_MAX && !g->engine.held && loop_at(&g->loop, &g->look, monotonic_ms() + LOOK_MS) == 0) {
		g->replies_before = g->replies_bytes;
		engine_hold(&g->engine, true);
	}
}

static void caller_end(struct caller *c)
{
	if (c->watch.removed)
		return;
	if (c->step == CALLER_WAITS && c->work != NULL && c->work->type->left != NULL)
		c->work->type->left(c->work);
	work_free(c);
	gathered_drop(c);
	if (c->egress->gathered.caller == NULL && c->egress->gathered.used > 0) {
		explicit_bzero(c->egress->gathered.bytes, c->egress->gathered.used);
		c->egress->gathered.used = 0;
	}
	c->egress->answers_bytes -= c->body.cap;
	buf_wipe(&c->body);
	buf_wipe(&c->reply);
	full_set(c, false);
	callers_hold(c->egress);
	c->egress->connections--;
	loop_close_watched(&c->egress->loop, &c->watch);
}

// Sends the reply and the body, or behind the reply (there is no body then) more of a stream, of which what the socket does not take becomes a
// part of the reply. 1: all of it is out; 0: the rest waits for the caller; -1: it cannot be handed over.
static int caller_write(struct caller *c, const char *more, size_t more_len)
{
	const struct iovec parts[] = {{c->reply.data, c->reply.len}, {c->body.data, c->body.len}, {(char *)(uintptr_t)more, more_len}};
	size_t all = c->reply.len + c->body.len + more_len;
	while (c->written < all && !c->reply.failed) {
		struct iovec v[ARRAY_LEN(parts)];
		size_t n = 0, skip = c->written;
		for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
			size_t len = parts[i].iov_len;
			if (skip < len)
				v[n++] = (struct iovec){(char *)parts[i].iov_base + skip, len - skip};
			skip = skip > len ? skip - len : 0;
		}
		struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
		ssize_t sent = sendmsg(c->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EAGAIN)
			break;
		c->reply.failed = sent < 0 && errno != EINTR;
		c->written += sent > 0 ? (size_t)sent : 0;
	}
	if (c->reply.failed)
		return -1; // and nothing more may be written: it would be out of place
	if (c->written == all) {
		buf_wipe(&c->reply);
		c->written = 0;
		return 1;
	}
	size_t from = c->written > c->reply.len + c->body.len ? c->written - c->reply.len - c->body.len : 0;
	c->written -= from;
	if (more_len > 0 && buf_add(&c->reply, more + from, more_len - from) != 0)
		return -1;
	if (c->written > FRAME_CHUNK_MAX && c->written > c->reply.len / 2 && c->written <= c->reply.len) {
		c->reply.len -= c->written;
		memmove(c->reply.data, c->reply.data + c->written, c->reply.len);
		c->written = 0;
	}
	return 0;
}

// The caller does not take, for now. Only outside of libcurl's callbacks the work may be told; within them the next piece is refused.
static void caller_filled(struct caller *c, bool tell)
{
	c->full_until = monotonic_ms() + HAND_OVER_MS;
	full_set(c, true);
	(void)caller_at(c, c->due); // it was set before
	(void)loop_change(&c->egress->loop, &c->watch, caller_events | EPOLLOUT);
	if (tell && !c->shared && c->work != NULL && c->work->type->full != NULL)
		c->work->type->full(c->work, true);
}

// The reply is complete: the connection ends with its last byte.
static void reply_finish(struct caller *c, const char *more, size_t more_len)
{
	work_free(c);
	c->step = CALLER_RECEIVES;
	if (caller_write(c, more, more_len) != 0 || caller_at(c, monotonic_ms() + HAND_OVER_MS) != 0)
		caller_end(c);
	else
		caller_filled(c, false);
}

static void stream_void(struct caller *c)
{
	const uint32_t mark = FRAME_VOID;
	gathered_drop(c);
	if (c->streaming)
		(void)buf_add(&c->reply, &mark, sizeof mark); // a buffer that failed is not written
	c->streaming = false;
}

void caller_reply(struct caller *c, cJSON *head, struct buf *body)
{
	if (body != NULL) {
		c->body = *body;
		c->egress->answers_bytes += c->body.cap;
		*body = BUF_INIT(body->max);
	}
	stream_void(c);
	int built = head != NULL ? frame_begin(&c->reply, head, c->body.len, NULL) : -1;
	cJSON_Delete(head);
	if (built != 0)
		caller_end(c);
	else
		reply_finish(c, NULL, 0);
}

int caller_stream(struct caller *c, cJSON *head, bool shared)
{
	static const int picture = SEND_BUFFER;
	c->shared = shared;
	if (!shared && c->egress->connections <= CALLERS_FEW)
		(void)setsockopt(c->watch.fd, SOL_SOCKET, SO_SNDBUF, &picture, sizeof picture);
	int built = head != NULL ? frame_begin(&c->reply, head, FRAME_STREAMED, NULL) : -1;
	cJSON_Delete(head);
	c->streaming = built == 0;
	return built;
}

static void gathered_send(struct egress *g, bool tell)
{
	struct caller *c = g->gathered.caller;
	if (c == NULL)
		return;
	size_t len = gathered_seal(g);
	// One who left makes the connection tell so, too, and the call ends by that.
	if (caller_write(c, g->gathered.bytes, len) != 1)
		caller_filled(c, tell);
}

int caller_at(struct caller *c, uint64_t at)
{
	c->due = at;
	return loop_at(&c->egress->loop, &c->timer, c->full && c->full_until < at ? c->full_until : at);
}

// The caller takes again, or left.
static void caller_drain(struct caller *c)
{
	size_t before = c->reply.len + c->body.len - c->written;
	int out = caller_write(c, NULL, 0);
	if (out != 0 && c->step == CALLER_RECEIVES) {
		caller_end(c);
		return;
	}
	full_set(c, out != 1);
	callers_hold(c->egress);
	if (c->reply.len + c->body.len - c->written < before)
		c->full_until = monotonic_ms() + HAND_OVER_MS;
	(void)caller_at(c, c->due); // it was set before
	if (c->full)
		return;
	(void)loop_change(&c->egress->loop, &c->watch, caller_events);
	if (!c->shared && c->work != NULL && c->work->type->full != NULL)
		c->work->type->full(c->work, false);
}

// The one of the callers that have something to take who has taken nothing for the longest time.
static struct caller *caller_laggard(const struct egress *g)
{
	struct caller *last = NULL;
	for (struct caller *c = g->full; c != NULL; c = c->full_next)
		if (c->pending > 0 && (last == NULL || c->full_until < last->full_until))
			last = c;
	return last;
}

static void callers_look(struct timer *t)
{
	struct egress *g = LOOP_OWNER(t, struct egress, look);
	struct caller *c;
	bool take = g->replies_bytes + TAKEN_MIN <= g->replies_before;
	while (!take && g->replies_bytes > EGRESS_REPLIES_MAX / 2 && (c = caller_laggard(g)) != NULL)
		caller_end(c);
	g->replies_before = g->replies_bytes;
	(void)loop_at(&g->loop, t, monotonic_ms() + LOOK_MS); // it was set before
	callers_hold(g);
}

void callers_flush(struct egress *g)
{
	gathered_send(g, true);
	callers_hold(g);
}

int caller_stream_add(struct caller *c, const char *bytes, size_t len)
{
	struct egress *g = c->egress;
	if (g->gathered.caller != c || len > FRAME_CHUNK_MAX - g->gathered.len)
		gathered_send(g, false);
	if ((c->full && !c->shared) || len > FRAME_CHUNK_MAX)
		return -1;
	if (c->full) {
		uint32_t length = htonl((uint32_t)len);
		(void)(buf_add(&c->reply, &length, sizeof length) == 0 &&
		       buf_add(&c->reply, bytes, len) == 0); // what failed is not written
		full_set(c, true);
		// A single call of libcurl's may bring as much from all shared connections as there is, and no call can be ended within it.
		while (g->replies_bytes > EGRESS_REPLIES_MOST && (c = caller_laggard(g)) != NULL) {
			buf_wipe(&c->reply);
			c->reply.failed = true;
			c->written = 0;
			c->full_until = 0;
			full_set(c, true);
			(void)caller_at(c, c->due); // it was set before; its timer ends it
		}
		return 0;
	}
	memcpy(g->gathered.bytes + FRAME_CHUNK_LENGTH + g->gathered.len, bytes, len);
	g->gathered.caller = c;
	g->gathered.len += len;
	return 0;
}

void caller_stream_void(struct caller *c)
{
	stream_void(c);
	if (!c->full && caller_write(c, NULL, 0) != 1)
		caller_filled(c, false);
}

void caller_stream_end(struct caller *c)
{
	struct egress *g = c->egress;
	if (g->gathered.caller != c)
		gathered_send(g, true);
	size_t len = gathered_seal(g);
	memset(g->gathered.bytes + len, 0, FRAME_CHUNK_LENGTH);
	reply_finish(c, g->gathered.bytes, len + FRAME_CHUNK_LENGTH);
}

void caller_refuse(struct caller *c, enum egress_failure f)
{
	caller_refuse_with(c, f, "%s", egress_failure_words(f));
}

void caller_refuse_with(struct caller *c, enum egress_failure f, const char *format, ...)
{
	char detail[512];
	va_list args;
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	caller_reply(c, frame_error(egress_failure_code(f), detail), NULL);
}

// The connection tells of each change once: who waits for an upstream hears of nothing but the caller's leaving, and need not ask for that
// anew.
static void caller_ready(struct watch *w, uint32_t events)
{
	struct caller *c = LOOP_OWNER(w, struct caller, watch);
	struct err e = {0};
	int read = c->step == CALLER_SENDS ? frame_read(&c->call, w->fd, &e) : 0;
	if (c->step == CALLER_SENDS && call_count(c) != 0) {
		caller_refuse(c, FAILURE_CALLS);
		return;
	}
	if (read > 0) {
		c->egress->under_way++;
		c->step = CALLER_WAITS;
		c->egress->dispatch(c);
		json_free(&c->call.head); // there may be thousands that wait for their upstream
	} else if (read < 0 && e.code == ERR_INPUT) {
		caller_refuse_with(c, FAILURE_BAD_CALL, "%s", e.text);
	} else if (read < 0) {
		caller_end(c);
	} else if (c->full && !(events & LEFT)) {
		caller_drain(c);
	}
	if (events & LEFT)
		caller_end(c);
}

static void caller_due(struct timer *t)
{
	struct caller *c = LOOP_OWNER(t, struct caller, timer);
	if (c->step != CALLER_WAITS || (c->full && monotonic_ms() >= c->full_until))
		caller_end(c); // it does not hand over, or does not take
	else if (c->work != NULL)
		c->work->type->due(c->work);
}

static void listener_ready(struct watch *w, uint32_t events)
{
	(void)events;
	struct egress *g = LOOP_OWNER(w, struct egress, listening);
	for (int i = 0; i < 64; i++) {
		unsigned rest_ms;
		int fd = listener_accept(&g->listener, SOCK_NONBLOCK, &rest_ms);
		if (fd < 0) {
			if (rest_ms > 0 && loop_at(&g->loop, &g->rest, monotonic_ms() + rest_ms) == 0)
				loop_change(&g->loop, w, 0);
			return;
		}
		struct caller *c = calloc(1, sizeof *c);
		if (c != NULL)
			*c = (struct caller){.watch = {.fd = fd, .ready = caller_ready, .release = caller_release},
					     .timer.fire = caller_due,
					     .egress = g,
					     .call = FRAME_INIT(EGRESS_CALL_MAX),
					     .reply = BUF_INIT(REPLY_MAX)};
		if (c == NULL || loop_watch(&g->loop, &c->watch, caller_events) != 0) {
			free(c);
			close(fd);
			continue;
		}
		g->connections++;
		if (caller_at(c, monotonic_ms() + HAND_OVER_MS) != 0)
			caller_end(c);
	}
}

static void listener_rested(struct timer *t)
{
	struct egress *g = LOOP_OWNER(t, struct egress, rest);
	loop_change(&g->loop, &g->listening, EPOLLIN);
}

int callers_open(struct egress *g, int listener, void (*dispatch)(struct caller *c), struct err *e)
{
	if (listener_open(&g->listener, listener, e) != 0)
		return -1;
	g->dispatch = dispatch;
	g->listening = (struct watch){.fd = listener, .ready = listener_ready};
	g->rest.fire = listener_rested;
	g->look.fire = callers_look;
	return loop_watch(&g->loop, &g->listening, EPOLLIN) != 0 ? err_system(e, ERR_IO, errno, "the listening socket") : 0;
}
