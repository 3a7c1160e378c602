// SPDX-License-Identifier: ISC
// The built-in processor: prompts from the brief by rule, pictures drawn locally. Nothing leaves the machine.
#ifndef LETHE_PROVIDER_SKETCH_H
#define LETHE_PROVIDER_SKETCH_H

#include "fcgi/ipc/worker_call.h"
#include "fcgi/provider/provider.h"
#include <stdbool.h>
#include <stdint.h>

// `count` different prompts in the words of the brief, the same for the same brief. ERR_INPUT (count), ERR_MEMORY.
int sketch_prompts(const struct brief *b, struct provider_prompts *out, struct err *e);

// The subject words of the brief, most telling first, as written there: for the captions. Returns how many.
enum { SKETCH_WORDS = 6, SKETCH_WORD_BYTES = 64 };
unsigned sketch_words(const struct brief *b, char words[SKETCH_WORDS][SKETCH_WORD_BYTES]);

// The colours that the page has or the description asks for ("blue tiles", "#ff8800"), as "#rrggbb". Returns how many.
enum { SKETCH_COLOURS = 6, SKETCH_COLOUR_BYTES = 8 };
unsigned sketch_colours(const struct brief *b, char colours[SKETCH_COLOURS][SKETCH_COLOUR_BYTES]);

// What the business is: a trade of sketch/trades.txt ("" when none is named) and its word as the brief writes it.
struct sketch_subject {
	const char *trade;
	char title[SKETCH_WORD_BYTES];
};
void sketch_subject_find(const struct brief *b, struct sketch_subject *out);

// The same for the same brief: what is drawn without being asked for stays when a set is made again.
uint32_t sketch_seed(const struct brief *b);

// The name of the business where the brief gives one ("called X", "Bakery X", in quotation marks); a sign without words is better than a
// wrong one.
bool sketch_name(const struct brief *b, char name[SKETCH_WORD_BYTES]);

// Loads the fonts. Once, before a process locks itself in: drawing needs no file and no thread afterwards. ERR_UNAVAILABLE: no font.
int sketch_prepare(struct err *e);

enum { SKETCH_EDGE_MIN = 64, SKETCH_EDGE_MAX = 2048 };
// Draws one labelled preview and appends it as PNG. Same job, same bytes. ERR_INPUT (the size), ERR_MEMORY.
int sketch_draw(const struct worker_sketch *job, struct buf *png, struct err *e);

#endif
