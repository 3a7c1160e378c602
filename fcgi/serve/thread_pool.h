// SPDX-License-Identifier: ISC
// A few threads for all connections, for a program whose handlers only look something up. nginx keeps its connections to such a program:
// making one costs both sides more than the whole of such a request. A connection without a request holds no thread, only a descriptor, and
// nginx ends it when it has been of no use for a while.
//
// One thread leads: it waits for requests and answers them by itself, because handing one to another thread costs more than answering it.
// Where an answer may take longer, it lets another thread lead meanwhile (server.yield).
#ifndef LETHE_SERVE_THREAD_POOL_H
#define LETHE_SERVE_THREAD_POOL_H

#include "fcgi/serve/server.h"

// -1: not all of the `wanted` threads could be made.
int thread_pool_start(struct server *s, unsigned wanted);
// After the stop: waits for them and closes the connections.
void thread_pool_end(struct server *s);

#endif
