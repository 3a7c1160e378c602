// SPDX-License-Identifier: ISC
// Refusals and errors in words: RFC 9457 problem documents, or a plain page with the same words.
#include "fcgi/serve/internal.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	const char *title;
} titles[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

const char *status_title(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 400 ? "OK" : "Error";
}

cJSON *problem_object(int status, const char *slug, const char *parameter, const char *detail)
{
	char type[96];
	snprintf(type, sizeof type, "/problems/%s", slug);
	cJSON *o = cJSON_CreateObject();
	bool ok = o != NULL && cJSON_AddStringToObject(o, "type", type) != NULL &&
		  cJSON_AddStringToObject(o, "title", status_title(status)) != NULL &&
		  cJSON_AddNumberToObject(o, "status", status) != NULL && cJSON_AddStringToObject(o, "detail", detail) != NULL &&
		  (parameter == NULL || !*parameter || cJSON_AddStringToObject(o, "parameter", parameter) != NULL);
	if (!ok)
		json_free(&o);
	return o;
}

// ---- pages ----

static void page_text(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_adds(out, before);
	html_text(out, text);
	buf_adds(out, after);
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
	page_text(&out, "<p class=\"lead\">", detail != NULL ? detail : "", "</p>\n");
	if (parameter != NULL)
		page_text(&out, "<p>Field: <code>", parameter, "</code>. The back button of your browser leads to what you typed.</p>\n");
	buf_adds(&out, "<p><a class=\"button primary\" href=\"/\">Back to the start</a></p>\n");
	framed_end(&frame, &out);
	respond_bytes(r, status, "text/html; charset=utf-8", buf_text(&out), out.len);
}

// Numbers, secrets and hashes: a click selects the whole of it.
static bool is_code(const char *text)
{
	enum { CODE_LEN_MIN = 32 };
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return len >= CODE_LEN_MIN && text[len] == '\0';
}

// One value: an object or a list becomes a list of its own.
static void fact_add(struct buf *out, const cJSON *value)
{
	if (cJSON_IsString(value) && is_code(value->valuestring)) {
		page_text(out, "<span class=\"code\"><code>", value->valuestring, "</code></span>");
	} else if (cJSON_IsString(value)) {
		html_text(out, value->valuestring);
	} else if (cJSON_IsBool(value)) {
		buf_adds(out, cJSON_IsTrue(value) ? "yes" : "no");
	} else if (cJSON_IsNumber(value)) {
		json_print(out, value);
	} else if (value != NULL && value->child != NULL) {
		bool named = cJSON_IsObject(value);
		buf_adds(out, named ? "<dl class=\"record\">\n" : "<ul>\n");
		for (const cJSON *m = value->child; m != NULL; m = m->next) {
			if (named)
				page_text(out, "<dt>", m->string, "</dt><dd>");
			else
				buf_adds(out, "<li>");
			fact_add(out, m);
			buf_adds(out, named ? "</dd>\n" : "</li>\n");
		}
		buf_adds(out, named ? "</dl>\n" : "</ul>\n");
	} else {
		buf_adds(out, "none");
	}
}

void respond_page(struct request *r, int status, const char *title, const char *sentence, const cJSON *facts)
{
	FRAMED_AUTO struct framed frame;
	BUF_AUTO_WIPE struct buf out = BUF_INIT(PAGE_MAX);
	framed_begin(r, &frame, &out, title);
	page_text(&out, "<p class=\"lead\">", sentence, "</p>\n");
	if (facts != NULL) {
		buf_adds(&out, "<div class=\"card\">\n");
		fact_add(&out, facts);
		buf_adds(&out, "</div>\n");
	}
	buf_adds(&out, "<p><a class=\"button primary\" href=\"/\">Back to the start</a></p>\n");
	framed_end(&frame, &out);
	respond_bytes(r, status, "text/html; charset=utf-8", buf_text(&out), out.len);
}

// ---- answers ----

void respond_problem_object(struct request *r, const cJSON *problem)
{
	int status = (int)json_number(problem, "status", 500);
	if (status == 503)
		respond_header(r, "Retry-After", "5");
	if (accept_preferred(request_param(r, "HTTP_ACCEPT")) == WANTS_HTML) {
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
	respond_words(r, status, slug, parameter, n > 0 ? room : status_title(status));
}

void respond_refusal(struct request *r, const struct refusal *no)
{
	if (no->allow != NULL)
		respond_header(r, "Allow", no->allow);
	respond_words(r, no->status, no->slug, no->parameter, no->detail);
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
		server_stop(r->server, true);
	if (status >= 500)
		note("%s %s: %d: %s", r->route != NULL ? r->route->method : "-", r->route != NULL ? r->route->path : "-", status, e->text);
	respond_words(r, status, answers[code].slug, NULL, words_for(e, status));
}
