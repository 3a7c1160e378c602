// SPDX-License-Identifier: ISC
// Bringing a backup back. While it is under way the file `restoring` stands in the state folder, and nobody else opens the stores. Whatever ends it, it is
// begun again from the start, and comes to the same end: the backup is read through first and copied beside what is there; only then what was there
// goes. Then, before anybody is served, what was erased since the backup is erased again (tombstone.h) and what is due is ended.
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
	const char *lost;       // JSON: what is known of what the stores had besides; kept while it is under way; NULL: nothing
	bool replace;           // also what is stored already
};
// In a restore that was begun and is not done: what was given as `lost` then. 1; 0: there is none.
int restore_begun(const char *state, struct buf *lost, struct err *e);
// ERR_REFUSED: something is stored there already. ERR_BUSY: the site runs. ERR_CORRUPT, ERR_INPUT: the backup is not whole; nothing was changed.
int restore_place(const char *state, const struct restore_from *from, struct backup_facts *out, struct err *e);
struct restore_result {
	uint64_t again; // erasures that were done again
	struct prune_result pruned;
	bool clock_leapt; // what is due by the clock alone waits for `lethe clock confirm`
};
// Opens what was placed, under the policy that is in force there, and finishes it. `holds` (NULL: nothing) makes what legal holds cover held, before
// anything is pruned. `lost` (NULL: nothing known) goes into the ledger.
int restore_finish(const char *state, const char *run, const struct policy *p, const struct backup_facts *from, const char *lost,
		   int (*holds)(struct vault *, struct err *), struct restore_result *out, struct vault **vault, struct err *e);

// Of the last restore that the ledger has: the number of its event, and 1; 0: none.
int restore_event(struct vault *v, int64_t *out, struct err *e);
// The same, while no officer has taken note of what it could not bring back.
int restore_unconfirmed(struct vault *v, int64_t *out, struct err *e);
// ERR_REFUSED: there is nothing to take note of.
int restore_confirm(struct vault *v, const char *officer, struct err *e);

#endif
