// SPDX-License-Identifier: ISC
// Mails that wait to be sent: records of kind outbox. Each is tried at once by whoever wrote it and then by the minute, with pauses that grow, until a
// server took it, will never take it, or three days are over. What was sent is forgotten: that it was stands with its request.
//
// What is about to be tried is written down first, with the time of the next attempt, and so is what was taken. Whoever is killed in between sends a mail
// twice at most, under the same number, and loses none; and no two send the same one.
//
// Body: to, subject, text, what (a word: the kind of letter), request (an id), recipient, about, incident, number (of the mail), kinds (a list), attempts, next (UTC), failure (a word), by (the processor that may have taken it); of a
// mail with a secret: link, code, until (UTC); limited, withheld. A record without a body is no mail: it marks that one went to an address.
//
// A mail that anybody may have asked for (`limited`) goes only while the address has a share left: of those that confirm one at a time in an hour, until its link or
// code is used, and OUTBOX_CONFIRM_DAY in a day; of those that only acknowledge OUTBOX_ACKNOWLEDGE_DAY. What no server took counts no more once it ends. Beyond that a mail
// is withheld when it would be sent, or when the one that has the share is, and only the ledger and the officer's view of the request say so: whoever asked sees what they
// would see otherwise, and so does not learn that somebody asked for that address before. The link of a mail holds as long as its share, so whoever reads the mails of the address has one that does.
#ifndef LETHE_RIGHTS_OUTBOX_H
#define LETHE_RIGHTS_OUTBOX_H

#include "policy/base/mail_address.h"
#include "policy/vault/vault.h"

enum { OUTBOX_FAILURE = 32, OUTBOX_NUMBER = 33, OUTBOX_GIVE_UP = 3 * 86400 };
#define OUTBOX_CONFIRM     "confirm" // `what` of a mail of policy/rights/identity.h, which acknowledges, too
#define OUTBOX_ACKNOWLEDGE "acknowledge"

struct outbox_new {
	const char *to, *subject, *text;
	const char *what;              // a word
	const char *request;           // the id of the request that it is about
	const char *recipient, *about; // NULL, or of whom it is a notice (recipient.h): then it is no data of the person
	const char *incident;          // NULL, or the id of the incident of which it notifies the authority
	kind_set kinds;                // of data in it, beside outbox
	// What stands for {link} and {code} of the text when it is sent; shown to nobody. It is not sent after `until`, nor once there is a newer one of its kind for
	// its request. NULL: there are none.
	const char *link, *code;
	time_t until;
	bool limited; // anybody may have asked for it
};
// The processor to which the policy gives what waits to be sent, the first of them; NULL: the policy has no mail. Another one gets a mail only where it is certain that
// those before it did not take it.
const struct policy_processor *outbox_processor(const struct policy *p);
// ERR_REFUSED: the policy has no mail. ERR_INPUT: the address is none. The request's events tell of it.
int outbox_add(struct vault *v, const struct outbox_new *mail, char id[RECORD_ID_LEN + 1], struct err *e);

// Tags the mails and requests of versions before with the contact that they are found by, once: person.h.
int outbox_tag_old(struct vault *v, struct err *e);
enum { OUTBOX_CONFIRM_DAY = 2, OUTBOX_ACKNOWLEDGE_DAY = 1, OUTBOX_LINK_SECONDS = 86400 };
// Whether the link with this token went out to the address `to` (NULL: to any) within OUTBOX_LINK_SECONDS. -1: that is not known.
int outbox_link_went(struct vault *v, const char *token, const char *to, struct err *e);
// Who reads the mails of the address has used a link or code: the next mail need not wait for the hour to be over.
void outbox_link_used(struct vault *v, const char *to);

// How a mail leaves: fcgi/ipc/mail_call.h. 0: it was taken; 1: later perhaps, -1: never; `failure` is the word for why, *wait_s for how long the server asked to
// be left alone.
struct outbox_way {
	int (*deliver)(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		       const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s);
	const char *run;
};
struct outbox_sent {
	unsigned sent, waiting, failed;
};
// Tries the mail of this id, or (NULL) all that are due; `now`: whether they are due or not, those that failed too.
// After the first failure "timeout" or "no-egress" the others wait for the next run.
int outbox_send(struct vault *v, const char *id, bool now, const struct outbox_way *way, struct outbox_sent *out, struct err *e);

// Until the next attempt, after so many: doubles, from a minute to four hours, and is up to a quarter shorter or longer.
time_t outbox_pause(unsigned attempts);

struct outbox_row {
	const char *id, *to, *subject, *text, *what, *request, *failure; // failure: "" when there was none
	const char *state;                                               // "waiting", "failed"
	time_t made, next;
	unsigned attempts;
};
// Every mail that was not sent yet, oldest first, until `each` returns non-zero.
int outbox_each(struct vault *v, int (*each)(void *arg, const struct outbox_row *row), void *arg, struct err *e);
// It will not be sent. ERR_NOT_FOUND.
int outbox_drop(struct vault *v, const char *id, const char *by, struct err *e);

#endif
