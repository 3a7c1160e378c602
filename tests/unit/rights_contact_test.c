// SPDX-License-Identifier: ISC
// What may stand as the way to reach a data subject: everything that an officer could write to, and nothing that could reach nobody.
#include "fcgi/rights/contact.h"
#include "policy/base/array.h"
#include "policy/publish/words/words.h"
#include "tests/unit/test.h"
#include <string.h>

static void every_kind_of_address_is_taken(void **state)
{
	static const char *const good[] = {"visitor@example.org",
					   " visitor@example.org ",
					   "o'neil+tag@mail.example.co.uk",
					   "\"odd@local\"@example.org",
					   "postmaster@[192.0.2.1]",
					   "käthe@bücher.example",
					   "+49 30 1234567",
					   "(030) 123-45.67",
					   "12345",
					   "phone: 030/12345",
					   "12 Mill Lane, Ely CB7 4DY, United Kingdom",
					   "Poste restante, Wien",
					   "北京市朝阳区建国路",
					   "Ул. Ленина",
					   "Ines Probe @ Mill House, Ely",
					   "https://example.org/contact",
					   "example.org/contact",
					   "signal:ines"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (contact_fault(good[i]) != NULL)
			fail_msg("%s: %s", good[i], contact_fault(good[i]));
}

static void what_reaches_nobody_is_refused_with_the_rule(void **state)
{
	static const struct {
		const char *text, *rule;
	} bad[] = {{"a\ab@example.org", "control characters"},
		   {"a\tb 1", "control characters"},
		   {"1 Mill Lane\nEly", "in one line"},
		   {"ines@example.org\r\nBcc: all@example.org", "control characters"},
		   {"1 Mill Lane\x7f", "control characters"},
		   {"1 Mill\xc2\x9bLane", "control characters"},
		   {"1 Mill\xe2\x80\xa8Lane", "control characters"},
		   {"gro.elpmaxe@seni\xe2\x80\xae", "control characters"},
		   {"1 Mill\xe2\x81\xa6Lane", "control characters"},
		   {"ines@", "name@example.org"},
		   {"@ines", "name@example.org"},
		   {"@example.org", "name@example.org"},
		   {"ines@host", "name@example.org"},
		   {"ines@.org", "name@example.org"},
		   {"ines@example.", "name@example.org"},
		   {"ines@example..org", "name@example.org"},
		   {"+49 30", "fewer than 5 digits"},
		   {"123", "fewer than 5 digits"},
		   {"---", "postal address"},
		   {"ines", "postal address"},
		   {"n_o-body!", "postal address"},
		   {"   ", "postal address"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *key = contact_fault(bad[i].text), *fault = key != NULL ? word_in(LANGUAGE_EN, key) : NULL;
		if (fault == NULL || strstr(fault, bad[i].rule) == NULL)
			fail_msg("%zu: %s", i, fault ? fault : "taken");
	}
}

// As input methods write addresses, and as people paste them.
static void what_is_recorded_is_tidy(void **state)
{
	static const char *const rows[][2] = {
	    {"用户@例子。公司", "用户@例子.公司"},
	    {"jane@example．org", "jane@example.org"},
	    {"jane@mail｡example。org", "jane@mail.example.org"},
	    {"jane＠example.org", "jane@example.org"},
	    {"jane@example.org\n", "jane@example.org"},
	    {"\r\n\tjane@example.org \r\n", "jane@example.org"},
	    {"jane@example.org.", "jane@example.org"},
	    {"　jane@example。org。", "jane@example.org"},
	    {"+49 30 1234567\n", "+49 30 1234567"},
	    {"北京市。朝阳区", "北京市。朝阳区"},
	    {"Ines Probe @ Mill House, Ely.", "Ines Probe @ Mill House, Ely."},
	    {"postmaster@[192.0.2.1]", "postmaster@[192.0.2.1]"},
	    {"1 Mill Lane\nEly", "1 Mill Lane\nEly"},
	    {"", ""},
	    {" \n", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf out = BUF_INIT(1000);
		contact_tidy(&out, rows[i][0]);
		assert_string_equal(buf_text(&out), rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_of_address_is_taken),
	    cmocka_unit_test(what_is_recorded_is_tidy),
	    cmocka_unit_test(what_reaches_nobody_is_refused_with_the_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
