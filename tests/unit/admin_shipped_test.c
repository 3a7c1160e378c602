// SPDX-License-Identifier: ISC
// What lethe check compares with: every unit of a program and every file of nginx's is there, and no change of a line goes unseen.
#include "admin/shipped.h"
#include "fcgi/ipc/programs.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "tests/unit/test.h"

static void everything_is_there(void **state)
{
	static const char *const others[] = {"hardening.conf",       "nginx-lethe.service", "lethe-init.service",
					     "lethe-prune.service",  "lethe.conf",          "run.conf",
					     "snippets/routes.conf", "snippets/http.conf"};
	char name[SHIPPED_NAME_MAX], wanted[SHIPPED_NAME_MAX];
	size_t found = 0;

	(void)state;
	for (size_t n = 0; shipped_file(n, name) != NULL; n++) {
		for (size_t i = 0; i < PROGRAM_COUNT; i++) {
			snprintf(wanted, sizeof wanted, "lethe-%s.service", programs[i].name);
			found += strcmp(name, wanted) == 0;
		}
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			found += strcmp(name, others[i]) == 0;
	}
	assert_int_equal(found, PROGRAM_COUNT + ARRAY_LEN(others));
}

static void lines_are_compared(void **state)
{
	static const char text[] = "  include\t/s/headers.conf; \n\n# a comment\nadd_header Cache-Control \"no-store\" always;\n"
				   "default_type application/problem+json;\ntypes { application/json v1; }\n";
	const struct shipped_fill fills[] = {{"@SNIPPETS@", "/s"}, {NULL, NULL}}, any[] = {{"@SNIPPETS@", NULL}, {NULL, NULL}},
				  other[] = {{"@SNIPPETS@", "/t"}, {NULL, NULL}};
	struct shipped_difference d;
	char changed[sizeof text + 32];

	(void)state;
	snprintf(changed, sizeof changed, "%s", text);
	changed[strcspn(changed, "\t")] = ' ';
	assert_false(shipped_differs("snippets/problem.conf", changed, fills, &d));
	assert_false(shipped_differs("snippets/problem.conf", changed, any, &d));
	assert_true(shipped_differs("snippets/problem.conf", changed, other, &d));
	assert_string_equal(d.found, "include /s/headers.conf;");
	assert_string_equal(d.should, "include @SNIPPETS@/headers.conf;");
	strstr(changed, "json;")[0] = 'J';
	assert_true(shipped_differs("snippets/problem.conf", changed, fills, &d));
	assert_int_equal(d.line, 5);
	snprintf(changed, sizeof changed, "%saccess_log x;\n", text);
	changed[strcspn(changed, "\t")] = ' ';
	assert_true(shipped_differs("snippets/problem.conf", changed, fills, &d));
	assert_string_equal(d.found, "access_log x;");
	assert_string_equal(d.should, "");
	assert_true(shipped_differs("snippets/problem.conf", "", fills, &d));
	assert_string_equal(d.found, "");
	// What a placeholder stands for is no second directive.
	assert_true(shipped_differs("snippets/problem.conf", "include /s; access_log x; /headers.conf;", any, &d));
}

// As lethe-run fills it in for an ordinary user: a placeholder that stands for nothing leaves no line.
static void a_placeholder_for_nothing(void **state)
{
	static const char *const names[] = {"@RUN@", "@STATE@", "@SNIPPETS@", "@LISTEN@", "@USER@"};
	const struct shipped_fill fills[] = {{"@RUN@", "/r"},    {"@STATE@", "/s"}, {"@SNIPPETS@", "/r/n"},
					     {"@LISTEN@", NULL}, {"@USER@", ""},    {NULL, NULL}};
	BUF_AUTO struct buf text = BUF_INIT(65536), filled = BUF_INIT(65536);
	struct shipped_difference d;
	struct err e;

	(void)state;
	assert_int_equal(file_read("nginx/run.conf", &text, &e), 0);
	for (const char *at = buf_text(&text); *at; at++) {
		size_t i = 0;
		while (i < ARRAY_LEN(names) && strncmp(at, names[i], strlen(names[i])) != 0)
			i++;
		if (i == ARRAY_LEN(names)) {
			buf_addc(&filled, *at);
			continue;
		}
		buf_adds(&filled, fills[i].value != NULL ? fills[i].value : "127.0.0.1:80");
		at += strlen(names[i]) - 1;
	}
	if (shipped_differs("run.conf", buf_text(&filled), fills, &d))
		fail_msg("line %d: %s instead of %s", d.line, d.found, d.should);
}

static void settings_of_units(void **state)
{
	(void)state;
	assert_true(shipped_sets("lethe-worker.service", "PrivateNetwork"));
	assert_true(shipped_sets("lethe-worker.service", "NoNewPrivileges"));
	assert_false(shipped_sets("lethe-worker.service", "LoadCredential"));
	assert_true(shipped_sets("lethe-rights.service", "LoadCredential"));
	assert_false(shipped_sets("lethe-rights.service", "Private"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(everything_is_there),
	    cmocka_unit_test(lines_are_compared),
	    cmocka_unit_test(a_placeholder_for_nothing),
	    cmocka_unit_test(settings_of_units),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
