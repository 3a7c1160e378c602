// SPDX-License-Identifier: ISC
// Memory of one document: handed out in pieces, freed at once. Once memory is gone, strings are "" and arrays NULL, and
// arena_failed() tells.
#ifndef LETHE_MODEL_ARENA_H
#define LETHE_MODEL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void); // NULL when there is no memory
void arena_free(struct arena *a);
bool arena_failed(const struct arena *a);
// `count` zeroed elements of `size` bytes; NULL when count is 0 or memory is gone.
void *arena_array(struct arena *a, size_t count, size_t size);
// A copy of `len` bytes with a NUL after it; "" when memory is gone.
const char *arena_text(struct arena *a, const char *s, size_t len);

#endif
