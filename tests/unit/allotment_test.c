// SPDX-License-Identifier: ISC
// Space is promised before anything is asked: what does not fit is refused, what was seen corrects what is expected, nobody takes all of it.
#include "fcgi/generate/allotment.h"
#include "policy/base/array.h"
#include "policy/base/when.h"
#include "tests/unit/test.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { MB = 1024 * 1024 };

static const struct provider vendor = {.id = "vendor", .picture_bytes = 4 * MB};
static struct generator g = {.image = {{.id = "one", .name = "", .provider = &vendor, .usable = true},
				       {.id = "two", .name = "", .provider = &vendor, .usable = true},
				       {.id = "three", .name = "", .provider = &vendor, .usable = true},
				       {.id = "four", .name = "", .provider = &vendor, .usable = true}},
			     .image_count = 4};

static struct allotment_wish wish_of(const struct chain *chain, unsigned count, const char *address)
{
	return (struct allotment_wish){.address = address, .image = chain, .count = count, .width = 1024, .height = 1024};
}

static void what_does_not_fit_is_refused_until_there_is_space_again(void **state)
{
	const struct chain one = {.at = {&g.image[0]}, .count = 1};
	const struct allotment_wish eight = wish_of(&one, 8, "127.0.0.1"), single = wish_of(&one, 1, "127.0.0.1");
	struct allotment a = {0}, b = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(allotment_take(&a, &g, &eight, 36 * MB, &e), -1); // nine of 4 MB: eight, and one that is copied; and the texts
	assert_int_equal(e.code, ERR_FULL);
	assert_int_equal(a.pending, 0);
	assert_int_equal(allotment_take(&a, &g, &eight, 37 * MB, &e), 0);
	assert_int_equal(allotment_take(&b, &g, &single, 40 * MB, &e), -1);
	assert_int_equal(allotment_take(&b, &g, &single, 41 * MB, &e), 0);
	allotment_release(&b);
	allotment_used(&a, &g, &g.image[0], 1024, 1024, 2 * MB);
	assert_int_equal(allotment_take(&b, &g, &single, 37 * MB, &e), 0); // 32 MB are still promised
	allotment_release(&a);
	allotment_release(&a); // once is enough
	allotment_release(&b);
	assert_int_equal(allotment_take(&a, &g, &eight, 37 * MB, &e), 0);
	allotment_release(&a);
	assert_int_equal(allotment_take(&a, &g, &eight, UINT64_MAX, &e), 0); // where it cannot be asked
	allotment_release(&a);
}

static uint64_t expected(const struct processor *by, unsigned width, unsigned height)
{
	const struct chain chain = {.at = {by}, .count = 1};
	struct allotment_wish wish = wish_of(&chain, 1, "");
	struct allotment a;

	wish.width = width;
	wish.height = height;
	assert_int_equal(allotment_take(&a, &g, &wish, UINT64_MAX, NULL), 0);
	allotment_release(&a);
	return a.picture;
}

static void what_was_seen_corrects_what_is_expected(void **state)
{
	struct allotment none = {0};
	const struct processor *by = &g.image[1];

	(void)state;
	assert_int_equal(expected(by, 1024, 1024), 4 * MB);
	assert_int_equal(expected(by, 1536, 1024), 6 * MB);
	for (int i = 0; i < 7; i++)
		allotment_used(&none, &g, by, 1024, 1024, 2 * MB);
	assert_int_equal(expected(by, 1024, 1024), 4 * MB); // seven are not enough
	allotment_used(&none, &g, by, 1024, 1024, 2 * MB);
	assert_int_equal(expected(by, 1024, 1024), 2 * MB + MB / 2);
	assert_int_equal(expected(by, 1536, 1024), 6 * MB);
	allotment_used(&none, &g, by, 1024, 1024, 8 * MB); // never below the largest of the last
	for (int i = 0; i < 31; i++)
		allotment_used(&none, &g, by, 1024, 1024, 1000);
	assert_int_equal(expected(by, 1024, 1024), 10 * MB);
	for (int i = 0; i < 200; i++)
		allotment_used(&none, &g, by, 1024, 1024, 1000);
	assert_int_equal(expected(by, 1024, 1024), 64 * 1024);
	for (int i = 0; i < 3; i++)
		allotment_used(&none, &g, &g.image[2], 1024, 1024, 8 * MB); // larger than the row says is believed at once
	assert_int_equal(expected(&g.image[2], 1024, 1024), 10 * MB);
}

static void of_several_processors_the_largest_counts(void **state)
{
	const struct chain chain = {.at = {&g.image[1], &g.image[2]}, .count = 2};
	struct allotment_wish wish = wish_of(&chain, 1, "");
	struct allotment a;

	(void)state;
	assert_int_equal(allotment_take(&a, &g, &wish, UINT64_MAX, NULL), 0);
	assert_int_equal(a.picture, 10 * MB);
	allotment_release(&a);
	wish.thumbnails = true;
	assert_int_equal(allotment_take(&a, &g, &wish, UINT64_MAX, NULL), 0);
	assert_true(a.picture > 10 * MB);
	allotment_release(&a);
}

static void nobody_takes_more_than_a_quarter(void **state)
{
	const struct chain one = {.at = {&g.image[3]}, .count = 1};
	struct allotment a[8] = {{0}};
	struct err e = {0};

	(void)state;
	const struct {
		const char *address;
		int fits; // sets of 36 MB in 400
	} visitors[] = {{"192.0.2.7", 2}, {"2001:db8:1:2::1", 2}, {"127.0.0.1", 8}, {"::1", 8}};
	for (size_t v = 0; v < ARRAY_LEN(visitors); v++) {
		const struct allotment_wish wish = wish_of(&one, 8, visitors[v].address);
		int taken = 0;
		while (taken < 8 && allotment_take(&a[taken], &g, &wish, 400 * MB, &e) == 0)
			taken++;
		assert_int_equal(taken, visitors[v].fits);
		if (taken < 8)
			assert_int_equal(e.code, ERR_BUSY);
		const struct allotment_wish other = wish_of(&one, 8, "198.51.100.1"), neighbour = wish_of(&one, 8, "2001:db8:1:2:ffff::9");
		struct allotment more;
		if (taken < 8) {
			assert_int_equal(allotment_take(&more, &g, &other, 400 * MB, &e), 0);
			allotment_release(&more);
		}
		if (v == 1) // the same network
			assert_int_equal(allotment_take(&more, &g, &neighbour, 400 * MB, &e), -1);
		for (int i = 0; i < taken; i++)
			allotment_release(&a[i]);
	}
	// Who has nothing under way gets one set, however large it is.
	const struct allotment_wish wish = wish_of(&one, 8, "192.0.2.7");
	assert_int_equal(allotment_take(&a[0], &g, &wish, 40 * MB, &e), 0);
	allotment_release(&a[0]);
}

static void finished_sets_count_as_long_as_they_are_there(void **state)
{
	const struct chain one = {.at = {&g.image[3]}, .count = 1};
	const struct allotment_wish wish = wish_of(&one, 8, "203.0.113.9"), other = wish_of(&one, 8, "198.51.100.1");
	char files[3][64];
	struct allotment a;
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(files[i], sizeof files[i], "/tmp/lethe-allotment-%d-%d", getpid(), i);
		close(open(files[i], O_CREAT | O_CLOEXEC | O_WRONLY, 0600));
		assert_int_equal(allotment_take(&a, &g, &wish, 400 * MB, &e), i < 2 ? 0 : -1);
		if (i == 2)
			break;
		allotment_keep(&a, files[i], 50 * MB, i == 0 ? when_now() + 1000 : 0);
		allotment_release(&a);
	}
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(allotment_take(&a, &g, &other, 400 * MB, &e), 0);
	allotment_release(&a);
	unlink(files[1]); // deleted, by whatever program
	assert_int_equal(allotment_take(&a, &g, &wish, 400 * MB, &e), 0);
	allotment_keep(&a, files[0], 200 * MB, when_now()); // its time is over
	allotment_release(&a);
	assert_int_equal(allotment_take(&a, &g, &wish, 400 * MB, &e), 0);
	allotment_release(&a);
	for (int i = 0; i < 3; i++)
		unlink(files[i]);
	assert_int_equal(allotment_take(&a, &g, &wish, 40 * MB, &e), 0); // who has nothing gets one set, however large it is
	allotment_release(&a);
}

static void *take_and_release(void *arg)
{
	const struct chain one = {.at = {&g.image[3]}, .count = 1};
	const struct allotment_wish wish = wish_of(&one, 4, arg);

	for (int i = 0; i < 2000; i++) {
		struct allotment a = {0};
		if (allotment_take(&a, &g, &wish, 100 * MB, NULL) == 0)
			allotment_used(&a, &g, &g.image[3], 1024, 1024, MB);
		allotment_release(&a);
	}
	return NULL;
}

static void all_of_it_is_given_back(void **state)
{
	static char *const addresses[] = {"192.0.2.1", "192.0.2.1", "192.0.2.2", "127.0.0.1"};
	const struct chain one = {.at = {&g.image[0]}, .count = 1};
	const struct allotment_wish eight = wish_of(&one, 8, "192.0.2.1");
	pthread_t threads[4];
	struct allotment a;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_and_release, addresses[i]);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(allotment_take(&a, &g, &eight, 37 * MB, NULL), 0);
	allotment_release(&a);
}

static void there_is_space_where_there_is_a_folder(void **state)
{
	(void)state;
	allotment_begin();
	assert_true(allotment_space("/dev/shm") > 0);
	assert_true(allotment_space("/dev/shm") < UINT64_MAX);
	assert_true(allotment_space("/nowhere") == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_does_not_fit_is_refused_until_there_is_space_again),
	    cmocka_unit_test(what_was_seen_corrects_what_is_expected),
	    cmocka_unit_test(of_several_processors_the_largest_counts),
	    cmocka_unit_test(nobody_takes_more_than_a_quarter),
	    cmocka_unit_test(finished_sets_count_as_long_as_they_are_there),
	    cmocka_unit_test(all_of_it_is_given_back),
	    cmocka_unit_test(there_is_space_where_there_is_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
