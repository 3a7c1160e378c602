// SPDX-License-Identifier: ISC
// Each program locks itself in after start-up: no new privileges, no core dumps, landlock where the kernel has it, then seccomp.
#ifndef LETHE_SERVE_SANDBOX_H
#define LETHE_SERVE_SANDBOX_H

#include "policy/base/err.h"
#include <stdbool.h>

struct sandbox {
	const char *name;
	const char *const *read_paths; // NULL-terminated
	const char *const *write_paths;
	bool network; // AF_INET and AF_INET6 sockets (egress alone)
	bool calls;   // may connect to Unix sockets
	bool fork;    // may fork (worker alone); exec never
};
// Says on stderr what holds: "generate: sandbox: landlock ABI 7, seccomp 62 calls allowed". A mechanism that is missing is named loudly.
// LETHE_SANDBOX=kill makes a forbidden call end the process (tests); otherwise it fails with EPERM.
int sandbox_enter(const struct sandbox *s, struct err *e);
// How many threads the process has. Those that exist before sandbox_enter() stay outside landlock, which confines the calling thread and its
// children.
unsigned sandbox_threads(void);
// The last step of a worker's child: read, write, memory and exit only, with limits on memory and CPU time.
int sandbox_child(unsigned long memory_bytes, unsigned cpu_seconds, struct err *e);

#endif
