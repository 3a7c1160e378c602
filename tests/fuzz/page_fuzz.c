// SPDX-License-Identifier: ISC
// A page: one byte chooses the HTTP type, the rest is the body. Whatever comes, the facts are valid UTF-8 that fits into a reply.
#include "fcgi/worker/page.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL,
					    "text/html",
					    "text/html; charset=utf-8",
					    "text/html; charset=shift_jis",
					    "text/html; charset=gb18030",
					    "text/html; charset=big5",
					    "text/html; charset=euc-jp",
					    "text/html; charset=iso-2022-jp",
					    "text/html; charset=utf-16le",
					    "text/html; charset=windows-1255",
					    "application/xhtml+xml",
					    "application/xml",
					    "*/*"};
	const char *code = NULL;
	struct err e = {0};
	struct buf text = BUF_INIT(PAGE_FACTS_MAX);
	if (size == 0)
		return 0;
	if (page_prepare(&e) != 0)
		abort();
	cJSON *facts = page_read((const char *)data + 1, size - 1, types[data[0] % (ARRAY_LEN(types))], &code, &e);
	if (facts == NULL && (code == NULL || e.code == ERR_NONE))
		abort();
	if (facts != NULL && (json_print(&text, facts) != 0 || !utf8_valid(text.data, text.len)))
		abort();
	buf_free(&text);
	cJSON_Delete(facts);
	return 0;
}
