// SPDX-License-Identifier: ISC
// One request from its first byte to its last.
#include "fcgi/serve/internal.h"
#include <fcgiapp.h>

static int request_read(struct request *r, struct refusal *no)
{
	enum body_type kind;
	if (route_find(r, r->server->program->routes, no) != 0 || route_admit(r, &kind, no) != 0 || stream_read_body(r, no) != 0)
		return -1;
	int rc = body_parse(r, kind, no);
	if (kind != BODY_NONE)
		stream_rest(r);
	if (kind != BODY_MULTIPART) // its parts point into the body; of the others the fields are a copy already
		buf_wipe(&r->body);
	return rc;
}

static void request_answer(struct request *r)
{
	struct refusal no = {0};
	struct err e = {0};
	if (request_read(r, &no) != 0) {
		respond_refusal(r, &no);
		return;
	}
	if (r->route->logged && !r->route->logs_itself && request_log(r, NULL, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	if (r->route->changes_state) // waits for the disk, and for other writers
		thread_pool_yield(r->server);
	r->route->handle(r, r->server->context);
	if (!responded(r)) {
		note("%s %s gave no answer", r->route->method, r->route->path);
		respond_problem(r, 500, "internal", NULL, "Something went wrong here. It has been noted; trying again may help.");
	}
}

void request_serve(struct server *s, FCGX_Request *fcgx, bool busy)
{
	struct request r = {.server = s, .fcgx = fcgx, .params = fcgx->envp, .deadline = monotonic_ms()};
	if (busy)
		respond_problem(&r, 503, "busy", NULL, "The site is answering as many visitors as it can. Try again in a few seconds.");
	else
		request_answer(&r);
	if (s->vault != NULL && vault_broken(s->vault))
		server_stop(s, true);
	stream_drain(&r);
	stream_wipe(&r);
	request_free(&r);
}
