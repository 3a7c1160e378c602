// SPDX-License-Identifier: ISC
// Bytes in and out of one request, the only place besides connection.c that knows libfcgi.
#ifndef LETHE_SERVE_STREAM_H
#define LETHE_SERVE_STREAM_H

#include "fcgi/serve/problem.h"
#include "fcgi/serve/request.h"

int stream_read_body(struct request *r, struct problem *why);
void stream_rest(const struct request *r); // gives memory back that the answer will need
int stream_write(struct request *r, const void *bytes, size_t len);
int stream_flush(struct request *r);
void stream_drain(struct request *r); // reads the rest of the body away, or marks the connection to be closed
void stream_wipe(struct request *r);  // overwrites what libfcgi holds of the request

#endif
