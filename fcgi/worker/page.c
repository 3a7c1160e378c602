// SPDX-License-Identifier: ISC
// The parser's events go straight into the facts: no tree is built, so that memory stays in proportion to the page.
#include "fcgi/worker/page.h"
#include "fcgi/worker/colour.h"
#include "fcgi/worker/encoding.h"
#include "fcgi/worker/prose.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <ctype.h>
#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	TITLE_MAX = 300,
	DESCRIPTION_MAX = 1000,
	SITE_NAME_MAX = 120,
	LANGUAGE_MAX = 35, // RFC 5646
	HEADING_MAX = 200,
	HEADINGS_MAX = 12,
	TEXT_MAX = 6 * 1024,
	MAIN_ENOUGH = 200, // a <main> with less is not the page's text
	CSS_MAX = 512 * 1024,
};

enum into { INTO_TEXT, INTO_TITLE, INTO_HEADING, INTO_STYLE };

struct page {
	struct prose title, description, summary, site_name, application, language, text, main, heading;
	struct prose headings[HEADINGS_MAX];
	size_t headings_count;
	struct colours colours;
	struct buf css;
	enum into into;
	// Depths at which something began; 0: not inside it.
	unsigned depth, hidden, inside_main, into_depth;
	bool titled, elements;
};

// --- what an element is ---

static bool one_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcasecmp(name, *list) == 0)
			return true;
	return false;
}

static const char *const never_text[] = {"script", "noscript", "template", "svg",      "math",     "iframe", "object", "embed", "video",
					 "audio",  "canvas",   "select",   "option",   "textarea", "button", "dialog", "nav",   "footer",
					 "aside",  "map",      "applet",   "frameset", "datalist", "style",  NULL};
static const char *const blocks[] = {"address", "article",  "blockquote", "body",   "br",   "dd",    "details", "div", "dl",
				     "dt",      "fieldset", "figcaption", "figure", "form", "h1",    "h2",      "h3",  "h4",
				     "h5",      "h6",       "header",     "hr",     "li",   "main",  "ol",      "p",   "pre",
				     "section", "summary",  "table",      "td",     "th",   "title", "tr",      "ul",  NULL};
static const char *const headings[] = {"h1", "h2", "h3", NULL};
static const char *const hidden_roles[] = {"navigation",    "search", "dialog",  "alertdialog", "contentinfo",
					   "complementary", "menu",   "menubar", NULL};
// Names that consent banners give themselves: their words are not the business's.
static const char *const banners[] = {"cookie", "consent", "gdpr", "onetrust", "usercentrics", NULL};

static bool contains(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

static bool style_hides(const char *style)
{
	const char *display = strcasestr(style, "display"), *visibility = strcasestr(style, "visibility");
	return (display != NULL && strcasestr(display, "none") != NULL) || (visibility != NULL && strcasestr(visibility, "hidden") != NULL);
}

static bool attribute_hides(const char *name, const char *value)
{
	if (strcasecmp(name, "hidden") == 0)
		return true;
	if (strcasecmp(name, "aria-hidden") == 0)
		return strcasecmp(value, "true") == 0;
	if (strcasecmp(name, "style") == 0)
		return style_hides(value);
	if (strcasecmp(name, "role") == 0)
		return one_of(value, hidden_roles);
	if (strcasecmp(name, "id") != 0 && strcasecmp(name, "class") != 0)
		return false;
	for (const char *const *b = banners; *b != NULL; b++)
		if (contains(value, *b))
			return true;
	return false;
}

static const char *attribute(const xmlChar **list, const char *name)
{
	for (; list != NULL && list[0] != NULL; list += 2)
		if (strcasecmp((const char *)list[0], name) == 0)
			return list[1] != NULL ? (const char *)list[1] : "";
	return NULL;
}

// --- events ---

static void meta(struct page *p, const xmlChar **list)
{
	const char *name = attribute(list, "name"), *content = attribute(list, "content");
	if (name == NULL)
		name = attribute(list, "property");
	if (name == NULL)
		name = attribute(list, "http-equiv");
	if (name == NULL || content == NULL)
		return;
	const struct {
		const char *name;
		struct prose *to;
	} rows[] = {
	    {"description", &p->description},   {"og:description", &p->summary}, {"twitter:description", &p->summary},
	    {"og:title", &p->heading},          {"og:site_name", &p->site_name}, {"application-name", &p->application},
	    {"content-language", &p->language}, {"og:locale", &p->language},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcasecmp(name, rows[i].name) == 0 && prose_empty(rows[i].to))
			prose_add(rows[i].to, content, strlen(content));
	if (strcasecmp(name, "theme-color") == 0 || strcasecmp(name, "msapplication-tilecolor") == 0)
		colours_declared(&p->colours, content);
}

// Colours count wherever they stand, hidden or not.
static void colours_of(struct page *p, const xmlChar **list)
{
	static const char *const names[] = {"bgcolor", "color", "fill", NULL};
	for (; list != NULL && list[0] != NULL; list += 2) {
		const char *value = (const char *)list[1];
		if (value != NULL && strcasecmp((const char *)list[0], "style") == 0)
			colours_css(&p->colours, value, strlen(value));
		else if (value != NULL && one_of((const char *)list[0], names))
			colours_attribute(&p->colours, value);
	}
}

static bool hides(const char *name, const xmlChar **list)
{
	if (one_of(name, never_text))
		return true;
	// The page as a whole is never hidden: some hide <body> until a script has run.
	if (strcasecmp(name, "html") == 0 || strcasecmp(name, "body") == 0 || strcasecmp(name, "main") == 0)
		return false;
	for (; list != NULL && list[0] != NULL; list += 2)
		if (attribute_hides((const char *)list[0], list[1] != NULL ? (const char *)list[1] : ""))
			return true;
	return false;
}

static void separate(struct page *p)
{
	prose_break(&p->text);
	prose_break(&p->main);
	if (p->into == INTO_HEADING && p->headings_count < HEADINGS_MAX)
		prose_add(&p->headings[p->headings_count], " ", 1);
}

static void begin(struct page *p, enum into into)
{
	p->into = into;
	p->into_depth = p->depth;
}

static void start_element(void *context, const xmlChar *xml_name, const xmlChar **list)
{
	struct page *p = context;
	const char *name = (const char *)xml_name;
	p->depth++;
	p->elements = true;
	colours_of(p, list);
	if (strcasecmp(name, "meta") == 0)
		meta(p, list);
	if (strcasecmp(name, "html") == 0 && attribute(list, "lang") != NULL && prose_empty(&p->language))
		prose_add(&p->language, attribute(list, "lang"), strlen(attribute(list, "lang")));
	if (one_of(name, blocks))
		separate(p);
	if (strcasecmp(name, "style") == 0 && p->into == INTO_TEXT)
		begin(p, INTO_STYLE);
	if (p->hidden)
		return;
	if (hides(name, list)) {
		p->hidden = p->depth;
		return;
	}
	const char *role = attribute(list, "role");
	if (!p->inside_main &&
	    (strcasecmp(name, "main") == 0 || strcasecmp(name, "article") == 0 || (role != NULL && strcasecmp(role, "main") == 0)))
		p->inside_main = p->depth;
	if (strcasecmp(name, "title") == 0 && !p->titled)
		begin(p, INTO_TITLE);
	else if (one_of(name, headings) && p->into == INTO_TEXT)
		begin(p, INTO_HEADING);
}

static void end_heading(struct page *p)
{
	if (p->headings_count >= HEADINGS_MAX || prose_empty(&p->headings[p->headings_count]))
		return;
	for (size_t i = 0; i < p->headings_count; i++) {
		if (strcmp(prose_text(&p->headings[i]), prose_text(&p->headings[p->headings_count])) == 0) {
			prose_reset(&p->headings[p->headings_count]);
			return;
		}
	}
	p->headings_count++;
}

static void end_element(void *context, const xmlChar *xml_name)
{
	struct page *p = context;
	if (p->into_depth == p->depth) {
		if (p->into == INTO_HEADING)
			end_heading(p);
		if (p->into == INTO_STYLE) {
			colours_css(&p->colours, buf_text(&p->css), p->css.len);
			buf_reset(&p->css);
		}
		p->titled = p->titled || p->into == INTO_TITLE;
		p->into = INTO_TEXT;
		p->into_depth = 0;
	}
	if (p->hidden == p->depth)
		p->hidden = 0;
	if (p->inside_main == p->depth)
		p->inside_main = 0;
	if (one_of((const char *)xml_name, blocks))
		separate(p);
	if (p->depth > 0)
		p->depth--;
}

static void characters(void *context, const xmlChar *text, int length)
{
	struct page *p = context;
	const char *s = (const char *)text;
	size_t len = length > 0 ? (size_t)length : 0;
	if (p->into == INTO_STYLE && p->css.len + len <= p->css.max)
		buf_add(&p->css, s, len);
	if (p->hidden || p->into == INTO_STYLE)
		return;
	if (p->into == INTO_TITLE) {
		prose_add(&p->title, s, len);
		return;
	}
	if (p->into == INTO_HEADING && p->headings_count < HEADINGS_MAX)
		prose_add(&p->headings[p->headings_count], s, len);
	prose_add(&p->text, s, len);
	if (p->inside_main)
		prose_add(&p->main, s, len);
}

// --- the whole ---

static void page_begin(struct page *p)
{
	*p = (struct page){.css = BUF_INIT(CSS_MAX)};
	prose_init(&p->title, TITLE_MAX);
	prose_init(&p->description, DESCRIPTION_MAX);
	prose_init(&p->summary, DESCRIPTION_MAX);
	prose_init(&p->site_name, SITE_NAME_MAX);
	prose_init(&p->application, SITE_NAME_MAX);
	prose_init(&p->language, LANGUAGE_MAX);
	prose_init(&p->heading, TITLE_MAX);
	prose_init(&p->text, TEXT_MAX);
	prose_init(&p->main, TEXT_MAX);
	for (size_t i = 0; i < HEADINGS_MAX; i++)
		prose_init(&p->headings[i], HEADING_MAX);
}

static void page_end(struct page *p)
{
	struct prose *all[] = {&p->title,    &p->description, &p->summary, &p->site_name, &p->application,
			       &p->language, &p->text,        &p->main,    &p->heading};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		prose_end(all[i]);
	for (size_t i = 0; i < HEADINGS_MAX; i++)
		prose_end(&p->headings[i]);
	buf_wipe(&p->css);
}

static const char *first(const struct prose *a, const struct prose *b)
{
	return prose_text(prose_empty(a) ? b : a);
}

// "de_DE" and "de-DE, en" become "de-DE" and "de-DE"; what is no language tag becomes "".
static void language_clean(struct prose *language)
{
	char tag[LANGUAGE_MAX + 1];
	size_t n = 0;
	for (const char *s = prose_text(language); *s && n < LANGUAGE_MAX && (isalnum((unsigned char)*s) || strchr("-_", *s)); s++)
		tag[n++] = *s == '_' ? '-' : *s;
	prose_reset(language);
	if (n >= 2 && isalpha((unsigned char)tag[0]) && isalpha((unsigned char)tag[1]))
		prose_add(language, tag, n);
}

static cJSON *page_facts(struct page *p)
{
	cJSON *head = cJSON_CreateObject(), *list = cJSON_CreateArray(), *colours = cJSON_CreateArray();
	char best[COLOURS_MAX][COLOUR_TEXT];
	size_t count = colours_best(&p->colours, best);
	language_clean(&p->language);
	bool ok = head != NULL && list != NULL && colours != NULL &&
		  cJSON_AddStringToObject(head, "title", first(&p->title, &p->heading)) != NULL &&
		  cJSON_AddStringToObject(head, "description", first(&p->description, &p->summary)) != NULL &&
		  cJSON_AddStringToObject(head, "language", prose_text(&p->language)) != NULL &&
		  cJSON_AddStringToObject(head, "site_name", first(&p->site_name, &p->application)) != NULL &&
		  cJSON_AddStringToObject(head, "text", prose_text(p->main.text.len >= MAIN_ENOUGH ? &p->main : &p->text)) != NULL;
	for (size_t i = 0; ok && i < p->headings_count; i++)
		ok = cJSON_AddItemToArray(list, cJSON_CreateString(prose_text(&p->headings[i])));
	for (size_t i = 0; ok && i < count; i++)
		ok = cJSON_AddItemToArray(colours, cJSON_CreateString(best[i]));
	if (!ok) {
		cJSON_Delete(head);
		cJSON_Delete(list);
		cJSON_Delete(colours);
		return NULL;
	}
	cJSON_AddItemToObject(head, "headings", list);
	cJSON_AddItemToObject(head, "colours", colours);
	return head;
}

static xmlParserInputPtr no_entity(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
	(void)url;
	(void)id;
	(void)ctxt;
	return NULL;
}

void page_prepare(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(no_entity);
	encoding_prepare();
}

// 0, or -1 when memory is gone.
static int parse(struct page *p, const char *utf8, size_t len)
{
	htmlParserCtxtPtr ctxt = htmlNewParserCtxt();
	if (ctxt == NULL)
		return -1;
	htmlSAXHandler events = {
	    .startElement = start_element,
	    .endElement = end_element,
	    .characters = characters,
	    .cdataBlock = characters,
	    .ignorableWhitespace = characters,
	};
	*ctxt->sax = events;
	ctxt->userData = p;
	htmlDocPtr doc = htmlCtxtReadMemory(ctxt, utf8, (int)len, NULL, "UTF-8",
					    HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_RECOVER |
						HTML_PARSE_IGNORE_ENC | HTML_PARSE_NODEFDTD);
	int rc = ctxt->errNo == XML_ERR_NO_MEMORY ? -1 : 0;
	if (doc != NULL)
		xmlFreeDoc(doc);
	htmlFreeParserCtxt(ctxt);
	return rc;
}

static bool type_is_html(const char *type)
{
	if (type == NULL || !*type)
		return true;
	return strncasecmp(type, "text/html", 9) == 0 || strncasecmp(type, "application/xhtml+xml", 21) == 0;
}

// The first bytes of files that are served as HTML by mistake.
static bool bytes_are_something_else(const char *s, size_t len)
{
	static const char *const magic[] = {"%PDF-",
					    "\x89PNG",
					    "\xff\xd8\xff",
					    "GIF8",
					    "PK\x03\x04",
					    "\x1f\x8b",
					    "RIFF",
					    "\x7f"
					    "ELF",
					    NULL};
	for (const char *const *m = magic; *m != NULL; m++)
		if (len >= strlen(*m) && memcmp(s, *m, strlen(*m)) == 0)
			return true;
	return false;
}

static bool page_says_nothing(const struct page *p)
{
	return prose_empty(&p->title) && prose_empty(&p->heading) && prose_empty(&p->description) && prose_empty(&p->summary) &&
	       prose_empty(&p->text) && p->headings_count == 0;
}

cJSON *page_read(const char *bytes, size_t len, const char *type, const char **code, struct err *e)
{
	*code = "not-html";
	if (!type_is_html(type) || bytes_are_something_else(bytes, len)) {
		err_set(e, ERR_INPUT,
			"The address does not lead to a web page (HTML). Give the address of a page, or describe the business.");
		return NULL;
	}
	struct buf BUF_AUTO_WIPE utf8 = BUF_INIT(PAGE_BYTES_MAX);
	if (len == 0) {
		*code = "empty-page";
		err_set(e, ERR_INPUT, "The page is empty. Give another address, or describe the business instead.");
		return NULL;
	}
	encoding_to_utf8(&utf8, bytes, len, type); // -1: full; what fits is read
	static struct page p;                      // too large for a small stack
	page_begin(&p);
	cJSON *head = NULL;
	if (utf8.len > 0 && parse(&p, utf8.data, utf8.len) < 0) {
		*code = "too-costly";
		err_set(e, ERR_MEMORY, "The page is too complex to read. Describe the business instead.");
	} else if (!p.elements || page_says_nothing(&p)) {
		*code = p.elements ? "unreadable" : "not-html";
		err_set(e, ERR_INPUT,
			"The page has no text that can be read (it may need a script to show it). Describe the business instead.");
	} else if (!(head = page_facts(&p))) {
		*code = "too-costly";
		err_set(e, ERR_MEMORY, "no memory for what the page says");
	}
	page_end(&p);
	return head;
}
