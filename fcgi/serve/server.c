// SPDX-License-Identifier: ISC
#include "fcgi/serve/server.h"
#include "fcgi/ipc/note.h"
#include "policy/base/requests.h"
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

enum { DRAIN_MS = 60000 };

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
	if (s->in_flight_max == 0) {
		unsigned wanted = requests_max(), fit = requests_with((unsigned long)s->fd_limit);
		s->in_flight_max = wanted < fit ? wanted : fit;
		if (fit < requests_set())
			note_line("LETHE_REQUESTS_MAX is %u, but with %d open files %u fit", wanted, s->fd_limit, fit);
	}
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

void server_stop(struct server *s, bool failed)
{
	if (failed)
		atomic_store(&s->failed, true);
	if (!atomic_exchange(&s->stopping, true))
		eventfd_write(s->stop_fd, 1);
}

void server_count_down(struct server *s)
{
	if (atomic_load(&s->holding))
		eventfd_write(s->ended_fd, 1); // fails only when it is written already
	if (atomic_fetch_sub(&s->active, 1) == 1)
		pthread_cond_signal(&s->ended);
}
