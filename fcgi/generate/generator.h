// SPDX-License-Identifier: ISC
// What all requests share: the processors that can be used here, in the policy's order, and where the other programs listen.
#ifndef LETHE_GENERATE_GENERATOR_H
#define LETHE_GENERATE_GENERATOR_H

#include "fcgi/generate/input.h"
#include "fcgi/provider/provider.h"
#include "fcgi/serve/serve.h"
#include "policy/model/policy.h"
#include "policy/rules/active.h"
#include "policy/vault/vault.h"
#include <stdatomic.h>
#include <stdbool.h>

enum { CHAIN_MAX = 8 };

struct processor {
	const char *id, *name;           // of the policy: the name is the brand, which visitors read everywhere else
	const struct provider *provider; // NULL: not built
	bool usable;                     // built in, or set up on this machine
	bool choice;                     // nothing goes there unless the visitor chose it
	bool own;                        // the controller's own, built in or not: what goes there does not leave
	bool anonymised;                 // what it gets is anonymised on the way
	atomic_bool *keyless;            // egress, which alone sees the keys, has none for it, or no address; NULL: it needs none
};
struct chain {
	const struct processor *at[CHAIN_MAX];
	unsigned count;
};

struct generator {
	const struct policy *policy;
	struct vault *vault;
	struct processor text[CHAIN_MAX], image[CHAIN_MAX]; // declared, in the policy's order
	unsigned text_count, image_count;
	const char *image_ids[CHAIN_MAX + 1]; // the choices of the field `provider`
	struct field fields[GENERATE_FIELDS];
	char spool[256], egress[256], worker[256];
	unsigned partial_images;   // that the pages ask of vendors
	int spool_lock;            // as long as the program runs
	bool sealed;               // what is written into the spool: it is on a disk
	struct active_watch watch; // of the policy that it serves
};

// Fills *g. Removes what a crash left in the spool. ERR_INPUT: a path is too long.
int generator_init(struct generator *g, const struct policy *p, struct vault *v, struct err *e);
// Asks egress who has a key, if that was not heard a moment ago. -1: no answer, and all stays as it was. `hangup_fd`: see call_ask().
int generator_learn(const struct generator *g, int hangup_fd);
bool generator_usable(const struct processor *one);
// Those that can be used, in order, and of those that are to be chosen the one that was; `chosen` NULL: none was. None, where the policy declares nothing
// that is set up.
struct chain generator_chain(const struct processor *declared, unsigned count, const char *chosen);
// Whether a set can only be made by who is chosen: the first that can be used is one of these.
bool generator_needs_choice(const struct generator *g);
// The one that the visitor named; NULL: not declared.
const struct processor *generator_image(const struct generator *g, const char *id);

#endif
