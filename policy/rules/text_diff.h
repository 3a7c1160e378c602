// SPDX-License-Identifier: ISC
// Whether two versions of a policy say the same, word for word, in every language: all that is published is made of these fields, so what
// differs here needs a new version and date. Comments, layout and line numbers do not count.
#ifndef LETHE_RULES_TEXT_DIFF_H
#define LETHE_RULES_TEXT_DIFF_H

#include "policy/base/err.h"
#include "policy/model/policy.h"

enum { TEXT_DIFF_WORDS = 300 };
// 0 or 1, whether they differ, with the first difference in words: "promises no-account what: “…” is to be “…”". -1 (ERR_MEMORY).
int text_diff(char words[TEXT_DIFF_WORDS], const struct policy *before, const struct policy *after, struct err *e);

#endif
