// SPDX-License-Identifier: ISC
// What the schema validator says, put into words that tell a privacy officer what to do.
#ifndef LETHE_MODEL_ADVICE_H
#define LETHE_MODEL_ADVICE_H

#include "policy/model/report.h"
#include <libxml/xmlerror.h>

struct advisor {
	struct report *report;
	const void *last_node; // a bad value is reported twice by libxml2: once for its facet, once for its type
	char last_attribute[64];
	int last_line;
};

// A xmlStructuredErrorFunc; `data` is a struct advisor.
void advice_give(void *data, xmlErrorPtr error);

#endif
