// SPDX-License-Identifier: ISC
// The text of a closed segment, which whoever may write the state folder can replace: never read beyond its end, and what is taken from it
// written out again is the same text, so that nothing can stand in the file that its root does not cover.
#include "policy/base/text.h"
#include "policy/vault/segment.h"
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 2, START = 2, TEXT_MAX = 1 << 20 };

static int write_again(void *arg, const struct ledger_row *row)
{
	static const uint8_t none[HASH_LEN];
	char hex[2 * HASH_LEN + 1] = "-";

	if (memcmp(row->commitment, none, HASH_LEN) != 0)
		hex_encode(hex, row->commitment, HASH_LEN);
	buf_printf(arg, "%lld\t%s\t%s\t%s\t%s\n", (long long)row->at, row->name, row->policy, row->details, hex);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mark_row row = {.start = START, .size = START + EVENTS, .there = true};
	struct buf again BUF_AUTO = BUF_INIT(TEXT_MAX);
	char *text = malloc(size + 1); // as a buf, it ends with a NUL
	struct err e;

	if (text == NULL || size > TEXT_MAX / 4) {
		free(text);
		return 0;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	buf_printf(&again, "lethe-ledger/v1 %d %d\n", START, EVENTS);
	if (segment_read(text, size, &row, 0, UINT64_MAX, write_again, &again, &e) == 0 &&
	    (again.len != size || memcmp(again.data, data, size) != 0))
		abort();
	free(text);
	return 0;
}
