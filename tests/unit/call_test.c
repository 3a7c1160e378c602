// SPDX-License-Identifier: ISC
// Calls between programs: frames, several calls at once, and everything that can go wrong on the way.
#include "fcgi/ipc/call.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include "test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// ---- a program that answers as its call says ----
struct program {
	char folder[64], path[96];
	int listener;
	pthread_t thread;
};

// Sends, in pieces of `step` bytes, what a script of letters says: F the beginning of a streamed frame, f a frame that is not, 5 a chunk of so
// many bytes, L one of the largest size, X the announcement of a larger one, V void, . the end, ~ nothing more but an open connection.
static void script_send(int fd, const char *script, size_t step)
{
	BUF_AUTO struct buf out = BUF_INIT(64 << 20);
	char large[FRAME_CHUNK_MAX];
	unsigned n = 0;
	bool stay = false;
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)('a' + i % 23);
	for (const char *p = script; *p != '\0'; p++) {
		uint32_t lengths[2] = {htonl(8), htonl(*p == 'F' ? FRAME_STREAMED : 2)};
		uint32_t chunk = *p == 'L' ? FRAME_CHUNK_MAX : *p == 'X' ? FRAME_CHUNK_MAX + 1 : *p == '.' ? 0 : (uint32_t)(*p - '0');
		if (*p == 'F' || *p == 'f') {
			char text[16];
			snprintf(text, sizeof text, "{\"n\":%2u}", ++n);
			buf_add(&out, lengths, sizeof lengths);
			buf_add(&out, text, 8);
			buf_add(&out, "ok", *p == 'f' ? 2 : 0);
		} else if (*p == 'V') {
			buf_add(&out, "\xff\xff\xff\xff", 4);
		} else if (*p == '~') {
			stay = true;
		} else {
			uint32_t length = htonl(chunk);
			buf_add(&out, &length, sizeof length);
			buf_add(&out, large, chunk > FRAME_CHUNK_MAX ? 0 : chunk);
		}
	}
	for (size_t sent = 0; sent < out.len;) {
		ssize_t k = send(fd, out.data + sent, out.len - sent < step ? out.len - sent : step, MSG_NOSIGNAL);
		if (k <= 0)
			return;
		sent += (size_t)k;
	}
	char byte;
	if (stay)
		(void)recv(fd, &byte, 1, 0);
}

static void answer(int fd, const cJSON *head, const struct buf *body)
{
	uint64_t soon = monotonic_ms() + 2000;
	struct err e;
	const char *op = json_string(head, "op");
	usleep((useconds_t)json_number(head, "ms", 0) * 1000);
	if (strcmp(op, "echo") == 0) {
		frame_send(fd, head, body->data, body->len, soon, &e);
	} else if (strcmp(op, "progress") == 0) {
		JSON_AUTO cJSON *progress = cJSON_Parse("{\"progress\":1}");
		for (int i = 0; i < 3; i++)
			frame_send(fd, progress, "abc", 3, soon, &e);
		frame_send(fd, head, NULL, 0, soon, &e);
	} else if (strcmp(op, "truncate") == 0) {
		uint32_t lengths[2] = {htonl(2), htonl(100)};
		(void)send(fd, lengths, sizeof lengths, MSG_NOSIGNAL);
		(void)send(fd, "{}abc", 5, MSG_NOSIGNAL);
	} else if (strcmp(op, "huge") == 0) {
		uint32_t lengths[2] = {htonl(2), htonl(FRAME_BODY_MAX + 1)};
		(void)send(fd, lengths, sizeof lengths, MSG_NOSIGNAL);
	} else if (strcmp(op, "script") == 0) {
		script_send(fd, json_string(head, "script"), (size_t)json_number(head, "step", 1 << 20));
	} else if (strcmp(op, "garbage") == 0) {
		uint32_t lengths[2] = {htonl(2), htonl(0)};
		(void)send(fd, lengths, sizeof lengths, MSG_NOSIGNAL);
		(void)send(fd, "[]", 2, MSG_NOSIGNAL);
	}
}

static void *program_serve(void *arg)
{
	FD_AUTO int fd = (int)(intptr_t)arg;
	BUF_AUTO struct buf body = BUF_INIT(FRAME_BODY_MAX);
	JSON_AUTO cJSON *head = NULL;
	struct err e;
	if (frame_receive(fd, &head, &body, monotonic_ms() + 5000, &e) == 0)
		answer(fd, head, &body);
	return NULL;
}

static void *program_main(void *arg)
{
	const struct program *r = arg;
	pthread_t threads[64];
	size_t n = 0;
	for (int fd; n < 64 && (fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, program_serve, (void *)(intptr_t)fd), 0);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	return NULL;
}

static int program_open(void **state)
{
	static struct program r;
	r = (struct program){.folder = "/tmp/lethe-call-XXXXXX"};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	assert_non_null(mkdtemp(r.folder));
	snprintf(r.path, sizeof r.path, "%s/socket", r.folder);
	memcpy(a.sun_path, r.path, strlen(r.path) + 1);
	r.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(r.listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(r.listener, 64), 0);
	assert_int_equal(pthread_create(&r.thread, NULL, program_main, &r), 0);
	*state = &r;
	return 0;
}

static int program_close(void **state)
{
	struct program *r = *state;
	shutdown(r->listener, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->listener);
	unlink(r->path);
	rmdir(r->folder);
	return 0;
}

static int start(struct call *c, const struct program *r, const char *head, const void *body, size_t len, struct err *e)
{
	JSON_AUTO cJSON *object = cJSON_Parse(head);
	return call_start(c, r->path, object, body, len, e);
}

// ---- calls ----
static void test_one_call(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	assert_int_equal(start(&c, *state, "{\"op\":\"echo\",\"n\":7}", "hello", 5, &e), 0);
	while (c.state != CALL_DONE)
		assert_int_equal(call_wait(&c, 1, -1, monotonic_ms() + 5000, &e), 0);
	assert_int_equal((int)json_number(c.reply.head, "n", 0), 7);
	assert_int_equal(c.reply.body_len, 5);
	assert_memory_equal(c.reply.body, "hello", 5);
}

static void test_large_body_both_ways(void **state)
{
	enum { LEN = 20 * 1024 * 1024 };
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	char *body = malloc(LEN);
	for (size_t i = 0; i < LEN; i++)
		body[i] = (char)(i * 31 + i / 4096);
	assert_int_equal(start(&c, *state, "{\"op\":\"echo\"}", body, LEN, &e), 0);
	while (c.state != CALL_DONE)
		assert_int_equal(call_wait(&c, 1, -1, monotonic_ms() + 10000, &e), 0);
	assert_int_equal(c.reply.body_len, LEN);
	assert_memory_equal(c.reply.body, body, LEN);
	free(body);
}

// Each wait returns as soon as one more call has ended.
static void test_several_calls(void **state)
{
	struct call calls[4] = {CALL_INIT, CALL_INIT, CALL_INIT, CALL_INIT};
	struct err e;
	size_t order[4], ended = 0;
	for (int i = 0; i < 4; i++) {
		char head[64];
		snprintf(head, sizeof head, "{\"op\":\"echo\",\"ms\":%d}", 400 - 100 * i);
		assert_int_equal(start(&calls[i], *state, head, NULL, 0, &e), 0);
	}
	bool seen[4] = {0};
	while (ended < 4) {
		assert_int_equal(call_wait(calls, 4, -1, monotonic_ms() + 5000, &e), 0);
		for (size_t i = 0; i < 4; i++) {
			if (calls[i].state != CALL_DONE || seen[i])
				continue;
			seen[i] = true;
			order[ended++] = i;
		}
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(order[i], 3 - i);
		call_end(&calls[i]);
		assert_int_equal(calls[i].state, CALL_IDLE);
	}
	assert_int_equal(call_wait(calls, 4, -1, monotonic_ms() + 5000, &e), 0); // nothing under way: at once
}

static void test_progress_is_passed_over(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	assert_int_equal(start(&c, *state, "{\"op\":\"progress\"}", NULL, 0, &e), 0);
	while (c.state != CALL_DONE)
		assert_int_equal(call_wait(&c, 1, -1, monotonic_ms() + 5000, &e), 0);
	assert_string_equal(json_string(c.reply.head, "op"), "progress");
}

static void test_bad_answers(void **state)
{
	static const char *const heads[] = {"{\"op\":\"truncate\"}", "{\"op\":\"huge\"}", "{\"op\":\"garbage\"}", "{\"op\":\"silent\"}"};
	for (size_t i = 0; i < 4; i++) {
		CALL_AUTO struct call c = CALL_INIT;
		struct err e;
		assert_int_equal(start(&c, *state, heads[i], NULL, 0, &e), 0);
		assert_int_equal(call_wait(&c, 1, -1, monotonic_ms() + 5000, &e), 0);
		assert_int_equal(c.state, CALL_FAILED);
		assert_true(c.err->code == ERR_UNAVAILABLE || c.err->code == ERR_INPUT);
		assert_true(*c.err->text);
		assert_int_equal(c.fd, -1);
	}
}

static void test_deadline(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	assert_int_equal(start(&c, *state, "{\"op\":\"echo\",\"ms\":1000}", NULL, 0, &e), 0);
	uint64_t start_ms = monotonic_ms();
	assert_int_equal(call_wait(&c, 1, -1, start_ms + 50, &e), -1);
	assert_int_equal(e.code, ERR_TIMEOUT);
	assert_true(TRUST_SOON(monotonic_ms() - start_ms, 2000));
}

static void test_the_visitor_leaves(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	int visitor[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, visitor), 0);
	assert_int_equal(start(&c, *state, "{\"op\":\"echo\",\"ms\":1000}", NULL, 0, &e), 0);
	close(visitor[1]);
	assert_int_equal(call_wait(&c, 1, visitor[0], monotonic_ms() + 5000, &e), -1);
	assert_int_equal(e.code, ERR_GONE);
	close(visitor[0]);
}

static void test_no_program(void **state)
{
	struct program nowhere = {.path = "/tmp/lethe-no-such-folder/socket"};
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	(void)state;
	assert_int_equal(start(&c, &nowhere, "{}", NULL, 0, &e), -1);
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	memset(nowhere.path, 'a', sizeof nowhere.path - 1);
	assert_int_equal(start(&c, &nowhere, "{}", NULL, 0, &e), -1);
}

static void *take_one_later(void *listener)
{
	usleep(100 * 1000);
	int fd = accept4((int)(intptr_t)listener, NULL, NULL, SOCK_CLOEXEC);
	close(fd);
	return NULL;
}

// A program with a queue as long as it may be is waited for: it is busy, not gone.
static void test_a_full_queue_is_waited_for(void **state)
{
	const struct program *r = *state;
	struct program busy = {.folder = ""};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	CALL_AUTO struct call c = CALL_INIT;
	struct err e = {0};
	int waiting[8];
	size_t n = 0;
	pthread_t thread;
	snprintf(busy.path, sizeof busy.path, "%s/busy", r->folder);
	memcpy(a.sun_path, busy.path, strlen(busy.path) + 1);
	busy.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(busy.listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(busy.listener, 1), 0);
	for (int rc = 0; rc == 0 && n < 8; n++) {
		waiting[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		rc = connect(waiting[n], (struct sockaddr *)&a, sizeof a);
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pthread_create(&thread, NULL, take_one_later, (void *)(intptr_t)busy.listener), 0);
	int rc = start(&c, &busy, "{}", NULL, 0, &e);
	pthread_join(thread, NULL);
	while (n > 0)
		close(waiting[--n]);
	close(busy.listener);
	unlink(busy.path);
	assert_int_equal(rc, 0);
	assert_int_equal(c.state, CALL_WAITING);
}

// A call that waits holds no memory beyond its struct.
static void test_waiting_costs_nothing(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	assert_int_equal(start(&c, *state, "{\"op\":\"echo\",\"ms\":300}", "body", 4, &e), 0);
	assert_int_equal(call_wait(&c, 1, -1, monotonic_ms() + 100, &e), -1);
	assert_int_equal(c.state, CALL_WAITING);
	assert_int_equal(c.out.cap, 0);
	assert_int_equal(c.reply.bytes.cap, 0);
	assert_true(sizeof c < 1024);
}

// ---- streamed replies ----
struct taken {
	struct call *call;
	struct buf bytes;
	unsigned again, pieces;
	size_t stop_at; // the sink fails there
};

static int taken_take(void *arg, const char *bytes, size_t len, struct err *e)
{
	struct taken *t = arg;
	assert_non_null(t->call->reply.head); // it is there before the first byte
	assert_true(len > 0 && len <= FRAME_CHUNK_MAX);
	t->pieces++;
	if (t->bytes.len + len > t->stop_at)
		return err_set(e, ERR_FULL, "no more");
	return buf_add(&t->bytes, bytes, len);
}

static void taken_again(void *arg)
{
	struct taken *t = arg;
	t->again++;
	buf_reset(&t->bytes);
}

static const struct call_sink taken_sink = {taken_take, taken_again, NULL};

// Runs the script to its end and says what came of it.
static void script_run(const struct program *r, const char *script, size_t step, struct call *c, struct taken *t)
{
	struct err e;
	JSON_AUTO cJSON *head = cJSON_CreateObject();
	cJSON_AddStringToObject(head, "op", "script");
	cJSON_AddStringToObject(head, "script", script);
	cJSON_AddNumberToObject(head, "step", (double)step);
	*t = (struct taken){.call = c, .bytes = BUF_INIT(64 << 20), .stop_at = t->stop_at > 0 ? t->stop_at : SIZE_MAX};
	assert_int_equal(call_start_stream(c, r->path, head, NULL, 0, &taken_sink, t, &e), 0);
	while (c->state != CALL_DONE && c->state != CALL_FAILED)
		assert_int_equal(call_wait(c, 1, -1, monotonic_ms() + 20000, &e), 0);
	assert_int_equal(c->fd, -1);
}

static void test_streamed_replies(void **state)
{
	static const struct {
		const char *script;
		size_t bytes;
		unsigned again;
		int n; // of the frame that counts
		bool streamed, failed;
	} rows[] = {
	    {"F5.", 5, 0, 1, true, false},
	    {"F.", 0, 0, 1, true, false},
	    {"F19L3.", 13 + FRAME_CHUNK_MAX, 0, 1, true, false},
	    {"F5VF7.", 7, 1, 2, true, false},
	    {"FVF7.", 7, 1, 2, true, false},
	    {"FLVFLVFL9.", FRAME_CHUNK_MAX + 9, 2, 3, true, false},
	    {"F5Vf", 0, 1, 2, false, false}, // a whole reply in its place
	    {"f", 0, 0, 1, false, false},
	    {"F5", 5, 0, 0, false, true}, // broken off in each place
	    {"F", 0, 0, 0, false, true},
	    {"F5V", 0, 1, 0, false, true},
	    {"F5VF", 0, 1, 0, false, true},
	    {"F5X~", 5, 0, 0, false, true}, // over a limit: not waited for
	    {"FVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFVFV~", 0, 16, 0, false, true},
	};
	static const size_t steps[] = {1, 3, 7, 1 << 20};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			CALL_AUTO struct call c = CALL_INIT;
			struct taken t = {0};
			if (strchr(rows[i].script, 'L') != NULL && steps[k] < 7)
				continue; // takes long
			script_run(*state, rows[i].script, steps[k], &c, &t);
			if (t.bytes.len != rows[i].bytes || t.again != rows[i].again || (c.state == CALL_FAILED) != rows[i].failed)
				fail_msg("%s: %zu bytes, %u times again, state %d", rows[i].script, t.bytes.len, t.again, (int)c.state);
			if (!rows[i].failed) {
				assert_int_equal((int)json_number(c.reply.head, "n", 0), rows[i].n);
				assert_int_equal(c.reply.streamed, rows[i].streamed);
				assert_int_equal(c.reply.body_len, rows[i].streamed ? 0 : 2);
			}
			buf_free(&t.bytes);
		}
}

static void test_a_sink_that_fails_ends_its_call(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct taken t = {.stop_at = 70000};
	script_run(*state, "FLLL~", 1 << 20, &c, &t);
	assert_int_equal(c.state, CALL_FAILED);
	assert_int_equal(c.err->code, ERR_FULL);
	assert_true(t.bytes.len <= 70000);
	buf_free(&t.bytes);
}

// A streamed body has the limit of any other.
static void test_a_stream_without_end_is_ended(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct taken t = {0};
	char script[1000] = "F";
	memset(script + 1, 'L', 800);
	script_run(*state, script, 1 << 20, &c, &t);
	assert_int_equal(c.state, CALL_FAILED);
	assert_int_equal(c.err->code, ERR_INPUT);
	assert_true(t.bytes.len <= FRAME_BODY_MAX);
	buf_free(&t.bytes);
}

struct later {
	struct taken t; // first, so that it goes to the sink as one
	const struct call *before;
	bool early; // something was taken before the other was whole
};

static bool later_asked(void *arg)
{
	const struct later *l = arg;
	return l->before->state != CALL_DONE;
}

static int later_take(void *arg, const char *bytes, size_t len, struct err *e)
{
	struct later *l = arg;
	l->early |= later_asked(arg);
	return taken_take(arg, bytes, len, e);
}

// A body may have to wait for another, though not for one that does not end.
static void test_bodies_that_come_later(void **state)
{
	static const struct call_sink sink = {later_take, taken_again, later_asked};
	static const struct {
		const char *script;
		bool ends;
	} rows[] = {{"F59L.", true}, {"F5~", false}};
	const struct program *r = *state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call calls[2] = {CALL_INIT, CALL_INIT}; // the first to be read is the one that waits
		struct later l = {.t = {.call = &calls[0], .bytes = BUF_INIT(1 << 20), .stop_at = SIZE_MAX}, .before = &calls[1]};
		struct taken before = {.call = &calls[1], .bytes = BUF_INIT(1 << 20), .stop_at = SIZE_MAX};
		struct err e;
		JSON_AUTO cJSON *first = cJSON_Parse("{\"op\":\"script\",\"script\":\"F5L7.\"}"),
				*second = cJSON_Parse("{\"op\":\"script\"}");
		cJSON_AddStringToObject(second, "script", rows[i].script);
		uint64_t began = monotonic_ms();
		assert_int_equal(call_start_stream(&calls[0], r->path, first, NULL, 0, &sink, &l, &e), 0);
		assert_int_equal(call_start_stream(&calls[1], r->path, second, NULL, 0, &taken_sink, &before, &e), 0);
		while (calls[0].state != CALL_DONE)
			assert_int_equal(call_wait(calls, 2, -1, monotonic_ms() + 20000, &e), 0);
		assert_int_equal(l.t.bytes.len, 12 + FRAME_CHUNK_MAX);
		uint64_t took = monotonic_ms() - began;
		for (size_t k = 0; k < 2; k++)
			call_end(&calls[k]);
		assert_int_equal(l.early, !rows[i].ends);
		assert_true(rows[i].ends || took >= 1000);
		buf_free(&l.t.bytes);
		buf_free(&before.bytes);
	}
}

// Who did not ask for a stream gets none.
static void test_a_stream_that_was_not_asked_for(void **state)
{
	CALL_AUTO struct call c = CALL_INIT;
	struct err e;
	assert_int_equal(start(&c, *state, "{\"op\":\"script\",\"script\":\"F5.\"}", NULL, 0, &e), 0);
	assert_int_equal(call_wait(&c, 1, -1, monotonic_ms() + 5000, &e), 0);
	assert_int_equal(c.state, CALL_FAILED);
	assert_int_equal(c.err->code, ERR_INPUT);
}

// ---- frames ----
static void test_frame_limits(void **state)
{
	int pair[2];
	struct err e;
	cJSON *head;
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	BUF_AUTO struct buf body = BUF_INIT(10);
	JSON_AUTO cJSON *small = cJSON_Parse("{\"a\":1}");
	assert_int_equal(frame_send(pair[0], small, "0123456789", 10, monotonic_ms() + 1000, &e), 0);
	assert_int_equal(frame_receive(pair[1], &head, &body, monotonic_ms() + 1000, &e), 0);
	assert_int_equal(body.len, 10);
	cJSON_Delete(head);
	buf_reset(&body);
	assert_int_equal(frame_send(pair[0], small, "0123456789a", 11, monotonic_ms() + 1000, &e), 0);
	assert_int_equal(frame_receive(pair[1], &head, &body, monotonic_ms() + 1000, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_null(head);
	JSON_AUTO cJSON *large = cJSON_CreateObject();
	char *text = malloc(FRAME_HEAD_MAX + 1);
	memset(text, 'a', FRAME_HEAD_MAX);
	text[FRAME_HEAD_MAX] = 0;
	cJSON_AddStringToObject(large, "a", text);
	free(text);
	assert_int_equal(frame_send(pair[0], large, NULL, 0, monotonic_ms() + 1000, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	close(pair[0]);
	close(pair[1]);
}

static void test_frame_deadline_and_hang_up(void **state)
{
	int pair[2];
	struct err e;
	cJSON *head;
	BUF_AUTO struct buf body = BUF_INIT(10);
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(send(pair[0], "\0\0", 2, 0), 2);
	assert_int_equal(frame_receive(pair[1], &head, &body, monotonic_ms() + 50, &e), -1);
	assert_int_equal(e.code, ERR_TIMEOUT);
	// Nobody reads: the sender gives up at its deadline.
	JSON_AUTO cJSON *small = cJSON_Parse("{}");
	char *much = calloc(1, 10 << 20);
	assert_int_equal(frame_send(pair[0], small, much, 10 << 20, monotonic_ms() + 50, &e), -1);
	assert_int_equal(e.code, ERR_TIMEOUT);
	close(pair[0]);
	struct buf sink = BUF_INIT(FRAME_BODY_MAX);
	assert_int_equal(frame_receive(pair[1], &head, &sink, monotonic_ms() + 1000, &e), -1);
	buf_free(&sink);
	assert_int_equal(frame_send(pair[1], small, much, 10 << 20, monotonic_ms() + 1000, &e), -1);
	assert_int_equal(e.code, ERR_GONE);
	free(much);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_one_call, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_large_body_both_ways, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_several_calls, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_progress_is_passed_over, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_bad_answers, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_deadline, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_the_visitor_leaves, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_waiting_costs_nothing, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_streamed_replies, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_a_sink_that_fails_ends_its_call, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_bodies_that_come_later, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_a_stream_without_end_is_ended, program_open, program_close),
	    cmocka_unit_test_setup_teardown(test_a_stream_that_was_not_asked_for, program_open, program_close),
	    cmocka_unit_test(test_no_program),
	    cmocka_unit_test_setup_teardown(test_a_full_queue_is_waited_for, program_open, program_close),
	    cmocka_unit_test(test_frame_limits),
	    cmocka_unit_test(test_frame_deadline_and_hang_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
