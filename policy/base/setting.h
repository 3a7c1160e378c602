// SPDX-License-Identifier: ISC
// Settings come from the environment; secrets from files or systemd credentials.
#ifndef LETHE_BASE_SETTING_H
#define LETHE_BASE_SETTING_H

#include "policy/base/buf.h"
#include "policy/base/err.h"

// The variable's value, or `otherwise` when it is unset or empty.
const char *setting(const char *name, const char *otherwise);
extern const char setting_installed_state[]; // /var/lib/lethe
const char *setting_state(void);             // LETHE_STATE, or that
const char *setting_run(void);               // LETHE_RUN, default /run/lethe
const char *setting_policy(void);            // LETHE_POLICY, default /etc/lethe/policy.xml, or where it was installed
// A secret: the file named by NAME_FILE, else $CREDENTIALS_DIRECTORY/NAME, else the variable NAME itself. Trailing white space goes.
// An empty credential is none: a unit gives one where there may be no file. ERR_NOT_FOUND when there is none; a file that was named and cannot be read is another error. Wipe the buffer after use.
int setting_secret(const char *name, struct buf *out, struct err *e);

#endif
