// SPDX-License-Identifier: ISC
#include "fcgi/egress/loop.h"
#include "policy/base/array.h"
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

static void heap_put(struct loop *l, size_t slot, struct timer *t)
{
	l->heap[slot - 1] = t;
	t->slot = slot;
}

static void heap_settle(struct loop *l, struct timer *t)
{
	size_t slot = t->slot;
	while (slot > 1 && l->heap[slot / 2 - 1]->at > t->at) {
		heap_put(l, slot, l->heap[slot / 2 - 1]);
		slot /= 2;
	}
	for (size_t child; (child = slot * 2) <= l->timers; slot = child) {
		if (child < l->timers && l->heap[child]->at < l->heap[child - 1]->at)
			child++;
		if (l->heap[child - 1]->at >= t->at)
			break;
		heap_put(l, slot, l->heap[child - 1]);
	}
	heap_put(l, slot, t);
}

int loop_at(struct loop *l, struct timer *t, uint64_t at)
{
	if (t->slot == 0 && l->timers == l->capacity) {
		size_t capacity = l->capacity > 0 ? l->capacity * 2 : 64;
		struct timer **heap = reallocarray(l->heap, capacity, sizeof(struct timer *));
		if (heap == NULL)
			return -1;
		l->heap = heap;
		l->capacity = capacity;
	}
	if (t->slot == 0)
		heap_put(l, ++l->timers, t);
	t->at = at;
	heap_settle(l, t);
	return 0;
}

void loop_cancel(struct loop *l, struct timer *t)
{
	if (t->slot == 0)
		return;
	struct timer *last = l->heap[--l->timers];
	if (last != t) {
		heap_put(l, t->slot, last);
		heap_settle(l, last);
	}
	t->slot = 0;
}

void loop_turn(struct loop *l, unsigned most_ms)
{
	struct epoll_event events[256];
	uint64_t now = monotonic_ms(), left = most_ms;
	if (l->timers > 0 && l->heap[0]->at < now + most_ms)
		left = l->heap[0]->at > now ? l->heap[0]->at - now : 0;
	int n = epoll_wait(l->epoll, events, ARRAY_LEN(events), (int)left);
	for (int i = 0; i < n; i++) {
		struct watch *w = events[i].data.ptr;
		if (!w->removed)
			w->ready(w, events[i].events);
	}
	now = monotonic_ms();
	while (l->timers > 0 && l->heap[0]->at <= now) {
		struct timer *t = l->heap[0];
		loop_cancel(l, t);
		t->fire(t);
	}
	release_removed(l);
}
