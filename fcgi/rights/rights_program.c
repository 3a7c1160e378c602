// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"
#include "fcgi/ipc/making_call.h"
#include "fcgi/rights/contact.h"
#include "fcgi/rights/export.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/model/life.h"
#include "policy/publish/render/writer.h"
#include "policy/rights/at_once.h"
#include "policy/rights/erase.h"
#include "policy/rules/offer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	DEADLINE_MS = 15000,
	ERASE_DEADLINE_MS = 120000, // every store, a checkpoint, a scan
	ANSWER_MAX = 1024 * 1024,
};

// A token as people paste it: with white space around it, and perhaps what follows it in an address. False when it cannot be one.
static bool token_read(char out[TOKEN_LEN + 1], const char *text, const char *suffix)
{
	static const char space[] = " \t\r\n";
	text += strspn(text, space);
	size_t len = strcspn(text, ". \t\r\n");
	const char *rest = text + len;
	if (strncmp(rest, suffix, strlen(suffix)) == 0)
		rest += strlen(suffix);
	if (len != TOKEN_LEN || rest[strspn(rest, space)] != '\0')
		return false;
	memcpy(out, text, TOKEN_LEN);
	out[TOKEN_LEN] = '\0';
	return token_shaped(out);
}

// -1: it is none, and the request is answered.
static int receipt_read(struct request *r, char out[TOKEN_LEN + 1], const char *text)
{
	char length[WORD_NUMBER];
	if (token_read(out, text, ""))
		return 0;
	respond_problem(r, 422, "problem.receipt-shape", "receipt", WORD_VALUES({"length", word_number(length, TOKEN_LEN)}));
	return -1;
}

// ---- POST /api/rights ----

static const struct field request_fields_table[] = {
    {.name = "right", .type = FIELD_TEXT, .required = true, .min = 1, .max = 64},
    {.name = "contact", .type = FIELD_TEXT, .min = 3, .max = 254},
    {.name = "receipt", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "archive", .type = FIELD_TEXT, .min = 1, .max = 500},
    {.name = "message", .type = FIELD_TEXT, .min = 1, .max = 4000},
    {0},
};

static void handle_request(struct request *r, void *context)
{
	const struct policy *p = request_policy(r);
	struct rights_receipt receipt;
	struct err e = {0};
	char of_set[TOKEN_LEN + 1], of_zip[TOKEN_LEN + 1], due[WORD_DAY];
	if (request_check(r, request_fields_table) != 0)
		return;
	const char *typed = request_text(r, "contact"), *given = request_text(r, "receipt"), *zip = request_text(r, "archive");
	BUF_AUTO_WIPE struct buf tidy = BUF_INIT(4 * 254);
	if (typed != NULL)
		contact_tidy(&tidy, typed);
	const char *contact = typed != NULL ? buf_text(&tidy) : NULL;
	const char *slash = zip != NULL ? strrchr(zip, '/') : NULL; // the token of a ZIP, in its address or by itself
	const char *fault = contact != NULL ? contact_fault(contact) : NULL;
	if (given != NULL && receipt_read(r, of_set, given) != 0)
		return;
	const char *wrong = given != NULL && zip != NULL                                                  ? "problem.receipt-or-archive"
			    : zip != NULL && !token_read(of_zip, slash != NULL ? slash + 1 : zip, ".zip") ? "problem.archive-shape"
													  : NULL;
	if (wrong != NULL || fault != NULL) {
		respond_problem(r, 422, wrong != NULL ? wrong : fault, wrong != NULL ? "archive" : "contact", NULL);
		return;
	}
	const char *gpc = request_header(r, "Sec-GPC");
	const struct rights_new asked = {.right = request_text(r, "right"),
					 .contact = contact,
					 .receipt = given != NULL ? of_set : NULL,
					 .archive = zip != NULL ? of_zip : NULL,
					 .message = request_text(r, "message"),
					 .signal = gpc != NULL && strcmp(gpc, "1") == 0};
	if (rights_record(context, &asked, &receipt, &e) != 0) {
		if (e.code != ERR_REFUSED) {
			respond_err(r, &e);
			return;
		}
		BUF_AUTO struct buf offered = BUF_INIT(64 * 1024);
		for (size_t i = 0; i < p->right_count; i++)
			buf_printf(&offered, "%s%s", i > 0 ? word(p, "join.comma") : "", policy_word(&policy_right_words, p->rights[i].id));
		respond_problem(r, 422, "problem.right-not-offered", "right",
				WORD_VALUES({"rights", p->right_count > 0 ? buf_text(&offered) : word(p, "join.none")}));
		return;
	}
	// For programs with their names and dates, for people with theirs.
	JSON_AUTO cJSON *answer = cJSON_CreateObject();
	if (request_wants(r, "text/html")) {
		word_day(due, receipt.due, word_language(p));
		cJSON_AddStringToObject(answer, word(p, "answer.number"), receipt.id);
		cJSON_AddStringToObject(answer, word(p, "answer.secret"), receipt.secret);
		cJSON_AddStringToObject(answer, word(p, "answer.due"), due);
		if (receipt.signal != NULL)
			cJSON_AddStringToObject(answer, word(p, "answer.signal"), word(p, "answer.signal.recorded"));
		respond_page(r, 201, word(p, "answer.recorded.title"), word(p, "answer.recorded"), NULL, answer);
	} else {
		when_text(due, receipt.due);
		cJSON_AddStringToObject(answer, "id", receipt.id);
		cJSON_AddStringToObject(answer, "secret", receipt.secret);
		cJSON_AddStringToObject(answer, "due", due);
		if (receipt.signal != NULL)
			cJSON_AddStringToObject(answer, "signal", receipt.signal);
		respond_json(r, 201, answer);
	}
}

// ---- GET /api/rights: which rights there are, and how each is exercised ----

// {site, rights[{id, name, how, who, verify, self_service, at_once, acts_on, path, takes[], signal}]}; acts_on and signal may be null. `self_service` is what
// the policy says, `at_once` that sending `takes` to `path` carries it out.
static void handle_offer(struct request *r, void *context)
{
	const struct policy *p = request_policy(r);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	(void)context;
	cJSON_AddStringToObject(o, "site", p->shown_as);
	cJSON *rights = cJSON_AddArrayToObject(o, "rights");
	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *right = &p->rights[i];
		const struct rights_offer *offer = rights_offer(right);
		BUF_AUTO struct buf how = BUF_INIT(64 * 1024);
		cJSON *one = cJSON_CreateObject();
		prose_plain(p, &right->how, &how);
		cJSON_AddStringToObject(one, "id", policy_word(&policy_right_words, right->id));
		cJSON_AddStringToObject(one, "name", right->name);
		cJSON_AddStringToObject(one, "how", buf_text(&how));
		cJSON_AddStringToObject(one, "who", policy_word(&policy_who_words, right->who));
		cJSON_AddStringToObject(one, "verify", policy_word(&policy_verify_words, right->verify));
		cJSON_AddBoolToObject(one, "self_service", right->self_service);
		cJSON_AddBoolToObject(one, "at_once", offer->at_once);
		cJSON_AddItemToObject(one, "acts_on", offer->acts_on != NULL ? cJSON_CreateString(offer->acts_on) : cJSON_CreateNull());
		cJSON_AddStringToObject(one, "path", offer->path);
		cJSON *takes = cJSON_AddArrayToObject(one, "takes");
		for (size_t t = 0; offer->takes[t] != NULL; t++)
			cJSON_AddItemToArray(takes, cJSON_CreateString(offer->takes[t]));
		const char *signal = policy_word(&policy_signal_words, right->signal);
		cJSON_AddItemToObject(one, "signal", signal != NULL ? cJSON_CreateString(signal) : cJSON_CreateNull());
		cJSON_AddItemToArray(rights, one);
	}
	if (o != NULL)
		respond_json(r, 200, o);
}

// ---- GET /api/rights/<id> ----

static void handle_show(struct request *r, void *context)
{
	BUF_AUTO_WIPE struct buf json = BUF_INIT(ANSWER_MAX);
	struct err e = {0};
	// No secret is as wrong as any other wrong one.
	const char *id = request_rest(r), *authorization = request_header(r, "Authorization"), *secret = "";
	if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
		secret = authorization + 7 + strspn(authorization + 7, " ");
	bool shaped = strlen(id) == RECORD_ID_LEN && strspn(id, "0123456789abcdef") == RECORD_ID_LEN && token_shaped(secret);
	if (shaped && rights_show(context, id, secret, &json, &e) == 0)
		respond_bytes(r, 200, "application/json", buf_text(&json), json.len);
	else if (!shaped || e.code == ERR_NOT_FOUND)
		respond_problem(r, 404, "problem.not-found.request", NULL, NULL);
	else
		respond_err(r, &e);
}

// ---- POST /api/rights/look-up, POST /api/rights/withdraw: the same without a script, and taking it back ----

static const struct field own_fields[] = {
    {.name = "id", .type = FIELD_TEXT, .required = true, .min = 1, .max = 64},
    {.name = "secret", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {0},
};

static const char *day_of(char out[WORD_DAY], const cJSON *object, const char *name, const struct policy *p)
{
	const char *text = json_string(object, name);
	time_t t;

	snprintf(out, WORD_DAY, "–");
	if (text != NULL && when_parse(&t, text) == 0)
		word_day(out, t, word_language(p));
	return out;
}

// As a person reads it: each clock by its name, what happened, and who read what they left.
static void respond_own(struct request *r, const cJSON *shown)
{
	const struct policy *p = request_policy(r);
	const char *right = json_string(shown, "right");
	int id = policy_word_value(&policy_right_words, right, strlen(right));
	const struct policy_right *of = id >= 0 ? policy_right(p, (enum policy_right_id)id) : NULL;
	char day[WORD_DAY];
	JSON_AUTO cJSON *facts = cJSON_CreateObject();
	const cJSON *one;

	cJSON_AddStringToObject(facts, word(p, "script.rights.number"), json_string(shown, "id"));
	cJSON_AddStringToObject(facts, word(p, "script.rights.right"), of != NULL ? of->name : right);
	cJSON_AddStringToObject(facts, word(p, "script.rights.state"), word_or(p, "script.rights.state.", json_string(shown, "state")));
	cJSON_AddStringToObject(facts, word(p, "script.rights.received"), day_of(day, shown, "received", p));
	cJSON_ArrayForEach(one, json_get(shown, "clocks"))
	{
		cJSON_AddStringToObject(facts, word_or(p, "script.rights.clock.", json_string(one, "name")), day_of(day, one, "due", p));
	}
	if (json_get(shown, "certificate") != NULL)
		cJSON_AddStringToObject(facts, word(p, "answer.erased.certificate"),
					json_string(json_get(shown, "certificate"), "cert_id"));
	cJSON *history = cJSON_AddArrayToObject(facts, word(p, "script.rights.history"));
	cJSON_ArrayForEach(one, json_get(shown, "events"))
	{
		BUF_AUTO_WIPE struct buf line = BUF_INIT(64 * 1024);
		const char *more[] = {json_string(one, "ground"), json_string(one, "reason"), json_string(one, "text"),
				      json_string(one, "store")};
		buf_printf(&line, "%s: %s", day_of(day, one, "at", p), word_or(p, "script.rights.event.", json_string(one, "event")));
		for (size_t i = 0; i < ARRAY_LEN(more); i++)
			if (more[i] != NULL)
				buf_printf(&line, "; %s",
					   i == 0   ? word_or(p, "ground.", more[i])
					   : i == 3 ? word_or(p, "store.", more[i])
						    : more[i]);
		cJSON_AddItemToArray(history, cJSON_CreateString(buf_text(&line)));
	}
	cJSON *read = json_get(shown, "read") != NULL && json_get(shown, "read")->child != NULL
			  ? cJSON_AddArrayToObject(facts, word(p, "script.rights.read"))
			  : NULL;
	cJSON_ArrayForEach(one, (read != NULL ? json_get(shown, "read") : NULL))
	{
		BUF_AUTO struct buf line = BUF_INIT(4096);
		buf_printf(&line, "%s: %s; %s", day_of(day, one, "at", p), json_string(one, "by"), json_string(one, "reason"));
		cJSON_AddItemToArray(read, cJSON_CreateString(buf_text(&line)));
	}
	respond_page(r, 200, word(p, "script.rights.yours"), word(p, "page.rights.shown"), NULL, facts);
}

static void handle_own(struct request *r, struct vault *v, bool withdraw)
{
	BUF_AUTO_WIPE struct buf json = BUF_INIT(ANSWER_MAX);
	char secret[TOKEN_LEN + 1], id[RECORD_ID_LEN + 1] = "";
	struct err e = {0};
	if (request_check(r, own_fields) != 0)
		return;
	const char *typed = request_text(r, "id");
	typed += strspn(typed, " \t\r\n");
	size_t len = strspn(typed, "0123456789abcdef");
	bool shaped = len == RECORD_ID_LEN && typed[len + strspn(typed + len, " \t\r\n")] == '\0' &&
		      token_read(secret, request_text(r, "secret"), "");
	if (shaped)
		snprintf(id, sizeof id, "%.*s", RECORD_ID_LEN, typed);
	if (!shaped || (withdraw && rights_withdraw(v, id, secret, &e) != 0) || rights_show(v, id, secret, &json, &e) != 0) {
		if (!shaped || e.code == ERR_NOT_FOUND)
			respond_problem(r, 404, "problem.not-found.request", NULL, NULL);
		else if (e.code == ERR_REFUSED)
			respond_problem(r, 409, "problem.request-over", NULL, NULL);
		else
			respond_err(r, &e);
		return;
	}
	JSON_AUTO cJSON *shown = json_parse(buf_text(&json), json.len, &e);
	if (shown == NULL)
		respond_err(r, &e);
	else if (request_wants(r, "text/html"))
		respond_own(r, shown);
	else
		respond_json(r, 200, shown);
}

static void handle_look_up(struct request *r, void *context)
{
	handle_own(r, context, false);
}

static void handle_withdraw(struct request *r, void *context)
{
	handle_own(r, context, true);
}

// ---- POST /api/erase ----

static const struct field erase_fields[] = {
    {.name = "receipt", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {0},
};

static void fact_fill(cJSON *facts, const struct policy *p, const char *name, const char *key, const struct word_value *values)
{
	BUF_AUTO struct buf text = BUF_INIT(4096);
	word_fill(&text, NULL, word(p, key), values);
	if (name != NULL)
		cJSON_AddStringToObject(facts, word(p, name), buf_text(&text));
	else
		cJSON_AddItemToArray(facts, cJSON_CreateString(buf_text(&text)));
}

// The certificate for a person without the page's script. Where nothing was found it is none, and is not called so.
static void respond_certificate(struct request *r, const cJSON *certificate)
{
	static const struct {
		const char *name, *of;
		bool when_erased; // only then
	} texts[] = {{"answer.erased.certificate", "cert_id", true},
		     {"answer.erased.by", "controller", true},
		     {"answer.erased.version", "policy_version", false},
		     {"answer.erased.sha256", "policy_sha256", false}};
	const struct policy *p = request_policy(r);
	const cJSON *index = json_get(certificate, "audit_index"), *scan = json_get(certificate, "residue_scan"), *store;
	const char *at = json_string(certificate, "executed_at");
	char day[WORD_DAY] = "–", n[3][WORD_NUMBER];
	bool erased = cJSON_IsNumber(index);
	time_t executed;
	JSON_AUTO cJSON *facts = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(facts, word(p, "answer.erased.found"));

	if (at != NULL && when_parse(&executed, at) == 0)
		word_day(day, executed, word_language(p));
	cJSON_AddStringToObject(facts, word(p, erased ? "answer.erased.on" : "answer.unknown.on"), day);
	if (cJSON_IsObject(scan))
		fact_fill(facts, p, "answer.erased.scan", "answer.erased.scanned",
			  WORD_VALUES({"files", word_number(n[0], (long long)json_number(scan, "files", 0))},
				      {"bytes", word_number(n[1], (long long)json_number(scan, "bytes", 0))},
				      {"hits", word_number(n[2], (long long)json_number(scan, "hits", 0))}));
	else
		fact_fill(facts, p, "answer.erased.scan", "answer.erased.not_scanned", NULL);
	fact_fill(facts, p, "answer.erased.ledger", erased ? "answer.erased.entry" : "answer.erased.no_entry",
		  WORD_VALUES({"n", word_number(n[0], erased ? (long long)index->valuedouble : 0)}));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = erased || !texts[i].when_erased ? json_string(certificate, texts[i].of) : NULL;
		if (text != NULL)
			cJSON_AddStringToObject(facts, word(p, texts[i].name), text);
	}
	fact_fill(facts, p, "answer.erased.note", erased ? "answer.erased.counts" : "answer.unknown.counts", NULL);
	cJSON_ArrayForEach(store, json_get(certificate, "stores"))
	{
		const char *name = json_string(store, "name");
		long long kept = (long long)json_number(store, "kept", 0);
		fact_fill(list, p, NULL, kept > 0 ? "answer.erased.store_kept" : "answer.erased.store",
			  WORD_VALUES({"store", word_or(p, "store.", name != NULL ? name : "?")},
				      {"found", word_number(n[0], (long long)json_number(store, "found", 0))},
				      {"erased", word_number(n[1], (long long)json_number(store, "erased", 0))},
				      {"kept", word_number(n[2], kept)}));
	}
	respond_page(r, 200, word(p, erased ? "answer.erased.title" : "answer.unknown.title"),
		     word(p, erased ? "answer.erased" : "answer.unknown"), NULL, facts);
}

static void handle_erase(struct request *r, void *context)
{
	BUF_AUTO struct buf text = BUF_INIT(ANSWER_MAX);
	struct err e = {0};
	if (request_check(r, erase_fields) != 0)
		return;
	char receipt[TOKEN_LEN + 1];
	if (receipt_read(r, receipt, request_text(r, "receipt")) != 0)
		return;
	if (rights_erase(context, receipt, &text, &e) != 0 && e.code == ERR_REFUSED) {
		respond_problem(r, 403, "problem.refused.erasure", NULL, NULL);
		return;
	}
	if (e.code != ERR_NONE) {
		respond_err(r, &e);
		return;
	}
	JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
	if (certificate == NULL) {
		respond_err(r, &e);
	} else if (!cJSON_IsTrue(json_get(certificate, "complete"))) {
		struct problem partial = {.language = request_language(r)};
		problem_set(&partial, 503, "problem.erasure-partial", NULL, NULL);
		JSON_AUTO cJSON *problem = problem_object(&partial);
		if (cJSON_AddItemReferenceToObject(problem, "certificate", certificate))
			respond_problem_object(r, problem);
	} else if (request_wants(r, "text/html")) {
		respond_certificate(r, certificate);
	} else {
		respond_json(r, 200, certificate);
	}
}

// ---- GET /api/proofs/<number> ----

// The proof of one entry of the ledger. Nothing in it is about anybody, so anybody may ask.
static void handle_proof(struct request *r, void *context)
{
	BUF_AUTO struct buf proof = BUF_INIT(ANSWER_MAX);
	const char *number = request_rest(r);
	struct err e = {0};

	if (strlen(number) > 15 || number[0] == '\0' || number[strspn(number, "0123456789")] != '\0') {
		respond_problem(r, 404, "problem.not-found.proof", NULL, NULL);
		return;
	}
	if (ledger_proof(context, PROOF_OF_EVENT, strtoull(number, NULL, 10), &proof, &e) == 0)
		respond_bytes(r, 200, "text/plain", buf_text(&proof), proof.len);
	else if (e.code == ERR_NOT_FOUND || e.code == ERR_INPUT)
		respond_problem(r, 404, "problem.not-found.proof", NULL, NULL);
	else
		respond_err(r, &e);
}

// ---- GET /privacy/live.json ----

// A time as text; null for none.
static void add_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];
	when_text(text, t);
	cJSON_AddItemToObject(object, name, t != 0 ? cJSON_CreateString(text) : cJSON_CreateNull());
}

// What the site holds at this moment, against what it promised:
// {site, at, policy:{version,sha256}, last_prune, late, kinds:[{kind, words, keep, count, oldest, oldest_seconds, limit_seconds, limit,
// late}]}; times are UTC, absent ones null; words and limits are in the language of the request.
static void handle_live(struct request *r, void *context)
{
	const struct policy *p = request_policy(r);
	struct census census = {0};
	struct err e = {0};
	time_t now = when_now();
	bool late = false;
	if (vault_census(context, &census, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "site", p->shown_as);
	add_time(o, "at", now);
	cJSON *policy = cJSON_AddObjectToObject(o, "policy");
	cJSON_AddStringToObject(policy, "version", p->version);
	cJSON_AddStringToObject(policy, "sha256", p->sha256);
	add_time(o, "last_prune", census.last_prune);
	cJSON *kinds = cJSON_AddArrayToObject(o, "kinds");
	for (size_t i = 0; i < census.row_count; i++) {
		const struct census_row *row = &census.rows[i];
		const struct policy_kind *kind = &p->kinds[row->kind];
		char limit[WORD_LIFE];
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "kind", kind_row(row->kind)->name);
		cJSON_AddStringToObject(one, "words", word_language(p) == LANGUAGE_EN ? kind_row(row->kind)->words : kind->name);
		cJSON_AddStringToObject(one, "keep", row->keep == KEEP_STORED ? "stored" : "memory");
		cJSON_AddNumberToObject(one, "count", (double)row->count);
		add_time(one, "oldest", row->oldest);
		cJSON_AddNumberToObject(one, "oldest_seconds", row->oldest != 0 && now > row->oldest ? (double)(now - row->oldest) : 0);
		if (row->keep == KEEP_STORED && !duration_is_zero(life_longest(kind))) {
			word_life(limit, sizeof limit, p, kind);
			cJSON_AddStringToObject(one, "limit", limit);
			cJSON_AddNumberToObject(one, "limit_seconds", (double)row->limit_seconds);
		} else {
			cJSON_AddNullToObject(one, "limit");
			cJSON_AddNullToObject(one, "limit_seconds");
		}
		cJSON_AddBoolToObject(one, "late", row->late);
		cJSON_AddItemToArray(kinds, one);
		late |= row->late;
	}
	cJSON_AddBoolToObject(o, "late", late);
	if (o != NULL)
		respond_json(r, 200, o);
}

static const struct route routes[] = {
    {.method = "POST",
     .path = "/api/rights",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = ERASE_DEADLINE_MS,
     .kinds = KIND_BIT(KIND_RIGHTS_REQUEST),
     .changes_state = true,
     .from_anywhere = true,
     .handle = handle_request},
    {.method = "POST",
     .path = "/api/rights/look-up",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = DEADLINE_MS,
     .kinds = KIND_BIT(KIND_RIGHTS_REQUEST),
     .changes_state = true,
     .handle = handle_look_up},
    {.method = "POST",
     .path = "/api/rights/withdraw",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = DEADLINE_MS,
     .kinds = KIND_BIT(KIND_RIGHTS_REQUEST),
     .changes_state = true,
     .handle = handle_withdraw},
    {.method = "GET", .path = "/api/rights", .deadline_ms = DEADLINE_MS, .handle = handle_offer},
    {.method = "GET", .path = "/api/rights/*", .deadline_ms = DEADLINE_MS, .kinds = KIND_BIT(KIND_RIGHTS_REQUEST), .handle = handle_show},
    {.method = "POST",
     .path = "/api/erase",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = ERASE_DEADLINE_MS,
     .changes_state = true,
     .handle = handle_erase},
    {.method = "GET", .path = "/api/proofs/*", .deadline_ms = DEADLINE_MS, .handle = handle_proof},
    {.method = "POST",
     .path = "/api/export",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = ERASE_DEADLINE_MS,
     .changes_state = true, // it is recorded; and no other site's page may have it downloaded
     .handle = export_respond},
    {.method = "GET", .path = "/privacy/live.json", .deadline_ms = DEADLINE_MS, .handle = handle_live},
    {0},
};

static int rights_start(const struct policy *p, struct vault *v, void **context, struct err *e)
{
	(void)p;
	(void)e;
	*context = v;
	rights_stop_making_by(making_stop, setting_run());
	return 0;
}

const struct program rights_program = {.name = "rights", .routes = routes, .start = rights_start};
