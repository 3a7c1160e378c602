// SPDX-License-Identifier: ISC
// Certificates: the ledger vouches for them, whoever has the verifier key can tell, and no byte of them can be altered unseen.
#include "policy/rights/certificate.h"
#include "tests/unit/vault_fixture.h"

static const char RECEIPT[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static const struct erase_result erased = {
    .stores = {{.name = "records", .found = 3, .erased = 3}, {.name = "request-log", .found = 2, .erased = 2}},
    .store_count = 2,
    .complete = true,
    .residue_files = 3,
    .residue_bytes = 4096000000,
    .recorded = true,
    .ledger_index = 0,
};

static void key_of(const struct fixture *f, struct signed_note_key *key)
{
	struct buf line BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	char path[256];

	snprintf(path, sizeof path, "%s/keys/ledger.pub", f->state);
	assert_return_code(file_read(path, &line, &e), 0);
	assert_return_code(signed_note_key_parse(key, buf_text(&line), &e), 0);
}

// One of an erasure by receipt; signed unless not.
static cJSON *make(struct fixture *f, const struct erase_result *result, bool sign)
{
	const struct certificate_of of = {
	    .right = "erasure", .request_id = "0123", .received = fixture_time, .subject = RECEIPT, .self_service = true};
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	cJSON *c = certificate_make(f->vault, &of, result, NULL, &e);

	if (c == NULL || (sign && ledger_checkpoint(f->vault, &note, &e) != 0))
		fail_msg("%s", e.text);
	assert_return_code(certificate_prove(f->vault, c, &e), 0);
	return c;
}

static enum err_code verify_as(const cJSON *c, const struct signed_note_key *key)
{
	struct buf text BUF_AUTO = BUF_INIT(CERTIFICATE_FILE_MAX);
	struct certificate_check check;
	struct err e = {0};

	assert_return_code(json_print_lines(&text, c), 0); // spaces do not count
	return certificate_verify(buf_text(&text), text.len, key, &check, &e) == 0 ? ERR_NONE : e.code;
}

static void a_certificate_holds_once_the_ledger_is_signed(void **state)
{
	struct fixture *f = *state;
	struct signed_note_key key, other;
	struct err e = {0};
	bool waits = true;

	key_of(f, &key);
	assert_return_code(ledger_unsigned(f->vault, &waits, &e), 0);
	assert_false(waits);
	for (int i = 0; i < 5; i++)
		assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation"}, &e), 0);
	JSON_AUTO cJSON *early = make(f, &erased, false);
	assert_true(cJSON_IsNull(json_get(json_get(early, "evidence"), "proof")));
	assert_int_equal(verify_as(early, &key), ERR_NOT_FOUND);
	assert_return_code(ledger_unsigned(f->vault, &waits, &e), 0);
	assert_true(waits);
	JSON_AUTO cJSON *c = make(f, &erased, true);
	assert_return_code(ledger_unsigned(f->vault, &waits, &e), 0);
	assert_false(waits);
	assert_int_equal(verify_as(c, &key), ERR_NONE);
	assert_return_code(certificate_prove(f->vault, early, &e), 0);
	assert_int_equal(verify_as(early, &key), ERR_NONE);
	// Another key; and a key by the name of ours, which its id tells.
	other = key;
	other.public[0] ^= 1;
	assert_int_equal(verify_as(c, &other), ERR_REFUSED);
	// Later signatures cover it, too; also when its entry is in a closed segment.
	for (int i = 0; i < 30; i++)
		assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation"}, &e), 0);
	JSON_AUTO cJSON *later = make(f, &erased, true);
	assert_return_code(certificate_prove(f->vault, c, &e), 0);
	assert_int_equal(verify_as(c, &key), ERR_NONE);
	assert_int_equal(verify_as(later, &key), ERR_NONE);
	// The evidence of one is not that of another.
	cJSON *swapped = cJSON_Duplicate(json_get(later, "evidence"), true);
	assert_true(cJSON_ReplaceItemInObjectCaseSensitive(c, "evidence", swapped));
	assert_int_equal(verify_as(c, &key), ERR_CORRUPT);
}

static void no_byte_of_it_can_be_altered(void **state)
{
	struct fixture *f = *state;
	struct buf text BUF_AUTO = BUF_INIT(CERTIFICATE_FILE_MAX);
	struct signed_note_key key;
	struct certificate_check check;
	struct err e = {0};
	cJSON_Delete(make(f, &erased, false)); // so that the proof has more than one step
	cJSON_Delete(make(f, &erased, false));
	JSON_AUTO cJSON *c = make(f, &erased, true);

	key_of(f, &key);
	assert_return_code(json_print(&text, c), 0);
	assert_return_code(certificate_verify(text.data, text.len, &key, &check, &e), 0);
	assert_int_equal(check.index, 2);
	assert_int_equal(check.size, 3);
	const size_t salt = (size_t)(strstr(text.data, "salt\":\"") - text.data); // which nobody signs: it proves itself
	for (size_t i = 0; i < text.len; i++) {
		if (i >= salt && i < salt + 7 + 64)
			continue;
		for (int bit = 0; bit < 3; bit++) {
			text.data[i] ^= (char)(1 << bit);
			if (certificate_verify(text.data, text.len, &key, &check, &e) == 0)
				fail_msg("byte %zu, bit %d: %.40s", i, bit, text.data + (i > 20 ? i - 20 : 0));
			text.data[i] ^= (char)(1 << bit);
		}
	}
	for (size_t len = 0; len < text.len; len++)
		assert_int_not_equal(certificate_verify(text.data, len, &key, &check, &e), 0);
}

static void it_names_nobody_but_who_has_the_salt_can_show_it(void **state)
{
	struct fixture *f = *state;
	struct buf text BUF_AUTO = BUF_INIT(CERTIFICATE_FILE_MAX);
	uint8_t salt[KEY_LEN], hash[HASH_LEN];
	char hex[2 * HASH_LEN + 1];
	JSON_AUTO cJSON *c = make(f, &erased, true);
	JSON_AUTO cJSON *again = make(f, &erased, true);

	assert_return_code(json_print(&text, c), 0);
	assert_null(strstr(text.data, RECEIPT));
	assert_string_not_equal(json_string(c, "subject_ref"), json_string(again, "subject_ref"));
	assert_return_code(hex_decode(salt, KEY_LEN, json_string(json_get(c, "evidence"), "salt")), 0);
	keyed_hash(hash, salt, "subject", RECEIPT, strlen(RECEIPT));
	hex_encode(hex, hash, HASH_LEN);
	assert_string_equal(hex, json_string(c, "subject_ref"));
	assert_string_equal(json_string(c, "request_id"), "0123");
	assert_string_equal(json_string(c, "operator_role"), "self-service");
}

static void of_nothing_there_is_no_evidence(void **state)
{
	struct fixture *f = *state;
	struct erase_result nothing = erased;
	struct signed_note_key key;
	struct err e = {0};
	uint64_t before, after;

	nothing.recorded = false;
	assert_return_code(ledger_size(f->vault, &before, &e), 0);
	JSON_AUTO cJSON *c = make(f, &nothing, false);
	assert_return_code(ledger_size(f->vault, &after, &e), 0);
	assert_int_equal(before, after);
	assert_true(cJSON_IsNull(json_get(c, "evidence")));
	key_of(f, &key);
	assert_int_equal(verify_as(c, &key), ERR_NOT_FOUND);
}

static void other_answers_have_their_own_facts(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct signed_note_key key;
	struct err e = {0};
	JSON_AUTO cJSON *more = json_parse("{\"answer\":\"refused\",\"ground\":\"identity\",\"cert_id\":\"x\"}", 54, &e);

	assert_non_null(more);
	key_of(f, &key);
	assert_null(certificate_make(f->vault, &(struct certificate_of){.right = "access"}, NULL, more, &e)); // one twice
	cJSON_DeleteItemFromObjectCaseSensitive(more, "cert_id");
	JSON_AUTO cJSON *c = certificate_make(f->vault, &(struct certificate_of){.right = "access"}, NULL, more, &e);
	assert_non_null(c);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	assert_return_code(certificate_prove(f->vault, c, &e), 0);
	assert_string_equal(json_string(c, "ground"), "identity");
	assert_true(cJSON_IsNull(json_get(c, "subject_ref")));
	assert_int_equal(verify_as(c, &key), ERR_NONE);
	assert_true(cJSON_ReplaceItemInObjectCaseSensitive(c, "ground", cJSON_CreateString("fraud")));
	assert_int_equal(verify_as(c, &key), ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(a_certificate_holds_once_the_ledger_is_signed), T(no_byte_of_it_can_be_altered),
	    T(it_names_nobody_but_who_has_the_salt_can_show_it), T(of_nothing_there_is_no_evidence), T(other_answers_have_their_own_facts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
