// SPDX-License-Identifier: ISC
#ifndef LETHE_GENERATE_PROMPTS_H
#define LETHE_GENERATE_PROMPTS_H

#include "fcgi/generate/set.h"

// A prompt for each picture. -1 with the failure set, or with none: the visitor left.
int prompts_write(struct set *s);

#endif
