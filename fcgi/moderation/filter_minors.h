// SPDX-License-Identifier: ISC
#ifndef LETHE_MODERATION_FILTER_MINORS_H
#define LETHE_MODERATION_FILTER_MINORS_H

#include <stdbool.h>

// Minors in a sexualised or violent context; English and German, and the plain words of French and Spanish. Memory gone counts as found:
// nothing passes unread.
bool filter_minors(const char *text);

#endif
