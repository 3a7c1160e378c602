// SPDX-License-Identifier: ISC
// Records whose body is a JSON object that is edited: requests, holds, cases. What happened to one stands in its member "events", each an object with
// "event", "at" and who did it, "by".
#ifndef LETHE_RIGHTS_DOCUMENT_H
#define LETHE_RIGHTS_DOCUMENT_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

struct document_type {
	enum kind kind;
	const char *noun;   // for messages: "hold"
	size_t max;         // bytes of the body
	const char *member; // a text that each has, else it is damaged; NULL: none
};
// The body of one; the caller frees. NULL: ERR_CORRUPT, also where the record is unreadable.
cJSON *document_body(const struct document_type *type, const struct vault_record *r, struct err *e);
// The body, whose record is in *out; the caller frees both. NULL: ERR_NOT_FOUND, or ERR_CORRUPT.
cJSON *document_read(struct vault *v, const struct document_type *type, const char *id, struct vault_record *out, struct err *e);

// Whether there is a record of the kind with this tag; *id: its id. -1: that is not known.
int document_find(struct vault *v, enum kind kind, const char *tag, const char *value, char id[RECORD_ID_LEN + 1], struct err *e);

struct document_change {
	const char *state;           // NULL: as before
	const char *ledger;          // the name of the ledger's entry; NULL: there is none
	struct buf details, payload; // of it; empty: none
	unsigned set, clear;
	const struct vault_tag *tags; // as in struct vault_change; they live until it is stored
};
// Has `edit` change the body, and writes it, with the entry. Where somebody else changed it meanwhile, `edit` is called again with what is there now.
int document_edit(struct vault *v, const struct document_type *type, const char *id,
		  int (*edit)(void *arg, const struct vault_record *r, cJSON *body, struct document_change *change, struct err *e),
		  void *arg, struct err *e);

// Appends an event, which stays the body's; `by` may be NULL. NULL: no memory.
cJSON *document_event(cJSON *body, const char *event, time_t at, const char *by);
// The member "kinds", a list of names; those that this version does not know are left out.
kind_set document_kinds(const cJSON *body);
bool document_put_kinds(cJSON *body, kind_set kinds);

#endif
