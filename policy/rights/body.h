// SPDX-License-Identifier: ISC
// Inside policy/rights: the sealed body of a request, and its states.
#ifndef LETHE_RIGHTS_BODY_H
#define LETHE_RIGHTS_BODY_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

#define STATE_OPEN      "open"
#define STATE_PARTIAL   "partial"
#define STATE_FULFILLED "fulfilled"

enum {
	RIGHTS_REQUEST_MAX = 256 * 1024, // RIGHTS_BODY_MAX with every character escaped, and a certificate
	CERTIFICATE_MAX = 16 * 1024,
};

// The body as a tree that has at least `right`; ERR_CORRUPT. The caller frees.
cJSON *rights_body(const struct vault_record *record, struct err *e);
// As vault_get, for requests only. ERR_NOT_FOUND.
int rights_get(struct vault *v, const char *id, struct vault_record *out, struct err *e);
// STATE_OPEN, STATE_PARTIAL or STATE_FULFILLED.
const char *rights_state(const struct vault_record *record);

#endif
