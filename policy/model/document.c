// SPDX-License-Identifier: ISC
#include "policy/model/document.h"
#include "policy/base/text.h"
#include "policy/model/schema.h"
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	struct report *report;
	bool doctype;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

// Called at "<!DOCTYPE name", before anything in it is read.
static void refuse_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	xmlParserCtxt *parser = context;
	struct parse *p = parser->_private;

	(void)name;
	(void)external;
	(void)system;
	p->doctype = true;
	report_error(p->report, parser->input->line, "a DOCTYPE is not allowed", "it could pull in other files or expand without end",
		     "remove it, and write characters instead of entities");
	xmlStopParser(parser);
}

static void say_malformed(void *context, xmlErrorPtr error)
{
	xmlParserCtxt *parser = context;
	struct parse *p = parser->_private;
	char what[256];

	if (p->doctype || p->report->errors > 0 || error->level < XML_ERR_ERROR) // the first one is the cause
		return;
	snprintf(what, sizeof what, "%s", error->message != NULL ? error->message : "not XML");
	what[strcspn(what, "\n")] = '\0';
	report_error(p->report, error->line > 0 ? error->line : 1, "this is not well-formed XML (%s)", "nothing after it can be trusted",
		     "close every element and write &amp; for & and &lt; for <", what);
}

// Namespaces are refused because xsi:schemaLocation would make the validator open another file.
static void refuse_namespaces(const xmlNode *top, struct report *r)
{
	for (const xmlNode *n = top; n != NULL;) {
		bool found = n->type == XML_ELEMENT_NODE && (n->ns != NULL || n->nsDef != NULL);
		for (const xmlAttr *a = n->type == XML_ELEMENT_NODE ? n->properties : NULL; a != NULL; a = a->next)
			found = found || a->ns != NULL;
		report_error_if(found, r, (int)xmlGetLineNo(n), "<%s> uses an XML namespace", "it could point the reader at another file",
				"remove every xmlns and prefix", (const char *)n->name);
		if (n->type == XML_ELEMENT_NODE && n->children != NULL) {
			n = n->children;
			continue;
		}
		while (n != NULL && n != top && n->next == NULL)
			n = n->parent;
		n = n == top || n == NULL ? NULL : n->next;
	}
}

xmlDoc *document_parse(const char *bytes, size_t len, struct report *r)
{
	struct parse state = {.report = r};
	xmlDoc *document = NULL;

	pthread_once(&once, xmlInitParser);
	if (len == 0 || len > INT_MAX) {
		report_error(r, 1, "the file is empty", "a site without a policy may do nothing", "write one as policy(5) shows");
		return NULL;
	}
	if (!utf8_valid(bytes, len)) {
		int line = 1;
		for (size_t at = 0, end; at < len; at = end, line++) { // find the line that is wrong
			const char *newline = memchr(bytes + at, '\n', len - at);
			end = newline != NULL ? (size_t)(newline - bytes) + 1 : len;
			if (!utf8_valid(bytes + at, end - at))
				break;
		}
		report_error(r, line, "the file is not UTF-8 here", "other encodings are read differently by different programs",
			     "save it as UTF-8");
		return NULL;
	}
	xmlParserCtxt *parser = xmlNewParserCtxt();
	if (parser != NULL) {
		parser->_private = &state;
		parser->sax->internalSubset = refuse_doctype;
		parser->sax->serror = say_malformed;
		document =
		    xmlCtxtReadMemory(parser, bytes, (int)len, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
		xmlFreeParserCtxt(parser);
	}
	xmlNode *root = document != NULL && r->errors == 0 ? xmlDocGetRootElement(document) : NULL;
	if (root != NULL) {
		refuse_namespaces(root, r);
		xmlChar *format = xmlGetNoNsProp(root, BAD_CAST "format");
		report_error_if(format != NULL && strtol((const char *)format, NULL, 10) > POLICY_FORMAT, r, (int)xmlGetLineNo(root),
				"the policy is written in format %.8s, and this program reads format %d", "it would miss what is new",
				"update the program, or write format=\"%d\"", (const char *)format, POLICY_FORMAT, POLICY_FORMAT);
		xmlFree(format);
		if (r->errors == 0 && schema_validate(document, r) == 0)
			return document;
	}
	report_error_if(r->errors == 0, r, 1, "the file could not be read as XML", "nothing may run on it",
			"check it with: xmllint --noout FILE");
	xmlFreeDoc(document);
	return NULL;
}
