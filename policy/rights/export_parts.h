// SPDX-License-Identifier: ISC
// Inside exports: what was gathered, and the documents made of it.
#ifndef LETHE_RIGHTS_EXPORT_PARTS_H
#define LETHE_RIGHTS_EXPORT_PARTS_H

#include "policy/base/json.h"
#include "policy/vault/sealed_file.h"
#include "policy/vault/vault.h"

// Who takes the pieces; -1: the receiver left or cannot take more.
typedef int export_sink(void *arg, const void *bytes, size_t len);

struct export_selector {
	const char *value;
	// By an address, which others may share. `agent` NULL, or what the browser that asks from it calls itself, which its own rows say; all others are
	// withheld. Of rows that are given, the time is withheld but for the day. `sole`: an officer says that nobody else has it, and they are given whole.
	const char *agent;
	enum erase_by by;
	bool sole;
	// Somebody had the address of the pictures, which others may have been given: the connection of who made them is withheld.
	bool by_link;
	// A contact that was not proven: what it leads to is only counted, as withheld, or (`value` NULL) not looked for, so that nobody learns of it.
	bool unproven;
};
enum { EXPORT_SELECTORS_MAX = 66 };

#define EXPORT_FORMAT          "lethe-export/1"
#define EXPORT_MANIFEST_FORMAT "lethe-export-manifest/1"
enum { EXPORT_DOCUMENT_MAX = 64 * 1024 * 1024 };

// Why something is not in it, or was not looked for.
enum export_ground {
	GROUND_NONE,
	GROUND_MEMORY,     // the policy keeps it in memory only
	GROUND_NO_SUBJECT, // it says nothing about anybody
	GROUND_SECRET,     // it opens something to whoever has it
	GROUND_OTHERS,     // it may be about somebody else
	GROUND_LINK,       // who has the address of the pictures need not be who made them
	GROUND_OVER,       // its time is over, and the next pruning deletes it
	GROUND_UNREADABLE, // it is damaged
	GROUND_INTERNAL,   // this version does not know what it is
	GROUND_TOO_MANY,   // more than a copy holds
	GROUND_CONTACT,    // who asks has not shown that its contact is theirs
	GROUND_COUNT
};
extern const char *const export_ground_names[GROUND_COUNT];

struct export_store { // a kind of data, or the files
	uint64_t given;
	uint64_t withheld[GROUND_COUNT];
	bool missed; // it could not be read, or not all of it
};

struct export_file {
	char id[RECORD_ID_LEN + 1];
	char key[SEALED_KEY_TEXT]; // "": it is not sealed
	cJSON *record;             // of `records`
};

struct export
{
	struct vault *v;
	const struct policy *policy; // in the language of the pages
	struct export_selector selectors[EXPORT_SELECTORS_MAX];
	size_t selector_count;
	const struct export_selector *by; // that is being gathered
	time_t at;
	struct export_store kinds[KIND_COUNT], spool;
	cJSON *lists; // members of export.json: these
	cJSON *records, *log, *seen, *recipients, *redactions;
	time_t set; // when one was asked for, by the request log; 0: none
	struct export_file *files;
	size_t file_count;
	char reason[256]; // "": nothing was missed
	bool shared;      // rows of an address that others may share are in it
	bool archive;     // a set is among the records, which says who was sent some of it
	bool unproven;    // a contact was not searched by
	bool no_memory;
};

void export_redact(struct export *x, struct export_store *store, const char *path, enum export_ground ground, uint64_t count);
// Copies of a body what may be shown; what may not is redacted below `path`.
cJSON *export_body(struct export *x, enum kind kind, const cJSON *body, const char *path);

// The documents. -1: no memory.
int export_json(const struct export *x, struct buf *out);
int export_manifest(const struct export *x, const cJSON *files, struct buf *out);

bool export_any(const struct export *x); // anything was found
// Every store that was searched, as the manifest lists them; the caller frees.
cJSON *export_stores(const struct export *x);

#endif
