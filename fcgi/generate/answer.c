// SPDX-License-Identifier: ISC
#include "fcgi/generate/answer.h"
#include "fcgi/generate/outcome.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/variables.h"
#include <stdio.h>
#include <string.h>

enum { PIECE = 24 * 1024 }; // of an image at a time; a multiple of 3, so that base64 joins without padding
_Static_assert(PIECE % 3 == 0, "base64 pieces must join");

enum answer_form answer_form(const struct request *r)
{
	if (request_wants(r, "text/event-stream"))
		return ANSWER_EVENTS;
	return request_wants(r, "text/html") ? ANSWER_PAGE : ANSWER_JSON;
}

static int answer_event(struct set *s, const char *name, const cJSON *data)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256 * 1024);

	if (data == NULL || json_print(&text, data) != 0)
		return -1;
	return respond_event(s->r, name, text.data, text.len);
}

int answer_begin(struct set *s)
{
	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	s->answer.begun = true;
	return respond_begin(s->r, 200, "text/event-stream", true) != 0 ? -1 : respond_flush(s->r);
}

int answer_progress(struct set *s, const char *stage, unsigned done, unsigned of)
{
	char text[96];

	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	int len = snprintf(text, sizeof text, "{\"stage\":\"%s\",\"done\":%u,\"of\":%u}", stage, done, of);
	return respond_event(s->r, "progress", text, (size_t)len);
}

int answer_alive(struct set *s)
{
	static const char comment[] = ": still at work\n\n";

	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	return respond_write(s->r, comment, sizeof comment - 1) != 0 ? -1 : respond_flush(s->r);
}

int answer_prompt(struct set *s, unsigned index)
{
	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	JSON_AUTO cJSON *data = cJSON_CreateObject();
	cJSON_AddNumberToObject(data, "index", index);
	cJSON_AddStringToObject(data, "text", s->pictures[index].prompt);
	return answer_event(s, "prompt", data);
}

static int answer_write(struct set *s, const char *text)
{
	return respond_write(s->r, text, strlen(text));
}

static int answer_write_base64(struct set *s, const void *bytes, size_t len)
{
	BUF_AUTO_WIPE struct buf piece = BUF_INIT(PIECE * 2);
	const char *p = bytes;

	while (len > 0) {
		size_t now = len < PIECE ? len : PIECE;
		buf_reset(&piece);
		if (base64_add(&piece, p, now) != 0 || respond_write(s->r, piece.data, piece.len) != 0)
			return -1;
		p += now;
		len -= now;
	}
	return 0;
}

// {"index":0,"type":"image/png","processor":"sketch","base64":"…"} without ever holding the whole of it.
static int answer_write_image(struct set *s, unsigned index, const void *bytes, size_t len)
{
	const struct picture *picture = &s->pictures[index];
	char head[160];

	snprintf(head, sizeof head, "{\"index\":%u,\"type\":\"%s\",\"preview\":%s,\"base64\":\"", index, picture->type,
		 picture->by->provider->preview ? "true" : "false");
	return answer_write(s, head) != 0 || answer_write_base64(s, bytes, len) != 0 || answer_write(s, "\"}") != 0 ? -1 : 0;
}

int answer_image(struct set *s, unsigned index, const void *bytes, size_t len)
{
	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	if (answer_write(s, "event: image\ndata: ") != 0 || answer_write_image(s, index, bytes, len) != 0 || answer_write(s, "\n\n") != 0)
		return -1;
	return respond_flush(s->r);
}

// ---- at the end ----

static int answer_done_json(struct set *s)
{
	JSON_AUTO cJSON *o = outcome_json(s, true);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256 * 1024);
	const char *between = ",\"images\":[";

	if (o == NULL || json_print(&text, o) != 0 || respond_begin(s->r, 200, "application/json", false) != 0)
		return -1;
	if (respond_write(s->r, text.data, text.len - 1) != 0) // all but the last brace
		return -1;
	for (unsigned i = 0; i < s->input.count; i++) {
		struct picture *picture = &s->pictures[i];
		if (picture->state != PICTURE_MADE)
			continue;
		if (answer_write(s, between) != 0 || answer_write_image(s, i, picture->bytes.data, picture->bytes.len) != 0)
			return -1;
		buf_wipe(&picture->bytes);
		between = ",";
	}
	return answer_write(s, "]}") != 0 ? -1 : respond_flush(s->r);
}

static int answer_page_picture(struct set *s, unsigned index)
{
	struct picture *picture = &s->pictures[index];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256 * 1024);

	if (picture->state != PICTURE_MADE) {
		buf_printf(&text, "<p>Picture %u is missing: ", index + 1);
		html_text(&text, picture->reason);
		buf_adds(&text, ".</p>\n");
		return respond_write(s->r, buf_text(&text), text.len);
	}
	buf_printf(&text, "<figure>\n<img width=\"%u\" height=\"%u\" alt=\"Picture %u: ", s->input.width, s->input.height, index + 1);
	html_attr(&text, picture->prompt);
	buf_printf(&text, "\" src=\"data:%s;base64,", picture->type);
	if (respond_write(s->r, buf_text(&text), text.len) != 0 || answer_write_base64(s, picture->bytes.data, picture->bytes.len) != 0)
		return -1;
	buf_wipe(&picture->bytes);
	buf_reset(&text);
	buf_adds(&text, "\">\n<figcaption>");
	html_text(&text, picture->prompt);
	buf_adds(&text, "</figcaption>\n</figure>\n");
	return respond_write(s->r, buf_text(&text), text.len);
}

static int answer_done_page(struct set *s)
{
	FRAMED_AUTO struct framed frame;
	BUF_AUTO_WIPE struct buf text = BUF_INIT(PAGE_MAX);
	char expires[WHEN_TEXT];

	framed_begin(s->r, &frame, &text, s->input.count == 1 ? "Your picture" : "Your pictures");
	when_text(expires, s->expires);
	if (outcome_previews(s) > 0)
		buf_adds(&text, "<p class=\"tag\">These are previews, drawn on our own server.</p>\n");
	buf_adds(&text, "<section class=\"card keep\">\n<h2>Take it with you</h2>\n");
	if (s->expires != 0)
		buf_printf(&text, "<p>The ZIP lives until %.10s, %.5s UTC. Then it is deleted for good.</p>\n", expires, expires + 11);
	buf_printf(&text,
		   "<form class=\"row\" method=\"post\" action=\"/api/erase\" accept-charset=\"utf-8\">\n"
		   "<a class=\"button primary\" href=\"/downloads/%s.zip\" download>Download the ZIP <small>%llu KB</small></a>\n"
		   "<input type=\"hidden\" name=\"receipt\" value=\"",
		   s->token, (unsigned long long)(s->archive_bytes + 1023) / 1024);
	html_attr(&text, s->receipt);
	buf_adds(&text, "\">\n<button class=\"quiet danger\">Delete now</button>\n</form>\n</section>\n");
	buf_printf(&text,
		   "<section class=\"card\">\n<h2>Keep this receipt</h2>\n<p>With it you can delete everything, or use <a "
		   "href=\"/rights\">your rights</a>.</p>\n<p class=\"code\"><code>%s</code></p>\n</section>\n",
		   s->receipt);
	if (respond_begin(s->r, 200, "text/html; charset=utf-8", false) != 0 || respond_write(s->r, buf_text(&text), text.len) != 0)
		return -1;
	for (unsigned i = 0; i < s->input.count; i++) {
		if (answer_page_picture(s, i) != 0)
			return -1;
	}
	buf_reset(&text);
	variables_check_card(s->g->policy, &text);
	buf_adds(&text, "<p><a class=\"button quiet\" href=\"/\">Make another set</a></p>\n");
	framed_end(&frame, &text);
	return respond_write(s->r, buf_text(&text), text.len) != 0 ? -1 : respond_flush(s->r);
}

int answer_done(struct set *s)
{
	if (s->answer.form == ANSWER_PAGE)
		return answer_done_page(s);
	if (s->answer.form == ANSWER_JSON)
		return answer_done_json(s);
	JSON_AUTO cJSON *data = outcome_json(s, false);
	return answer_event(s, "done", data);
}

// ---- when there is none ----

// For a browser without a script: the same request once more, to be changed or to be confirmed. It holds what the visitor sent, goes to
// nobody else, and is wiped.
static void answer_confirm(struct set *s)
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
		BUF_AUTO_WIPE struct buf number = BUF_INIT(64);
		if (strcmp(field->string, "description") == 0 || strcmp(field->string, "confirm") == 0 ||
		    !(cJSON_IsString(field) || (cJSON_IsNumber(field) && json_print(&number, field) == 0)))
			continue;
		buf_adds(&out, "<input type=\"hidden\" name=\"");
		html_attr(&out, field->string);
		buf_adds(&out, "\" value=\"");
		html_attr(&out, cJSON_IsString(field) ? field->valuestring : buf_text(&number));
		buf_adds(&out, "\">\n");
	}
	buf_adds(&out, "<div class=\"field\"><label for=\"description\">Your description</label>\n"
		       "<textarea id=\"description\" name=\"description\" rows=\"8\" maxlength=\"4000\">\n");
	html_text(&out, description != NULL ? description : "");
	buf_adds(&out, "</textarea></div>\n<div class=\"row\"><button class=\"primary\">Send the changed text</button>\n"
		       "<button class=\"warn\" name=\"confirm\" value=\"true\">Send it anyway</button></div>\n</form>\n");
	framed_end(&frame, &out);
	respond_bytes(s->r, s->failure.status, "text/html; charset=utf-8", buf_text(&out), out.len);
}

void answer_failure(struct set *s)
{
	const struct failure *f = &s->failure;

	if (f->status == 0)
		return;
	if (f->confirmable && s->answer.form == ANSWER_PAGE) {
		answer_confirm(s);
		return;
	}
	JSON_AUTO cJSON *problem = problem_object(f->status, f->slug, f->parameter, f->detail);
	if (problem != NULL && f->confirmable) {
		cJSON_AddTrueToObject(problem, "confirmable");
		cJSON_AddTrueToObject(cJSON_AddObjectToObject(problem, "confirm_with"),
				      "confirm"); // sent again with it, the request passes
	}
	if (s->answer.begun)
		answer_event(s, "error", problem);
	else if (problem != NULL)
		respond_problem_object(s->r, problem);
}
