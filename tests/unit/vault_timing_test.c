// SPDX-License-Identifier: ISC
// How long it takes to refuse a wrong address, receipt or secret tells nothing of the right one: the test of dudect (Reparaz et al., "Dude, is my code constant
// time?"): two classes of wrong ones in random order, Welch's t of what both took. Judged by `make trust` alone, as time is no condition of `make test`.
#include "policy/base/when.h"
#include "policy/rights/request.h"
#include "policy/vault/archive_token.h"
#include "tests/unit/rights_text.h"
#include "tests/unit/vault_fixture.h"
#include <math.h>
#include <time.h>

enum { BATCH = 1000, CROP_AT = 9 * BATCH / 10 };
#define T_MAX 4.5

struct trial {
	char id[RECORD_ID_LEN + 1], value[TOKEN_LEN + 1];
	unsigned class;
	uint64_t took;
};

struct moments {
	double n, mean, squares;
};

struct targets {
	struct vault *v;
	char token[TOKEN_LEN + 1], secret[TOKEN_LEN + 1], id[RECORD_ID_LEN + 1];
};

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t x = ((const struct trial *)a)->took, y = ((const struct trial *)b)->took;

	return (x > y) - (x < y);
}

static void moments_add(struct moments *m, double x)
{
	const double off = x - m->mean;

	m->n++;
	m->mean += off / m->n;
	m->squares += off * (x - m->mean);
}

// Class 0: all but the last characters are those of a right one. Class 1: nothing is.
static void prepare(struct trial *t, const char *right, const char *id, unsigned *seed)
{
	t->class = (unsigned)rand_r(seed) % 2;
	token_new(t->value);
	snprintf(t->id, sizeof t->id, "%032x", (unsigned)rand_r(seed));
	if (t->class == 0) {
		memcpy(t->value, right, TOKEN_LEN - 3);
		memcpy(t->id, id, RECORD_ID_LEN);
	}
}

// Welch's t of the two classes; what was slower than nine tenths of a first batch was interrupted, and is left out.
static double compare_classes(const struct targets *g, const char *right, void (*refuse)(const struct targets *g, const struct trial *t),
			      uint64_t samples)
{
	static struct trial trials[BATCH];
	struct moments m[2] = {0};
	unsigned seed = 20261128;
	uint64_t longest = 0;

	for (uint64_t done = 0; done < samples || longest == 0; done += BATCH) {
		for (size_t i = 0; i < BATCH; i++)
			prepare(&trials[i], right, g->id, &seed);
		for (size_t i = 0; i < BATCH; i++) {
			const uint64_t begun = nanoseconds();
			refuse(g, &trials[i]);
			trials[i].took = nanoseconds() - begun;
		}
		if (longest == 0) { // of a batch that is not counted: caches are cold
			qsort(trials, BATCH, sizeof *trials, by_time);
			longest = trials[CROP_AT].took;
			continue;
		}
		for (size_t i = 0; i < BATCH; i++)
			if (trials[i].took <= longest)
				moments_add(&m[trials[i].class], (double)trials[i].took);
	}
	const double spread = m[0].squares / (m[0].n - 1) / m[0].n + m[1].squares / (m[1].n - 1) / m[1].n;
	return spread > 0 ? (m[0].mean - m[1].mean) / sqrt(spread) : 0;
}

static void refuse_archive(const struct targets *g, const struct trial *t)
{
	struct vault_record r;

	if (archive_token_find_head(g->v, t->value, &r, NULL) == 0)
		vault_record_free(&r);
}

static void refuse_request(const struct targets *g, const struct trial *t)
{
	BUF_AUTO struct buf json = BUF_INIT(65536);

	(void)rights_text(&json, rights_show(g->v, t->id, t->value, NULL));
}

// What no program of ours does.
static void compare_to_the_first_difference(const struct targets *g, const struct trial *t)
{
	const volatile char *a = g->token, *b = t->value;

	for (size_t i = 0; i < TOKEN_LEN && a[i] == b[i]; i++)
		;
}

static void what_is_refused_takes_the_same_time(void **state)
{
	struct fixture *f = *state;
	const uint64_t samples = trust_size(2000, 1000000);
	struct targets g = {.v = f->vault};
	struct vault_record found;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], pictures[TOKEN_LEN + 1];

	for (int i = 0; i < 100; i++) { // among others
		token_new(g.token);
		archive_token_pictures(pictures, g.token);
		const struct vault_tag address[] = {{ARCHIVE_TOKEN_TAG, pictures}, {NULL, NULL}};
		const struct vault_new set = {.kind = KIND_ARCHIVE, .subject = g.token, .tags = address, .body = "{}", .body_len = 2};
		assert_return_code(vault_put(f->vault, &set, NULL, id, &e), 0);
		token_new(g.secret);
		const struct vault_tag tags[] = {{"secret", g.secret}, {NULL, NULL}};
		const struct vault_new record = {
		    .kind = KIND_RIGHTS_REQUEST, .subject = g.secret, .tags = tags, .body = "{}", .body_len = 2};
		assert_return_code(vault_put(f->vault, &record, NULL, g.id, &e), 0);
	}
	assert_return_code(archive_token_find_head(f->vault, g.token, &found, &e), 0); // the right one is there
	vault_record_free(&found);
	const double archive = compare_classes(&g, g.token, refuse_archive, samples),
		     request = compare_classes(&g, g.secret, refuse_request, samples),
		     control = compare_classes(&g, g.token, compare_to_the_first_difference, samples);
	print_message("%llu samples each: |t| %.2f for addresses, %.2f for secrets of requests; %.0f where the comparison stops early\n",
		      (unsigned long long)samples, fabs(archive), fabs(request), fabs(control));
	assert_true(!trust_full() || (fabs(archive) < T_MAX && fabs(request) < T_MAX && fabs(control) > 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_is_refused_takes_the_same_time, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
