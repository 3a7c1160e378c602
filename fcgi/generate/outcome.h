// SPDX-License-Identifier: ISC
// A finished set in words: the JSON of the answer, and the two texts of the archive. Pure.
#ifndef LETHE_GENERATE_OUTCOME_H
#define LETHE_GENERATE_OUTCOME_H

#include "fcgi/generate/generate.h"

// {receipt, archive:{url,bytes,expires}, missing:[{index,reason}], processor:{id,name,preview,prompts}}, and for `whole` also prompts:[…].
// NULL when memory is gone.
cJSON *outcome_json(const struct set *s, bool whole);
// prompts.json and README.txt.
int outcome_prompts(const struct set *s, struct buf *out);
int outcome_readme(const struct set *s, struct buf *out);
// Metadata for the ledger event "generation": processors and kinds planned; nothing about the visitor.
cJSON *outcome_plan(const struct set *s);
// What the processors get of the visitor's: kinds for the text and for the image job.
kind_set outcome_text_kinds(const struct set *s);
unsigned outcome_previews(const struct set *s); // how many pictures were drawn by the built-in processor

#endif
