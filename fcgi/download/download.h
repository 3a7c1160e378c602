// SPDX-License-Identifier: ISC
// GET, HEAD and DELETE /downloads/<token>.zip. The token is the capability: 256 random bits, stored only as a keyed hash. A wrong, an
// expired, an ended and an impossible one are the same 404.
#ifndef LETHE_DOWNLOAD_DOWNLOAD_H
#define LETHE_DOWNLOAD_DOWNLOAD_H

#include "fcgi/serve/serve.h"

extern const struct program download_program;

#endif
