// SPDX-License-Identifier: ISC
// Content-Encoding of pages, undone as leniently as browsers do it.
#ifndef LETHE_EGRESS_CODING_H
#define LETHE_EGRESS_CODING_H

#include "fcgi/egress/failure.h"
#include "policy/base/buf.h"

// Takes back the codings (the header's value, of several in the order they were applied) from the whole body: gzip, deflate with zlib's header
// or without, br. What stands behind the end of a compressed stream is ignored, a stream that breaks off gives what came; a body that is not
// compressed, and one with a coding that nobody knows, stays as it is. FAILURE_ENCODING: nothing could be decoded; FAILURE_SIZE: more than
// body->max.
enum egress_failure coding_undo(struct buf *body, const char *codings);

#endif
