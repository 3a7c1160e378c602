// SPDX-License-Identifier: ISC
// One thread, one epoll: descriptors to watch and timers to fire. What is removed within a turn is released at the turn's end, so that
// events already fetched never reach freed memory.
#ifndef LETHE_EGRESS_LOOP_H
#define LETHE_EGRESS_LOOP_H

#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Both are members of the structure that owns them; LOOP_OWNER leads back to it.
#define LOOP_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct watch {
	int fd;
	uint32_t events; // what is asked for now
	void (*ready)(struct watch *w, uint32_t events);
	void (*release)(struct watch *w); // frees the owner, at the end of the turn in which it was removed
	bool removed;
	struct watch *next;
};

struct timer {
	uint64_t at; // monotonic_ms()
	size_t slot; // 1-based place in the heap; 0: not set
	void (*fire)(struct timer *t);
};

struct loop {
	int epoll;
	struct timer **heap; // the earliest first
	size_t timers, capacity;
	struct watch *removed;
};

int loop_open(struct loop *l, struct err *e);
void loop_close(struct loop *l);
// Events are EPOLLIN, EPOLLOUT, EPOLLRDHUP, with EPOLLET to be told of each only once; 0 asks for hang-ups and errors only. -1 with errno.
int loop_watch(struct loop *l, struct watch *w, uint32_t events);
int loop_change(struct loop *l, struct watch *w, uint32_t events);
void loop_remove(struct loop *l, struct watch *w);
// The same for a descriptor that nothing else needs: it is closed.
void loop_close_watched(struct loop *l, struct watch *w);
// Sets or moves the timer. -1 when there is no memory; a timer that was set before can always be moved.
int loop_at(struct loop *l, struct timer *t, uint64_t at);
void loop_cancel(struct loop *l, struct timer *t);
// Waits for the next events or timer, at most `most_ms`, and serves them.
void loop_turn(struct loop *l, unsigned most_ms);

#endif
