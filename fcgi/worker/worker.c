// SPDX-License-Identifier: ISC
#include "fcgi/worker/worker.h"
#include "fcgi/ipc/frame.h"
#include "fcgi/ipc/note.h"
#include "fcgi/ipc/worker_call.h"
#include "fcgi/provider/sketch.h"
#include "fcgi/serve/sandbox.h"
#include "fcgi/serve/serve.h"
#include "fcgi/worker/page.h"
#include "fcgi/worker/pool.h"
#include "fcgi/worker/reference.h"
#include "fcgi/worker/thumbnail.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <malloc.h>
#include <unistd.h>

enum {
	WALL_MS = 10000,
	RECEIVE_MS = 8000, // less than the whole: the caller then still hears why
	THREADS_MS = 1000,
};

// The head of the reply to the one call of this process; NULL: *code and *e say why not.
static cJSON *job_run(const cJSON *head, const struct buf *body, struct buf *out, const char **code, struct err *e)
{
	struct worker_call call;
	*code = "bad-call";
	if (sandbox_child(WORKER_MEMORY_MAX, WORKER_CPU_SECONDS, e) != 0 || worker_call_read(&call, head, e) != 0)
		return NULL;
	if (call.op == WORKER_PAGE)
		return page_read(buf_text(body), body->len, call.type, code, e);
	if (call.op == WORKER_REFERENCE)
		return reference_make(buf_text(body), body->len, call.mask, out, code, e);
	if (call.op == WORKER_THUMBNAIL) {
		int rc = thumbnail_make(buf_text(body), body->len, out, code, e);
		return rc == 0 ? json_make(JSON_MEMBERS(MEMBER_TEXT("type", "image/webp"))) : NULL;
	}
	if (sketch_draw(&call.sketch, out, e) == 0)
		return json_make(JSON_MEMBERS(MEMBER_TEXT("type", "image/png")));
	if (e->code == ERR_MEMORY)
		*code = "too-costly";
	return NULL;
}

// Runs in the child and ends with it, so nothing is freed.
static void job_serve(int connection)
{
	struct buf body = BUF_INIT(FRAME_BODY_MAX), out = BUF_INIT(IMAGE_BYTES_MAX);
	const char *code = "bad-call";
	cJSON *head, *reply = NULL;
	struct err e = {0};
	if (frame_receive(connection, &head, &body, monotonic_ms() + RECEIVE_MS, &e) == 0)
		reply = job_run(head, &body, &out, &code, &e);
	if (e.code == ERR_GONE)
		_exit(0);
	if (reply == NULL) {
		reply = frame_error(code, e.text);
		buf_reset(&out);
	}
	pool_answering();
	if (frame_send(connection, reply, buf_text(&out), out.len, monotonic_ms() + WALL_MS, &e) != 0 && e.code != ERR_GONE)
		note_line("answer: %s", e.text);
	_exit(0);
}

int worker_main(void)
{
	static const struct sandbox sandbox = {.name = "worker", .fork = true};
	struct err e = {0};
	note_program("worker");
	closefrom(STDERR_FILENO + 1); // whoever started this may have left something open
	// One heap: giving memory back to a second one makes the C library open a file, which the children may not.
	mallopt(M_ARENA_MAX, 1);
	if (page_prepare(&e) != 0 || sketch_prepare(&e) != 0) {
		note_line("%s", e.text);
		return EXIT_CANNOT_START;
	}
	// Loading fonts starts threads that end by themselves. Landlock would not confine them, and a fork must not happen beside them.
	for (uint64_t end = monotonic_ms() + THREADS_MS; sandbox_threads() > 1 && monotonic_ms() < end;)
		usleep(2000);
	const struct pool pool = {.listener = STDIN_FILENO, .wall_ms = WALL_MS, .job = job_serve, .sandbox = &sandbox};
	if (pool_run(&pool, &e) != 0) {
		note_line("%s", e.text);
		return 1;
	}
	return 0;
}
