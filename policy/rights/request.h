// SPDX-License-Identifier: ISC
// Requests of data subjects: recorded durably, answered within their time.
//
// A request is a record of kind rights-request, in one of the states of policy/rights/event.h. Its sealed body is a JSON object: right, due (as it
// was told when it came), contact, message, receipt or archive (until an erasure is done), signal ("gpc"), verified, proven, how (it came), events,
// certificate; identity (see policy/rights/identity.h), until that was shown or the request is over; owner (true: there is a second secret, a tag as the first, which whoever reads the
// mails of its contact was shown); and agent: {name, id?, protocol ("drp", "opendsr")?, request? (its number there), regime?, callback?, answer_to ("agent", "person"),
// mandate {seen, sha256 (of the paper; until the request is over)}?}.
#ifndef LETHE_RIGHTS_REQUEST_H
#define LETHE_RIGHTS_REQUEST_H

#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/rights/event.h"
#include "policy/vault/vault.h"

enum {
	RIGHTS_REQUEST_MAX = 768 * 1024, // RIGHTS_BODY_MAX with every character escaped, a certificate, and events
};

// As document_read(), for requests only: the body has at least `right`.
cJSON *rights_get(struct vault *v, const char *id, struct vault_record *out, struct err *e);
// The body of one and what follows from it, which points into it. The caller frees. NULL: ERR_NOT_FOUND, or ERR_CORRUPT.
cJSON *rights_read(struct vault *v, const char *id, struct rights_facts *facts, struct err *e);
// ERR_REFUSED where who asks has not shown what the policy asks for: an officer hands nothing out and erases nothing for them then, and the text says
// what to do. ERR_NOT_FOUND.
int rights_check_identity(struct vault *v, const char *id, struct err *e);

struct rights_new {
	const char *right;     // one of the policy's rights
	const char *contact;   // where to answer; may be NULL
	const char *receipt;   // may be NULL
	const char *archive;   // the token of a ZIP, for who has its address and no receipt; may be NULL
	const char *record;    // the id of a record, by an officer; may be NULL
	const char *message;   // may be NULL
	const char *principal; // whose consents the browser keeps (policy/rights/consent.h); not recorded; may be NULL
	bool signal;           // the browser sent Sec-GPC; recorded where the policy says that it counts for this right
	const char *by;        // the officer who enters it; NULL: the person did
	const char *how;       // it came: "letter"; NULL: by the page
	time_t received;       // 0: now
	const char *language;  // that the person reads: a code of the policy's; NULL: not known
	const cJSON *agent;    // who acts for the person, see above; stays the caller's; NULL: nobody
	const char
	    *secret;      // of it, which who sends it again has again; where a request has it already, that is the answer. NULL: a new one
	const char *once; // by which rights_find_once() finds it; NULL: nothing
};
struct rights_receipt {
	char id[RECORD_ID_LEN + 1];
	char secret[TOKEN_LEN + 1]; // shown once; stored as a hash
	time_t due;
	bool over;          // it was stored before with the same secret, and nothing is left to do
	const char *signal; // "gpc" when the browser sent it and it was recorded; else NULL
};
// Whether there is anything of its receipt or archive, but for requests that name it, too.
bool rights_names_something(struct vault *v, const struct rights_new *request);
// Stores a request and carries out nothing: see rights_record(). Where an open one of the same right names the same receipt or archive, it
// is joined to that one: answered with it, without either telling of the other. ERR_REFUSED: the policy does not offer the right; the text lists
// those it does.
int rights_store(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e);

// The one that was stored with out->secret. ERR_NOT_FOUND.
int rights_find_secret(struct vault *v, struct rights_receipt *out, struct err *e);
// The id of the request that was stored with this `once`. ERR_NOT_FOUND.
int rights_find_once(struct vault *v, const char *once, char id[RECORD_ID_LEN + 1], struct err *e);

// The id of the request to which something happened by this message of the agent. ERR_NOT_FOUND. At a cost that grows with their number.
int rights_find_signed(struct vault *v, const char *agent, const char *signed_sha256, char id[RECORD_ID_LEN + 1], struct err *e);

// What happens to a request.
struct rights_act {
	enum rights_event event;
	const char *by;     // the officer, "person" or "site"
	const char *ground; // a word of rights_grounds
	const char *reason; // without personal data
	const char *text;   // personal; for EVENT_ANSWERED the answer, which the person is shown
	const char *how;    // identity was shown; of what is dated back: by what it left
	bool contact_too;   // and that the contact is theirs; a mail shows that by itself, and a receipt or a mandate cannot
	const char *other;  // the id of another request
	const char *fields; // names of those that were corrected
	const char *owner;  // another secret, for whoever was shown to read the mails; the first one shows less from then on (rights_show)
	const char *recipient, *about; // of a notice: recipient.h
	const cJSON *restricts;        // of EVENT_RESTRICTED: what was restricted, [{receipt or record}], until it is lifted
	const char *mail;              // of what became of a mail: its id in the outbox, which is no more
	bool withheld;                 // it did not go, and nobody but officers is told (outbox.h)
	const char *signed_sha256;     // of the agent's message that had it done: rights_find_signed()
	time_t
	    at; // 0: now; else, for what holds or ends a clock, with how and reason, and no clock is held from before the request was entered
};
// Appends the event, with an entry in the ledger that has no personal data. What ends a request ends those that are joined to it, without its text and
// reason; where it is withdrawn, or ended on a ground that is about its sender (event.h), they are answered by themselves again.
// What is answered or refused gets a certificate, in the body. ERR_NOT_FOUND;
// ERR_REFUSED: not in this state; ERR_INPUT: something is missing or wrong.
int rights_act(struct vault *v, const char *id, const struct rights_act *act, struct err *e);
// `id` is joined to `to`, or to what that one is joined to: asked twice, answered once. `act` has by and reason. ERR_REFUSED: it is joined already, or asks
// for something else.
int rights_join(struct vault *v, const char *id, const char *to, const struct rights_act *act, struct err *e);
// Adds the ids of other open requests for the same right that give the same contact, without regard to case: a hint for the officer, and no proof.
int rights_perhaps_same(struct vault *v, const char *id, cJSON *ids, struct err *e);
// The person takes it back. Wrong id and wrong secret are the same ERR_NOT_FOUND.
int rights_withdraw(struct vault *v, const char *id, const char *secret, struct err *e);
// The person adds something, up to EVENT_ADDED_MAX times; where they were asked what they mean, it is the answer to that. As above; ERR_REFUSED: it is over;
// ERR_INPUT: no more can be added.
int rights_add(struct vault *v, const char *id, const char *secret, const char *text, struct err *e);
// What rights_act() does, for what is more than one event: `edit` changes the body, to which events were given, and is called again where somebody else
// changed it meanwhile. The state is what its events say then. `ledger` is the entry's name.
int rights_edit(struct vault *v, const char *id, int (*edit)(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e),
		void *arg, const char *ledger, const struct rights_act *act, struct err *e);

// {id, right, state, received, due, answer_by, late, clocks[{name, law, due, met, extended, paused, late}], events[{event, at, by?, ground?, reason?, text?}],
// copy_until? (until then a copy is handed out), mailbox? (true: who reads the mails of its address has another secret, with which alone the copy, the texts, the
// certificate and the stores are shown), read[{at, by, reason}], recipients (event.h), confirm? {mail: whether there is an address to ask, until: how long the code that was sent there holds, or null} (who asks is yet
// to show that they read the mails of their address), signal?, restricted?, restricted_since?, answered?, certificate?} for its owner. Wrong id and wrong secret are the same ERR_NOT_FOUND. The caller frees.
cJSON *rights_show(struct vault *v, const char *id, const char *secret, struct err *e);
// For the officer (the secret is not asked for): the same plus every event, `verified`, `proven`, `names_receipt` (or an archive), agent, and contact, message and
// the texts of events when `personal`.
cJSON *rights_show_officer(struct vault *v, const char *id, bool personal, struct err *e);

struct rights_row {
	const char *id, *right; // right: "" when unreadable
	const char *state;      // RIGHTS_UNREADABLE: its key is missing, and nothing else is known of it but when it was made
	time_t received, due;   // due: by the clock that ends next
	const char *clock;      // its name
	const char *how;        // it came: "letter"; "page" where the person made it there
	const char *contact;    // to be compared, and shown to nobody; NULL: none
	bool open, late, paused;
	bool missed; // it was ended after its time
	struct rights_facts facts;
};
#define RIGHTS_UNREADABLE "unreadable"
// Every live request, oldest first, until `each` returns non-zero.
int rights_each(struct vault *v, int (*each)(void *, const struct rights_row *), void *arg, struct err *e);

#endif
