// SPDX-License-Identifier: ISC
// A full disk under the vault of a place: nothing grows until the space that is kept for erasing is given free.
#ifndef LETHE_TESTS_RIGHTS_DISK_H
#define LETHE_TESTS_RIGHTS_DISK_H

#include "policy/base/limits.h"
#include "tests/fault/fault_vfs.h"
#include "tests/unit/rights_place.h"
#include <sys/stat.h>

static struct place *disk_place;

static uint64_t disk_reserve(void)
{
	char path[256];
	struct stat file;

	snprintf(path, sizeof path, "%s/space-reserve", disk_place->state);
	return stat(path, &file) == 0 ? (uint64_t)file.st_size : 0;
}

// Opens the vault of the place anew.
static void disk_full(struct place *p)
{
	struct err e = {0};

	vault_close(p->vault);
	p->vault = NULL;
	fault_install();
	fault_forget();
	snprintf(fault.root, sizeof fault.root, "%s", p->state);
	assert_int_equal(vault_open(&p->vault, p->state, p->run, p->policy, VAULT_ADMIN, &e), 0);
	disk_place = p;
	fault.reserved = disk_reserve;
	fault.capacity_error = ENOSPC;
	fault.capacity = SPACE_RESERVE_BYTES;
	assert_int_equal(disk_reserve(), SPACE_RESERVE_BYTES);
}

// The reserve must be there again.
static void disk_has_space(void)
{
	fault.capacity = 0;
	fault.reserved = NULL;
	fault.root[0] = '\0';
	assert_int_equal(disk_reserve(), SPACE_RESERVE_BYTES);
}

#endif
