// SPDX-License-Identifier: ISC
#include "policy/vault/space_reserve.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

// Emptied, not unlinked: a program may change the files of the stores, but make and remove none in the state folder. Written, not only allocated,
// so that the space is really taken; a smaller one than asked for is of no use.
bool space_reserve(const char *state, bool take)
{
	static const char zeros[64 * 1024];
	struct stat file;
	char path[PATH_MAX], old[PATH_MAX];
	bool full = false;

	if (path_join(path, sizeof path, state, "space-reserve", NULL) != 0 || path_join(old, sizeof old, state, "ballast", NULL) != 0)
		return false;
	if (take)
		rename(old, path); // its name in an earlier version
	FD_AUTO int fd = open(path, O_WRONLY | (take ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &file) != 0 || (file.st_size == 0) != take)
		return false;
	if (!take)
		return ftruncate(fd, 0) == 0;
	for (int i = 0; i < SPACE_RESERVE_BYTES / (int)sizeof zeros && !full; i++)
		full = fd_write_all(fd, zeros, sizeof zeros) != 0;
	if (fsync(fd) != 0)
		full = true;
	if (full && ftruncate(fd, 0) != 0)
		fprintf(stderr, "lethe: %s takes space that is needed\n", path);
	file_own_like(path, state);
	return !full;
}
