// SPDX-License-Identifier: ISC
#include "fcgi/egress/transfer.h"
#include "fcgi/egress/retry.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CONNECT_MS = 5000,
	HEADERS_BYTES_MAX = 64 * 1024, // of one answer
	RECEIVE_BUFFER = 2048,         // curl's, per transfer: there may be thousands
	SEND_BUFFER = 16 * 1024,       // the least it takes
};

int transfer_answer_count(struct transfer *t)
{
	t->egress->answers_bytes += t->answer.body.cap - t->held;
	t->held = t->answer.body.cap;
	return t->egress->answers_bytes > EGRESS_ANSWERS_MAX && t->held > EGRESS_ANSWER_FREE ? -1 : 0;
}

void transfer_answer_forget(struct transfer *t)
{
	struct answer *a = &t->answer;
	buf_wipe(&a->body);
	(void)transfer_answer_count(t);
	free(a->location);
	*a = (struct answer){.retry_after_ms = -1, .body = BUF_INIT(a->body.max)};
}

// What is not wanted any more is not waited for: the connection goes too, unless others share it. The value ends either callback.
static size_t transfer_stop(struct transfer *t, enum egress_failure f)
{
	t->failure = f;
	curl_easy_setopt(t->engine.easy, CURLOPT_FORBID_REUSE, 1L);
	return CURL_WRITEFUNC_ERROR;
}

bool transfer_header_is(const char *line, size_t len, const char *name, char value[TRANSFER_VALUE_MAX])
{
	size_t n = strlen(name), colon = n;
	while (colon < len && line[colon] == ' ') // some write "Content-Type : …"
		colon++;
	if (len <= colon || line[colon] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	const char *from = line + colon + 1, *end = line + len;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && (unsigned char)end[-1] <= 0x20)
		end--;
	size_t size = (size_t)(end - from);
	if (size >= TRANSFER_VALUE_MAX || memchr(from, '\0', size) != NULL)
		return false;
	memcpy(value, from, size);
	value[size] = '\0';
	return true;
}

static size_t on_header(char *line, size_t one, size_t len, void *context)
{
	(void)one;
	struct transfer *t = context;
	struct answer *a = &t->answer;
	char value[TRANSFER_VALUE_MAX];
	a->header_bytes += len;
	if (a->header_bytes > HEADERS_BYTES_MAX)
		return transfer_stop(t, FAILURE_HEADERS);
	if (len > 2 || (line[0] != '\r' && line[0] != '\n')) {
		if (a->complete_headers) // trailers
			return len;
		if (t->header != NULL)
			t->header(t, line, len);
		if (transfer_header_is(line, len, "content-type", value)) {
			if (strchr(value, '/') != NULL) // what is no type does not take the place of one
				snprintf(a->type, sizeof a->type, "%.159s", value);
		} else if (transfer_header_is(line, len, "location", value) && a->location == NULL)
			a->location = strdup(value);
		else if (transfer_header_is(line, len, "retry-after-ms", value))
			a->retry_after_ms = retry_after_ms(value, true, when_now());
		else if (transfer_header_is(line, len, "retry-after", value) && a->retry_after_ms < 0)
			a->retry_after_ms = retry_after_ms(value, false, when_now());
		else if (transfer_header_is(line, len, "x-should-retry", value))
			a->told_not_to_repeat = strcasecmp(value, "false") == 0;
		else if (t->region_header != NULL && transfer_header_is(line, len, t->region_header, value))
			upstream_region_normalise(a->region, sizeof a->region, value);
		return len;
	}
	curl_easy_getinfo(t->engine.easy, CURLINFO_RESPONSE_CODE, &a->status);
	if (a->status < 200 || a->complete_headers) // an interim answer, or trailers
		return len;
	a->complete_headers = true;
	if (t->headers_done(t) != 0)
		return transfer_stop(t, t->failure);
	curl_off_t announced = -1;
	curl_easy_getinfo(t->engine.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	size_t most = t->piece != NULL ? FRAME_BODY_MAX : a->body.max;
	return announced > (curl_off_t)most && !t->bodyless ? transfer_stop(t, FAILURE_SIZE) : len;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
	(void)one;
	struct transfer *t = context;
	if (t->piece != NULL) {
		if (len > FRAME_BODY_MAX - t->answer.streamed)
			return transfer_stop(t, FAILURE_SIZE);
		if (t->piece(t, bytes, len) != 0)
			return CURL_WRITEFUNC_PAUSE;
		t->answer.streamed += len;
		return len;
	}
	if (buf_add(&t->answer.body, bytes, len) != 0)
		return transfer_stop(t, FAILURE_SIZE);
	if (transfer_answer_count(t) != 0)
		return transfer_stop(t, FAILURE_CALLS);
	return t->arrived != NULL && t->arrived(t) != 0 ? transfer_stop(t, FAILURE_NONE) : len;
}

// The judgement is on the very address that would be connected to, whatever notation, name or rebinding led to it; a forbidden one never
// gets as far as a socket.
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = context;
	if (purpose != CURLSOCKTYPE_IPCXN || !t->address_allowed(t, &a->addr, a->addrlen)) {
		t->failure = FAILURE_ADDRESS;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

// Second look, after connecting (which may have been for another transfer) and before anything is sent.
static int on_connected(void *context, char *remote, char *local, int remote_port, int local_port)
{
	(void)local, (void)local_port;
	struct transfer *t = context;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((in_port_t)remote_port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)remote_port)};
	bool six = strchr(remote, ':') != NULL;
	bool read = six ? inet_pton(AF_INET6, remote, &v6.sin6_addr) == 1 : inet_pton(AF_INET, remote, &v4.sin_addr) == 1;
	const struct sockaddr *address = six ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
	// One of several addresses may have been forbidden where this one is not.
	t->failure = read && t->address_allowed(t, address, six ? sizeof v6 : sizeof v4) ? FAILURE_NONE : FAILURE_ADDRESS;
	return t->failure == FAILURE_NONE ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

int transfer_prepare(struct transfer *t, size_t body_max)
{
	CURL *h = t->engine.easy = curl_easy_init();
	transfer_answer_forget(t);
	t->answer.body = BUF_INIT(body_max);
	t->failure = FAILURE_NONE;
	t->piece = NULL;
	if (h == NULL)
		return -1;
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	// The resolver is a thread of libcurl's; without this, ending a transfer while a name is looked up would wait for it and stop the loop.
	curl_easy_setopt(h, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(h, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
	curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
	curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(h, CURLOPT_CURLU, t->url);
	if (t->address_allowed != NULL) {
		curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket);
		curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, t);
		curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_connected);
		curl_easy_setopt(h, CURLOPT_PREREQDATA, t);
	}
	curl_easy_setopt(h, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(h, CURLOPT_SSL_CTX_FUNCTION, trust_use);
	curl_easy_setopt(h, CURLOPT_SSL_CTX_DATA, &t->egress->trust);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	return 0;
}

int transfer_start(struct transfer *t)
{
	return engine_add(&t->egress->engine, &t->engine);
}

void transfer_drop(struct transfer *t)
{
	engine_remove(&t->egress->engine, &t->engine);
	curl_easy_cleanup(t->engine.easy);
	t->engine.easy = NULL;
}

void transfer_free(struct transfer *t)
{
	transfer_drop(t);
	transfer_answer_forget(t);
	curl_url_cleanup(t->url);
	t->url = NULL;
}

void transfer_done(struct engine_transfer *e, CURLcode result)
{
	struct transfer *t = LOOP_OWNER(e, struct transfer, engine);
	enum egress_failure f = FAILURE_NONE;
	if (result == CURLE_WRITE_ERROR && t->failure == FAILURE_NONE && t->answer.complete_headers) // see `arrived`
		result = CURLE_OK;
	// What a callback refuses while libcurl hands over what it kept during a pause does not come back as its result.
	if (result != CURLE_OK || t->failure != FAILURE_NONE)
		f = t->failure != FAILURE_NONE ? t->failure : egress_failure_of(result, t->answer.header_bytes > 0);
	t->ended(t, f);
}
