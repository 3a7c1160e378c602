// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_DISPATCH_H
#define LETHE_SERVE_DISPATCH_H

#include "fcgi/serve/server.h"
#include <fcgiapp.h>

// Reads, judges, answers one parsed request. `busy`: with 503.
void dispatch_request(struct server *s, FCGX_Request *fcgx, bool busy);

#endif
