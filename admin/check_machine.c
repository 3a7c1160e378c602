// SPDX-License-Identifier: ISC
// The machine: its clock, its disk, its swap, and what the site was started with.
#include "admin/check.h"
#include "fcgi/ipc/listener.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/requests.h"
#include "policy/base/setting.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FREE_BYTES_MIN = 256 * 1024 * 1024, FREE_PERCENT_MIN = 2, CLOCK_GRACE = 5 };

static void machine_clock(struct check *c)
{
	static const char remedy[] = "Set the clock right where it is wrong, and then, or where it is right, run lethe clock confirm.";
	struct clock_state clock;
	char known[WHEN_TEXT], ahead[WHEN_TEXT];
	struct err e;

	if (vault_clock(c->vault, &clock, &e) != 0) {
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "the clock cannot be judged: %s", e.text);
		return;
	}
	when_text(known, clock.known);
	when_text(ahead, clock.ahead);
	if (clock.leapt)
		check_add(c, CHECK_BROKEN, remedy, "the clock leapt ahead: by how long the machine ran since lethe prune did, it is %s",
			  known);
	else if (clock.known > clock.now + CLOCK_GRACE)
		check_add(c, CHECK_BROKEN, remedy, "the clock stands before %s, when lethe prune ran last or the machine knows it to be",
			  known);
	if (clock.ahead > clock.now + CLOCK_GRACE)
		check_add(c, CHECK_BROKEN, remedy,
			  "the clock stands before the newest record, of %s; what is dated in the future is left until then", ahead);
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

// All that LETHE_REQUESTS_MAX needs of this machine. The programs serve as many as they can where it is not set.
static void machine_requests(struct check *c)
{
	unsigned requests = requests_max();
	struct rlimit files = {0};
	long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20,
		  needed = (long long)requests * REQUEST_BYTES >> 20;
	const struct {
		const char *sysctl, *path;
		long long needed;
	} limits[] = {{"kernel.pid_max", "/proc/sys/kernel/pid_max", requests + 1000LL},
		      {"kernel.threads-max", "/proc/sys/kernel/threads-max", requests + 1000LL},
		      {"vm.max_map_count", "/proc/sys/vm/max_map_count", 2LL * requests + 2000},
		      {"fs.nr_open", "/proc/sys/fs/nr_open", (long long)requests_descriptors(requests)},
		      {"net.core.somaxconn", "/proc/sys/net/core/somaxconn", LISTENER_BACKLOG}};

	if (requests_set() == 0 && *setting("LETHE_REQUESTS_MAX", "") != '\0')
		check_add(c, CHECK_BROKEN, "Correct the setting, or remove it.", "LETHE_REQUESTS_MAX is no number from 1 to %d: %u is used",
			  REQUESTS_MOST, requests);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		BUF_AUTO struct buf text = BUF_INIT(256);
		long long found =
		    file_read(limits[i].path, &text, NULL) == 0 ? strtoll(buf_text(&text), NULL, 10) : -1; // -1: not told here
		char remedy[128];
		snprintf(remedy, sizeof remedy, "sysctl -w %s=%lld, and the same in /etc/sysctl.d/.", limits[i].sysctl, limits[i].needed);
		if (found >= 0 && found < limits[i].needed)
			check_add(c, CHECK_BROKEN, remedy, "%u requests at once need %s of %lld at least; it is %lld", requests,
				  limits[i].sysctl, limits[i].needed, found);
	}
	if (needed > memory / 2)
		check_add(c, CHECK_BROKEN, "Lower LETHE_REQUESTS_MAX.",
			  "%u requests at once need %lld MB of this machine's %lld MB of memory", requests, needed, memory);
	// What the units allow is enough for the most that can be set; without them the programs have the limit of who starts them.
	unsigned fit = c->units_hold || getrlimit(RLIMIT_NOFILE, &files) != 0 ? requests : requests_with(files.rlim_max);
	if (fit < requests_set())
		check_add(c, CHECK_BROKEN, "Raise the limit (ulimit -Hn) for whoever starts the site.",
			  "%u requests at once need %lu open files; of %llu, %u requests can be served", requests,
			  requests_descriptors(requests), (unsigned long long)files.rlim_max, fit);
	else if (!c->bad)
		check_add(c, CHECK_KEPT, "", "%u requests may wait at once, in %lld MB of memory", fit < requests ? fit : requests,
			  (long long)(fit < requests ? fit : requests) * REQUEST_BYTES >> 20);
}

const struct check_row check_machine_rows[] = {
    {"clock", "What is due is judged by a right clock.", NEEDS_POLICY | NEEDS_VAULT, machine_clock,
     "the clock stands after everything that is stored"},
    {"disk", "There is space to work and to erase.", 0, machine_disk, NULL},
    {"requests", "As many visitors are served at once as is set.", 0, machine_requests, NULL},
    {"swap", "Memory is never written to a disk.", 0, machine_swap, NULL},
    {0},
};
