// SPDX-License-Identifier: ISC
// The folder in which a bench of the store keeps a site, and how it ends when something fails. The file that includes it defines BENCH, its own name.
#ifndef LETHE_BENCH_PLACE_H
#define LETHE_BENCH_PLACE_H

#include "policy/base/file.h"
#include "policy/vault/vault.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static char root[160]; // "": there is none yet

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *walk)
{
	(void)s;
	(void)type;
	(void)walk;
	return remove(path);
}

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, BENCH ": %s: %s\n", what, why);
	if (root[0] != '\0')
		nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	exit(1);
}

static struct vault *open_vault(const struct policy *p, enum vault_mode mode)
{
	struct vault *v;
	struct err e = {0};
	char state[192], run[192];

	snprintf(state, sizeof state, "%s/state", root);
	snprintf(run, sizeof run, "%s/run", root);
	if (folder_make(run, 0700, &e) != 0 || vault_open(&v, state, run, p, mode, &e) != 0)
		die("open", e.text);
	return v;
}

#endif
