// SPDX-License-Identifier: ISC
#include "fcgi/egress/loop.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

int loop_open(struct loop *l, struct err *e)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return l->epoll < 0 ? err_system(e, ERR_IO, errno, "epoll_create1") : 0;
}

static void release_removed(struct loop *l)
{
	while (l->removed != NULL) {
		struct watch *w = l->removed;
		l->removed = w->next;
		if (w->release != NULL)
			w->release(w);
	}
}

void loop_close(struct loop *l)
{
	release_removed(l);
	free(l->heap);
	fd_close(&l->epoll);
}

int loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = w};
	w->removed = false;
	w->events = events;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &event);
}

int loop_change(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = w};
	if (events == w->events)
		return 0;
	w->events = events;
	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &event);
}

static void remove_watch(struct loop *l, struct watch *w)
{
	w->removed = true;
	w->next = l->removed;
	l->removed = w;
}

void loop_remove(struct loop *l, struct watch *w)
{
	if (w->removed)
		return;
	// Fails only where the descriptor is closed already, and then it is out.
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	remove_watch(l, w);
}

void loop_close_watched(struct loop *l, struct watch *w)
{
	if (w->removed)
		return;
	fd_close(&w->fd); // which takes it out
	remove_watch(l, w);
}

static void put(struct loop *l, size_t slot, struct timer *t)
{
	l->heap[slot - 1] = t;
	t->slot = slot;
}

static void settle(struct loop *l, struct timer *t)
{
	size_t slot = t->slot;
	while (slot > 1 && l->heap[slot / 2 - 1]->at > t->at) {
		put(l, slot, l->heap[slot / 2 - 1]);
		slot /= 2;
	}
	for (size_t child; (child = slot * 2) <= l->timers; slot = child) {
		if (child < l->timers && l->heap[child]->at < l->heap[child - 1]->at)
			child++;
		if (l->heap[child - 1]->at >= t->at)
			break;
		put(l, slot, l->heap[child - 1]);
	}
	put(l, slot, t);
}

int loop_at(struct loop *l, struct timer *t, uint64_t at)
{
	if (t->slot == 0 && l->timers == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct timer **heap = reallocarray(l->heap, room, sizeof(struct timer *));
		if (heap == NULL)
			return -1;
		l->heap = heap;
		l->room = room;
	}
	if (t->slot == 0)
		put(l, ++l->timers, t);
	t->at = at;
	settle(l, t);
	return 0;
}

void loop_cancel(struct loop *l, struct timer *t)
{
	if (t->slot == 0)
		return;
	struct timer *last = l->heap[--l->timers];
	if (last != t) {
		put(l, t->slot, last);
		settle(l, last);
	}
	t->slot = 0;
}

static void fire_due(struct loop *l)
{
	uint64_t now = monotonic_ms();
	while (l->timers > 0 && l->heap[0]->at <= now) {
		struct timer *t = l->heap[0];
		loop_cancel(l, t);
		t->fire(t);
	}
}

static int wait_ms(const struct loop *l, unsigned most_ms)
{
	if (l->timers == 0)
		return (int)most_ms;
	uint64_t now = monotonic_ms();
	uint64_t left = l->heap[0]->at > now ? l->heap[0]->at - now : 0;
	return left < most_ms ? (int)left : (int)most_ms;
}

void loop_turn(struct loop *l, unsigned most_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(l->epoll, events, 256, wait_ms(l, most_ms));
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;
		if (!w->removed)
			w->ready(w, events[i].events);
	}
	fire_due(l);
	release_removed(l);
}
