// SPDX-License-Identifier: ISC
// The acceptor: admission, holding back, stop and drain.
#include "fcgi/serve/internal.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DRAIN_MS = 60000,
	FD_RESERVE = 64,   // descriptors that new connections may not take: the requests under way need some
	BACK_OFF_MS = 100, // after the kernel had no descriptor or thread for us
	IDLE_TRIM_MS = 1000,
	EXIT_UNFINISHED = 3,
};

int server_init(struct server *s)
{
	struct rlimit files;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->signal_fd < 0 || s->stop_fd < 0 || s->ended_fd < 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
		return -1;
	s->fd_limit = files.rlim_cur > 1 << 20 ? 1 << 20 : (int)files.rlim_cur;
	if (!s->in_flight_max)
		s->in_flight_max = IN_FLIGHT_MAX;
	if (!s->drain_ms)
		s->drain_ms = DRAIN_MS;
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->ended, &clock);
	pthread_condattr_destroy(&clock);
	return 0;
}

static void event_raise(int fd)
{
	eventfd_write(fd, 1); // fails only when it is raised already
}

void server_stop(struct server *s, bool failed)
{
	if (failed && !atomic_exchange(&s->failed, true))
		note("the outcome of a commit is unknown: serving stops, so that the next start can check the store");
	if (!atomic_exchange(&s->stopping, true))
		event_raise(s->stop_fd);
}

void connection_count_down(struct server *s)
{
	if (atomic_load(&s->holding))
		event_raise(s->ended_fd);
	if (atomic_fetch_sub(&s->active, 1) == 1)
		pthread_cond_signal(&s->ended);
}

// The kernel gives the lowest free number, so a high one says that few are left.
static bool is_busy(const struct server *s, unsigned others, int fd)
{
	return others >= s->in_flight_max || fd >= s->fd_limit - FD_RESERVE;
}

int connection_accept(struct server *s, bool *refuse)
{
	if (atomic_load(&s->stopping) || atomic_load(&s->holding))
		return -1;
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	*refuse = fd >= 0 && is_busy(s, atomic_load(&s->active) - 1, fd);
	return fd;
}

enum accepted { ACCEPT_MORE, ACCEPT_NONE, ACCEPT_BACK_OFF };

static enum accepted accept_one(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EINTR || errno == ECONNABORTED)
			return ACCEPT_MORE;
		return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? ACCEPT_BACK_OFF : ACCEPT_NONE;
	}
	bool busy = is_busy(s, atomic_fetch_add(&s->active, 1), fd);
	if (connection_start(s, fd, busy) == 0)
		return ACCEPT_MORE;
	close(fd);
	pthread_mutex_lock(&s->lock);
	connection_count_down(s);
	pthread_mutex_unlock(&s->lock);
	return ACCEPT_BACK_OFF;
}

// Accepts what is there. Returns how long not to accept, in ms: 0: go on, -1: until a connection ends.
static int accept_all(struct server *s)
{
	for (;;) {
		if (atomic_load(&s->active) >= s->in_flight_max + REFUSED_AT_ONCE) {
			atomic_store(&s->holding, true);
			return -1;
		}
		switch (accept_one(s)) {
		case ACCEPT_MORE:
			break;
		case ACCEPT_NONE:
			return 0;
		case ACCEPT_BACK_OFF:
			note("out of descriptors, threads or memory with %u requests under way: not accepting for %d ms",
			     atomic_load(&s->active), BACK_OFF_MS);
			return BACK_OFF_MS;
		}
	}
}

static void signals_read(struct server *s)
{
	struct signalfd_siginfo info;
	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		server_stop(s, false);
}

// Another policy is in force: this process ends with the requests under way, and the next one begins with the new policy. Connections that
// come meanwhile wait in the listening socket, which stays open with the supervisor, so that none is lost.
static void policy_look(struct server *s, uint64_t *looked)
{
	uint64_t now = monotonic_ms();
	if (now - *looked < ACTIVE_WATCH_MS)
		return;
	*looked = now;
	if (!active_watch_changed(&s->watch, s->policy) || atomic_load(&s->stopping))
		return;
	note("another policy is in force: ending here, to start again under it");
	server_stop(s, false);
}

static void accept_loop(struct server *s)
{
	bool dirty = false; // memory of past requests may be given back
	uint64_t looked = monotonic_ms();
	int pause = 0;
	while (!atomic_load(&s->stopping)) {
		struct pollfd p[] = {{.fd = s->signal_fd, .events = POLLIN},
				     {.fd = s->stop_fd, .events = POLLIN},
				     {.fd = s->ended_fd, .events = POLLIN},
				     {.fd = pause || s->program->threads ? -1 : s->listener, .events = POLLIN}};
		int n = poll(p, 4, pause ? BACK_OFF_MS : dirty ? IDLE_TRIM_MS : ACTIVE_WATCH_MS);
		policy_look(s, &looked);
		eventfd_t ignored;
		if (p[2].revents)
			eventfd_read(s->ended_fd, &ignored);
		atomic_store(&s->holding, false);
		if (p[0].revents)
			signals_read(s);
		if (n == 0 && dirty) {
			malloc_trim(0);
			dirty = false;
		}
		bool waiting = pause || (p[3].revents & POLLIN);
		pause = 0;
		if (waiting && !atomic_load(&s->stopping)) {
			pause = accept_all(s);
			dirty = true;
		}
	}
}

// Waits for the requests under way. 0: all have ended.
static int drain(struct server *s)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += s->drain_ms / 1000;
	until.tv_nsec += (long)(s->drain_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	int rc = 0;
	pthread_mutex_lock(&s->lock);
	while (atomic_load(&s->active) > 0 && rc == 0)
		rc = pthread_cond_timedwait(&s->ended, &s->lock, &until);
	unsigned left = atomic_load(&s->active);
	pthread_mutex_unlock(&s->lock);
	if (left)
		note("stopped with %u requests still under way after %u ms", left, s->drain_ms);
	return left ? -1 : 0;
}

int server_run(struct server *s)
{
	if (thread_pool_start(s) != 0) {
		note("no memory for %u threads", s->program->threads);
		server_stop(s, true);
	}
	accept_loop(s);
	if (drain(s) != 0)
		return EXIT_UNFINISHED;
	connections_dismiss(s);
	thread_pool_end(s);
	return atomic_load(&s->failed) ? 1 : 0;
}
