// SPDX-License-Identifier: ISC
// What a visitor may ask for: exactly one source, complete addresses, and the policy's content rules.
#include "fcgi/generate/input.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "tests/unit/test.h"

static void exactly_one_source_is_taken(void **state)
{
	static const struct {
		const char *description, *url, *parameter;
		int status; // 0: fine
	} rows[] = {
	    {"A tea shop", NULL, NULL, 0},           {"  A tea shop \n", "", NULL, 0},
	    {NULL, "https://example.com/", NULL, 0}, {"", " https://example.com/ ", NULL, 0},
	    {NULL, NULL, "description", 422},        {"", "", "description", 422},
	    {" \t\r\n", NULL, "description", 422},   {"A tea shop", "https://example.com/", "url", 422},
	    {"ab", NULL, "description", 422},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct input in = {.count = 1};
		struct problem t = {0};
		assert_int_equal(input_source(rows[i].description, rows[i].url, &in, &t), rows[i].status == 0 ? 0 : -1);
		assert_int_equal(t.status, rows[i].status);
		if (rows[i].parameter != NULL)
			assert_string_equal(t.parameter, rows[i].parameter);
		else
			assert_string_equal(rows[i].url != NULL && *rows[i].url != '\0' ? buf_text(&in.url) : buf_text(&in.description),
					    rows[i].url != NULL && *rows[i].url != '\0' ? "https://example.com/" : "A tea shop");
		input_free(&in);
	}
}

static void addresses_are_completed_or_refused(void **state)
{
	static const struct {
		const char *given, *taken; // NULL: refused
	} rows[] = {
	    {"https://example.com/", "https://example.com/"},
	    {"HTTP://example.com", "HTTP://example.com"},
	    {"example.com", "https://example.com"},
	    {"www.example.com/shop?a=b", "https://www.example.com/shop?a=b"},
	    {"example.com:8080/", "https://example.com:8080/"},
	    {"ftp://example.com/", NULL},
	    {"file:///etc/passwd", NULL},
	    {"javascript:alert(1)", NULL},
	    {"mailto:someone@example.com", NULL},
	    {"someone@example.com", NULL},
	    {"user:secret@example.com/", NULL},
	    {"example.com/@me", "https://example.com/@me"},
	    {"localhost", NULL},
	    {"not a url", NULL},
	    {"see example.com", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct input in = {.count = 1};
		struct problem t = {0};
		int done = input_source(NULL, rows[i].given, &in, &t);
		assert_int_equal(done, rows[i].taken != NULL ? 0 : -1);
		if (rows[i].taken != NULL)
			assert_string_equal(buf_text(&in.url), rows[i].taken);
		else
			assert_string_equal(t.parameter, "url");
		bool user = strchr(rows[i].given, '@') != NULL && rows[i].taken == NULL && strncmp(rows[i].given, "mailto:", 7) != 0;
		assert_int_equal(strstr(t.detail, "user name or password") != NULL, user);
		assert_null(strstr(t.detail, "secret"));
		input_free(&in);
	}
}

static void an_address_that_would_grow_too_long_is_refused(void **state)
{
	char url[URL_BYTES_MAX + 1] = "example.com/";
	struct input in = {.count = 1};
	struct problem t = {0};

	(void)state;
	memset(url + 12, 'a', sizeof url - 13);
	url[sizeof url - 1] = '\0';
	assert_int_equal(input_source(NULL, url, &in, &t), -1);
	assert_int_equal(t.status, 422);
	input_free(&in);
}

static int screen(const enum policy_action content[RULE_COUNT], const char *text, bool confirmed, struct input *in, struct problem *t)
{
	struct policy p = {.file = "test"};

	memcpy(p.content, content, sizeof p.content);
	*in = (struct input){.count = 1, .confirmed = confirmed};
	*t = (struct problem){0};
	assert_int_equal(input_source(text, NULL, in, t), 0);
	return input_screen(&p, in, t);
}

static const enum policy_action bizimages[RULE_COUNT] = {[RULE_MAIL_ADDRESS] = CONTENT_WARN,
							 [RULE_PHONE_NUMBER] = CONTENT_WARN,
							 [RULE_CARD_NUMBER] = CONTENT_REFUSE,
							 [RULE_IBAN] = CONTENT_REFUSE,
							 [RULE_MINORS] = CONTENT_REFUSE};

static void a_warning_can_be_confirmed_and_a_refusal_cannot(void **state)
{
	static const struct {
		const char *text;
		bool confirmed, passes, confirmable;
		const char *slug;
	} rows[] = {
	    {"A tea shop", false, true, false, NULL},
	    {"A tea shop, info@example.com", false, false, true, "personal-data"},
	    {"A tea shop, info@example.com", true, true, false, NULL},
	    {"A tea shop, +49 30 1234567", false, false, true, "personal-data"},
	    {"Card 4111 1111 1111 1111", false, false, false, "personal-data"},
	    {"Card 4111 1111 1111 1111", true, false, false, "personal-data"},
	    {"info@example.com, DE89 3704 0044 0532 0130 00", false, false, false, "personal-data"},
	    {"naked child", true, false, false, "forbidden-content"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct input in;
		struct problem t;
		assert_int_equal(screen(bizimages, rows[i].text, rows[i].confirmed, &in, &t), rows[i].passes ? 0 : -1);
		assert_int_equal(t.confirmable, rows[i].confirmable);
		if (rows[i].slug != NULL) {
			assert_string_equal(t.slug, rows[i].slug);
			assert_string_equal(t.parameter, "description");
			assert_null(strstr(t.detail, "example.com")); // the finding is named, never repeated
			assert_null(strstr(t.detail, "4111"));
		} else {
			assert_string_equal(buf_text(&in.description), rows[i].text);
		}
		input_free(&in);
	}
}

static void a_policy_may_ask_for_masks_instead(void **state)
{
	enum policy_action content[RULE_COUNT];
	struct input in;
	struct problem t;

	(void)state;
	for (unsigned r = 0; r < RULE_COUNT; r++)
		content[r] = CONTENT_ANONYMISE;
	assert_int_equal(screen(content, "Ask info@example.com", false, &in, &t), 0);
	assert_string_equal(buf_text(&in.description), "Ask [mail address]");
	input_free(&in);
}

static void every_field_of_the_interface_is_in_the_table(void **state)
{
	static const char *const names[] = {"description", "url",     "count",  "size",       "style",
					    "provider",    "confirm", "images", "thumbnails", "verbatim"};
	static const char *const providers[] = {"sketch", NULL};
	struct field fields[GENERATE_FIELDS];

	(void)state;
	input_fields(providers, fields);
	for (size_t i = 0; i < GENERATE_FIELDS - 1; i++)
		assert_string_equal(fields[i].name, names[i]);
	assert_null(fields[GENERATE_FIELDS - 1].name);
	assert_ptr_equal(fields[5].choices, providers);
	assert_int_equal(fields[2].min, 1);
	assert_int_equal(fields[2].max, IMAGES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exactly_one_source_is_taken),
	    cmocka_unit_test(addresses_are_completed_or_refused),
	    cmocka_unit_test(an_address_that_would_grow_too_long_is_refused),
	    cmocka_unit_test(a_warning_can_be_confirmed_and_a_refusal_cannot),
	    cmocka_unit_test(a_policy_may_ask_for_masks_instead),
	    cmocka_unit_test(every_field_of_the_interface_is_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
