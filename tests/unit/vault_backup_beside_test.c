// SPDX-License-Identifier: ISC
// Backups beside each other and beside everything else that goes on; folders whose owner means harm; backups that are too old, too new, another's or
// half there. What is called a backup is one, nothing outside of it is touched, and a restore that cannot be right changes nothing.
#include "policy/base/array.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/erase.h"
#include "policy/vault/ledger_key.h"
#include "tests/unit/backup_support.h"
#include <dirent.h>
#include <signal.h>

static void run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run_shell(const char *format, ...)
{
	char command[4096];
	va_list rest;

	va_start(rest, format);
	vsnprintf(command, sizeof command, format, rest);
	va_end(rest);
	if (system(command) != 0)
		fail_msg("%s", command);
}

// In a process of its own, that has the stores open for itself. `number` tells them apart; their clocks do, too.
static pid_t beside(struct fixture *f, int number, int (*run)(struct vault *v, int number, struct err *e))
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	struct vault *v;
	struct err e = {0};
	fixture_time += 1000 * (number + 1);
	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_ADMIN, &e) != 0 || run(v, number, &e) != 0) {
		fprintf(stderr, "%d: %s\n", number, e.text);
		_exit(1);
	}
	vault_close(v);
	_exit(0);
}

static void wait_all(const pid_t *pids, size_t count)
{
	int status;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

// Calls for each folder that is called a backup.
static size_t each_backup(struct fixture *f, const char *folder, void (*each)(struct fixture *f, const char *path))
{
	DIR *d = opendir(folder);
	char path[PATH_MAX];
	size_t count = 0;

	for (const struct dirent *at; (at = readdir(d)) != NULL;) {
		if (at->d_name[0] == '.')
			continue;
		assert_null(strstr(at->d_name, "unfinished"));
		snprintf(path, sizeof path, "%s/%s", folder, at->d_name);
		each(f, path);
		count++;
	}
	closedir(d);
	return count;
}

// ---- at once ----

enum { TIMES = 6 };
static char folders[2][160];
static char kept[RECORD_ID_LEN + 1];

static int back_up(struct vault *v, int number, struct err *e)
{
	struct backup_facts facts;

	for (int i = 0; i < TIMES; i++, fixture_time++)
		if (backup_make(v, folders[number % 2], places.keys, &facts, e) != 0)
			return -1;
	return 0;
}

static void is_whole(struct fixture *f, const char *path)
{
	struct backup_facts facts;
	struct err e = {0};
	char keys[PATH_MAX];

	snprintf(keys, sizeof keys, "%s/keys", f->state);
	if (backup_check(path, keys, &facts, &e) != 0 || !facts.has_signature)
		fail_msg("%s", e.text);
}

static int folder_count(void *arg, const char *folder, struct err *e)
{
	(void)folder;
	(void)e;
	++*(size_t *)arg;
	return 0;
}

static void at_once(struct fixture *f, size_t places_count)
{
	pid_t pids[4];
	size_t count = 0, whole = 0;
	struct err e = {0};

	put_ticket(f, "receipt-a", "a", kept);
	close_vault(f);
	for (int i = 0; i < 2; i++) {
		snprintf(folders[i], sizeof folders[i], "%s%s", places.data, i > 0 && places_count > 1 ? "-2" : "");
		mkdir(folders[i], 0700);
	}
	for (int i = 0; i < (int)ARRAY_LEN(pids); i++)
		pids[i] = beside(f, i, back_up);
	wait_all(pids, ARRAY_LEN(pids));
	for (size_t i = 0; i < places_count; i++)
		whole += each_backup(f, folders[i], is_whole);
	assert_int_equal(whole, TIMES * ARRAY_LEN(pids));
	// Each folder is known, once.
	assert_return_code(backup_folders(f->state, folder_count, &count, &e), 0);
	assert_int_equal(count, places_count);
	struct restore_result r;
	char command[512];
	snprintf(command, sizeof command, "%s/%s", places.keys, "lethe-example-keys.new");
	assert_int_not_equal(access(command, F_OK), 0);
	snprintf(command, sizeof command, "%s", folders[0]);
	fixture_time += 10000;
	DIR *d = opendir(folders[0]);
	const struct dirent *at;
	do
		at = readdir(d);
	while (at->d_name[0] == '.');
	snprintf(command, sizeof command, "%s/%s", folders[0], at->d_name);
	closedir(d);
	if (restore_whole(places.other, &(struct restore_from){.backup = command, .keys = places.keys}, &f->policy, &r, &e) != 0)
		fail_msg("%s", e.text);
}

static void backups_at_once_into_one_folder_are_all_whole(void **state)
{
	at_once(*state, 1);
}
static void backups_at_once_into_two_folders_are_all_whole(void **state)
{
	at_once(*state, 2);
}

enum { SUBJECTS = 12 };
static char ids[SUBJECTS][RECORD_ID_LEN + 1];

static int prune_beside(struct vault *v, int number, struct err *e)
{
	struct backup_list list;
	struct prune_result pruned;

	(void)number;
	for (int i = 0; i < 20; i++)
		if (backup_prune_all(v, fixture_time, false, &list, e) != 0 || vault_prune(v, (struct duration){0}, false, &pruned, e) != 0)
			return -1;
	return 0;
}

static int erase_beside(struct vault *v, int number, struct err *e)
{
	struct erase_result r;
	char name[32];

	(void)number;
	for (int i = 0; i < SUBJECTS; i += 2) {
		snprintf(name, sizeof name, "receipt-%d", i);
		if (vault_erase(v, ERASE_RECEIPT, name, false, &r, e) != 0 || !r.complete)
			return -1;
	}
	return 0;
}

static int change_beside(struct vault *v, int number, struct err *e)
{
	struct ledger_keys keys;
	uint64_t count;

	(void)number;
	for (int i = 0; i < 3; i++)
		if (checkpoint_key_change(v, &keys, e) != 0)
			return -1;
	// While others have the stores open, neither is the master key changed nor a backup brought back.
	struct err why = {0};
	if (vault_rotate_master(v, &count, &why) == 0 || why.code != ERR_BUSY)
		return err_set(e, ERR_INPUT, "the master key was changed: %s", why.text);
	return 0;
}

// With the copy of the keys that is there last: those who were erased are not, and the ledger is signed.
static void comes_back(struct fixture *f, const char *path)
{
	struct buf note BUF_AUTO = BUF_INIT(8192);
	struct restore_result r;
	struct err e = {0};
	char list[PATH_MAX];

	is_whole(f, path);
	snprintf(list, sizeof list, "%s/tombstones/list", f->state);
	const struct restore_from from = {.backup = path, .keys = places.keys, .tombstones = list};
	if (restore_whole(places.other, &from, &f->policy, &r, &e) != 0 ||
	    vault_open(&f->vault, places.other, f->run, &f->policy, VAULT_ADMIN, &e) != 0)
		fail_msg("%s: %s", path, e.text);
	for (int i = 0; i < SUBJECTS; i++)
		assert_int_equal(fixture_has(f, ids[i]), i % 2);
	assert_intact(f);
	if (ledger_checkpoint(f->vault, &note, &e) != 0)
		fail_msg("%s: %s", path, e.text);
	close_vault(f);
	run_shell("rm -r %s", places.other);
}

static void a_backup_beside_all_else_is_whole(void **state)
{
	struct fixture *f = *state;
	struct restore_result r;
	struct err e = {0};
	char name[32];

	for (int i = 0; i < SUBJECTS; i++) {
		snprintf(name, sizeof name, "receipt-%d", i);
		put_ticket(f, name, name, ids[i]);
	}
	struct backup_facts first = make(f, true);
	for (int i = 0; i < 2; i++)
		snprintf(folders[i], sizeof folders[i], "%s", places.data);
	const pid_t pids[] = {beside(f, 0, back_up), beside(f, 1, prune_beside), beside(f, 2, erase_beside), beside(f, 3, change_beside),
			      beside(f, 4, back_up)};
	const struct restore_from from = {.backup = first.path, .replace = true};
	assert_int_not_equal(restore_whole(f->state, &from, &f->policy, &r, &e), 0);
	assert_int_equal(e.code, ERR_BUSY);
	wait_all(pids, ARRAY_LEN(pids));
	fixture_time += 10000;
	make(f, true);
	close_vault(f);
	assert_int_equal(each_backup(f, places.data, comes_back), 2 + 2 * TIMES);
}

enum { ERASURES = 20 };

static int erase_many(struct vault *v, int number, struct err *e)
{
	struct erase_result r;
	char name[32], id[RECORD_ID_LEN + 1];
	struct fixture own = {.vault = v};

	v->scan_at_once = 0; // the next pruning searches, whichever it is
	for (int i = 0; i < ERASURES; i++) {
		snprintf(name, sizeof name, "visitor-%d-%d", number, i);
		put_ticket(&own, name, name, id);
		put_ticket(&own, name, name, id); // the name is in use again where another has just been erased
		if (vault_erase(v, ERASE_RECEIPT, name, false, &r, e) != 0)
			return -1;
		if (!r.complete)
			return err_set(e, ERR_INPUT, "%s: %s", name, r.reason);
	}
	return 0;
}

struct erasures {
	uint64_t events, again, outcomes;
	uint64_t told[4096];
};

static int count_erasure(void *arg, const struct ledger_entry *entry)
{
	struct erasures *all = arg;
	unsigned long long event;

	if (strcmp(entry->name, "erasure") == 0)
		*(strstr(entry->details, "\"again\":") != NULL ? &all->again : &all->events) += 1;
	if (strcmp(entry->name, "erasure-outcome") == 0) {
		all->outcomes++;
		assert_non_null(strstr(entry->details, "\"complete\":true"));
		assert_int_equal(sscanf(entry->details, "{\"event\":%llu", &event), 1);
		assert_true(event < ARRAY_LEN(all->told));
		assert_int_equal(all->told[event]++, 0);
	}
	return 0;
}

// Each is told once, however many finish it, and what another has not brought to its end yet is no trace that stays. Who opens the store while one is
// under way waits for it, does it again, and says that it was again.
static void erasures_are_finished_once_beside_all_else(void **state)
{
	struct fixture *f = *state;
	struct prune_result pruned;
	struct erasures all = {0};
	struct err e = {0};
	time_t since;

	put_ticket(f, "receipt-a", "a", kept);
	for (int i = 0; i < 2; i++)
		snprintf(folders[i], sizeof folders[i], "%s", places.data);
	const pid_t pids[] = {beside(f, 0, erase_many), beside(f, 1, prune_beside), beside(f, 2, erase_many), beside(f, 3, prune_beside),
			      beside(f, 4, back_up)};
	wait_all(pids, ARRAY_LEN(pids));
	fixture_time += 10000;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	assert_return_code(erase_outstanding(f->vault, &since, &e), 0);
	assert_int_equal(since, 0);
	assert_return_code(ledger_each(f->vault, 0, count_erasure, &all, &e), 0);
	assert_int_equal(all.events, 2 * ERASURES);
	assert_int_equal(all.outcomes, all.events + all.again);
	assert_intact(f);
}

// Its list of what to look for is sealed by a key that is gone when it is finished, before the backup is brought back.
static void an_erasure_that_is_not_finished_leaves_nothing_in_a_backup(void **state)
{
	struct fixture *f = *state;
	struct erase_result r;
	struct prune_result pruned;
	struct err e = {0};
	char other[RECORD_ID_LEN + 1], today[WHEN_DATE];

	fixture_lives[KIND_REQUEST_LOG][0].length.days = 400;
	put_ticket(f, "receipt-a", "a", kept);
	put_ticket(f, "receipt-b", "b", other);
	fixture_log(f, "198.51.100.1", "receipt-a");
	fixture_log(f, "198.51.100.2", "receipt-b");
	f->vault->scan_at_once = 0;
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-a", false, &r, &e), 0);
	assert_true(r.searched_later);
	struct backup_facts b = make(f, true);
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	make(f, true);
	struct restore_from from = {.backup = b.path, .keys = places.keys};
	char list[PATH_MAX];
	snprintf(list, sizeof list, "%s/tombstones/list", f->state);
	from.tombstones = list;
	restore_to(f, places.other, &from);
	assert_false(fixture_has(f, kept));
	assert_body(f, other, "b");
	assert_intact(f);
	when_date(today, fixture_time);
	assert_int_equal(fixture_day(f, today).lines, 1);
	fixture_lives[KIND_REQUEST_LOG][0].length.days = 14;
}

// ---- folders whose owner means harm ----

static char victim[128];

static void victim_make(const struct fixture *f)
{
	snprintf(victim, sizeof victim, "%s/victim", f->root);
	run_shell("mkdir -p %s/sub && echo safe > %s/sub/file && echo safe > %s/vault.db", victim, victim, victim);
}

static void victim_is_untouched(void)
{
	run_shell("test \"$(cd %s && find . | sort | tr '\\n' ' ')\" = '. ./sub ./sub/file ./vault.db ' && test \"$(cat %s/sub/file "
		  "%s/vault.db | uniq)\" = safe",
		  victim, victim, victim);
}

// A backup that waits for ever is ended by this.
static enum err_code make_fails(struct fixture *f, const char *keys)
{
	struct backup_facts out;
	struct err e = {0};

	alarm(60);
	fixture_time += 1;
	assert_int_not_equal(backup_make(f->vault, places.data, keys, &out, &e), 0);
	alarm(0);
	print_message("%s\n", e.text);
	return e.code;
}

static void links_and_pipes_in_the_state_folder_are_in_no_backup(void **state)
{
	struct fixture *f = *state;

	victim_make(f);
	run_shell("mkdir -p %s/policy/more && ln -s %s/sub/file %s/policy/linked", f->state, victim, f->state);
	assert_int_equal(make_fails(f, NULL), ERR_CORRUPT);
	run_shell("rm %s/policy/linked && mkfifo %s/policy/more/pipe", f->state, f->state);
	assert_int_equal(make_fails(f, NULL), ERR_CORRUPT);
	run_shell("rm -r %s/policy && ln -s %s/sub %s/policy", f->state, victim, f->state);
	assert_int_equal(make_fails(f, NULL), ERR_CORRUPT);
	run_shell("rm %s/policy && mv %s/keys/ledger.pub %s/pub && ln -s %s/pub %s/keys/ledger.pub", f->state, f->state, f->root, f->root,
		  f->state);
	assert_int_equal(make_fails(f, places.keys), ERR_CORRUPT);
	run_shell("mv %s/pub %s/keys/ledger.pub && test -z \"$(ls -A %s)\" && test -z \"$(ls -A %s)\"", f->root, f->state, places.data,
		  places.keys);
	make(f, true);
	victim_is_untouched();
}

static void links_in_the_folders_of_backups_lead_nowhere(void **state)
{
	struct fixture *f = *state;
	char link[128];

	victim_make(f);
	// What an unfinished one, the next one and the copy of the keys are called.
	run_shell(
	    "cd %s && ln -s %s lethe-example-20261122T120001Z.unfinished && ln -s %s lethe-example-20200101T000000Z && mkdir "
	    "lethe-example-20200102T000000Z && ln -s %s lethe-example-20200102T000000Z/log && mkfifo lethe-example-20200103T000000Z && "
	    "ln %s/sub/file lethe-example-20200104T000000Z",
	    places.data, victim, victim, victim, victim);
	run_shell("cd %s && ln -s %s lethe-example-keys.new && ln -s %s lethe-example-keys", places.keys, victim, victim);
	alarm(60);
	struct backup_facts b = make(f, true);
	is_whole(f, b.path);
	assert_int_equal(prune(f, false).ended, 4);
	alarm(0);
	victim_is_untouched();
	run_shell("test -f %s/keys.db && test ! -L %s", places.key_copy, places.key_copy);
	run_shell("test \"$(ls %s | wc -l)\" = 1", places.data);
	// The folder itself may be a link, but not to the state folder.
	snprintf(link, sizeof link, "%s/link", f->root);
	assert_return_code(symlink(f->state, link), 0);
	snprintf(places.data, sizeof places.data, "%s", link);
	assert_int_equal(make_fails(f, NULL), ERR_REFUSED);
	snprintf(link, sizeof link, "%s/tombstones", f->state);
	snprintf(places.data, sizeof places.data, "%s", link);
	assert_int_equal(make_fails(f, NULL), ERR_REFUSED);
}

// Somebody puts a link in the place of the folder that is written to, and takes it away, all the time.
static void a_folder_that_is_swapped_while_it_is_written_to_leads_nowhere(void **state)
{
	struct fixture *f = *state;
	size_t made = 0;

	victim_make(f);
	put_ticket(f, "receipt-a", "a", kept);
	pid_t pid = fork();
	if (pid == 0) {
		char own[PATH_MAX], away[PATH_MAX];
		snprintf(away, sizeof away, "%s/away", f->root);
		for (;;) {
			DIR *d = opendir(places.data);
			for (const struct dirent *at; d != NULL && (at = readdir(d)) != NULL;) {
				if (strstr(at->d_name, ".unfinished") == NULL)
					continue;
				snprintf(own, sizeof own, "%s/%s", places.data, at->d_name);
				if (rename(own, away) != 0)
					continue;
				if (symlink(victim, own) == 0)
					unlink(own);
				rename(away, own);
			}
			if (d != NULL)
				closedir(d);
		}
	}
	for (int i = 0; i < 60; i++) {
		struct backup_facts out;
		struct err e = {0};
		fixture_time += 1;
		if (backup_make(f->vault, places.data, NULL, &out, &e) != 0)
			continue;
		is_whole(f, out.path);
		made++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	print_message("%zu were made\n", made);
	run_shell("test -d %s/sub && test \"$(cat %s/sub/file %s/vault.db | uniq)\" = safe && test ! -e %s/manifest", victim, victim,
		  victim, victim);
	assert_true(made > 0);
}

// Who may read the folder may read the backup, and nobody else.
static void a_backup_is_its_folders_owners(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0) {
		print_message("SKIPPED: only root can give files away\n");
		skip();
	}
	run_shell("chown 12345:12346 %s && chmod 0777 %s && chown 12345:12346 %s", places.data, places.data, places.keys);
	make(f, true);
	run_shell("test -z \"$(find %s %s -mindepth 1 '(' ! -user 12345 -o ! -group 12346 -o -perm /077 ')' ! -name ledger.pub)\"",
		  places.data, places.keys);
}

// ---- what is no backup of this site and this time ----

static const struct restore_from *from_backup(const struct backup_facts *b)
{
	static struct restore_from from;

	from = (struct restore_from){.backup = b->path, .keys = places.keys, .replace = true};
	return &from;
}

// The manifest says what is there now, without a signature, as who may write there could.
static void manifest_anew(const struct backup_facts *b)
{
	run_shell(
	    "cd %s && { sed '/^file/,$d' manifest; find . -type f ! -name manifest -printf '%%P\\n' | while read -r f; do echo \"file "
	    "$(sha256sum <\"$f\" | cut -c1-64) $(stat -c %%s \"$f\") $f\"; done; } >../m && mv ../m manifest",
	    b->path);
}

static void restore_takes_nothing_by_a_link_a_pipe_or_a_name_that_leads_out(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], saved[PATH_MAX], pipe_path[160];
	static const char *const harms[] = {
	    "mv vault.db ../v && ln -s ../v vault.db",
	    "rm vault.db && mkfifo vault.db",
	    "rm manifest && mkfifo manifest",
	    "mv manifest ../m && ln -s ../m manifest",
	    "mv policy ../p && ln -s ../p policy",
	    "rm policy/one && ln -s /etc/passwd policy/one",
	    "rm policy/one && mkdir policy/one",
	    "sed -i 's, policy/one, policy/../../one,' manifest",
	    "sed -i 's, policy/one, keys/one,' manifest",
	    "sed -i 's, policy/one, /etc/one,' manifest",
	    "grep policy/one manifest >m; cat m >>manifest", // twice
	    "sed -i 's/^file .* vault.db$//' manifest",
	    "truncate -s 0 vault.db",
	    "truncate -s -1 vault.db",
	    "rm vault.db",
	    "truncate -s 0 manifest",
	    "head -c 30 manifest >m && mv m manifest",
	};

	victim_make(f);
	run_shell("mkdir -p %s/policy && echo one > %s/policy/one", f->state, f->state);
	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	// Unsigned, or its signature would tell.
	run_shell("cd %s && sed -i '/^$/,$d' manifest", b.path);
	snprintf(saved, sizeof saved, "%s/saved", f->root);
	run_shell("cp -a %s %s", b.path, saved);
	put_ticket(f, "receipt-b", "b", kept);
	for (size_t i = 0; i < ARRAY_LEN(harms); i++) {
		run_shell("cd %s && %s", b.path, harms[i]);
		alarm(60);
		const enum err_code code = refused(f, from_backup(&b));
		alarm(0);
		if (code != ERR_CORRUPT && code != ERR_INPUT && code != ERR_IO)
			fail_msg("%s: %d", harms[i], code);
		assert_body(f, kept, "b");
		run_shell("rm -rf %s && cp -a %s %s", b.path, saved, b.path);
	}
	// The keys and the list of erasures likewise.
	struct restore_from from = *from_backup(&b);
	snprintf(pipe_path, sizeof pipe_path, "%s/pipe", f->root);
	run_shell("mkfifo %s", pipe_path);
	from.tombstones = pipe_path;
	alarm(60);
	assert_int_equal(refused(f, &from), ERR_INPUT);
	from.tombstones = NULL;
	run_shell("cd %s && mv keys.db ../k && ln -s ../k keys.db", places.key_copy);
	assert_int_equal(refused(f, &from), ERR_CORRUPT);
	run_shell("cd %s && mv ../k keys.db && truncate -s 4096 keys.db", places.key_copy);
	refused(f, &from);
	alarm(0);
	assert_body(f, kept, "b");
	// A hard link is a file like any other; what was restored is no link to it.
	run_shell("cd %s && ln vault.db ../hard", b.path);
	from.keys = NULL;
	restore_to(f, f->state, &from);
	assert_body(f, id, "a");
	run_shell("test \"$(stat -c %%h %s/vault.db)\" = 1", f->state);
	victim_is_untouched();
}

// While the tombstones of its time are there, and not after.
static void a_backup_whose_time_is_over_or_has_not_come_is_refused(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	struct prune_result pruned;
	struct err e = {0};

	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	erase_receipt(f, "receipt-a");
	const time_t now = fixture_time;
	fixture_time = b.made - 3 * 3600; // the clock is behind
	assert_int_equal(refused(f, from_backup(&b)), ERR_REFUSED);
	fixture_time = b.until;
	assert_int_equal(refused(f, from_backup(&b)), ERR_REFUSED);
	fixture_time = now + 3650 * 86400L; // years ahead
	assert_int_equal(refused(f, from_backup(&b)), ERR_REFUSED);
	fixture_time = b.until - 1;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), 0);
	restore_to(f, f->state, from_backup(&b));
	assert_false(fixture_has(f, id));
}

static void a_backup_of_a_newer_schema_is_refused_and_one_of_an_older_is_brought_back(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	const char *stores = "$OLDPWD/tests/unit/stores";

	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	run_shell("cd %s && sqlite3 vault.db 'PRAGMA user_version=99'", b.path);
	manifest_anew(&b);
	assert_int_equal(refused(f, from_backup(&b)), ERR_INPUT);
	assert_body(f, id, "a");
	run_shell("cd %s && rm vault.db && sqlite3 vault.db <%s/vault-3.sql", b.path, stores);
	run_shell(
	    "cd %s && rm -r * && sqlite3 keys.db <%s/keys-of-3.sql && cp %s/master-of-3.key master.key && cp %s/ledger-of-3.pub ledger.pub",
	    places.key_copy, stores, stores, stores);
	run_shell("rm %s/keys/signer/ledger.key", f->state); // it is kept elsewhere
	manifest_anew(&b);
	restore_to(f, f->state, from_backup(&b));
	assert_intact(f);
	assert_false(fixture_has(f, id));
	assert_body(f, "6b02d968407aa3c6073ced050d517e9d", "{\"help\":1}");
}

static void keys_of_another_backup_or_site_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct fixture g = *f;
	char first[RECORD_ID_LEN + 1], second[RECORD_ID_LEN + 1];
	struct err e = {0};

	put_ticket(f, "receipt-a", "a", first);
	make(f, true);
	run_shell("cp -a %s %s/older", places.key_copy, f->root);
	fixture_time += 86400;
	put_ticket(f, "receipt-b", "b", second);
	struct backup_facts b = make(f, true);
	struct restore_from from = *from_backup(&b);
	char keys[128];
	snprintf(keys, sizeof keys, "%s/older", f->root);
	from.keys = keys;
	assert_int_equal(refused(f, &from), ERR_CORRUPT); // they are without those of what is new
	assert_body(f, second, "b");
	// Of another site, of the same name.
	snprintf(g.state, sizeof g.state, "%.80s/foreign", f->root);
	g.vault = NULL;
	fixture_reopen(&g, VAULT_ADMIN);
	close_vault(&g);
	snprintf(keys, sizeof keys, "%.80s/foreign/keys", f->root);
	assert_int_equal(refused(f, &from), ERR_CORRUPT); // they did not sign it
	run_shell("cd %s && sed -i '/^$/,$d' manifest", b.path);
	assert_int_equal(refused(f, &from), ERR_CORRUPT); // nor do they open it
	assert_body(f, first, "a");
	assert_body(f, second, "b");
	// Its own, after the ledger's key was changed.
	struct ledger_keys known;
	assert_return_code(checkpoint_key_change(f->vault, &known, &e), 0);
	b = make(f, true);
	assert_return_code(checkpoint_key_change(f->vault, &known, &e), 0);
	is_whole(f, b.path);
	restore_to(f, f->state, from_backup(&b));
	assert_body(f, second, "b");
	assert_intact(f);
}

// The copy's key signs what is brought back, not the one that the state folder has had since; without a copy, its own.
static void a_copy_of_the_keys_of_an_earlier_version_is_brought_back(void **state)
{
	struct fixture *f = *state;
	struct ledger_keys known;
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	put_ticket(f, "receipt-a", "a", id);
	struct backup_facts b = make(f, true);
	struct restore_from from = *from_backup(&b);
	run_shell("cd %s && mv signer/ledger.key . && rmdir signer && sha256sum <ledger.key >%s/sum", places.key_copy, f->root);
	for (int own = 0; own <= 1; own++) {
		if (!own)
			assert_return_code(checkpoint_key_change(f->vault, &known, &e), 0);
		run_shell("cd %s/keys && mv signer/ledger.key . && rmdir signer", f->state);
		from.keys = own ? NULL : from.keys;
		restore_to(f, f->state, &from);
		run_shell("cd %s/keys && test \"$(sha256sum <signer/ledger.key)\" = \"$(cat %s/sum)\" && test ! -e ledger.key", f->state,
			  f->root);
		assert_body(f, id, "a");
		assert_intact(f);
		BUF_AUTO struct buf note = BUF_INIT(CHECKPOINT_NOTE_MAX);
		assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, backup_setup, fixture_teardown)
	    T(backups_at_once_into_one_folder_are_all_whole),
	    T(backups_at_once_into_two_folders_are_all_whole),
	    T(a_backup_beside_all_else_is_whole),
	    T(erasures_are_finished_once_beside_all_else),
	    T(an_erasure_that_is_not_finished_leaves_nothing_in_a_backup),
	    T(links_and_pipes_in_the_state_folder_are_in_no_backup),
	    T(links_in_the_folders_of_backups_lead_nowhere),
	    T(a_folder_that_is_swapped_while_it_is_written_to_leads_nowhere),
	    T(a_backup_is_its_folders_owners),
	    T(restore_takes_nothing_by_a_link_a_pipe_or_a_name_that_leads_out),
	    T(a_backup_whose_time_is_over_or_has_not_come_is_refused),
	    T(a_backup_of_a_newer_schema_is_refused_and_one_of_an_older_is_brought_back),
	    T(keys_of_another_backup_or_site_change_nothing),
	    T(a_copy_of_the_keys_of_an_earlier_version_is_brought_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
