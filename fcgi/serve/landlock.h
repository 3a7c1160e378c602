// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_LANDLOCK_H
#define LETHE_SERVE_LANDLOCK_H

#include "policy/base/err.h"
#include <stdbool.h>

// Confines the files to these paths (NULL-terminated lists), and without `network` connections to Unix sockets. Returns the ABI that holds, 0 when the kernel has none, -1 when it should have worked.
int landlock_enter(const char *const *read_paths, const char *const *write_paths, bool network, struct err *e);

#endif
