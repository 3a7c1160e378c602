// SPDX-License-Identifier: ISC
#include "fcgi/worker/pool.h"
#include "fcgi/ipc/call.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHILDREN_MAX = 64,
	WAITING_MAX = 256, // accepted, not started; the rest wait in the kernel's backlog
	STOP_MS = 2000,    // from SIGTERM to SIGKILL of what still runs
	ANSWER_MS = 1000,  // to tell the caller that its job was ended
	BACKOFF_MS = 100,  // after a failed accept or fork
};

struct child {
	pid_t pid; // 0: free
	int connection;
	uint64_t deadline;
	bool left; // the caller hung up
};

struct state {
	const struct pool *pool;
	unsigned children_max, children_count, waiting_count;
	struct child children[CHILDREN_MAX];
	int waiting[WAITING_MAX]; // in order of arrival
	int signals;
	uint64_t backoff_until;
	bool stopping;
	sigset_t old_mask;
};

// One byte per child, shared with the parent: set once it has begun to answer. A child sees all of them but can only spoil an error message.
static volatile unsigned char *answering;
static unsigned own_slot;

void pool_answering(void)
{
	if (answering != NULL)
		answering[own_slot] = 1;
}

// --- children ---

static void child_main(struct state *s, unsigned slot, int connection, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	own_slot = slot;
	// Other callers' connections are none of this job's business.
	for (unsigned i = 0; i < s->children_max; i++)
		if (s->children[i].pid > 0)
			close(s->children[i].connection);
	for (unsigned i = 0; i < s->waiting_count; i++)
		if (s->waiting[i] != connection)
			close(s->waiting[i]);
	close(s->signals);
	if (s->pool->listener > STDERR_FILENO)
		close(s->pool->listener);
	else
		dup2(connection, s->pool->listener); // keeps descriptor 0 taken
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN); // Ctrl-C in a terminal goes to the parent, which ends its children
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	s->pool->job(connection);
	_exit(0);
}

static void drop_waiting(struct state *s, unsigned i)
{
	s->waiting_count--;
	memmove(&s->waiting[i], &s->waiting[i + 1], (s->waiting_count - i) * sizeof s->waiting[0]);
}

// Starts the job of the connection that has waited longest. False: no child could be made; it goes on waiting.
static bool start_child(struct state *s)
{
	unsigned slot = 0;
	while (s->children[slot].pid > 0)
		slot++;
	int connection = s->waiting[0];
	answering[slot] = 0;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		child_main(s, slot, connection, parent);
	if (pid < 0) {
		fprintf(stderr, "worker: fork: %s; trying again\n", strerrorname_np(errno));
		s->backoff_until = monotonic_ms() + BACKOFF_MS;
		return false;
	}
	s->children[slot] = (struct child){.pid = pid, .connection = connection, .deadline = monotonic_ms() + s->pool->wall_ms};
	s->children_count++;
	drop_waiting(s, 0);
	return true;
}

static void answer_too_costly(int connection, const char *why)
{
	cJSON *head = cJSON_CreateObject(), *error = head != NULL ? cJSON_AddObjectToObject(head, "error") : NULL;
	if (error != NULL && cJSON_AddStringToObject(error, "code", "too-costly") != NULL &&
	    cJSON_AddStringToObject(error, "detail", why) != NULL)
		frame_send(connection, head, NULL, 0, monotonic_ms() + ANSWER_MS, NULL);
	cJSON_Delete(head);
}

// What the caller is told about a child that ended without an answer.
static const char *why_ended(int status)
{
	switch (WIFSIGNALED(status) ? WTERMSIG(status) : 0) {
	case SIGXCPU:
		return "The job was ended: it took too much computing time.";
	case SIGKILL:
		return "The job was ended: it took too much time.";
	default:
		return "The job broke down, most likely because it took too much memory.";
	}
}

static void child_ended(struct state *s, struct child *c, int status)
{
	unsigned slot = (unsigned)(c - s->children);
	bool wanted = !c->left && !s->stopping;
	if (WIFSIGNALED(status) && wanted)
		fprintf(stderr, "worker: a job was ended by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	if (status != 0 && wanted && !answering[slot])
		answer_too_costly(c->connection, why_ended(status));
	close(c->connection);
	*c = (struct child){0};
	s->children_count--;
}

static void reap(struct state *s)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (unsigned i = 0; i < s->children_max; i++)
			if (s->children[i].pid == pid)
				child_ended(s, &s->children[i], status);
}

static void kill_overdue(struct state *s, uint64_t now)
{
	for (unsigned i = 0; i < s->children_max; i++)
		if (s->children[i].pid > 0 && now >= s->children[i].deadline)
			kill(s->children[i].pid, SIGKILL);
}

// --- events ---

static void accept_all(struct state *s)
{
	while (s->waiting_count < WAITING_MAX) {
		int fd = accept4(s->pool->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			s->waiting[s->waiting_count++] = fd;
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK) {
			fprintf(stderr, "worker: accept: %s; trying again\n", strerrorname_np(errno));
			s->backoff_until = monotonic_ms() + BACKOFF_MS;
		}
		return;
	}
}

static void read_signals(struct state *s)
{
	struct signalfd_siginfo info;
	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD || s->stopping)
			continue;
		s->stopping = true;
		for (unsigned i = 0; i < s->children_max; i++) {
			if (s->children[i].pid > 0) {
				kill(s->children[i].pid, SIGTERM);
				s->children[i].deadline = monotonic_ms() + STOP_MS;
			}
		}
	}
}

static int wait_ms(const struct state *s, uint64_t now)
{
	uint64_t until = now + 60000;
	for (unsigned i = 0; i < s->children_max; i++)
		if (s->children[i].pid > 0 && s->children[i].deadline < until)
			until = s->children[i].deadline;
	if (s->backoff_until > now && s->backoff_until < until)
		until = s->backoff_until;
	return until > now ? (int)(until - now) : 1;
}

// What is polled, in this order: signals, listener, children's connections (by slot), those waiting. A hung-up connection shows as POLLHUP
// without being asked for; a caller that only closed its sending side still reads.
static nfds_t poll_list(const struct state *s, struct pollfd *list, uint64_t now)
{
	nfds_t n = 0;
	list[n++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	bool accepting = !s->stopping && s->waiting_count < WAITING_MAX && now >= s->backoff_until;
	list[n++] = (struct pollfd){.fd = accepting ? s->pool->listener : -1, .events = POLLIN};
	for (unsigned i = 0; i < s->children_max; i++) {
		bool watched = s->children[i].pid > 0 && !s->children[i].left;
		list[n++] = (struct pollfd){.fd = watched ? s->children[i].connection : -1};
	}
	for (unsigned i = 0; i < s->waiting_count; i++)
		list[n++] = (struct pollfd){.fd = s->waiting[i]};
	return n;
}

static void drop_hung_up(struct state *s, const struct pollfd *list)
{
	const struct pollfd *children = list + 2, *waiting = children + s->children_max;
	for (unsigned i = 0; i < s->children_max; i++) {
		if (s->children[i].pid > 0 && children[i].fd >= 0 && children[i].revents & (POLLHUP | POLLERR)) {
			s->children[i].left = true;
			kill(s->children[i].pid, SIGKILL);
		}
	}
	for (unsigned i = s->waiting_count; i-- > 0;) {
		if (waiting[i].revents & (POLLHUP | POLLERR)) {
			close(s->waiting[i]);
			drop_waiting(s, i);
		}
	}
}

static int turn(struct state *s)
{
	struct pollfd list[2 + CHILDREN_MAX + WAITING_MAX];
	uint64_t now = monotonic_ms();
	nfds_t n = poll_list(s, list, now);
	int ready = poll(list, n, wait_ms(s, now));
	if (ready < 0)
		return errno == EINTR ? 0 : -1;
	if (ready > 0)
		drop_hung_up(s, list); // first: it relies on the order of the list
	read_signals(s);
	reap(s);
	now = monotonic_ms();
	kill_overdue(s, now);
	if (!s->stopping && list[1].revents)
		accept_all(s);
	while (!s->stopping && s->waiting_count > 0 && s->children_count < s->children_max && now >= s->backoff_until)
		if (!start_child(s))
			break;
	return 0;
}

// --- the whole ---

static unsigned children_limit(unsigned wanted)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = wanted ? wanted : processors > 2 ? 2 * (unsigned)processors : 4;
	return n < CHILDREN_MAX ? n : CHILDREN_MAX;
}

static int prepare(struct state *s, struct err *e)
{
	signal(SIGPIPE, SIG_IGN);
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, &s->old_mask) < 0 || (s->signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_system(e, ERR_IO, errno, "signals");
	sigdelset(&s->old_mask, SIGTERM);
	sigdelset(&s->old_mask, SIGCHLD);
	int flags = fcntl(s->pool->listener, F_GETFL);
	if (flags < 0 || fcntl(s->pool->listener, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_system(e, ERR_IO, errno, "descriptor %d is not a listening socket", s->pool->listener);
	int listens = 0;
	socklen_t size = sizeof listens;
	if (getsockopt(s->pool->listener, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens)
		return err_set(e, ERR_INPUT, "descriptor %d is not a listening socket: start it from its socket unit or lethe-run",
			       s->pool->listener);
	void *shared = mmap(NULL, CHILDREN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_system(e, ERR_MEMORY, errno, "shared page");
	answering = shared;
	return 0;
}

int pool_run(const struct pool *p, struct err *e)
{
	static struct state s;
	s = (struct state){.pool = p, .signals = -1, .children_max = children_limit(p->children_max)};
	if (prepare(&s, e) != 0 || (p->lock_in != NULL && p->lock_in(e) != 0))
		return -1;
	while (!s.stopping || s.children_count > 0)
		if (turn(&s) < 0)
			return err_system(e, ERR_IO, errno, "poll");
	for (unsigned i = 0; i < s.waiting_count; i++)
		close(s.waiting[i]);
	fd_close(&s.signals);
	return 0;
}
