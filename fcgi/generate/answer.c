// SPDX-License-Identifier: ISC
#include "fcgi/generate/answer.h"
#include "fcgi/generate/outcome.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/render/writer.h"
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

static int answer_page_picture(struct set *s, unsigned index)
{
	struct picture *picture = &s->pictures[index];
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256 * 1024);
	char n[WORD_NUMBER];

	word_number(n, index + 1);
	if (picture->state != PICTURE_MADE) {
		buf_adds(&text, "<p>");
		word_fill(&text, html_text, word(s->policy, "answer.set.missing"),
			  WORD_VALUES({"n", n}, {"reason", word(s->policy, picture->reason)}));
		buf_adds(&text, "</p>\n");
		return respond_write(s->r, buf_text(&text), text.len);
	}
	buf_printf(&text, "<figure>\n<img width=\"%u\" height=\"%u\" alt=\"", s->input.width, s->input.height);
	word_fill(&text, html_attr, word(s->policy, "answer.set.alt"), WORD_VALUES({"n", n}, {"prompt", picture->prompt}));
	buf_printf(&text, "\" src=\"data:%s;base64,", picture->type);
	if (respond_write(s->r, buf_text(&text), text.len) != 0 || answer_write_base64(s, picture->bytes.data, picture->bytes.len) != 0)
		return -1;
	buf_wipe(&picture->bytes);
	buf_reset(&text);
	framed_text(&text, "\">\n<figcaption>", picture->prompt, "</figcaption>\n</figure>\n");
	return respond_write(s->r, buf_text(&text), text.len);
}

static int answer_done_page(struct set *s)
{
	FRAMED_AUTO struct framed frame;
	BUF_AUTO_WIPE struct buf text = BUF_INIT(PAGE_MAX);
	const struct policy *p = s->policy;
	struct writer w = {.form = FORM_HTML, .out = &text, .policy = p};
	char expires[WHEN_TEXT];

	framed_begin(s->r, &frame, &text, word(p, s->input.count == 1 ? "answer.set.one" : "answer.set.many"));
	when_text(expires, s->expires);
	expires[10] = expires[16] = '\0'; // day and time
	if (outcome_previews(s) > 0)
		framed_text(&text, "<p class=\"tag\">", word(p, "answer.set.previews"), "</p>\n");
	framed_text(&text, "<section class=\"card keep\">\n<h2>", word(p, "page.start.take"), "</h2>\n");
	if (s->expires != 0)
		write_note(&w, "answer.set.life", WORD_VALUES({"day", expires}, {"time", expires + 11}));
	buf_adds(&text, "<form class=\"row\" method=\"post\" action=\"/api/erase\" accept-charset=\"utf-8\">\n");
	framed_text(&text, "<input type=\"hidden\" name=\"language\" value=\"", p->language, "\">\n");
	buf_printf(&text, "<a class=\"button primary\" href=\"/downloads/%s.zip\" download>", s->token);
	framed_text(&text, "", word(p, "answer.set.download"), " ");
	buf_printf(&text, "<small>%llu KB</small></a>\n", (unsigned long long)(s->archive_bytes + 1023) / 1024);
	framed_text(&text, "<input type=\"hidden\" name=\"receipt\" value=\"", s->receipt, "\">\n");
	framed_text(&text, "<button class=\"quiet danger\">", word(p, "page.start.delete"), "</button>\n</form>\n</section>\n");
	framed_text(&text, "<section class=\"card\">\n<h2>", word(p, "page.start.keep_receipt"), "</h2>\n");
	write_note(&w, "answer.set.receipt", NULL);
	framed_text(&text, "<p class=\"code\"><code>", s->receipt, "</code></p>\n</section>\n");
	if (respond_begin(s->r, 200, "text/html; charset=utf-8", false) != 0 || respond_write(s->r, buf_text(&text), text.len) != 0)
		return -1;
	for (unsigned i = 0; i < s->input.count; i++) {
		if (answer_page_picture(s, i) != 0)
			return -1;
	}
	buf_reset(&text);
	variables_check_card(p, &text);
	framed_start_link(s->r, &text, "quiet", "page.start.again");
	framed_end(&frame, &text);
	return respond_write(s->r, buf_text(&text), text.len) != 0 ? -1 : respond_flush(s->r);
}

int answer_done(struct set *s)
{
	if (s->answer.form == ANSWER_PAGE)
		return answer_done_page(s);
	JSON_AUTO cJSON *o = outcome_json(s, s->answer.form == ANSWER_JSON);
	if (s->answer.form == ANSWER_EVENTS)
		return answer_event(s, "done", o);
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

// ---- when there is none ----

// For a browser without a script: the same request once more, to be changed or to be confirmed. It holds what the visitor sent, goes to
// nobody else, and is wiped.
static void answer_confirm(struct set *s)
{
	FRAMED_AUTO struct framed frame;
	BUF_AUTO_WIPE struct buf out = BUF_INIT(PAGE_MAX);
	const char *description = request_text(s->r, "description");
	const cJSON *field;

	framed_begin(s->r, &frame, &out, word(s->policy, "answer.confirm.title"));
	framed_text(&out, "<p class=\"lead\">", s->failure.detail, "</p>\n");
	buf_adds(&out, "<form class=\"card\" method=\"post\" action=\"/api/generate\" accept-charset=\"utf-8\">\n");
	framed_text(&out, "<input type=\"hidden\" name=\"language\" value=\"", s->policy->language, "\">\n");
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
	framed_text(&out, "<div class=\"field\"><label for=\"description\">", word(s->policy, "answer.confirm.description"), "</label>\n");
	framed_text(&out, "<textarea id=\"description\" name=\"description\" rows=\"8\" maxlength=\"4000\">\n",
		    description != NULL ? description : "", "</textarea></div>\n");
	framed_text(&out, "<div class=\"row\"><button class=\"primary\">", word(s->policy, "answer.confirm.changed"), "</button>\n");
	framed_text(&out, "<button class=\"warn\" name=\"confirm\" value=\"true\">", word(s->policy, "answer.confirm.anyway"),
		    "</button></div>\n</form>\n");
	framed_end(&frame, &out);
	respond_bytes(s->r, s->failure.status, "text/html; charset=utf-8", buf_text(&out), out.len);
}

void answer_failure(struct set *s)
{
	if (s->failure.status == 0)
		return;
	if (s->failure.confirmable && s->answer.form == ANSWER_PAGE) {
		answer_confirm(s);
		return;
	}
	JSON_AUTO cJSON *problem = problem_object(&s->failure);
	if (s->answer.begun)
		answer_event(s, "error", problem);
	else if (problem != NULL)
		respond_problem_object(s->r, problem);
}
