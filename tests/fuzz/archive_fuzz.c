// SPDX-License-Identifier: ISC
// Any name and any bytes into an archive: a name is refused or safe. Then eight entries, each byte a step of one of them: whatever they do, what
// is finished adds up, and the file is gone afterwards.
#include "policy/picture/archive.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void entry_step(struct archive_file *a, struct archive_entry *en, unsigned what, const uint8_t *data, size_t size)
{
	char back[8];

	if (en->archive == NULL)
		archive_entry_open(a, en, "images/01-photo.png", NULL);
	else if (what < 4)
		archive_entry_write(en, data, size, NULL);
	else if (what == 4)
		archive_entry_restart(en, NULL);
	else if (what == 5 && en->len >= sizeof back && archive_entry_read(en, en->len - sizeof back, back, sizeof back, NULL) != 0)
		abort();
	else if (what == 6)
		archive_entry_drop(en);
	else if (what == 7 && archive_entry_close(en, NULL, NULL) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive_file a = ARCHIVE_INIT;
	struct archive_entry entries[IMAGES_MAX] = {{0}};
	char name[200] = "", path[sizeof a.path];
	size_t name_len = size < sizeof name - 1 ? size : sizeof name - 1;
	uint64_t bytes = 0, end = 0;
	bool sealed = size % 2 == 1;

	memcpy(name, data, name_len);
	if (archive_begin(&a, "/tmp", sealed, 0, NULL) != 0)
		return 0;
	memcpy(path, a.path, sizeof path);
	if (archive_add(&a, name, data, size, NULL) == 0 && (strstr(name, "..") == name || name[0] == '/' || strchr(name, '\\') != NULL))
		abort();
	for (size_t i = 0; i < size; i++)
		entry_step(&a, &entries[data[i] % IMAGES_MAX], data[i] / IMAGES_MAX % 8, data + i, size - i);
	for (unsigned i = 0; i < IMAGES_MAX; i++)
		archive_entry_drop(&entries[i]);
	for (unsigned i = 0; i < a.count; i++) {
		if (a.finished[i].range.offset < end)
			abort(); // two in one place
		bytes += a.finished[i].range.len;
		end = a.finished[i].range.offset + a.finished[i].range.len;
	}
	if (a.open != 0 || a.in_place != NULL || bytes != a.bytes || end != a.end)
		abort();
	if (archive_finish(&a, &bytes, NULL) == 0 &&
	    (bytes < a.end + 22 || (uint64_t)lseek(a.file.fd, 0, SEEK_END) != (sealed ? (bytes + 4095) / 4096 * 4096 : bytes)))
		abort();
	archive_drop(&a);
	if (access(path, F_OK) == 0)
		abort();
	return 0;
}
