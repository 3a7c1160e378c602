// SPDX-License-Identifier: ISC
// The languages in which the software has words of its own (policy/publish/words). A notice in another one would be half in English, so it
// is refused.
#ifndef LETHE_MODEL_LANGUAGE_H
#define LETHE_MODEL_LANGUAGE_H

enum language { LANGUAGE_EN, LANGUAGE_DE, LANGUAGE_ZH, LANGUAGE_COUNT };

// By the code's first part: "zh-Hans" is LANGUAGE_ZH. -1 when there are no words of it; `out` is English then.
int language_from_code(enum language *out, const char *code);

#endif
