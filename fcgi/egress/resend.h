// SPDX-License-Identifier: ISC
// Resend's way with a mail: what it is sent, and what its answers mean. Pure. (https://resend.com/docs/api-reference/emails/send-email, …/errors)
#ifndef LETHE_EGRESS_RESEND_H
#define LETHE_EGRESS_RESEND_H

#include "fcgi/egress/failure.h"
#include "fcgi/egress/message.h"

// {"from","to","subject","text"}: the same bytes for the same mail sent again, as its idempotency key demands. ERR_INPUT: as message_check().
int resend_write(struct buf *out, const struct message *m, struct err *e);
// FAILURE_NONE: the mail was taken. FAILURE_MAIL_UNSURE: it says neither that it was nor that it was not.
enum egress_failure resend_failure(long status, const char *body, size_t len);

#endif
