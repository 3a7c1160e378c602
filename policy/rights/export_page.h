// SPDX-License-Identifier: ISC
#ifndef LETHE_RIGHTS_EXPORT_PAGE_H
#define LETHE_RIGHTS_EXPORT_PAGE_H

#include "policy/rights/export_parts.h"

int export_page(const struct export *x, struct buf *out); // index.html; -1: no memory

#endif
