// SPDX-License-Identifier: ISC
#include "fcgi/ipc/worker_call.h"
#include "fcgi/ipc/head.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include <limits.h>

cJSON *worker_ping_head(void)
{
	return cJSON_Parse(WORKER_PING);
}

cJSON *worker_page_head(const char *type, const char *url)
{
	return json_make(JSON_MEMBERS(MEMBER_TEXT("op", "page"), MEMBER_TEXT("type", type), MEMBER_TEXT("url", url)));
}

cJSON *worker_thumbnail_head(void)
{
	return cJSON_Parse("{\"op\":\"thumbnail\"}");
}

cJSON *worker_reference_head(unsigned mask)
{
	return mask > 0 ? json_make(JSON_MEMBERS(MEMBER_TEXT("op", "reference"), MEMBER_NUMBER("mask", mask)))
			: json_make(JSON_MEMBERS(MEMBER_TEXT("op", "reference")));
}

#define READ(member) offsetof(struct worker_call, member)
static const struct head_member page_members[] = {
    {"type", HEAD_TEXT, READ(type), .max = FRAME_HEAD_MAX},
    {"url", HEAD_TEXT, READ(url), .max = FRAME_HEAD_MAX},
    {0},
};
static const struct head_member sketch_members[] = {
    {"trade", HEAD_TEXT, READ(sketch.trade), .max = FRAME_HEAD_MAX}, {"title", HEAD_TEXT, READ(sketch.title), .max = FRAME_HEAD_MAX},
    {"name", HEAD_TEXT, READ(sketch.name), .max = FRAME_HEAD_MAX},   {"label", HEAD_TEXT, READ(sketch.label), .max = FRAME_HEAD_MAX},
    {"colours", HEAD_TEXTS, READ(colours), .max = WORKER_LIST_MAX},  {"style", HEAD_TEXT, READ(sketch.style), .max = FRAME_HEAD_MAX},
    {"width", HEAD_WHOLE, READ(sketch.width), .max = USHRT_MAX},     {"height", HEAD_WHOLE, READ(sketch.height), .max = USHRT_MAX},
    {"index", HEAD_WHOLE, READ(sketch.index), .max = USHRT_MAX},     {"of", HEAD_WHOLE, READ(sketch.of), .max = USHRT_MAX},
    {"seed", HEAD_WHOLE, READ(sketch.seed), .max = UINT_MAX},        {0},
};
static const struct head_member reference_members[] = {{"mask", HEAD_WHOLE, READ(mask), .max = REFERENCE_EDGE}, {0}};
static const struct head_member no_members[] = {{0}};
static const struct head_op ops[] = {
    [WORKER_PAGE] = {"page", page_members},
    [WORKER_SKETCH] = {"sketch", sketch_members},
    [WORKER_THUMBNAIL] = {"thumbnail", no_members},
    [WORKER_REFERENCE] = {"reference", reference_members},
    {0},
};

int worker_call_read(struct worker_call *out, const cJSON *head, struct err *e)
{
	*out = (struct worker_call){.sketch.of = 1};
	int op = head_read_op(out, head, ops, e);
	if (op < 0)
		return -1;
	out->op = (enum worker_op)op;
	out->sketch.colours = out->colours;
	return 0;
}
