// SPDX-License-Identifier: ISC
// objects SOCKET PROCESSOR: what a program does with an object storage, by the vendor's own steps and through the egress at that socket. Reads jobs from standard
// input, one JSON object a line, and writes what came of each as another. Jobs: {"do":"name","folder"} {"do":"put","name","text"|"bytes","type","kinds"}
// {"do":"get"|"link"|"remove"|"look","name","seconds"} {"do":"list","folder","behind"} {"do":"canonical"|"authorize"|"sign-link", …}: the signature alone.
#include "fcgi/egress/signature.h"
#include "fcgi/ipc/call.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/provider/s3_name.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <stdio.h>
#include <stdlib.h>

enum { JOB_MAX = 64 * 1024, HEADERS_MAX = 16 };

static const char *socket_path, *processor;

static int piece_take(void *arg, const char *bytes, size_t len, struct err *e)
{
	return provider_take(arg, bytes, len, e);
}

static void piece_again(void *arg)
{
	provider_again(arg);
}

static int object_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	return buf_add(arg, bytes, len) == 0 ? 0 : err_set(e, ERR_MEMORY, "too large");
}

static void object_again(void *arg)
{
	buf_reset(arg);
}

// Until the task has ended. What egress refused, or could not do, stands in `out`.
static void task_run(struct provider_task *t, kind_set kinds, unsigned ms, cJSON *out)
{
	static const struct call_sink sink = {piece_take, piece_again, NULL};

	while (t->step == PROVIDER_SEND) {
		CALL_AUTO struct call c = CALL_INIT;
		struct provider_request *q = &t->request;
		struct err e = {0};
		const char *detail = "";
		bool pieces = provider_takes_pieces(t);
		JSON_AUTO cJSON *head = q->link_seconds > 0 ? egress_link_head(processor, q->path, q->link_seconds)
							    : egress_send_head(processor, q->method, q->path, q->content_type,
									       q->body.len > 0 ? kinds : 0, ms, !q->once, pieces);
		int started = pieces ? call_start_stream(&c, socket_path, head, q->body.data, q->body.len, &sink, t, &e)
				     : call_start(&c, socket_path, head, q->body.data, q->body.len, &e);
		while (started == 0 && c.state != CALL_DONE && c.state != CALL_FAILED &&
		       call_wait(&c, 1, -1, monotonic_ms() + 2 * ms + 5000, &e) == 0)
			;
		if (t->step == PROVIDER_ENDED) // by a piece
			return;
		if (started != 0 || c.state != CALL_DONE) {
			provider_no_reply(t, PROVIDER_DOWN, &e);
			continue;
		}
		const char *code = frame_error_code(c.reply.head, &detail), *type = json_string(c.reply.head, "type");
		if (code != NULL) {
			err_set(&e, ERR_UNAVAILABLE, "%s", detail);
			cJSON_AddStringToObject(out, "egress", code);
			bool garbage = strcmp(code, "too-large") == 0 || strcmp(code, "truncated") == 0;
			provider_no_reply(t, garbage ? PROVIDER_BAD_REPLY : PROVIDER_DOWN, &e);
			continue;
		}
		cJSON_AddNumberToObject(out, "status", json_number(c.reply.head, "status", 0));
		cJSON_AddNumberToObject(out, "attempts", json_number(c.reply.head, "attempts", 0));
		const struct provider_reply reply = {(int)json_number(c.reply.head, "status", 0), type != NULL ? type : "",
						     c.reply.streamed ? "" : c.reply.body, c.reply.streamed ? 0 : c.reply.body_len};
		provider_reply(t, &reply);
	}
}

static void task_tell(const struct provider_task *t, const struct buf *object, cJSON *out)
{
	static const char *const results[] = {"ok", "filtered", "bad-reply", "limited", "refused", "down"};
	static const char *const kept[] = {"unknown", "gone", "still", "refused"};

	if (t->leaving) {
		cJSON_AddStringToObject(out, "kept", kept[t->kept]);
		return;
	}
	cJSON_AddStringToObject(out, "result", results[t->result]);
	cJSON_AddStringToObject(out, "say", t->say.text);
	if (t->result != PROVIDER_OK)
		return;
	if (t->link != NULL)
		cJSON_AddStringToObject(out, "link", t->link);
	if (t->ability == PROVIDER_GET) {
		char hash[SIGNATURE_HASH];
		signature_payload(hash, buf_text(object), object->len);
		cJSON_AddNumberToObject(out, "bytes", (double)object->len);
		cJSON_AddStringToObject(out, "sha256", hash);
	}
	if (t->ability != PROVIDER_LIST)
		return;
	cJSON *names = cJSON_AddArrayToObject(out, "objects"), *times = cJSON_AddArrayToObject(out, "times");
	for (size_t i = 0; i < t->objects.count; i++) {
		cJSON_AddItemToArray(names, cJSON_CreateString(t->objects.list[i].name));
		cJSON_AddItemToArray(times, cJSON_CreateNumber((double)t->objects.list[i].at));
	}
	cJSON_AddNumberToObject(out, "foreign", (double)t->objects.foreign);
	if (t->objects.last != NULL)
		cJSON_AddStringToObject(out, "last", t->objects.last);
}

static const char *text_of(const cJSON *job, const char *name)
{
	const char *text = json_string(job, name);

	return text != NULL ? text : "";
}

static void job_do(const char *what, const cJSON *job, cJSON *out)
{
	static const struct {
		const char *name;
		enum provider_ability ability;
	} abilities[] = {{"put", PROVIDER_PUT}, {"get", PROVIDER_GET}, {"link", PROVIDER_LINK}, {"list", PROVIDER_LIST}};
	static const struct provider_sink sink = {object_take, object_again, NULL};
	const struct provider *p = provider_find(processor);
	BUF_AUTO struct buf object = BUF_INIT(FRAME_BODY_MAX), filled = BUF_INIT(FRAME_BODY_MAX);
	struct provider_task t = {0};
	struct provider_input in = {.sink = &sink, .sink_arg = &object};
	kind_set kinds = 0;
	const cJSON *kind;

	cJSON_ArrayForEach(kind, json_get(job, "kinds"))
	{
		enum kind k;
		if (kind_from_name(&k, kind->valuestring) == 0)
			kinds |= KIND_BIT(k);
	}
	buf_adds(&filled, text_of(job, "text"));
	for (double left = json_number(job, "bytes", 0); left > 0; left -= 1)
		buf_addc(&filled, (char)('a' + (int)left % 26));
	in.object.name = text_of(job, "name");
	in.object.bytes = buf_text(&filled);
	in.object.len = filled.len;
	in.object.type = json_string(job, "type");
	in.object.folder = text_of(job, "folder");
	in.object.behind = json_string(job, "behind");
	in.object.seconds = (unsigned)json_number(job, "seconds", 0);
	if (strcmp(what, "remove") == 0)
		provider_remove(&t, p, in.object.name);
	else if (strcmp(what, "look") == 0)
		provider_look(&t, p, in.object.name);
	else
		for (size_t i = 0; i < ARRAY_LEN(abilities); i++)
			if (strcmp(abilities[i].name, what) == 0)
				provider_begin(&t, p, abilities[i].ability, &in);
	task_run(&t, kinds, (unsigned)json_number(job, "ms", 5000), out);
	task_tell(&t, &object, out);
	provider_free(&t);
}

static void job_sign(const char *what, const cJSON *job, cJSON *out)
{
	struct signature_header headers[HEADERS_MAX];
	struct signature_request r = {.method = text_of(job, "method"),
				      .path = text_of(job, "path"),
				      .query = text_of(job, "query"),
				      .headers = headers,
				      .payload = text_of(job, "payload"),
				      .at = (time_t)json_number(job, "at", 0)};
	const struct signature_key key = {text_of(job, "id"), text_of(job, "secret"), text_of(job, "region"), "s3"};
	BUF_AUTO struct buf text = BUF_INIT(SIGNATURE_TEXT_MAX);
	struct err e = {0};
	const cJSON *header;

	cJSON_ArrayForEach(header, json_get(job, "headers"))
	{
		if (r.header_count < HEADERS_MAX)
			headers[r.header_count++] = (struct signature_header){header->string, header->valuestring};
	}
	int rc = strcmp(what, "canonical") == 0 ? signature_canonical(&text, &r, &e)
		 : strcmp(what, "authorize") == 0
		     ? signature_authorize(&text, &key, &r, &e)
		     : signature_link(&text, &key, text_of(job, "host"), r.path, (unsigned)json_number(job, "seconds", 0), r.at, &e);
	cJSON_AddStringToObject(out, rc == 0 ? "text" : "error", rc == 0 ? buf_text(&text) : e.text);
}

int main(int argc, char **argv)
{
	static char line[JOB_MAX];

	socket_path = argc > 1 ? argv[1] : "";
	processor = argc > 2 ? argv[2] : "";
	while (fgets(line, sizeof line, stdin) != NULL) {
		struct err e = {0};
		BUF_AUTO struct buf text = BUF_INIT(4 * 1024 * 1024);
		JSON_AUTO cJSON *job = json_parse(line, strcspn(line, "\n"), &e), *out = cJSON_CreateObject();
		const char *what = text_of(job, "do");
		char name[PROVIDER_OBJECT_NAME];
		if (strcmp(what, "name") == 0) {
			s3_name_new(name, text_of(job, "folder"));
			cJSON_AddStringToObject(out, "name", name);
		} else if (json_get(job, "at") != NULL) {
			job_sign(what, job, out);
		} else {
			job_do(what, job, out);
		}
		json_print(&text, out);
		puts(buf_text(&text));
		fflush(stdout);
	}
	return 0;
}
