// SPDX-License-Identifier: ISC
// A FastCGI client as nginx is one: a connection, records out, an answer in. For tests only; every function fails the test on its own.
#ifndef LETHE_TESTS_UNIT_FCGI_CLIENT_H
#define LETHE_TESTS_UNIT_FCGI_CLIENT_H

#include "policy/base/buf.h"
#include "policy/base/when.h"
#include "test.h"
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RECORD_BEGIN = 1, RECORD_END = 3, RECORD_PARAMS = 4, RECORD_STDIN = 5, RECORD_STDOUT = 6 };

struct answer {
	int status;       // 0: none came
	struct buf bytes; // head and body as sent
	char *body;       // inside bytes
	bool complete;    // END_REQUEST came
};

static inline int client_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static inline void record_add(struct buf *out, int type, const void *bytes, size_t len)
{
	unsigned char head[8] = {1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len, 0, 0};
	assert_true(len <= 65535);
	buf_add(out, head, sizeof head);
	buf_add(out, bytes, len);
}

static inline void length_add(struct buf *out, size_t len)
{
	if (len > 127) {
		buf_addc(out, (char)(0x80 | (len >> 24)));
		buf_addc(out, (char)(len >> 16));
		buf_addc(out, (char)(len >> 8));
	}
	buf_addc(out, (char)len);
}

// BEGIN and PARAMS. `params` are name, value, … NULL.
static inline void head_add(struct buf *out, bool keep, const char *const *params)
{
	const unsigned char begin[8] = {0, 1, keep, 0, 0, 0, 0, 0};
	struct buf pairs = BUF_INIT(60000);
	for (; params != NULL && *params != NULL; params += 2) {
		length_add(&pairs, strlen(params[0]));
		length_add(&pairs, strlen(params[1]));
		buf_adds(&pairs, params[0]);
		buf_adds(&pairs, params[1]);
	}
	record_add(out, RECORD_BEGIN, begin, sizeof begin);
	record_add(out, RECORD_PARAMS, pairs.data, pairs.len);
	record_add(out, RECORD_PARAMS, "", 0);
	buf_free(&pairs);
}

static inline void body_add(struct buf *out, const char *bytes, size_t len)
{
	for (size_t piece; len > 0; bytes += piece, len -= piece) {
		piece = len > 32000 ? 32000 : len;
		record_add(out, RECORD_STDIN, bytes, piece);
	}
	record_add(out, RECORD_STDIN, "", 0);
}

// The server may close before it has read everything: that is for the answer to tell.
static inline void client_send(int fd, const struct buf *b)
{
	for (size_t sent = 0; sent < b->len;) {
		ssize_t n = send(fd, b->data + sent, b->len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

// A whole request: method, path, type (NULL), body (NULL), then more params: name, value, … NULL.
static inline void request_build(struct buf *out, bool keep, const char *method, const char *path, const char *type, const char *body,
				 const char *const *more)
{
	const char *params[40] = {"REQUEST_METHOD", method, "DOCUMENT_URI", path, "REMOTE_ADDR", "192.0.2.1"};
	char length[24];
	size_t n = 6, len = body != NULL ? strlen(body) : 0;
	snprintf(length, sizeof length, "%zu", len);
	if (type != NULL) {
		params[n++] = "CONTENT_TYPE";
		params[n++] = type;
	}
	if (body != NULL) {
		params[n++] = "CONTENT_LENGTH";
		params[n++] = length;
	}
	for (; more != NULL && *more != NULL && n < 38; more++)
		params[n++] = *more;
	head_add(out, keep, params);
	body_add(out, body, len);
}

static inline bool bytes_read(int fd, void *out, size_t len, uint64_t deadline)
{
	for (size_t got = 0; got < len;) {
		uint64_t now = monotonic_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (now >= deadline || poll(&p, 1, (int)(deadline - now)) <= 0)
			return false;
		ssize_t n = recv(fd, (char *)out + got, len - got, 0);
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

// One record: its type, 0 at the end or after the deadline. STDOUT's bytes go to `out`.
static inline int record_read(int fd, struct buf *out, uint64_t deadline)
{
	unsigned char head[8];
	char content[65536 + 256];
	if (!bytes_read(fd, head, sizeof head, deadline))
		return 0;
	size_t len = (size_t)head[4] << 8 | head[5];
	if (!bytes_read(fd, content, len + head[6], deadline))
		return 0;
	if (head[1] == RECORD_STDOUT)
		buf_add(out, content, len);
	return head[1];
}

static inline struct answer answer_read(int fd, int timeout_ms)
{
	struct answer a = {.bytes = BUF_INIT(64 * 1024 * 1024)};
	uint64_t deadline = monotonic_ms() + (uint64_t)timeout_ms;
	for (int type; !a.complete && (type = record_read(fd, &a.bytes, deadline)) > 0;)
		a.complete = type == RECORD_END;
	const char *end = a.bytes.data != NULL ? strstr(a.bytes.data, "\r\n\r\n") : NULL;
	if (end != NULL)
		a.body = a.bytes.data + (end + 4 - a.bytes.data);
	if (a.bytes.data != NULL && strncmp(a.bytes.data, "Status: ", 8) == 0)
		a.status = (int)strtol(a.bytes.data + 8, NULL, 10);
	return a;
}

static inline void answer_free(struct answer *a)
{
	buf_free(&a->bytes);
}

#endif
