// SPDX-License-Identifier: ISC
// kill -9 at any moment: three processes write, one of them prunes and erases too; all are killed; what they acknowledged is there, the
// ledger has no gap, and the next start is clean.
#include "tests/unit/vault_fixture.h"
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

enum { ERASABLE_DAYS = 3 }; // of the request log, that are erased side by side
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KILLS = 50, KILLS_FULL = KILLS };
#else
enum { KILLS = 300, KILLS_FULL = 100000 };
#endif
enum {
	WRITERS = 3,
	KILLS_OF_ONE = 100, // then everything is looked at, and another vault begins
	ACKNOWLEDGED_MAX = 200000,
	SMALL_SEGMENTS = 5
};

struct acknowledgement {
	char what; // 'p' put, 'e' about to end it, 'E' ended, 'l' a log row, 'x' the erasable subject was erased
	char id[RECORD_ID_LEN + 1];
};

static void tell(int fd, char what, const char *id)
{
	struct acknowledgement a = {.what = what};

	snprintf(a.id, sizeof a.id, "%s", id);
	if (write(fd, &a, sizeof a) != sizeof a)
		_exit(4);
}

static void write_one(struct vault *v, int fd, int number, unsigned i)
{
	const struct ledger_event event = {.name = "put"};
	const struct vault_new record = {.kind = i % 2 ? KIND_TICKET : KIND_ARCHIVE,
					 .subject = number == 0 && i % 8 == 0 ? "erasable" : NULL,
					 .body = "a body",
					 .body_len = 6};
	const struct request_log_row row = {"198.51.100.1", "Example/1.0", NULL}, erasable = {"198.51.100.1", "Example/1.0", "erasable"};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	if (vault_put(v, &record, &event, id, &e) != 0)
		_exit(5);
	if (record.subject == NULL)
		tell(fd, 'p', id);
	if (i % 5 == 4 && record.subject == NULL) {
		tell(fd, 'e', id);
		if (vault_end(v, id, &event, &e) != 0)
			_exit(7);
		tell(fd, 'E', id);
	}
	if (i % 3 == 0) {
		if (request_log_append(v, &row, &e) != 0)
			_exit(6);
		tell(fd, 'l', "");
	}
	for (int d = 0; number == 0 && i % 8 == 0 && d < ERASABLE_DAYS; d++)
		if (request_log_append_at(v, &erasable, when_now() - d * 24 * 3600, &e) != 0)
			_exit(8);
}

// Opened after the fork, as every process must.
static void child(struct fixture *f, int number, int fd)
{
	struct vault *v;
	struct err e = {0};
	struct erase_result erased;
	struct prune_result pruned;

	if (vault_open(&v, f->state, f->run, &f->policy, number == 0 ? VAULT_ADMIN : VAULT_PROGRAM, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		_exit(3);
	}
	v->segment_level = SMALL_SEGMENTS;
	for (unsigned i = 0;; i++) {
		write_one(v, fd, number, i);
		if (number == 0 && i % 6 == 1 && vault_erase(v, ERASE_RECEIPT, "erasable", false, &erased, &e) == 0 && erased.complete)
			tell(fd, 'x', "");
		if (number == 0 && i % 6 == 4)
			vault_prune(v, (struct duration){0}, false, &pruned, &e);
	}
}

static struct {
	char (*ids)[RECORD_ID_LEN + 1], *marks; // marks: 0 alive, 'e' being ended, 'E' ended
	size_t count, ended, lines, erasures;
} told;

static void hear(int fd)
{
	struct acknowledgement a;

	while (read(fd, &a, sizeof a) == sizeof a) {
		if (a.what == 'p' && told.count == ACKNOWLEDGED_MAX)
			fail_msg("more records than this test can look after");
		if (a.what == 'p')
			memcpy(told.ids[told.count++], a.id, sizeof a.id);
		for (size_t i = told.count; (a.what == 'e' || a.what == 'E') && i-- > 0;) {
			if (strcmp(told.ids[i], a.id) != 0)
				continue;
			told.marks[i] = a.what;
			told.ended += a.what == 'E';
			break;
		}
		told.lines += a.what == 'l';
		told.erasures += a.what == 'x';
	}
	close(fd);
}

static int count_one(void *arg, const struct vault_record *r)
{
	(void)r;
	++*(size_t *)arg;
	return 0;
}

static void check_one(struct fixture *f, size_t i)
{
	bool there = fixture_has(f, told.ids[i]);

	if (told.marks[i] == 0 && !there)
		fail_msg("record %zu was acknowledged and is lost", i);
	if (told.marks[i] == 'E' && there)
		fail_msg("record %zu was ended and is back", i);
}

static void check(struct fixture *f, bool all)
{
	struct ledger_report report;
	struct err e = {0};
	size_t live = 0;

	fixture_reopen(f, VAULT_PROGRAM); // looks the files over
	if (ledger_verify(f->vault, all ? LEDGER_WHOLE : LEDGER_SINCE, &report, &e) != 0 || !report.intact)
		fail_msg("%s%s", e.text, report.finding);
	assert_true(fixture_census(f, KIND_REQUEST_LOG, NULL) >= told.lines);
	for (size_t i = all || told.count < 100 ? 0 : told.count - 100; i < told.count; i++)
		check_one(f, i);
	if (all)
		for (unsigned k = 0; k < KIND_COUNT; k++)
			assert_return_code(vault_each(f->vault, (enum kind)k, NULL, count_one, &live, &e), 0);
	vault_close(f->vault);
	f->vault = NULL;
}

// After so many acknowledgements of the first writer, which are not read yet, and so long; 0 of them: while they start.
static void start_and_kill(struct fixture *f, unsigned acknowledged, useconds_t after)
{
	pid_t children[WRITERS];
	int pipes[WRITERS][2], status;

	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		children[i] = fork();
		if (children[i] == 0) {
			close(pipes[i][0]);
			child(f, i, pipes[i][1]);
		}
		close(pipes[i][1]);
	}
	int waiting = 0;
	while ((unsigned)waiting < acknowledged * sizeof(struct acknowledgement)) {
		assert_int_equal(waitpid(children[0], &status, WNOHANG), 0);
		assert_int_equal(ioctl(pipes[0][0], FIONREAD, &waiting), 0);
		usleep(200);
	}
	usleep(after);
	for (int i = 0; i < WRITERS; i++)
		kill(children[i], SIGKILL);
	for (int i = 0; i < WRITERS; i++) {
		hear(pipes[i][0]);
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		if (!WIFSIGNALED(status))
			fail_msg("writer %d ended by itself with %d", i, WEXITSTATUS(status));
	}
}

static void nothing_acknowledged_is_lost(void **state)
{
	const uint64_t kills = trust_size(KILLS, KILLS_FULL);
	size_t records = 0, ended = 0, lines = 0, erasures = 0;
	unsigned seed = trust_seed(20261122);

	told.ids = calloc(ACKNOWLEDGED_MAX, sizeof *told.ids);
	told.marks = calloc(ACKNOWLEDGED_MAX, 1);
	assert_true(told.ids != NULL && told.marks != NULL);
	for (uint64_t done = 0; done < kills;) {
		struct fixture *f = *state;
		vault_close(f->vault);
		f->vault = NULL;
		for (unsigned i = 0; i < KILLS_OF_ONE && done < kills; i++, done++) {
			// Less than a pipe holds: a writer that waits for us to listen is killed like any other.
			const unsigned wait = i % 4 == 0 ? 0 : 1 + (unsigned)rand_r(&seed) % (i % 16 == 1 ? 40 : 6);
			start_and_kill(f, wait, (useconds_t)rand_r(&seed) % (wait == 0 ? 10000 : 2000));
			check(f, false);
		}
		check(f, true);
		records += told.count;
		ended += told.ended;
		lines += told.lines;
		erasures += told.erasures;
		memset(told.marks, 0, told.count);
		told.count = told.ended = told.lines = told.erasures = 0;
		fixture_teardown(state);
		fixture_setup(state);
	}
	print_message("%llu kills of all of %d writers, %zu records, %zu ends, %zu log rows, %zu erasures acknowledged\n",
		      (unsigned long long)kills, WRITERS, records, ended, lines, erasures);
	assert_true(records > 20);
	free(told.ids);
	free(told.marks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
