// SPDX-License-Identifier: ISC
// Which version is in force: what publishing plans and does, what programs then load, and when they notice.
#include "policy/base/array.h"
#include "policy/rules/active.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"
#include <stdlib.h>

#define ACTIVE_FILES_AUTO __attribute__((cleanup(active_files_free)))

enum { DAY = 24 * 3600 };

struct place {
	char state[64];
	struct buf old, editorial, material, material_reworded;
};

// A later version: its own id, and updated a day later.
static void new_version(struct buf *b, const char *id)
{
	char line[128];

	snprintf(line, sizeof line, "<version id=\"%s\" effective=\"2026-05-11\" updated=\"2026-05-12\"", id);
	replace_once(b, "<version id=\"2026-05-11\" effective=\"2026-05-11\" updated=\"2026-05-11\"", line);
}

static int place_make(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	snprintf(p->state, sizeof p->state, "/tmp/lethe-active-XXXXXX");
	assert_non_null(mkdtemp(p->state));
	read_policy(&p->old);
	read_policy(&p->editorial);
	replace_once(&p->editorial, "There is no registration.", "Nobody registers.");
	new_version(&p->editorial, "one-b");
	read_policy(&p->material);
	replace_once(&p->material, "<life length=\"P14D\"", "<life length=\"P20D\"");
	new_version(&p->material, "two");
	p->material_reworded = BUF_INIT(p->material.max);
	buf_add(&p->material_reworded, p->material.data, p->material.len);
	replace_once(&p->material_reworded, "There is no registration.", "Nobody registers.");
	*state = p;
	return 0;
}

static int place_end(void **state)
{
	static const char *const names[] = {
	    "policy/active.xml", "policy/active.sha256", "policy/coming.xml", "policy/coming.json", "policy/withdrawn.json", "policy", ""};
	struct place *p = *state;
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof path, "%s/%s", p->state, names[i]);
		remove(path);
	}
	buf_free(&p->old);
	buf_free(&p->editorial);
	buf_free(&p->material);
	buf_free(&p->material_reworded);
	free(p);
	return 0;
}

// Plans and does it, as `lethe publish` at `now`.
static struct active_plan publish(const struct place *p, const struct buf *wanted, time_t now)
{
	ACTIVE_FILES_AUTO struct active_files files = {0};
	POLICY_AUTO struct policy *w = policy_read("wanted.xml", wanted->data, wanted->len, NULL);
	struct active_plan plan;
	struct err e = {0};

	assert_non_null(w);
	assert_int_equal(active_read(&files, p->state, &e), 0);
	if (active_plan(&plan, &files, w, now, &e) != 0 || active_apply(p->state, &plan, w, wanted->data, wanted->len, &e) != 0)
		fail_msg("%s", e.text);
	return plan;
}

static unsigned log_days(const struct place *p)
{
	POLICY_AUTO struct policy *q = policy_load_active(p->state, BIZIMAGES, NULL);

	assert_non_null(q);
	return q->kinds[KIND_REQUEST_LOG].lives[0].length.days;
}

static void a_material_version_waits_its_time(void **state)
{
	struct place *p = *state;
	time_t now = when_now();

	assert_int_equal(log_days(p), 14); // nothing is in force: what is wanted counts
	assert_int_equal(publish(p, &p->old, now).step, ACTIVE_FIRST);
	assert_int_equal(publish(p, &p->old, now).step, ACTIVE_SAME);
	struct active_plan plan = publish(p, &p->material, now);
	assert_int_equal(plan.step, ACTIVE_ANNOUNCE);
	assert_int_equal(plan.material, 1);
	assert_int_equal(plan.from, now + 30 * DAY);
	assert_int_equal(publish(p, &p->material, now + 30 * DAY - 1).step, ACTIVE_WAIT);
	assert_int_equal(log_days(p), 14);
	assert_int_equal(publish(p, &p->material, now + 30 * DAY).step, ACTIVE_DUE);
	assert_int_equal(log_days(p), 20);
	assert_int_equal(publish(p, &p->material, now + 30 * DAY).step, ACTIVE_SAME);
}

static void an_editorial_version_counts_at_once(void **state)
{
	struct place *p = *state;

	publish(p, &p->old, when_now());
	assert_int_equal(publish(p, &p->editorial, when_now()).step, ACTIVE_EDITORIAL);
	assert_int_equal(publish(p, &p->editorial, when_now()).step, ACTIVE_SAME);
}

static void other_words_keep_the_announced_date(void **state)
{
	struct place *p = *state;
	time_t now = when_now();

	publish(p, &p->old, now);
	publish(p, &p->material, now);
	struct active_plan plan = publish(p, &p->material_reworded, now + 10 * DAY);
	assert_int_equal(plan.step, ACTIVE_ANNOUNCE);
	assert_int_equal(plan.announced, now);
	assert_int_equal(plan.from, now + 30 * DAY);
	// Something more that is material starts the time again.
	replace_once(&p->material_reworded, "years=\"16\"", "years=\"14\"");
	assert_int_equal(publish(p, &p->material_reworded, now + 10 * DAY).from, now + 40 * DAY);
}

static void a_longer_notice_is_kept(void **state)
{
	struct place *p = *state;
	time_t now = when_now();

	replace_once(&p->old, "<changes notice=\"P30D\"", "<changes notice=\"P60D\"");
	publish(p, &p->old, now);
	assert_int_equal(publish(p, &p->material, now).from, now + 60 * DAY); // shortening the notice does not shorten this one
}

static void a_later_effective_date_is_waited_for(void **state)
{
	struct place *p = *state;
	time_t now, then;

	assert_int_equal(when_parse(&now, "2026-12-01"), 0);
	assert_int_equal(when_parse(&then, "2027-06-01"), 0);
	publish(p, &p->old, now);
	replace_once(&p->editorial, "<version id=\"one-b\" effective=\"2026-05-11\"", "<version id=\"one-b\" effective=\"2027-06-01\"");
	struct active_plan plan = publish(p, &p->editorial, now);
	assert_int_equal(plan.step, ACTIVE_ANNOUNCE);
	assert_int_equal(plan.from, then);
	assert_int_equal(publish(p, &p->editorial, then).step, ACTIVE_DUE);
}

static void refused(const struct place *p, const struct buf *wanted, time_t now, const char *says)
{
	ACTIVE_FILES_AUTO struct active_files files = {0};
	POLICY_AUTO struct policy *w = policy_read("wanted.xml", wanted->data, wanted->len, NULL);
	struct active_plan plan;
	struct err e = {0};

	assert_int_equal(active_read(&files, p->state, &e), 0);
	assert_int_equal(active_plan(&plan, &files, w, now, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	if (strstr(e.text, says) == NULL)
		fail_msg("%s does not say %s", e.text, says);
}

static bool loads(const struct place *p, const char *file, struct buf *messages)
{
	POLICY_AUTO struct policy *q = policy_load_active(p->state, file, messages);

	return q != NULL;
}

// The first version does not come into force before its day, neither by publishing nor by starting programs on the file; once it is in
// force it stays so, whatever the clock says then.
static void the_first_version_waits_for_its_day(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf messages = BUF_INIT(100000);
	char file[128], expected[256];
	time_t then;
	struct err e = {0};

	assert_int_equal(when_parse(&then, "2126-05-11"), 0);
	replace_once(&p->old, "<version id=\"2026-05-11\" effective=\"2026-05-11\"", "<version id=\"2026-05-11\" effective=\"2126-05-11\"");
	snprintf(file, sizeof file, "%s/wanted.xml", p->state);
	snprintf(expected, sizeof expected,
		 "%s:%d: error: version 2026-05-11 takes effect on 2126-05-11, and no older one is in force here; ", file,
		 line_of(&p->old, "<version id="));
	assert_int_equal(file_write(file, p->old.data, p->old.len, 0644, NULL, &e), 0);
	assert_false(loads(p, file, &messages));
	assert_false(loads(p, file, NULL));
	assert_non_null(strstr(buf_text(&messages), expected));
	refused(p, &p->old, when_now(), "takes effect on 2126-05-11");
	refused(p, &p->old, then - 1, "takes effect on 2126-05-11");
	assert_int_equal(publish(p, &p->old, then).step, ACTIVE_FIRST);
	assert_true(loads(p, file, NULL)); // the clock stands a hundred years before it
	assert_int_equal(publish(p, &p->old, when_now()).step, ACTIVE_SAME);
	remove(file);
}

static void what_is_taken_back_is_withdrawn(void **state)
{
	struct place *p = *state;
	time_t now = when_now();

	publish(p, &p->old, now);
	publish(p, &p->material, now);
	assert_int_equal(publish(p, &p->old, now).step, ACTIVE_WITHDRAW);
	assert_int_equal(publish(p, &p->old, now + 40 * DAY).step, ACTIVE_SAME);
	assert_int_equal(publish(p, &p->material, now + 40 * DAY).step, ACTIVE_ANNOUNCE); // from the start
}

static int withdraw(const struct place *p, time_t now, struct err *e)
{
	ACTIVE_FILES_AUTO struct active_files files = {0};
	struct active_plan plan;

	assert_int_equal(active_read(&files, p->state, e), 0);
	return active_plan_withdrawal(&plan, &files, now, e) != 0 ? -1 : active_withdraw(p->state, &files, now, e);
}

static void what_the_officer_withdraws_never_comes_into_force(void **state)
{
	struct place *p = *state;
	time_t now = when_now();
	struct err e = {0};

	assert_int_equal(withdraw(p, now, &e), -1);
	assert_non_null(strstr(e.text, "no version was ever published here"));
	publish(p, &p->old, now);
	assert_int_equal(withdraw(p, now, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_non_null(strstr(e.text, "no version is announced; version 2026-05-11 is in force"));
	publish(p, &p->material, now);
	assert_int_equal(withdraw(p, now + 30 * DAY, &e), -1);
	assert_non_null(strstr(e.text, "that time has come"));
	assert_int_equal(withdraw(p, now + DAY, &e), 0);
	// The wanted file is still there, and the hourly publishing reads it; also in other words it keeps its id.
	for (unsigned days = 1; days < 100; days += 33) {
		struct active_plan plan = publish(p, &p->material, now + days * DAY);
		assert_int_equal(plan.step, ACTIVE_WITHDRAWN);
		assert_int_equal(plan.withdrawn, now + DAY);
		assert_int_equal(publish(p, &p->material_reworded, now + days * DAY).step, ACTIVE_WITHDRAWN);
	}
	assert_int_equal(log_days(p), 14);
	assert_int_equal(publish(p, &p->old, now + 100 * DAY).step, ACTIVE_SAME);
	replace_once(&p->material_reworded, "<version id=\"two\"", "<version id=\"three\"");
	assert_int_equal(publish(p, &p->material_reworded, now + 100 * DAY).step, ACTIVE_ANNOUNCE);
	assert_int_equal(withdraw(p, now + 101 * DAY, &e), 0);
	assert_int_equal(publish(p, &p->material, now + 102 * DAY).step, ACTIVE_WITHDRAWN); // the first one, too
	assert_int_equal(publish(p, &p->material_reworded, now + 102 * DAY).step, ACTIVE_WITHDRAWN);
}

static void another_site_and_an_old_name_are_refused(void **state)
{
	struct place *p = *state;

	publish(p, &p->old, when_now());
	replace_once(&p->material, "<version id=\"two\"", "<version id=\"2026-05-11\"");
	refused(p, &p->material, when_now(), "give <version> a new id");
	replace_once(&p->editorial, "site=\"bizimages\"", "site=\"other\"");
	refused(p, &p->editorial, when_now(), "belongs to the site bizimages");
}

// Visitors who read it before must see that it is not the same, however little changed; what they cannot see needs nothing.
static void what_is_put_differently_needs_a_version_and_a_date(void **state)
{
	static const char *const rewordings[][2] = {
	    {"Nobody registers.", "Nobody has to register."},
	    {"two weeks are enough", "a fortnight is enough"},           // a reason
	    {"The notice is now made from", "This notice is made from"}, // the list of changes
	    {"The ZIP holds ordinary", "Your ZIP holds ordinary"},
	    {"Sweden Central (European Union)", "Sweden Central (EU)"},
	    {"<name>Request log</name>", "<name>Log of requests</name>"},
	    {"Change the description and make", "Alter the description and make"},
	};
	struct place *p = *state;

	publish(p, &p->editorial, when_now());
	for (size_t i = 0; i < ARRAY_LEN(rewordings); i++) {
		BUF_AUTO struct buf changed = BUF_INIT(p->editorial.max);
		buf_add(&changed, p->editorial.data, p->editorial.len);
		replace_once(&changed, rewordings[i][0], rewordings[i][1]);
		refused(p, &changed, when_now(), "still calls itself version one-b; give <version> a new id");
		replace_once(&changed, "\"one-b\"", "\"one-c\"");
		refused(p, &changed, when_now(), "is not later than 2026-05-12, that of the version in force");
		replace_once(&changed, "updated=\"2026-05-12\"", "updated=\"2026-05-13\"");
		ACTIVE_FILES_AUTO struct active_files files = {0};
		POLICY_AUTO struct policy *w = policy_read("wanted.xml", changed.data, changed.len, NULL);
		struct active_plan plan;
		assert_non_null(w);
		assert_int_equal(active_read(&files, p->state, NULL), 0);
		assert_int_equal(active_plan(&plan, &files, w, when_now(), NULL), 0);
		assert_int_equal(plan.step, ACTIVE_EDITORIAL);
	}
	BUF_AUTO struct buf same = BUF_INIT(p->editorial.max);
	buf_add(&same, p->editorial.data, p->editorial.len);
	replace_once(&same, "<purposes>", "<!-- why -->\n\n  <purposes>");
	assert_int_equal(publish(p, &same, when_now()).step, ACTIVE_EDITORIAL);
	replace_once(&same, "Nobody registers.", "Nobody has to register.");
	refused(p, &same, when_now(), "promises no-account what: “Nobody registers.” is to be “Nobody has to register.”");
}

static void put_file(const struct place *p, const char *name, const char *text)
{
	char path[128];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/policy/%s", p->state, name);
	assert_int_equal(file_write(path, text, strlen(text), 0644, NULL, &e), 0);
}

static void damage_never_puts_anything_in_force(void **state)
{
	static const char *const times[] = {"", "{", "[]", "{\"sha256\":1}", "{\"sha256\":\"x\",\"announced\":\"y\",\"from\":\"z\"}"};
	struct place *p = *state;
	BUF_AUTO struct buf messages = BUF_INIT(100000);
	time_t now = when_now();

	publish(p, &p->old, now);
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		publish(p, &p->material, now);
		put_file(p, "coming.json", times[i]);
		assert_int_equal(publish(p, &p->material, now + 40 * DAY).step, ACTIVE_ANNOUNCE); // not announced, as far as can be told
		put_file(p, "coming.xml", "<half");
		assert_int_equal(publish(p, &p->old, now).step, ACTIVE_SAME);
	}
	put_file(p, "active.xml", "<half");
	assert_null(policy_load_active(p->state, BIZIMAGES, &messages)); // not silently what is wanted
	assert_non_null(strstr(buf_text(&messages), "the policy in force is not valid for this version of the programs; without a policy"));
	assert_int_equal(publish(p, &p->old, now).step, ACTIVE_FIRST); // the officer's way out
	assert_int_equal(log_days(p), 14);
}

static void a_damaged_list_of_withdrawals_is_told(void **state)
{
	static const char *const bad[] = {"", "{}", "[1]", "[{\"sha256\":\"x\",\"version\":\"two\",\"withdrawn\":\"never\"}]"};
	struct place *p = *state;
	struct active_files files;
	struct err e;

	publish(p, &p->old, when_now());
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put_file(p, "withdrawn.json", bad[i]);
		assert_int_equal(active_read(&files, p->state, &e), -1);
		assert_int_equal(e.code, ERR_CORRUPT);
	}
}

static void remove_file(const struct place *p, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/policy/%s", p->state, name);
	assert_int_equal(unlink(path), 0);
}

// It is not as if nothing had been in force: nothing else comes into force without being compared, unless the officer says so.
static void damage_is_no_way_around_the_notice(void **state)
{
	struct place *p = *state;
	time_t now = when_now();

	publish(p, &p->old, now);
	remove_file(p, "active.sha256");
	assert_int_equal(publish(p, &p->old, now).step, ACTIVE_SAME); // as older versions left it
	put_file(p, "active.xml", "<half");
	refused(p, &p->material, now, "remove the file to begin anew");
	refused(p, &p->editorial, now, "remove the file to begin anew");
	remove_file(p, "active.sha256");
	refused(p, &p->old, now, "restore that file");
	remove_file(p, "active.xml");
	assert_int_equal(publish(p, &p->material, now).step, ACTIVE_FIRST);
}

// As after a change of the programs: valid, but for a provider that they do not have.
static void what_cannot_be_kept_can_be_compared(void **state)
{
	static const char foreign[] =
	    "<processor id=\"acme\" name=\"Acme Limited\" brand=\"Acme\" service=\"Pictures\" roles=\"image\" order=\"3\" trains=\"no\" "
	    "policy=\"https://acme.example/\" added=\"2026-05-11\" effective=\"2026-05-11\"><task>Pictures</task><for purpose=\"make\"/>"
	    "<host>api.acme.example</host><region country=\"SE\" place=\"Sweden\">se-1</region><receives kind=\"prompt\"/></processor>"
	    "<processor id=\"sketch\"";
	struct place *p = *state;
	time_t now = when_now();

	publish(p, &p->old, now);
	struct active_plan announced = publish(p, &p->material, now);
	replace_once(&p->old, "<processor id=\"sketch\"", foreign);
	put_file(p, "active.xml", buf_text(&p->old));
	assert_null(policy_load_active(p->state, BIZIMAGES, NULL));
	struct active_plan plan = publish(p, &p->material, now + DAY);
	assert_int_equal(plan.step, ACTIVE_WAIT);
	assert_int_equal(plan.from, announced.from);
	remove_file(p, "coming.xml");
	plan = publish(p, &p->material, now);
	assert_int_equal(plan.step, ACTIVE_ANNOUNCE);
	assert_int_equal(plan.material, 1);
	assert_int_equal(publish(p, &p->editorial, now).step, ACTIVE_EDITORIAL); // without the provider
	assert_int_equal(log_days(p), 14);
}

static void programs_notice_the_moment(void **state)
{
	struct place *p = *state;
	struct active_watch watch;
	time_t now = when_now();

	publish(p, &p->old, now);
	active_watch_begin(&watch, p->state);
	POLICY_AUTO struct policy *q = policy_load_active(p->state, BIZIMAGES, NULL);
	assert_false(active_watch_changed(&watch, q));
	publish(p, &p->material, now);
	assert_false(active_watch_changed(&watch, q)); // only announced
	publish(p, &p->material, now + 31 * DAY);
	assert_true(active_watch_changed(&watch, q));
}

static void programs_notice_a_processors_date(void **state)
{
	struct place *p = *state;
	struct active_watch watch;

	active_watch_begin(&watch, p->state);
	POLICY_AUTO struct policy *q = policy_read("x", p->old.data, p->old.len, NULL);
	assert_false(active_watch_changed(&watch, q));
	watch.since = policy_processor(q, "azure-openai") != NULL ? q->processors[0].effective - 1 : 0;
	assert_true(active_watch_changed(&watch, q));
}

static void a_processor_is_not_used_before_its_date(void **state)
{
	struct place *p = *state;

	replace_once(&p->old, "added=\"2026-05-11\" effective=\"2026-05-11\"", "added=\"2026-05-11\" effective=\"2126-05-11\"");
	POLICY_AUTO struct policy *q = policy_read("x", p->old.data, p->old.len, NULL);
	assert_non_null(q);
	const struct policy_processor *azure = policy_processor(q, "azure-openai");
	assert_non_null(azure); // it is listed
	assert_false(policy_processor_in_force(azure, when_now()));
	assert_int_equal(azure->kinds & KIND_BIT(KIND_PROMPT), KIND_BIT(KIND_PROMPT)); // with what it will get
	assert_false(policy_host_allowed(azure, "x.openai.azure.com"));
	assert_string_equal(policy_processor_for(q, ROLE_IMAGE, 0)->id, "sketch");
	assert_null(policy_processor_for(q, ROLE_IMAGE, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_end)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_material_version_waits_its_time),
	    TEST(an_editorial_version_counts_at_once),
	    TEST(other_words_keep_the_announced_date),
	    TEST(a_longer_notice_is_kept),
	    TEST(a_later_effective_date_is_waited_for),
	    TEST(the_first_version_waits_for_its_day),
	    TEST(what_the_officer_withdraws_never_comes_into_force),
	    TEST(a_damaged_list_of_withdrawals_is_told),
	    TEST(what_is_taken_back_is_withdrawn),
	    TEST(another_site_and_an_old_name_are_refused),
	    TEST(damage_never_puts_anything_in_force),
	    TEST(damage_is_no_way_around_the_notice),
	    TEST(what_cannot_be_kept_can_be_compared),
	    TEST(programs_notice_the_moment),
	    TEST(what_is_put_differently_needs_a_version_and_a_date),
	    TEST(programs_notice_a_processors_date),
	    TEST(a_processor_is_not_used_before_its_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
