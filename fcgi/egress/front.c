// SPDX-License-Identifier: ISC
// The side that faces the other programs: connections, frames in, frames out. Nothing here blocks. A connection that closes takes its job
// with it, in whatever step it is.
#include "fcgi/egress/egress.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	LEFT = EPOLLHUP | EPOLLERR | EPOLLRDHUP,
};

static void job_release(struct watch *w)
{
	free(LOOP_OWNER(w, struct job, watch));
}

// Everything that the work needed, and the reply does not.
static void work_free(struct job *j)
{
	loop_cancel(&j->egress->loop, &j->timer);
	if (j->step == STEP_UNDER_WAY)
		j->egress->under_way--;
	transfer_drop(j);
	frame_free(&j->call);
	curl_url_cleanup(j->url);
	j->url = NULL;
	free(j->answer.location);
	j->answer.location = NULL;
}

static void job_end(struct job *j)
{
	if (j->watch.removed)
		return;
	if (j->step == STEP_UNDER_WAY && j->dropped != NULL)
		j->dropped(j, false);
	work_free(j);
	buf_wipe(&j->answer.body);
	buf_wipe(&j->reply);
	j->egress->connections--;
	loop_close_watched(&j->egress->loop, &j->watch);
}

static void reply_write(struct job *j)
{
	const struct buf *parts[2] = {&j->reply, &j->answer.body};
	while (j->written < j->reply.len + j->answer.body.len) {
		struct iovec v[2];
		int n = 0;
		size_t skip = j->written;
		for (int i = 0; i < 2; i++) {
			if (skip < parts[i]->len)
				v[n++] = (struct iovec){parts[i]->data + skip, parts[i]->len - skip};
			skip = skip > parts[i]->len ? skip - parts[i]->len : 0;
		}
		struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
		ssize_t sent = sendmsg(j->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN) {
			if (loop_change(&j->egress->loop, &j->watch, EPOLLOUT) != 0)
				job_end(j);
			return;
		}
		if (sent < 0)
			break;
		j->written += (size_t)sent;
	}
	job_end(j);
}

void job_reply(struct job *j, cJSON *head, bool with_body)
{
	work_free(j);
	j->step = STEP_REPLY;
	if (!with_body)
		buf_wipe(&j->answer.body);
	j->reply = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX);
	int built = head != NULL ? frame_begin(&j->reply, head, j->answer.body.len, NULL) : -1;
	cJSON_Delete(head);
	if (built != 0 || loop_at(&j->egress->loop, &j->timer, monotonic_ms() + FRAME_MS) != 0)
		job_end(j);
	else
		reply_write(j);
}

void job_refuse(struct job *j, enum failure t, const char *format, ...)
{
	char detail[512];
	va_list args;
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	job_reply(j, frame_error(failure_code(t), detail), false);
}

static void call_read(struct job *j)
{
	struct err e = {0};
	int rc = frame_read(&j->call, j->watch.fd, &e);
	if (rc > 0) {
		j->egress->under_way++;
		j->step = STEP_UNDER_WAY;
		job_dispatch(j);
		json_free(&j->call.head); // there may be thousands that wait for their upstream
	} else if (rc < 0 && e.code == ERR_INPUT) {
		job_refuse(j, BAD_CALL, "%s", e.text);
	} else if (rc < 0) {
		job_end(j);
	}
}

// The connection tells of each change once: whoever is under way hears of nothing but the caller's leaving, and need not ask for that anew.
static void job_ready(struct watch *w, uint32_t events)
{
	struct job *j = LOOP_OWNER(w, struct job, watch);
	if (j->step == STEP_CALL)
		call_read(j);
	else if (j->step == STEP_REPLY && !(events & LEFT))
		reply_write(j);
	if (events & LEFT)
		job_end(j);
}

static void job_timer(struct timer *t)
{
	struct job *j = LOOP_OWNER(t, struct job, timer);
	if (j->step != STEP_UNDER_WAY)
		job_end(j); // the other program does not hand over, or does not take
	else if (j->waiting)
		j->repeat(j);
	else if (j->dropped != NULL)
		j->dropped(j, true);
}

static int job_open(struct egress *g, int fd)
{
	struct job *j = calloc(1, sizeof *j);
	if (j == NULL)
		return -1;
	j->watch = (struct watch){.fd = fd, .ready = job_ready, .release = job_release};
	j->timer.fire = job_timer;
	j->egress = g;
	j->call = FRAME_INIT(FRAME_BODY_MAX);
	if (loop_watch(&g->loop, &j->watch, EPOLLIN | EPOLLRDHUP | EPOLLET) != 0) {
		free(j);
		return -1;
	}
	g->connections++;
	if (loop_at(&g->loop, &j->timer, monotonic_ms() + FRAME_MS) != 0)
		job_end(j);
	return 0;
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
		if (job_open(g, fd) < 0)
			close(fd);
	}
}

static void listener_rested(struct timer *t)
{
	struct egress *g = LOOP_OWNER(t, struct egress, rest);
	loop_change(&g->loop, &g->listening, EPOLLIN);
}

int front_open(struct egress *g, int listener, struct err *e)
{
	if (listener_open(&g->listener, listener, e) != 0)
		return -1;
	g->listening = (struct watch){.fd = listener, .ready = listener_ready};
	g->rest.fire = listener_rested;
	return loop_watch(&g->loop, &g->listening, EPOLLIN) != 0 ? err_system(e, ERR_IO, errno, "the listening socket") : 0;
}
