// SPDX-License-Identifier: ISC
// A question to a program over its socket: a right answer, and every wrong one.
#include "fcgi/ipc/call.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "tests/unit/test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/lethe-call-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void path_of(char *out, size_t size)
{
	snprintf(out, size, "%s/egress.sock", folder);
}

static int listener(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	path_of(address.sun_path, sizeof address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

// In a child: takes one question, checks its head, and sends `bytes` in pieces of `piece`.
static pid_t answer(int fd, const void *bytes, size_t len, size_t piece)
{
	static const char question[] = "\0\0\0\x0f\0\0\0\0{\"op\":\"status\"}";
	char got[sizeof question - 1];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	alarm(20); // a test that fails leaves no child waiting
	int peer = accept(fd, NULL, NULL);
	if (recv(peer, got, sizeof got, MSG_WAITALL) != (ssize_t)sizeof got || memcmp(got, question, sizeof got) != 0)
		_exit(1);
	for (size_t at = 0; at < len; at += piece)
		if (send(peer, (const char *)bytes + at, len - at < piece ? len - at : piece, MSG_NOSIGNAL) < 0)
			_exit(errno == EPIPE || errno == ECONNRESET ? 0 : 2);
	_exit(0);
}

static cJSON *ask(const void *bytes, size_t len, size_t piece, struct err *e)
{
	char path[128];
	int status, fd = listener();
	pid_t pid = answer(fd, bytes, len, piece);
	cJSON *reply = call_program(folder, "egress", "status", e);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fd);
	path_of(path, sizeof path);
	unlink(path);
	return reply;
}

static size_t frame(char *out, const char *head, uint32_t claimed)
{
	uint32_t lengths[2] = {htonl(claimed), 0};

	memcpy(out, lengths, 8);
	memcpy(out + 8, head, strlen(head));
	return 8 + strlen(head);
}

static void a_right_answer(void **state)
{
	char bytes[256];
	struct err e;
	size_t len = frame(bytes, "{\"testing\":false}", 17);

	(void)state;
	for (size_t piece = 1; piece < 30; piece += 14) {
		JSON_AUTO cJSON *reply = ask(bytes, len, piece, &e);
		assert_non_null(reply);
		assert_true(cJSON_IsFalse(json_get(reply, "testing")));
	}
}

static void wrong_answers(void **state)
{
	static const struct {
		const char *head;
		uint32_t claimed;
		enum err_code code;
	} wrong[] = {
	    {"{\"a\":1}", 8, ERR_UNAVAILABLE}, // ends too early
	    {"{\"a\":", 5, ERR_INPUT},         // not JSON
	    {"", 0, ERR_INPUT},
	    {"{}", FRAME_HEAD_MAX + 1, ERR_INPUT}, // longer than any head
	    {"{}", UINT32_MAX, ERR_INPUT},
	};
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = {0};
		size_t len = frame(bytes, wrong[i].head, wrong[i].claimed);
		assert_null(ask(bytes, len, 64, &e));
		assert_int_equal(e.code, wrong[i].code);
	}
}

static void nobody_there(void **state)
{
	char longest[300];
	struct err e;

	(void)state;
	assert_null(call_program(folder, "egress", "status", &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_null(call_program(longest, "egress", "status", &e));
	assert_int_equal(e.code, ERR_INPUT);
}

static void a_silent_program_does_not_keep_us(void **state)
{
	char path[128];
	struct err e;
	int fd = listener(); // the kernel accepts; nobody reads

	(void)state;
	assert_null(call_program(folder, "egress", "status", &e));
	assert_int_equal(e.code, ERR_TIMEOUT);
	close(fd);
	path_of(path, sizeof path);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_right_answer),
	    cmocka_unit_test(wrong_answers),
	    cmocka_unit_test(nobody_there),
	    cmocka_unit_test(a_silent_program_does_not_keep_us),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
