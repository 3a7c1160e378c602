// SPDX-License-Identifier: ISC
// The parser's events go straight into the facts: no tree is built, so that memory stays in proportion to the page.
#include "fcgi/worker/page.h"
#include "fcgi/worker/colour.h"
#include "fcgi/worker/encoding.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include <ctype.h>
#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <string.h>
#include <strings.h>

enum {
	LANGUAGE_MAX = 35, // RFC 5646
	HEADING_MAX = 200,
	HEADINGS_MAX = 12,
	MAIN_ENOUGH = 200, // a <main> with less is not the page's text
	CSS_MAX = 512 * 1024,
};

// Running text with a ceiling: white space collapses as it is added, invisible and direction-changing characters go, and what is over the
// ceiling is cut off at a whole character.
struct running_text {
	struct buf text;
	char pending; // the separator before the next word: 0, ' ' or '\n' (set it for a new line)
	bool full;
};
#define RUNNING_TEXT_INIT(ceiling) ((struct running_text){.text = BUF_INIT(ceiling)})

static bool is_white(uint32_t c)
{
	return c <= ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

// Characters that show nothing or turn the direction of what follows: they only hide things from the reader.
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

// Adds valid UTF-8. A new piece continues the last word unless white space stands between.
static void running_text_add(struct running_text *t, const char *utf8, size_t len)
{
	for (size_t i = 0, n; i < len && !t->full; i += n) {
		unsigned char lead = (unsigned char)utf8[i];
		n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		if (n > len - i)
			break; // the parser hands over whole characters; anything else is dropped
		uint32_t c = n == 1 ? lead : lead & (0xffU >> (n + 1));
		for (size_t k = 1; k < n; k++)
			c = c << 6 | ((unsigned char)utf8[i + k] & 0x3fU);
		if (is_white(c))
			t->pending = t->pending ? t->pending : ' ';
		if (is_white(c) || is_invisible(c))
			continue;
		size_t gap = t->pending && t->text.len > 0;
		t->full = t->text.len + gap + n > t->text.max;
		if (t->full)
			break;
		if (gap)
			buf_addc(&t->text, t->pending);
		t->pending = 0;
		buf_add(&t->text, utf8 + i, n);
	}
}

// What is read: the page's own words, and after them what it says to machines, for where the former are missing.
enum page_text {
	TITLE,
	OG_TITLE,
	DESCRIPTION,
	SUMMARY,
	SITE_NAME,
	APPLICATION,
	LANGUAGE,
	TEXT,
	MAIN,
	HEADINGS,
	PAGE_TEXTS = HEADINGS + HEADINGS_MAX
};
static const size_t text_max[HEADINGS] = {
    [TITLE] = 300,       [OG_TITLE] = 300,          [DESCRIPTION] = 1000, [SUMMARY] = 1000, [SITE_NAME] = 120,
    [APPLICATION] = 120, [LANGUAGE] = LANGUAGE_MAX, [TEXT] = 6 * 1024,    [MAIN] = 6 * 1024};

enum into { INTO_TEXT, INTO_TITLE, INTO_HEADING, INTO_STYLE };

struct page {
	struct running_text texts[PAGE_TEXTS];
	size_t headings_count;
	struct colours colours;
	struct buf css;
	enum into into;
	// Depths at which something began; 0: not inside it.
	unsigned depth, hidden, inside_main, into_depth;
	bool titled, elements;
};

static bool text_empty(const struct page *p, enum page_text which)
{
	return p->texts[which].text.len == 0;
}

// --- what an element is ---

static bool name_in(const char *name, const char *const *list)
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

static const char *attribute_find(const xmlChar **list, const char *name)
{
	for (; list != NULL && list[0] != NULL; list += 2)
		if (strcasecmp((const char *)list[0], name) == 0)
			return list[1] != NULL ? (const char *)list[1] : "";
	return NULL;
}

static bool element_hides(const char *name, const xmlChar **list)
{
	if (name_in(name, never_text))
		return true;
	// The page as a whole is never hidden: some hide <body> until a script has run.
	if (strcasecmp(name, "html") == 0 || strcasecmp(name, "body") == 0 || strcasecmp(name, "main") == 0)
		return false;
	const char *aria = attribute_find(list, "aria-hidden"), *role = attribute_find(list, "role"),
		   *style = attribute_find(list, "style");
	if (attribute_find(list, "hidden") != NULL || (aria != NULL && strcasecmp(aria, "true") == 0) ||
	    (role != NULL && name_in(role, hidden_roles)))
		return true;
	const char *display = style != NULL ? strcasestr(style, "display") : NULL;
	const char *visibility = style != NULL ? strcasestr(style, "visibility") : NULL;
	if ((display != NULL && strcasestr(display, "none") != NULL) || (visibility != NULL && strcasestr(visibility, "hidden") != NULL))
		return true;
	const char *id = attribute_find(list, "id"), *class = attribute_find(list, "class");
	for (const char *const *b = banners; *b != NULL; b++)
		if ((id != NULL && strcasestr(id, *b) != NULL) || (class != NULL && strcasestr(class, *b) != NULL))
			return true;
	return false;
}

// --- events ---

static void meta_read(struct page *p, const xmlChar **list)
{
	static const struct {
		const char *name;
		enum page_text to;
	} rows[] = {
	    {"description", DESCRIPTION}, {"og:description", SUMMARY},       {"twitter:description", SUMMARY}, {"og:title", OG_TITLE},
	    {"og:site_name", SITE_NAME},  {"application-name", APPLICATION}, {"content-language", LANGUAGE},   {"og:locale", LANGUAGE},
	};
	static const char *const names[] = {"name", "property", "http-equiv"};
	const char *name = NULL, *content = attribute_find(list, "content");
	for (size_t i = 0; name == NULL && i < ARRAY_LEN(names); i++)
		name = attribute_find(list, names[i]);
	if (name == NULL || content == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcasecmp(name, rows[i].name) == 0 && text_empty(p, rows[i].to))
			running_text_add(&p->texts[rows[i].to], content, strlen(content));
	if (strcasecmp(name, "theme-color") == 0 || strcasecmp(name, "msapplication-tilecolor") == 0)
		colour_value(&p->colours, content, true);
}

static void block_break(struct page *p)
{
	p->texts[TEXT].pending = p->texts[MAIN].pending = '\n';
	if (p->into == INTO_HEADING && p->headings_count < HEADINGS_MAX)
		running_text_add(&p->texts[HEADINGS + p->headings_count], " ", 1);
}

static void start_element(void *context, const xmlChar *xml_name, const xmlChar **list)
{
	static const char *const colour_names[] = {"bgcolor", "color", "fill", NULL};
	struct page *p = context;
	const char *name = (const char *)xml_name, *language = attribute_find(list, "lang"), *role = attribute_find(list, "role");
	enum into into = INTO_TEXT;
	p->depth++;
	p->elements = true;
	for (const xmlChar **a = list; a != NULL && a[0] != NULL; a += 2) { // colours count wherever they stand, hidden or not
		const char *value = (const char *)a[1];
		if (value != NULL && strcasecmp((const char *)a[0], "style") == 0)
			colour_css(&p->colours, value, strlen(value));
		else if (value != NULL && name_in((const char *)a[0], colour_names))
			colour_value(&p->colours, value, false);
	}
	if (strcasecmp(name, "meta") == 0)
		meta_read(p, list);
	if (strcasecmp(name, "html") == 0 && language != NULL && text_empty(p, LANGUAGE))
		running_text_add(&p->texts[LANGUAGE], language, strlen(language));
	if (name_in(name, blocks))
		block_break(p);
	if (strcasecmp(name, "style") == 0 && p->into == INTO_TEXT)
		into = INTO_STYLE;
	if (p->hidden == 0 && element_hides(name, list)) {
		p->hidden = p->depth;
	} else if (p->hidden == 0) {
		bool main =
		    strcasecmp(name, "main") == 0 || strcasecmp(name, "article") == 0 || (role != NULL && strcasecmp(role, "main") == 0);
		if (main && p->inside_main == 0)
			p->inside_main = p->depth;
		if (strcasecmp(name, "title") == 0 && !p->titled)
			into = INTO_TITLE;
		else if (name_in(name, headings) && p->into == INTO_TEXT)
			into = INTO_HEADING;
	}
	if (into != INTO_TEXT) {
		p->into = into;
		p->into_depth = p->depth;
	}
}

// A heading that was there already counts once.
static void heading_end(struct page *p)
{
	struct running_text *last = &p->texts[HEADINGS + p->headings_count];
	if (p->headings_count >= HEADINGS_MAX || last->text.len == 0)
		return;
	for (struct running_text *t = &p->texts[HEADINGS]; t < last; t++)
		if (strcmp(buf_text(&t->text), buf_text(&last->text)) == 0) {
			buf_reset(&last->text);
			last->pending = 0;
			last->full = false;
			return;
		}
	p->headings_count++;
}

static void end_element(void *context, const xmlChar *xml_name)
{
	struct page *p = context;
	if (p->into_depth == p->depth) {
		if (p->into == INTO_HEADING)
			heading_end(p);
		if (p->into == INTO_STYLE) {
			colour_css(&p->colours, buf_text(&p->css), p->css.len);
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
	if (name_in((const char *)xml_name, blocks))
		block_break(p);
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
		running_text_add(&p->texts[TITLE], s, len);
		return;
	}
	if (p->into == INTO_HEADING && p->headings_count < HEADINGS_MAX)
		running_text_add(&p->texts[HEADINGS + p->headings_count], s, len);
	running_text_add(&p->texts[TEXT], s, len);
	if (p->inside_main)
		running_text_add(&p->texts[MAIN], s, len);
}

// --- the whole ---

static const char *text_or(const struct page *p, enum page_text which, enum page_text otherwise)
{
	return buf_text(&p->texts[text_empty(p, which) ? otherwise : which].text);
}

static cJSON *page_facts(const struct page *p)
{
	cJSON *head = cJSON_CreateObject(), *list, *colours;
	char best[COLOURS_MAX][COLOUR_TEXT], language[LANGUAGE_MAX + 1];
	size_t count = colour_best(&p->colours, best), n = 0;
	// "de_DE" and "de-DE, en" become "de-DE" and "de-DE"; what is no language tag becomes "".
	for (const char *s = buf_text(&p->texts[LANGUAGE].text); n < LANGUAGE_MAX && (isalnum((unsigned char)*s) || *s == '-' || *s == '_');
	     s++)
		language[n++] = *s == '_' ? '-' : *s;
	language[n >= 2 && isalpha((unsigned char)language[0]) && isalpha((unsigned char)language[1]) ? n : 0] = '\0';
	bool ok =
	    cJSON_AddStringToObject(head, "title", text_or(p, TITLE, OG_TITLE)) != NULL &&
	    cJSON_AddStringToObject(head, "description", text_or(p, DESCRIPTION, SUMMARY)) != NULL &&
	    cJSON_AddStringToObject(head, "language", language) != NULL &&
	    cJSON_AddStringToObject(head, "site_name", text_or(p, SITE_NAME, APPLICATION)) != NULL &&
	    cJSON_AddStringToObject(head, "text", buf_text(&p->texts[p->texts[MAIN].text.len >= MAIN_ENOUGH ? MAIN : TEXT].text)) != NULL &&
	    (list = cJSON_AddArrayToObject(head, "headings")) != NULL && (colours = cJSON_AddArrayToObject(head, "colours")) != NULL;
	for (size_t i = 0; ok && i < p->headings_count; i++)
		ok = cJSON_AddItemToArray(list, cJSON_CreateString(buf_text(&p->texts[HEADINGS + i].text)));
	for (size_t i = 0; ok && i < count; i++)
		ok = cJSON_AddItemToArray(colours, cJSON_CreateString(best[i]));
	if (!ok)
		json_free(&head);
	return head;
}

static xmlParserInputPtr no_entity(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
	(void)url, (void)id, (void)ctxt;
	return NULL;
}

void page_prepare(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(no_entity);
	encoding_prepare();
}

// 0, or -1 when memory is gone.
static int html_parse(struct page *p, const char *utf8, size_t len)
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

// By what HTTP says, and by the first bytes of files that are served as HTML by mistake.
static bool page_is_html(const char *type, const char *s, size_t len)
{
	static const char *const magic[] = {"%PDF-", "\x89PNG", "\xff\xd8\xff", "GIF8", "PK\x03\x04", "\x1f\x8b", "RIFF", "\177ELF", NULL};
	if (type != NULL && *type && strncasecmp(type, "text/html", 9) != 0 && strncasecmp(type, "application/xhtml+xml", 21) != 0)
		return false;
	for (const char *const *m = magic; *m != NULL; m++)
		if (len >= strlen(*m) && memcmp(s, *m, strlen(*m)) == 0)
			return false;
	return true;
}

static cJSON *page_fail(const char **code, const char *why, struct err *e, enum err_code which, const char *text)
{
	*code = why;
	err_set(e, which, "%s", text);
	return NULL;
}

cJSON *page_read(const char *bytes, size_t len, const char *type, const char **code, struct err *e)
{
	static struct page p; // too large for a small stack
	if (!page_is_html(type, bytes, len))
		return page_fail(code, "not-html", e, ERR_INPUT,
				 "The address does not lead to a web page (HTML). Give the address of a page, or describe the business.");
	if (len == 0)
		return page_fail(code, "empty-page", e, ERR_INPUT,
				 "The page is empty. Give another address, or describe the business instead.");
	BUF_AUTO_WIPE struct buf utf8 = BUF_INIT(PAGE_BYTES_MAX);
	encoding_to_utf8(&utf8, bytes, len, type); // -1: full; what fits is read
	p = (struct page){.css = BUF_INIT(CSS_MAX)};
	for (size_t i = 0; i < PAGE_TEXTS; i++)
		p.texts[i] = RUNNING_TEXT_INIT(i < HEADINGS ? text_max[i] : HEADING_MAX);
	cJSON *head = NULL;
	if (utf8.len > 0 && html_parse(&p, utf8.data, utf8.len) != 0)
		page_fail(code, "too-costly", e, ERR_MEMORY, "The page is too complex to read. Describe the business instead.");
	else if (!p.elements || (text_empty(&p, TITLE) && text_empty(&p, OG_TITLE) && text_empty(&p, DESCRIPTION) &&
				 text_empty(&p, SUMMARY) && text_empty(&p, TEXT) && p.headings_count == 0))
		page_fail(code, p.elements ? "unreadable" : "not-html", e, ERR_INPUT,
			  "The page has no text that can be read (it may need a script to show it). Describe the business instead.");
	else if ((head = page_facts(&p)) == NULL)
		page_fail(code, "too-costly", e, ERR_MEMORY, "no memory for what the page says");
	for (size_t i = 0; i < PAGE_TEXTS; i++)
		buf_wipe(&p.texts[i].text);
	buf_wipe(&p.css);
	return head;
}
