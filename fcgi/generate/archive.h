// SPDX-License-Identifier: ISC
// The ZIP of a set, written as the pictures come, and listed as people read it: README.txt, prompts.json, images/NN-style.png. Names are
// generated, of [A-Za-z0-9._-] only; nothing is compressed (pictures are already); the date of every entry is the caller's, so that the same set gives
// the same bytes.
//
// It is written under a temporary name in the spool. The open file is locked: a temporary file without a lock was left by a crash.
#ifndef LETHE_GENERATE_ARCHIVE_H
#define LETHE_GENERATE_ARCHIVE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdint.h>
#include <time.h>

struct archive_file {
	void *zip; // libarchive's; NULL before the first entry
	int fd;
	int error; // of the first write that failed; nothing is written after it
	time_t date;
	uint64_t bytes; // of entries so far
	char path[256]; // "" when there is no file
};
#define ARCHIVE_INIT ((struct archive_file){.fd = -1})

// Removes temporary files without an owner from the spool `folder`.
int archive_sweep(const char *folder, struct err *e);
// The file is made now, 0640, so that a full spool is known before anything is asked of anyone. ERR_FULL, ERR_IO.
int archive_begin(struct archive_file *a, const char *folder, time_t date, struct err *e);
// ERR_FULL, ERR_IO, ERR_MEMORY (over ARCHIVE_BYTES_MAX), ERR_INPUT (a name that is not allowed).
int archive_add(struct archive_file *a, const char *name, const void *bytes, size_t len, struct err *e);
// Ends the ZIP, its listing in order; *bytes gets its size. The file stays open and locked, and is removed by archive_drop() unless archive_keep() was called.
int archive_finish(struct archive_file *a, uint64_t *bytes, struct err *e);
// Sorts the listing of the finished ZIP of `size` bytes in place; for archive_finish() and its tests. The listing stands at the end and refers
// to the entries by where they are. So a set whose pictures were written as they came can be listed in the order in which people read it,
// without holding a picture back: only the few hundred bytes of the listing are sorted. ERR_FULL, ERR_IO.
int archive_order(int fd, uint64_t size, struct err *e);
void archive_keep(struct archive_file *a); // somebody else owns the file now
void archive_drop(struct archive_file *a); // closes, and removes what was not kept
#define ARCHIVE_AUTO __attribute__((cleanup(archive_drop)))

// "images/01-photo.png" for picture `index` (from 0).
void archive_image_name(char *out, size_t size, unsigned index, const char *style, const char *type);

#endif
