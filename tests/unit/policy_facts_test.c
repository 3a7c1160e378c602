// SPDX-License-Identifier: ISC
// Every fact that the privacy policies of the five sites state, found in their policy files: one row per fact.
#include "policy/base/array.h"
#include "tests/unit/policy_support.h"
#include <libxml/parser.h>
#include <libxml/xpath.h>

struct fact {
	const char *fact, *path, *value; // an XPath expression, and what its string value must be
};
#include "policy/rules/load.h"
#include "tests/unit/facts/bizimages.h"
#include "tests/unit/facts/blogimg.h"
#include "tests/unit/facts/image_describer.h"
#include "tests/unit/facts/imagedesigner.h"
#include "tests/unit/facts/product_images.h"

#define SITE(name, table)                                                                                                                  \
	{                                                                                                                                  \
		name, table, ARRAY_LEN(table)                                                                                              \
	}
static const struct site {
	const char *name;
	const struct fact *facts;
	size_t count;
} sites[] = {
    SITE("bizimages", bizimages),
    SITE("imagedesigner", imagedesigner),
    SITE("product-images", product_images),
    SITE("image-describer", image_describer),
    SITE("blogimg", blogimg),
};
enum { SITE_COUNT = ARRAY_LEN(sites), PATH_LEN = 128 };

static void site_path(char out[PATH_LEN], const struct site *site)
{
	snprintf(out, PATH_LEN, "policy/sites/%s.xml", site->name);
}

static void check_facts(const struct site *site)
{
	char path[PATH_LEN];

	site_path(path, site);
	xmlDoc *document = xmlReadFile(path, NULL, XML_PARSE_NONET);
	assert_non_null(document);
	xmlXPathContext *context = xmlXPathNewContext(document);
	for (size_t i = 0; i < site->count; i++) {
		const struct fact *f = &site->facts[i];
		xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)f->path, context);
		xmlChar *value = xmlXPathCastToString(found);
		if (found == NULL || strcmp((const char *)value, f->value) != 0)
			fail_msg("%s: %s: %s is \"%s\", not \"%s\"", site->name, f->fact, f->path, value, f->value);
		xmlFree(value);
		xmlXPathFreeObject(found);
	}
	xmlXPathFreeContext(context);
	xmlFreeDoc(document);
}

static void every_fact_is_in_the_policy(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < SITE_COUNT; i++) {
		check_facts(&sites[i]);
		count += sites[i].count;
	}
	assert_true(count >= 150);
	print_message("%zu facts in %d policies\n", count, SITE_COUNT);
}

static void the_programs_read_the_same_facts(void **state)
{
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);

	(void)state;
	assert_non_null(p);
	assert_int_equal(messages.len, 0); // not even a warning
	assert_string_equal(p->site, "bizimages");
	assert_string_equal(p->version, "2026-05-11");
	assert_int_equal(strlen(p->sha256), 64);
	assert_int_equal(p->minimum_age, 16);
	assert_true(p->page_fetch);
	for (size_t i = 0; i < p->cookie_count; i++)
		assert_int_equal(p->cookies[i].in, STORAGE_SESSION); // what a visitor asks for stays in the tab
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
