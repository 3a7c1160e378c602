// SPDX-License-Identifier: ISC
// The content rules over any text: no crash, and what was masked is no longer found.
#include "fcgi/moderation/filter.h"
#include "policy/base/text.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO struct buf text = BUF_INIT(1 << 20), masked = BUF_INIT(1 << 22);
	rule_set found = 0;

	if (!utf8_valid((const char *)data, size) || buf_add(&text, data, size) != 0)
		return 0;
	if (filter_find(buf_text(&text), &found) != 0 || filter_mask(buf_text(&text), RULES_PERSONAL, &masked, NULL) != 0)
		return 0;
	if (!(found & RULES_PERSONAL) && strcmp(buf_text(&text), buf_text(&masked)) != 0)
		abort(); // changed what it did not find
	if (!utf8_valid(buf_text(&masked), masked.len))
		abort();
	return 0;
}
