// SPDX-License-Identifier: ISC
#ifndef LETHE_BASE_ARRAY_H
#define LETHE_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// The number of elements of an array (not of a pointer).
#define ARRAY_LEN(array) (sizeof(array) / sizeof *(array))

// Makes sure that an array on the heap, which `list` points to, can hold one element more than `count`. False: no memory, and it is as it was.
#define ARRAY_GROW(list, count, capacity) ((count) < (capacity) || array_grow(&(list), &(capacity), sizeof *(list)))
static inline bool array_grow(void *list_at, size_t *capacity, size_t size)
{
	const size_t more = 2 * *capacity + 16;
	void *list;

	memcpy(&list, list_at, sizeof list);
	void *grown = reallocarray(list, more, size);
	if (grown == NULL)
		return false;
	memcpy(list_at, &grown, sizeof grown);
	*capacity = more;
	return true; // cppcheck-suppress memleak ; `list_at` points to it
}

#endif
