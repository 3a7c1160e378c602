// SPDX-License-Identifier: ISC
// The listening socket: what waits is accepted, and a process without descriptors rests instead of spinning, and says so once.
#include "fcgi/ipc/listener.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int listen_at_a_path(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "/tmp/lethe-listener-%d", (int)getpid());
	unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static int caller(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void what_waits_is_accepted(void **state)
{
	(void)state;
	struct listener l;
	struct err e;
	unsigned rest_ms = 1;
	int fd = listen_at_a_path(), peer = caller();
	assert_int_equal(listener_open(&l, fd, &e), 0);
	int connection = listener_accept(&l, SOCK_NONBLOCK, &rest_ms);
	assert_true(connection >= 0);
	assert_true(fcntl(connection, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(connection, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(listener_accept(&l, 0, &rest_ms), -1); // nothing waits: at once, and no reason to rest
	assert_int_equal(rest_ms, 0);
	close(connection);
	close(peer);
	close(fd);
	unlink(address.sun_path);
}

static void without_descriptors_it_rests_and_says_so_once(void **state)
{
	(void)state;
	struct listener l;
	struct err e;
	struct rlimit before, none;
	unsigned rest_ms = 0;
	char said[512] = "";
	int fd = listen_at_a_path(), peers[2] = {caller(), caller()}, pipes[2], old_stderr = dup(STDERR_FILENO);
	assert_int_equal(listener_open(&l, fd, &e), 0);
	assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(listener_accept(&l, 0, &rest_ms), -1);
		assert_int_equal(rest_ms, LISTENER_REST_MS);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	dup2(old_stderr, STDERR_FILENO);
	assert_true(read(pipes[0], said, sizeof said - 1) > 0);
	assert_non_null(strstr(said, "accept"));
	assert_string_equal(strchr(said, '\n'), "\n");
	for (int i = 0; i < 2; i++) { // none was lost
		int connection = listener_accept(&l, 0, &rest_ms);
		assert_true(connection >= 0);
		close(connection);
		close(peers[i]);
	}
	close(old_stderr);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	unlink(address.sun_path);
}

static void what_does_not_listen_is_refused(void **state)
{
	(void)state;
	struct listener l;
	struct err e;
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(listener_open(&l, pair[0], &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(listener_open(&l, -1, &e), -1);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_waits_is_accepted),
	    cmocka_unit_test(without_descriptors_it_rests_and_says_so_once),
	    cmocka_unit_test(what_does_not_listen_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
