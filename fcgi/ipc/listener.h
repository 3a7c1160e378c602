// SPDX-License-Identifier: ISC
// The listening Unix socket of a program: descriptor 0, which systemd or lethe-run made and goes on to own.
#ifndef LETHE_IPC_LISTENER_H
#define LETHE_IPC_LISTENER_H

#include "policy/base/err.h"
#include <stdatomic.h>

enum {
	LISTENER_REST_MS = 100,
	LISTENER_BACKLOG = 4096, // connections that wait to be accepted: a burst of visitors, measured with 2,000
};

struct listener {
	int fd;
	atomic_bool exhausted; // the last accept found no descriptor or memory
};

// Makes the socket non-blocking, so that a connection that is withdrawn before it is accepted holds nothing up. ERR_INPUT: `fd` is not a
// listening socket.
int listener_open(struct listener *l, int fd, struct err *e);
// The next connection that waits, with SOCK_CLOEXEC and `flags` of accept4(). -1: there is none now; *rest_ms (may be NULL) is then 0, or how
// long not to accept because descriptors or memory ran out, which is said on stderr once. Any thread.
int listener_accept(struct listener *l, int flags, unsigned *rest_ms);

#endif
