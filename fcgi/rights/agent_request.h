// SPDX-License-Identifier: ISC
// What the two protocols of agents have in common: who sends, how a message becomes a data-subject request, and the link to what an answered one
// asked for.
#ifndef LETHE_RIGHTS_AGENT_REQUEST_H
#define LETHE_RIGHTS_AGENT_REQUEST_H

#include "fcgi/rights/agent_message.h"
#include "fcgi/serve/serve.h"

// The agent whose token the request bears; NULL: none of this protocol. *agents, which it points into, is the caller's. ERR_* when the list cannot
// be read.
const cJSON *agent_request_sender(const struct request *r, struct vault *v, const char *protocol, cJSON **agents, struct err *e);
// Stores the message as a request, and carries out what the policy offers at once. Where this sender has sent it before, *again is set and nothing is
// stored. As rights_record() for errors.
int agent_request_store(struct vault *v, const cJSON *agent, const struct agent_message *m, char id[RECORD_ID_LEN + 1], bool *again,
			struct err *e);
// The request as an officer sees it, but for what is personal, where it is this agent's. ERR_NOT_FOUND: there is none, or it is another's.
cJSON *agent_request_show(struct vault *v, const char *id, const cJSON *agent, struct err *e);
int agent_request_find(struct vault *v, const cJSON *agent, const char *number, char id[RECORD_ID_LEN + 1], struct err *e);
// Where the copy can be had, and until when, of a fulfilled request for access whose sender's identity is settled. False: nowhere.
bool agent_request_results(const struct request *r, struct vault *v, const cJSON *shown, char *url, size_t size, char until[WHEN_TEXT]);
enum { AGENT_URL_MAX = 512 };
void agent_request_results_respond(struct request *r, void *vault); // GET /api/results/<link>

#endif
