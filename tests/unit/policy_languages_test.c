// SPDX-License-Identifier: ISC
// One policy in several languages: each is whole, none is mixed with another, and what is missing is named.
#include "policy/base/array.h"
#include "policy/model/life.h"
#include "policy/publish/render/writer.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"

#define BLOGIMG        "policy/sites/blogimg.xml"
#define PRODUCT_IMAGES "policy/sites/product-images.xml"

static struct policy *load(const char *file)
{
	BUF_AUTO struct buf messages = BUF_INIT(1024 * 1024);
	struct policy *p = policy_load_as(file, true, &messages);

	if (p == NULL)
		fail_msg("%s", buf_text(&messages));
	return p;
}

static void assert_prose(const struct policy *p, const struct prose *prose, const char *part)
{
	BUF_AUTO struct buf text = BUF_INIT(65536);

	prose_plain(p, prose, &text);
	if (strstr(buf_text(&text), part) == NULL)
		fail_msg("“%s” is not in: %s", part, buf_text(&text));
}

static void each_language_is_whole(void **state)
{
	static const char *const files[] = {BLOGIMG, PRODUCT_IMAGES};

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(files); f++) {
		POLICY_AUTO struct policy *p = load(files[f]);
		assert_int_equal(p->view_count, 2);
		assert_ptr_equal(p->views[0], p);
		const struct policy *a = p, *b = p->views[1];
		assert_int_equal(a->section_count, b->section_count);
		assert_int_equal(a->kind_count, b->kind_count);
		assert_int_equal(a->security.count, b->security.count);
		for (size_t i = 0; i < a->section_count; i++) {
			assert_int_equal(a->sections[i].block_count, b->sections[i].block_count);
			assert_string_equal(a->sections[i].id, b->sections[i].id);
			assert_string_not_equal(a->sections[i].title, b->sections[i].title);
		}
		for (size_t i = 0; i < a->kind_count; i++) {
			assert_int_equal(policy_kind_at(a, i)->categories.count, policy_kind_at(b, i)->categories.count);
			assert_int_equal(policy_kind_at(a, i)->life_count, policy_kind_at(b, i)->life_count);
			assert_true(policy_kind_at(b, i)->what.count > 0);
		}
		for (size_t i = 0; i < p->processor_count; i++) {
			assert_int_equal(a->processors[i].region_count, b->processors[i].region_count);
			assert_int_equal(a->processors[i].safeguard_count, b->processors[i].safeguard_count);
			assert_int_equal(a->processors[i].safeguard_count ? a->processors[i].safeguards[0].type : 0,
					 b->processors[i].safeguard_count ? b->processors[i].safeguards[0].type : 0);
		}
	}
}

static void a_translation_promises_the_same(void **state)
{
	(void)state;
	POLICY_AUTO struct policy *p = load(BLOGIMG);
	const struct policy *de = policy_language(p, "de");
	assert_non_null(de);
	assert_string_equal(de->language, "de");
	assert_memory_equal(de->sha256, p->sha256, sizeof p->sha256);
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		assert_int_equal(de->kinds[k].keep, p->kinds[k].keep);
		assert_int_equal(duration_compare(life_longest(&de->kinds[k]), life_longest(&p->kinds[k])), 0);
	}
	assert_int_equal(de->processor_count, p->processor_count);
	for (size_t i = 0; i < p->processor_count; i++)
		assert_int_equal(de->processors[i].kinds, p->processors[i].kinds);
}

static void facts_in_a_sentence_are_in_its_language(void **state)
{
	(void)state;
	POLICY_AUTO struct policy *p = load(BLOGIMG);
	POLICY_AUTO struct policy *q = load(PRODUCT_IMAGES);
	assert_prose(p, &p->lead, "after 30 days");
	assert_prose(policy_language(p, "de"), &policy_language(p, "de")->lead, "höchstens 30 Tage");
	assert_prose(policy_language(q, "zh-Hans"), &policy_language(q, "zh-Hans")->lead, "30 天后删除");
	assert_string_equal(policy_language(q, "zh-Hans")->processors[0].purpose, "根据您的产品描述撰写提示词");
	assert_string_equal(policy_language(q, "zh-Hans")->cookies[0].purpose, "表明您已登录（JWT）");
	assert_string_equal(policy_language(q, "zh-Hans")->processors[0].regions[0].place, "中国");
}

static void a_language_that_is_not_there_is_none(void **state)
{
	(void)state;
	POLICY_AUTO struct policy *p = load(BLOGIMG);
	assert_null(policy_language(p, "fr"));
	assert_ptr_equal(policy_language(p, "en"), p);
	assert_ptr_equal(policy_language(policy_language(p, "de"), "en"), p); // from any of them to any other
}

static const struct fault {
	const char *name, *from, *to, *says;
} faults[] = {
    {"a title", "<title lang=\"de\">Ihre Rechte</title>", "", "error: <title> of <section> is not translated: 0 of 1 in de"},
    {"a paragraph", "<p lang=\"de\">Viele davon nutzen Sie selbst, in der Übersicht. Im Übrigen antworten wir innerhalb von 30 Tagen.</p>",
     "", "error: <p> of <section> is not translated: 0 of 1 in de"},
    {"a category", "<category lang=\"de\">Benutzername</category>", "", "error: <category> of <kind> is not translated: 7 of 8 in de"},
    {"a measure", "<measure lang=\"de\">Gespeichertes ist mit AES verschlüsselt.</measure>", "",
     "error: <measure> of <security> is not translated: 5 of 6 in de"},
    {"a place", "<region lang=\"de\" country=\"EE\" place=\"Estland\">ee</region>", "", "error: <region> of <processor> is not translated"},
    {"the purpose of a cookie", "<purpose lang=\"de\">Notwendig: zeigt, dass Sie angemeldet sind</purpose>", "",
     "error: <purpose> of <cookie> is not translated"},
    {"a reason", "<reason lang=\"de\">Sie haben es gespeichert.</reason>", "", "error: <reason> of <life> is not translated"},
    {"only a translation", "<lead>", "<lead lang=\"de\">Kurz.</lead><lead lang=\"de\">", "error: <lead> is not there in en"},
    {"one sentence too many", "<measure lang=\"de\">Alle Verbindungen nutzen TLS.</measure>",
     "<measure lang=\"de\">Alle Verbindungen nutzen TLS.</measure><measure lang=\"de\">Und mehr.</measure>",
     "error: <measure> of <security> stands 7 times in de and 6 times in en"},
    {"twice in one language", "<title lang=\"de\">Ihre Rechte</title>",
     "<title>Your rights again</title><title lang=\"de\">Ihre Rechte</title>", "error: <title> stands here 2 times in en"},
    {"a language without words", "<language code=\"de\" name=\"Deutsch\"/>",
     "<language code=\"de\" name=\"Deutsch\"/><language code=\"tlh\" name=\"Klingon\"/>",
     "error: the software has no words of its own in \"tlh\""},
};

static void what_is_not_translated_is_named(void **state)
{
	(void)state;
	setenv("LETHE_ALLOW_UNBUILT", "1", 1);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct err e = {0};
		BUF_AUTO struct buf text = BUF_INIT(8 * 1024 * 1024), messages = {0};
		assert_int_equal(file_read(BLOGIMG, &text, &e), 0);
		replace_once(&text, faults[i].from, faults[i].to);
		POLICY_AUTO struct policy *p = load_bytes(text.data, text.len, &messages);
		if (p != NULL || strstr(buf_text(&messages), faults[i].says) == NULL)
			fail_msg("%s: not “%s” but:\n%s", faults[i].name, faults[i].says, buf_text(&messages));
	}
	unsetenv("LETHE_ALLOW_UNBUILT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_language_is_whole),
	    cmocka_unit_test(a_translation_promises_the_same),
	    cmocka_unit_test(facts_in_a_sentence_are_in_its_language),
	    cmocka_unit_test(a_language_that_is_not_there_is_none),
	    cmocka_unit_test(what_is_not_translated_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
