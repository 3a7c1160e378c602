// SPDX-License-Identifier: ISC
#ifndef LETHE_RIGHTS_PROGRAM_ACKNOWLEDGE_H
#define LETHE_RIGHTS_PROGRAM_ACKNOWLEDGE_H

#include "policy/base/err.h"
#include "policy/model/policy.h"
#include "policy/vault/vault.h"

// That the request came is confirmed by mail, in the language of `p`, where the policy has mail and this machine a server for it, the contact is an address, and it is not answered
// already or joined to another one. The letter is put into the outbox; what sends it is no part of a program that visitors reach, so the answer takes
// as long as ever, and is the same whoever asked for that address before: to one address go a few such letters a day (outbox.h), and from one network as few are asked for. `address`:
// from where it is asked. Where who asks is to show that
// they read the mails of their address, the mail is the one that asks for that.
void acknowledge_by_mail(struct vault *v, const struct policy *p, const char *id, const char *contact, const char *address);
// Asks for that again, with a new link and a new code. ERR_REFUSED: there is nothing to ask, or no mail; ERR_BUSY: too often. ERR_NOT_FOUND.
int acknowledge_ask(struct vault *v, const struct policy *p, const char *id, const char *address, struct err *e);

#endif
