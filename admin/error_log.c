// SPDX-License-Identifier: ISC
#include "admin/error_log.h"
#include "policy/base/file.h"
#include "policy/model/life.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// -1 when it cannot be opened; ERR_NOT_FOUND when there is no such file.
static int open_log(const char *run, int flags, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (path_join(path, sizeof path, run, "error.log", e) != 0)
		return -1;
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_system(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "%s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(e, ERR_REFUSED, "%s is not a plain file", path);
}

int error_log_look(const char *run, struct error_log *out, struct err *e)
{
	struct stat st;
	char *line = NULL;
	size_t capacity = 0;
	int fd = open_log(run, O_RDONLY, e);

	*out = (struct error_log){0};
	if (fd < 0)
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	FILE *file = fdopen(fd, "r");
	if (file == NULL) {
		close(fd);
		return err_set(e, ERR_MEMORY, "no memory");
	}
	for (; getline(&line, &capacity, file) > 0; out->lines++) {
		// "2026/11/22 04:31:54 [crit] …", in the machine's own time zone.
		struct tm tm = {0};
		const char *end = out->oldest == 0 ? strptime(line, "%Y/%m/%d %H:%M:%S", &tm) : NULL;
		tm.tm_isdst = -1;
		time_t at = end != NULL && *end == ' ' ? mktime(&tm) : -1;
		out->oldest = at >= 0 ? at : out->oldest;
	}
	free(line);
	// What bears no date is as old as the last line, as far as one can tell.
	if (fstat(fd, &st) == 0 && out->lines > 0 && (out->oldest == 0 || st.st_mtime < out->oldest))
		out->oldest = st.st_mtime;
	bool failed = ferror(file) != 0;
	fclose(file);
	return failed ? err_set(e, ERR_IO, "the error log cannot be read") : 0;
}

bool error_log_due(const struct policy *p, const struct error_log *log, time_t at)
{
	if (log->lines == 0)
		return false;
	if (p->kinds[KIND_ERROR_LOG].keep != KEEP_STORED)
		return true;
	time_t due = life_end(p, KIND_ERROR_LOG, log->oldest);
	return due != 0 && due <= at;
}

int error_log_prune(const struct policy *p, const char *run, time_t at, bool dry_run, size_t *ended, struct err *e)
{
	struct error_log log;

	*ended = 0;
	if (error_log_look(run, &log, e) != 0)
		return -1;
	if (!error_log_due(p, &log, at))
		return 0;
	*ended = log.lines;
	if (dry_run)
		return 0;
	FD_AUTO int fd = open_log(run, O_WRONLY, e);
	if (fd < 0)
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	return ftruncate(fd, 0) == 0 ? 0 : err_system(e, ERR_IO, errno, "the error log cannot be emptied");
}
