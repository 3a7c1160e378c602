// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_NGINX_DUMP_H
#define LETHE_ADMIN_NGINX_DUMP_H

#include "policy/base/buf.h"
#include "policy/base/err.h"

// Runs `nginx -T` on the configuration file and appends what it prints to *out. ERR_UNAVAILABLE: there is no nginx, or this user may not
// read all that it reads; ERR_REFUSED: it does not accept the configuration, and *e says why.
int nginx_dump(const char *path, struct buf *out, struct err *e);

#endif
