// SPDX-License-Identifier: ISC
// The two mechanisms behind sandbox.h, one file each.
#ifndef LETHE_SERVE_SANDBOX_INTERNAL_H
#define LETHE_SERVE_SANDBOX_INTERNAL_H

#include "fcgi/serve/sandbox.h"
#include <stddef.h>

// Confines the files to the sandbox's paths. Returns the ABI that holds, 0 when the kernel has none, -1 when it should have worked.
int landlock_enter(const struct sandbox *s, struct err *e);
// Confines the system calls. Returns how many are allowed, 0 when the kernel has no seccomp, -1 when it should have worked.
int seccomp_enter(const struct sandbox *s, struct err *e);
int seccomp_enter_child(struct err *e);

#endif
