// SPDX-License-Identifier: ISC
// The ledger: any alteration is found, with its index; erasing payloads alters nothing; checkpoints are C2SP and RFC 6962.
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/text.h"
#include "tests/unit/vault_fixture.h"

enum { EVENTS = 20 };

static void append_events(struct fixture *f, int count)
{
	struct err e = {0};
	char details[64];

	for (int i = 0; i < count; i++) {
		snprintf(details, sizeof details, "{\"images\":%d}", i);
		const struct ledger_event event = {.name = "generation",
						   .details = details,
						   .payload = i % 3 == 0 ? "a payload" : NULL,
						   .payload_len = i % 3 == 0 ? 9 : 0,
						   .subject = i % 2 == 0 ? "even" : NULL};
		if (ledger_append(f->vault, &event, &e) != 0)
			fail_msg("ledger_append: %s", e.text);
	}
}

static struct ledger_report verify(struct fixture *f)
{
	struct ledger_report report;
	struct err e = {0};

	fixture_reopen(f, VAULT_ADMIN);
	if (ledger_verify(f->vault, &report, &e) != 0)
		fail_msg("ledger_verify: %s", e.text);
	return report;
}

static void an_honest_ledger_is_intact(void **state)
{
	struct fixture *f = *state;

	assert_true(verify(f).intact);
	append_events(f, EVENTS);
	struct ledger_report r = verify(f);
	if (!r.intact)
		fail_msg("%s", r.finding);
	assert_int_equal(r.size, EVENTS);
	append_events(f, 600); // more than two pages
	r = verify(f);
	assert_true(r.intact);
	assert_int_equal(r.size, EVENTS + 600);
}

#define UNLOCK "DROP TRIGGER ledger_keep_rows; DROP TRIGGER ledger_keep_values; PRAGMA ignore_check_constraints=1;"
static const struct {
	const char *what, *sql;
	uint64_t index;
} intrusions[] = {
    {"name altered", UNLOCK "UPDATE ledger SET name='erasure' WHERE seq=7", 7},
    {"time altered", UNLOCK "UPDATE ledger SET at=at-1 WHERE seq=0", 0},
    {"policy altered", UNLOCK "UPDATE ledger SET policy='2020-01-01' WHERE seq=19", 19},
    {"details altered", UNLOCK "UPDATE ledger SET details='{}' WHERE seq=3", 3},
    {"commitment altered", UNLOCK "UPDATE ledger SET commitment=zeroblob(32) WHERE seq=6", 6},
    {"seal altered", UNLOCK "UPDATE ledger SET seal=zeroblob(32) WHERE seq=11", 11},
    {"row deleted", UNLOCK "DELETE FROM ledger WHERE seq=4", 4},
    {"first row deleted", UNLOCK "DELETE FROM ledger WHERE seq=0", 0},
    {"last row deleted", UNLOCK "DELETE FROM ledger WHERE seq=19", 19},
    {"rows swapped",
     UNLOCK "UPDATE ledger SET seq=-9 WHERE seq=5; UPDATE ledger SET seq=5 WHERE seq=8; UPDATE ledger SET seq=8 WHERE seq=-9", 5},
    {"row put in at the end", UNLOCK "INSERT INTO ledger SELECT 20, at, name, policy, details, commitment, seal FROM ledger WHERE seq=19",
     20},
    {"row put in at the front", UNLOCK "INSERT INTO ledger SELECT -1, at, name, policy, details, commitment, seal FROM ledger WHERE seq=0",
     0},
    {"payload altered", "UPDATE ledger_payload SET body=zeroblob(80) WHERE seq=9", 9},
    {"payloads swapped",
     "UPDATE ledger_payload SET body=(SELECT body FROM ledger_payload WHERE seq=12), key=(SELECT key FROM ledger_payload WHERE seq=12) "
     "WHERE seq=6",
     6},
    {"head cut", "UPDATE ledger_head SET size=16, range=substr(range, 33)", 20},
    {"tail and head cut", UNLOCK "DELETE FROM ledger WHERE seq>=16; UPDATE ledger_head SET size=16, range=substr(range, 33)", 16},
};

static void every_intrusion_is_found_at_its_index(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(intrusions); i++) {
		fixture_teardown(state);
		fixture_setup(state);
		struct fixture *f = *state;
		append_events(f, EVENTS);
		assert_true(verify(f).intact);
		fixture_sql(f, "vault.db", intrusions[i].sql);
		struct ledger_report r = verify(f);
		if (r.intact || r.bad_index != intrusions[i].index)
			fail_msg("%s: intact=%d index=%llu: %s", intrusions[i].what, r.intact, (unsigned long long)r.bad_index, r.finding);
	}
}

static void rows_cannot_be_changed_without_force(void **state)
{
	struct fixture *f = *state;
	char command[512];

	append_events(f, 2);
	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"DELETE FROM ledger\" 2>/dev/null", f->state);
	assert_int_not_equal(system(command), 0);
	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"UPDATE ledger SET name='x'\" 2>/dev/null", f->state);
	assert_int_not_equal(system(command), 0);
}

static void events_need_a_name_and_plain_details(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event bad[] = {{.name = ""},
					   {.name = NULL},
					   {.name = "a\nb"},
					   {.name = "x", .details = "[1]"},
					   {.name = "x", .details = "{\"a\":\n1}"},
					   {.name = "x", .details = "{"}};
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ledger_append(f->vault, &bad[i], &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
	assert_int_equal(verify(f).size, 0);
}

static void an_undeclared_ledger_keeps_no_payload(void **state)
{
	struct fixture *f = *state;
	struct payload_row left;
	struct err e = {0};

	f->policy.kinds[KIND_LEDGER].keep = KEEP_UNDECLARED;
	append_events(f, 1);
	assert_int_equal(f->vault->b->ledger->payload_get(f->vault->store, 0, &left, &e), 0);
	assert_true(verify(f).intact);
}

static void checkpoints_are_signed_once_per_size(void **state)
{
	struct fixture *f = *state;
	struct buf first BUF_AUTO = BUF_INIT(4096), again BUF_AUTO = BUF_INIT(4096), grown BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	char start[128];

	append_events(f, 5);
	assert_return_code(ledger_checkpoint(f->vault, &first, &e), 0);
	struct ledger_report r = verify(f);
	uint8_t root[HASH_LEN];
	struct buf b64 BUF_AUTO = BUF_INIT(64);
	hex_decode(root, sizeof root, r.root);
	base64_add(&b64, root, sizeof root);
	snprintf(start, sizeof start, "example.lethe.invalid/ledger\n5\n%s\n\n\xe2\x80\x94 example.lethe.invalid/ledger ", buf_text(&b64));
	assert_memory_equal(buf_text(&first), start, strlen(start));
	assert_return_code(ledger_checkpoint(f->vault, &again, &e), 0);
	assert_string_equal(buf_text(&again), buf_text(&first));
	append_events(f, 3);
	assert_return_code(ledger_checkpoint(f->vault, &grown, &e), 0);
	assert_non_null(strstr(buf_text(&grown), "\n8\n"));
	assert_true(verify(f).intact);
	fixture_reopen(f, VAULT_PROGRAM);
	assert_int_equal(ledger_checkpoint(f->vault, &again, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
}

static void a_checkpoint_binds_whoever_holds_the_keys(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	append_events(f, 5);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	fixture_sql(f, "vault.db", "DROP TRIGGER checkpoint_keep_values; UPDATE checkpoint SET root=zeroblob(32)");
	struct ledger_report r = verify(f);
	assert_false(r.intact);
	assert_int_equal(r.bad_index, 5);
	append_events(f, 1);
	assert_int_equal(ledger_checkpoint(f->vault, &note, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
}

static void a_forged_signature_is_found(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	append_events(f, 5);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	fixture_sql(
	    f, "vault.db",
	    "DROP TRIGGER checkpoint_keep_values; UPDATE checkpoint SET note=substr(note, 1, length(note)-9)||'AAAAAAA='||char(10)");
	struct ledger_report r = verify(f);
	assert_false(r.intact);
	assert_non_null(strstr(r.finding, "signature"));
}

// A tail cut off together with a head that whoever holds the master key has made anew: only the signed checkpoint tells.
static void a_shorter_ledger_than_its_checkpoint_is_found(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};
	char id[8];

	(void)id;
	append_events(f, 4);
	char save[256], restore[256];
	snprintf(save, sizeof save, "CREATE TABLE saved AS SELECT * FROM ledger_head");
	fixture_sql(f, "vault.db", save);
	append_events(f, 2);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	snprintf(restore, sizeof restore,
		 UNLOCK "DELETE FROM ledger_payload WHERE seq>=4; DELETE FROM ledger WHERE seq>=4; DELETE FROM ledger_head; "
			"INSERT INTO ledger_head SELECT * FROM saved");
	fixture_sql(f, "vault.db", restore);
	struct ledger_report r = verify(f);
	assert_false(r.intact);
	assert_int_equal(r.bad_index, 4);
	assert_non_null(strstr(r.finding, "checkpoint"));
	assert_int_equal(ledger_checkpoint(f->vault, &note, &e), -1);
}

static struct ledger_report verify_recent(struct fixture *f, uint64_t least)
{
	struct ledger_report report;
	struct err e = {0};

	fixture_reopen(f, VAULT_LOOK);
	if (ledger_verify_recent(f->vault, least, &report, &e) != 0)
		fail_msg("ledger_verify_recent: %s", e.text);
	return report;
}

static void what_a_checkpoint_vouches_for_may_be_passed_over(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	append_events(f, EVENTS);
	assert_int_equal(verify_recent(f, 5).from, 0); // nothing is signed yet
	fixture_reopen(f, VAULT_ADMIN);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	append_events(f, EVENTS);
	struct ledger_report r = verify_recent(f, 5);
	assert_true(r.intact);
	assert_int_equal(r.from, EVENTS);
	assert_int_equal(r.size, 2 * EVENTS);
	assert_string_equal(r.root, verify(f).root);
	assert_int_equal(verify_recent(f, EVENTS + 1).from, 0); // too little would be looked at
	fixture_sql(f, "vault.db", UNLOCK "UPDATE ledger SET at=at-1 WHERE seq=25");
	r = verify_recent(f, 5);
	assert_false(r.intact);
	assert_int_equal(r.bad_index, 25);
	fixture_sql(f, "vault.db", "UPDATE ledger SET at=at+1 WHERE seq=25; UPDATE ledger SET at=at-1 WHERE seq=3");
	assert_true(verify_recent(f, 5).intact);
	assert_int_equal(verify(f).bad_index, 3);
}

static void an_altered_checkpoint_vouches_for_nothing(void **state)
{
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	append_events(f, EVENTS);
	assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
	append_events(f, EVENTS);
	fixture_sql(f, "vault.db", "DROP TRIGGER checkpoint_keep_values; UPDATE checkpoint SET range=zeroblob(length(range))");
	struct ledger_report r = verify_recent(f, 5);
	assert_int_equal(r.from, 0);
	fixture_sql(f, "vault.db", "UPDATE checkpoint SET range=x'00'");
	assert_int_equal(verify_recent(f, 5).from, 0);
}

static void time_never_runs_backwards(void **state)
{
	struct fixture *f = *state;
	struct store_survey held;
	struct err e = {0};

	append_events(f, 1);
	fixture_time -= 100;
	append_events(f, 1);
	assert_return_code(f->vault->b->upkeep->survey(f->vault->store, &held, &e), 0);
	assert_int_equal(held.ledger.newest, fixture_time + 100);
	assert_true(verify(f).intact);
}

struct walked {
	uint64_t next;
};
static int walk(void *arg, const struct ledger_entry *entry)
{
	struct walked *w = arg;

	assert_int_equal(entry->index, w->next);
	assert_string_equal(entry->name, "generation");
	assert_string_equal(entry->policy_version, "2026-05-11");
	w->next++;
	return w->next == 400;
}

static void each_walks_from_an_index(void **state)
{
	struct fixture *f = *state;
	struct walked w = {3};
	struct err e = {0};

	append_events(f, 405);
	assert_return_code(ledger_each(f->vault, 3, walk, &w, &e), 0);
	assert_int_equal(w.next, 400);
}

// Roots of the RFC 6962 reference tree (certificate-transparency's test vectors: leaves "", 00, 10, 2021, 3031, 40414243, 50…57, 60…6f).
static void the_tree_is_that_of_rfc_6962(void **state)
{
	static const struct {
		const char *leaf, *root;
	} vectors[] = {
	    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	    {"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	};
	struct merkle m = {0}, copy;
	uint8_t bytes[16], leaf[HASH_LEN], root[HASH_LEN], packed[MERKLE_PACKED_MAX];
	char hex[2 * HASH_LEN + 1];

	(void)state;
	merkle_root(&m, root);
	hex_encode(hex, root, HASH_LEN);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		size_t len = strlen(vectors[i].leaf) / 2;
		assert_return_code(hex_decode(bytes, len, vectors[i].leaf), 0);
		merkle_leaf(leaf, (const struct bytes[]){{bytes, len}}, 1);
		merkle_append(&m, leaf);
		assert_return_code(merkle_unpack(&copy, m.size, packed, merkle_pack(&m, packed)), 0);
		merkle_root(&copy, root);
		hex_encode(hex, root, HASH_LEN);
		assert_string_equal(hex, vectors[i].root);
	}
	assert_int_equal(merkle_unpack(&copy, 7, packed, HASH_LEN), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(an_honest_ledger_is_intact),
	    T(every_intrusion_is_found_at_its_index),
	    T(rows_cannot_be_changed_without_force),
	    T(events_need_a_name_and_plain_details),
	    T(an_undeclared_ledger_keeps_no_payload),
	    T(checkpoints_are_signed_once_per_size),
	    T(a_checkpoint_binds_whoever_holds_the_keys),
	    T(a_forged_signature_is_found),
	    T(a_shorter_ledger_than_its_checkpoint_is_found),
	    T(what_a_checkpoint_vouches_for_may_be_passed_over),
	    T(an_altered_checkpoint_vouches_for_nothing),
	    T(time_never_runs_backwards),
	    T(each_walks_from_an_index),
	    cmocka_unit_test(the_tree_is_that_of_rfc_6962),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
