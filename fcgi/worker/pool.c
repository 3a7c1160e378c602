// SPDX-License-Identifier: ISC
#include "fcgi/worker/pool.h"
#include "fcgi/ipc/frame.h"
#include "fcgi/ipc/listener.h"
#include "fcgi/ipc/note.h"
#include "fcgi/ipc/supervisor.h"
#include "fcgi/ipc/worker_call.h"
#include "fcgi/serve/sandbox.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
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
	IDLE_MS = 5000,    // for a caller to begin to send its job
	STOP_MS = 2000,    // from SIGTERM to SIGKILL of what still runs
	ANSWER_MS = 1000,  // to tell the caller that its job was ended
};

struct child {
	pid_t pid; // 0: free
	int connection;
	uint64_t deadline;
	bool left; // the caller hung up
};

// A connection without a child. Only a caller that has begun to send gets one, so whoever connects and is silent keeps nobody waiting.
struct waiting {
	int fd;
	bool sends;
	uint64_t idle_until;
};

struct state {
	const struct pool *pool;
	struct listener listener;
	unsigned children_max, children_count, waiting_count;
	struct child children[CHILDREN_MAX];
	struct waiting waiting[WAITING_MAX]; // in order of arrival
	int signals;
	uint64_t rest_until;
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

static void pool_child_main(struct state *s, unsigned slot, int connection, pid_t parent)
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
		if (s->waiting[i].fd != connection)
			close(s->waiting[i].fd);
	close(s->signals);
	if (s->listener.fd > STDERR_FILENO)
		close(s->listener.fd);
	else
		dup2(connection, s->listener.fd); // keeps descriptor 0 taken
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN); // Ctrl-C in a terminal goes to the parent, which ends its children
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	s->pool->job(connection);
	_exit(0);
}

static void waiting_drop(struct state *s, unsigned i)
{
	s->waiting_count--;
	memmove(&s->waiting[i], &s->waiting[i + 1], (s->waiting_count - i) * sizeof s->waiting[0]);
}

static void waiting_end(struct state *s, unsigned i)
{
	close(s->waiting[i].fd);
	waiting_drop(s, i);
}

// The one that has waited longest of those that send, or of those that do not; waiting_count: there is none.
static unsigned waiting_first(const struct state *s, bool sends)
{
	unsigned i = 0;
	while (i < s->waiting_count && s->waiting[i].sends != sends)
		i++;
	return i;
}

// Where all places are taken, one that is silent makes way.
static bool pool_may_accept(const struct state *s)
{
	return s->waiting_count < WAITING_MAX || waiting_first(s, false) < s->waiting_count;
}

// Looks whether the caller has begun to send; a question whether the worker is there needs no child. False: the connection is over.
static bool waiting_listen(struct waiting *w)
{
	static const char ping[] = "\0\0\0\x0d\0\0\0\0" WORKER_PING, here[] = "\0\0\0\x0b\0\0\0\0{\"ok\":true}";
	char first[sizeof ping - 1];
	ssize_t n = recv(w->fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
	w->sends = n > 0;
	if (n < (ssize_t)sizeof first || memcmp(first, ping, sizeof first) != 0)
		return n > 0 || (n < 0 && errno == EAGAIN);
	(void)send(w->fd, here, sizeof here - 1, MSG_NOSIGNAL | MSG_DONTWAIT); // or it has left already
	return false;
}

// Starts the job of the connection that has waited longest. False: there is none, or no child could be made and it goes on waiting.
static bool pool_child_start(struct state *s)
{
	unsigned slot = 0, first = waiting_first(s, true);
	if (first == s->waiting_count)
		return false;
	while (s->children[slot].pid > 0)
		slot++;
	int connection = s->waiting[first].fd;
	answering[slot] = 0;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		pool_child_main(s, slot, connection, parent);
	if (pid < 0) {
		note_line("fork: %s; trying again", strerrorname_np(errno));
		s->rest_until = monotonic_ms() + LISTENER_REST_MS;
		return false;
	}
	s->children[slot] = (struct child){.pid = pid, .connection = connection, .deadline = monotonic_ms() + s->pool->wall_ms};
	s->children_count++;
	waiting_drop(s, first);
	return true;
}

// A child that ended without an answer is answered for.
static void pool_child_ended(struct state *s, struct child *c, int status)
{
	int signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	bool wanted = !c->left && !s->stopping;
	if (signal_number != 0 && wanted)
		note_line("a job was ended by SIG%s", sigabbrev_np(signal_number));
	if (status != 0 && wanted && !answering[c - s->children]) {
		JSON_AUTO cJSON *head = frame_error(
		    "too-costly", signal_number == SIGXCPU   ? "The job was ended: it took too much computing time."
				  : signal_number == SIGKILL ? "The job was ended: it took too much time."
							     : "The job broke down, most likely because it took too much memory.");
		frame_send(c->connection, head, NULL, 0, monotonic_ms() + ANSWER_MS, NULL);
	}
	close(c->connection);
	*c = (struct child){0};
	s->children_count--;
}

// --- events ---

static int pool_turn(struct state *s)
{
	// In this order: signals, listener, children's connections (by slot), those waiting. A hung-up connection shows as POLLHUP without being
	// asked for; a caller that only closed its sending side still reads.
	struct pollfd list[2 + CHILDREN_MAX + WAITING_MAX];
	const struct pollfd *children = list + 2, *waiting = children + s->children_max;
	uint64_t now = monotonic_ms(), until = now + SUPERVISOR_TURN_MS;
	int status;
	nfds_t n = 0;
	list[n++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	bool accepting = !s->stopping && now >= s->rest_until && pool_may_accept(s);
	list[n++] = (struct pollfd){.fd = accepting ? s->listener.fd : -1, .events = POLLIN};
	for (unsigned i = 0; i < s->children_max; i++) {
		const struct child *c = &s->children[i];
		list[n++] = (struct pollfd){.fd = c->pid > 0 && !c->left ? c->connection : -1};
		if (c->pid > 0 && c->deadline < until)
			until = c->deadline;
	}
	for (unsigned i = 0; i < s->waiting_count; i++) {
		const struct waiting *w = &s->waiting[i];
		list[n++] = (struct pollfd){.fd = w->fd, .events = w->sends ? 0 : POLLIN};
		if (!w->sends && w->idle_until < until)
			until = w->idle_until;
	}
	if (s->rest_until > now && s->rest_until < until)
		until = s->rest_until;
	if (poll(list, n, until > now ? (int)(until - now) : 1) < 0)
		return errno == EINTR ? 0 : -1;
	// Whoever hung up. First: it relies on the order of the list.
	now = monotonic_ms();
	for (unsigned i = 0; i < s->children_max; i++)
		if (children[i].fd >= 0 && children[i].revents & (POLLHUP | POLLERR)) {
			s->children[i].left = true;
			kill(s->children[i].pid, SIGKILL);
		}
	for (unsigned i = s->waiting_count; i-- > 0;) {
		struct waiting *w = &s->waiting[i];
		bool over = (waiting[i].revents & (POLLHUP | POLLERR)) || (!w->sends && now >= w->idle_until);
		if (over || (waiting[i].revents & POLLIN && !waiting_listen(w)))
			waiting_end(s, i);
	}
	struct signalfd_siginfo info;
	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		bool stop = info.ssi_signo != SIGCHLD && !s->stopping;
		s->stopping = s->stopping || stop;
		for (unsigned i = 0; stop && i < s->children_max; i++)
			if (s->children[i].pid > 0) {
				kill(s->children[i].pid, SIGTERM);
				s->children[i].deadline = monotonic_ms() + STOP_MS;
			}
	}
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (unsigned i = 0; i < s->children_max; i++)
			if (s->children[i].pid == pid)
				pool_child_ended(s, &s->children[i], status);
	for (unsigned i = 0; i < s->children_max; i++)
		if (s->children[i].pid > 0 && now >= s->children[i].deadline)
			kill(s->children[i].pid, SIGKILL);
	if (s->stopping)
		return 0;
	for (int fd = 0; list[1].revents && fd >= 0 && pool_may_accept(s);) {
		unsigned rest_ms;
		fd = listener_accept(&s->listener, 0, &rest_ms);
		if (fd < 0) {
			s->rest_until = now + rest_ms;
			break;
		}
		struct waiting new = {.fd = fd, .idle_until = now + IDLE_MS};
		if (!waiting_listen(&new)) {
			close(fd);
			continue;
		}
		if (s->waiting_count == WAITING_MAX)
			waiting_end(s, waiting_first(s, false));
		s->waiting[s->waiting_count++] = new;
	}
	while (s->children_count < s->children_max && now >= s->rest_until && pool_child_start(s))
		;
	return 0;
}

// --- the whole ---

int pool_run(const struct pool *p, struct err *e)
{
	static struct state s;
	sigset_t mask;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned most = p->children_max > 0 ? p->children_max : processors > 2 ? 2 * (unsigned)processors : 4;
	s = (struct state){.pool = p, .signals = -1, .children_max = most < CHILDREN_MAX ? most : CHILDREN_MAX};
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, &s.old_mask) != 0 || (s.signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_system(e, ERR_IO, errno, "signals");
	sigdelset(&s.old_mask, SIGTERM);
	sigdelset(&s.old_mask, SIGCHLD);
	if (listener_open(&s.listener, p->listener, e) != 0)
		return -1;
	void *shared = mmap(NULL, CHILDREN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_system(e, ERR_MEMORY, errno, "shared page");
	answering = shared;
	supervisor_open();
	if (p->sandbox != NULL && sandbox_enter(p->sandbox, e) != 0)
		return -1;
	supervisor_ready();
	while (!s.stopping || s.children_count > 0) {
		supervisor_alive();
		if (pool_turn(&s) != 0)
			return err_system(e, ERR_IO, errno, "poll");
	}
	for (unsigned i = 0; i < s.waiting_count; i++)
		close(s.waiting[i].fd);
	fd_close(&s.signals);
	return 0;
}
