// SPDX-License-Identifier: ISC
// The page of rights in steps: what one may want, and for each right what is needed for it. `lethe publish` writes them, and the rights program again
// with what was typed, so that a fault stands beside its field without a script.
#ifndef LETHE_PUBLISH_RIGHTS_FORMS_H
#define LETHE_PUBLISH_RIGHTS_FORMS_H

#include "policy/publish/words/words.h"

struct rights_typed {
	const char *receipt, *archive, *contact, *message; // NULL: nothing
	const char *field, *fault;                         // the field at fault, and in words what to do; NULL: none
};
// A right in a visitor's words.
const char *rights_form_name(const struct policy *p, const struct policy_right *right);
// The list of what one may want; each leads to its step.
void rights_form_choices(const struct policy *p, struct buf *out);
// What is needed for one right. `heading`: with its own heading, as one step of a page.
void rights_form_step(const struct policy *p, const struct policy_right *right, const struct rights_typed *typed, bool heading,
		      struct buf *out);
// The begin of a form, in the page's language; `path` is where it goes.
void rights_form_begin(const struct policy *p, struct buf *out, const char *path, const char *class);
struct rights_form_field {
	const char *id, *name;
	const char *label, *hint; // keys of words; hint may be NULL
	const char *value;        // NULL: empty
	const char *fault;        // in words; NULL: none
	const char *attributes;   // more of them
	int max;                  // characters
	bool required, is_long;
};
void rights_form_field(const struct policy *p, const struct rights_form_field *f, struct buf *out);
void rights_form_hidden(struct buf *out, const char *name, const char *value); // nothing for NULL

#endif
