// SPDX-License-Identifier: ISC
// A URL of a stranger, and a redirect from a page: whatever is taken has a plain host, a web scheme and a web port.
#include "fcgi/egress/url.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(CURLU *u)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
	if (u == NULL)
		return;
	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		abort();
	if (curl_url_get(u, CURLUPART_HOST, &host, 0) || strpbrk(host, "@%\\/?# \t\r\n") != NULL)
		abort();
	if (!curl_url_get(u, CURLUPART_PORT, &port, 0) && strcmp(port, "80") != 0 && strcmp(port, "443") != 0)
		abort();
	if (!curl_url_get(u, CURLUPART_USER, &user, 0))
		abort();
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	URL_AUTO CURLU *page = url_page(text, NULL), *from = url_page("https://example.com/a?b", NULL);
	URL_AUTO CURLU *to = url_redirect(from, text, NULL);
	check(page);
	check(to);
	free(text);
	return 0;
}
