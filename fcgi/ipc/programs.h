// SPDX-License-Identifier: ISC
// The programs behind sockets, from programs.def.
#ifndef LETHE_IPC_PROGRAMS_H
#define LETHE_IPC_PROGRAMS_H

#include "policy/base/err.h"
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	PROGRAM_VAULT = 1,    // opens the stores; so it writes them and the spool, whose archives are records
	PROGRAM_INTERNET = 2, // has a network; the others have Unix sockets only
};

struct program_row {
	const char *name; // also of its folder, its executable and, with ".sock", its socket in the run folder
	const char *description;
	const char *user;   // under systemd
	const char *group;  // who may connect: nginx's, or that of the other programs
	unsigned needs;     // PROGRAM_…
	const char *writes; // a folder in the state folder; "": none
	const char *calls;  // programs, with spaces between; "": none, and then it can open no socket of others
	const char *routes; // addresses that nginx passes to it, with spaces between; "": none
	const char *probe;  // "PATH STATUS…": an address that is ready when it is answered with one of these; "": none
};

enum program_index {
#define PROGRAM(name, ...) PROGRAM_##name,
#include "fcgi/ipc/programs.def"
#undef PROGRAM
	PROGRAM_COUNT
};
extern const struct program_row programs[PROGRAM_COUNT];

const struct program_row *program_find(const char *name); // NULL when there is none

// The files and folders of the state and run folders that a program may read, and those that it may write, for its sandbox: the policy in force,
// what was published for nginx and for visitors and `folders` (NULL-terminated; NULL: none) are read-only for it; everything else, such as the
// keys of the machine and the one that signs the ledger, is closed.
enum { PROGRAM_PATHS_MAX = 16 };
struct program_paths {
	const char *list[PROGRAM_PATHS_MAX + 1]; // NULL-terminated; into `text`
	char text[PROGRAM_PATHS_MAX][PATH_MAX];
};
// ERR_INPUT when a path is too long.
int program_reads(const char *const *folders, const char *state, struct program_paths *out, struct err *e);
int program_writes(const struct program_row *row, const char *state, const char *run, struct program_paths *out, struct err *e);

#endif
