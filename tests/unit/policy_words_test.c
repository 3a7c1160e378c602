// SPDX-License-Identifier: ISC
// The words of the policy language stand in the schema and in the program: both lists are the same.
#include "policy/model/schema.h"
#include "policy/model/words.h"
#include "tests/unit/test.h"
#include <string.h>

static unsigned names_in(const struct policy_words *words)
{
	unsigned count = 0;

	for (unsigned i = 0; i < words->count; i++)
		count += words->names[i] != NULL;
	return count;
}

static void every_word_of_the_schema_has_its_value(void **state)
{
	static const char mark[] = "<xs:enumeration value=\"";
	size_t len, lists = 0;
	const char *schema = schema_text(&len);

	(void)state;
	for (const struct policy_words *const *list = policy_word_lists; *list != NULL; list++) {
		char begin[128];
		unsigned found = 0;
		if ((*list)->type == NULL)
			continue;
		snprintf(begin, sizeof begin, "<xs:simpleType name=\"%s\">", (*list)->type);
		const char *at = strstr(schema, begin);
		if (at == NULL)
			fail_msg("policy.xsd has no type %s", (*list)->type);
		const char *end = strstr(at, "</xs:simpleType>");
		for (at = strstr(at, mark); at != NULL && at < end; at = strstr(at, mark), found++) {
			at += strlen(mark);
			int value = policy_word_value(*list, at, strcspn(at, "\""));
			if (value < 0)
				fail_msg("type %s: %.*s", (*list)->type, (int)strcspn(at, "\""), at);
			assert_int_equal(strncmp(policy_word(*list, (unsigned)value), at, strcspn(at, "\"")), 0);
		}
		assert_int_equal(found, names_in(*list));
		lists++;
	}
	assert_true(lists > 20);
}

static void other_words_have_none(void **state)
{
	(void)state;
	assert_int_equal(policy_word_value(&policy_basis_words, "contrac", 7), -1);
	assert_int_equal(policy_word_value(&policy_basis_words, "contracts", 9), -1);
	assert_int_equal(policy_word_value(&policy_basis_words, "", 0), -1);
	assert_int_equal(policy_word_value(&policy_basis_words, "contract consent", 8), BASIS_CONTRACT);
	assert_null(policy_word(&policy_condition_words, CONDITION_NONE));
	assert_null(policy_word(&policy_basis_words, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_word_of_the_schema_has_its_value),
	    cmocka_unit_test(other_words_have_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
