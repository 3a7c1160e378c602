// SPDX-License-Identifier: ISC
#include "admin/nginx_conf.h"
#include "policy/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NGINX_SECONDS = 10, READ_BYTES = 16384, NOT_FOUND = 127 };

// Never returns. It gets no secret of ours, and ends by itself when it hangs.
__attribute__((noreturn)) static void run_nginx(const char *path, int out, int errors)
{
	char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	char folder[4096];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof folder, "%.*s/", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	alarm(NGINX_SECONDS);
	char *const words[] = {(char[]){"nginx"}, (char[]){"-T"}, (char[]){"-q"}, (char[]){"-e"}, (char[]){"stderr"},
			       (char[]){"-p"},    folder,         (char[]){"-c"}, strdup(path),   NULL};
	execve("/usr/sbin/nginx", words, environment);
	_exit(NOT_FOUND);
}

// Reads both until both end.
static int drain(int fds[2], struct buf *to[2])
{
	struct pollfd polls[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};

	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < 2; i++) {
			if (polls[i].fd < 0 || polls[i].revents == 0)
				continue;
			char *room = buf_reserve(to[i], READ_BYTES);
			ssize_t n = room == NULL ? -1 : read(polls[i].fd, room, READ_BYTES);
			if (n > 0)
				buf_took(to[i], (size_t)n);
			else if (n == 0 || errno != EINTR)
				polls[i].fd = -1;
		}
	}
	return to[0]->failed ? -1 : 0;
}

// The first complaint, without nginx's own "nginx: [emerg] ".
static int refusal(const struct buf *errors, struct err *e)
{
	const char *line = strstr(buf_text(errors), "[emerg] ");

	line = line != NULL ? line + 8 : buf_text(errors);
	return err_set(e, ERR_REFUSED, "%.*s", (int)strcspn(line, "\n"), *line ? line : "it gave no reason");
}

int nginx_dump(const char *path, struct buf *out, struct err *e)
{
	BUF_AUTO struct buf errors = BUF_INIT(64 * 1024);
	int a[2] = {-1, -1}, b[2] = {-1, -1}, status = -1;

	if (pipe2(a, O_CLOEXEC) < 0 || pipe2(b, O_CLOEXEC) < 0) {
		fd_close(&a[0]);
		fd_close(&a[1]);
		return err_system(e, ERR_IO, errno, "no pipe");
	}
	pid_t child = fork();
	if (child == 0)
		run_nginx(path, a[1], b[1]);
	fd_close(&a[1]);
	fd_close(&b[1]);
	int ret = child < 0 ? -1 : drain((int[2]){a[0], b[0]}, (struct buf *[2]){out, &errors});
	fd_close(&a[0]);
	fd_close(&b[0]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND))
		return err_set(e, ERR_UNAVAILABLE, "nginx cannot be run here");
	if (ret < 0)
		return err_set(e, ERR_MEMORY, "nginx printed too much");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : refusal(&errors, e);
}
