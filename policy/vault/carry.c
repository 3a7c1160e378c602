// SPDX-License-Identifier: ISC
#include "policy/vault/carry.h"
#include "policy/base/base64.h"
#include "policy/base/text.h"
#include "policy/vault/state.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_MAX = STORE_VALUE_MAX, TEXT_MAX = 2 * STORE_VALUE_MAX, FIRST_LINES = 4 };

static void carry_key(const struct vault *v, const char *id, uint8_t out[KEY_LEN])
{
	static_assert(KEY_LEN == HASH_LEN, "a keyed hash is a key");
	keyed_hash(out, v->ledger_key, "carried", id, strlen(id));
}

// The first lines, each ended by a NUL in place. -1: there are fewer.
static int carry_lines(struct buf *plain, char *lines[FIRST_LINES], const char **body, size_t *len)
{
	char *at = plain->data, *end = plain->data + plain->len;

	for (int i = 0; i < FIRST_LINES; i++) {
		char *stop = at == NULL ? NULL : memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			return -1;
		*stop = '\0';
		lines[i] = at;
		at = stop + 1;
	}
	*body = at;
	*len = (size_t)(end - at);
	return 0;
}

static void carry_tag(void *arg, const struct tag_row *tag)
{
	char hex[2 * HASH_LEN + 1];

	hex_encode(hex, tag->hash, HASH_LEN);
	buf_printf(arg, "%s=%s ", tag->name, hex);
}

int carry_record(const struct vault *v, const struct record_row *row, const void *body, size_t len, struct err *e)
{
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(PLAIN_MAX);
	struct buf sealed BUF_AUTO = BUF_INIT(TEXT_MAX), text BUF_AUTO = BUF_INIT(TEXT_MAX);
	char facts[LIFE_TEXT_MAX];
	uint8_t key[KEY_LEN];

	// What ends before any backup does is in none.
	const time_t backups_end = tombstone_expiry(v->policy, row->facts.made);
	if (backups_end == 0 || (row->due != 0 && row->due <= backups_end))
		return 0;
	if ((row->kind == KIND_RIGHTS_REQUEST || row->kind == KIND_CONSENT) && tombstones_size(v->state) > TOMBSTONES_CARRY_BYTES)
		return 0;
	life_facts_text(facts, &row->facts);
	buf_printf(&plain, "%s\n%s\n%lld %s\n", kind_row(row->kind)->name, row->state, (long long)row->facts.made, facts);
	if (v->b->records->tags(v->store, row->id, carry_tag, &plain, e) != 0)
		return -1;
	buf_addc(&plain, '\n');
	buf_add(&plain, body, len);
	carry_key(v, row->id, key);
	int ret = plain.failed ? err_set(e, ERR_MEMORY, "no memory") : seal(key, row->id, plain.data, plain.len, &sealed, e);
	wipe(key, sizeof key);
	if (ret == 0 && base64_add(&text, sealed.data, sealed.len) != 0)
		ret = err_set(e, ERR_MEMORY, "no memory");
	if (ret != 0)
		return -1;
	struct tombstone t = {
	    .at = when_now(), .act = TOMBSTONE_CARRIED, .by = ERASE_RECORD, .has_subject = row->has_subject, .carried = buf_text(&text)};
	memcpy(t.id, row->id, sizeof t.id);
	memcpy(t.subject, row->subject, HASH_LEN);
	return tombstone_write(v, &t, e) != 0 ? -1 : tombstone_applied(v, &t, e);
}

static size_t carry_tags(char *text, struct tag_row tags[RECORD_TAGS_MAX])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *one = strtok_r(text, " ", &rest); one != NULL && count < RECORD_TAGS_MAX; one = strtok_r(NULL, " ", &rest)) {
		char *hash = strchr(one, '=');
		if (hash == NULL || hex_decode(tags[count].hash, HASH_LEN, hash + 1) != 0)
			continue;
		*hash = '\0';
		tags[count++].name = one;
	}
	return count;
}

int carry_read(const struct vault *v, const struct tombstone *t, struct carried *out, struct err *e)
{
	struct buf sealed BUF_AUTO = BUF_INIT(TEXT_MAX);
	uint8_t key[KEY_LEN];
	char *lines[FIRST_LINES], *facts;

	*out = (struct carried){.plain = BUF_INIT(PLAIN_MAX)};
	if (base64_decode(&sealed, t->carried, strlen(t->carried)) != 0)
		return err_set(e, ERR_CORRUPT, "a carried record is damaged");
	carry_key(v, t->id, key);
	const int ret = unseal(key, t->id, sealed.data, sealed.len, &out->plain, e);
	wipe(key, sizeof key);
	if (ret != 0)
		return -1;
	if (carry_lines(&out->plain, lines, &out->body, &out->len) != 0)
		return err_set(e, ERR_CORRUPT, "a carried record is damaged");
	if (kind_from_name(&out->kind, lines[0]) != 0)
		out->kind = KIND_COUNT;
	out->state = lines[1];
	out->facts.made = strtoll(lines[2], &facts, 10);
	life_facts_read(&out->facts, facts + strspn(facts, " "));
	out->tag_count = carry_tags(lines[3], out->tags);
	return 0;
}

void carry_free(struct carried *c)
{
	buf_wipe(&c->plain);
}
