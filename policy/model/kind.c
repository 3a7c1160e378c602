// SPDX-License-Identifier: ISC
#include "policy/model/kind.h"
#include <stdio.h>
#include <string.h>

static const struct kind_row rows[KIND_COUNT] = {
    {KIND_INPUT, "input", "memory", "what the visitor typed"},
    {KIND_PAGE, "page", "memory", "the fetched page"},
    {KIND_UPLOAD, "upload", "memory", "uploaded images"},
    {KIND_PROMPT, "prompt", "memory", "prompts"},
    {KIND_IMAGE, "image", "memory", "generated images"},
    {KIND_DESCRIPTION, "description", "memory", "image descriptions"},
    {KIND_ARCHIVE, "archive", "vault.db, spool/", "ZIP archives"},
    {KIND_REQUEST_LOG, "request-log", "log/", "request log"},
    {KIND_ERROR_LOG, "error-log", "nginx", "web server error log"},
    {KIND_ACCOUNT, "account", "vault.db", "accounts"},
    {KIND_SESSION, "session", "vault.db", "sessions"},
    {KIND_CONSENT, "consent", "vault.db", "consents"},
    {KIND_PREFERENCE, "preference", "vault.db", "preferences"},
    {KIND_GALLERY, "gallery", "vault.db, spool/", "saved galleries"},
    {KIND_PAYMENT, "payment", "vault.db", "payments"},
    {KIND_CREDIT, "credit", "vault.db", "credits"},
    {KIND_TICKET, "ticket", "vault.db", "support tickets"},
    {KIND_USAGE, "usage", "vault.db", "usage figures"},
    {KIND_RIGHTS_REQUEST, "rights-request", "vault.db", "data-subject requests"},
    {KIND_HOLD, "hold", "vault.db", "legal holds"},
    {KIND_LEDGER, "ledger", "vault.db", "ledger"},
    {KIND_BACKUP, "backup", "backup/", "backups"},
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
