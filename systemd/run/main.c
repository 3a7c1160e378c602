// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/place.h"
#include "policy/base/proxies.h"
#include "policy/base/when.h"
#include "policy/rules/active.h"
#include "policy/rules/load.h"
#include "systemd/run/run.h"
#include <arpa/inet.h>
#include <dirent.h>
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
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: lethe-run --policy FILE --state FOLDER --bin FOLDER --html FOLDER --nginx FOLDER\n"
    "                 [--run FOLDER] [--listen ADDRESS:PORT] [--testing]\n"
    "Serves the site until SIGINT or SIGTERM. --run defaults to a folder in /dev/shm that is named after the state.\n";

enum { READY_WITHIN_MS = 30000, STOP_WITHIN_MS = 8000, STOP_EARLY_WITHIN_MS = 1000 };

static int signals = -1;
static bool stopping;
static bool serving; // the site answered: what ends from now on is started again

static int options_parse(struct run_site *s, int argc, char **argv)
{
	enum { TESTING = 7 };
	static const struct option options[] = {{"policy", 1, NULL, 0}, {"state", 1, NULL, 1},         {"run", 1, NULL, 2},
						{"html", 1, NULL, 3},   {"nginx", 1, NULL, 4},         {"bin", 1, NULL, 5},
						{"listen", 1, NULL, 6}, {"testing", 0, NULL, TESTING}, {NULL, 0, NULL, 0}};
	const char **const values[] = {&s->policy, &s->state, &s->run, &s->html, &s->nginx, &s->bin, &s->listen};
	char host[INET_ADDRSTRLEN] = "", *end;

	s->listen = "127.0.0.1:8080";
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == '?')
			return -1;
		if (c == TESTING)
			s->testing = true;
		else
			*values[c] = optarg;
	}
	if (s->policy == NULL || s->state == NULL || s->html == NULL || s->nginx == NULL || s->bin == NULL || optind < argc)
		return -1;
	size_t len = strcspn(s->listen, ":");
	if (len < sizeof host)
		snprintf(host, sizeof host, "%.*s", (int)len, s->listen);
	long port = s->listen[len] == ':' ? strtol(s->listen + len + 1, &end, 10) : 0;
	if (port < 1 || port > 65535 || *end != '\0' || inet_pton(AF_INET, host, &s->address.sin_addr) != 1) {
		fprintf(stderr, "lethe-run: --listen takes an IPv4 address and a port, as 127.0.0.1:8080\n");
		return -1;
	}
	s->address.sin_family = AF_INET;
	s->address.sin_port = htons((uint16_t)port);
	return 0;
}

// Programs run with their own working folder, so every path must be absolute. What does not exist yet is made.
static const char *path_absolute(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : path;
}

// Visitors' ZIPs are kept in memory: a folder in /dev/shm, private to the user and the state.
static const char *default_run_folder(const char *state)
{
	static char path[128];
	uint64_t hash = 14695981039346656037ull;

	for (const char *c = state; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211ull;
	snprintf(path, sizeof path, "/dev/shm/lethe-%u-%08x", geteuid(), (unsigned)(hash >> 32));
	return path;
}

// Waits for a signal, takes leave of the children that ended, and starts those whose time has come.
static int children_tend(const struct run_site *s, int timeout_ms, struct err *e)
{
	struct pollfd p = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;
	int status;

	if (poll(&p, 1, timeout_ms) > 0) {
		while (read(signals, &info, sizeof info) == sizeof info)
			stopping |= info.ssi_signo != SIGCHLD;
		for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
			maintenance_ended(pid, status);
			child_ended(pid, status, serving);
		}
	}
	uint64_t now = monotonic_ms();
	for (unsigned i = 0; i < CHILD_COUNT; i++) {
		const struct child *c = &children[i];
		// One that cannot start, or that ends again and again while we start, has said why; there is no point in going on.
		if (!serving && (c->permanent || c->failures >= 3))
			return err_set(e, ERR_UNAVAILABLE, "%s cannot start, so nothing is served: see its message above", c->name);
		if (c->pid == 0 && c->restart != 0 && now >= c->restart && child_start(s, i, e) != 0)
			return -1;
	}
	return 0;
}

// The status of GET `path`, or -1.
static int probe(const struct run_site *s, const char *path)
{
	struct timeval limit = {.tv_sec = 2};
	char request[512], answer[16] = "";
	int fd FD_AUTO = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	int n = snprintf(request, sizeof request, "%sGET %s HTTP/1.0\r\nHost: %s\r\n\r\n", proxies_protocol() ? PROXIES_LINE : "", path,
			 s->listen);
	if (fd < 0 || n < 0 || connect(fd, (const struct sockaddr *)&s->address, sizeof s->address) < 0 ||
	    fd_write_all(fd, request, (size_t)n) != 0)
		return -1;
	if (recv(fd, answer, sizeof answer - 1, MSG_WAITALL) < 12 || strncmp(answer, "HTTP/1.", 7) != 0)
		return -1;
	return (int)strtol(answer + strlen("HTTP/1.x "), NULL, 10);
}

// Every program answers, and what was published is there.
static int wait_ready(const struct run_site *s, struct err *e)
{
	const char *probes[PROGRAM_COUNT + 2] = {"/ 200", "/privacy 200"};
	size_t count = 2, ready = 0;
	uint64_t end = monotonic_ms() + READY_WITHIN_MS;

	for (size_t i = 0; i < PROGRAM_COUNT; i++)
		if (*programs[i].probe)
			probes[count++] = programs[i].probe;
	// A look at the children before each probe: an answer may wait for a program that will never be there.
	for (int pause = 0; !stopping; pause = 20) {
		char path[128], status[16];
		if (children_tend(s, pause, e) != 0)
			return -1;
		if (ready == count)
			return 0;
		snprintf(path, sizeof path, "%.*s", (int)strcspn(probes[ready], " "), probes[ready]);
		int last = probe(s, path);
		snprintf(status, sizeof status, " %d", last);
		if (last > 0 && strstr(probes[ready], status) != NULL)
			ready++;
		else if (monotonic_ms() > end)
			return err_set(e, ERR_TIMEOUT, "%s does not answer as it should (%d): see the messages above", path, last);
	}
	return 0;
}

static int serve_until_stopped(const struct run_site *s, struct err *e)
{
	struct timespec written = {0};
	char published[PATH_MAX];
	struct stat now;

	if (path_join(published, sizeof published, s->state, "publish/nginx", e) != 0)
		return -1;
	maintenance_begin(monotonic_ms());
	while (!stopping) {
		if (children_tend(s, 200, e) != 0)
			return -1;
		// nginx reads the generated headers when it starts: it starts anew, without losing a request, when they were written again.
		if (stat(published, &now) == 0) {
			bool changed = now.st_mtim.tv_sec != written.tv_sec || now.st_mtim.tv_nsec != written.tv_nsec;
			if (changed && written.tv_sec != 0 && children[CHILD_NGINX].pid > 0)
				kill(children[CHILD_NGINX].pid, SIGHUP);
			written = now.st_mtim;
		}
		maintenance_due(s, monotonic_ms());
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *walk)
{
	(void)status;
	(void)walk;
	return flag == FTW_DP ? rmdir(path) : unlink(path);
}

// The ZIPs go with the site: nobody would end them in time while it is down. What somebody else has put there stays, and the folder then, too.
static void run_folder_empty(const char *run)
{
	char path[PATH_MAX];
	DIR *d = opendir(run);

	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;)
		if (run_folder_has(entry->d_name) && path_join(path, sizeof path, run, entry->d_name, NULL) == 0)
			nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (d != NULL)
		closedir(d);
	rmdir(run);
}

static int run_site(const struct run_site *s, const char *name, struct err *e)
{
	static const struct {
		const char *words[3],
		    *otherwise; // NULL: it serves all the same; the command has said what to do, and comes again every minute
	} commands[] = {
	    {{"keys", "init"}, "the store could not be opened"},
	    {{"prune", "--quiet"}, NULL},
	    {{"publish"}, "the notice could not be published"},
	};
	sigset_t set;
	int rc = 0;

	if (prepare_paths(s, e) != 0 || prepare_port(s, e) != 0 || prepare_folders(s, e) != 0 || prepare_note(s, e) != 0)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_system(e, ERR_IO, errno, "no signalfd");
	if (prepare_sockets(s, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(commands); i++)
		if (run_command(s, commands[i].words) != 0 && commands[i].otherwise != NULL)
			rc = err_set(e, ERR_IO, "%s", commands[i].otherwise);
	if (rc == 0)
		rc = prepare_nginx(s, e);
	for (unsigned i = 0; rc == 0 && i < CHILD_COUNT; i++)
		rc = child_start(s, i, e);
	if (rc == 0)
		rc = wait_ready(s, e);
	serving = rc == 0;
	if (rc == 0 && !stopping) {
		printf("Lethe serves %s at http://%s/\n", name, s->listen);
		fflush(stdout);
		rc = serve_until_stopped(s, e);
	}
	// Before it serves, nobody waits for an answer.
	child_stop_all(serving ? STOP_WITHIN_MS : STOP_EARLY_WITHIN_MS);
	run_folder_empty(s->run);
	return rc;
}

int main(int argc, char **argv)
{
	struct run_site s = {0};
	struct rlimit files;
	struct err e = {0};
	struct buf messages BUF_AUTO = BUF_INIT(1 << 20);

	if (place_version_asked(argc, argv))
		return 0;
	closefrom(STDERR_FILENO + 1); // whoever started this may have left something open
	if (options_parse(&s, argc, argv) != 0) {
		fputs(usage, stderr);
		return 2;
	}
	s.policy = path_absolute(s.policy);
	struct policy *p POLICY_AUTO = policy_load(s.policy, &messages);
	struct policy *in_force POLICY_AUTO = p != NULL ? policy_load_active(s.state, s.policy, &messages) : NULL;
	if (in_force == NULL) {
		fputs(buf_text(&messages), stderr);
		fprintf(stderr, "lethe-run: nothing is served: see the message above\n");
		return 1;
	}
	if (folder_make(s.state, 0700, &e) != 0 || (s.run != NULL && folder_make(s.run, 0750, &e) != 0)) {
		fprintf(stderr, "lethe-run: %s\n", e.text);
		return 1;
	}
	s.state = path_absolute(s.state);
	s.run = s.run != NULL ? path_absolute(s.run) : default_run_folder(s.state);
	s.html = path_absolute(s.html);
	s.nginx = path_absolute(s.nginx);
	s.bin = path_absolute(s.bin);
	setenv("LETHE_POLICY", s.policy, 1);
	setenv("LETHE_STATE", s.state, 1);
	setenv("LETHE_RUN", s.run, 1);
	setenv("LETHE_HTML", s.html, 1);
	// Or the fonts' library keeps a cache there, which may be the state folder.
	setenv("HOME", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1);
	if (s.testing)
		setenv("LETHE_TESTING", "1", 1);
	else
		unsetenv("LETHE_TESTING");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	if (run_site(&s, p->site, &e) != 0) {
		fprintf(stderr, "lethe-run: %s\n", e.text);
		return 1;
	}
	fprintf(stderr, "lethe-run: stopped\n");
	return 0;
}
