// SPDX-License-Identifier: ISC
// Base64 whole, in pieces, and a digit at a time: all three say the same. The first byte is the size of the pieces.
#include "policy/base/base64.h"
#include "tests/unit/base64_reference.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t piece = data[0] + 1u, len = size - 1;
	const char *text = (const char *)data + 1;
	BUF_AUTO struct buf whole = BUF_INIT(size), pieces = BUF_INIT(size), again = BUF_INIT(2 * size);
	struct base64_decoder d = {0};
	unsigned char *reference = malloc(len);
	ssize_t expected = reference_decode(reference, text, len), taken = 0;
	for (size_t at = 0; at < len && taken == (ssize_t)at; at += piece)
		taken += base64_feed(&d, &pieces, text + at, len - at < piece ? len - at : piece);
	bool good = taken == (ssize_t)len && base64_finish(&d, &pieces) == 0;
	if (good != (expected >= 0) || (base64_decode(&whole, text, len) == 0) != good)
		abort();
	if (good && (whole.len != (size_t)expected || pieces.len != whole.len || memcmp(buf_text(&whole), reference, whole.len) != 0 ||
		     memcmp(buf_text(&pieces), reference, whole.len) != 0 || base64_add(&again, buf_text(&whole), whole.len) != 0 ||
		     again.len != len || memcmp(again.data, text, len) != 0))
		abort();
	free(reference);
	return 0;
}
