// SPDX-License-Identifier: ISC
// The export of another site, as anybody may hand it in. The input is its ZIP; or, as no hash would fit what was changed in one, the text of its
// export.json, a NUL, and the bytes of a picture, of which a ZIP is made here whose lists say what is in it. Whatever it is, nothing is taken that does
// not add up, and no file stays.
#include "policy/base/array.h"
#include "policy/rights/export_zip.h"
#include "policy/rights/import.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int piece_write(void *arg, const void *bytes, size_t len)
{
	return write(*(int *)arg, bytes, len) == (ssize_t)len ? 0 : -1;
}

// As the lists of the ZIP have it.
static void lists_fit(const cJSON *document, const cJSON *files)
{
	static const char *const facts[] = {"sha256", "bytes"};
	const cJSON *record, *one;
	cJSON *file;

	cJSON_ArrayForEach(record, json_get(document, "records"))
	{
		cJSON_ArrayForEach(file, json_get(record, "files"))
		{
			cJSON_ArrayForEach(one, files)
			{
				if (json_string(file, "path") == NULL || strcmp(json_string(file, "path"), json_string(one, "path")) != 0)
					continue;
				for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
					cJSON_DeleteItemFromObjectCaseSensitive(file, facts[i]);
					cJSON_AddItemToObject(file, facts[i], cJSON_Duplicate(json_get(one, facts[i]), true));
				}
			}
		}
	}
}

static int made_write(int fd, const char *text, size_t len, const uint8_t *picture, size_t size)
{
	EXPORT_ZIP_AUTO struct export_zip z = {0};
	JSON_AUTO cJSON *document = json_parse(text, len, NULL), *manifest = cJSON_CreateObject();
	BUF_AUTO struct buf out = BUF_INIT(1 << 20);
	struct err e;

	if (document == NULL || export_zip_begin(&z, NULL, 0, piece_write, &fd, &e) != 0 ||
	    export_zip_add(&z, "files/1/images/01-photo.png", picture, size, &e) != 0 ||
	    export_zip_add(&z, "files/1/thumbnails/01-photo.webp", picture, size, &e) != 0 ||
	    export_zip_add(&z, "files/1/prompts.json", "{}", 2, &e) != 0 ||
	    export_zip_add(&z, "files/2/README.txt", picture, size, &e) != 0)
		return -1;
	lists_fit(document, z.files);
	if (json_print(&out, document) != 0 || export_zip_add(&z, "export.json", out.data, out.len, &e) != 0)
		return -1;
	cJSON_AddStringToObject(manifest, "format", EXPORT_MANIFEST_FORMAT);
	cJSON_AddItemReferenceToObject(manifest, "files", z.files);
	buf_reset(&out);
	return json_print(&out, manifest) != 0 || export_zip_add(&z, "manifest.json", out.data, out.len, &e) != 0 ||
		       export_zip_end(&z, &e) != 0
		   ? -1
		   : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const purposes[] = {"make", NULL};
	static const struct policy_life life = {.length = {.months = 1200}, .has_length = true};
	static struct policy policy = {.language = "en"}; // large
	const uint8_t *nul = memchr(data, '\0', size);
	const bool text = size > 0 && data[0] == '{' && nul != NULL;
	struct import *m = NULL;
	const struct import_item *items;
	size_t taken = 0;
	struct err e;

	policy.kinds[KIND_ARCHIVE] =
	    (struct policy_kind){.kind = KIND_ARCHIVE, .keep = KEEP_STORED, .purposes = {purposes, 1}, .lives = &life, .life_count = 1};
	int fd = memfd_create("export", MFD_CLOEXEC);
	const int written = fd < 0 ? -1
			    : text ? made_write(fd, (const char *)data, (size_t)(nul - data), nul + 1, size - 1 - (size_t)(nul - data))
				   : piece_write(&fd, data, size);
	if (written == 0 && import_open(&m, fd, NULL, &policy, NULL, &e) == 0) {
		const size_t count = import_items(m, &items);
		for (size_t i = 0; i < count; i++)
			taken += items[i].result == IMPORT_TAKEN;
		if (taken != import_taken(m))
			abort();
		(void)import_make(m, "/tmp", size % 2 == 1, &e);
	}
	import_free(m);
	close(fd);
	return 0;
}
