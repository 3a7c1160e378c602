// SPDX-License-Identifier: ISC
// egress as a child process, and a small web server for it to talk to. Everything is on loopback and in a folder of its own.
#ifndef LETHE_TESTS_UNIT_EGRESS_SUPPORT_H
#define LETHE_TESTS_UNIT_EGRESS_SUPPORT_H

#include "tests/unit/test.h"

#include "fcgi/ipc/call.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- a web server ----

struct peer {
	int fd;
	int port;
	pthread_t thread;
	atomic_int accepted, requests, left; // `left`: connections that the other side closed before the answer was out
	atomic_int open;
	atomic_bool stop;
	// Answers one request on `fd`; the connection is closed afterwards.
	void (*serve)(struct peer *p, int fd, const char *path, const char *request);
};

struct peer_connection {
	struct peer *peer;
	int fd;
};

static inline void *peer_connection(void *arg)
{
	struct peer_connection *c = arg;
	char request[8192], path[2048] = "";
	size_t len = 0;
	ssize_t n;
	while (len < sizeof request - 1 && (n = recv(c->fd, request + len, sizeof request - 1 - len, 0)) > 0) {
		len += (size_t)n;
		request[len] = '\0';
		const char *end = strstr(request, "\r\n\r\n");
		if (end == NULL)
			continue;
		const char *stated = strcasestr(request, "content-length:");
		if (len - (size_t)(end + 4 - request) >= (stated != NULL ? strtoul(stated + 15, NULL, 10) : 0))
			break;
	}
	if (len > 0 && sscanf(request, "%*s %2047s", path) == 1) {
		c->peer->requests++;
		c->peer->serve(c->peer, c->fd, path, request);
	}
	close(c->fd);
	c->peer->open--;
	free(c);
	return NULL;
}

static inline void *peer_accept(void *arg)
{
	struct peer *p = arg;
	for (;;) {
		int fd = accept(p->fd, NULL, NULL);
		if (fd < 0 && p->stop)
			return NULL;
		if (fd < 0)
			continue;
		struct peer_connection *c = malloc(sizeof *c);
		*c = (struct peer_connection){p, fd};
		pthread_t thread;
		pthread_attr_t small;
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 256 * 1024);
		pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
		p->accepted++;
		p->open++;
		assert_int_equal(pthread_create(&thread, &small, peer_connection, c), 0);
		pthread_attr_destroy(&small);
	}
}

// `address` in network order; INADDR_ANY shows whether 0.0.0.0 was reached.
static inline void peer_start(struct peer *p, in_addr_t address, void (*serve)(struct peer *, int, const char *, const char *))
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = address};
	socklen_t size = sizeof a;
	*p = (struct peer){.serve = serve};
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(p->fd, 4096), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&a, &size), 0);
	p->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, peer_accept, p), 0);
}

static inline void peer_stop(struct peer *p)
{
	p->stop = true;
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	for (int i = 0; i < 500 && p->open > 0; i++)
		usleep(10000);
	close(p->fd);
}

static inline int peer_send(int fd, const char *bytes, size_t len)
{
	for (size_t sent = 0; sent < len;) {
		ssize_t n = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			return -1;
		sent += (size_t)n;
	}
	return 0;
}

static inline int peer_sends(int fd, const char *text)
{
	return peer_send(fd, text, strlen(text));
}

static inline void peer_answer(int fd, const char *status, const char *type, const char *more_headers, const char *body)
{
	char head[4096];
	int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
			 type, strlen(body), more_headers);
	peer_send(fd, head, (size_t)n);
	peer_sends(fd, body);
}

// Waits until the other side closes the connection, at most `ms`; true when it did.
static inline bool peer_wait_closed(int fd, int ms)
{
	char byte;
	struct timeval t = {ms / 1000, ms % 1000 * 1000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	ssize_t n = recv(fd, &byte, 1, 0);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

// ---- egress ----

struct egress_child {
	pid_t pid;
	char folder[64], socket[108], policy[128], errors[128];
};

// build/VARIANT/unit/NAME → build/VARIANT/WHAT
static inline void program_path(char *out, size_t size, const char *what)
{
	char self[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	*strrchr(self, '/') = '\0';
	assert_true((size_t)snprintf(out, size, "%.900s/%s", self, what) < size);
	if (access(out, X_OK) < 0)
		fail_msg("%s is not built: make programs first (with the same VARIANT)", out);
}

// The default policy as a file of the test's own.
static inline void policy_write(const char *path)
{
	struct err e;
	BUF_AUTO struct buf text = BUF_INIT(POLICY_BYTES_MAX);
	if (file_read("policy/sites/bizimages.xml", &text, &e) != 0 || file_write(path, text.data, text.len, 0600, NULL, &e) != 0)
		fail_msg("%s (tests run in the project's folder)", e.text);
}

// Takes out of the policy every part that begins with `from` and ends with `to`.
static inline void policy_cut(const char *path, const char *from, const char *to)
{
	struct err e;
	BUF_AUTO struct buf text = BUF_INIT(POLICY_BYTES_MAX);
	assert_int_equal(file_read(path, &text, &e), 0);
	char *start = strstr(text.data, from);
	assert_non_null(start);
	for (; start != NULL; start = strstr(start, from)) {
		char *end = strstr(start, to);
		assert_non_null(end);
		memmove(start, end + strlen(to), strlen(end + strlen(to)) + 1);
	}
	assert_int_equal(file_write(path, text.data, strlen(text.data), 0600, NULL, &e), 0);
}

// Replaces every `from` by `to`.
static inline void policy_replace(const char *path, const char *from, const char *to)
{
	struct err e;
	BUF_AUTO struct buf text = BUF_INIT(POLICY_BYTES_MAX), out = BUF_INIT(POLICY_BYTES_MAX);
	assert_int_equal(file_read(path, &text, &e), 0);
	const char *rest = text.data;
	for (const char *at; (at = strstr(rest, from)) != NULL; rest = at + strlen(from)) {
		buf_add(&out, rest, (size_t)(at - rest));
		buf_adds(&out, to);
	}
	buf_adds(&out, rest);
	assert_int_equal(file_write(path, out.data, out.len, 0600, NULL, &e), 0);
}

static inline void egress_folder(struct egress_child *c)
{
	*c = (struct egress_child){0};
	snprintf(c->folder, sizeof c->folder, "/tmp/lethe-egress-XXXXXX");
	assert_non_null(mkdtemp(c->folder));
	snprintf(c->socket, sizeof c->socket, "%s/egress.sock", c->folder);
	snprintf(c->policy, sizeof c->policy, "%s/policy.xml", c->folder);
	snprintf(c->errors, sizeof c->errors, "%s/stderr", c->folder);
	policy_write(c->policy);
}

// Starts "testing/egress" or "bin/egress" with these settings ("NAME=value", NULL-terminated) and no others of ours.
static inline void egress_start(struct egress_child *c, const char *program, const char *const *settings)
{
	char path[1024];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	program_path(path, sizeof path, program);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", c->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(c->socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 4096), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		static const char *const ours[] = {"AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL", "AZURE_OPENAI_API_KEY",
						   "LETHE_CA_FILE"};
		prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that fails leaves no process
		dup2(fd, 0);
		FILE *errors = freopen(c->errors, "a", stderr);
		for (size_t i = 0; i < 4; i++)
			unsetenv(ours[i]);
		setenv("LETHE_POLICY", c->policy, 1);
		setenv("LETHE_STATE", c->folder, 1);
		setenv("LETHE_SANDBOX", "kill", 1);
		setenv("LETHE_EGRESS_DAILY", "0", 1);
		for (; settings != NULL && *settings != NULL; settings++)
			putenv((char *)(uintptr_t)*settings);
		execl(path, path, (char *)NULL);
		_exit(errors != NULL ? 126 : 127);
	}
	close(fd);
}

static inline size_t egress_memory_kib(const struct egress_child *c)
{
	char path[64], line[256];
	size_t kib = 0;
	snprintf(path, sizeof path, "/proc/%d/status", c->pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		(void)sscanf(line, "VmRSS: %zu", &kib);
	fclose(f);
	return kib;
}

// Ends it with `signal` and returns its exit status, -1 when it was killed or does not end within 10 s.
static inline int egress_stop(struct egress_child *c, int signal)
{
	int status = -1;
	kill(c->pid, signal);
	for (int i = 0; i < 1000; i++) {
		if (waitpid(c->pid, &status, WNOHANG) == c->pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		usleep(10000);
	}
	kill(c->pid, SIGKILL);
	waitpid(c->pid, &status, 0);
	return -1;
}

static inline int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s, (void)type, (void)ftw;
	return remove(path);
}

static inline void egress_discard(struct egress_child *c)
{
	nftw(c->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void egress_errors(const struct egress_child *c, struct buf *out)
{
	struct err e;
	*out = BUF_INIT(1 << 20);
	file_read(c->errors, out, &e);
}

// Ends it well: exit status 0 and nothing from a sanitizer.
static inline void egress_end(struct egress_child *c)
{
	BUF_AUTO struct buf errors = {0};
	int status = egress_stop(c, SIGTERM);
	egress_errors(c, &errors);
	if (status != 0 || strstr(buf_text(&errors), "ERROR:") != NULL)
		fail_msg("egress ended with %d:\n%s", status, buf_text(&errors));
	egress_discard(c);
}

static inline int egress_connect(const struct egress_child *c)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", c->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

// One call, start to end. `head` is consumed. *reply is the caller's; body may be NULL.
static inline void egress_ask(const struct egress_child *c, cJSON *head, const char *body, cJSON **reply, struct buf *reply_body)
{
	struct err e = {0};
	BUF_AUTO struct buf unused = BUF_INIT(FRAME_BODY_MAX);
	int fd = egress_connect(c);
	uint64_t deadline = monotonic_ms() + 60000;
	*reply = NULL;
	if (frame_send(fd, head, body, body != NULL ? strlen(body) : 0, deadline, &e) != 0 ||
	    frame_receive(fd, reply, reply_body != NULL ? reply_body : &unused, deadline, &e) != 0) {
		BUF_AUTO struct buf errors = {0};
		egress_errors(c, &errors);
		fail_msg("%s\n%s", e.text, buf_text(&errors));
	}
	close(fd);
	cJSON_Delete(head);
}

static inline const char *reply_code(const cJSON *reply)
{
	const char *code = json_string(json_get(reply, "error"), "code");
	return code != NULL ? code : "";
}

// One page call that is expected to fail with this code.
static inline void page_expect(const struct egress_child *c, const char *url, const char *code)
{
	JSON_AUTO cJSON *reply = NULL;
	egress_ask(c, egress_page_head(url, 10000), NULL, &reply, NULL);
	if (strcmp(reply_code(reply), code) != 0) {
		char *text = cJSON_PrintUnformatted(reply);
		fail_msg("%.200s: %s is expected, this came: %.400s", url, *code ? code : "success", text);
	}
}

static inline void status_ask(const struct egress_child *c, cJSON **reply)
{
	egress_ask(c, egress_status_head(), NULL, reply, NULL);
}

static inline const cJSON *status_of(const cJSON *status, const char *id)
{
	const cJSON *one;
	cJSON_ArrayForEach(one, json_get(status, "processors")) if (strcmp(json_string(one, "id"), id) == 0) return one;
	fail_msg("no processor %s in the status", id);
	return NULL;
}

#endif
