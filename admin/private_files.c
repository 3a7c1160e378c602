// SPDX-License-Identifier: ISC
// No file is opened here: closing it again would drop the locks that this process holds on it.
#include "admin/private_files.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { OTHERS = S_IRWXG | S_IRWXO };

static int private_files_in(const char *folder, void (*each)(void *arg, const char *path, mode_t mode), void *arg, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	DIR *d = opendir(folder);

	if (d == NULL)
		return errno == ENOENT ? 0 : err_system(e, ERR_IO, errno, "%s", folder);
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (strcmp(entry->d_name, "ledger.pub") == 0 || strcmp(entry->d_name, "master.key") == 0 ||
		    path_join(path, sizeof path, folder, entry->d_name, NULL) != 0 || lstat(path, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode) && (st.st_mode & OTHERS) != 0)
			each(arg, path, st.st_mode & 07777);
	}
	closedir(d);
	return 0;
}

int private_files_each(const char *state, void (*each)(void *arg, const char *path, mode_t mode), void *arg, struct err *e)
{
	static const char *const names[] = {"keys", "log"};
	char folder[PATH_MAX];

	if (private_files_in(state, each, arg, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (path_join(folder, sizeof folder, state, names[i], e) != 0 || private_files_in(folder, each, arg, e) < 0)
			return -1;
	return 0;
}

static void private_file_close(void *arg, const char *path, mode_t mode)
{
	size_t *closed = arg;

	*closed += chmod(path, mode & ~(mode_t)OTHERS) == 0;
}

int private_files_close(const char *state, size_t *closed, struct err *e)
{
	*closed = 0;
	return private_files_each(state, private_file_close, closed, e);
}
