// SPDX-License-Identifier: ISC
// The styles that a set can be asked in: what the API accepts, what models are told, and how the built-in pictures look in it.
#ifndef LETHE_PROVIDER_STYLE_H
#define LETHE_PROVIDER_STYLE_H

struct provider_style {
	const char *name;        // in the API and in the names of files
	const char *look;        // of the built-in pictures: a file of sketch/styles/
	const char *words;       // for models that write prompts
	const char *lead, *tail; // around a prompt of ours
};
// The first one is what is meant where none is named. NULL-terminated.
extern const char *const provider_style_names[];
// The row with this name; the first one for NULL and for names that there are not.
const struct provider_style *provider_style(const char *name);

#endif
