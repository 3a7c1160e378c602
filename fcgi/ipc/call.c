// SPDX-License-Identifier: ISC
#include "fcgi/ipc/call.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	SOON_MS = 300,       // a call that takes longer is waited for in earnest
	CONNECT_SECONDS = 5, // a full backlog makes connect() wait
	DESCRIPTOR_MS = 20,  // between two looks whether a descriptor is free
	CALLS_MAX = 32,
	READS_MAX = 16,    // of one call before the others have their turn
	STREAMS_MAX = 16,  // of one call: egress makes four attempts
	PROGRAM_MS = 3000, // for an answer to a question
	PUT_OFF_MS = 1000, // a body, for others
	PUT_OFF_LOOK_MS = 20,
};

static const struct err out_of_memory = {ERR_MEMORY, "no memory for a call"};

static int call_failed(struct call *c, const struct err *why)
{
	struct err *copy = malloc(sizeof *copy);
	c->state = CALL_FAILED;
	c->err = &out_of_memory;
	if (copy != NULL) {
		*copy = *why;
		c->err = copy;
	}
	fd_close(&c->fd);
	buf_wipe(&c->out);
	frame_free(&c->reply);
	return -1;
}

static int call_connect(struct call *c, const char *path, struct err *e)
{
	const struct timeval patience = {.tv_sec = CONNECT_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(e, ERR_UNAVAILABLE, "%s: the path is too long for a socket", name);
	memcpy(address.sun_path, path, strlen(path) + 1);
	uint64_t until = monotonic_ms() + CONNECT_SECONDS * 1000;
	while ((c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0 && (errno == EMFILE || errno == ENFILE) &&
	       monotonic_ms() < until)
		poll(NULL, 0, DESCRIPTOR_MS); // a call that ends gives one back
	if (c->fd < 0)
		return err_system(e, ERR_UNAVAILABLE, errno, "%s: no socket", name);
	int rc = connect(c->fd, (const struct sockaddr *)&address, sizeof address);
	if (rc != 0 && errno == EAGAIN) { // a full backlog is waited for, which only a blocking socket does
		setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
		int flags = fcntl(c->fd, F_GETFL);
		fcntl(c->fd, F_SETFL, flags & ~O_NONBLOCK);
		rc = connect(c->fd, (const struct sockaddr *)&address, sizeof address);
		if (rc == 0)
			rc = fcntl(c->fd, F_SETFL, flags);
	}
	return rc == 0 ? 0 : err_system(e, ERR_UNAVAILABLE, errno, "%s does not answer", name);
}

static int call_send(struct call *c)
{
	struct err e;
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			break;
		c->sent += n > 0 ? (size_t)n : 0;
	}
	if (c->sent == c->out.len) {
		buf_wipe(&c->out);
		c->state = CALL_WAITING;
	} else if (errno != EAGAIN) {
		err_system(&e, ERR_UNAVAILABLE, errno, "the program left before it took the call");
		return call_failed(c, &e);
	}
	return 0;
}

int call_start(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len, struct err *e)
{
	return call_start_stream(c, socket_path, head, body, len, NULL, NULL, e);
}

int call_start_stream(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len,
		      const struct call_sink *sink, void *arg, struct err *e)
{
	struct err why = {0};
	*c = CALL_INIT;
	c->sink = sink;
	c->sink_arg = arg;
	c->out = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX + (size_t)FRAME_BODY_MAX);
	c->reply = FRAME_INIT(FRAME_BODY_MAX);
	c->reply.may_stream = sink != NULL;
	int rc = head != NULL ? frame_begin(&c->out, head, len, &why) : err_set(&why, ERR_MEMORY, "no memory for a call");
	if (rc == 0 && buf_add(&c->out, body, len) != 0)
		rc = err_set(&why, ERR_MEMORY, "no memory for a frame of %zu bytes", len);
	if (rc != 0 || call_connect(c, socket_path, &why) != 0) {
		call_failed(c, &why);
	} else {
		c->state = CALL_SENDING;
		call_send(c); // it begins while the next is made
	}
	if (c->state != CALL_FAILED)
		return 0;
	if (e != NULL)
		*e = *c->err;
	call_end(c);
	return -1;
}

// 1: the body is whole; 0: more must come, of this or (c->streaming false) of another frame; -1.
static int call_take_chunks(struct call *c, const char *bytes, size_t len, struct err *e)
{
	for (;;) {
		const char *piece;
		size_t piece_len;
		switch (frame_chunk_next(&c->chunks, &bytes, &len, &piece, &piece_len)) {
		case CHUNK_BYTES:
			if (c->sink->take(c->sink_arg, piece, piece_len, e) != 0)
				return -1;
			break;
		case CHUNK_NONE:
			return 0;
		case CHUNK_END:
			return 1;
		case CHUNK_VOID:
			c->sink->again(c->sink_arg);
			c->streaming = false;
			json_free(&c->reply.head);
			return buf_add(&c->reply.bytes, bytes, len) == 0 ? 0 : err_set(e, ERR_MEMORY, "no memory for a frame");
		case CHUNK_BAD:
			return err_set(e, ERR_INPUT, "a streamed body is over a limit");
		}
	}
}

// Takes what came of the chunks. Not inlined, so that only a call that is streamed needs so much stack.
static __attribute__((noinline)) int call_receive_chunks(struct call *c, struct err *e)
{
	char bytes[FRAME_CHUNK_MAX + FRAME_CHUNK_LENGTH];
	size_t len = frame_rest(&c->reply, bytes), used = len;
	int done = 0;
	for (int reads = 0; done == 0 && c->streaming;) {
		// What is done with a chunk is done least often when it comes as one, with the length of the next.
		size_t most = c->chunks.left > 0 ? c->chunks.left + FRAME_CHUNK_LENGTH : sizeof bytes;
		ssize_t n = -1;
		errno = EAGAIN;
		while (len < most && reads++ < READS_MAX && (n = recv(c->fd, bytes + len, most - len, MSG_DONTWAIT)) > 0)
			len += (size_t)n;
		int why = errno;
		bool full = len >= most;
		if (len > used)
			used = len;
		done = call_take_chunks(c, bytes, len, e);
		len = 0;
		if (full || done != 0 || !c->streaming)
			continue;
		if (n > 0 || (n < 0 && (why == EAGAIN || why == EINTR)))
			break; // its turn is over, or nothing more has come
		done = n == 0 || why == ECONNRESET ? err_set(e, ERR_GONE, "the peer left") : err_system(e, ERR_IO, why, "receiving a body");
	}
	explicit_bzero(bytes, used);
	return done;
}

// Whether the body, of which nothing was taken yet, is still to be left in the socket.
static bool call_put_off(struct call *c)
{
	if (c->chunks.taken > 0 || c->sink->later == NULL || !c->sink->later(c->sink_arg))
		return false;
	uint64_t now = monotonic_ms();
	if (c->put_off_until == 0)
		c->put_off_until = now + PUT_OFF_MS;
	return now < c->put_off_until;
}

// Not inlined, so that its error takes no stack from a call that is waited for.
static __attribute__((noinline)) void call_receive(struct call *c)
{
	struct err e = {0};
	int done;
	do {
		if (!c->streaming) {
			done = frame_read(&c->reply, c->fd, &e);
			while (done > 0 && !c->reply.streamed && json_get(c->reply.head, "progress") != NULL)
				done = frame_next(&c->reply, &e);
			if (done <= 0 || !c->reply.streamed)
				break;
			c->streaming = true;
			c->chunks = (struct frame_chunks){0};
			if (++c->streams > STREAMS_MAX) {
				done = err_set(&e, ERR_INPUT, "a reply begins again and again");
				break;
			}
		}
		if (call_put_off(c))
			return;
		done = call_receive_chunks(c, &e);
	} while (done == 0 && !c->streaming); // another frame follows
	if (done < 0 && e.code == ERR_GONE)
		err_set(&e, ERR_UNAVAILABLE, "the program ended the call without an answer");
	if (done < 0) {
		call_failed(c, &e);
	} else if (done > 0) {
		c->state = CALL_DONE;
		fd_close(&c->fd);
	}
}

static bool call_under_way(const struct call *c)
{
	return c->state == CALL_SENDING || c->state == CALL_WAITING;
}

// A request that waits for seconds keeps only what it still needs: the pages of its stack below here, where deeper calls left what the
// visitor typed, go back to the kernel, which zeroes them. A handler waits near the top of its stack, so they are within it.
static __attribute__((noinline)) void stack_give_back(void)
{
#ifndef LETHE_SANITIZED
	enum { BELOW = 96 * 1024, IN_USE = 256 }; // the call of madvise() still uses what is right below
	static_assert(THREAD_STACK >= 2 * BELOW, "what is given back must be inside the thread's own stack");
	if (gettid() == getpid())
		return;
	char *here = __builtin_frame_address(0);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	char *end = here - IN_USE - ((uintptr_t)(here - IN_USE) & (page - 1));
	madvise(end - BELOW, BELOW, MADV_DONTNEED);
#endif
}

int call_wait(struct call *calls, size_t count, int hangup_fd, uint64_t deadline, struct err *e)
{
	struct pollfd p[CALLS_MAX + 1];
	if (count > CALLS_MAX)
		return err_set(e, ERR_INPUT, "more than %d calls at once", CALLS_MAX);
	for (;;) {
		size_t moving = 0, put_off = 0;
		for (size_t i = 0; i < count; i++) {
			bool moves = call_under_way(&calls[i]);
			bool later = moves && calls[i].streaming && call_put_off(&calls[i]);
			short events = calls[i].state == CALL_SENDING ? POLLOUT | POLLIN : POLLIN;
			p[i] = (struct pollfd){.fd = moves && !later ? calls[i].fd : -1, .events = events};
			moving += moves;
			put_off += later;
		}
		p[count] = (struct pollfd){.fd = hangup_fd, .events = POLLRDHUP};
		if (moving == 0)
			return 0;
		uint64_t now = monotonic_ms(), left = deadline > now ? deadline - now : 0;
		unsigned soon = put_off > 0 ? PUT_OFF_LOOK_MS : SOON_MS;
		int n = poll(p, (nfds_t)count + 1, left > soon ? (int)soon : (int)left);
		if (n == 0 && left > soon && put_off == 0) {
			stack_give_back();
			n = poll(p, (nfds_t)count + 1, left - SOON_MS > INT_MAX ? INT_MAX : (int)(left - SOON_MS));
		}
		if (n < 0 && errno != EINTR)
			return err_system(e, ERR_IO, errno, "waiting for calls");
		if (n > 0 && p[count].revents)
			return err_set(e, ERR_GONE, "the visitor left");
		bool ended = false;
		for (size_t i = 0; n > 0 && i < count; i++) {
			if (p[i].fd < 0 || !p[i].revents)
				continue;
			if (calls[i].state == CALL_SENDING && (p[i].revents & (POLLOUT | POLLERR | POLLHUP)))
				call_send(&calls[i]);
			if (call_under_way(&calls[i]) && (p[i].revents & (POLLIN | POLLERR | POLLHUP)))
				call_receive(&calls[i]);
			ended = ended || !call_under_way(&calls[i]);
		}
		if (ended)
			return 0;
		if (left == 0)
			return err_set(e, ERR_TIMEOUT, "the call took too long");
	}
}

int call_ask(struct call *c, const char *socket_path, const cJSON *head, const void *body, size_t len, int hangup_fd, uint64_t deadline,
	     struct err *e)
{
	if (call_start(c, socket_path, head, body, len, e) != 0)
		return -1;
	while (call_under_way(c))
		if (call_wait(c, 1, hangup_fd, deadline, e) != 0)
			return -1;
	if (c->state == CALL_FAILED)
		*e = *c->err;
	return c->state == CALL_FAILED ? -1 : 0;
}

void call_end(struct call *c)
{
	if (c->state != CALL_IDLE) {
		fd_close(&c->fd);
		buf_wipe(&c->out);
		frame_free(&c->reply);
	}
	if (c->err != &out_of_memory)
		free((struct err *)(uintptr_t)c->err);
	*c = CALL_INIT;
}

cJSON *call_program(const char *run, const char *program, const char *op, struct err *e)
{
	CALL_AUTO struct call c = CALL_INIT;
	JSON_AUTO cJSON *head = cJSON_CreateObject();
	struct sockaddr_un address;
	int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s.sock", run, program);
	if (n < 0 || (size_t)n >= sizeof address.sun_path) {
		err_set(e, ERR_INPUT, "the run folder's name is too long for a socket");
		return NULL;
	}
	if (cJSON_AddStringToObject(head, "op", op) == NULL) {
		err_set(e, ERR_MEMORY, "no memory for a call");
		return NULL;
	}
	if (call_ask(&c, address.sun_path, head, NULL, 0, -1, monotonic_ms() + PROGRAM_MS, e) != 0)
		return NULL;
	cJSON *answer = c.reply.head;
	c.reply.head = NULL;
	return answer;
}
