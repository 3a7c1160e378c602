// SPDX-License-Identifier: ISC
#include "fcgi/egress/caller.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	HAND_OVER_MS = 30 * 1000, // for a program to hand its call over, or to take the reply
	LEFT = EPOLLHUP | EPOLLERR | EPOLLRDHUP,
};

static void caller_release(struct watch *w)
{
	free(LOOP_OWNER(w, struct caller, watch));
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
}

static void caller_end(struct caller *c)
{
	if (c->watch.removed)
		return;
	if (c->step == CALLER_WAITS && c->work != NULL && c->work->type->left != NULL)
		c->work->type->left(c->work);
	work_free(c);
	buf_wipe(&c->body);
	buf_wipe(&c->reply);
	c->egress->connections--;
	loop_close_watched(&c->egress->loop, &c->watch);
}

static void reply_write(struct caller *c)
{
	const struct buf *parts[2] = {&c->reply, &c->body};
	while (c->written < c->reply.len + c->body.len) {
		struct iovec v[2];
		int n = 0;
		size_t skip = c->written;
		for (int i = 0; i < 2; i++) {
			if (skip < parts[i]->len)
				v[n++] = (struct iovec){parts[i]->data + skip, parts[i]->len - skip};
			skip = skip > parts[i]->len ? skip - parts[i]->len : 0;
		}
		struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
		ssize_t sent = sendmsg(c->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN) {
			if (loop_change(&c->egress->loop, &c->watch, EPOLLOUT) != 0)
				caller_end(c);
			return;
		}
		if (sent < 0)
			break;
		c->written += (size_t)sent;
	}
	caller_end(c);
}

void caller_reply(struct caller *c, cJSON *head, struct buf *body)
{
	if (body != NULL) {
		c->body = *body;
		*body = BUF_INIT(body->max);
	}
	work_free(c);
	c->step = CALLER_RECEIVES;
	c->reply = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX);
	int built = head != NULL ? frame_begin(&c->reply, head, c->body.len, NULL) : -1;
	cJSON_Delete(head);
	if (built != 0 || caller_at(c, monotonic_ms() + HAND_OVER_MS) != 0)
		caller_end(c);
	else
		reply_write(c);
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

int caller_at(struct caller *c, uint64_t at)
{
	return loop_at(&c->egress->loop, &c->timer, at);
}

// The connection tells of each change once: who waits for an upstream hears of nothing but the caller's leaving, and need not ask for that
// anew.
static void caller_ready(struct watch *w, uint32_t events)
{
	struct caller *c = LOOP_OWNER(w, struct caller, watch);
	struct err e = {0};
	int read = c->step == CALLER_SENDS ? frame_read(&c->call, w->fd, &e) : 0;
	if (read > 0) {
		c->egress->under_way++;
		c->step = CALLER_WAITS;
		c->egress->dispatch(c);
		json_free(&c->call.head); // there may be thousands that wait for their upstream
	} else if (read < 0 && e.code == ERR_INPUT) {
		caller_refuse_with(c, FAILURE_BAD_CALL, "%s", e.text);
	} else if (read < 0) {
		caller_end(c);
	} else if (c->step == CALLER_RECEIVES && !(events & LEFT)) {
		reply_write(c);
	}
	if (events & LEFT)
		caller_end(c);
}

static void caller_due(struct timer *t)
{
	struct caller *c = LOOP_OWNER(t, struct caller, timer);
	if (c->step != CALLER_WAITS)
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
					     .call = FRAME_INIT(FRAME_BODY_MAX)};
		if (c == NULL || loop_watch(&g->loop, &c->watch, EPOLLIN | EPOLLRDHUP | EPOLLET) != 0) {
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
	return loop_watch(&g->loop, &g->listening, EPOLLIN) != 0 ? err_system(e, ERR_IO, errno, "the listening socket") : 0;
}
