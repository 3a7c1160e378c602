// SPDX-License-Identifier: ISC
// One request from its first byte to its last.
#include "fcgi/serve/dispatch.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/body.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/respond.h"
#include "fcgi/serve/respond_problem.h"
#include "fcgi/serve/server.h"
#include "fcgi/serve/stream.h"
#include "policy/base/when.h"

static int request_read(struct request *r, struct problem *why)
{
	enum body_type kind;
	if (route_find(r, r->server->program->routes, why) != 0 || route_admit(r, &kind, why) != 0 || stream_read_body(r, why) != 0)
		return -1;
	int rc = body_parse(r, kind, why);
	if (kind != BODY_NONE)
		stream_rest(r);
	request_choose_language(r);
	if (kind != BODY_MULTIPART) // its parts point into the body; of the others the fields are a copy already
		buf_wipe(&r->body);
	return rc;
}

static void request_answer(struct request *r)
{
	struct problem why = {.language = request_language(r)};
	struct err e = {0};
	if (request_read(r, &why) != 0) {
		respond_with_problem(r, &why);
		return;
	}
	if (r->route->logged && !r->route->logs_itself && request_log(r, NULL, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	if (r->route->changes_state && r->server->yield != NULL) // waits for the disk, and for other writers
		r->server->yield(r->server);
	r->route->handle(r, r->server->context);
	if (r->unlogged) {
		respond_problem(r, 500, "problem.internal.unlogged", NULL, NULL);
	} else if (!respond_begun(r)) {
		note_line("%s %s gave no answer", r->route->method, r->route->path);
		respond_problem(r, 500, "problem.internal", NULL, NULL);
	}
}

void dispatch_request(struct server *s, FCGX_Request *fcgx, bool busy)
{
	struct request r = {.server = s, .fcgx = fcgx, .params = fcgx->envp, .deadline = monotonic_ms()};
	request_choose_language(&r);
	if (busy)
		respond_problem(&r, 503, "problem.busy.visitors", NULL, NULL);
	else
		request_answer(&r);
	if (r.commit_unknown || (s->vault != NULL && vault_broken(s->vault))) {
		if (!atomic_exchange(&s->failed, true))
			note_line("the outcome of a commit is unknown: serving stops, so that the next start can check the store");
		server_stop(s, true);
	}
	stream_drain(&r);
	stream_wipe(&r);
	request_free(&r);
}
