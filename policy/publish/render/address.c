// SPDX-License-Identifier: ISC
#include "policy/publish/render/address.h"
#include "policy/base/text.h"
#include <string.h>

void address_site(const struct policy *p, struct buf *out)
{
	const char *web = p->controller.web, *at = strchr(p->contact, '@');

	if (web != NULL) {
		header_value(out, web);
	} else {
		buf_adds(out, "https://");
		header_value(out, at != NULL ? at + 1 : "site.invalid");
	}
	while (out->len > 0 && out->data[out->len - 1] == '/')
		out->data[--out->len] = '\0';
}

void address_page(const struct policy *p, const char *to, struct buf *out)
{
	bool page = to[0] == '/' && strchr(to, '.') == NULL && strncmp(to, "/api/", 5) != 0;
	bool other = p->view_count > 0 && strcmp(p->language, p->views[0]->language) != 0;

	size_t len = strcspn(to, "#");

	if (page && other)
		buf_printf(out, "%.*s.%s%s", (int)(len == 1 ? strlen("/index") : len), len == 1 ? "/index" : to, p->language, to + len);
	else
		buf_adds(out, to);
}
