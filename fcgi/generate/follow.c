// SPDX-License-Identifier: ISC
// The events of a set by its receipt: read along while it is made, told once more from its record afterwards; and its end before its time.
// A receipt that is wrong, too old or of no form at all gets the same answer.
#include "fcgi/generate/answer.h"
#include "fcgi/generate/api.h"
#include "fcgi/generate/generate.h"
#include "fcgi/generate/outcome.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/vault/archive_token.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CANCEL_MS = 8000, // what is under way at vendors is cancelled there first
	PATH_BYTES = 512,
	PROMPTS_MAX = 256 * 1024,
};

static void not_found(struct request *r)
{
	respond_problem(r, 404, "problem.not-found", NULL, NULL);
}

// ---- while it is made ----

// True: there is nothing more to say.
static bool follow_live(struct request *r, struct live *l)
{
	const char *last = request_header(r, "Last-Event-ID");
	BUF_AUTO_WIPE struct buf out = BUF_INIT(1024 * 1024);
	struct live_reader reader;

	if (request_is_head(r)) { // reads nothing, and so does not keep the set from being closed
		respond_begin(r, 200, "text/event-stream", true);
		return true;
	}
	if (live_read_begin(l, &reader, last != NULL ? strtoul(last, NULL, 10) : 0) != 0)
		return false; // it has just ended
	bool there = respond_begin(r, 200, "text/event-stream", true) == 0;
	while (there) {
		int over = live_read(l, &reader, &out);
		if (out.len > 0 && respond_send(r, out.data, out.len) != 0)
			break;
		buf_wipe(&out);
		if (over != 0)
			break;
		struct pollfd p[] = {{.fd = reader.wake_fd, .events = POLLIN}, {.fd = request_fd(r), .events = POLLRDHUP}};
		int n = poll(p, 2, ALIVE_MS);
		there = n >= 0 ? p[1].revents == 0 : errno == EINTR;
		if (n == 0)
			there = respond_send(r, answer_alive_comment, strlen(answer_alive_comment)) == 0;
	}
	live_read_end(l, &reader);
	return true;
}

// ---- once it is recorded ----

static int event_add(struct buf *out, unsigned *id, const char *name, const cJSON *data)
{
	buf_printf(out, "id: %u\nevent: %s\ndata: ", ++*id, name);
	return data == NULL || json_print(out, data) != 0 ? -1 : buf_adds(out, "\n\n");
}

// The prompts are in the ZIP and nowhere else.
static cJSON *prompts_read(const struct vault *v, const char *id, const cJSON *record)
{
	const cJSON *where = json_get(record, "prompts");
	size_t len = (size_t)json_number(where, "bytes", 0);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(PROMPTS_MAX);
	char path[PATH_BYTES], *to = len > 0 && len <= PROMPTS_MAX ? buf_reserve(&text, len) : NULL;
	struct err e = {0};

	if (to == NULL || vault_spool_path(v, id, path, sizeof path, &e) != 0)
		return NULL;
	SEALED_FILE_AUTO struct sealed_file file = SEALED_FILE_INIT;
	if (sealed_file_open(&file, path, json_string(record, "key")) != 0 ||
	    sealed_file_read(&file, to, len, (uint64_t)json_number(where, "offset", 0)) != 0)
		return NULL;
	buf_took(&text, len);
	return json_parse(text.data, text.len, &e);
}

static int events_of_record(const cJSON *record, const cJSON *prompts, const struct policy *p, const char *receipt, time_t expires,
			    struct buf *out)
{
	JSON_AUTO cJSON *begun = cJSON_CreateObject(), *done = outcome_json(record, p, receipt, expires);
	char zip[TOKEN_LEN + 1], token[TOKEN_LEN + 1];
	const cJSON *one;
	unsigned id = 0, index = 0;

	archive_token_both(zip, token, receipt);
	cJSON_AddStringToObject(begun, "receipt", receipt);
	cJSON_AddItemToObject(begun, "count", cJSON_Duplicate(json_get(record, "count"), true));
	cJSON_AddItemToObject(begun, "size", cJSON_Duplicate(json_get(record, "size"), true));
	event_add(out, &id, "begun", begun);
	cJSON_ArrayForEach(one, json_get(prompts, "pictures"))
	{
		JSON_AUTO cJSON *prompt = cJSON_CreateObject();
		const char *text = json_string(one, "prompt");
		cJSON_AddNumberToObject(prompt, "index", index++);
		if (text != NULL && cJSON_AddStringToObject(prompt, "text", text) != NULL)
			event_add(out, &id, "prompt", prompt);
	}
	cJSON_ArrayForEach(one, json_get(record, "pictures"))
	{
		JSON_AUTO cJSON *picture = outcome_picture_json(one, token);
		event_add(out, &id, "image", picture);
	}
	return event_add(out, &id, "done", done);
}

// As answer_done() has it; pictures by their addresses.
static cJSON *object_of_record(const cJSON *record, const cJSON *prompts, const struct policy *p, const char *receipt, time_t expires)
{
	cJSON *o = outcome_json(record, p, receipt, expires), *texts = cJSON_AddArrayToObject(o, "prompts"), *images = NULL;
	char zip[TOKEN_LEN + 1], token[TOKEN_LEN + 1];
	const cJSON *one;

	archive_token_both(zip, token, receipt);
	cJSON_ArrayForEach(one, json_get(prompts, "pictures"))
	{
		cJSON_AddItemToArray(texts, cJSON_Duplicate(json_get(one, "prompt"), true));
	}
	images = cJSON_AddArrayToObject(o, "images");
	cJSON_ArrayForEach(one, json_get(record, "pictures"))
	{
		cJSON_AddItemToArray(images, outcome_picture_json(one, token));
	}
	return o;
}

// False: there is none, and no answer.
static bool follow_record(struct request *r, const struct generator *g, const char *receipt, enum answer_form form)
{
	const struct policy *p = request_policy(r);
	const bool events = form == ANSWER_EVENTS;
	BUF_AUTO_WIPE struct buf out = BUF_INIT(1024 * 1024);
	struct vault_record record = {0};
	struct err e = {0};

	if (archive_token_find_receipt(g->vault, receipt, &record, &e) != 0) {
		if (e.code != ERR_NOT_FOUND)
			respond_err(r, &e);
		return e.code != ERR_NOT_FOUND;
	}
	JSON_AUTO cJSON *body = json_parse(buf_text(&record.body), record.body.len, &e);
	if (form == ANSWER_API || form == ANSWER_API_EVENTS) {
		const bool there = body != NULL && api_again(r, g, form, &record, body, receipt) == 0;
		vault_record_free(&record);
		return there;
	}
	// The spool is on tmpfs: after a restart of the machine the record may stand for a moment without its file.
	JSON_AUTO cJSON *prompts = body != NULL ? prompts_read(g->vault, record.id, body) : NULL;
	JSON_AUTO cJSON *object = prompts != NULL && !events ? object_of_record(body, prompts, p, receipt, record.due) : NULL;
	if (object != NULL)
		respond_json(r, 200, object);
	else if (prompts != NULL && (!events || events_of_record(body, prompts, p, receipt, record.due, &out) != 0))
		respond_problem(r, 503, "problem.memory.set", NULL, NULL);
	else if (prompts != NULL && respond_begin(r, 200, "text/event-stream", true) == 0)
		respond_send(r, out.data, out.len);
	vault_record_free(&record);
	return prompts != NULL;
}

void follow_handle(struct request *r, void *context)
{
	const char *receipt = request_rest(r);

	if (!token_shaped(receipt) || follow_again(r, context, receipt, ANSWER_EVENTS) == 0)
		not_found(r);
}

int follow_again(struct request *r, const struct generator *g, const char *receipt, enum answer_form form)
{
	const bool events = form == ANSWER_EVENTS;
	struct live *l = live_of_receipt(receipt);
	const bool told = l != NULL && events && follow_live(r, l);

	if (l != NULL)
		live_release(l);
	if (l != NULL && !events)
		return -1;
	return told || follow_record(r, g, receipt, form);
}

// ---- its end ----

// 1: it was being made, and is not any more; 0: it was not; -1: it has not ended in time.
static int set_stop(const char *receipt)
{
	struct live *l = token_shaped(receipt) ? live_of_receipt(receipt) : NULL;

	if (l == NULL)
		return 0;
	int rc = live_cancel(l, CANCEL_MS);
	live_release(l);
	return rc == 0 ? 1 : -1;
}

void follow_stop(struct request *r, void *context)
{
	const char *who = request_rest(r);
	int stopped = token_shaped(who) ? set_stop(who) : live_cancel_address(who, CANCEL_MS);

	(void)context;
	if (stopped > 0)
		respond_empty(r, 204);
	else
		respond_problem(r, stopped == 0 ? 404 : 503, stopped == 0 ? "problem.not-found" : "problem.unavailable.set", NULL, NULL);
}

void follow_cancel(struct request *r, void *context)
{
	static const struct ledger_event event = {.name = "erasure", .details = "{\"kind\":\"archive\",\"by\":\"visitor\"}"};
	const struct generator *g = context;
	const char *receipt = request_rest(r);
	struct vault_record record = {0};
	struct err e = {0};
	char zip[TOKEN_LEN + 1];
	int stopped = set_stop(receipt);

	// It may have been recorded in the same moment.
	if (token_shaped(receipt))
		archive_token_zip(zip, receipt);
	if (stopped >= 0 && token_shaped(receipt) && archive_token_find_for_rights(g->vault, zip, &record, &e) == 0 &&
	    vault_end(g->vault, record.id, &event, &e) == 0)
		stopped = 1;
	if (stopped < 0)
		respond_problem(r, 503, "problem.unavailable.set", NULL, NULL);
	else if (e.code != ERR_NONE && e.code != ERR_NOT_FOUND)
		respond_err(r, &e);
	else if (stopped > 0)
		respond_empty(r, 204);
	else
		not_found(r);
}
