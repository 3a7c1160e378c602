// SPDX-License-Identifier: ISC
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "systemd/run/run.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// Held until the process ends, so that no two of us work on one state.
static int state_lock = -1;

static int lock_state(const struct site *s, struct err *e)
{
	char path[4096];

	if (path_join(path, sizeof path, s->state, "run.lock", e) != 0)
		return -1;
	state_lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (state_lock < 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	if (flock(state_lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_BUSY,
			       "another lethe-run serves the state %s already: stop it, or choose another with STATE=", s->state);
	return 0;
}

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

int prepare_folders(const struct site *s, struct err *e)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"spool", 0750}, {"nginx", 0700}, {"nginx/body", 0700}, {"nginx/fastcgi", 0700}};
	char path[4096];

	if (folder_make(s->state, 0700, e) != 0 || lock_state(s, e) != 0 || folder_own(s->run, 0750, e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (path_join(path, sizeof path, s->run, folders[i].name, e) != 0 || folder_own(path, folders[i].mode, e) != 0)
			return -1;
	}
	return 0;
}

static struct sockaddr_in address_of(const struct site *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};

	inet_pton(AF_INET, s->host, &a.sin_addr);
	return a;
}

int prepare_port(const struct site *s, struct err *e)
{
	struct sockaddr_in a = address_of(s);
	int fd FD_AUTO = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd < 0)
		return err_system(e, ERR_IO, errno, "no socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0)
		return err_system(e, ERR_BUSY, errno, "%s:%u cannot be used; choose another port with PORT=", s->host, s->port);
	return 0;
}

static int listen_unix(const struct site *s, const char *name, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s.sock", s->run, name);

	if (n < 0 || (size_t)n >= sizeof a.sun_path)
		return err_set(e, ERR_INPUT, "the run folder's path is too long for a socket: %s", s->run);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_system(e, ERR_IO, errno, "no socket");
	unlink(a.sun_path);
	mode_t mask = umask(0117);
	int rc = bind(fd, (struct sockaddr *)&a, sizeof a);
	umask(mask);
	// Measured: a short backlog turns a burst of 2,000 visitors into 502s.
	if (rc < 0 || listen(fd, 4096) < 0) {
		err_system(e, ERR_IO, errno, "%s", a.sun_path);
		close(fd);
		return -1;
	}
	return fd;
}

int prepare_sockets(const struct site *s, struct err *e)
{
	for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
		children[i].listener = listen_unix(s, children[i].name, e);
		if (children[i].listener < 0)
			return -1;
	}
	return 0;
}

struct placeholder {
	const char *name, *value;
};

static void fill(struct buf *out, const char *text, const struct placeholder *with)
{
	while (*text) {
		const struct placeholder *p = with;
		while (p->name != NULL && strncmp(text, p->name, strlen(p->name)) != 0)
			p++;
		if (p->name != NULL) {
			buf_adds(out, p->value);
			text += strlen(p->name);
		} else {
			buf_addc(out, *text++);
		}
	}
}

static int fill_file(const char *from, const char *to, const struct placeholder *with, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(POLICY_BYTES_MAX), out BUF_AUTO = BUF_INIT(POLICY_BYTES_MAX);

	if (file_read(from, &text, e) != 0)
		return -1;
	fill(&out, buf_text(&text), with);
	return out.failed ? err_set(e, ERR_MEMORY, "%s", from) : file_write(to, buf_text(&out), out.len, 0600, NULL, e);
}

static int fill_snippets(const struct site *s, const char *folder, const struct placeholder *with, struct err *e)
{
	char from[4096], source[4096], to[4096];

	if (path_join(from, sizeof from, s->nginx, "snippets", e) != 0 || folder_own(folder, 0700, e) != 0)
		return -1;
	DIR *d = opendir(from);
	if (d == NULL)
		return err_system(e, ERR_IO, errno, "%s", from);
	int rc = 0;
	for (struct dirent *entry; rc == 0 && (entry = readdir(d)) != NULL;) {
		const char *dot = strrchr(entry->d_name, '.');
		if (dot == NULL || strcmp(dot, ".conf") != 0)
			continue;
		rc = path_join(source, sizeof source, from, entry->d_name, e);
		if (rc == 0)
			rc = path_join(to, sizeof to, folder, entry->d_name, e);
		if (rc == 0)
			rc = fill_file(source, to, with, e);
	}
	closedir(d);
	return rc;
}

int prepare_nginx(const struct site *s, struct err *e)
{
	char listen[96], snippets[4096], from[4096], to[4096];

	snprintf(listen, sizeof listen, "%s:%u", s->host, s->port);
	if (path_join(snippets, sizeof snippets, s->run, "nginx/snippets", e) != 0 ||
	    path_join(from, sizeof from, s->nginx, "run.conf", e) != 0 || path_join(to, sizeof to, s->run, "nginx/nginx.conf", e) != 0)
		return -1;
	// Started by root, nginx's workers would change to another user, who could not read a clone in root's home.
	const struct placeholder with[] = {{"@RUN@", s->run},
					   {"@STATE@", s->state},
					   {"@LISTEN@", listen},
					   {"@SNIPPETS@", snippets},
					   {"@SERVER_NAME@", "_"},
					   {"@USER@", geteuid() == 0 ? "user root;" : ""},
					   {NULL, NULL}};
	if (fill_snippets(s, snippets, with, e) != 0)
		return -1;
	return fill_file(from, to, with, e);
}

int prepare_note(const struct site *s, struct err *e)
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
	if (strcmp(setting("LETHE_ALLOW_UNBUILT", ""), "1") == 0)
		buf_adds(&text, "LETHE_ALLOW_UNBUILT=1\n");
	return text.failed ? err_set(e, ERR_MEMORY, "%s", path) : file_write(path, buf_text(&text), text.len, 0600, NULL, e);
}
