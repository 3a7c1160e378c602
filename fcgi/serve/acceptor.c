// SPDX-License-Identifier: ISC
// Admission, holding back, stop and drain; and a thread for each connection, for a program whose handlers wait for others. A request waits
// for upstream work most of its life, so a thread touches little: about three pages of stack and libfcgi's two buffers.
//
// Making a thread costs more than a short request. So one that is through takes the next connection that waits; where there is none it is
// parked for a moment, to be called again, the last one first; then it ends, and what the visitor's request left on its stack goes with it.
#include "fcgi/serve/acceptor.h"
#include "fcgi/ipc/note.h"
#include "fcgi/ipc/supervisor.h"
#include "fcgi/serve/connection.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/thread_pool.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
	REFUSED_AT_ONCE = 64, // connections above in_flight_max that may be answered with 503; beyond them, connections wait in the backlog
	FD_RESERVE = 64,      // descriptors that new connections may not take: the requests under way need some
	IDLE_TRIM_MS = 1000,
	EXIT_UNFINISHED = 3,
	FIRST_BYTE_MS = 5000, // from accept to the first record
	IDLE_MS = 75000,      // kept alive: longer than nginx's 60 s, so that nginx ends it and never sends into a closing connection
	PARKED_MAX = 64,
	PARKED_MS = 500,
#ifdef LETHE_SANITIZED
	STACK = 4 * THREAD_STACK, // the sanitizers' frames are larger
#else
	STACK = THREAD_STACK,
#endif
};

// Whether a connection that was accepted as `fd`, beside `others`, must be answered with 503. The kernel gives the lowest free number, so a
// high one says that few are left.
static bool connection_busy(const struct server *s, unsigned others, int fd)
{
	return others >= s->in_flight_max || fd >= s->fd_limit - FD_RESERVE;
}

// The time in so many milliseconds.
static struct timespec time_in(unsigned ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

// ---- a thread for each connection ----

struct parked { // on the stack of the thread that waits
	struct parked *next;
	sem_t wake; // it is called, or all shall end
	struct connection work;
	atomic_bool called; // set under the lock
};

static struct {               // under the server's lock
	struct parked *first; // the last one that was parked
	unsigned count;
	bool over; // they shall end
} parking;

static void unpark(const struct parked *p)
{
	struct parked **link = &parking.first;
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	parking.count--;
}

// The connection is over. True: *c is another one. False: the thread ends, and may not touch the server any more.
// Not inlined, so that it takes no stack from a request that waits.
static __attribute__((noinline)) bool connection_next(struct server *s, struct connection *c)
{
	if (!atomic_load(&s->stopping) && !atomic_load(&s->holding)) {
		int fd = listener_accept(&s->listener, 0, NULL);
		if (fd >= 0) {
			connection_open(c, s, fd, connection_busy(s, atomic_load(&s->active) - 1, fd));
			return true;
		}
	}
	struct parked p = {.called = false};
	pthread_mutex_lock(&s->lock);
	server_count_down(s);
	bool parked = parking.count < PARKED_MAX && !parking.over && !atomic_load(&s->stopping);
	if (parked) {
		sem_init(&p.wake, 0, 0);
		p.next = parking.first;
		parking.first = &p;
		parking.count++;
	}
	pthread_mutex_unlock(&s->lock);
	if (!parked)
		return false;
	const struct timespec until = time_in(PARKED_MS);
	while (sem_clockwait(&p.wake, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
		;
	if (!atomic_load(&p.called)) { // nobody needed it for a while, or all shall end
		pthread_mutex_lock(&s->lock);
		if (!atomic_load(&p.called))
			unpark(&p);
		if (parking.over)
			pthread_cond_signal(&s->ended);
		pthread_mutex_unlock(&s->lock);
	}
	*c = p.work;
	// NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): whoever called it has unparked it
	return atomic_load(&p.called);
}

static void *connection_thread_main(void *arg)
{
	struct connection c = *(struct connection *)arg;
	struct server *s = c.server;
	free(arg);
	do {
		int wait_ms = FIRST_BYTE_MS;
		do {
			struct pollfd p[] = {{.fd = c.fd, .events = POLLIN}, {.fd = s->stop_fd, .events = POLLIN}};
			if (poll(p, 2, wait_ms) <= 0 || !(p[0].revents & POLLIN))
				break; // silent for too long, or the server stops
			wait_ms = IDLE_MS;
		} while (connection_serve(&c));
		connection_close(&c);
	} while (connection_next(s, &c));
	return NULL;
}

// Serves the connection in a thread of its own, which closes it. -1: no thread; the caller still owns fd.
static int connection_thread_start(struct server *s, int fd, bool busy)
{
	struct connection c;
	connection_open(&c, s, fd, busy);
	pthread_mutex_lock(&s->lock);
	struct parked *p = parking.first;
	if (p != NULL) {
		unpark(p);
		p->work = c;
		atomic_store(&p->called, true);
		sem_post(&p->wake); // under the lock: until then it cannot leave, and it needs no lock when it wakes
	}
	pthread_mutex_unlock(&s->lock);
	if (p != NULL)
		return 0;
	struct connection *own = malloc(sizeof *own);
	if (own == NULL)
		return -1;
	*own = c;
	pthread_attr_t attr;
	pthread_t thread;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	int rc = pthread_create(&thread, &attr, connection_thread_main, own);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return 0;
	free(own);
	return -1;
}

// ---- accepting ----

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
		bool busy = connection_busy(s, atomic_fetch_add(&s->active, 1), fd);
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

int acceptor_run(struct server *s)
{
	unsigned threads = s->program->threads;
	bool dirty = false; // memory of past requests may be given back
	int pause = 0, rc = 0;
	if (threads > 0 && thread_pool_start(s, threads) != 0) {
		note_line("no memory for %u threads", threads);
		server_stop(s, true);
	}
	supervisor_ready();
	while (!atomic_load(&s->stopping)) {
		struct pollfd p[] = {{.fd = s->signal_fd, .events = POLLIN},
				     {.fd = s->stop_fd, .events = POLLIN},
				     {.fd = s->ended_fd, .events = POLLIN},
				     {.fd = pause || s->program->threads ? -1 : s->listener.fd, .events = POLLIN}};
		int n = poll(p, 4, pause ? LISTENER_REST_MS : dirty ? IDLE_TRIM_MS : ACTIVE_WATCH_MS);
		supervisor_alive();
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
	supervisor_stopping(s->drain_ms);
	if (s->program->stopping != NULL)
		s->program->stopping(s->context);
	const struct timespec until = time_in(s->drain_ms);
	pthread_mutex_lock(&s->lock);
	while (atomic_load(&s->active) > 0 && rc == 0)
		rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
	unsigned left = atomic_load(&s->active);
	pthread_mutex_unlock(&s->lock);
	if (left > 0) {
		note_line("stopped with %u requests still under way after %u ms", left, s->drain_ms);
		return EXIT_UNFINISHED;
	}
	pthread_mutex_lock(&s->lock);
	parking.over = true;
	for (struct parked *p = parking.first; p != NULL; p = p->next)
		sem_post(&p->wake);
	while (parking.count > 0)
		pthread_cond_wait(&s->ended, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (threads > 0)
		thread_pool_end(s);
	return atomic_load(&s->failed) ? 1 : 0;
}
