// SPDX-License-Identifier: ISC
#include "policy/model/kind.h"
#include <stdio.h>
#include <string.h>

// Which function was used, by which provider, for how many pictures, and how it went: nobody can be told from it.
static const char *const usage_stays[] = {"function", "provider", "images", "outcome", NULL};

static const struct kind_row rows[KIND_COUNT] = {
#define KIND(id, ...) {KIND_##id, __VA_ARGS__},
#include "policy/model/kind.def"
#undef KIND
};

const struct kind_row *kind_row(enum kind k)
{
	return &rows[k];
}

int kind_from_name(enum kind *out, const char *name)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*out = rows[i].kind;
			return 0;
		}
	}
	return -1;
}

int kind_set_read(kind_set *out, const char *names)
{
	for (*out = 0; *names != '\0'; names += *names == ' ') {
		const size_t len = strcspn(names, " ");
		unsigned i = 0;
		while (i < KIND_COUNT && (strncmp(rows[i].name, names, len) != 0 || rows[i].name[len] != '\0'))
			i++;
		if (i == KIND_COUNT)
			return -1;
		*out |= KIND_BIT(rows[i].kind);
		names += len;
	}
	return 0;
}

void kind_set_words(char *out, unsigned long size, kind_set set)
{
	size_t used = 0;

	if (size == 0)
		return;
	out[0] = '\0';
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (!(set & KIND_BIT(i)))
			continue;
		int n = snprintf(out + used, size - used, "%s%s", used ? ", " : "", rows[i].name);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}
