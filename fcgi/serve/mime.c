// SPDX-License-Identifier: ISC
// Media types as headers carry them.
#include "fcgi/serve/internal.h"
#include <string.h>
#include <strings.h>

bool mime_is(const char *header, const char *type)
{
	if (header == NULL)
		return false;
	header += strspn(header, " \t");
	size_t len = strcspn(header, "; \t");
	return len == strlen(type) && strncasecmp(header, type, len) == 0;
}

// Copies one value, quoted or bare, and returns where it ended; NULL when it is malformed or does not fit.
static const char *value_copy(const char *p, char *out, size_t size)
{
	size_t n = 0;
	bool quoted = *p == '"';
	for (p += quoted; quoted ? *p != '"' : strchr("; \t", *p) == NULL; p++) {
		if (!*p || n + 1 >= size)
			return NULL;
		if (quoted && *p == '\\' && p[1] == '"')
			p++;
		if (out != NULL)
			out[n] = *p;
		n++;
	}
	if (out != NULL)
		out[n] = 0;
	return p + quoted;
}

int mime_parameter(const char *header, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	const char *p = header != NULL ? strchr(header, ';') : NULL;
	while (p != NULL && *p == ';') {
		p += 1 + strspn(p + 1, " \t");
		size_t key = strcspn(p, "=; \t");
		if (p[key] != '=') {
			p = strchr(p, ';');
			continue;
		}
		bool wanted = key == len && strncasecmp(p, name, len) == 0;
		p = value_copy(p + key + 1, wanted ? out : NULL, wanted ? size : 4096);
		if (wanted)
			return p != NULL ? 0 : -1;
		if (p != NULL)
			p += strspn(p, " \t");
	}
	return -1;
}
