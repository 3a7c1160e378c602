// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_CHECK_NGINX_H
#define LETHE_ADMIN_CHECK_NGINX_H

#include "admin/check.h"
#include "admin/nginx_conf.h"

// Does the server pass requests to the programs?
bool is_site(const struct directive *server);
// Is the path, or the nearest folder above it that can be seen, on a file system in memory?
bool on_memory(const char *path);

#endif
