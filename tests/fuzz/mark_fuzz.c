// SPDX-License-Identifier: ISC
// The mark over any bytes: no crash; in pieces the same as whole; a second mark changes nothing.
#include "fcgi/generate/mark.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int output_write(void *arg, const void *bytes, size_t len, struct err *e)
{
	return buf_add(arg, bytes, len) == 0 ? 0 : err_set(e, ERR_FULL, "full");
}

static int output_read(void *arg, uint64_t at, void *bytes, size_t len, struct err *e)
{
	const struct buf *out = arg;

	if (at > out->len || len > out->len - at)
		return err_set(e, ERR_IO, "short");
	memcpy(bytes, out->data + at, len);
	return 0;
}

static int output_restart(void *arg, struct err *e)
{
	(void)e;
	buf_reset(arg);
	return 0;
}

static int mark_by(const void *bytes, size_t len, size_t piece, struct buf *out, struct mark_facts *facts)
{
	static const struct mark_output output = {output_write, output_read, output_restart};
	struct mark_stream m;
	int done = 0;

	mark_begin(&m, MARK_MODEL, &output, out);
	for (size_t at = 0; at < len && done == 0; at += piece)
		done = mark_add(&m, (const char *)bytes + at, piece < len - at ? piece : len - at, NULL);
	done = done == 0 ? mark_end(&m, facts, NULL) : done;
	mark_free(&m);
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO struct buf once = BUF_INIT(1 << 22), pieces = BUF_INIT(1 << 22), twice = BUF_INIT(1 << 22);
	struct mark_facts facts, again;
	int done = mark_by(data, size, size, &once, &facts);

	if (mark_by(data, size, size > 0 ? 1 + data[size - 1] % 64 : 1, &pieces, &again) != done)
		abort();
	if (done != 0)
		return 0;
	if (pieces.len != once.len || memcmp(pieces.data, once.data, once.len) != 0)
		abort();
	if (facts.width == 0 || facts.height == 0 || facts.width > 8192 || facts.height > 8192)
		abort();
	if (mark_by(once.data, once.len, once.len, &twice, &again) != 0 || once.len != twice.len ||
	    memcmp(once.data, twice.data, once.len) != 0)
		abort();
	return 0;
}
