// SPDX-License-Identifier: ISC
// A finished set in words: what its record keeps, the JSON of the answer, and the two texts of the archive. Pure.
#ifndef LETHE_GENERATE_OUTCOME_H
#define LETHE_GENERATE_OUTCOME_H

#include "fcgi/generate/generate.h"

// What is known of a finished set, for its record, beside what the ZIP says: {count, size, bytes, pictures:[{index,type,preview,offset,bytes}],
// missing:[{index,reason}], processor:{id,name,preview,prompts}, sent_to:[{id,name,kinds,failure}], prompts:{offset,bytes}}, and `key` of a ZIP that is sealed. A reason is the key of a word. Nothing of the visitor's.
// This and all the others: NULL when memory is gone.
cJSON *outcome_record(const struct set *s);
// Of what the record holds: {receipt, archive:{url,bytes,expires}, missing:[{index,reason}], processor:{…}, sent_to:[…]}.
cJSON *outcome_json(const cJSON *record, const struct policy *p, const char *receipt, time_t expires);
// A picture as the record has it, and as the visitor gets it: {index, type, preview, url, bytes}.
cJSON *outcome_picture(const struct set *s, unsigned index);
cJSON *outcome_picture_json(const cJSON *picture, const char *pictures_token);
// Everybody who was sent something, whatever came of it: [{id, name, kinds:["input","prompt"], failure (null: he gave something), anonymised (where it is so)}]. In the record a failure is
// the key of a word, for visitors it is the words.
cJSON *outcome_recipients(const struct set *s);
cJSON *outcome_recipients_json(const cJSON *recipients, const struct policy *p);
// prompts.json and README.txt.
int outcome_prompts(const struct set *s, struct buf *out);
int outcome_readme(const struct set *s, struct buf *out);
// Metadata for the ledger event "generation": processors and kinds planned; nothing about the visitor.
cJSON *outcome_plan(const struct set *s);
// What the processors get of the visitor's: kinds for the text and for the image job.
kind_set outcome_text_kinds(const struct set *s);
unsigned outcome_previews(const struct set *s); // how many pictures were drawn by the built-in processor

#endif
