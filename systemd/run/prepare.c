// SPDX-License-Identifier: ISC
#include "fcgi/ipc/listener.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/proxies.h"
#include "policy/base/requests.h"
#include "policy/base/setting.h"
#include "systemd/run/run.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// A folder that nobody else can change. Anybody can foretell its name and make it before us, and would then hold what we put there.
static int folder_own(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (folder_make(path, mode, e) != 0)
		return -1;
	if (lstat(path, &st) < 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(e, ERR_IO, "%s is %s, so nothing is put there: remove it, or choose another run folder with --run", path,
			       S_ISDIR(st.st_mode) ? "another user's" : "a link");
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && chmod(path, st.st_mode & 07755) < 0)
		return err_system(e, ERR_IO, errno, "%s can be changed by others", path);
	return 0;
}

// nginx has no way to write these in a path that it interpolates.
int prepare_paths(const struct run_site *s, struct err *e)
{
	const char *const paths[] = {s->state, s->run};
	const char *const options[] = {"--state (STATE=)", "--run"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *bad = strpbrk(paths[i], "$\"\\*?[\n");
		if (bad != NULL)
			return err_set(e, ERR_INPUT, "nginx cannot use a path with the character %s: %s: choose another folder with %s",
				       *bad == '\n' ? "newline" : (const char[]){*bad, '\0'}, paths[i], options[i]);
	}
	return 0;
}

// What stands in a run folder: these, and a socket for each program.
static const struct {
	const char *name;
	mode_t mode; // of a folder that is made; 0: none
} run_entries[] = {{"spool", 0750}, {"nginx", 0700}, {"nginx/body", 0700}, {"nginx/fastcgi", 0700}, {"error.log", 0}, {"run.lock", 0}};

bool run_folder_has(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(run_entries); i++)
		if (strcmp(run_entries[i].name, name) == 0)
			return true;
	for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
		size_t len = strlen(programs[i].name);
		if (strncmp(name, programs[i].name, len) == 0 && strcmp(name + len, ".sock") == 0)
			return true;
	}
	return false;
}

// Held until the process ends: no two of us work on one folder. `what` the other one does with it.
static int folder_lock(const char *folder, const char *what, struct err *e)
{
	char path[4096];

	if (path_join(path, sizeof path, folder, "run.lock", e) != 0)
		return -1;
	int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lock < 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	return flock(lock, LOCK_EX | LOCK_NB) == 0 ? 0 : err_set(e, ERR_BUSY, "another lethe-run %s", what);
}

// At the end it is emptied, so nothing else may stand in it.
static int run_folder_is_ours(const char *run, struct err *e)
{
	DIR *d = opendir(run);
	int ret = d != NULL ? 0 : err_system(e, ERR_IO, errno, "%s", run);

	for (const struct dirent *entry; d != NULL && ret == 0 && (entry = readdir(d)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !run_folder_has(entry->d_name))
			ret = err_set(e, ERR_REFUSED, "%s has something else in it, %s: choose an empty run folder with --run", run,
				      entry->d_name);
	if (d != NULL)
		closedir(d);
	return ret;
}

int prepare_folders(const struct run_site *s, struct err *e)
{
	char path[4096], what[4096];

	snprintf(what, sizeof what, "serves the state %s already: stop it, or choose another with STATE=", s->state);
	// Where egress keeps what it counted, so that a limit of a day holds over a restart.
	if (folder_make(s->state, 0700, e) != 0 || folder_lock(s->state, what, e) != 0 ||
	    path_join(path, sizeof path, s->state, "egress", e) != 0 || folder_make(path, 0700, e) != 0 ||
	    folder_own(s->run, 0750, e) != 0 || run_folder_is_ours(s->run, e) != 0)
		return -1;
	snprintf(what, sizeof what, "works in the run folder %s already: choose another with --run", s->run);
	if (folder_lock(s->run, what, e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(run_entries); i++) {
		if (run_entries[i].mode != 0 &&
		    (path_join(path, sizeof path, s->run, run_entries[i].name, e) != 0 || folder_own(path, run_entries[i].mode, e) != 0))
			return -1;
	}
	return 0;
}

int prepare_port(const struct run_site *s, struct err *e)
{
	int fd FD_AUTO = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd < 0)
		return err_system(e, ERR_IO, errno, "no socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (const struct sockaddr *)&s->address, sizeof s->address) < 0 || listen(fd, 1) < 0)
		return err_system(e, ERR_BUSY, errno, "%s cannot be used; choose another port with PORT=", s->listen);
	return 0;
}

int prepare_sockets(const struct run_site *s, struct err *e)
{
	for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s.sock", s->run, programs[i].name);
		if (n < 0 || (size_t)n >= sizeof a.sun_path)
			return err_set(e, ERR_INPUT, "the run folder's path is too long for a socket: %s", s->run);
		int fd = children[i].listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return err_system(e, ERR_IO, errno, "no socket");
		unlink(a.sun_path);
		mode_t mask = umask(0117);
		int rc = bind(fd, (struct sockaddr *)&a, sizeof a);
		umask(mask);
		if (rc < 0 || listen(fd, LISTENER_BACKLOG) < 0)
			return err_system(e, ERR_IO, errno, "%s", a.sun_path);
	}
	return 0;
}

// Copies the file with a value in the place of each placeholder: pairs of them, ended by NULL. A word of nginx's that takes a blank that way
// is put in quotes.
static int fill_file(const char *from, const char *to, const char *const *with, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(POLICY_BYTES_MAX), out BUF_AUTO = BUF_INIT(POLICY_BYTES_MAX);
	size_t word = 0; // where the last one began, in what is written

	if (file_read(from, &text, e) != 0)
		return -1;
	bool blank = false;
	for (const char *at = buf_text(&text); *at;) {
		const char *const *p = with;
		while (*p != NULL && strncmp(at, *p, strlen(*p)) != 0)
			p += 2;
		if (*p == NULL && strchr(" \t\n;{}", *at) != NULL) {
			if (blank) {
				buf_adds(&out, "\"\"");
				if (!out.failed) { // one of the two to the front
					memmove(out.data + word + 1, out.data + word, out.len - word - 2);
					out.data[word] = '"';
				}
			}
			blank = false;
			word = out.len + 1;
		}
		blank |= *p != NULL && **p == '@' && strcmp(*p, "@USER@") != 0 && strchr(p[1], ' ') != NULL;
		buf_add(&out, *p != NULL ? p[1] : at, *p != NULL ? strlen(p[1]) : 1);
		at += *p != NULL ? strlen(*p) : 1;
	}
	return out.failed ? err_set(e, ERR_MEMORY, "%s", from) : file_write(to, buf_text(&out), out.len, 0600, NULL, e);
}

int prepare_nginx(const struct run_site *s, struct err *e)
{
	char snippets[4096], pattern[4096], from[4096], to[4096];
	glob_t found = {0};

	if (path_join(snippets, sizeof snippets, s->run, "nginx/snippets", e) != 0 || folder_own(snippets, 0700, e) != 0 ||
	    path_join(pattern, sizeof pattern, s->nginx, "snippets/*.conf", e) != 0 ||
	    path_join(from, sizeof from, s->nginx, "run.conf", e) != 0 || path_join(to, sizeof to, s->run, "nginx/nginx.conf", e) != 0)
		return -1;
	// Started by root, nginx's workers would change to another user, who could not read a clone in root's home.
	const char *user = geteuid() == 0 ? "user root;" : "";
	const char *const with[] = {
	    "@RUN@",  s->run,          "@STATE@", s->state, "@LISTEN@", s->listen,   "@SNIPPETS@",
	    snippets, "@SERVER_NAME@", "_",       "@USER@", user,       "@PROXIED@", proxies_protocol() ? "proxy_protocol" : "",
	    NULL};
	int rc = fill_file(from, to, with, e);
	if (rc == 0 && glob(pattern, 0, NULL, &found) != 0)
		rc = err_set(e, ERR_NOT_FOUND, "there are no snippets: %s", pattern);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
		rc = path_join(to, sizeof to, snippets, strrchr(found.gl_pathv[i], '/') + 1, e);
		if (rc == 0)
			rc = fill_file(found.gl_pathv[i], to, with, e);
	}
	globfree(&found);
	return rc;
}

int prepare_note(const struct run_site *s, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(32 * 1024);
	char path[4096], conf[4096];

	if (path_join(path, sizeof path, s->state, "run.env", e) != 0 || path_join(conf, sizeof conf, s->run, "nginx/nginx.conf", e) != 0)
		return -1;
	buf_printf(&text, "# Where lethe-run serves this store. Written at each start.\n");
	buf_printf(&text, "LETHE_POLICY=%s\nLETHE_RUN=%s\nLETHE_HTML=%s\nLETHE_NGINX_CONF=%s\n", s->policy, s->run, s->html, conf);
	if (s->testing)
		buf_adds(&text, "LETHE_TESTING=1\n");
	const char *key = setting("LETHE_MASTER_KEY_FILE", NULL); // where it is, not what it is
	TEXT_AUTO char *key_path = key != NULL ? realpath(key, NULL) : NULL;
	if (key_path != NULL)
		buf_printf(&text, "LETHE_MASTER_KEY_FILE=%s\n", key_path);
	if (requests_set() != 0)
		buf_printf(&text, "LETHE_REQUESTS_MAX=%u\n", requests_set());
	static const char *const also[] = {"LETHE_TRUSTED_PROXIES", "LETHE_PROXY_HEADER"};
	for (size_t i = 0; i < ARRAY_LEN(also); i++)
		if (setting(also[i], NULL) != NULL)
			buf_printf(&text, "%s=%s\n", also[i], setting(also[i], NULL));
	if (strcmp(setting("LETHE_ALLOW_UNBUILT", ""), "1") == 0)
		buf_adds(&text, "LETHE_ALLOW_UNBUILT=1\n");
	return text.failed ? err_set(e, ERR_MEMORY, "%s", path) : file_write(path, buf_text(&text), text.len, 0600, NULL, e);
}
