// SPDX-License-Identifier: ISC
#include "fcgi/serve/route.h"
#include "fcgi/serve/media_type.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/server.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/rules/capability.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	DEADLINE_MS = 30000, // of routes that name none
	QUERY_NAME_MAX = 64,
};

// What the route's "*" stands for, "" for an exact match, NULL for none.
static const char *path_match(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);
	if (len == 0 || pattern[len - 1] != '*')
		return strcmp(pattern, path) == 0 ? "" : NULL;
	if (strncmp(pattern, path, len - 1) != 0)
		return NULL;
	const char *rest = path + len - 1;
	return *rest && strchr(rest, '/') == NULL ? rest : NULL;
}

int route_find(struct request *r, const struct route *routes, struct problem *why)
{
	static const char *const allow[8] = {NULL,     "GET, HEAD",         "POST",         "GET, HEAD, POST",
					     "DELETE", "GET, HEAD, DELETE", "POST, DELETE", "GET, HEAD, POST, DELETE"};
	const char *path = request_param(r, "DOCUMENT_URI"), *method = request_param(r, "REQUEST_METHOD");
	if (path == NULL)
		path = request_param(r, "SCRIPT_NAME");
	path = path != NULL ? path : "";
	method = method != NULL ? method : "";
	r->head = strcmp(method, "HEAD") == 0;
	r->deadline = monotonic_ms() + DEADLINE_MS;
	size_t params_bytes = 0;
	for (char *const *p = r->params; p != NULL && *p != NULL; p++)
		params_bytes += strlen(*p);
	if (params_bytes > PARAMS_BYTES_MAX)
		return problem_set(why, 431, "problem.headers-too-large", NULL, NULL);
	unsigned there = 0; // the methods of the path
	for (const struct route *t = routes; t->method != NULL; t++) {
		const char *rest = path_match(t->path, path);
		bool get = strcmp(t->method, "GET") == 0;
		if (rest != NULL)
			there |= get ? 1 : strcmp(t->method, "POST") == 0 ? 2 : 4;
		if (rest == NULL || (strcmp(t->method, method) != 0 && !(r->head && get)))
			continue;
		r->route = t;
		r->rest = rest;
		if (t->deadline_ms)
			r->deadline = monotonic_ms() + t->deadline_ms;
		if (policy_undeclared(r->server->policy, t->kinds) !=
		    0) // what waits for a page may come; what a client of an API asks for is not there
			return problem_set(why, request_of_api(r) ? 404 : 503, "problem.not-offered", NULL, NULL);
		return 0;
	}
	why->allow = allow[there];
	if (why->allow == NULL)
		return problem_set(why, 404, "problem.not-found", NULL, NULL);
	return problem_set(why, 405, "problem.method-not-allowed", NULL, WORD_VALUES({"allow", why->allow}));
}

// The name of the first parameter of the address that the route does not take, "" where that is no plain name; NULL: there is none.
static const char *query_refused(const struct route *t, const char *query, char name[QUERY_NAME_MAX + 1])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	for (const char *at = query; at != NULL; at = strchr(at, '&')) {
		at += *at == '&';
		size_t len = strcspn(at, "=&");
		bool ignored = false;
		for (const char *const *known = t->query_ignored; known != NULL && *known != NULL; known++)
			ignored |= strlen(*known) == len && memcmp(*known, at, len) == 0;
		if (ignored)
			continue;
		bool shown = len <= QUERY_NAME_MAX && strspn(at, plain) >= len;
		snprintf(name, QUERY_NAME_MAX + 1, "%.*s", shown ? (int)len : 0, at);
		return name;
	}
	return NULL;
}

// A request that changes something may come from our own pages or from something that is no browser. Without cookies a network position or
// an address is the authority, and another site's page must not be able to act for the visitor. A browser says where a request comes from.
static bool origin_admit(const struct request *r)
{
	const char *fetch_site = request_param(r, "HTTP_SEC_FETCH_SITE"), *origin = request_param(r, "HTTP_ORIGIN");
	const char *host = request_param(r, "HTTP_HOST");
	if (fetch_site != NULL)
		return strcmp(fetch_site, "same-origin") == 0 || strcmp(fetch_site, "none") == 0;
	if (origin == NULL || (r->route->from_anywhere && strcmp(origin, "null") == 0))
		return true;
	const char *authority = strstr(origin, "://");
	return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

int route_admit(struct request *r, enum body_type *kind, struct problem *why)
{
	static const char hosts[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:[]-";
	const struct route *t = r->route;
	static const struct {
		enum body_type kind;
		const char *type;
	} body_types[] = {{BODY_JSON, "application/json"},
			  {BODY_FORM, "application/x-www-form-urlencoded"},
			  {BODY_MULTIPART, "multipart/form-data"},
			  {BODY_TEXT, "text/plain"},
			  {BODY_RAW, "application/json"}};
	const char *query = request_param(r, "QUERY_STRING"), *length = request_param(r, "CONTENT_LENGTH");
	const char *host = request_param(r, "HTTP_HOST"); // stands in addresses that are answered
	const char *type = request_param(r, "CONTENT_TYPE"), *encoding = request_param(r, "HTTP_CONTENT_ENCODING");
	char charset[32], known[128] = "", name[QUERY_NAME_MAX + 1];
	*kind = BODY_NONE;
	if (host != NULL && host[strspn(host, hosts)] != '\0')
		return problem_set(why, 400, "problem.host", "Host", NULL);
	// What is asked for stands in the body; in the address it would also be kept by browsers and proxies. The first name is named.
	const char *refused = t->body_types != BODY_NONE || t->changes_state ? query_refused(t, query, name) : NULL;
	if (refused != NULL)
		return problem_set(why, 400, "problem.field-unknown.address", refused, NULL);
	if (t->changes_state && !origin_admit(r))
		return problem_set(why, 403, "problem.cross-site", NULL, NULL);
	size_t digits = length != NULL ? strspn(length, "0123456789") : 0;
	if (length != NULL && (length[digits] || digits > 15))
		return problem_set(why, 400, "problem.content-length", "Content-Length", NULL);
	bool too_large = length != NULL && strtoull(length, NULL, 10) > t->body_max;
	if (t->body_types == BODY_NONE)
		return too_large ? problem_set(why, 413, "problem.body-not-taken", NULL, NULL) : 0;
	if (too_large)
		return problem_set(why, 413, "problem.body-too-large", NULL,
				   WORD_VALUES({"max", word_number((char[WORD_NUMBER]){0}, (long long)t->body_max)}));
	for (size_t i = 0; i < ARRAY_LEN(body_types); i++) {
		if (!(t->body_types & body_types[i].kind))
			continue;
		if (media_type_is(type, body_types[i].type))
			*kind = body_types[i].kind;
		size_t used = strlen(known);
		snprintf(known + used, sizeof known - used, "%s%s", used ? word_in(why->language, "page.frame.or") : "",
			 body_types[i].type);
	}
	if (*kind == BODY_NONE)
		return problem_set(why, 415, "problem.media-type", "Content-Type", WORD_VALUES({"types", known}));
	if (media_type_parameter(type, "charset", charset, sizeof charset) == 0 && strcasecmp(charset, "utf-8") != 0)
		return problem_set(why, 415, "problem.charset", "Content-Type", NULL);
	if (encoding != NULL && strcasecmp(encoding, "identity") != 0)
		return problem_set(why, 415, "problem.content-encoding", "Content-Encoding", NULL);
	return 0;
}

int route_check(const struct route *routes, const struct policy *p, struct err *e)
{
	if (capability_unbuilt(p, NULL) > 0) // allowed, or it would not be here: what is not declared is refused request by request
		return 0;
	for (const struct route *t = routes; t->method != NULL; t++) {
		kind_set missing = policy_undeclared(p, t->kinds);
		if (!missing)
			continue;
		char words[256];
		kind_set_words(words, sizeof words, missing);
		return err_set(
		    e, ERR_REFUSED,
		    "%s: error: %s %s handles data that the policy does not declare: %s. Declare it, or do not run this program.", p->file,
		    t->method, t->path, words);
	}
	return 0;
}
