// SPDX-License-Identifier: ISC
// What each vendor is sent, byte for byte, and what is made of its answers: every step, and every form in which it tells of a failure.
#include "fcgi/egress/members.h"
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include "tests/unit/test.h"

static const struct policy_processor to = {.kinds = KIND_BIT(KIND_COUNT) - 1}; // it receives all, in any field

static struct buf picture = {.max = 1 << 16};

static int picture_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	(void)arg;
	return buf_add(&picture, bytes, len) == 0 ? 0 : err_set(e, ERR_FULL, "full");
}

static void picture_again(void *arg)
{
	(void)arg;
	buf_reset(&picture);
}

static struct provider_input in = {.brief = {.description = "A bakery",
					     .title = "",
					     .summary = "",
					     .text = "",
					     .headings = (const char *const[]){NULL},
					     .colours = (const char *const[]){NULL},
					     .style = "photo",
					     .count = 2},
				   .prompt = "A \"shop\"",
				   .size = "1536x1024",
				   .width = 1536,
				   .height = 1024,
				   .sink = &(const struct provider_sink){picture_take, picture_again, NULL}};

static const char *const settings[] = {"OPENAI_TEXT_MODEL",      "OPENAI_IMAGE_MODEL",    "OPENAI_IMAGE_QUALITY",  "OPENROUTER_TEXT_MODEL",
				       "OPENROUTER_IMAGE_MODEL", "DEEPSEEK_TEXT_MODEL",   "ARK_IMAGE_MODEL",       "FAL_IMAGE_MODEL",
				       "REPLICATE_TEXT_MODEL",   "REPLICATE_IMAGE_MODEL", "DASHSCOPE_IMAGE_MODEL", "FAL_BASE_URL"};

static int settings_clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		unsetenv(settings[i]);
	buf_reset(&picture);
	return 0;
}

// ---- what is asked ----

struct ask {
	const char *vendor;
	enum provider_ability ability;
	const char *setting, *value; // NULL: none is set
	const char *path, *body;     // of prompts, all but the messages
};
#define SDXL  "stability-ai/sdxl:39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b"
#define QWEN  "/api/v1/services/aigc/text2image/image-synthesis"
#define QWEN2 "/api/v1/services/aigc/multimodal-generation/generation"
#define FORM                                                                                                                               \
	"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"image_prompts\",\"strict\":true,\"schema\":"            \
	"{\"type\":\"object\",\"properties\":{\"prompts\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"                          \
	"\"required\":[\"prompts\"],\"additionalProperties\":false}}},"

static const struct ask asks[] = {
    {"openai", PROVIDER_IMAGE, NULL, NULL, "/v1/images/generations",
     "{\"model\":\"gpt-image-2.5-flare\",\"prompt\":\"A \\\"shop\\\"\",\"n\":1,\"size\":\"1536x1024\",\"quality\":\"medium\","
     "\"output_format\":\"png\"}"},
    {"openai", PROVIDER_IMAGE, "OPENAI_IMAGE_QUALITY", "xhigh", "/v1/images/generations",
     "{\"model\":\"gpt-image-2.5-flare\",\"prompt\":\"A \\\"shop\\\"\",\"n\":1,\"size\":\"1536x1024\",\"quality\":\"xhigh\","
     "\"output_format\":\"png\"}"},
    {"openai", PROVIDER_PROMPTS, NULL, NULL, "/v1/chat/completions",
     "{\"model\":\"gpt-4.1-mini\",\"messages\":[]," FORM "\"max_completion_tokens\":2048,\"store\":false}"},
    {"deepseek", PROVIDER_PROMPTS, NULL, NULL, "/chat/completions",
     "{\"model\":\"deepseek-v4-flash\",\"messages\":[],\"response_format\":{\"type\":\"json_object\"},\"max_tokens\":2048,"
     "\"thinking\":{\"type\":\"disabled\"}}"},
    {"openrouter", PROVIDER_PROMPTS, "OPENROUTER_TEXT_MODEL", "x/y", "/api/v1/chat/completions",
     "{\"model\":\"x/y\",\"messages\":[]," FORM "\"max_tokens\":2048,\"provider\":{\"data_collection\":\"deny\",\"zdr\":true}}"},
    {"openrouter", PROVIDER_IMAGE, NULL, NULL, "/api/v1/chat/completions",
     "{\"model\":\"google/gemini-2.5-flash-image\",\"messages\":[{\"role\":\"user\",\"content\":\"A \\\"shop\\\"\"}],"
     "\"modalities\":[\"image\",\"text\"],\"image_config\":{\"aspect_ratio\":\"3:2\"},"
     "\"provider\":{\"data_collection\":\"deny\",\"zdr\":true}}"},
    {"ark", PROVIDER_IMAGE, NULL, NULL, "/api/v3/images/generations",
     "{\"model\":\"doubao-seedream-5-0-pro-260628\",\"prompt\":\"A \\\"shop\\\"\",\"size\":\"1536x1024\",\"output_format\":\"png\","
     "\"response_format\":\"b64_json\",\"watermark\":false}"},
    {"ark", PROVIDER_IMAGE, "ARK_IMAGE_MODEL", "doubao-seedream-5-0-lite-260128", "/api/v3/images/generations",
     "{\"model\":\"doubao-seedream-5-0-lite-260128\",\"prompt\":\"A \\\"shop\\\"\",\"size\":\"2496x1664\",\"output_format\":\"png\","
     "\"response_format\":\"b64_json\",\"watermark\":false}"},
    {"fal", PROVIDER_IMAGE, NULL, NULL, "/fal-ai/flux/dev",
     "{\"prompt\":\"A \\\"shop\\\"\",\"image_size\":{\"width\":1536,\"height\":1024},\"num_images\":1,\"output_format\":\"png\","
     "\"enable_safety_checker\":true,\"sync_mode\":true}"},
    {"replicate", PROVIDER_IMAGE, NULL, NULL, "/v1/predictions",
     "{\"version\":\"" SDXL "\",\"input\":{\"prompt\":\"A \\\"shop\\\"\",\"width\":1536,\"height\":1024,\"num_outputs\":1,"
     "\"apply_watermark\":false}}"},
    {"replicate", PROVIDER_IMAGE, "REPLICATE_IMAGE_MODEL", "black-forest-labs/flux-schnell",
     "/v1/models/black-forest-labs/flux-schnell/predictions",
     "{\"input\":{\"prompt\":\"A \\\"shop\\\"\",\"width\":1536,\"height\":1024,\"num_outputs\":1,\"apply_watermark\":false}}"},
    {"dashscope", PROVIDER_IMAGE, NULL, NULL, QWEN,
     "{\"model\":\"qwen-image-plus\",\"input\":{\"prompt\":\"A \\\"shop\\\"\"},\"parameters\":{\"size\":\"1472*1104\",\"n\":1,"
     "\"prompt_extend\":false,\"watermark\":false}}"},
    {"dashscope", PROVIDER_IMAGE, "DASHSCOPE_IMAGE_MODEL", "qwen-image-3.0", QWEN2,
     "{\"model\":\"qwen-image-3.0\",\"input\":{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"A \\\"shop\\\"\"}]}]},"
     "\"parameters\":{\"size\":\"1536*1024\",\"n\":1,\"prompt_extend\":false,\"watermark\":false}}"},
};

static void each_is_sent_what_it_documents_and_its_flags(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
		const struct ask *a = &asks[i];
		struct provider_task t;
		settings_clear(state);
		if (a->setting != NULL)
			setenv(a->setting, a->value, 1);
		assert_int_equal(provider_begin(&t, provider_find(a->vendor), a->ability, &in), PROVIDER_SEND);
		assert_string_equal(t.request.method, "POST");
		assert_string_equal(t.request.path, a->path);
		BUF_AUTO struct buf text = BUF_INIT(1 << 16);
		JSON_AUTO cJSON *body = json_parse(t.request.body.data, t.request.body.len, NULL);
		if (a->ability == PROVIDER_PROMPTS) {
			assert_int_equal(cJSON_GetArraySize(json_get(body, "messages")), 2);
			cJSON_ReplaceItemInObject(body, "messages", cJSON_CreateArray());
		}
		json_print(&text, body);
		assert_string_equal(buf_text(&text), a->body);
		// Egress lets it pass, and holds the row's flags to be there.
		const struct processor_route *route = processor_route(processor_facts(a->vendor), "POST", NULL, t.request.path);
		assert_non_null(route);
		char name[MEMBERS_NAME];
		assert_int_equal(members_check(&to, route, KIND_BIT(a->ability == PROVIDER_PROMPTS ? KIND_INPUT : KIND_PROMPT),
					       t.request.content_type, t.request.body.data, t.request.body.len, name),
				 FAILURE_NONE);
		// What would be done twice is not sent twice.
		bool queue = strcmp(a->vendor, "fal") == 0 || strcmp(a->vendor, "replicate") == 0 || strcmp(a->vendor, "dashscope") == 0;
		assert_int_equal(t.request.once, queue);
		provider_free(&t);
	}
}

// ---- pictures to start from ----

// As much of a PNG and of a JPEG as tells what they are.
static const unsigned char one_png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R', 0,
					0,    4,   0,   0,   0,    4,    0,    8,    6, 0, 0, 0,  1,   2,   3,   4};
static const unsigned char one_jpeg[] = {0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 4, 0, 4, 0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xd9};
#define PNG_URL  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAABAgME"
#define JPEG_URL "data:image/jpeg;base64,/9j/wAARCAQABAADAREAAhEAAxEA/9k="
#define PNG_IN                                                                                                                             \
	{                                                                                                                                  \
		one_png, sizeof one_png                                                                                                    \
	}
#define JPEG_IN                                                                                                                            \
	{                                                                                                                                  \
		one_jpeg, sizeof one_jpeg                                                                                                  \
	}

static const struct {
	const char *vendor;
	bool mask;
	const char *path, *body;
} edits[] = {
    {"openai", true, "/v1/images/edits",
     "{\"model\":\"gpt-image-2.5-flare\",\"prompt\":\"A \\\"shop\\\"\",\"n\":1,\"size\":\"1536x1024\",\"quality\":\"medium\","
     "\"output_format\":\"png\",\"images\":[{\"image_url\":\"" PNG_URL "\"},{\"image_url\":\"" JPEG_URL
     "\"}],\"mask\":{\"image_url\":\"" PNG_URL "\"}}"},
    {"azure-openai", true, "/openai/v1/images/edits", NULL},
    {"openrouter", false, "/api/v1/chat/completions",
     "{\"model\":\"google/gemini-2.5-flash-image\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"A "
     "\\\"shop\\\"\"},"
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"" PNG_URL "\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":\"" JPEG_URL
     "\"}}]}],"
     "\"modalities\":[\"image\",\"text\"],\"image_config\":{\"aspect_ratio\":\"3:2\"},\"provider\":{\"data_collection\":\"deny\",\"zdr\":"
     "true}}"},
    {"ark", false, "/api/v3/images/generations",
     "{\"model\":\"doubao-seedream-5-0-pro-260628\",\"prompt\":\"A \\\"shop\\\"\",\"size\":\"1536x1024\",\"output_format\":\"png\","
     "\"image\":[\"" PNG_URL "\",\"" JPEG_URL "\"],\"response_format\":\"b64_json\",\"watermark\":false}"},
};

static void pictures_to_start_from_go_where_each_vendor_takes_them(void **state)
{
	static const char form[] =
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ngpt-image-2\r\n"
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nA lethe-0000 shop\r\n"
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n"
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n1536x1024\r\n"
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"quality\"\r\n\r\nmedium\r\n"
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"output_format\"\r\n\r\npng\r\n"
	    "--lethe-0001\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"0.png\"\r\nContent-Type: image/png\r\n\r\n";
	BUF_AUTO struct buf wanted = BUF_INIT(1 << 16);

	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		struct provider_input edit = in;
		struct provider_task t;
		bool form_sent = edits[i].body == NULL;
		edit.prompt = form_sent ? "A lethe-0000 shop" : in.prompt;
		edit.references[0] = (struct provider_reference)PNG_IN;
		edit.references[1] = (struct provider_reference)JPEG_IN;
		edit.reference_count = 2;
		if (edits[i].mask)
			edit.mask = (struct provider_reference)PNG_IN;
		assert_int_equal(provider_begin(&t, provider_find(edits[i].vendor), PROVIDER_IMAGE, &edit), PROVIDER_SEND);
		assert_string_equal(t.request.path, edits[i].path);
		const struct processor_route *route = processor_route(processor_facts(edits[i].vendor), "POST", NULL, t.request.path);
		char name[MEMBERS_NAME];
		assert_non_null(route);
		assert_int_equal(members_check(&to, route, KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_UPLOAD), t.request.content_type,
					       t.request.body.data, t.request.body.len, name),
				 FAILURE_NONE);
		assert_string_equal(t.request.content_type, form_sent ? "multipart/form-data; boundary=lethe-0001" : "application/json");
		if (!form_sent) {
			assert_string_equal(buf_text(&t.request.body), edits[i].body);
		} else {
			buf_adds(&wanted, form);
			buf_add(&wanted, one_png, sizeof one_png);
			buf_adds(
			    &wanted,
			    "\r\n--lethe-0001\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"1.jpg\"\r\nContent-Type: "
			    "image/jpeg\r\n\r\n");
			buf_add(&wanted, one_jpeg, sizeof one_jpeg);
			buf_adds(&wanted,
				 "\r\n--lethe-0001\r\nContent-Disposition: form-data; name=\"mask\"; filename=\"2.png\"\r\nContent-Type: "
				 "image/png\r\n\r\n");
			buf_add(&wanted, one_png, sizeof one_png);
			buf_adds(&wanted, "\r\n--lethe-0001--\r\n");
			assert_int_equal(t.request.body.len, wanted.len);
			assert_memory_equal(t.request.body.data, wanted.data, wanted.len);
		}
		provider_free(&t);
	}
}

static void what_is_no_picture_to_start_from_does_not_leave(void **state)
{
	static unsigned char large[REFERENCE_BYTES_MAX + 1], wide[sizeof one_png], small[sizeof one_png],
	    webp[64] = "RIFF8\0\0\0WEBPVP8X\n";
	const struct provider_reference good = PNG_IN, jpeg = JPEG_IN, none = {"GIF89a", 6}, big = {large, sizeof large},
					broad = {wide, sizeof wide}, lesser = {small, sizeof small}, other = {webp, sizeof webp};
	memcpy(large, one_png, sizeof one_png);
	memcpy(wide, one_png, sizeof one_png);
	memcpy(small, one_png, sizeof one_png);
	wide[18] = 9;  // 2,304 pixels
	small[18] = 2; // 512
	const struct {
		const char *vendor;
		unsigned count;
		struct provider_reference first, mask;
		bool fine;
	} rows[] = {
	    {"openai", 1, good, {0}, true},
	    {"openai", 1, jpeg, good, true},
	    {"openai", REFERENCES_MAX, good, {0}, true},
	    {"openai", REFERENCES_MAX + 1, good, {0}, false},
	    {"openai", 1, none, {0}, false},
	    {"openai", 1, big, {0}, false},
	    {"openai", 1, broad, {0}, false},
	    {"openai", 1, other, {0}, false},
	    {"openai", 1, good, jpeg, false},
	    {"openai", 1, good, lesser, false},
	    {"openrouter", 3, good, {0}, true},
	    {"openrouter", 4, good, {0}, false},
	    {"openrouter", 1, good, good, false},
	    {"ark", 4, good, {0}, true},
	    {"fal", 1, good, {0}, false},
	    {"dashscope", 1, good, {0}, false},
	};

	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_input edit = in;
		struct provider_task t;
		for (unsigned j = 0; j < rows[i].count && j < REFERENCES_MAX; j++)
			edit.references[j] = rows[i].first;
		edit.mask = rows[i].mask;
		edit.reference_count = rows[i].count;
		enum provider_step step = provider_begin(&t, provider_find(rows[i].vendor), PROVIDER_IMAGE, &edit);
		if ((step == PROVIDER_SEND) != rows[i].fine)
			fail_msg("row %zu: %s", i, t.say.text);
		assert_true(rows[i].fine || t.result == PROVIDER_REFUSED);
		provider_free(&t);
	}
}

static void a_text_model_without_a_form_is_told_it(void **state)
{
	static const char *const vendors[] = {"openai", "openrouter", "deepseek", "replicate"};

	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(vendors); i++) {
		struct provider_task t;
		provider_begin(&t, provider_find(vendors[i]), PROVIDER_PROMPTS, &in);
		const char *body = buf_text(&t.request.body);
		assert_non_null(strstr(body, "exactly 2 prompts"));
		assert_int_equal(strstr(body, "Answer with JSON") != NULL, i >= 2);
		assert_non_null(strstr(body, "A bakery"));
		provider_free(&t);
	}
}

static void each_size_has_its_nearest(void **state)
{
	static const struct {
		const char *vendor;
		unsigned width, height;
		const char *size;
	} rows[] = {
	    {"dashscope", 1024, 1024, "1328*1328"}, {"dashscope", 1536, 1024, "1472*1104"},
	    {"dashscope", 1024, 1536, "1104*1472"}, {"dashscope", 1920, 1080, "1664*928"},
	    {"openrouter", 1024, 1024, "1:1"},      {"openrouter", 1024, 1536, "2:3"},
	    {"openrouter", 1920, 1080, "16:9"},     {"ark", 1024, 1024, NULL},
	    {"openai", 1024, 1024, NULL},
	};
	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *size = processor_size(&processor_facts(rows[i].vendor)->image, rows[i].width, rows[i].height);
		if ((size == NULL) != (rows[i].size == NULL) || (size != NULL && strcmp(size, rows[i].size) != 0))
			fail_msg("%s %ux%u: %s", rows[i].vendor, rows[i].width, rows[i].height, size != NULL ? size : "any");
	}
}

static void a_model_that_is_dead_is_refused_by_name(void **state)
{
	static const char *const dead[] = {"dall-e-2", "dall-e-3", "gpt-image-1"}, *const alive[] = {"", "gpt-image-2", "gpt-image-1.5"};
	struct err e = {0};

	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
		setenv("OPENAI_IMAGE_MODEL", dead[i], 1);
		assert_int_equal(processor_models_check(processor_facts("openai"), &e), -1);
		assert_non_null(strstr(e.text, "OPENAI_IMAGE_MODEL"));
		assert_non_null(strstr(e.text, dead[i]));
		setenv("OPENAI_IMAGE_MODEL", alive[i], 1);
		assert_int_equal(processor_models_check(processor_facts("openai"), &e), 0);
	}
}

// ---- what comes back ----

struct exchange {
	const char *sent; // "METHOD path"; of the first, which is an ask, only the method
	int status;       // 0: no reply comes
	const char *body;
	unsigned waits;
};

// Carries requests and replies, in pieces of every other size, until the task ends.
static void drive(struct provider_task *t, const struct exchange *e)
{
	for (size_t n = 0; t->step == PROVIDER_SEND; e++, n++) {
		char sent[512];
		snprintf(sent, sizeof sent, "%s%s%s", t->request.method, e->sent != NULL && strchr(e->sent, ' ') == NULL ? "" : " ",
			 e->sent != NULL && strchr(e->sent, ' ') == NULL ? "" : t->request.path);
		assert_non_null(e->sent);
		assert_string_equal(sent, e->sent);
		assert_int_equal(t->request.wait_ms, e->waits);
		if (e->status == 0) {
			const struct err none = {.code = ERR_TIMEOUT, .text = "no time is left"};
			provider_no_reply(t, PROVIDER_DOWN, &none);
			continue;
		}
		struct provider_reply r = {e->status, "application/json", e->body, strlen(e->body)};
		size_t piece = n % 2 == 0 ? 1 : 7;
		while (provider_takes_pieces(t) && r.status == 200 && r.len > 0) {
			size_t len = piece < r.len ? piece : r.len;
			if (provider_take(t, r.body, len, NULL) != 0)
				break;
			r.body += len;
			r.len -= len;
		}
		if (t->step == PROVIDER_SEND)
			provider_reply(t, &r);
	}
	assert_null(e->sent);
}

// One step alone, or all of them: the result, and for a picture that it is what stands for one here.
static void run(const char *vendor, enum provider_ability ability, const struct exchange *making, const struct exchange *leaving,
		enum provider_result result)
{
	struct provider_task t;

	buf_reset(&picture);
	provider_begin(&t, provider_find(vendor), ability, &in);
	drive(&t, making);
	if (t.result != result)
		fail_msg("%s %s: result %d, \"%s\"", vendor, making[0].body, (int)t.result, t.say.text);
	assert_null(strstr(t.say.text, "canary"));
	assert_int_equal(t.result == PROVIDER_OK, t.say.text[0] == '\0');
	if (result == PROVIDER_OK && ability == PROVIDER_IMAGE)
		assert_string_equal(buf_text(&picture), "picture");
	if (result == PROVIDER_OK && ability == PROVIDER_PROMPTS)
		assert_string_equal(t.prompts.text[1], "two");
	provider_leave(&t);
	static const struct exchange nothing[] = {{0}};
	drive(&t, leaving != NULL ? leaving : nothing);
	assert_int_equal(t.result, result);
	provider_free(&t);
}

#define B64    "cGljdHVyZQ=="
#define TWO    "{\\\"prompts\\\":[\\\"one\\\",\\\"two\\\"]}"
#define CANARY "\"message\":\"canary\""

static void what_answers_at_once(void **state)
{
	static const struct {
		const char *vendor;
		enum provider_ability ability;
		int status;
		const char *body;
		enum provider_result result;
	} rows[] = {
	    {"openai", PROVIDER_IMAGE, 200, "{\"created\":1,\"data\":[{\"b64_json\":\"" B64 "\"}],\"error\":null}", PROVIDER_OK},
	    {"openai", PROVIDER_IMAGE, 200, "{\"note\":\"\\u0000 \\ud800\",\"data\":[{\"b64_json\":\"" B64 "\"}]}", PROVIDER_OK},
	    {"openai", PROVIDER_IMAGE, 200, "{\"data\":[{\"url\":\"https://x.example/\"}]}", PROVIDER_BAD_REPLY},
	    {"openai", PROVIDER_IMAGE, 400,
	     "{\"error\":{" CANARY ",\"type\":\"image_generation_user_error\",\"param\":null,\"code\":\"moderation_blocked\"}}",
	     PROVIDER_FILTERED},
	    {"openai", PROVIDER_IMAGE, 429, "{\"error\":{" CANARY ",\"code\":\"rate_limit_exceeded\"}}", PROVIDER_LIMITED},
	    {"openai", PROVIDER_IMAGE, 429, "{\"error\":{" CANARY ",\"code\":\"insufficient_quota\"}}", PROVIDER_REFUSED},
	    {"openai", PROVIDER_PROMPTS, 200, "{\"choices\":[{\"message\":{\"content\":\"" TWO "\"},\"finish_reason\":\"stop\"}]}",
	     PROVIDER_OK},
	    {"openai", PROVIDER_PROMPTS, 200, "{\"choices\":[{\"message\":{\"refusal\":\"canary\"},\"finish_reason\":\"stop\"}]}",
	     PROVIDER_FILTERED},
	    {"deepseek", PROVIDER_PROMPTS, 200,
	     "\n\n{\"choices\":[{\"message\":{\"reasoning_content\":\"canary\",\"content\":\"```json\\n" TWO "\\n```\"},\"finish_reason\":"
	     "\"stop\"}]}",
	     PROVIDER_OK},
	    {"deepseek", PROVIDER_PROMPTS, 200, "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"content_filter\"}]}",
	     PROVIDER_FILTERED},
	    {"deepseek", PROVIDER_PROMPTS, 200,
	     "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"insufficient_system_resource\"}]}", PROVIDER_DOWN},
	    {"deepseek", PROVIDER_PROMPTS, 402, "{\"error\":{" CANARY ",\"code\":\"invalid_request_error\"}}", PROVIDER_REFUSED},
	    {"deepseek", PROVIDER_PROMPTS, 422, "{\"error\":{" CANARY "}}", PROVIDER_REFUSED},
	    {"openrouter", PROVIDER_IMAGE, 200,
	     "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"Here.\",\"images\":[{\"type\":\"image_url\",\"image_"
	     "url\":"
	     "{\"url\":\"data:image/png;base64," B64 "\"}}]}}]}",
	     PROVIDER_OK},
	    {"openrouter", PROVIDER_IMAGE, 200,
	     "{\"choices\":[{\"message\":{\"images\":[{\"image_url\":{\"url\":\"data:image\\/png;base64," B64 "\"}}]}}],\"url\":\"x\"}",
	     PROVIDER_OK},
	    // Not where it should be, not base64, not a data URL, none.
	    {"openrouter", PROVIDER_IMAGE, 200, "{\"url\":\"data:image/png;base64," B64 "\",\"choices\":[]}", PROVIDER_BAD_REPLY},
	    {"openrouter", PROVIDER_IMAGE, 200,
	     "{\"choices\":[{\"message\":{\"images\":[{\"image_url\":{\"url\":\"data:image/svg+xml,<svg>\"}}]}}]}", PROVIDER_BAD_REPLY},
	    {"openrouter", PROVIDER_IMAGE, 200,
	     "{\"choices\":[{\"message\":{\"images\":[{\"image_url\":{\"url\":\"https://x.example/a,b\"}}]}}]}", PROVIDER_BAD_REPLY},
	    {"openrouter", PROVIDER_IMAGE, 200, "{\"choices\":[{\"message\":{\"content\":\"I would rather not.\"}}]}", PROVIDER_BAD_REPLY},
	    {"openrouter", PROVIDER_IMAGE, 200,
	     "{\"choices\":[{\"message\":{\"images\":[{\"image_url\":{\"url\":\"data:image/png;base64," B64 "\"}},{\"image_url\":{\"url\":"
	     "\"data:image/png;base64," B64 "\"}}]}}]}",
	     PROVIDER_BAD_REPLY},
	    {"openrouter", PROVIDER_IMAGE, 200, "{\"choices\":[{\"finish_reason\":\"content_filter\",\"message\":{\"content\":\"\"}}]}",
	     PROVIDER_FILTERED},
	    {"openrouter", PROVIDER_IMAGE, 200,
	     "{\"choices\":[{\"finish_reason\":\"stop\",\"native_finish_reason\":\"IMAGE_SAFETY\",\"message\":{\"content\":\"\"}}]}",
	     PROVIDER_FILTERED},
	    {"openrouter", PROVIDER_IMAGE, 403,
	     "{\"error\":{\"code\":403," CANARY ",\"metadata\":{\"reasons\":[\"sexual\"],\"flagged_input\":\"canary\"}}}",
	     PROVIDER_FILTERED},
	    {"openrouter", PROVIDER_IMAGE, 403, "{\"error\":{\"code\":403," CANARY "}}", PROVIDER_REFUSED},
	    {"openrouter", PROVIDER_IMAGE, 402, "{\"error\":{\"code\":402," CANARY "}}", PROVIDER_REFUSED},
	    {"openrouter", PROVIDER_IMAGE, 404, "{\"error\":{\"code\":404," CANARY "}}", PROVIDER_REFUSED},
	    {"openrouter", PROVIDER_IMAGE, 524, "{\"error\":{\"code\":524," CANARY "}}", PROVIDER_DOWN},
	    {"openrouter", PROVIDER_IMAGE, 529, "{\"error\":{\"code\":529," CANARY "}}", PROVIDER_DOWN},
	    {"openrouter", PROVIDER_IMAGE, 200, "{\"error\":{\"code\":429," CANARY "}}", PROVIDER_LIMITED},
	    {"openrouter", PROVIDER_IMAGE, 200, "{\"error\":{\"code\":502," CANARY "}}", PROVIDER_DOWN},
	    {"openrouter", PROVIDER_IMAGE, 200, "{\"choices\":[{\"error\":{\"code\":502," CANARY "},\"finish_reason\":\"error\"}]}",
	     PROVIDER_BAD_REPLY},
	    {"ark", PROVIDER_IMAGE, 200,
	     "{\"model\":\"x\",\"data\":[{\"b64_json\":\"" B64 "\",\"size\":\"2048x2048\"}],\"usage\":{\"generated_images\":1}}",
	     PROVIDER_OK},
	    {"ark", PROVIDER_IMAGE, 400,
	     "{\"error\":{\"code\":\"InputTextSensitiveContentDetected\"," CANARY ",\"param\":\"\",\"type\":\"BadRequest\"}}",
	     PROVIDER_FILTERED},
	    {"ark", PROVIDER_IMAGE, 200, "{\"data\":[{\"error\":{\"code\":\"OutputImageSensitiveContentDetected\"," CANARY "}}]}",
	     PROVIDER_FILTERED},
	    {"ark", PROVIDER_IMAGE, 400, "{\"error\":{\"code\":\"InvalidParameter\"," CANARY ",\"param\":\"size\"}}", PROVIDER_REFUSED},
	    {"ark", PROVIDER_IMAGE, 401, "{\"error\":{\"code\":\"AuthenticationError\"," CANARY ",\"type\":\"Unauthorized\"}}",
	     PROVIDER_REFUSED},
	    {"ark", PROVIDER_IMAGE, 500, "{\"error\":{\"code\":\"InternalServiceError\"," CANARY "}}", PROVIDER_DOWN},
	    // What answers without its queue.
	    {"fal", PROVIDER_IMAGE, 200,
	     "{\"images\":[{\"url\":\"data:image/png;base64," B64 "\"}],\"has_nsfw_concepts\":[false],\"prompt\":\"canary\"}", PROVIDER_OK},
	    {"fal", PROVIDER_IMAGE, 200, "{\"image\":{\"url\":\"data:image/png;base64," B64 "\"}}", PROVIDER_OK},
	    {"fal", PROVIDER_IMAGE, 200, "{\"images\":[{\"url\":\"data:image/png;base64," B64 "\"}],\"has_nsfw_concepts\":[true]}",
	     PROVIDER_FILTERED},
	    {"fal", PROVIDER_IMAGE, 422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"canary\",\"type\":\"content_policy_violation\"}]}",
	     PROVIDER_FILTERED},
	    {"fal", PROVIDER_IMAGE, 422, "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"canary\",\"type\":\"value_error\"}]}",
	     PROVIDER_REFUSED},
	    {"fal", PROVIDER_IMAGE, 403, "{\"detail\":\"canary\"}", PROVIDER_REFUSED},
	    {"fal", PROVIDER_IMAGE, 429, "{\"detail\":\"canary\",\"error_type\":\"concurrent_requests_limit\"}", PROVIDER_LIMITED},
	    {"fal", PROVIDER_IMAGE, 504, "{\"detail\":\"canary\"}", PROVIDER_DOWN},
	    {"replicate", PROVIDER_IMAGE, 422, "{\"title\":\"canary\",\"detail\":\"canary\",\"status\":422}", PROVIDER_REFUSED},
	    {"replicate", PROVIDER_IMAGE, 402, "{\"title\":\"canary\",\"detail\":\"canary\",\"status\":402}", PROVIDER_REFUSED},
	    {"replicate", PROVIDER_IMAGE, 429, "{\"detail\":\"canary\"}", PROVIDER_LIMITED},
	    {"replicate", PROVIDER_IMAGE, 201, "{\"id\":\"../../x\",\"status\":\"starting\"}", PROVIDER_BAD_REPLY},
	    {"replicate", PROVIDER_IMAGE, 201, "{\"status\":\"starting\"}", PROVIDER_BAD_REPLY},
	    {"replicate", PROVIDER_IMAGE, 201, "not JSON", PROVIDER_BAD_REPLY},
	    {"replicate", PROVIDER_PROMPTS, 201,
	     "{\"status\":\"succeeded\",\"output\":[\"Well: {\\\"prompts\\\":\",\"[\\\"one\\\",\\\"two\\\"]}\"]}", PROVIDER_OK},
	    {"replicate", PROVIDER_PROMPTS, 201, "{\"status\":\"succeeded\",\"output\":\"" TWO "\"}", PROVIDER_OK},
	    {"replicate", PROVIDER_PROMPTS, 201, "{\"status\":\"succeeded\",\"output\":null,\"data_removed\":true}", PROVIDER_BAD_REPLY},
	    {"dashscope", PROVIDER_IMAGE, 400, "{\"request_id\":\"1\",\"code\":\"DataInspectionFailed\"," CANARY "}", PROVIDER_FILTERED},
	    {"dashscope", PROVIDER_IMAGE, 400, "{\"request_id\":\"1\",\"code\":\"data_inspection_failed\"," CANARY "}", PROVIDER_FILTERED},
	    {"dashscope", PROVIDER_IMAGE, 400, "{\"request_id\":\"1\",\"code\":\"IPInfringementSuspect\"," CANARY "}", PROVIDER_FILTERED},
	    {"dashscope", PROVIDER_IMAGE, 400, "{\"request_id\":\"1\",\"code\":\"Arrearage\"," CANARY "}", PROVIDER_REFUSED},
	    {"dashscope", PROVIDER_IMAGE, 400, "{\"request_id\":\"1\",\"code\":\"InvalidParameter\"," CANARY "}", PROVIDER_REFUSED},
	    {"dashscope", PROVIDER_IMAGE, 401, "{\"request_id\":\"1\",\"code\":\"InvalidApiKey\"," CANARY "}", PROVIDER_REFUSED},
	    {"dashscope", PROVIDER_IMAGE, 429, "{\"request_id\":\"1\",\"code\":\"Throttling.RateQuota\"," CANARY "}", PROVIDER_LIMITED},
	    {"dashscope", PROVIDER_IMAGE, 200, "{\"output\":{\"task_status\":\"FAILED\",\"code\":\"DataInspectionFailed\"," CANARY "}}",
	     PROVIDER_FILTERED},
	};
	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct exchange making[] = {{"POST", rows[i].status, rows[i].body, 0}, {0}};
		run(rows[i].vendor, rows[i].ability, making, NULL, rows[i].result);
	}
}

// Whoever it is: the statuses that mean the same everywhere, with a body that says nothing.
static void statuses_mean_the_same_everywhere(void **state)
{
	static const struct {
		int status;
		enum provider_result result;
	} statuses[] = {
	    {302, PROVIDER_BAD_REPLY}, {400, PROVIDER_REFUSED}, {401, PROVIDER_REFUSED},   {402, PROVIDER_REFUSED}, {403, PROVIDER_REFUSED},
	    {404, PROVIDER_REFUSED},   {408, PROVIDER_DOWN},    {409, PROVIDER_REFUSED},   {413, PROVIDER_REFUSED}, {422, PROVIDER_REFUSED},
	    {429, PROVIDER_LIMITED},   {500, PROVIDER_DOWN},    {502, PROVIDER_DOWN},      {503, PROVIDER_DOWN},    {504, PROVIDER_DOWN},
	    {524, PROVIDER_DOWN},      {529, PROVIDER_DOWN},    {200, PROVIDER_BAD_REPLY},
	};
	static const char *const bodies[] = {"", "<html>", "{\"error\":{\"message\":\"canary\"}}", "[1]"};
	const struct processor_facts *f;
	unsigned cells = 0;

	settings_clear(state);
	for (unsigned v = 0; (f = processor_facts_at(v)) != NULL; v++) {
		const struct provider *p = f->built && !f->built_in ? provider_find(f->ids[0]) : NULL;
		for (enum provider_ability a = PROVIDER_PROMPTS; p != NULL && a <= PROVIDER_IMAGE; a++) {
			for (size_t i = 0; p->can[a].begin != NULL && i < ARRAY_LEN(statuses); i++, cells++) {
				for (size_t k = 0; k < ARRAY_LEN(bodies); k++) {
					const struct exchange making[] = {{"POST", statuses[i].status, bodies[k], 0}, {0}};
					run(p->id, a, making, NULL, statuses[i].result);
				}
			}
		}
	}
	assert_true(cells >= 200);
}

#define ID             "0b1c-22"
#define REPLIED(state) "{\"id\":\"" ID "\",\"status\":\"" state "\",\"output\":null,\"error\":null}"
#define FILE_URL       "https://replicate.delivery/x/out-0.png"
#define OSS_URL        "dashscope-result-bj.oss-cn-beijing.aliyuncs.com/a/b.png?Expires=1"

static void the_queue_of_replicate(void **state)
{
	static const struct exchange made[] = {
	    {"POST", 201, REPLIED("starting"), 0},
	    {"GET /v1/predictions/" ID, 200, REPLIED("processing"), 250},
	    {"GET /v1/predictions/" ID, 200, "{\"id\":\"" ID "\",\"status\":\"succeeded\",\"output\":[\"" FILE_URL "\"]}", 500},
	    {"GET " FILE_URL, 200, "picture", 0},
	    {0}};
	static const struct exchange at_once[] = {
	    {"POST", 201, "{\"id\":\"" ID "\",\"status\":\"succeeded\",\"output\":\"" FILE_URL "\"}", 0},
	    {"GET " FILE_URL, 200, "picture", 0},
	    {0}};
	static const struct exchange refused[] = {
	    {"POST", 201, REPLIED("starting"), 0},
	    {"GET /v1/predictions/" ID, 200, "{\"id\":\"" ID "\",\"status\":\"failed\",\"error\":\"NSFW content detected. canary\"}", 250},
	    {0}};
	static const struct exchange failed[] = {
	    {"POST", 201, REPLIED("starting"), 0},
	    {"GET /v1/predictions/" ID, 200, "{\"id\":\"" ID "\",\"status\":\"failed\",\"error\":\"canary out of memory\"}", 250},
	    {0}};
	static const struct exchange aborted[] = {{"POST", 201, REPLIED("aborted"), 0}, {0}};
	static const struct exchange gone[] = {
	    {"POST", 201, "{\"id\":\"" ID "\",\"status\":\"succeeded\",\"output\":[\"" FILE_URL "\"]}", 0},
	    {"GET " FILE_URL, 404, "canary", 0},
	    {0}};
	static const struct exchange late[] = {{"POST", 201, REPLIED("starting"), 0}, {"GET /v1/predictions/" ID, 0, NULL, 250}, {0}};
	static const struct exchange garbage[] = {
	    {"POST", 201, REPLIED("starting"), 0}, {"GET /v1/predictions/" ID, 200, "<html>", 250}, {0}};
	static const struct exchange foreign[] = {
	    {"POST", 201, "{\"id\":\"" ID "\",\"status\":\"succeeded\",\"output\":[\"file:///etc\"]}", 0}, {0}};
	static const struct exchange cancel[] = {{"POST /v1/predictions/" ID "/cancel", 200, "{}", 0}, {0}};

	settings_clear(state);
	run("replicate", PROVIDER_IMAGE, made, NULL, PROVIDER_OK);
	run("replicate", PROVIDER_IMAGE, at_once, NULL, PROVIDER_OK);
	run("replicate", PROVIDER_IMAGE, refused, NULL, PROVIDER_FILTERED);
	run("replicate", PROVIDER_IMAGE, failed, NULL, PROVIDER_DOWN);
	run("replicate", PROVIDER_IMAGE, aborted, NULL, PROVIDER_DOWN);
	run("replicate", PROVIDER_IMAGE, gone, NULL, PROVIDER_BAD_REPLY);
	run("replicate", PROVIDER_IMAGE, foreign, NULL, PROVIDER_BAD_REPLY);
	run("replicate", PROVIDER_IMAGE, late, cancel, PROVIDER_DOWN);
	run("replicate", PROVIDER_IMAGE, garbage, cancel, PROVIDER_BAD_REPLY);
}

#define FAL_ACCEPTED "{\"request_id\":\"" ID "\",\"status_url\":\"https://evil.example/\",\"queue_position\":0}"
#define FAL_WORK     "/fal-ai/flux/requests/" ID

static void the_queue_of_fal(void **state)
{
	static const struct exchange made[] = {
	    {"POST", 200, FAL_ACCEPTED, 0},
	    {"GET " FAL_WORK "/status", 200, "{\"status\":\"IN_QUEUE\",\"queue_position\":2}", 250},
	    {"GET " FAL_WORK "/status", 200, "{\"status\":\"IN_PROGRESS\"}", 500},
	    {"GET " FAL_WORK "/status", 200, "{\"status\":\"COMPLETED\",\"metrics\":{}}", 1000},
	    {"GET " FAL_WORK, 200, "{\"images\":[{\"url\":\"data:image/png;base64," B64 "\"}],\"has_nsfw_concepts\":[false]}", 0},
	    {0}};
	static const struct exchange file[] = {{"POST", 200, FAL_ACCEPTED, 0},
					       {"GET " FAL_WORK "/status", 200, "{\"status\":\"COMPLETED\"}", 250},
					       {"GET " FAL_WORK, 200, "{\"images\":[{\"url\":\"https://v3b.fal.media/files/a.png\"}]}", 0},
					       {"GET https://v3b.fal.media/files/a.png", 200, "picture", 0},
					       {0}};
	static const struct exchange black[] = {
	    {"POST", 200, FAL_ACCEPTED, 0},
	    {"GET " FAL_WORK "/status", 200, "{\"status\":\"COMPLETED\"}", 250},
	    {"GET " FAL_WORK, 200, "{\"images\":[{\"url\":\"data:image/png;base64," B64 "\"}],\"has_nsfw_concepts\":[true]}", 0},
	    {0}};
	static const struct exchange refused[] = {{"POST", 200, FAL_ACCEPTED, 0},
						  {"GET " FAL_WORK "/status", 200, "{\"status\":\"COMPLETED\",\"error\":\"canary\"}", 250},
						  {"GET " FAL_WORK, 422, "{\"detail\":[{\"type\":\"content_policy_violation\"}]}", 0},
						  {0}};
	static const struct exchange failed[] = {
	    {"POST", 200, FAL_ACCEPTED, 0}, {"GET " FAL_WORK "/status", 500, "{\"detail\":\"canary\"}", 250}, {0}};
	static const struct exchange never[] = {{"POST", 0, NULL, 0}, {0}};
#define REMOVE                                                                                                                             \
	{                                                                                                                                  \
		"DELETE https://api.fal.ai/v1/models/requests/" ID "/payloads", 403, "{\"detail\":\"canary\"}", 0                          \
	}
	static const struct exchange remove[] = {REMOVE, {0}}, cancel[] = {{"PUT " FAL_WORK "/cancel", 202, "{}", 0}, REMOVE, {0}};

	settings_clear(state);
	run("fal", PROVIDER_IMAGE, made, remove, PROVIDER_OK);
	run("fal", PROVIDER_IMAGE, file, remove, PROVIDER_OK);
	run("fal", PROVIDER_IMAGE, black, remove, PROVIDER_FILTERED);
	run("fal", PROVIDER_IMAGE, refused, remove, PROVIDER_FILTERED);
	run("fal", PROVIDER_IMAGE, failed, cancel, PROVIDER_DOWN);
	run("fal", PROVIDER_IMAGE, never, NULL, PROVIDER_DOWN);
}

// What a vendor's answer to a deletion, or to a look at what is left, means.
static void what_is_left_at_a_vendor(void **state)
{
#define FAL_DELETE          "DELETE https://api.fal.ai/v1/models/requests/" ID "/payloads"
#define PURGE               "POST /client/v4/zones/0123456789abcdef/purge_cache"
#define PREDICTION(removed) "{\"id\":\"" ID "\",\"status\":\"succeeded\",\"output\":null,\"data_removed\":" removed "}"
	static const struct {
		const char *vendor;
		bool look;
		struct exchange sent;
		enum provider_kept kept;
	} rows[] = {
	    {"fal", false, {FAL_DELETE, 200, "{\"cdn_delete_results\":[]}", 0}, PROVIDER_KEPT_GONE},
	    {"fal",
	     false,
	     {FAL_DELETE, 200, "{\"cdn_delete_results\":[{\"link\":\"https://v3.fal.media/a\",\"exception\":null}]}", 0},
	     PROVIDER_KEPT_GONE},
	    {"fal",
	     false,
	     {FAL_DELETE, 200, "{\"cdn_delete_results\":[{\"link\":\"https://v3.fal.media/a\",\"exception\":\"canary\"}]}", 0},
	     PROVIDER_KEPT_STILL},
	    {"fal", false, {FAL_DELETE, 204, "", 0}, PROVIDER_KEPT_GONE},
	    {"fal", false, {FAL_DELETE, 404, "{\"detail\":\"canary\"}", 0}, PROVIDER_KEPT_GONE},
	    {"fal", false, {FAL_DELETE, 404, "<html>", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", false, {FAL_DELETE, 404, "{\"error\":{\"message\":\"canary\"}}", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", false, {FAL_DELETE, 410, "", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", true, {"GET " FAL_WORK, 404, "<html>", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", false, {FAL_DELETE, 401, "{\"detail\":\"canary\"}", 0}, PROVIDER_KEPT_REFUSED},
	    {"fal", false, {FAL_DELETE, 403, "{\"detail\":\"canary\"}", 0}, PROVIDER_KEPT_REFUSED},
	    {"fal", false, {FAL_DELETE, 429, "{\"detail\":\"canary\"}", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", false, {FAL_DELETE, 500, "<html>", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", false, {FAL_DELETE, 302, "", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", false, {FAL_DELETE, 0, NULL, 0}, PROVIDER_KEPT_UNKNOWN},
	    {"fal", true, {"GET " FAL_WORK, 404, "{\"detail\":\"canary\"}", 0}, PROVIDER_KEPT_GONE},
	    {"fal", true, {"GET " FAL_WORK, 200, "{\"images\":[]}", 0}, PROVIDER_KEPT_STILL},
	    {"fal", true, {"GET " FAL_WORK, 500, "{}", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"replicate", false, {"GET /v1/predictions/" ID, 200, PREDICTION("true"), 0}, PROVIDER_KEPT_GONE},
	    {"replicate", false, {"GET /v1/predictions/" ID, 200, PREDICTION("false"), 0}, PROVIDER_KEPT_STILL},
	    {"replicate", false, {"GET /v1/predictions/" ID, 200, "<html>", 0}, PROVIDER_KEPT_STILL},
	    {"replicate", false, {"GET /v1/predictions/" ID, 404, "{\"detail\":\"canary\",\"status\":404}", 0}, PROVIDER_KEPT_GONE},
	    {"replicate", false, {"GET /v1/predictions/" ID, 404, "{}", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"replicate", false, {"GET /v1/predictions/" ID, 404, "<html>", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"replicate", false, {"GET /v1/predictions/" ID, 401, "{}", 0}, PROVIDER_KEPT_REFUSED},
	    {"cloudflare",
	     false,
	     {PURGE, 200, "{\"success\":true,\"errors\":[],\"messages\":[],\"result\":{\"id\":\"1\"}}", 0},
	     PROVIDER_KEPT_GONE},
	    {"cloudflare", false, {PURGE, 200, "{\"success\":false,\"errors\":[{\"code\":1012}]}", 0}, PROVIDER_KEPT_UNKNOWN},
	    {"cloudflare", false, {PURGE, 403, "{\"success\":false}", 0}, PROVIDER_KEPT_REFUSED},
	    {"cloudflare", false, {PURGE, 404, "{\"success\":false}", 0}, PROVIDER_KEPT_REFUSED},
	    {"cloudflare", false, {PURGE, 429, "{\"success\":false}", 0}, PROVIDER_KEPT_UNKNOWN},
	};
	settings_clear(state);
	setenv("CLOUDFLARE_ZONE_ID", "0123456789abcdef", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const bool purge = strcmp(rows[i].vendor, "cloudflare") == 0;
		const struct exchange sent[] = {rows[i].sent, {0}};
		const struct provider *p = provider_find(rows[i].vendor);
		struct provider_task t;
		(rows[i].look ? provider_look : provider_remove)(&t, p, purge ? "https://site.example/a\nhttps://site.example/b" : ID);
		if (purge)
			assert_string_equal(buf_text(&t.request.body),
					    "{\"files\":[\"https://site.example/a\",\"https://site.example/b\"]}");
		drive(&t, sent);
		if (t.kept != rows[i].kept)
			fail_msg("%s %d %s: %d", rows[i].vendor, rows[i].sent.status, rows[i].sent.body, (int)t.kept);
		assert_int_equal(t.status, rows[i].sent.status);
		provider_free(&t);
	}
	// Of who offers nothing nothing is known, and nothing is sent; nor where it is not set up.
	struct provider_task none;
	assert_int_equal(provider_remove(&none, provider_find("openai"), ID), PROVIDER_ENDED);
	assert_int_equal(none.kept, PROVIDER_KEPT_UNKNOWN);
	provider_free(&none);
	setenv("CLOUDFLARE_ZONE_ID", "../zone", 1);
	assert_int_equal(provider_remove(&none, provider_find("cloudflare"), "https://site.example/a"), PROVIDER_ENDED);
	provider_free(&none);
}

static void the_tasks_of_dashscope(void **state)
{
#define TASK(more) "{\"request_id\":\"1\",\"output\":{\"task_id\":\"" ID "\"," more "}}"
	static const struct exchange made[] = {
	    {"POST", 200, TASK("\"task_status\":\"PENDING\""), 0},
	    {"GET /api/v1/tasks/" ID, 200, TASK("\"task_status\":\"RUNNING\""), 250},
	    {"GET /api/v1/tasks/" ID, 200,
	     TASK("\"task_status\":\"SUCCEEDED\",\"results\":[{\"url\":\"http://" OSS_URL "\",\"orig_prompt\":\"canary\"}]"), 500},
	    {"GET https://" OSS_URL, 200, "picture", 0},
	    {0}};
	static const struct exchange refused[] = {
	    {"POST", 200, TASK("\"task_status\":\"PENDING\""), 0},
	    {"GET /api/v1/tasks/" ID, 200, TASK("\"task_status\":\"FAILED\",\"code\":\"DataInspectionFailed\"," CANARY), 250},
	    {0}};
	static const struct exchange one_refused[] = {
	    {"POST", 200, TASK("\"task_status\":\"PENDING\""), 0},
	    {"GET /api/v1/tasks/" ID, 200,
	     TASK("\"task_status\":\"SUCCEEDED\",\"results\":[{\"code\":\"DataInspectionFailed\"," CANARY "}]"), 250},
	    {0}};
	static const struct exchange failed[] = {
	    {"POST", 200, TASK("\"task_status\":\"PENDING\""), 0},
	    {"GET /api/v1/tasks/" ID, 200, TASK("\"task_status\":\"FAILED\",\"code\":\"InternalError\"," CANARY), 250},
	    {0}};
	static const struct exchange lost[] = {{"POST", 200, TASK("\"task_status\":\"PENDING\""), 0},
					       {"GET /api/v1/tasks/" ID, 200, TASK("\"task_status\":\"UNKNOWN\""), 250},
					       {0}};
	static const struct exchange late[] = {
	    {"POST", 200, TASK("\"task_status\":\"PENDING\""), 0}, {"GET /api/v1/tasks/" ID, 0, NULL, 250}, {0}};
	static const struct exchange cancel[] = {{"POST /api/v1/tasks/" ID "/cancel", 400, "{\"code\":\"UnsupportedOperation\"}", 0}, {0}};
	static const struct exchange at_once[] = {
	    {"POST", 200,
	     "{\"output\":{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":[{\"image\":\"https://" OSS_URL "\"}]}}]}}",
	     0},
	    {"GET https://" OSS_URL, 200, "picture", 0},
	    {0}};

	settings_clear(state);
	run("dashscope", PROVIDER_IMAGE, made, NULL, PROVIDER_OK);
	run("dashscope", PROVIDER_IMAGE, refused, NULL, PROVIDER_FILTERED);
	run("dashscope", PROVIDER_IMAGE, one_refused, NULL, PROVIDER_FILTERED);
	run("dashscope", PROVIDER_IMAGE, failed, NULL, PROVIDER_DOWN);
	run("dashscope", PROVIDER_IMAGE, lost, NULL, PROVIDER_DOWN);
	run("dashscope", PROVIDER_IMAGE, late, cancel, PROVIDER_DOWN);
	setenv("DASHSCOPE_IMAGE_MODEL", "qwen-image-3.0", 1);
	run("dashscope", PROVIDER_IMAGE, at_once, NULL, PROVIDER_OK);
	settings_clear(state);
}

// The operator is told what to look at: the key's setting, the address's, the model's.
static void the_operator_is_told_where_to_look(void **state)
{
	static const struct {
		const char *vendor;
		int status;
		const char *words[2];
	} rows[] = {
	    {"openai", 401, {"OPENAI_API_KEY", "OPENAI_BASE_URL"}},
	    {"ark", 401, {"ARK_API_KEY", "Volcano Engine Ark"}},
	    {"fal", 404, {"FAL_IMAGE_MODEL (fal-ai/flux/dev)", "FAL_BASE_URL"}},
	    {"replicate", 402, {"Replicate", "balance"}},
	    {"dashscope", 400, {"DASHSCOPE_IMAGE_MODEL (qwen-image-plus)", "400"}},
	};
	settings_clear(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_task t;
		const struct provider_reply r = {rows[i].status, "", "", 0};
		provider_begin(&t, provider_find(rows[i].vendor), PROVIDER_IMAGE, &in);
		provider_reply(&t, &r);
		for (size_t k = 0; k < 2; k++)
			if (strstr(t.say.text, rows[i].words[k]) == NULL)
				fail_msg("%s %d: %s", rows[i].vendor, rows[i].status, t.say.text);
		provider_free(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_sent_what_it_documents_and_its_flags),
	    cmocka_unit_test(pictures_to_start_from_go_where_each_vendor_takes_them),
	    cmocka_unit_test(what_is_no_picture_to_start_from_does_not_leave),
	    cmocka_unit_test(a_text_model_without_a_form_is_told_it),
	    cmocka_unit_test(each_size_has_its_nearest),
	    cmocka_unit_test(a_model_that_is_dead_is_refused_by_name),
	    cmocka_unit_test(what_answers_at_once),
	    cmocka_unit_test(statuses_mean_the_same_everywhere),
	    cmocka_unit_test(the_queue_of_replicate),
	    cmocka_unit_test(the_queue_of_fal),
	    cmocka_unit_test(the_tasks_of_dashscope),
	    cmocka_unit_test(what_is_left_at_a_vendor),
	    cmocka_unit_test(the_operator_is_told_where_to_look),
	};
	int failed = cmocka_run_group_tests(tests, settings_clear, NULL);
	buf_free(&picture);
	return failed;
}
