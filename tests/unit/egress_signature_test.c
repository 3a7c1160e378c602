// SPDX-License-Identifier: ISC
// AWS Signature Version 4, against the examples of S3's documentation and the published test suite. tests/site/objects.test.mjs compares it with the
// vendor's own client, and has a server verify it.
#include "fcgi/egress/signature.h"
#include "policy/base/array.h"
#include "tests/unit/test.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEADERS(...)                                                                                                                       \
	(const struct signature_header[])                                                                                                  \
	{                                                                                                                                  \
		__VA_ARGS__,                                                                                                               \
		{                                                                                                                          \
			NULL, NULL                                                                                                         \
		}                                                                                                                          \
	}

enum { EXAMPLES_AT = 1369353600, SUITE_AT = 1440938160 }; // 2013-05-24T00:00:00Z, 2015-08-30T12:36:00Z

static const struct signature_key example = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"};
static const struct signature_key suite = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};

static void the_published_signatures_come_out(void **state)
{
	(void)state;
#define S3_HOST                                                                                                                            \
	{                                                                                                                                  \
		"host", "examplebucket.s3.amazonaws.com"                                                                                   \
	}
#define S3_DATE                                                                                                                            \
	{                                                                                                                                  \
		"x-amz-date", "20130524T000000Z"                                                                                           \
	}
#define S3_EMPTY                                                                                                                           \
	{                                                                                                                                  \
		"x-amz-content-sha256", EMPTY                                                                                              \
	}
#define HOST                                                                                                                               \
	{                                                                                                                                  \
		"host", "example.amazonaws.com"                                                                                            \
	}
#define DATE                                                                                                                               \
	{                                                                                                                                  \
		"x-amz-date", "20150830T123600Z"                                                                                           \
	}
	static const char put[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
	const struct {
		const char *name;
		const struct signature_key *key;
		const char *method, *path, *query;
		const struct signature_header *headers;
		const char *payload, *signature;
	} rows[] = {
	    {"GET Object", &example, "GET", "/test.txt", "", HEADERS(S3_HOST, {"range", "bytes=0-9"}, S3_EMPTY, S3_DATE), EMPTY,
	     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	    {"PUT Object", &example, "PUT", "/test$file.text", "",
	     HEADERS({"date", "Fri, 24 May 2013 00:00:00 GMT"}, S3_HOST, {"x-amz-content-sha256", put}, S3_DATE,
		     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}),
	     put, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	    {"GET Bucket Lifecycle", &example, "GET", "/", "lifecycle", HEADERS(S3_HOST, S3_EMPTY, S3_DATE), EMPTY,
	     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	    {"GET Bucket (List Objects)", &example, "GET", "/", "prefix=J&max-keys=2", HEADERS(S3_HOST, S3_EMPTY, S3_DATE), EMPTY,
	     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	    {"get-vanilla", &suite, "GET", "/", "", HEADERS(HOST, DATE), EMPTY,
	     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	    {"get-vanilla-query-order-key-case", &suite, "GET", "/", "Param2=value2&Param1=value1", HEADERS(HOST, DATE), EMPTY,
	     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	    {"get-vanilla-utf8-query", &suite, "GET", "/", "\u1234=bar", HEADERS(HOST, DATE), EMPTY,
	     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	    {"get-unreserved", &suite, "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "",
	     HEADERS(HOST, DATE), EMPTY, "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	    {"get-utf8", &suite, "GET", "/\u1234", "", HEADERS(HOST, DATE), EMPTY,
	     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
	    {"get-header-key-duplicate", &suite, "GET", "/", "", HEADERS(HOST, {"my-header1", "value2,value2,value1"}, DATE), EMPTY,
	     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	    {"get-header-value-multiline", &suite, "GET", "/", "", HEADERS(HOST, {"my-header1", "value1,value2,value3"}, DATE), EMPTY,
	     "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
	    {"post-vanilla", &suite, "POST", "/", "", HEADERS(HOST, DATE), EMPTY,
	     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct signature_request r = {.method = rows[i].method,
					      .path = rows[i].path,
					      .query = rows[i].query,
					      .headers = rows[i].headers,
					      .payload = rows[i].payload,
					      .at = rows[i].key == &suite ? SUITE_AT : EXAMPLES_AT};
		BUF_AUTO struct buf line = BUF_INIT(4096);
		struct err e = {0};
		while (r.headers[r.header_count].name != NULL)
			r.header_count++;
		assert_int_equal(signature_authorize(&line, rows[i].key, &r, &e), 0);
		const char *signature = strstr(buf_text(&line), ", Signature=");
		if (signature == NULL || strcmp(signature + 12, rows[i].signature) != 0)
			fail_msg("%s: %s", rows[i].name, buf_text(&line));
	}
}

static void the_published_address_comes_out(void **state)
{
	(void)state;
	BUF_AUTO struct buf query = BUF_INIT(4096);
	struct err e = {0};
	assert_int_equal(signature_link(&query, &example, "examplebucket.s3.amazonaws.com", "/test.txt", 86400, EXAMPLES_AT, &e), 0);
	assert_string_equal(
	    buf_text(&query),
	    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
	    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
	    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void paths_and_queries_become_canonical(void **state)
{
	(void)state;
	static const struct {
		const char *path, *query, *canonical; // path and query of it; NULL: it cannot be signed
	} rows[] = {
	    {"/", "", "/\n\n"},
	    {"/a/b", "", "/a/b\n\n"},
	    {"//a//", "", "//a//\n\n"},
	    {"/a%20b+c=d,e:f@g", "", "/a%20b%2Bc%3Dd%2Ce%3Af%40g\n\n"},
	    {"/%41%7e%c3%bc", "", "/A~%C3%BC\n\n"},
	    {"/a%2fb", "", "/a%2Fb\n\n"},
	    {"/\u00fc", "", "/%C3%BC\n\n"},
	    {"/", "list-type=2&prefix=a/b&max-keys=5", "/\nlist-type=2&max-keys=5&prefix=a%2Fb\n"},
	    {"/", "a-b=1&a=2&a=1&b", "/\na=1&a=2&a-b=1&b=\n"},
	    {"/", "x=1=2&y=%20+&", "/\nx=1%3D2&y=%20%2B\n"},
	    {"/a%", "", NULL},
	    {"/a%2", "", NULL},
	    {"/a%zz", "", NULL},
	    {"/a%00b", "", NULL},
	    {"/", "a=%", NULL},
	    {"/", "1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&19&20&21&22&23&24&25&26&27&28&29&30&31&32&33", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct signature_request r = {.method = "GET", .path = rows[i].path, .query = rows[i].query, .payload = EMPTY};
		BUF_AUTO struct buf out = BUF_INIT(4096), wanted = BUF_INIT(4096);
		struct err e = {0};
		int rc = signature_canonical(&out, &r, &e);
		buf_printf(&wanted, "GET\n%s\n\n%s", rows[i].canonical != NULL ? rows[i].canonical : "", EMPTY);
		if ((rc == 0) != (rows[i].canonical != NULL) || (rc == 0 && strcmp(buf_text(&out), buf_text(&wanted)) != 0))
			fail_msg("%s?%s: %s", rows[i].path, rows[i].query, buf_text(&out));
	}
}

static void white_space_of_a_header_is_one_space(void **state)
{
	(void)state;
	const struct signature_header headers[] = {{"content-type", "  text/plain; \t charset=utf-8 "}, {"host", "h"}};
	const struct signature_request r = {
	    .method = "PUT", .path = "/a", .query = "", .headers = headers, .header_count = 2, .payload = "UNSIGNED-PAYLOAD"};
	BUF_AUTO struct buf out = BUF_INIT(4096), small = BUF_INIT(16);
	struct err e = {0};
	assert_int_equal(signature_canonical(&out, &r, &e), 0);
	assert_string_equal(buf_text(&out),
			    "PUT\n/a\n\ncontent-type:text/plain; charset=utf-8\nhost:h\n\ncontent-type;host\nUNSIGNED-PAYLOAD");
	assert_int_equal(signature_canonical(&small, &r, &e), -1);
	char hash[SIGNATURE_HASH], date[SIGNATURE_DATE];
	signature_payload(hash, NULL, 0);
	assert_string_equal(hash, EMPTY);
	signature_payload(hash, "Welcome to Amazon S3.", 21);
	assert_string_equal(hash, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
	signature_date(date, EXAMPLES_AT);
	assert_string_equal(date, "20130524T000000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_signatures_come_out),
	    cmocka_unit_test(the_published_address_comes_out),
	    cmocka_unit_test(paths_and_queries_become_canonical),
	    cmocka_unit_test(white_space_of_a_header_is_one_space),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
