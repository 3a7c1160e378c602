// SPDX-License-Identifier: ISC
// The built-in processor: prompts from the brief by rule, pictures drawn locally. Nothing leaves the machine.
#ifndef LETHE_PROVIDER_SKETCH_H
#define LETHE_PROVIDER_SKETCH_H

#include "fcgi/provider/provider.h"

// `count` different prompts in the words of the brief.
int sketch_prompts(const struct brief *b, struct provider_prompts *out, struct err *e);

struct sketch_job {
	const char *prompt;
	const char *const *words;   // from the brief, for the caption; NULL-terminated
	const char *const *colours; // "#rrggbb"; NULL-terminated; may be empty
	const char *style;
	unsigned width, height, index, of;
	unsigned seed;
};
// Draws one labelled preview as PNG. Same job, same bytes.
int sketch_draw(const struct sketch_job *job, struct buf *png, struct err *e);

#endif
