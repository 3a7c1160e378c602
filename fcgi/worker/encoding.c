// SPDX-License-Identifier: ISC
#include "fcgi/worker/encoding.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PRESCAN_BYTES = 4096, LABEL_MAX = 40 };

// The names that pages use, the encoding's own first, and the encoding that browsers take for each
// (https://encoding.spec.whatwg.org/#names-and-labels): a label of Latin 1 means windows-1252. UTF-7 and other stateful oddities are left out
// on purpose.
enum { UTF_8, UTF_16LE, UTF_16BE, WINDOWS_1252, BUILT_IN };
static struct encoding {
	const char *labels;
	const char *system_name; // of the C library's converter, where it has another name there
	iconv_t cd;
	bool open;
	// clang-format off
} encodings[] = {
    {.labels = "utf-8 utf8 unicode-1-1-utf-8"}, {.labels = "utf-16le utf-16 unicode"}, {.labels = "utf-16be"},
    {.labels = "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso_8859-1 latin1 l1 us-ascii ascii"}, {.labels = "iso-8859-2 latin2"},
    {.labels = "iso-8859-3"}, {.labels = "iso-8859-4"}, {.labels = "iso-8859-5"}, {.labels = "iso-8859-6"}, {.labels = "iso-8859-7"},
    {.labels = "iso-8859-8"}, {.labels = "iso-8859-10"}, {.labels = "iso-8859-13"}, {.labels = "iso-8859-14"}, {.labels = "iso-8859-15"},
    {.labels = "iso-8859-16"}, {.labels = "koi8-r"}, {.labels = "koi8-u"}, {.labels = "macintosh"},
    {.labels = "windows-874 tis-620", .system_name = "cp874"}, {.labels = "windows-1250 cp1250", .system_name = "cp1250"},
    {.labels = "windows-1251 cp1251", .system_name = "cp1251"}, {.labels = "windows-1253", .system_name = "cp1253"},
    {.labels = "windows-1254 iso-8859-9 latin5", .system_name = "cp1254"}, {.labels = "windows-1255", .system_name = "cp1255"},
    {.labels = "windows-1256", .system_name = "cp1256"}, {.labels = "windows-1257", .system_name = "cp1257"},
    {.labels = "windows-1258", .system_name = "cp1258"}, {.labels = "gb18030 gb2312 gbk"},
    {.labels = "big5 big5-hkscs", .system_name = "big5-hkscs"}, {.labels = "euc-jp"},
    {.labels = "shift_jis shift-jis sjis windows-31j", .system_name = "cp932"}, {.labels = "euc-kr ks_c_5601-1987", .system_name = "cp949"}};
// clang-format on

// windows-1252 from 0x80 to 0x9f; the rest is Latin 1.
static const uint16_t high_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
};

static bool encoding_open(struct encoding *x)
{
	char name[LABEL_MAX];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(x->labels, " "), x->labels);
	if (!x->open)
		x->cd = iconv_open("UTF-8", x->system_name != NULL ? x->system_name : name);
	x->open = x->cd != (iconv_t)-1;
	return x->open;
}

void encoding_prepare(void)
{
	for (size_t i = BUILT_IN; i < ARRAY_LEN(encodings); i++)
		encoding_open(&encodings[i]);
}

// --- which one ---

static struct encoding *label_find(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(encodings); i++)
		for (const char *label = encodings[i].labels; *label != '\0';) {
			size_t n = strcspn(label, " ");
			if (n == len && strncasecmp(label, s, len) == 0)
				return &encodings[i];
			label += n + strspn(label + n, " ");
		}
	return NULL;
}

static bool is_html_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// The encoding after "charset=" somewhere in `s`; NULL when there is none that we know.
static struct encoding *charset_in(const char *s, size_t len)
{
	static const char word[] = "charset";
	for (size_t i = 0; i + sizeof word - 1 < len; i++) {
		if (strncasecmp(s + i, word, sizeof word - 1) != 0)
			continue;
		size_t at = i + sizeof word - 1;
		while (at < len && is_html_space(s[at]))
			at++;
		if (at >= len || s[at] != '=')
			continue;
		at++;
		while (at < len && (is_html_space(s[at]) || s[at] == '"' || s[at] == '\''))
			at++;
		size_t end = at;
		while (end < len && end - at < LABEL_MAX && !is_html_space(s[end]) && strchr("\"';>/", s[end]) == NULL)
			end++;
		struct encoding *found = label_find(s + at, end - at);
		if (found != NULL)
			return found;
	}
	return NULL;
}

// Looks through the <meta …> elements near the start. A page whose bytes could be read as ASCII so far is not UTF-16, whatever it says.
static struct encoding *meta_charset(const char *s, size_t len)
{
	if (len > PRESCAN_BYTES)
		len = PRESCAN_BYTES;
	for (size_t i = 0; i + 5 < len; i++) {
		if (s[i] != '<' || strncasecmp(s + i, "<meta", 5) != 0)
			continue;
		const char *end = memchr(s + i, '>', len - i);
		struct encoding *found = charset_in(s + i, end != NULL ? (size_t)(end - (s + i)) : len - i);
		if (found != NULL)
			return found == &encodings[UTF_16LE] || found == &encodings[UTF_16BE] ? &encodings[UTF_8] : found;
	}
	return NULL;
}

// --- turning it into UTF-8 ---

static int code_add(struct buf *out, uint32_t c)
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
static size_t character_next(const unsigned char *s, size_t len, uint32_t *c)
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

static int utf8_add(struct buf *out, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	for (size_t i = 0; i < len;) {
		uint32_t c;
		i += character_next(s + i, len - i, &c);
		if (code_add(out, c) != 0)
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

static int system_add(struct buf *out, const char *bytes, size_t len, iconv_t cd)
{
	char *in = (char *)(uintptr_t)bytes; // iconv() does not write there
	size_t left = len;
	iconv(cd, NULL, NULL, NULL, NULL);
	while (left > 0) {
		char chunk[4096], *to = chunk;
		size_t left_over = sizeof chunk;
		errno = 0;
		bool malformed = iconv(cd, &in, &left, &to, &left_over) == (size_t)-1 && errno != E2BIG;
		if (utf8_add(out, chunk, sizeof chunk - left_over) != 0)
			return -1;
		if (!malformed)
			continue;
		in++;
		left--;
		if (code_add(out, 0xfffd) != 0)
			return -1;
	}
	return 0;
}

int encoding_to_utf8(struct buf *out, const char *bytes, size_t len, const char *content_type)
{
	static const struct {
		const char *bytes;
		int which;
	} marks[] = {{"\xef\xbb\xbf", UTF_8}, {"\xff\xfe", UTF_16LE}, {"\xfe\xff", UTF_16BE}};
	struct encoding *x = NULL;
	size_t skip = 0;
	for (size_t i = 0; x == NULL && i < ARRAY_LEN(marks); i++)
		if (len >= strlen(marks[i].bytes) && memcmp(bytes, marks[i].bytes, strlen(marks[i].bytes)) == 0) {
			x = &encodings[marks[i].which];
			skip = strlen(marks[i].bytes);
		}
	if (x == NULL && content_type != NULL)
		x = charset_in(content_type, strlen(content_type));
	if (x == NULL && len >= 4 && bytes[0] == '<' && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0)
		x = &encodings[UTF_16LE]; // without a mark, "<" stands beside a zero byte
	if (x == NULL && len >= 4 && bytes[0] == 0 && bytes[1] == '<' && bytes[2] == 0 && bytes[3] != 0)
		x = &encodings[UTF_16BE];
	if (x == NULL)
		x = meta_charset(bytes, len);
	if (x == NULL)
		x = &encodings[utf8_valid(bytes, len) ? UTF_8 : WINDOWS_1252];
	bytes += skip;
	len -= skip;
	if (x == &encodings[UTF_16LE] || x == &encodings[UTF_16BE])
		return utf16_add(out, bytes, len, x == &encodings[UTF_16BE]);
	if (x == &encodings[UTF_8])
		return utf8_add(out, bytes, len);
	if (x != &encodings[WINDOWS_1252] && encoding_open(x))
		return system_add(out, bytes, len, x->cd);
	for (size_t i = 0; i < len; i++) { // windows-1252
		unsigned char c = (unsigned char)bytes[i];
		if (code_add(out, c >= 0x80 && c < 0xa0 ? high_1252[c - 0x80] : c) != 0)
			return -1;
	}
	return 0;
}
