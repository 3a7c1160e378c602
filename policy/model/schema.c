// SPDX-License-Identifier: ISC
// The schema is assembled into the program, so that no installation can validate against another one.
#include "policy/model/schema.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/text.h"
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlschemas.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EMBED(schema_document, "policy/policy.xsd");

struct advisor {
	struct report *report;
	const void *last_node; // a bad value is reported twice by libxml2: once for its facet, once for its type
	char last_attribute[64];
	int last_line;
};

// What each place is for and what may stand in it. `element` NULL: any element.
static const struct hint {
	const char *element, *attribute, *why, *instead;
} hints[] = {
    {"service", "by", "visitors are told what the site does", "write one or more of: website api dashboard"},
    {"service", "from", "visitors are told what the site does", "write one or more of: description url upload prompt post"},
    {"service", "to", "visitors are told what the site does", "write one or more of: images archive description"},
    {NULL, "length", "the server computes from it when data must be gone",
     "write an ISO 8601 duration such as \"P14D\", \"PT1H\" or \"P24M\""},
    {NULL, "longest", "the promised time is compared with it", "write an ISO 8601 duration such as \"P30D\""},
    {NULL, "lasts", "visitors are told how long it stays in their browser", "write an ISO 8601 duration such as \"P1Y\""},
    {NULL, "notice", "a changed policy takes effect only after this time", "write an ISO 8601 duration such as \"P30D\""},
    {NULL, "within", "the clock of every request runs on it", "write \"statutory\" or an ISO 8601 duration such as \"P30D\" or \"PT48H\""},
    {NULL, "effective", "versions take effect by date", "write a day that exists, as \"2026-05-11\""},
    {NULL, "updated", "visitors see this date", "write a day that exists, as \"2026-05-11\""},
    {NULL, "added", "the list of processors shows since when", "write a day that exists, as \"2026-05-11\""},
    {NULL, "removed", "the list of processors shows until when", "write a day that exists, as \"2026-05-11\""},
    {NULL, "mail", "requests of data subjects go there", "write a mail address such as \"privacy@site.example\""},
    {NULL, "country", "transfers out of the EEA are found by it", "write a two-letter ISO 3166 code such as \"SE\""},
    {NULL, "keep", "the vault decides by it what may be stored", "write \"memory\" or \"stored\""},
    {NULL, "after", "the life of a record is counted from it", "write one of the start events listed"},
    {NULL, "then", "pruning does exactly this", "write \"delete\" or \"anonymise\""},
    {NULL, "while", "a life without a length lasts as long as this holds", "write one of the conditions listed"},
    {NULL, "unless", "a life does not end a record while this holds", "write one of the conditions listed"},
    {NULL, "lang", "the notice is made once per language", "use the code of one of the <language> elements"},
    {NULL, "origin", "it goes into the Content-Security-Policy header",
     "write a lower-case origin such as \"https://cdn.example.com\", without a path"},
    {NULL, "to", "a link of the notice must be safe to follow", "write https://…, /path, #section or mailto:…"},
    {NULL, "user-agent", "it is sent to the owners of pages",
     "write 3 to 200 plain characters such as \"Site/1.0 (+https://site.example/)\""},
    {NULL, "years", "younger visitors are turned away by it", "write a whole number from 1 to 21"},
    {NULL, "order", "the first in order is asked first", "write a whole number; 1 is the primary"},
    {NULL, "use", "it decides when the processor is asked", "write \"primary\", \"backup\" or \"choice\""},
    {NULL, "by", "visitors are told how they hear of changes", "write one or more of: effective-date prominent-notice banner mail in-app"},
    {NULL, "format", "it tells which language of policies this is", "write format=\"1\""},
    {NULL, "policy", "visitors follow it to the processor's own notice", "write an https:// address"},
    {NULL, "basis", "Article 6 GDPR asks for one for every purpose", "write one of the bases listed"},
    {"cookie", "name", "the server refuses to set any other cookie", "write letters, digits, \".\", \"_\" and \"-\""},
    {"host", NULL, "egress connects to these hosts only",
     "write a lower-case host such as \"api.example.com\" or \"*.example.com\", without scheme, port or path"},
    {"retention", NULL, "the promised time is compared with it", "write text, and longest=\"P30D\" where a time is known"},
};

static const struct hint *hint_find(const char *element, const char *attribute)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		const struct hint *h = &hints[i];
		if (h->element != NULL && strcmp(h->element, element) != 0)
			continue;
		if (h->attribute == NULL ? *attribute == '\0' : strcmp(h->attribute, attribute) == 0)
			return h;
	}
	return NULL;
}

// The text between `from` and `to` in the message, or "".
static void between(char *out, size_t size, const char *message, const char *from, const char *to)
{
	out[0] = '\0';
	const char *start = strstr(message, from);
	if (start == NULL)
		return;
	start += strlen(from);
	const char *end = strstr(start, to);
	if (end == NULL || (size_t)(end - start) >= size)
		return;
	memcpy(out, start, (size_t)(end - start));
	out[end - start] = '\0';
}

static void advise_value(struct advisor *a, int line, const char *element, const char *attribute, const char *message)
{
	char value[256], set[512], where[320];
	const struct hint *h = hint_find(element, attribute);

	// "[facet 'pattern'] The value 'x' is …", or "'x' is not a valid value …".
	between(value, sizeof value, message, "The value '", "'");
	if (value[0] == '\0')
		between(value, sizeof value, message, ": '", "' is not a valid");
	between(set, sizeof set, message, "an element of the set {", "}");
	if (*attribute)
		snprintf(where, sizeof where, "%s=\"%.80s\" of <%s>", attribute, value, element);
	else
		snprintf(where, sizeof where, "\"%.80s\" in <%s>", value, element);
	const char *why = h != NULL ? h->why : "what cannot be read cannot be kept";
	if (set[0] != '\0')
		report_error(a->report, line, "%s is not a word of the language", "%s", "write one of: %s", where, why, set);
	else
		report_error(a->report, line, "%s is not valid", "%s", "%s", where, why,
			     h != NULL ? h->instead : "write a value of the form that policy(5) gives");
}

static void advise_identity(struct advisor *a, int line, const char *element, const char *message)
{
	char value[256], name[64];

	between(value, sizeof value, message, "key-sequence ['", "']");
	if (strstr(message, "No match found") != NULL) {
		between(name, sizeof name, message, "of keyref '", "'");
		name[strcspn(name, "-")] = '\0'; // keyrefs are named kind-received, purpose-used …
		report_error(a->report, line, "<%s> names the %s \"%s\", which this policy does not declare",
			     "the programs would not know what is meant", "declare it or correct the name", element, name, value);
	} else if (strstr(message, "Duplicate") != NULL) {
		report_error(a->report, line, "<%s> \"%s\" is declared twice", "the programs could obey only one of the two",
			     "merge them or rename one", element, value);
	} else {
		report_error(a->report, line, "<%s> lacks the name that others refer to it by", "nothing could refer to it", "give it one",
			     element);
	}
}

// What the validator says, put into words that tell a privacy officer what to do.
static void advice_give(void *data, xmlErrorPtr error)
{
	struct advisor *a = data;
	const xmlNode *node = error->node;
	const char *message = error->message != NULL ? error->message : "";
	char element[128], attribute[64], expected[512];
	const struct hint *h;
	bool ordered;

	between(element, sizeof element, message, "Element '", "'");
	between(attribute, sizeof attribute, message, "', attribute '", "'");
	int line = node != NULL ? (int)xmlGetLineNo(node) : error->line;
	switch (error->code) {
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
		between(attribute, sizeof attribute, message, "The attribute '", "'");
		h = hint_find(element, attribute);
		report_error(a->report, line, "<%s> lacks the attribute %s", "%s", "%s", element, attribute,
			     h != NULL ? h->why : "its meaning would be a guess", h != NULL ? h->instead : "add it as policy(5) shows");
		break;
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
		report_error(a->report, line, "<%s> has an attribute %s that the language does not know",
			     "the programs would ignore it, and nothing in a policy may be decoration", "remove it or correct its name",
			     element, attribute);
		break;
	case XML_SCHEMAV_CVC_IDC:
		advise_identity(a, line, element, message);
		break;
	case XML_SCHEMAV_ELEMENT_CONTENT:
		between(expected, sizeof expected, message, "( ", " )");
		ordered = strstr(message, "not expected") != NULL && expected[0] != '\0';
		if (strstr(message, "Missing child") != NULL)
			report_error(a->report, line, "<%s> is incomplete", "the notice and the programs need all of its parts", "add: %s",
				     element, expected);
		else
			report_error(a->report, line, "<%s> is not expected here",
				     "an element that is unknown or out of order would be skipped in silence", "%s%s%s", element,
				     ordered ? "write: " : "remove it or move it to the place that policy(5) gives",
				     ordered ? expected : "", ordered ? ", in the order that policy(5) gives" : "");
		break;
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
	case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3:
		report_error(a->report, line, "<%s> holds text where only elements belong", "it would be shown nowhere",
			     "put it into an element for text, or remove it", element);
		break;
	case XML_SCHEMAV_CVC_ELT_1:
		report_error(a->report, line, "<%s> is not the start of a policy", "nothing in it could be read",
			     "the outermost element is <policy>", element);
		break;
	default:
		if (a->last_node != node || a->last_line != line || strcmp(a->last_attribute, attribute) != 0)
			advise_value(a, line, element, attribute, message);
		a->last_node = node;
		a->last_line = line;
		snprintf(a->last_attribute, sizeof a->last_attribute, "%s", attribute);
	}
}

static void quiet(void *data, xmlErrorPtr error)
{
	(void)data;
	(void)error;
}

// Kept between policies, since parsing it takes as long as reading one.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static xmlSchema *schema;

int schema_validate(xmlDoc *document, struct report *r)
{
	struct advisor advisor = {.report = r};
	int result = -1;

	pthread_mutex_lock(&lock);
	xmlSchemaParserCtxt *parser = schema == NULL ? xmlSchemaNewMemParserCtxt(schema_document, (int)schema_document_size) : NULL;
	if (parser != NULL) {
		xmlSchemaSetParserStructuredErrors(parser, quiet, NULL);
		schema = xmlSchemaParse(parser);
		xmlSchemaFreeParserCtxt(parser);
	}
	xmlSchemaValidCtxt *validator = schema != NULL ? xmlSchemaNewValidCtxt(schema) : NULL;
	if (validator != NULL) {
		xmlSchemaSetValidStructuredErrors(validator, advice_give, &advisor);
		result = xmlSchemaValidateDoc(validator, document);
		xmlSchemaFreeValidCtxt(validator);
	}
	pthread_mutex_unlock(&lock);
	report_error_if(result != 0 && r->errors == 0, r, 1, "the policy could not be checked against its schema", "nothing may run on it",
			"free some memory and try again");
	return result == 0 && r->errors == 0 ? 0 : -1;
}

void schema_forget(void)
{
	pthread_mutex_lock(&lock);
	xmlSchemaFree(schema);
	schema = NULL;
	pthread_mutex_unlock(&lock);
}

// ---- from bytes ----

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

xmlDoc *schema_parse(const char *bytes, size_t len, struct report *r)
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
