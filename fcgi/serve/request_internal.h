// SPDX-License-Identifier: ISC
// The inside of a request, for the files of fcgi/serve alone.
#ifndef LETHE_SERVE_REQUEST_INTERNAL_H
#define LETHE_SERVE_REQUEST_INTERNAL_H

#include "policy/base/buf.h"
#include <cjson/cJSON.h>
#include <fcgiapp.h>
#include <stdint.h>

struct request {
	struct server *server;
	FCGX_Request *fcgx;  // NULL: nothing is sent (tests of single parts)
	char *const *params; // "NAME=value", ended by NULL
	const struct route *route;
	const char *rest;
	uint64_t deadline;
	struct buf body;
	cJSON *fields;
	const struct policy *policy; // in the language of the request; NULL: not yet looked for
	bool typed;                  // the fields come from JSON and have types; a form's are all text
	struct part *parts;
	size_t part_count;
	struct buf headers; // of the answer, as they will be sent
	bool has_type, has_cache;
	int status;                          // 0: not yet answered
	bool head;                           // HEAD: no body goes out
	bool logged;                         // the request-log row is written
	struct request_log_pending *log_row; // or under way
	bool gone;                           // the visitor left
	bool unlogged;                       // an answer was held back, because the log does not know of the request
	bool commit_unknown;                 // whether something was stored is not known
};

bool request_of_api(const struct request *r); // its address is below the program's `api_below`

#endif
