// SPDX-License-Identifier: ISC
#include "fcgi/egress/address.h"
#include "fcgi/egress/caller.h"
#include "fcgi/egress/transfer.h"
#include "fcgi/egress/url.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	REDIRECTS_MAX = 5,
	SLOW_BYTES = 64, // a page that comes at less than this rate for so long is given up
	SLOW_SECONDS = 8,
};

static char accept_line[] = "Accept: text/html,application/xhtml+xml";
static struct curl_slist accept_header = {.data = accept_line};

struct page_call {
	struct call_work work;
	struct caller *caller;
	struct transfer transfer;
	unsigned redirects; // followed
};

static bool port_allowed(const struct sockaddr *address)
{
	in_port_t port = address->sa_family == AF_INET ? ((const struct sockaddr_in *)(const void *)address)->sin_port
						       : ((const struct sockaddr_in6 *)(const void *)address)->sin6_port;
	return EGRESS_TESTING || port == htons(80) || port == htons(443);
}

// The judgement is on the very address that would be connected to, whatever notation, name or rebinding led to it; a forbidden one never
// gets as far as a socket.
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = context;
	if (purpose != CURLSOCKTYPE_IPCXN || address_forbidden(&a->addr, a->addrlen) != NULL || !port_allowed(&a->addr)) {
		t->failure = FAILURE_ADDRESS;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

// Second look, after connecting and before anything is sent.
static int on_connected(void *context, char *remote, char *local, int remote_port, int local_port)
{
	(void)local, (void)local_port, (void)remote_port;
	struct transfer *t = context;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool six = strchr(remote, ':') != NULL;
	bool read = six ? inet_pton(AF_INET6, remote, &v6.sin6_addr) == 1 : inet_pton(AF_INET, remote, &v4.sin_addr) == 1;
	const struct sockaddr *address = six ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
	// One of several addresses may have been forbidden where this one is not.
	t->failure = read && address_forbidden(address, six ? sizeof v6 : sizeof v4) == NULL ? FAILURE_NONE : FAILURE_ADDRESS;
	return t->failure == FAILURE_NONE ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool is_html(const char *type)
{
	static const char *const types[] = {"text/html", "application/xhtml+xml"};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t len = strlen(types[i]);
		if (strncasecmp(type, types[i], len) == 0 && (type[len] == '\0' || strchr("; \t", type[len]) != NULL))
			return true;
	}
	return false;
}

// The body of a redirect, of an error or of something that is not HTML is of no use; it is not even taken.
static int page_headers_done(struct transfer *t)
{
	const struct answer *a = &t->answer;
	curl_off_t announced = -1;
	curl_easy_getinfo(t->engine.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (a->status >= 300 && a->status < 400 && a->location != NULL)
		t->failure = FAILURE_REDIRECTS;
	else if (a->status < 200 || a->status > 299)
		t->failure = FAILURE_STATUS;
	else if (a->status == 204 || a->status == 205 || announced == 0)
		t->failure = FAILURE_EMPTY;
	else if (!is_html(a->type))
		t->failure = FAILURE_NOT_HTML;
	return t->failure == FAILURE_NONE ? 0 : -1;
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
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(h, CURLOPT_PREREQDATA, t);
	// A connection of its own, never shared and never left behind: no visit is linked with another, and every one is judged.
	curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(h, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_USERAGENT, t->egress->policy->user_agent);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, &accept_header);
	curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	if (transfer_start(t) != 0)
		page_refuse(p, FAILURE_MEMORY, NULL);
}

static void page_ended(struct transfer *t, enum egress_failure f)
{
	struct page_call *p = LOOP_OWNER(t, struct page_call, transfer);
	struct answer *a = &t->answer;
	struct err e = {0};
	transfer_drop(t);
	if (f == FAILURE_REDIRECTS && ++p->redirects <= REDIRECTS_MAX) {
		CURLU *next = url_redirect(t->url, a->location, &e);
		if (next == NULL) {
			page_refuse(p, FAILURE_URL, e.text);
			return;
		}
		curl_url_cleanup(t->url);
		t->url = next;
		hop_start(p);
		return;
	}
	if (f == FAILURE_NONE && !a->complete_headers)
		f = FAILURE_NOT_HTTP;
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
	p->transfer = (struct transfer){.egress = c->egress, .headers_done = page_headers_done, .ended = page_ended};
	c->work = &p->work;
	if (!c->egress->policy->page_fetch)
		page_refuse(p, FAILURE_UNDECLARED, NULL);
	else if ((p->transfer.url = url_page(call->url, &e)) == NULL)
		page_refuse(p, FAILURE_URL, e.text);
	else
		hop_start(p);
}
