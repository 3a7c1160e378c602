// SPDX-License-Identifier: ISC
// The n-th operation on a file fails, once or from then on; the disk is full. What returned 0 is there, what returned -1 is not, and
// pruning and erasing still work when the disk is full.
#include "policy/base/limits.h"
#include "tests/fault/fault_vfs.h"
#include "tests/unit/vault_fixture.h"
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

enum { PUTS = 6, POINTS = 60 };
#ifdef __SANITIZE_THREAD__ // fifteen times as slow, and there to find races
enum { DEFAULT_POINTS = POINTS / 3 };
#else
enum { DEFAULT_POINTS = POINTS };
#endif

struct outcome {
	char ids[PUTS + 2][RECORD_ID_LEN + 1];
	enum err_code codes[PUTS + 2];
	bool ended, end_unknown, erased, pruned;
	uint64_t lines, lines_unknown;
};

static int put_one(struct vault *v, enum kind kind, const char *receipt, char *id, struct err *e)
{
	const struct vault_tag tags[] = {{"receipt", receipt}, {NULL, NULL}};
	const struct ledger_event event = {.name = "put"};
	const struct vault_new record = {.kind = kind, .subject = receipt, .tags = tags, .body = "a body", .body_len = 6};

	*e = (struct err){0};
	return vault_put(v, &record, &event, id, e);
}

static void live(struct fixture *f, struct outcome *o)
{
	const struct request_log_row row = {"198.51.100.1", "Example/1.0", "receipt-0"};
	struct erase_result erased;
	struct prune_result pruned;
	struct err e = {0};
	char receipt[32];

	*o = (struct outcome){0};
	for (int i = 0; i < PUTS; i++) {
		snprintf(receipt, sizeof receipt, "receipt-%d", i);
		o->codes[i] = put_one(f->vault, i % 2 ? KIND_TICKET : KIND_ARCHIVE, receipt, o->ids[i], &e) != 0 ? e.code : ERR_NONE;
		e = (struct err){0};
		if (request_log_append(f->vault, &row, &e) == 0)
			o->lines++;
		else if (e.code == ERR_UNKNOWN)
			o->lines_unknown++;
	}
	e = (struct err){0};
	o->ended = vault_end(f->vault, o->ids[1], NULL, &e) == 0;
	o->end_unknown = !o->ended && e.code == ERR_UNKNOWN;
	o->erased = vault_erase(f->vault, ERASE_RECEIPT, "receipt-3", false, &erased, &e) == 0;
	fixture_time += 3600;
	o->pruned = vault_prune(f->vault, (struct duration){0}, false, &pruned, &e) == 0;
}

static void check_one(struct fixture *f, const struct outcome *o, int i, uint64_t n)
{
	struct vault_record r;
	struct err e = {0};
	bool there = vault_get(f->vault, o->ids[i], &r, &e) == 0;
	bool stored = o->codes[i] == ERR_NONE, may_be_gone = i % 2 == 0 || (i == 1 && (o->ended || o->end_unknown)) || i == 3;

	if (!there && e.code != ERR_NOT_FOUND)
		fail_msg("operation %llu, record %d: %s", (unsigned long long)n, i, e.text);
	if (there && !stored && o->codes[i] != ERR_UNKNOWN)
		fail_msg("operation %llu: record %d was refused (%d), and is there", (unsigned long long)n, i, o->codes[i]);
	if (!there && stored && !may_be_gone)
		fail_msg("operation %llu: record %d was acknowledged, and is lost", (unsigned long long)n, i);
	if (there && i == 1 && o->ended)
		fail_msg("operation %llu: record %d was ended, and is there", (unsigned long long)n, i);
	vault_record_free(&r);
}

static void check(struct fixture *f, const struct outcome *o, uint64_t n)
{
	struct ledger_report report;
	struct err e = {0};

	for (int i = 0; i < PUTS; i++)
		if (o->ids[i][0] != '\0')
			check_one(f, o, i, n);
	if (ledger_verify(f->vault, LEDGER_WHOLE, &report, &e) != 0 || !report.intact)
		fail_msg("operation %llu: ledger: %s%s", (unsigned long long)n, e.text, report.finding);
	if (o->erased)
		return;
	uint64_t lines = fixture_census(f, KIND_REQUEST_LOG, NULL);
	if (lines < o->lines || lines > o->lines + o->lines_unknown)
		fail_msg("operation %llu: %llu log rows acknowledged, %llu there", (unsigned long long)n, (unsigned long long)o->lines,
			 (unsigned long long)lines);
}

static void watch(struct fixture *f)
{
	fault_forget();
	snprintf(fault.root, sizeof fault.root, "%s", f->state);
	fault.operations = fault.hits = 0;
}

static void unwatch(void)
{
	fault.when = FAULT_NEVER;
	fault.capacity = 0;
	fault.reserved = NULL;
	fault.root[0] = '\0';
}

// Lives once with operation n failing; true when there were so many.
static bool try_one(void **state, enum fault_when when, int code, uint64_t n)
{
	struct fixture *f = *state;
	struct outcome o;

	vault_close(f->vault); // what is open already is not watched
	f->vault = NULL;
	watch(f);
	fixture_reopen(f, VAULT_ADMIN);
	fault.operations = 0;
	fault.when = when;
	fault.code = code;
	fault.at = n;
	live(f, &o);
	bool reached = fault.operations >= n;
	bool unknown = vault_broken(f->vault);
	unwatch();
	fixture_reopen(f, VAULT_PROGRAM);
	check(f, &o, n);
	// Once the fault is over, everything works again.
	struct erase_result erased;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	if (put_one(f->vault, KIND_TICKET, "after", id, &e) != 0 ||
	    vault_erase(f->vault, ERASE_RECEIPT, "receipt-3", false, &erased, &e) != 0 || !erased.complete)
		fail_msg("operation %llu, afterwards: %s%s", (unsigned long long)n, e.text, erased.reason);
	if (unknown && when == FAULT_NEVER)
		fail_msg("broken without a fault");
	fixture_teardown(state);
	fixture_setup(state);
	return reached;
}

static uint64_t stride_for(void **state)
{
	const uint64_t points = trust_full() ? UINT64_MAX : DEFAULT_POINTS; // each of them

	try_one(state, FAULT_NEVER, 0, 0);
	uint64_t operations = fault.operations;
	return operations <= points ? 1 : operations / points;
}

static void walk(void **state, enum fault_when when, int code)
{
	uint64_t stride = stride_for(state), tried = 0, n = 1;

	for (; try_one(state, when, code, n); n += stride)
		tried++;
	print_message("%llu operations failed\n", (unsigned long long)tried);
	assert_true(tried > 10);
}

static void a_write_error_once(void **state)
{
	walk(state, FAULT_ONCE, SQLITE_IOERR_WRITE);
}
static void a_write_error_for_good(void **state)
{
	walk(state, FAULT_STICKY, SQLITE_IOERR_WRITE);
}
static void a_sync_error_once(void **state)
{
	walk(state, FAULT_ONCE, SQLITE_IOERR_FSYNC);
}
static void no_space_once(void **state)
{
	walk(state, FAULT_ONCE, SQLITE_FULL);
}
static void no_space_for_good(void **state)
{
	walk(state, FAULT_STICKY, SQLITE_FULL);
}

// ---- a failed commit ----

// Finds the sync of a commit by failing one operation after the other, and looks at what the vault says of it.
static void an_unknown_commit_stops_the_vault(void **state)
{
	for (uint64_t n = 1; n < 60; n++) {
		struct fixture *f = *state;
		struct err e = {0};
		char id[RECORD_ID_LEN + 1];
		vault_close(f->vault);
		f->vault = NULL;
		watch(f);
		fixture_reopen(f, VAULT_PROGRAM);
		put_one(f->vault, KIND_ARCHIVE, "first", id, &e); // makes the day's key
		fault.operations = 0;
		fault.when = FAULT_ONCE;
		fault.code = SQLITE_IOERR_FSYNC;
		fault.at = n;
		int ret = put_one(f->vault, KIND_ARCHIVE, "second", id, &e);
		unwatch();
		if (ret == 0)
			break;
		if (e.code == ERR_UNKNOWN) {
			assert_true(vault_broken(f->vault));
			assert_int_equal(put_one(f->vault, KIND_ARCHIVE, "third", id, &e), -1);
			assert_int_equal(e.code, ERR_UNAVAILABLE);
			return;
		}
		assert_false(vault_broken(f->vault));
	}
	fail_msg("no commit failed");
}

// ---- the disk is full ----

static struct fixture *measured;
static uint64_t reserve_bytes(void)
{
	char path[256];
	struct stat file;

	snprintf(path, sizeof path, "%s/space-reserve", measured->state);
	return stat(path, &file) == 0 ? (uint64_t)file.st_size : 0;
}

// Writes until there is no space. The failing one leaves no trace; its neighbours stay.
static size_t fill(struct fixture *f, char (*ids)[RECORD_ID_LEN + 1], size_t max)
{
	static char body[60000];
	struct err e = {0};
	size_t count = 0;

	memset(body, 'x', sizeof body);
	for (; count < max; count++) {
		const struct ledger_event event = {.name = "put"};
		const struct vault_new record = {.kind = KIND_TICKET, .subject = "filling-subject", .body = body, .body_len = sizeof body};
		if (vault_put(f->vault, &record, &event, ids[count], &e) == 0)
			continue;
		assert_int_equal(e.code, ERR_FULL);
		assert_false(vault_broken(f->vault));
		break;
	}
	return count;
}

// How many records fit beside an archive.
static size_t fill_up(struct fixture *f)
{
	static char ids[2000][RECORD_ID_LEN + 1];
	struct ledger_report report;
	struct err e = {0};
	char archive[RECORD_ID_LEN + 1], id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", archive);
	fixture_log(f, "198.51.100.1", "filling-subject");
	size_t count = fill(f, ids, 2000);
	assert_true(count > 0 && count < 2000);
	for (size_t i = 0; i < count; i++)
		assert_true(fixture_has(f, ids[i]));
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(report.size, count + 1);
	assert_int_equal(fill(f, &id, 1), 0); // still full, and still no harm done
	return count;
}

static void full_disk(struct fixture *f)
{
	struct prune_result pruned;
	struct erase_result erased;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	const size_t count = fill_up(f);

	fixture_time += 3600;
	if (vault_prune(f->vault, (struct duration){0}, false, &pruned, &e) != 0)
		fail_msg("prune: %s", e.text);
	assert_int_equal(pruned.records, 1);
	if (vault_erase(f->vault, ERASE_RECEIPT, "filling-subject", false, &erased, &e) != 0)
		fail_msg("erase: %s", e.text);
	if (!erased.complete)
		fail_msg("partial: %s", erased.reason);
	assert_int_equal(erased.stores[0].erased, count);
	assert_int_equal(erased.stores[2].erased, 1);
	assert_int_equal(erased.residue_hits, 0);
	if (put_one(f->vault, KIND_ARCHIVE, "room-again", id, &e) != 0)
		fail_msg("afterwards: %s", e.text);
	measured = f;
	assert_int_equal(reserve_bytes(), SPACE_RESERVE_BYTES);
}

static void full_disk_simulated(struct fixture *f, int error)
{
	vault_close(f->vault);
	f->vault = NULL;
	watch(f);
	fixture_reopen(f, VAULT_ADMIN);
	measured = f;
	fault.reserved = reserve_bytes;
	fault.capacity_error = error;
	fault.capacity = SPACE_RESERVE_BYTES + 2 * 1024 * 1024;
	full_disk(f);
	unwatch();
}

static void a_full_disk_as_simulated(void **state)
{
	full_disk_simulated(*state, ENOSPC);
}

static void a_full_quota_as_simulated(void **state)
{
	full_disk_simulated(*state, EDQUOT);
}

// A mount of our own, that nobody else sees and that goes with us; the stores are made anew below it.
static void small_begin(struct fixture *f, const char *folder, const char *how)
{
	char command[1024];

	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command, "cd '%s' && mkdir small && %s", f->root, how);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || system(command) != 0) {
		print_message("SKIPPED: a small file system cannot be mounted here; the simulated full disk was tested\n");
		skip();
	}
	snprintf(f->state, sizeof f->state, "%s/%s", f->root, folder);
	fixture_reopen(f, VAULT_ADMIN);
}

static void small_end(struct fixture *f)
{
	char mount[sizeof f->root + 8];

	vault_close(f->vault);
	f->vault = NULL;
	snprintf(mount, sizeof mount, "%s/small", f->root);
	assert_int_equal(umount2(mount, MNT_DETACH), 0);
}

static void a_full_disk_in_fact(void **state)
{
	small_begin(*state, "small", "mount -t tmpfs -o size=7m,mode=0700 small small");
	full_disk(*state);
	small_end(*state);
}

// The disk has space, and the stores may have no more of it. This file system lets nobody end anything either until the quota is raised; others do, which is
// simulated.
static void a_full_quota_in_fact(void **state)
{
	struct fixture *f = *state;
	char command[128], id[RECORD_ID_LEN + 1];
	struct err e = {0};

	small_begin(
	    f, "small/state",
	    "truncate -s 160M disk && mkfs.btrfs -q disk >disk.log 2>&1 && mount -o loop disk small && btrfs -q quota enable small && "
	    "btrfs -q subvolume create small/state && btrfs -q qgroup limit 9M small/state");
	const size_t count = fill_up(f);
	snprintf(command, sizeof command, "btrfs -q qgroup limit none '%s'", f->state);
	assert_int_equal(system(command), 0);
	if (put_one(f->vault, KIND_TICKET, "room-again", id, &e) != 0)
		fail_msg("afterwards: %s", e.text);
	assert_int_equal(fixture_census(f, KIND_TICKET, NULL), count + 1);
	small_end(f);
}

// As after an error of the disk: nothing is promised, what is there is read, and all goes on when it can be written again.
static void a_disk_that_is_only_read_promises_nothing(void **state)
{
	struct fixture *f = *state;
	struct ledger_report report;
	struct err e = {0};
	char before[RECORD_ID_LEN + 1], id[RECORD_ID_LEN + 1], mount_point[sizeof f->root + 8];

	small_begin(f, "small", "mount -t tmpfs -o size=9m,mode=0700 small small");
	assert_return_code(put_one(f->vault, KIND_TICKET, "before", before, &e), 0);
	vault_close(f->vault);
	f->vault = NULL;
	snprintf(mount_point, sizeof mount_point, "%s/small", f->root);
	assert_return_code(mount("small", mount_point, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), errno);
	for (enum vault_mode mode = VAULT_PROGRAM; mode <= VAULT_ADMIN; mode++) {
		if (mode == VAULT_LOOK)
			continue;
		assert_int_equal(vault_open(&f->vault, f->state, f->run, &f->policy, mode, &e), -1);
		assert_null(f->vault);
		assert_int_equal(e.code, ERR_IO);
		if (strstr(e.text, "Read-only file system") == NULL)
			fail_msg("no cause: %s", e.text);
	}
	fixture_reopen(f, VAULT_LOOK);
	assert_true(fixture_has(f, before));
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(put_one(f->vault, KIND_TICKET, "meanwhile", id, &e), -1);
	vault_close(f->vault);
	f->vault = NULL;
	assert_return_code(mount("small", mount_point, "tmpfs", MS_REMOUNT, "size=9m"), errno);
	fixture_reopen(f, VAULT_PROGRAM);
	assert_true(fixture_has(f, before));
	assert_return_code(put_one(f->vault, KIND_TICKET, "after", id, &e), 0);
	assert_int_equal(fixture_census(f, KIND_TICKET, NULL), 2);
	small_end(f);
}

static int install(void **state)
{
	(void)state;
	fault_install();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(a_write_error_once),
	    T(a_write_error_for_good),
	    T(a_sync_error_once),
	    T(no_space_once),
	    T(no_space_for_good),
	    T(an_unknown_commit_stops_the_vault),
	    T(a_full_disk_as_simulated),
	    T(a_full_disk_in_fact),
	    T(a_full_quota_as_simulated),
	    T(a_full_quota_in_fact),
	    T(a_disk_that_is_only_read_promises_nothing),
	};
	return cmocka_run_group_tests(tests, install, NULL);
}
