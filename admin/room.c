// SPDX-License-Identifier: ISC
// A frame between two programs is: the length of its head and the length of its body, 32 bits each, big-endian; the head, a JSON object;
// the body. One connection carries one question. (fcgi/serve speaks the same; this command does not depend on it.)
#include "admin/room.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_SECONDS = 3, FRAME_LENGTHS = 8 };

static int peer_connect(const char *run, const char *room, struct err *e)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s.sock", run, room);

	if (n < 0 || (size_t)n >= sizeof address.sun_path)
		return err_set(e, ERR_INPUT, "the run folder's name is too long for a socket");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_system(e, ERR_IO, errno, "no socket");
	// On a Unix socket the sending limit covers connect() too: a full backlog does not keep us.
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		err_system(e, ERR_UNAVAILABLE, errno, "%s", address.sun_path);
		close(fd);
		return -1;
	}
	return fd;
}

static int peer_send(int fd, const char *op, struct err *e)
{
	BUF_AUTO struct buf head = BUF_INIT(FRAME_HEAD_MAX);
	JSON_AUTO cJSON *object = cJSON_CreateObject();

	if (cJSON_AddStringToObject(object, "op", op) == NULL || json_print(&head, object) != 0)
		return err_set(e, ERR_MEMORY, "no memory for a question");
	const uint32_t lengths[2] = {htonl((uint32_t)head.len), 0};
	if (send(fd, lengths, sizeof lengths, MSG_NOSIGNAL) != sizeof lengths ||
	    send(fd, head.data, head.len, MSG_NOSIGNAL) != (ssize_t)head.len)
		return err_system(e, ERR_UNAVAILABLE, errno, "the program took no question");
	return 0;
}

static int read_exactly(int fd, struct buf *out, size_t len, struct err *e)
{
	char *room = buf_reserve(out, len);

	if (room == NULL)
		return err_set(e, ERR_INPUT, "the program's answer is too long");
	for (size_t got = 0; got < len;) {
		ssize_t n = recv(fd, room + got, len - got, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return err_set(e, ERR_TIMEOUT, "the program did not answer within %d s", ANSWER_SECONDS);
		if (n <= 0)
			return err_set(e, ERR_UNAVAILABLE, "the program ended the connection without an answer");
		got += (size_t)n;
	}
	buf_took(out, len);
	return 0;
}

cJSON *admin_ask_program(const char *run, const char *room, const char *op, struct err *e)
{
	uint32_t lengths[2];
	BUF_AUTO struct buf start = BUF_INIT(FRAME_LENGTHS), head = BUF_INIT(FRAME_HEAD_MAX);
	FD_AUTO int fd = peer_connect(run, room, e);

	if (fd < 0 || peer_send(fd, op, e) != 0 || read_exactly(fd, &start, FRAME_LENGTHS, e) < 0)
		return NULL;
	memcpy(lengths, start.data, sizeof lengths);
	if (read_exactly(fd, &head, ntohl(lengths[0]), e) < 0)
		return NULL;
	cJSON *answer = json_parse(head.data, head.len, e);
	if (answer == NULL)
		err_prefix(e, "the program's answer");
	return answer;
}
