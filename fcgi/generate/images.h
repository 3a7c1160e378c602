// SPDX-License-Identifier: ISC
#ifndef LETHE_GENERATE_IMAGES_H
#define LETHE_GENERATE_IMAGES_H

#include "fcgi/generate/set.h"

// A picture for each prompt, into the archive and the answer. 0 when at least one was made; -1 with the failure set, or with none: the
// visitor left.
int images_make(struct set *s);

#endif
