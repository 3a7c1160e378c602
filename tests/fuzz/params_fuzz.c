// SPDX-License-Identifier: ISC
// What the web server says about a request: "NAME=value" lines. Routes, origin, type, length, negotiation.
#include "fcgi/serve/media_type.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/route.h"
#include "fcgi/serve/serve.h"
#include "fcgi/serve/server.h"
#include <stdlib.h>
#include <string.h>

static const struct route routes[] = {
    {.method = "GET", .path = "/a/*"},
    {.method = "POST", .path = "/b", .body_max = 100, .body_types = BODY_JSON | BODY_FORM | BODY_MULTIPART, .changes_state = true},
    {0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *params[33] = {0}, *rest = NULL, boundary[72];
	size_t n = 0;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && n < 32; line = strtok_r(NULL, "\n", &rest))
		params[n++] = line;
	static const struct policy nothing; // the routes touch no kind of data
	struct server server = {.policy = &nothing};
	struct request r = {.params = params, .server = &server};
	struct problem no = {0};
	enum body_type kind;
	if (route_find(&r, routes, &no) == 0 && route_admit(&r, &kind, &no) == 0 && kind == BODY_MULTIPART)
		media_type_parameter(request_param(&r, "CONTENT_TYPE"), "boundary", boundary, sizeof boundary);
	request_wants(&r, "text/html");
	free(text);
	return 0;
}
