// SPDX-License-Identifier: ISC
#include "policy/base/json.h"
#include "policy/rights/body.h"
#include "policy/rights/clock.h"
#include "policy/rights/rights.h"
#include <stdio.h>
#include <string.h>

enum { CERTIFICATE_VERSION = 1, CERTIFICATE_ID_BYTES = 16 };

static const char NOTE[] =
    "Counts are of what hung on the given receipt, address or record in each store. The append-only ledger keeps, for each "
    "event, its date and a salted commitment whose salt is erased: these say nothing about a person.";
static const char NOTHING[] = "Nothing was found in any store, so nothing was erased, and the ledger has no entry of it.";

static cJSON *stores(const struct erase_result *result)
{
	JSON_AUTO cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < result->store_count; i++) {
		cJSON *store = cJSON_CreateObject();
		if (!cJSON_AddItemToArray(list, store)) {
			cJSON_Delete(store);
			return NULL;
		}
		if (cJSON_AddStringToObject(store, "name", result->stores[i].name) == NULL ||
		    cJSON_AddNumberToObject(store, "found", (double)result->stores[i].found) == NULL ||
		    cJSON_AddNumberToObject(store, "erased", (double)result->stores[i].erased) == NULL)
			return NULL;
	}
	cJSON *whole = list;
	list = NULL;
	return whole;
}

// A scan reads at least the database itself: no file read means that none was made.
static bool add_scan(cJSON *object, const struct erase_result *result)
{
	if (result->residue_files == 0)
		return cJSON_AddNullToObject(object, "residue_scan") != NULL;
	cJSON *scan = cJSON_AddObjectToObject(object, "residue_scan");
	return scan != NULL && cJSON_AddNumberToObject(scan, "files", (double)result->residue_files) != NULL &&
	       cJSON_AddNumberToObject(scan, "bytes", (double)result->residue_bytes) != NULL &&
	       cJSON_AddNumberToObject(scan, "hits", (double)result->residue_hits) != NULL;
}

static bool add_note(cJSON *object, const struct erase_result *result)
{
	char note[sizeof result->reason + sizeof NOTE + 32];

	if (result->complete)
		snprintf(note, sizeof note, "%s", result->recorded ? NOTE : NOTHING);
	else
		snprintf(note, sizeof note, "Partial: %s. %s", result->reason, NOTE);
	return cJSON_AddStringToObject(object, "note", note) != NULL;
}

static bool add_entry(cJSON *object, const struct erase_result *result)
{
	if (!result->recorded)
		return cJSON_AddNullToObject(object, "audit_index") != NULL;
	return cJSON_AddNumberToObject(object, "audit_index", (double)result->ledger_index) != NULL;
}

static cJSON *certificate_object(const struct policy *p, const struct erase_result *result)
{
	unsigned char bytes[CERTIFICATE_ID_BYTES];
	char id[2 * CERTIFICATE_ID_BYTES + 1], now[WHEN_TEXT];
	JSON_AUTO cJSON *c = cJSON_CreateObject();

	random_bytes(bytes, sizeof bytes);
	hex_encode(id, bytes, sizeof bytes);
	when_text(now, when_now());
	if (cJSON_AddNumberToObject(c, "cert_version", CERTIFICATE_VERSION) == NULL || cJSON_AddStringToObject(c, "cert_id", id) == NULL ||
	    cJSON_AddStringToObject(c, "controller", p->shown_as) == NULL || cJSON_AddStringToObject(c, "right", "A17") == NULL ||
	    cJSON_AddStringToObject(c, "executed_at", now) == NULL || cJSON_AddStringToObject(c, "policy_version", p->version) == NULL ||
	    cJSON_AddStringToObject(c, "policy_sha256", p->sha256) == NULL)
		return NULL;
	cJSON *list = stores(result);
	if (!cJSON_AddItemToObject(c, "stores", list)) {
		cJSON_Delete(list);
		return NULL;
	}
	if (!add_scan(c, result) || !add_entry(c, result) || cJSON_AddBoolToObject(c, "complete", result->complete) == NULL ||
	    !add_note(c, result))
		return NULL;
	cJSON *whole = c;
	c = NULL;
	return whole;
}

int rights_certificate(struct vault *v, const struct erase_result *result, struct buf *json, struct err *e)
{
	JSON_AUTO cJSON *certificate = certificate_object(vault_policy(v), result);

	if (certificate == NULL || json_print(json, certificate) != 0)
		return err_set(e, ERR_MEMORY, "no memory for the certificate");
	return 0;
}

int rights_erase(struct vault *v, const char *receipt, struct buf *certificate, struct err *e)
{
	struct erase_result result;

	if (vault_erase_held(v, receipt, &result, e) != 0)
		return -1;
	return rights_certificate(v, &result, certificate, e);
}

// Keeps the certificate with the request. What was erased needs no receipt any more; a partial erasure does, to be run again.
static int close_request(struct vault *v, const char *id, cJSON *body, const struct erase_result *result, const struct buf *certificate,
			 struct err *e)
{
	const char *state = result->complete ? STATE_FULFILLED : STATE_PARTIAL;
	char now[WHEN_TEXT], details[128];
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(RIGHTS_REQUEST_MAX);

	when_text(now, when_now());
	cJSON_DeleteItemFromObjectCaseSensitive(body, "certificate");
	cJSON_DeleteItemFromObjectCaseSensitive(body, "answered");
	if (result->complete) {
		cJSON_DeleteItemFromObjectCaseSensitive(body, "receipt");
		cJSON_DeleteItemFromObjectCaseSensitive(body, "archive");
	}
	cJSON *copy = json_parse(certificate->data, certificate->len, e);
	if (copy == NULL || !cJSON_AddItemToObject(body, "certificate", copy)) {
		cJSON_Delete(copy);
		return err_set(e, ERR_MEMORY, "no memory to answer the request");
	}
	if ((result->complete && cJSON_AddStringToObject(body, "answered", now) == NULL) || json_print(&bytes, body) != 0)
		return err_set(e, ERR_MEMORY, "no memory to answer the request");
	snprintf(details, sizeof details, "{\"right\":\"%s\",\"state\":\"%s\"}", "erasure", state);
	const struct ledger_event event = {.name = "answer", .details = details};
	const struct vault_change change = {
	    .state = state, .body = bytes.data, .body_len = bytes.len, .set = result->complete ? LIFE_BIT(LIFE_CLOSED) : 0};
	return vault_update(v, id, &change, &event, e);
}

// -1 when there is nothing to carry out.
static int check_open(const struct vault_record *record, const cJSON *body, struct err *e)
{
	if (strcmp(json_string(body, "right"), "erasure") != 0)
		return err_set(e, ERR_INPUT, "request %s is for %s, not for erasure", record->id, json_string(body, "right"));
	if (strcmp(rights_state(record), STATE_FULFILLED) == 0)
		return err_set(e, ERR_INPUT, "request %s is already fulfilled; its certificate is kept with it", record->id);
	return 0;
}

// An archive that is gone is erased like one that is there: the certificate says that nothing was found.
static int erase_by_archive(struct vault *v, const char *token, bool dry_run, struct erase_result *out, struct err *e)
{
	static const char nobody[] = "00000000000000000000000000000000";
	struct vault_record archive = {0};
	struct err why = {0};
	bool there = vault_find(v, KIND_ARCHIVE, "token", token, &archive, &why) == 0;

	if (!there && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	int ret = vault_erase(v, ERASE_RECORD, there ? archive.id : nobody, dry_run, out, e);
	if (there)
		vault_record_free(&archive);
	return ret;
}

// What the request names is erased, or counted.
static int erase_named(struct vault *v, const char *id, const cJSON *body, bool dry_run, struct erase_result *out, struct err *e)
{
	const char *receipt = json_string(body, "receipt"), *archive = json_string(body, "archive");

	if (receipt != NULL)
		return vault_erase(v, ERASE_RECEIPT, receipt, dry_run, out, e);
	if (archive != NULL)
		return erase_by_archive(v, archive, dry_run, out, e);
	return err_set(e, ERR_INPUT, "request %s names no receipt: erase by the receipt or address that its sender can give", id);
}

static int fulfil(struct vault *v, const struct vault_record *record, bool dry_run, struct erase_result *out, struct buf *certificate,
		  struct err *e)
{
	JSON_AUTO cJSON *body = rights_body(record, e);

	if (body == NULL || check_open(record, body, e) != 0 || erase_named(v, record->id, body, dry_run, out, e) != 0)
		return -1;
	if (dry_run)
		return 0;
	if (rights_certificate(v, out, certificate, e) != 0)
		return -1;
	return close_request(v, record->id, body, out, certificate, e);
}

int rights_fulfil_erasure(struct vault *v, const char *id, bool dry_run, struct erase_result *out, struct buf *certificate, struct err *e)
{
	struct vault_record record = {0};

	if (rights_get(v, id, &record, e) != 0)
		return -1;
	int ret = fulfil(v, &record, dry_run, out, certificate, e);
	vault_record_free(&record);
	return ret;
}
