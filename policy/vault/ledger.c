// SPDX-License-Identifier: ISC
// The ledger: an append-only list of events, each the leaf of an RFC 6962 Merkle tree.
//
//	leaf       = SHA-256(0x00 || metadata || commitment)
//	metadata   = "lethe-ledger/v1\n" index "\n" seconds "\n" name "\n" policy version "\n" details "\n"    (numbers in decimal)
//	commitment = HMAC-SHA-256(salt, payload), salt being 32 random bytes; 32 zero bytes when the event has no payload
//
// Payload and salt stand sealed in a table of their own. Erasing them leaves every leaf, root and signed checkpoint as it was, and
// without the salt the commitment tells nothing. `details` is a JSON object of public facts, "{}" when there is none.
//
// Each row also bears a seal, HMAC over its leaf under a key that only holders of the master key have, and so does the head of the tree
// (its size and compact range): whoever alters the file without that key is found out, and at which row.
#include "policy/vault/ledger.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool plain_line(const char *s, size_t max)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return len <= max;
}

int ledger_check(const struct ledger_event *event, struct err *e)
{
	if (event->name == NULL || event->name[0] == '\0' || !plain_line(event->name, 64))
		return err_set(e, ERR_INPUT, "a ledger event needs a name of at most 64 characters");
	if (event->payload_len > VAULT_BODY_MAX)
		return err_set(e, ERR_INPUT, "%s: the payload is too large", event->name);
	if (event->details == NULL)
		return 0;
	if (!plain_line(event->details, LEDGER_DETAILS_MAX))
		return err_set(e, ERR_INPUT, "%s: details must be one line of JSON of at most %d bytes", event->name, LEDGER_DETAILS_MAX);
	JSON_AUTO cJSON *details = json_parse(event->details, strlen(event->details), e);
	if (!cJSON_IsObject(details))
		return err_set(e, ERR_INPUT, "%s: details must be a JSON object", event->name);
	return 0;
}

enum { ROW_PARTS = 8, ROW_HEAD = 16 + 2 * NUMBER_TEXT + 2 };

// What its leaf is the hash of, where it stands: what must not fail for want of memory needs none.
static void row_parts(const struct ledger_row *row, char head[ROW_HEAD], struct bytes parts[ROW_PARTS])
{
	static const char first[] = "lethe-ledger/v1\n";
	char *at = mempcpy(head, first, sizeof first - 1);

	at += text_number(at, row->seq);
	*at++ = '\n';
	at += text_number(at, row->at);
	*at++ = '\n';
	const struct bytes all[ROW_PARTS] = {{head, (size_t)(at - head)},
					     {row->name, strlen(row->name)},
					     {"\n", 1},
					     {row->policy, strlen(row->policy)},
					     {"\n", 1},
					     {row->details, strlen(row->details)},
					     {"\n", 1},
					     {row->commitment, HASH_LEN}};
	memcpy(parts, all, sizeof all);
}

int ledger_row_bytes(const struct ledger_row *row, struct buf *out)
{
	struct bytes parts[ROW_PARTS];
	char head[ROW_HEAD];

	row_parts(row, head, parts);
	for (size_t i = 0; i < ROW_PARTS; i++)
		if (buf_add(out, parts[i].at, parts[i].len) != 0)
			return -1;
	return 0;
}

void ledger_leaf(const struct ledger_row *row, uint8_t leaf[HASH_LEN])
{
	struct bytes parts[ROW_PARTS];
	char head[ROW_HEAD];

	row_parts(row, head, parts);
	merkle_leaf(leaf, parts, ROW_PARTS);
}

void ledger_row_seal(const struct vault *v, const uint8_t leaf[HASH_LEN], uint8_t out[HASH_LEN])
{
	keyed_hash(out, v->ledger_key, "row", leaf, HASH_LEN);
}

// ---- the head ----

static void head_seal(const struct vault *v, const struct mark_row *row, uint8_t out[HASH_LEN])
{
	char text[64 + MERKLE_PACKED_MAX];
	const size_t len = (size_t)snprintf(text, 64, "%llu %lld ", (unsigned long long)row->size, (long long)row->at);

	memcpy(text + len, row->range, row->range_len);
	keyed_hash(out, v->ledger_key, "head", text, len + row->range_len);
}

int ledger_head(const struct vault *v, enum view view, struct merkle *m, time_t *at, struct err *e)
{
	struct mark_row row;
	uint8_t expected[HASH_LEN];
	int there = v->b->ledger->mark_get(v->store, view, MARK_HEAD, MARK_UP_TO, UINT64_MAX, &row, e);

	*m = (struct merkle){0};
	if (at != NULL)
		*at = row.at;
	if (there <= 0)
		return there;
	head_seal(v, &row, expected);
	if (!equal_secret(expected, row.seal, HASH_LEN) || merkle_unpack(m, row.size, row.range, row.range_len) != 0)
		return err_set(e, ERR_CORRUPT, "the ledger's head was altered; run: lethe audit verify");
	return 0;
}

// Once for all events of a transaction.
static int head_write(struct vault *v, struct err *e)
{
	struct ledger_tail *tail = &v->known.tail;
	struct mark_row head = {.mark = MARK_HEAD, .size = tail->tree.size, .at = tail->at};

	if (!tail->moved)
		return 0;
	head.range_len = merkle_pack(&tail->tree, head.range);
	head_seal(v, &head, head.seal);
	tail->moved = false;
	return v->b->ledger->append(v->store, NULL, NULL, &head, e);
}

const struct commit_hooks ledger_hooks = {.closing = head_write};

// ---- payloads ----

static void payload_context(char out[64], int64_t seq)
{
	snprintf(out, 64, "%s|%lld", kind_row(KIND_LEDGER)->name, (long long)seq);
}

static int seal_payload(struct vault *v, const struct ledger_event *event, time_t at, const uint8_t salt[SALT_LEN], struct payload_row *row,
			struct err *e)
{
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(VAULT_BODY_MAX + SALT_LEN);
	struct data_key DATA_KEY_AUTO key = {0};
	uint8_t random[KEY_ID_LEN];
	char context[64], own[2 * KEY_ID_LEN + 1];

	if (event->subject_hash != NULL)
		memcpy(row->subject, event->subject_hash, HASH_LEN);
	else if (row->has_subject)
		key_lookup_hash(v, row->subject, "subject", event->subject);
	random_bytes(random, sizeof random);
	hex_encode(own, random, sizeof random);
	payload_context(context, row->seq);
	row->due = life_end(v->policy, KIND_LEDGER, at);
	if (buf_add(&plain, salt, SALT_LEN) != 0 || buf_add(&plain, event->payload, event->payload_len) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	if (key_for(v, KIND_LEDGER, at, row->has_subject ? row->subject : NULL, own, &key, e) != 0)
		return -1;
	memcpy(row->key, key.id, KEY_ID_LEN);
	return seal(key.bytes, context, plain.data, plain.len, &row->body, e);
}

int ledger_payload_open(const struct vault *v, const struct payload_row *payload, struct buf *out, struct err *e)
{
	struct data_key DATA_KEY_AUTO key = {0};
	char context[64];

	payload_context(context, payload->seq);
	if (key_get(v, VIEW_COMMITTED, payload->key, &key, e) != 0 ||
	    unseal(key.bytes, context, payload->body.data, payload->body.len, out, e) != 0)
		return -1;
	return out->len >= SALT_LEN ? 0 : err_set(e, ERR_CORRUPT, "a payload is damaged");
}

int ledger_payload_check(const struct vault *v, const struct payload_row *payload, const struct ledger_row *row, bool *good, struct err *e)
{
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(STORE_VALUE_MAX);
	struct err why = {0};
	uint8_t commitment[HASH_LEN];

	*good = ledger_payload_open(v, payload, &plain, &why) == 0;
	if (*good) {
		keyed_hash(commitment, (const uint8_t *)plain.data, "payload", plain.data + SALT_LEN, plain.len - SALT_LEN);
		*good = memcmp(commitment, row->commitment, HASH_LEN) == 0;
	} else if (why.code != ERR_CORRUPT && why.code != ERR_NOT_FOUND) {
		return err_set(e, why.code, "%s", why.text);
	} else {
		struct payload_row now; // erased in this moment? A key goes after what it sealed
		int there = v->b->ledger->payload_get(v->store, NULL, payload->seq, &now, e);
		*good = why.code == ERR_NOT_FOUND && (there == 0 || now.seq != payload->seq);
		buf_free(&now.body);
		if (there < 0)
			return -1;
	}
	return 0;
}

// ---- appending ----

int ledger_write(struct vault *v, const struct ledger_event *event, uint64_t *index, struct err *e)
{
	struct ledger_tail *tail = &v->known.tail;
	uint8_t salt[SALT_LEN] = {0}, commitment[HASH_LEN] = {0}, leaf[HASH_LEN], row_seal[HASH_LEN];
	time_t now = when_now();

	if (event == NULL)
		return 0;
	transaction_recall(v);
	if (!tail->known && ledger_head(v, VIEW_WRITER, &tail->tree, &tail->at, e) != 0)
		return -1;
	tail->known = true;
	// The ledger's own time never runs backwards, unless the event is that it did.
	const struct ledger_row row = {
	    .seq = (int64_t)tail->tree.size,
	    .at = now > tail->at || strcmp(event->name, LEDGER_CLOCK) == 0 ? now : tail->at,
	    .name = event->name,
	    .policy = v->policy->version,
	    .details = event->details == NULL ? "{}" : event->details,
	    .commitment = commitment,
	    .seal = row_seal,
	};
	if (event->payload != NULL) {
		random_bytes(salt, sizeof salt);
		keyed_hash(commitment, salt, "payload", event->payload, event->payload_len);
	}
	ledger_leaf(&row, leaf);
	ledger_row_seal(v, leaf, row_seal);
	merkle_append(&tail->tree, leaf);
	tail->at = row.at;
	tail->moved = true;
	// What the policy does not let the ledger keep is committed to and forgotten at once.
	bool kept = event->payload != NULL && v->policy->kinds[KIND_LEDGER].keep == KEEP_STORED;
	struct payload_row payload = {
	    .seq = row.seq, .has_subject = event->subject != NULL || event->subject_hash != NULL, .body = BUF_INIT(STORE_VALUE_MAX)};
	int ret = kept ? seal_payload(v, event, row.at, salt, &payload, e) : 0;
	if (ret == 0)
		ret = v->b->ledger->append(v->store, &row, kept ? &payload : NULL, NULL, e);
	buf_free(&payload.body);
	wipe(salt, sizeof salt);
	if (index != NULL)
		*index = (uint64_t)row.seq;
	return ret;
}

struct appending {
	const struct ledger_event *event; // NULL: none
	const char *number;               // that is set with it; NULL: none
	int64_t value;                    // 0: how many events there are with this one
	uint64_t index;
	time_t at;
};

static const char CERTIFIED[] = "certified"; // the ledger's size with the last certificate in it

static int run_append(struct vault *v, void *arg, struct err *e)
{
	struct appending *a = arg;

	if (ledger_write(v, a->event, &a->index, e) != 0)
		return -1;
	a->at = v->known.tail.at;
	const int64_t value = a->value == 0 && a->event != NULL ? (int64_t)a->index + 1 : a->value;
	return a->number != NULL ? v->b->upkeep->number_set(v->store, a->number, value, e) : 0;
}

int ledger_append_noting(struct vault *v, const struct ledger_event *event, const char *number, int64_t value, struct err *e)
{
	struct appending a = {.event = event, .number = number, .value = value};

	return event != NULL && ledger_check(event, e) != 0 ? -1 : commit_records(v, run_append, &a, e);
}

int ledger_append_entry(struct vault *v, const struct ledger_event *event, uint64_t *index, time_t *at, struct err *e)
{
	struct appending a = {.event = event};

	if (ledger_check(event, e) != 0)
		return -1;
	a.number = strcmp(event->name, LEDGER_CERTIFICATE) == 0 ? CERTIFIED : NULL;
	if (commit_records(v, run_append, &a, e) != 0)
		return -1;
	*index = a.index;
	*at = a.at;
	return 0;
}

int ledger_append(struct vault *v, const struct ledger_event *event, struct err *e)
{
	uint64_t index;
	time_t at;

	return ledger_append_entry(v, event, &index, &at, e);
}

int ledger_unsigned(struct vault *v, bool *waits, struct err *e)
{
	struct mark_row last;
	int64_t certified;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);

	if (there < 0 || v->b->upkeep->number_get(v->store, CERTIFIED, &certified, e) != 0)
		return -1;
	*waits = certified > (there > 0 ? (int64_t)last.size : 0);
	return 0;
}

// ---- reading ----

struct page { // copied out, so that the vault may be used meanwhile
	struct ledger_row rows[PAGE_ROWS];
	size_t count;
};

// A row in one piece of memory, which begins with its name.
static int keep_row(void *arg, const struct ledger_row *row)
{
	struct page *p = arg;
	size_t name = strlen(row->name) + 1, policy = strlen(row->policy) + 1, details = strlen(row->details) + 1;
	char *copy = malloc(name + policy + details + 2 * HASH_LEN);
	struct ledger_row *out = &p->rows[p->count++];

	*out = *row;
	out->name = copy;
	if (copy == NULL)
		return -1;
	memcpy(copy, row->name, name);
	out->policy = memcpy(copy + name, row->policy, policy);
	out->details = memcpy(copy + name + policy, row->details, details);
	uint8_t *hashes = (uint8_t *)copy + name + policy + details;
	if (row->commitment != NULL)
		out->commitment = memcpy(hashes, row->commitment, HASH_LEN);
	if (row->seal != NULL)
		out->seal = memcpy(hashes + HASH_LEN, row->seal, HASH_LEN);
	return 0;
}

int ledger_walk_rows(const struct vault *v, int64_t from, int64_t to, bool notable, int (*each)(void *, const struct ledger_row *),
		     void *arg, struct err *e)
{
	struct page page = {.count = PAGE_ROWS};
	int ret = 0;

	while (page.count == PAGE_ROWS && ret == 0) {
		page.count = 0;
		ret = v->b->ledger->page(v->store, from, notable, PAGE_ROWS, keep_row, &page, e);
		if (ret == 0 && page.count > 0 && page.rows[page.count - 1].name == NULL)
			ret = err_set(e, ERR_MEMORY, "no memory");
		for (size_t i = 0; i < page.count && ret == 0; i++) {
			from = page.rows[i].seq + 1;
			ret = from > to || each(arg, &page.rows[i]) != 0 ? 1 : 0;
		}
		for (size_t i = 0; i < page.count; i++)
			free((char *)page.rows[i].name);
	}
	return ret;
}
