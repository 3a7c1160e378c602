// SPDX-License-Identifier: ISC
// What the subcommands of `lethe requests` share.
#ifndef LETHE_ADMIN_REQUESTS_H
#define LETHE_ADMIN_REQUESTS_H

#include "admin/table.h"
#include "policy/rights/request.h"

extern const struct command requests_list_command, requests_show_command, requests_add_command, requests_clock_command,
    requests_letter_command, requests_recipients_command, requests_report_command;

// Reads the option of this name, a day or a time, into *out, which stays as it is where it is not given. -1, and it is said why.
int requests_time(const struct arguments *args, const char *name, time_t *out);
// The user who runs this, also behind sudo: who did it, for the ledger and for the person.
enum { OFFICER_MAX = 64 };
void requests_officer(char out[OFFICER_MAX]);
// A text that may have several lines, from where the option of this name says; nothing where it is not given. ERR_INPUT.
int requests_text(const struct arguments *args, const char *name, struct buf *out, struct err *e);
// What goes wrong with a request, said: the exit status.
enum status requests_failed(const struct err *e);

#endif
