// SPDX-License-Identifier: ISC
// Until when a record lives: while one of its lives holds, and the longest says what happens then.
#include "policy/base/array.h"
#include "policy/model/life.h"
#include "tests/unit/test.h"
#include <string.h>

enum { MADE = 1795305600, DAY = 86400 };

static struct life live(const struct policy_life *lives, size_t count, struct life_facts facts)
{
	const struct policy_kind kind = {.kind = KIND_GALLERY, .keep = KEEP_STORED, .lives = lives, .life_count = count};

	facts.made = MADE;
	return life_of(&kind, &facts);
}
#define LIVE(lives, ...) live(lives, ARRAY_LEN(lives), (struct life_facts){__VA_ARGS__})

static void each_event_begins_its_life(void **state)
{
	static const struct {
		enum policy_start start;
		enum life_fact fact;
		time_t before; // the event happened
	} rows[] = {{START_COMPLETION, LIFE_COMPLETED, MADE + 30 * DAY},
		    {START_CLOSING, LIFE_CLOSED, 0},
		    {START_ACCOUNT_END, LIFE_ACCOUNT_ENDED, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life_facts facts = {0};
		const struct policy_life life[] = {
		    {.length.days = 30, .has_length = true, .start = rows[i].start, .ends_on_erasure = true}};
		assert_int_equal(LIVE(life, 0).end, rows[i].before);
		facts.since[rows[i].fact] = MADE + 5 * DAY;
		assert_int_equal(live(life, 1, facts).end, MADE + 35 * DAY);
	}
}

static void conditions_hold_and_end(void **state)
{
	static const struct {
		enum policy_condition condition;
		enum life_fact fact;
		time_t without, with; // the fact
	} rows[] = {
	    {CONDITION_ACCOUNT, LIFE_ACCOUNT_ENDED, 0, MADE + DAY},
	    {CONDITION_CONSENT, LIFE_CONSENT_WITHDRAWN, 0, MADE + DAY},
	    {CONDITION_SAVED, LIFE_SAVED, MADE, 0},
	    {CONDITION_SERVICE, LIFE_ACCOUNT_ENDED, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct life_facts facts = {0};
		const struct policy_life life[] = {{.lasts_while = rows[i].condition, .ends_on_erasure = true}};
		assert_int_equal(LIVE(life, 0).end, rows[i].without);
		facts.since[rows[i].fact] = MADE + DAY;
		assert_int_equal(live(life, 1, facts).end, rows[i].with);
	}
}

static void the_longest_live_reason_wins(void **state)
{
	static const struct policy_life lives[] = {
	    {.length.days = 90, .has_length = true, .unless = CONDITION_SAVED, .ends_on_erasure = true},
	    {.lasts_while = CONDITION_SAVED, .ends_on_erasure = true},
	    {.length.days = 30, .has_length = true, .ending = END_ANONYMISE, .ends_on_erasure = true},
	};

	(void)state;
	assert_int_equal(LIVE(lives, 0).end, MADE + 90 * DAY);
	assert_int_equal(LIVE(lives, 0).then, END_DELETE);
	assert_int_equal(LIVE(lives, .since[LIFE_SAVED] = MADE + DAY).end, 0);
	assert_int_equal(live(lives + 1, 2, (struct life_facts){0}).end, MADE + 30 * DAY);
	assert_int_equal(live(lives + 1, 2, (struct life_facts){0}).then, END_ANONYMISE);
	// What was asked for ends it sooner, and never later.
	assert_int_equal(LIVE(lives, .since[LIFE_END_ASKED] = MADE + DAY).end, MADE + DAY);
	assert_int_equal(LIVE(lives, .since[LIFE_END_ASKED] = MADE + 300 * DAY).end, MADE + 90 * DAY);
}

static void every_life_is_told(void **state)
{
	static const struct policy_life lives[] = {
	    {.length.days = 90, .has_length = true, .unless = CONDITION_SAVED},
	    {.lasts_while = CONDITION_SAVED, .ending = END_ANONYMISE},
	    {.length.days = 30, .has_length = true},
	    {.length.months = 84, .has_length = true, .lasts_while = CONDITION_ACCOUNT},
	};
	struct policy_kind kind = {.keep = KEEP_STORED, .lives = lives, .life_count = 2};
	char words[256];

	(void)state;
	life_words(words, sizeof words, &kind, true);
	assert_string_equal(words, "for 90 days unless it is saved, then deleted, or while it is saved, then anonymised");
	kind.life_count = ARRAY_LEN(lives);
	assert_int_equal(duration_compare(life_longest(&kind), lives[0].length), 0); // the longer one hangs on a condition
	kind.lives++;
	kind.life_count = 1;
	assert_true(duration_is_zero(life_longest(&kind)));
	life_words(words, sizeof words, &kind, false);
	assert_string_equal(words, "while it is saved");
}

static void erasure_and_holds(void **state)
{
	static const struct policy_life lives[] = {
	    {.lasts_while = CONDITION_ACCOUNT, .ends_on_erasure = true},
	    {.length.months = 84, .has_length = true, .hold = true},
	};
	const time_t erased = MADE + 10 * DAY, years = duration_after(MADE, (struct duration){.months = 84});

	(void)state;
	assert_int_equal(live(lives, 1, (struct life_facts){.since[LIFE_ERASED] = erased}).end, erased);
	assert_int_equal(LIVE(lives, .since[LIFE_ERASED] = erased).end, years);
	struct life held = LIVE(lives, .since[LIFE_ERASED] = erased, .since[LIFE_HELD] = erased);
	assert_int_equal(held.end, 0);
	assert_true(held.held);
	// The policy does not say that the first may be held.
	assert_int_equal(live(lives, 1, (struct life_facts){.since[LIFE_ERASED] = erased, .since[LIFE_HELD] = erased}).end, erased);
	assert_int_equal(LIVE(lives, .since[LIFE_ANONYMISED] = erased).end, 0);
}

static void what_nobody_closes_ends(void **state)
{
	const struct policy_life lives[] = {
	    {.length.months = 24, .has_length = true, .start = START_CLOSING, .ends_on_erasure = true},
	    {.length.months = 27, .has_length = true, .unless = CONDITION_CLOSED, .ends_on_erasure = true},
	};
	const struct policy_kind kind = {.keep = KEEP_STORED, .lives = lives, .life_count = 2};
	const struct policy_kind before = {.keep = KEEP_STORED, .lives = lives, .life_count = 1};
	struct life_facts facts = {.made = 1000000};

	(void)state;
	assert_int_equal(life_of(&kind, &facts).end, duration_after(facts.made, lives[1].length));
	assert_int_equal(life_of(&before, &facts).end, 0); // without that life, never
	facts.since[LIFE_CLOSED] = 2000000;
	assert_int_equal(life_of(&kind, &facts).end, duration_after(2000000, lives[0].length));
}

static void what_is_not_stored_has_ended(void **state)
{
	const struct policy_kind kind = {.keep = KEEP_MEMORY};

	(void)state;
	assert_int_equal(life_of(&kind, &(struct life_facts){.made = MADE}).end, MADE);
}

static void the_fingerprint_tells_every_change(void **state)
{
	struct policy_life life = {.length.days = 30, .has_length = true, .ends_on_erasure = true};
	struct policy p = {0};

	(void)state;
	p.kinds[KIND_IMAGE] = (struct policy_kind){.kind = KIND_IMAGE, .keep = KEEP_STORED, .lives = &life, .life_count = 1};
	uint64_t before = life_fingerprint(&p);
	assert_int_equal(life_fingerprint(&p), before);
	life.unless = CONDITION_SAVED;
	assert_int_not_equal(life_fingerprint(&p), before);
	before = life_fingerprint(&p);
	life.ends_on_erasure = false;
	assert_int_not_equal(life_fingerprint(&p), before);
	before = life_fingerprint(&p);
	p.kinds[KIND_IMAGE].keep = KEEP_MEMORY;
	assert_int_not_equal(life_fingerprint(&p), before);
}

static void facts_survive_as_text(void **state)
{
	struct life_facts facts = {0}, back = {0};
	char text[LIFE_TEXT_MAX];

	(void)state;
	for (int i = 0; i < LIFE_FACTS; i++)
		facts.since[i] = (time_t)4102444800 + i;
	life_facts_text(text, &facts);
	life_facts_read(&back, text);
	assert_memory_equal(facts.since, back.since, sizeof facts.since);
	life_facts_text(text, &(struct life_facts){.made = MADE});
	assert_string_equal(text, "");
	back = (struct life_facts){0};
	life_facts_read(&back, "unknown=5  held=7 held");
	assert_int_equal(back.since[LIFE_HELD], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_event_begins_its_life),
	    cmocka_unit_test(conditions_hold_and_end),
	    cmocka_unit_test(every_life_is_told),
	    cmocka_unit_test(the_longest_live_reason_wins),
	    cmocka_unit_test(erasure_and_holds),
	    cmocka_unit_test(what_nobody_closes_ends),
	    cmocka_unit_test(what_is_not_stored_has_ended),
	    cmocka_unit_test(the_fingerprint_tells_every_change),
	    cmocka_unit_test(facts_survive_as_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
