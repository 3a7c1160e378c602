// SPDX-License-Identifier: ISC
// Erasure: what it did is told by a certificate.
#ifndef LETHE_RIGHTS_ERASE_H
#define LETHE_RIGHTS_ERASE_H

#include "policy/rights/certificate.h"
#include "policy/rights/request.h"

// What ends a set that is being made when its receipt, or the address that it is made for, is erased; -1: whether it is, cannot be told, and the
// erasure is partial. For programs, before their first erasure: sets are not made here. `run` is the run folder, for `stop`; it stays the caller's.
void rights_stop_making_by(int (*stop)(const char *run, const char *who, struct err *e), const char *run);
// It is not complete, and of what, where `why` says why; the first reason is kept.
void rights_erased_but(struct erase_result *out, const char *what, const struct err *why);
// vault_erase(), and what is being made ends first.
int rights_erase_everywhere(struct vault *v, enum erase_by by, const char *value, bool dry_run, struct erase_result *out, struct err *e);
// Whether a dry run by a receipt found more than data-subject requests that name it and stay.
bool rights_erase_finds(const struct erase_result *found);
// The same by several selectors of one person: what is found by more than one is counted once.
int rights_erase_all(struct vault *v, const struct erase_selector *list, size_t count, bool dry_run, struct erase_result *out,
		     struct err *e);
// Erases by receipt. Its certificate (a JSON object), which the caller frees; NULL with *e. Unknown receipts give a certificate with zero finds:
// nothing is told about whether it existed, nothing is recorded, and its `audit_index` is null.
// ERR_REFUSED: the policy does not offer erasure as self-service.
cJSON *rights_erase(struct vault *v, const char *receipt, struct err *e);
// The same by the token of a ZIP's address.
cJSON *rights_erase_archive(struct vault *v, const char *token, struct err *e);
// The same of what the request log has of the address that asks, whoever of those that share it made the rows: they say no less of the one than of the other, and
// nobody is promised that they stay. Sets that are being made go on, as they may be another's. ERR_REFUSED: the policy does not offer it.
cJSON *rights_erase_connection(struct vault *v, const char *address, struct err *e);
// What by that token is erased: a record's id. Of an archive that is gone it is one that nobody has, so nothing is found.
int rights_archive_id(struct vault *v, const char *token, char id[RECORD_ID_LEN + 1], struct err *e);
// Carries out the erasure that request `id` asks for, by what it names and by its proven contact (person.h), and keeps the certificate with the request, which
// becomes "fulfilled" or "partial". A dry run only counts. *certificate: a copy of it, which the caller frees, where that pointer is not NULL. ERR_NOT_FOUND: no such request; ERR_INPUT:
// it is not an open request for erasure, or it neither names anything nor has a proven contact. `by`: the officer, or "site".
int rights_fulfil_erasure(struct vault *v, const char *id, const char *by, bool dry_run, struct erase_result *out, cJSON **certificate,
			  struct err *e);

#endif
