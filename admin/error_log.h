// SPDX-License-Identifier: ISC
// The web server's error log, `run`/error.log. nginx opens it to append, so emptying it in place loses nothing that comes later.
#ifndef LETHE_ADMIN_ERROR_LOG_H
#define LETHE_ADMIN_ERROR_LOG_H

#include "policy/base/err.h"
#include "policy/model/policy.h"
#include <stdbool.h>
#include <stddef.h>

struct error_log {
	size_t lines;  // 0 also where there is no such file
	time_t oldest; // its first dated line, never later than the file's last change; 0: empty
};
// ERR_IO, ERR_REFUSED (not a plain file).
int error_log_look(const char *run, struct error_log *out, struct err *e);
// Would something in it be older than the policy allows at this time? Where the policy keeps none, any line is too old.
bool error_log_due(const struct policy *p, const struct error_log *log, time_t at);
// Empties it when it is due at this time; *ended says how many lines went, or would go in a dry run.
int error_log_prune(const struct policy *p, const char *run, time_t at, bool dry_run, size_t *ended, struct err *e);

#endif
