// SPDX-License-Identifier: ISC
// The machine: its clock, its disk, its swap, and what the site was started with.
#include "admin/check.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

enum { FREE_BYTES_MIN = 256 * 1024 * 1024, FREE_PERCENT_MIN = 2, CLOCK_GRACE = 5 };

static void machine_clock(struct check *c)
{
	char newest[WHEN_TEXT];

	when_text(newest, c->census.newest);
	if (c->census.newest > when_now() + CLOCK_GRACE)
		check_add(c, CHECK_BROKEN, "Set the clock right: nothing is ended while it is wrong.",
			  "the clock stands before the newest record, of %s", newest);
}

static void machine_disk(struct check *c)
{
	struct census census = {0};
	struct statvfs fs;
	struct err e;

	if (statvfs(c->admin->state, &fs) < 0) {
		err_system(&e, ERR_IO, errno, "%s", c->admin->state);
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the stores.", "%s", e.text);
		return;
	}
	uint64_t space = (uint64_t)fs.f_bavail * fs.f_frsize, all = (uint64_t)fs.f_blocks * fs.f_frsize;
	if (space < FREE_BYTES_MIN && space < all / 100 * FREE_PERCENT_MIN)
		check_add(c, CHECK_BROKEN, "Free some space: without it the site refuses to work.",
			  "only %" PRIu64 " MB of %" PRIu64 " MB are free in %s", space >> 20, all >> 20, c->admin->state);
	else if (c->vault != NULL && vault_census(c->vault, &census, &e) == 0)
		check_add(c, CHECK_KEPT, "",
			  "%" PRIu64 " MB are free; the stores take %" PRIu64 " KB, the request log %" PRIu64 " KB, the archives %" PRIu64
			  " KB",
			  space >> 20, census.database_bytes >> 10, census.log_bytes >> 10, census.spool_bytes >> 10);
	else
		check_add(c, CHECK_KEPT, "", "%" PRIu64 " MB are free in %s", space >> 20, c->admin->state);
}

// The programs switch core dumps off themselves. Swap is the machine's; the units keep their programs out of it.
static void machine_swap(struct check *c)
{
	BUF_AUTO struct buf swaps = BUF_INIT(64 * 1024);
	struct err e;

	if (file_read("/proc/swaps", &swaps, &e) != 0) {
		check_add(c, CHECK_KEPT, "", "this process may not see swap; the units keep the programs out of it");
		return;
	}
	const char *first = strchr(buf_text(&swaps), '\n');
	if (first == NULL || first[1] == '\0')
		check_add(c, CHECK_KEPT, "", "the machine has no swap");
	else if (c->units_hold)
		check_add(c, CHECK_KEPT, "", "the machine has swap, and the units keep the programs out of it");
	else
		check_add(c, CHECK_UNSURE, "swapoff -a, or swap on an encrypted disk, or run the site under its units (MemorySwapMax=0).",
			  "the machine has swap, where memory of the programs may be written");
}

const struct check_row check_machine_rows[] = {
    {"clock", "What is due is judged by a right clock.", NEEDS_POLICY | NEEDS_CENSUS, machine_clock,
     "the clock stands after everything that is stored"},
    {"disk", "There is space to work and to erase.", 0, machine_disk, NULL},
    {"swap", "Memory is never written to a disk.", 0, machine_swap, NULL},
    {0},
};
