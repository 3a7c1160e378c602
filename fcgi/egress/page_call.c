// SPDX-License-Identifier: ISC
#include "fcgi/egress/address.h"
#include "fcgi/egress/caller.h"
#include "fcgi/egress/coding.h"
#include "fcgi/egress/transfer.h"
#include "fcgi/egress/url.h"
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/page_type.h"
#include "fcgi/ipc/refresh.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	REDIRECTS_MAX = 5,
	SLOW_BYTES = 64, // a page that comes at less than this rate for so long is given up
	SLOW_SECONDS = 8,
};

static char accept_line[] = "Accept: text/html,application/xhtml+xml", coding_line[] = "Accept-Encoding: gzip";
static struct curl_slist accept_header = {.data = accept_line}, headers = {.data = coding_line, .next = &accept_header};

struct page_call {
	struct call_work work;
	struct caller *caller;
	struct transfer transfer;
	unsigned redirects; // followed
	// Of the answer under way.
	char codings[64];
	double announced; // bytes of the body; < 0: not said
	char *refresh;    // where the header Refresh sends on to; NULL: nowhere
	bool chunked;     // the length is the chunks'
};

static bool page_address_allowed(struct transfer *t, const struct sockaddr *a, socklen_t len)
{
	(void)t;
	in_port_t port = a->sa_family == AF_INET ? ((const struct sockaddr_in *)(const void *)a)->sin_port
						 : ((const struct sockaddr_in6 *)(const void *)a)->sin6_port;
	bool web = EGRESS_TESTING || port == htons(80) || port == htons(443);
	return address_forbidden(a, len) == NULL && web;
}

// What browsers make of the headers that libcurl takes more strictly.
static void page_header(struct transfer *t, const char *line, size_t len)
{
	struct page_call *p = LOOP_OWNER(t, struct page_call, transfer);
	char value[TRANSFER_VALUE_MAX], url[TRANSFER_VALUE_MAX];
	if (transfer_header_is(line, len, "content-encoding", value)) {
		size_t had = strlen(p->codings);
		snprintf(p->codings + had, sizeof p->codings - had, ",%s", value);
	} else if (transfer_header_is(line, len, "content-length", value)) {
		size_t digits = strspn(value, "0123456789");
		bool number = digits > 0 && digits < 16 && strchr(", \t", value[digits]) != NULL; // a list repeats it
		p->announced = number && p->announced < 0 ? strtod(value, NULL) : p->announced;
	} else if (transfer_header_is(line, len, "transfer-encoding", value)) {
		p->chunked = p->chunked || strcasestr(value, "chunked") != NULL;
	} else if (transfer_header_is(line, len, "refresh", value) && p->refresh == NULL) {
		double after = refresh_read(value, url, sizeof url);
		if (after >= 0 && after <= REFRESH_SOON && *url != '\0')
			p->refresh = strdup(url);
	}
}

// The body of a redirect, of an error or of something that is not HTML is of no use; it is not even taken.
static int page_headers_done(struct transfer *t)
{
	struct page_call *p = LOOP_OWNER(t, struct page_call, transfer);
	struct answer *a = &t->answer;
	p->announced = p->chunked ? -1 : p->announced;
	if (p->refresh != NULL && a->status >= 200 && a->status <= 299) {
		free(a->location);
		a->location = p->refresh;
		p->refresh = NULL;
		t->failure = FAILURE_REDIRECTS;
	} else if (a->status >= 300 && a->status < 400 && a->location != NULL && *a->location != '\0')
		t->failure = FAILURE_REDIRECTS;
	else if (a->status < 200 || a->status > 299)
		t->failure = FAILURE_STATUS;
	else if (a->status == 204 || a->status == 205 || p->announced == 0)
		t->failure = FAILURE_EMPTY;
	else if (page_type_of(a->type) == PAGE_NONE)
		t->failure = FAILURE_NOT_HTML;
	else if (p->announced > PAGE_BYTES_MAX)
		t->failure = FAILURE_SIZE;
	return t->failure == FAILURE_NONE ? 0 : -1;
}

// libcurl is not asked to look at Content-Length: what is announced is the end, and a number that is none is no failure.
static int page_arrived(struct transfer *t)
{
	struct page_call *p = LOOP_OWNER(t, struct page_call, transfer);
	if (p->announced < 0 || (double)t->answer.body.len < p->announced)
		return 0;
	t->answer.body.len = (size_t)p->announced; // what is sent behind it belongs to nothing
	t->answer.body.data[t->answer.body.len] = '\0';
	return -1;
}

// In these words, or (NULL) in the failure's own.
static void page_refuse(struct page_call *p, enum egress_failure f, const char *words)
{
	struct caller *c = p->caller;
	c->egress->pages_refused++;
	c->egress->traffic_changed = true;
	if (f == FAILURE_STATUS)
		caller_refuse_with(c, f, "The page answered with the status %ld. Check the address, or describe the business instead.",
				   p->transfer.answer.status);
	else
		caller_refuse_with(c, f, "%s", words != NULL ? words : egress_failure_words(f));
}

static void hop_start(struct page_call *p)
{
	struct transfer *t = &p->transfer;
	if (transfer_prepare(t, PAGE_BYTES_MAX) != 0) {
		page_refuse(p, FAILURE_MEMORY, NULL);
		return;
	}
	CURL *h = t->engine.easy;
	*p->codings = '\0';
	p->announced = -1;
	p->chunked = false;
	free(p->refresh);
	p->refresh = NULL;
	curl_easy_setopt(h, CURLOPT_IGNORE_CONTENT_LENGTH, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	// A connection of its own, never shared and never left behind: no visit is linked with another, and every one is judged.
	curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(h, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_USERAGENT, t->egress->policy->user_agent);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, &headers);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	if (transfer_start(t) != 0)
		page_refuse(p, FAILURE_MEMORY, NULL);
}

// On to where the page sends its visitors.
static void page_follow(struct page_call *p, const char *location)
{
	struct err e = {0};
	CURLU *next = ++p->redirects <= REDIRECTS_MAX ? url_redirect(p->transfer.url, location, &e) : NULL;
	if (next == NULL) {
		page_refuse(p, p->redirects > REDIRECTS_MAX ? FAILURE_REDIRECTS : FAILURE_URL,
			    p->redirects > REDIRECTS_MAX ? NULL : e.text);
		return;
	}
	curl_url_cleanup(p->transfer.url);
	p->transfer.url = next;
	hop_start(p);
}

static void page_ended(struct transfer *t, enum egress_failure f)
{
	struct page_call *p = LOOP_OWNER(t, struct page_call, transfer);
	struct answer *a = &t->answer;
	transfer_drop(t);
	if (f == FAILURE_REDIRECTS && a->location != NULL) {
		page_follow(p, a->location);
		return;
	}
	if (f == FAILURE_NONE && !a->complete_headers)
		f = FAILURE_NOT_HTTP;
	// A page that breaks off is read as far as it came, as browsers show it.
	bool came = a->complete_headers && a->body.len > 0;
	if (came && (f == FAILURE_BROKEN || f == FAILURE_NOT_HTTP))
		f = FAILURE_NONE;
	if (f == FAILURE_NONE && a->body.len == 0)
		f = FAILURE_EMPTY;
	if (f == FAILURE_NONE)
		f = coding_undo(&a->body, p->codings);
	if (transfer_answer_count(t) != 0 && f == FAILURE_NONE)
		f = FAILURE_CALLS;
	if (f != FAILURE_NONE) {
		page_refuse(p, f, NULL);
		return;
	}
	char *url = NULL;
	cJSON *head = cJSON_CreateObject();
	curl_url_get(t->url, CURLUPART_URL, &url, 0);
	cJSON_AddNumberToObject(head, "status", (double)a->status);
	cJSON_AddStringToObject(head, "type", a->type);
	cJSON_AddNumberToObject(head, "attempts", 1 + p->redirects);
	cJSON_AddNumberToObject(head, "sent", 0);
	cJSON_AddStringToObject(head, "url", url != NULL ? url : "");
	curl_free(url);
	caller_reply(p->caller, head, &a->body);
}

static void page_due(struct call_work *w)
{
	page_refuse(LOOP_OWNER(w, struct page_call, work), FAILURE_SLOW, "The page did not answer in time.");
}

static void page_free(struct call_work *w)
{
	struct page_call *p = LOOP_OWNER(w, struct page_call, work);
	transfer_free(&p->transfer);
	free(p->refresh);
	free(p);
}

void page_call_begin(struct caller *c, const struct egress_call *call)
{
	static const struct call_work_type type = {.due = page_due, .free = page_free};
	struct err e = {0};
	struct page_call *p = calloc(1, sizeof *p);
	c->egress->pages++;
	c->egress->traffic_changed = true;
	if (p == NULL) {
		caller_refuse(c, FAILURE_MEMORY);
		return;
	}
	p->work.type = &type;
	p->caller = c;
	p->transfer = (struct transfer){.egress = c->egress,
					.address_allowed = page_address_allowed,
					.header = page_header,
					.headers_done = page_headers_done,
					.arrived = page_arrived,
					.ended = page_ended};
	p->redirects = call->followed;
	c->work = &p->work;
	if (!c->egress->policy->page_fetch)
		page_refuse(p, FAILURE_UNDECLARED, NULL);
	else if ((p->transfer.url = url_page(call->from != NULL ? call->from : call->url, &e)) == NULL)
		page_refuse(p, FAILURE_URL, e.text);
	else if (call->from != NULL)
		page_follow(p, call->url);
	else
		hop_start(p);
}
