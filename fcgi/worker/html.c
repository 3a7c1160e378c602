// SPDX-License-Identifier: ISC
#include "fcgi/worker/html.h"
#include "policy/base/buf.h"
#include "policy/base/limits.h"
#include <ctype.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	BLOCK_BYTES = 256 * 1024,
	TREE_MAX = 128 * 1024 * 1024, // half of WORKER_MEMORY_MAX
	LEAST_BYTES = 64 * 1024,
	ALIGN = 16,
};

struct html_block {
	struct html_block *next;
	size_t used, size;
	_Alignas(ALIGN) char bytes[];
};

// Gumbo does not expect that there is no memory: its parsing is left by longjmp(), and what it took goes with the blocks.
struct html_memory {
	struct html_block *blocks;
	size_t total;
	void *last; // taken from the first block
	jmp_buf out;
};

static void *memory_take(void *context, size_t size)
{
	struct html_memory *m = context;
	struct html_block *b = m->blocks;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (b == NULL || b->size - b->used < size) {
		size_t bytes = size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES;
		b = m->total + bytes <= TREE_MAX ? malloc(sizeof *b + bytes) : NULL;
		if (b == NULL)
			longjmp(m->out, 1);
		*b = (struct html_block){.next = m->blocks, .size = bytes};
		// A large piece stands behind the block that is being filled.
		if (bytes > BLOCK_BYTES / 4 && bytes != BLOCK_BYTES && m->blocks != NULL) {
			b->next = m->blocks->next;
			m->blocks->next = b;
		} else {
			m->blocks = b;
		}
		m->total += bytes;
	}
	void *piece = b->bytes + b->used;
	b->used += size;
	m->last = b == m->blocks ? piece : NULL;
	return piece;
}

// All goes at once; only the piece that was taken last is used again.
static void memory_leave(void *context, void *piece)
{
	struct html_memory *m = context;
	if (piece == NULL || piece != m->last)
		return;
	m->blocks->used = (size_t)((char *)piece - m->blocks->bytes);
	m->last = NULL;
}

static void blocks_free(struct html_block *b)
{
	while (b != NULL) {
		struct html_block *next = b->next;
		explicit_bzero(b->bytes, b->size); // what the page said
		free(b);
		b = next;
	}
}

// -1: no memory.
static int html_parse_once(struct html *out, const char *utf8, size_t len)
{
	struct html_memory m = {0};
	GumboOptions options = kGumboDefaultOptions;
	options.allocator = memory_take;
	options.deallocator = memory_leave;
	options.userdata = &m;
	options.max_errors = 0;
	if (setjmp(m.out) != 0) {
		blocks_free(m.blocks);
		return -1;
	}
	const GumboOutput *tree = gumbo_parse_with_options(&options, utf8, len);
	out->document = &tree->document->v.document;
	out->root = tree->root;
	out->memory = m.blocks;
	return 0;
}

// "<title/>" becomes "<title></title>", and a CDATA section its text.
static int xhtml_to_html(struct buf *out, const char *s, size_t len)
{
	static const char empty[] = " area base br col embed hr img input link meta param source track wbr ";
	for (size_t at = 0, end; at < len; at = end) {
		end = at + 1;
		if (s[at] != '<') {
			const char *next = memchr(s + at, '<', len - at);
			end = next != NULL ? (size_t)(next - s) : len;
		} else if (len - at > 9 && memcmp(s + at, "<![CDATA[", 9) == 0) {
			const char *stop = memmem(s + at, len - at, "]]>", 3);
			for (size_t i = at + 9, to = stop != NULL ? (size_t)(stop - s) : len; i < to; i++)
				s[i] == '<' ? buf_adds(out, "&lt;") : s[i] == '&' ? buf_adds(out, "&amp;") : buf_addc(out, s[i]);
			at = end = stop != NULL ? (size_t)(stop - s) + 3 : len;
		} else if (len - at > 4 && memcmp(s + at, "<!--", 4) == 0) {
			const char *stop = memmem(s + at + 4, len - at - 4, "-->", 3);
			end = stop != NULL ? (size_t)(stop - s) + 3 : len;
		} else if (isalpha((unsigned char)s[end])) {
			char quote = '\0', name[32];
			size_t letters = strcspn(s + end, " \t\r\n/>");
			for (; end < len && (s[end] != '>' || quote != '\0'); end++)
				if (quote != '\0' ? s[end] == quote : s[end] == '"' || s[end] == '\'')
					quote = quote != '\0' ? '\0' : s[end];
			snprintf(name, sizeof name, " %.*s ", (int)(letters < 28 ? letters : 28), s + at + 1);
			if (end < len && s[end - 1] == '/' && strstr(empty, name) == NULL) {
				buf_add(out, s + at, end - 1 - at);
				buf_printf(out, "></%.*s>", (int)letters, s + at + 1);
				at = ++end;
			} else {
				end += end < len;
			}
		}
		buf_add(out, s + at, end - at);
	}
	return out->failed ? -1 : 0;
}

void html_hide_noscript(char *s, size_t len)
{
	static const char from[] = "noscript", to[] = "noframes";
	for (char *at = s; (at = memchr(at, '<', len - (size_t)(at - s))) != NULL;) {
		at++;
		at += at < s + len && *at == '/';
		if ((size_t)(s + len - at) >= sizeof from - 1 && strncasecmp(at, from, sizeof from - 1) == 0)
			memcpy(at, to, sizeof to - 1);
	}
}

int html_parse(struct html *out, const char *utf8, size_t len, bool xml)
{
	*out = (struct html){0};
	if (xml) {
		struct buf html = BUF_INIT(4 * PAGE_BYTES_MAX);
		if (xhtml_to_html(&html, utf8, len) == 0) {
			len = html.len;
			utf8 = out->source = buf_steal(&html);
		}
		buf_wipe(&html);
	}
	if (utf8 == NULL)
		return -1;
	while (html_parse_once(out, utf8, len) != 0) {
		if (len < LEAST_BYTES)
			return -1;
		len /= 2;
		while (len > 0 && ((unsigned char)utf8[len] & 0xc0) == 0x80) // a whole character
			len--;
	}
	return 0;
}

void html_free(struct html *h)
{
	blocks_free(h->memory);
	if (h->source != NULL)
		explicit_bzero(h->source, strlen(h->source));
	free(h->source);
	*h = (struct html){0};
}

const char *html_attribute(const GumboNode *element, const char *name)
{
	const GumboAttribute *a = gumbo_get_attribute(&element->v.element.attributes, name);
	return a != NULL ? a->value : NULL;
}

const char *html_name(const GumboNode *element, char name[64])
{
	const char *known = gumbo_normalized_tagname(element->v.element.tag);
	GumboStringPiece written = element->v.element.original_tag;
	if (*known != '\0')
		return known;
	gumbo_tag_from_original_text(&written);
	snprintf(name, 64, "%.*s", (int)written.length, written.data != NULL ? written.data : "");
	return name;
}

const GumboVector *html_children(const GumboNode *n)
{
	static const GumboVector none = {0};
	return n->type == GUMBO_NODE_ELEMENT ? &n->v.element.children : &none;
}

const GumboNode *html_next(const GumboNode *n, const GumboNode *top, bool below)
{
	if (below && html_children(n)->length > 0)
		return html_children(n)->data[0];
	while (n != top) {
		const GumboVector *siblings = html_children(n->parent);
		if (n->index_within_parent + 1 < siblings->length)
			return siblings->data[n->index_within_parent + 1];
		n = n->parent;
	}
	return NULL;
}

size_t html_word(const char **at, const char **word)
{
	static const char spaces[] = " \t\r\n\f";
	if (*at == NULL)
		return 0;
	*word = *at + strspn(*at, spaces);
	size_t len = strcspn(*word, spaces);
	*at = *word + len;
	return len;
}
