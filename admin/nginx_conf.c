// SPDX-License-Identifier: ISC
// What `nginx -T` prints is each file once, below a line "# configuration file NAME:", with its includes left in.
#include "admin/nginx_conf.h"
#include "policy/base/file.h"
#include "policy/model/arena.h"
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 128, DEPTH_MAX = 24, SECTIONS_MAX = 256, INCLUDES_MAX = 4096 };
enum { NGINX_SECONDS = 10, NOT_FOUND = 127, ERRORS_MAX = 64 * 1024 };
static const char SECTION[] = "# configuration file ";

struct section {
	const char *name, *text;
};

struct nginx_conf {
	struct arena *arena;
	struct nginx_directive root;
	struct section sections[SECTIONS_MAX];
	size_t section_count, include_count;
	char *dump; // what nginx printed, cut into the sections
};

struct reader {
	struct nginx_conf *conf;
	const char *file, *at;
	int line, depth;
	struct err *e;
};

// ---- words ----

static void skip_space(struct reader *r)
{
	for (; *r->at != '\0'; r->at++) {
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		if (*r->at == '\n')
			r->line++;
		else if (*r->at == '\0' || strchr(" \t\r", *r->at) == NULL)
			return;
	}
}

static int parse_fail(const struct reader *r, const char *what)
{
	return err_set(r->e, ERR_INPUT, "%s:%d: %s", r->file, r->line, what);
}

// One word, without its quotes. A "${" begins a variable's name, whose brace is no block's.
static const char *parse_word(struct reader *r)
{
	char word[8192];
	size_t len = 0;
	char quote = *r->at == '"' || *r->at == '\'' ? *r->at++ : '\0';

	while (*r->at != '\0' && len + 2 < sizeof word) {
		if (quote ? *r->at == quote : strchr(" \t\r\n;{", *r->at) != NULL)
			break;
		if (*r->at == '\n')
			r->line++;
		if (*r->at == '\\' && r->at[1] != '\0' && (r->at[1] == quote || r->at[1] == '\\' || r->at[1] == '"' || r->at[1] == '\''))
			r->at++;
		if (r->at[0] == '$' && r->at[1] == '{')
			word[len++] = *r->at++;
		word[len++] = *r->at++;
	}
	if (quote && *r->at != quote)
		return NULL;
	r->at += quote != '\0';
	return arena_text(r->conf->arena, word, len);
}

// ---- directives ----

static int parse_block(struct reader *r, struct nginx_directive *into, bool outermost);
static int parse_include(struct reader *r, const char *name, struct nginx_directive *into);

static int parse_directive(struct reader *r, struct nginx_directive *into)
{
	const char *words[WORDS_MAX];
	size_t count = 0;
	int line = r->line;

	for (skip_space(r); *r->at != ';' && *r->at != '{'; skip_space(r)) {
		if (*r->at == '\0' || *r->at == '}' || count == WORDS_MAX)
			return parse_fail(r, count == WORDS_MAX ? "a directive has too many words" : "a directive does not end");
		words[count] = parse_word(r);
		if (words[count++] == NULL)
			return parse_fail(r, "a quoted word does not end");
	}
	bool block = *r->at++ == '{';
	if (count == 0)
		return parse_fail(r, "a directive has no name");
	if (!block && count == 2 && strcmp(words[0], "include") == 0)
		return parse_include(r, words[1], into);
	struct nginx_directive *d = arena_array(r->conf->arena, 1, sizeof *d);
	const char **kept = arena_array(r->conf->arena, count, sizeof *kept);
	if (d == NULL || kept == NULL)
		return err_set(r->e, ERR_MEMORY, "no memory for nginx's configuration");
	memcpy(kept, words + 1, (count - 1) * sizeof *kept);
	*d = (struct nginx_directive){
	    .name = words[0], .words = kept, .word_count = count - 1, .file = r->file, .line = line, .parent = into};
	if (into->last != NULL)
		into->last->next = d;
	else
		into->first = d;
	into->last = d;
	if (!block)
		return 0;
	if (++r->depth > DEPTH_MAX)
		return parse_fail(r, "the blocks are nested too deeply");
	int ret = parse_block(r, d, false);
	r->depth--;
	return ret;
}

static int parse_block(struct reader *r, struct nginx_directive *into, bool outermost)
{
	for (skip_space(r); *r->at != '\0' && *r->at != '}'; skip_space(r))
		if (parse_directive(r, into) < 0)
			return -1;
	if ((*r->at == '}') == outermost)
		return parse_fail(r, outermost ? "a block ends that did not begin" : "a block does not end");
	r->at += !outermost;
	return 0;
}

// ---- files ----

static int parse_section(struct reader *r, const struct section *s, struct nginx_directive *into)
{
	struct reader inner = {.conf = r->conf, .file = s->name, .at = s->text, .line = 1, .depth = r->depth + 1, .e = r->e};

	return inner.depth > DEPTH_MAX || r->conf->include_count++ > INCLUDES_MAX ? parse_fail(r, "files include each other")
										  : parse_block(&inner, into, true);
}

// A name is relative to the folder of the first file, and may be a pattern.
static int parse_include(struct reader *r, const char *name, struct nginx_directive *into)
{
	const struct nginx_conf *c = r->conf;
	char pattern[PATH_MAX];
	const char *first = c->sections[0].name, *slash = strrchr(first, '/');
	bool any = strpbrk(name, "*?[") != NULL;

	snprintf(pattern, sizeof pattern, "%.*s%s", *name != '/' && slash != NULL ? (int)(slash + 1 - first) : 0, first, name);
	for (size_t i = 0; i < c->section_count; i++) {
		if (fnmatch(pattern, c->sections[i].name, FNM_PATHNAME) != 0)
			continue;
		any = true;
		if (parse_section(r, &c->sections[i], into) != 0)
			return -1;
	}
	return any ? 0 : parse_fail(r, "includes a file that nginx did not print");
}

struct nginx_conf *nginx_conf_parse(const char *dump, struct err *e)
{
	struct nginx_conf *c = calloc(1, sizeof *c);

	if (c == NULL || (c->arena = arena_new()) == NULL || (c->dump = strdup(dump)) == NULL) {
		err_set(e, ERR_MEMORY, "no memory for nginx's configuration");
		nginx_conf_free(c);
		return NULL;
	}
	c->root.name = "";
	for (char *at = c->dump, *end; (at = strstr(at, SECTION)) != NULL && c->section_count < SECTIONS_MAX; at = end) {
		end = at + 1;
		if (at != c->dump && at[-1] != '\n')
			continue;
		end = strchr(at, '\n');
		if (end == NULL || end[-1] != ':')
			break;
		if (at != c->dump)
			at[-1] = '\0';
		end[-1] = '\0';
		c->sections[c->section_count++] = (struct section){at + sizeof SECTION - 1, ++end};
	}
	struct reader r = {.conf = c, .file = "nginx", .at = "", .line = 1, .e = e};
	int ret =
	    c->section_count == 0 ? err_set(e, ERR_INPUT, "nginx printed no configuration") : parse_section(&r, &c->sections[0], &c->root);
	if (ret == 0 && !arena_failed(c->arena))
		return c;
	nginx_conf_free(c);
	return NULL;
}

void nginx_conf_free(struct nginx_conf *c)
{
	if (c == NULL)
		return;
	if (c->arena != NULL)
		arena_free(c->arena);
	free(c->dump);
	free(c);
}

// ---- asking nginx ----

static int memory_read(int fd, struct buf *out)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *to = size < 0 ? NULL : buf_reserve(out, (size_t)size);

	if (to == NULL || pread(fd, to, (size_t)size, 0) != size)
		return -1;
	buf_took(out, (size_t)size);
	return 0;
}

int nginx_dump(const char *path, struct buf *out, struct err *e)
{
	BUF_AUTO struct buf said = BUF_INIT(ERRORS_MAX);
	FD_AUTO int text = memfd_create("nginx", MFD_CLOEXEC), errors = memfd_create("nginx", MFD_CLOEXEC);
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int status = -1;

	snprintf(folder, sizeof folder, "%.*s/", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
	pid_t child = text < 0 || errors < 0 ? -1 : fork();
	if (child == 0) { // it gets no secret of ours, and ends by itself when it hangs
		char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
		char *const words[] = {(char[]){"nginx"}, (char[]){"-T"}, (char[]){"-q"}, (char[]){"-e"}, (char[]){"stderr"},
				       (char[]){"-p"},    folder,         (char[]){"-c"}, strdup(path),   NULL};
		dup2(text, STDOUT_FILENO);
		dup2(errors, STDERR_FILENO);
		alarm(NGINX_SECONDS);
		execve("/usr/sbin/nginx", words, environment);
		_exit(NOT_FOUND);
	}
	if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND))
		return err_set(e, ERR_UNAVAILABLE, "nginx cannot be run here");
	if (memory_read(errors, &said) != 0 || memory_read(text, out) != 0)
		return err_set(e, ERR_MEMORY, "nginx printed too much");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	// The first complaint, without nginx's own "nginx: [emerg] ".
	const char *line = strstr(buf_text(&said), "[emerg] ");
	line = line != NULL ? line + strlen("[emerg] ") : buf_text(&said);
	bool denied = strstr(buf_text(&said), "Permission denied") != NULL;
	return err_set(e, denied ? ERR_UNAVAILABLE : ERR_REFUSED, "%.*s", (int)strcspn(line, "\n"), *line ? line : "it gave no reason");
}

// ---- looking ----

const struct nginx_directive *nginx_conf_root(const struct nginx_conf *c)
{
	return &c->root;
}

bool nginx_directive_is(const struct nginx_directive *d, const char *name)
{
	return strcmp(d->name, name) == 0;
}

const struct nginx_directive *nginx_directive_in(const struct nginx_directive *block, const char *name)
{
	const struct nginx_directive *d = block->first;

	while (d != NULL && !nginx_directive_is(d, name))
		d = d->next;
	return d;
}

const struct nginx_directive *nginx_directive_in_force(const struct nginx_directive *at, const char *name)
{
	for (; at != NULL; at = at->parent) {
		const struct nginx_directive *d = nginx_directive_in(at, name);
		if (d != NULL)
			return d;
	}
	return NULL;
}

bool nginx_has_word(const struct nginx_directive *d, const char *word)
{
	for (size_t i = 0; i < d->word_count; i++)
		if (strcmp(d->words[i], word) == 0)
			return true;
	return false;
}

const char *nginx_word(const struct nginx_directive *d, size_t n)
{
	return d != NULL && n < d->word_count ? d->words[n] : "";
}

const struct nginx_directive *nginx_directive_next(const struct nginx_directive *root, const struct nginx_directive *at)
{
	if (at->first != NULL)
		return at->first;
	while (at != root && at->next == NULL)
		at = at->parent;
	return at == root ? NULL : at->next;
}

bool nginx_passes_requests(const struct nginx_directive *server)
{
	for (const struct nginx_directive *d = nginx_directive_next(server, server); d != NULL; d = nginx_directive_next(server, d))
		if (nginx_directive_is(d, "fastcgi_pass"))
			return true;
	return false;
}
