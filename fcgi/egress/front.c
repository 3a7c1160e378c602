// SPDX-License-Identifier: ISC
// The side that faces the other programs: connections, frames in, frames out. Nothing here blocks. A connection that closes takes its job
// with it, in whatever step it is.
#include "fcgi/egress/egress.h"
#include "fcgi/ipc/call.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	REST_MS = 100,
	READ_BYTES = 16 * 1024, // most frames come in one piece
	LEFT = EPOLLHUP | EPOLLERR | EPOLLRDHUP,
};

static void wipe_free(char **bytes, size_t len)
{
	if (*bytes != NULL)
		explicit_bzero(*bytes, len);
	free(*bytes);
	*bytes = NULL;
}

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
	wipe_free(&j->head, j->head_len);
	wipe_free(&j->body, j->body_len);
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
	uint32_t lengths[2] = {0, 0};
	work_free(j);
	j->step = STEP_REPLY;
	if (!with_body)
		buf_wipe(&j->answer.body);
	j->reply = BUF_INIT(FRAME_HEAD_MAX + sizeof lengths);
	buf_add(&j->reply, lengths, sizeof lengths);
	if (head == NULL || json_print(&j->reply, head) != 0) {
		cJSON_Delete(head);
		job_end(j);
		return;
	}
	cJSON_Delete(head);
	lengths[0] = htonl((uint32_t)(j->reply.len - sizeof lengths));
	lengths[1] = htonl((uint32_t)j->answer.body.len);
	memcpy(j->reply.data, lengths, sizeof lengths);
	if (loop_at(&j->egress->loop, &j->timer, monotonic_ms() + FRAME_MS) != 0)
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
	cJSON *head = cJSON_CreateObject();
	cJSON *error = cJSON_AddObjectToObject(head, "error");
	cJSON_AddStringToObject(error, "code", failure_code(t));
	cJSON_AddStringToObject(error, "detail", detail);
	job_reply(j, head, false);
}

static int room(struct job *j)
{
	if (frame_lengths(j->lengths, &j->head_len, &j->body_len, NULL) != 0)
		return -1;
	j->head = malloc(j->head_len);
	j->body = j->body_len ? malloc(j->body_len) : NULL;
	return j->head != NULL && (j->body != NULL || !j->body_len) ? 0 : -1;
}

// Where the step's bytes go and how many they are.
static size_t wanted(struct job *j, char **to)
{
	switch (j->step) {
	case STEP_LENGTHS:
		*to = (char *)j->lengths;
		return sizeof j->lengths;
	case STEP_HEAD:
		*to = j->head;
		return j->head_len;
	default:
		*to = j->body;
		return j->body_len;
	}
}

// The step's bytes are all there. -1: what came is no frame.
static int step_done(struct job *j)
{
	if (j->step == STEP_LENGTHS && room(j) < 0)
		return -1;
	j->got = 0;
	j->step++;
	return 0;
}

// -1: what came is no frame. What comes after the frame is nobody's.
static int frame_add(struct job *j, const char *bytes, size_t len)
{
	while (j->step < STEP_UNDER_WAY) {
		char *to;
		size_t want = wanted(j, &to) - j->got, n = want < len ? want : len;
		if (n > 0)
			memcpy(to + j->got, bytes, n);
		j->got += n;
		bytes += n;
		len -= n;
		if (n < want)
			return 0;
		if (step_done(j) < 0)
			return -1;
	}
	return 0;
}

static void frame_read(struct job *j)
{
	char bytes[READ_BYTES];
	while (j->step < STEP_UNDER_WAY) {
		ssize_t n = recv(j->watch.fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		int added = n > 0 ? frame_add(j, bytes, (size_t)n) : 0;
		explicit_bzero(bytes, n > 0 ? (size_t)n : 0);
		if (n <= 0) {
			job_end(j);
			return;
		}
		if (added < 0) {
			job_refuse(j, BAD_JOB, "What came is not a frame, or over its limits.");
			return;
		}
	}
	j->egress->under_way++;
	job_dispatch(j);
}

// The connection tells of each change once: whoever is under way hears of nothing but the caller's leaving, and need not ask for that anew.
static void job_ready(struct watch *w, uint32_t events)
{
	struct job *j = LOOP_OWNER(w, struct job, watch);
	if (j->step < STEP_UNDER_WAY)
		frame_read(j);
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
	struct egress *g = LOOP_OWNER(w, struct egress, listener);
	for (int i = 0; i < 64; i++) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0) {
			// Out of descriptors: look away for a moment instead of spinning.
			if (errno != EAGAIN && loop_at(&g->loop, &g->rest, monotonic_ms() + REST_MS) == 0)
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
	loop_change(&g->loop, &g->listener, EPOLLIN);
}

int front_open(struct egress *g, int listener, struct err *e)
{
	int on = 0;
	socklen_t size = sizeof on;
	if (getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) < 0 || !on)
		return err_set(e, ERR_INPUT, "standard input is not a listening socket: egress is started by systemd or lethe-run");
	int flags = fcntl(listener, F_GETFL);
	if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_system(e, ERR_IO, errno, "the listening socket");
	g->listener = (struct watch){.fd = listener, .ready = listener_ready};
	g->rest.fire = listener_rested;
	return loop_watch(&g->loop, &g->listener, EPOLLIN) != 0 ? err_system(e, ERR_IO, errno, "the listening socket") : 0;
}
