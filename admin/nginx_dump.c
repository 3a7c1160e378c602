// SPDX-License-Identifier: ISC
#include "admin/nginx_conf.h"
#include "policy/base/file.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NGINX_SECONDS = 10, NOT_FOUND = 127, ERRORS_MAX = 64 * 1024 };

// Never returns. It gets no secret of ours, and ends by itself when it hangs.
__attribute__((noreturn)) static void nginx_exec(const char *path, int out, int errors)
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

static int memory_read(int fd, struct buf *out)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *to = size < 0 ? NULL : buf_reserve(out, (size_t)size);

	if (to == NULL || pread(fd, to, (size_t)size, 0) != size)
		return -1;
	buf_took(out, (size_t)size);
	return 0;
}

int nginx_dump(const char *path, struct buf *out, struct err *e)
{
	BUF_AUTO struct buf said = BUF_INIT(ERRORS_MAX);
	FD_AUTO int text = memfd_create("nginx", MFD_CLOEXEC), errors = memfd_create("nginx", MFD_CLOEXEC);
	int status = -1;

	pid_t child = text < 0 || errors < 0 ? -1 : fork();
	if (child == 0)
		nginx_exec(path, text, errors);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND))
		return err_set(e, ERR_UNAVAILABLE, "nginx cannot be run here");
	if (memory_read(errors, &said) != 0 || memory_read(text, out) != 0)
		return err_set(e, ERR_MEMORY, "nginx printed too much");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	// The first complaint, without nginx's own "nginx: [emerg] ".
	const char *line = strstr(buf_text(&said), "[emerg] ");
	line = line != NULL ? line + strlen("[emerg] ") : buf_text(&said);
	bool denied = strstr(buf_text(&said), "Permission denied") != NULL;
	return err_set(e, denied ? ERR_UNAVAILABLE : ERR_REFUSED, "%.*s", (int)strcspn(line, "\n"), *line ? line : "it gave no reason");
}
