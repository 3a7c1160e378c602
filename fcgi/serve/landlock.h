// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_LANDLOCK_H
#define LETHE_SERVE_LANDLOCK_H

#include "fcgi/serve/sandbox.h"

// Confines the files to the sandbox's paths. Returns the ABI that holds, 0 when the kernel has none, -1 when it should have worked.
int landlock_enter(const struct sandbox *s, struct err *e);

#endif
