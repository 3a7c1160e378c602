// SPDX-License-Identifier: ISC
#include "fcgi/ipc/call.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int frame_lengths(const void *lengths, size_t *head, size_t *body, struct err *e)
{
	uint32_t both[2];
	memcpy(both, lengths, sizeof both);
	*head = ntohl(both[0]);
	*body = ntohl(both[1]);
	if (*head == 0 || *head > FRAME_HEAD_MAX || *body > FRAME_BODY_MAX)
		return err_set(e, ERR_INPUT, "a frame announces %zu and %zu bytes; %d and %d are allowed", *head, *body, FRAME_HEAD_MAX,
			       FRAME_BODY_MAX);
	return 0;
}

cJSON *frame_head(const char *text, size_t len, struct err *e)
{
	cJSON *head = json_parse(text, len, e);
	if (head != NULL && !cJSON_IsObject(head)) {
		json_free(&head);
		err_set(e, ERR_INPUT, "a frame's head is not an object");
	}
	return head;
}

// The lengths and the head; the body follows separately.
static int frame_start(struct buf *out, const cJSON *head, size_t body_len, struct err *e)
{
	uint32_t both[2] = {0};
	size_t start = out->len;
	if (body_len > FRAME_BODY_MAX)
		return err_set(e, ERR_INPUT, "a frame's body of %zu bytes is over the limit of %d", body_len, FRAME_BODY_MAX);
	if (buf_add(out, both, sizeof both) != 0 || json_print(out, head) != 0)
		return err_set(e, ERR_INPUT, "a frame's head is over the limit of %d bytes", FRAME_HEAD_MAX);
	size_t head_len = out->len - start - sizeof both;
	if (head_len > FRAME_HEAD_MAX)
		return err_set(e, ERR_INPUT, "a frame's head is over the limit of %d bytes", FRAME_HEAD_MAX);
	both[0] = htonl((uint32_t)head_len);
	both[1] = htonl((uint32_t)body_len);
	memcpy(out->data + start, both, sizeof both);
	return 0;
}

int frame_build(struct buf *out, const cJSON *head, const void *body, size_t len, struct err *e)
{
	if (frame_start(out, head, len, e) != 0)
		return -1;
	return buf_add(out, body, len) == 0 ? 0 : err_set(e, ERR_MEMORY, "no memory for a frame of %zu bytes", len);
}

// Waits until fd is ready. ERR_TIMEOUT.
static int ready(int fd, short events, uint64_t deadline, struct err *e)
{
	for (;;) {
		uint64_t now = monotonic_ms();
		if (now >= deadline)
			return err_set(e, ERR_TIMEOUT, "the other side took too long");
		uint64_t left = deadline - now;
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_system(e, ERR_IO, errno, "waiting for a frame");
	}
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int send_all(int fd, const void *bytes, size_t len, uint64_t deadline, struct err *e)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (!again()) {
			return errno == EPIPE || errno == ECONNRESET ? err_set(e, ERR_GONE, "the other side left")
								     : err_system(e, ERR_IO, errno, "sending a frame");
		} else if (ready(fd, POLLOUT, deadline, e) != 0) {
			return -1;
		}
	}
	return 0;
}

int frame_send(int fd, const cJSON *head, const void *body, size_t len, uint64_t deadline, struct err *e)
{
	BUF_AUTO_WIPE struct buf start = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX);
	if (frame_start(&start, head, len, e) != 0 || send_all(fd, start.data, start.len, deadline, e) != 0)
		return -1;
	return send_all(fd, body, len, deadline, e);
}

// Up to `max` of what there is, waiting for at least one byte. -1: also at the end of the stream (ERR_GONE).
static ssize_t receive_some(int fd, void *room, size_t max, uint64_t deadline, struct err *e)
{
	for (;;) {
		ssize_t n = recv(fd, room, max, MSG_DONTWAIT);
		if (n > 0)
			return n;
		if (n == 0 || errno == ECONNRESET)
			return err_set(e, ERR_GONE, "the other side left");
		if (!again())
			return err_system(e, ERR_IO, errno, "receiving a frame");
		if (ready(fd, POLLIN, deadline, e) != 0)
			return -1;
	}
}

// Exactly `len` more bytes. The buffer grows with what arrives, not with what was announced.
static int receive_into(int fd, struct buf *out, size_t len, uint64_t deadline, struct err *e)
{
	enum { STEP = 16 * 1024 };
	while (len > 0) {
		size_t step = out->len > STEP ? out->len : STEP;
		if (step > len)
			step = len;
		char *room = buf_reserve(out, step);
		if (room == NULL)
			return err_set(e, ERR_INPUT, "a frame is larger than its reader takes");
		ssize_t n = receive_some(fd, room, step, deadline, e);
		if (n < 0)
			return -1;
		buf_took(out, (size_t)n);
		len -= (size_t)n;
	}
	return 0;
}

int frame_receive(int fd, cJSON **head, struct buf *body, uint64_t deadline, struct err *e)
{
	BUF_AUTO_WIPE struct buf start = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX);
	size_t head_len, body_len;
	*head = NULL;
	if (receive_into(fd, &start, FRAME_LENGTHS, deadline, e) != 0 || frame_lengths(start.data, &head_len, &body_len, e) != 0 ||
	    receive_into(fd, &start, head_len, deadline, e) != 0)
		return -1;
	if (body_len > body->max - body->len)
		return err_set(e, ERR_INPUT, "a frame is larger than its reader takes");
	*head = frame_head(start.data + FRAME_LENGTHS, head_len, e);
	if (*head == NULL)
		return -1;
	if (receive_into(fd, body, body_len, deadline, e) == 0)
		return 0;
	json_free(head);
	return -1;
}
