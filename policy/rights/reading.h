// SPDX-License-Identifier: ISC
// Who of the staff read what a person left. Whatever opens it says so in the ledger first, by what was read, with a payload {what, at, officer, reason} that is about the person,
// is in their export, and is erased with them. What was read of a request is an event of it, too (EVENT_READ), and so has its own entry.
#ifndef LETHE_RIGHTS_READING_H
#define LETHE_RIGHTS_READING_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

enum { READING_MAX = 8192 };

// Appends the payload. ERR_INPUT: the reason is missing or too long.
int reading_payload(struct buf *out, const char *what, time_t at, const char *officer, const char *reason, struct err *e);
// The entry of what was read of no request: `what` ("hold") is the entry's name, `id` the record's.
int reading_record(struct vault *v, const char *what, const char *id, const char *officer, const char *reason, struct err *e);
// What is asked for by somebody's contact, in its plain form: an entry of each request that gave it, or, where there is none, of that.
int reading_contact(struct vault *v, const char *contact, const char *officer, const char *reason, struct err *e);

#endif
