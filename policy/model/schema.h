// SPDX-License-Identifier: ISC
// policy.xsd as part of the program, and its application to a document.
#ifndef LETHE_MODEL_SCHEMA_H
#define LETHE_MODEL_SCHEMA_H

#include "policy/model/report.h"
#include <libxml/tree.h>

enum { POLICY_FORMAT = 1 }; // the <policy format="…"> that this program reads

// Validates; every finding goes to the report. 0 when valid. -1 also when memory is gone.
int schema_validate(xmlDoc *document, struct report *r);
// Frees what schema_validate keeps for the next document, about 600 KB: for a program that has read the one policy it goes by.
void schema_forget(void);

// From bytes to an XML tree that passed the schema. Nothing outside the bytes is ever read: no DTD, no entity, no schema hint, no network.
// NULL when it is not acceptable; the report says why. Free with xmlFreeDoc.
xmlDoc *schema_parse(const char *bytes, size_t len, struct report *r);

#endif
