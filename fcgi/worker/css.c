// SPDX-License-Identifier: ISC
#include "fcgi/worker/css.h"
#include "fcgi/worker/html.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	RULES_MAX = 4096,
	SHEET_MAX = 512 * 1024,
	SHEETS_MAX = 1024 * 1024, // of all sheets, without comments
	BUCKETS = 256,
	NESTED_MAX = 8,
	WINDOW_PX = 1280, // how wide a window the page is thought to stand in
};

struct span {
	const char *s;
	size_t len;
};

// Of `display` and `visibility`: what a block declares.
struct declared {
	struct css_look look;
	bool display_important, visibility_important;
};

struct rule {
	struct span selector;
	struct declared declared;
	unsigned specificity;
	unsigned short next; // with the same last name, from 1; 0: none
};

struct css {
	bool quirks;
	struct buf text; // of the sheets, which the rules point into
	struct rule rules[RULES_MAX];
	unsigned short count, buckets[BUCKETS];
};

// ---- characters ----

static bool css_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static struct span span_trim(struct span t)
{
	while (t.len > 0 && css_space(*t.s))
		t.s++, t.len--;
	while (t.len > 0 && css_space(t.s[t.len - 1]))
		t.len--;
	return t;
}

static bool span_is(struct span t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.s, word, t.len) == 0;
}

// Where the string, the bracket or the escape that begins at s[at] ends, or one character further.
static size_t token_end(const char *s, size_t at, size_t len)
{
	static const char open[] = "([{", closing[] = ")]}";
	char stack[64];
	size_t depth = 0;
	do {
		char c = s[at++];
		const char *opens = c != '\0' ? strchr(open, c) : NULL;
		if (c == '\\' && at < len) {
			at++;
		} else if (c == '"' || c == '\'') {
			while (at < len && s[at] != c && s[at] != '\n')
				at += s[at] == '\\' && at + 1 < len ? 2 : 1;
			at += at < len;
		} else if (opens != NULL && depth < sizeof stack) {
			stack[depth++] = closing[opens - open];
		} else if (depth > 0 && c == stack[depth - 1]) {
			depth--;
		}
	} while (depth > 0 && at < len);
	return at < len ? at : len;
}

// Up to the first of `ends` that stands outside strings and brackets.
static size_t part_end(const char *s, size_t at, size_t len, const char *ends)
{
	while (at < len && (s[at] == '\0' || strchr(ends, s[at]) == NULL))
		at = token_end(s, at, len);
	return at;
}

// A name as it is meant: escapes undone. Returns how many bytes of s it takes.
static size_t name_read(struct span from, char name[64])
{
	size_t at = 0, n = 0;
	while (at < from.len) {
		unsigned char c = (unsigned char)from.s[at];
		if (c == '\\' && at + 1 < from.len) {
			unsigned code = 0, digits = 0;
			for (at++; at < from.len && digits < 6 && isxdigit((unsigned char)from.s[at]); at++, digits++)
				code = code * 16 +
				       (unsigned)(isdigit((unsigned char)from.s[at]) ? from.s[at] - '0' : (from.s[at] | 32) - 'a' + 10);
			c = digits > 0 ? (unsigned char)(code < 0x80 ? code : '?') : (unsigned char)from.s[at++];
			at += digits > 0 && at < from.len && css_space(from.s[at]);
		} else if (isalnum(c) || c == '-' || c == '_' || c >= 0x80) {
			at++;
		} else {
			break;
		}
		if (n < 63)
			name[n++] = (char)c;
	}
	name[n] = '\0';
	return at;
}

// Adds the text without its comments; one in a string or an unquoted url() is none.
static void comments_strip(struct buf *out, const char *s, size_t len)
{
	for (size_t at = 0; at < len;) {
		if (s[at] == '/' && at + 1 < len && s[at + 1] == '*') {
			const char *end = memmem(s + at + 2, len - at - 2, "*/", 2);
			buf_addc(out, ' ');
			at = end != NULL ? (size_t)(end - s) + 2 : len;
			continue;
		}
		size_t next = s[at] == '"' || s[at] == '\'' || s[at] == '\\' ? token_end(s, at, len) : at + 1;
		if (len - at > 4 && strncasecmp(s + at, "url(", 4) == 0 && s[at + 4] != '"' && s[at + 4] != '\'' && !css_space(s[at + 4])) {
			const char *end = memchr(s + at, ')', len - at);
			next = end != NULL ? (size_t)(end - s) : len;
		}
		buf_add(out, s + at, next - at);
		at = next;
	}
}

// ---- declarations ----

static void declaration_read(struct span text, struct declared *d)
{
	static const struct {
		enum css_display display;
		const char *words; // a semicolon before and after each
	} displays[] = {
	    {CSS_DISPLAY_NONE, ";none;"},
	    {CSS_DISPLAY_INLINE,
	     ";inline;inline-block;inline-table;contents;ruby;ruby-base;ruby-text;initial;unset;inline flow;inline flow-root;"},
	    {CSS_DISPLAY_FLEX, ";flex;grid;inline-flex;inline-grid;-webkit-flex;-webkit-inline-flex;block flex;block grid;"
			       "inline flex;inline grid;grid-lanes;"},
	    {CSS_DISPLAY_BLOCK, ";block;table;table-row;table-cell;table-caption;table-row-group;table-header-group;table-footer-group;"
				"table-column;table-column-group;list-item;flow-root;flow;block flow;block flow-root;-webkit-box;"
				"inherit;revert;revert-layer;math;"},
	};
	char name[64], word[32];
	text = span_trim(text);
	size_t end = name_read(text, name);
	struct span value = span_trim((struct span){text.s + end, text.len - end});
	if (value.len == 0 || *value.s != ':')
		return;
	value = span_trim((struct span){value.s + 1, value.len - 1});
	const char *mark = memrchr(value.s, '!', value.len);
	bool important = false;
	if (mark != NULL && span_is(span_trim((struct span){mark + 1, value.len - (size_t)(mark + 1 - value.s)}), "important")) {
		important = true;
		value = span_trim((struct span){value.s, (size_t)(mark - value.s)});
	}
	if (strcasecmp(name, "display") == 0 && (important || !d->display_important)) {
		enum css_display display = CSS_DISPLAY_UNSET; // not CSS: as if it were not there
		snprintf(word, sizeof word, ";%.*s;", (int)value.len, value.s);
		for (size_t i = 0; i < ARRAY_LEN(displays) && value.len < sizeof word - 2; i++)
			if (strcasestr(displays[i].words, word) != NULL)
				display = displays[i].display;
		d->look.display = display != CSS_DISPLAY_UNSET ? display : d->look.display;
		d->display_important = d->display_important || (important && display != CSS_DISPLAY_UNSET);
	} else if (strcasecmp(name, "visibility") == 0 && (important || !d->visibility_important)) {
		bool hidden = span_is(value, "hidden") || span_is(value, "collapse");
		bool visible = span_is(value, "visible") || span_is(value, "initial");
		enum css_visibility visibility = hidden ? CSS_HIDDEN : visible ? CSS_VISIBLE : CSS_VISIBILITY_UNSET;
		d->look.visibility = visibility != CSS_VISIBILITY_UNSET ? visibility : d->look.visibility;
		d->visibility_important = d->visibility_important || (important && visibility != CSS_VISIBILITY_UNSET);
	} else if (strcasecmp(name, "float") == 0) {
		d->look.apart = d->look.apart || span_is(value, "left") || span_is(value, "right");
	} else if (strcasecmp(name, "position") == 0) {
		d->look.apart = d->look.apart || span_is(value, "absolute") || span_is(value, "fixed");
	} else if (strcasecmp(name, "content-visibility") == 0 && span_is(value, "hidden")) {
		d->look.display = CSS_DISPLAY_NONE;
	}
}

static struct declared declarations_read(struct span text)
{
	struct declared d = {0};
	for (size_t at = 0; at < text.len; at++) {
		size_t end = part_end(text.s, at, text.len, ";");
		declaration_read((struct span){text.s + at, end - at}, &d);
		at = end;
	}
	return d;
}

// ---- selectors ----

static bool names_equal(const struct css *c, struct span a, const char *b)
{
	return a.len == strlen(b) && (c->quirks ? strncasecmp(a.s, b, a.len) : strncmp(a.s, b, a.len)) == 0;
}

// Whether one of the words of `list` is the name.
static bool list_holds(const struct css *c, const char *list, const char *name)
{
	struct span word;
	while ((word.len = html_word(&list, &word.s)) > 0)
		if (names_equal(c, word, name))
			return true;
	return false;
}

// "[name]", "[name=value]" and the other five; `text` is what stands between the brackets.
static bool attribute_matches(const struct css *c, struct span text, const GumboNode *element)
{
	char name[64], wanted[64];
	text = span_trim(text);
	size_t end = name_read(text, name);
	const char *value = html_attribute(element, name);
	struct span rest = span_trim((struct span){text.s + end, text.len - end});
	if (value == NULL || *name == '\0' || rest.len == 0)
		return value != NULL && *name != '\0';
	char how = *rest.s == '=' ? '=' : rest.len > 1 && rest.s[1] == '=' ? *rest.s : '\0';
	if (how == '\0')
		return false;
	rest = span_trim((struct span){rest.s + (how == '=' ? 1 : 2), rest.len - (how == '=' ? 1 : 2)});
	bool quoted = rest.len > 1 && (*rest.s == '"' || *rest.s == '\'');
	size_t taken = quoted ? token_end(rest.s, 0, rest.len) : name_read(rest, wanted);
	if (quoted && taken - 2 < sizeof wanted) {
		memcpy(wanted, rest.s + 1, taken - 2);
		wanted[taken - 2] = '\0';
	} else if (quoted) {
		return false;
	}
	size_t len = strlen(wanted), all = strlen(value);
	if (how == '=')
		return strcmp(value, wanted) == 0;
	if (how == '~')
		return list_holds(c, value, wanted);
	if (how == '|')
		return strncmp(value, wanted, len) == 0 && (value[len] == '\0' || value[len] == '-');
	if (len == 0)
		return false;
	if (how == '^')
		return strncmp(value, wanted, len) == 0;
	if (how == '$')
		return all >= len && strcmp(value + all - len, wanted) == 0;
	return how == '*' && strstr(value, wanted) != NULL;
}

// A selector without combinators.
static bool compound_matches(const struct css *c, struct span s, const GumboNode *element)
{
	char name[64], tag[64];
	for (size_t at = 0; at < s.len;) {
		char sign = s.s[at];
		size_t end = token_end(s.s, at, s.len);
		struct span rest = {s.s + at + 1, s.len - at - 1};
		if (sign == '*') {
			at++;
		} else if (sign == '.' || sign == '#') {
			size_t taken = name_read(rest, name);
			const char *id = html_attribute(element, "id");
			if (taken == 0 || (sign == '.' ? !list_holds(c, html_attribute(element, "class"), name)
						       : id == NULL || !names_equal(c, (struct span){id, strlen(id)}, name)))
				return false;
			at += 1 + taken;
		} else if (sign == '[') {
			if (end < at + 2 || !attribute_matches(c, (struct span){s.s + at + 1, end - at - 2}, element))
				return false;
			at = end;
		} else if (rest.len > 4 && strncasecmp(s.s + at, ":not(", 5) == 0) {
			end = token_end(s.s, at + 4, s.len);
			if (end < at + 7)
				return false;
			struct span inner = span_trim((struct span){s.s + at + 5, end - at - 6});
			// Inside: the same without pseudo-classes, of which it cannot be said that they do not match.
			if (memchr(inner.s, ':', inner.len) != NULL || part_end(inner.s, 0, inner.len, ", >+~") < inner.len ||
			    compound_matches(c, inner, element))
				return false;
			at = end;
		} else if (rest.len >= 4 && strncasecmp(s.s + at, ":root", 5) == 0) {
			if (element->v.element.tag != GUMBO_TAG_HTML)
				return false;
			at += 5;
		} else {
			size_t taken = name_read((struct span){s.s + at, s.len - at}, name);
			if (at > 0 || taken == 0 || strcasecmp(name, html_name(element, tag)) != 0)
				return false;
			at += taken;
		}
	}
	return true;
}

// Where the last compound of the selector begins, and which combinator stands before it (0 for none).
static size_t compound_last(struct span s, char *combinator)
{
	size_t begins = 0, at = 0;
	*combinator = '\0';
	while (at < s.len) {
		if (!css_space(s.s[at]) && strchr(">+~", s.s[at]) == NULL) {
			at = token_end(s.s, at, s.len);
			continue;
		}
		*combinator = ' ';
		for (; at < s.len && (css_space(s.s[at]) || strchr(">+~", s.s[at]) != NULL); at++)
			if (!css_space(s.s[at]))
				*combinator = s.s[at];
		begins = at;
	}
	return begins;
}

static bool selector_matches(const struct css *c, struct span s, const GumboNode *element, unsigned nested)
{
	char combinator;
	size_t begins = compound_last(s, &combinator);
	if (begins >= s.len || nested > NESTED_MAX || !compound_matches(c, (struct span){s.s + begins, s.len - begins}, element))
		return false;
	if (combinator == '\0')
		return true;
	struct span before = s;
	before.len = begins;
	while (before.len > 0 && (css_space(before.s[before.len - 1]) || strchr(">+~", before.s[before.len - 1]) != NULL))
		before.len--;
	for (const GumboNode *n = element->parent; n != NULL && n->type == GUMBO_NODE_ELEMENT; n = n->parent) {
		if (combinator != ' ' && combinator != '>')
			return false;
		if (selector_matches(c, before, n, nested + 1))
			return true;
		if (combinator == '>')
			return false;
	}
	return false;
}

// The name that an element must have for the selector's last compound, and what kind of name: '#', '.', 't' or '*'.
static char selector_key(struct span s, char name[64])
{
	char combinator, kind = '*';
	size_t begins = compound_last(s, &combinator);
	*name = '\0';
	for (size_t at = begins; at < s.len;) {
		bool sign = s.s[at] == '#' || s.s[at] == '.';
		char found[64], is = sign ? s.s[at] : at == begins && s.s[at] != '*' && s.s[at] != '[' && s.s[at] != ':' ? 't' : '\0';
		size_t taken = is != '\0' ? name_read((struct span){s.s + at + sign, s.len - at - sign}, found) : 0;
		if (taken > 0 && (kind == '*' || is == '#' || (is == '.' && kind == 't'))) {
			kind = is;
			memcpy(name, found, sizeof found);
		}
		at = taken > 0 ? at + sign + taken : token_end(s.s, at, s.len);
		if (is == '\0' && s.s[at - 1] != ']' && s.s[at - 1] != ')' && s.s[at - 1] != '*')
			at = part_end(s.s, at, s.len, ".#[:");
	}
	return kind;
}

static unsigned char bucket_of(char kind, const char *name, size_t len)
{
	uint32_t h = (unsigned char)kind;
	for (size_t i = 0; i < len; i++)
		h = h * 31 + (uint32_t)tolower((unsigned char)name[i]);
	return (unsigned char)(h ^ h >> 8);
}

static unsigned selector_specificity(struct span s)
{
	unsigned ids = 0, classes = 0, tags = 0;
	for (size_t at = 0; at < s.len;) {
		char before = at > 0 ? s.s[at - 1] : ' ', here = s.s[at];
		ids += here == '#';
		classes += here == '.' || here == '[' || (here == ':' && strncasecmp(s.s + at, ":not(", 5) != 0);
		tags += isalpha((unsigned char)here) && (css_space(before) || strchr(">+~", before) != NULL);
		at = token_end(s.s, at, s.len);
	}
	return (ids < 255 ? ids : 255) << 16 | (classes < 255 ? classes : 255) << 8 | (tags < 255 ? tags : 255);
}

// ---- sheets ----

static bool media_feature(struct span f)
{
	char name[64];
	f = span_trim(f);
	size_t end = name_read(f, name);
	struct span value = span_trim((struct span){f.s + end, f.len - end});
	if (value.len > 0 && *value.s == ':')
		value = span_trim((struct span){value.s + 1, value.len - 1});
	char number[32] = "", *unit;
	memcpy(number, value.s, value.len < sizeof number ? value.len : sizeof number - 1);
	double px = strtod(number, &unit) * (strncasecmp(unit, "em", 2) == 0 || strncasecmp(unit, "rem", 3) == 0 ? 16 : 1);
	if (strcasecmp(name, "min-width") == 0)
		return WINDOW_PX >= px;
	if (strcasecmp(name, "max-width") == 0)
		return WINDOW_PX <= px;
	if (strcasecmp(name, "orientation") == 0)
		return span_is(value, "landscape");
	return (strcasecmp(name, "prefers-color-scheme") == 0 && span_is(value, "light")) || strcasecmp(name, "color") == 0;
}

// "screen and (min-width: 600px), print"
static bool media_matches(struct span queries)
{
	queries = span_trim(queries);
	if (queries.len == 0)
		return true;
	for (size_t at = 0; at < queries.len; at++) {
		size_t end = part_end(queries.s, at, queries.len, ",");
		bool matches = true, negated = false;
		while (at < end) {
			size_t stop = css_space(queries.s[at]) ? at + 1 : part_end(queries.s, at, end, " \t\n\r\f(");
			stop = queries.s[at] == '(' ? token_end(queries.s, at, end) : stop;
			struct span word = {queries.s + at, stop - at};
			if (*word.s == '(' && word.len > 2)
				matches = matches && media_feature((struct span){word.s + 1, word.len - 2});
			else if (span_is(word, "not"))
				negated = true;
			else if (!css_space(*word.s) && !span_is(word, "only") && !span_is(word, "and"))
				matches = matches && (span_is(word, "all") || span_is(word, "screen"));
			at = stop;
		}
		if (matches != negated)
			return true;
	}
	return false;
}

static void rules_read(struct css *c, struct span text, unsigned nested)
{
	for (size_t at = 0; at < text.len;) {
		size_t end = part_end(text.s, at, text.len, "{;");
		struct span head = span_trim((struct span){text.s + at, end - at});
		if (end >= text.len)
			return;
		if (text.s[end] == ';' && head.len > 0 && *head.s == '@') { // "@import …;"
			at = end + 1;
			continue;
		}
		end = part_end(text.s, end, text.len, "{"); // a stray ";" is part of a selector, which is then none
		if (end >= text.len)
			return;
		head = span_trim((struct span){text.s + at, end - at});
		size_t close = token_end(text.s, end, text.len);
		bool closed = close > end + 1 && text.s[close - 1] == '}';
		struct span body = {text.s + end + 1, close - end - 1 - closed};
		at = close;
		if (head.len > 0 && *head.s == '@') {
			size_t word = 1;
			while (word < head.len && (isalpha((unsigned char)head.s[word]) || head.s[word] == '-'))
				word++;
			struct span rule = {head.s, word}, rest = {head.s + word, head.len - word};
			if (nested < NESTED_MAX &&
			    (span_is(rule, "@supports") || span_is(rule, "@layer") || (span_is(rule, "@media") && media_matches(rest))))
				rules_read(c, body, nested + 1);
			continue;
		}
		struct declared d = declarations_read(body);
		if (d.look.display == CSS_DISPLAY_UNSET && d.look.visibility == CSS_VISIBILITY_UNSET && !d.look.apart)
			continue;
		for (size_t from = 0; from < head.len; from++) {
			size_t to = part_end(head.s, from, head.len, ",");
			struct span selector = span_trim((struct span){head.s + from, to - from});
			from = to;
			if (c->count + 1 == RULES_MAX || selector.len == 0)
				continue;
			char name[64], kind = selector_key(selector, name);
			unsigned short *bucket = &c->buckets[bucket_of(kind, name, strlen(name))];
			c->rules[++c->count] = (struct rule){selector, d, selector_specificity(selector), *bucket};
			*bucket = c->count;
		}
	}
}

struct css *css_new(bool quirks)
{
	struct css *c = calloc(1, sizeof *c);
	if (c == NULL)
		return NULL;
	c->quirks = quirks;
	c->text = BUF_INIT(SHEETS_MAX);
	// The rules point into the text, which therefore never moves.
	if (buf_reserve(&c->text, SHEETS_MAX - 1) == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void css_free(struct css *c)
{
	if (c == NULL)
		return;
	buf_wipe(&c->text);
	free(c);
}

void css_sheet(struct css *c, const char *text, size_t len, const char *media)
{
	size_t from = c->text.len;
	if (len > SHEET_MAX || c->text.len + len + 1 >= SHEETS_MAX ||
	    (media != NULL && !media_matches((struct span){media, strlen(media)})))
		return;
	comments_strip(&c->text, text, len);
	rules_read(c, (struct span){c->text.data + from, c->text.len - from}, 0);
}

// ---- the cascade ----

// A declaration's weight: important ones above the others, the style attribute above the rules, then by specificity and order.
static uint64_t weight_of(bool important, unsigned specificity, unsigned order)
{
	return (uint64_t)important << 48 | (uint64_t)specificity << 16 | order;
}

struct best {
	struct css_look look;
	uint64_t display, visibility;
};

static void declared_weigh(struct best *b, const struct declared *d, unsigned specificity, unsigned order)
{
	b->look.apart = b->look.apart || d->look.apart;
	uint64_t display = weight_of(d->display_important, specificity, order),
		 visibility = weight_of(d->visibility_important, specificity, order);
	if (d->look.display != CSS_DISPLAY_UNSET && display >= b->display) {
		b->look.display = d->look.display;
		b->display = display;
	}
	if (d->look.visibility != CSS_VISIBILITY_UNSET && visibility >= b->visibility) {
		b->look.visibility = d->look.visibility;
		b->visibility = visibility;
	}
}

static void bucket_weigh(const struct css *c, struct best *b, unsigned char bucket, const GumboNode *element)
{
	for (unsigned i = c->buckets[bucket]; i > 0; i = c->rules[i].next)
		if (selector_matches(c, c->rules[i].selector, element, 0))
			declared_weigh(b, &c->rules[i].declared, c->rules[i].specificity, i);
}

struct css_look css_look_of(const struct css *c, const GumboNode *element)
{
	char tag[64];
	struct best best = {0};
	const char *id = html_attribute(element, "id"), *class = html_attribute(element, "class"),
		   *style = html_attribute(element, "style");
	const char *name = html_name(element, tag), *word;
	if (c->count > 0) {
		bucket_weigh(c, &best, bucket_of('*', "", 0), element);
		bucket_weigh(c, &best, bucket_of('t', name, strlen(name)), element);
		if (id != NULL)
			bucket_weigh(c, &best, bucket_of('#', id, strlen(id)), element);
		for (size_t len; (len = html_word(&class, &word)) > 0;)
			bucket_weigh(c, &best, bucket_of('.', word, len), element);
	}
	if (style != NULL) {
		BUF_AUTO struct buf plain = BUF_INIT(SHEET_MAX);
		comments_strip(&plain, style, strlen(style));
		struct declared d = declarations_read((struct span){buf_text(&plain), plain.len});
		declared_weigh(&best, &d, 0x1000000, 0);
	}
	return best.look;
}
