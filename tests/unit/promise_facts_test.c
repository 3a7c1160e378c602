// SPDX-License-Identifier: ISC
// Every fact that the privacy policy of BizImages states, found in its policy file: one row per fact.
#include "tests/unit/promise_support.h"
#include <libxml/parser.h>
#include <libxml/xpath.h>

static const struct fact {
	const char *fact, *path, *value; // an XPath expression, and what its string value must be
} facts[] = {
    {"name", "/policy/@shown-as", "BizImages"},
    {"updated", "/policy/versions/version[1]/@updated", "2026-05-11"},
    {"contact", "/policy/controller/@mail", "privacy@bizimages.example"},
    // the job
    {"a description", "boolean(//kind[@id='input'])", "true"},
    {"or a URL", "boolean(/policy/page-fetch)", "true"},
    {"to prompts", "boolean(//kind[@id='prompt'])", "true"},
    {"to a set of pictures", "boolean(//kind[@id='image'])", "true"},
    {"to a ZIP", "boolean(//kind[@id='archive'])", "true"},
    // no account
    {"no registration", "count(//promise[@id='no-account'])", "1"},
    {"no accounts held", "count(//kind[@id='account' or @id='session'])", "0"},
    {"no name, mail or phone", "count(//promise[@id='no-name'])", "1"},
    {"no billing", "count(//promise[@id='no-billing'])", "1"},
    {"no billing held", "count(//kind[@id='payment' or @id='credit'])", "0"},
    {"no profiles", "count(//promise[@id='no-profiles'])", "1"},
    {"no linking of visits", "count(//promise[@id='no-linking'])", "1"},
    // what is held
    {"the log is stored", "//kind[@id='request-log']/@keep", "stored"},
    {"log: IP", "count(//kind[@id='request-log']/category[.='IP address'])", "1"},
    {"log: user agent", "count(//kind[@id='request-log']/category[.='User agent'])", "1"},
    {"log: time", "count(//kind[@id='request-log']/category[.='Time of the request'])", "1"},
    {"log: nothing else", "count(//kind[@id='request-log']/category)", "3"},
    {"log: at most 14 days", "//kind[@id='request-log']/life/@length", "P14D"},
    {"log: one life only", "count(//kind[@id='request-log']/life)", "1"},
    {"log: then deleted", "//kind[@id='request-log']/life/@then", "delete"},
    {"no other log lives longer", "//kind[@id='error-log']/life/@length", "P14D"},
    // input and output
    {"input in memory only", "//kind[@id='input']/@keep", "memory"},
    {"input never on a disk", "count(//promise[@id='no-disk' and @kind='input'])", "1"},
    {"the page in memory only", "//kind[@id='page']/@keep", "memory"},
    {"prompts in memory only", "//kind[@id='prompt']/@keep", "memory"},
    {"pictures in memory only", "//kind[@id='image']/@keep", "memory"},
    {"the ZIP under /downloads/", "contains(//kind[@id='archive']/what, '/downloads/')", "true"},
    {"the ZIP is temporary", "//kind[@id='archive']/life/@length", "PT1H"},
    {"the ZIP is deleted", "//kind[@id='archive']/life/@then", "delete"},
    // processors
    {"text by Azure OpenAI", "//processor[contains(@roles,'text')][@order='1']/@id", "azure-openai"},
    {"pictures by Azure OpenAI", "//processor[contains(@roles,'image')][@order='1']/@id", "azure-openai"},
    {"in Sweden Central", "//processor[@id='azure-openai']/region", "swedencentral"},
    {"in the EU", "//processor[@id='azure-openai']/region/@country", "SE"},
    {"one place only", "count(//region)", "1"},
    {"no training on inputs", "//processor[@id='azure-openai']/@trains", "no"},
    {"no training, promised", "count(//promise[@id='no-training' and @processor='azure-openai'])", "1"},
    {"no other processors", "count(//processor[not(@standing='built-in')])", "1"},
    {"own preview, second", "//processor[@id='sketch']/@order", "2"},
    {"one ordinary request", "contains(/policy/page-fetch/what, 'one ordinary HTTP request')", "true"},
    {"with our user agent", "starts-with(/policy/page-fetch/@user-agent, 'BizImages/')", "true"},
    // the browser
    {"no cookies", "count(//cookie)", "0"},
    {"no advertising", "count(//promise[@id='no-advertising'])", "1"},
    {"no analytics", "count(//promise[@id='no-analytics'])", "1"},
    {"no tracking", "count(//promise[@id='no-tracking'])", "1"},
    {"no third-party tags", "count(//third-parties/resource)", "0"},
    // rights
    {"access", "//right[@id='access']/answer/@within", "statutory"},
    {"rectification", "//right[@id='rectification']/answer/@within", "statutory"},
    {"erasure", "//right[@id='erasure']/answer/@within", "statutory"},
    {"portability", "//right[@id='portability']/answer/@within", "statutory"},
    {"mostly self-fulfilling", "count(//right[@self-service='yes'])", "4"},
    {"all in statutory time", "count(//answer[@within!='statutory'])", "0"},
    // age and content
    {"minimum age", "/policy/minimum-age/@years", "16"},
    {"no minors in inappropriate contexts", "//rule[@id='minors']/@action", "refuse"},
    {"card numbers", "//rule[@id='card-number']/@action", "refuse"},
    {"IBANs", "//rule[@id='iban']/@action", "refuse"},
    {"mail addresses", "//rule[@id='mail-address']/@action", "warn"},
    {"phone numbers", "//rule[@id='phone-number']/@action", "warn"},
    // what the visitor is told
    {"no customer lists", "count(//paste[contains(.,'Customer lists')])", "1"},
    {"no employee details", "count(//paste[contains(.,'employees')])", "1"},
    {"no sensitive data", "count(//paste[contains(.,'Sensitive data')])", "1"},
    {"no payment data", "count(//paste[contains(.,'Payment data')])", "1"},
    {"no professional secrets", "count(//paste[contains(.,'Professional secrets')])", "1"},
    {"check likeness", "count(//publish[contains(.,'real person')])", "1"},
    {"check trade marks", "count(//publish[contains(.,'trade mark')])", "1"},
    {"check copyright", "count(//publish[contains(.,'copyright')])", "1"},
    // security and change
    {"HTTPS", "count(//measure[contains(.,'HTTPS')])", "1"},
    {"keys only on the server", "count(//measure[contains(.,'only on the server')])", "1"},
    {"a new date", "contains(/policy/changes/what, 'new date')", "true"},
    {"continued use accepts", "contains(/policy/changes/what, 'go on using the site')", "true"},
};

static void every_fact_is_in_the_policy(void **state)
{
	BUF_AUTO struct buf text;

	(void)state;
	read_policy(&text);
	xmlDoc *document = xmlReadMemory(text.data, (int)text.len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(document);
	xmlXPathContext *context = xmlXPathNewContext(document);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)facts[i].path, context);
		xmlChar *value = xmlXPathCastToString(found);
		if (strcmp((const char *)value, facts[i].value) != 0)
			fail_msg("%s: %s is \"%s\", not \"%s\"", facts[i].fact, facts[i].path, value, facts[i].value);
		xmlFree(value);
		xmlXPathFreeObject(found);
	}
	xmlXPathFreeContext(context);
	xmlFreeDoc(document);
	print_message("%zu facts\n", sizeof facts / sizeof *facts);
}

static void the_programs_read_the_same_facts(void **state)
{
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	PROMISE_AUTO struct promise *p = promise_load(BIZIMAGES, &messages);

	(void)state;
	assert_non_null(p);
	assert_int_equal(messages.len, 0); // not even a warning
	assert_string_equal(p->site, "bizimages");
	assert_string_equal(p->version, "2026-05-11");
	assert_int_equal(strlen(p->sha256), 64);
	assert_int_equal(p->minimum_age, 16);
	assert_true(p->page_fetch);
	assert_int_equal(p->cookie_count, 0);
	assert_int_equal(p->kinds[KIND_INPUT].keep, KEEP_MEMORY);
	assert_int_equal(p->kinds[KIND_PAGE].keep, KEEP_MEMORY);
	assert_int_equal(p->kinds[KIND_PROMPT].keep, KEEP_MEMORY);
	assert_int_equal(p->kinds[KIND_IMAGE].keep, KEEP_MEMORY);
	assert_int_equal(p->kinds[KIND_ARCHIVE].keep, KEEP_STORED);
	assert_int_equal(p->kinds[KIND_ACCOUNT].keep, KEEP_UNDECLARED);
	assert_int_equal(p->content[RULE_MINORS], CONTENT_REFUSE);
	assert_int_equal(p->content[RULE_CARD_NUMBER], CONTENT_REFUSE);
	assert_int_equal(p->content[RULE_IBAN], CONTENT_REFUSE);
	assert_int_equal(p->content[RULE_MAIL_ADDRESS], CONTENT_WARN);
	assert_int_equal(p->content[RULE_PHONE_NUMBER], CONTENT_WARN);
	for (size_t i = 0; i < p->right_count; i++)
		assert_true(p->rights[i].statutory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_fact_is_in_the_policy),
	    cmocka_unit_test(the_programs_read_the_same_facts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
