// SPDX-License-Identifier: ISC
#include "policy/base/text.h"
#include "policy/publish/pages.h"

// Global Privacy Control: nothing is sold or shared for advertising here, so the signal is always honoured.
void gpc_json(const struct policy *p, struct buf *out)
{
	char updated[WHEN_DATE];

	when_date(updated, p->updated);
	buf_printf(out, "{\"gpc\": true, \"lastUpdate\": \"%s\"}\n", updated);
}

// RFC 9116. Expires moves in steps of 90 days, so that publishing again changes nothing until a step is reached, and always lies between
// 180 and 270 days ahead: the file is renewed long before it would expire.
void security_txt(const struct policy *p, time_t now, struct buf *out)
{
	const time_t step = 90 * 86400;
	char expires[WHEN_TEXT];

	when_text(expires, (now / step + 3) * step);
	buf_adds(out, "Contact: mailto:");
	header_value(out, p->contact);
	buf_printf(out, "\nExpires: %s\nPreferred-Languages: ", expires);
	for (size_t i = 0; i < p->language_count; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		header_value(out, p->languages[i].id);
	}
	buf_addc(out, '\n');
	if (p->controller.web != NULL) {
		BUF_AUTO struct buf base = BUF_INIT(2048);
		header_value(&base, p->controller.web);
		while (base.len > 0 && base.data[base.len - 1] == '/')
			base.data[--base.len] = '\0';
		buf_printf(out, "Canonical: %s/.well-known/security.txt\n", buf_text(&base));
	}
}
