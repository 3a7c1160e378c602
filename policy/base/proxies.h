// SPDX-License-Identifier: ISC
// Proxies in front of the site that may say who the visitor is: LETHE_TRUSTED_PROXIES, addresses and networks (198.51.100.0/24), separated by
// blanks or commas, or @FILE with one a line; LETHE_PROXY_HEADER, where they say it: a header (X-Forwarded-For when not set), or
// "proxy_protocol", the line that HAProxy and others send before the request.
#ifndef LETHE_BASE_PROXIES_H
#define LETHE_BASE_PROXIES_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include <stdbool.h>

// The networks into `out`, each with a newline behind it; none are set: nothing. ERR_INPUT: one is no network, or holds every address, or the
// header is no name of one.
int proxies_read(struct buf *out, struct err *e);
const char *proxies_header(void);
bool proxies_protocol(void);             // it is the PROXY protocol: nginx has to listen for it, and whoever connects sends its line
#define PROXIES_LINE "PROXY UNKNOWN\r\n" // of who speaks for himself

#endif
