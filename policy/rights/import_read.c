// SPDX-License-Identifier: ISC
#include "policy/rights/import_read.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include "policy/rights/export_zip.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

typedef int entry_each(void *arg, const char *path, const void *bytes, size_t len, struct err *e);

static int zip_unreadable(struct archive *a, bool encrypted, bool passphrase, struct err *e)
{
	const char *why = archive_error_string(a);

	if (archive_errno(a) == ENOMEM)
		return err_set(e, ERR_MEMORY, "no memory for the ZIP");
	if (encrypted)
		return err_set(e, ERR_REFUSED,
			       passphrase ? "the passphrase does not open it, or it was altered"
					  : "it is encrypted: give its --passphrase");
	return err_set(e, ERR_INPUT, "it is not a whole ZIP: %.120s", why != NULL ? why : "nobody knows why");
}

// What the ZIP says of a file's size is believed only as far as it turns out to be so.
static int entry_read(struct archive *a, struct buf *bytes, bool encrypted, bool passphrase, struct err *e)
{
	for (la_ssize_t n = 1; n > 0;) {
		char *to = bytes->len < IMPORT_FILE_BYTES_MAX ? buf_reserve(bytes, PIECE_BYTES) : NULL;
		if (to == NULL)
			return bytes->len < IMPORT_FILE_BYTES_MAX
				   ? err_set(e, ERR_MEMORY, "no memory for a file of the ZIP")
				   : err_set(e, ERR_INPUT, "a file in it is over %d MiB", IMPORT_FILE_BYTES_MAX >> 20);
		n = archive_read_data(a, to, PIECE_BYTES);
		if (n < 0)
			return zip_unreadable(a, encrypted, passphrase, e);
		buf_took(bytes, (size_t)n);
	}
	return 0;
}

// The directory at its end says what is in it, as for every tool that opens one.
static int zip_each(const struct import_source *s, entry_each *each, void *arg, struct err *e)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	uint64_t total = 0;
	size_t count = 0;
	int found = ARCHIVE_OK, ret = 0;
	bool encrypted = false;

	if (a == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the ZIP");
	if (lseek(s->fd, 0, SEEK_SET) != 0)
		ret = err_set(e, ERR_INPUT, "it is not a file that can be read twice");
	else if (archive_read_support_format_zip_seekable(a) != ARCHIVE_OK ||
		 (s->passphrase != NULL && archive_read_add_passphrase(a, s->passphrase) != ARCHIVE_OK) ||
		 archive_read_open_fd(a, s->fd, PIECE_BYTES) != ARCHIVE_OK)
		ret = zip_unreadable(a, false, s->passphrase != NULL, e);
	while (ret == 0 && (found = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		BUF_AUTO_WIPE struct buf bytes = BUF_INIT(IMPORT_FILE_BYTES_MAX + PIECE_BYTES);
		const char *path = archive_entry_pathname(entry);
		encrypted = archive_entry_is_encrypted(entry) != 0;
		if (++count > IMPORT_FILES_MAX)
			ret = err_set(e, ERR_INPUT, "more than %d files are in it", IMPORT_FILES_MAX);
		else if (!export_path_good(path) || strlen(path) >= IMPORT_PATH_MAX || archive_entry_filetype(entry) != AE_IFREG ||
			 archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL)
			ret = err_set(e, ERR_INPUT, "something in it is not a file of an export");
		else
			ret = entry_read(a, &bytes, encrypted, s->passphrase != NULL, e);
		total += bytes.len;
		if (ret == 0 && total > IMPORT_BYTES_MAX)
			ret = err_set(e, ERR_INPUT, "all that is in it is over %d MiB", (int)(IMPORT_BYTES_MAX >> 20));
		if (ret == 0)
			ret = each(arg, path, buf_text(&bytes), bytes.len, e);
	}
	if (ret == 0 && found != ARCHIVE_EOF)
		ret = zip_unreadable(a, encrypted, s->passphrase != NULL, e);
	archive_read_free(a);
	return ret;
}

// ---- the first time ----

struct first_read {
	struct import_source *source;
	size_t capacity;
	cJSON *manifest;
};

static int document_read(cJSON **out, const char *path, const void *bytes, size_t len, struct err *e)
{
	*out = json_parse(bytes, len, e);
	return *out != NULL ? 0 : err_prefix(e, "%s", path);
}

static int file_hash(void *arg, const char *path, const void *bytes, size_t len, struct err *e)
{
	struct first_read *r = arg;
	struct import_source *s = r->source;

	if (!ARRAY_GROW(s->files, s->file_count, r->capacity))
		return err_set(e, ERR_MEMORY, "no memory for the list of files");
	struct import_file *file = &s->files[s->file_count++];
	*file = (struct import_file){.bytes = len};
	snprintf(file->path, sizeof file->path, "%s", path);
	plain_hash(file->hash, &(struct bytes){bytes, len}, 1);
	if (strcmp(path, "export.json") == 0 && s->document == NULL)
		return document_read(&s->document, path, bytes, len, e);
	return strcmp(path, "manifest.json") == 0 && r->manifest == NULL ? document_read(&r->manifest, path, bytes, len, e) : 0;
}

static int path_compare(const void *left, const void *right)
{
	return strcmp(((const struct import_file *)left)->path, ((const struct import_file *)right)->path);
}

static const struct import_file *import_file_named(const struct import_source *s, const char *path)
{
	struct import_file key = {0};

	if (s->file_count == 0 || path == NULL || snprintf(key.path, sizeof key.path, "%s", path) >= (int)sizeof key.path)
		return NULL;
	return bsearch(&key, s->files, s->file_count, sizeof key, path_compare);
}

// Every file of a list is there as it says.
static int files_agree(const struct import_source *s, const cJSON *list, const char *where, struct err *e)
{
	const cJSON *one;

	if (!cJSON_IsArray(list))
		return err_set(e, ERR_INPUT, "%s lists no files", where);
	cJSON_ArrayForEach(one, list)
	{
		const struct import_file *file = import_file_named(s, json_string(one, "path"));
		const char *hex = json_string(one, "sha256");
		uint8_t hash[HASH_LEN];
		if (file == NULL)
			return err_set(e, ERR_INPUT, "%s lists a file that is not in it", where);
		if (hex == NULL || hex_decode(hash, sizeof hash, hex) != 0 || memcmp(hash, file->hash, sizeof hash) != 0 ||
		    json_number(one, "bytes", -1) != (double)file->bytes)
			return err_set(e, ERR_INPUT, "%s is not what %s says of it: it was altered or is damaged", file->path, where);
	}
	return 0;
}

// Lists name each file once, so that as many as there are means all.
static int manifest_check(const struct import_source *s, const cJSON *manifest, struct err *e)
{
	const char *format = json_string(manifest, "format");
	const cJSON *files = json_get(manifest, "files"), *one;
	bool seen[IMPORT_FILES_MAX] = {false};

	if (manifest == NULL || s->document == NULL)
		return err_set(e, ERR_INPUT, "it is not an export: %s is missing", manifest == NULL ? "manifest.json" : "export.json");
	if (format == NULL || strcmp(format, EXPORT_MANIFEST_FORMAT) != 0)
		return err_set(e, ERR_INPUT, "manifest.json is not of the format " EXPORT_MANIFEST_FORMAT);
	for (size_t i = 1; i < s->file_count; i++)
		if (strcmp(s->files[i - 1].path, s->files[i].path) == 0)
			return err_set(e, ERR_INPUT, "%s is in it twice", s->files[i].path);
	if (files_agree(s, files, "manifest.json", e) != 0)
		return -1;
	cJSON_ArrayForEach(one, files)
	{
		size_t at = (size_t)(import_file_named(s, json_string(one, "path")) - s->files);
		if (seen[at])
			return err_set(e, ERR_INPUT, "manifest.json lists %s twice", s->files[at].path);
		seen[at] = true;
	}
	for (size_t i = 0; i < s->file_count; i++)
		if (!seen[i] && strcmp(s->files[i].path, "manifest.json") != 0)
			return err_set(e, ERR_INPUT, "%s is in it, and not in manifest.json", s->files[i].path);
	return 0;
}

unsigned import_path_number(const char *path, const char **rest)
{
	static const char folder[] = "files/";
	char *end = NULL;

	if (strncmp(path, folder, sizeof folder - 1) != 0 || path[sizeof folder - 1] < '1' || path[sizeof folder - 1] > '9')
		return 0;
	unsigned long number = strtoul(path + sizeof folder - 1, &end, 10);
	*rest = end + 1;
	return *end == '/' && number <= IMPORT_FILES_MAX ? (unsigned)number : 0;
}

// ---- export.json ----

static int document_wrong(struct err *e, int at, const char *what)
{
	return at < 0 ? err_set(e, ERR_INPUT, "export.json: %s", what) : err_set(e, ERR_INPUT, "export.json: /records/%d: %s", at, what);
}

static int record_check(const struct import_source *s, const cJSON *record, int at, struct err *e)
{
	const char *id = json_string(record, "id"), *kind = json_string(record, "kind"), *stored = json_string(record, "stored"), *rest;
	const double number = json_number(record, "number", 0);
	const cJSON *files = json_get(record, "files"), *one;
	uint8_t bytes[16];
	time_t when;

	if (id == NULL || hex_decode(bytes, sizeof bytes, id) != 0)
		return document_wrong(e, at, "the id is not 32 hexadecimal digits");
	if (kind == NULL || strlen(kind) > 32 || strspn(kind, "abcdefghijklmnopqrstuvwxyz-") != strlen(kind))
		return document_wrong(e, at, "the kind is no kind of data");
	if (stored == NULL || strlen(stored) != WHEN_TEXT - 1 || when_parse(&when, stored) != 0)
		return document_wrong(e, at, "\"stored\" is no time");
	if (number != at + 1) // as they are written
		return document_wrong(e, at, "the number is not that of its place");
	if (!cJSON_IsObject(json_get(record, "data")))
		return document_wrong(e, at, "\"data\" is no object");
	if (files_agree(s, files, "export.json", e) != 0)
		return -1;
	cJSON_ArrayForEach(one, files)
	{
		if (import_path_number(json_string(one, "path"), &rest) != (unsigned)number)
			return document_wrong(e, at, "a file is not below its number");
	}
	return 0;
}

static int document_check(const struct import_source *s, struct err *e)
{
	static const char *const lists[] = {"records", "request_log", "seen_by", "recipients"};
	const char *format = json_string(s->document, "format");
	const cJSON *record, *other;
	int at = 0;

	if (format == NULL || strcmp(format, EXPORT_FORMAT) != 0)
		return document_wrong(e, -1, "it is not of the format " EXPORT_FORMAT);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (!cJSON_IsArray(json_get(s->document, lists[i])))
			return err_set(e, ERR_INPUT, "export.json: \"%s\" is no list", lists[i]);
	if (cJSON_GetArraySize(json_get(s->document, "records")) > IMPORT_FILES_MAX)
		return document_wrong(e, -1, "there are too many records");
	cJSON_ArrayForEach(record, json_get(s->document, "records"))
	{
		if (record_check(s, record, at++, e) != 0)
			return -1;
		for (other = record->next; other != NULL; other = other->next)
			if (json_string(other, "id") != NULL && strcmp(json_string(other, "id"), json_string(record, "id")) == 0)
				return document_wrong(e, at - 1, "another has the same id");
	}
	return 0;
}

int import_read(struct import_source *s, struct err *e)
{
	struct first_read r = {.source = s};

	int ret = zip_each(s, file_hash, &r, e);
	if (ret == 0) {
		if (s->file_count > 0)
			qsort(s->files, s->file_count, sizeof *s->files, path_compare);
		ret = manifest_check(s, r.manifest, e) != 0 || document_check(s, e) != 0 ? -1 : 0;
	}
	cJSON_Delete(r.manifest);
	return ret;
}

void import_read_free(struct import_source *s)
{
	cJSON_Delete(s->document);
	free(s->files);
	*s = (struct import_source){.fd = -1};
}

// ---- the second time ----

struct second_read {
	const struct import_source *source;
	entry_each *each;
	void *arg;
};

static int file_again(void *arg, const char *path, const void *bytes, size_t len, struct err *e)
{
	const struct second_read *r = arg;
	const struct import_file *file = import_file_named(r->source, path);
	const char *rest;
	uint8_t hash[HASH_LEN];

	if (import_path_number(path, &rest) == 0)
		return 0;
	plain_hash(hash, &(struct bytes){bytes, len}, 1);
	if (file == NULL || memcmp(hash, file->hash, sizeof hash) != 0)
		return err_set(e, ERR_INPUT, "it was altered while it was read");
	return r->each(r->arg, path, bytes, len, e);
}

int import_read_files(const struct import_source *s, entry_each *each, void *arg, struct err *e)
{
	struct second_read r = {s, each, arg};

	return zip_each(s, file_again, &r, e);
}
