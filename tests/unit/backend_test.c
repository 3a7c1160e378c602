// SPDX-License-Identifier: ISC
// What every database engine below the vault must do. Runs against the seam alone, once for each engine of the table: another one is one row.
#include "policy/base/array.h"
#include "policy/vault/backend.h"
#include "tests/unit/test.h"
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct backend *const engines[] = {&sqlite_backend};

struct place {
	char state[64];
	const struct backend *b;
	struct store *s, *other; // two that are open at once, as two processes have them
};
enum { AT = 1795305600, DAY = 86400 };
static const char TODAY[] = "2026-11-22", YESTERDAY[] = "2026-11-21";

static struct err failed;
#define OK(call)                                                                                                                           \
	do {                                                                                                                               \
		failed = (struct err){0};                                                                                                  \
		if ((call) != 0)                                                                                                           \
			fail_msg("%s: %s: %s", p->b->name, #call, failed.text);                                                            \
	} while (0)

static struct store *open_store(struct place *p, enum store_access access)
{
	struct store *s = NULL;

	OK(p->b->upkeep->open(&s, p->state, access, &failed));
	return s;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

// Each test function runs once for each engine.
static void with_each_engine(void (*test)(struct place *p))
{
	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		struct place place = {.b = engines[i]}, *p = &place;
		snprintf(p->state, sizeof p->state, "%s/lethe-backend-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		assert_non_null(mkdtemp(p->state));
		p->s = open_store(p, STORE_CREATE);
		p->other = open_store(p, STORE_LOOK);
		test(p);
		p->b->upkeep->close(p->s);
		p->b->upkeep->close(p->other);
		assert_int_equal(nftw(p->state, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	}
}
#define ENGINE_TEST(name)                                                                                                                  \
	static void name##_in(struct place *p);                                                                                            \
	static void name(void **state)                                                                                                     \
	{                                                                                                                                  \
		(void)state;                                                                                                               \
		with_each_engine(name##_in);                                                                                               \
	}                                                                                                                                  \
	static void name##_in(struct place *p)

static void enter(struct place *p, enum lane lane)
{
	OK(p->b->upkeep->enter(p->s, lane, &failed));
}

static void commit(struct place *p, enum lane lane)
{
	OK(p->b->upkeep->end(p->s, lane, true, &failed));
	p->b->upkeep->leave(p->s, lane);
}

static void roll_back(struct place *p, enum lane lane)
{
	OK(p->b->upkeep->end(p->s, lane, false, &failed));
	p->b->upkeep->leave(p->s, lane);
}

// ---- records ----

static bool with_keys; // without: what is newest has its key, whatever a test destroys

static struct record_row a_record(unsigned n)
{
	struct record_row row = {
	    .kind = KIND_TICKET, .state = "open", .facts.made = AT + n, .due = AT + 100 + n, .has_subject = true, .has_key = with_keys};

	snprintf(row.id, sizeof row.id, "%032x", n);
	memset(row.subject, (int)(n % 3) + 1, HASH_LEN);
	memset(row.key, (int)n, KEY_ID_LEN);
	return row;
}

static void put_in(struct place *p, unsigned n, const char *body)
{
	struct record_row row = a_record(n);
	struct tag_row tags[] = {{.name = "token"}, {.name = "receipt"}};

	memset(tags[0].hash, (int)(0x40 + n), HASH_LEN);
	memset(tags[1].hash, 0xEE, HASH_LEN);
	row.body = BUF_INIT(STORE_VALUE_MAX);
	buf_adds(&row.body, body);
	OK(p->b->records->put(p->s, &row, tags, ARRAY_LEN(tags), &failed));
	buf_free(&row.body);
}

static void put(struct place *p, unsigned n, const char *body)
{
	enter(p, LANE_RECORDS);
	put_in(p, n, body);
	commit(p, LANE_RECORDS);
}

static int find_one(struct place *p, struct store *s, enum view view, const struct record_query *query, struct record_row *out,
		    struct err *e)
{
	struct record_list list = {0};
	int ret = p->b->records->find(s, view, query, &list, e);

	assert_true(list.count <= 1);
	*out = list.count > 0 ? list.rows[0] : (struct record_row){0};
	free(list.rows);
	return ret != 0 || list.count > 0 ? ret : err_set(e, ERR_NOT_FOUND, "no such record");
}

static int get(struct place *p, struct store *s, enum view view, const char *id, struct record_row *out, struct err *e)
{
	return find_one(p, s, view, &(struct record_query){.by = RECORD_WITH_ID, .id = id}, out, e);
}

static int find(struct place *p, enum kind kind, const char *tag, const uint8_t *hash, time_t now, struct record_row *out, struct err *e)
{
	const struct record_query query = {.by = RECORD_WITH_TAG, .kind = kind, .tag = tag, .tag_hash = hash, .horizon = now};

	return find_one(p, p->s, VIEW_COMMITTED, &query, out, e);
}

static bool hash_used(struct place *p, const uint8_t *hash)
{
	const struct record_query query = {.by = RECORDS_WITH_HASH, .tag_hash = hash, .limit = 5};
	struct record_list list = {0};

	OK(p->b->records->find(p->s, VIEW_COMMITTED, &query, &list, &failed));
	free(list.rows);
	return list.count > 0;
}

static bool has(struct place *p, struct store *s, enum view view, unsigned n)
{
	struct record_row row, wanted = a_record(n);
	struct err e = {0};
	bool there = get(p, s, view, wanted.id, &row, &e) == 0;

	assert_true(there || e.code == ERR_NOT_FOUND);
	buf_free(&row.body);
	return there;
}

static void count_hash(void *arg, const struct tag_row *tag)
{
	assert_true(tag->hash[0] == 0x47 || tag->hash[0] == 0xEE);
	++*(unsigned *)arg;
}

ENGINE_TEST(what_is_put_is_got_and_found)
{
	with_keys = true;
	struct record_row row, wanted = a_record(7);
	unsigned tags = 0;
	uint8_t hash[HASH_LEN], other[HASH_LEN];
	struct err e = {0};

	wanted.facts.since[LIFE_SAVED] = AT + 9;
	put(p, 7, "sealed");
	OK(get(p, p->other, VIEW_COMMITTED, wanted.id, &row, &failed));
	assert_string_equal(row.id, wanted.id);
	assert_int_equal(row.kind, KIND_TICKET);
	assert_string_equal(row.state, "open");
	assert_int_equal(row.facts.made, AT + 7);
	assert_int_equal(row.facts.since[LIFE_SAVED], 0);
	assert_int_equal(row.due, AT + 107);
	assert_true(row.has_subject && row.has_key && !row.has_file);
	assert_memory_equal(row.subject, wanted.subject, HASH_LEN);
	assert_memory_equal(row.key, wanted.key, KEY_ID_LEN);
	assert_string_equal(buf_text(&row.body), "sealed");
	buf_free(&row.body);
	memset(hash, 0x47, HASH_LEN);
	OK(find(p, KIND_TICKET, "token", hash, AT, &row, &failed));
	assert_string_equal(row.id, wanted.id);
	buf_free(&row.body);
	assert_int_equal(find(p, KIND_TICKET, "token", hash, AT + 107, &row, &e), -1); // due
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(find(p, KIND_TICKET, "receipt", hash, AT, &row, &e), -1); // another name
	assert_int_equal(find(p, KIND_ARCHIVE, "token", hash, AT, &row, &e), -1);  // another kind

	enter(p, LANE_RECORDS);
	snprintf(wanted.state, sizeof wanted.state, "closed");
	wanted.due = 0;
	OK(p->b->records->update(p->s, &wanted, &failed)); // without a body
	commit(p, LANE_RECORDS);
	OK(get(p, p->s, VIEW_COMMITTED, wanted.id, &row, &failed));
	assert_string_equal(row.state, "closed");
	assert_int_equal(row.due, 0);
	assert_int_equal(row.facts.since[LIFE_SAVED], AT + 9);
	assert_string_equal(buf_text(&row.body), "sealed");
	buf_free(&row.body);

	assert_true(hash_used(p, hash));
	memset(other, 0xAB, sizeof other); // a tag is given another value, and taken away
	enter(p, LANE_RECORDS);
	OK(p->b->records->tag(p->s, wanted.id, "contact", hash, &failed));
	OK(p->b->records->tag(p->s, wanted.id, "contact", other, &failed));
	commit(p, LANE_RECORDS);
	assert_true(hash_used(p, other));
	enter(p, LANE_RECORDS);
	OK(p->b->records->tag(p->s, wanted.id, "contact", NULL, &failed));
	commit(p, LANE_RECORDS);
	assert_false(hash_used(p, other));
	enter(p, LANE_RECORDS);
	OK(p->b->records->tags(p->s, wanted.id, count_hash, &tags, &failed));
	OK(p->b->records->end(p->s, wanted.id, &failed));
	commit(p, LANE_RECORDS);
	assert_false(has(p, p->other, VIEW_COMMITTED, 7));
	assert_int_equal(tags, 2);
	assert_false(hash_used(p, hash));
	with_keys = false;
}

ENGINE_TEST(records_come_in_pages)
{
	enum { MANY = 60, PAGE = 25 };
	struct record_list list = {0};
	static struct store_survey held;
	const struct kind_summary *sum = &held.kinds[KIND_TICKET], *none = &held.kinds[KIND_ARCHIVE];
	uint8_t hash[HASH_LEN];

	for (unsigned n = 1; n <= MANY; n++)
		put(p, n, "x");
	char last[RECORD_ID_LEN + 1] = "";
	struct record_query q = {.by = RECORDS_OF_KIND, .kind = KIND_TICKET, .after = last, .after_made = INT64_MIN, .limit = PAGE};
	for (int pages = 0; pages < 3; pages++) {
		OK(p->b->records->find(p->s, VIEW_COMMITTED, &q, &list, &failed));
		snprintf(last, sizeof last, "%s", list.rows[list.count - 1].id);
		q.after_made = list.rows[list.count - 1].facts.made;
	}
	assert_int_equal(list.count, MANY);
	for (unsigned n = 1; n <= MANY; n++) {
		assert_string_equal(list.rows[n - 1].id, a_record(n).id); // oldest first
		assert_null(list.rows[n - 1].body.data);
	}
	list.count = 0;
	memset(hash, 2, HASH_LEN);
	q = (struct record_query){.by = RECORDS_OF_PERSON, .limit = 100, .subject = hash};
	OK(p->b->records->find(p->s, VIEW_COMMITTED, &q, &list, &failed));
	assert_int_equal(list.count, MANY / 3);
	list.count = 0;
	q = (struct record_query){.by = RECORDS_OF_PERSON, .limit = 100, .subject = hash, .id = last};
	OK(p->b->records->find(p->s, VIEW_COMMITTED, &q, &list, &failed));
	assert_int_equal(list.count, MANY / 3 + 1); // each once
	assert_null(list.rows[0].body.data);
	list.count = 0;
	q.body_bytes = 2; // each body is one byte
	OK(p->b->records->find(p->s, VIEW_COMMITTED, &q, &list, &failed));
	assert_int_equal(list.count, MANY / 3 + 1);
	assert_true(list.rows[0].body.len == 1 && list.rows[1].body.len == 1 && list.rows[2].body.len == 0);
	buf_free(&list.rows[0].body);
	buf_free(&list.rows[1].body);
	list.count = 0;
	memset(hash, 0xEE, HASH_LEN);
	q = (struct record_query){.by = RECORDS_OF_PERSON, .limit = 100, .tag = "receipt", .tag_hash = hash};
	OK(p->b->records->find(p->s, VIEW_COMMITTED, &q, &list, &failed));
	assert_int_equal(list.count, MANY);
	list.count = 0;
	q = (struct record_query){.by = RECORDS_DUE, .kind = KIND_TICKET, .horizon = AT + 110, .limit = 7};
	OK(p->b->records->find(p->s, VIEW_COMMITTED, &q, &list, &failed));
	assert_int_equal(list.count, 7);
	free(list.rows);
	OK(p->b->upkeep->survey(p->s, &held, &failed));
	assert_int_equal(sum->count, MANY);
	assert_int_equal(sum->oldest, AT + 1);
	assert_int_equal(sum->newest, AT + MANY);
	assert_int_equal(sum->due, AT + 101);
	assert_int_equal(none->count + (uint64_t)none->oldest + (uint64_t)none->due, 0);
}

// ---- transactions ----

ENGINE_TEST(nobody_sees_what_is_not_committed)
{
	struct store_stamp before, during, after;

	put(p, 1, "x");
	assert_true(p->b->upkeep->stamp(p->other, &before));
	enter(p, LANE_RECORDS);
	put_in(p, 2, "x");
	assert_true(has(p, p->s, VIEW_WRITER, 2));
	assert_false(has(p, p->s, VIEW_COMMITTED, 2));
	assert_false(has(p, p->other, VIEW_COMMITTED, 2));
	if (p->b->upkeep->stamp(p->other, &during))
		assert_memory_equal(&before, &during, sizeof before);
	roll_back(p, LANE_RECORDS);
	assert_false(has(p, p->other, VIEW_COMMITTED, 2));
	put(p, 2, "x");
	assert_true(has(p, p->other, VIEW_COMMITTED, 2));
	assert_true(p->b->upkeep->stamp(p->other, &after));
	assert_memory_not_equal(&before, &after, sizeof before);
	enter(p, LANE_RECORDS);
	OK(p->b->keys->put(p->s, &(struct key_row){.kind = "subject", .made = AT}, &failed));
	commit(p, LANE_RECORDS);
	assert_true(p->b->upkeep->stamp(p->other, &before));
	assert_memory_not_equal(&before, &after, sizeof before);
}

// The transaction goes on after that, or its commit fails.
ENGINE_TEST(a_failed_row_harms_no_other)
{
	struct record_row again = a_record(1);
	struct err e = {0};

	put(p, 1, "x");
	enter(p, LANE_RECORDS);
	put_in(p, 2, "x");
	assert_int_equal(p->b->records->put(p->s, &again, NULL, 0, &e), -1); // the id is taken
	assert_int_equal(e.code, ERR_INPUT);
	bool committed = p->b->upkeep->end(p->s, LANE_RECORDS, true, &e) == 0;
	p->b->upkeep->leave(p->s, LANE_RECORDS);
	assert_true(has(p, p->other, VIEW_COMMITTED, 1));
	assert_int_equal(has(p, p->other, VIEW_COMMITTED, 2), committed);
	put(p, 3, "x");
	assert_true(has(p, p->other, VIEW_COMMITTED, 3));
	// What is not committed is not written; and where nothing is, there is nothing to commit.
	enter(p, LANE_RECORDS);
	struct record_row alone = a_record(4);
	OK(p->b->records->put(p->s, &alone, NULL, 0, &failed));
	OK(p->b->records->end(p->s, a_record(1).id, &failed));
	OK(p->b->upkeep->end(p->s, LANE_RECORDS, false, &failed));
	commit(p, LANE_RECORDS);
	assert_true(has(p, p->other, VIEW_COMMITTED, 1));
	assert_false(has(p, p->other, VIEW_COMMITTED, 4));
}

// Killed in the middle of a transaction, by itself and with the lane entered: nothing of it is there, and others go on.
ENGINE_TEST(a_kill_leaves_all_or_nothing)
{
	for (unsigned n = 1; n < 40; n += 3) {
		int ready[2];
		char byte;
		assert_int_equal(pipe(ready), 0);
		pid_t child = fork();
		if (child == 0) {
			struct place own = *p; // opened after the fork
			p = &own;
			p->s = open_store(p, STORE_LOOK);
			put(p, n, "kept");
			enter(p, LANE_RECORDS);
			put_in(p, n + 1, "lost");
			assert_int_equal(write(ready[1], "x", 1), 1);
			put_in(p, n + 2, "lost");
			pause();
			_exit(1);
		}
		close(ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		usleep(n * 37);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_true(has(p, p->other, VIEW_COMMITTED, n));
		assert_false(has(p, p->other, VIEW_COMMITTED, n + 1));
		assert_false(has(p, p->other, VIEW_COMMITTED, n + 2));
	}
	put(p, 100, "after");
	p->b->upkeep->close(open_store(p, STORE_SERVE)); // reads everything
}

// ---- keys ----

static struct key_row a_key(uint8_t n)
{
	struct key_row row = {.kind = "subject", .made = AT};

	memset(row.id, n, KEY_ID_LEN);
	snprintf(row.scope, sizeof row.scope, "scope-%u", n);
	memset(row.wrapped, 0xA0 + n, sizeof row.wrapped);
	return row;
}

struct judging {
	unsigned asked; // sum of the keys' numbers
	enum key_end answer;
};
static enum key_end judge(void *arg, const uint8_t id[KEY_ID_LEN])
{
	struct judging *j = arg;

	j->asked += id[0];
	return j->answer;
}

static unsigned destroy(struct place *p, enum key_end answer)
{
	struct judging j = {.answer = answer};

	OK(p->b->keys->destroy(p->s, judge, &j, &failed));
	return j.asked;
}

ENGINE_TEST(a_destroyed_key_is_in_no_file)
{
	with_keys = true;
	struct key_row row, one = a_key(1), two = a_key(2);
	struct marker marker = {.len = KEY_LEN};
	struct found_bytes found = {0};
	struct err e = {0};

	enter(p, LANE_RECORDS);
	OK(p->b->keys->put(p->s, &one, &failed));
	OK(p->b->keys->put(p->s, &two, &failed));
	put_in(p, 1, "x"); // is sealed with key 1
	commit(p, LANE_RECORDS);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, NULL, "subject", "scope-2", &row, 1, &failed), 1);
	assert_memory_equal(row.id, two.id, KEY_ID_LEN);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, one.id, NULL, NULL, &row, 1, &failed), 1);
	assert_memory_equal(row.wrapped, one.wrapped, sizeof row.wrapped);
	struct key_row all[3];
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, NULL, "subject", "", all, 3, &failed), 2); // in the order of scopes
	assert_memory_equal(all[0].id, one.id, KEY_ID_LEN);
	assert_memory_equal(all[1].id, two.id, KEY_ID_LEN);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, NULL, "subject", "", all, 1, &failed), 1);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, NULL, "subject", "scope-3", all, 3, &failed), 0);

	enter(p, LANE_RECORDS);
	OK(p->b->keys->end_later(p->s, two.id, &failed));
	OK(p->b->keys->end_later(p->s, two.id, &failed)); // twice is once
	roll_back(p, LANE_RECORDS);
	assert_int_equal(destroy(p, KEY_END_NOW), 0);
	enter(p, LANE_RECORDS);
	OK(p->b->keys->end_later(p->s, one.id, &failed));
	OK(p->b->keys->end_later(p->s, two.id, &failed));
	OK(p->b->upkeep->end(p->s, LANE_RECORDS, true, &failed));
	assert_int_equal(destroy(p, KEY_END_LATER), 2); // not asked about what a record uses
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, two.id, NULL, NULL, &row, 1, &failed), 1);
	assert_int_equal(p->b->keys->destroy(p->s, judge, &(struct judging){.answer = KEY_END_FAILED}, &e), -1);
	assert_int_equal(destroy(p, KEY_END_NOW), 2);
	assert_int_equal(destroy(p, KEY_END_NOW), 0);
	p->b->upkeep->leave(p->s, LANE_RECORDS);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, two.id, NULL, NULL, &row, 1, &e), 0);
	memcpy(marker.bytes, two.wrapped, KEY_LEN);
	OK(p->b->upkeep->find_bytes(p->other, &marker, 1, &found, &failed));
	assert_int_equal(found.hits, 0);
	memcpy(marker.bytes, one.wrapped, KEY_LEN);
	OK(p->b->upkeep->find_bytes(p->other, &marker, 1, &found, &failed));
	assert_true(found.hits > 0 && found.files > 0 && found.bytes > 0);
	enter(p, LANE_RECORDS); // the end of a record names its key
	OK(p->b->records->end(p->s, a_record(1).id, &failed));
	commit(p, LANE_RECORDS);
	assert_int_equal(destroy(p, KEY_STAYS), 1);
	assert_int_equal(destroy(p, KEY_END_NOW), 0);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, one.id, NULL, NULL, &row, 1, &failed), 1);
	with_keys = false;
}

// ---- ledger ----

static const uint8_t HASH_A[HASH_LEN] = {0xAA}, HASH_B[HASH_LEN] = {0xBB};

static int append_in(struct place *p, int64_t seq, const char *name, const struct payload_row *payload, struct err *e)
{
	struct mark_row head = {.size = (uint64_t)seq + 1, .at = AT + seq, .range_len = 2 * HASH_LEN};
	const struct ledger_row row = {
	    .seq = seq, .at = AT + seq, .name = name, .policy = "v1", .details = "{}", .commitment = HASH_A, .seal = HASH_B};

	memset(head.range, 0x11, sizeof head.range);
	return p->b->ledger->append(p->s, &row, payload, seq % 2 == 0 ? &head : NULL, e); // the head moves once for several
}

struct events {
	int64_t seqs[20];
	size_t count;
};
static int add_event(void *arg, const struct ledger_row *row)
{
	struct events *events = arg;

	assert_string_equal(row->policy, "v1");
	assert_memory_equal(row->commitment, HASH_A, HASH_LEN);
	assert_memory_equal(row->seal, HASH_B, HASH_LEN);
	events->seqs[events->count++] = row->seq;
	return 0;
}

static int mark(struct place *p, struct store *s, enum mark which, enum mark_side side, uint64_t size, struct mark_row *out)
{
	failed = (struct err){0};
	return p->b->ledger->mark_get(s, VIEW_COMMITTED, which, side, size, out, &failed);
}

static void trim(struct place *p)
{
	int more;

	enter(p, LANE_RECORDS);
	while ((more = p->b->upkeep->sanitise(p->s, SANITISE_TRIM, &failed)) > 0)
		;
	assert_int_equal(more, 0);
	p->b->upkeep->leave(p->s, LANE_RECORDS);
}

ENGINE_TEST(the_ledger_keeps_its_order)
{
	struct mark_row got, point = {.mark = MARK_CHECKPOINT, .size = 3, .at = AT, .range_len = HASH_LEN, .note = "a signed note"}, read;
	struct payload_row payload = {.seq = 2, .has_subject = true, .due = AT + 50, .body = BUF_INIT(64)};
	struct events events = {0};
	static struct store_survey held;
	struct err e = {0};

	assert_int_equal(mark(p, p->s, MARK_HEAD, MARK_FROM, 0, &got), 0);
	OK(p->b->upkeep->survey(p->s, &held, &failed));
	assert_int_equal(held.ledger.last, -1);
	memset(payload.subject, 9, HASH_LEN);
	buf_adds(&payload.body, "sealed payload");
	enter(p, LANE_RECORDS);
	for (int64_t seq = 0; seq < 5; seq++)
		OK(append_in(p, seq, seq == 3 ? "activation" : "event", seq == 2 ? &payload : NULL, &failed));
	assert_int_equal(append_in(p, 2, "again", NULL, &e), -1);
	OK(p->b->ledger->append(p->s, NULL, NULL, &point, &failed));
	commit(p, LANE_RECORDS);

	OK(p->b->ledger->page(p->other, 1, false, 3, add_event, &events, &failed));
	assert_int_equal(events.count, 3);
	assert_true(events.seqs[0] == 1 && events.seqs[1] == 2 && events.seqs[2] == 3);
	events.count = 0;
	OK(p->b->ledger->page(p->other, 0, true, 10, add_event, &events, &failed));
	assert_true(events.count == 1 && events.seqs[0] == 3);
	OK(p->b->upkeep->survey(p->other, &held, &failed));
	assert_true(held.ledger.last == 4 && held.ledger.oldest == AT && held.ledger.newest == AT + 4);
	assert_int_equal(mark(p, p->other, MARK_HEAD, MARK_FROM, 0, &got), 1);
	assert_true(got.size == 5 && got.at == AT + 4 && got.range_len == 2 * HASH_LEN);
	assert_int_equal(got.range[2 * HASH_LEN - 1], 0x11);
	assert_int_equal(mark(p, p->other, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &read), 1);
	assert_true(read.size == 3 && read.range_len == HASH_LEN);
	assert_string_equal(read.note, "a signed note");
	assert_int_equal(mark(p, p->other, MARK_CHECKPOINT, MARK_UP_TO, 2, &read), 0);
	assert_int_equal(mark(p, p->other, MARK_CHECKPOINT, MARK_FROM, 2, &read), 1);

	struct payload_row back;
	uint64_t count;
	assert_int_equal(p->b->ledger->payload_get(p->other, NULL, 0, &back, &failed), 1); // the first from there on
	assert_int_equal(back.seq, 2);
	assert_true(back.has_subject && back.subject[0] == 9);
	assert_string_equal(buf_text(&back.body), "sealed payload");
	buf_free(&back.body);
	assert_int_equal(p->b->ledger->payload_get(p->other, NULL, 3, &back, &failed), 0);
	enter(p, LANE_RECORDS);
	OK(p->b->ledger->payload_end(p->s, NULL, AT + 49, 5, &count, &failed));
	assert_int_equal(count, 0);
	OK(p->b->ledger->payload_end(p->s, payload.subject, 0, 5, &count, &failed));
	assert_int_equal(count, 1);
	commit(p, LANE_RECORDS);
	assert_int_equal(p->b->ledger->payload_get(p->other, NULL, 2, &back, &failed), 0);
	buf_free(&payload.body);
}

ENGINE_TEST(closed_events_leave_the_table)
{
	struct mark_row one = {.mark = MARK_SEGMENT, .size = 4, .first_at = AT, .at = AT + 3, .range_len = HASH_LEN, .there = true},
			two = one, got;
	static struct store_survey held;
	struct events events = {0};

	two.start = 4;
	two.size = 8;
	enter(p, LANE_RECORDS);
	for (int64_t seq = 0; seq < 9; seq++)
		OK(append_in(p, seq, seq == 3 ? "activation" : "event", NULL, &failed));
	commit(p, LANE_RECORDS);
	assert_int_equal(mark(p, p->other, MARK_SEGMENT, MARK_UP_TO, UINT64_MAX, &got), 0);
	trim(p); // none is closed
	OK(p->b->ledger->page(p->other, 0, false, 10, add_event, &events, &failed));
	assert_int_equal(events.count, 9);
	events.count = 0;
	enter(p, LANE_RECORDS);
	OK(p->b->ledger->append(p->s, NULL, NULL, &one, &failed));
	OK(p->b->ledger->append(p->s, NULL, NULL, &two, &failed));
	commit(p, LANE_RECORDS);
	trim(p);
	enter(p, LANE_RECORDS);
	one.there = false;
	OK(p->b->ledger->append(p->s, NULL, NULL, &one, &failed));
	commit(p, LANE_RECORDS);
	OK(p->b->ledger->page(p->other, 0, false, 10, add_event, &events, &failed));
	assert_true(events.count == 2 && events.seqs[0] == 3 && events.seqs[1] == 8);
	assert_int_equal(mark(p, p->other, MARK_SEGMENT, MARK_FROM, 1, &got), 1);
	assert_true(got.start == 0 && got.size == 4 && got.first_at == AT && got.at == AT + 3 && !got.there && got.range_len == HASH_LEN);
	assert_int_equal(mark(p, p->other, MARK_SEGMENT, MARK_FROM, 5, &got), 1);
	assert_true(got.start == 4 && got.there);
	assert_int_equal(mark(p, p->other, MARK_SEGMENT, MARK_UP_TO, 7, &got), 1);
	assert_int_equal(got.size, 4);
	OK(p->b->upkeep->survey(p->other, &held, &failed));
	assert_true(held.ledger.last == 8 && held.ledger.oldest == AT && held.ledger.newest == AT + 8);
}

// ---- request log ----

static void log_one(struct place *p, const char *day, time_t at, uint8_t address, uint8_t receipt)
{
	struct log_row row = {.day = day, .at = at, .has_receipt = receipt != 0, .body = "sealed line", .body_len = 11};

	memset(row.address, address, LOG_HASH_LEN);
	memset(row.receipt, receipt, LOG_HASH_LEN);
	enter(p, LANE_LOG);
	OK(p->b->log->append(p->s, &row, &failed));
	commit(p, LANE_LOG);
}

// The day as the store tells it; without lines when it is not there.
static struct log_day day_of(struct place *p, struct store *s, const char *day)
{
	struct log_day *days, out = {.state = LOG_DAY_DAMAGED};
	int count = p->b->log->days(s, &days, &failed);

	assert_true(count >= 0);
	for (int i = 0; i < count; i++) {
		if (strcmp(days[i].day, day) != 0)
			continue;
		OK(p->b->log->read(s, &days[i], &failed));
		out = days[i];
	}
	free(days);
	return out;
}

ENGINE_TEST(a_day_goes_as_a_whole)
{
	struct log_day *days;

	log_one(p, TODAY, AT + 5, 1, 0);
	log_one(p, YESTERDAY, AT - DAY + 7, 1, 2);
	log_one(p, TODAY, AT + 3, 2, 2);
	assert_int_equal(p->b->log->days(p->other, &days, &failed), 2);
	assert_string_equal(days[0].day, YESTERDAY);
	assert_true(days[1].state == LOG_DAY_NOT_READ && days[1].lines == 0 && !days[1].set_aside);
	OK(p->b->log->read(p->other, &days[1], &failed));
	assert_string_equal(days[1].day, TODAY);
	assert_true(days[1].state == LOG_DAY_READ && days[1].lines == 2 && days[1].oldest == AT + 3 && days[1].newest == AT + 5);
	free(days);
	enter(p, LANE_LOG);
	OK(p->b->log->append(p->s, &(struct log_row){.day = TODAY, .at = AT + 9, .body = "lost", .body_len = 4}, &failed));
	roll_back(p, LANE_LOG);
	assert_int_equal(day_of(p, p->other, TODAY).lines, 2);
	// Another process ends the day under its writer.
	OK(p->b->upkeep->enter(p->other, LANE_LOG, &failed));
	OK(p->b->log->end_day(p->other, TODAY, &failed));
	p->b->upkeep->leave(p->other, LANE_LOG);
	assert_string_equal(day_of(p, p->s, TODAY).day, "");
	log_one(p, TODAY, AT + 11, 1, 0);
	assert_int_equal(day_of(p, p->other, TODAY).lines, 1);
}

struct found_rows {
	unsigned count;
	time_t first, last;
};

static int keep_found(void *arg, const struct log_row *row)
{
	struct found_rows *seen = arg;

	seen->first = seen->count++ == 0 ? row->at : seen->first;
	seen->last = row->at;
	assert_true(row->body_len == 11 && memcmp(row->body, "sealed line", 11) == 0);
	return 0;
}

ENGINE_TEST(single_rows_of_days_end)
{
	enum { DAYS = 20 };
	uint8_t address[LOG_HASH_LEN], receipt[LOG_HASH_LEN];
	struct log_erasure list[DAYS] = {{0}};
	char days[DAYS][WHEN_DATE];

	memset(address, 1, sizeof address);
	memset(receipt, 2, sizeof receipt);
	for (int d = 0; d < DAYS; d++) {
		when_date(days[d], AT - d * DAY);
		for (uint8_t i = 0; i < 6 && d != 7; i++) // one of them is not there
			log_one(p, days[d], AT - d * DAY + i, i % 2, i % 3);
		list[d] = (struct log_erasure){.day = days[d], .address = address};
	}
	OK(p->b->upkeep->enter(p->s, LANE_LOG, &failed));
	p->b->log->erase(p->s, list, 1, AT + 1, false); // the other two are later
	assert_int_equal(list[0].rows, 1);
	for (int d = 0; d < DAYS; d++) {
		assert_int_equal(day_of(p, p->other, days[d]).lines, d == 7 ? 0 : d == 0 ? 5 : 6);
		list[d].receipt = receipt;
	}
	p->b->log->erase(p->s, list, DAYS, AT + 9, true);
	for (int d = 0; d < DAYS; d++) {
		assert_int_equal(list[d].rows, d == 7 ? 0 : d == 0 ? 3 : 4);
		assert_int_equal(day_of(p, p->other, days[d]).lines, d == 7 ? 0 : d == 0 ? 5 : 6); // they are only counted
	}
	p->b->log->erase(p->s, list, DAYS, AT + 9, false);
	for (int d = 0; d < DAYS; d++) {
		assert_int_equal(list[d].err.code, ERR_NONE);
		assert_int_equal(list[d].rows, d == 7 ? 0 : d == 0 ? 3 : 4);
		assert_int_equal(day_of(p, p->other, days[d]).lines, d != 7 ? 2 : 0);
	}
	struct found_rows seen = {0};
	OK(p->b->log->find(p->s, TODAY, NULL, receipt, keep_found, &seen, &failed)); // none of them is left
	assert_int_equal(seen.count, 0);
	memset(address, 0, sizeof address);
	OK(p->b->log->find(p->s, TODAY, address, NULL, keep_found, &seen, &failed));
	assert_true(seen.count == 2 && seen.first == AT && seen.last == AT + 4);
	p->b->upkeep->leave(p->s, LANE_LOG);
}

// ---- copies, other wrappings, and nobody else ----

static void copy_path(const struct place *p, char out[PATH_MAX], const char *name)
{
	snprintf(out, PATH_MAX, "%s/copy/%s", p->state, name);
}

ENGINE_TEST(a_copy_leaves_out_what_is_due)
{
	static const uint8_t ended[1][KEY_ID_LEN] = {{7}};
	static struct store_survey held;
	struct copy_order order = {.what = COPY_RECORDS, .horizon = AT + 102, .ended = ended, .ended_count = 1};
	struct copy_facts made;
	struct marker marker = {.bytes = "GOES-BEFORE", .len = 11};
	struct store *copy;
	char folder[PATH_MAX], path[PATH_MAX], log[PATH_MAX];
	struct err e = {0};

	copy_path(p, folder, "");
	copy_path(p, log, "log");
	assert_return_code(mkdir(folder, 0700) | mkdir(log, 0700), 0);
	put(p, 1, "GOES-BEFORE");
	put(p, 2, "GOES-BEFORE");
	put(p, 3, "stays");
	log_one(p, TODAY, AT, 1, 1);
	enter(p, LANE_RECORDS);
	put_in(p, 4, "not committed");
	copy_path(p, path, "vault.db");
	OK(p->b->upkeep->copy(p->other, &order, path, &made, &failed)); // waits for nobody
	roll_back(p, LANE_RECORDS);
	assert_true(made.records == 1 && made.left_records == 2 && made.left_payloads == 0 && made.events == 0);
	copy_path(p, path, "log/2026-11-22.db");
	OK(p->b->upkeep->copy(p->other, &(struct copy_order){.what = COPY_LOG_DAY, .day = TODAY}, path, NULL, &failed));
	OK(p->b->upkeep->open(&copy, folder, STORE_CHECK, &failed));
	OK(p->b->upkeep->survey(copy, &held, &failed));
	assert_true(held.records == 1 && held.ledger.last < 0);
	assert_true(has(p, copy, VIEW_COMMITTED, 3) && !has(p, copy, VIEW_COMMITTED, 1));
	assert_int_equal(day_of(p, copy, TODAY).lines, 1);
	OK(p->b->upkeep->find_bytes(copy, &marker, 1, &(struct found_bytes){0}, &failed));
	p->b->upkeep->close(copy);
	assert_true(has(p, p->other, VIEW_COMMITTED, 1)); // the copy alone lacks it

	order = (struct copy_order){.what = COPY_LOG_DAY, .day = YESTERDAY};
	assert_int_equal(p->b->upkeep->copy(p->other, &order, path, NULL, &failed), 1); // there is none
	copy_path(p, path, "keys");
	OK(p->b->upkeep->copy(p->other, &(struct copy_order){.what = COPY_KEYS}, path, NULL, &failed));

	static const char *const damaged[] = {"log/2026-11-22.db", "vault.db"};
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		copy_path(p, path, damaged[i]);
		FILE *f = fopen(path, "r+");
		static char bytes[1 << 20];
		size_t len = fread(bytes, 1, sizeof bytes, f);
		assert_true(len > 0 && len < sizeof bytes);
		assert_null(memmem(bytes, len, marker.bytes, marker.len));
		memset(bytes + len / 2, 0xA5, len - len / 2);
		rewind(f);
		assert_int_equal(fwrite(bytes, 1, len, f), len);
		fclose(f);
		e = (struct err){0};
		assert_int_equal(p->b->upkeep->open(&copy, folder, STORE_CHECK, &e), -1);
		assert_int_equal(e.code, ERR_CORRUPT);
		assert_null(copy);
	}
}

static int wrap_two(void *arg, struct key_row *row, struct err *e)
{
	unsigned *left = arg;

	if ((*left)-- == 0)
		return err_set(e, ERR_INPUT, "no more");
	memset(row->wrapped, 0xC3, sizeof row->wrapped);
	return 0;
}

ENGINE_TEST(all_keys_are_wrapped_again_or_none)
{
	struct key_row row, key = {.kind = "subject", .made = AT};
	struct marker marker = {.len = 16};
	struct found_bytes found = {0};
	struct err e = {0};

	memset(marker.bytes, 0x5A, marker.len);
	memset(key.wrapped, 0x5A, sizeof key.wrapped);
	enter(p, LANE_RECORDS);
	for (unsigned n = 0; n < 2; n++) {
		key.id[0] = (uint8_t)(n + 1);
		snprintf(key.scope, sizeof key.scope, "scope-%u", n);
		OK(p->b->keys->put(p->s, &key, &failed));
	}
	OK(p->b->upkeep->end(p->s, LANE_RECORDS, true, &failed));
	assert_int_equal(p->b->keys->wrap_all(p->s, wrap_two, &(unsigned){1}, &e), -1);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, NULL, "subject", "scope-0", &row, 1, &failed), 1);
	assert_memory_equal(row.wrapped, key.wrapped, sizeof row.wrapped); // not even the first
	OK(p->b->keys->wrap_all(p->s, wrap_two, &(unsigned){2}, &failed));
	p->b->upkeep->leave(p->s, LANE_RECORDS);
	assert_int_equal(p->b->keys->get(p->other, VIEW_COMMITTED, NULL, "subject", "scope-1", &row, 1, &failed), 1);
	assert_int_equal(row.wrapped[0], 0xC3);
	OK(p->b->upkeep->find_bytes(p->other, &marker, 1, &found, &failed));
	assert_int_equal(found.hits, 0);
}

ENGINE_TEST(who_must_be_alone_waits_for_nobody)
{
	struct store *alone, *third;
	unsigned left = 1;
	struct err e = {0};

	assert_int_equal(p->b->upkeep->open(&alone, p->state, STORE_ALONE, &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	assert_null(alone);
	p->b->upkeep->close(p->s); // `other` only looks
	OK(p->b->upkeep->open(&alone, p->state, STORE_ALONE, &failed));
	assert_int_equal(p->b->upkeep->open(&third, p->state, STORE_SERVE, &e), -1);
	p->b->upkeep->close(alone);
	p->s = open_store(p, STORE_SERVE);
	third = open_store(p, STORE_SERVE);
	e = (struct err){0};
	assert_int_equal(p->b->keys->wrap_all(p->s, wrap_two, &left, &e), -1); // somebody else writes
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(left, 1); // before anything is called for
	p->b->upkeep->close(third);
	OK(p->b->keys->wrap_all(p->s, wrap_two, &left, &failed));
	assert_int_equal(p->b->upkeep->open(&third, p->state, STORE_SERVE, &e), -1);
}

// ---- upkeep ----

ENGINE_TEST(what_was_deleted_is_in_no_file)
{
	enum { MANY = 200 };
	struct marker marker = {.len = 12};
	struct found_bytes found = {0};
	static struct store_survey sizes;
	char body[64];

	memcpy(marker.bytes, "MARKER-BYTES", 12);
	for (unsigned n = 1; n <= MANY; n++) {
		snprintf(body, sizeof body, "%s-%u", n % 2 ? "MARKER-BYTES" : "other", n);
		put(p, n, body);
	}
	OK(p->b->upkeep->find_bytes(p->other, &marker, 1, &found, &failed));
	assert_true(found.hits >= MANY / 2);
	enter(p, LANE_RECORDS);
	for (unsigned n = 1; n <= MANY; n += 2)
		OK(p->b->records->end(p->s, a_record(n).id, &failed));
	OK(p->b->upkeep->end(p->s, LANE_RECORDS, true, &failed));
	OK(p->b->upkeep->sanitise(p->s, SANITISE_ALL, &failed));
	p->b->upkeep->leave(p->s, LANE_RECORDS);
	found = (struct found_bytes){0};
	OK(p->b->upkeep->find_bytes(p->other, &marker, 1, &found, &failed));
	assert_int_equal(found.hits, 0);
	OK(p->b->upkeep->survey(p->other, &sizes, &failed));
	assert_true(sizes.database_bytes > 0);
	assert_int_equal(sizes.pending_bytes, 0);
	uint64_t before = sizes.log_bytes;
	log_one(p, TODAY, AT, 1, 1);
	OK(p->b->upkeep->survey(p->other, &sizes, &failed));
	assert_true(sizes.log_bytes > before);
}

static void count_finding(void *arg, const char *finding)
{
	(void)finding;
	++*(int *)arg;
}

ENGINE_TEST(a_new_store_has_no_drift)
{
	struct store *missing = NULL;
	struct err e = {0};
	int findings = 0;
	int64_t number;

	put(p, 1, "x");
	log_one(p, TODAY, AT, 1, 0);
	OK(p->b->upkeep->drift(p->other, count_finding, &findings, &failed));
	assert_int_equal(findings, 0);
	p->b->upkeep->close(open_store(p, STORE_SERVE)); // reads everything
	OK(p->b->upkeep->number_get(p->other, "last_prune", &number, &failed));
	assert_int_equal(number, 0);
	for (int64_t n = 7; n < 9; n++) {
		enter(p, LANE_RECORDS);
		OK(p->b->upkeep->number_set(p->s, "last_prune", n, &failed));
		commit(p, LANE_RECORDS);
		OK(p->b->upkeep->number_get(p->other, "last_prune", &number, &failed));
		assert_int_equal(number, n);
	}
	assert_int_equal(p->b->upkeep->open(&missing, "/nonexistent/state", STORE_LOOK, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_null(missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_put_is_got_and_found),
	    cmocka_unit_test(records_come_in_pages),
	    cmocka_unit_test(nobody_sees_what_is_not_committed),
	    cmocka_unit_test(a_failed_row_harms_no_other),
	    cmocka_unit_test(a_kill_leaves_all_or_nothing),
	    cmocka_unit_test(a_destroyed_key_is_in_no_file),
	    cmocka_unit_test(the_ledger_keeps_its_order),
	    cmocka_unit_test(closed_events_leave_the_table),
	    cmocka_unit_test(a_day_goes_as_a_whole),
	    cmocka_unit_test(single_rows_of_days_end),
	    cmocka_unit_test(a_copy_leaves_out_what_is_due),
	    cmocka_unit_test(all_keys_are_wrapped_again_or_none),
	    cmocka_unit_test(who_must_be_alone_waits_for_nobody),
	    cmocka_unit_test(what_was_deleted_is_in_no_file),
	    cmocka_unit_test(a_new_store_has_no_drift),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
