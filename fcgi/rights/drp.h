// SPDX-License-Identifier: ISC
// The Data Rights Protocol 1.0, for the business that LETHE_DRP_BUSINESS names; without it, nothing of it is there.
//
// Agents are those of `lethe agents`. Messages are base64 of an Ed25519 signature and JSON, as text/plain. Replies are JSON; errors are
// {code, message, fatal?}. Every exercise becomes a data-subject request like any other. There are no callbacks: no program of ours calls a host
// that the policy does not name, so a status_callback is told off in processing_details, and agents ask by GET.
#ifndef LETHE_RIGHTS_DRP_H
#define LETHE_RIGHTS_DRP_H

#include "fcgi/serve/serve.h"

void drp_exercise(struct request *r, void *vault); // POST /v1/data-rights-request
void drp_status(struct request *r, void *vault);   // GET /v1/data-rights-request/{id}
void drp_revoke(struct request *r, void *vault);   // DELETE /v1/data-rights-request/{id}
void drp_setup(struct request *r, void *vault);    // POST /v1/agent/{id}: the token
void drp_agent(struct request *r, void *vault);    // GET /v1/agent/{id}: whether the token is good

#endif
