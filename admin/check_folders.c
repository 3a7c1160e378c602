// SPDX-License-Identifier: ISC
// The folders and the store files: is anything there that no kind of data covers?
#include "admin/check.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

enum { DRIFT_SHOWN = 8, DEPTH_MAX = 8 };

#define HEX8   "[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
#define DIGIT4 "[0-9][0-9][0-9][0-9]"
#define DAY    "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
#define SQLITE "@(|-wal|-shm|-journal)"
// Everything that may lie there, as patterns of fnmatch (extended). A folder's pattern ends with a slash; "x/**" covers all below x.
static const char *const state_files[] = {
    "vault.db" SQLITE,
    "vault.lock",
    "run.lock",
    "run.env",
    "space-reserve",
    "tombstones/",
    "tombstones/list@(|.new|." HEX8 ".tmp)",
    "backups",
    "restoring",
    "restoring.new/**",
    "keys/master.key.next",
    "officer/",
    "officer/@(check|agents|drill).json@(|." HEX8 ".tmp)",
    "keys/",
    "keys/keys.db" SQLITE,
    "keys/master.key",
    "keys/signer/",
    "keys/signer/ledger.key@(|.next)",
    "keys/ledger.pub",
    "keys/ledger.past",
    "ledger/",
    "ledger/verified@(|." HEX8 ".tmp)",
    "ledger/" DIGIT4 DIGIT4 DIGIT4 ".gz@(|." HEX8 ".tmp)",
    "log/",
    "log/" DAY ".db" SQLITE,
    "spool/",
    "spool/" HEX8 HEX8 HEX8 HEX8 ".zip",
    "spool/new-" HEX8 HEX8 HEX8 HEX8,
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
    "metrics.sock",
    "error.log",
    "run.lock",
    "spool/",
    "spool/" HEX8 HEX8 HEX8 HEX8 ".zip",
    "spool/new-" HEX8 HEX8 HEX8 HEX8,
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

static void check_folders(struct check *c)
{
	const char *const *patterns[] = {state_files, run_files};
	char *roots[] = {strdup(c->admin->state), strdup(c->admin->run), NULL};
	size_t drift[2] = {0}, closed = 0, root = 0;
	FTS *tour = roots[0] != NULL && roots[1] != NULL ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL) : NULL;

	if (tour == NULL)
		check_add(c, CHECK_UNSURE, "Free some memory.", "the folders cannot be looked through");
	for (FTSENT *entry; tour != NULL && (entry = fts_read(tour)) != NULL;) {
		bool folder = entry->fts_info == FTS_D, link = entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE;
		if (entry->fts_level == 0)
			root = strcmp(entry->fts_path, roots[0]) == 0 ? 0 : 1;
		if (entry->fts_info == FTS_DNR || (entry->fts_level == 0 && !folder && entry->fts_info != FTS_DP))
			closed += entry->fts_errno != ENOENT;
		if (entry->fts_level == 0 || (!folder && !link && entry->fts_info != FTS_F && entry->fts_info != FTS_DEFAULT))
			continue; // its end, or it went meanwhile
		const char *relative = entry->fts_path + strlen(roots[root]);
		bool covered = !link && pattern_covers(patterns[root], relative + (*relative == '/'), folder);
		if (!covered || entry->fts_level > DEPTH_MAX)
			fts_set(tour, entry, FTS_SKIP);
		if (!covered && drift[root]++ < DRIFT_SHOWN)
			check_add(c, CHECK_BROKEN, "Find out who made it and what is in it; then remove it.",
				  "%s is %s, and no kind of data that the policy declares is kept there", entry->fts_path,
				  link     ? "a link"
				  : folder ? "a folder"
					   : "a file");
	}
	if (tour != NULL)
		fts_close(tour);
	text_free(&roots[0]);
	text_free(&roots[1]);
	if (drift[0] > DRIFT_SHOWN || drift[1] > DRIFT_SHOWN)
		check_add(c, CHECK_BROKEN, "Look through the folders.", "%zu such files and folders in all", drift[0] + drift[1]);
	if (!c->bad && closed > 0)
		check_add(c, CHECK_KEPT, "", "nothing else is there, as far as this user may look (%zu folders are closed to it)", closed);
	else if (!c->bad)
		check_add(c, CHECK_KEPT, "", "every file in %s and %s is one that a declared kind or the software needs", c->admin->state,
			  c->admin->run);
}

// Not the public key of the ledger, nor the master key, which has a check of its own. No file is opened: closing it again would drop the
// locks that this process holds on it.
int check_private_files(const char *state, bool close, void (*each)(void *arg, const char *path, mode_t mode), void *arg, struct err *e)
{
	static const char *const folders[] = {".", "keys", "keys/signer", "log", "tombstones", "officer"};
	char folder[PATH_MAX], path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (path_join(folder, sizeof folder, state, folders[i], e) != 0)
			return -1;
		DIR *d = opendir(i == 0 ? state : folder);
		if (d == NULL && errno != ENOENT)
			return err_system(e, ERR_IO, errno, "%s", i == 0 ? state : folder);
		for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
			mode_t others = S_IRWXG | S_IRWXO;
			if (strcmp(entry->d_name, "ledger.pub") == 0 || strcmp(entry->d_name, "ledger.past") == 0 ||
			    strcmp(entry->d_name, "master.key") == 0 ||
			    path_join(path, sizeof path, i == 0 ? state : folder, entry->d_name, NULL) != 0 || lstat(path, &st) < 0)
				continue;
			if (S_ISREG(st.st_mode) && (st.st_mode & others) != 0 && (!close || chmod(path, st.st_mode & 07777 & ~others) == 0))
				each(arg, path, st.st_mode & 07777);
		}
		if (d != NULL)
			closedir(d);
	}
	return 0;
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

	if (check_private_files(c->admin->state, false, add_open_file, c, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the stores.", "%s", e.text);
}

bool check_on_memory(const char *path)
{
	char at[PATH_MAX];
	struct statfs fs;

	snprintf(at, sizeof at, "%s", path);
	while (statfs(*at ? at : "/", &fs) < 0) {
		char *slash = strrchr(at, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

static void check_spool(struct check *c)
{
	char path[PATH_MAX];
	bool disk = c->policy->kinds[KIND_ARCHIVE].place == PLACE_DISK;

	if (path_join(path, sizeof path, disk ? c->admin->state : c->admin->run, "spool", NULL) != 0)
		return;
	if (disk)
		check_add(c, CHECK_KEPT, "", "the archives in %s are sealed, each with a key that ends with its record", path);
	else if (check_on_memory(path))
		check_add(c, CHECK_KEPT, "", "the archives in %s are in memory", path);
	else
		check_add(c, CHECK_BROKEN, "Put the run folder on a tmpfs.", "the archives in %s would be written to a disk", path);
}

const struct check_row check_folders_rows[] = {
    {"private", "Only the site's own user can use the stores' files.", 0, check_private,
     "the files of the stores can be used by their owner only"},
    {"folders", "Files hold what the policy declares, and nothing else.", 0, check_folders, NULL},
    {"spool", "Archives are in memory only, unless the policy says that they are on a disk, sealed.", NEEDS_POLICY, check_spool, NULL},
    {0},
};
