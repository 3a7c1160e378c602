// SPDX-License-Identifier: ISC
// What is read from a page, in every encoding and however broken.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/worker/encoding.h"
#include "fcgi/worker/page.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(literal) literal, sizeof literal - 1

static cJSON *read_page(const char *bytes, size_t len, const char *type)
{
	const char *code;
	struct err e = {0};
	cJSON *facts = page_read(bytes, len, type, &code, &e);
	if (facts == NULL)
		fail_msg("%s: %s", code, e.text);
	return facts;
}

// A list's strings with "|" between; a string as it is.
static void flatten(const cJSON *facts, const char *member, struct buf *out)
{
	const cJSON *value = json_get(facts, member), *item;
	if (cJSON_IsString(value))
		buf_adds(out, value->valuestring);
	cJSON_ArrayForEach(item, value) buf_printf(out, "%s%s", item->prev != NULL && item != value->child ? "|" : "", item->valuestring);
}

static void facts_of_a_page(void **state)
{
	(void)state;
	static const struct {
		const char *html, *member, *expected;
	} rows[] = {
	    // titles
	    {"<title> The \n  Bakery </title><p>x", "title", "The Bakery"},
	    {"<svg><title>icon</title></svg><title>Real</title>", "title", "Real"},
	    {"<meta property='og:title' content='From og'><p>x", "title", "From og"},
	    {"<title>First</title><title>Second</title>", "title", "First"},
	    {"<title>Fish &amp; Chips &#8211; caf&eacute;</title>", "title", "Fish & Chips – café"},
	    {"<title>a\xe2\x80\xae\xe2\x80\x8b\xc2\xad"
	     "b</title>",
	     "title", "ab"},
	    // descriptions
	    {"<meta name=Description content='Bread since 1902'><p>x", "description", "Bread since 1902"},
	    {"<meta property=og:description content=og><meta name=description content=own><p>x", "description", "own"},
	    {"<meta name=twitter:description content='short'><p>x", "description", "short"},
	    // language and site
	    {"<html lang=de_AT><p>x", "language", "de-AT"},
	    {"<html lang='<script>'><p>x", "language", ""},
	    {"<meta http-equiv=content-language content='fr, en'><p>x", "language", "fr"},
	    {"<meta property=og:site_name content='Bäcker'><p>x", "site_name", "Bäcker"},
	    {"<meta name=application-name content='App'><p>x", "site_name", "App"},
	    // headings
	    {"<h1>One <b>and</b><br>two</h1><h2></h2><h3>Three</h3><h4>no</h4><h2>Three</h2>", "headings", "One and two|Three"},
	    {"<h1>Seen</h1><div hidden><h2>unseen</h2></div><script><h2>s</h2></script>", "headings", "Seen"},
	    // text
	    {"<p>one   two\n\tthree</p><p>four", "text", "one two three\nfour"},
	    {"<p>a<span>b</span>c <i> d</i>", "text", "abc d"},
	    {"<nav>menu</nav><p>body<footer>foot</footer><style>p{}</style><script>x()</script><noscript>no</noscript>", "text", "body"},
	    {"<p hidden>a<p style='display : none'>b<p style=visibility:hidden>c<p>e", "text", "e"},
	    {"<p aria-hidden=true>read out to nobody, but shown", "text", "read out to nobody, but shown"},
	    {"<div class='cookie-banner'>We use cookies</div><div role=dialog>d</div><p>e", "text", "e"},
	    {"<body hidden style=display:none><p>shown by a script", "text", "shown by a script"},
	    {"<div hidden><p>a<div>b</div></div>c", "text", "c"},
	    {"<select><option>a<option>b</select><textarea>t</textarea><button>k</button>z", "text", "z"},
	    {"<p>one<!-- comment -->two", "text", "onetwo"},
	    {"<p>5 < 6 & so on", "text", "5 < 6 & so on"},
	    {"<p style='display:block;border:none'>shown<p style='background:url(/display/none.png)'>too", "text", "shown\ntoo"},
	    {"<div style='visibility:visible;overflow:hidden'>shown</div><p style='display:none!important'>x", "text", "shown"},
	    {"<style>.a{display:none}.b .c{visibility:hidden}</style><p class=a>x<p class=b><b class=c>x</b>shown", "text", "shown"},
	    {"<div class=cookies><h2>Our cookies</h2>oatmeal</div>", "text", "Our cookies\noatmeal"},
	    {"<nav>nothing but a menu</nav>", "text", "nothing but a menu"},
	    {"<p>info&commat;example&period;org caf&eacute", "text", "info@example.org café"},
	    {"<p>\u0645\u06cc\u200c\u0631\u0648\u0645 ba\u200cke", "text", "\u0645\u06cc\u200c\u0631\u0648\u0645 bake"},
	    {"<p>\U0001f469\u200d\U0001f373", "text", "\U0001f469\u200d\U0001f373"},
	    {"<meta http-equiv=refresh content='0; url=/x y'>", "refresh", "/x y"},
	    {"<meta http-equiv=refresh content='2;URL=\"/x\" '><p>text", "refresh", "/x"},
	    {"<meta http-equiv=refresh content='60;url=/x'><p>text", "refresh", ""},
	    {"<meta http-equiv=refresh content=5><p>text", "refresh", ""},
	    // colours
	    {"<meta name=theme-color content='#1a2B3c'><style>a{color:#ff0000;background:#f00}</style><p>x", "colours", "#1a2b3c|#ff0000"},
	    {"<meta name=msapplication-TileColor content='#abc'><p>x", "colours", "#aabbcc"},
	    {"<p style='color:rgb(255, 0,0);background:rgba(0 128 0 / 50%)'>x", "colours", "#ff0000|#008000"},
	    {"<p style='color:hsl(240 100% 50%)'>x", "colours", "#0000ff"},
	    {"<style>#bad{} #feed:hover{} a{color:#12}</style><p>x", "colours", ""},
	    {"<style>:root{--brand-colour:#0a7d6b}a{color:#d02020}b{color:#d02020}</style><p>x", "colours", "#0a7d6b|#d02020"},
	    {"<body bgcolor=#102030><p>x", "colours", "#102030"},
	    {"<style>a{color:#336699}b{color:#346799}</style><p>x", "colours", "#336699"},
	    {"<meta name=theme-color content='javascript:alert(1)'><p>x", "colours", ""},
	    {"<style>a{color:rgb(1e999,nan,-5)}b{color:rgb(}c{color:hsl(</style><p>x", "colours", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *facts = read_page(rows[i].html, strlen(rows[i].html), "text/html; charset=utf-8");
		struct buf got = BUF_INIT(PAGE_FACTS_MAX);
		flatten(facts, rows[i].member, &got);
		if (strcmp(buf_text(&got), rows[i].expected) != 0)
			fail_msg("%s\n  gives %s \"%s\", not \"%s\"", rows[i].html, rows[i].member, buf_text(&got), rows[i].expected);
		buf_free(&got);
		cJSON_Delete(facts);
	}
}

static void the_main_part_is_preferred(void **state)
{
	(void)state;
	struct buf html = BUF_INIT(PAGE_BYTES_MAX);
	buf_adds(&html, "<div>beside</div><main><p>");
	for (int i = 0; i < 60; i++)
		buf_adds(&html, "important ");
	buf_adds(&html, "</main><div>after</div>");
	cJSON *facts = read_page(html.data, html.len, NULL);
	assert_null(strstr(json_string(facts, "text"), "beside"));
	assert_null(strstr(json_string(facts, "text"), "after"));
	assert_non_null(strstr(json_string(facts, "text"), "important"));
	cJSON_Delete(facts);
	buf_free(&html);
}

static void encodings(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *type, *title;
	} rows[] = {
	    {BYTES("<title>K\xc3\xa4se</title>"), "text/html", "Käse"},
	    {BYTES("<title>K\xe4se \x80</title>"), "text/html", "Käse €"},
	    {BYTES("<title>K\xe4se \x80</title>"), "text/html; charset=ISO-8859-1", "Käse €"},
	    {BYTES("\xef\xbb\xbf<title>K\xc3\xa4se</title>"), "text/html; charset=windows-1252", "Käse"},
	    {BYTES("<meta charset=utf-8><title>K\xe4se</title>"), "text/html", "K�se"},
	    {BYTES("<meta charset='windows-1251'><title>\xcf\xf0\xe8\xe2\xe5\xf2</title>"), "text/html", "Привет"},
	    {BYTES("<meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\"><title>\xf0\xd2\xc9\xd7\xc5\xd4</title>"), NULL,
	     "Привет"},
	    {BYTES("<title>\x93\xfa\x96\x7b</title>"), "text/html;charset=\"Shift_JIS\"", "日本"},
	    {BYTES("<title>\xc6\xfc\xcb\xdc</title>"), "text/html; charset=euc-jp", "日本"},
	    {BYTES("<title>\xd6\xd0\xce\xc4</title>"), "text/html; charset=gbk", "中文"},
	    {BYTES("<title>\xa4\xa4\xa4\xe5</title>"), "text/html; charset=big5", "中文"},
	    {BYTES("<title>\xc7\xd1\xb1\xdb</title>"), "text/html; charset=euc-kr", "한글"},
	    {BYTES("<title>\xd6\xd0\xff\xff</title>"), "text/html; charset=gbk", "中��"},
	    {BYTES("\xff\xfe<\0t\0i\0t\0l\0e\0>\0\xe4\0=\xd8\0\xde<\0/\0t\0i\0t\0l\0e\0>\0"), "text/html", "ä😀"},
	    {BYTES("\xfe\xff\0<\0t\0i\0t\0l\0e\0>\0\xe4\0<\0/\0t\0i\0t\0l\0e\0>"), "text/html", "ä"},
	    {BYTES("<\0t\0i\0t\0l\0e\0>\0\xe4\0<\0/\0t\0i\0t\0l\0e\0>\0"), NULL, "ä"},
	    {BYTES("\xff\xfe<\0t\0i\0t\0l\0e\0>\0=\xd8x\0<\0/\0t\0i\0t\0l\0e\0>\0"), "text/html", "�x"},
	    // labels of the web
	    {BYTES("<title>\x93\xfa\x96\x7b</title>"), "text/html; charset=x-sjis", "日本"},
	    {BYTES("<meta charset=ms_kanji><title>\x93\xfa\x96\x7b</title>"), "text/html", "日本"},
	    {BYTES("<title>\xc6\xfc\xcb\xdc</title>"), "text/html; charset=x-euc-jp", "日本"},
	    {BYTES("<title>\x1b$BF|K\\\x1b(B</title>"), "text/html; charset=ISO-2022-JP", "日本"},
	    {BYTES("<title>\x8f\xe0\xa8\xa2\xa5\xe2</title>"), "text/html; charset=cp866", "Привет"},
	    {BYTES("<title>\xb3\xf3"
		   "d\xbc</title>"),
	     "text/html; charset=iso8859-2", "łódź"},
	    {BYTES("<title>\xba\xfa\xa4</title>"), "text/html; charset=iso-8859-16", "șú€"},
	    {BYTES("<title>\x8f\xf0\xe8</title>"), "text/html; charset=x-mac-cyrillic", "При"},
	    {BYTES("<title>\xd6\xd0\xce\xc4 \x80</title>"), "text/html; charset=gb_2312-80", "中文 €"},
	    {BYTES("<title>\xa4\xa4\xa4\xe5 \xa1\x45</title>"), "text/html; charset=cn-big5", "中文 ‧"},
	    {BYTES("<title>\xc7\xd1\xb1\xdb</title>"), "text/html; charset=korean", "한글"},
	    {BYTES("<title>\xf9\xe0</title>"), "text/html; charset=logical", "שא"},
	    // where it is not said
	    {BYTES("<!-- <meta charset=gbk> --><meta charset=utf-8><title>Caf\xc3\xa9</title>"), "text/html", "Café"},
	    {BYTES("<script>'<meta charset=gbk>'</script><meta charset=utf-8><title>Caf\xc3\xa9</title>"), "text/html", "Café"},
	    {BYTES("<meta name=description content='charset=gbk'><title>Caf\xc3\xa9</title>"), "text/html", "Café"},
	    {BYTES("<meta data-charset=gbk><title>Caf\xc3\xa9</title>"), "text/html; xcharset=gbk", "Café"},
	    {BYTES("<title>Caf\xc3\xa9 \xc3"), "text/html", "Café �"},
	    // A page that can be read as ASCII so far cannot be UTF-16.
	    {BYTES("<meta charset=utf-16><title>K\xc3\xa4se</title>"), NULL, "Käse"},
	    // No page may choose UTF-7.
	    {BYTES("<meta charset=utf-7><title>+ADw-b+AD4-</title>"), "text/html; charset=utf-7", "+ADw-b+AD4-"},
	    {BYTES("<title>a\0b\x01"
		   "c\xc0\xaf\xed\xa0\x80\xf5</title>"),
	     "text/html; charset=utf-8", "a b c������"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *facts = read_page(rows[i].bytes, rows[i].len, rows[i].type);
		if (strcmp(json_string(facts, "title"), rows[i].title) != 0)
			fail_msg("row %zu gives \"%s\", not \"%s\"", i, json_string(facts, "title"), rows[i].title);
		cJSON_Delete(facts);
	}
}

static void what_is_no_page(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		const char *type, *code;
	} rows[] = {
	    {BYTES("<p>x"), "application/pdf", "not-html"},
	    {BYTES("<p>x"), "text/plain", "not-html"},
	    {BYTES("%PDF-1.7 <p>x"), "text/html", "not-html"},
	    {BYTES("\x89PNG\r\n\x1a\n"), "text/html", "not-html"},
	    {BYTES("\x1f\x8b\x08"), NULL, "not-html"},
	    {BYTES(""), "text/html", "empty-page"},
	    {BYTES("<html><body><div id=app></div><script>start()</script>"), "text/html", "unreadable"},
	    {BYTES("<!-- only a comment -->"), "text/html", "empty-page"},
	    {BYTES("only words"), NULL, "not-html"},
	    {BYTES("%PDF-1.7 <p>x"), "*/*", "not-html"},
	    {BYTES("\x01\x02\x03<p>x"), "", "not-html"},
	    {BYTES("<rss><title>x</title></rss>"), "application/xml", "not-html"},
	    {BYTES("<frameset><frame src=a></frameset>"), "text/html", "frames"},
	    {BYTES("<body><img src=a><img src=b>"), "text/html", "pictures"},
	    {BYTES("<p style='display:none'>x</p><script></script>"), "text/html", "hidden"},
	    {BYTES("<body>"), "text/html", "empty-page"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *code = "";
		struct err e = {0};
		assert_null(page_read(rows[i].bytes, rows[i].len, rows[i].type, &code, &e));
		assert_string_equal(code, rows[i].code);
		assert_true(strlen(e.text) > 15);
	}
}

// Every length is cut at a whole character, and all of it fits into the reply.
static void long_pages_are_cut(void **state)
{
	(void)state;
	struct buf html = BUF_INIT(8 * 1024 * 1024);
	buf_adds(&html, "<title>");
	for (int i = 0; i < 5000; i++)
		buf_adds(&html, "ä€😀 ");
	buf_adds(&html, "</title><meta name=description content='");
	for (int i = 0; i < 5000; i++)
		buf_adds(&html, "€x");
	buf_adds(&html, "'>");
	for (int i = 0; i < 5000; i++)
		buf_printf(&html, "<h2>Heading €%d</h2><p style='color:#%06x'>\"quoted\" \\ text €%d</p>", i, (unsigned)i * 2654 % 0xffffff,
			   i);
	cJSON *facts = read_page(html.data, html.len, NULL);
	struct buf json = BUF_INIT(PAGE_FACTS_MAX);
	assert_int_equal(json_print(&json, facts), 0);
	assert_true(utf8_valid(json.data, json.len));
	assert_true(json.len > 6000);
	assert_int_equal(cJSON_GetArraySize(json_get(facts, "colours")), 6);
	cJSON_Delete(facts);
	buf_free(&json);
	buf_free(&html);
}

// Only what is declared can be read: no file, no address, whatever the page asks for.
static void nothing_is_fetched(void **state)
{
	(void)state;
	static const char html[] =
	    "<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><title>t</title><p>&x;<xi:include href='/etc/passwd'/>"
	    "<object data='/etc/passwd'></object><iframe src='file:///etc/passwd'></iframe>";
	cJSON *facts = read_page(html, sizeof html - 1, NULL);
	char *text = cJSON_Print(facts);
	assert_null(strstr(text, "root:"));
	cJSON_free(text);
	cJSON_Delete(facts);
}

static int set_up(void **state)
{
	struct err e = {0};
	(void)state;
	if (page_prepare(&e) != 0)
		print_error("%s\n", e.text);
	return e.code == ERR_NONE ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(facts_of_a_page), cmocka_unit_test(the_main_part_is_preferred), cmocka_unit_test(encodings),
	    cmocka_unit_test(what_is_no_page), cmocka_unit_test(long_pages_are_cut),         cmocka_unit_test(nothing_is_fetched),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
