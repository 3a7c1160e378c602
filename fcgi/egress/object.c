// SPDX-License-Identifier: ISC
#include "fcgi/egress/object.h"
#include "fcgi/egress/caller.h"
#include "fcgi/egress/signature.h"
#include "fcgi/egress/url.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// A whole address as libcurl will ask for it.
struct object_address {
	char host[300]; // as the header Host has it
	char path[URL_BYTES_MAX + 512], query[URL_BYTES_MAX + 1];
};

static int object_address_read(struct object_address *out, CURLU *url, struct err *e)
{
	char *host = NULL, *port = NULL, *path = NULL, *query = NULL;

	(void)curl_url_get(url, CURLUPART_HOST, &host, 0);
	(void)curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
	(void)curl_url_get(url, CURLUPART_PATH, &path, 0);
	(void)curl_url_get(url, CURLUPART_QUERY, &query, 0);
	int host_len =
	    snprintf(out->host, sizeof out->host, "%s%s%s", host != NULL ? host : "", port != NULL ? ":" : "", port != NULL ? port : "");
	int path_len = snprintf(out->path, sizeof out->path, "%s", path != NULL ? path : "");
	int query_len = snprintf(out->query, sizeof out->query, "%s", query != NULL ? query : "");
	curl_free(host);
	curl_free(port);
	curl_free(path);
	curl_free(query);
	bool whole = host_len > 0 && (size_t)host_len < sizeof out->host && path_len > 0 && (size_t)path_len < sizeof out->path &&
		     (size_t)query_len < sizeof out->query;
	return whole ? 0 : err_set(e, ERR_INPUT, "the address cannot be signed");
}

static struct signature_key key_of(const struct upstream *u)
{
	return (struct signature_key){u->s3.id, u->s3.secret, u->s3.region, "s3"};
}

int object_sign(struct object_lines *out, const struct upstream *u, CURLU *url, const char *method, const char *content_type,
		const void *body, size_t len, struct err *e)
{
	struct object_address at = {0};
	BUF_AUTO struct buf line = BUF_INIT(sizeof out->authorization - 1);
	char date[SIGNATURE_DATE], payload[SIGNATURE_HASH];
	time_t now = when_now();

	if (object_address_read(&at, url, e) != 0)
		return -1;
	signature_date(date, now);
	signature_payload(payload, body, len);
	const struct signature_header headers[] = {
	    {"content-type", content_type}, {"host", at.host}, {"x-amz-content-sha256", payload}, {"x-amz-date", date}};
	size_t from = *content_type == '\0' ? 1 : 0;
	const struct signature_request r = {method, at.path, at.query, headers + from, ARRAY_LEN(headers) - from, payload, now};
	struct signature_key key = key_of(u);
	buf_adds(&line, "Authorization: ");
	if (signature_authorize(&line, &key, &r, e) != 0)
		return -1;
	snprintf(out->authorization, sizeof out->authorization, "%s", buf_text(&line));
	snprintf(out->date, sizeof out->date, "x-amz-date: %s", date);
	snprintf(out->payload, sizeof out->payload, "x-amz-content-sha256: %s", payload);
	return 0;
}

void object_link_begin(struct caller *c, const struct egress_call *call)
{
	struct upstream *u = upstream_find(&c->egress->upstreams, call->processor);
	struct object_address at = {0};
	struct err e = {0};

	if (u == NULL || u->s3.secret == NULL) {
		caller_refuse_with(c, u == NULL ? FAILURE_UNDECLARED : FAILURE_NOT_CONFIGURED,
				   u == NULL ? "The policy declares no processor \"%.64s\"."
					     : "\"%.64s\" is no object storage that is set up here.",
				   call->processor);
		return;
	}
	if (call->seconds == 0 || call->seconds > SIGNATURE_LINK_SECONDS) {
		caller_refuse_with(c, FAILURE_BAD_CALL, "An address opens an object for 1 to %d seconds.", SIGNATURE_LINK_SECONDS);
		return;
	}
	const struct processor_route *route = processor_route(u->facts, "GET", NULL, call->path);
	URL_AUTO CURLU *url = url_below(u->base, call->path, u->declared, &e);
	if (route == NULL || !route->absent || url == NULL) {
		caller_refuse(c, url == NULL ? FAILURE_URL : FAILURE_PATH);
		return;
	}
	struct signature_key key = key_of(u);
	struct buf link = BUF_INIT(SIGNATURE_TEXT_MAX);
	buf_printf(&link, "%s://", strncasecmp(u->base, "https:", 6) == 0 ? "https" : "http");
	if (object_address_read(&at, url, &e) != 0 || buf_adds(&link, at.host) != 0 || buf_adds(&link, at.path) != 0 ||
	    buf_addc(&link, '?') != 0 || signature_link(&link, &key, at.host, at.path, call->seconds, when_now(), &e) != 0) {
		buf_wipe(&link);
		caller_refuse(c, e.code == ERR_INPUT ? FAILURE_URL : FAILURE_MEMORY);
		return;
	}
	cJSON *head = cJSON_CreateObject();
	cJSON_AddNumberToObject(head, "status", 200);
	caller_reply(c, head, &link);
}
