// SPDX-License-Identifier: ISC
// What a body may hold: who has taken over a program sends a vendor no member beyond those that its row names, and no kind of data that the call does not
// declare.
#include "fcgi/egress/members.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "tests/unit/test.h"
#include <stdio.h>

static const struct processor_route *route_of(const char *id, const char *path)
{
	const struct processor_route *r = processor_route(processor_facts(id), "POST", NULL, path);
	assert_non_null(r);
	return r;
}

static const struct policy_processor to = {.kinds = KIND_BIT(KIND_COUNT) - 1}; // it receives all, in any field
#define CHAT  "/api/v1/chat/completions"
#define IMAGE "/v1/images/generations"
#define EDIT  "/v1/images/edits"
#define FLAGS "\"provider\":{\"data_collection\":\"deny\",\"zdr\":true}"

static void a_body_holds_what_its_row_names_and_no_more(void **state)
{
	(void)state;
	static const struct {
		const char *id, *path, *body;
		enum egress_failure failure;
		const char *name;
	} rows[] = {
	    {"openai", IMAGE, "{\"model\":\"m\",\"prompt\":\"a \\\"shop\\\" \\\\\",\"n\":1,\"size\":\"1x1\"}", FAILURE_NONE, ""},
	    {"openai", IMAGE, " {\n} ", FAILURE_NONE, ""},
	    {"openai", IMAGE, "", FAILURE_NONE, ""},
	    // Who it is for, and what else a vendor would keep with it.
	    {"openai", IMAGE, "{\"prompt\":\"x\",\"user\":\"ada@example.org\"}", FAILURE_MEMBER, "user"},
	    {"openai", IMAGE, "{\"prompt\":\"x\",\"safety_identifier\":\"a\"}", FAILURE_MEMBER, "safety_identifier"},
	    {"openai", IMAGE, "{\"metadata\":{\"name\":\"Ada\"},\"prompt\":\"x\"}", FAILURE_MEMBER, "metadata"},
	    {"openai", "/v1/chat/completions", "{\"store\":false,\"messages\":[{\"role\":\"user\",\"name\":\"Ada\",\"content\":\"x\"}]}",
	     FAILURE_MEMBER, "name"},
	    {"openai", "/v1/chat/completions", "{\"store\":false,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", FAILURE_NONE, ""},
	    {"openai", "/v1/chat/completions", "{\"store\":false,\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}",
	     FAILURE_MEMBER, "content"},
	    {"openai", "/v1/chat/completions", "{\"store\":false,\"messages\":[]}", FAILURE_NONE, ""},
	    {"fal", "/a/b", "{\"prompt\":\"x\",\"sync_mode\":true,\"webhook\":\"https://evil.example\"}", FAILURE_MEMBER, "webhook"},
	    {"replicate", "/v1/predictions", "{\"version\":\"v\",\"input\":{\"prompt\":\"x\"},\"webhook\":\"https://evil.example\"}",
	     FAILURE_MEMBER, "webhook"},
	    {"replicate", "/v1/predictions", "{\"version\":\"v\",\"input\":{\"prompt\":\"x\",\"user\":\"ada\"}}", FAILURE_MEMBER, "user"},
	    // A name that two readers could take for different ones, or that says something.
	    {"openai", IMAGE, "{\"us\\u0065r\":\"x\"}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"ada@example.org\":1}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"prompt\":\"x\",\"prompt\":\"y\"}", FAILURE_MEMBER, "prompt"},
	    {"openai", IMAGE, "{\"\":\"x\"}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"promp\":\"x\"}", FAILURE_MEMBER, "promp"},
	    {"openai", EDIT, "{\"images[]\":\"x\"}", FAILURE_MEMBER, "images[]"},
	    // A value of another form.
	    {"openai", IMAGE, "{\"prompt\":{\"user\":\"x\"}}", FAILURE_MEMBER, "prompt"},
	    {"openai", IMAGE, "{\"prompt\":[\"x\"]}", FAILURE_MEMBER, "prompt"},
	    {"openai", EDIT, "{\"images\":[[{}]]}", FAILURE_MEMBER, ""},
	    {"openai", EDIT, "{\"images\":[\"x\"]}", FAILURE_MEMBER, ""},
	    {"openai", EDIT, "{\"images\":{\"image_url\":\"x\"}}", FAILURE_MEMBER, "images"},
	    {"openai", EDIT, "{\"mask\":\"x\"}", FAILURE_MEMBER, "mask"},
	    // A picture in a call that does not say that it carries one.
	    {"openai", EDIT, "{\"images\":[{\"image_url\":\"data:x\"}]}", FAILURE_KIND, "image_url"},
	    {"openrouter", CHAT, "{" FLAGS ",\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"data:x\"}}]}]}", FAILURE_KIND, "url"},
	    {"openrouter", CHAT, "{" FLAGS ",\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}", FAILURE_NONE, ""},
	    {"openrouter", CHAT, "{" FLAGS ",\"messages\":[{\"content\":\"x\",\"content\":[]}]}", FAILURE_MEMBER, "content"},
	    // What is always said.
	    {"openrouter", CHAT, "{}", FAILURE_FLAGS, ""},
	    {"openrouter", CHAT, "", FAILURE_FLAGS, ""},
	    {"openrouter", CHAT, "{\"provider\":{\"data_collection\":\"deny\"}}", FAILURE_FLAGS, ""},
	    {"openrouter", CHAT, "{\"provider\":{\"data_collection\":\"allow\",\"zdr\":true}}", FAILURE_FLAGS, "data_collection"},
	    {"openrouter", CHAT, "{\"provider\":{\"data_collection\":\"deny\",\"zdr\":\"true\"}}", FAILURE_FLAGS, "zdr"},
	    {"openrouter", CHAT, "{" FLAGS "," FLAGS "}", FAILURE_MEMBER, "provider"},
	    {"openrouter", CHAT, "{\"provider\":[]}", FAILURE_MEMBER, "provider"},
	    {"openrouter", CHAT, "{\"provider\":{\"data_collection\":\"deny\",\"zdr\":true,\"only\":\"x\"}}", FAILURE_MEMBER, "only"},
	    {"openrouter", CHAT, "{" FLAGS "}", FAILURE_NONE, ""},
	    // Not JSON, or not all of it.
	    {"openai", IMAGE, "[]", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"n\":1", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"n\":}", FAILURE_MEMBER, "n"},
	    {"openai", IMAGE, "{\"n\" 1}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"n\":1 \"size\":1}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{,\"n\":1}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"n\":1}{\"user\":1}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{\"prompt\":\"x\\\"}", FAILURE_MEMBER, "prompt"},
	    {"openai", IMAGE, "{\"prompt\":\"x", FAILURE_MEMBER, "prompt"},
	    {"openai", IMAGE, "\xef\xbb\xbf{}", FAILURE_MEMBER, ""},
	    {"openai", IMAGE, "{/**/}", FAILURE_MEMBER, ""},
	    // A route without a body.
	    {"replicate", "/v1/predictions/1/cancel", "", FAILURE_NONE, ""},
	    {"replicate", "/v1/predictions/1/cancel", "{}", FAILURE_MEMBER, ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[MEMBERS_NAME];
		const enum egress_failure f = members_check(&to, route_of(rows[i].id, rows[i].path), KIND_BIT(KIND_PROMPT),
							    "application/json", rows[i].body, strlen(rows[i].body), name);
		if (f != rows[i].failure || strcmp(name, rows[i].name) != 0)
			fail_msg("%s: %s \"%s\"", rows[i].body, f == FAILURE_NONE ? "passes" : egress_failure_code(f), name);
	}
}

static void a_setting_has_no_place_for_data(void **state)
{
	(void)state;
	char body[1024], name[MEMBERS_NAME];
	for (unsigned more = 0; more < 2; more++) {
		snprintf(body, sizeof body, "{\"model\":\"%0*d\"}", (int)(MEMBERS_SETTING_MAX + more), 0);
		assert_int_equal(
		    members_check(&to, route_of("openai", IMAGE), KIND_BIT(KIND_PROMPT), "application/json", body, strlen(body), name),
		    more ? FAILURE_MEMBER : FAILURE_NONE);
	}
	// Nor have many of them, in an array.
	static const char *const ends[] = {"", ",\"x\"", ",\"\""};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(body, sizeof body, "{" FLAGS ",\"modalities\":[\"%0100d\",\"%0*d\"%s]}", 0, MEMBERS_SETTING_MAX - 102, 0, ends[i]);
		assert_int_equal(
		    members_check(&to, route_of("openrouter", CHAT), KIND_BIT(KIND_PROMPT), "application/json", body, strlen(body), name),
		    i > 0 ? FAILURE_MEMBER : FAILURE_NONE);
	}
	snprintf(body, sizeof body, "{" FLAGS ",\"messages\":[{\"role\":\"%0150d\"},{\"role\":\"%0150d\"}]}", 0, 0);
	assert_int_equal(
	    members_check(&to, route_of("openrouter", CHAT), KIND_BIT(KIND_PROMPT), "application/json", body, strlen(body), name),
	    FAILURE_MEMBER);
	assert_int_equal(members_check(&to, route_of("openai", IMAGE), KIND_BIT(KIND_PROMPT), "application/json", "{\"n\":\0}", 7, name),
			 FAILURE_MEMBER);
	assert_int_equal(members_check(&to, route_of("openai", IMAGE), KIND_BIT(KIND_PROMPT), "application/json", "{\"n\0x\":1}", 9, name),
			 FAILURE_MEMBER);
	static const char *const types[] = {NULL, "text/plain", "application/jsonp", "application/x-www-form-urlencoded",
					    "multipart/form-data"};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		assert_int_equal(members_check(&to, route_of("openai", IMAGE), KIND_BIT(KIND_PROMPT), types[i], "{}", 2, name),
				 FAILURE_MEMBER);
}

#define PART(name, more, value) "--b\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" value "\r\n"
static void a_form_holds_the_parts_of_its_row(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		enum egress_failure failure;
	} rows[] = {
	    {PART("prompt", "", "a\r\n-- shop")
		 PART("image[]", "; filename=\"0.png\"\r\nContent-Type: image/png", "\x89PNG\r\n--c") "--b--\r\n",
	     FAILURE_NONE},
	    {PART("prompt", "", "x") PART("user", "", "ada") "--b--\r\n", FAILURE_MEMBER},
	    {PART("prompt", "\r\nX-User: ada", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("prompt", "; filename=\"Ada Lovelace.png\"", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("prompt", "; user=\"x\"", "x") "--b--\r\n", FAILURE_MEMBER},
	    // What is no upload is no file, and an upload is nothing else: a file is not anonymised.
	    {PART("prompt", "; filename=\"a.txt\"", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("prompt", "; filename=\"0.png\"\r\nContent-Type: image/png", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("mask", "", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("mask", "; filename=\"0.png\"\r\nContent-Type: text/plain", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("mask", "; filename=\"0.png\"\r\nContent-Type: image/jpeg", "x") "--b--\r\n", FAILURE_NONE},
	    {PART("n", "", "1") PART("prompt", "", "x") PART("n", "", "1") "--b--\r\n", FAILURE_MEMBER},
	    {PART("image[]", "; filename=\"0.png\"\r\nContent-Type: image/png", "x")
		 PART("image[]", "; filename=\"1.png\"\r\nContent-Type: image/png", "x") "--b--\r\n",
	     FAILURE_NONE},
	    {PART("prompt", "", "x") "--b--\r\nmore", FAILURE_MEMBER},
	    {"ada" PART("prompt", "", "x") "--b--\r\n", FAILURE_MEMBER},
	    {PART("prompt", "", "x"), FAILURE_MEMBER},
	    {"--b", FAILURE_MEMBER},
	    {"--b--\r\n", FAILURE_NONE},
	};
	char name[MEMBERS_NAME];
	const struct processor_route *r = route_of("azure-openai", "/openai/v1/images/edits");
	const kind_set kinds = KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_UPLOAD);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (members_check(&to, r, kinds, "multipart/form-data; boundary=b", rows[i].body, strlen(rows[i].body), name) !=
		    rows[i].failure)
			fail_msg("%s", rows[i].body);
	assert_int_equal(
	    members_check(&to, r, KIND_BIT(KIND_PROMPT), "multipart/form-data; boundary=b", rows[0].body, strlen(rows[0].body), name),
	    FAILURE_KIND);
	// Where the route always says something, a form has no place for it.
	assert_int_equal(members_check(&to, route_of("openrouter", CHAT), kinds, "multipart/form-data; boundary=b", "--b--\r\n", 7, name),
			 FAILURE_MEMBER);
}

// Where the policy names the fields of a kind, it goes in none but these.
static void a_kind_goes_in_the_fields_that_the_policy_names(void **state)
{
	(void)state;
	static const struct policy_received of_prompt[] = {{KIND_PROMPT, "prompt text"}, {KIND_UPLOAD, NULL}, {KIND_OUTBOX, "to subject"}};
	static const struct policy_processor some = {.kinds = KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_UPLOAD) | KIND_BIT(KIND_OUTBOX),
						     .received = of_prompt,
						     .received_count = ARRAY_LEN(of_prompt)};
	static const struct {
		const char *id, *path, *body;
		enum egress_failure failure;
		const char *name;
	} rows[] = {
	    {"openai", IMAGE, "{\"model\":\"m\",\"prompt\":\"x\"}", FAILURE_NONE, ""},
	    {"openrouter", CHAT, "{" FLAGS ",\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}", FAILURE_NONE, ""},
	    {"openrouter", CHAT, "{" FLAGS ",\"messages\":[{\"content\":\"x\"}]}", FAILURE_FIELD, "content"},
	    {"openai", EDIT, "{\"images\":[{\"image_url\":\"data:x\"}]}", FAILURE_NONE, ""}, // of an upload any
	    {"resend", "/emails", "{\"from\":\"x\",\"to\":[\"ada@example.org\"],\"subject\":\"x\"}", FAILURE_NONE, ""},
	    {"resend", "/emails", "{\"to\":[\"ada@example.org\"],\"text\":\"all of the account\"}", FAILURE_FIELD, "text"},
	};
	char name[MEMBERS_NAME];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const enum egress_failure f = members_check(&some, route_of(rows[i].id, rows[i].path), some.kinds, "application/json",
							    rows[i].body, strlen(rows[i].body), name);
		if (f != rows[i].failure || strcmp(name, rows[i].name) != 0)
			fail_msg("%s: %s \"%s\"", rows[i].body, f == FAILURE_NONE ? "passes" : egress_failure_code(f), name);
	}
	static const char form[] = PART("image[]", "; filename=\"0.png\"\r\nContent-Type: image/png", "x") "--b--\r\n";
	for (unsigned other = 0; other < 2; other++) {
		const struct policy_received upload = {KIND_UPLOAD, other ? "mask" : "image mask"};
		const struct policy_processor one = {.kinds = KIND_BIT(KIND_UPLOAD), .received = &upload, .received_count = 1};
		assert_int_equal(members_check(&one, route_of("azure-openai", "/openai/v1/images/edits"), KIND_BIT(KIND_UPLOAD),
					       "multipart/form-data; boundary=b", form, strlen(form), name),
				 other ? FAILURE_FIELD : FAILURE_NONE);
		// Bytes that are no fields have none that could be named.
		const struct processor_route *put = processor_route(processor_facts("cloudflare-r2"), "PUT", NULL, "/a/b");
		assert_int_equal(members_check(&one, put, KIND_BIT(KIND_UPLOAD), "image/png", "x", 1, name), FAILURE_FIELD);
		assert_int_equal(members_check(&to, put, KIND_BIT(KIND_UPLOAD), "image/png", "x", 1, name), FAILURE_NONE);
	}
}

// Of each route that takes a body it is known what may be in it; a row cannot be read in which a flag has no place.
static void each_route_with_a_body_says_what_it_holds(void **state)
{
	(void)state;
	static const char *const bodyless[] = {"stripe", "paypal"}; // nothing is sent there yet, and nothing can be
	const struct processor_facts *f;
	for (unsigned i = 0; (f = processor_facts_at(i)) != NULL; i++)
		for (const struct processor_route *r = f->routes; r->method != NULL; r++) {
			bool known = r->members != NULL || strcmp(r->method, "POST") != 0 || strstr(r->path, "/cancel") != NULL;
			for (size_t n = 0; n < ARRAY_LEN(bodyless); n++)
				known = known || strcmp(f->ids[0], bodyless[n]) == 0;
			if (!known)
				fail_msg("%s %s", f->ids[0], r->path);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_body_holds_what_its_row_names_and_no_more),
	    cmocka_unit_test(a_setting_has_no_place_for_data),
	    cmocka_unit_test(a_form_holds_the_parts_of_its_row),
	    cmocka_unit_test(a_kind_goes_in_the_fields_that_the_policy_names),
	    cmocka_unit_test(each_route_with_a_body_says_what_it_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
