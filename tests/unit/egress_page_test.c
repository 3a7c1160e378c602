// SPDX-License-Identifier: ISC
// Pages, by the real program: the production build never connects to a forbidden address, the testing build shows what happens with
// every kind of hostile answer.
#include "policy/base/array.h"
#include "tests/unit/egress_support.h"
#include <zlib.h>

static struct egress_child child;
static struct peer peer;
static atomic_int large_over; // large pages that were sent, but for their end, or not wanted any more

// ---- what the peer answers, by path ----

static void send_gzip_bomb(int fd)
{
	// 64 MB of spaces in about 64 KiB.
	enum { PLAIN = 64 * 1024 * 1024, ROOM = 256 * 1024 };
	z_stream z = {0};
	static char block[65536];
	char *packed = malloc(ROOM);
	memset(block, ' ', sizeof block);
	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_out = (unsigned char *)packed;
	z.avail_out = ROOM;
	for (size_t done = 0; done < PLAIN; done += sizeof block) {
		z.next_in = (unsigned char *)block;
		z.avail_in = sizeof block;
		deflate(&z, done + sizeof block >= PLAIN ? Z_FINISH : Z_NO_FLUSH);
	}
	char head[256];
	int n =
	    snprintf(head, sizeof head,
		     "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n", z.total_out);
	peer_send(fd, head, (size_t)n);
	peer_send(fd, packed, z.total_out);
	deflateEnd(&z);
	free(packed);
}

static void send_endless(int fd, const char *head, const char *piece, unsigned pause_us)
{
	if (peer_sends(fd, head) < 0)
		return;
	while (peer_sends(fd, piece) == 0)
		if (pause_us)
			usleep(pause_us);
}

static void serve_redirect(struct peer *p, int fd, const char *path)
{
	char location[1024], header[1200];
	const char *to = strstr(path, "to=");
	snprintf(location, sizeof location, "%s", to != NULL ? to + 3 : "/ok");
	if (strcmp(path, "/loop") == 0)
		snprintf(location, sizeof location, "/loop");
	(void)p;
	snprintf(header, sizeof header, "Location: %s\r\n", location);
	peer_answer(fd, strncmp(path, "/307", 4) == 0 ? "307 Temporary Redirect" : "302 Found", "text/html", header, "moved");
}

static void send_large(int fd, const char *piece, size_t len)
{
	peer_sends(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
	for (size_t sent = 0; sent + len <= PAGE_BYTES_MAX; sent += len)
		if (peer_send(fd, piece, len) != 0)
			break;
	large_over++;
	peer_wait_closed(fd, 20000);
}

// ---- answers that are not quite right, and what Chromium shows of them ----

#define PLAIN "<title>T</title><p>bread and rolls"
enum odd_body { AS_IS, GZIPPED, ZLIB, DEFLATED, GZIPPED_TWICE, BROTLI };
struct odd {
	const char *head;
	enum odd_body body;
	int cut;            // bytes taken from its end
	const char *behind; // and added to it
	size_t behind_len;
	const char *gives; // the page; NULL: PLAIN
	const char *code;  // or why there is none
};
#define HTML_OK       "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
#define BEHIND(bytes) .behind = (bytes), .behind_len = sizeof(bytes) - 1
static const struct odd odd[] = {
    // compression
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED},
    {HTML_OK "Content-Encoding: X-GZip\r\n\r\n", .body = GZIPPED},
    {HTML_OK "Content-Encoding: deflate\r\n\r\n", .body = ZLIB},
    {HTML_OK "Content-Encoding: deflate\r\n\r\n", .body = DEFLATED},
    {HTML_OK "Content-Encoding: br\r\n\r\n", .body = BROTLI},
    {HTML_OK "Content-Encoding: gzip, gzip\r\n\r\n", .body = GZIPPED_TWICE},
    {HTML_OK "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", .body = GZIPPED_TWICE},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED, BEHIND("\n")},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED, BEHIND("\0\0\0\0\0\0\0\0")},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED, BEHIND("\x1f\x8b\x08\0\0\0\0\0\x02\xff\x03\0\0\0\0\0\0\0\0\0")},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED, BEHIND("<!-- served in 3 ms -->")},
    {HTML_OK "Content-Encoding: deflate\r\n\r\n", .body = ZLIB, BEHIND("\r\n")},
    {HTML_OK "Content-Encoding: br\r\n\r\n", .body = BROTLI, BEHIND("\n")},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED, .cut = 8},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = GZIPPED, .cut = 8, BEHIND("\0\0\0\0\0\0\0\0")},
    {HTML_OK "Content-Encoding: gzip\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Encoding: none\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Encoding: utf-8\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Encoding: \r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Encoding: br\r\n\r\n", .body = AS_IS, .code = "truncated"},
    // lengths
    {HTML_OK "Content-Length: 500\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Length: 24\r\n\r\n", .body = AS_IS, .gives = "<title>T</title><p>bread"},
    {HTML_OK "Content-Length: abc\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Length: \r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Length: -5\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Length: 34, 34\r\n\r\n", .body = AS_IS},
    {HTML_OK "Content-Length: 34\r\nContent-Length: 34\r\n\r\n", .body = AS_IS, BEHIND("HTTP/1.1 200 OK\r\n")},
    {HTML_OK "Content-Length : 34\r\n\r\n", .body = AS_IS},
    {HTML_OK "Transfer-Encoding: chunked\r\n\r\n22  \r\n", .body = AS_IS, BEHIND("\r\n0\r\n\r\n")},
    {HTML_OK "Transfer-Encoding: chunked\r\n\r\n22;a=b\r\n", .body = AS_IS, BEHIND("\r\n0\r\n\r\n")},
    {HTML_OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n22\r\n", .body = AS_IS, BEHIND("\r\n0\r\n\r\n")},
    {HTML_OK "Transfer-Encoding: chunked\r\n\r\n22\r\n", .body = AS_IS, BEHIND("\r\n")},
    {HTML_OK "Transfer-Encoding: chunked\r\n\r\n40\r\n", .body = AS_IS},
    {HTML_OK "Transfer-Encoding: identity\r\n\r\n", .body = AS_IS},
    // headers
    {"HTTP/1.1 200 OK\nContent-Type: text/html\n\n", .body = AS_IS},
    {"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200\r\nContent-Type: text/html\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" HTML_OK "\r\n", .body = AS_IS},
    {HTML_OK "X-A : b\r\n\r\n", .body = AS_IS},
    {HTML_OK "X-A: b\r\n  c\r\n\r\n", .body = AS_IS},
    {HTML_OK "X-A: caf\xe9\r\n\r\n", .body = AS_IS},
    // types
    {"HTTP/1.1 200 OK\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: */*\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: unknown/unknown\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: \r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: html\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Type: garbage\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/html, text/html; charset=utf-8\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n", .body = AS_IS, .code = "not-html"},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", .body = AS_IS, .code = "not-html"},
    {"HTTP/1.1 203 x\r\nContent-Type: text/html\r\n\r\n", .body = AS_IS},
    // sent on
    {HTML_OK "Refresh: 0; url=/ok\r\n\r\n", .body = AS_IS, .cut = 34, .gives = "<title>Bakery</title>"},
    {HTML_OK "Refresh: 2;URL='/ok'\r\n\r\n", .body = AS_IS, .gives = "<title>Bakery</title>"},
    {HTML_OK "Refresh: 600; url=/ok\r\n\r\n", .body = AS_IS},
    {HTML_OK "Refresh: 300\r\n\r\n", .body = AS_IS},
    {"HTTP/1.1 302 x\r\nLocation:   \\ok  \r\n\r\n", .body = AS_IS, .gives = "<title>Bakery</title>"},
    {"HTTP/1.1 308 x\r\nLocation: /o\tk\r\n\r\n", .body = AS_IS, .gives = "<title>Bakery</title>"},
    {"HTTP/1.1 302 x\r\nLocation: \r\n\r\n", .body = AS_IS, .code = "http-status"},
};

static size_t deflate_into(char *out, size_t size, const char *bytes, size_t len, int window)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes,
		      .avail_in = (unsigned)len,
		      .next_out = (unsigned char *)out,
		      .avail_out = (unsigned)size};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static void odd_send(int fd, const struct odd *o)
{
	static const unsigned char brotli[] = {0x1b, 0x21, 0x00, 0xf8, 0x8d, 0x93, 0x4c, 0xfd, 0xfa, 0xd4, 0x2f, 0x3e, 0x70,
					       0x73, 0x92, 0x87, 0x4a, 0x0c, 0x26, 0x72, 0xc0, 0xde, 0x96, 0x04, 0x7c, 0x7a,
					       0x33, 0xb0, 0x41, 0x2f, 0x0f, 0xd1, 0x05, 0x2e, 0x1f, 0x20, 0x51, 0x03};
	static const int windows[] = {[GZIPPED] = 31, [ZLIB] = 15, [DEFLATED] = -15, [GZIPPED_TWICE] = 31};
	char body[512], twice[512];
	size_t len = sizeof PLAIN - 1;
	memcpy(body, PLAIN, len);
	if (o->body == BROTLI) {
		len = sizeof brotli;
		memcpy(body, brotli, len);
	} else if (o->body != AS_IS) {
		len = deflate_into(body, sizeof body, PLAIN, sizeof PLAIN - 1, windows[o->body]);
	}
	if (o->body == GZIPPED_TWICE) {
		memcpy(twice, body, len);
		len = deflate_into(body, sizeof body, twice, len, 31);
	}
	len -= (size_t)o->cut;
	if (o->behind != NULL)
		memcpy(body + len, o->behind, o->behind_len);
	peer_sends(fd, o->head);
	peer_send(fd, body, len + o->behind_len);
}

static void serve(struct peer *p, int fd, const char *path, const char *request)
{
	char many[65536];
	memset(many, 'x', sizeof many);
	memcpy(many, "X: ", 3);
	snprintf(many + 1000, 3, "\r\n");
	if (strcmp(path, "/ok") == 0)
		peer_answer(fd, "200 OK", "text/html; charset=utf-8", "Set-Cookie: a=b\r\n", "<title>Bakery</title>");
	else if (strcmp(path, "/request") == 0)
		peer_answer(fd, "200 OK", "text/html", "", request);
	else if (strcmp(path, "/xhtml") == 0)
		peer_answer(fd, "200 OK", "Application/XHTML+XML", "", "<html/>");
	else if (strcmp(path, "/gzip-bomb") == 0)
		send_gzip_bomb(fd);
	else if (strcmp(path, "/bad-gzip") == 0)
		peer_answer(fd, "200 OK", "text/html", "Content-Encoding: gzip\r\n", "\x1f\x8bthis is not gzip");
	else if (strncmp(path, "/odd/", 5) == 0)
		odd_send(fd, &odd[strtoul(path + 5, NULL, 10)]);
	else if (strcmp(path, "/2gb") == 0)
		send_endless(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2147483648\r\n\r\n", many, 0);
	else if (strcmp(path, "/endless-body") == 0)
		send_endless(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", many, 0);
	else if (strcmp(path, "/endless-headers") == 0)
		send_endless(fd, "HTTP/1.1 200 OK\r\n", many, 0);
	else if (strcmp(path, "/drip") == 0)
		send_endless(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "x", 200000);
	else if (strcmp(path, "/hang") == 0)
		p->left += peer_wait_closed(fd, 20000);
	else if (strcmp(path, "/large") == 0)
		send_large(fd, many, sizeof many);
	else if (strcmp(path, "/cut") == 0)
		peer_sends(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\nabc");
	else if (strcmp(path, "/noise") == 0)
		peer_sends(fd, "SSH-2.0-OpenSSH_9.2\r\n");
	else if (strcmp(path, "/image") == 0)
		peer_answer(fd, "200 OK", "image/png", "", "\x89PNG");
	else if (strcmp(path, "/empty") == 0)
		peer_answer(fd, "200 OK", "text/html", "", "");
	else if (strcmp(path, "/204") == 0)
		peer_sends(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	else if (strcmp(path, "/404") == 0)
		peer_answer(fd, "404 Not Found", "text/html", "", "nothing");
	else if (strcmp(path, "/304") == 0)
		peer_answer(fd, "304 Not Modified", "text/html", "", "");
	else if (strcmp(path, "/close") != 0)
		serve_redirect(p, fd, path);
}

static const char *at(const char *path)
{
	static char url[2048];
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", peer.port, path);
	return url;
}

static int set_up(void **state)
{
	(void)state;
	peer_start(&peer, htonl(INADDR_ANY), serve);
	egress_folder(&child);
	egress_start(&child, "testing/egress", NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	egress_end(&child);
	peer_stop(&peer);
	return 0;
}

// ---- tests ----

static void a_page_comes_with_its_type_and_final_address(void **state)
{
	(void)state;
	JSON_AUTO cJSON *reply = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	egress_ask(&child, egress_page_head(at("/redirect?to=/307?to=/ok"), 5000), NULL, &reply, &body);
	assert_string_equal(buf_text(&body), "<title>Bakery</title>");
	assert_string_equal(json_string(reply, "type"), "text/html; charset=utf-8");
	assert_string_equal(json_string(reply, "url"), at("/ok"));
	assert_int_equal(json_number(reply, "status", 0), 200);
	page_expect(&child, at("/xhtml"), "");
}

static void the_request_says_who_we_are_and_nothing_else(void **state)
{
	(void)state;
	char expected[512];
	JSON_AUTO cJSON *reply = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	egress_ask(&child, egress_page_head(at("/request"), 5000), NULL, &reply, &body);
	snprintf(expected, sizeof expected,
		 "GET /request HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: BizImages/1.0 (+https://bizimages.example/)\r\n"
		 "Accept-Encoding: gzip\r\nAccept: text/html,application/xhtml+xml\r\n\r\n",
		 peer.port);
	assert_string_equal(buf_text(&body), expected);
}

static void hostile_answers_end_early(void **state)
{
	(void)state;
	static const struct {
		const char *path, *code;
	} rows[] = {
	    {"/gzip-bomb", "too-large"}, {"/2gb", "too-large"},   {"/endless-body", "too-large"}, {"/endless-headers", "too-large"},
	    {"/bad-gzip", "truncated"},  {"/noise", "truncated"}, {"/close", "unreachable"},      {"/empty", "empty-page"},
	    {"/204", "empty-page"},      {"/image", "not-html"},  {"/404", "http-status"},        {"/304", "http-status"},
	    {"/loop", "redirects"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t start = monotonic_ms();
		page_expect(&child, at(rows[i].path), rows[i].code);
		assert_true(TRUST_SOON(monotonic_ms() - start, 5000));
	}
}

static void answers_that_are_not_quite_right_are_taken_as_browsers_take_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		char path[32];
		JSON_AUTO cJSON *reply = NULL;
		BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
		snprintf(path, sizeof path, "/odd/%zu", i);
		egress_ask(&child, egress_page_head(at(path), 5000), NULL, &reply, &body);
		const char *code = odd[i].code != NULL ? odd[i].code : "", *gives = odd[i].gives != NULL ? odd[i].gives : PLAIN;
		if (strcmp(reply_code(reply), code) != 0 || (*code == '\0' && strcmp(buf_text(&body), gives) != 0))
			fail_msg("%s\ngives %s \"%.100s\"", odd[i].head, reply_code(reply), buf_text(&body));
	}
}

// Where a page sends its visitors on, those redirects count that led to it.
static void a_page_may_send_on(void **state)
{
	(void)state;
	JSON_AUTO cJSON *reply = NULL, *far = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	egress_ask(&child, egress_page_next_head("ok", at("/shop/"), 0, 5000), NULL, &reply, NULL);
	assert_string_equal(json_string(reply, "url"), at("/ok")); // what else than /ok is asked for is sent there
	assert_int_equal(json_number(reply, "attempts", 0), 3);
	json_free(&reply);
	egress_ask(&child, egress_page_next_head("../ok", at("/shop/"), 4, 5000), NULL, &reply, &body);
	assert_string_equal(buf_text(&body), "<title>Bakery</title>");
	assert_int_equal(json_number(reply, "attempts", 0), 6);
	egress_ask(&child, egress_page_next_head("/ok", at("/shop/"), 5, 5000), NULL, &far, NULL);
	assert_string_equal(reply_code(far), "redirects");
	page_expect(&child, at("/cut"), "");
}

static void a_page_that_never_ends_or_never_begins_times_out(void **state)
{
	(void)state;
	static const char *const paths[] = {"/hang", "/drip"};
	for (size_t i = 0; i < 2; i++) {
		JSON_AUTO cJSON *reply = NULL;
		uint64_t start = monotonic_ms();
		egress_ask(&child, egress_page_head(at(paths[i]), 700), NULL, &reply, NULL);
		uint64_t took = monotonic_ms() - start;
		assert_string_equal(reply_code(reply), "timeout");
		assert_true(took >= 690 && TRUST_SOON(took, 3000));
	}
}

// The peer listens on every address of this machine; whatever notation reaches it by an address other than loopback's own is a hole.
static void redirects_to_forbidden_addresses_send_no_packet(void **state)
{
	(void)state;
	static const char *const hosts[] = {
	    "0.0.0.0",
	    "0",
	    "0x0",
	    "[::]",
	    "[::ffff:127.0.0.1]",
	    "[::ffff:7f00:1]",
	    "[::127.0.0.1]",
	    "169.254.169.254",
	    "0251.0376.0251.0376",
	    "10.0.0.1",
	    "192.168.0.1",
	    "172.16.0.1",
	    "100.100.100.200",
	    "168.63.129.16",
	    "[64:ff9b::7f00:1]",
	    "[2002:7f00:1::]",
	    "[fd00:ec2::254]",
	    "[fe80::1]",
	    "255.255.255.255",
	    "224.0.0.1",
	};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char path[256];
		int before = peer.accepted;
		snprintf(path, sizeof path, "/redirect?to=http://%s:%d/ok", hosts[i], peer.port);
		page_expect(&child, at(path), "address-forbidden");
		assert_int_equal(peer.accepted, before + 1); // the redirect alone
	}
	page_expect(&child, at("/redirect?to=file:///etc/passwd"), "bad-url");
	page_expect(&child, at("/redirect?to=gopher://127.0.0.1:6379/_x"), "bad-url");
	page_expect(&child, at("/redirect?to=http://u:p@127.0.0.1/"), "bad-url");
}

static void caller_leaves(const char *path)
{
	int left = peer.left;
	struct err e;
	JSON_AUTO cJSON *head = egress_page_head(at(path), 15000);
	int fd = egress_connect(&child), requests = peer.requests;
	assert_int_equal(frame_send(fd, head, NULL, 0, monotonic_ms() + 5000, &e), 0);
	while (peer.requests == requests)
		usleep(5000);
	uint64_t start = monotonic_ms();
	close(fd);
	while (peer.left == left && monotonic_ms() - start < 12000) // the deadline is 15 s
		usleep(2000);
	assert_int_equal(peer.left, left + 1);
	assert_true(TRUST_SOON(monotonic_ms() - start, 1000));
}

static void the_transfer_ends_when_the_caller_leaves(void **state)
{
	(void)state;
	caller_leaves("/hang");
}

static void many_large_pages_share_what_memory_there_is_for_them(void **state)
{
	enum { PAGES = 100, HELD = EGRESS_ANSWERS_MAX / PAGE_BYTES_MAX, BESIDE = 24 * 1024 * 1024 }; // for libcurl, of each
	JSON_AUTO cJSON *head = egress_page_head(at("/large"), 15000), *reply = NULL;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	int fds[PAGES], refused = 0;
	struct err e;
	(void)state;
	egress_ask(&child, egress_page_head(at("/ok"), 5000), NULL, &reply, &body);
	size_t before = egress_memory_kib(&child), most = before;
	for (int i = 0; i < PAGES; i++) {
		fds[i] = egress_connect(&child);
		assert_int_equal(frame_send(fds[i], head, NULL, 0, monotonic_ms() + 5000, &e), 0);
	}
	for (int tries = 0; tries < 1000 && (large_over < PAGES || refused < PAGES - HELD); tries++) {
		size_t now = egress_memory_kib(&child);
		most = now > most ? now : most;
		usleep(10000);
		refused = 0;
		for (int i = 0; i < PAGES; i++) {
			char first;
			refused += recv(fds[i], &first, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
		}
	}
	assert_in_range(refused, PAGES - HELD, PAGES - 1);
#ifdef LETHE_SANITIZED // whose shadow is memory, too
	(void)before;
#else
	assert_in_range(most - before, 0, (EGRESS_ANSWERS_MAX + BESIDE) / 1024);
#endif
	json_free(&reply);
	egress_ask(&child, egress_page_head(at("/ok"), 5000), NULL, &reply, &body); // a small one is taken all the same
	assert_null(json_get(reply, "error"));
	for (int i = 0; i < PAGES; i++)
		close(fds[i]);
}

// ---- the build that is installed ----

static const char *const reach_us[] = {
    "http://127.0.0.1:%d/", "http://localhost:%d/",  "https://127.0.0.1:%d/",
    "http://0.0.0.0:%d/",   "http://2130706433:%d/", "http://[::1]:%d/",
};
static const char *const forbidden[] = {
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "http://127.127.127.127/",
    "http://0.0.0.0/",
    "http://0/",
    "http://[::]/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://00000177.0.0.1/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://0251.0376.0251.0376/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://foo.localhost/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://224.0.0.1/",
    "http://198.18.0.1/",
    "http://203.0.113.1/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
};

static void the_installed_build_reaches_nothing_of_ours(void **state)
{
	(void)state;
	struct egress_child installed;
	egress_folder(&installed);
	egress_start(&installed, "bin/egress", NULL);
	int before = peer.accepted;
	for (size_t i = 0; i < ARRAY_LEN(reach_us); i++) {
		char url[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(url, sizeof url, reach_us[i], peer.port);
#pragma GCC diagnostic pop
		page_expect(&installed, url, "bad-url"); // the port
	}
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
		page_expect(&installed, forbidden[i], "address-forbidden");
	assert_int_equal(peer.accepted, before);
	JSON_AUTO cJSON *status = NULL;
	status_ask(&installed, &status);
	assert_true(cJSON_IsFalse(json_get(status, "testing")));
	assert_int_equal(json_number(json_get(status, "pages"), "refused", 0), ARRAY_LEN(reach_us) + ARRAY_LEN(forbidden));
	egress_end(&installed);
}

static void a_policy_without_page_fetch_fetches_none(void **state)
{
	(void)state;
	struct egress_child c;
	int before = peer.accepted;
	egress_folder(&c);
	policy_cut(c.policy, "<page-fetch", "</page-fetch>");
	policy_cut(c.policy, "<kind id=\"page\"", "</kind>");
	policy_cut(c.policy, "<receives kind=\"page\"", "/>");
	policy_cut(c.policy, "<promise id=\"no-disk\" kind=\"page\"", "</promise>");
	egress_start(&c, "testing/egress", NULL);
	page_expect(&c, at("/ok"), "undeclared-processor");
	assert_int_equal(peer.accepted, before);
	egress_end(&c);
}

static void the_testing_build_says_so(void **state)
{
	(void)state;
	BUF_AUTO struct buf errors = {0};
	JSON_AUTO cJSON *status = NULL;
	status_ask(&child, &status);
	assert_true(cJSON_IsTrue(json_get(status, "testing")));
	egress_errors(&child, &errors);
	assert_non_null(strstr(buf_text(&errors), "TESTING BUILD"));
	assert_null(strstr(buf_text(&errors), "127.0.0.1")); // no URL of a visitor in what it says
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_comes_with_its_type_and_final_address),
	    cmocka_unit_test(the_request_says_who_we_are_and_nothing_else),
	    cmocka_unit_test(hostile_answers_end_early),
	    cmocka_unit_test(answers_that_are_not_quite_right_are_taken_as_browsers_take_them),
	    cmocka_unit_test(a_page_may_send_on),
	    cmocka_unit_test(a_page_that_never_ends_or_never_begins_times_out),
	    cmocka_unit_test(redirects_to_forbidden_addresses_send_no_packet),
	    cmocka_unit_test(the_transfer_ends_when_the_caller_leaves),
	    cmocka_unit_test(many_large_pages_share_what_memory_there_is_for_them),
	    cmocka_unit_test(the_installed_build_reaches_nothing_of_ours),
	    cmocka_unit_test(a_policy_without_page_fetch_fetches_none),
	    cmocka_unit_test(the_testing_build_says_so),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
