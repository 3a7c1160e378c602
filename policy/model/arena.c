// SPDX-License-Identifier: ISC
#include "policy/model/arena.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct piece {
	struct piece *next;
	max_align_t bytes[];
};

struct arena {
	struct piece *first;
	bool failed;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	while (a->first != NULL) {
		struct piece *p = a->first;
		a->first = p->next;
		free(p);
	}
	free(a);
}

bool arena_failed(const struct arena *a)
{
	return a->failed;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (count == 0)
		return NULL;
	if (size > (SIZE_MAX - sizeof(struct piece)) / count) {
		a->failed = true;
		return NULL;
	}
	struct piece *p = calloc(1, sizeof *p + count * size);
	if (p == NULL) {
		a->failed = true;
		return NULL;
	}
	p->next = a->first;
	a->first = p;
	return p->bytes;
}

const char *arena_text(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_array(a, len + 1, 1);

	if (copy == NULL)
		return "";
	memcpy(copy, s, len);
	return copy;
}
