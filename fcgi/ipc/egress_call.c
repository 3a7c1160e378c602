// SPDX-License-Identifier: ISC
#include "fcgi/ipc/egress_call.h"
#include "fcgi/ipc/head.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include <limits.h>
#include <stddef.h>

// Adds the kinds; NULL: no memory, and the head is freed.
static cJSON *kinds_add(cJSON *head, kind_set kinds)
{
	cJSON *list = cJSON_AddArrayToObject(head, "kinds");
	bool whole = list != NULL;

	for (unsigned k = 0; k < KIND_COUNT; k++)
		if (kinds & KIND_BIT(k))
			whole = whole && cJSON_AddItemToArray(list, cJSON_CreateString(kind_row((enum kind)k)->name));
	if (!whole)
		json_free(&head);
	return head;
}

cJSON *egress_send_head(const char *processor, const char *method, const char *path, const char *content_type, kind_set kinds,
			unsigned deadline_ms, bool repeatable, bool stream)
{
	cJSON *head = json_make(JSON_MEMBERS(MEMBER_TEXT("op", "send"), MEMBER_TEXT("processor", processor), MEMBER_TEXT("method", method),
					     MEMBER_TEXT("path", path), MEMBER_NUMBER("deadline_ms", deadline_ms),
					     MEMBER_BOOL("repeatable", repeatable), MEMBER_FLAG("stream", stream)));
	if (!json_put(cJSON_AddObjectToObject(head, "headers"), JSON_MEMBERS(MEMBER_TEXT("content-type", content_type))))
		json_free(&head);
	return kinds_add(head, kinds);
}

cJSON *egress_page_head(const char *url, unsigned deadline_ms)
{
	return json_make(JSON_MEMBERS(MEMBER_TEXT("op", "page"), MEMBER_TEXT("url", url), MEMBER_NUMBER("deadline_ms", deadline_ms)));
}

cJSON *egress_page_next_head(const char *url, const char *from, unsigned followed, unsigned deadline_ms)
{
	return json_make(JSON_MEMBERS(MEMBER_TEXT("op", "page"), MEMBER_TEXT("url", url), MEMBER_NUMBER("deadline_ms", deadline_ms),
				      MEMBER_TEXT("from", from), MEMBER_NUMBER("followed", followed)));
}

cJSON *egress_mail_head(const char *processor, kind_set kinds, const char *to, const char *subject, const char *id, unsigned deadline_ms)
{
	return kinds_add(
	    json_make(JSON_MEMBERS(MEMBER_TEXT("op", "mail"), MEMBER_TEXT("processor", processor), MEMBER_TEXT("to", to),
				   MEMBER_TEXT("subject", subject), MEMBER_TEXT("id", id), MEMBER_NUMBER("deadline_ms", deadline_ms))),
	    kinds);
}

cJSON *egress_link_head(const char *processor, const char *path, unsigned seconds)
{
	return json_make(JSON_MEMBERS(MEMBER_TEXT("op", "link"), MEMBER_TEXT("processor", processor), MEMBER_TEXT("path", path),
				      MEMBER_NUMBER("seconds", seconds)));
}

cJSON *egress_status_head(void)
{
	return json_make(JSON_MEMBERS(MEMBER_TEXT("op", "status")));
}

enum { HEADER_VALUE_MAX = 150, WORD_MAX = 64 };

#define SENT(member) offsetof(struct egress_call, member)
static const struct head_member header_members[] = {
    {"content-type", HEAD_LINE, SENT(content_type), .max = HEADER_VALUE_MAX},
    {"accept", HEAD_LINE, SENT(accept), .max = HEADER_VALUE_MAX},
    {0},
};
static const struct head_member send_members[] = {
    {"processor", HEAD_TEXT, SENT(processor), .max = WORD_MAX},
    {"method", HEAD_TEXT, SENT(method), .max = WORD_MAX},
    {"path", HEAD_TEXT, SENT(path), .max = FRAME_HEAD_MAX},
    {"headers", HEAD_OBJECT, .members = header_members},
    {"kinds", HEAD_TEXTS, SENT(kind_names), .max = KIND_COUNT},
    {"deadline_ms", HEAD_WHOLE, SENT(deadline_ms), .max = UINT_MAX},
    {"repeatable", HEAD_BOOL, .offset = SENT(repeatable)},
    {"stream", HEAD_BOOL, .offset = SENT(stream)},
    {0},
};
static const struct head_member page_members[] = {
    {"url", HEAD_TEXT, SENT(url), .max = FRAME_HEAD_MAX, .required = true},
    {"deadline_ms", HEAD_WHOLE, SENT(deadline_ms), .max = UINT_MAX},
    {"from", HEAD_TEXT, SENT(from), .max = FRAME_HEAD_MAX},
    {"followed", HEAD_WHOLE, SENT(followed), .max = UCHAR_MAX},
    {0},
};
static const struct head_member mail_members[] = {
    {"processor", HEAD_TEXT, SENT(processor), .max = WORD_MAX, .required = true},
    {"kinds", HEAD_TEXTS, SENT(kind_names), .max = KIND_COUNT},
    {"to", HEAD_TEXT, SENT(to), .max = FRAME_HEAD_MAX, .required = true},
    {"subject", HEAD_TEXT, SENT(subject), .max = FRAME_HEAD_MAX, .required = true},
    {"id", HEAD_TEXT, SENT(id), .max = WORD_MAX, .required = true},
    {"deadline_ms", HEAD_WHOLE, SENT(deadline_ms), .max = UINT_MAX},
    {0},
};
static const struct head_member link_members[] = {
    {"processor", HEAD_TEXT, SENT(processor), .max = WORD_MAX, .required = true},
    {"path", HEAD_TEXT, SENT(path), .max = FRAME_HEAD_MAX, .required = true},
    {"seconds", HEAD_WHOLE, SENT(seconds), .max = UINT_MAX, .required = true},
    {0},
};
static const struct head_member status_members[] = {{0}};
static const struct head_op ops[] = {
    [EGRESS_SEND] = {"send", send_members}, [EGRESS_PAGE] = {"page", page_members},       [EGRESS_MAIL] = {"mail", mail_members},
    [EGRESS_LINK] = {"link", link_members}, [EGRESS_STATUS] = {"status", status_members}, {0},
};

int egress_call_read(struct egress_call *out, const cJSON *head, struct err *e)
{
	*out = (struct egress_call){0};
	int op = head_read_op(out, head, ops, e);
	if (op < 0)
		return -1;
	out->op = (enum egress_op)op;
	for (const char *const *name = out->kind_names; *name != NULL; name++) {
		enum kind kind;
		if (kind_from_name(&kind, *name) != 0)
			return err_set(e, ERR_INPUT, "the call names a kind of data that does not exist");
		out->kinds |= KIND_BIT(kind);
	}
	return 0;
}
