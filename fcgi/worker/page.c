// SPDX-License-Identifier: ISC
// Two walks over the tree: the first takes what the page says to machines, its style sheets and colours; the second its words, as far as a
// browser would show them.
#include "fcgi/worker/page.h"
#include "fcgi/ipc/page_type.h"
#include "fcgi/ipc/refresh.h"
#include "fcgi/worker/colour.h"
#include "fcgi/worker/css.h"
#include "fcgi/worker/encoding.h"
#include "fcgi/worker/html.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <ctype.h>
#include <glib.h>
#include <string.h>
#include <strings.h>

enum {
	LANGUAGE_MAX = 35, // RFC 5646
	HEADING_MAX = 200,
	HEADINGS_MAX = 12,
	MAIN_ENOUGH = 200, // a <main> with less is not the page's text
	LEVELS_MAX = 1024, // what is nested deeper shares the last level
	BANNER_MAX = 4000, // bytes of a consent banner's words: what holds more is the page
	SNIFFED = 512,
};

// Running text with a ceiling: white space collapses as it is added, invisible and direction-changing characters go, and what is over the
// ceiling is cut off at a whole character.
struct running_text {
	struct buf text;
	char pending;    // the separator before the next word: 0, ' ' or '\n' (set it for a new line)
	uint32_t last;   // the character that was added last
	uint32_t joiner; // an invisible character that stays if the next one is of its script; 0: none
	bool full;
	size_t offered; // bytes of words, also above the ceiling
};
#define RUNNING_TEXT_INIT(ceiling) ((struct running_text){.text = BUF_INIT(ceiling)})

static bool is_white(uint32_t c)
{
	return c <= ' ' || (c >= 0xa0 && g_unichar_isspace(c) != 0);
}

// Characters that show nothing or turn the direction of what follows: they only hide things from the reader.
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

static bool code_between(uint32_t c, const uint32_t (*ranges)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

// Whether an invisible character between two others is part of how a word or a symbol is written: joiners in scripts whose letters join and
// in emoji, the space of no width in scripts without spaces, flags of regions, variants of ideographs.
static bool joiner_spells(uint32_t before, uint32_t joiner, uint32_t after)
{
	static const uint32_t joining[][2] = {{0x0600, 0x08ff}, {0x0900, 0x0dff}, {0x0f00, 0x109f}, {0x1780, 0x18af},   {0x1900, 0x1cff},
					      {0xa800, 0xabff}, {0xfb50, 0xfdff}, {0xfe70, 0xfefc}, {0x10a00, 0x11fff}, {0x1e900, 0x1e95f}};
	static const uint32_t spaceless[][2] = {{0x0e00, 0x0fff}, {0x1000, 0x109f}, {0x1780, 0x17ff}, {0x1950, 0x19ff}, {0xa9e0, 0xaa7f}};
	static const uint32_t emoji[][2] = {{0x203c, 0x3299}, {0xfe0f, 0xfe0f}, {0x1f000, 0x1faff}};
	static const uint32_t han[][2] = {{0x3400, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3ffff}};
#define CODE_IN(c, ranges) code_between(c, ranges, ARRAY_LEN(ranges))
	if (joiner == 0x200c || joiner == 0x200d)
		return (CODE_IN(before, joining) && CODE_IN(after, joining)) ||
		       (joiner == 0x200d && CODE_IN(before, emoji) && CODE_IN(after, emoji));
	if (joiner == 0x200b)
		return CODE_IN(before, spaceless) && CODE_IN(after, spaceless);
	if (joiner == 0x180e)
		return CODE_IN(before, joining);
	if (joiner >= 0xe0100 && joiner <= 0xe01ef)
		return CODE_IN(before, han);
	return joiner >= 0xe0020 && joiner <= 0xe007f && (before == 0x1f3f4 || (before >= 0xe0020 && before <= 0xe007e));
}

static void running_text_put(struct running_text *t, const char *bytes, size_t n, uint32_t c)
{
	size_t gap = t->pending && t->text.len > 0;
	t->full = t->full || t->text.len + gap + n > t->text.max;
	if (t->full)
		return;
	if (gap)
		buf_addc(&t->text, t->pending);
	t->pending = 0;
	t->last = c;
	buf_add(&t->text, bytes, n);
}

// Adds valid UTF-8. A new piece continues the last word unless white space stands between.
static void running_text_add(struct running_text *t, const char *utf8, size_t len)
{
	char joiner[4];
	size_t joiner_len = 0;
	t->joiner = 0;
	for (size_t i = 0, n; i < len; i += n) {
		n = (size_t)(g_utf8_next_char(utf8 + i) - (utf8 + i));
		if (n > len - i)
			break; // the parser hands over whole characters; anything else is dropped
		uint32_t c = n == 1 ? (uint32_t)utf8[i] : g_utf8_get_char(utf8 + i);
		if (is_white(c)) {
			t->pending = t->pending ? t->pending : ' ';
			t->joiner = 0;
		} else if (is_invisible(c)) {
			// What only follows (a tag of a flag, a variant) is written at once, what stands between two when the second is there.
			if (c >= 0xe0000 || c == 0x180e) {
				if (t->pending == 0 && joiner_spells(t->last, c, 0))
					running_text_put(t, utf8 + i, n, c);
			} else {
				t->joiner = c;
				memcpy(joiner, utf8 + i, n);
				joiner_len = n;
			}
		} else {
			if (t->joiner != 0 && t->pending == 0 && joiner_spells(t->last, t->joiner, c))
				running_text_put(t, joiner, joiner_len, t->joiner);
			t->joiner = 0;
			t->offered += n;
			running_text_put(t, utf8 + i, n, c);
		}
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
	TEXT,    // without what surrounds the page's text: menus, footers, buttons
	MAIN,    // <main>
	ARTICLE, // all <article>
	ALL,
	HEADINGS,
	PAGE_TEXTS = HEADINGS + HEADINGS_MAX
};
static const size_t text_max[HEADINGS] = {[TITLE] = 300,     [OG_TITLE] = 300,     [DESCRIPTION] = 1000,      [SUMMARY] = 1000,
					  [SITE_NAME] = 120, [APPLICATION] = 120,  [LANGUAGE] = LANGUAGE_MAX, [TEXT] = 6 * 1024,
					  [MAIN] = 6 * 1024, [ARTICLE] = 6 * 1024, [ALL] = 6 * 1024};

// What holds at one depth of the second walk.
struct level {
	bool unseen, around, main, article, flex, heading, block;
};

struct page {
	struct running_text texts[PAGE_TEXTS];
	size_t headings_count;
	struct colours colours;
	struct css *css;
	struct level levels[LEVELS_MAX];
	char refresh[URL_BYTES_MAX + 1];
	double refresh_after; // seconds; < 0: the page sends nobody on
	bool titled, elements, scripts, frames, pictures, hides;
};

static bool text_empty(const struct page *p, enum page_text which)
{
	return p->texts[which].text.len == 0;
}

static void text_of(struct page *p, enum page_text which, const char *s)
{
	if (s != NULL && text_empty(p, which))
		running_text_add(&p->texts[which], s, strlen(s));
}

// ---- what an element is ----

static bool tag_in(GumboTag tag, const GumboTag *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == tag)
			return true;
	return false;
}
#define TAG_IN(tag, list) tag_in(tag, list, ARRAY_LEN(list))

static const GumboTag never_shown[] = {
    GUMBO_TAG_HEAD,   GUMBO_TAG_SCRIPT,   GUMBO_TAG_STYLE, GUMBO_TAG_TITLE,    GUMBO_TAG_RP,     GUMBO_TAG_NOEMBED,  GUMBO_TAG_NOFRAMES,
    GUMBO_TAG_IFRAME, GUMBO_TAG_EMBED,    GUMBO_TAG_VIDEO, GUMBO_TAG_AUDIO,    GUMBO_TAG_CANVAS, GUMBO_TAG_TEXTAREA, GUMBO_TAG_SVG,
    GUMBO_TAG_MATH,   GUMBO_TAG_DATALIST, GUMBO_TAG_MAP,   GUMBO_TAG_PROGRESS, GUMBO_TAG_METER,  GUMBO_TAG_FRAMESET, GUMBO_TAG_AREA};
static const GumboTag around_text[] = {GUMBO_TAG_NAV, GUMBO_TAG_FOOTER, GUMBO_TAG_ASIDE, GUMBO_TAG_SELECT};
static const GumboTag block_tags[] = {
    GUMBO_TAG_ADDRESS, GUMBO_TAG_ARTICLE,  GUMBO_TAG_ASIDE,      GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_BODY,   GUMBO_TAG_BR,
    GUMBO_TAG_CENTER,  GUMBO_TAG_DD,       GUMBO_TAG_DETAILS,    GUMBO_TAG_DIR,        GUMBO_TAG_DIV,    GUMBO_TAG_DL,
    GUMBO_TAG_DT,      GUMBO_TAG_FIELDSET, GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FIGURE,     GUMBO_TAG_FOOTER, GUMBO_TAG_FORM,
    GUMBO_TAG_H1,      GUMBO_TAG_H2,       GUMBO_TAG_H3,         GUMBO_TAG_H4,         GUMBO_TAG_H5,     GUMBO_TAG_H6,
    GUMBO_TAG_HEADER,  GUMBO_TAG_HGROUP,   GUMBO_TAG_HR,         GUMBO_TAG_LEGEND,     GUMBO_TAG_LI,     GUMBO_TAG_MAIN,
    GUMBO_TAG_MENU,    GUMBO_TAG_NAV,      GUMBO_TAG_OL,         GUMBO_TAG_P,          GUMBO_TAG_PRE,    GUMBO_TAG_SECTION,
    GUMBO_TAG_SUMMARY, GUMBO_TAG_TABLE,    GUMBO_TAG_CAPTION,    GUMBO_TAG_TD,         GUMBO_TAG_TH,     GUMBO_TAG_TR,
    GUMBO_TAG_UL,      GUMBO_TAG_OPTION,   GUMBO_TAG_OPTGROUP,   GUMBO_TAG_LISTING,    GUMBO_TAG_XMP,    GUMBO_TAG_PLAINTEXT,
};
static const GumboTag heading_tags[] = {GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3};

// Whether one name of an element, such as "cookie-banner" or "onetrust-consent-sdk", is a consent banner's. It is taken apart into words,
// also at capital letters: one must say what it is about and another what it is, which "cookies" or "cookie-shop" do not.
static bool name_of_banner(const char *s, size_t len)
{
	static const char *const makers[] = {
	    "onetrust-",   "ot-sdk-",   "cybotcookiebot", "usercentrics", "uc-banner",     "cmplz-cookiebanner",
	    "borlabs",     "didomi-",   "qc-cmp2-",       "truste",       "iubenda-cs-",   "osano-cm-",
	    "cky-consent", "klaro",     "cookiefirst",    "moove_gdpr",   "tarteaucitron", "sp_message_container",
	    "cc-window",   "cc-banner", "cookieconsent",  "cookiebanner", "cookiebar",     "cookienotice"};
	static const char about[] = "cookie cookies consent gdpr dsgvo ccpa rgpd";
	static const char what[] =
	    "banner bar notice popup modal dialog overlay message alert law hint hinweis wall layer toast disclaimer manager "
	    "settings preferences consent box policy container bandeau aviso";
	static const char denied[] = "no not has with without js";
	bool is_about = false, is_what = false;
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		if (len >= strlen(makers[i]) && strncasecmp(s, makers[i], strlen(makers[i])) == 0)
			return true;
	for (size_t at = 0, end; at < len; at = end) {
		end = at + 1;
		if (!isalnum((unsigned char)s[at]))
			continue;
		while (end < len && isalnum((unsigned char)s[end]) &&
		       !(isupper((unsigned char)s[end]) && islower((unsigned char)s[end - 1])))
			end++;
		if (text_among(denied, s + at, end - at))
			return false;
		if (!is_about && text_among(about, s + at, end - at))
			is_about = true;
		else
			is_what = is_what || text_among(what, s + at, end - at);
	}
	return is_about && is_what;
}

static bool node_is_text(const GumboNode *n)
{
	return n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA || n->type == GUMBO_NODE_WHITESPACE;
}

// A banner has names of one, few words, and no part that only pages have.
static bool is_banner(const GumboNode *element)
{
	static const char *const names[] = {"id", "class"};
	static const GumboTag of_pages[] = {GUMBO_TAG_MAIN, GUMBO_TAG_H1, GUMBO_TAG_ARTICLE};
	bool named = false;
	const char *word;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *list = html_attribute(element, names[i]);
		for (size_t len; !named && (len = html_word(&list, &word)) > 0;)
			named = name_of_banner(word, len);
	}
	size_t bytes = 0;
	for (const GumboNode *n = element; named && n != NULL; n = html_next(n, element, true)) {
		bytes += n->type == GUMBO_NODE_TEXT ? strlen(n->v.text.text) : 0;
		named = bytes <= BANNER_MAX && (n->type != GUMBO_NODE_ELEMENT || !TAG_IN(n->v.element.tag, of_pages));
	}
	return named;
}

// ---- the first walk: what the page says to machines ----

static void meta_read(struct page *p, const GumboNode *element)
{
	static const struct {
		const char *name;
		enum page_text to;
	} rows[] = {
	    {"description", DESCRIPTION}, {"og:description", SUMMARY},       {"twitter:description", SUMMARY}, {"og:title", OG_TITLE},
	    {"og:site_name", SITE_NAME},  {"application-name", APPLICATION}, {"content-language", LANGUAGE},   {"og:locale", LANGUAGE},
	};
	static const char *const names[] = {"name", "property", "http-equiv"};
	const char *content = html_attribute(element, "content"), *pragma = html_attribute(element, "http-equiv");
	for (size_t n = 0; content != NULL && n < ARRAY_LEN(names); n++) {
		const char *name = html_attribute(element, names[n]);
		for (size_t i = 0; name != NULL && i < ARRAY_LEN(rows); i++)
			if (strcasecmp(name, rows[i].name) == 0)
				text_of(p, rows[i].to, content);
		if (name != NULL && (strcasecmp(name, "theme-color") == 0 || strcasecmp(name, "msapplication-tilecolor") == 0))
			colour_value(&p->colours, content, true);
	}
	if (pragma != NULL && content != NULL && strcasecmp(pragma, "refresh") == 0 && p->refresh_after < 0) {
		p->refresh_after = refresh_read(content, p->refresh, sizeof p->refresh);
		if (*p->refresh == '\0') // to itself
			p->refresh_after = -1;
	}
}

static void machines_element(struct page *p, const GumboNode *n)
{
	static const char *const colour_names[] = {"bgcolor", "color", "fill"};
	GumboTag tag = n->v.element.tag;
	bool html = n->v.element.tag_namespace == GUMBO_NAMESPACE_HTML;
	const char *style = html_attribute(n, "style");
	p->elements = p->elements || n->v.element.original_tag.length > 0;
	if (style != NULL)
		colour_css(&p->colours, style, strlen(style));
	for (size_t i = 0; i < ARRAY_LEN(colour_names); i++) {
		const char *value = html_attribute(n, colour_names[i]);
		if (value != NULL)
			colour_value(&p->colours, value, false);
	}
	p->scripts = p->scripts || tag == GUMBO_TAG_SCRIPT;
	p->frames = p->frames || tag == GUMBO_TAG_FRAME || tag == GUMBO_TAG_IFRAME;
	p->pictures = p->pictures || tag == GUMBO_TAG_IMG || tag == GUMBO_TAG_SVG || tag == GUMBO_TAG_CANVAS || tag == GUMBO_TAG_VIDEO ||
		      tag == GUMBO_TAG_OBJECT || tag == GUMBO_TAG_EMBED;
	if (tag == GUMBO_TAG_META && html)
		meta_read(p, n);
	else if (tag == GUMBO_TAG_HTML)
		text_of(p, LANGUAGE, html_attribute(n, "lang"));
	bool title = tag == GUMBO_TAG_TITLE && html && !p->titled;
	p->titled = p->titled || title;
	for (unsigned i = 0; (title || tag == GUMBO_TAG_STYLE) && i < html_children(n)->length; i++) {
		const GumboNode *child = html_children(n)->data[i];
		const char *text = node_is_text(child) ? child->v.text.text : "", *type = html_attribute(n, "type");
		if (title) {
			running_text_add(&p->texts[TITLE], text, strlen(text));
			continue;
		}
		colour_css(&p->colours, text, strlen(text));
		if (type == NULL || *type == '\0' || strcasecmp(type, "text/css") == 0)
			css_sheet(p->css, text, strlen(text), html_attribute(n, "media"));
	}
}

// ---- the second walk: what is shown ----

static void block_break(struct page *p, const struct level *l)
{
	for (enum page_text t = TEXT; t <= ALL; t++)
		p->texts[t].pending = '\n';
	if (l->heading && p->headings_count < HEADINGS_MAX)
		running_text_add(&p->texts[HEADINGS + p->headings_count], " ", 1);
}

// Whether the page, or the browser by itself, does not show the element; what it decides for those inside goes into *l, which begins as the
// outer one's.
static bool element_enter(struct page *p, const GumboNode *n, struct level *l)
{
	static const char roles[] = "navigation search dialog alertdialog contentinfo complementary menu menubar";
	const GumboElement *e = &n->v.element;
	const GumboNode *outer = n->parent;
	const char *role = html_attribute(n, "role"), *hidden = html_attribute(n, "hidden");
	// The page as a whole is never hidden: some hide <body> until a script has run.
	bool whole = e->tag == GUMBO_TAG_HTML || e->tag == GUMBO_TAG_BODY, in_flex = l->flex;
	if (TAG_IN(e->tag, never_shown))
		return false;
	char name[64];
	bool dialog = strcasecmp(html_name(n, name), "dialog") == 0;
	struct css_look look = css_look_of(p->css, n);
	bool until_found = hidden != NULL && strcasecmp(hidden, "until-found") == 0;
	bool none = look.display == CSS_DISPLAY_NONE || (hidden != NULL && (look.display == CSS_DISPLAY_UNSET || until_found));
	none = none || (dialog && html_attribute(n, "open") == NULL && look.display == CSS_DISPLAY_UNSET);
	if (none && !whole) {
		p->hides = true;
		return false;
	}
	// <details> shows its first <summary> alone, unless it is open.
	if (outer->type == GUMBO_NODE_ELEMENT && outer->v.element.tag == GUMBO_TAG_DETAILS && html_attribute(outer, "open") == NULL) {
		const GumboNode *first = NULL;
		for (unsigned i = 0; first == NULL && i < html_children(outer)->length; i++) {
			const GumboNode *child = html_children(outer)->data[i];
			first = child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == GUMBO_TAG_SUMMARY ? child : NULL;
		}
		if (n != first)
			return false;
	}
	if (!whole && is_banner(n))
		return false;
	if (look.visibility != CSS_VISIBILITY_UNSET && !whole)
		l->unseen = look.visibility == CSS_HIDDEN;
	bool main = e->tag == GUMBO_TAG_MAIN || (role != NULL && strcasecmp(role, "main") == 0);
	l->around = l->around || TAG_IN(e->tag, around_text) || dialog ||
		    (e->tag == GUMBO_TAG_BUTTON && !l->heading && outer->v.element.tag != GUMBO_TAG_SUMMARY) ||
		    (role != NULL && !main && !whole && text_among(roles, role, strlen(role)));
	l->main = l->main || main;
	l->article = l->article || e->tag == GUMBO_TAG_ARTICLE;
	l->flex = look.display == CSS_DISPLAY_FLEX;
	l->block = in_flex || look.apart || look.display == CSS_DISPLAY_BLOCK || l->flex ||
		   (look.display == CSS_DISPLAY_UNSET && (dialog || TAG_IN(e->tag, block_tags))) || whole;
	if (l->block && !l->unseen)
		block_break(p, l);
	l->heading = l->heading || (TAG_IN(e->tag, heading_tags) && !l->unseen && !l->around);
	return true;
}

// `outer`: what holds around the element.
static void element_leave(struct page *p, const struct level *l, const struct level *outer)
{
	struct running_text *last = &p->texts[HEADINGS + p->headings_count], *same = &p->texts[HEADINGS];
	if (l->heading && !outer->heading && p->headings_count < HEADINGS_MAX && last->text.len > 0) {
		while (same < last && strcmp(buf_text(&same->text), buf_text(&last->text)) != 0)
			same++;
		if (same == last) {
			p->headings_count++;
		} else { // one that was there already counts once
			buf_reset(&last->text);
			last->pending = 0;
			last->full = false;
		}
	}
	if (l->block && !l->unseen)
		block_break(p, outer);
}

static void text_shown(struct page *p, const GumboNode *n, const struct level *l)
{
	const char *s = n->v.text.text;
	size_t len = strlen(s);
	if (n->parent->type == GUMBO_NODE_ELEMENT && n->parent->v.element.tag == GUMBO_TAG_DETAILS &&
	    html_attribute(n->parent, "open") == NULL)
		return;
	if (l->unseen) {
		p->hides = p->hides || n->type == GUMBO_NODE_TEXT;
		return;
	}
	running_text_add(&p->texts[ALL], s, len);
	if (l->around)
		return;
	if (l->heading && p->headings_count < HEADINGS_MAX)
		running_text_add(&p->texts[HEADINGS + p->headings_count], s, len);
	running_text_add(&p->texts[TEXT], s, len);
	if (l->main)
		running_text_add(&p->texts[MAIN], s, len);
	if (l->article)
		running_text_add(&p->texts[ARTICLE], s, len);
}

static void shown_read(struct page *p, const GumboNode *root)
{
	size_t depth = 1;
#define LEVEL(d) (&p->levels[(d) < LEVELS_MAX ? (d) : LEVELS_MAX - 1])
	p->levels[0] = (struct level){0};
	for (const GumboNode *n = root; n != NULL;) {
		bool entered = false;
		if (node_is_text(n)) {
			text_shown(p, n, LEVEL(depth - 1));
		} else if (n->type == GUMBO_NODE_ELEMENT) {
			struct level inner = *LEVEL(depth - 1);
			inner.block = false;
			entered = element_enter(p, n, &inner);
			if (entered && html_children(n)->length > 0) {
				*LEVEL(depth) = inner;
				depth++;
				n = html_children(n)->data[0];
				continue;
			}
			if (entered)
				element_leave(p, &inner, LEVEL(depth - 1));
		}
		for (const GumboNode *next = NULL; next == NULL; n = next != NULL ? next : n->parent) {
			if (n == root)
				return;
			const GumboVector *siblings = html_children(n->parent);
			if (n->index_within_parent + 1 < siblings->length) {
				next = siblings->data[n->index_within_parent + 1];
			} else {
				depth--;
				element_leave(p, LEVEL(depth), LEVEL(depth - 1));
			}
		}
	}
}

// ---- the whole ----

static const char *text_or(const struct page *p, enum page_text which, enum page_text otherwise)
{
	return buf_text(&p->texts[text_empty(p, which) ? otherwise : which].text);
}

static cJSON *page_facts(const struct page *p)
{
	cJSON *head = cJSON_CreateObject(), *list, *colours;
	char best[COLOURS_MAX][COLOUR_TEXT], language[LANGUAGE_MAX + 1];
	size_t count = colour_best(&p->colours, best), n = 0;
	// <main>, or articles that are most of the page, or what is not around the text; a page of nothing but menus is better than none.
	const struct running_text *main = &p->texts[MAIN], *article = &p->texts[ARTICLE];
	bool articles = article->text.len >= MAIN_ENOUGH && article->offered * 2 >= p->texts[TEXT].offered;
	enum page_text best_text = main->text.len >= MAIN_ENOUGH ? MAIN : articles ? ARTICLE : TEXT;
	// "de_DE" and "de-DE, en" become "de-DE" and "de-DE"; what is no language tag becomes "".
	for (const char *s = buf_text(&p->texts[LANGUAGE].text); n < LANGUAGE_MAX && (isalnum((unsigned char)*s) || *s == '-' || *s == '_');
	     s++)
		language[n++] = *s == '_' ? '-' : *s;
	language[n >= 2 && isalpha((unsigned char)language[0]) && isalpha((unsigned char)language[1]) ? n : 0] = '\0';
	bool ok = json_put_texts(head, JSON_TEXTS({"title", text_or(p, TITLE, OG_TITLE)}, {"description", text_or(p, DESCRIPTION, SUMMARY)},
						  {"language", language}, {"site_name", text_or(p, SITE_NAME, APPLICATION)},
						  {"text", text_or(p, best_text, ALL)},
						  {"refresh", p->refresh_after >= 0 ? p->refresh : NULL})) &&
		  (list = cJSON_AddArrayToObject(head, "headings")) != NULL && (colours = cJSON_AddArrayToObject(head, "colours")) != NULL;
	for (size_t i = 0; ok && i < p->headings_count; i++)
		ok = cJSON_AddItemToArray(list, cJSON_CreateString(buf_text(&p->texts[HEADINGS + i].text)));
	for (size_t i = 0; ok && i < count; i++)
		ok = cJSON_AddItemToArray(colours, cJSON_CreateString(best[i]));
	if (!ok)
		json_free(&head);
	return head;
}

int page_prepare(struct err *e)
{
	return encoding_prepare(e);
}

// By the first bytes of files that are served as something else by mistake.
static bool bytes_are_no_page(const char *s, size_t len, bool declared)
{
	static const struct {
		const char *bytes;
		size_t at, len;
	} magic[] = {
	    {"%PDF-", 0, 5}, {"\x89PNG", 0, 4}, {"\xff\xd8\xff", 0, 3}, {"GIF8", 0, 4}, {"PK\x03\x04", 0, 4}, {"\x1f\x8b", 0, 2},
	    {"RIFF", 0, 4},  {"\177ELF", 0, 4}, {"ftyp", 4, 4},         {"OggS", 0, 4}, {"ID3", 0, 3},        {"7z\xbc\xaf", 0, 4},
	    {"Rar!", 0, 4},  {"wOFF", 0, 4},    {"wOF2", 0, 4},         {"%!PS", 0, 4}, {"\0\0\1\0", 0, 4},   {"\x1a\x45\xdf\xa3", 0, 4}};
	for (size_t i = 0; i < ARRAY_LEN(magic); i++)
		if (len >= magic[i].at + magic[i].len && memcmp(s + magic[i].at, magic[i].bytes, magic[i].len) == 0)
			return true;
	bool wide =
	    len >= 2 && ((s[0] == '\xff' && s[1] == '\xfe') || (s[0] == '\xfe' && s[1] == '\xff') || s[0] == 0 || s[1] == 0); // UTF-16
	for (size_t i = 0; !declared && !wide && i < len && i < SNIFFED; i++)
		if ((unsigned char)s[i] < ' ' && strchr("\t\n\r\f\x1b", s[i]) == NULL)
			return true;
	return false;
}

static cJSON *page_fail(const char *why, const char **code, struct err *e)
{
	static const struct {
		const char *code, *text;
	} rows[] = {
	    {"not-html", "The address does not lead to a web page (HTML)."},
	    {"too-costly", "The page is too complex to read."},
	    {"frames", "The page shows other pages in frames, and has no text of its own."},
	    {"hidden", "The page's own styles hide all of its text."},
	    {"unreadable", "The page has no text of its own: a script would have to add it."},
	    {"pictures", "The page consists of pictures, without text."},
	    {"empty-page", "The page is empty."},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].code, why) == 0)
			err_set(e, strcmp(why, "too-costly") == 0 ? ERR_MEMORY : ERR_INPUT, "%s", rows[i].text);
	*code = why;
	return NULL;
}

cJSON *page_read(const char *bytes, size_t len, const char *type, const char **code, struct err *e)
{
	static struct page p; // too large for a small stack
	enum page_type kind = page_type_of(type);
	if (kind == PAGE_NONE || bytes_are_no_page(bytes, len, kind != PAGE_UNDECLARED))
		return page_fail("not-html", code, e);
	BUF_AUTO_WIPE struct buf utf8 = BUF_INIT(PAGE_BYTES_MAX);
	encoding_to_utf8(&utf8, bytes, len, type); // -1: full; what fits is read
	if (kind == PAGE_XML &&
	    (utf8.len == 0 || memmem(utf8.data, utf8.len < 2048 ? utf8.len : 2048, "http://www.w3.org/1999/xhtml", 28) == NULL))
		return page_fail("not-html", code, e);
	if (utf8.data == NULL)
		buf_adds(&utf8, "");
	HTML_AUTO struct html html;
	html_hide_noscript(utf8.data, utf8.len);
	if (html_parse(&html, utf8.data, utf8.len, kind == PAGE_XHTML || kind == PAGE_XML) != 0)
		return page_fail("too-costly", code, e);
	p = (struct page){.refresh_after = -1, .css = css_new(html.document->doc_type_quirks_mode == GUMBO_DOCTYPE_QUIRKS)};
	for (size_t i = 0; i < PAGE_TEXTS; i++)
		p.texts[i] = RUNNING_TEXT_INIT(i < HEADINGS ? text_max[i] : HEADING_MAX);
	cJSON *head = NULL;
	for (const GumboNode *n = p.css != NULL ? html.root : NULL, *next; n != NULL; n = next) {
		bool element = n->type == GUMBO_NODE_ELEMENT;
		if (element)
			machines_element(&p, n);
		next = html_next(n, html.root, element);
	}
	if (p.css != NULL)
		shown_read(&p, html.root);
	bool said = !text_empty(&p, TITLE) || !text_empty(&p, OG_TITLE) || !text_empty(&p, DESCRIPTION) || !text_empty(&p, SUMMARY);
	bool words = !text_empty(&p, ALL) || p.headings_count > 0;
	if (p.refresh_after > REFRESH_SOON && (said || words))
		p.refresh_after = -1; // who has time to read is not sent on
	if (p.css != NULL && kind == PAGE_UNDECLARED && !p.elements)
		page_fail("not-html", code, e);
	else if (p.css != NULL && !said && !words && p.refresh_after < 0) // why there is nothing to read, as far as it can be seen
		page_fail(p.frames     ? "frames"
			  : p.hides    ? "hidden"
			  : p.scripts  ? "unreadable"
			  : p.pictures ? "pictures"
				       : "empty-page",
			  code, e);
	else if (p.css == NULL || (head = page_facts(&p)) == NULL)
		page_fail("too-costly", code, e);
	for (size_t i = 0; i < PAGE_TEXTS; i++)
		buf_wipe(&p.texts[i].text);
	css_free(p.css);
	return head;
}
