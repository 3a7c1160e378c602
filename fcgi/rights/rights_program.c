// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"
#include "fcgi/ipc/making_call.h"
#include "fcgi/rights/acknowledge.h"
#include "fcgi/rights/agent_request.h"
#include "fcgi/rights/by_connection.h"
#include "fcgi/rights/consents.h"
#include "fcgi/rights/contact.h"
#include "fcgi/rights/drp.h"
#include "fcgi/rights/export.h"
#include "fcgi/rights/live_figures.h"
#include "fcgi/rights/live_page.h"
#include "fcgi/rights/opendsr.h"
#include "fcgi/rights/rights_page.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/mail_address.h"
#include "policy/base/setting.h"
#include "policy/publish/render/writer.h"
#include "policy/rights/at_once.h"
#include "policy/rights/erase.h"
#include "policy/rights/rectify.h"
#include "policy/rights/rights_token.h"
#include "policy/rules/offer.h"
#include "policy/vault/seal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	DEADLINE_MS = 15000,
	ERASE_DEADLINE_MS = 120000, // every store, a checkpoint, a scan
	PROOF_MAX = 1024 * 1024,
};

// ---- POST /api/rights ----

static const struct field plan_fields[] = {
    {.name = "connection", .type = FIELD_BOOL}, // of the plan alone
    {.name = "right", .type = FIELD_TEXT, .required = true, .min = 1, .max = 64},
    {.name = "contact", .type = FIELD_TEXT, .min = 3, .max = 254},
    {.name = "receipt", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "archive", .type = FIELD_TEXT, .min = 1, .max = 500},
    {.name = "message", .type = FIELD_TEXT, .min = 1, .max = 4000},
    {.name = "key", .type = FIELD_TEXT, .min = 1, .max = 128}, // of a form, for what is sent twice
    {0},
};
static const struct field *const request_fields_table = plan_fields + 1;

// What was sent, checked.
struct asked {
	struct rights_new request; // its texts are here and in the request's fields
	const struct policy_right *right;
	char receipt[TOKEN_LEN + 1], archive[TOKEN_LEN + 1], principal[TOKEN_LEN + 1], secret[TOKEN_LEN + 1];
	bool decides; // about the consents of `principal`
	bool nothing; // a consent would be taken back at once, and none was given by this browser, which says nothing more
	struct buf contact;
	const char *field, *fault; // the key of the word for what is wrong with it; NULL: nothing
};

// Where the policy asks who it is by mail, what no mail can be written to asks nobody.
static bool contact_unasked(const struct policy_right *right, const char *contact)
{
	char address[MAIL_ADDRESS_SIZE];

	return right != NULL && right->verify == VERIFY_MAIL && mail_address_read(address, contact, NULL) != 0;
}

// `once`: whether `a` has the secret, which follows from what was sent.
static void asked_read(struct request *r, bool once, struct asked *a)
{
	const char *typed = request_text(r, "contact"), *given = request_text(r, "receipt"), *zip = request_text(r, "archive"),
		   *right = request_text(r, "right");
	const int id = policy_word_value(&policy_right_words, right, strlen(right));

	a->contact = BUF_INIT(4 * 254);
	a->right = id >= 0 ? policy_right(request_policy(r), (enum policy_right_id)id) : NULL;
	// An opt-out of somebody who decided nothing yet is kept for their browser, too.
	const bool consents = a->right != NULL && consents_act(request_policy(r), a->right), known = consents_principal(r, a->principal);
	if (consents && !known && id != RIGHT_WITHDRAWAL && once)
		seal_token(a->principal, "lethe principal ", a->secret);
	else if (consents && !known && id != RIGHT_WITHDRAWAL)
		token_new(a->principal);
	a->decides = consents && (known || id != RIGHT_WITHDRAWAL);
	a->nothing = consents && !a->decides && typed == NULL && request_text(r, "message") == NULL;
	if (typed != NULL)
		contact_tidy(&a->contact, typed);
	a->request = (struct rights_new){.right = right,
					 .contact = typed != NULL ? buf_text(&a->contact) : NULL,
					 .receipt = given != NULL ? a->receipt : NULL,
					 .archive = zip != NULL ? a->archive : NULL,
					 .message = request_text(r, "message"),
					 .language = request_policy(r)->language,
					 .principal = a->decides ? a->principal : NULL,
					 .secret = once ? a->secret : NULL,
					 .signal = consents_signal(r)};
	if (given != NULL && !rights_token_read(a->receipt, given)) {
		a->field = "receipt";
		a->fault = "problem.receipt-shape";
	} else if (given != NULL && zip != NULL) {
		a->field = "archive";
		a->fault = "problem.receipt-or-archive";
	} else if (zip != NULL && !rights_token_archive(a->archive, zip)) {
		a->field = "archive";
		a->fault = "problem.archive-shape";
	} else if (typed != NULL && (a->fault = contact_fault(a->request.contact)) != NULL) {
		a->field = "contact";
	} else if (typed != NULL && contact_unasked(a->right, a->request.contact)) {
		a->field = "contact";
		a->fault = "problem.contact-shape.mailable";
	}
}

static void respond_not_offered(struct request *r)
{
	const struct policy *p = request_policy(r);
	BUF_AUTO struct buf offered = BUF_INIT(64 * 1024);

	for (size_t i = 0; i < p->right_count; i++)
		buf_printf(&offered, "%s%s", i > 0 ? word(p, "join.comma") : "", policy_word(&policy_right_words, p->rights[i].id));
	respond_problem(r, 422, "problem.right-not-offered", "right",
			WORD_VALUES({"rights", p->right_count > 0 ? buf_text(&offered) : word(p, "join.none")}));
}

// `missing`: the key of the word for what there is not.
static void respond_failed(struct request *r, const struct err *e, const char *missing)
{
	if (e->code == ERR_NONE || e->code == ERR_NOT_FOUND)
		respond_problem(r, 404, missing, NULL, NULL);
	else
		respond_err(r, e);
}

// For a browser; for programs as JSON. `fault`: the key of the word for what is wrong with the field that was typed; NULL: nothing is.
static void respond_own(struct request *r, struct vault *v, const char *id, const char *secret, enum rights_own_view view,
			const char *field, const char *fault)
{
	struct err e = {0};
	JSON_AUTO cJSON *shown = rights_show(v, id, secret, &e);

	if (shown == NULL)
		respond_failed(r, &e, "problem.not-found.request");
	else if (request_wants(r, "text/html"))
		rights_page_own(r, shown, secret, view,
				&(struct rights_typed){.contact = fault != NULL ? request_text(r, "contact") : NULL,
						       .message = fault != NULL ? request_text(r, "message") : NULL,
						       .field = field,
						       .fault = fault != NULL ? word(request_policy(r), fault) : NULL});
	else if (fault != NULL)
		respond_problem(r, 422, fault, field, NULL);
	else
		respond_json(r, 200, shown);
}

static void respond_no_consent(struct request *r)
{
	if (request_wants(r, "text/html"))
		rights_page_no_consent(r);
	else
		respond_problem(r, 409, "problem.consents-none", NULL, NULL);
}

static void handle_request(struct request *r, void *context)
{
	struct rights_receipt receipt;
	struct asked a = {0};
	struct err e = {0};

	if (request_check(r, request_fields_table) != 0)
		return;
	const int once = request_once(r, "lethe request ", NULL, a.secret);
	if (once < 0) {
		respond_problem(r, 400, "problem.idempotency-key", NULL, NULL);
		return;
	}
	asked_read(r, once > 0, &a);
	if (a.nothing) {
		respond_no_consent(r);
		return;
	}
	const bool recorded = a.fault == NULL && rights_record(context, &a.request, &receipt, &e) == 0;
	if (recorded)
		acknowledge_by_mail(context, request_policy(r), receipt.id, a.request.contact, request_address(r));
	if (recorded && a.decides)
		consents_cookie(r, a.principal);
	if (a.fault != NULL) {
		rights_page_fault(r, a.request.right, a.field, a.fault);
	} else if (!recorded) {
		if (e.code == ERR_REFUSED)
			respond_not_offered(r);
		else
			respond_err(r, &e);
	} else if (request_wants(r, "text/html")) {
		respond_own(r, context, receipt.id, receipt.secret, OWN_FRESH, NULL, NULL);
	} else {
		JSON_AUTO cJSON *answer = json_make(JSON_MEMBERS(MEMBER_TEXT("id", receipt.id), MEMBER_TEXT("secret", receipt.secret),
								 MEMBER_TIME("due", receipt.due), MEMBER_TEXT("signal", receipt.signal)));
		respond_json(r, 201, answer);
	}
	buf_wipe(&a.contact);
}

// ---- POST /api/rights/plan: the same, and nothing is done yet; POST /api/rights/start: the page of rights with the receipt filled in ----

static void handle_plan(struct request *r, void *context)
{
	struct asked a = {0};

	if (request_check(r, plan_fields) != 0)
		return;
	if (request_int(r, "connection", 0) == 1) { // erasure by the address that asks
		const char *address = by_connection_address(r, RIGHT_ERASURE);
		if (address != NULL)
			rights_page_plan_connection(r, context, address);
		return;
	}
	asked_read(r, false, &a);
	if (a.right == NULL)
		respond_not_offered(r);
	else if (a.fault != NULL)
		rights_page_fault(r, a.request.right, a.field, a.fault);
	else if (a.nothing)
		respond_no_consent(r);
	else
		rights_page_plan(r, context, a.right, &a.request);
	buf_wipe(&a.contact);
}

static const struct field start_fields[] = {
    {.name = "receipt", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {0},
};

static void handle_start(struct request *r, void *context)
{
	(void)context;
	if (request_check(r, start_fields) == 0)
		rights_page_start(r, &(struct rights_typed){.receipt = request_text(r, "receipt")});
}

// ---- GET /api/rights: which rights there are, and how each is exercised ----

// {site, rights[{id, name, how, who, verify, self_service, at_once, acts_on, path, takes[], connection, signal}]}; acts_on, connection and signal may be null.
// `self_service` is what the policy says, `at_once` that sending `takes` to `path` carries it out, `connection` where {"connection": true} is sent.
static void handle_offer(struct request *r, void *context)
{
	const struct policy *p = request_policy(r);
	JSON_AUTO cJSON *o = json_make(JSON_MEMBERS(MEMBER_TEXT("site", p->shown_as)));
	cJSON *rights = cJSON_AddArrayToObject(o, "rights");

	(void)context;
	for (const struct policy_right *right = p->rights; right < p->rights + p->right_count; right++) {
		const struct offer *offer = offer_of(right);
		BUF_AUTO struct buf how = BUF_INIT(64 * 1024);
		cJSON *takes = cJSON_CreateArray();
		prose_plain(p, &right->how, &how);
		for (size_t t = 0; offer->takes[t] != NULL; t++)
			cJSON_AddItemToArray(takes, cJSON_CreateString(offer->takes[t]));
		json_push(rights,
			  JSON_MEMBERS(MEMBER_TEXT("id", policy_word(&policy_right_words, right->id)), MEMBER_TEXT("name", right->name),
				       MEMBER_TEXT("how", buf_text(&how)), MEMBER_TEXT("who", policy_word(&policy_who_words, right->who)),
				       MEMBER_TEXT("verify", policy_word(&policy_verify_words, right->verify)),
				       MEMBER_BOOL("self_service", right->self_service), MEMBER_BOOL("at_once", offer_acts(p, right)),
				       MEMBER_NULLABLE_TEXT("acts_on", offer->acts_on), MEMBER_TEXT("path", offer->path),
				       MEMBER_ITEM("takes", takes), MEMBER_NULLABLE_TEXT("connection", offer_connection(p, right)),
				       MEMBER_NULLABLE_TEXT("signal", policy_word(&policy_signal_words, right->signal))));
	}
	if (o != NULL)
		respond_json(r, 200, o);
}

// ---- GET /api/rights/<id> ----

static void handle_show(struct request *r, void *context)
{
	struct err e = {0};
	// No secret is as wrong as any other wrong one.
	const char *id = request_rest(r), *authorization = request_header(r, "Authorization"), *secret = "";
	if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
		secret = authorization + 7 + strspn(authorization + 7, " ");
	bool shaped = strlen(id) == RECORD_ID_LEN && strspn(id, "0123456789abcdef") == RECORD_ID_LEN && token_shaped(secret);
	JSON_AUTO cJSON *shown = shaped ? rights_show(context, id, secret, &e) : NULL;
	if (shown != NULL)
		respond_json(r, 200, shown);
	else
		respond_failed(r, &e, "problem.not-found.request");
}

// ---- POST /api/rights/look-up, …/withdraw, …/add, …/confirm, …/mail: the same without a script, taking it back, adding to it, the code of a mail, and another
// mail ----

#define OWN_REQUEST                                                                                                                        \
	{.name = "id", .type = FIELD_TEXT, .required = true, .min = 1, .max = 64},                                                         \
	{                                                                                                                                  \
		.name = "secret", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200                                               \
	}
static const struct field own_fields[] = {
    OWN_REQUEST,
    {0},
};
static const struct field add_fields[] = {
    OWN_REQUEST,
    {.name = "text", .type = FIELD_TEXT, .required = true, .min = 1, .max = 4000},
    {0},
};

static const struct field confirm_fields[] = {
    OWN_REQUEST,
    {.name = "code", .type = FIELD_TEXT, .required = true, .min = 1, .max = 20},
    {0},
};

enum own_act { OWN_LOOK_UP, OWN_WITHDRAW, OWN_ADD, OWN_CONFIRM, OWN_MAIL };
static const struct field *const own_act_fields[] = {own_fields, own_fields, add_fields, confirm_fields, own_fields};

// Whose request it is, is checked first, and for all alike.
static int own_do(struct request *r, struct vault *v, enum own_act act, const char *id, const char *secret, struct err *e)
{
	JSON_AUTO cJSON *shown = act == OWN_CONFIRM || act == OWN_MAIL ? rights_show(v, id, secret, e) : NULL;

	switch (act) {
	case OWN_WITHDRAW:
		return rights_withdraw(v, id, secret, e);
	case OWN_ADD:
		return rights_add(v, id, secret, request_text(r, "text"), e);
	case OWN_CONFIRM:
		return shown != NULL ? identity_confirm_code(v, id, request_text(r, "code"), e) : -1;
	case OWN_MAIL:
		return shown != NULL ? acknowledge_ask(v, request_policy(r), id, request_address(r), e) : -1;
	default:
		return 0; // what is shown afterwards
	}
}

static bool own_superseded(struct vault *v, const char *id, const char *secret)
{
	JSON_AUTO cJSON *shown = rights_show(v, id, secret, NULL);

	return cJSON_IsTrue(json_get(shown, "mailbox"));
}

// A request's number as it was typed.
static bool own_number(char out[RECORD_ID_LEN + 1], const char *typed)
{
	typed += strspn(typed, " \t\r\n");
	const size_t len = strspn(typed, "0123456789abcdef");

	snprintf(out, RECORD_ID_LEN + 1, "%.*s", RECORD_ID_LEN, typed);
	return len == RECORD_ID_LEN && typed[len + strspn(typed + len, " \t\r\n")] == '\0';
}

static void handle_own(struct request *r, struct vault *v, enum own_act act)
{
	char secret[TOKEN_LEN + 1], id[RECORD_ID_LEN + 1] = "";
	struct err e = {0};
	if (request_check(r, own_act_fields[act]) != 0)
		return;
	const bool shaped = own_number(id, request_text(r, "id")) && rights_token_read(secret, request_text(r, "secret"));
	if (shaped && own_do(r, v, act, id, secret, &e) == 0)
		respond_own(r, v, id, secret, OWN_AGAIN, NULL, NULL);
	else if (act == OWN_CONFIRM && e.code == ERR_INPUT)
		respond_own(r, v, id, secret, OWN_AGAIN, "code", "problem.code");
	else if (act == OWN_MAIL && e.code == ERR_REFUSED)
		respond_problem(r, 409, "problem.no-mail", NULL, NULL);
	else if (act == OWN_MAIL && e.code == ERR_BUSY)
		respond_problem(r, 429, "problem.mail-often", NULL, NULL);
	else if (act == OWN_ADD && e.code == ERR_INPUT)
		respond_problem(r, 409, "problem.request-full", "text", NULL);
	else if (e.code == ERR_REFUSED && own_superseded(v, id, secret))
		respond_problem(r, 403, "problem.refused.mailbox", NULL, NULL);
	else if (e.code == ERR_REFUSED)
		respond_problem(r, 409, "problem.request-over", NULL, NULL);
	else
		respond_failed(r, &e, "problem.not-found.request");
}

static void handle_look_up(struct request *r, void *context)
{
	handle_own(r, context, OWN_LOOK_UP);
}

static void handle_withdraw(struct request *r, void *context)
{
	handle_own(r, context, OWN_WITHDRAW);
}

static void handle_add(struct request *r, void *context)
{
	handle_own(r, context, OWN_ADD);
}

static void handle_confirm_code(struct request *r, void *context)
{
	handle_own(r, context, OWN_CONFIRM);
}

static void handle_mail(struct request *r, void *context)
{
	handle_own(r, context, OWN_MAIL);
}

// ---- /rights/confirm/<token>: what the link of a mail leads to. GET shows the button and changes nothing: programs that look through mails follow links. ----

static void handle_confirm_page(struct request *r, void *context)
{
	struct identity_request asked;
	struct err e = {0};

	if (identity_link_find(context, request_rest(r), &asked, &e) == 0)
		rights_page_confirm(r, request_rest(r), &asked);
	else
		respond_failed(r, &e, "problem.not-found.confirm");
}

static const struct field confirm_page_fields[] = {
    {.name = "id", .type = FIELD_TEXT, .min = 1, .max = 64}, // of another request of the address
    {0},
};

// Who pressed the button is shown the request under a new secret: who has the first one need not read these mails.
static void handle_confirm(struct request *r, void *context)
{
	char id[RECORD_ID_LEN + 1] = "", number[RECORD_ID_LEN + 1], secret[TOKEN_LEN + 1] = "";
	struct err e = {0};

	if (request_check(r, confirm_page_fields) != 0)
		return;
	const char *typed = request_text(r, "id");
	if ((typed != NULL && !own_number(number, typed)) ||
	    identity_confirm_link(context, request_rest(r), typed != NULL ? number : NULL, id, secret, &e) != 0) {
		respond_failed(r, &e, "problem.not-found.confirm");
	} else if (request_wants(r, "text/html")) {
		respond_own(r, context, id, secret, OWN_CONFIRMED, NULL, NULL);
	} else {
		JSON_AUTO cJSON *answer =
		    json_make(JSON_MEMBERS(MEMBER_BOOL("confirmed", true), MEMBER_TEXT("id", id), MEMBER_TEXT("secret", secret)));
		respond_json(r, 200, answer);
	}
	explicit_bzero(secret, sizeof secret);
}

// ---- POST /api/rights/rectify: what an own open request says ----

static const struct field rectify_fields_table[] = {
    OWN_REQUEST,
    {.name = "contact", .type = FIELD_TEXT, .min = 3, .max = 254},
    {.name = "message", .type = FIELD_TEXT, .min = 1, .max = 4000},
    {0},
};

static void handle_rectify(struct request *r, void *context)
{
	char secret[TOKEN_LEN + 1];
	BUF_AUTO_WIPE struct buf contact = BUF_INIT(4 * 254);
	struct rectify_value values[2];
	struct err e = {0}, unsent = {0};
	size_t count = 0;

	if (request_check(r, rectify_fields_table) != 0)
		return;
	const char *id = request_text(r, "id"), *typed = request_text(r, "contact"), *message = request_text(r, "message");
	if (typed != NULL) {
		contact_tidy(&contact, typed);
		values[count++] = (struct rectify_value){"contact", buf_text(&contact)};
	}
	if (message != NULL)
		values[count++] = (struct rectify_value){"message", message};
	const char *fault = typed != NULL ? contact_fault(buf_text(&contact)) : count == 0 ? "problem.rectify-what" : NULL;
	JSON_AUTO cJSON *own = rights_token_read(secret, request_text(r, "secret")) ? rights_show(context, id, secret, &e) : NULL;
	if (fault == NULL && typed != NULL && own != NULL &&
	    contact_unasked(policy_right_named(request_policy(r), json_string(own, "right")), buf_text(&contact)))
		fault = "problem.contact-shape.mailable";
	if (!offer_corrects(request_policy(r))) {
		respond_problem(r, 403, "problem.refused.rectify", NULL, NULL);
	} else if (own == NULL) {
		respond_failed(r, &e, "problem.not-found.request");
	} else if (cJSON_IsTrue(json_get(own, "mailbox"))) {
		respond_problem(r, 403, "problem.refused.mailbox", NULL, NULL);
	} else if (fault != NULL) {
		respond_own(r, context, id, secret, OWN_AGAIN, "contact", fault);
	} else if (rectify_request(context, id, values, count, "person", NULL, &e) != 0) {
		if (e.code == ERR_REFUSED)
			respond_problem(r, 409, "problem.request-over", NULL, NULL);
		else if (e.code == ERR_INPUT)
			respond_own(r, context, id, secret, OWN_AGAIN, typed != NULL ? "contact" : "message", "problem.rectify-what");
		else
			respond_err(r, &e);
	} else {
		// Where the mails of the address are to be shown to be read, those of the new one are. Where none goes now, the page has a button for it.
		if (typed != NULL)
			(void)acknowledge_ask(context, request_policy(r), id, request_address(r), &unsent);
		respond_own(r, context, id, secret, OWN_AGAIN, NULL, NULL);
	}
}

// ---- POST /api/erase ----

static const struct field erase_fields[] = {
    {.name = "connection", .type = FIELD_BOOL},
    {.name = "receipt", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "archive", .type = FIELD_TEXT, .min = 1, .max = 500},
    {.name = "key", .type = FIELD_TEXT, .min = 1, .max = 128},
    {0},
};

// The certificate of an erasure, or that it is partial: with what there is of a certificate, and of a request (NULL: none is recorded) what it is found by.
static void respond_erased(struct request *r, const cJSON *certificate, bool connection, const struct rights_receipt *recorded)
{
	if (!cJSON_IsTrue(json_get(certificate, "complete"))) {
		struct problem partial = {.language = request_language(r)};
		problem_set(&partial, 503, "problem.erasure-partial", NULL, NULL);
		JSON_AUTO cJSON *problem = problem_object(&partial);
		if ((certificate == NULL || cJSON_AddItemReferenceToObject(problem, "certificate", (cJSON *)certificate)) &&
		    (recorded == NULL || json_put_texts(problem, JSON_TEXTS({"id", recorded->id}, {"secret", recorded->secret}))))
			respond_problem_object(r, problem);
	} else if (request_wants(r, "text/html")) {
		rights_page_erased(r, certificate, connection);
	} else {
		respond_json(r, 200, certificate);
	}
}

// With a key, an erasure that finds something is a request: it keeps the certificate, which who sends the same again has again, and a browser by the request's number
// and secret, too. False: nothing is recorded, as nothing was found, now or before, or as the disk is full.
static bool erase_recorded(struct request *r, struct vault *v, const struct rights_new *asked)
{
	struct rights_receipt receipt;
	struct err e = {0};

	memcpy(receipt.secret, asked->secret, sizeof receipt.secret);
	if (rights_find_secret(v, &receipt, &e) != 0 && e.code == ERR_NOT_FOUND) {
		e = (struct err){0};
		if (!rights_names_something(v, asked))
			return false;
	}
	if (e.code != ERR_NONE || rights_record(v, asked, &receipt, &e) != 0) {
		if (e.code == ERR_FULL) // what cannot be recorded is erased all the same
			return false;
		respond_err(r, &e);
		return true;
	}
	if (request_wants(r, "text/html")) {
		respond_own(r, v, receipt.id, receipt.secret, OWN_FRESH, NULL, NULL);
		return true;
	}
	JSON_AUTO cJSON *shown = rights_show(v, receipt.id, receipt.secret, &e);
	if (shown == NULL)
		respond_err(r, &e);
	else
		respond_erased(r, json_get(shown, "certificate"), false, &receipt);
	return true;
}

static void handle_erase(struct request *r, void *context)
{
	struct err e = {0};
	if (request_check(r, erase_fields) != 0)
		return;
	const bool connection = request_int(r, "connection", 0) == 1;
	const char *given = request_text(r, "receipt"), *zip = request_text(r, "archive"),
		   *address = connection ? by_connection_address(r, RIGHT_ERASURE) : NULL;
	char token[TOKEN_LEN + 1], secret[TOKEN_LEN + 1];
	if (connection && address == NULL)
		return;
	if ((given != NULL) + (zip != NULL) + connection > 1) {
		rights_page_fault(r, "erasure", "archive", "problem.receipt-or-archive");
		return;
	}
	if (!connection && (zip != NULL ? !rights_token_archive(token, zip) : given == NULL || !rights_token_read(token, given))) {
		rights_page_fault(r, "erasure", zip != NULL ? "archive" : "receipt",
				  zip != NULL ? "problem.archive-shape" : "problem.receipt-shape");
		return;
	}
	const int once = connection ? 0 : request_once(r, "lethe erasure ", NULL, secret);
	if (once < 0) {
		respond_problem(r, 400, "problem.idempotency-key", NULL, NULL);
		return;
	}
	const struct policy_right *erasure = policy_right(request_policy(r), RIGHT_ERASURE);
	const struct rights_new asked = {.right = policy_word(&policy_right_words, RIGHT_ERASURE),
					 .receipt = zip == NULL ? token : NULL,
					 .archive = zip != NULL ? token : NULL,
					 .language = request_policy(r)->language,
					 .secret = secret};
	if (once > 0 && erasure != NULL && erasure->self_service && erase_recorded(r, context, &asked))
		return;
	JSON_AUTO cJSON *certificate = (connection    ? rights_erase_connection
					: zip != NULL ? rights_erase_archive
						      : rights_erase)(context, connection ? address : token, &e);
	if (certificate != NULL)
		respond_erased(r, certificate, connection, NULL);
	else if (e.code == ERR_REFUSED)
		respond_problem(r, 403, "problem.refused.erasure", NULL, NULL);
	else
		respond_err(r, &e);
}

// ---- GET /api/proofs/<number> ----

// The proof of one entry of the ledger. Nothing in it is about anybody, so anybody may ask.
static void handle_proof(struct request *r, void *context)
{
	BUF_AUTO struct buf proof = BUF_INIT(PROOF_MAX);
	const char *number = request_rest(r);
	const bool shaped = strlen(number) <= 15 && number[0] != '\0' && number[strspn(number, "0123456789")] == '\0';
	struct err e = {.code = ERR_NOT_FOUND};

	if (shaped && ledger_proof(context, PROOF_OF_EVENT, strtoull(number, NULL, 10), &proof, &e) == 0)
		respond_bytes(r, 200, "text/plain", buf_text(&proof), proof.len);
	else if (e.code == ERR_NOT_FOUND || e.code == ERR_INPUT)
		respond_problem(r, 404, "problem.not-found.proof", NULL, NULL);
	else
		respond_err(r, &e);
}

// What is sent with a body, and changes something.
#define TAKES(types, deadline)                                                                                                             \
	.method = "POST", .body_max = RIGHTS_BODY_MAX, .body_types = (types), .deadline_ms = (deadline), .changes_state = true
#define ABOUT_REQUESTS .kinds = KIND_BIT(KIND_RIGHTS_REQUEST)

static const struct route routes[] = {
    {TAKES(BODY_JSON | BODY_FORM, ERASE_DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights", .handle = handle_request},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/look-up", .handle = handle_look_up},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/withdraw", .handle = handle_withdraw},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/add", .handle = handle_add},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/confirm", .handle = handle_confirm_code},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/mail", .handle = handle_mail},
    {.method = "GET", .path = "/rights/confirm/*", .deadline_ms = DEADLINE_MS, ABOUT_REQUESTS, .handle = handle_confirm_page},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/rights/confirm/*",
     .from_anywhere = true, // its page sends no referrer, and so no origin
     .handle = handle_confirm},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/rectify", .handle = handle_rectify},
    {TAKES(BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/plan", .handle = handle_plan},
    {TAKES(BODY_FORM, DEADLINE_MS), ABOUT_REQUESTS, .path = "/api/rights/start", .handle = handle_start},
    {.method = "GET", .path = "/api/rights", .deadline_ms = DEADLINE_MS, .handle = handle_offer},
    {.method = "GET", .path = "/api/rights/*", .deadline_ms = DEADLINE_MS, ABOUT_REQUESTS, .handle = handle_show},
    {TAKES(BODY_JSON | BODY_FORM, ERASE_DEADLINE_MS), .path = "/api/erase", .handle = handle_erase},
    {.method = "GET", .path = "/api/proofs/*", .deadline_ms = DEADLINE_MS, .handle = handle_proof},
    {TAKES(BODY_JSON | BODY_FORM, ERASE_DEADLINE_MS),
     .path = "/api/export", // it is recorded; and no other site's page may have it downloaded
     .handle = export_respond},
    {.method = "GET", .path = "/privacy/live.json", .deadline_ms = DEADLINE_MS, .handle = live_page_respond_json},
    {.method = "GET", .path = "/privacy/live", .deadline_ms = DEADLINE_MS, .handle = live_page_respond},
    {.method = "GET", .path = "/privacy/versions", .deadline_ms = DEADLINE_MS, .handle = live_page_respond_versions},
    {.method = "GET", .path = "/privacy/versions.*", .deadline_ms = DEADLINE_MS, .handle = live_page_respond_versions},
    {.method = "GET", .path = "/privacy/live.*", .deadline_ms = DEADLINE_MS, .handle = live_page_respond},
    {.method = "GET", .path = "/api/results/*", .deadline_ms = ERASE_DEADLINE_MS, .handle = agent_request_results_respond},
    {TAKES(BODY_TEXT, ERASE_DEADLINE_MS), ABOUT_REQUESTS, .path = "/v1/data-rights-request", .handle = drp_exercise},
    {.method = "GET", .path = "/v1/data-rights-request/*", .deadline_ms = DEADLINE_MS, ABOUT_REQUESTS, .handle = drp_status},
    {.method = "DELETE",
     .path = "/v1/data-rights-request/*",
     .body_max = RIGHTS_BODY_MAX,
     .body_types = BODY_TEXT,
     .deadline_ms = DEADLINE_MS,
     ABOUT_REQUESTS,
     .changes_state = true,
     .handle = drp_revoke},
    {TAKES(BODY_TEXT, DEADLINE_MS), .path = "/v1/agent/*", .handle = drp_setup},
    {.method = "GET", .path = "/v1/agent/*", .deadline_ms = DEADLINE_MS, .handle = drp_agent},
    {.method = "GET", .path = "/opendsr/v2/discovery", .deadline_ms = DEADLINE_MS, .handle = opendsr_discovery},
    {.method = "GET", .path = "/opendsr/v2/certificate.pem", .deadline_ms = DEADLINE_MS, .handle = opendsr_certificate},
    {TAKES(BODY_RAW, ERASE_DEADLINE_MS), ABOUT_REQUESTS, .path = "/opendsr/v2/requests", .handle = opendsr_request},
    {.method = "GET", .path = "/opendsr/v2/requests/*", .deadline_ms = DEADLINE_MS, ABOUT_REQUESTS, .handle = opendsr_status},
    {.method = "DELETE",
     .path = "/opendsr/v2/requests/*",
     .deadline_ms = DEADLINE_MS,
     ABOUT_REQUESTS,
     .changes_state = true,
     .handle = opendsr_cancel},
    {.method = "GET", .path = "/api/consents", .deadline_ms = DEADLINE_MS, .handle = consents_show},
    {TAKES(BODY_JSON | BODY_FORM, DEADLINE_MS), .path = "/api/consents", .handle = consents_decide},
    {0},
};

static int rights_start(const struct policy *p, struct vault *v, void **context, struct err *e)
{
	(void)p;
	*context = v;
	live_figures_loaded();
	rights_stop_making_by(making_stop, setting_run());
	return opendsr_start(e);
}

static void rights_stop(void *context)
{
	(void)context;
	opendsr_stop();
}

// The ledger for certificates and who looked; what the officer's command leaves: the last check, whom to take requests from.
static const char *const reads[] = {"ledger", "officer", NULL};
const struct program rights_program = {.name = "rights", .reads = reads, .routes = routes, .start = rights_start, .stop = rights_stop};
