// SPDX-License-Identifier: ISC
// A question to one of the programs, over its Unix socket.
#ifndef LETHE_ADMIN_ROOM_H
#define LETHE_ADMIN_ROOM_H

#include "policy/base/json.h"

// Sends the head {"op": op} with no body to `run`/`room`.sock and returns the head of the answer, which the caller frees. NULL on failure:
// ERR_UNAVAILABLE (nobody answers there), ERR_TIMEOUT, ERR_INPUT (the answer is not one).
cJSON *admin_ask_program(const char *run, const char *room, const char *op, struct err *e);

#endif
