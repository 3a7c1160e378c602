// SPDX-License-Identifier: ISC
// A fork server: one process that never touches a job's bytes, and one child per job that is limited in memory and time and dies with the
// job. The connection is the job: the caller hanging up kills the child, and a child that died without an answer is answered for.
#ifndef LETHE_WORKER_POOL_H
#define LETHE_WORKER_POOL_H

#include "policy/base/err.h"
#include <stdbool.h>

struct sandbox;
struct pool {
	int listener;          // a Unix stream listener
	unsigned children_max; // jobs at once; 0: twice the processors, at least 4
	unsigned wall_ms;      // a child that lives longer is killed
	// In the child: reads the job from `connection`, calls pool_answering() right before the first byte of the reply, answers. The
	// process ends when it returns.
	void (*job)(int connection);
	const struct sandbox *sandbox; // of the parent, entered once the pool is ready and before the first job; NULL: none
};

// Serves until SIGTERM or SIGINT, then ends the children. 0: ended on request, no child left. -1: it could not start or go on.
int pool_run(const struct pool *p, struct err *e);

// From here on the child speaks for itself: should it die now, the parent only closes the connection.
void pool_answering(void);

#endif
