// SPDX-License-Identifier: ISC
// Consents: what was decided holds, can be shown with the words that were shown, names nobody, and is asked for again when it has to be.
#include "policy/base/array.h"
#include "policy/rights/consent.h"
#include "policy/rules/load.h"
#include "tests/unit/policy_support.h"
#include "tests/unit/vault_fixture.h"

enum { DAY = 24 * 3600 };
static char principal[TOKEN_LEN + 1];

// The site that asks for most, with `from` changed to `to` (NULL: nothing).
static struct policy *policy_with(const char *from, const char *to)
{
	char path[] = "/tmp/lethe-policy-XXXXXX";
	BUF_AUTO struct buf text = BUF_INIT(8 * 1024 * 1024), messages = BUF_INIT(1024 * 1024);
	struct err e = {0};
	int fd = mkstemp(path);

	assert_int_equal(file_read("policy/sites/blogimg.xml", &text, &e), 0);
	if (from != NULL)
		replace_once(&text, from, to);
	assert_int_equal(fd_write_all(fd, text.data, text.len), 0);
	close(fd);
	struct policy *p = policy_load_as(path, true, &messages);
	unlink(path);
	if (p == NULL)
		fail_msg("%s", buf_text(&messages));
	return p;
}

static void use(struct fixture *f, const struct policy *p)
{
	f->policy = *p;
	fixture_reopen(f, VAULT_ADMIN);
	token_new(principal);
}

static enum consent_state decide_in(struct fixture *f, const struct policy *p, const char *id, bool given, bool signal)
{
	const struct consent_new decision = {.principal = principal,
					     .policy = p,
					     .consent = consent_find(p, id),
					     .given = given,
					     .signal = signal,
					     .surface = "page",
					     .action = "choice"};
	enum consent_state state;
	struct err e = {0};

	if (consent_record(f->vault, &decision, &state, &e) != 0)
		fail_msg("%s", e.text);
	return state;
}

static struct consent_now now_of(struct fixture *f, const char *id, bool signal)
{
	struct consent_now all[16] = {0};
	struct err e = {0};

	assert_true(f->policy.consent_count <= ARRAY_LEN(all));
	if (consent_now(f->vault, principal, signal, all, &e) != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < f->policy.consent_count; i++)
		if (strcmp(all[i].consent->id, id) == 0)
			return all[i];
	fail_msg("%s", id);
	return all[0];
}

struct seen {
	size_t count;
	cJSON *receipt; // of the last
	char state[32], principal[65], sha256[65], language[16];
	const struct policy *policy;
	const cJSON *assessments;
};

static int see(void *arg, const struct consent_row *row)
{
	struct seen *s = arg;

	s->count++;
	snprintf(s->state, sizeof s->state, "%s", row->state);
	snprintf(s->principal, sizeof s->principal, "%s", json_string(row->body, "principal"));
	snprintf(s->sha256, sizeof s->sha256, "%s", json_string(row->body, "notice_sha256"));
	snprintf(s->language, sizeof s->language, "%s", json_string(row->body, "language"));
	cJSON_Delete(s->receipt);
	s->receipt = consent_receipt(s->policy, row, s->assessments);
	return 0;
}

static struct seen see_all(struct fixture *f)
{
	struct seen s = {.policy = &f->policy};
	struct err e = {0};

	assert_int_equal(consent_each(f->vault, see, &s, &e), 0);
	return s;
}

static void a_decision_is_recorded_once_and_can_be_shown(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with(NULL, NULL);
	const struct policy *german;
	BUF_AUTO struct buf text = BUF_INIT(65536);
	struct err e = {0};

	use(f, p);
	german = policy_language(p, "de");
	assert_int_equal(now_of(f, "marketing", false).state, CONSENT_UNASKED);
	assert_true(now_of(f, "marketing", false).ask);
	assert_int_equal(decide_in(f, german, "marketing", true, false), CONSENT_GIVEN);
	const time_t first = fixture_time;
	for (int i = 0; i < 3; i++, fixture_time++)
		assert_int_equal(decide_in(f, german, "marketing", true, false), CONSENT_GIVEN);
	struct consent_now now = now_of(f, "marketing", false);
	assert_true(now.allowed && !now.ask);
	assert_int_equal(now.at, first);
	struct seen s = see_all(f);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.state, "given");
	assert_string_equal(s.language, "de");
	assert_null(strstr(s.principal, principal));
	assert_int_equal(strlen(s.principal), 32);
	assert_int_equal(consent_text(f->vault, s.sha256, &text, &e), 0);
	assert_string_equal(
	    buf_text(&text),
	    "Dürfen wir Ihnen Neuigkeiten und Angebote mitteilen, mit Tipps zum Produkt und Empfehlungen für Sie persönlich?");
	assert_string_equal(json_string(s.receipt, "pii_principal_id"), s.principal);
	const cJSON *processing = cJSON_GetArrayItem(json_get(s.receipt, "pii_processing"), 0);
	assert_string_equal(json_string(processing, "privacy_notice"), s.sha256);
	assert_string_equal(json_string(processing, "withdrawal_method"),
			    "Folgen Sie dem Link am Ende jeder E-Mail, oder schalten Sie es in der Übersicht aus.");
	assert_string_equal(json_string(cJSON_GetArrayItem(json_get(s.receipt, "event"), 0), "event_state"), "given");
	cJSON_Delete(s.receipt);

	// Its withdrawal takes its place; what is withdrawn twice is withdrawn once.
	const time_t given_at = now_of(f, "marketing", false).at;
	fixture_time += DAY;
	assert_int_equal(decide_in(f, p, "marketing", false, false), CONSENT_WITHDRAWN);
	assert_int_equal(decide_in(f, p, "marketing", false, false), CONSENT_WITHDRAWN);
	now = now_of(f, "marketing", false);
	assert_int_equal(now.state, CONSENT_WITHDRAWN);
	assert_true(!now.allowed && !now.ask);
	char was[sizeof s.sha256];
	memcpy(was, s.sha256, sizeof was);
	s = see_all(f);
	assert_int_equal(s.count, 1); // the policy keeps it while the consent lasts
	assert_string_equal(s.state, "withdrawn");
	// That it had been given, when and under which text, is still told.
	char given[WHEN_TEXT];
	when_text(given, given_at);
	const cJSON *event = cJSON_GetArrayItem(json_get(s.receipt, "event"), 0);
	assert_string_equal(json_string(event, "event_state"), "given");
	assert_string_equal(json_string(event, "event_time"), given);
	assert_string_equal(json_string(event, "privacy_notice"), was);
	assert_string_equal(json_string(cJSON_GetArrayItem(json_get(s.receipt, "event"), 1), "event_state"), "withdrawn");
	cJSON_Delete(s.receipt);
	// Another browser knows nothing of it.
	token_new(principal);
	assert_int_equal(now_of(f, "marketing", false).state, CONSENT_UNASKED);
}

static const char *receipt_event_at(const struct seen *s, int n, const char *member)
{
	return json_string(cJSON_GetArrayItem(json_get(s->receipt, "event"), n), member);
}

// What a decision takes the place of ends; the proof of it goes on in what took its place.
static void a_consent_that_is_given_again_keeps_the_proof_of_the_earlier(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with(NULL, NULL);
	POLICY_AUTO struct policy *reworded = policy_with("May we tell you about news and offers,", "May we tell you about news,");
	struct seen s;
	char sha256[2][sizeof s.sha256], token[sizeof principal];

	use(f, p);
	assert_int_equal(decide_in(f, p, "marketing", true, false), CONSENT_GIVEN);
	s = see_all(f);
	memcpy(sha256[0], s.sha256, sizeof s.sha256);
	cJSON_Delete(s.receipt);
	fixture_time += DAY;
	memcpy(token, principal, sizeof token);
	use(f, reworded);
	memcpy(principal, token, sizeof token);
	assert_int_equal(decide_in(f, reworded, "marketing", true, false), CONSENT_GIVEN);
	s = see_all(f);
	memcpy(sha256[1], s.sha256, sizeof s.sha256);
	assert_int_equal(s.count, 1);
	assert_int_equal(cJSON_GetArraySize(json_get(s.receipt, "event")), 2);
	assert_string_equal(receipt_event_at(&s, 0, "privacy_notice"), sha256[0]);
	assert_string_equal(receipt_event_at(&s, 1, "event_state"), "given"); // nothing expired
	assert_string_equal(receipt_event_at(&s, 1, "privacy_notice"), sha256[1]);
	cJSON_Delete(s.receipt);
	// Also over a withdrawal and a third time.
	assert_int_equal(decide_in(f, reworded, "marketing", false, false), CONSENT_WITHDRAWN);
	fixture_time += DAY;
	assert_int_equal(decide_in(f, reworded, "marketing", true, false), CONSENT_GIVEN);
	s = see_all(f);
	static const char *const states[] = {"given", "given", "withdrawn", "given"};
	assert_int_equal(s.count, 1);
	assert_int_equal(cJSON_GetArraySize(json_get(s.receipt, "event")), ARRAY_LEN(states));
	for (int i = 0; i < (int)ARRAY_LEN(states); i++)
		assert_string_equal(receipt_event_at(&s, i, "event_state"), states[i]);
	assert_string_equal(receipt_event_at(&s, 0, "privacy_notice"), sha256[0]);
	assert_string_equal(receipt_event_at(&s, 1, "privacy_notice"), sha256[1]);
	cJSON_Delete(s.receipt);
}

static const char *processing_first(const struct seen *s, const char *list)
{
	const cJSON *processing = cJSON_GetArrayItem(json_get(s->receipt, "pii_processing"), 0),
		    *first = cJSON_GetArrayItem(json_get(processing, list), 0);

	return first != NULL ? first->valuestring : NULL;
}

// The fields of ISO/IEC TS 27560, as the policy says them of what rests on the consent; of a refusal no basis, and of a signal that it was one.
static void a_receipt_says_what_the_consent_is_for(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with(NULL, NULL);
	static const char assessed[] = "{\"improve\":[\"DPIA 7\"]}";
	JSON_AUTO cJSON *assessments = json_parse(assessed, sizeof assessed - 1, NULL);
	static const char *const filled[] = {"pii_controllers",
					     "purpose_type",
					     "purpose",
					     "pii_information",
					     "pii_type",
					     "processing_method",
					     "storage_locations",
					     "processing_locations",
					     "geographic_restrictions",
					     "retention_period",
					     "recipient_third_parties",
					     "privacy_rights",
					     "impact_assessment"};
	struct seen s = {.policy = &f->policy, .assessments = assessments};
	struct err e = {0};

	use(f, p);
	assert_int_equal(decide_in(f, p, "analytics", true, false), CONSENT_GIVEN);
	assert_int_equal(consent_each(f->vault, see, &s, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(filled); i++)
		if (processing_first(&s, filled[i]) == NULL)
			fail_msg("%s is empty", filled[i]);
	const cJSON *processing = cJSON_GetArrayItem(json_get(s.receipt, "pii_processing"), 0);
	assert_string_equal(processing_first(&s, "pii_controllers"), p->controller.name);
	assert_string_equal(processing_first(&s, "purpose_type"), "improve");
	assert_string_equal(processing_first(&s, "impact_assessment"), "DPIA 7");
	assert_string_equal(processing_first(&s, "geographic_restrictions"), "US");
	assert_string_equal(json_string(processing, "policy_version"), p->version);
	assert_string_equal(json_string(processing, "lawful_basis"), "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a");
	assert_int_equal(cJSON_GetArraySize(json_get(processing, "sensitive_pii_category")), 0);
	assert_true(cJSON_IsBool(json_get(processing, "pii_optional")));
	assert_string_equal(receipt_event_at(&s, 0, "event_type"), "explicit");
	assert_string_equal(receipt_event_at(&s, 0, "validity_duration"), "P12M");
	cJSON_Delete(s.receipt);
	s.receipt = NULL;
	token_new(principal);
	fixture_time += 1;
	assert_int_equal(decide_in(f, p, "marketing", true, true), CONSENT_REFUSED);
	assert_int_equal(consent_each(f->vault, see, &s, &e), 0);
	assert_string_equal(s.state, "refused");
	assert_string_equal(receipt_event_at(&s, 0, "event_type"), "signal");
	assert_null(receipt_event_at(&s, 0, "validity_duration"));
	assert_null(json_string(cJSON_GetArrayItem(json_get(s.receipt, "pii_processing"), 0), "lawful_basis"));
	cJSON_Delete(s.receipt);
}

static void silence_is_no_consent_but_where_the_policy_has_an_opt_out(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with("<consent id=\"surveys\" form=\"opt-in\">", "<consent id=\"surveys\" form=\"opt-out\">");

	use(f, p);
	assert_false(now_of(f, "marketing", false).allowed);
	assert_true(now_of(f, "surveys", false).allowed);
	assert_int_equal(decide_in(f, p, "surveys", false, false), CONSENT_REFUSED);
	assert_false(now_of(f, "surveys", false).allowed);
}

static void another_text_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with(NULL, NULL);
	POLICY_AUTO struct policy *other =
	    policy_with("May we count how you use the site?", "May we count, and sell, how you use the site?");
	char same[TOKEN_LEN + 1];

	use(f, p);
	memcpy(same, principal, sizeof same);
	decide_in(f, p, "analytics", true, false);
	decide_in(f, p, "performance", true, false);
	use(f, other);
	memcpy(principal, same, sizeof same);
	struct consent_now now = now_of(f, "analytics", false);
	assert_int_equal(now.state, CONSENT_EXPIRED);
	assert_true(now.ask && !now.allowed);
	assert_true(now_of(f, "performance", false).allowed);
	assert_int_equal(decide_in(f, other, "analytics", true, false), CONSENT_GIVEN);
	assert_true(now_of(f, "analytics", false).allowed);
	// Who says no to the new text takes the old one back.
	decide_in(f, other, "analytics", true, false);
	use(f, p);
	memcpy(principal, same, sizeof same);
	assert_int_equal(now_of(f, "analytics", false).state, CONSENT_EXPIRED);
	assert_int_equal(decide_in(f, p, "analytics", false, false), CONSENT_WITHDRAWN);
	assert_int_equal(decide_in(f, p, "analytics", true, false), CONSENT_GIVEN);
	use(f, other);
	memcpy(principal, same, sizeof same);
	// And after twelve months, when nothing is kept of it either.
	fixture_time += 366 * DAY;
	now = now_of(f, "analytics", false);
	assert_true(now.ask && !now.allowed);
	assert_int_equal(see_all(f).count, 0);
}

static void the_signal_says_no_to_what_it_covers(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with(NULL, NULL);

	use(f, p);
	assert_int_equal(decide_in(f, p, "marketing", true, true), CONSENT_REFUSED);
	assert_int_equal(decide_in(f, p, "functionality", true, true), CONSENT_GIVEN);
	assert_false(now_of(f, "marketing", true).allowed);
	assert_true(now_of(f, "functionality", true).allowed);
	// Given before, and the browser says no now.
	assert_int_equal(decide_in(f, p, "marketing", true, false), CONSENT_GIVEN);
	assert_true(now_of(f, "marketing", false).allowed);
	assert_false(now_of(f, "marketing", true).allowed);
}

static void what_rests_on_a_consent_ends_with_it(void **state)
{
	struct fixture *f = *state;
	POLICY_AUTO struct policy *p = policy_with(NULL, NULL);
	struct policy_purpose purposes[] = {{.id = "keeping", .basis = BASIS_CONSENT, .consent = "surveys"}};
	const char *const items[] = {"keeping", NULL};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	size_t count = 0;

	use(f, p);
	f->policy.purposes = purposes;
	f->policy.purpose_count = 1;
	fixture_keeps(&f->policy, KIND_PREFERENCE, (struct policy_life){0});
	fixture_lives[KIND_PREFERENCE][0] = (struct policy_life){.lasts_while = CONDITION_CONSENT};
	f->policy.kinds[KIND_PREFERENCE].lives = fixture_lives[KIND_PREFERENCE];
	f->policy.kinds[KIND_PREFERENCE].life_count = 1;
	f->policy.kinds[KIND_PREFERENCE].purposes = (struct policy_strings){items, 1};
	decide_in(f, p, "surveys", true, false);
	decide_in(f, p, "marketing", true, false);
	const struct vault_new record = {.kind = KIND_PREFERENCE, .subject = principal, .body = "{}", .body_len = 2};
	assert_int_equal(vault_put(f->vault, &record, NULL, id, &e), 0);
	assert_int_equal(decide_in(f, p, "marketing", false, false), CONSENT_WITHDRAWN);
	assert_true(fixture_has(f, id));
	assert_int_equal(consent_withdraw(f->vault, principal, 0, false, &count, &e), 0);
	assert_int_equal(count, f->policy.consent_count);
	assert_false(now_of(f, "surveys", false).allowed);
	assert_false(fixture_has(f, id));
	f->policy.kinds[KIND_PREFERENCE].keep = KEEP_UNDECLARED;
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_consent_that_is_given_again_keeps_the_proof_of_the_earlier),
	    T(a_receipt_says_what_the_consent_is_for),
	    T(a_decision_is_recorded_once_and_can_be_shown),
	    T(silence_is_no_consent_but_where_the_policy_has_an_opt_out),
	    T(another_text_is_asked_for_again),
	    T(the_signal_says_no_to_what_it_covers),
	    T(what_rests_on_a_consent_ends_with_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
