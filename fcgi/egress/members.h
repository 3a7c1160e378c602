// SPDX-License-Identifier: ISC
// What a body holds, compared with what its route may carry: `members` and `body` of the vendor's row (policy/processors/processors.h), and the kinds
// of data that the call declares. One pass over the bytes, without a tree, as a body may hold megabytes of pictures. Pure.
#ifndef LETHE_EGRESS_MEMBERS_H
#define LETHE_EGRESS_MEMBERS_H

#include "fcgi/egress/failure.h"
#include "policy/model/policy.h"
#include "policy/processors/processors.h"

enum {
	MEMBERS_DEEP = 16,         // objects and arrays in each other
	MEMBERS_SETTING_MAX = 256, // bytes of a text that carries no data: the id of a model, a size
	MEMBERS_NAME = 48,
};
// Whether the body may go. `type`: its content type (JSON or a form of RFC 7578); NULL: not said. FAILURE_NONE; FAILURE_MEMBER: it holds what the route may
// not carry, or is not what its type says; FAILURE_KIND: it holds data of a kind that is not among `kinds`; FAILURE_FIELD: it holds some in a member in which the
// policy does not let `to` receive it; FAILURE_FLAGS: what must be in it is not. `name`
// becomes the member that is at fault where that has a plain name, else "".
enum egress_failure members_check(const struct policy_processor *to, const struct processor_route *r, kind_set kinds, const char *type,
				  const char *body, size_t len, char name[MEMBERS_NAME]);

#endif
