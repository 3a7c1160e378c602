// SPDX-License-Identifier: ISC
#include "fcgi/ipc/programs.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <string.h>

const struct program_row programs[PROGRAM_COUNT] = {
#define PROGRAM(name, ...) [PROGRAM_##name] = {#name, __VA_ARGS__},
#include "fcgi/ipc/programs.def"
#undef PROGRAM
};

// What the vault may open anew once a program runs. It is never made anew then: that would need a right to the whole state folder.
static const char *const store_files[] = {"vault.db",      "vault.db-wal", "vault.db-shm",     "vault.lock",
					  "space-reserve", "keys/keys.db", "keys/keys.db-wal", "keys/keys.db-shm",
					  "log",           "spool",        "tombstones"};

const struct program_row *program_find(const char *name)
{
	for (size_t i = 0; i < PROGRAM_COUNT; i++)
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	return NULL;
}

static int program_path_add(struct program_paths *out, size_t *n, const char *folder, const char *name, struct err *e)
{
	out->list[*n] = out->text[*n];
	return path_join(out->text[(*n)++], PATH_MAX, folder, name, e);
}

int program_reads(const char *const *folders, const char *state, struct program_paths *out, struct err *e)
{
	static const char *const always[] = {"policy", "publish", NULL};
	const char *const *const lists[] = {always, folders};
	size_t n = 2;

	*out = (struct program_paths){.list = {"/dev/urandom", "/dev/null"}};
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (const char *const *name = lists[l]; name != NULL && *name != NULL && n < PROGRAM_PATHS_MAX; name++)
			if (program_path_add(out, &n, state, *name, e) != 0)
				return -1;
	return 0;
}

int program_writes(const struct program_row *row, const char *state, const char *run, struct program_paths *out, struct err *e)
{
	size_t n = 0;

	*out = (struct program_paths){.list = {NULL}};
	for (size_t i = 0; (row->needs & PROGRAM_VAULT) && i < ARRAY_LEN(store_files); i++)
		if (program_path_add(out, &n, state, store_files[i], e) != 0)
			return -1;
	if ((row->needs & PROGRAM_VAULT) && program_path_add(out, &n, run, "spool", e) != 0)
		return -1;
	return *row->writes ? program_path_add(out, &n, state, row->writes, e) : 0;
}
