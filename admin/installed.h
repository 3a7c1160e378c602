// SPDX-License-Identifier: ISC
#ifndef LETHE_ADMIN_INSTALLED_H
#define LETHE_ADMIN_INSTALLED_H

#include "admin/admin.h"

// Sets what the installed lethe.env says, and where the master key is, as far as the environment is silent.
enum status installed_settings(void);
// What lethe-run says in `state`/run.env of the site that it serves: for every variable that is unset. No such file is fine.
enum status installed_site(const char *state);
// The same for any file. ERR_NOT_FOUND, ERR_IO, ERR_MEMORY.
int installed_read(const char *path, struct err *e);

#endif
