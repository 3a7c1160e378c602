// SPDX-License-Identifier: ISC
#include "fcgi/ipc/supervisor.h"
#include "fcgi/ipc/note.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/base/when.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { GRACE_MS = 30000 };

static int notify_socket = -1;
static uint64_t watchdog_ms, told_ms; // 0: there is no watchdog

static void supervisor_tell(const char *message)
{
	if (notify_socket >= 0 && send(notify_socket, message, strlen(message), MSG_NOSIGNAL) < 0)
		note_line("systemd cannot be told that %s: %s", message, strerrorname_np(errno));
	told_ms = monotonic_ms();
}

void supervisor_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = setting("NOTIFY_SOCKET", NULL);
	size_t len = path != NULL ? strlen(path) : 0;

	if (len == 0 || len >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0'; // an abstract name
	notify_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify_socket < 0 ||
	    connect(notify_socket, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0) {
		note_line("systemd cannot be told anything: %s: %s", path, strerrorname_np(errno));
		fd_close(&notify_socket);
		return;
	}
	const char *pid = setting("WATCHDOG_PID", NULL);
	watchdog_ms = pid == NULL || strtol(pid, NULL, 10) == getpid() ? strtoull(setting("WATCHDOG_USEC", "0"), NULL, 10) / 1000 : 0;
}

void supervisor_ready(void)
{
	supervisor_tell("READY=1");
}

void supervisor_alive(void)
{
	if (watchdog_ms > 0 && monotonic_ms() - told_ms >= watchdog_ms / 4)
		supervisor_tell("WATCHDOG=1");
}

void supervisor_stopping(unsigned within_ms)
{
	char message[96];

	snprintf(message, sizeof message, "STOPPING=1\nWATCHDOG_USEC=%llu", (within_ms + GRACE_MS) * 1000ULL);
	supervisor_tell(watchdog_ms > 0 ? message : "STOPPING=1");
}
