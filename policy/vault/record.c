// SPDX-License-Identifier: ISC
// Records: one shape for every kind of data.
#include "policy/vault/record.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/carry.h"
#include "policy/vault/clock_guard.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/space_reserve.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONTEXT_MAX = 96 };
enum use { USE_ORDINARY, USE_FOR_RIGHTS };

int vault_spool_path(const struct vault *v, const char *id, char *out, size_t size, struct err *e)
{
	char name[RECORD_ID_LEN + 5];

	snprintf(name, sizeof name, "%.*s.zip", RECORD_ID_LEN, id);
	for (int i = 0; i < SPOOLS; i++) {
		if (v->spools[i] != v->spool && path_join(out, size, v->spools[i], name, NULL) == 0 && access(out, F_OK) == 0)
			return 0;
	}
	return path_join(out, size, v->spool, name, e);
}

int vault_file_open(const struct vault *v, const char *id, bool *sealed)
{
	char path[PATH_MAX];
	int fd = -1;

	for (int i = 0; i < 2 && fd < 0; i++) {
		const char *spool = i == 0 ? v->spool : v->spools[v->spool == v->spools[SPOOL_MEMORY] ? SPOOL_DISK : SPOOL_MEMORY];
		if (snprintf(path, sizeof path, "%s/%.*s.zip", spool, RECORD_ID_LEN, id) < (int)sizeof path)
			fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		*sealed = spool == v->spools[SPOOL_DISK];
	}
	return fd;
}

static void row_free(struct record_row *row)
{
	buf_free(&row->body);
}
#define ROW_AUTO __attribute__((cleanup(row_free)))

// Of those that are looked for by id or tag.
static int find_one(const struct vault *v, enum view view, const struct record_query *query, struct record_row *out, struct err *e)
{
	struct record_list list = {0};
	int ret = v->b->records->find(v->store, view, query, &list, e);

	*out = list.count > 0 ? list.rows[0] : (struct record_row){0};
	free(list.rows);
	return ret != 0 || list.count > 0 ? ret : err_set(e, ERR_NOT_FOUND, "no such record");
}

int record_read(const struct vault *v, enum view view, const char *id, struct record_row *out, struct err *e)
{
	return find_one(v, view, &(struct record_query){.by = RECORD_WITH_ID, .id = id}, out, e);
}

// ---- bodies ----

static void body_context(char out[CONTEXT_MAX], const struct record_row *row)
{
	snprintf(out, CONTEXT_MAX, "%s|%s", kind_row(row->kind)->name, row->id);
}

static int seal_body_with(const struct data_key *key, struct record_row *row, const void *body, size_t len, struct err *e)
{
	char context[CONTEXT_MAX];

	memcpy(row->key, key->id, KEY_ID_LEN);
	row->has_key = true;
	buf_free(&row->body);
	row->body = BUF_INIT(STORE_VALUE_MAX);
	body_context(context, row);
	return seal(key->bytes, context, body, len, &row->body, e);
}

// With the row's key, or the one that its kind and subject call for.
static int seal_body(struct vault *v, struct record_row *row, const void *body, size_t len, struct err *e)
{
	struct data_key DATA_KEY_AUTO key = {0};

	if (row->has_key ? key_get(v, VIEW_WRITER, row->key, &key, e) != 0
			 : key_for(v, row->kind, row->facts.made, row->has_subject ? row->subject : NULL, row->id, &key, e) != 0)
		return -1;
	return seal_body_with(&key, row, body, len, e);
}

static bool still_bears(const struct vault *v, enum view view, const struct record_row *row)
{
	struct record_row now ROW_AUTO = {0};

	return record_read(v, view, row->id, &now, NULL) == 0 && now.has_key && memcmp(now.key, row->key, KEY_ID_LEN) == 0;
}

// `last`: the key that was used last, and then is this one; NULL: of none.
static int open_body(const struct vault *v, enum view view, const struct record_row *row, struct data_key *last, struct buf *out,
		     struct err *e)
{
	struct data_key DATA_KEY_AUTO own = {0};
	struct data_key *key = last != NULL ? last : &own;
	struct err why = {0};
	char context[CONTEXT_MAX];

	if (row->body.len == 0)
		return 0;
	if (!row->has_key)
		return err_set(e, ERR_CORRUPT, "a record has a body but no key");
	if ((last == NULL || memcmp(last->id, row->key, KEY_ID_LEN) != 0) && key_get(v, view, row->key, key, &why) != 0) {
		// Its key is destroyed after its row: whoever read the row just before finds no key. Else nobody erased it.
		if (why.code == ERR_NOT_FOUND && still_bears(v, view, row))
			return err_set(e, ERR_CORRUPT,
				       "the key of a record (%s) is missing: it cannot be read until keys/keys.db is put back",
				       kind_row(row->kind)->name);
		return err_set(e, why.code, "%s", why.text);
	}
	body_context(context, row);
	return unseal(key->bytes, context, row->body.data, row->body.len, out, e);
}

// ---- putting ----

struct put {
	const struct vault_new *record;
	const char *id;
	char from[PATH_MAX], to[PATH_MAX];
};
struct puts {
	struct put *list;
	size_t count;
	const struct ledger_event *event;
};

static int check_new(const struct vault *v, const struct vault_new *r, struct err *e)
{
	const struct kind_row *row = kind_row(r->kind);
	size_t tags = 0;

	if (v->policy->kinds[r->kind].keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy does not keep the kind \"%s\": nothing was stored", row->name);
	if (r->body_len > VAULT_BODY_MAX)
		return err_set(e, ERR_INPUT, "%s: a body of %zu bytes is over %d", row->name, r->body_len, VAULT_BODY_MAX);
	for (const struct vault_tag *t = r->tags; t != NULL && t->name != NULL; t++)
		if (t->value == NULL || strlen(t->name) > 32 || ++tags > RECORD_TAGS_MAX)
			return err_set(e, ERR_INPUT, "%s: a tag is wrong", row->name);
	return 0;
}

static void change_facts(struct life_facts *f, unsigned set, unsigned clear, time_t now)
{
	for (unsigned i = 0; i < LIFE_FACTS; i++) {
		if (clear & LIFE_BIT(i))
			f->since[i] = 0;
		if ((set & LIFE_BIT(i)) && f->since[i] == 0)
			f->since[i] = now;
	}
}

// An end that is reckoned by other lives than those that pruning knows, as by a program that still runs on the policy before: pruning reckons all
// anew.
static int mark_lives(struct vault *v, struct err *e)
{
	int64_t stamped_by;

	transaction_recall(v);
	if (v->known.lives)
		return 0;
	if (v->b->upkeep->number_get(v->store, "lives", &stamped_by, e) != 0 ||
	    (stamped_by != 0 && stamped_by != v->lives && v->b->upkeep->number_set(v->store, "lives", 0, e) != 0))
		return -1;
	v->known.lives = true;
	return 0;
}

static int put_subject_of(struct vault *v, const char *id, struct record_row *row, struct err *e)
{
	struct record_row of ROW_AUTO = {0};

	if (record_read(v, VIEW_WRITER, id, &of, e) != 0)
		return -1;
	row->has_subject = of.has_subject;
	memcpy(row->subject, of.subject, sizeof row->subject);
	return 0;
}

static int find_tagged(const struct vault *v, enum view view, enum kind kind, const char *tag, const uint8_t hash[HASH_LEN],
		       struct record_row *row, struct err *e)
{
	const struct record_query tagged = {.by = RECORD_WITH_TAG, .kind = kind, .tag = tag, .tag_hash = hash, .horizon = when_now()};

	return find_one(v, view, &tagged, row, e);
}

static bool put_there(const struct vault *v, enum kind kind, const struct tag_row *tag)
{
	struct record_row found ROW_AUTO = {0};

	return find_tagged(v, VIEW_WRITER, kind, tag->name, tag->hash, &found, NULL) == 0;
}

static int put_record(struct vault *v, const struct put *p, struct err *e)
{
	const struct vault_new *r = p->record;
	const struct policy_kind *kind = &v->policy->kinds[r->kind];
	struct record_row row ROW_AUTO = {.kind = r->kind, .has_subject = r->subject != NULL, .has_file = r->file != NULL};
	struct tag_row tags[RECORD_TAGS_MAX];
	size_t tag_count = 0;

	row.facts.made = r->made != 0 ? r->made : when_now();
	change_facts(&row.facts, r->facts, 0, when_now());
	time_t promised = life_of(kind, &row.facts).end;
	if (promised != 0 && r->due > promised)
		return err_set(e, ERR_REFUSED, "%s: the policy does not let it live that long", kind_row(r->kind)->name);
	row.facts.since[LIFE_END_ASKED] = r->due;
	row.due = life_of(kind, &row.facts).end;
	snprintf(row.id, sizeof row.id, "%s", p->id);
	if (row.has_subject)
		key_lookup_hash(v, row.subject, "subject", r->subject);
	else if (r->subject_of != NULL && put_subject_of(v, r->subject_of, &row, e) != 0)
		return -1;
	for (const struct vault_tag *t = r->tags; t != NULL && t->name != NULL; t++) {
		tags[tag_count].name = t->name;
		key_lookup_hash(v, tags[tag_count].hash, t->name, t->value);
		if (r->once != NULL && strcmp(r->once, t->name) == 0 && put_there(v, r->kind, &tags[tag_count]))
			return err_set(e, ERR_BUSY, "%s: it is stored already", kind_row(r->kind)->name);
		tag_count++;
	}
	if ((r->body != NULL && seal_body(v, &row, r->body, r->body_len, e) != 0) ||
	    v->b->records->put(v->store, &row, tags, tag_count, e) != 0)
		return -1;
	return r->carried || kind_row(r->kind)->carried ? carry_record(v, &row, r->body, r->body_len, e) : 0;
}

static void put_files_back(const struct put *list, size_t count)
{
	for (const struct put *p = list; p < list + count; p++)
		if (p->record->file != NULL && rename(p->to, p->from) != 0)
			unlink(p->to);
}

// The files are renamed last: from then on only the commit can fail, and that has its undo.
static int run_puts(struct vault *v, void *arg, struct err *e)
{
	const struct puts *puts = arg;

	for (size_t i = 0; i < puts->count; i++)
		if (put_record(v, &puts->list[i], e) != 0)
			return -1;
	if (mark_lives(v, e) != 0 || ledger_write(v, puts->event, NULL, e) != 0)
		return -1;
	for (size_t i = 0; i < puts->count; i++) {
		const struct put *p = &puts->list[i];
		if (p->record->file == NULL || rename(p->from, p->to) == 0)
			continue;
		err_system(e, err_is_full(errno) ? ERR_FULL : ERR_IO, errno, "the finished file cannot be taken into the spool");
		put_files_back(puts->list, i);
		return -1;
	}
	return 0;
}

static void undo_puts(struct vault *v, void *arg)
{
	const struct puts *puts = arg;

	(void)v;
	put_files_back(puts->list, puts->count);
}

// The second of its making, then 96 random bits: what is made together stands together in every index, so that a commit writes few pages. An
// id opens nothing; what does (a token, a secret) is all random.
void vault_id_new(char id[RECORD_ID_LEN + 1])
{
	uint8_t bytes[RECORD_ID_LEN / 2];
	uint32_t second = htonl((uint32_t)when_now());

	random_bytes(bytes, sizeof bytes);
	memcpy(bytes, &second, sizeof second);
	hex_encode(id, bytes, sizeof bytes);
}

static int put_prepare(struct vault *v, struct put *p, const struct vault_new *record, char id[RECORD_ID_LEN + 1], struct err *e)
{
	const char *file = record->file;

	p->record = record;
	p->id = id;
	if (check_new(v, record, e) != 0)
		return -1;
	if (!record->named)
		vault_id_new(id);
	if (file != NULL && (strchr(file, '/') == NULL ? path_join(p->from, sizeof p->from, v->spool, file, e) != 0
						       : snprintf(p->from, sizeof p->from, "%s", file) >= PATH_MAX))
		return err_set(e, ERR_INPUT, "the file's path is too long");
	return file != NULL ? vault_spool_path(v, id, p->to, sizeof p->to, e) : 0;
}

int vault_put(struct vault *v, const struct vault_new *record, const struct ledger_event *event, char id[RECORD_ID_LEN + 1], struct err *e)
{
	return vault_put_all(v, record, 1, event, (char(*)[RECORD_ID_LEN + 1]) id, e);
}

int vault_put_all(struct vault *v, const struct vault_new *records, size_t count, const struct ledger_event *event,
		  char (*ids)[RECORD_ID_LEN + 1], struct err *e)
{
	struct puts puts = {calloc(count, sizeof *puts.list), count, event};
	struct op op = {.lane = LANE_RECORDS, .run = run_puts, .undo = undo_puts, .arg = &puts};
	int ret = 0;

	if (puts.list == NULL)
		return err_set(e, ERR_MEMORY, "no memory for %zu records", count);
	for (size_t i = 0; i < count && ret == 0; i++)
		ret = put_prepare(v, &puts.list[i], &records[i], ids[i], e);
	if (ret == 0)
		ret = (event != NULL && ledger_check(event, e) != 0) || commit_run(v, &op, e) != 0 ? -1 : 0;
	free(puts.list);
	return ret;
}

// ---- reading ----

void vault_record_free(struct vault_record *r)
{
	buf_wipe(&r->body);
}

// A clock that leapt hides no hold, and frees nothing that one keeps: it ends when pruning ends it.
static bool hold_lasts(const struct vault *v, time_t end)
{
	struct clock_state clock;

	return vault_clock(v, &clock, NULL) == 0 && end > clock.judged;
}

// Whether the record is there, to be read or changed: of a kind that is known, and not past its end, pruned or not. A policy that has become
// stricter holds for what is already stored. Every read passes here: what is restricted is used for nothing.
static int check_live(const struct vault *v, enum use use, enum kind kind, const struct life_facts *facts, struct err *e)
{
	if (kind == KIND_COUNT)
		return err_set(e, ERR_CORRUPT, "a record is of a kind that this program does not know");
	time_t end = life_of(&v->policy->kinds[kind], facts).end;
	if (end != 0 && end <= when_now() && (kind != KIND_HOLD || !hold_lasts(v, end)))
		return err_set(e, ERR_NOT_FOUND, "no such record");
	return use == USE_ORDINARY && facts->since[LIFE_RESTRICTED] != 0
		   ? err_set(e, ERR_RESTRICTED, "it is kept and not used, because its restriction was asked for")
		   : 0;
}

void record_told(const struct record_row *row, struct vault_record *out)
{
	*out = (struct vault_record){
	    .kind = row->kind, .made = row->facts.made, .due = row->due, .facts = row->facts, .has_file = row->has_file};
	if (row->has_subject)
		memcpy(&out->subject, row->subject, sizeof out->subject);
	memcpy(out->id, row->id, sizeof out->id);
	memcpy(out->state, row->state, sizeof out->state);
}

static int record_head(const struct vault *v, enum use use, const struct record_row *row, struct vault_record *out, struct err *e)
{
	record_told(row, out);
	return check_live(v, use, row->kind, &row->facts, e);
}

static int open_record(const struct vault *v, enum view view, enum use use, const struct record_row *row, struct data_key *last,
		       struct vault_record *out, struct err *e)
{
	if (record_head(v, use, row, out, e) != 0)
		return -1;
	out->body = BUF_INIT(STORE_VALUE_MAX);
	if (open_body(v, view, row, last, &out->body, e) == 0)
		return 0;
	vault_record_free(out);
	return -1;
}

static int get_for(struct vault *v, enum use use, const char *id, struct data_key *last, struct vault_record *out, struct err *e)
{
	struct record_row row ROW_AUTO = {0};

	*out = (struct vault_record){0};
	return record_read(v, VIEW_COMMITTED, id, &row, e) != 0 ? -1 : open_record(v, VIEW_COMMITTED, use, &row, last, out, e);
}

int vault_get(struct vault *v, const char *id, struct vault_record *out, struct err *e)
{
	return get_for(v, USE_ORDINARY, id, NULL, out, e);
}

int record_open_for_rights(struct vault *v, const struct record_row *row, struct data_key *last, struct vault_record *out, struct err *e)
{
	return row->has_key && row->body.len == 0 ? get_for(v, USE_FOR_RIGHTS, row->id, last, out, e)
						  : open_record(v, VIEW_COMMITTED, USE_FOR_RIGHTS, row, last, out, e);
}

// The records that were found last. One is used again only while nothing at all was committed to the store, by whatever process, so it is what
// a look-up would find; that matters to who downloads in parts, or looks before he downloads. Bodies are not kept: nothing that is sealed
// stands open in memory for longer than a request.
static bool lookup_cached(struct vault *v, enum kind kind, const uint8_t hash[HASH_LEN], const struct store_stamp *now,
			  struct vault_record *out)
{
	const struct lookup *l = &v->lookups.entries[hash[0] % LOOKUPS];

	pthread_mutex_lock(&v->lookups.mutex);
	bool hit = l->record.kind == kind && memcmp(l->hash, hash, HASH_LEN) == 0 && memcmp(&l->stamp, now, sizeof *now) == 0;
	if (hit)
		*out = l->record;
	pthread_mutex_unlock(&v->lookups.mutex);
	return hit;
}

int vault_find(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out, struct err *e)
{
	struct record_row row ROW_AUTO = {0};
	uint8_t hash[HASH_LEN];

	*out = (struct vault_record){0};
	key_lookup_hash(v, hash, tag, value);
	return find_tagged(v, VIEW_COMMITTED, kind, tag, hash, &row, e) != 0
		   ? -1
		   : open_record(v, VIEW_COMMITTED, USE_ORDINARY, &row, NULL, out, e);
}

static int find_head_for(struct vault *v, enum use use, enum kind kind, const char *tag, const char *value, struct vault_record *out,
			 struct err *e)
{
	struct record_row row ROW_AUTO = {0};
	struct store_stamp before, after;
	uint8_t hash[HASH_LEN];

	*out = (struct vault_record){0};
	key_lookup_hash(v, hash, tag, value);
	bool known = v->b->upkeep->stamp(v->store, &before);
	if (known && lookup_cached(v, kind, hash, &before, out))
		return check_live(v, use, kind, &out->facts, e);
	if (find_tagged(v, VIEW_COMMITTED, kind, tag, hash, &row, e) != 0 || record_head(v, use, &row, out, e) != 0)
		return -1;
	// Nothing was committed between the two stamps, so what was read is of this state.
	if (known && v->b->upkeep->stamp(v->store, &after) && memcmp(&before, &after, sizeof before) == 0) {
		struct lookup *l = &v->lookups.entries[hash[0] % LOOKUPS];
		pthread_mutex_lock(&v->lookups.mutex);
		memcpy(l->hash, hash, HASH_LEN);
		l->stamp = after;
		l->record = *out;
		pthread_mutex_unlock(&v->lookups.mutex);
	}
	return 0;
}

int vault_find_head(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out, struct err *e)
{
	return find_head_for(v, USE_ORDINARY, kind, tag, value, out, e);
}

int vault_find_head_for_rights(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out, struct err *e)
{
	return find_head_for(v, USE_FOR_RIGHTS, kind, tag, value, out, e);
}

int record_pages_next(const struct vault *v, struct record_pages *p, struct record_query query, struct err *e)
{
	struct record_list *l = &p->list;

	query.after = p->last;
	query.after_made = p->last[0] != '\0' ? p->last_made : p->since != 0 ? p->since : INT64_MIN;
	query.limit = PAGE_ROWS;
	l->count = 0;
	if (p->ended)
		return 0;
	if (v->b->records->find(v->store, VIEW_COMMITTED, &query, l, e) != 0)
		return -1;
	p->ended = l->count < PAGE_ROWS;
	if (l->count == 0)
		return 0;
	memcpy(p->last, l->rows[l->count - 1].id, sizeof p->last);
	p->last_made = l->rows[l->count - 1].facts.made;
	return 1;
}

void record_pages_free(struct record_pages *p)
{
	free(p->list.rows);
}

// No lock is held and no read is open while `each` runs, so it may call the vault.
static int each_for(struct vault *v, enum use use, enum kind kind, const char *state, int (*each)(void *, const struct vault_record *),
		    void *arg, struct err *e)
{
	struct record_pages pages PAGES_AUTO = {0};
	int more = 0, stop = 0;

	while (!stop && (more = record_pages_next(v, &pages, (struct record_query){.by = RECORDS_OF_KIND, .kind = kind}, e)) > 0)
		for (size_t i = 0; i < pages.list.count && !stop; i++) {
			const struct record_row *row = &pages.list.rows[i];
			struct err why = {0};
			struct vault_record r;
			if (get_for(v, use, row->id, NULL, &r, &why) != 0) {
				if (why.code == ERR_NOT_FOUND || why.code == ERR_RESTRICTED)
					continue;
				if (why.code != ERR_CORRUPT)
					return err_set(e, why.code, "%s", why.text);
				r = (struct vault_record){.kind = kind, .made = row->facts.made, .due = row->due, .unreadable = true};
				memcpy(r.id, row->id, sizeof r.id);
				memcpy(r.state, row->state, sizeof r.state);
			}
			if (state == NULL || strcmp(state, r.state) == 0)
				stop = each(arg, &r);
			vault_record_free(&r);
		}
	return more < 0 ? -1 : 0;
}

int vault_each(struct vault *v, enum kind kind, const char *state, int (*each)(void *, const struct vault_record *), void *arg,
	       struct err *e)
{
	return each_for(v, USE_ORDINARY, kind, state, each, arg, e);
}

int vault_each_for_rights(struct vault *v, enum kind kind, const char *state, int (*each)(void *, const struct vault_record *), void *arg,
			  struct err *e)
{
	return each_for(v, USE_FOR_RIGHTS, kind, state, each, arg, e);
}

// ---- updating ----

// Durable before the commit: no backup brings back what is over.
static int record_tombstone(struct vault *v, enum tombstone_act act, const char *id, struct err *e)
{
	struct tombstone t = {.at = when_now(), .act = act, .by = ERASE_RECORD};

	snprintf(t.id, sizeof t.id, "%s", id);
	return tombstone_write(v, &t, e) != 0 ? -1 : tombstone_applied(v, &t, e);
}

static const struct {
	unsigned set, clear;
} tombstone_facts[TOMBSTONE_ACTS] = {[TOMBSTONE_WITHDRAWN] = {.set = LIFE_BIT(LIFE_CONSENT_WITHDRAWN)},
				     [TOMBSTONE_HELD] = {.set = LIFE_BIT(LIFE_HELD)},
				     [TOMBSTONE_RELEASED] = {.clear = LIFE_BIT(LIFE_HELD)}};

// Those of the facts that change.
static int record_tombstones(struct vault *v, const struct record_row *row, const struct vault_change *c, struct err *e)
{
	for (enum tombstone_act act = 0; act < TOMBSTONE_ACTS; act++)
		for (unsigned i = 0; i < LIFE_FACTS; i++)
			if ((((c->set & tombstone_facts[act].set & LIFE_BIT(i)) != 0 && row->facts.since[i] == 0) ||
			     ((c->clear & tombstone_facts[act].clear & LIFE_BIT(i)) != 0 && row->facts.since[i] != 0)) &&
			    record_tombstone(v, act, row->id, e) != 0)
				return -1;
	return 0;
}

int record_facts_again(struct vault *v, void *tombstone, struct err *e)
{
	const struct tombstone *t = tombstone;
	struct record_row row ROW_AUTO = {0};
	struct err why = {0};

	if (record_read(v, VIEW_WRITER, t->id, &row, &why) != 0)
		return why.code == ERR_NOT_FOUND ? tombstone_applied(v, t, e) : err_set(e, why.code, "%s", why.text);
	buf_free(&row.body); // it keeps its own
	change_facts(&row.facts, tombstone_facts[t->act].set, tombstone_facts[t->act].clear, t->at);
	row.due = record_due(&row, record_life(v, &row).end);
	return v->b->records->update(v->store, &row, e) != 0 || mark_lives(v, e) != 0 || tombstone_applied(v, t, e) != 0 ? -1 : 0;
}

int record_carried_again(struct vault *v, void *tombstone, struct err *e)
{
	const struct tombstone *t = tombstone;
	__attribute__((cleanup(carry_free))) struct carried c = {0};
	struct record_row row ROW_AUTO = {0};
	struct err why = {0};

	if (carry_read(v, t, &c, e) != 0)
		return -1;
	// What the policy keeps no more is not brought back.
	if (c.kind == KIND_COUNT || v->policy->kinds[c.kind].keep != KEEP_STORED)
		return tombstone_applied(v, t, e);
	const bool known = record_read(v, VIEW_WRITER, t->id, &row, &why) == 0;
	if (!known && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	if (!known) {
		row = (struct record_row){.kind = c.kind, .has_subject = t->has_subject};
		memcpy(row.id, t->id, sizeof row.id);
		memcpy(row.subject, t->subject, HASH_LEN);
	}
	row.facts = c.facts;
	snprintf(row.state, sizeof row.state, "%s", c.state);
	row.due = record_due(&row, record_life(v, &row).end);
	why = (struct err){0};
	int ret = seal_body(v, &row, c.body, c.len, &why);
	if (ret != 0 && why.code == ERR_NOT_FOUND && row.has_key) { // its key was ended since
		row.has_key = false;
		ret = seal_body(v, &row, c.body, c.len, &why);
	}
	if (ret != 0)
		return err_set(e, why.code, "%s", why.text);
	if ((known ? v->b->records->update(v->store, &row, e) : v->b->records->put(v->store, &row, c.tags, c.tag_count, e)) != 0 ||
	    mark_lives(v, e) != 0)
		return -1;
	return tombstone_applied(v, t, e);
}

struct update {
	const char *id;
	const struct vault_change *change;
	const struct ledger_event *event;
};

// What cannot be read cannot be changed.
static int run_update(struct vault *v, void *arg, struct err *e)
{
	const struct update *u = arg;
	const struct vault_change *c = u->change;
	struct record_row row ROW_AUTO = {0};
	struct data_key DATA_KEY_AUTO key = {0};
	struct vault_record now;
	uint8_t hash[HASH_LEN];

	// What is restricted may be held, and anything else be noted of it.
	const enum use use = c->for_rights || (c->state == NULL && c->body == NULL) ? USE_FOR_RIGHTS : USE_ORDINARY;

	if (record_read(v, VIEW_WRITER, u->id, &row, e) != 0 || open_record(v, VIEW_WRITER, use, &row, &key, &now, e) != 0)
		return -1;
	const bool opened = row.body.len > 0; // with `key`
	bool same = c->was == NULL || (c->was->len == now.body.len && memcmp(buf_text(c->was), buf_text(&now.body), now.body.len) == 0);
	const struct policy_kind *kind = &v->policy->kinds[row.kind];
	struct ledger_event told = u->event != NULL ? *u->event : (struct ledger_event){0};
	if (told.payload != NULL && told.subject == NULL && row.has_subject)
		told.subject_hash = row.subject;
	else if (told.payload != NULL && told.subject == NULL)
		told.payload = NULL;
	int ret = -1;
	if (!same) {
		err_set(e, ERR_BUSY, "it was changed meanwhile");
		goto cleanup;
	}
	if ((c->set & LIFE_BIT(LIFE_HELD)) && !life_may_be_held(kind)) {
		err_set(e, ERR_REFUSED, "the policy does not say that the kind \"%s\" may be held", kind_row(row.kind)->name);
		goto cleanup;
	}
	const bool carried = kind_row(row.kind)->carried;
	if (!carried && record_tombstones(v, &row, c, e) != 0)
		goto cleanup;
	change_facts(&row.facts, c->set, c->clear, when_now());
	const time_t end = record_due(&row, record_life(v, &row).end);
	if ((c->set | c->clear) != 0 || row.due == 0 || (end != 0 && end < row.due)) // an earlier end that it was given stays
		row.due = end;
	if (c->state != NULL)
		snprintf(row.state, sizeof row.state, "%s", c->state);
	for (const struct vault_tag *t = c->tags; t != NULL && t->name != NULL; t++) {
		if (t->value != NULL)
			key_lookup_hash(v, hash, t->name, t->value);
		if (v->b->records->tag(v->store, row.id, t->name, t->value != NULL ? hash : NULL, e) != 0)
			goto cleanup;
	}
	if (carried &&
	    carry_record(v, &row, c->body != NULL ? c->body : now.body.data, c->body != NULL ? c->body_len : now.body.len, e) != 0)
		goto cleanup;
	buf_free(&row.body); // it keeps its own
	if ((c->body == NULL ||
	     (opened ? seal_body_with(&key, &row, c->body, c->body_len, e) : seal_body(v, &row, c->body, c->body_len, e)) == 0) &&
	    v->b->records->update(v->store, &row, e) == 0 && mark_lives(v, e) == 0)
		ret = ledger_write(v, u->event != NULL ? &told : NULL, NULL, e);
cleanup:
	vault_record_free(&now);
	return ret;
}

int vault_update(struct vault *v, const char *id, const struct vault_change *change, const struct ledger_event *event, struct err *e)
{
	struct update u = {id, change, event};

	if (change->state != NULL && strlen(change->state) >= STATE_MAX)
		return err_set(e, ERR_INPUT, "a state's name is too long");
	if (change->body != NULL && change->body_len > VAULT_BODY_MAX)
		return err_set(e, ERR_INPUT, "a body of %zu bytes is over %d", change->body_len, VAULT_BODY_MAX);
	return event != NULL && ledger_check(event, e) != 0 ? -1 : commit_records(v, run_update, &u, e);
}

struct tagging {
	struct vault *v;
	const char *tag;
	void (*value)(struct vault *v, const struct vault_record *r, struct buf *out);
	struct err *e;
	bool failed, there;
};

static void tag_is_there(void *arg, const struct tag_row *tag)
{
	struct tagging *x = arg;

	x->there = x->there || strcmp(tag->name, x->tag) == 0;
}

static int tag_old_one(void *arg, const struct vault_record *r)
{
	struct tagging *x = arg;
	BUF_AUTO_WIPE struct buf value = BUF_INIT(VAULT_BODY_MAX);
	struct err why = {0};

	if (!r->unreadable)
		x->value(x->v, r, &value);
	const struct vault_tag tags[] = {{x->tag, buf_text(&value)}, {NULL, NULL}};
	x->there = false;
	if (x->v->b->records->tags(x->v->store, r->id, tag_is_there, x, &why) != 0 ||
	    (value.len > 0 && !x->there && vault_update(x->v, r->id, &(struct vault_change){.tags = tags}, NULL, &why) != 0 &&
	     why.code != ERR_NOT_FOUND)) {
		err_set(x->e, why.code, "%s", why.text);
		x->failed = true;
	}
	return x->failed;
}

int vault_tag_old(struct vault *v, enum kind kind, const char *tag,
		  void (*value)(struct vault *v, const struct vault_record *r, struct buf *out), struct err *e)
{
	struct tagging x = {.v = v, .tag = tag, .value = value, .e = e};
	char name[96];
	int64_t done = 0;

	snprintf(name, sizeof name, "tagged %s %s", kind_row(kind)->name, tag);
	if (v->b->upkeep->number_get(v->store, name, &done, e) != 0 || done != 0)
		return done != 0 ? 0 : -1;
	return vault_each_for_rights(v, kind, NULL, tag_old_one, &x, e) != 0 || x.failed ? -1 : ledger_append_noting(v, NULL, name, 1, e);
}

// ---- ending ----

struct life record_life(const struct vault *v, const struct record_row *r)
{
	if (r->kind == KIND_COUNT)
		return (struct life){.end = r->facts.made};
	struct life_facts facts = r->facts;
	facts.made = clock_guard_date(v, facts.made);
	for (unsigned i = 0; i < LIFE_FACTS; i++)
		facts.since[i] = i == LIFE_END_ASKED ? facts.since[i] : clock_guard_date(v, facts.since[i]);
	return life_of(&v->policy->kinds[r->kind], &facts);
}

struct life record_life_erased(const struct vault *v, struct record_row *r, time_t now)
{
	struct record_row row;

	change_facts(&r->facts, LIFE_BIT(LIFE_ERASED), 0, now);
	row = *r;
	if (row.facts.made > now) // while the clock was ahead
		row.facts.made = now;
	return record_life(v, &row);
}

time_t record_due(const struct record_row *r, time_t end)
{
	return end != 0 && end < r->facts.made ? r->facts.made : end;
}

// Sealed anew with a key of its own, so that the one which it had in common with what is erased can go. A backup has it under that one: `carry`.
int record_keep(struct vault *v, const struct record_row *r, bool carry, struct err *e)
{
	struct record_row row ROW_AUTO = {0};
	struct data_key DATA_KEY_AUTO key = {0};
	BUF_AUTO_WIPE struct buf body = BUF_INIT(STORE_VALUE_MAX);
	uint8_t before[KEY_ID_LEN];

	if (record_read(v, VIEW_WRITER, r->id, &row, e) != 0)
		return -1;
	row.facts = r->facts;
	row.due = record_due(r, r->due);
	memcpy(before, row.key, KEY_ID_LEN);
	if (open_body(v, VIEW_WRITER, &row, NULL, &body, NULL) != 0)
		buf_free(&row.body); // it stays as it is
	else if (row.has_key && (key_own(v, row.id, &key, e) != 0 || seal_body_with(&key, &row, body.data, body.len, e) != 0))
		return -1;
	if (v->b->records->update(v->store, &row, e) != 0 || (carry && body.len > 0 && carry_record(v, &row, body.data, body.len, e) != 0))
		return -1;
	return row.has_key && memcmp(before, row.key, KEY_ID_LEN) != 0 ? v->b->keys->end_later(v->store, before, e) : 0;
}

// What stays is another record: no id, subject, tag, file or key leads from the one to the other, and of its time the day is left.
int record_anonymise(struct vault *v, const struct record_row *r, struct err *e)
{
	enum { DAY_SECONDS = 86400 };
	struct record_row old ROW_AUTO = {0}, row ROW_AUTO = {.kind = r->kind};
	struct data_key DATA_KEY_AUTO key = {0};
	BUF_AUTO_WIPE struct buf before = BUF_INIT(STORE_VALUE_MAX), after = BUF_INIT(STORE_VALUE_MAX);
	JSON_AUTO cJSON *stays = cJSON_CreateObject();

	if (record_read(v, VIEW_WRITER, r->id, &old, e) != 0)
		return -1;
	JSON_AUTO cJSON *body =
	    open_body(v, VIEW_WRITER, &old, NULL, &before, NULL) == 0 ? json_parse(buf_text(&before), before.len, NULL) : NULL;
	for (const char *const *name = kind_row(r->kind)->stays; name != NULL && *name != NULL; name++) {
		cJSON *member = cJSON_DetachItemFromObjectCaseSensitive(body, *name);
		if (member != NULL && !cJSON_AddItemToObject(stays, *name, member))
			cJSON_Delete(member);
	}
	vault_id_new(row.id);
	memset(row.id, '0', 8); // the second of its making
	row.facts.made = old.facts.made - old.facts.made % DAY_SECONDS;
	row.facts.since[LIFE_ANONYMISED] = when_now();
	memcpy(row.state, old.state, sizeof row.state);
	if (stays == NULL || json_print(&after, stays) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	if (v->b->records->end(v->store, r->id, e) != 0 || key_anonymous(v, row.kind, &key, e) != 0 ||
	    seal_body_with(&key, &row, after.data, after.len, e) != 0)
		return -1;
	return v->b->records->put(v->store, &row, NULL, 0, e);
}

void record_unlink(const struct vault *v, const struct record_row *r)
{
	char path[PATH_MAX];

	if (r->has_file && vault_spool_path(v, r->id, path, sizeof path, NULL) == 0)
		unlink(path);
}

struct end {
	const char *id;
	const struct ledger_event *event;
	struct record_row row;
	bool own_key;
};

static int run_end(struct vault *v, void *arg, struct err *e)
{
	struct end *end = arg;
	struct record_row *row = &end->row;
	time_t now = when_now();

	if (record_read(v, VIEW_WRITER, end->id, row, e) != 0)
		return -1;
	buf_free(&row->body);
	if (check_live(v, USE_FOR_RIGHTS, row->kind, &row->facts, e) != 0)
		return -1;
	struct life life = record_life_erased(v, row, now);
	if (life.end == 0 || life.end > now)
		return err_set(e, ERR_REFUSED, "%s: %s", kind_row(row->kind)->words,
			       life.held ? "a legal hold keeps it" : "the policy keeps it, whoever asks for its end");
	// What ends before any backup does is in none.
	const time_t backups_end = tombstone_expiry(v->policy, row->facts.made);
	if (backups_end != 0 && (row->due == 0 || row->due > backups_end) && record_tombstone(v, TOMBSTONE_ERASED, row->id, e) != 0)
		return -1;
	end->own_key = row->has_key && !key_is_shared(v, row->key);
	return ledger_write(v, end->event, NULL, e) != 0 || v->b->records->end(v->store, row->id, e) != 0 ? -1 : 0;
}

void vault_space_reserve(const struct vault *v, bool take)
{
	(void)space_reserve(v->state, take);
}

// The record is ended when the commit returned. A crash before its key is destroyed is made good by the next reaping, one before its
// file is unlinked by the next pruning.
int vault_end(struct vault *v, const char *id, const struct ledger_event *event, struct err *e)
{
	struct end end = {.id = id, .event = event};
	struct commit_alone alone ALONE_AUTO = {0};

	if (event != NULL && ledger_check(event, e) != 0)
		return -1;
	struct err why = {0};
	int ret = commit_records(v, run_end, &end, &why);
	const bool full = ret != 0 && why.code == ERR_FULL;
	if (full) { // what others have given free meanwhile may be enough, too
		space_reserve(v->state, false);
		ret = commit_records(v, run_end, &end, &why);
	}
	if (ret == 0)
		record_unlink(v, &end.row);
	if (ret == 0 && end.own_key && commit_alone(v, &alone, NULL) == 0)
		key_reap(v, NULL);
	if (full)
		space_reserve(v->state, true);
	return ret == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}
