// SPDX-License-Identifier: ISC
#ifndef LETHE_MODERATION_FILTER_NUMBERS_H
#define LETHE_MODERATION_FILTER_NUMBERS_H

#include "fcgi/moderation/filter_hits.h"
#include "fcgi/moderation/fold.h"

// Adds the card, bank account and phone numbers. -1 when memory is gone.
int filter_numbers(const struct folded *f, struct filter_hits *hits);

#endif
