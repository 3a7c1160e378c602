// SPDX-License-Identifier: ISC
// The words that visitors read: every key in every language, with the same placeholders, used by some source file and known to all of them.
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/words/words.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"
#include <ftw.h>

static const char *const names[LANGUAGE_COUNT] = {"en", "de", "zh"};

static void every_key_is_in_every_language(void **state)
{
	const struct word_table *en = word_table(LANGUAGE_EN);

	(void)state;
	assert_true(en->count > 200);
	for (unsigned l = 1; l < LANGUAGE_COUNT; l++) {
		const struct word_table *other = word_table((enum language)l);
		size_t i = 0, j = 0;
		while (i < en->count || j < other->count) {
			int order = i == en->count ? 1 : j == other->count ? -1 : strcmp(en->rows[i].key, other->rows[j].key);
			if (order != 0)
				fail_msg("%s is only in %s.txt", order < 0 ? en->rows[i].key : other->rows[j].key,
					 order < 0 ? "en" : names[l]);
			i++;
			j++;
		}
	}
}

// The placeholders of a word as a set of at most 64 names, whatever their order.
static bool holds_placeholder(const char *text, const char *name, size_t len)
{
	for (const char *c = strchr(text, '{'); c != NULL; c = strchr(c + 1, '{')) {
		if (strncmp(c + 1, name, len) == 0 && (c[1 + len] == '}' || c[1 + len] == '|'))
			return true;
	}
	return false;
}

static void every_language_has_the_same_placeholders_and_links(void **state)
{
	(void)state;
	for (unsigned a = 0; a < LANGUAGE_COUNT; a++) {
		for (unsigned b = 0; b < LANGUAGE_COUNT; b++) {
			const struct word_table *from = word_table((enum language)a);
			for (size_t i = 0; i < from->count; i++) {
				const char *other = word_in((enum language)b, from->rows[i].key);
				for (const char *c = strchr(from->rows[i].text, '{'); c != NULL; c = strchr(c + 1, '{')) {
					if (!holds_placeholder(other, c + 1, strcspn(c + 1, "|}")))
						fail_msg("%s: %.20s of %s is not in %s", from->rows[i].key, c, names[a], names[b]);
				}
				for (const char *c = strstr(from->rows[i].text, "]("); c != NULL; c = strstr(c + 1, "](")) {
					char link[512];
					snprintf(link, sizeof link, "%.*s", (int)strcspn(c, ")") + 1, c);
					if (strstr(other, link) == NULL)
						fail_msg("%s: the link %s of %s is not in %s", from->rows[i].key, link + 1, names[a],
							 names[b]);
				}
			}
		}
	}
}

// All sources, one after the other; for nftw.
static struct buf sources;
static int add_source(const char *path, const struct stat *s, int type, struct FTW *f)
{
	const char *dot = strrchr(path, '.');
	BUF_AUTO struct buf bytes = BUF_INIT(1 << 22);
	struct err e = {0};

	(void)s;
	(void)f;
	if (type != FTW_F || dot == NULL ||
	    (strcmp(dot, ".c") != 0 && strcmp(dot, ".js") != 0 && strcmp(dot, ".html") != 0 && strcmp(dot, ".json") != 0))
		return 0;
	return file_read(path, &bytes, &e) != 0 || buf_adds(&sources, buf_text(&bytes)) != 0 || buf_addc(&sources, '\n') != 0;
}

static bool in_sources(const char *before, const char *key, size_t len, const char *after)
{
	char text[256];

	snprintf(text, sizeof text, "%s%.*s%s", before, (int)len, key, after);
	return strstr(buf_text(&sources), text) != NULL;
}

// A key is used as "key", as {{w:key}}, or as one of a group: "basis." with a word of the policy after it, |word:basis.} in a mapping,
// `script.start.${name}` in a script, "status.%d"; "script.start.set" with a number that chooses between one and many.
static void every_key_is_used(void **state)
{
	const struct word_table *en = word_table(LANGUAGE_EN);

	(void)state;
	for (size_t i = 0; i < en->count; i++) {
		const char *key = en->rows[i].key, *dot = strrchr(key, '.');
		if (!in_sources("\"", key, strlen(key), "\"") && !in_sources("{{w:", key, strlen(key), "}}") &&
		    !in_sources("|none:", key, strlen(key), "}") &&
		    !(dot != NULL &&
		      (in_sources("\"", key, (size_t)(dot - key) + 1, "\"") || in_sources("\"", key, (size_t)(dot - key) + 1, "%s\"") ||
		       in_sources("\"", key, (size_t)(dot - key) + 1, "%d\"") || in_sources("`", key, (size_t)(dot - key) + 1, "${") ||
		       ((strcmp(dot, ".one") == 0 || strcmp(dot, ".many") == 0) &&
			in_sources("counted(\"", key, (size_t)(dot - key), "\"")) ||
		       in_sources("|word:", key, (size_t)(dot - key) + 1, "}"))))
			fail_msg("no source file uses the word %s", key);
	}
}

static void assert_key(const char *key, size_t len)
{
	char name[128];

	snprintf(name, sizeof name, "%.*s", (int)len, key);
	if (strcmp(word_in(LANGUAGE_EN, name), name) == 0)
		fail_msg("a source file uses the word %s, which is in no language", name);
}

static void every_key_that_is_used_is_known(void **state)
{
	static const char *const calls[] = {"word(",       "word_in(",     "write_word(",      "write_filled(",
					    "write_note(", "problem_set(", "respond_problem(", "fact_fill("};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		for (const char *c = strstr(buf_text(&sources), calls[i]); c != NULL; c = strstr(c + 1, calls[i])) {
			const char *end = c + strcspn(c, ";\n{");
			for (const char *q = c; (q = memchr(q, '"', (size_t)(end - q))) != NULL;) {
				size_t len = strcspn(q + 1, "\"");
				if (memchr(q + 1, '.', len) != NULL && q[1] != '.' && q[len] != '.' &&
				    strspn(q + 1, "abcdefghijklmnopqrstuvwxyz._-") == len)
					assert_key(q + 1, len);
				q += len + 2;
				if (q >= end)
					break;
			}
		}
	}
	for (const char *c = strstr(buf_text(&sources), "{{w:"); c != NULL; c = strstr(c + 1, "{{w:")) {
		if (c[-1] != '"')
			assert_key(c + 4, strcspn(c + 4, "}"));
	}
}

static void a_file_is_read_strictly(void **state)
{
	static const struct {
		const char *text, *says; // NULL: is right
	} rows[] = {
	    {"# words\n\na.b = One\nc-d.e_1 = \" two \"\nempty = \"\"\n", NULL},
	    {"a = {name} and {other_name}", NULL},
	    {"a=b\n", "x.txt:1: not"},
	    {"# x\nA = b\n", "x.txt:2: not"},
	    {"a = \n", "x.txt:1: not"},
	    {"a =  b\n", "x.txt:1: not"},
	    {"a = b \n", "x.txt:1: not"},
	    {"a = b\r\n", "x.txt:1: not"},
	    {"a = b\tc\n", "x.txt:1: not"},
	    {" a = b\n", "x.txt:1: not"},
	    {"a = {n} {n|one|many}{n||s}", NULL},
	    {"a = {n|one}\n", "x.txt:1: not"},
	    {"a = {n|one|two|many}\n", "x.txt:1: not"},
	    {"a = {n|{n}|many}\n", "x.txt:1: not"},
	    {"a = {|one|many}\n", "x.txt:1: not"},
	    {"a = {\n", "x.txt:1: not"},
	    {"a = {}\n", "x.txt:1: not"},
	    {"a = {Name}\n", "x.txt:1: not"},
	    {"a = }\n", "x.txt:1: not"},
	    {"a = b\nb = c\na = d\n", "x.txt: a stands there twice"},
	    {"a = \xff\n", "x.txt is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct word_table w;
		struct err e = {0};
		int rc = word_table_parse(&w, "x.txt", rows[i].text, strlen(rows[i].text), &e);
		if ((rc == 0) != (rows[i].says == NULL) || (rc != 0 && strncmp(e.text, rows[i].says, strlen(rows[i].says)) != 0))
			fail_msg("row %zu: %d %s", i, rc, e.text);
		if (rc == 0)
			word_table_free(&w);
	}
}

static void what_is_filled_in_is_text(void **state)
{
	const struct word_value *values = WORD_VALUES({"site", "<b>{date}[x](y)*z*"}, {"date", "&"});
	BUF_AUTO struct buf out = BUF_INIT(4096);
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	POLICY_AUTO struct policy *p = policy_load(BIZIMAGES, &messages);
	struct writer w = {.form = FORM_HTML, .out = &out, .policy = p};

	(void)state;
	assert_int_equal(word_fill(&out, html_text, "{site}, {date} & {unknown}", values), 0);
	assert_string_equal(buf_text(&out), "&lt;b&gt;{date}[x](y)*z*, &amp; &amp; {unknown}");
	buf_reset(&out);
	for (int n = 0; n < 3; n++) {
		char number[WORD_NUMBER];
		word_fill(&out, NULL, "{n} {n|entry is|entries are}{n||,} {m|a|b};", WORD_VALUES({"n", word_number(number, n)}));
	}
	assert_string_equal(buf_text(&out), "0 entries are, {m|a|b};1 entry is {m|a|b};2 entries are, {m|a|b};");
	buf_reset(&out);
	write_filled(&w, "list.some", values);
	assert_string_equal(buf_text(&out), "Companies that work for &lt;b&gt;{date}[x](y)*z* and get data for it. Last updated &amp;.");
	buf_reset(&out);
	write_word(&w, "notice.rights.use");
	assert_string_equal(buf_text(&out), "Use them on the page <a href=\"/rights\">Your rights</a> or by mail.");
}

static void a_page_s_address_is_in_its_language(void **state)
{
	static const char *const rows[][2] = {{"/rights", "/rights.de"},
					      {"/", "/index.de"},
					      {"/privacy/live", "/privacy/live.de"},
					      {"/subprocessors.csv", "/subprocessors.csv"},
					      {"/api/erase", "/api/erase"},
					      {"#rights", "#rights"},
					      {"https://x.example/", "https://x.example/"}};
	POLICY_AUTO struct policy *p = policy_load_as("policy/sites/blogimg.xml", true, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf main_language = BUF_INIT(256), german = BUF_INIT(256);
		address_page(p, rows[i][0], &main_language);
		address_page(policy_language(p, "de"), rows[i][0], &german);
		assert_string_equal(buf_text(&main_language), rows[i][0]);
		assert_string_equal(buf_text(&german), rows[i][1]);
	}
}

static void times_have_words_in_each_language(void **state)
{
	static const struct {
		struct duration d;
		const char *words[LANGUAGE_COUNT];
	} cases[] = {
	    {{.days = 14}, {"14 days", "14 Tage", "14 天"}},
	    {{.days = 1}, {"1 day", "1 Tag", "1 天"}},
	    {{.months = 24}, {"2 years", "2 Jahre", "2 年"}},
	    {{.months = 18}, {"1 year and 6 months", "1 Jahr und 6 Monate", "1 年零 6 个月"}},
	    {{.seconds = 1800}, {"30 minutes", "30 Minuten", "30 分钟"}},
	    {{0}, {"no time", "keine Zeit", "零时间"}},
	};
	char words[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
			word_duration(words, sizeof words, cases[i].d, (enum language)l);
			assert_string_equal(words, cases[i].words[l]);
		}
	}
	word_duration(words, 4, (struct duration){.days = 14}, LANGUAGE_EN);
	assert_string_equal(words, "14 "); // cut, and still a string
}

static void days_have_words_in_each_language(void **state)
{
	static const char *const days[LANGUAGE_COUNT] = {"22 December 2026", "22. Dezember 2026", "2026年12月22日"};
	char day[WORD_DAY];

	(void)state;
	for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
		word_day(day, 1797973199, (enum language)l);
		assert_string_equal(day, days[l]);
	}
	word_day(day, 0, LANGUAGE_EN);
	assert_string_equal(day, "1 January 1970");
}

static void lives_have_words_in_each_language(void **state)
{
	char words[128];

	(void)state;
	POLICY_AUTO struct policy *p = policy_load_as("policy/sites/blogimg.xml", true, NULL);
	POLICY_AUTO struct policy *r = policy_load_as("policy/sites/product-images.xml", true, NULL);
	word_life(words, sizeof words, policy_language(p, "de"), &p->kinds[KIND_ACCOUNT]);
	assert_string_equal(words, "solange Ihr Konto besteht");
	word_life(words, sizeof words, policy_language(r, "zh-Hans"), &p->kinds[KIND_LEDGER]);
	assert_string_equal(words, "4 年");
	word_life(words, sizeof words, p, &p->kinds[KIND_PROMPT]);
	assert_string_equal(words, "30 days");
	word_life(words, sizeof words, policy_language(p, "de"), &p->kinds[KIND_IMAGE]); // each of its lives
	assert_string_equal(words, "90 Tage oder solange Sie es gespeichert lassen");
	POLICY_AUTO struct policy *q = policy_load_as("policy/sites/image-describer.xml", true, NULL);
	word_life(words, sizeof words, q, &q->kinds[KIND_UPLOAD]);
	assert_string_equal(words, "only in memory, 30 minutes at most");
	word_life(words, sizeof words, policy_language(p, "de"), &q->kinds[KIND_DESCRIPTION]);
	assert_string_equal(words, "nur während Ihre Anfrage bearbeitet wird");
}

static int read_sources(void **state)
{
	static const char *const folders[] = {"policy", "fcgi", "admin", "nginx/html"};

	(void)state;
	sources = BUF_INIT(1 << 26);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (nftw(folders[i], add_source, 16, FTW_PHYS) != 0)
			return -1;
	}
	return 0;
}

static int drop_sources(void **state)
{
	(void)state;
	buf_free(&sources);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_is_in_every_language),
	    cmocka_unit_test(every_language_has_the_same_placeholders_and_links),
	    cmocka_unit_test(every_key_is_used),
	    cmocka_unit_test(every_key_that_is_used_is_known),
	    cmocka_unit_test(a_file_is_read_strictly),
	    cmocka_unit_test(what_is_filled_in_is_text),
	    cmocka_unit_test(a_page_s_address_is_in_its_language),
	    cmocka_unit_test(days_have_words_in_each_language),
	    cmocka_unit_test(times_have_words_in_each_language),
	    cmocka_unit_test(lives_have_words_in_each_language),
	};
	return cmocka_run_group_tests(tests, read_sources, drop_sources);
}
