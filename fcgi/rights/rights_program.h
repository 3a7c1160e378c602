// SPDX-License-Identifier: ISC
// POST /api/rights (and …/plan, …/start, …/look-up, …/add, …/withdraw), GET /api/rights, GET /api/rights/<id>, POST /api/erase, POST /api/export, GET and POST /api/consents, GET /privacy/live, GET /privacy/live.json.
#ifndef LETHE_RIGHTS_PROGRAM_H
#define LETHE_RIGHTS_PROGRAM_H

#include "fcgi/serve/serve.h"

extern const struct program rights_program;

#endif
