// SPDX-License-Identifier: ISC
#include "policy/rights/rectify.h"
#include "policy/base/text.h"
#include "policy/rights/reach.h"
#include "policy/rights/recipient.h"
#include <stdio.h>
#include <string.h>

enum { CORRECTIONS_MAX = 50 };

const struct rectify_field rectify_fields[] = {
    {KIND_RIGHTS_REQUEST, "contact", 4 * 254},
    {KIND_RIGHTS_REQUEST, "message", 4 * 4000},
    {KIND_COUNT, NULL, 0},
};

struct rectifying {
	const struct rectify_value *values;
	size_t count;
	struct rights_act act;
};

// The old value is kept with the correction, until the request is over.
static int correct_one(cJSON *body, enum kind kind, const struct rectify_value *value, const char *by, time_t at, struct err *e)
{
	const struct rectify_field *field = rectify_fields;
	const char *before = json_string(body, value->field);
	cJSON *corrections = cJSON_GetObjectItemCaseSensitive(body, "corrections");

	while (field->name != NULL && (field->kind != kind || strcmp(field->name, value->field) != 0))
		field++;
	if (field->name == NULL)
		return err_set(e, ERR_INPUT, "%s cannot be corrected", value->field);
	if (value->value[0] == '\0' || strlen(value->value) > field->max || !utf8_valid(value->value, strlen(value->value)))
		return err_set(e, ERR_INPUT, "%s: that is no text, or too long", value->field);
	if (before != NULL && strcmp(before, value->value) == 0)
		return err_set(e, ERR_INPUT, "%s is that already", value->field);
	if (cJSON_GetArraySize(corrections) >= CORRECTIONS_MAX)
		return err_set(e, ERR_REFUSED, "it was corrected too often");
	if (corrections == NULL)
		corrections = cJSON_AddArrayToObject(body, "corrections");
	return json_push(corrections, JSON_MEMBERS(MEMBER_TIME("at", at), MEMBER_TEXT("by", by), MEMBER_TEXT("field", value->field),
						   MEMBER_TEXT("before", before))) &&
		       json_put(body, JSON_MEMBERS(MEMBER_NULLABLE_TEXT(value->field, value->value)))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

static int rectify_body(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const struct rectifying *x = arg;
	const time_t now = facts->clock.now;

	if (rights_event_check(facts, EVENT_CORRECTED, json_string(body, "right"), NULL, x->act.reason, NULL, e) != 0)
		return -1;
	for (size_t i = 0; i < x->count; i++)
		if (correct_one(body, KIND_RIGHTS_REQUEST, &x->values[i], x->act.by, now, e) != 0)
			return -1;
	if (strstr(x->act.fields, "contact") != NULL) // what was sent to the address before shows nothing about this one
		cJSON_DeleteItemFromObjectCaseSensitive(body, "identity");
	return json_put_texts(rights_event_add(body, EVENT_CORRECTED, now, x->act.by),
			      JSON_TEXTS({"fields", x->act.fields}, {"reason", x->act.reason}))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

int rectify_request(struct vault *v, const char *id, const struct rectify_value *values, size_t count, const char *by, const char *reason,
		    struct err *e)
{
	char fields[128] = "";

	if (count == 0)
		return err_set(e, ERR_INPUT, "nothing is given that is to be corrected");
	for (size_t i = 0, used = 0; i < count && used < sizeof fields; i++)
		used += (size_t)snprintf(fields + used, sizeof fields - used, "%s%s", i > 0 ? " " : "", values[i].field);
	struct rectifying x = {
	    .values = values, .count = count, .act = {.event = EVENT_CORRECTED, .by = by, .reason = reason, .fields = fields}};
	if (rights_edit(v, id, rectify_body, &x, "request-event", &x.act, e) != 0)
		return -1;
	struct rights_facts facts;
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);
	JSON_AUTO cJSON *recipients = body != NULL ? reach_of_request(v, body, e) : NULL;
	return recipients != NULL ? recipients_tell(v, id, ABOUT_RECTIFICATION, recipients, by, e) : -1;
}
