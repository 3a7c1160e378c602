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

#endif
