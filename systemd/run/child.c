// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include "systemd/run/run.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child children[CHILD_COUNT] = {
#define PROGRAM(id, ...) [PROGRAM_##id] = {.name = #id, .listener = -1},
#include "fcgi/ipc/programs.def"
#undef PROGRAM
    [CHILD_NGINX] = {.name = "nginx", .listener = -1},
};

extern char **environ;

static bool ends_in(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(name + len - n, end, n) == 0;
}

// By the look of its name: a key of a processor. Only egress may see those.
static bool names_a_secret(const char *variable)
{
	static const char *const ends[] = {"_KEY", "_TOKEN", "_SECRET", "_KEY_FILE", "_TOKEN_FILE", "_SECRET_FILE"};
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (ends_in(variable, len, ends[i]))
			return true;
	}
	return false;
}

static bool is_master_key(const char *variable)
{
	return strncmp(variable, "LETHE_MASTER_KEY", strlen("LETHE_MASTER_KEY")) == 0;
}

static bool may_see(const char *name, const char *variable)
{
	const struct program_row *program = program_find(name);

	if (strcmp(name, "nginx") == 0)
		return strncmp(variable, "PATH=", 5) == 0;
	if (is_master_key(variable))
		return program == NULL || (program->needs & PROGRAM_VAULT) != 0;
	return !names_a_secret(variable) || (program != NULL && (program->needs & PROGRAM_INTERNET) != 0);
}

static char **environment_for(const char *program)
{
	size_t n = 0, kept = 0;

	while (environ[n] != NULL)
		n++;
	char **copy = calloc(n + 2, sizeof *copy);
	if (copy == NULL)
		_exit(1);
	// glibc keeps freed memory for each thread, and in this program thousands of threads wait at once: measured, 16 KiB less for each.
	if (strcmp(program, "generate") == 0 && getenv("GLIBC_TUNABLES") == NULL)
		copy[kept++] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0";
	for (size_t i = 0; i < n; i++) {
		if (may_see(program, environ[i]))
			copy[kept++] = environ[i];
	}
	return copy;
}

// Between fork and exec. A child outlives neither us nor the terminal's Ctrl-C before we say so.
static void become_child(pid_t parent, int input)
{
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (input < 0)
		input = open("/dev/null", O_RDONLY);
	dup2(input, 0);
}

static void program_path(const struct site *s, const char *name, char *out, size_t size)
{
	if (strcmp(name, "nginx") == 0)
		snprintf(out, size, "%s", access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : "nginx");
	else if (strcmp(name, "egress") == 0 && s->testing)
		snprintf(out, size, "%s/../testing/egress", s->bin);
	else
		snprintf(out, size, "%s/%s", s->bin, name);
}

static __attribute__((noreturn)) void exec_failed(const char *path)
{
	struct err e = {0};

	err_system(&e, ERR_IO, errno, "%s", path);
	fprintf(stderr, "lethe-run: %s\n", e.text);
	_exit(127);
}

int child_start(const struct site *s, unsigned i, struct err *e)
{
	struct child *c = &children[i];
	char path[4096], conf[4096], prefix[4096];
	pid_t parent = getpid();

	program_path(s, c->name, path, sizeof path);
	snprintf(conf, sizeof conf, "%s/nginx/nginx.conf", s->run);
	snprintf(prefix, sizeof prefix, "%s/nginx/", s->run);
	c->pid = fork();
	if (c->pid < 0) {
		c->pid = 0;
		return err_system(e, ERR_IO, errno, "%s cannot be started", c->name);
	}
	if (c->pid == 0) {
		become_child(parent, c->listener);
		if (i == CHILD_NGINX)
			execvpe(path, (char *[]){path, "-p", prefix, "-e", "stderr", "-c", conf, NULL}, environment_for(c->name));
		else
			execve(path, (char *[]){path, NULL}, environment_for(c->name));
		exec_failed(path);
	}
	c->started = monotonic_ms();
	c->restart = 0;
	return 0;
}

bool child_cannot_start(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

void child_ended(unsigned i, int status)
{
	struct child *c = &children[i];
	uint64_t now = monotonic_ms();

	// One that ran for a while starts again at once; one that keeps dying waits longer each time.
	c->failures = now - c->started > 10000 ? 0 : c->failures + 1;
	uint64_t wait = c->failures == 0 ? 0 : 100ull << (c->failures < 6 ? c->failures : 6);
	// What it left behind goes too: nginx's workers outlive a master that was killed, and would keep the port.
	kill(-c->pid, SIGKILL);
	c->pid = 0;
	c->restart = now + wait + 1;
	if (WIFSIGNALED(status))
		fprintf(stderr, "lethe-run: %s was ended by signal %d; starting it again\n", c->name, WTERMSIG(status));
	else
		fprintf(stderr, "lethe-run: %s ended with status %d; starting it again\n", c->name, WEXITSTATUS(status));
}

static bool any_left(void)
{
	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		if (children[i].pid > 0)
			return true;
	}
	return false;
}

static void signal_all(int signal)
{
	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		if (children[i].pid > 0)
			kill(signal == SIGKILL ? -children[i].pid : children[i].pid, signal);
	}
}

static void forget(pid_t pid)
{
	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		if (children[i].pid == pid)
			children[i].pid = 0;
	}
}

void children_stop(unsigned patience_ms)
{
	uint64_t patience = monotonic_ms() + patience_ms;
	bool killed = false;

	signal_all(SIGTERM);
	while (any_left()) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0) {
			forget(pid);
			continue;
		}
		if (pid < 0 && errno == ECHILD)
			return;
		if (!killed && monotonic_ms() > patience) {
			signal_all(SIGKILL);
			killed = true;
		}
		usleep(5000);
	}
}

// In a clone beside the programs; installed, beside us.
static void officer_path(const struct site *s, char *out, size_t size)
{
	snprintf(out, size, "%s/lethe", s->bin);
	if (access(out, X_OK) == 0)
		return;
	ssize_t n = readlink("/proc/self/exe", out, size - strlen("/lethe") - 1);
	out[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(out, '/');
	snprintf(slash != NULL ? slash : out, strlen("/lethe") + 1, "/lethe");
}

pid_t officer_start(const struct site *s, const char *const *words)
{
	char path[4096];
	char *arguments[16] = {path};
	pid_t parent = getpid();

	officer_path(s, path, sizeof path);
	for (size_t i = 0; i < 14 && words[i] != NULL; i++)
		arguments[i + 1] = strdup(words[i]);
	pid_t pid = fork();
	if (pid == 0) {
		become_child(parent, -1);
		dup2(2, 1); // what it says is for the operator, not for who reads our output
		execve(path, arguments, environment_for("lethe"));
		exec_failed(path);
	}
	for (size_t i = 1; i < 16; i++)
		free(arguments[i]);
	return pid;
}

int officer_run(const struct site *s, const char *const *words)
{
	int status = 0;
	pid_t pid = officer_start(s, words);

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (code != 0)
		fprintf(stderr, "lethe-run: `lethe %s` ended with status %d\n", words[0], code);
	return code;
}
