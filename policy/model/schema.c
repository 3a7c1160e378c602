// SPDX-License-Identifier: ISC
// The schema is assembled into the program, so that no installation can validate against another one.
#include "policy/model/schema.h"
#include "policy/base/embed.h"
#include "policy/model/advice.h"
#include <libxml/xmlschemas.h>

EMBED(schema_document, "policy/policy.xsd");

const char *schema_text(size_t *len)
{
	*len = (size_t)schema_document_size;
	return schema_document;
}

static void quiet(void *data, xmlErrorPtr error)
{
	(void)data;
	(void)error;
}

static xmlSchema *schema_parse(void)
{
	size_t len;
	const char *text = schema_text(&len);
	xmlSchemaParserCtxt *parser = xmlSchemaNewMemParserCtxt(text, (int)len);

	if (parser == NULL)
		return NULL;
	xmlSchemaSetParserStructuredErrors(parser, quiet, NULL);
	xmlSchema *schema = xmlSchemaParse(parser);
	xmlSchemaFreeParserCtxt(parser);
	return schema;
}

int schema_validate(xmlDoc *document, struct report *r)
{
	struct advisor advisor = {.report = r};
	int result = -1;
	xmlSchema *schema = schema_parse();
	xmlSchemaValidCtxt *validator = schema != NULL ? xmlSchemaNewValidCtxt(schema) : NULL;

	if (validator != NULL) {
		xmlSchemaSetValidStructuredErrors(validator, advice_give, &advisor);
		result = xmlSchemaValidateDoc(validator, document);
		xmlSchemaFreeValidCtxt(validator);
	}
	xmlSchemaFree(schema);
	report_error_if(result != 0 && r->errors == 0, r, 1, "the policy could not be checked against its schema", "nothing may run on it",
			"free some memory and try again");
	return result == 0 && r->errors == 0 ? 0 : -1;
}
