// SPDX-License-Identifier: ISC
#include "policy/rights/import.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/picture/archive.h"
#include "policy/picture/mark.h"
#include "policy/publish/words/words.h"
#include "policy/rights/import_read.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 256 * 1024, NAME_BYTES_MAX = 128, BODY_BYTES = 64 * 1024 };

// What is of the other site, and why. What is neither here nor of the kind that can be taken, this version does not know how to take.
static const struct {
	enum kind kind;
	const char *why;
} left_rows[] = {
    {KIND_REQUEST_LOG, "it tells of connections to the other site"},
    {KIND_ERROR_LOG, "it tells of connections to the other site"},
    {KIND_SESSION, "a session is with one site"},
    {KIND_CONSENT, "consent is given to one site, for its own words"},
    {KIND_PAYMENT, "the other site's accounts"},
    {KIND_CREDIT, "a claim against the other site"},
    {KIND_RIGHTS_REQUEST, "it was asked of the other site"},
    {KIND_OUTBOX, "a message of the other site"},
    {KIND_DELETION, "a copy that a vendor of the other site has"},
    {KIND_HOLD, "a duty of the other site"},
    {KIND_ACCOUNTABILITY, "the other site's own papers"},
    {KIND_LEDGER, "what the other site did"},
};

struct set_import {
	struct import_item *item;
	const cJSON *record;
	cJSON *body;
	struct archive_file archive;
	bool made;
};
struct import {
	struct import_source source;
	const struct policy *policy;
	struct import_item *items;
	size_t count;
	struct set_import sets[IMPORT_SETS_MAX];
	size_t set_count;
	uint64_t pictures;
	char receipt[TOKEN_LEN + 1];
};

size_t import_items(const struct import *m, const struct import_item **out)
{
	*out = m->items;
	return m->count;
}

size_t import_taken(const struct import *m)
{
	return m->set_count;
}

const char *import_receipt(const struct import *m)
{
	return m->receipt;
}

void import_free(struct import *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->set_count; i++) {
		archive_drop(&m->sets[i].archive);
		cJSON_Delete(m->sets[i].body);
	}
	if (m->items != NULL)
		wipe(m->items, m->count * sizeof *m->items);
	free(m->items);
	import_read_free(&m->source);
	wipe(m, sizeof *m);
	free(m);
}

// ---- what a record of a set says: only what is checked goes on ----

static bool member_is_whole(const cJSON *object, const char *name, double least, double most)
{
	const double n = json_number(object, name, -1);

	return n >= least && n <= most && n == (double)(long long)n;
}

static void member_text_copy(cJSON *to, const cJSON *from, const char *name)
{
	const char *text = json_string_or(from, name, "");
	char cut[NAME_BYTES_MAX + 1] = "";
	const size_t len = utf8_cut(text, NAME_BYTES_MAX);

	for (size_t i = 0; i < len; i++)
		cut[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
	cJSON_AddStringToObject(to, name, cut);
}

static bool size_good(const char *text)
{
	const size_t width = text != NULL ? strspn(text, "0123456789") : 0;

	return width > 0 && width < 6 && text[width] == 'x' && strlen(text + width + 1) < 6 &&
	       strspn(text + width + 1, "0123456789") == strlen(text + width + 1) && text[width + 1] != '\0';
}

// The file of a record that is picture `index` in this folder ("images/", "thumbnails/"); NULL.
static const char *picture_path(const cJSON *record, const char *folder, unsigned index)
{
	const cJSON *file;
	char begin[32];

	int len = snprintf(begin, sizeof begin, "%s%02u-", folder, index + 1);
	cJSON_ArrayForEach(file, json_get(record, "files"))
	{
		const char *path = json_string(file, "path"), *rest;
		if (import_path_number(path, &rest) != 0 && strncmp(rest, begin, (size_t)len) == 0)
			return path;
	}
	return NULL;
}

// The record's body as it will be here, without where things stand in the ZIP. ERR_INPUT: it is not what a set's is; ERR_NOT_FOUND: files lack.
static int set_body(const struct policy *p, const cJSON *record, cJSON **out, struct err *e)
{
	const cJSON *data = json_get(record, "data"), *one, *processor = json_get(data, "processor");
	const char *size = json_string(data, "size");
	unsigned seen = 0;

	if (!member_is_whole(data, "count", 1, IMAGES_MAX) || !size_good(size) || !cJSON_IsArray(json_get(data, "pictures")))
		return err_set(e, ERR_INPUT, "export.json: a set says neither how many pictures it has nor how large");
	const double count = json_number(data, "count", 0);
	cJSON *body = *out = json_make(JSON_MEMBERS(MEMBER_NUMBER("count", count), MEMBER_TEXT("size", size)));
	cJSON *pictures = cJSON_AddArrayToObject(body, "pictures"), *missing = cJSON_AddArrayToObject(body, "missing");
	for (int list = 0; list < 2; list++)
		cJSON_ArrayForEach(one, json_get(data, list == 0 ? "pictures" : "missing"))
		{
			const unsigned index = (unsigned)json_number(one, "index", 0);
			if (!member_is_whole(one, "index", 0, count - 1) || (seen & 1U << index) != 0)
				return err_set(e, ERR_INPUT, "export.json: a set has a picture twice, or one that is none of it");
			seen |= 1U << index;
			static const char group[] = "missing.";
			const char *reason = json_string_or(one, "reason", "");
			const bool known = strncmp(reason, group, sizeof group - 1) == 0 &&
					   word_or(p, group, reason + sizeof group - 1) != reason + sizeof group - 1;
			if (list == 1)
				json_push(missing, JSON_MEMBERS(MEMBER_NUMBER("index", index),
								MEMBER_TEXT("reason", known ? reason : "missing.not_made")));
			else if (picture_path(record, "images/", index) == NULL)
				return err_set(e, ERR_NOT_FOUND, "a picture lacks");
			else
				json_push(pictures, JSON_MEMBERS(MEMBER_NUMBER("index", index),
								 MEMBER_BOOL("preview", cJSON_IsTrue(json_get(one, "preview")))));
		}
	cJSON *by = cJSON_AddObjectToObject(body, "processor");
	member_text_copy(by, processor, "id");
	member_text_copy(by, processor, "name");
	cJSON_AddBoolToObject(by, "preview", cJSON_IsTrue(json_get(processor, "preview")));
	member_text_copy(by, processor, "prompts");
	return cJSON_AddArrayToObject(body, "sent_to") != NULL ? 0 : err_set(e, ERR_MEMORY, "no memory for a set");
}

// ---- what is taken ----

static bool already_here(struct vault *v, enum kind kind, const char *id)
{
	struct vault_record r = {0};
	struct err e = {0};

	if (v == NULL)
		return false;
	bool here = vault_find_head_for_rights(v, kind, IMPORT_TAG, id, &r, &e) == 0;
	vault_record_free(&r);
	if (!here && vault_get(v, id, &r, &e) != 0)
		return e.code == ERR_RESTRICTED;
	vault_record_free(&r);
	return true;
}

static int item_decide(struct import *m, struct vault *v, const cJSON *record, struct import_item *item, struct err *e)
{
	const struct policy_kind *kind;
	enum kind k;
	const time_t now = when_now();

	item->result = IMPORT_UNKNOWN;
	if (kind_from_name(&k, item->kind) != 0)
		return 0;
	item->kind = kind_row(k)->name;
	for (size_t i = 0; i < ARRAY_LEN(left_rows); i++) {
		if (left_rows[i].kind == k) {
			item->why = left_rows[i].why;
			item->result = IMPORT_NOT_PORTABLE;
		}
	}
	if (item->result == IMPORT_NOT_PORTABLE || k != KIND_ARCHIVE)
		return 0;
	kind = &m->policy->kinds[k];
	when_parse(&item->made, json_string(record, "stored"));
	if (item->made > now)
		item->made = now;
	item->due = life_end(m->policy, k, item->made);
	item->result = kind->keep == KEEP_MEMORY            ? IMPORT_MEMORY
		       : kind->keep != KEEP_STORED          ? IMPORT_NO_KIND
		       : kind->purposes.count == 0          ? IMPORT_NO_PURPOSE
		       : already_here(v, k, item->id)       ? IMPORT_HERE
		       : item->due != 0 && item->due <= now ? IMPORT_OVER
		       : m->set_count == ARRAY_LEN(m->sets) ? IMPORT_TOO_MANY
							    : IMPORT_TAKEN;
	if (item->result != IMPORT_TAKEN)
		return 0;
	cJSON *body = NULL;
	struct err why = {0};
	if (set_body(m->policy, record, &body, &why) != 0) {
		cJSON_Delete(body);
		item->result = IMPORT_INCOMPLETE;
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	}
	if (m->set_count == 0)
		archive_token_zip(item->address, m->receipt);
	else
		token_new(item->address);
	m->sets[m->set_count++] = (struct set_import){.item = item, .record = record, .body = body, .archive = ARCHIVE_INIT};
	return 0;
}

int import_open(struct import **out, int fd, const char *passphrase, const struct policy *p, struct vault *v, struct err *e)
{
	static const struct {
		const char *list;
		enum kind kind;
	} lists[] = {{"request_log", KIND_REQUEST_LOG}, {"seen_by", KIND_LEDGER}};
	struct import *m = *out = calloc(1, sizeof *m);
	const cJSON *record;

	if (m == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an import");
	m->source = (struct import_source){.fd = fd, .passphrase = passphrase};
	m->policy = p;
	token_new(m->receipt);
	if (import_read(&m->source, e) != 0)
		return -1;
	const cJSON *records = json_get(m->source.document, "records");
	m->items = calloc((size_t)cJSON_GetArraySize(records) + ARRAY_LEN(lists), sizeof *m->items);
	if (m->items == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an import");
	cJSON_ArrayForEach(record, records)
	{
		struct import_item *item = &m->items[m->count++];
		*item = (struct import_item){.kind = json_string(record, "kind"),
					     .id = json_string(record, "id"),
					     .number = (unsigned)json_number(record, "number", 0),
					     .count = 1};
		if (item_decide(m, v, record, item, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const int rows = cJSON_GetArraySize(json_get(m->source.document, lists[i].list));
		struct import_item *item = &m->items[m->count];
		*item = (struct import_item){.kind = kind_row(lists[i].kind)->name, .count = (uint64_t)rows};
		if (rows > 0 && item_decide(m, v, NULL, item, e) == 0)
			m->count++;
	}
	return 0;
}

// ---- the ZIPs ----

static int set_mark_write(void *arg, const void *bytes, size_t len, struct err *e)
{
	return archive_entry_write(arg, bytes, len, e);
}

static int set_mark_read(void *arg, uint64_t at, void *bytes, size_t len, struct err *e)
{
	return archive_entry_read(arg, at, bytes, len, e);
}

static int set_mark_restart(void *arg, struct err *e)
{
	return archive_entry_restart(arg, e);
}

// A picture goes the way of one that a vendor sent: whatever it carries beside its pixels stays behind, and it says how it was made. `facts` NULL: it is a text.
static int file_copy(struct archive_file *a, const char *name, bool preview, const void *bytes, size_t len, struct mark_facts *facts,
		     struct archive_range *range, struct err *e)
{
	static const struct mark_output output = {set_mark_write, set_mark_read, set_mark_restart};
	struct archive_entry entry;
	struct mark_stream mark;
	int ret;

	if (facts == NULL && (len > TEXT_BYTES_MAX || !utf8_valid(bytes, len)))
		return err_set(e, ERR_INPUT, "%s of a set is no text", name);
	if (archive_entry_open(a, &entry, name, e) != 0)
		return -1;
	if (facts != NULL) {
		mark_begin(&mark, preview ? MARK_PROGRAM : MARK_MODEL, &output, &entry);
		ret = mark_add(&mark, bytes, len, e) != 0 || mark_end(&mark, facts, e) != 0 ? -1 : 0;
		mark_free(&mark);
	} else {
		ret = archive_entry_write(&entry, bytes, len, e);
	}
	if (ret == 0)
		return archive_entry_close(&entry, range, e);
	archive_entry_drop(&entry);
	return -1;
}

static void range_note(cJSON *to, const struct archive_range *range)
{
	json_put(to, JSON_MEMBERS(MEMBER_NUMBER("offset", range->offset), MEMBER_NUMBER("bytes", range->len)));
}

static int set_file(struct set_import *set, const char *path, const char *name, const void *bytes, size_t len, struct err *e)
{
	struct archive_range range = {0, 0};
	struct mark_facts facts = {0};
	cJSON *picture;

	if (strcmp(name, "README.txt") == 0)
		return file_copy(&set->archive, name, false, bytes, len, NULL, &range, e);
	if (strcmp(name, "prompts.json") == 0) {
		JSON_AUTO cJSON *prompts = json_parse(bytes, len, e);
		if (prompts == NULL || file_copy(&set->archive, name, false, bytes, len, NULL, &range, e) != 0)
			return err_prefix(e, "prompts.json");
		range_note(cJSON_AddObjectToObject(set->body, "prompts"), &range);
		return 0;
	}
	cJSON_ArrayForEach(picture, json_get(set->body, "pictures"))
	{
		const unsigned index = (unsigned)json_number(picture, "index", 0);
		const char *large = picture_path(set->record, "images/", index), *small = picture_path(set->record, "thumbnails/", index);
		const bool is_large = strcmp(large, path) == 0;
		if (!is_large && (small == NULL || strcmp(small, path) != 0))
			continue;
		if (file_copy(&set->archive, name, cJSON_IsTrue(json_get(picture, "preview")), bytes, len, &facts, &range, e) != 0)
			return err_prefix(e, "%s", path);
		if (is_large)
			cJSON_AddStringToObject(picture, "type", facts.type);
		else if (strcmp(facts.type, "image/webp") != 0)
			return err_set(e, ERR_INPUT, "%s is no WebP", path);
		range_note(is_large ? picture : cJSON_AddObjectToObject(picture, "thumbnail"), &range);
		return 0;
	}
	return err_set(e, ERR_INPUT, "%s is no file of a set", path);
}

static int file_take(void *arg, const char *path, const void *bytes, size_t len, struct err *e)
{
	struct import *m = arg;
	const char *name;
	const unsigned number = import_path_number(path, &name);
	const cJSON *file;

	for (size_t i = 0; i < m->set_count; i++) {
		if (m->sets[i].item->number != number)
			continue;
		cJSON_ArrayForEach(file, json_get(m->sets[i].record, "files"))
		{
			if (strcmp(json_string(file, "path"), path) == 0)
				return set_file(&m->sets[i], path, name, bytes, len, e);
		}
		return err_set(e, ERR_INPUT, "%s is no file of its record", path);
	}
	return 0;
}

int import_make(struct import *m, const char *spool, bool sealed, struct err *e)
{
	char key[SEALED_KEY_TEXT];
	int ret = 0;

	for (size_t i = 0; i < m->set_count && ret == 0; i++)
		ret = archive_begin(&m->sets[i].archive, spool, sealed, m->sets[i].item->made, e);
	if (ret == 0 && m->set_count > 0)
		ret = import_read_files(&m->source, file_take, m, e);
	for (size_t i = 0; i < m->set_count && ret == 0; i++) {
		struct set_import *set = &m->sets[i];
		uint64_t bytes = 0;
		ret = archive_finish(&set->archive, &bytes, e);
		cJSON_AddNumberToObject(set->body, "bytes", (double)bytes);
		sealed_file_key(key, &set->archive.file);
		if (sealed)
			cJSON_AddStringToObject(set->body, "key", key);
		m->pictures += (uint64_t)cJSON_GetArraySize(json_get(set->body, "pictures"));
	}
	wipe(key, sizeof key);
	return ret;
}

int import_store(struct import *m, struct vault *v, const char *officer, const char *reason, struct err *e)
{
	struct vault_new records[IMPORT_SETS_MAX];
	struct vault_tag tags[IMPORT_SETS_MAX][3];
	struct buf bodies[IMPORT_SETS_MAX];
	char pictures[IMPORT_SETS_MAX][TOKEN_LEN + 1], ids[IMPORT_SETS_MAX][RECORD_ID_LEN + 1], details[128];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4096);
	JSON_AUTO cJSON *payload = cJSON_CreateObject();
	int ret = 0;

	json_put(payload, JSON_MEMBERS(MEMBER_TIME("at", when_now()), MEMBER_TEXT("what", "import"), MEMBER_TEXT("officer", officer),
				       MEMBER_TEXT("reason", reason)));
	if (json_print(&text, payload) != 0)
		return err_set(e, ERR_INPUT, "the reason is too long");
	snprintf(details, sizeof details, "{\"by\":\"officer\",\"records\":%zu,\"pictures\":%llu,\"left\":%zu}", m->set_count,
		 (unsigned long long)m->pictures, m->count - m->set_count);
	for (size_t i = 0; i < m->set_count; i++) {
		const struct set_import *set = &m->sets[i];
		bodies[i] = BUF_INIT(BODY_BYTES);
		archive_token_pictures(pictures[i], set->item->address);
		tags[i][0] = (struct vault_tag){ARCHIVE_TOKEN_TAG, pictures[i]};
		tags[i][1] = (struct vault_tag){IMPORT_TAG, set->item->id};
		tags[i][2] = (struct vault_tag){NULL, NULL};
		if (json_print(&bodies[i], set->body) != 0)
			ret = err_set(e, ERR_MEMORY, "no memory for a set");
		records[i] = (struct vault_new){.kind = KIND_ARCHIVE,
						.subject = m->receipt,
						.tags = tags[i],
						.once = IMPORT_TAG,
						.body = bodies[i].data,
						.body_len = bodies[i].len,
						.file = set->archive.path,
						.due = set->item->due};
	}
	const struct ledger_event event = {
	    .name = "import", .details = details, .payload = text.data, .payload_len = text.len, .subject = m->receipt};
	if (ret == 0)
		ret = vault_put_all(v, records, m->set_count, &event, ids, e);
	for (size_t i = 0; i < m->set_count; i++) {
		buf_wipe(&bodies[i]);
		if (ret != 0)
			continue;
		archive_keep(&m->sets[i].archive);
		memcpy(m->sets[i].item->stored, ids[i], sizeof ids[i]);
	}
	wipe(pictures, sizeof pictures);
	return ret;
}
