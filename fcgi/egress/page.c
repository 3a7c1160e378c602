// SPDX-License-Identifier: ISC
// A page that the visitor named: one ordinary GET, at most five redirects, and never to an address that is not public. The URL comes from
// a stranger, and so does every byte of the answer.
#include "fcgi/egress/address.h"
#include "fcgi/egress/egress.h"
#include "fcgi/egress/url.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOW_BYTES = 64, SLOW_SECONDS = 8 }; // a page that comes at less than this rate for so long is given up

static const char forbidden_words[] = "The URL leads to an address that is not on the public Internet.";

static char accept_line[] = "Accept: text/html,application/xhtml+xml";
static struct curl_slist accept_header = {.data = accept_line};

static void hop_start(struct job *j);

static bool port_allowed(const struct sockaddr *address)
{
	in_port_t port = address->sa_family == AF_INET ? ((const struct sockaddr_in *)(const void *)address)->sin_port
						       : ((const struct sockaddr_in6 *)(const void *)address)->sin6_port;
	return EGRESS_TESTING || port == htons(80) || port == htons(443);
}

// The verdict is on the very address that would be connected to, whatever notation, name or rebinding led to it; a forbidden one never
// gets as far as a socket.
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct job *j = context;
	if (purpose != CURLSOCKTYPE_IPCXN || address_forbidden(&a->addr, a->addrlen) != NULL || !port_allowed(&a->addr)) {
		j->failure = ADDRESS_FORBIDDEN;
		j->failure_words = forbidden_words;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

// Second look, after connecting and before anything is sent.
static int on_connected(void *context, char *remote, char *local, int remote_port, int local_port)
{
	(void)local, (void)local_port, (void)remote_port;
	struct job *j = context;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool six = strchr(remote, ':') != NULL;
	bool read = six ? inet_pton(AF_INET6, remote, &v6.sin6_addr) == 1 : inet_pton(AF_INET, remote, &v4.sin_addr) == 1;
	const struct sockaddr *address = six ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
	if (read && address_forbidden(address, six ? sizeof v6 : sizeof v4) == NULL) {
		j->failure = FAILURE_NONE; // one of several addresses was forbidden, this one is not
		return CURL_PREREQFUNC_OK;
	}
	j->failure = ADDRESS_FORBIDDEN;
	j->failure_words = forbidden_words;
	return CURL_PREREQFUNC_ABORT;
}

static bool is_html(const char *type)
{
	static const char *const types[] = {"text/html", "application/xhtml+xml"};
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(types[i]);
		if (strncasecmp(type, types[i], len) == 0 && (type[len] == '\0' || strchr("; \t", type[len]) != NULL))
			return true;
	}
	return false;
}

// Nothing came, and nothing was meant to come.
static bool is_empty(const struct job *j)
{
	curl_off_t announced = -1;
	curl_easy_getinfo(j->transfer.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	return j->answer.status == 204 || j->answer.status == 205 || announced == 0;
}

// The body of a redirect, of an error or of something that is not HTML is of no use; it is not even taken.
static int page_headers_done(struct job *j)
{
	const struct answer *a = &j->answer;
	if (a->status >= 300 && a->status < 400 && a->location != NULL) {
		j->failure = TOO_MANY_REDIRECTS;
		j->failure_words = "The page redirects more than five times.";
		return -1;
	}
	if (a->status < 200 || a->status > 299) {
		j->failure = HTTP_STATUS;
		return -1;
	}
	if (is_empty(j)) {
		j->failure = EMPTY_PAGE;
		j->failure_words = "The page is empty.";
		return -1;
	}
	if (is_html(a->type))
		return 0;
	j->failure = NOT_HTML;
	j->failure_words = "The URL leads to something that is not an HTML page.";
	return -1;
}

static void page_refuse(struct job *j, enum failure t, const char *words)
{
	j->egress->pages_refused++;
	j->egress->traffic_changed = true;
	if (t == HTTP_STATUS)
		job_refuse(j, t, "The page answered with the status %ld. Check the address, or describe the business instead.",
			   j->answer.status);
	else
		job_refuse(j, t, "%s", words);
}

static void redirect_follow(struct job *j)
{
	struct err e = {0};
	if (++j->attempts > REDIRECTS_MAX) {
		page_refuse(j, TOO_MANY_REDIRECTS, j->failure_words);
		return;
	}
	CURLU *next = url_redirect(j->url, j->answer.location, &e);
	if (next == NULL) {
		page_refuse(j, BAD_URL, e.text);
		return;
	}
	curl_url_cleanup(j->url);
	j->url = next;
	hop_start(j);
}

static void page_reply(struct job *j)
{
	char *url = NULL;
	cJSON *head = cJSON_CreateObject();
	curl_url_get(j->url, CURLUPART_URL, &url, 0);
	cJSON_AddNumberToObject(head, "status", (double)j->answer.status);
	cJSON_AddStringToObject(head, "type", j->answer.type);
	cJSON_AddNumberToObject(head, "attempts", 1 + j->attempts);
	cJSON_AddNumberToObject(head, "sent", 0);
	cJSON_AddStringToObject(head, "url", url != NULL ? url : "");
	curl_free(url);
	job_reply(j, head, true);
}

static void page_ended(struct job *j, CURLcode result)
{
	const char *words = NULL;
	transfer_free(j);
	if (j->failure == TOO_MANY_REDIRECTS) {
		redirect_follow(j);
		return;
	}
	enum failure t = result == CURLE_OK ? FAILURE_NONE : transfer_failure(j, result, &words);
	if (t != FAILURE_NONE)
		page_refuse(j, t, words);
	else if (!j->answer.complete_headers)
		page_refuse(j, TRUNCATED, "What came back is not HTTP.");
	else
		page_reply(j);
}

static void page_dropped(struct job *j, bool timed_out)
{
	if (timed_out)
		page_refuse(j, TIMED_OUT, "The page did not answer in time.");
}

static void hop_start(struct job *j)
{
	answer_reset(&j->answer, PAGE_BYTES_MAX);
	if (transfer_prepare(j) != 0) {
		page_refuse(j, BUDGET_SPENT, "There is no memory left.");
		return;
	}
	CURL *h = j->transfer.easy;
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, j);
	curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(h, CURLOPT_PREREQDATA, j);
	// A connection of its own, never shared and never left behind: no visit is linked with another, and every one is judged.
	curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(h, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h, CURLOPT_USERAGENT, j->egress->policy->user_agent);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, &accept_header);
	curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(h, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)PAGE_BYTES_MAX);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
	if (transfer_start(j) != 0)
		page_refuse(j, BUDGET_SPENT, "There is no memory left.");
}

void page_begin(struct job *j, const struct egress_call *call)
{
	struct err e = {0};
	j->egress->pages++;
	j->egress->traffic_changed = true;
	if (!j->egress->policy->page_fetch) {
		page_refuse(j, UNDECLARED_PROCESSOR, "The policy does not declare that pages are fetched.");
		return;
	}
	j->url = url_page(call->url, &e);
	if (j->url == NULL) {
		page_refuse(j, BAD_URL, e.text);
		return;
	}
	j->ended = page_ended;
	j->headers_done = page_headers_done;
	j->dropped = page_dropped;
	hop_start(j);
}
