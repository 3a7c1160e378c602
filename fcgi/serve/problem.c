// SPDX-License-Identifier: ISC
// Refusals and errors in words: RFC 9457 problem documents, or a plain page with the same words.
#include "fcgi/serve/problem.h"
#include "fcgi/ipc/note.h"
#include "fcgi/serve/framed.h"
#include "fcgi/serve/media_type.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/respond.h"
#include "fcgi/serve/route.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int problem_set(struct problem *p, int status, const char *slug, const char *parameter, const char *format, ...)
{
	p->status = status;
	p->slug = slug;
	size_t fits = parameter != NULL ? utf8_cut(parameter, sizeof p->parameter - 1) : 0;
	snprintf(p->parameter, sizeof p->parameter, "%.*s", (int)fits, parameter != NULL ? parameter : "");
	va_list args;
	va_start(args, format);
	int needed = vsnprintf(p->detail, sizeof p->detail, format, args);
	va_end(args);
	size_t n = sizeof p->detail - 1;
	if (needed > (int)n) { // not through the middle of a character
		while (n && (p->detail[n - 1] & 0xc0) == 0x80)
			n--;
		p->detail[n ? n - 1 : 0] = 0;
	}
	return -1;
}

cJSON *problem_object(int status, const char *slug, const char *parameter, const char *detail)
{
	char type[96];
	snprintf(type, sizeof type, "/problems/%s", slug);
	cJSON *o = cJSON_CreateObject();
	bool ok = o != NULL && cJSON_AddStringToObject(o, "type", type) != NULL &&
		  cJSON_AddStringToObject(o, "title", respond_status_title(status)) != NULL &&
		  cJSON_AddNumberToObject(o, "status", status) != NULL && cJSON_AddStringToObject(o, "detail", detail) != NULL &&
		  (parameter == NULL || !*parameter || cJSON_AddStringToObject(o, "parameter", parameter) != NULL);
	if (!ok)
		json_free(&o);
	return o;
}

// What people read in place of the status: what happened.
static const char *page_title(int status)
{
	switch (status) {
	case 404:
		return "There is nothing here.";
	case 405:
		return "That cannot be done here.";
	case 413:
		return "That is more than we take.";
	case 503:
		return "This is not working right now.";
	case 504:
		return "It took too long.";
	default:
		return status >= 500 ? "Something failed on our side." : "That did not work.";
	}
}

static void problem_page(struct request *r, int status, const cJSON *problem)
{
	FRAMED_AUTO struct framed frame;
	BUF_AUTO struct buf out = BUF_INIT(PAGE_MAX);
	const char *detail = json_string(problem, "detail"), *parameter = json_string(problem, "parameter");
	framed_begin(r, &frame, &out, page_title(status));
	framed_text(&out, "<p class=\"lead\">", detail != NULL ? detail : "", "</p>\n");
	if (parameter != NULL)
		framed_text(&out, "<p>Field: <code>", parameter, "</code>. The back button of your browser leads to what you typed.</p>\n");
	buf_adds(&out, "<p><a class=\"button primary\" href=\"/\">Back to the start</a></p>\n");
	framed_end(&frame, &out);
	respond_bytes(r, status, "text/html; charset=utf-8", buf_text(&out), out.len);
}

void respond_problem_object(struct request *r, const cJSON *problem)
{
	int status = (int)json_number(problem, "status", 500);
	if (status == 503)
		respond_header(r, "Retry-After", "5");
	if (media_type_preferred(request_param(r, "HTTP_ACCEPT")) == WANTS_HTML) {
		problem_page(r, status, problem);
		return;
	}
	BUF_AUTO struct buf out = BUF_INIT(64 * 1024);
	if (json_print(&out, problem) != 0)
		respond_bytes(r, 500, "text/plain", "", 0);
	else
		respond_bytes(r, status, "application/problem+json", buf_text(&out), out.len);
}

static void respond_words(struct request *r, int status, const char *slug, const char *parameter, const char *detail)
{
	JSON_AUTO cJSON *problem = problem_object(status, slug, parameter, detail);
	if (problem != NULL)
		respond_problem_object(r, problem);
	else
		respond_bytes(r, 503, "text/plain", "", 0);
}

void respond_problem(struct request *r, int status, const char *slug, const char *parameter, const char *detail, ...)
{
	BUF_AUTO struct buf text = BUF_INIT(4096);
	char *room = buf_reserve(&text, 2048);
	va_list args;
	va_start(args, detail);
	int n = room != NULL ? vsnprintf(room, 2048, detail, args) : -1;
	va_end(args);
	respond_words(r, status, slug, parameter, n > 0 ? room : respond_status_title(status));
}

void problem_respond(struct request *r, const struct problem *p)
{
	if (p->allow != NULL)
		respond_header(r, "Allow", p->allow);
	respond_words(r, p->status, p->slug, p->parameter, p->detail);
}

// What went wrong inside is for the operator; the visitor is told what to do.
static const char *words_for(const struct err *e, int status)
{
	if (status == 500)
		return "Something went wrong here. It has been noted; trying again may help.";
	if (e->code == ERR_MEMORY)
		return "The site is out of memory. Try again later.";
	if (e->code == ERR_IO || e->code == ERR_FULL || e->code == ERR_UNKNOWN)
		return "The site cannot record what it does at the moment, and does nothing unrecorded. Try again later.";
	return e->text;
}

void respond_err(struct request *r, const struct err *e)
{
	static const struct {
		int status;
		const char *slug;
	} answers[] = {
	    [ERR_NONE] = {500, "internal"},
	    [ERR_INPUT] = {422, "input"},
	    [ERR_NOT_FOUND] = {404, "not-found"},
	    [ERR_REFUSED] = {403, "refused"},
	    [ERR_FULL] = {503, "storage-full"},
	    [ERR_IO] = {503, "storage"},
	    [ERR_BUSY] = {503, "busy"},
	    [ERR_CORRUPT] = {500, "internal"},
	    [ERR_MEMORY] = {503, "memory"},
	    [ERR_TIMEOUT] = {504, "timeout"},
	    [ERR_GONE] = {500, "gone"},
	    [ERR_UNKNOWN] = {503, "storage"},
	    [ERR_UNAVAILABLE] = {503, "unavailable"},
	};
	size_t code = (size_t)e->code < ARRAY_LEN(answers) ? (size_t)e->code : ERR_NONE;
	int status = answers[code].status;
	if (e->code == ERR_UNKNOWN)
		r->commit_unknown = true;
	if (status >= 500)
		note_line("%s %s: %d: %s", r->route != NULL ? r->route->method : "-", r->route != NULL ? r->route->path : "-", status,
			  e->text);
	respond_words(r, status, answers[code].slug, NULL, words_for(e, status));
}
