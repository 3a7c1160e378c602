// SPDX-License-Identifier: ISC
#include "fcgi/ipc/page_type.h"
#include "policy/base/array.h"
#include <string.h>
#include <strings.h>

enum page_type page_type_of(const char *type)
{
	static const struct {
		const char *type;
		enum page_type is;
	} rows[] = {{"text/html", PAGE_HTML},
		    {"application/xhtml+xml", PAGE_XHTML},
		    {"text/xml", PAGE_XML},
		    {"application/xml", PAGE_XML},
		    {"*/*", PAGE_UNDECLARED},
		    {"unknown/unknown", PAGE_UNDECLARED},
		    {"application/unknown", PAGE_UNDECLARED}};
	size_t len = type != NULL ? strcspn(type, "; \t,") : 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (len == strlen(rows[i].type) && strncasecmp(type, rows[i].type, len) == 0)
			return rows[i].is;
	return len == 0 || memchr(type, '/', len) == NULL ? PAGE_UNDECLARED : PAGE_NONE;
}
