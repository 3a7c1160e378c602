// SPDX-License-Identifier: ISC
// lethe-run: what systemd does for an installed site, for a clone or a machine without systemd. It makes the sockets, hands each program
// its own as fd 0, starts nginx, prunes every minute, restarts what dies, and on SIGINT or SIGTERM ends everything it began.
#ifndef LETHE_RUN_RUN_H
#define LETHE_RUN_RUN_H

#include "fcgi/ipc/programs.h"
#include "policy/base/err.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run_site {
	const char *policy, *state, *run, *html, *nginx; // files and folders; nginx: folder of run.conf and snippets/
	const char *bin;                                 // folder of the programs
	const char *listen;                              // as it was given: 127.0.0.1:8080
	struct sockaddr_in address;
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
	bool permanent; // its failure is: it has said why it cannot start, now or again
};
extern struct child children[CHILD_COUNT];

// prepare.c: everything before the first program. Each says what is wrong and what to do.
int prepare_paths(const struct run_site *s, struct err *e);
int prepare_folders(const struct run_site *s, struct err *e);
bool run_folder_has(const char *name); // whether that is a name of what a site has in its run folder
int prepare_port(const struct run_site *s, struct err *e);
// Writes `state`/run.env, from which the officer's command learns where the site runs.
int prepare_note(const struct run_site *s, struct err *e);
int prepare_sockets(const struct run_site *s, struct err *e);
int prepare_nginx(const struct run_site *s, struct err *e); // fills run.conf and the snippets into run/nginx/

// child.c
int child_start(const struct run_site *s, unsigned i, struct err *e);
// One of them ended. Unless the failure is permanent, which counts only while the site does not serve yet, it says so and sets the back-off.
void child_ended(pid_t pid, int status, bool serving);
void child_stop_all(unsigned patience_ms); // SIGTERM, patience, SIGKILL; returns when none is left
// Starts `lethe` with the given words; -1 with errno when there is no process to be had.
pid_t run_command_start(const struct run_site *s, const char *const *words);
// The same, and waits; its exit status, or -1.
int run_command(const struct run_site *s, const char *const *words);

// maintenance.c: `lethe prune` every minute, `lethe publish` every hour, each once at a time. What does not start or ends badly is said on
// standard error, and its next time comes all the same. `now`: monotonic_ms().
void maintenance_begin(uint64_t now); // the first times are one interval from now
void maintenance_due(const struct run_site *s, uint64_t now);
void maintenance_ended(pid_t pid, int status); // any process's; those of others are left alone

#endif
