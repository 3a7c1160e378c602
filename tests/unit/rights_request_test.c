// SPDX-License-Identifier: ISC
// Requests of data subjects in a real vault: recorded durably, shown to who has the secret and to no one else, erased at once where that is
// possible, with a certificate that names nobody.
#include "policy/rights/at_once.h"
#include "policy/rights/clock.h"
#include "policy/rights/erase.h"
#include "policy/vault/archive_token.h"
#include "tests/unit/rights_place.h"
#include "tests/unit/rights_text.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>

#define MESSAGE "Please tell me about the mill"
#define RECEIPT "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"

static struct rights_receipt record(struct vault *v, const char *right, const char *receipt)
{
	const struct rights_new request = {.right = right, .contact = CONTACT, .message = MESSAGE, .receipt = receipt};
	struct rights_receipt out;
	struct err e = {0};

	if (rights_record(v, &request, &out, &e) != 0)
		fail_msg("%s", e.text);
	return out;
}

static void put_archive(struct vault *v, const char *receipt, char id[RECORD_ID_LEN + 1])
{
	char pictures[TOKEN_LEN + 1];
	archive_token_pictures(pictures, "some-token");
	const struct vault_tag tags[] = {{"receipt", receipt}, {ARCHIVE_TOKEN_TAG, pictures}, {NULL, NULL}};
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = receipt, .tags = tags, .body = "{}", .body_len = 2};
	const struct ledger_event event = {.name = "archive"};
	struct err e = {0};

	if (vault_put(v, &archive, &event, id, &e) != 0)
		fail_msg("%s", e.text);
}

static bool held(struct vault *v, const char *id)
{
	struct vault_record r = {0};
	struct err e = {0};
	int ret = vault_get(v, id, &r, &e);

	if (ret == 0)
		vault_record_free(&r);
	return ret == 0;
}

static void recorded_and_shown(void **state)
{
	struct place *p = *state;
	time_t before = when_now();
	struct rights_receipt r = record(p->vault, "access", NULL);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	char due[WHEN_TEXT];

	assert_int_equal(strlen(r.id), RECORD_ID_LEN);
	assert_true(token_shaped(r.secret));
	assert_true(r.due >= clock_statutory(NULL, before, 1, 0) && r.due <= clock_statutory(NULL, when_now(), 1, 0));
	when_text(due, r.due);
	assert_string_equal(json_string(shown, "id"), r.id);
	assert_string_equal(json_string(shown, "right"), "access");
	assert_string_equal(json_string(shown, "state"), "open");
	assert_string_equal(json_string(shown, "due"), due);
	assert_true(cJSON_IsFalse(json_get(shown, "late")));
	assert_null(json_get(shown, "contact")); // not even to its owner
	assert_null(json_get(shown, "message"));
	assert_null(json_get(shown, "certificate"));
}

static void survives_a_restart(void **state)
{
	struct place *p = *state;
	struct err e = {0};
	struct rights_receipt r = record(p->vault, "objection", NULL);

	vault_close(p->vault);
	p->vault = NULL;
	assert_int_equal(vault_open(&p->vault, p->state, p->run, p->policy, VAULT_PROGRAM, &e), 0);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(shown, "right"), "objection");
}

static void a_right_that_is_not_offered(void **state)
{
	struct place *p = *state;
	const struct rights_new request = {.right = "levitation"};
	struct rights_receipt out;
	struct err e = {0};

	assert_int_equal(rights_record(p->vault, &request, &out, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_non_null(strstr(e.text, "access"));
	assert_non_null(strstr(e.text, "complaint"));
	assert_null(strstr(e.text, "levitation"));
}

static void wrong_ones_look_the_same(void **state)
{
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", NULL), other = record(p->vault, "access", NULL);
	char token[TOKEN_LEN + 1];
	const struct {
		const char *id, *secret;
	} wrong[] = {
	    {r.id, other.secret},
	    {other.id, r.secret},
	    {r.id, ""},
	    {"", r.secret},
	    {r.id, "x"},
	    {r.id, token},
	    {"00000000000000000000000000000000", r.secret},
	    {"00000000000000000000000000000000", token},
	};

	token_new(token);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		BUF_AUTO struct buf json = BUF_INIT(65536);
		struct err e = {0};
		assert_int_equal(rights_text(&json, rights_show(p->vault, wrong[i].id, wrong[i].secret, &e)), -1);
		assert_int_equal(e.code, ERR_NOT_FOUND);
		assert_string_equal(e.text, "there is no such request");
		assert_int_equal(json.len, 0);
	}
}

static void who_asks_is_verified_as_the_policy_says(void **state)
{
	static const struct {
		const char *right, *receipt, *says;
	} rows[] = {
	    {"access", RECEIPT, "\"verified\":true"},
	    {"access", NULL, "\"verified\":false"},   // verify="receipt", and there is none
	    {"complaint", NULL, "\"verified\":true"}, // verify="none"
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rights_receipt r = record(p->vault, rows[i].right, rows[i].receipt);
		BUF_AUTO struct buf shown = BUF_INIT(65536);
		struct err e = {0};
		assert_int_equal(rights_text(&shown, rights_show_officer(p->vault, r.id, false, &e)), 0);
		assert_non_null(strstr(buf_text(&shown), rows[i].says));
		// Nothing is handed out or erased for somebody of whom it is not known who they are; what the officer saw settles it.
		bool verified = strstr(rows[i].says, "true") != NULL;
		assert_int_equal(rights_check_identity(p->vault, r.id, &e), verified ? 0 : -1);
		assert_int_equal(e.code, verified ? ERR_NONE : ERR_REFUSED);
		if (verified)
			continue;
		const struct rights_act shows = {
		    .event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "document", .reason = "seen at the desk"};
		assert_int_equal(rights_act(p->vault, r.id, &shows, &e), 0);
		assert_int_equal(rights_check_identity(p->vault, r.id, &e), 0);
	}
}

static void the_officer_sees_contact_only_when_asked(void **state)
{
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", RECEIPT);
	BUF_AUTO struct buf plain = BUF_INIT(65536), personal = BUF_INIT(65536);
	struct err e = {0};

	assert_int_equal(rights_text(&plain, rights_show_officer(p->vault, r.id, false, &e)), 0);
	assert_null(strstr(buf_text(&plain), CONTACT));
	assert_null(strstr(buf_text(&plain), MESSAGE));
	assert_non_null(strstr(buf_text(&plain), "\"names_receipt\":true"));
	assert_int_equal(rights_text(&personal, rights_show_officer(p->vault, r.id, true, &e)), 0);
	assert_non_null(strstr(buf_text(&personal), CONTACT));
	assert_non_null(strstr(buf_text(&personal), MESSAGE));
	assert_null(strstr(buf_text(&personal), RECEIPT));
}

static int count_one(void *arg, const struct rights_row *row)
{
	assert_string_equal(row->state, "open");
	assert_string_equal(row->clock, "gdpr");
	assert_true(row->due > row->received);
	return ++*(int *)arg == 2;
}

static void each_walks_and_stops(void **state)
{
	struct place *p = *state;
	struct err e = {0};
	int count = 0;

	for (int i = 0; i < 3; i++)
		record(p->vault, "access", NULL);
	assert_int_equal(rights_each(p->vault, count_one, &count, &e), 0);
	assert_int_equal(count, 2);
}

static double found(const cJSON *certificate)
{
	double sum = 0;
	const cJSON *store;

	cJSON_ArrayForEach(store, json_get(certificate, "stores")) sum += json_number(store, "found", 0);
	return sum;
}

static void assert_certificate(const cJSON *c, const struct policy *p)
{
	static const char *const members[] = {"cert_version",   "cert_id",       "controller", "right",        "executed_at",
					      "policy_version", "policy_sha256", "stores",     "residue_scan", "audit_index",
					      "complete",       "note",          "outcome"};
	BUF_AUTO struct buf text = BUF_INIT(65536);

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (json_get(c, members[i]) == NULL)
			fail_msg("the certificate has no %s", members[i]);
	assert_string_equal(json_string(c, "policy_sha256"), p->sha256);
	assert_true(cJSON_IsTrue(json_get(c, "complete")));
	bool searched = !cJSON_IsNull(json_get(c, "residue_scan"));
	assert_true(searched || found(c) == 0);
	assert_true(!searched || json_number(json_get(c, "residue_scan"), "hits", -1) == 0);
	assert_true(!searched || json_number(json_get(c, "residue_scan"), "files", 0) > 0);
	assert_int_equal(json_print(&text, c), 0);
	assert_null(strstr(buf_text(&text), RECEIPT)); // no personal data
	assert_null(strstr(buf_text(&text), CONTACT));
}

static void erasure_with_a_receipt_is_done_at_once(void **state)
{
	struct place *p = *state;
	char mine[RECORD_ID_LEN + 1], theirs[RECORD_ID_LEN + 1];

	put_archive(p->vault, RECEIPT, mine);
	put_archive(p->vault, "another-receipt", theirs);
	struct rights_receipt r = record(p->vault, "erasure", RECEIPT);
	assert_false(held(p->vault, mine));
	assert_true(held(p->vault, theirs));
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(shown, "state"), "fulfilled");
	assert_non_null(json_string(shown, "answered"));
	assert_certificate(json_get(shown, "certificate"), p->policy);
	assert_true(found(json_get(shown, "certificate")) >= 1);
	BUF_AUTO struct buf kept = BUF_INIT(65536); // the receipt itself is not kept any longer
	struct err e = {0};
	assert_int_equal(rights_text(&kept, rights_show_officer(p->vault, r.id, true, &e)), 0);
	assert_non_null(strstr(buf_text(&kept), "\"names_receipt\":false"));
}

// Article 19: who got data is told to the person, with the day on which it has ended there by what the policy says, and stands in the certificate.
static void the_certificate_says_who_else_got_some_of_it(void **state)
{
	static const char body[] =
	    "{\"pictures\":[{},{\"thumbnail\":{}}],\"sent_to\":[{\"id\":\"azure-openai\",\"name\":\"Azure\",\"kinds\":[\"input\"]},"
	    "{\"id\":\"sketch\",\"name\":\"ours\",\"kinds\":[\"prompt\"]}]}";
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = RECEIPT, .body = body, .body_len = sizeof body - 1};
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1], until[WHEN_TEXT];
	struct err e = {0};

	assert_int_equal(vault_put(p->vault, &archive, NULL, id, &e), 0);
	when_text(until, duration_after(when_now(), (struct duration){.days = 30}));
	struct rights_receipt r = record(p->vault, "erasure", RECEIPT);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	const cJSON *certificate = json_get(shown, "certificate"), *one = json_get(certificate, "recipients")->child, *event;
	assert_int_equal(json_number(certificate, "cert_version", 0), 4);
	assert_int_equal(cJSON_GetArraySize(json_get(certificate, "recipients")), 1); // what stays here went to nobody
	assert_string_equal(json_string(one, "id"), "azure-openai");
	assert_string_equal(json_string(one, "name"), "Microsoft Ireland Operations Limited");
	assert_string_equal(json_get(one, "kinds")->child->valuestring, "input");
	assert_memory_equal(json_string(one, "expires_by"), until, strlen("2026-01-01"));
	const cJSON *derived = json_get(certificate, "derived");
	assert_int_equal(cJSON_GetArraySize(derived), 3);
	assert_string_equal(json_string(derived->child, "kind"), "image");
	assert_int_equal(json_number(derived->child, "count", 0), 2);
	assert_true(cJSON_IsNull(json_get(certificate, "backups")) || json_get(json_get(certificate, "backups"), "purge_by") != NULL);
	assert_int_equal(cJSON_GetArraySize(json_get(certificate, "known_ungoverned")), 2);
	bool told = false;
	cJSON_ArrayForEach(event, json_get(shown, "events"))
	{
		told |= strcmp(json_string(event, "event"), "recipient") == 0 && strstr(json_string(event, "reason"), "Microsoft") != NULL;
	}
	assert_true(told);
	// Run again, nothing more is found, and nothing was sent anew.
	BUF_AUTO struct buf again = BUF_INIT(65536);
	assert_int_equal(rights_text(&again, rights_erase(p->vault, RECEIPT, &e)), 0);
	JSON_AUTO cJSON *second = json_parse(buf_text(&again), again.len, &e);
	assert_null(json_get(second, "recipients")->child);
}

static void erasure_that_is_no_self_service_waits_for_the_officer(void **state)
{
	struct place *p = *state;
	struct policy_right *erasure = (struct policy_right *)(uintptr_t)policy_right(p->policy, RIGHT_ERASURE);
	BUF_AUTO struct buf certificate = BUF_INIT(65536);
	char mine[RECORD_ID_LEN + 1];
	struct err e = {0};

	erasure->self_service = false;
	put_archive(p->vault, RECEIPT, mine);
	struct rights_receipt r = record(p->vault, "erasure", RECEIPT);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(shown, "state"), "open");
	assert_int_not_equal(rights_text(&certificate, rights_erase(p->vault, RECEIPT, &e)), 0);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_true(held(p->vault, mine));
}

static void erasure_by_the_address_of_an_archive(void **state)
{
	struct place *p = *state;
	char mine[RECORD_ID_LEN + 1];
	const struct rights_new request = {.right = "erasure", .archive = "some-token"};
	struct rights_receipt r;
	struct err e = {0};

	put_archive(p->vault, RECEIPT, mine);
	for (int found_one = 1; found_one >= 0; found_one--) {
		assert_int_equal(rights_record(p->vault, &request, &r, &e), 0);
		JSON_AUTO cJSON *shown = place_shown(p, &r);
		assert_string_equal(json_string(shown, "state"), "fulfilled");
		assert_int_equal(found(json_get(shown, "certificate")) > 0, found_one);
		assert_false(held(p->vault, mine));
	}
}

// An archive whose file cannot be unlinked, because a folder stands in its place.
static void put_stubborn_archive(struct place *p, char folder[PATH_MAX])
{
	char spool[200], id[RECORD_ID_LEN + 1];
	const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = RECEIPT, .file = "made.part"};
	const struct ledger_event event = {.name = "archive"};
	struct err e = {0};

	snprintf(spool, sizeof spool, "%s/spool", p->run);
	assert_int_equal(folder_make(spool, 0700, &e), 0);
	snprintf(folder, PATH_MAX, "%s/made.part", spool);
	assert_int_equal(file_write(folder, "zip", 3, 0600, NULL, &e), 0);
	if (vault_put(p->vault, &archive, &event, id, &e) != 0 || vault_spool_path(p->vault, id, folder, PATH_MAX, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(folder_make(folder, 0700, &e), 0);
}

static void what_did_not_reach_every_store_is_partial_and_can_be_finished(void **state)
{
	struct place *p = *state;
	char folder[PATH_MAX];
	struct erase_result result;
	BUF_AUTO struct buf certificate = BUF_INIT(65536);
	struct err e = {0};

	put_stubborn_archive(p, folder);
	struct rights_receipt r = record(p->vault, "erasure", RECEIPT);
	JSON_AUTO cJSON *partial = place_shown(p, &r);
	assert_string_equal(json_string(partial, "state"), "partial");
	assert_null(json_get(partial, "answered"));
	const cJSON *told = json_get(partial, "certificate"), *store;
	assert_true(cJSON_IsFalse(json_get(told, "complete")));
	assert_string_equal(json_string(told, "outcome"), "partial");
	cJSON_ArrayForEach(store, json_get(told, "stores")) // where something is left, nothing was verified
	{
		assert_true((json_string(store, "verified_at") == NULL) == (strcmp(json_string(store, "name"), "spool") == 0));
	}
	assert_int_equal(rmdir(folder), 0);
	if (rights_fulfil_erasure_text(p->vault, r.id, "officer", false, &result, &certificate, &e) != 0)
		fail_msg("%s", e.text);
	assert_true(result.complete);
	JSON_AUTO cJSON *whole = place_shown(p, &r);
	assert_string_equal(json_string(whole, "state"), "fulfilled");
	assert_certificate(json_get(whole, "certificate"), p->policy);
}

static void erasure_without_a_receipt_stays_open(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct erase_result result;
	struct err e = {0};

	put_archive(p->vault, RECEIPT, id);
	struct rights_receipt r = record(p->vault, "erasure", NULL);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(shown, "state"), "open");
	assert_true(held(p->vault, id));
	assert_int_equal(rights_fulfil_erasure(p->vault, r.id, "officer", true, &result, NULL, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
}

static void only_an_open_erasure_can_be_carried_out(void **state)
{
	struct place *p = *state;
	struct rights_receipt access = record(p->vault, "access", RECEIPT), done = record(p->vault, "erasure", RECEIPT);
	BUF_AUTO struct buf certificate = BUF_INIT(65536);
	struct erase_result result;
	char archive[RECORD_ID_LEN + 1];
	struct err e = {0};

	put_archive(p->vault, RECEIPT, archive);
	assert_int_equal(rights_fulfil_erasure_text(p->vault, access.id, "officer", false, &result, &certificate, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(rights_fulfil_erasure_text(p->vault, done.id, "officer", false, &result, &certificate, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(rights_fulfil_erasure_text(p->vault, archive, "officer", false, &result, &certificate, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_true(held(p->vault, archive));
}

static void erase_by_receipt(void **state)
{
	struct place *p = *state;
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	put_archive(p->vault, RECEIPT, id);
	for (int again = 0; again < 2; again++) { // the second time as for a receipt that never was
		BUF_AUTO struct buf text = BUF_INIT(65536);
		assert_int_equal(rights_text(&text, rights_erase(p->vault, RECEIPT, &e)), 0);
		JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
		assert_certificate(certificate, p->policy);
		assert_true(again ? found(certificate) == 0 : found(certificate) >= 1);
		assert_int_equal(cJSON_IsNull(json_get(certificate, "audit_index")), again);  // nothing was done, nothing recorded
		assert_int_equal(cJSON_IsNull(json_get(certificate, "residue_scan")), again); // nor is any file read for one made up
		assert_int_equal(strstr(json_string(certificate, "note"), "Nothing was found") != NULL, again);
		assert_false(held(p->vault, id));
	}
}

static const cJSON *kept_of(const cJSON *certificate, size_t *count)
{
	const cJSON *one = json_get(certificate, "kept")->child;

	*count = (size_t)cJSON_GetArraySize(json_get(certificate, "kept"));
	return one;
}

static const cJSON *records_of(const cJSON *certificate)
{
	return json_get(certificate, "stores")->child;
}

// Where the policy keeps requests whatever else is erased, one that is over stays, too, and a hold on one that is open is told as the hold it is.
static void a_request_outlives_the_erasure_of_what_it_names(void **state)
{
	struct place *p = *state;
	struct err e = {0};
	struct erase_result result = {0};

	struct rights_receipt open = record(p->vault, "access", RECEIPT), over = record(p->vault, "objection", RECEIPT);
	assert_int_equal(rights_act(p->vault, over.id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna"}, &e), 0);
	assert_int_equal(rights_erase_everywhere(p->vault, ERASE_RECEIPT, RECEIPT, false, &result, &e), 0);
	assert_true(result.complete);
	assert_int_equal(result.kept_count, 1);
	assert_int_equal(result.kept[0].count, 2);
	assert_int_not_equal(result.kept[0].until, 0);
	assert_string_equal(certificate_ground(&result.kept[0]), "kept by the policy despite erasure");
	assert_true(held(p->vault, open.id));
	assert_true(held(p->vault, over.id));
	const struct vault_change hold = {.set = LIFE_BIT(LIFE_HELD)};
	assert_int_equal(vault_update(p->vault, open.id, &hold, NULL, &e), 0);
	assert_int_equal(vault_update(p->vault, over.id, &hold, NULL, &e), 0);
	assert_int_equal(rights_erase_everywhere(p->vault, ERASE_RECEIPT, RECEIPT, true, &result, &e), 0);
	assert_int_equal(result.kept[0].count, 2);
	assert_string_equal(certificate_ground(&result.kept[0]), "legal hold");
}

// A request is found by the receipt that it names: while it is open an erasure leaves it as it is and says so; once it is over, it goes.
static void a_request_hangs_on_the_receipt_that_it_names(void **state)
{
	struct place *p = *state;
	char archive[RECORD_ID_LEN + 1];
	struct err e = {0};
	size_t kept;

	struct policy_kind *requests = &p->policy->kinds[KIND_RIGHTS_REQUEST];
	for (size_t i = 0; i < requests->life_count; i++)
		((struct policy_life *)(uintptr_t)&requests->lives[i])->ends_on_erasure = true;
	put_archive(p->vault, RECEIPT, archive);
	struct rights_receipt open = record(p->vault, "access", RECEIPT), over = record(p->vault, "objection", RECEIPT);
	struct rights_receipt other = record(p->vault, "objection", NULL);
	assert_int_equal(rights_act(p->vault, over.id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna"}, &e), 0);
	const struct rights_act answer = {.event = EVENT_ANSWERED, .by = "anna", .text = "enclosed"};
	struct rights_receipt erasure = record(p->vault, "erasure", RECEIPT); // carried out at once
	JSON_AUTO cJSON *shown = place_shown(p, &erasure);
	assert_string_equal(json_string(shown, "state"), "fulfilled");
	const cJSON *certificate = json_get(shown, "certificate"), *stays = kept_of(certificate, &kept);
	assert_int_equal(json_number(records_of(certificate), "found", 0), 4);
	assert_int_equal(json_number(records_of(certificate), "erased", 0), 2); // the archive, and what was over
	assert_int_equal(json_number(records_of(certificate), "kept", 0), 2);
	assert_int_equal(kept, 1);
	assert_string_equal(json_string(stays, "kind"), "rights-request");
	assert_int_equal(json_number(stays, "count", 0), 2);
	assert_true(cJSON_IsString(json_get(stays, "until"))); // when what nobody closes ends
	assert_string_equal(json_string(stays, "ground"), "a request that is still to be answered");
	assert_int_equal(json_number(json_get(certificate, "residue_scan"), "hits", -1), 0);
	assert_false(held(p->vault, archive));
	assert_false(held(p->vault, over.id));
	assert_true(held(p->vault, open.id));
	assert_true(held(p->vault, erasure.id));
	assert_true(held(p->vault, other.id));
	// What is open is erased by nothing but its answer: then the same erasure ends it, and the earlier one.
	for (int answered = 0; answered < 2; answered++) {
		BUF_AUTO struct buf text = BUF_INIT(65536);
		if (answered)
			assert_int_equal(rights_act(p->vault, open.id, &answer, &e), 0);
		assert_int_equal(rights_text(&text, rights_erase(p->vault, RECEIPT, &e)), 0);
		JSON_AUTO cJSON *again = json_parse(buf_text(&text), text.len, &e);
		assert_int_equal(json_number(records_of(again), "found", 0), answered ? 1 : 2);
		assert_int_equal(json_number(records_of(again), "erased", 0), 1);
		assert_int_equal(held(p->vault, open.id), !answered);
	}
	assert_true(held(p->vault, other.id));
}

// Where nothing but an open request names it, an erasure does nothing, records nothing, and says why.
static void an_open_request_alone_is_nothing_to_erase(void **state)
{
	struct place *p = *state;
	BUF_AUTO struct buf text = BUF_INIT(65536);
	struct err e = {0};
	uint64_t before, after;
	size_t kept;

	struct rights_receipt open = record(p->vault, "access", RECEIPT);
	assert_int_equal(ledger_size(p->vault, &before, &e), 0);
	assert_int_equal(rights_text(&text, rights_erase(p->vault, RECEIPT, &e)), 0);
	assert_int_equal(ledger_size(p->vault, &after, &e), 0);
	assert_int_equal(before, after);
	JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
	assert_true(cJSON_IsNull(json_get(certificate, "audit_index")));
	assert_non_null(kept_of(certificate, &kept));
	assert_non_null(strstr(json_string(certificate, "note"), "What was found stays"));
	assert_true(held(p->vault, open.id));
	// A second one that names the same made-up receipt has shown nothing by it.
	struct rights_receipt second = record(p->vault, "objection", RECEIPT);
	BUF_AUTO struct buf officer = BUF_INIT(65536);
	assert_int_equal(rights_text(&officer, rights_show_officer(p->vault, second.id, false, &e)), 0);
	assert_non_null(strstr(buf_text(&officer), "\"proven\":false"));
}

// What anybody may ask, for receipts that nobody has, waits for no writer and holds none up.
static void looking_up_a_receipt_takes_no_lock(void **state)
{
	struct place *p = *state;
	char path[192], id[RECORD_ID_LEN + 1];
	struct erase_result result;
	struct err e = {0};

	put_archive(p->vault, RECEIPT, id);
	snprintf(path, sizeof path, "%s/vault.lock", p->state);
	FD_AUTO int writer = open(path, O_RDWR | O_CLOEXEC);
	assert_true(writer >= 0);
	assert_int_equal(flock(writer, LOCK_EX), 0);
	alarm(20); // a look-up that waits for the lock would wait for ever
	BUF_AUTO struct buf text = BUF_INIT(65536);
	assert_int_equal(rights_text(&text, rights_erase(p->vault, "AAAAAAAAAAAAAAAAAAAAAA", &e)), 0);
	JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
	assert_int_equal(found(certificate), 0);
	assert_int_equal(vault_erase(p->vault, ERASE_RECEIPT, RECEIPT, true, &result, &e), 0);
	assert_true(result.stores[0].found > 0);
	alarm(0);
	assert_int_equal(flock(writer, LOCK_UN), 0);
	assert_true(held(p->vault, id));
}

static int scan_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static const char *const canaries[] = {CONTACT, MESSAGE, RECEIPT};
	BUF_AUTO struct buf bytes = BUF_INIT(64 * 1024 * 1024);
	struct err e = {0};

	(void)st;
	(void)ftw;
	if (type != FTW_F || file_read(path, &bytes, &e) != 0)
		return 0;
	for (size_t i = 0; i < 3; i++)
		if (memmem(buf_text(&bytes), bytes.len, canaries[i], strlen(canaries[i])) != NULL)
			return 1;
	return 0;
}

static void nothing_readable_is_on_disk(void **state)
{
	struct place *p = *state;

	record(p->vault, "access", RECEIPT);
	record(p->vault, "erasure", RECEIPT);
	vault_close(p->vault); // opening files under an open store would drop its locks
	p->vault = NULL;
	assert_int_equal(nftw(p->base, scan_one, 8, FTW_PHYS), 0);
}

static int no_personal_data(void *arg, const struct ledger_entry *entry)
{
	static const char *const canaries[] = {CONTACT, MESSAGE, RECEIPT};

	for (size_t i = 0; i < 3; i++)
		assert_true(entry->details == NULL || strstr(entry->details, canaries[i]) == NULL);
	if (strcmp(entry->name, "request") == 0)
		++*(int *)arg;
	return 0;
}

static void the_ledger_names_nobody(void **state)
{
	struct place *p = *state;
	struct err e = {0};
	int requests = 0;

	record(p->vault, "access", RECEIPT);
	record(p->vault, "erasure", RECEIPT);
	assert_int_equal(ledger_each(p->vault, 0, no_personal_data, &requests, &e), 0);
	assert_int_equal(requests, 2);
}

// Without anything to search for there is no search, neither now nor later: only what will be done is announced.
static void a_search_is_announced_where_it_comes(void **state)
{
	const struct certificate_of of = {.right = "erasure"};
	struct place *p = *state;
	struct erase_result result;
	struct err e = {0};

	assert_return_code(vault_erase(p->vault, ERASE_RECORD, "00000000000000000000000000000000", false, &result, &e), 0);
	assert_true(result.complete && !result.recorded);
	result.recorded = true;
	for (int later = 0; later < 2; later++) {
		BUF_AUTO struct buf text = BUF_INIT(65536);
		assert_return_code(rights_text(&text, certificate_make(p->vault, &of, &result, NULL, &e)), 0);
		assert_int_equal(strstr(buf_text(&text), "by the next pruning") != NULL, later);
		result.searched_later = true;
	}
}

static void a_partial_result_says_so(void **state)
{
	const struct certificate_of of = {.right = "erasure"};
	struct place *p = *state;
	const struct erase_result result = {.stores = {{.name = "records", .found = 3, .erased = 3}, {.name = "request-log", .found = 2}},
					    .store_count = 2,
					    .reason = "the log is locked"};
	BUF_AUTO struct buf text = BUF_INIT(65536);
	struct err e = {0};

	assert_int_equal(rights_text(&text, certificate_make(p->vault, &of, &result, NULL, &e)), 0);
	JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
	assert_true(cJSON_IsFalse(json_get(certificate, "complete")));
	assert_true(cJSON_IsNull(json_get(certificate, "residue_scan"))); // none was made
	assert_non_null(strstr(json_string(certificate, "note"), "Partial: the log is locked"));
	assert_int_equal(cJSON_GetArraySize(json_get(certificate, "stores")), 2);
}

#define PLACED(test) cmocka_unit_test_setup_teardown(test, place_make, place_drop)
static void assert_state(struct place *p, const struct rights_receipt *r, const char *state)
{
	JSON_AUTO cJSON *shown = place_shown(p, r);

	assert_string_equal(json_string(shown, "state"), state);
}

static void each_event_is_kept_and_says_the_state(void **state)
{
	static const struct {
		struct rights_act act;
		const char *then;
	} steps[] = {
	    {{.event = EVENT_ACKNOWLEDGED, .by = "anna"}, "open"},
	    {{.event = EVENT_IDENTITY_ASKED, .by = "anna", .reason = "two people share the address"}, "waiting"},
	    {{.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "mail", .reason = "answered from it"}, "open"},
	    {{.event = EVENT_NOTE, .by = "anna", .text = "a secret note"}, "open"},
	    {{.event = EVENT_EXTENDED, .by = "anna", .ground = "complexity", .reason = "old backups"}, "open"},
	    {{.event = EVENT_READ, .by = "anna", .reason = "to answer"}, "open"},
	    {{.event = EVENT_ANSWERED, .by = "anna", .text = "Here it is."}, "fulfilled"},
	    {{.event = EVENT_REOPENED, .by = "bert", .reason = "a page was missing"}, "open"},
	    {{.event = EVENT_REFUSED, .by = "bert", .ground = "manifestly-excessive", .reason = "the tenth time"}, "refused"},
	};
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", NULL);
	int told = 1; // received

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		place_did(p, r.id, &steps[i].act, ERR_NONE);
		JSON_AUTO cJSON *shown = place_shown(p, &r);
		BUF_AUTO struct buf text = BUF_INIT(65536);
		assert_string_equal(json_string(shown, "state"), steps[i].then);
		told += (rights_events[steps[i].act.event].flags & EVENT_HIDDEN) == 0;
		assert_int_equal(cJSON_GetArraySize(json_get(shown, "events")), told);
		assert_int_equal(json_print(&text, shown), 0);
		assert_null(strstr(buf_text(&text), "a secret note"));
	}
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	const cJSON *read = cJSON_GetArrayItem(json_get(shown, "read"), 0);
	assert_string_equal(json_string(read, "by"), "anna"); // who read what they left
	assert_string_equal(json_string(read, "reason"), "to answer");
	BUF_AUTO struct buf officer = BUF_INIT(65536);
	struct err e = {0};
	assert_int_equal(rights_text(&officer, rights_show_officer(p->vault, r.id, true, &e)), 0);
	assert_non_null(strstr(buf_text(&officer), "a secret note"));
}

// Whatever the answer is: the person can show that it was given, and when, to whoever has the verifier key.
static void an_answer_and_a_refusal_are_certified(void **state)
{
	static const struct {
		struct rights_act act;
		const char *ground;
	} acts[] = {
	    {{.event = EVENT_ANSWERED, .by = "anna", .text = "Here it is."}, NULL},
	    {{.event = EVENT_REOPENED, .by = "anna", .reason = "a page was missing"}, NULL},
	    {{.event = EVENT_REFUSED, .by = "bert", .ground = "manifestly-excessive", .reason = "the tenth time"}, "manifestly-excessive"},
	};
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", RECEIPT);
	BUF_AUTO struct buf line = BUF_INIT(4096);
	struct signed_note_key key;
	struct err e = {0};
	char path[256], first[64] = "";

	snprintf(path, sizeof path, "%s/keys/ledger.pub", p->state);
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		BUF_AUTO struct buf note = BUF_INIT(4096), text = BUF_INIT(CERTIFICATE_FILE_MAX);
		struct certificate_check check;
		place_did(p, r.id, &acts[i].act, ERR_NONE);
		if (acts[i].act.event == EVENT_REOPENED)
			continue;
		assert_int_equal(ledger_checkpoint(p->vault, &note, &e), 0);
		if (line.len == 0) {
			assert_int_equal(file_read(path, &line, &e), 0);
			assert_int_equal(signed_note_key_parse(&key, buf_text(&line), &e), 0);
		}
		JSON_AUTO cJSON *shown = place_shown(p, &r);
		const cJSON *c = json_get(shown, "certificate");
		assert_string_equal(json_string(c, "outcome"), rights_events[acts[i].act.event].name);
		assert_string_equal(json_string(c, "request_id"), r.id);
		assert_string_equal(json_string(c, "due"), json_string(shown, "answer_by"));
		assert_true(acts[i].ground == NULL ? json_get(c, "ground") == NULL : strcmp(json_string(c, "ground"), acts[i].ground) == 0);
		assert_true(*first == '\0' ? json_get(c, "supersedes") == NULL : strcmp(json_string(c, "supersedes"), first) == 0);
		snprintf(first, sizeof first, "%s", json_string(c, "cert_id"));
		assert_int_equal(json_print(&text, c), 0);
		assert_return_code(certificate_verify(buf_text(&text), text.len, &key, &check, &e), 0);
		assert_null(strstr(buf_text(&text), "Here it is"));
		assert_null(strstr(buf_text(&text), "anna"));
	}
}

static const char *article_of(const char *right)
{
	static const char *const articles[][2] = {{"access", "A15"},      {"rectification", "A16"}, {"erasure", "A17"},
						  {"restriction", "A18"}, {"portability", "A20"},   {"objection", "A21"},
						  {"withdrawal", "A7-3"}};

	for (size_t i = 0; i < ARRAY_LEN(articles); i++)
		if (strcmp(articles[i][0], right) == 0)
			return articles[i][1];
	return right;
}

// Each right of each site, whatever came of it: the certificate names the right that was exercised, and what was done.
static void the_certificate_says_which_right_and_what_was_done(void **state)
{
	static const char *const sites[] = {"bizimages", "blogimg", "image-describer", "imagedesigner", "product-images"};
	static const struct rights_act answered = {.event = EVENT_ANSWERED, .by = "anna", .text = "nothing is kept"},
				       known = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "known", .reason = "seen"},
				       refused = {.event = EVENT_REFUSED, .by = "anna", .ground = "manifestly-unfounded", .reason = "r"};
	unsigned certificates = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sites); i++) {
		void *here;
		place_open(&here, sites[i], NULL);
		struct place *p = here;
		for (const struct policy_right *right = p->policy->rights; right < p->policy->rights + p->policy->right_count; right++) {
			const char *name = policy_word(&policy_right_words, right->id);
			const bool erases = (right->id == RIGHT_ERASURE || right->id == RIGHT_OBJECTION) &&
					    p->policy->kinds[KIND_ARCHIVE].keep == KEEP_STORED;
			for (int outcome = 0; outcome < (erases ? 4 : 2); outcome++) {
				static const char *const outcomes[] = {"answered", "refused", "erased", "nothing-erased"};
				char receipt[TOKEN_LEN + 1], id[RECORD_ID_LEN + 1], contact[64];
				BUF_AUTO struct buf certificate = BUF_INIT(CERTIFICATE_FILE_MAX);
				struct erase_result result;
				struct err e = {0};
				token_new(receipt);
				snprintf(contact, sizeof contact, "person-%u@example.org", certificates);
				if (outcome == 2)
					put_archive(p->vault, receipt, id);
				struct rights_receipt r = place_asked(
				    p, &(struct rights_new){.right = name, .receipt = receipt, .contact = contact, .by = "anna"});
				place_did(p, r.id, &known, ERR_NONE);
				if (outcome < 2)
					place_did(p, r.id, outcome == 0 ? &answered : &refused, ERR_NONE);
				else if (rights_fulfil_erasure_text(p->vault, r.id, "anna", false, &result, &certificate, &e) != 0)
					fail_msg("%s: %s", name, e.text);
				JSON_AUTO cJSON *shown = place_shown(p, &r);
				const cJSON *c = json_get(shown, "certificate"), *store;
				assert_string_equal(json_string(c, "right"), article_of(name));
				assert_string_equal(json_string(c, "outcome"),
						    outcome == 0 && right->id == RIGHT_ERASURE ? "nothing-erased" : outcomes[outcome]);
				assert_true((json_get(c, "stores") != NULL) == (outcome >= 2));
				cJSON_ArrayForEach(store, json_get(c, "stores"))
				{
					assert_non_null(json_string(store, "verified_at"));
				}
				certificates++;
			}
		}
		place_drop(&here);
	}
	assert_true(certificates > 100);
}

static void what_cannot_happen_is_refused_and_changes_nothing(void **state)
{
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", NULL);
	const struct {
		struct rights_act act;
		enum err_code code;
	} wrong[] = {
	    {{.event = EVENT_REFUSED, .by = "anna", .reason = "no"}, ERR_INPUT},
	    {{.event = EVENT_REFUSED, .by = "anna", .ground = "because", .reason = "no"}, ERR_INPUT},
	    {{.event = EVENT_REFUSED, .by = "anna", .ground = "legal-claims", .reason = "no"}, ERR_INPUT}, // for erasure only
	    {{.event = EVENT_REFUSED, .by = "anna", .ground = "spam", .reason = "no"}, ERR_INPUT},
	    {{.event = EVENT_REFUSED, .by = "anna", .ground = "manifestly-unfounded"}, ERR_INPUT},
	    {{.event = EVENT_CLOSED, .by = "anna"}, ERR_INPUT},
	    {{.event = EVENT_NOTE, .by = "anna"}, ERR_INPUT},
	    {{.event = EVENT_READ, .by = "anna"}, ERR_INPUT},
	    {{.event = EVENT_REOPENED, .by = "anna", .reason = "x"}, ERR_REFUSED},
	    {{.event = EVENT_ANSWERED, .by = "anna", .at = when_now() + 60}, ERR_INPUT},
	    {{.event = EVENT_ANSWERED, .by = "anna", .at = when_now() - 86400}, ERR_INPUT},
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		place_did(p, r.id, &wrong[i].act, wrong[i].code);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_int_equal(cJSON_GetArraySize(json_get(shown, "events")), 1);
	place_did(p, "00000000000000000000000000000000", &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna"}, ERR_NOT_FOUND);
}

static void a_letter_counts_from_the_day_it_came(void **state)
{
	struct place *p = *state;
	const time_t now = when_now(), came = now - 40 * (time_t)86400, too_long_ago = now - 900 * (time_t)86400;
	struct rights_new letter = {.right = "access", .by = "anna", .how = "letter", .received = came, .contact = CONTACT};
	struct vault_record kept = {0};
	struct rights_receipt r;
	struct err e = {0};

	assert_int_equal(rights_record(p->vault, &letter, &r, &e), 0);
	assert_int_equal(r.due, clock_statutory(NULL, came, 1, 0));
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_true(cJSON_IsTrue(json_get(shown, "late")));
	// So does the time that it is kept, and the person sees when it was entered.
	assert_int_equal(vault_get(p->vault, r.id, &kept, &e), 0);
	assert_int_equal(kept.due, life_end(p->policy, KIND_RIGHTS_REQUEST, came));
	vault_record_free(&kept);
	time_t entered = 0;
	assert_int_equal(when_parse(&entered, json_string(json_get(shown, "events")->child, "entered")), 0);
	assert_true(entered >= now);
	for (int i = 0; i < 2; i++) {
		letter.received = i == 0 ? too_long_ago : when_now() + 60;
		assert_int_equal(rights_record(p->vault, &letter, &r, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
}

// An officer's word alone holds, lengthens or ends no clock in the past.
static void what_is_dated_back_says_so_and_by_what_it_left(void **state)
{
	struct place *p = *state;
	const time_t day = 86400, now = when_now(), came = now - 40 * day;
	const struct rights_new letter = {.right = "access", .by = "anna", .how = "letter", .received = came, .receipt = RECEIPT};
	struct rights_act act = {
	    .event = EVENT_EXTENDED, .by = "anna", .ground = "complexity", .reason = "letter 17", .at = came + 20 * day};
	struct rights_receipt r;
	struct err e = {0};

	assert_int_equal(rights_record(p->vault, &letter, &r, &e), 0);
	place_did(p, r.id, &act, ERR_INPUT);
	act.how = "letter";
	place_did(p, r.id, &act, ERR_REFUSED); // it was not known here then
	act = (struct rights_act){.event = EVENT_IDENTITY_ASKED, .by = "anna", .reason = "letter 18", .how = "letter", .at = now - day};
	place_did(p, r.id, &act, ERR_REFUSED);
	act = (struct rights_act){.event = EVENT_ANSWERED, .by = "anna", .text = "enclosed", .reason = "letter 19", .at = came + 9 * day};
	place_did(p, r.id, &act, ERR_INPUT);
	JSON_AUTO cJSON *late = place_shown(p, &r);
	assert_true(cJSON_IsTrue(json_get(late, "late")));
	act.how = "letter";
	place_did(p, r.id, &act, ERR_NONE);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	const cJSON *answered = cJSON_GetArrayItem(json_get(shown, "events"), cJSON_GetArraySize(json_get(shown, "events")) - 1);
	time_t at = 0, entered = 0;
	assert_int_equal(when_parse(&at, json_string(answered, "at")), 0);
	assert_int_equal(when_parse(&entered, json_string(answered, "entered")), 0);
	assert_int_equal(at, came + 9 * day);
	assert_true(entered >= now);
	assert_string_equal(json_string(answered, "how"), "letter");
}

static void nobody_is_asked_who_they_are_where_the_policy_asks_nobody(void **state)
{
	const struct rights_act ask = {.event = EVENT_IDENTITY_ASKED, .by = "anna", .reason = "a doubt"};
	struct place *p = *state;
	struct rights_receipt complaint = record(p->vault, "complaint", NULL);

	place_did(p, complaint.id, &ask, ERR_REFUSED);
	assert_state(p, &complaint, "open");
}

// No certificate says of an erasure or a copy that it was given where nothing was.
static void an_erasure_or_a_copy_is_answered_when_it_was_done(void **state)
{
	const struct rights_act bare = {.event = EVENT_ANSWERED, .by = "anna"},
				text = {.event = EVENT_ANSWERED, .by = "anna", .text = "nothing"},
				known = {.event = EVENT_IDENTITY_GIVEN, .by = "anna", .how = "known", .reason = "seen"},
				handed = {.event = EVENT_READ, .by = "anna", .how = "export", .reason = "for the answer"};
	struct place *p = *state;
	char archive[RECORD_ID_LEN + 1];
	const struct rights_new letter = {.right = "erasure", .by = "anna", .receipt = RECEIPT};
	struct rights_receipt r;
	struct err e = {0};

	((struct policy_right *)(uintptr_t)policy_right(p->policy, RIGHT_ERASURE))->self_service = false;
	put_archive(p->vault, RECEIPT, archive);
	assert_int_equal(rights_record(p->vault, &letter, &r, &e), 0);
	place_did(p, r.id, &bare, ERR_REFUSED);
	place_did(p, r.id, &text, ERR_REFUSED); // there is something
	assert_int_equal(rights_erase_everywhere(p->vault, ERASE_RECEIPT, RECEIPT, false, &(struct erase_result){0}, &e), 0);
	place_did(p, r.id, &bare, ERR_INPUT);
	place_did(p, r.id, &text, ERR_NONE);
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	assert_string_equal(json_string(json_get(shown, "certificate"), "outcome"), "nothing-erased");
	assert_null(json_get(json_get(shown, "certificate"), "stores"));
	static const char *const copies[] = {"access", "portability"};
	for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
		struct rights_receipt unknown = record(p->vault, copies[i], NULL), named = record(p->vault, copies[i], RECEIPT);
		place_did(p, unknown.id, &text, ERR_REFUSED);
		place_did(p, unknown.id, &known, ERR_NONE);
		place_did(p, unknown.id, &bare, ERR_INPUT);
		place_did(p, unknown.id, &text, ERR_NONE);
		place_did(p, named.id, &bare, ERR_INPUT);
		place_did(p, named.id, &handed, ERR_NONE);
		place_did(p, named.id, &bare, ERR_NONE);
	}
}

static void bodies_of_versions_before_are_read(void **state)
{
	static const struct {
		const char *body, *stored, *then;
	} rows[] = {
	    {"{\"due\":1900000000,\"verified\":true,\"right\":\"access\",\"contact\":\"" CONTACT "\"}", NULL, "open"},
	    {"{\"due\":1900000000,\"right\":\"erasure\",\"answered\":\"2026-11-01T00:00:00Z\"}", "fulfilled", "fulfilled"},
	    {"{\"due\":1900000000,\"right\":\"erasure\"}", "partial", "partial"},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rights_receipt r;
		struct err e = {0};
		token_new(r.secret);
		const struct vault_tag tags[] = {{"secret", r.secret}, {NULL, NULL}};
		const struct vault_new old = {
		    .kind = KIND_RIGHTS_REQUEST, .tags = tags, .body = rows[i].body, .body_len = strlen(rows[i].body)};
		const struct ledger_event event = {.name = "request"};
		assert_int_equal(vault_put(p->vault, &old, &event, r.id, &e), 0);
		if (rows[i].stored != NULL)
			assert_int_equal(vault_update(p->vault, r.id, &(struct vault_change){.state = rows[i].stored}, &event, &e), 0);
		assert_state(p, &r, rows[i].then);
		place_did(p, r.id, &(struct rights_act){.event = EVENT_NOTE, .by = "anna", .text = "seen"}, ERR_NONE);
		assert_state(p, &r, rows[i].then);
	}
}

static void assert_joined(struct vault *v, const struct rights_receipt *r, bool joined)
{
	BUF_AUTO struct buf officer = BUF_INIT(65536);
	struct err e = {0};

	assert_int_equal(rights_text(&officer, rights_show_officer(v, r->id, false, &e)), 0);
	assert_non_null(strstr(buf_text(&officer), joined ? "\"joined\":true" : "\"joined\":false"));
}

static void who_asks_twice_is_answered_once_and_told_nothing_of_the_other(void **state)
{
	static const char secret_words[] = "Dear Mr Smith of Main Street 5";
	const struct rights_act ends[] = {
	    {.event = EVENT_ANSWERED, .by = "anna", .text = secret_words},
	    {.event = EVENT_REFUSED, .by = "anna", .ground = "manifestly-unfounded", .reason = secret_words, .text = secret_words},
	    {.event = EVENT_CLOSED, .by = "anna", .ground = "spam", .reason = secret_words},
	    {.event = EVENT_REFUSED, .by = "anna", .ground = "identity-failure", .reason = secret_words},
	    {.event = EVENT_WITHDRAWN, .by = "person"},
	};
	static const char *const then[] = {"fulfilled", "refused", "open", "open", "open"};
	struct place *p = *state;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char receipt[TOKEN_LEN + 1];
		uint64_t before, after;
		token_new(receipt);
		struct rights_receipt first = record(p->vault, "objection", receipt);
		assert_int_equal(ledger_size(p->vault, &before, &e), 0);
		struct rights_receipt second = record(p->vault, "objection", receipt), third = record(p->vault, "objection", receipt);
		assert_int_equal(ledger_size(p->vault, &after, &e), 0);
		assert_int_equal(after, before + 2); // its sender waits for no more than any other
		assert_joined(p->vault, &first, false);
		assert_joined(p->vault, &second, true);
		JSON_AUTO cJSON *shown = place_shown(p, &second);
		BUF_AUTO struct buf text = BUF_INIT(65536), ended = BUF_INIT(65536);
		assert_int_equal(json_print(&text, shown), 0);
		assert_null(strstr(buf_text(&text), first.id));
		assert_null(strstr(buf_text(&text), "joined"));
		place_did(p, first.id, &ends[i], ERR_NONE);
		assert_state(p, &second, then[i]);
		assert_state(p, &third, then[i]);
		JSON_AUTO cJSON *over = place_shown(p, &second);
		assert_int_equal(json_print(&ended, over), 0);
		assert_null(strstr(buf_text(&ended), secret_words));
		if (strcmp(then[i], "open") == 0)
			assert_joined(p->vault, &second, false);
		// Whoever takes one back takes back that one alone.
		assert_int_equal(rights_withdraw(p->vault, third.id, second.secret, &e), -1);
		assert_int_equal(e.code, ERR_NOT_FOUND);
	}
}

// Anybody can type the contact of another one.
static void the_same_contact_is_a_hint_alone(void **state)
{
	struct place *p = *state;
	struct rights_receipt first = record(p->vault, "objection", NULL), other_right = record(p->vault, "complaint", NULL), second;
	const struct rights_new louder = {.right = "objection", .contact = "INES.PROBE@example.ORG"},
				elsewhere = {.right = "objection", .contact = "somebody@example.org"};
	JSON_AUTO cJSON *ids = cJSON_CreateArray();
	struct rights_receipt third;
	struct err e = {0};

	assert_int_equal(rights_record(p->vault, &louder, &second, &e), 0);
	assert_int_equal(rights_record(p->vault, &elsewhere, &third, &e), 0);
	assert_joined(p->vault, &second, false);
	assert_int_equal(rights_perhaps_same(p->vault, second.id, ids, &e), 0);
	assert_int_equal(cJSON_GetArraySize(ids), 1);
	assert_string_equal(ids->child->valuestring, first.id);
	place_did(p, first.id, &(struct rights_act){.event = EVENT_CLOSED, .by = "anna", .ground = "spam"}, ERR_NONE);
	assert_state(p, &second, "open");
	assert_state(p, &other_right, "open");
}

// Who got no answer sends it again.
static void what_is_sent_twice_with_one_secret_is_one_request(void **state)
{
	struct place *p = *state;
	char secret[TOKEN_LEN + 1], archive[RECORD_ID_LEN + 1];
	struct rights_receipt first, again, over;
	const struct rights_new access = {.right = "access", .contact = CONTACT, .secret = secret},
				erasure = {.right = "erasure", .receipt = RECEIPT, .secret = secret};
	uint64_t before, after;
	struct err e = {0};

	token_new(secret);
	assert_int_equal(rights_record(p->vault, &access, &first, &e), 0);
	assert_string_equal(first.secret, secret);
	assert_int_equal(ledger_size(p->vault, &before, &e), 0);
	assert_int_equal(rights_record(p->vault, &access, &again, &e), 0);
	assert_int_equal(ledger_size(p->vault, &after, &e), 0);
	assert_int_equal(before, after);
	assert_string_equal(again.id, first.id);
	assert_string_equal(again.secret, first.secret);
	assert_int_equal(again.due, first.due);
	assert_joined(p->vault, &again, false);

	// What was recorded and not carried out is carried out now, once.
	token_new(secret);
	put_archive(p->vault, RECEIPT, archive);
	assert_int_equal(rights_store(p->vault, &erasure, &first, &e), 0);
	assert_false(first.over);
	assert_int_equal(rights_record(p->vault, &erasure, &again, &e), 0);
	assert_string_equal(again.id, first.id);
	assert_state(p, &first, "fulfilled");
	assert_int_equal(ledger_size(p->vault, &before, &e), 0);
	assert_int_equal(rights_record(p->vault, &erasure, &over, &e), 0);
	assert_true(over.over);
	assert_string_equal(over.id, first.id);
	assert_int_equal(ledger_size(p->vault, &after, &e), 0);
	assert_int_equal(before, after);
}

static void what_is_joined_by_hand_ends_with_its_head_and_never_in_a_circle(void **state)
{
	const struct rights_act by = {.by = "anna", .reason = "the same letter"};
	struct place *p = *state;
	struct rights_receipt r[4], other = record(p->vault, "complaint", NULL);
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(r); i++)
		r[i] = record(p->vault, "objection", NULL);
	assert_int_equal(rights_join(p->vault, r[0].id, r[0].id, &by, &e), -1);
	assert_int_equal(rights_join(p->vault, other.id, r[0].id, &by, &e), -1); // asks for something else
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(rights_join(p->vault, r[0].id, r[1].id, &by, &e), 0);
	assert_int_equal(rights_join(p->vault, r[1].id, r[0].id, &by, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(rights_join(p->vault, r[0].id, r[2].id, &by, &e), -1); // joined already
	assert_int_equal(rights_join(p->vault, r[1].id, r[2].id, &by, &e), 0);
	assert_int_equal(rights_join(p->vault, r[3].id, r[0].id, &by, &e), 0); // to what that one is joined to
	assert_int_equal(rights_join(p->vault, r[2].id, r[0].id, &by, &e), -1);
	place_did(p, r[2].id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna"}, ERR_NONE);
	for (size_t i = 0; i < ARRAY_LEN(r); i++)
		assert_state(p, &r[i], "fulfilled");
	assert_state(p, &other, "open");
}

static void the_owner_adds_to_an_open_request_and_so_answers_what_was_asked(void **state)
{
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", NULL);
	const struct rights_act ask = {.event = EVENT_CLARIFICATION_ASKED, .by = "anna", .reason = "which of them"};
	struct err e = {0};

	assert_int_equal(rights_add(p->vault, r.id, "no secret", "mine", &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(rights_add(p->vault, r.id, r.secret, "<b>more</b>", &e), 0);
	place_did(p, r.id, &ask, ERR_NONE);
	assert_state(p, &r, "waiting");
	assert_int_equal(rights_add(p->vault, r.id, r.secret, "the second one", &e), 0);
	assert_state(p, &r, "open");
	JSON_AUTO cJSON *shown = place_shown(p, &r);
	const cJSON *events = json_get(shown, "events");
	assert_string_equal(json_string(cJSON_GetArrayItem(events, 1), "event"), "added");
	assert_string_equal(json_string(cJSON_GetArrayItem(events, 1), "text"), "<b>more</b>");
	assert_string_equal(json_string(cJSON_GetArrayItem(events, 3), "event"), "clarification-given");
	assert_int_equal(rights_add(p->vault, r.id, r.secret, "the second one", &e), 0); // pressed twice
	for (int i = 1; i < EVENT_ADDED_MAX; i++) {
		char text[32];
		snprintf(text, sizeof text, "once more %d", i);
		assert_int_equal(rights_add(p->vault, r.id, r.secret, text, &e), 0);
	}
	assert_int_equal(rights_add(p->vault, r.id, r.secret, "too much", &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	e = (struct err){0};
	assert_int_equal(rights_withdraw(p->vault, r.id, r.secret, &e), 0);
	assert_int_equal(rights_add(p->vault, r.id, r.secret, "too late", &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

struct racing {
	struct vault *v;
	const char *id;
	int tries;
};

// Somebody else adds an event between reading and writing, the first time.
static int edit_raced(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const struct rights_act meanwhile = {.event = EVENT_NOTE, .by = "bert", .text = "meanwhile"};
	struct racing *x = arg;

	if (x->tries++ == 0 && rights_act(x->v, x->id, &meanwhile, e) != 0)
		return -1;
	return rights_event_add(body, EVENT_STARTED, facts->clock.now, "anna") != NULL ? 0 : -1;
}

static void no_event_is_lost_when_two_write_at_once(void **state)
{
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", NULL);
	struct racing x = {.v = p->vault, .id = r.id};
	const struct rights_act act = {.event = EVENT_STARTED, .by = "anna"};
	BUF_AUTO struct buf officer = BUF_INIT(65536);
	struct err e = {0};

	assert_int_equal(rights_edit(p->vault, r.id, edit_raced, &x, "request-event", &act, &e), 0);
	assert_int_equal(x.tries, 2);
	assert_int_equal(rights_text(&officer, rights_show_officer(p->vault, r.id, true, &e)), 0);
	assert_non_null(strstr(buf_text(&officer), "meanwhile"));
	assert_non_null(strstr(buf_text(&officer), "started"));
}

static int look_for_contact(void *arg, const struct ledger_entry *entry)
{
	const char *details = entry->details != NULL ? entry->details : "";
	bool *named = arg;

	assert_null(strstr(details, CONTACT));
	assert_null(strstr(details, "private words"));
	assert_null(strstr(details, "to answer"));
	assert_null(strstr(details, "anna"));
	*named = *named || (strcmp(entry->name, "request-read") == 0 && strstr(details, "\"by\":\"officer\"") != NULL);
	return 0;
}

static void the_ledger_has_each_event_and_nothing_personal(void **state)
{
	struct place *p = *state;
	struct rights_receipt r = record(p->vault, "access", RECEIPT);
	uint64_t before, after;
	bool named = false;
	struct err e = {0};

	assert_int_equal(ledger_size(p->vault, &before, &e), 0);
	place_did(p, r.id, &(struct rights_act){.event = EVENT_READ, .by = "anna", .reason = "to answer"}, ERR_NONE);
	place_did(p, r.id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "anna", .text = "private words"}, ERR_NONE);
	assert_int_equal(ledger_size(p->vault, &after, &e), 0);
	assert_int_equal(after, before + 3); // and the certificate
	assert_int_equal(ledger_each(p->vault, 0, look_for_contact, &named, &e), 0);
	assert_true(named);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    PLACED(recorded_and_shown),
	    PLACED(each_event_is_kept_and_says_the_state),
	    PLACED(what_cannot_happen_is_refused_and_changes_nothing),
	    PLACED(a_letter_counts_from_the_day_it_came),
	    PLACED(bodies_of_versions_before_are_read),
	    PLACED(what_is_dated_back_says_so_and_by_what_it_left),
	    PLACED(nobody_is_asked_who_they_are_where_the_policy_asks_nobody),
	    PLACED(an_erasure_or_a_copy_is_answered_when_it_was_done),
	    PLACED(who_asks_twice_is_answered_once_and_told_nothing_of_the_other),
	    PLACED(the_same_contact_is_a_hint_alone),
	    PLACED(what_is_sent_twice_with_one_secret_is_one_request),
	    PLACED(what_is_joined_by_hand_ends_with_its_head_and_never_in_a_circle),
	    PLACED(the_owner_adds_to_an_open_request_and_so_answers_what_was_asked),
	    PLACED(no_event_is_lost_when_two_write_at_once),
	    PLACED(the_ledger_has_each_event_and_nothing_personal),
	    PLACED(survives_a_restart),
	    PLACED(a_right_that_is_not_offered),
	    PLACED(wrong_ones_look_the_same),
	    PLACED(who_asks_is_verified_as_the_policy_says),
	    PLACED(the_officer_sees_contact_only_when_asked),
	    PLACED(an_answer_and_a_refusal_are_certified),
	    cmocka_unit_test(the_certificate_says_which_right_and_what_was_done),
	    PLACED(each_walks_and_stops),
	    PLACED(erasure_with_a_receipt_is_done_at_once),
	    PLACED(the_certificate_says_who_else_got_some_of_it),
	    PLACED(erasure_that_is_no_self_service_waits_for_the_officer),
	    PLACED(erasure_by_the_address_of_an_archive),
	    PLACED(what_did_not_reach_every_store_is_partial_and_can_be_finished),
	    PLACED(erasure_without_a_receipt_stays_open),
	    PLACED(only_an_open_erasure_can_be_carried_out),
	    PLACED(erase_by_receipt),
	    PLACED(a_request_outlives_the_erasure_of_what_it_names),
	    PLACED(a_request_hangs_on_the_receipt_that_it_names),
	    PLACED(an_open_request_alone_is_nothing_to_erase),
	    PLACED(looking_up_a_receipt_takes_no_lock),
	    PLACED(nothing_readable_is_on_disk),
	    PLACED(the_ledger_names_nobody),
	    PLACED(a_search_is_announced_where_it_comes),
	    PLACED(a_partial_result_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
