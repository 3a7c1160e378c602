// SPDX-License-Identifier: ISC
#include "fcgi/egress/run.h"
#include "fcgi/egress/address.h"
#include "fcgi/egress/caller.h"
#include "fcgi/egress/transfer.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/supervisor.h"
#include "fcgi/serve/sandbox.h"
#include "fcgi/serve/serve.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/requests.h"
#include "policy/base/setting.h"
#include "policy/base/when.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	// Of requests to one processor in a day: 200 sets of eight pictures, their prompts and some repeats. They are the operator's bill, and
	// limits by address hold no one up who has many.
	DAILY = 2000,
	CONNECTIONS = 64,
	DRAIN_MS = 80 * 1000,
	TURN_MS = 1000,
	LARGE = 16 * 1024,
};

static unsigned long number_setting(const char *name, unsigned long otherwise, unsigned long most)
{
	const char *text = setting(name, NULL);
	char *end = NULL;
	unsigned long value = text != NULL ? strtoul(text, &end, 10) : otherwise;
	if (text != NULL && (*end != '\0' || *text == '-' || value > most)) {
		fprintf(stderr, "egress: %s is not a number from 0 to %lu; %lu is used\n", name, most, otherwise);
		return otherwise;
	}
	return value;
}

static void signals_ready(struct watch *w, uint32_t events)
{
	(void)events;
	struct egress *g = LOOP_OWNER(w, struct egress, signals);
	struct signalfd_siginfo info;
	while (read(w->fd, &info, sizeof info) == (ssize_t)sizeof info) {
		g->killed = g->stopping; // a second signal ends what is under way, too
		g->stopping = true;
	}
}

// The most that a call may take. The vendors' own clients give up after ten minutes.
static const unsigned longest_ms[] = {[EGRESS_SEND] = 10 * 60 * 1000,
				      [EGRESS_PAGE] = 15 * 1000,
				      [EGRESS_MAIL] = 2 * 60 * 1000,
				      [EGRESS_LINK] = 30 * 1000,
				      [EGRESS_STATUS] = 30 * 1000};

// A whole call is there: it is judged, and begun or refused.
static void egress_dispatch(struct caller *c)
{
	struct egress_call call;
	struct err e = {0};

	if (egress_call_read(&call, c->call.head, &e) != 0) {
		caller_refuse_with(c, FAILURE_BAD_CALL, "%s", e.text);
		return;
	}
	if (call.deadline_ms == 0 || call.deadline_ms > longest_ms[call.op])
		call.deadline_ms = longest_ms[call.op];
	if (caller_at(c, monotonic_ms() + call.deadline_ms) != 0)
		caller_refuse(c, FAILURE_MEMORY);
	else if (call.op == EGRESS_SEND)
		processor_call_begin(c, &call);
	else if (call.op == EGRESS_PAGE)
		page_call_begin(c, &call);
	else if (call.op == EGRESS_MAIL)
		mail_call_begin(c, &call);
	else if (call.op == EGRESS_LINK)
		object_link_begin(c, &call);
	else
		caller_reply(c, status_reply(c->egress), NULL);
}

static void engine_acted(struct engine *engine)
{
	callers_flush(LOOP_OWNER(engine, struct egress, engine));
}

static int egress_start(struct egress *g, int listener, struct err *e)
{
	struct rlimit limit = {0};
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	// Each call is a connection of its program, and over HTTP/1.1 one of the upstream's too: half of the descriptors for each.
	unsigned requests = requests_max(), half = limit.rlim_cur / 2 < requests ? (unsigned)(limit.rlim_cur / 2) : requests;
	unsigned named = (unsigned)number_setting("LETHE_EGRESS_CONNECTIONS", 0, REQUESTS_MOST), few = named > 0 ? named : CONNECTIONS;
	unsigned most = named > 0 ? named : half > CONNECTIONS ? half : CONNECTIONS;
	g->settings.calls = number_setting("LETHE_EGRESS_JOBS", (unsigned long)requests * IMAGES_MAX, 1000000);
	g->settings.daily = number_setting("LETHE_EGRESS_DAILY", DAILY, 1000000000);
	if (trust_open(&g->trust, setting("LETHE_CA_FILE", "/etc/ssl/certs/ca-certificates.crt"), e) != 0)
		return -1;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL); // before any thread is born
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_UNAVAILABLE, "libcurl does not start");
	if (loop_open(&g->loop, e) != 0)
		return -1;
	g->signals = (struct watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signals_ready};
	if (g->signals.fd < 0 || loop_watch(&g->loop, &g->signals, EPOLLIN) != 0)
		return err_system(e, ERR_IO, errno, "signalfd");
	if (upstreams_open(&g->upstreams, g->policy, e) != 0 ||
	    engine_open(&g->engine, &g->loop, few, most, transfer_done, engine_acted, e) != 0 ||
	    callers_open(g, listener, egress_dispatch, e) != 0)
		return -1;
	traffic_load(g);
	address_load_own();
	char folder[sizeof g->traffic_file];
	snprintf(folder, sizeof folder, "%s", g->traffic_file);
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	// What the C library's resolver and OpenSSL read.
	const char *const read_paths[] = {"/etc", "/usr/lib/ssl", "/usr/share/ca-certificates", "/run/systemd/resolve", g->trust.file,
					  NULL};
	const char *const write_paths[] = {folder[0] ? folder : NULL, NULL};
	struct sandbox s = {.name = "egress", .read_paths = read_paths, .write_paths = write_paths, .network = true};
	supervisor_open();
	return sandbox_enter(&s, e);
}

// Calls under way are brought to their end; the socket stays open, it is systemd's.
static void egress_serve(struct egress *g, struct active_watch *watch)
{
	uint64_t give_up = 0;
	bool busy = false;
	supervisor_ready();
	while (!g->killed) {
		loop_turn(&g->loop, TURN_MS);
		supervisor_alive();
		// No further call is begun under this policy. They wait in the listening socket for the next process.
		if (!g->stopping && active_watch_tick(watch, g->policy)) {
			fprintf(stderr, "egress: another policy is in force: ending here, to start again under it\n");
			loop_cancel(&g->loop, &g->rest);
			loop_remove(&g->loop, &g->listening);
			g->stopping = true;
		}
		if (g->stopping && give_up == 0)
			give_up = monotonic_ms() + DRAIN_MS;
		if (g->stopping && (g->connections == 0 || monotonic_ms() >= give_up))
			break;
		engine_rest(&g->engine);
		// What a crowd needed goes back to the system when it has left.
		if (busy && g->connections == 0)
			malloc_trim(0);
		busy = g->connections > 0 && (busy || g->connections > 100);
	}
}

int egress_run(const struct policy *p, struct active_watch *watch, int listener)
{
	struct err e = {0};
	struct egress *g = calloc(1, sizeof *g);
	if (g == NULL)
		return 1;
	g->policy = p;
	g->loop.epoll = g->engine.sockets.epoll = g->signals.fd = -1;
	mallopt(M_ARENA_MAX, 2);
	// libcurl keeps a transfer's send buffer, of which a request fills a page: the rest stays untouched.
	mallopt(M_MMAP_THRESHOLD, LARGE);
	bool started = egress_start(g, listener, &e) == 0;
	if (started) {
		if (EGRESS_TESTING)
			fprintf(stderr,
				"egress: TESTING BUILD: loopback, plain http and any port can be reached. Never use it for a real site.\n");
		fprintf(stderr, "egress: ready: policy %s of %s\n", g->policy->version, g->policy->site);
		for (size_t i = 0; i < g->upstreams.count; i++) {
			const struct upstream *u = &g->upstreams.list[i];
			fprintf(stderr, "egress: processor %s: %s\n", u->declared->id,
				u->declared->standing == STANDING_BUILT_IN ? "built in"
				: u->base != NULL                          ? u->host
									   : "not configured");
			if (u->missing != NULL)
				fprintf(stderr, "egress: WARNING: %s is set up by half: %s is missing, so nothing is sent to it\n",
					u->declared->id, u->missing);
		}
		fprintf(stderr, "egress: pages that a visitor names: %s\n", g->policy->page_fetch ? "fetched under guard" : "not fetched");
		egress_serve(g, watch);
		traffic_save(g);
		fprintf(stderr, "egress: stopped%s\n", g->connections ? ", with calls under way" : "");
	} else {
		fprintf(stderr, "egress: %s\n", e.text);
	}
	engine_close(&g->engine);
	upstreams_close(&g->upstreams);
	trust_close(&g->trust);
	fd_close(&g->signals.fd);
	loop_close(&g->loop);
	free(g);
	curl_global_cleanup();
	return started ? 0 : EXIT_CANNOT_START;
}
