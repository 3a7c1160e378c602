// SPDX-License-Identifier: ISC
// For a browser without a script: the same request once more, to be changed or to be confirmed. It holds what the visitor sent, goes to
// nobody else, and is wiped.
#include "fcgi/generate/answer.h"
#include "fcgi/generate/set.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <string.h>

// One field as it came, to be sent again.
static void confirm_field(struct buf *out, const cJSON *field)
{
	BUF_AUTO_WIPE struct buf number = BUF_INIT(64);

	if (cJSON_IsNumber(field) && json_print(&number, field) != 0)
		return;
	if (!cJSON_IsNumber(field) && !cJSON_IsString(field))
		return;
	buf_adds(out, "<input type=\"hidden\" name=\"");
	html_attr(out, field->string);
	buf_adds(out, "\" value=\"");
	html_attr(out, cJSON_IsString(field) ? field->valuestring : buf_text(&number));
	buf_adds(out, "\">\n");
}

void answer_confirm(struct set *s)
{
	FRAMED_AUTO struct framed frame;
	BUF_AUTO_WIPE struct buf out = BUF_INIT(PAGE_MAX);
	const char *description = request_text(s->r, "description");
	const cJSON *field;

	framed_begin(s->r, &frame, &out, "Is this somebody’s personal data?");
	buf_adds(&out, "<p class=\"lead\">");
	html_text(&out, s->failure.detail);
	buf_adds(&out, "</p>\n<form class=\"card\" method=\"post\" action=\"/api/generate\" accept-charset=\"utf-8\">\n");
	cJSON_ArrayForEach(field, request_fields(s->r))
	{
		if (strcmp(field->string, "description") != 0 && strcmp(field->string, "confirm") != 0)
			confirm_field(&out, field);
	}
	buf_adds(&out, "<div class=\"field\"><label for=\"description\">Your description</label>\n"
		       "<textarea id=\"description\" name=\"description\" rows=\"8\" maxlength=\"4000\">\n");
	html_text(&out, description != NULL ? description : "");
	buf_adds(&out, "</textarea></div>\n<div class=\"row\"><button class=\"primary\">Send the changed text</button>\n"
		       "<button class=\"warn\" name=\"confirm\" value=\"true\">Send it anyway</button></div>\n</form>\n");
	framed_end(&frame, &out);
	respond_bytes(s->r, s->failure.status, "text/html; charset=utf-8", buf_text(&out), out.len);
}
