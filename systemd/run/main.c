// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/when.h"
#include "policy/rules/active.h"
#include "systemd/run/run.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: lethe-run --policy FILE --state FOLDER --bin FOLDER --html FOLDER --nginx FOLDER\n"
    "                 [--run FOLDER] [--listen ADDRESS:PORT] [--testing]\n"
    "Serves the site until SIGINT or SIGTERM. --run defaults to a folder in /dev/shm that is named after the state.\n";

enum { READY_WITHIN_MS = 30000, STOP_WITHIN_MS = 8000, STOP_EARLY_WITHIN_MS = 1000 };

static int signals = -1;
static bool stopping;
static bool served; // the site answered: what ends from now on is started again

static int parse_listen(struct site *s, const char *text)
{
	struct in_addr ignored;
	const char *colon = strrchr(text, ':');
	char *end;

	if (colon == NULL || (size_t)(colon - text) >= sizeof s->host)
		return -1;
	memcpy(s->host, text, (size_t)(colon - text));
	long port = strtol(colon + 1, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535 || inet_pton(AF_INET, s->host, &ignored) != 1)
		return -1;
	s->port = (unsigned)port;
	return 0;
}

static int parse_options(struct site *s, int argc, char **argv)
{
	static const struct option options[] = {{"policy", 1, NULL, 'p'}, {"state", 1, NULL, 's'},   {"run", 1, NULL, 'r'},
						{"html", 1, NULL, 'h'},   {"nginx", 1, NULL, 'n'},   {"bin", 1, NULL, 'b'},
						{"listen", 1, NULL, 'l'}, {"testing", 0, NULL, 't'}, {NULL, 0, NULL, 0}};
	const char *listen = "127.0.0.1:8080";

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		const char **to = c == 'p'   ? &s->policy
				  : c == 's' ? &s->state
				  : c == 'r' ? &s->run
				  : c == 'h' ? &s->html
				  : c == 'n' ? &s->nginx
				  : c == 'b' ? &s->bin
				  : c == 'l' ? &listen
					     : NULL;
		if (to != NULL)
			*to = optarg;
		else if (c == 't')
			s->testing = true;
		else
			return -1;
	}
	if (s->policy == NULL || s->state == NULL || s->html == NULL || s->nginx == NULL || s->bin == NULL || optind < argc)
		return -1;
	if (parse_listen(s, listen) != 0) {
		fprintf(stderr, "lethe-run: --listen takes an IPv4 address and a port, as 127.0.0.1:8080\n");
		return -1;
	}
	return 0;
}

// Programs run with their own working folder, so every path must be absolute. What does not exist yet is made.
static const char *absolute(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : path;
}

// Visitors' ZIPs are kept in memory: a folder in /dev/shm, private to the user and the state.
static void default_run_folder(struct site *s)
{
	static char path[128];
	uint64_t hash = 14695981039346656037ull;

	if (s->run != NULL)
		return;
	for (const char *c = s->state; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211ull;
	snprintf(path, sizeof path, "/dev/shm/lethe-%u-%08x", geteuid(), (unsigned)(hash >> 32));
	s->run = path;
}

static void set_environment(const struct site *s)
{
	setenv("LETHE_POLICY", s->policy, 1);
	setenv("LETHE_STATE", s->state, 1);
	setenv("LETHE_RUN", s->run, 1);
	setenv("LETHE_HTML", s->html, 1);
	if (s->testing)
		setenv("LETHE_TESTING", "1", 1);
	else
		unsetenv("LETHE_TESTING");
}

static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static int take_signals(struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? err_system(e, ERR_IO, errno, "no signalfd") : 0;
}

static void reap(void)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		chore_ended(pid, status);
		for (unsigned i = 0; i < CHILD_COUNT; i++) {
			if (children[i].pid != pid)
				continue;
			children[i].hopeless = !served && i != CHILD_NGINX && child_cannot_start(status);
			if (children[i].hopeless)
				children[i].pid = 0;
			else
				child_ended(i, status);
		}
	}
}

static void wait_signals(int timeout_ms)
{
	struct pollfd p = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;

	if (poll(&p, 1, timeout_ms) <= 0)
		return;
	while (read(signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGCHLD)
			stopping = true;
	}
	reap();
}

static int restart_due(const struct site *s, struct err *e)
{
	uint64_t now = monotonic_ms();

	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		if (children[i].pid == 0 && children[i].restart != 0 && now >= children[i].restart && child_start(s, i, e) != 0)
			return -1;
	}
	return 0;
}

static int start_all(const struct site *s, struct err *e)
{
	static const char *const init[] = {"keys", "init", NULL}, *const publish[] = {"publish", NULL},
				 *const prune[] = {"prune", "--quiet", NULL};

	if (officer_run(s, init) != 0)
		return err_set(e, ERR_IO, "the store could not be opened");
	if (officer_run(s, prune) != 0)
		return err_set(e, ERR_IO, "what is due could not be ended, so nothing is served");
	if (officer_run(s, publish) != 0)
		return err_set(e, ERR_IO, "the notice could not be published");
	if (prepare_nginx(s, e) != 0)
		return -1;
	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		if (child_start(s, i, e) != 0)
			return -1;
	}
	return 0;
}

// A program that cannot start, or that ends again and again while we start, has said why; there is no point in going on.
static bool hopeless(struct err *e)
{
	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		if (!children[i].hopeless && children[i].failures < 3)
			continue;
		err_set(e, ERR_UNAVAILABLE, "%s cannot start, so nothing is served: see its message above", children[i].name);
		return true;
	}
	return false;
}

static int wait_ready(const struct site *s, struct err *e)
{
	const char *probes[PROGRAM_COUNT + 2] = {"/ 200", "/privacy 200"};
	size_t count = 2;
	uint64_t end = monotonic_ms() + READY_WITHIN_MS;
	size_t ready = 0;
	int last = -1;

	for (size_t i = 0; i < PROGRAM_COUNT; i++)
		if (*programs[i].probe)
			probes[count++] = programs[i].probe;
	while (ready < count && !stopping) {
		char path[128], status[8];
		wait_signals(0); // an answer may wait for a program that will never be there
		if (hopeless(e))
			return -1;
		snprintf(path, sizeof path, "%.*s", (int)strcspn(probes[ready], " "), probes[ready]);
		last = probe(s, path);
		snprintf(status, sizeof status, " %d", last);
		if (last > 0 && strstr(probes[ready], status) != NULL) {
			ready++;
			continue;
		}
		if (monotonic_ms() > end)
			return err_set(e, ERR_TIMEOUT, "%s does not answer as it should (%d): see the messages above", path, last);
		wait_signals(20);
		if (restart_due(s, e) < 0)
			return -1;
	}
	return hopeless(e) ? -1 : 0;
}

// nginx reads the generated headers when it starts: it starts anew, without losing a request, when they were written again.
static void reload_nginx(const struct site *s, struct timespec *written)
{
	char path[PATH_MAX];
	struct stat now;

	if (path_join(path, sizeof path, s->state, "publish/nginx", NULL) != 0 || stat(path, &now) < 0)
		return;
	bool changed = now.st_mtim.tv_sec != written->tv_sec || now.st_mtim.tv_nsec != written->tv_nsec;
	if (changed && (written->tv_sec != 0 || written->tv_nsec != 0) && children[CHILD_NGINX].pid > 0)
		kill(children[CHILD_NGINX].pid, SIGHUP);
	*written = now.st_mtim;
}

static int serve(const struct site *s, struct err *e)
{
	struct timespec written = {0};

	chores_begin(monotonic_ms());
	while (!stopping) {
		wait_signals(200);
		if (restart_due(s, e) < 0)
			return -1;
		reload_nginx(s, &written);
		chores_due(s, monotonic_ms());
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return flag == FTW_DP ? rmdir(path) : unlink(path);
}

static int run_site(const struct site *s, const char *name, struct err *e)
{
	if (prepare_port(s, e) != 0 || prepare_folders(s, e) != 0 || prepare_note(s, e) != 0 || take_signals(e) != 0 ||
	    prepare_sockets(s, e) != 0)
		return -1;
	int rc = start_all(s, e);
	if (rc == 0)
		rc = wait_ready(s, e);
	served = rc == 0;
	if (rc == 0 && !stopping) {
		printf("Lethe serves %s at http://%s:%u/\n", name, s->host, s->port);
		fflush(stdout);
		rc = serve(s, e);
	}
	// Before it serves, nobody waits for an answer.
	children_stop(served ? STOP_WITHIN_MS : STOP_EARLY_WITHIN_MS);
	// The ZIPs go with the site: nobody would end them in time while it is down.
	nftw(s->run, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc;
}

int main(int argc, char **argv)
{
	struct site s = {0};
	struct err e = {0};
	struct buf messages BUF_AUTO = BUF_INIT(1 << 20);

	if (parse_options(&s, argc, argv) != 0) {
		fputs(usage, stderr);
		return 2;
	}
	s.policy = absolute(s.policy);
	struct policy *p POLICY_AUTO = policy_load(s.policy, &messages);
	struct policy *in_force POLICY_AUTO = p != NULL ? policy_load_active(s.state, s.policy, &messages) : NULL;
	if (in_force == NULL) {
		fputs(buf_text(&messages), stderr);
		fprintf(stderr, "lethe-run: without a valid policy in force nothing is served\n");
		return 1;
	}
	if (folder_make(s.state, 0700, &e) != 0 || (s.run != NULL && folder_make(s.run, 0750, &e) != 0)) {
		fprintf(stderr, "lethe-run: %s\n", e.text);
		return 1;
	}
	s.state = absolute(s.state);
	if (s.run != NULL)
		s.run = absolute(s.run);
	s.html = absolute(s.html);
	s.nginx = absolute(s.nginx);
	s.bin = absolute(s.bin);
	default_run_folder(&s);
	set_environment(&s);
	raise_limits();
	if (run_site(&s, p->site, &e) != 0) {
		fprintf(stderr, "lethe-run: %s\n", e.text);
		return 1;
	}
	fprintf(stderr, "lethe-run: stopped\n");
	return 0;
}
