// SPDX-License-Identifier: ISC
// A mail as it travels (RFC 5322, MIME): one recipient, plain text. Pure.
#ifndef LETHE_EGRESS_MESSAGE_H
#define LETHE_EGRESS_MESSAGE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <time.h>

enum {
	MESSAGE_TEXT_MAX = 256 * 1024,
	MESSAGE_SUBJECT_MAX = 400,
	MESSAGE_MAX = 1024 * 1024, // every byte of the text escaped
	MESSAGE_ID_LEN = 32,
};

struct message {
	const char *from, *from_name; // an address in its plain form, and who that is
	const char *to;               // the same
	const char *subject;
	const char *id; // hex, random: the same for the same mail sent again, so that whoever gets it twice can tell
	time_t at;
	const char *text; // UTF-8 with lines of any length and any line ends
	size_t len;
};
// ERR_INPUT: something is in it that no mail may have: a line end or another control character in a header, a text that is not UTF-8 or too long.
int message_check(const struct message *m, struct err *e);
int message_write(struct buf *out, const struct message *m, struct err *e);

#endif
