// SPDX-License-Identifier: ISC
#include "fcgi/serve/media_type.h"
#include "policy/base/array.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool media_type_is(const char *header, const char *type)
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

int media_type_parameter(const char *header, const char *name, char *out, size_t size)
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

static const char *const made[] = {"application/json", "text/html", "text/event-stream"};
enum { MADE = ARRAY_LEN(made), RANGES_MAX = 32 };

// How closely a media range says `type`: 0: not at all, 1: as */*, 2: as type/*, 3: by its name.
static int range_match(const char *range, size_t len, const char *type)
{
	size_t major = strcspn(type, "/") + 1;
	if (len == 3 && memcmp(range, "*/*", 3) == 0)
		return 1;
	if (len == major + 1 && range[major] == '*' && strncasecmp(range, type, major) == 0)
		return 2;
	return len == strlen(type) && strncasecmp(range, type, len) == 0 ? 3 : 0;
}

// "q=0.8" among the range's parameters.
static double range_quality(const char *p, const char *end)
{
	while ((p = memchr(p, ';', (size_t)(end - p))) != NULL) {
		p += 1 + strspn(p + 1, " \t");
		if ((*p == 'q' || *p == 'Q') && p[1] == '=')
			return p[2] == '0' || p[2] == '1' ? fmin(strtod(p + 2, NULL), 1) : 0;
	}
	return 1;
}

const char *media_type_preferred(const char *accept)
{
	struct {
		double quality;
		int match, position;
	} found[MADE] = {{0}};
	int position = 0;
	for (const char *p = accept; p != NULL && position < RANGES_MAX; position++) {
		p += strspn(p, " \t");
		const char *end = p + strcspn(p, ",");
		size_t len = strcspn(p, ",; \t");
		for (size_t i = 0; i < MADE; i++) {
			int match = range_match(p, len, made[i]);
			if (match <= found[i].match)
				continue;
			found[i].match = match;
			found[i].quality = range_quality(p + len, end);
			found[i].position = position;
		}
		p = *end ? end + 1 : NULL;
	}
	size_t best = 0;
	for (size_t i = 1; i < MADE; i++) {
		if (found[i].quality <= 0) // not named, or refused
			continue;
		double better = found[i].quality - found[best].quality;
		if (better == 0)
			better = found[i].match - found[best].match;
		if (better == 0)
			better = found[best].position - found[i].position;
		if (better > 0)
			best = i;
	}
	return made[best];
}
