// SPDX-License-Identifier: ISC
#include "fcgi/ipc/head.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <math.h>
#include <string.h>

static int head_members_read(void *out, const cJSON *head, const struct head_member *members, struct err *e);

static int head_member_read(void *out, const cJSON *value, const struct head_member *m, struct err *e)
{
	void *to = (char *)out + m->offset;
	const char *text;
	switch (m->type) {
	case HEAD_TEXT:
	case HEAD_LINE:
		if (!cJSON_IsString(value) || strlen(value->valuestring) > m->max)
			break;
		for (text = value->valuestring; m->type == HEAD_LINE && *text >= ' ' && *text <= '~'; text++)
			;
		if (m->type == HEAD_LINE && *text != '\0')
			break;
		*(const char **)to = value->valuestring;
		return 0;
	case HEAD_WHOLE:
		if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0 && value->valuedouble <= (double)m->max) ||
		    trunc(value->valuedouble) != value->valuedouble)
			break;
		*(unsigned *)to = (unsigned)value->valuedouble;
		return 0;
	case HEAD_BOOL:
		if (!cJSON_IsBool(value))
			break;
		*(bool *)to = cJSON_IsTrue(value);
		return 0;
	case HEAD_TEXTS: {
		const char **list = to;
		const cJSON *item = cJSON_IsArray(value) ? value->child : NULL;
		size_t n = 0;
		for (; item != NULL && cJSON_IsString(item) && n < m->max; item = item->next)
			list[n++] = item->valuestring;
		list[n] = NULL;
		if (item != NULL || !cJSON_IsArray(value))
			break;
		return 0;
	}
	case HEAD_OBJECT:
		if (!cJSON_IsObject(value))
			break;
		return head_members_read(out, value, m->members, e);
	}
	return err_set(e, ERR_INPUT, "the call's member “%s” is not as it should be", m->name);
}

static int head_members_read(void *out, const cJSON *head, const struct head_member *members, struct err *e)
{
	for (const cJSON *value = head->child; value != NULL; value = value->next) {
		const struct head_member *m = members;
		while (m->name != NULL && strcmp(m->name, value->string) != 0)
			m++;
		if (m->name == NULL && strcmp(value->string, "op") != 0)
			return err_set(e, ERR_INPUT, "the call has the unknown member “%.*s”", (int)utf8_cut(value->string, 40),
				       value->string);
		if (m->name != NULL && head_member_read(out, value, m, e) != 0)
			return -1;
	}
	for (const struct head_member *m = members; m->name != NULL; m++)
		if (m->required && json_get(head, m->name) == NULL)
			return err_set(e, ERR_INPUT, "the call has no member “%s”", m->name);
	return 0;
}

int head_read_op(void *out, const cJSON *head, const struct head_op *ops, struct err *e)
{
	const char *op = json_string(head, "op");
	for (int i = 0; op != NULL && ops[i].name != NULL; i++)
		if (strcmp(ops[i].name, op) == 0)
			return head_members_read(out, head, ops[i].members, e) == 0 ? i : -1;
	return err_set(e, ERR_INPUT, "the call has no op of this program");
}
