// SPDX-License-Identifier: ISC
// Any name and any bytes into an archive: a name is refused or safe, and the file is gone afterwards.
#include "fcgi/generate/archive.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive_file a = ARCHIVE_INIT;
	char name[200] = "", path[sizeof a.path];
	size_t name_len = size < sizeof name - 1 ? size : sizeof name - 1;
	uint64_t bytes;

	memcpy(name, data, name_len);
	if (archive_begin(&a, "/tmp", 0, NULL) != 0)
		return 0;
	memcpy(path, a.path, sizeof path);
	if (archive_add(&a, name, data, size, NULL) == 0 && (strstr(name, "..") == name || name[0] == '/' || strchr(name, '\\') != NULL))
		abort();
	if (archive_finish(&a, &bytes, NULL) == 0 && bytes < 22)
		abort(); // shorter than an empty ZIP
	archive_drop(&a);
	if (access(path, F_OK) == 0)
		abort();
	return 0;
}
