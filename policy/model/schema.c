// SPDX-License-Identifier: ISC
// The schema is assembled into the program, so that no installation can validate against another one.
#include "policy/model/schema.h"
#include "policy/model/advice.h"
#include <libxml/xmlschemas.h>
#include <stdint.h>

__asm__(".section .rodata\n"
	".balign 16\n"
	"lethe_policy_schema:\n"
	".incbin \"policy/policy.xsd\"\n"
	"lethe_policy_schema_end:\n"
	".byte 0\n"
	".balign 8\n"
	"lethe_policy_schema_size:\n"
	".quad lethe_policy_schema_end - lethe_policy_schema\n"
	".previous\n");
extern const char lethe_policy_schema[] __attribute__((visibility("hidden")));
extern const uint64_t lethe_policy_schema_size __attribute__((visibility("hidden")));

const char *schema_text(size_t *len)
{
	*len = (size_t)lethe_policy_schema_size;
	return lethe_policy_schema;
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
		xmlSchemaSetValidStructuredErrors(validator, advise, &advisor);
		result = xmlSchemaValidateDoc(validator, document);
		xmlSchemaFreeValidCtxt(validator);
	}
	xmlSchemaFree(schema);
	if (result != 0 && r->errors == 0)
		report_error(
		    r, 1, "the policy could not be checked against its schema, so nothing may run on it; free some memory and try again");
	return result == 0 && r->errors == 0 ? 0 : -1;
}
