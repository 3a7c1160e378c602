// SPDX-License-Identifier: ISC
#include "fcgi/worker/worker.h"
#include "fcgi/ipc/call.h"
#include "fcgi/provider/sketch.h"
#include "fcgi/serve/sandbox.h"
#include "fcgi/serve/serve.h"
#include "fcgi/worker/page.h"
#include "fcgi/worker/pool.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <dirent.h>
#include <malloc.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	WALL_MS = 10000,
	RECEIVE_MS = 8000, // less than the whole: the caller then still hears why
	THREADS_MS = 1000,
	LIST_MAX = 16, // words and colours of a picture
};

// What a job answers with.
struct reply {
	cJSON *head;
	struct buf body;
	const char *code; // when it failed
	struct err err;
};

struct job {
	const char *op;
	void (*run)(const cJSON *head, const struct buf *body, struct reply *r);
};

static void run_page(const cJSON *head, const struct buf *body, struct reply *r)
{
	r->head = page_read(buf_text(body), body->len, json_string(head, "type"), &r->code, &r->err);
}

// Copies the strings of a member that is a list of strings; others are left out.
static void string_list(const cJSON *head, const char *name, const char *list[LIST_MAX + 1])
{
	size_t n = 0;
	const cJSON *item, *array = json_get(head, name);
	cJSON_ArrayForEach(item, array) if (n < LIST_MAX && cJSON_IsString(item)) list[n++] = item->valuestring;
	list[n] = NULL;
}

// A whole number from 0 to `max`, else `otherwise`.
static unsigned whole(const cJSON *head, const char *name, double max, unsigned otherwise)
{
	double v = json_number(head, name, -1);
	return v >= 0 && v <= max && trunc(v) == v ? (unsigned)v : otherwise;
}

static void run_sketch(const cJSON *head, const struct buf *body, struct reply *r)
{
	(void)body;
	const char *words[LIST_MAX + 1], *colours[LIST_MAX + 1], *prompt = json_string(head, "prompt"), *style = json_string(head, "style");
	string_list(head, "words", words);
	string_list(head, "colours", colours);
	struct sketch_job job = {
	    .prompt = prompt != NULL ? prompt : "",
	    .words = words,
	    .colours = colours,
	    .style = style != NULL ? style : "",
	    .width = whole(head, "width", 65535, 0),
	    .height = whole(head, "height", 65535, 0),
	    .index = whole(head, "index", 65535, 0),
	    .of = whole(head, "of", 65535, 1),
	    .sign = json_string(head, "sign"),
	    .seed = whole(head, "seed", 4294967295.0, 0),
	};
	r->code = "bad-call";
	if (sketch_draw(&job, &r->body, &r->err) != 0) {
		if (r->err.code == ERR_MEMORY)
			r->code = "too-costly";
		return;
	}
	if ((r->head = cJSON_CreateObject()) && cJSON_AddStringToObject(r->head, "type", "image/png") == NULL)
		json_free(&r->head);
}

static const struct job jobs[] = {
    {"page", run_page},
    {"sketch", run_sketch},
};

static cJSON *error_head(const struct reply *r)
{
	cJSON *head = cJSON_CreateObject(), *error = head != NULL ? cJSON_AddObjectToObject(head, "error") : NULL;
	if (error != NULL)
		cJSON_AddStringToObject(error, "code", r->code);
	if (error != NULL)
		cJSON_AddStringToObject(error, "detail", r->err.text);
	return head;
}

static void do_job(const cJSON *head, const struct buf *body, struct reply *r)
{
	const char *op = json_string(head, "op");
	if (sandbox_child(WORKER_MEMORY_MAX, WORKER_CPU_SECONDS, &r->err) != 0)
		return;
	for (size_t i = 0; op != NULL && i < ARRAY_LEN(jobs); i++) {
		if (strcmp(op, jobs[i].op) == 0) {
			jobs[i].run(head, body, r);
			return;
		}
	}
	err_set(&r->err, ERR_INPUT, "no such job");
}

// Runs in the child and ends with it, so nothing is freed.
static void serve_connection(int connection)
{
	struct reply r = {.body = BUF_INIT(IMAGE_BYTES_MAX), .code = "bad-call"};
	struct buf body = BUF_INIT(FRAME_BODY_MAX);
	cJSON *head = NULL;
	if (frame_receive(connection, &head, &body, monotonic_ms() + RECEIVE_MS, &r.err) == 0)
		do_job(head, &body, &r);
	if (r.err.code == ERR_GONE)
		_exit(0);
	pool_answering();
	if (frame_send(connection, r.head != NULL ? r.head : error_head(&r), buf_text(&r.body), r.head != NULL ? r.body.len : 0,
		       monotonic_ms() + WALL_MS, &r.err) != 0 &&
	    r.err.code != ERR_GONE)
		fprintf(stderr, "worker: answer: %s\n", r.err.text);
	_exit(0);
}

// Loading fonts starts threads that end by themselves. Landlock would not confine them, and a fork must not happen beside them.
static void wait_for_threads(void)
{
	for (uint64_t end = monotonic_ms() + THREADS_MS; monotonic_ms() < end; usleep(2000)) {
		unsigned count = 0;
		DIR *tasks = opendir("/proc/self/task");
		for (const struct dirent *d; tasks != NULL && (d = readdir(tasks));)
			count += d->d_name[0] != '.';
		if (tasks != NULL)
			closedir(tasks);
		if (count <= 1)
			return;
	}
}

static int lock_in(struct err *e)
{
	static const struct sandbox sandbox = {.name = "worker", .fork = true};
	return sandbox_enter(&sandbox, e);
}

int worker_main(void)
{
	struct err e = {0};
	// One heap: giving memory back to a second one makes the C library open a file, which the children may not.
	mallopt(M_ARENA_MAX, 1);
	page_prepare();
	if (sketch_prepare(&e) != 0) {
		fprintf(stderr, "worker: %s\n", e.text);
		return EXIT_CANNOT_START;
	}
	wait_for_threads();
	const struct pool pool = {.listener = STDIN_FILENO, .wall_ms = WALL_MS, .job = serve_connection, .lock_in = lock_in};
	if (pool_run(&pool, &e) != 0) {
		fprintf(stderr, "worker: %s\n", e.text);
		return 1;
	}
	return 0;
}
