// SPDX-License-Identifier: ISC
// Restriction of processing (GDPR, Article 18). Each stands on a data-subject request, whose events say on which ground, since when, and that the
// person was told before it ended; what it names, and what is of its contact where that was proven (person.h), is restricted in the vault (vault_restrict).
// What that was, at that time, stands in its body (`restricts`) until it is lifted: the contact may be corrected, and what led there may end before.
#ifndef LETHE_RIGHTS_RESTRICT_H
#define LETHE_RIGHTS_RESTRICT_H

#include "policy/rights/person.h"
#include "policy/rights/request.h"

// Restricts what the open request names; one for restriction is answered by it. It may be called again where it did not come to its end. A dry run only
// counts. ERR_REFUSED: it is not open, or is restricted already, or the policy does not offer the right; ERR_INPUT: it names nothing, or the ground is none
// (the text lists them); ERR_NOT_FOUND: nothing is kept of what it names.
int rights_restrict(struct vault *v, const char *id, const char *ground, const char *reason, const char *by, bool dry_run,
		    struct restrict_result *out, struct err *e);
// The person is told, for this reason, that it will be lifted.
int rights_restrict_tell(struct vault *v, const char *id, const char *reason, const char *by, struct err *e);
// Lifts it. What another request restricts, too, stays restricted. ERR_REFUSED: it is not restricted, or the person was not told (Article 18(3)).
int rights_restrict_lift(struct vault *v, const char *id, const char *by, struct restrict_result *out, struct err *e);
// An objection (Article 21) does not hold: it is refused for compelling grounds, the person is told, and what was restricted for it is used again. It may be
// called again where it did not come to its end. ERR_INPUT: it is no objection, or no reason is given; ERR_REFUSED: it is over.
int rights_objection_override(struct vault *v, const char *id, const char *reason, const char *text, const char *by,
			      struct restrict_result *out, struct err *e);
// What would be restricted of a person.
int rights_restrict_would(struct vault *v, const struct person *person, struct restrict_result *out, struct err *e);
// What is restricted by the request now.
int rights_restrict_count(struct vault *v, const char *id, struct restrict_result *out, struct err *e);

#endif
