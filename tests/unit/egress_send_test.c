// SPDX-License-Identifier: ISC
// Calls for a processor, by the real program (the testing build) against a small server: what is refused before anything leaves, what
// leaves, what is repeated, what is counted.
#include "policy/base/array.h"
#include "tests/unit/egress_support.h"

static struct egress_child child;
static struct peer peer;
static char endpoint[128];
static atomic_int flaky; // failures still to come in the case "flaky"
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static char seen[8192]; // the last request

static bool case_is(const char *name, const char *wanted)
{
	return strncmp(name, wanted, strlen(wanted)) == 0 && name[strlen(wanted)] == '\r';
}

// Egress lets only the vendor's own paths pass, so the content type says which case a call is.
static void serve(struct peer *p, int fd, const char *path, const char *request)
{
	pthread_mutex_lock(&seen_lock);
	snprintf(seen, sizeof seen, "%s", request);
	pthread_mutex_unlock(&seen_lock);
	const char *name = strstr(request, "; case=");
	(void)path;
	name = name != NULL ? name + 7 : "";
	if (case_is(name, "ok"))
		peer_answer(fd, "200 OK", "application/json", "x-ms-region: Sweden Central\r\n", "{\"a\":1}");
	else if (case_is(name, "flaky") && flaky-- > 0)
		peer_answer(fd, "503 Service Unavailable", "application/json", "retry-after-ms: 30\r\n", "{}");
	else if (case_is(name, "flaky"))
		peer_answer(fd, "200 OK", "application/json", "", "{}");
	else if (case_is(name, "broken") && flaky-- > 0)
		peer_sends(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nhalf");
	else if (case_is(name, "broken"))
		peer_answer(fd, "200 OK", "text/plain", "", "whole");
	else if (case_is(name, "filter"))
		peer_answer(fd, "400 Bad Request", "application/json", "", "{\"error\":{\"code\":\"content_filter\"}}");
	else if (case_is(name, "wait"))
		peer_answer(fd, "429 Too Many Requests", "application/json", "Retry-After: 600\r\n", "{\"late\":true}");
	else if (case_is(name, "told"))
		peer_answer(fd, "500 Internal Server Error", "application/json", "x-should-retry: false\r\n", "{}");
	else if (case_is(name, "500"))
		peer_answer(fd, "500 Internal Server Error", "application/json", "retry-after-ms: 1\r\n", "{}");
	else if (case_is(name, "elsewhere"))
		peer_answer(fd, "200 OK", "application/json", "x-ms-region: East US\r\n", "{\"secret\":1}");
	else if (case_is(name, "redirect"))
		peer_answer(fd, "302 Found", "text/plain", "Location: http://127.0.0.1/\r\n", "");
	else if (case_is(name, "hang"))
		p->left += peer_wait_closed(fd, 20000);
}

static void start_with(struct egress_child *c, const char *more)
{
	static char key[] = "AZURE_OPENAI_API_KEY=secret-key-canary";
	snprintf(endpoint, sizeof endpoint, "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:%d", peer.port);
	const char *settings[] = {endpoint, key, more, NULL};
	egress_folder(c);
	char folder[128];
	snprintf(folder, sizeof folder, "%s/egress", c->folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	egress_start(c, "testing/egress", settings);
}

static int set_up(void **state)
{
	(void)state;
	peer_start(&peer, htonl(INADDR_LOOPBACK), serve);
	start_with(&child, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	egress_end(&child);
	peer_stop(&peer);
	return 0;
}

static cJSON *call_head(const char *name, bool repeatable)
{
	char type[100];
	snprintf(type, sizeof type, "application/json; case=%s", name);
	return egress_send_head("azure-openai", "POST", "/openai/v1/images/generations", type, KIND_BIT(KIND_PROMPT), 8000, repeatable,
				false);
}

static void what_leaves_is_the_body_and_the_key(void **state)
{
	(void)state;
	char expected[1024];
	JSON_AUTO cJSON *reply = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	egress_ask(&child, call_head("ok", false), "{\"prompt\":\"x\"}", &reply, &body);
	snprintf(expected, sizeof expected,
		 "POST /openai/v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: lethe\r\nAccept: */*\r\n"
		 "Content-Type: application/json; case=ok\r\n"
		 "api-key: secret-key-canary\r\nContent-Length: 14\r\n\r\n{\"prompt\":\"x\"}",
		 peer.port);
	assert_string_equal(seen, expected);
	assert_string_equal(buf_text(&body), "{\"a\":1}");
	assert_int_equal(json_number(reply, "status", 0), 200);
	assert_int_equal(json_number(reply, "sent", 0), 14);
	assert_int_equal(json_number(reply, "attempts", 0), 1);
	assert_string_equal(json_string(reply, "region"), "swedencentral");
	assert_string_equal(json_string(reply, "type"), "application/json");
}

// One row per refusal: nothing of it may reach the peer.
static void refusals_come_before_anything_leaves(void **state)
{
	(void)state;
	static const struct {
		const char *head, *code;
	} rows[] = {
	    {"{\"op\":\"send\",\"processor\":\"fal\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"]}", "undeclared-processor"},
	    {"{\"op\":\"send\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"]}", "undeclared-processor"},
	    {"{\"op\":\"send\",\"processor\":\"sketch\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"]}", "not-configured"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"request-log\"]}",
	     "kind-not-shared"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\",\"account\"]}",
	     "kind-not-shared"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[]}", "kind-not-shared"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\"}", "kind-not-shared"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"moods\"]}", "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"TRACE\",\"path\":\"/x\",\"kinds\":[\"prompt\"]}", "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"@evil.example/\",\"kinds\":[\"prompt\"]}",
	     "bad-url"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"],"
	     "\"headers\":{\"host\":\"x\"}}",
	     "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"],"
	     "\"headers\":{\"accept\":\"a\\r\\nb: c\"}}",
	     "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"],"
	     "\"headers\":[\"accept\"]}",
	     "bad-call"},
	    {"{\"op\":\"send\",\"processor\":7,\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"]}", "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":{\"prompt\":1}}", "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[[\"prompt\"]]}", "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"],"
	     "\"repeatable\":\"yes\"}",
	     "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"],"
	     "\"deadline_ms\":-1}",
	     "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/x\",\"kinds\":[\"prompt\"],"
	     "\"verb\":\"POST\"}",
	     "bad-call"},
	    {"{\"op\":\"send\",\"aööööööööööööööööööööööööö\":1}", "bad-call"}, // told without half a letter
	    {"{\"op\":\"page\"}", "bad-call"},
	    {"{\"op\":\"page\",\"url\":[\"https://example.com/\"]}", "bad-call"},
	    {"{\"op\":{}}", "bad-call"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/openai/v1/files\",\"kinds\":[\"prompt\"]}",
	     "path-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"GET\",\"path\":\"/openai/v1/images/"
	     "generations\",\"kinds\":[\"prompt\"]}",
	     "path-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"DELETE\",\"path\":\"/openai/v1/images/"
	     "generations\",\"kinds\":[\"prompt\"]}",
	     "path-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/openai/v1/images/generations?hook=https://"
	     "evil.example\",\"kinds\":[\"prompt\"]}",
	     "path-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/openai/v1/images/../"
	     "files\",\"kinds\":[\"prompt\"]}",
	     "path-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"https://res.openai.azure.com/openai/v1/images/"
	     "generations\",\"kinds\":[\"prompt\"]}",
	     "path-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"https://evil.example/openai/v1/images/"
	     "generations\",\"kinds\":[\"prompt\"]}",
	     "host-not-allowed"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"https://a@res.openai.azure.com/"
	     "x\",\"kinds\":[\"prompt\"]}",
	     "bad-url"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"http://res.openai.azure.com/"
	     "x\",\"kinds\":[\"prompt\"]}",
	     "bad-url"},
	    {"{\"op\":\"send\",\"processor\":\"azure-openai\",\"method\":\"POST\",\"path\":\"/openai/v1/chat/"
	     "completions\",\"kinds\":[\"prompt\"]}",
	     "member-not-allowed"},
	    {"{\"op\":\"dance\"}", "bad-call"},
	    {"{}", "bad-call"},
	};
	int before = peer.accepted;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&child, cJSON_Parse(rows[i].head), "body", &reply, NULL);
		if (strcmp(reply_code(reply), rows[i].code) != 0)
			fail_msg("%s: %s", rows[i].head, reply_code(reply));
		assert_true(strlen(json_string(json_get(reply, "error"), "detail")) > 10);
	}
	assert_int_equal(peer.accepted, before);
}

// The default policy with another vendor in the place of its own.
static void start_as(struct egress_child *c, const char *id, const char *address, const char *key)
{
	char padded[16], setting[128];
	snprintf(padded, sizeof padded, "\"%s\"%*s", id, (int)(12 - strlen(id)), "");
	snprintf(setting, sizeof setting, "%s=http://127.0.0.1:%d", address, peer.port);
	static char unbuilt[] = "LETHE_ALLOW_UNBUILT=1";
	const char *settings[] = {setting, key, unbuilt, NULL};
	egress_folder(c);
	policy_replace(c->policy, "\"azure-openai\"", padded);
	egress_start(c, "testing/egress", settings);
}

// What the vendor's row demands is in each request, or the request does not go.
static void a_call_without_the_flags_of_its_route_does_not_go(void **state)
{
	(void)state;
	static const struct {
		const char *body, *code;
	} rows[] = {{"{\"model\":\"x\"}", "flags-missing"},
		    {"{\"provider\":{\"data_collection\":\"deny\"}}", "flags-missing"},
		    {"{\"provider\":{\"data_collection\":\"allow\",\"zdr\":true}}", "flags-missing"},
		    {"not JSON", "member-not-allowed"},
		    {"{\"user\":\"x\",\"provider\":{\"data_collection\":\"deny\",\"zdr\":true}}", "member-not-allowed"},
		    {"{\"provider\":{\"data_collection\":\"deny\",\"zdr\":true}}", ""}};
	struct egress_child c;
	start_as(&c, "openrouter", "OPENROUTER_BASE_URL", "OPENROUTER_API_KEY=router-key");
	int before = peer.requests;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c,
			   egress_send_head("openrouter", "POST", "/api/v1/chat/completions", "application/json; case=ok",
					    KIND_BIT(KIND_PROMPT), 8000, false, false),
			   rows[i].body, &reply, NULL);
		if (strcmp(reply_code(reply), rows[i].code) != 0)
			fail_msg("%s: %s", rows[i].body, reply_code(reply));
	}
	assert_int_equal(peer.requests, before + 1);
	assert_non_null(strstr(seen, "\r\nAuthorization: Bearer router-key\r\n"));
	egress_end(&c);
}

// A program that was taken over declares the kind, and sends it in another member of the same call.
static void a_field_that_the_policy_does_not_name_does_not_go(void **state)
{
	(void)state;
	static const struct {
		const char *path, *body, *code;
	} rows[] = {
	    {"/openai/v1/images/generations", "{\"model\":\"x\",\"prompt\":\"x\"}", ""},
	    {"/openai/v1/chat/completions", "{\"store\":false,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "field-not-shared"}};
	struct egress_child c;
	static char key[] = "AZURE_OPENAI_API_KEY=secret-key-canary";
	snprintf(endpoint, sizeof endpoint, "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:%d", peer.port);
	const char *settings[] = {endpoint, key, NULL};
	egress_folder(&c);
	policy_replace(c.policy, "<receives kind=\"prompt\"/>\n      <never",
		       "<receives kind=\"prompt\" fields=\"prompt\"/>\n      <never");
	egress_start(&c, "testing/egress", settings);
	int before = peer.requests;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c,
			   egress_send_head("azure-openai", "POST", rows[i].path, "application/json; case=ok", KIND_BIT(KIND_PROMPT), 8000,
					    false, false),
			   rows[i].body, &reply, NULL);
		if (strcmp(reply_code(reply), rows[i].code) != 0)
			fail_msg("%s: %s", rows[i].body, reply_code(reply));
	}
	assert_int_equal(peer.requests, before + 1);
	egress_end(&c);
}

// A vendor that answers with a URL: it is fetched where the row has a route for it; headers of another route are not sent.
static void a_result_is_fetched_from_the_vendors_other_hosts_only(void **state)
{
	(void)state;
	char url[128];
	struct egress_child c;
	JSON_AUTO cJSON *reply = NULL, *other = NULL, *posted = NULL, *query = NULL, *asked = NULL;
	start_as(&c, "replicate", "REPLICATE_BASE_URL", "REPLICATE_API_TOKEN=token");
	snprintf(url, sizeof url, "http://127.0.0.1:%d/abc/out-0.png", peer.port);
	egress_ask(&c, egress_send_head("replicate", "GET", url, "text/plain; case=ok", 0, 8000, true, false), NULL, &reply, NULL);
	assert_int_equal(json_number(reply, "status", 0), 200);
	assert_non_null(strstr(seen, "GET /abc/out-0.png HTTP/1.1\r\n"));
	assert_null(strstr(seen, "\r\nPrefer:"));
	egress_ask(&c,
		   egress_send_head("replicate", "POST", "/v1/predictions", "application/json; case=ok", KIND_BIT(KIND_PROMPT), 8000, false,
				    false),
		   "{}", &asked, NULL);
	assert_int_equal(json_number(asked, "status", 0), 200);
	assert_non_null(strstr(seen, "\r\nPrefer: wait=1\r\n"));
	egress_ask(&c, egress_send_head("replicate", "POST", url, NULL, 0, 8000, true, false), NULL, &posted, NULL);
	assert_string_equal(reply_code(posted), "path-not-allowed");
	// The path of this one is "/".
	snprintf(url, sizeof url, "http://127.0.0.1:%d?x=/abc/out-0.png", peer.port);
	egress_ask(&c, egress_send_head("replicate", "GET", url, NULL, 0, 8000, true, false), NULL, &query, NULL);
	assert_string_equal(reply_code(query), "path-not-allowed");
	egress_ask(&c, egress_send_head("replicate", "GET", "https://evil.example/x", NULL, 0, 8000, true, false), NULL, &other, NULL);
	assert_string_equal(reply_code(other), "host-not-allowed");
	egress_end(&c);
}

static const char *seen_body(void)
{
	const char *end = strstr(seen, "\r\n\r\n");
	return end != NULL ? end + 4 : "";
}

// What a policy promises to anonymise first leaves without personal data, in whatever form a program sends it; and nothing is sent that cannot be read.
static void what_is_to_be_anonymised_goes_without_personal_data(void **state)
{
	(void)state;
	static const char form[] = "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nmy name is anna\r\n--b--\r\n";
	static const char form_left[] = "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nmy name is [name]\r\n--b--\r\n";
	static const struct {
		const char *body, *left;
		unsigned masked;
	} rows[] = {
	    {"{\"prompt\":\"A lighthouse.\\nBest regards\\nTilda Wexford, tilda@example.com\",\"n\":1}",
	     "{\"prompt\":\"A lighthouse.\\nBest regards\\n[name], [mail address]\",\"n\":1}", 2},
	    {"{\"prompt\":\"\\u7535\\u8bdd13800138000\"}", "{\"prompt\":\"\xE7\x94\xB5\xE8\xAF\x9D[phone number]\"}", 1},
	    {"{ \"prompt\": \"a red barn\" }", "{ \"prompt\": \"a red barn\" }", 0}, // as it was, byte for byte
	    {form, form_left, 1},
	};
	static const char *const unread[] = {"my name is anna", "{\"prompt\":\"my name is \xFF\"}", "{\"a\":1}{\"b\":2}"};
	char setting[128];
	unsigned masked = 0;
	snprintf(setting, sizeof setting, "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:%d", peer.port);
	const char *settings[] = {setting, "AZURE_OPENAI_API_KEY=key", NULL};
	struct egress_child c;
	egress_folder(&c);
	policy_replace(c.policy, "policy=\"https://privacy.microsoft.com/privacystatement\"",
		       "anonymised=\"yes\" policy=\"https://privacy.example/\"     ");
	egress_start(&c, "testing/egress", settings);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool is_form = rows[i].body == form;
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c,
			   egress_send_head("azure-openai", "POST", is_form ? "/openai/v1/images/edits" : "/openai/v1/images/generations",
					    is_form ? "multipart/form-data; boundary=b" : "application/json; case=ok",
					    KIND_BIT(KIND_PROMPT), 8000, false, false),
			   rows[i].body, &reply, NULL);
		assert_string_equal(seen_body(), rows[i].left);
		masked += rows[i].masked;
	}
	int before = peer.requests;
	for (size_t i = 0; i < ARRAY_LEN(unread); i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c,
			   egress_send_head("azure-openai", "POST", "/openai/v1/images/generations", "application/json; case=ok",
					    KIND_BIT(KIND_PROMPT), 8000, false, false),
			   unread[i], &reply, NULL);
		assert_string_equal(reply_code(reply), "kind-not-shared");
	}
	assert_int_equal(peer.requests, before);
	JSON_AUTO cJSON *status = NULL;
	status_ask(&c, &status);
	assert_int_equal(json_number(status_of(status, "azure-openai"), "masked", 0), masked);
	egress_end(&c);
}

static void expect(cJSON *head, int status, unsigned attempts, const char *code)
{
	JSON_AUTO cJSON *reply = NULL;
	int before = peer.requests;
	egress_ask(&child, head, "{}", &reply, NULL);
	assert_string_equal(reply_code(reply), code);
	assert_int_equal(json_number(reply, "status", 0), status);
	assert_int_equal(peer.requests - before, attempts);
}

static void passing_trouble_is_repeated_where_that_is_safe(void **state)
{
	(void)state;
	flaky = 2;
	expect(call_head("flaky", true), 200, 3, "");
	flaky = 1;
	expect(call_head("flaky", false), 503, 1, ""); // not safe: handed on as it is
	flaky = 1;
	expect(call_head("broken", true), 200, 2, "");
	flaky = 1;
	expect(call_head("broken", false), 0, 1, "truncated");
	expect(call_head("filter", true), 400, 1, "");
	expect(call_head("wait", true), 429, 1, ""); // beyond the deadline
	expect(call_head("told", true), 500, 1, "");
	expect(call_head("500", true), 500, 4, "");
	expect(call_head("redirect", true), 302, 1, ""); // a processor's redirect is not followed
}

static void a_reply_from_another_region_is_dropped_and_counted(void **state)
{
	(void)state;
	JSON_AUTO cJSON *reply = NULL, *status = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	egress_ask(&child, call_head("elsewhere", true), "{}", &reply, &body);
	assert_string_equal(reply_code(reply), "region-mismatch");
	assert_int_equal(body.len, 0);
	status_ask(&child, &status);
	const cJSON *azure = status_of(status, "azure-openai");
	assert_int_equal(json_number(azure, "region_mismatches", 0), 1);
	assert_string_equal(json_string(azure, "region_seen"), "eastus");
}

static void a_slow_processor_meets_the_deadline(void **state)
{
	(void)state;
	JSON_AUTO cJSON *reply = NULL;
	cJSON *head = call_head("hang", true);
	cJSON_SetNumberValue(cJSON_GetObjectItem(head, "deadline_ms"), 400);
	uint64_t start = monotonic_ms();
	egress_ask(&child, head, "{}", &reply, NULL);
	assert_string_equal(reply_code(reply), "timeout");
	assert_true(monotonic_ms() - start >= 390 && TRUST_SOON(monotonic_ms() - start, 2000));
}

static void the_upstream_is_left_within_a_second_when_the_caller_leaves(void **state)
{
	(void)state;
	struct err e;
	JSON_AUTO cJSON *head = call_head("hang", true);
	int left = peer.left, requests = peer.requests, fd = egress_connect(&child);
	assert_int_equal(frame_send(fd, head, "{}", 2, monotonic_ms() + 5000, &e), 0);
	while (peer.requests == requests)
		usleep(2000);
	uint64_t start = monotonic_ms();
	close(fd);
	while (peer.left == left && monotonic_ms() - start < 12000)
		usleep(1000);
	assert_int_equal(peer.left, left + 1);
	assert_true(TRUST_SOON(monotonic_ms() - start, 1000));
}

static void frames_that_are_none_are_refused(void **state)
{
	(void)state;
	static const unsigned char frames[][10] = {
	    {0, 0, 0, 0, 0, 0, 0, 0},           {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, {0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff},
	    {0, 0, 0, 2, 0, 0, 0, 0, '[', ']'}, {0, 0, 0, 2, 0, 0, 0, 0, '{', '{'},
	};
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		struct err e;
		JSON_AUTO cJSON *reply = NULL;
		BUF_AUTO struct buf body = BUF_INIT(1024);
		int fd = egress_connect(&child);
		assert_int_equal(send(fd, frames[i], i < 3 ? 8 : 10, 0), i < 3 ? 8 : 10);
		assert_int_equal(frame_receive(fd, &reply, &body, monotonic_ms() + 5000, &e), 0);
		assert_string_equal(reply_code(reply), "bad-call");
		close(fd);
	}
}

static void counts_are_kept_over_a_restart_and_hold_no_content(void **state)
{
	(void)state;
	struct egress_child c;
	struct err e;
	char file[160], key[] = "AZURE_OPENAI_API_KEY=k";
	JSON_AUTO cJSON *reply = NULL, *status = NULL;
	start_with(&c, NULL);
	egress_ask(&c, call_head("ok", false), "{\"prompt\":\"canary\"}", &reply, NULL);
	assert_int_equal(egress_stop(&c, SIGTERM), 0);
	snprintf(file, sizeof file, "%s/egress/traffic.json", c.folder);
	BUF_AUTO struct buf text = BUF_INIT(65536);
	assert_int_equal(file_read(file, &text, &e), 0);
	assert_null(strstr(text.data, "canary"));
	const char *settings[] = {endpoint, key, NULL};
	egress_start(&c, "testing/egress", settings);
	status_ask(&c, &status);
	const cJSON *azure = status_of(status, "azure-openai");
	assert_int_equal(json_number(azure, "requests", 0), 1);
	assert_int_equal(json_number(azure, "bytes_sent", 0), 19);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(json_get(azure, "kinds"), 0)), "prompt");
	assert_true(cJSON_IsTrue(json_get(azure, "configured")));
	egress_end(&c);
}

static void what_an_earlier_policy_allowed_is_not_counted_against_this_one(void **state)
{
	(void)state;
	static const char earlier[] = "{\"processors\":[{\"id\":\"azure-openai\",\"requests\":7,\"kinds\":[\"prompt\",\"gallery\"]}],"
				      "\"pages\":{\"requests\":5,\"refused\":2}}";
	struct egress_child c;
	struct err e;
	char file[160];
	const char *settings[] = {NULL};
	for (int fetches = 0; fetches < 2; fetches++) {
		JSON_AUTO cJSON *status = NULL;
		egress_folder(&c);
		if (!fetches) {
			policy_cut(c.policy, "<page-fetch", "</page-fetch>");
			policy_replace(c.policy, "from=\"description url\"", "from=\"description\"    ");
			policy_cut(c.policy, "<kind id=\"page\"", "</kind>");
			policy_cut(c.policy, "<receives kind=\"page\"", "/>");
			policy_cut(c.policy, "<promise id=\"no-disk\" kind=\"page\"", "</promise>");
		}
		snprintf(file, sizeof file, "%s/egress", c.folder);
		assert_int_equal(mkdir(file, 0700), 0);
		snprintf(file, sizeof file, "%s/egress/traffic.json", c.folder);
		assert_int_equal(file_write(file, earlier, strlen(earlier), 0600, NULL, &e), 0);
		egress_start(&c, "testing/egress", settings);
		status_ask(&c, &status);
		const cJSON *azure = status_of(status, "azure-openai");
		assert_int_equal(json_number(azure, "requests", 0), 7);
		assert_int_equal(cJSON_GetArraySize(json_get(azure, "kinds")), 1);
		assert_int_equal(json_number(json_get(status, "pages"), "requests", -1), fetches ? 5 : 0);
		egress_end(&c);
	}
}

static void many_failures_open_the_breaker(void **state)
{
	(void)state;
	struct egress_child c;
	JSON_AUTO cJSON *status = NULL;
	start_with(&c, NULL);
	for (int i = 0; i < 8; i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c, call_head("500", false), "{}", &reply, NULL);
		assert_int_equal(json_number(reply, "status", 0), 500);
	}
	int before = peer.requests;
	JSON_AUTO cJSON *reply = NULL;
	egress_ask(&c, call_head("ok", false), "{}", &reply, NULL);
	assert_string_equal(reply_code(reply), "breaker-open");
	assert_int_equal(peer.requests, before);
	status_ask(&c, &status);
	assert_string_equal(json_string(status_of(status, "azure-openai"), "breaker"), "open");
	egress_end(&c);
}

static void the_days_budget_holds(void **state)
{
	(void)state;
	static char daily[] = "LETHE_EGRESS_DAILY=2";
	struct egress_child c;
	start_with(&c, daily);
	for (int i = 0; i < 3; i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c, call_head("ok", false), "{}", &reply, NULL);
		assert_string_equal(reply_code(reply), i < 2 ? "" : "budget");
	}
	egress_end(&c);
}

// Nobody has set one: the bill of a day has an end all the same, over restarts too.
static void a_budget_holds_that_nobody_set(void **state)
{
	(void)state;
	static char none[] = "LETHE_EGRESS_DAILY"; // removes what the tests set
	static char key[] = "AZURE_OPENAI_API_KEY=k";
	const char *settings[] = {endpoint, key, none, NULL};
	struct egress_child c;
	struct err e = {0};
	char file[128];
	start_with(&c, NULL);
	JSON_AUTO cJSON *first = NULL;
	egress_ask(&c, call_head("ok", false), "{}", &first, NULL);
	assert_int_equal(egress_stop(&c, SIGTERM), 0);
	snprintf(file, sizeof file, "%s/egress/traffic.json", c.folder);
	BUF_AUTO struct buf text = BUF_INIT(65536), more = BUF_INIT(65536), errors = BUF_INIT(65536);
	assert_int_equal(file_read(file, &text, &e), 0);
	char *today = strstr(text.data, "\"today\":1");
	assert_non_null(today);
	buf_add(&more, text.data, (size_t)(today - text.data));
	buf_adds(&more, "\"today\":1999");
	buf_adds(&more, today + strlen("\"today\":1"));
	assert_int_equal(file_write(file, more.data, more.len, 0600, NULL, &e), 0);
	egress_start(&c, "testing/egress", settings);
	for (int i = 0; i < 3; i++) {
		JSON_AUTO cJSON *reply = NULL;
		egress_ask(&c, call_head("ok", false), "{}", &reply, NULL);
		assert_string_equal(reply_code(reply), i < 1 ? "" : "budget");
	}
	egress_errors(&c, &errors);
	const char *told = strstr(buf_text(&errors), "the 2000 requests");
	assert_non_null(told);
	assert_null(strstr(told + 1, "the 2000 requests"));
	egress_end(&c);
}

// A program that must not start: its exit status is 1 and its last words hold `words`.
static void expect_no_start(struct egress_child *c, const char *program, const char *const *settings, const char *words)
{
	BUF_AUTO struct buf errors = {0};
	int status = 0;
	egress_start(c, program, settings);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	egress_errors(c, &errors);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 2 || strstr(buf_text(&errors), words) == NULL)
		fail_msg("status %d, \"%s\" is missing in:\n%s", status, words, buf_text(&errors));
	assert_null(strstr(buf_text(&errors), "canary"));
	egress_discard(c);
}

static void a_deployment_that_contradicts_the_policy_does_not_start(void **state)
{
	(void)state;
	static char elsewhere[] = "AZURE_OPENAI_ENDPOINT=https://api.example.org", plain[] = "AZURE_OPENAI_ENDPOINT=http://127.0.0.1:1",
		    fitting[] = "AZURE_OPENAI_ENDPOINT=https://res.openai.azure.com", key[] = "AZURE_OPENAI_API_KEY=key-canary",
		    bad_key[] = "AZURE_OPENAI_API_KEY=canary\r\nX: y", no_ca[] = "LETHE_CA_FILE=/nonexistent/ca.pem",
		    unbuilt[] = "LETHE_ALLOW_UNBUILT=1";
	struct egress_child c;
	egress_folder(&c);
	expect_no_start(&c, "bin/egress", (const char *[]){elsewhere, key, NULL}, "AZURE_OPENAI_ENDPOINT");
	egress_folder(&c);
	expect_no_start(&c, "bin/egress", (const char *[]){plain, key, NULL}, "https://");
	egress_folder(&c);
	expect_no_start(&c, "bin/egress", (const char *[]){fitting, bad_key, NULL}, "AZURE_OPENAI_API_KEY");
	egress_folder(&c);
	expect_no_start(&c, "bin/egress", (const char *[]){no_ca, NULL}, "LETHE_CA_FILE");
	egress_folder(&c);
	policy_replace(c.policy, "\"azure-openai\"", "\"azure-closed\"");
	expect_no_start(&c, "bin/egress", (const char *[]){fitting, key, unbuilt, NULL}, "declares no processor \"azure-openai\"");
	egress_folder(&c);
	FILE *f = fopen(c.policy, "w");
	fputs("<policy/>", f);
	fclose(f);
	expect_no_start(&c, "bin/egress", NULL, "no policy, no service");
}

static void without_a_key_it_is_not_configured(void **state)
{
	(void)state;
	struct egress_child c;
	JSON_AUTO cJSON *reply = NULL;
	egress_folder(&c);
	egress_start(&c, "bin/egress", NULL);
	egress_ask(&c, call_head("ok", false), "{}", &reply, NULL);
	assert_string_equal(reply_code(reply), "not-configured");
	assert_non_null(strstr(json_string(json_get(reply, "error"), "detail"), "AZURE_OPENAI_API_KEY"));
	egress_end(&c);
}

static void calls_under_way_are_brought_to_their_end_on_sigterm(void **state)
{
	(void)state;
	struct egress_child c;
	struct err e;
	JSON_AUTO cJSON *reply = NULL, *head = call_head("flaky", true);
	BUF_AUTO struct buf body = BUF_INIT(1024);
	start_with(&c, NULL);
	flaky = 1;
	int fd = egress_connect(&c), before = peer.requests;
	assert_int_equal(frame_send(fd, head, "{}", 2, monotonic_ms() + 5000, &e), 0);
	while (peer.requests == before)
		usleep(1000);
	kill(c.pid, SIGTERM);
	assert_int_equal(frame_receive(fd, &reply, &body, monotonic_ms() + 5000, &e), 0);
	assert_int_equal(json_number(reply, "status", 0), 200);
	close(fd);
	egress_end(&c);
}

// The key is in no file, no message, no reply, and no longer in the environment that /proc shows.
static void the_key_shows_nowhere(void **state)
{
	(void)state;
	char path[64], environment[65536];
	BUF_AUTO struct buf errors = {0};
	snprintf(path, sizeof path, "/proc/%d/environ", child.pid);
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, environment, sizeof environment); // not readable at all is as good
	fd_close(&fd);
	assert_null(n > 0 ? memmem(environment, (size_t)n, "secret-key-canary", 17) : NULL);
	egress_errors(&child, &errors);
	assert_null(strstr(buf_text(&errors), "secret-key-canary"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_leaves_is_the_body_and_the_key),
	    cmocka_unit_test(refusals_come_before_anything_leaves),
	    cmocka_unit_test(a_field_that_the_policy_does_not_name_does_not_go),
	    cmocka_unit_test(a_call_without_the_flags_of_its_route_does_not_go),
	    cmocka_unit_test(what_is_to_be_anonymised_goes_without_personal_data),
	    cmocka_unit_test(a_result_is_fetched_from_the_vendors_other_hosts_only),
	    cmocka_unit_test(passing_trouble_is_repeated_where_that_is_safe),
	    cmocka_unit_test(a_reply_from_another_region_is_dropped_and_counted),
	    cmocka_unit_test(a_slow_processor_meets_the_deadline),
	    cmocka_unit_test(the_upstream_is_left_within_a_second_when_the_caller_leaves),
	    cmocka_unit_test(frames_that_are_none_are_refused),
	    cmocka_unit_test(counts_are_kept_over_a_restart_and_hold_no_content),
	    cmocka_unit_test(what_an_earlier_policy_allowed_is_not_counted_against_this_one),
	    cmocka_unit_test(many_failures_open_the_breaker),
	    cmocka_unit_test(the_days_budget_holds),
	    cmocka_unit_test(a_budget_holds_that_nobody_set),
	    cmocka_unit_test(a_deployment_that_contradicts_the_policy_does_not_start),
	    cmocka_unit_test(without_a_key_it_is_not_configured),
	    cmocka_unit_test(calls_under_way_are_brought_to_their_end_on_sigterm),
	    cmocka_unit_test(the_key_shows_nowhere),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
