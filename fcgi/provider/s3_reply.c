// SPDX-License-Identifier: ISC
#include "fcgi/provider/s3_reply.h"
#include "fcgi/provider/s3_name.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <ctype.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 6, OBJECTS_MAX = 1000, TEXT_MAX = 2048 };

static bool tree_plain(const xmlNode *n, unsigned depth)
{
	for (; n != NULL; n = n->next)
		if (n->type == XML_ENTITY_REF_NODE || depth > DEPTH_MAX || (n->type == XML_ELEMENT_NODE && depth == DEPTH_MAX) ||
		    !tree_plain(n->children, depth + 1))
			return false;
	return true;
}

static bool element_is(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

// The document, if its root has this name; NULL: it has not, or is no XML, or not of the plain kind that storages write.
static xmlDoc *reply_document(const struct provider_reply *r, const char *root)
{
	static const char kind[] = "<!DOCTYPE";
	static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	xmlDoc *doc = r->len > 0 && r->len <= EGRESS_REPLY_MAX && memmem(r->body, r->len, kind, sizeof kind - 1) == NULL
			  ? xmlReadMemory(r->body, (int)r->len, NULL, NULL, options)
			  : NULL;
	if (doc != NULL && (doc->intSubset != NULL || !tree_plain(doc->children, 0) || !element_is(xmlDocGetRootElement(doc), root))) {
		xmlFreeDoc(doc);
		doc = NULL;
	}
	return doc;
}

// The text of an element without others in it; "" where there are, or where it is longer.
static void element_text(xmlNode *n, char out[TEXT_MAX])
{
	xmlChar *text = xmlChildElementCount(n) == 0 ? xmlNodeGetContent(n) : NULL;

	if (text == NULL || snprintf(out, TEXT_MAX, "%s", (const char *)text) >= TEXT_MAX)
		out[0] = '\0';
	xmlFree(text);
}

void s3_reply_code(char out[S3_CODE_MAX], const struct provider_reply *r)
{
	char text[TEXT_MAX] = "";
	xmlDoc *doc = reply_document(r, "Error");

	out[0] = '\0';
	for (xmlNode *n = doc != NULL ? xmlDocGetRootElement(doc)->children : NULL; n != NULL; n = n->next) {
		size_t len = 0;
		if (!element_is(n, "Code"))
			continue;
		element_text(n, text);
		while (isalnum((unsigned char)text[len]))
			len++;
		if (text[len] == '\0' && len < S3_CODE_MAX)
			memcpy(out, text, len + 1);
	}
	xmlFreeDoc(doc);
}

// "2026-11-28T19:00:00.000Z"
static time_t time_of(const char *text)
{
	char plain[WHEN_TEXT];
	time_t at = 0;

	snprintf(plain, sizeof plain, "%.19sZ", text);
	return when_parse(&at, plain) == 0 ? at : 0;
}

static int object_take(struct provider_objects *out, const xmlNode *contents)
{
	char key[TEXT_MAX] = "", text[TEXT_MAX] = "";
	time_t at = 0;

	for (xmlNode *n = contents->children; n != NULL; n = n->next) {
		if (element_is(n, "Key")) {
			element_text(n, key);
		} else if (element_is(n, "LastModified")) {
			element_text(n, text);
			at = time_of(text);
		}
	}
	if (key[0] == '\0' || out->count + out->foreign >= OBJECTS_MAX)
		return -1;
	free(out->last);
	out->last = strdup(key);
	if (out->list == NULL)
		out->list = calloc(OBJECTS_MAX, sizeof *out->list);
	if (out->last == NULL || out->list == NULL)
		return -1;
	if (s3_name_shaped(key)) {
		memcpy(out->list[out->count].name, key, strlen(key) + 1);
		out->list[out->count++].at = at;
	} else {
		out->foreign++;
	}
	return 0;
}

int s3_reply_list(struct provider_objects *out, const struct provider_reply *r)
{
	char text[TEXT_MAX] = "";
	xmlDoc *doc = reply_document(r, "ListBucketResult");
	int rc = doc != NULL ? 0 : -1;

	*out = (struct provider_objects){0};
	for (xmlNode *n = rc == 0 ? xmlDocGetRootElement(doc)->children : NULL; n != NULL && rc == 0; n = n->next) {
		if (element_is(n, "Contents"))
			rc = object_take(out, n);
		else if (element_is(n, "IsTruncated"))
			element_text(n, text);
	}
	xmlFreeDoc(doc);
	const bool truncated = strcmp(text, "true") == 0;
	if (rc != 0 || (truncated && out->last == NULL))
		return -1;
	if (!truncated) {
		free(out->last);
		out->last = NULL;
	}
	return 0;
}
