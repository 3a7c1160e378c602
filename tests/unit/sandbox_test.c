// SPDX-License-Identifier: ISC
// Escape probes: each is tried in a process of its own inside the sandbox, and each must fail; what the programs need must work.
#include "fcgi/serve/sandbox.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], inside[96];

enum box { BOX_PLAIN, BOX_NETWORK, BOX_FORK, BOX_CHILD };
enum { PROBE_OK = 0, PROBE_DENIED = 1, PROBE_OTHER = 2, PROBE_NO_BOX = 9 };

// A probe returns what a system call returned; errno is looked at when it is negative.
typedef long probe(void);

static int enter(enum box box)
{
	const char *const write_paths[] = {folder, NULL};
	const struct sandbox s = {.name = "test",
				  .write_paths = write_paths,
				  .network = box == BOX_NETWORK,
				  .calls = box == BOX_PLAIN,
				  .fork = box == BOX_FORK || box == BOX_CHILD};
	struct err e;
	int null = open("/dev/null", O_WRONLY);
	dup2(null, STDERR_FILENO);
	close(null);
	if (sandbox_enter(&s, &e) != 0)
		return -1;
	return box == BOX_CHILD ? sandbox_child(256UL << 20, 2, &e) : 0;
}

static int run(enum box box, probe *p)
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		if (enter(box) != 0)
			_exit(PROBE_NO_BOX);
		long rc = p();
		_exit(rc >= 0 ? PROBE_OK : errno == EPERM || errno == EACCES ? PROBE_DENIED : PROBE_OTHER);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// ---- probes ----
static long read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY);
}
static long read_hostname(void)
{
	return open("/etc/hostname", O_RDONLY);
}
static long write_outside(void)
{
	return open("/tmp/lethe-sandbox-escape", O_CREAT | O_WRONLY, 0600);
}
static long list_root(void)
{
	return open("/", O_RDONLY | O_DIRECTORY);
}
static long climb_out(void)
{
	char path[160];
	snprintf(path, sizeof path, "%s/../../etc/passwd", folder);
	return open(path, O_RDONLY);
}
static long socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long socket_inet6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}
static long socket_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long socket_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}
static long socket_vsock(void)
{
	return socket(40, SOCK_STREAM, 0);
}
static long exec_shell(void)
{
	char *argv[] = {(char[]){"true"}, NULL};
	return execv("/bin/true", argv);
}
static long exec_by_descriptor(void)
{
	return syscall(SYS_execveat, STDIN_FILENO, "", NULL, NULL, 0x1000);
}
static long trace_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long fork_raw(void)
{
	long pid = syscall(SYS_fork);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long fork_by_clone(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid;
}
// Its flags lie in memory, where no filter can look, so it must seem missing.
static long fork_by_clone3(void)
{
	uint64_t args[11] = {[4] = SIGCHLD};
	long pid = syscall(SYS_clone3, args, sizeof args);
	if (pid == 0)
		_exit(0);
	return pid < 0 && errno == ENOSYS ? (errno = EPERM, -1) : pid;
}
static long fork_by_library(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid;
}
static long new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}
static long new_namespace_by_clone(void)
{
	long pid = syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long kill_parent(void)
{
	return kill(getppid(), 0);
}
static long ring_setup(void)
{
	char params[120] = {0};
	return syscall(SYS_io_uring_setup, 1, params);
}
static long bpf_call(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}
static long add_key_call(void)
{
	return syscall(SYS_add_key, "user", "a", "b", 1, -2);
}
static long mount_call(void)
{
	return syscall(SYS_mount, "none", folder, "tmpfs", 0, NULL);
}
static long perf_open(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}
static long fault_descriptor(void)
{
	return syscall(SYS_userfaultfd, 0);
}
static long read_other_memory(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}
static long chroot_call(void)
{
	return chroot(folder);
}
static long set_user(void)
{
	return setuid(1);
}
static long raise_limit(void)
{
	const struct rlimit core = {1 << 20, 1 << 20};
	return setrlimit(RLIMIT_CORE, &core);
}
static long become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}
static long listen_on_socket(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "x"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return fd < 0 ? fd : bind(fd, (struct sockaddr *)&a, sizeof a);
}
static long push_to_terminal(void)
{
	return syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "a");
}

static long socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long connect_call(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/nowhere"};
	int pair[2];
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0 && connect(pair[0], (struct sockaddr *)&a, sizeof a) != 0 && errno == ENOENT
		   ? 0
		   : -1;
}

// ---- what must work ----
static void *thread_main(void *arg)
{
	return arg;
}
static long use_thread(void)
{
	pthread_t t;
	void *out = NULL;
	if (pthread_create(&t, NULL, thread_main, folder) != 0 || pthread_join(t, &out) != 0)
		return -1;
	return out == folder ? 0 : -1;
}
static long use_files(void)
{
	char name[128], other[128];
	snprintf(name, sizeof name, "%s/a", folder);
	snprintf(other, sizeof other, "%s/b", folder);
	int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
	long bad = fd < 0 || pwrite(fd, "abc", 3, 0) != 3 || fdatasync(fd) != 0 || ftruncate(fd, 1) != 0 || rename(name, other) != 0 ||
		   unlink(other) != 0;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return bad || fcntl(fd, F_SETLK, &lock) != 0 ? -1 : 0;
}
static long use_socket_pair(void)
{
	int pair[2];
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}
static long use_memory(void)
{
	char *p = malloc(64 << 20);
	if (p == NULL)
		return -1;
	memset(p, 1, 64 << 20);
	p = realloc(p, 96 << 20);
	free(p);
	return 0;
}
static long use_too_much_memory(void)
{
	return mmap(NULL, 512UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long use_too_much_time(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
	return 0;
}
static long open_inside(void)
{
	return open(inside, O_RDONLY);
}
static long no_new_privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

struct named {
	const char *name;
	probe *run;
	bool sanitizers_need_it; // not denied in sanitizer builds
};

#ifdef LETHE_SANITIZED
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void all_denied(enum box box, const struct named *probes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (SANITIZED && probes[i].sanitizers_need_it)
			continue;
		int got = run(box, probes[i].run);
		if (got != PROBE_DENIED)
			fprintf(stderr, "%s: %d\n", probes[i].name, got);
		assert_int_equal(got, PROBE_DENIED);
	}
}

#define PROBE(f)                                                                                                                           \
	{                                                                                                                                  \
#f, f, false                                                                                                               \
	}
#define SANITIZER_PROBE(f)                                                                                                                 \
	{                                                                                                                                  \
#f, f, true                                                                                                                \
	}

// What is forbidden to every program.
static const struct named everywhere[] = {
    PROBE(read_passwd),        PROBE(read_hostname),
    PROBE(write_outside),      PROBE(list_root),
    PROBE(climb_out),          PROBE(socket_packet),
    PROBE(socket_vsock),       PROBE(exec_shell),
    PROBE(exec_by_descriptor), SANITIZER_PROBE(trace_parent),
    PROBE(new_namespace),      SANITIZER_PROBE(new_namespace_by_clone),
    PROBE(ring_setup),         PROBE(bpf_call),
    PROBE(add_key_call),       PROBE(mount_call),
    PROBE(fork_by_clone3),     PROBE(perf_open),
    PROBE(fault_descriptor),   SANITIZER_PROBE(read_other_memory),
    PROBE(chroot_call),        PROBE(set_user),
    PROBE(push_to_terminal),
};
static const struct named no_fork[] = {
    SANITIZER_PROBE(fork_raw),    SANITIZER_PROBE(fork_by_clone), SANITIZER_PROBE(fork_by_library),
    SANITIZER_PROBE(kill_parent), SANITIZER_PROBE(raise_limit),   SANITIZER_PROBE(become_dumpable),
};
static const struct named no_network[] = {
    PROBE(socket_inet),
    PROBE(socket_inet6),
    PROBE(socket_netlink),
    PROBE(listen_on_socket),
};

static void test_plain_program(void **state)
{
	(void)state;
	all_denied(BOX_PLAIN, everywhere, ARRAY_LEN(everywhere));
	all_denied(BOX_PLAIN, no_fork, ARRAY_LEN(no_fork));
	all_denied(BOX_PLAIN, no_network, ARRAY_LEN(no_network));
	assert_int_equal(run(BOX_PLAIN, socket_unix), PROBE_OK);
	assert_int_equal(run(BOX_PLAIN, connect_call), PROBE_OK);
}

static void test_egress(void **state)
{
	(void)state;
	all_denied(BOX_NETWORK, everywhere, ARRAY_LEN(everywhere));
	all_denied(BOX_NETWORK, no_fork, ARRAY_LEN(no_fork));
	assert_int_equal(run(BOX_NETWORK, socket_inet), PROBE_OK);
	assert_int_equal(run(BOX_NETWORK, socket_inet6), PROBE_OK);
	assert_int_equal(run(BOX_NETWORK, socket_unix), PROBE_DENIED);
}

static void test_worker(void **state)
{
	(void)state;
	all_denied(BOX_FORK, everywhere, ARRAY_LEN(everywhere));
	all_denied(BOX_FORK, no_network, ARRAY_LEN(no_network));
	assert_int_equal(run(BOX_FORK, socket_unix), PROBE_DENIED);
	assert_int_equal(run(BOX_FORK, connect_call), PROBE_DENIED);
	assert_int_equal(run(BOX_FORK, fork_by_library), PROBE_OK);
}

static void test_child_of_a_worker(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	all_denied(BOX_CHILD, everywhere, ARRAY_LEN(everywhere));
	all_denied(BOX_CHILD, no_fork, ARRAY_LEN(no_fork));
	all_denied(BOX_CHILD, no_network, ARRAY_LEN(no_network));
	assert_int_equal(run(BOX_CHILD, open_inside), PROBE_DENIED);
	assert_int_equal(run(BOX_CHILD, use_socket_pair), PROBE_DENIED);
	assert_int_equal(run(BOX_CHILD, use_memory), PROBE_OK);
	assert_int_equal(run(BOX_CHILD, use_too_much_memory), PROBE_OTHER);
	assert_int_equal(run(BOX_CHILD, use_too_much_time), 128 + SIGXCPU);
}

static void test_what_is_needed_works(void **state)
{
	static probe *const needed[] = {use_thread, use_files, use_socket_pair, use_memory, open_inside};
	(void)state;
	for (enum box box = BOX_PLAIN; box <= BOX_FORK; box++)
		for (size_t i = 0; i < ARRAY_LEN(needed); i++)
			assert_int_equal(run(box, needed[i]), PROBE_OK);
	assert_int_equal(run(BOX_FORK, no_new_privileges), PROBE_OK);
}

static void test_killing_mode(void **state)
{
	(void)state;
	setenv("LETHE_SANDBOX", "kill", 1);
	assert_int_equal(run(BOX_PLAIN, socket_inet), 128 + SIGSYS);
	assert_int_equal(run(BOX_PLAIN, exec_shell), 128 + SIGSYS);
	assert_int_equal(run(BOX_PLAIN, use_files), PROBE_OK);
	assert_int_equal(run(BOX_NETWORK, socket_unix), PROBE_DENIED); // the C library tries
	unsetenv("LETHE_SANDBOX");
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/lethe-sandbox-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(inside, sizeof inside, "%s/inside", folder);
	int fd = open(inside, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(inside);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_program),
	    cmocka_unit_test(test_egress),
	    cmocka_unit_test(test_worker),
	    cmocka_unit_test(test_child_of_a_worker),
	    cmocka_unit_test(test_what_is_needed_works),
	    cmocka_unit_test(test_killing_mode),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
