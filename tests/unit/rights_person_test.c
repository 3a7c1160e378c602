// SPDX-License-Identifier: ISC
// A person is found by their contact once it was proven, and by nobody before that: the plain forms of contacts, what access and erasure reach by one, what is
// counted and what is kept quiet while it is not proven, and what the secret of who merely sent a request shows no more.
#include "policy/rights/erase.h"
#include "policy/rights/export.h"
#include "policy/rights/identity.h"
#include "policy/rights/outbox.h"
#include "policy/rights/reading.h"
#include "policy/rights/rectify.h"
#include "policy/rights/restrict.h"
#include "tests/unit/rights_place.h"
#include "tests/unit/rights_text.h"

#define RECEIPT "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"
static const struct rights_act known = {
    .event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "document", .reason = "saw it", .contact_too = true};

static void plain_forms(void **state)
{
	static const char *const forms[][2] = {
	    {"Ines.Probe@Example.ORG", "ines.probe@example.org"},
	    {"  ines.probe@example.org ", "ines.probe@example.org"},
	    {"Ines Probe <Ines.Probe@example.org>", "ines.probe@example.org"},
	    {"ines+shop@example.org", "ines+shop@example.org"},
	    {"ines@b\u00fccher.example", "ines@xn--bcher-kva.example"},
	    {"+49 (0)30 123-456", "+4930123456"},
	    {"0049 30 / 123456", "+4930123456"},
	    {"030 123456", "030123456"},
	    {"12  St James\tSquare", "12 st james square"},
	    {"1234", "1234"},
	};
	char out[PERSON_VALUE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_true(person_contact(out, forms[i][0]));
		assert_string_equal(out, forms[i][1]);
	}
	assert_false(person_contact(out, "  "));
}

// What an export of the request has: records given, and the count that is withheld of requests.
struct copied {
	uint64_t records, given, withheld, others;
	bool not_searched;
};

static struct copied copied(struct place *p, const char *id, enum export_contact contact)
{
	PERSON_AUTO struct person person = {0};
	struct export_selector by[EXPORT_SELECTORS_MAX];
	struct export *x = NULL;
	BUF_AUTO struct buf json = BUF_INIT(1 << 20);
	size_t count = 0;
	struct err e = {0};

	if (export_of_request(p->vault, id, contact, by, &count, &person, &e) != 0 ||
	    export_gather(&x, p->vault, p->policy, by, count, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(export_json(x, &json), 0);
	JSON_AUTO cJSON *top = json_parse(buf_text(&json), json.len, &e);
	const cJSON *not_searched = json_get(top, "not_searched");
	const struct copied out = {export_records(x), x->kinds[KIND_RIGHTS_REQUEST].given,
				   x->kinds[KIND_RIGHTS_REQUEST].withheld[GROUND_CONTACT],
				   x->kinds[KIND_RIGHTS_REQUEST].withheld[GROUND_OTHERS], cJSON_GetArraySize(not_searched) > 0};
	assert_true(cJSON_IsArray(not_searched));
	export_free(x);
	return out;
}

static void set_put(struct place *p, const char *receipt, char id[RECORD_ID_LEN + 1])
{
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = receipt, .body = "{}", .body_len = 2};
	struct err e = {0};

	if (vault_put(p->vault, &archive, NULL, id, &e) != 0)
		fail_msg("%s", e.text);
}

// Three of one person, of which one names a receipt; one of somebody else.
struct three {
	struct rights_receipt access, complaint, restriction, other;
	char set[RECORD_ID_LEN + 1];
};

static struct three three(struct place *p)
{
	struct three t;

	set_put(p, RECEIPT, t.set);
	t.access = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT});
	t.complaint =
	    place_asked(p, &(struct rights_new){.right = "complaint", .contact = "Ines Probe <INES.probe@EXAMPLE.org>", .message = "m"});
	t.restriction = place_asked(p, &(struct rights_new){.right = "restriction", .contact = CONTACT, .receipt = RECEIPT});
	t.other = place_asked(p, &(struct rights_new){.right = "complaint", .contact = "ines@example.org"});
	return t;
}

static void a_proven_contact_finds_everything_and_one_that_is_not_finds_nothing(void **state)
{
	struct place *p = *state;
	const struct three t = three(p);
	struct copied c = copied(p, t.access.id, EXPORT_CONTACT_PROVEN);

	// Nobody learns from a copy whether the contact is known; the officer counts.
	assert_int_equal(c.records, 1);
	assert_true(c.not_searched);
	assert_int_equal(c.withheld, 0);
	assert_int_equal(copied(p, t.access.id, EXPORT_CONTACT_COUNTED).withheld, 2);
	// A passport says who somebody is, and nothing of the address that they typed.
	const struct rights_act passport = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "document", .reason = "saw it"},
				no_contact = {
				    .event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "receipt", .reason = "r", .contact_too = true};
	place_did(p, t.access.id, &passport, ERR_NONE);
	place_did(p, t.access.id, &no_contact, ERR_INPUT);
	assert_true(copied(p, t.access.id, EXPORT_CONTACT_PROVEN).not_searched);
	place_did(p, t.access.id, &known, ERR_NONE);
	c = copied(p, t.access.id, EXPORT_CONTACT_PROVEN);
	assert_int_equal(copied(p, t.access.id, EXPORT_CONTACT_NEVER).records, 1);
	// Who gave the same contact and has not shown that it is theirs may be anybody: counted, and what they wrote is not handed out.
	assert_int_equal(c.given, 1);
	assert_int_equal(c.others, 2);
	assert_int_equal(c.records, 1);
	assert_false(c.not_searched);
	place_did(p, t.restriction.id, &known, ERR_NONE);
	assert_int_equal(copied(p, t.access.id, EXPORT_CONTACT_PROVEN).records, 3); // that one, and what it names
	// A receipt, or a mandate, says nothing of the contact.
	const struct rights_act by_receipt = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "receipt", .reason = "r"},
				by_mandate = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "mandate", .reason = "r"};
	place_did(p, t.complaint.id, &by_receipt, ERR_NONE);
	place_did(p, t.complaint.id, &by_mandate, ERR_NONE);
	assert_true(copied(p, t.complaint.id, EXPORT_CONTACT_PROVEN).not_searched);
}

static void a_corrected_contact_is_found_by_the_new_one_alone(void **state)
{
	struct place *p = *state;
	const struct three t = three(p);
	const struct rectify_value value = {"contact", "paul@example.org"};
	struct err e = {0};

	place_did(p, t.access.id, &known, ERR_NONE);
	place_did(p, t.complaint.id, &known, ERR_NONE);
	assert_int_equal(copied(p, t.access.id, EXPORT_CONTACT_PROVEN).given, 2); // what has no tag yet has one from here on
	assert_int_equal(rectify_request(p->vault, t.complaint.id, &value, 1, "person", NULL, &e), 0);
	assert_int_equal(copied(p, t.access.id, EXPORT_CONTACT_PROVEN).given, 1);
	assert_true(copied(p, t.complaint.id, EXPORT_CONTACT_PROVEN).not_searched); // not shown to be theirs
	place_did(p, t.complaint.id, &known, ERR_NONE);
	assert_int_equal(copied(p, t.complaint.id, EXPORT_CONTACT_PROVEN).given, 1);
}

static void whoever_acts_for_others_is_not_found_by_their_own_contact(void **state)
{
	struct place *p = *state;
	JSON_AUTO cJSON *firm = cJSON_Parse("{\"name\":\"Firm\",\"answer_to\":\"agent\",\"mandate\":{\"seen\":\"2026-01-01T00:00:00Z\"}}");
	char mail[RECORD_ID_LEN + 1];
	struct err e = {0};

	if (firm == NULL)
		fail_msg("the text of the agent");
	for (int i = 0; i < 2; i++) {
		const struct rights_receipt r =
		    place_asked(p, &(struct rights_new){.right = "complaint", .contact = CONTACT, .agent = firm, .by = "anna"});
		const struct outbox_new letter = {.to = CONTACT, .subject = "s", .text = "t", .what = "answer", .request = r.id};
		assert_int_equal(outbox_add(p->vault, &letter, mail, &e), 0);
		place_did(p, r.id, &known, ERR_NONE);
	}
	const struct rights_receipt own = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT});
	const struct outbox_new letter = {.to = CONTACT, .subject = "s", .text = "t", .what = "answer", .request = own.id};
	assert_int_equal(outbox_add(p->vault, &letter, mail, &e), 0);
	place_did(p, own.id, &known, ERR_NONE);
	assert_int_equal(copied(p, own.id, EXPORT_CONTACT_PROVEN).records, 2); // it, and its letter
}

static void an_erasure_reaches_what_the_contact_does_and_counts_it_once(void **state)
{
	struct place *p = *state;
	struct three t = three(p);
	const struct rights_receipt r = place_asked(p, &(struct rights_new){.right = "erasure", .contact = CONTACT});
	const struct outbox_new letter = {.to = CONTACT, .subject = "s", .text = "t", .what = "incident"},
				of_stranger = {.to = CONTACT, .subject = "s", .text = "t", .what = "answer", .request = t.complaint.id},
				of_person = {.to = CONTACT, .subject = "s", .text = "t", .what = "answer", .request = r.id};
	BUF_AUTO struct buf certificate = BUF_INIT(CERTIFICATE_FILE_MAX);
	struct vault_record set = {0};
	struct erase_result plan, done;
	char mail[RECORD_ID_LEN + 1], own[RECORD_ID_LEN + 1], theirs[RECORD_ID_LEN + 1];
	struct err e = {0};

	assert_int_equal(outbox_add(p->vault, &letter, mail, &e), 0);
	assert_int_equal(outbox_add(p->vault, &of_stranger, theirs, &e), 0);
	assert_int_equal(outbox_add(p->vault, &of_person, own, &e), 0);
	assert_int_equal(rights_fulfil_erasure(p->vault, r.id, "anna", true, &plan, NULL, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	place_did(p, r.id, &known, ERR_NONE);
	place_did(p, t.restriction.id, &known, ERR_NONE);
	e = (struct err){0};
	// What finds the others goes last, so that an erasure that is cut off can be run again.
	PERSON_AUTO struct person all = {0};
	assert_int_equal(person_of_contact(p->vault, CONTACT, &all, &e), 0);
	assert_int_equal(all.count, 4);
	assert_int_equal(all.list[0].by, ERASE_RECEIPT);
	assert_int_equal(all.list[all.count - 1].by, ERASE_RECORD);
	if (rights_fulfil_erasure(p->vault, r.id, "anna", true, &plan, NULL, &e) != 0)
		fail_msg("%s", e.text);
	// Two requests, which stay; the letters and the set go. What others sent who gave the same contact is counted.
	assert_int_equal(plan.stores[0].found, 5);
	assert_int_equal(plan.stores[0].kept, 2);
	assert_int_equal(plan.unproven, 2);
	place_did(p, r.id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna", .text = "done"}, ERR_REFUSED); // it is here still
	if (rights_fulfil_erasure_text(p->vault, r.id, "anna", false, &done, &certificate, &e) != 0)
		fail_msg("%s", e.text);
	assert_true(done.complete);
	assert_int_equal(done.residue_hits, 0);
	assert_int_equal(done.stores[0].erased, 3);
	assert_int_equal(done.stores[0].kept, 2);
	assert_true(done.stores[0].verified != 0);
	assert_int_equal(vault_get(p->vault, t.set, &set, &e), -1);
	assert_int_equal(vault_get(p->vault, mail, &set, &e), -1);
	assert_int_equal(vault_get(p->vault, own, &set, &e), -1);
	assert_int_equal(vault_get(p->vault, theirs, &set, &e), 0);
	vault_record_free(&set);
	// Closed since, they go with the person's erasure, and the strangers' do not.
	const struct rights_act spam = {.event = EVENT_CLOSED, .by = "anna", .ground = "non-responsive"};
	place_did(p, t.complaint.id, &spam, ERR_NONE);
	PERSON_AUTO struct person again = {0};
	assert_int_equal(person_of_contact(p->vault, CONTACT, &again, &e), 0);
	assert_int_equal(again.unproven, 2);
	for (size_t i = 0; i < again.count; i++)
		assert_string_not_equal(again.list[i].value, t.complaint.id);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(shown, "state"), "fulfilled");
	vault_record_free(&set);
}

// A store of a version that had no such tag.
static void what_was_stored_before_there_was_the_tag_is_found(void **state)
{
	struct place *p = *state;
	const struct three t = three(p);
	const struct vault_tag none[] = {{PERSON_TAG, NULL}, {NULL, NULL}};
	const struct rights_receipt *const all[] = {&t.access, &t.complaint, &t.restriction};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(vault_update(p->vault, all[i]->id, &(struct vault_change){.tags = none}, NULL, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		place_did(p, all[i]->id, &known, ERR_NONE);
	assert_int_equal(copied(p, t.access.id, EXPORT_CONTACT_PROVEN).given, 3);
}

static void an_older_mail_is_tagged_as_a_new_one_is(void **state)
{
	struct place *p = *state;
	const struct rights_receipt r = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT});
	const struct outbox_new mails[] = {{.to = CONTACT, .subject = "s", .text = "t", .what = "answer", .request = r.id},
					   {.to = CONTACT, .subject = "s", .text = "t", .what = "incident", .incident = r.id}};
	const struct vault_tag none[] = {{PERSON_TAG, NULL}, {NULL, NULL}};
	struct erase_result found = {0};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(mails); i++) {
		assert_int_equal(outbox_add(p->vault, &mails[i], id, &e), 0);
		assert_int_equal(vault_update(p->vault, id, &(struct vault_change){.tags = none}, NULL, &e), 0);
	}
	assert_int_equal(vault_update(p->vault, r.id, &(struct vault_change){.tags = none}, NULL, &e), 0);
	assert_int_equal(vault_erase(p->vault, ERASE_CONTACT, CONTACT, true, &found, &e), 0);
	assert_int_equal(found.stores[0].found, 0);
	assert_int_equal(outbox_tag_old(p->vault, &e), 0);
	assert_int_equal(vault_erase(p->vault, ERASE_CONTACT, CONTACT, true, &found, &e), 0);
	assert_int_equal(found.stores[0].found, 2); // the request, and its letter; none to an authority
}

static char token[TOKEN_LEN + 1], code[IDENTITY_CODE_LEN + 1];

static int letter_take(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
		       const char *text, size_t len, char failure[OUTBOX_FAILURE], unsigned *wait_s)
{
	*wait_s = 0;
	const char *link = strstr(text, "/rights/confirm/"), *digits = strstr(text, "page of your request: ");
	(void)run, (void)processor, (void)kinds, (void)to, (void)subject, (void)number, (void)len, (void)failure;
	assert_true(link != NULL && digits != NULL);
	memcpy(token, link + strlen("/rights/confirm/"), TOKEN_LEN);
	memcpy(code, digits + strlen("page of your request: "), IDENTITY_CODE_LEN);
	return 0;
}

static void mailed(struct place *p, const char *id)
{
	static const struct outbox_way way = {letter_take, ""};
	char mail[RECORD_ID_LEN + 1];
	struct outbox_sent sent;
	struct err e = {0};

	if (identity_mail(p->vault, p->policy, id, "site", NULL, mail, &e) != 0 || outbox_send(p->vault, mail, true, &way, &sent, &e) != 0)
		fail_msg("%s", e.text);
}

static int person_make(void **state)
{
	static const char *const changes[][2] = {
	    {"<right id=\"access\" verify=\"receipt\" self-service=\"yes\"", "<right id=\"access\" verify=\"mail\""}, {NULL, NULL}};

	place_open(state, "bizimages", changes);
	return 0;
}

static void who_presses_the_button_has_the_copy_and_who_sent_it_has_not(void **state)
{
	struct place *p = *state;
	struct rights_receipt sender = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT}), owner = sender;
	const struct rights_act answered = {.event = EVENT_ANSWERED, .by = "anna", .text = "We keep a lot."};
	struct err e = {0};

	mailed(p, sender.id);
	if (identity_confirm_link(p->vault, token, NULL, owner.id, owner.secret, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(owner.id, sender.id);
	assert_string_not_equal(owner.secret, sender.secret);
	place_did(p, sender.id, &answered, ERR_NONE);
	JSON_AUTO cJSON *all = place_shown(p, &owner), *less = place_shown(p, &sender);
	assert_null(json_get(all, "mailbox"));
	assert_true(cJSON_IsTrue(json_get(less, "mailbox")));
	assert_non_null(json_get(all, "certificate"));
	assert_null(json_get(less, "certificate"));
	BUF_AUTO struct buf text = BUF_INIT(1 << 20);
	assert_int_equal(json_print(&text, less), 0);
	assert_null(strstr(buf_text(&text), "We keep a lot."));
	assert_string_equal(json_string(less, "state"), "fulfilled");
	// Other secrets, and this one of another request, show nothing.
	const struct rights_receipt other = place_asked(p, &(struct rights_new){.right = "access", .contact = "paul@example.org"});
	BUF_AUTO struct buf json = BUF_INIT(1 << 20);
	assert_int_equal(rights_text(&json, rights_show(p->vault, other.id, owner.secret, &e)), -1);
	assert_int_equal(rights_text(&json, rights_show(p->vault, owner.id, other.secret, &e)), -1);
	// The copy of the person does not show it.
	struct vault_record record = {0};
	assert_int_equal(vault_get(p->vault, owner.id, &record, &e), 0);
	assert_non_null(strstr(buf_text(&record.body), "\"owner\":"));
	assert_null(strstr(buf_text(&record.body), owner.secret));
	vault_record_free(&record);
	assert_int_equal(copied(p, owner.id, EXPORT_CONTACT_PROVEN).given, 1);
}

static void the_first_secret_does_nothing_once_the_button_was_pressed_whatever_is_corrected(void **state)
{
	struct place *p = *state;
	struct rights_receipt sender = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT}), owner = sender;
	const struct rectify_value value = {"contact", "paul@example.org"};
	const struct rights_act told = {.event = EVENT_RECIPIENT, .by = "site", .recipient = "acme", .reason = "r"},
				kept = {.event = EVENT_RESTRICTED, .by = "anna", .ground = "accuracy-contested", .reason = "r"};
	struct err e = {0};

	mailed(p, sender.id);
	assert_int_equal(identity_confirm_link(p->vault, token, NULL, owner.id, owner.secret, &e), 0);
	assert_int_equal(rectify_request(p->vault, owner.id, &value, 1, "person", NULL, &e), 0);
	mailed(p, owner.id);
	assert_int_equal(identity_confirm_code(p->vault, owner.id, code, &e), 0);
	place_did(p, owner.id, &told, ERR_NONE);
	place_did(p, owner.id, &kept, ERR_NONE);
	JSON_AUTO cJSON *all = place_shown(p, &owner), *less = place_shown(p, &sender);
	BUF_AUTO struct buf text = BUF_INIT(1 << 20), more = BUF_INIT(1 << 20);
	BUF_AUTO struct buf of_officer = BUF_INIT(1 << 20);
	assert_true(cJSON_IsTrue(json_get(less, "mailbox")));
	assert_int_equal(rights_text(&of_officer, rights_show_officer(p->vault, owner.id, false, &e)), 0); // an agent's link goes by it
	assert_non_null(strstr(buf_text(&of_officer), "\"mailbox\":true"));
	assert_int_equal(json_print(&text, less), 0);
	assert_int_equal(json_print(&more, all), 0);
	assert_null(strstr(buf_text(&text), "recipient"));
	assert_null(strstr(buf_text(&text), "restricted"));
	assert_non_null(strstr(buf_text(&more), "acme"));
	assert_string_equal(json_string(all, "restricted"), "accuracy-contested");
	assert_int_equal(rights_withdraw(p->vault, sender.id, sender.secret, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(rights_add(p->vault, sender.id, sender.secret, "and mine", &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(rights_withdraw(p->vault, owner.id, owner.secret, &e), 0);
}

static void the_code_is_typed_by_who_has_the_secret(void **state)
{
	struct place *p = *state;
	const struct rights_receipt sender = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT});
	struct err e = {0};

	const struct rights_receipt other = place_asked(p, &(struct rights_new){.right = "complaint", .contact = CONTACT});
	place_did(p, other.id, &known, ERR_NONE);
	mailed(p, sender.id);
	assert_int_equal(identity_confirm_code(p->vault, sender.id, code, &e), 0);
	JSON_AUTO cJSON *shown = place_shown(p, &sender);
	assert_null(json_get(shown, "mailbox"));
	assert_int_equal(copied(p, sender.id, EXPORT_CONTACT_PROVEN).given, 2);
}

static void the_end_of_a_copy_is_noted_with_the_answer(void **state)
{
	struct place *p = *state;
	const struct rights_receipt r = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT});
	const time_t then = when_now();
	char until[WHEN_TEXT];

	place_did(p, r.id, &known, ERR_NONE);
	JSON_AUTO cJSON *open = place_shown(p, &r);
	assert_null(json_get(open, "copy_until"));
	when_stand_at(then);
	place_did(p, r.id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna", .text = "done"}, ERR_NONE);
	when_text(until, then + RIGHTS_COPY_SECONDS);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(shown, "copy_until"), until);
	place_did(p, r.id, &(struct rights_act){.event = EVENT_REOPENED, .by = "anna", .reason = "more"}, ERR_NONE);
	JSON_AUTO cJSON *again = place_shown(p, &r);
	assert_null(json_get(again, "copy_until"));
}

struct entries {
	size_t count, nobody;
};

static int entry_count(void *arg, const struct ledger_entry *entry)
{
	struct entries *n = arg;

	n->count += strcmp(entry->name, "request-read") == 0;
	n->nobody += strcmp(entry->name, "request-read") == 0 && entry->details != NULL && strstr(entry->details, "\"found\":0") != NULL;
	assert_true(entry->details == NULL || strstr(entry->details, "probe") == NULL);
	return 0;
}

static void asking_by_a_contact_is_recorded_whether_or_not_it_is_known(void **state)
{
	struct place *p = *state;
	struct entries n = {0};
	struct err e = {0};

	(void)three(p);
	assert_int_equal(reading_contact(p->vault, "nobody@example.org", "anna", "she rang", &e), 0);
	assert_int_equal(reading_contact(p->vault, CONTACT, "anna", "she rang", &e), 0);
	assert_int_equal(reading_contact(p->vault, CONTACT, "anna", NULL, &e), -1);
	assert_int_equal(ledger_each(p->vault, 0, entry_count, &n, &e), 0);
	assert_int_equal(n.count, 4);
	assert_int_equal(n.nobody, 1);
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, person_make, place_drop)
static void record_sql(struct place *p, const char *sql, const char *id)
{
	char command[512];

	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"%s WHERE id = '%s'\"", p->state, sql, id);
	assert_int_equal(system(command), 0);
}

static bool is_restricted(struct place *p, const char *id)
{
	struct vault_record r = {0};
	struct err e = {0};
	const int ret = vault_get(p->vault, id, &r, &e);

	vault_record_free(&r);
	assert_true(ret == 0 || e.code == ERR_RESTRICTED);
	return ret != 0;
}

static void lift(struct place *p, const char *id, uint64_t records)
{
	struct restrict_result r;
	struct err e = {0};

	if (rights_restrict_count(p->vault, id, &r, &e) != 0 || rights_restrict_tell(p->vault, id, "It was right.", "Ada", &e) != 0 ||
	    rights_restrict_lift(p->vault, id, "Ada", &r, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(r.records, records);
}

static void what_was_restricted_is_lifted_whatever_became_of_the_contact(void **state)
{
	struct place *p = *state;
	const struct rights_new by_contact = {.right = "objection", .contact = CONTACT}; // which stays open, and can be corrected
	const struct three t = three(p);                                                 // `restriction` names the receipt
	const struct rights_receipt a = place_asked(p, &by_contact), b = place_asked(p, &by_contact), none = place_asked(p, &by_contact);
	const struct rectify_value value = {"contact", "paul@example.org"};
	const struct rights_receipt *const both[] = {&a, &b};
	struct restrict_result r;
	struct err e = {0};

	place_did(p, t.restriction.id, &known, ERR_NONE);
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		place_did(p, both[i]->id, &known, ERR_NONE);
		if (rights_restrict(p->vault, both[i]->id, "objection-pending", NULL, "Ada", false, &r, &e) != 0)
			fail_msg("%s", e.text);
		assert_int_equal(r.records, 1);
	}
	// One of before it was written down what is restricted, which leads to nothing by now.
	place_did(p, none.id, &(struct rights_act){.event = EVENT_RESTRICTED, .by = "Ada", .ground = "objection-pending"}, ERR_NONE);
	if (rectify_request(p->vault, b.id, &value, 1, "Ada", "moved", &e) != 0)
		fail_msg("%s", e.text);
	record_sql(p, "DELETE FROM record", t.restriction.id); // as pruning does
	lift(p, a.id, 0);                                      // the other one restricts the same
	assert_true(is_restricted(p, t.set));
	lift(p, b.id, 1);
	assert_false(is_restricted(p, t.set));
	lift(p, none.id, 0);
	// Neither is the receipt kept for that any longer, nor is it ever handed out.
	struct vault_record record = {0};
	assert_int_equal(vault_get(p->vault, b.id, &record, &e), 0);
	assert_null(strstr(buf_text(&record.body), RECEIPT));
	vault_record_free(&record);
}

// A mail of which it cannot be told whose request it is about is nobody's, and is not left out in silence.
static void a_request_that_cannot_be_read_does_not_make_its_mails_a_persons(void **state)
{
	struct place *p = *state;
	const struct rights_receipt r = place_asked(p, &(struct rights_new){.right = "access", .contact = CONTACT}),
				    stranger = place_asked(p, &(struct rights_new){.right = "complaint", .contact = CONTACT});
	const struct outbox_new mail = {.to = CONTACT, .subject = "s", .text = "t", .what = "answer", .request = stranger.id};
	PERSON_AUTO struct person person = {0};
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	assert_int_equal(outbox_add(p->vault, &mail, id, &e), 0);
	place_did(p, r.id, &known, ERR_NONE);
	record_sql(p, "UPDATE record SET body = zeroblob(length(body))", stranger.id);
	assert_int_not_equal(person_of_contact(p->vault, CONTACT, &person, &e), 0);
	assert_int_equal(e.code, ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_forms),
	    PLACED(a_proven_contact_finds_everything_and_one_that_is_not_finds_nothing),
	    PLACED(a_corrected_contact_is_found_by_the_new_one_alone),
	    PLACED(whoever_acts_for_others_is_not_found_by_their_own_contact),
	    PLACED(an_erasure_reaches_what_the_contact_does_and_counts_it_once),
	    PLACED(what_was_stored_before_there_was_the_tag_is_found),
	    PLACED(an_older_mail_is_tagged_as_a_new_one_is),
	    PLACED(who_presses_the_button_has_the_copy_and_who_sent_it_has_not),
	    PLACED(the_first_secret_does_nothing_once_the_button_was_pressed_whatever_is_corrected),
	    PLACED(the_code_is_typed_by_who_has_the_secret),
	    PLACED(the_end_of_a_copy_is_noted_with_the_answer),
	    PLACED(what_was_restricted_is_lifted_whatever_became_of_the_contact),
	    PLACED(a_request_that_cannot_be_read_does_not_make_its_mails_a_persons),
	    PLACED(asking_by_a_contact_is_recorded_whether_or_not_it_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
