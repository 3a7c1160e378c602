// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_SECCOMP_H
#define LETHE_SERVE_SECCOMP_H

#include "fcgi/serve/sandbox.h"

// Confines the system calls. Returns how many are allowed, 0 when the kernel has no seccomp, -1 when it should have worked.
int seccomp_enter(const struct sandbox *s, struct err *e);
int seccomp_enter_child(struct err *e);

#endif
