// SPDX-License-Identifier: ISC
#include "fcgi/rights/export.h"
#include "fcgi/rights/by_connection.h"
#include "fcgi/rights/rights_page.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/rights/erase.h"
#include "policy/rights/export.h"
#include "policy/rights/request.h"
#include "policy/rights/rights_token.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

// Each reads a picture into memory at a time.
enum { EXPORTS_AT_ONCE = 4, PATIENCE_MS = 20000 };
static atomic_int exports_under_way;

static const struct field export_fields[] = {
    {.name = "connection", .type = FIELD_BOOL},
    {.name = "right", .type = FIELD_TEXT, .min = 1, .max = 64}, // of the page's form, which is shown again where something is wrong
    {.name = "receipt", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "archive", .type = FIELD_TEXT, .min = 1, .max = 500},
    {.name = "id", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "secret", .type = FIELD_TEXT, .min = 1, .max = 200},
    {0},
};

struct export_out {
	struct request *r;
	bool begun;
};

// The answer begins with the first piece: what fails before is answered as a problem.
static int export_piece(void *arg, const void *bytes, size_t len)
{
	struct export_out *out = arg;

	if (!out->begun && respond_begin(out->r, 200, "application/zip", false) != 0)
		return -1;
	out->begun = true;
	return respond_write(out->r, bytes, len) != 0 || respond_flush(out->r) != 0 ? -1 : 0;
}

static bool export_offered(const struct policy *p)
{
	const struct policy_right *access = policy_right(p, RIGHT_ACCESS), *portability = policy_right(p, RIGHT_PORTABILITY);

	return (access != NULL && access->self_service) || (portability != NULL && portability->self_service);
}

// Whether all of it was handed out.
static bool export_send(struct request *r, struct vault *v, const struct export_selector *by, size_t count)
{
	const struct policy *p = request_policy(r);
	struct export_out out = {.r = r};
	struct export *x = NULL;
	struct err e = {0};
	bool whole = false;
	char disposition[128];
	size_t name_len = strspn(p->site, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (export_gather(&x, v, p, by, count, &e) != 0 || export_record(x, NULL, NULL, NULL, &e) != 0) {
		respond_err(r, &e);
	} else {
		snprintf(disposition, sizeof disposition, "attachment; filename=\"%.*s-my-data.zip\"", name_len > 40 ? 40 : (int)name_len,
			 p->site);
		respond_header(r, "Content-Disposition", disposition);
		respond_header(r, "Cache-Control", "private, no-store");
		respond_patience(r, PATIENCE_MS);
		// Where something fails under way, the ZIP has no end, and whoever opens it is told so.
		whole = export_write(x, NULL, export_piece, &out, &e) == 0 && export_missed(x) == NULL;
		if (!whole && !out.begun)
			respond_err(r, &e);
	}
	export_free(x);
	return whole;
}

// A request for what was just handed out is answered by it. One that names nothing of the site is not: its copy has the request alone.
static void export_answers(struct vault *v, const char *id, const cJSON *request)
{
	const char *name = json_string(request, "right"), *state = json_string(request, "state");
	const struct policy_right *right = policy_right_named(vault_policy(v), name);

	if (right != NULL && (right->id == RIGHT_ACCESS || right->id == RIGHT_PORTABILITY) && right->self_service &&
	    (STATE_BIT(rights_state_read(state)) & STATES_OPEN) != 0)
		(void)rights_act(v, id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "site"}, NULL); // else an officer sees it open
}

// Why the copy of a request is not handed out (any more); false: nothing against it.
bool export_refused(struct request *r, const cJSON *shown)
{
	const time_t until = json_time(shown, "copy_until");
	char day[WORD_DAY];

	if (cJSON_IsTrue(json_get(shown, "mailbox"))) {
		respond_problem(r, 403, "problem.refused.mailbox", NULL, NULL);
		return true;
	}
	if (until == 0 || until > when_now())
		return false;
	word_day(day, until, word_language(request_policy(r)));
	respond_problem(r, 410, "problem.copy-over", NULL, WORD_VALUES({"day", day}));
	return true;
}

void export_respond(struct request *r, void *vault)
{
	PERSON_AUTO struct person person = {0};
	struct export_selector by[EXPORT_SELECTORS_MAX];
	JSON_AUTO cJSON *request = NULL;
	char receipt[TOKEN_LEN + 1], archive[TOKEN_LEN + 1], secret[TOKEN_LEN + 1], record[RECORD_ID_LEN + 1];
	struct err e = {0};
	size_t count = 0;

	if (request_check(r, export_fields) != 0)
		return;
	const char *typed = request_text(r, "receipt"), *id = request_text(r, "id"), *typed_secret = request_text(r, "secret"),
		   *zip = request_text(r, "archive");
	const bool connection = request_int(r, "connection", 0) == 1;
	if ((typed != NULL) + (id != NULL) + (zip != NULL) + connection != 1 || (id != NULL) != (typed_secret != NULL)) {
		respond_problem(r, 422, "problem.export-which", "receipt", NULL);
		return;
	}
	if (connection) {
		const char *agent = request_header(r, "User-Agent"), *address = by_connection_address(r, RIGHT_ACCESS);
		by[count++] = (struct export_selector){.by = ERASE_ADDRESS, .value = address, .agent = agent != NULL ? agent : ""};
		if (address == NULL)
			return;
	} else if (id == NULL && !export_offered(request_policy(r))) {
		respond_problem(r, 403, "problem.refused.export", NULL, NULL);
		return;
	}
	if (typed != NULL && !rights_token_read(receipt, typed)) {
		rights_page_fault(r, request_text(r, "right"), "receipt", "problem.receipt-shape");
		return;
	}
	if (zip != NULL && !rights_token_archive(archive, zip)) {
		rights_page_fault(r, request_text(r, "right"), "archive", "problem.archive-shape");
		return;
	}
	if (zip != NULL) {
		if (rights_archive_id(vault, archive, record, &e) != 0) {
			respond_err(r, &e);
			return;
		}
		by[count++] = (struct export_selector){.by = ERASE_RECORD, .value = record, .by_link = true};
	} else if (typed != NULL) {
		by[count++] = (struct export_selector){.by = ERASE_RECEIPT, .value = receipt};
	} else if (!connection && (!rights_token_read(secret, typed_secret) || (request = rights_show(vault, id, secret, &e)) == NULL)) {
		if (e.code == ERR_NONE || e.code == ERR_NOT_FOUND)
			respond_problem(r, 404, "problem.not-found.request", NULL, NULL);
		else
			respond_err(r, &e);
		return;
	}
	// A request to a copy gives it as the policy has that right: to who has shown who they are, and by an officer's answer where not at once.
	if (request != NULL && export_refused(r, request))
		return;
	const struct policy_right *right = policy_right_named(request_policy(r), json_string(request, "right"));
	const bool asks = right != NULL && (right->id == RIGHT_ACCESS || right->id == RIGHT_PORTABILITY);
	const bool by_more = asks && right->verify != VERIFY_NONE && right->verify != VERIFY_RECEIPT;
	if (id != NULL && (!(asks ? rights_page_copy(request_policy(r), request) : export_offered(request_policy(r))) ||
			   (by_more && rights_check_identity(vault, id, &e) != 0))) {
		respond_problem(r, 403, "problem.refused.export", NULL, NULL);
		return;
	}
	// What else is of the same contact has who asks for a copy, and is answered.
	if (id != NULL && export_of_request(vault, id, asks ? EXPORT_CONTACT_PROVEN : EXPORT_CONTACT_NEVER, by, &count, &person, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	if (atomic_fetch_add(&exports_under_way, 1) < EXPORTS_AT_ONCE) {
		if (export_send(r, vault, by, count) && id != NULL && person.count > 0)
			export_answers(vault, id, request);
	} else {
		respond_problem(r, 503, "problem.busy.export", NULL, NULL);
	}
	atomic_fetch_sub(&exports_under_way, 1);
}

void export_respond_request(struct request *r, struct vault *v, const char *id)
{
	PERSON_AUTO struct person person = {0};
	struct export_selector by[EXPORT_SELECTORS_MAX];
	struct err e = {0};
	size_t count = 0;

	if (export_of_request(v, id, EXPORT_CONTACT_PROVEN, by, &count, &person, &e) != 0) {
		if (e.code == ERR_NOT_FOUND)
			respond_problem(r, 404, "problem.not-found.request", NULL, NULL);
		else
			respond_err(r, &e);
		return;
	}
	if (atomic_fetch_add(&exports_under_way, 1) < EXPORTS_AT_ONCE)
		export_send(r, v, by, count);
	else
		respond_problem(r, 503, "problem.busy.export", NULL, NULL);
	atomic_fetch_sub(&exports_under_way, 1);
}
