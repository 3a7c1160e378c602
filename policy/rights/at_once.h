// SPDX-License-Identifier: ISC
// A data-subject request from the person: recorded, and carried out at once where the policy has the right as self-service.
#ifndef LETHE_RIGHTS_AT_ONCE_H
#define LETHE_RIGHTS_AT_ONCE_H

#include "policy/rights/request.h"

// Records a request. Where the policy offers it as self-service, and it names something that this version can find, it is carried out at once, after the
// request itself is durable: an erasure, a restriction, the withdrawal of
// the consents that the browser gave (`principal`), an opt-out of what rests on them; what is objected to is restricted until an officer has weighed it. Where that does not
// succeed the request stays open for the officer, and recording it has succeeded all the same.
// ERR_REFUSED: the policy does not offer the right; the text lists those it does.
int rights_record(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e);

#endif
