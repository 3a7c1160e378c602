// SPDX-License-Identifier: ISC
// What happened to a data-subject request: an append-only list of events, from which its state and its clocks follow. Nothing is overwritten.
//
// In the sealed body, `events` is an array of objects: event, at (UTC), and where they are known entered (when it was written down, of what is dated back), by (an officer, "person" or "site"), ground (a
// word of rights_grounds), reason (without personal data), text (personal), how (identity was proven, or it came), contact_too (true: and that the contact is theirs), store with found, erased,
// kept and verified_at, request (the id of another one), recipient (a processor's id) with name, about, sent_at, expires_by and ack_sha256, copy_until (of the answer with a copy). Bodies of versions before have none: they were received when their record was made.
#ifndef LETHE_RIGHTS_EVENT_H
#define LETHE_RIGHTS_EVENT_H

#include "policy/base/err.h"
#include "policy/base/json.h"
#include "policy/rights/clock.h"

enum rights_state {
	STATE_OPEN,
	STATE_WAITING, // for the person
	STATE_PARTIAL, // an erasure did not reach every store: to be run again; or a legal hold keeps something
	STATE_FULFILLED,
	STATE_REFUSED,
	STATE_CLOSED,
	STATE_WITHDRAWN,
	STATE_COUNT
};
#define STATE_BIT(state) (1u << (state))
#define STATES_OPEN      (STATE_BIT(STATE_OPEN) | STATE_BIT(STATE_WAITING) | STATE_BIT(STATE_PARTIAL))
#define STATES_ENDED     (STATE_BIT(STATE_FULFILLED) | STATE_BIT(STATE_REFUSED) | STATE_BIT(STATE_CLOSED) | STATE_BIT(STATE_WITHDRAWN))
extern const char *const rights_state_names[STATE_COUNT + 1]; // NULL-terminated
enum rights_state rights_state_read(const char *name);        // STATE_OPEN for every other word

enum rights_event {
	EVENT_RECEIVED,
	EVENT_RECOGNISED, // an officer saw that it is one
	EVENT_ACKNOWLEDGED,
	EVENT_IDENTITY_ASKED,
	EVENT_IDENTITY_GIVEN,
	EVENT_IDENTITY_FAILED, // a wrong code
	EVENT_CLARIFICATION_ASKED,
	EVENT_CLARIFICATION_GIVEN,
	EVENT_EXTENDED,
	EVENT_STARTED,
	EVENT_STORE,     // what was found and done in one store
	EVENT_RECIPIENT, // who got data of it, and when they have ended it
	EVENT_PARTIAL,
	EVENT_HELD, // all is done but what a legal hold keeps, which the person was told: it is completed when the hold ends
	EVENT_ANSWERED,
	EVENT_REFUSED,
	EVENT_CLOSED,
	EVENT_WITHDRAWN,
	EVENT_REOPENED,
	EVENT_JOINED,   // it asks for the same as another one, which is answered for both
	EVENT_PARTED,   // it is answered by itself after all
	EVENT_INCLUDES, // the other one: it answers this one, too
	EVENT_NOTE,
	EVENT_MAIL_QUEUED, // a letter waits to be sent; `reason`: which
	EVENT_MAIL_SENT,
	EVENT_MAIL_FAILED, // and will not be tried again
	EVENT_READ,        // somebody read what the person left
	EVENT_RESTRICTED,  // what it names is kept and not used from then on
	EVENT_LIFT_TOLD,   // the person was told that this will end
	EVENT_LIFTED,
	EVENT_ADDED,         // the person added something
	EVENT_CORRECTED,     // what it says was corrected
	EVENT_NOTICE_QUEUED, // a notice to a recipient waits to be sent
	EVENT_NOTICE_SENT,
	EVENT_NOTICE_FAILED,
	EVENT_NOTICE_ACKNOWLEDGED, // the recipient confirmed it
	EVENT_VENDOR_DELETED,      // after the erasure a recipient said that it has nothing of it any more
	EVENT_VENDOR_KEPT,         // it did not say so, and is not asked any more
	EVENT_COUNT
};
enum { EVENT_ADDED_MAX = 50 };             // to one request
enum { RIGHTS_COPY_SECONDS = 30 * 86400 }; // so long after the answer the copy is behind its link
enum { IDENTITY_TRIES = 5 };               // of one code
#define IDENTITY_BY_MAIL "mail"            // how it was shown
#define IDENTITY_BY_LINK "link"            // reason of it: by the link of that mail, not by its code
enum {
	EVENT_NEEDS_GROUND = 1,
	EVENT_NEEDS_REASON = 2,
	EVENT_NEEDS_TEXT = 4,
	EVENT_HIDDEN = 8,   // not told to the person as an event
	EVENT_OF_OWNER = 16 // it tells of data that somebody has, which is the business of who pressed the button of a mail alone
};
enum rights_touches {
	TOUCHES_NOTHING,
	TOUCHES_START,
	TOUCHES_ACKNOWLEDGEMENT,
	TOUCHES_PAUSE,
	TOUCHES_RESUME,
	TOUCHES_EXTENSION,
	TOUCHES_END
};
struct rights_event_row {
	const char *name;
	unsigned from; // set of states in which it may happen
	int to;        // the state afterwards; -1: as before
	unsigned flags;
	enum rights_touches touches; // which part of the clocks
};
extern const struct rights_event_row rights_events[EVENT_COUNT];

struct rights_ground {
	const char *name;
	const char *iri;         // of the Data Privacy Vocabulary; NULL: none
	enum rights_event event; // for which it may be given
	bool of_sender;          // it says something of who sent the request, and nothing of others that are joined to it
	const char *right;       // only for this one; NULL: for any
};
extern const struct rights_ground rights_grounds[]; // ended by {0}
// The ground of that name for the event and the right; NULL: there is none.
const struct rights_ground *rights_ground_find(enum rights_event event, const char *right, const char *name);

struct rights_facts {
	enum rights_state state;
	struct clock_facts clock;
	bool recognised;        // an officer has done something with it, or entered it
	bool verified;          // the policy asks for nothing more
	bool asked;             // somebody asked for it
	bool unclear;           // they were asked what they mean, and have not said it yet
	time_t code_until;      // the code that was sent by mail holds until then; 0: none does
	bool proven;            // what it names is here, an officer entered it, or was shown who asks
	bool includes;          // others were joined to it
	const char *joined_to;  // the id of another one, in the body, which is answered for it; NULL: none is
	const char *restricted; // on which ground what it names is restricted, in the body; NULL: it is not
	time_t restricted_since;
	bool lift_told;      // the person knows that this will end
	bool exported;       // what it asks for was handed out to who sent it
	bool contact_proven; // who asks has shown that its contact is theirs
	time_t copy_until;   // the copy that it was answered with is handed out until then; 0: it is not answered
	bool held;           // its erasure is done but for what a legal hold keeps,
	time_t held_until;   // until then by what the person was told; 0: not known
	time_t entered;      // when it was stored here
	size_t event_count;
};
// What follows from the body. `state` is the record's: for bodies without events.
void rights_facts_read(struct rights_facts *out, const cJSON *body, const char *state, time_t made, time_t now);
// Whether the event may happen now: ERR_REFUSED says why not, ERR_INPUT what is missing.
int rights_event_check(const struct rights_facts *facts, enum rights_event event, const char *right, const char *ground, const char *reason,
		       const char *text, struct err *e);
// Whether the person wants what is restricted on this ground to be kept (Article 18(1)(b), (c)): it does not end by its age.
bool rights_ground_keeps(const char *ground);
// EVENT_COUNT: one that this version does not know.
enum rights_event rights_event_read(const cJSON *event);
// Appends an event to the body; NULL when memory is gone. The event stays the body's; `by` may be NULL.
cJSON *rights_event_add(cJSON *body, enum rights_event event, time_t at, const char *by);
// The recipients that the events of a body tell of (GDPR, Article 19; recipient.h), one row for each and each time it was told: {id, name, about, sent_at, expires_by,
// notice (queued, sent, failed; null: none), notice_at, acknowledged, ack_sha256}. The caller frees. NULL: no memory.
cJSON *rights_recipients(const cJSON *body);
// The last row of them of this id and matter (NULL: any). NULL: none.
cJSON *rights_recipient(const cJSON *list, const char *id, const char *about);
// Gives a body of a version before the events that it and the record's state tell of.
bool rights_events_begin(cJSON *body, const char *state, time_t made);

#endif
