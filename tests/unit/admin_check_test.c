// SPDX-License-Identifier: ISC
// What lethe check says of the stores, as time passes and things happen; and the settings of an installed site.
#include "admin/check.h"
#include "policy/base/array.h"
#include "policy/rights/at_once.h"
#include "tests/unit/vault_fixture.h"

enum { DAY = 86400 };
static const char *const columns[] = {"result", "check", "promise", "finding", "remedy", NULL};

// The worst result of one check now; `finding` gets all that it found.
static enum check_result judge(const struct fixture *f, const char *name, struct buf *finding)
{
	static const struct admin admin = {0};
	struct check c = {.admin = &admin, .policy = (struct policy *)&f->policy, .vault = f->vault};

	const struct check_row *row = check_store_rows;

	while (row->name != NULL && strcmp(row->name, name) != 0)
		row++;
	for (row = row->name != NULL ? row : check_policy_rows; strcmp(row->name, name) != 0; row++)
		assert_non_null(row[1].name);
	table_init(&c.findings, columns, "sssss");
	check_run(&c, row);
	buf_reset(finding);
	assert_int_equal(table_print(&c.findings, NULL, finding), 0);
	assert_true(table_size(&c.findings) > 0);
	table_free(&c.findings);
	return c.broken ? CHECK_BROKEN : c.unsure ? CHECK_UNSURE : CHECK_KEPT;
}

static void put_archive(struct fixture *f)
{
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .body = "{}", .body_len = 2};
	const struct ledger_event event = {.name = "archive"};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	assert_int_equal(vault_put(f->vault, &archive, &event, id, &e), 0);
}

static void prune(struct fixture *f)
{
	struct prune_result result;
	struct err e = {0};

	if (vault_prune(f->vault, (struct duration){0}, false, &result, &e) != 0)
		fail_msg("%s", e.text);
}

static void nothing_to_judge(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	assert_int_equal(judge(f, "retention", &finding), CHECK_KEPT);
	assert_non_null(strstr(buf_text(&finding), "nothing  retention"));
	assert_non_null(strstr(buf_text(&finding), "archive: none is held"));
}

static void retention(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	put_archive(f);
	assert_int_equal(judge(f, "retention", &finding), CHECK_KEPT);
	fixture_time += 3599;
	assert_int_equal(judge(f, "retention", &finding), CHECK_KEPT);
	fixture_time += 120;
	assert_int_equal(judge(f, "retention", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "archive: the oldest of 1 is 61 minutes old"));
	prune(f);
	assert_int_equal(judge(f, "retention", &finding), CHECK_KEPT);
	put_archive(f);
	fixture_keeps(&f->policy, KIND_ARCHIVE, (struct policy_life){.lasts_while = CONDITION_SAVED});
	assert_int_equal(judge(f, "retention", &finding), CHECK_KEPT);
	assert_non_null(strstr(buf_text(&finding), "old, kept for 1 hour, or while it is saved"));
}

static void last_prune(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	assert_int_equal(judge(f, "prune", &finding), CHECK_KEPT); // never, and nothing is held
	put_archive(f);
	fixture_time += 60;
	assert_int_equal(judge(f, "prune", &finding), CHECK_KEPT); // never, and nothing could be due
	fixture_time += 700;
	assert_int_equal(judge(f, "prune", &finding), CHECK_BROKEN); // archives live for an hour: pruning is by the minute
	prune(f);
	assert_int_equal(judge(f, "prune", &finding), CHECK_KEPT);
	fixture_lives[KIND_ARCHIVE]->length = (struct duration){.days = 14}; // then once a day is enough
	fixture_time += DAY;
	assert_int_equal(judge(f, "prune", &finding), CHECK_KEPT);
	fixture_time += 3 * 3600;
	assert_int_equal(judge(f, "prune", &finding), CHECK_BROKEN);
	fixture_time -= 2 * DAY;
	assert_int_equal(judge(f, "prune", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "clock"));
}

// Certificates of what is not signed yet wait: for minutes, and not for days.
static void what_is_not_signed(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf finding = BUF_INIT(65536), note = BUF_INIT(65536);
	struct err e = {0};

	put_archive(f);
	fixture_time += DAY;
	assert_int_equal(judge(f, "ledger", &finding), CHECK_KEPT);
	fixture_time += 2 * 3600;
	assert_int_equal(judge(f, "ledger", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "not signed yet"));
	if (ledger_checkpoint(f->vault, &note, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(judge(f, "ledger", &finding), CHECK_KEPT);
	fixture_time += 2 * DAY; // nothing was added since
	assert_int_equal(judge(f, "ledger", &finding), CHECK_KEPT);
}

static void late_requests(void **state)
{
	static const struct policy_right access = {.id = RIGHT_ACCESS, .statutory = true};
	static const struct rights_act answered = {.event = EVENT_ANSWERED, .by = "anna", .text = "enclosed"},
				       asked = {.event = EVENT_CLARIFICATION_ASKED, .by = "anna", .reason = "which"};
	const struct rights_new request = {.right = "access"}, letter = {.right = "access", .by = "anna"};
	struct fixture *f = *state;
	struct rights_receipt receipt, other;
	struct err e = {0};
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	f->policy.rights = &access;
	f->policy.right_count = 1;
	assert_int_equal(judge(f, "requests", &finding), CHECK_KEPT);
	assert_int_equal(rights_record(f->vault, &request, &receipt, &e), 0);
	assert_int_equal(judge(f, "requests", &finding), CHECK_KEPT);
	fixture_time = receipt.due;
	assert_int_equal(judge(f, "requests", &finding), CHECK_KEPT);
	fixture_time = receipt.due + 1;
	// Anybody can send what names nothing: it is overdue, and breaks no promise until an officer has taken it up.
	assert_int_equal(judge(f, "requests", &finding), CHECK_KEPT);
	assert_non_null(strstr(buf_text(&finding), "1 of 1 open requests are overdue"));
	assert_int_equal(rights_act(f->vault, receipt.id, &(struct rights_act){.event = EVENT_ACKNOWLEDGED, .by = "anna"}, &e), 0);
	assert_int_equal(judge(f, "requests", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "1 of 1"));
	assert_int_equal(rights_act(f->vault, receipt.id, &answered, &e), 0);
	assert_int_equal(judge(f, "requests", &finding), CHECK_KEPT);
	// What is joined is not answered yet, and keeps its own time.
	assert_int_equal(rights_record(f->vault, &letter, &receipt, &e), 0);
	fixture_time += 10 * DAY;
	assert_int_equal(rights_record(f->vault, &letter, &other, &e), 0);
	assert_int_equal(rights_join(f->vault, receipt.id, other.id, &(struct rights_act){.by = "anna"}, &e), 0);
	fixture_time = receipt.due + 1;
	assert_int_equal(judge(f, "requests", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "1 of 2 open requests"));
	assert_int_equal(rights_act(f->vault, other.id, &answered, &e), 0);
	assert_int_equal(judge(f, "requests", &finding), CHECK_KEPT);
	// Nobody is waited for without end.
	fixture_time = receipt.due;
	assert_int_equal(rights_record(f->vault, &letter, &receipt, &e), 0);
	assert_int_equal(rights_act(f->vault, receipt.id, &asked, &e), 0);
	fixture_time += 29 * DAY;
	judge(f, "requests", &finding);
	assert_null(strstr(buf_text(&finding), "waited for the person"));
	fixture_time += 2 * DAY;
	judge(f, "requests", &finding);
	assert_non_null(strstr(buf_text(&finding), "1 of 1 open requests have waited for the person for more than 30 days"));
}

static void append(struct fixture *f, const char *name, const char *details)
{
	const struct ledger_event event = {.name = name, .details = details};
	struct err e = {0};

	if (ledger_append(f->vault, &event, &e) != 0)
		fail_msg("%s", e.text);
}

static void refused_regions(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	append(f, "generation", NULL);
	assert_int_equal(judge(f, "regions", &finding), CHECK_KEPT);
	append(f, "refused-region", "{\"region\":\"eastus2\"}");
	append(f, "refused-region", NULL);
	assert_int_equal(judge(f, "regions", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "2 replies"));
	fixture_time += 6 * DAY;
	assert_int_equal(judge(f, "regions", &finding), CHECK_BROKEN);
	fixture_time += 2 * DAY;
	assert_int_equal(judge(f, "regions", &finding), CHECK_KEPT);
}

static void the_last_activation_counts(void **state)
{
	struct fixture *f = *state;
	struct ledger_facts facts;
	struct err e = {0};
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	memset(f->policy.sha256, 'a', 64);
	assert_int_equal(judge(f, "activation", &finding), CHECK_BROKEN);
	assert_non_null(strstr(buf_text(&finding), "never"));
	append(f, "activation", "{\"sha256\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
	assert_int_equal(judge(f, "activation", &finding), CHECK_KEPT);
	append(f, "activation", "{\"sha256\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}");
	assert_int_equal(check_ledger_facts(f->vault, 0, &facts, &e), 0);
	assert_int_equal(facts.activated[0], 'b');
	assert_int_equal(judge(f, "activation", &finding), CHECK_BROKEN);
}

static void ledger_and_residue(void **state)
{
	struct fixture *f = *state;
	BUF_AUTO struct buf finding = BUF_INIT(65536);

	assert_int_equal(judge(f, "ledger", &finding), CHECK_KEPT);
	assert_int_equal(judge(f, "residue", &finding), CHECK_KEPT);
}

static void spans(void **state)
{
	static const struct {
		time_t seconds;
		const char *words;
	} rows[] = {{0, "0 seconds"},      {1, "1 second"},   {59, "59 seconds"},        {119, "119 seconds"}, {120, "2 minutes"},
		    {7199, "119 minutes"}, {7200, "2 hours"}, {2 * DAY - 1, "47 hours"}, {14 * DAY, "14 days"}};
	char words[SPAN_WORDS];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check_span_words(words, rows[i].seconds);
		assert_string_equal(words, rows[i].words);
	}
}

static void installed_settings_fill_gaps_only(void **state)
{
	static const char text[] =
	    "# a comment\n; another\nT_PLAIN=one two \n\tT_QUOTED=\"three = four\"\nT_SINGLE='five'\r\nT_SET=file\nT_EMPTY=\n"
	    "lower=x\n9T=x\nT BAD=x\nno equals sign\n=x\nT_LAST=last";
	struct fixture *f = *state;
	char path[128];
	struct err e = {0};

	snprintf(path, sizeof path, "%s/lethe.env", f->root);
	assert_int_equal(file_write(path, text, sizeof text - 1, 0600, NULL, &e), 0);
	setenv("T_SET", "environment", 1);
	assert_int_equal(installed_read(path, &e), 0);
	assert_string_equal(getenv("T_PLAIN"), "one two");
	assert_string_equal(getenv("T_QUOTED"), "three = four");
	assert_string_equal(getenv("T_SINGLE"), "five");
	assert_string_equal(getenv("T_SET"), "environment");
	assert_string_equal(getenv("T_EMPTY"), "");
	assert_string_equal(getenv("T_LAST"), "last");
	assert_null(getenv("lower"));
	assert_null(getenv("9T"));
	assert_null(getenv("T BAD"));
	snprintf(path, sizeof path, "%s/none", f->root);
	assert_int_equal(installed_read(path, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    PLACED(nothing_to_judge),
	    PLACED(retention),
	    PLACED(last_prune),
	    PLACED(late_requests),
	    PLACED(what_is_not_signed),
	    PLACED(refused_regions),
	    PLACED(the_last_activation_counts),
	    PLACED(ledger_and_residue),
	    PLACED(installed_settings_fill_gaps_only),
	    cmocka_unit_test(spans),
	};
	setenv("COLUMNS", "1000", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
