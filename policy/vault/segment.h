// SPDX-License-Identifier: ISC
// The closed part of the ledger.
//
// The last events stand in the store, one row each, where they are written together with what they tell of. Each time that 2^14 of them are
// complete, a segment of the ledger is closed: `lethe prune` writes its events to a file of their own, ledger/<number of its first event>.gz,
// and takes their rows away. So what is opened, checked, scanned and rewritten stays as large as one segment, whatever the site's age.
//
// The file is a text in gzip, which zcat shows and which nobody writes again:
//
//	lethe-ledger/v1 <number of the first event> <how many>\n
//	<seconds>\t<name>\t<policy version>\t<details>\t<commitment in hex, or "-" for 32 zero bytes>\n	for each event
//
// That is all that its leaf is computed from (ledger.c). 2^14 events are a complete subtree of the RFC 6962 tree: its root, the compact range of
// the whole tree up to its end, and its first and last time are a row in the store, under a seal (HMAC by the ledger's key). From the rows alone
// follow the tree of now, and every node of it above the segments; from a row and its file every node below. So a proof of any event reads one
// file. Payloads stay in the store, by number and by subject: erasing one touches no segment.
//
// Order, and what a crash leaves: (1) the rows are read, each leaf computed and its seal compared: an altered ledger is not closed. (2) The file
// is written under another name, synced, renamed, the folder synced; and read back. A crash before leaves a file that is written again. (3) The
// row is committed. From here on the file counts; rows that are still in the table are passed over. (4) The rows go in small
// transactions of their own, between which others write; how far is noted in the same transaction. Activations and refused regions stay
// as rows too, for who looks for them alone.
//
// Where the policy gives the ledger a life that ends, a segment whose last event is past it loses its file; one whose first events are past it is split: the
// others are closed anew in complete subtrees, and its file goes. Events that are past it before their segment is complete lose their rows. What is left of them are rows of segments without a file: of each event one, whose root is its leaf; of a whole
// block of 2^8 one in their place, and of 2^16 one in the place of these. So everything after them verifies, every signed checkpoint and every proof
// made before stays valid, what is published can be made anew (tiles.h), and their number hardly grows: 2^8 and 2^8 at most, and one for each 2^16
// events. Of the checkpoints that were signed up to there one a day is kept. What is left of a segment that ended in part is closed, once it is complete, in
// complete subtrees of it. Each end is an event, but for that of events that tell of nothing else.
#ifndef LETHE_VAULT_SEGMENT_H
#define LETHE_VAULT_SEGMENT_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"
#include <limits.h>

enum { SEGMENT_LEVEL = 14, SEGMENT_BYTES_MAX = 256 * 1024 * 1024 };

// The row of a mark, as backend.h's mark_get. ERR_CORRUPT when its seal does not hold.
int segment_row_get(const struct vault *v, enum mark_side side, uint64_t size, struct mark_row *out, struct err *e);
// The tree up to the end of the last one before a size; the empty tree where there is none.
int segment_tree(const struct vault *v, uint64_t size, struct merkle *out, struct err *e);
// Appends the text as gzip packs it.
int segment_pack(const struct buf *text, struct buf *out, struct err *e);
// Calls for its events from a number up to another, which have no seal of their own, until `each` returns non-zero: 1 then. ERR_CORRUPT when the file
// is damaged or missing, ERR_NOT_FOUND when its events are kept no more.
int segment_each(const struct vault *v, const struct mark_row *row, uint64_t from, uint64_t to,
		 int (*each)(void *, const struct ledger_row *), void *arg, struct err *e);
// The same for the text of its file, which is taken apart in place.
int segment_read(char *text, size_t len, const struct mark_row *row, uint64_t from, uint64_t to,
		 int (*each)(void *, const struct ledger_row *), void *arg, struct err *e);
// For who closes, ends or copies segments: one at a time. Makes their folder, and returns what is to be closed; -1.
int segment_lock(const struct vault *v, char folder[PATH_MAX], struct err *e);
// How many files of segments there are, without those that a split writes while the segment is there, or left when it was cut off; -1 when this user may
// not look. Whether that of a row is one of them.
int64_t segment_files(const struct vault *v);
bool segment_file_there(const struct vault *v, const struct mark_row *row);
// A number of the store: that of the first event of an erasure that is not finished, and 1; 0: none. That event stays.
extern const char segment_number_unsearched[];
// The number of the first event whose text is kept.
int segment_minimum(const struct vault *v, int64_t *out, struct err *e);
// Closes all segments that are complete, and takes their rows away.
int segment_close_all(struct vault *v, struct err *e);
// Ends the events that are past their life at `horizon`, in segments and in none; only counts them when `dry_run`.
int segment_prune(struct vault *v, time_t horizon, bool dry_run, size_t *events, struct err *e);

#endif
