// SPDX-License-Identifier: ISC
// What no row of policy/model/fields.c can say. Each gets two versions of one thing.
#ifndef LETHE_RULES_DIFF_SPECIAL_H
#define LETHE_RULES_DIFF_SPECIAL_H

#include "policy/rules/diff_parts.h"

void diff_kind(struct differ *d, const void *before, const void *after);
void diff_processor(struct differ *d, const void *before, const void *after);
void diff_content(struct differ *d, const void *before, const void *after);
void diff_party(struct differ *d, const char *title, const struct policy_party *from, const struct policy_party *to);

#endif
