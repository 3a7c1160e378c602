// SPDX-License-Identifier: ISC
// The ledger as static files that anybody can read and check without us (C2SP tlog-tiles), below one folder:
//
//	.well-known/checkpoint	the newest signed checkpoint; what follows is of its size
//	.well-known/ledger.json	{"origin", "key": the verifier key, "minimum_index": the first entry whose text is kept, "size", "keys": those before
//				it, too, oldest first: [{"key", "until_size", "until", "handover"}, …, {"key", "from_size", "since"}] (ledger_key.h)
//	.well-known/ledger.js	the keys, newest first, and of those before until_size and handover, for the page that verifies
//	tile/<L>/<N>[.p/<W>]	256 hashes (or W) of level L: each the root over 256^L entries
//	tile/entries/<N>[.p/<W>].gz	in gzip, 256 entries (or W), each with its length in two bytes before it: metadata and commitment (ledger.c)
//
// N is written as x001/x234/067. A full tile of hashes never changes. The partial tiles of all sizes that were signed stay until the full one is there. Where the ledger's text is kept no longer, its entries and their hashes of level 0 go; what
// stands above them proves the rest. In the tile with entry `minimum_index`, those before it have the length 0.
#ifndef LETHE_VAULT_TILES_H
#define LETHE_VAULT_TILES_H

#include "policy/vault/vault.h"

// Brings the files up to the newest signed checkpoint, which is written last. Nothing where there is none. ERR_CORRUPT: the files and the ledger do not
// lead to the signed root. ERR_NOT_FOUND: tiles are missing whose entries are kept no longer.
int tiles_publish(struct vault *v, const char *folder, struct err *e);

#endif
