// SPDX-License-Identifier: ISC
// What agents and controllers send: hostile bytes in, a request that may be stored or a fault out. Nothing here knows a store or a network.
#ifndef LETHE_RIGHTS_AGENT_MESSAGE_H
#define LETHE_RIGHTS_AGENT_MESSAGE_H

#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/model/policy.h"
#include "policy/rights/agent.h"
#include <time.h>

enum { AGENT_MESSAGE_MAX = 16 * 1024, AGENT_TEXT_MAX = 512, AGENT_CONTACT_MAX = 255, AGENT_REQUEST_ID_MAX = 128 };

struct agent_message {
	cJSON *claims; // of the sender; freed by agent_message_free
	const char *right;
	char contact[AGENT_CONTACT_MAX]; // "": none
	char receipt[TOKEN_LEN + 1];     // "": none
	char once[AGENT_REQUEST_ID_MAX]; // what tells it from others: the number that the sender gave it, else SHA-256 of what was signed
	char verified[64];               // "email, address": what the sender says it has verified
	struct buf text;                 // what is for officers to read
	const char *mandate;             // in `claims`; NULL: none was named
	time_t sent;                     // when the person asked; 0: not told
	bool numbered;                   // `once` is such a number
	bool callback;                   // it wants to be told of what happens
	// What is wrong, for the sender.
	int status; // 0: nothing
	bool fatal; // sending it again is no use
	const char *fault;
};
void agent_message_free(struct agent_message *m);

// A signed message of the Data Rights Protocol, in the order of its checks: base64, the signature, JSON, who sent it, to whom, and when. `agent` and
// `business`: who they must be. Without `timed` the members that say so may be missing, as in a revocation. 0, or -1 with the fault.
int agent_message_signed(struct agent_message *m, const char *body, size_t len, const cJSON *agent, const char *business, time_t now,
			 bool timed);
// What of it is a request under the rights that the policy offers.
int agent_message_exercise(struct agent_message *m, const struct policy *p);
// A request of OpenDSR 2.0.
int agent_message_opendsr(struct agent_message *m, const char *body, size_t len, const struct policy *p, time_t now);

// The identities that agent_message_opendsr() can find somebody by.
extern const char *const agent_message_identities[]; // NULL-terminated; all "raw"
// The first right that a word of the protocol (agent.h) stands for and the policy offers; else NULL.
const char *agent_message_right(const struct policy *p, const char *protocol, const char *word);
// ISO 8601 with a time: "Z", "+01:00", "-0700" or nothing (UTC) at its end, a fraction before it.
int agent_message_time(time_t *out, const char *text);

#endif
