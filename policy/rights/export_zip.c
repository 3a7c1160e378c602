// SPDX-License-Identifier: ISC
#include "policy/rights/export_zip.h"
#include "policy/base/text.h"
#include "policy/vault/seal.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	PIECE_BYTES = 64 * 1024,
	ENTRY_BYTES_MAX = 64 * 1024 * 1024, // of one file of a set
	PATH_BYTES_MAX = 256,
};

static int zip_failed(const struct export_zip *z, struct err *e)
{
	if (z->gone)
		return err_set(e, ERR_GONE, "the copy was not taken");
	return err_set(e, ERR_IO, "the ZIP cannot be written: %s",
		       archive_error_string(z->to) != NULL ? archive_error_string(z->to) : "no memory");
}

static la_ssize_t zip_piece(struct archive *a, void *context, const void *bytes, size_t len)
{
	struct export_zip *z = context;

	if (!z->gone && z->sink(z->arg, bytes, len) == 0)
		return (la_ssize_t)len;
	z->gone = true;
	archive_set_error(a, EIO, "not taken");
	return ARCHIVE_FATAL;
}

int export_zip_begin(struct export_zip *z, const char *passphrase, time_t date, export_sink *sink, void *arg, struct err *e)
{
	*z = (struct export_zip){.to = archive_write_new(), .sink = sink, .arg = arg, .date = date, .files = cJSON_CreateArray()};
	if (z->to == NULL || z->files == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the ZIP");
	bool ok = archive_write_set_format_zip(z->to) == ARCHIVE_OK &&
		  archive_write_set_bytes_per_block(z->to, PIECE_BYTES) == ARCHIVE_OK &&
		  archive_write_set_bytes_in_last_block(z->to, 1) == ARCHIVE_OK;
	if (passphrase != NULL)
		ok = ok && archive_write_set_options(z->to, "zip:encryption=aes256") == ARCHIVE_OK &&
		     archive_write_set_passphrase(z->to, passphrase) == ARCHIVE_OK;
	return ok && archive_write_open(z->to, z, NULL, zip_piece, NULL) == ARCHIVE_OK ? 0 : zip_failed(z, e);
}

static bool path_ends(const char *path, const char *ending)
{
	size_t len = strlen(path), end = strlen(ending);

	return len >= end && strcmp(path + len - end, ending) == 0;
}

int export_zip_add(struct export_zip *z, const char *path, const void *bytes, size_t len, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	const bool text = path_ends(path, ".json") || path_ends(path, ".html") || path_ends(path, ".txt"); // pictures are small already
	const struct bytes parts[] = {{bytes, len}};
	uint8_t hash[HASH_LEN];
	char hex[2 * HASH_LEN + 1];

	if (entry == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the ZIP");
	archive_entry_set_pathname(entry, path);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, z->date, 0);
	int ret =
	    (text ? archive_write_zip_set_compression_deflate(z->to) : archive_write_zip_set_compression_store(z->to)) == ARCHIVE_OK &&
		    archive_write_header(z->to, entry) == ARCHIVE_OK
		? 0
		: -1;
	for (size_t at = 0; at < len && ret == 0;) {
		la_ssize_t n = archive_write_data(z->to, (const char *)bytes + at, len - at > PIECE_BYTES ? PIECE_BYTES : len - at);
		ret = n > 0 ? 0 : -1;
		at += n > 0 ? (size_t)n : 0;
	}
	ret = ret == 0 && archive_write_finish_entry(z->to) == ARCHIVE_OK ? 0 : zip_failed(z, e);
	archive_entry_free(entry);
	if (ret != 0)
		return -1;
	plain_hash(hash, parts, 1);
	hex_encode(hex, hash, HASH_LEN);
	return json_push(z->files, JSON_MEMBERS(MEMBER_TEXT("path", path), MEMBER_NUMBER("bytes", len), MEMBER_TEXT("sha256", hex)))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory for the list of files");
}

// ---- the ZIP of a set ----

struct set_reader {
	const struct sealed_file *file;
	uint64_t at, size;
	char piece[PIECE_BYTES];
};

static la_ssize_t set_piece(struct archive *a, void *context, const void **bytes)
{
	struct set_reader *r = context;
	uint64_t len = r->size - r->at > sizeof r->piece ? sizeof r->piece : r->size - r->at;

	if (len > 0 && sealed_file_read(r->file, r->piece, len, r->at) != 0) {
		archive_set_error(a, EIO, "it cannot be read");
		return -1;
	}
	r->at += len;
	*bytes = r->piece;
	return (la_ssize_t)len;
}

bool export_path_good(const char *path)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";

	return path != NULL && path[0] != '\0' && path[0] != '/' && strspn(path, allowed) == strlen(path) && strstr(path, "..") == NULL &&
	       strstr(path, "//") == NULL && path[strlen(path) - 1] != '/';
}

// Whole, so that a file that is damaged is left out and not half in.
static int set_entry_copy(struct export_zip *z, const char *folder, struct archive *from, struct archive_entry *entry, struct buf *prompts,
			  struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	const la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
	char path[PATH_BYTES_MAX];

	if (!export_path_good(name) || size < 0 || size > ENTRY_BYTES_MAX ||
	    snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return err_set(e, ERR_CORRUPT, "an archive is damaged");
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT((size_t)size + 1);
	char *to = buf_reserve(&bytes, (size_t)size + 1); // one more: the end is looked for, and with it the checksum
	if (to == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a file of %lld bytes", (long long)size);
	la_ssize_t n = 1;
	while (n > 0 && bytes.len <= (size_t)size) {
		n = archive_read_data(from, bytes.data + bytes.len, (size_t)size + 1 - bytes.len);
		if (n > 0)
			buf_took(&bytes, (size_t)n);
	}
	if (n != 0 || bytes.len != (size_t)size)
		return err_set(e, ERR_CORRUPT, "an archive is damaged");
	if (strcmp(name, "prompts.json") == 0)
		buf_add(prompts, bytes.data, bytes.len);
	return export_zip_add(z, path, bytes.data, bytes.len, e);
}

int export_zip_copy(struct export_zip *z, const char *folder, const struct sealed_file *from, struct buf *prompts, struct err *e)
{
	struct set_reader reader = {.file = from};
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	struct stat st;
	int found = ARCHIVE_OK, ret = 0;

	if (a == NULL || fstat(from->fd, &st) != 0) {
		archive_read_free(a);
		return err_set(e, ERR_IO, "an archive cannot be read");
	}
	reader.size = (uint64_t)st.st_size;
	if (archive_read_support_format_zip_streamable(a) != ARCHIVE_OK ||
	    archive_read_open(a, &reader, NULL, set_piece, NULL) != ARCHIVE_OK)
		ret = err_set(e, ERR_CORRUPT, "an archive is damaged");
	while (ret == 0 && (found = archive_read_next_header(a, &entry)) == ARCHIVE_OK)
		ret = set_entry_copy(z, folder, a, entry, prompts, e);
	if (ret == 0 && found != ARCHIVE_EOF)
		ret = err_set(e, ERR_CORRUPT, "an archive is damaged");
	archive_read_free(a);
	wipe(reader.piece, sizeof reader.piece);
	return ret;
}

int export_zip_end(struct export_zip *z, struct err *e)
{
	return archive_write_close(z->to) == ARCHIVE_OK ? 0 : zip_failed(z, e);
}

void export_zip_free(struct export_zip *z)
{
	z->gone = true; // what libarchive still has goes nowhere
	if (z->to != NULL)
		archive_write_free(z->to);
	cJSON_Delete(z->files);
	*z = (struct export_zip){0};
}
