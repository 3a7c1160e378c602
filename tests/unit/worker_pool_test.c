// SPDX-License-Identifier: ISC
// The fork server with jobs that misbehave: whatever a child does, its caller gets an answer, the others are served and nothing is left.
#include "fcgi/ipc/worker_call.h"
#include "fcgi/worker/pool.h"
#include "policy/base/array.h"
#include "tests/unit/worker_fixture.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>

// What jobs tell the test.
static struct shared {
	atomic_int running, most, started, pid, release, descriptors;
} * shared;

static void answer_op(int fd, const char *op)
{
	cJSON *head = cJSON_CreateObject();
	cJSON_AddStringToObject(head, "did", op);
	pool_answering();
	frame_send(fd, head, NULL, 0, monotonic_ms() + PATIENCE_MS, NULL);
	cJSON_Delete(head);
}

static void count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int n = 0;
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	shared->descriptors = n - 3; // ".", ".." and the folder's own
}

static void wait_for_release(void)
{
	while (!shared->release)
		usleep(1000);
}

static void misbehave(const char *op)
{
	const struct rlimit cpu = {1, 1}, none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	if (strcmp(op, "spin") == 0) {
		setrlimit(RLIMIT_CPU, &cpu);
		for (volatile unsigned long n = 0;; n++)
			;
	}
	if (strcmp(op, "sleep") == 0)
		for (;;)
			pause();
	if (strcmp(op, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(op, "abort") == 0) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	if (strcmp(op, "exit") == 0)
		_exit(3);
	if (strcmp(op, "descriptors") == 0)
		count_descriptors();
	if (strcmp(op, "hold") == 0)
		wait_for_release();
	if (strcmp(op, "short") == 0)
		usleep(20000);
}

static void job(int fd)
{
	cJSON *head = NULL;
	struct buf body = BUF_INIT(FRAME_BODY_MAX);
	if (frame_receive(fd, &head, &body, monotonic_ms() + PATIENCE_MS, NULL) != 0)
		_exit(0);
	shared->pid = getpid();
	shared->started++;
	int now = ++shared->running, most = shared->most;
	while (now > most && !atomic_compare_exchange_weak(&shared->most, &most, now))
		;
	const char *op = json_string(head, "op");
	misbehave(op);
	shared->running--;
	answer_op(fd, op);
	cJSON_Delete(head);
	buf_free(&body);
}

static int serve_with(unsigned children_max, unsigned wall_ms)
{
	struct err e = {0};
	const struct pool pool = {.listener = STDIN_FILENO, .children_max = children_max, .wall_ms = wall_ms, .job = job};
	if (pool_run(&pool, &e) != 0)
		fprintf(stderr, "%s\n", e.text);
	return e.code != ERR_NONE;
}

static int serve(void)
{
	return serve_with(2, PATIENCE_MS);
}

static int serve_one(void)
{
	return serve_with(1, PATIENCE_MS);
}

static int serve_hasty(void)
{
	return serve_with(2, 300);
}

static void expect_done(const struct server *r, const char *head)
{
	cJSON *reply = job_do(r, head, NULL, 0);
	assert_non_null(json_string(reply, "did"));
	cJSON_Delete(reply);
}

static void wait_started(int count)
{
	for (uint64_t end = monotonic_ms() + PATIENCE_MS; shared->started < count && monotonic_ms() < end;)
		usleep(1000);
	assert_int_equal(shared->started, count);
}

// --- tests ---

static void a_child_that_dies_is_answered_for(void **state)
{
	(void)state;
	static const char *const heads[] = {"{\"op\":\"spin\"}", "{\"op\":\"kill\"}", "{\"op\":\"abort\"}", "{\"op\":\"exit\"}"};
	struct server r;
	server_start(&r, serve);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		expect_error(&r, heads[i], NULL, 0, "too-costly");
		expect_done(&r, "{\"op\":\"well\"}");
	}
	server_stop(&r);
}

static void a_job_that_takes_too_long_is_ended(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve_hasty);
	expect_error(&r, "{\"op\":\"sleep\"}", NULL, 0, "too-costly");
	expect_done(&r, "{\"op\":\"well\"}");
	server_stop(&r);
}

static void hanging_up_kills_the_child(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve);
	int fd = peer_connect(&r);
	job_send(fd, "{\"op\":\"sleep\"}", NULL, 0);
	wait_started(1);
	pid_t child = shared->pid;
	assert_int_equal(kill(child, 0), 0);
	close(fd);
	assert_true(process_gone(child));
	expect_done(&r, "{\"op\":\"well\"}");
	server_stop(&r);
}

// A caller that has sent its job may close that half of the connection.
static void half_closing_is_not_hanging_up(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve);
	int fd = peer_connect(&r);
	job_send(fd, "{\"op\":\"short\"}", NULL, 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	struct buf body;
	cJSON *reply = job_reply(fd, &body);
	assert_string_equal(json_string(reply, "did"), "short");
	cJSON_Delete(reply);
	buf_free(&body);
	close(fd);
	server_stop(&r);
}

static void no_more_children_than_allowed(void **state)
{
	(void)state;
	struct server r;
	int fds[20];
	server_start(&r, serve);
	for (size_t i = 0; i < 20; i++) {
		fds[i] = peer_connect(&r);
		job_send(fds[i], "{\"op\":\"short\"}", NULL, 0);
	}
	for (size_t i = 0; i < 20; i++) {
		struct buf body;
		cJSON *reply = job_reply(fds[i], &body);
		assert_non_null(json_string(reply, "did"));
		cJSON_Delete(reply);
		buf_free(&body);
		close(fds[i]);
	}
	assert_int_equal(shared->started, 20);
	assert_true(shared->most <= 2);
	server_stop(&r);
}

static void a_waiting_caller_that_hangs_up_is_dropped(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve_one);
	int first = peer_connect(&r);
	job_send(first, "{\"op\":\"hold\"}", NULL, 0);
	wait_started(1);
	int second = peer_connect(&r), third = peer_connect(&r);
	job_send(second, "{\"op\":\"well\"}", NULL, 0);
	job_send(third, "{\"op\":\"well\"}", NULL, 0);
	close(second);
	usleep(50000); // the pool sees the hang-up while the first job runs
	shared->release = 1;
	struct buf body;
	cJSON *reply = job_reply(third, &body);
	assert_non_null(json_string(reply, "did"));
	assert_int_equal(shared->started, 2);
	cJSON_Delete(reply);
	buf_free(&body);
	close(first);
	close(third);
	server_stop(&r);
}

// 0 (the job's connection again), 1, 2 and the connection.
static void a_child_sees_no_other_connection(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve);
	int other = peer_connect(&r), waiting[3];
	job_send(other, "{\"op\":\"hold\"}", NULL, 0);
	wait_started(1);
	int fd = peer_connect(&r);
	for (int i = 0; i < 3; i++)
		waiting[i] = peer_connect(&r);
	job_send(fd, "{\"op\":\"descriptors\"}", NULL, 0);
	struct buf body;
	cJSON_Delete(job_reply(fd, &body));
	buf_free(&body);
	// What the test program itself was started with (a pipe of make, a log) is inherited by every process here.
	int inherited = 0;
	for (int i = 3; i < 256; i++)
		inherited += fcntl(i, F_GETFD) >= 0 && i != other && i != fd && i != waiting[0] && i != waiting[1] && i != waiting[2];
	assert_int_equal(shared->descriptors, 4 + inherited);
	shared->release = 1;
	for (int i = 0; i < 3; i++)
		close(waiting[i]);
	close(fd);
	close(other);
	server_stop(&r);
}

// Whoever connects and is silent has no child and takes nobody's place, however many there are.
static void silent_callers_keep_nobody_waiting(void **state)
{
	(void)state;
	enum { SILENT = 600 };
	struct server r;
	int silent[SILENT];
	server_start(&r, serve_one);
	for (int i = 0; i < SILENT; i++)
		silent[i] = peer_connect(&r);
	for (int i = 0; i < 3; i++)
		expect_done(&r, "{\"op\":\"well\"}");
	assert_int_equal(shared->started, 3);
	assert_int_equal(shared->most, 1);
	int fd = silent[SILENT - 1]; // it is still listened to
	job_send(fd, "{\"op\":\"well\"}", NULL, 0);
	struct buf body;
	cJSON *reply = job_reply(fd, &body);
	assert_non_null(json_string(reply, "did"));
	cJSON_Delete(reply);
	buf_free(&body);
	for (int i = 0; i < SILENT; i++)
		close(silent[i]);
	server_stop(&r);
}

// Being there is no job: it is said without a child, also while all children are busy, and only to the very question.
static void a_ping_needs_no_child(void **state)
{
	(void)state;
	struct server r;
	struct err e = {0};
	server_start(&r, serve_one);
	int busy = peer_connect(&r);
	job_send(busy, "{\"op\":\"hold\"}", NULL, 0);
	wait_started(1);
	for (int i = 0; i < 10; i++) {
		CALL_AUTO struct call c = CALL_INIT;
		JSON_AUTO cJSON *head = worker_ping_head();
		assert_int_equal(call_ask(&c, r.address.sun_path, head, "", 0, -1, monotonic_ms() + PATIENCE_MS, &e), 0);
		assert_true(cJSON_IsTrue(json_get(c.reply.head, "ok")));
	}
	assert_int_equal(shared->started, 1);
	shared->release = 1;
	expect_done(&r, "{\"op\":\"pinh\"}");
	expect_done(&r, "{\"op\":\"ping\",\"more\":1}");
	close(busy);
	server_stop(&r);
}

static void stopping_ends_the_children(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve);
	int fd = peer_connect(&r);
	job_send(fd, "{\"op\":\"sleep\"}", NULL, 0);
	wait_started(1);
	pid_t child = shared->pid;
	server_stop(&r);
	assert_int_equal(kill(child, 0), -1);
	char byte;
	assert_int_equal(read(fd, &byte, 1), 0); // closed without an answer: the caller knows that the server went away
	close(fd);
}

static void children_die_with_the_parent(void **state)
{
	(void)state;
	struct server r;
	server_start(&r, serve);
	int fd = peer_connect(&r);
	job_send(fd, "{\"op\":\"sleep\"}", NULL, 0);
	wait_started(1);
	pid_t child = shared->pid;
	kill(r.pid, SIGKILL);
	assert_int_equal(waitpid(r.pid, NULL, 0), r.pid);
	assert_true(process_ends(child)); // ours now, as the subreaper
	close(fd);
	server_clean(&r);
}

static void a_descriptor_that_does_not_listen_is_refused(void **state)
{
	(void)state;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e = {0};
		const struct pool pool = {.listener = pair[0], .wall_ms = 1000, .job = job};
		_exit(pool_run(&pool, &e) != 0 && e.code == ERR_INPUT ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(pair[0]);
	close(pair[1]);
}

static int fresh(void **state)
{
	(void)state;
	memset(shared, 0, sizeof *shared);
	return 0;
}

int main(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_child_that_dies_is_answered_for, fresh),
	    cmocka_unit_test_setup(a_job_that_takes_too_long_is_ended, fresh),
	    cmocka_unit_test_setup(hanging_up_kills_the_child, fresh),
	    cmocka_unit_test_setup(half_closing_is_not_hanging_up, fresh),
	    cmocka_unit_test_setup(no_more_children_than_allowed, fresh),
	    cmocka_unit_test_setup(a_waiting_caller_that_hangs_up_is_dropped, fresh),
	    cmocka_unit_test_setup(a_child_sees_no_other_connection, fresh),
	    cmocka_unit_test_setup(silent_callers_keep_nobody_waiting, fresh),
	    cmocka_unit_test_setup(a_ping_needs_no_child, fresh),
	    cmocka_unit_test_setup(stopping_ends_the_children, fresh),
	    cmocka_unit_test_setup(children_die_with_the_parent, fresh),
	    cmocka_unit_test_setup(a_descriptor_that_does_not_listen_is_refused, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
