// SPDX-License-Identifier: ISC
#include "fcgi/generate/api.h"
#include "fcgi/generate/outcome.h"
#include "fcgi/generate/partial.h"
#include "fcgi/generate/references.h"
#include "fcgi/provider/style.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include "policy/publish/api_error.h"
#include "policy/vault/archive_token.h"
#include <stdio.h>
#include <string.h>

enum {
	PATIENCE_MS = 180 * 1000,
	USER_CHARS_MAX = 512,
	PERCENT = 100,
	OF_EDITS = 3, // fields
	PATH_BYTES = 512,
	KEY_LOOK_MS = 5000, // a key that was leaked and revoked is served no longer; thousands may wait with keys
};

static const char *const api_sizes[] = {"auto", "1024x1024", "1536x1024", "1024x1536", NULL}; // the first is 1024x1024
static const char *const api_formats[] = {"b64_json", "url", NULL};

// What a client may send. Only those rows that api_input_read() asks for change anything.
static const struct field *api_fields(bool edit)
{
	static const char *const qualities[] = {"auto", "low", "medium", "high", "xhigh", "max", "standard", "hd", NULL};
	static const char *const styles[] = {"vivid", "natural", NULL}, *const backgrounds[] = {"auto", "opaque", NULL};
	static const char *const outputs[] = {"png", NULL}, *const moderations[] = {"auto", "low", NULL};
	static const char *const fidelities[] = {"low", "high", NULL};
	static const struct field fields[] = {
	    {"images", FIELD_TREE, false, 0, 0, NULL}, // these of edits alone
	    {"mask", FIELD_TREE, false, 0, 0, NULL},
	    {"input_fidelity", FIELD_CHOICE, false, 0, 0, fidelities},
	    {"prompt", FIELD_TEXT, true, 1, DESCRIPTION_CHARS_MAX, NULL},
	    {"model", FIELD_TEXT, false, 0, 64, NULL},
	    {"n", FIELD_INT, false, 1, IMAGES_MAX, NULL},
	    {"size", FIELD_CHOICE, false, 0, 0, api_sizes},
	    {"response_format", FIELD_CHOICE, false, 0, 0, api_formats},
	    {"stream", FIELD_BOOL, false, 0, 1, NULL},
	    {"partial_images", FIELD_INT, false, 0, PARTIAL_IMAGES_MAX, NULL},
	    {"quality", FIELD_CHOICE, false, 0, 0, qualities},
	    {"style", FIELD_CHOICE, false, 0, 0, styles},
	    {"background", FIELD_CHOICE, false, 0, 0, backgrounds},
	    {"moderation", FIELD_CHOICE, false, 0, 0, moderations},
	    {"output_format", FIELD_CHOICE, false, 0, 0, outputs},
	    {"output_compression", FIELD_INT, false, PERCENT, PERCENT, NULL},
	    {"user", FIELD_TEXT, false, 0, USER_CHARS_MAX, NULL},
	    {"safety_identifier", FIELD_TEXT, false, 0, USER_CHARS_MAX, NULL},
	    {"confirm", FIELD_BOOL, false, 0, 1, NULL}, // ours: goes on despite the warning about personal data
	    {0},
	};

	return edit ? fields : fields + OF_EDITS;
}

static bool api_wants_url(const struct request *r)
{
	const char *format = request_text(r, "response_format");

	return format != NULL && strcmp(format, api_formats[1]) == 0;
}

int api_input_read(struct set *s)
{
	static const unsigned edges[][2] = {{1024, 1024}, {1024, 1024}, {1536, 1024}, {1024, 1536}};
	struct request *r = s->r;

	if (request_check(r, api_fields(s->edit)) != 0)
		return -1; // answered
	generator_learn(s->g, request_fd(r));
	const char *model = request_text(r, "model"), *size = request_text(r, "size");
	struct input *in = &s->input;
	if (model != NULL && *model != '\0' && strcmp(model, API_MODEL_DEFAULT) != 0) {
		const struct processor *chosen = generator_image(s->g, model);
		if (chosen == NULL || !generator_usable(chosen))
			return problem_set(&s->failure, 404, "problem.model-not-found", "model", NULL);
		in->provider = chosen->id;
	}
	size_t i = 0;
	while (size != NULL && strcmp(api_sizes[i], size) != 0)
		i++;
	in->size = api_sizes[i > 0 ? i : 1];
	in->width = edges[i][0];
	in->height = edges[i][1];
	in->count = (unsigned)request_int(r, "n", 1);
	in->style = provider_style_names[0];
	in->verbatim = true;
	s->partial_images = s->answer.form == ANSWER_API_EVENTS ? (unsigned)request_int(r, "partial_images", 0) : 0;
	in->confirmed = request_int(r, "confirm", 0) != 0;
	return s->edit && references_read(s) != 0 ? -1 : input_source(request_text(r, "prompt"), NULL, in, &s->failure);
}

// ---- the budget of a key ----

enum { DAY = 24 * 60 * 60 };

// In pictures and, for clients that know of no others, in requests, each of which is for one picture at least.
void api_say_budget(struct request *r, const struct api_key *key)
{
	static const char *const units[] = {"Images", "Requests"};
	const unsigned left = key->used < key->daily ? key->daily - key->used : 0;
	char name[48], number[WORD_NUMBER + 1];

	for (size_t i = 0; key->daily > 0 && i < ARRAY_LEN(units); i++) { // 0: also where there is no key
		snprintf(name, sizeof name, "X-RateLimit-Limit-%s", units[i]);
		snprintf(number, sizeof number, "%u", key->daily);
		respond_header(r, name, number);
		snprintf(name, sizeof name, "X-RateLimit-Remaining-%s", units[i]);
		snprintf(number, sizeof number, "%u", left);
		respond_header(r, name, number);
		snprintf(name, sizeof name, "X-RateLimit-Reset-%s", units[i]);
		snprintf(number, sizeof number, "%llds", (long long)(DAY - when_now() % DAY));
		respond_header(r, name, number);
	}
}

bool api_key_holds(struct set *s)
{
	const uint64_t now = monotonic_ms();
	struct api_key key;
	struct err e = {0};

	if (*s->key.id == '\0' || s->key_over || now < s->key_look)
		return !s->key_over;
	s->key_look = now + KEY_LOOK_MS;
	s->key_over = api_key_get(s->g->vault, s->key.id, &key, &e) != 0 && (e.code == ERR_NOT_FOUND || e.code == ERR_RESTRICTED);
	return !s->key_over;
}

uint64_t api_key_look_until(const struct set *s)
{
	return *s->key.id == '\0' || s->key_over ? UINT64_MAX : s->key_look;
}

int api_book(struct set *s)
{
	struct err e = {0};

	if (*s->key.id == '\0')
		return 0;
	if (api_key_book(s->g->vault, &s->key, (int)s->input.count, &e) == 0) {
		s->booked = s->input.count;
		return 0;
	}
	if (e.code == ERR_FULL) {
		char seconds[WORD_NUMBER];
		respond_header(s->r, "X-Should-Retry", "false"); // with OpenAI's own clients in mind
		respond_header(s->r, "Retry-After", word_number(seconds, (long long)(DAY - when_now() % DAY)));
	}
	return e.code == ERR_FULL        ? problem_set(&s->failure, 429, "problem.api-budget", NULL, NULL)
	       : e.code == ERR_NOT_FOUND ? problem_set(&s->failure, 401, "problem.api-key", NULL, NULL) // revoked meanwhile
					 : set_not_recorded(s, &e);
}

void api_give_back(struct set *s)
{
	unsigned spent = 0;
	struct err e = {0};

	for (unsigned i = 0; s->pictures != NULL && i < s->input.count; i++)
		spent += s->pictures[i].state == PICTURE_MADE || s->pictures[i].unanswered;
	if (s->booked > spent && api_key_book(s->g->vault, &s->key, -(int)(s->booked - spent), &e) != 0 && e.code != ERR_NOT_FOUND)
		note_line("pictures that were not made stay booked: %s", e.text);
	s->booked = 0;
	if (*s->key.id != '\0' && !respond_begun(s->r))
		api_say_budget(s->r, &s->key);
}

// ---- the answer ----

static int api_write(struct request *r, const char *text)
{
	return respond_write(r, text, strlen(text));
}

static int api_send(struct request *r, const char *text)
{
	return respond_send(r, text, strlen(text));
}

// Read from the archive, and never held as a whole.
static int api_send_base64(struct request *r, const cJSON *picture, const struct sealed_file *archive)
{
	return respond_sealed(r, archive, (uint64_t)json_number(picture, "offset", 0), (uint64_t)json_number(picture, "bytes", 0), true);
}

// What all pictures of a set have in common, in the words of the API. Its clients know tokens; here pictures are counted.
static cJSON *api_facts(const cJSON *record)
{
	static const char *const counts[] = {"total_tokens", "input_tokens", "output_tokens"};
	static const char *const details[] = {"input_tokens_details", "output_tokens_details"};
	const cJSON *first = cJSON_GetArrayItem(json_get(record, "pictures"), 0);
	const char *type = json_string(first, "type"), *size = json_string(record, "size");
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "background", "opaque");
	cJSON_AddStringToObject(o, "output_format", type != NULL && strchr(type, '/') != NULL ? strchr(type, '/') + 1 : "png");
	cJSON_AddStringToObject(o, "quality", "auto");
	cJSON_AddStringToObject(o, "size", size != NULL ? size : "");
	cJSON *usage = cJSON_AddObjectToObject(o, "usage");
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		cJSON_AddNumberToObject(usage, counts[i], 0);
	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		cJSON *one = cJSON_AddObjectToObject(usage, details[i]);
		cJSON_AddNumberToObject(one, "text_tokens", 0);
		cJSON_AddNumberToObject(one, "image_tokens", 0);
	}
	return o;
}

int api_begin(struct set *s)
{
	s->answer.begun = true;
	api_say_budget(s->r, &s->key); // with all of it booked
	return respond_begin(s->r, 200, "text/event-stream", true);
}

void api_partial(struct set *s, unsigned index, unsigned number, const struct buf *webp)
{
	const char *name = s->edit ? "image_edit.partial_image" : "image_generation.partial_image";
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4 * THUMBNAIL_BYTES_MAX);

	buf_printf(&text, "event: %s\ndata: {\"type\":\"%s\",\"partial_image_index\":%u,\"b64_json\":\"", name, name, number);
	base64_add(&text, webp->data, webp->len);
	if (buf_printf(&text,
		       "\",\"created_at\":%lld,\"size\":\"%s\",\"quality\":\"auto\",\"background\":\"opaque\",\"output_format\":\"webp\","
		       "\"lethe\":{\"index\":%u}}\n\n",
		       (long long)when_now(), s->input.size, index) == 0)
		respond_send(s->r, text.data, text.len);
}

static int api_done_stream(struct request *r, bool edit, const cJSON *record, cJSON *ours, const struct sealed_file *archive)
{
	const char *name = edit ? "image_edit.completed" : "image_generation.completed";
	char head[128];
	JSON_AUTO cJSON *event = api_facts(record);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(64 * 1024);
	const cJSON *picture;

	cJSON_AddNumberToObject(event, "created_at", (double)when_now());
	cJSON_AddItemToObject(event, "lethe", ours);
	cJSON_ArrayForEach(picture, json_get(record, "pictures"))
	{
		buf_reset(&text);
		snprintf(head, sizeof head, "event: %s\ndata: {\"type\":\"%s\",\"b64_json\":\"", name, name);
		if (json_print(&text, event) != 0 || api_send(r, head) != 0 || api_send_base64(r, picture, archive) != 0 ||
		    api_send(r, "\",") != 0 || respond_send(r, text.data + 1, text.len - 1) != 0 || api_send(r, "\n\n") != 0)
			return -1;
	}
	return 0;
}

int api_done(struct request *r, enum answer_form form, bool edit, const cJSON *record, const char *receipt, time_t expires,
	     const struct sealed_file *archive)
{
	cJSON *ours = outcome_json(record, request_policy(r), receipt, expires);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(64 * 1024), url = BUF_INIT(4096);
	char zip[TOKEN_LEN + 1], token[TOKEN_LEN + 1], site[320], created[64];
	const cJSON *picture;
	const char *before = "{";

	respond_patience(r, PATIENCE_MS);
	if (form == ANSWER_API_EVENTS)
		return api_done_stream(r, edit, record, ours, archive);
	JSON_AUTO cJSON *o = api_facts(record);
	cJSON_AddItemToObject(o, "lethe", ours);
	archive_token_both(zip, token, receipt);
	request_site(r, site, sizeof site);
	snprintf(created, sizeof created, "{\"created\":%lld,\"data\":[", (long long)when_now());
	if (json_print(&text, o) != 0 || respond_begin(r, 200, "application/json", false) != 0 || api_write(r, created) != 0)
		return -1;
	cJSON_ArrayForEach(picture, json_get(record, "pictures"))
	{
		buf_reset(&url);
		buf_printf(&url, "%s/pictures/%s-%u", site, token, (unsigned)json_number(picture, "index", 0) + 1);
		JSON_AUTO cJSON *o_url = cJSON_CreateObject();
		cJSON_AddStringToObject(o_url, "url", buf_text(&url));
		buf_reset(&url);
		if (json_print(&url, o_url) != 0 || api_write(r, before) != 0 ||
		    (api_wants_url(r) ? respond_send(r, url.data + 1, url.len - 1)
				      : (api_write(r, "\"b64_json\":\"") != 0 || api_send_base64(r, picture, archive) != 0 ||
					 api_write(r, "\"}") != 0)) != 0)
			return -1;
		before = ",{";
	}
	return api_write(r, "],") != 0 ? -1 : respond_send(r, text.data + 1, text.len - 1);
}

int api_again(struct request *r, const struct generator *g, enum answer_form form, const struct vault_record *record, const cJSON *body,
	      const char *receipt)
{
	char path[PATH_BYTES];
	SEALED_FILE_AUTO struct sealed_file archive = SEALED_FILE_INIT;
	struct err e = {0};
	size_t parts;
	const bool edit = request_parts(r, &parts) != NULL || json_get(request_fields(r), "images") != NULL;

	if (vault_spool_path(g->vault, record->id, path, sizeof path, &e) != 0 ||
	    sealed_file_open(&archive, path, json_string(body, "key")) != 0)
		return -1;
	if (form != ANSWER_API_EVENTS || respond_begin(r, 200, "text/event-stream", true) == 0)
		(void)api_done(r, form, edit, body, receipt, record->due, &archive); // the visitor may have left
	return 0;
}

void api_stream_error(struct request *r, const cJSON *problem)
{
	JSON_AUTO cJSON *error = problem != NULL ? api_error_object(problem) : NULL;
	BUF_AUTO struct buf text = BUF_INIT(64 * 1024);

	if (error == NULL || json_print(&text, error) != 0)
		return;
	api_send(r, "event: error\ndata: ");
	respond_send(r, text.data, text.len);
	api_send(r, "\n\n");
}
