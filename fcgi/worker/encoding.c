// SPDX-License-Identifier: ISC
#include "fcgi/worker/encoding.h"
#include "fcgi/serve/media_type.h"
#include "fcgi/worker/html.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/text.h"
#include <errno.h>
#include <glib.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

EMBED(encodings_text, "fcgi/worker/encodings.txt");

enum {
	PRESCAN_BYTES = 1024, // browsers look so far, and further while the page's head lasts
	PRESCAN_MAX = 64 * 1024,
	LABEL_MAX = 40,
	PAIRS_MAX = 160,
};

// In the order of encodings.txt, where those that have a table of one byte stand between the first five and the last six.
enum encoding_kind { UTF_8, UTF_16LE, UTF_16BE, REPLACEMENT, USER_DEFINED, TABLE, GB18030, BIG5, EUC_JP, ISO_2022_JP, SHIFT_JIS, EUC_KR };
static struct encoding {
	const char *name, *labels;
	enum encoding_kind kind;
	uint16_t high[128]; // of a TABLE: the characters of the bytes from 0x80
	iconv_t pairs;
	struct {
		uint16_t bytes, code;
	} others[PAIRS_MAX]; // what `pairs` maps otherwise than browsers
	size_t others_count;
} encodings[48];
static size_t encodings_count;
static iconv_t jis0212; // what stands behind 0x8f in EUC-JP

// ---- encodings.txt ----

// The next character of valid UTF-8, or of its escape "\200e".
static uint16_t code_next(const char **s)
{
	char hex[5] = "";
	if (**s == '\\') {
		snprintf(hex, sizeof hex, "%.4s", *s + 1);
		*s += 1 + strlen(hex);
		return (uint16_t)strtoul(hex, NULL, 16);
	}
	gunichar c = g_utf8_get_char(*s);
	*s = g_utf8_next_char(*s);
	return (uint16_t)c;
}

static int table_read(struct encoding *x, const char *row)
{
	size_t count = 0;
	for (const char *s = row; *s != '\0'; count++)
		code_next(&s);
	if (count != 96 && count != 128)
		return -1;
	x->kind = TABLE;
	for (size_t i = 0; i < 128; i++) {
		uint16_t code = i < 128 - count ? '_' : code_next(&row);
		x->high[i] = code == '_' ? (uint16_t)(0x80 + i) : code;
	}
	return 0;
}

static int others_read(struct encoding *x, const char *row)
{
	for (unsigned char bytes[2]; *row != '\0'; row += *row == ' ') {
		char hex[5] = "";
		snprintf(hex, sizeof hex, "%.4s", row);
		if (hex_decode(bytes, 2, hex) != 0 || x->others_count == PAIRS_MAX)
			return -1;
		row += 4;
		x->others[x->others_count].bytes = (uint16_t)((unsigned)bytes[0] << 8 | bytes[1]);
		x->others[x->others_count++].code = code_next(&row);
	}
	return 0;
}

static int encoding_begin(char *line, struct err *e)
{
	// By their kinds; all others have a table.
	static const char *const names[] = {"utf-8",   "utf-16le", "utf-16be", "replacement", "x-user-defined", "",
					    "gb18030", "big5",     "euc-jp",   "iso-2022-jp", "shift_jis",      "euc-kr"};
	char *end = strchr(line, ']');
	if (end == NULL || encodings_count == ARRAY_LEN(encodings))
		return err_set(e, ERR_INPUT, "encodings.txt: a name does not end, or there are too many");
	*end = '\0';
	struct encoding *x = &encodings[encodings_count++];
	*x = (struct encoding){.name = line + 1, .labels = "", .kind = TABLE, .pairs = (iconv_t)-1};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], x->name) == 0)
			x->kind = (enum encoding_kind)i;
	if (end[1] == ' ' && (x->pairs = iconv_open("UTF-8", end + 2)) == (iconv_t)-1)
		return err_set(e, ERR_INPUT, "the C library has no converter %s: is libc6 complete?", end + 2);
	return 0;
}

int encoding_prepare(struct err *e)
{
	static char *text; // stays: the labels are in it
	if (text != NULL)
		return 0;
	jis0212 = iconv_open("UTF-8", "EUC-JP");
	text = strdup(encodings_text);
	if (text == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the encodings");
	int rc = 0;
	for (char *line = text, *next; *line != '\0'; line = next) {
		char *end = strchrnul(line, '\n');
		struct encoding *x = encodings_count > 0 ? &encodings[encodings_count - 1] : NULL;
		next = end + (*end != '\0');
		*end = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		if (*line == '[')
			rc |= encoding_begin(line, e);
		else if (x != NULL && *line != '=' && *line != '!')
			x->labels = line;
		else if (x == NULL || line[1] != ' ' || (*line == '=' ? table_read(x, line + 2) : others_read(x, line + 2)) != 0)
			rc = err_set(e, ERR_INPUT, "encodings.txt: \"%.40s\" is not as its head says", line);
	}
	return rc;
}

static struct encoding *kind_find(enum encoding_kind kind)
{
	for (size_t i = 0; i < encodings_count; i++)
		if (encodings[i].kind == kind)
			return &encodings[i];
	return NULL;
}

static struct encoding *label_find(const char *s, size_t len)
{
	for (size_t i = 0; i < encodings_count; i++)
		if (text_among(encodings[i].labels, s, len))
			return &encodings[i];
	return NULL;
}

// ---- which one ----

static bool is_html_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// The encoding of a label that begins at s, perhaps in quotes.
static struct encoding *label_read(const char *s, size_t len)
{
	size_t at = 0;
	while (at < len && is_html_space(s[at]))
		at++;
	char quote = at < len && (s[at] == '"' || s[at] == '\'') ? s[at++] : '\0';
	while (at < len && is_html_space(s[at]))
		at++;
	size_t end = at;
	while (end < len && (quote != '\0' ? s[end] != quote : !is_html_space(s[end]) && s[end] != ';' && s[end] != ','))
		end++;
	while (end > at && is_html_space(s[end - 1]))
		end--;
	return label_find(s + at, end - at);
}

// The encoding behind "charset=" or another word, wherever that stands in the text.
static struct encoding *word_encoding(const char *s, size_t len, const char *word)
{
	for (size_t i = 0, n = strlen(word); i + n < len; i++) {
		if (strncasecmp(s + i, word, n) != 0)
			continue;
		size_t at = i + n;
		while (at < len && is_html_space(s[at]))
			at++;
		if (at < len && s[at] == '=')
			return label_read(s + at + 1, len - at - 1);
	}
	return NULL;
}

// The encoding that an XML declaration at the very start names.
static struct encoding *declaration_encoding(const char *s, size_t len)
{
	const char *end = len > 6 && strncmp(s, "<?xml", 5) == 0 && is_html_space(s[5]) ? memchr(s, '>', len < 1024 ? len : 1024) : NULL;
	return end != NULL ? word_encoding(s, (size_t)(end - s), "encoding") : NULL;
}

// The encoding that a <meta> of these bytes names, in the page's head or within PRESCAN_BYTES.
static struct encoding *meta_encoding(const char *s, size_t len)
{
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(PRESCAN_MAX);
	HTML_AUTO struct html html = {0};
	struct encoding *found = NULL;
	if (buf_add(&bytes, s, len) != 0 || html_parse(&html, bytes.data, len, false) != 0)
		return NULL;
	for (const GumboNode *n = html.root; found == NULL && n != NULL; n = html_next(n, html.root, true)) {
		if (n->type != GUMBO_NODE_ELEMENT || n->v.element.tag != GUMBO_TAG_META ||
		    (n->parent->v.element.tag != GUMBO_TAG_HEAD && n->v.element.start_pos.offset >= PRESCAN_BYTES))
			continue;
		const char *charset = html_attribute(n, "charset"), *content = html_attribute(n, "content"),
			   *pragma = html_attribute(n, "http-equiv");
		found = charset != NULL ? label_read(charset, strlen(charset)) : NULL;
		if (found == NULL && content != NULL && pragma != NULL && strcasecmp(pragma, "content-type") == 0)
			found = word_encoding(content, strlen(content), "charset");
	}
	return found;
}

// What the page says itself. One whose bytes could be read as ASCII so far is not UTF-16, whatever it says.
static struct encoding *page_charset(const char *s, size_t len)
{
	static const char word[] = "charset";
	struct encoding *found = declaration_encoding(s, len);
	size_t most = len < PRESCAN_MAX ? len : PRESCAN_MAX, first = 0;
	while (first < most && (most - first < sizeof word || strncasecmp(s + first, word, sizeof word - 1) != 0))
		first++;
	// Mostly the tag in which the word first stands says it, and no more has to be read.
	const char *end = first < most ? memchr(s + first, '>', most - first) : NULL;
	if (found == NULL && end != NULL)
		found = meta_encoding(s, (size_t)(end - s) + 1);
	if (found == NULL && end != NULL)
		found = meta_encoding(s, most);
	if (found != NULL && (found->kind == UTF_16LE || found->kind == UTF_16BE))
		return kind_find(UTF_8);
	return found != NULL && found->kind == USER_DEFINED ? label_find("windows-1252", 12) : found;
}

// ---- turning it into UTF-8 ----

static int code_add(struct buf *out, uint32_t c)
{
	if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
		c = ' ';
	if (c >= 0x7f && c < 0xa0)
		c = ' ';
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c < 0xfdf0))
		c = 0xfffd;
	if (c < 0x80)
		return buf_addc(out, (char)c);
	char utf8[6];
	return buf_add(out, utf8, (size_t)g_unichar_to_utf8(c, utf8));
}

static bool byte_between(unsigned char c, unsigned low, unsigned high)
{
	return c >= low && c <= high;
}

// As browsers read it: a malformed sequence is one U+FFFD, and the byte that broke it is read again.
static int utf8_add(struct buf *out, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	for (size_t i = 0; i < len;) {
		unsigned char lead = s[i++];
		unsigned more = byte_between(lead, 0xc2, 0xdf)   ? 1
				: byte_between(lead, 0xe0, 0xef) ? 2
				: byte_between(lead, 0xf0, 0xf4) ? 3
								 : 0;
		unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
		uint32_t c = more > 0 ? lead & (0x3fU >> more) : lead;
		unsigned left = more;
		for (; left > 0 && i < len && byte_between(s[i], low, high); left--, low = 0x80, high = 0xbf)
			c = c << 6 | (s[i++] & 0x3fU);
		bool whole = lead < 0x80 || (more > 0 && left == 0);
		if (code_add(out, whole ? c : 0xfffd) != 0)
			return -1;
	}
	return 0;
}

static int utf16_add(struct buf *out, const char *bytes, size_t len, bool big)
{
	const unsigned char *s = (const unsigned char *)bytes;
	uint32_t lead = 0; // a high surrogate that waits for its other half
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint32_t unit = big ? (uint32_t)s[i] << 8 | s[i + 1] : (uint32_t)s[i + 1] << 8 | s[i];
		bool trails = unit >= 0xdc00 && unit < 0xe000;
		if (lead && trails) {
			unit = 0x10000 + ((lead - 0xd800) << 10) + (unit - 0xdc00);
			lead = 0;
		} else if (lead) {
			lead = 0;
			if (code_add(out, 0xfffd) != 0)
				return -1;
		}
		if (unit >= 0xd800 && unit < 0xdc00)
			lead = unit;
		else if (code_add(out, unit) != 0)
			return -1;
	}
	return lead || len % 2 ? code_add(out, 0xfffd) : 0;
}

// How many bytes from s[0] have been mapped and added; 0: they are not in the encoding. -1: no memory.
static int pair_decode(struct buf *out, const struct encoding *x, iconv_t cd, const unsigned char *s, size_t len)
{
	char in[4], utf8[32], *from = in, *to = utf8;
	size_t left = len, space = sizeof utf8;
	for (size_t low = 0, high = len == 2 ? x->others_count : 0; low < high;) {
		size_t middle = (low + high) / 2;
		uint16_t bytes = (uint16_t)((unsigned)s[0] << 8 | s[1]);
		if (x->others[middle].bytes == bytes)
			return x->others[middle].code == 0xfffd ? 0 : code_add(out, x->others[middle].code) != 0 ? -1 : (int)len;
		if (x->others[middle].bytes < bytes)
			low = middle + 1;
		else
			high = middle;
	}
	memcpy(in, s, len);
	if (cd == (iconv_t)-1 || iconv(cd, &from, &left, &to, &space) == (size_t)-1 || left > 0 ||
	    iconv(cd, NULL, NULL, &to, &space) == (size_t)-1) {
		iconv(cd, NULL, NULL, NULL, NULL);
		return 0;
	}
	return utf8_add(out, utf8, sizeof utf8 - space) != 0 ? -1 : (int)len;
}

// A pair of EUC's rows and columns, as Shift_JIS writes it.
static int jis0208_add(struct buf *out, const struct encoding *x, unsigned row, unsigned column)
{
	unsigned lead = row / 2 + (row < 62 ? 0x81 : 0xc1);
	unsigned trail = row % 2 == 0 ? column + 0x40 + (column >= 0x3f) : column + 0x9f;
	return lead > 0xfc ? 0 : pair_decode(out, x, x->pairs, (const unsigned char[]){(unsigned char)lead, (unsigned char)trail}, 2);
}

// One character that begins at s[0], which is over 0x7f: as pair_decode().
static int character_add(struct buf *out, const struct encoding *x, const unsigned char *s, size_t len)
{
	unsigned char a = s[0], b = len > 1 ? s[1] : 0;
	uint32_t single = 0;
	bool pair = false;
	switch (x->kind) {
	case GB18030:
		single = a == 0x80 ? 0x20ac : 0;
		if (len >= 4 && byte_between(a, 0x81, 0xfe) && byte_between(b, '0', '9') && byte_between(s[2], 0x81, 0xfe) &&
		    byte_between(s[3], '0', '9'))
			return pair_decode(out, x, x->pairs, s, 4);
		pair = byte_between(a, 0x81, 0xfe) && byte_between(b, 0x40, 0xfe) && b != 0x7f;
		break;
	case BIG5:
		pair = byte_between(a, 0x81, 0xfe) && (byte_between(b, 0x40, 0x7e) || byte_between(b, 0xa1, 0xfe));
		break;
	case EUC_KR:
		pair = byte_between(a, 0x81, 0xfe) && byte_between(b, 0x41, 0xfe);
		break;
	case SHIFT_JIS:
		single = a == 0x80 ? 0x80 : byte_between(a, 0xa1, 0xdf) ? 0xff61U + a - 0xa1 : 0;
		pair = (byte_between(a, 0x81, 0x9f) || byte_between(a, 0xe0, 0xfc)) && byte_between(b, 0x40, 0xfc) && b != 0x7f;
		break;
	default: // EUC-JP
		if (a == 0x8e && byte_between(b, 0xa1, 0xdf))
			return code_add(out, 0xff61U + b - 0xa1) != 0 ? -1 : 2;
		if (a == 0x8f && len > 2 && byte_between(b, 0xa1, 0xfe) && byte_between(s[2], 0xa1, 0xfe))
			return pair_decode(out, x, jis0212, s, 3);
		return byte_between(a, 0xa1, 0xfe) && byte_between(b, 0xa1, 0xfe) ? jis0208_add(out, x, a - 0xa1U, b - 0xa1U) : 0;
	}
	if (single != 0)
		return code_add(out, single) != 0 ? -1 : 1;
	return pair ? pair_decode(out, x, x->pairs, s, 2) : 0;
}

// What is not in the encoding is one U+FFFD, and a byte of ASCII behind a lead byte is read again.
static int pairs_add(struct buf *out, const struct encoding *x, const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		int taken = s[i] < 0x80 ? 1 : character_add(out, x, s + i, len - i);
		if (taken < 0 || (s[i] < 0x80 && code_add(out, s[i]) != 0) || (taken == 0 && code_add(out, 0xfffd) != 0))
			return -1;
		bool lead = s[i] != 0x80 && s[i] != 0xff && (x->kind != EUC_JP || s[i] >= 0xa1 || s[i] == 0x8e || s[i] == 0x8f);
		i += taken > 0 ? (size_t)taken : lead && i + 1 < len && s[i + 1] >= 0x80 ? 2 : 1;
	}
	return 0;
}

static int iso_2022_jp_add(struct buf *out, const struct encoding *x, const unsigned char *s, size_t len)
{
	static const struct {
		char escape[4];
		enum { ASCII, ROMAN, KATAKANA, KANJI } set;
	} rows[] = {{"(B", ASCII}, {"(J", ROMAN}, {"(I", KATAKANA}, {"$@", KANJI}, {"$B", KANJI}};
	unsigned set = ASCII;
	for (size_t i = 0; i < len; i++) {
		bool escaped = false;
		for (size_t k = 0; s[i] == 0x1b && len - i > 2 && k < ARRAY_LEN(rows); k++)
			if (memcmp(s + i + 1, rows[k].escape, 2) == 0) {
				set = rows[k].set;
				escaped = true;
			}
		if (escaped) {
			i += 2;
			continue;
		}
		uint32_t c = s[i] > 0x7f || s[i] == 0x1b ? 0xfffd : s[i];
		if (set == ROMAN && c == '\\')
			c = 0xa5;
		else if (set == ROMAN && c == '~')
			c = 0x203e;
		else if (set == KATAKANA)
			c = byte_between(s[i], 0x21, 0x5f) ? 0xff61U + s[i] - 0x21 : 0xfffd;
		else if (set == KANJI && s[i] == '\n')
			set = ASCII; // a line ends the set, as mailers write it
		else if (set == KANJI) {
			bool pair = byte_between(s[i], 0x21, 0x7e) && i + 1 < len && byte_between(s[i + 1], 0x21, 0x7e);
			int taken = pair ? jis0208_add(out, x, s[i] - 0x21U, s[i + 1] - 0x21U) : 0;
			if (taken < 0)
				return -1;
			i += pair;
			if (taken > 0)
				continue;
			c = 0xfffd;
		}
		if (code_add(out, c) != 0)
			return -1;
	}
	return 0;
}

int encoding_to_utf8(struct buf *out, const char *bytes, size_t len, const char *content_type)
{
	static const struct {
		const char *bytes;
		enum encoding_kind kind;
	} marks[] = {{"\xef\xbb\xbf", UTF_8}, {"\xff\xfe", UTF_16LE}, {"\xfe\xff", UTF_16BE}};
	const struct encoding *x = NULL;
	char charset[LABEL_MAX];
	size_t skip = 0;
	for (size_t i = 0; x == NULL && i < ARRAY_LEN(marks); i++)
		if (len >= strlen(marks[i].bytes) && memcmp(bytes, marks[i].bytes, strlen(marks[i].bytes)) == 0) {
			x = kind_find(marks[i].kind);
			skip = strlen(marks[i].bytes);
		}
	if (x == NULL && media_type_parameter(content_type, "charset", charset, sizeof charset) == 0)
		x = label_read(charset, strlen(charset));
	if (x == NULL && len >= 4 && bytes[0] == '<' && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0)
		x = kind_find(UTF_16LE); // without a mark, "<" stands beside a zero byte
	if (x == NULL && len >= 4 && bytes[0] == 0 && bytes[1] == '<' && bytes[2] == 0 && bytes[3] != 0)
		x = kind_find(UTF_16BE);
	if (x == NULL)
		x = page_charset(bytes, len);
	size_t whole = len; // without a last character of UTF-8 that was cut off
	while (whole > 0 && len - whole < 3 && ((unsigned char)bytes[whole - 1] & 0xc0) == 0x80)
		whole--;
	whole = whole > 0 && (unsigned char)bytes[whole - 1] >= 0xc2 ? whole - 1 : len;
	if (x == NULL)
		x = utf8_valid(bytes, len) || utf8_valid(bytes, whole) ? kind_find(UTF_8) : label_find("windows-1252", 12);
	bytes += skip;
	len -= skip;
	const unsigned char *s = (const unsigned char *)bytes;
	if (x == NULL || x->kind == UTF_8)
		return utf8_add(out, bytes, len);
	if (x->kind == UTF_16LE || x->kind == UTF_16BE)
		return utf16_add(out, bytes, len, x->kind == UTF_16BE);
	if (x->kind == REPLACEMENT)
		return len > 0 ? code_add(out, 0xfffd) : 0;
	if (x->kind == ISO_2022_JP)
		return iso_2022_jp_add(out, x, s, len);
	if (x->kind != TABLE && x->kind != USER_DEFINED)
		return pairs_add(out, x, s, len);
	for (size_t i = 0; i < len; i++)
		if (code_add(out, s[i] < 0x80 ? s[i] : x->kind == TABLE ? x->high[s[i] - 0x80] : 0xf700U + s[i]) != 0)
			return -1;
	return 0;
}
