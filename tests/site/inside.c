// SPDX-License-Identifier: ISC
// inside PID: makes system calls as the process itself would make them, in each of its threads in turn: with its user, its view of the files, its
// landlock and its seccomp, whatever the program is. That is what who has taken it over can do. Reads attempts from standard input, a line each
// (read PATH, write PATH, create PATH, list PATH, unlink PATH, rename FROM TO, unix PATH, tcp ADDRESS PORT, kill PID, trace PID, memory PID), and writes
// "RESULT ATTEMPT" for each: "done" when one thread succeeded, else the error of the last.
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

enum { THREADS_MAX = 512, PAGE = 4096 };

// The process that is stopped, and a page in it for what the calls point at.
struct inside {
	pid_t pid, thread;
	struct user_regs_struct registers;
	uint64_t page;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "inside: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void stop_thread(struct inside *in, pid_t thread)
{
	int status;

	in->thread = thread;
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
	    waitpid(thread, &status, __WALL) != thread || ptrace(PTRACE_GETREGS, thread, NULL, &in->registers) != 0)
		fail("stop");
}

// A call that was interrupted begins again, as if nothing had been.
static void go_on(struct inside *in)
{
	struct user_regs_struct r = in->registers;
	long result = (long)r.rax;

	if ((long)r.orig_rax >= 0 && (result == -512 || result == -513 || result == -514 || result == -516)) { // ERESTART…
		r.rax = r.orig_rax;
		r.rip -= 2;
	}
	r.orig_rax = UINT64_MAX;
	if (ptrace(PTRACE_SETREGS, in->thread, NULL, &r) != 0 || ptrace(PTRACE_DETACH, in->thread, NULL, NULL) != 0)
		fail("go on");
}

static long call_inside(const struct inside *in, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	struct user_regs_struct r = in->registers;
	int status;

	r.rip -= 2; // the thread waits in a system call: this is its instruction
	r.rax = (uint64_t)number;
	r.orig_rax = UINT64_MAX;
	r.rdi = a;
	r.rsi = b;
	r.rdx = c;
	r.r10 = d;
	r.r8 = e;
	r.r9 = f;
	if (ptrace(PTRACE_SETREGS, in->thread, NULL, &r) != 0)
		fail("call");
	for (int i = 0; i < 2; i++) // its beginning and its end
		if (ptrace(PTRACE_SYSCALL, in->thread, NULL, NULL) != 0 || waitpid(in->thread, &status, __WALL) != in->thread ||
		    !WIFSTOPPED(status))
			fail("the process ended");
	if (ptrace(PTRACE_GETREGS, in->thread, NULL, &r) != 0)
		fail("result");
	return (long)r.rax;
}

static void put_inside(const struct inside *in, uint64_t at, const void *bytes, size_t len)
{
	struct iovec here = {(void *)(uintptr_t)bytes, len}, there = {(void *)(uintptr_t)at, len}; // NOLINT(performance-no-int-to-ptr)

	if (process_vm_writev(in->pid, &here, 1, &there, 1, 0) != (ssize_t)len)
		fail("write into the process");
}

// The attempt in the thread that is stopped: what the last of its calls returned.
static long attempt(const struct inside *in, const char *verb, const char *first, const char *second)
{
	uint64_t page = in->page, other = page + PAGE / 2, here = (uint64_t)(int64_t)AT_FDCWD;
	long fd, rc;

	put_inside(in, page, first, strlen(first) + 1);
	put_inside(in, other, second, strlen(second) + 1);
	if (strcmp(verb, "rename") == 0)
		return call_inside(in, SYS_renameat2, here, page, here, other, 0, 0);
	if (strcmp(verb, "unlink") == 0)
		return call_inside(in, SYS_unlinkat, here, page, 0, 0, 0, 0);
	if (strcmp(verb, "kill") == 0)
		return call_inside(in, SYS_kill, strtoul(first, NULL, 10), 0, 0, 0, 0, 0);
	if (strcmp(verb, "trace") == 0)
		return call_inside(in, SYS_ptrace, PTRACE_SEIZE, strtoul(first, NULL, 10), 0, 0, 0, 0);
	if (strcmp(verb, "memory") == 0)
		return call_inside(in, SYS_process_vm_readv, strtoul(first, NULL, 10), page, 0, page, 0, 0);
	if (strcmp(verb, "unix") == 0 || strcmp(verb, "tcp") == 0) {
		struct sockaddr_un file = {.sun_family = AF_UNIX};
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(second, NULL, 10))};
		bool tcp = *verb == 't';
		snprintf(file.sun_path, sizeof file.sun_path, "%s", first);
		inet_pton(AF_INET, first, &address.sin_addr);
		put_inside(in, page, tcp ? (void *)&address : (void *)&file, tcp ? sizeof address : sizeof file);
		fd = call_inside(in, SYS_socket, tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0, 0);
		if (fd < 0)
			return fd;
		rc = call_inside(in, SYS_connect, (uint64_t)fd, page, tcp ? sizeof address : sizeof file, 0, 0, 0);
		if (rc == -EINPROGRESS) // a packet left
			rc = 0;
	} else {
		int flags = strcmp(verb, "write") == 0    ? O_WRONLY
			    : strcmp(verb, "create") == 0 ? O_WRONLY | O_CREAT
			    : strcmp(verb, "list") == 0   ? O_RDONLY | O_DIRECTORY
							  : O_RDONLY;
		fd = call_inside(in, SYS_openat, here, page, (uint64_t)(flags | O_NONBLOCK), 0600, 0, 0);
		if (fd < 0)
			return fd;
		char byte = 0;
		rc = strcmp(verb, "read") != 0 ? 0 : call_inside(in, SYS_read, (uint64_t)fd, page, sizeof byte, 0, 0, 0);
	}
	call_inside(in, SYS_close, (uint64_t)fd, 0, 0, 0, 0, 0);
	return rc;
}

// Stops the thread where it waits in a system call. A busy one is looked at again.
static void enter(struct inside *in, pid_t thread)
{
	for (int tries = 0; tries < 200; tries++) {
		uint16_t code = 0;
		stop_thread(in, thread);
		struct iovec here = {&code, sizeof code},
			     there = {(void *)(uintptr_t)(in->registers.rip - 2), sizeof code}; // NOLINT(performance-no-int-to-ptr)
		if (process_vm_readv(in->pid, &here, 1, &there, 1, 0) == (ssize_t)sizeof code && code == 0x050f) {
			long page = call_inside(in, SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0);
			if (page < 0)
				fail("no page");
			in->page = (uint64_t)page;
			return;
		}
		go_on(in);
		usleep(10000);
	}
	fail("a thread never waits");
}

static size_t list_threads(pid_t pid, pid_t threads[THREADS_MAX])
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	if (d == NULL)
		fail(path);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (isdigit((unsigned char)*entry->d_name) && count < THREADS_MAX)
			threads[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
	closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	struct inside in = {.pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0};
	char lines[128][512];
	long results[128];
	size_t count = 0;
	pid_t threads[THREADS_MAX];

	if (in.pid <= 0)
		fail("usage: inside PID");
	while (count < 128 && fgets(lines[count], sizeof lines[count], stdin) != NULL) {
		lines[count][strcspn(lines[count], "\n")] = '\0';
		results[count++] = -ENOSYS;
	}
	size_t thread_count = list_threads(in.pid, threads);
	for (size_t t = 0; t < thread_count; t++) {
		enter(&in, threads[t]);
		for (size_t i = 0; i < count; i++) {
			char verb[16] = "", first[400] = "", second[400] = "";
			sscanf(lines[i], "%15s %399s %399s", verb, first, second);
			long rc = attempt(&in, verb, first, second);
			if (results[i] < 0)
				results[i] = rc;
		}
		call_inside(&in, SYS_munmap, in.page, PAGE, 0, 0, 0, 0);
		go_on(&in);
	}
	for (size_t i = 0; i < count; i++)
		printf("%s %s\n", results[i] >= 0 ? "done" : strerrorname_np((int)-results[i]), lines[i]);
	return 0;
}

#else

int main(void)
{
	fprintf(stderr, "inside: not on this kind of processor\n");
	return 3;
}

#endif
