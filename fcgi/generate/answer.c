// SPDX-License-Identifier: ISC
#include "fcgi/generate/answer.h"
#include "fcgi/generate/api.h"
#include "fcgi/generate/outcome.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/rights_forms.h"
#include "policy/publish/variables.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 500, // with the visitor while the set is made, which must not wait for him
	PATIENCE_AT_END_MS = 180 * 1000,
};

enum answer_form answer_form(const struct request *r)
{
	if (request_wants(r, "text/event-stream"))
		return ANSWER_EVENTS;
	return request_wants(r, "text/html") ? ANSWER_PAGE : ANSWER_JSON;
}

static int answer_event_text(struct set *s, const char *name, const char *text, size_t len)
{
	size_t all;

	if (live_event(s->live, name, text, len) != 0)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	// What is new goes to the visitor whose connection stands. Who does not take it counts as one who left.
	const char *events = live_events(s->live, &all);
	if (!s->left)
		respond_send(s->r, events + s->answer.sent, all - s->answer.sent);
	s->answer.sent = all;
	return 0;
}

static int answer_event(struct set *s, const char *name, const cJSON *data)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256 * 1024);

	if (data == NULL || json_print(&text, data) != 0)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	return answer_event_text(s, name, text.data, text.len);
}

int answer_begin(struct set *s)
{
	bool taken;

	s->live = live_begin(s->receipt, request_address(s->r), request_fd(s->r), &s->archive.file, &taken);
	if (taken)
		return problem_set(&s->failure, 409, "problem.set-begun", NULL, NULL);
	if (s->live != NULL && s->answer.form == ANSWER_API_EVENTS)
		return api_begin(s) != 0 ? -1 : answer_alive(s); // nginx passes the head on with the first bytes
	if (s->live != NULL && s->answer.form != ANSWER_EVENTS)
		return 0;
	JSON_AUTO cJSON *begun = cJSON_CreateObject();
	cJSON_AddStringToObject(begun, "receipt", s->receipt);
	cJSON_AddNumberToObject(begun, "count", s->input.count);
	cJSON_AddStringToObject(begun, "size", s->input.size);
	if (s->live == NULL)
		return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	s->answer.begun = true;
	respond_patience(s->r, PATIENCE_MS);
	respond_begin(s->r, 200, "text/event-stream", true);
	return answer_event(s, "begun", begun);
}

int answer_progress(struct set *s, const char *stage, unsigned done, unsigned of)
{
	char text[96];

	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	int len = snprintf(text, sizeof text, "{\"stage\":\"%s\",\"done\":%u,\"of\":%u}", stage, done, of);
	return answer_event_text(s, "progress", text, (size_t)len);
}

const char answer_alive_comment[] = ": still at work\n\n";

int answer_alive(struct set *s)
{
	if ((s->answer.form == ANSWER_EVENTS || s->answer.form == ANSWER_API_EVENTS) && !s->left)
		respond_send(s->r, answer_alive_comment, strlen(answer_alive_comment));
	return 0;
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

int answer_image(struct set *s, unsigned index)
{
	if (s->answer.form != ANSWER_EVENTS)
		return 0;
	live_picture_is(s->live, index, s->pictures[index].at);
	live_picture_is(s->live, LIVE_THUMBNAIL + index, s->pictures[index].thumbnail);
	JSON_AUTO cJSON *picture = outcome_picture(s, index), *data = outcome_picture_json(picture, s->pictures_token);
	if (!s->input.inline_images)
		return answer_event(s, "image", data);
	// Whoever reads along gets its address; the visitor himself gets its bytes when the set is complete and nothing waits for him any more.
	bool left = s->left;
	s->left = true;
	int ret = answer_event(s, "image", data);
	s->left = left;
	return ret;
}

void answer_partial(struct set *s, unsigned index, unsigned number, const struct buf *webp)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4 * THUMBNAIL_BYTES_MAX);

	if (s->answer.form == ANSWER_API_EVENTS)
		api_partial(s, index, number, webp);
	if (s->answer.form != ANSWER_EVENTS || s->left)
		return;
	buf_printf(&text, "event: partial\ndata: {\"index\":%u,\"partial\":%u,\"type\":\"image/webp\",\"base64\":\"", index, number);
	if (base64_add(&text, webp->data, webp->len) == 0 && buf_adds(&text, "\"}\n\n") == 0)
		respond_send(s->r, text.data, text.len);
}

static int answer_write(struct set *s, const char *text)
{
	return respond_send(s->r, text, strlen(text));
}

// {"index":0,"type":"image/png","preview":false,"base64":"…"}, read from the archive and never held as a whole.
static int answer_write_image(struct set *s, unsigned index)
{
	const struct picture *picture = &s->pictures[index];
	char head[160];

	snprintf(head, sizeof head, "{\"index\":%u,\"type\":\"%s\",\"preview\":%s,\"base64\":\"", index, picture->at.type,
		 picture->by->provider->preview ? "true" : "false");
	return answer_write(s, head) != 0 || respond_sealed(s->r, &s->archive.file, picture->at.offset, picture->at.len, true) != 0
		   ? -1
		   : answer_write(s, "\"}");
}

// ---- at the end ----

static int answer_done_page(struct set *s)
{
	FRAMED_AUTO struct framed frame = {0};
	BUF_AUTO_WIPE struct buf text = BUF_INIT(PAGE_MAX);
	const struct policy *p = s->policy;
	struct writer w = {.form = FORM_HTML, .out = &text, .policy = p};
	char expires[WHEN_TEXT];

	framed_begin(s->r, &frame, &text, word(p, s->input.count == 1 ? "answer.set.one" : "answer.set.many"));
	when_text(expires, s->expires);
	expires[10] = expires[16] = '\0'; // day and time
	if (outcome_previews(s) > 0)
		framed_text(&text, "<p class=\"tag\">", word(p, "answer.set.previews"), "</p>\n");
	for (unsigned i = 0; i < s->recipient_count; i++) {
		const struct recipient *one = &s->recipients[i];
		buf_adds(&text, "<p>");
		word_fill(&text, html_text, word(p, one->failure != NULL ? "answer.set.sent_failed" : "answer.set.sent"),
			  WORD_VALUES({"name", one->by->name}, {"failure", one->failure != NULL ? word(p, one->failure) : ""}));
		buf_adds(&text, "</p>\n");
	}
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
	framed_text(&text, "<p class=\"code\"><code>", s->receipt, "</code></p>\n");
	rights_form_begin(p, &text, "/api/rights/start", "row");
	rights_form_hidden(&text, "receipt", s->receipt);
	framed_text(&text, "<button class=\"quiet\">", word(p, "page.start.use_receipt"), "</button>\n</form>\n</section>\n");
	if (respond_begin(s->r, 200, "text/html; charset=utf-8", false) != 0 || respond_write(s->r, buf_text(&text), text.len) != 0)
		return -1;
	for (unsigned i = 0; i < s->input.count; i++) {
		const struct picture *picture = &s->pictures[i];
		char n[WORD_NUMBER];
		buf_reset(&text);
		word_number(n, i + 1);
		if (picture->state == PICTURE_MADE) {
			buf_printf(&text, "<figure>\n<img width=\"%u\" height=\"%u\" alt=\"", s->input.width, s->input.height);
			word_fill(&text, html_attr, word(p, "answer.set.alt"), WORD_VALUES({"n", n}, {"prompt", picture->prompt}));
			buf_printf(&text, "\" src=\"/pictures/%s-%u", s->pictures_token, i + 1);
			framed_text(&text, "\">\n<figcaption>", picture->prompt, "</figcaption>\n</figure>\n");
		} else {
			buf_adds(&text, "<p>");
			word_fill(&text, html_text, word(p, "answer.set.missing"),
				  WORD_VALUES({"n", n}, {"reason", word(p, picture->reason)}));
			buf_adds(&text, "</p>\n");
		}
		if (respond_write(s->r, buf_text(&text), text.len) != 0)
			return -1;
	}
	buf_reset(&text);
	variables_check_card(p, &text);
	framed_start_link(s->r, &text, "quiet", "page.start.again");
	framed_end(&frame, &text);
	return respond_write(s->r, buf_text(&text), text.len) != 0 ? -1 : respond_flush(s->r);
}

int answer_done(struct set *s, const cJSON *record)
{
	if (s->answer.form == ANSWER_API || s->answer.form == ANSWER_API_EVENTS) {
		api_give_back(s); // before the head, which says what is left
		return api_done(s->r, s->answer.form, s->edit, record, s->receipt, s->expires, &s->archive.file);
	}
	JSON_AUTO cJSON *o = outcome_json(record, s->policy, s->receipt, s->expires);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256 * 1024);
	bool in_base64 = s->input.inline_images;
	const cJSON *picture;

	respond_patience(s->r, PATIENCE_AT_END_MS);
	if (s->answer.form == ANSWER_PAGE)
		return answer_done_page(s);
	if (s->answer.form == ANSWER_EVENTS) {
		for (unsigned i = 0; in_base64 && !s->left && i < s->input.count; i++) {
			if (s->pictures[i].state == PICTURE_MADE &&
			    (answer_write(s, "event: image\ndata: ") != 0 || answer_write_image(s, i) != 0 || answer_write(s, "\n\n") != 0))
				break;
		}
		return answer_event(s, "done", o);
	}
	cJSON *prompts = cJSON_AddArrayToObject(o, "prompts");
	for (unsigned i = 0; i < s->input.count; i++) {
		const char *prompt = s->pictures[i].prompt;
		cJSON_AddItemToArray(prompts, prompt != NULL ? cJSON_CreateString(prompt) : cJSON_CreateNull());
	}
	if (!in_base64) {
		cJSON *images = cJSON_AddArrayToObject(o, "images");
		cJSON_ArrayForEach(picture, json_get(record, "pictures"))
		{
			cJSON_AddItemToArray(images, outcome_picture_json(picture, s->pictures_token));
		}
	}
	if (json_print(&text, o) != 0 || respond_begin(s->r, 200, "application/json", false) != 0)
		return -1;
	if (!in_base64)
		return respond_write(s->r, text.data, text.len) != 0 ? -1 : respond_flush(s->r);
	if (respond_send(s->r, text.data, text.len - 1) != 0) // all but the last brace
		return -1;
	const char *between = ",\"images\":[";
	for (unsigned i = 0; i < s->input.count; i++) {
		if (s->pictures[i].state != PICTURE_MADE)
			continue;
		if (answer_write(s, between) != 0 || answer_write_image(s, i) != 0)
			return -1;
		between = ",";
	}
	return answer_write(s, "]}");
}

// ---- when there is none ----

// For a browser without a script: the same request once more, to be changed or to be confirmed. It holds what the visitor sent, goes to
// nobody else, and is wiped.
static void answer_confirm(struct set *s)
{
	FRAMED_AUTO struct framed frame = {0};
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
	JSON_AUTO cJSON *problem = problem_object(&s->failure), *recipients = outcome_recipients(s);
	if (s->recipient_count > 0) {
		cJSON_AddItemToObject(problem, "sent_to", outcome_recipients_json(recipients, s->policy));
		cJSON_AddStringToObject(problem, "receipt", s->receipt); // by it the visitor is told later, too, who may have got something
	}
	if (s->recipient_count > 0 && s->answer.form == ANSWER_PAGE) {
		BUF_AUTO_WIPE struct buf detail = BUF_INIT(4096);
		buf_printf(&detail, "%s ", json_string(problem, "detail") != NULL ? json_string(problem, "detail") : "");
		word_fill(&detail, NULL, word(s->policy, "answer.failed.receipt"), WORD_VALUES({"receipt", s->receipt}));
		cJSON_ReplaceItemInObjectCaseSensitive(problem, "detail", cJSON_CreateString(buf_text(&detail)));
	}
	if (s->answer.begun && s->answer.form == ANSWER_API_EVENTS)
		api_stream_error(s->r, problem);
	else if (s->answer.begun)
		(void)answer_event(s, "error", problem);
	else if (problem != NULL)
		respond_problem_object(s->r, problem);
}
