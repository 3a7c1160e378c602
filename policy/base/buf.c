// SPDX-License-Identifier: ISC
#include "policy/base/buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_BYTES = 256,
	PAGES_MOVE = 128 * 1024, // from here on the C library maps memory for a buffer alone
};

// `cap` is at most `max` and the NUL, so what fits into it is below the ceiling.
char *buf_grow(struct buf *b, size_t len)
{
	b->failed = b->failed || len > b->max || b->len > b->max - len;
	if (b->failed)
		return NULL;
	size_t cap = b->cap != 0 ? b->cap : FIRST_BYTES < b->max ? FIRST_BYTES : b->max + 1;
	while (cap < b->len + len + 1)
		cap = cap > (b->max + 1) / 2 ? b->max + 1 : cap * 2;
	// realloc() leaves what was there behind when it copies; large memory has pages of its own, which move.
	bool copied = b->data != NULL && b->cap < PAGES_MOVE;
	char *data = copied ? malloc(cap) : realloc(b->data, cap);
	b->failed = data == NULL;
	if (b->failed)
		return NULL;
	if (copied) {
		memcpy(data, b->data, b->len + 1);
		explicit_bzero(b->data, b->used);
		free(b->data);
		b->used = b->len;
	}
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
}

enum { LINE_BYTES = 200 }; // what is formatted is seldom longer

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	char *to = buf_reserve(b, b->max - b->len > LINE_BYTES ? LINE_BYTES : 0);
	size_t space = to == NULL ? 0 : b->cap - b->len;

	va_start(args, format);
	int n = vsnprintf(to, space, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= space) { // what does not fit is written once more
		to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
		b->failed = to == NULL;
		if (to == NULL && space > 0)
			explicit_bzero(b->data + b->len, space); // what buf_wipe would not know of
		if (to == NULL)
			return -1;
		va_start(args, format);
		vsnprintf(to, (size_t)n + 1, format, args);
		va_end(args);
	}
	buf_took(b, (size_t)n);
	return 0;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->used); // pages beyond were never touched
	buf_free(b);
}

const char *buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *data = b->data;

	if (b->failed)
		return NULL;
	if (data == NULL)
		data = calloc(1, 1);
	*b = BUF_INIT(b->max);
	return data;
}
