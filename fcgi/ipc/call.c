// SPDX-License-Identifier: ISC
// The calling side: several jobs at once, one thread, no memory for answers before they come.
#include "fcgi/ipc/call.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	SOON_MS = 300,       // a job that takes longer is waited for in earnest
	CONNECT_SECONDS = 5, // a full backlog makes connect() wait
	CALLS_MAX = 32,
	STEP = 4096, // of the first read: most replies fit, and more would be mapped and unmapped for each
};

static void call_failed(struct call *c, const struct err *why)
{
	c->state = CALL_FAILED;
	c->err = *why;
	fd_close(&c->fd);
	buf_wipe(&c->out);
	buf_wipe(&c->in);
}

// A full backlog is waited for, which only a blocking socket does.
static int connect_patiently(int fd, const struct sockaddr_un *address)
{
	struct timeval patience = {.tv_sec = CONNECT_SECONDS};
	int flags = fcntl(fd, F_GETFL);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
	    connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
		return -1;
	return fcntl(fd, F_SETFL, flags);
}

static int peer_connect(struct call *c, const char *path, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = strrchr(path, '/');
	name = name != NULL ? name + 1 : path;
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(e, ERR_UNAVAILABLE, "%s: the path is too long for a socket", name);
	memcpy(address.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return err_system(e, ERR_UNAVAILABLE, errno, "%s: no socket", name);
	if (connect(c->fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
	    (errno != EAGAIN || connect_patiently(c->fd, &address)))
		return err_system(e, ERR_UNAVAILABLE, errno, "%s does not answer", name);
	return 0;
}

static void call_send(struct call *c)
{
	struct err e;
	size_t sent = 0;
	while (sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + sent, c->out.len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	if (sent == c->out.len) {
		buf_wipe(&c->out);
		c->state = CALL_WAITING;
	} else if (errno == EAGAIN) {
		memmove(c->out.data, c->out.data + sent, c->out.len - sent);
		c->out.len -= sent;
	} else {
		err_system(&e, ERR_UNAVAILABLE, errno, "the room left before it took the job");
		call_failed(c, &e);
	}
}

int call_start(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len, struct err *e)
{
	*c = CALL_INIT;
	c->out = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX + (size_t)FRAME_BODY_MAX);
	c->in = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX + (size_t)FRAME_BODY_MAX);
	if (frame_build(&c->out, head, body, len, e) != 0)
		goto failed;
	if (peer_connect(c, socket_path, e) != 0)
		goto failed;
	c->state = CALL_SENDING;
	call_send(c); // it begins while the next is made
	if (c->state == CALL_FAILED && e != NULL)
		*e = c->err;
	return c->state == CALL_FAILED ? -1 : 0;
failed:
	fd_close(&c->fd);
	buf_wipe(&c->out);
	c->state = CALL_FAILED;
	if (e != NULL)
		c->err = *e;
	return -1;
}

// Takes the first frame out of `in`. 1: it is the reply; 0: more must come; -1.
static int frame_take(struct call *c, struct err *e)
{
	size_t head_len, body_len;
	while (c->in.len >= FRAME_LENGTHS) {
		if (frame_lengths(c->in.data, &head_len, &body_len, e) != 0)
			return -1;
		size_t whole = FRAME_LENGTHS + head_len + body_len;
		if (c->in.len < whole)
			return 0;
		c->head = frame_head(c->in.data + FRAME_LENGTHS, head_len, e);
		if (c->head == NULL)
			return -1;
		if (json_get(c->head, "progress") == NULL) {
			c->body = c->in.data + FRAME_LENGTHS + head_len;
			c->body_len = body_len;
			return 1;
		}
		json_free(&c->head);
		memmove(c->in.data, c->in.data + whole, c->in.len - whole);
		c->in.len -= whole;
	}
	return 0;
}

// One read; the room for it grows with what has come.
static int call_read(struct call *c, struct err *e)
{
	size_t step = c->in.len > STEP ? c->in.len : STEP, left = c->in.max - c->in.len;
	char *room = buf_reserve(&c->in, step < left ? step : left);
	if (room == NULL || left == 0)
		return err_set(e, ERR_MEMORY, "no memory for an answer");
	ssize_t n = recv(c->fd, room, step < left ? step : left, 0);
	if (n > 0) {
		buf_took(&c->in, (size_t)n);
		return frame_take(c, e);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return err_set(e, ERR_UNAVAILABLE, "the room ended the job without an answer");
}

static void call_receive(struct call *c)
{
	struct err e = {0};
	int done = call_read(c, &e);
	if (done < 0) {
		call_failed(c, &e);
	} else if (done > 0) {
		c->state = CALL_DONE;
		fd_close(&c->fd);
	}
}

static bool under_way(const struct call *c)
{
	return c->state == CALL_SENDING || c->state == CALL_WAITING;
}

// Moves what is ready; returns how many calls ended.
static size_t calls_move(struct call *calls, size_t count, const struct pollfd *p)
{
	size_t ended = 0;
	for (size_t i = 0; i < count; i++) {
		if (!under_way(&calls[i]) || !p[i].revents)
			continue;
		if (calls[i].state == CALL_SENDING && (p[i].revents & (POLLOUT | POLLERR | POLLHUP)))
			call_send(&calls[i]);
		if (under_way(&calls[i]) && (p[i].revents & (POLLIN | POLLERR | POLLHUP)))
			call_receive(&calls[i]);
		ended += !under_way(&calls[i]);
	}
	return ended;
}

// A request that waits for seconds keeps only what it still needs: the pages of its stack below here, where deeper calls left what the
// visitor typed, go back to the kernel, which zeroes them. A handler waits near the top of its stack, so they are within it.
static void stack_give_back(void)
{
#ifndef LETHE_SANITIZED
	enum { BELOW = 96 * 1024, IN_USE = 1024 }; // our own calls still use what is right below
	static_assert(THREAD_STACK >= 2 * BELOW, "what is given back must be inside the thread's own stack");
	if (gettid() == getpid())
		return;
	char *here = __builtin_frame_address(0);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	char *end = here - IN_USE - ((uintptr_t)(here - IN_USE) & (page - 1));
	madvise(end - BELOW, BELOW, MADV_DONTNEED);
#endif
}

int calls_wait(struct call *calls, size_t count, int hangup_fd, uint64_t deadline, struct err *e)
{
	struct pollfd p[CALLS_MAX + 1];
	if (count > CALLS_MAX)
		return err_set(e, ERR_INPUT, "more than %d calls at once", CALLS_MAX);
	for (;;) {
		size_t moving = 0;
		for (size_t i = 0; i < count; i++) {
			bool moves = under_way(&calls[i]);
			short events = calls[i].state == CALL_SENDING ? POLLOUT | POLLIN : POLLIN;
			p[i] = (struct pollfd){.fd = moves ? calls[i].fd : -1, .events = events};
			moving += moves;
		}
		p[count] = (struct pollfd){.fd = hangup_fd, .events = POLLRDHUP};
		if (moving == 0)
			return 0;
		uint64_t now = monotonic_ms(), left = deadline > now ? deadline - now : 0;
		int n = poll(p, (nfds_t)count + 1, left > SOON_MS ? SOON_MS : (int)left);
		if (n == 0 && left > SOON_MS) {
			stack_give_back();
			n = poll(p, (nfds_t)count + 1, left - SOON_MS > INT_MAX ? INT_MAX : (int)(left - SOON_MS));
		}
		if (n < 0 && errno != EINTR)
			return err_system(e, ERR_IO, errno, "waiting for jobs");
		if (n > 0 && p[count].revents)
			return err_set(e, ERR_GONE, "the visitor left");
		if (n > 0 && calls_move(calls, count, p) > 0)
			return 0;
		if (left == 0)
			return err_set(e, ERR_TIMEOUT, "the job took too long");
	}
}

void call_end(struct call *c)
{
	if (c->state != CALL_IDLE) {
		fd_close(&c->fd);
		buf_wipe(&c->out);
		buf_wipe(&c->in);
		json_free(&c->head);
	}
	*c = CALL_INIT;
}
