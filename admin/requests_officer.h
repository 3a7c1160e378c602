// SPDX-License-Identifier: ISC
// Who did what, and what they wrote of it, in the commands about requests and cases.
#ifndef LETHE_ADMIN_REQUESTS_OFFICER_H
#define LETHE_ADMIN_REQUESTS_OFFICER_H

#include "admin/table.h"

// The user who runs this, also behind sudo: who did it, for the ledger and for the person.
enum { OFFICER_MAX = 64 };
void requests_officer(char out[OFFICER_MAX]);
// A text that may have several lines, from where the option of this name says; nothing where it is not given. ERR_INPUT.
int requests_text(const struct arguments *args, const char *name, struct buf *out, struct err *e);
// What goes wrong with a request, said: the exit status.
enum status requests_failed(const struct err *e);

#endif
