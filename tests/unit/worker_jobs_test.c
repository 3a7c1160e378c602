// SPDX-License-Identifier: ISC
// The whole program, sandboxed, with hostile jobs: each gets an answer within the limits, and the next one is served.
#include "fcgi/provider/provider.h"
#include "fcgi/worker/worker.h"
#include "policy/base/array.h"
#include "policy/picture/image_type.h"
#include "tests/unit/worker_fixture.h"
#include <sys/resource.h>

static const char PAGE[] = "{\"op\":\"page\",\"type\":\"text/html\",\"url\":\"https://shop.example/\"}";
static const char GOOD[] = "<title>Bakery</title><h1>Bread</h1><p>Fresh every morning.";

// A forbidden system call ends the process, so that none goes unnoticed.
static int serve(void)
{
	setenv("LETHE_SANDBOX", "kill", 1);
	return worker_main();
}

static struct server server;

static void expect_good_page(void)
{
	cJSON *reply = job_do(&server, PAGE, GOOD, sizeof GOOD - 1);
	assert_string_equal(json_string(reply, "title"), "Bakery");
	cJSON_Delete(reply);
}

static void add_times(struct buf *b, const char *piece, size_t bytes)
{
	for (size_t len = strlen(piece); b->len + len <= bytes;)
		buf_add(b, piece, len);
}

// A page that ends in facts, or in one of the declared errors: never in silence.
static void read_hostile(const struct buf *html, const char *expected_code)
{
	cJSON *reply = job_do(&server, PAGE, buf_text(html), html->len);
	const char *code = error_code(reply);
	if (expected_code != NULL)
		assert_string_equal(code, expected_code);
	else if (*code)
		assert_true(strcmp(code, "too-costly") == 0 || strcmp(code, "unreadable") == 0 || strcmp(code, "not-html") == 0 ||
			    strcmp(code, "empty-page") == 0);
	else
		assert_non_null(json_string(reply, "text"));
	cJSON_Delete(reply);
	expect_good_page();
}

static void a_page_is_read(void **state)
{
	(void)state;
	expect_good_page();
}

static void malformed_pages(void **state)
{
	(void)state;
	static const struct {
		const char *start, *piece;
		size_t bytes;
	} rows[] = {
	    {"", "<p><b>", 6000000},
	    {"", "<div>", 10000000},
	    {"<p title='", "a", 20000000},
	    {"<", "a", 3000000},
	    {"<p ", "x=y ", 2000000},
	    {"<!--", "-", 2000000},
	    {"<style>", "a{color:rgb(", 2000000},
	    {"<p>", "&#x1F600;", 2000000},
	    {"<p>", "&", 2000000},
	    {"<table>", "<tr><td><table>", 2000000},
	    {"", "</p>", 2000000},
	    {"", "<h1>", 2000000},
	    {"<!DOCTYPE html [", "<!ENTITY a '&a;&a;'>", 1000000},
	    {"\xff\xfe", "\xd8\xd8", 2000000},
	    {"<meta charset=gb18030>", "\x81", 2000000},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf html = BUF_INIT(FRAME_BODY_MAX);
		buf_adds(&html, rows[i].start);
		add_times(&html, rows[i].piece, rows[i].bytes);
		read_hostile(&html, NULL);
		buf_free(&html);
	}
}

// Each closing tag looks through all that is open: the time grows with the square of the length.
static void computing_time_is_limited(void **state)
{
	(void)state;
	struct buf html = BUF_INIT(PAGE_BYTES_MAX);
	buf_adds(&html, "<title>slow</title>");
	add_times(&html, "<b>", PAGE_BYTES_MAX / 2);
	add_times(&html, "</i>", PAGE_BYTES_MAX);
	uint64_t start = monotonic_ms();
	read_hostile(&html, "too-costly");
	assert_true(monotonic_ms() - start < 20000);
	buf_free(&html);
}

static void bytes_of_all_kinds(void **state)
{
	(void)state;
	uint32_t chaos = 12345;
	for (int round = 0; round < 20; round++) {
		struct buf html = BUF_INIT(PAGE_BYTES_MAX);
		buf_adds(&html, round % 2 ? "<html><p>" : "");
		for (int i = 0; i < 20000; i++) {
			chaos = chaos * 1664525 + 1013904223;
			buf_addc(&html, (char)(chaos >> 24));
		}
		read_hostile(&html, NULL);
		buf_free(&html);
	}
}

static void frames_that_are_none(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		bool answered;
	} rows[] = {
	    {"", 0, false},
	    {"\0\0\0", 3, false},                                 // cut off in the lengths
	    {"\0\0\0\x10\0\0\0\0{\"op\":", 14, false},            // in the head
	    {"\0\0\0\x0d\0\0\0\xff{\"op\":\"page\"}", 21, false}, // in the body
	    {"\0\0\0\0\0\0\0\0", 8, true},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, true},
	    {"GET / HTTP/1.1\r\n\r\n", 18, true},
	    {"\0\0\0\2\0\0\0\0[]", 10, true},
	    {"\0\0\0\2\0\0\0\0{}", 10, true},
	    {"\0\0\0\4\0\0\0\0{{{{", 12, true},
	    {"\0\0\0\x0d\0\0\0\0{\"op\":\"exec\"}", 21, true},
	    {"\0\0\0\x08\0\0\0\0{\"op\":1}", 16, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = peer_connect(&server);
		assert_int_equal(write(fd, rows[i].bytes, rows[i].len), (ssize_t)rows[i].len);
		shutdown(fd, SHUT_WR);
		if (rows[i].answered) {
			struct buf body;
			cJSON *reply = job_reply(fd, &body);
			assert_string_equal(error_code(reply), "bad-call");
			cJSON_Delete(reply);
			buf_free(&body);
		} else {
			char byte;
			assert_int_equal(read(fd, &byte, 1), 0);
		}
		close(fd);
	}
	expect_good_page();
}

static void expect_picture(const char *head, unsigned width, unsigned height)
{
	int fd = peer_connect(&server);
	struct buf png;
	unsigned w = 0, h = 0;
	job_send(fd, head, NULL, 0);
	cJSON *reply = job_reply(fd, &png);
	assert_string_equal(error_code(reply), "");
	assert_string_equal(json_string(reply, "type"), "image/png");
	assert_string_equal(image_type(png.data, png.len, &w, &h), "image/png");
	assert_int_equal(w, width);
	assert_int_equal(h, height);
	cJSON_Delete(reply);
	buf_free(&png);
	close(fd);
}

// In scripts that the loaded fonts have, in others, and in none: no child may need a file or a thread.
static void pictures(void **state)
{
	(void)state;
	static const char *const words[][2] = {
	    {"Bakery", "Bread"},      {"Пекарня", "Хлеб"}, {"面包店", "パン屋"}, {"مخبز", "מאפייה"}, {"🍞", "बेकरी"}, {"ẞ", "ﬀ ḉ"}, {"", ""},
	    {"\\u202eevil", "a\\tb"},
	};
	static const char *const styles[] = {"photo", "flat", "line", "print", "night", "watercolour", "isometric", "minimal"};
	static const char *const trades[] = {"bread", "tooth", "bicycle", "law", "carpet", "shop", "", "../x"};
	for (size_t i = 0; i < ARRAY_LEN(words) * 2; i++) {
		const char *const *pair = words[i / 2];
		char head[512];
		snprintf(head, sizeof head,
			 "{\"op\":\"sketch\",\"trade\":\"%s\",\"name\":\"%s\",\"title\":\"%s\",\"label\":\"%s\",\"colours\":[\"#336699\"],"
			 "\"style\":\"%s\",\"width\":256,\"height\":%d,\"index\":%zu,\"of\":8,\"seed\":%zu}",
			 trades[i % 8], i % 2 ? pair[0] : "", pair[1], pair[i % 2], styles[i % 8], 192 + (int)i, i % 8 + i / 8, i);
		expect_picture(head, 256, 192 + (unsigned)i);
	}
	expect_picture("{\"op\":\"sketch\",\"style\":\"photo\",\"width\":1024,\"height\":1536,\"index\":3}", 1024, 1536);
	expect_picture("{\"op\":\"sketch\",\"width\":64,\"height\":64,\"of\":0,\"seed\":4294967295,\"colours\":[]}", 64, 64);
}

static void impossible_pictures(void **state)
{
	(void)state;
	static const char *const heads[] = {
	    "{\"op\":\"sketch\"}",
	    "{\"op\":\"sketch\",\"width\":0,\"height\":1024}",
	    "{\"op\":\"sketch\",\"width\":65535,\"height\":65535}",
	    "{\"op\":\"sketch\",\"width\":1e9,\"height\":1e9}",
	    "{\"op\":\"sketch\",\"width\":-5,\"height\":100.5}",
	    "{\"op\":\"sketch\",\"width\":\"1024\",\"height\":[]}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"index\":-1}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"seed\":1e300}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"colours\":7}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"colours\":[\"a\",7,null]}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"colours\":{\"a\":\"b\"}}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"trade\":[\"p\"]}",
	    "{\"op\":\"sketch\",\"width\":64,\"height\":64,\"depth\":64}",
	    "{\"op\":\"page\",\"type\":7}",
	    "{\"op\":[\"page\"]}",
	};
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		expect_error(&server, heads[i], NULL, 0, "bad-call");
}

static void fifty_at_once(void **state)
{
	(void)state;
	enum { CALLERS = 50 };
	int fds[CALLERS];
	for (int i = 0; i < CALLERS; i++) {
		fds[i] = peer_connect(&server);
		if (i % 5 == 4)
			job_send(fds[i], "{\"op\":\"sketch\",\"width\":128,\"height\":128,\"index\":1}", NULL, 0);
		else
			job_send(fds[i], PAGE, GOOD, sizeof GOOD - 1);
	}
	for (int i = CALLERS; i-- > 0;) {
		struct buf body;
		cJSON *reply = job_reply(fds[i], &body);
		assert_string_equal(error_code(reply), "");
		assert_true(i % 5 == 4 ? body.len > 1000 : json_string(reply, "title") != NULL);
		cJSON_Delete(reply);
		buf_free(&body);
		close(fds[i]);
	}
}

static void callers_that_leave(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		int fd = peer_connect(&server);
		if (i % 4)
			job_send(fd, "{\"op\":\"sketch\",\"width\":1024,\"height\":1024}", NULL, 0);
		close(fd);
	}
	expect_good_page();
}

static int start(void **state)
{
	(void)state;
	server_start(&server, serve);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_is_read),      cmocka_unit_test(malformed_pages),      cmocka_unit_test(computing_time_is_limited),
	    cmocka_unit_test(bytes_of_all_kinds),  cmocka_unit_test(frames_that_are_none), cmocka_unit_test(pictures),
	    cmocka_unit_test(impossible_pictures), cmocka_unit_test(fifty_at_once),        cmocka_unit_test(callers_that_leave),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
