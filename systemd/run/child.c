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

// Keys of processors, by the look of their names, are for the program with the Internet; the master key is for those with the stores.
static bool may_see(const char *name, const char *variable)
{
	static const char *const ends[] = {"_KEY",      "_TOKEN",      "_SECRET",      "_PASSWORD",      "_KEY_ID",      "_SECRET_ID",
					   "_KEY_FILE", "_TOKEN_FILE", "_SECRET_FILE", "_PASSWORD_FILE", "_KEY_ID_FILE", "_SECRET_ID_FILE"};
	const struct program_row *program = program_find(name); // NULL: nginx, or the officer's command
	size_t len = strcspn(variable, "=");

	if (strcmp(name, "nginx") == 0)
		return strncmp(variable, "PATH=", 5) == 0;
	if (strncmp(variable, "LETHE_MASTER_KEY", strlen("LETHE_MASTER_KEY")) == 0)
		return program == NULL || (program->needs & PROGRAM_VAULT) != 0;
	if (strncmp(variable, "LETHE_OPENDSR_KEY", strlen("LETHE_OPENDSR_KEY")) == 0) // what answers to controllers are signed with
		return strcmp(name, "rights") == 0;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);
		if (len >= n && memcmp(variable + len - n, ends[i], n) == 0)
			return program != NULL && (program->needs & PROGRAM_INTERNET) != 0;
	}
	return true;
}

// Forks and executes. The child outlives neither us nor the terminal's Ctrl-C before we say so. `input` becomes its standard input; below 0:
// none. `output`, when not below 0, its standard output. Returns the pid, or -1 with errno.
static pid_t spawn(const char *path, char **arguments, const char *name, int input, int output)
{
	pid_t parent = getpid(), pid = fork();
	size_t n = 0, kept = 0;
	sigset_t none;
	struct err e = {0};

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(input < 0 ? open("/dev/null", O_RDONLY) : input, STDIN_FILENO);
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	while (environ[n] != NULL)
		n++;
	char **environment = calloc(n + 2, sizeof *environment);
	if (environment == NULL)
		_exit(1);
	// glibc keeps freed memory for each thread, and in this program thousands of threads wait at once: measured, 16 KiB less for each.
	if (strcmp(name, "generate") == 0 && getenv("GLIBC_TUNABLES") == NULL)
		environment[kept++] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0";
	for (size_t i = 0; i < n; i++)
		if (may_see(name, environ[i]))
			environment[kept++] = environ[i];
	execvpe(path, arguments, environment);
	err_system(&e, ERR_IO, errno, "%s", path);
	fprintf(stderr, "lethe-run: %s\n", e.text);
	_exit(127);
}

int child_start(const struct run_site *s, unsigned i, struct err *e)
{
	struct child *c = &children[i];
	char path[4096], conf[4096], prefix[4096];

	if (i == CHILD_NGINX)
		snprintf(path, sizeof path, "%s", access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : "nginx");
	else if (i == PROGRAM_egress && s->testing)
		snprintf(path, sizeof path, "%s/../testing/egress", s->bin);
	else
		snprintf(path, sizeof path, "%s/%s", s->bin, c->name);
	snprintf(conf, sizeof conf, "%s/nginx/nginx.conf", s->run);
	snprintf(prefix, sizeof prefix, "%s/nginx/", s->run);
	char *words[] = {path, i == CHILD_NGINX ? "-p" : NULL, prefix, "-e", "stderr", "-c", conf, NULL};
	pid_t pid = spawn(path, words, c->name, c->listener, -1);
	if (pid < 0)
		return err_system(e, ERR_IO, errno, "%s cannot be started", c->name);
	c->pid = pid;
	c->started = monotonic_ms();
	c->restart = 0;
	return 0;
}

void child_ended(pid_t pid, int status, bool serving)
{
	struct child *c = children;
	uint64_t now = monotonic_ms();

	while (c < &children[CHILD_COUNT] && c->pid != pid)
		c++;
	if (c == &children[CHILD_COUNT])
		return;
	c->pid = 0;
	// EXIT_CANNOT_START: see EXIT STATUS in lethe-programs(8).
	c->permanent = !serving && c != &children[CHILD_NGINX] && WIFEXITED(status) && WEXITSTATUS(status) == 2;
	if (c->permanent)
		return;
	// One that ran for a while starts again at once; one that keeps dying waits longer each time.
	c->failures = now - c->started > 10000 ? 0 : c->failures + 1;
	uint64_t wait = c->failures == 0 ? 0 : 100ull << (c->failures < 6 ? c->failures : 6);
	// What it left behind goes too: nginx's workers outlive a master that was killed, and would keep the port.
	kill(-pid, SIGKILL);
	c->restart = now + wait + 1;
	if (WIFSIGNALED(status))
		fprintf(stderr, "lethe-run: %s was ended by signal %d; starting it again\n", c->name, WTERMSIG(status));
	else
		fprintf(stderr, "lethe-run: %s ended with status %d; starting it again\n", c->name, WEXITSTATUS(status));
}

void child_stop_all(unsigned patience_ms)
{
	uint64_t patience = monotonic_ms() + patience_ms;
	int signal = SIGTERM; // to be sent; 0: nothing

	for (bool left = true; left; signal = 0) {
		left = false;
		if (monotonic_ms() > patience) {
			signal = SIGKILL;
			patience = UINT64_MAX;
		}
		for (struct child *c = children; c < children + CHILD_COUNT; c++) {
			if (c->pid > 0 && signal != 0)
				kill(signal == SIGKILL ? -c->pid : c->pid, signal);
			if (c->pid > 0 && waitpid(c->pid, NULL, WNOHANG) != 0) // it ended, or is none of ours
				c->pid = 0;
			left |= c->pid > 0;
		}
		if (left)
			usleep(5000);
	}
}

pid_t run_command_start(const struct run_site *s, const char *const *words)
{
	char path[4096];
	char *arguments[16] = {path};

	// In a clone beside the programs; installed, beside us.
	snprintf(path, sizeof path, "%s/lethe", s->bin);
	if (access(path, X_OK) != 0) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof path - strlen("/lethe") - 1);
		path[n > 0 ? n : 0] = '\0';
		char *slash = strrchr(path, '/');
		snprintf(slash != NULL ? slash : path, strlen("/lethe") + 1, "/lethe");
	}
	for (size_t i = 0; i < 14 && words[i] != NULL; i++)
		arguments[i + 1] = (char *)words[i];               // exec changes none of them
	return spawn(path, arguments, "lethe", -1, STDERR_FILENO); // what it says is for the operator, not for who reads our output
}

int run_command(const struct run_site *s, const char *const *words)
{
	int status = 0;
	pid_t pid = run_command_start(s, words);

	if (pid < 0)
		return -1;
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return -1;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (code != 0)
		fprintf(stderr, "lethe-run: `lethe %s` ended with status %d\n", words[0], code);
	return code;
}
