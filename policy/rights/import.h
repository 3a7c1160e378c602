// SPDX-License-Identifier: ISC
// Portability: what an export of another Lethe holds, stored here as far as the policy has a kind, a purpose and time left for it. Nothing proves where an
// export comes from: what is in it is taken as its bearer's own word, and its pictures pass the reader that those of vendors pass.
//
// What is taken hangs on a new subject, whose receipt is handed out once. It counts as made when it was made where it comes from, so that it stays no
// longer than the policy says, however often it moves. Times, legal holds and restrictions of the other site stay with it, as does whom it sent
// something to: this one sent nothing to anybody.
#ifndef LETHE_RIGHTS_IMPORT_H
#define LETHE_RIGHTS_IMPORT_H

#include "policy/base/text.h"
#include "policy/vault/vault.h"

#define IMPORT_TAG "import" // of a record; its value is the record's id where it comes from
enum { IMPORT_SETS_MAX = 64 };

enum import_result {
	IMPORT_TAKEN,
	IMPORT_HERE,         // it is stored here already
	IMPORT_NOT_PORTABLE, // it belongs to the other site, not to the person
	IMPORT_UNKNOWN,      // this version cannot take the kind
	IMPORT_NO_KIND,      // the policy does not have it
	IMPORT_MEMORY,       // the policy keeps it in memory only
	IMPORT_NO_PURPOSE,
	IMPORT_OVER,       // it is older than the policy lets it be
	IMPORT_INCOMPLETE, // the export lacks some of its files
	IMPORT_TOO_MANY,
	IMPORT_RESULTS
};
struct import_item {      // a record, or all rows of a list
	const char *kind; // its name; as the file says where this version does not know it
	const char *id;   // of the record; NULL
	unsigned number;  // of the record in the file; 0
	uint64_t count;
	enum import_result result;
	const char *why;                // of one that is not portable
	time_t made, due;               // of one that is taken; due 0: no fixed end
	char address[TOKEN_LEN + 1];    // of one that is taken: the token of its ZIP
	char stored[RECORD_ID_LEN + 1]; // its id here, once it is stored
};
struct import;

// Reads all of the file and decides. ERR_INPUT: it is no export, or was altered; ERR_REFUSED: it needs a passphrase, or another. `v` NULL: nothing is
// there yet. `fd` stays the caller's; all but it and *m must outlive *out.
int import_open(struct import **out, int fd, const char *passphrase, const struct policy *p, struct vault *v, struct err *e);
void import_free(struct import *m);
size_t import_items(const struct import *m, const struct import_item **out);
size_t import_taken(const struct import *m);
const char *import_receipt(const struct import *m); // what is taken will hang on it
// Makes the ZIPs of what is taken, in the folder. Until they are stored they are nobody's, and go with *m.
int import_make(struct import *m, const char *spool, bool sealed, struct err *e);
// Stores them all, or nothing, with the entry in the ledger. `officer` and `reason` are sealed for the person. ERR_BUSY: somebody else just did.
int import_store(struct import *m, struct vault *v, const char *officer, const char *reason, struct err *e);

#endif
