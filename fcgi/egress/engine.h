// SPDX-License-Identifier: ISC
// libcurl's multi interface in our event loop.
#ifndef LETHE_EGRESS_ENGINE_H
#define LETHE_EGRESS_ENGINE_H

#include "fcgi/egress/loop.h"
#include <curl/curl.h>

struct engine {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
	// A transfer ended; it is out of the multi already and belongs to the callee, who may add others.
	void (*done)(CURL *easy, CURLcode result);
};

// `connections`: at most so many to one host; further transfers wait for one, or share one (HTTP/2).
int engine_open(struct engine *g, struct loop *l, unsigned connections, void (*done)(CURL *, CURLcode), struct err *e);
void engine_close(struct engine *g);
int engine_add(struct engine *g, CURL *easy);     // -1 when there is no memory
void engine_remove(struct engine *g, CURL *easy); // cancels: closes the connection, or resets the stream, at once

#endif
