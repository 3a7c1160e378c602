// SPDX-License-Identifier: ISC
// The programs download and rights, and the request log, on a real vault.
#include "fcgi/download/download.h"
#include "fcgi/rights/rights_program.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/rules/load.h"
#include "policy/vault/archive_token.h"
#include "serve_site.h"

#define PARAMS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define JSON_TYPE   "application/json"

static struct policy *policy;

// The vault of the site, opened for the time between two runs of its program.
static struct vault *vault_in(const struct site *s)
{
	struct err e = {0};
	struct vault *v = NULL;
	if (vault_open(&v, s->folder, s->folder, policy, VAULT_ADMIN, &e) != 0)
		fprintf(stderr, "%s\n", e.text);
	assert_non_null(v);
	return v;
}

static void archive_put(const struct site *s, const char *token, char id[RECORD_ID_LEN + 1])
{
	char spool[96], file[128];
	struct err e;
	struct vault *v = vault_in(s);
	snprintf(spool, sizeof spool, "%s/spool", s->folder);
	snprintf(file, sizeof file, "%s/new.zip", spool);
	mkdir(spool, 0700);
	assert_int_equal(file_write(file, "PK", 2, 0600, NULL, &e), 0);
	char pictures[TOKEN_LEN + 1];
	archive_token_pictures(pictures, token);
	const struct vault_tag tags[] = {{ARCHIVE_TOKEN_TAG, pictures}, {NULL, NULL}};
	const struct vault_new record = {
	    .kind = KIND_ARCHIVE, .subject = "a receipt", .tags = tags, .body = "{}", .body_len = 2, .file = "new.zip"};
	const struct ledger_event event = {.name = "archive"};
	assert_int_equal(vault_put(v, &record, &event, id, &e), 0);
	vault_close(v);
}

static void *site_with_vault(const struct program *program)
{
	static struct site s;
	s = site_make();
	vault_close(vault_in(&s));
	site_run(&s, program);
	return &s;
}

static int load(void **state)
{
	BUF_AUTO struct buf messages = BUF_INIT(65536);
	(void)state;
	policy = policy_load("policy/sites/bizimages.xml", &messages);
	return policy != NULL ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	policy_free(policy);
	return 0;
}

static cJSON *body_of(const struct answer *a)
{
	struct err e;
	cJSON *o = a->body != NULL ? json_parse(a->body, strlen(a->body), &e) : NULL;
	if (o == NULL)
		fprintf(stderr, "got: %s\n", buf_text(&a->bytes));
	assert_non_null(o);
	return o;
}

static void expect_status(struct answer a, int status)
{
	if (a.status != status)
		fprintf(stderr, "got: %s\n", buf_text(&a.bytes));
	assert_int_equal(a.status, status);
	answer_free(&a);
}

// ---- download ----

static void test_download(void **state)
{
	(void)state;
	struct site s = site_make();
	char token[TOKEN_LEN + 1], path[96], id[RECORD_ID_LEN + 1], redirect[96], file[128];
	token_new(token);
	archive_put(&s, token, id);
	site_run(&s, &download_program);
	snprintf(path, sizeof path, "/downloads/%s.zip", token);
	snprintf(redirect, sizeof redirect, "X-Accel-Redirect: /spool/%s.zip\r\n", id);
	snprintf(file, sizeof file, "%s/spool/%s.zip", s.folder, id);
	// Who has an address of its pictures has not that of the ZIP.
	char pictures[TOKEN_LEN + 1], other[96];
	archive_token_pictures(pictures, token);
	snprintf(other, sizeof other, "/downloads/%s.zip", pictures);
	struct answer none = site_ask(&s, "GET", other, NULL, NULL, NULL);
	assert_int_equal(none.status, 404);
	answer_free(&none);
	for (int i = 0; i < 6; i++) {
		const char *method = i % 2 ? "HEAD" : "GET";
		struct answer a = site_ask(&s, method, path, NULL, NULL, i / 2 == 1 ? PARAMS("HTTP_RANGE", "bytes=0-0") : NULL);
		assert_int_equal(a.status, 200);
		if (i < 2) { // small and whole: sent by the program itself
			assert_null(strstr(a.bytes.data, redirect));
			assert_non_null(strstr(a.bytes.data, "Content-Length: 2\r\n"));
			assert_string_equal(a.body, i == 0 ? "PK" : "");
		} else {
			assert_non_null(strstr(a.bytes.data, redirect));
		}
		if (i == 3)
			assert_int_equal(truncate(file, 33 * 1024), 0);
		assert_non_null(strstr(a.bytes.data, "Content-Type: application/zip\r\n"));
		assert_non_null(strstr(a.bytes.data, "Content-Disposition: attachment; filename=\"bizimages-images.zip\"\r\n"));
		assert_non_null(strstr(a.bytes.data, "Cache-Control: private, no-store\r\n"));
		assert_null(strstr(a.bytes.data, token));
		answer_free(&a);
	}
	expect_status(site_ask(&s, "DELETE", path, NULL, NULL, PARAMS("HTTP_SEC_FETCH_SITE", "cross-site")), 403);
	expect_status(site_ask(&s, "GET", path, NULL, NULL, NULL), 200);
	expect_status(site_ask(&s, "DELETE", path, NULL, NULL, PARAMS("HTTP_SEC_FETCH_SITE", "same-origin")), 204);
	expect_status(site_ask(&s, "GET", path, NULL, NULL, NULL), 404);
	expect_status(site_ask(&s, "DELETE", path, NULL, NULL, NULL), 404);
	assert_int_equal(access(file, F_OK), -1);
	site_stop(&s);
}

// Wrong, ended, impossible and orphaned tokens get the same bytes.
static void test_every_miss_is_the_same(void **state)
{
	(void)state;
	struct site s = site_make();
	char lost[TOKEN_LEN + 1], never[TOKEN_LEN + 1], id[RECORD_ID_LEN + 1], file[128];
	token_new(lost);
	token_new(never);
	archive_put(&s, lost, id);
	snprintf(file, sizeof file, "%s/spool/%s.zip", s.folder, id);
	assert_int_equal(unlink(file), 0);
	site_run(&s, &download_program);
	const char *const rests[] = {lost, never, "x", "%2e%2e", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!"};
	struct buf first = BUF_INIT(8192);
	for (size_t i = 0; i < ARRAY_LEN(rests); i++) {
		char path[96];
		snprintf(path, sizeof path, "/downloads/%s%s", rests[i], i == 2 ? "" : ".zip");
		struct answer a = site_ask(&s, "GET", path, NULL, NULL, NULL);
		assert_int_equal(a.status, 404);
		if (i == 0)
			buf_adds(&first, a.bytes.data);
		assert_string_equal(a.bytes.data, first.data);
		answer_free(&a);
	}
	buf_free(&first);
	site_stop(&s);
}

// ---- rights ----

static void test_rights(void **state)
{
	(void)state;
	struct site *s = site_with_vault(&rights_program);
	struct answer a = site_ask(s, "POST", "/api/rights", JSON_TYPE,
				   "{\"right\":\"access\",\"contact\":\"someone@example.org\",\"message\":\"What do you hold?\"}", NULL);
	JSON_AUTO cJSON *made = body_of(&a);
	assert_int_equal(a.status, 201);
	answer_free(&a);
	char path[96], bearer[96];
	snprintf(path, sizeof path, "/api/rights/%s", json_string(made, "id"));
	snprintf(bearer, sizeof bearer, "Bearer %s", json_string(made, "secret"));
	time_t due;
	assert_int_equal(when_parse(&due, json_string(made, "due")), 0);
	a = site_ask(s, "GET", path, NULL, NULL, PARAMS("HTTP_AUTHORIZATION", bearer));
	JSON_AUTO cJSON *shown = body_of(&a);
	assert_int_equal(a.status, 200);
	assert_string_equal(json_string(shown, "right"), "access");
	answer_free(&a);
	expect_status(site_ask(s, "GET", path, NULL, NULL, NULL), 404);
	expect_status(
	    site_ask(s, "GET", path, NULL, NULL, PARAMS("HTTP_AUTHORIZATION", "Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")), 404);
	expect_status(site_ask(s, "GET", "/api/rights/00000000000000000000000000000000", NULL, NULL, PARAMS("HTTP_AUTHORIZATION", bearer)),
		      404);
	site_stop(s);
}

static void test_rights_misuse(void **state)
{
	(void)state;
	struct site *s = site_with_vault(&rights_program);
	struct answer a = site_ask(s, "POST", "/api/rights", JSON_TYPE, "{\"right\":\"immortality\"}", NULL);
	JSON_AUTO cJSON *problem = body_of(&a);
	assert_int_equal(a.status, 422);
	assert_string_equal(json_string(problem, "parameter"), "right");
	assert_non_null(strstr(json_string(problem, "detail"), "access"));
	answer_free(&a);
	expect_status(site_ask(s, "POST", "/api/rights", JSON_TYPE, "{}", NULL), 400);
	expect_status(site_ask(s, "POST", "/api/erase", JSON_TYPE, "{}", NULL), 422);
	expect_status(site_ask(s, "POST", "/api/erase", JSON_TYPE, "{\"receipt\":\"x\"}", PARAMS("HTTP_SEC_FETCH_SITE", "cross-site")),
		      403);
	site_stop(s);
}

static void test_erase_and_live(void **state)
{
	(void)state;
	struct site *s = site_with_vault(&rights_program);
	struct answer a =
	    site_ask(s, "POST", "/api/erase", JSON_TYPE, "{\"receipt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", NULL);
	JSON_AUTO cJSON *certificate = body_of(&a);
	assert_int_equal(a.status, 200);
	assert_true(cJSON_IsTrue(json_get(certificate, "complete")));
	assert_true(cJSON_IsNull(json_get(certificate, "audit_index")));
	answer_free(&a);
	a = site_ask(s, "POST", "/api/erase", "application/x-www-form-urlencoded",
		     "receipt=+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%0A", PARAMS("HTTP_ACCEPT", "text/html"));
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "<h1>Nothing was found under this receipt</h1>"));
	assert_null(strstr(a.body, "Certificate"));
	answer_free(&a);
	a = site_ask(s, "GET", "/privacy/live.json", NULL, NULL, NULL);
	JSON_AUTO cJSON *live = body_of(&a);
	assert_int_equal(a.status, 200);
	assert_string_equal(json_string(json_get(live, "policy"), "sha256"), policy->sha256);
	const cJSON *kind;
	bool log_seen = false;
	cJSON_ArrayForEach(kind, json_get(live, "kinds"))
	{
		assert_false(cJSON_IsTrue(json_get(kind, "late")));
		if (strcmp(json_string(kind, "kind"), "request-log") == 0) {
			assert_string_equal(json_string(kind, "limit"), "14 days");
			log_seen = true;
		}
	}
	assert_true(log_seen);
	answer_free(&a);
	site_stop(s);
}

// ---- the request log ----

static void handle_logged(struct request *r, void *context)
{
	(void)context;
	respond_bytes(r, 200, "text/plain", "handled", 7);
}

static void handle_logs_itself(struct request *r, void *context)
{
	struct err e = {0};
	(void)context;
	if (request_log(r, "a receipt", &e) != 0)
		respond_err(r, &e);
	else
		respond_bytes(r, 200, "text/plain", "handled", 7);
}

static const struct route logged_routes[] = {
    {.method = "GET", .path = "/plain", .handle = handle_logged},
    {.method = "GET", .path = "/logged", .logged = true, .handle = handle_logged},
    {.method = "GET", .path = "/itself", .logged = true, .logs_itself = true, .handle = handle_logs_itself},
    {0},
};
static const struct program logging = {.name = "rights", .routes = logged_routes};

static uint64_t log_rows(const struct site *s)
{
	static struct census census;
	struct err e;
	struct vault *v = vault_in(s);
	uint64_t rows = 0;
	assert_int_equal(vault_census(v, &census, &e), 0);
	for (size_t i = 0; i < census.row_count; i++)
		if (census.rows[i].kind == KIND_REQUEST_LOG)
			rows = census.rows[i].count;
	vault_close(v);
	return rows;
}

static void test_request_log(void **state)
{
	(void)state;
	struct site *s = site_with_vault(&logging);
	expect_status(site_ask(s, "GET", "/plain", NULL, NULL, NULL), 200);
	expect_status(site_ask(s, "GET", "/logged", NULL, NULL, NULL), 200);
	expect_status(site_ask(s, "GET", "/itself", NULL, NULL, NULL), 200);
	expect_status(site_ask(s, "POST", "/logged", NULL, NULL, NULL), 405);
	site_end(s);
	assert_int_equal(log_rows(s), 2);
	site_remove(s);
}

// What cannot be logged is not done.
static void test_no_row_no_answer(void **state)
{
	(void)state;
	char log[300], gone[300];
	struct site *s = site_with_vault(&logging);
	expect_status(site_ask(s, "GET", "/plain", NULL, NULL, NULL), 200); // it runs
	snprintf(log, sizeof log, "%s/log", s->folder);
	snprintf(gone, sizeof gone, "%s/log.gone", s->folder);
	assert_int_equal(rename(log, gone), 0);
	for (int itself = 0; itself < 2; itself++) {
		struct answer a = site_ask(s, "GET", itself ? "/itself" : "/logged", NULL, NULL, NULL);
		assert_int_equal(a.status, 503);
		assert_null(strstr(a.bytes.data, "handled"));
		assert_non_null(strstr(a.bytes.data, "Retry-After"));
		answer_free(&a);
	}
	expect_status(site_ask(s, "GET", "/plain", NULL, NULL, NULL), 200);
	site_end(s);
	site_remove(s);
}

static void test_no_store_no_start(void **state)
{
	(void)state;
	struct site s = site_start(&logging);
	assert_int_equal(site_wait(&s, 5000), 2);
	struct buf said = site_log(&s);
	assert_non_null(strstr(buf_text(&said), "keys init"));
	buf_free(&said);
	site_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_download),         cmocka_unit_test(test_every_miss_is_the_same), cmocka_unit_test(test_rights),
	    cmocka_unit_test(test_rights_misuse),    cmocka_unit_test(test_erase_and_live),         cmocka_unit_test(test_request_log),
	    cmocka_unit_test(test_no_row_no_answer), cmocka_unit_test(test_no_store_no_start),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
