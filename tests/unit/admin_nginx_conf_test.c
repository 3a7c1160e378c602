// SPDX-License-Identifier: ISC
// nginx's configuration, as nginx prints it: quotes, variables, comments, includes, inheritance, and what is none.
#include "admin/nginx_conf.h"
#include "policy/base/array.h"
#include "tests/unit/test.h"
#include <string.h>

static struct nginx_conf *dumped(const char *text, struct err *e)
{
	BUF_AUTO struct buf dump = BUF_INIT(65536);

	buf_printf(&dump, "# configuration file /etc/x/nginx.conf:\n%s", text);
	return nginx_conf_parse(buf_text(&dump), e);
}

static struct nginx_conf *good(const char *text)
{
	struct err e;
	struct nginx_conf *c = dumped(text, &e);

	if (c == NULL)
		fail_msg("%s", e.text);
	return c;
}

static void words(void **state)
{
	(void)state;
	struct nginx_conf *c = good("# a comment; { \n"
				    "a \"two words\" 'it''s' \"a\\\"b\" ~^/x\\.y$ ${var}z;b;\n\t"
				    "log \"; # { }\" end;");
	const struct nginx_directive *d = nginx_conf_root(c)->first;

	assert_string_equal(d->name, "a");
	assert_string_equal(nginx_word(d, 0), "two words");
	assert_string_equal(nginx_word(d, 1), "it");
	assert_string_equal(nginx_word(d, 3), "a\"b");
	assert_string_equal(nginx_word(d, 4), "~^/x\\.y$");
	assert_string_equal(nginx_word(d, 5), "${var}z");
	assert_string_equal(nginx_word(d, 6), "");
	assert_int_equal(d->line, 2);
	assert_int_equal(d->next->word_count, 0);
	assert_string_equal(nginx_word(d->next->next, 0), "; # { }");
	assert_int_equal(d->next->next->line, 3);
	assert_null(d->next->next->next);
	nginx_conf_free(c);
}

static void includes_of_a_dump(void **state)
{
	(void)state;
	struct nginx_conf *c = good("http {\n include snippets/*.conf;\n include /etc/y/one.conf;\n}\n\n"
				    "# configuration file /etc/x/snippets/a.conf:\naccess_log off;\n\n"
				    "# configuration file /etc/x/snippets/b.conf:\nserver { listen 80; location / { root /x; } }\n\n"
				    "# configuration file /etc/y/one.conf:\ntypes { a b; }\n");
	const struct nginx_directive *http = nginx_directive_in(nginx_conf_root(c), "http"), *server = nginx_directive_in(http, "server");
	size_t count = 0;

	assert_string_equal(http->first->name, "access_log");
	assert_string_equal(http->first->file, "/etc/x/snippets/a.conf");
	assert_int_equal(http->first->line, 1);
	assert_non_null(nginx_directive_in(http, "types"));
	const struct nginx_directive *location = nginx_directive_in(server, "location");
	assert_string_equal(nginx_word(nginx_directive_in_force(location, "access_log"), 0), "off");
	assert_string_equal(nginx_word(nginx_directive_in_force(location, "listen"), 0), "80");
	assert_null(nginx_directive_in_force(location, "ssl_protocols"));
	for (const struct nginx_directive *d = nginx_directive_next(http, http); d != NULL; d = nginx_directive_next(http, d))
		count++;
	assert_int_equal(count, 7);
	nginx_conf_free(c);
}

static void files_that_include_each_other(void **state)
{
	struct err e = {0};

	(void)state;
	assert_null(dumped("include more.conf;\n\n# configuration file /etc/x/more.conf:\ninclude more.conf;\n", &e));
	assert_int_equal(e.code, ERR_INPUT);
	nginx_conf_free(good("include none/*.conf;"));
}

static void none(void **state)
{
	static const char *const bad[] = {"a", "a b", "a {", "}", "a { } }", ";", "{ }", "a \"b;", "include /etc/x/none.conf;", "a b c }"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		e = (struct err){0};
		struct nginx_conf *c = dumped(bad[i], &e);
		if (c != NULL)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_null(nginx_conf_parse("", &e));
	assert_int_equal(e.code, ERR_INPUT);
}

static void deep(void **state)
{
	BUF_AUTO struct buf text = BUF_INIT(65536);
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "a {");
	assert_null(dumped(buf_text(&text), &e));
	assert_int_equal(e.code, ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words),
	    cmocka_unit_test(includes_of_a_dump),
	    cmocka_unit_test(files_that_include_each_other),
	    cmocka_unit_test(none),
	    cmocka_unit_test(deep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
