// SPDX-License-Identifier: ISC
#include "fcgi/serve/thread_pool.h"
#include "fcgi/serve/connection.h"
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	THREADS_MAX = 16,
	EVENTS_MAX = 32,
	RECEIVE_SECONDS = 1, // a request that has begun to come is there: nginx sends it in one piece
};

struct pooled {
	struct pooled *next, **link; // of the pool's list
	struct connection connection;
	bool used; // it had a request
};

static struct {
	pthread_t threads[THREADS_MAX];
	unsigned thread_count;
	pthread_mutex_t leader; // held by the thread that waits for requests
	int events;             // epoll: the listener, the stop, and the connections
	struct pooled *first;   // all connections; with their count under the server's lock
	unsigned count;
} pool;

static _Thread_local bool is_leader;         // this thread
static _Thread_local struct pooled *serving; // what it is at

static int pool_watch(int how, int fd, void *what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = what};
	return epoll_ctl(pool.events, how, fd, &event);
}

static void pooled_end(struct server *s, struct pooled *p)
{
	pthread_mutex_lock(&s->lock);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	bool was_full = pool.count-- >= s->in_flight_max;
	pthread_mutex_unlock(&s->lock);
	connection_close(&p->connection);
	free(p);
	if (was_full)
		pool_watch(EPOLL_CTL_MOD, s->listener.fd, s, EPOLLIN);
}

static void pooled_accept(struct server *s)
{
	struct pollfd stop = {.fd = s->stop_fd, .events = POLLIN};
	unsigned rest_ms;
	int fd = listener_accept(&s->listener, 0, &rest_ms);
	if (fd < 0) {
		if (rest_ms > 0)
			poll(&stop, 1, (int)rest_ms);
		return;
	}
	struct pooled *p = calloc(1, sizeof *p);
	if (p == NULL) {
		close(fd);
		return;
	}
	connection_open(&p->connection, s, fd, false);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = RECEIVE_SECONDS}, sizeof(struct timeval));
	pthread_mutex_lock(&s->lock);
	p->next = pool.first;
	p->link = &pool.first;
	if (p->next != NULL)
		p->next->link = &p->next;
	pool.first = p;
	if (++pool.count >= s->in_flight_max) // those that come now wait in the listening socket
		pool_watch(EPOLL_CTL_MOD, s->listener.fd, s, 0);
	pthread_mutex_unlock(&s->lock);
	if (pool_watch(EPOLL_CTL_ADD, fd, p, EPOLLIN) != 0)
		pooled_end(s, p);
}

static void pooled_serve(struct server *s, struct pooled *p)
{
	atomic_fetch_add(&s->active, 1);
	serving = p;
	p->used = true;
	bool more = connection_serve(&p->connection);
	serving = NULL;
	pthread_mutex_lock(&s->lock);
	server_count_down(s);
	pthread_mutex_unlock(&s->lock);
	if (!more || (!is_leader && pool_watch(EPOLL_CTL_ADD, p->connection.fd, p, EPOLLIN) != 0))
		pooled_end(s, p);
}

static void pool_yield(struct server *s)
{
	(void)s;
	if (!is_leader)
		return;
	pool_watch(EPOLL_CTL_DEL, serving->connection.fd, NULL, 0);
	is_leader = false;
	pthread_mutex_unlock(&pool.leader);
}

static void *pool_thread_main(void *arg)
{
	struct server *s = arg;
	while (!atomic_load(&s->stopping)) {
		pthread_mutex_lock(&pool.leader);
		is_leader = true;
		while (is_leader && !atomic_load(&s->stopping)) {
			struct epoll_event events[EVENTS_MAX];
			int n = epoll_wait(pool.events, events, EVENTS_MAX, -1);
			for (int i = 0; i < n && is_leader && !atomic_load(&s->stopping);
			     i++) { // who leads next is told of the others again
				if (events[i].data.ptr == s)
					pooled_accept(s);
				else if (events[i].data.ptr != NULL)
					pooled_serve(s, events[i].data.ptr);
			}
		}
		if (is_leader)
			pthread_mutex_unlock(&pool.leader);
		is_leader = false;
	}
	return NULL;
}

int thread_pool_start(struct server *s, unsigned wanted)
{
	pthread_mutex_init(&pool.leader, NULL);
	s->yield = pool_yield;
	pool.events = epoll_create1(EPOLL_CLOEXEC);
	if (pool.events < 0 || pool_watch(EPOLL_CTL_ADD, s->stop_fd, NULL, EPOLLIN) != 0 ||
	    pool_watch(EPOLL_CTL_ADD, s->listener.fd, s, EPOLLIN) != 0)
		return -1;
	while (pool.thread_count < wanted && pool.thread_count < THREADS_MAX &&
	       pthread_create(&pool.threads[pool.thread_count], NULL, pool_thread_main, s) == 0)
		pool.thread_count++;
	return pool.thread_count == wanted ? 0 : -1;
}

void thread_pool_end(struct server *s)
{
	struct pooled *p;
	while (pool.thread_count > 0)
		pthread_join(pool.threads[--pool.thread_count], NULL);
	// A connection that was taken and not yet served has a request on its way, which nginx would not send again; a used one may have, and
	// there it would.
	while ((p = pool.first) != NULL) {
		struct pollfd request = {.fd = p->connection.fd, .events = POLLIN};
		if (poll(&request, 1, p->used ? 0 : RECEIVE_SECONDS * 1000) == 1)
			connection_serve(&p->connection);
		pooled_end(s, p);
	}
	if (pool.events >= 0)
		close(pool.events);
	pthread_mutex_destroy(&pool.leader);
}
