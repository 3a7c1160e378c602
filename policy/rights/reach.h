// SPDX-License-Identifier: ISC
// What a subject's data reached beyond the stores, for the certificate and for Article 19: gathered before anything of it is erased.
//
//	{derived [{kind, count}]: what was made of what the person gave,
//	 recipients [{id, name, kinds [], sent_at, expires_by}]: who got some of it, last when, and when they have ended it by what the policy says of
//	   them; null: it does not say. Until recipients_tell(), with transfers [{at, kinds []}]; from then on with notified_at.
//	   deletion: "deleted" with deleted_at, where it was asked to delete all of it and did; "asked": it did not answer for some of it yet; "unconfirmed": nor
//	   will it be asked any more (deletion.h)
//	   `possible`: true where what would tell is gone, and the policy in force lets it get some: then all times are the latest possible
//	   An authority that something was given to is one, for who has the receipt, where the officer lets it be told (authority.h): id is the case's.
//	 backups {max_age_days, purge_by}: when the last copy is gone; null: the policy keeps none. certificate.c adds tombstone_id of what was erased
//	 known_ungoverned []: copies that no erasure here reaches: "browser-downloads", "recipient-copies"}
#ifndef LETHE_RIGHTS_REACH_H
#define LETHE_RIGHTS_REACH_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

// The caller frees. NULL with *e.
cJSON *reach_of(struct vault *v, const struct erase_selector *list, size_t count, struct err *e);
// The same `recipients` for what a request itself says: it went to whoever carries the letters about it. The caller frees. NULL with *e.
cJSON *reach_of_request(struct vault *v, const cJSON *body, struct err *e);
// Adds to `recipients` those who may have got something of a set that was asked for then, where nothing is left that says who did: of those that
// make words and pictures only whom an entry of the ledger of that time names, where one is left. -1: no memory.
int reach_possible(cJSON *recipients, struct vault *v, const struct policy *p, time_t at);
// Notes in the row of who is asked to delete something, by the body and the state of that record (deletion.h), what became of it. -1: no memory.
int reach_deletion_tell(cJSON *recipients, const struct policy *p, const cJSON *deletion, const char *state);
// What a certificate does not tell.
void reach_forget_transfers(cJSON *recipients);
const cJSON *reach_row(const cJSON *list, const char *id); // of this id; NULL: there is none
// The row {id, name, kinds[]} of `recipients` for who was sent this, made or with the kinds added; `called`: its name, else as it was noted then. It stays
// the list's. NULL: no memory.
cJSON *reach_recipient(cJSON *recipients, const cJSON *sent, const char *called);

#endif
