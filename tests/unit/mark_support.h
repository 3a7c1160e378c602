// SPDX-License-Identifier: ISC
// Where a marked picture goes in tests: a buffer.
#ifndef LETHE_TEST_MARK_SUPPORT_H
#define LETHE_TEST_MARK_SUPPORT_H

#include "policy/picture/mark.h"
#include <string.h>

static int mark_buffer_write(void *arg, const void *bytes, size_t len, struct err *e)
{
	return buf_add(arg, bytes, len) == 0 ? 0 : err_set(e, ERR_FULL, "full");
}

static int mark_buffer_read(void *arg, uint64_t at, void *bytes, size_t len, struct err *e)
{
	const struct buf *out = arg;

	if (at > out->len || len > out->len - at)
		return err_set(e, ERR_IO, "short");
	memcpy(bytes, out->data + at, len);
	return 0;
}

static int mark_buffer_restart(void *arg, struct err *e)
{
	(void)e;
	buf_reset(arg);
	return 0;
}

static const struct mark_output mark_buffer = {mark_buffer_write, mark_buffer_read, mark_buffer_restart};

#endif
