// SPDX-License-Identifier: ISC
// What every FastCGI program shares: accept, admission, deadlines, requests, answers, events, graceful stop. A program is a const table
// of routes and a call of serve_main().
#ifndef LETHE_SERVE_SERVE_H
#define LETHE_SERVE_SERVE_H

#include "fcgi/ipc/note.h"
#include "fcgi/serve/fields.h"
#include "fcgi/serve/framed.h"
#include "fcgi/serve/problem.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/request.h"
#include "fcgi/serve/respond.h"

// A program's exit status when it cannot start and has said why: to start it again as it is would bring the same.
enum { EXIT_CANNOT_START = 2 };

// Loads the policy, opens the vault, runs start(), enters the sandbox (and says so on stderr), serves fd 0 until SIGTERM or SIGINT,
// drains, returns the exit status.
int serve_main(const struct program *program);

#endif
