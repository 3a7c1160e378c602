// SPDX-License-Identifier: ISC
// Consents: what somebody decided about each that the policy declares, provable and without knowing who it was.
//
// Each decision is a record of kind consent that is never changed, of a principal: a token that the browser keeps as the cookie CONSENTS_COOKIE, and that is
// stored as a hash alone. Its body is a JSON object with the facts of a consent record of ISO/IEC TS 27560 that are no part of the policy:
// principal (a pseudonym), purpose (the consent's id), state, n (which of the principal's decisions it is), notice_sha256 (of the text that was shown), notice_version and
// policy_sha256, language, surface, action, time, valid_until, of a withdrawal since when and under which text it had been given: given_at,
// given_notice_sha256; and earlier [{given_at, ended, state (withdrawn, expired), notice_sha256}], consents that were given before that;
// ended and state only where one was withdrawn or its time was over before the next was given. A text is kept once, as a record of the same kind that is about nobody: text,
// language, sha256. The later of two decisions is what holds; what it takes the place of is a consent that was withdrawn, for the lives of the policy
// (LIFE_CONSENT_WITHDRAWN), as is what rests on a consent that is given no more.
//
// A decision holds for twelve months, or until the text that is shown is another one: then it is asked for again.
#ifndef LETHE_RIGHTS_CONSENT_H
#define LETHE_RIGHTS_CONSENT_H

#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/vault.h"

enum { CONSENT_MONTHS = 12, CONSENT_DECISIONS_MAX = 400 };

enum consent_state { CONSENT_UNASKED, CONSENT_GIVEN, CONSENT_REFUSED, CONSENT_WITHDRAWN, CONSENT_EXPIRED, CONSENT_STATES };
extern const char *const consent_state_names[CONSENT_STATES + 1]; // NULL-terminated

const struct policy_consent *consent_find(const struct policy *p, const char *id); // NULL: the policy does not declare it

struct consent_now {
	const struct policy_consent *consent;
	time_t at, until;         // of the decision; 0: there is none
	enum consent_state state; // expired: it was given, and is to be asked for again
	bool allowed;             // what rests on it may be done
	bool ask;                 // nobody decided, or it is to be asked for again
};
// What holds for the principal, of each consent of the policy in its order; `out` takes all. NULL or a token that nobody has: nothing was
// decided. `signal`: the browser says no to what that covers.
int consent_now(struct vault *v, const char *principal, bool signal, struct consent_now *out, struct err *e);

struct consent_new {
	const char *principal;                // a token
	const struct policy *policy;          // in the language that was shown
	const struct policy_consent *consent; // of it
	bool given;
	bool signal;         // the browser says no to what that covers, whatever was chosen
	const char *surface; // where it was shown: "page", "api", "rights"
	const char *action;  // "button" …
};
// Records the decision, unless the same one holds already. A refusal of what was given is its withdrawal. ERR_REFUSED: the policy keeps no consents; ERR_BUSY: the principal has decided too often.
int consent_record(struct vault *v, const struct consent_new *decision, enum consent_state *state, struct err *e);
// Withdraws what the principal gave and which is for one of the classes of cookies (0: all of it). *count: how many consents that is about.
int consent_withdraw(struct vault *v, const char *principal, unsigned classes, bool refuse, size_t *count, struct err *e);

struct consent_row {
	const char *id, *purpose, *state, *surface;
	time_t at, until;
	bool superseded;
	const cJSON *body;
};
// Every decision that is kept, oldest first, until `each` returns non-zero.
int consent_each(struct vault *v, int (*each)(void *, const struct consent_row *), void *arg, struct err *e);
// The text with this SHA-256 (hex), as it was shown. ERR_NOT_FOUND.
int consent_text(struct vault *v, const char *sha256, struct buf *out, struct err *e);
// The decision as a consent receipt in the profile of the Data Privacy Vocabulary for ISO/IEC TS 27560, with what this policy says of it: the one that
// was in force then, where it is kept; policy_version says which. `assessments`: of each purpose (a member by its id) a list of titles; NULL: none.
cJSON *consent_receipt(const struct policy *p, const struct consent_row *row, const cJSON *assessments);

#endif
