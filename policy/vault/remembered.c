// SPDX-License-Identifier: ISC
// The records that were found last. One is used again only while nothing at all was committed to vault.db, by whatever process, so it is
// what a look-up would find; that matters to who downloads in parts, or looks before he downloads. Records with a body are not remembered:
// nothing that is sealed stands open in memory for longer than a request.
#include "policy/vault/internal.h"
#include <string.h>

static struct remembered *slot_of(struct vault *v, const uint8_t hash[HASH_LEN])
{
	return &v->read.remembered[hash[0] % REMEMBERED];
}

bool remembered_get(struct vault *v, enum kind kind, const uint8_t hash[HASH_LEN], const struct store_stamp *now, struct vault_record *out)
{
	const struct remembered *r = slot_of(v, hash);

	if (r->record.kind != kind || memcmp(r->hash, hash, HASH_LEN) != 0 || memcmp(&r->stamp, now, sizeof *now) != 0)
		return false;
	*out = r->record;
	return true;
}

void remembered_put(struct vault *v, const uint8_t hash[HASH_LEN], const struct store_stamp *now, const struct vault_record *record)
{
	struct remembered *r = slot_of(v, hash);

	if (record->body.data != NULL)
		return;
	memcpy(r->hash, hash, HASH_LEN);
	r->stamp = *now;
	r->record = *record;
}
