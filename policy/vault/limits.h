// SPDX-License-Identifier: ISC
// Lengths and ceilings of what is stored.
#ifndef LETHE_VAULT_LIMITS_H
#define LETHE_VAULT_LIMITS_H

enum {
	RECORD_ID_LEN = 32, // 128 bits in hex
	RECORD_TAGS_MAX = 16,
	STATE_MAX = 32, // of a record, with its NUL
	KEY_ID_LEN = 16,
	LOG_HASH_LEN = 16,
	VAULT_BODY_MAX = 1024 * 1024,         // a sealed body is JSON of a few KiB; files live in the spool
	STORE_VALUE_MAX = 2 * VAULT_BODY_MAX, // bytes of one row: a sealed body fits
	LEDGER_DETAILS_MAX = 4096,            // of an event
	CHECKPOINT_NOTE_MAX = 2048,           // a signed note
	PAGE_ROWS = 256,                      // rows read in one go, so that no reader holds up a checkpoint
	REWRITE_ALWAYS_MAX = 8 * 1024 * 1024, // files up to this size are rewritten after every erasure: some 20 ms in which others wait
	SCAN_AT_ONCE_MAX = 64 * 1024 * 1024,  // bytes of all files up to which an erasure searches them at once: 0.1 s
};

#endif
