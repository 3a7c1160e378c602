// SPDX-License-Identifier: ISC
#include "policy/publish/single_file.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/publish/documents/documents.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define STYLE_LINK  "<link rel=\"stylesheet\" href=\"/assets/app.css\">"
#define SCRIPT_LINK "<script type=\"module\" src=\"/assets/" SINGLE_FILE_SCRIPT "\"></script>"
#define ICON_LINK   "href=\"/assets/favicon.svg\""
#define CHARSET     "<meta charset=\"utf-8\">\n"

// " 'sha256-…'"
static void source_add(struct buf *out, const char *text, size_t len)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned hash_len = 0;

	if (EVP_Digest(text, len, hash, &hash_len, EVP_sha256(), NULL) != 1)
		out->failed = true;
	buf_adds(out, " 'sha256-");
	base64_add(out, hash, hash_len);
	buf_adds(out, "'");
}

int single_file_read(struct single_file *out, const char *shared, const char *own, const char *style, const char *icon, struct err *e)
{
	BUF_AUTO struct buf joined = BUF_INIT(DOCUMENT_BYTES_MAX);
	const struct buf whole = BUF_INIT(DOCUMENT_BYTES_MAX);

	*out = (struct single_file){whole, whole, whole, whole, BUF_INIT(256), BUF_INIT(256)};
	// One script: the lines of the module that it shares with other pages, without "export", then its own, without the import of those.
	for (const char *line = shared, *end; *line != '\0'; line = end) {
		line += strncmp(line, "export ", 7) == 0 ? 7 : 0;
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		buf_add(&joined, line, (size_t)(end - line));
	}
	for (const char *line = own, *end; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (strncmp(line, "import {", 8) != 0)
			buf_add(&joined, line, (size_t)(end - line));
	}
	source_add(&out->scripts, buf_text(&joined), joined.len);
	source_add(&out->styles, style, strlen(style));
	buf_printf(&out->head,
		   CHARSET
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'%s; style-src 'self'%s; "
		   "img-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'\">\n",
		   buf_text(&out->scripts), buf_text(&out->styles));
	buf_adds(&out->icon, "href=\"data:image/svg+xml;base64,");
	base64_add(&out->icon, icon, strlen(icon));
	buf_adds(&out->icon, "\"");
	buf_adds(&out->style, "<style>");
	buf_adds(&out->style, style);
	buf_adds(&out->style, "</style>");
	buf_adds(&out->script, "<script type=\"module\">");
	buf_add(&out->script, buf_text(&joined), joined.len);
	buf_adds(&out->script, "</script>");
	return joined.failed || out->head.failed || out->icon.failed || out->style.failed || out->script.failed || out->scripts.failed ||
		       out->styles.failed
		   ? err_set(e, ERR_MEMORY, "no memory for a page that is one file")
		   : 0;
}

void single_file_free(struct single_file *parts)
{
	buf_free(&parts->head);
	buf_free(&parts->icon);
	buf_free(&parts->style);
	buf_free(&parts->script);
	buf_free(&parts->scripts);
	buf_free(&parts->styles);
}

void single_file_make(const struct single_file *parts, struct buf *page)
{
	const struct {
		const char *link; // which stands there once at most
		const struct buf *with;
	} rows[] = {{CHARSET, &parts->head}, {ICON_LINK, &parts->icon}, {STYLE_LINK, &parts->style}, {SCRIPT_LINK, &parts->script}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = strstr(buf_text(page), rows[i].link);
		if (at == NULL)
			continue;
		BUF_AUTO struct buf rest = BUF_INIT(DOCUMENT_BYTES_MAX);
		buf_adds(&rest, at + strlen(rows[i].link));
		page->len = (size_t)(at - buf_text(page));
		buf_add(page, buf_text(rows[i].with), rows[i].with->len);
		buf_add(page, buf_text(&rest), rest.len);
		page->failed = page->failed || rest.failed;
	}
}

void single_file_headers(const struct policy *p, const struct single_file *parts, struct buf *out)
{
	headers_conf_with(p, buf_text(&parts->scripts), buf_text(&parts->styles), out);
	buf_adds(out, "add_header Content-Security-Policy \"connect-src 'none'; form-action 'none'\" always;\n");
}
