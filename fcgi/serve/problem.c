// SPDX-License-Identifier: ISC
#include "fcgi/serve/problem.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/framed.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/respond.h"
#include "fcgi/serve/server.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/api_error.h"
#include <stdio.h>
#include <string.h>

int problem_set(struct problem *p, int status, const char *key, const char *parameter, const struct word_value *values)
{
	BUF_AUTO struct buf detail = BUF_INIT(8192);
	const char *slug = strchr(key, '.') + 1;
	size_t fits = parameter != NULL ? utf8_cut(parameter, sizeof p->parameter - 1) : 0;

	p->status = status;
	p->confirmable = false;
	snprintf(p->slug, sizeof p->slug, "%.*s", (int)strcspn(slug, "."), slug);
	snprintf(p->parameter, sizeof p->parameter, "%.*s", (int)fits, parameter != NULL ? parameter : "");
	word_fill(&detail, NULL, word_in(p->language, key), values);
	snprintf(p->detail, sizeof p->detail, "%.*s", (int)utf8_cut(buf_text(&detail), sizeof p->detail - 1), buf_text(&detail));
	return -1;
}

cJSON *problem_object(const struct problem *p)
{
	char type[96];
	snprintf(type, sizeof type, "/problems/%s", p->slug);
	cJSON *o = json_make(JSON_MEMBERS(MEMBER_TEXT("type", type), MEMBER_TEXT("title", respond_status_title(p->language, p->status)),
					  MEMBER_NUMBER("status", p->status), MEMBER_TEXT("detail", p->detail),
					  MEMBER_TEXT("parameter", p->parameter[0] != '\0' ? p->parameter : NULL),
					  MEMBER_FLAG("confirmable", p->confirmable)));
	if (p->confirmable && cJSON_AddTrueToObject(cJSON_AddObjectToObject(o, "confirm_with"), "confirm") == NULL)
		json_free(&o);
	return o;
}

// ---- the answer ----

void respond_problem_object(struct request *r, const cJSON *problem)
{
	const bool api = request_of_api(r);
	int status = (int)json_number(problem, "status", 500);
	if (status == 503)
		respond_header(r, "Retry-After", "5");
	if (!api && request_wants(r, "text/html")) { // what people read in place of the status: what happened
		const char *title = status == 404   ? "answer.nothing"
				    : status == 405 ? "answer.not_possible"
				    : status == 413 ? "answer.too_much"
				    : status == 503 ? "answer.not_working"
				    : status == 504 ? "answer.too_long"
				    : status >= 500 ? "answer.failed"
						    : "answer.did_not_work";
		const char *detail = json_string(problem, "detail");
		respond_page(r, status, word_in(request_language(r), title), detail != NULL ? detail : "",
			     json_string(problem, "parameter"), NULL);
		return;
	}
	BUF_AUTO struct buf out = BUF_INIT(64 * 1024);
	JSON_AUTO cJSON *error = api ? api_error_object(problem) : NULL;
	if (json_print(&out, api ? error : problem) != 0)
		respond_bytes(r, 500, "text/plain", "", 0);
	else
		respond_bytes(r, api ? api_error_status(status) : status, api ? "application/json" : "application/problem+json",
			      buf_text(&out), out.len);
}

void respond_with_problem(struct request *r, const struct problem *p)
{
	if (p->allow != NULL)
		respond_header(r, "Allow", p->allow);
	JSON_AUTO cJSON *problem = problem_object(p);
	if (problem != NULL)
		respond_problem_object(r, problem);
	else
		respond_bytes(r, 503, "text/plain", "", 0);
}

void respond_problem(struct request *r, int status, const char *key, const char *parameter, const struct word_value *values)
{
	struct problem p = {.language = request_language(r)};
	problem_set(&p, status, key, parameter, values);
	respond_with_problem(r, &p);
}

// What went wrong inside is for the operator; the visitor is told what to do.
void respond_err(struct request *r, const struct err *e)
{
	static const struct {
		int status;
		const char *key;
	} answers[] = {
	    [ERR_NONE] = {500, "problem.internal"},
	    [ERR_INPUT] = {422, "problem.input"},
	    [ERR_NOT_FOUND] = {404, "problem.not-found"},
	    [ERR_REFUSED] = {403, "problem.refused"},
	    [ERR_FULL] = {503, "problem.storage-full"},
	    [ERR_IO] = {503, "problem.storage"},
	    [ERR_BUSY] = {503, "problem.busy"},
	    [ERR_CORRUPT] = {500, "problem.internal"},
	    [ERR_MEMORY] = {503, "problem.memory"},
	    [ERR_TIMEOUT] = {504, "problem.timeout"},
	    [ERR_GONE] = {500, "problem.internal"},
	    [ERR_UNKNOWN] = {503, "problem.storage"},
	    [ERR_UNAVAILABLE] = {503, "problem.unavailable"},
	    [ERR_RESTRICTED] = {423, "problem.restricted"},
	};
	size_t code = (size_t)e->code < ARRAY_LEN(answers) ? (size_t)e->code : ERR_NONE;
	int status = answers[code].status;
	if (e->code == ERR_UNKNOWN)
		r->commit_unknown = true;
	if (status >= 500)
		note_line("%s %s: %d: %s", r->route != NULL ? r->route->method : "-", r->route != NULL ? r->route->path : "-", status,
			  e->text);
	respond_problem(r, status, answers[code].key, NULL, NULL);
}
