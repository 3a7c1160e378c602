// SPDX-License-Identifier: ISC
// What the programs ask the policy.
#include "policy/base/array.h"
#include "policy/model/life.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"
#include <pthread.h>

static struct policy *changed(const char *from, const char *to)
{
	BUF_AUTO struct buf text, messages;

	read_policy(&text);
	replace_once(&text, from, to);
	struct policy *p = load_bytes(text.data, text.len, &messages);
	if (p == NULL)
		fail_msg("%s", buf_text(&messages));
	return p;
}

static void processors_come_in_the_policy_s_order(void **state)
{
	POLICY_AUTO struct policy *p = changed("standing=\"built-in\" order=\"2\"", "standing=\"built-in\" order=\"2\"");
	POLICY_AUTO struct policy *q = changed("order=\"1\"", "order=\"7\"");

	(void)state;
	assert_string_equal(policy_processor_for(p, ROLE_IMAGE, 0)->id, "azure-openai");
	assert_string_equal(policy_processor_for(p, ROLE_TEXT, 1)->id, "sketch");
	assert_null(policy_processor_for(p, ROLE_TEXT, 2));
	assert_null(policy_processor_for(p, ROLE_HOSTING, 0));
	assert_string_equal(policy_processor_for(q, ROLE_IMAGE, 0)->id, "sketch");
	assert_string_equal(policy_processor_for(q, ROLE_IMAGE, 1)->id, "azure-openai");
	assert_null(policy_processor_for(q, ROLE_IMAGE, 2));
	assert_null(policy_processor(p, "openai"));
	assert_true(policy_processor(p, "sketch")->local);
	assert_int_equal(policy_processor(p, "azure-openai")->kinds, KIND_BIT(KIND_INPUT) | KIND_BIT(KIND_PAGE) | KIND_BIT(KIND_PROMPT));
}

static void hosts_match_whole_labels_only(void **state)
{
	static const struct {
		const char *host;
		bool allowed;
	} rows[] = {
	    {"shop.openai.azure.com", true},
	    {"SHOP.OpenAI.Azure.COM", true},
	    {"a.b.openai.azure.com", true},
	    {"openai.azure.com", false},
	    {".a.openai.azure.com", false},
	    {".openai.azure.com", false},
	    {"evilopenai.azure.com", false},
	    {"x.openai.azure.com.example", false},
	    {"x.openai.azure.com.", false},
	    {"", false},
	    {"x.services.ai.azure.com", true},
	    {"x.cognitiveservices.azure.com", true},
	    {"example.com", false},
	};
	POLICY_AUTO struct policy *p = changed("order=\"1\"", "order=\"1\"");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (policy_host_allowed(policy_processor(p, "azure-openai"), rows[i].host) != rows[i].allowed)
			fail_msg("%s", rows[i].host);
		assert_false(policy_host_allowed(policy_processor(p, "sketch"), rows[i].host));
	}
}

static void due_times_follow_the_life(void **state)
{
	POLICY_AUTO struct policy *p = changed("order=\"1\"", "order=\"1\"");
	time_t made, due;

	(void)state;
	when_parse(&made, "2026-01-31T10:00:00Z");
	when_parse(&due, "2026-01-31T11:00:00Z");
	assert_int_equal(life_end(p, KIND_ARCHIVE, made), due);
	when_parse(&due, "2026-02-14T10:00:00Z");
	assert_int_equal(life_end(p, KIND_REQUEST_LOG, made), due);
	when_parse(&due, "2030-01-31T10:00:00Z");
	assert_int_equal(life_end(p, KIND_LEDGER, made), due);
	assert_int_equal(life_end(p, KIND_INPUT, made), made);   // in memory only
	assert_int_equal(life_end(p, KIND_ACCOUNT, made), made); // undeclared
	when_parse(&due, "2028-04-30T10:00:00Z");
	assert_int_equal(life_end(p, KIND_RIGHTS_REQUEST, made), due); // though nobody closes it
	when_parse(&due, "2028-01-31T10:00:00Z");
	assert_int_equal(life_of(&p->kinds[KIND_RIGHTS_REQUEST], &(struct life_facts){.made = 1, .since[LIFE_CLOSED] = made}).end, due);
}

static void the_longest_unconditional_life_counts(void **state)
{
	POLICY_AUTO struct policy *p =
	    changed("<life length=\"PT1H\" after=\"creation\" then=\"delete\">",
		    "<life while=\"saved\" length=\"P9Y\"><reason>You saved it.</reason></life>\n"
		    "<life length=\"PT5M\"><reason>One.</reason></life><life length=\"PT2H\"><reason>Two.</reason></life>"
		    "<life length=\"PT1H\" after=\"creation\" then=\"delete\">");

	(void)state;
	assert_int_equal(life_end(p, KIND_ARCHIVE, 1), 7201);
}

static void the_shortest_answer_time_runs_the_clock(void **state)
{
	POLICY_AUTO struct policy *p = changed("<answer regime=\"gdpr\" within=\"statutory\"/>",
					       "<answer regime=\"gdpr\" within=\"statutory\"/><answer regime=\"house\" within=\"PT48H\"/>");
	POLICY_AUTO struct policy *q = changed("<answer regime=\"gdpr\" within=\"statutory\"/>",
					       "<answer regime=\"gdpr\" within=\"statutory\"/><answer regime=\"ccpa\" within=\"P45D\"/>");

	(void)state;
	assert_false(policy_right(p, RIGHT_ACCESS)->statutory);
	assert_int_equal(policy_right(p, RIGHT_ACCESS)->answer.seconds, 48 * 3600);
	assert_true(policy_right(q, RIGHT_ACCESS)->statutory);
	assert_true(policy_right(p, RIGHT_ERASURE)->statutory);
	assert_null(policy_right(p, RIGHT_WITHDRAWAL));
}

static void a_removed_processor_is_out_of_reach(void **state)
{
	POLICY_AUTO struct policy *p = changed("order=\"1\"", "order=\"1\" removed=\"2026-05-11\"");

	(void)state;
	assert_string_equal(policy_processor_for(p, ROLE_IMAGE, 0)->id, "sketch");
	assert_false(policy_host_allowed(policy_processor(p, "azure-openai"), "x.openai.azure.com"));
	assert_int_equal(policy_processor_receives(policy_processor(p, "azure-openai"), when_now()), 0);
}

static void hostile_files_are_refused_quickly(void **state)
{
	static const char bomb[] = "<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
				   "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">]><policy>&d;</policy>";
	static const char outside[] = "<!DOCTYPE p [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><policy>&a;</policy>";
	static const char remote[] = "<!DOCTYPE p SYSTEM \"http://192.0.2.1/x.dtd\"><policy/>";
	static const char utf16[] = "\xff\xfe<\0p\0>\0";
	const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} rows[] = {
	    {bomb, sizeof bomb - 1, "DOCTYPE"},
	    {outside, sizeof outside - 1, "DOCTYPE"},
	    {remote, sizeof remote - 1, "DOCTYPE"},
	    {utf16, sizeof utf16 - 1, "not UTF-8"},
	    {"", 0, "empty"},
	    {"hello", 5, "not well-formed"},
	    {"<html/>", 7, "<html> is not the start of a policy"},
	    {"<policy/>", 9, "lacks the attribute format"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf messages;
		POLICY_AUTO struct policy *p = load_bytes(rows[i].bytes, rows[i].len, &messages);
		assert_null(p);
		if (strstr(buf_text(&messages), rows[i].says) == NULL || strstr(buf_text(&messages), "root:") != NULL)
			fail_msg("row %zu: %s", i, buf_text(&messages));
	}
}

static void files_too_large_too_deep_or_absent_are_refused(void **state)
{
	BUF_AUTO struct buf big = BUF_INIT(16 * 1024 * 1024), messages, none = BUF_INIT(4096);

	(void)state;
	while (big.len < 10 * 1024 * 1024)
		buf_adds(&big, "<policy><policy><policy><policy><policy><policy><policy><policy>");
	POLICY_AUTO struct policy *p = load_bytes(big.data, big.len, &messages);
	assert_null(p);
	assert_non_null(strstr(buf_text(&messages), "larger than"));
	buf_free(&messages);
	POLICY_AUTO struct policy *q = load_bytes(big.data, 1024 * 1024, &messages);
	assert_null(q);
	assert_non_null(strstr(buf_text(&messages), "not well-formed"));
	assert_null(policy_load("/nonexistent/policy.xml", &none));
	assert_non_null(strstr(buf_text(&none), "cannot be read"));
	assert_null(policy_load("/nonexistent/policy.xml", NULL)); // nobody has to listen
}

static void *load_often(void *arg)
{
	for (int i = 0; i < 20; i++) {
		BUF_AUTO struct buf messages = BUF_INIT(65536);
		POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);
		if (p == NULL || messages.len > 0)
			return arg;
	}
	return NULL;
}

static void policies_load_in_many_threads(void **state)
{
	pthread_t threads[4];
	void *result;
	int marker;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, load_often, &marker), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(processors_come_in_the_policy_s_order),
	    cmocka_unit_test(hosts_match_whole_labels_only),
	    cmocka_unit_test(due_times_follow_the_life),
	    cmocka_unit_test(the_longest_unconditional_life_counts),
	    cmocka_unit_test(the_shortest_answer_time_runs_the_clock),
	    cmocka_unit_test(a_removed_processor_is_out_of_reach),
	    cmocka_unit_test(hostile_files_are_refused_quickly),
	    cmocka_unit_test(files_too_large_too_deep_or_absent_are_refused),
	    cmocka_unit_test(policies_load_in_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
