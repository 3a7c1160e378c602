// SPDX-License-Identifier: ISC
#include "fcgi/ipc/making_call.h"
#include "policy/base/buf.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	// A program that is about to end takes no requests any more, and its successor takes this one once all sets of the other are closed, which
	// may be a minute: no caller's thread waits that long, and an erasure that is partial for this reason is to be asked for again.
	ANSWER_SECONDS = 10,
	ANSWER_MAX = 4096,
	BEGIN = 1,
	PARAMS = 4,
	STDIN = 5,
};

static void record_add(struct buf *out, int type, const void *bytes, size_t len)
{
	const unsigned char head[8] = {1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len};

	buf_add(out, head, sizeof head);
	buf_add(out, bytes, len);
}

static void param_add(struct buf *out, const char *name, const char *value)
{
	buf_addc(out, (char)strlen(name)); // both are shorter than 128
	buf_addc(out, (char)strlen(value));
	buf_adds(out, name);
	buf_adds(out, value);
}

int making_stop(const char *run, const char *who, struct err *e)
{
	static const unsigned char responder[8] = {0, 1};
	const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	BUF_AUTO_WIPE struct buf params = BUF_INIT(512), out = BUF_INIT(1024), answer = BUF_INIT(ANSWER_MAX);
	char path[sizeof "/live/" + INET6_ADDRSTRLEN]; // a receipt is shorter
	struct in6_addr ignored;
	ssize_t n;

	if (!token_shaped(who) && inet_pton(AF_INET, who, &ignored) != 1 && inet_pton(AF_INET6, who, &ignored) != 1)
		return 0;
	if (path_join(address.sun_path, sizeof address.sun_path, run, "generate.sock", e) != 0)
		return -1;
	FD_AUTO int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		if (errno == ENOENT || errno == ECONNREFUSED) // nobody runs, so nothing is being made
			return 0;
		return err_system(e, ERR_UNAVAILABLE, errno, "the program that makes sets does not answer");
	}
	snprintf(path, sizeof path, "/live/%s", who);
	param_add(&params, "REQUEST_METHOD", "DELETE");
	param_add(&params, "DOCUMENT_URI", path);
	explicit_bzero(path, sizeof path);
	record_add(&out, BEGIN, responder, sizeof responder);
	record_add(&out, PARAMS, params.data, params.len);
	record_add(&out, PARAMS, "", 0);
	record_add(&out, STDIN, "", 0);
	if (out.failed || params.failed || send(fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
		return err_set(e, ERR_UNAVAILABLE, "the program that makes sets does not answer");
	for (char *to; (to = buf_reserve(&answer, 1024)) != NULL && (n = recv(fd, to, 1024, 0)) > 0;)
		buf_took(&answer, (size_t)n);
	const char *status = answer.len > 16 ? answer.data + 8 : ""; // after the head of the first record
	if (strncmp(status, "Status: 204", 11) == 0 || strncmp(status, "Status: 404", 11) == 0)
		return 0;
	return err_set(e, ERR_TIMEOUT, "the program that makes sets has not ended this one in time");
}
