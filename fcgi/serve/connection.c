// SPDX-License-Identifier: ISC
// One connection of the web server, in a thread of its own. The accept() is ours and libfcgi only parses: it would otherwise block without
// a deadline, and wait for a lock-step of BEGIN and PARAMS. A request waits for upstream work most of its life, so a thread touches little:
// about three pages of stack and libfcgi's two buffers.
#include "fcgi/serve/internal.h"
#include <assert.h>
#include <fcgiapp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

// The members below "Don't use anything below here" that accepting by ourselves needs; unchanged since 2003.
static_assert(sizeof(FCGX_Request) == 80, "libfcgi's request has another layout than the one this file knows");

enum {
	FIRST_BYTE_MS = 5000, // from accept to the first record
	IDLE_MS = 75000,      // kept alive: longer than nginx's 60 s, so that nginx ends it and never sends into a closing connection
	RECEIVE_SECONDS = 10, // each read
	SEND_SECONDS = 30,    // each write: a slow visitor holds up only itself
	RESPONDER = 1,
#ifdef LETHE_SANITIZED
	STACK = 4 * THREAD_STACK, // the sanitizers' frames are larger
#else
	STACK = THREAD_STACK,
#endif
};

struct connection {
	struct server *server;
	int fd;
	bool refuse;
};

// Something to read: true. Silence for too long, or a stop of the server while there is nothing to read: false.
static bool readable(const struct server *s, int fd, int timeout_ms)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop_fd, .events = POLLIN}};
	int n = poll(p, 2, timeout_ms);
	return n > 0 && (p[0].revents & POLLIN);
}

static void serve_requests(const struct connection *c)
{
	FCGX_Request fcgx;
	FCGX_InitRequest(&fcgx, -1, 0);
	fcgx.ipcFd = c->fd;
	for (int wait_ms = FIRST_BYTE_MS; readable(c->server, c->fd, wait_ms); wait_ms = IDLE_MS) {
		fcgx.keepConnection = 1; // or FCGX_Accept_r would close the descriptor before it reads
		if (FCGX_Accept_r(&fcgx) != 0)
			return; // the peer left or spoke something else; libfcgi has closed the descriptor
		if (fcgx.role != RESPONDER)
			break;
		request_serve(c->server, &fcgx, c->refuse);
		if (c->refuse || atomic_load(&c->server->stopping))
			fcgx.keepConnection = 0;
		FCGX_Finish_r(&fcgx);
		if (fcgx.ipcFd < 0)
			return;
	}
	FCGX_Free(&fcgx, 1);
}

static void *connection_main(void *arg)
{
	struct connection c = *(struct connection *)arg;
	free(arg);
	serve_requests(&c);
	connection_ended(c.server);
	return NULL;
}

int connection_start(struct server *s, int fd, bool refuse)
{
	struct timeval receive = {.tv_sec = RECEIVE_SECONDS}, send = {.tv_sec = SEND_SECONDS};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send);
	struct connection *c = malloc(sizeof *c);
	if (!c)
		return -1;
	*c = (struct connection){s, fd, refuse};
	pthread_attr_t attr;
	pthread_t thread;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	int rc = pthread_create(&thread, &attr, connection_main, c);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		free(c);
	return rc == 0 ? 0 : -1;
}
