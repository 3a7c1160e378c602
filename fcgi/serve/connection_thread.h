// SPDX-License-Identifier: ISC
// A thread for each connection, for a program whose handlers wait for others.
#ifndef LETHE_SERVE_CONNECTION_THREAD_H
#define LETHE_SERVE_CONNECTION_THREAD_H

#include "fcgi/serve/server.h"

// Serves the connection in a thread of its own, which closes it. -1: no thread; the caller still owns fd.
int connection_thread_start(struct server *s, int fd, bool busy);
// After the last connection: ends the threads that wait for one.
void connection_threads_end(struct server *s);

#endif
