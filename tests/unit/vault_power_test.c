// SPDX-License-Identifier: ISC
// Power cuts: at many moments of a vault's life, what the medium would hold is opened and must show everything that was acknowledged,
// nothing that was ended, and each operation wholly or not at all.
//
// The harness proves itself: with a log that is synced as seldom as synchronous=NORMAL would, or on a disk that says that it has synced what
// it has not, it must find acknowledged records lost.
#include "policy/base/array.h"
#include "tests/fault/fault_vfs.h"
#include "tests/unit/backup_support.h"
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>

enum { RECORDS_MAX = 400, SMALL_SEGMENTS = 3, POINTS_FULL = 1000000, LIVES_FULL = 1000 };
#if defined(__SANITIZE_THREAD__) // fifteen times as slow, and there to find races
enum { POINTS = 140, FEWER = 70, LIVES = 2 };
#elif defined(__SANITIZE_ADDRESS__)
enum { POINTS = 700, FEWER = 350, LIVES = 4 };
#else
enum { POINTS = 5000, FEWER = 350, LIVES = 12 };
#endif

enum { ERASED_DAYS = 4 }; // of the request log, that are erased side by side
enum { UPSETS = 19 };     // operations after which the second fault comes

enum fate { NEVER, TRYING, ALIVE, ENDING, ENDED };
static struct {
	struct fixture *f;
	char ids[RECORDS_MAX][RECORD_ID_LEN + 1];
	enum fate fates[RECORDS_MAX];
	enum kind kinds[RECORDS_MAX];
	size_t count;
	uint64_t lines, events; // acknowledged
	bool erased;            // acknowledged
	time_t erased_at;
	uint64_t points, again;   // cuts; of them, those that left what had been looked at
	uint64_t each, of;        // looked at: so many of so many operations
	unsigned seed, drawn;     // of the life; what its next choice is drawn from
	bool upset, leaves_files; // leaves_files: opening it may make some
	size_t lost, broken, upsets;
	char why[512];
	char crash[96];
} run;

enum { SEEN_MAX = 32768 };
static struct seen {
	uint64_t hash; // 0: none
	bool upset, lost, broken;
} seen[SEEN_MAX];

__attribute__((format(printf, 2, 3))) static void note(size_t *counter, const char *format, ...)
{
	va_list args;

	if (++*counter > 1)
		return;
	va_start(args, format);
	vsnprintf(run.why, sizeof run.why, format, args);
	va_end(args);
}

// ---- looking at what is left ----

// Files of our own, which are synced before their names are there. Those that never change are the same file there.
static void copy_plain(const char *name, bool changes)
{
	char from[256], to[256], bytes[4096];

	snprintf(from, sizeof from, "%s/%s", run.f->state, name);
	snprintf(to, sizeof to, "%s/state/%s", run.crash, name);
	if (!changes) {
		if (link(from, to) != 0 && errno == ENOENT)
			unlink(to);
		return;
	}
	FD_AUTO int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t len = in < 0 ? 0 : read(in, bytes, sizeof bytes);
	assert_true(out >= 0 && len >= 0 && (size_t)len < sizeof bytes && write(out, bytes, (size_t)len) == len);
}

// What was drawn by fault_cut(), with the files beside it.
static void make_image(void)
{
	static const char *const folders[] = {"", "/state", "/state/keys", "/state/keys/signer", "/state/log", "/state/ledger", "/run"};
	char path[128], to[128];

	if (run.leaves_files)
		nftw(run.crash, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(path, sizeof path, "%s%s", run.crash, folders[i]);
		mkdir(path, 0700);
	}
	copy_plain("keys/master.key", false);
	copy_plain("keys/signer/ledger.key", false);
	copy_plain("keys/ledger.pub", false);
	copy_plain("vault.lock", true);
	if (run.f->policy.kinds[KIND_BACKUP].keep == KEEP_STORED) {
		snprintf(path, sizeof path, "%s/state/tombstones", run.crash);
		mkdir(path, 0700);
		copy_plain("tombstones/list", true);
	}
	for (int i = 0; i < 16; i++) { // closed segments
		snprintf(path, sizeof path, "ledger/%012d.gz", i << SMALL_SEGMENTS);
		copy_plain(path, false);
	}
	snprintf(to, sizeof to, "%s/state/ledger/verified", run.crash);
	unlink(to);
	snprintf(to, sizeof to, "%s/state", run.crash);
	fault_cut_write(to);
}

struct tally {
	int64_t records;
};
static int add_event(void *arg, const struct ledger_entry *entry)
{
	struct tally *t = arg;
	const char *n = strstr(entry->details, "\"records\":");

	if (strcmp(entry->name, "put") == 0)
		t->records++;
	else if (strcmp(entry->name, "end") == 0)
		t->records--;
	else if (n != NULL)
		t->records -= strtol(n + 10, NULL, 10);
	return 0;
}

static void check_records(struct vault *v)
{
	struct vault_record r;
	struct err e = {0};

	for (size_t i = 0; i < run.count; i++) {
		bool there = vault_get(v, run.ids[i], &r, &e) == 0;
		if (!there && e.code != ERR_NOT_FOUND)
			note(&run.broken, "record %zu: %s", i, e.text);
		if (there && strcmp(buf_text(&r.body), "a body") != 0)
			note(&run.broken, "record %zu: another body", i);
		if (!there && run.fates[i] == ALIVE)
			note(&run.lost, "record %zu was acknowledged and is lost", i);
		if (there && run.fates[i] == ENDED)
			note(&run.lost, "record %zu was ended and is back", i);
		vault_record_free(&r);
	}
}

// Every record has its event and every end too: no operation is half there.
static void check_wholeness(struct vault *v)
{
	struct ledger_report report;
	struct tally t = {0};
	struct census census;
	struct err e = {0};
	int64_t held = 0;
	uint64_t lines = 0;

	if (ledger_verify(v, LEDGER_WHOLE, &report, &e) != 0 || !report.intact)
		note(&run.broken, "ledger: %s%s", e.text, report.finding);
	if (report.size < run.events)
		note(&run.lost, "%llu events acknowledged, %llu there", (unsigned long long)run.events, (unsigned long long)report.size);
	if (ledger_each(v, 0, add_event, &t, &e) != 0 || vault_census(v, &census, &e) != 0) {
		note(&run.broken, "%s", e.text);
		return;
	}
	for (size_t i = 0; i < census.row_count; i++) {
		if (census.rows[i].kind == KIND_REQUEST_LOG)
			lines = census.rows[i].count;
		else if (census.rows[i].kind != KIND_LEDGER)
			held += (int64_t)census.rows[i].count;
	}
	if (held != t.records)
		note(&run.broken, "%lld records held, the ledger tells of %lld", (long long)held, (long long)t.records);
	if (!run.erased && lines < run.lines)
		note(&run.lost, "%llu log rows acknowledged, %llu there", (unsigned long long)run.lines, (unsigned long long)lines);
}

static void erased_day(char day[WHEN_DATE], int ago)
{
	when_date(day, run.erased_at - ago * 24 * 3600);
}

static int count_row(void *arg, const struct log_row *row)
{
	(void)row;
	++*(unsigned *)arg;
	return 0;
}

static void check_erased(struct vault *v)
{
	struct marker markers[2 + ERASED_DAYS] = {{.len = HASH_LEN}, {.len = 2 * HASH_LEN}};
	struct found_bytes found = {0};
	struct key_page keys = {0};
	struct err e = {0};
	size_t count = 2;
	char hex[2 * HASH_LEN + 1];

	key_lookup_hash(v, markers[0].bytes, "subject", "erased-receipt");
	hex_encode(hex, markers[0].bytes, HASH_LEN);
	memcpy(markers[1].bytes, hex, 2 * HASH_LEN); // as keys.db names the subject's key
	for (int d = 0; d < ERASED_DAYS; d++) {
		struct request_log_hashes hashes;
		char day[WHEN_DATE];
		unsigned rows = 0;
		erased_day(day, d);
		if (request_log_hashes_of(v, &keys, day, NULL, markers[0].bytes, &hashes, NULL, &e) != 0)
			continue; // its day is over
		markers[count].len = LOG_HASH_LEN;
		memcpy(markers[count++].bytes, hashes.receipt, LOG_HASH_LEN);
		if (v->b->log->find(v->store, day, NULL, hashes.receipt, count_row, &rows, &e) != 0)
			note(&run.broken, "%s: %s", day, e.text);
		if (rows > 0)
			note(&run.lost, "%u log rows of %s that were erased are back", rows, day);
	}
	if (v->b->upkeep->find_bytes(v->store, markers, count, &found, &e) != 0)
		note(&run.broken, "%s", e.text);
	if (found.hits > 0)
		note(&run.lost, "%llu traces of what was erased are back", (unsigned long long)found.hits);
}

// A cut that leaves what an earlier one of this life left, of which the same is expected, is looked at once. NULL: it is new, and was added at *slot.
static const struct seen *seen_before(unsigned seed, struct seen **slot)
{
	char lock[256] = "", path[256];
	const uint64_t second = run.upset ? run.points % UPSETS : 0;
	uint64_t hash = fault_cut(seed), at;

	snprintf(path, sizeof path, "%s/vault.lock", run.f->state);
	FD_AUTO int fd = open(path, O_RDONLY | O_CLOEXEC);
	hash = fault_hash(hash, lock, fd < 0 ? 0 : (size_t)read(fd, lock, sizeof lock));
	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof path, "%s/ledger/%012d.gz", run.f->state, i << SMALL_SEGMENTS);
		const bool there = access(path, F_OK) == 0;
		hash = fault_hash(hash, &there, sizeof there);
	}
	const uint64_t expected[] = {run.count, run.lines, run.events, run.erased, (uint64_t)run.erased_at, (uint64_t)fixture_time, second};
	hash = fault_hash(hash, expected, sizeof expected);
	hash = fault_hash(hash, run.fates, run.count * sizeof run.fates[0]);
	for (at = hash % SEEN_MAX; seen[at].hash != 0 && seen[at].hash != hash; at = (at + 1) % SEEN_MAX)
		;
	*slot = &seen[at];
	if (seen[at].hash == hash)
		return &seen[at];
	seen[at].hash = hash;
	return NULL;
}

static void look_once(unsigned seed)
{
	struct vault *v;
	struct seen *slot;
	struct err e = {0};
	char state[128], spool[128];

	run.points++;
	const struct seen *before = seen_before(seed, &slot);
	if (before != NULL) {
		run.again++;
		run.upsets += before->upset;
		run.lost += before->lost;
		run.broken += before->broken;
		return;
	}
	const size_t lost = run.lost, broken = run.broken;
	make_image();
	snprintf(state, sizeof state, "%s/state", run.crash);
	snprintf(spool, sizeof spool, "%s/run", run.crash);
	if (run.upset) { // what is recovered and completed after the cut is cut off, too
		struct prune_result pruned;
		snprintf(fault.second, sizeof fault.second, "%s", state);
		fault.second_left = run.points % UPSETS;
		if (vault_open(&v, state, spool, &run.f->policy, VAULT_ADMIN, &e) == 0)
			slot->upset = vault_prune(v, (struct duration){0}, false, &pruned, &e) != 0;
		run.upsets += slot->upset;
		vault_close(v);
		fault.second[0] = '\0';
		e = (struct err){0};
	}
	if (vault_open(&v, state, spool, &run.f->policy, VAULT_PROGRAM, &e) != 0) {
		note(&run.broken, "does not open: %s", e.text);
	} else {
		check_records(v);
		check_wholeness(v);
		if (run.erased)
			check_erased(v);
		vault_close(v);
	}
	slot->lost = run.lost > lost;
	slot->broken = run.broken > broken;
}

// Which moments of a life are looked at, goes by its seed.
static void look(uint64_t operation)
{
	if ((operation + run.seed) * run.each % run.of < run.each)
		look_once(run.seed * 2654435761u + (unsigned)operation);
}

// ---- the life ----

static void live_put(enum kind kind, const char *receipt)
{
	const struct vault_tag tags[] = {{"receipt", receipt}, {NULL, NULL}};
	const struct ledger_event event = {.name = "put", .payload = "personal", .payload_len = 8, .subject = receipt};
	const struct vault_new record = {.kind = kind, .subject = receipt, .tags = tags, .body = "a body", .body_len = 6};
	size_t i = run.count++;
	struct err e = {0};

	run.fates[i] = TRYING;
	run.kinds[i] = kind;
	if (vault_put(run.f->vault, &record, &event, run.ids[i], &e) != 0)
		fail_msg("%s", e.text);
	run.fates[i] = ALIVE;
	run.events++;
}

static void live_end(size_t i)
{
	const struct ledger_event event = {.name = "end"};
	struct err e = {0};

	run.fates[i] = ENDING;
	if (vault_end(run.f->vault, run.ids[i], &event, &e) != 0)
		fail_msg("%s", e.text);
	run.fates[i] = ENDED;
	run.events++;
}

static void live_log(const char *receipt)
{
	fixture_log(run.f, "198.51.100.1", receipt);
	run.lines++;
}

static void set_fates(size_t from, size_t to, enum fate fate)
{
	for (size_t i = from; i < to; i++)
		if (run.fates[i] != ENDED)
			run.fates[i] = fate;
}

static void live_erase(size_t first, size_t last)
{
	struct erase_result r;
	struct err e = {0};

	set_fates(first, last, ENDING);
	run.lines = 0; // from here on rows may be gone
	if (vault_erase(run.f->vault, ERASE_RECEIPT, "erased-receipt", false, &r, &e) != 0 || !r.complete)
		fail_msg("%s%s", e.text, r.reason);
	set_fates(first, last, ENDED);
	run.events += 2;
	run.erased = true;
}

static void live_prune(void)
{
	struct prune_result r;
	struct err e = {0};

	run.lines = 0;
	for (size_t i = 0; i < run.count; i++)
		if (run.fates[i] == ALIVE && run.kinds[i] == KIND_ARCHIVE)
			run.fates[i] = ENDING;
	fixture_time += 3600;
	if (vault_prune(run.f->vault, (struct duration){0}, false, &r, &e) != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < run.count; i++)
		if (run.fates[i] == ENDING)
			run.fates[i] = ENDED;
}

static unsigned draw(unsigned below)
{
	return (unsigned)rand_r(&run.drawn) % below;
}

// Each visit stores a ZIP, a ticket and a row, in an order that is drawn; some end what an earlier one stored.
static void live_visits(unsigned count)
{
	char receipt[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(receipt, sizeof receipt, "receipt-%u", draw(12));
		for (unsigned n = 0, first = draw(3); n < 3; n++) {
			if ((first + n) % 3 == 2)
				live_log(receipt);
			else
				live_put((first + n) % 3 == 0 ? KIND_ARCHIVE : KIND_TICKET, receipt);
		}
		const size_t which = draw((unsigned)run.count);
		if (draw(3) == 0 && run.fates[which] == ALIVE)
			live_end(which);
	}
}

static void live(unsigned visits)
{
	const unsigned before = draw(visits), between = draw(visits - before);
	const bool prunes_first = draw(2) == 0;

	live_visits(before);
	if (prunes_first)
		live_prune();
	live_visits(between);
	size_t first = run.count;
	live_put(KIND_TICKET, "erased-receipt");
	live_put(draw(2) == 0 ? KIND_TICKET : KIND_ARCHIVE, "erased-receipt");
	run.erased_at = when_now();
	for (int d = ERASED_DAYS - 1; d >= 0; d--) {
		const struct request_log_row row = {"198.51.100.1", "Example/1.0", "erased-receipt"};
		struct err e = {0};
		if (request_log_append_at(run.f->vault, &row, run.erased_at - d * 24 * 3600, &e) != 0)
			fail_msg("%s", e.text);
		run.lines++;
	}
	live_erase(first, run.count);
	live_put(KIND_TICKET, "after");
	if (!prunes_first)
		live_prune();
	live_visits(visits - before - between);
	live_put(KIND_TICKET, "after"); // into the open segment, when others are closed
}

static void begin(struct fixture *f, unsigned seed, uint64_t each, uint64_t of, bool lazy)
{
	memset(&run, 0, sizeof run);
	memset(seen, 0, sizeof seen);
	run.f = f;
	run.each = each;
	run.of = of;
	run.seed = run.drawn = seed;
	snprintf(run.crash, sizeof run.crash, "%s/crash", f->root);
	vault_close(f->vault);
	f->vault = NULL;
	fault_forget();
	snprintf(fault.root, sizeof fault.root, "%s", f->state);
	fault.operations = 0;
	fault.lazy_log = lazy;
	fixture_reopen(f, VAULT_ADMIN);
	fault.before = look;
}

static void finish(void)
{
	fault.before = NULL;
	fault.lazy_log = fault.lies = false;
	fault.root[0] = '\0';
}

// What came of the lives of one test.
struct sum {
	uint64_t lives, points, again, operations, lost, broken, upsets;
	char why[sizeof run.why + 32];
};
struct plan {
	uint64_t points, lives; // so many at least
	unsigned visits;        // of each
	bool upset, lazy, lies;
};

// Every share-th life, beginning with the first or a later one.
static void live_share(void **state, const struct plan *p, unsigned seed, uint64_t first, uint64_t share, struct sum *sum)
{
	const uint64_t each = (p->points + p->lives - 1) / p->lives, points = (p->points + share - 1) / share;
	uint64_t operations = 1000; // of the life before, which had about as many

	for (uint64_t i = first; i < p->lives || sum->points < points; i += share) {
		begin(*state, seed + (unsigned)i, each, operations > each ? operations : each, p->lazy);
		run.upset = run.leaves_files = p->upset;
		fault.lies = p->lies;
		live(p->visits);
		finish();
		operations = fault.operations;
		if (run.why[0] != '\0' && sum->why[0] == '\0')
			snprintf(sum->why, sizeof sum->why, "seed %u: %s", run.seed, run.why);
		sum->lives++;
		sum->points += run.points;
		sum->again += run.again;
		sum->operations += operations;
		sum->lost += run.lost;
		sum->broken += run.broken;
		sum->upsets += run.upsets;
		fixture_teardown(state);
		fixture_setup(state);
	}
}

// At full size in as many processes as there are processors.
static struct sum live_all(void **state, const struct plan *p)
{
	enum { SHARES_MAX = 64 };
	const long processors = trust_full() ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
	const uint64_t share = processors < 1 ? 1 : processors > SHARES_MAX ? SHARES_MAX : (uint64_t)processors;
	const unsigned seed = trust_seed(20261122);
	struct sum *sums = mmap(NULL, SHARES_MAX * sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), all = {0};
	pid_t children[SHARES_MAX];
	int status;

	assert_ptr_not_equal(sums, MAP_FAILED);
	for (uint64_t i = 1; i < share; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		*state = NULL; // the parent's place stays the parent's
		fixture_setup(state);
		live_share(state, p, seed, i, share, &sums[i]);
		fixture_teardown(state);
		_exit(0);
	}
	live_share(state, p, seed, 0, share, &sums[0]);
	for (uint64_t i = 1; i < share; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	for (uint64_t i = 0; i < share; i++) {
		all.lives += sums[i].lives;
		all.points += sums[i].points;
		all.again += sums[i].again;
		all.operations += sums[i].operations;
		all.lost += sums[i].lost;
		all.broken += sums[i].broken;
		all.upsets += sums[i].upsets;
		if (all.why[0] == '\0')
			memcpy(all.why, sums[i].why, sizeof all.why);
	}
	munmap(sums, SHARES_MAX * sizeof *sums);
	print_message(
	    "%llu power cuts in %llu operations of %llu lives, each of its own seed; %llu of them left, byte for byte, what was there "
	    "after another\n",
	    (unsigned long long)all.points, (unsigned long long)all.operations, (unsigned long long)all.lives,
	    (unsigned long long)all.again);
	return all;
}

static void nothing_acknowledged_is_lost(void **state)
{
	const struct plan p = {.points = trust_size(POINTS, POINTS_FULL), .lives = trust_size(LIVES, LIVES_FULL), .visits = 8};
	const struct sum sum = live_all(state, &p);

	if (sum.broken + sum.lost > 0)
		fail_msg("%llu broken, %llu lost: %s", (unsigned long long)sum.broken, (unsigned long long)sum.lost, sum.why);
	assert_true(sum.points >= p.points && sum.lives >= p.lives);
}

static void nothing_is_lost_when_the_recovery_fails_too(void **state)
{
	const struct plan p = {.points = trust_size(FEWER, POINTS_FULL), .lives = trust_size(2, LIVES_FULL), .visits = 4, .upset = true};
	const struct sum sum = live_all(state, &p);

	print_message("after %llu of them the recovery failed, too\n", (unsigned long long)sum.upsets);
	if (sum.broken + sum.lost > 0)
		fail_msg("%llu broken, %llu lost: %s", (unsigned long long)sum.broken, (unsigned long long)sum.lost, sum.why);
	assert_true(sum.upsets > sum.points / 2 && sum.points >= p.points && sum.lives >= p.lives);
}

// vault.lock remembers that there was more: so the harness may see damage where there was a loss.
static void the_harness_sees_a_lazy_log(void **state)
{
	const struct plan p = {.points = trust_size(FEWER, 4000), .lives = 2, .visits = 8, .lazy = true};
	const struct sum sum = live_all(state, &p);

	print_message("a log that is synced late: %llu findings of loss, %llu of damage\n", (unsigned long long)sum.lost,
		      (unsigned long long)sum.broken);
	assert_true(sum.lost + sum.broken > 0);
}

static void the_harness_sees_a_disk_that_lies(void **state)
{
	const struct plan p = {.points = trust_size(FEWER, 4000), .lives = 2, .visits = 4, .lies = true};
	const struct sum sum = live_all(state, &p);

	print_message("syncs that do nothing: %llu findings of loss, %llu of damage\n", (unsigned long long)sum.lost,
		      (unsigned long long)sum.broken);
	assert_true(sum.lost + sum.broken > 0);
}

// The making of the stores, cut anywhere, can be made again.
static void look_at_birth(uint64_t operation)
{
	struct vault *v;
	struct err e = {0};
	char state[128], spool[128];

	run.points++;
	fault_cut((unsigned)operation);
	make_image();
	snprintf(state, sizeof state, "%s/state", run.crash);
	snprintf(spool, sizeof spool, "%s/run", run.crash);
	if (vault_open(&v, state, spool, &run.f->policy, VAULT_ADMIN, &e) != 0)
		note(&run.broken, "operation %llu: %s", (unsigned long long)operation, e.text);
	vault_close(v);
}

static void a_cut_birth_can_be_repeated(void **state)
{
	struct fixture *f = *state;

	begin(f, 0, 1, 1, false);
	run.leaves_files = true;
	vault_close(f->vault);
	f->vault = NULL;
	fault_forget();
	nftw(f->state, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	fault.before = look_at_birth;
	fixture_reopen(f, VAULT_ADMIN);
	finish();
	print_message("%llu power cuts while the stores are made\n", (unsigned long long)run.points);
	if (run.broken > 0)
		fail_msg("%zu of %llu: %s", run.broken, (unsigned long long)run.points, run.why);
	assert_true(run.points > 20);
}

// ---- migrations ----

static void look_at_migration(uint64_t operation)
{
	char state[128], spool[128];

	for (uint64_t i = 0; i < run.each; i++) {
		struct ledger_report report;
		struct vault_record r = {.body = BUF_INIT(1)};
		struct vault *v;
		struct err e = {0};
		run.points++;
		fault_cut((unsigned)(operation * run.each + i));
		make_image();
		snprintf(state, sizeof state, "%s/state", run.crash);
		snprintf(spool, sizeof spool, "%s/run", run.crash);
		if (vault_open(&v, state, spool, &run.f->policy, VAULT_ADMIN, &e) != 0 ||
		    ledger_verify(v, LEDGER_WHOLE, &report, &e) != 0 || vault_get(v, "6b02d968407aa3c6073ced050d517e9d", &r, &e) != 0)
			note(&run.broken, "operation %llu: %s", (unsigned long long)operation, e.text);
		else if (!report.intact || report.size < 41 || strcmp(buf_text(&r.body), "{\"help\":1}") != 0)
			note(&run.broken, "operation %llu: %llu events, %s", (unsigned long long)operation, (unsigned long long)report.size,
			     report.finding);
		vault_record_free(&r);
		vault_close(v);
	}
}

// From the store of the version before, with 41 events: whatever is left opens, migrated, with all that it had.
static void a_cut_migration_loses_nothing(void **state)
{
	struct fixture *f = *state;
	char command[1024];

	begin(f, 0, trust_size(4, 400), 1, false);
	run.leaves_files = true;
	vault_close(f->vault);
	f->vault = NULL;
	fault_forget();
	snprintf(command, sizeof command,
		 "cd '%s' && rm -rf vault.db* vault.lock keys ledger && mkdir keys && S=\"$OLDPWD/tests/unit/stores\" && "
		 "for file in vault.db keys/keys.db; do sqlite3 $file 'PRAGMA journal_mode=wal' >/dev/null; done && "
		 "sqlite3 vault.db <$S/vault-3.sql && sqlite3 keys/keys.db <$S/keys-of-3.sql && cp $S/master-of-3.key keys/master.key && "
		 "cp $S/ledger-of-3.pub keys/ledger.pub",
		 f->state);
	assert_int_equal(system(command), 0);
	for (int i = 0; i < 2; i++) { // known before one of them is opened
		snprintf(command, sizeof command, "%s/%s", f->state, i == 0 ? "vault.db" : "keys/keys.db");
		assert_non_null(tracked(command));
	}
	fault.before = look_at_migration;
	fixture_reopen(f, VAULT_ADMIN);
	finish();
	print_message("%llu power cuts while a store is migrated\n", (unsigned long long)run.points);
	if (run.broken > 0)
		fail_msg("%zu of %llu: %s", run.broken, (unsigned long long)run.points, run.why);
	assert_true(run.points > 20 * run.each);
}

// ---- backups ----

static void look_at_backup(uint64_t operation)
{
	DIR *d = opendir(places.data);

	look_once((unsigned)operation);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		struct backup_facts facts;
		struct err e = {0};
		char path[PATH_MAX], keys[PATH_MAX];
		if (entry->d_name[0] == '.' || strstr(entry->d_name, ".unfinished") != NULL)
			continue;
		snprintf(path, sizeof path, "%s/%s", places.data, entry->d_name);
		snprintf(keys, sizeof keys, "%s/keys", run.f->state);
		if (backup_check(path, keys, &facts, &e) != 0)
			note(&run.broken, "%s", e.text);
	}
	closedir(d);
}

// Nothing that was acknowledged is lost in the site, and what is called a backup is one.
static void a_cut_backup_loses_nothing(void **state)
{
	struct fixture *f = *state;

	for (uint64_t life = 0, lives = trust_size(1, 200); life < lives; life++) {
		begin(f, (unsigned)life + 1, 1, 1, false);
		run.leaves_files = true;
		fault.before = NULL;
		live_visits(3);
		fault.before = look_at_backup;
		make(f, true);
		live_visits(1);
		make(f, true);
		finish();
		print_message("%llu power cuts while backups are made\n", (unsigned long long)run.points);
		if (run.broken + run.lost > 0)
			fail_msg("life %llu: %zu broken, %zu lost: %s", (unsigned long long)life, run.broken, run.lost, run.why);
		assert_true(run.points > 40);
		if (life + 1 < lives) {
			fixture_teardown(state);
			backup_setup(state);
			f = *state;
		}
	}
}

static int install(void **state)
{
	(void)state;
	fixture_segment_level = SMALL_SEGMENTS;
	// A million stores are opened: what one gives back the next one takes.
	mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	fault_install();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(nothing_acknowledged_is_lost),
	    T(nothing_is_lost_when_the_recovery_fails_too),
	    T(the_harness_sees_a_lazy_log),
	    T(the_harness_sees_a_disk_that_lies),
	    T(a_cut_birth_can_be_repeated),
	    T(a_cut_migration_loses_nothing),
	    cmocka_unit_test_setup_teardown(a_cut_backup_loses_nothing, backup_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, install, NULL);
}
