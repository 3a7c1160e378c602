// SPDX-License-Identifier: ISC
// A file that is written and read at positions: as it is where it lies in memory, sealed where it lies on a disk. Sealed means AES-256-XTS by
// sectors of 4 KiB, whose numbers are the tweaks, under a random key that every file has of its own from the moment it is begun. A sector may be
// written again without giving anything away but that it changed. Whoever has the key is handed the file; without it nobody can read a byte.
// What is altered on the disk is read as other bytes, not found out: the readers of what is inside judge it.
//
// A sealed file is a whole number of sectors long; how much of it counts is known to who wrote it.
#ifndef LETHE_VAULT_SEALED_FILE_H
#define LETHE_VAULT_SEALED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEALED_KEY_LEN = 64, SEALED_KEY_TEXT = 2 * SEALED_KEY_LEN + 1 };

struct sealed_file {
	int fd;
	bool sealed;
	unsigned char key[SEALED_KEY_LEN];
};
#define SEALED_FILE_INIT ((struct sealed_file){.fd = -1})

// All return -1 with errno.
// Takes over `fd`, of a file that is new.
void sealed_file_begin(struct sealed_file *f, int fd, bool sealed);
// A file that is there, to be read; `key` as sealed_file_key() wrote it, NULL: it is not sealed.
int sealed_file_open(struct sealed_file *f, const char *path, const char *key);
int sealed_file_duplicate(struct sealed_file *f, const struct sealed_file *of);
void sealed_file_close(struct sealed_file *f); // wipes the key
#define SEALED_FILE_AUTO __attribute__((cleanup(sealed_file_close)))
void sealed_file_key(char out[SEALED_KEY_TEXT], const struct sealed_file *f);

int sealed_file_write(const struct sealed_file *f, const void *bytes, size_t len, uint64_t at);
int sealed_file_read(const struct sealed_file *f, void *bytes, size_t len, uint64_t at); // EIO: it is not so long
int sealed_file_copy(const struct sealed_file *from, uint64_t from_at, const struct sealed_file *to, uint64_t to_at, uint64_t len);
int sealed_file_truncate(const struct sealed_file *f, uint64_t len);
// The disk holds space for these bytes from now on, until the file is truncated; the file is at least so long then.
int sealed_file_reserve(const struct sealed_file *f, uint64_t at, size_t len);

#endif
