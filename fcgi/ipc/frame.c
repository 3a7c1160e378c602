// SPDX-License-Identifier: ISC
#include "fcgi/ipc/frame.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
	FIRST_READ = 4096, // most frames fit
	STEP = 16 * 1024,
};

// 1: it is whole; 0: *missing bytes more must come (0: the lengths have not come); -1.
static int frame_take(struct frame *f, size_t *missing, struct err *e)
{
	uint32_t lengths[2];
	*missing = 0;
	if (f->bytes.len < FRAME_LENGTHS)
		return 0;
	memcpy(lengths, f->bytes.data, sizeof lengths);
	size_t head_len = ntohl(lengths[0]), body_len = ntohl(lengths[1]), body_max = f->bytes.max - FRAME_LENGTHS - FRAME_HEAD_MAX;
	f->streamed = f->may_stream && body_len == FRAME_STREAMED;
	if (f->streamed)
		body_len = 0;
	if (head_len == 0 || head_len > FRAME_HEAD_MAX || body_len > body_max)
		return err_set(e, ERR_INPUT, "a frame announces %zu and %zu bytes; %d and %zu are allowed", head_len, body_len,
			       FRAME_HEAD_MAX, body_max);
	size_t whole = FRAME_LENGTHS + head_len + body_len;
	if (f->bytes.len < whole) {
		*missing = whole - f->bytes.len;
		return 0;
	}
	f->head = json_parse(f->bytes.data + FRAME_LENGTHS, head_len, e);
	if (f->head == NULL)
		return -1;
	if (!cJSON_IsObject(f->head)) {
		json_free(&f->head);
		return err_set(e, ERR_INPUT, "a frame's head is not an object");
	}
	f->body = f->bytes.data + FRAME_LENGTHS + head_len;
	f->body_len = body_len;
	return 1;
}

int frame_read(struct frame *f, int fd, struct err *e)
{
	for (;;) {
		char first[FIRST_READ];
		size_t missing;
		int taken = frame_take(f, &missing, e);
		if (taken != 0)
			return taken;
		size_t step = f->bytes.len > STEP ? f->bytes.len : STEP;
		if (missing == 0 || missing < step)
			step = missing;
		char *to = step > 0 ? buf_reserve(&f->bytes, step) : first;
		if (to == NULL)
			return err_set(e, ERR_MEMORY, "no memory for a frame");
		ssize_t n = recv(fd, to, step > 0 ? step : sizeof first, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return err_set(e, ERR_GONE, "the peer left");
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_system(e, ERR_IO, errno, "receiving a frame");
		if (n > 0 && step > 0) {
			buf_took(&f->bytes, (size_t)n);
		} else if (n > 0) {
			int added = buf_add(&f->bytes, first, (size_t)n);
			explicit_bzero(first, (size_t)n);
			if (added != 0)
				return err_set(e, ERR_MEMORY, "no memory for a frame");
		}
	}
}

int frame_next(struct frame *f, struct err *e)
{
	size_t whole = (size_t)(f->body + f->body_len - f->bytes.data), missing;
	json_free(&f->head);
	f->bytes.len -= whole;
	memmove(f->bytes.data, f->bytes.data + whole, f->bytes.len);
	return frame_take(f, &missing, e);
}

size_t frame_rest(struct frame *f, char bytes[FRAME_CHUNK_MAX])
{
	size_t len = f->body != NULL ? (size_t)(f->bytes.data + f->bytes.len - f->body) : 0;
	if (len > FRAME_CHUNK_MAX)
		len = FRAME_CHUNK_MAX; // never: it came in one read of at most so many
	if (len > 0)
		memcpy(bytes, f->body, len);
	buf_wipe(&f->bytes);
	f->body = NULL;
	return len;
}

enum frame_chunk frame_chunk_next(struct frame_chunks *c, const char **bytes, size_t *len, const char **piece, size_t *piece_len)
{
	while (c->left == 0 && *len > 0) {
		uint32_t length;
		c->length[c->have++] = (unsigned char)*(*bytes)++;
		--*len;
		if (c->have < sizeof c->length)
			continue;
		memcpy(&length, c->length, sizeof length);
		c->have = 0;
		c->left = ntohl(length);
		if (c->left == 0)
			return CHUNK_END;
		if (c->left == FRAME_VOID)
			return CHUNK_VOID;
		c->taken += c->left;
		if (c->left > FRAME_CHUNK_MAX || c->taken > FRAME_BODY_MAX)
			return CHUNK_BAD;
	}
	if (*len == 0)
		return CHUNK_NONE;
	*piece = *bytes;
	*piece_len = *len < c->left ? *len : c->left;
	*bytes += *piece_len;
	*len -= *piece_len;
	c->left -= (uint32_t)*piece_len;
	return CHUNK_BYTES;
}

void frame_free(struct frame *f)
{
	json_free(&f->head);
	buf_wipe(&f->bytes);
}

int frame_begin(struct buf *out, const cJSON *head, size_t body_len, struct err *e)
{
	uint32_t lengths[2] = {0};
	size_t start = out->len;
	if (body_len > FRAME_BODY_MAX && body_len != FRAME_STREAMED)
		return err_set(e, ERR_INPUT, "a frame's body of %zu bytes is over the limit of %d", body_len, FRAME_BODY_MAX);
	bool built = buf_add(out, lengths, sizeof lengths) == 0 && json_print(out, head) == 0;
	size_t head_len = out->len - start - sizeof lengths;
	if (!built || head_len > FRAME_HEAD_MAX)
		return err_set(e, ERR_INPUT, "a frame's head is over the limit of %d bytes", FRAME_HEAD_MAX);
	lengths[0] = htonl((uint32_t)head_len);
	lengths[1] = htonl((uint32_t)body_len);
	memcpy(out->data + start, lengths, sizeof lengths);
	return 0;
}

// Waits until fd is ready. ERR_TIMEOUT.
static int socket_wait(int fd, short events, uint64_t deadline, struct err *e)
{
	for (;;) {
		uint64_t now = monotonic_ms();
		if (now >= deadline)
			return err_set(e, ERR_TIMEOUT, "the peer took too long");
		uint64_t left = deadline - now;
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_system(e, ERR_IO, errno, "waiting for a frame");
	}
}

int frame_send(int fd, const cJSON *head, const void *body, size_t len, uint64_t deadline, struct err *e)
{
	BUF_AUTO_WIPE struct buf start = BUF_INIT(FRAME_LENGTHS + FRAME_HEAD_MAX);
	if (frame_begin(&start, head, len, e) != 0)
		return -1;
	const char *pieces[] = {start.data, body};
	const size_t lens[] = {start.len, len};
	for (size_t i = 0; i < 2; i++)
		for (size_t sent = 0; sent < lens[i];) {
			ssize_t n = send(fd, pieces[i] + sent, lens[i] - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n > 0)
				sent += (size_t)n;
			else if (errno == EPIPE || errno == ECONNRESET)
				return err_set(e, ERR_GONE, "the peer left");
			else if (errno != EAGAIN && errno != EINTR)
				return err_system(e, ERR_IO, errno, "sending a frame");
			else if (socket_wait(fd, POLLOUT, deadline, e) != 0)
				return -1;
		}
	return 0;
}

int frame_receive(int fd, cJSON **head, struct buf *body, uint64_t deadline, struct err *e)
{
	FRAME_AUTO struct frame f = FRAME_INIT(body->max);
	int rc;
	*head = NULL;
	while ((rc = frame_read(&f, fd, e)) == 0)
		if (socket_wait(fd, POLLIN, deadline, e) != 0)
			return -1;
	if (rc < 0)
		return -1;
	*head = f.head;
	memmove(f.bytes.data, f.body, f.body_len);
	f.bytes.data[f.body_len] = '\0';
	f.bytes.len = f.body_len;
	f.bytes.max = body->max;
	buf_wipe(body);
	*body = f.bytes;
	f = FRAME_INIT(0);
	return 0;
}

cJSON *frame_error(const char *code, const char *detail)
{
	cJSON *head = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(head, "error");
	if (!json_put_texts(error, JSON_TEXTS({"code", code}, {"detail", detail})))
		json_free(&head);
	return head;
}

const char *frame_error_code(const cJSON *head, const char **detail)
{
	const cJSON *error = json_get(head, "error");
	const char *code = json_string(error, "code"), *words = json_string(error, "detail");
	*detail = words != NULL ? words : "";
	return error == NULL ? NULL : code != NULL ? code : "unknown";
}
