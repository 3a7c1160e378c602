// SPDX-License-Identifier: ISC
// The machine of steps that all vendors share. An invented vendor that is polled, answers with a URL and has something to cancel and to
// delete is driven by the same functions as the built-in one, and by the same loop here.
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include "tests/unit/test.h"

static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,   0,   0,   13,   'I',  'H',  'D',
				    'R',  0,   0,   4,   0,    0,    0,    4,    0,   8,   2,   0,    0,    0,    1,
				    2,    3,   4,   0,   0,    0,    0,    'I',  'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};

// ---- the invented vendor ----

enum { ASKED, POLLED, FETCHED, DONE };

static enum provider_step queue_begin(struct provider_task *t)
{
	JSON_AUTO cJSON *body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "prompt", t->in->prompt);
	return provider_send(t, "POST", "/queue", body);
}

static enum provider_step queue_poll(struct provider_task *t)
{
	char path[128];
	snprintf(path, sizeof path, "/queue/%s", t->reference);
	enum provider_step step = provider_send(t, "GET", path, NULL);
	t->request.wait_ms = 500;
	t->state = POLLED;
	return step;
}

static enum provider_step queue_reply(struct provider_task *t, const struct provider_reply *r)
{
	JSON_AUTO cJSON *reply = t->state != FETCHED ? json_parse(r->body, r->len, NULL) : NULL;
	const char *id = json_string(reply, "id"), *state = json_string(reply, "state"), *url = json_string(reply, "url");
	if (r->status != 200)
		return provider_end(t, PROVIDER_DOWN, ERR_UNAVAILABLE, "status %d", r->status);
	if (t->state == FETCHED) {
		t->state = DONE;
		return provider_end_picture(t);
	}
	if (t->state == ASKED) {
		t->reference = id != NULL ? strdup(id) : NULL;
		return id != NULL ? queue_poll(t) : provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, "no id");
	}
	if (url == NULL)
		return state != NULL && strcmp(state, "waiting") == 0 ? queue_poll(t)
								      : provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, "failed");
	t->state = FETCHED;
	enum provider_step step = provider_send(t, "GET", url, NULL);
	t->request.picture = true;
	return step;
}

static enum provider_step queue_leave(struct provider_task *t, const struct provider_reply *r)
{
	char path[128];
	if (t->reference == NULL || r != NULL) // nothing there; or what was asked is done
		return PROVIDER_ENDED;
	snprintf(path, sizeof path, "/queue/%s%s", t->reference, t->state == DONE ? "" : "/cancel");
	return provider_send(t, t->state == DONE ? "DELETE" : "PUT", path, NULL);
}

static const struct provider queue = {.id = "queue",
				      .can = {[PROVIDER_IMAGE] = {.begin = queue_begin, .reply = queue_reply, .leave = queue_leave}}};

static struct buf picture = {.max = 1 << 16}; // what came of it

static int take(void *arg, const void *bytes, size_t len, struct err *e)
{
	(void)arg;
	return buf_add(&picture, bytes, len) == 0 ? 0 : err_set(e, ERR_FULL, "full");
}

static void again(void *arg)
{
	(void)arg;
	buf_reset(&picture);
}

static const struct provider_input in = {.brief = {.description = "A bakery",
						   .title = "",
						   .summary = "",
						   .text = "",
						   .headings = (const char *const[]){NULL},
						   .colours = (const char *const[]){NULL},
						   .style = "photo",
						   .count = 1},
					 .prompt = "bread",
					 .size = "1024x1024",
					 .width = 1024,
					 .height = 1024,
					 .sink = &(const struct provider_sink){take, again, NULL}};

// ---- a driver: it knows of no vendor ----

struct exchange {
	const char *sent; // "METHOD path", or "worker"
	int status;       // 0: no reply comes
	const void *body;
	size_t len;
};
#define TEXT(text) (text), sizeof(text) - 1

// Carries requests and replies until the task ends, in pieces where it takes them; what goes must be what is expected. Returns the
// milliseconds waited.
static unsigned drive(struct provider_task *t, const struct exchange *e)
{
	unsigned waited = 0;
	for (; t->step == PROVIDER_SEND; e++) {
		char sent[512];
		snprintf(sent, sizeof sent, "%s", "worker");
		if (t->request.work == NULL)
			snprintf(sent, sizeof sent, "%s %s", t->request.method, t->request.path);
		assert_non_null(e->sent);
		assert_string_equal(sent, e->sent);
		waited += t->request.wait_ms;
		struct provider_reply r = {e->status, "", e->body, e->len};
		const struct err none = {.code = ERR_TIMEOUT, .text = "no time is left"};
		if (e->status == 0)
			provider_no_reply(t, PROVIDER_DOWN, &none);
		else {
			for (; provider_takes_pieces(t) && r.status == 200 && r.len > 0; r.body++, r.len--)
				assert_int_equal(provider_take(t, r.body, 1, NULL), 0);
			provider_reply(t, &r);
		}
	}
	assert_null(e->sent);
	assert_null(t->request.path);
	return waited;
}

static void a_vendor_that_is_polled_and_answers_with_a_url(void **state)
{
	(void)state;
	static const struct exchange making[] = {{"POST /queue", 200, TEXT("{\"id\":\"7\"}")},
						 {"GET /queue/7", 200, TEXT("{\"state\":\"waiting\"}")},
						 {"GET /queue/7", 200, TEXT("{\"state\":\"waiting\"}")},
						 {"GET /queue/7", 200, TEXT("{\"state\":\"done\",\"url\":\"https://files.example/7?k\"}")},
						 {"GET https://files.example/7?k", 200, png, sizeof png},
						 {0}},
				     leaving[] = {{"DELETE /queue/7", 200, TEXT("")}, {0}};
	struct provider_task t;
	assert_int_equal(provider_begin(&t, &queue, PROVIDER_IMAGE, &in), PROVIDER_SEND);
	assert_string_equal(buf_text(&t.request.body), "{\"prompt\":\"bread\"}");
	assert_int_equal(drive(&t, making), 3 * 500);
	assert_int_equal(t.result, PROVIDER_OK);
	assert_int_equal(picture.len, sizeof png);
	assert_memory_equal(picture.data, png, sizeof png);
	buf_reset(&picture);
	provider_leave(&t);
	drive(&t, leaving);
	assert_int_equal(t.result, PROVIDER_OK);
	assert_int_equal(provider_leave(&t), PROVIDER_ENDED); // only once
	provider_free(&t);
}

static void what_nobody_waits_for_is_cancelled_and_a_failure_on_leaving_changes_nothing(void **state)
{
	(void)state;
	static const struct exchange leaving[] = {{"PUT /queue/7/cancel", 0, NULL, 0}, {0}};
	struct provider_task t;
	const struct provider_reply asked = {200, "", TEXT("{\"id\":\"7\"}")};
	provider_begin(&t, &queue, PROVIDER_IMAGE, &in);
	provider_reply(&t, &asked);
	provider_leave(&t); // with a request on its way
	drive(&t, leaving);
	assert_int_equal(t.say.code, ERR_NONE);
	provider_free(&t);
	provider_begin(&t, &queue, PROVIDER_IMAGE, &in);
	assert_int_equal(provider_leave(&t), PROVIDER_ENDED); // nothing is there yet
	provider_free(&t);
}

static void failures_end_it_wherever_it_is(void **state)
{
	(void)state;
	static const struct {
		struct exchange exchanges[4];
		enum provider_result result;
	} rows[] = {
	    {{{"POST /queue", 0, NULL, 0}}, PROVIDER_DOWN},
	    {{{"POST /queue", 500, TEXT("")}}, PROVIDER_DOWN},
	    {{{"POST /queue", 200, TEXT("[")}}, PROVIDER_BAD_REPLY},
	    {{{"POST /queue", 200, TEXT("{\"id\":\"7\"}")}, {"GET /queue/7", 0, NULL, 0}}, PROVIDER_DOWN},
	    {{{"POST /queue", 200, TEXT("{\"id\":\"7\"}")}, {"GET /queue/7", 200, TEXT("{\"state\":\"failed\"}")}}, PROVIDER_BAD_REPLY},
	    {{{"POST /queue", 200, TEXT("{\"id\":\"7\"}")},
	      {"GET /queue/7", 200, TEXT("{\"url\":\"https://x.example/\"}")},
	      {"GET https://x.example/", 200, TEXT("")}},
	     PROVIDER_BAD_REPLY},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_task t;
		provider_begin(&t, &queue, PROVIDER_IMAGE, &in);
		drive(&t, rows[i].exchanges);
		assert_int_equal(t.result, rows[i].result);
		assert_true(t.say.text[0] != '\0');
		provider_free(&t);
	}
}

static void one_that_never_ends_is_ended(void **state)
{
	(void)state;
	struct provider_task t;
	const struct provider_reply asked = {200, "", TEXT("{\"id\":\"7\"}")}, waiting = {200, "", TEXT("{\"state\":\"waiting\"}")};
	provider_begin(&t, &queue, PROVIDER_IMAGE, &in);
	provider_reply(&t, &asked);
	unsigned n = 0;
	while (t.step == PROVIDER_SEND && n++ < 100000)
		provider_reply(&t, &waiting);
	assert_in_range(n, 100, 10000);
	assert_int_equal(t.result, PROVIDER_BAD_REPLY);
	provider_free(&t);
}

static void the_built_in_one_is_driven_alike(void **state)
{
	(void)state;
	static const struct exchange drawing[] = {{"worker", 200, png, sizeof png}, {0}};
	const struct provider *sketch = provider_find("sketch");
	struct provider_task t;
	assert_int_equal(provider_begin(&t, sketch, PROVIDER_PROMPTS, &in), PROVIDER_ENDED);
	assert_int_equal(t.result, PROVIDER_OK);
	assert_int_equal(t.prompts.count, 1);
	provider_free(&t);
	assert_int_equal(provider_begin(&t, sketch, PROVIDER_IMAGE, &in), PROVIDER_SEND);
	assert_string_equal(json_string(t.request.work, "op"), "sketch");
	assert_string_equal(json_string(t.request.work, "style"), "photo");
	drive(&t, drawing);
	assert_int_equal(t.result, PROVIDER_OK);
	assert_int_equal(picture.len, sizeof png);
	buf_free(&picture);
	assert_int_equal(provider_leave(&t), PROVIDER_ENDED);
	provider_free(&t);
}

static enum provider_step careless_reply(struct provider_task *t, const struct provider_reply *r)
{
	(void)r;
	return provider_end_picture(t);
}

// Whatever the vendor's file looks at.
static void a_picture_that_was_cut_off_is_none(void **state)
{
	(void)state;
	static const struct provider careless = {
	    .id = "queue", .can = {[PROVIDER_IMAGE] = {.begin = queue_begin, .reply = careless_reply, .picture_member = "x"}}};
	static const struct {
		const char *body;
		enum provider_result result;
	} rows[] = {{"{\"x\":\"cGljdHVyZQ==\"", PROVIDER_OK},  {"{\"x\":\"cGljdHVyZQ==", PROVIDER_BAD_REPLY},
		    {"{\"x\":\"cGljdHVy", PROVIDER_BAD_REPLY}, {"{\"x\":\"cGljdHVy\\", PROVIDER_BAD_REPLY},
		    {"{\"x\":\"\"", PROVIDER_BAD_REPLY},       {"{\"x\":", PROVIDER_BAD_REPLY}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider_task t;
		const struct provider_reply r = {200, "", rows[i].body, strlen(rows[i].body)};
		provider_begin(&t, &careless, PROVIDER_IMAGE, &in);
		provider_reply(&t, &r);
		assert_int_equal(t.result, rows[i].result);
		provider_free(&t);
	}
	buf_free(&picture);
}

// What the row demands of a call is in the request, whatever the vendor's file wrote.
static void flags_of_the_row_are_added_to_each_request(void **state)
{
	(void)state;
	static const struct provider openrouter = {.id = "openrouter",
						   .can = {[PROVIDER_IMAGE] = {.begin = queue_begin, .reply = queue_reply}}};
	struct provider_task t = {.provider = &openrouter};
	JSON_AUTO cJSON *body = cJSON_Parse("{\"provider\":{\"zdr\":false,\"only\":[\"x\"]}}");
	assert_int_equal(provider_send(&t, "POST", "/api/v1/chat/completions", body), PROVIDER_SEND);
	assert_string_equal(buf_text(&t.request.body), "{\"provider\":{\"zdr\":true,\"only\":[\"x\"],\"data_collection\":\"deny\"}}");
	provider_free(&t);
}

static void every_vendor_that_is_called_built_is_linked(void **state)
{
	(void)state;
	const struct processor_facts *f;
	for (unsigned i = 0; (f = processor_facts_at(i)) != NULL; i++) {
		const struct provider *p = provider_find(f->ids[0]);
		if (f->built != (p != NULL) || (p != NULL && strcmp(p->id, f->ids[0]) != 0))
			fail_msg("%s", f->ids[0]);
		if (f->deletes != (p != NULL && p->removal.ask != NULL))
			fail_msg("%s: \"deletes\"", f->ids[0]);
		assert_true(p == NULL || p->can[PROVIDER_PROMPTS].begin != NULL || p->can[PROVIDER_IMAGE].begin != NULL ||
			    p->removal.ask != NULL);
	}
	assert_null(provider_find("nobody"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_vendor_that_is_polled_and_answers_with_a_url),
	    cmocka_unit_test(what_nobody_waits_for_is_cancelled_and_a_failure_on_leaving_changes_nothing),
	    cmocka_unit_test(failures_end_it_wherever_it_is),
	    cmocka_unit_test(one_that_never_ends_is_ended),
	    cmocka_unit_test(the_built_in_one_is_driven_alike),
	    cmocka_unit_test(a_picture_that_was_cut_off_is_none),
	    cmocka_unit_test(flags_of_the_row_are_added_to_each_request),
	    cmocka_unit_test(every_vendor_that_is_called_built_is_linked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
