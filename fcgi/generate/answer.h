// SPDX-License-Identifier: ISC
// The answer in one of three forms, by Accept: events as things happen, one JSON object, or a page for a browser without JavaScript.
#ifndef LETHE_GENERATE_ANSWER_H
#define LETHE_GENERATE_ANSWER_H

#include "fcgi/generate/generate.h"

enum answer_form answer_form(const struct request *r);

// Each returns -1 when the visitor has left. Only ANSWER_EVENTS says something before answer_done().
int answer_begin(struct set *s);
int answer_progress(struct set *s, const char *stage, unsigned done, unsigned of);
int answer_prompt(struct set *s, unsigned index);
int answer_image(struct set *s, unsigned index, const void *bytes, size_t len);
int answer_alive(struct set *s); // a sign of life while nothing happens
int answer_done(struct set *s);
// The failure: a problem document, an `error` event once the answer has begun or, of what can be confirmed, a page that asks. Says nothing
// when there is none.
void answer_failure(struct set *s);

#endif
