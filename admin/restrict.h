// SPDX-License-Identifier: ISC
// What `lethe restrict` and `lethe object` share.
#ifndef LETHE_ADMIN_RESTRICT_H
#define LETHE_ADMIN_RESTRICT_H

#include "admin/requests.h"

#define RESTRICT_CONTACT_OPTION                                                                                                            \
	{                                                                                                                                  \
		"contact", OPTION_HIDDEN, NULL,                                                                                            \
		    "without ID: the same, for all that bears a contact; --reason says how it is known to be theirs"                       \
	}
// Restricts what the request of the arguments names, or enters one for this right first. `ground` NULL: it is missing, and it is said so.
enum status restrict_place(const struct admin *a, const struct arguments *args, const char *right, const char *ground);
enum status restrict_did(const struct arguments *args, const char *id, const char *did, const struct restrict_result *r);

#endif
