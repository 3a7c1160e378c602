// SPDX-License-Identifier: ISC
// Cross-site requests without cookies: where a network position or an address is the authority, another site's page must not be able to
// act for the visitor. A browser says where a request comes from; what says nothing is no browser.
#include "fcgi/serve/internal.h"
#include <string.h>
#include <strings.h>

bool origin_allowed(const char *fetch_site, const char *origin, const char *host)
{
	if (fetch_site != NULL)
		return strcmp(fetch_site, "same-origin") == 0 || strcmp(fetch_site, "none") == 0;
	if (origin == NULL)
		return true;
	const char *authority = strstr(origin, "://");
	return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

bool cookie_declared(const struct policy *p, const char *set_cookie)
{
	set_cookie += strspn(set_cookie, " \t");
	size_t len = strcspn(set_cookie, "=; \t");
	for (size_t i = 0; p != NULL && i < p->cookie_count; i++)
		if (strlen(p->cookies[i].name) == len && memcmp(p->cookies[i].name, set_cookie, len) == 0)
			return true;
	return false;
}
