// SPDX-License-Identifier: ISC
// A growing buffer with a mandatory ceiling. Once an addition would pass the ceiling or memory is gone, `failed` is set, nothing
// further is added and every later addition is refused; so a chain of additions needs one check, at its end.
#ifndef LETHE_BASE_BUF_H
#define LETHE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *data;  // always NUL-terminated when not NULL; the NUL is not counted
	size_t len;  // bytes in use
	size_t cap;  // bytes allocated
	size_t max;  // ceiling for len
	size_t used; // the most bytes that were ever in use: what wiping overwrites
	bool failed; // an addition was refused
};

#define BUF_INIT(ceiling) ((struct buf){.max = (ceiling)})

// Makes space for `len` more bytes and returns where they go, or NULL; call buf_took() with what was written.
char *buf_grow(struct buf *b, size_t len); // buf_reserve where there is no space yet
static inline char *buf_reserve(struct buf *b, size_t len)
{
	return !b->failed && len < b->cap - b->len ? b->data + b->len : buf_grow(b, len);
}

static inline void buf_took(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
	if (b->len > b->used)
		b->used = b->len;
}

// Each returns 0, or -1 when the buffer has failed.
static inline int buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *to = buf_reserve(b, len);

	if (to == NULL)
		return -1;
	if (len > 0)
		memcpy(to, bytes, len);
	buf_took(b, len);
	return 0;
}

static inline int buf_adds(struct buf *b, const char *string)
{
	return buf_add(b, string, strlen(string));
}

static inline int buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_reset(struct buf *b);             // empties; keeps memory, clears `failed`
void buf_free(struct buf *b);              // frees; the ceiling stays
void buf_wipe(struct buf *b);              // overwrites with zeros, then frees: for secrets and personal data
const char *buf_text(const struct buf *b); // the data, "" when empty
char *buf_steal(struct buf *b);            // hands the data to the caller, who frees it; NULL if failed

#define BUF_AUTO      __attribute__((cleanup(buf_free)))
#define BUF_AUTO_WIPE __attribute__((cleanup(buf_wipe)))

#endif
