// SPDX-License-Identifier: ISC
// A program with test routes, running in a process of its own behind a socket in a temporary folder.
#ifndef LETHE_TESTS_UNIT_SERVE_SITE_H
#define LETHE_TESTS_UNIT_SERVE_SITE_H

#include "fcgi/serve/serve.h"
#include "fcgi_client.h"
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct site {
	pid_t pid;
	char folder[64], socket[96], log[96];
};

static inline int site_listen(const char *path, int backlog)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static int site_told = STDERR_FILENO; // becomes the program's standard output; it closes whatever else it inherits

static inline void site_child(const struct site *s, const struct program *program, int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL); // a failed test leaves no process
	int log = open(s->log, O_CREAT | O_WRONLY | O_APPEND, 0600);
	dup2(log, STDERR_FILENO);
	dup2(site_told, STDOUT_FILENO);
	dup2(listener, STDIN_FILENO);
	close(log);
	close(listener);
	setenv("LETHE_POLICY", "policy/sites/bizimages.xml", 1);
	setenv("LETHE_STATE", s->folder, 1);
	setenv("LETHE_RUN", s->folder, 1);
	exit(serve_main(program));
}

static inline struct site site_make(void)
{
	struct site s = {.folder = "/tmp/lethe-serve-XXXXXX"};
	assert_non_null(mkdtemp(s.folder));
	snprintf(s.socket, sizeof s.socket, "%s/socket", s.folder);
	snprintf(s.log, sizeof s.log, "%s/stderr", s.folder);
	return s;
}

static inline void site_run(struct site *s, const struct program *program)
{
	unlink(s->socket);
	int listener = site_listen(s->socket, 4096);
	fflush(NULL);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0)
		site_child(s, program, listener);
	close(listener);
}

static inline struct site site_start(const struct program *program)
{
	struct site s = site_make();
	site_run(&s, program);
	return s;
}

// The exit status; -1 when a signal ended it or it did not end within the time (it is then killed).
static inline int site_wait(struct site *s, int timeout_ms)
{
	uint64_t until = monotonic_ms() + (uint64_t)timeout_ms;
	int status = 0;
	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		if (monotonic_ms() > until) {
			kill(s->pid, SIGKILL);
			waitpid(s->pid, &status, 0);
			return -1;
		}
		usleep(2000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline struct buf site_log(const struct site *s)
{
	struct buf b = BUF_INIT(1 << 20);
	char piece[4096];
	int fd = open(s->log, O_RDONLY);
	for (ssize_t n; fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0;)
		buf_add(&b, piece, (size_t)n);
	close(fd);
	return b;
}

static inline int site_remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

static inline void site_remove(const struct site *s)
{
	nftw(s->folder, site_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// SIGTERM; expects a clean end; the folder stays. What the program said is shown when it did not end well.
static inline void site_end(struct site *s)
{
	kill(s->pid, SIGTERM);
	int status = site_wait(s, 10000);
	if (status != 0) {
		struct buf b = site_log(s);
		fprintf(stderr, "%s", buf_text(&b));
		buf_free(&b);
	}
	assert_int_equal(status, 0);
}

static inline void site_stop(struct site *s)
{
	site_end(s);
	site_remove(s);
}

// One request on a connection of its own.
static inline struct answer site_ask(const struct site *s, const char *method, const char *path, const char *type, const char *body,
				     const char *const *more)
{
	struct buf b = BUF_INIT(1 << 26);
	int fd = client_connect(s->socket);
	request_build(&b, false, method, path, type, body, more);
	client_send(fd, &b);
	struct answer a = answer_read(fd, 10000);
	close(fd);
	buf_free(&b);
	return a;
}

#endif
