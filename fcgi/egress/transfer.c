// SPDX-License-Identifier: ISC
// What all transfers have in common, whether to a processor or for a page.
#include "fcgi/egress/egress.h"
#include "fcgi/egress/retry.h"
#include "policy/base/array.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_reset(struct answer *a, size_t body_max)
{
	answer_free(a);
	*a = (struct answer){.retry_after_ms = -1, .body = BUF_INIT(body_max)};
}

void answer_free(struct answer *a)
{
	buf_wipe(&a->body);
	free(a->location);
	a->location = NULL;
}

// What is not wanted any more is not waited for: the connection goes too, unless others share it. The value ends either callback.
static size_t stop(struct job *j)
{
	curl_easy_setopt(j->transfer.easy, CURLOPT_FORBID_REUSE, 1L);
	return CURL_WRITEFUNC_ERROR;
}

static size_t stop_for(struct job *j, enum failure t, const char *words)
{
	j->failure = t;
	j->failure_words = words;
	return stop(j);
}

// The header's value, without white space around it, if the line is that header; `value` has 2048 bytes.
static bool header_is(const char *line, size_t len, const char *name, char value[2048])
{
	size_t n = strlen(name);
	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	const char *from = line + n + 1, *end = line + len;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && (unsigned char)end[-1] <= 0x20)
		end--;
	size_t size = (size_t)(end - from);
	if (size > 2047 || memchr(from, '\0', size) != NULL)
		return false;
	memcpy(value, from, size);
	value[size] = '\0';
	return true;
}

static void header_keep(struct job *j, const char *line, size_t len)
{
	struct answer *a = &j->answer;
	const char *region = j->upstream != NULL && j->upstream->facts->region_header != NULL ? j->upstream->facts->region_header : "";
	char value[2048];
	if (header_is(line, len, "content-type", value))
		snprintf(a->type, sizeof a->type, "%.159s", value);
	else if (header_is(line, len, "location", value) && a->location == NULL)
		a->location = strdup(value);
	else if (header_is(line, len, "retry-after-ms", value))
		a->retry_after_ms = retry_after_ms(value, true, when_now());
	else if (header_is(line, len, "retry-after", value) && a->retry_after_ms < 0)
		a->retry_after_ms = retry_after_ms(value, false, when_now());
	else if (header_is(line, len, "x-should-retry", value))
		a->told_not_to_repeat = strcasecmp(value, "false") == 0;
	else if (*region && header_is(line, len, region, value))
		region_normalise(a->region, sizeof a->region, value);
}

static int headers_end(struct job *j)
{
	curl_easy_getinfo(j->transfer.easy, CURLINFO_RESPONSE_CODE, &j->answer.status);
	if (j->answer.status < 200 || j->answer.complete_headers) // an interim answer, or trailers
		return 0;
	j->answer.complete_headers = true;
	return j->headers_done(j);
}

static size_t on_header(char *line, size_t one, size_t len, void *context)
{
	(void)one;
	struct job *j = context;
	j->answer.header_bytes += len;
	if (j->answer.header_bytes > HEADERS_BYTES_MAX)
		return stop_for(j, TOO_LARGE, "The answer has more headers than any real one.");
	if (len <= 2 && (line[0] == '\r' || line[0] == '\n'))
		return headers_end(j) != 0 ? stop(j) : len;
	if (!j->answer.complete_headers)
		header_keep(j, line, len);
	return len;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
	(void)one;
	struct job *j = context;
	if (buf_add(&j->answer.body, bytes, len) == 0)
		return len;
	return stop_for(j, TOO_LARGE, "The answer is larger than what can be taken.");
}

static void trust(const struct job *j)
{
	CURL *h = j->transfer.easy;
	// One file and no folder: only then does libcurl parse the certificates once and not for every connection.
	curl_easy_setopt(h, CURLOPT_CAINFO, j->egress->settings.ca_file);
	curl_easy_setopt(h, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

int transfer_prepare(struct job *j)
{
	CURL *h = j->transfer.easy = curl_easy_init();
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
	curl_easy_setopt(h, CURLOPT_HEADERDATA, j);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(h, CURLOPT_CURLU, j->url);
	trust(j);
	j->failure = FAILURE_NONE;
	return 0;
}

int transfer_start(struct job *j)
{
	return engine_add(&j->egress->engine, &j->transfer);
}

void transfer_free(struct job *j)
{
	curl_easy_cleanup(j->transfer.easy);
	j->transfer.easy = NULL;
}

void transfer_drop(struct job *j)
{
	engine_remove(&j->egress->engine, &j->transfer);
	transfer_free(j);
}

void transfer_done(struct transfer *t, CURLcode result)
{
	struct job *j = LOOP_OWNER(t, struct job, transfer);
	j->ended(j, result);
}

struct meaning {
	CURLcode result;
	enum failure failure;
	const char *words;
};

static const struct meaning meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, UNRESOLVABLE, "The host name is not known to the name service."},
    {CURLE_COULDNT_CONNECT, UNREACHABLE, "The host does not take connections."},
    {CURLE_OPERATION_TIMEDOUT, TIMED_OUT, "The host is too slow, or does not answer."},
    {CURLE_SSL_CONNECT_ERROR, TLS_FAILED, "No secure connection could be made."},
    {CURLE_PEER_FAILED_VERIFICATION, TLS_FAILED, "The host's certificate is not valid."},
    {CURLE_SSL_CACERT_BADFILE, TLS_FAILED, "The file of trusted certificates cannot be read."},
    {CURLE_SSL_CERTPROBLEM, TLS_FAILED, "The certificate cannot be used."},
    {CURLE_SSL_CIPHER, TLS_FAILED, "No common cipher."},
    {CURLE_FILESIZE_EXCEEDED, TOO_LARGE, "The answer is larger than what can be taken."},
    {CURLE_BAD_CONTENT_ENCODING, TRUNCATED, "The answer's compression is broken."},
    {CURLE_UNSUPPORTED_PROTOCOL, TRUNCATED, "What came back is not HTTP."},
    {CURLE_WEIRD_SERVER_REPLY, TRUNCATED, "What came back is not HTTP."},
    {CURLE_URL_MALFORMAT, BAD_URL, "The URL cannot be used."},
    {CURLE_OUT_OF_MEMORY, BUDGET_SPENT, "There is no memory left."},
};

enum failure transfer_failure(const struct job *j, CURLcode result, const char **words)
{
	if (j->failure != FAILURE_NONE) {
		*words = j->failure_words;
		return j->failure;
	}
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (meanings[i].result == result) {
			*words = meanings[i].words;
			return meanings[i].failure;
		}
	if (j->answer.complete_headers || j->answer.header_bytes > 0) {
		*words = "The connection broke before the whole answer was there.";
		return TRUNCATED;
	}
	*words = "The host closed the connection without an answer.";
	return UNREACHABLE;
}
