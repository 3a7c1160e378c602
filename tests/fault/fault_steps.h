// SPDX-License-Identifier: ISC
// Makes the n-th step fail, or kills the process before it, that this process takes on files: those of its libraries, too. Included by a test program.
#ifndef LETHE_TESTS_FAULT_STEPS_H
#define LETHE_TESTS_FAULT_STEPS_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum step_kind { STEP_OPEN = 1, STEP_WRITE = 2, STEP_SYNC = 4, STEP_NAME = 8, STEP_ALL = 15 };
static struct fault_steps {
	unsigned kinds; // that count; 0: none
	long count, at; // so far; which one fails
	int error;      // 0: the process is killed
	bool sticky;    // and all that follow fail, too
} steps;

static inline bool step_fails(enum step_kind kind)
{
	if ((steps.kinds & kind) == 0 || (++steps.count != steps.at && (!steps.sticky || steps.count < steps.at)))
		return false;
	if (steps.error == 0)
		raise(SIGKILL);
	errno = steps.error;
	return true;
}

// The library's own function.
#define STEP_REAL(name) __typeof__(&name) real = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)

#define STEP(kind, type, name, parameters, arguments)                                                                                      \
	type name parameters                                                                                                               \
	{                                                                                                                                  \
		STEP_REAL(name);                                                                                                           \
		return step_fails(kind) ? -1 : real arguments;                                                                             \
	}
STEP(STEP_WRITE, ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
STEP(STEP_WRITE, ssize_t, pwrite, (int fd, const void *bytes, size_t len, off_t at), (fd, bytes, len, at))
STEP(STEP_WRITE, ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t at), (fd, bytes, len, at))
STEP(STEP_WRITE, int, ftruncate, (int fd, off_t len), (fd, len))
STEP(STEP_WRITE, int, ftruncate64, (int fd, off64_t len), (fd, len))
STEP(STEP_SYNC, int, fsync, (int fd), (fd))
STEP(STEP_SYNC, int, fdatasync, (int fd), (fd))
STEP(STEP_SYNC, int, syncfs, (int fd), (fd))
STEP(STEP_NAME, int, rename, (const char *a, const char *b), (a, b))
STEP(STEP_NAME, int, renameat, (int d, const char *a, int t, const char *b), (d, a, t, b))
STEP(STEP_NAME, int, renameat2, (int d, const char *a, int t, const char *b, unsigned f), (d, a, t, b, f))
STEP(STEP_NAME, int, unlink, (const char *name), (name))
STEP(STEP_NAME, int, unlinkat, (int d, const char *name, int f), (d, name, f))
STEP(STEP_NAME, int, mkdir, (const char *name, mode_t mode), (name, mode))
STEP(STEP_NAME, int, mkdirat, (int d, const char *name, mode_t mode), (d, name, mode))
STEP(STEP_NAME, int, fchmod, (int fd, mode_t mode), (fd, mode))

// Those of glibc with and without a mode, large files, and _FORTIFY_SOURCE.
#define STEP_OPENS(name, checked, parameters, arguments)                                                                                   \
	int name(STEP_ARGS parameters, int flags, ...)                                                                                     \
	{                                                                                                                                  \
		STEP_REAL(name);                                                                                                           \
		va_list rest;                                                                                                              \
		va_start(rest, flags);                                                                                                     \
		const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;                                     \
		va_end(rest);                                                                                                              \
		return step_fails(STEP_OPEN) ? -1 : real(STEP_ARGS arguments, flags, mode);                                                \
	}                                                                                                                                  \
	int checked(STEP_ARGS parameters, int flags);                                                                                      \
	int checked(STEP_ARGS parameters, int flags)                                                                                       \
	{                                                                                                                                  \
		return name(STEP_ARGS arguments, flags);                                                                                   \
	}
#define STEP_ARGS(...) __VA_ARGS__
#undef open
#undef openat
STEP_OPENS(open, __open_2, (const char *path), (path))
STEP_OPENS(open64, __open64_2, (const char *path), (path))
STEP_OPENS(openat, __openat_2, (int folder, const char *path), (folder, path))
STEP_OPENS(openat64, __openat64_2, (int folder, const char *path), (folder, path))

long syscall(long number, ...)
{
	STEP_REAL(syscall);
	va_list rest;
	long a[6];

	va_start(rest, number);
	for (size_t i = 0; i < 6; i++)
		a[i] = va_arg(rest, long);
	va_end(rest);
	return number == SYS_openat2 && step_fails(STEP_OPEN) ? -1 : real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
