// SPDX-License-Identifier: ISC
#include "policy/base/file.h"
#include "systemd/run/run.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int probe(const struct site *s, const char *path)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
	struct timeval limit = {.tv_sec = 2};
	char request[512], answer[16] = "";
	int fd FD_AUTO = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, s->host, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: %s:%u\r\n\r\n", path, s->host, s->port);
	if (fd < 0 || n < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0 || fd_write_all(fd, request, (size_t)n) != 0)
		return -1;
	if (recv(fd, answer, sizeof answer - 1, MSG_WAITALL) < 12 || strncmp(answer, "HTTP/1.", 7) != 0)
		return -1;
	return (int)strtol(answer + strlen("HTTP/1.x "), NULL, 10);
}
