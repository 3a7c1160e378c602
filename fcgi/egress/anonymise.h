// SPDX-License-Identifier: ISC
// What a processor gets whose row in the policy says anonymised="yes". It is done here, where every call to a vendor passes, so that it holds
// whatever program made the call.
#ifndef LETHE_EGRESS_ANONYMISE_H
#define LETHE_EGRESS_ANONYMISE_H

#include "fcgi/ipc/frame.h"

// Takes personal data (FILTER_ANONYMISED of moderation/filter.h) out of every text in the body of a whole call: the strings of JSON, also of JSON in a
// string, or the fields of a form. Pictures stay. The body is replaced by what is left, *masked grows by the number of passages that were taken out.
// `type`: the body's content type. ERR_INPUT: neither JSON nor a form, so that nothing can be said of it, or its texts are longer than any prompt; ERR_MEMORY. Then the body is as it was.
int anonymise_call(struct frame *call, const char *type, uint64_t *masked, struct err *e);

#endif
