// SPDX-License-Identifier: ISC
#include "policy/vault/ledger_key.h"
#include "policy/base/base64.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAST_BYTES_MAX = 64 * 1024 };
static const char seed_file[] = "signer/ledger.key", next_seed_file[] = "signer/ledger.key.next", public_file[] = "ledger.pub",
		  past_file[] = "ledger.past";
static const char announced_number[] = "ledger-key"; // the id of the key that the ledger's last entry of a change names

static void pkey_free(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}
static void sign_free(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}
#define PKEY_AUTO __attribute__((cleanup(pkey_free)))
#define SIGN_AUTO __attribute__((cleanup(sign_free)))

void ledger_key_origin(const struct vault *v, char out[NOTE_NAME_MAX])
{
	snprintf(out, NOTE_NAME_MAX, "%s.lethe.invalid/ledger", v->policy->site);
}

static int key_path(const struct vault *v, const char *name, char out[PATH_MAX], struct err *e)
{
	char below[64];

	snprintf(below, sizeof below, "keys/%s", name);
	return path_join(out, PATH_MAX, v->state, below, e);
}

static bool key_file_exists(const struct vault *v, const char *name)
{
	char path[PATH_MAX];

	return key_path(v, name, path, NULL) == 0 && access(path, F_OK) == 0;
}

static int key_file_write(const struct vault *v, const char *name, const void *bytes, size_t len, mode_t mode, struct err *e)
{
	char path[PATH_MAX];

	if (key_path(v, name, path, e) != 0 || file_write(path, bytes, len, mode, NULL, e) != 0)
		return -1;
	file_own_like(path, v->state);
	return 0;
}

// ---- a private key and its line ----

static EVP_PKEY *private_read(const struct vault *v, const char *name, struct err *e)
{
	static_assert((int)ED25519_LEN == (int)KEY_LEN, "a seed is a key");
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256);
	uint8_t seed[ED25519_LEN];
	char path[PATH_MAX];

	if (key_path(v, name, path, e) != 0)
		return NULL;
	if (!key_file_exists(v, name)) {
		err_set(e, ERR_NOT_FOUND, "%s is missing: bring back the copy of it; without it no checkpoint can be signed", path);
		return NULL;
	}
	if (file_read(path, &text, e) != 0 || key_parse(seed, &text, path, e) != 0)
		return NULL;
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	wipe(seed, sizeof seed);
	if (key == NULL)
		err_set(e, ERR_INPUT, "%s holds no Ed25519 key", path);
	return key;
}

static int private_make(const struct vault *v, const char *name, struct err *e)
{
	uint8_t seed[ED25519_LEN];
	char path[PATH_MAX];

	random_bytes(seed, sizeof seed);
	const int ret = key_path(v, name, path, e) != 0 ? -1 : key_write(path, seed, v->state, e);
	wipe(seed, sizeof seed);
	return ret;
}

// The verifier key of a private one, and its line.
static int public_of(const struct vault *v, EVP_PKEY *key, struct signed_note_key *out, struct buf *line, struct err *e)
{
	uint8_t typed[1 + ED25519_LEN] = {0x01};
	char hex[2 * NOTE_KEY_ID_LEN + 1];
	size_t len = ED25519_LEN;

	*out = (struct signed_note_key){0};
	if (key == NULL || EVP_PKEY_get_raw_public_key(key, out->public, &len) != 1)
		return err_set(e, ERR_IO, "libcrypto makes no Ed25519 key");
	ledger_key_origin(v, out->name);
	signed_note_key_id(out->name, out->public, out->id);
	memcpy(typed + 1, out->public, ED25519_LEN);
	hex_encode(hex, out->id, NOTE_KEY_ID_LEN);
	buf_printf(line, "%s+%s+", out->name, hex);
	return base64_add(line, typed, sizeof typed) != 0 ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

static int key_publish(const struct vault *v, EVP_PKEY *key, struct err *e)
{
	struct buf line BUF_AUTO = BUF_INIT(NOTE_KEY_MAX + 2);
	struct signed_note_key public;

	if (public_of(v, key, &public, &line, e) != 0 || buf_addc(&line, '\n') != 0)
		return -1;
	return key_file_write(v, public_file, line.data, line.len, 0644, e);
}

static int public_read(const char *keys, struct buf *line, struct signed_note_key *out, struct err *e)
{
	char path[PATH_MAX];
	struct err why = {0};

	if (path_join(path, sizeof path, keys, public_file, e) != 0)
		return -1;
	if (file_read(path, line, &why) != 0)
		return err_set(e, why.code, "%s%s", why.code == ERR_NOT_FOUND ? path : why.text,
			       why.code == ERR_NOT_FOUND ? " is missing: bring back the copy of it" : "");
	return signed_note_key_parse(out, buf_text(line), &why) != 0 ? err_set(e, why.code, "%s is damaged: %s", path, why.text) : 0;
}

// The key that others verify with; `line` is filled with its text. ERR_NOT_FOUND, ERR_INPUT.
static int ledger_key_read(const struct vault *v, struct buf *line, struct signed_note_key *out, struct err *e)
{
	char keys[PATH_MAX];

	return path_join(keys, sizeof keys, v->state, "keys", e) != 0 ? -1 : public_read(keys, line, out, e);
}

// ---- all of them ----

static int past_read(const char *keys, cJSON **out, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(PAST_BYTES_MAX);
	char path[PATH_MAX];
	struct err why = {0};

	if (path_join(path, sizeof path, keys, past_file, e) != 0)
		return -1;
	if (file_read(path, &text, &why) == 0) {
		*out = json_parse(buf_text(&text), text.len, &why);
		if (!cJSON_IsArray(*out))
			return err_set(e, ERR_INPUT, "%s is damaged: %s", path, why.code != ERR_NONE ? why.text : "it holds no list");
	} else if (why.code != ERR_NOT_FOUND) {
		return err_set(e, why.code, "%s", why.text);
	} else {
		*out = cJSON_CreateArray();
	}
	return *out == NULL ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

int ledger_keys_of(const char *keys, struct ledger_keys *out, struct err *e)
{
	struct buf line BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	JSON_AUTO cJSON *past = NULL;
	const cJSON *one;
	struct err why = {0};

	*out = (struct ledger_keys){0};
	if (past_read(keys, &past, e) != 0)
		return -1;
	cJSON_ArrayForEach(one, past)
	{
		const char *key = json_string(one, "key"), *handover = json_string(one, "handover");
		struct ledger_key *k = &out->list[out->count];
		if (out->count == LEDGER_KEYS_PAST_MAX || key == NULL || handover == NULL || strlen(handover) >= sizeof k->handover)
			return err_set(e, ERR_INPUT, "%s/%s is damaged", keys, past_file);
		if (signed_note_key_parse(&k->key, key, &why) != 0)
			return err_set(e, why.code, "%s/%s is damaged: %s", keys, past_file, why.text);
		k->until = (uint64_t)cJSON_GetNumberValue(json_get(one, "until_size"));
		snprintf(k->handover, sizeof k->handover, "%s", handover);
		out->count++;
	}
	out->list[out->count].until = UINT64_MAX;
	return public_read(keys, &line, &out->list[out->count++].key, e);
}

int ledger_keys_read(const char *state, struct ledger_keys *out, struct err *e)
{
	char keys[PATH_MAX];

	return path_join(keys, sizeof keys, state, "keys", e) != 0 ? -1 : ledger_keys_of(keys, out, e);
}

int ledger_keys_json(const char *state, cJSON **out, struct err *e)
{
	struct buf line BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct signed_note_key present;
	char keys[PATH_MAX];

	*out = NULL;
	if (path_join(keys, sizeof keys, state, "keys", e) != 0 || past_read(keys, out, e) != 0 ||
	    public_read(keys, &line, &present, e) != 0)
		return -1;
	line.data[strcspn(line.data, "\n")] = '\0';
	const cJSON *last = cJSON_GetArrayItem(*out, cJSON_GetArraySize(*out) - 1);
	cJSON *now = json_make(JSON_MEMBERS(MEMBER_TEXT("key", line.data), MEMBER_TEXT("since", json_string(last, "until")),
					    MEMBER_NUMBER("from_size", json_number(last, "until_size", 0))));
	return cJSON_AddItemToArray(*out, now) ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

int ledger_keys_open(const struct ledger_keys *keys, const char *note, size_t len, struct checkpoint *out, struct err *e)
{
	int ret = err_set(e, ERR_REFUSED, "no key of the ledger is known");

	for (size_t i = keys->count; ret != 0 && i-- > 0;) {
		ret = signed_note_checkpoint(out, &keys->list[i].key, note, len, e);
		if (ret == 0 && out->size > keys->list[i].until)
			ret = err_set(e, ERR_REFUSED, "the checkpoint was signed by a key that had been given up before");
	}
	return ret;
}

static bool same_key(const struct signed_note_key *a, const struct signed_note_key *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->public, b->public, ED25519_LEN) == 0;
}

void ledger_keys_follow(struct ledger_keys *keys, const struct signed_note_key *from)
{
	struct ledger_keys *followed = calloc(1, sizeof *followed);
	struct checkpoint by_old, by_new;
	struct err none = {0};
	size_t i = 0;

	if (followed == NULL) {
		keys->count = 0;
		return;
	}
	while (i < keys->count && !same_key(&keys->list[i].key, from))
		i++;
	followed->list[followed->count++] = i < keys->count ? keys->list[i] : (struct ledger_key){.key = *from, .until = UINT64_MAX};
	for (; i + 1 < keys->count; i++) {
		const char *note = keys->list[i].handover;
		if (signed_note_checkpoint(&by_old, &keys->list[i].key, note, strlen(note), &none) != 0 ||
		    signed_note_checkpoint(&by_new, &keys->list[i + 1].key, note, strlen(note), &none) != 0 ||
		    by_old.size != keys->list[i].until)
			break;
		followed->list[followed->count++] = keys->list[i + 1];
	}
	*keys = *followed;
	free(followed);
}

// ---- signing ----

static int signature_add(const struct vault *v, EVP_PKEY *key, const struct buf *text, struct buf *note, struct err *e)
{
	EVP_MD_CTX *c SIGN_AUTO = EVP_MD_CTX_new();
	struct buf line BUF_AUTO = BUF_INIT(NOTE_KEY_MAX + 2);
	uint8_t blob[NOTE_KEY_ID_LEN + ED25519_SIGNATURE_LEN];
	struct signed_note_key public;
	size_t signature = ED25519_SIGNATURE_LEN;

	if (public_of(v, key, &public, &line, e) != 0)
		return -1;
	if (c == NULL || EVP_DigestSignInit(c, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(c, blob + NOTE_KEY_ID_LEN, &signature, (const uint8_t *)text->data, text->len) != 1)
		return err_set(e, ERR_IO, "the checkpoint cannot be signed");
	memcpy(blob, public.id, NOTE_KEY_ID_LEN);
	buf_printf(note, "%s%s ", signed_note_line, public.name);
	base64_add(note, blob, sizeof blob);
	return buf_addc(note, '\n') != 0 ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

static int64_t id_number(const struct signed_note_key *key)
{
	return (int64_t)key->id[0] << 24 | (int64_t)key->id[1] << 16 | (int64_t)key->id[2] << 8 | key->id[3];
}

// The key that is to follow, where the ledger names it already; NULL: none.
static EVP_PKEY *next_announced(const struct vault *v, struct signed_note_key *out)
{
	struct buf line BUF_AUTO = BUF_INIT(NOTE_KEY_MAX + 2);
	struct err none = {0};
	int64_t announced = 0;
	EVP_PKEY *next = key_file_exists(v, next_seed_file) ? private_read(v, next_seed_file, &none) : NULL;

	if (next != NULL && public_of(v, next, out, &line, &none) == 0 &&
	    v->b->upkeep->number_get(v->store, announced_number, &announced, &none) == 0 && announced == id_number(out))
		return next;
	EVP_PKEY_free(next);
	return NULL;
}

// Whether the private key is that which others verify with. -1: it cannot be read.
static int key_matches(const struct vault *v, EVP_PKEY **key, struct err *e)
{
	struct buf line BUF_AUTO = BUF_INIT(NOTE_KEY_MAX + 2), published_line BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct signed_note_key public, published;
	struct err none = {0};

	EVP_PKEY_free(*key);
	*key = private_read(v, seed_file, e);
	if (*key == NULL || public_of(v, *key, &public, &line, e) != 0)
		return -1;
	return ledger_key_read(v, &published_line, &published, &none) == 0 && same_key(&public, &published);
}

int ledger_key_sign(const struct vault *v, struct buf *note, struct err *e)
{
	enum { TIMES = 50, PAUSE_US = 4000 };
	EVP_PKEY *key PKEY_AUTO = NULL;
	struct buf text BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct signed_note_key following;
	int matches = key_matches(v, &key, e);

	// Beside a change of the key, which renames one file after the other, they may be of different moments.
	for (int i = 0; matches == 0 && i < TIMES; i++) {
		usleep(PAUSE_US);
		matches = key_matches(v, &key, e);
	}
	if (matches < 0)
		return -1;
	if (matches == 0)
		return err_set(e, ERR_INPUT, "keys/%s is not the key of keys/%s, which others verify with: nothing is signed", seed_file,
			       public_file);
	EVP_PKEY *next PKEY_AUTO = next_announced(v, &following);
	if (buf_add(&text, note->data, note->len) != 0 || buf_addc(note, '\n') != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	return signature_add(v, key, &text, note, e) != 0 || (next != NULL && signature_add(v, next, &text, note, e) != 0) ? -1 : 0;
}

// ---- changing ----

// Once a checkpoint bears both signatures, the next key takes the place of the present one. Whatever ends it, the next time goes on.
static int change_finish(struct vault *v, struct err *e)
{
	struct signed_note_key following, present;
	struct buf text BUF_AUTO = BUF_INIT(PAST_BYTES_MAX), line BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	EVP_PKEY *next PKEY_AUTO = next_announced(v, &following);
	struct mark_row last;
	struct checkpoint handover;
	char from[PATH_MAX], to[PATH_MAX];
	struct err none = {0};

	if (next == NULL)
		return 0;
	const int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);
	if (there <= 0 || ledger_key_read(v, &line, &present, e) != 0)
		return there < 0 ? -1 : 0;
	if (!same_key(&present, &following)) {
		if (signed_note_checkpoint(&handover, &following, last.note, strlen(last.note), &none) != 0 ||
		    signed_note_checkpoint(&handover, &present, last.note, strlen(last.note), &none) != 0)
			return 0;
		JSON_AUTO cJSON *past = NULL;
		if (path_join(from, sizeof from, v->state, "keys", e) != 0 || past_read(from, &past, e) != 0)
			return -1;
		line.data[strcspn(line.data, "\n")] = '\0';
		const int count = cJSON_GetArraySize(past);
		const char *before = json_string(cJSON_GetArrayItem(past, count - 1), "key");
		if (before != NULL && strcmp(before, line.data) == 0)
			cJSON_DeleteItemFromArray(past, count - 1);
		cJSON *one = json_make(JSON_MEMBERS(MEMBER_TEXT("key", line.data), MEMBER_NUMBER("until_size", last.size),
						    MEMBER_TIME("until", last.at), MEMBER_TEXT("handover", last.note)));
		if (!cJSON_AddItemToArray(past, one) || json_print(&text, past) != 0)
			return err_set(e, ERR_MEMORY, "no memory");
		if (key_file_write(v, past_file, text.data, text.len, 0644, e) != 0 || key_publish(v, next, e) != 0)
			return -1;
	}
	if (key_path(v, next_seed_file, from, e) != 0 || key_path(v, seed_file, to, e) != 0)
		return -1;
	if (rename(from, to) != 0)
		return err_system(e, ERR_IO, errno, "%s", to);
	*strrchr(to, '/') = '\0';
	return folder_sync(to, e);
}

int ledger_key_make(struct vault *v, struct err *e)
{
	if (key_file_exists(v, next_seed_file) && change_finish(v, e) != 0)
		return -1;
	// A private key that is not here is kept elsewhere or lost: another would make all that was signed look altered.
	if (key_file_exists(v, public_file))
		return 0;
	if (!key_file_exists(v, seed_file) && private_make(v, seed_file, e) != 0)
		return -1;
	EVP_PKEY *key PKEY_AUTO = private_read(v, seed_file, e);
	return key == NULL ? -1 : key_publish(v, key, e);
}

int ledger_key_announce(struct vault *v, struct err *e)
{
	struct buf line BUF_AUTO = BUF_INIT(NOTE_KEY_MAX + 2), old_line BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct signed_note_key following, present;
	char details[1024], hex[2 * HASH_LEN + 1];
	uint8_t hash[HASH_LEN];
	int64_t announced = 0;

	if (ledger_key_read(v, &old_line, &present, e) != 0 ||
	    (!key_file_exists(v, next_seed_file) && private_make(v, next_seed_file, e) != 0))
		return -1;
	EVP_PKEY *next PKEY_AUTO = private_read(v, next_seed_file, e);
	if (next == NULL || public_of(v, next, &following, &line, e) != 0 ||
	    v->b->upkeep->number_get(v->store, announced_number, &announced, e) != 0)
		return -1;
	plain_hash(hash, &(struct bytes){line.data, line.len}, 1);
	hex_encode(hex, hash, HASH_LEN);
	snprintf(details, sizeof details, "{\"rotated\":\"ledger\",\"old\":\"%.*s\",\"new\":\"%s\",\"new_sha256\":\"%s\"}",
		 (int)strcspn(buf_text(&old_line), "\n"), buf_text(&old_line), buf_text(&line), hex);
	const struct ledger_event event = {.name = "keys", .details = details};
	const int64_t id = id_number(&following);
	return announced == id ? 0 : ledger_append_noting(v, &event, announced_number, id, e);
}

int ledger_key_finish(struct vault *v, struct err *e)
{
	struct commit_alone alone ALONE_AUTO = {0};

	if (commit_alone(v, &alone, e) != 0 || change_finish(v, e) != 0)
		return -1;
	return key_file_exists(v, next_seed_file)
		   ? err_set(e, ERR_CORRUPT, "the checkpoint does not bear both signatures; run: lethe audit verify")
		   : 0;
}
