// SPDX-License-Identifier: ISC
#include "fcgi/provider/s3_reply.h"
#include "fcgi/provider/s3_name.h"
#include "policy/base/limits.h"
#include "policy/base/when.h"
#include <ctype.h>
#include <libxml/xmlreader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 6, NAME_MAX_BYTES = 64, OBJECTS_MAX = 1000, TEXT_MAX = 2048 };

// Where an element stands. Each is told of when it ends; `text` NULL: it held others.
struct reply_element {
	const char *root, *parent, *name;
	const char *text;
};

// -1: it is no XML, or not of the plain kind that storages write; or `each` has had enough.
static int elements_read(const struct provider_reply *r, int (*each)(void *arg, const struct reply_element *element), void *arg)
{
	static const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
	char names[DEPTH_MAX][NAME_MAX_BYTES] = {""};
	bool leaf[DEPTH_MAX] = {false};
	BUF_AUTO struct buf text = BUF_INIT(TEXT_MAX);
	xmlTextReaderPtr reader =
	    r->len > 0 && r->len <= EGRESS_REPLY_MAX ? xmlReaderForMemory(r->body, (int)r->len, NULL, NULL, options) : NULL;
	int more = reader != NULL ? xmlTextReaderRead(reader) : -1;

	for (; more == 1; more = more == 1 ? xmlTextReaderRead(reader) : more) {
		int type = xmlTextReaderNodeType(reader), depth = xmlTextReaderDepth(reader);
		const char *name = (const char *)xmlTextReaderConstLocalName(reader),
			   *value = (const char *)xmlTextReaderConstValue(reader);
		bool empty = xmlTextReaderIsEmptyElement(reader) == 1;
		bool odd = type == XML_READER_TYPE_DOCUMENT_TYPE || type == XML_READER_TYPE_ENTITY_REFERENCE || depth > DEPTH_MAX ||
			   (type == XML_READER_TYPE_ELEMENT && (depth == DEPTH_MAX || strlen(name) >= NAME_MAX_BYTES));
		if (!odd && type == XML_READER_TYPE_ELEMENT) {
			snprintf(names[depth], sizeof names[depth], "%s", name);
			leaf[depth] = true;
			if (depth > 0)
				leaf[depth - 1] = false;
			buf_reset(&text);
		} else if (!odd && (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA)) {
			odd = buf_adds(&text, value) != 0;
		}
		if (!odd && (type == XML_READER_TYPE_END_ELEMENT || (type == XML_READER_TYPE_ELEMENT && empty))) {
			const struct reply_element element = {names[0], depth > 0 ? names[depth - 1] : "", names[depth],
							      leaf[depth] ? buf_text(&text) : NULL};
			odd = each(arg, &element) != 0;
		}
		if (odd)
			more = -1;
	}
	if (reader != NULL)
		xmlFreeTextReader(reader);
	return more;
}

static int code_take(void *arg, const struct reply_element *element)
{
	char *code = arg;
	size_t len = 0;

	if (strcmp(element->root, "Error") != 0 || strcmp(element->parent, "Error") != 0 || strcmp(element->name, "Code") != 0 ||
	    element->text == NULL)
		return 0;
	while (isalnum((unsigned char)element->text[len]))
		len++;
	if (element->text[len] == '\0' && len < S3_CODE_MAX)
		snprintf(code, S3_CODE_MAX, "%s", element->text);
	return 0;
}

void s3_reply_code(char out[S3_CODE_MAX], const struct provider_reply *r)
{
	out[0] = '\0';
	if (elements_read(r, code_take, out) != 0)
		out[0] = '\0';
}

struct list_reading {
	struct provider_objects *out;
	char key[TEXT_MAX]; // of the object that is being read
	time_t at;
	bool truncated, listed;
};

// "2026-11-28T19:00:00.000Z"
static time_t time_of(const char *text)
{
	char plain[WHEN_TEXT];
	time_t at = 0;

	snprintf(plain, sizeof plain, "%.19sZ", text);
	return when_parse(&at, plain) == 0 ? at : 0;
}

static int object_take(struct list_reading *l)
{
	struct provider_objects *out = l->out;

	if (l->key[0] == '\0' || out->count + out->foreign >= OBJECTS_MAX)
		return -1;
	free(out->last);
	out->last = strdup(l->key);
	if (out->list == NULL)
		out->list = calloc(OBJECTS_MAX, sizeof *out->list);
	if (out->last == NULL || out->list == NULL)
		return -1;
	if (s3_name_shaped(l->key)) {
		memcpy(out->list[out->count].name, l->key, strlen(l->key) + 1);
		out->list[out->count++].at = l->at;
	} else {
		out->foreign++;
	}
	l->key[0] = '\0';
	l->at = 0;
	return 0;
}

static int list_take(void *arg, const struct reply_element *element)
{
	struct list_reading *l = arg;
	bool contents = strcmp(element->parent, "Contents") == 0, top = strcmp(element->parent, "ListBucketResult") == 0;

	if (strcmp(element->root, "ListBucketResult") != 0)
		return -1;
	l->listed = true;
	if (element->text == NULL)
		return top && strcmp(element->name, "Contents") == 0 ? object_take(l) : 0;
	if (contents && strcmp(element->name, "Key") == 0)
		snprintf(l->key, sizeof l->key, "%s", element->text);
	else if (contents && strcmp(element->name, "LastModified") == 0)
		l->at = time_of(element->text);
	else if (top && strcmp(element->name, "IsTruncated") == 0)
		l->truncated = strcmp(element->text, "true") == 0;
	return 0;
}

int s3_reply_list(struct provider_objects *out, const struct provider_reply *r)
{
	struct list_reading l = {.out = out};

	*out = (struct provider_objects){0};
	if (elements_read(r, list_take, &l) != 0 || !l.listed || (l.truncated && out->last == NULL))
		return -1;
	if (!l.truncated) {
		free(out->last);
		out->last = NULL;
	}
	return 0;
}
