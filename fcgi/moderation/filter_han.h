// SPDX-License-Identifier: ISC
// The rule for minors in Chinese: terms of minors_han.txt, which is part of the program.
#ifndef LETHE_MODERATION_FILTER_HAN_H
#define LETHE_MODERATION_FILTER_HAN_H

#include "policy/base/err.h"
#include <stdbool.h>

// Reads minors_han.txt, once. ERR_INPUT: it is malformed, which the tests exclude; ERR_MEMORY.
int filter_han_ready(struct err *e);
// A minor and a sexual term within a passage, or a violent one within a sentence. Memory gone counts as found.
bool filter_han_minors(const char *text);

#endif
