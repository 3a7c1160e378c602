// SPDX-License-Identifier: ISC
#include "fcgi/ipc/egress_call.h"
#include <stddef.h>

cJSON *egress_send_head(const char *processor, const char *method, const char *path, const char *content_type, kind_set kinds,
			unsigned deadline_ms, bool repeatable)
{
	cJSON *head = cJSON_CreateObject();
	cJSON *headers = cJSON_AddObjectToObject(head, "headers");
	cJSON *list = cJSON_AddArrayToObject(head, "kinds");
	bool whole = cJSON_AddStringToObject(head, "op", "send") != NULL && cJSON_AddStringToObject(head, "processor", processor) != NULL &&
		     cJSON_AddStringToObject(head, "method", method) != NULL && cJSON_AddStringToObject(head, "path", path) != NULL &&
		     headers != NULL && list != NULL && cJSON_AddNumberToObject(head, "deadline_ms", deadline_ms) != NULL &&
		     cJSON_AddBoolToObject(head, "repeatable", repeatable) != NULL;
	if (content_type != NULL)
		whole = whole && cJSON_AddStringToObject(headers, "content-type", content_type) != NULL;
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
	if (cJSON_AddStringToObject(head, "op", "page") != NULL && cJSON_AddStringToObject(head, "url", url) != NULL &&
	    cJSON_AddNumberToObject(head, "deadline_ms", deadline_ms) != NULL)
		return head;
	cJSON_Delete(head);
	return NULL;
}

cJSON *egress_status_head(void)
{
	cJSON *head = cJSON_CreateObject();
	if (cJSON_AddStringToObject(head, "op", "status") != NULL)
		return head;
	cJSON_Delete(head);
	return NULL;
}
