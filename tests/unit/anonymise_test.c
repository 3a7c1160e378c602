// SPDX-License-Identifier: ISC
// What is taken out of a text that is to be anonymised, against a corpus in five languages; and that it takes time in proportion to the text.
#include "fcgi/egress/anonymise.h"
#include "fcgi/moderation/filter.h"
#include "policy/base/array.h"
#include "policy/base/err.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 2048, SPANS_MAX = 16, LANGUAGES = 5 };
static const char *const languages[LANGUAGES] = {"en", "de", "fr", "es", "zh"};
static const struct {
	unsigned class;
	const char *name;
} classes[] = {{RULE_MAIL_ADDRESS, "mail"}, {RULE_PHONE_NUMBER, "phone"}, {RULE_CARD_NUMBER, "card"}, {RULE_IBAN, "iban"},
	       {FILTER_ID_NUMBER, "id"},    {FILTER_NAME, "name"},        {FILTER_USER_PAGE, "url"},  {FILTER_IP_ADDRESS, "ip"}};

struct score {
	unsigned must, kept, found,
	    right; // passages to be found, of them taken out whole; passages taken out, of them rightly and no more than that
};
struct corpus {
	struct score by_class[ARRAY_LEN(classes)], by_language[LANGUAGES], all;
	unsigned sentences;
};
struct span {
	unsigned class;
	size_t start, end;
};

static unsigned class_named(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (strlen(classes[i].name) == len && strncmp(classes[i].name, name, len) == 0)
			return (unsigned)i;
	fail_msg("no such class: %.20s", name);
	return 0;
}

// The sentence without its marks, and where they were.
static size_t sentence_read(const char *marked, char text[LINE_MAX_BYTES], struct span spans[SPANS_MAX])
{
	size_t count = 0, len = 0;
	bool within = false;

	for (const char *s = marked; *s != '\0'; s++) {
		const char *colon = *s == '{' ? strchr(s, ':') : NULL;
		if (colon != NULL && colon - s < 7) {
			assert_true(count < SPANS_MAX && !within);
			spans[count] = (struct span){class_named(s + 1, (size_t)(colon - s) - 1), len, 0};
			within = true;
			s = colon;
		} else if (*s == '}' && within) {
			spans[count++].end = len;
			within = false;
		} else if (s[0] == '\\' && s[1] == 'n') {
			text[len++] = '\n';
			s++;
		} else {
			text[len++] = *s;
		}
		assert_true(len + 1 < LINE_MAX_BYTES);
	}
	assert_false(within);
	text[len] = '\0';
	return count;
}

// Signs at the ends of a passage, and a title before a name, may or may not be taken out with it.
static bool letters_in(const char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if ((text[i] & 0x80) != 0 || fold_is_alnum((char)(text[i] | (text[i] >= 'A' && text[i] <= 'Z' ? 0x20 : 0))))
			return true;
	return false;
}

static void score_add(struct corpus *c, unsigned class, size_t language, struct score s)
{
	struct score *to[] = {&c->by_class[class], &c->by_language[language], &c->all};

	for (size_t i = 0; i < ARRAY_LEN(to); i++) {
		to[i]->must += s.must;
		to[i]->kept += s.kept;
		to[i]->found += s.found;
		to[i]->right += s.right;
	}
}

static void sentence_score(struct corpus *c, size_t language, const char *marked, bool told)
{
	char text[LINE_MAX_BYTES];
	struct span spans[SPANS_MAX];
	size_t count = sentence_read(marked, text, spans);
	FILTER_HITS_AUTO struct filter_hits hits = {0};

	c->sentences++;
	assert_int_equal(filter_spans(text, FILTER_ANONYMISED, &hits), 0);
	for (size_t i = 0; i < count; i++) {
		bool kept = false;
		for (size_t k = 0; k < hits.count; k++)
			kept = kept || (hits.at[k].class == classes[spans[i].class].class && hits.at[k].start <= spans[i].start &&
					!letters_in(text, hits.at[k].end, spans[i].end));
		score_add(c, spans[i].class, language, (struct score){.must = 1, .kept = kept});
		if (told && !kept)
			print_message("  missed %s: %s\n", classes[spans[i].class].name, marked);
	}
	for (size_t k = 0; k < hits.count; k++) {
		bool right = false;
		unsigned class = 0;
		while (classes[class].class != hits.at[k].class)
			class ++;
		for (size_t i = 0; i < count; i++)
			right = right || (spans[i].class == class && !letters_in(text, hits.at[k].start, spans[i].start) &&
					  !letters_in(text, spans[i].end, hits.at[k].end) && hits.at[k].start < spans[i].end);
		score_add(c, class, language, (struct score){.found = 1, .right = right});
		if (told && !right)
			print_message("  wrong %s \"%.*s\": %s\n", classes[class].name, (int)(hits.at[k].end - hits.at[k].start),
				      text + hits.at[k].start, marked);
	}
}

static double recall(const struct score *s)
{
	return s->must > 0 ? (double)s->kept / s->must : 1;
}
static double precision(const struct score *s)
{
	return s->found > 0 ? (double)s->right / s->found : 1;
}

static void corpus_read(struct corpus *c, const char *path, bool told)
{
	char line[LINE_MAX_BYTES];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		size_t l = 0;
		while (l < LANGUAGES && strncmp(line, languages[l], 2) != 0)
			l++;
		assert_true(l < LANGUAGES && strncmp(line + 2, " | ", 3) == 0);
		sentence_score(c, l, line + 5, told);
	}
	fclose(f);
	print_message("%s: %u sentences, %u passages: recall %.3f, precision %.3f\n", strrchr(path, '/') + 1, c->sentences, c->all.must,
		      recall(&c->all), precision(&c->all));
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		print_message("  %-5s recall %.3f of %3u, precision %.3f of %3u\n", classes[i].name, recall(&c->by_class[i]),
			      c->by_class[i].must, precision(&c->by_class[i]), c->by_class[i].found);
	for (size_t i = 0; i < LANGUAGES; i++)
		print_message("  %-5s recall %.3f of %3u, precision %.3f of %3u\n", languages[i], recall(&c->by_language[i]),
			      c->by_language[i].must, precision(&c->by_language[i]), c->by_language[i].found);
}

// The filter was made with these sentences, so it finds nearly all: what a change loses is noticed.
static void what_is_personal_is_taken_out_and_little_else(void **state)
{
	struct corpus c = {0};

	(void)state;
	corpus_read(&c, "tests/unit/moderation/anonymise.txt", true);
	assert_true(c.sentences >= 600 && recall(&c.all) >= 0.99 && precision(&c.all) >= 0.99);
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		assert_true(recall(&c.by_class[i]) >= 0.99 && precision(&c.by_class[i]) >= 0.99);
	for (size_t i = 0; i < LANGUAGES; i++)
		assert_true(recall(&c.by_language[i]) >= 0.99 && precision(&c.by_language[i]) >= 0.99);
}

// Of sentences that the filter was not made with; what the notice says is this figure, in each language.
static void the_notice_claims_what_was_found(void **state)
{
	struct corpus c = {0};
	char sentences[16], found[16];

	(void)state;
	corpus_read(&c, "tests/unit/moderation/anonymise_held.txt", true);
	assert_true(c.sentences >= 150 && recall(&c.all) >= 0.9 && precision(&c.all) >= 0.95);
	snprintf(sentences, sizeof sentences, "%u", c.sentences);
	snprintf(found, sizeof found, "%u", c.all.kept * 100 / c.all.must);
	for (unsigned l = 0; l < LANGUAGE_COUNT; l++) {
		const char *claim = word_in((enum language)l, "notice.anonymised");
		if (strstr(claim, sentences) == NULL || strstr(claim, found) == NULL)
			fail_msg("the notice must say %s of 100 in %s sentences: %s", found, sentences, claim);
	}
}

static void what_was_taken_out_is_not_found_again(void **state)
{
	static const struct {
		const char *text, *masked;
	} rows[] = {
	    {"Dear Anna,\nmy number is 020 7946 0018.\nBest regards\nTilda Wexford",
	     "Dear [name],\nmy number is [phone number].\nBest regards\n[name]"},
	    {"\xFF my name is Anna \xC0\x80 anna@example.com \xF0\x9F", "\xFF my name is [name] \xC0\x80 [mail address] \xF0\x9F"},
	    {"身份证11010519900307001X。", "身份证[id number]。"}, // its check digit is wrong, but the word says what it is
	    {"http://203.0.113.7/x and https://example.com/~anna", "http://[IP address]/x and [web address]"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf once = BUF_INIT(1000), twice = BUF_INIT(1000);
		unsigned masked = 0;
		assert_int_equal(filter_mask(rows[i].text, FILTER_ANONYMISED, &once, NULL), 0);
		assert_string_equal(buf_text(&once), rows[i].masked);
		assert_int_equal(filter_mask(buf_text(&once), FILTER_ANONYMISED, &twice, &masked), 0);
		assert_string_equal(buf_text(&twice), buf_text(&once));
		assert_int_equal(masked, 0);
	}
}

// Whatever form a program of the site sends a text in; pictures stay.
static void texts_in_a_body_are_found(void **state)
{
#define JPEG "\xff\xd8\xff\xc0\x11\x11\x08\x01\x01\x01\x01"
#define FORM_WITH(prompt, file)                                                                                                            \
	"--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n" prompt                                                            \
	"\r\n--b\r\nContent-Disposition: form-data; name=\"image\"; "                                                                      \
	"filename=\"0.png\"\r\nContent-Type: image/png\r\n\r\n" file "\r\n--b--\r\n"
#define FORM(prompt) FORM_WITH(prompt, JPEG "my name is anna")
	static const char json[] = "application/json", form[] = "multipart/form-data; boundary=b";
	static const struct {
		const char *type, *body, *left; // NULL: it is refused
		unsigned masked;
	} rows[] = {
	    {json, "{\"messages\":[{\"content\":\"{\\\"text\\\":\\\"Cheers,\\\\nJamie\\\"}\"}]}",
	     "{\"messages\":[{\"content\":\"{\\\"text\\\":\\\"Cheers,\\\\n[name]\\\"}\"}]}", 1},
	    {json, "{\"image\":\"data:image/png;base64,13800138000=\",\"prompt\":\"call 13800138000\"}",
	     "{\"image\":\"data:image/png;base64,13800138000=\",\"prompt\":\"call [phone number]\"}", 1},
	    {json, "[\"data:image/png;base64,AA, call +44 20 7946 0018\"]", "[\"data:image/png;base64,AA, call [phone number]\"]", 1},
	    {json, "[\"data:text/plain;base64,13800138000\"]", "[\"data:text/plain;base64,[phone number]\"]", 1},
	    {json, "[\"{\\\"broken: my name is anna\"]", "[\"{\\\"broken: my name is [name]\"]", 1},
	    {json, "[1,true,null,\"a red barn\"]", "[1,true,null,\"a red barn\"]", 0},
	    {form, FORM("my name is anna"), FORM("my name is [name]"), 1},
	    {form, FORM("a red barn"), FORM("a red barn"), 0},
	    // No picture, whatever it is called; and no file, whatever it begins with.
	    {form, FORM_WITH("a red barn", "my name is anna"), FORM_WITH("a red barn", "my name is [name]"), 1},
	    {form, FORM_WITH("a red barn", "\x89PNG my name is anna"), FORM_WITH("a red barn", "\x89PNG my name is [name]"), 1},
	    {form, FORM(JPEG " my name is anna"), FORM(JPEG " my name is [name]"), 1},
	    {form, "--b\r\nmy name is anna", NULL, 0},
	    {json, "my name is anna", NULL, 0},
	    {json, "[\"\xFF\"]", NULL, 0},
	    {"text/plain", "my name is anna", NULL, 0},
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		FRAME_AUTO struct frame call = FRAME_INIT(1 << 16);
		uint64_t masked = 7;
		assert_int_equal(buf_adds(&call.bytes, rows[i].body), 0);
		call.body = buf_text(&call.bytes);
		call.body_len = call.bytes.len;
		assert_int_equal(anonymise_call(&call, rows[i].type, &masked, &e), rows[i].left != NULL ? 0 : -1);
		assert_string_equal(call.body, rows[i].left != NULL ? rows[i].left : rows[i].body);
		assert_int_equal(call.body_len, strlen(call.body));
		assert_int_equal(masked, 7 + rows[i].masked);
	}
	// No prompt is so long; what egress does meanwhile would wait.
	FRAME_AUTO struct frame call = FRAME_INIT(1 << 20);
	uint64_t masked = 0;
	buf_adds(&call.bytes, "[\"");
	for (unsigned i = 0; i < 300 * 1024; i++)
		buf_addc(&call.bytes, 'x');
	assert_int_equal(buf_adds(&call.bytes, "\"]"), 0);
	call.body = buf_text(&call.bytes);
	call.body_len = call.bytes.len;
	assert_int_equal(anonymise_call(&call, json, &masked, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_personal_is_taken_out_and_little_else),
	    cmocka_unit_test(the_notice_claims_what_was_found),
	    cmocka_unit_test(what_was_taken_out_is_not_found_again),
	    cmocka_unit_test(texts_in_a_body_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
