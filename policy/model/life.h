// SPDX-License-Identifier: ISC
// Until when a record lives, and what happens then. A kind has one or more lives; a record lives while one of them holds, and the one that holds
// longest says what happens at its end. Storing, pruning, erasing, holds and checks all ask life_of().
#ifndef LETHE_MODEL_LIFE_H
#define LETHE_MODEL_LIFE_H

#include "policy/model/policy.h"

// What is known of a record beside when it was made. A life with a condition holds: while the service runs, always; while the account is there,
// until LIFE_ACCOUNT_ENDED; while consent is given, until LIFE_CONSENT_WITHDRAWN; while it is saved, as long as LIFE_SAVED; while it
// is closed, from LIFE_CLOSED on.
enum life_fact {
	LIFE_COMPLETED,
	LIFE_CLOSED, // the matter is over
	LIFE_ACCOUNT_ENDED,
	LIFE_SAVED,
	LIFE_CONSENT_WITHDRAWN,
	LIFE_HELD,       // by a legal hold
	LIFE_ERASED,     // its erasure was asked for
	LIFE_ANONYMISED, // nothing personal is left of it
	LIFE_END_ASKED,  // the end that was asked for when it was stored: earlier than the policy's
	LIFE_RESTRICTED, // it is kept and not used, as the person asked (Article 18)
	LIFE_WANTED,     // and that person wants it kept instead of ended: 18(1)(b), (c)
	LIFE_FACTS
};
#define LIFE_BIT(fact) (1u << (fact))
struct life_facts {
	time_t made;
	time_t since[LIFE_FACTS]; // 0: it is not so
};

struct life {
	time_t end;              // 0: none that is fixed
	enum policy_ending then; // at that end
	bool held;               // a legal hold alone keeps it
	bool wanted;             // nothing but the restriction that the person asked for keeps it
};
struct life life_of(const struct policy_kind *kind, const struct life_facts *facts);
// The end of what is made at `made`, when nothing else is known of it. 0: none that is fixed. Only for KEEP_STORED.
time_t life_end(const struct policy *p, enum kind kind, time_t made);
bool life_may_be_held(const struct policy_kind *kind);
// The longest of the lives that last while nothing but time passes; zero when there is none.
struct duration life_longest(const struct policy_kind *kind);
// All of them: "for 90 days unless it is saved, or while it is saved"; with what happens then: "for 14 days, then deleted".
void life_words(char *out, size_t size, const struct policy_kind *kind, bool endings);
extern const char *const life_condition_words[]; // by enum policy_condition: "the account exists"
// Whether everything of the kind ends at a fixed time after it is made, whatever happens meanwhile; and that within a month.
bool life_is_fixed(const struct policy_kind *kind);
bool life_is_short(const struct policy_kind *kind);
// Tells one set of lives of all kinds from another.
uint64_t life_fingerprint(const struct policy *p);

// The facts as text, "closed=1795305600 held=1795305700", and back. What is not known is left out.
enum { LIFE_TEXT_MAX = 384 };
void life_facts_text(char out[LIFE_TEXT_MAX], const struct life_facts *facts);
void life_facts_read(struct life_facts *out, const char *text);

#endif
