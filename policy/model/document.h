// SPDX-License-Identifier: ISC
// From bytes to an XML tree that passed the schema. Nothing outside the bytes is ever read: no DTD, no entity, no schema hint, no network.
#ifndef LETHE_MODEL_DOCUMENT_H
#define LETHE_MODEL_DOCUMENT_H

#include "policy/model/report.h"
#include <libxml/tree.h>

// NULL when it is not acceptable; the report says why. Free with xmlFreeDoc.
xmlDoc *document_parse(const char *bytes, size_t len, struct report *r);

#endif
