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
// Gives back the memory of libfcgi's buffer of an input that has been read to its end, or of an output that is flushed: as long as the visitor
// waits neither is used, and what is written past libfcgi needs none. A few bytes are left, for what ends the answer.
void connection_stream_shrink(FCGX_Stream *stream);

#endif
