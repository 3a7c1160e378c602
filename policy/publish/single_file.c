// SPDX-License-Identifier: ISC
#include "policy/publish/single_file.h"
#include "policy/base/base64.h"
#include "policy/publish/documents/documents.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define STYLE_LINK  "<link rel=\"stylesheet\" href=\"/assets/app.css\">"
#define SCRIPT_LINK "<script type=\"module\" src=\"/assets/" SINGLE_FILE_SCRIPT "\"></script>"
#define ICON_LINK   "href=\"/assets/favicon.svg\""
#define CHARSET     "<meta charset=\"utf-8\">\n"

// One script: the lines of the module that it shares with other pages, without "export", then its own, without the import of those.
static void script_join(const struct single_file *parts, struct buf *out)
{
	for (const char *line = parts->shared, *end; *line != '\0'; line = end) {
		line += strncmp(line, "export ", 7) == 0 ? 7 : 0;
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		buf_add(out, line, (size_t)(end - line));
	}
	for (const char *line = parts->script, *end; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (strncmp(line, "import {", 8) != 0)
			buf_add(out, line, (size_t)(end - line));
	}
}

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

// `with` in the place of `what`, which stands there once at most.
static void link_replace(struct buf *page, const char *what, const struct buf *with)
{
	const char *at = strstr(buf_text(page), what);

	if (at == NULL)
		return;
	BUF_AUTO struct buf rest = BUF_INIT(DOCUMENT_BYTES_MAX);
	buf_adds(&rest, at + strlen(what));
	page->len = (size_t)(at - buf_text(page));
	buf_add(page, buf_text(with), with->len);
	buf_add(page, buf_text(&rest), rest.len);
	page->failed = page->failed || rest.failed || with->failed;
}

static void sources_write(const struct single_file *parts, struct buf *script, struct buf *style)
{
	BUF_AUTO struct buf joined = BUF_INIT(DOCUMENT_BYTES_MAX);
	const char *css = parts->style;

	script_join(parts, &joined);
	source_add(script, buf_text(&joined), joined.len);
	source_add(style, css, strlen(css));
	script->failed = script->failed || joined.failed;
}

int single_file_make(const struct single_file *parts, struct buf *page, struct err *e)
{
	const char *icon = parts->icon;
	BUF_AUTO struct buf with = BUF_INIT(DOCUMENT_BYTES_MAX), script = BUF_INIT(256), style = BUF_INIT(256);

	sources_write(parts, &script, &style);
	buf_printf(&with,
		   CHARSET
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'%s; style-src 'self'%s; "
		   "img-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'\">\n",
		   buf_text(&script), buf_text(&style));
	link_replace(page, CHARSET, &with);
	buf_reset(&with);
	buf_adds(&with, "href=\"data:image/svg+xml;base64,");
	base64_add(&with, icon, strlen(icon));
	buf_adds(&with, "\"");
	link_replace(page, ICON_LINK, &with);
	buf_reset(&with);
	buf_printf(&with, "<style>%s</style>", parts->style);
	link_replace(page, STYLE_LINK, &with);
	buf_reset(&with);
	buf_adds(&with, "<script type=\"module\">");
	script_join(parts, &with);
	buf_adds(&with, "</script>");
	link_replace(page, SCRIPT_LINK, &with);
	return page->failed || script.failed || style.failed ? err_set(e, ERR_MEMORY, "no memory for a page that is one file") : 0;
}

int single_file_headers(const struct policy *p, const struct single_file *parts, struct buf *out, struct err *e)
{
	BUF_AUTO struct buf script = BUF_INIT(256), style = BUF_INIT(256);

	sources_write(parts, &script, &style);
	headers_conf_with(p, buf_text(&script), buf_text(&style), out);
	buf_adds(out, "add_header Content-Security-Policy \"connect-src 'none'; form-action 'none'\" always;\n");
	return out->failed || script.failed || style.failed ? err_set(e, ERR_MEMORY, "no memory for headers") : 0;
}
