// SPDX-License-Identifier: ISC
#include "fcgi/serve/framed.h"
#include "fcgi/serve/respond.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/words/words.h"
#include <string.h>

// Before anything was published, or where it cannot be read.
#define BARE_FRAME                                                                                                                         \
	"<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"                                                          \
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" FRAME_HEAD                                            \
	"<link rel=\"stylesheet\" href=\"/assets/app.css\">\n</head>\n<body>\n<main id=\"main\">\n" FRAME_CONTENT                          \
	"</main>\n</body>\n</html>\n"

void framed_begin(const struct request *r, struct framed *frame, struct buf *out, const char *title)
{
	const struct policy *p = request_policy(r);
	const char *language = p != NULL && p->language != NULL ? p->language : "en";
	const char *gpc = request_header(r, "Sec-GPC");
	bool signal =
	    frame->name != NULL && strcmp(frame->name, LIVE_FRAME_NAME) == 0 && gpc != NULL && strcmp(gpc, "1") == 0 && headers_signal(p);
	BUF_AUTO struct buf name = BUF_INIT(256);
	const char *text = "", *head = NULL, *content = NULL;
	char path[4096];
	frame->text = BUF_INIT(PAGE_MAX);
	buf_adds(&name, "publish");
	if (p != NULL)
		address_page(p, signal ? LIVE_FRAME_SIGNAL : frame->name != NULL ? frame->name : FRAME_NAME, &name);
	buf_adds(&name, ".html");
	for (int published = p != NULL; published >= 0 && content == NULL; published--) {
		buf_reset(&frame->text);
		if (!published)
			buf_printf(&frame->text, BARE_FRAME, language);
		else if (path_join(path, sizeof path, setting_state(), buf_text(&name), NULL) == 0)
			(void)file_read(path, &frame->text, NULL); // or there is no content in it
		text = buf_text(&frame->text);
		head = strstr(text, FRAME_HEAD);
		content = head != NULL ? strstr(head, FRAME_CONTENT) : NULL;
	}
	frame->rest = content != NULL ? content + strlen(FRAME_CONTENT) : "";
	if (content == NULL) // memory is gone
		return;
	buf_add(out, text, (size_t)(head - text));
	framed_text(out, "<title>", title, "");
	if (p != NULL && p->shown_as != NULL)
		framed_text(out, " – ", p->shown_as, "");
	buf_adds(out, "</title>\n");
	buf_adds(out, frame->name == NULL ? "<meta name=\"robots\" content=\"noindex\">\n" : "");
	head += strlen(FRAME_HEAD);
	buf_add(out, head, (size_t)(content - head));
	framed_text(out, "<div class=\"page ", frame->class != NULL ? frame->class : "answer", "\"");
	framed_text(out, " lang=\"", language, "\">\n");
	framed_text(out, "<h1>", title, "</h1>\n");
}

void framed_text(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_adds(out, before);
	html_text(out, text);
	buf_adds(out, after);
}

void framed_start_link(const struct request *r, struct buf *out, const char *class, const char *key)
{
	const struct policy *p = request_policy(r);
	buf_printf(out, "<p><a class=\"button %s\" href=\"", class);
	if (p != NULL)
		address_page(p, "/", out);
	framed_text(out, "\">", word_in(request_language(r), key), "</a></p>\n");
}

void framed_end(const struct framed *frame, struct buf *out)
{
	buf_adds(out, "</div>\n");
	buf_adds(out, frame->rest);
}

void framed_free(struct framed *frame)
{
	buf_free(&frame->text);
}

enum { CODE_LEN_MIN = 32 };

// One value: an object or a list becomes a list of its own.
static void fact_add(struct buf *out, const cJSON *value)
{
	if (cJSON_IsString(value)) {
		// Numbers, secrets and hashes: a click selects the whole of it.
		size_t len = strspn(value->valuestring, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
		bool code = len >= CODE_LEN_MIN && value->valuestring[len] == '\0';
		framed_text(out, code ? "<span class=\"code\"><code>" : "", value->valuestring, code ? "</code></span>" : "");
	} else if (value->child != NULL) {
		bool named = cJSON_IsObject(value);
		buf_adds(out, named ? "<dl class=\"record\">\n" : "<ul>\n");
		for (const cJSON *m = value->child; m != NULL; m = m->next) {
			if (named)
				framed_text(out, "<dt>", m->string, "</dt><dd>");
			else
				buf_adds(out, "<li>");
			fact_add(out, m);
			buf_adds(out, named ? "</dd>\n" : "</li>\n");
		}
		buf_adds(out, named ? "</dl>\n" : "</ul>\n");
	}
}

void respond_page(struct request *r, int status, const char *title, const char *sentence, const char *field, const cJSON *facts)
{
	FRAMED_AUTO struct framed frame = {0};
	BUF_AUTO_WIPE struct buf out = BUF_INIT(PAGE_MAX);
	struct writer w = {.form = FORM_HTML, .out = &out, .policy = request_policy(r)};
	framed_begin(r, &frame, &out, title);
	framed_text(&out, "<p class=\"lead\">", sentence, "</p>\n");
	if (field != NULL)
		write_note(&w, "answer.field", WORD_VALUES({"field", field}));
	if (facts != NULL) {
		buf_adds(&out, "<div class=\"card\">\n");
		fact_add(&out, facts);
		buf_adds(&out, "</div>\n");
	}
	framed_start_link(r, &out, "primary", "answer.start");
	framed_end(&frame, &out);
	respond_bytes(r, status, "text/html; charset=utf-8", buf_text(&out), out.len);
}
