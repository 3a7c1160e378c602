// SPDX-License-Identifier: ISC
// A process that serves jobs on a Unix socket of its own, and a caller's side of it.
#ifndef LETHE_TESTS_WORKER_FIXTURE_H
#define LETHE_TESTS_WORKER_FIXTURE_H

// cmocka.h wants these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/ipc/call.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 }; // sanitizers and busy machines are slow; nothing waits this long when it works

struct server {
	pid_t pid;
	char folder[64];
	struct sockaddr_un address;
};

// Forks `serve`, whose descriptor 0 is the listener; what it returns is its exit status.
static inline void server_start(struct server *r, int (*serve)(void))
{
	// Children that the server should leave behind become ours, where server_stop() finds them.
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	snprintf(r->folder, sizeof r->folder, "%s", "/tmp/lethe-worker-test-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	r->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(r->address.sun_path, sizeof r->address.sun_path, "%s/socket", r->folder);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&r->address, sizeof r->address), 0);
	assert_int_equal(listen(listener, 128), 0);
	fflush(NULL);
	r->pid = fork();
	if (r->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); // a failed test leaves nothing behind
		dup2(listener, STDIN_FILENO);
		close(listener);
		_exit(serve());
	}
	assert_true(r->pid > 0);
	close(listener);
}

static inline void server_clean(const struct server *r)
{
	unlink(r->address.sun_path);
	rmdir(r->folder);
}

// Ends the server as a service manager does: it must end well, and leave no process behind.
static inline void server_stop(struct server *r)
{
	int status = -1;
	assert_int_equal(kill(r->pid, SIGTERM), 0);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	server_clean(r);
}

static inline int peer_connect(const struct server *r)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&r->address, sizeof r->address), 0);
	return fd;
}

static inline void job_send(int fd, const char *head, const void *body, size_t len)
{
	struct err e = {0};
	cJSON *json = cJSON_Parse(head);
	assert_non_null(json);
	if (frame_send(fd, json, body, len, monotonic_ms() + PATIENCE_MS, &e) != 0)
		fail_msg("%s", e.text);
	cJSON_Delete(json);
}

// The reply's head; its body goes to `body`, which the caller frees.
static inline cJSON *job_reply(int fd, struct buf *body)
{
	struct err e = {0};
	cJSON *head = NULL;
	*body = BUF_INIT(FRAME_BODY_MAX);
	if (frame_receive(fd, &head, body, monotonic_ms() + PATIENCE_MS, &e) != 0)
		fail_msg("%s", e.text);
	return head;
}

static inline const char *error_code(const cJSON *head)
{
	const char *code = json_string(json_get(head, "error"), "code");
	return code != NULL ? code : "";
}

// Sends a job and returns its reply's head.
static inline cJSON *job_do(const struct server *r, const char *head, const void *body, size_t len)
{
	int fd = peer_connect(r);
	struct buf reply_body;
	job_send(fd, head, body, len);
	cJSON *reply = job_reply(fd, &reply_body);
	buf_free(&reply_body);
	close(fd);
	return reply;
}

static inline void expect_error(const struct server *r, const char *head, const void *body, size_t len, const char *code)
{
	cJSON *reply = job_do(r, head, body, len);
	assert_string_equal(error_code(reply), code);
	cJSON_Delete(reply);
}

// Reaps a child of ours within a few seconds; ends it, and says false, when it does not end by itself.
static inline bool process_ends(pid_t pid)
{
	for (uint64_t end = monotonic_ms() + 5000; monotonic_ms() < end; usleep(2000))
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return false;
}

static inline bool process_gone(pid_t pid)
{
	for (uint64_t end = monotonic_ms() + PATIENCE_MS; monotonic_ms() < end; usleep(2000))
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return true;
	return false;
}

#endif
