// SPDX-License-Identifier: ISC
// The seam between what the vault means and where it is stored: typed rows, and verbs over them. Below it stands a folder for each database
// engine (sqlite/), which knows files, statements and locks; above it stand sealing, the policy and the ledger's arithmetic. No statement and
// no column number crosses it. What is sealed or hashed is bytes here. tests/unit/backend_test.c is what every engine must pass.
//
// Records, keys and the ledger are written in one lane, the request log in another: whoever has entered a lane writes alone, in all processes.
// Who needs both enters that of the log first. Every verb that writes needs its lane, and begins a transaction where none is begun, which `end`
// commits or rolls back; but those whose comment says "by itself" begin and commit on their own.
//
// Functions return 0, or -1 with *e: ERR_FULL, ERR_IO, ERR_CORRUPT, ERR_BUSY, ERR_MEMORY, ERR_INPUT, ERR_NOT_FOUND. A callback that returns
// non-zero ends the rows. Rows and what they point at are valid during the call.
#ifndef LETHE_VAULT_BACKEND_H
#define LETHE_VAULT_BACKEND_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/when.h"
#include "policy/model/life.h"
#include "policy/vault/limits.h"
#include "policy/vault/merkle.h"
#include "policy/vault/seal.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct store; // the engine's own: everything that is open
enum store_access {
	STORE_LOOK,   // the stores must exist with the current schema; where nobody may write them, as a copy, they are only read
	STORE_SERVE,  // and are read through first when not all who had them open have closed them: ERR_CORRUPT with the first finding
	STORE_CREATE, // makes them and migrates their schema
	STORE_COPY,   // what `copy` made, in that folder: only read, whoever may write it
	STORE_CHECK,  // and all of it is read through: ERR_CORRUPT with the first finding
	STORE_ALONE, // of all verbs only `close` may follow; nobody can open what is or will be there until then. ERR_BUSY when somebody has
};
enum lane { LANE_RECORDS, LANE_LOG, LANE_COUNT };
enum view {
	VIEW_COMMITTED, // from any thread; a callback must not call the store
	VIEW_WRITER,    // for who has entered the lane; shows what is not committed yet
};

// What tells one state of the records and keys from the next: while it is the same, no process has committed any.
struct store_stamp {
	uint8_t bytes[96];
};

enum sanitise {          // all but the last: of records and ledger
	SANITISE_TRIM,   // takes the rows of events in closed segments away, but the notable; as much as takes some milliseconds
	SANITISE_SHRINK, // gives space that is free back to the disk, as much as takes some milliseconds
	SANITISE_LOGS,   // empties the write-ahead log
	SANITISE_SMALL,  // rewrites what is not larger than REWRITE_ALWAYS_MAX, and empties the write-ahead log
	SANITISE_ALL,    // rewrites every file, whatever it costs; needs both lanes
};

struct marker { // bytes to look for
	uint8_t bytes[2 * HASH_LEN];
	size_t len;
	time_t at; // the caller's
};
struct found_bytes {
	uint64_t files, bytes, hits;
};

struct kind_summary {
	uint64_t count;
	time_t oldest, newest, due; // 0: none
};
// What is held at this moment, at a cost that does not depend on how much it is.
struct store_survey {
	struct kind_summary kinds[KIND_COUNT];
	uint64_t records; // of all kinds, also of those that this version does not know
	struct ledger_span {
		int64_t last;          // number of the last event; -1: none
		time_t oldest, newest; // of what is kept; 0: none
		uint64_t files;        // of closed segments
	} ledger;
	uint64_t database_bytes, pending_bytes /* of write-ahead logs */, log_bytes;
};

enum copied { COPY_RECORDS, COPY_KEYS, COPY_LOG_DAY };
struct copy_order {
	enum copied what;
	const char *day;                    // LOG_DAY
	time_t horizon;                     // RECORDS: what is due then is left out
	const uint8_t (*ended)[KEY_ID_LEN]; // RECORDS: keys that are named in it to be ended
	size_t ended_count;
};
struct copy_facts {                           // of records
	uint64_t records, events;             // that are in it; the ledger's size
	uint64_t left_records, left_payloads; // that were taken out
};

struct backend_upkeep {
	// Opens the stores under the folder `state`. ERR_NOT_FOUND when they are not there and not to be made; ERR_INPUT on a newer schema or
	// on somebody else's file; ERR_CORRUPT when one is missing beside the others, or older than they are.
	int (*open)(struct store **out, const char *state, enum store_access access, struct err *e);
	void (*close)(struct store *s);

	int (*enter)(struct store *s, enum lane lane, struct err *e);
	void (*leave)(struct store *s, enum lane lane);
	// Ends the transaction, if one is begun. Keys become durable before what they seal. After the engine gave the transaction up by itself, as
	// without space, every further verb of it fails, its commit too. ERR_UNKNOWN when the outcome cannot be known; any other error: nothing
	// was committed. Rolling back always succeeds.
	int (*end)(struct store *s, enum lane lane, bool commit, struct err *e);

	// Makes sure that what was deleted is in no file any more. By itself. 1: there is more of it to do. ERR_BUSY while a reader is in the way.
	int (*sanitise)(struct store *s, enum sanitise how, struct err *e);
	// Looks through the raw bytes of every file. Without any lane.
	int (*find_bytes)(struct store *s, const struct marker *markers, size_t count, struct found_bytes *out, struct err *e);
	int (*survey)(struct store *s, struct store_survey *out, struct err *e);
	// Calls for everything that is there and not of this version, or lacks: tables, columns, triggers, records of unknown kinds.
	int (*drift)(struct store *s, void (*each)(void *arg, const char *finding), void *arg, struct err *e);
	// Copies what is committed to a new file, which nobody waits for and which is not synced: the records and the ledger's open part, the keys, or
	// a day of the request log (1: there is none any more). Keys, which no other copy can replace, are read through.
	int (*copy)(struct store *s, const struct copy_order *order, const char *path, struct copy_facts *out, struct err *e);
	bool (*stamp)(struct store *s, struct store_stamp *out);                           // false: it cannot be told in this moment
	int (*number_get)(struct store *s, const char *name, int64_t *out, struct err *e); // 0 when it was never set; VIEW_COMMITTED
	int (*number_set)(struct store *s, const char *name, int64_t value, struct err *e);
};

// ---- records ----

struct record_row {
	char id[RECORD_ID_LEN + 1];
	enum kind kind; // KIND_COUNT: one that this version does not know
	char state[STATE_MAX];
	struct life_facts facts; // when it was made, and what is known of it since
	time_t due;              // 0: none
	bool has_subject, has_key, has_file;
	uint8_t subject[HASH_LEN], key[KEY_ID_LEN];
	struct buf body; // sealed; its owner frees it
};
struct tag_row {
	const char *name;
	uint8_t hash[HASH_LEN];
};

struct record_query {
	enum {
		RECORD_WITH_ID,    // these two with their bodies
		RECORD_WITH_TAG,   // of the kind, not due at `horizon`: any of them
		RECORDS_WITH_HASH, // whose subject or tag is tag_hash
		RECORDS_OF_PERSON, // with this id, this subject or this tag, each may be NULL; with bodies up to `body_bytes`
		RECORDS_OF_KIND,   // oldest first
		RECORDS_WITH_FILE,
		RECORDS_DUE, // of the kind, at or before `horizon`
	} by;
	enum kind kind;
	const char *id, *tag;
	const uint8_t *subject, *tag_hash;
	time_t horizon;
	const char *after; // OF_KIND, WITH_FILE: the id of the last row of the page before, "" at first
	time_t after_made; // OF_KIND: its time; INT64_MIN at first
	size_t limit;      // of all but the first two
	size_t body_bytes; // OF_PERSON: of all bodies at most; 0: none
};
struct record_list {
	struct record_row *rows; // free() frees them
	size_t count, capacity;
};

struct backend_records {
	int (*put)(struct store *s, const struct record_row *row, const struct tag_row *tags, size_t tag_count, struct err *e);
	int (*find)(struct store *s, enum view view, const struct record_query *query, struct record_list *out,
		    struct err *e); // adds to *out
	int (*update)(struct store *s, const struct record_row *row,
		      struct err *e); // all but id, kind, subject, made; an empty body: keeps its own
	int (*tag)(struct store *s, const char *id, const char *name, const uint8_t *hash /* NULL: it has none any more */, struct err *e);
	int (*tags)(struct store *s, const char *id, void (*each)(void *arg, const struct tag_row *tag), void *arg, struct err *e);
	int (*end)(struct store *s, const char *id, struct err *e); // with its tags; its key is named to be ended
};

// ---- keys; apart from what they seal ----

struct key_row {
	uint8_t id[KEY_ID_LEN];
	char kind[RECORD_ID_LEN + 1], scope[2 * HASH_LEN + 1];
	time_t made;
	uint8_t wrapped[KEY_LEN + SEAL_OVERHEAD];
};

enum key_end { KEY_END_NOW, KEY_END_LATER, KEY_STAYS /* and is to be ended no more */, KEY_END_FAILED };

struct backend_keys {
	// By its id; NULL: those of a kind from a scope on, in the order of scopes. How many there are, at most `max`; or -1.
	int (*get)(struct store *s, enum view view, const uint8_t *id, const char *kind, const char *scope, struct key_row *out, int max,
		   struct err *e);
	int (*put)(struct store *s, const struct key_row *row, struct err *e);
	// By itself, all or none: calls for every key, to be given another wrapping. What it was before is in no file any more. ERR_BUSY, before
	// anything is called for, when anybody else has the stores open to write; nobody can open them until this one closes them.
	int (*wrap_all)(struct store *s, int (*wrap)(void *arg, struct key_row *row, struct err *e), void *arg, struct err *e);
	// A key to be destroyed is named in the transaction that deletes what it sealed, so that a crash between the two cannot leave it behind.
	int (*end_later)(struct store *s, const uint8_t id[KEY_ID_LEN], struct err *e);
	// By itself: asks about each that was named and that no record or payload uses; those that end now are in no file any more.
	int (*destroy)(struct store *s, enum key_end (*judge)(void *arg, const uint8_t id[KEY_ID_LEN]), void *arg, struct err *e);
};

// ---- ledger ----

struct ledger_row {
	int64_t seq, at;
	const char *name, *policy, *details;
	const uint8_t *commitment, *seal; // HASH_LEN bytes; NULL when somebody made it another length
};
struct payload_row {
	int64_t seq;
	bool has_subject;
	uint8_t subject[HASH_LEN], key[KEY_ID_LEN];
	time_t due;      // 0: none
	struct buf body; // sealed; only put and get have it; its owner frees it
};
// What is known of the ledger at a size. Where two times or hashes are named, the mark says which it is.
struct mark_row {
	enum mark {
		MARK_HEAD,       // its end: one, which moves
		MARK_CHECKPOINT, // that was signed
		MARK_SEGMENT,    // a part of it that is closed: its events are kept elsewhere (segment.h), or no more
	} mark;
	uint64_t size;
	time_t at; // of the last event; CHECKPOINT: of the signing
	uint8_t range[MERKLE_PACKED_MAX];
	size_t range_len;
	uint8_t seal[HASH_LEN];         // HEAD, SEGMENT
	uint8_t root[HASH_LEN];         // CHECKPOINT: of the whole; SEGMENT: of its own events
	char note[CHECKPOINT_NOTE_MAX]; // CHECKPOINT
	uint64_t start;                 // SEGMENT: the number of its first event
	time_t first_at;                // SEGMENT: when that was
	bool there;                     // SEGMENT: its events are kept
};
enum mark_side { MARK_UP_TO, MARK_FROM }; // the largest up to a size; the smallest from it on

struct backend_ledger {
	int (*mark_get)(struct store *s, enum view view, enum mark mark, enum mark_side side, uint64_t size, struct mark_row *out,
			struct err *e); // 1, 0: none, -1
	// An event, its payload, and a mark (each NULL: none): the head, as it is then; a checkpoint; a segment, which, where its events are kept
	// no more, takes the place of those that it covers.
	int (*append)(struct store *s, const struct ledger_row *row, const struct payload_row *payload, const struct mark_row *mark,
		      struct err *e);
	// At most `limit` events from number `from` on. `notable`: only "activation" and "refused-region", at a cost that depends on their
	// number alone.
	int (*page)(struct store *s, int64_t from, bool notable, size_t limit, int (*each)(void *, const struct ledger_row *), void *arg,
		    struct err *e);
	// Ends the checkpoints of sizes from one up to another, but the last of each UTC day; what was ended up to there is the number
	// "segments-ended".
	int (*checkpoints_end)(struct store *s, uint64_t from, uint64_t to, struct err *e);
	// The first from a number on, of all or of those of a subject (NULL: all): 1, 0: none, -1.
	int (*payload_get)(struct store *s, const uint8_t *subject, int64_t from, struct payload_row *out, struct err *e);
	// Ends those of a subject (NULL: of none), and at most `limit` that are due at `due` (0: none); their keys are named to be ended. *out:
	// how many.
	int (*payload_end)(struct store *s, const uint8_t *subject, time_t due, size_t limit, uint64_t *out, struct err *e);
};

// ---- request log: a place of its own for each UTC day, which goes as a whole ----

struct log_row {
	const char *day; // "2026-11-22": whose place is made where it is missing; one for each transaction
	time_t at;
	uint8_t address[LOG_HASH_LEN], receipt[LOG_HASH_LEN];
	bool has_receipt;
	const void *body; // sealed
	size_t body_len;
};
struct log_day {
	char day[WHEN_DATE];
	enum { LOG_DAY_NOT_READ, LOG_DAY_READ, LOG_DAY_VOID /* begun and no more, or ended in this moment */, LOG_DAY_DAMAGED } state;
	bool set_aside; // a damaged part of it is kept beside it until it ends
	uint64_t lines;
	time_t oldest, newest; // 0: empty
};
struct log_erasure { // of rows of a day, with the address or the receipt; NULL: none of that sort
	const char *day;
	const uint8_t *address, *receipt;
	uint64_t rows;  // that went, or are there
	struct err err; // ERR_NONE: it is done
};

struct backend_log {
	// ERR_CORRUPT when the day is damaged: it is set aside, and who tries again begins it anew.
	int (*append)(struct store *s, const struct log_row *row, struct err *e);
	// Their number, or -1; oldest first; the caller frees *out. Only `day` and `set_aside` are told.
	int (*days)(struct store *s, struct log_day **out, struct err *e);
	int (*read)(struct store *s, struct log_day *day, struct err *e); // the rest of it
	// Deletes these rows up to a time, durably, all days side by side. By itself. What was deleted is in no file any more, as after
	// SANITISE_LOGS. Or only counts them.
	void (*erase)(struct store *s, struct log_erasure *list, size_t count, time_t until, bool only_counts);
	int (*find)(struct store *s, const char *day, const uint8_t *address, const uint8_t *receipt,
		    int (*each)(void *, const struct log_row *), void *arg,
		    struct err *e);                                      // those rows, oldest first; only reads
	int (*end_day)(struct store *s, const char *day, struct err *e); // by itself, and durably
};

struct backend {
	const char *name;
	const struct backend_upkeep *upkeep;
	const struct backend_records *records;
	const struct backend_keys *keys;
	const struct backend_ledger *ledger;
	const struct backend_log *log;
};
extern const struct backend sqlite_backend;

#endif
