// SPDX-License-Identifier: ISC
#ifndef LETHE_MODEL_PROSE_READ_H
#define LETHE_MODEL_PROSE_READ_H

#include "policy/model/node.h"

struct prose prose_read(struct reader *r, const xmlNode *node); // one that says nothing is reported

#endif
