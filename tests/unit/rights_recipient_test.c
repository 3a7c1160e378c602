// SPDX-License-Identifier: ISC
// Article 19: whoever got data of a person is told what became of it, and the person sees who was told, when, and what they confirmed.
#include "policy/rights/authority.h"
#include "policy/rights/erase.h"
#include "policy/rights/outbox.h"
#include "policy/rights/reach.h"
#include "policy/rights/recipient.h"
#include "policy/rights/rectify.h"
#include "policy/rights/restrict.h"
#include "tests/unit/rights_disk.h"
#include "tests/unit/rights_text.h"

#define PRIVACY "privacy@processor.example"

// With a set that was made under a receipt.
static int recipient_make(void **state)
{
	place_open(state, "bizimages", NULL);
	struct place *p = *state;
	token_new(p->receipt);
	static const char body[] =
	    "{\"pictures\":[{}],\"sent_to\":[{\"id\":\"azure-openai\",\"name\":\"Azure\",\"kinds\":[\"input\",\"prompt\"]},"
	    "{\"id\":\"sketch\",\"name\":\"ours\",\"kinds\":[\"prompt\"]}]}";
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = p->receipt, .body = body, .body_len = sizeof body - 1};
	char id[RECORD_ID_LEN + 1];
	return vault_put(p->vault, &archive, NULL, id, NULL);
}

static void address_give(struct place *p, const char *processor)
{
	for (size_t i = 0; i < p->policy->processor_count; i++)
		if (strcmp(p->policy->processors[i].id, processor) == 0)
			((struct policy_processor *)(uintptr_t)&p->policy->processors[i])->privacy_mail = PRIVACY;
}

static void asked_for(struct place *p, const char *right)
{
	p->asked = place_asked(p, &(struct rights_new){.right = right, .contact = CONTACT, .receipt = p->receipt, .by = "Ada"});
}

// As the person is shown it.
static cJSON *shown_recipients(struct place *p)
{
	JSON_AUTO cJSON *shown = place_shown(p, &p->asked);

	return cJSON_DetachItemFromObjectCaseSensitive(shown, "recipients");
}

static struct {
	unsigned calls;
	char to[MAIL_ADDRESS_SIZE], text[8192];
} told;

static int notice_take(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		       const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s)
{
	*wait_s = 0;
	(void)run;
	(void)number;
	(void)failure;
	assert_string_equal(processor, "smtp");
	assert_int_equal(kinds, KIND_BIT(KIND_OUTBOX) | KIND_BIT(KIND_RIGHTS_REQUEST));
	assert_non_null(strstr(subject, "Notice about personal data"));
	told.calls++;
	snprintf(told.to, sizeof told.to, "%s", to);
	snprintf(told.text, sizeof told.text, "%.*s", (int)len, text);
	return 0;
}

static unsigned notices(struct place *p)
{
	const struct outbox_way way = {notice_take, ""};
	struct outbox_sent sent;
	struct err e = {0};

	memset(&told, 0, sizeof told);
	assert_int_equal(outbox_send(p->vault, NULL, true, &way, &sent, &e), 0);
	return told.calls;
}

static void erase_requested(struct place *p, struct buf *certificate)
{
	struct erase_result r;
	struct err e = {0};

	if (rights_fulfil_erasure_text(p->vault, p->asked.id, "Ada", false, &r, certificate, &e) != 0)
		fail_msg("%s", e.text);
}

static void a_recipient_with_an_address_is_told_once(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf certificate = BUF_INIT(65536);
	char today[WHEN_TEXT];
	struct err e = {0};

	address_give(p, "azure-openai");
	asked_for(p, "erasure");
	erase_requested(p, &certificate);
	JSON_AUTO cJSON *c = json_parse(buf_text(&certificate), certificate.len, &e);
	const cJSON *row = json_get(c, "recipients")->child;
	assert_non_null(json_string(row, "notified_at"));
	assert_null(json_get(row, "transfers"));
	JSON_AUTO cJSON *waiting = shown_recipients(p);
	assert_int_equal(cJSON_GetArraySize(waiting), 1); // what stays here went to nobody
	assert_string_equal(json_string(waiting->child, "notice"), "queued");
	// What is erased does not take the notice with it. It has the transfer, the number and what is asked for, and nothing by which the person is found.
	when_text(today, when_now());
	assert_int_equal(notices(p), 1);
	assert_string_equal(told.to, PRIVACY);
	assert_non_null(strstr(told.text, p->asked.id));
	today[WHEN_DATE - 1] = '\0';
	assert_non_null(strstr(told.text, today));
	assert_non_null(strstr(told.text, "input prompt"));
	assert_non_null(strstr(told.text, "Erase what you still have"));
	assert_null(strstr(told.text, p->receipt));
	assert_null(strstr(told.text, CONTACT));
	JSON_AUTO cJSON *sent = shown_recipients(p);
	assert_string_equal(json_string(sent->child, "notice"), "sent");
	assert_string_equal(json_string(sent->child, "about"), "erasure");
	assert_true(cJSON_IsNull(json_get(sent->child, "acknowledged")));
	// Done again after a kill, it is not told twice.
	JSON_AUTO cJSON *again = cJSON_Duplicate(json_get(c, "recipients"), true);
	assert_int_equal(recipients_tell(p->vault, p->asked.id, ABOUT_ERASURE, again, "Ada", &e), 0);
	assert_int_equal(notices(p), 0);
	// What it answers is noted by its hash.
	assert_int_not_equal(recipients_acknowledge(p->vault, p->asked.id, "nobody", "ab12", "Ada", &e), 0);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(recipients_acknowledge(p->vault, p->asked.id, "azure-openai", "ab12", "Ada", &e), 0);
	JSON_AUTO cJSON *confirmed = shown_recipients(p);
	assert_string_equal(json_string(confirmed->child, "ack_sha256"), "ab12");
	assert_non_null(json_string(confirmed->child, "acknowledged"));
}

// On a full disk, too: once, with the space that is kept for erasing, which is taken again.
static void a_recipient_is_told_on_a_full_disk(void **state)
{
	struct place *p = *state;
	const struct erase_selector who = {ERASE_RECEIPT, p->receipt};
	const struct outbox_new other = {
	    .to = PRIVACY, .subject = "Notice about personal data", .text = "t", .what = "notice", .kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	address_give(p, "azure-openai");
	asked_for(p, "restriction");
	JSON_AUTO cJSON *reach = reach_of(p->vault, &who, 1, &e);
	disk_full(p);
	unsigned others = 0;
	while (outbox_add(p->vault, &other, id, &e) == 0)
		others++;
	assert_int_equal(e.code, ERR_FULL);
	e = (struct err){0};
	const int ret = recipients_tell(p->vault, p->asked.id, ABOUT_RESTRICTION, cJSON_GetObjectItem(reach, "recipients"), "Ada", &e);
	disk_has_space();
	if (ret != 0)
		fail_msg("%s", e.text);
	assert_int_equal(notices(p), others + 1);
}

// The same without a request: by the receipt, at once.
static void who_erases_without_a_request_has_them_told_too(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf certificate = BUF_INIT(65536), again = BUF_INIT(65536);
	struct err e = {0};

	address_give(p, "azure-openai");
	assert_int_equal(rights_text(&certificate, rights_erase(p->vault, p->receipt, &e)), 0);
	assert_null(strstr(buf_text(&certificate), "transfers"));
	assert_int_equal(notices(p), 1);
	assert_int_equal(rights_text(&again, rights_erase(p->vault, p->receipt, &e)), 0);
	assert_int_equal(notices(p), 0);
}

static void where_nobody_can_be_told_the_expiry_is_recorded(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf certificate = BUF_INIT(65536);
	struct err e = {0};

	asked_for(p, "erasure");
	erase_requested(p, &certificate);
	assert_int_equal(notices(p), 0);
	JSON_AUTO cJSON *c = json_parse(buf_text(&certificate), certificate.len, &e);
	assert_true(cJSON_IsNull(json_get(json_get(c, "recipients")->child, "notified_at")));
	JSON_AUTO cJSON *list = shown_recipients(p);
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_non_null(json_string(list->child, "expires_by"));
	assert_true(cJSON_IsNull(json_get(list->child, "notice")));
}

static void a_restriction_is_told_and_so_is_its_end(void **state)
{
	struct place *p = *state;
	struct restrict_result r;
	struct err e = {0};

	address_give(p, "azure-openai");
	asked_for(p, "restriction");
	assert_int_equal(rights_restrict(p->vault, p->asked.id, "accuracy-contested", NULL, "Ada", true, &r, &e), 0);
	assert_int_equal(notices(p), 0); // a dry run tells nobody
	if (rights_restrict(p->vault, p->asked.id, "accuracy-contested", NULL, "Ada", false, &r, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(notices(p), 1);
	assert_non_null(strstr(told.text, "use it for nothing"));
	assert_int_equal(rights_restrict_tell(p->vault, p->asked.id, "It was right.", "Ada", &e), 0);
	assert_int_equal(rights_restrict_lift(p->vault, p->asked.id, "Ada", &r, &e), 0);
	assert_int_equal(notices(p), 1);
	assert_non_null(strstr(told.text, "has ended"));
	JSON_AUTO cJSON *list = shown_recipients(p);
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(json_string(list->child, "about"), "restriction");
	assert_string_equal(json_string(list->child, "notice"), "sent");
	assert_string_equal(json_string(list->child->next, "about"), "lifting");
}

// What a request says went to whoever carried letters about it, and to nobody where none went.
static void each_correction_is_told(void **state)
{
	const struct rights_act letter = {.event = EVENT_MAIL_SENT, .by = "site", .reason = "acknowledge"};
	struct place *p = *state;
	struct err e = {0};

	address_give(p, "smtp");
	asked_for(p, "access");
	assert_int_equal(
	    rectify_request(p->vault, p->asked.id, &(struct rectify_value){"contact", "one@example.org"}, 1, "Ada", "moved", &e), 0);
	assert_int_equal(notices(p), 0);
	assert_int_equal(rights_act(p->vault, p->asked.id, &letter, &e), 0);
	for (unsigned n = 1; n <= 2; n++) {
		const struct rectify_value value = {"contact", n == 1 ? "two@example.org" : "three@example.org"};
		assert_int_equal(rectify_request(p->vault, p->asked.id, &value, 1, "Ada", "moved", &e), 0);
		assert_int_equal(notices(p), 1);
		assert_non_null(strstr(told.text, "corrected"));
		assert_null(strstr(told.text, "example.org\n")); // neither what it was nor what it is
		JSON_AUTO cJSON *list = shown_recipients(p);
		assert_int_equal(cJSON_GetArraySize(list), n);
		assert_string_equal(json_string(list->child, "id"), "smtp");
		assert_non_null(json_string(list->child, "expires_by"));
	}
}

// What came of it, of what one authority asked; how many authorities are recipients then.
static size_t authorities_told(struct place *p, enum erase_by by, const char *value, const struct authority_answer *answer, time_t tell)
{
	const struct authority_new asks = {
	    .authority = "LKA", .ground = "court-order", .asked = "all", .receipt = p->receipt, .tell = tell, .by = "Ada"};
	char id[RECORD_ID_LEN + 1];
	size_t count = 0;
	const cJSON *one;
	struct err e = {0};

	if (authority_add(p->vault, &asks, id, &e) != 0 || authority_answer(p->vault, id, answer, &e) != 0)
		fail_msg("%s", e.text);
	JSON_AUTO cJSON *reach = reach_of(p->vault, &(struct erase_selector){by, value}, 1, &e);
	assert_non_null(reach);
	cJSON_ArrayForEach(one, json_get(reach, "recipients"))
	{
		if (strcmp(json_string(one, "id"), id) != 0)
			continue;
		assert_string_equal(json_string(one, "name"), "LKA");
		assert_string_equal(json_get(one, "kinds")->child->valuestring, "archive");
		assert_true(cJSON_IsNull(json_get(one, "expires_by")) && json_string(one, "sent_at") != NULL);
		count++;
	}
	return count;
}

static void an_authority_that_got_something_is_a_recipient_where_it_may_be_told(void **state)
{
	struct place *p = *state;
	const struct authority_answer given = {.given = KIND_BIT(KIND_ARCHIVE), .people = 1, .by = "Ada"}, nothing = {.by = "Ada"};
	const time_t now = when_now();
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = p->receipt, .body = "{}", .body_len = 2};
	char id[RECORD_ID_LEN + 1];

	assert_int_equal(authorities_told(p, ERASE_RECEIPT, p->receipt, &given, now), 1);
	assert_int_equal(authorities_told(p, ERASE_RECEIPT, p->receipt, &nothing, now), 0);
	assert_int_equal(authorities_told(p, ERASE_RECEIPT, p->receipt, &given, now + 86400), 0);
	assert_int_equal(authorities_told(p, ERASE_RECEIPT, p->receipt, &given, 0), 0);
	// Who has but the address of a ZIP is told of none.
	assert_int_equal(vault_put(p->vault, &archive, NULL, id, NULL), 0);
	assert_int_equal(authorities_told(p, ERASE_RECORD, id, &given, now), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, recipient_make, place_drop)
// Whom a set was sent to that was asked for from an address is nothing to who has that address now.
static void lines_of_an_address_lead_to_no_recipient(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf certificate = BUF_INIT(CERTIFICATE_FILE_MAX);
	char receipt[TOKEN_LEN + 1];
	struct err e = {0};

	token_new(receipt);
	const struct request_log_row row = {"203.0.113.7", "agent", receipt};
	assert_int_equal(request_log_append(p->vault, &row, &e), 0);
	JSON_AUTO cJSON *by_receipt = reach_of(p->vault, &(struct erase_selector){ERASE_RECEIPT, receipt}, 1, &e);
	assert_true(cJSON_GetArraySize(json_get(by_receipt, "recipients")) > 0); // the ZIP is gone: possible ones
	assert_int_equal(rights_text(&certificate, rights_erase_connection(p->vault, "203.0.113.7", &e)), 0);
	JSON_AUTO cJSON *erased = json_parse(certificate.data, certificate.len, &e);
	assert_string_equal(json_string(erased, "outcome"), "erased");
	assert_int_equal(cJSON_GetArraySize(json_get(erased, "recipients")), 0);
	assert_int_equal(notices(p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(an_authority_that_got_something_is_a_recipient_where_it_may_be_told),
					   TEST(a_recipient_with_an_address_is_told_once),
					   TEST(a_recipient_is_told_on_a_full_disk),
					   TEST(who_erases_without_a_request_has_them_told_too),
					   TEST(where_nobody_can_be_told_the_expiry_is_recorded),
					   TEST(a_restriction_is_told_and_so_is_its_end),
					   TEST(each_correction_is_told),
					   TEST(lines_of_an_address_lead_to_no_recipient)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
