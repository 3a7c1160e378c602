// SPDX-License-Identifier: ISC
// Inside imports: the ZIP of an export, as anybody may hand it in. It is read twice and never unpacked: first everything is hashed and the documents are
// read and held against each other, then the files that are taken are read again. What is not as export.schema.json says is refused whole.
#ifndef LETHE_RIGHTS_IMPORT_READ_H
#define LETHE_RIGHTS_IMPORT_READ_H

#include "policy/base/json.h"
#include "policy/vault/seal.h"

enum {
	IMPORT_PATH_MAX = 128,
	IMPORT_FILES_MAX = 4096,
	IMPORT_FILE_BYTES_MAX = 64 * 1024 * 1024, // of one file, unpacked
};
#define IMPORT_BYTES_MAX ((uint64_t)2 << 30) // of all, unpacked

struct import_file {
	char path[IMPORT_PATH_MAX];
	uint64_t bytes;
	uint8_t hash[HASH_LEN];
};
struct import_source {
	int fd;                    // of a file; stays the caller's
	const char *passphrase;    // NULL: none
	struct import_file *files; // by path, once it was read
	size_t file_count;
	cJSON *document; // export.json
};

// ERR_INPUT: it is not what an export is, or was altered. ERR_REFUSED: it needs a passphrase, or another.
int import_read(struct import_source *s, struct err *e);
void import_read_free(struct import_source *s);
// Calls for each file whose path begins with "files/", whole and as it was when it was hashed, until `each` fails.
int import_read_files(const struct import_source *s, int (*each)(void *arg, const char *path, const void *bytes, size_t len, struct err *e),
		      void *arg, struct err *e);
// The number in a path "files/N/…", and what follows; 0: it is no such path.
unsigned import_path_number(const char *path, const char **rest);

#endif
