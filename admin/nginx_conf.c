// SPDX-License-Identifier: ISC
// What `nginx -T` prints is each file once, below a line "# configuration file NAME:", with its includes left in. Where nginx itself cannot
// be asked (it wants to read the certificate's key and to open the ports), the files are read as nginx would.
#include "admin/nginx_conf.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/model/arena.h"
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 128, DEPTH_MAX = 24, SECTIONS_MAX = 256, INCLUDES_MAX = 4096 };
static const char SECTION[] = "# configuration file ";

struct section {
	const char *name, *text;
};

struct nginx_conf {
	struct arena *arena;
	struct directive root;
	const char *folder; // of the first file: includes are relative to it
	struct section sections[SECTIONS_MAX];
	size_t section_count, include_count;
	char *dump; // what nginx printed, cut into the sections; NULL: the files are read
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

static int fail(const struct reader *r, const char *what)
{
	return err_set(r->e, ERR_INPUT, "%s:%d: %s", r->file, r->line, what);
}

// One word, without its quotes. A "${" begins a variable's name, whose brace is no block's.
static const char *read_word(struct reader *r)
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

static int read_block(struct reader *r, struct directive *into, bool outermost);
static int read_include(struct reader *r, const struct directive *d, struct directive *into);

static struct directive *add(struct reader *r, struct directive *into, const char **words, size_t count, int line)
{
	struct directive *d = arena_array(r->conf->arena, 1, sizeof *d);
	const char **kept = arena_array(r->conf->arena, count, sizeof *kept);

	if (d == NULL || kept == NULL) {
		err_set(r->e, ERR_MEMORY, "no memory for nginx's configuration");
		return NULL;
	}
	memcpy(kept, words + 1, (count - 1) * sizeof *kept);
	*d = (struct directive){.name = words[0], .words = kept, .word_count = count - 1, .file = r->file, .line = line, .parent = into};
	if (into->last != NULL)
		into->last->next = d;
	else
		into->first = d;
	into->last = d;
	return d;
}

static int read_directive(struct reader *r, struct directive *into)
{
	const char *words[WORDS_MAX];
	size_t count = 0;
	int line = r->line;

	for (skip_space(r); *r->at != ';' && *r->at != '{'; skip_space(r)) {
		if (*r->at == '\0' || *r->at == '}' || count == WORDS_MAX)
			return fail(r, count == WORDS_MAX ? "a directive has too many words" : "a directive does not end");
		words[count] = read_word(r);
		if (words[count++] == NULL)
			return fail(r, "a quoted word does not end");
	}
	bool block = *r->at++ == '{';
	if (count == 0)
		return fail(r, "a directive has no name");
	if (!block && count == 2 && strcmp(words[0], "include") == 0) {
		const struct directive include = {.words = &words[1], .file = r->file, .line = line};
		return read_include(r, &include, into);
	}
	struct directive *d = add(r, into, words, count, line);
	if (d == NULL)
		return -1;
	if (!block)
		return 0;
	if (++r->depth > DEPTH_MAX)
		return fail(r, "the blocks are nested too deeply");
	int ret = read_block(r, d, false);
	r->depth--;
	return ret;
}

static int read_block(struct reader *r, struct directive *into, bool outermost)
{
	for (skip_space(r); *r->at != '\0' && *r->at != '}'; skip_space(r))
		if (read_directive(r, into) < 0)
			return -1;
	if ((*r->at == '}') == outermost)
		return fail(r, outermost ? "a block ends that did not begin" : "a block does not end");
	r->at += !outermost;
	return 0;
}

// ---- files ----

static int read_text(struct reader *r, const char *name, const char *text, struct directive *into)
{
	struct reader inner = {.conf = r->conf, .file = name, .at = text, .line = 1, .depth = r->depth + 1, .e = r->e};

	return inner.depth > DEPTH_MAX || r->conf->include_count++ > INCLUDES_MAX ? fail(r, "files include each other")
										  : read_block(&inner, into, true);
}

static int read_file(struct reader *r, const char *path, struct directive *into)
{
	BUF_AUTO struct buf bytes = BUF_INIT(POLICY_BYTES_MAX);

	if (file_read(path, &bytes, r->e) != 0)
		return -1;
	return read_text(r, arena_text(r->conf->arena, path, strlen(path)), buf_text(&bytes), into);
}

static int include_sections(struct reader *r, const char *pattern, struct directive *into)
{
	bool any = false;

	for (size_t i = 0; i < r->conf->section_count; i++) {
		const struct section *s = &r->conf->sections[i];
		if (fnmatch(pattern, s->name, FNM_PATHNAME) != 0)
			continue;
		any = true;
		if (read_text(r, s->name, s->text, into) != 0)
			return -1;
	}
	return any || strpbrk(pattern, "*?[") != NULL ? 0 : fail(r, "includes a file that nginx did not print");
}

static int include_files(struct reader *r, const char *pattern, struct directive *into)
{
	glob_t found = {0};
	int ret = 0;

	if (strpbrk(pattern, "*?[") == NULL)
		return read_file(r, pattern, into);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && ret == 0; i++)
			ret = read_file(r, found.gl_pathv[i], into);
	globfree(&found);
	return ret;
}

static int read_include(struct reader *r, const struct directive *d, struct directive *into)
{
	char pattern[PATH_MAX];
	const char *name = d->words[0];

	if (*name == '/')
		snprintf(pattern, sizeof pattern, "%s", name);
	else if (path_join(pattern, sizeof pattern, r->conf->folder, name, r->e) != 0)
		return -1;
	return r->conf->dump != NULL ? include_sections(r, pattern, into) : include_files(r, pattern, into);
}

static void split_dump(struct nginx_conf *c)
{
	char *text = c->dump, *end;

	for (char *at = text; (at = strstr(at, SECTION)) != NULL && c->section_count < SECTIONS_MAX;) {
		if (at != text && at[-1] != '\n') {
			at++;
			continue;
		}
		end = strchr(at, '\n');
		if (end == NULL || end[-1] != ':')
			return;
		if (at != text)
			at[-1] = '\0';
		end[-1] = '\0';
		c->sections[c->section_count++] = (struct section){at + sizeof SECTION - 1, end + 1};
		at = end + 1;
	}
}

struct nginx_conf *nginx_conf_read(const char *path, const struct buf *dump, struct err *e)
{
	struct nginx_conf *c = calloc(1, sizeof *c);
	const char *slash = strrchr(path, '/');

	if (c == NULL || (c->arena = arena_new()) == NULL) {
		err_set(e, ERR_MEMORY, "no memory for nginx's configuration");
		nginx_conf_free(c);
		return NULL;
	}
	struct reader r = {.conf = c, .file = path, .at = "", .line = 1, .e = e};
	c->folder = slash == NULL ? "." : arena_text(c->arena, path, (size_t)(slash - path));
	c->root.name = "";
	if (dump != NULL && (c->dump = strdup(buf_text(dump))) != NULL)
		split_dump(c);
	int ret = dump == NULL            ? read_file(&r, path, &c->root)
		  : c->section_count == 0 ? err_set(e, ERR_INPUT, "nginx printed no configuration")
					  : read_text(&r, c->sections[0].name, c->sections[0].text, &c->root);
	if (ret == 0 && !arena_failed(c->arena))
		return c;
	nginx_conf_free(c);
	return NULL;
}

void nginx_conf_free(struct nginx_conf *c)
{
	if (c != NULL && c->arena != NULL)
		arena_free(c->arena);
	if (c != NULL)
		free(c->dump);
	free(c);
}

// ---- looking ----

const struct directive *nginx_conf_root(const struct nginx_conf *c)
{
	return &c->root;
}

bool directive_is(const struct directive *d, const char *name)
{
	return strcmp(d->name, name) == 0;
}

const struct directive *directive_in(const struct directive *block, const char *name)
{
	const struct directive *d = block->first;

	while (d != NULL && !directive_is(d, name))
		d = d->next;
	return d;
}

const struct directive *directive_in_force(const struct directive *at, const char *name)
{
	for (; at != NULL; at = at->parent) {
		const struct directive *d = directive_in(at, name);
		if (d != NULL)
			return d;
	}
	return NULL;
}

bool directive_has_word(const struct directive *d, const char *word)
{
	for (size_t i = 0; i < d->word_count; i++)
		if (strcmp(d->words[i], word) == 0)
			return true;
	return false;
}

const char *directive_word(const struct directive *d, size_t n)
{
	return d != NULL && n < d->word_count ? d->words[n] : "";
}

const struct directive *directive_next(const struct directive *root, const struct directive *at)
{
	if (at->first != NULL)
		return at->first;
	while (at != root && at->next == NULL)
		at = at->parent;
	return at == root ? NULL : at->next;
}
