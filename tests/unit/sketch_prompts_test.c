// SPDX-License-Identifier: ISC
// Prompts and caption words from a brief: its own words, different for each picture, the same each time.
#include "fcgi/provider/sketch.h"
#include "fcgi/provider/style.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "tests/unit/test.h"

static const char *const none[] = {NULL};

static struct brief brief_of(const char *description)
{
	return (struct brief){.description = description,
			      .title = "",
			      .summary = "",
			      .text = "",
			      .headings = none,
			      .colours = none,
			      .style = "photo",
			      .audience_rule = "",
			      .count = 8};
}

static void expect_words(const struct brief *b, const char *expected)
{
	char words[SKETCH_WORDS][SKETCH_WORD_BYTES];
	struct buf got = BUF_INIT(1024);
	unsigned n = sketch_words(b, words);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&got, "%s%s", i ? " " : "", words[i]);
	assert_string_equal(buf_text(&got), expected);
	buf_free(&got);
}

static void subject_words(void **state)
{
	(void)state;
	static const struct {
		const char *description, *words;
	} rows[] = {
	    {"We are a bakery. The bakery bakes sourdough bread; our sourdough is the best.", "bakery sourdough bakes bread"},
	    {"Wir sind eine Fahrradwerkstatt für Lastenräder in Bremen", "Fahrradwerkstatt Lastenräder Bremen"},
	    {"Пекарня: хлеб и хлеб", "хлеб Пекарня"},
	    {"", ""},
	    {"the and of 12 und der die", ""},
	    // Nothing that looks like an address, a link or a number becomes a caption.
	    {"Call +49 40 123456 or mail jo@shop.example, www.shop.example or https://shop.example/x4 about tea", "Call mail tea"},
	    {"rock-climbing isn't a state-of-the-art-thing -- really", "rock-climbing isn't state-of-the-art-thing"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct brief b = brief_of(rows[i].description);
		expect_words(&b, rows[i].words);
	}
}

static void headings_weigh_more(void **state)
{
	(void)state;
	static const char *const headings[] = {"Violins", "Violins repaired", NULL};
	struct brief b = brief_of("");
	b.headings = headings;
	b.text = "wood glue varnish wood glue wood";
	expect_words(&b, "Violins wood repaired glue varnish");
}

static void prompts_differ_and_repeat(void **state)
{
	(void)state;
	for (const char *const *style = provider_style_names; *style != NULL; style++) {
		struct brief b = brief_of("A family bakery in Leeds with sourdough bread. Open daily.");
		struct provider_prompts first, second;
		b.style = *style;
		assert_int_equal(sketch_prompts(&b, &first, NULL), 0);
		assert_int_equal(sketch_prompts(&b, &second, NULL), 0);
		assert_int_equal(first.count, 8);
		for (unsigned i = 0; i < 8; i++) {
			assert_string_equal(first.text[i], second.text[i]);
			assert_non_null(strstr(first.text[i], "A family bakery in Leeds with sourdough bread”"));
			assert_null(strchr(first.text[i], '{'));
			for (unsigned k = 0; k < i; k++)
				assert_string_not_equal(first.text[i], first.text[k]);
		}
		provider_prompts_free(&first);
		provider_prompts_free(&second);
	}
}

static void prompts_say_what_must_not_appear(void **state)
{
	(void)state;
	static const char *const colours[] = {"#112233", "#445566", NULL};
	struct brief b = brief_of("Tea");
	struct provider_prompts p;
	b.colours = colours;
	b.audience_rule = "No children.";
	b.count = 1;
	assert_int_equal(sketch_prompts(&b, &p, NULL), 0);
	assert_int_equal(p.count, 1);
	assert_non_null(strstr(p.text[0], "No children."));
	assert_non_null(strstr(p.text[0], "#112233, #445566"));
	provider_prompts_free(&p);
}

static void odd_briefs(void **state)
{
	(void)state;
	static const char *const descriptions[] = {
	    "", " ", "...", "\"quoted\" 'x'\ny", "面包店在上海卖好吃的面包", "🍞", "a.b.c. d! e? f", "x\xff\xfe"};
	for (size_t i = 0; i < ARRAY_LEN(descriptions); i++) {
		struct brief b = brief_of(descriptions[i]);
		struct provider_prompts p;
		if (!utf8_valid(descriptions[i], strlen(descriptions[i])))
			continue;
		assert_int_equal(sketch_prompts(&b, &p, NULL), 0);
		for (unsigned k = 0; k < p.count; k++) {
			assert_true(utf8_valid(p.text[k], strlen(p.text[k])));
			assert_null(strstr(p.text[k], "“”"));
		}
		provider_prompts_free(&p);
	}
}

// A long first sentence ends at a whole word and a whole character.
static void long_subjects_are_cut(void **state)
{
	(void)state;
	struct buf text = BUF_INIT(8000);
	for (int i = 0; i < 400; i++)
		buf_adds(&text, i % 3 ? "äöü" : "äöü ");
	struct brief b = brief_of(buf_text(&text));
	struct provider_prompts p;
	assert_int_equal(sketch_prompts(&b, &p, NULL), 0);
	assert_true(strlen(p.text[0]) < 900);
	assert_true(utf8_valid(p.text[0], strlen(p.text[0])));
	assert_non_null(strstr(p.text[0], "äöü”"));
	provider_prompts_free(&p);
	buf_free(&text);
}

static void colours_are_taken_from_the_description(void **state)
{
	static const struct {
		const char *description, *colours;
	} rows[] = {
	    {"A bakery with blue tiles", "#2f63b8"},
	    {"Blaue Fliesen und ein roter Ofen", "#2f63b8 #c8322d"},
	    {"Our colour is #ff8800, and #0AF", "#ff8800 #00AAFF"},
	    {"Navy-blue and white", "#1f2f5f #2f63b8 #f5f4f0"},
	    {"no pink, only Dunkelgrün", "#185c29"},
	    {"Rotation, Blueberries, redwood, graue Maus", "#808488"},
	    {"Order #12345 of #red ribbons", ""},
	    {"", ""},
	    // The same in six languages.
	    {"in dark green", "#185c29"},
	    {"dunkelgrün", "#185c29"},
	    {"in dunklem Grün", "#185c29"},
	    {"vert foncé", "#185c29"},
	    {"verde oscuro", "#185c29"},
	    {"深绿色", "#185c29"},
	    {"أخضر داكن", "#185c29"},
	    {"باللون الأخضر الداكن", "#185c29"},
	    {"light blue", "#98bfff"},
	    {"hellblaue Wände", "#98bfff"},
	    {"des murs bleu clair", "#98bfff"},
	    {"paredes azul claro", "#98bfff"},
	    {"浅蓝色的墙", "#98bfff"},
	    {"أزرق فاتح", "#98bfff"},
	    {"rouge et noir, pas de jaune", "#c8322d #22252a"},
	    {"sin rojo, con dorado", "#d4a537"},
	    {"dark wood and green leaves", "#3f8f4f"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct brief b = brief_of(rows[i].description);
		char colours[SKETCH_COLOURS][SKETCH_COLOUR_BYTES];
		struct buf got = BUF_INIT(1024);
		unsigned n = sketch_colours(&b, colours);
		for (unsigned k = 0; k < n; k++)
			buf_printf(&got, "%s%s", k ? " " : "", colours[k]);
		assert_string_equal(buf_text(&got), rows[i].colours);
		buf_free(&got);
	}
}

static void the_trade_is_found_in_six_languages(void **state)
{
	static const struct {
		const char *description, *trade, *title;
	} rows[] = {
	    {"A family bakery in Leeds", "bread", "Bakery"},
	    {"Eine Zahnarztpraxis in Köln", "tooth", "Zahnarztpraxis"},
	    {"Fahrradwerkstatt für Lastenräder in Bremen", "bicycle", "Fahrradwerkstatt"},
	    {"Boulangerie artisanale à Lyon", "bread", "Boulangerie"},
	    {"Un cabinet d'avocats à Paris", "law", "Cabinet d'avocats"},
	    {"Una tienda de bicicletas en Madrid", "bicycle", "Bicicletas"},
	    {"北京律师事务所", "law", "律师事务所"},
	    {"上海的一家面包店", "bread", "面包"},
	    {"محل سجاد يدوي", "carpet", "سجاد"},
	    {"عيادة طبيب أسنان في دبي", "tooth", "عيادة طبيب أسنان"},
	    // What comes first says what it is; a broad word gives way.
	    {"Buchhandlung mit Café", "books", "Buchhandlung"},
	    {"Our office is a law firm for families", "law", "Law firm"},
	    {"We are a business that does good things", "shop", ""},
	    // No trade is in the middle of another word, and none where there is none.
	    {"Expansion, barracuda, brotherhood", "", ""},
	    {"xyzzy", "", ""},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct brief b = brief_of(rows[i].description);
		struct sketch_subject subject;
		sketch_subject_find(&b, &subject);
		assert_string_equal(subject.trade, rows[i].trade);
		assert_string_equal(subject.title, rows[i].title);
	}
}

static void a_page_says_the_trade_too(void **state)
{
	(void)state;
	static const char *const headings[] = {"Our shoes", "Repairs", NULL};
	struct brief b = brief_of("");
	struct sketch_subject subject;
	b.title = "Smith & Sons";
	b.headings = headings;
	b.text = "Since 1912 a shoemaker has worked here. Shoes for every foot.";
	sketch_subject_find(&b, &subject);
	assert_string_equal(subject.trade, "shoes");
}

static void the_colours_of_a_page_come_first(void **state)
{
	static const char *const page[] = {"#112233", NULL};
	char colours[SKETCH_COLOURS][SKETCH_COLOUR_BYTES];
	struct brief b = brief_of("blue");

	(void)state;
	b.colours = page;
	assert_int_equal(sketch_colours(&b, colours), 1);
	assert_string_equal(colours[0], "#112233");
}

static void a_brief_keeps_its_seed(void **state)
{
	struct brief tea = brief_of("Tea"), again = brief_of("Tea"), coffee = brief_of("Coffee");

	(void)state;
	assert_int_equal(sketch_seed(&tea), sketch_seed(&again));
	assert_int_not_equal(sketch_seed(&tea), sketch_seed(&coffee));
}

static void the_sign_has_a_name_or_nothing(void **state)
{
	static const struct {
		const char *description, *name;
	} rows[] = {
	    {"Bakery Kornblume in Kiel", "Kornblume"},
	    {"Bäckerei Kornblume, Kiel", "Kornblume"},
	    {"A bakery called Blue Door in Leeds", "Blue Door"},
	    {"Ein Laden namens Löwenzahn", "Löwenzahn"},
	    {"We are “Jo's Place”, a pub", "Jo's Place"},
	    {"Unser Café „Zur Post“ am Markt", "Zur Post"},
	    {"A family bakery in Kiel", ""},
	    {"Family bakery in Kiel", ""},
	    {"Eine Bäckerei in Kiel", ""},
	    {"Flower shop, Kiel", ""},
	    {"A bakery. Kiel is near.", ""},
	    {"Bakery Bread Rolls Cakes Coffee", ""},
	    {"a bar with \"the best\" beer", ""},
	    {"Restaurant Hotel", ""},
	    {"called", ""},
	    {"“Open", ""},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct brief b = brief_of(rows[i].description);
		char name[SKETCH_WORD_BYTES];
		assert_int_equal(sketch_name(&b, name), *rows[i].name != '\0');
		assert_string_equal(name, rows[i].name);
	}
}

static void counts_are_checked(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 12; count++) {
		struct brief b = brief_of("Tea");
		struct provider_prompts p;
		struct err e = {0};
		b.count = count;
		if (count >= 1 && count <= 8) {
			assert_int_equal(sketch_prompts(&b, &p, &e), 0);
			assert_int_equal(p.count, count);
			provider_prompts_free(&p);
		} else {
			assert_int_equal(sketch_prompts(&b, &p, &e), -1);
			assert_int_equal(e.code, ERR_INPUT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(subject_words),
	    cmocka_unit_test(headings_weigh_more),
	    cmocka_unit_test(prompts_differ_and_repeat),
	    cmocka_unit_test(prompts_say_what_must_not_appear),
	    cmocka_unit_test(odd_briefs),
	    cmocka_unit_test(long_subjects_are_cut),
	    cmocka_unit_test(colours_are_taken_from_the_description),
	    cmocka_unit_test(the_trade_is_found_in_six_languages),
	    cmocka_unit_test(a_page_says_the_trade_too),
	    cmocka_unit_test(the_colours_of_a_page_come_first),
	    cmocka_unit_test(a_brief_keeps_its_seed),
	    cmocka_unit_test(the_sign_has_a_name_or_nothing),
	    cmocka_unit_test(counts_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
