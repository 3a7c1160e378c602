// SPDX-License-Identifier: ISC
// One folder for an auditor. What other commands print is printed by them, into it.
#include "admin/admin.h"
#include "admin/sign.h"
#include "policy/base/embed.h"
#include "policy/base/file.h"
#include "policy/vault/seal.h"
#include "policy/vault/tiles.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

EMBED(bundle_readme, "admin/bundle_readme.txt");
EMBED(bundle_script, "admin/bundle_verify.py");

static int run_and_wait(const char *const argv[], struct err *e)
{
	int status;
	const pid_t child = fork();

	if (child == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	// 1 and 4 are findings, which the file tells.
	return child > 0 && WIFEXITED(status) && (WEXITSTATUS(status) < 2 || WEXITSTATUS(status) == 4)
		   ? 0
		   : err_set(e, ERR_IO, "%s could not be run", argv[0]);
}

// What `lethe` prints for these words, as a file.
static int add_output(const struct admin *a, const char *folder, const char *name, const char *first, const char *second, struct err *e)
{
	char path[PATH_MAX];
	const char *argv[16] = {"/proc/self/exe", "--policy", a->policy, "--state", a->state, "--run", a->run, "--output", path, first};
	size_t count = 10;

	if (path_join(path, sizeof path, folder, name, e) != 0)
		return -1;
	if (second != NULL)
		argv[count++] = second;
	argv[count++] = "--format";
	argv[count] = "json";
	// Without --policy it is the one in force.
	if (!a->policy_given)
		memmove(argv + 1, argv + 3, (count - 1) * sizeof *argv);
	return run_and_wait(argv, e) != 0 ? err_prefix(e, "%s", name) : 0;
}

// A file of the state folder, where it is there.
static int add_file(const char *from, const char *path, const char *folder, const char *name, struct err *e)
{
	BUF_AUTO struct buf bytes = BUF_INIT(OUTPUT_MAX);
	char source[PATH_MAX], to[PATH_MAX];
	struct err why = {0};

	if (path_join(source, sizeof source, from, path, e) != 0 || path_join(to, sizeof to, folder, name, e) != 0)
		return -1;
	if (file_read(source, &bytes, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	return file_write(to, buf_text(&bytes), bytes.len, 0644, NULL, e);
}

static struct { // of the walk, which takes no argument
	struct buf text;
	const char *folder;
} sums;

static int add_sum(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	BUF_AUTO struct buf bytes = BUF_INIT(OUTPUT_MAX);
	uint8_t hash[HASH_LEN];
	char hex[2 * HASH_LEN + 1];
	struct err none;

	(void)status;
	(void)walk;
	if (type != FTW_F)
		return 0;
	if (file_read(path, &bytes, &none) != 0)
		return -1;
	plain_hash(hash, &(const struct bytes){buf_text(&bytes), bytes.len}, 1);
	hex_encode(hex, hash, HASH_LEN);
	return buf_printf(&sums.text, "%s  %s\n", hex, path + strlen(sums.folder) + 1);
}

static int add_sums(const char *folder, struct err *e)
{
	char path[PATH_MAX];

	sums.text = BUF_INIT(OUTPUT_MAX);
	sums.folder = folder;
	int ret = path_join(path, sizeof path, folder, "SHA256SUMS", e) != 0 ? -1
		  : nftw(folder, add_sum, 16, FTW_PHYS) != 0                 ? err_set(e, ERR_IO, "%s cannot be read back", folder)
							     : file_write(path, buf_text(&sums.text), sums.text.len, 0644, NULL, e);
	buf_free(&sums.text);
	return ret;
}

// A folder of the state folder, where it is there.
static int add_folder(const struct admin *a, const char *part, const char *to, struct err *e)
{
	char from[PATH_MAX];

	if (path_join(from, sizeof from, a->state, part, e) != 0)
		return -1;
	return access(from, F_OK) != 0 ? 0 : run_and_wait((const char *const[]){"cp", "-R", from, to, NULL}, e);
}

// The tiles: made anew, or, where a part of them cannot be made any more, as they are published.
static int add_log(const struct admin *a, struct vault *v, const char *log, struct err *e)
{
	struct err why = {0};

	if (folder_make(log, 0755, e) != 0)
		return -1;
	if (tiles_publish(v, log, &why) == 0)
		return 0;
	if (why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	return add_folder(a, "publish/html/tile", log, e) != 0 ? -1 : add_folder(a, "publish/html/.well-known", log, e);
}

int audit_bundle_make(const struct admin *a, struct vault *v, const char *folder, struct err *e)
{
	BUF_AUTO struct buf note = BUF_INIT(OUTPUT_MAX);
	char policy[PATH_MAX], log[PATH_MAX], path[PATH_MAX];

	if (mkdir(folder, 0755) != 0)
		return err_system(e, errno == EEXIST ? ERR_INPUT : ERR_IO, errno, "%s", folder);
	if (path_join(policy, sizeof policy, folder, "policy", e) != 0 || path_join(log, sizeof log, folder, "log", e) != 0 ||
	    folder_make(policy, 0755, e) != 0 || sign_ledger(a, v, &note, e) != 0 || add_log(a, v, log, e) != 0)
		return -1;
	if (add_file(a->state, "policy/active.xml", policy, "active.xml", e) != 0 ||
	    add_file(a->state, "policy/coming.xml", policy, "coming.xml", e) != 0 || add_folder(a, "policy/versions", policy, e) != 0 ||
	    add_file(a->state, "publish/html/privacy.md", policy, "notice.md", e) != 0 ||
	    add_file(a->state, "publish/html/verify.html", folder, "verify.html", e) != 0 ||
	    add_output(a, folder, "register.json", "register", NULL, e) != 0 ||
	    add_output(a, folder, "ledger.json", "audit", "show", e) != 0 ||
	    add_output(a, folder, "audit-verify.json", "audit", "verify", e) != 0 ||
	    add_output(a, folder, "check.json", "check", "--offline", e) != 0)
		return -1;
	return path_join(path, sizeof path, folder, "README.txt", e) != 0 ||
		       file_write(path, bundle_readme, bundle_readme_size, 0644, NULL, e) != 0 ||
		       path_join(path, sizeof path, folder, "verify.py", e) != 0 ||
		       file_write(path, bundle_script, bundle_script_size, 0755, NULL, e) != 0 || add_sums(folder, e) != 0
		   ? -1
		   : 0;
}
