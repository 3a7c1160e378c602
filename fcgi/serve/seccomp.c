// SPDX-License-Identifier: ISC
// The system calls that are left. The lists come from strace of whole runs of each program; what is not on them fails with EPERM, or ends
// the process under LETHE_SANDBOX=kill.
#include "fcgi/serve/seccomp.h"
#include "policy/base/array.h"
#include "policy/base/setting.h"
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define CLONE_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

// clang-format off
// Memory, time, exit: what every process needs, and all that the child of a worker gets beside read, write and poll.
static const int basic_calls[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(mmap), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(exit), SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(getrandom), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
    SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigaction)};

// Threads, files below the paths that landlock leaves, Unix sockets, waiting.
static const int program_calls[] = {
    SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sigaltstack), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getppid), SCMP_SYS(uname),
    SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat),
    SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
    SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(utimensat),
    SCMP_SYS(umask), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(accept),
    SCMP_SYS(accept4), SCMP_SYS(connect), SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(memfd_create),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(clock_getres), SCMP_SYS(getrlimit), SCMP_SYS(fchmodat), SCMP_SYS(membarrier),
    SCMP_SYS(copy_file_range), SCMP_SYS(sync_file_range)};

// A worker's parent: children come and go, each with limits and a filter of its own.
static const int fork_calls[] = {
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(prctl),
    SCMP_SYS(seccomp), SCMP_SYS(prlimit64), SCMP_SYS(setrlimit), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SCMP_SYS(setpgid),
    SCMP_SYS(getpgrp), SCMP_SYS(setpriority)};

#ifdef LETHE_SANITIZED
static const int sanitizer_calls[] = {
    SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(prctl), SCMP_SYS(wait4), SCMP_SYS(tgkill), SCMP_SYS(kill), SCMP_SYS(prlimit64),
    SCMP_SYS(personality), SCMP_SYS(process_vm_readv), SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(arch_prctl), SCMP_SYS(getdents),
    SCMP_SYS(tkill)};
#endif
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

int seccomp_enter(bool network, bool may_fork, struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(forbidden());
	if (filter == NULL)
		return err_set(e, ERR_MEMORY, "sandbox: seccomp: no filter");
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); // threads that exist already are confined too
	int allowed =
	    calls_allow(filter, basic_calls, ARRAY_LEN(basic_calls)) + calls_allow(filter, program_calls, ARRAY_LEN(program_calls));
	if (may_fork)
		allowed += calls_allow(filter, fork_calls, ARRAY_LEN(fork_calls));
#ifdef LETHE_SANITIZED
	allowed += calls_allow(filter, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
#endif
	// Of the many controls only those that a terminal test and a non-blocking socket need.
	int rc = call_allow_with(filter, SCMP_SYS(socket), 0, AF_UNIX) | call_allow_with(filter, SCMP_SYS(socketpair), 0, AF_UNIX) |
		 call_allow_with(filter, SCMP_SYS(ioctl), 1, TCGETS) | call_allow_with(filter, SCMP_SYS(ioctl), 1, FIONBIO) |
		 call_allow_with(filter, SCMP_SYS(ioctl), 1, FIONREAD);
	if (network)
		rc |= call_allow_with(filter, SCMP_SYS(socket), 0, AF_INET) | call_allow_with(filter, SCMP_SYS(socket), 0, AF_INET6) |
		      call_allow_with(filter, SCMP_SYS(socket), 0, AF_NETLINK) |
		      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 0);
	// A thread is no process: clone() must ask for one. clone3() keeps its flags in memory where a filter cannot look, so it must seem
	// missing; the C library then falls back to clone().
	rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NAMESPACES, CLONE_THREAD));
	if (may_fork)
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

int seccomp_enter_child(struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(forbidden());
	if (filter == NULL)
		return err_set(e, ERR_MEMORY, "sandbox: seccomp: no filter");
	int allowed = calls_allow(filter, basic_calls, ARRAY_LEN(basic_calls));
#ifdef LETHE_SANITIZED
	allowed +=
	    calls_allow(filter, sanitizer_calls, ARRAY_LEN(sanitizer_calls)) + calls_allow(filter, program_calls, ARRAY_LEN(program_calls));
#endif
	return filter_load(filter, allowed, e);
}
