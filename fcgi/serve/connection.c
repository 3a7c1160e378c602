// SPDX-License-Identifier: ISC
// The accept() is ours and libfcgi only parses: it would otherwise block without a deadline, and wait for a lock-step of BEGIN and PARAMS.
#include "fcgi/serve/connection.h"
#include "fcgi/serve/dispatch.h"
#include <assert.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// The members below "Don't use anything below here" that accepting by ourselves needs; unchanged since 2003.
static_assert(sizeof(FCGX_Request) == 80, "libfcgi's request has another layout than the one this file knows");

enum {
	RECEIVE_SECONDS = 10, // each read
	SEND_SECONDS = 30,    // each write: a slow visitor holds up only itself
	RESPONDER = 1,
};

void connection_open(struct connection *c, struct server *s, int fd, bool busy)
{
	const struct timeval receive = {.tv_sec = RECEIVE_SECONDS}, send = {.tv_sec = SEND_SECONDS};
	*c = (struct connection){.server = s, .fd = fd, .busy = busy};
	FCGX_InitRequest(&c->fcgx, -1, 0);
	c->fcgx.ipcFd = fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send);
}

// libfcgi is told to keep the connection, or it would close it before it reads; and after the answer it would ask the kernel three times
// for what one close() does.
bool connection_serve(struct connection *c)
{
	FCGX_Request *fcgx = &c->fcgx;
	fcgx->keepConnection = 1;
	if (FCGX_Accept_r(fcgx) != 0 || fcgx->role != RESPONDER)
		return false; // the peer left or spoke something else
	bool asked = fcgx->keepConnection;
	fcgx->keepConnection = 1;
	dispatch_request(c->server, fcgx, c->busy);
	bool kept = asked && fcgx->keepConnection && !c->busy && !atomic_load(&c->server->stopping);
	fcgx->keepConnection = 1;
	FCGX_Finish_r(fcgx);
	return kept && fcgx->ipcFd >= 0;
}

void connection_close(struct connection *c)
{
	bool open = c->fcgx.ipcFd >= 0; // after an error libfcgi has closed it
	FCGX_Free(&c->fcgx, 0);
	if (open)
		close(c->fd);
}
