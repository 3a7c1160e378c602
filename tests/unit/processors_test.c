// SPDX-License-Identifier: ISC
// What is known of vendors: every row is read strictly, each vendor of the five policies has one, and only the calls of its row pass.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/processors/processors.h"
#include "policy/rules/load.h"
#include "tests/unit/test.h"

static void each_vendor_that_a_policy_names_has_a_row(void **state)
{
	(void)state;
	static const char *const sites[] = {"bizimages", "blogimg", "image-describer", "imagedesigner", "product-images"};
	static const char groups[] = " hosting analytics mail support "; // "the companies of the moment are named on request"
	for (size_t i = 0; i < ARRAY_LEN(sites); i++) {
		char path[128];
		snprintf(path, sizeof path, "policy/sites/%s.xml", sites[i]);
		POLICY_AUTO struct policy *p = policy_load_as(path, true, NULL);
		assert_non_null(p);
		for (size_t n = 0; n < p->processor_count; n++) {
			const struct processor_facts *f = processor_facts(p->processors[n].id);
			char word[128];
			snprintf(word, sizeof word, " %s ", p->processors[n].id);
			if (f == NULL && strstr(groups, word) == NULL)
				fail_msg("%s: %s has no row", sites[i], p->processors[n].id);
			if (f != NULL && f->built_in != p->processors[n].local)
				fail_msg("%s: is %s built in?", sites[i], p->processors[n].id);
		}
	}
}

static void rows_are_read_strictly(void **state)
{
	(void)state;
#define REQUIRED "\"owner\":\"x\",\"can\":[],\"hosts\":[],\"regions\":[],\"no_training\":\"no\",\"no_retention\":\"no\""
	static const struct {
		const char *json, *words; // NULL: it is well
	} rows[] = {
	    {"[{\"ids\":[\"a\",\"b\"],\"routes\":[]," REQUIRED "}]", NULL},
	    {"[{\"ids\":[\"a\"],\"routes\":[]," REQUIRED ",\"hostz\":[]}]", "row 1: unknown member \"hostz\""},
	    {"[{\"ids\":[\"a\"]," REQUIRED "}]", "\"routes\" is missing"},
	    {"[{\"ids\":[],\"routes\":[]," REQUIRED "}]", "an id"},
	    {"[{\"ids\":[\"a\"],\"routes\":[]," REQUIRED ",\"key_header\":\"x\"}]", "how the key"},
	    {"[{\"ids\":[\"a\"],\"routes\":[]," REQUIRED ",\"trains\":\"yes\"}]", "\"trains\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[]," REQUIRED ",\"longest\":\"30 days\"}]", "\"longest\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"PATCH\",\"path\":\"/\"}]," REQUIRED "}]", "\"routes\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"GET\",\"path\":\"x\"}]," REQUIRED "}]", "\"routes\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"GET\",\"path\":\"/\",\"x\":1}]," REQUIRED "}]", "unknown member \"x\""},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"POST\",\"path\":\"/\",\"members\":{\"a\":\"moods\"}}]," REQUIRED "}]",
	     "\"members\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"POST\",\"path\":\"/\",\"members\":{\"a\":[]}}]," REQUIRED "}]",
	     "\"members\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"POST\",\"path\":\"/\",\"body\":{\"a\":true},\"members\":{\"b\":\"\"}}]," REQUIRED
	     "}]",
	     "\"routes\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"POST\",\"path\":\"/\",\"body\":{\"a\":true},\"members\":{\"a\":\"\"}}]," REQUIRED
	     "}]",
	     NULL},
	    {"[{\"ids\":[\"a\"],\"routes\":[{\"method\":\"GET\"}]," REQUIRED "}]", "\"path\" is missing"},
	    {"[{\"ids\":[\"a\",\"a\"],\"routes\":[]," REQUIRED "},{\"ids\":[\"a\"],\"routes\":[]," REQUIRED "}]", "has a row already"},
	    {"[{\"ids\":\"a\",\"routes\":[]," REQUIRED "}]", "\"ids\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[],\"can\":[\"fly\"]}]", "\"can\" has a wrong value"},
	    {"[{\"ids\":[\"a\"],\"routes\":[],\"s3\":{}," REQUIRED "}]", "\"key_id\" is missing"},
	    {"[{\"ids\":[\"a\"],\"routes\":[],\"s3\":{\"key_id\":\"K\",\"x\":1}," REQUIRED "}]", "unknown member \"x\""},
	    {"[{\"ids\":[1],\"routes\":[]," REQUIRED "}]", "\"ids\" has a wrong value"},
	    {"[1]", "\"ids\" is missing"},
	    {"{}", "not a list"},
	    {"[", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e;
		int read = processors_check(rows[i].json, strlen(rows[i].json), &e);
		if ((read == 0) != (rows[i].words == NULL) || (read != 0 && strstr(e.text, rows[i].words) == NULL))
			fail_msg("%s: %s", rows[i].json, e.text);
	}
}

static void a_vendor_is_found_by_each_of_its_names(void **state)
{
	(void)state;
	assert_ptr_equal(processor_facts("volcengine"), processor_facts("ark"));
	assert_string_equal(processor_facts("volcengine")->ids[0], "ark");
	assert_null(processor_facts("nobody"));
	assert_true(processor_facts("sketch")->built_in && processor_facts("sketch")->built);
	assert_true(processor_facts("azure-openai")->built);
	assert_false(processor_facts("resend")->built);
	assert_true(processor_built("resend") && processor_built("smtp"));
	assert_false(processor_built("creem"));
}

static void only_the_calls_of_the_row_pass(void **state)
{
	(void)state;
	static const struct {
		const char *id, *method, *host, *path;
		bool passes;
	} rows[] = {
	    {"azure-openai", "POST", NULL, "/openai/v1/images/generations", true},
	    {"azure-openai", "GET", NULL, "/openai/v1/images/generations", false},
	    {"azure-openai", "DELETE", NULL, "/openai/v1/images/generations", false},
	    {"azure-openai", "POST", NULL, "/openai/v1/images/generations/", false},
	    {"azure-openai", "POST", NULL, "/openai/v1/images/generations?x=1", false},
	    {"azure-openai", "POST", NULL, "/openai/v1/images/generation", false},
	    {"azure-openai", "POST", NULL, "/openai/v1/files", false},
	    {"azure-openai", "POST", NULL, "", false},
	    {"azure-openai", "POST", "x.openai.azure.com", "/openai/v1/images/generations", false},
	    {"fal", "GET", NULL, "/fal-ai/flux/requests/1-2/status", true},
	    {"fal", "GET", NULL, "/fal-ai/flux/requests/../status", false},
	    {"fal", "GET", NULL, "/fal-ai/flux/requests/%2e%2e/status", false},
	    {"fal", "GET", NULL, "/fal-ai/flux/requests//status", false},
	    {"fal", "POST", NULL, "/fal-ai/flux/dev?fal_webhook=https://evil.example", false},
	    {"fal", "GET", "v3b.fal.media", "/files/a/b.png", true},
	    {"fal", "GET", "v3b.fal.media", "/files/a/b.png?token=1&x", true},
	    {"fal", "GET", "v3b.fal.media", "/files/../b.png", false},
	    {"fal", "GET", "v3b.fal.media", "/", false},
	    {"fal", "GET", "v3b.fal.media.evil.example", "/files/a/b.png", false},
	    {"fal", "DELETE", "api.fal.ai", "/v1/models/requests/1/payloads", true},
	    {"fal", "DELETE", NULL, "/v1/models/requests/1/payloads", false},
	    {"sketch", "POST", NULL, "/", false},
	    {"cloudflare-r2", "PUT", NULL, "/temporary/a", true},
	    {"cloudflare-r2", "HEAD", NULL, "/temporary/a", true},
	    {"cloudflare-r2", "PUT", NULL, "/temporary", false},
	    {"cloudflare-r2", "PUT", NULL, "/temporary/a/b", false},
	    {"cloudflare-r2", "PUT", NULL, "/../a", false},
	    {"cloudflare-r2", "PUT", NULL, "/temporary/a?acl", false},
	    {"cloudflare-r2", "DELETE", NULL, "/", false},
	    {"cloudflare-r2", "GET", NULL, "/?list-type=2&max-keys=500&prefix=temporary%2F&start-after=x", true},
	    {"cloudflare-r2", "GET", NULL, "/?policy", false},
	    {"cloudflare-r2", "PUT", "a.r2.cloudflarestorage.com", "/other-bucket/a", false},
	    {"tencent-cos", "GET", NULL, "/?marker=x&max-keys=500&prefix=temporary%2F", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct processor_facts *f = processor_facts(rows[i].id);
		if ((processor_route(f, rows[i].method, rows[i].host, rows[i].path) != NULL) != rows[i].passes)
			fail_msg("%s %s %s", rows[i].id, rows[i].method, rows[i].path);
	}
	assert_true(processor_route(processor_facts("fal"), "GET", "v3.fal.media", "/x")->keyless);
	assert_false(processor_route(processor_facts("fal"), "POST", NULL, "/fal-ai/flux")->keyless);
}

static void the_address_is_the_override_the_setting_or_what_the_vendor_documents(void **state)
{
	(void)state;
	const struct processor_facts *azure = processor_facts("azure-openai"), *openai = processor_facts("openai");
	unsetenv("AZURE_OPENAI_BASE_URL");
	unsetenv("AZURE_OPENAI_ENDPOINT");
	unsetenv("OPENAI_BASE_URL");
	assert_null(processor_address(azure));
	assert_string_equal(processor_address_setting(azure), "AZURE_OPENAI_ENDPOINT");
	assert_string_equal(processor_address(openai), "https://api.openai.com/v1");
	assert_null(processor_address(processor_facts("sketch")));
	setenv("AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com", 1);
	assert_string_equal(processor_address(azure), "https://a.openai.azure.com");
	setenv("AZURE_OPENAI_BASE_URL", "https://b.openai.azure.com", 1);
	setenv("OPENAI_BASE_URL", "https://eu.api.openai.com/v1", 1);
	assert_string_equal(processor_address(azure), "https://b.openai.azure.com");
	assert_string_equal(processor_address(openai), "https://eu.api.openai.com/v1");
}

static void file_names(const char *path, const char *before, const char *name, const char *after)
{
	static struct buf text = {.max = 1 << 20};
	char wanted[256];
	struct err e = {0};

	if (name == NULL)
		return;
	buf_reset(&text);
	assert_int_equal(file_read(path, &text, &e), 0);
	snprintf(wanted, sizeof wanted, "%s%s%s", before, name, after);
	if (strstr(buf_text(&text), wanted) == NULL)
		fail_msg("%s does not name %s", path, wanted);
	buf_free(&text);
}

// An operator finds each of its settings, and under systemd its key reaches egress.
static void what_a_built_vendor_needs_is_documented(void **state)
{
	(void)state;
	const struct processor_facts *f;
	for (unsigned i = 0; (f = processor_facts_at(i)) != NULL; i++) {
		if (!processor_built(f->ids[0]) || f->built_in || f->smtp)
			continue;
		const char *const all[] = {f->key,
					   f->text.setting,
					   f->image.setting,
					   f->image.quality_setting,
					   f->s3.region_setting,
					   f->s3.key_id != NULL ? f->address : NULL};
		for (size_t k = 0; k < ARRAY_LEN(all); k++)
			file_names("README.md", "`", all[k], "`");
		for (size_t k = 1; k < ARRAY_LEN(all); k++)
			file_names("systemd/lethe.env", "\n#", all[k], "=");
		const char *const keys[] = {f->key, f->s3.key_id};
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			file_names("README.md", "`", keys[k], "`");
			file_names("systemd/lethe.env", "", keys[k], "");
			file_names("fcgi/egress/unit.conf", "\nLoadCredential=", keys[k], ":");
			file_names("fcgi/egress/unit.conf", "\nSetCredential=", keys[k], ":");
		}
		file_names("README.md", "(`", f->ids[0], "`)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_vendor_that_a_policy_names_has_a_row),
	    cmocka_unit_test(rows_are_read_strictly),
	    cmocka_unit_test(a_vendor_is_found_by_each_of_its_names),
	    cmocka_unit_test(only_the_calls_of_the_row_pass),
	    cmocka_unit_test(what_a_built_vendor_needs_is_documented),
	    cmocka_unit_test(the_address_is_the_override_the_setting_or_what_the_vendor_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
