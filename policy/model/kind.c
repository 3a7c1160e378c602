// SPDX-License-Identifier: ISC
#include "policy/model/kind.h"
#include <stdio.h>
#include <string.h>

// Which function was used, by which provider, for how many pictures, and how it went: nobody can be told from it.
static const char *const usage_stays[] = {"function", "provider", "images", "outcome", NULL};

static const struct kind_row rows[KIND_COUNT] = {
    {KIND_INPUT, "input", "memory", "what the visitor typed", false, NULL},
    {KIND_PAGE, "page", "memory", "the fetched page", false, NULL},
    {KIND_UPLOAD, "upload", "memory", "uploaded images", false, NULL},
    {KIND_PROMPT, "prompt", "memory", "prompts", false, NULL},
    {KIND_IMAGE, "image", "memory", "generated images", false, NULL},
    {KIND_DESCRIPTION, "description", "memory", "image descriptions", false, NULL},
    {KIND_ARCHIVE, "archive", "vault.db, spool/", "ZIP archives", false, NULL},
    {KIND_REQUEST_LOG, "request-log", "log/", "request log", false, NULL},
    {KIND_ERROR_LOG, "error-log", "nginx", "web server error log", false, NULL},
    {KIND_ACCOUNT, "account", "vault.db", "accounts", false, NULL},
    {KIND_SESSION, "session", "vault.db", "sessions", false, NULL},
    {KIND_CONSENT, "consent", "vault.db", "consents", false, NULL},
    {KIND_PREFERENCE, "preference", "vault.db", "preferences", false, NULL},
    {KIND_GALLERY, "gallery", "vault.db, spool/", "saved galleries", false, NULL},
    {KIND_PAYMENT, "payment", "vault.db", "payments", false, NULL},
    {KIND_CREDIT, "credit", "vault.db", "credits", false, NULL},
    {KIND_TICKET, "ticket", "vault.db", "support tickets", false, NULL},
    {KIND_USAGE, "usage", "vault.db", "usage figures", false, usage_stays},
    {KIND_RIGHTS_REQUEST, "rights-request", "vault.db", "data-subject requests", true, NULL},
    {KIND_OUTBOX, "outbox", "vault.db", "mails to be sent", false, NULL},
    {KIND_HOLD, "hold", "vault.db", "legal holds", true, NULL},
    {KIND_ACCOUNTABILITY, "accountability", "vault.db", "records of accountability", true, NULL},
    {KIND_LEDGER, "ledger", "vault.db", "ledger", false, NULL},
    {KIND_BACKUP, "backup", "backup/", "backups", false, NULL},
};

const struct kind_row *kind_row(enum kind k)
{
	return &rows[k];
}

int kind_from_name(enum kind *out, const char *name)
{
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*out = rows[i].kind;
			return 0;
		}
	}
	return -1;
}

void kind_set_words(char *out, unsigned long size, kind_set set)
{
	size_t used = 0;

	if (size == 0)
		return;
	out[0] = '\0';
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		if (!(set & KIND_BIT(i)))
			continue;
		int n = snprintf(out + used, size - used, "%s%s", used ? ", " : "", rows[i].name);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}
