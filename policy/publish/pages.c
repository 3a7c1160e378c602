// SPDX-License-Identifier: ISC
#include "policy/publish/pages.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/template.h"
#include "policy/publish/single_file.h"
#include "policy/publish/variables.h"
#include "policy/rules/capability.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void pages_free(struct pages *s)
{
	for (size_t i = 0; i < s->count; i++)
		buf_free(&s->list[i].bytes);
	free(s->list);
	*s = (struct pages){0};
}

// The buffer of a new page. NULL with ERR_INPUT (a path made twice, or not below the folder) or ERR_MEMORY.
__attribute__((format(printf, 3, 4))) static struct buf *pages_add(struct pages *s, struct err *e, const char *format, ...)
{
	va_list arguments;

	if (s->list == NULL)
		s->list = calloc(PAGES_MAX, sizeof *s->list);
	if (s->list == NULL || s->count == PAGES_MAX) {
		err_set(e, ERR_MEMORY, "more than %d pages and assets", PAGES_MAX);
		return NULL;
	}
	struct page *page = &s->list[s->count];
	va_start(arguments, format);
	int n = vsnprintf(page->path, sizeof page->path, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof page->path) {
		err_set(e, ERR_INPUT, "the name %.64s… is too long", page->path);
		return NULL;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->list[i].path, page->path) == 0) {
			err_set(e, ERR_INPUT, "%s would be made twice: rename the template", page->path);
			return NULL;
		}
	}
	page->bytes = BUF_INIT(DOCUMENT_BYTES_MAX);
	s->count++;
	return &page->bytes;
}

// The example pictures that come with the software are in all of its languages; a site needs those that its start page shows: of its own
// languages, or those that its policy names, and none before it makes pictures.
static bool asset_shown(const struct policy *p, const char *name)
{
	const bool declared = p->service.example_count > 0;
	bool shown = strncmp(name, "example-", 8) != 0;

	for (size_t i = 0; !shown && i < (declared ? p->service.example_count : p->view_count); i++) {
		BUF_AUTO struct buf start = BUF_INIT(1024);
		buf_printf(&start, declared ? "%s-" : "example-%s-",
			   declared ? p->service.examples[i].pictures : word(p->views[i], "page.start.examples.folder"));
		shown = (declared || capability_makes_sets(p)) && strncmp(name, buf_text(&start), start.len) == 0;
	}
	return shown;
}

// Every regular file of the folder that is not hidden, sorted, as `prefix`name. `p`: whose pages show them; NULL: all of them.
static int pages_read(struct pages *s, const struct policy *p, const char *folder, const char *prefix, struct err *e)
{
	char file[4096];
	struct dirent **names = NULL;
	struct stat status;
	int rc = 0, count = scandir(folder, &names, NULL, alphasort);

	if (count < 0)
		return err_set(e, ERR_NOT_FOUND, "the templates folder %s cannot be read", folder);
	for (int i = 0; i < count; i++) {
		bool wanted = rc == 0 && names[i]->d_name[0] != '.' && (p == NULL || asset_shown(p, names[i]->d_name));
		if (wanted)
			rc = path_join(file, sizeof file, folder, names[i]->d_name, e);
		if (wanted && rc == 0 && (names[i]->d_type == DT_REG || (stat(file, &status) == 0 && S_ISREG(status.st_mode)))) {
			struct buf *bytes = pages_add(s, e, "%s%s", prefix, names[i]->d_name);
			rc = bytes != NULL ? file_read(file, bytes, e) : -1;
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

static const char *asset_text(const struct pages *assets, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "html/assets/%s", name);
	for (size_t i = 0; i < assets->count; i++)
		if (strcmp(assets->list[i].path, path) == 0)
			return buf_text(&assets->list[i].bytes);
	return "";
}

// The pages for people in one language.
struct site {
	struct pages *pages;
	const struct policy *policy; // in this language
	struct variables variables;
	struct facts facts;
	const char *layout; // the frame of every page
	const struct single_file *parts;
};

// A page: its own part of the head, and its content, in the frame. `name` is the page's below the folder of publish_all, without ".html".
// `signal`: for visitors whose browser sends Sec-GPC, whom nginx gives what stands in html/gpc.
static int put_in_frame(const struct site *site, const char *name, const char *head, const char *content, bool signal, struct err *e)
{
	static const char *const pages[][2] = {{"/html/index", "/"},
					       {"/html/rights", "/rights"},
					       {LIVE_FRAME_NAME, "/privacy/live"},
					       {LIVE_FRAME_SIGNAL, "/privacy/live"},
					       {VERSIONS_FRAME_NAME, "/privacy/versions"},
					       {"/html/verify", "/verify"},
					       {"/html/api", "/api"},
					       {"/html/privacy", "/privacy"},
					       {"/html/subprocessors", "/subprocessors"}}; // those that have an address
	const struct policy *p = site->policy;
	struct word_value vars[VARIABLES_MAX + 5];
	BUF_AUTO struct buf address = BUF_INIT(256), heads = BUF_INIT(DOCUMENT_BYTES_MAX), links = BUF_INIT(65536);
	const char *to = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		to = strcmp(pages[i][0], name) == 0 ? pages[i][1] : to;
	buf_adds(&heads, head);
	for (size_t i = 0; to != NULL && i < p->view_count && p->view_count > 1; i++) {
		const struct policy *view = p->views[i];
		const char *language = view->language;
		buf_reset(&address);
		address_page(view, to, &address);
		xml_printf(&heads, "<link rel=\"alternate\" hreflang=\"%s\" href=\"%s\">\n", language, buf_text(&address));
		if (strcmp(language, p->language) != 0)
			xml_printf(&links, "<a lang=\"%s\" hreflang=\"%s\" href=\"%s\">%s</a>", language, language, buf_text(&address),
				   p->languages[i].name);
	}
	for (; site->variables.list[count].name != NULL; count++)
		vars[count] = site->variables.list[count];
	vars[count++] = (struct word_value){"languages", buf_text(&links)};
	vars[count++] = (struct word_value){"head", buf_text(&heads)};
	vars[count++] = (struct word_value){"content", content};
	vars[count++] = (struct word_value){"signal", signal ? "yes" : ""};
	vars[count] = (struct word_value){NULL, NULL};
	buf_reset(&address);
	address_page(p, name, &address);
	bool program = strncmp(name, "/html/", 6) != 0;
	struct buf *out = signal && !program ? pages_add(site->pages, e, "html/gpc/%s.html", buf_text(&address) + strlen("/html/"))
					     : pages_add(site->pages, e, "%s.html", buf_text(&address) + 1);
	// Space for all of it at once: a buffer that grows is copied and wiped.
	if (out == NULL || buf_reserve(out, 2 * strlen(site->layout) + heads.len + strlen(content)) == NULL ||
	    template_render(site->layout, "layout.html", 1, p, vars, out, e) != 0)
		return -1;
	if (strcmp(name, SINGLE_FILE_PAGE) == 0)
		single_file_make(site->parts, out);
	return to != NULL && !signal && !program && headers_signal(p) ? put_in_frame(site, name, head, content, true, e) : 0;
}

// Up to the first empty line a template holds its part of the head, then its content. A site that cannot make sets has another start than
// the form for them.
static int render_template(const struct site *site, const char *name, const struct buf *bytes, struct err *e)
{
	bool start = strcmp(name, "index.html") == 0 || strcmp(name, "api.html") == 0, soon = strcmp(name, "soon.html") == 0;
	BUF_AUTO struct buf own = BUF_INIT(DOCUMENT_BYTES_MAX), head = BUF_INIT(DOCUMENT_BYTES_MAX), content = BUF_INIT(DOCUMENT_BYTES_MAX);
	size_t len = strlen(name);
	char path[300];

	if (len < 6 || strcmp(name + len - 5, ".html") != 0 || strcmp(name, "layout.html") == 0 ||
	    ((start || soon) && capability_makes_sets(site->policy) != start))
		return 0;
	if (strlen(buf_text(bytes)) != bytes->len)
		return err_set(e, ERR_INPUT, "%s holds a NUL byte", name);
	const char *text = buf_text(bytes), *empty = strstr(text, "\n\n");
	if (empty == NULL)
		return err_set(e, ERR_INPUT, "%s:1: an empty line is missing between what goes into the head and the content", name);
	buf_add(&own, text, (size_t)(empty + 1 - text));
	int first = 2;
	for (const char *c = text; c <= empty; c++)
		first += *c == '\n';
	if (template_render(buf_text(&own), name, 1, site->policy, site->variables.list, &head, e) != 0 ||
	    template_render(empty + 2, name, first, site->policy, site->variables.list, &content, e) != 0)
		return -1;
	snprintf(path, sizeof path, "/html/%.*s", soon ? 5 : (int)len - 5, soon ? "index" : name);
	return put_in_frame(site, path, buf_text(&head), buf_text(&content), false, e);
}

// A page whose content is made here. `name`: "privacy"; its feed goes into its head.
static int render_made(const struct site *site, const char *name, const char *title, const struct buf *content, struct err *e)
{
	BUF_AUTO struct buf head = BUF_INIT(65536), path = BUF_INIT(64);

	xml_printf(&head, "<title>%s: %s</title>\n<link rel=\"alternate\" type=\"application/atom+xml\" href=\"/%s.atom\">\n", title,
		   site->policy->shown_as, name);
	if (content->failed || head.failed)
		return err_set(e, ERR_MEMORY, "/%s is too large for a page", name);
	buf_printf(&path, "/html/%s", name);
	return put_in_frame(site, buf_text(&path), buf_text(&head), buf_text(content), false, e);
}

// The notice as a page, Markdown and plain text; the list of subprocessors as a page.
static int render_notice(const struct site *site, struct err *e)
{
	BUF_AUTO struct buf notice = BUF_INIT(DOCUMENT_BYTES_MAX), list = BUF_INIT(DOCUMENT_BYTES_MAX), address = BUF_INIT(256);
	const struct policy *p = site->policy;

	address_page(p, "/privacy", &address);
	struct buf *markdown = pages_add(site->pages, e, "html%s.md", buf_text(&address));
	struct buf *text = pages_add(site->pages, e, "html%s.txt", buf_text(&address));
	if (markdown == NULL || text == NULL)
		return -1;
	notice_write(p, FORM_MARKDOWN, markdown);
	notice_write(p, FORM_TEXT, text);
	buf_adds(&notice, "<article class=\"page text notice-text\">\n");
	notice_write(p, FORM_HTML, &notice);
	buf_adds(&notice, "</article>\n");
	buf_adds(&list, "<article class=\"page text wide\">\n");
	if (render_made(site, "privacy", word(p, "notice.title"), &notice, e) != 0 ||
	    subprocessors_write(&site->facts, LIST_HTML_PART, &list, e) != 0)
		return -1;
	buf_adds(&list, "</article>\n");
	return render_made(site, "subprocessors", word(p, "list.title"), &list, e);
}

// What follows from the policy alone, in its main language.
static const struct {
	const char *path;
	int (*write)(const struct facts *f, struct buf *out, struct err *e);
	void (*add)(const struct policy *p, struct buf *out);
	enum subprocessors_format format; // with neither
} documents[] = {{"html/privacy.json", notice_json, NULL, 0},
		 {"html/privacy.tilt.json", facts_tilt, NULL, 0},
		 {"html/privacy.dpv.jsonld", facts_dpv, NULL, 0},
		 {"html/privacy.atom", feed_notice, NULL, 0},
		 {"html/subprocessors.atom", feed_subprocessors, NULL, 0},
		 {"html/subprocessors.json", NULL, NULL, LIST_JSON},
		 {"html/subprocessors.csv", NULL, NULL, LIST_CSV},
		 {"html/subprocessors.md", NULL, NULL, LIST_MARKDOWN},
		 {"html/subprocessors.txt", NULL, NULL, LIST_TEXT},
		 {"html/subprocessors.xml", NULL, NULL, LIST_XML},
		 {"html/.well-known/gpc.json", NULL, headers_gpc, 0},
		 {"nginx/headers.conf", NULL, headers_conf, 0},
		 {"nginx/clear.conf", NULL, headers_clear, 0},
		 {"nginx/cookies.conf", NULL, headers_cookies, 0},
		 {"nginx/connections.conf", NULL, headers_connections, 0},
		 {"nginx/proxies.conf", NULL, headers_proxies, 0},
		 {"nginx/problems.conf", NULL, headers_problems, 0}};

// The pictures of the policy's examples have to be there.
static int check_examples(const struct policy *p, const struct pages *s, struct err *e)
{
	char path[256];

	for (size_t i = 0; i < p->service.example_count; i++) {
		for (unsigned n = 1; n <= 4; n++) {
			bool found = false;
			snprintf(path, sizeof path, "html/assets/%s-%u.webp", p->service.examples[i].pictures, n);
			for (size_t j = 0; j < s->count && !found; j++)
				found = strcmp(s->list[j].path, path) == 0;
			if (!found)
				return err_set(
				    e, ERR_NOT_FOUND,
				    "%s:%d: the example “%s” has no picture %s beside the templates: add it, or take the example out",
				    p->file, p->service.line, p->service.examples[i].name, path + strlen("html/"));
		}
	}
	return 0;
}

// `p` in one of its languages. `testing` as in variables_make.
static int render_language(const struct policy *p, const struct pages *templates, const struct single_file *parts, bool testing,
			   struct pages *s, struct err *e)
{
	struct site site = {.pages = s, .policy = p, .parts = parts};
	bool main_language = strcmp(p->language, p->views[0]->language) == 0;

	for (size_t i = 0; i < templates->count; i++)
		if (strcmp(templates->list[i].path, "layout.html") == 0)
			site.layout = buf_text(&templates->list[i].bytes);
	if (site.layout == NULL)
		return err_set(e, ERR_NOT_FOUND, "layout.html is missing among the templates");
	int rc = variables_make(&site.variables, p, testing, e) != 0 || facts_make(&site.facts, p, main_language, e) != 0 ||
			 render_notice(&site, e) != 0 || put_in_frame(&site, FRAME_NAME, FRAME_HEAD, FRAME_CONTENT, false, e) != 0 ||
			 put_in_frame(&site, VERSIONS_FRAME_NAME, FRAME_HEAD, FRAME_CONTENT, false, e) != 0 ||
			 put_in_frame(&site, LIVE_FRAME_NAME, FRAME_HEAD, FRAME_CONTENT, false, e) != 0 ||
			 (headers_signal(p) && put_in_frame(&site, LIVE_FRAME_SIGNAL, FRAME_HEAD, FRAME_CONTENT, true, e) != 0)
		     ? -1
		     : 0;
	for (size_t i = 0; rc == 0 && i < templates->count; i++)
		rc = render_template(&site, templates->list[i].path, &templates->list[i].bytes, e);
	struct buf *security = rc == 0 && main_language ? pages_add(s, e, "html/.well-known/security.txt") : NULL;
	if (security != NULL)
		headers_security(p, when_now(), security);
	else if (main_language)
		rc = -1;
	for (size_t i = 0; rc == 0 && main_language && i < ARRAY_LEN(documents); i++) {
		struct buf *out = pages_add(s, e, "%s", documents[i].path);
		if (out != NULL && documents[i].add != NULL)
			documents[i].add(p, out);
		else if (out == NULL || (documents[i].write != NULL ? documents[i].write(&site.facts, out, e)
								    : subprocessors_write(&site.facts, documents[i].format, out, e)) != 0)
			rc = -1;
	}
	variables_free(&site.variables);
	facts_free(&site.facts);
	return rc;
}

int pages_render(const struct policy *p, const char *templates, bool testing, struct pages *s, struct err *e)
{
	PAGES_AUTO struct pages read = {0};
	char assets[4096];

	if (path_join(assets, sizeof assets, templates, "assets", e) != 0 || pages_read(s, p, assets, "html/assets/", e) != 0 ||
	    pages_read(&read, NULL, templates, "", e) != 0 || check_examples(p, s, e) != 0)
		return -1;
	SINGLE_FILE_AUTO struct single_file parts = {0};
	if (single_file_read(&parts, asset_text(s, "common.js"), asset_text(s, SINGLE_FILE_SCRIPT), asset_text(s, "app.css"),
			     asset_text(s, "favicon.svg"), e) != 0)
		return -1;
	for (size_t i = 0; i < p->view_count; i++) {
		struct policy view = *p->views[i];
		const char *language = view.language;
		view.coming = p->coming != NULL ? (struct policy *)policy_language(p->coming, language) : NULL;
		view.coming = view.coming != NULL ? view.coming : p->coming; // announced, but not in this language
		view.coming_from = p->coming_from;
		view.coming_announced = p->coming_announced;
		if (render_language(&view, &read, &parts, testing, s, e) != 0)
			return -1;
	}
	struct buf *headers = pages_add(s, e, "nginx/verify.conf");
	if (headers == NULL)
		return -1;
	single_file_headers(p, &parts, headers);
	for (size_t i = 0; i < s->count; i++) {
		if (s->list[i].bytes.failed)
			return err_set(e, ERR_MEMORY, "%s is too large", s->list[i].path);
	}
	return 0;
}
