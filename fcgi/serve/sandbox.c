// SPDX-License-Identifier: ISC
#include "fcgi/serve/sandbox.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/landlock.h"
#include "fcgi/serve/seccomp.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

unsigned sandbox_threads(void)
{
	unsigned n = 0;
	DIR *tasks = opendir("/proc/self/task");
	for (const struct dirent *d; tasks != NULL && (d = readdir(tasks));)
		n += d->d_name[0] != '.';
	if (tasks != NULL)
		closedir(tasks);
	return n;
}

int sandbox_enter(const struct sandbox *s, struct err *e)
{
	char files[64] = "NO LANDLOCK: this kernel has none", calls[64] = "NO SECCOMP: this kernel has none";
	unsigned threads = sandbox_threads();
	const struct rlimit none = {0, 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_system(e, ERR_IO, errno, "sandbox: no-new-privileges");
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_system(e, ERR_IO, errno, "sandbox: core dumps");
#ifndef LETHE_SANITIZED // the leak check at exit traces its own process
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_system(e, ERR_IO, errno, "sandbox: core dumps");
#endif
	int abi = landlock_enter(s->read_paths, s->write_paths, s->network, e);
	int allowed = abi < 0 ? -1 : seccomp_enter(s->network, s->fork, e);
	if (allowed < 0)
		return -1;
	if (abi > 0)
		snprintf(files, sizeof files, "landlock ABI %d", abi);
	if (allowed > 0)
		snprintf(calls, sizeof calls, "seccomp %d calls allowed", allowed);
	note_line("sandbox: %s, %s", files, calls);
	if (threads > 1 && abi > 0)
		note_line("sandbox: WARNING: %u threads were started before and are not confined by landlock", threads - 1);
	return 0;
}

int sandbox_child(unsigned long memory_bytes, unsigned cpu_seconds, struct err *e)
{
	const struct rlimit cpu = {cpu_seconds, cpu_seconds + 1}, none = {0, 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CPU, &cpu) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return err_system(e, ERR_IO, errno, "sandbox of a job: limits");
#ifdef LETHE_SANITIZED
	(void)memory_bytes; // the sanitizers' shadow is larger than any limit
#else
	const struct rlimit memory = {memory_bytes, memory_bytes};
	if (setrlimit(RLIMIT_AS, &memory) != 0)
		return err_system(e, ERR_IO, errno, "sandbox of a job: memory");
#endif
	return seccomp_enter_child(e) < 0 ? -1 : 0;
}
