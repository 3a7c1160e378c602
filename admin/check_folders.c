// SPDX-License-Identifier: ISC
// The folders and the store files: is anything there that no kind of data covers?
#include "admin/check.h"
#include "admin/private_files.h"
#include "policy/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

enum { DRIFT_SHOWN = 8 };

#define HEX8   "[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
#define DAY    "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
#define SQLITE "@(|-wal|-shm|-journal)"
// Everything that may lie there, as patterns of fnmatch (extended). A folder's pattern ends with a slash; "x/**" covers all below x.
static const char *const state_files[] = {
    "vault.db" SQLITE,
    "vault.lock",
    "run.lock",
    "run.env",
    "space-reserve",
    "keys/",
    "keys/keys.db" SQLITE,
    "keys/master.key",
    "keys/ledger.key",
    "keys/ledger.pub",
    "log/",
    "log/" DAY ".db" SQLITE,
    "egress/",
    "egress/traffic.json",
    "publish/**",
    "policy/**",
    NULL,
};
static const char *const run_files[] = {
#define PROGRAM(name, ...) #name ".sock",
#include "fcgi/ipc/programs.def"
#undef PROGRAM
    "error.log",
    "spool/",
    "spool/" HEX8 HEX8 HEX8 HEX8 ".zip",
    "spool/*.tmp",
    "nginx/",
    "nginx/nginx.conf",
    "nginx/nginx.pid",
    "nginx/nginx.pid.oldbin",
    "nginx/snippets/**",
    "nginx/@(body|fastcgi|proxy|uwsgi|scgi)/**",
    "acme/**",
    NULL,
};

static bool pattern_covers(const char *const *patterns, const char *path, bool folder)
{
	char text[PATH_MAX + 2], below[PATH_MAX];

	snprintf(text, sizeof text, "%s%s", path, folder ? "/" : "");
	for (; *patterns != NULL; patterns++) {
		const char *stars = strstr(*patterns, "**");
		snprintf(below, sizeof below, "%.*s*", stars != NULL ? (int)(stars - *patterns) : 0, *patterns);
		if (fnmatch(stars != NULL ? below : *patterns, text, stars != NULL ? FNM_EXTMATCH : FNM_PATHNAME | FNM_EXTMATCH) == 0)
			return true;
	}
	return false;
}

struct tour {
	struct check *c;
	const char *base;
	const char *const *patterns;
	size_t drift, closed, depth;
};

static void folder_visit(struct tour *t, const char *relative)
{
	char folder[PATH_MAX], path[PATH_MAX], full[PATH_MAX];
	struct stat st;

	if (path_join(folder, sizeof folder, t->base, relative, NULL) != 0 || t->depth > 8)
		return;
	DIR *d = opendir(*relative ? folder : t->base);
	if (d == NULL) {
		t->closed += errno != ENOENT;
		return;
	}
	t->depth++;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    snprintf(path, sizeof path, "%s%s%s", relative, *relative ? "/" : "", entry->d_name) >= (int)sizeof path ||
		    path_join(full, sizeof full, t->base, path, NULL) != 0 || lstat(full, &st) < 0)
			continue; // it went meanwhile
		bool is_folder = S_ISDIR(st.st_mode), link = S_ISLNK(st.st_mode);
		if (!link && pattern_covers(t->patterns, path, is_folder)) {
			if (is_folder)
				folder_visit(t, path);
		} else if (t->drift++ < DRIFT_SHOWN) {
			check_add(t->c, CHECK_BROKEN, "Find out who made it and what is in it; then remove it.",
				  "%s is %s, and no kind of data that the policy declares is kept there", full,
				  link        ? "a link"
				  : is_folder ? "a folder"
					      : "a file");
		}
	}
	t->depth--;
	closedir(d);
}

static void check_folders(struct check *c)
{
	struct tour state = {.c = c, .base = c->admin->state, .patterns = state_files};
	struct tour run = {.c = c, .base = c->admin->run, .patterns = run_files};

	folder_visit(&state, "");
	folder_visit(&run, "");
	size_t drift = state.drift + run.drift;
	if (drift > 2 * DRIFT_SHOWN)
		check_add(c, CHECK_BROKEN, "Look through the folders.", "%zu such files and folders in all", drift);
	if (drift == 0 && (state.closed || run.closed))
		check_add(c, CHECK_KEPT, "", "nothing else is there, as far as this user may look (%zu folders are closed to it)",
			  state.closed + run.closed);
	else if (drift == 0)
		check_add(c, CHECK_KEPT, "", "every file in %s and %s is one that a declared kind or the software needs", c->admin->state,
			  c->admin->run);
}

static void add_open_file(void *arg, const char *path, mode_t mode)
{
	struct check *c = arg;

	check_add(c, CHECK_BROKEN, "lethe keys init takes it from the others; find out who let them in.",
		  "%s has mode %04o: others than its owner can use it", path, (unsigned)mode);
}

static void check_private(struct check *c)
{
	struct err e;

	if (private_files_each(c->admin->state, add_open_file, c, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the stores.", "%s", e.text);
	else if (!c->bad)
		check_add(c, CHECK_KEPT, "", "the files of the stores can be used by their owner only");
}

bool check_on_memory(const char *path)
{
	char at[PATH_MAX];
	struct statfs fs;

	snprintf(at, sizeof at, "%s", path);
	while (statfs(at, &fs) < 0) {
		char *slash = strrchr(at, '/');
		if (slash == NULL)
			return false;
		if (slash == at)
			return statfs("/", &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
		*slash = '\0';
	}
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

static void check_spool(struct check *c)
{
	char path[PATH_MAX];

	if (path_join(path, sizeof path, c->admin->run, "spool", NULL) != 0)
		return;
	if (check_on_memory(path))
		check_add(c, CHECK_KEPT, "", "the archives in %s are in memory", path);
	else
		check_add(c, CHECK_BROKEN, "Put the run folder on a tmpfs.", "the archives in %s would be written to a disk", path);
}

const struct check_row check_folders_rows[] = {
    {"private", "Only the site's own user can use the stores' files.", false, false, check_private},
    {"folders", "Files hold what the policy declares, and nothing else.", false, false, check_folders},
    {"spool", "Archives are in memory only.", false, false, check_spool},
    {0},
};
