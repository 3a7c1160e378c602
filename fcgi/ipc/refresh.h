// SPDX-License-Identifier: ISC
// How a page sends its visitors on by itself: <meta http-equiv=refresh> and the header Refresh, "0; url=/new".
#ifndef LETHE_IPC_REFRESH_H
#define LETHE_IPC_REFRESH_H

#include <stddef.h>

enum { REFRESH_SOON = 5 }; // seconds: who is sent on later has time to read what is there

// The seconds, and where to ("" to the page itself), read as https://html.spec.whatwg.org/#shared-declarative-refresh-steps says. -1: the
// value is malformed, or the URL does not fit.
double refresh_read(const char *value, char *url, size_t size);

#endif
