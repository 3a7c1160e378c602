// SPDX-License-Identifier: ISC
// Bytes in any encoding become clean UTF-8, as browsers decode them. The encoding is the byte order mark's, else the one HTTP named, else the
// page's own <meta> or XML declaration, else UTF-8 if the bytes are valid UTF-8, else windows-1252 (what browsers do for Western pages).
#ifndef LETHE_WORKER_ENCODING_H
#define LETHE_WORKER_ENCODING_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stddef.h>

// Reads encodings.txt and opens the C library's converters for pairs of bytes. The C library reads them from files, so this comes before the
// sandbox. ERR_INPUT: encodings.txt is malformed or a converter is missing, which the tests exclude; what could be read still works.
int encoding_prepare(struct err *e);

// Appends the bytes as UTF-8: what is malformed becomes U+FFFD, control characters become spaces, a byte order mark goes. `content_type` is
// the HTTP header's value, or NULL. -1: *out is full or memory is gone.
int encoding_to_utf8(struct buf *out, const char *bytes, size_t len, const char *content_type);

#endif
