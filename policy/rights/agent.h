// SPDX-License-Identifier: ISC
// Authorised agents: who may send requests for others by a protocol.
//
// They stand in officer/agents.json of the state folder, written by `lethe agents`: an array of {id, name, protocol ("drp": agents of the Data Rights
// Protocol; "opendsr": controllers of OpenDSR), verify_key (base64 of an Ed25519 key; drp), technical_contact?, business_contact?, salt}.
//
// The token by which an agent is known is stored nowhere: it is computed from the row and the vault's look-up key. A row that is made anew has
// another salt, so the token before it opens nothing any more.
#ifndef LETHE_RIGHTS_AGENT_H
#define LETHE_RIGHTS_AGENT_H

#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/vault.h"

enum { AGENT_ID_MAX = 64, AGENT_KEY_LEN = 32 };
#define AGENT_DRP     "drp"
#define AGENT_OPENDSR "opendsr"

// The rows, an empty array where there is no file. The caller frees. ERR_IO, ERR_CORRUPT.
cJSON *agent_list(const char *state, struct err *e);
int agent_list_write(const char *state, const cJSON *agents, struct err *e);
bool agent_id_shaped(const char *id); // letters, digits, "_", "-" and "."
// NULL: there is none.
const cJSON *agent_find(const cJSON *agents, const char *protocol, const char *id);
// Takes as long whichever it is, and where it is none: NULL. `token` may be NULL.
const cJSON *agent_by_token(struct vault *v, const cJSON *agents, const char *protocol, const char *token);
void agent_token(struct vault *v, const cJSON *agent, char out[TOKEN_LEN + 1]);
// -1: the text is no key.
int agent_key_read(uint8_t out[AGENT_KEY_LEN], const char *text);
// Proves to this site that it made the text itself, for `use`.
void agent_mac(struct vault *v, const char *use, const char *text, char out[TOKEN_LEN + 1]);

#endif
