// SPDX-License-Identifier: ISC
// One walk over everything that hangs on a subject. Nothing is locked and no read is open while a callback runs, so it may call the vault; what
// others store or erase meanwhile may be told or not.
#include "policy/vault/subject.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What is tagged with an address, an officer has; beside it there is the request log.
static const char *const subject_tags[] = {
    [ERASE_RECEIPT] = "receipt", [ERASE_ADDRESS] = "address", [ERASE_RECORD] = NULL, [ERASE_CONTACT] = "contact"};

int subject_find(const struct vault *v, enum view view, enum erase_by by, const char *value, struct subject *out, struct err *e)
{
	struct record_row row;
	struct err why = {0};

	*out = (struct subject){.by = by, .value = value};
	if (by == ERASE_RECEIPT) {
		out->known = true;
		out->tag = subject_tags[by];
		key_lookup_hash(v, out->hash, "subject", value);
		key_lookup_hash(v, out->tag_hash, out->tag, value);
	} else if (by == ERASE_RECORD) {
		if (record_read(v, view, value, &row, &why) == 0) {
			out->known = row.has_subject;
			memcpy(out->hash, row.subject, HASH_LEN);
		}
		buf_free(&row.body);
	} else {
		out->tag = subject_tags[by];
		key_lookup_hash(v, out->tag_hash, out->tag, value);
	}
	return why.code == ERR_NONE || why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

static int subject_records_up_to(const struct vault *v, enum view view, const struct subject *s, size_t limit, size_t body_bytes,
				 struct record_list *out, struct err *e)
{
	const struct record_query query = {.by = RECORDS_OF_PERSON,
					   .id = s->by == ERASE_RECORD ? s->value : NULL,
					   .subject = s->known ? s->hash : NULL,
					   .tag = s->tag,
					   .tag_hash = s->tag != NULL ? s->tag_hash : NULL,
					   .limit = limit,
					   .body_bytes = body_bytes};

	return v->b->records->find(v->store, view, &query, out, e);
}

int subject_records(const struct vault *v, enum view view, const struct subject *s, struct record_list *out, struct err *e)
{
	return subject_records_up_to(v, view, s, INT64_MAX, 0, out, e);
}

void subject_name(struct tombstone *t, const struct subject *who)
{
	t->by = who->by;
	if (who->by == ERASE_RECORD)
		snprintf(t->id, sizeof t->id, "%s", who->value);
	t->has_subject = who->known;
	memcpy(t->subject, who->hash, HASH_LEN);
	t->has_tag = who->tag != NULL;
	memcpy(t->tag, who->tag_hash, HASH_LEN);
}

void subject_named(const struct tombstone *t, struct subject *out)
{
	*out = (struct subject){.by = t->by, .known = t->has_subject, .tag = t->has_tag ? subject_tags[t->by] : NULL};
	out->value = t->by == ERASE_RECORD ? t->id : NULL;
	memcpy(out->hash, t->subject, HASH_LEN);
	memcpy(out->tag_hash, t->tag, HASH_LEN);
}

int subject_log_find(const struct vault *v, const struct subject *s, struct key_page *keys, const char *day, struct subject_log *out,
		     struct data_key *key, struct err *e)
{
	struct log_day read = {0};
	const char *address = s->by == ERASE_ADDRESS ? s->value : NULL;
	struct err why = {0};

	*out = (struct subject_log){0};
	if (address == NULL && !s->known)
		return 0;
	if (request_log_hashes_of(v, keys, day, address, s->known ? s->hash : NULL, &out->hashes, key, &why) == 0) {
		out->address = address != NULL ? out->hashes.address : NULL;
		out->receipt = s->known ? out->hashes.receipt : NULL;
		return 0;
	}
	if (why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	// Without its key nothing of the day can be read, nor found.
	snprintf(read.day, sizeof read.day, "%s", day);
	if (v->b->log->read(v->store, &read, e) != 0)
		return -1;
	return read.lines == 0 && read.state != LOG_DAY_DAMAGED ? 0 : err_set(e, ERR_CORRUPT, "the key of %s is missing", day);
}

// ---- the walk ----

static void subject_missed(struct subject_result *out, bool *which, const char *where, const struct err *why)
{
	if (out->reason[0] == '\0') // the first is kept
		snprintf(out->reason, sizeof out->reason, "%s: %.200s", where, why->text);
	*which = true;
}

enum {
	WALK_BODY_BYTES = 256 * 1024
}; // bytes of bodies that are read at once; others are read by their id, as each row costs most of a query

static void walk_records(struct vault *v, struct record_list *rows, const struct subject_walk *walk, void *arg, struct subject_result *out)
{
	struct data_key DATA_KEY_AUTO last = {0}; // of a subject many have the same

	for (size_t i = 0; i < rows->count; i++) {
		struct record_row *row = &rows->rows[i];
		struct vault_record r = {0};
		struct err why = {0};
		if (record_open_for_rights(v, row, &last, &r, &why) != 0) {
			// Past its end, or erased in this moment, or damaged.
			bool over = why.code == ERR_NOT_FOUND;
			r = (struct vault_record){
			    .kind = row->kind, .made = row->facts.made, .due = row->due, .unreadable = !over, .over = over};
			memcpy(r.id, row->id, sizeof r.id);
			if (!over)
				subject_missed(out, &out->records_missed, "records", &why);
		}
		buf_free(&row->body);
		walk->record(arg, &r);
		vault_record_free(&r);
	}
}

struct log_walk {
	struct vault *v;
	const struct subject_walk *walk;
	void *arg;
	const char *day;
	struct data_key key;
	struct subject_result *out;
};

static int walk_log_row(void *arg, const struct log_row *row)
{
	struct log_walk *w = arg;
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(STORE_VALUE_MAX);
	struct err why = {0};
	char context[LOG_CONTEXT_MAX];
	struct subject_log_row out = {.at = row->at, .of_visit = row->has_receipt};

	request_log_context(context, w->day, row);
	if (unseal(w->key.bytes, context, row->body, row->body_len, &plain, &why) == 0 && memchr(plain.data, '\0', plain.len) != NULL) {
		out.address = plain.data;
		out.user_agent = plain.data + strlen(plain.data) + 1; // the buffer ends with a NUL of its own
	} else {
		out.unreadable = true;
		subject_missed(w->out, &w->out->log_missed, "request log", &why);
	}
	return w->walk->log_row(w->arg, &out);
}

static void walk_log(struct vault *v, const struct subject *s, const struct subject_walk *walk, void *arg, struct subject_result *out)
{
	struct err why = {0};
	struct key_page keys = {0};
	struct log_day *days;
	int count = v->b->log->days(v->store, &days, &why);

	if (count < 0)
		subject_missed(out, &out->log_missed, "request log", &why);
	for (int i = 0; i < count; i++) {
		struct log_walk w = {.v = v, .walk = walk, .arg = arg, .day = days[i].day, .out = out};
		struct subject_log by;
		why = (struct err){0};
		int ret = subject_log_find(v, s, &keys, days[i].day, &by, &w.key, &why);
		if (ret == 0 && (by.address != NULL || by.receipt != NULL))
			ret = v->b->log->find(v->store, days[i].day, by.address, by.receipt, walk_log_row, &w, &why);
		key_wipe(&w.key);
		if (ret == 0 && days[i].set_aside)
			ret = err_set(&why, ERR_CORRUPT, "a part of %s is damaged and was set aside until the day ends", days[i].day);
		if (ret != 0)
			subject_missed(out, &out->log_missed, "request log", &why);
	}
	free(days);
}

static void walk_payloads(struct vault *v, const struct subject *s, const struct subject_walk *walk, void *arg, struct subject_result *out)
{
	struct payload_row row;
	struct err why = {0};
	int there;

	for (int64_t from = 0; (there = v->b->ledger->payload_get(v->store, s->hash, from, &row, &why)) > 0; from = row.seq + 1) {
		BUF_AUTO_WIPE struct buf plain = BUF_INIT(STORE_VALUE_MAX);
		struct subject_event event = {.index = (uint64_t)row.seq};
		why = (struct err){0};
		int ret = ledger_payload_open(v, &row, &plain, &why);
		buf_free(&row.body);
		if (ret == 0) {
			event.payload = plain.data + SALT_LEN;
			event.len = plain.len - SALT_LEN;
		} else {
			event.unreadable = true;
			subject_missed(out, &out->ledger_missed, "ledger", &why);
		}
		if (walk->event(arg, &event) != 0)
			return;
	}
	if (there < 0)
		subject_missed(out, &out->ledger_missed, "ledger", &why);
}

int vault_subject(struct vault *v, enum erase_by by, const char *value, const struct subject_walk *walk, void *arg,
		  struct subject_result *out, struct err *e)
{
	struct record_list rows = {0};
	struct subject s;

	*out = (struct subject_result){0};
	if (value[0] == '\0')
		return err_set(e, ERR_INPUT, "nothing was named to be looked for");
	if (subject_find(v, VIEW_COMMITTED, by, value, &s, e) != 0)
		return -1;
	const int ret = subject_records_up_to(v, VIEW_COMMITTED, &s, INT64_MAX, WALK_BODY_BYTES, &rows, e);
	if (ret == 0) {
		walk_records(v, &rows, walk, arg, out);
		if (walk->log_row != NULL)
			walk_log(v, &s, walk, arg, out);
		if (s.known && walk->event != NULL)
			walk_payloads(v, &s, walk, arg, out);
	}
	for (size_t i = 0; i < rows.count; i++) // where it failed; else they are free
		buf_free(&rows.rows[i].body);
	free(rows.rows);
	return ret;
}

int vault_subject_heads(struct vault *v, enum erase_by by, const char *value, int (*each)(void *, const struct vault_record *), void *arg,
			struct err *e)
{
	struct record_list rows = {0};
	struct subject s;
	const time_t now = when_now();
	int ret = subject_find(v, VIEW_COMMITTED, by, value, &s, e) != 0 || subject_records(v, VIEW_COMMITTED, &s, &rows, e) != 0 ? -1 : 0;

	for (size_t i = 0; ret == 0 && i < rows.count; i++) {
		const struct record_row *row = &rows.rows[i];
		struct vault_record r;
		record_told(row, &r);
		r.over = row->due != 0 && row->due <= now;
		if (each(arg, &r) != 0)
			break;
	}
	free(rows.rows);
	return ret;
}

// ---- whom something touches ----

static int subject_hash_compare(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

int vault_touched_count(struct vault *v, kind_set kinds, time_t from, time_t until, struct vault_touched *out, struct err *e)
{
	uint8_t(*hashes)[HASH_LEN] = NULL;
	size_t count = 0, capacity = 0;
	int more = 0;

	*out = (struct vault_touched){0};
	for (unsigned k = 0; k < KIND_COUNT && more == 0; k++) {
		struct record_pages pages PAGES_AUTO = {.ended = (kinds & KIND_BIT(k)) == 0};
		while (more >= 0 &&
		       (more = record_pages_next(v, &pages, (struct record_query){.by = RECORDS_OF_KIND, .kind = (enum kind)k}, e)) > 0)
			for (size_t i = 0; i < pages.list.count && more > 0; i++) {
				const struct record_row *row = &pages.list.rows[i];
				if (row->facts.made > until || (row->due != 0 && row->due <= from))
					continue;
				out->records[k]++;
				out->nameless[k] += !row->has_subject;
				if (!row->has_subject)
					continue;
				if (!ARRAY_GROW(hashes, count, capacity))
					more = err_set(e, ERR_MEMORY, "no memory to count them");
				else
					memcpy(hashes[count++], row->subject, HASH_LEN);
			}
	}
	if (count > 0)
		qsort(hashes, count, sizeof *hashes, subject_hash_compare);
	for (size_t i = 0; i < count; i++)
		out->subjects += i == 0 || memcmp(hashes[i], hashes[i - 1], HASH_LEN) != 0;
	free(hashes);
	if (more != 0 || (kinds & KIND_BIT(KIND_REQUEST_LOG)) == 0)
		return more;
	struct log_day *days;
	const int day_count = request_log_days(v, &days, e);
	for (int i = 0; i < day_count; i++)
		if (days[i].oldest != 0 && days[i].oldest <= until && days[i].newest >= from)
			out->records[KIND_REQUEST_LOG] += days[i].lines;
	free(days);
	return day_count < 0 ? -1 : 0;
}

// ---- what was done with it ----

struct subject_note {
	enum erase_by by;
	const char *value;
	const struct ledger_event *event;
};

// Of who was erased meanwhile, nothing is written.
static int run_note(struct vault *v, void *arg, struct err *e)
{
	const struct subject_note *note = arg;
	struct ledger_event event = *note->event;
	struct record_list rows = {0};
	struct subject s;

	if (subject_find(v, VIEW_WRITER, note->by, note->value, &s, e) != 0 ||
	    subject_records_up_to(v, VIEW_WRITER, &s, 1, 0, &rows, e) != 0)
		return -1;
	const bool there = rows.count > 0;
	free(rows.rows);
	event.subject_hash = s.hash;
	if (!s.known || !there)
		event.payload = NULL;
	return ledger_write(v, &event, NULL, e);
}

int vault_subject_note(struct vault *v, enum erase_by by, const char *value, const struct ledger_event *event, struct err *e)
{
	struct subject_note note = {by, value, event};

	return ledger_check(event, e) != 0 ? -1 : commit_records(v, run_note, &note, e);
}
