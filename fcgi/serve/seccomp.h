// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_SECCOMP_H
#define LETHE_SERVE_SECCOMP_H

#include "policy/base/err.h"
#include <stdbool.h>

// Confines the system calls. Returns how many are allowed, 0 when the kernel has no seccomp, -1 when it should have worked.
int seccomp_enter(bool network, bool may_fork, struct err *e);
int seccomp_enter_child(struct err *e);

#endif
