// SPDX-License-Identifier: ISC
#include "fcgi/serve/request.h"
#include "fcgi/serve/media_type.h"
#include "fcgi/serve/program.h"
#include "fcgi/serve/request_internal.h"
#include "fcgi/serve/server.h"
#include "policy/base/address_range.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/words/words.h"
#include "policy/vault/vault.h"
#include <ctype.h>
#include <fcgiapp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void request_parts_free(struct part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((char *)(uintptr_t)parts[i].name);
		free((char *)(uintptr_t)parts[i].filename);
		free((char *)(uintptr_t)parts[i].type);
	}
	free(parts);
}

void request_free(struct request *r)
{
	if (r->log_row != NULL)
		request_log_end(r, NULL);
	request_forget_uploads(r);
	buf_free(&r->headers);
	json_free(&r->fields);
}

const char *request_param(const struct request *r, const char *name)
{
	size_t len = strlen(name);
	for (char *const *p = r->params; p != NULL && *p != NULL; p++)
		if (strncmp(*p, name, len) == 0 && (*p)[len] == '=')
			return (*p)[len + 1] ? *p + len + 1 : NULL;
	return NULL;
}

bool request_of_api(const struct request *r)
{
	const char *below = r->server->program->api_below, *path = request_param(r, "DOCUMENT_URI");

	return below != NULL && path != NULL && strncmp(path, below, strlen(below)) == 0;
}

const char *request_rest(const struct request *r)
{
	return r->rest != NULL ? r->rest : "";
}

const char *request_header(const struct request *r, const char *name)
{
	char param[64] = "HTTP_";
	if (strcasecmp(name, "Content-Type") == 0)
		return request_param(r, "CONTENT_TYPE");
	size_t len = strlen(name);
	if (len + 6 > sizeof param)
		return NULL;
	for (size_t i = 0; i <= len; i++)
		param[5 + i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
	return request_param(r, param);
}

const char *request_address(const struct request *r)
{
	const char *address = request_param(r, "REMOTE_ADDR");
	return address != NULL ? address : "";
}

const char *request_connection(const struct request *r)
{
	const char *address = request_param(r, "REMOTE_ADDR");
	struct address_range of;

	// nginx says how it knows the address (nginx/snippets/http.conf); where it says nothing, it does not know.
	return address != NULL && request_param(r, "LETHE_CONNECTION") != NULL && address_range_of(&of, address) == 0 &&
		       address_range_public(&of)
		   ? address
		   : NULL;
}

const cJSON *request_fields(const struct request *r)
{
	return r->fields;
}

const char *request_body(const struct request *r, size_t *len)
{
	*len = r->body.len;
	return buf_text(&r->body);
}

void request_site(const struct request *r, char *out, size_t size)
{
	const char *scheme = request_param(r, "REQUEST_SCHEME"), *host = request_param(r, "HTTP_HOST");

	snprintf(out, size, "%s://%s", scheme != NULL ? scheme : "https", host != NULL ? host : "");
}

const struct part *request_parts(const struct request *r, size_t *count)
{
	*count = r->part_count;
	return r->parts;
}

void request_forget_uploads(struct request *r)
{
	for (cJSON *field = r->fields != NULL ? r->fields->child : NULL, *next; field != NULL; field = next) {
		next = field->next;
		if (cJSON_IsArray(field) || cJSON_IsObject(field))
			cJSON_Delete(cJSON_DetachItemViaPointer(r->fields, field));
	}
	buf_wipe(&r->body);
	request_parts_free(r->parts, r->part_count);
	r->parts = NULL;
	r->part_count = 0;
}

int request_fd(const struct request *r)
{
	return r->fcgx != NULL ? r->fcgx->ipcFd : -1;
}

bool request_gone(const struct request *r)
{
	struct pollfd p = {.fd = request_fd(r), .events = POLLRDHUP};
	return r->gone || (p.fd >= 0 && poll(&p, 1, 0) == 1);
}

bool request_is_head(const struct request *r)
{
	return r->head;
}

uint64_t request_deadline(const struct request *r)
{
	return r->deadline;
}

const struct policy *request_policy(const struct request *r)
{
	return r->policy != NULL ? r->policy : r->server->policy;
}

int request_use_language(struct request *r, const char *code)
{
	const struct policy *p = r->server->policy;

	for (size_t i = code[0] == '\0' ? 0 : 1; p != NULL && i < p->view_count; i++) {
		if (code[0] != '\0' && strcmp(p->views[i]->language, code) != 0)
			continue;
		r->policy = p->views[i];
		return 0;
	}
	return -1;
}

enum language request_language(const struct request *r)
{
	const struct policy *p = request_policy(r);
	return p != NULL && p->language != NULL ? word_language(p) : LANGUAGE_EN;
}

// How much of a language tag of Accept-Language the code of a language has: "zh-Hans" fits "zh", "de" fits "de-AT". 0: nothing.
static size_t language_fits(const char *code, const char *tag, size_t len)
{
	size_t code_len = strlen(code), shorter = code_len < len ? code_len : len;
	bool whole = (code_len == len || code[shorter] == '-' || tag[shorter] == '-') && strncasecmp(code, tag, shorter) == 0;
	size_t first = strcspn(code, "-"); // zh-CN is better served by zh-Hans than by English
	return whole ? shorter + 1 : len >= first && strncasecmp(code, tag, first) == 0 && (len == first || tag[first] == '-') ? 1 : 0;
}

void request_choose_language(struct request *r)
{
	const struct policy *p = r->server->policy;
	JSON_AUTO cJSON *named = r->typed ? NULL : cJSON_DetachItemFromObjectCaseSensitive(r->fields, "language");
	const char *accept = request_param(r, "HTTP_ACCEPT_LANGUAGE");
	double best = 0;

	if (p == NULL || p->view_count < 2)
		return;
	for (const char *at = accept; at != NULL && *at != '\0';) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, ",; \t"), item = strcspn(at, ",");
		const char *q = memmem(at, item, "q=", 2);
		double weight = q != NULL ? strtod(q + 2, NULL) : 1;
		size_t fit = 0;
		const struct policy *view = NULL;
		for (size_t i = 0; i < p->view_count; i++) {
			size_t fits = language_fits(p->views[i]->language, at, len);
			view = fits > fit ? p->views[i] : view;
			fit = fits > fit ? fits : fit;
		}
		if (view != NULL && weight > best) {
			best = weight;
			r->policy = view;
		}
		at += item;
	}
	for (size_t i = 0; named != NULL && cJSON_IsString(named) && i < p->view_count; i++) {
		if (strcmp(p->views[i]->language, named->valuestring) == 0)
			r->policy = p->views[i];
	}
}

bool request_wants(const struct request *r, const char *type)
{
	return strcmp(media_type_preferred(request_param(r, "HTTP_ACCEPT")), type) == 0;
}

int request_log_open(struct request *r, const char *receipt, struct err *e)
{
	const struct server *s = r->server;
	if (s->vault == NULL || s->policy->kinds[KIND_REQUEST_LOG].keep != KEEP_STORED)
		return 0;
	const char *agent = request_param(r, "HTTP_USER_AGENT");
	struct request_log_row row = {request_address(r), agent != NULL ? agent : "", receipt};
	r->log_row = request_log_begin(s->vault, &row, e);
	return r->log_row != NULL ? 0 : -1;
}

int request_log_end(struct request *r, struct err *e)
{
	struct request_log_pending *row = r->log_row;
	r->log_row = NULL;
	if (row != NULL && request_log_wait(r->server->vault, row, e) != 0)
		return -1;
	r->logged = true;
	return 0;
}

int request_log(struct request *r, const char *receipt, struct err *e)
{
	return request_log_open(r, receipt, e) != 0 || request_log_end(r, e) != 0 ? -1 : 0;
}
