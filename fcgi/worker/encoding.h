// SPDX-License-Identifier: ISC
// Bytes in any encoding become clean UTF-8. The encoding is the byte order mark's, else the one HTTP named, else the page's own <meta>,
// else UTF-8 if the bytes are valid UTF-8, else windows-1252 (what browsers do for Western pages).
#ifndef LETHE_WORKER_ENCODING_H
#define LETHE_WORKER_ENCODING_H

#include "policy/base/buf.h"
#include <stddef.h>

// Loads the converters for the legacy encodings. The C library reads them from files, so this comes before the sandbox; without it the
// built-in ones (UTF-8, UTF-16, windows-1252) still work and the others are loaded when first used.
void encoding_prepare(void);

// Appends the bytes as UTF-8: what is malformed becomes U+FFFD, control characters become spaces, a byte order mark goes. `content_type` is
// the HTTP header's value, or NULL. -1: *out is full or memory is gone.
int encoding_to_utf8(struct buf *out, const char *bytes, size_t len, const char *content_type);

#endif
