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
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/internal.h"
#include "policy/vault/merkle.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SALT_LEN = 32, METADATA_MAX = DETAILS_MAX + 512 };

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
	if (!plain_line(event->details, DETAILS_MAX))
		return err_set(e, ERR_INPUT, "%s: details must be one line of JSON of at most %d bytes", event->name, DETAILS_MAX);
	JSON_AUTO cJSON *details = json_parse(event->details, strlen(event->details), e);
	if (!cJSON_IsObject(details))
		return err_set(e, ERR_INPUT, "%s: details must be a JSON object", event->name);
	return 0;
}

void ledger_leaf(const struct ledger_row *row, uint8_t leaf[HASH_LEN])
{
	char number[64];
	int len = snprintf(number, sizeof number, "lethe-ledger/v1\n%lld\n%lld\n", (long long)row->seq, (long long)row->at);
	struct buf text BUF_AUTO = BUF_INIT(METADATA_MAX * 8);

	buf_add(&text, number, (size_t)len);
	buf_adds(&text, row->name);
	buf_addc(&text, '\n');
	buf_adds(&text, row->policy);
	buf_addc(&text, '\n');
	buf_adds(&text, row->details);
	buf_addc(&text, '\n');
	const struct bytes parts[] = {{buf_text(&text), text.len}, {row->commitment, HASH_LEN}};
	merkle_leaf(leaf, parts, 2);
}

void ledger_row_seal(const struct vault *v, const uint8_t leaf[HASH_LEN], uint8_t out[HASH_LEN])
{
	const struct bytes parts[] = {{leaf, HASH_LEN}};

	keyed_hash(out, v->ledger_key, "row", parts, 1);
}

// ---- the head ----

static void head_seal(const struct vault *v, uint64_t size, int64_t at, const void *range, size_t len, uint8_t out[HASH_LEN])
{
	char text[64];
	int text_len = snprintf(text, sizeof text, "%llu %lld ", (unsigned long long)size, (long long)at);
	const struct bytes parts[] = {{text, (size_t)text_len}, {range, len}};

	keyed_hash(out, v->ledger_key, "head", parts, 2);
}

int ledger_head(const struct vault *v, struct store *s, struct merkle *m, time_t *at, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(s, SQL_HEAD_GET, NULL, e);
	int got = c == NULL ? -1 : cursor_next(c, e);
	uint8_t expected[HASH_LEN];
	size_t range_len, seal_len;

	memset(m, 0, sizeof *m);
	*at = 0;
	if (got <= 0)
		return got;
	const void *range = cursor_blob(c, 2, &range_len), *sealed = cursor_blob(c, 3, &seal_len);
	uint64_t size = (uint64_t)cursor_int(c, 0);
	*at = cursor_int(c, 1);
	head_seal(v, size, *at, range, range_len, expected);
	if (seal_len != HASH_LEN || !equal_secret(expected, sealed, HASH_LEN) || merkle_unpack(m, size, range, range_len) != 0)
		return err_set(e, ERR_CORRUPT, "the ledger's head was altered; run: lethe audit verify");
	return 0;
}

int ledger_head_write(struct vault *v, struct err *e)
{
	const struct head *head = &v->write.head;
	uint8_t range[MERKLE_PACKED_MAX], seal_bytes[HASH_LEN];

	if (!head->changed)
		return 0;
	size_t len = merkle_pack(&head->tree, range);
	head_seal(v, head->tree.size, head->at, range, len, seal_bytes);
	return store_run(v->write.vault, SQL_HEAD_SET,
			 VALUES(V_INT(head->tree.size), V_INT(head->at), V_BLOB(range, len), V_BLOB(seal_bytes, HASH_LEN)), e);
}

// ---- payloads ----

static void payload_context(char out[64], int64_t seq)
{
	snprintf(out, 64, "%s|%lld", kind_row(KIND_LEDGER)->name, (long long)seq);
}

// What the policy does not let the ledger keep is committed to and forgotten at once.
static int put_payload(struct vault *v, const struct ledger_event *event, const struct ledger_row *row, const uint8_t salt[SALT_LEN],
		       struct err *e)
{
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(VAULT_BODY_MAX + SALT_LEN);
	struct buf body BUF_AUTO = BUF_INIT(VAULT_BODY_MAX + SALT_LEN + SEAL_OVERHEAD);
	struct data_key DATA_KEY_AUTO key = {0};
	uint8_t hash[HASH_LEN], *subject = event->subject == NULL ? NULL : hash, random[KEY_ID_LEN];
	char context[64], own[2 * KEY_ID_LEN + 1];

	if (v->policy->kinds[KIND_LEDGER].keep != KEEP_STORED)
		return 0;
	if (subject != NULL)
		lookup_hash(v, hash, "subject", event->subject);
	random_bytes(random, sizeof random);
	hex_encode(own, random, sizeof random);
	payload_context(context, row->seq);
	if (buf_add(&plain, salt, SALT_LEN) != 0 || buf_add(&plain, event->payload, event->payload_len) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	time_t due = policy_due(v->policy, KIND_LEDGER, row->at);
	if (key_for(v, KIND_LEDGER, row->at, subject, own, &key, e) != 0 || seal(key.bytes, context, plain.data, plain.len, &body, e) != 0)
		return -1;
	return store_run(v->write.vault, SQL_PAYLOAD_PUT,
			 VALUES(V_INT(row->seq), V_BLOB(subject, HASH_LEN), due == 0 ? V_NULL : V_INT(due), V_BLOB(key.id, KEY_ID_LEN),
				V_BLOB(body.data, body.len)),
			 e);
}

static void commit_to(uint8_t out[HASH_LEN], const uint8_t salt[SALT_LEN], const void *payload, size_t len)
{
	const struct bytes parts[] = {{payload, len}};

	keyed_hash(out, salt, "payload", parts, 1);
}

int ledger_payload_check(const struct vault *v, const struct ledger_row *row, bool *good, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(v->read.vault, SQL_PAYLOAD_GET, VALUES(V_INT(row->seq)), e);
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(VAULT_BODY_MAX + SALT_LEN + SEAL_OVERHEAD);
	struct data_key DATA_KEY_AUTO key = {0};
	struct err why = {0};
	uint8_t commitment[HASH_LEN];
	char context[64];
	size_t id_len, len;
	int got = c == NULL ? -1 : cursor_next(c, e);

	*good = true;
	if (got <= 0)
		return got;
	const void *id = cursor_blob(c, 0, &id_len), *body = cursor_blob(c, 1, &len);
	payload_context(context, row->seq);
	*good = id_len == KEY_ID_LEN;
	if (*good && key_get(v, v->read.keys, id, &key, &why) != 0)
		*good = why.code == ERR_NOT_FOUND; // erased in this moment
	else if (*good && unseal(key.bytes, context, body, len, &plain, &why) != 0)
		*good = false;
	else if (*good && plain.len >= SALT_LEN) {
		commit_to(commitment, (const uint8_t *)plain.data, plain.data + SALT_LEN, plain.len - SALT_LEN);
		*good = memcmp(commitment, row->commitment, HASH_LEN) == 0;
	}
	return 0;
}

// ---- appending ----

static int put_row(struct vault *v, const struct ledger_row *row, const uint8_t leaf[HASH_LEN], struct err *e)
{
	uint8_t seal_bytes[HASH_LEN];

	ledger_row_seal(v, leaf, seal_bytes);
	return store_run(v->write.vault, SQL_LEDGER_PUT,
			 VALUES(V_INT(row->seq), V_INT(row->at), V_TEXT(row->name), V_TEXT(row->policy), V_TEXT(row->details),
				V_BLOB(row->commitment, HASH_LEN), V_BLOB(seal_bytes, HASH_LEN)),
			 e);
}

int ledger_write(struct vault *v, const struct ledger_event *event, uint64_t *index, struct err *e)
{
	struct head *head = &v->write.head;
	uint8_t salt[SALT_LEN], commitment[HASH_LEN] = {0}, leaf[HASH_LEN];
	time_t now = when_now();

	if (!head->known && ledger_head(v, v->write.vault, &head->tree, &head->at, e) != 0)
		return -1;
	head->known = true;
	// The ledger's own time never runs backwards.
	const struct ledger_row row = {
	    .seq = (int64_t)head->tree.size,
	    .at = now > head->at ? now : head->at,
	    .name = event->name,
	    .policy = v->policy->version,
	    .details = event->details == NULL ? "{}" : event->details,
	    .commitment = commitment,
	};
	if (event->payload != NULL) {
		random_bytes(salt, sizeof salt);
		commit_to(commitment, salt, event->payload, event->payload_len);
	}
	ledger_leaf(&row, leaf);
	if (put_row(v, &row, leaf, e) != 0 || (event->payload != NULL && put_payload(v, event, &row, salt, e) != 0))
		return -1;
	merkle_append(&head->tree, leaf);
	head->at = row.at;
	head->changed = true;
	wipe(salt, sizeof salt);
	if (index != NULL)
		*index = (uint64_t)row.seq;
	return 0;
}

static int run_append(struct vault *v, void *arg, struct err *e)
{
	return ledger_write(v, arg, NULL, e);
}

int ledger_append(struct vault *v, const struct ledger_event *event, struct err *e)
{
	struct ledger_event copy = *event;
	struct op op = {.target = OP_RECORDS, .run = run_append, .arg = &copy};

	return ledger_check(event, e) != 0 ? -1 : commit_run(v, &op, e);
}

// ---- reading ----

int ledger_row_read(struct cursor *c, struct ledger_row *row, const uint8_t **sealed)
{
	size_t commitment_len, seal_len;

	*row = (struct ledger_row){
	    .seq = cursor_int(c, 0),
	    .at = cursor_int(c, 1),
	    .name = cursor_text(c, 2),
	    .policy = cursor_text(c, 3),
	    .details = cursor_text(c, 4),
	    .commitment = cursor_blob(c, 5, &commitment_len),
	};
	*sealed = cursor_blob(c, 6, &seal_len);
	return commitment_len == HASH_LEN && seal_len == HASH_LEN ? 0 : -1;
}

struct kept { // a row copied out, so that the caller may use the vault
	uint64_t index;
	time_t at;
	char *name, *policy, *details;
};

static void kept_free(struct kept *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rows[i].name);
		free(rows[i].policy);
		free(rows[i].details);
	}
}

static int read_rows(struct vault *v, enum sql page, uint64_t from, struct kept *rows, size_t *count, struct err *e)
{
	struct ledger_row row;
	const uint8_t *sealed;
	int got = -1;

	*count = 0;
	pthread_mutex_lock(&v->read.mutex);
	struct cursor *c = store_query(v->read.vault, page, VALUES(V_INT(from), V_INT(PAGE_ROWS)), e);
	while (c != NULL && *count < PAGE_ROWS && (got = cursor_next(c, e)) > 0) {
		ledger_row_read(c, &row, &sealed);
		struct kept *k = &rows[(*count)++];
		*k = (struct kept){(uint64_t)row.seq, row.at, strdup(row.name), strdup(row.policy), strdup(row.details)};
		if (k->name == NULL || k->policy == NULL || k->details == NULL) {
			got = err_set(e, ERR_MEMORY, "no memory");
			break;
		}
	}
	cursor_end(&c);
	pthread_mutex_unlock(&v->read.mutex);
	return got < 0 ? -1 : 0;
}

static int each_row(struct vault *v, enum sql page, uint64_t from, int (*each)(void *, const struct ledger_entry *), void *arg,
		    struct err *e)
{
	struct kept rows[PAGE_ROWS];
	size_t count;
	int stop = 0;

	do {
		int ret = read_rows(v, page, from, rows, &count, e);
		for (size_t i = 0; i < count && ret == 0 && !stop; i++) {
			const struct ledger_entry entry = {rows[i].index, rows[i].at, rows[i].name, rows[i].policy, rows[i].details};
			stop = each(arg, &entry);
			from = rows[i].index + 1;
		}
		kept_free(rows, count);
		if (ret)
			return -1;
	} while (count == PAGE_ROWS && !stop);
	return 0;
}

int ledger_each(struct vault *v, uint64_t from, int (*each)(void *, const struct ledger_entry *), void *arg, struct err *e)
{
	return each_row(v, SQL_LEDGER_PAGE, from, each, arg, e);
}

int ledger_each_notable(struct vault *v, int (*each)(void *, const struct ledger_entry *), void *arg, struct err *e)
{
	return each_row(v, SQL_LEDGER_NOTABLE, 0, each, arg, e);
}
