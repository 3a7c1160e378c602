// SPDX-License-Identifier: ISC
// Admission, holding back, stop and drain.
#include "fcgi/serve/acceptor.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/connection_thread.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/thread_pool.h"
#include "policy/base/when.h"
#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	REFUSED_AT_ONCE = 64, // connections above in_flight_max that may be answered with 503; beyond them, connections wait in the backlog
	IDLE_TRIM_MS = 1000,
	EXIT_UNFINISHED = 3,
};

// Accepts what is there. Returns how long not to accept, in ms: 0: go on, -1: until a connection ends.
static int connections_accept(struct server *s)
{
	for (unsigned rest_ms;;) {
		if (atomic_load(&s->active) >= s->in_flight_max + REFUSED_AT_ONCE) {
			atomic_store(&s->holding, true);
			return -1;
		}
		int fd = listener_accept(&s->listener, 0, &rest_ms);
		if (fd < 0)
			return (int)rest_ms;
		bool busy = server_busy(s, atomic_fetch_add(&s->active, 1), fd);
		if (connection_thread_start(s, fd, busy) == 0)
			continue;
		close(fd);
		pthread_mutex_lock(&s->lock);
		server_count_down(s);
		pthread_mutex_unlock(&s->lock);
		note_line("no thread with %u requests under way: not accepting for %d ms", atomic_load(&s->active), LISTENER_REST_MS);
		return LISTENER_REST_MS;
	}
}

static void accept_until_stop(struct server *s)
{
	bool dirty = false; // memory of past requests may be given back
	int pause = 0;
	while (!atomic_load(&s->stopping)) {
		struct pollfd p[] = {{.fd = s->signal_fd, .events = POLLIN},
				     {.fd = s->stop_fd, .events = POLLIN},
				     {.fd = s->ended_fd, .events = POLLIN},
				     {.fd = pause || s->program->threads ? -1 : s->listener.fd, .events = POLLIN}};
		int n = poll(p, 4, pause ? LISTENER_REST_MS : dirty ? IDLE_TRIM_MS : ACTIVE_WATCH_MS);
		// This process ends with the requests under way, and the next one begins with the new policy. Connections that come meanwhile
		// wait in the listening socket, which stays open with the supervisor, so that none is lost.
		if (active_watch_tick(&s->watch, s->policy) && !atomic_load(&s->stopping)) {
			note_line("another policy is in force: ending here, to start again under it");
			server_stop(s, false);
		}
		eventfd_t ignored;
		if (p[2].revents)
			eventfd_read(s->ended_fd, &ignored);
		atomic_store(&s->holding, false);
		struct signalfd_siginfo info;
		while (p[0].revents && read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
			server_stop(s, false);
		if (n == 0 && dirty) {
			malloc_trim(0);
			dirty = false;
		}
		bool waiting = pause || (p[3].revents & POLLIN);
		pause = 0;
		if (waiting && !atomic_load(&s->stopping)) {
			pause = connections_accept(s);
			dirty = true;
		}
	}
}

// Waits for the requests under way. How many are left when the time is over.
static unsigned requests_drain(struct server *s)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(s->drain_ms % 1000) * 1000000;
	until.tv_sec += s->drain_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	int rc = 0;
	pthread_mutex_lock(&s->lock);
	while (atomic_load(&s->active) > 0 && rc == 0)
		rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
	unsigned left = atomic_load(&s->active);
	pthread_mutex_unlock(&s->lock);
	return left;
}

int acceptor_run(struct server *s)
{
	unsigned threads = s->program->threads;
	if (threads > 0 && thread_pool_start(s, threads) != 0) {
		note_line("no memory for %u threads", threads);
		server_stop(s, true);
	}
	accept_until_stop(s);
	unsigned left = requests_drain(s);
	if (left > 0) {
		note_line("stopped with %u requests still under way after %u ms", left, s->drain_ms);
		return EXIT_UNFINISHED;
	}
	connection_threads_end(s);
	if (threads > 0)
		thread_pool_end(s);
	return atomic_load(&s->failed) ? 1 : 0;
}
