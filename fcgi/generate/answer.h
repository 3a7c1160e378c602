// SPDX-License-Identifier: ISC
// The answer in one of three forms, by Accept: events as things happen, one JSON object, or a page for a browser without JavaScript.
#ifndef LETHE_GENERATE_ANSWER_H
#define LETHE_GENERATE_ANSWER_H

#include "fcgi/generate/failure.h"
#include "fcgi/serve/serve.h"

struct set;
struct picture;

enum answer_form { ANSWER_JSON = 0, ANSWER_EVENTS, ANSWER_PAGE };

struct answer {
	enum answer_form form;
	bool begun; // the status is out: from now on trouble is an event
};

enum answer_form answer_form(const struct request *r);

// Each returns -1 when the visitor has left. Only ANSWER_EVENTS says something before answer_done().
int answer_begin(struct set *s);
int answer_progress(struct set *s, const char *stage, unsigned done, unsigned of);
int answer_prompt(struct set *s, unsigned index);
int answer_image(struct set *s, unsigned index, const void *bytes, size_t len);
int answer_alive(struct set *s); // a sign of life while nothing happens
int answer_done(struct set *s);
// A problem document, or an `error` event once the answer has begun. Says nothing when there is no trouble.
void answer_failure(struct set *s);
void answer_confirm(struct set *s); // a page that asks: answer_trouble() of what can be confirmed, for a browser

#endif
