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

	for (const struct erase_store *s = result->stores; s < result->stores + result->store_count && ok; s++) {
		const bool sealed = strcmp(s->name, "records") == 0 || strcmp(s->name, "ledger-payloads") == 0;
		ok = json_push(stores, JSON_MEMBERS(MEMBER_TEXT("name", s->name), MEMBER_NUMBER("found", s->found),
						    MEMBER_NUMBER("erased", s->erased), MEMBER_NUMBER("kept", s->kept),
						    MEMBER_TEXT("method", sealed ? "delete, and destroy the key" : "delete"),
						    MEMBER_NULLABLE_TIME("verified_at", s->verified)));
	}
	for (const struct erase_kept *k = result->kept; k < result->kept + result->kept_count && ok; k++)
		ok = json_push(kept, JSON_MEMBERS(MEMBER_TEXT("kind", kind_row(k->kind)->name), MEMBER_NUMBER("count", k->count),
						  MEMBER_NULLABLE_TIME("until", k->until), MEMBER_TEXT("ground", certificate_ground(k))));
	// A scan reads at least the database itself: without files none was made.
	cJSON *scan =
	    result->residue_files == 0
		? cJSON_CreateNull()
		: json_make(JSON_MEMBERS(MEMBER_NUMBER("files", result->residue_files), MEMBER_NUMBER("bytes", result->residue_bytes),
					 MEMBER_NUMBER("hits", result->residue_hits)));
	if (result->complete)
		snprintf(note, sizeof note, "%s%s", result->searched_later ? LATER : "",
			 result->recorded         ? NOTE
			 : result->kept_count > 0 ? STAYS
						  : NOTHING);
	else
		snprintf(note, sizeof note, "Partial: %s. %s", result->reason, NOTE);
	return json_put(certificate,
			JSON_MEMBERS(MEMBER_ITEM("residue_scan", scan),
				     MEMBER_TEXT("outcome", !result->complete  ? "partial"
							    : result->held     ? "held"
							    : result->recorded ? "erased"
									       : "nothing-erased"),
				     MEMBER_ITEM("audit_index",
						 result->recorded ? cJSON_CreateNumber((double)result->ledger_index) : cJSON_CreateNull()),
				     MEMBER_BOOL("complete", result->complete), MEMBER_TEXT("note", note))) &&
	       ok;
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

// NULL: there is no subject.
static const char *subject_ref(char out[2 * HASH_LEN + 1], const char *subject, char salt_text[2 * HASH_LEN + 1])
{
	uint8_t salt[HASH_LEN], hash[HASH_LEN];

	if (subject == NULL)
		return NULL;
	random_bytes(salt, sizeof salt);
	keyed_hash(hash, salt, "subject", subject, strlen(subject));
	hex_encode(salt_text, salt, sizeof salt);
	hex_encode(out, hash, sizeof hash);
	return out;
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
	return json_put(cJSON_AddObjectToObject(evidence, "entry"),
			JSON_MEMBERS(MEMBER_NUMBER("index", index), MEMBER_NUMBER("at", at), MEMBER_TEXT("event", event.name),
				     MEMBER_TEXT("policy", vault_policy(v)->version), MEMBER_TEXT("details", details)))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory for the certificate");
}

static bool add_evidence(struct vault *v, cJSON *certificate, const char *id, const char *salt)
{
	char sha256[65];
	struct err why = {0};

	if (canonical_hash(certificate, sha256) != 0)
		return false;
	cJSON *evidence = cJSON_AddObjectToObject(certificate, "evidence");
	if (!json_put(evidence, JSON_MEMBERS(MEMBER_NULLABLE_TEXT("salt", salt[0] != '\0' ? salt : NULL))))
		return false;
	if (add_entry(v, evidence, id, sha256, &why) == 0)
		return cJSON_AddNullToObject(evidence, "proof") != NULL;
	return why.code != ERR_MEMORY && cJSON_ReplaceItemInObjectCaseSensitive(certificate, "evidence", cJSON_CreateNull());
}

// What an erasure left for restored backups to obey, and when no backup from before it is left, as the stores have it.
static bool add_tombstone(cJSON *certificate, const struct erase_result *result)
{
	cJSON *backups = cJSON_GetObjectItemCaseSensitive(certificate, "backups");

	return !cJSON_IsObject(backups) || result->backups.tombstone == 0 ||
	       json_put(backups, JSON_MEMBERS(MEMBER_TIME("purge_by", result->backups.purge_by),
					      MEMBER_NUMBER("tombstone_id", result->backups.tombstone)));
}

cJSON *certificate_make(struct vault *v, const struct certificate_of *of, const struct erase_result *result, const cJSON *more,
			struct err *e)
{
	const struct policy *p = vault_policy(v);
	unsigned char bytes[CERTIFICATE_ID_BYTES];
	char id[2 * CERTIFICATE_ID_BYTES + 1], ref[2 * HASH_LEN + 1], salt[2 * HASH_LEN + 1] = "";
	const cJSON *fact;

	random_bytes(bytes, sizeof bytes);
	hex_encode(id, bytes, sizeof bytes);
	cJSON *c = json_make(JSON_MEMBERS(
	    MEMBER_NUMBER("cert_version", CERTIFICATE_VERSION), MEMBER_TEXT("cert_id", id), MEMBER_NULLABLE_TEXT("controller", p->shown_as),
	    MEMBER_TEXT("right", certificate_right(of->right)), MEMBER_NULLABLE_TEXT("request_id", of->request_id),
	    MEMBER_NULLABLE_TIME("received_at", of->received), MEMBER_TIME("executed_at", when_now()),
	    MEMBER_TEXT("policy_version", p->version), MEMBER_TEXT("policy_sha256", p->sha256),
	    MEMBER_NULLABLE_TEXT("subject_ref", subject_ref(ref, of->subject, salt)),
	    MEMBER_TEXT("operator_role", of->self_service ? "self-service" : "officer"), MEMBER_TEXT("tool_version", place_version)));
	bool ok = c != NULL && (result == NULL || add_erasure(c, result));
	cJSON_ArrayForEach(fact, more)
	{
		ok = ok && json_get(c, fact->string) == NULL && cJSON_AddItemToObject(c, fact->string, cJSON_Duplicate(fact, true));
	}
	ok = ok && (result == NULL || add_tombstone(c, result));
	ok = ok && (result != NULL && !result->recorded ? cJSON_AddNullToObject(c, "evidence") != NULL : add_evidence(v, c, id, salt));
	if (ok)
		return c;
	cJSON_Delete(c);
	err_set(e, ERR_MEMORY, "no memory for the certificate");
	return NULL;
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
