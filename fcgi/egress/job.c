// SPDX-License-Identifier: ISC
#include "fcgi/egress/job.h"
#include <stddef.h>

cJSON *egress_send_head(const char *processor, const char *method, const char *path, const char *content_type, kind_set kinds,
			unsigned deadline_ms, bool repeatable)
{
	cJSON *head = cJSON_CreateObject();
	cJSON *headers = cJSON_AddObjectToObject(head, "headers");
	cJSON *list = cJSON_AddArrayToObject(head, "kinds");
	bool whole = cJSON_AddStringToObject(head, "op", "send") && cJSON_AddStringToObject(head, "processor", processor) &&
		     cJSON_AddStringToObject(head, "method", method) && cJSON_AddStringToObject(head, "path", path) && headers && list &&
		     cJSON_AddNumberToObject(head, "deadline_ms", deadline_ms) && cJSON_AddBoolToObject(head, "repeatable", repeatable);
	if (content_type)
		whole = whole && cJSON_AddStringToObject(headers, "content-type", content_type);
	for (unsigned k = 0; k < KIND_COUNT; k++)
		if (kinds & KIND_BIT(k))
			whole = whole && cJSON_AddItemToArray(list, cJSON_CreateString(kind_row((enum kind)k)->name));
	if (whole)
		return head;
	cJSON_Delete(head);
	return NULL;
}

cJSON *egress_page_head(const char *url, unsigned deadline_ms)
{
	cJSON *head = cJSON_CreateObject();
	if (cJSON_AddStringToObject(head, "op", "page") && cJSON_AddStringToObject(head, "url", url) &&
	    cJSON_AddNumberToObject(head, "deadline_ms", deadline_ms))
		return head;
	cJSON_Delete(head);
	return NULL;
}

cJSON *egress_status_head(void)
{
	cJSON *head = cJSON_CreateObject();
	if (cJSON_AddStringToObject(head, "op", "status"))
		return head;
	cJSON_Delete(head);
	return NULL;
}
