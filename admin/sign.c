// SPDX-License-Identifier: ISC
// Signing the ledger, and letting others have what was signed. A copy on another disk or machine is replaced only by a checkpoint that grew out of it:
// one that did not is evidence, and stays.
#include "admin/sign.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/vault/tiles.h"
#include "policy/vault/tombstone.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_BYTES_MAX = 1024 * 1024 * 1024 };

static int copy_path(const struct policy *p, const char *what, char out[PATH_MAX], struct err *e)
{
	const char *folder = setting("LETHE_CHECKPOINT_COPY", "");
	char name[256];

	out[0] = '\0';
	snprintf(name, sizeof name, "%s.%s", p->site, what);
	return folder[0] == '\0' ? 0 : path_join(out, PATH_MAX, folder, name, e);
}

int sign_copy_path(const struct policy *p, char out[PATH_MAX], struct err *e)
{
	return copy_path(p, "checkpoint", out, e);
}

int sign_tombstones_path(const struct policy *p, char out[PATH_MAX], struct err *e)
{
	return copy_path(p, "tombstones", out, e);
}

// One that is longer than what is here is evidence of erasures that are to be done again, and stays.
int sign_copy_tombstones(const struct admin *a, struct vault *v, struct err *e)
{
	struct buf list BUF_AUTO = BUF_INIT(LIST_BYTES_MAX);
	char from[PATH_MAX], to[PATH_MAX];
	int64_t missing;

	if (sign_tombstones_path(vault_policy(v), to, e) != 0 || path_join(from, sizeof from, a->state, tombstone_file, e) != 0 ||
	    tombstone_missing(v, &missing, e) != 0)
		return -1;
	if (missing != 0)
		return err_set(
		    e, ERR_CORRUPT,
		    "%s lacks number %lld and what follows, which the ledger counts: a restore would bring back what they name; put "
		    "the list back from its copy%s%s",
		    from, (long long)missing, to[0] != '\0' ? " " : "", to);
	const int64_t here = tombstone_last(from), there = to[0] == '\0' ? 0 : tombstone_last(to);
	struct stat at_from, at_to;
	// Lines that say nothing any more are shorter than they were.
	if (to[0] == '\0' || here == 0 ||
	    (here == there && stat(from, &at_from) == 0 && stat(to, &at_to) == 0 && at_from.st_size == at_to.st_size))
		return 0;
	if (here < there)
		return err_set(e, ERR_CORRUPT,
			       "%s lists later erasures than %s: the state folder is an older one; restore it with --tombstones", to, from);
	return file_read(from, &list, e) != 0 ? -1 : file_write(to, buf_text(&list), list.len, 0600, NULL, e);
}

static int copy_checkpoint(struct vault *v, const struct buf *note, struct err *e)
{
	struct buf old BUF_AUTO = BUF_INIT(COPY_BYTES_MAX);
	struct ledger_report report;
	struct err why = {0};
	char path[PATH_MAX];

	if (sign_copy_path(vault_policy(v), path, e) != 0)
		return -1;
	if (path[0] == '\0')
		return 0;
	if (file_read(path, &old, &why) != 0 && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	if (old.len > 0 && ledger_verify_against(v, old.data, old.len, NULL, &report, e) != 0)
		return err_prefix(e, "%s", path);
	if (old.len > 0 && !report.intact)
		return err_set(e, ERR_CORRUPT, "the ledger did not grow out of the checkpoint in %s, which stays as it is: %s", path,
			       report.finding);
	// Its date says when it was last compared.
	if (file_write(path, note->data, note->len, 0644, NULL, e) != 0)
		return -1;
	return utimensat(AT_FDCWD, path, NULL, 0) == 0 ? 0 : err_system(e, ERR_IO, errno, "%s", path);
}

int sign_ledger(const struct admin *a, struct vault *v, struct buf *note, struct err *e)
{
	char folder[PATH_MAX];

	if (ledger_checkpoint(v, note, e) != 0 || path_join(folder, sizeof folder, a->state, "publish/html", e) != 0)
		return -1;
	const int published = access(folder, F_OK) == 0 ? tiles_publish(v, folder, e) : 0;
	return published != 0 || copy_checkpoint(v, note, e) != 0 ? -1 : 0;
}
