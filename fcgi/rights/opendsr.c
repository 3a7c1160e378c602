// SPDX-License-Identifier: ISC
#include "fcgi/rights/opendsr.h"
#include "fcgi/rights/agent_request.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/rights/letter.h"
#include "policy/rights/request.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

enum { PEM_MAX = 64 * 1024, ANSWER_MAX = 128 * 1024 };
static const char VERSION[] = "2.0";

static EVP_PKEY *sign_key;
static struct buf certificate_text = {.max = PEM_MAX};

void opendsr_stop(void)
{
	EVP_PKEY_free(sign_key);
	sign_key = NULL;
	buf_free(&certificate_text);
}

int opendsr_start(struct err *e)
{
	BUF_AUTO_WIPE struct buf key = BUF_INIT(PEM_MAX);

	if (setting("LETHE_OPENDSR_DOMAIN", NULL) == NULL)
		return 0;
	if (setting_secret("LETHE_OPENDSR_KEY", &key, e) != 0 || setting_secret("LETHE_OPENDSR_CERTIFICATE", &certificate_text, e) != 0)
		return -1;
	BIO *key_bio = BIO_new_mem_buf(key.data, (int)key.len), *bio = BIO_new_mem_buf(certificate_text.data, (int)certificate_text.len);
	sign_key = key_bio != NULL ? PEM_read_bio_PrivateKey(key_bio, NULL, NULL, (char[]){""}) : NULL;
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool fits = sign_key != NULL && certificate != NULL && EVP_PKEY_is_a(sign_key, "RSA") && EVP_PKEY_get_bits(sign_key) >= 2048 &&
		    X509_check_private_key(certificate, sign_key) == 1;
	X509_free(certificate);
	BIO_free(bio);
	BIO_free(key_bio);
	buf_addc(&certificate_text, '\n');
	return fits ? 0
		    : err_set(e, ERR_INPUT,
			      "LETHE_OPENDSR_DOMAIN is set, so LETHE_OPENDSR_KEY must be an RSA key of 2048 bits or more and "
			      "LETHE_OPENDSR_CERTIFICATE its certificate, both in PEM");
}

static void opendsr_respond_fault(struct request *r, int status, const char *reason, const char *message)
{
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *error = cJSON_AddObjectToObject(o, "error");

	json_put(error, JSON_MEMBERS(MEMBER_NUMBER("code", status), MEMBER_TEXT("message", message)));
	json_push(cJSON_AddArrayToObject(error, "errors"),
		  JSON_MEMBERS(MEMBER_TEXT("domain", "Validation"), MEMBER_TEXT("reason", reason), MEMBER_TEXT("message", message)));
	respond_json(r, status, o);
}

static void opendsr_respond_failure(struct request *r, const struct err *e)
{
	note_line("a request of a controller failed: %s", e->text);
	opendsr_respond_fault(r, 503, "Unavailable", "This cannot be done now. Try again later.");
}

// Signs what it sends.
static void respond_signed(struct request *r, int status, const cJSON *answer)
{
	BUF_AUTO_WIPE struct buf body = BUF_INIT(ANSWER_MAX);
	BUF_AUTO struct buf header = BUF_INIT(4096);
	uint8_t signature[1024];
	size_t len = sizeof signature;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool made = json_print(&body, answer) == 0 && c != NULL && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, sign_key) == 1 &&
		    EVP_DigestSign(c, signature, &len, (const uint8_t *)body.data, body.len) == 1 &&
		    base64_add(&header, signature, len) == 0;

	EVP_MD_CTX_free(c);
	if (!made) {
		opendsr_respond_fault(r, 503, "Unavailable", "This cannot be done now. Try again later.");
		return;
	}
	respond_header(r, "X-OpenDSR-Processor-Domain", setting("LETHE_OPENDSR_DOMAIN", ""));
	respond_header(r, "X-OpenDSR-Signature", buf_text(&header));
	respond_bytes(r, status, "application/json", body.data, body.len);
}

static bool protocol_on(struct request *r)
{
	if (sign_key == NULL)
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
	return sign_key != NULL;
}

// NULL: none whom this site knows, or the protocol is off, and that is answered.
static const cJSON *controller(struct request *r, struct vault *v, cJSON **agents)
{
	struct err e = {0};

	if (!protocol_on(r))
		return NULL;
	const cJSON *agent = agent_request_sender(r, v, AGENT_OPENDSR, agents, &e);
	if (e.code != ERR_NONE)
		opendsr_respond_failure(r, &e);
	else if (agent == NULL)
		opendsr_respond_fault(r, 401, "Unauthorized", "The bearer token is none that this site gave out.");
	return agent;
}

void opendsr_discovery(struct request *r, void *vault)
{
	static const char *const types[] = {"access", "portability", "erasure"};
	char url[AGENT_URL_MAX];
	JSON_AUTO cJSON *o = cJSON_CreateObject();

	if (!protocol_on(r))
		return;
	cJSON_AddStringToObject(o, "api_version", VERSION);
	cJSON *identities = cJSON_AddArrayToObject(o, "supported_identities");
	for (const char *const *type = agent_message_identities; *type != NULL; type++)
		json_push(identities, JSON_MEMBERS(MEMBER_TEXT("identity_type", *type), MEMBER_TEXT("identity_format", "raw")));
	cJSON *requests = cJSON_AddArrayToObject(o, "supported_subject_request_types");
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (agent_message_right(vault_policy(vault), AGENT_OPENDSR, types[i]) != NULL)
			cJSON_AddItemToArray(requests, cJSON_CreateString(types[i]));
	snprintf(url, sizeof url, "https://%s/opendsr/v2/certificate.pem", setting("LETHE_OPENDSR_DOMAIN", ""));
	cJSON_AddStringToObject(o, "processor_certificate", url);
	respond_json(r, 200, o);
}

void opendsr_certificate(struct request *r, void *vault)
{
	(void)vault;
	if (protocol_on(r))
		respond_bytes(r, 200, "application/x-pem-file", certificate_text.data, certificate_text.len);
}

// By the clock of the law that the controller named, where it runs for this right; else by the one that ends first.
static const char *due_by(const cJSON *shown)
{
	const char *regulation = json_string(json_get(shown, "agent"), "regime");
	const cJSON *clock;

	cJSON_ArrayForEach(clock, json_get(shown, "clocks"))
	{
		if (regulation != NULL && strcmp(json_string(clock, "name"), regulation) == 0)
			return json_string(clock, "due");
	}
	return json_string(shown, "answer_by");
}

// What every answer about a request begins with.
static cJSON *answer_begin(const cJSON *shown)
{
	const cJSON *agent = json_get(shown, "agent");

	return json_make(JSON_MEMBERS(MEMBER_TEXT("controller_id", json_string(agent, "id")),
				      MEMBER_TEXT("subject_request_id", json_string(agent, "request")),
				      MEMBER_TEXT("api_version", VERSION)));
}

void opendsr_request(struct request *r, void *vault)
{
	__attribute__((cleanup(agent_message_free))) struct agent_message m = {0};
	JSON_AUTO cJSON *agents = NULL, *shown = NULL;
	BUF_AUTO_WIPE struct buf encoded = BUF_INIT(2 * RIGHTS_BODY_MAX);
	const cJSON *agent = controller(r, vault, &agents);
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};
	bool again;
	size_t len;

	if (agent == NULL)
		return;
	const char *body = request_body(r, &len);
	if (agent_message_opendsr(&m, body, len, vault_policy(vault), when_now()) != 0) {
		opendsr_respond_fault(r, m.status, "IllegalArgumentException", m.fault);
		return;
	}
	if (agent_request_store(vault, agent, &m, id, &again, &e) != 0 || (shown = agent_request_show(vault, id, agent, &e)) == NULL) {
		if (e.code == ERR_INPUT) // longer ago than the policy keeps one
			opendsr_respond_fault(r, 400, "IllegalArgumentException", e.text);
		else
			opendsr_respond_failure(r, &e);
		return;
	}
	if (again) {
		opendsr_respond_fault(r, 400, "DuplicateRequest", "subject_request_id was sent before.");
		return;
	}
	JSON_AUTO cJSON *answer = answer_begin(shown);
	base64_add(&encoded, body, len);
	json_put_time(answer, "received_time", when_now());
	json_put_texts(answer, JSON_TEXTS({"expected_completion_time", due_by(shown)}, {"encoded_request", buf_text(&encoded)}));
	respond_signed(r, 201, answer);
}

// The request that the address names by the controller's number. NULL: there is none of this controller's, and that is answered.
static cJSON *opendsr_own_request(struct request *r, struct vault *v, const cJSON *agent)
{
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};
	cJSON *shown = NULL;

	if (agent_request_find(v, agent, request_rest(r), id, &e) == 0)
		shown = agent_request_show(v, id, agent, &e);
	if (shown == NULL && e.code == ERR_NOT_FOUND)
		opendsr_respond_fault(r, 404, "NotFound", "subject_request_id is none of this controller's.");
	else if (shown == NULL)
		opendsr_respond_failure(r, &e);
	return shown;
}

static const char *status_of(const cJSON *shown)
{
	static const char *const statuses[STATE_COUNT] = {
	    [STATE_OPEN] = "pending",        [STATE_WAITING] = "in_progress", [STATE_PARTIAL] = "in_progress",
	    [STATE_FULFILLED] = "completed", [STATE_REFUSED] = "cancelled",   [STATE_CLOSED] = "cancelled",
	    [STATE_WITHDRAWN] = "cancelled"};
	const enum rights_state state = rights_state_read(json_string(shown, "state"));
	const bool seen = letter_event(shown, "recognised") != NULL || letter_event(shown, "acknowledged") != NULL;

	return statuses[state == STATE_OPEN && seen ? STATE_WAITING : state];
}

void opendsr_status(struct request *r, void *vault)
{
	JSON_AUTO cJSON *agents = NULL;
	const cJSON *agent = controller(r, vault, &agents);
	JSON_AUTO cJSON *shown = agent != NULL ? opendsr_own_request(r, vault, agent) : NULL;
	char url[AGENT_URL_MAX], until[WHEN_TEXT];

	if (shown == NULL)
		return;
	JSON_AUTO cJSON *answer = answer_begin(shown);
	const bool results = agent_request_results(r, vault, shown, url, sizeof url, until);
	json_put_texts(answer, JSON_TEXTS({"expected_completion_time", due_by(shown)}, {"request_status", status_of(shown)},
					  {"results_url", results ? url : NULL}));
	respond_signed(r, 200, answer);
}

void opendsr_cancel(struct request *r, void *vault)
{
	JSON_AUTO cJSON *agents = NULL;
	const cJSON *agent = controller(r, vault, &agents);
	JSON_AUTO cJSON *shown = agent != NULL ? opendsr_own_request(r, vault, agent) : NULL;
	struct err e = {0};

	if (shown == NULL)
		return;
	if (strcmp(status_of(shown), "pending") != 0) {
		opendsr_respond_fault(r, 400, "IllegalStateException", "Only a request that is pending can be cancelled.");
		return;
	}
	if (rights_act(vault, json_string(shown, "id"), &(struct rights_act){.event = EVENT_WITHDRAWN, .by = "person", .how = "agent"},
		       &e) != 0) {
		opendsr_respond_failure(r, &e);
		return;
	}
	JSON_AUTO cJSON *answer = answer_begin(shown);
	json_put_time(answer, "received_time", when_now());
	respond_signed(r, 202, answer);
}
