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

int program_reads(const char *const *folders, const char *state, struct program_paths *out, struct err *e)
{
	static const char *const always[] = {"policy", "publish", NULL}, *const devices[] = {"/dev/urandom", "/dev/null"};
	const char *const *const lists[] = {always, folders};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		out->list[n++] = devices[i];
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (const char *const *name = lists[l]; name != NULL && *name != NULL && n < PROGRAM_PATHS_MAX; name++, n++) {
			if (path_join(out->text[n], PATH_MAX, state, *name, e) != 0)
				return -1;
			out->list[n] = out->text[n];
		}
	out->list[n] = NULL;
	return 0;
}

int program_writes(const struct program_row *row, const char *state, const char *run, struct program_paths *out, struct err *e)
{
	size_t n = 0;

	if (row->needs & PROGRAM_VAULT) {
		for (size_t i = 0; i < ARRAY_LEN(store_files); i++)
			if (path_join(out->text[n++], PATH_MAX, state, store_files[i], e) != 0)
				return -1;
		if (path_join(out->text[n++], PATH_MAX, run, "spool", e) != 0)
			return -1;
	}
	if (*row->writes && path_join(out->text[n++], PATH_MAX, state, row->writes, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		out->list[i] = out->text[i];
	out->list[n] = NULL;
	return 0;
}
