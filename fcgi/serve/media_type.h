// SPDX-License-Identifier: ISC
// Media types as headers carry them, and which one a client prefers.
#ifndef LETHE_SERVE_MEDIA_TYPE_H
#define LETHE_SERVE_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

// Whether the header's media type is `type`; parameters are left aside.
bool media_type_is(const char *header, const char *type);
// A parameter of a media type or disposition, unquoted; -1 when absent or too long.
int media_type_parameter(const char *header, const char *name, char *out, size_t size);
// The type that an Accept header (NULL: there is none) prefers (RFC 9110 §12.5.1) of those that we make: "application/json", "text/html",
// "text/event-stream".
const char *media_type_preferred(const char *accept);

#endif
