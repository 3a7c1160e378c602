// SPDX-License-Identifier: ISC
// A few threads for all connections, for a program whose handlers only look something up. nginx keeps its connections to such a program:
// making one costs both sides more than the whole of such a request. A connection without a request holds no thread, only a descriptor, and
// nginx ends it when it has been of no use for a while.
//
// One thread leads: it waits for requests and answers them by itself, because handing one to another thread costs more than answering it.
// Where an answer may take longer, it lets another thread lead meanwhile (thread_pool_yield).
#include "fcgi/serve/internal.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 32,
	BACK_OFF_MS = 100,   // after the kernel had no descriptor for us
	RECEIVE_SECONDS = 1, // a request that has begun to come is there: nginx sends it in one piece
};

struct pooled {
	struct pooled *next, **link; // of the pool's list, under the server's lock
	struct connection connection;
	bool used; // it had a request
};

static _Thread_local bool leads;             // this thread
static _Thread_local struct pooled *serving; // what it is at

static int watch(const struct thread_pool *pool, int how, int fd, void *what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = what};
	return epoll_ctl(pool->events, how, fd, &event);
}

static void pooled_end(struct server *s, struct pooled *p)
{
	pthread_mutex_lock(&s->lock);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	bool was_full = s->pool.count-- >= s->in_flight_max;
	pthread_mutex_unlock(&s->lock);
	connection_close(&p->connection);
	free(p);
	if (was_full)
		watch(&s->pool, EPOLL_CTL_MOD, s->listener, s, EPOLLIN);
}

// The pool owns fd.
static void pooled_begin(struct server *s, int fd)
{
	struct pooled *p = calloc(1, sizeof *p);
	if (p == NULL) {
		close(fd);
		return;
	}
	connection_open(&p->connection, s, fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = RECEIVE_SECONDS}, sizeof(struct timeval));
	pthread_mutex_lock(&s->lock);
	p->next = s->pool.first;
	p->link = &s->pool.first;
	if (p->next != NULL)
		p->next->link = &p->next;
	s->pool.first = p;
	if (++s->pool.count >= s->in_flight_max) // those that come now wait in the listening socket
		watch(&s->pool, EPOLL_CTL_MOD, s->listener, s, 0);
	pthread_mutex_unlock(&s->lock);
	if (watch(&s->pool, EPOLL_CTL_ADD, fd, p, EPOLLIN) != 0)
		pooled_end(s, p);
}

static void accept_one(struct server *s)
{
	struct pollfd stop = {.fd = s->stop_fd, .events = POLLIN};
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		pooled_begin(s, fd);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		poll(&stop, 1, BACK_OFF_MS);
}

static void serve_one(struct server *s, struct pooled *p)
{
	atomic_fetch_add(&s->active, 1);
	serving = p;
	p->used = true;
	bool more = connection_serve(&p->connection);
	serving = NULL;
	pthread_mutex_lock(&s->lock);
	connection_count_down(s);
	pthread_mutex_unlock(&s->lock);
	if (!more || (!leads && watch(&s->pool, EPOLL_CTL_ADD, p->connection.fd, p, EPOLLIN) != 0))
		pooled_end(s, p);
}

void thread_pool_yield(struct server *s)
{
	if (!leads)
		return;
	watch(&s->pool, EPOLL_CTL_DEL, serving->connection.fd, NULL, 0);
	leads = false;
	pthread_mutex_unlock(&s->pool.lead);
}

static void lead(struct server *s)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(s->pool.events, events, EVENTS_MAX, -1);
	for (int i = 0; i < n && leads && !atomic_load(&s->stopping); i++) { // who leads next is told of the others again
		if (events[i].data.ptr == s)
			accept_one(s);
		else if (events[i].data.ptr != NULL)
			serve_one(s, events[i].data.ptr);
	}
}

static void *thread_main(void *arg)
{
	struct server *s = arg;
	while (!atomic_load(&s->stopping)) {
		pthread_mutex_lock(&s->pool.lead);
		for (leads = true; leads && !atomic_load(&s->stopping);)
			lead(s);
		if (leads)
			pthread_mutex_unlock(&s->pool.lead);
		leads = false;
	}
	return NULL;
}

int thread_pool_start(struct server *s)
{
	struct thread_pool *pool = &s->pool;
	unsigned wanted = s->program->threads;
	if (wanted == 0)
		return 0;
	pthread_mutex_init(&pool->lead, NULL);
	pool->events = epoll_create1(EPOLL_CLOEXEC);
	if (pool->events < 0 || watch(pool, EPOLL_CTL_ADD, s->stop_fd, NULL, EPOLLIN) != 0 ||
	    watch(pool, EPOLL_CTL_ADD, s->listener, s, EPOLLIN) != 0)
		return -1;
	while (pool->thread_count < wanted && pool->thread_count < THREADS_MAX &&
	       pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, s) == 0)
		pool->thread_count++;
	return pool->thread_count == wanted ? 0 : -1;
}

// A connection that was taken and not yet served has a request on its way, which nginx would not send again; a used one may have, and there
// it would.
static void serve_rest(struct server *s)
{
	struct pooled *p;
	while ((p = s->pool.first)) {
		struct pollfd request = {.fd = p->connection.fd, .events = POLLIN};
		if (poll(&request, 1, p->used ? 0 : RECEIVE_SECONDS * 1000) == 1)
			connection_serve(&p->connection);
		pooled_end(s, p);
	}
}

void thread_pool_end(struct server *s)
{
	if (s->program->threads == 0)
		return;
	while (s->pool.thread_count > 0)
		pthread_join(s->pool.threads[--s->pool.thread_count], NULL);
	serve_rest(s);
	if (s->pool.events >= 0)
		close(s->pool.events);
	pthread_mutex_destroy(&s->pool.lead);
}
