// SPDX-License-Identifier: ISC
// The body of a call that is to be anonymised: any bytes, as JSON, as a form, and as a text, which need not be UTF-8. No crash; what is not refused is
// still what it was, JSON or a form; what was no personal data leaves as it came.
#include "fcgi/egress/anonymise.h"
#include "fcgi/moderation/filter.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void body_take(const uint8_t *data, size_t size, const char *type)
{
	FRAME_AUTO struct frame call = FRAME_INIT(1 << 22);
	uint64_t masked = 0;
	struct err e = {0};

	if (buf_add(&call.bytes, data, size) != 0)
		return;
	call.body = buf_text(&call.bytes);
	call.body_len = size;
	int ret = anonymise_call(&call, type, &masked, &e);
	if ((ret != 0 || masked == 0) && (call.body_len != size || memcmp(call.body, data, size) != 0))
		abort();
	if (ret == 0 && *type == 'a') {
		JSON_AUTO cJSON *again = json_parse(call.body, call.body_len, NULL);
		if (again == NULL)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO struct buf text = BUF_INIT(1 << 20), masked = BUF_INIT(1 << 22);
	unsigned count = 0;

	if (size > 1 << 16)
		return 0;
	body_take(data, size, "application/json");
	body_take(data, size, "multipart/form-data; boundary=b");
	if (buf_add(&text, data, size) != 0 || strlen(buf_text(&text)) != size)
		return 0;
	if (filter_mask(buf_text(&text), FILTER_ANONYMISED, &masked, &count) != 0)
		return 0;
	if ((count == 0) != (strcmp(buf_text(&text), buf_text(&masked)) == 0))
		abort();
	if (utf8_valid(buf_text(&text), size) && !utf8_valid(buf_text(&masked), masked.len))
		abort();
	return 0;
}
