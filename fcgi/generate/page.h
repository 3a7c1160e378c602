// SPDX-License-Identifier: ISC
#ifndef LETHE_GENERATE_PAGE_H
#define LETHE_GENERATE_PAGE_H

#include "fcgi/generate/set.h"

// What the page that the visitor named says; nothing where none was named. -1 with the failure set, or with none: the visitor left.
int page_facts_read(struct set *s);

#endif
