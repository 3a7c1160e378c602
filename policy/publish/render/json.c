// SPDX-License-Identifier: ISC
#include "policy/publish/render/json.h"
#include "policy/publish/render/writer.h"

void json_add_text(cJSON *object, const char *name, const char *text)
{
	cJSON_AddItemToObjectCS(object, name, text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull());
}

void json_add_prose(cJSON *object, const char *name, const struct policy *p, const struct prose *prose)
{
	BUF_AUTO struct buf words = BUF_INIT(DOCUMENT_BYTES_MAX);

	prose_plain(p, prose, &words);
	json_add_text(object, name, prose->count > 0 ? buf_text(&words) : NULL);
}

void json_add_date(cJSON *object, const char *name, time_t t)
{
	char date[WHEN_DATE];

	when_date(date, t);
	json_add_text(object, name, t != 0 ? date : NULL);
}

cJSON *json_object_in(cJSON *array)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddItemToArray(array, object);
	return object;
}
