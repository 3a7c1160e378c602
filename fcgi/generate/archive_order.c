// SPDX-License-Identifier: ISC
#include "fcgi/generate/archive_order.h"
#include "policy/base/limits.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ENTRIES_MAX = IMAGES_MAX + 2, // prompts.json and README.txt
	LISTING_MAX = ENTRIES_MAX * 256,
	END_LEN = 22,   // the record after the listing, without a comment
	ENTRY_LEN = 46, // of one entry in the listing, before its name
};

struct listing_entry {
	const unsigned char *bytes;
	size_t len;
	const char *name;
	size_t name_len;
};

static size_t le_number(const unsigned char *at, size_t bytes)
{
	size_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | at[bytes];
	return n;
}

// What explains the set comes before its pictures, else by name.
static int entry_compare(const void *left, const void *right)
{
	const struct listing_entry *a = left, *b = right;
	bool below_a = memchr(a->name, '/', a->name_len) != NULL, below_b = memchr(b->name, '/', b->name_len) != NULL;

	if (below_a != below_b)
		return below_a ? 1 : -1;
	int order = memcmp(a->name, b->name, a->name_len < b->name_len ? a->name_len : b->name_len);
	return order != 0 ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

// How many entries the listing has; 0 when it is none of ours.
static size_t listing_read(struct listing_entry list[ENTRIES_MAX], const unsigned char *listing, size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len; at += list[n++].len) {
		const unsigned char *entry = listing + at;
		if (n == ENTRIES_MAX || len - at < ENTRY_LEN || memcmp(entry, "PK\1\2", 4) != 0)
			return 0;
		list[n].bytes = entry;
		list[n].name = (const char *)entry + ENTRY_LEN;
		list[n].name_len = le_number(entry + 28, 2);
		list[n].len = ENTRY_LEN + list[n].name_len + le_number(entry + 30, 2) + le_number(entry + 32, 2);
		if (list[n].len > len - at)
			return 0;
	}
	return n;
}

static int order_failed(struct err *e)
{
	return err_system(e, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO, errno, "cannot order the archive");
}

int archive_order(int fd, uint64_t size, struct err *e)
{
	unsigned char end[END_LEN], listing[LISTING_MAX], ordered[LISTING_MAX];
	struct listing_entry list[ENTRIES_MAX];

	if (size < END_LEN || pread(fd, end, END_LEN, (off_t)(size - END_LEN)) != END_LEN)
		return size < END_LEN ? 0 : order_failed(e);
	size_t len = le_number(end + 12, 4), start = le_number(end + 16, 4);
	if (memcmp(end, "PK\5\6", 4) != 0 || len > LISTING_MAX || start + len + END_LEN != size)
		return 0; // a form that we do not write; what is there is right, only not in order
	if (pread(fd, listing, len, (off_t)start) != (ssize_t)len)
		return order_failed(e);
	size_t count = listing_read(list, listing, len), at = 0;
	qsort(list, count, sizeof list[0], entry_compare);
	for (size_t i = 0; i < count; at += list[i++].len)
		memcpy(ordered + at, list[i].bytes, list[i].len);
	return pwrite(fd, ordered, at, (off_t)start) == (ssize_t)at ? 0 : order_failed(e);
}
