// SPDX-License-Identifier: ISC
// nginx's effective configuration, as `nginx -T` prints it, against what the policy promises. Where nginx cannot be asked, its files are
// compared with those that are shipped.
#include "admin/check.h"
#include "admin/nginx_conf.h"
#include "admin/shipped.h"
#include "fcgi/ipc/programs.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/proxies.h"
#include "policy/base/setting.h"
#include "policy/publish/documents/documents.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESTORE "Restore it from the files that were installed (share/lethe/nginx), then reload nginx."

// ---- reading it ----

// Where it really is; what cannot be found is left as it was named.
static bool configuration_find(const struct check *c, char out[PATH_MAX])
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

// nginx was not asked, for the reason `why`: its files say as much when they are the shipped ones, and nothing when they are not.
static void compare_with_shipped(struct check *c, const char *path, const char *why)
{
	char folder[PATH_MAX - 64], snippets[PATH_MAX], file[PATH_MAX], name[SHIPPED_NAME_MAX];
	const char *main_file = strcmp(path, place_nginx) == 0 ? "lethe.conf" : "run.conf";
	struct shipped_difference d;
	struct err e;

	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	snprintf(snippets, sizeof snippets, "%s/snippets", folder);
	const struct shipped_fill fills[] = {{"@RUN@", c->admin->run},
					     {"@STATE@", c->admin->state},
					     {"@SNIPPETS@", snippets},
					     {"@USER@", geteuid() == 0 ? "user root;" : ""},
					     {"@PROXIED@", proxies_protocol() ? "proxy_protocol" : ""},
					     {"@LISTEN@", NULL},
					     {"@SERVER_NAME@", NULL},
					     {"@CERT@", NULL},
					     {"@CERT_KEY@", NULL},
					     {NULL, NULL}};
	for (size_t n = 0; shipped_file(n, name) != NULL; n++) {
		BUF_AUTO struct buf text = BUF_INIT(POLICY_BYTES_MAX);
		if (strcmp(name, main_file) != 0 && strncmp(name, "snippets/", 9) != 0)
			continue;
		snprintf(file, sizeof file, "%s/%s", folder, name);
		if (file_read(strcmp(name, main_file) == 0 ? path : file, &text, &e) != 0) {
			check_add(c, CHECK_UNSURE, "Run this as root, so that nginx can be asked.", "%s, and %s", why, e.text);
			return;
		}
		if (shipped_differs(name, buf_text(&text), fills, &d)) {
			check_add(c, CHECK_UNSURE, RESTORE, "%s, and line %d of %s is not as shipped: %s instead of %s", why, d.line, name,
				  *d.found ? d.found : "nothing", *d.should ? d.should : "nothing");
			return;
		}
	}
	check_add(c, CHECK_KEPT, "", "%s and its snippets are as shipped (%s)", path, why);
}

// Even to print a configuration nginx loads the modules that are named there, so root asks it about root's own only. In http and server, where
// ours includes what lethe publish wrote, no module can be named.
static void check_nginx(struct check *c)
{
	BUF_AUTO struct buf dump = BUF_INIT(POLICY_BYTES_MAX);
	char path[PATH_MAX];
	struct err e = {0};

	if (!configuration_find(c, path) || access(path, R_OK) < 0) {
		check_add(c, CHECK_UNSURE, "Name it with --nginx or LETHE_NGINX_CONF.", "no configuration of nginx can be read");
		return;
	}
	if (geteuid() == 0 && !only_root_changes(path))
		compare_with_shipped(c, path, "root runs nginx on no configuration that others can change");
	else if (nginx_dump(path, &dump, &e) == 0)
		c->nginx = nginx_conf_parse(buf_text(&dump), &e);
	else if (e.code == ERR_UNAVAILABLE)
		compare_with_shipped(c, path, e.text);
	if (c->nginx != NULL)
		check_add(c, CHECK_KEPT, "", "nginx says what it does by %s", path);
	else if (e.code != ERR_NONE && e.code != ERR_UNAVAILABLE)
		check_add(c, CHECK_BROKEN, "Repair what nginx -t complains about.", "nginx does not accept %s: %s", path, e.text);
}

// ---- going through it ----

// Every directive of that name ("": of any name), wherever it stands.
#define EACH_DIRECTIVE(d, c, wanted)                                                                                                       \
	for (const struct nginx_directive *d = nginx_conf_root((c)->nginx);                                                                \
	     (d = nginx_directive_next(nginx_conf_root((c)->nginx), d)) != NULL;)                                                          \
		if (*(wanted) == '\0' || nginx_directive_is(d, wanted))

__attribute__((format(printf, 4, 5))) static void bad(struct check *c, const struct nginx_directive *d, const char *remedy,
						      const char *format, ...)
{
	char what[SHIPPED_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	check_add(c, CHECK_BROKEN, remedy, "%s:%d: %s", d->file, d->line, what);
}

static const struct rule {
	const char *check;
	enum {
		ONLY, // wherever it stands, with these words only; "": nowhere
		HTTP, // it must stand in http
		PASS, // what is in force where requests are passed to a program
	} kind;
	const char *directives[6], *words, *why;
} rules[] = {
    {"logs", ONLY, {"access_log"}, "off", "nginx keeps an access log that the policy does not declare"},
    {"logs", HTTP, {"access_log"}, "", "nothing turns the access log off, so nginx keeps one"},
    {"temp-files",
     HTTP,
     {"client_body_temp_path", "fastcgi_temp_path", "proxy_temp_path", "uwsgi_temp_path", "scgi_temp_path"},
     "",
     "its files would go to the disk"},
    {"spill", ONLY, {"client_body_in_file_only"}, "off", "every request's body is written to a file"},
    {"spill", ONLY, {"fastcgi_store", "fastcgi_cache", "proxy_cache"}, "", "answers are kept in files"},
    {"spill", PASS, {"fastcgi_request_buffering", "fastcgi_buffering"}, "off", "what visitors send and get can reach a temporary file"},
    {"spill", PASS, {"fastcgi_max_temp_file_size"}, "0", "what visitors get can reach a temporary file"},
    {"spill", ONLY, {"worker_rlimit_core"}, "0", "a core dump of nginx would hold what visitors sent"},
    {"listeners",
     ONLY,
     {"proxy_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "mirror"},
     "",
     "it sends requests where the policy does not say"},
    {"tls", ONLY, {"ssl_protocols"}, "TLSv1.2 TLSv1.3", "it is not safe"},
    {"headers", ONLY, {"userid"}, "off", "nginx sets a cookie of its own"},
};

// NULL when all are among the allowed ones.
static const char *other_word(const struct nginx_directive *d, const char *allowed)
{
	for (size_t i = 0; i < d->word_count; i++) {
		const char *at = *d->words[i] ? strstr(allowed, d->words[i]) : NULL;
		size_t len = strlen(d->words[i]);
		if (at == NULL || (at > allowed && at[-1] != ' ') || (at[len] != ' ' && at[len] != '\0'))
			return d->words[i];
	}
	return NULL;
}

// The rules of the check that is running.
static void nginx_rules(struct check *c)
{
	const struct nginx_directive *root = nginx_conf_root(c->nginx), *http = nginx_directive_in(root, "http");

	for (size_t i = 0; i < ARRAY_LEN(rules) * ARRAY_LEN(rules[0].directives); i++) {
		const struct rule *r = &rules[i / ARRAY_LEN(rules[0].directives)];
		const char *name = r->directives[i % ARRAY_LEN(rules[0].directives)];
		if (name == NULL || strcmp(r->check, c->at->name) != 0)
			continue;
		if (r->kind == HTTP && (http == NULL || nginx_directive_in(http, name) == NULL))
			bad(c, http != NULL ? http : root, RESTORE, "%s is not set: %s", name, r->why);
		EACH_DIRECTIVE(d, c, r->kind == PASS ? "fastcgi_pass" : name)
		{
			const struct nginx_directive *set = nginx_directive_in_force(d->parent, name);
			if (r->kind == ONLY && other_word(d, r->words) != NULL)
				bad(c, d, RESTORE, "%s %s: %s", name, other_word(d, r->words), r->why);
			if (r->kind == PASS && strcmp(nginx_word(set, 0), r->words) != 0)
				bad(c, set != NULL ? set : d->parent, RESTORE, "%s is not %s here: %s", name, r->words, r->why);
		}
	}
}

static void nginx_logs(struct check *c)
{
	char ours[PATH_MAX] = "";
	const struct nginx_directive *root = nginx_conf_root(c->nginx);

	nginx_rules(c);
	path_join(ours, sizeof ours, c->admin->run, "error.log", NULL);
	EACH_DIRECTIVE(d, c, "error_log")
	{
		const char *to = nginx_word(d, 0), *level = nginx_word(d, 1);
		bool outside = d->parent == root && (strcmp(level, "crit") == 0 || strcmp(level, "alert") == 0);
		if (strcmp(to, "/dev/null") == 0)
			continue;
		if (!outside && strcmp(level, "emerg") != 0)
			bad(c, d, "Set its level to emerg inside http, to crit outside.",
			    "error_log %s %s writes the addresses of visitors", to, *level ? level : "(error)");
		else if (to[0] == '/' && strcmp(to, ours) != 0)
			bad(c, d, "Write it to error.log in the run folder, which lethe prune ends.", "the error log %s is ended by nobody",
			    to);
	}
	if (nginx_directive_in(root, "error_log") == NULL)
		bad(c, root, "Set error_log … crit at the top.", "no error_log is set, so nginx writes one with the addresses of visitors");
}

static void nginx_temp_files(struct check *c)
{
	nginx_rules(c);
	EACH_DIRECTIVE(d, c, "")
	{
		size_t len = strlen(d->name);
		if (len > 10 && strcmp(d->name + len - 10, "_temp_path") == 0 && !check_on_memory(nginx_word(d, 0)))
			bad(c, d, "Put it below the run folder, which must be a tmpfs.", "%s is %s, which is not in memory", d->name,
			    nginx_word(d, 0));
	}
}

// Is it the socket of a program that nginx may connect to?
static bool is_program_socket(const char *to)
{
	const char *name = strrchr(to, '/');
	char socket[64];

	for (size_t i = 0; name != NULL && strncmp(to, "unix:", 5) == 0 && i < PROGRAM_COUNT; i++) {
		snprintf(socket, sizeof socket, "/%s.sock", programs[i].name);
		if (*programs[i].routes && strcmp(name, socket) == 0)
			return true;
	}
	return false;
}

static void nginx_listeners(struct check *c)
{
	nginx_rules(c);
	EACH_DIRECTIVE(d, c, "fastcgi_pass")
	{
		const char *to = nginx_word(d, 0);
		bool ours = is_program_socket(to), upstream = false;
		EACH_DIRECTIVE(s, c, "server")
		{
			if (!nginx_directive_is(s->parent, "upstream") || strcmp(nginx_word(s->parent, 0), to) != 0)
				continue;
			ours = (!upstream || ours) && is_program_socket(nginx_word(s, 0));
			upstream = true;
		}
		if (!ours)
			bad(c, d, RESTORE, "requests go to %s, which is not a socket of the site's programs", to);
	}
}

static void nginx_tls(struct check *c)
{
	nginx_rules(c);
	EACH_DIRECTIVE(d, c, "listen")
	{
		const char *to = nginx_word(d, 0);
		bool tls = nginx_has_word(d, "ssl");
		if (!nginx_directive_is(d->parent, "server"))
			continue;
		if (nginx_passes_requests(d->parent) && nginx_has_word(d, "proxy_protocol") != proxies_protocol())
			bad(c, d, "Make LETHE_PROXY_HEADER and the listen lines agree, then lethe publish and restart nginx.",
			    proxies_protocol() ? "the proxy is to speak the PROXY protocol, and nginx does not listen for it at %s"
					       : "nginx listens for the PROXY protocol at %s, and LETHE_PROXY_HEADER is not proxy_protocol",
			    to);
		if (tls && nginx_directive_in_force(d->parent, "ssl_protocols") == NULL)
			bad(c, d, "Set ssl_protocols TLSv1.2 TLSv1.3.", "the TLS versions are not stated, so nginx decides");
		if (!tls && nginx_passes_requests(d->parent) && strncmp(to, "127.", 4) != 0 && strncmp(to, "[::1]", 5) != 0 &&
		    strncmp(to, "localhost", 9) != 0 && strncmp(to, "unix:", 5) != 0)
			bad(c, d, "Listen with ssl, and redirect from port 80.", "the site can be used without encryption, at %s", to);
	}
}

// nginx takes every add_header of the nearest block that has any.
static const char *header_in_force(const struct nginx_directive *at, const char *name)
{
	bool any = false;

	for (; at != NULL && !any; at = at->parent)
		for (const struct nginx_directive *d = at->first; d != NULL; d = d->next) {
			if (!nginx_directive_is(d, "add_header"))
				continue;
			any = true;
			if (strcasecmp(nginx_word(d, 0), name) == 0)
				return nginx_word(d, 1);
		}
	return NULL;
}

// Does the location answer by itself, with something to show? Not where error_page 416 leads: there the headers of the file that was asked
// for are ready already, and are sent.
static bool location_answers(const struct nginx_directive *server, const struct nginx_directive *location)
{
	const struct nginx_directive *text = nginx_directive_in(location, "return");

	const bool pattern = strcmp(nginx_word(location, 0), "~") == 0;
	const char *path = nginx_word(location, 1) + (pattern && nginx_word(location, 1)[0] == '^');

	for (const struct nginx_directive *d = server->first; d != NULL; d = d->next) {
		if (!nginx_directive_is(d, "error_page") || d->word_count != 2 || strcmp(d->words[0], "416") != 0)
			continue;
		const size_t fixed = strcspn(d->words[1], "$"); // a variable says whose form the answer has
		if (strncmp(path, d->words[1], fixed) == 0 &&
		    (pattern || (strcmp(nginx_word(location, 0), "=") == 0 && path[fixed] == '\0')))
			return false;
	}
	return nginx_directive_in(location, "try_files") != NULL || nginx_directive_in(location, "fastcgi_pass") != NULL ||
	       nginx_directive_in(location, "alias") != NULL || nginx_directive_in(location, "root") != NULL ||
	       (text != NULL && text->word_count > 1 && nginx_word(text, 0)[0] != '3');
}

// A policy without the scripts and styles that a page has in it, which it names by their hashes: nothing else can be meant by these.
static void csp_without_hashes(struct buf *out, const char *csp)
{
	static const char begin[] = " 'sha256-";

	for (const char *at; (at = strstr(csp, begin)) != NULL; csp = at + strlen(begin) + strcspn(at + strlen(begin), "' ;") + 1)
		buf_add(out, csp, (size_t)(at - csp));
	buf_adds(out, csp);
}

static void nginx_headers(struct check *c)
{
	BUF_AUTO struct buf csp = BUF_INIT(PARAMS_BYTES_MAX);

	nginx_rules(c);
	if (headers_csp(c->policy, &csp) != 0)
		bad(c, nginx_conf_root(c->nginx), "Free some memory.", "there is no memory to compare the headers");
	EACH_DIRECTIVE(d, c, "add_header")
	{
		if (strcasecmp(nginx_word(d, 0), "Set-Cookie") == 0)
			bad(c, d, "Remove it.", "nginx sets a cookie of its own");
	}
	EACH_DIRECTIVE(d, c, "location")
	{
		const struct nginx_directive *server = d->parent;
		while (server != NULL && !nginx_directive_is(server, "server"))
			server = server->parent;
		if (server == NULL || !nginx_passes_requests(server) || !location_answers(server, d))
			continue;
		const char *name = nginx_word(d, d->word_count ? d->word_count - 1 : 0);
		const char *sent = header_in_force(d, "Content-Security-Policy");
		BUF_AUTO struct buf plain = BUF_INIT(PARAMS_BYTES_MAX);
		csp_without_hashes(&plain, sent != NULL ? sent : "");
		if (sent == NULL)
			bad(c, d, "Include headers.conf there.", "what is sent from %s lacks the headers of the policy", name);
		else if (strcmp(buf_text(&plain), buf_text(&csp)) != 0)
			bad(c, d, "Run lethe publish, then reload nginx.", "the Content-Security-Policy sent from %s is not the policy's",
			    name);
	}
}

const struct check_row check_nginx_rows[] = {
    {"nginx", "What the web server does can be read.", 0, check_nginx, NULL},
    {"logs", "The web server keeps no log of visits.", NEEDS_NGINX, nginx_logs,
     "nginx writes no access log, and no visitor's address into its error log"},
    {"temp-files", "What visitors send and get is never on a disk.", NEEDS_NGINX, nginx_temp_files,
     "nginx's folders for temporary files are in memory"},
    {"spill", "Requests and answers pass through memory only.", NEEDS_NGINX, nginx_rules, "bodies and answers pass through memory only"},
    {"listeners", "Requests reach the site's own programs only.", NEEDS_NGINX, nginx_listeners,
     "requests go to the site's own programs only"},
    {"tls", "Visitors are served over an encrypted connection.", NEEDS_NGINX, nginx_tls,
     "visitors are served over TLS 1.2 or newer, or on this machine only"},
    {"headers", "Every answer has the headers that follow from the policy.", NEEDS_POLICY | NEEDS_NGINX, nginx_headers,
     "every address of the site has the headers of the policy"},
    {0},
};
