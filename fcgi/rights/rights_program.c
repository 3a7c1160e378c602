// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"
#include "fcgi/rights/contact.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/rights/rights.h"
#include <stdio.h>
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

static bool receipt_read(char out[TOKEN_LEN + 1], const char *text)
{
	return token_read(out, text, "");
}

// The token in the address of a ZIP, whole or from the last slash on, or by itself.
static bool archive_read(char out[TOKEN_LEN + 1], const char *text)
{
	const char *slash = strrchr(text, '/');
	return token_read(out, slash != NULL ? slash + 1 : text, ".zip");
}

static int refuse_receipt(struct request *r)
{
	respond_problem(r, 422, "receipt-shape", "receipt", "A receipt is %d letters, digits, - and _. Copy the whole of it.", TOKEN_LEN);
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

// For programs with their names and dates, for people with theirs.
static void respond_recorded(struct request *r, const struct rights_receipt *receipt)
{
	bool page = request_wants(r, "text/html");
	char due[WHEN_WORDS];
	if (page)
		when_day(due, receipt->due);
	else
		when_text(due, receipt->due);
	JSON_AUTO cJSON *answer = cJSON_CreateObject();
	if (answer == NULL || cJSON_AddStringToObject(answer, page ? "Number" : "id", receipt->id) == NULL ||
	    cJSON_AddStringToObject(answer, page ? "Secret" : "secret", receipt->secret) == NULL ||
	    cJSON_AddStringToObject(answer, page ? "Answer due by" : "due", due) == NULL)
		return; // answered with 500
	if (page)
		respond_page(r, 201, "Your request is recorded",
			     "Keep the number and the secret: with both you can look up the answer. The secret is shown only now.", answer);
	else
		respond_json(r, 201, answer);
}

// What the table of fields cannot say. -1 when it has answered.
static int check_asked(struct request *r, char receipt[TOKEN_LEN + 1], char archive[TOKEN_LEN + 1])
{
	const char *contact = request_text(r, "contact"), *given = request_text(r, "receipt"), *zip = request_text(r, "archive");
	if (given != NULL && !receipt_read(receipt, given))
		return refuse_receipt(r);
	if (given != NULL && zip != NULL)
		respond_problem(r, 422, "receipt-or-archive", "archive", "Give the receipt or the address of the ZIP, not both.");
	else if (zip != NULL && !archive_read(archive, zip))
		respond_problem(r, 422, "archive-shape", "archive", "This is not the address of a ZIP. Copy the whole of the link.");
	if (responded(r))
		return -1;
	const char *fault = contact != NULL ? contact_fault(contact) : NULL;
	if (fault != NULL)
		respond_problem(r, 422, "contact-shape", "contact", "%s", fault);
	return fault != NULL ? -1 : 0;
}

static void handle_request(struct request *r, void *context)
{
	struct rights_receipt receipt;
	struct err e = {0};
	char of_set[TOKEN_LEN + 1], of_zip[TOKEN_LEN + 1];
	if (request_check(r, request_fields_table) != 0 || check_asked(r, of_set, of_zip) != 0)
		return;
	const struct rights_new asked = {
	    .right = request_text(r, "right"),
	    .contact = request_text(r, "contact"),
	    .receipt = request_text(r, "receipt") != NULL ? of_set : NULL,
	    .archive = request_text(r, "archive") != NULL ? of_zip : NULL,
	    .message = request_text(r, "message"),
	};
	if (rights_record(context, &asked, &receipt, &e) == 0)
		respond_recorded(r, &receipt);
	else if (e.code == ERR_REFUSED)
		respond_problem(r, 422, "right-not-offered", "right", "%s", e.text);
	else
		respond_err(r, &e);
}

// ---- GET /api/rights/<id> ----

// The secret of "Authorization: Bearer <secret>", "" when there is none: that is as wrong as any other wrong one.
static const char *bearer(const struct request *r)
{
	const char *authorization = request_header(r, "Authorization");
	if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
		return "";
	return authorization + 7 + strspn(authorization + 7, " ");
}

static void handle_show(struct request *r, void *context)
{
	BUF_AUTO_WIPE struct buf json = BUF_INIT(ANSWER_MAX);
	struct err e = {0};
	const char *id = request_rest(r), *secret = bearer(r);
	bool shaped = strlen(id) == RECORD_ID_LEN && strspn(id, "0123456789abcdef") == RECORD_ID_LEN && token_shaped(secret);
	if (shaped && rights_show(context, id, secret, &json, &e) == 0)
		respond_bytes(r, 200, "application/json", buf_text(&json), json.len);
	else if (!shaped || e.code == ERR_NOT_FOUND)
		respond_problem(r, 404, "not-found", NULL, "There is no request with this number and this secret.");
	else
		respond_err(r, &e);
}

// ---- POST /api/erase ----

static const struct field erase_fields[] = {
    {.name = "receipt", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {0},
};

static void respond_partial(struct request *r, cJSON **certificate)
{
	JSON_AUTO cJSON *problem =
	    problem_object(503, "erasure-partial", NULL,
			   "Not every store could be reached, so the erasure is not complete. Send the same receipt again later.");
	if (problem != NULL && cJSON_AddItemToObject(problem, "certificate", *certificate)) {
		*certificate = NULL;
		respond_problem_object(r, problem);
	}
}

static bool add_store(cJSON *list, const cJSON *store)
{
	char line[128];
	const char *name = json_string(store, "name");
	snprintf(line, sizeof line, "%s: %.0f found, %.0f erased", name != NULL ? name : "?", json_number(store, "found", 0),
		 json_number(store, "erased", 0));
	return cJSON_AddItemToArray(list, cJSON_CreateString(line));
}

static bool add_scan(cJSON *facts, const cJSON *scan)
{
	char line[128] = "not made";
	if (cJSON_IsObject(scan))
		snprintf(line, sizeof line, "%.0f files, %.0f bytes: %.0f traces found", json_number(scan, "files", 0),
			 json_number(scan, "bytes", 0), json_number(scan, "hits", 0));
	return cJSON_AddStringToObject(facts, "Search for traces", line) != NULL;
}

static bool add_copies(cJSON *facts, const cJSON *certificate, bool erased)
{
	static const struct {
		const char *name, *of;
		bool when_erased; // only then
	} texts[] = {{"Certificate", "cert_id", true},
		     {"Erased by", "controller", true},
		     {"Policy version", "policy_version", false},
		     {"SHA-256 of the policy", "policy_sha256", false},
		     {"Note", "note", false}};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = erased || !texts[i].when_erased ? json_string(certificate, texts[i].of) : NULL;
		if (text != NULL && cJSON_AddStringToObject(facts, texts[i].name, text) == NULL)
			return false;
	}
	return true;
}

// The certificate for a person without the page's script. Where nothing was found it is none, and is not called so.
static void respond_certificate(struct request *r, const cJSON *certificate)
{
	char day[WHEN_WORDS] = "unknown", entry[32] = "no entry";
	const cJSON *index = json_get(certificate, "audit_index");
	bool erased = cJSON_IsNumber(index);
	const char *at = json_string(certificate, "executed_at");
	const cJSON *store;
	time_t executed;
	JSON_AUTO cJSON *facts = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(facts, "What was found");
	if (at != NULL && when_parse(&executed, at) == 0)
		when_day(day, executed);
	if (erased)
		snprintf(entry, sizeof entry, "entry %.0f", index->valuedouble);
	bool ok = list != NULL && cJSON_AddStringToObject(facts, erased ? "Erased on" : "Looked for on", day) != NULL &&
		  add_scan(facts, json_get(certificate, "residue_scan")) &&
		  cJSON_AddStringToObject(facts, "In our ledger", entry) != NULL && add_copies(facts, certificate, erased);
	cJSON_ArrayForEach(store, json_get(certificate, "stores"))
	{
		ok = ok && add_store(list, store);
	}
	if (!ok)
		return; // answered with 500
	if (erased)
		respond_page(r, 200, "Erased", "What was made under this receipt is gone; the certificate says what was found.", facts);
	else
		respond_page(r, 200, "Nothing was found under this receipt",
			     "Check it: if it is right, what was made under it was erased or has ended already.", facts);
}

static void handle_erase(struct request *r, void *context)
{
	BUF_AUTO struct buf text = BUF_INIT(ANSWER_MAX);
	struct err e = {0};
	if (request_check(r, erase_fields) != 0)
		return;
	char receipt[TOKEN_LEN + 1];
	if (!receipt_read(receipt, request_text(r, "receipt"))) {
		refuse_receipt(r);
		return;
	}
	if (rights_erase(context, receipt, &text, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	JSON_AUTO cJSON *certificate = json_parse(buf_text(&text), text.len, &e);
	if (certificate == NULL)
		respond_err(r, &e);
	else if (!cJSON_IsTrue(json_get(certificate, "complete")))
		respond_partial(r, &certificate);
	else if (request_wants(r, "text/html"))
		respond_certificate(r, certificate);
	else
		respond_json(r, 200, certificate);
}

// ---- GET /privacy/live.json ----

static void handle_live(struct request *r, void *context)
{
	struct census census = {0};
	struct err e = {0};
	if (vault_census(context, &census, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	JSON_AUTO cJSON *live = live_object(request_policy(r), &census, when_now());
	if (live != NULL)
		respond_json(r, 200, live);
}

static const struct route routes[] = {
    {.method = "POST",
     .path = "/api/rights",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = ERASE_DEADLINE_MS,
     .kinds = KIND_BIT(KIND_RIGHTS_REQUEST),
     .changes_state = true,
     .handle = handle_request},
    {.method = "GET", .path = "/api/rights/*", .deadline_ms = DEADLINE_MS, .kinds = KIND_BIT(KIND_RIGHTS_REQUEST), .handle = handle_show},
    {.method = "POST",
     .path = "/api/erase",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_JSON | BODY_FORM,
     .deadline_ms = ERASE_DEADLINE_MS,
     .changes_state = true,
     .handle = handle_erase},
    {.method = "GET", .path = "/privacy/live.json", .deadline_ms = DEADLINE_MS, .handle = handle_live},
    {0},
};

const struct program rights_program = {.name = "rights", .routes = routes};
