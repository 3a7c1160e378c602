// SPDX-License-Identifier: ISC
// The one error type. A function that can fail returns 0 or -1 (or a pointer or NULL) and, when it fails, fills `struct err`.
#ifndef LETHE_BASE_ERR_H
#define LETHE_BASE_ERR_H

#include <stdbool.h>

enum err_code {
	ERR_NONE = 0,
	ERR_INPUT,       // what the caller or the visitor gave is wrong
	ERR_NOT_FOUND,   // no such thing, or no longer
	ERR_REFUSED,     // the policy does not allow it
	ERR_FULL,        // no space left where it would be written
	ERR_IO,          // reading or writing failed
	ERR_BUSY,        // somebody else holds it; later may work
	ERR_CORRUPT,     // stored bytes are damaged or were altered
	ERR_MEMORY,      // no memory, or a ceiling of limits.h was met
	ERR_TIMEOUT,     // the deadline passed
	ERR_GONE,        // the peer left: not an error of ours
	ERR_UNKNOWN,     // it may or may not have happened (a failed commit)
	ERR_UNAVAILABLE, // the other side is down or not configured
	ERR_RESTRICTED,  // it is kept and not used: its restriction was asked for
};

struct err {
	enum err_code code;
	char text[400]; // one line, for people; never personal data
};

// Fills *e (which may be NULL) and returns -1, so that `return err_set(e, …)` ends a function.
int err_set(struct err *e, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

// Puts "prefix: " before the text of *e; returns -1.
int err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// As err_set, with what the system says about `error_number` appended.
int err_system(struct err *e, enum err_code code, int error_number, const char *format, ...) __attribute__((format(printf, 4, 5)));

bool err_is_full(int error_number); // the disk has no space, or its user may have no more of it

#endif
