// SPDX-License-Identifier: ISC
// One request at a time against a real server: what is answered to good input and to every misuse.
#include "fcgi/serve/media_type.h"
#include "fcgi/serve/request_internal.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/publish/pages.h"
#include "serve_site.h"

static void handle_hello(struct request *r, void *context)
{
	(void)context;
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "rest", request_rest(r));
	cJSON_AddStringToObject(o, "address", request_address(r));
	cJSON_AddStringToObject(o, "wants",
				request_wants(r, "text/html")           ? "html"
				: request_wants(r, "text/event-stream") ? "events"
									: "json");
	respond_json(r, 200, o);
}

static const char *const sizes[] = {"small", "large", NULL};
static const struct field fields[] = {
    {.name = "text", .type = FIELD_TEXT, .required = true, .min = 2, .max = 5},
    {.name = "count", .type = FIELD_INT, .min = 1, .max = 8},
    {.name = "size", .type = FIELD_CHOICE, .choices = sizes},
    {.name = "confirm", .type = FIELD_BOOL},
    {0},
};

static void handle_fields(struct request *r, void *context)
{
	char line[64];
	(void)context;
	if (request_check(r, fields) != 0)
		return;
	const char *size = request_text(r, "size");
	int n = snprintf(line, sizeof line, "%s %ld %s %ld", request_text(r, "text"), request_int(r, "count", 4), size != NULL ? size : "-",
			 request_int(r, "confirm", -1));
	respond_bytes(r, 200, "text/plain", line, (size_t)n);
}

static void handle_parts(struct request *r, void *context)
{
	char line[128];
	(void)context;
	const struct part *file = NULL;
	for (size_t i = 0; i < r->part_count; i++)
		if (strcmp(r->parts[i].name, "file") == 0)
			file = &r->parts[i];
	int n = snprintf(line, sizeof line, "%s|%s|%zu|%s", file != NULL ? file->filename : "-", file != NULL ? file->type : "-",
			 file != NULL ? file->len : 0, request_text(r, "note"));
	respond_bytes(r, 200, "text/plain", line, (size_t)n);
}

static void handle_size(struct request *r, void *context)
{
	char line[32];
	(void)context;
	int n = snprintf(line, sizeof line, "%d", cJSON_GetArraySize(request_fields(r)));
	respond_bytes(r, 200, "text/plain", line, (size_t)n);
}

static void handle_nothing(struct request *r, void *context)
{
	(void)r;
	(void)context;
}

static void handle_unlogged(struct request *r, void *context)
{
	(void)context;
	respond_bytes(r, 200, "text/plain", "made", 4);
}

static void handle_cookie(struct request *r, void *context)
{
	(void)context;
	respond_header(r, "Set-Cookie", "tracker=1; Path=/");
	respond_header(r, "X-Text", "a\r\nInjected: yes");
	respond_empty(r, 204);
}

static void handle_big(struct request *r, void *context)
{
	(void)context;
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	char *text = malloc(3000001);
	memset(text, 'A', 3000000);
	text[3000000] = 0;
	cJSON_AddStringToObject(o, "base64", text);
	cJSON_AddStringToObject(o, "odd", "\"\\\n\x01é");
	free(text);
	respond_json(r, 200, o);
}

// Pieces below, at and above what libfcgi's buffer and a record hold, each filled with a letter of its own.
static const size_t pieces[] = {1, 8183, 8184, 8192, 65527, 65528, 65529, 3, 200000, 2, 131056};

static void handle_pieces(struct request *r, void *context)
{
	(void)context;
	char *text = malloc(200000);
	if (respond_begin(r, 200, "text/plain", false) == 0)
		for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
			memset(text, (int)('a' + i), pieces[i]);
			respond_write(r, text, pieces[i]);
		}
	free(text);
}

static void handle_internal(struct request *r, void *context)
{
	(void)context;
	respond_header(r, "Content-Type", "application/zip");
	respond_redirect_internal(r, "/spool/x.zip");
}

static void handle_error(struct request *r, void *context)
{
	struct err e;
	(void)context;
	err_set(&e, ERR_FULL, "the disk under /secret is full");
	respond_err(r, &e);
}

static void handle_memory(struct request *r, void *context)
{
	struct err e;
	(void)context;
	err_set(&e, ERR_MEMORY, "no memory for the secret");
	respond_err(r, &e);
}

static const struct route routes[] = {
    {.method = "GET", .path = "/hello/*", .handle = handle_hello},
    {.method = "GET", .path = "/hello", .handle = handle_hello},
    {.method = "DELETE", .path = "/hello", .changes_state = true, .handle = handle_hello},
    {.method = "POST",
     .path = "/fields",
     .body_max = 2000,
     .body_types = BODY_JSON | BODY_FORM,
     .changes_state = true,
     .handle = handle_fields},
    {.method = "POST", .path = "/parts", .body_max = 100000, .body_types = BODY_MULTIPART, .handle = handle_parts},
    {.method = "POST", .path = "/size", .body_max = 1000, .body_types = BODY_JSON, .handle = handle_size},
    {.method = "GET", .path = "/nothing", .handle = handle_nothing},
    {.method = "GET", .path = "/unlogged", .logged = true, .logs_itself = true, .handle = handle_unlogged},
    {.method = "GET", .path = "/cookie", .handle = handle_cookie},
    {.method = "GET", .path = "/big", .handle = handle_big},
    {.method = "GET", .path = "/pieces", .handle = handle_pieces},
    {.method = "GET", .path = "/internal", .handle = handle_internal},
    {.method = "GET", .path = "/error", .handle = handle_error},
    {.method = "GET", .path = "/memory", .handle = handle_memory},
    {0},
};
static const struct program program = {.name = "test", .routes = routes};
static struct site site;

static int setup(void **state)
{
	(void)state;
	char path[160];

	// What a program reads of its site's folder is there when it starts.
	site = site_make();
	snprintf(path, sizeof path, "%s/publish/programs", site.folder);
	assert_int_equal(folder_make(path, 0755, &(struct err){0}), 0);
	site_run(&site, &program);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	site_stop(&site);
	return 0;
}

#define PARAMS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define JSON_TYPE   "application/json"
#define FORM_TYPE   "application/x-www-form-urlencoded"

// The answer has this status and, if given, this text somewhere.
static void expect(struct answer a, int status, const char *text)
{
	if (a.status != status || (text != NULL && strstr(buf_text(&a.bytes), text) == NULL))
		fprintf(stderr, "got: %s\nwanted: %d %s\n", buf_text(&a.bytes), status, text != NULL ? text : "");
	assert_true(a.complete);
	assert_int_equal(a.status, status);
	assert_true(!text || strstr(buf_text(&a.bytes), text));
	answer_free(&a);
}

// A problem document with this status, slug and parameter (NULL: none).
static void expect_problem(struct answer a, int status, const char *slug, const char *parameter)
{
	char type[80];
	struct err e;
	snprintf(type, sizeof type, "/problems/%s", slug);
	if (a.status != status)
		fprintf(stderr, "got: %s\nwanted: %d %s\n", buf_text(&a.bytes), status, slug);
	assert_true(a.complete);
	assert_int_equal(a.status, status);
	assert_non_null(strstr(a.bytes.data, "Content-Type: application/problem+json\r\n"));
	assert_non_null(strstr(a.bytes.data, "Cache-Control: no-store\r\n"));
	JSON_AUTO cJSON *o = json_parse(a.body, strlen(a.body), &e);
	assert_non_null(o);
	assert_string_equal(json_string(o, "type"), type);
	assert_int_equal((int)json_number(o, "status", 0), status);
	assert_true(strlen(json_string(o, "detail")) > 10);
	if (parameter != NULL)
		assert_string_equal(json_string(o, "parameter"), parameter);
	else
		assert_null(json_get(o, "parameter"));
	answer_free(&a);
}

static void test_routes(void **state)
{
	(void)state;
	expect(site_ask(&site, "GET", "/hello", NULL, NULL, NULL), 200, "\"address\":\"192.0.2.1\"");
	expect(site_ask(&site, "GET", "/hello/abc.zip", NULL, NULL, NULL), 200, "\"rest\":\"abc.zip\"");
	expect_problem(site_ask(&site, "GET", "/hello/", NULL, NULL, NULL), 404, "not-found", NULL);
	expect_problem(site_ask(&site, "GET", "/hello/a/b", NULL, NULL, NULL), 404, "not-found", NULL);
	expect_problem(site_ask(&site, "GET", "/other", NULL, NULL, NULL), 404, "not-found", NULL);
	expect(site_ask(&site, "PUT", "/hello", NULL, NULL, NULL), 405, "Allow: GET, HEAD, DELETE\r\n");
	expect(site_ask(&site, "GET", "/fields", NULL, NULL, NULL), 405, "Allow: POST\r\n");
	expect_problem(site_ask(&site, "GET", "/nothing", NULL, NULL, NULL), 500, "internal", NULL);
	expect_problem(site_ask(&site, "GET", "", NULL, NULL, NULL), 404, "not-found", NULL);
}

static void test_head_has_no_body(void **state)
{
	(void)state;
	struct answer a = site_ask(&site, "HEAD", "/hello", NULL, NULL, NULL);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "");
	answer_free(&a);
}

static void test_body_limits(void **state)
{
	(void)state;
	char large[1200];
	memset(large, ' ', sizeof large);
	large[sizeof large - 1] = 0;
	expect_problem(site_ask(&site, "POST", "/size", JSON_TYPE, large, NULL), 413, "body-too-large", NULL);
	expect_problem(site_ask(&site, "GET", "/hello", NULL, "x", NULL), 413, "body-not-taken", NULL);
	memcpy(large, "{}", 2);
	large[1000] = 0;
	expect(site_ask(&site, "POST", "/size", JSON_TYPE, large, NULL), 200, "0");
	expect_problem(site_ask(&site, "POST", "/size", JSON_TYPE, NULL, PARAMS("CONTENT_LENGTH", "-1")), 400, "content-length",
		       "Content-Length");
	expect_problem(site_ask(&site, "POST", "/size", JSON_TYPE, NULL, PARAMS("CONTENT_LENGTH", "0x10")), 400, "content-length",
		       "Content-Length");
	expect_problem(site_ask(&site, "POST", "/size", JSON_TYPE, NULL, PARAMS("CONTENT_LENGTH", "99999999999999999999")), 400,
		       "content-length", "Content-Length");
	expect_problem(site_ask(&site, "POST", "/size", JSON_TYPE, NULL, PARAMS("CONTENT_LENGTH", "10")), 400, "body-truncated",
		       "Content-Length");
}

// Without an announced length (chunked), the limit holds while reading.
static void test_body_without_length(void **state)
{
	(void)state;
	for (size_t len = 900; len <= 1200; len += 300) {
		char *body = malloc(len);
		struct buf b = BUF_INIT(10000);
		memset(body, ' ', len);
		memcpy(body, "{}", 2);
		head_add(&b, false,
			 PARAMS("REQUEST_METHOD", "POST", "DOCUMENT_URI", "/size", "CONTENT_TYPE", JSON_TYPE, "CONTENT_LENGTH", ""));
		body_add(&b, body, len);
		int fd = client_connect(site.socket);
		client_send(fd, &b);
		expect(answer_read(fd, 5000), len > 1000 ? 413 : 200, len > 1000 ? "at most 1000 bytes" : "\r\n\r\n0");
		close(fd);
		buf_free(&b);
		free(body);
	}
}

static void test_types(void **state)
{
	(void)state;
	expect_problem(site_ask(&site, "POST", "/fields", "text/plain", "text=abc", NULL), 415, "media-type", "Content-Type");
	expect_problem(site_ask(&site, "POST", "/fields", NULL, "text=abc", NULL), 415, "media-type", "Content-Type");
	expect_problem(site_ask(&site, "POST", "/fields", "application/json; charset=latin1", "{}", NULL), 415, "charset", "Content-Type");
	expect(site_ask(&site, "POST", "/fields", "Application/JSON; charset=\"UTF-8\"", "{\"text\":\"abc\"}", NULL), 200, "abc 4 - -1");
	expect_problem(site_ask(&site, "POST", "/fields", JSON_TYPE, "{}", PARAMS("HTTP_CONTENT_ENCODING", "gzip")), 415,
		       "content-encoding", "Content-Encoding");
}

static void test_json_fields(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		int status;
		const char *slug, *parameter;
	} cases[] = {
	    {"{\"text\":\"abc\",\"count\":8,\"size\":\"large\",\"confirm\":true}", 200, "abc 8 large 1", NULL},
	    {"{\"text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\",\"count\":null}", 200, " 4 - -1", NULL},
	    {"{}", 400, "field-missing", "text"},
	    {"{\"text\":null}", 400, "field-missing", "text"},
	    {"{\"text\":7}", 400, "field-type", "text"},
	    {"{\"text\":\"a\"}", 422, "field-length", "text"},
	    {"{\"text\":\"abcdef\"}", 422, "field-length", "text"},
	    {"{\"text\":\"abc\",\"count\":0}", 422, "field-range", "count"},
	    {"{\"text\":\"abc\",\"count\":9}", 422, "field-range", "count"},
	    {"{\"text\":\"abc\",\"count\":1.5}", 400, "field-type", "count"},
	    {"{\"text\":\"abc\",\"count\":1e300}", 400, "field-type", "count"},
	    {"{\"text\":\"abc\",\"count\":\"3\"}", 400, "field-type", "count"},
	    {"{\"text\":\"abc\",\"count\":true}", 400, "field-type", "count"},
	    {"{\"text\":\"abc\",\"size\":\"Large\"}", 422, "field-choice", "size"},
	    {"{\"text\":\"abc\",\"size\":[]}", 400, "field-type", "size"},
	    {"{\"text\":\"abc\",\"confirm\":\"yes\"}", 400, "field-type", "confirm"},
	    {"{\"text\":\"abc\",\"other\":1}", 400, "field-unknown", "other"},
	    {"{\"text\":\"abc\",\"Text\":\"abc\"}", 400, "field-unknown", "Text"},
	    {"{\"text\":\"abc\",\"text\":\"abc\"}", 400, "field-repeated", "text"},
	    {"[]", 400, "json", NULL},
	    {"", 400, "json", NULL},
	    {"{\"text\":\"abc\"} x", 400, "json", NULL},
	    {"{\"text\":\"a\\u0000c\"}", 400, "json", NULL},
	    {"{\"text\":\"\xff\"}", 400, "json", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a = site_ask(&site, "POST", "/fields", JSON_TYPE, cases[i].body, NULL);
		if (cases[i].status == 200)
			expect(a, 200, cases[i].slug);
		else
			expect_problem(a, cases[i].status, cases[i].slug, cases[i].parameter);
	}
}

static void test_form_fields(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		int status;
		const char *slug, *parameter;
	} cases[] = {
	    {"text=a+%C3%A9&count=3&size=small&confirm=on", 200, "a \xc3\xa9 3 small 1", NULL},
	    {"text=abc&count=&size=&confirm=", 200, "abc 4 - -1", NULL},
	    {"text=abc&confirm=false&", 200, "abc 4 - 0", NULL},
	    {"", 400, "field-missing", "text"},
	    {"text=", 400, "field-missing", "text"},
	    {"text=abc&count=x", 400, "field-type", "count"},
	    {"text=abc&count=+3", 400, "field-type", "count"},
	    {"text=abc&count=3x", 400, "field-type", "count"},
	    {"text=abc&count=99999999999999999999", 400, "field-type", "count"},
	    {"text=abc&confirm=perhaps", 400, "field-type", "confirm"},
	    {"text=abc&text=abc", 400, "form", "text"},
	    {"text=abc&other=", 400, "field-unknown", "other"},
	    {"text=%zz", 400, "form", "text"},
	    {"text=%ff", 400, "form", "text"},
	    {"text=a%00b", 400, "form", "text"},
	    {"=abc", 400, "form", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct answer a = site_ask(&site, "POST", "/fields", FORM_TYPE, cases[i].body, NULL);
		if (cases[i].status == 200)
			expect(a, 200, cases[i].slug);
		else
			expect_problem(a, cases[i].status, cases[i].slug, cases[i].parameter);
	}
}

static void test_multipart(void **state)
{
	(void)state;
	const char *type = "multipart/form-data; boundary=\"x y\"";
	const char *body =
	    "--x y\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--x y\r\n"
	    "content-disposition: form-data; name=file; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--x y--\r\n";
	expect(site_ask(&site, "POST", "/parts", type, body, NULL), 200, "a.png|image/png|4|hello");
	expect_problem(site_ask(&site, "POST", "/parts", "multipart/form-data", body, NULL), 400, "form", "Content-Type");
	expect_problem(site_ask(&site, "POST", "/parts", "multipart/form-data; boundary=z", body, NULL), 400, "form", NULL);
}

// It stands in addresses that are answered.
static void test_host(void **state)
{
	(void)state;
	static const char *const hosts[] = {"a.example", "A.example:8443",  "[2001:db8::1]:80", "a\"b", "a b", "a\\b", "a<b", "a/b",
					    "a_b",       "\xc3\xa4.example"};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct answer a = site_ask(&site, "POST", "/fields", JSON_TYPE, "{\"text\":\"abc\"}", PARAMS("HTTP_HOST", hosts[i]));
		if (i < 3)
			expect(a, 200, NULL);
		else
			expect_problem(a, 400, "host", "Host");
	}
}

// Sec-Fetch-Site decides; without it Origin against Host; what has neither is no browser.
static void test_cross_site(void **state)
{
	(void)state;
	static const struct {
		const char *site, *origin, *host;
		bool allowed;
	} cases[] = {
	    {NULL, NULL, "a.example", true},
	    {"same-origin", NULL, "a.example", true},
	    {"none", NULL, "a.example", true},
	    {"same-site", NULL, "a.example", false},
	    {"cross-site", NULL, "a.example", false},
	    {"cross-site", "https://a.example", "a.example", false},
	    {"same-origin", "https://evil.example", "a.example", true},
	    {"Same-Origin", NULL, "a.example", false},
	    {NULL, "https://a.example", "a.example", true},
	    {NULL, "https://A.example", "a.example", true},
	    {NULL, "https://a.example:8443", "a.example:8443", true},
	    {NULL, "https://a.example:8443", "a.example", false},
	    {NULL, "https://evil.example", "a.example", false},
	    {NULL, "https://a.example.evil.example", "a.example", false},
	    {NULL, "null", "a.example", false},
	    {NULL, "https://a.example", "", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *site_value = cases[i].site != NULL ? cases[i].site : "",
			   *origin = cases[i].origin != NULL ? cases[i].origin : "";
		struct answer a = site_ask(&site, "POST", "/fields", JSON_TYPE, "{\"text\":\"abc\"}",
					   PARAMS("HTTP_SEC_FETCH_SITE", site_value, "HTTP_ORIGIN", origin, "HTTP_HOST", cases[i].host));
		if (cases[i].allowed)
			expect(a, 200, NULL);
		else
			expect_problem(a, 403, "cross-site", NULL);
	}
	// Each together with each, whatever is sent: the signal of the browser counts where there is one, else the origin.
	static const char *const sites[] = {"", "same-origin", "none", "same-site", "cross-site", "SAME-ORIGIN", "none, none"},
				 *const origins[] = {"",
						     "https://a.example",
						     "http://a.example",
						     "https://evil.example",
						     "null",
						     "https://a.example@evil.example"},
				 *const types[] = {JSON_TYPE, "application/x-www-form-urlencoded", "text/plain",
						   "multipart/form-data; boundary=x"};
	for (size_t i = 0; i < ARRAY_LEN(sites) * ARRAY_LEN(origins) * ARRAY_LEN(types); i++) {
		const size_t s = i % ARRAY_LEN(sites), o = i / ARRAY_LEN(sites) % ARRAY_LEN(origins);
		const char *type = types[i / ARRAY_LEN(sites) / ARRAY_LEN(origins)];
		const bool allowed = s == 0 ? o <= 2 : s <= 2;
		struct answer a = site_ask(&site, "POST", "/fields", type, "{\"text\":\"abc\"}",
					   PARAMS("HTTP_SEC_FETCH_SITE", sites[s], "HTTP_ORIGIN", origins[o], "HTTP_HOST", "a.example"));
		if ((a.status == 403) == allowed)
			fail_msg("\"%s\" from \"%s\" as %s: %d", sites[s], origins[o], type, a.status);
		answer_free(&a);
	}
	expect(site_ask(&site, "DELETE", "/hello", NULL, NULL, PARAMS("HTTP_SEC_FETCH_SITE", "cross-site")), 403, NULL);
	expect(site_ask(&site, "GET", "/hello", NULL, NULL, PARAMS("HTTP_SEC_FETCH_SITE", "cross-site")), 200, NULL);
}

static void test_preferred_types(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {NULL, "application/json"},
	    {"*/*", "application/json"},
	    {"text/html", "text/html"},
	    {"text/html;q=0", "application/json"},
	    {"text/html; q=0.000", "application/json"},
	    {"image/png, text/html;q=0", "application/json"},
	    {"image/png, text/html ; Q=0, text/event-stream;q=0", "application/json"},
	    {"text/*;q=0", "application/json"},
	    {"text/html;q=0, */*", "application/json"},
	    {"application/json;q=0, text/html;q=0.1", "text/html"},
	    {"text/html;q=0.1", "text/html"},
	    {"text/event-stream, text/html;q=0", "text/event-stream"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(media_type_preferred(rows[i][0]), rows[i][1]);
}

static void test_browsers_get_a_page(void **state)
{
	(void)state;
	const char *const *browser = PARAMS("HTTP_ACCEPT", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
	struct answer a = site_ask(&site, "POST", "/fields", FORM_TYPE, "text=abc&%3Cscript%3E=1", browser);
	assert_int_equal(a.status, 400);
	assert_non_null(strstr(a.bytes.data, "Content-Type: text/html; charset=utf-8\r\n"));
	assert_non_null(strstr(a.body, "<html lang=\"en\">"));
	assert_non_null(strstr(a.body, "&lt;script&gt;"));
	assert_null(strstr(a.body, "<script"));
	assert_null(strstr(a.body, "style="));
	answer_free(&a);
}

static void test_unlogged_answers_are_refused(void **state)
{
	(void)state;
	struct answer a = site_ask(&site, "GET", "/unlogged", NULL, NULL, NULL);
	assert_null(strstr(a.bytes.data, "made"));
	expect_problem(a, 500, "internal", NULL);
}

static void test_headers_are_clean(void **state)
{
	(void)state;
	struct answer a = site_ask(&site, "GET", "/cookie", NULL, NULL, NULL);
	assert_int_equal(a.status, 204);
	assert_null(strstr(a.bytes.data, "Set-Cookie"));
	assert_null(strstr(a.bytes.data, "\r\nInjected"));
	answer_free(&a);
	a = site_ask(&site, "GET", "/internal", NULL, NULL, NULL);
	assert_non_null(strstr(a.bytes.data, "X-Accel-Redirect: /spool/x.zip\r\n"));
	assert_non_null(strstr(a.bytes.data, "Content-Type: application/zip\r\n"));
	answer_free(&a);
}

static void test_big_json(void **state)
{
	(void)state;
	struct err e;
	struct answer a = site_ask(&site, "GET", "/big", NULL, NULL, NULL);
	JSON_AUTO cJSON *o = json_parse(a.body, strlen(a.body), &e);
	assert_non_null(o);
	assert_int_equal(strlen(json_string(o, "base64")), 3000000);
	assert_string_equal(json_string(o, "odd"), "\"\\\n\x01é");
	answer_free(&a);
}

// What is large goes out in records of 64 KiB, in its place among what is small; also to a peer that takes little at a time.
static void test_large_pieces_are_large_records(void **state)
{
	(void)state;
	size_t total = 0, records = 0, at = 0;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		total += pieces[i];
	for (int turn = 0; turn < 2; turn++) {
		BUF_AUTO struct buf request = BUF_INIT(4096), got = BUF_INIT(1 << 20);
		int fd = client_connect(site.socket), type;
		if (turn == 1)
			assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)), 0);
		request_build(&request, false, "GET", "/pieces", NULL, NULL, NULL);
		client_send(fd, &request);
		for (records = 0; (type = record_read(fd, &got, monotonic_ms() + 10000)) == RECORD_STDOUT; records++)
			if (turn == 1)
				usleep(1000);
		close(fd);
		assert_int_equal(type, RECORD_END);
		assert_in_range(records, total / 65536, 20);
		const char *body = strstr(got.data, "\r\n\r\n");
		assert_int_equal(got.len - (size_t)(body + 4 - got.data), total);
		for (size_t i = at = 0; i < ARRAY_LEN(pieces); at += pieces[i++])
			for (size_t k = 0; k < pieces[i]; k++)
				assert_int_equal(body[4 + at + k], 'a' + (int)i);
	}
}

// Who leaves in the middle of a record ends nothing but the own request.
static void test_leaving_within_a_record(void **state)
{
	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		BUF_AUTO struct buf request = BUF_INIT(4096);
		char some[3000];
		int fd = client_connect(site.socket);
		request_build(&request, true, "GET", "/pieces", NULL, NULL, NULL);
		client_send(fd, &request);
		assert_true(recv(fd, some, (size_t)(1 + turn * 100), MSG_WAITALL) > 0);
		close(fd);
	}
	expect(site_ask(&site, "GET", "/hello", NULL, NULL, NULL), 200, NULL);
}

// The visitor learns what to do, not where the disk is.
static void test_inner_errors_stay_inside(void **state)
{
	(void)state;
	struct answer a = site_ask(&site, "GET", "/error", NULL, NULL, NULL);
	assert_null(strstr(a.bytes.data, "secret"));
	assert_non_null(strstr(a.bytes.data, "Retry-After: 5\r\n"));
	expect_problem(a, 503, "storage-full", NULL);
}

static void test_no_memory_is_for_later(void **state)
{
	(void)state;
	struct answer a = site_ask(&site, "GET", "/memory", NULL, NULL, NULL);
	assert_null(strstr(a.bytes.data, "secret"));
	expect_problem(a, 503, "memory", NULL);
}

static void put_frame(const char *text)
{
	struct err e = {0};
	char path[160];
	snprintf(path, sizeof path, "%s/publish/programs/frame.html", site.folder);
	assert_int_equal(file_write(path, text, strlen(text), 0644, NULL, &e), 0);
}

// Pages of a program stand in the frame that was published; a frame that cannot be used is no reason to say nothing.
static void test_pages_are_in_the_frame(void **state)
{
	const char *const *browser = PARAMS("HTTP_ACCEPT", "text/html");
	static const char *const useless[] = {"", "<html>" FRAME_HEAD, FRAME_CONTENT FRAME_HEAD, "<html>" FRAME_CONTENT};
	(void)state;
	put_frame("<html><head>" FRAME_HEAD "<i></head><b>" FRAME_CONTENT "</b></html>");
	struct answer a = site_ask(&site, "GET", "/other", NULL, NULL, browser);
	assert_int_equal(a.status, 404);
	assert_memory_equal(a.body, "<html><head><title>There is nothing here. – BizImages</title>", 60);
	assert_non_null(strstr(a.body, "<i></head><b><div class=\"page answer\" lang=\"en\">\n<h1>There is nothing here.</h1>\n"));
	assert_string_equal(strstr(a.body, "</div>\n"), "</div>\n</b></html>");
	answer_free(&a);
	for (size_t i = 0; i < ARRAY_LEN(useless); i++) {
		put_frame(useless[i]);
		struct answer b = site_ask(&site, "GET", "/other", NULL, NULL, browser);
		assert_memory_equal(b.body, "<!doctype html>", 15);
		expect(b, 404, "<h1>There is nothing here.</h1>");
	}
}

static void test_too_many_params(void **state)
{
	(void)state;
	char *long_value = malloc(PARAMS_BYTES_MAX + 1);
	memset(long_value, 'a', PARAMS_BYTES_MAX);
	long_value[PARAMS_BYTES_MAX] = 0;
	expect_problem(site_ask(&site, "GET", "/hello", NULL, NULL, PARAMS("HTTP_ACCEPT", long_value)), 431, "headers-too-large", NULL);
	free(long_value);
}

// The address proves something only where nginx says how it knows it, and where a visitor can have it.
static void test_whose_address_it_is(void **state)
{
	static const struct {
		const char *address, *connection;
		bool known;
	} rows[] = {
	    {"203.0.113.7", "direct", true},   {"203.0.113.7", "told", true},
	    {"2a02:db8::1", "direct", true},   {"::ffff:203.0.113.7", "told", true},
	    {"203.0.113.7", "", false},        {"203.0.113.7", NULL, false},
	    {"127.0.0.1", "direct", false},    {"10.9.8.7", "direct", false},
	    {"172.31.255.1", "direct", false}, {"172.32.0.1", "direct", true},
	    {"100.127.0.1", "told", false},    {"100.128.0.1", "told", true},
	    {"169.254.1.1", "direct", false},  {"192.168.1.1", "told", false},
	    {"0.0.0.0", "direct", false},      {"240.0.0.1", "direct", false},
	    {"::1", "direct", false},          {"fd00::1", "direct", false},
	    {"fe80::1", "direct", false},      {"::ffff:10.0.0.1", "told", false},
	    {"unix:", "direct", false},        {"", "direct", false},
	};
	char address[64], connection[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *params[] = {address, rows[i].connection != NULL ? connection : NULL, NULL};
		const struct request r = {.params = params};
		snprintf(address, sizeof address, "REMOTE_ADDR=%s", rows[i].address);
		snprintf(connection, sizeof connection, "LETHE_CONNECTION=%s", rows[i].connection != NULL ? rows[i].connection : "");
		if ((request_connection(&r) != NULL) != rows[i].known)
			fail_msg("%s %s", rows[i].address, rows[i].connection != NULL ? rows[i].connection : "unsaid");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_head_has_no_body),
	    cmocka_unit_test(test_body_limits),
	    cmocka_unit_test(test_body_without_length),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_json_fields),
	    cmocka_unit_test(test_form_fields),
	    cmocka_unit_test(test_multipart),
	    cmocka_unit_test(test_host),
	    cmocka_unit_test(test_cross_site),
	    cmocka_unit_test(test_whose_address_it_is),
	    cmocka_unit_test(test_preferred_types),
	    cmocka_unit_test(test_browsers_get_a_page),
	    cmocka_unit_test(test_unlogged_answers_are_refused),
	    cmocka_unit_test(test_headers_are_clean),
	    cmocka_unit_test(test_big_json),
	    cmocka_unit_test(test_large_pieces_are_large_records),
	    cmocka_unit_test(test_leaving_within_a_record),
	    cmocka_unit_test(test_inner_errors_stay_inside),
	    cmocka_unit_test(test_no_memory_is_for_later),
	    cmocka_unit_test(test_pages_are_in_the_frame),
	    cmocka_unit_test(test_too_many_params),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
