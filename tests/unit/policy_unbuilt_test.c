// SPDX-License-Identifier: ISC
// A policy that needs what this version does not have: refused, with the name and the line, unless it is allowed.
#include "policy/base/array.h"
#include "policy/rules/capability.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"

// What each shipped site needs and does not find. A capability that gets built leaves this list.
static const struct needs {
	const char *site, *words;
} needs[] = {
    {"bizimages", ""},
    {"imagedesigner", "gallery, stored prompts, stored uploads, stored images, support tickets, request log details, "
		      "consent panel, deleting the data of children"},
    {"product-images", "accounts, stored images, payments, usage figures, image storage, "
		       "consent panel"},
    {"image-describer", "descriptions, time limits in memory, request log details, image storage, analytics, consent "
			"panel"},
    {"blogimg", "dashboard, posts, accounts, stored prompts, stored images, payments, support tickets, preferences, usage "
		"figures, request log details, analytics, consent panel, "
		"deleting the data of children, announcing by mail"},
};
enum { SITE_COUNT = ARRAY_LEN(needs) };

static struct policy *load_site(size_t i, bool allow, struct buf *messages)
{
	char path[128];

	snprintf(path, sizeof path, "policy/sites/%s.xml", needs[i].site);
	*messages = BUF_INIT(1024 * 1024);
	return policy_load_as(path, allow, messages);
}

static size_t lines_with(const struct buf *messages, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(buf_text(messages), part); at != NULL; at = strstr(at + 1, part))
		count++;
	return count;
}

static void what_is_not_built_is_listed(void **state)
{
	(void)state;
	for (size_t i = 0; i < SITE_COUNT; i++) {
		BUF_AUTO struct buf messages = {0}, list = BUF_INIT(4096);
		POLICY_AUTO struct policy *p = load_site(i, true, &messages);
		assert_non_null(p);
		size_t count = capability_unbuilt(p, &list);
		assert_string_equal(buf_text(&list), needs[i].words);
		assert_int_equal(lines_with(&messages, ": warning: "), count); // and nothing else is wrong with it
		assert_int_equal(lines_with(&messages, ": error: "), 0);
		assert_int_equal(capability_unbuilt(p, NULL), count);
	}
}

static void without_leave_such_a_site_does_not_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < SITE_COUNT; i++) {
		BUF_AUTO struct buf messages = {0};
		POLICY_AUTO struct policy *p = load_site(i, false, &messages);
		assert_int_equal(p != NULL, needs[i].words[0] == '\0');
		if (p == NULL)
			assert_true(lines_with(&messages, "which this version does not have") > 0);
	}
}

static void the_message_names_the_line(void **state)
{
	(void)state;
	BUF_AUTO struct buf text = {0}, messages = {0};
	read_policy(&text);
	replace_once(&text, "<kind id=\"request-log\"",
		     "<kind id=\"account\" keep=\"stored\" source=\"visitor\"><name>Account</name><what>Your account.</what>\n"
		     "<for purpose=\"make\"/><life while=\"account\"><reason>It is yours.</reason></life></kind>\n"
		     "<kind id=\"request-log\"");
	replace_once(&text, "<promise id=\"no-account\"><what>There is no registration.</what></promise>", "");
	replace_once(&text, "<promise id=\"no-name\">", "<promise id=\"no-mixing\">");
	replace_once(&text, "<promise id=\"no-linking\">", "<promise id=\"no-sale\">");
	int line = line_of(&text, "<kind id=\"account\"");
	POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
	assert_null(p);
	char says[256];
	snprintf(says, sizeof says, "%d: error: BizImages needs “accounts”, which this version does not have; ", line);
	assert_memory_equal(buf_text(&messages), says, strlen(says));
	assert_int_equal(lines_with(&messages, "\n"), 1);
}

static void only_the_word_itself_gives_leave(void **state)
{
	static const char *const values[] = {"", "0", "yes", "true", "2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		setenv("LETHE_ALLOW_UNBUILT", values[i], 1);
		POLICY_AUTO struct policy *p = policy_load("policy/sites/image-describer.xml", NULL);
		assert_null(p);
	}
	setenv("LETHE_ALLOW_UNBUILT", "1", 1);
	POLICY_AUTO struct policy *p = policy_load("policy/sites/image-describer.xml", NULL);
	unsetenv("LETHE_ALLOW_UNBUILT");
	assert_non_null(p);
}

static void what_is_not_declared_is_told(void **state)
{
	(void)state;
	POLICY_AUTO struct policy *p = policy_load_as("policy/sites/image-describer.xml", true, NULL);
	assert_non_null(p);
	assert_int_equal(policy_undeclared(p, KIND_BIT(KIND_UPLOAD) | KIND_BIT(KIND_ARCHIVE)), KIND_BIT(KIND_ARCHIVE));
	assert_int_equal(policy_undeclared(p, 0), 0);
}

static void what_programs_obey_is_read(void **state)
{
	(void)state;
	POLICY_AUTO struct policy *p = policy_load_as("policy/sites/imagedesigner.xml", true, NULL);
	POLICY_AUTO struct policy *q = policy_load_as("policy/sites/product-images.xml", true, NULL);
	POLICY_AUTO struct policy *b = policy_load_as("policy/sites/blogimg.xml", true, NULL);
	assert_non_null(p);
	assert_non_null(q);
	assert_non_null(b);
	assert_int_equal(policy_processor(p, "openai")->use, USE_CHOICE);
	assert_true(policy_processor(p, "openai")->ask & POLICY_BIT(ASK_NO_TRAINING));
	assert_true(policy_processor(p, "openai")->ask & POLICY_BIT(ASK_NO_RETENTION));
	assert_int_equal(policy_processor(q, "dashscope")->use, USE_BACKUP);
	assert_int_equal(policy_processor(q, "ark")->use, USE_PRIMARY);
	assert_false(policy_processor(q, "ark")->ask & POLICY_BIT(ASK_NO_TRAINING));
	assert_true(policy_processor(b, "replicate")->anonymised);
	assert_true(b->minors_deleted);
	assert_int_equal(b->law_enforcement_answers, ANSWERS_REQUIRED_BY_LAW);
	assert_int_equal(__builtin_popcount(b->changes_by), 3);
	assert_true(p->changes_material_by & POLICY_BIT(CHANNEL_BANNER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_built_is_listed),  cmocka_unit_test(without_leave_such_a_site_does_not_start),
	    cmocka_unit_test(the_message_names_the_line),   cmocka_unit_test(only_the_word_itself_gives_leave),
	    cmocka_unit_test(what_is_not_declared_is_told), cmocka_unit_test(what_programs_obey_is_read),
	};
	unsetenv("LETHE_ALLOW_UNBUILT");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
