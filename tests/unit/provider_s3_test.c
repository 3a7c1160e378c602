// SPDX-License-Identifier: ISC
// The steps of object storages: what is asked for, byte by byte, and what each answer means. tests/site/objects.test.mjs does it all with a storage.
#include "fcgi/provider/s3_name.h"
#include "fcgi/provider/s3_reply.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "tests/unit/test.h"

#define NAME "temporary/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
#define FAILED(code)                                                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" code "</Code><Message>canary</Message><Resource>canary</Resource></"     \
	"Error>"
#define LISTED(inside) "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" inside "</ListBucketResult>"
#define ENTRY(name)    "<Contents><Key>" name "</Key><LastModified>2026-11-28T12:00:00.000Z</LastModified><Owner><ID>x</ID></Owner></Contents>"

static struct buf object = {.max = 1 << 16};

static int take(void *arg, const void *bytes, size_t len, struct err *e)
{
	(void)arg;
	return buf_add(&object, bytes, len) == 0 ? 0 : err_set(e, ERR_FULL, "full");
}

static void again(void *arg)
{
	(void)arg;
	buf_reset(&object);
}

static const struct provider_sink sink = {take, again, NULL};
static struct provider_input in = {
    .sink = &sink, .object = {.name = NAME, .bytes = "bytes", .len = 5, .type = "image/png", .folder = "temporary", .seconds = 600}};

static enum provider_step answer(struct provider_task *t, int status, const char *type, const char *body)
{
	const struct provider_reply r = {status, type, body, strlen(body)};

	return provider_reply(t, &r);
}

static void what_is_asked_for(void **state)
{
	(void)state;
	static const struct {
		const char *vendor;
		enum provider_ability ability;
		const char *behind, *method, *path, *type, *body;
		unsigned seconds;
	} rows[] = {
	    {"cloudflare-r2", PROVIDER_PUT, NULL, "PUT", "/" NAME, "image/png", "bytes", 0},
	    {"cloudflare-r2", PROVIDER_GET, NULL, "GET", "/" NAME, NULL, "", 0},
	    {"cloudflare-r2", PROVIDER_LINK, NULL, "GET", "/" NAME, NULL, "", 600},
	    {"cloudflare-r2", PROVIDER_LIST, NULL, "GET", "/?list-type=2&max-keys=500&prefix=temporary%2F", NULL, "", 0},
	    {"self-hosted-storage", PROVIDER_LIST, "temporary/a b&c", "GET",
	     "/?list-type=2&max-keys=500&prefix=temporary%2F&start-after=temporary%2Fa%20b%26c", NULL, "", 0},
	    {"tencent-cos", PROVIDER_LIST, "temporary/a", "GET", "/?max-keys=500&prefix=temporary%2F&marker=temporary%2Fa", NULL, "", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_task t;
		in.object.behind = rows[i].behind;
		assert_int_equal(provider_begin(&t, provider_find(rows[i].vendor), rows[i].ability, &in), PROVIDER_SEND);
		assert_string_equal(t.request.method, rows[i].method);
		assert_string_equal(t.request.path, rows[i].path);
		assert_string_equal(buf_text(&t.request.body), rows[i].body);
		assert_int_equal(t.request.link_seconds, rows[i].seconds);
		assert_true((t.request.content_type == NULL) == (rows[i].type == NULL));
		assert_true(rows[i].type == NULL || strcmp(t.request.content_type, rows[i].type) == 0);
		assert_true(!t.request.once); // to put or delete the same again changes nothing
		assert_int_equal(provider_takes_pieces(&t), rows[i].ability == PROVIDER_GET);
		provider_free(&t);
	}
	in.object.behind = NULL;
	struct provider_task t;
	assert_int_equal(provider_remove(&t, provider_find("tencent-cos"), NAME), PROVIDER_SEND);
	assert_string_equal(t.request.method, "DELETE");
	assert_string_equal(t.request.path, "/" NAME);
	provider_free(&t);
	assert_int_equal(provider_look(&t, provider_find("tencent-cos"), NAME), PROVIDER_SEND);
	assert_string_equal(t.request.method, "HEAD");
	provider_free(&t);
}

static void an_object_has_a_name_of_random_letters_and_no_other(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "/",
					  "x",
					  "temporary/",
					  "temporary/jane.doe@example.com",
					  "a/" NAME,
					  NAME "/",
					  NAME "x",
					  "Temporary/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
					  "../0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
					  "/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
					  "temporary/0123456789abcdefghijklmnopqrstuvwxyzABCDE%2"};
	char one[PROVIDER_OBJECT_NAME], other[PROVIDER_OBJECT_NAME];
	struct provider_task t;
	s3_name_new(one, "temporary");
	s3_name_new(other, "temporary");
	assert_true(s3_name_shaped(one) && s3_name_shaped(NAME) && strncmp(one, "temporary/", 10) == 0 && strcmp(one, other) != 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct provider_input wrong = in;
		wrong.object.name = bad[i];
		assert_false(s3_name_shaped(bad[i]));
		for (enum provider_ability ability = PROVIDER_PUT; ability <= PROVIDER_LINK; ability++) {
			assert_int_equal(provider_begin(&t, provider_find("cloudflare-r2"), ability, &wrong), PROVIDER_ENDED);
			assert_int_equal(t.result, PROVIDER_REFUSED);
			provider_free(&t);
		}
		assert_int_equal(provider_remove(&t, provider_find("cloudflare-r2"), bad[i]), PROVIDER_ENDED);
		assert_int_equal(t.kept, PROVIDER_KEPT_UNKNOWN);
		provider_free(&t);
	}
	struct provider_input large = in;
	large.object.len = EGRESS_CALL_MAX + 1;
	assert_int_equal(provider_begin(&t, provider_find("cloudflare-r2"), PROVIDER_PUT, &large), PROVIDER_ENDED);
	provider_free(&t);
	large.object.len = 0;
	assert_int_equal(provider_begin(&t, provider_find("cloudflare-r2"), PROVIDER_PUT, &large), PROVIDER_ENDED);
	provider_free(&t);
}

static void what_each_answer_means(void **state)
{
	(void)state;
	static const char xml[] = "application/xml";
	static const struct {
		enum provider_ability ability;
		int status;
		const char *type, *body;
		enum provider_result result;
		const char *say;
	} rows[] = {
	    {PROVIDER_PUT, 200, "", "", PROVIDER_OK, ""},
	    {PROVIDER_PUT, 200, "text/html", "", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_PUT, 200, xml, FAILED("InternalError"), PROVIDER_DOWN, "not working"},
	    {PROVIDER_PUT, 204, "", "", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_PUT, 400, xml, FAILED("EntityTooLarge"), PROVIDER_REFUSED,
	     "Cloudflare R2 does not take the request (400, EntityTooLarge)"},
	    {PROVIDER_PUT, 403, xml, FAILED("SignatureDoesNotMatch"), PROVIDER_REFUSED,
	     "check R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY and what they may do in the bucket of R2_BUCKET_URL (403, "
	     "SignatureDoesNotMatch)"},
	    {PROVIDER_PUT, 403, "", "", PROVIDER_REFUSED, "(403, no code)"},
	    {PROVIDER_PUT, 403, xml, FAILED("RequestTimeTooSkewed"), PROVIDER_REFUSED, "set this machine's clock"},
	    {PROVIDER_PUT, 404, xml, FAILED("NoSuchBucket"), PROVIDER_REFUSED, "no such bucket"},
	    {PROVIDER_PUT, 301, xml, FAILED("PermanentRedirect"), PROVIDER_REFUSED, "elsewhere: check R2_BUCKET_URL (301"},
	    {PROVIDER_PUT, 307, "", "", PROVIDER_REFUSED, "elsewhere: check R2_BUCKET_URL (307, no code)"},
	    {PROVIDER_PUT, 503, xml, FAILED("SlowDown"), PROVIDER_LIMITED, "limit"},
	    {PROVIDER_PUT, 503, xml, FAILED("ServiceUnavailable"), PROVIDER_DOWN, "not working"},
	    {PROVIDER_PUT, 503, "text/html", "<h1>busy", PROVIDER_DOWN, "not working"},
	    {PROVIDER_PUT, 403, xml, "<!DOCTYPE Error [<!ENTITY a \"SlowDown\">]>" FAILED("&a;"), PROVIDER_REFUSED, "(403, no code)"},
	    {PROVIDER_PUT, 403, xml, "<Error><Inner><Code>SlowDown</Code></Inner></Error>", PROVIDER_REFUSED, "(403, no code)"},
	    {PROVIDER_PUT, 403, xml, "<Error><Code>SlowDown</Code>", PROVIDER_REFUSED, "(403, no code)"},
	    {PROVIDER_PUT, 400, xml, FAILED("a&lt;b"), PROVIDER_REFUSED, "(400, no code)"},
	    {PROVIDER_GET, 200, "image/png", "bytes", PROVIDER_OK, ""},
	    {PROVIDER_GET, 200, "text/html; charset=utf-8", "<h1>Welcome", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_GET, 404, xml, FAILED("NoSuchKey"), PROVIDER_REFUSED, "There is no such object"},
	    {PROVIDER_LINK, 200, "", "https://host.example/x", PROVIDER_OK, ""},
	    {PROVIDER_LINK, 200, "", "", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, LISTED(""), PROVIDER_OK, ""},
	    {PROVIDER_LIST, 200, xml, LISTED("<IsTruncated>true</IsTruncated>"), PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, LISTED("<Contents><Size>1</Size></Contents>"), PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, "<a/>", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, "", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, "<ListBucketResult><Contents>", PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, "<!DOCTYPE x>" LISTED(""), PROVIDER_BAD_REPLY, "not what was asked for"},
	    {PROVIDER_LIST, 200, xml, LISTED("<a><b><c><d><e><f/></e></d></c></b></a>"), PROVIDER_BAD_REPLY, "not what was asked for"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_task t;
		buf_reset(&object);
		provider_begin(&t, provider_find("cloudflare-r2"), rows[i].ability, &in);
		answer(&t, rows[i].status, rows[i].type, rows[i].body);
		if (t.step != PROVIDER_ENDED || t.result != rows[i].result || strstr(t.say.text, rows[i].say) == NULL ||
		    strstr(t.say.text, "canary") != NULL)
			fail_msg("%zu: %d %s: %d, %s", i, rows[i].status, rows[i].body, t.result, t.say.text);
		if (rows[i].ability == PROVIDER_LINK && t.result == PROVIDER_OK)
			assert_string_equal(t.link, rows[i].body);
		provider_free(&t);
	}
	struct provider_task t;
	provider_begin(&t, provider_find("tencent-cos"), PROVIDER_PUT, &in);
	answer(&t, 301, "", "");
	assert_non_null(strstr(t.say.text, "check COS_BUCKET_URL and COS_REGION (301"));
	provider_free(&t);
}

static void what_is_known_after_a_removal_and_a_look(void **state)
{
	(void)state;
	static const struct {
		bool look;
		int status;
		const char *type, *body;
		enum provider_kept kept;
	} rows[] = {
	    {false, 204, "", "", PROVIDER_KEPT_GONE},
	    {false, 200, "", "", PROVIDER_KEPT_GONE},
	    {false, 200, "text/html", "", PROVIDER_KEPT_UNKNOWN},
	    {false, 200, "application/xml", FAILED("InternalError"), PROVIDER_KEPT_UNKNOWN},
	    {false, 404, "application/xml", FAILED("NoSuchKey"), PROVIDER_KEPT_GONE},
	    {false, 404, "application/xml", FAILED("NoSuchBucket"), PROVIDER_KEPT_UNKNOWN},
	    {false, 404, "text/html", "<h1>Not found", PROVIDER_KEPT_UNKNOWN},
	    {false, 403, "application/xml", FAILED("AccessDenied"), PROVIDER_KEPT_REFUSED},
	    {false, 301, "", "", PROVIDER_KEPT_UNKNOWN},
	    {false, 503, "application/xml", FAILED("SlowDown"), PROVIDER_KEPT_UNKNOWN},
	    {true, 200, "image/png", "", PROVIDER_KEPT_STILL},
	    {true, 200, "text/html", "", PROVIDER_KEPT_UNKNOWN},
	    {true, 404, "application/xml", "", PROVIDER_KEPT_GONE},
	    {true, 403, "", "", PROVIDER_KEPT_REFUSED},
	    {true, 500, "", "", PROVIDER_KEPT_UNKNOWN},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_task t;
		(rows[i].look ? provider_look : provider_remove)(&t, provider_find("self-hosted-storage"), NAME);
		answer(&t, rows[i].status, rows[i].type, rows[i].body);
		if (t.step != PROVIDER_ENDED || t.kept != rows[i].kept)
			fail_msg("%zu: %d, %d", i, t.step, t.kept);
		provider_free(&t);
	}
}

static void a_list_is_read_as_storages_write_it(void **state)
{
	(void)state;
	struct provider_task t;
	provider_begin(&t, provider_find("cloudflare-r2"), PROVIDER_LIST, &in);
	answer(&t, 200, "application/xml",
	       "<?xml version=\"1.0\"?>" LISTED("<Name>hosting</Name><Prefix>temporary/</Prefix><IsTruncated>true</IsTruncated>" ENTRY(NAME)
						    ENTRY("temporary/a &amp; b") "<NextContinuationToken>x</NextContinuationToken>"));
	assert_int_equal(t.result, PROVIDER_OK);
	assert_int_equal(t.objects.count, 1);
	assert_int_equal(t.objects.foreign, 1);
	assert_string_equal(t.objects.list[0].name, NAME);
	assert_int_equal(t.objects.list[0].at, 1795867200); // 2026-11-28T12:00:00Z
	assert_string_equal(t.objects.last, "temporary/a & b");
	provider_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_asked_for),
	    cmocka_unit_test(an_object_has_a_name_of_random_letters_and_no_other),
	    cmocka_unit_test(what_each_answer_means),
	    cmocka_unit_test(what_is_known_after_a_removal_and_a_look),
	    cmocka_unit_test(a_list_is_read_as_storages_write_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
