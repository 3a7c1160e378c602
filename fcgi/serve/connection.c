// SPDX-License-Identifier: ISC
// One connection of the web server, in a thread of its own. The accept() is ours and libfcgi only parses: it would otherwise block without
// a deadline, and wait for a lock-step of BEGIN and PARAMS. A request waits for upstream work most of its life, so a thread touches little:
// about three pages of stack and libfcgi's two buffers.
//
// Making a thread costs more than a short request. So one that is through takes the next connection that waits; where there is none it
// stays for a moment, to be called again, the last one first; then it ends, and what the visitor's request left on its stack goes with it.
#include "fcgi/serve/internal.h"
#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// The members below "Don't use anything below here" that accepting by ourselves needs; unchanged since 2003.
static_assert(sizeof(FCGX_Request) == 80, "libfcgi's request has another layout than the one this file knows");

enum {
	FIRST_BYTE_MS = 5000, // from accept to the first record
	IDLE_MS = 75000,      // kept alive: longer than nginx's 60 s, so that nginx ends it and never sends into a closing connection
	RECEIVE_SECONDS = 10, // each read
	SEND_SECONDS = 30,    // each write: a slow visitor holds up only itself
	PARKED_MAX = 64,
	PARKED_MS = 500,
	RESPONDER = 1,
#ifdef LETHE_SANITIZED
	STACK = 4 * THREAD_STACK, // the sanitizers' frames are larger
#else
	STACK = THREAD_STACK,
#endif
};

// Something to read: true. Silence for too long, or a stop of the server while there is nothing to read: false.
static bool readable(const struct server *s, int fd, int timeout_ms)
{
	struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = s->stop_fd, .events = POLLIN}};
	int n = poll(p, 2, timeout_ms);
	return n > 0 && (p[0].revents & POLLIN);
}

static void time_limits_set(int fd)
{
	struct timeval receive = {.tv_sec = RECEIVE_SECONDS}, send = {.tv_sec = SEND_SECONDS};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send);
}

void connection_open(struct connection *c, struct server *s, int fd)
{
	*c = (struct connection){.server = s, .fd = fd};
	FCGX_InitRequest(&c->fcgx, -1, 0);
	c->fcgx.ipcFd = fd;
	time_limits_set(fd);
}

// libfcgi is told to keep the connection, or it would close it before it reads; and after the answer it would ask the kernel three times
// for what one close() does.
bool connection_serve(struct connection *c)
{
	FCGX_Request *fcgx = &c->fcgx;
	fcgx->keepConnection = 1;
	if (FCGX_Accept_r(fcgx) != 0 || fcgx->role != RESPONDER)
		return false; // the peer left or spoke something else
	bool asked = fcgx->keepConnection;
	fcgx->keepConnection = 1;
	request_serve(c->server, fcgx, c->refuse);
	bool kept = asked && fcgx->keepConnection && !c->refuse && !atomic_load(&c->server->stopping);
	fcgx->keepConnection = 1;
	FCGX_Finish_r(fcgx);
	return kept && fcgx->ipcFd >= 0;
}

void connection_close(struct connection *c)
{
	bool open = c->fcgx.ipcFd >= 0; // after an error libfcgi has closed it
	FCGX_Free(&c->fcgx, 0);
	if (open)
		close(c->fd);
}

static void serve_requests(struct connection *c)
{
	for (int wait_ms = FIRST_BYTE_MS; readable(c->server, c->fd, wait_ms) && connection_serve(c); wait_ms = IDLE_MS)
		;
	connection_close(c);
}

struct parked { // on the stack of the thread that waits
	struct parked *next;
	sem_t wake; // it is called, or all shall end
	struct connection work;
	atomic_bool called; // set under the lock
};

// Under the lock.
static void unpark(struct server *s, const struct parked *p)
{
	struct parked **link = &s->parked;
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	s->parked_count--;
}

static void wait_for_call(struct parked *p)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)PARKED_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (sem_clockwait(&p->wake, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
		;
}

// Under the lock.
static bool park(struct server *s, struct parked *p)
{
	if (s->parked_count >= PARKED_MAX || s->over || atomic_load(&s->stopping))
		return false;
	sem_init(&p->wake, 0, 0);
	p->next = s->parked;
	s->parked = p;
	s->parked_count++;
	return true;
}

// The connection is over. True: *c is another one. False: the thread ends, and may not touch the server any more.
static bool connection_next(struct server *s, struct connection *c)
{
	bool refuse;
	int fd = connection_accept(s, &refuse);
	if (fd >= 0) {
		connection_open(c, s, fd);
		c->refuse = refuse;
		return true;
	}
	struct parked p = {.called = false};
	pthread_mutex_lock(&s->lock);
	connection_count_down(s);
	bool parked = park(s, &p);
	pthread_mutex_unlock(&s->lock);
	if (!parked)
		return false;
	wait_for_call(&p);
	if (!atomic_load(&p.called)) { // nobody needed it for a while, or all shall end
		pthread_mutex_lock(&s->lock);
		if (!atomic_load(&p.called))
			unpark(s, &p);
		if (s->over)
			pthread_cond_signal(&s->ended);
		pthread_mutex_unlock(&s->lock);
	}
	*c = p.work;
	return atomic_load(&p.called);
}

static bool call_parked(const struct connection *c)
{
	pthread_mutex_lock(&c->server->lock);
	struct parked *p = c->server->parked;
	if (p != NULL) {
		unpark(c->server, p);
		p->work = *c;
		atomic_store(&p->called, true);
		sem_post(&p->wake); // under the lock: until then it cannot leave, and it needs no lock when it wakes
	}
	pthread_mutex_unlock(&c->server->lock);
	return p != NULL;
}

void connections_dismiss(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->over = true;
	for (struct parked *p = s->parked; p != NULL; p = p->next)
		sem_post(&p->wake);
	while (s->parked_count > 0)
		pthread_cond_wait(&s->ended, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static void *connection_main(void *arg)
{
	struct connection c = *(struct connection *)arg;
	struct server *s = c.server;
	free(arg);
	do
		serve_requests(&c);
	while (connection_next(s, &c));
	return NULL;
}

static int thread_start(const struct connection *work)
{
	struct connection *c = malloc(sizeof *c);
	if (c == NULL)
		return -1;
	*c = *work;
	pthread_attr_t attr;
	pthread_t thread;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	int rc = pthread_create(&thread, &attr, connection_main, c);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		free(c);
	return rc == 0 ? 0 : -1;
}

int connection_start(struct server *s, int fd, bool refuse)
{
	struct connection c;
	connection_open(&c, s, fd);
	c.refuse = refuse;
	return call_parked(&c) ? 0 : thread_start(&c);
}
