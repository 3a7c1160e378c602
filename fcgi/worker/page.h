// SPDX-License-Identifier: ISC
// What a web page says about a business, from bytes that nobody vouches for. Runs in a process of its own (see pool.h).
#ifndef LETHE_WORKER_PAGE_H
#define LETHE_WORKER_PAGE_H

#include "policy/base/err.h"
#include <cjson/cJSON.h>
#include <stddef.h>

// Once per process, before the sandbox: the encodings. As encoding_prepare().
int page_prepare(struct err *e);

// Reads HTML of `len` bytes in any encoding (what is over PAGE_BYTES_MAX after decoding is not looked at) and returns the reply head of
// ipc/worker_call.h, which the caller frees. `type` is the HTTP Content-Type, or NULL. On failure NULL, *code (of the same place) and the error.
cJSON *page_read(const char *bytes, size_t len, const char *type, const char **code, struct err *e);

#endif
