// SPDX-License-Identifier: ISC
// The words of the policy language stand in the schema and in the program: both lists are the same.
#include "policy/base/file.h"
#include "policy/model/fields.h"
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

static size_t list_is_the_schemas(const struct policy_words *list)
{
	static const char mark[] = "<xs:enumeration value=\"";
	char begin[128];
	BUF_AUTO struct buf schema = BUF_INIT(1024 * 1024);
	unsigned found = 0;

	if (list == NULL || list->type == NULL)
		return 0;
	snprintf(begin, sizeof begin, "<xs:simpleType name=\"%s\">", list->type);
	assert_int_equal(file_read("policy/policy.xsd", &schema, NULL), 0);
	const char *at = strstr(buf_text(&schema), begin);
	if (at == NULL)
		fail_msg("policy.xsd has no type %s", list->type);
	const char *end = strstr(at, "</xs:simpleType>");
	for (at = strstr(at, mark); at != NULL && at < end; at = strstr(at, mark), found++) {
		at += strlen(mark);
		int value = policy_word_value(list, at, strcspn(at, "\""));
		if (value < 0)
			fail_msg("type %s: %.*s", list->type, (int)strcspn(at, "\""), at);
		assert_int_equal(strncmp(policy_word(list, (unsigned)value), at, strcspn(at, "\"")), 0);
	}
	assert_int_equal(found, names_in(list));
	return 1;
}

static size_t lists_of(const struct model_record *record)
{
	size_t lists = 0;

	FOR_FIELDS(f, record)
	lists += list_is_the_schemas(f->words) + (f->record != NULL ? lists_of(f->record) : 0);
	return lists;
}

static void every_word_of_the_schema_has_its_value(void **state)
{
	(void)state;
	assert_true(lists_of(&model_policy) > 20);
	list_is_the_schemas(&policy_insert_words);
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
