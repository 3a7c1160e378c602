// SPDX-License-Identifier: ISC
// The members of a call's head, read by a table into a struct. A head comes from another program, which may have been taken over: what is
// unknown, missing, or of another shape than its row says is refused.
#ifndef LETHE_IPC_HEAD_H
#define LETHE_IPC_HEAD_H

#include "policy/base/err.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum head_type {
	HEAD_TEXT,   // const char *, at most `max` bytes
	HEAD_LINE,   // the same in printable ASCII
	HEAD_WHOLE,  // unsigned, at most `max`
	HEAD_BOOL,   // bool
	HEAD_TEXTS,  // const char *[max + 1], NULL-terminated
	HEAD_OBJECT, // `members`, into the same struct
};

struct head_member {
	const char *name;
	enum head_type type;
	unsigned offset; // of the member of the struct
	unsigned max;
	bool required;
	const struct head_member *members;
};

// One operation that a program offers, by the name of its op; a table of them ends with {0}.
struct head_op {
	const char *name;
	const struct head_member *members;
};

// Finds the operation of a head in the table and reads its members, of which a table ends with {0}; "op" needs no row. Texts stay the head's;
// what is absent is left as it was. Returns the index of the operation; -1: ERR_INPUT.
int head_read_op(void *out, const cJSON *head, const struct head_op *ops, struct err *e);

#endif
