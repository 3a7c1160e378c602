// SPDX-License-Identifier: ISC
#ifndef LETHE_RIGHTS_CONTACT_H
#define LETHE_RIGHTS_CONTACT_H

#include "policy/base/buf.h"

// What a data subject gave as the way to reach them: an e-mail address, a phone number, a postal address, or something else that an officer
// would understand. NULL when it may be one, else the key of the word for what is wrong with it: only what can reach nobody is refused, because a right must not
// depend on our idea of an address. `text` is UTF-8.
const char *contact_fault(const char *text);
// What is recorded of it: without white space around it (a pasted line end); of an e-mail address, the dots and the @ of Asian input methods
// as plain ones, and without the full stop of the sentence that it ended.
void contact_tidy(struct buf *out, const char *text);

#endif
