// SPDX-License-Identifier: ISC
// nginx's configuration as `nginx -T` prints it: a tree of directives, with every include put in its place.
#ifndef LETHE_ADMIN_NGINX_CONF_H
#define LETHE_ADMIN_NGINX_CONF_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct directive {
	const char *name;
	const char *const *words; // after the name; NULL-terminated
	size_t word_count;
	const char *file;
	int line;
	struct directive *parent; // NULL: the whole configuration
	struct directive *first, *last, *next;
};

struct nginx_conf;

// Reads what nginx_dump() appended. ERR_INPUT: not a configuration; ERR_MEMORY. Free with nginx_conf_free.
struct nginx_conf *nginx_conf_parse(const char *dump, struct err *e);
void nginx_conf_free(struct nginx_conf *c); // NULL is fine
const struct directive *nginx_conf_root(const struct nginx_conf *c);

// Runs `nginx -T` on the file and appends what it prints to *out. ERR_UNAVAILABLE: there is no nginx; ERR_REFUSED: it does not accept the
// configuration, or may not read all of it, and *e says why.
int nginx_dump(const char *path, struct buf *out, struct err *e);

// The directive itself, else the same one of the nearest block around `at` (nginx's usual inheritance); NULL when there is none.
const struct directive *directive_in_force(const struct directive *at, const char *name);
const struct directive *directive_in(const struct directive *block, const char *name); // directly in the block
bool directive_is(const struct directive *d, const char *name);
bool directive_has_word(const struct directive *d, const char *word);
const char *directive_word(const struct directive *d, size_t n); // "" when it has no such word; d may be NULL
// The next directive in document order, below `root`; NULL at the end. Begin with at = root.
const struct directive *directive_next(const struct directive *root, const struct directive *at);

#endif
