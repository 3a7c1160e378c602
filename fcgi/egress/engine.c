// SPDX-License-Identifier: ISC
#include "fcgi/egress/engine.h"
#include "policy/base/when.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum {
	STREAMS_MAX = 200, // of one HTTP/2 connection; the server's own limit holds too
	REST_MS = 10 * 1000,
};

struct socket_watch {
	struct watch watch;
	struct engine *engine;
};

static void transfer_unlink(struct engine *g, struct engine_transfer *t)
{
	*(t->previous != NULL ? &t->previous->next : &g->first) = t->next;
	if (t->next != NULL)
		t->next->previous = t->previous;
	t->previous = t->next = NULL;
	t->added = false;
	g->used_at = monotonic_ms();
}

// libcurl 7.88 queues the reset of a cancelled HTTP/2 stream and sends it when something else goes over the connection, which may be never
// (curl issue 17611, still so in 2025). What makes it send at once is another stream of the connection being paused and resumed; where
// there is none, the connection is closed instead, see engine_remove(). Several are done together, in one walk over the transfers.
static void flush_due(struct timer *timer)
{
	struct engine *g = LOOP_OWNER(timer, struct engine, flush);
	for (struct engine_transfer *t = g->first, *next; t != NULL && g->flushes > 0; t = next) {
		long port = 0;
		next = t->next;
		curl_easy_getinfo(t->easy, CURLINFO_LOCAL_PORT, &port);
		for (size_t i = 0; i < g->flushes; i++)
			if (g->ports[i] == port) {
				g->ports[i] = g->ports[--g->flushes];
				curl_easy_pause(t->easy, CURLPAUSE_RECV);
				curl_easy_pause(t->easy, CURLPAUSE_CONT);
				break;
			}
	}
	g->flushes = 0;
	g->acted(g);
}

static void flush_later(struct engine *g, CURL *easy)
{
	long port = 0;
	curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
	for (size_t i = 0; i < g->flushes; i++)
		if (g->ports[i] == port)
			return;
	if (port > 0 && g->flushes < FLUSHES_MAX)
		g->ports[g->flushes++] = port;
	loop_at(g->loop, &g->flush, monotonic_ms());
}

// What libcurl has to do on this socket, or (CURL_SOCKET_TIMEOUT) what is due; then the transfers that ended by it.
static void engine_act(struct engine *g, curl_socket_t fd, int events)
{
	int left;
	CURLMsg *message;
	curl_multi_socket_action(g->multi, fd, events, &left);
	while ((message = curl_multi_info_read(g->multi, &left)) != NULL) {
		struct engine_transfer *t = NULL;
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		long version = 0;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
		curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
		// An upstream without HTTP/2 needs a connection for each transfer. How it speaks is known once it has answered; until then, and
		// where it shares connections, few of them keep a burst from opening hundreds.
		bool alone = version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1;
		if (result != CURLE_OK) {
			flush_later(g, easy);
		} else if (alone && g->connections < g->connections_most) {
			g->connections = g->connections_most;
			curl_multi_setopt(g->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)g->connections);
		}
		curl_multi_remove_handle(g->multi, easy); // ends the message's life, too
		transfer_unlink(g, t);
		g->done(t, result);
	}
	g->acted(g);
}

static void socket_ready(struct watch *w, uint32_t events)
{
	struct socket_watch *s = LOOP_OWNER(w, struct socket_watch, watch);
	if (s->engine->held) // since this turn began; it will be told again
		return;
	int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	engine_act(s->engine, w->fd, what);
}

static void socket_release(struct watch *w)
{
	free(LOOP_OWNER(w, struct socket_watch, watch));
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	(void)easy;
	struct engine *g = context;
	struct socket_watch *s = assigned;
	uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL)
			loop_remove(&g->sockets, &s->watch);
		curl_multi_assign(g->multi, fd, NULL);
		return 0;
	}
	if (s != NULL)
		return loop_change(&g->sockets, &s->watch, events);
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return -1;
	*s = (struct socket_watch){.watch = {.fd = fd, .ready = socket_ready, .release = socket_release}, .engine = g};
	if (loop_watch(&g->sockets, &s->watch, events) != 0) {
		free(s);
		return -1;
	}
	curl_multi_assign(g->multi, fd, s);
	return 0;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *context)
{
	(void)multi;
	struct engine *g = context;
	if (timeout_ms >= 0)
		return loop_at(g->loop, &g->timer, monotonic_ms() + (uint64_t)timeout_ms);
	loop_cancel(g->loop, &g->timer);
	return 0;
}

static void timer_fired(struct timer *t)
{
	struct engine *g = LOOP_OWNER(t, struct engine, timer);
	g->late = g->held;
	if (!g->held)
		engine_act(g, CURL_SOCKET_TIMEOUT, 0);
}

static void sockets_ready(struct watch *w, uint32_t events)
{
	(void)events;
	loop_turn(&LOOP_OWNER(w, struct engine, watch)->sockets, 0);
}

void engine_hold(struct engine *g, bool hold)
{
	if (hold == g->held)
		return;
	g->held = hold;
	(void)loop_change(g->loop, &g->watch, hold ? 0 : EPOLLIN);
	if (!hold && g->late)
		(void)loop_at(g->loop, &g->timer, monotonic_ms()); // it was set before
	g->late = false;
}

static int multi_open(struct engine *g)
{
	g->multi = curl_multi_init();
	if (g->multi == NULL)
		return -1;
	curl_multi_setopt(g->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(g->multi, CURLMOPT_SOCKETDATA, g);
	curl_multi_setopt(g->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(g->multi, CURLMOPT_TIMERDATA, g);
	curl_multi_setopt(g->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(g->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)g->connections);
	// Left alone, the pool of idle connections would grow to four times the number of transfers.
	curl_multi_setopt(g->multi, CURLMOPT_MAXCONNECTS, (long)g->connections);
	curl_multi_setopt(g->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_MAX);
	return 0;
}

int engine_open(struct engine *g, struct loop *l, unsigned connections, unsigned most, void (*done)(struct engine_transfer *, CURLcode),
		void (*acted)(struct engine *), struct err *e)
{
	*g = (struct engine){.loop = l,
			     .connections = connections,
			     .connections_most = most,
			     .timer.fire = timer_fired,
			     .flush.fire = flush_due,
			     .done = done,
			     .acted = acted};
	g->sockets.epoll = -1;
	if (multi_open(g) != 0)
		return err_set(e, ERR_MEMORY, "out of memory");
	if (loop_open(&g->sockets, e) != 0)
		return -1;
	g->watch = (struct watch){.fd = g->sockets.epoll, .ready = sockets_ready};
	if (loop_watch(l, &g->watch, EPOLLIN) != 0)
		return err_system(e, ERR_IO, errno, "epoll_ctl");
	return 0;
}

void engine_close(struct engine *g)
{
	curl_multi_cleanup(g->multi);
	loop_close(&g->sockets);
	loop_cancel(g->loop, &g->timer);
	loop_cancel(g->loop, &g->flush);
}

void engine_rest(struct engine *g)
{
	if (g->first != NULL || g->used_at == 0 || monotonic_ms() < g->used_at + REST_MS)
		return;
	CURLM *used = g->multi;
	if (multi_open(g) != 0) {
		g->multi = used;
		return;
	}
	curl_multi_cleanup(used);
	g->flushes = 0;
	g->used_at = 0;
}

int engine_add(struct engine *g, struct engine_transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	if (curl_multi_add_handle(g->multi, t->easy) != CURLM_OK)
		return -1;
	t->previous = NULL;
	t->next = g->first;
	if (g->first != NULL)
		g->first->previous = t;
	g->first = t;
	t->added = true;
	g->used_at = monotonic_ms();
	return 0;
}

void engine_remove(struct engine *g, struct engine_transfer *t)
{
	if (!t->added)
		return;
	transfer_unlink(g, t);
	// Closes the connection if no other transfer is on it.
	curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	flush_later(g, t->easy);
	curl_multi_remove_handle(g->multi, t->easy);
}

void engine_pause(struct engine *g, struct engine_transfer *t, bool pause)
{
	if (!t->added)
		return;
	curl_easy_pause(t->easy, pause ? CURLPAUSE_RECV : CURLPAUSE_CONT); // hands over at once what libcurl kept
	if (!pause)
		g->acted(g);
}
