// SPDX-License-Identifier: ISC
#include "fcgi/download/download.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SUFFIX[] = ".zip";
enum {
	DEADLINE_MS = 10000,
	THREADS = 4,
	// An archive up to this size goes out with the answer. nginx sends larger ones; for that it ends its connection to this program, and
	// making another costs as much as sending this many bytes.
	ANSWERED_BYTES_MAX = 32 * 1024,
};

// The live record of the token in the path, found by `find`. -1: it has answered.
static int archive_find(struct request *r, struct vault *v, int (*find)(struct vault *, const char *, struct vault_record *, struct err *),
			struct vault_record *out)
{
	char token[TOKEN_LEN + 1] = "";
	const char *rest = request_rest(r);
	struct err e = {0};
	if (strlen(rest) == TOKEN_LEN + strlen(SUFFIX) && strcmp(rest + TOKEN_LEN, SUFFIX) == 0)
		memcpy(token, rest, TOKEN_LEN);
	bool shaped = token_shaped(token);
	if (shaped && find(v, token, out, &e) == 0)
		return 0;
	if (!shaped || e.code == ERR_NOT_FOUND)
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
	else
		respond_err(r, &e);
	return -1;
}

// With validators as nginx makes them, so that what was begun in one way can be continued in the other.
static void archive_respond(struct request *r, int fd, const struct stat *st)
{
	char bytes[ANSWERED_BYTES_MAX], text[64];
	size_t len = (size_t)st->st_size;
	struct tm utc;
	if (read(fd, bytes, len) == (ssize_t)len) {
		snprintf(text, sizeof text, "\"%lx-%lx\"", (unsigned long)st->st_mtim.tv_sec, (unsigned long)st->st_size);
		respond_header(r, "ETag", text);
		gmtime_r(&st->st_mtim.tv_sec, &utc);
		if (strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0)
			respond_header(r, "Last-Modified", text);
		respond_header(r, "Accept-Ranges", "bytes");
		respond_bytes(r, 200, NULL, bytes, len);
	} else {
		respond_problem(r, 503, "problem.unavailable.archive", NULL, NULL);
	}
	explicit_bzero(bytes, len);
}

static void archive_get(struct request *r, void *context)
{
	static const char *const conditions[] = {"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};
	struct vault_record record = {0};
	struct stat st;
	char internal[64 + RECORD_ID_LEN + TOKEN_LEN], disposition[128];
	const char *site = request_policy(r)->site;
	size_t name_len = strspn(site, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (archive_find(r, context, archive_token_find_head, &record) != 0)
		return;
	// The spool is on tmpfs: after a restart of the machine the record may stand for a moment without its file.
	bool sealed = false;
	FD_AUTO int fd = record.has_file ? vault_file_open(context, record.id, &sealed) : -1;
	// nginx sends a file; one that is sealed is sent by the program that made it.
	if (sealed)
		snprintf(internal, sizeof internal, "/sealed/%.*s", TOKEN_LEN, request_rest(r));
	else
		snprintf(internal, sizeof internal, "/spool/%s%s", record.id, SUFFIX);
	if (fd < 0 || fstat(fd, &st) != 0) {
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
		return;
	}
	snprintf(disposition, sizeof disposition, "attachment; filename=\"%.*s-images.zip\"", name_len > 40 ? 40 : (int)name_len, site);
	respond_header(r, "Content-Type", "application/zip");
	respond_header(r, "Content-Disposition", disposition);
	respond_header(r, "Cache-Control", "private, no-store");
	// A part is wanted, or the whole only if it is, or is not, what the visitor has: nginx knows how; it sees the request's headers again.
	bool conditional = false;
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
		conditional = conditional || request_header(r, conditions[i]) != NULL;
	if (!sealed && st.st_size <= ANSWERED_BYTES_MAX && !conditional)
		archive_respond(r, fd, &st);
	else
		respond_redirect_internal(r, internal);
}

static void archive_delete(struct request *r, void *context)
{
	static const struct ledger_event event = {.name = "erasure", .details = "{\"kind\":\"archive\",\"by\":\"visitor\"}"};
	struct vault_record record = {0};
	struct err e = {0};
	if (archive_find(r, context, archive_token_find_for_rights, &record) != 0)
		return;
	int rc = vault_end(context, record.id, &event, &e);
	if (rc == 0)
		respond_empty(r, 204);
	else if (e.code == ERR_NOT_FOUND) // ended by somebody else meanwhile
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
	else
		respond_err(r, &e);
}

static const struct route routes[] = {
    {.method = "GET", .path = "/downloads/*", .deadline_ms = DEADLINE_MS, .kinds = KIND_BIT(KIND_ARCHIVE), .handle = archive_get},
    {.method = "DELETE",
     .path = "/downloads/*",
     .deadline_ms = DEADLINE_MS,
     .kinds = KIND_BIT(KIND_ARCHIVE),
     .changes_state = true,
     .handle = archive_delete},
    {0},
};

const struct program download_program = {.name = "download", .routes = routes, .threads = THREADS};
