// SPDX-License-Identifier: ISC
#ifndef LETHE_EGRESS_RUN_H
#define LETHE_EGRESS_RUN_H

#include "policy/rules/active.h"

// Serves until SIGTERM or SIGINT, or until another policy is in force (`watch`); the exit status. `listener` is a listening Unix socket.
int egress_run(const struct policy *p, struct active_watch *watch, int listener);

#endif
