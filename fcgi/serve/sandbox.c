// SPDX-License-Identifier: ISC
#include "fcgi/serve/sandbox.h"
#include "fcgi/ipc/note.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// ---- files: landlock by raw system calls, best effort, asking the kernel what it can do ----
// Constants that Debian 12's headers lack are given here.

#define FS_REFER       (1ULL << 13) // ABI 2
#define FS_TRUNCATE    (1ULL << 14) // ABI 3
#define FS_IOCTL       (1ULL << 15) // ABI 5
#define NET_BIND       (1ULL << 0)  // ABI 4
#define NET_CONNECT    (1ULL << 1)
#define SCOPE_ABSTRACT (1ULL << 0) // ABI 6
#define SCOPE_SIGNAL   (1ULL << 1)

#define READ_FILE  (LANDLOCK_ACCESS_FS_READ_FILE)
#define READ       (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define WRITE                                                                                                                              \
	(WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                       \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER)

// struct landlock_ruleset_attr as of ABI 6; older kernels are told the size they know.
struct ruleset {
	uint64_t fs, net, scoped;
};

// What name resolution and TLS read.
// clang-format off
static const char *const network_paths[] = {
    "/etc/ssl", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/protocols",
    "/usr/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
    "/run/systemd/resolve", NULL};
// clang-format on
#ifdef LETHE_SANITIZED
static const char *const sanitizer_paths[] = {"/proc", "/usr/lib", "/lib", "/usr/bin", NULL};
#endif

static int paths_allow(int ruleset, const char *const *paths, uint64_t folder_access, uint64_t file_access, struct err *e)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		struct stat about;
		FD_AUTO int fd = open(*paths, O_PATH | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &about) != 0)
			return err_system(e, ERR_IO, errno, "sandbox: %s", *paths);
		const struct landlock_path_beneath_attr rule = {
		    .allowed_access = S_ISDIR(about.st_mode) ? folder_access : file_access,
		    .parent_fd = fd,
		};
		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
			return err_system(e, ERR_IO, errno, "sandbox: %s", *paths);
	}
	return 0;
}

// Confines the files to these paths (NULL-terminated lists), and without `network` connections to Unix sockets. Returns the ABI that holds,
// 0 when the kernel has none, -1 when it should have worked.
static int landlock_enter(const char *const *read_paths, const char *const *write_paths, bool network, struct err *e)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0;
	uint64_t handled = LANDLOCK_ACCESS_FS_EXECUTE | WRITE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			   LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL;
	handled &= ~((abi < 2 ? FS_REFER : 0) | (abi < 3 ? FS_TRUNCATE : 0) | (abi < 5 ? FS_IOCTL : 0));
	const struct ruleset r = {.fs = handled,
				  .net = abi < 4   ? 0
					 : network ? NET_BIND
						   : NET_BIND | NET_CONNECT,
				  .scoped = abi < 6 ? 0 : SCOPE_ABSTRACT | SCOPE_SIGNAL};
	size_t size = abi >= 6 ? sizeof r : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	FD_AUTO int ruleset = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (ruleset < 0)
		return err_system(e, ERR_IO, errno, "sandbox: landlock");
	if (paths_allow(ruleset, read_paths, READ, READ_FILE, e) != 0 ||
	    paths_allow(ruleset, write_paths, WRITE & handled, WRITE_FILE & handled, e) != 0 ||
	    (network && paths_allow(ruleset, network_paths, READ, READ_FILE, e) != 0))
		return -1;
#ifdef LETHE_SANITIZED
	if (paths_allow(ruleset, sanitizer_paths, READ, READ_FILE, e) != 0)
		return -1;
#endif
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return err_system(e, ERR_IO, errno, "sandbox: landlock");
	return abi;
}

// ---- the system calls that are left ----
// The lists come from strace of whole runs of each program; what is not on them fails with EPERM, or ends the process under
// LETHE_SANDBOX=kill.

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define CLONE_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

// clang-format off
#define S SCMP_SYS
// Memory, time, exit: what every process needs, and all that the child of a worker gets beside read, write and poll.
static const int basic_calls[] = {
    S(read), S(write), S(readv), S(writev), S(close), S(mmap), S(munmap), S(mremap), S(mprotect), S(brk), S(madvise), S(futex), S(exit),
    S(exit_group), S(rt_sigreturn), S(getpid), S(gettid), S(sched_yield), S(clock_gettime), S(clock_nanosleep), S(getrandom), S(poll),
    S(ppoll), S(recvfrom), S(sendto), S(sendmsg), S(recvmsg), S(fstat), S(lseek), S(gettimeofday), S(time), S(nanosleep),
    S(rt_sigprocmask), S(restart_syscall), S(rt_sigaction)};

// Threads, files below the paths that landlock leaves, connections that came, waiting.
static const int program_calls[] = {
    S(set_robust_list), S(get_robust_list), S(rseq), S(set_tid_address), S(sched_getaffinity), S(sigaltstack), S(getuid), S(geteuid),
    S(getgid), S(getegid), S(getppid), S(uname), S(sysinfo), S(getrusage), S(times), S(open), S(openat), S(stat), S(lstat), S(newfstatat),
    S(statx), S(statfs), S(fstatfs), S(access), S(faccessat), S(faccessat2), S(readlink), S(readlinkat), S(getcwd), S(getdents64),
    S(unlink), S(unlinkat), S(rename), S(renameat), S(renameat2), S(mkdir), S(mkdirat), S(rmdir), S(pread64), S(pwrite64), S(preadv),
    S(pwritev), S(fsync), S(fdatasync), S(ftruncate), S(fallocate), S(fadvise64), S(fcntl), S(flock), S(fchmod), S(fchown), S(utimensat),
    S(umask), S(dup), S(dup2), S(dup3), S(pipe2), S(eventfd2), S(signalfd4), S(timerfd_create), S(timerfd_settime), S(timerfd_gettime),
    S(epoll_create1), S(epoll_ctl), S(epoll_wait), S(epoll_pwait), S(epoll_pwait2), S(select), S(pselect6), S(accept), S(accept4),
    S(shutdown), S(getsockname), S(getpeername), S(getsockopt), S(setsockopt), S(sendmmsg), S(recvmmsg), S(mlock), S(munlock), S(mincore),
    S(memfd_create), S(rt_sigtimedwait), S(clock_getres), S(getrlimit), S(fchmodat), S(membarrier), S(copy_file_range), S(sendfile), S(sync_file_range)};

// A worker's parent: children come and go, each with limits and a filter of its own.
static const int fork_calls[] = {
    S(fork), S(vfork), S(wait4), S(waitid), S(kill), S(tgkill), S(prctl), S(seccomp), S(prlimit64), S(setrlimit), S(pidfd_open),
    S(pidfd_send_signal), S(setpgid), S(getpgrp), S(setpriority)};

#ifdef LETHE_SANITIZED
static const int sanitizer_calls[] = {
    S(clone), S(ptrace), S(prctl), S(wait4), S(tgkill), S(kill), S(prlimit64), S(personality), S(process_vm_readv), S(getresuid),
    S(getresgid), S(arch_prctl), S(getdents), S(tkill)};
#endif
#undef S
// clang-format on

static uint32_t forbidden(void)
{
	return strcmp(setting("LETHE_SANDBOX", ""), "kill") == 0 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
}

// Adds a list; calls that this architecture lacks are left out. Returns how many there are.
static int calls_allow(scmp_filter_ctx filter, const int *list, size_t n)
{
	int added = 0;
	for (size_t i = 0; i < n; i++)
		added += seccomp_rule_add(filter, SCMP_ACT_ALLOW, list[i], 0) == 0;
	return added;
}

// A call whose argument `which` must have this value.
static int call_allow_with(scmp_filter_ctx filter, int call, unsigned which, scmp_datum_t value)
{
	const struct scmp_arg_cmp equal = {.arg = which, .op = SCMP_CMP_EQ, .datum_a = value};
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &equal);
}

// 0 when the kernel has no seccomp filters.
static int filter_load(scmp_filter_ctx filter, int allowed, struct err *e)
{
	int rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == -EINVAL || rc == -ENOSYS)
		return 0;
	return rc < 0 ? err_system(e, ERR_IO, -rc, "sandbox: seccomp") : allowed;
}

// Confines the system calls. Returns how many are allowed, 0 when the kernel has no seccomp, -1 when it should have worked.
static int seccomp_enter(const struct sandbox *s, struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(forbidden());
	if (filter == NULL)
		return err_set(e, ERR_MEMORY, "sandbox: seccomp: no filter");
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); // threads that exist already are confined too
	int allowed =
	    calls_allow(filter, basic_calls, ARRAY_LEN(basic_calls)) + calls_allow(filter, program_calls, ARRAY_LEN(program_calls));
	if (s->fork)
		allowed += calls_allow(filter, fork_calls, ARRAY_LEN(fork_calls));
#ifdef LETHE_SANITIZED
	allowed += calls_allow(filter, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
#endif
	// Of the many controls only those that a terminal test and a non-blocking socket need.
	int rc = call_allow_with(filter, SCMP_SYS(socketpair), 0, AF_UNIX) | call_allow_with(filter, SCMP_SYS(ioctl), 1, TCGETS) |
		 call_allow_with(filter, SCMP_SYS(ioctl), 1, FIONBIO) | call_allow_with(filter, SCMP_SYS(ioctl), 1, FIONREAD);
	// The C library asks for one when it looks up a name, and does without.
	const struct scmp_arg_cmp unix_socket = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX};
	if (s->calls)
		rc |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &unix_socket);
	else if (s->network && forbidden() == SCMP_ACT_KILL_PROCESS)
		rc |= seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, &unix_socket);
	if (s->calls || s->network)
		rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
	if (s->network)
		rc |= call_allow_with(filter, SCMP_SYS(socket), 0, AF_INET) | call_allow_with(filter, SCMP_SYS(socket), 0, AF_INET6) |
		      call_allow_with(filter, SCMP_SYS(socket), 0, AF_NETLINK) |
		      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);
	// A thread is no process: clone() must ask for one. clone3() keeps its flags in memory where a filter cannot look, so it must seem
	// missing; the C library then falls back to clone().
	rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NAMESPACES, CLONE_THREAD));
	if (s->fork)
		rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NAMESPACES, 0));
	else // limits can only be read: the third argument is where new ones would come from
		rc |= call_allow_with(filter, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid()) |
		      call_allow_with(filter, SCMP_SYS(prctl), 0, PR_SET_NAME) | call_allow_with(filter, SCMP_SYS(prctl), 0, PR_SET_VMA) |
		      call_allow_with(filter, SCMP_SYS(prlimit64), 2, 0);
	if (rc != 0) {
		seccomp_release(filter);
		return err_set(e, ERR_IO, "sandbox: seccomp: a rule was not accepted");
	}
	return filter_load(filter, allowed, e);
}

// ---- the whole ----

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
	int allowed = abi < 0 ? -1 : seccomp_enter(s, e);
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
	// What the process may write to, not what it maps: the fonts of the drawings are files.
	if (setrlimit(RLIMIT_DATA, &memory) != 0)
		return err_system(e, ERR_IO, errno, "sandbox of a job: memory");
#endif
	scmp_filter_ctx filter = seccomp_init(forbidden());
	if (filter == NULL)
		return err_set(e, ERR_MEMORY, "sandbox: seccomp: no filter");
	calls_allow(filter, basic_calls, ARRAY_LEN(basic_calls));
#ifdef LETHE_SANITIZED
	calls_allow(filter, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
	calls_allow(filter, program_calls, ARRAY_LEN(program_calls));
#endif
	return filter_load(filter, 0, e);
}
