// SPDX-License-Identifier: ISC
#include "policy/model/arena.h"
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Small pieces share a block, but for the sanitizer, which would not see one overrun into the next.
#ifdef __SANITIZE_ADDRESS__
enum { BLOCK_BYTES = 0 };
#else
enum { BLOCK_BYTES = 32 * 1024 };
#endif

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t bytes[];
};

struct arena {
	struct arena_block *first;
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
		struct arena_block *block = a->first;
		a->first = block->next;
		free(block);
	}
	free(a);
}

bool arena_failed(const struct arena *a)
{
	return a->failed;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	const size_t most = SIZE_MAX - sizeof(struct arena_block) - alignof(max_align_t);
	struct arena_block *block = a->first;

	if (count == 0)
		return NULL;
	a->failed = a->failed || size > most / count;
	if (a->failed)
		return NULL;
	size_t len = (count * size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (block == NULL || block->size - block->used < len) {
		size_t fresh = len > BLOCK_BYTES ? len : BLOCK_BYTES;
		block = calloc(1, sizeof *block + fresh);
		a->failed = block == NULL;
		if (block == NULL)
			return NULL;
		*block = (struct arena_block){.next = a->first, .size = fresh};
		a->first = block;
	}
	char *out = (char *)block->bytes + block->used;
	block->used += len;
	return out;
}

const char *arena_text(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_array(a, len + 1, 1);

	if (copy == NULL)
		return "";
	memcpy(copy, s, len);
	return copy;
}
