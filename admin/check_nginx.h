// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_CHECK_NGINX_H
#define LETHE_ADMIN_CHECK_NGINX_H

#include "admin/check.h"
#include "admin/nginx_conf.h"

extern const struct check_row check_nginx_rows[];
// Does the server pass requests to the programs?
bool nginx_serves_site(const struct directive *server);

#endif
