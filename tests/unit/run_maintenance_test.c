// SPDX-License-Identifier: ISC
// What lethe-run does again and again, when a process is not to be had or ends badly.
#include "systemd/run/maintenance.c"
#include "tests/unit/test.h"
#include <string.h>
#include <unistd.h>

enum { HOUR_MS = 60 * MINUTE_MS };
static const struct run_site site = {0};
static pid_t gives; // what the next start gives
static unsigned publishes, prunes, sendings, checks;

pid_t run_command_start(const struct run_site *s, const char *const *words)
{
	assert_ptr_equal(s, &site);
	if (strcmp(words[0], "publish") == 0)
		publishes++;
	else if (strcmp(words[0], "prune") == 0)
		prunes++;
	else if (strcmp(words[0], "check") == 0 && gives > 0)
		return 2000 + (pid_t)checks++;
	else if (gives > 0) // the mails that wait: a process of its own
		return 1000 + (pid_t)sendings++;
	errno = EAGAIN;
	return gives;
}

static int begin(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
		tasks[i].pid = 0;
	publishes = prunes = sendings = checks = 0;
	maintenance_begin(0);
	return 0;
}

// Standard error since the last call.
static const char *said(FILE *kept)
{
	static char text[1024];

	rewind(kept);
	text[fread(text, 1, sizeof text - 1, kept)] = '\0';
	rewind(kept);
	assert_int_equal(ftruncate(fileno(kept), 0), 0);
	return text;
}

static void each_at_its_time_and_once(void **state)
{
	(void)state;
	gives = 7;
	maintenance_due(&site, MINUTE_MS - 1);
	assert_int_equal(prunes, 0);
	maintenance_due(&site, MINUTE_MS);
	assert_int_equal(prunes, 1);
	assert_int_equal(sendings, 1);
	assert_int_equal(checks, 1); // then once a day
	maintenance_due(&site, 3 * MINUTE_MS);
	assert_int_equal(prunes, 1);
	maintenance_ended(8, 0);
	maintenance_due(&site, 3 * MINUTE_MS);
	assert_int_equal(prunes, 1);
	maintenance_ended(7, 0);
	maintenance_due(&site, 3 * MINUTE_MS);
	assert_int_equal(prunes, 2);
	assert_int_equal(publishes, 0);
	maintenance_due(&site, HOUR_MS);
	assert_int_equal(publishes, 1);
}

static void one_that_cannot_start_is_tried_again(void **state)
{
	FILE *was = stderr, *kept = tmpfile();

	(void)state;
	assert_non_null(kept);
	stderr = kept;
	gives = -1;
	maintenance_due(&site, MINUTE_MS);
	stderr = was;
	const char *text = said(kept);
	assert_non_null(strstr(text, "lethe-run: `lethe prune` cannot be started"));
	assert_non_null(strstr(text, "temporarily unavailable\n"));
	gives = 7;
	maintenance_due(&site, 2 * MINUTE_MS - 1);
	assert_int_equal(prunes, 1);
	maintenance_due(&site, 2 * MINUTE_MS);
	assert_int_equal(prunes, 2);

	stderr = kept;
	gives = -1;
	maintenance_due(&site, HOUR_MS);
	stderr = was;
	assert_non_null(strstr(said(kept), "`lethe publish` cannot be started"));
	gives = 7;
	maintenance_due(&site, HOUR_MS + MINUTE_MS);
	assert_int_equal(publishes, 2);
	fclose(kept);
}

static void a_bad_end_is_said(void **state)
{
	FILE *was = stderr, *kept = tmpfile();

	(void)state;
	assert_non_null(kept);
	gives = 7;
	maintenance_due(&site, MINUTE_MS);
	stderr = kept;
	maintenance_ended(7, SIGKILL); // as waitpid tells it
	assert_string_equal(said(kept), "lethe-run: `lethe prune` was ended by signal 9\n");
	maintenance_due(&site, 2 * MINUTE_MS);
	maintenance_ended(7, 3 << 8);
	assert_string_equal(said(kept), "lethe-run: `lethe prune` ended with status 3\n");
	maintenance_due(&site, 3 * MINUTE_MS);
	maintenance_ended(7, 0);
	maintenance_ended(99, SIGKILL);
	assert_string_equal(said(kept), "");
	stderr = was;
	fclose(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_at_its_time_and_once, begin),
	    cmocka_unit_test_setup(one_that_cannot_start_is_tried_again, begin),
	    cmocka_unit_test_setup(a_bad_end_is_said, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
