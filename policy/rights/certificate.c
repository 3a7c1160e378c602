// SPDX-License-Identifier: ISC
#include "policy/rights/certificate.h"
#include "policy/base/place.h"
#include "policy/base/text.h"
#include "policy/vault/ledger.h"
#include <stdio.h>
#include <string.h>

enum { CERTIFICATE_VERSION = 4, CERTIFICATE_ID_BYTES = 16 };

static const char NOTE[] =
    "Counts are of what hung on the given receipt, address or record in each store. The append-only ledger keeps, for each "
    "event, its date and a salted commitment whose salt is erased: these say nothing about a person.";
static const char LATER[] =
    "The store files, which are large, are searched for traces by the next pruning; the ledger will have the outcome. ";
static const char NOTHING[] = "Nothing was found in any store, so nothing was erased, and the ledger has no entry of it.";
static const char STAYS[] = "What was found stays, as `kept` says: nothing was erased, and the ledger has no entry of it.";

// How what a store holds is made unreadable.
static const char *erase_method(const char *store)
{
	return strcmp(store, "records") == 0 || strcmp(store, "ledger-payloads") == 0 ? "delete, and destroy the key" : "delete";
}

static bool add_string(cJSON *object, const char *name, const char *value)
{
	return cJSON_AddItemToObject(object, name, value != NULL ? cJSON_CreateString(value) : cJSON_CreateNull());
}

// The article of the GDPR that gives the right, as the Data Privacy Vocabulary names it; else the policy's word.
static const char *certificate_right(const char *right)
{
	static const char *const articles[RIGHT_COUNT] = {
	    [RIGHT_ACCESS] = "A15",      [RIGHT_RECTIFICATION] = "A16", [RIGHT_ERASURE] = "A17",     [RIGHT_RESTRICTION] = "A18",
	    [RIGHT_PORTABILITY] = "A20", [RIGHT_OBJECTION] = "A21",     [RIGHT_WITHDRAWAL] = "A7-3", [RIGHT_HUMAN_REVIEW] = "A22"};
	const int id = policy_word_value(&policy_right_words, right, strlen(right));

	return id >= 0 && articles[id] != NULL ? articles[id] : right;
}

const char *certificate_ground(const struct erase_kept *k)
{
	return k->held   ? (k->ground != NULL ? k->ground : CERTIFICATE_HELD)
	       : k->open ? "a request that is still to be answered"
			 : "kept by the policy despite erasure";
}

static bool add_erasure(cJSON *certificate, const struct erase_result *result)
{
	cJSON *stores = cJSON_AddArrayToObject(certificate, "stores"), *kept = cJSON_AddArrayToObject(certificate, "kept");
	char note[sizeof result->reason + sizeof NOTE + sizeof LATER + 32];
	bool ok = stores != NULL && kept != NULL;

	for (size_t i = 0; i < result->store_count && ok; i++) {
		const struct erase_store *s = &result->stores[i];
		cJSON *store = cJSON_CreateObject();
		char until[WHEN_TEXT];
		when_text(until, s->verified);
		ok = cJSON_AddItemToArray(stores, store) && add_string(store, "name", s->name) &&
		     cJSON_AddNumberToObject(store, "found", (double)s->found) != NULL &&
		     cJSON_AddNumberToObject(store, "erased", (double)s->erased) != NULL &&
		     cJSON_AddNumberToObject(store, "kept", (double)s->kept) != NULL &&
		     add_string(store, "method", erase_method(s->name)) &&
		     add_string(store, "verified_at", s->verified != 0 ? until : NULL);
	}
	for (size_t i = 0; i < result->kept_count && ok; i++) {
		const struct erase_kept *k = &result->kept[i];
		cJSON *row = cJSON_CreateObject();
		char until[WHEN_TEXT];
		when_text(until, k->until);
		ok = cJSON_AddItemToArray(kept, row) && add_string(row, "kind", kind_row(k->kind)->name) &&
		     cJSON_AddNumberToObject(row, "count", (double)k->count) != NULL &&
		     add_string(row, "until", k->until == 0 ? NULL : until) && add_string(row, "ground", certificate_ground(k));
	}
	if (result->residue_files == 0) { // a scan reads at least the database itself: none was made
		ok = ok && cJSON_AddNullToObject(certificate, "residue_scan") != NULL;
	} else {
		cJSON *scan = cJSON_AddObjectToObject(certificate, "residue_scan");
		ok = ok && cJSON_AddNumberToObject(scan, "files", (double)result->residue_files) != NULL &&
		     cJSON_AddNumberToObject(scan, "bytes", (double)result->residue_bytes) != NULL &&
		     cJSON_AddNumberToObject(scan, "hits", (double)result->residue_hits) != NULL;
	}
	if (result->complete)
		snprintf(note, sizeof note, "%s%s", result->searched_later ? LATER : "",
			 result->recorded         ? NOTE
			 : result->kept_count > 0 ? STAYS
						  : NOTHING);
	else
		snprintf(note, sizeof note, "Partial: %s. %s", result->reason, NOTE);
	return ok &&
	       add_string(certificate, "outcome",
			  !result->complete  ? "partial"
			  : result->held     ? "held"
			  : result->recorded ? "erased"
					     : "nothing-erased") &&
	       cJSON_AddItemToObject(certificate, "audit_index",
				     result->recorded ? cJSON_CreateNumber((double)result->ledger_index) : cJSON_CreateNull()) &&
	       cJSON_AddBoolToObject(certificate, "complete", result->complete) != NULL && add_string(certificate, "note", note);
}

// Its canonical form; `certificate` is put in order. What stands in `evidence` is taken out and put back.
static int canonical_hash(cJSON *certificate, char sha256[65])
{
	struct buf text BUF_AUTO = BUF_INIT(CERTIFICATE_FILE_MAX);
	cJSON *evidence = cJSON_DetachItemFromObjectCaseSensitive(certificate, "evidence");
	int ret = json_canonical(&text, certificate);
	const struct bytes part = {buf_text(&text), text.len};
	uint8_t hash[HASH_LEN];

	if (evidence != NULL)
		cJSON_AddItemToObject(certificate, "evidence", evidence);
	plain_hash(hash, &part, 1);
	hex_encode(sha256, hash, HASH_LEN);
	return ret;
}

static bool add_subject_ref(cJSON *certificate, const char *subject, char salt_text[2 * HASH_LEN + 1])
{
	uint8_t salt[HASH_LEN], hash[HASH_LEN];
	char text[2 * HASH_LEN + 1];

	if (subject == NULL)
		return cJSON_AddNullToObject(certificate, "subject_ref") != NULL;
	random_bytes(salt, sizeof salt);
	keyed_hash(hash, salt, "subject", subject, strlen(subject));
	hex_encode(salt_text, salt, sizeof salt);
	hex_encode(text, hash, sizeof hash);
	return add_string(certificate, "subject_ref", text);
}

// Writes the entry that vouches for it, and adds what that says to the evidence.
static int add_entry(struct vault *v, cJSON *evidence, const char *id, const char *sha256, struct err *e)
{
	char details[160];
	uint64_t index = 0;
	time_t at = 0;

	snprintf(details, sizeof details, "{\"id\":\"%s\",\"sha256\":\"%s\"}", id, sha256);
	const struct ledger_event event = {.name = LEDGER_CERTIFICATE, .details = details};
	if (ledger_append_entry(v, &event, &index, &at, e) != 0)
		return -1;
	cJSON *entry = cJSON_AddObjectToObject(evidence, "entry");
	return cJSON_AddNumberToObject(entry, "index", (double)index) != NULL && cJSON_AddNumberToObject(entry, "at", (double)at) != NULL &&
		       add_string(entry, "event", event.name) && add_string(entry, "policy", vault_policy(v)->version) &&
		       add_string(entry, "details", details)
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory for the certificate");
}

static bool add_evidence(struct vault *v, cJSON *certificate, const char *id, const char *salt)
{
	char sha256[65];
	cJSON *evidence = cJSON_CreateObject();
	struct err why = {0};

	if (canonical_hash(certificate, sha256) != 0 || !cJSON_AddItemToObject(certificate, "evidence", evidence)) {
		cJSON_Delete(evidence);
		return false;
	}
	if (!add_string(evidence, "salt", salt[0] != '\0' ? salt : NULL))
		return false;
	if (add_entry(v, evidence, id, sha256, &why) == 0)
		return cJSON_AddNullToObject(evidence, "proof") != NULL;
	return why.code != ERR_MEMORY && cJSON_ReplaceItemInObjectCaseSensitive(certificate, "evidence", cJSON_CreateNull());
}

// What an erasure left for restored backups to obey, and when no backup from before it is left, as the stores have it.
static bool add_tombstone(cJSON *certificate, const struct erase_result *result)
{
	cJSON *backups = cJSON_GetObjectItemCaseSensitive(certificate, "backups");
	char purge_by[WHEN_TEXT];

	if (!cJSON_IsObject(backups) || result->backups.tombstone == 0)
		return true;
	when_text(purge_by, result->backups.purge_by);
	cJSON_DeleteItemFromObjectCaseSensitive(backups, "purge_by");
	return add_string(backups, "purge_by", purge_by) &&
	       cJSON_AddNumberToObject(backups, "tombstone_id", (double)result->backups.tombstone) != NULL;
}

int certificate_make(struct vault *v, const struct certificate_of *of, const struct erase_result *result, const cJSON *more,
		     struct buf *json, struct err *e)
{
	const struct policy *p = vault_policy(v);
	unsigned char bytes[CERTIFICATE_ID_BYTES];
	char id[2 * CERTIFICATE_ID_BYTES + 1], now[WHEN_TEXT], received[WHEN_TEXT], salt[2 * HASH_LEN + 1] = "";
	JSON_AUTO cJSON *c = cJSON_CreateObject();
	const cJSON *fact;

	random_bytes(bytes, sizeof bytes);
	hex_encode(id, bytes, sizeof bytes);
	when_text(now, when_now());
	when_text(received, of->received);
	bool ok = cJSON_AddNumberToObject(c, "cert_version", CERTIFICATE_VERSION) != NULL && add_string(c, "cert_id", id) &&
		  add_string(c, "controller", p->shown_as) && add_string(c, "right", certificate_right(of->right)) &&
		  add_string(c, "request_id", of->request_id) && add_string(c, "received_at", of->received != 0 ? received : NULL) &&
		  add_string(c, "executed_at", now) && add_string(c, "policy_version", p->version) &&
		  add_string(c, "policy_sha256", p->sha256) && add_subject_ref(c, of->subject, salt) &&
		  add_string(c, "operator_role", of->self_service ? "self-service" : "officer") &&
		  add_string(c, "tool_version", place_version) && (result == NULL || add_erasure(c, result));
	cJSON_ArrayForEach(fact, more)
	{
		ok = ok && json_get(c, fact->string) == NULL && cJSON_AddItemToObject(c, fact->string, cJSON_Duplicate(fact, true));
	}
	ok = ok && (result == NULL || add_tombstone(c, result));
	ok = ok && (result != NULL && !result->recorded ? cJSON_AddNullToObject(c, "evidence") != NULL : add_evidence(v, c, id, salt));
	return !ok || json_print(json, c) != 0 ? err_set(e, ERR_MEMORY, "no memory for the certificate") : 0;
}

int certificate_prove(struct vault *v, cJSON *certificate, struct err *e)
{
	struct buf proof BUF_AUTO = BUF_INIT(PROOF_BYTES_MAX);
	cJSON *evidence = cJSON_GetObjectItemCaseSensitive(certificate, "evidence"), *text;
	const cJSON *index = json_get(json_get(evidence, "entry"), "index");
	struct err why = {0};

	if (!cJSON_IsNumber(index))
		return 0;
	if (ledger_proof(v, PROOF_OF_EVENT, (uint64_t)index->valuedouble, &proof, &why) != 0)
		return why.code == ERR_NOT_FOUND || why.code == ERR_INPUT ? 0 : err_set(e, why.code, "%s", why.text);
	text = cJSON_CreateString(buf_text(&proof));
	if (text == NULL || !cJSON_ReplaceItemInObjectCaseSensitive(evidence, "proof", text)) {
		cJSON_Delete(text);
		return err_set(e, ERR_MEMORY, "no memory for the proof");
	}
	return 0;
}

// ---- after a restore ----

struct reentering {
	cJSON *ids; // of the requests that have a certificate
	const char *details;
	bool there, failed;
};

static int certified_request(void *arg, const struct vault_record *r)
{
	struct reentering *x = arg;
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);

	if (json_get(json_get(body, "certificate"), "evidence") != NULL)
		x->failed = !cJSON_AddItemToArray(x->ids, cJSON_CreateString(r->id)) || x->failed;
	return 0;
}

static int same_entry(void *arg, const struct ledger_entry *entry)
{
	struct reentering *x = arg;

	x->there = strcmp(entry->name, LEDGER_CERTIFICATE) == 0 && strcmp(entry->details, x->details) == 0;
	return 1;
}

// 1: it was entered again.
static int certificate_reenter(struct vault *v, cJSON *certificate, struct err *e)
{
	cJSON *evidence = cJSON_GetObjectItemCaseSensitive(certificate, "evidence");
	const cJSON *entry = json_get(evidence, "entry");
	const char *id = json_string(certificate, "cert_id");
	const double index = json_number(entry, "index", -1);
	struct reentering x = {.details = json_string(entry, "details")};
	uint64_t first;
	char sha256[65];

	if (id == NULL || x.details == NULL || index < 0)
		return 0;
	if (ledger_first(v, &first, e) != 0)
		return -1;
	if (index < (double)first) // it is kept no longer
		return 0;
	if (ledger_each(v, (uint64_t)index, same_entry, &x, e) < 0)
		return -1;
	if (x.there)
		return 0;
	if (canonical_hash(certificate, sha256) != 0)
		return err_set(e, ERR_MEMORY, "no memory for the certificate");
	cJSON_DeleteItemFromObjectCaseSensitive(evidence, "entry");
	return add_entry(v, evidence, id, sha256, e) != 0 ? -1 : 1;
}

int certificates_reenter(struct vault *v, struct err *e)
{
	JSON_AUTO cJSON *ids = cJSON_CreateArray();
	struct reentering x = {.ids = ids};
	const cJSON *id;
	int count = 0;

	if (vault_each_for_rights(v, KIND_RIGHTS_REQUEST, NULL, certified_request, &x, e) != 0)
		return -1;
	cJSON_ArrayForEach(id, ids)
	{
		BUF_AUTO_WIPE struct buf bytes = BUF_INIT(VAULT_BODY_MAX);
		struct vault_record r = {0};
		struct err why = {0};
		if (vault_get(v, id->valuestring, &r, &why) != 0) {
			if (why.code != ERR_NOT_FOUND)
				return err_set(e, why.code, "%s", why.text);
			continue;
		}
		JSON_AUTO cJSON *body = json_parse(buf_text(&r.body), r.body.len, e);
		int ret = body == NULL ? -1 : certificate_reenter(v, cJSON_GetObjectItemCaseSensitive(body, "certificate"), e);
		if (ret > 0) {
			count++;
			ret = json_print(&bytes, body) != 0
				  ? err_set(e, ERR_MEMORY, "no memory for the certificate")
				  : vault_update(v, r.id,
						 &(struct vault_change){
						     .body = bytes.data, .body_len = bytes.len, .was = &r.body, .for_rights = true},
						 NULL, e);
		}
		vault_record_free(&r);
		if (ret != 0)
			return -1;
	}
	return x.failed ? err_set(e, ERR_MEMORY, "no memory for the certificates") : count;
}

// ---- checking ----

// A whole number of at least 0 that JSON can carry.
static bool whole_number(const cJSON *number, int64_t *out)
{
	const double value = cJSON_IsNumber(number) ? number->valuedouble : -1;

	*out = value >= 0 && value <= 9007199254740991.0 ? (int64_t)value : 0;
	return value >= 0 && (double)*out == value;
}

// A value of a row of the ledger: as long as they are, and one line.
static bool entry_line(const char *text)
{
	return text != NULL && strlen(text) <= LEDGER_DETAILS_MAX && text[strcspn(text, "\n")] == '\0';
}

int certificate_verify(const char *text, size_t len, const struct signed_note_key *key, struct certificate_check *out, struct err *e)
{
	static const uint8_t nothing[HASH_LEN];
	uint8_t leaf[HASH_LEN];
	struct ledger_row row = {.commitment = nothing};
	struct proof_text proof;
	// In JSON itself the line's end is escaped.
	const char *behind = memmem(text, len, PROOF_FIRST_LINE, strlen(PROOF_FIRST_LINE));
	const size_t json_len = behind != NULL ? (size_t)(behind - text) : len;
	JSON_AUTO cJSON *c = json_len <= CERTIFICATE_FILE_MAX ? json_parse(text, json_len, e) : NULL;

	*out = (struct certificate_check){0};
	if (!cJSON_IsObject(c) || json_string(c, "cert_id") == NULL)
		return err_set(e, ERR_INPUT, "it is no certificate");
	const cJSON *evidence = json_get(c, "evidence"), *entry = json_get(evidence, "entry");
	const char *proof_text = behind != NULL ? behind : json_string(evidence, "proof");
	row.name = json_string(entry, "event");
	row.policy = json_string(entry, "policy");
	row.details = json_string(entry, "details");
	if (!cJSON_IsObject(entry))
		return err_set(e, ERR_NOT_FOUND, "nothing was done, so no entry of the ledger vouches for it");
	if (!entry_line(row.name) || !entry_line(row.policy) || !entry_line(row.details) ||
	    !whole_number(json_get(entry, "index"), &row.seq) || !whole_number(json_get(entry, "at"), &row.at))
		return err_set(e, ERR_INPUT, "its evidence is none");
	if (proof_text == NULL)
		return err_set(e, ERR_NOT_FOUND, "it has no proof yet: the ledger is signed within a minute; fetch it again then");
	ledger_leaf(&row, leaf);
	if (signed_note_proof(&proof, key, proof_text, behind != NULL ? len - json_len : strlen(proof_text), leaf, e) != 0)
		return -1;
	JSON_AUTO cJSON *details = json_parse(row.details, strlen(row.details), e);
	const char *sha256 = json_string(details, "sha256"), *id = json_string(details, "id");
	if (proof.index != (uint64_t)row.seq)
		return err_set(e, ERR_CORRUPT, "the proof is of another entry");
	if (strcmp(row.name, LEDGER_CERTIFICATE) != 0 || sha256 == NULL || id == NULL)
		return err_set(e, ERR_CORRUPT, "the entry vouches for no certificate");
	out->index = proof.index;
	out->size = proof.checkpoint.size;
	memcpy(out->root, proof.checkpoint.root, HASH_LEN);
	if (canonical_hash(c, out->sha256) != 0)
		return err_set(e, ERR_MEMORY, "no memory for the certificate");
	return strcmp(sha256, out->sha256) == 0 && strcmp(id, json_string(c, "cert_id")) == 0
		   ? 0
		   : err_set(e, ERR_CORRUPT, "it was altered: the ledger vouches for another text");
}
