// SPDX-License-Identifier: ISC
#include "fcgi/ipc/listener.h"
#include "fcgi/ipc/note.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

int listener_open(struct listener *l, int fd, struct err *e)
{
	int listens = 0;
	socklen_t size = sizeof listens;
	*l = (struct listener){.fd = fd};
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens)
		return err_set(e, ERR_INPUT,
			       "descriptor %d is not a listening socket: start this program through its systemd socket or lethe-run", fd);
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return err_system(e, ERR_IO, errno, "the listening socket");
	return 0;
}

int listener_accept(struct listener *l, int flags, unsigned *rest_ms)
{
	int fd;
	do
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | flags);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	bool rest = fd < 0 && errno != EAGAIN;
	if (rest && !atomic_exchange(&l->exhausted, true))
		note_line("accept: %s: not accepting for %d ms", strerrorname_np(errno), LISTENER_REST_MS);
	if (fd >= 0 && atomic_load(&l->exhausted))
		atomic_store(&l->exhausted, false);
	if (rest_ms != NULL)
		*rest_ms = rest ? LISTENER_REST_MS : 0;
	return fd;
}
