// SPDX-License-Identifier: ISC
#ifndef LETHE_SERVE_ACCEPTOR_H
#define LETHE_SERVE_ACCEPTOR_H

#include "fcgi/serve/server.h"

// Serves until a stop; returns the exit status. 3: requests were still under way when the time to drain was over.
int acceptor_run(struct server *s);

#endif
