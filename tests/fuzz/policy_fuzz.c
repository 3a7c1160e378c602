// SPDX-License-Identifier: ISC
// Any bytes as a policy: refused with a message, or read, and then every form of it can be rendered.
#include "policy/publish/documents/documents.h"
#include "policy/publish/publish.h"
#include "policy/rules/load.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO struct buf messages = BUF_INIT(1 << 20), out = BUF_INIT(64 << 20);
	POLICY_AUTO struct policy *p = policy_read("policy.xml", (const char *)data, size, &messages);
	struct err e = {0};

	if (p == NULL && messages.len == 0)
		abort(); // a refusal always says why
	FACTS_AUTO struct facts facts = {0};
	if (p != NULL && facts_make(&facts, p, true, &e) != 0)
		abort();
	for (int format = LIST_TEXT; p != NULL && format <= LIST_XML; format++)
		subprocessors_write(&facts, (enum subprocessors_format)format, &out, &e);
	for (int form = FORM_HTML; p != NULL && form <= FORM_TEXT; form++)
		notice_write(p, (enum form)form, &out);
	if (p != NULL && notice_json(&facts, &out, &e) != 0)
		abort();
	return 0;
}
