// SPDX-License-Identifier: ISC
#include "fcgi/worker/encoding.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { PRESCAN_BYTES = 4096, LABEL_MAX = 40 };

static const char UTF_8[] = "utf-8", UTF_16LE[] = "utf-16le", UTF_16BE[] = "utf-16be", WINDOWS_1252[] = "windows-1252";

// Labels as pages write them, and the encoding that browsers take for each (https://encoding.spec.whatwg.org/#names-and-labels): a label
// of Latin 1 means windows-1252. UTF-7 and other stateful oddities are left out on purpose.
static const struct {
	const char *label, *name;
} labels[] = {
    {"utf-8", UTF_8},
    {"utf8", UTF_8},
    {"unicode-1-1-utf-8", UTF_8},
    {"utf-16", UTF_16LE},
    {"utf-16le", UTF_16LE},
    {"utf-16be", UTF_16BE},
    {"unicode", UTF_16LE},
    {"windows-1252", WINDOWS_1252},
    {"cp1252", WINDOWS_1252},
    {"x-cp1252", WINDOWS_1252},
    {"iso-8859-1", WINDOWS_1252},
    {"iso8859-1", WINDOWS_1252},
    {"iso_8859-1", WINDOWS_1252},
    {"latin1", WINDOWS_1252},
    {"l1", WINDOWS_1252},
    {"us-ascii", WINDOWS_1252},
    {"ascii", WINDOWS_1252},
    {"iso-8859-2", "iso-8859-2"},
    {"latin2", "iso-8859-2"},
    {"iso-8859-3", "iso-8859-3"},
    {"iso-8859-4", "iso-8859-4"},
    {"iso-8859-5", "iso-8859-5"},
    {"iso-8859-6", "iso-8859-6"},
    {"iso-8859-7", "iso-8859-7"},
    {"iso-8859-8", "iso-8859-8"},
    {"iso-8859-9", "windows-1254"},
    {"latin5", "windows-1254"},
    {"iso-8859-10", "iso-8859-10"},
    {"iso-8859-13", "iso-8859-13"},
    {"iso-8859-14", "iso-8859-14"},
    {"iso-8859-15", "iso-8859-15"},
    {"iso-8859-16", "iso-8859-16"},
    {"koi8-r", "koi8-r"},
    {"koi8-u", "koi8-u"},
    {"macintosh", "macintosh"},
    {"windows-874", "windows-874"},
    {"tis-620", "windows-874"},
    {"windows-1250", "windows-1250"},
    {"cp1250", "windows-1250"},
    {"windows-1251", "windows-1251"},
    {"cp1251", "windows-1251"},
    {"windows-1253", "windows-1253"},
    {"windows-1254", "windows-1254"},
    {"windows-1255", "windows-1255"},
    {"windows-1256", "windows-1256"},
    {"windows-1257", "windows-1257"},
    {"windows-1258", "windows-1258"},
    {"gb2312", "gb18030"},
    {"gbk", "gb18030"},
    {"gb18030", "gb18030"},
    {"big5", "big5"},
    {"big5-hkscs", "big5"},
    {"euc-jp", "euc-jp"},
    {"shift_jis", "shift_jis"},
    {"shift-jis", "shift_jis"},
    {"sjis", "shift_jis"},
    {"windows-31j", "shift_jis"},
    {"euc-kr", "euc-kr"},
    {"ks_c_5601-1987", "euc-kr"},
};

// The converters of the C library for the names that are not built in.
static struct converter {
	const char *name, *system_name;
	iconv_t cd;
	bool open;
} converters[] = {
    {.name = "iso-8859-2", .system_name = "ISO-8859-2"},
    {.name = "iso-8859-3", .system_name = "ISO-8859-3"},
    {.name = "iso-8859-4", .system_name = "ISO-8859-4"},
    {.name = "iso-8859-5", .system_name = "ISO-8859-5"},
    {.name = "iso-8859-6", .system_name = "ISO-8859-6"},
    {.name = "iso-8859-7", .system_name = "ISO-8859-7"},
    {.name = "iso-8859-8", .system_name = "ISO-8859-8"},
    {.name = "iso-8859-10", .system_name = "ISO-8859-10"},
    {.name = "iso-8859-13", .system_name = "ISO-8859-13"},
    {.name = "iso-8859-14", .system_name = "ISO-8859-14"},
    {.name = "iso-8859-15", .system_name = "ISO-8859-15"},
    {.name = "iso-8859-16", .system_name = "ISO-8859-16"},
    {.name = "koi8-r", .system_name = "KOI8-R"},
    {.name = "koi8-u", .system_name = "KOI8-U"},
    {.name = "macintosh", .system_name = "MACINTOSH"},
    {.name = "windows-874", .system_name = "CP874"},
    {.name = "windows-1250", .system_name = "CP1250"},
    {.name = "windows-1251", .system_name = "CP1251"},
    {.name = "windows-1253", .system_name = "CP1253"},
    {.name = "windows-1254", .system_name = "CP1254"},
    {.name = "windows-1255", .system_name = "CP1255"},
    {.name = "windows-1256", .system_name = "CP1256"},
    {.name = "windows-1257", .system_name = "CP1257"},
    {.name = "windows-1258", .system_name = "CP1258"},
    {.name = "gb18030", .system_name = "GB18030"},
    {.name = "big5", .system_name = "BIG5-HKSCS"},
    {.name = "euc-jp", .system_name = "EUC-JP"},
    {.name = "shift_jis", .system_name = "CP932"},
    {.name = "euc-kr", .system_name = "CP949"},
};

// windows-1252 from 0x80 to 0x9f; the rest is Latin 1.
static const uint16_t high_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
};

static bool converter_open(struct converter *c)
{
	if (!c->open && (c->cd = iconv_open("UTF-8", c->system_name)) != (iconv_t)-1)
		c->open = true;
	return c->open;
}

void encoding_prepare(void)
{
	for (size_t i = 0; i < ARRAY_LEN(converters); i++)
		converter_open(&converters[i]);
}

// --- which one ---

static const char *label_find(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (strlen(labels[i].label) == len && strncasecmp(labels[i].label, s, len) == 0)
			return labels[i].name;
	return NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// The encoding after "charset=" somewhere in `s`; NULL when there is none that we know.
static const char *charset_in(const char *s, size_t len)
{
	static const char word[] = "charset";
	for (size_t i = 0; i + sizeof word - 1 < len; i++) {
		if (strncasecmp(s + i, word, sizeof word - 1) != 0)
			continue;
		size_t at = i + sizeof word - 1;
		while (at < len && is_space(s[at]))
			at++;
		if (at >= len || s[at] != '=')
			continue;
		at++;
		while (at < len && (is_space(s[at]) || s[at] == '"' || s[at] == '\''))
			at++;
		size_t end = at;
		while (end < len && end - at < LABEL_MAX && !is_space(s[end]) && strchr("\"';>/", s[end]) == NULL)
			end++;
		const char *name = label_find(s + at, end - at);
		if (name != NULL)
			return name;
	}
	return NULL;
}

// Looks through the <meta …> elements near the start. A page whose bytes could be read as ASCII so far is not UTF-16, whatever it says.
static const char *meta_charset(const char *s, size_t len)
{
	if (len > PRESCAN_BYTES)
		len = PRESCAN_BYTES;
	for (size_t i = 0; i + 5 < len; i++) {
		if (s[i] != '<' || strncasecmp(s + i, "<meta", 5) != 0)
			continue;
		const char *end = memchr(s + i, '>', len - i);
		const char *name = charset_in(s + i, end != NULL ? (size_t)(end - (s + i)) : len - i);
		if (name != NULL)
			return name == UTF_16LE || name == UTF_16BE ? UTF_8 : name;
	}
	return NULL;
}

// The encoding of a byte order mark, and its length.
static const char *mark_of(const char *s, size_t len, size_t *skip)
{
	*skip = 0;
	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		*skip = 3;
		return UTF_8;
	}
	if (len >= 2 && memcmp(s, "\xff\xfe", 2) == 0) {
		*skip = 2;
		return UTF_16LE;
	}
	if (len >= 2 && memcmp(s, "\xfe\xff", 2) == 0) {
		*skip = 2;
		return UTF_16BE;
	}
	return NULL;
}

// UTF-16 without a mark shows as "<" beside a zero byte.
static const char *shape_of(const char *s, size_t len)
{
	if (len >= 4 && s[0] == '<' && s[1] == 0 && s[2] != 0 && s[3] == 0)
		return UTF_16LE;
	if (len >= 4 && s[0] == 0 && s[1] == '<' && s[2] == 0 && s[3] != 0)
		return UTF_16BE;
	return NULL;
}

const char *encoding_guess(const char *bytes, size_t len, const char *content_type)
{
	size_t skip;
	const char *name = mark_of(bytes, len, &skip);
	if (name == NULL && content_type != NULL)
		name = charset_in(content_type, strlen(content_type));
	if (name == NULL)
		name = shape_of(bytes, len);
	if (name == NULL)
		name = meta_charset(bytes, len);
	if (name == NULL)
		name = utf8_valid(bytes, len) ? UTF_8 : WINDOWS_1252;
	return name;
}

// --- turning it into UTF-8 ---

static int add_code(struct buf *out, uint32_t c)
{
	if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
		c = ' ';
	if ((c >= 0x7f && c < 0xa0) || c == 0xfeff)
		c = ' ';
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c < 0xfdf0))
		c = 0xfffd;
	if (c < 0x80)
		return buf_addc(out, (char)c);
	char t[4];
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		t[i] = (char)(0x80 | (c & 0x3f));
	t[0] = (char)(lead[n] | c);
	return buf_add(out, t, n);
}

// Reads one character of UTF-8 as browsers do: a malformed sequence is one U+FFFD, and the byte that broke it is read again.
static size_t utf8_next(const unsigned char *s, size_t len, uint32_t *c)
{
	*c = 0xfffd;
	size_t need = s[0] >= 0xc2 && s[0] <= 0xdf ? 1 : s[0] >= 0xe0 && s[0] <= 0xef ? 2 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 3 : 0;
	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	if (need == 0)
		return 1;
	unsigned low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80, high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	uint32_t value = s[0] & (0x3fU >> need);
	for (size_t i = 1; i <= need; i++) {
		if (i >= len || s[i] < low || s[i] > high)
			return i;
		value = value << 6 | (s[i] & 0x3fU);
		low = 0x80;
		high = 0xbf;
	}
	*c = value;
	return need + 1;
}

static int from_utf8(struct buf *out, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += utf8_next(s + i, len - i, &c);
		if (add_code(out, c) < 0)
			return -1;
	}
	return 0;
}

static int from_utf16(struct buf *out, const char *bytes, size_t len, bool big)
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
			if (add_code(out, 0xfffd) < 0)
				return -1;
		}
		if (unit >= 0xd800 && unit < 0xdc00)
			lead = unit;
		else if (add_code(out, unit) < 0)
			return -1;
	}
	return lead || len % 2 ? add_code(out, 0xfffd) : 0;
}

static int from_1252(struct buf *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (add_code(out, c >= 0x80 && c < 0xa0 ? high_1252[c - 0x80] : c) < 0)
			return -1;
	}
	return 0;
}

static int from_system(struct buf *out, const char *bytes, size_t len, struct converter *c)
{
	char *in = (char *)(uintptr_t)bytes; // iconv() does not write there
	size_t left = len;
	iconv(c->cd, NULL, NULL, NULL, NULL);
	while (left > 0) {
		char chunk[4096], *to = chunk;
		size_t room = sizeof chunk;
		errno = 0;
		bool malformed = iconv(c->cd, &in, &left, &to, &room) == (size_t)-1 && errno != E2BIG;
		if (from_utf8(out, chunk, sizeof chunk - room) < 0)
			return -1;
		if (!malformed)
			continue;
		in++;
		left--;
		if (add_code(out, 0xfffd) < 0)
			return -1;
	}
	return 0;
}

int encoding_to_utf8(struct buf *out, const char *bytes, size_t len, const char *content_type)
{
	size_t skip;
	const char *name = encoding_guess(bytes, len, content_type);
	mark_of(bytes, len, &skip);
	bytes += skip;
	len -= skip;
	if (name == UTF_16LE || name == UTF_16BE)
		return from_utf16(out, bytes, len, name == UTF_16BE);
	if (name == UTF_8)
		return from_utf8(out, bytes, len);
	for (size_t i = 0; i < ARRAY_LEN(converters); i++)
		if (strcmp(converters[i].name, name) == 0 && converter_open(&converters[i]))
			return from_system(out, bytes, len, &converters[i]);
	return from_1252(out, bytes, len);
}
