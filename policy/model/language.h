// SPDX-License-Identifier: ISC
// The languages in which the software has words of its own. A notice in another one would be half in English, so it is refused.
#ifndef LETHE_MODEL_LANGUAGE_H
#define LETHE_MODEL_LANGUAGE_H

#include "policy/base/when.h"
#include <stddef.h>

enum language { LANGUAGE_EN, LANGUAGE_DE, LANGUAGE_ZH, LANGUAGE_COUNT };

// By the code's first part: "zh-Hans" is LANGUAGE_ZH. -1 when there are no words of it; `out` is English then.
int language_from_code(enum language *out, const char *code);
// "14 days", "14 Tage", "14 天".
void language_duration(char *out, size_t size, struct duration d, enum language language);
// How long something in memory only is there; `longest` zero: for the request.
void language_memory(char *out, size_t size, struct duration longest, enum language language);
// What a condition of a life means: "for as long as your account exists". "" for NULL.
const char *language_condition(const char *condition, enum language language);

#endif
