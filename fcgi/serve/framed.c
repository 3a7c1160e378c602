// SPDX-License-Identifier: ISC
// The pages of a program stand in the frame that `lethe publish` made of the site's, so that they look like the others.
#include "fcgi/serve/internal.h"
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/publish/publish.h"
#include <string.h>

// Before anything was published, or where it cannot be read.
static const char bare[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" FRAME_HEAD
    "<link rel=\"stylesheet\" href=\"/assets/app.css\">\n</head>\n<body>\n<main id=\"main\">\n" FRAME_CONTENT "</main>\n</body>\n</html>\n";

static bool frame_read(struct framed *frame)
{
	char path[4096];
	struct err e = {0};
	if (path_join(path, sizeof path, setting_state(), "publish/" FRAME_FILE, &e) != 0 || file_read(path, &frame->text, &e) != 0)
		return false;
	const char *head = strstr(buf_text(&frame->text), FRAME_HEAD);
	return head != NULL && strstr(head, FRAME_CONTENT) != NULL;
}

void framed_begin(const struct request *r, struct framed *frame, struct buf *out, const char *title)
{
	frame->text = BUF_INIT(PAGE_MAX);
	if (!frame_read(frame)) {
		buf_reset(&frame->text);
		buf_adds(&frame->text, bare);
	}
	const char *text = buf_text(&frame->text), *head = strstr(text, FRAME_HEAD);
	const char *content = head != NULL ? strstr(head, FRAME_CONTENT) : NULL;
	frame->rest = content != NULL ? content + strlen(FRAME_CONTENT) : "";
	if (content == NULL) // memory is gone
		return;
	buf_add(out, text, (size_t)(head - text));
	buf_adds(out, "<title>");
	html_text(out, title);
	if (r->server->policy != NULL && r->server->policy->shown_as != NULL) {
		buf_adds(out, " – ");
		html_text(out, r->server->policy->shown_as);
	}
	buf_adds(out, "</title>\n<meta name=\"robots\" content=\"noindex\">\n");
	head += strlen(FRAME_HEAD);
	buf_add(out, head, (size_t)(content - head));
	buf_adds(out, "<div class=\"page answer\" lang=\"en\">\n<h1>");
	html_text(out, title);
	buf_adds(out, "</h1>\n");
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
