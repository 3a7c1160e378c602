// SPDX-License-Identifier: ISC
// The budget of a key of the API: of one day, which a clock that is set back does not begin anew, and of which nothing of another day is given back.
#include "policy/vault/api_key.h"
#include "tests/unit/vault_fixture.h"

#define RECEIPT "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"
enum { DAY = 86400 };

static int key_setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	struct fixture *f = *state;
	fixture_keeps(&f->policy, KIND_ACCOUNT, (struct policy_life){.lasts_while = CONDITION_ACCOUNT});
	fixture_reopen(f, VAULT_ADMIN);
	return 0;
}

static int key_teardown(void **state)
{
	memset(fixture_lives, 0, sizeof fixture_lives);
	return fixture_teardown(state);
}

static struct api_key key_made(struct fixture *f, char key[API_KEY_LEN + 1])
{
	struct api_key k = {.scopes = API_SCOPES_ALL, .daily = 5};
	struct err e = {0};

	if (api_key_create(f->vault, &k, RECEIPT, key, &e) != 0)
		fail_msg("api_key_create: %s", e.text);
	return k;
}

static unsigned used(struct fixture *f, const char *key)
{
	struct api_key k;
	struct err e = {0};

	if (api_key_find(f->vault, key, &k, &e) != 0)
		fail_msg("api_key_find: %s", e.text);
	return k.used;
}

static int book(struct fixture *f, struct api_key *k, int pictures)
{
	struct err e = {0};

	return api_key_book(f->vault, k, pictures, &e) == 0 ? 0 : (int)e.code;
}

static void only_a_later_day_begins_anew(void **state)
{
	struct fixture *f = *state;
	char key[API_KEY_LEN + 1];
	struct api_key k = key_made(f, key);

	assert_int_equal(book(f, &k, 5), 0);
	fixture_time -= DAY;
	assert_int_equal(used(f, key), 5);
	assert_int_equal(book(f, &k, 1), ERR_FULL);
	fixture_time += 2 * DAY;
	assert_int_equal(used(f, key), 0);
	assert_int_equal(book(f, &k, 1), 0);
	fixture_time -= DAY;
	assert_int_equal(used(f, key), 1);
}

static void what_was_booked_before_midnight_is_not_given_back_after_it(void **state)
{
	struct fixture *f = *state;
	char key[API_KEY_LEN + 1];
	struct api_key k = key_made(f, key), other = k;

	assert_int_equal(book(f, &k, 3), 0);
	assert_int_equal(book(f, &k, -1), 0);
	assert_int_equal(used(f, key), 2);
	fixture_time += DAY;
	assert_int_equal(book(f, &other, 4), 0);
	assert_int_equal(book(f, &k, -2), 0);
	assert_int_equal(used(f, key), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(only_a_later_day_begins_anew, key_setup, key_teardown),
	    cmocka_unit_test_setup_teardown(what_was_booked_before_midnight_is_not_given_back_after_it, key_setup, key_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
