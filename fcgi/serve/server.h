// SPDX-License-Identifier: ISC
// What the threads of one program share: its parts, how many requests are under way, and whether it goes on.
#ifndef LETHE_SERVE_SERVER_H
#define LETHE_SERVE_SERVER_H

#include "fcgi/ipc/listener.h"
#include "policy/rules/active.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct program;
struct vault;

struct server {
	const struct program *program;
	const struct policy *policy;
	struct vault *vault; // NULL when the program needs none
	void *context;       // from program->start
	struct listener listener;
	int signal_fd; // SIGTERM and SIGINT
	int stop_fd;   // eventfd, readable from the moment the server stops
	int ended_fd;  // eventfd, written when a connection ends while the acceptor is holding back
	unsigned in_flight_max;
	unsigned drain_ms;         // how long requests under way may take after SIGTERM
	struct active_watch watch; // of the policy in force
	int fd_limit;              // RLIMIT_NOFILE
	atomic_uint active;        // connections with a thread
	atomic_bool stopping, holding, failed;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	// In the thread that answers a request: the rest may take long, so another thread takes the next ones. NULL: each has its own thread.
	void (*yield)(struct server *s);
};

int server_init(struct server *s); // the members after `listener` get their values; -1 with errno
// Nothing further is begun. `failed`: the outcome of a commit is unknown, or serving was not possible.
void server_stop(struct server *s, bool failed);
void server_count_down(struct server *s); // a connection is over; under the lock

#endif
