// SPDX-License-Identifier: ISC
// A server of the controller's own: by the real program, as it is installed, against a server on loopback. What counts is the address that is
// connected to, whatever name, answer of the name service or redirect led there.
#include "policy/base/address_range.h"
#include "policy/base/array.h"
#include "tests/unit/egress_support.h"
#include "tests/unit/policy_support.h"

static struct peer peer, elsewhere;
static char seen[8192];

static void serve(struct peer *p, int fd, const char *path, const char *request)
{
	char redirect[128];
	(void)p;
	snprintf(seen, sizeof seen, "%s", request);
	snprintf(redirect, sizeof redirect, "Location: http://127.0.0.1:%d%s\r\n", elsewhere.port, path);
	if (strstr(request, "redirect") != NULL)
		peer_answer(fd, "307 Temporary Redirect", "text/plain", redirect, "");
	else
		peer_answer(fd, "200 OK", "application/json", "", "{\"data\":[]}");
}

// The shipped policy, whose built-in processor is a server of the controller's own instead.
static void own_start(struct egress_child *c, const char *program, const char *within, const char *url, const char *key)
{
	static char address[256], secret[128];
	char to[1024];
	const char *settings[] = {address, key != NULL ? secret : NULL, NULL};
	struct err e;
	BUF_AUTO struct buf text = {0};
	read_policy(&text);
	snprintf(
	    to, sizeof to,
	    "<processor id=\"self-hosted\" name=\"BizImages\" brand=\"Our machine\" service=\"Pictures\" roles=\"text image\" order=\"3\" "
	    "standing=\"own\" trains=\"no\" added=\"2026-05-11\" effective=\"2026-05-11\"><task>Pictures</task><for purpose=\"make\"/>"
	    "%s<receives kind=\"prompt\"/></processor><processor id=\"sketch\"",
	    within);
	replace_once(&text, "<processor id=\"sketch\"", to);
	egress_folder(c);
	assert_int_equal(file_write(c->policy, text.data, text.len, 0600, NULL, &e), 0);
	snprintf(address, sizeof address, "SELF_HOSTED_URL=%s", url);
	snprintf(secret, sizeof secret, "SELF_HOSTED_API_KEY=%s", key != NULL ? key : "");
	egress_start(c, program, settings);
}

static cJSON *own_head(const char *type)
{
	return egress_send_head("self-hosted", "POST", "/v1/images/generations", type, KIND_BIT(KIND_PROMPT), 5000, false, false);
}

static const char ask[] = "{\"prompt\":\"x\",\"response_format\":\"b64_json\"}";

static void a_server_of_one_s_own_is_reached_where_the_policy_says_and_nowhere_else(void **state)
{
	static const struct {
		const char *within, *host, *path; // of the base address
		const char *code;                 // "": it is reached
	} rows[] = {
	    {"<within>127.0.0.1</within>", "http://127.0.0.1", "", ""},
	    {"<within>127.0.0.0/8</within>", "http://127.0.0.1", "/v1", ""},
	    {"<within>10.0.0.0/8</within><within>127.0.0.1</within>", "http://localhost", "", ""},
	    // Another address of the machine, on which the server listens, too.
	    {"<within>127.0.0.2</within>", "http://127.0.0.1", "", "address-forbidden"},
	    {"<within>127.0.0.0/30</within>", "http://127.0.0.9", "", "address-forbidden"},
	    // What the name service answers is not within.
	    {"<within>10.0.0.0/8</within>", "http://localhost", "", "address-forbidden"},
	    {"<within>10.0.0.0/8</within>", "https://localhost", "", "address-forbidden"},
	    {"<within>fd00::/8</within>", "http://localhost", "", "address-forbidden"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int testing = 0; testing < 2; testing++) {
			struct egress_child c;
			char url[128];
			JSON_AUTO cJSON *reply = NULL;
			int before = peer.accepted;
			snprintf(url, sizeof url, "%s:%d%s", rows[i].host, peer.port, rows[i].path);
			own_start(&c, testing ? "testing/egress" : "bin/egress", rows[i].within, url, NULL);
			egress_ask(&c, own_head("application/json"), ask, &reply, NULL);
			if (strcmp(reply_code(reply), rows[i].code) != 0)
				fail_msg("%s at %s: \"%s\"", rows[i].within, url, reply_code(reply));
			assert_int_equal(peer.accepted - before, *rows[i].code == '\0');
			egress_end(&c);
		}
}

static void what_it_is_sent(void **state)
{
	(void)state;
	for (int keyed = 0; keyed < 2; keyed++) {
		struct egress_child c;
		char url[128], expected[512];
		JSON_AUTO cJSON *reply = NULL, *flagless = NULL, *result = NULL, *other = NULL;
		snprintf(url, sizeof url, "http://127.0.0.1:%d", peer.port);
		own_start(&c, "bin/egress", "<within>127.0.0.1</within>", url, keyed ? "own-key" : NULL);
		egress_ask(&c, own_head("application/json"), ask, &reply, NULL);
		snprintf(expected, sizeof expected,
			 "POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: lethe\r\nAccept: */*\r\n"
			 "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
			 peer.port, keyed ? "Authorization: Bearer own-key\r\n" : "", sizeof ask - 1, ask);
		assert_string_equal(seen, expected);
		// It keeps no file of the picture that somebody could fetch, and is asked for nothing else.
		egress_ask(&c, own_head("application/json"), "{\"prompt\":\"x\"}", &flagless, NULL);
		assert_string_equal(reply_code(flagless), "flags-missing");
		egress_ask(&c, egress_send_head("self-hosted", "GET", "/files/x.png", NULL, 0, 5000, false, false), NULL, &result, NULL);
		assert_string_equal(reply_code(result), "path-not-allowed");
		egress_ask(&c,
			   egress_send_head("self-hosted", "POST", "/v1/images/generations", "application/json", KIND_BIT(KIND_REQUEST_LOG),
					    5000, false, false),
			   ask, &other, NULL);
		assert_string_equal(reply_code(other), "kind-not-shared");
		egress_end(&c);
	}
}

static void a_redirect_is_not_followed(void **state)
{
	struct egress_child c;
	char url[128];
	JSON_AUTO cJSON *reply = NULL;
	(void)state;
	snprintf(url, sizeof url, "http://127.0.0.1:%d", peer.port);
	own_start(&c, "bin/egress", "<within>127.0.0.0/8</within>", url, NULL);
	egress_ask(&c, own_head("application/json; redirect"), ask, &reply, NULL);
	assert_int_equal(json_number(reply, "status", 0), 307);
	assert_int_equal(elsewhere.accepted, 0);
	egress_end(&c);
}

// Over a network it is encrypted, and a name that the policy gives is its name.
static void what_egress_does_not_start_with(void **state)
{
	static const struct {
		const char *within, *url, *says;
	} rows[] = {
	    {"<within>10.0.0.0/8</within>", "http://10.0.0.5:8080", "it must begin with https://, or be on this machine"},
	    {"<within>10.0.0.0/8</within>", "http://gpu.example", "it must begin with https://, or be on this machine"},
	    {"<within>10.0.0.0/8</within>", "ftp://127.0.0.1", "it must begin with https://, or be on this machine"},
	    {"<host>gpu.example</host><within>10.0.0.0/8</within>", "https://other.example", "names no host like \"other.example\""},
	};
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		struct egress_child c;
		BUF_AUTO struct buf errors = {0};
		own_start(&c, i % 2 ? "testing/egress" : "bin/egress", rows[i / 2].within, rows[i / 2].url, NULL);
		assert_true(egress_stop(&c, 0) > 0); // by itself
		egress_errors(&c, &errors);
		if (strstr(buf_text(&errors), rows[i / 2].says) == NULL)
			fail_msg("%s: %s", rows[i / 2].url, buf_text(&errors));
		egress_discard(&c);
	}
}

static void ranges(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool within;
	} rows[] = {
	    {"10.0.0.0/8", "10.1.0.0/16", true},
	    {"10.0.0.0/8", "10.255.255.255", true},
	    {"10.1.0.0/16", "10.0.0.0/8", false},
	    {"10.0.0.0/8", "11.0.0.0", false},
	    {"192.168.7.20", "192.168.7.20/32", true},
	    {"192.168.7.20", "192.168.7.21", false},
	    {"172.16.0.0/12", "172.31.0.0/16", true},
	    {"172.16.0.0/12", "172.32.0.0/16", false},
	    {"fd00::/8", "fd12::/16", true},
	    {"fd00::/8", "fe00::/8", false},
	    {"::1", "::1", true},
	    {"0.0.0.0/0", "::1", false},
	    {"10.0.0.1/8", "10.0.0.1", false},
	    {"10.0.0.0/33", "10.0.0.0", false},
	    {"10.0.0.0/", "10.0.0.0", false},
	    {"10.0.0.0/+8", "10.0.0.0", false},
	    {"10.0.0", "10.0.0.0", false},
	    {"", "10.0.0.0", false},
	    {"::ffff:10.0.0.1", "10.0.0.1", false},
	};
	static const struct {
		const char *text;
		bool private;
	} kinds[] = {
	    {"127.0.0.1", true},      {"127.0.0.0/8", true},     {"10.8.0.0/16", true}, {"172.16.0.0/12", true},  {"172.0.0.0/8", false},
	    {"192.168.0.0/16", true}, {"192.168.0.0/15", false}, {"8.8.8.8", false},    {"0.0.0.0/0", false},     {"::/0", false},
	    {"fd00::/8", true},       {"fc00::/7", true},        {"fe80::/64", true},   {"2001:db8::/32", false}, {"::1", true}};
	struct address_range r;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (address_range_text_within(rows[i].outer, rows[i].inner) != rows[i].within)
			fail_msg("%s in %s", rows[i].inner, rows[i].outer);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (address_range_parse(&r, kinds[i].text) != 0 || address_range_private(&r) != kinds[i].private)
			fail_msg("%s", kinds[i].text);
	}
}

static int set_up(void **state)
{
	(void)state;
	peer_start(&peer, htonl(INADDR_ANY), serve);
	peer_start(&elsewhere, htonl(INADDR_LOOPBACK), serve);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	peer_stop(&peer);
	peer_stop(&elsewhere);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_of_one_s_own_is_reached_where_the_policy_says_and_nowhere_else),
	    cmocka_unit_test(what_it_is_sent),
	    cmocka_unit_test(a_redirect_is_not_followed),
	    cmocka_unit_test(what_egress_does_not_start_with),
	    cmocka_unit_test(ranges),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
