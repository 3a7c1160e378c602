// SPDX-License-Identifier: ISC
#include "policy/model/kind.h"
#include <stdio.h>
#include <string.h>

// Which function was used, by which provider, for how many pictures, and how it went: nobody can be told from it.
static const char *const usage_stays[] = {"function", "provider", "images", "outcome", NULL};

static const struct kind_row rows[KIND_COUNT] = {
    {KIND_INPUT, false, "input", "memory", "what the visitor typed", NULL},
    {KIND_PAGE, false, "page", "memory", "the fetched page", NULL},
    {KIND_UPLOAD, false, "upload", "memory", "uploaded images", NULL},
    {KIND_PROMPT, false, "prompt", "memory", "prompts", NULL},
    {KIND_IMAGE, false, "image", "memory", "generated images", NULL},
    {KIND_DESCRIPTION, false, "description", "memory", "image descriptions", NULL},
    {KIND_ARCHIVE, false, "archive", "vault.db, spool/", "ZIP archives", NULL},
    {KIND_REQUEST_LOG, false, "request-log", "log/", "request log", NULL},
    {KIND_ERROR_LOG, false, "error-log", "nginx", "web server error log", NULL},
    {KIND_ACCOUNT, false, "account", "vault.db", "accounts", NULL},
    {KIND_SESSION, false, "session", "vault.db", "sessions", NULL},
    {KIND_CONSENT, false, "consent", "vault.db", "consents", NULL},
    {KIND_PREFERENCE, false, "preference", "vault.db", "preferences", NULL},
    {KIND_GALLERY, false, "gallery", "vault.db, spool/", "saved galleries", NULL},
    {KIND_PAYMENT, false, "payment", "vault.db", "payments", NULL},
    {KIND_CREDIT, false, "credit", "vault.db", "credits", NULL},
    {KIND_TICKET, false, "ticket", "vault.db", "support tickets", NULL},
    {KIND_USAGE, false, "usage", "vault.db", "usage figures", usage_stays},
    {KIND_RIGHTS_REQUEST, true, "rights-request", "vault.db", "data-subject requests", NULL},
    {KIND_OUTBOX, false, "outbox", "vault.db", "mails to be sent", NULL},
    {KIND_HOLD, true, "hold", "vault.db", "legal holds", NULL},
    {KIND_ACCOUNTABILITY, true, "accountability", "vault.db", "records of accountability", NULL},
    {KIND_LEDGER, false, "ledger", "vault.db", "ledger", NULL},
    {KIND_BACKUP, false, "backup", "backup/", "backups", NULL},
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
