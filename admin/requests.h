// SPDX-License-Identifier: ISC
// What the subcommands of `lethe requests` share.
#ifndef LETHE_ADMIN_REQUESTS_H
#define LETHE_ADMIN_REQUESTS_H

#include "admin/table.h"
#include "policy/rights/request.h"

extern const struct command requests_list_command, requests_show_command, requests_add_command, requests_clock_command,
    requests_letter_command, requests_recipients_command, requests_report_command;

// Reads the option of this name, a day or a time, into *out, which stays as it is where it is not given. ERR_INPUT.
int requests_time(const struct arguments *args, const char *name, time_t *out, struct err *e);

#endif
