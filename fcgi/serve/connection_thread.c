// SPDX-License-Identifier: ISC
// A request waits for upstream work most of its life, so a thread touches little: about three pages of stack and libfcgi's two buffers.
//
// Making a thread costs more than a short request. So one that is through takes the next connection that waits; where there is none it is
// parked for a moment, to be called again, the last one first; then it ends, and what the visitor's request left on its stack goes with it.
#include "fcgi/serve/connection_thread.h"
#include "fcgi/serve/connection.h"
#include "policy/base/limits.h"
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

enum {
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
static bool connection_next(struct server *s, struct connection *c)
{
	if (!atomic_load(&s->stopping) && !atomic_load(&s->holding)) {
		int fd = listener_accept(&s->listener, 0, NULL);
		if (fd >= 0) {
			connection_open(c, s, fd, server_busy(s, atomic_load(&s->active) - 1, fd));
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
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)PARKED_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
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

int connection_thread_start(struct server *s, int fd, bool busy)
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

void connection_threads_end(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	parking.over = true;
	for (struct parked *p = parking.first; p != NULL; p = p->next)
		sem_post(&p->wake);
	while (parking.count > 0)
		pthread_cond_wait(&s->ended, &s->lock);
	pthread_mutex_unlock(&s->lock);
}
