// SPDX-License-Identifier: ISC
// Who made a request shows that they read the mails of the address that they gave: by a button behind the link of a mail, or by its code.
//
// In the sealed body, `identity` is {code, until (UTC), tries, mail (its id in the outbox), before}: the code as a keyed hash over the request's id, its right and the
// secret. It counts once an event says that its mail went, and takes the place of the one before (code, until, tries), of the last mail that went, then. So what is withheld
// (outbox.h) has no code that could be guessed, and ends none. The member ends with what it was for, and with the request. Wrong codes are counted with the same compare-and-set that every change of a request has.
//
// The link's token is the request's id, 96 random bits and 32 of a keyed hash over both, in base64url: without these nothing is looked up. That it went out, and to which
// address, is known by its hash (outbox_link_went()), for a day and whatever becomes of the request: it shows each request of that address to be of who has it, where
// the policy asks for no more than a mail and it is not joined to another one. So whoever sends requests in the name of another one, and uses up the mails that go there,
// keeps nobody from showing who they are.
#ifndef LETHE_RIGHTS_IDENTITY_H
#define LETHE_RIGHTS_IDENTITY_H

#include "policy/rights/request.h"

enum { IDENTITY_LIFE = 3600, IDENTITY_CODE_LEN = 6 };

// Queues a mail with a new link and a new code, in the language of `p` (NULL: the person's), and records that it was asked; `by`: the officer, or "site". `mail`: its id in the
// outbox. ERR_REFUSED: there is no mail address, nobody delivers mail, or it is not the time to ask. ERR_NOT_FOUND.
int identity_mail(struct vault *v, const struct policy *p, const char *id, const char *by, const char *reason, char mail[RECORD_ID_LEN + 1],
		  struct err *e);

struct identity_request {
	char id[RECORD_ID_LEN + 1], right[64];
	time_t received;
};
// What the link of a mail is for. Changes nothing. `right` is "" where that request asks for nothing more: the link may show others of its address. ERR_NOT_FOUND, whatever is
// wrong with it.
int identity_link_find(struct vault *v, const char *token, struct identity_request *out, struct err *e);
// The button behind the link: who asks has shown who they are. `number`: the id of another request of the same address; NULL: that of the mail. `owner` is a new secret
// of the request `id`, for who pressed it: who sent the request need not read these mails, and sees less of it from then on. ERR_NOT_FOUND, whatever is wrong with it.
int identity_confirm_link(struct vault *v, const char *token, const char *number, char id[RECORD_ID_LEN + 1], char owner[TOKEN_LEN + 1],
			  struct err *e);
// The same by the code, for who may see the request (rights_show). ERR_INPUT: it is wrong, too old, or was tried too often, or none is waited for.
int identity_confirm_code(struct vault *v, const char *id, const char *code, struct err *e);

#endif
