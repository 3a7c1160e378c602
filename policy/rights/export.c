// SPDX-License-Identifier: ISC
#include "policy/rights/export.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/text.h"
#include "policy/publish/render/json.h"
#include "policy/rights/export_page.h"
#include "policy/rights/export_zip.h"
#include "policy/rights/reach.h"
#include "policy/rights/reading.h"
#include "policy/rights/request.h"
#include "policy/vault/archive_token.h"
#include "policy/vault/seal.h"
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_ROWS_MAX = 20000 };
EMBED(export_schema, "policy/rights/export.schema.json");

static void export_miss(struct export *x, struct export_store *store, const char *where, const char *why)
{
	if (x->reason[0] == '\0') // the first is kept
		snprintf(x->reason, sizeof x->reason, "%s: %.200s", where, why);
	store->missed = true;
}

// ---- gathering ----

// Each who got something, once, with the kinds that any of the records says; `anonymised` where all of them say so.
static void recipients_add(struct export *x, const cJSON *sent_to)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, sent_to)
	{
		int known = cJSON_GetArraySize(x->recipients);
		cJSON *to = json_string(one, "id") != NULL ? reach_recipient(x->recipients, one, NULL) : NULL;
		bool anonymised = cJSON_IsTrue(json_get(one, "anonymised")), first = known < cJSON_GetArraySize(x->recipients);
		if (json_string(one, "id") != NULL &&
		    (to == NULL || (first && anonymised && cJSON_AddTrueToObject(to, "anonymised") == NULL)))
			x->no_memory = true;
		if (to != NULL && !anonymised)
			cJSON_DeleteItemFromObjectCaseSensitive(to, "anonymised");
	}
}

static void gather_file(struct export *x, const struct vault_record *r, const cJSON *body, cJSON *record)
{
	struct export_file *files = realloc(x->files, (x->file_count + 1) * sizeof *files);
	const char *key = json_string(body, "key");

	x->no_memory = x->no_memory || files == NULL;
	if (files == NULL)
		return;
	x->files = files;
	struct export_file *file = &files[x->file_count++];
	*file = (struct export_file){.record = record};
	memcpy(file->id, r->id, sizeof file->id);
	snprintf(file->key, sizeof file->key, "%s", key != NULL ? key : "");
	x->spool.given++; // until their contents are counted
}

static void gather_record(void *arg, const struct vault_record *r)
{
	struct export *x = arg;
	char path[64];

	if (reach_row(x->records, r->id) != NULL)
		return;
	if (r->kind == KIND_COUNT) {
		export_miss(x, &x->spool, "records", "one is of a kind that this version does not know");
		return;
	}
	struct export_store *store = &x->kinds[r->kind];
	if (x->by->unproven) {
		export_redact(x, store, "/records", GROUND_CONTACT, 1);
		return;
	}
	int number = cJSON_GetArraySize(x->records);
	snprintf(path, sizeof path, "/records/%d", number);
	if (r->over || r->unreadable) {
		export_redact(x, store, "/records", r->over ? GROUND_OVER : GROUND_UNREADABLE, 1);
		store->missed = store->missed || r->unreadable;
		return;
	}
	JSON_AUTO cJSON *body = r->body.len > 0 ? json_parse(buf_text(&r->body), r->body.len, NULL) : cJSON_CreateObject();
	if (body == NULL)
		export_miss(x, store, "records", "one cannot be read");
	// What authorities and courts want is told where the officer said that it may be: an order may forbid it.
	const time_t tell = json_time(body, "tell_from");
	const bool told = tell != 0 && tell <= x->at, officers = r->kind == KIND_ACCOUNTABILITY || r->kind == KIND_HOLD;
	// Holds on the address may be about others who share it. What gives the contact, and has not been shown to be of the person (person.h), may be anybody's.
	if (x->by->agent != NULL || x->by->by == ERASE_CONTACT) {
		export_redact(x, store, "/records", GROUND_OTHERS, 1);
		return;
	}
	if ((officers && x->by->by_link) || (r->kind == KIND_ACCOUNTABILITY && !told)) {
		export_redact(x, store, "/records", x->by->by_link ? GROUND_LINK : GROUND_INTERNAL, 1);
		return;
	}
	if (r->kind == KIND_HOLD && !told && json_get(body, "citation") != NULL) {
		char citation[sizeof path + sizeof "/citation"];
		snprintf(citation, sizeof citation, "%s/citation", path);
		cJSON_DeleteItemFromObjectCaseSensitive(body, "citation");
		export_redact(x, NULL, citation, GROUND_INTERNAL, 1);
	}
	cJSON *record = json_object_in(x->records);
	x->no_memory = !json_put(record, JSON_MEMBERS(MEMBER_NUMBER("number", number + 1), MEMBER_TEXT("id", r->id),
						      MEMBER_TEXT("kind", kind_row(r->kind)->name), MEMBER_TEXT("state", r->state),
						      MEMBER_NULLABLE_TIME("stored", r->made), MEMBER_NULLABLE_TIME("ends", r->due),
						      MEMBER_BOOL("held", r->facts.since[LIFE_HELD] != 0),
						      MEMBER_ITEM("data", export_body(x, r->kind, body, path)),
						      MEMBER_ITEM("files", cJSON_CreateArray()))) ||
		       x->no_memory;
	recipients_add(x, json_get(body, "sent_to"));
	if (r->kind == KIND_DELETION)
		x->no_memory = x->no_memory || reach_deletion_tell(x->recipients, x->policy, body, r->state) != 0;
	const char *outcome = r->kind == KIND_ACCOUNTABILITY ? json_string(body, "outcome") : NULL;
	if (outcome != NULL && strcmp(outcome, "given") == 0) {
		JSON_AUTO cJSON *given =
		    json_make(JSON_MEMBERS(MEMBER_TEXT("id", r->id), MEMBER_TEXT("name", json_string(body, "authority")),
					   MEMBER_ITEM("kinds", cJSON_Duplicate(json_get(body, "kinds"), true))));
		x->no_memory = x->no_memory || reach_recipient(x->recipients, given, NULL) == NULL;
	}
	if (r->has_file && !x->no_memory)
		gather_file(x, r, body, record);
	x->archive = x->archive || r->kind == KIND_ARCHIVE;
	store->given++;
}

static int gather_row(void *arg, const struct subject_log_row *row)
{
	struct export *x = arg;
	struct export_store *store = &x->kinds[KIND_REQUEST_LOG];
	const struct export_selector *by = x->by;
	const bool shared = by->by == ERASE_ADDRESS && !by->sole;
	char day[WHEN_DATE];
	if (row->of_visit && by->by == ERASE_RECEIPT && row->at > x->set)
		x->set = row->at;
	enum export_ground ground = by->by_link                                                              ? GROUND_LINK
				    : row->unreadable                                                        ? GROUND_UNREADABLE
				    : store->given >= LOG_ROWS_MAX                                           ? GROUND_TOO_MANY
				    : shared && by->agent != NULL && strcmp(by->agent, row->user_agent) != 0 ? GROUND_OTHERS
													     : GROUND_NONE;

	if (ground != GROUND_NONE) {
		export_redact(x, store, "/request_log", ground, 1);
		return 0;
	}
	cJSON *one = json_object_in(x->log);
	store->given++;
	if (!shared) {
		json_put(one, JSON_MEMBERS(MEMBER_NULLABLE_TIME("at", row->at)));
	} else { // when and with what somebody visited may be another's to know
		when_date(day, row->at);
		json_add_text(one, "day", day);
		export_redact(x, NULL, "/request_log/at", GROUND_OTHERS, 1);
	}
	json_add_text(one, "address", row->address);
	if (!shared || by->agent != NULL)
		json_add_text(one, "user_agent", row->user_agent);
	else
		export_redact(x, NULL, "/request_log/user_agent", GROUND_OTHERS, 1);
	x->shared = x->shared || shared;
	return 0;
}

// Of the ledger's payloads, those of exports are for the person; an erasure's, for what searches its traces, hang on nobody.
static int gather_event(void *arg, const struct subject_event *event)
{
	struct export *x = arg;
	struct export_store *store = &x->kinds[KIND_LEDGER];
	JSON_AUTO cJSON *payload = event->unreadable ? NULL : json_parse(event->payload, event->len, NULL);

	if (event->unreadable || payload == NULL) {
		export_redact(x, store, "/seen_by", event->unreadable ? GROUND_UNREADABLE : GROUND_INTERNAL, 1);
		return 0;
	}
	cJSON *one = export_body(x, KIND_LEDGER, payload, "/seen_by");
	if (!cJSON_AddItemToArray(x->seen, one)) {
		cJSON_Delete(one);
		x->no_memory = true;
	}
	cJSON_AddNumberToObject(one, "event", (double)event->index);
	store->given++;
	return 0;
}

int export_gather(struct export **out, struct vault *v, const struct policy *p, const struct export_selector *selectors, size_t count,
		  struct err *e)
{
	static const struct subject_walk walk = {gather_record, gather_row, gather_event};
	struct export *x = calloc(1, sizeof *x);
	struct subject_result missed;

	*out = x;
	if (x == NULL)
		return err_set(e, ERR_MEMORY, "no memory for an export");
	x->v = v;
	x->policy = p;
	x->at = when_now();
	x->lists = cJSON_CreateObject();
	x->records = cJSON_AddArrayToObject(x->lists, "records");
	x->log = cJSON_AddArrayToObject(x->lists, "request_log");
	x->seen = cJSON_AddArrayToObject(x->lists, "seen_by");
	x->recipients = cJSON_AddArrayToObject(x->lists, "recipients");
	x->redactions = cJSON_AddArrayToObject(x->lists, "redactions");
	if (count > EXPORT_SELECTORS_MAX)
		return err_set(e, ERR_INPUT, "at most %d can be exported at once", EXPORT_SELECTORS_MAX);
	memcpy(x->selectors, selectors, count * sizeof *selectors);
	x->selector_count = count;
	for (size_t i = 0; i < count; i++) {
		x->by = &x->selectors[i];
		x->unproven = x->unproven || x->by->unproven;
		if (x->by->unproven && x->by->value == NULL)
			continue;
		if (vault_subject(v, x->by->by, x->by->value, &walk, x, &missed, e) != 0)
			return -1;
		x->kinds[KIND_REQUEST_LOG].missed |= missed.log_missed;
		x->kinds[KIND_LEDGER].missed |= missed.ledger_missed;
		if (x->reason[0] == '\0')
			snprintf(x->reason, sizeof x->reason, "%s", missed.reason);
	}
	if (!x->archive && x->set != 0 && reach_possible(x->recipients, v, p, x->set) != 0)
		x->no_memory = true;
	reach_forget_transfers(x->recipients);
	return x->no_memory || x->redactions == NULL ? err_set(e, ERR_MEMORY, "no memory for an export") : 0;
}

void export_free(struct export *x)
{
	if (x == NULL)
		return;
	cJSON_Delete(x->lists);
	if (x->files != NULL)
		wipe(x->files, x->file_count * sizeof *x->files);
	free(x->files);
	free(x);
}

static void selectors_add(struct export_selector *out, size_t *count, const struct person *person, enum export_contact unproven)
{
	for (size_t i = 0; i < person->count; i++) {
		const struct erase_selector *one = &person->list[i];
		size_t same = 0;
		while (same < *count && (out[same].by != one->by || out[same].value == NULL || strcmp(out[same].value, one->value) != 0))
			same++;
		if (same == *count)
			out[(*count)++] = (struct export_selector){.by = one->by, .value = one->value, .by_link = person->by_link[i]};
	}
	// Last, for what is left: it is counted.
	if (person->contact[0] != '\0')
		out[(*count)++] =
		    (struct export_selector){.by = ERASE_CONTACT,
					     .value = person->proven || unproven == EXPORT_CONTACT_COUNTED ? person->contact : NULL,
					     .unproven = !person->proven};
}

int export_of_request(struct vault *v, const char *id, enum export_contact contact, struct export_selector out[EXPORT_SELECTORS_MAX],
		      size_t *count, struct person *person, struct err *e)
{
	static_assert(PERSON_MAX + 6 <= EXPORT_SELECTORS_MAX,
		      "the request, an unproven contact, an officer's receipt, address, record and archive come beside");
	struct rights_facts facts;
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);

	if (body == NULL)
		return -1;
	facts.contact_proven = facts.contact_proven && contact != EXPORT_CONTACT_NEVER;
	if (person_of_request(v, body, &facts, person, e) != 0)
		return -1;
	out[(*count)++] = (struct export_selector){.by = ERASE_RECORD, .value = id};
	selectors_add(out, count, person, contact);
	return person->more ? err_set(e, ERR_INPUT, "more requests of one person than are exported at once") : 0;
}

int export_of_contact(struct vault *v, const char *contact, struct export_selector out[EXPORT_SELECTORS_MAX], size_t *count,
		      struct person *person, struct err *e)
{
	if (person_of_contact(v, contact, person, e) != 0)
		return -1;
	selectors_add(out, count, person, EXPORT_CONTACT_PROVEN);
	return person->more ? err_set(e, ERR_INPUT, "more requests of one person than are exported at once") : 0;
}

uint64_t export_records(const struct export *x)
{
	return (uint64_t)cJSON_GetArraySize(x->records);
}

const char *export_missed(const struct export *x)
{
	return x->reason[0] != '\0' ? x->reason : NULL;
}

// ---- the ledger ----

int export_record(struct export *x, const char *officer, const char *reason, const char *request, struct err *e)
{
	const struct rights_act read = {.event = EVENT_READ, .by = officer, .reason = reason, .how = "export"};
	BUF_AUTO_WIPE struct buf payload = BUF_INIT(READING_MAX);
	BUF_AUTO struct buf details = BUF_INIT(1024);
	const bool of_record = request == NULL && officer != NULL && x->selector_count == 1 && x->selectors[0].by == ERASE_RECORD;
	const char *record = of_record ? x->selectors[0].value : NULL;
	bool by_address = false; // no record hangs on it that the reason could be sealed with

	for (size_t i = 0; i < x->selector_count; i++)
		by_address = by_address || x->selectors[i].by == ERASE_ADDRESS;
	JSON_AUTO cJSON *o = json_make(JSON_MEMBERS(
	    MEMBER_TEXT("by", officer != NULL ? "officer" : "person"), MEMBER_TEXT("request", request), MEMBER_TEXT("record", record),
	    MEMBER_TEXT("how", !by_address       ? NULL
			       : officer != NULL ? "address"
						 : "connection"),
	    MEMBER_TEXT("reason", by_address && request == NULL ? reason : NULL), MEMBER_NUMBER("records", export_records(x)),
	    MEMBER_NUMBER("files", x->file_count), MEMBER_BOOL("complete", export_missed(x) == NULL)));

	if (!export_any(x))
		return 0;
	if (json_print(&details, o) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	struct ledger_event event = {.name = "export", .details = buf_text(&details)};
	if (officer == NULL)
		return ledger_append(x->v, &event, e);
	if (request != NULL && rights_act(x->v, request, &read, e) != 0)
		return -1;
	size_t searched = 0;
	for (size_t i = 0; i < x->selector_count; i++)
		searched += x->selectors[i].value != NULL;
	if (request != NULL && searched == 1) // who asked sees it with the request
		return ledger_append(x->v, &event, e);
	if (reading_payload(&payload, "export", x->at, officer, reason, e) != 0)
		return -1;
	event.payload = payload.data;
	event.payload_len = payload.len;
	for (size_t i = 0; i < x->selector_count; i++) // whoever of them it is about sees it
		if (x->selectors[i].value != NULL && (request == NULL || strcmp(x->selectors[i].value, request) != 0) &&
		    vault_subject_note(x->v, x->selectors[i].by, x->selectors[i].value, &event, e) != 0)
			return -1;
	return 0;
}

// ---- writing ----

static int write_set_files(struct export *x, const struct export_file *file, struct export_zip *zip, struct err *e)
{
	SEALED_FILE_AUTO struct sealed_file from = SEALED_FILE_INIT;
	BUF_AUTO_WIPE struct buf prompts = BUF_INIT(STORE_VALUE_MAX);
	char path[PATH_MAX], folder[32];
	struct err why = {0};
	int before = cJSON_GetArraySize(zip->files);

	snprintf(folder, sizeof folder, "files/%d", (int)json_number(file->record, "number", 0));
	int ret = vault_spool_path(x->v, file->id, path, sizeof path, &why);
	if (ret == 0 && sealed_file_open(&from, path, file->key[0] != '\0' ? file->key : NULL) != 0)
		ret = err_set(&why, ERR_NOT_FOUND, "a file is not there any more");
	if (ret == 0)
		ret = export_zip_copy(zip, folder, &from, &prompts, &why);
	if (ret != 0 && (why.code == ERR_GONE || why.code == ERR_IO || why.code == ERR_MEMORY))
		return err_set(e, why.code, "%s", why.text);
	if (ret != 0) { // erased or ended in this moment, or damaged
		export_miss(x, &x->spool, "files", why.text);
		export_redact(x, &x->spool, "/records/files", GROUND_UNREADABLE, 1);
	}
	cJSON *list = cJSON_GetObjectItemCaseSensitive(file->record, "files");
	for (int i = before; i < cJSON_GetArraySize(zip->files); i++, x->spool.given++)
		if (!cJSON_AddItemToArray(list, cJSON_Duplicate(cJSON_GetArrayItem(zip->files, i), true)))
			return err_set(e, ERR_MEMORY, "no memory for the list of files");
	cJSON *parsed = prompts.len > 0 ? json_parse(prompts.data, prompts.len, NULL) : NULL;
	if (parsed != NULL && !cJSON_AddItemToObject(file->record, "prompts", parsed))
		cJSON_Delete(parsed);
	return 0;
}

static int write_document(struct export_zip *zip, const char *path, int made, const struct buf *text, struct err *e)
{
	return made != 0 ? err_set(e, ERR_MEMORY, "no memory for %s", path) : export_zip_add(zip, path, text->data, text->len, e);
}

// What is found unreadable on the way shows in the documents, which are written last.
int export_write(struct export *x, const char *passphrase, export_sink *sink, void *arg, struct err *e)
{
	EXPORT_ZIP_AUTO struct export_zip zip = {0};
	BUF_AUTO_WIPE struct buf text = BUF_INIT(EXPORT_DOCUMENT_MAX);

	if (export_zip_begin(&zip, passphrase, x->at, sink, arg, e) != 0)
		return -1;
	x->spool.given = 0;
	for (size_t i = 0; i < x->file_count; i++)
		if (write_set_files(x, &x->files[i], &zip, e) != 0)
			return -1;
	if (write_document(&zip, "export.json", export_json(x, &text), &text, e) != 0)
		return -1;
	buf_reset(&text);
	if (write_document(&zip, "index.html", export_page(x, &text), &text, e) != 0 ||
	    export_zip_add(&zip, "export.schema.json", export_schema, export_schema_size, e) != 0)
		return -1;
	buf_reset(&text);
	return write_document(&zip, "manifest.json", export_manifest(x, zip.files, &text), &text, e) != 0 ? -1 : export_zip_end(&zip, e);
}
