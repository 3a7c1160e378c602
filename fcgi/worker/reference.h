// SPDX-License-Identifier: ISC
// A picture that a visitor sent to start from, as it may leave: its pixels and nothing else of the file, so neither place nor camera nor
// name. Runs in a process of its own (see pool.h).
#ifndef LETHE_WORKER_REFERENCE_H
#define LETHE_WORKER_REFERENCE_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <cjson/cJSON.h>

// Appends the picture to *out and returns the head of the reply (see worker_call.h). NULL with *code ("bad-picture" or "too-costly") and the
// error. `mask`: the edge of the reply for the picture that it is the mask of; of such a one only what can be seen through is kept. 0: it is no mask.
cJSON *reference_make(const void *bytes, size_t len, unsigned mask, struct buf *out, const char **code, struct err *e);

#endif
