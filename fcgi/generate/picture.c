// SPDX-License-Identifier: ISC
// A picture by its address: a range of the ZIP, of one that grows as of one that is finished. And a whole ZIP that is sealed, which nginx cannot
// send.
#include "fcgi/generate/generate.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/requests.h"
#include "policy/vault/archive_token.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 180 * 1000, // 2 MB at 20 KB/s, eight at a time
	PATH_BYTES = 512,
	SHARE = 2, // visitors on slow lines take no place from those who make something: half of all requests
};

static atomic_uint at_once;

static int sealed_file_of(const struct generator *g, const struct vault_record *record, const cJSON *body, struct sealed_file *file,
			  struct err *e)
{
	char path[PATH_BYTES];

	return vault_spool_path(g->vault, record->id, path, sizeof path, e) == 0 &&
		       sealed_file_open(file, path, json_string(body, "key")) == 0
		   ? 0
		   : err_set(e, ERR_NOT_FOUND, "there is no such archive");
}

// The file that the picture is in, and where. -1 with *e; ERR_NOT_FOUND.
static int picture_find(const struct generator *g, const char *token, unsigned index, struct live_picture *out, struct sealed_file *file,
			struct err *e)
{
	static const char *const types[] = {"image/png", "image/jpeg", "image/webp"};
	struct vault_record record = {0};
	const cJSON *one;
	int found = -1;
	struct live *l = live_of_pictures(token);

	if (l != NULL) {
		found = live_picture(l, index, out, file);
		live_release(l);
	}
	if (found == 0)
		return 0;
	if (vault_find(g->vault, KIND_ARCHIVE, ARCHIVE_TOKEN_TAG, token, &record, e) != 0)
		return -1;
	JSON_AUTO cJSON *body = json_parse(buf_text(&record.body), record.body.len, e);
	*out = (struct live_picture){.type = NULL};
	cJSON_ArrayForEach(one, json_get(body, "pictures"))
	{
		const cJSON *where = index < LIVE_THUMBNAIL ? one : json_get(one, "thumbnail");
		const char *type = index < LIVE_THUMBNAIL ? json_string(one, "type") : "image/webp";
		bool wanted = json_number(one, "index", -1) == index % LIVE_THUMBNAIL && where != NULL && type != NULL;
		for (size_t i = 0; wanted && i < ARRAY_LEN(types); i++) {
			if (strcmp(types[i], type) == 0)
				*out = (struct live_picture){types[i], (uint64_t)json_number(where, "offset", 0),
							     (uint64_t)json_number(where, "bytes", 0)};
		}
	}
	found = out->type != NULL ? sealed_file_of(g, &record, body, file, e) : err_set(e, ERR_NOT_FOUND, "there is no such picture");
	vault_record_free(&record);
	return found;
}

// A number of the header, and what follows it. False: there is none.
static bool range_number(const char **at, uint64_t *out)
{
	size_t digits = strspn(*at, "0123456789");

	if (digits == 0 || digits > 18)
		return false;
	*out = strtoull(*at, NULL, 10);
	*at += digits;
	return true;
}

// One range of bytes (RFC 9110 §14.2); what is not understood is left aside, as is what comes with If-Range, which is not compared here.
// 1: *first and *len are of the range; 0: the whole; -1: it lies beyond the end.
static int range_read(const struct request *r, uint64_t size, uint64_t *first, uint64_t *len)
{
	const char *range = request_is_head(r) ? NULL : request_header(r, "Range"); // §14.2: of GET alone
	uint64_t from = 0, last = UINT64_MAX;

	*first = 0;
	*len = size;
	if (range == NULL || strncmp(range, "bytes=", 6) != 0 || request_header(r, "If-Range") != NULL)
		return 0;
	range += 6;
	bool open = !range_number(&range, &from); // the last so many bytes
	if (*range++ != '-')
		return 0;
	bool ends = range_number(&range, &last);
	if (*range != '\0' || (open && !ends) || last < from)
		return 0;
	if (open) {
		from = last < size ? size - last : 0;
		last = last == 0 ? 0 : UINT64_MAX;
	}
	if (from >= size)
		return -1;
	*first = from;
	*len = (last < size ? last + 1 : size) - from;
	return 1;
}

// `name` NULL: nginx knows it already.
static void range_respond(struct request *r, const struct sealed_file *file, const struct live_picture *picture, const char *name)
{
	const char *known = request_header(r, "If-None-Match");
	char etag[64], text[96];
	uint64_t first, len;
	int part = range_read(r, picture->len, &first, &len);

	snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "\"", picture->offset, picture->len);
	respond_header(r, "ETag", etag);
	respond_header(r, "Cache-Control", "private, no-store");
	if (known != NULL && (strcmp(known, "*") == 0 || strstr(known, etag) != NULL)) {
		respond_begin(r, 304, NULL, false);
		return;
	}
	if (part < 0) {
		snprintf(text, sizeof text, "bytes */%" PRIu64, picture->len);
		respond_header(r, "Content-Range", text);
		respond_problem(r, 416, "problem.range-not-satisfiable", NULL, NULL);
		return;
	}
	if (name != NULL) {
		snprintf(text, sizeof text, "inline; filename=\"%s\"", name);
		respond_header(r, "Content-Disposition", text);
	}
	respond_header(r, "Accept-Ranges", "bytes");
	if (part > 0) {
		snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, first + len - 1, picture->len);
		respond_header(r, "Content-Range", text);
	}
	snprintf(text, sizeof text, "%" PRIu64, len);
	respond_header(r, "Content-Length", text);
	respond_header(r, "Content-Type", picture->type);
	respond_patience(r, PATIENCE_MS);
	if (respond_begin(r, part > 0 ? 206 : 200, NULL, false) == 0)
		respond_sealed(r, file, picture->offset + first, len, false);
}

void picture_handle(struct request *r, void *context)
{
	const char *rest = request_rest(r), *number = strlen(rest) > TOKEN_LEN + 1 ? rest + TOKEN_LEN + 1 : "";
	bool small = *number != '\0' && strcmp(number + 1, "t") == 0; // "2t": the thumbnail of the second
	char token[TOKEN_LEN + 1] = "", name[32];
	struct live_picture picture = {.type = NULL};
	struct err e = {.code = ERR_NOT_FOUND};
	SEALED_FILE_AUTO struct sealed_file file = SEALED_FILE_INIT;

	if (*number >= '1' && *number < '1' + IMAGES_MAX && (number[1] == '\0' || small) && rest[TOKEN_LEN] == '-')
		memcpy(token, rest, TOKEN_LEN);
	if (atomic_fetch_add(&at_once, 1) >= requests_max() / SHARE) {
		respond_problem(r, 503, "problem.busy.visitors", NULL, NULL);
	} else {
		if (token_shaped(token))
			picture_find(context, token, (unsigned)(*number - '1') + (small ? LIVE_THUMBNAIL : 0), &picture, &file, &e);
		const char *ending = picture.type != NULL ? strchr(picture.type, '/') + 1 : "";
		snprintf(name, sizeof name, "picture-%c.%s", *number, strcmp(ending, "jpeg") == 0 ? "jpg" : ending);
		if (file.fd >= 0 && picture.type != NULL)
			range_respond(r, &file, &picture, name);
		else if (e.code == ERR_NOT_FOUND)
			respond_problem(r, 404, "problem.not-found", NULL, NULL);
		else
			respond_err(r, &e);
	}
	atomic_fetch_sub(&at_once, 1);
}

void picture_archive(struct request *r, void *context)
{
	const struct generator *g = context;
	const char *token = request_rest(r);
	struct vault_record record = {0};
	SEALED_FILE_AUTO struct sealed_file file = SEALED_FILE_INIT;
	struct err e = {.code = ERR_NOT_FOUND};
	struct live_picture whole = {.type = NULL};

	if (atomic_fetch_add(&at_once, 1) >= requests_max() / SHARE) {
		respond_problem(r, 503, "problem.busy.visitors", NULL, NULL);
	} else {
		if (token_shaped(token) && archive_token_find(g->vault, token, &record, &e) == 0) {
			JSON_AUTO cJSON *body = json_parse(buf_text(&record.body), record.body.len, &e);
			if (body != NULL && sealed_file_of(g, &record, body, &file, &e) == 0)
				whole = (struct live_picture){"application/zip", 0, (uint64_t)json_number(body, "bytes", 0)};
		}
		vault_record_free(&record);
		if (whole.type != NULL)
			range_respond(r, &file, &whole, NULL);
		else if (e.code == ERR_NOT_FOUND)
			respond_problem(r, 404, "problem.not-found", NULL, NULL);
		else
			respond_err(r, &e);
	}
	atomic_fetch_sub(&at_once, 1);
}
