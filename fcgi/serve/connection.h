// SPDX-License-Identifier: ISC
// One connection of the web server, and libfcgi on it.
#ifndef LETHE_SERVE_CONNECTION_H
#define LETHE_SERVE_CONNECTION_H

#include "fcgi/serve/server.h"
#include <fcgiapp.h>

struct connection {
	struct server *server;
	int fd;
	bool busy; // its request is answered with 503
	FCGX_Request fcgx;
};
// Takes fd over and sets its time limits.
void connection_open(struct connection *c, struct server *s, int fd, bool busy);
// Reads and answers one request that is about to come, in the calling thread. True: the peer may send another one.
bool connection_serve(struct connection *c);
void connection_close(struct connection *c);

#endif
