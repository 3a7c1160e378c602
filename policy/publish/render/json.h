// SPDX-License-Identifier: ISC
// Members of the JSON documents that are published. What the policy does not state is null; prose is plain text. cJSON ignores additions to
// NULL, so a failure shows when the document is printed (json_print_lines).
#ifndef LETHE_PUBLISH_RENDER_JSON_H
#define LETHE_PUBLISH_RENDER_JSON_H

#include "policy/base/json.h"
#include "policy/model/policy.h"

void json_add_text(cJSON *object, const char *name, const char *text); // NULL: null
void json_add_prose(cJSON *object, const char *name, const struct policy *p, const struct prose *prose);
void json_add_date(cJSON *object, const char *name, time_t t); // 0: null
cJSON *json_object_in(cJSON *array);                           // a new object at its end

#endif
