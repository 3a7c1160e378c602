// SPDX-License-Identifier: ISC
// What systemd is told, over a socket that stands for its own: a program serves, it turns, it is about to end.
#include "fcgi/ipc/supervisor.h"
#include "test.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int systemd_socket(bool abstract)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	int n = snprintf(address.sun_path, sizeof address.sun_path, "%slethe-supervisor-%d", abstract ? "@" : "/tmp/", (int)getpid());
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	if (abstract)
		address.sun_path[0] = '\0';
	else
		unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)), 0);
	return fd;
}

static void assert_told(int fd, const char *wanted)
{
	char got[128] = "";
	ssize_t n = recv(fd, got, sizeof got - 1, 0);

	if (wanted == NULL)
		assert_true(n < 0);
	else
		assert_string_equal(got, wanted);
}

// First: until it is ready nothing is told, and without a socket nothing fails.
static void without_systemd_nothing_is_told(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	supervisor_open();
	supervisor_ready();
	supervisor_alive();
	supervisor_stopping(1000);
}

static void readiness_turns_and_the_end_are_told(void **state)
{
	(void)state;
	int fd = systemd_socket(false);
	setenv("WATCHDOG_USEC", "200000", 1);
	supervisor_open();
	supervisor_ready();
	assert_told(fd, "READY=1");
	supervisor_alive();
	assert_told(fd, NULL); // not at every turn
	usleep(60000);
	supervisor_alive();
	assert_told(fd, "WATCHDOG=1");
	supervisor_stopping(1000); // requests under way are finished: no watchdog may interrupt that
	assert_told(fd, "STOPPING=1\nWATCHDOG_USEC=31000000");
	unlink(getenv("NOTIFY_SOCKET"));
	close(fd);
}

static void another_processs_watchdog_is_not_ours(void **state)
{
	(void)state;
	int fd = systemd_socket(true);
	setenv("WATCHDOG_PID", "1", 1);
	supervisor_open();
	supervisor_ready();
	assert_told(fd, "READY=1");
	usleep(60000);
	supervisor_alive();
	assert_told(fd, NULL);
	supervisor_stopping(1000);
	assert_told(fd, "STOPPING=1");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_systemd_nothing_is_told),
	    cmocka_unit_test(readiness_turns_and_the_end_are_told),
	    cmocka_unit_test(another_processs_watchdog_is_not_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
