// SPDX-License-Identifier: ISC
// The ZIP of a set, written as the pictures come, and listed as people read it: README.txt, prompts.json, images/NN-style.png,
// thumbnails/NN-style.webp. Names are
// generated, of [A-Za-z0-9._-] only; nothing is compressed (pictures are already), so a picture is a range of the file; the date of every
// entry is the caller's, so that the same set gives the same bytes.
//
// It is written under a temporary name in the spool, and open from the first entry on. Whoever makes such files holds a lock of the folder:
// those that are there when nobody does were left by a crash.
//
// Entries may be written at the same time. One that is alone is written where it stays, behind the finished ones; the others go to files of
// the spool without a name and are copied when they are closed. An entry that is closed while another is written in its place goes before
// it, so that what is finished is never waited for. Behind the finished ones space can be reserved for what is written last, so that a disk that
// becomes full spoils at most the pictures that are still on their way. Sizes and CRC stand before the bytes, where readers of a stream expect them.
//
//	struct archive_entry en;
//	archive_entry_open(a, &en, name, e), archive_entry_write(&en, bytes, len, e) …, archive_entry_close(&en, &range, e)
#ifndef LETHE_PICTURE_ARCHIVE_H
#define LETHE_PICTURE_ARCHIVE_H

#include "policy/base/err.h"
#include "policy/base/limits.h"
#include "policy/vault/sealed_file.h"
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { ARCHIVE_NAME_MAX = 11 + 64, ARCHIVE_ENTRIES_MAX = 2 * IMAGES_MAX + 2 }; // prompts.json and README.txt

struct archive_range {
	uint64_t offset, len; // in the ZIP
};

struct archive_finished {
	char name[ARCHIVE_NAME_MAX + 1];
	uint32_t crc;
	struct archive_range range;
};

struct archive_file {
	struct sealed_file file;
	time_t date;
	uint64_t end;                      // of the finished entries
	uint64_t bytes;                    // of the entries, finished or not
	size_t reserved;                   // bytes behind the finished entries that the disk holds for the last ones and the listing
	char path[256];                    // "" when there is no file
	struct archive_entry *in_place;    // the one that is written behind the finished ones
	unsigned open, count;              // entries being written; finished ones
	struct archive_finished *finished; // ARCHIVE_ENTRIES_MAX, from the first entry on: thousands of sets wait for theirs
};
#define ARCHIVE_INIT ((struct archive_file){.file = {.fd = -1}})

// One entry being written. It must stay where it is in memory until it is closed or dropped.
struct archive_entry {
	struct archive_file *archive; // NULL when not open
	struct sealed_file file;      // of its own; none in place
	uint32_t crc;
	uint64_t len;
	char name[ARCHIVE_NAME_MAX + 1];
};

// Removes temporary files of who ended in the spool `folder`, and locks it: *lock is to stay open as long as files are made in it. While another
// has it locked, nothing is removed.
int archive_sweep(const char *folder, int *lock, struct err *e);
// The file is made now, 0640, sealed with a key of its own or as it is, so that a full spool is known before anything is asked of anyone. ERR_FULL, ERR_IO.
int archive_begin(struct archive_file *a, const char *folder, bool sealed, time_t date, struct err *e);

// ERR_INPUT (a name that is not allowed), ERR_MEMORY (too many entries), ERR_FULL, ERR_IO; the entry is then not open.
int archive_entry_open(struct archive_file *a, struct archive_entry *en, const char *name, struct err *e);
// Appends. ERR_FULL, ERR_IO, ERR_MEMORY (over ARCHIVE_BYTES_MAX in all): the entry can only be dropped then.
int archive_entry_write(struct archive_entry *en, const void *bytes, size_t len, struct err *e);
// Of what was written: `len` bytes from `at`. ERR_IO, also when there are not so many.
int archive_entry_read(const struct archive_entry *en, uint64_t at, void *bytes, size_t len, struct err *e);
// What was written is void: it begins again.
int archive_entry_restart(struct archive_entry *en, struct err *e);
// Finishes the entry. *range (may be NULL) gets where its bytes are from now on. When it fails, the entry is dropped. ERR_FULL, ERR_IO.
int archive_entry_close(struct archive_entry *en, struct archive_range *range, struct err *e);
// Nothing stays of it. Does nothing to one that is not open.
void archive_entry_drop(struct archive_entry *en);
// An entry whose bytes are there at once.
int archive_add(struct archive_file *a, const char *name, const void *bytes, size_t len, struct err *e);

// Keeps so many bytes free for the entries without a picture and the listing. It is done before anything costly goes into the archive. ERR_FULL, ERR_IO.
int archive_reserve(struct archive_file *a, size_t bytes, struct err *e);
// From now on entries use what was reserved.
void archive_use_reserve(struct archive_file *a);

// Ends the ZIP; *bytes gets its size. No entry may be open. The file stays open, and is removed by archive_drop() unless
// archive_keep() was called. ERR_FULL, ERR_IO.
int archive_finish(struct archive_file *a, uint64_t *bytes, struct err *e);
void archive_keep(struct archive_file *a); // somebody else owns the file now
void archive_drop(struct archive_file *a); // closes, and removes what was not kept

// "images/01-photo.png" for picture `index` (from 0).
void archive_image_name(char *out, size_t size, unsigned index, const char *style, const char *type);
void archive_thumbnail_name(char *out, size_t size, unsigned index, const char *style);

#endif
