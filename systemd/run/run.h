// SPDX-License-Identifier: ISC
// lethe-run: what systemd does for an installed site, for a clone or a machine without systemd. It makes the sockets, hands each program
// its own as fd 0, starts nginx, prunes every minute, restarts what dies, and on SIGINT or SIGTERM ends everything it began.
#ifndef LETHE_RUN_RUN_H
#define LETHE_RUN_RUN_H

#include "fcgi/ipc/programs.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct site {
	const char *policy, *state, *run, *html, *nginx; // files and folders; nginx: folder of run.conf and snippets/
	const char *bin;                                 // folder of the programs
	char host[64];
	unsigned port;
	bool testing;
};

enum { CHILD_NGINX = PROGRAM_COUNT, CHILD_COUNT };
struct child {
	const char *name;
	int listener;     // its socket; -1 for nginx
	pid_t pid;        // 0: not running
	uint64_t started; // monotonic_ms()
	uint64_t restart; // when to start it again; 0: not waiting
	unsigned failures;
	bool hopeless; // it cannot start, now or again
};
extern struct child children[CHILD_COUNT];

// prepare.c: everything before the first program. Each says what is wrong and what to do.
int prepare_note(const struct site *s, struct err *e); // `state`/run.env, from which the officer's command learns where the site runs
int prepare_folders(const struct site *s, struct err *e);
int prepare_port(const struct site *s, struct err *e);
int prepare_sockets(const struct site *s, struct err *e);
int prepare_nginx(const struct site *s, struct err *e); // fills run.conf and the snippets into run/nginx/

// child.c
int child_start(const struct site *s, unsigned i, struct err *e);
void child_ended(unsigned i, int status); // says so and sets the back-off
bool child_cannot_start(int status);      // it has said why: see EXIT STATUS in lethe-programs(8)
void children_stop(unsigned patience_ms); // SIGTERM, patience, SIGKILL; returns when none is left
// Runs `lethe` with the given words and waits; its exit status, or -1.
int officer_run(const struct site *s, const char *const *words);
// The same without waiting; -1 with errno when there is no process to be had.
pid_t officer_start(const struct site *s, const char *const *words);

// chores.c: `lethe prune` every minute, `lethe publish` every hour, each once at a time. What does not start or ends badly is said on
// standard error, and its next time comes all the same. `now`: monotonic_ms().
void chores_begin(uint64_t now); // the first times are one interval from now
void chores_due(const struct site *s, uint64_t now);
void chore_ended(pid_t pid, int status); // any child's; those of others are left alone

// probe.c: the status of GET `path`, or -1.
int probe(const struct site *s, const char *path);

#endif
