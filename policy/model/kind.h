// SPDX-License-Identifier: ISC
// The kinds of data that the software can hold. One row each in kind.def; a policy declares some of them, and nothing else is held.
#ifndef LETHE_MODEL_KIND_H
#define LETHE_MODEL_KIND_H

#include <stdbool.h>
#include <stdint.h>

enum kind {
#define KIND(id, ...) KIND_##id,
#include "policy/model/kind.def"
#undef KIND
	KIND_COUNT
};

typedef uint32_t kind_set; // bit (1u << kind)
#define KIND_BIT(k) ((kind_set)1u << (k))

struct kind_row {
	enum kind kind;
	bool carried;             // its records outlive a restore from before they were put or changed (policy/vault/carry.h)
	const char *name;         // as the policy writes it: "request-log"
	const char *where;        // "memory", "vault.db", "log/", "spool/", "nginx"
	const char *words;        // "request log", for messages
	const char *const *stays; // the members of its body that stay when it is anonymised, ended by NULL; NULL: none
};

const struct kind_row *kind_row(enum kind k);
int kind_from_name(enum kind *out, const char *name); // -1 when there is no such kind
// The set's names joined with ", " into out, cut if it does not fit.
void kind_set_words(char *out, unsigned long size, kind_set set);
int kind_set_read(kind_set *out, const char *names); // with a space between two; -1: there is no such kind

#endif
