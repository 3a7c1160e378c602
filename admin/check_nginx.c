// SPDX-License-Identifier: ISC
// nginx's effective configuration against what the policy promises.
#include "admin/check_nginx.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/publish/publish.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EDIT "Restore it from the snippets that were installed (share/lethe/nginx), then reload nginx."

// ---- reading it ----

// Where it really is; what cannot be found is left as it was named.
static bool find_configuration(const struct check *c, char out[PATH_MAX])
{
	const char *named = c->nginx_file != NULL ? c->nginx_file : setting("LETHE_NGINX_CONF", NULL);
	char path[PATH_MAX];

	if (named != NULL)
		return realpath(named, out) != NULL || snprintf(out, PATH_MAX, "%s", named) > 0;
	// The installed one is root's; in the run folder of an installed site nginx's user may write.
	if (access(place_nginx, R_OK) == 0)
		return realpath(place_nginx, out) != NULL;
	return path_join(path, sizeof path, c->admin->run, "nginx/nginx.conf", NULL) == 0 && access(path, R_OK) == 0 &&
	       realpath(path, out) != NULL;
}

// Can nobody but root change what stands at this path, which is absolute and has no links? Its folder and all above it count too: who owns
// one replaces what it holds.
static bool only_root_changes(const char *path)
{
	char at[PATH_MAX];
	struct stat st;
	bool folder_itself = true; // above it, a folder as /tmp will do: in it nobody renames what is another's

	if (stat(path, &st) < 0 || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	snprintf(at, sizeof at, "%s", path);
	for (char *slash; (slash = strrchr(at, '/')) != NULL; folder_itself = false) {
		*slash = '\0';
		if (stat(*at ? at : "/", &st) < 0 || st.st_uid != 0)
			return false;
		if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (folder_itself || (st.st_mode & S_ISVTX) == 0))
			return false;
	}
	return true;
}

// nginx says what it would do; where it cannot be asked without root's rights, the files say it. Even to print a configuration it loads the
// modules that are named there, so root asks it about root's own only. In http and server, where ours includes what lethe publish wrote, no
// module can be named.
void check_nginx(struct check *c)
{
	BUF_AUTO struct buf dump = BUF_INIT(POLICY_BYTES_MAX);
	char path[PATH_MAX];
	struct err e = {0}, refused = {0};

	if (!find_configuration(c, path)) {
		check_add(c, UNSURE, "Name it with --nginx or LETHE_NGINX_CONF.", "no configuration of nginx was found");
		return;
	}
	bool root = geteuid() == 0, ask = !root || only_root_changes(path);
	bool asked = ask && nginx_dump(path, &dump, &refused) == 0;
	c->nginx = nginx_conf_read(path, asked ? &dump : NULL, &e);
	if (c->nginx == NULL)
		check_add(c, e.code == ERR_INPUT ? BROKEN : UNSURE, "Run nginx -t on it; run this as a user that may read it.", "%s: %s",
			  path, e.text);
	else if (refused.code == ERR_UNAVAILABLE)
		check_add(c, UNSURE, "Install nginx, or run this where it is.", "%s was read, but %s", path, refused.text);
	else if (ask && !asked && root)
		check_add(c, BROKEN, "Repair what nginx -t complains about.", "nginx does not accept %s: %s", path, refused.text);
	else
		check_add(c, KEPT, "", "%s was read%s", path,
			  asked  ? ""
			  : root ? " from its files (root runs nginx on no configuration that others can change)"
				 : " from its files (only root can ask nginx itself)");
}

// ---- going through it ----

#define EACH_DIRECTIVE(d, c)                                                                                                               \
	for (const struct directive *root_ = nginx_conf_root((c)->nginx), *d = directive_next(root_, root_); d != NULL;                    \
	     d = directive_next(root_, d))

__attribute__((format(printf, 4, 5))) static void bad(struct check *c, const struct directive *d, const char *remedy, const char *format,
						      ...)
{
	char what[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	check_add(c, BROKEN, remedy, "%s:%d: %s", d->file, d->line, what);
	c->nginx_bad = true;
}

static const struct directive *http_of(const struct check *c)
{
	return directive_in(nginx_conf_root(c->nginx), "http");
}

// Is the directive inside the block of this name?
static bool inside(const struct directive *d, const char *block)
{
	for (d = d->parent; d != NULL; d = d->parent)
		if (directive_is(d, block))
			return true;
	return false;
}

static void kept(struct check *c, const char *what)
{
	if (!c->nginx_bad)
		check_add(c, KEPT, "", "%s", what);
}

// ---- logs ----

static void check_error_log(struct check *c, const struct directive *d)
{
	static const char *const quiet[] = {"crit", "alert", "emerg"};
	const char *level = directive_word(d, 1), *to = directive_word(d, 0);
	bool request = inside(d, "http"), good = false;
	char ours[PATH_MAX] = "";

	path_join(ours, sizeof ours, c->admin->run, "error.log", NULL);
	for (size_t i = request ? 2 : 0; i < 3; i++)
		good |= strcmp(level, quiet[i]) == 0;
	if (strcmp(to, "/dev/null") != 0 && !good)
		bad(c, d, "Set its level to emerg inside http, to crit outside.", "error_log %s %s writes the addresses of visitors", to,
		    *level ? level : "(error)");
	else if (to[0] == '/' && strcmp(to, "/dev/null") != 0 && strcmp(to, ours) != 0)
		bad(c, d, "Write it to error.log in the run folder, which lethe prune ends.", "the error log %s is ended by nobody", to);
}

void check_logs(struct check *c)
{
	if (c->nginx == NULL)
		return;
	const struct directive *root = nginx_conf_root(c->nginx), *http = http_of(c);
	EACH_DIRECTIVE(d, c)
	{
		if (directive_is(d, "access_log") && strcmp(directive_word(d, 0), "off") != 0)
			bad(c, d, "Set access_log off.", "nginx keeps an access log, %s, that the policy does not declare",
			    directive_word(d, 0));
		if (directive_is(d, "error_log"))
			check_error_log(c, d);
	}
	if (http == NULL || directive_in(http, "access_log") == NULL)
		bad(c, http != NULL ? http : root, "Set access_log off in http.", "nothing turns the access log off, so nginx keeps one");
	if (directive_in(root, "error_log") == NULL)
		bad(c, root, "Set error_log … crit at the top.", "no error_log is set, so nginx writes one with the addresses of visitors");
	kept(c, "nginx writes no access log, and no visitor's address into its error log");
}

// ---- files ----

void check_temp_files(struct check *c)
{
	static const char *const paths[] = {"client_body_temp_path", "fastcgi_temp_path", "proxy_temp_path", "uwsgi_temp_path",
					    "scgi_temp_path"};

	if (c->nginx == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const struct directive *http = http_of(c);
		if (http == NULL || directive_in(http, paths[i]) == NULL)
			bad(c, http != NULL ? http : nginx_conf_root(c->nginx), EDIT, "%s is not set: its files would go to the disk",
			    paths[i]);
		EACH_DIRECTIVE(d, c)
		{
			if (directive_is(d, paths[i]) && !on_memory(directive_word(d, 0)))
				bad(c, d, "Put it below the run folder, which must be a tmpfs.", "%s is %s, which is not in memory",
				    paths[i], directive_word(d, 0));
		}
	}
	kept(c, "nginx's folders for temporary files are in memory");
}

static void expect(struct check *c, const struct directive *at, const char *name, const char *value, const char *otherwise)
{
	const struct directive *d = directive_in_force(at, name);

	if (strcmp(directive_word(d, 0), value) != 0)
		bad(c, d != NULL ? d : at, EDIT, "%s is not %s here: %s", name, value, otherwise);
}

void check_spill(struct check *c)
{
	if (c->nginx == NULL)
		return;
	EACH_DIRECTIVE(d, c)
	{
		if (directive_is(d, "client_body_in_file_only") && strcmp(directive_word(d, 0), "off") != 0)
			bad(c, d, "Remove it.", "every request's body is written to a file");
		if (directive_is(d, "fastcgi_store") || directive_is(d, "fastcgi_cache") || directive_is(d, "proxy_cache"))
			bad(c, d, "Remove it.", "%s keeps answers in files", d->name);
		if (!directive_is(d, "fastcgi_pass"))
			continue;
		expect(c, d->parent, "fastcgi_request_buffering", "off", "what visitors send can reach a temporary file");
		expect(c, d->parent, "fastcgi_buffering", "off", "what visitors get can reach a temporary file");
		expect(c, d->parent, "fastcgi_max_temp_file_size", "0", "what visitors get can reach a temporary file");
	}
	const struct directive *core = directive_in(nginx_conf_root(c->nginx), "worker_rlimit_core");
	if (core != NULL && strcmp(directive_word(core, 0), "0") != 0)
		bad(c, core, "Set worker_rlimit_core 0.", "a core dump of nginx would hold what visitors sent");
	kept(c, "bodies and answers pass through memory only");
}

// ---- where requests go ----

static bool is_upstream_of_ours(const struct check *c, const char *to)
{
	EACH_DIRECTIVE(d, c)
	{
		if (!directive_is(d, "upstream") || strcmp(directive_word(d, 0), to) != 0)
			continue;
		for (const struct directive *s = d->first; s != NULL; s = s->next)
			if (directive_is(s, "server") && strncmp(directive_word(s, 0), "unix:", 5) != 0)
				return false;
		return true;
	}
	return strncmp(to, "unix:", 5) == 0;
}

void check_doors(struct check *c)
{
	static const char *const others[] = {"proxy_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "mirror"};

	if (c->nginx == NULL)
		return;
	EACH_DIRECTIVE(d, c)
	{
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (directive_is(d, others[i]))
				bad(c, d, "Remove it, or declare who receives it.",
				    "%s sends requests to %s, which the policy does not name", d->name, directive_word(d, 0));
		if (directive_is(d, "fastcgi_pass") && !is_upstream_of_ours(c, directive_word(d, 0)))
			bad(c, d, EDIT, "requests go to %s, which is not a socket on this machine", directive_word(d, 0));
	}
	kept(c, "requests go to the site's own programs only");
}

// ---- TLS ----

static bool listens_in_plain_text(const struct directive *listen)
{
	const char *to = directive_word(listen, 0);

	return !directive_has_word(listen, "ssl") && strncmp(to, "127.", 4) != 0 && strncmp(to, "[::1]", 5) != 0 &&
	       strncmp(to, "localhost", 9) != 0 && strncmp(to, "unix:", 5) != 0;
}

static void check_server_tls(struct check *c, const struct directive *server)
{
	const struct directive *protocols = directive_in_force(server, "ssl_protocols");
	bool site = is_site(server);

	for (const struct directive *d = server->first; d != NULL; d = d->next) {
		if (!directive_is(d, "listen"))
			continue;
		if (directive_has_word(d, "ssl") && protocols == NULL)
			bad(c, d, "Set ssl_protocols TLSv1.2 TLSv1.3.", "the TLS versions are not stated, so nginx decides");
		if (site && listens_in_plain_text(d))
			bad(c, d, "Listen with ssl, and redirect from port 80.", "the site can be used without encryption, at %s",
			    directive_word(d, 0));
	}
}

void check_tls(struct check *c)
{
	if (c->nginx == NULL)
		return;
	EACH_DIRECTIVE(d, c)
	{
		if (directive_is(d, "server") && directive_is(d->parent, "http"))
			check_server_tls(c, d);
		for (size_t i = 0; directive_is(d, "ssl_protocols") && i < d->word_count; i++)
			if (strcmp(d->words[i], "TLSv1.2") != 0 && strcmp(d->words[i], "TLSv1.3") != 0)
				bad(c, d, "Set ssl_protocols TLSv1.2 TLSv1.3.", "%s is allowed, which is not safe", d->words[i]);
	}
	kept(c, "visitors are served over TLS 1.2 or newer, or on this machine only");
}

// ---- headers ----

bool is_site(const struct directive *server)
{
	for (const struct directive *d = directive_next(server, server); d != NULL; d = directive_next(server, d))
		if (directive_is(d, "fastcgi_pass"))
			return true;
	return false;
}

// A place that answers by itself, with something to show.
static bool answers(const struct directive *location)
{
	const struct directive *text = directive_in(location, "return");

	return directive_in(location, "try_files") != NULL || directive_in(location, "fastcgi_pass") != NULL ||
	       directive_in(location, "alias") != NULL || directive_in(location, "root") != NULL ||
	       (text != NULL && text->word_count > 1 && directive_word(text, 0)[0] != '3');
}

// nginx takes every add_header of the nearest block that has any.
static const char *header_here(const struct directive *at, const char *name)
{
	for (; at != NULL; at = at->parent) {
		bool any = false;
		for (const struct directive *d = at->first; d != NULL; d = d->next) {
			if (!directive_is(d, "add_header"))
				continue;
			any = true;
			if (strcasecmp(directive_word(d, 0), name) == 0)
				return directive_word(d, 1);
		}
		if (any)
			return NULL;
	}
	return NULL;
}

// Where error_page 416 leads, the headers of the file that was asked for are ready already, and are sent: more would be sent twice.
static bool answers_a_range(const struct directive *server, const struct directive *location)
{
	const char *name = directive_word(location, 1);

	if (strcmp(directive_word(location, 0), "=") != 0)
		return false;
	for (const struct directive *d = server->first; d != NULL; d = d->next)
		if (directive_is(d, "error_page") && d->word_count == 2 && strcmp(d->words[0], "416") == 0 &&
		    strcmp(d->words[1], name) == 0)
			return true;
	return false;
}

static void check_location(struct check *c, const struct directive *location, const char *csp)
{
	const char *name = directive_word(location, location->word_count ? location->word_count - 1 : 0);
	const char *sent = header_here(location, "Content-Security-Policy");

	if (sent == NULL)
		bad(c, location, "Include headers.conf there.", "what is sent from %s lacks the headers of the policy", name);
	else if (strcmp(sent, csp) != 0)
		bad(c, location, "Run lethe publish, then reload nginx.", "the Content-Security-Policy sent from %s is not the policy's",
		    name);
}

void check_location_headers(struct check *c)
{
	BUF_AUTO struct buf csp = BUF_INIT(PARAMS_BYTES_MAX);

	if (c->nginx == NULL || publish_csp(c->policy, &csp) != 0)
		return;
	EACH_DIRECTIVE(server, c)
	{
		if (!directive_is(server, "server") || !is_site(server))
			continue;
		for (const struct directive *d = directive_next(server, server); d != NULL; d = directive_next(server, d))
			if (directive_is(d, "location") && answers(d) && !answers_a_range(server, d))
				check_location(c, d, buf_text(&csp));
	}
	EACH_DIRECTIVE(d, c)
	{
		bool cookie = directive_is(d, "add_header") && strcasecmp(directive_word(d, 0), "Set-Cookie") == 0;
		if (cookie || (directive_is(d, "userid") && strcmp(directive_word(d, 0), "off") != 0))
			bad(c, d, "Remove it.", "nginx sets a cookie of its own");
	}
	kept(c, "every address of the site has the headers of the policy");
}
