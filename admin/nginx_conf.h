// SPDX-License-Identifier: ISC
// nginx's configuration as `nginx -T` prints it: a tree of directives, with every include put in its place.
#ifndef LETHE_ADMIN_NGINX_CONF_H
#define LETHE_ADMIN_NGINX_CONF_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>

struct nginx_directive {
	const char *name;
	const char *const *words; // after the name; NULL-terminated
	size_t word_count;
	const char *file;
	int line;
	struct nginx_directive *parent; // NULL: the whole configuration
	struct nginx_directive *first, *last, *next;
};

struct nginx_conf;

// Reads what nginx_dump() appended. ERR_INPUT: not a configuration; ERR_MEMORY. Free with nginx_conf_free.
struct nginx_conf *nginx_conf_parse(const char *dump, struct err *e);
void nginx_conf_free(struct nginx_conf *c); // NULL is fine
const struct nginx_directive *nginx_conf_root(const struct nginx_conf *c);

// Runs `nginx -T` on the file and appends what it prints to *out. ERR_UNAVAILABLE: there is no nginx, or this user may not read
// all that it reads; ERR_REFUSED: it does not accept the configuration, and *e says why.
int nginx_dump(const char *path, struct buf *out, struct err *e);

// The directive itself, else the same one of the nearest block around `at` (nginx's usual inheritance); NULL when there is none.
const struct nginx_directive *nginx_directive_in_force(const struct nginx_directive *at, const char *name);
const struct nginx_directive *nginx_directive_in(const struct nginx_directive *block, const char *name); // directly in the block
bool nginx_directive_is(const struct nginx_directive *d, const char *name);
bool nginx_has_word(const struct nginx_directive *d, const char *word);
const char *nginx_word(const struct nginx_directive *d, size_t n); // "" when it has no such word; d may be NULL
// The next directive in document order, below `root`; NULL at the end. Begin with at = root.
const struct nginx_directive *nginx_directive_next(const struct nginx_directive *root, const struct nginx_directive *at);

// Does the server pass requests to the programs?
bool nginx_passes_requests(const struct nginx_directive *server);

#endif
