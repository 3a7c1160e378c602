// SPDX-License-Identifier: ISC
// Every step that a backup, a restore, an erasure, and a change of the ledger's key or the master key take on files fails, or is the last one before the
// process is killed. What says that it is done is done; nothing half of it is served; and what is run again comes to its end.
#include "policy/base/array.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/tombstone.h"
#include "tests/fault/fault_steps.h"
#include "tests/unit/backup_support.h"
#include <dirent.h>
#include <sys/mman.h>

static const struct fault {
	const char *name;
	unsigned kinds;
	int error; // 0: killed
	bool sticky;
	unsigned stride; // in `make test`
} faults[] = {
    {"killed", STEP_ALL, 0, false, 3},
    {"EIO once", STEP_ALL, EIO, false, 5},
    {"EIO for good", STEP_ALL, EIO, true, 11},
    {"ENOSPC for good", STEP_WRITE | STEP_OPEN | STEP_NAME, ENOSPC, true, 11},
    {"EMFILE once", STEP_OPEN, EMFILE, false, 5},
    {"EMFILE for good", STEP_OPEN, EMFILE, true, 11},
};
#ifdef LETHE_SANITIZED // what they look for is found at fewer steps, each of which takes many times as long
enum { SPARSE = 5 };
#else
enum { SPARSE = 1 };
#endif
enum { STEPS_MAX = 5000, DONE = 0, FAILED = 1, KILLED = 2 };

static struct {
	long count;
	struct err e;
} * told; // by the child
static char a[RECORD_ID_LEN + 1], b[RECORD_ID_LEN + 1], site[96], context[128];

// In a process of its own, with the n-th step failing.
static int run_with(const struct fault *fault, long n, int (*run)(struct fixture *, struct err *), struct fixture *f)
{
	int status;

	fixture_time += 1;
	pid_t pid = fork();
	if (pid == 0) {
		told->count = 0;
		told->e = (struct err){0};
		steps = (struct fault_steps){.kinds = fault->kinds, .at = n, .error = fault->error, .sticky = fault->sticky};
		const int ret = run(f, &told->e);
		steps.kinds = 0;
		told->count = steps.count;
		_exit(ret != 0 ? FAILED : DONE);
	}
	waitpid(pid, &status, 0);
	snprintf(context, sizeof context, "%s at step %ld", fault->name, n);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && fault->error == 0)
		return KILLED;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > FAILED)
		fail_msg("%s: status %d", context, status);
	if (WEXITSTATUS(status) == FAILED && told->e.code == ERR_NONE)
		fail_msg("%s: it failed and does not say why", context);
	return WEXITSTATUS(status);
}

// A copy of the site as it was, for each step.
static struct fixture site_anew(const struct fixture *f)
{
	struct fixture g = *f;
	char command[512];

	snprintf(command, sizeof command, "rm -rf %s && cp -a %s %s", site, f->state, site);
	assert_int_equal(system(command), 0);
	snprintf(g.state, sizeof g.state, "%s", site);
	g.vault = NULL;
	return g;
}

static void site_open(struct fixture *g, enum vault_mode mode)
{
	struct err e = {0};

	if (vault_open(&g->vault, g->state, g->run, &g->policy, mode, &e) != 0)
		fail_msg("%s: it does not open: %s", context, e.text);
}

static void site_close(struct fixture *g)
{
	vault_close(g->vault);
	g->vault = NULL;
}

// For each fault and step until one is never reached; `check` is told what came of it.
static void each_step(struct fixture *f, int (*run)(struct fixture *, struct err *), void (*check)(struct fixture *g, int came))
{
	if (told == NULL)
		told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(site, sizeof site, "%.80s/site", f->root);
	close_vault(f);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		long n, tried = 0;
		for (n = 1; n < STEPS_MAX; n += trust_full() ? 1 : faults[i].stride * SPARSE) {
			struct fixture g = site_anew(f);
			const int came = run_with(&faults[i], n, run, &g);
			check(&g, came);
			site_close(&g);
			tried++;
			if (came != KILLED && told->count < n) {
				assert_int_equal(came, DONE);
				break;
			}
		}
		print_message("%s: %ld of %ld steps\n", faults[i].name, tried, n - 1);
		assert_true(n < STEPS_MAX && n > 10);
	}
}

// ---- a backup ----

static int run_backup(struct fixture *f, struct err *e)
{
	struct backup_facts facts;
	struct vault *v;

	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_ADMIN, e) != 0)
		return -1;
	const int ret = backup_make(v, places.data, places.keys, &facts, e);
	steps.kinds = 0;
	vault_close(v);
	return ret;
}

// What has the name of a backup is whole, and can be brought back with the keys that are there.
static void check_backup(struct fixture *g, int came)
{
	struct backup_facts facts;
	struct err e = {0};
	char path[PATH_MAX], keys[PATH_MAX];
	size_t whole = 0;
	DIR *d = opendir(places.data);

	snprintf(keys, sizeof keys, "%s/keys", g->state);
	for (const struct dirent *at; (at = readdir(d)) != NULL;) {
		snprintf(path, sizeof path, "%s/%s", places.data, at->d_name);
		if (at->d_name[0] == '.' || strstr(at->d_name, "unfinished") != NULL)
			continue;
		whole++;
		if (backup_check(path, keys, &facts, &e) != 0 || !facts.has_signature)
			fail_msg("%s: %s", context, e.text);
	}
	closedir(d);
	if (came == DONE) {
		assert_int_equal(whole, 1);
		struct restore_result r;
		snprintf(path, sizeof path, "%s", facts.path);
		if (restore_whole(places.other, &(struct restore_from){.backup = path, .keys = places.keys}, &g->policy, &r, &e) != 0)
			fail_msg("%s: %s", context, e.text);
		snprintf(path, sizeof path, "rm -r %s", places.other);
		assert_int_equal(system(path), 0);
	}
	fixture_time += 1;
	if (came != DONE && run_backup(g, &e) != 0)
		fail_msg("%s, and again: %s", context, e.text);
	// Nothing is left when the time of all is over.
	site_open(g, VAULT_ADMIN);
	const time_t now = fixture_time;
	fixture_time += 31 * 86400;
	struct backup_list list;
	if (backup_prune_all(g->vault, fixture_time, false, &list, &e) != 0)
		fail_msg("%s: %s", context, e.text);
	assert_true(list.ended >= 1);
	fixture_time = now;
	assert_int_not_equal(rmdir(places.data), -1);
	mkdir(places.data, 0700);
}

static void a_backup_says_that_it_is_made_when_it_is(void **state)
{
	struct fixture *f = *state;

	put_ticket(f, "receipt-a", "a", a);
	each_step(f, run_backup, check_backup);
}

// ---- a restore ----

static char restored[PATH_MAX], list[PATH_MAX];

static int run_restore(struct fixture *f, struct err *e)
{
	struct restore_result r;

	return restore_whole(f->state, &(struct restore_from){.backup = restored, .keys = places.keys, .tombstones = list, .replace = true},
			     &f->policy, &r, e);
}

// The site has what it had, or what the backup has, and nothing of both; while it has neither it does not open.
static void check_restore(struct fixture *g, int came)
{
	struct vault *v = NULL;
	struct err e = {0};
	char marker[PATH_MAX];

	snprintf(marker, sizeof marker, "%s/restoring", g->state);
	if (access(marker, F_OK) == 0) {
		assert_int_not_equal(came, DONE);
		assert_int_not_equal(vault_open(&v, g->state, g->run, &g->policy, VAULT_PROGRAM, &e), 0);
	} else {
		site_open(g, VAULT_PROGRAM);
		assert_false(fixture_has(g, a));
		assert_int_equal(fixture_census(g, KIND_TICKET, NULL), fixture_has(g, b) ? 1 : 2);
		assert_true(came != DONE || fixture_has(g, b));
		assert_intact(g);
		site_close(g);
	}
	if (came != DONE && run_restore(g, &e) != 0)
		fail_msg("%s, and again: %s", context, e.text);
	site_open(g, VAULT_PROGRAM);
	assert_false(fixture_has(g, a));
	assert_body(g, b, "b");
	assert_intact(g);
}

static void a_restore_is_done_or_as_if_it_had_not_been_begun(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], own[PATH_MAX];

	put_ticket(f, "receipt-a", "a", a);
	put_ticket(f, "receipt-b", "b", b);
	struct backup_facts backup = make(f, true);
	snprintf(restored, sizeof restored, "%s", backup.path);
	snprintf(own, sizeof own, "%s/tombstones/list", f->state);
	snprintf(list, sizeof list, "%s/list", f->root);
	erase_receipt(f, "receipt-a");
	erase_receipt(f, "receipt-b"); // which the copy of the list does not say: so the backup can be told from what was there
	put_ticket(f, "receipt-c", "c", id);
	put_ticket(f, "receipt-d", "d", id);
	copy_file(own, list);
	struct buf text BUF_AUTO = BUF_INIT(65536);
	struct err e = {0};
	assert_return_code(file_read(list, &text, &e), 0);
	assert_return_code(truncate(list, (off_t)(strchr(text.data, '\n') + 1 - text.data)), 0);
	assert_return_code(unlink(own), 0);
	copy_file(list, own);
	each_step(f, run_restore, check_restore);
}

// ---- an erasure ----

static int run_erase(struct fixture *f, struct err *e)
{
	struct erase_result r;
	struct vault *v;

	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_ADMIN, e) != 0)
		return -1;
	const int ret = vault_erase(v, ERASE_RECEIPT, "receipt-a", false, &r, e);
	steps.kinds = 0;
	vault_close(v);
	return ret != 0 ? -1 : r.complete ? 0 : err_set(e, ERR_IO, "partial: %s", r.reason);
}

// Once it is named it is gone, also where the deletion had not begun.
static void check_erase(struct fixture *g, int came)
{
	char path[PATH_MAX];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/tombstones/list", g->state);
	site_open(g, VAULT_PROGRAM);
	const bool named = tombstone_last(path) > 0;
	assert_true(came != DONE || named);
	assert_int_equal(fixture_has(g, a), !named);
	assert_body(g, b, "b");
	assert_intact(g);
	site_close(g);
	if (came != DONE && run_erase(g, &e) != 0)
		fail_msg("%s, and again: %s", context, e.text);
	site_open(g, VAULT_PROGRAM);
	assert_false(fixture_has(g, a));
}

static void what_an_erasure_named_is_gone(void **state)
{
	struct fixture *f = *state;

	put_ticket(f, "receipt-a", "a", a);
	put_ticket(f, "receipt-b", "b", b);
	each_step(f, run_erase, check_erase);
}

// ---- the master key ----

static int run_rotate_master(struct fixture *f, struct err *e)
{
	struct vault *v;
	uint64_t count;

	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_ADMIN, e) != 0)
		return -1;
	const int ret = vault_rotate_master(v, &count, e);
	steps.kinds = 0;
	vault_close(v);
	return ret;
}

static void check_rotate_master(struct fixture *g, int came)
{
	char key[PATH_MAX + 32], before[PATH_MAX + 32];
	struct buf old BUF_AUTO = BUF_INIT(4096), now BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	site_open(g, VAULT_ADMIN);
	assert_body(g, a, "a");
	assert_intact(g);
	site_close(g);
	if (came != DONE && run_rotate_master(g, &e) != 0)
		fail_msg("%s, and again: %s", context, e.text);
	snprintf(key, sizeof key, "%s/keys/master.key.next", g->state);
	assert_int_not_equal(access(key, F_OK), 0);
	snprintf(key, sizeof key, "%s/keys/master.key", g->state);
	snprintf(before, sizeof before, "%.80s/keys/master.key", list);
	assert_return_code(file_read(key, &now, &e), 0);
	assert_return_code(file_read(before, &old, &e), 0);
	assert_string_not_equal(buf_text(&old), buf_text(&now));
	// The old one opens nothing any more.
	assert_return_code(file_write(key, old.data, old.len, 0600, NULL, &e), 0);
	assert_int_not_equal(vault_open(&g->vault, g->state, g->run, &g->policy, VAULT_ADMIN, &e), 0);
	assert_int_equal(e.code, ERR_CORRUPT);
}

static void a_rotation_leaves_stores_that_open(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	struct vault *other;
	uint64_t count;

	put_ticket(f, "receipt-a", "a", a);
	assert_return_code(vault_open(&other, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), 0);
	assert_int_not_equal(vault_rotate_master(f->vault, &count, &e), 0);
	assert_int_equal(e.code, ERR_BUSY);
	vault_close(other);
	snprintf(list, sizeof list, "%s", f->state);
	each_step(f, run_rotate_master, check_rotate_master);
}

// ---- the ledger's key ----

static struct buf first_line = {.max = 4096};

static int run_change(struct fixture *f, struct err *e)
{
	struct ledger_keys keys;
	struct vault *v;

	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_ADMIN, e) != 0)
		return -1;
	const int ret = checkpoint_key_change(v, &keys, e);
	steps.kinds = 0;
	vault_close(v);
	return ret;
}

// What is signed is verified by who knows the first key; whether that led them to another.
static bool signs_for_the_first(struct fixture *g)
{
	struct buf note BUF_AUTO = BUF_INIT(8192);
	struct ledger_report report;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	put_ticket(g, "receipt-b", "b", id);
	if (ledger_checkpoint(g->vault, &note, &e) != 0 ||
	    ledger_verify_against(g->vault, note.data, note.len, buf_text(&first_line), &report, &e) != 0)
		fail_msg("%s: %s", context, e.text);
	assert_true(report.intact);
	assert_intact(g);
	return report.followed;
}

// Whatever it left, the site goes on to sign, and a backup has keys that belong together.
static void check_change(struct fixture *g, int came)
{
	struct ledger_keys keys;
	struct backup_facts facts;
	struct err e = {0};
	char next[PATH_MAX + 32];

	site_open(g, VAULT_ADMIN);
	signs_for_the_first(g);
	if (ledger_keys_read(g->state, &keys, &e) != 0)
		fail_msg("%s: %s", context, e.text);
	if (came != DONE && keys.count == 1 && checkpoint_key_change(g->vault, &keys, &e) != 0)
		fail_msg("%s, and again: %s", context, e.text);
	assert_int_equal(keys.count, 2);
	snprintf(next, sizeof next, "%s/keys/signer/ledger.key.next", g->state);
	assert_int_not_equal(access(next, F_OK), 0);
	assert_true(signs_for_the_first(g));
	// One that the key from before signed is still a backup.
	snprintf(next, sizeof next, "%s/keys", g->state);
	if (backup_check(restored, next, &facts, &e) != 0 || !facts.has_signature)
		fail_msg("%s: %s", context, e.text);
}

static void a_change_of_the_ledgers_key_is_finished_by_the_next(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];
	struct err e = {0};

	put_ticket(f, "receipt-a", "a", a);
	snprintf(path, sizeof path, "%s/keys/ledger.pub", f->state);
	assert_return_code(file_read(path, &first_line, &e), 0);
	snprintf(restored, sizeof restored, "%s", make(f, true).path);
	each_step(f, run_change, check_change);
	buf_free(&first_line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, backup_setup, fixture_teardown)
	    T(a_backup_says_that_it_is_made_when_it_is),
	    T(a_restore_is_done_or_as_if_it_had_not_been_begun),
	    T(what_an_erasure_named_is_gone),
	    T(a_rotation_leaves_stores_that_open),
	    T(a_change_of_the_ledgers_key_is_finished_by_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
