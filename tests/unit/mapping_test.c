// SPDX-License-Identifier: ISC
// Documents as data: what a mapping gives, and that a wrong one is an error and no half document.
#include "policy/base/array.h"
#include "policy/publish/render/list.h"
#include "policy/publish/render/mapping.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"

static const char tree[] = "{\"site\":\"x\",\"no\":null,\"yes\":true,\"n\":3,"
			   "\"kinds\":[{\"id\":\"a\",\"name\":\"Kind A\",\"in\":[\"p\",\"q\"],\"basis\":\"consent\",\"none\":null},"
			   "{\"id\":\"b\",\"name\":\"{site}\",\"in\":[\"q\"],\"basis\":\"other-word\",\"none\":\"some\"}],"
			   "\"places\":[{\"id\":\"p\",\"date\":\"2026-01-02\"},{\"id\":\"q\",\"date\":null}]}";

static const struct {
	const char *mapping, *gives; // NULL: an error
} rows[] = {
    {"\"text {site}, {n}, {yes}{no}\"", "\"text x, 3, yes\""},
    {"{\"a\":\"{site}\",\"b\":\"{no}\",\"c?\":\"{no}\",\"d\":[1,true,\"x\"]}", "{\"a\":\"x\",\"b\":null,\"d\":[1,true,\"x\"]}"},
    {"\"{kinds.name}\"", "[\"Kind A\",\"{site}\"]"}, // what stands in the tree is no mapping
    {"\"{no.member}\"", "null"},
    {"{\"$each\":\"kinds\",\"id\":\"{id}\",\"top\":\"{/site}\",\"outer\":\"{^site}\"}",
     "[{\"id\":\"a\",\"top\":\"x\",\"outer\":\"x\"},{\"id\":\"b\",\"top\":\"x\",\"outer\":\"x\"}]"},
    {"{\"$each\":\"places\",\"$where\":\"date\",\"$value\":\"{id}\"}", "[\"p\"]"},
    {"{\"$each\":\"places\",\"$value\":{\"$each\":\"/kinds\",\"$where\":\"in has ^id\",\"$value\":\"{^id}{id}\"}}",
     "[\"pa\",\"qa\",\"qb\"]"},
    {"[\"{site}\",{\"$each\":\"kinds\",\"$where\":\"id = b\",\"$value\":\"{id}\"}]", "[\"x\",\"b\"]"},
    {"{\"$each\":\"kinds\",\"$where\":\"!none & in has /site\",\"$value\":\"{id}\"}", "[]"},
    {"{\"$each\":\"kinds\",\"$where\":\"!none & in has /places.id\",\"$value\":\"{id}\"}", "[]"},
    {"[{\"$if\":\"no\",\"a\":1},{\"$if\":\"!no\",\"b\":1},{\"$if\":\"yes & no\",\"c\":1}]", "[{\"b\":1}]"},
    {"{\"$with\":{\"all\":\"{kinds.id}\"},\"$value\":\"{^site}: {all|join:+}\"}", "\"x: a+b\""},
    {"\"{kinds.basis|word:basis.}\"", "[\"your consent (Article 6(1)(a) GDPR)\",\"other-word\"]"},
    {"\"{kinds.basis|table:t}\"", "[\"T\",null]"},
    {"\"{kinds.basis|parts:t}\"", "[\"T\",\"W\"]"},
    {"\"{kinds|only:b,c|get:name}\"", "[\"{site}\"]"},
    {"\"{kinds|only:basis=consent|first|get:name}\"", "\"Kind A\""},
    {"\"{kinds|only:z|first}\"", "null"},
    {"\"{kinds.in|first|in:/places|get:date|at}\"", "[\"2026-01-02T00:00:00Z\",null]"},
    {"[\"{kinds|count}\",\"{kinds|any}\",\"{no|any}\",\"{no|or:}\",\"{site|or:y}\"]", "[2,true,false,\"\",\"x\"]"},
    {"[\"{no|pick:a,b}\",\"{yes|pick:a,b}\",\"{no|none:join.none}\",\"{site|none:join.none}\"]", "[\"b\",\"a\",\"none\",\"x\"]"},
    {"[\"{site|wrap: (%)}\",\"{no|wrap: (%)}\"]", "[\" (x)\",\"\"]"},
    {"\"{nothing}\"", NULL},
    {"\"{kinds.nothing}\"", NULL},
    {"{\"a\":{\"b\":[\"{nothing}\"]}}", NULL},
    {"\"text {nothing}\"", NULL},
    {"\"{site|nothing}\"", NULL},
    {"{\"$each\":\"nothing\",\"$value\":1}", NULL},
    {"{\"$each\":\"kinds\",\"$where\":\"nothing\",\"$value\":1}", NULL},
    {"{\"$each\":\"kinds\",\"$where\":\"in has nothing\",\"$value\":1}", NULL},
    {"[{\"$if\":\"nothing\",\"a\":1}]", NULL},
    {"{\"$with\":{\"a\":\"{nothing}\"},\"$value\":1}", NULL},
};

static void a_mapping_gives_what_it_says(void **state)
{
	struct err e = {0};
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, NULL);
	JSON_AUTO cJSON *top = json_parse(tree, strlen(tree), &e);
	static const char tables[] = "{\"$tables\":{\"t\":{\"consent\":\"T\",\"word\":\"W\"}}}";
	JSON_AUTO cJSON *whole = json_parse(tables, strlen(tables), &e);

	(void)state;
	assert_non_null(top);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf text = BUF_INIT(65536);
		e = (struct err){0};
		JSON_AUTO cJSON *mapping = json_parse(rows[i].mapping, strlen(rows[i].mapping), &e);
		assert_non_null(mapping);
		JSON_AUTO cJSON *made = cJSON_CreateArray();
		const cJSON *out = mapping_apply(whole, mapping, p, top, top, made, &e);
		if (out != NULL)
			json_print(&text, out);
		if ((out == NULL) != (rows[i].gives == NULL) || (out != NULL && strcmp(buf_text(&text), rows[i].gives) != 0))
			fail_msg("%s gives %s %s", rows[i].mapping, buf_text(&text), e.text);
		if (out == NULL)
			assert_int_equal(e.code, ERR_INPUT);
	}
}

static void cells_are_joined_without_gaps(void **state)
{
	struct err e = {0};
	BUF_AUTO struct buf out = BUF_INIT(4096);
	static const char text[] = "[{\"a\":[\"x\",null,\"\",\"y\"],\"b\":false},{\"a\":null,\"b\":\"=1,2\"}]";
	JSON_AUTO cJSON *cells = json_parse(text, strlen(text), &e);
	const struct list list = {.columns = (const char *const[]){"a", "b", NULL}, .rows = cells, .language = LANGUAGE_DE};

	(void)state;
	assert_int_equal(list_csv(&list, &out), 0);
	assert_string_equal(buf_text(&out), "a,b\r\n\"x; y\",nein\r\n,\"'=1,2\"\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_mapping_gives_what_it_says),
	    cmocka_unit_test(cells_are_joined_without_gaps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
