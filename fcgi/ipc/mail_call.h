// SPDX-License-Identifier: ISC
// A mail handed to egress (egress_call.h).
#ifndef LETHE_IPC_MAIL_CALL_H
#define LETHE_IPC_MAIL_CALL_H

#include "policy/model/kind.h"
#include <stddef.h>

enum { MAIL_FAILURE = 32 };
// Sends the text to one recipient. 0: a server took it. 1: it did not, and may later. -1: it never will. `failure`: egress's word for why; *wait_s: for how long
// the server asked to be left alone, 0: it did not say.
int mail_call(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
	      const char *text, size_t len, char failure[MAIL_FAILURE], unsigned *wait_s);

#endif
