// SPDX-License-Identifier: ISC
// The vault: the only way to stored data. Nothing about a person is kept except through these functions, and nothing of a kind that
// the policy does not keep is accepted. All functions may be called from any thread. All of them end in a durable state: what
// returned 0 survives kill -9 and power loss; what returned -1 did not happen (ERR_UNKNOWN: the caller must treat it as not happened
// and the process must stop serving: vault_broken() tells).
#ifndef LETHE_VAULT_VAULT_H
#define LETHE_VAULT_VAULT_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/when.h"
#include "policy/model/life.h"
#include "policy/model/policy.h"
#include "policy/vault/limits.h"
#include <stdbool.h>

struct vault;

enum vault_mode {
	VAULT_PROGRAM, // a serving program: reads, writes, no schema creation
	VAULT_LOOK,    // as VAULT_PROGRAM, but without reading the whole files first after an unclean stop; makes nothing
	VAULT_ADMIN,   // the officer's command: may create and migrate the stores, prune, erase, vacuum
};

// Opens the stores under `state` (vault.db, keys/, log/) and the spool under `run` (spool/) or, where the policy says
// so, on the disk under `state` (spool/). The master key comes from
// LETHE_MASTER_KEY_FILE, a credential, or `state`/keys/master.key. VAULT_ADMIN makes what is missing, the master key included.
// ERR_NOT_FOUND when VAULT_PROGRAM finds no store ("run: lethe keys init"); ERR_CORRUPT; ERR_INPUT on a newer schema.
// `p` must outlive the vault.
int vault_open(struct vault **out, const char *state, const char *run, const struct policy *p, enum vault_mode mode, struct err *e);
void vault_close(struct vault *v);
bool vault_broken(const struct vault *v); // a commit's outcome is unknown: stop serving, let the next start check
const struct policy *vault_policy(const struct vault *v);

// --- ledger: what was done, under which policy; no personal data ---
struct ledger_event {
	const char *name;    // "generation", "archive", "download", "erasure", "prune", "activation", "request", "refused-region" …
	const char *details; // a JSON object of public metadata, or NULL; must hold nothing about a person
	const void *payload; // sealed, erasable; NULL for none. The leaf commits to it with a salt that dies with it.
	size_t payload_len;
	const char *subject;               // whom the payload is about (erased with it); NULL for none
	const unsigned char *subject_hash; // of the vault: instead of it
};
// Appends one event. ERR_FULL, ERR_IO.
int ledger_append(struct vault *v, const struct ledger_event *event, struct err *e);
#define LEDGER_CERTIFICATE "certificate" // the event that vouches for one: what waits to be signed
// The same, and tells its number and time.
int ledger_append_entry(struct vault *v, const struct ledger_event *event, uint64_t *index, time_t *at, struct err *e);
// Whether a certificate waits for the ledger to be signed.
int ledger_unsigned(struct vault *v, bool *waits, struct err *e);

// --- records ---
struct vault_tag {
	const char *name;  // "token", "receipt" …
	const char *value; // stored only as a keyed hash
};
struct vault_new {
	enum kind kind;
	const char *subject;          // any text that names the person or visit (a receipt); stored only as a keyed hash; NULL: none
	const char *subject_of;       // the id of a record whose subject it has, too, where that has one; NULL: `subject` says
	const struct vault_tag *tags; // ended by {NULL, NULL}; NULL: none
	const void *body;             // sealed; may be NULL
	size_t body_len;
	const char *file; // a finished file in the spool to own: it is renamed to <id>.zip and dies with the record; NULL: none
	const char *once; // a tag's name: ERR_BUSY where a record of the kind that is not over has the same value of it; NULL
	time_t due;       // 0: as the policy says; an earlier time is kept, a later one is refused
	time_t made;      // from when on its life counts; 0: now
	unsigned facts;   // LIFE_BIT()s that are so from the beginning
	bool named;       // `id` is from vault_id_new()
	bool carried;     // it outlives a restore from before it was put, as everything of some kinds does (kind.h)
};
// An id that no record has; before it is stored, where its own ledger event names it.
void vault_id_new(char id[RECORD_ID_LEN + 1]);
// Stores one record and its ledger event in one transaction. ERR_REFUSED when the policy does not keep the kind. `id`: it gets a new one, unless
// the record says `named`.
int vault_put(struct vault *v, const struct vault_new *record, const struct ledger_event *event, char id[RECORD_ID_LEN + 1], struct err *e);

// Several of them with one event: all or none. `ids` has `count`.
int vault_put_all(struct vault *v, const struct vault_new *records, size_t count, const struct ledger_event *event,
		  char (*ids)[RECORD_ID_LEN + 1], struct err *e);

struct vault_record {
	char id[RECORD_ID_LEN + 1];
	enum kind kind;
	char state[STATE_MAX];
	time_t made, due; // due 0: no fixed end
	uint64_t subject; // the same number: they hang on the same person; 0: on nobody
	struct life_facts facts;
	bool has_file, unreadable; // unreadable: only vault_each and vault_subject tell of it, without its body
	bool over;                 // past its end and not pruned yet: only vault_subject tells of it, without its body
	struct buf body;           // opened; freed by vault_record_free
};
void vault_record_free(struct vault_record *r);
// A record past its due time is not found, pruned or not: ERR_NOT_FOUND. One that is restricted (vault_restrict) is not used: ERR_RESTRICTED. Of
// several with the same tag vault_find takes any.
int vault_get(struct vault *v, const char *id, struct vault_record *out, struct err *e);
int vault_find(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out, struct err *e);
// The same but for the body, which stays sealed: `out` has none. At a small part of the cost.
int vault_find_head(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out, struct err *e);
// Calls `each` for every live record of the kind that is not restricted, oldest first, until it returns non-zero, also for what is damaged or lacks its
// key. `state` NULL: any.
int vault_each(struct vault *v, enum kind kind, const char *state, int (*each)(void *, const struct vault_record *), void *arg,
	       struct err *e);
// The same, and what is restricted is found like everything else: for the person's rights, legal holds, and checks, which show nothing of it.
int vault_find_head_for_rights(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out,
			       struct err *e);
int vault_each_for_rights(struct vault *v, enum kind kind, const char *state, int (*each)(void *, const struct vault_record *), void *arg,
			  struct err *e);
struct vault_change {
	const char *state; // NULL: keep
	const void *body;  // NULL: keep
	size_t body_len;
	const struct buf *was; // change it only if this is its body still, else ERR_BUSY; NULL: whatever it is
	unsigned set, clear;   // LIFE_BIT()s of what is so from now on, and of what is not so any more: its end is reckoned anew
	bool for_rights;       // state and body of what is restricted change, too
	const struct vault_tag
	    *tags; // these have other values from now on (NULL: none any more), the others stay; ended by {NULL, NULL}; NULL: all stay
};
// Changes a record, with a ledger event, in one transaction; a payload of the event that names no subject is about the record's, and is left out where it has
// none. What is past its end or cannot be read is not changed: ERR_NOT_FOUND, ERR_CORRUPT.
// ERR_REFUSED: a hold on what the policy lets nobody hold. ERR_BUSY: see `was`. ERR_RESTRICTED.
int vault_update(struct vault *v, const char *id, const struct vault_change *change, const struct ledger_event *event, struct err *e);
// Ends the record now: row, tags, key where it has its own, file; with a ledger event. ERR_NOT_FOUND; ERR_REFUSED when the
// policy or a legal hold keeps it in spite of that. Works on a full disk, too.
int vault_end(struct vault *v, const char *id, const struct ledger_event *event, struct err *e);
// The space that is kept for erasing on a full disk is given free, for what must be written before an erasure, or taken again.
void vault_space_reserve(const struct vault *v, bool take);
// The folder for files that records are to own, on the same file system as theirs. What is on a disk is to be sealed by who writes it.
const char *vault_spool(const struct vault *v, bool *on_disk);
// Gives those of the kind that were stored before there was this tag the value that `value` tells (an empty one: none). Once: from then on it does nothing.
int vault_tag_old(struct vault *v, enum kind kind, const char *tag,
		  void (*value)(struct vault *v, const struct vault_record *r, struct buf *out), struct err *e);
// Full path of the record's spool file.
int vault_spool_path(const struct vault *v, const char *id, char *out, size_t size, struct err *e);
// Opens it for reading. -1: it is not there. `sealed`: it is on a disk, and bytes mean nothing without the key in the record's body.
int vault_file_open(const struct vault *v, const char *id, bool *sealed);

// --- request log ---
struct request_log_row {
	const char *address; // textual IP address
	const char *user_agent;
	const char *receipt; // NULL: none; lets a receipt's erasure find the row
};
// Durable when it returns; group-committed across threads. ERR_REFUSED when the policy keeps no request log (then don't call).
int request_log_append(struct vault *v, const struct request_log_row *row, struct err *e);
// The same in two steps, for callers that have something else to make durable meanwhile. What the row points at must live until the wait,
// which every begun row needs and which frees it; nothing may be done that the log must know of before it returned 0. NULL with *e.
struct request_log_pending;
struct request_log_pending *request_log_begin(struct vault *v, const struct request_log_row *row, struct err *e);
int request_log_wait(struct vault *v, struct request_log_pending *p, struct err *e);

// --- the clock ---
struct clock_state {
	time_t now;    // what it shows
	time_t known;  // the time is not earlier than this, by the last run of pruning and by how long the machine has been up since
	time_t judged; // by which time it is judged what is due
	time_t ahead;  // something is dated later than that, the latest of it so, and nobody has confirmed the clock since; 0: nothing is
	bool leapt;    // it is farther ahead of what is known than a machine is switched off
};
int vault_clock(const struct vault *v, struct clock_state *out, struct err *e);
// An officer says that the clock is right, for a reason without personal data, which may be NULL. *was: how it was judged before.
int vault_clock_confirm(struct vault *v, const char *reason, struct clock_state *was, struct err *e);

// --- retention ---
struct prune_result {
	size_t records, files, log_segments, log_rows, orphans; // ended, or what a dry run would end
	size_t anonymised;                                      // of the records: not deleted
	size_t ledger_events;                                   // whose text went; their roots stay
	time_t oldest_left;                                     // of the request log; 0: empty
	time_t horizon;                                         // what is due then was ended; 0: the clock could not be judged
	struct clock_state clock;
};
// Ends everything that is due at the time that the clock is judged to show and `ahead` of it: records, their files, log segments whose oldest
// row would pass the limit, and what erasures left to do. A step that fails keeps none of the others from running: *e tells of all, and has
// the code of the first. Where the clock has leapt, that is one of them (ERR_REFUSED). `dry_run` only counts.
int vault_prune(struct vault *v, struct duration ahead, bool dry_run, struct prune_result *out, struct err *e);

struct census_row {
	enum kind kind;
	enum policy_keep keep;
	uint64_t count;
	time_t oldest;           // 0: none
	uint64_t limit_seconds;  // life from `oldest`; 0: no fixed end
	bool late;               // something older than promised is there
	char damaged[WHEN_DATE]; // of the request log: a day that cannot be read whole; "": none
};
struct census {
	struct census_row rows[KIND_COUNT];
	size_t row_count;
	time_t last_prune; // 0: never
	time_t unsearched; // when the first erasure was after which the files are not searched yet; 0: none
	uint64_t database_bytes, wal_bytes, log_bytes, spool_bytes;
};
int vault_census(struct vault *v, struct census *out, struct err *e);
// Calls `each` with a phrase for everything in the store files that no declared kind and no part of this version covers: tables, columns,
// triggers that are there or lacking, records of kinds that the software does not know.
int vault_drift(struct vault *v, void (*each)(void *arg, const char *finding), void *arg, struct err *e);

// Another master key takes the place of the one in use, and the ledger says so. The site must be stopped: ERR_BUSY. *count: the keys that it wraps.
int vault_rotate_master(struct vault *v, uint64_t *count, struct err *e);

// --- erasure ---
enum erase_by { ERASE_RECEIPT, ERASE_ADDRESS, ERASE_RECORD, ERASE_CONTACT /* what has this tag "contact" (policy/rights/person.h) */ };
struct erase_selector {
	enum erase_by by;
	const char *value;
};
struct erase_store {
	const char *name; // "records", "spool", "request-log", "ledger-payloads"
	uint64_t found, erased, kept;
	time_t verified; // when it was looked into again, and nothing was left but what is kept; 0: that is not so, or a dry run
};
struct erase_kept { // records that the policy keeps though their erasure was asked for
	enum kind kind;
	uint64_t count;
	bool held;          // by a legal hold
	const char *ground; // of that hold, by who knows holds (policy/rights/hold.h); NULL: not known
	bool open;          // data-subject requests that are not answered yet
	time_t until;       // of the one that stays longest; 0: no fixed end
};
struct erase_result {
	struct erase_store stores[8];
	size_t store_count;
	struct erase_kept kept[KIND_COUNT];
	size_t kept_count;
	time_t oldest, newest; // when the first and the last of the records found were made; 0: none
	uint64_t requests;     // of the records: data-subject requests that name the receipt
	uint64_t unproven;     // of a person: those that only give the same contact, by who knows persons (policy/rights/person.h)
	uint64_t settled;      // of those that are kept: nothing changes for them
	bool held;             // a legal hold keeps some of it
	bool complete;         // false: partial, and `reason` says why
	char reason[256];
	uint64_t residue_files, residue_bytes, residue_hits; // of the scan afterwards; no files: none was made
	bool searched_later;                                 // as the files are large
	struct erase_backups {                               // all 0: the policy keeps none
		int64_t tombstone;                           // its number: no backup brings back what was erased
		time_t purge_by;                             // when no backup from before it is left
	} backups;
	bool recorded;         // the ledger has it, at
	uint64_t ledger_index; // of the erasure's own event
};
// Erases everything that hangs on a receipt or one record id (its whole subject), or what the request log has of an IP address, which no record
// names: in one transaction the event, the end of the rows, and what is left to do; then files, log rows, keys and write-ahead logs. When it returns with
// complete=true, all of that is gone. Then every store file is searched for what was erased: at once where they are small, else by the next
// pruning, which also completes what a crash left. A dry run counts only. What the policy keeps in spite of an erasure, or a legal hold keeps,
// stays and is told in `kept`; its end is reckoned anew. An open data-subject request stays as it is: it is answered first. Where every store and the search say that there is nothing, nothing is done and nothing
// recorded, whoever asks. Returns 0 with complete=false when not every store was reached.
int vault_erase(struct vault *v, enum erase_by by, const char *value, bool dry_run, struct erase_result *out, struct err *e);
// The last of several selectors of one person: the same, but for records to which one of those before it leads, too. What all of them found and did is
// added up by erase_result_add().
int vault_erase_next(struct vault *v, const struct erase_selector *list, size_t count, bool dry_run, struct erase_result *out,
		     struct err *e);
void erase_result_add(struct erase_result *sum, const struct erase_result *one);
// Whether a dry run found anything that an erasure would end or change.
bool vault_erase_pending(const struct erase_result *r);

// --- restriction: kept, not used ---
struct restrict_result {
	uint64_t records, files;       // of the subject that are restricted now, or that were and are not any more
	char first[RECORD_ID_LEN + 1]; // the least of their ids: what leads to the same subject has the same; "" for none
};
enum restrict_how {
	RESTRICT,       // nothing but the person's rights, holds and checks finds them; they end when the policy says
	RESTRICT_KEEP,  // the same, and nothing but an erasure ends them until it is lifted
	RESTRICT_LIFT,  // what would have ended meanwhile ends with the next pruning
	RESTRICT_WOULD, // only counts what would be restricted
	RESTRICT_COUNT  // only counts what is
};
// Restricts everything that vault_erase() would find in the records by the same selector, in one transaction with its ledger
// event, which names the data-subject request; from its return on no program finds them. Requests and holds stay usable, without which nothing could be
// lifted; the request log is read for nothing but rights anyway. What is past its end stays so. Where nothing is found, nothing is recorded.
int vault_restrict(struct vault *v, enum erase_by by, const char *value, enum restrict_how how, const char *request,
		   struct restrict_result *out, struct err *e);

// --- access: what is kept of a subject, to be handed out ---
struct subject_log_row {
	time_t at;
	const char *address, *user_agent; // NULL when it is
	bool unreadable;
	bool of_visit; // it bears a receipt
};
struct subject_event { // of the ledger, with what was sealed about the subject
	uint64_t index;
	const char *payload; // NULL when it is
	size_t len;
	bool unreadable;
};
struct subject_walk { // each is called for everything that is found; the last two until they return non-zero, or NULL: not looked for
	void (*record)(void *arg, const struct vault_record *r);
	int (*log_row)(void *arg, const struct subject_log_row *row);
	int (*event)(void *arg, const struct subject_event *event);
};
struct subject_result { // of what could not be read, or not all of it
	bool records_missed, log_missed, ledger_missed;
	char reason[256]; // the first; "" when nothing was missed
};
// Tells everything that vault_erase() would find by the same selector, and by the same means. Only reads, without any lock, at a cost that does
// not grow with the store.
int vault_subject(struct vault *v, enum erase_by by, const char *value, const struct subject_walk *walk, void *arg,
		  struct subject_result *out, struct err *e);
// Calls for each of its records alone, without their bodies, until `each` returns non-zero; those past their end are `over`.
int vault_subject_heads(struct vault *v, enum erase_by by, const char *value, int (*each)(void *, const struct vault_record *), void *arg,
			struct err *e);
// How many records of these kinds were there at any time from `from` to `until` that still are, and of how many subjects; at a cost that grows with them.
struct vault_touched {
	uint64_t records[KIND_COUNT];  // of the request log: rows of the days
	uint64_t subjects;             // as many numbers as vault_record.subject has
	uint64_t nameless[KIND_COUNT]; // of the records, those that hang on nobody
};
int vault_touched_count(struct vault *v, kind_set kinds, time_t from, time_t until, struct vault_touched *out, struct err *e);
// Appends an event whose payload is about the subject, as long as anything is kept of it; else the event without the payload.
int vault_subject_note(struct vault *v, enum erase_by by, const char *value, const struct ledger_event *event, struct err *e);

// --- audit ---
struct ledger_entry {
	uint64_t index;
	time_t at;
	const char *name, *policy_version, *details; // valid during the call
};
int ledger_each(struct vault *v, uint64_t from, int (*each)(void *, const struct ledger_entry *), void *arg, struct err *e);
int ledger_size(struct vault *v, uint64_t *out, struct err *e);  // as its head states it
int ledger_first(struct vault *v, uint64_t *out, struct err *e); // the number of the first entry that is kept
struct ledger_report {
	uint64_t size;
	uint64_t from;    // the first entry that was looked at
	uint64_t missing; // entries that are kept no longer, as the policy says: their roots were
	char root[65];    // hex
	enum ledger_result {
		LEDGER_INTACT,
		LEDGER_ALTERED,
		LEDGER_TRUNCATED, // it is shorter than a checkpoint that was kept elsewhere
		LEDGER_FORKED,    // it holds, but is another than that checkpoint is of
	} result;
	bool intact; // or `finding` says which index and why
	bool
	    followed; // ledger_verify_against: another key than the one given signed the checkpoint, and the ledger leads from the one to the other
	uint64_t bad_index;
	char finding[256];
};
// The same for "activation" and "refused-region" only, at a cost that depends on their number alone.
int ledger_each_notable(struct vault *v, int (*each)(void *, const struct ledger_entry *), void *arg, struct err *e);
enum ledger_extent {
	LEDGER_WHOLE, // every leaf and root is computed anew, and every checkpoint compared
	LEDGER_SINCE, // from where the last verification of this or the whole extent ended, as it remembers under a seal: segments closed since, and the rest
	LEDGER_OPEN, // the events that are not closed yet, and the seal of what stands before them: at a cost that does not grow
};
// ERR_IO; an altered ledger is intact=false.
int ledger_verify(struct vault *v, enum ledger_extent extent, struct ledger_report *out, struct err *e);
// The whole of it, and whether it grew out of a checkpoint that was kept elsewhere. `key_line`: the key to verify it with, as in keys/ledger.pub, or
// one that it led to (ledger_key.h); NULL: any of this ledger. ERR_INPUT: it is no checkpoint, or none of this ledger, or what it would be compared with is kept no longer.
int ledger_verify_against(struct vault *v, const char *note, size_t len, const char *key_line, struct ledger_report *out, struct err *e);
// The current signed checkpoint (C2SP tlog-checkpoint), signing a new one if the tree grew. VAULT_ADMIN only.
int ledger_checkpoint(struct vault *v, struct buf *out, struct err *e);

// How many requests of authorities came in a year, and what came of them: events named "authority" whose details have "event" and "year". Each
// checkpoint signs them as lines behind its root, "authorities 2026 asked 3 given 1 nothing 0 refused 2"; none may be lower than in the one before.
enum authority_count { AUTHORITY_ASKED, AUTHORITY_GIVEN, AUTHORITY_NOTHING, AUTHORITY_REFUSED, AUTHORITY_COUNTS };
extern const char *const authority_count_names[AUTHORITY_COUNTS];
enum { AUTHORITY_YEARS = 12 };
struct authority_year {
	unsigned year;
	uint64_t counts[AUTHORITY_COUNTS];
};
struct authority_years { // oldest first; what is older than the last of them is counted in the first
	struct authority_year list[AUTHORITY_YEARS];
	size_t count;
};
// As the newest checkpoint signed them.
int ledger_authorities(struct vault *v, struct authority_years *out, struct err *e);

// A proof over the tree of the newest signed checkpoint, followed by that checkpoint: that the event `number` is in it, in the form of C2SP
// tlog-proof; or that the tree of the first `number` events is its beginning. ERR_NOT_FOUND: nothing is signed yet, or the events that it needs are
// kept no longer; ERR_INPUT: the checkpoint does not reach so far.
enum ledger_proof { PROOF_OF_EVENT, PROOF_OF_GROWTH };
int ledger_proof(struct vault *v, enum ledger_proof which, uint64_t number, struct buf *out, struct err *e);

#endif
