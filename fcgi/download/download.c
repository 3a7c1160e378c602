// SPDX-License-Identifier: ISC
#include "fcgi/download/download.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char SUFFIX[] = ".zip";
enum { DEADLINE_MS = 10000, PATH_BYTES = 512 };

static int open_vault(const struct promise *p, struct vault *v, void **context, struct err *e)
{
	(void)p;
	(void)e;
	*context = v;
	return 0;
}

static void respond_nothing(struct request *r)
{
	respond_header(r, "X-Robots-Tag", "noindex");
	respond_problem(r, 404, "not-found", NULL, "There is nothing at this address.");
}

// The live record of the token in the path, with its file. -1: it has answered.
static int archive_find(struct request *r, struct vault *v, struct vault_record *out)
{
	char token[TOKEN_LEN + 1] = "", path[PATH_BYTES];
	const char *rest = request_rest(r);
	struct err e = {0};
	if (strlen(rest) == TOKEN_LEN + strlen(SUFFIX) && strcmp(rest + TOKEN_LEN, SUFFIX) == 0)
		memcpy(token, rest, TOKEN_LEN);
	if (!token_shaped(token)) {
		respond_nothing(r);
		return -1;
	}
	if (vault_find(v, KIND_ARCHIVE, "token", token, out, &e)) {
		if (e.code == ERR_NOT_FOUND)
			respond_nothing(r);
		else
			respond_err(r, &e);
		return -1;
	}
	// The spool is on tmpfs: after a restart of the machine the record may stand for a moment without its file.
	if (out->has_file && vault_spool_path(v, out->id, path, sizeof path, &e) == 0 && access(path, R_OK) == 0)
		return 0;
	vault_record_free(out);
	respond_nothing(r);
	return -1;
}

// nginx sends the file; of our headers only Content-Type, Content-Disposition and Cache-Control outlive the redirect, so nginx adds
// X-Robots-Tag to what it sends from the spool.
static void handle_get(struct request *r, void *context)
{
	struct vault_record record = {0};
	char disposition[128], internal[64 + RECORD_ID_LEN];
	if (archive_find(r, context, &record))
		return;
	const char *site = request_promise(r)->site;
	size_t name_len = strspn(site, "abcdefghijklmnopqrstuvwxyz0123456789-");
	snprintf(disposition, sizeof disposition, "attachment; filename=\"%.*s-images.zip\"", name_len > 40 ? 40 : (int)name_len, site);
	snprintf(internal, sizeof internal, "/spool/%s%s", record.id, SUFFIX);
	vault_record_free(&record);
	respond_header(r, "Content-Type", "application/zip");
	respond_header(r, "Content-Disposition", disposition);
	respond_header(r, "Cache-Control", "private, no-store");
	respond_header(r, "X-Robots-Tag", "noindex");
	respond_redirect_internal(r, internal);
}

static void handle_delete(struct request *r, void *context)
{
	static const struct ledger_event event = {.name = "erasure", .details = "{\"kind\":\"archive\",\"by\":\"visitor\"}"};
	struct vault_record record = {0};
	struct err e = {0};
	if (archive_find(r, context, &record))
		return;
	int rc = vault_end(context, record.id, &event, &e);
	vault_record_free(&record);
	if (rc == 0)
		respond_empty(r, 204);
	else if (e.code == ERR_NOT_FOUND) // ended by somebody else meanwhile
		respond_nothing(r);
	else
		respond_err(r, &e);
}

static const struct route routes[] = {
    {.method = "GET", .path = "/downloads/*", .deadline_ms = DEADLINE_MS, .kinds = KIND_BIT(KIND_ARCHIVE), .handle = handle_get},
    {.method = "DELETE",
     .path = "/downloads/*",
     .deadline_ms = DEADLINE_MS,
     .kinds = KIND_BIT(KIND_ARCHIVE),
     .changes_state = true,
     .handle = handle_delete},
    {0},
};

const struct program download_program = {.name = "download", .routes = routes, .start = open_vault, .needs_vault = true};
