// SPDX-License-Identifier: ISC
// How a text model is asked for prompts, and how its answer is read, whatever API is around it.
#ifndef LETHE_PROVIDER_PROMPTS_H
#define LETHE_PROVIDER_PROMPTS_H

#include "fcgi/provider/provider.h"

enum { PROMPTS_SYSTEM_MAX = 8192, PROMPTS_USER_MAX = 128 * 1024 }; // ceilings of the two buffers

// What the model is told (`system`), and the brief as JSON (`user`). `form_in_words`: the API cannot be told the form of the answer, so the model
// is. -1: no memory.
int prompts_ask(const struct brief *b, bool form_in_words, struct buf *system, struct buf *user);
unsigned prompts_tokens(const struct brief *b); // that the answer may take
// Ends the task with the prompts of the model's answer. One or more is well: fewer than asked for is the caller's to judge, more are cut off.
enum provider_step prompts_answer(struct provider_task *t, const char *content);

#endif
