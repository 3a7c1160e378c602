// SPDX-License-Identifier: ISC
// The answer in one of three forms, by Accept: events as things happen, one JSON object, or a page for a browser without JavaScript.
#ifndef LETHE_GENERATE_ANSWER_H
#define LETHE_GENERATE_ANSWER_H

#include "fcgi/generate/generate.h"

enum answer_form answer_form(const struct request *r);
enum { ALIVE_MS = 15 * 1000 }; // between two signs of life
extern const char answer_alive_comment[];

// Only ANSWER_EVENTS says something before answer_done(). What it says is remembered with the set, for whoever reads along or comes back; that
// the visitor has left is no failure then. Each returns -1 with a failure, or, of the other forms, when the visitor has left.
int answer_begin(struct set *s);
int answer_progress(struct set *s, const char *stage, unsigned done, unsigned of);
int answer_prompt(struct set *s, unsigned index);
int answer_image(struct set *s, unsigned index); // which is in the archive
// A small picture, a WebP, of what is not ready yet. Only who waits now sees it: it is remembered nowhere.
void answer_partial(struct set *s, unsigned index, unsigned number, const struct buf *webp);
int answer_alive(struct set *s); // a sign of life while nothing happens
// `record` as outcome_record() made it.
int answer_done(struct set *s, const cJSON *record);
// The failure: a problem document, an `error` event once the answer has begun or, of what can be confirmed, a page that asks. Says nothing
// when there is none.
void answer_failure(struct set *s);

#endif
