// SPDX-License-Identifier: ISC
// Article 19 of the GDPR: whoever got data of the person is told what became of it, and the person is told who that is.
//
// Each recipient is an event of the request (EVENT_RECIPIENT, with recipient, about, sent_at and expires_by), written before its notice is queued. Where the
// policy gives an address for it (privacy-mail), and it still has what it got by what the policy says, a notice waits in the outbox: the times and kinds of
// the transfers, what is asked for, and the request's number; nothing else of the person. That it was queued, sent, not sent or acknowledged are
// events, too. Whoever is killed in between tells a recipient twice at most, when it is done again.
#ifndef LETHE_RIGHTS_RECIPIENT_H
#define LETHE_RIGHTS_RECIPIENT_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

enum recipient_about { ABOUT_ERASURE, ABOUT_RECTIFICATION, ABOUT_RESTRICTION, ABOUT_LIFTING, ABOUT_COUNT };

// Tells those of `recipients` (reach.h), and notes in each row when: `notified_at`, null where no notice was due or the policy has no address. `request`:
// the id of the request whose events tell of it; NULL: there is none, and each is told anew. Takes `transfers` out of the rows.
int recipients_tell(struct vault *v, const char *request, enum recipient_about about, cJSON *recipients, const char *by, struct err *e);
// It confirmed what it was told: the SHA-256 of what it wrote (hex) stands with the request. ERR_NOT_FOUND: the request has no such recipient.
int recipients_acknowledge(struct vault *v, const char *request, const char *recipient, const char *sha256, const char *by, struct err *e);

#endif
