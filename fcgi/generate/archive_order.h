// SPDX-License-Identifier: ISC
// The listing of a ZIP stands at its end and refers to the entries by where they are. So a set whose pictures were written as they came can be
// listed in the order in which people read it, without holding a picture back: only the few hundred bytes of the listing are sorted.
#ifndef LETHE_GENERATE_ARCHIVE_ORDER_H
#define LETHE_GENERATE_ARCHIVE_ORDER_H

#include "policy/base/err.h"
#include <stdint.h>

// Sorts the listing of the finished ZIP of `size` bytes in place. ERR_FULL, ERR_IO.
int archive_order(int fd, uint64_t size, struct err *e);

#endif
