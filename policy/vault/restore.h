// SPDX-License-Identifier: ISC
// Bringing a backup back, in steps. The stores are put together beside those that are there, in the folder restoring.new: the files of the backup, each
// held against its manifest as it is copied, keys, and the list of erasures. There, before anybody is served, what was erased since the backup is
// erased again (tombstone.h) and what is due is ended. Up to here nothing that was stored is touched, and whatever ends it, it is as if it had not been
// begun. Then the file `restoring` is written, which keeps everybody else out, and what was put together takes the place of what was there, part by
// part; whatever ends that, it goes on from there.
//
// The ledger goes on from where it was at the backup, with an event `restore`. What it had after that is lost: a checkpoint that was signed meanwhile
// is of another tree, and whoever kept it finds that out, with that event as the reason.
#ifndef LETHE_VAULT_RESTORE_H
#define LETHE_VAULT_RESTORE_H

#include "policy/vault/backup.h"

struct restore_from {
	const char *backup;
	const char *keys; // the folder that was given to backup_make for them, or that of the copy in it; NULL: those in the state folder
	const char *tombstones; // a copy of that file, kept elsewhere; NULL: none
	const char *site;       // whose state folder it is; NULL: not known
	bool replace;           // also what is stored already
};
struct restore {
	struct tree state, copy; // `copy`: where the stores are put together
	struct backup_facts of;
	int64_t named;       // how many erasures the store that is replaced knows of; -1: nobody can tell
	struct store *alone; // nobody else has the stores open
	bool ready;          // what was put together is to be placed
};
// Puts them together. ERR_REFUSED: something is stored there already; the backup is another site's, or its time is over or has not come. ERR_BUSY: the
// site runs. ERR_CORRUPT, ERR_INPUT, …: it is not whole. restore_free() frees *r, whatever came of it.
int restore_take(struct restore *r, const char *state, const struct restore_from *from, struct err *e);
struct restore_result {
	uint64_t again; // erasures that were done again
	struct prune_result pruned;
	int64_t lacking;  // the first of what was done since the backup that the list of erasures lacks; 0: none
	bool blind;       // there is no list, nor anything that tells whether there was one
	bool clock_leapt; // what is due by the clock alone waits for `lethe clock confirm`
};
// Makes it ready, under the policy that is in force there. `holds` (NULL: nothing) makes what legal holds cover held, before anything is pruned. `lost`
// (JSON; NULL: nothing known) is what is known of what the stores had besides, for the ledger.
int restore_finish(struct restore *r, const struct policy *p, const char *lost, int (*holds)(struct vault *, struct err *),
		   struct restore_result *out, struct err *e);
// Whether a restore was made ready and not placed: 1, and *r is to be placed; 0: none.
int restore_begun(struct restore *r, const char *state, struct err *e);
// Puts what is ready in its place. Until restore_done() only open_restored() (open.h) opens the stores.
int restore_place(struct restore *r, struct err *e);
int restore_done(const char *state, struct err *e);
// Deletes what was put together and is not ready.
void restore_free(struct restore *r);

// Of the last restore that the ledger has: the number of its event, and 1; 0: none.
int restore_event(struct vault *v, int64_t *out, struct err *e);
// The same, while no officer has taken note of what it could not bring back.
int restore_unconfirmed(struct vault *v, int64_t *out, struct err *e);
// ERR_REFUSED: there is nothing to take note of.
int restore_confirm(struct vault *v, const char *officer, struct err *e);

#endif
