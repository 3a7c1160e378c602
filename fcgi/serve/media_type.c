// SPDX-License-Identifier: ISC
#include "fcgi/serve/media_type.h"
#include "policy/base/array.h"
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

static const struct {
	const char *type, *subtype;
} made[] = {
    [WANTS_JSON] = {"application", "json"},
    [WANTS_HTML] = {"text", "html"},
    [WANTS_EVENTS] = {"text", "event-stream"},
};
enum { MADE = ARRAY_LEN(made), RANGES_MAX = 32 };

struct match {
	int specific; // 0: none, 1: */*, 2: type/*, 3: exact
	int quality;  // thousandths
	int position;
};

static bool same(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

static int specificity(const char *range, size_t len, size_t which)
{
	const char *slash = memchr(range, '/', len);
	if (slash == NULL)
		return 0;
	size_t left = (size_t)(slash - range), right = len - left - 1;
	if (same(range, left, "*") && same(slash + 1, right, "*"))
		return 1;
	if (!same(range, left, made[which].type))
		return 0;
	if (same(slash + 1, right, "*"))
		return 2;
	return same(slash + 1, right, made[which].subtype) ? 3 : 0;
}

// "q=0.8" among the range's parameters, in thousandths.
static int quality(const char *p, const char *end)
{
	while ((p = memchr(p, ';', (size_t)(end - p)))) {
		p += 1 + strspn(p + 1, " \t");
		if ((*p != 'q' && *p != 'Q') || p[1] != '=')
			continue;
		if (p[2] == '1')
			return 1000;
		int thousandths = 0, weight = 100;
		if (p[2] == '0' && p[3] == '.')
			for (p += 4; p < end && *p >= '0' && *p <= '9' && weight; p++, weight /= 10)
				thousandths += (*p - '0') * weight;
		return thousandths;
	}
	return 1000;
}

static bool better(const struct match *a, const struct match *b)
{
	if (a->quality != b->quality)
		return a->quality > b->quality;
	if (a->specific != b->specific)
		return a->specific > b->specific;
	return a->position < b->position;
}

enum wants media_type_preferred(const char *accept)
{
	struct match found[MADE] = {{0}};
	int position = 0;
	for (const char *p = accept; p != NULL && position < RANGES_MAX; position++) {
		p += strspn(p, " \t");
		const char *end = p + strcspn(p, ",");
		size_t len = strcspn(p, ",; \t");
		for (size_t i = 0; i < MADE; i++) {
			int specific = specificity(p, len, i);
			if (specific > found[i].specific)
				found[i] = (struct match){specific, quality(p + len, end), position};
		}
		p = *end ? end + 1 : NULL;
	}
	size_t best = WANTS_JSON;
	for (size_t i = 1; i < MADE; i++)
		if (better(&found[i], &found[best]))
			best = i;
	return (enum wants)best;
}
