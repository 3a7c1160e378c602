// SPDX-License-Identifier: ISC
// Cases: what an officer writes down is kept sealed, is about whom it says, and is closed once; what is given to authorities obeys the policy.
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/rights/authority.h"
#include "policy/vault/authority_count.h"
#include "policy/vault/merkle.h"
#include "policy/vault/signed_note.h"
#include "tests/unit/vault_fixture.h"
#include <openssl/evp.h>

#define RECEIPT "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"
enum { DAY = 86400 };

static int case_setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	struct fixture *f = *state;
	fixture_keeps(&f->policy, KIND_ACCOUNTABILITY, (struct policy_life){.length.months = 60, .start = START_CLOSING})->ends_on_erasure =
	    false;
	fixture_keeps(&f->policy, KIND_ACCOUNTABILITY, (struct policy_life){.length.months = 120, .unless = CONDITION_CLOSED})
	    ->ends_on_erasure = false;
	fixture_reopen(f, VAULT_ADMIN);
	return 0;
}

static int case_teardown(void **state)
{
	memset(fixture_lives, 0, sizeof fixture_lives);
	return fixture_teardown(state);
}

static int case_count(void *arg, const struct case_row *row)
{
	size_t *counts = arg;

	counts[0]++;
	counts[1] += row->late;
	counts[2] += row->closed != 0;
	return 0;
}

static void a_case_is_written_down_and_closed(void **state)
{
	struct fixture *f = *state;
	JSON_AUTO cJSON *members = cJSON_CreateObject();
	char id[RECORD_ID_LEN + 1];
	size_t counts[3] = {0};
	struct err e = {0};

	cJSON_AddStringToObject(members, "title", "DPIA of the pictures");
	const struct case_new new = {
	    .type = CASE_ASSESSMENT, .members = members, .by = "anna", .review = fixture_time + DAY, .details = "{\"event\":\"added\"}"};
	assert_int_equal(case_add(f->vault, &new, id, &e), 0);
	fixture_time += 2 * DAY;
	assert_int_equal(case_each(f->vault, CASE_BIT(CASE_ASSESSMENT), case_count, counts, &e), 0);
	assert_true(counts[0] == 1 && counts[1] == 1 && counts[2] == 0);
	struct case_act act = {.event = "reviewed", .by = "anna", .reason = "as before", .review = fixture_time + DAY};
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_INCIDENT), id, &act, &e), -1); // another type
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &act, &e), 0);
	act.event = "closed";
	act.closes = true;
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &act, &e), 0);
	assert_int_equal(case_act(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &act, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	JSON_AUTO cJSON *shown = case_show(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &e);
	assert_string_equal(json_string(shown, "title"), "DPIA of the pictures");
	assert_int_equal(cJSON_GetArraySize(json_get(shown, "events")), 3);
	fixture_time += 365L * 6 * DAY;
	assert_null(case_show(f->vault, CASE_BIT(CASE_ASSESSMENT), id, &e));
	f->policy.kinds[KIND_ACCOUNTABILITY].keep = KEEP_UNDECLARED;
	assert_int_equal(case_add(f->vault, &new, id, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	f->policy.kinds[KIND_ACCOUNTABILITY].keep = KEEP_STORED;
}

static void asked(struct fixture *f, const char *ground, char id[RECORD_ID_LEN + 1])
{
	const struct authority_new new = {
	    .authority = "Polizei Köln", .ground = ground, .asked = "what 198.51.100.7 made", .receipt = RECEIPT, .by = "anna"};
	struct err e = {0};

	if (authority_add(f->vault, &new, id, &e) != 0)
		fail_msg("%s", e.text);
}

static void nothing_is_given_without_a_ground_of_that_strength(void **state)
{
	struct fixture *f = *state;
	static const struct prose_run run = {0};
	const struct {
		enum policy_answers answers;
		enum authority_strength needs;
	} policies[] = {
	    {ANSWERS_UNSTATED, STRENGTH_BINDING}, {ANSWERS_VALID_REQUESTS, STRENGTH_VALID}, {ANSWERS_REQUIRED_BY_LAW, STRENGTH_BINDING}};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		f->policy.law_enforcement_answers = policies[i].answers;
		f->policy.law_enforcement = (struct prose){.runs = &run, .count = policies[i].answers != ANSWERS_UNSTATED};
		for (const struct authority_ground *g = authority_grounds; g->name != NULL; g++) {
			char id[RECORD_ID_LEN + 1];
			struct authority_answer answer = {.given = KIND_BIT(KIND_ARCHIVE), .people = 1, .by = "anna"};
			const bool may = g->strength >= policies[i].needs;
			asked(f, g->name, id);
			assert_int_equal(authority_answer(f->vault, id, &answer, &e), may ? 0 : -1);
			if (may)
				continue;
			assert_int_equal(e.code, ERR_REFUSED);
			answer = (struct authority_answer){.refusal = "policy", .by = "anna"};
			assert_int_equal(authority_answer(f->vault, id, &answer, &e), 0);
		}
	}
	struct authority_new wrong = {.authority = "x", .ground = "because", .asked = "y"};
	char id[RECORD_ID_LEN + 1];
	assert_int_equal(authority_add(f->vault, &wrong, id, &e), -1);
	assert_non_null(strstr(e.text, "one of: court-order"));
	f->policy.law_enforcement = (struct prose){0};
	f->policy.law_enforcement_answers = ANSWERS_UNSTATED;
}

static void note(struct fixture *f, struct buf *out)
{
	struct err e = {0};

	buf_reset(out);
	if (ledger_checkpoint(f->vault, out, &e) != 0)
		fail_msg("%s", e.text);
}

// A checkpoint of the present tree with these lines, signed with the ledger's own key, as somebody could who has all of the machine.
static void checkpoint_forge(struct fixture *f, const struct authority_years *years)
{
	BUF_AUTO struct buf key = BUF_INIT(256), note = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct mark_row row = {.mark = MARK_CHECKPOINT, .at = fixture_time};
	uint8_t seed[ED25519_LEN], public[ED25519_LEN], blob[NOTE_KEY_ID_LEN + ED25519_SIGNATURE_LEN];
	size_t len = ED25519_SIGNATURE_LEN, public_len = sizeof public;
	struct merkle head;
	struct commit_alone alone;
	struct err e = {0};
	time_t at;
	char path[160];

	snprintf(path, sizeof path, "%s/keys/signer/ledger.key", f->state);
	assert_int_equal(file_read(path, &key, &e), 0);
	key.data[64] = '\0';
	assert_int_equal(hex_decode(seed, sizeof seed, key.data), 0);
	assert_int_equal(ledger_head(f->vault, VIEW_COMMITTED, &head, &at, &e), 0);
	merkle_root(&head, row.root);
	row.size = head.size;
	row.range_len = merkle_pack(&head, row.range);
	buf_printf(&note, "example.lethe.invalid/ledger\n%llu\n", (unsigned long long)row.size);
	base64_add(&note, row.root, HASH_LEN);
	buf_addc(&note, '\n');
	authority_count_lines(years, &note);
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, public, &public_len), 1);
	assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(c, blob + NOTE_KEY_ID_LEN, &len, (const uint8_t *)note.data, note.len), 1);
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pkey);
	signed_note_key_id("example.lethe.invalid/ledger", public, blob);
	buf_printf(&note, "\n%sexample.lethe.invalid/ledger ", signed_note_line);
	base64_add(&note, blob, sizeof blob);
	buf_addc(&note, '\n');
	snprintf(row.note, sizeof row.note, "%s", buf_text(&note));
	assert_int_equal(commit_alone(f->vault, &alone, &e), 0);
	int ret = f->vault->b->ledger->append(f->vault->store, NULL, NULL, &row, &e);
	assert_int_equal(transaction_end(f->vault, LANE_RECORDS, ret, &e), 0);
	commit_release(&alone);
}

// What is signed of a year only grows; a checkpoint that tells of fewer, and an event that is taken out, are seen.
static void the_number_is_signed_and_cannot_be_lowered(void **state)
{
	struct fixture *f = *state;
	char id[2][RECORD_ID_LEN + 1];
	const struct authority_answer nothing = {.by = "anna"}, refused = {.refusal = "too-broad", .by = "anna"};
	BUF_AUTO struct buf text = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct ledger_report report;
	struct authority_years years;
	struct err e = {0};

	ledger_append(f->vault, &(struct ledger_event){.name = "generation"}, &e);
	note(f, &text);
	assert_null(strstr(buf_text(&text), "authorities"));
	asked(f, "warrant", id[0]);
	asked(f, "voluntary", id[1]);
	note(f, &text);
	assert_non_null(strstr(buf_text(&text), "\nauthorities 2026 asked 2 given 0 nothing 0 refused 0\n\n"));
	assert_int_equal(authority_answer(f->vault, id[0], &nothing, &e), 0);
	assert_int_equal(authority_answer(f->vault, id[1], &refused, &e), 0);
	fixture_time += 60L * DAY;
	asked(f, "warrant", id[0]);
	note(f, &text);
	assert_non_null(strstr(buf_text(&text), "\nauthorities 2026 asked 2 given 0 nothing 1 refused 1\nauthorities 2027 asked 1 given 0 "
						"nothing 0 refused 0\n\n"));
	assert_int_equal(ledger_authorities(f->vault, &years, &e), 0);
	assert_int_equal(years.count, 2);
	assert_int_equal(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(ledger_verify_against(f->vault, text.data, text.len, NULL, &report, &e), 0);
	assert_true(report.intact);
	// A checkpoint with fewer, signed by who has the key.
	struct authority_years fewer = years;
	fewer.list[0].counts[AUTHORITY_ASKED]--;
	assert_true(authority_count_lowered(&years, &fewer));
	assert_false(authority_count_lowered(&fewer, &years));
	fewer = years;
	fewer.count = 1;
	assert_true(authority_count_lowered(&years, &fewer));
	ledger_append(f->vault, &(struct ledger_event){.name = "generation"}, &e);
	checkpoint_forge(f, &fewer);
	assert_int_equal(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_false(report.intact);
	assert_non_null(strstr(report.finding, "requests of authorities"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_case_is_written_down_and_closed, case_setup, case_teardown),
	    cmocka_unit_test_setup_teardown(the_number_is_signed_and_cannot_be_lowered, case_setup, case_teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_given_without_a_ground_of_that_strength, case_setup, case_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
