// SPDX-License-Identifier: ISC
// Inside the vault: tombstones. Where the policy keeps backups, what is erased is named in a file beside vault.db, tombstones/list, before it is
// deleted, so that a store which was brought back from before the erasure erases it again before anybody reads it: vault_open() compares the
// file's last number with the one that vault.db has seen. So it finishes, too, what a crash between the two left undone. Restrictions, the withdrawal
// of a consent, legal holds on a record, and the end of either are named like erasures, for the same reason.
//
//	<number> <time> <expires> <act> <by> <record id> <subject> <tag> <day>=<hash>,…  <HMAC by the ledger's key>\n     ("-": none)
//
// Subject, tag and the hashes of the request log's days are keyed hashes, as the stores have them: nobody is named. A line whose HMAC does not hold
// stops the opening; a last one without its end was never synced, and its erasure had not begun. It goes when no backup from before it is left.
//
// A line with the act "carried" carries a whole record, sealed (carry.h), in the place of the days. The next pruning empties it (act "void")
// where a later line carries the same record, and when that record has ended: who writes a line may only append.
#ifndef LETHE_VAULT_TOMBSTONE_H
#define LETHE_VAULT_TOMBSTONE_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"

// Beyond that size of the list, which whoever sends requests makes larger, no more of them are carried: `lethe check` says so.
enum { TOMBSTONE_DAYS_MAX = 400, TOMBSTONES_CARRY_BYTES = 64 * 1024 * 1024 };
enum tombstone_act {
	TOMBSTONE_ERASED,
	TOMBSTONE_RESTRICTED,
	TOMBSTONE_RESTRICTED_KEPT,
	TOMBSTONE_LIFTED,
	TOMBSTONE_WITHDRAWN,
	TOMBSTONE_HELD,
	TOMBSTONE_RELEASED,
	TOMBSTONE_CARRIED,
	TOMBSTONE_VOID,
	TOMBSTONE_ACTS
};
struct tombstone {
	int64_t number;
	time_t at, until;
	enum tombstone_act act;
	enum erase_by by;
	char id[RECORD_ID_LEN + 1]; // "": none
	bool has_subject, has_tag;
	uint8_t subject[HASH_LEN], tag[HASH_LEN];
	struct tombstone_day {
		char day[WHEN_DATE];
		uint8_t hash[LOG_HASH_LEN];
	} days[TOMBSTONE_DAYS_MAX];
	size_t day_count;
	const char *carried; // CARRIED: base64 of what carry.c sealed; valid during the call
};
// Makes the folder of the list, where the policy keeps backups. A program that is confined may write below it only when it is there before.
int tombstone_folder(const char *state, const struct policy *p, struct err *e);
// When no backup is left of what is stored now; 0: the policy keeps none.
time_t tombstone_expiry(const struct policy *p, time_t now);
// For who is alone in the lane of the records: gives it its number and makes it durable. Nothing, and number 0, where the policy keeps no backups.
int tombstone_write(const struct vault *v, struct tombstone *t, struct err *e);
// Inside the transaction that does what it says.
int tombstone_applied(const struct vault *v, const struct tombstone *t, struct err *e);
// Calls for those that vault.db has not seen, oldest first, until `each` returns non-zero: -1 then.
int tombstone_each_new(const struct vault *v, int (*each)(void *arg, struct tombstone *t, struct err *e), void *arg, struct err *e);
// For who is alone: forgets those that have expired, and the records in it that have ended.
int tombstone_prune(struct vault *v, time_t now, struct err *e);
// The same at once, for who is not alone, where records are carried.
int tombstone_settle(struct vault *v, time_t now, struct err *e);
// The first number that the file is to have and has not, as when it was deleted, or replaced by an older one: a restore would bring back what it
// named. 0: none. ERR_CORRUPT: a line was altered.
int tombstone_missing(const struct vault *v, int64_t *first, struct err *e);
// The number of the last that a vault.db has seen.
int tombstone_seen(const struct backend *b, struct store *s, int64_t *out, struct err *e);
// Inside a transaction, after a restore of what had seen so many: of those, what the file does not begin with any more had expired.
int tombstone_restored(const struct vault *v, int64_t seen, struct err *e);
uint64_t tombstones_size(const char *state); // of the list, in bytes
// The number of the last line of such a file; 0: there is none.
int64_t tombstone_last(const char *path);
extern const char tombstone_file[];      // its name in the state folder
extern const char *const tombstone_by[]; // the word for each erase_by

#endif
