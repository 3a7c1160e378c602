// SPDX-License-Identifier: ISC
// What counts as a URL of a page, where redirects may lead, and how a processor's base URL and a job's path are joined.
#include "policy/base/array.h"
#include "tests/unit/test.h"

#include "fcgi/egress/url.h"

static void expect_page(const char *text, const char *result)
{
	struct err e = {0};
	char *got = NULL;
	CURLU *u = url_page(text, &e);
	if (u != NULL)
		assert_int_equal(curl_url_get(u, CURLUPART_URL, &got, 0), CURLUE_OK);
	if ((result == NULL) != (got == NULL) || (got != NULL && strcmp(got, result) != 0))
		fail_msg("\"%s\" gave %s, %s is expected (%s)", text, got ? got : "nothing", result ? result : "nothing", e.text);
	if (u == NULL)
		assert_true(e.code == ERR_INPUT && e.text[0]);
	curl_free(got);
	curl_url_cleanup(u);
}

static void ordinary_urls_are_taken(void **state)
{
	(void)state;
	expect_page("https://www.example.com/", "https://www.example.com/");
	expect_page("http://example.com", "http://example.com/");
	expect_page("HTTPS://Example.COM:443/a?b=c#d", "https://Example.COM:443/a?b=c#d");
	expect_page("http://example.com:80/", "http://example.com:80/");
	expect_page("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/");
	expect_page("https://example.com/caf\xc3\xa9", "https://example.com/caf%c3%a9");
	expect_page("https://example.com/?q=user@host", "https://example.com/?q=user@host");
}

// libcurl writes every notation of an address in one; the verdict then falls on the socket's address.
static void notations_of_addresses_become_one(void **state)
{
	(void)state;
	static const char *const loopback[] = {"2130706433", "0x7f000001", "0177.0.0.1", "00000177.0.0.1", "0x7f.1", "127.1"};
	for (size_t i = 0; i < ARRAY_LEN(loopback); i++) {
		char url[64];
		snprintf(url, sizeof url, "http://%s/", loopback[i]);
		expect_page(url, "http://127.0.0.1/");
	}
	expect_page("http://0251.0376.0251.0376/", "http://169.254.169.254/");
}

static void what_is_no_url_of_a_page_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "example.com",
	    "//example.com/",
	    "/etc/passwd",
	    "javascript:alert(1)",
	    "data:text/html,x",
	    "about:blank",
	    "file:///etc/passwd",
	    "gopher://example.com/",
	    "dict://example.com/",
	    "ftp://example.com/",
	    "sftp://example.com/",
	    "tftp://example.com/",
	    "ldap://example.com/",
	    "http+unix://%2Frun%2Fx/",
	    "ws://example.com/",
	    "http://user@example.com/",
	    "http://user:pass@example.com/",
	    "http://example.com@127.0.0.1/",
	    "http://:@example.com/",
	    "http://127.0.0.1#@example.com/x y",
	    "http://example.com\\@127.0.0.1/",
	    "http://127.0.0.1\\@example.com/",
	    "http:\\\\example.com\\",
	    "http://example.com:22/",
	    "http://example.com:8080/",
	    "http://example.com:0/",
	    "http://example.com:99999/",
	    "http://example.com:-1/",
	    "http://example.com%00.example.org/",
	    "http://%31%32%37.0.0.1/",
	    "http://ex%61mple.com/",
	    "http://[fe80::1%25eth0]/",
	    "http://m\xc3\xbcnchen.example/",
	    "http://\xe2\x91\xa0.example/",
	    "http://\xef\xbc\x91.1.1.1/",
	    "http://example\xe3\x80\x82org/",
	    "http://exam ple.com/",
	    "http://example.com/\r\nX: y",
	    "http://example.com/\n",
	    "\thttp://example.com/",
	    "http://example.com/a b",
	    "http:///example.com/",
	    "http://",
	    "http://?",
	    "http://#",
	    "http://:80/",
	    "http://[::1",
	    "http://[]/",
	    "http://::1/",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_page(bad[i], NULL);
	char *lengthy = calloc(1, 4096);
	memset(lengthy, 'a', 4000);
	memcpy(lengthy, "http://example.com/", 19);
	expect_page(lengthy, NULL);
	free(lengthy);
}

// What is wrong is said, and not what was written there.
static void a_user_in_the_address_is_named_as_the_failure(void **state)
{
	static const struct {
		const char *text;
		bool user;
	} rows[] = {{"http://hunter2@example.com/", true},    {"http://user:hunter2@example.com/", true},
		    {"https://:@example.com", true},          {"https://hunter2@example.com?a=b", true},
		    {"https://ex ample.com/@hunter2", false}, {"https://m\xc3\xbcnchen.example/@hunter2", false},
		    {"ftp://example.com/x@hunter2", false},   {"https://[::1/?hunter2@x", false}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = {0};
		assert_null(url_page(rows[i].text, &e));
		assert_int_equal(strstr(e.text, "user name or password") != NULL, rows[i].user);
		assert_null(strstr(e.text, "hunter2"));
	}
}

static void who_writes_other_letters_is_told_what_to_do(void **state)
{
	static const char *const texts[] = {"https://b\xc3\xa4"
					    "ckerei-m\xc3\xbcller.example",
					    "https://xn--bckerei-mller-jfb1i.example"};
	struct err e = {0};
	(void)state;
	assert_null(url_page(texts[0], &e));
	assert_non_null(strstr(e.text, "address bar"));
	assert_non_null(strstr(e.text, "xn--"));
	URL_AUTO CURLU *plain = url_page(texts[1], &e);
	assert_non_null(plain);
}

static void expect_redirect(const char *location, const char *result)
{
	struct err e = {0};
	char *got = NULL;
	CURLU *from = url_page("https://example.com/a/b?c#d", &e), *to = url_redirect(from, location, &e);
	if (to != NULL)
		assert_int_equal(curl_url_get(to, CURLUPART_URL, &got, 0), CURLUE_OK);
	if ((result == NULL) != (got == NULL) || (got != NULL && strcmp(got, result) != 0))
		fail_msg("\"%s\" led to %s, %s is expected", location, got ? got : "nothing", result ? result : "nothing");
	curl_free(got);
	curl_url_cleanup(to);
	curl_url_cleanup(from);
}

static void redirects_follow_the_same_rules(void **state)
{
	(void)state;
	expect_redirect("/x", "https://example.com/x");
	expect_redirect("x?y=1", "https://example.com/a/x?y=1");
	expect_redirect("../z", "https://example.com/z");
	expect_redirect("//www.example.org/y", "https://www.example.org/y");
	expect_redirect("http://www.example.org/#part", "http://www.example.org/");
	expect_redirect("/go?to=http://example.org/", "https://example.com/go?to=http://example.org/");
	static const char *const bad[] = {
	    "file:///etc/passwd",
	    "gopher://127.0.0.1:6379/_",
	    "ftp://example.org/",
	    "http://user@example.org/",
	    "//user@example.org/",
	    "http://example.org:22/",
	    "//example.org:6379/",
	    "javascript:x",
	    "data:text/html,x",
	    "http://ex%00mple.org/",
	    "http://ex%2fmple.org/",
	    "http://a%40b.example.org/",
	    "http://%zz.example.org/",
	    "http://\xff.example.org/",
	    "http://\xe2\x80\xae.example.org/",
	    "http:",
	    "https:x",
	    "mailto:x@example.org",
	    "intent://example.org/#Intent;scheme=http;end",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_redirect(bad[i], NULL);
}

// What stands in a Location is written by others, and browsers put it right.
static void redirects_are_read_as_browsers_read_them(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"/a b", "https://example.com/a%20b"},
	    {"  /x\t", "https://example.com/x"},
	    {"/o\tk", "https://example.com/ok"},
	    {"\\ok", "https://example.com/ok"},
	    {"\\\\www.example.org\\ok", "https://www.example.org/ok"},
	    {"///www.example.org/ok", "https://www.example.org/ok"},
	    {"http:///www.example.org/ok", "http://www.example.org/ok"},
	    {"HTTP://WWW.example.org/ok", "http://WWW.example.org/ok"},
	    {"http://example.org\\@127.0.0.1/", "http://example.org/@127.0.0.1/"},
	    {"/?a=\\b c", "https://example.com/?a=%5cb%20c"},
	    {"/a\"b<c>", "https://example.com/a%22b%3cc%3e"},
	    {"/caf\xc3\xa9", "https://example.com/caf%c3%a9"},
	    {"?ok", "https://example.com/a/b?ok"},
	    // names in other letters
	    {"http://bücher.example/", "http://xn--bcher-kva.example/"},
	    {"//MÜNCHEN.example:443/x", "https://xn--mnchen-3ya.example:443/x"},
	    {"http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"},
	    {"http://日本。example/", "http://xn--wgv71a.example/"},
	    {"http://straße.example/", "http://xn--strae-oqa.example/"},
	    {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
	    // and addresses in whatever letters, which are judged as addresses then
	    {"http://%31%32%37.0.0.1/", "http://127.0.0.1/"},
	    {"http://１２７.0.0.1/", "http://127.0.0.1/"},
	    {"http://127。0。0。1/", "http://127.0.0.1/"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_redirect(rows[i][0], rows[i][1]);
}

static const char *const hosts[] = {"*.openai.azure.com", "api.example.com"};
static const struct policy_processor processor = {.id = "azure-openai", .hosts = {.items = hosts, .count = ARRAY_LEN(hosts)}};

static void base_urls_must_be_https_and_the_processors(void **state)
{
	(void)state;
	struct err e;
	char host[256];
	assert_int_equal(url_base_check("https://res.openai.azure.com", &processor, host, &e), 0);
	assert_string_equal(host, "res.openai.azure.com");
	assert_int_equal(url_base_check("https://api.example.com/v1/", &processor, host, &e), 0);
	static const char *const elsewhere[] = {"https://example.com", "https://openai.azure.com.example.org",
						"https://evil-api.example.com", "https://127.0.0.1", "https://localhost"};
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		assert_int_equal(url_base_check(elsewhere[i], &processor, host, &e), -1);
		assert_int_equal(e.code, ERR_REFUSED);
	}
	static const char *const bad[] = {"",         "api.example.com",       "http://api.example.com",    "https://u:p@api.example.com",
					  "https://", "ftp://api.example.com", "https://api.example.com/#x"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(url_base_check(bad[i], &processor, host, &e), -1);
}

static void expect_join(const char *base, const char *path, const char *result)
{
	struct err e = {0};
	char *got = NULL;
	CURLU *u = url_join(base, path, &processor, &e);
	if (u != NULL)
		assert_int_equal(curl_url_get(u, CURLUPART_URL, &got, 0), CURLUE_OK);
	if ((result == NULL) != (got == NULL) || (got != NULL && strcmp(got, result) != 0))
		fail_msg("%s + %s gave %s, %s is expected", base, path, got ? got : "nothing", result ? result : "nothing");
	curl_free(got);
	curl_url_cleanup(u);
}

static void base_and_path_are_joined_once(void **state)
{
	(void)state;
	const char *whole = "https://res.openai.azure.com/openai/v1/images/generations";
	expect_join("https://res.openai.azure.com", "/openai/v1/images/generations", whole);
	expect_join("https://res.openai.azure.com/", "/openai/v1/images/generations", whole);
	expect_join("https://res.openai.azure.com/openai/v1/", "/openai/v1/images/generations", whole);
	expect_join("https://res.openai.azure.com/openai", "/openai/v1/images/generations", whole);
	expect_join("https://api.example.com/prefix", "/openai/v1/x?a=b", "https://api.example.com/prefix/openai/v1/x?a=b");
	static const char *const bad[] = {"", "openai", "@127.0.0.1/", ".example.org/", ":80/", "/a b", "/a\r\nb", "/a#b", "\\x"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_join("https://api.example.com", bad[i], NULL);
	expect_join("https://elsewhere.example.org", "/x", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ordinary_urls_are_taken),
	    cmocka_unit_test(a_user_in_the_address_is_named_as_the_failure),
	    cmocka_unit_test(notations_of_addresses_become_one),
	    cmocka_unit_test(what_is_no_url_of_a_page_is_refused),
	    cmocka_unit_test(redirects_follow_the_same_rules),
	    cmocka_unit_test(redirects_are_read_as_browsers_read_them),
	    cmocka_unit_test(base_urls_must_be_https_and_the_processors),
	    cmocka_unit_test(base_and_path_are_joined_once),
	    cmocka_unit_test(who_writes_other_letters_is_told_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
